"""Plans: a verb, a theory, a grid, seeds and options, read whole and checked before any work.

A grid is a table of lists, of which every combination is meant; or several such tables, one after another.
"""

import difflib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl import models
from nnqft_ppl.reports.provenance import theory_of
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import read_text
from nnqft_ppl.runtime.seeds import check_seed
from nnqft_ppl.runtime.toml import read_json, read_toml
from nnqft_ppl.sweeps.cells import Cell, cell_of
from nnqft_ppl.sweeps.options import Source
from nnqft_ppl.sweeps.verbs import VERBS
from nnqft_ppl.text import theory_in, to_json
from nnqft_ppl.theory.amplitudes import AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, Model
from nnqft_ppl.theory.description import entries, table
from nnqft_ppl.theory.ranges import checked, field_types


class Plan(NamedTuple):
    """The cells of a sweep, in the order in which they are computed, and what a cluster is asked for."""

    cells: tuple[Cell, ...]
    cluster: dict[str, Any]


def read_plan(path: Path) -> Plan:
    """The plan of a file in TOML; files that it names are relative to its folder."""
    text = read_text(path, "plan")
    try:
        return planned(read_toml(text, "plan"), path.parent)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error


def planned(content: dict[str, Any], folder: Path = Path()) -> Plan:
    """The plan that a dictionary says: its cells, each of them once, in the order of the grid."""
    content = entries("plan", content, ("verb",), ("theory", "grid", "seeds", "options", "cluster"))
    verb = content["verb"]
    if verb not in VERBS:
        raise InputError(f"verb must be one of {', '.join(VERBS)}, got {verb!r:.80}{_meant(verb, VERBS)}")
    seeds = _listed("seeds", content.get("seeds", [0]))
    for seed in seeds:
        check_seed(seed)
    base, given = _theory(content.get("theory", {}), folder), table("options", content.get("options", {}))
    _check_options(verb, given)
    cells: dict[str, Cell] = {}
    read: dict[str, dict[str, Any]] = {}  # points of a file are read once
    grids = content.get("grid", {})
    for grid in grids if isinstance(grids, list) and grids else [grids]:
        for said, values in _combinations(table("grid", grid)):
            model, rest = _model(verb, base, values, folder)
            key = json.dumps(rest, sort_keys=True, default=repr)
            if key not in read:
                read[key] = _options(verb, given | rest, folder)
            options = read[key]
            VERBS[verb].check(model, options)
            text = json.dumps(options, sort_keys=True)
            for seed in seeds:
                cell = cell_of(verb, model, text, seed, [*said, *([f"seed={seed}"] if len(seeds) > 1 else [])])
                cells.setdefault(cell.name, cell)
    return Plan(tuple(cells.values()), table("cluster", content.get("cluster", {})))


# -- parts of a plan ---------------------------------------------------------------------------------------------------


def _theory(given: Any, folder: Path) -> dict[str, Any]:
    """What a theory says as a dictionary, which may leave the card to the grid."""
    if isinstance(given, str):
        given = theory_of(folder / given)
        if isinstance(given, dict):
            raise InputError(
                f"theory: the file must have one theory, got {', '.join(given)}; give the card in the grid"
            )
    if isinstance(given, Architecture | Conditioned):
        return read_json(to_json(given))
    content = dict(table("theory", given))
    if "file" in content and "card" not in content:
        content["card"] = models.add(folder / str(content.pop("file")))[0]
    return content


def _combinations(grid: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Every combination of the values of a grid, with words for those that vary."""
    axes = {name: _listed(f"grid.{name}", value) for name, value in grid.items()}
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        yield [f"{name}={_brief(chosen[name])}" for name in axes if len(axes[name]) > 1 and name != "card"], chosen


def _listed(label: str, value: Any) -> list[Any]:
    """The values of an axis, of which one may stand alone."""
    if isinstance(value, np.ndarray | range | tuple):
        value = list(value)
    found = value if isinstance(value, list) else [value]
    if not found:
        raise InputError(f"{label} must have at least one value, got none")
    return [one.item() if isinstance(one, np.generic) else one for one in found]


def _brief(value: Any) -> str:
    words = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return words if len(words) <= 40 else f"{words[:40]}..."


def _model(verb: str, base: dict[str, Any], values: dict[str, Any], folder: Path) -> tuple[Model, dict[str, Any]]:
    """The theory of a combination, and those of its values that are options of the verb."""
    card = values.get("card", base.get("card"))
    if not isinstance(card, str):
        raise InputError(f"theory: card must be a card's name, got {card!r:.80}; see `nnqft list`")
    cls = models.card(card)
    known, options = field_types(cls), VERBS[verb].options
    chosen, nested, rest = {}, {}, {}
    for name, value in values.items():
        outer, dot, inner = name.partition(".")
        if name in known:
            chosen[name] = value
        elif dot and outer in known:
            nested.setdefault(outer, {})[inner] = str(value)
        elif name in options:
            rest[name] = value
        elif name != "card":
            every = ["card", *known, *options]
            raise InputError(
                f"grid: key must be card, a hyperparameter of {cls.__name__} or an option of {verb}: "
                f"{', '.join(every)}, got {name!r}{_meant(name, every)}"
            )
    here = table("hyperparameters", base.get("hyperparameters", {})) | chosen
    for outer, settings in nested.items():
        label = f"{cls.__name__}: {outer}"
        law = here.get(outer, cls.__dataclass_fields__[outer].default)
        law = checked(label, known[outer], law) if isinstance(law, str) else law
        if not isinstance(law, AmplitudeLaw):
            raise InputError(
                f"grid: {outer}.{next(iter(settings))} goes with an amplitude law by its name, got {law!r}"
            )
        here[outer] = law.with_settings(label, settings)
    return theory_in(base | {"card": card, "hyperparameters": here}, folder), rest


def _check_options(verb: str, given: dict[str, Any]) -> None:
    known = VERBS[verb].options
    for name in given:
        if name not in known:
            raise InputError(
                f"options: key of {verb} must be one of {', '.join(known) or 'none'}, got {name!r}{_meant(name, known)}"
            )


def _options(verb: str, given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Every option of a verb, as given or by default."""
    found: dict[str, Any] = {}
    for name, option in VERBS[verb].options.items():
        value = _plain(given[name]) if name in given else None
        found[name] = option.default if value is None else option.read(name, value, Source(folder, found))
    return found


def _plain(value: Any) -> Any:
    """Lists and numbers of Python's for those of NumPy, and paths as texts."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple | range):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _meant(name: Any, known: Any) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
