"""Every block of code of the README runs; the Python of the site's pages runs when the site is built.

The Python blocks run from top to bottom in one namespace, as a reader would run them. A shell block runs command by
command through the program that the installed ``nnqft`` is, in a folder with `examples/`. What would take long draws
less: `FEWER` lowers defaults of Python functions and adds options to commands; nothing of that is in the product. What
other tests run is in `ELSEWHERE`.
"""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl.cli.app import app

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compilation")]

README = ROOT / "README.md"
CHAINS = {"chains": 2, "warmup": 25, "draws": 25}

#: Lower defaults in Python, and options that are added to a command.
FEWER: dict[str, dict[str, int]] = {
    "posterior": {**CHAINS, "width": 10},  # of the command line alone
    "axioms": {"draws": 1000},
    "correlators": {"draws": 5000},
    "design": {"draws": 1000},
    "interact": {"draws": 1000, "nodes": 4},
    "modes": {"starts": 512},
}
#: Beginnings of lines that are left out here, and what runs them, or most of what they do.
ELSEWHERE = {
    "make ": ".ci/run runs `make test`; the others are run by hand",
    "pip install": "a GPU, which the tests do not have",
    "python -m pip install": ".ci/run",
    "nnqft axioms --all": "tests/test_axioms.py",
    "nnqft reproduce": "tests/test_house.py",
    "nnqft sweep": "tests/test_sweeps.py",
    "nnqft posterior cauchy": "tests/test_data.py",
    "nnqft compare": "tests/test_data.py",
    "nnqft vacua": "tests/test_vacua.py",
    "nnqft check models/cauchy.py": "tests/test_check.py",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    lines = block.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(tuple(ELSEWHERE))]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder as a reader's: with the examples, and nothing else."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_runs(folder, monkeypatch):
    for name in FEWER.keys() & set(nq.__all__):
        defaults: dict[str, Any] = getattr(nq, name).__kwdefaults__
        for option in FEWER[name].keys() & defaults.keys():
            monkeypatch.setitem(defaults, option, FEWER[name][option])
    names: dict[str, Any] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block, str(README), "exec", dont_inherit=True), names)


@pytest.mark.parametrize("block", [block for block in blocks("sh") if commands(block)])
def test_shell_runs(block, folder):
    for line in commands(block):
        words = shlex.split(line, comments=True)
        target = words[words.index(">") + 1] if ">" in words else None
        words = words[: words.index(">")] if target else words
        assert words[0] == "nnqft", line
        fewer = FEWER.get(words[1], {})
        added = [word for name, value in fewer.items() for word in (f"--{name}", str(value))]
        result = CliRunner().invoke(app, [*words[1:], *added])
        assert result.exit_code == 0, f"{line}: {result.output} {result.exception!r}"
        if target:
            (folder / target).write_text(result.stdout)
