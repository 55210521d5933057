"""``nnqft list`` and ``nnqft show``: the catalogue and one theory of it."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nnqft_ppl.cli.options import (
    CardArgument,
    SetOption,
    TheoryOption,
    any_theory,
    card_name,
    clear_errors,
    console,
)
from nnqft_ppl.runtime.errors import InputError


def list_cards() -> None:
    """List the catalogue: every card with its equations, symmetries and what is exact."""
    with clear_errors():
        from nnqft_ppl.catalogue import entries, short_symmetries

        table = Table("card", "theory", "equations", "symmetric under", "not under", "exact", box=None, pad_edge=False)
        for e in entries():
            symmetries = (short_symmetries(e.claims), short_symmetries(e.denies))
            row = (e.title, ", ".join(e.equations), *symmetries, e.exact or "—")
            table.add_row(f"[bold]{e.name}[/]", *map(escape, row))
        console().print(table)


def show(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print the theory's text, for --theory of other commands.")
    ] = False,
) -> None:
    """Show a theory: its formula, its hyperparameters with their ranges, its theorems and its symmetries; or its text.

    Example: `nnqft show free_scalar`

    Example: `nnqft show cos_net --set amplitude=bimodal --toml > theory.toml`
    """
    with clear_errors():
        if toml:
            model = any_theory(card, settings, file)
            from nnqft_ppl.text import to_toml

            typer.echo(to_toml(model), nl=False)
            return
        if card is None or settings or file is not None:
            raise InputError("show takes a CARD alone; with --toml also --set, or --theory FILE in its place")
        from nnqft_ppl.catalogue import entry, short_symmetries
        from nnqft_ppl.models import card as card_class
        from nnqft_ppl.theory.amplitudes import AMPLITUDES

        name = card_name(card)
        found = entry(name)
        screen = console()
        screen.print(f"[bold]{escape(name)}[/]  {escape(found.title)}\n\n{escape(found.formula)}\n", highlight=False)
        fields = Table("hyperparameter", "range", "default", "meaning", box=None, pad_edge=False)
        for h in found.hyperparameters:
            fields.add_row(f"[bold]{h.name}[/]", escape(h.range), escape(h.default), escape(h.meaning))
        screen.print(fields)
        if any(h.range == "AmplitudeLaw" for h in found.hyperparameters):
            laws = "; ".join(f"{key}({', '.join(_field_names(law))})" for key, law in AMPLITUDES.items())
            screen.print(f"\namplitude laws: {laws}", highlight=False)
        theorems = Table("theorem", "equations", "statement", box=None, pad_edge=False)
        for t in card_class(name).theorems():
            theorems.add_row(f"[bold]{t.quantity}[/]", escape(", ".join(t.equations)), escape(t.statement))
        screen.print()
        screen.print(theorems)
        screen.print(f"\nsymmetric under: {short_symmetries(found.claims)}", highlight=False)
        screen.print(f"not symmetric under: {short_symmetries(found.denies)}", highlight=False)


def _field_names(law: type) -> list[str]:
    from nnqft_ppl.theory.ranges import field_types

    return list(field_types(law))
