"""Correlators of theories with data, sources and actions: by weights of prior networks, and by Markov chains.

Values are compared within 5 standard errors, a false alarm of 6e-7 each; about 150 values are compared, 1e-4 together.
"""

import dataclasses
from typing import Any

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import part_of

import nnqft_ppl as nq
from nnqft_ppl.correlation import weighted
from nnqft_ppl.theory.conditioned import conditioned

pytestmark = pytest.mark.slow

LINE = nq.load("line", mean=0.4, sigma=1.2)  # phi(x) = a x, a ~ N(0.4, 1.2^2): every factor below leaves a normal
X = np.array([[[1.0], [0.5], [-1.0], [2.0]]])


def normal(precision, pull):
    """Mean and variance of exp(pull a - precision a^2/2) N(a; 0.4, 1.2^2)."""
    variance = 1.0 / (1.0 / 1.44 + precision)
    return variance * (pull + 0.4 / 1.44), variance


#: A theory of the line with factors, and the precision and the pull that they add to the law of the slope.
LINES = {
    "action": (nq.deform(LINE, "0.5*phi^2", [[1.0], [2.0]], [0.3, 0.2]), 0.3 + 0.2 * 4, 0.0),
    "source": (nq.add_source(LINE, [[1.0], [2.0]], [0.5, -0.1]), 0.0, 0.5 - 0.2),
    "data": (
        nq.observe(LINE, [[1.0], [2.0]], [0.7, 0.2], noise=np.array([0.8, 1.1])),
        1 / 0.64 + 4 / 1.21,
        0.7 / 0.64 + 0.4 / 1.21,
    ),
    "all": (
        nq.observe(nq.add_source(nq.deform(LINE, "phi^2", [[1.0]]), [[1.0]], [0.3]), [[1.0]], [0.5], noise=1.0),
        3.0,
        0.8,
    ),
}


def expected(order, kind, mean, variance):
    x = np.prod(X[0, :order, 0])
    if kind == "connected":
        return variance * x if order == 2 else 0.0
    moments = {1: mean, 2: mean**2 + variance, 4: mean**4 + 6 * mean**2 * variance + 3 * variance**2}
    return moments[order] * x


@pytest.mark.parametrize(
    ("name", "estimator"),
    part_of(
        [*((name, "reweight") for name in LINES), ("source", "chain"), ("all", "chain")],
        lambda name, estimator: name == "all" or (name, estimator) == ("action", "reweight"),
    ),
)
def test_a_line_with_factors_stays_normal(name, estimator):
    model, precision, pull = LINES[name]
    draws = 100_000 if estimator == "reweight" else 4000
    table = nq.correlators(model, X, orders=[1, 2, 4], estimators=[estimator], draws=draws, seed=3)
    rows: Any = table.itertuples()
    for row in rows:
        value = expected(row.order, row.kind, *normal(precision, pull)) if row.order > 1 else normal(precision, pull)[0]
        assert abs(row.estimate - value) < 5 * row.mcse, row
        assert 400 < row.ess <= 1.5 * draws
        assert row.order > 2 or row.mcse < 0.1


def test_the_error_of_a_ratio_is_its_scatter_over_seeds():
    """40 runs: the standard deviation of z is within 0.5 and 1.6, a false alarm of 1e-5; a factor 2 is caught."""
    model, precision, pull = LINES["action"]
    mean, variance = normal(precision, pull)
    z = []
    for seed in range(40):
        table = nq.correlators(model, X, orders=[2], kinds=["full"], estimators=["reweight"], draws=4000, seed=seed)
        z.append((table["estimate"].item() - expected(2, "full", mean, variance)) / table["mcse"].item())
    assert 0.5 < np.std(z) < 1.6


def test_a_planted_mistake_is_caught():
    """An action of 10 % more, or less, in the sampler."""
    model, precision, pull = LINES["action"]
    value = expected(2, "full", *normal(precision, pull))
    for factor in (0.9, 1.1):
        planted = dataclasses.replace(
            model, actions=tuple(action._replace(weights=factor * action.weights) for action in model.actions)
        )
        table = nq.correlators(planted, X, orders=[2], kinds=["full"], estimators=["reweight"], draws=400_000)
        assert abs(table["estimate"].item() - value) > 5 * table["mcse"].item()


def test_both_estimators_agree_on_an_interacting_field():
    net = nq.load("cauchy", width=6)
    model = nq.deform(net, "0.5*phi^4", np.linspace(-1.0, 1.0, 9)[:, None], np.full(9, 0.25))
    x = np.array([[[0.0], [0.3], [0.0], [-0.4]]])
    weights = nq.correlators(model, x, estimators=["reweight"], draws=100_000)
    chains = nq.correlators(model, x, estimators=["chain"], draws=4000)
    z = (weights["estimate"] - chains["estimate"]) / np.hypot(weights["mcse"], chains["mcse"])
    assert np.all(z.abs() < 5)
    free = nq.exact_correlator(net, x[:, :2], "full").item()
    assert weights["estimate"].iloc[0] < free - 20 * weights["mcse"].iloc[0]  # an interaction is seen


def test_vectors_and_unknown_hyperparameters():
    """A vector with a source along its first component; a mass with a law, without any other factor."""
    net = nq.load("vector", width=3, components=2)
    model = nq.add_source(net, [[0.0]], [[0.4, 0.0]])
    options: Any = {"orders": [2], "components": [0, 0, 1, 1], "kinds": ["full"]}
    x = np.zeros((1, 4, 1))
    table, chains = (nq.correlators(model, x, estimators=[name], **options) for name in ("reweight", "chain"))
    difference = table["estimate"].item() - chains["estimate"].item()
    assert abs(difference) < 5 * np.hypot(table["mcse"].item(), chains["mcse"].item())
    model = nq.add_source(net, [[0.0]], [[0.0, 0.4]])  # the first component is without a source
    other = nq.correlators(model, x, estimators=["reweight"], **options)
    assert table["estimate"].item() - other["estimate"].item() > 10 * table["mcse"].item()
    unknown = nq.give_laws(nq.load("cauchy", width=3), mass=dist.LogNormal(0.0, 0.5))
    table = nq.correlators(unknown, [[[0.0], [1.0]]], orders=[2], kinds=["full"], draws=200_000)
    mass = np.exp(0.5 * np.random.default_rng(0).standard_normal(1_000_000))
    assert abs(table["estimate"].item() - np.mean(np.exp(-mass)) / 2) < 5 * table["mcse"].item() + 5e-4


def test_weights_or_chains_by_a_pilot():
    net = nq.load("cos_net", width=4)
    mild = nq.deform(net, "0.01*phi^4", np.linspace(-2, 2, 9)[:, None])
    precise = nq.observe(net, [[0.0], [1.0]], [2.0, 2.5], noise=0.02)
    found = nq.correlators(mild, X, orders=[2], draws=1000)
    assert found["estimator"].unique().tolist() == ["reweight"]
    assert found.attrs["provenance"]["log_weight_variance"] == weighted.log_weights(conditioned(mild)).variance < 1.0
    assert weighted.log_weights(conditioned(mild)).share > 0.9
    assert not weighted.chooses_weights(conditioned(precise))
    gibbs = nq.deform(nq.load("gibbs_cos_net", width=3), "0.01*phi^2", [[0.0]])
    assert not weighted.chooses_weights(conditioned(gibbs))


def test_few_effective_draws_are_said():
    model = nq.observe(nq.load("cos_net", width=4), [[0.0], [1.0]], [2.0, 2.5], noise=0.05)
    with pytest.warns(UserWarning, match="effective draws of 2000, too few"):
        nq.correlators(model, X, orders=[2], estimators=["reweight"], draws=2000)


def test_a_precision_stops_a_run_and_a_checkpoint_goes_on(tmp_path):
    model, *_ = LINES["action"]
    options: Any = {"orders": [2], "kinds": ["full"], "estimators": ["reweight"], "precision": 0.02}
    whole = nq.correlators(model, X, **options)
    assert np.all(whole["mcse"] <= 0.02 * whole["estimate"].abs())
    assert whole["draws"].item() < 100_000
    nq.correlators(model, X, **options, checkpoints=tmp_path)
    again = nq.correlators(model, X, **options, checkpoints=tmp_path)
    assert again["estimate"].item() == whole["estimate"].item()


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        ("neuron", "estimator must be reweight or chain for a theory with data"),
        ("exact", "has no closed form; use the estimator reweight or chain"),
        ("median", "estimator must be one of exact, field"),
    ],
)
def test_errors_are_one_line(estimator, message):
    with pytest.raises(nq.InputError, match=message):
        nq.correlators(LINES["action"][0], X, estimators=[estimator])


def test_weights_need_factors_and_a_prior_that_can_be_drawn():
    with pytest.raises(nq.InputError, match="must be field where there is no data"):
        nq.correlators(LINE, X, estimators=["reweight"])
    with pytest.raises(nq.InputError, match="no exact sampler"):
        nq.correlators(nq.deform(nq.load("gibbs_cos_net", width=3), "phi^2", [[0.0]]), X, estimators=["reweight"])


def test_the_table_gives_its_theory_back():
    model = LINES["all"][0]
    table = nq.correlators(model, X, orders=[2], estimators=["reweight"], draws=1000)
    back: Any = nq.theory_of(table)
    assert nq.to_toml(back) == nq.to_toml(model)
