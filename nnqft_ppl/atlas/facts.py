"""Everything that the atlas says of one theory; what cannot be had is the sentence that says why."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnqft_ppl.atlas.curves import (
    CURVE,
    REACH,
    Curve,
    Fields,
    against_width,
    along,
    correlator_table,
    drawn_fields,
    spectrum,
    two_point,
)
from nnqft_ppl.atlas.fates import Axioms, Classical, axioms, classical
from nnqft_ppl.atlas.sliders import Tables, slider_tables
from nnqft_ppl.catalogue import Entry, entry
from nnqft_ppl.models import card as card_class
from nnqft_ppl.models import load
from nnqft_ppl.reports.axioms import axiom_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture, Theorem

WIDTH = 10  # of the theories in the atlas: at finite width there is something to see
DRAWS = 20_000  # of estimates, and of tests that have no closed form to go by


class Missing(NamedTuple):
    """Why something cannot be had."""

    why: str


class Facts(NamedTuple):
    """What a page is made of."""

    entry: Entry
    theory: Architecture
    theorems: tuple[Theorem, ...]
    fields: Fields | Missing
    correlators: pd.DataFrame | Missing
    two_point: Curve | Missing
    spectrum: Curve | Missing
    width: Curve | Missing
    axioms: Axioms | Missing
    axiom_table: pd.DataFrame | Missing
    classical: Classical | Missing
    sliders: Tables | Missing


def facts(name: str, *, draws: int = DRAWS, seed: int = 0) -> Facts:
    """All facts of one card at its defaults and N = 10, or at its own width where that is fixed.

    Raises
    ------
    InputError
        for a card that cannot be loaded.
    """
    net = finite_theory(name)
    table = had(lambda: correlator_table(net, draws, seed))
    known = None if isinstance(table, Missing) else table
    found = had(lambda: axioms(net, draws, seed))
    places = along(net, np.linspace(-REACH, REACH, 4 * CURVE) * net.length)
    return Facts(
        entry(name),
        net,
        card_class(name).theorems(),
        had(lambda: drawn_fields(net, seed)),
        table,
        had(lambda: two_point(net, known)),
        had(lambda: spectrum(net, seed)),
        had(lambda: against_width(net, known, draws, seed)),
        found,
        found if isinstance(found, Missing) else axiom_table(net, found.verdicts, seed),
        had(lambda: classical(net, places, seed)),
        had(lambda: slider_tables(net)),
    )


def finite_theory(name: str) -> Architecture:
    """The card at its defaults and N = 10, where its width is free."""
    net = load(name)
    try:
        return replace(net, width=WIDTH)
    except InputError:
        return net


def had[Fact](ask: Callable[[], Fact]) -> Fact | Missing:
    """The answer, or the sentence of the error that says why there is none."""
    try:
        return ask()
    except InputError as error:
        return Missing(f"{error}.")
