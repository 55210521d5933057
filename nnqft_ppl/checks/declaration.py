"""What a card declares before there is an instance of it, and the form of a rule of the contract.

A rule is a function that yields what is wrong, or raises what the card's own code raises. A rule that builds on others
waits until they hold, so that what follows from one mistake is said once.
"""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from nnqft_ppl import catalogue
from nnqft_ppl.axioms.verdicts import Finding
from nnqft_ppl.runtime.errors import ANY, definition, told
from nnqft_ppl.theory.architecture import SYMMETRIES, Architecture
from nnqft_ppl.theory.ranges import field_types


class Rule(NamedTuple):
    """One rule of the contract."""

    what: str
    method: str  #: of the card, which keeps or breaks it
    statement: str  #: what is so where it holds
    problems: Callable[[Any], Iterator[str]]  #: of a theory, or of a class
    needs: tuple[str, ...] = ()  #: rules without which it cannot be asked


def own_files(cls: type) -> set[str]:
    """The files of a card and of its bases, but for those of the language."""
    theory = ("nnqft_ppl.theory.", "abc", "builtins")
    return {inspect.getfile(one) for one in cls.__mro__ if not one.__module__.startswith(theory)}


def declared(cls: type[Architecture]) -> list[Finding]:
    """What a class declares, before there is an instance of it."""
    return findings(CLASS_RULES, cls, cls)


def findings(rules: tuple[Rule, ...], subject: Any, cls: type) -> list[Finding]:
    found: list[Finding] = []
    wrong: set[str] = set()
    for rule in rules:
        if waits := [need for need in rule.needs if need in wrong]:
            wrong.add(rule.what)
            found.append(Finding("contract", rule.what, "not checked", f"waits for {waits[0]}"))
            continue
        place, lines = definition(cls, rule.method), []
        try:
            lines += [f"{place}: {problem}" for problem in rule.problems(subject)]
        except ANY as error:
            lines.append(told(error, own_files(cls), place))
        found += [Finding("contract", rule.what, "WRONG", line) for line in lines]
        if lines:
            wrong.add(rule.what)
        else:
            found.append(Finding("contract", rule.what, "ok", rule.statement))
    return found


# -- of a class --------------------------------------------------------------------------------------------------------


def _class(cls: Any) -> Iterator[str]:
    made = vars(cls).get("__dataclass_params__")
    if made is None or not (made.frozen and made.kw_only):
        yield "must be decorated with @dataclass(frozen=True, kw_only=True)"
    if not vars(cls).get("__final__"):
        yield "must be decorated with @final"
    for method in sorted(cls.__abstractmethods__):
        yield f"must define {method}"


def _fields(cls: Any) -> Iterator[str]:
    plain = (int, float, complex, bool, str, Any)
    for name, hint in field_types(cls).items():
        if hint in plain:
            word = getattr(hint, "__name__", hint)
            yield f"field {name}: its type must be a range such as Positive, Finite or Count, or a Literal, got {word}"
    for field in dataclasses.fields(cls):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            yield f"field {field.name}: must have a default"
    if cls.__module__.startswith("nnqft_ppl.models."):
        for one in catalogue.entry(cls.__module__.rpartition(".")[2]).hyperparameters:
            if not one.meaning:
                yield f"field {one.name}: must have a comment `#: meaning` in its line"


def _symmetries(cls: Any) -> Iterator[str]:
    for name in dict.fromkeys((*cls.claims, *cls.denies)):
        if name not in SYMMETRIES:
            yield f"symmetry must be one of {', '.join(SYMMETRIES)}, got {name!r}"
        elif name in cls.claims and name in cls.denies:
            yield f"{name} must not be both in claims and in denies"


CLASS_RULES = (
    Rule("class", "", "a final frozen dataclass", _class),
    Rule("fields", "", "each has a range, a default and a comment", _fields),
    Rule("symmetries", "", "known, and none both claimed and denied", _symmetries),
)
