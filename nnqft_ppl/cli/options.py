"""What all commands share: the terminal, clear errors, and the options that name a theory."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import LARGEST_SEED

CardArgument = Annotated[str, typer.Argument(metavar="CARD", help="A card's name, or a .py file that declares one.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter; repeat it. See `nnqft show CARD`."),
]
SeedOption = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the draws.")]


@contextmanager
def clear_errors(*, resumes: bool = False) -> Iterator[None]:
    """One line on standard error and exit status 2 for what the user can mend; warnings become notes.

    An interruption (status 130) says whether the command, given again, goes on where it was: `resumes`.
    """
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: typer.echo(f"note: {message}", err=True)
        try:
            yield
        except InputError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            further = "; the same command goes on from its last checkpoint" if resumes else ""
            typer.echo(f"interrupted; nothing half-done was written{further}", err=True)
            raise typer.Exit(130) from None


def theory(card: str, settings: list[str] | None):
    """The theory that CARD and --set name, with JAX in float64."""
    name = card_name(card)
    from nnqft_ppl.cli.settings import load_with_settings
    from nnqft_ppl.runtime.jax_settings import enable_x64

    enable_x64()
    return load_with_settings(name, settings or [])


def card_name(card: str) -> str:
    """The name of a card; a path to a file lets the card join the catalogue first."""
    from nnqft_ppl import models

    if card.endswith(".py"):
        return models.add(card)[0]
    models.source(card)
    return card


def console() -> Console:
    """The terminal as it is; a pipe or a file gets lines wide enough for a table."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, 132))


def number(value: Any, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)
