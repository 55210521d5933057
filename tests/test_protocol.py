"""Whatever is made from a theory is a theory: every verb takes it, or says in one line what is missing."""

import inspect
from typing import Any

import jax
import numpy as np
import pytest
from conftest import ROOT, part_of
from protocol import BESIDE, OTHERS, THEORIES, VERBS, X, Y, outcome
from scipy.optimize import minimize
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl import NoClosedForm, add_source, deform, load, modes, observe
from nnqft_ppl.classical.density import Density
from nnqft_ppl.cli.app import app
from nnqft_ppl.theory.conditioned import unconditioned

pytestmark = pytest.mark.usefixtures("quick_compilation")

#: Verbs that are asked of P(theta) alone, and say so before they begin.
PLAIN = ("breaking", "landscape", "modes of a", "vacua")


def _table() -> dict[tuple[str, str], str]:
    """The cells of docs/PROTOCOL.md."""
    lines = (ROOT / "docs" / "PROTOCOL.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {(verb, theory): cell for verb, *row in rows[1:] for theory, cell in zip(rows[0][1:], row, strict=True)}


TABLE = _table()


def test_the_table_has_every_cell():
    assert list(TABLE) == [(verb, theory) for verb in VERBS for theory in THEORIES], "run `make protocol`"


def check_cell(verb: str, theory: str) -> None:
    error = outcome(verb, theory)
    assert (error is None) == (TABLE[verb, theory] == "works"), "run `make protocol`"
    if error is None:
        return
    assert len(str(error).splitlines()) == 1, error
    if theory in BESIDE and verb != "observe" and TABLE[verb, "independent"] == "works":
        assert "; " in str(error), f"no remedy: {error}"


@pytest.mark.parametrize("theory", THEORIES)
@pytest.mark.parametrize("verb", [name for name, verb in VERBS.items() if not verb.slow])
def test_a_verb_works_or_says_what_is_missing(verb, theory):
    check_cell(verb, theory)


def everyday(verb: str, theory: str) -> bool:
    """Every refusal, and of what works a third: each slow verb with several theories, each theory with several verbs."""
    return TABLE[verb, theory] != "works" or (list(VERBS).index(verb) + list(THEORIES).index(theory)) % 3 == 0


SLOW = [(verb, theory) for verb in VERBS if VERBS[verb].slow for theory in THEORIES]


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "theory"), part_of(SLOW, everyday))
def test_a_verb_that_takes_seconds_does_too(verb, theory):
    check_cell(verb, theory)


@pytest.mark.parametrize("theory", BESIDE)
@pytest.mark.parametrize("verb", PLAIN)
def test_refusals_take_no_time(verb, theory):
    error = outcome(verb, theory)
    assert error is not None
    assert "beside P(theta); " in str(error)


def test_every_public_verb_is_asked():
    verbs = {name for name in nq.__all__ if inspect.isfunction(inspect.unwrap(getattr(nq, name)))}
    assert verbs == {name for name in VERBS if name in nq.__all__} | (OTHERS & verbs)


def test_what_is_nothing_but_a_card_is_its_card():
    net = load("line")
    for model in (net, nq.collapse(net)):
        assert unconditioned(model, "verb", "do that") is net
    with pytest.raises(NoClosedForm, match=r"^verb: Line has data, an action beside P\(theta\); do that$"):
        unconditioned(observe(deform(net, "phi^2", X), X, Y, noise=1.0), "verb", "do that", NoClosedForm)


def test_prior_draws_of_a_theory_with_data_are_those_before_them():
    net = load("line")
    before, after = (nq.prior_predictive(model, X, draws=3) for model in (net, observe(net, X, Y, noise=1.0)))
    assert np.array_equal(before["prior_predictive"].phi, after["prior_predictive"].phi)


# -- classical configurations with factors -------------------------------------------------------------------------------


def test_the_mode_of_a_line_given_data_is_the_ridge_solution():
    """a* = (mean/sigma^2 + J.x + x.(y/noise^2)) / (1/sigma^2 + x.(x/noise^2)), and the Hessian is the denominator."""
    noise, source, x = np.array([0.5, 0.2, 0.3, 1.0]), np.array([0.3, -1.0, 0.2, 0.1]), X[:, 0]
    model = add_source(observe(load("line", mean=0.7, sigma=1.3), X, Y, noise=noise), X, source)
    precision = 1 / 1.3**2 + x @ (x / noise**2)
    (mode,) = modes(model, starts=256).found
    assert mode.kind == "strict"
    assert mode.theta["a"][0] == pytest.approx((0.7 / 1.3**2 + source @ x + x @ (Y / noise**2)) / precision, rel=1e-12)
    assert mode.spectrum == pytest.approx([precision], rel=1e-12)


def test_the_command_line_takes_the_mode_of_a_text(tmp_path):
    model, out = observe(load("line"), [[2.0]], [1.0], noise=0.5), tmp_path / "modes.parquet"
    (tmp_path / "line.toml").write_text(nq.to_toml(model))
    result = CliRunner().invoke(app, ["modes", "--theory", str(tmp_path / "line.toml"), "--out", str(out)])
    assert result.exit_code == 0, result.stderr
    assert "maxima of P(a) with data" in result.stdout
    assert "0.529" in result.stdout  # (1 + 2 * 4)/(1 + 4 * 4)
    again: Any = nq.theory_of(out)
    assert nq.to_toml(again) == nq.to_toml(model)


def _ends(model: Any, starts: int) -> set[float]:
    """The local maxima of log P by SciPy's BFGS from draws of the prior, by their heights."""
    density = Density(model)
    down = jax.jit(jax.value_and_grad(lambda z: -density.log_prob(z)))

    def at(z: Any) -> Any:
        return tuple(np.asarray(value, dtype=float) for value in down(z))

    begin = np.asarray(density.starts(jax.random.key(11), starts))
    ends = [minimize(at, z, jac=True, method="BFGS", options={"gtol": 1e-8}) for z in begin]
    hessian = jax.jit(jax.hessian(density.log_prob))
    tops = [end for end in ends if np.linalg.eigvalsh(-np.asarray(hessian(end.x))).min() > -1e-5]
    return {round(-float(end.fun), 5) for end in tops}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "potential"),
    part_of(
        [(1, "0.1*phi^4"), (1, "0.25*phi^4 - 1.5*phi^2"), (2, "0.1*phi^4")],
        lambda width, potential: (width, potential) == (1, "0.25*phi^4 - 1.5*phi^2"),
    ),
)
def test_modes_with_an_action_are_those_of_scipy(width, potential):
    """An even quartic keeps the field at 0; a double well has maxima of six heights, and phi = 0 as the lowest."""
    model = deform(load("cos_net", width=width), potential, np.linspace(-2.0, 2.0, 5)[:, None])
    found = modes(model, starts=1024)
    assert max(mode.slope for mode in found.found) < 1e-9
    assert {round(mode.log_p, 5) for mode in found.found} == _ends(model, 200)


@pytest.mark.exhaustive
def test_two_neurons_in_a_double_well():
    """Whatever SciPy finds from fewer starts; relabelled neurons are one mode of two copies, mirrored fields two."""
    model = deform(load("cos_net", width=2), "0.25*phi^4 - 1.5*phi^2", np.linspace(-2.0, 2.0, 5)[:, None])
    found = modes(model, starts=1024)
    heights = {round(mode.log_p, 5) for mode in found.found}
    assert _ends(model, 100) <= heights
    assert found.found[0].log_p == max(mode.log_p for mode in found.found)
    assert sum(mode.copies for mode in found.dominant) == 8  # two signs of either amplitude, for either field
    assert len({mode.field for mode in found.dominant}) == 2
