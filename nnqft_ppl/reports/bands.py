"""The field of a posterior in the units of its data: where it is drawn, its bands, and its limit at infinite width."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from xarray import DataTree

from nnqft_ppl.inference.data import LEVELS, Data
from nnqft_ppl.inference.gaussian_process import likeliest_noise, limit_posterior
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned


def field_grid(data: Data) -> Any:
    """Where the field is drawn: a fine line or a square lattice about the points, or the points in more dimensions."""
    low, high = data.x.min(axis=0), data.x.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    if data.x.shape[1] == 1:
        return np.linspace(low - margin, high + margin, 161)
    if data.x.shape[1] > 2:
        return data.x
    axes = np.linspace(low - margin, high + margin, 21).T
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def field_bands(tree: DataTree, data: Data, grid: Any) -> pd.DataFrame:
    """Mean, standard deviation and quantiles of the field at every point, in the units of the file."""
    phi = data.to_values(tree["posterior/phi"].to_numpy().reshape(-1, len(grid)))
    table = pd.DataFrame(dict(zip(data.x_name, np.asarray(grid).T, strict=True)))
    table["mean"], table["sd"] = phi.mean(axis=0), phi.std(axis=0, ddof=1)
    for level in LEVELS:
        table[f"q{level:g}"] = np.quantile(phi, level, axis=0)
    return table


def with_dates(bands: pd.DataFrame, data: Data) -> pd.DataFrame:
    """The bands with dates where the file has dates."""
    return bands.assign(**{name: data.axis(bands[name].to_numpy(), k) for k, name in enumerate(data.x_name)})


def limit_band(net: Architecture, data: Data, grid: Any, tree: DataTree, noise: float | None) -> Any:
    """Mean and deviation of the infinite-width process at the posterior mean of what was inferred, or None."""
    from nnqft_ppl.inference.gaussian_process import limit_posterior
    from nnqft_ppl.runtime.errors import NoClosedForm

    means = {str(name): float(v.mean()) for name, v in tree["posterior"].data_vars.items() if v.ndim == 2}
    known = data.errors if data.errors is not None else (noise or 0.0) / data.y_scale
    sigma = means.get("noise", known)
    hyper: Any = {name: value for name, value in means.items() if name not in ("noise", "action")}
    try:
        net = dataclasses.replace(net, **hyper)
        limit = limit_posterior(net, data.points, data.values, sigma, data.to_points(grid))
    except (InputError, NoClosedForm):
        return None
    return data.to_values(limit.mean), data.y_scale * np.sqrt(np.diag(limit.covariance))


def first_number(model: Conditioned, data: Data, noise: float | None) -> str:
    """What is exact, and so known at once: the posterior at infinite width; empty where it is no Gaussian process."""
    if model.sources or model.actions:
        return ""
    known = data.errors if noise is None else noise / data.y_scale
    centre = data.to_points(data.x_centre[None])
    try:
        sigma = likeliest_noise(model.net, data.points, data.values) if known is None else known
        limit = limit_posterior(model.net, data.points, data.values, sigma, centre)
    except (InputError, NoClosedForm):
        return ""
    value, deviation = data.to_values(limit.mean)[0], data.y_scale * float(np.sqrt(limit.covariance[0, 0]))
    place = ", ".join(f"{name} = {v}" for name, v in zip(data.x_name, _centre_words(data), strict=True))
    assumed = f", with noise {sigma * data.y_scale:.4g}, of most evidence" if known is None else ""
    return f"at N = infinity, exactly: {data.y_name} = {value:.4g} +- {deviation:.2g} at {place}{assumed}"


def _centre_words(data: Data) -> list[str]:
    """The centre of the points, dates where the file has dates."""
    return [str(data.axis(centre, k)) if data.dated[k] else f"{centre:.6g}" for k, centre in enumerate(data.x_centre)]
