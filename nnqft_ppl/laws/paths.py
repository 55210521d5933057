"""Path laws: stationary Markov processes on the line as values, which a card of neurons on paths names once.

Such a process is a quantum system of one degree of freedom. Its generator has energies E_0 = 0 < E_1 < .., and with the
position x as a matrix between its states

    E[f_1(x(t_1)) .. f_n(x(t_n))] = <0| f_1(x) exp(-(t_2 - t_1) E) f_2(x) .. f_n(x) |0>,    t_1 <= .. <= t_n,

if the process is reversible: energies are real then, and the matrix symmetric.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from nnqft_ppl.runtime.arrays import Array


class PathLaw(ABC):
    """The law of a stationary Markov process x(t) on the line, reversible or not.

    Neurons on such inputs are those of arXiv:2504.05462. A law is a frozen dataclass that gives `distribution`, which
    draws it, and what decides all its correlators, `energies` and `position`; a card names it as its `path_law`.

    Examples
    --------
    Two values, +1 and -1, with a rate of jumps r: a spin whose energies are 0 and 2r. Correlators are E[x(0) x(t)] =
    exp(-2 r |t|).

    >>> from dataclasses import dataclass
    >>> import jax
    >>> import jax.numpy as jnp
    >>> import numpyro.distributions as dist
    >>> from nnqft_ppl.laws import PathLaw
    >>> @dataclass(frozen=True)
    ... class Telegraph(PathLaw):
    ...     r: float  #: rate of jumps
    ...
    ...     @property
    ...     def rate(self):
    ...         return 2 * self.r
    ...
    ...     def distribution(self, times, width):
    ...         return dist.Unit(0.0)  # draws are not needed here
    ...
    ...     def energies(self, levels):
    ...         return np.array([0.0, 2 * self.r])
    ...
    ...     def position(self, levels):
    ...         return np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> law = Telegraph(0.5)
    >>> weights = law.position(2)[0] ** 2
    >>> bool(np.isclose(weights @ np.exp(-law.energies(2) * 0.7), np.exp(-0.7)))
    True
    """

    reversible: ClassVar[bool] = True  #: does the process look the same when time runs backwards?

    @property
    @abstractmethod
    def rate(self) -> float:
        """The first energy E_1: the inverse of the time in which the process forgets."""

    @abstractmethod
    def distribution(self, times: jax.Array, width: int) -> dist.Distribution:
        """The joint law of N independent paths at times (P,), in any order and with repeats: event shape (N, P)."""

    @abstractmethod
    def energies(self, levels: int) -> Array:
        """The first `levels` energies, or all if there are fewer, from E_0 = 0: shape (K,)."""

    @abstractmethod
    def position(self, levels: int) -> Array:
        """<k|x|l> between the states of these energies, whose state 0 is the stationary law: shape (K, K)."""


@final
@dataclass(frozen=True)
class OrnsteinUhlenbeck(PathLaw):
    """The Ornstein-Uhlenbeck process of unit variance, E[x(s) x(t)] = exp(-m|s - t|): a harmonic oscillator.

    dx = -m x dt + sqrt(2 m) dW, arXiv:2504.05462; energies are k m, and x = A + A^+ between their states.

    Examples
    --------
    >>> import jax
    >>> from nnqft_ppl.laws import OrnsteinUhlenbeck
    >>> law = OrnsteinUhlenbeck(2.0)
    >>> law.energies(3)
    array([0., 2., 4.])
    >>> paths = law.distribution(np.array([0.5, 0.0, 0.5]), 4)  # three times, in any order and with repeats
    >>> x = paths.sample(jax.random.key(0), (10,))
    >>> x.shape, bool((x[:, :, 0] == x[:, :, 2]).all())
    ((10, 4, 3), True)
    """

    mass: float  #: mass m, the rate at which it forgets

    @property
    def rate(self) -> float:
        return self.mass

    def distribution(self, times: jax.Array, width: int) -> "OrnsteinUhlenbeckPaths":
        return OrnsteinUhlenbeckPaths(times, self.mass, width)

    def energies(self, levels: int) -> Array:
        return self.mass * np.arange(float(levels))

    def position(self, levels: int) -> Array:
        raising = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
        return raising + raising.T


class OrnsteinUhlenbeckPaths(dist.Distribution):
    """N independent Ornstein-Uhlenbeck paths of unit variance at times (P,): event shape (N, P).

    The log density is that of the values at distinct times, with -inf where two values at one time differ.
    """

    arg_constraints = {"times": constraints.real_vector, "rate": constraints.positive}
    support = constraints.real_matrix  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    pytree_data_fields = ("times", "rate")
    pytree_aux_fields = ("width",)

    def __init__(self, times: Any, rate: Any, width: int, *, validate_args: bool | None = None) -> None:
        self.times, self.rate, self.width = jnp.asarray(times), rate, width
        super().__init__(event_shape=(width, self.times.shape[0]), validate_args=validate_args)

    def steps(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The order of the times, and of every step from one to the next its correlation and standard deviation."""
        order = jnp.argsort(self.times)
        gone = self.rate * jnp.diff(self.times[order])
        # At a repeated time nothing is drawn; the square root has no derivative there.
        variance = -jnp.expm1(-2.0 * gone)
        return order, jnp.exp(-gone), jnp.where(gone > 0, jnp.sqrt(jnp.where(gone > 0, variance, 1.0)), 0.0)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        count = self.times.shape[0]
        dtype = jnp.result_type(float, self.times)
        z = jax.random.normal(key, (count, *sample_shape, self.width), dtype)
        if count == 0:
            return jnp.zeros((*sample_shape, self.width, 0), dtype)
        order, correlation, deviation = self.steps()

        def step(x: jax.Array, at: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
            r, s, z = at
            x = r * x + s * z
            return x, x

        # Stationary: the first value stands for all that went before.
        later = jax.lax.scan(step, z[0], (correlation, deviation, z[1:]))[1]
        path = jnp.concatenate([z[:1], later])
        return jnp.moveaxis(path[jnp.argsort(order)], 0, -1)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        value = jnp.asarray(value)
        if value.shape[-1] == 0:
            return jnp.zeros(value.shape[:-2], value.dtype)
        order, *steps = self.steps()
        x = value[..., order]
        correlation, deviation = (jnp.broadcast_to(step, x[..., 1:].shape) for step in steps)
        moved, repeated = x[..., 1:] - correlation * x[..., :-1], deviation == 0
        scale = jnp.where(repeated, 1.0, deviation)
        normal = -0.5 * (moved / scale) ** 2 - jnp.log(scale) - 0.5 * math.log(2.0 * math.pi)
        one = jnp.where(repeated, jnp.where(moved == 0, 0.0, -jnp.inf), normal)
        first = -0.5 * x[..., 0] ** 2 - 0.5 * math.log(2.0 * math.pi)
        return first.sum(axis=-1) + one.sum(axis=(-2, -1))
