"""What all commands share: the options that name a theory, and checks that need no JAX."""

import errno
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
        given = context.params.get("card") or context.params.get("one")  # of `dual`
        said = given or " ".join(context.args[:1])  # an option without its value ends the parsing
        found = entry(said).hyperparameters
    except InputError:
        return []
    return [f"{one.name}=" for one in found if one.name.startswith(incomplete)]


#: What the engine offers, by names that need no JAX; a test holds them against the engine.
KINDS = ("full", "connected", "I_N", "I_IB")
ESTIMATORS = ("exact", "neuron", "sobol", "amplitude", "field", "reweight", "chain")
SAMPLERS = ("nuts", "gibbs")


def complete_kind(incomplete: str) -> list[str]:
    """Kinds of correlators that go on from there, for the shell."""
    return _next_word(incomplete, KINDS)


def complete_estimator(incomplete: str) -> list[str]:
    """Estimators that go on from there, for the shell."""
    return _next_word(incomplete, ESTIMATORS)


def complete_sampler(incomplete: str) -> list[str]:
    """Samplers that begin so, for the shell."""
    return [name for name in SAMPLERS if name.startswith(incomplete)]


def complete_study(incomplete: str) -> list[str]:
    """Names of studies that begin so, for the shell."""
    from nnqft_ppl.runtime.files import content

    return sorted(file.stem for file in content("analysis").glob("[!_]*.py") if file.stem.startswith(incomplete))


def _next_word(incomplete: str, words: tuple[str, ...]) -> list[str]:
    """A list with commas, its last word completed to each that is not in it yet."""
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + word for word in words if word.startswith(last) and word not in before.split(",")]


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
TheoriesOption = Annotated[
    list[Path] | None,
    typer.Option("--theory", metavar="FILE", help="A theory beside the CARDs or in their place; repeat it."),
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


JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as one JSON document, and nothing else on standard output.")
]


def check_least(name: str, value: float | None, least: float) -> None:
    """`InputError` for a number of an option that is too small; asked before JAX is imported."""
    if value is not None and not value >= least:
        raise InputError(f"{name} must be at least {least}, got {value}")


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
        "`nnqft axioms`, `correlators`, `draw`, `modes` and `posterior` take it"
    )


def any_theory(card: str | None, settings: list[str] | None, file: Path | None) -> "Model":
    """The theory that CARD and --set, or --theory, name, with JAX in float64; transformed or not."""
    if (card is None) == (file is None):
        raise InputError("theory must be a CARD or --theory FILE, one of the two")
    if file is not None:
        if settings:
            raise InputError(f"--set goes with a CARD; {str(file)!r} says every hyperparameter")
        if not file.exists():
            raise InputError(f"theory file {str(file)!r} cannot be read: {os.strerror(errno.ENOENT)}")
        from nnqft_ppl.reports.provenance import theory_of
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        model = theory_of(file)
        if isinstance(model, dict):
            raise InputError(f"theory file {str(file)!r} must have one theory, got {', '.join(model)}")
        return model
    name = checked_card(str(card), settings or [])
    from nnqft_ppl.cli.settings import load_with_settings
    from nnqft_ppl.runtime.jax_settings import enable_x64

    enable_x64()
    return load_with_settings(name, settings or [])


def checked_card(card: str, settings: list[str]) -> str:
    """The name of a card, its settings read as far as its source tells them: before JAX is imported."""
    from nnqft_ppl.cli.settings import check_settings

    name = card_name(card)
    check_settings(name, settings)
    return name


def card_name(card: str) -> str:
    """The name of a card; a path to a file lets the card join the catalogue first."""
    from nnqft_ppl import models

    if card.endswith(".py"):
        return models.add(card)[0]
    models.source(card)
    return card


def number(value: Any, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)
