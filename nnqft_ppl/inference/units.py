"""Results in the units of the data that they came from, keyed by the points and not by their number."""

import math
from typing import Any

import numpy as np
import pandas as pd
from xarray import DataTree

from nnqft_ppl.inference.data import LEVELS, Data
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.sampling.diagnostics import summarise

FIELDS, OBSERVED = ("phi", "y"), ("point", "observation")


def tree_in_units(tree: DataTree, data: Data, places: Array) -> DataTree:
    """A posterior's tree with field, values and noise in the units of the data; points get their own coordinates.

    The log likelihood is that of values in these units, and so is the action. Hyperparameters of the theory stay in
    standardised units, which the attribute ``standardisation`` gives.
    """
    change = {
        "phi": data.to_values,
        "y": data.to_values,
        "noise": lambda noise: data.y_scale * noise,
        "action": lambda action: action + data.y.size * math.log(data.y_scale),
        "points": lambda _: places,
        "observed_points": lambda _: data.x,
    }
    log_density = {"y": lambda log_y: log_y - math.log(data.y_scale)}
    coordinates = {
        "point": data.keys(places),
        "observation": data.keys(data.x),
        "axis": {"axis": list(data.x_name)},
        "component": {"component": list(data.y_name)},
    }
    result: Any = tree.copy()
    for name, group in tree.children.items():
        found = group.to_dataset()
        for variable, how in (log_density if name == "log_likelihood" else change).items():
            if variable in found:
                found[variable] = found[variable].copy(data=how(found[variable].to_numpy()))
        for dim, columns in coordinates.items():
            if dim in found.dims and (dim not in OBSERVED or not set(OBSERVED) <= set(found.dims)):
                found = found.assign_coords({key: (dim, value) for key, value in columns.items()})
        result[name] = DataTree(found)
    result.attrs["standardisation"] = (
        f"x = {data.x_centre.tolist()} + {data.x_scale!r} x_std; "
        f"y = {np.asarray(data.y_centre).tolist()} + {data.y_scale!r} y_std"
    )
    return result


def summary_in_units(summary: pd.DataFrame, tree: DataTree, data: Data, places: Array) -> pd.DataFrame:
    """A posterior's summary for its tree in the units of the data: rows of phi and phi^2 have the point's columns.

    Effective sizes and R-hat of what is scaled and shifted stay as they are; those of phi^2 are found anew.
    """
    size, shift = pd.Series(1.0, summary.index), pd.Series(0.0, summary.index)
    quantity, components = summary["quantity"], len(data.y_name)
    place, component = np.divmod(summary["index"], components)
    of_field = quantity.isin(("phi", "phi^2"))
    phi = quantity == "phi"
    size[phi | (quantity == "noise")] = data.y_scale
    shift[phi] = np.broadcast_to(data.y_centre, components)[component[phi]]
    shift[quantity == "action"] = data.y.size * math.log(data.y_scale)
    result = summary.drop(columns="index")
    result["mean"] = shift + size * result["mean"]
    result["sd"], result["mcse"] = size * result["sd"], size * result["mcse"]
    square = summarise({"phi^2": tree["posterior/phi"].to_numpy() ** 2}).drop(columns="index")
    result.loc[quantity == "phi^2", square.columns] = square.to_numpy()
    at = {name: pd.Series(column[place], summary.index).where(of_field) for name, column in data.keys(places).items()}
    if components > 1:
        at["component"] = pd.Series(np.array(data.y_name)[component], summary.index).where(of_field)
    for position, (name, column) in enumerate(at.items(), 1):
        result.insert(position, name, column)
    return result


def rows_of(data: Data, places: Array) -> pd.DataFrame:
    """The columns that name points (Q, d): one row for each point, or for each component of each point."""
    components = len(data.y_name)
    table = pd.DataFrame({name: np.repeat(column, components) for name, column in data.keys(places).items()})
    if components > 1:
        table["component"] = np.tile(data.y_name, len(places))
    return table


def bands(tree: DataTree, data: Data, places: Array) -> pd.DataFrame:
    """Mean, deviation and quantiles of the field at points (Q, d), of a tree in the units of the data.

    One row for each point, or for each component of each point.
    """
    phi = tree["posterior/phi"].to_numpy()
    phi = phi.reshape(-1, *phi.shape[2:])
    table = rows_of(data, places)
    table["mean"], table["sd"] = phi.mean(axis=0).ravel(), phi.std(axis=0, ddof=1).ravel()
    for level in LEVELS:
        table[f"q{level:g}"] = np.quantile(phi, level, axis=0).ravel()
    return table
