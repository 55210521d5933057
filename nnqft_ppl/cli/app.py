"""``nnqft``: the command line. Heavy imports stay inside the commands, so that help and listings are quick."""

import functools
import inspect
import shutil
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from nnqft_ppl.cli.axioms import axioms, predict
from nnqft_ppl.cli.catalogue import atlas, check, list_cards, show
from nnqft_ppl.cli.classical import modes, vacua
from nnqft_ppl.cli.correlators import correlators, draw
from nnqft_ppl.cli.demo import demo
from nnqft_ppl.cli.design import design, dual
from nnqft_ppl.cli.interacting import action, energies, interact
from nnqft_ppl.cli.posterior import compare, posterior
from nnqft_ppl.cli.reproduce import reproduce
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.cli.sweep import sweep
from nnqft_ppl.runtime.jax_settings import keep_programs, tune_xla
from nnqft_ppl.runtime.progress import be_quiet, be_verbose, explain

#: The least width, in cells, at which Typer's page of help has room for the names of its own options of completion.
ROOM_FOR_COMPLETION = 68

app = typer.Typer(
    no_args_is_help=True,
    add_completion=shutil.get_terminal_size().columns >= ROOM_FOR_COMPLETION,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Quantum field theories built out of neurons: **declare** a theory, **run** it, **read** its correlators.\n\n"
    "Start with `nnqft demo`, or with `nnqft list`, look at a theory with `nnqft show cos_net`, and get its "
    "correlators with `nnqft correlators cos_net --set width=10`.",
)


QUIET, VERBOSE = ("--quiet", "-q"), ("--verbose", "-v")
QuietOption = Annotated[
    bool, typer.Option(*QUIET, help="No progress and no notes on standard error; errors stay. Also after any command.")
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        *VERBOSE, help="On standard error, what was chosen and why, and what took the time. Also after any command."
    ),
]


@app.callback()
def main_options(
    cards: Annotated[
        list[Path] | None, typer.Option(help="A folder of your own cards, or one card's file; repeat it.")
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        from nnqft_ppl.runtime.version import VERSION

        typer.echo(VERSION)
        raise typer.Exit
    be_quiet(quiet)
    be_verbose(verbose)
    with answering("cards"):
        from nnqft_ppl import models

        for path in cards or []:
            models.add(path)


def heard(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options -q and -v too, which the help of the program shows once for all commands."""

    @functools.wraps(command)
    def wrapped(quiet: bool, verbose: bool, **options: Any) -> None:
        if quiet:
            be_quiet(True)
        if not be_verbose(verbose):
            command(**options)
            return
        from nnqft_ppl.runtime.jax_settings import stopwatch

        words = stopwatch()
        command(**options)
        explain(words())

    own = inspect.signature(command).parameters.values()
    names = {"quiet": QUIET, "verbose": VERBOSE}
    also = {name: Annotated[bool, typer.Option(*words, hidden=True)] for name, words in names.items()}
    kind = inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter(name, kind, default=False, annotation=value) for name, value in also.items()]
    wrapped.__signature__ = inspect.Signature([*own, *more])  # pyright: ignore[reportAttributeAccessIssue]
    wrapped.__annotations__ = {**command.__annotations__, **also}
    return wrapped


for one in (demo, list_cards, show, atlas, check, draw, correlators, interact, action, axioms, predict):
    app.command("list" if one is list_cards else None)(heard(one))
for one in (design, dual, energies, posterior, compare, modes, vacua, sweep, reproduce):
    app.command()(heard(one))


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a sign that the terminal lacks is a question mark, and loses no run
            stream.reconfigure(errors="replace")
    tune_xla()
    keep_programs()
    app()


if __name__ == "__main__":
    main()
