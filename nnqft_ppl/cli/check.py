"""``nnqft check``: a card against its contract, its claims and its own draws."""

from typing import Annotated

import typer

from nnqft_ppl.cli.options import SeedOption, SetOption, card_name, clear_errors
from nnqft_ppl.runtime.errors import InputError

COLOURS = {"ok": "green", "WRONG": "red", "not checked": "yellow"}


def check(
    card: Annotated[str, typer.Argument(metavar="CARD", help="A card's name, or a .py file that declares one.")],
    settings: SetOption = None,
    draws: Annotated[int, typer.Option(help="Networks that claims and theorems are held against.")] = 200_000,
    seed: SeedOption = 0,
) -> None:
    """Check a card of your own: its contract, its claimed symmetries and its theorems against its own draws.

    One line each: `ok`, `WRONG`, or `not checked` with the reason. A number is wrong beyond five standard errors. Two
    neurons are drawn unless `--set width=` says otherwise, as finite width shows most there. The exit status is 1 if
    anything is wrong.

    Example: `nnqft check my_card.py --set dim=2`
    """
    with clear_errors():
        if draws < 1000:
            raise InputError(f"draws must be at least 1000, got {draws}")
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
                word = typer.style(f"{finding.verdict:<11}", fg=COLOURS[finding.verdict])
                typer.echo(f"{word} {part:<8} {finding.line}")
        counts = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in COLOURS)
        typer.echo(f"{found.theory}: {counts}")
        if found.comparisons:
            rate = found.comparisons * FALSE_ALARM
            typer.echo(
                f"{found.comparisons} comparisons with {draws} draws of seed {seed}, wrong beyond 5 standard errors: "
                f"a false alarm in any of them has a chance of at most {rate:.1g}"
            )
    if found.count("WRONG"):
        raise typer.Exit(1)
