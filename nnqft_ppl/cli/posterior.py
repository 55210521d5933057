"""``nnqft posterior`` and ``nnqft compare``: theories given a user's data."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from nnqft_ppl.cli.options import (
    CardArgument,
    JsonOption,
    SeedOption,
    SetOption,
    TheoryOption,
    any_theory,
    check_least,
    checked_card,
    theory,
)
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_folder, check_readable, write_atomically, writing
from nnqft_ppl.runtime.progress import say

if TYPE_CHECKING:
    from nnqft_ppl.inference.data import Data
    from nnqft_ppl.inference.posterior import Posterior
    from nnqft_ppl.theory.conditioned import Conditioned, Model


DataOption = Annotated[
    Path, typer.Option(help="CSV file with a header, compressed or not, Parquet, or - for standard input.")
]
XOption = Annotated[
    str, typer.Option(help="Columns of the points, separated by commas: one for each dimension. Dates count in days.")
]
YOption = Annotated[str, typer.Option(help="Column of the values.")]
NoiseOption = Annotated[
    float | None, typer.Option(help="Standard deviation of the noise in units of y; inferred if it is not given.")
]
ErrorOption = Annotated[
    str | None, typer.Option("--y-error", help="Column of the standard deviation of each value's noise.")
]
InferOption = Annotated[
    str | None, typer.Option(help="Positive hyperparameters to infer, separated by commas: mass,sigma_a.")
]
ChainsOption = Annotated[int, typer.Option(help="Number of chains.")]
WarmupOption = Annotated[int, typer.Option(help="Steps of a chain that are thrown away.")]
DrawsOption = Annotated[int, typer.Option(help="Draws of each chain.")]


def posterior(
    card: CardArgument = None,
    data: DataOption | None = None,
    x: XOption | None = None,
    y: YOption | None = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    width: Annotated[int | None, typer.Option(help="Number N of neurons of a CARD.", show_default="200")] = None,
    noise: NoiseOption = None,
    y_error: ErrorOption = None,
    infer: InferOption = None,
    chains: ChainsOption = 4,
    warmup: WarmupOption = 200,
    draws: DrawsOption = 300,
    seed: SeedOption = 0,
    sampler: Annotated[str | None, typer.Option(help="nuts or gibbs; chosen by the theory by default.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("posterior"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if the chains have not converged.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Condition a theory on data: the field given noisy values of it, with bands, and the Gaussian process it nears.

    Rows that lack a cell are left out and counted; points that occur several times are kept, each value with its noise.
    Points and values are standardised (mean 0, largest standard deviation 1) and the results given in the units of the
    file. Writes `posterior.nc` (an ArviZ DataTree), `summary.csv`, `bands.csv` and, for one or two columns of points,
    `posterior.png`. It says first whether the chains converged, and last how well the posterior predicts its own data.
    An interrupted run goes on where it was when the same command is given again.

    With `--theory FILE` the theory may have its data, and is taken in its own units; one without, but with an action or
    a source, has their points in the standardised units.

    Example: `nnqft posterior cauchy --data examples/nile.csv --x year --y volume`

    Example: `nnqft posterior cos_net --data examples/hills.csv --x east,north --y height`
    """
    partial = out / ".partial"
    with answering("posterior", as_json, keeps=partial) as screen, contextlib.ExitStack() as stack:
        if file is not None and width is not None:
            raise InputError(f"--width goes with a CARD; {str(file)!r} says every hyperparameter")
        check_readable(data, "data")
        _check_run(chains, warmup, draws)
        if card is not None:
            checked_card(card, settings or [])
        if sampler is not None:
            from nnqft_ppl.sampling.plan import check_sampler

            check_sampler(sampler)
        from nnqft_ppl.reports.bands import field_bands, field_grid, first_number, with_dates

        model, found = _given(card, settings, file, width, data, x, y, noise, y_error, infer)
        grid = field_grid(found)
        _make_folder(out)
        stack.enter_context(writing(out))
        if first := first_number(model, found, noise):
            screen.say(first)
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.runtime.checkpoint import clear

        result = run(
            model,
            found.to_points(grid),
            chains=chains,
            warmup=warmup,
            draws=draws,
            seed=seed,
            sampler=sampler,  # pyright: ignore[reportArgumentType]
            checkpoints=partial,
            progress=True,
        )
        screen.say(result.line)
        screen.say(result.convergence.line)
        bands = field_bands(result.tree, found, grid)
        written = _write(out, model, found, grid, result, bands, noise)
        clear(partial)
        inferred = _inferred(model, found, result, standardised=data is not None)
        for name, (mean, sd, unit) in inferred.items():
            screen.say(f"{name} = {mean:.4g} +- {sd:.2g} {unit}".rstrip())
        predictive = _predictive_line(result)
        screen.say(f"at {len(grid)} points")
        screen.wrote(*(out / name for name in written))
        screen.say(predictive)
        convergence = result.convergence._asdict() | {"converged": result.convergence.converged}
        screen.give(theory=repr(model.net), plan=result.line, convergence=convergence, inferred=inferred)
        screen.give(predictive=predictive, bands=with_dates(bands, found), summary=result.summary)
    if strict and not result.convergence.converged:
        raise typer.Exit(1)


class _Inferred(NamedTuple):
    """Mean and standard deviation of a hyperparameter or of the noise."""

    mean: float
    sd: float
    unit: str


def _inferred(model: "Conditioned", found: "Data", result: "Posterior", standardised: bool) -> dict[str, _Inferred]:
    inferred = {}
    for name in model.hyperlaws:
        row = result.summary.query("quantity == @name").iloc[0]
        scale, unit = (
            (found.y_scale, found.y_name) if name == "noise" else (1.0, "in standardised units" * standardised)
        )
        inferred[name] = _Inferred(row["mean"] * scale, row["sd"] * scale, unit)
    return inferred


def _given(
    card: str | None,
    settings: list[str] | None,
    file: Path | None,
    width: int | None,
    data: Path | None,
    x: str | None,
    y: str | None,
    noise: float | None,
    y_error: str | None,
    infer: str | None,
) -> "tuple[Conditioned, Data]":
    """The theory that the options name, with its data."""
    from nnqft_ppl.inference.data import data_of
    from nnqft_ppl.theory.conditioned import conditioned

    given = None if file is None else conditioned(any_theory(card, settings, file))
    if given is not None and given.observation is not None:
        if any(option is not None for option in (data, x, y, noise, y_error, infer)):
            raise InputError(f"--data and what goes with it are for a theory without data; {str(file)!r} has its own")
        return given, data_of(given.observation)
    if data is None or x is None or y is None:
        raise InputError("posterior takes --data with --x and --y, or a --theory that has its data")
    found = _read(data, x, y, y_error, noise)
    if given is None:
        sizes = [] if card is None else _sizes(card, 200 if width is None else width, len(found.x_name), settings)
        given = theory(card, [*(settings or []), *sizes])
    return _conditioned(given, found, noise, infer), found


def _check_run(chains: int, warmup: int, draws: int) -> None:
    check_least("chains", chains, 1)
    check_least("warmup", warmup, 0)
    check_least("draws", draws, 4)


def _predictive_line(result: "Posterior") -> str:
    """How well a posterior predicts its own data, or why that is not known: a finished run is never lost to it."""
    from nnqft_ppl.sampling.diagnostics import predictive_check

    try:
        return predictive_check(result.tree).line
    except Exception as error:  # ArviZ needs enough finite draws, and says so in many ways
        return f"predictive: not available, because {' '.join(str(error).split())}"


def _write(
    out: Path, model: "Conditioned", found: "Data", grid: Any, result: "Posterior", bands: Any, noise: float | None
) -> list[str]:
    """The tree, the tables and, in one or two dimensions, the picture of a posterior; the names of the files."""
    from nnqft_ppl.reports.bands import with_dates

    tree, net = result.tree, model.net
    tree.attrs["standardisation"] = (
        f"x = {found.x_centre.tolist()} + {found.x_scale!r} x_std; y = {found.y_centre!r} + {found.y_scale!r} y_std"
    )
    writers: dict[str, Callable[[Path], Any]] = {
        "posterior.nc": lambda target: tree.to_netcdf(target, engine="h5netcdf"),
        "summary.csv": lambda target: result.summary.to_csv(target, index=False),
        "bands.csv": lambda target: with_dates(bands, found).to_csv(target, index=False),
    }
    if net.dim == 1:
        from nnqft_ppl.reports.bands import limit_band
        from nnqft_ppl.reports.pictures import plot_posterior

        free = not (model.sources or model.actions)  # which the limit does not know
        limit = limit_band(net, found, grid, result.tree, noise) if free else None
        values = found.to_values(tree["posterior_predictive/y"].to_numpy().reshape(-1, len(found.y)))
        writers["posterior.png"] = lambda target: plot_posterior(net, found, bands, limit, values, target)
    elif net.dim == 2:
        from nnqft_ppl.reports.pictures import plot_posterior_map

        writers["posterior.png"] = lambda target: plot_posterior_map(net, found, bands, target)
    for name, write in writers.items():
        write_atomically(out / name, write)
    return list(writers)


def compare(
    cards: Annotated[list[str], typer.Argument(metavar="CARD...", help="Cards to compare.")],
    data: DataOption,
    x: XOption,
    y: YOption,
    widths: Annotated[str, typer.Option(help="Widths N, separated by commas.")] = "20,200",
    noise: NoiseOption = None,
    y_error: ErrorOption = None,
    infer: InferOption = None,
    chains: ChainsOption = 4,
    warmup: WarmupOption = 200,
    draws: DrawsOption = 300,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="CSV file for the ranking.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Rank theories and widths by how well they predict the same data, left out one by one (PSIS-LOO).

    `elpd` is the expected log predictive density: larger is better, and a difference matters if it is several `dse`.
    `large_k` counts the values for which that is unreliable, as a theory hangs on them too much.

    Example: `nnqft compare cauchy cos_net --data examples/nile.csv --x year --y volume --widths 10,100`
    """
    with answering("compare", as_json) as screen:
        if out is not None:
            check_folder(out)
        check_readable(data, "data")
        _check_run(chains, warmup, draws)
        for card in cards:
            checked_card(card, [])
        every = [(card, width) for card in cards for width in _widths(widths)]
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.sampling.diagnostics import predictive_check, rank

        found = _read(data, x, y, y_error, noise)
        models = {}
        for card, width in every:
            net = theory(card, _sizes(card, width, len(found.x_name), None))
            models[f"{card} N={net.width}"] = _conditioned(net, found, noise, infer)
        if len(models) < 2:
            raise InputError(f"compare needs at least two theories or widths, got {', '.join(models) or 'none'}")
        checks, converged = {}, {}
        for number, (name, model) in enumerate(models.items(), 1):
            say(f"{number} of {len(models)}: {name} ...")
            result = run(model, found.points, chains=chains, warmup=warmup, draws=draws, seed=seed, progress=True)
            say(result.convergence.line)
            checks[name], converged[name] = predictive_check(result.tree), result.convergence.converged
        table = rank(checks)
        table["converged"] = [converged[name] for name in table.index]
        columns = list(map(str, table.columns))
        rows = [
            (str(name), *(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row))
            for name, row in table.iterrows()
        ]
        screen.table(("theory", *(f">{name}" for name in columns)), rows)
        screen.give(ranking=table.rename_axis("theory").reset_index())
        if out is not None:
            write_atomically(out, table.to_csv)
            screen.wrote(out)
        if sum(table["large_k"]):
            say("note: a large Pareto k makes elpd unreliable, and the ranking with it")
        if not all(converged.values()):
            say("note: chains that have not converged cannot be ranked; take more --draws")


def _read(path: Path, x: str, y: str, y_error: str | None, noise: float | None) -> "Data":
    """The data, with a line on what was left out and in which unit dates count."""
    from nnqft_ppl.inference.data import read_data

    if noise is not None and y_error is not None:
        raise InputError(f"noise must be given by --noise or by --y-error, got both: {noise:g} and {y_error}")
    found = read_data(path, _columns(x), y, y_error)
    if found.left_out:
        whole = found.left_out + len(found.y)
        say(f"left out {found.left_out} of {whole} rows, in which a cell is missing")
    for name, dated in zip(found.x_name, found.dated, strict=True):
        if dated:
            say(f"{name}: in days, standardised by {found.x_scale:.4g} days")
    return found


def _conditioned(theory: "Model", data: "Data", noise: float | None, infer: str | None) -> "Conditioned":
    import math

    from numpyro.distributions import HalfNormal, LogNormal

    from nnqft_ppl.theory.transforms import give_laws, observe

    if noise is not None and not 0 < noise < math.inf:
        raise InputError(f"noise must be positive and finite, got {noise}")
    known = data.errors if noise is None else noise / data.y_scale
    model = observe(theory, data.points, data.values, noise=HalfNormal(1.0) if known is None else known)
    names = _columns(infer or "")
    laws = {}
    for name in names:
        value = getattr(model.net, name, None)
        centre = math.log(value) if isinstance(value, float) and value > 0 else 0.0
        laws[name] = LogNormal(centre, 1.0)
    return give_laws(model, **laws) if laws else model


def _sizes(card: str, width: int, dim: int, settings: list[str] | None) -> list[str]:
    """Width and dimension as settings, unless they are set by hand or fixed by the card."""
    from nnqft_ppl.cli.options import card_name
    from nnqft_ppl.models import card as card_class
    from nnqft_ppl.theory.ranges import field_types

    chosen = {text.partition("=")[0].strip() for text in settings or []}
    sizes = {"width": width, "dim": dim}
    hints = field_types(card_class(card_name(card)))
    fixed = {name for name in sizes if getattr(hints[name], "__args__", ()) == (1,)}
    if "dim" in fixed and dim != 1:
        raise InputError(f"card {card} lives on a line: x must be one column, got {dim}")
    return [f"{name}={value}" for name, value in sizes.items() if name not in chosen | fixed]


def _widths(text: str) -> list[int]:
    widths = [int(word) if word.isdecimal() else 0 for word in _columns(text)]
    if not widths or min(widths) < 1:
        raise InputError(f"widths must be positive whole numbers, separated by commas, got {text!r}")
    return widths


def _columns(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output folder {str(out)!r} cannot be made: {error.strerror}") from error
