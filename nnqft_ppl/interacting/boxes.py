"""Boxes: where an action lives, with the midpoint rule that integrates it."""

import math
from typing import NamedTuple

import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid

MOST_NODES = 2**14


class Box(NamedTuple):
    """The cube [-side/2, side/2]^d with `nodes` midpoints along each axis, the first axis slowest."""

    dim: int
    side: float
    nodes: int

    @property
    def spacing(self) -> float:
        """The distance of neighbouring nodes."""
        return self.side / self.nodes

    @property
    def axis(self) -> Array:
        """The midpoints along one axis, (nodes,)."""
        return np.asarray((np.arange(self.nodes) + 0.5) * self.spacing - self.side / 2, dtype=float)

    @property
    def points(self) -> Grid:
        """All nodes, (nodes^d, d)."""
        return Grid.midpoints(*[(-self.side / 2, self.side / 2, self.nodes)] * self.dim)

    @property
    def weights(self) -> Array:
        """spacing^d at every node: the midpoint rule, whose error falls like spacing^2."""
        return np.full(self.nodes**self.dim, self.spacing**self.dim)


def box(dim: int, side: float, nodes: int) -> Box:
    """The box, checked.

    Raises
    ------
    InputError
        for a side that is not positive, or a number of nodes that is not, or that is too large.
    """
    if not (math.isfinite(side) and side > 0):
        raise InputError(f"box must have a positive and finite side, got {side}")
    if nodes < 1 or nodes**dim > MOST_NODES:
        raise InputError(f"nodes must be from 1 to {MOST_NODES ** (1 / dim):.0f} along each of {dim} axes, got {nodes}")
    return Box(dim, float(side), int(nodes))
