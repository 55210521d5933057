"""The catalogue's door: `names`, `card`, `load` and `add`.

Cards live in a folder of their own, `models/`, beside this package in the repository and inside it when installed. This
module is a package whose path is that folder, so that `nnqft_ppl.models.cos_net` is an ordinary import with one class
identity; folders of a user's own join the path, and so do those that installed packages offer as entry points.
"""

import difflib
import importlib
import importlib.util
import warnings
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnqft_ppl.runtime.errors import ANY, InputError, line_in, said
from nnqft_ppl.runtime.files import content

if TYPE_CHECKING:
    from nnqft_ppl.theory.architecture import Architecture

_CATALOGUE = content("models")

__path__ = [str(_CATALOGUE)]

#: The entry points whose packages and modules hold cards; none are left once they have joined.
_offers = ["nnqft_ppl.cards"]

_single_files: dict[str, Path] = {}  # cards that joined as a file, without their folder


def names() -> tuple[str, ...]:
    """The names of all cards, the catalogue's and those of added folders.

    Returns
    -------
    A tuple of names for `load`, in alphabetical order.

    Examples
    --------
    >>> "cos_net" in nq.names()
    True
    """
    _join_installed()
    in_folders = (file.stem for folder in __path__ for file in Path(folder).glob("[!_]*.py"))
    return tuple(sorted({*in_folders, *_single_files}))


def source(name: str) -> Path:
    """The file of a card.

    Raises
    ------
    InputError
        ``card must be one of ..., got 'cosnet'; did you mean 'cos_net'?``
    """
    _join_installed()
    if name in _single_files:
        return _single_files[name]
    for folder in __path__:
        file = Path(folder) / f"{name}.py"
        if name.isidentifier() and file.is_file():
            return file
    close = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise InputError(f"card must be one of {', '.join(names())}, got {name!r}{hint}")


def card(name: str) -> "type[Architecture]":
    """The class that a card declares.

    Raises
    ------
    InputError
        for an unknown name, or a file that does not declare exactly one architecture, or does not import.
    """
    from nnqft_ppl.theory.architecture import Architecture
    from nnqft_ppl.theory.values import import_from

    file = source(name)
    try:
        module = import_from(f"{__name__}.{name}", file)
    except ANY as error:
        hint = ""
        if isinstance(error, ImportError) and error.name == "nnqft_ppl":
            hint = "; what cards import is in nnqft_ppl.theory and nnqft_ppl.laws"
        place = f"{file}:{line}" if (line := line_in(error, str(file))) else file
        raise InputError(f"card {place} cannot be imported: {said(error)}{hint}") from error
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Architecture) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise InputError(f"card {file} must declare exactly one Architecture, got {len(found)}")
    return found[0]


def load(name: str, **hyperparameters: Any) -> "Architecture":
    """An instance of a card: ``load("cos_net", width=64, dim=2, sigma_b=1.3)``.

    Parameters
    ----------
    name
        Name of the card, one of `names`.
    **hyperparameters
        Values for the number of neurons ``width``, the dimension of space ``dim`` and the card's own hyperparameters;
        those left out keep their defaults. Lengths are in units of 1/m.

    Returns
    -------
    A theory phi(x) = sum_i a_i h_i(x), (1), with its hyperparameters for attributes. It is a NumPyro program, which at
    points (P, d) draws all parameters and records the field ``phi``.

    Raises
    ------
    InputError
        for an unknown card or hyperparameter, or a value outside its range.

    Examples
    --------
    >>> net = nq.load("cos_net", width=10, dim=2)
    >>> net.width, net.sigma_a
    (10, 1.0)
    >>> float(net.two_point([0.0, 0.0], [0.0, 0.0]))  # sigma_a^2/2, (S11)
    0.5
    >>> nq.load("cos_net", sigmab=1.3)
    Traceback (most recent call last):
        ...
    nnqft_ppl.runtime.errors.InputError: CosNet: hyperparameter must be one of ... did you mean 'sigma_b'?
    """
    from nnqft_ppl.theory.ranges import field_types

    cls = card(name)
    known = list(field_types(cls))
    for field in hyperparameters:
        check_name(cls.__name__, field, known)
    return cls(**hyperparameters)


def check_name(owner: str, field: str, known: Sequence[str]) -> None:
    """`InputError` for a hyperparameter that a card does not have."""
    if field not in known:
        close = difflib.get_close_matches(field, known, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"{owner}: hyperparameter must be one of {', '.join(known)}, got {field!r}{hint}")


def add(path: str | Path) -> tuple[str, ...]:
    """Let a folder of cards, or the file of one card, join the catalogue; returns the names that it brings.

    Raises
    ------
    InputError
        where nothing is there, or a card would hide one that is already known.
    """
    path = Path(path).resolve()
    if path.is_dir():
        files = sorted(path.glob("[!_]*.py"))
    elif path.is_file() and path.suffix == ".py" and path.stem.isidentifier():
        files = [path]
    elif not path.exists():
        raise InputError(f"cards: there is no file or folder {str(path)!r}")
    else:
        raise InputError(f"cards must be a folder or a .py file with an identifier for a name, got {str(path)!r}")
    brought = tuple(file.stem for file in files)
    for file in files:
        if file.stem in names() and source(file.stem) != file:
            raise InputError(f"card {file} must have a name of its own: {source(file.stem)} has it already")
    if path.is_file() and path.stem not in names():
        _single_files[path.stem] = path
    elif path.is_dir() and str(path) not in __path__:
        __path__.append(str(path))
        importlib.invalidate_caches()
    return brought


def _join_installed() -> None:
    """Let the cards of installed packages join, once; what cannot join is one warning, and the others do."""
    while _offers:
        for offer in sorted(entry_points(group=_offers.pop()), key=str):  # popped first, as `add` asks for names
            owner = f" of {offer.dist.name}" if offer.dist else ""
            try:
                found = importlib.util.find_spec(offer.module)
                if found is None:
                    raise InputError(f"module {offer.module!r} is not found")
                for place in found.submodule_search_locations or [found.origin or ""]:
                    add(place)
            except ANY as error:
                words = str(error) if isinstance(error, InputError) else said(error)
                warnings.warn(f"the cards {offer.name!r}{owner} are left out: {words}", stacklevel=3)
