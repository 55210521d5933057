"""Sweeps: a cell for each theory, option and seed, the same bytes wherever they are made, and no work lost or done twice."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import psutil
import pytest
from conftest import ROOT
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl import InputError, models
from nnqft_ppl.classical.vacua import Vacua
from nnqft_ppl.cli.app import app
from nnqft_ppl.reports.schemas import SCHEMAS
from nnqft_ppl.sweeps import cells, verbs
from nnqft_ppl.sweeps.dataset import merge, prepare
from nnqft_ppl.sweeps.engine import done
from nnqft_ppl.sweeps.plan import planned, read_plan
from nnqft_ppl.sweeps.sweep import run, share
from nnqft_ppl.sweeps.where import Where

EXACT: dict[str, Any] = {"orders": [2], "kinds": ["full"], "estimators": ["exact"], "points": [[0.0], [0.0]]}
HERE = Where(1)


def plan(grid: Any, seeds: Any = (0,), verb: str = "correlators", card: str = "cos_net", **options: Any) -> Any:
    theory = {"card": card} if card else {}
    return planned({"verb": verb, "theory": theory, "grid": grid, "seeds": seeds, "options": options})


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def calls(monkeypatch):
    """The widths of the theories that are computed."""
    found: list[int] = []
    verb = verbs.VERBS["correlators"]

    def counted(model, options, seed):
        found.append(model.width)
        return verb.run(model, options, seed)

    monkeypatch.setitem(verbs.VERBS, "correlators", replace(verb, run=counted))
    return found


# -- cells -------------------------------------------------------------------------------------------------------------


def test_a_grid_is_every_combination_once():
    """Lists by the names of hyperparameters and options; what no seed changes is one cell."""
    grid = {"width": [10, 20], "amplitude": ["bimodal"], "amplitude.mu": [0.5, 0.8], "draws": [100, 200]}
    found = plan(grid, range(3), estimators=["neuron"]).cells
    assert len(found) == len({cell.name for cell in found}) == 2 * 2 * 2 * 3
    assert found[-1].label == "cos_net width=20 amplitude.mu=0.8 draws=200 seed=2"
    assert nq.from_json(found[-1].theory) == nq.load("cos_net", width=20, amplitude=nq.Bimodal(mu=0.8))
    assert len(plan({"width": [10, 20]}, range(3), **EXACT).cells) == 2
    several = [json.loads(one.theory) for one in plan([{"width": [2, 3], "dim": 2}, {"width": 5}]).cells]
    sizes = [(one["hyperparameters"]["width"], one["hyperparameters"]["dim"]) for one in several]
    assert sizes == [(2, 2), (3, 2), (5, 1)]
    assert [one.card for one in plan({"card": ["cos_net", "cauchy"]}, card="", **EXACT).cells] == ["cos_net", "cauchy"]


def test_a_name_is_a_hash_of_what_determines_the_result(monkeypatch, tmp_path):
    def name(grid: Any = None, seeds: Any = (0,), **options: Any) -> str:
        (cell,) = plan(grid or {}, seeds, **{"estimators": ["neuron"], **options}).cells
        return cell.name

    same = {
        name(),
        name({"width": nq.load("cos_net").width}),
        name({"sigma_a": 1}),
        name(orders=[2, 4]),
        name({"draws": [100]}, draws=7),
    }
    same |= {name(draws=100)}
    assert len(same) == 2  # at the defaults; and with 100 draws, which the grid says last
    others = [name({"width": 51}), name({"sigma_a": 1.1}), name({}, [1]), name(orders=[2]), name(dtype="float32")]
    assert len({*same, *others}) == 7
    before = name()
    monkeypatch.setattr(cells, "VERSION", "another")
    assert name() != before
    monkeypatch.undo()
    edited = tmp_path / "cos_net.py"
    edited.write_text(models.source("cos_net").read_text() + "# another card\n")
    monkeypatch.setattr(models, "source", lambda _: edited)
    assert name() != before


def test_columns_of_results_are_no_hyperparameters():
    """A column of a schema with the name of a hyperparameter would hide it."""
    own = {name for card in nq.names() for name in cells.hyperparameter_types(models.card(card))} - {"width", "dim"}
    for name, verb in verbs.VERBS.items():
        assert not own & set(SCHEMAS[verb.schema]), name
        assert not own & {key for key, option in verb.options.items() if option.dtype}, name


WRONG = [
    (
        {"verb": "corelators"},
        "verb must be one of correlators, axioms, .* got 'corelators'; did you mean 'correlators'?",
    ),
    ({}, "plan: verb must be there"),
    ({"verb": "axioms", "gird": {}}, "plan: key must be one of .* got 'gird'; did you mean 'grid'?"),
    ({"verb": "axioms"}, "theory: card must be a card's name, got None"),
    ({"verb": "axioms", "theory": {"card": "cosnet"}}, "card must be one of .* did you mean 'cos_net'?"),
    ({"grid": {"widht": [1]}}, "grid: key must be card, .* got 'widht'; did you mean 'width'?"),
    ({"grid": {"sigma_b": [1.0, -1.0]}}, "CosNet: sigma_b must be positive and finite, got -1.0"),
    ({"grid": {"amplitude": ["gauss"]}}, "CosNet: amplitude must be one of .* got 'gauss'; did you mean 'gaussian'?"),
    ({"grid": {"amplitude.mu": [1.0]}}, "CosNet: amplitude.mu must be one of amplitude.sigma for Gaussian, got 'mu'"),
    ({"grid": {"width": []}}, "grid.width must have at least one value, got none"),
    ({"grid": 3}, "grid must be a table, got 3"),
    ({"seeds": [-1]}, "seed must be a whole number from 0 to 4294967295, got -1"),
    ({"options": {"order": [2]}}, "options: key of correlators must be one of .* got 'order'; did you mean 'orders'?"),
    ({"options": {"orders": [12]}}, "orders must be at most 10, got 12"),
    ({"options": {"orders": [2], "points": [[0.0]]}}, "orders must be at most 1, the number of points, got 2"),
    ({"options": {"points": [[0.0, 1.0]] * 4}}, "points must have 1 coordinates, got 2"),
    ({"options": {"points": "none.csv"}}, "points file 'none.csv' must be readable"),
    ({"options": {"kinds": ["whole"]}}, "kinds must be one of full, connected, I_N, I_IB, got 'whole'"),
    ({"options": {"estimators": ["guess"]}}, "estimator must be one of exact, .* got 'guess'"),
    ({"options": {"draws": 1}}, "draws must be a whole number from 2 on, got 1"),
    ({"options": {"draws": 1e5}}, "draws must be a whole number from 2 on, got 100000.0"),
    ({"options": {"precision": -1}}, "precision must be a positive number, got -1"),
    ({"verb": "interact", "options": {"potential": "phi^"}}, r"action 'phi\^': position 5"),
    ({"verb": "interact", "options": {"normal_order": 1}}, "normal_order must be true or false, got 1"),
    ({"verb": "interact", "options": {"side": 0}}, "side must be a positive number, got 0"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_a_wrong_plan_is_one_line(wrong, message):
    bare = set(wrong) <= {"verb", "gird", "theory"} and wrong.get("verb") != "interact"
    with pytest.raises(InputError, match=message) as caught:
        planned(wrong if bare else {"verb": "correlators", "theory": {"card": "cos_net"}, **wrong})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "a/b", "1/0"])
def test_a_wrong_shard_is_one_line(shard):
    with pytest.raises(InputError, match=f"shard must be K/N with 1 <= K <= N, got '{shard}'"):
        share((), shard)


# -- files -------------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_computed_again(tmp_path, calls):
    for grid, new in (([10, 20], [10, 20]), ([10, 20], []), ([20, 30, 10], [30])):
        calls.clear()
        table = nq.sweep("cos_net", {"width": grid}, **EXACT, out=tmp_path, jobs=1)
        assert (calls, table["width"].tolist()) == (new, sorted(grid))
    assert nq.read_sweep(tmp_path)["width"].tolist() == [10, 20, 30]
    assert not [name for name in content(tmp_path) if not name.startswith("verb=")]


def test_an_interrupted_sweep_goes_on(tmp_path, calls, monkeypatch):
    """Stopped in the third cell: two are kept, the others are computed, and the bytes are those of a whole run."""
    asked = plan({"width": [2, 3, 4, 5]}, **EXACT).cells
    verb = verbs.VERBS["correlators"]

    def stopped(model, options, seed):
        if model.width == 4:
            raise KeyboardInterrupt
        return verb.run(model, options, seed)

    with monkeypatch.context() as patch:
        patch.setitem(verbs.VERBS, "correlators", replace(verb, run=stopped))
        with pytest.raises(KeyboardInterrupt):
            run(asked, tmp_path / "a", HERE)
    assert len(content(tmp_path / "a")) == 2
    calls.clear()
    assert run(asked, tmp_path / "a", HERE)[:2] == (2, 2)
    assert calls == [4, 5]
    run(asked, tmp_path / "b", HERE)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_a_cell_that_fails_is_named_and_loses_no_other(tmp_path):
    """Student with nu = 5 has no sixth moment; and a tanh net no closed form."""
    with pytest.warns(UserWarning, match="^cell cos_net amplitude=student:nu=5: Student: nu must be > 6") as caught:
        table = nq.sweep(
            "cos_net", {"amplitude": ["student:nu=5", "laplace"]}, orders=[6], estimators=["exact"], jobs=1
        )
    assert len(caught) == 1
    assert set(table["amplitude"]) == {"laplace"}


def test_parts_make_the_whole(tmp_path):
    """Every cell is in one part of three, whatever else is in the grid; merged parts are the whole, byte for byte."""
    asked = plan({"width": list(range(2, 12))}, **EXACT).cells
    run(asked, tmp_path / "whole", HERE)
    parts = [tmp_path / f"part-{k}" for k in (1, 2, 3)]
    for k, part in enumerate(parts, 1):
        run(share(asked, f"{k}/3"), part, HERE, shard=f"{k}/3")
    assert sum(len(content(part)) for part in parts) == len(asked)
    assert set(share(asked[:4], "1/3")) <= set(share(asked, "1/3"))
    prepare(tmp_path / "merged")
    assert merge(parts, tmp_path / "merged", asked) == len(asked)
    assert content(tmp_path / "merged") == content(tmp_path / "whole")
    assert merge(parts, tmp_path / "merged", asked) == 0
    other = next((tmp_path / "part-1").rglob("*.parquet"))
    other.write_bytes(b"another")
    with pytest.raises(InputError, match=f"cell {other.stem} must have one result, got another in"):
        merge(parts, tmp_path / "merged", asked)


@pytest.mark.slow
def test_types_survive_in_every_reader(tmp_path):
    """Whole numbers, numbers and texts that look like them, in a grid over laws that have hyperparameters or not."""
    grid = {"width": [16, 256, 64], "amplitude": ["gaussian", "bimodal:mu=0.8,s=0.6"], "sigma_b": [1.0, 0.5]}
    table = nq.sweep("cos_net", grid, seeds=[3], orders=[2], kinds=["full"], draws=2, out=tmp_path, jobs=1)
    asked = f"SELECT verb, width, sigma_b, envelope, amplitude_mu, seed, estimate FROM '{tmp_path}/verb=*/*/*.parquet'"
    found: Any = duckdb.sql(
        f"{asked} WHERE width > 16 AND envelope = '1' AND seed = 3 ORDER BY width, sigma_b, estimate"
    )
    assert list(map(str, found.types)) == ["VARCHAR", "BIGINT", "DOUBLE", "VARCHAR", "DOUBLE", "BIGINT", "DOUBLE"]
    both: Any = table[(table["width"] > 16) & (table["seed"] == 3)]
    ours = both.sort_values(["width", "sigma_b", "estimate"])
    assert [row[-1] for row in found.fetchall()] == ours["estimate"].tolist()
    lazy = pl.scan_parquet(tmp_path, hive_partitioning=True)
    types = dict(lazy.collect_schema())
    named = {"verb": pl.String, "width": pl.Int64, "sigma_b": pl.Float64, "envelope": pl.String, "seed": pl.Int64}
    assert {name: types[name] for name in named} == named
    assert lazy.filter(pl.col("width") == 64).collect().height == (table["width"] == 64).sum()
    read: Any = pd.read_parquet(tmp_path)
    assert read.drop(columns="verb").dtypes.to_dict() == table.dtypes.to_dict()
    assert table["width"].drop_duplicates().tolist() == [16, 64, 256]


def test_a_cell_carries_its_theory(tmp_path):
    table = nq.sweep("cos_net", {"width": [10, 20]}, **EXACT, out=tmp_path, jobs=1)
    for file in tmp_path.rglob("*.parquet"):
        theory: Any = nq.theory_of(file)
        assert nq.theory_of(table)[file.stem] == theory  # pyright: ignore[reportIndexIssue]
        assert nq.read_table(file)["width"].tolist() == [theory.width]


def test_data_and_actions_stay():
    """A grid over a theory that transforms have made."""
    given = nq.deform(nq.load("line", mean=0.0), "0.5*phi^2", [[1.0]])
    (cell, other) = planned({"verb": "correlators", "theory": given, "grid": {"sigma": [1.0, 2.0]}}).cells
    assert cell.theory == nq.to_json(given)
    other_net = nq.deform(nq.load("line", mean=0.0, sigma=2.0), "0.5*phi^2", [[1.0]])
    assert other.theory == nq.to_json(other_net)


VERBS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("axioms", "line", {"mean": [0.0, 1.0]}, {}),
    ("modes", "line", {"mean": [0.5, 1.0]}, {"starts": 256}),
    ("breaking", "shifted_cos_net", {"mu": [0.0, 0.3]}, {}),
    ("vacua", "wine_bottle", {"radius": [1.0, 1.3]}, {}),
    ("action", "cos_net", {"width": [10, 20]}, {"points": [[0.0], [2.0], [4.0]]}),
    ("energies", "sine_path", {"width": [3]}, {"draws": 2000}),
    ("energies", "torus", {"dim": [2]}, {"draws": 2000, "nodes": 4, "count": 5}),
    ("interact", "cauchy", {"nodes": [6, 8]}, {"widths": [6], "potential": "phi^2"}),
    ("posterior", "line", {"mean": [1.0]}, {"chains": 2, "warmup": 0, "draws": 20}),
]


def _interacted(model: Any, potential: str, *, nodes: int, widths: list[int], seed: int, **_: Any) -> pd.DataFrame:
    """In place of a run of seconds: a row that says what was asked for."""
    row = dict.fromkeys(SCHEMAS["interactions"]) | {"width": widths[0], "draws": nodes, "seed": seed, "estimate": 0.5}
    table = pd.DataFrame([row | {"card": "cauchy", "dim": 1, "potential": potential}])
    table.attrs["provenance"] = {"text": nq.to_toml(model)}
    return table


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(("verb", "card", "grid", "options"), VERBS, ids=[verb for verb, *_ in VERBS])
def test_every_verb_makes_one_table(tmp_path, monkeypatch, verb, card, grid, options):
    found = Vacua(1.3, 1, np.array([0.0, 16.0]), -2.0, 1, 2, 1)
    monkeypatch.setattr(verbs, "vacua", lambda net, seed: found._replace(radius=net.radius))  # 17 s each
    monkeypatch.setattr(verbs, "interact", _interacted)
    (axis, values), *_ = grid.items()
    table: Any = nq.sweep(card, grid, verb=verb, **options, out=tmp_path, jobs=1)
    assert table[axis].drop_duplicates().tolist() == values
    assert table["cell"].nunique() == len(values)
    assert set(SCHEMAS[verbs.VERBS[verb].schema]) <= set(table)
    assert nq.read_sweep(tmp_path, verb).equals(table)
    if verb == "vacua":
        assert table["expectation"].tolist() == [1.0, 1.3]
    if verb == "interact":
        assert table[["width", "draws", "potential"]].values.tolist() == [[6, 6, "phi^2"], [6, 8, "phi^2"]]


# -- the engine --------------------------------------------------------------------------------------------------------


def test_work_in_this_process_goes_on_after_an_error():
    found = dict(done(lambda x: 1 / x, [1, 0, 2], HERE))
    assert (found[0], found[2]) == (1.0, 0.5)
    assert isinstance(found[1], ZeroDivisionError)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"jobs": 0}, "jobs must be at least 1, got 0"),
        ({"cluster": "lsf"}, "cluster must be one of slurm, pbs, got 'lsf'"),
        ({"jobs": 2, "scheduler": "tcp://here:1"}, "scheduler has its own workers; leave out cluster and jobs"),
    ]
    for wrong, message in refused:
        with pytest.raises(InputError, match=message):
            Where(**wrong)


@pytest.mark.slow
def test_lost_workers_lose_nothing(tmp_path):
    """Two workers, both killed in the middle, and a cell that fails: the bytes are those of a run without.

    The errors are those that this process gives.
    """
    grid = [{"width": [10, 20, 30], "sigma_b": [0.5, 1.0]}, {"amplitude": "student:nu=5", "orders": [[6]]}]
    asked = plan(grid, orders=[2], draws=20_000, estimators=["exact", "neuron"]).cells
    own, killed, over = psutil.Process(), [], threading.Event()

    def kill() -> None:
        while not over.wait(0.02):
            if list((tmp_path / "many").rglob("*.parquet")):
                workers = [one for one in own.children() if "spawn_main" in " ".join(one.cmdline())]
                for worker in workers:
                    worker.kill()
                    killed.append(worker.pid)
                return

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        many = run(asked, tmp_path / "many", Where(2))
    finally:
        over.set()
        thread.join()
    assert len(killed) == 2
    one = run(asked, tmp_path / "one", HERE)
    assert many.failed == one.failed
    assert [(failure.label, failure.why[:23]) for failure in one.failed] == [("cos_net", "Student: nu must be > 6")]
    assert len(content(tmp_path / "one")) == 6
    assert content(tmp_path / "many") == content(tmp_path / "one")


def test_a_queue_is_asked_by_the_options_of_the_plan():
    from nnqft_ppl.sweeps.workers import _queue

    with _queue("slurm", {"queue": "short", "walltime": "01:00:00"}) as cluster:
        script = cluster.job_script()
    assert "#SBATCH -p short" in script and "#SBATCH --cpus-per-task=1" in script and "#SBATCH -t 01:00:00" in script
    with pytest.raises(InputError, match=r"cluster: options must be those of dask-jobqueue's PBSCluster: .*wall"):
        _queue("pbs", {"wall": "01:00:00"})


# -- the command -------------------------------------------------------------------------------------------------------

TEXT = """
verb = "correlators"
[theory]
card = "line"
[grid]
mean = [0.0, 1.0, 2.0]
[options]
orders = [2]
kinds = ["full"]
estimators = ["exact"]
"""


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["sweep", *map(str, arguments)])


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("lines.toml").write_text(TEXT)
    for k in (1, 2):
        assert command("lines.toml", "--shard", f"{k}/2", "--out", f"part-{k}", "--jobs", 1).exit_code == 0
    half = command("lines.toml", "--merge", "part-1", "--json")
    count = len(list(Path("part-1").rglob("*.parquet")))
    assert half.exit_code == (count < 3)
    assert len(json.loads(half.stdout)["missing"]) == 3 - count
    whole = command("lines.toml", "--merge", "part-1", "--merge", "part-2")
    assert (whole.exit_code, nq.read_sweep("lines")["estimate"].size) == (0, 3)
    again = command("lines.toml")
    assert "0 cells computed, 3 were there, 0 failed" in again.stdout
    Path("lines.toml").write_text(TEXT.replace("2.0", '"two"'))
    wrong = command("lines.toml")
    assert (wrong.exit_code, wrong.stderr) == (2, "error: lines.toml: Line: mean must be finite, got 'two'\n")
    assert command("none.toml").stderr == "error: plan must be a file in TOML, got 'none.toml'\n"
    with pytest.raises(InputError, match=r"folder 'part-3' must have cells of one verb, or name it, got none"):
        nq.read_sweep("part-3")


def test_the_plan_of_the_examples():
    assert len(read_plan(ROOT / "examples" / "widths.toml").cells) == 12
