"""How pictures look: colours that everyone can tell apart, the width of a column, and PNG, PDF or SVG by suffix."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_folder, write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".pdf", ".svg")
DPI = 300  # of PNG, and of maps within PDF and SVG
INCHES = {"cm": 1 / 2.54, "mm": 1 / 25.4, "in": 1.0}
NARROWEST, WIDEST = 1.0, 40.0  # of a figure, in inches
STACKED = 0.62  # height over width, at most, of panels that a narrow figure has one above the other
SMALL = 5.0  # inches: narrower figures have the small type of a column

#: Colours of Okabe and Ito (2008), without the yellow that white paper swallows: blue, vermilion, green, purple, ...
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
STYLES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (6, 1.5, 1, 1.5)), (0, (1.2, 1.2)), (0, (9, 2)))
#: What a line looks like, by its number: two that look alike to somebody differ in style.
LINES = tuple((COLOURS[k % len(COLOURS)], STYLES[(k + k // len(COLOURS)) % len(STYLES)]) for k in range(14))


def style(width: float) -> dict[Any, Any]:
    """Matplotlib's settings for a figure of this width in inches."""
    from cycler import cycler

    small = width < SMALL
    colours, styles = zip(*LINES, strict=True)
    return {
        "axes.prop_cycle": cycler(color=colours, linestyle=styles),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": "medium",
        "font.size": 8 if small else 10,
        "legend.frameon": False,
        "lines.linewidth": 1.1 if small else 1.6,
        "pdf.fonttype": 42,  # letters as letters, as journals ask
        "svg.hashsalt": "nnqft_ppl",  # the same picture, the same file
    }


def look(k: int) -> dict[str, Any]:
    """Colour and style of the k-th line of a picture."""
    colour, line = LINES[k % len(LINES)]
    return {"color": colour, "linestyle": line}


def check_picture(path: Path | None, width: str | None) -> float | None:
    """The width in inches of a picture that is to be written; `InputError` for what cannot be, before the work."""
    if path is not None:
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"picture must end in {', '.join(SUFFIXES)}, got {str(path)!r}")
        check_folder(path)
    elif width is not None:
        raise InputError(f"--figure-width goes with a picture, got {width!r} without --plot")
    return None if width is None else in_inches(width)


def in_inches(width: str) -> float:
    """A width such as ``8.6cm``, ``86mm`` or ``3.4in`` in inches."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(cm|mm|in)\s*", width)
    inches = float(match[1]) * INCHES[match[2]] if match else 0.0
    if not NARROWEST <= inches <= WIDEST:
        rule = f"a number with cm, mm or in, from {NARROWEST:g}in to {WIDEST:g}in, as 8.6cm"
        raise InputError(f"figure width must be {rule}, got {width!r}")
    return inches


@contextmanager
def panels(
    ax: Any,
    count: int,
    *,
    columns: int = 1,
    natural: float = 7.2,
    ratio: float = 0.55,
    least: float = 2.2,
    legend: float = 0.0,
    width: float | None = None,
) -> Iterator[list["Axes"]]:
    """Axes to draw on: those that are given, in the style that they have, or those of a new figure in ours.

    A new one has `columns` panels side by side, fewer where they would be narrower than `least` inches; `ratio` is the
    height of a panel over its width, and `legend` the inches above them for a legend.
    """
    if ax is not None:
        given = list(np.ravel(ax))
        if len(given) != count:
            raise InputError(f"ax must hold {count} axes, one for each panel, got {len(given)}")
        yield given
        return
    import matplotlib as mpl
    from matplotlib.figure import Figure

    width = natural if width is None else width
    if width / columns < least:
        columns, ratio = max(1, int(width / least)), min(ratio, STACKED)
    rows = -(-count // columns)
    with mpl.rc_context(style(width)):
        figure = Figure(figsize=(width, legend + rows * ratio * width / columns), layout="constrained")
        every = list(figure.subplots(rows, columns, squeeze=False).ravel())
        for unused in every[count:]:
            unused.set_axis_off()
        yield every[:count]


def save(axes: "list[Axes]", path: Path) -> None:
    """Write the figure that the axes belong to: whole or not at all, and the same bytes for the same picture."""
    import matplotlib as mpl
    from matplotlib.ticker import AutoLocator

    figure: Any = axes[0].figure
    dates: dict[str, Any] = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    options = {"dpi": DPI, "metadata": dates.get(path.suffix.lower())}
    with mpl.rc_context(style(figure.get_figwidth())):
        figure.draw_without_rendering()
        for one in figure.axes:  # ticks depend on the room that their labels leave, and need not settle by themselves
            if isinstance(one.yaxis.get_major_locator(), AutoLocator):
                low, high = one.get_ylim()
                one.set_yticks([tick for tick in one.get_yticks() if min(low, high) <= tick <= max(low, high)])
        figure.draw_without_rendering()
        write_atomically(path, lambda target: figure.savefig(target, **options))
