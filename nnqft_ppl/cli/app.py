"""``nnqft``: the command line. Heavy imports stay inside the commands, so that help and listings are quick."""

import shutil
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from nnqft_ppl.cli.axioms import axioms, predict
from nnqft_ppl.cli.catalogue import atlas, list_cards, show
from nnqft_ppl.cli.check import check
from nnqft_ppl.cli.classical import modes, vacua
from nnqft_ppl.cli.correlators import correlators, draw
from nnqft_ppl.cli.demo import demo
from nnqft_ppl.cli.design import design, dual
from nnqft_ppl.cli.interacting import action, energies, interact
from nnqft_ppl.cli.posterior import compare, posterior
from nnqft_ppl.cli.reproduce import reproduce
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.jax_settings import keep_programs, tune_xla
from nnqft_ppl.runtime.progress import be_quiet

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


@app.callback()
def main_options(
    cards: Annotated[
        list[Path] | None, typer.Option(help="A folder of your own cards, or one card's file; repeat it.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no notes on standard error; errors stay.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        from nnqft_ppl.runtime.version import VERSION

        typer.echo(VERSION)
        raise typer.Exit
    be_quiet(quiet)
    with answering("cards"):
        from nnqft_ppl import models

        for path in cards or []:
            models.add(path)


app.command()(demo)
app.command("list")(list_cards)
app.command()(show)
app.command()(atlas)
app.command()(check)
app.command()(draw)
app.command()(correlators)
app.command()(interact)
app.command()(action)
app.command()(axioms)
app.command()(predict)
app.command()(design)
app.command()(dual)
app.command()(energies)
app.command()(posterior)
app.command()(compare)
app.command()(modes)
app.command()(vacua)
app.command()(reproduce)


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
