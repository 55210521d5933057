"""Pictures of the classical world: a landscape with its fields, the tree of its basins, and the wine bottle."""

import itertools
from typing import Any

import numpy as np

from nnqft_ppl.classical.basins import Tree
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.classical.vacua import Vacua, bottle_of
from nnqft_ppl.reports.figures import COLOURS, look, panels
from nnqft_ppl.reports.pictures import FIELD
from nnqft_ppl.runtime.arrays import Array, integer
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.theory.architecture import Architecture

SHOWN, SAMPLED = 6, 4000
BLUE, VERMILION = COLOURS[:2]


def plot_landscape(
    found: ClassicalFields,
    functions: Array,
    x: Array,
    tree: Tree | None,
    *,
    seed: int = 0,
    ax: Any = None,
    width: float | None = None,
) -> list[Any]:
    """The most probable fields; log P of uniform samples of all fields; and the tree of the basins, if there is one.

    `functions` are the classical neurons (M, P) at points `x` (P,) on a line.
    """
    count = 3 if tree else 2
    with panels(ax, count, columns=count, natural=4.4 * count, ratio=0.85, width=width) as axes:
        for k, configuration in enumerate(itertools.islice(found.best(), SHOWN)):
            axes[0].plot(x, configuration.coefficients @ functions, **look(k))
        axes[0].set(xlabel="x [1/m]", ylabel=f"φ(x) {FIELD}")
        number = found.count()
        few = number <= SAMPLED
        log_p = np.array([one.log_p for one in found.best()]) if few else found.sample(SAMPLED, seed)[1]
        axes[1].hist(log_p - log_p.max(), bins=40, color=BLUE, alpha=0.8)
        fields = f"fields, of all {number}" if few else f"fields, of {SAMPLED} drawn from {integer(number)}"
        axes[1].set(xlabel=f"log P(θ*) − ({log_p.max():.6g})", ylabel=fields)
        if tree:
            draw_tree(axes[2], tree)
    return axes


def draw_tree(axes: Any, tree: Tree) -> None:
    """A disconnectivity graph: every maximum a leaf at its -log P, every pass a bar at its height."""
    count = len(tree.depths)
    children = {count + k: (merge.left, merge.right) for k, merge in enumerate(tree.merges)}
    order: list[int] = []
    stack = [count + len(tree.merges) - 1] if tree.merges else [0]
    while stack:
        node = stack.pop()
        if node < count:
            order.append(node)
        else:
            stack.extend(reversed(children[node]))
    place = {leaf: float(k) for k, leaf in enumerate(order)}
    level = dict(enumerate(map(float, tree.depths)))
    for k, merge in enumerate(tree.merges):
        node = count + k
        for child in (merge.left, merge.right):
            axes.plot([place[child]] * 2, [level[child], merge.height], color=BLUE, linestyle="-", lw=0.8)
        axes.plot([place[merge.left], place[merge.right]], [merge.height] * 2, color=BLUE, linestyle="-", lw=0.8)
        place[node], level[node] = 0.5 * (place[merge.left] + place[merge.right]), merge.height
    axes.set(xlabel=f"{count} basins", ylabel="−log P", xticks=[])


def plot_bottle(
    net: Architecture, vacua: Vacua, *, seed: int = 0, ax: Any = None, width: float | None = None
) -> list[Any]:
    """-log P(a_0) in the plane of two components of a_0, with its vacua and draws; and along the radius."""
    bottle, reach = bottle_of(net), 1.45 * vacua.radius

    def height(r: Array) -> Array:
        return (r**2 - bottle.radius**2) ** 2 / (2 * bottle.sigma**2)

    with panels(ax, 2, columns=2, natural=9.4, ratio=0.8, width=width) as (plane, profile):
        side = np.linspace(-reach, reach, 121)
        levels = height(np.hypot(side, side[:, None]))
        top = 1.1 * float(height(np.zeros(1))[0])
        shade: Any = {"cmap": "viridis", "vmin": 0.0, "vmax": top, "shading": "gouraud", "rasterized": True}
        field = plane.pcolormesh(side, side, np.minimum(levels, top), **shade)
        plane.figure.colorbar(field, ax=plane, label="−log P(a₀) + constant", extend="max")
        draws = np.asarray(bottle.sample(key_of(seed), (600,)))
        plane.plot(draws[:, 0], draws[:, 1], ".", color="white", ms=1.5, alpha=0.7)
        turn = np.linspace(0.0, 2 * np.pi, 200)
        circle = vacua.radius * np.array([np.cos(turn), np.sin(turn)])
        plane.plot(*circle, color=VERMILION, ls="-", lw=2)
        units = "[natural units]"
        plane.set(xlabel=f"$a_{{10}}$ {units}", ylabel=f"$a_{{20}}$ {units}", aspect="equal")
        plane.set(xlim=(-reach, reach), ylim=(-reach, reach))
        r = np.linspace(0.0, reach, 241)
        profile.plot(r, np.where(height(r) <= top, height(r), np.nan), label="−log P(a₀) + constant", **look(0))
        words = f"vacua: {vacua.goldstones} massless, mass² = {vacua.masses[-1]:.5g}"
        profile.axvline(vacua.radius, label=words, **look(1))
        profile.set(xlabel=f"|a₀| {units}", ylabel="−log P(a₀) + constant")
        profile.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return [plane, profile]
