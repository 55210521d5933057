"""``nnqft axioms`` and ``nnqft predict``: is it a quantum field theory, and what would one see of it?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from nnqft_ppl.cli.options import (
    CardArgument,
    JsonOption,
    SeedOption,
    SetOption,
    TheoryOption,
    any_theory,
    check_least,
    theory,
)
from nnqft_ppl.cli.screen import Screen, answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_readable, check_writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnqft_ppl.axioms.verdicts import Verdict
    from nnqft_ppl.theory.conditioned import Model


COLOURS = {"pass": "green", "up to cutoff": "cyan", "undecided": "yellow", "fail": "bold red"}


def axioms(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    every: Annotated[bool, typer.Option("--all", help="The matrix of all cards, each at its defaults.")] = False,
    dim: Annotated[int, typer.Option(help="Dimension of space for --all, where a card lives there.")] = 1,
    draws: Annotated[int, typer.Option(help="Draws of the tests that have no closed form to go by.")] = 100_000,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="Table of all tests, .parquet or .csv.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Test the Osterwalder-Schrader axioms: which theories are quantum, in which sense, and why not.

    Permutations, Euclidean invariance, reflection positivity of two-, four- and six-point functions (RP 2, 4, 6), and
    cluster decomposition; then the same question for the limit N -> infinity. `fail`: a counterexample, exact or
    beyond five standard errors of draws. `up to cutoff`: the violation is within the rigorous bound on what a momentum
    cutoff can do. `undecided`: positive for the functionals that were tried, or too few draws. A theory with an action
    is asked by draws alone: by networks with weights, or by chains.

    Example: `nnqft axioms cauchy --set width=10`

    Example: `nnqft axioms --all --dim 2 --out axioms.parquet`
    """
    with answering("axioms", as_json) as screen:
        if (card is None and file is None) != every:
            raise InputError("axioms takes a CARD, --theory FILE or --all, one of the three")
        check_least("draws", draws, 1000)
        if out is not None:
            check_writable(out)
        if every:
            found = _matrix(screen, dim, settings, draws, seed)
        else:
            found = [_one(screen, any_theory(card, settings, file), draws, seed)]
        from nnqft_ppl.reports.axioms import axiom_table, axiom_tables

        table = axiom_tables(found, seed) if every else axiom_table(found[0][0], found[0][1], seed)
        screen.give(axioms=table)
        if out is not None:
            from nnqft_ppl.reports.tables import write_table

            write_table(table, out, "axioms")
            screen.wrote(out)


def predict(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    points: Annotated[Path | None, typer.Option(help="CSV or Parquet of four points with columns x0, x1, ...")] = None,
    as_json: JsonOption = False,
) -> None:
    """Predict what one would see of a theory: its field, its interaction, and one neuron together with the field.

    Correlators of the field with a neuron measure the width N, give the interaction by a sum rule, and see a mean of
    the amplitudes that the field alone may hide. All exact. Without `--points`: four generic points.

    Example: `nnqft predict shifted_cos_net --set width=10 --set mu=0.3`
    """
    with answering("predict", as_json) as screen:
        check_readable(points, "points")
        net = theory(card, settings, file)
        from nnqft_ppl.correlation.mixed import predictions
        from nnqft_ppl.reports.points import read_configurations
        from nnqft_ppl.theory.generic import generic_points

        x = generic_points(net) if points is None else read_configurations(points, 4)[0]
        found = predictions(net, x)
        rows = [(p.quantity, p.equation, "" if p.remark else f"{p.value:.9g}", p.remark) for p in found]
        screen.table(("prediction", "equation", ">value", "remark"), rows)
        screen.say(f"{net!r} at {x.tolist()}")
        screen.give(theory=repr(net), points=x, predictions=found)


def _one(screen: Screen, net: "Model", draws: int, seed: int):
    from nnqft_ppl.axioms.osterwalder_schrader import axiom_verdicts, conclude
    from nnqft_ppl.theory.conditioned import conditioned

    verdicts = axiom_verdicts(net, draws=draws, seed=seed)
    rows = []
    for v in verdicts:
        effect = f"sees {v.effect:.2g} of its scale, {v.draws} draws" if v.draws and v.effect == v.effect else ""
        remarks = "; ".join(word for word in (v.detail, effect) if word)
        outcome = Text(v.outcome, COLOURS[v.outcome])
        rows.append((v.axiom, v.test, outcome, f"{v.statistic:.4g}", f"{v.tolerance:.2g}", remarks))
    screen.table(("axiom", "test", "verdict", ">statistic", ">tolerance", "remarks"), rows)
    words = conclude(net, verdicts).words
    beside = "".join(f" with {factor}" for factor in conditioned(net).factors)
    screen.say(f"{conditioned(net).net!r}{beside}: {words}")
    screen.give(theory=f"{conditioned(net).net!r}{beside}", conclusion=words)
    return net, verdicts


def _matrix(screen: Screen, dim: int, settings: list[str] | None, draws: int, seed: int):
    if settings:
        raise InputError("--all takes every card at its defaults; --set goes with a CARD")
    from nnqft_ppl import models
    from nnqft_ppl.axioms.osterwalder_schrader import AXIOMS
    from nnqft_ppl.reports.axioms import catalogue_axioms
    from nnqft_ppl.reports.provenance import card_name
    from nnqft_ppl.runtime.jax_settings import enable_x64
    from nnqft_ppl.runtime.progress import progress_bar, say

    enable_x64()
    say(f"plan: axioms of {len(models.names())} cards at their defaults, d = {dim} where they have it")
    columns = ("Z2", *AXIOMS)
    heads = ("Z2", "perm.", "transl.", "rot.", "refl.", "RP 2", "RP 4", "RP 6", "cluster")
    found, rows = [], []
    with progress_bar("axioms", len(models.names()), shown=True, unit="cards") as advance:
        for net, verdicts, conclusion in catalogue_axioms(dim, draws=draws, seed=seed):
            advance(1)
            found.append((net, verdicts))
            cells = [_cell(verdicts, axiom) for axiom in columns]
            name = Text(card_name(net), "bold")
            rows.append((name, str(net.dim), str(net.width), *cells, conclusion.infinite))
    screen.table(("card", ">d", ">N", *heads, "at N = infinity"), rows)
    screen.say(
        "RP 2, 4, 6: reflection positivity of 2-, 4- and 6-point functions; cutoff: within a cutoff's tolerance;"
    )
    screen.say("?: undecided; blank: nothing to ask, such as rotations of a line; N = infinity: the limit as a whole")
    return found


def _cell(verdicts: "Sequence[Verdict]", axiom: str) -> Text:
    from nnqft_ppl.axioms.verdicts import together

    about = [v for v in verdicts if v.axiom == axiom]
    if not about:
        return Text()
    outcome = together(about)
    return Text({"up to cutoff": "cutoff", "undecided": "?"}.get(outcome, outcome), COLOURS[outcome])
