"""The document of errata: the printed forms that do not hold, notation, and those that hold."""

from collections.abc import Iterable
from typing import Any

OPENING = """# Errata

What is wrong in the paper's print comes first, then what is a matter of notation, and last what holds.
Every printed form was evaluated and held against a value that was found in another way. From the numbers
follows what it is:

- `convention`: off by the same constant at several inputs, so that another normalisation mends it;
- `typo`: right when one symbol is changed;
- `corrected`: wrong, and another formula stands in its place.
"""


def document(forms: Iterable[Any], notation: Iterable[tuple[str, str]]) -> str:
    """Forms of `printed_forms` and remarks on the notation of equations, as Markdown."""
    found = sorted(forms, key=_place)
    wrong = [
        (one.equation, one.printed, one.used, one.verdict, f"{one.printed_value / one.value:.6g}")
        for one in found
        if not one.holds
    ]
    right = [(one.equation, one.used) for one in found if one.holds]
    heads = ("equation", "printed", "right, and used here", "kind", "printed value / true value")
    lines = [OPENING, "## What does not hold as printed", "", *_table(heads, wrong), ""]
    lines += ["## Notation and conditions", "", *(f"- {equation} {words}" for equation, words in notation), ""]
    lines += ["## What holds as printed", "", *_table(("equation", "what was evaluated"), right), ""]
    return "\n".join([*lines, "`make errata` writes this page from the study `printed_forms`.", ""])


def _place(form: Any) -> tuple[bool, int]:
    """Where the first equation of a form stands: the supplement comes after the paper."""
    first = form.equation.split(",")[0].strip("()")
    return first.startswith("S"), int(first.lstrip("S"))


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    cells = [heads, ("---",) * len(heads), *([word.replace("|", chr(92) + "|") for word in row] for row in rows)]
    return [f"| {' | '.join(words)} |" for words in cells]
