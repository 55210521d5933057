"""Energies from sampled correlators: two states exactly, what noise leaves, and what is refused."""

from typing import Any

import numpy as np
import pytest
from scipy.linalg import eigh

from nnqft_ppl import InputError, deform, energies, load
from nnqft_ppl.interacting.energies import _solved, lowest_energies, places

CUBE: Any = load("markov_net", width=1, activation="cube")
TIMES = 0.4 * np.arange(9)


def test_two_states_are_found_exactly():
    """From correlators 9 exp(-t) + 6 exp(-3t) without noise, moved on by 0 and by one step: to 1e-10."""
    lag = np.add.outer([0, 1], [0, 1])
    both = np.stack([9 * np.exp(-0.4 * (k + lag)) + 6 * np.exp(-1.2 * (k + lag)) for k in (1, 2)])
    found = _solved([np.ones(()), np.zeros(2), both], (1, 2), 0.4)
    np.testing.assert_allclose(found, [[1.0, 3.0], [9.0, 6.0]], rtol=1e-10)
    with pytest.raises(InputError, match="powers and shifts must differ beyond the noise"):
        _solved([np.ones(()), np.zeros(2), np.ones((2, 2, 2))], (1, 2), 0.4)


@pytest.mark.slow
def test_energies_and_weights_of_drawn_fields():
    """1 and 3 with 9 and 6, false alarms 6e-7 a number; rates that are a third off are caught."""
    found = energies(CUBE, TIMES, lags=(0, 1), shifts=(0, 1), draws=200_000, seed=1)
    assert (np.abs(found.energies - [1.0, 3.0]) < 5 * found.errors).all()
    assert (np.abs(found.weights - [9.0, 6.0]) < 5 * found.weight_errors).all()
    assert (5 * found.errors < [0.3, 1.2]).all()
    assert found.effective == 200_000
    twice = energies(
        load("markov_net", width=1, activation="cube", mass=2.0), TIMES, lags=(0, 1), shifts=(0, 1), seed=1
    )
    assert np.abs(twice.energies[0] - 1.0) > 10 * twice.errors[0]


@pytest.mark.slow
def test_weighted_networks_of_an_interacting_theory():
    """phi^2 at 13 times, as a product of matrices exp(-w V) between the steps of the path, without any draw.

    One power at two lags sees an effective energy of 2.5, which is 1.4 without the action: 5 errors are 10 % of it.
    """
    net: Any = load("sine_path", width=1)
    times, weight = 0.25 * np.arange(-6.0, 7.0), 1.0
    model = deform(net, "4*phi^2", times[:, None], np.full(13, 0.25))
    found = energies(model, times[3:10], powers=(1,), shifts=(0,), lags=(1, 2), draws=200_000, seed=2)
    own, g = net.states()
    values, states = eigh(g)
    factor, decay = (states * np.exp(-weight * values**2)) @ states.T, np.exp(-0.25 * own)[:, None]

    def chain(*inserted: int) -> float:
        state = np.eye(1, len(own))[0]
        for k in range(13):
            state = factor @ (g @ state if k in inserted else state)
            state = decay[:, 0] * state
        return state[0]

    both = [np.mean([chain(k, k + lag) for k in range(3, 10 - lag)]) / chain() for lag in (1, 2)]
    expected = -np.log(both[1] / both[0]) / 0.25
    assert 5 * found.errors[0] < 0.1 * expected
    assert abs(found.energies[0] - expected) < 5 * found.errors[0]
    assert found.effective < 50_000


@pytest.mark.slow
def test_no_momentum_on_a_torus():
    """Means over a torus take modes (k, 0) alone: C(t) is a sum of cosines over them, read off the card's spectrum.

    False alarms 6e-7; one place in place of four, whose states have momenta too, is 0.24 higher: 60 errors.
    """
    net: Any = load("torus", dim=2, width=20, mass=1.0, period=4.0, cutoff=6.0, regulator="hard")
    times = 0.3 * np.arange(5)
    space: Any = places(net, nodes=4)  # momenta up to 6 alias with 0 from 2 pi on
    found, one = (
        energies(net, times, space=where, shifts=(0,), lags=(0, 1), draws=100_000, seed=3)
        for where in (space, space[:1])
    )
    k = 2 * np.pi / 4 * np.arange(-3, 4)  # |k| < 6
    both = [np.sum(np.cos(k * t) / (k**2 + 1)) for t in (0.0, 0.3)]
    expected = -np.log(both[1] / both[0]) / 0.3
    assert abs(found.energies[0] - expected) < 5 * found.errors[0] < 0.05
    assert one.energies[0] - expected > 20 * one.errors[0]


def test_a_second_state_is_told_only_where_it_stands_above_the_noise():
    """The Cauchy net has one energy, its mass: within 5 errors of it, false alarms 6e-7; the cube of a path has two."""
    options: dict[str, Any] = {"powers": (1,), "draws": 100_000, "seed": 1}
    one = lowest_energies(load("cauchy", width=20, mass=1.5), TIMES, **options)
    assert len(one.energies) == 1
    assert abs(one.energies[0] - 1.5) < 5 * one.errors[0] < 0.5
    two = lowest_energies(CUBE, TIMES, **options)
    assert (np.abs(two.energies - [1.0, 3.0]) < 5 * two.errors).all()


def test_places_of_a_box_of_space():
    """The midpoints of a box, of a torus's period or of 8 lengths where none is given; none on the line."""
    found: Any = places
    assert found(load("cauchy")) is None
    assert found(load("torus", dim=2, period=4.0), nodes=2).tolist() == [[-1.0], [1.0]]
    assert found(load("free_scalar", dim=3, mass=2.0), nodes=2).tolist() == [
        [-1.0, -1.0],
        [-1.0, 1.0],
        [1.0, -1.0],
        [1.0, 1.0],
    ]
    for net, given, words in (
        (load("cauchy"), {"side": 3.0}, "box must be left out on the line"),
        (load("torus", dim=2), {"side": -1.0}, "box must have a positive and finite side"),
        (load("torus", dim=3), {"nodes": 400}, "nodes must be from 1 to 128"),
    ):
        with pytest.raises(InputError, match=words):
            found(net, **given)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"times": [0.0, 1.0]}, "times must be at least three"),
        ({"times": [0.0, 1.0, 3.0]}, "times must be at least three, increasing and equally far apart"),
        ({"lags": (2, 1)}, "lags must be two, 0 <= t_0 < t_1 < 5"),
        ({"lags": (1, 5)}, "lags must be two, 0 <= t_0 < t_1 < 5"),
        ({"powers": (1, 1)}, "powers must be different whole numbers from 1 on"),
        ({"shifts": ()}, "shifts must be different whole numbers from 0 on"),
        ({"draws": 10}, "draws must be at least 100"),
        ({"model": load("cos_net", dim=2)}, r"space must be places \(S, 1\) for a theory in 2 dimensions, got none"),
        ({"model": load("cos_net", dim=2), "space": [0.0, 1.0]}, r"places \(S, 1\) .*, got shape \(2,\)"),
        ({"space": [[0.0]]}, r"space must be left out on the line, got shape \(1, 1\)"),
    ],
    ids=str,
)
def test_what_is_refused_is_one_line(settings, words):
    given = {"model": CUBE, "times": TIMES, **settings}
    with pytest.raises(InputError, match=words):
        energies(given.pop("model"), given.pop("times"), **given)
