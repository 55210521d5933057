"""Every closed form of every card against that card's own draws, and planted errors that these draws catch.

Each comparison fails beyond 6.2 standard errors: with at most 2000 comparisons in the suite, a family-wise false-alarm
rate below 1e-6. Each comparison with a closed form also has to be able to catch the relative error of SENSITIVITY, or
it fails for lack of power: it takes as many draws as that needs.
"""

from typing import Any

import numpy as np
import pytest
from conftest import Z_LIMIT, assert_agrees, part_of
from mutations import (
    DRAWS,
    edited,
    edits,
    formula_mutations,
    other_values,
    rows,
    sampler_mutants,
)

from nnqft_ppl import load, names
from nnqft_ppl.checks.draws import recorded
from nnqft_ppl.checks.theorems import checks, unchecked
from nnqft_ppl.studies import EQUATIONS
from nnqft_ppl.studies.theorems import (  # pyright: ignore[reportMissingImports]
    INSTANCES,
    drawn,
    theory,
    with_methods,
)

BLOCK, LEAST, MOST = 2**17, 6, 160

#: The smallest relative error that draws have to catch: of moments of order two, of order four, of dependence.
SENSITIVITY = {
    "two_point": 0.01,
    "mean_field": 0.01,
    "connected_two_point": 0.01,
    "power_spectrum": 0.01,
    "rho": 0.01,
    "kernel_moment": 0.05,
    "neuron_moment": 0.05,
    "radial_moment": 0.02,
    "E[h_1^2]": 0.01,
    "E[F^2 cos(b.z)]": 0.01,
    "E|a_0|^2": 0.01,
    "four_point": 0.05,
    "joint_kernel_moment": 0.02,
    "joint_neuron_moment": 0.1,
    "connected_three_point": 0.05,
    "connected_four_point": 0.05,
    "pair_excess": 0.15,
    "independence_breaking": 0.15,
}
#: Closed forms that may be zero: of how many fields, and their size beside the product of the fields' deviations.
VANISHING = {"three_point": (3, 1), "connected_four_point": (4, 3)}
#: The Gibbs coupling is weak by nature, and its draws see a part of it only; F(b)^4 = b^8 has heavy tails.
WEAK = {
    ("gibbs_cos_net", "pair_excess"): 0.5,
    ("gibbs_cos_net", "independence_breaking"): 0.5,
    ("b.b", "E[h_1^2], further apart"): 0.15,
}
#: F = b.b favours short waves: correlators vary within half the length of the law, where a fifth of the draws suffices.
SHORTER = {"b.b": 0.5}

#: The first of each card, and of each envelope and regulator of it: `nnqft reproduce theorems` draws them all.
DRAWN = tuple({(name, s.get("envelope"), s.get("regulator")): (name, s) for name, s in reversed(INSTANCES)}.values())
#: One of each kind: waves, Gaussians, a law of tables, neurons that share and inherit, components, bottles, paths.
EVERYDAY = {"cos_net", "gauss_net", "tuned_net", "coupled_cos_net", "deep_net", "vector", "wine_bottle", "markov_net"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    part_of(DRAWN, lambda name, settings: name in EVERYDAY and settings.get("envelope") != "b.b"),
    ids=[f"{n}-{i}" for i, (n, _) in enumerate(DRAWN)],
)
def test_every_theorem_against_draws(name, settings):
    net, kind = theory(name, settings), settings.get("envelope", name)
    if kind in SHORTER:
        net = with_methods(net, length=SHORTER[kind] * net.length)
    made, source = checks(net), drawn(net)
    exact = np.array([float(check.expected()) for check in made])
    bars = np.array([bar(kind, check) for check in made])
    asked = (exact != 0) & np.isfinite(bars)
    blocks: list = []
    networks: Any = None
    blindness = np.inf
    while len(blocks) < LEAST or (blindness > 0.95 and len(blocks) < MOST):
        networks = recorded(source, draws=BLOCK, seed=11 + len(blocks))
        blocks.append([check.measured(networks) for check in made])
        blindness = (Z_LIMIT * pooled(blocks)[1][asked] / (bars[asked] * np.abs(exact[asked]))).max()
    for check, least, value, estimate, mcse in zip(made, bars, exact, *pooled(blocks), strict=True):
        label = f"{name}: {check.statement}"
        if value:
            assert_agrees(estimate, mcse, value, sensitivity=least, label=label)
        else:
            assert abs(estimate) <= Z_LIMIT * mcse, f"{label}: {estimate} +- {mcse} against 0"
            if check.quantity in VANISHING:
                order, size = VANISHING[check.quantity]
                scale = size * networks.field[:, :order, 0].std(axis=0).prod()
                assert Z_LIMIT * mcse <= 0.05 * scale, f"{label}: blind to 5 % of {scale}"


def bar(kind, check):
    """The relative error to catch, of a check by its statement if that has one, else by its quantity."""
    names = (check.statement, check.quantity)
    found = [WEAK[kind, name] for name in names if (kind, name) in WEAK]
    return (found + [SENSITIVITY[name] for name in names if name in SENSITIVITY] + [np.inf])[0]


def pooled(blocks):
    """Estimates and standard errors of independent blocks together."""
    found = np.array(blocks)
    return found[:, :, 0].mean(axis=0), np.sqrt((found[:, :, 1] ** 2).mean(axis=0) / len(found))


def test_every_card_is_drawn_and_has_theorems_that_are_checked():
    assert {name for name, _ in DRAWN} == set(names())
    for name in names():
        net = load(name)
        assert net.theorems()
        assert not unchecked(net), f"{name}: no check against draws for {unchecked(net)}"


#: Equations that speak of one architecture, or of the line alone; those after them speak of no correlator.
ONE_CARD = {"29", "S12", "S13", "S14", "S15"}
ON_THE_LINE = {"16", "31", "32", "33"}
NO_CORRELATOR = {"35", "36", "37", "38", "39", "40", "41", "S1", "S2", "S10"}


def test_every_equation_on_correlators_is_drawn_in_two_cards_and_beyond_the_line():
    cards, dims = {}, {}
    for name, settings in INSTANCES:
        net = theory(name, settings)
        for equation in {equation for check in checks(net) for equation in check.equations}:
            cards.setdefault(equation, set()).add(name)
            dims.setdefault(equation, set()).add(net.dim)
    drawn = {equation.strip("()") for equation in EQUATIONS} - NO_CORRELATOR
    assert drawn == set(cards)
    assert {equation for equation in drawn if len(cards[equation]) < 2} == ONE_CARD
    assert {equation for equation in drawn if max(dims[equation]) < 2} == ON_THE_LINE


# -- a quick selection of the planted errors; `make mutations` plants all ------------------------------------------------


def instance(name):
    return theory(name, next(settings for card, settings in INSTANCES if card == name))


def red(net, networks):
    return {row.statement.partition(": ")[2] for row in rows(net, networks) if row.verdict != "holds"}


@pytest.mark.slow
def test_errors_in_a_sampler_turn_rows_red():
    """The case that had passed everywhere, then one of each kind: a tail, a sign, a phase, a scale, a dependence."""
    cauchy = instance("cauchy")
    assert not red(cauchy, recorded(cauchy, draws=DRAWS, seed=1))
    heavier = dict(other_values(cauchy))["mass = 0.98"]
    found = red(cauchy, recorded(heavier, draws=DRAWS, seed=1, length=cauchy.length))
    assert {"G2", "G(p), smeared", "rho(tau)", "E[h_1^2]"} <= found
    for name, what, row in (
        ("cos_net", "a with other tails", "G4c"),
        ("cos_net", "b without its sign", "rotation of G4"),
        ("free_scalar", "c on a quarter of its range", "E[h_1 h_2]"),
        ("matern", "a without 1/sqrt N", "G2"),
        ("coupled_cos_net", "neurons made independent", "H_1122 - H_11 H_22"),
    ):
        net = instance(name)
        mutant = edited(net, dict(edits(net))[what])
        assert row in red(net, recorded(mutant, draws=DRAWS, seed=1, length=net.length)), (name, what)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gauss_net", "vector"])
def test_errors_in_a_closed_form_turn_rows_red(name):
    missed = [one for one in formula_mutations(instance(name)) if one.row is None and not one.equivalent]
    assert not missed


def test_there_are_errors_of_every_kind_for_every_card():
    kinds = {name: [what for what, _ in sampler_mutants(instance(name))] for name in names()}
    assert sum(map(len, kinds.values())) >= 100
    assert all(len(what) >= 5 for what in kinds.values())
