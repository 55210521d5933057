"""The house: who may import whom, what a card must have, generated tables, and scoreboards that can turn red."""

import graphlib
import importlib
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

import nnqft_ppl
from nnqft_ppl import InputError, load, models, names, studies
from nnqft_ppl.catalogue import SYMBOLS, entries, refresh
from nnqft_ppl.studies import Row, Study

sys.path.insert(0, str(ROOT / "docs"))
from architecture import FLOORS, PICTURE, imports, svg

pytestmark = pytest.mark.usefixtures("quick_compilation")


def check_floors(package: Path) -> None:
    """Every file stands on a floor, imports nothing from its own floor or above, and no package has a circle inside."""
    floor = {name: level for level, group in enumerate(FLOORS) for name in group}
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert set(floor) == (rooms := rooms - {"__init__", "__pycache__"}), f"no floor for {rooms - set(floor)}"
    inside: dict[str, set[str]] = {}
    for file in package.rglob("*.py"):
        own = file.relative_to(package).parts[0].removesuffix(".py")
        for target in imports(file) if own in floor else ():
            part = target.split(".")
            if part[0] == "nnqft_ppl":
                assert part[1] in floor, f"{file}: {target} by the face of the package"
                assert part[1] == own or floor[part[1]] < floor[own], f"{file}: {target}"
                if part[1] == own:
                    inside.setdefault(f"{own}.{file.stem}", set()).add(".".join(part[1:3]))
    graphlib.TopologicalSorter(inside).prepare()


def test_floors():
    check_floors(ROOT / "nnqft_ppl")


@pytest.mark.parametrize(
    ("file", "line", "culprit"),
    [
        ("laws/joint.py", "from nnqft_ppl.theory.ranges import enforce", "laws/joint.py: nnqft_ppl.theory"),
        ("classical/modes.py", "from nnqft_ppl.axioms.verdicts import Verdict", "classical/modes.py: nnqft_ppl.axioms"),
        ("reports/tables.py", "from nnqft_ppl import load", "by the face of the package"),
        ("correlation/partitions.py", "from nnqft_ppl.correlation.exact import KINDS", "correlation.partitions"),
        ("stray.py", "", "no floor for {'stray'}"),
    ],
    ids=["upwards", "sideways", "face", "circle", "stray"],
)
def test_floors_catch_a_planted_import(tmp_path, file, line, culprit):
    package = tmp_path / "nnqft_ppl"
    shutil.copytree(ROOT / "nnqft_ppl", package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / file).open("a") as end:
        end.write(f"\n{line}\n")
    with pytest.raises((AssertionError, graphlib.CycleError)) as caught:
        check_floors(package)
    assert culprit in str(caught.value)


def test_the_picture_of_the_packages_is_fresh():
    assert PICTURE.read_text() == svg(), "run `python docs/architecture.py`"


def test_packages_hold_5_to_15_modules():
    for package in (path for path in (ROOT / "nnqft_ppl").iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert 5 <= len(list(package.glob("[!_]*.py"))) <= 15, package


def test_no_package_bears_a_public_name():
    """`import nnqft_ppl.design.x` and `nnqft_ppl.design(...)` cannot both be right."""
    packages = {path.name for path in (ROOT / "nnqft_ppl").iterdir() if path.is_dir()}
    assert not packages & set(nnqft_ppl.__all__)


def test_cards_see_only_the_declaring_half():
    """By the faces of `theory` and `laws`, and nothing that runs."""
    for file in (ROOT / "models").glob("*.py"):
        for target in imports(file):
            part = target.split(".")
            if part[0] in ("nnqft_ppl", "analysis", "tests"):
                assert part[:2] in (["nnqft_ppl", "theory"], ["nnqft_ppl", "laws"]), f"{file.name}: {target}"
                assert len(part) == 3, f"{file.name}: {target}"


@pytest.mark.parametrize("face", ["nnqft_ppl", "nnqft_ppl.theory", "nnqft_ppl.laws"])
def test_faces_hold_what_they_name(face):
    module = importlib.import_module(face)
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_correlators_know_no_tables():
    for file in (ROOT / "nnqft_ppl" / "correlation").glob("*.py"):
        heads = {target.split(".")[0] for target in imports(file)}
        assert not heads & {"pandas", "arviz", "arviz_base", "matplotlib", "xarray"}, file


@pytest.mark.slow
def test_importing_every_module_makes_no_array():
    """No device is touched at import, cards included."""
    code = (
        "import importlib, pathlib, nnqft_ppl, jax\n"
        "root = pathlib.Path(nnqft_ppl.__file__).parent\n"
        "for f in sorted(root.rglob('*.py')):\n"
        "    importlib.import_module('.'.join(('nnqft_ppl', *f.relative_to(root).with_suffix('').parts)))\n"
        "for n in nnqft_ppl.names(): nnqft_ppl.models.card(n)\n"
        "print(jax._src.xla_bridge.backends_are_initialized())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_files_stay_short():
    for folder in ("nnqft_ppl", "models", "analysis", "tests", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            assert len(file.read_text().splitlines()) <= 400, file


def test_every_card_keeps_the_contract():
    read = {entry.name: entry for entry in entries()}
    assert set(read) == set(names())
    for name in names():
        net, entry = load(name), read[name]
        assert entry.equations
        assert (entry.claims, entry.denies) == (net.claims, net.denies)
        assert {h.name for h in entry.hyperparameters} == {f.name for f in fields(net)}
        assert all(h.meaning for h in entry.hyperparameters), name
        cls: Any = type(net)
        assert cls.__final__


def test_readme_tables_are_fresh():
    text = (ROOT / "README.md").read_text()
    assert refresh(text) == text, "run `make readme`"


def test_symbol_table_is_complete():
    listed = {name for symbol in SYMBOLS for name in symbol.identifier.split(", ")}
    assert listed == {f.name for name in names() for f in fields(load(name))}


def test_a_card_may_not_hide_another(tmp_path):
    (tmp_path / "line.py").write_text("")
    with pytest.raises(ValueError, match="must have a name of its own"):
        models.add(tmp_path)


def test_constraints_name_no_host():
    assert "://" not in (ROOT / "constraints.txt").read_text()


# -- scoreboards --------------------------------------------------------------------------------------------------------


def test_verdicts_follow_from_the_numbers(tmp_path):
    study = Study("toy", tmp_path)
    study.exact("(1)", "right", 2.0, 2.0 + 1e-12, route="identity")
    study.exact("(1)", "wrong", 2.0, 2.0 + 1e-9, route="quadrature")
    study.exact("(1)", "zero", 0.0, 1e-9, route="enumeration")
    study.monte_carlo("(1)", "near", 1.0, 1.04, 0.01)
    study.monte_carlo("(1)", "far", 1.0, 1.06, 0.01)
    study.monte_carlo("(1)", "certain of nothing", 1.0, 1.0, 0.0)
    study.monte_carlo("(1)", "not a number", 1.0, np.nan, 0.01)
    study.between("(1)", "inside", 1.0, 1.5, 0.5, 2.0, route="other code", of=load("cos_net", dim=2))
    study.between("(1)", "outside", 1.0, 2.5, 0.5, 2.0, route="draws")
    verdicts = [row.verdict for row in study.rows]
    short = "falls short"
    assert verdicts == ["holds", short, short, "holds", short, short, short, "holds", short]
    assert all(isinstance(row, Row) for row in study.rows)
    assert [row.route for row in study.rows[:3]] == ["identity", "quadrature", "enumeration"]
    assert (study.rows[-2].card, study.rows[-2].dim) == ("cos_net", 2)
    board: Any = studies.by_equation(study.rows).set_index("equation")
    assert len(board) == 59
    assert board.loc["(1)", "strongest"] == "draws"
    assert board.loc["(1)", "short"] == 6
    assert int(board["strongest"].isna().sum()) == 58


def test_another_seed_gives_other_draws(tmp_path):
    """Seeds of different runs never coincide."""
    first, second = Study("toy", tmp_path), Study("toy", tmp_path, seed=1)
    assert not {first.seed(k) for k in range(1000)} & {second.seed(k) for k in range(1000)}
    assert first.seed(3) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "quantity"),
    [(None, None), ("cos_net", "two_point"), ("cos_net", "kernel_moment"), ("gauss_net", "neuron_moment")],
)
def test_a_planted_error_turns_the_scoreboard_red(tmp_path, monkeypatch, card, quantity):
    """All rows of a study hold as they are; a closed form that is off by 1 % falls short in the study that checks it."""
    if card is not None:
        cls = models.card(card)
        right = getattr(cls, quantity)
        monkeypatch.setattr(cls, quantity, lambda self, *args: 1.01 * right(self, *args))
    rows = studies.run("large_width_duality", tmp_path, quick=True)
    assert all(row.verdict == "holds" for row in rows) == (card is None)


@pytest.mark.slow
def test_studies_side_by_side(tmp_path):
    """Two processes: the rows of every study come back, and what a study refuses is an error here too."""
    found = dict(studies.run_all(("printed_forms", "free_scalar"), tmp_path, quick=True))
    assert set(found) == {"printed_forms", "free_scalar"}
    assert {row.verdict for rows in found.values() for row in rows} == {"holds"}
    with pytest.raises(InputError, match="study must be one of"):
        list(studies.run_all(("nothing",), tmp_path))


@pytest.mark.slow
def test_shipped_configurations_reproduce(tmp_path, monkeypatch):
    """The main job without the published data: 900 exact values, and the neuron estimator agrees."""
    from nnqft_ppl.studies import published  # pyright: ignore[reportAttributeAccessIssue]

    monkeypatch.setattr(published, "DATA", tmp_path / "nothing")
    monkeypatch.setattr(published, "QUICK_DRAWS", 4096)
    rows = studies.run("published", tmp_path / "out", quick=True)
    assert len(rows) == 3
    assert {p.suffix for p in (tmp_path / "out").iterdir()} == {".parquet", ".png"}


def test_published_data(shared):
    """Exact finite-N values against the published Monte Carlo: chi2 per point for each alpha, no draws of ours."""
    import time

    from nnqft_ppl import exact_correlator
    from nnqft_ppl.studies.published import published  # pyright: ignore[reportMissingImports]

    sets = published(shared / "data" / "nnft_alpha")
    assert len(sets) == 18
    start = time.process_time()
    values = [
        exact_correlator(load("alpha_scalar", dim=2, alpha=s.alpha, cutoff=s.cutoff, width=s.width), s.configurations)
        for s in sets
    ]
    assert time.process_time() - start < 2.0
    for alpha in (-1.0, 0.0, 1.0):
        chi2 = [np.mean(((v - s.means) / s.errors) ** 2) for s, v in zip(sets, values, strict=True) if s.alpha == alpha]
        assert 0.5 < np.mean(chi2) < 2.0
