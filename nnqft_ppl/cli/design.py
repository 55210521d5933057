"""``nnqft design`` and ``nnqft dual``: a theory made for its two-point function, and two theories that share one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nnqft_ppl.cli.options import (
    FigureWidthOption,
    PlotOption,
    SeedOption,
    SetOption,
    card_name,
    clear_errors,
    console,
    theory,
)
from nnqft_ppl.runtime.errors import InputError


def design(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="CSV with columns p, G or r, K.")],
    settings: SetOption = None,
    draws: Annotated[int, typer.Option(help="Networks of the check by draws.")] = 100_000,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="CSV of the spectrum, columns p, G, for other commands.")] = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
) -> None:
    """Design a theory in reverse: from its power spectrum G(p) or its two-point function K(r) to P(b) and F(b).

    The theory is `tuned_net` with P(b) ~ G^(1 + alpha), F = G^(-alpha/2); `--set` takes its dim, width, alpha, cutoff
    and amplitude. A file with columns `r, K` is Fourier transformed first, and refused where G would be negative.
    Every other command works on the theory: `--set spectrum=FILE` with a file of columns `p, G`. The picture has G(p),
    K(r) and the law of |b|.

    Example: `nnqft design examples/target.csv --set dim=2 --set alpha=0 --plot design.png --out spectrum.csv`

    Example: `nnqft draw tuned_net --set spectrum=spectrum.csv --set dim=2 --plot fields.png`
    """
    with clear_errors():
        from nnqft_ppl.reports.figures import check_picture, save
        from nnqft_ppl.runtime.files import check_file, write_atomically

        check_file(out, ".csv")
        inches = check_picture(plot, figure_width)
        from nnqft_ppl.cli.settings import read_settings
        from nnqft_ppl.correlation.design import design as make
        from nnqft_ppl.models import card
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        chosen = read_settings(card("tuned_net"), settings or [])
        if "spectrum" in chosen:
            raise InputError("spectrum must be the TARGET of a design, got another by --set")
        found = make(target, draws=draws, seed=seed, **chosen)
        kind, unit = ("K(r)", "r") if found.two_point else ("G(p)", "p")
        view = Table("r", "K", "draws", "mcse", "z", box=None, pad_edge=False)
        for r, k, estimate, mcse in zip(found.radii, found.expected, found.estimate, found.mcse, strict=True):
            numbers = (f"{r:.4g}", f"{k:.6g}", f"{estimate:.6g}", f"{mcse:.2g}", f"{(estimate - k) / mcse:+.2f}")
            view.add_row(*numbers)
        console().print(view)
        typer.echo(f"{found.net!r}, sigma_a = {found.net.amplitude_scale:.6g}")
        typer.echo(
            f"exact {kind} is the target to {found.deviation:.1e} of its largest value, at {len(found.at)} values of "
            f"{unit}; {draws} draws agree to {found.z:.1f} standard errors"
        )
        if out is not None:
            from nnqft_ppl.reports.spectra import spectrum_table

            write_atomically(out, lambda path: spectrum_table(found.net).to_csv(path, index=False))
            typer.echo(f"wrote {out}")
        if plot is not None:
            from nnqft_ppl.reports.pictures import plot_design

            save(plot_design(found, width=inches), plot)
            typer.echo(f"wrote {plot}")


def dual(
    one: Annotated[str, typer.Argument(metavar="ONE", help="A card's name, or a .py file that declares one.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The card of the other theory.")],
    settings: SetOption = None,
    other_settings: Annotated[
        list[str] | None,
        typer.Option("--set-other", metavar="NAME=VALUE", help="A hyperparameter of OTHER alone, over --set."),
    ] = None,
    points: Annotated[Path | None, typer.Option(help="CSV of four points with columns x0, x1, ...")] = None,
) -> None:
    """Compare two theories: one at N = infinity, different at N? How far apart, in what, and how many draws tell.

    `--set` goes to both theories where both have the hyperparameter, and to the one that has it otherwise. All exact,
    for independent neurons. Without `--points`: four generic points.

    Example: `nnqft dual cos_net gauss_net --set width=10 --set sigma_b=0.8`

    Example: `nnqft dual alpha_scalar alpha_scalar --set cutoff=10 --set alpha=0 --set-other alpha=-1`
    """
    with clear_errors():
        mine, its = _shared_settings(one, other, settings or [])
        first, second = theory(one, mine), theory(other, [*its, *(other_settings or [])])
        import numpy as np

        from nnqft_ppl.axioms.duality import duality, interaction_width
        from nnqft_ppl.reports.points import read_configurations
        from nnqft_ppl.theory.generic import generic_points

        x = generic_points(first) if points is None else read_configurations(points, 4)[0]
        found = duality(first, second, x)
        view = Table("question", box=None, pad_edge=False, show_header=False)
        view.add_column("answer")
        view.add_row("one theory at N = infinity", "[green]yes[/]" if found.dual else "[bold red]no[/]")
        view.add_row("G2, largest relative gap", f"{found.two_point_gap:.3g}")
        view.add_row("G4c, gap in units of the Wick part", f"{found.four_point_gap:.6g}")
        view.add_row("symmetries of one alone", escape(", ".join(found.symmetries)) or "none")
        told = f"{found.draws:.3g} of each" if found.draws < np.inf else "none can"
        view.add_row("draws that tell them apart by G4c (5 errors)", told)
        console().print(view)
        farthest = x[np.linalg.norm(x, axis=1).argmax()]
        for net in (first, second):
            if "translation" in net.denies:
                here, there = (interaction_width(net, point) for point in (0.0 * farthest, farthest))
                typer.echo(
                    f"note: {type(net).__name__} does not converge uniformly: it is near its limit for N >> {here:.3g} "
                    f"at x = 0, for N >> {there:.3g} at |x| = {np.linalg.norm(farthest):.3g}"
                )
        typer.echo(f"{first!r} and {second!r} at {x.tolist()}")


def _shared_settings(one: str, other: str, settings: list[str]) -> list[list[str]]:
    """The settings of each card: those that it has, and those that neither has, for it to refuse."""
    from nnqft_ppl.models import card
    from nnqft_ppl.theory.ranges import field_types

    known = [set(field_types(card(card_name(name)))) for name in (one, other)]
    keys = [setting.partition("=")[0].partition(".")[0].strip() for setting in settings]
    neither = set(keys) - known[0] - known[1]
    return [[s for s, key in zip(settings, keys, strict=True) if key in has | neither] for has in known]
