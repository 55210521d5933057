"""Hyperparameters as text: ``--set width=30 --set amplitude=bimodal --set amplitude.mu=1`` on the command line."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from nnqft_ppl.laws.spectrum import Spectrum
from nnqft_ppl.models import load
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.amplitudes import AMPLITUDES, AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.ranges import field_types


def load_with_settings(name: str, settings: Sequence[str]) -> Architecture:
    """An instance of a card from ``key=value`` texts; errors as for `read_settings` and `load`."""
    from nnqft_ppl.models import card

    return load(name, **read_settings(card(name), settings))


def read_settings(cls: type[Architecture], settings: Sequence[str]) -> dict[str, Any]:
    """Hyperparameters of a card from ``key=value`` texts.

    ``amplitude=NAME`` chooses an amplitude law and ``amplitude.KEY=value`` sets a hyperparameter of it;
    ``spectrum=FILE`` reads a spectrum from a CSV file with columns ``p, G``.

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
        if dot and isinstance(hints.get(outer), type):
            nested.setdefault(outer, {})[inner] = text
        elif key in hints:
            chosen[key] = _parse(f"{cls.__name__}: {key}", hints[key], text)
        else:
            chosen[key] = text  # `load` names the unknown hyperparameter and suggests one
    for outer, values in nested.items():
        law = type(chosen[outer]) if outer in chosen else type(cls.__dataclass_fields__[outer].default)
        known = field_types(law)
        for inner in values:
            if inner not in known:
                raise InputError(
                    f"{cls.__name__}: {outer}.{inner} must be one of {', '.join(f'{outer}.{k}' for k in known)} "
                    f"for {law.__name__}, got {inner!r}"
                )
        chosen[outer] = law(**{k: _parse(f"{law.__name__}: {k}", known[k], text) for k, text in values.items()})
    return chosen


def _parse(label: str, hint: Any, text: str) -> Any:
    if get_origin(hint) is Literal:
        return next((choice for choice in get_args(hint) if str(choice) == text), text)
    if get_origin(hint) is Annotated:
        kind = get_args(hint)[0]
        try:
            return kind(text)
        except ValueError:
            word = "an integer" if kind is int else "a number"
            raise InputError(f"{label} must be {word}, got {text!r}") from None
    if isinstance(hint, type) and issubclass(hint, AmplitudeLaw):
        if text not in AMPLITUDES:
            close = difflib.get_close_matches(text, AMPLITUDES, n=1, cutoff=0.4)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(f"{label} must be one of {', '.join(AMPLITUDES)}, got {text!r}{meant}")
        return AMPLITUDES[text]()
    if hint is Spectrum:
        return Spectrum.read(text)
    return text
