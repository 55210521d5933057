"""Vector-valued amplitudes of fields with D components: SO(D)-invariant moments and the wine bottle (44)."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape, log_normal_density
from nnqft_ppl.laws.fourier import DROP, legendre_rule, radial_support, sphere_area
from nnqft_ppl.laws.joint import isotropic_direction
from nnqft_ppl.runtime.arrays import Array

CELLS = 4096  # of the radial distribution function
NODES = 12  # of Gauss-Legendre in a cell


def isotropic_moment(components: Sequence[int], radial: Callable[[int], float], count: int) -> float:
    """E[a_(c_1)..a_(c_k)] of an SO(D)-invariant vector a with E|a|^k = radial(k), D = count.

    E r^k prod_j (m_j - 1)!! / (D (D+2) .. (D+k-2)) for components that occur m_j times each, zero if any m_j is odd.
    The correlators of (42)-(44) need no more of a law of amplitudes.

    Parameters
    ----------
    components
        The components c_1, c_2, .. of the factors, from 0 to D - 1.
    radial
        The moments E|a|^k, a function of k.
    count
        Number D of components.

    Returns
    -------
    The moment, in units of radial(k).

    Examples
    --------
    Of two standard normal numbers, E|a|^2 = 2 and E|a|^4 = 8.

    >>> from nnqft_ppl.laws import isotropic_moment
    >>> radial = {2: 2.0, 4: 8.0}.get
    >>> isotropic_moment((0, 0, 0, 0), radial, 2), isotropic_moment((0, 0, 1, 1), radial, 2)
    (3.0, 1.0)
    >>> isotropic_moment((0, 1), radial, 2)
    0.0
    """
    multiplicities = Counter(components).values()
    if any(m % 2 for m in multiplicities):
        return 0.0
    k = len(components)
    pairings = math.prod(math.prod(range(1, m, 2)) for m in multiplicities)
    return radial(k) * pairings / math.prod(range(count, count + k, 2))


class BottleLaw(dist.Distribution):
    """P(a) = exp(-(a.a - v^2)^2 / (2 sigma^2)) / Z on R^D, (44): a radial law times a uniform direction.

    `sample` inverts the radial distribution function, its density linear in each of 4096 cells: right to about 1e-7.

    Parameters
    ----------
    radius
        Radius v of the sphere |a| = v where the density is largest, in units of a.
    sigma
        Width sigma of the brim, in units of a^2.
    components
        Number D of components.
    validate_args
        As in every NumPyro distribution: are arguments and values checked?

    Examples
    --------
    >>> from nnqft_ppl.laws import BottleLaw
    >>> law = BottleLaw(2.0, 0.5, 3)
    >>> drop = law.log_prob(np.array([0.0, 2.0, 0.0])) - law.log_prob(np.zeros(3))
    >>> bool(np.isclose(drop, 2.0**4 / (2 * 0.5**2)))  # between the sphere and the centre
    True
    >>> bool(np.isclose(law.radial_moment(4), 2.0**2 * law.radial_moment(2) + 3 * 0.5**2 / 2))  # by parts
    True
    """

    support = constraints.real_vector  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    pytree_aux_fields = ("radius", "sigma")

    def __init__(self, radius: float, sigma: float, components: int, *, validate_args: bool | None = None) -> None:
        self.radius, self.sigma = radius, sigma
        super().__init__(event_shape=(components,), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        key_radius, key_direction = jax.random.split(key)
        table = _radial_table(self.radius, self.sigma, self.event_shape[0])
        u = jax.random.uniform(key_radius, sample_shape)
        columns = (table.distribution, table.density, table.r)
        # Of the type of the draw: JAX may keep what it made of one and the same array in double precision.
        distribution, density, r = (jnp.asarray(column, u.dtype) for column in columns)
        cell = jnp.clip(jnp.searchsorted(distribution, u, side="right") - 1, 0, CELLS - 1)
        left, slope = density[cell], density[cell + 1] - density[cell]
        # Probability left + slope/2 of a cell of unit length: the stable root of left t + slope t^2/2 = part of it.
        share = distribution[cell + 1] - distribution[cell]
        within = (u - distribution[cell]) / jnp.maximum(share, jnp.finfo(u.dtype).tiny) * (left + 0.5 * slope)
        root = left + jnp.sqrt(jnp.maximum(left**2 + 2.0 * slope * within, 0.0))
        t = 2.0 * within / jnp.maximum(root, jnp.finfo(u.dtype).tiny)
        length = r[cell] + (r[cell + 1] - r[cell]) * jnp.clip(t, 0.0, 1.0)
        return length[..., None] * isotropic_direction(key_direction, sample_shape, self.event_shape[0])

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        energy = (jnp.sum(jnp.square(value), axis=-1) - self.radius**2) ** 2 / (2.0 * self.sigma**2)
        count = self.event_shape[0]
        return -energy - math.log(sphere_area(count) * _radial_table(self.radius, self.sigma, count).integral)

    def radial_moment(self, k: int) -> float:
        """E|a|^k = I((D+k)/2)/I(D/2), I(nu) = int_0^inf ds s^(nu-1) exp(-(s - v^2)^2/(2 sigma^2)), s = |a|^2."""
        table = _radial_table(self.radius, self.sigma, self.event_shape[0])
        return float(np.sum(table.weights * table.nodes**k) / table.integral)


class BottleAndNormals(ChartedLaw):
    """Independent rows: N of N(0, scale^2 I_D), then one of the wine bottle; event shape (N + 1, D).

    The amplitudes of (42) with one more vector a_0, (44), stored last.

    Parameters
    ----------
    scale
        Standard deviation of one component of the N normal rows, sigma_a/sqrt(N).
    bottle
        The law of a_0 in R^D.
    width
        Number N of normal rows.
    validate_args
        As in every NumPyro distribution: are arguments and values checked?

    Examples
    --------
    >>> from nnqft_ppl.laws import BottleAndNormals, BottleLaw
    >>> bottle = BottleLaw(2.0, 0.5, 3)
    >>> law = BottleAndNormals(1.0, bottle, 10)
    >>> law.event_shape
    (11, 3)
    >>> a = np.zeros((11, 3))
    >>> bool(np.isclose(law.log_prob(a), bottle.log_prob(a[-1]) - 15 * np.log(2 * np.pi)))
    True
    """

    support = constraints.independent(constraints.real, 2)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    pytree_aux_fields = ("scale", "bottle")

    def __init__(self, scale: float, bottle: BottleLaw, width: int, *, validate_args: bool | None = None) -> None:
        self.scale, self.bottle = scale, bottle
        super().__init__(event_shape=(width + 1, *bottle.event_shape), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        key_normal, key_bottle = jax.random.split(key)
        width, count = self.event_shape[0] - 1, self.event_shape[1]
        normals = self.scale * jax.random.normal(key_normal, (*sample_shape, width, count))
        return jnp.concatenate([normals, self.bottle.sample(key_bottle, sample_shape)[..., None, :]], axis=-2)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        normals = dist.Normal(0.0, self.scale).log_prob(value[..., :-1, :]).sum(axis=(-2, -1))
        return normals + self.bottle.log_prob(value[..., -1, :])

    def chart(self, shape: Shape) -> Chart:
        spread = math.sqrt(self.bottle.radial_moment(2) / shape[-1])

        def value(z: jax.Array) -> jax.Array:
            return jnp.concatenate([self.scale * z[:-1], spread * z[-1:]])

        return Chart(shape, value, lambda z: self.bottle.log_prob(spread * z[-1]) - log_normal_density(z[-1]))


class RowLaw(dist.Distribution):
    """One row of joint amplitudes (N, D) whose rows are independent, event shape (1, D), up to a constant."""

    def __init__(self, joint: dist.Distribution, row: int) -> None:
        self.joint, self.row = joint, row
        super().__init__(event_shape=(1, joint.event_shape[1]))

    @property
    def support(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.joint.support

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        draws: Any = self.joint.sample(key, sample_shape)
        return draws[..., self.row : self.row + 1, :]

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        others: Any = self.joint.sample(jax.random.key(0))  # anywhere: they add a constant
        return jnp.asarray(self.joint.log_prob(others.at[self.row].set(value[0])))


class RadialTable(NamedTuple):
    """The law of r = |a| without its normalisation: quadrature nodes and weights, and cells of the distribution."""

    nodes: Array
    weights: Array
    integral: float
    r: Array
    density: Array
    distribution: Array


@lru_cache
def _radial_table(radius: float, sigma: float, components: int) -> RadialTable:
    def log_density(r: Array) -> Array:
        with np.errstate(divide="ignore"):
            power = (components - 1) * np.log(r) if components > 1 else np.zeros_like(r)
        return power - (r**2 - radius**2) ** 2 / (2.0 * sigma**2)

    stop = math.sqrt(radius**2 + math.sqrt(2.0 * DROP + 20.0 * components) * sigma) * 1.05
    edges = np.linspace(*radial_support(log_density, stop), CELLS + 1)
    x, gauss = legendre_rule(NODES)
    half = 0.5 * (edges[1] - edges[0])
    nodes = edges[:-1, None] + half * (x + 1.0)
    weights = half * gauss * np.exp(log_density(nodes))
    cells = weights.sum(axis=1)
    distribution = np.append(0.0, np.cumsum(cells) / cells.sum())
    return RadialTable(nodes, weights, float(cells.sum()), edges, np.exp(log_density(edges)), distribution)
