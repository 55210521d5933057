"""``nnqft list``, ``show``, ``atlas`` and ``check``: the catalogue, a theory, a page for each, a card's contract."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from nnqft_ppl.cli.options import (
    CardArgument,
    JsonOption,
    SeedOption,
    SetOption,
    TheoryOption,
    any_theory,
    card_name,
    check_least,
    complete_card,
)
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.errors import InputError

COLOURS = {"ok": "green", "WRONG": "red", "not checked": "yellow"}


def list_cards(as_json: JsonOption = False) -> None:
    """List the catalogue: every card with its equations, symmetries and what is exact."""
    with answering("list", as_json) as screen:
        from nnqft_ppl.catalogue import entries, short_symmetries

        found, rows = entries(), []
        for e in found:
            symmetries = (short_symmetries(e.claims), short_symmetries(e.denies))
            rows.append((Text(e.name, "bold"), e.title, ", ".join(e.equations), *symmetries, e.exact or "—"))
        screen.table(("card", "theory", "equations", "symmetric under", "not under", "exact"), rows)
        screen.give(cards=found)


def show(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print the theory's text, for --theory of other commands.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a theory: its formula, its hyperparameters with their ranges, its theorems and its symmetries; or its text.

    Example: `nnqft show free_scalar`

    Example: `nnqft show cos_net --set amplitude=bimodal --toml > theory.toml`
    """
    with answering("show", as_json) as screen:
        if toml and as_json:
            raise InputError("show takes --toml or --json, one of the two")
        if toml:
            model = any_theory(card, settings, file)
            from nnqft_ppl.text import to_toml

            typer.echo(to_toml(model), nl=False)
            return
        if card is None or settings or file is not None:
            raise InputError("show takes a CARD alone; with --toml also --set, or --theory FILE in its place")
        name = card_name(card)
        from nnqft_ppl.catalogue import entry, short_symmetries
        from nnqft_ppl.models import card as card_class
        from nnqft_ppl.theory.amplitudes import AMPLITUDES

        found, theorems = entry(name), card_class(name).theorems()
        laws = {key: _field_names(law) for key, law in AMPLITUDES.items()}
        if all(h.range != "AmplitudeLaw" for h in found.hyperparameters):
            laws = {}
        screen.say(Text.assemble((name, "bold"), f"  {found.title}\n\n{found.formula}\n"))
        rows = [(Text(h.name, "bold"), h.range, h.default, h.meaning) for h in found.hyperparameters]
        screen.table(("hyperparameter", "range", "default", "meaning"), rows)
        if laws:
            screen.say(f"\namplitude laws: {'; '.join(f'{key}({", ".join(of)})' for key, of in laws.items())}")
        screen.say()
        rows = [(Text(t.quantity, "bold"), ", ".join(t.equations), t.statement) for t in theorems]
        screen.table(("theorem", "equations", "statement"), rows)
        screen.say(f"\nsymmetric under: {short_symmetries(found.claims)}")
        screen.say(f"not symmetric under: {short_symmetries(found.denies)}")
        statements = [{"theorem": t.quantity, "equations": t.equations, "statement": t.statement} for t in theorems]
        screen.give(**found._asdict(), amplitude_laws=laws, theorems=statements)


def atlas(
    cards: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CARD]...", help="Cards' names, or .py files; all by default.", autocompletion=complete_card
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pages; begin with its index.html.")] = Path("atlas"),
    draws: Annotated[int, typer.Option(help="Draws of each Monte Carlo estimate and of each test by draws.")] = 20_000,
    seed: SeedOption = 0,
    jobs: Annotated[int | None, typer.Option(help="Theories at a time; by default one for each CPU.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the atlas: a page for every theory, which a browser shows without a server and without a network.

    Draws of the field, correlators and spectra with Monte Carlo points on exact curves, the interaction against width,
    axioms and symmetries with their numbers, classical configurations, and sliders that move exact curves. Cards of
    your own join with `nnqft --cards FOLDER atlas`. All cards take two to four minutes on two cores, and begin anew
    after an interruption.

    Example: `nnqft atlas --out atlas`

    Example: `nnqft atlas cos_net gauss_net --out two`
    """
    with answering("atlas", as_json) as screen:
        check_least("draws", draws, 1000)
        check_least("jobs", jobs, 1)
        chosen = [card_name(one) for one in cards or []] or None
        from nnqft_ppl.atlas.book import write_atlas
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        page = write_atlas(out, chosen, draws=draws, seed=seed, jobs=jobs or os.cpu_count() or 1, progress=True)
        screen.wrote(page)


def _field_names(law: type) -> list[str]:
    from nnqft_ppl.theory.ranges import field_types

    return list(field_types(law))


def check(
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD", help="A card's name, or a .py file that declares one.", autocompletion=complete_card
        ),
    ],
    settings: SetOption = None,
    draws: Annotated[int, typer.Option(help="Networks that claims and theorems are held against.")] = 200_000,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Check a card of your own: its contract, its claimed symmetries and its theorems against its own draws.

    One line each: `ok`, `WRONG`, or `not checked` with the reason. A number is wrong beyond five standard errors. Two
    neurons are drawn unless `--set width=` says otherwise, as finite width shows most there. The exit status is 1 if
    anything is wrong.

    Example: `nnqft check models/cauchy.py`
    """
    with answering("check", as_json) as screen:
        check_least("draws", draws, 1000)
        name = card_name(card)
        from nnqft_ppl import models
        from nnqft_ppl.checks.check import FALSE_ALARM
        from nnqft_ppl.checks.check import check as checked
        from nnqft_ppl.cli.settings import read_settings
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        try:
            cls = models.card(name)
        except InputError:  # a finding of the check
            chosen = {}
        else:
            chosen = read_settings(cls, settings or [])
        found = checked(name, draws=draws, seed=seed, **chosen)
        for part in ("contract", "claims", "theorems"):
            for finding in (one for one in found.findings if one.part == part):
                word = (f"{finding.verdict:<11}", COLOURS[finding.verdict])
                screen.say(Text.assemble(word, f" {part:<8} {finding.line}"))
        counts = {verdict: found.count(verdict) for verdict in COLOURS}
        screen.say(f"{found.theory}: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}")
        if found.comparisons:
            rate = found.comparisons * FALSE_ALARM
            screen.say(
                f"{found.comparisons} comparisons with {draws} draws of seed {seed}, wrong beyond 5 standard errors: "
                f"a false alarm in any of them has a chance of at most {rate:.1g}"
            )
        screen.give(theory=found.theory, counts=counts, findings=list(found.findings))
    if found.count("WRONG"):
        raise typer.Exit(1)
