"""The catalogue as a table, read from the cards' source: listing it imports neither JAX nor a card.

A card's equations are those that its docstring and its `@theorem` decorators name; its symmetries are the literals
``claims`` and ``denies``, on the class or on the base it inherits from.
"""

import ast
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nnqft_ppl import models
from nnqft_ppl.runtime.errors import InputError

_BASES = {
    "Architecture": Path(__file__).with_name("theory") / "architecture.py",
    "CosineArchitecture": Path(__file__).with_name("theory") / "cosine.py",
    "CoupledCosineArchitecture": Path(__file__).with_name("theory") / "coupled_cosine.py",
    "PathArchitecture": Path(__file__).with_name("theory") / "paths.py",
}
#: Methods and laws of a card from which all exact correlators follow.
_EXACT = {"neuron_moment", "kernel_moment", "joint_kernel_moment", "path_law"}


class Hyperparameter(NamedTuple):
    """A field of a card as its source declares it."""

    name: str
    range: str
    default: str
    meaning: str


class Entry(NamedTuple):
    """What the catalogue says of a card."""

    name: str
    owner: str  #: the class
    title: str
    formula: str
    equations: tuple[str, ...]
    claims: tuple[str, ...]
    denies: tuple[str, ...]
    exact: str
    hyperparameters: tuple[Hyperparameter, ...]


class Symbol(NamedTuple):
    """A symbol of the paper and its name in the code."""

    symbol: str
    identifier: str
    meaning: str


SYMBOLS = (
    Symbol("N", "width", "number of neurons"),
    Symbol("d", "dim", "dimension of space"),
    Symbol("σ_a", "sigma_a", "amplitude scale, a_i = σ_a â_i/√N"),
    Symbol("P(â)", "amplitude", "law of the unscaled amplitudes"),
    Symbol("σ_b", "sigma_b", "frequency scale, or weight scale"),
    Symbol("σ_c", "sigma_c", "bias scale of a neuron"),
    Symbol("F(b)", "envelope", "envelope of a plane wave"),
    Symbol("m", "mass", "mass"),
    Symbol("Λ", "cutoff", "momentum cutoff"),
    Symbol("m", "infrared", "infrared cutoff: the smallest momentum of a band"),
    Symbol("Δ", "lattice_spacing", "distance between neighbouring points of a lattice"),
    Symbol("L", "period", "length after which a field on a torus repeats itself"),
    Symbol("α", "alpha", "member of the alpha family"),
    Symbol("ε", "epsilon", "coupling of the neurons"),
    Symbol("D", "components", "number of components of the field"),
    Symbol("v, σ_v", "radius, sigma_v", "the wine bottle: radius of its vacua, width of its brim"),
    Symbol("k, g", "bottles, strength", "many wine bottles: their number, the coupling of their directions"),
    Symbol("μ", "mu", "mean of the amplitudes"),
    Symbol("κ", "kappa, concentration", "offset of a neuron; concentration of the phases"),
    Symbol("ν, s", "nu, power", "smoothness of a Matern net; power of a density of frequencies"),
    Symbol("g", "gain", "gain of a neuron on a random path"),
    Symbol("k", "inputs, depth, sigma_w, activation", "a deep neuron: inputs, layers, weight scale, activation"),
    Symbol("M", "peaks, first, spacing, spread", "a landscape: number of peaks of P(b), where they are, how wide"),
    Symbol("G(p)", "spectrum", "the spectrum that a tuned net is to have"),
    Symbol("f", "regulator", "how the cutoff acts: hard or gaussian"),
    Symbol("θ", "mean, sigma", "slope of the ensemble of lines, N(mean, sigma²)"),
)


def entries() -> list[Entry]:
    """Every card's entry, in the order of `models.names`; a file without a readable card is left to `models.card`."""
    return [found for name in models.names() if (found := _read(name)) is not None]


def entry(name: str) -> Entry:
    """The entry of one card; `InputError` for an unknown name or a file that declares no architecture."""
    found = _read(name)
    if found is None:
        raise InputError(
            f"card {models.source(name)} must declare exactly one Architecture, got a file in which none is found"
        )
    return found


def catalogue_markdown() -> str:
    """The catalogue as a Markdown table, as it stands in the README."""
    rows = ["| card | theory | equations | symmetric under | not under | exact |", "|---|---|---|---|---|---|"]
    rows += [
        f"| [`{e.name}`](models/{e.name}.py) | {e.title} | {', '.join(e.equations)} | "
        f"{short_symmetries(e.claims)} | {short_symmetries(e.denies)} | {e.exact or '—'} |"
        for e in entries()
    ]
    return "\n".join(rows)


def short_symmetries(names: tuple[str, ...]) -> str:
    """Symmetries in a few words: translations, rotations and reflections together are Euclidean."""
    euclidean = ("translation", "rotation", "reflection")
    if set(euclidean) <= set(names):
        names = ("Euclidean", *(name for name in names if name not in euclidean))
    return ", ".join(names) or "—"


def symbols_markdown() -> str:
    """The table of symbols as Markdown, as it stands in the README."""
    rows = ["| paper | code | meaning |", "|---|---|---|"]
    rows += [f"| {s.symbol} | {', '.join(f'`{i}`' for i in s.identifier.split(', '))} | {s.meaning} |" for s in SYMBOLS]
    return "\n".join(rows)


def _read(name: str) -> Entry | None:
    """A card's entry by its source; the card is imported only where its base class is not one of the language's own."""
    file = models.source(name)
    text = file.read_text(encoding="utf-8")
    try:
        module = ast.parse(text)
    except SyntaxError:
        return None
    bases = _BASES
    classes = _architectures(module, bases)
    if not classes:
        bases = _BASES | _imported_bases(name)
        classes = _architectures(module, bases)
    if len(classes) != 1:
        return None
    cls = classes[0]
    line = [cls, *_ancestors(cls, bases)]
    formula = (ast.get_docstring(cls) or "").split("\n\n")[0]
    title = (ast.get_docstring(module) or cls.name).split("\n")[0].rstrip(".")
    own = [one for one in line if one.name not in _BASES]
    methods = [node for one in own for node in one.body if isinstance(node, ast.FunctionDef)]
    return Entry(
        name,
        cls.name,
        title,
        " ".join(formula.split()),
        _equations(formula, methods),
        _literal(line, "claims"),
        _literal(line, "denies"),
        _exact({method.name for method in methods}, _literal(line, "exact_if")),
        _hyperparameters(line, [text, *(bases[one.name].read_text(encoding="utf-8") for one in line[1:])]),
    )


def _exact(methods: set[str], conditions: tuple[str, ...]) -> str:
    """Are correlators exact: by moments of the card's own, or by a frequency law and the envelope 1?"""
    if not (methods & _EXACT or ("frequency_law" in methods and "envelope_at" not in methods)):
        return ""
    return f"every order, if {', '.join(conditions)}" if conditions else "every order"


def _architectures(module: ast.Module, bases: dict[str, Path]) -> list[ast.ClassDef]:
    return [node for node in module.body if isinstance(node, ast.ClassDef) and _base(node, bases)]


def _base(cls: ast.ClassDef, bases: dict[str, Path]) -> str | None:
    """The name of the first base class whose file is known."""
    names = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in cls.bases]
    return next((name for name in names if name in bases), None)


def _ancestors(cls: ast.ClassDef, bases: dict[str, Path]) -> list[ast.ClassDef]:
    """The definitions of the base class, of its base class, and so on."""
    name = _base(cls, bases)
    if name is None:
        return []
    module = ast.parse(bases[name].read_text(encoding="utf-8"))
    found = next(node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name)
    return [found, *_ancestors(found, bases)]


def _imported_bases(name: str) -> dict[str, Path]:
    """The files of a card's base classes, by importing it; none where it cannot be imported."""
    from nnqft_ppl.theory.architecture import Architecture

    try:
        classes = models.card(name).__mro__[1:]
    except InputError:
        return {}
    return {one.__name__: Path(inspect.getfile(one)) for one in classes if issubclass(one, Architecture)}


def _equations(docstring: str, methods: list[ast.FunctionDef]) -> tuple[str, ...]:
    found = set(re.findall(r"\((S?\d+)\)", docstring))
    for first, last in re.findall(r"\((\d+)\)-\((\d+)\)", docstring):
        found |= {str(k) for k in range(int(first), int(last) + 1)}
    for method in methods:
        for mark in method.decorator_list:
            if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "theorem":
                found |= {
                    arg.value for arg in mark.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
        if method.name == "frequency_law":
            found.add("23")  # the base's kernel moment, by the law of the card
        if method.name == "path_law":
            found.add("arXiv:2504.05462")
    numbered = {f for f in found if re.fullmatch(r"S?\d+", f)}
    ordered = sorted(numbered, key=lambda f: (f.startswith("S"), int(f.lstrip("S"))))
    return tuple([f"({f})" for f in ordered] + sorted(found - numbered))


def _literal(line: Sequence[ast.ClassDef], name: str) -> tuple[str, ...]:
    """A tuple of texts that a class or the nearest of its ancestors sets."""
    for node in (node for cls in line for node in cls.body):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(t, ast.Name) and t.id == name for t in targets) and getattr(node, "value", None):
            return tuple(ast.literal_eval(ast.unparse(node.value)))  # pyright: ignore
    return ()


def _hyperparameters(line: Sequence[ast.ClassDef], texts: Sequence[str]) -> tuple[Hyperparameter, ...]:
    """Fields with their ranges, defaults and `#:` comments, the base's first unless the card declares them again."""
    found: dict[str, Hyperparameter] = {}
    for cls, text in reversed(list(zip(line, texts, strict=True))):
        lines = text.splitlines()
        for node in cls.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                kind = ast.unparse(node.annotation)
                if not kind.startswith("ClassVar"):
                    comment = lines[node.lineno - 1].partition("#:")[2].strip()
                    name = node.target.id
                    found[name] = Hyperparameter(name, kind, ast.unparse(node.value), comment)
    return tuple(found.values())


def refresh(text: str) -> str:
    """A README's text with both tables made anew between their markers."""
    for name, table in (("catalogue", catalogue_markdown()), ("symbols", symbols_markdown())):
        opening, closing = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(opening)
        text = f"{before}{opening}\n{table}\n{closing}{rest.partition(closing)[2]}"
    return text


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(refresh(readme.read_text(encoding="utf-8")), encoding="utf-8")
