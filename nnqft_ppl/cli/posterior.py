"""``nnqft posterior`` and ``nnqft compare``: theories given a user's data."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnqft_ppl.cli.options import (
    CardArgument,
    FigureWidthOption,
    PlotOption,
    SeedOption,
    SetOption,
    TheoryOption,
    any_theory,
    clear_errors,
    console,
    theory,
)
from nnqft_ppl.runtime.errors import InputError

if TYPE_CHECKING:
    from nnqft_ppl.inference.data import Data
    from nnqft_ppl.inference.posterior import Posterior
    from nnqft_ppl.theory.architecture import Architecture
    from nnqft_ppl.theory.conditioned import Conditioned, Model


DataOption = Annotated[
    Path, typer.Option(help="CSV file with a header, compressed or not, Parquet, or - for standard input.")
]
XOption = Annotated[
    str, typer.Option(help="Columns of the points, separated by commas: one for each dimension. Dates count in days.")
]
YOption = Annotated[
    str, typer.Option(help="Column of the values; several, separated by commas, for a field with components.")
]
NoiseOption = Annotated[
    float | None, typer.Option(help="Standard deviation of the noise in units of y; inferred if it is not given.")
]
ErrorOption = Annotated[
    str | None, typer.Option("--y-error", help="Column of the standard deviation of each value's noise.")
]
StandardiseOption = Annotated[
    bool, typer.Option("--standardise/--no-standardise", help="Shift and scale points and values to standard units.")
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
    standardise: StandardiseOption = True,
    at: AtOption = None,
    infer: InferOption = None,
    chains: ChainsOption = 4,
    warmup: WarmupOption = 200,
    draws: DrawsOption = 300,
    seed: SeedOption = 0,
    sampler: Annotated[str | None, typer.Option(help="nuts or gibbs; chosen by the theory by default.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("posterior"),
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if the chains have not converged.")
    ] = False,
) -> None:
    """Condition a theory on data: the field given noisy values of it, with bands, and the Gaussian process it nears.

    Rows that lack a cell are left out and counted; points that occur several times are kept, each value with its noise.
    Points and values are standardised (mean 0, largest standard deviation 1) and the results given in the units of the
    file, by the values of its columns. Writes `posterior.nc` (an ArviZ DataTree), `summary.csv`, `bands.csv` and, for
    one or two columns of points, `posterior.png`, or `--plot`. It says first whether the chains converged, and last how
    well the posterior predicts its own data. An interrupted run goes on where it was when the same command is given
    again.

    With `--theory FILE` the theory may have its data, and is taken in its own units; one without, but with an action or
    a source, has their points in the standardised units.

    Example: `nnqft posterior cauchy --data examples/nile.csv --x year --y volume`

    Example: `nnqft posterior cos_net --data examples/hills.csv --x east,north --y height`
    """
    with clear_errors(resumes=True):
        from nnqft_ppl.inference.data import data_of
        from nnqft_ppl.inference.places import about, places
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.inference.units import summary_in_units, tree_in_units
        from nnqft_ppl.reports.figures import check_picture, in_inches
        from nnqft_ppl.runtime.checkpoint import clear
        from nnqft_ppl.theory.conditioned import conditioned

        inches = in_inches(figure_width) if plot is None and figure_width else check_picture(plot, figure_width)
        if file is not None and width is not None:
            raise InputError(f"--width goes with a CARD; {str(file)!r} says every hyperparameter")
        given = None if file is None else conditioned(any_theory(card, settings, file))
        if given is not None and given.observation is not None:
            if not standardise or any(option is not None for option in (data, x, y, noise, y_error, infer)):
                raise InputError(
                    f"--data and what goes with it are for a theory without data; {str(file)!r} has its own"
                )
            found, model = data_of(given.observation), given
        elif data is None or x is None or y is None:
            raise InputError("posterior takes --data with --x and --y, or a --theory that has its data")
        else:
            found = _read(data, x, y, y_error, noise, standardise)
            if given is None:
                sizes = (
                    [] if card is None else _sizes(card, 200 if width is None else width, len(found.x_name), settings)
                )
                given = theory(card, [*(settings or []), *sizes])
            model = _conditioned(given, found, noise, infer)
        if plot is not None and model.net.dim > 2:
            raise InputError(f"a picture of a posterior must be of dim 1 or 2, got {model.net.dim}")
        grid = about(found) if at is None else places(at, found)
        _make_folder(out)
        partial = out / ".partial"
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
        typer.echo(result.line)
        typer.echo(result.convergence.line)
        limit = None if model.sources or model.actions else _limit_band(model.net, found, grid, result, noise)
        tree = tree_in_units(result.tree, found, grid)
        summary = summary_in_units(result.summary, tree, found, grid)
        result = result._replace(tree=tree, summary=summary)
        written = _write(out, plot or out / "posterior.png", inches, model, found, grid, result, limit)
        clear(partial)
        for name in model.hyperlaws:
            row = result.summary.query("quantity == @name").iloc[0]
            scaled = data is not None and standardise and name != "noise"
            unit = " in standardised units" if scaled else f" {', '.join(found.y_name)}" if name == "noise" else ""
            typer.echo(f"{name} = {row['mean']:.4g} +- {row['sd']:.2g}{unit}")
        typer.echo(f"at {len(grid)} points; wrote {', '.join(written)} to {out}/")
        typer.echo(_predictive_line(result))
    if strict and not result.convergence.converged:
        raise typer.Exit(1)


def _predictive_line(result: "Posterior") -> str:
    """How well a posterior predicts its own data, or why that is not known: a finished run is never lost to it."""
    from nnqft_ppl.sampling.diagnostics import predictive_check

    try:
        return predictive_check(result.tree).line
    except Exception as error:  # ArviZ needs enough finite draws, and says so in many ways
        return f"predictive: not available, because {' '.join(str(error).split())}"


def _write(
    out: Path,
    picture: Path,
    inches: float | None,
    model: "Conditioned",
    found: "Data",
    grid: Any,
    result: "Posterior",
    limit: Any,
) -> list[str]:
    """The tree, the tables and, in one or two dimensions, the picture of a posterior; the names of the files."""
    from nnqft_ppl.inference.units import bands
    from nnqft_ppl.reports.figures import save
    from nnqft_ppl.runtime.files import write_atomically

    tree, net, table = result.tree, model.net, bands(result.tree, found, grid)
    writers: dict[str, Callable[[Path], Any]] = {
        "posterior.nc": lambda target: tree.to_netcdf(target, engine="h5netcdf"),
        "summary.csv": lambda target: result.summary.to_csv(target, index=False),
        "bands.csv": lambda target: table.to_csv(target, index=False),
    }
    for name, write in writers.items():
        write_atomically(out / name, write)
    if net.dim > 2:
        return list(writers)
    from nnqft_ppl.reports.posterior_pictures import plot_posterior, plot_posterior_map

    if net.dim == 1:
        values = tree["posterior_predictive/y"].to_numpy().reshape(-1, *found.y.shape)
        save(plot_posterior(net, found, table, limit, values, width=inches), picture)
    else:
        save(plot_posterior_map(found, table, width=inches), picture)
    return [*writers, picture.name if picture.parent == out else str(picture)]


def compare(
    cards: Annotated[list[str], typer.Argument(metavar="CARD...", help="Cards to compare.")],
    data: DataOption,
    x: XOption,
    y: YOption,
    widths: Annotated[str, typer.Option(help="Widths N, separated by commas.")] = "20,200",
    noise: NoiseOption = None,
    y_error: ErrorOption = None,
    standardise: StandardiseOption = True,
    infer: InferOption = None,
    chains: ChainsOption = 4,
    warmup: WarmupOption = 200,
    draws: DrawsOption = 300,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="CSV file for the ranking.")] = None,
) -> None:
    """Rank theories and widths by how well they predict the same data, left out one by one (PSIS-LOO).

    `elpd` is the expected log predictive density: larger is better, and a difference matters if it is several `dse`.
    `large_k` counts the values for which that is unreliable, as a theory hangs on them too much.

    Example: `nnqft compare cauchy cos_net --data examples/nile.csv --x year --y volume --widths 10,100`
    """
    with clear_errors():
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.inference.units import tree_in_units
        from nnqft_ppl.runtime.files import check_folder, write_atomically
        from nnqft_ppl.sampling.diagnostics import predictive_check, rank

        if out is not None:
            check_folder(out)
        found = _read(data, x, y, y_error, noise, standardise)
        models = {}
        for card in cards:
            for width in _widths(widths):
                net = theory(card, _sizes(card, width, len(found.x_name), None))
                models[f"{card} N={net.width}"] = _conditioned(net, found, noise, infer)
        if len(models) < 2:
            raise InputError(f"compare needs at least two theories or widths, got {', '.join(models) or 'none'}")
        checks, converged = {}, {}
        for number, (name, model) in enumerate(models.items(), 1):
            typer.echo(f"{number} of {len(models)}: {name} ...", err=True)
            result = run(model, found.points, chains=chains, warmup=warmup, draws=draws, seed=seed, progress=True)
            typer.echo(result.convergence.line, err=True)
            checks[name] = predictive_check(tree_in_units(result.tree, found, found.x))
            converged[name] = result.convergence.converged
        table = rank(checks)
        table["converged"] = [converged[name] for name in table.index]
        if out is not None:
            write_atomically(out, table.to_csv)
            typer.echo(f"wrote {out}", err=True)
        from rich.table import Table

        view = Table("theory", *map(str, table.columns), box=None, pad_edge=False)
        for name, row in table.iterrows():
            view.add_row(str(name), *(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row))
        console().print(view)
        if sum(table["large_k"]):
            typer.echo("note: a large Pareto k makes elpd unreliable, and the ranking with it", err=True)
        if not all(converged.values()):
            typer.echo("note: chains that have not converged cannot be ranked; take more --draws", err=True)


def _read(path: Path, x: str, y: str, y_error: str | None, noise: float | None, standardise: bool) -> "Data":
    """The data, with a line on what was left out and in which unit dates count."""
    from nnqft_ppl.inference.data import read_data

    if noise is not None and y_error is not None:
        raise InputError(f"noise must be given by --noise or by --y-error, got both: {noise:g} and {y_error}")
    found = read_data(path, _columns(x), _columns(y), y_error, standardise=standardise)
    if found.left_out:
        whole = found.left_out + len(found.y)
        typer.echo(f"left out {found.left_out} of {whole} rows, in which a cell is missing", err=True)
    for name, dated in zip(found.x_name, found.dated, strict=True):
        if dated:
            scaled = f", standardised by {found.x_scale:.4g} days" if standardise else ""
            typer.echo(f"{name}: in days{scaled}", err=True)
    return found


def _conditioned(theory: "Model", data: "Data", noise: float | None, infer: str | None) -> "Conditioned":
    import math

    from numpyro.distributions import HalfNormal, LogNormal

    from nnqft_ppl.theory.conditioned import conditioned
    from nnqft_ppl.theory.transforms import give_laws, observe

    if noise is not None and not 0 < noise < math.inf:
        raise InputError(f"noise must be positive and finite, got {noise}")
    if len(data.y_name) != (count := conditioned(theory).net.component_count):
        raise InputError(f"--y must name a column for each of {count} components, got {', '.join(data.y_name)}")
    known = data.errors if noise is None else noise / data.y_scale
    model = observe(theory, data.points, data.values, noise=HalfNormal(data.spread) if known is None else known)
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


def _limit_band(net: "Architecture", data: "Data", grid: Any, result: "Posterior", noise: float | None) -> Any:
    """Mean and deviation of the infinite-width process at the posterior mean of what was inferred, or None.

    The limit of a field with SO(D) has independent components of one kernel.
    """
    import dataclasses

    import numpy as np

    from nnqft_ppl.inference.gaussian_process import limit_posterior
    from nnqft_ppl.runtime.errors import NoClosedForm

    means = {str(name): float(v.mean()) for name, v in result.tree["posterior"].data_vars.items() if v.ndim == 2}
    known = data.errors if data.errors is not None else (noise or 0.0) / data.y_scale
    sigma = means.get("noise", known)
    hyper: Any = {name: value for name, value in means.items() if name not in ("noise", "action")}
    if net.component_count > 1 and "SO(D)" not in net.claims:
        return None
    try:
        net, at = dataclasses.replace(net, **hyper), data.to_points(grid)
        columns = np.reshape(data.values, (len(data.x), -1)).T
        limits = [limit_posterior(net, data.points, column, sigma, at) for column in columns]
    except (InputError, NoClosedForm):
        return None
    mean, deviation = (
        np.stack(part, axis=1) for part in zip(*((n.mean, np.sqrt(np.diag(n.covariance))) for n in limits), strict=True)
    )
    return data.to_values(mean if data.y.ndim == 2 else mean[:, 0]), data.y_scale * deviation


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
