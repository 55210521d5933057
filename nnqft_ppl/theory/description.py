"""A theory as plain data, numbers, texts, lists and dictionaries, and back: hyperparameters, laws and transforms."""

import difflib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpyro.distributions as dist

from nnqft_ppl.laws.spectrum import CELLS, Spectrum
from nnqft_ppl.runtime.arrays import finite
from nnqft_ppl.runtime.columns import are_dates, days, numbers, read_columns
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid
from nnqft_ppl.theory.amplitudes import NAMED_LAWS, AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned
from nnqft_ppl.theory.expressions import Expression
from nnqft_ppl.theory.ranges import Finite, Positive, checked, field_types
from nnqft_ppl.theory.transforms import add_source, collapse, deform, give_laws, observe

#: NumPyro's laws that have a name in a text, with the ranges of their parameters.
LAWS: dict[str, dict[str, Any]] = {
    "Normal": {"loc": Finite, "scale": Positive},
    "LogNormal": {"loc": Finite, "scale": Positive},
    "HalfNormal": {"scale": Positive},
    "HalfCauchy": {"scale": Positive},
    "Uniform": {"low": Finite, "high": Finite},
    "Gamma": {"concentration": Positive, "rate": Positive},
    "InverseGamma": {"concentration": Positive, "rate": Positive},
    "Exponential": {"rate": Positive},
    "Beta": {"concentration1": Positive, "concentration0": Positive},
}


def described(model: Architecture | Conditioned) -> dict[str, Any]:
    """Hyperparameters and transforms of a theory; the card is for `models` to name.

    Raises
    ------
    InputError
        for an action that is a function of Python's, or a law or hyperparameter of a type that has no text.
    """
    if isinstance(model, Architecture):
        return {"hyperparameters": _hyperparameters(model)}
    found: dict[str, Any] = {"collapse": True} if model.collapsed else {}
    found["hyperparameters"] = _hyperparameters(model.net)
    if model.unknown:
        found["give_laws"] = {name: _law(law, name) for name, law in model.unknown}
    if model.observation is not None:
        points, values, noise = model.observation
        noise = _law(noise, "noise") if isinstance(noise, dist.Distribution) else np.asarray(noise).tolist()
        found["observe"] = {"points": _points(points), "values": _list(values), "noise": noise}
    for action in model.actions:
        if not isinstance(action.potential, Expression):
            raise InputError(
                "deform: an action that is a Python function has no text; give it as an expression: "
                'deform(net, "0.1*phi^4", points)'
            )
        one = {"action": action.potential.text, "points": _points(action.points), "weights": _list(action.weights)}
        found.setdefault("deform", []).append(one)
    for source in model.sources:
        one = {"points": _points(source.points), "source": _list(source.strength)}
        found.setdefault("add_source", []).append(one)
    return found


def hyperparameters(cls: type[Architecture], values: Any, folder: Path) -> dict[str, Any]:
    """The hyperparameters of a card from plain data; files are relative to `folder`."""
    values, hints = table("hyperparameters", values), field_types(cls)
    found = {}
    for name, value in values.items():
        label, hint = f"{cls.__name__}: {name}", hints.get(name)
        if hint is Spectrum:
            found[name] = _spectrum(label, value, folder)
        elif isinstance(value, dict):
            found[name] = _amplitude_law(label, cls, value)
        elif value in ("inf", "-inf") and get_args(hint)[:1] == (float,):
            found[name] = float(value)  # JSON has no infinity
        else:
            found[name] = value
    return found


def transformed(net: Architecture, content: dict[str, Any], folder: Path) -> Architecture | Conditioned:
    """The net with the transforms that plain data ask for; errors name the transform, the rule and the value."""
    model: Architecture | Conditioned = net
    if "give_laws" in content:
        laws = table("give_laws", content["give_laws"])
        model = give_laws(model, **{name: _law_of(f"give_laws: {name}", law) for name, law in laws.items()})
    if "observe" in content:
        with _within("observe"):
            model = observe(model, **_observed(content["observe"], folder))
    for k, given in enumerate(_tables("deform", content)):
        label = f"deform {k + 1}"
        one = entries(label, given, ("action", "points"), ("weights",))
        if not isinstance(one["action"], str):
            raise InputError(f"{label}: action must be an expression, got {one['action']!r:.80}")
        with _within(label):
            model = deform(model, one["action"], _places(one["points"]), one.get("weights"))
    for k, given in enumerate(_tables("add_source", content)):
        label = f"add_source {k + 1}"
        one = entries(label, given, ("points", "source"), ())
        with _within(label):
            model = add_source(model, _places(one["points"]), one["source"])
    wanted = content.get("collapse", False)
    if not isinstance(wanted, bool):
        raise InputError(f"collapse must be true or false, got {wanted!r:.80}")
    return collapse(model) if wanted else model


def table(label: str, value: Any) -> dict[str, Any]:
    """`value`, if it is a table."""
    if not isinstance(value, dict):
        raise InputError(f"{label} must be a table, got {value!r:.80}")
    return value


def entries(label: str, value: Any, needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    """`value`, if it is a table with these keys and no others."""
    found, known = table(label, value), (*needed, *optional)
    for key in found:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(f"{label}: key must be one of {', '.join(known)}, got {key!r}{hint}")
    for key in needed:
        if key not in found:
            raise InputError(f"{label}: {key} must be there, got {', '.join(found) or 'nothing'}")
    return found


# -- helpers -----------------------------------------------------------------------------------------------------------


@contextmanager
def _within(label: str) -> Iterator[None]:
    """Errors say in which part of the text."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(label) else f"{label}: {error}") from error


def _tables(name: str, content: dict[str, Any]) -> list[Any]:
    value = content.get(name, [])
    if not isinstance(value, list):
        raise InputError(f"{name} must be a list of tables, [[{name}]], got {value!r:.80}")
    return value


def _points(points: Any) -> list[Any] | dict[str, Any]:
    """Points one by one; a grid by its axes, or by its period."""
    if not isinstance(points, Grid):
        return _list(points)
    if points.period is not None:
        return {"period": points.period, "count": points.counts[0], "dim": points.dim}
    return {"axes": [list(axis) for axis in zip(points.lower, points.upper, points.counts, strict=True)]}


def _places(value: Any) -> Any:
    """The same, read."""
    if not isinstance(value, dict):
        return value
    if "period" in value:
        return Grid.torus(**entries("points", value, ("period", "count"), ("dim",)))
    return Grid(*entries("points", value, ("axes",), ())["axes"])


def _list(array: Any) -> list[Any]:
    return np.asarray(array).tolist()


def _hyperparameters(net: Architecture) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(net):
        value = getattr(net, field.name)
        if isinstance(value, AmplitudeLaw):
            names = {law: name for name, law in NAMED_LAWS.items()}
            name = names.get(type(value), type(value).__name__)
            if type(value) not in names and getattr(sys.modules[type(net).__module__], name, None) is not type(value):
                raise InputError(
                    f"{type(net).__name__}: {field.name} {name} has no text; declare it in the file of the card"
                )
            found[field.name] = {"law": name, **{f.name: getattr(value, f.name) for f in fields(value)}}
        elif isinstance(value, Spectrum):
            if value != field.default:  # 4097 numbers, which the card knows
                found[field.name] = {f.name: getattr(value, f.name) for f in fields(value)}
                found[field.name]["logs"] = list(value.logs)
        elif isinstance(value, bool | int | float | str):
            found[field.name] = value
        else:
            raise InputError(f"{type(net).__name__}: {field.name} of type {type(value).__name__} has no text")
    return found


def _amplitude_law(label: str, cls: type[Architecture], value: dict[str, Any]) -> AmplitudeLaw:
    name = value.get("law")
    own = getattr(sys.modules[cls.__module__], name, None) if isinstance(name, str) else None
    law = NAMED_LAWS.get(str(name), own)
    if not (isinstance(law, type) and issubclass(law, AmplitudeLaw)):
        raise InputError(f"{label}.law must be one of {', '.join(NAMED_LAWS)}, got {name!r:.80}")
    values = entries(label, value, ("law",), tuple(field_types(law)))
    return law(**{key: one for key, one in values.items() if key != "law"})


def _spectrum(label: str, value: Any, folder: Path) -> Spectrum:
    """A spectrum by a CSV file, by rows ``p, G``, or by everything that it holds."""
    if isinstance(value, str):
        value = {"file": value}
    value = table(label, value)
    if "file" in value:
        path = entries(label, value, ("file",), ())["file"]
        return Spectrum.read(folder / _text(f"{label}.file", path))
    if "p" in value:
        rows = entries(label, value, ("p", "G"), ("label",))
        return Spectrum.of_rows(
            finite(rows["p"], f"{label}.p"), finite(rows["G"], f"{label}.G"), str(rows.get("label", "rows"))
        )
    parts = entries(label, value, ("label", "width", "end", "sharp", "logs"), ())
    logs = finite(parts["logs"], f"{label}.logs")
    width, end = (checked(f"{label}.{name}", Positive, parts[name]) for name in ("width", "end"))
    if logs.shape != (CELLS + 1,) or not isinstance(parts["sharp"], bool) or end < width:
        raise InputError(f"{label} must be what a theory's text says of a spectrum, got other numbers; give rows p, G")
    return Spectrum(_text(f"{label}.label", parts["label"]), width, end, parts["sharp"], tuple(logs.tolist()))


def _text(label: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{label} must be a text, got {value!r:.80}")
    return value


def _law(law: dist.Distribution, owner: str) -> dict[str, Any]:
    name = type(law).__name__
    if name not in LAWS or type(law) is not getattr(dist, name) or law.batch_shape:
        raise InputError(f"{owner}: its law must be one number's {', '.join(LAWS)} to have a text, got {name}")
    return {"law": name, **{key: float(getattr(law, key)) for key in LAWS[name]}}


def _law_of(label: str, value: Any) -> dist.Distribution:
    name = table(label, value).get("law")
    if not isinstance(name, str) or name not in LAWS:
        close = difflib.get_close_matches(str(name), LAWS, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"{label}: law must be one of {', '.join(LAWS)}, got {name!r:.80}{hint}")
    values = entries(label, value, ("law", *LAWS[name]), ())
    found = {key: checked(f"{label}: {key}", hint, values[key]) for key, hint in LAWS[name].items()}
    if name == "Uniform" and not found["low"] < found["high"]:
        raise InputError(f"{label}: high must be larger than low = {found['low']}, got {found['high']}")
    return getattr(dist, name)(**found)


def _observed(value: Any, folder: Path) -> dict[str, Any]:
    """Points, values and noise, inline or by the columns of a file."""
    if "file" not in table("observe", value):
        found = dict(entries("observe", value, ("points", "values", "noise"), ()))
        found["points"] = _places(found["points"])
    else:
        found = _columns(entries("observe", value, ("file", "x", "y"), ("y_error", "noise")), folder)
    if isinstance(found["noise"], dict):
        found["noise"] = _law_of("observe: noise", found["noise"])
    return found


def _columns(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    if ("y_error" in value) == ("noise" in value):
        raise InputError("observe: noise must be given by noise or by y_error, one of the two")
    data: Any = read_columns(folder / _text("observe: file", value["file"]), "data")

    def column(name: Any) -> Any:
        if not isinstance(name, str) or name not in data:
            raise InputError(f"observe: column must be one of {', '.join(map(str, data.columns))}, got {name!r:.80}")
        return days(data, name) if are_dates(data[name]) else numbers(data, name, "data")

    names = {key: value[key] if isinstance(value[key], list) else [value[key]] for key in ("x", "y")}
    points, values = (np.stack([column(name) for name in names[key]], axis=1) for key in ("x", "y"))
    noise = column(value["y_error"]) if "y_error" in value else value["noise"]
    return {"points": points, "values": values if isinstance(value["y"], list) else values[:, 0], "noise": noise}
