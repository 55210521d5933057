"""``nnqft interact``, ``energies``, ``action``: what an interaction does, what energies and what action there are."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnqft_ppl.cli.correlators import PointsOption, integers
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
    number,
    theory,
)
from nnqft_ppl.cli.screen import Screen, answering
from nnqft_ppl.runtime.files import check_readable, check_writable
from nnqft_ppl.runtime.progress import say

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("coupling", "leading", "exact")
LONG = re.compile(r"\d*\.\d{7,}(e[-+]?\d+)?")  # a number of more digits than a reader wants
SETTLED = 0.5  # of the largest g4 to first order, what the next order may change


def interact(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    potential: Annotated[str, typer.Option(help="V(phi): '0.1*phi^4', 'cos(phi)', ...")] = "0.1*phi^4",
    box: Annotated[float, typer.Option(help="Side L of the box [-L/2, L/2]^d where the interaction acts.")] = 4.0,
    nodes: Annotated[int, typer.Option(help="Midpoints along each axis of the box.")] = 12,
    wick: Annotated[bool, typer.Option("--wick", help="V in normal order, as `wick` writes it.")] = False,
    widths: Annotated[str, typer.Option(help="Widths N, separated by commas.")] = "6,20,200",
    points: PointsOption = None,
    draws: Annotated[int, typer.Option(help="Draws at each width and at N = infinity.")] = 100_000,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="Table, .parquet or .csv; the points go beside it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """A theory with the action int V(phi) in a box: correlators and masses over widths, beside N = infinity.

    By networks with weights exp(-S); at N = infinity by the reweighted Gaussian process, by perturbation theory to
    second order where V is a polynomial, and where the theory on the line is a particle in a harmonic well, by its
    oscillator. z is the distance from N = infinity in standard errors.

    Example: `nnqft interact cauchy --potential "0.5*phi^4" --nodes 24`

    Example: `nnqft interact alpha_scalar --set dim=2 --set cutoff=5 --potential "phi^4" --wick --out phi4.parquet`
    """
    with answering("interact", as_json) as screen:
        check_readable(points, "points")
        check_least("draws", draws, 2)
        counts = integers("widths", widths)
        beside = None if out is None else check_writable(out).with_suffix(f".points{out.suffix}")
        model = any_theory(card, settings, file)
        import numpy as np

        from nnqft_ppl.interacting.boxes import box as box_of
        from nnqft_ppl.reports.interactions import default_configurations
        from nnqft_ppl.reports.interactions import interact as compute
        from nnqft_ppl.reports.points import read_configurations
        from nnqft_ppl.theory.conditioned import conditioned

        dim = conditioned(model).net.dim
        place = box_of(dim, box, nodes)
        x = default_configurations(place) if points is None else read_configurations(points, 2)
        table = compute(
            model,
            potential,
            side=box,
            nodes=nodes,
            normal_order=wick,
            widths=counts,
            configurations=x,
            draws=draws,
            seed=seed,
            progress=True,
        )
        from nnqft_ppl.reports.points import configurations_table

        places = configurations_table(x)
        screen.give(theory=repr(conditioned(model).net), interactions=table, points=places)
        if out is None or beside is None:
            words = f"{conditioned(model).net!r}, V on {len(place.points)} nodes of a box of side {box:g}"
            screen.say(f"{words}; z against limit, N = ∞")
            _print(screen, table)
            for at, one in enumerate(x):
                screen.say(f"config {at}: {np.array2string(one, precision=4, separator=', ').replace(chr(10), '')}")
            return
        from nnqft_ppl.reports.tables import write_table

        write_table(table, out, "interactions")
        places.attrs = table.attrs
        write_table(places, beside, "configurations")
        screen.wrote(out, beside)


def _print(screen: Screen, table: "pd.DataFrame") -> None:
    ordered = table.sort_values(["kind", "order", "configuration", "distance"], kind="stable")
    found: Any = ordered.itertuples()
    rows = [
        (
            str(row.width).replace("<NA>", "∞"),
            row.kind,
            str(row.order),
            str(row.configuration).replace("<NA>", ""),
            number(row.distance, ".3g"),
            row.estimator,
            f"{row.estimate:.6g}",
            f"{row.mcse:.2g}" if row.mcse else "",
            number(row.ess, ".0f"),
            number(row.z, "+.2f"),
        )
        for row in found
    ]
    screen.say(f"V = {LONG.sub(lambda found: f'{float(found[0]):.6g}', table['potential'].iloc[0])}")
    heads = (">N", "kind", ">n", ">config", ">distance", "by", ">estimate", ">mcse", ">ess", ">z")
    screen.table(heads, rows)
    two = table[(table["kind"] == "connected") & (table["order"] == 2)]
    first: Any = two.groupby("estimator")["estimate"].first().to_dict()
    off = [abs(first[name] - first["limit"]) for name in ("first order", "second order") if name in first]
    if len(off) == 2 and off[1] > off[0]:
        say("note: perturbation theory does not settle at this coupling: its second order takes it further off")


def energies(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    step: Annotated[float, typer.Option(help="Time between two fields, in lengths of the theory.")] = 0.4,
    count: Annotated[int, typer.Option(help="Number of times at which the field is drawn.")] = 17,
    box: Annotated[
        float | None,
        typer.Option(help="In d > 1, side of the box of space for means of the field; a torus's period, or 8 lengths."),
    ] = None,
    nodes: Annotated[int, typer.Option(help="Places along each axis of that box.")] = 8,
    even: Annotated[bool, typer.Option("--even", help="States that two fields reach: powers of even order.")] = False,
    draws: Annotated[int, typer.Option(help="Number of networks.")] = 100_000,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Find the two lowest energies of a theory, or the lowest, and their weights, from draws of its field.

    By the generalised eigenvalue problem of sampled correlators (Luscher and Wolff), with errors of the jackknife. They
    are energies as far as the theory is reflection positive, and at finite width how its correlators fall. Beside them,
    where the theory knows them, the exact ones. In more dimensions than one the field is averaged over places in a box
    of space: on a torus a state without momentum.

    Example: `nnqft energies sine_path --set width=3`
    """
    with answering("energies", as_json) as screen:
        check_least("count", count, 3)
        check_least("draws", draws, 1000)
        import numpy as np

        from nnqft_ppl.interacting.energies import lowest_energies, places
        from nnqft_ppl.theory.paths import PathArchitecture

        net = theory(card, settings, file)
        times = step * net.length * np.arange(float(count))
        space = places(net, box, nodes)
        powers = (2,) if even else (1,)
        found = lowest_energies(net, times, space=space, powers=powers, draws=draws, seed=seed)
        known = np.full((2, len(found.energies)), np.nan)
        if isinstance(net, PathArchitecture) and not even:
            states = net.energies()
            reached = states[:, (states[0] > 0) & (states[1] > 0)][:, : known.shape[1]]
            known[:, : reached.shape[1]] = reached
        columns = (found.energies, found.errors, known[0], found.weights, found.weight_errors, known[1])
        rows = [
            (number(value, ".2g" if k in (1, 4) else ".6g") for k, value in enumerate(row))
            for row in np.transpose(columns)
        ]
        heads = ("state", *(f">{name}" for name in ("energy", "error", "exact", "weight", "error", "exact")))
        screen.table(heads, [(str(k), *row) for k, row in enumerate(rows, start=1)])
        screen.say(f"{net!r}: {found.effective:.0f} networks")
        if len(found.energies) == 1:
            screen.say("a second state does not stand above the noise; it may with more draws, or a smaller step")
        names = ("energy", "error", "exact", "weight", "weight_error", "exact_weight")
        screen.give(theory=repr(net), states=[dict(zip(names, row, strict=True)) for row in np.transpose(columns)])


def action(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    points: Annotated[
        Path | None, typer.Option(help="CSV or Parquet of up to 8 points with columns x0, x1, ...")
    ] = None,
    powers: Annotated[int, typer.Option(help="Powers of 1/N that the couplings have: 0, 1 or 2.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Table of all couplings, .parquet or .csv.")] = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    as_json: JsonOption = False,
) -> None:
    """What action does this network have? The couplings of S = -log P[phi] on points, order by order in 1/N.

    S = sum g2 phi phi + sum g4 phi^4 + sum g6 phi^6 + ..., from exact connected correlators (arXiv:2307.03223). Without
    `--points`: four in a row. On one or two points the exact couplings stand beside them. The picture has the couplings
    and how local they are.

    Example: `nnqft action cos_net --set width=100 --plot action.png --out action.parquet`
    """
    with answering("action", as_json) as screen:
        from nnqft_ppl.reports.figures import check_picture, save

        inches = check_picture(plot, figure_width)
        check_readable(points, "points")
        if out is not None:
            check_writable(out)
        net = theory(card, settings, file)
        import numpy as np

        from nnqft_ppl.reports.actions import action as compute
        from nnqft_ppl.reports.actions import locality, plot_action
        from nnqft_ppl.reports.points import read_configurations

        table = compute(net, None if points is None else read_configurations(points, 1)[:, 0], powers=powers)
        numbers = [name for name in NUMBERS if np.isfinite(table[name].to_numpy()).any()]
        size: Any = table["coupling"].abs() * table["ways"]
        largest: Any = table.loc[size.sort_values(ascending=False).index]
        rows = [
            (
                str(n),
                row.points,
                f"{row.extent:.4g}",
                *(number(getattr(row, name), ".8g") for name in numbers),
            )
            for n in (2, 4, 6)
            for row in largest[largest["order"] == n].head(6).itertuples()
        ]
        screen.table((">n", "points", ">extent", *(f">{name}" for name in numbers)), rows)
        screen.say(f"{net!r}: the largest of {len(table)} couplings; all with --out action.parquet")
        four: Any = table[table["order"] == 4]
        second = float((four["coupling"] - four["leading"]).abs().max() / four["leading"].abs().max())
        if powers == 2 and second > SETTLED:
            say(f"note: 1/N is not small on these points: its second power changes g4 by {second:.2g} of the largest")
        local: Any = locality(table).query("extent == 0").set_index("order")["share"]
        screen.say("at one point: " + ", ".join(f"{local[n]:.1%} of all |g{n}|" for n in (2, 4, 6)))
        screen.give(theory=repr(net), couplings=table, local={n: float(local[n]) for n in (2, 4, 6)})
        if out is not None:
            from nnqft_ppl.reports.tables import write_table

            write_table(table, out, "action")
            screen.wrote(out)
        if plot is not None:
            save(plot_action(table, width=inches), plot)
            screen.wrote(plot)
