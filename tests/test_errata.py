"""Every equation on the scoreboard, errata that are fresh, and planted errors that turn rows red."""

import re

import numpy as np
import pytest
from conftest import ROOT, part_of

from nnqft_ppl import models, studies
from nnqft_ppl.studies.printed_forms import Form, errata, forms  # pyright: ignore[reportMissingImports]

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_every_equation_has_a_row():
    """The labels that studies give to their rows name all of (1)-(44) and (S1)-(S15)."""
    found: set[str] = set()
    for file in (ROOT / "analysis").glob("*.py"):
        for label in re.findall(r'"((?:\(S?\d+\)(?:, )?)+)"', file.read_text()):
            found |= set(re.findall(r"S?\d+", label))
    numbered = {str(k) for k in range(1, 45)} | {f"S{k}" for k in range(1, 16)}
    assert numbered == found


def test_errata_are_fresh():
    assert (ROOT / "docs" / "ERRATA.md").read_text() == errata(), "run `make errata`"


def test_printed_forms_are_judged_by_their_numbers():
    wrong = {form.equation for form in forms() if not form.holds}
    assert {"(23)", "(33)", "(S8)", "(S10)", "(S11)", "(S15)"} <= {e for label in wrong for e in label.split(", ")}
    assert "(S14)" not in wrong
    # The prefactor of (S11) is right on the line, and there only.
    assert [form.holds for form in forms() if form.equation == "(S11)"] == [True, False, False]


def test_verdicts_are_derived():
    """Of the paper: what a constant mends and what a symbol mends. Of made-up forms: no verdict without its numbers."""
    found = {(form.equation, form.verdict) for form in forms()}
    assert {
        ("(22), (34)", "convention"),
        ("(33)", "convention"),
        ("(S11)", "corrected"),
        ("(18)", "corrected"),
    } <= found
    assert {("(23)", "typo"), ("(S10)", "typo"), ("(S15)", "typo"), ("(42), (43)", "typo")} <= found
    form = Form("(1)", "", "", 2.0, 1.0, 1.0, "quadrature")
    assert form.verdict == "corrected"
    assert form._replace(others=((4.0, 2.0),)).verdict == "corrected"  # two inputs are too few
    assert form._replace(others=((4.0, 2.0), (6.0, 3.0))).verdict == "convention"
    assert form._replace(others=((4.0, 2.0), (6.1, 3.0))).verdict == "corrected"
    assert form._replace(mended=1.0).verdict == "typo"
    assert form._replace(mended=1.001).verdict == "corrected"
    right = form._replace(printed_value=1.0)
    assert right.verdict == "holds"
    assert right._replace(others=((1.0, 2.0),)).verdict == "corrected"  # right by accident


PLANTED = [
    ("cos_net", "kernel_moment"),
    ("cos_net", "two_point"),
    ("cos_net", "power_spectrum"),
    ("cos_net", "connected_four_point"),
    ("gauss_net", "neuron_moment"),
    ("gauss_net", "two_point"),
    ("gauss_net", "connected_four_point"),
    ("cauchy", "rho"),
    ("cauchy", "power_spectrum"),
    ("free_scalar", "kernel_moment"),
    ("free_scalar", "power_spectrum"),
    ("coupled_cos_net", "pair_excess"),
    ("vector", "two_point"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("card", "quantity"), part_of(PLANTED, lambda *case: case in PLANTED[::2]))
def test_a_planted_error_turns_a_row_red(tmp_path, monkeypatch, card, quantity):
    """A closed form that is off by one in a hundred thousand falls short somewhere."""
    cls = models.card(card)
    right = getattr(cls, quantity)
    monkeypatch.setattr(cls, quantity, lambda self, *args: (1 + 1e-5) * np.asarray(right(self, *args)))
    assert any(row.verdict == "falls short" for row in studies.run("printed_forms", tmp_path, quick=True))
    monkeypatch.undo()


def test_nothing_is_red_without_a_planted_error(tmp_path):
    assert all(row.verdict == "holds" for row in studies.run("printed_forms", tmp_path, quick=True))
