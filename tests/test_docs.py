"""Every public function and class says what it takes, what it returns and how it is used, and its example runs."""

import doctest
import importlib
import inspect
import re

import numpy as np
import pytest

import nnqft_ppl as nq

FACES = ("nnqft_ppl", "nnqft_ppl.theory", "nnqft_ppl.laws")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

#: Every function and class of the three faces once.
PUBLIC = {
    (value.__module__, value.__qualname__): value
    for face in FACES
    for value in (getattr(importlib.import_module(face), name) for name in importlib.import_module(face).__all__)
    if inspect.isfunction(inspect.unwrap(value)) or inspect.isclass(value)
}


def sections(value: object) -> dict[str, str]:
    """The numpydoc sections of a docstring, by their titles."""
    parts = re.split(r"^(\w+)\n-{3,}\n", inspect.getdoc(value) or "", flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("value", PUBLIC.values(), ids=lambda value: value.__name__)
def test_public_names_are_documented(value):
    found = sections(value)
    assert ">>>" in found.get("Examples", ""), "no example"
    if inspect.isfunction(inspect.unwrap(value)):
        parameters = inspect.signature(value).parameters
        named = re.findall(r"^([\w, *]+)$", found.get("Parameters", ""), flags=re.MULTILINE)
        said = {word.strip("* ") for line in named for word in line.split(",")}
        assert set(parameters) <= said, f"Parameters lacks {sorted(set(parameters) - said)}"
        assert "Returns" in found


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("value", PUBLIC.values(), ids=lambda value: value.__name__)
def test_examples_run(value):
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    lines: list[str] = []
    for test in doctest.DocTestFinder(recurse=False).find(value, globs={"nq": nq, "np": np}):
        runner.run(test, out=lines.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(lines)
