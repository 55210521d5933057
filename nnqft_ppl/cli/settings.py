"""Hyperparameters as text: ``--set width=30 --set amplitude=bimodal --set amplitude.mu=1`` on the command line."""

import ast
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnqft_ppl.models import check_name, load
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory import ranges

if TYPE_CHECKING:
    from nnqft_ppl.theory.architecture import Architecture


#: The ranges of hyperparameters by the names that annotations give them.
RANGES = ("Finite", "Positive", "PositiveOrInf", "NonNegative", "Count", "Several", "Fraction")


def load_with_settings(name: str, settings: Sequence[str]) -> "Architecture":
    """An instance of a card from ``key=value`` texts; errors as for `read_settings` and `load`."""
    from nnqft_ppl.models import card

    return load(name, **read_settings(card(name), settings))


def read_settings(cls: "type[Architecture]", settings: Sequence[str]) -> dict[str, Any]:
    """Hyperparameters of a card from ``key=value`` texts.

    ``amplitude=NAME`` or ``amplitude=NAME:KEY=value,...`` chooses an amplitude law, and ``amplitude.KEY=value`` sets a
    hyperparameter of the one that is chosen so, or by the card; ``spectrum=FILE`` reads a spectrum from a CSV file with
    columns ``p, G``.

    Raises
    ------
    InputError
        for a text without ``=``, a name that does not exist, or a value that is no number or outside its range.
    """
    hints = ranges.field_types(cls)
    chosen: dict[str, Any] = {}
    nested: dict[str, dict[str, str]] = {}
    for setting in settings:
        key, text = _parts(setting)
        outer, dot, inner = key.partition(".")
        if dot and hasattr(hints.get(outer), "with_settings"):
            nested.setdefault(outer, {})[inner] = text
        elif key in hints:
            chosen[key] = ranges.parsed(f"{cls.__name__}: {key}", hints[key], text)
        else:
            chosen[key] = text  # `load` names the unknown hyperparameter and suggests one
    for outer, values in nested.items():
        law = chosen[outer] if outer in chosen else cls.__dataclass_fields__[outer].default
        chosen[outer] = law.with_settings(f"{cls.__name__}: {outer}", values)
    return chosen


def check_settings(name: str, settings: Sequence[str]) -> None:
    """Errors of settings that the source of a card shows, which imports neither the card nor JAX.

    That is an unknown hyperparameter, and a number or a choice that its annotation rules out; laws and spectra are left
    to `read_settings`.
    """
    from nnqft_ppl.catalogue import entry

    if not settings:
        return
    try:
        found = entry(name)
    except InputError:  # for `models.card` to say in full
        return
    annotations = {one.name: one.range for one in found.hyperparameters}
    for setting in settings:
        key, text = _parts(setting)
        if key.partition(".")[0] not in annotations:
            check_name(found.owner, key, list(annotations))
        hint = _hint(annotations.get(key, ""))
        if hint is not None:
            label = f"{found.owner}: {key}"
            ranges.checked(label, hint, ranges.parsed(label, hint, text))


def _parts(setting: str) -> tuple[str, str]:
    key, equals, text = (part.strip() for part in setting.partition("="))
    if not equals or not key:
        raise InputError(f"--set must be of the form name=value, got {setting!r}")
    return key, text


def _hint(annotation: str) -> Any:
    """What an annotation of a card's source means, if it is a range or a choice."""
    if annotation.startswith("Literal["):
        return typing.Literal[tuple(ast.literal_eval(annotation.removeprefix("Literal")))]
    name = annotation.removeprefix("Static[").removesuffix("]")
    return getattr(ranges, name) if name in RANGES else None
