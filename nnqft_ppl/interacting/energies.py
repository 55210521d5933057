"""Energies of a theory from its draws: the generalised eigenvalue problem of its correlators.

Powers of the field at one time, moved on by a while, O_j = phi^p(s), make the states exp(-s H) phi^p |0>. As reflection
positivity says, C_ij(t) = <theta(O_i) O_j(t)> - <O_i><O_j> is a sum over states of <O_i|n> exp(-E_n t) <n|O_j>. The
generalised eigenvalues of C(t_1) v = lambda C(t_0) v are exp(-E_n (t_1 - t_0)), up to states beyond the number of
operators, which change them by about exp(-(E - E_n) t_0) (Luscher and Wolff 1990).

In more dimensions the first coordinate is time, and an operator is the mean of phi^p over places in space. Spread
evenly over a torus they take states without momentum; elsewhere the energies of all momenta make a continuum above the
mass.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from nnqft_ppl.interacting.boxes import box
from nnqft_ppl.runtime.arrays import Array, check_points, few_lines, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned, in_precision

BLOCKS = 50  # of draws, which the jackknife leaves out one after another
SEEN = 3.0  # errors that the weight of a state is from zero, or nobody knows that it is there
EVEN = 1e-6  # of a step, to which times have to be equally far apart


class Energies(NamedTuple):
    """The lowest energies that powers of the field reach, with the standard errors of the jackknife, each (n,)."""

    energies: Array  #: E_n - E_0, in increasing order
    errors: Array
    weights: Array  #: |<0|O|n>|^2 of the first power O
    weight_errors: Array
    effective: float  #: number of draws, less where they have weights

    __repr__ = few_lines
    _repr_html_ = html_table


def energies(
    model: Model,
    times: ArrayLike,
    *,
    space: ArrayLike | None = None,
    powers: Sequence[int] = (1,),
    shifts: Sequence[int] = (0, 2),
    lags: tuple[int, int] = (1, 2),
    draws: int = 100_000,
    seed: int = 0,
) -> Energies:
    """Energies E_n - E_0 and weights of a theory, from sampled correlators of powers of its field.

    C(t_1) v = lambda C(t_0) v with lambda_n = exp(-E_n (t_1 - t_0)), for a theory that satisfies (13). On a torus of
    period L a state goes round as well: beside E_n stands -E_n, whose weight is less by exp(-E_n L).

    Parameters
    ----------
    model
        A theory, or one with a source, an action or data, whose networks are weighted then.
    times
        At least three times (T,), equally far apart, at which the field is drawn: correlators are averaged over all of
        them, so that the theory must be stationary there.
    space
        Places (S, d - 1) of a theory in d > 1 dimensions, over which an operator is averaged, such as `places` gives;
        times are x_0.
    powers
        The powers p of the field, odd for states that one field reaches and even for those that two do.
    shifts
        The s of each of them, in steps between the times: as many energies are found as there are powers and shifts.
    lags
        t_0 and t_1 > t_0, in steps.
    draws, seed
        Number of networks, and the seed that fixes them.

    Returns
    -------
    A named tuple of ``energies`` and ``weights`` |<0|phi^p|n>|^2 of the first power, with ``errors`` and
    ``weight_errors``; nan where noise leaves no positive eigenvalue; and the ``effective`` number of draws.

    Raises
    ------
    InputError
        for a theory without an exact sampler, unknown hyperparameters, places that are not those of its space, times
        that are not equally far apart, powers or lags that cannot be used, or too few draws for the powers.

    Examples
    --------
    The cube of an oscillator's position has matrix elements with two states alone, of energies 1 and 3.

    >>> net = nq.load("markov_net", width=2, activation="cube")
    >>> found = nq.energies(net, 0.4 * np.arange(9), draws=20_000)
    >>> bool(np.all(np.abs(found.energies - [1.0, 3.0]) < 5 * found.errors))
    True
    """
    return _drawn(model, times, space, powers, shifts, lags, draws, seed).solved()


def lowest_energies(
    model: Model,
    times: ArrayLike,
    *,
    space: ArrayLike | None = None,
    powers: Sequence[int] = (1,),
    draws: int = 100_000,
    seed: int = 0,
) -> Energies:
    """The two lowest energies, or one where the second does not stand above the noise; as `energies`, in all else.

    A second state is there if its energy has an error and its weight is SEEN errors from zero.
    """
    drawn = _drawn(model, times, space, powers, (0, 1), (1, 2), draws, seed)
    try:
        found = drawn.solved()
    except InputError:  # of more states than the draws tell apart
        return drawn.unshifted().solved()
    if np.isfinite(found.errors).all() and (found.weights > SEEN * found.weight_errors).all():
        return found
    return drawn.unshifted().solved()


class _Drawn(NamedTuple):
    """Sums over blocks of draws, from which the energies are solved."""

    sums: tuple[Array, ...]
    shifts: int  #: of each power
    lags: tuple[int, int]
    step: float
    effective: float

    def solved(self) -> Energies:
        """The energies with the errors of the jackknife; `InputError` where operators are the same but for noise."""
        whole = [part.sum(axis=0) for part in self.sums]
        value = _solved(whole, self.lags, self.step)
        others = ([all_ - part[k] for all_, part in zip(whole, self.sums, strict=True)] for k in range(BLOCKS))
        without = np.array([_solved(one, self.lags, self.step) for one in others])
        errors = np.sqrt((BLOCKS - 1) * without.var(axis=0))
        return Energies(value[0], errors[0], value[1], errors[1], self.effective)

    def unshifted(self) -> "_Drawn":
        """The same draws with the first shift of each power alone."""
        total, means, products = self.sums
        kept = slice(None, None, self.shifts)
        return self._replace(sums=(total, means[:, kept], products[:, :, kept, kept]), shifts=1)


def _drawn(
    model: Model,
    times: ArrayLike,
    space: ArrayLike | None,
    powers: Sequence[int],
    shifts: Sequence[int],
    lags: tuple[int, int],
    draws: int,
    seed: int,
) -> _Drawn:
    """Checks, and the draws."""
    theory = conditioned(model)
    where = _places(theory.net, space)
    if theory.unknown:
        raise InputError("energies: hyperparameters must be known; give them a value with load")
    t = np.asarray(times, dtype=float)
    steps = np.diff(t) if t.ndim == 1 else np.zeros(0)
    if len(steps) < 2 or not (steps > 0).all() or np.ptp(steps) > EVEN * steps.mean():
        raise InputError(f"times must be at least three, increasing and equally far apart, got {times}")
    for name, given, least in (("powers", powers, 1), ("shifts", shifts, 0)):
        if not given or min(given) < least or len(set(given)) < len(given):
            raise InputError(f"{name} must be different whole numbers from {least} on, got {tuple(given)}")
    room = len(t) - 2 * max(shifts)
    if len(lags) != 2 or not 0 <= lags[0] < lags[1] < room:
        raise InputError(f"lags must be two, 0 <= t_0 < t_1 < {room}, got {tuple(lags)}; more times allow more")
    if draws < 2 * BLOCKS:
        raise InputError(f"draws must be at least {2 * BLOCKS}, got {draws}")
    beside = in_precision(theory, "float32") if theory.factors else None  # as the networks are drawn
    operators = _Operators(tuple(powers), tuple(shifts), lags, (len(t), len(where)), beside)
    x = np.column_stack([np.repeat(t, len(where)), np.tile(where, (len(t), 1))])
    sums, effective = _block_sums(theory, operators, check_points(x, theory.net.dim), draws, seed)
    return _Drawn(sums, len(shifts), lags, float(steps.mean()), effective)


def places(net: Architecture, side: float | None = None, nodes: int = 8) -> Array | None:
    """The midpoints of a box in the space of a theory in d > 1 dimensions, (nodes^(d-1), d - 1); none on the line.

    A mean over all of them has no momentum on a torus whose period is the side, which it is by default; elsewhere as
    far as the box is wide, by default 8 lengths of the theory.

    Raises
    ------
    InputError
        for a side on the line or one that is not positive, and for a number of nodes that is not, or is too large.
    """
    if net.dim == 1:
        if side is not None:
            raise InputError(f"box must be left out on the line, which has no space, got {side}")
        return None
    return np.asarray(box(net.dim - 1, side or net.circumference or 8 * net.length, nodes).points)


def _places(net: Architecture, space: ArrayLike | None) -> Array:
    """Where an operator has its fields, (S, d - 1): one place without coordinates on the line."""
    if net.dim == 1 and space is None:
        return np.zeros((1, 0))
    rule = f"places (S, {net.dim - 1}) for a theory in {net.dim} dimensions" if net.dim > 1 else "left out on the line"
    given = None if space is None else np.asarray(space, dtype=float)
    if net.dim == 1 or given is None or given.shape != (len(given), net.dim - 1) or not given.size:
        raise InputError(f"space must be {rule}, got {'none' if given is None else f'shape {given.shape}'}")
    return given


class _Operators(NamedTuple):
    """What one network says of the operators: means over times, products at both lags, and its log weight."""

    powers: tuple[int, ...]
    shifts: tuple[int, ...]
    lags: tuple[int, int]
    shape: tuple[int, int]  #: numbers of times and of places
    model: Conditioned | None  #: the theory, where it has factors

    def __call__(self, net: Architecture, theta: Parameters, points: jax.Array) -> tuple[jax.Array, ...]:
        every = net.field(theta, points).reshape(len(points), -1)
        count = math.prod(self.shape)
        phi, log_weight = every[:count, 0].reshape(self.shape), jnp.zeros((), every.dtype)
        if self.model is not None:  # which knows the field at the other points
            rest = every[count:] if net.component_count > 1 else every[count:, 0]
            log_weight = self.model.log_factors_of(rest, self.model.with_values({})[1])
        fields = [(phi**p).mean(axis=1) for p in self.powers]
        means = jnp.repeat(jnp.stack([one.mean() for one in fields]), len(self.shifts))

        def product(p: jax.Array, q: jax.Array, lag: int) -> jax.Array:
            """phi^p(0) phi^q(lag), averaged over times and over both orders."""
            early, late = slice(self.shape[0] - lag), slice(lag, None)
            return 0.5 * (jnp.mean(p[early] * q[late]) + jnp.mean(q[early] * p[late]))

        every_operator = [(one, shift) for one in fields for shift in self.shifts]
        # theta(O_i) and O_j are moved on in opposite directions.
        products = [
            [[product(p, q, lag + r + s) for q, s in every_operator] for p, r in every_operator] for lag in self.lags
        ]
        return means, jnp.array(products), log_weight


def _block_sums(
    model: Conditioned, operators: _Operators, x: Array, draws: int, seed: int
) -> tuple[tuple[Array, ...], float]:
    """Sums over blocks of draws of w, of w O_i and of w theta(O_i) O_j at both lags; how many are effective."""
    every = np.concatenate([x, np.asarray(model.places)])
    found = over_networks(model.net, operators, every, draws=draws, seed=seed, points=every)
    means, products, logs = (part.astype(float) for part in found)
    w = np.exp(logs - logs.max())
    blocks = np.array_split(np.arange(draws), BLOCKS)

    def sums(values: Array) -> Array:
        return np.stack([np.tensordot(w[own], values[own], axes=1) for own in blocks])

    return (sums(np.ones(draws)), sums(means), sums(products)), float(w.sum() ** 2 / (w**2).sum())


def _solved(sums: Sequence[Array], lags: tuple[int, int], step: float) -> Array:
    """Energies and weights, (2, n), from sums over draws."""
    total, means, products = sums
    early, late = products / total - np.multiply.outer(means, means) / total**2
    try:
        values, vectors = eigh(late, early)
    except np.linalg.LinAlgError:
        raise InputError("powers and shifts must differ beyond the noise; give fewer of them, or more draws") from None
    values, vectors = values[::-1], vectors[:, ::-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = -np.log(np.where(values > 0, values, np.nan)) / (step * (lags[1] - lags[0]))
        return np.stack([found, (early[0] @ vectors) ** 2 * np.exp(found * step * lags[0])])
