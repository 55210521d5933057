"""Pages that follow from the code: the cards, the equations of the paper, the symbols, the commands, the API."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from docutils import nodes

ROOT = Path(__file__).resolve().parents[3]
EQUATIONS = tuple(f"({k})" for k in range(1, 45)) + tuple(f"(S{k})" for k in range(1, 16))
#: Files of the repository that have a page.
PAGES = {
    "benchmarks/RESULTS.md": "benchmarks_results",
    "docs/ARCHITECTURE.md": "architecture",
    "docs/PROTOCOL.md": "protocol",
    "models/README.md": "contract",
}
FACES = {
    "nnqft_ppl": "The verbs: what users import as `nq`.",
    "nnqft_ppl.theory": "Base classes, amplitude laws and ranges, for authors of cards.",
    "nnqft_ppl.laws": "Joint laws, frequency laws and spectra, for authors of cards.",
}
#: What a command does, in Python, where the name is another one.
TWINS = {
    "atlas": ("write_atlas",),
    "axioms": ("axiom_verdicts",),
    "draw": ("prior_predictive",),
    "dual": ("duality",),
    "list": ("names",),
    "posterior": ("observe", "posterior", "limit_posterior"),
    "predict": ("predictions",),
    "show": ("load", "to_toml"),
    "vacua": ("breaking", "vacua"),
}
ATLAS = ROOT / "build" / "extra" / "atlas"


WRITTEN: set[Path] = set()


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", make)
    app.connect("autodoc-process-docstring", plain, priority=100)
    app.connect("doctree-resolved", of_repository)
    app.connect("build-finished", way_back)
    return {"parallel_read_safe": True}


def make(app: Any) -> None:
    site = Path(app.srcdir)
    cards, theorems = _cards(site / "cards")
    _write(site / "equations.md", _equations(cards, theorems))
    _write(site / "symbols.md", _symbols())
    _write(site / "commands.md", _commands())
    _write(site / "atlas.md", _atlas(ATLAS / "index.html"))
    _api(site / "api")
    for file in (*(site / "cards").rglob("*.*"), *(site / "api").rglob("*.*")):
        if file not in WRITTEN:  # of a card or a name that is no more
            file.unlink()


def _write(file: Path, text: str) -> None:
    """Only what has changed, so that the next build reads only that."""
    file.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.add(file)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


# -- the catalogue -----------------------------------------------------------------------------------------------------


def _cards(folder: Path) -> tuple[list[Any], dict[str, list[tuple[str, Any]]]]:
    """A page for each card and their list; the entries, and the theorems of each card."""
    from nnqft_ppl import catalogue, models

    entries, theorems = catalogue.entries(), {}
    for entry in entries:
        cls = models.card(entry.name)
        theorems[entry.name] = cls.theorems()
        _write(folder / f"{entry.name}.md", _card(entry, cls, theorems[entry.name]))
    rows = [f"| [`{e.name}`]({e.name}.md) | {e.title} | {', '.join(e.equations)} | {e.exact or '—'} |" for e in entries]
    toc = "\n".join(entry.name for entry in entries)
    _write(
        folder / "index.md",
        "# The catalogue\n\nEvery theory is one file, a *card*: the laws of its parameters, one neuron, and the closed "
        "forms that the paper derives. Each page has its hyperparameters with their ranges, its symmetries and its "
        "theorems.\n\n"
        "| card | theory | equations | correlators are exact |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "```{toctree}\n:hidden:\n\n" + toc + "\n```\n",
    )
    return entries, theorems


def _card(entry: Any, cls: type, theorems: Any) -> str:
    from nnqft_ppl.catalogue import short_symmetries

    source = Path(inspect.getfile(cls)).read_text(encoding="utf-8")
    text = inspect.cleandoc(cls.__doc__ or "").partition("\n\nParameters\n")[0]  # which are a table of their own
    fields = "\n".join(f"| `{h.name}` | `{h.range}` | `{h.default}` | {h.meaning} |" for h in entry.hyperparameters)
    forms = "\n".join(
        f"| `{t.quantity}` | {', '.join(e if ':' in e else f'({e})' for e in t.equations)} | {_escaped(t.statement)} |"
        for t in theorems
    )
    parts = [
        f"# {entry.title}\n",
        f"```{{code-block}} text\n:class: card-text\n{text}\n```\n",
        f"Symmetric under: {short_symmetries(entry.claims)}. Not under: {short_symmetries(entry.denies)}. "
        f"Exact correlators: {entry.exact or 'none, the estimators take over'}.\n",
        f'```python\nimport nnqft_ppl as nq\n\nnet = nq.load("{entry.name}")\n```\n',
        _onwards(entry.name),
        f"## Hyperparameters\n\n| name | range | default | meaning |\n|---|---|---|---|\n{fields}\n",
    ]
    if forms:
        parts.append(f"## Closed forms\n\n| method | equations | what it states |\n|---|---|---|\n{forms}\n")
    parts.append(f"## The card\n\n```python\n{source.rstrip()}\n```\n")
    return "\n".join(parts)


def _onwards(name: str) -> str:
    """Where a reader of a card's page may want to go, as far as the card allows it."""
    from nnqft_ppl import InputError, NoClosedForm, models

    net = models.load(name)
    links = []
    if (ATLAS / f"{name}.html").exists():
        links.append(f'<a href="../atlas/{name}.html">Its page in the atlas</a>: its field, curves and sliders.')
    links.append(f"Is it quantum? `nnqft axioms {name}`; [what a verdict means](../concepts/axioms.md).")
    if net.component_count > 1:
        links.append(f"Its vacua: `nnqft vacua {name}`; [classical configurations](../concepts/classical.md).")
    elif net.independent:
        try:
            net.two_point([0.0] * net.dim, [0.0] * net.dim)
        except (InputError, NoClosedForm):
            pass
        else:
            links.append(f"With an interaction: `nnqft interact {name}`; [how to](../howto/interaction.md).")
    return "".join(f"- {link}\n" for link in links)


def _atlas(front: Path) -> str:
    """The way to the atlas, which `make docs` makes before the site; without it, how to make it."""
    words = (
        "# Atlas of theories\n\nA page for every theory: draws of its field, correlators with Monte Carlo points on "
        "exact curves, the interaction against the width, verdicts on the axioms, classical configurations, and "
        "sliders that move exact curves. It needs neither a server nor a network.\n\n"
    )
    if not front.exists():
        return f"{words}This site was built without it; [](howto/atlas.md) says how to make it.\n"
    link = '<p><a class="sd-btn sd-btn-primary" href="atlas/index.html">Open the atlas</a></p>'
    return f"{words}```{{raw}} html\n{link}\n```\n\n[](howto/atlas.md) says how to make one of your own cards.\n"


def _escaped(text: str) -> str:
    """Text as it stands: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]<>|~^$#])", r"\\\1", text)


def _summary(text: str) -> str:
    """The first sentences of a docstring for a table: code in backticks is code, all else stands as it is."""
    parts = re.split(r"``(.+?)``|`(.+?)`", text)
    found = []
    for words, literal, name in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True):
        code = literal or name
        found += [_escaped(words), f"`{code.replace('|', chr(92) + '|')}`" if code else ""]
    return "".join(found)


# -- the paper ---------------------------------------------------------------------------------------------------------


def _equations(entries: list[Any], theorems: dict[str, Any]) -> str:
    """Every equation with the closed forms that stand for it and the studies that have rows about it."""
    studies = _studies()
    errata = _errata()
    rows = []
    for equation in EQUATIONS:
        number = equation.strip("()")
        forms = [
            f"[`{name}.{t.quantity}`](cards/{name}.md)"
            for name, all_ in theorems.items()
            for t in all_
            if number in t.equations
        ]
        if not forms:
            forms = [f"[`{e.name}`](cards/{e.name}.md)" for e in entries if equation in e.equations]
        shown = ", ".join(forms[:4]) + (f" and {len(forms) - 4} more" if len(forms) > 4 else "")
        asked = ", ".join(f"`{study}`" for study in studies.get(equation, ()))
        rows.append(f"| {equation} | {shown or '—'} | {asked} | {errata.get(equation, '—')} |")
    return (
        "# Equations of the paper\n\n"
        "Halverson, *Building Quantum Field Theories Out of Neurons*, "
        "[arXiv:2112.04527](https://arxiv.org/abs/2112.04527). A study is run by `nnqft reproduce NAME`; its rows say "
        "what was expected, what was found, and by which route. The last column says what became of the printed form "
        "([all of them, with numbers and notes](errata.md)); — says that its numbers are right as printed.\n\n"
        "| equation | closed forms | studies | printed form |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _studies() -> dict[str, list[str]]:
    """The studies whose source names an equation as a label of rows."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "analysis").glob("[!_]*.py")):
        texts = {
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        labels = {
            label for text in texts if re.fullmatch(r"\(S?\d+\)(, \(S?\d+\))*", text) for label in text.split(", ")
        }
        for label in labels:
            found.setdefault(label, []).append(file.stem)
    return found


def _errata() -> dict[str, str]:
    """The verdict on each printed form, from the tables of errata: of those that hold nowhere else, that they do."""
    found: dict[str, str] = {}
    for line in (ROOT / "docs" / "ERRATA.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if cells[0].startswith("| ("):
            for equation in re.findall(r"\(S?\d+\)", cells[0]):
                found.setdefault(equation, cells[3] if len(cells) > 2 else "holds")
    return found


def _symbols() -> str:
    from nnqft_ppl.catalogue import symbols_markdown

    return (
        "# Symbols and words\n\nOf the paper and of the code. Fourier transforms are "
        "$G(x) = \\int d^dp/(2\\pi)^d\\, e^{ipx} G(p)$; lengths are in units of $1/m$.\n\n"
        f"## Hyperparameters\n\n{symbols_markdown()}\n\n```{{include}} _quantities.md\n```\n\n"
        f"## Ranges of hyperparameters\n\n| range | meaning |\n|---|---|\n{_ranges()}\n\n"
        '## Words\n\n```{include} ../../CONTRIBUTING.md\n:start-after: "## Words"\n:end-before: "Commit in"\n```\n'
    )


def _ranges() -> str:
    """The ranges that cards may say, with the comments of their source."""
    from nnqft_ppl.theory import ranges

    source = inspect.getsource(ranges)
    found = re.findall(r"((?:^#: .*\n)+)^(\w+) = Annotated", source, flags=re.MULTILINE)
    rows = {name: " ".join(line.removeprefix("#: ") for line in words.splitlines()) for words, name in found}
    return "\n".join(f"| `{name}` | {_summary(words)} |" for name, words in rows.items())


# -- the command line and the API --------------------------------------------------------------------------------------


def _commands() -> str:
    """The help of every command, as a terminal of 88 columns shows it."""
    import typer
    from typer.testing import CliRunner

    from nnqft_ppl.cli.app import app

    terminal = {"COLUMNS": "88", "TERMINAL_WIDTH": "88", "NO_COLOR": "1", "TERM": "dumb"}
    group: Any = typer.main.get_command(app)
    parts = ["# Commands\n\nEvery command says `--help`; this page is made from it.\n"]
    for name in ("", *sorted(group.commands)):
        out = CliRunner().invoke(app, [*name.split(), "--help"], env=terminal, prog_name="nnqft").output
        text = "\n".join(line.rstrip() for line in out.strip().splitlines())
        parts.append(f"## `{f'nnqft {name}'.strip()}`\n\n{_twins(name)}```text\n{text}\n```\n")
    return "\n".join(parts)


def _twins(command: str) -> str:
    """The way to what a command does in Python, if there is one."""
    import nnqft_ppl

    names = TWINS.get(command, (command,) if command in nnqft_ppl.__all__ else ())
    links = ", ".join(f"[`nq.{name}`](api/nnqft_ppl/{name}.rst)" for name in names)
    return f"In Python: {links}.\n\n" if links else ""


def _api(folder: Path) -> None:
    """A page for each face, with a page for each of its public names."""
    pages, documented = [], {}
    for face, words in FACES.items():
        module, page = importlib.import_module(face), face.replace(".", "_")
        pages.append(page)
        rows, toc = [], []
        for name in module.__all__:
            value = getattr(module, name)
            kind = (
                "function" if inspect.isfunction(inspect.unwrap(value)) else "class" if inspect.isclass(value) else ""
            )
            if not kind:
                continue
            there = documented.setdefault(value, f"{page}/{name}")  # a name may stand on two faces: it has one page
            first = _summary(inspect.cleandoc(value.__doc__ or "").split("\n\n")[0].replace("\n", " "))
            rows.append(f"| [`{name}`]({there}.rst) | {first} |")
            if there != f"{page}/{name}":
                continue
            toc.append(there)
            title = f"{face}.{name}"
            members = "\n   :members:\n   :exclude-members: __init__" if kind == "class" else ""
            head = f"{title}\n{'=' * len(title)}\n\n.. currentmodule:: {face}\n\n"
            _write(folder / page / f"{name}.rst", f"{head}.. auto{kind}:: {name}{members}\n")
        listed = "| name | |\n|---|---|\n" + "\n".join(rows)
        hidden = "```{toctree}\n:hidden:\n\n" + "\n".join(toc) + "\n```\n"
        _write(folder / f"{page}.md", f"# {face}\n\n{words}\n\n{listed}\n\n{hidden}")
    toc = "\n".join(pages)
    _write(folder / "index.md", "# API\n\n```{toctree}\n:maxdepth: 1\n\n" + toc + "\n```\n")


def of_repository(app: Any, doctree: Any, docname: str) -> None:
    """A link of an included file to another file of the repository leads to the page that includes that one."""
    for node in doctree.findall(nodes.reference):
        page = PAGES.get(str(node.get("refid", "")).removeprefix("../"))
        if page is not None:
            del node["refid"]
            node["refuri"] = app.builder.get_relative_uri(docname, page)


def way_back(app: Any, error: Exception | None) -> None:
    """The pages of the atlas, which stand by themselves elsewhere, lead back to the site that they are a part of."""
    bar = '<nav aria-label="Atlas">'
    for page in () if error else (Path(app.outdir) / "atlas").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(bar, f'{bar}<a href="../index.html">{app.config.project}</a> '), encoding="utf-8")


def plain(_app: Any, _what: str, _name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """In docstrings |a|, a* and a_ are mathematics, not markup; an example is left as Python shows it."""
    example = False
    for k, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            parts = line.split("``")
            parts[::2] = [
                re.sub(r"(?<=[\w)])_(?=\W|$)", r"\\_", re.sub(r"([|*])", r"\\\1", part)) for part in parts[::2]
            ]
            lines[k] = "``".join(parts)
