"""``nnqft posterior`` and ``nnqft compare``: theories given a user's data."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from nnqft_ppl.cli.data import (
    AtOption,
    ChainsOption,
    DataOption,
    DrawsOption,
    ErrorOption,
    InferOption,
    MaybeData,
    MaybeX,
    MaybeY,
    NoiseOption,
    OwnUnitsOption,
    WarmupOption,
    XOption,
    YOption,
    check_run,
    given_data,
    listed,
    read_with_notes,
    sizes_for,
)
from nnqft_ppl.cli.options import (
    CardArgument,
    FigureWidthOption,
    JsonOption,
    PlotOption,
    SeedOption,
    SetOption,
    TheoriesOption,
    TheoryOption,
    any_theory,
    checked_card,
    complete_card,
    complete_sampler,
    theory,
)
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_folder, check_readable, write_atomically, writing
from nnqft_ppl.runtime.progress import say

if TYPE_CHECKING:
    import pandas as pd

    from nnqft_ppl.cli.screen import Screen
    from nnqft_ppl.inference.data import Data
    from nnqft_ppl.inference.limits import Band
    from nnqft_ppl.inference.posterior import Posterior
    from nnqft_ppl.theory.conditioned import Conditioned


RESULTS = ("posterior.nc", "summary.csv", "bands.csv", "posterior.png")


def posterior(
    card: CardArgument = None,
    data: MaybeData = None,
    x: MaybeX = None,
    y: MaybeY = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    width: Annotated[int | None, typer.Option(help="Number N of neurons of a CARD.", show_default="200")] = None,
    noise: NoiseOption = None,
    y_error: ErrorOption = None,
    own_units: OwnUnitsOption = False,
    at: AtOption = None,
    infer: InferOption = None,
    chains: ChainsOption = 4,
    warmup: WarmupOption = 500,
    draws: DrawsOption = 500,
    seed: SeedOption = 0,
    sampler: Annotated[
        str | None,
        typer.Option(help="nuts or gibbs; chosen by the theory by default.", autocompletion=complete_sampler),
    ] = None,
    limit: Annotated[
        bool, typer.Option("--limit", help="The exact posterior at N = infinity instead of chains: bands.csv.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("posterior"),
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if the chains have not converged.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Condition a theory on data: the field given noisy values of it, with bands, and the Gaussian process it nears.

    Rows that lack a cell are left out and counted; points that occur several times are kept, each value with its noise.
    Points and values are standardised (mean 0, largest standard deviation 1) and the results given in the units of the
    file, by the values of its columns. Writes `posterior.nc` (an ArviZ DataTree), `summary.csv`, `bands.csv` and, for
    one or two columns of points, `posterior.png`, or `--plot`. It says first whether the chains converged, and last how
    well the posterior predicts its own data. An interrupted run goes on where it was when the same command is given
    again.

    With `--limit` there are no chains: the Gaussian process at N = infinity is given exactly, to 5000 points, or to
    hundreds of thousands on a line where it is a Markov process, as that of `cauchy` is.

    With `--theory FILE` the theory may have its data, and is taken in its own units; one without, but with an action or
    a source, has their points in the standardised units.

    Example: `nnqft posterior cauchy --data examples/nile.csv --x year --y volume`

    Example: `nnqft posterior cos_net --data examples/hills.csv --x east,north --y height --width 40`
    """
    partial = out / ".partial"
    with answering("posterior", as_json, keeps=partial) as screen, contextlib.ExitStack() as stack:
        if file is not None and width is not None:
            raise InputError(f"--width goes with a CARD; {str(file)!r} says every hyperparameter")
        inches = _check_files(data, at, plot, figure_width)
        check_run(chains, warmup, draws)
        if card is not None:
            checked_card(card, settings or [])
        if sampler is not None:
            from nnqft_ppl.sampling.plan import check_sampler

            check_sampler(sampler)
        from nnqft_ppl.inference.limits import first_number, limit_band, limit_bands
        from nnqft_ppl.inference.places import about, places
        from nnqft_ppl.inference.units import bands, summary_in_units, tree_in_units

        model, found = _given(card, settings, file, width, data, x, y, noise, y_error, own_units, infer)
        _check_picture(plot, model.net.dim, limit)
        grid = about(found) if at is None else places(at, found)
        _make_folder(out)
        stack.enter_context(writing(out))
        if earlier := [name for name in RESULTS if (out / name).exists()]:
            say(
                f"note: {out} has {', '.join(earlier)} of an earlier run" + "; --limit leaves all but bands.csv" * limit
            )
        if first := first_number(model, found, noise):
            screen.say(first)
        if limit:
            _give_limit(screen, out, model, limit_bands(model, found, grid, noise))
            return
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
        nears = limit_band(model, found, grid, result.tree, noise) if model.net.dim == 1 else None
        tree = tree_in_units(result.tree, found, grid)
        result = result._replace(tree=tree, summary=summary_in_units(result.summary, tree, found, grid))
        table = bands(tree, found, grid)
        written = _write(out, result, table)
        if model.net.dim < 3:
            written.append(_draw(plot or out / "posterior.png", inches, model, found, result, table, nears))
        clear(partial)
        inferred = _inferred(model, found, result, standardised=data is not None and not own_units)
        for name, (mean, sd, unit) in inferred.items():
            screen.say(f"{name} = {mean:.4g} +- {sd:.2g} {unit}".rstrip())
        predictive = _predictive_line(result)
        screen.say(f"bands at {len(grid)} points")
        screen.wrote(*written)
        screen.say(predictive)
        convergence = result.convergence._asdict() | {"converged": result.convergence.converged}
        screen.give(theory=repr(model.net), plan=result.line, convergence=convergence, inferred=inferred)
        screen.give(predictive=predictive, bands=table, summary=result.summary)
    if strict and not result.convergence.converged:
        raise typer.Exit(1)


def _give_limit(screen: "Screen", out: Path, model: "Conditioned", bands: "pd.DataFrame") -> None:
    write_atomically(out / "bands.csv", lambda target: bands.to_csv(target, index=False))
    screen.wrote(out / "bands.csv")
    screen.give(theory=repr(model.net), bands=bands)


class _Inferred(NamedTuple):
    """Mean and standard deviation of a hyperparameter or of the noise."""

    mean: float
    sd: float
    unit: str


def _inferred(model: "Conditioned", found: "Data", result: "Posterior", standardised: bool) -> dict[str, _Inferred]:
    inferred = {}
    for name in model.hyperlaws:
        row = result.summary.query("quantity == @name").iloc[0]
        unit = ", ".join(found.y_name) if name == "noise" else "in standardised units" * standardised
        inferred[name] = _Inferred(row["mean"], row["sd"], unit)
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
    own_units: bool,
    infer: str | None,
) -> "tuple[Conditioned, Data]":
    """The theory that the options name, with its data."""
    from nnqft_ppl.inference.data import data_of
    from nnqft_ppl.theory.conditioned import conditioned

    given = None if file is None else conditioned(any_theory(card, settings, file))
    if given is not None and given.observation is not None:
        if own_units or any(option is not None for option in (data, x, y, noise, y_error, infer)):
            raise InputError(f"--data and what goes with it are for a theory without data; {str(file)!r} has its own")
        return given, data_of(given.observation)
    if data is None or x is None or y is None:
        raise InputError("posterior takes --data with --x and --y, or a --theory that has its data")
    found = read_with_notes(data, x, y, y_error, noise, not own_units)
    if given is None:
        sizes = [] if card is None else sizes_for(card, 200 if width is None else width, len(found.x_name), settings)
        given = theory(card, [*(settings or []), *sizes])
    return given_data(given, found, noise, infer), found


def _check_picture(plot: Path | None, dim: int, limit: bool) -> None:
    if limit and plot is not None:
        raise InputError("--limit writes bands.csv and no picture; leave --plot out")
    if plot is not None and dim > 2:
        raise InputError(f"a picture of a posterior must be of dim 1 or 2, got {dim}")


def _check_files(data: Path | None, at: str | None, plot: Path | None, figure_width: str | None) -> float | None:
    """What cannot be read or written is said first; the width of the picture in inches."""
    from nnqft_ppl.reports.figures import check_picture, in_inches

    check_readable(data, "data")
    if at is not None and ":" not in at:  # which a grid has
        check_readable(Path(at), "points")
    if plot is None and figure_width is not None:  # of the picture in the folder of the results
        return in_inches(figure_width)
    return check_picture(plot, figure_width)


def _predictive_line(result: "Posterior") -> str:
    """How well a posterior predicts its own data, or why that is not known: a finished run is never lost to it."""
    from nnqft_ppl.sampling.diagnostics import predictive_check

    try:
        return predictive_check(result.tree).line
    except Exception as error:  # ArviZ needs enough finite draws, and says so in many ways
        return f"predictive: not available, because {' '.join(str(error).split())}"


def _write(out: Path, result: "Posterior", bands: "pd.DataFrame") -> list[Path]:
    """The tree and the tables of a posterior in the units of its data; the names of the files."""
    writers: dict[str, Callable[[Path], Any]] = {
        "posterior.nc": lambda target: result.tree.to_netcdf(target, engine="h5netcdf"),
        "summary.csv": lambda target: result.summary.to_csv(target, index=False),
        "bands.csv": lambda target: bands.to_csv(target, index=False),
    }
    for name, write in writers.items():
        write_atomically(out / name, write)
    return [out / name for name in writers]


def _draw(
    picture: Path,
    inches: float | None,
    model: "Conditioned",
    found: "Data",
    result: "Posterior",
    bands: "pd.DataFrame",
    limit: "Band | None",
) -> Path:
    """The picture of a posterior in one or two dimensions; its name."""
    from nnqft_ppl.reports.figures import save
    from nnqft_ppl.reports.posterior_pictures import plot_posterior, plot_posterior_map

    if model.net.dim == 1:
        values = result.tree["posterior_predictive/y"].to_numpy().reshape(-1, *found.y.shape)
        save(plot_posterior(model.net, found, bands, limit, values, width=inches), picture)
    else:
        save(plot_posterior_map(found, bands, width=inches), picture)
    return picture


def compare(
    data: DataOption,
    x: XOption,
    y: YOption,
    cards: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CARD]...", help="Cards to compare.", autocompletion=complete_card),
    ] = None,
    files: TheoriesOption = None,
    widths: Annotated[str, typer.Option(help="Widths N of the CARDs, separated by commas.")] = "50,200",
    noise: NoiseOption = None,
    y_error: ErrorOption = None,
    own_units: OwnUnitsOption = False,
    infer: InferOption = None,
    chains: ChainsOption = 4,
    warmup: WarmupOption = 500,
    draws: DrawsOption = 500,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="CSV file for the ranking.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Rank theories and widths by how well they predict the same data, left out one by one (PSIS-LOO).

    `elpd` is the expected log predictive density: larger is better, and a difference matters if it is several `dse`.
    `large_k` counts the values for which that is unreliable, as a theory hangs on them too much.

    A theory of `--theory FILE` has a width of its own, and the points of an action or a source in standardised units.

    Example: `nnqft compare cauchy cos_net --data examples/nile.csv --x year --y volume`
    """
    with answering("compare", as_json) as screen:
        if out is not None:
            check_folder(out)
        check_readable(data, "data")
        check_run(chains, warmup, draws)
        for card in cards or []:
            checked_card(card, [])
        every = [(card, width) for card in cards or [] for width in _widths(widths)]
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.inference.units import tree_in_units
        from nnqft_ppl.sampling.diagnostics import predictive_check, rank

        found = read_with_notes(data, x, y, y_error, noise, not own_units)
        models = {}
        for card, width in every:
            net = theory(card, sizes_for(card, width, len(found.x_name), None))
            models[f"{card} N={net.width}"] = given_data(net, found, noise, infer)
        for file in files or []:
            models[str(file)] = given_data(any_theory(None, None, file), found, noise, infer)
        if len(models) < 2:
            raise InputError(f"compare needs at least two theories or widths, got {', '.join(models) or 'none'}")
        checks, converged = {}, {}
        for number, (name, model) in enumerate(models.items(), 1):
            say(f"{number} of {len(models)}: {name} ...")
            result = run(model, found.points, chains=chains, warmup=warmup, draws=draws, seed=seed, progress=True)
            say(result.convergence.line)
            checks[name] = predictive_check(tree_in_units(result.tree, found, found.x))
            converged[name] = result.convergence.converged
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


def _widths(text: str) -> list[int]:
    widths = [int(word) if word.isdecimal() else 0 for word in listed(text)]
    if not widths or min(widths) < 1:
        raise InputError(f"widths must be positive whole numbers, separated by commas, got {text!r}")
    return widths


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output folder {str(out)!r} cannot be made: {error.strerror}") from error
