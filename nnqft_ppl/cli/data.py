"""What `nnqft posterior` and `nnqft compare` share: options of data and chains, and a theory given the data."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnqft_ppl.cli.options import card_name, check_least
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import say

if TYPE_CHECKING:
    from nnqft_ppl.inference.data import Data
    from nnqft_ppl.theory.conditioned import Conditioned, Model

_DATA = typer.Option(help="CSV file with a header, compressed or not, Parquet, or - for standard input.")
_X = typer.Option(help="Columns of the points, separated by commas: one for each dimension. Dates count in days.")
_Y = typer.Option(help="Column of the values; several, separated by commas, for a field with components.")
DataOption = Annotated[Path, _DATA]
XOption = Annotated[str, _X]
YOption = Annotated[str, _Y]
# The same for a command whose theory may have its data.
MaybeData = Annotated[Path | None, _DATA]
MaybeX = Annotated[str | None, _X]
MaybeY = Annotated[str | None, _Y]
NoiseOption = Annotated[
    float | None, typer.Option(help="Standard deviation of the noise in units of y; inferred if it is not given.")
]
ErrorOption = Annotated[
    str | None, typer.Option("--y-error", help="Column of the standard deviation of each value's noise.")
]
OwnUnitsOption = Annotated[
    bool,
    typer.Option(
        "--no-standardise",
        help="Leave points and values as they are, not shifted and scaled.",
        rich_help_panel="Units",  # a panel of its own, as the name is cut beside longer ones in 60 columns
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|GRID",
        help="Where to predict: a table with the columns of --x, or LOW:HIGH:COUNT for each of them, separated by "
        "commas. Default: a grid about the data.",
    ),
]
InferOption = Annotated[
    str | None, typer.Option(help="Positive hyperparameters to infer, separated by commas: mass,sigma_a.")
]
ChainsOption = Annotated[int, typer.Option(help="Number of chains.")]
WarmupOption = Annotated[int, typer.Option(help="Steps of a chain that are thrown away, in 25s.")]
DrawsOption = Annotated[int, typer.Option(help="Draws of each chain.")]


def check_run(chains: int, warmup: int, draws: int) -> None:
    """`InputError` for numbers of a run that are too small; asked before JAX is imported."""
    check_least("chains", chains, 1)
    check_least("warmup", warmup, 0)
    check_least("draws", draws, 4)


def read_with_notes(path: Path, x: str, y: str, y_error: str | None, noise: float | None, standardise: bool) -> "Data":
    """The data, with a line on what was left out and in which unit dates count."""
    from nnqft_ppl.inference.data import read_data

    if noise is not None and y_error is not None:
        raise InputError(f"noise must be given by --noise or by --y-error, got both: {noise:g} and {y_error}")
    found = read_data(path, listed(x), listed(y), y_error, standardise=standardise)
    if found.left_out:
        whole = found.left_out + len(found.y)
        say(f"left out {found.left_out} of {whole} rows, in which a cell is missing")
    for name, dated in zip(found.x_name, found.dated, strict=True):
        if dated:
            scaled = f", standardised by {found.x_scale:.4g} days" if standardise else ""
            say(f"{name}: in days{scaled}")
    return found


def given_data(theory: "Model", data: "Data", noise: float | None, infer: str | None) -> "Conditioned":
    """The theory given the data, with laws for the noise that is not known and for what is to be inferred."""
    from numpyro.distributions import HalfNormal, LogNormal

    from nnqft_ppl.theory.conditioned import conditioned
    from nnqft_ppl.theory.transforms import give_laws, observe

    if noise is not None and not 0 < noise < math.inf:
        raise InputError(f"noise must be positive and finite, got {noise}")
    if len(data.y_name) != (count := conditioned(theory).net.component_count):
        raise InputError(f"--y must name a column for each of {count} components, got {', '.join(data.y_name)}")
    known = data.errors if noise is None else noise / data.y_scale
    model = observe(theory, data.points, data.values, noise=HalfNormal(data.spread) if known is None else known)
    names = listed(infer or "")
    laws = {}
    for name in names:
        value = getattr(model.net, name, None)
        centre = math.log(value) if isinstance(value, float) and value > 0 else 0.0
        laws[name] = LogNormal(centre, 1.0)
    return give_laws(model, **laws) if laws else model


def sizes_for(card: str, width: int, dim: int, settings: list[str] | None) -> list[str]:
    """Width and dimension as settings, unless they are set by hand or fixed by the card."""
    from nnqft_ppl.models import card as card_class
    from nnqft_ppl.theory.ranges import field_types

    chosen = {text.partition("=")[0].strip() for text in settings or []}
    sizes = {"width": width, "dim": dim}
    hints = field_types(card_class(card_name(card)))
    fixed = {name for name in sizes if getattr(hints[name], "__args__", ()) == (1,)}
    if "dim" in fixed and dim != 1:
        raise InputError(f"card {card} lives on a line: x must be one column, got {dim}")
    return [f"{name}={value}" for name, value in sizes.items() if name not in chosen | fixed]


def listed(text: str) -> list[str]:
    """The words of a text that commas separate."""
    return [word.strip() for word in text.split(",") if word.strip()]
