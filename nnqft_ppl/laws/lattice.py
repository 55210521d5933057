"""Lattices of points, whose frequencies have a zone, and lattices of frequencies, whose fields have a period.

On the points of a lattice b and b + 2 pi/spacing are one wave, so one Brillouin zone holds them all, and what a law is
there is its sum over zones. Of the Cauchy law that sum is closed, and nothing is left of its tails: on a lattice the
Ornstein-Uhlenbeck process is a theory that gradients can move. The other way round a field of period L in every
direction has the frequencies (2 pi/L) Z^d, the dual lattice, and averages over them are finite sums.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer
from numpy.typing import ArrayLike
from numpyro.distributions import constraints

from nnqft_ppl.laws.ball import Radial
from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape, angle, away_from_the_origin
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.namespace import xp

NEGLIGIBLE = 2.0**-53
TERMS = 2**22  # of sums at a time
MODES = 2**21  # of a periodic field at most


class FoldedCauchy(ChartedLaw):
    """b of density (m/pi)/(b^2 + m^2), folded into |b| <= pi/spacing, real numbers of the shape of `mass`.

    Its density there is (s/2 pi) sinh(m s)/(cosh(m s) - cos(b s)), s the spacing: as the propagator of the lattice.
    """

    arg_constraints = {"mass": constraints.positive}
    reparametrized_params = ["mass"]
    pytree_aux_fields = ("spacing",)
    has_tails = True

    def __init__(self, mass: Any, spacing: float, *, validate_args: bool | None = None) -> None:
        self.mass, self.spacing = mass, spacing
        super().__init__(batch_shape=jnp.shape(mass), validate_args=validate_args)

    @property
    def support(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return constraints.interval(-math.pi / self.spacing, math.pi / self.spacing)

    def of_angle(self, angle: jax.Array) -> jax.Array:
        """The b that a uniform angle of [-pi, pi] stands for: tan(b s/2) = tanh(m s/2) tan(angle/2)."""
        b = (
            2.0
            / self.spacing
            * jnp.arctan2(
                jnp.broadcast_to(self._squeeze, jnp.shape(angle)) * jnp.sin(0.5 * angle), jnp.cos(0.5 * angle)
            )
        )
        return jnp.clip(b, -math.pi / self.spacing, math.pi / self.spacing)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        shape = sample_shape + self.batch_shape
        return self.of_angle(jax.random.uniform(key, shape, minval=-jnp.pi, maxval=jnp.pi))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        half = 0.5 * self.spacing * value
        squeeze = jnp.broadcast_to(self._squeeze, jnp.shape(half))
        curve = (squeeze * jnp.cos(half)) ** 2 + jnp.sin(half) ** 2
        return jnp.log(self.spacing / (2.0 * math.pi)) + jnp.log(squeeze) - jnp.log(curve)

    @property
    def _squeeze(self) -> jax.Array:
        return jnp.tanh(0.5 * self.mass * self.spacing)

    def chart(self, shape: Shape) -> Chart:
        return Chart((2, *shape), lambda z: self.of_angle(angle(z)), away_from_the_origin)


def band_limited(decay: float, t: ArrayLike) -> Array:
    """sum_n exp(-decay |n|) sinc(t - n): the function exp(-decay |t|) at integers, as Shannon carries it between them.

    It is E cos(b t s) for the folded law with decay = m s. t of any shape; float64 of the same shape, right to some
    units of 1e-16.
    """
    places, where = np.unique(np.abs(np.asarray(t, dtype=float)), return_inverse=True)
    nearest = np.round(places)
    off = places - nearest
    # sinc(t - n) = (-1)^n sin(pi t)/(pi (t - n)): one sine for all n but the nearest, which may be no distance away.
    sine = np.sin(np.pi * off) / np.pi * (-1.0) ** nearest
    total = np.exp(-decay * nearest) * np.sinc(off)
    last = int(np.ceil(-np.log(NEGLIGIBLE) / decay))
    block = max(1, TERMS // max(1, places.size))
    for first in range(-last, last + 1, block):
        n = np.arange(first, min(first + block, last + 1))
        distance = np.where(nearest[:, None] == n, np.inf, places[:, None] - n)
        total += sine * ((1.0 / distance) @ ((-1.0) ** n * np.exp(-decay * np.abs(n))))
    return total[where].reshape(np.shape(t))


# -- periodic fields ---------------------------------------------------------------------------------------------------


class Density(Protocol):
    """What is asked of a frequency law here: a scale of p, P(b) as a distribution, and its density at |b| = p."""

    @property
    def scale(self) -> float: ...
    def distribution(self, dim: int) -> dist.Distribution: ...
    def density(self, p: Array, dim: int) -> Array: ...


class _Lattice(constraints.Constraint):
    """The points n spacing of R^d, n of Z^d."""

    event_dim = 1
    is_discrete = True

    def __init__(self, spacing: float) -> None:
        self.spacing = spacing

    def __call__(self, x):
        n = x / self.spacing
        return jnp.all(jnp.abs(n - jnp.round(n)) < 1e-3, axis=-1)

    def feasible_like(self, prototype):
        return jnp.zeros_like(prototype)

    def tree_flatten(self):
        return (self.spacing,), (("spacing",), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, _Lattice) and other.spacing == self.spacing


class DualLattice(dist.Distribution):
    """A row b of the dual lattice (2 pi/L) Z^d with probabilities proportional to the density of a frequency law.

    Fields of such plane waves have the period L in every direction. Modes whose probability no float64 could see beside
    that of the others are left out, so that every average is a finite sum. A discrete law: gradient samplers cannot
    move it.

    Examples
    --------
    >>> from nnqft_ppl.laws import DualLattice, GaussianFrequencies
    >>> law = DualLattice(GaussianFrequencies(1.0), period=2 * np.pi, dim=1)  # b = n, P ~ exp(-n^2/2)
    >>> n = np.arange(-9, 10)
    >>> w = np.exp(-(n**2) / 2)
    >>> bool(np.isclose(law.log_prob(np.array([2.0])), np.log(w[11] / w.sum())))
    True
    >>> bool(np.isclose(law.mean_wave(np.array([0.7])), w @ np.cos(0.7 * n) / w.sum()))
    True
    """

    arg_constraints: dict[str, Any] = {}
    pytree_aux_fields = ("law", "period", "dim")

    def __init__(self, law: Density, period: float, dim: int, *, validate_args: bool | None = None) -> None:
        self.law, self.period, self.dim = law, period, dim
        super().__init__(batch_shape=(), event_shape=(dim,), validate_args=validate_args)

    @property
    def spacing(self) -> float:
        """2 pi/L, the distance of neighbouring modes."""
        return 2 * math.pi / self.period

    @property
    def support(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _Lattice(self.spacing)

    @property
    def modes(self) -> "Modes":
        """All modes that are left, by JAX where the law's parameters are traced."""
        traced = any(isinstance(value, Tracer) for value in vars(self.law).values())
        return (_modes.__wrapped__ if traced else _modes)(self.law, self.spacing, self.dim)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        modes, shape = self.modes, sample_shape + self.batch_shape
        u = jax.random.uniform(key, shape)
        at = jnp.searchsorted(jnp.asarray(modes.below, u.dtype), u, side="right")
        n = jnp.stack(jnp.unravel_index(at, modes.probability.shape), axis=-1) - modes.most
        return self.spacing * n.astype(u.dtype)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        modes = self.modes
        n = jnp.round(value / self.spacing).astype(int) + modes.most
        inside = jnp.all((n >= 0) & (n <= 2 * modes.most), axis=-1) & self.support(value)
        probability = jnp.asarray(modes.probability)
        least = jnp.finfo(probability.dtype).tiny
        log_probability = jnp.where(probability > 0.0, jnp.log(jnp.maximum(probability, least)), -jnp.inf)
        at = tuple(jnp.clip(n[..., k], 0, 2 * modes.most) for k in range(self.dim))
        return jnp.where(inside, log_probability[at], -jnp.inf)

    def mean_wave(self, z: ArrayLike, weight: ArrayLike = 1.0) -> Array:
        """E[g(b) cos(b.z)] for z of shape (..., d), with g at `modes.radius` as `weight`: a finite sum for each."""
        modes, z = self.modes, np.asarray(z, dtype=float)
        table = modes.probability * xp.broadcast_to(weight, modes.probability.shape)
        size, rows = 2 * modes.most + 1, z.reshape(-1, self.dim)
        n = np.arange(-modes.most, modes.most + 1) * self.spacing
        found, block = [np.zeros(0)], max(1, TERMS // size ** max(self.dim - 1, 1))
        for first in range(0, len(rows), block):
            waves = np.exp(1j * rows[first : first + block, :, None] * n)  # (rows, d, modes along an axis)
            total = waves[:, 0] @ table.reshape(size, -1)
            for axis in range(1, self.dim):
                total = xp.einsum("zm,zmr->zr", waves[:, axis], total.reshape(len(waves), size, -1))
            found.append(total[:, 0].real)
        return xp.concatenate(found).reshape(z.shape[:-1])


class Modes(NamedTuple):
    """The modes b = n spacing with n_k from -most to most: arrays with an axis of length 2 most + 1 for every k."""

    most: int
    probability: Array
    radius: Array  #: |b|
    below: Array  #: the probability of all modes up to this one, flat
    cell: float  #: sum_b P(b) spacing^d of the law on R^d, which tends to 1 as the period grows


@lru_cache(maxsize=16)
def _modes(law: Density, spacing: float, dim: int) -> Modes:
    most = int(_reach(law, dim) / spacing)
    if (2 * most + 1) ** dim > MODES:
        raise InputError(
            f"{type(law).__name__}: a torus must have at most {MODES} modes, got {(2 * most + 1) ** dim}; take a lower "
            "cutoff or a shorter period"
        )
    n = np.arange(-most, most + 1) * spacing
    radius = np.sqrt(sum(np.square(part) for part in np.meshgrid(*[n] * dim, indexing="ij")))
    density = law.density(radius, dim)
    below = xp.cumsum(density.ravel())
    return Modes(most, density / below[-1], radius, below / below[-1], below[-1] * spacing**dim)


def _reach(law: Density, dim: int) -> float:
    """The radius beyond which nothing is left of P(b): where a law says so by itself, no other parameter is asked."""
    row = law.distribution(dim)
    if isinstance(row, Radial):
        return row.reach
    p = law.scale * 2.0 ** np.arange(-12.0, 24.0, 0.125)
    falling = law.density(p, dim) * p**dim
    left = np.flatnonzero(falling > NEGLIGIBLE * falling.max())
    if left[-1] + 1 == len(p):
        raise InputError(f"{type(law).__name__}: law of frequencies must end, or fall faster than a power, on a torus")
    return float(p[left[-1] + 1])
