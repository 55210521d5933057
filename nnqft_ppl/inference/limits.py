"""The posterior at infinite width in the units of the data: exact, and so known before any draw."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm
from xarray import DataTree

from nnqft_ppl.inference.data import LEVELS, Data
from nnqft_ppl.inference.gaussian_process import likeliest_noise, limit_posterior
from nnqft_ppl.inference.units import rows_of
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned


class Band(NamedTuple):
    """Mean and standard deviation of a field at points, (Q,), or (Q, D) with D components."""

    mean: Array
    deviation: Array


def limit_band(model: Conditioned, data: Data, places: Array, tree: DataTree, noise: float | None) -> Band | None:
    """The infinite-width process at points (Q, d), at the posterior mean of what was inferred, if there is one.

    `tree` is the posterior in standardised units, and `noise` the known one in those of the data.
    """
    means = {str(name): float(v.mean()) for name, v in tree["posterior"].data_vars.items() if v.ndim == 2}
    known = data.errors if data.errors is not None else (noise or 0.0) / data.y_scale
    sigma = means.get("noise", known)
    hyper: Any = {name: value for name, value in means.items() if name not in ("noise", "action")}
    try:
        return _band(dataclasses.replace(_free(model), **hyper), data, places, sigma)
    except (InputError, NoClosedForm):
        return None


def limit_bands(model: Conditioned, data: Data, places: Array, noise: float | None) -> pd.DataFrame:
    """Mean, deviation and quantiles of the field at points (Q, d) at infinite width: the table of `units.bands`.

    Raises
    ------
    InputError
        for unknown hyperparameters, and as `limit_posterior` does.
    NoClosedForm
        for a theory with a source or an action, or whose components are not independent at infinite width.
    """
    if model.unknown:
        unknown = ", ".join(name for name, _ in model.unknown)
        raise InputError(f"the limit N -> infinity must have known hyperparameters, got laws of {unknown}")
    mean, deviation = (part.ravel() for part in _band(_free(model), data, places, _noise(model, data, noise)))
    table = rows_of(data, places)
    table["mean"], table["sd"] = mean, deviation
    for level in LEVELS:
        table[f"q{level:g}"] = mean + norm.ppf(level) * deviation
    return table


def _noise(model: Conditioned, data: Data, noise: float | None) -> Any:
    """The known noise in standardised units, or that of most evidence."""
    known = data.errors if noise is None else noise / data.y_scale
    return likeliest_noise(_free(model), data.points, data.values) if known is None else known


def first_number(model: Conditioned, data: Data, noise: float | None) -> str:
    """The field at the centre of the points at infinite width, in words; empty where it is no Gaussian process."""
    centre = data.x_centre[None]
    try:
        sigma = _noise(model, data, noise)
        mean, deviation = (part.ravel() for part in _band(_free(model), data, centre, sigma))
    except (InputError, NoClosedForm):
        return ""
    field = ", ".join(
        f"{name} = {value:.4g} +- {error:.2g}" for name, value, error in zip(data.y_name, mean, deviation, strict=True)
    )
    place = ", ".join(
        f"{name} = {value[0] if dated else f'{value[0]:.6g}'}"
        for (name, value), dated in zip(data.keys(centre).items(), data.dated, strict=True)
    )
    assumed = (
        f", with the noise that has most evidence, {sigma * data.y_scale:.4g}"
        if data.errors is None and noise is None
        else ""
    )
    return f"at N = infinity, exactly: {field} at {place}{assumed}"


def _free(model: Conditioned) -> Architecture:
    """The theory whose limit is known: without actions and sources, and with independent components of one kernel.

    These are what SO(D) makes of the components at infinite width.
    """
    net = model.net
    if model.sources or model.actions or (net.component_count > 1 and "SO(D)" not in net.claims):
        raise NoClosedForm(f"{type(net).__name__}: its infinite-width limit is no process of independent components")
    return net


def _band(net: Architecture, data: Data, places: Array, sigma: ArrayLike) -> Band:
    columns = np.reshape(data.values, (len(data.x), -1)).T
    limits = [limit_posterior(net, data.points, column, sigma, data.to_points(places)) for column in columns]
    mean = np.stack([one.mean for one in limits], axis=1)
    deviation = np.stack([np.sqrt(np.diag(one.covariance)) for one in limits], axis=1)
    if data.y.ndim == 1:
        mean, deviation = mean[:, 0], deviation[:, 0]
    return Band(data.to_values(mean), data.y_scale * deviation)
