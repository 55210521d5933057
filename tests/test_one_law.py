"""One law, one verdict: cards that are one theory get the same answer from every question."""

from typing import Any

import numpy as np
import pytest
from conftest import part_of

from nnqft_ppl import Spectrum, axiom_verdicts, duality, exact_correlator, limit_posterior, load, predictions
from nnqft_ppl.axioms.osterwalder_schrader import conclude


def free(p):
    """1/(p^2 + 1)."""
    return 1.0 / (np.asarray(p) ** 2 + 1.0)


def gaussian(p):
    """exp(-p^2/2)."""
    return np.exp(-(np.asarray(p) ** 2) / 2)


def tuned(function, **settings: Any):
    return load("tuned_net", spectrum=Spectrum.of(function), **settings)


#: Pairs of cards that are one theory, up to the scale of the field, beside each other.
PAIRS = {
    "free scalar, hard cutoff": lambda: (
        load("free_scalar", cutoff=20.0),
        load("alpha_scalar", alpha=-1.0, cutoff=20.0, regulator="hard", amplitude=load("free_scalar").amplitude),  # pyright: ignore[reportAttributeAccessIssue]
        tuned(free, alpha=-1.0, cutoff=20.0),
    ),
    "free scalar in the plane": lambda: (load("free_scalar", dim=2), tuned(free, alpha=-1.0, cutoff=10.0, dim=2)),
    "alpha family": lambda: (
        load("alpha_scalar", alpha=0.5, cutoff=20.0, regulator="hard", amplitude=load("free_scalar").amplitude),  # pyright: ignore[reportAttributeAccessIssue]
        tuned(free, alpha=0.5, cutoff=20.0),
    ),
    "Ornstein-Uhlenbeck": lambda: (
        load("cauchy"),
        load("matern", nu=0.5),
        load("cutoff_free_scalar", power=1.0),
        load("coupled_cauchy", epsilon=0.0),
    ),
    "Gaussian frequencies": lambda: (
        load("cos_net"),
        load("coupled_cos_net", epsilon=0.0),
        load("equicorrelated_cos_net", epsilon=0.0),
        load("shared_neuron_cos_net", epsilon=0.0),
        load("gibbs_cos_net", epsilon=0.0),
        load("vector", components=1),
        load("shifted_cos_net", mu=0.0),
        load("offset_cos_net", mu=0.0, kappa=0.0),
        tuned(gaussian, alpha=0.0),
    ),
    "in the plane": lambda: (
        load("cos_net", dim=2),
        load("coupled_cos_net", epsilon=0.0, dim=2),
        load("vector", components=1, dim=2),
        load("shared_neuron_cos_net", epsilon=0.0, dim=2),
    ),
    "a wine bottle": lambda: (
        load("wine_bottle", width=3),
        load("many_bottles", width=3, components=2, bottles=1),
        load("many_bottles", width=3, components=2, bottles=1, strength=2.0),
    ),
    "free scalar, coupled by nothing": lambda: (load("free_scalar", dim=2), load("coupled_scalar", dim=2, epsilon=0.0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", part_of(PAIRS, lambda name: name in [*PAIRS][::2]))
def test_one_theory_has_one_verdict(name):
    first, *others = PAIRS[name]()
    x = first.length * np.pad([[0.1], [0.7], [-0.4], [1.1]], ((0, 0), (0, first.dim - 1)))

    def answers(net):
        """The outcome of every test of every axiom, and what is concluded of both widths."""
        found = axiom_verdicts(net)
        return [(v.axiom, v.test, v.outcome) for v in found], conclude(net, found).words

    expected, shape = answers(first), [exact_correlator(first, x[:n], "connected") for n in (2, 4)]
    for net in others:
        own = [exact_correlator(net, x[:n], "connected") for n in (2, 4)]
        assert own[1] / own[0] ** 2 == pytest.approx(shape[1] / shape[0] ** 2, rel=1e-6), type(net)  # one theory indeed
        assert answers(net) == expected, type(net)


#: Those whose limit is a Gaussian process: a wine bottle keeps its interaction at infinite width.
GAUSSIAN = [name for name in PAIRS if name != "a wine bottle"]


@pytest.mark.slow
@pytest.mark.parametrize("name", part_of(GAUSSIAN, lambda name: name in GAUSSIAN[1::2]))
def test_one_theory_has_one_prediction_one_dual_and_one_posterior(name):
    """What `predict`, `dual` and `posterior --limit` say, in units in which the field of both has one variance.

    Not `vacua`: classical configurations are those of the parameters that a card chose, which may be discrete.
    """
    first, *others = PAIRS[name]()
    x = first.length * np.pad([[0.1], [0.7], [-0.4], [1.1]], ((0, 0), (0, first.dim - 1)))
    values = np.array([0.3, -0.2, 0.5, 0.1])

    def answers(net):
        scale = float(net.two_point(x[0], x[0])) ** 0.5
        found = predictions(net, x)
        sizes = dict(zip((one.quantity for one in found), (0, 0, 2, 4, 4, 4), strict=False))
        field = [one.value / scale ** sizes[one.quantity] for one in found[:6]]
        ratio = next(one.value for one in found if "over G2 H" in one.quantity)
        rule = found[-1].value / scale**4
        limit = limit_posterior(net, x[:3], scale * values[:3], 0.3 * scale, x[3:])
        itself = duality(net, net, x)
        assert itself.dual
        assert itself.symmetries == ()
        return [*field, ratio, rule, limit.mean[0] / scale, limit.covariance[0, 0] / scale**2]

    expected = answers(first)
    for net in others:
        assert answers(net) == pytest.approx(expected, rel=1e-6, abs=1e-12), type(net)
        if net.two_point(x[0], x[0]) == pytest.approx(first.two_point(x[0], x[0]), rel=1e-9):
            found = duality(first, net, x)
            assert found.dual
            assert abs(found.four_point_gap) < 1e-9
            assert found.symmetries == ()


def test_a_cutoff_excuses_no_theory_that_fails_without_it():
    """sech with a cutoff is as little quantum as without one."""
    for cutoff in (3.0, 5.0, 20.0, np.inf):
        net = load("tuned_net", cutoff=cutoff)
        assert conclude(net, axiom_verdicts(net)).limit == "fail"
