"""Mixed field-neuron correlators: the sum rule, draws against closed forms, and what is predicted where."""

import numpy as np
import pytest
from typer.testing import CliRunner

from nnqft_ppl import Bimodal, InputError, exact_correlator, exact_mixed, load, models
from nnqft_ppl.cli.app import app
from nnqft_ppl.correlation.mixed import mixed_connected, predictions, sampled_mixed, sum_rule

X = np.array([[0.0], [0.4], [1.0], [-0.3]])

CASES = [
    ("cos_net", {"amplitude": Bimodal(mu=1.0, s=0.3)}),
    ("gauss_net", {"sigma_b": 0.6}),
    ("shared_neuron_cos_net", {"epsilon": 0.6}),
    ("shared_scale_cos_net", {"epsilon": 0.6}),
    ("deep_net", {"inputs": 3}),
]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_sum_rule_is_the_interaction(name, settings):
    net = load(name, width=4, sigma_a=1.2, **settings)
    assert float(sum_rule(net, X)) == pytest.approx(float(exact_correlator(net, X, "connected")), rel=1e-11)


def test_the_sum_rule_can_fail(monkeypatch):
    """A neuron moment that is off by a thousandth breaks it: the two sides are not one formula."""
    card = models.card("cos_net")
    right = card.neuron_moment
    monkeypatch.setattr(card, "neuron_moment", lambda self, x: right(self, x) * (1.001 if x.shape[-2] == 2 else 1.0))
    net = card(width=4)
    monkeypatch.setattr(card, "joint_neuron_moment", lambda self, blocks: np.prod([right(self, b) for b in blocks], 0))
    assert float(sum_rule(net, X)) != pytest.approx(float(exact_correlator(net, X, "connected")), rel=1e-4)


def test_the_sum_rule_says_where_it_does_not_apply():
    for net in (load("shifted_cos_net"), load("wine_bottle"), load("coupled_cos_net", amplitude=Bimodal())):
        with pytest.raises(InputError, match=r"sum rule|amplitudes"):
            sum_rule(net, X)
    with pytest.raises(InputError, match="points must be four, got 3"):
        sum_rule(load("cos_net"), X[:3])


def test_width_from_one_point():
    at = np.zeros((2, 1))
    for width in (1, 7, 1000):
        net = load("cos_net", width=width)
        ratio = float(mixed_connected(net, at, at)) / (float(net.two_point(*at)) / 2)
        assert ratio == pytest.approx(1 / (2 * width), rel=1e-12)


def test_draws_agree_with_closed_forms():
    """At 100 thousand draws an error of 6 % of E[phi phi h h] is 5 standard errors; false alarms 6e-7 each."""
    net = load("shared_neuron_cos_net", width=4, epsilon=0.7)
    found = sampled_mixed(net, X[:2], X[2:], (0, 0), draws=100_000, seed=1)
    exact = float(exact_mixed(net, X[:2], X[2:]))
    assert abs(found.estimate - exact) < 5 * found.mcse
    assert 5 * found.mcse < 0.06 * exact
    found = sampled_mixed(net, X[:1], X[1:2], (2,), amplitudes=True, draws=100_000, seed=1)
    assert abs(found.estimate - float(exact_correlator(net, X[:2])) / 4) < 5 * found.mcse
    with pytest.raises(InputError, match=r"neurons must be 2 numbers below 4, got \(0,\)"):
        sampled_mixed(net, X[:1], X[:2], (0,), draws=10, seed=0)


def test_predictions():
    by_name = {p.quantity: p for p in predictions(load("shifted_cos_net", width=10), X)}
    assert by_name["E[phi(x1)]: explicit breaking, in the field"].value == 0.0
    assert by_name["E[phi(x1) h(x2)]: explicit breaking, in a neuron"].value == pytest.approx(0.15 * np.exp(-0.08))
    assert "even amplitudes" in by_name["G4c from mixed correlators alone, the sum rule"].remark
    free = predictions(load("cutoff_free_scalar", dim=2, power=1.5), np.pad(X, ((0, 0), (0, 1))))
    assert any("separate" in p.remark for p in free)


def test_command_line(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("x0\n0.0\n0.4\n1.0\n-0.3\n")
    result = CliRunner().invoke(app, ["predict", "cos_net", "--set", "width=4", "--points", str(points)])
    assert result.exit_code == 0, result.stderr
    value = f"{float(exact_correlator(load('cos_net', width=4), X, 'connected')):.9g}"
    assert result.stdout.count(value) == 3  # G4c, its I_N, and the sum rule
    assert "E[phi(x1) h(x2)]" in result.stdout
