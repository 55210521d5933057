"""``nnqft posterior`` and ``nnqft compare``: theories given a user's data."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnqft_ppl.cli.options import (
    CardArgument,
    SeedOption,
    SetOption,
    TheoriesOption,
    TheoryOption,
    any_theory,
    clear_errors,
    console,
    theory,
)
from nnqft_ppl.runtime.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

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
    with clear_errors(resumes=True):
        import numpy as np

        from nnqft_ppl.inference.data import data_of
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.runtime.checkpoint import clear
        from nnqft_ppl.theory.conditioned import conditioned

        if file is not None and width is not None:
            raise InputError(f"--width goes with a CARD; {str(file)!r} says every hyperparameter")
        given = None if file is None else conditioned(any_theory(card, settings, file))
        if given is not None and given.observation is not None:
            if any(option is not None for option in (data, x, y, noise, y_error, infer)):
                raise InputError(
                    f"--data and what goes with it are for a theory without data; {str(file)!r} has its own"
                )
            found, model = data_of(given.observation), given
        elif data is None or x is None or y is None:
            raise InputError("posterior takes --data with --x and --y, or a --theory that has its data")
        else:
            found = _read(data, x, y, y_error, noise)
            if given is None:
                sizes = (
                    [] if card is None else _sizes(card, 200 if width is None else width, len(found.x_name), settings)
                )
                given = theory(card, [*(settings or []), *sizes])
            model = _conditioned(given, found, noise, infer)
        grid = _grid(found)
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
        bands = _bands(result, found, grid)
        written = _write(out, model, found, grid, result, bands, noise)
        clear(partial)
        for name in model.hyperlaws:
            row = result.summary.query("quantity == @name").iloc[0]
            scale = found.y_scale if name == "noise" else 1.0
            unit = f" {found.y_name}" if name == "noise" else " in standardised units" if data is not None else ""
            typer.echo(f"{name} = {row['mean'] * scale:.4g} +- {row['sd'] * scale:.2g}{unit}")
        typer.echo(f"at {len(np.asarray(grid))} points; wrote {', '.join(written)} to {out}/")
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
    out: Path, model: "Conditioned", found: "Data", grid: Any, result: "Posterior", bands: Any, noise: float | None
) -> list[str]:
    """The tree, the tables and, in one or two dimensions, the picture of a posterior; the names of the files."""
    from nnqft_ppl.runtime.files import write_atomically

    tree, net = result.tree, model.net
    tree.attrs["standardisation"] = (
        f"x = {found.x_centre.tolist()} + {found.x_scale!r} x_std; y = {found.y_centre!r} + {found.y_scale!r} y_std"
    )
    writers: dict[str, Callable[[Path], Any]] = {
        "posterior.nc": lambda target: tree.to_netcdf(target, engine="h5netcdf"),
        "summary.csv": lambda target: result.summary.to_csv(target, index=False),
        "bands.csv": lambda target: _shown(bands, found).to_csv(target, index=False),
    }
    if net.dim == 1:
        from nnqft_ppl.reports.pictures import plot_posterior

        free = not (model.sources or model.actions)  # which the limit does not know
        limit = _limit_band(net, found, grid, result, noise) if free else None
        values = found.to_values(tree["posterior_predictive/y"].to_numpy().reshape(-1, len(found.y)))
        writers["posterior.png"] = lambda target: plot_posterior(net, found, bands, limit, values, target)
    elif net.dim == 2:
        from nnqft_ppl.reports.pictures import plot_posterior_map

        writers["posterior.png"] = lambda target: plot_posterior_map(net, found, bands, target)
    for name, write in writers.items():
        write_atomically(out / name, write)
    return list(writers)


def compare(
    data: DataOption,
    x: XOption,
    y: YOption,
    cards: Annotated[list[str] | None, typer.Argument(metavar="[CARD]...", help="Cards to compare.")] = None,
    files: TheoriesOption = None,
    widths: Annotated[str, typer.Option(help="Widths N of the CARDs, separated by commas.")] = "20,200",
    noise: NoiseOption = None,
    y_error: ErrorOption = None,
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

    A theory of `--theory FILE` has a width of its own, and the points of an action or a source in standardised units.

    Example: `nnqft compare cauchy cos_net --data examples/nile.csv --x year --y volume --widths 10,100`
    """
    with clear_errors():
        from nnqft_ppl.inference.posterior import posterior as run
        from nnqft_ppl.runtime.files import check_folder, write_atomically
        from nnqft_ppl.sampling.diagnostics import predictive_check, rank

        if out is not None:
            check_folder(out)
        found = _read(data, x, y, y_error, noise)
        models = {}
        for card in cards or []:
            for width in _widths(widths):
                net = theory(card, _sizes(card, width, len(found.x_name), None))
                models[f"{card} N={net.width}"] = _conditioned(net, found, noise, infer)
        for file in files or []:
            models[str(file)] = _conditioned(any_theory(None, None, file), found, noise, infer)
        if len(models) < 2:
            raise InputError(f"compare needs at least two theories or widths, got {', '.join(models) or 'none'}")
        checks, converged = {}, {}
        for number, (name, model) in enumerate(models.items(), 1):
            typer.echo(f"{number} of {len(models)}: {name} ...", err=True)
            result = run(model, found.points, chains=chains, warmup=warmup, draws=draws, seed=seed, progress=True)
            typer.echo(result.convergence.line, err=True)
            checks[name], converged[name] = predictive_check(result.tree), result.convergence.converged
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


def _read(path: Path, x: str, y: str, y_error: str | None, noise: float | None) -> "Data":
    """The data, with a line on what was left out and in which unit dates count."""
    from nnqft_ppl.inference.data import read_data

    if noise is not None and y_error is not None:
        raise InputError(f"noise must be given by --noise or by --y-error, got both: {noise:g} and {y_error}")
    found = read_data(path, _columns(x), y, y_error)
    if found.left_out:
        whole = found.left_out + len(found.y)
        typer.echo(f"left out {found.left_out} of {whole} rows, in which a cell is missing", err=True)
    for name, dated in zip(found.x_name, found.dated, strict=True):
        if dated:
            typer.echo(f"{name}: in days, standardised by {found.x_scale:.4g} days", err=True)
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


def _grid(data: "Data") -> Any:
    """Where the field is drawn: a fine line or a square lattice about the points, or the points in more dimensions."""
    import numpy as np

    low, high = data.x.min(axis=0), data.x.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    if data.x.shape[1] == 1:
        return np.linspace(low - margin, high + margin, 161)
    if data.x.shape[1] > 2:
        return data.x
    axes = np.linspace(low - margin, high + margin, 21).T
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def _bands(result: "Posterior", data: "Data", grid: Any) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    from nnqft_ppl.inference.data import LEVELS

    phi = data.to_values(result.tree["posterior/phi"].to_numpy().reshape(-1, len(grid)))
    table = pd.DataFrame(dict(zip(data.x_name, np.asarray(grid).T, strict=True)))
    table["mean"], table["sd"] = phi.mean(axis=0), phi.std(axis=0, ddof=1)
    for level in LEVELS:
        table[f"q{level:g}"] = np.quantile(phi, level, axis=0)
    return table


def _shown(bands: "pd.DataFrame", data: "Data") -> "pd.DataFrame":
    """The bands with dates where the file has dates."""
    return bands.assign(**{name: data.axis(bands[name].to_numpy(), k) for k, name in enumerate(data.x_name)})


def _limit_band(net: "Architecture", data: "Data", grid: Any, result: "Posterior", noise: float | None) -> Any:
    """Mean and deviation of the infinite-width process at the posterior mean of what was inferred, or None."""
    import dataclasses

    import numpy as np

    from nnqft_ppl.inference.gaussian_process import limit_posterior
    from nnqft_ppl.runtime.errors import NoClosedForm

    means = {str(name): float(v.mean()) for name, v in result.tree["posterior"].data_vars.items() if v.ndim == 2}
    known = data.errors if data.errors is not None else (noise or 0.0) / data.y_scale
    sigma = means.get("noise", known)
    hyper: Any = {name: value for name, value in means.items() if name not in ("noise", "action")}
    try:
        net = dataclasses.replace(net, **hyper)
        limit = limit_posterior(net, data.points, data.values, sigma, data.to_points(grid))
    except (InputError, NoClosedForm):
        return None
    return data.to_values(limit.mean), data.y_scale * np.sqrt(np.diag(limit.covariance))


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
