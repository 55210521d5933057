"""Laws of the field itself, exactly: density, distribution function and quantiles of sum_k w_k phi(x_k).

The generating functional along one direction is the characteristic function of such a number; its Fourier series on an
interval that holds all the probability is its density, and converges as fast as that function falls.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize.elementwise import find_root

from nnqft_ppl.correlation.generating import generating_functional
from nnqft_ppl.runtime.arrays import Array, check_points, few_lines, finite, html_table
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, unconditioned

FALLEN = 1e-11  # a characteristic function ends where it is smaller for good;
LONGEST = 2**12  # at so many steps at most
WIDE = 8.0  # half the interval to begin with, in standard deviations
ALIAS = 1e-10  # of the largest density: what probability beyond the interval may add to it


@dataclass(frozen=True, eq=False)
class FieldLaw:
    """The law of one number made of the field, sum_k w_k phi(x_k); made by `field_law`.

    Examples
    --------
    At one point, with Rayleigh amplitudes, the law is exactly N(0, sigma_a^2/2) at every width.

    >>> law = nq.field_law(nq.load("cos_net", width=3, amplitude="rayleigh"), [[0.0]])
    >>> bool(np.isclose(law.density(0.5), np.exp(-(0.5**2)) / np.pi**0.5))
    True
    >>> bool(np.isclose(law.distribution(law.quantile(0.9)), 0.9))
    True
    """

    half: float  #: half the interval that holds all the probability
    waves: Array  #: the characteristic function at k pi/half, k = 1, 2, ..

    __repr__ = few_lines
    _repr_html_ = html_table

    def density(self, values: ArrayLike) -> Array:
        """p(phi), float64 of the shape of `values`; zero beyond the interval."""
        phi = finite(values, "values")
        found = (0.5 + np.cos(phi[..., None] * self._steps) @ self.waves) / self.half
        return np.where(np.abs(phi) < self.half, found, 0.0)

    def distribution(self, values: ArrayLike) -> Array:
        """P(sum_k w_k phi(x_k) < phi), float64 of the shape of `values`."""
        phi: Any = np.clip(finite(values, "values"), -self.half, self.half)
        waves: Any = np.sin(phi[..., None] * self._steps) @ (self.waves / self._steps)
        return 0.5 + (0.5 * phi + waves) / self.half

    def quantile(self, probabilities: ArrayLike) -> Array:
        """The value below which the number lies with a probability in (0, 1), float64 of its shape."""
        u = finite(probabilities, "probabilities")
        inside = (u > 0) & (u < 1)
        if not inside.all():
            raise InputError(f"probabilities must be between 0 and 1, got {float(u[~inside].flat[0])}")
        ends = np.full(u.shape, self.half)
        found: Any = find_root(lambda phi, p: self.distribution(phi) - p, (-ends, ends), args=(u,))
        return found.x

    @property
    def _steps(self) -> Array:
        return np.arange(1.0, len(self.waves) + 1.0) * (np.pi / self.half)


def field_law(net: Architecture | Conditioned, points: ArrayLike, weights: ArrayLike | None = None) -> FieldLaw:
    """The exact law of sum_k w_k phi(x_k), by Fourier inversion of the generating functional: of phi(x), by default.

    It is what (1) says of one point, or of a difference phi(x) - phi(y), at finite width: Gaussian as N -> infinity.

    Parameters
    ----------
    net
        A theory whose `generating_functional` is closed.
    points, weights
        Shapes (n, d) and (n,); weights 1 by default.

    Returns
    -------
    A `FieldLaw` with `density`, `distribution` and `quantile`, right to about 1e-10 of the largest density.

    Raises
    ------
    NoClosedForm
        as for `generating_functional`.
    InputError
        for bad shapes, or too few neurons: the density of a few cosines of constant amplitude has singularities.

    Examples
    --------
    >>> net = nq.load("cauchy", width=10, amplitude="constant_modulus")
    >>> law = nq.field_law(net, [[0.0], [1.0]], [1.0, -1.0])  # phi(0) - phi(1)
    >>> phi = np.linspace(-6.0, 6.0, 1201)
    >>> variance = np.sum(phi**2 * law.density(phi)) * 0.01
    >>> bool(np.isclose(variance, 2 * (0.5 - np.exp(-1) / 2)))  # 2 (G2(0) - G2(1))
    True
    """
    net = unconditioned(net, "field_law", "use its draws", NoClosedForm)
    x = check_points(points, net.dim)
    w = np.ones(len(x)) if weights is None else finite(weights, "weights")
    if w.shape != (len(x),) or not w.any():
        raise InputError(f"weights must have shape ({len(x)},) and not all be zero, got {w.tolist()}")
    deviation = math.sqrt(float(w @ net.two_point(x[:, None], x[None]) @ w))
    half, known = WIDE * deviation, None
    while True:
        law = FieldLaw(half, _waves(net, x, w, np.pi / half))
        at = np.linspace(0.0, WIDE * deviation / 2, 9)
        density = law.density(at)
        if known is not None and np.abs(density - known).max() <= ALIAS * density.max():
            return law
        half, known = 2.0 * half, density


def joint_density(net: Architecture | Conditioned, points: ArrayLike, values: ArrayLike) -> Array:
    """The exact density of the fields at two points, p(phi(x), phi(y)), by Fourier inversion.

    Parameters
    ----------
    net
        A theory whose `generating_functional` is closed.
    points
        Shape (2, d), two different points.
    values
        Shape (..., 2): where the density is asked for.

    Returns
    -------
    float64 array of shape (...), right to about 1e-9 of the largest density.

    Raises
    ------
    NoClosedForm
        as for `generating_functional`.
    InputError
        for bad shapes, or too few neurons.

    Examples
    --------
    With many neurons it is a Gaussian of the two-point function.

    >>> from scipy.stats import multivariate_normal
    >>> net, x = nq.load("cos_net", width=10**6), np.array([[0.0], [1.0]])
    >>> free = multivariate_normal(cov=net.two_point(x[:, None], x[None]))
    >>> bool(np.isclose(nq.joint_density(net, x, [0.3, -0.2]), free.pdf([0.3, -0.2])))
    True
    """
    net = unconditioned(net, "joint_density", "use its draws", NoClosedForm)
    x, phi = check_points(points, net.dim), finite(values, "values")
    if len(x) != 2 or phi.shape[-1:] != (2,):
        raise InputError(f"points and values must have shapes (2, {net.dim}) and (..., 2), got {x.shape}, {phi.shape}")
    step, waves = transform(net, x)
    number = np.arange(-(len(waves) // 2), len(waves) // 2 + 1) * step
    first, second = (np.exp(-1j * phi[..., k, None] * number) for k in (0, 1))
    found = np.einsum("...a,ab,...b->...", first, waves, second).real * (step / (2 * np.pi)) ** 2
    return np.where((np.abs(phi) < np.pi / step).all(axis=-1), found, 0.0)


def transform(net: Architecture, points: Array, fallen: float = FALLEN) -> tuple[float, Array]:
    """The step of an even grid of sources, and the generating functional on it: of shape (K,), or (K, K), K odd.

    Of one or two points; the middle of the grid is J = 0, and beyond its edge nothing is larger than `fallen`.
    """
    step, axes = np.pi / (2 * WIDE * math.sqrt(float(net.two_point(points[0], points[0])))), len(points)
    directions = np.ones((1, 1)) if axes == 1 else np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    count = max(len(_waves(net, points, w, step, fallen)) for w in directions)
    number = np.arange(-count, count + 1) * step
    grid = np.stack(np.meshgrid(*[number] * axes, indexing="ij"), axis=-1)
    half = generating_functional(net, points, grid[: count + 1])  # Z is even
    return step, np.concatenate([half, np.flip(half[:-1], axis=tuple(range(axes)))])


def _waves(net: Architecture, x: Array, w: Array, step: float, fallen: float = FALLEN) -> Array:
    """The characteristic function at multiples of a step, to where it has fallen for good."""
    count = 64
    while count <= LONGEST:
        waves = generating_functional(net, x, np.arange(1, count + 1)[:, None] * (step * w))
        if np.abs(waves[-count // 4 :]).max() < fallen:
            return waves[: int(np.flatnonzero(np.abs(waves) >= fallen)[-1]) + 1]
        count *= 2
    raise InputError(
        f"width must be large enough for a smooth density of the field, got {net.width} neurons of "
        f"{type(net.amplitude_law).__name__} amplitudes"
    )
