"""Pictures of a posterior beside its data: bands on a line, maps of mean and deviation in the plane."""

from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl.inference.data import Data
from nnqft_ppl.reports.figures import COLOURS, SMALL, panels
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.architecture import Architecture

BLUE, VERMILION = COLOURS[:2]
FEW = 30  # points that are no curve


def plot_posterior(
    net: Architecture,
    data: Data,
    bands: pd.DataFrame,
    limit: tuple[Array, Array] | None,
    values: Array,
    *,
    ax: Any = None,
    width: float | None = None,
) -> list[Any]:
    """Data, the posterior's 50 % and 95 % bands, and the infinite-width process; a panel for each component.

    `bands` is a table of `inference.units`, `limit` the mean and deviation (Q,) or (Q, D) of the process if there is
    one, and `values` (draw, P) or (draw, P, D) are posterior predictive at the data, with the noise: their 95 % band.
    All are in the units of the data.
    """
    (name,), count = data.x_name, len(data.y_name)
    order, at = np.argsort(data.x[:, 0], kind="stable"), data.axis(data.x[:, 0])
    low, high = (q.reshape(-1, count) for q in np.quantile(values, [0.025, 0.975], axis=0))
    with panels(ax, count, natural=8.4, ratio=0.48 if count == 1 else 0.4, legend=0.55, width=width) as axes:
        for k, (one, y_name) in enumerate(zip(axes, data.y_name, strict=True)):
            band: Any = bands if count == 1 else bands[bands["component"] == y_name]
            band = band.sort_values(name)
            x, place = band[name].to_numpy(), np.argsort(bands[name].to_numpy()[::count], kind="stable")
            seen = data.y.reshape(-1, count)[:, k]
            one.fill_between(at[order], low[order, k], high[order, k], color="0.9", lw=0, label="values, 95 %")
            few = len(x) < FEW  # between which nothing is known
            for low_level, high_level, words, shade in (
                ("q0.025", "q0.975", "95 %", 0.2),
                ("q0.25", "q0.75", "50 %", 0.4),
            ):
                between: Any = {"color": BLUE, "alpha": shade, "label": f"field, {words}"}
                bars = one.vlines if few else one.fill_between
                bars(x, band[low_level], band[high_level], lw=5 if few else 0, **between)
            one.plot(x, band["mean"], "_" if few else "-", color=BLUE, ms=8, label=f"mean, N = {net.width}")
            if limit is not None and not few:
                mean, deviation = (part.reshape(-1, count)[place, k] for part in limit)
                one.plot(x, mean, color="0.15", ls="--", lw=1.1, label="N → ∞: mean and 95 %")
                for sign in (-1.96, 1.96):
                    one.plot(x, mean + sign * deviation, color="0.15", ls=":", lw=0.9)
            marks: Any = {"ms": 3, "color": VERMILION, "label": "data"}
            if data.y_error is None:
                one.plot(at, seen, "o", **marks)
            else:
                one.errorbar(at, seen, data.y_error, fmt="o", lw=0.9, **marks)
            one.set(xlabel=name, ylabel=y_name)
            if data.dated[0]:
                _date(one.xaxis)
            if ax is None:
                one.label_outer()
        narrow = axes[0].bbox.width < SMALL * axes[0].figure.dpi
        axes[0].legend(ncols=2 if narrow else 3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return axes


def plot_posterior_map(data: Data, bands: pd.DataFrame, *, ax: Any = None, width: float | None = None) -> list[Any]:
    """Maps of the posterior's mean, with the data in the same colours, and of its deviation, for each component.

    Points that are no lattice are shown as squares, as nothing is known between them.
    """
    east, north = data.x_name
    sides = [len(np.unique(bands[name])) for name in data.x_name]
    lattice = len(bands) == len(data.y_name) * sides[0] * sides[1] and min(sides) > 1
    with panels(ax, 2 * len(data.y_name), columns=2, natural=9.6, ratio=0.85, width=width) as axes:
        for k, y_name in enumerate(data.y_name):
            band: Any = bands if len(data.y_name) == 1 else bands[bands["component"] == y_name]
            seen = data.y.reshape(len(data.y), -1)[:, k]
            low, high = min(band["mean"].min(), seen.min()), max(band["mean"].max(), seen.max())
            pair: list[Any] = axes[2 * k : 2 * k + 2]
            for one, column, limits in zip(pair, ("mean", "sd"), ((low, high), (0.0, band["sd"].max())), strict=True):
                colours: Any = {"cmap": "viridis", "vmin": limits[0], "vmax": limits[1]}
                where: Any = [_numbers(data, band, j) for j in range(2)]
                if lattice:
                    field = one.tripcolor(
                        *where, band[column].to_numpy(), shading="gouraud", rasterized=True, **colours
                    )
                else:
                    field = one.scatter(*where, c=band[column], marker="s", s=30, **colours)
                dots = {"c": seen, **colours} if column == "mean" else {"color": "white"}
                one.scatter(
                    *(_numbers(data, data.keys(data.x), j) for j in range(2)),
                    s=22,
                    edgecolors="black",
                    linewidths=0.6,
                    **dots,
                )
                one.set(xlabel=east, ylabel=north, aspect="equal")
                for axis, dated in zip((one.xaxis, one.yaxis), data.dated, strict=True):
                    if dated:
                        _date(axis)
                one.figure.colorbar(field, ax=one, label=f"{column} of {y_name}")
    return axes


def _numbers(data: Data, columns: Any, k: int) -> Array:
    """The k-th coordinates of points as matplotlib's numbers, which triangles need where the file has dates."""
    from matplotlib.dates import date2num

    found = np.asarray(columns[data.x_name[k]])
    return date2num(found) if data.dated[k] else found


def _date(axis: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axis.set_major_locator(locator := AutoDateLocator(maxticks=7))
    axis.set_major_formatter(ConciseDateFormatter(locator))
