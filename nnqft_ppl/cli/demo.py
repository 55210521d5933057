"""``nnqft demo``: the first five minutes, by the commands that a user would give."""

import contextlib
import io
import json
import shlex
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.text import Text

from nnqft_ppl.cli.axioms import axioms
from nnqft_ppl.cli.classical import vacua
from nnqft_ppl.cli.correlators import correlators
from nnqft_ppl.cli.options import JsonOption
from nnqft_ppl.cli.posterior import posterior
from nnqft_ppl.cli.screen import answering


class Step(NamedTuple):
    """A question, and the command that answers it; ``{examples}`` and ``{out}`` stand for folders."""

    question: str
    command: str


STEPS = (
    Step("The main job: correlators at finite width, exactly and by draws", "correlators cos_net --set width=10"),
    Step(
        "The same at 900 configurations that the project ships",
        "correlators alpha_scalar --set dim=2 --set alpha=0 --set cutoff=100 --set width=30 --order 4 --kind full "
        "--points {examples}/configurations.csv --estimator exact,sobol --draws 4096 --out {out}/correlators.parquet",
    ),
    Step("Is it a quantum field theory?", "axioms cauchy --set width=10"),
    Step("Which vacua does a wine bottle have?", "vacua wine_bottle --plot {out}/bottle.png"),
    Step(
        "A theory given data: a hundred years of the Nile",
        "posterior cauchy --data {examples}/nile.csv --x year --y volume --width 20 --warmup 200 --draws 1200 "
        "--out {out}/nile",
    ),
)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path("results"),
    as_json: JsonOption = False,
) -> None:
    """Show the main job in two minutes: correlators exactly and by draws, axioms, vacua, and a posterior.

    Every step is a command, which is shown before it runs. All studies of the paper with their scoreboard are
    `nnqft reproduce`.

    Example: `nnqft demo`
    """
    with answering("demo", as_json) as screen:
        from nnqft_ppl.studies import EXAMPLES, make_folder

        make_folder(out)
        done = []
        for number, step in enumerate(STEPS, 1):
            command = step.command.format(examples=shlex.quote(str(EXAMPLES)), out=shlex.quote(str(out)))
            screen.say(f"{number} of {len(STEPS)}. {step.question}", "bold")
            screen.say(f"$ nnqft {command}\n")
            begin = time.monotonic()
            result = _run(shlex.split(command), as_json)
            done.append({"question": step.question, "command": f"nnqft {command}", "seconds": time.monotonic() - begin})
            if as_json:
                done[-1]["result"] = result
            screen.say()
        screen.say("What was shown", "bold")
        screen.table(
            ("", ">seconds", "command"),
            [
                (Text(str(one["question"])), f"{one['seconds']:.1f}", str(one["command"]).split(" --")[0])
                for one in done
            ],
        )
        screen.say(f"tables and pictures are in {out}/; next: `nnqft list`, `nnqft show cos_net`, `nnqft reproduce`")
        screen.give(steps=done)


def _run(arguments: list[str], as_json: bool) -> Any:
    """A command as the shell would run it; its document, if that is asked for."""
    app = typer.Typer()
    for command in (axioms, correlators, posterior, vacua):
        app.command()(command)
    program = typer.main.get_command(app)
    if not as_json:
        return program(arguments, standalone_mode=False)
    with contextlib.redirect_stdout(io.StringIO()) as document:
        program([*arguments, "--json"], standalone_mode=False)
    return json.loads(document.getvalue())
