"""Gaussian amplitudes integrated out: the law of noisy data given the neurons, and the amplitudes given both.

With a ~ N(mu, diag(s^2)) and data y = sum_i a_i h_i(x) + noise, y is Gaussian with mean H^T mu and covariance
H^T diag(s^2) H + diag(noise^2). In units of the noise, W = diag(s) H diag(1/noise) of shape (N, P) and
r = (y - H^T mu)/noise, that is N(r; 0, W^T W + 1), whose matrix is P x P or, by Woodbury's identity, N x N: the smaller
one is used. The derivative is written out, since that of a Cholesky factor costs several times more.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular

from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture


def gaussian_amplitudes(net: Architecture) -> dist.Normal:
    """The normal law of the amplitudes, or `InputError`."""
    law = leaf(net.amplitudes())
    if not isinstance(law, dist.Normal):
        raise InputError(f"collapse: {type(net).__name__} must have Gaussian amplitudes, got {type(law).__name__}")
    return law


@jax.custom_vjp
def log_evidence(w: jax.Array, r: jax.Array) -> jax.Array:
    """log N(r; 0, W^T W + 1), summed over the D columns of r: w of shape (N, P), r of shape (P, D)."""
    return _forward(w, r)[0]


class _Factors(NamedTuple):
    w: jax.Array
    weights: jax.Array  # (W^T W + 1)^-1 r
    resolved: jax.Array  # W (W^T W + 1)^-1, the same as (W W^T + 1)^-1 W


def _forward(w: jax.Array, r: jax.Array) -> tuple[jax.Array, _Factors]:
    neurons, points = w.shape
    small = points <= neurons
    gram = (w.T @ w if small else w @ w.T) + jnp.eye(min(neurons, points), dtype=w.dtype)
    lower = jnp.linalg.cholesky(gram)
    inverse_lower = solve_triangular(lower, jnp.eye(len(gram), dtype=w.dtype), lower=True)
    inverse = inverse_lower.T @ inverse_lower
    resolved = w @ inverse if small else inverse @ w
    weights = inverse @ r if small else r - w.T @ (resolved @ r)
    columns = r.shape[1]
    log_det = 2.0 * jnp.sum(jnp.log(jnp.diag(lower)))
    value = -0.5 * (jnp.sum(r * weights) + columns * (log_det + points * math.log(2.0 * math.pi)))
    return value, _Factors(w, weights, resolved)


def _backward(factors: _Factors, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    w, weights, resolved = factors
    return g * (w @ weights @ weights.T - weights.shape[1] * resolved), -g * weights


log_evidence.defvjp(_forward, _backward)


def updated_root(root: jax.Array, w: jax.Array, sign: float) -> jax.Array:
    """T' with T' T'^T = (A +- W^T W)^-1, from T (P, P) with T T^T = A^-1, for rows w (n, P).

    T' = T (1 -+ B^T L^-T (L + 1)^-1 B) with B = W T and L L^T = 1 +- B B^T, an n x n matrix. The root and not the
    inverse is what is updated: where a neuron alone explains precise data, 1 - W A^-1 W^T would lose all its digits.
    """
    b, one = w @ root, jnp.eye(len(w), dtype=w.dtype)
    lower = jnp.linalg.cholesky(one + sign * b @ b.T)
    half = solve_triangular(lower, b @ root.T, lower=True)
    return root - sign * solve_triangular(lower.T + one, half).T @ b


def amplitude_draw(key: jax.Array, w: jax.Array, r: jax.Array) -> jax.Array:
    """An exact draw of (a - mu)/s given the data, shape (N, D), by Matheron's rule: a prior draw, corrected.

    With u ~ N(0, 1_N) and e ~ N(0, 1_P), u + W (W^T W + 1)^-1 (r - W^T u - e) has the posterior law.
    """
    key_u, key_e = jax.random.split(key)
    u = jax.random.normal(key_u, (w.shape[0], r.shape[1]), w.dtype)
    e = jax.random.normal(key_e, r.shape, w.dtype)
    return u + _forward(w, r)[1].resolved @ (r - w.T @ u - e)
