"""What a command prints: lines and tables for a reader, or with ``--json`` one document, and errors in one line.

A command is a ``with answering(...)``: what it says to a reader goes through `Screen.say` and `Screen.table`, and the
same data, whole, to `Screen.give`. Standard output has the one or the other; remarks and errors are on standard error.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from nnqft_ppl.reports.layout import Cell, laid_out
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import INTERRUPTED, answered, heartbeat, say


def terminal_width() -> int | None:
    """The width of the terminal that standard output is; None for a pipe or a file, in which lines have any length."""
    console = Console()
    return console.width if console.is_terminal else None


class Screen:
    """Standard output of one command."""

    def __init__(self, as_json: bool) -> None:
        self.as_json, self.content = as_json, dict[str, Any]()
        self._console = Console(highlight=False)

    def say(self, text: str | Text = "", style: str = "") -> None:
        """A line for a reader."""
        if not self.as_json:
            line = text if isinstance(text, Text) else Text(text, style)
            self._console.print(line, soft_wrap=True)

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, most: int | None = None, rest: str = ""
    ) -> None:
        """A table for a reader, as `laid_out` has it; at most so many rows on a terminal, and how to get the `rest`."""
        width = terminal_width()
        shown = rows if most is None or width is None else rows[:most]
        for line in laid_out(heads, shown, width):
            self.say(line)
        if len(shown) < len(rows):
            self.say(f"{len(shown)} of {len(rows)} rows; {rest}", "italic")

    def give(self, **content: Any) -> None:
        """Parts of the JSON document, by name: tables (DataFrames, lists of named tuples) become records."""
        self.content |= content

    def wrote(self, *places: Path | str) -> None:
        """The files that were written, said in either case."""
        self.say(f"wrote {', '.join(map(str, places))}")
        self.content.setdefault("wrote", []).extend(map(str, places))

    def close(self) -> None:
        """The document, if that is what was asked for."""
        if self.as_json:
            typer.echo(json.dumps(plain(self.content), indent=1, ensure_ascii=False, allow_nan=False))


@contextmanager
def answering(
    command: str, as_json: bool = False, *, keeps: Path | Callable[[], str] | None = None
) -> Iterator[Screen]:
    """One line on standard error and exit status 2 for what the user can mend; warnings become notes.

    An interruption (status 130) says what is kept, in the folder of checkpoints `keeps`, or by its own words.
    """

    def last_words() -> str:
        from nnqft_ppl.runtime.checkpoint import kept

        found = kept(keeps) if isinstance(keeps, Path) else "" if keeps is None else keeps()
        return (
            f"interrupted; kept {found}: the same command goes on from there"
            if found
            else ("interrupted; nothing half-done was written")
        )

    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"note: {message}")
        screen = Screen(as_json)
        try:
            with answered(last_words), heartbeat(f"nnqft {command}"):
                yield screen
                screen.close()
        except InputError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo(last_words(), err=True)
            raise typer.Exit(INTERRUPTED) from None


def plain(value: Any) -> Any:
    """A result as JSON has it: records of a table, None for what is missing, "inf" for infinity."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame, without importing pandas
        value = value.to_dict("records")
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    elif hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return None if type(value).__name__ in ("NAType", "NaTType") else str(value)
