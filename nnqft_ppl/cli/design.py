"""``nnqft design`` and ``nnqft dual``: a theory made for its two-point function, and two theories that share one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from nnqft_ppl.cli.options import (
    FigureWidthOption,
    JsonOption,
    PlotOption,
    SeedOption,
    SetOption,
    TheoriesOption,
    check_least,
    checked_card,
    complete_card,
    theory,
)
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_file, check_readable, write_atomically

if TYPE_CHECKING:
    from nnqft_ppl.theory.architecture import Architecture


def design(
    target: Annotated[
        Path | None, typer.Argument(metavar="[TARGET]", help="CSV with columns p, G or r, K or mass, weight.")
    ] = None,
    settings: SetOption = None,
    masses: Annotated[
        str | None,
        typer.Option(
            "--kallen-lehmann", metavar="MASS:WEIGHT,...", help="A density of masses in place of TARGET: 1:0.5,2:0.5."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(help="Networks of the check by draws.")] = 100_000,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="CSV of the spectrum, columns p, G, for other commands.")] = None,
    plot: PlotOption = None,
    figure_width: FigureWidthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Design a theory in reverse: from its power spectrum G(p) or its two-point function K(r) to P(b) and F(b).

    The theory is `tuned_net` with P(b) ~ G^(1 + alpha), F = G^(-alpha/2); `--set` takes its dim, width, alpha, cutoff
    and amplitude. A file with columns `r, K` is Fourier transformed first, and refused where G would be negative.
    Columns `mass, weight` are a density of masses, G(p) = sum_i w_i/(p^2 + m_i^2), reflection positive by construction
    up to the cutoff that it needs. Every other command works on the theory: `--set spectrum=FILE` with columns `p, G`
    or `mass, weight`. The picture has G(p), K(r) and the law of |b|.

    Example: `nnqft design examples/target.csv --set dim=2 --set alpha=0 --plot design.png --out spectrum.csv`

    Example: `nnqft design --kallen-lehmann 1:0.5,2:0.5 --set dim=2 --set cutoff=20`

    Example: `nnqft draw tuned_net --set spectrum=spectrum.csv --set dim=2 --plot fields.png`
    """
    with answering("design", as_json) as screen:
        from nnqft_ppl.reports.figures import check_picture, save

        check_file(out, ".csv")
        inches = check_picture(plot, figure_width)
        check_readable(target, "target")
        check_least("draws", draws, 2)
        checked_card("tuned_net", settings or [])
        from nnqft_ppl.cli.settings import read_settings
        from nnqft_ppl.correlation.design import design as make
        from nnqft_ppl.models import card
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        chosen = read_settings(card("tuned_net"), settings or [])
        if "spectrum" in chosen:
            raise InputError("spectrum must be the TARGET of a design, got another by --set")
        wanted = target if masses is None else _masses(masses)
        if wanted is None or (target is not None and masses is not None):
            raise InputError("design takes a TARGET or --kallen-lehmann, one of the two")
        found = make(wanted, kallen_lehmann=masses is not None, draws=draws, seed=seed, **chosen)
        kind, unit = ("K(r)", "r") if found.two_point else ("G(p)", "p")
        names = ("r", "K", "draws", "mcse", "z")
        columns = (
            found.radii,
            found.expected,
            found.estimate,
            found.mcse,
            (found.estimate - found.expected) / found.mcse,
        )
        numbers = list(zip(*columns, strict=True))
        forms = (".4g", ".6g", ".6g", ".2g", "+.2f")
        rows = [[format(value, form) for value, form in zip(row, forms, strict=True)] for row in numbers]
        screen.table([f">{name}" for name in names], rows)
        screen.say(f"{found.net!r}, sigma_a = {found.net.amplitude_scale:.6g}")
        screen.say(
            f"exact {kind} is the target to {found.deviation:.1e} of its largest value, at {len(found.at)} values of "
            f"{unit}; {draws} draws agree to {found.z:.1f} standard errors"
        )
        screen.give(theory=repr(found.net), two_point=[dict(zip(names, row, strict=True)) for row in numbers])
        screen.give(deviation=found.deviation, largest_z=found.z)
        if found.kallen_lehmann:
            screen.say(_energies(found.net))
        if out is not None:
            from nnqft_ppl.reports.spectra import spectrum_table

            write_atomically(out, lambda path: spectrum_table(found.net).to_csv(path, index=False))
            screen.wrote(out)
        if plot is not None:
            from nnqft_ppl.reports.pictures import plot_design

            save(plot_design(found, width=inches), plot)
            screen.wrote(plot)


def _masses(text: str) -> tuple[list[float], list[float]]:
    """Masses and weights of a text such as 1:0.5,2:0.5."""
    try:
        pairs = [tuple(float(number) for number in part.split(":")) for part in text.split(",")]
        masses, weights = (list(column) for column in zip(*pairs, strict=True))
    except ValueError as error:
        raise InputError(f"kallen-lehmann must be mass:weight pairs such as 1:0.5,2:0.5, got {text!r}") from error
    return masses, weights


def _energies(net: "Architecture") -> str:
    """What energies the two-point function has at p = 0 without its cutoff, and whether it is reflection positive."""
    import numpy as np

    from nnqft_ppl.axioms.imaginary_time import kallen_lehmann, rho
    from nnqft_ppl.axioms.reflection_positivity import LINEAR, linear_verdicts
    from nnqft_ppl.axioms.verdicts import together

    tau = np.arange(2, 17) / 4 * net.length
    found = kallen_lehmann(tau, rho(net, tau, uncut=True), highest=30.0 / net.length)
    lines = ", ".join(f"{energy:.4g} (weight {weight:.4g})" for energy, weight in found.lines)
    return f"energies at p = 0 without the cutoff: {lines}; {LINEAR}: {together(linear_verdicts(net))}"


def dual(
    one: Annotated[
        str | None,
        typer.Argument(
            metavar="[ONE]", help="A card's name, or a .py file that declares one.", autocompletion=complete_card
        ),
    ] = None,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[OTHER]", help="The card of the other theory.", autocompletion=complete_card),
    ] = None,
    settings: SetOption = None,
    other_settings: Annotated[
        list[str] | None,
        typer.Option("--set-other", metavar="NAME=VALUE", help="A hyperparameter of OTHER alone, over --set."),
    ] = None,
    files: TheoriesOption = None,
    points: Annotated[Path | None, typer.Option(help="CSV or Parquet of four points with columns x0, x1, ...")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two theories: one at N = infinity, different at N? How far apart, in what, and how many draws tell.

    `--set` goes to both theories where both have the hyperparameter, and to the one that has it otherwise. All exact,
    for independent neurons. Without `--points`: four generic points.

    Example: `nnqft dual cos_net gauss_net --set width=10 --set sigma_b=0.8`

    Example: `nnqft dual alpha_scalar alpha_scalar --set cutoff=10 --set alpha=0 --set-other alpha=-1`

    Example: `nnqft dual cos_net --theory theory.toml`
    """
    with answering("dual", as_json) as screen:
        check_readable(points, "points")
        cards, texts = [card for card in (one, other) if card is not None], files or []
        if len(cards) + len(texts) != 2:
            raise InputError(f"dual takes two theories, by a CARD or --theory FILE each, got {len(cards) + len(texts)}")
        if other_settings and len(cards) < 2:
            raise InputError("--set-other goes with two CARDs, ONE and OTHER")
        if settings and not cards:
            raise InputError("--set goes with a CARD; the files say every hyperparameter")
        own = [] if not cards else _shared_settings(cards, settings or [])
        own[1:] = [[*its, *(other_settings or [])] for its in own[1:]]
        named = [theory(card, its) for card, its in zip(cards, own, strict=True)]
        first, second = [*named, *(theory(None, None, file) for file in texts)]
        import numpy as np

        from nnqft_ppl.axioms.duality import duality, interaction_width
        from nnqft_ppl.reports.points import read_configurations
        from nnqft_ppl.theory.generic import generic_points

        x = generic_points(first) if points is None else read_configurations(points, 4)[0]
        found = duality(first, second, x)
        told = f"{found.draws:.3g} of each" if found.draws < np.inf else "none can"
        rows = (
            ("one theory at N = infinity", Text("yes", "green") if found.dual else Text("no", "bold red")),
            ("G2, largest relative gap", f"{found.two_point_gap:.3g}"),
            ("G4c, gap in units of the Wick part", f"{found.four_point_gap:.6g}"),
            ("symmetries of one alone", ", ".join(found.symmetries) or "none"),
            ("draws that tell them apart by G4c (5 errors)", told),
        )
        screen.table(("", ""), rows)
        screen.give(theories=[repr(first), repr(second)], points=x, dual=found.dual, **found._asdict())
        farthest = x[np.linalg.norm(x, axis=1).argmax()]
        for net in (first, second):
            if "translation" in net.denies:
                here, there = (interaction_width(net, point) for point in (0.0 * farthest, farthest))
                screen.say(
                    f"note: {type(net).__name__} does not converge uniformly: it is near its limit for N >> {here:.3g} "
                    f"at x = 0, for N >> {there:.3g} at |x| = {np.linalg.norm(farthest):.3g}"
                )
        screen.say(f"{first!r} and {second!r} at {x.tolist()}")


def _shared_settings(cards: list[str], settings: list[str]) -> list[list[str]]:
    """The settings of each card: those that it has, and those that none has, for it to refuse."""
    from nnqft_ppl.catalogue import entry

    known = [{h.name for h in entry(checked_card(name, [])).hyperparameters} for name in cards]
    keys = [setting.partition("=")[0].partition(".")[0].strip() for setting in settings]
    neither = set(keys).difference(*known)
    return [[s for s, key in zip(settings, keys, strict=True) if key in has | neither] for has in known]
