"""``nnqft check``: a card against its contract, its claims and its own draws."""

from typing import Annotated

import typer
from rich.text import Text

from nnqft_ppl.cli.options import JsonOption, SeedOption, SetOption, card_name, check_least, complete_card
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.errors import InputError

COLOURS = {"ok": "green", "WRONG": "red", "not checked": "yellow"}


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

    Example: `nnqft check my_card.py --set dim=2`
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
