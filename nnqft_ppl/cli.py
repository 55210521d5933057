"""``nnqft``: the command line. Heavy imports stay inside the commands, so that help and listings are quick."""

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nnqft_ppl.cli_axioms import axioms, predict
from nnqft_ppl.cli_classical import modes, vacua
from nnqft_ppl.cli_design import design, dual
from nnqft_ppl.cli_posterior import compare, posterior
from nnqft_ppl.compilation import keep_programs, tune_xla
from nnqft_ppl.console import CardArgument, SeedOption, SetOption, card_name, clear_errors, console, theory
from nnqft_ppl.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from nnqft_ppl.points import Array
    from nnqft_ppl.studies import Row

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Quantum field theories built out of neurons: **declare** a theory, **run** it, **read** its correlators.\n\n"
    "Start with `nnqft list`, look at a theory with `nnqft show cos_net`, and get its correlators with "
    "`nnqft correlators cos_net --set width=10`.",
)

PointsOption = Annotated[
    Path | None,
    typer.Option(help="File of points: CSV with columns x0, x1, ... (and configuration), .npy, or .npz with configs."),
]

DEFAULT_POSITIONS = (0.1, 0.52, -0.31, 0.97, -0.83, 1.43, -1.24, 2.06, -1.91, 2.74)  # no balanced sum vanishes


@app.callback()
def main_options(
    cards: Annotated[
        list[Path] | None, typer.Option(help="A folder of your own cards, or one card's file; repeat it.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        from nnqft_ppl.version import VERSION

        typer.echo(VERSION)
        raise typer.Exit
    with clear_errors():
        from nnqft_ppl import models

        for path in cards or []:
            models.add(path)


@app.command("list")
def list_cards() -> None:
    """List the catalogue: every card with its equations, symmetries and what is exact."""
    with clear_errors():
        from nnqft_ppl.catalogue import entries, short_symmetries

        table = Table("card", "theory", "equations", "symmetric under", "not under", "exact", box=None, pad_edge=False)
        for e in entries():
            symmetries = (short_symmetries(e.claims), short_symmetries(e.denies))
            table.add_row(f"[bold]{e.name}[/]", e.title, ", ".join(e.equations), *symmetries, e.exact or "—")
        console().print(table)


@app.command()
def show(card: CardArgument) -> None:
    """Show a theory: its formula, its hyperparameters with their ranges, its theorems and its symmetries.

    Example: `nnqft show free_scalar`
    """
    with clear_errors():
        from nnqft_ppl.amplitudes import AMPLITUDES
        from nnqft_ppl.catalogue import entry, short_symmetries
        from nnqft_ppl.models import card as card_class

        name = card_name(card)
        found = entry(name)
        screen = console()
        screen.print(f"[bold]{name}[/]  {found.title}\n\n{found.formula}\n", highlight=False)
        fields = Table("hyperparameter", "range", "default", "meaning", box=None, pad_edge=False)
        for h in found.hyperparameters:
            fields.add_row(f"[bold]{h.name}[/]", h.range.replace("[", r"\["), h.default, h.meaning)
        screen.print(fields)
        if any(h.range == "AmplitudeLaw" for h in found.hyperparameters):
            laws = "; ".join(f"{key}({', '.join(_field_names(law))})" for key, law in AMPLITUDES.items())
            screen.print(f"\namplitude laws: {laws}", highlight=False)
        theorems = Table("theorem", "equations", "statement", box=None, pad_edge=False)
        for t in card_class(name).theorems():
            theorems.add_row(f"[bold]{t.quantity}[/]", ", ".join(t.equations), t.statement.replace("[", r"\["))
        screen.print()
        screen.print(theorems)
        screen.print(f"\nsymmetric under: {short_symmetries(found.claims)}", highlight=False)
        screen.print(f"not symmetric under: {short_symmetries(found.denies)}", highlight=False)


@app.command()
def draw(
    card: CardArgument,
    settings: SetOption = None,
    points: PointsOption = None,
    draws: Annotated[int, typer.Option(help="Number of independent fields.")] = 1000,
    seed: SeedOption = 0,
    parameters: Annotated[bool, typer.Option("--parameters", help="Keep the parameters of every draw too.")] = False,
    out: Annotated[Path | None, typer.Option(help="NetCDF file (.nc) for the DataTree of draws.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG picture of the first draws (d = 1 or 2).")] = None,
) -> None:
    """Draw fields from the prior, at the points of a file or on a grid around the origin.

    A theory without an exact sampler is drawn by NUTS, four chains side by side.

    Example: `nnqft draw cos_net --set width=50 --draws 200 --out fields.nc --plot fields.png`
    """
    with clear_errors():
        from nnqft_ppl.tables import check_file, read_configurations

        check_file(out, ".nc")
        check_file(plot, ".png")
        net = theory(card, settings)
        from nnqft_ppl.draws import prior_predictive
        from nnqft_ppl.pictures import grid, plot_fields
        from nnqft_ppl.tables import write_atomically

        x = grid(net.dim) if points is None else read_configurations(points, 1)
        x = x.reshape(-1, x.shape[-1])
        if net.ancestral:
            tree = prior_predictive(net, x, draws=draws, seed=seed, parameters=parameters, progress=True)
            phi: Any = tree["prior_predictive/phi"].to_numpy()
        else:
            from nnqft_ppl.inference import posterior as chains

            result = chains(net, x, draws=-(-draws // 4), seed=seed, parameters=parameters, progress=True)
            typer.echo(
                f"note: {type(net).__name__} has no exact sampler; {result.line}; {result.verdict.line}", err=True
            )
            tree, phi = result.tree, result.tree["posterior/phi"].to_numpy()
        mean, deviation = phi.mean(), phi.std()
        typer.echo(f"{draws} draws of {net!r} at {len(x)} points: mean {mean:.4g}, standard deviation {deviation:.4g}")
        if out is not None:
            write_atomically(out, lambda target: tree.to_netcdf(target, engine="h5netcdf"))
            typer.echo(f"wrote {out}")
        if plot is not None:
            write_atomically(plot, lambda target: plot_fields(net, x, phi[0], target))
            typer.echo(f"wrote {plot}")


@app.command()
def correlators(
    card: CardArgument,
    settings: SetOption = None,
    points: PointsOption = None,
    order: Annotated[str, typer.Option(help="Orders n, separated by commas; n takes the first n points.")] = "2,4",
    kind: Annotated[str, typer.Option(help="Among full, connected, I_N, I_IB.")] = "full,connected",
    estimator: Annotated[
        str | None,
        typer.Option(help="Among exact, neuron, sobol, amplitude, field. Default: exact and the best Monte Carlo."),
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
    out: Annotated[Path | None, typer.Option(help="Table, .parquet or .csv; the points go beside it.")] = None,
) -> None:
    """Correlators of a theory, exactly and by Monte Carlo, as one tidy table.

    Without `--points`: one configuration along the first axis. With `--out table.parquet` the points are written to
    `table.points.parquet`; and an interrupted run, however it ended, goes on where it was when the same command is
    given again, to the same numbers.

    Example: `nnqft correlators cos_net --set width=10 --set amplitude=laplace --order 2,4,6 --out table.parquet`

    Example: `nnqft correlators coupled_cos_net --kind I_IB --order 4 --precision 0.01 --out table.parquet`
    """
    with clear_errors(resumes=out is not None):
        from nnqft_ppl.checkpoint import clear
        from nnqft_ppl.tables import check_writable, configurations_table, write_table

        orders = _integers("order", order)
        beside = None if out is None else check_writable(out).with_suffix(f".points{out.suffix}")
        checkpoints = None if out is None else out.with_name(f".{out.name}.partial")
        net = theory(card, settings)
        from nnqft_ppl.tabulate import correlators as compute
        from nnqft_ppl.tabulate import default_estimators

        x = _configurations(points, max(orders), net.dim)
        kinds: Any = _words(kind)
        estimators = default_estimators(net, orders) if estimator is None else _words(estimator)
        if estimator is None and "exact" not in estimators:
            typer.echo(f"note: {type(net).__name__} has no closed form here; {estimators[0]} takes over", err=True)
        table = compute(
            net,
            x,
            orders=orders,
            kinds=kinds,
            estimators=estimators,
            components=None if component is None else _integers("component", component),
            draws=draws,
            precision=precision,
            seed=seed,
            dtype="float32" if float32 else None,
            checkpoints=checkpoints,
            progress=True,
        )
        if out is None or beside is None or checkpoints is None:
            console().print(_correlator_table(table))
            return
        write_table(table, out)
        write_table(configurations_table(x), beside, "configurations")
        clear(checkpoints)
        z = f", largest |z| {table['z'].abs().max():.2f}" if len(table["z"].dropna()) else ""
        typer.echo(f"wrote {out} ({len(table)} rows{z}) and {beside}")


app.command()(axioms)
app.command()(predict)
app.command()(design)
app.command()(dual)
app.command()(posterior)
app.command()(compare)
app.command()(modes)
app.command()(vacua)


@app.command()
def reproduce(
    studies: Annotated[list[str] | None, typer.Argument(help="Names of studies; all of them by default.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer draws of fewer cases, for every equation; larger errors.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Studies at a time; by default one for each CPU.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, pictures and the scoreboard.")] = Path("results"),
) -> None:
    """Run the studies of the paper's claims and print the scoreboard, one row an equation.

    A study on its own shows the progress of its parts, several show theirs together. The exit status is 1 if any row
    falls short.

    Example: `nnqft reproduce two_point interactions --quick`
    """
    with clear_errors():
        from nnqft_ppl import enable_x64
        from nnqft_ppl import studies as door
        from nnqft_ppl.progress import progress_bar

        if jobs is not None and jobs < 1:
            raise InputError(f"jobs must be at least 1, got {jobs}")
        jobs = jobs or os.cpu_count() or 1
        for name in studies or []:
            if name not in door.names():
                raise InputError(f"study must be one of {', '.join(door.names())}, got {name!r}")
        chosen = [name for name in door.names() if not studies or name in studies]
        rows: list[Row] = []
        if min(jobs, len(chosen)) == 1:
            enable_x64()
            for name in chosen:
                typer.echo(name, err=True)
                rows += door.run(name, out, quick=quick, progress=True)
        else:
            found = {}
            with progress_bar("studies", len(chosen), shown=True) as advance:
                for name, ended in door.run_all(chosen, out, quick=quick, jobs=jobs):
                    found[name] = ended
                    advance(1, None)
                    typer.echo(f"[{len(found)}/{len(chosen)}] {name}", err=True)
            rows = [row for name in chosen for row in found[name]]
        from nnqft_ppl.tables import write_table

        board = door.scoreboard(rows)
        write_table(board, out / "scoreboard.parquet", "scoreboard")
        write_table(board, out / "scoreboard.csv", "scoreboard")
        console().print(_scoreboard_table(rows))
        short = sum(row.verdict != "holds" for row in rows)
        typer.echo(f"{len(rows) - short} of {len(rows)} rows hold; tables and pictures are in {out}/")
    if short:
        raise typer.Exit(1)


def main() -> None:
    """The entry point."""
    tune_xla()
    keep_programs()
    app()


def _configurations(points: Path | None, order: int, dim: int) -> "Array":
    import numpy as np

    from nnqft_ppl.exact import check_order
    from nnqft_ppl.tables import read_configurations

    check_order(order)
    if points is not None:
        return read_configurations(points, order)
    x = np.zeros((1, order, dim))
    x[0, :, 0] = DEFAULT_POSITIONS[:order]
    return x


def _field_names(law: type) -> list[str]:
    from nnqft_ppl.hyperparameters import field_types

    return list(field_types(law))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _integers(name: str, text: str) -> list[int]:
    try:
        return [int(word) for word in _words(text)] or [0]
    except ValueError:
        raise InputError(f"{name} must be integers separated by commas, got {text!r}") from None


def _correlator_table(table: "pd.DataFrame", most: int = 40) -> Table:
    view = Table("config", "order", "kind", "estimator", box=None, pad_edge=False)
    for name in ("estimate", "mcse", "exact", "z"):
        view.add_column(name, justify="right", no_wrap=True)
    rows: Any = table.head(most).itertuples()
    for row in rows:
        mcse = "" if row.estimator == "exact" else f"{row.mcse:.2g}"
        numbers = (f"{row.estimate:.9g}", mcse, _number(row.exact, ".9g"), _number(row.z, "+.2f"))
        view.add_row(str(row.configuration), str(row.order), str(row.kind), str(row.estimator), *numbers)
    if len(table) > most:
        view.caption = f"{most} of {len(table)} rows; write them all with --out table.parquet"
    return view


def _scoreboard_table(rows: "list[Row]") -> Table:
    view = Table("equation", "statement", "expected", "measured", "error", "verdict", box=None, pad_edge=False)
    for row in rows:
        colour = "green" if row.verdict == "holds" else "bold red"
        numbers = (f"{row.expected:.6g}", f"{row.measured:.6g}", _number(row.error, ".1e"))
        view.add_row(row.equation, escape(row.statement), *numbers, f"[{colour}]{row.verdict}[/]")
    return view


def _number(value: Any, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)


if __name__ == "__main__":
    main()
