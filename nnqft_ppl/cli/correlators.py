"""``nnqft draw`` and ``nnqft correlators``: fields of a theory and the main job."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnqft_ppl.cli.options import (
    CardArgument,
    FigureWidthOption,
    JsonOption,
    PlotOption,
    SeedOption,
    SetOption,
    TheoryOption,
    any_theory,
    check_least,
    complete_estimator,
    complete_kind,
    number,
)
from nnqft_ppl.cli.screen import Screen, answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_file, check_readable, check_writable, write_atomically, writing
from nnqft_ppl.runtime.progress import explain, say

if TYPE_CHECKING:
    import pandas as pd

    from nnqft_ppl.runtime.arrays import Array


PointsOption = Annotated[
    Path | None,
    typer.Option(
        help="File of points: CSV or Parquet with columns x0, x1, ... (and configuration), .npy, or .npz with configs."
    ),
]


MOST_ROWS = 40  # on a terminal


def draw(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    points: PointsOption = None,
    draws: Annotated[int, typer.Option(help="Number of independent fields.")] = 1000,
    seed: SeedOption = 0,
    parameters: Annotated[bool, typer.Option("--parameters", help="Keep the parameters of every draw too.")] = False,
    out: Annotated[Path | None, typer.Option(help="NetCDF file (.nc) for the DataTree of draws.")] = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw fields from the prior, at the points of a file or on a grid around the origin.

    A theory without an exact sampler, or one with data, sources or actions, is drawn by four chains side by side. The
    picture shows the first draws in d = 1 or 2, with a panel for each component.

    Example: `nnqft draw cos_net --set width=50 --draws 200 --out fields.nc --plot fields.pdf --figure-width 8.6cm`
    """
    with answering("draw", as_json) as screen:
        import numpy as np

        from nnqft_ppl.reports.figures import check_picture, save

        check_file(out, ".nc")
        inches = check_picture(plot, figure_width)
        check_readable(points, "points")
        check_least("draws", draws, 1)
        model = any_theory(card, settings, file)
        from nnqft_ppl.inference.prior import prior_predictive
        from nnqft_ppl.reports.pictures import check_drawable, grid, plot_fields
        from nnqft_ppl.reports.points import read_configurations
        from nnqft_ppl.theory.architecture import Architecture

        net = model if isinstance(model, Architecture) else model.net
        given = None if points is None else read_configurations(points, 1)
        x = grid(net.dim) if given is None else given.reshape(-1, given.shape[-1])
        if plot is not None:
            check_drawable(net.dim, x)
        if isinstance(model, Architecture) and net.ancestral:
            tree = prior_predictive(net, x, draws=draws, seed=seed, parameters=parameters, progress=True)
            phi: Any = tree["prior_predictive/phi"].to_numpy()
        else:
            from nnqft_ppl.inference.posterior import posterior as chains

            result = chains(model, x, draws=-(-draws // 4), seed=seed, parameters=parameters, progress=True)
            what = type(net).__name__ if model is net else f"{type(net).__name__} with what transforms add"
            say(f"note: {what} has no exact sampler; {result.line}; {result.convergence.line}")
            tree, phi = result.tree, result.tree["posterior/phi"].to_numpy()
        mean, deviation = phi.mean(), phi.std()
        screen.say(f"{draws} draws of {net!r} at {len(x)} points: mean {mean:.4g}, standard deviation {deviation:.4g}")
        each = phi.reshape(-1, *phi.shape[2:])
        screen.give(theory=repr(net), draws=draws, points=np.asarray(x), mean=each.mean(axis=0), sd=each.std(axis=0))
        if out is not None:
            write_atomically(out, lambda target: tree.to_netcdf(target, engine="h5netcdf"))
            screen.wrote(out)
        if plot is not None:
            save(plot_fields(net, x, phi[0], width=inches), plot)
            screen.wrote(plot)


def correlators(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    points: PointsOption = None,
    order: Annotated[str, typer.Option(help="Orders n, separated by commas; n takes the first n points.")] = "2,4",
    kind: Annotated[
        str, typer.Option(help="Among full, connected, I_N, I_IB.", autocompletion=complete_kind)
    ] = "full,connected",
    estimator: Annotated[
        str | None,
        typer.Option(
            help="Among exact, neuron, sobol, amplitude, field; or reweight, chain with an action. Default: the best.",
            autocompletion=complete_estimator,
        ),
    ] = None,
    component: Annotated[
        str | None, typer.Option(help="Component of the field at each point, from 0, for fields with several: 0,0,1,1.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="Draws of each Monte Carlo estimator; at most so many with --precision.")
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Run until every relative standard error is at most this.")
    ] = None,
    seed: SeedOption = 0,
    float32: Annotated[bool, typer.Option("--float32", help="Draw in single precision; sums stay double.")] = False,
    distributed: Annotated[
        bool,
        typer.Option("--distributed", help="One of the processes of a cluster's job, which share the draws."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Table, .parquet or .csv; the points go beside it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Correlators of a theory, exactly and by Monte Carlo, as one tidy table.

    Without `--points`: one configuration along the first axis. With `--out table.parquet` the points are written to
    `table.points.parquet`; and an interrupted run, however it ended, goes on where it was when the same command is
    given again, to the same numbers.

    Independent draws go over all devices of the machine; with `--distributed`, started by srun or mpirun, over those of
    all machines of the job, of which the first one prints and writes. The numbers are those of one device.

    Example: `nnqft correlators cos_net --set width=10 --set amplitude=laplace --order 2,4,6 --out table.parquet`

    Example: `nnqft correlators coupled_cos_net --kind I_IB --order 4 --precision 0.01 --out table.parquet`
    """
    checkpoints = None if out is None else out.with_name(f".{out.name}.partial")
    with answering("correlators", as_json, keeps=checkpoints) as screen, contextlib.ExitStack() as stack:
        orders = integers("order", order)
        check_readable(points, "points")
        check_least("draws", draws, 2)
        beside = None if out is None else check_writable(out).with_suffix(f".points{out.suffix}")
        if distributed:  # before JAX looks for its devices; the rest is checked before JAX is imported
            from nnqft_ppl.sampling.devices import join

            join()
        model = any_theory(card, settings, file)
        from nnqft_ppl.reports.correlators import WHY, default_estimators
        from nnqft_ppl.reports.correlators import correlators as compute
        from nnqft_ppl.reports.points import configurations_table
        from nnqft_ppl.sampling import devices
        from nnqft_ppl.theory.conditioned import conditioned

        net = conditioned(model).net
        x = _configurations(points, max(orders), net.dim)
        kinds: Any = _words(kind)
        estimators = default_estimators(model, orders, kinds) if estimator is None else _words(estimator)
        if estimator is None and "exact" not in estimators and devices.is_first():
            what = type(net).__name__ + (" with what transforms add" if model is not net else "")
            say(f"note: {what} has no closed form here; {estimators[0]} takes over")
        for name in estimators if estimator is None else ():
            explain(f"{name}: {WHY[name]}")
        if out is not None and devices.is_first():
            stack.enter_context(writing(out))
        table = compute(
            model,
            x,
            orders=orders,
            kinds=kinds,
            estimators=estimators,
            components=None if component is None else integers("component", component),
            draws=draws,
            precision=precision,
            seed=seed,
            dtype="float32" if float32 else None,
            checkpoints=checkpoints,
            progress=devices.is_first(),
        )
        if not devices.is_first():
            raise typer.Exit
        places = configurations_table(x)
        screen.give(theory=repr(net), correlators=table, points=places)
        if out is None or beside is None or checkpoints is None:
            _print_correlators(screen, table)
            screen.say(f"{net!r} at {_places(x, points)}")
        else:
            from nnqft_ppl.reports.tables import write_table
            from nnqft_ppl.runtime.checkpoint import clear

            write_table(table, out)
            places.attrs = table.attrs
            write_table(places, beside, "configurations")
            clear(checkpoints)
            screen.say(f"{len(table)} rows of {net!r} at {_places(x, points)}")
            screen.wrote(out, beside)
        _say_largest_z(screen, table)


def _configurations(points: Path | None, order: int, dim: int) -> "Array":
    from nnqft_ppl.correlation.exact import check_order
    from nnqft_ppl.reports.points import default_configuration, read_configurations

    check_order(order)
    return default_configuration(order, dim) if points is None else read_configurations(points, order)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def integers(name: str, text: str) -> list[int]:
    """Whole numbers separated by commas."""
    try:
        return [int(word) for word in _words(text)] or [0]
    except ValueError:
        raise InputError(f"{name} must be integers separated by commas, got {text!r}") from None


def _print_correlators(screen: Screen, table: "pd.DataFrame") -> None:
    rows = []
    every: Any = table.itertuples()
    for row in every:
        mcse = "" if row.estimator == "exact" else f"{row.mcse:.2g}"
        numbers = (f"{row.estimate:.9g}", mcse, number(row.exact, ".9g"), number(row.z, "+.2f"))
        rows.append((str(row.configuration), str(row.order), str(row.kind), str(row.estimator), *numbers))
    heads = ("config", "order", "kind", "estimator", ">estimate", ">mcse", ">exact", ">z")
    screen.table(heads, rows, most=MOST_ROWS, rest="write them all with --out table.parquet")


def _places(x: "Array", points: Path | None) -> str:
    """Where the correlators were taken, in words."""
    if len(x) == 1:
        return f"x = {', '.join(f'({", ".join(f"{v:.9g}" for v in point)})' for point in x[0])}"
    return f"{len(x)} configurations of {x.shape[1]} points, {points}"


def _say_largest_z(screen: Screen, table: "pd.DataFrame") -> None:
    """The largest |z|, and what is usual and what is rare among so many."""
    from nnqft_ppl.reports.correlators import largest_z

    z = table["z"].dropna().abs()
    if len(z):
        usual, rare = largest_z(len(z))
        screen.say(
            f"largest |z| {z.max():.2f}; of {len(z)} independent normal numbers it would be {usual:.2f} half the time, "
            f"and more than {rare:.2f} once in a hundred"
        )
        screen.give(largest_z={"found": z.max(), "rows": len(z), "median": usual, "one_percent": rare})
