"""What all commands share: the terminal, clear errors, and the options that name a theory."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import LARGEST_SEED

if TYPE_CHECKING:
    from nnqft_ppl.theory.architecture import Architecture
    from nnqft_ppl.theory.conditioned import Model


def complete_card(incomplete: str) -> list[str]:
    """Names of cards that begin so, for the shell."""
    from nnqft_ppl import models

    return [name for name in models.names() if name.startswith(incomplete)]


def complete_setting(context: typer.Context, incomplete: str) -> list[str]:
    """Hyperparameters of the CARD before it that begin so, for the shell; nothing for a card that is not there."""
    from nnqft_ppl.catalogue import entry

    try:
        said = context.params.get("card") or " ".join(context.args[:1])  # an option without its value ends the parsing
        found = entry(said).hyperparameters
    except InputError:
        return []
    return [f"{one.name}=" for one in found if one.name.startswith(incomplete)]


CardArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[CARD]", help="A card's name, or a .py file that declares one.", autocompletion=complete_card
    ),
]
TheoryOption = Annotated[
    Path | None,
    typer.Option(
        "--theory",
        metavar="FILE",
        help="A theory in place of CARD: its text (.toml, .json), or what was made from it (.parquet, .nc, .zarr).",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A hyperparameter; repeat it. See `nnqft show CARD`.",
        autocompletion=complete_setting,
    ),
]
PlotOption = Annotated[Path | None, typer.Option(help="Picture for a paper: .png, .pdf or .svg.")]
FigureWidthOption = Annotated[
    str | None,
    typer.Option(metavar="WIDTH", help="Width of the picture: 8.6cm, 86mm, 3.4in.", show_default="by its kind"),
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


def theory(card: str | None, settings: list[str] | None, file: Path | None = None) -> "Architecture":
    """The theory that CARD and --set, or --theory, name, with JAX in float64; one without data, sources and actions."""
    model = any_theory(card, settings, file)
    from nnqft_ppl.theory.architecture import Architecture

    if isinstance(model, Architecture):
        return model
    words = [
        name
        for name, there in (
            ("observe", model.observation),
            ("deform", model.actions),
            ("add_source", model.sources),
            ("give_laws", model.unknown),
            ("collapse", model.collapsed),
        )
        if there
    ]
    raise InputError(
        f"theory must be a card's, without what transforms add, got {', '.join(words)}; "
        "`nnqft draw`, `correlators`, `modes` and `posterior` take it"
    )


def any_theory(card: str | None, settings: list[str] | None, file: Path | None) -> "Model":
    """The theory that CARD and --set, or --theory, name, with JAX in float64; transformed or not."""
    if (card is None) == (file is None):
        raise InputError("theory must be a CARD or --theory FILE, one of the two")
    if file is not None:
        if settings:
            raise InputError(f"--set goes with a CARD; {str(file)!r} says every hyperparameter")
        from nnqft_ppl.reports.provenance import theory_of
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        model = theory_of(file)
        if isinstance(model, dict):
            raise InputError(f"theory file {str(file)!r} must have one theory, got {', '.join(model)}")
        return model
    name = card_name(str(card))
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
