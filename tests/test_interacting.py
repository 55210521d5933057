"""Interacting theories: normal order, the oscillator, the Gaussian limit, perturbation theory, masses, and `interact`.

Draws are compared within 5 standard errors, a false alarm of 6e-7 each; about 60 values are compared, 4e-5 together.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import eval_hermitenorm
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl.cli.app import app
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.interacting import perturbation as diagrams
from nnqft_ppl.interacting import wick as order
from nnqft_ppl.interacting.boxes import box
from nnqft_ppl.interacting.masses import effective_masses, separations
from nnqft_ppl.reports.interactions import oscillator_mass
from nnqft_ppl.theory.expressions import Expression

pytestmark = pytest.mark.usefixtures("quick_compilation")

#: H = p^2/2 + q^2/2 + lambda q^4 in infinite time: gap, <q^2>, kappa_4; on a grid of q by second differences, too, in
#: the study `anharmonic`.
ENERGIES = {
    0.1: (1.2103563168, 0.4125253684, -0.0217950093),
    0.5: (1.6282305313, 0.3058136507, -0.0203245202),
    1.0: (1.9341216168, 0.2571498214, -0.0161711487),
}

# -- normal order ------------------------------------------------------------------------------------------------------


def normal_order_is_hermite(c: float) -> bool:
    """:phi^n: against SciPy's Hermite polynomials, n up to 8."""
    phi = np.linspace(-2.0, 2.0, 9)
    return all(
        np.allclose(
            Expression(nq.wick(f"phi^{n}", c))(phi),
            c ** (n / 2) * eval_hermitenorm(n, phi / c**0.5),
            rtol=1e-11,
            atol=1e-11,
        )
        for n in range(1, 9)
    )


def test_normal_order_is_hermite(monkeypatch):
    assert all(normal_order_is_hermite(c) for c in (0.2723520960, 1.0, 3.7))
    right = order.normal_power
    monkeypatch.setattr(order, "normal_power", lambda n, c: right(n, c / 2 if n == 4 else c))  # 3 C for 6 C
    assert not normal_order_is_hermite(0.5)


def test_normal_powers_are_orthogonal():
    """E[:phi^m: :phi^n:] = delta_mn n! C^n, by Gauss-Hermite quadrature."""
    c = 0.7
    z, w = hermegauss(12)
    powers = np.stack([Expression(nq.wick(f"phi^{n}", c))(c**0.5 * z) for n in (1, 2, 3, 4, 6)])
    found = powers * (w / w.sum()) @ powers.T
    assert found == pytest.approx(np.diag([math.factorial(n) * c**n for n in (1, 2, 3, 4, 6)]), abs=1e-11)


def test_any_polynomial_is_read_and_written_back():
    for text, values in (
        ("(phi^2 - 1)^2/4", [0.25, 0.0, -0.5, 0.0, 0.25]),
        ("-phi**3 + 2*square - sqrt(4)*phi", [0.0, -2.0, 2.0, -1.0]),
        ("2^3*phi^(1+1)", [0.0, 0.0, 8.0]),
        ("0*phi", [0.0]),
    ):
        assert order.coefficients(text) == pytest.approx(np.array(values))
        assert order.coefficients(nq.wick(text, 0.0)) == pytest.approx(np.array(values))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cos(phi)", r"potential must be a polynomial in phi, got 'cos\(phi\)'"),
        ("phi1^2", "of a field of one component, got 'phi1"),
        ("phi^0.5", "polynomial in phi"),
        ("1/phi", "polynomial in phi"),
        ("phi^2^9", "polynomial in phi"),
        ("sqrt(-1)*phi", "polynomial in phi"),
        ("phi^", "expected a number"),
    ],
)
def test_what_is_no_polynomial_is_said_in_one_line(text, message):
    with pytest.raises(nq.InputError, match=message):
        nq.wick(text, 0.5)


# -- the oscillator ----------------------------------------------------------------------------------------------------


def test_energies_and_moments():
    for coupling, (gap, square, kappa) in ENERGIES.items():
        found = nq.Oscillator(f"{coupling}*phi^4")
        assert (found.gap, found.moment(2), found.kappa_4) == pytest.approx((gap, square, kappa), abs=2e-10)
        assert found.correlator([0.0] * 4) - 3 * found.correlator([0.0, 0.0]) ** 2 == pytest.approx(kappa, abs=2e-10)
    thermal = nq.Oscillator("0.5*phi^4")
    assert thermal.correlator([0.4, 0.4], period=2.0) == pytest.approx(0.3247616001, abs=1e-10)
    assert thermal.correlator([0.1, 0.9], period=200.0) == pytest.approx(thermal.correlator([0.1, 0.9]), rel=1e-10)


def test_free_vacua_end_a_box_as_the_action_does(shared):
    """On [0, 2] against reference.json, and the transfer matrix of ever more nodes against both: an error of h^2."""
    import json

    entries: Any = json.loads((shared / "reference.json").read_text())
    entries = entries if isinstance(entries, list) else entries.get("entries", list(entries.values()))
    chosen = [e for e in entries if "anharmonic oscillator" in str(e.get("architecture")) and "G2" in e["quantity"]]
    assert chosen
    oscillator = nq.Oscillator("0.1*phi^4")
    for entry in chosen:
        times = [float(t) for t in entry["points"]]
        assert oscillator.correlator(times, length=2.0) == pytest.approx(entry["value"], rel=1e-10)
        errors = []
        for nodes in (16, 32):
            x = (np.arange(nodes) + 0.5) * 2 / nodes
            errors.append(oscillator.on_nodes(times, x, np.full(nodes, 2 / nodes)) / entry["value"] - 1)
        assert abs(errors[1]) < 1e-3
        assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


def test_any_potential_and_its_errors():
    assert nq.Oscillator("1.5*phi^2 + phi").gap == pytest.approx(2.0, rel=1e-10)  # moved and stiffer
    assert nq.Oscillator("cos(phi)", mass=2.0, states=60).gap == pytest.approx(nq.Oscillator("cos(phi)", mass=2.0).gap)
    for ask, message in (
        (lambda: nq.Oscillator("phi", mass=0.0), "Oscillator: mass must be positive and finite, got 0.0"),
        (lambda: nq.Oscillator("phi", states=1), "Oscillator: states must be at least 2, got 1"),
        (lambda: nq.Oscillator("phi2"), "name must be one of phi"),
        (lambda: nq.Oscillator("0").correlator([3.0], length=2.0), r"times must lie in \[0, 2\]"),
        (lambda: nq.Oscillator("0").correlator([1.0], length=2.0, period=2.0), "periodic or of a length, not both"),
    ):
        with pytest.raises(nq.InputError, match=message):
            ask()


# -- N = infinity ------------------------------------------------------------------------------------------------------

PLACE = box(1, 3.0, 12)
MODEL = nq.deform(nq.load("cauchy"), "0.5*phi^4", PLACE.points, PLACE.weights)
X = np.array([[[-0.6], [0.1], [0.4], [0.9]]])


def on_nodes(potential: str, times: Any) -> float:
    return nq.Oscillator(potential, states=60).on_nodes(times, PLACE.axis, PLACE.weights)


def expected(kind: str, order: int) -> float:
    t = X[0, :, 0]
    if order == 2 or kind == "full":
        return on_nodes("0.5*phi^4", t[:order])
    pairs = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    return on_nodes("0.5*phi^4", t) - sum(
        on_nodes("0.5*phi^4", t[list(a)]) * on_nodes("0.5*phi^4", t[list(b)]) for a, b in pairs
    )


def test_the_gaussian_limit_is_the_oscillator_on_the_nodes():
    """G2 to 1 % and G4c to 8 % of itself; an action of 5 % more is caught."""
    for one in nq.gaussian_limit(MODEL, X, draws=400_000, seed=1):
        assert abs(one.estimate[0] - expected(one.kind, one.order)) < 5 * one.mcse[0]
        assert one.mcse[0] < {2: 0.01, 4: 0.08}[one.order] * abs(expected(one.kind, one.order))
        assert 0.3 * one.draws < one.ess[0] < one.draws
    more = nq.deform(nq.load("cauchy"), "0.5*phi^4", PLACE.points, 1.05 * PLACE.weights)
    planted = nq.gaussian_limit(more, X, orders=[2], kinds=["full"], draws=1_000_000, seed=1)[0]
    assert abs(planted.estimate[0] - expected("full", 2)) > 5 * planted.mcse[0]


def test_what_has_no_gaussian_limit_is_said_in_one_line():
    for net, message in (
        (nq.load("coupled_cos_net", width=3, epsilon=0.5), "is no centred Gaussian process"),
        (nq.load("vector", width=3), "field must have one component here, got 2"),
    ):
        with pytest.raises(nq.InputError, match=message):
            nq.gaussian_limit(net, X[:, :2], orders=[2])
    with pytest.raises(nq.InputError, match="order must be at most 2"):
        nq.gaussian_limit(MODEL, X[:, :2], orders=[4])
    with pytest.raises(nq.InputError, match="kind must be full or connected"):
        nq.gaussian_limit(MODEL, X, kinds=["I_N"])


def series_is_derivative(times: list[float], potential: str = "phi^4 + 2*phi^3 - phi") -> bool:
    """Diagrams against the transfer matrix: derivatives by the coupling, by central differences of error h^2."""
    model = nq.deform(nq.load("cauchy"), potential, PLACE.points, PLACE.weights)
    series = nq.perturbation(model, np.array(times)[:, None], order=len(times), kind="full")
    h = 1e-3
    up, middle, down = (on_nodes(f"({g})*({potential})", times) for g in (h, 0.0, -h))
    found = np.array([middle, (up - down) / (2 * h), (up + down - 2 * middle) / (2 * h**2)])
    return bool(np.allclose(series, found, rtol=5e-3, atol=1e-9))


@pytest.mark.parametrize("times", [[0.2], [0.0, 0.5], [0.0, 0.5, -0.3], [0.0, 0.5, -0.3, 0.7]], ids=len)
def test_two_orders_of_perturbation_theory(times):
    assert series_is_derivative(times)


def test_a_dropped_24_is_caught(monkeypatch):
    monkeypatch.setattr(diagrams.math, "factorial", lambda n: 1)
    assert not series_is_derivative([0.0, 0.5, -0.3, 0.7], "phi^4")


def test_normal_order_leaves_no_tadpole():
    net = nq.load("alpha_scalar", dim=2, cutoff=5.0)
    place = box(2, 4.0, 12)
    c = float(net.two_point(np.zeros(2), np.zeros(2)))
    assert c == pytest.approx(0.2723520960, abs=1e-10)
    square = 0.25 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    model = nq.deform(net, nq.wick("phi^4", c), place.points, place.weights)
    assert nq.perturbation(model, square, order=2, powers=1)[1] == pytest.approx(0.0, abs=1e-12)
    first = nq.perturbation(model, square, order=4, powers=1)[1]
    assert first == pytest.approx(-0.0191690, rel=1e-3)  # 144 nodes and the integral differ by 3e-4
    with pytest.raises(nq.InputError, match="must be a polynomial in phi, given by its text, got a function"):
        nq.perturbation(nq.deform(net, lambda phi: phi**4, square), square, order=2)
    with pytest.raises(nq.InputError, match="one field with actions alone"):
        nq.perturbation(nq.add_source(net, square, np.ones(4)), square, order=2)


# -- networks ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_masses_are_those_of_the_oscillator_on_the_nodes():
    """N = infinity to 2 %; a network of 6 neurons falls slower by more than 5 errors."""
    found = effective_masses(MODEL, PLACE, infinite=True, draws=200_000)
    r = separations(PLACE)
    slices = [on_nodes("0.5*phi^4", [-d / 2, d / 2]) for d in r]
    exact = np.log(np.divide(slices[:-1], slices[1:])) / np.diff(r)
    assert found.distance == pytest.approx((r[1:] + r[:-1]) / 2)
    near = found.distance < 1.2
    assert np.all(np.abs(found.mass - exact)[near] < 5 * found.mcse[near])
    assert found.mcse[0] < 0.02 * found.mass[0]
    few = nq.deform(nq.load("cauchy", width=6), "0.5*phi^4", PLACE.points, PLACE.weights)
    few = effective_masses(few, PLACE, infinite=False, draws=100_000)
    assert few.mass[0] < exact[0] - 5 * few.mcse[0]
    with pytest.raises(nq.InputError, match="nodes must be at least 4"):
        effective_masses(MODEL, box(1, 3.0, 3), infinite=True, draws=10)


def test_known_means_sharpen_weights_and_keep_their_errors_honest():
    """20 runs at a weak coupling: errors are a fifth of those of the products alone, and z scatters by 1 within a half.

    A false alarm of the scatter has a chance of 1e-3 for one correlator; errors wrong by a factor of 2 are caught.
    """
    weak = nq.deform(nq.load("cauchy", width=8), "0.02*phi^4", PLACE.points, PLACE.weights)
    options: Any = {"orders": [2, 4], "kinds": ["connected"], "estimator": "reweight", "draws": 4000}
    runs = [estimate(weak, X, seed=seed, **options) for seed in range(20)]
    for k, plain in ((0, 0.35), (1, 0.5)):
        values, errors = (np.array([getattr(run[k], name)[0] for run in runs]) for name in ("estimate", "mcse"))
        assert 0.55 < values.std(ddof=1) / errors.mean() < 1.6
        assert errors.mean() < 0.4 * plain / 4000**0.5


# -- the verb and its command ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return nq.interact(nq.load("cauchy"), "0.5*phi^4", side=3.0, nodes=12, widths=[6], draws=40_000)


@pytest.mark.slow
def test_the_table_holds_every_route_beside_the_limit(table):
    assert set(table["estimator"]) == {"reweight", "limit", "first order", "second order", "oscillator"}
    assert set(table["kind"]) == {"full", "connected", "mass"}
    assert table.loc[table["estimator"] == "reweight", "width"].eq(6).all()
    assert table.loc[table["estimator"] != "reweight", "width"].isna().all()
    oscillator = table[table["estimator"] == "oscillator"]
    near = oscillator["distance"].isna() | (oscillator["distance"] < 1.0)
    assert (oscillator.loc[near, "z"].dropna().abs() < 5).all()
    origin = table[(table["kind"] == "full") & (table["order"] == 2) & (table["configuration"] == 0)]
    rows = origin.set_index("estimator")
    assert rows.loc["oscillator", "estimate"] == pytest.approx(on_nodes("0.5*phi^4", [0.0, 0.0]), rel=1e-9)
    assert rows.loc["reweight", "z"] < -10  # six neurons are seen
    gap = oscillator[(oscillator["kind"] == "mass") & oscillator["distance"].isna()]
    assert gap["estimate"].item() == pytest.approx(ENERGIES[0.5][0], abs=1e-8)
    theory: Any = nq.theory_of(table)
    assert theory.actions[0].potential.text == "0.5*phi^4"


@pytest.mark.slow
def test_the_table_is_written_and_read_back(table, tmp_path):
    for suffix in ("parquet", "csv"):
        nq.write_table(table, tmp_path / f"t.{suffix}", "interactions")
        again = nq.read_table(tmp_path / f"t.{suffix}", "interactions")
        assert again["estimate"].tolist() == pytest.approx(table["estimate"].tolist())


def test_which_theories_are_an_oscillator():
    assert oscillator_mass(nq.load("cauchy"), PLACE) == pytest.approx(1.0)
    assert oscillator_mass(nq.load("cauchy", mass=2.0, sigma_a=0.5**0.5), PLACE) == pytest.approx(2.0)
    for other in (nq.load("cauchy", mass=2.0), nq.load("cos_net"), nq.load("torus"), nq.load("cos_net", dim=2)):
        assert oscillator_mass(other, PLACE) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["cauchy", "--potential", "phi^"], "expected a number, a name or '('"),
        (["cauchy", "--box", "-1"], "box must have a positive and finite side, got -1.0"),
        (["cauchy", "--nodes", "0"], "nodes must be from 1 to 16384 along each of 1 axes, got 0"),
        (["cauchy", "--widths", "0"], "width must be an integer >= 1, got 0"),
        (["cauchy", "--widths", "many"], "widths must be integers separated by commas, got 'many'"),
        (["cauchy", "--potential", "cos(phi)", "--wick"], "potential must be a polynomial in phi, got 'cos(phi)'"),
        (["line", "--wick", "--widths", "1"], "normal order needs one variance of the field at all nodes"),
        (["vector"], "field must have one component, got 2 (vector)"),
        (["coupled_cos_net"], "its infinite-width limit is no centred Gaussian process"),
        (["cauchy", "--out", "table.txt"], "must end in .parquet or .csv"),
    ],
)
def test_errors_of_the_command_are_one_line(options, message):
    found = CliRunner().invoke(app, ["interact", *options, "--draws", "100"])
    assert found.exit_code == 2
    assert message in found.stderr
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.exhaustive
@pytest.mark.usefixtures("quick_compilation")
def test_the_command_in_the_plane(tmp_path):
    out = tmp_path / "phi4.parquet"
    command = ["interact", "torus", "--set", "dim=2", "--set", "cutoff=2", "--potential", "0.1*phi^4", "--wick"]
    found = CliRunner().invoke(app, [*command, "--nodes", "4", "--widths", "6", "--draws", "2000", "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert "wrote" in found.stdout
    table = nq.read_table(out, "interactions")
    assert "oscillator" not in set(table["estimator"])
    assert table["potential"].iloc[0].startswith("0.1*phi^4 - ")
    places = nq.read_table(tmp_path / "phi4.points.parquet", "configurations")
    assert len(places) == 8
    assert CliRunner().invoke(app, [*command, "--nodes", "4", "--widths", "6", "--draws", "500"]).exit_code == 0
