"""Pictures of the classical world: a landscape with its fields, the tree of its basins, and the wine bottle."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnqft_ppl.classical.basins import Tree
from nnqft_ppl.classical.counting import integer
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.classical.vacua import Vacua, bottle_of
from nnqft_ppl.reports.pictures import STYLE
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.theory.architecture import Architecture

SHOWN, SAMPLED = 12, 4000


def plot_landscape(
    net: Architecture,
    found: ClassicalFields,
    functions: Array,
    x: Array,
    tree: Tree | None,
    path: Path,
    *,
    seed: int = 0,
) -> None:
    """The most probable fields; log P of uniform samples of all fields; and the tree of the basins, if there is one.

    `functions` are the classical neurons (M, P) at points `x` (P,) on a line.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(13.2 if tree else 9.0, 3.8), layout="constrained")
        panels: Any = figure.subplots(1, 3 if tree else 2)
        count = found.count()
        for configuration in itertools.islice(found.best(), SHOWN):
            panels[0].plot(x, configuration.coefficients @ functions, lw=1.1, alpha=0.8)
        title = f"the {min(SHOWN, count)} most probable classical fields"
        panels[0].set(xlabel="x", ylabel="φ(x)", title=title)
        few = count <= SAMPLED
        log_p = np.array([one.log_p for one in found.best()]) if few else found.sample(SAMPLED, seed)[1]
        panels[1].hist(log_p - log_p.max(), bins=40, color="C0", alpha=0.7)
        title = f"all {count} fields" if few else f"{SAMPLED} of {integer(count)} fields, drawn uniformly"
        panels[1].set(xlabel=f"log P(θ*) − ({log_p.max():.6g})", ylabel="fields", title=title)
        if tree:
            draw_tree(panels[2], tree)
        figure.suptitle(f"{type(net).__name__}, N = {net.width}: landscape of classical fields")
        figure.savefig(path, dpi=160)


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
            axes.plot([place[child]] * 2, [level[child], merge.height], color="C0", lw=0.8)
        axes.plot([place[merge.left], place[merge.right]], [merge.height] * 2, color="C0", lw=0.8)
        place[node], level[node] = 0.5 * (place[merge.left] + place[merge.right]), merge.height
    axes.set(ylabel="−log P", title=f"tree of {count} basins", xticks=[])


def plot_bottle(net: Architecture, vacua: Vacua, path: Path, *, seed: int = 0) -> None:
    """-log P(a_0) over the plane of two components, with its vacua, draws, and the profile along the radius."""
    import matplotlib as mpl

    bottle, reach = bottle_of(net), 1.45 * vacua.radius
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.4, 4.2), layout="constrained")
        surface: Any = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
        r, angle = np.meshgrid(np.linspace(0.0, reach, 60), np.linspace(0.0, 2 * np.pi, 121))
        height = (r**2 - bottle.radius**2) ** 2 / (2 * bottle.sigma**2)
        top = 1.1 * height[0, 0]
        shown = np.where(height <= top, height, np.nan)
        surface.plot_surface(r * np.cos(angle), r * np.sin(angle), shown, cmap="viridis", alpha=0.75, lw=0)
        turn = np.linspace(0.0, 2 * np.pi, 200)
        surface.plot(vacua.radius * np.cos(turn), vacua.radius * np.sin(turn), 0.02 * top, color="C3", lw=2, zorder=10)
        surface.set(xlabel="$a_{01}$", ylabel="$a_{02}$", title="−log P(a₀) and its vacua", zticks=[])
        surface.view_init(elev=48, azim=-60)
        axes = figure.add_subplot(1, 2, 2)
        draws = np.asarray(bottle.sample(key_of(seed), (1500,)))
        axes.plot(draws[:, 0], draws[:, 1], ".", ms=2.5, alpha=0.5, label="draws of the ensemble")
        axes.plot(vacua.radius * np.cos(turn), vacua.radius * np.sin(turn), color="C3", label="vacua")
        count = net.component_count
        words = "two components of a₀" if count > 2 else "a₀"
        title = f"D = {count}: {vacua.goldstones} massless, mass² = {vacua.masses[-1]:.5g}"
        axes.set(xlabel="$a_{01}$", ylabel="$a_{02}$", title=title, aspect="equal")
        axes.legend(title=words, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        figure.savefig(path, dpi=160)
