"""Vector-valued amplitudes of fields with D components: SO(D)-invariant moments and the wine bottle (44)."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints
from scipy.special import roots_jacobi

from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape, log_normal_density
from nnqft_ppl.laws.fourier import DROP, legendre_rule, sphere_area
from nnqft_ppl.laws.joint import isotropic_direction
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import NoClosedForm
from nnqft_ppl.runtime.namespace import xp

CELLS = 4096  # of the radial distribution function
NODES = 4  # of Gauss-Legendre in a cell
RADII = 128  # of an integral over |a|
FLOOR = 1e-30  # of |a|^2 there: zero, but for a root that has a slope
TRIES = 100_000  # of a rejection
PAIR_RADII, PAIR_ANGLES = 160, 64  # of the moments of two coupled bottles; angles at least


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
    pytree_data_fields = ("radius", "sigma")

    def __init__(self, radius: float, sigma: float, components: int, *, validate_args: bool | None = None) -> None:
        self.radius, self.sigma = radius, sigma
        super().__init__(event_shape=(components,), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        key_radius, key_direction = jax.random.split(key)
        u = jax.random.uniform(key_radius, sample_shape)
        columns = self._cells()
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
        log_normalisation = xp.log(sphere_area(self.event_shape[0]) * self._integral(0))
        return -energy - jnp.asarray(log_normalisation, energy.dtype)

    def radial_moment(self, k: int) -> float:
        """E|a|^k = I((D+k)/2)/I(D/2), I(nu) = int_0^inf ds s^(nu-1) exp(-(s - v^2)^2/(2 sigma^2)), s = |a|^2."""
        return self._integral(k) / self._integral(0)

    @property
    def ends(self) -> tuple[Any, Any]:
        """Lengths |a| between which the density of |a| is within exp(-40) of its largest value.

        log P is at least as concave in s = |a|^2 as a normal law of deviation sigma, and largest where
        s^2 - v^2 s = (D - 1) sigma^2/2.
        """
        square = self.radius**2
        middle = 0.5 * (square + xp.sqrt(square**2 + 2.0 * (self.event_shape[0] - 1) * self.sigma**2))
        spread = math.sqrt(2.0 * DROP) * self.sigma
        return xp.sqrt(xp.maximum(middle - spread, FLOOR)), xp.sqrt(middle + spread)

    def _density(self, r: Any) -> Any:
        """The density of |a|, without its normalisation."""
        return r ** (self.event_shape[0] - 1) * xp.exp(-((r**2 - self.radius**2) ** 2) / (2.0 * self.sigma**2))

    def _integral(self, k: int) -> Any:
        """int dr r^(D-1+k) exp(-(r^2 - v^2)^2/(2 sigma^2))."""
        low, high = self.ends
        x, gauss = legendre_rule(RADII)
        r = low + 0.5 * (high - low) * (x + 1.0)
        return 0.5 * (high - low) * xp.sum(gauss * self._density(r) * r**k)

    def _cells(self) -> tuple[Any, Any, Any]:
        """The distribution function of |a|, its density without normalisation, and |a|, at the edges of the cells."""
        low, high = self.ends
        edges = low + (high - low) * np.linspace(0.0, 1.0, CELLS + 1)
        x, gauss = legendre_rule(NODES)
        nodes = edges[:-1, None] + 0.5 * (high - low) / CELLS * (x[None, :] + 1.0)
        below = xp.cumsum(self._density(nodes) @ gauss)
        return xp.concatenate([np.zeros(1), below / below[-1]]), self._density(edges), edges


class BottleAndNormals(ChartedLaw):
    """Independent rows: N of N(0, scale^2 I_D), then one of the wine bottle or several; event shape (N + k, D).

    The amplitudes of (42) with one more vector a_0, (44), or k of them, stored last.

    Parameters
    ----------
    scale
        Standard deviation of one component of the N normal rows, sigma_a/sqrt(N).
    bottle
        The law of a_0 in R^D, or that of k vectors, event shape (k, D).
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
    pytree_data_fields = ("scale", "bottle")

    def __init__(
        self, scale: float, bottle: "BottleLaw | CoupledBottles", width: int, *, validate_args: bool | None = None
    ) -> None:
        self.scale, self.bottle = scale, bottle
        *several, count = bottle.event_shape
        super().__init__(event_shape=(width + math.prod(several), count), validate_args=validate_args)

    @property
    def width(self) -> int:
        """Number N of normal rows."""
        return self.event_shape[0] - math.prod(self.bottle.event_shape[:-1])

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        key_normal, key_bottle = jax.random.split(key)
        rows, count = self.event_shape
        normals = self.scale * jax.random.normal(key_normal, (*sample_shape, self.width, count))
        bottles = self.bottle.sample(key_bottle, sample_shape)
        return jnp.concatenate([normals, bottles.reshape(*sample_shape, rows - self.width, count)], axis=-2)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        normals = dist.Normal(0.0, self.scale).log_prob(value[..., : self.width, :]).sum(axis=(-2, -1))
        return normals + self._of_bottles(value[..., self.width :, :])

    def _of_bottles(self, a: jax.Array) -> jax.Array:
        return self.bottle.log_prob(a.reshape(*a.shape[:-2], *self.bottle.event_shape))

    def chart(self, shape: Shape) -> Chart:
        one = self.bottle if isinstance(self.bottle, BottleLaw) else self.bottle.bottle
        spread = xp.sqrt(one.radial_moment(2) / shape[-1])

        def value(z: jax.Array) -> jax.Array:
            return jnp.concatenate([self.scale * z[: self.width], spread * z[self.width :]])

        def log_weight(z: jax.Array) -> jax.Array:
            own = z[self.width :]
            return self._of_bottles(spread * own) - log_normal_density(own)

        return Chart(shape, value, log_weight)


class CoupledBottles(ChartedLaw):
    """k vectors of the wine bottle's law (44) that repel each other's directions, invariant under SO(D).

    P(a_1..a_k) ~ prod_j P(a_j) exp(-strength sum_(i<j) (a_i.a_j)^2), unnormalised, event shape (k, D): right angles are
    the most probable. `sample` draws independent bottles and accepts each with the exponential as the chance, until
    there are enough: exact, and slow where that is small. What 10^5 rounds did not give is not a number.

    Parameters
    ----------
    bottle
        The law of one vector in R^D without the coupling.
    bottles
        Number k of vectors.
    strength
        Strength of the coupling, not negative, in units of 1/a^4.
    validate_args
        As in every NumPyro distribution: are arguments and values checked?

    Examples
    --------
    >>> from nnqft_ppl.laws import BottleLaw, CoupledBottles
    >>> law = CoupledBottles(BottleLaw(2.0, 0.5, 3), 2, 0.3)
    >>> along, across = 2.0 * np.eye(3)[[0, 0]], 2.0 * np.eye(3)[[0, 1]]
    >>> round(float(law.log_prob(across) - law.log_prob(along)), 9)  # 0.3 (2 * 2)^2
    4.8
    """

    support = constraints.independent(constraints.real, 2)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    pytree_data_fields = ("bottle",)
    pytree_aux_fields = ("strength",)

    def __init__(self, bottle: BottleLaw, bottles: int, strength: float, *, validate_args: bool | None = None) -> None:
        self.bottle, self.strength = bottle, strength
        super().__init__(event_shape=(bottles, *bottle.event_shape), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        count = math.prod(sample_shape)

        def go_on(state: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
            tries, _, found = state
            return (tries < TRIES) & (found < count)

        def again(state: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
            tries, kept, found = state
            key_bottle, key_chance = jax.random.split(jax.random.fold_in(key, tries))
            a = self.bottle.sample(key_bottle, (count, self.event_shape[0]))
            accepted = -jax.random.exponential(key_chance, (count,)) < -self.energy(a)
            place = jnp.where(accepted, found + jnp.cumsum(accepted) - 1, count)  # beyond the end nothing is written
            return tries + 1, kept.at[place].set(a, mode="drop"), found + jnp.sum(accepted)

        start = (jnp.asarray(0), jnp.full((count, *self.event_shape), jnp.nan), jnp.asarray(0))
        return jax.lax.while_loop(go_on, again, start)[1].reshape(*sample_shape, *self.event_shape)

    def energy(self, a: jax.Array) -> jax.Array:
        """strength sum_(i<j) (a_i.a_j)^2 of vectors (..., k, D)."""
        products = jnp.square(jnp.einsum("...ik,...jk->...ij", a, a))
        return 0.5 * self.strength * (products.sum(axis=(-2, -1)) - jnp.trace(products, axis1=-2, axis2=-1))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        return self.bottle.log_prob(value).sum(axis=-1) - self.energy(value)

    def radial_moment(self, k: int) -> float:
        """E|a_j|^k of one vector, as `pair_moment`; of independent ones that of the bottle."""
        if self.strength == 0.0 or self.event_shape[0] == 1:
            return self.bottle.radial_moment(k)
        return self.pair_moment(k, 0)

    def pair_moment(self, first: int, second: int, cosine: int = 0) -> float:
        """E[|a_1|^p |a_2|^q cos^c] of two vectors and the angle between them, by quadrature over all three.

        Raises
        ------
        NoClosedForm
            for other numbers of coupled vectors.
        """
        if self.event_shape[0] != 2:
            raise NoClosedForm(f"moments of coupled bottles are known for 2 of them, got {self.event_shape[0]}")
        bottle, count = self.bottle, self.event_shape[1]
        return _pair_moment(bottle.radius, bottle.sigma, count, self.strength, first, second, cosine)


class RowLaw(dist.Distribution):
    """Neighbouring rows of joint amplitudes (N, D) that are independent of the others, (count, D), up to a constant.

    The others are held at `others` (N, D), anywhere: they add the constant.
    """

    def __init__(self, joint: dist.Distribution, others: Array, row: int, count: int = 1) -> None:
        self.joint, self.others, self.rows = joint, others, slice(row, row + count)
        super().__init__(event_shape=(count, joint.event_shape[1]))

    @property
    def support(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.joint.support

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        draws: Any = self.joint.sample(key, sample_shape)
        return draws[..., self.rows, :]

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        return jnp.asarray(self.joint.log_prob(jnp.asarray(self.others).at[self.rows].set(value)))


@lru_cache
def _pair_moment(
    radius: float, sigma: float, components: int, strength: float, first: int, second: int, cosine: int
) -> float:
    low, high = BottleLaw(radius, sigma, components).ends
    nodes, gauss = legendre_rule(PAIR_RADII)
    r = low + 0.5 * (high - low) * (nodes + 1.0)
    weight = gauss * r ** (components - 1) * np.exp(-((r**2 - radius**2) ** 2) / (2.0 * sigma**2))
    power = 0.5 * (components - 3)
    t, angle = roots_jacobi(PAIR_ANGLES + 8 * int(strength**0.5 * high**2), power, power)
    pull = np.exp(-strength * (r[:, None, None] * r[:, None] * t) ** 2)
    joint = weight[:, None] * weight
    values = r[:, None] ** first * r**second * (pull @ (angle * t**cosine))
    return float(np.sum(joint * values) / np.sum(joint * (pull @ angle)))
