"""Hyperparameters as text: ``--set width=30 --set amplitude=bimodal --set amplitude.mu=1`` on the command line."""

from collections.abc import Sequence
from typing import Any

from nnqft_ppl.models import load
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.ranges import field_types, parsed


def load_with_settings(name: str, settings: Sequence[str]) -> Architecture:
    """An instance of a card from ``key=value`` texts; errors as for `read_settings` and `load`."""
    from nnqft_ppl.models import card

    return load(name, **read_settings(card(name), settings))


def read_settings(cls: type[Architecture], settings: Sequence[str]) -> dict[str, Any]:
    """Hyperparameters of a card from ``key=value`` texts.

    ``amplitude=NAME`` or ``amplitude=NAME:KEY=value,...`` chooses an amplitude law, and ``amplitude.KEY=value`` sets a
    hyperparameter of the one that is chosen so, or by the card; ``spectrum=FILE`` reads a spectrum from a CSV file with
    columns ``p, G``.

    Raises
    ------
    InputError
        for a text without ``=``, a name that does not exist, or a value that is no number or outside its range.
    """
    hints = field_types(cls)
    chosen: dict[str, Any] = {}
    nested: dict[str, dict[str, str]] = {}
    for setting in settings:
        key, equals, text = (part.strip() for part in setting.partition("="))
        if not equals or not key:
            raise InputError(f"--set must be of the form name=value, got {setting!r}")
        outer, dot, inner = key.partition(".")
        if dot and hasattr(hints.get(outer), "with_settings"):
            nested.setdefault(outer, {})[inner] = text
        elif key in hints:
            chosen[key] = parsed(f"{cls.__name__}: {key}", hints[key], text)
        else:
            chosen[key] = text  # `load` names the unknown hyperparameter and suggests one
    for outer, values in nested.items():
        law = chosen[outer] if outer in chosen else cls.__dataclass_fields__[outer].default
        chosen[outer] = law.with_settings(f"{cls.__name__}: {outer}", values)
    return chosen
