"""``nnqft energies``: what a field theory on the line says as quantum mechanics."""

from typing import Annotated

import typer

from nnqft_ppl.cli.options import (
    CardArgument,
    JsonOption,
    SeedOption,
    SetOption,
    TheoryOption,
    check_least,
    number,
    theory,
)
from nnqft_ppl.cli.screen import answering


def energies(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    step: Annotated[float, typer.Option(help="Time between two fields, in lengths of the theory.")] = 0.4,
    count: Annotated[int, typer.Option(help="Number of times at which the field is drawn.")] = 17,
    even: Annotated[bool, typer.Option("--even", help="States that two fields reach: powers of even order.")] = False,
    draws: Annotated[int, typer.Option(help="Number of networks.")] = 200_000,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Find the two lowest energies of a theory on the line, and their weights, from draws of its field.

    By the generalised eigenvalue problem of sampled correlators (Luscher and Wolff), with errors of the jackknife; they
    mean energies where `nnqft axioms` does not fail. Beside them, where the theory knows them, the exact ones.

    Example: `nnqft energies sine_path --set width=3`
    """
    with answering("energies", as_json) as screen:
        check_least("count", count, 3)
        check_least("draws", draws, 1000)
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
        columns = (found.energies, found.errors, known[0], found.weights, found.weight_errors, known[1])
        rows = [
            (number(value, ".2g" if k in (1, 4) else ".6g") for k, value in enumerate(row))
            for row in np.transpose(columns)
        ]
        heads = ("state", *(f">{name}" for name in ("energy", "error", "exact", "weight", "error", "exact")))
        screen.table(heads, [(str(k), *row) for k, row in enumerate(rows, start=1)])
        screen.say(f"{net!r}: {found.effective:.0f} networks")
        names = ("energy", "error", "exact", "weight", "weight_error", "exact_weight")
        screen.give(theory=repr(net), states=[dict(zip(names, row, strict=True)) for row in np.transpose(columns)])
