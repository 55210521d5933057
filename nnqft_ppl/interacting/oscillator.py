"""The anharmonic oscillator H = p^2/2 + m^2 q^2/2 + V(q), by diagonalisation: what a deformed Cauchy net becomes.

At N = infinity the net (31) on the line, with sigma_a^2 = 1/m, is the oscillator of frequency m in imaginary time, and
exp(-int V(phi)) makes it this one. Energies and matrix elements come from oscillator states, and correlators are sums
over them: in infinite time, in periodic time T, or on [0, T] between free vacua, where an action ends that fills a box.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh, eigh_tridiagonal

from nnqft_ppl.runtime.arrays import Array, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.expressions import Expression


@dataclass(frozen=True)
class Oscillator:
    """H = p^2/2 + m^2 q^2/2 + V(q) in the lowest states of the free oscillator.

    Quantum mechanics of one particle (hbar = 1), as the field theory of (31) with an action at N = infinity.

    Examples
    --------
    The free oscillator, and one that V makes stiffer, to frequency 2:

    >>> free = nq.Oscillator("0")
    >>> round(free.gap, 9), round(free.correlator([0.0, np.log(2.0)]), 9)  # exp(-t)/2 at t = log 2
    (1.0, 0.25)
    >>> stiff = nq.Oscillator("1.5*phi^2")
    >>> round(stiff.gap, 9), round(stiff.moment(2), 9)
    (2.0, 0.25)
    """

    potential: str  #: V, an expression in phi, as `deform` reads it
    mass: float = 1.0  #: frequency m of the free oscillator
    states: int = 150  #: of the free oscillator that are kept

    _repr_html_ = html_table

    def __post_init__(self) -> None:
        if not (self.mass > 0 and np.isfinite(self.mass)):
            raise InputError(f"Oscillator: mass must be positive and finite, got {self.mass}")
        if self.states < 2:
            raise InputError(f"Oscillator: states must be at least 2, got {self.states}")
        Expression(self.potential).check(1)

    @cached_property
    def position(self) -> Array:
        """q between the free states, (K, K)."""
        ladder = np.diag(np.sqrt(np.arange(1, self.states) / (2 * self.mass)), 1)
        return ladder + ladder.T

    @cached_property
    def _nodes(self) -> tuple[Array, Array]:
        """Points of a Gauss-Hermite rule, and the free states there, (K, 2 K): exact up to powers 2 K of q."""
        step = np.sqrt(np.arange(1, 2 * self.states) / (2 * self.mass))
        q, vectors = eigh_tridiagonal(np.zeros(2 * self.states), step)
        return q, vectors[: self.states]

    def function(self, values: ArrayLike) -> Array:
        """f(q) between the free states, (K, K), from its values at the points of the rule."""
        return (self._nodes[1] * np.asarray(values, dtype=float)) @ self._nodes[1].T

    @cached_property
    def _solution(self) -> tuple[Array, Array]:
        """All energies, and the eigenstates in columns."""
        potential = np.asarray(Expression(self.potential)(self._nodes[0]))
        if not np.isfinite(potential).all():
            raise InputError(f"Oscillator: potential must be finite at every q, got {self.potential!r}")
        return eigh(np.diag(self.mass * (np.arange(self.states) + 0.5)) + self.function(potential))

    @property
    def energies(self) -> Array:
        """The energies, lowest first; those of the upper half are made by the truncation."""
        return self._solution[0]

    @property
    def gap(self) -> float:
        """E_1 - E_0: how fast correlators fall."""
        return float(self.energies[1] - self.energies[0])

    def moment(self, power: int) -> float:
        """<q^power> in the ground state."""
        vacuum = self._solution[1][:, 0]
        return float(vacuum @ self.function(self._nodes[0] ** power) @ vacuum)

    @property
    def kappa_4(self) -> float:
        """<q^4> - 3 <q^2>^2 in the ground state of an even potential."""
        return self.moment(4) - 3 * self.moment(2) ** 2

    def correlator(self, times: ArrayLike, *, period: float = np.inf, length: float = np.inf) -> float:
        """<q(t_1) .. q(t_n)> for any times, in infinite time unless one of the two is given.

        With a `period` T the trace over a circle; with a `length` T the action fills [0, T] alone, so that free vacua
        end it, <0| .. |0>; times must lie in [0, T].
        """
        t = np.sort(np.asarray(times, dtype=float))
        if np.isfinite(period) and np.isfinite(length):
            raise InputError("Oscillator: times must be periodic or of a length, not both")
        end = min(period, length)
        if len(t) and np.isfinite(end) and not (t[0] >= 0 and t[-1] <= end):
            raise InputError(f"Oscillator: times must lie in [0, {end:g}], got {t.tolist()}")
        energies, states = self._solution
        e, q = energies - energies[0], states.T @ self.position @ states
        product = np.eye(self.states)
        for k in range(len(t)):
            product = (product if k == 0 else product * np.exp(-(t[k] - t[k - 1]) * e)) @ q
        if np.isfinite(period):
            weights = np.exp(-e * (period - (t[-1] - t[0] if len(t) else 0.0)))
            return float(np.diag(product) @ weights / np.exp(-period * e).sum())
        if np.isfinite(length):
            vacuum = states[0]
            first, last = (t[0], t[-1]) if len(t) else (0.0, 0.0)
            left, right = vacuum * np.exp(-first * e), vacuum * np.exp(-(length - last) * e)
            return float(left @ product @ right / (vacuum**2 @ np.exp(-length * e)))
        return float(product[0, 0])

    def on_nodes(self, times: ArrayLike, nodes: ArrayLike, weights: ArrayLike) -> float:
        """<q(t_1) .. q(t_n)> with the action sum_p w_p V(q(t_p)) on nodes (P,), in infinite free time.

        By the transfer matrix: what `deform` makes of the net at N = infinity, without any error of the rule.
        """
        nodes, weights = np.asarray(nodes, dtype=float), np.asarray(weights, dtype=float)
        potential = np.asarray(Expression(self.potential)(self._nodes[0]))
        energies = self.mass * np.arange(self.states)
        kicks = {float(w): self.function(np.exp(-w * potential)) for w in np.unique(weights)}
        events = [(t, kicks[float(w)], True) for t, w in zip(nodes, weights, strict=True)]
        events += [(float(t), self.position, False) for t in np.asarray(times, dtype=float)]
        events.sort(key=lambda event: event[0])
        above = below = np.eye(1, self.states)[0]
        now = events[0][0]
        for t, operator, always in events:
            step = np.exp(-(t - now) * energies)
            above, below, now = operator @ (step * above), step * below, t
            if always:
                below = operator @ below
        return float(above[0] / below[0])
