"""The action of a network: couplings against the exact density, Feynman rules there and back, and the command."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import special
from scipy.integrate import quad
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl import InputError, NoClosedForm, load
from nnqft_ppl.cli.app import app
from nnqft_ppl.correlation.partitions import cumulant_weight, polynomial
from nnqft_ppl.interacting.couplings import (
    Couplings,
    amputated,
    couplings,
    couplings_of,
    cumulants,
    cumulants_of,
    exact_couplings,
)
from nnqft_ppl.reports.actions import locality
from nnqft_ppl.runtime.subsets import members

TWO, FOUR = np.array([[0.0], [0.8]]), np.array([[0.0], [0.6], [1.5], [2.1]])


@pytest.mark.parametrize(("width", "expected"), [(100, 0.2452287776), (1000, 0.2495210342)])
def test_the_quartic_coupling_at_one_point(width, expected):
    """N g_4 for F = 1 and constant modulus, by moments of J_0(t/sqrt N)^N with an integrator of another library."""
    net = load("cos_net", width=width, amplitude="constant_modulus")

    def moment(k):
        return quad(lambda t: t**k * special.j0(t / width**0.5) ** width, 0, 14, epsabs=0, epsrel=1e-13, limit=400)[0]

    ratio = moment(2) / moment(0), moment(4) / moment(0)
    integral = -(ratio[1] / 24 - (ratio[0] / 2) ** 2 / 2)
    assert width * integral == pytest.approx(expected, abs=6e-11)
    assert width * exact_couplings(net, [[0.0]]).four.item() == pytest.approx(width * integral, abs=6e-11)
    found = [width * couplings(net, [[0.0]], powers).four.item() for powers in (0, 1, 2)]
    assert found[:2] == [0.0, pytest.approx(0.25, rel=1e-12)]
    assert abs(found[2] - expected) < 0.3 / width**2


def test_couplings_converge_to_those_of_the_density():
    """Two points: what k powers of 1/N leave falls like N^-(k+1), for every coupling of both fields."""
    left = {}
    for width in (100, 200):
        net = load("cauchy", width=width)
        exact = exact_couplings(net, TWO)
        for powers in (1, 2):
            own = couplings(net, TWO, powers)
            left[width, powers] = [np.abs(a - b).max() for a, b in zip(own, exact, strict=True)]
    for powers, n in itertools.product((1, 2), range(3)):
        fall = left[100, powers][n] / left[200, powers][n]
        if n < 2 or powers == 2:
            assert math.log2(fall) == pytest.approx(powers + 1, abs=0.25), (powers, n)


def test_feynman_rules_give_the_correlators_back():
    """On four points; what two powers of 1/N leave falls like N^-3."""
    left = []
    for width in (400, 800):
        known = cumulants(load("cauchy", width=width), FOUR)
        again = cumulants_of(couplings_of(known))
        left.append([np.abs(a - b).max() for a, b in zip(again, known, strict=True)])
    assert np.log2(np.divide(*left)) == pytest.approx([3, 3, 3], abs=0.2)


def test_feynman_rules_of_an_integral():
    """phi^4 and phi^6 at one point, by quadrature: <phi^2>, kappa_4, kappa_6 to two powers of the coupling."""
    left = []
    for size in (1e-3, 5e-4):
        four, six = 0.7 * size, -0.4 * size**2
        given = Couplings(np.full((1, 1), 0.6), np.full((1,) * 4, four), np.full((1,) * 6, six))

        def moment(k, four=four, six=six):
            def density(x):
                return x**k * np.exp(-0.6 * x**2 - four * x**4 - six * x**6)

            return quad(density, 0, 9, epsabs=0, epsrel=1e-13, limit=400)[0]

        m2, m4, m6 = (moment(k) / moment(0) for k in (2, 4, 6))
        exact = np.array([m2, m4 - 3 * m2**2, m6 - 15 * m4 * m2 + 30 * m2**3])
        left.append(np.abs(exact - [part.item() for part in cumulants_of(given)]))
    assert np.log2(np.divide(*left)) == pytest.approx([3, 3, 3], abs=0.1)


def test_a_deformation_comes_back_amputated():
    """d/d lambda of the amputated G4c at lambda = 0, S = lambda sum w phi^4: -24 w_i delta_ijkl, up to 1/N.

    All exact: the derivative of <O> is -Cov(O, S), and eight fields have a closed correlator.
    """
    weights, x = np.array([0.5, 1.2]), TWO
    expected = np.zeros((2,) * 4)
    np.fill_diagonal(expected, -24 * weights)
    left = []
    for width in (2_000, 20_000):
        net = load("cauchy", width=width)
        connected = polynomial(4, lambda partition: cumulant_weight(len(partition)))
        slope = np.zeros((2,) * 4)
        for places in itertools.combinations_with_replacement(range(2), 4):
            moments, changes = [], []
            for mask in connected.subsets:
                own = [places[k] for k in members(mask)]
                moments.append(float(nq.exact_correlator(net, x[own])))
                with_action = [float(nq.exact_correlator(net, x[[*own, *[z] * 4]])) for z in range(2)]
                alone = [float(nq.exact_correlator(net, x[[z] * 4])) for z in range(2)]
                changes.append(-weights @ (np.array(with_action) - moments[-1] * np.array(alone)))
            value = connected.gradient(np.array(moments)) @ np.array(changes)
            for order in set(itertools.permutations(places)):
                slope[order] = value
        two = net.two_point(x[:, None], x[None])
        left.append(np.abs(amputated(two, slope) - expected).max())
    assert left[0] / left[1] == pytest.approx(10, rel=0.05)
    assert left[1] < 0.05


def test_table_and_locality():
    net = load("cos_net", width=100, amplitude="constant_modulus")
    table: Any = nq.action(net)
    assert table["ways"].groupby(table["order"]).sum().to_dict() == {2: 16, 4: 256, 6: 4096}
    shares: Any = locality(table)
    assert shares.groupby("order")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert table["exact"].isna().all()
    near: Any = nq.action(net, TWO)
    assert near["coupling"].to_numpy() == pytest.approx(near["exact"].to_numpy(), rel=0.2, abs=1e-3)
    assert nq.theory_of(table) == net


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: nq.action(load("line")), "odd correlators must vanish"),
        (lambda: nq.action(load("vector")), "one component, got"),
        (lambda: nq.action(load("cos_net"), [[0.0], [1e-7]]), "so far apart that G2 has an inverse"),
        (lambda: nq.action(load("cos_net"), np.arange(9.0)[:, None]), "at most 8, got 9"),
        (lambda: nq.action(load("cos_net"), powers=3), "powers must be 0, 1 or 2"),
        (lambda: exact_couplings(load("cos_net"), FOUR), "one or two, got 4"),
    ],
)
def test_what_has_no_action_says_so(ask, message):
    with pytest.raises(InputError, match=message):
        ask()


def test_a_theory_with_an_action_has_it_already():
    with pytest.raises(NoClosedForm, match="has an action beside"):
        nq.action(nq.deform(load("cos_net"), "phi^4", [[0.0]]))


def test_the_command(tmp_path):
    out, plot = tmp_path / "action.parquet", tmp_path / "action.png"
    line = ["action", "cos_net", "--set", "width=100", "--out", str(out), "--plot", str(plot)]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.output
    assert "the largest of 129 couplings" in result.output
    assert plot.stat().st_size > 10_000
    table = nq.read_table(out, "action")
    assert len(table) == 129
    result = CliRunner().invoke(app, ["action", "vector"])
    assert (result.exit_code, "one component" in result.output) == (2, True)
