"""``nnqft energies``: what a field theory on the line says as quantum mechanics."""

from typing import Annotated

import typer
from rich.table import Table

from nnqft_ppl.cli.options import CardArgument, SeedOption, SetOption, TheoryOption, clear_errors, console, theory


def energies(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    step: Annotated[float, typer.Option(help="Time between two fields, in lengths of the theory.")] = 0.4,
    count: Annotated[int, typer.Option(help="Number of times at which the field is drawn.")] = 17,
    even: Annotated[bool, typer.Option("--even", help="States that two fields reach: powers of even order.")] = False,
    draws: Annotated[int, typer.Option(help="Number of networks.")] = 200_000,
    seed: SeedOption = 0,
) -> None:
    """Find the two lowest energies of a theory on the line, and their weights, from draws of its field.

    By the generalised eigenvalue problem of sampled correlators (Luscher and Wolff), with errors of the jackknife; they
    mean energies where `nnqft axioms` does not fail. Beside them, where the theory knows them, the exact ones.

    Example: `nnqft energies sine_path --set width=3`
    """
    with clear_errors():
        import numpy as np

        from nnqft_ppl.interacting.energies import energies as found_energies
        from nnqft_ppl.theory.paths import PathArchitecture

        net = theory(card, settings, file)
        times = step * net.length * np.arange(float(count))
        found = found_energies(net, times, powers=(2,) if even else (1,), shifts=(0, 1), draws=draws, seed=seed)
        known = np.full((2, len(found.energies)), np.nan)
        if isinstance(net, PathArchitecture) and not even:
            states = net.energies()
            reached = states[:, (states[0] > 0) & (states[1] > 0)][:, : known.shape[1]]
            known[:, : reached.shape[1]] = reached
        view = Table("state", box=None, pad_edge=False)
        for name in ("energy", "error", "exact", "weight", "error", "exact"):
            view.add_column(name, justify="right", no_wrap=True)
        columns = (found.energies, found.errors, known[0], found.weights, found.weight_errors, known[1])
        for k, row in enumerate(np.transpose(columns), start=1):
            precise = (f"{value:.{2 if column in (1, 4) else 6}g}" for column, value in enumerate(row))
            view.add_row(str(k), *("" if text == "nan" else text for text in precise))
        console().print(view)
        typer.echo(f"{net!r}: {found.effective:.0f} networks")
