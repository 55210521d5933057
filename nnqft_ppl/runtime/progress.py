"""Progress bars on standard error, and only where somebody is looking."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, float | None], None]


@contextmanager
def progress_bar(description: str, total: int, shown: bool) -> Iterator[Advance]:
    """A rich bar, silent where not `shown` or where stderr is no terminal.

    The yielded function advances it by some steps and may set a new total, where what remains is itself an estimate.
    """
    if not shown or not sys.stderr.isatty():
        yield lambda _steps, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda steps, total: bar.update(task, advance=steps, total=total)
