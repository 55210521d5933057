"""Landscapes: exact counts against a closed form, against every configuration, and against a search."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from nnqft_ppl import Bimodal, InputError, NoClosedForm, landscape, load, modes
from nnqft_ppl.classical.basins import basin_tree
from nnqft_ppl.classical.counting import octahedral, sums
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.classical.maxima import Mode, Modes
from nnqft_ppl.classical.neurons import ClassicalNeurons, classical_neurons
from nnqft_ppl.cli.app import app

pytestmark = pytest.mark.usefixtures("quick_compilation")

SIGNS, X = np.array([-1.0, 1.0]), np.random.default_rng(0).normal(size=24)

#: |S_c| for M functions and N neurons of amplitudes +-a, counted by hand of the l1 spheres of Z^M.
COUNTS = {(2, 2): 9, (2, 3): 16, (2, 4): 25, (3, 2): 19, (3, 3): 44, (3, 4): 85, (4, 2): 33, (4, 3): 96, (4, 4): 225, (5, 3): 180, (5, 4): 501}  # fmt: skip


def waves(count, phases=(0.0,)):
    return np.array([np.cos(b * X + c) for b in 1.0 + 1.5 * np.arange(count) for c in phases])


@pytest.mark.parametrize(("m", "n"), COUNTS)
def test_counts(m, n):
    """Generating functions, the octahedral sum, a set of all fields, and the lazy enumeration agree."""
    found = ClassicalFields(n, SIGNS, waves(m))
    assert (
        found.count() == octahedral(n, m) == len(found.fields(repeats=True)) == len(list(found.best())) == COUNTS[m, n]
    )
    assert found.count_without_repeats() == len(found.fields(repeats=False)) == 2**n * math.comb(m, n)
    bounds = found.bounds()
    assert bounds.lower <= bounds.exact <= bounds.multisets <= bounds.upper == (2 * m) ** n


def test_amplitudes_with_other_modes():
    """-1, 0, 1; 1 and sqrt 2; a single one; against a set of all fields."""
    for amplitudes in ([-1.0, 0.0, 1.0], [1.0, 2**0.5], [0.7], [0.0], [0.0, 1.0], [-1.0, 1.0, 2**0.5]):
        for n, m in itertools.product((1, 2, 3), (1, 3)):
            found = ClassicalFields(n, 1e-7 * np.array(amplitudes), waves(m))
            assert found.count() == len(found.fields(repeats=True)) == len(list(found.best())), (amplitudes, n, m)
    with pytest.raises(NoClosedForm, match="relations"):
        sums(np.array([1.0, 3.0]), 4)
    one_by_one = ClassicalFields(3, np.array([1.0, 3.0]), waves(2))
    assert one_by_one.count() == len(list(one_by_one.best()))
    with pytest.raises(NoClosedForm, match=r"e.* configurations are too many"):
        ClassicalFields(100, np.array([1.0, 3.0]), waves(12)).count()


def test_a_neuron_that_vanishes():
    """h_1, h_2 and 0, N = 2: counted one by one, with and without repeats."""
    found = ClassicalFields(2, SIGNS, np.concatenate([waves(2), np.zeros((1, 24))]))
    assert found.count() == len(found.fields(repeats=True))
    assert found.count_without_repeats() == len(found.fields(repeats=False)) == 8


def test_many_peaks_are_independent():
    """M = 32 functions of a card are seen to be independent: the count is the octahedral sum; no tree is grown."""
    net, each = load("landscape", width=3, peaks=32), np.ones(2)
    found = [
        Mode({"b": np.array([b]), "c": np.zeros(1)}, 0.0, "strict", 0.0, each, 0, 0, 1, k, k, 1.0, 1 / 32)
        for k, b in enumerate(1.0 + 1.5 * np.arange(32))
    ]
    parts = ClassicalNeurons(SIGNS, np.zeros(2), Modes(tuple(found), 32, 0, 0, 0.0, 0.0), 1.0, False)
    assert landscape(net, parts).count() == octahedral(3, 32)
    with pytest.raises(InputError, match="at most 4000 maxima, got 45,760"):
        basin_tree(net, parts)


def test_the_lower_bound_needs_its_conditions():
    """(41) without them fails: h and -h (9 < 24), a linear relation (7 < 8, all 37; 253), a zero mode (1 < C(M, N))."""
    thirds = (0.0, 2 * np.pi / 3, 4 * np.pi / 3)
    opposite = ClassicalFields(2, SIGNS, waves(2, (0.0, np.pi))).bounds()
    assert (opposite.lower, opposite.exact, opposite.printed_lower) == (4, 9, 24)
    related = ClassicalFields(3, SIGNS, waves(1, thirds))
    assert (related.count(), related.count_without_repeats(), related.rank) == (37, 7, 2)
    assert ClassicalFields(3, SIGNS, waves(2, thirds)).count() == 253
    silent = ClassicalFields(2, np.zeros(1), waves(4)).bounds()
    assert (silent.lower, silent.exact, silent.printed_lower) == (0, 1, 6)


@pytest.mark.slow
def test_a_search_finds_the_assembled_landscape():
    """All of P(theta) at N = 2, M = 3: 36 modes and 19 fields, and the same log P of every field, (39)."""
    net = load("landscape", width=2, peaks=3)
    found, assembled = modes(net), landscape(net)
    assert (found.isolated, found.fields) == (36, 19)
    best = {}
    for mode in found.found:
        best.setdefault(mode.field, mode.log_p)
    expected = sorted(one.log_p for one in assembled.best())
    assert sorted(best.values()) == pytest.approx(expected, abs=1e-10)


def test_the_best_come_first():
    """The lazy enumeration against sorting all of them, with probabilities that differ."""
    found = ClassicalFields(4, np.array([-1.0, 1.0]), waves(3), np.array([-0.1, -0.3]), np.array([0.0, -0.5, -0.7]))
    log_p = [one.log_p for one in found.best()]
    assert log_p == sorted(log_p, reverse=True)
    best = {}
    weights = np.add.outer(found.amplitude_log_p, found.function_log_p)
    for letters in itertools.product(itertools.product(range(2), range(3)), repeat=4):
        coefficients = np.zeros(3)
        for k, m in letters:
            coefficients[m] += found.amplitudes[k]
        key = tuple(coefficients)
        best[key] = max(best.get(key, -np.inf), sum(weights[letter] for letter in letters))
    assert log_p == pytest.approx(sorted(best.values(), reverse=True))


def test_samples_are_uniform():
    """Chi-squared of 9000 samples over 44 fields: false alarms 1e-6; one field twice as likely is caught."""
    found = ClassicalFields(3, SIGNS, waves(3))
    coefficients, _ = found.sample(9000, seed=3)
    _, counts = np.unique(coefficients, axis=0, return_counts=True)
    assert len(counts) == 44
    assert stats.chisquare(counts).pvalue > 1e-6
    assert stats.chisquare(np.append(counts[1:], 2 * counts[0]), sum_check=False).pvalue < 1e-6


@pytest.mark.slow
def test_a_huge_landscape():
    """N = 1000, M = 12: 31 digits, the best hundred, and samples, whose mean of each s_m is zero within 5 errors."""
    found = ClassicalFields(1000, SIGNS, waves(12), np.zeros(2), -0.01 * np.arange(12.0))
    assert found.count() == octahedral(1000, 12)
    zero = ClassicalFields(1000, np.array([-1.0, 0.0, 1.0]), waves(12), np.array([-1.0, 0.0, -1.0]))
    assert [one.log_p for one in itertools.islice(zero.best(), 26)] == [0.0, *[-1.0] * 24, -2.0]
    best = [one.log_p for one in itertools.islice(found.best(), 100)]
    assert best == sorted(best, reverse=True)
    coefficients, log_p = found.sample(1000, seed=1)
    assert (np.abs(coefficients.mean(axis=0)) < 5 * coefficients.std(axis=0) / 1000**0.5).all()
    assert ((np.abs(coefficients).sum(axis=1) - 1000) % 2 == 0).all()
    assert log_p.max() <= best[0] + 1e-12


@pytest.mark.slow
def test_what_has_no_landscape_says_so():
    with pytest.raises(NoClosedForm, match="form a continuum with 1 modulus"):
        landscape(load("cos_net", width=3, amplitude=Bimodal(mu=1.0, s=0.5)))
    with pytest.raises(InputError, match="neurons are independent and alike"):
        landscape(load("coupled_cos_net"))
    with pytest.raises(InputError, match="none of 64 starts reached a maximum"):  # ends outside the support are no ends
        classical_neurons(load("free_boson"), starts=64)
    assert landscape(load("line")).count() == 1


@pytest.mark.slow
def test_the_tree_of_basins():
    """N = 1: four leaves; peaks of b meet at the pass between them, signs of a at a = 0, both exact on straight lines."""
    net = load("landscape", width=1, peaks=2)
    tree = basin_tree(net, classical_neurons(net))
    law: Any = net.prior()
    a, b = (
        np.asarray(law[site].base_dist.base_dist.log_prob(np.array(v))) for site, v in (("a", [0.0]), ("b", [1.75]))
    )
    top = sorted(merge.height for merge in tree.merges)
    star, c = np.max(tree.depths), float(law["c"].log_prob(np.zeros(1)))
    assert len(tree.depths) == 4
    from scipy.optimize import minimize_scalar

    mode: Any = minimize_scalar(lambda t: -float(law["a"].log_prob(np.array([t]))), bounds=(0.5, 1.5))
    peak: Any = minimize_scalar(lambda t: -float(law["b"].log_prob(np.array([t]))), bounds=(0.5, 1.5))
    assert top[-1] == pytest.approx(max(-float(a[0]) + peak.fun - c, mode.fun - float(b[0]) - c), abs=1e-4)
    assert top[0] == pytest.approx(min(-float(a[0]) + peak.fun - c, mode.fun - float(b[0]) - c), abs=1e-4)
    assert star == pytest.approx(mode.fun + peak.fun - c, abs=1e-6)


@pytest.mark.slow
def test_the_command_line(tmp_path):
    out, plot = tmp_path / "modes.parquet", tmp_path / "landscape.png"
    result = CliRunner().invoke(app, ["modes", "landscape", "--set", "width=2", "--set", "peaks=2", "--out", str(out), "--plot", str(plot)])  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "|S_c| = 9 distinct classical fields" in result.output
    assert {file.name for file in tmp_path.iterdir()} == {"modes.parquet", "modes.parameters.parquet", "landscape.png"}
    bad = CliRunner().invoke(app, ["modes", "line", "--starts", "0"])
    assert (bad.exit_code, bad.output) == (2, "error: starts must be at least 1, got 0\n")
