"""Limits at infinite width that are Markov on the line: Gaussian processes solved in O(P) by tinygp.

A kernel s^2 f(m|x - y|) whose f is of Matern's family of smoothness 1/2, 3/2 or 5/2 is that of a process with one, two
or three derivatives that together are Markov, so that K + noise^2 has a quasiseparable Cholesky factor (Foreman-Mackey,
tinygp). Whether a theory has one of them is read off its kernel at the distances of the points themselves.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.architecture import Architecture

PAIRS = 4096  # of points at random, at which the kernel is looked at beside all pairs of neighbours
CLOSE = 1e-11  # of the variance: kernels that differ by less are one

#: f(u) by the smoothness nu of Matern's kernel, u = m|x - y|.
MATERN: dict[float, Callable[[Any], Any]] = {
    0.5: lambda u: np.exp(-u),
    1.5: lambda u: (1.0 + u) * np.exp(-u),
    2.5: lambda u: (1.0 + u + u * u / 3.0) * np.exp(-u),
}


class MarkovKernel(NamedTuple):
    """K(x, y) = variance f(mass |x - y|), with f of MATERN at this smoothness."""

    smoothness: float
    variance: float
    mass: float

    def __call__(self, r: Array) -> Array:
        return self.variance * MATERN[self.smoothness](self.mass * np.abs(r))


def markov_kernel(net: Architecture, points: Array) -> MarkovKernel | None:
    """The kernel of the theory as one of these, if it is one at points (P, 1), to 1e-11 of the variance; else None.

    Looked at are all neighbours, so that a kernel which is exponential on a lattice only is not taken for one that is
    so everywhere, and PAIRS pairs at random for what lies between far points.
    """
    if net.dim != 1:
        return None
    x = np.unique(points[:, 0])
    some = np.random.default_rng(0).integers(len(x), size=(2, PAIRS))
    first, second = (np.concatenate(pair)[:, None] for pair in ((x[:-1], x[some[0]]), (x[1:], x[some[1]])))
    variances = np.asarray(net.two_point(x[:, None], x[:, None]))
    variance = float(variances[0])
    ratio, r = np.asarray(net.two_point(first, second)) / variance, np.abs(first - second)[:, 0]
    best = int(np.argmin(np.abs(ratio - 0.5)))  # where the mass is told best
    if not (variance > 0 and np.ptp(variances) < CLOSE * variance and 1e-6 < ratio[best] < 1.0 - 1e-6):
        return None
    for smoothness, f in MATERN.items():
        u: Any = brentq(lambda u, f=f: f(u) - ratio[best], 0.0, 50.0, xtol=1e-15)
        found = MarkovKernel(smoothness, variance, u / r[best])
        if np.max(np.abs(found(r) / variance - ratio)) < CLOSE:
            return found
    return None


def markov_posterior(kernel: MarkovKernel, x: Array, y: Array, noise: Array, z: Array) -> tuple[Array, Array]:
    """Mean (Q,) and covariance (Q, Q) at z (Q,), given y at x with deviations `noise`, all (P,): O(P Q)."""
    order = np.argsort(x, kind="stable")
    x, y, noise = x[order], y[order], noise[order]
    with jax.enable_x64(True):
        columns = jnp.asarray(np.column_stack([kernel(x[:, None] - z), y]))
        half = np.asarray(_solved(_tinygp(kernel), jnp.asarray(x), jnp.asarray(noise), columns))
    across = half[:, :-1]
    return across.T @ half[:, -1], kernel(z[:, None] - z) - across.T @ across


def markov_log_evidence(kernel: MarkovKernel, x: Array, columns: Array, noise: Array | float) -> float:
    """log N(y; 0, K + noise^2) up to a constant, summed over columns (P, D) at sorted x (P,): O(P)."""
    with jax.enable_x64(True):
        return float(_log_evidence(_tinygp(kernel), jnp.asarray(x), jnp.asarray(columns), jnp.asarray(noise)))


def _tinygp(kernel: MarkovKernel) -> Any:
    """Of the kernels of tinygp, whose scale is sqrt(2 nu)/m, the one of this smoothness."""
    from tinygp.kernels import quasisep  # whose import makes arrays

    one = {0.5: quasisep.Exp, 1.5: quasisep.Matern32, 2.5: quasisep.Matern52}[kernel.smoothness]
    scale = math.sqrt(2.0 * kernel.smoothness) / kernel.mass
    return one(scale=jnp.asarray(scale), sigma=jnp.asarray(math.sqrt(kernel.variance)))


def _solver(kernel: Any, x: jax.Array, deviations: jax.Array) -> Any:
    from tinygp.noise import Diagonal
    from tinygp.solvers import QuasisepSolver

    return QuasisepSolver(kernel, x, Diagonal(diag=deviations**2), assume_sorted=True)


@jax.jit
def _solved(kernel: Any, x: jax.Array, noise: jax.Array, columns: jax.Array) -> jax.Array:
    """L^-1 of columns (P, M), where L L^T = K + noise^2."""
    return _solver(kernel, x, noise).solve_triangular(columns)


@jax.jit
def _log_evidence(kernel: Any, x: jax.Array, columns: jax.Array, noise: jax.Array) -> jax.Array:
    solver = _solver(kernel, x, jnp.broadcast_to(noise, x.shape))
    half = solver.solve_triangular(columns)
    return -0.5 * jnp.sum(half**2) - columns.shape[1] * solver.normalization()
