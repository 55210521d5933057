"""Reflection positivity (13): E[theta(A)* A] >= 0 for every functional A of the field at positive imaginary times.

Space has imaginary time as its first coordinate and theta x = (-tau, x). On functionals A_1..A_n the axiom says that
the Gram matrix E[theta(A_i) A_j] has no negative eigenvalue. Here A is a product of fields at points, the empty product
being 1, and the matrix comes from exact correlators: one negative eigenvalue is a proof of failure, their absence holds
for the functionals that were tried.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned

Kernel = Callable[[Array, Array], Array]  # G2(x, y) of points (..., d)

ROUNDING = 2.0**-46  # of a correlator relative to the largest entry of its Gram matrix: 64 units of a float64


def reflect(x: Array) -> Array:
    """theta x = (-tau, x_1, ..): the reflection of imaginary time, points (..., d)."""
    return x * np.r_[-1.0, np.ones(x.shape[-1] - 1)]


def two_point_gram(two_point: Kernel, points: ArrayLike, later: float = 0.0) -> Array:
    """[G2(theta x_i, x_j)] of points (P, d) with tau > 0: (13) on linear functionals; shape (P, P).

    With `later`, one of each pair is moved that much further in imaginary time: the same matrix with exp(-later H)
    between its sides.

    Raises
    ------
    InputError
        for a point with tau <= 0.
    """
    x = _later(points)
    shift = later * np.eye(1, x.shape[1])[0]
    return np.asarray(two_point(reflect(x)[:, None], x[None, :] + shift))


def hausdorff_gram(two_point: Kernel, points: ArrayLike, step: float) -> Array:
    """Gram(0) - Gram(step): also positive, because exp(-step H) <= 1 where energies are >= 0 (Hausdorff's moments).

    On times that are multiples of `step` this and the Gram matrix together are necessary and sufficient for rho at
    those times to be a moment sequence of exp(-E step) in [0, 1], which is complete monotonicity on the grid.
    """
    return two_point_gram(two_point, points) - two_point_gram(two_point, points, step)


def monomials(points: ArrayLike, *degrees: int) -> list[Array]:
    """All products of fields at the points, of the given degrees: arrays (degree, d); degree 0 is the functional 1."""
    x = np.asarray(points, dtype=float)
    choices = itertools.combinations_with_replacement
    return [x[list(chosen), :] for degree in degrees for chosen in choices(range(len(x)), degree)]


def gram(net: Architecture, functionals: Sequence[Array], components: Sequence[Sequence[int]] | None = None) -> Array:
    """[E[theta(A_i) A_j]] of products of fields, from the exact engine; shape (n, n).

    `components` names the component of each field of each functional, the first by default. Correlators of one order
    and of the same components are evaluated together; orders up to 10.
    """
    for one in functionals:
        if len(one):
            _later(one)
    size = len(functionals)
    labels = components or [(0,) * len(one) for one in functionals]
    rows: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for i, j in itertools.combinations_with_replacement(range(size), 2):
        rows.setdefault((*labels[i], *labels[j]), []).append((i, j))
    result = np.ones((size, size))
    for label, pairs in rows.items():
        if label:
            x = np.stack([np.concatenate([reflect(functionals[i]), functionals[j]]) for i, j in pairs])
            for (i, j), value in zip(pairs, exact_correlator(net, x, components=label), strict=True):
                result[i, j] = result[j, i] = value
    return result


class Positivity(NamedTuple):
    """The lowest eigenvalue of a Gram matrix, and how far below zero rounding may have taken it."""

    lowest: float
    norm: float  #: the largest eigenvalue in modulus
    tolerance: float
    direction: Array  #: the eigenvector of the lowest: the functional that comes closest to a negative norm

    @property
    def holds(self) -> bool:
        """Is no eigenvalue negative beyond the tolerance?"""
        return self.lowest >= -self.tolerance


def positivity(matrix: Array, accuracy: float = ROUNDING) -> Positivity:
    """Decide whether a symmetric matrix is positive; `accuracy` of its entries is relative to the largest one.

    An error E of the entries moves no eigenvalue by more than the norm of E, at most n max|E| (Weyl).
    """
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    tolerance = accuracy * len(matrix) * float(np.abs(matrix).max())
    return Positivity(float(values[0]), float(np.abs(values).max()), tolerance, vectors[:, 0])


def normalised_positivity(matrix: Array, accuracy: float = ROUNDING) -> Positivity:
    """`positivity` of functionals scaled to |E[theta(A) A]| = 1, so that the result does not depend on units.

    The scaling can turn no positive matrix into another; it magnifies errors of the entries, and the tolerance with
    them. Functionals of exactly zero norm keep their scale.
    """
    norms = np.abs(np.diag(matrix))
    scale = np.where(norms > 0, norms, 1.0) ** -0.5
    magnified = accuracy * float(np.abs(matrix).max()) * float(scale.max()) ** 2
    scaled = matrix * np.outer(scale, scale)
    return positivity(scaled, magnified / float(np.abs(scaled).max()))


class ReflectionTest(NamedTuple):
    """v^T M v for a fixed vector v, from draws: below -5 standard errors reflection positivity fails."""

    value: float
    mcse: float
    draws: int
    direction: Array

    @property
    def z(self) -> float:
        """The value in units of its standard error."""
        return self.value / self.mcse


def sampled_reflection(net: Model, points: ArrayLike, *, draws: int = 20_000, seed: int = 0) -> ReflectionTest:
    """Test positivity on linear functionals A = sum_i v_i phi(x_i) where there is no exact kernel.

    The lowest eigenvalue of a noisy Gram matrix is negative even for a positive theory, so v is fixed by a first half
    of the draws and E[theta(A) A] measured on the second, which knows nothing of the first.
    """
    net = unconditioned(net, "sampled_reflection", "use posterior, and average over its draws")
    x = _later(points)
    half = max(draws // 2, 2)
    phi = field_draws(net, np.concatenate([reflect(x), x]), draws=2 * half, seed=seed)[:, :, 0]
    pilot, main = phi[:half], phi[half:]
    p = len(x)
    direction = positivity(pilot[:, :p].T @ pilot[:, p:] / half).direction
    values = (main[:, :p] @ direction) * (main[:, p:] @ direction)
    return ReflectionTest(float(values.mean()), float(values.std(ddof=1) / half**0.5), half, direction)


def _later(points: ArrayLike) -> Array:
    x = np.asarray(points, dtype=float)
    x = check_points(x, x.shape[-1] if x.ndim else 0)
    if not (x[:, 0] > 0).all():
        raise InputError(f"points must have imaginary time x0 > 0, got {x[:, 0].min():g}")
    return x
