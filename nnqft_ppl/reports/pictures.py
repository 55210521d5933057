"""Pictures of fields, and of a theory that was designed."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.design import Design, program_spectrum
from nnqft_ppl.correlation.sobol import envelope_of
from nnqft_ppl.reports.figures import look, panels
from nnqft_ppl.runtime.arrays import Array, check_points, finite
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid
from nnqft_ppl.theory.conditioned import Model, conditioned

SHOWN = {1: 6, 2: 3}  # draws in a picture
EXTENT = 6.0  # half-width of the default grid, in units of 1/m
FIELD = "[natural units]"  # of the field: powers of m, or those of the amplitudes


def grid(dim: int) -> Grid:
    """The default points: 241 on a line, 64 x 64 on a plane, or 121 on the first axis of a larger space."""
    if dim == 2:
        return Grid(*[(-EXTENT, EXTENT, 64)] * 2)
    return Grid((-EXTENT, EXTENT, 241 if dim == 1 else 121), *[(0.0, 0.0, 1)] * (dim - 1))


def check_drawable(dim: int, points: ArrayLike) -> Array:
    """Points (P, d) of which there is a picture; `InputError` for more than a plane, and for a line in the plane."""
    if dim > 2:
        raise InputError(f"a picture of fields must be of dim 1 or 2, got {dim}")
    x = check_points(points, dim)
    if dim == 2 and np.linalg.matrix_rank(x - x[0]) < 2:
        raise InputError(f"a map must have points that span the plane, got {len(x)} on a line")
    return x


def plot_fields(
    model: Model, points: ArrayLike, phi: ArrayLike, *, ax: Any = None, width: float | None = None
) -> list[Any]:
    """The first draws of a field: 6 as lines in d = 1, 3 as maps in d = 2; a panel, or a row of maps, a component.

    Parameters
    ----------
    model
        The theory, which says what space and what components the field has.
    points
        Shape (P, d), d = 1 or 2, in units of 1/m; not all on one line in d = 2.
    phi
        Draws of the field, of shape (draws, P), or (draws, P, D) for a field with D components.
    ax
        Matplotlib axes to draw on: one for each component in d = 1, and one for each map in d = 2, component by
        component. By default those of a new figure.
    width
        Width of a new figure in inches.

    Returns
    -------
    The list of axes; ``axes[0].figure.savefig("fields.pdf")`` writes a new figure.

    Raises
    ------
    InputError
        for another dimension, shapes that do not fit, or another number of axes.

    Examples
    --------
    >>> net = nq.load("vector", width=5)
    >>> x = np.linspace(-2.0, 2.0, 9)[:, None]
    >>> tree = nq.prior_predictive(net, x, draws=4)
    >>> upper, lower = nq.plot_fields(net, x, tree["prior_predictive"].phi[0])
    >>> len(lower.lines), lower.get_ylabel()
    (4, 'φ₂(x)\\n[natural units]')
    """
    net = conditioned(model).net
    x, draws, count = check_drawable(net.dim, points), finite(phi, "phi"), net.component_count
    shape = (len(x), count) if count > 1 else (len(x),)
    if draws.ndim != 1 + len(shape) or draws.shape[1:] != shape or not len(draws):
        raise InputError(f"phi must have shape (draws, {', '.join(map(str, shape))}), got {draws.shape}")
    draws = draws[: SHOWN[net.dim]].reshape(-1, len(x), count)
    names = [f"φ{_below(k + 1) if count > 1 else ''}(x)" for k in range(count)]
    if net.dim == 2:
        return _maps(x, draws, names, ax, width)
    with panels(ax, count, ratio=0.53 if count == 1 else 0.4, width=width) as axes:
        order, gap = np.argsort(x[:, 0]), "\n" if count > 1 else " "
        for one, name, component in zip(axes, names, np.moveaxis(draws, 2, 0), strict=True):
            for k, draw in enumerate(component):
                one.plot(x[order, 0], draw[order], **look(k))
            one.set(xlabel="x [1/m]", ylabel=f"{name}{gap}{FIELD}")
            if ax is None:
                one.label_outer()
    return axes


def _maps(x: Array, draws: Array, names: list[str], ax: Any, width: float | None) -> list[Any]:
    """Maps of draws (draws, P, D) side by side in one scale of colours, a row for each component."""
    columns, limit = len(draws), float(np.abs(draws).max())
    colours: Any = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    if draws.min() > 0 or draws.max() < 0:  # far from zero, about which the other colours are
        colours = {"cmap": "viridis", "vmin": draws.min(), "vmax": draws.max()}
    with panels(ax, columns * len(names), columns=columns, natural=9.6, ratio=1.0, least=1.0, width=width) as axes:
        for k, one in enumerate(axes):
            draw = draws[k % columns, :, k // columns]
            field = one.tripcolor(x[:, 0], x[:, 1], draw, shading="gouraud", rasterized=True, **colours)
            one.set(xlabel="$x_1$ [1/m]", ylabel="$x_2$ [1/m]", aspect="equal")
            if ax is None:
                one.label_outer()
            if k % columns == columns - 1:
                row = axes[k + 1 - columns : k + 1]
                one.figure.colorbar(field, ax=row, label=f"{names[k // columns]}\n{FIELD}")
    return axes


def plot_design(found: Design, *, ax: Any = None, width: float | None = None) -> list[Any]:
    """What a theory was designed for and what it has, in three panels: G(p), K(r), and how P(b) and F(b) share them.

    Parameters
    ----------
    found
        What `design` returned.
    ax
        Three matplotlib axes to draw on. By default those of a new figure.
    width
        Width of a new figure in inches.

    Returns
    -------
    The list of axes.

    Raises
    ------
    InputError
        for another number of axes.

    Examples
    --------
    >>> found = nq.design(lambda p: np.exp(-(p**2) / 2), width=2, draws=100)
    >>> spectrum, kernel, law = nq.plot_design(found)
    >>> spectrum.get_xlabel(), kernel.get_xlabel(), law.get_xlabel()
    ('p [m]', 'r [1/m]', '|b| [m]')
    """
    net: Any = found.net
    frequencies = net.frequency_law.distribution(net.dim)
    size, axis = net.spectrum.width, np.eye(1, net.dim)[0]
    p = np.linspace(0.0, min(6.0 * size, frequencies.reach * (1.0 - 1e-9)), 241)
    r = np.linspace(0.0, 10.0 / size, 241)
    with panels(ax, 3, columns=3, natural=13.2, ratio=0.86, width=width) as axes:
        spectrum, kernel, law = axes
        spectrum.plot(p, program_spectrum(net, p), label="theory, P(p) F(p)²", **look(0))
        kernel.plot(r, net.two_point(r[:, None] * axis, 0.0 * axis), label="exact", **look(0))
        errors: Any = {"fmt": ".", "color": look(1)["color"], "label": "draws (5 errors)"}
        kernel.errorbar(found.radii, found.estimate, 5.0 * found.mcse, **errors)
        given, most = (kernel, r[-1]) if found.two_point else (spectrum, p[-1])
        shown = found.at <= most
        given.plot(found.at[shown], found.target[shown], "o", ms=3.5, mfc="none", color="0.25", label="target")
        spectrum.set(xlabel="p [m]", ylabel="G(p) [natural units]")
        kernel.set(xlabel="r [1/m]", ylabel="K(r) [natural units]")
        density = frequencies.weight(p) * p ** (net.dim - 1)
        law.plot(p, density / density.max(), label="law of |b|", **look(0))
        envelope = envelope_of(net, p)
        law.plot(p, envelope / envelope.max(), label="envelope F(b)", **look(1))
        law.set(xlabel="|b| [m]", ylabel="in units of its largest value", ylim=(-0.05, 1.35))  # room for the legend
        for one in axes:
            one.legend(loc="upper right")
    return axes


def _below(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
