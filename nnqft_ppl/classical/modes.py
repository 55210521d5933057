"""Classical configurations (35): all local maxima of P(theta) of a theory, by ascents from draws of P.

They depend on the coordinates, which are those that the card declares: P is the density of its own parameters, without
a Jacobian.
"""

import math
from collections.abc import Sequence

import jax
import numpy as np

from nnqft_ppl.classical.density import Density
from nnqft_ppl.classical.maxima import Maxima, Modes
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import progress_bar
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned, unconditioned

BATCH, MOST = 256, 2**14  # starts of one batch; of a search
MISSED = 1e-3  # probability that one more start finds a new mode, at which a search stops


def modes(
    net: Model,
    sites: Sequence[str] | None = None,
    *,
    missed: float = MISSED,
    starts: int = MOST,
    seed: int = 0,
    progress: bool = False,
) -> Modes:
    """All classical configurations of a theory, or of some of its sites: ``("a",)`` for max P(a), (39).

    They are the local maxima of P(theta), (35), and the dominant ones the global maxima, (36), in the coordinates of
    the card. A search: ascents from draws of P, until one more would hardly find a new maximum. Degenerate maxima,
    about which the Hessian does not say how P falls, are known to about 1e-3 and may be counted more than once. Data
    more precise than a hundredth of the field leave most ascents ``unfinished``, and modes unseen.

    Parameters
    ----------
    net
        The theory; data, sources and actions are factors of P(theta), their normalisation left out.
    sites
        Names of the parameters whose joint law is meant; all by default.
    missed
        The probability that one more start finds a new mode, at which the search stops (1e-3).
    starts
        Number of starts at most (16384).
    seed
        Fixes the starts.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    A named tuple: ``found``, the modes with the most probable first, each with its parameters ``theta``, ``log_p``,
    ``kind`` (strict, flat, cusp, boundary or degenerate), the ``spectrum`` of the Hessian of -log P, ``zero_modes`` and
    ``moduli``, those that move the field; how many ``starts`` there were, and how many ended at ``saddles`` or
    ``unfinished``; and bounds on what was not found, ``unseen`` and ``missing``. Its properties count: ``isolated``
    modes and ``families`` of them with all relabellings, ``orbits`` without, distinct ``fields``; ``dominant`` has the
    global maxima.

    Raises
    ------
    InputError
        for an unknown site, a law without a density, an improper one, a density without a maximum that can be reached,
        or a bad budget. Of a theory with data, a source or an action: for some of its sites only, amplitudes that are
        integrated out, or an unknown hyperparameter.

    Examples
    --------
    The ensemble of lines phi(x) = theta x, theta ~ N(1, 1), has one classical configuration, phi(x) = x, as the paper
    says below (36):

    >>> nq.modes(nq.load("line")).found[0].theta["a"].round(6)
    array([1.])

    Given phi(2) = 1 with noise 1/2, its posterior has one, the ridge solution (1 + 2 * 4)/(1 + 4 * 4):

    >>> float(nq.modes(nq.observe(nq.load("line"), [[2.0]], [1.0], noise=0.5)).found[0].theta["a"][0].round(6))
    0.529412

    P(b) of two normal peaks, at 1 and 2.5, has two maxima, which the overlap of the peaks moves by 6e-6:

    >>> found = nq.modes(nq.load("landscape", width=1, peaks=2), ("b",))
    >>> found.isolated, sorted(round(float(mode.theta["b"][0]), 3) for mode in found.found)
    (2, [1.0, 2.5])
    """
    card = conditioned(net).net
    laws = card.prior()
    unknown = [site for site in sites or () if site not in laws]
    if unknown:
        raise InputError(f"{type(card).__name__}: site must be one of {', '.join(laws)}, got {unknown[0]!r}")
    if sites is None:
        density = Density(_maximisable(net))
    else:
        card = unconditioned(net, "modes", "ask for all sites, as the field that its factors know needs all of them")
        density = Density(card, {site: laws[site] for site in sites})
    return search(density, missed=missed, starts=starts, seed=seed, progress=progress)


def _maximisable(model: Model) -> Model:
    """The theory, if its factors are functions of the card's own sites; `InputError` otherwise."""
    if not isinstance(model, Conditioned):
        return model
    name = type(model.net).__name__
    if model.hyperlaws:
        raise InputError(
            f"modes: {name} has unknown hyperparameters ({', '.join(model.hyperlaws)}) beside P(theta); give these "
            "values, or use posterior"
        )
    if model.collapsed and model.factors:
        raise InputError(
            f"modes: {name} has its amplitudes integrated out, so that its maxima are no fields; leave collapse out"
        )
    return model


def search(
    density: Density, *, missed: float = MISSED, starts: int = MOST, seed: int = 0, progress: bool = False
) -> Modes:
    """All maxima of a density.

    Ascents from draws of P, in batches, until one more would end at a new mode with a probability of at most `missed`,
    and Chao's estimate of the number not found is below 1/2; or until `starts` were used. The probability is Good and
    Turing's f1/n, of f1 modes seen once in n starts, plus ln(20)/n: unseen modes with a larger share in all would have
    shown themselves with 95 % probability.

    Raises
    ------
    InputError
        for a density without a maximum that can be reached, or a bad budget.
    """
    if starts < 1:
        raise InputError(f"starts must be at least 1, got {starts}")
    if not 0 < missed < 1:
        raise InputError(f"missed must be between 0 and 1, got {missed}")
    draw = jax.jit(lambda batch: density.starts(jax.random.fold_in(key_of(seed), batch), BATCH))
    begin = np.asarray(draw(0))
    maxima, used = Maxima(density, begin, _spread(density, begin), seed), 0
    with progress_bar(f"{type(density.net).__name__} modes", starts, progress, unit="starts at most") as advance:
        while used < starts and (used == 0 or maxima.unseen(used) > missed or maxima.missing() >= 0.5):
            batch = min(BATCH, starts - used)
            maxima.add(np.asarray(draw(1 + used // BATCH))[:batch])
            used += batch
            advance(batch)
    if not maxima.families.hits:
        raise InputError(
            f"{type(density.net).__name__}: none of {used} starts reached a maximum: {maxima.unfinished} ended "
            f"nowhere, {maxima.saddles} at saddles; P(theta) may be unbounded or rise towards infinity"
        )
    return maxima.summary(used)


def _spread(density: Density, starts: Array) -> Array:
    """The spread of starts (count, size) by quartiles, one number a site: neurons must be treated alike."""
    spread, begin = np.ones(density.size), 0
    for shape in density.shapes.values():
        end = begin + math.prod(shape)
        spread[begin:end] = np.subtract(*np.quantile(starts[:, begin:end], [0.75, 0.25])) / 1.349
        begin = end
    return np.where(density.circles, 1.0, np.where(np.isfinite(spread) & (spread > 0), spread, 1.0))
