"""Pictures of fields."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nnqft_ppl.correlation.design import Design, program_spectrum
from nnqft_ppl.correlation.sobol import envelope_of
from nnqft_ppl.inference.data import Data
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned

SHOWN = {1: 12, 2: 3}  # draws in a picture
EXTENT = 6.0  # half-width of the default grid, in units of 1/m


def grid(dim: int) -> Array:
    """The default points: 241 on a line, 64 x 64 on a plane, or 121 on the first axis of a larger space."""
    if dim == 2:
        axis = np.linspace(-EXTENT, EXTENT, 64)
        return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    x = np.zeros((241 if dim == 1 else 121, dim))
    x[:, 0] = np.linspace(-EXTENT, EXTENT, len(x))
    return x


def plot_fields(model: Model, points: Array, phi: Array, path: Path) -> None:
    """The first draws of a field, phi of shape (draws, P), as lines in d = 1 and as maps on a square grid in d = 2."""
    net = conditioned(model).net
    if net.dim > 2:
        raise InputError(f"a picture of fields must be of dim 1 or 2, got {net.dim}")
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        if net.dim == 1:
            figure = Figure(figsize=(7.2, 3.8), layout="constrained")
            axes = figure.subplots()
            order = np.argsort(points[:, 0])
            axes.plot(points[order, 0], phi[: SHOWN[1], order].T, alpha=0.8)
            axes.set(xlabel="x", ylabel="φ(x)", title=_title(model))
        else:
            figure = Figure(figsize=(9.6, 3.4), layout="constrained")
            shown = phi[: SHOWN[2]]
            limit = float(np.abs(shown).max())
            panels = figure.subplots(1, len(shown), squeeze=False)[0]
            for axes, draw in zip(panels, shown, strict=True):
                axes.tripcolor(
                    points[:, 0], points[:, 1], draw, shading="gouraud", cmap="RdBu_r", vmin=-limit, vmax=limit
                )
                axes.set(xlabel="$x_0$", ylabel="$x_1$", aspect="equal")
            figure.colorbar(panels[0].collections[0], ax=panels, label="φ(x)")
            figure.suptitle(_title(model))
        figure.savefig(path, dpi=160)


def plot_posterior(net: Architecture, data: Data, bands: pd.DataFrame, limit: Any, values: Array, path: Path) -> None:
    """Data, the posterior's 50 % and 95 % bands, and the infinite-width process (mean, deviation) if there is one.

    Of the posterior predictive values (draw, P) at the data, which have the noise too, the 95 % band.
    """
    import matplotlib as mpl
    import matplotlib.dates

    (name,) = data.x_name
    x, at = data.axis(bands[name].to_numpy()), data.axis(data.x[:, 0])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 4.2), layout="constrained")
        axes = figure.subplots()
        order, (low, high) = np.argsort(data.x[:, 0]), np.quantile(values, [0.025, 0.975], axis=0)
        axes.fill_between(at[order], low[order], high[order], color="0.93", lw=0, label="95 % of values")
        axes.fill_between(x, bands["q0.025"], bands["q0.975"], color="C0", alpha=0.18, lw=0, label="95 %")
        axes.fill_between(x, bands["q0.25"], bands["q0.75"], color="C0", alpha=0.35, lw=0, label="50 %")
        axes.plot(x, bands["mean"], color="C0", label=f"posterior mean, N = {net.width}")
        if limit is not None:
            mean, deviation = limit
            axes.plot(x, mean, color="0.15", ls="--", lw=1.1, label="N → ∞: mean and 95 %")
            for sign in (-1.96, 1.96):
                axes.plot(x, mean + sign * deviation, color="0.15", ls=":", lw=0.9)
        if data.y_error is None:
            axes.plot(at, data.y, "o", ms=3, color="C1", label="data")
        else:
            axes.errorbar(at, data.y, data.y_error, fmt="o", ms=3, lw=0.9, color="C1", label="data")
        axes.set(xlabel=name, ylabel=data.y_name, title=f"{type(net).__name__} given {len(data.y)} values")
        if data.dated[0]:
            axes.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
        axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.12))
        figure.savefig(path, dpi=160)


def plot_posterior_map(net: Architecture, data: Data, bands: pd.DataFrame, path: Path) -> None:
    """Maps of the posterior's mean, with the data in the same colours, and of its standard deviation."""
    import matplotlib as mpl

    east, north = data.x_name
    low, high = (float(f((bands["mean"].agg(word), f(data.y)))) for word, f in (("min", np.min), ("max", np.max)))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        panels: Any = figure.subplots(1, 2)
        for axes, column, limits in zip(panels, ("mean", "sd"), ((low, high), (0.0, bands["sd"].max())), strict=True):
            colours: Any = {"cmap": "viridis", "vmin": limits[0], "vmax": limits[1]}
            field = axes.tripcolor(bands[east], bands[north], bands[column], shading="gouraud", **colours)
            dots = {"c": data.y, **colours} if column == "mean" else {"color": "white"}
            axes.scatter(data.x[:, 0], data.x[:, 1], s=22, edgecolors="black", linewidths=0.6, **dots)
            axes.set(xlabel=east, ylabel=north, aspect="equal")
            figure.colorbar(field, ax=axes, label=f"{column} of {data.y_name}")
        figure.suptitle(f"{type(net).__name__}, N = {net.width}, given {len(data.y)} values")
        figure.savefig(path, dpi=160)


def plot_design(found: Design, path: Path) -> None:
    """What a theory was designed for and what it has: its spectrum, its two-point function, P(b) and F(b)."""
    import matplotlib as mpl

    net: Any = found.net
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(13.2, 3.8), layout="constrained")
        draw_design(found, figure.subplots(1, 3))
        figure.suptitle(f"{type(net).__name__}, d = {net.dim}, α = {net.alpha:g}")
        figure.savefig(path, dpi=160)


def draw_design(found: Design, panels: Any) -> None:
    """The three panels of `plot_design` on axes of a figure of one's own."""
    net: Any = found.net
    frequencies = net.frequency_law.distribution(net.dim)
    width, axis = net.spectrum.width, np.eye(1, net.dim)[0]
    p = np.linspace(0.0, min(6.0 * width, frequencies.reach * (1.0 - 1e-9)), 241)
    r = np.linspace(0.0, 10.0 / width, 241)
    spectrum, kernel, law = panels
    spectrum.plot(p, program_spectrum(net, p), label="theory, P(p) F(p)²")
    kernel.plot(r, net.two_point(r[:, None] * axis, 0.0 * axis), label="exact")
    kernel.errorbar(found.radii, found.estimate, 5.0 * found.mcse, fmt=".", color="C1", label="draws (5 errors)")
    given, most = (kernel, r[-1]) if found.two_point else (spectrum, p[-1])
    shown = found.at <= most
    given.plot(found.at[shown], found.target[shown], "o", ms=3.5, mfc="none", color="0.25", label="target")
    spectrum.set(xlabel="p", ylabel="G(p)", title="power spectrum")
    kernel.set(xlabel="r", ylabel="K(r)", title="two-point function")
    density = frequencies.weight(p) * p ** (net.dim - 1)
    law.plot(p, density / density.max(), label="law of |b|")
    envelope = envelope_of(net, p)
    law.plot(p, envelope / envelope.max(), "--", label="envelope F(b)")
    law.set(xlabel="|b|", ylabel="in units of its largest", title="how the target is shared")
    for panel in panels:
        panel.legend(loc="upper right")


def _title(model: Model) -> str:
    beside, net = conditioned(model).factors, conditioned(model).net
    draws = f"draws with {' and '.join(beside)}" if beside else "independent draws"
    return f"{type(net).__name__}, N = {net.width}, d = {net.dim}: {draws}"


STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}
