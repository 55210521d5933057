"""One law, one verdict: cards that are one theory get the same answer from every question."""

from typing import Any

import numpy as np
import pytest

from nnqft_ppl import Spectrum, axiom_verdicts, exact_correlator, load
from nnqft_ppl.axioms.osterwalder_schrader import conclude
from nnqft_ppl.axioms.verdicts import together


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
    "free scalar, coupled by nothing": lambda: (load("free_scalar", dim=2), load("coupled_scalar", dim=2, epsilon=0.0)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_one_theory_has_one_verdict(name):
    first, *others = PAIRS[name]()
    x = first.length * np.pad([[0.1], [0.7], [-0.4], [1.1]], ((0, 0), (0, first.dim - 1)))

    def answers(net):
        """The outcome of every axiom, and what is concluded of both widths."""
        found = axiom_verdicts(net)
        outcomes = {v.axiom: together([w for w in found if w.axiom == v.axiom]) for v in found}
        return outcomes, conclude(net, found).words

    expected, shape = answers(first), [exact_correlator(first, x[:n], "connected") for n in (2, 4)]
    for net in others:
        own = [exact_correlator(net, x[:n], "connected") for n in (2, 4)]
        assert own[1] / own[0] ** 2 == pytest.approx(shape[1] / shape[0] ** 2, rel=1e-6), type(net)  # one theory indeed
        assert answers(net) == expected, type(net)


def test_a_cutoff_excuses_no_theory_that_fails_without_it():
    """sech with a cutoff is as little quantum as without one."""
    for cutoff in (3.0, 5.0, 20.0, np.inf):
        net = load("tuned_net", cutoff=cutoff)
        assert conclude(net, axiom_verdicts(net)).limit == "fail"
