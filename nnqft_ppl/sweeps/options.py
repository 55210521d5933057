"""Options of verbs in a plan: each is read into plain data, or refused in one line, before any work."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl.reports.points import read_configurations
from nnqft_ppl.runtime.arrays import finite
from nnqft_ppl.runtime.errors import InputError


class Source(NamedTuple):
    """What reading an option may need: the folder of the plan, and the options that stand before it."""

    folder: Path
    chosen: Mapping[str, Any]


Read = Callable[[str, Any, Source], Any]


class Option(NamedTuple):
    """An option of a verb: how its value is read, and its default."""

    read: Read
    default: Any = None
    dtype: str | None = None  #: of its column, for an option that no column of the schema shows


def whole(least: int) -> Read:
    """A whole number from `least` on."""

    def read(label: str, value: Any, _: Source) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"{label} must be a whole number from {least} on, got {value!r:.80}")
        return value

    return read


def wholes(least: int, most: int | None = None) -> Read:
    """A list of whole numbers from `least` to `most`."""

    def read(label: str, value: Any, source: Source) -> list[int]:
        given = value if isinstance(value, list) and value else [value]
        found = [whole(least)(label, one, source) for one in given]
        if most is not None and max(found) > most:
            raise InputError(f"{label} must be at most {most}, got {max(found)}")
        return found

    return read


def positive(label: str, value: Any, _: Source) -> float:
    """A number above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
        raise InputError(f"{label} must be a positive number, got {value!r:.80}")
    return float(value)


def text(label: str, value: Any, _: Source) -> str:
    """A text."""
    if not isinstance(value, str):
        raise InputError(f"{label} must be a text, got {value!r:.80}")
    return value


def flag(label: str, value: Any, _: Source) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise InputError(f"{label} must be true or false, got {value!r:.80}")
    return value


def word(*known: str) -> Read:
    """One of these words."""

    def read(label: str, value: Any, _: Source) -> str:
        if value not in known:
            raise InputError(f"{label} must be one of {', '.join(known)}, got {value!r:.80}")
        return value

    return read


def words(*known: str) -> Read:
    """A list of these words; of any where none are named."""

    def read(label: str, value: Any, source: Source) -> list[str]:
        given = value if isinstance(value, list) and value else [value]
        return [(word(*known) if known else text)(label, one, source) for one in given]

    return read


def configurations(label: str, value: Any, source: Source) -> list[Any]:
    """Configurations (C, n, d): a file of points, or nested lists, of which one configuration may be given alone."""
    if isinstance(value, str):
        found = read_configurations(source.folder / value, max(source.chosen.get("orders", [1])))
    else:
        found = finite(value, label)
    if found.ndim == 2:
        found = found[None]
    if found.ndim != 3 or not found.size:
        raise InputError(f"{label} must be configurations of points (C, n, d), got shape {found.shape}")
    return found.tolist()


def points(label: str, value: Any, source: Source) -> list[Any]:
    """Points (P, d): a file of them, or a list."""
    if isinstance(value, str):
        found = read_configurations(source.folder / value, 1)
        return found.reshape(-1, found.shape[-1]).tolist()
    found = finite(value, label)
    if found.ndim != 2 or not found.size:
        raise InputError(f"{label} must be points (P, d), got shape {found.shape}")
    return found.tolist()
