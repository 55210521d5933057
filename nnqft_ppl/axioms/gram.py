"""Reflection positivity (13): E[theta(A)* A] >= 0 for every functional A of the field at positive imaginary times.

Space has imaginary time as its first coordinate and theta x = (-tau, x). On functionals A_1..A_n the axiom says that
the Gram matrix E[theta(A_i) A_j] has no negative eigenvalue. Here A is a product of fields at points, the empty product
being 1, and the matrix comes from exact correlators: one negative eigenvalue is a proof of failure, their absence holds
for the functionals that were tried.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.correlation.fields import Fields, fields
from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned

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


def two_point_kernels(net: Architecture) -> dict[tuple[int, int], Kernel]:
    """G2_kl for every pair of components of the field."""
    if net.component_count == 1:
        return {(0, 0): net.two_point}

    def kernel(labels: tuple[int, int]) -> Kernel:
        return lambda x, y: exact_correlator(net, np.stack(np.broadcast_arrays(x, y), axis=-2), components=labels)

    return {labels: kernel(labels) for labels in np.ndindex(net.component_count, net.component_count)}


def field_gram(net: Architecture, points: ArrayLike, later: float = 0.0) -> Array:
    """`two_point_gram` of all components of the field, shape (D P, D P)."""
    blocks = {labels: two_point_gram(kernel, points, later) for labels, kernel in two_point_kernels(net).items()}
    every = range(net.component_count)
    return np.block([[blocks[k, l] for l in every] for k in every])


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


class Products(NamedTuple):
    """Products of fields at points: of each, which points it has and which component of the field at each of them."""

    points: Array  #: (P, d), all with tau > 0
    fields: tuple[tuple[tuple[int, int], ...], ...]  #: (point, component) of every factor of every product

    def gram(self, net: Architecture) -> Array:
        """[E[theta(A_i) A_j]] from the exact engine."""
        chosen = [self.points[[point for point, _ in one], :] for one in self.fields]
        return gram(net, chosen, [[component for _, component in one] for one in self.fields])

    def of(self, phi: Array) -> Array:
        """The products of fields phi (draws, P, D), shape (draws, n)."""
        one = np.ones(len(phi))
        return np.stack([math.prod((phi[:, k, c] for k, c in own), start=one) for own in self.fields], axis=1)


def products(points: ArrayLike, components: int, *degrees: int, separate: bool = False) -> Products:
    """All products of fields at points, of the given degrees, in all components; degree 0 is the functional 1.

    `separate` leaves out those with two fields at one imaginary time: a field may have no variance at a point, and its
    correlators at separate points have none of the balanced sums that vanish.
    """
    x = _later(points)
    choose = itertools.combinations if separate else itertools.combinations_with_replacement
    found = []
    for degree in degrees:
        for chosen in choose(range(len(x)), degree):
            if separate and len({x[k, 0] for k in chosen}) < degree:
                continue
            labels = itertools.product(range(components), repeat=degree)
            found += [tuple(zip(chosen, label, strict=True)) for label in labels]
    return Products(x, tuple(found))


class ReflectionTest(NamedTuple):
    """v^T M v for a fixed vector v, from draws: below -5 standard errors reflection positivity fails."""

    value: float
    mcse: float
    draws: int
    direction: Array
    size: float = math.nan  #: E[A^2] of the functional A = sum_i v_i A_i
    sound: bool = True  #: can the error be trusted?

    @property
    def z(self) -> float:
        """The value in units of its standard error."""
        return self.value / self.mcse if self.mcse > 0 else 0.0


def sampled_reflection(
    net: Model, points: ArrayLike, *, draws: int = 20_000, seed: int = 0, degrees: Sequence[int] = (1,)
) -> ReflectionTest:
    """Test positivity on products of fields of the given degrees, in all components, where there is no exact kernel.

    The lowest eigenvalue of a noisy Gram matrix is negative even for a positive theory, so v is fixed by a first half
    of the draws and E[theta(A) A] measured on the second, which knows nothing of the first. Draws are those of
    `fields`: of theories with data, sources and actions too.
    """
    count = conditioned(net).net.component_count
    chosen = products(points, count, *degrees)
    x = chosen.points
    return reflection_test(fields(net, np.concatenate([reflect(x), x]), draws=draws, seed=seed), chosen)


def reflection_test(sample: Fields, chosen: Products, direction: Array | None = None) -> ReflectionTest:
    """v^T M v over draws of the field, with v = `direction`; otherwise with the lowest v of a first half of them."""
    x = chosen.points
    if direction is None:
        pilot, sample = sample.halves()
        direction = _pilot_direction(pilot, chosen)
    theta_a, a = (chosen.of(sample.at(points)) @ direction for points in (reflect(x), x))
    found = sample.mean(np.stack([theta_a * a, a * a], axis=1))
    value, size = found.value
    return ReflectionTest(float(value), float(found.mcse[0]), sample.draws, direction, float(size), found.sound)


def lowest_direction(matrix: Array, norms: Array) -> Array:
    """The functional that comes closest to a negative norm, in units in which each of them has the norm 1."""
    scale = np.where(norms > 0, norms, 1.0) ** -0.5
    return scale * positivity(matrix * np.outer(scale, scale)).direction


def _pilot_direction(sample: Fields, chosen: Products) -> Array:
    theta_a, a = (chosen.of(sample.at(points)) for points in (reflect(chosen.points), chosen.points))
    matrix = (theta_a * sample.weight[:, None]).T @ a / sample.weight.sum()
    return lowest_direction(matrix, sample.average(a * a))


def _later(points: ArrayLike) -> Array:
    x = np.asarray(points, dtype=float)
    x = check_points(x, x.shape[-1] if x.ndim else 0)
    if not (x[:, 0] > 0).all():
        raise InputError(f"points must have imaginary time x0 > 0, got {x[:, 0].min():g}")
    return x
