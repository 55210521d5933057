"""Axioms by draws: of theories with an action, of theories without kernels, and what such tests cannot say."""

from typing import Any

import jax
import numpy as np
import pytest
from conftest import assert_agrees
from toy_cards import Tanh
from typer.testing import CliRunner

from nnqft_ppl import axiom_verdicts, deform, exact_correlator, load, read_table, to_toml
from nnqft_ppl.axioms.gram import gram, monomials, products, reflect, reflection_test, sampled_reflection
from nnqft_ppl.axioms.osterwalder_schrader import conclude
from nnqft_ppl.axioms.products import PAIRS, TRIPLES
from nnqft_ppl.axioms.reflection_positivity import LINEAR
from nnqft_ppl.axioms.sampled import sampled_verdict
from nnqft_ppl.cli.app import app
from nnqft_ppl.correlation.fields import fields

pytestmark = pytest.mark.usefixtures("quick_compilation")

TIMES = np.array([[0.1], [0.6], [1.2]])
AROUND = np.linspace(-2.0, 2.0, 9)[:, None]


def quartic(net: Any, strength: float = 0.1) -> Any:
    return deform(net, f"{strength}*phi^4", np.pad(AROUND, ((0, 0), (0, net.dim - 1))), np.full(9, 0.5))


def outcomes(found: Any, axiom: str) -> set[str]:
    return {one.outcome for one in found if one.axiom == axiom}


@pytest.mark.slow
def test_a_deformed_theory_is_asked_by_draws():
    """Cos-net with phi^4 fails as it does without, z near -13, -16 and -26; a wide Cauchy net with it does not."""
    found = axiom_verdicts(quartic(load("cos_net", width=10)))
    assert outcomes(found, LINEAR) == {"fail", "undecided"}
    assert outcomes(found, PAIRS) == outcomes(found, TRIPLES) == {"fail"}
    assert outcomes(found, "Z2") == outcomes(found, "reflection") == {"pass"}
    assert "an action beside P(theta)" in next(one.detail for one in found if one.axiom == "cluster decomposition")
    model = quartic(load("cauchy", width=50))
    found = axiom_verdicts(model, seed=1)
    assert all(outcomes(found, axiom) == {"undecided"} for axiom in (LINEAR, PAIRS, TRIPLES))
    assert conclude(model, found).words == "at this width undecided; at N = infinity undecided"


def test_the_norm_of_a_fixed_functional_is_that_of_the_exact_matrix():
    """No action: v^T M v of {phi, phi^3} by 1e5 networks, for v of the exact matrix; it sees 60 % of it.

    Without the reflection of the points the value is E[A^2], a hundred errors away.
    """
    net = load("cauchy", width=2)
    chosen = products(TIMES, 1, 1, 3)
    matrix = chosen.gram(net)
    assert matrix == pytest.approx(gram(net, monomials(TIMES, 1, 3)), rel=1e-14)
    values, vectors = np.linalg.eigh(matrix)
    sample = fields(net, np.concatenate([reflect(TIMES), TIMES]), draws=100_000, seed=2)
    found = reflection_test(sample, chosen, vectors[:, 0])
    assert_agrees(found.value, found.mcse, float(values[0]), sensitivity=0.6)
    assert found.z < -5
    assert abs(found.size - values[0]) > 50 * found.mcse


@pytest.mark.parametrize("route", ["weights", "chains"])
@pytest.mark.slow
def test_weights_and_chains_have_the_field_of_the_theory(route, monkeypatch):
    """One neuron in phi^4: E[phi(-.6) phi(.6)] by quadrature over (a, b, c) in NumPy; both see 20 %, a lost weight is 200 %."""
    monkeypatch.setattr("nnqft_ppl.correlation.fields.chooses_weights", lambda model: route == "weights")
    model = quartic(load("cos_net", width=1), 0.3)
    points = np.array([[-0.6], [0.6]])
    sample = fields(model, points, draws=20_000 if route == "weights" else 10_000, seed=3)
    found = sample.mean(sample.at(points[:1])[:, 0, 0] * sample.at(points[1:])[:, 0, 0])
    a, b = np.linspace(-6, 6, 121), np.linspace(-6, 6, 241)
    c = 2 * np.pi * np.arange(24) / 24
    h = np.cos(b[:, None, None] * np.concatenate([points, AROUND])[:, 0] + c[:, None])
    phi = a[:, None, None, None] * h
    weight = np.exp(-0.3 * 0.5 * (phi[..., 2:] ** 4).sum(axis=-1) - a[:, None, None] ** 2 / 2 - b[:, None] ** 2 / 2)
    expected = float((weight * phi[..., 0] * phi[..., 1]).sum() / weight.sum())
    free = float(exact_correlator(load("cos_net", width=1), points))
    assert free > 2 * expected  # a lost weight shows
    assert found.sound
    assert_agrees(float(found.value), float(found.mcse), expected, sensitivity=0.25)


def test_theories_without_kernels_are_asked_for_products_too():
    """Neurons tanh(b.x) are analytic: six-point products by 2e4 networks, z near -8, where the two-point ones see less."""
    net = Tanh(width=3)
    found = axiom_verdicts(net, draws=20_000)
    assert {one.test for one in found if one.axiom in (LINEAR, PAIRS, TRIPLES)} == {
        "{phi}, draws",
        "{1, phi^2}, draws",
        "{phi, phi^3}, draws",
    }
    assert all(one.effect > 0 for one in found if one.test.endswith("draws"))


def test_what_cannot_be_drawn_is_one_line():
    """Chains in single precision: a verdict that says what to do."""
    with jax.enable_x64(False):
        verdict = sampled_verdict(load("gibbs_cos_net", width=2), LINEAR, TIMES, (1,), draws=100, seed=0)
    assert verdict.outcome == "undecided"
    assert verdict.detail.startswith("chain needs double precision")


def test_a_positive_theory_is_spared():
    """The Cauchy net's two- and four-point functions are positive at every N: 20 seeds, none below -4; false alarms 1e-3."""
    for degrees in ((1,), (0, 2)):
        z = [
            sampled_reflection(load("cauchy", width=3), TIMES, draws=2000, seed=k, degrees=degrees).z for k in range(10)
        ]
        assert min(z) > -4
        assert max(z) > 0


@pytest.mark.slow
def test_the_command_line_takes_an_action(tmp_path):
    text, out = tmp_path / "theory.toml", tmp_path / "axioms.parquet"
    text.write_text(to_toml(quartic(load("cos_net", width=5))))
    result = CliRunner().invoke(app, ["axioms", "--theory", str(text), "--draws", "20000", "--out", str(out)])
    assert result.exit_code == 0, result.stderr
    assert "with an action: at this width not quantum: RP" in result.stdout
    table: Any = read_table(out, "axioms")
    assert set(table.loc[table["test"].str.endswith("draws"), "draws"]) == {2000, 4000}
