"""The screen: nothing is cut at any width, every result is one JSON document too, and long runs speak and answer."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import typer
from conftest import ROOT
from rich.text import Text
from scipy.stats import multivariate_normal
from typer.testing import CliRunner

from nnqft_ppl import InputError, limit_posterior, load, models, modes, names, studies
from nnqft_ppl.cli import demo, screen
from nnqft_ppl.cli.app import app
from nnqft_ppl.cli.settings import check_settings, load_with_settings
from nnqft_ppl.inference.gaussian_process import kernel_matrix, likeliest_noise
from nnqft_ppl.reports.correlators import largest_z
from nnqft_ppl.reports.layout import laid_out
from nnqft_ppl.sampling.diagnostics import Convergence
from nnqft_ppl.studies import Row

pytestmark = pytest.mark.usefixtures("quick_compilation")

WIDTHS = (60, 80, 132, None)  # of terminals, and a pipe


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def plain(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


# -- nothing is cut ----------------------------------------------------------------------------------------------------

NILE = ("--data", "nile.csv", "--x", "year", "--y", "volume")
QUICK = ("--chains", 2, "--warmup", 0, "--draws", 20)

#: Every command that prints a result, with budgets that make it cheap.
COMMANDS = [
    ("list",),
    *(("show", name) for name in ("cos_net", "wine_bottle", "alpha_scalar")),
    ("check", "line", "--draws", 1000),
    ("draw", "line", "--draws", 4),
    ("correlators", "line", "--draws", 100, "--order", "2,3"),
    ("correlators", "wine_bottle", "--estimator", "exact", "--component", "0,0,1,1"),
    ("axioms", "line"),
    ("axioms", "cauchy", "--draws", 1000),
    ("axioms", "--all"),
    ("predict", "shifted_cos_net"),
    ("design", ROOT / "examples" / "target.csv", "--draws", 64),
    ("dual", "cos_net", "gauss_net"),
    ("modes", "line", "--set", "width=1", "--starts", 64),
    ("vacua", "line"),
    ("compare", "cos_net", "cauchy", *NILE, *QUICK, "--widths", 20),
    ("reproduce", "two_point"),
]


@pytest.fixture
def cheap(tmp_path, monkeypatch):
    """A folder with data; two cards of the matrix of axioms, and no chains and no study of those that compare many."""
    monkeypatch.chdir(tmp_path)
    pd.read_csv(ROOT / "examples" / "nile.csv").head(6).to_csv("nile.csv", index=False)
    few = SimpleNamespace(names=lambda: ("line", "gauss_net"), load=models.load)
    monkeypatch.setattr("nnqft_ppl.reports.axioms.models", few)
    statement = "a statement of a study in more words than a line has"
    rows = [
        Row("two_point", "(23), (S11)", "other code", "cos_net", 2, statement, 1 / 3, 0.1, 0.1, k, 2) for k in range(2)
    ]
    monkeypatch.setattr(studies, "run", lambda *_, **__: rows)


@pytest.fixture
def no_chains(monkeypatch):
    """`compare` without its chains."""
    good = SimpleNamespace(convergence=Convergence(1.0, 500.0, 0, 1.0), tree=None)
    ranking = pd.DataFrame(
        {"rank": [0, 1], "elpd": [-1.5, -2.25], "large_k": [0, 1]}, index=["cos_net N=20", "cauchy N=20"]
    )
    monkeypatch.setattr("nnqft_ppl.inference.posterior.posterior", lambda *_, **__: good)
    monkeypatch.setattr("nnqft_ppl.inference.units.tree_in_units", lambda *_: None)
    monkeypatch.setattr("nnqft_ppl.sampling.diagnostics.predictive_check", lambda _: None)
    monkeypatch.setattr("nnqft_ppl.sampling.diagnostics.rank", lambda _: ranking)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(map(str, command[:2])))
def test_nothing_is_cut(request, cheap, monkeypatch, command):
    """Each command is run at 60 columns; its tables are laid out at all widths, and every word of them is there."""
    if command[0] == "compare":
        request.getfixturevalue("no_chains")
    tables = []
    print_table = screen.Screen.table

    def recorded(self, heads, rows, **how):
        tables.append((heads, rows))
        print_table(self, heads, rows, **how)

    monkeypatch.setattr(screen.Screen, "table", recorded)
    monkeypatch.setattr(screen, "terminal_width", lambda: 60)
    result = run(*command)
    assert result.exit_code == (command[0] == "reproduce"), result.output
    assert "…" not in result.stdout
    for heads, rows in tables:
        for width in WIDTHS:
            text = plain(laid_out(heads, rows, width))
            assert "…" not in text
            for cell in (cell for row in rows for cell in row):
                for word in str(cell).split():
                    assert word in text, (word, width)
            longest = max(len(word) for row in rows for cell in row for word in str(cell).split() or [""])
            room = width is None or max(map(len, text.splitlines())) <= max(width, longest + 4)
            assert room, (width, text)
    document = run(*command, "--json")
    assert json.loads(document.stdout)


def test_all_names_of_the_catalogue_at_all_widths(monkeypatch):
    for width in WIDTHS:
        monkeypatch.setattr(screen, "terminal_width", lambda width=width: width)
        listing = run("list").stdout
        assert "…" not in listing
        assert all(name in listing for name in names()), width
        assert width is None or max(map(len, listing.splitlines())) <= width


@pytest.mark.parametrize("width", ["60", "80"])
def test_help_is_not_cut(width):
    script = Path(sys.executable).with_name("nnqft")
    own = {**os.environ, "COLUMNS": width}
    found = subprocess.run([script, "--help"], env=own, capture_output=True, text=True, check=True).stdout
    program: Any = typer.main.get_command(app)
    commands = list(program.commands)
    assert all(name in found for name in commands)
    for name in commands:
        found += CliRunner(env={"COLUMNS": width}).invoke(app, [name, "--help"]).stdout
    assert "…" not in found
    assert not re.search("[\u2600-\u27bf\U0001f300-\U0001faff]", found)  # :V: and its like become emojis


def test_tables_are_folded_then_records():
    heads, rows = ("name", ">value", "remark"), [("first", "1.25", "a few words that can be folded at blanks")]
    assert plain(laid_out(heads, rows, None)) == plain(laid_out(heads, rows, 80))
    assert plain(laid_out(heads, rows, 36)).splitlines() == [
        "name   value  remark",
        "first   1.25  a few words that can",
        "              be folded at blanks",
    ]
    assert plain(laid_out(heads, rows, 28)).splitlines() == [
        "first",
        "  value: 1.25",
        "  remark: a few words that",
        "    can be folded at blanks",
    ]
    assert plain(laid_out(heads, [("n" * 90, "1", "")], 60)).splitlines() == ["n" * 90, "  value: 1"]


def test_json_has_no_nan_and_no_infinity():
    table = pd.DataFrame({"z": [1.5, np.nan], "n": pd.array([1, None], dtype="Int64")})
    given = {"table": table, "far": np.inf, "array": np.array([[1.0, np.nan]]), "path": Path("x"), "row": Mark(1, "a")}
    assert screen.plain(given) == {
        "table": [{"z": 1.5, "n": 1}, {"z": None, "n": None}],
        "far": "inf",
        "array": [[1.0, None]],
        "path": "x",
        "row": {"number": 1, "text": "a"},
    }


class Mark(NamedTuple):
    number: int
    text: str


def test_results_are_a_few_lines():
    """In a terminal and in a notebook: arrays by their shape and range, the rest as it is."""
    limit = limit_posterior(load("cauchy"), [[0.0]], [1.0], 0.5**0.5, np.linspace(0.0, 1.0, 50)[:, None])
    lines = repr(limit).splitlines()
    assert lines[0] == "Normal"
    assert lines[1] == "  mean: array (50,), from 0.18394 to 0.5"
    assert lines[2].startswith("  covariance: array (50, 50), from ")
    assert limit._repr_html_().startswith("<table><caption>Normal</caption><tr><th>mean</th><td>array (50,), from")
    assert "  starts: " in repr(found := modes(load("line", width=1), starts=64))
    assert "  found: 1 Mode" in repr(found)
    assert "  theta: a = [1.0]" in repr(found.found[0])


# -- bad input ---------------------------------------------------------------------------------------------------------

BAD = [
    ("show cosnet", "did you mean 'cos_net'?"),
    ("correlators cos_net --set sigma=1", "CosNet: hyperparameter must be one of"),
    ("correlators cos_net --set width=ten", "CosNet: width must be an integer, got 'ten'"),
    ("correlators cos_net --set sigma_b=-1", "CosNet: sigma_b must be positive and finite, got -1.0"),
    ("correlators deep_net --set activation=sin", "DeepNet: activation must be"),
    ("correlators cos_net --points missing.csv", "points file 'missing.csv' must be readable"),
    ("correlators cos_net --draws 1", "draws must be at least 2, got 1"),
    ("posterior cauchy --data missing.csv --x x --y y", "data file 'missing.csv' must be readable"),
    ("draw cos_net --theory missing.toml", "theory must be a CARD or --theory FILE"),
    ("axioms --theory missing.toml", "theory file 'missing.toml' cannot be read: No such file"),
    ("dual cos_net gaus_net", "did you mean 'gauss_net'?"),
    ("check cosnet", "did you mean 'cos_net'?"),
]


@pytest.mark.slow
def test_bad_input_is_found_before_jax_is_imported():
    """In one process, in which JAX is never imported: a third of a second of CPU time each, most of it Python's."""
    code = (
        "import json, sys\nfrom typer.testing import CliRunner\nfrom nnqft_ppl.cli.app import app\n"
        "for line in json.loads(sys.argv[1]):\n"
        "    found = CliRunner().invoke(app, line.split())\n"
        "    assert found.exit_code == 2 and not found.stdout, line\n"
        "    print(found.stderr, end='')\n"
        "print([name for name in ('jax', 'pandas', 'scipy') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, json.dumps([line for line, _ in BAD])]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    *errors, imported = found.stdout.splitlines()
    assert imported == "[]"
    for error, (_, message) in zip(errors, BAD, strict=True):
        assert error.startswith("error: ")
        assert message in error


@pytest.mark.parametrize("setting", ["sigma_b=0", "sigma_b=x", "dim=0", "width=1.5", "envelope=2", "nothing=1", "=1"])
def test_settings_are_refused_alike_by_source_and_by_class(setting):
    """What `check_settings` says is what loading the card would say."""
    with pytest.raises(InputError) as early:
        check_settings("cos_net", [setting])
    with pytest.raises(InputError) as late:
        load_with_settings("cos_net", [setting])
    assert str(early.value) == str(late.value)


def test_quiet():
    result = run("-q", "correlators", "line", "--draws", 100)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "plan: exact, neuron (100 draws)" in run("correlators", "line", "--draws", 100).stderr


# -- numbers on the screen ---------------------------------------------------------------------------------------------


def test_the_largest_z_of_many():
    """Against 20,000 samples of the largest of 40 normal numbers: both levels within five standard errors."""
    samples, count = 20_000, 40
    largest = np.abs(np.random.default_rng(0).normal(size=(samples, count))).max(axis=1)
    for level, bound in zip((0.5, 0.99), largest_z(count), strict=True):
        z = (np.mean(largest <= bound) - level) / np.sqrt(level * (1 - level) / samples)
        assert abs(z) < 5.0
    found = run("correlators", "line", "--draws", 1000)
    assert "at x = (0.1), (0.52), (-0.31), (0.97)" in found.stdout
    assert "of 4 independent normal numbers it would be 1.41 half the time, and more than 3.02 once" in found.stdout


def test_the_likeliest_noise_is_that_of_most_evidence():
    """Against SciPy's multivariate normal density at the noise, and at 1 % more and less of it."""
    net, x = load("cauchy"), np.linspace(0.0, 4.0, 30)[:, None]
    y = np.sin(x[:, 0]) + np.random.default_rng(1).normal(size=30) * 0.3
    s = likeliest_noise(net, x, y)

    def evidence(noise: float) -> float:
        cov: Any = kernel_matrix(net, x, x) + noise**2 * np.eye(30)
        return multivariate_normal.logpdf(y, cov=cov)

    assert evidence(s) > max(evidence(1.01 * s), evidence(0.99 * s))


# -- the demo ----------------------------------------------------------------------------------------------------------


def test_the_demo_runs_its_commands_and_sums_up(tmp_path, monkeypatch):
    few = (demo.Step("The main job?", "correlators line --draws 100"), demo.Step("Quantum?", "axioms line"))
    monkeypatch.setattr(demo, "STEPS", few)
    found = run("demo", "--out", tmp_path / "d")
    assert found.exit_code == 0, found.output
    assert "1 of 2. The main job?\n$ nnqft correlators line --draws 100\n" in found.stdout
    assert "at this width not quantum" in found.stdout
    assert f"tables and pictures are in {tmp_path / 'd'}/" in found.stdout
    document = json.loads(run("demo", "--out", tmp_path / "d", "--json").stdout)
    assert [set(step["result"]) >= {"theory"} for step in document["steps"]] == [True, True]


def test_the_commands_of_the_demo_are_well_formed(tmp_path):
    program: Any = typer.main.get_command(app)
    for step in demo.STEPS:
        arguments = shlex.split(step.command.format(examples=ROOT / "examples", out=tmp_path))
        name, command, rest = program.resolve_command(program.make_context("nnqft", arguments), arguments)
        assert command.make_context(name, rest).params
