"""Tables in a given width, in which nothing is cut: folded at words where they fit so, as records where not.

A head that begins with ``>`` stands above numbers: these are aligned to the right and never broken. Other cells are
text, or a `rich.text.Text` with a style, and are broken between words only.
"""

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

Cell = str | Text

GAP = 2  # blanks between two columns
COMFORT = 16  # cells: the least width of a column of longer texts, below which records are easier to read


def laid_out(heads: Sequence[str], rows: Sequence[Sequence[Cell]], width: int | None) -> list[Text]:
    """The lines of a table: as wide as it is where `width` is None, folded at words, or as records, `width` wide."""
    right = [head.startswith(">") for head in heads]
    names = [head.removeprefix(">") for head in heads]
    columns = [[name, *(_plain(row[k]) for row in rows)] for k, name in enumerate(names)]
    natural = [max(map(cell_len, column)) for column in columns]
    least = [
        full if number or k == 0 else min(full, max(COMFORT, *(_longest(text) for text in column)))
        for k, (column, full, number) in enumerate(zip(columns, natural, right, strict=True))
    ]
    gaps = GAP * (len(names) - 1)
    if width is not None and sum(least) + gaps > width:
        return [line for row in rows for line in _record(names, row, width)]
    widths = natural if width is None else _shared(least, natural, width - gaps)
    top = [Text(name, style="bold") for name in names]
    return [line for row in ((top, *rows) if any(names) else rows) for line in _row(row, widths, right)]


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Widths from `least` to `natural` that use the room: the wide columns are narrowed, to one common width."""
    common = max(natural)
    while sum(found := [min(full, max(low, common)) for low, full in zip(least, natural, strict=True)]) > room:
        common -= 1
    return found


def _row(row: Sequence[Cell], widths: Sequence[int], right: Sequence[bool]) -> list[Text]:
    parts = [_broken(_plain(cell), wide) for cell, wide in zip(row, widths, strict=True)]
    lines = []
    for k in range(max(map(len, parts))):
        line = Text()
        for cell, part, wide, number in zip(row, parts, widths, right, strict=True):
            text = part[k] if k < len(part) else ""
            blanks = " " * (wide - cell_len(text))
            line.append(blanks if number else "").append(text, _style(cell)).append("" if number else blanks)
            line.append(" " * GAP)
        line.rstrip()
        lines.append(line)
    return lines


def _record(names: Sequence[str], row: Sequence[Cell], width: int) -> list[Text]:
    """The first cell, and below it the others with their names, as many on a line as fit."""
    first, *others = row
    lines = [Text(line, style=_style(first) or "bold") for line in _broken(_plain(first), width)]
    line = Text("  ")
    for name, cell in zip(names[1:], others, strict=True):
        text = _plain(cell)
        if not text:
            continue
        label = f"{name}: " if name else ""
        start = line.cell_len
        if start > 2 and start + 3 + cell_len(label + text) > width:
            lines.append(line)
            line = Text("  ")
        elif start > 2:
            line.append("   ")
        whole = _broken(label + text, width - line.cell_len) if line.cell_len > 2 else _broken(label + text, width - 4)
        for k, part in enumerate(whole):
            if k:
                lines.append(line)
                line = Text("    ")
            head, tail = (part[: len(label)], part[len(label) :]) if k == 0 else ("", part)
            line.append(head, "dim").append(tail, _style(cell))
    return [*lines, line] if line.plain.strip() else lines


def _broken(text: str, width: int) -> list[str]:
    """Lines broken between words; a word that is wider than the line stays whole."""
    return [
        part
        for line in text.splitlines() or [""]
        for part in (
            [line]
            if cell_len(line) <= width
            else textwrap.wrap(line, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]
        )
    ]


def _longest(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _plain(cell: Cell) -> str:
    return cell.plain if isinstance(cell, Text) else cell


def _style(cell: Cell) -> str:
    return str(cell.style) if isinstance(cell, Text) else ""
