"""Fields of any theory at points, draw by draw: what a test compares within one draw, whatever multiplies the prior.

Independent networks where a theory has nothing beside P(theta) and an exact sampler; networks of the prior with their
weights where a pilot finds enough of them effective; Markov chains otherwise.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.chained import CHAINS, chained_fields
from nnqft_ppl.correlation.weighted import LEAST_EFFECTIVE, chooses_weights, weighted_fields
from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.sampling.diagnostics import judge, summarise
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.conditioned import Model, conditioned


class Mean(NamedTuple):
    """Means of some values over a theory, with standard errors, and whether these can be trusted."""

    value: Array
    mcse: Array
    sound: bool  #: enough effective draws, and chains that agree


class Fields(NamedTuple):
    """phi at places in draws of a theory, each with its weight; chains stand one after the other."""

    places: Array  #: (P, d)
    phi: Array  #: (draws, P, D)
    weight: Array  #: (draws,), 1 but for networks of the prior
    chains: int  #: 0 for independent networks

    @property
    def draws(self) -> int:
        return len(self.phi)

    def at(self, points: Array) -> Array:
        """phi at some of the places, shape (draws, len(points), D)."""
        apart = np.abs(self.places[None] - points[:, None]).max(axis=-1)
        return self.phi[:, apart.argmin(axis=1)]

    def halves(self) -> tuple["Fields", "Fields"]:
        """Two parts that know nothing of each other: half of the networks, or half of the chains."""
        half = self.draws // 2
        chains = self.chains // 2
        first = Fields(self.places, self.phi[:half], self.weight[:half], chains)
        return first, Fields(self.places, self.phi[half : 2 * half], self.weight[half : 2 * half], chains)

    def average(self, values: Array) -> Array:
        """E[w values]/E[w] of values (draws, ...)."""
        return np.tensordot(self.weight, values, axes=1) / self.weight.sum()

    def mean(self, values: Array) -> Mean:
        """The same with its standard error: by the delta method, for chains with their autocorrelation."""
        flat = values.reshape(self.draws, -1)
        value = self.average(flat)
        influence = self.weight[:, None] * (flat - value) / self.weight.mean()
        if self.chains:
            found: Any = summarise({"influence": influence.reshape(self.chains, -1, flat.shape[1])})
            moving = np.ptp(influence, axis=0) > 0
            sound = not moving.any() or judge(found[moving], None, None).converged
            mcse = found["mcse"].fillna(0.0).to_numpy()
        else:
            mcse = influence.std(axis=0, ddof=1) / self.draws**0.5
            sound = bool(self.weight.sum() ** 2 >= LEAST_EFFECTIVE * (self.weight**2).sum())
        return Mean(value.reshape(values.shape[1:]), mcse.reshape(values.shape[1:]), sound)


def fields(model: Model, points: ArrayLike, *, draws: int, seed: int) -> Fields:
    """About `draws` draws of phi at points (P, d), by networks, weights or chains as suits the theory.

    Raises
    ------
    InputError
        for points of a wrong shape, no finite weight, or chains in single precision.
    """
    given = conditioned(model)
    places = check_points(points, given.net.dim)
    if given.net.ancestral and not given.factored:
        return Fields(places, field_draws(given.net, places, draws=draws, seed=seed), np.ones(draws), 0)
    if chooses_weights(given):
        return Fields(places, *weighted_fields(given, places, draws=draws, seed=seed), 0)
    phi = chained_fields(given, places, draws=draws, seed=seed)
    return Fields(places, phi, np.ones(len(phi)), CHAINS)
