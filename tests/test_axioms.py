"""The axioms of a theory together: what the catalogue amounts to, the table, and the command line."""

import itertools
import time
from functools import cache
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nnqft_ppl import load, read_table
from nnqft_ppl.axioms.osterwalder_schrader import AXIOMS, axiom_verdicts, conclude
from nnqft_ppl.axioms.products import PAIRS
from nnqft_ppl.axioms.verdicts import Outcome, Verdict, together
from nnqft_ppl.cli.app import app
from nnqft_ppl.reports.axioms import axiom_table, catalogue_axioms, in_dimension

pytestmark = pytest.mark.usefixtures("quick_compilation")


@cache
def matrix():
    start = time.process_time()
    rows = {type(net).__module__.rpartition(".")[2]: (net, v, c) for net, v, c in catalogue_axioms(1)}
    return rows, time.process_time() - start


@pytest.mark.slow
def test_which_theories_are_quantum():
    """Plane waves of independent neurons with the law of a free particle, at N = infinity; at every N those on paths."""
    rows, seconds = matrix()
    assert seconds < 60
    limits = {name: conclusion.limit for name, (_, _, conclusion) in rows.items()}
    quantum = {name for name, outcome in limits.items() if outcome == "pass"}
    paths = {"markov_net", "sine_path"}
    assert quantum == {"cauchy", "cutoff_free_scalar"} | paths
    assert {name for name, outcome in limits.items() if outcome == "up to cutoff"} == {"free_scalar", "alpha_scalar"}
    assert {name for name, (_, _, c) in rows.items() if c.here == "pass"} == paths
    assert {c.here for name, (_, _, c) in rows.items() if name not in paths} == {"fail"}
    assert limits["line"] is None
    assert rows["coupled_cauchy"][2].limit_reasons == AXIOMS[5:]
    assert rows["landscape"][2].limit_reasons == ("translation", "reflection positivity, 2-point")
    assert rows["gauss_net"][2].limit_reasons == ("reflection positivity, 2-point",)


@pytest.mark.slow
def test_every_axiom_is_asked_of_every_card():
    for net, verdicts, _ in matrix()[0].values():
        asked = {verdict.axiom for verdict in verdicts}
        assert set(AXIOMS) - asked <= ({"rotation"} if net.dim == 1 else set())
        for symmetry in net.claims:
            assert together([v for v in verdicts if v.axiom == symmetry] or [Verdict("", "", "pass", 0, 0)]) == "pass"
        for symmetry in set(net.denies) & asked:
            assert together([v for v in verdicts if v.axiom == symmetry]) == "fail"


def test_free_fields_in_the_plane_and_in_space():
    """Quantum at N = infinity; at N = 100 pairs fail in the plane and in space."""
    for dim, power in ((2, 1.5), (3, 2.0)):
        net = load("cutoff_free_scalar", dim=dim, power=power)
        conclusion = conclude(net, axiom_verdicts(net))
        assert (conclusion.limit, conclusion.reasons) == ("pass", (PAIRS, "cluster decomposition"))
    assert in_dimension("cos_net", 3).dim == 3
    assert in_dimension("cauchy", 3).dim == 1


def test_verdicts_as_a_table(tmp_path):
    net = load("deep_net", activation="tanh", width=4, inputs=2)
    found = axiom_verdicts(net, draws=5000, seed=3)
    assert conclude(net, found).words == "at this width undecided; at N = infinity undecided"
    table: Any = axiom_table(net, found, seed=3)
    sampled = table[table["test"] == "common random numbers"]
    assert (sampled["draws"] == 5000).all()
    assert (sampled["seed"] == 3).all()
    assert sampled["effect"].notna().all()
    by_draws = table["test"].str.endswith("draws")
    assert by_draws.sum() == 3  # products of one, two and three fields
    assert (table["seed"].isna() == (table["axiom"] == "cluster decomposition")).all()
    assert set(table["activation"]) == {"tanh"}


def test_worst_outcome_counts():
    order: list[Outcome] = ["pass", "up to cutoff", "undecided", "fail"]
    for low, high in itertools.pairwise(order):
        assert together([Verdict("", "", high, 0, 0), Verdict("", "", low, 0, 0)]) == high


# -- the command line ---------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, ["axioms", *map(str, arguments)])


def test_one_card(tmp_path):
    out = tmp_path / "axioms.parquet"
    result = run("cauchy", "--set", "width=10", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "at this width not quantum: RP 6, cluster; at N = infinity quantum" in result.stdout
    table = read_table(out, "axioms")
    six = table[table["axiom"] == "reflection positivity, 6-point"].iloc[0]
    assert (six["verdict"], six["width"]) == ("fail", 10)
    assert np.isclose(six["statistic"], -0.01176, rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "takes a CARD, --theory FILE or --all, one of the three"),
        (("cauchy", "--all"), "takes a CARD, --theory FILE or --all, one of the three"),
        (("--all", "--set", "width=3"), "--set goes with a CARD"),
        (("cauchy", "--draws", "3"), "draws must be at least 1000, got 3"),
        (("cauchy", "--out", "axioms.txt"), "must end in .parquet or .csv"),
        (("cauchi",), "did you mean 'cauchy'"),
    ],
)
def test_errors_are_one_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
