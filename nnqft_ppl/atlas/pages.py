"""Facts as pages: one for a theory, and the front page of all."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nnqft_ppl.atlas import figures, tables
from nnqft_ppl.atlas.facts import Facts, Missing
from nnqft_ppl.atlas.formulas import mathml, split_formula
from nnqft_ppl.atlas.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Picture, sparks, svg
from nnqft_ppl.catalogue import short_symmetries
from nnqft_ppl.models import load
from nnqft_ppl.runtime.version import VERSION

TEMPLATES = Path(__file__).with_name("templates")
STATIC = ("atlas.css", "atlas.js")
EQUATIONS = re.compile(r"(\(S?\d+\)[-, ]*)*")  # which a page lists anyway


class Section(NamedTuple):
    """A part of a page: pictures and tables, and remarks on them; or why there is nothing."""

    key: str
    title: str
    intro: str
    pictures: list[Picture]
    tables: list[tables.Table]
    remarks: tuple[str, ...] = ()
    missing: str = ""


class Summary(NamedTuple):
    """A theory on the front page."""

    name: str
    title: str
    formula: str  #: HTML
    sparks: str  #: a small picture of some fields, HTML
    equations: str
    claims: str
    denies: str
    interaction: str
    here: str
    infinite: str


def summary(facts: Facts) -> Summary:
    entry, fields, found = facts.entry, facts.fields, facts.axioms
    formula, _ = split_formula(entry.formula)
    here, infinite = ("undecided", "undecided")
    if not isinstance(found, Missing):
        here, infinite = found.conclusion.here, found.conclusion.infinite
    return Summary(
        entry.name,
        entry.title,
        mathml(formula),
        "" if isinstance(fields, Missing) else sparks(fields.phi[:3, ::2]),
        ", ".join(entry.equations),
        short_symmetries(entry.claims),
        short_symmetries(entry.denies),
        "not known"
        if isinstance(facts.width, Missing)
        else figures.sign_words(facts.width).removeprefix("G4c is ").rstrip("."),
        here,
        infinite,
    )


def theory_page(facts: Facts, downloads: dict[str, str], before: str, after: str) -> str:
    """The page of one theory; `before` and `after` are the names of its neighbours."""
    formula, source = split_formula(facts.entry.formula)
    sliders = None
    if not isinstance(facts.sliders, Missing):
        meanings = {one.name: one.meaning for one in facts.entry.hyperparameters}
        frame = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
        sliders = {
            "data": Markup(json.dumps({**facts.sliders.as_data(), "frame": frame}).replace("<", "\\u003c")),
            "rows": [(one, Markup(mathml(meanings[one.name]))) for one in facts.sliders.sliders],
        }
    return (
        _environment()
        .get_template("theory.html")
        .render(
            entry=facts.entry,
            theory=repr(facts.theory),
            width="" if facts.theory == load(facts.entry.name) else f", width={facts.theory.width}",
            formula=Markup(mathml(formula)),
            source="" if EQUATIONS.fullmatch(source) else source,
            claims=short_symmetries(facts.entry.claims),
            denies=short_symmetries(facts.entry.denies),
            sections=sections(facts, downloads),
            sliders=sliders,
            no_sliders=facts.sliders.why if isinstance(facts.sliders, Missing) else "",
            curves=downloads.get("curves", ""),
            before=before,
            after=after,
            version=VERSION,
        )
    )


def front_page(found: list[Summary], failures: list[tuple[str, str]]) -> str:
    return (
        _environment()
        .get_template("index.html")
        .render(theories=found, failures=failures, version=VERSION, quantum=sum(one.here != "fail" for one in found))
    )


def sections(facts: Facts, downloads: dict[str, str]) -> list[Section]:
    """The parts of a theory's page, in the order of declare, draw, compute, read."""
    table = facts.correlators
    checked = [] if isinstance(table, Missing) else [tables.correlators(table, downloads["correlators"])]
    checked = [one for one in checked if one.rows]
    forms = tables.theorems(facts)
    return [
        Section("hyperparameters", "Hyperparameters", "", [], [tables.hyperparameters(facts)]),
        _of("fields", "Draws of the field", facts.fields, figures.fields_picture),
        _of("two-point", "Two-point function", facts.two_point, figures.two_point_picture),
        _of("spectrum", "Power spectrum", facts.spectrum, figures.spectrum_picture),
        _of("width", "Interaction against width", facts.width, figures.width_picture, figures.sign_words),
        Section(
            "estimates",
            "Exact and by draws, side by side",
            "",
            [],
            checked,
            missing="" if checked else _why_no_draws(facts),
        ),
        _axioms(facts, downloads),
        _classical(facts),
        Section(
            "theorems",
            "Closed forms",
            "",
            [],
            [forms] if forms.rows else [],
            missing="" if forms.rows else "The card gives none; estimators take over.",
        ),
    ]


def _of(key: str, title: str, fact: Any, picture: Any, words: Any = None) -> Section:
    if isinstance(fact, Missing):
        return Section(key, title, "", [], [], missing=fact.why)
    drawn = picture(fact)
    remarks = (words(fact),) if words and drawn is None else ()
    return Section(key, title, "", [] if drawn is None else [drawn], [], remarks)


def _why_no_draws(facts: Facts) -> str:
    if isinstance(facts.correlators, Missing):
        return facts.correlators.why
    if isinstance(facts.fields, Missing):
        return facts.fields.why
    return "There are no estimates."


def _axioms(facts: Facts, downloads: dict[str, str]) -> Section:
    title = "Is it a quantum field theory?"
    if isinstance(facts.axioms, Missing):
        return Section("axioms", title, "", [], [], missing=facts.axioms.why)
    words = facts.axioms.conclusion.words
    intro = words[0].upper() + words[1:] + "."
    return Section("axioms", title, intro, [], [tables.axiom_verdicts(facts.axioms, downloads["axioms"])])


def _classical(facts: Facts) -> Section:
    title = "Classical configurations"
    found = facts.classical
    if isinstance(found, Missing):
        return Section("classical", title, "", [], [], missing=found.why)
    intro = ""
    if len(found.amplitudes):
        values = ", ".join(f"{a:.4g}" for a in np.round(found.amplitudes, 9) + 0.0)
        intro = f"Modes of P(a_i), in the card's own coordinates: {values}."
    drawn = figures.classical_picture(found)
    listed = [tables.fates(found)] + ([tables.classical_neurons(found)] if found.modes else [])
    return Section("classical", title, intro, [] if drawn is None else [drawn], listed, found.remarks)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"svg": lambda picture: Markup(svg(picture)), "legend": figures.legend}
    return found
