"""Line pictures as SVG in the page: sharp at every size, in print, and for a screen reader a picture with a sentence.

The script of the atlas draws the same picture anew when a slider moves; what it needs to know of the frame stands here
and in `atlas.js`.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Literal, NamedTuple

import numpy as np

from nnqft_ppl.runtime.arrays import Array

WIDTH, HEIGHT = 440, 290
LEFT, RIGHT, TOP, BOTTOM = 62, 20, 12, 44
TICKS = 5  # about so many on an axis
ROOM = 0.06  # of the range of values, above and below

Look = Literal["line", "dashed", "points", "open points"]


class Series(NamedTuple):
    """One curve or one set of points; `colour` counts the colours of the style sheet."""

    name: str
    x: Array
    y: Array
    look: Look = "line"
    colour: int = 0
    error: Array | None = None  #: half the length of an error bar


class Picture(NamedTuple):
    """A figure: its curves, what its axes are called, and what it shows in one sentence."""

    key: str  #: unique in the page
    title: str
    says: str  #: for those who do not see it
    x_label: str
    y_label: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False
    keyed: bool = True  #: do its curves have names worth a legend?


class Axis(NamedTuple):
    """A scale from values to the length of an axis."""

    low: float
    high: float
    log: bool

    def at(self, value: Array) -> Array:
        """Where values are between 0 and 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            v = np.log10(value) if self.log else np.asarray(value, float)
        return (v - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round numbers within the axis."""
        if self.log:
            step = max(1, math.ceil((self.high - self.low) / TICKS))
            return [10.0**k for k in range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1, step)]
        rough = (self.high - self.low) / TICKS
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(m * unit for m in (1.0, 2.0, 5.0, 10.0) if m * unit >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis(values: Array, log: bool, room: float) -> Axis:
    """The axis that holds all values, with `room` at its ends; decades where it is logarithmic."""
    v = np.asarray(values, float)
    v = v[np.isfinite(v) & (v > 0)] if log else v[np.isfinite(v)]
    if not len(v):
        return Axis(0.0, 1.0, log)
    low, high = (float(np.log10(one)) if log else float(one) for one in (v.min(), v.max()))
    if high - low < 1e-12 * max(abs(low), abs(high), 1e-290):
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    edge = room * (high - low)
    return Axis(low - edge, high + edge, log)


def number(value: float) -> str:
    """A tick in few characters."""
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.1e}".split("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        head = mantissa.removesuffix(".0").replace("-", "−")
        return f"10{power}" if head == "1" else f"{head}·10{power}"
    return f"{value:.4g}".replace("-", "−")


def svg(picture: Picture) -> str:
    """The picture as one SVG element."""
    reach = [s.y + sign * s.error for s in picture.series if s.error is not None for sign in (-1, 1)]
    across = axis(np.concatenate([s.x for s in picture.series]), picture.log_x, 0.0)
    up = axis(np.concatenate([*(s.y for s in picture.series), *reach]), picture.log_y, ROOM)
    parts = [_frame(picture, across, up)]
    for one in picture.series:
        x = LEFT + (WIDTH - LEFT - RIGHT) * across.at(one.x)
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * up.at(one.y)
        parts.append(_points(one, x, y, up) if "points" in one.look else _line(one, x, y))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(picture.says)}" id="{picture.key}">'
        f"{''.join(parts)}</svg>"
    )


def _frame(picture: Picture, across: Axis, up: Axis) -> str:
    """The axes with their ticks and names; a line where values change sign."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    lines, words = [f"M{LEFT} {TOP}V{bottom}H{right}"], []
    for tick in across.ticks():
        x = LEFT + (right - LEFT) * float(across.at(np.array(tick)))
        lines.append(f"M{x:.1f} {bottom}v4")
        words.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{number(tick)}</text>')
    for tick in up.ticks():
        y = bottom - (bottom - TOP) * float(up.at(np.array(tick)))
        lines.append(f"M{LEFT} {y:.1f}h-4")
        words.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    zero = ""
    if not up.log and up.low < 0 < up.high:
        y = bottom - (bottom - TOP) * float(up.at(np.array(0.0)))
        zero = f'<path class="zero" d="M{LEFT} {y:.1f}H{right}"/>'
    middle = (TOP + bottom) / 2
    words.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(picture.x_label)}</text>'
    )
    words.append(
        f'<text transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">{escape(picture.y_label)}</text>'
    )
    return f'{zero}<path class="frame" d="{"".join(lines)}"/>{"".join(words)}'


def _line(one: Series, x: Array, y: Array) -> str:
    """A path through the points, broken where there is none."""
    pen, path = "M", []
    for u, v in zip(x, y, strict=True):
        if math.isfinite(u) and math.isfinite(v):
            path.append(f"{pen}{u:.1f} {v:.1f}")
            pen = "L"
        else:
            pen = "M"
    return f'<path class="curve c{one.colour} {one.look}" d="{"".join(path)}"><title>{escape(one.name)}</title></path>'


def _points(one: Series, x: Array, y: Array, up: Axis) -> str:
    """Circles with error bars."""
    parts = []
    for k, (u, v) in enumerate(zip(x, y, strict=True)):
        if not (math.isfinite(u) and math.isfinite(v)):
            continue
        if one.error is not None:
            ends = np.clip(up.at(one.y[k] + one.error[k] * np.array([1.0, -1.0])), 0.0, 1.0)
            top, bottom = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * np.nan_to_num(ends)
            parts.append(f'<path class="error c{one.colour}" d="M{u:.1f} {top:.1f}V{bottom:.1f}"/>')
        hollow = " hollow" if one.look == "open points" else ""
        parts.append(f'<circle class="dot c{one.colour}{hollow}" cx="{u:.1f}" cy="{v:.1f}" r="3.2"/>')
    return f"<g><title>{escape(one.name)}</title>{''.join(parts)}</g>"


def sparks(curves: Array) -> str:
    """A small picture of curves (count, points) without axes, for a list; it says nothing to a screen reader."""
    x = np.linspace(0.0, 160.0, curves.shape[1])
    up = axis(curves, False, ROOM)
    paths = ["L".join(f"{u:.0f} {v:.1f}" for u, v in zip(x, 48.0 * (1.0 - up.at(y)), strict=True)) for y in curves]
    lines = [f'<path class="curve c{k}" d="M{path}"/>' for k, path in enumerate(paths)]
    return (
        f'<svg class="sparks" viewBox="0 0 160 48" preserveAspectRatio="none" aria-hidden="true">{"".join(lines)}</svg>'
    )
