"""Hyperparameters: typed dataclass fields whose ranges are enforced.

A field says its range in its type, ``sigma_b: Positive = 1.0``; `enforce` converts and checks every field of a frozen
dataclass, so that no instance with a bad value ever exists.
"""

import dataclasses
import inspect
import math
import re
import sys
from collections.abc import Callable
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from nnqft_ppl.runtime.errors import InputError


class Rule(NamedTuple):
    """A condition on a number, with the words that name it in an error."""

    text: str
    holds: Callable[[float], bool]

    def __repr__(self) -> str:
        return f"'{self.text}'"


#: A real number, neither infinite nor nan: a mean, an exponent.
Finite = Annotated[float, Rule("finite", math.isfinite)]
#: A real number > 0, not infinite: a scale, a mass, a standard deviation.
Positive = Annotated[float, Rule("positive and finite", lambda v: math.isfinite(v) and v > 0)]
#: A real number > 0, or infinity: a cutoff that may be absent.
PositiveOrInf = Annotated[float, Rule("positive, or inf", lambda v: v > 0)]
#: A real number >= 0, not infinite: a coupling that may be switched off.
NonNegative = Annotated[float, Rule("non-negative and finite", lambda v: math.isfinite(v) and v >= 0)]
#: An integer >= 1: neurons, dimensions of space.
Count = Annotated[int, Rule("an integer >= 1", lambda v: v >= 1)]
#: An integer >= 2: the components of a vector.
Several = Annotated[int, Rule("an integer >= 2", lambda v: v >= 2)]
#: A real number from 0 to 1, both included: a probability, a share.
Fraction = Annotated[float, Rule("between 0 and 1", lambda v: 0 <= v <= 1)]


STATIC = "static"
T = TypeVar("T")
#: ``mass: Static[Positive]``: a real number that a law needs as a plain one, for a table or a choice. It is part of the
#: structure of a theory, not a leaf: each value has a compiled program of its own, and there is no derivative in it.
Static = Annotated[T, STATIC]


def enforce(instance: Any) -> None:
    """Convert and check every field of a frozen dataclass against its annotation.

    Raises
    ------
    InputError
        ``CosNet: sigma_b must be positive and finite, got -1.0``.
    """
    owner = type(instance).__name__
    for name, hint in field_types(type(instance)).items():
        value = getattr(instance, name)
        object.__setattr__(instance, name, checked(f"{owner}: {name}", hint, value))


def require(instance: Any, name: str, holds: Any, rule: str) -> None:
    """Hold a hyperparameter against the others, in the ``__post_init__`` of a card; what JAX traces is not asked.

    Parameters
    ----------
    instance
        The theory, a frozen dataclass.
    name
        The hyperparameter that an error names.
    holds
        Does the rule hold? A traced condition stands for numbers that are not known yet.
    rule
        The rule in words, after ``must be``.

    Returns
    -------
    None, where the rule holds or cannot be asked.

    Raises
    ------
    InputError
        ``Band: stop must be greater than start = 2.0, got 1.0``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from nnqft_ppl.theory import require
    >>> @dataclass(frozen=True)
    ... class Band:
    ...     start: float
    ...     stop: float
    ...
    ...     def __post_init__(self):
    ...         require(self, "stop", self.stop > self.start, f"greater than start = {self.start}")
    >>> Band(2.0, 1.0)
    Traceback (most recent call last):
    nnqft_ppl.runtime.errors.InputError: Band: stop must be greater than start = 2.0, got 1.0
    """
    if not _is_traced(holds) and not holds:
        raise InputError(f"{type(instance).__name__}: {name} must be {rule}, got {getattr(instance, name)}")


@cache
def field_types(cls: type) -> dict[str, Any]:
    """The annotation of every field of a dataclass, `Annotated` rules included, in the order of declaration."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


_FIELD = re.compile(r"^    (\w+): (.+?) = (.+?)  #: (.+)$", flags=re.MULTILINE)


def explain(cls: type) -> None:
    """Tell in a class's docstring, which `help` shows, what its hyperparameters mean: from the `#:` comments."""
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        file = getattr(sys.modules.get(owner.__module__), "__file__", None)
        if file is None or not hasattr(owner, "prior"):
            continue
        source = Path(file).read_text(encoding="utf-8")
        _, _, body = source.partition(f"class {owner.__name__}(")
        for name, kind, default, meaning in _FIELD.findall(body.partition("\nclass ")[0]):
            if not kind.startswith("ClassVar"):
                found[name] = f"{name} : {words(kind)}, {default} by default\n    {meaning}"
    said = inspect.cleandoc(cls.__doc__ or cls.__name__)
    cls.__doc__ = "\n\n".join([said, "\n".join(["Parameters", "----------", *found.values()])])


def words(annotation: str) -> str:
    """A range as its annotation names it, in words: `Positive` is positive and finite."""
    name = annotation.removeprefix("Static[").removesuffix("]")
    hint = globals().get(name)
    return get_args(hint)[1].text if get_origin(hint) is Annotated else annotation


def parsed(label: str, hint: Any, text: str) -> Any:
    """A hyperparameter's value from its text: a number, a choice, or what the class of the hint makes of it.

    Raises
    ------
    InputError
        ``CosNet: width must be an integer, got 'ten'``.
    """
    if get_origin(hint) is Literal:
        return next((choice for choice in get_args(hint) if str(choice) == text), text)
    if get_origin(hint) is Annotated:
        kind = get_args(hint)[0]
        try:
            return kind(text)
        except ValueError:
            word = "an integer" if kind is int else "a number"
            raise InputError(f"{label} must be {word}, got {text!r}") from None
    return hint.of_text(label, text) if hasattr(hint, "of_text") else text


def checked(label: str, hint: Any, value: Any) -> Any:
    """`value` as its annotation has it; a text where the class of the annotation reads one, ``amplitude="bimodal"``.

    Raises
    ------
    InputError
        ``CosNet: sigma_b must be positive and finite, got -1.0``, for the label ``CosNet: sigma_b``.
    """
    if _is_traced(value):  # stands for numbers that are not known yet
        if get_origin(hint) is not Annotated or STATIC in get_args(hint) or get_args(hint)[0] is not float:
            raise InputError(
                f"{label} must be a plain number or name, as the theory's structure depends on it, got a traced value"
            )
        return value
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        for choice in choices:
            if not isinstance(value, bool) and value == choice:
                return choice
        words = " or ".join(repr(choice) for choice in choices)
        raise InputError(f"{label} must be {words}, got {value!r}")
    if get_origin(hint) is Annotated:
        kind, rule = get_args(hint)[:2]
        number = _number(kind, value)
        if number is None or not rule.holds(number):
            raise InputError(f"{label} must be {rule.text}, got {value!r}")
        return number
    if isinstance(value, str) and hasattr(hint, "of_text"):
        value = hint.of_text(label, value)
    if isinstance(hint, type) and not isinstance(value, hint):
        raise InputError(f"{label} must be a {hint.__name__}, got {value!r}")
    return value


def _is_traced(value: Any) -> bool:
    """Is it one of JAX's tracers? Plain values are checked before JAX is imported, or without it."""
    jax = sys.modules.get("jax.core")
    return jax is not None and isinstance(value, jax.Tracer)


def _number(kind: type, value: Any) -> float | int | None:
    """`value` as a Python float or int, or None if it is not one (booleans and strings are not numbers)."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # of NumPy or JAX, without axes
        value = value.item()
    if isinstance(value, bool):
        return None
    if kind is int:
        if isinstance(value, Integral):
            return int(value)
        return None
    return float(value) if isinstance(value, Real) else None
