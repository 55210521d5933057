"""Theories as text: `to_toml` and `from_toml`, `to_json` and `from_json`, by one dictionary between them.

A text has the entry ``card``, a name, or ``file``, the path of a card of the user's own, which reading it runs; and the
tables ``hyperparameters``, ``give_laws``, ``observe``, ``[[deform]]`` and ``[[add_source]]``, and ``collapse``. What is
left out of ``hyperparameters`` keeps its default; so does, in what is written, a spectrum that is the card's own.
"""

import sys
from pathlib import Path
from typing import Any

from nnqft_ppl import models
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import read_text
from nnqft_ppl.runtime.toml import read_json, read_toml, written_json, written_toml
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.compose import Composed
from nnqft_ppl.theory.conditioned import Model
from nnqft_ppl.theory.description import described, entries, hyperparameters, transformed

_TABLES = ("hyperparameters", "give_laws", "observe", "deform", "add_source", "collapse")


def to_toml(model: Model) -> str:
    """A theory as TOML, from which `from_toml` makes the same theory again, to the last digit.

    It says P(theta) of (4) by the card and its hyperparameters, and the factors that transforms put beside it.

    Parameters
    ----------
    model
        A theory, or what `observe`, `deform`, `add_source`, `collapse` and `give_laws` made of it.

    Returns
    -------
    The text: ``card``, or ``file`` for a card that was added by its file alone, every hyperparameter and every
    transform, arrays included.

    Raises
    ------
    InputError
        for an action that is a Python function, a law that has no name, or a class that is in no card's file.

    Examples
    --------
    >>> net = nq.load("line", mean=0.5)
    >>> print(nq.to_toml(nq.deform(net, "0.1*phi^4", [[2.0]])))
    card = "line"
    <BLANKLINE>
    [hyperparameters]
    width = 1
    dim = 1
    mean = 0.5
    sigma = 1.0
    <BLANKLINE>
    [[deform]]
    action = "0.1*phi^4"
    points = [
        [2.0],
    ]
    weights = [1.0]
    <BLANKLINE>
    """
    return written_toml(_content(model))


def from_toml(text: str) -> Model:
    """The theory that a text in TOML says, its P(theta) of (4) and the factors beside it.

    Files that the text names are relative to the current folder. A text that names the ``file`` of a card runs it.

    Parameters
    ----------
    text
        TOML. ``observe`` has ``points``, ``values`` and ``noise``, or takes them from the columns ``x``, ``y`` and
        ``y_error`` of a ``file``, in its units; ``spectrum`` is ``{file = "p_G.csv"}`` or ``{p = [...], G = [...]}``;
        an amplitude law is its name, ``"bimodal:mu=1.0"``, or a table; other laws are tables,
        ``{law = "LogNormal", loc = 0.0, scale = 1.0}``.

    Returns
    -------
    A theory, as `load` and the transforms return it.

    Raises
    ------
    InputError
        one line for a text that is no TOML, an unknown or missing key, or what `load` or a transform refuses.

    Examples
    --------
    >>> net = nq.from_toml('card = "cos_net"\\nhyperparameters = {width = 10, amplitude = "laplace"}')
    >>> net == nq.load("cos_net", width=10, amplitude=nq.Laplace())
    True
    >>> nq.from_toml(nq.to_toml(net)) == net
    True
    """
    return theory_in(read_toml(text))


def to_json(model: Model) -> str:
    """A theory as JSON, from which `from_json` makes the same theory again, to the last digit.

    The same entries as in `to_toml`: P(theta) of (4) and the factors beside it.

    Parameters
    ----------
    model
        A theory, or what `observe`, `deform`, `add_source`, `collapse` and `give_laws` made of it.

    Returns
    -------
    The text, one line. JSON has no infinity: it is ``"inf"``.

    Raises
    ------
    InputError
        as of `to_toml`.

    Examples
    --------
    >>> nq.to_json(nq.load("line"))
    '{"card": "line", "hyperparameters": {"width": 1, "dim": 1, "mean": 1.0, "sigma": 1.0}}'
    """
    return written_json(_content(model))


def from_json(text: str) -> Model:
    """The theory that a text in JSON says, its P(theta) of (4) and the factors beside it.

    Parameters
    ----------
    text
        JSON with the entries of `from_toml`.

    Returns
    -------
    A theory, as `load` and the transforms return it.

    Raises
    ------
    InputError
        as of `from_toml`.

    Examples
    --------
    >>> nq.from_json('{"card": "line", "hyperparameters": {"mean": 0.5}}') == nq.load("line", mean=0.5)
    True
    """
    return theory_in(read_json(text))


def read_theory(path: Path) -> Model:
    """The theory of a file ``.toml`` or ``.json``; files that it names are relative to its folder."""
    text = read_text(path, "theory file")
    try:
        return theory_in(read_json(text) if path.suffix == ".json" else read_toml(text), path.parent)
    except InputError as error:
        raise InputError(f"theory file {str(path)!r}: {error}") from error


def told(model: Model) -> dict[str, str]:
    """The text of a theory for the provenance of a table or tree, or why it has none: no result is lost to it."""
    try:
        return {"text": to_toml(model)}
    except InputError as error:
        return {"no_text": str(error)}


def theory_in(content: dict[str, Any], folder: Path = Path()) -> Model:
    """The theory that a dictionary says; files are relative to `folder`."""
    content = entries("theory", content, (), ("card", "file", *_TABLES))
    if ("card" in content) == ("file" in content):
        raise InputError(f"theory: it must have one of card and file, got {', '.join(content) or 'nothing'}")
    key = "card" if "card" in content else "file"
    if not isinstance(content[key], str):
        raise InputError(f"theory: {key} must be a text, got {content[key]!r:.80}")
    name = content["card"] if key == "card" else models.add(folder / content["file"])[0]
    try:
        values = hyperparameters(models.card(name), content.get("hyperparameters", {}), folder)
        return transformed(models.load(name, **values), content, folder)
    except OverflowError as error:
        raise InputError(f"theory: numbers must fit in double precision: {error}") from error


def _content(model: Model) -> dict[str, Any]:
    return {**_card(model if isinstance(model, Architecture) else model.net), **described(model)}


def _card(net: Architecture) -> dict[str, str]:
    """Its name, where a folder of cards has it, or its file."""
    cls = type(net)
    if cls is Composed:
        raise InputError("compose: a theory on a Python function g has no text; keep the program that composes it")
    package, _, name = cls.__module__.rpartition(".")
    if package != models.__name__:
        raise InputError(
            f"{cls.__name__} has no text, as it is in no card's file; put it into a file of its own for `models.add`"
        )
    file = Path(str(sys.modules[cls.__module__].__file__)).resolve()
    in_folder = str(file.parent) in {str(Path(folder).resolve()) for folder in models.__path__}
    return {"card": name} if in_folder else {"file": str(file)}
