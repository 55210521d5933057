"""``nnqft modes`` and ``nnqft vacua``: the classical world of a theory."""

import itertools
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
    theory,
)
from nnqft_ppl.cli.screen import Screen, answering
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.files import check_writable

if TYPE_CHECKING:
    from nnqft_ppl.classical.landscape import ClassicalFields
    from nnqft_ppl.classical.maxima import Modes
    from nnqft_ppl.classical.neurons import ClassicalNeurons
    from nnqft_ppl.theory.architecture import Architecture


OutOption = Annotated[Path | None, typer.Option(help="Table, .parquet or .csv.")]
LISTED = 30  # modes on the screen


def modes(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    joint: Annotated[
        bool,
        typer.Option("--joint", help="Search all neurons together even where they are independent (small N)."),
    ] = False,
    starts: Annotated[int, typer.Option(help="Starts of a search at most.")] = 2**14,
    missed: Annotated[
        float, typer.Option(help="Stop when one more start would find a new mode with at most this probability.")
    ] = 1e-3,
    best: Annotated[int, typer.Option(help="How many classical fields of a landscape to list.")] = 5,
    seed: SeedOption = 0,
    out: OutOption = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Classical field configurations (35): the local maxima of P(theta), and how many fields they make.

    Where neurons are independent, and nothing stands beside P(theta), the modes of one amplitude and of one neuron are
    found, and the fields assembled and counted exactly at any N, (38)-(41). Otherwise, or with `--joint`, all
    parameters are searched together.

    Maxima depend on the coordinates: they are those of the card's own parameters, with no Jacobian. The eigenvalues
    are those of the Hessian of -log P: negative / zero / positive.

    Example: `nnqft modes landscape --set width=3 --set peaks=4 --plot landscape.png`

    Example: `nnqft modes cos_net --set width=2 --set amplitude=bimodal --joint`
    """
    with answering("modes", as_json) as screen:
        inches = _check_places(out, plot, figure_width)
        check_least("starts", starts, 1)
        check_least("best", best, 0)
        model = any_theory(card, settings, file)
        from nnqft_ppl.classical.modes import modes as search
        from nnqft_ppl.classical.neurons import classical_neurons, factorises, landscape
        from nnqft_ppl.theory.conditioned import conditioned

        net = conditioned(model).net

        whole = joint or model is not net or not factorises(net)
        _check_wishes(net, whole, out, plot)
        screen.give(theory=repr(net))
        if whole:
            found = search(model, starts=starts, missed=missed, seed=seed, progress=True)
            beside = "".join(f" with {factor}" for factor in conditioned(model).factors)
            screen.say(repr(net), "bold")
            screen.say(f"maxima of P({', '.join(net.prior())}){beside}\n")
            _print_modes(screen, found)
            screen.say(f"\n{_summary(found)}")
        else:
            parts = classical_neurons(net, starts=starts, missed=missed, seed=seed, progress=True)
            screen.say(f"{net!r}\n", "bold")
            amplitudes = ", ".join(f"{a:.9g}" for a in parts.amplitudes)
            screen.say(f"modes of P(a_i): {amplitudes}\n")
            screen.give(amplitudes=list(parts.amplitudes))
            found = parts.neurons
            if found is not None:
                _print_modes(screen, found)
                screen.say(f"\none neuron: {_summary(found)}")
            try:
                fields = landscape(net, parts, seed=seed)
                _print_landscape(screen, net, fields, best)
                if plot is not None:
                    _plot(net, parts, fields, plot, inches, seed)
            except NoClosedForm as error:
                screen.say(f"\n{error}")
                if plot is not None:
                    raise InputError(f"plot needs a landscape of isolated fields: {error}") from error
        if found is not None:
            from nnqft_ppl.reports.classical import modes_table, parameters_table
            from nnqft_ppl.reports.tables import write_table

            table, parameters = modes_table(model, found, seed=seed), parameters_table(model, found)
            screen.give(modes=table, parameters=parameters)
            if out is not None:
                write_table(table, out, "modes")
                write_table(parameters, _beside(out), "parameters")
                screen.wrote(out, _beside(out))
        if plot is not None:
            screen.wrote(plot)


def vacua(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    seed: SeedOption = 0,
    out: OutOption = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which symmetries are broken, how, and into which vacua: explicitly, spontaneously, or not at all, (42)-(44).

    For wine bottles also the correlators of the whole ensemble beside those of fluctuations about one vacuum, and
    the Ward identity <a_perp^2> = <a_par>/j of a source exp(j a_par).

    Example: `nnqft vacua wine_bottle --set components=3 --set radius=1.3 --set sigma_v=0.7 --plot bottle.png`
    """
    with answering("vacua", as_json) as screen:
        inches = _check_places(out, plot, figure_width)
        net = theory(card, settings, file)
        from nnqft_ppl.classical.breaking import breaking
        from nnqft_ppl.classical.vacua import vacua as search

        if plot is not None and net.bottle is None:
            raise InputError(f"plot needs a card with a wine bottle, got {type(net).__name__}")
        found = None if plot is None else search(net, seed=seed)
        fates = breaking(net, seed=seed, manifold=found)
        screen.say(f"{net!r}\n", "bold")
        screen.table(("symmetry", "fate", "seen by", "vacua"), fates)
        from nnqft_ppl.reports.classical import breaking_table

        table = breaking_table(net, fates)
        screen.give(theory=repr(net), breaking=table)
        if net.bottle is not None:
            _print_bottle(screen, net)
        if out is not None:
            from nnqft_ppl.reports.tables import write_table

            write_table(table, out, "breaking")
            screen.wrote(out)
        if plot is not None and found is not None:
            from nnqft_ppl.reports.classical_pictures import plot_bottle
            from nnqft_ppl.reports.figures import save

            save(plot_bottle(net, found, seed=seed, width=inches), plot)
            screen.wrote(plot)


def _check_places(out: Path | None, plot: Path | None, width: str | None) -> float | None:
    """What cannot be written is said before the search; the width of the picture in inches."""
    from nnqft_ppl.reports.figures import check_picture

    if out is not None:
        check_writable(out)
    return check_picture(plot, width)


def _check_wishes(net: "Architecture", whole: bool, out: Path | None, plot: Path | None) -> None:
    """What cannot be had is said before the search."""
    if plot is not None and (whole or net.dim != 1):
        raise InputError("plot is drawn for a landscape of independent neurons on a line, without --joint")
    if out is not None and not whole and set(net.prior()) == {"a"}:
        raise InputError(f"out needs neurons with parameters, which {type(net).__name__} lacks; use --joint")


def _print_modes(screen: Screen, found: "Modes") -> None:
    rows = []
    for mode in found.found:
        signature = "/".join(map(str, mode.signature))
        theta = "  ".join(f"{site} = {_short(value)}" for site, value in mode.theta.items())
        field = "continuum" if mode.field < 0 else str(mode.field)
        numbers = (str(mode.moduli), str(mode.copies), str(mode.orbit), field, f"{mode.share:.3f}")
        rows.append((f"{mode.log_p:.7g}", mode.kind, signature, *numbers, theta))
    heads = (">log P", "what", "eigenvalues −/0/+", ">moduli", ">copies", ">orbit", ">field", ">share", "θ*")
    screen.table(heads, rows, most=LISTED, rest="these are up to relabelling; write them all with --out")


def _summary(found: "Modes") -> str:
    continua = f", {found.families} continua" if found.families else ""
    lost = f"; {found.saddles} starts ended at saddles, {found.unfinished} nowhere"
    return (
        f"{found.isolated} isolated modes{continua}; {found.orbits} up to relabelling and redundancy; {found.fields} "
        f"distinct isolated fields.\n{found.starts} starts: one more would find a new mode with probability at most "
        f"{found.unseen:.2g} (Good-Turing, 95 %), and about {found.missing:.2g} are missing (Chao)"
        f"{lost if found.saddles + found.unfinished else ''}"
    )


def _short(value: Any) -> str:
    import numpy as np

    flat = np.round(np.asarray(value).ravel(), 6) + 0.0
    return f"({', '.join(f'{v:.6g}' for v in flat)})"


def _print_landscape(screen: Screen, net: "Architecture", fields: "ClassicalFields", best: int) -> None:
    from nnqft_ppl.runtime.arrays import integer

    bounds = fields.bounds()
    screen.say(
        f"\nlandscape (39) at N = {net.width}, K = {len(fields.amplitudes)}, M = {len(fields.functions)}:\n"
        f"  |S_c| = {integer(bounds.exact)} distinct classical fields\n"
        f"  <= {integer(bounds.multisets)} up to relabelling <= {integer(bounds.upper)} (40)\n"
        f"  >= {integer(bounds.lower)} (41), for nonzero modes and {fields.rank} linearly independent neurons; "
        f"without these conditions {integer(bounds.printed_lower)}"
        f"{', which is not a bound here' if bounds.printed_lower > bounds.exact else ''}"
    )
    chosen = list(itertools.islice(fields.best(), best))
    rows = [(f"{one.log_p:.9g}", _short(one.coefficients)) for one in chosen]
    screen.table((">log P", "φ = Σ s_m h_m: s"), rows)
    screen.give(
        landscape=bounds, best_fields=[{"log_p": one.log_p, "coefficients": one.coefficients} for one in chosen]
    )


def _plot(
    net: "Architecture",
    parts: "ClassicalNeurons",
    fields: "ClassicalFields",
    path: Path,
    width: float | None,
    seed: int,
) -> None:
    import numpy as np

    from nnqft_ppl.classical.basins import basin_tree
    from nnqft_ppl.classical.neurons import functions_at
    from nnqft_ppl.reports.classical_pictures import plot_landscape
    from nnqft_ppl.reports.figures import save

    x = np.linspace(-6.0, 6.0, 401)
    try:
        tree = basin_tree(net, parts)
    except InputError:
        tree = None
    functions = functions_at(net, parts, x[:, None])
    save(plot_landscape(fields, functions, x, tree, seed=seed, width=width), path)


def _print_bottle(screen: Screen, net: Any) -> None:
    import numpy as np

    from nnqft_ppl.classical.vacua import ChosenVacuum, bottle_moments
    from nnqft_ppl.correlation.exact import exact_correlator

    count, bottles = net.component_count, net.amplitude_groups()[-1].neurons
    chosen = ChosenVacuum(net, tuple(tuple(np.eye(count)[j % count]) for j in range(bottles)))
    x = np.zeros((4, net.dim))
    x[:, 0] = (0.0, 0.4, 1.0, 1.7)
    vacuum = "n = e_0" if bottles == 1 else "n_j = e_j"
    rows, records = [], []
    for kind, order, components in (
        ("full", 2, (0, 0)),
        ("full", 2, (1, 1)),
        ("connected", 4, (0, 0, 0, 0)),
        ("connected", 4, (0, 0, 1, 1)),
        ("connected", 4, (1, 1, 1, 1)),
    ):
        values = [float(exact_correlator(t, x[:order], kind, components)) for t in (net, chosen)]  # pyright: ignore
        name = f"G{order}{'c' * (order > 2)} {''.join(map(str, components))}"
        rows.append((name, *(f"{v:.9g}" for v in values)))
        records.append({"correlator": name, "ensemble": values[0], "vacuum": values[1]})
    screen.say("\nat x = 0, 0.4, 1, 1.7 along the first axis:")
    screen.table(("correlator", ">ensemble", f">about the vacuum {vacuum}"), rows)
    sources, moments = [], []
    for j in (10.0, 1.0, 0.1, 0.01):
        found = bottle_moments(net.bottle, j)
        values = (j, found.parallel, j * found.perpendicular_square, j * net.bottle.radial_moment(2) / count)
        sources.append([f"{value:.9g}" for value in values])
        moments.append(dict(zip(("source", "parallel", "ward", "small_source"), values, strict=True)))
    screen.say()
    screen.table((">source j", "><a_par>", ">j <a_perp²>", ">j E|a_0|²/D"), sources)
    screen.give(bottle=records, sources=moments)


def _beside(out: Path) -> Path:
    return out.with_suffix(f".parameters{out.suffix}")
