"""Laws of neurons by draws: are they identical (S4), exchangeable (S8), independent (S5)?

Three neurons are enough to ask. Identical single laws do not make pairs exchangeable: with b_1 = b_2 and b_3 apart,
H_1122 and H_1133 differ although all H_ii agree, so (S8) as printed is false and needs exchangeability.
"""

from typing import NamedTuple

import jax
import numpy as np

from nnqft_ppl.axioms.verdicts import Z_LIMIT, Z_POWER
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.generic import generic_points

BATCH = 2**14


class NeuronTest(NamedTuple):
    """z-scores of what should vanish, and the smallest departures that are seen with 99 % probability at |z| = 5."""

    identical: float  #: H_00 - H_11, (S7)
    exchangeable: float  #: H_0011 - H_1122, (S8)
    independent: float  #: H_0011 - H_00 H_11, (S9)
    effect: float  #: of H_0011 - H_00 H_11, relative to sqrt(H_0000 H_1111)


def neuron_test(net: Architecture, *, draws: int = 200_000, seed: int = 0) -> NeuronTest:
    """Compare correlators of the first three neurons at four points.

    Raises
    ------
    InputError
        for fewer than three neurons, or a theory without an exact sampler.
    """
    net.check_ancestral()
    if net.neuron_count < 3:
        raise InputError(f"{type(net).__name__}: width must be at least 3 to compare neurons, got {net.width}")
    x = generic_points(net)
    found = over_networks(net, _first_three, x, draws=draws, seed=seed, points=x, batch=BATCH)
    h = found.astype(float)  # (draws, 3, 4 points)
    pairs, others = h[:, :, 0] * h[:, :, 1], h[:, :, 2] * h[:, :, 3]
    covariance = (pairs[:, 0] - pairs[:, 0].mean()) * (others[:, 1] - others[:, 1].mean())
    scale = float(np.sqrt((pairs[:, 0] ** 2).mean() * (others[:, 1] ** 2).mean()))
    return NeuronTest(
        _z(pairs[:, 0] - pairs[:, 1]),
        _z(pairs[:, 0] * others[:, 1] - pairs[:, 1] * others[:, 2]),
        _z(covariance),
        (Z_LIMIT + Z_POWER) * float(covariance.std() / draws**0.5) / scale,
    )


def _z(values: Array) -> float:
    mcse = values.std(ddof=1) / len(values) ** 0.5
    return float(values.mean() / mcse) if mcse > 0 else 0.0


def _first_three(net: Architecture, theta: dict[str, jax.Array], points: jax.Array) -> jax.Array:
    return net.neurons(theta, points)[:3]
