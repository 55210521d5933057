"""Neurons on random paths: h_i(t) = g(x_i(t)) with x_i a stationary Markov process. Quantum mechanics out of neurons.

A path is no finite number of parameters: the site ``path`` of theta_h has its values at the points that are asked for.
Given the amplitudes the field is a function of a reversible Markov process at every time, and a mixture of reflection
positive laws is reflection positive: whatever g, P(a) and the width are, (13) holds for all functionals of the field.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer
from jax.scipy.special import erf as jax_erf
from numpy.typing import ArrayLike
from scipy.linalg import eigh
from scipy.special import erf

from nnqft_ppl.laws.paths import PathLaw
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.grids import Places
from nnqft_ppl.runtime.namespace import xp
from nnqft_ppl.theory.architecture import Architecture, theorem

LEVELS = 192  # of a path's states: those of the oscillator are as good as Gauss's rule with so many nodes
RESOLVED = 1e-5  # of the largest element with the first state, to which the last quarter must fall: its square is lost
ROUNDING = 1e-12  # of the largest of a neuron's matrix elements: less is zero, by the symmetry of the neuron


class Activation(str):
    """g(x) of a neuron on a path: ``sin``, ``erf``, ``tanh``, ``cube``, or ``hermite:c_0,c_1,..``.

    The latter is sum_k c_k He_k(x)/sqrt(k!), whose terms are orthonormal under a unit normal x: on Ornstein-Uhlenbeck
    paths of rate m (arXiv:2504.05462), and without amplitudes, G2(t) = sum_k c_k^2 exp(-k m t).

    Examples
    --------
    >>> from nnqft_ppl.theory import Activation
    >>> Activation.of_text("activation", "hermite:0,1,0,0.5")(np.array([0.0, 1.0])).round(6).tolist()
    [0.0, 0.591752]
    """

    NAMED = ("sin", "erf", "tanh", "cube")

    @classmethod
    def of_text(cls, label: str, text: str) -> "Activation":
        """The activation of a text; `InputError` for another name, or coefficients that are no finite numbers."""
        name, colon, _ = text.partition(":")
        activation = cls(text)
        try:
            good = name == "hermite" and np.isfinite(activation.coefficients).all() if colon else name in cls.NAMED
        except ValueError:
            good = False
        if not good:
            raise InputError(f"{label} must be {', '.join(cls.NAMED)} or hermite:c0,c1,.., got {text!r}")
        return activation

    @property
    def coefficients(self) -> tuple[float, ...]:
        """c_k, of ``hermite:``."""
        return tuple(float(word) for word in self.partition(":")[2].split(","))

    def __call__(self, x: Any) -> Any:
        if self == "erf":
            return jax_erf(x) if isinstance(x, jax.Array) else erf(x)
        if self == "cube":
            return x**3
        if self in self.NAMED:
            return getattr(xp, self)(x)
        total, last, now = 0.0 * x, 0.0 * x, 1.0 + 0.0 * x  # He_(k-1)/sqrt((k-1)!) and He_k/sqrt(k!)
        for k, c in enumerate(self.coefficients):
            total = total + c * now
            last, now = now, (x * now - math.sqrt(k) * last) / math.sqrt(k + 1)
        return total


@dataclass(frozen=True, kw_only=True)
class PathArchitecture(Architecture):
    """phi(t) = sum_i a_i g(x_i(t)), x_i independent stationary Markov processes: a card adds their law and g.

    arXiv:2504.05462. All correlators follow from the energies E_k of one path and the matrix <k|g|l> of the neuron
    between their states; the field of N neurons is that of N such systems.

    Examples
    --------
    A spin that sees whether the path is positive, softly.

    >>> from dataclasses import dataclass
    >>> from typing import final
    >>> from nnqft_ppl.laws import OrnsteinUhlenbeck, xp
    >>> from nnqft_ppl.theory import AmplitudeLaw, ConstantModulus, PathArchitecture, Positive
    >>> @final
    ... @dataclass(frozen=True, kw_only=True)
    ... class SoftSpin(PathArchitecture):
    ...     sigma_a: Positive = 1.0  #: amplitude scale
    ...     amplitude: AmplitudeLaw = ConstantModulus()  #: law of the unscaled amplitudes
    ...     mass: Positive = 1.0  #: rate of the path
    ...
    ...     claims = ("Z2", "translation", "reflection", "permutation")
    ...
    ...     @property
    ...     def path_law(self):
    ...         return OrnsteinUhlenbeck(self.mass)
    ...
    ...     def readout(self, x):
    ...         return x / xp.sqrt(4 + x**2)
    >>> net = SoftSpin(width=3)
    >>> energies, weights = net.energies()
    >>> bool(np.isclose(net.two_point([0.0], [0.7]), weights @ np.exp(-0.7 * energies)))
    True
    >>> {verdict.outcome for verdict in nq.axiom_verdicts(net)}  # with finitely many neurons
    {'pass'}
    """

    dim: Literal[1] = 1  #: dimension d of space

    paths = ("path",)

    # -- what a card declares ------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def path_law(self) -> PathLaw:
        """The law of one path."""

    @abstractmethod
    def readout(self, x: Any) -> Any:
        """g(x), what a neuron reads off its path, of numbers of any shape; written with `xp`, as JAX may trace it."""

    # -- the field -----------------------------------------------------------------------------------------------

    @property
    def length(self) -> float:
        return 1.0 / self.path_law.rate

    @property
    def reversible(self) -> bool:
        """Do all paths look the same when time runs backwards?"""
        return self.path_law.reversible

    def prior(self) -> dict[str, dist.Distribution]:
        """The laws of all sites; that of the paths at no points at all."""
        return self.prior_at(jnp.zeros((0, 1)))

    def prior_at(self, points: Places | None) -> dict[str, dist.Distribution]:
        if points is None:
            raise InputError(f"{type(self).__name__}: its paths are drawn at points, so points (P, 1) must be given")
        times = jnp.asarray(points)[:, 0]
        return {"a": self.amplitudes(), "path": self.path_law.distribution(times, self.neuron_count)}

    def neuron(self, x: jax.Array, *, path: jax.Array) -> jax.Array:
        """g(x_i(t)), of the value of the path at this point."""
        return self.readout(path)

    # -- closed forms --------------------------------------------------------------------------------------------

    def states(self) -> tuple[Array, Array]:
        """The energies E_k of one path, (K,), and <k|g|l> between their states, (K, K)."""
        law = self.path_law
        if not law.reversible:
            raise NoClosedForm(f"{type(self).__name__} has no closed forms, as its paths are not reversible")
        x, states = _position_states(law)
        g = (states * self.readout(x)[None]) @ states.T
        g = xp.where(xp.abs(g) > ROUNDING * xp.abs(g).max(), g, 0.0)
        last = xp.abs(g[0, -(len(x) // 4) :]).max()
        if len(x) == LEVELS and not isinstance(last, Tracer) and last > RESOLVED * np.abs(g[0]).max():
            raise NoClosedForm(
                f"{type(self).__name__} has no closed forms, as its neuron is too steep for {LEVELS} states of a path; "
                "use an estimator: neuron, amplitude or field"
            )
        return law.energies(LEVELS), g

    @theorem("arXiv:2504.05462")
    def neuron_moment(self, points: Array) -> Array:
        """H_n(t_1..t_n) = <0|g exp(-(t_2 - t_1) E) g .. g|0> of the times in increasing order."""
        return self.ordered_moment(np.sort(points[..., 0], axis=-1))

    def ordered_moment(self, times: Array) -> Array:
        """<0|g exp(-(t_2 - t_1) E) g .. g|0> of times (..., n) in the order given; imaginary ones are real time."""
        energies, g = self.states()
        amplitude = xp.broadcast_to(g[0], (*times.shape[:-1], len(energies)))
        for gone in np.moveaxis(np.diff(times, axis=-1), -1, 0):
            amplitude = (amplitude * _decay(gone, energies)) @ g
        return amplitude[..., 0]

    @theorem("arXiv:2504.05462")
    def energies(self, count: int = 16) -> Array:
        """The first `count` energies E_k and weights w_k in G2(t) = sum_k w_k exp(-E_k t), shape (2, K).

        w_k = sigma_a^2 <0|g|k>^2. Amplitudes with a mean add to the weight of energy 0 what two neurons have in common.
        """
        energies, g = self.states()
        groups = self.amplitude_groups()
        same = sum(group.neurons * group.moment((0, 0)) for group in groups) / self.width
        means = [(group.neurons, group.moment((0,))) for group in groups]
        distinct = sum(n * mean for n, mean in means) ** 2 - sum(n * mean**2 for n, mean in means)
        common = distinct / self.width * np.eye(1, len(energies))[0]
        return xp.stack([energies, (same + common) * g[0] ** 2])[:, :count]

    def commutator(self) -> Array:
        """-G2'(0+) = sum_k E_k w_k = <[[phi, H], phi]>/2: what two fields at one time do not commute with."""
        energies, weights = self.energies(LEVELS)
        return energies @ weights

    def real_time(self, t: ArrayLike) -> Array:
        """<phi(t) phi(0)> in real time, sum_k w_k exp(-i E_k t): complex128 of the shape of `t`."""
        energies, weights = self.energies(LEVELS)
        return _decay(1j * np.asarray(t, dtype=float), energies) @ weights


def _decay(t: Any, energies: Array) -> Array:
    """exp(-E_k t), shape (..., K)."""
    return xp.exp(-t[..., None] * energies.reshape((1,) * t.ndim + (-1,)))


@lru_cache(maxsize=16)
def _states_of(position: bytes, size: int) -> tuple[Array, Array]:
    values, vectors = eigh(np.frombuffer(position).reshape(size, size))
    values.flags.writeable = vectors.flags.writeable = False  # every caller gets the same arrays
    return values, vectors


def _position_states(law: PathLaw) -> tuple[Array, Array]:
    """Values of the position, (K,), and its eigenvectors as columns over the states of the energies, (K, K)."""
    position = np.ascontiguousarray(law.position(LEVELS), dtype=float)
    return _states_of(position.tobytes(), len(position))
