"""How the maxima of a landscape hang together: the tree of their basins.

Two basins meet at the lowest pass between them. Where neurons are independent a pass moves one neuron from one mode to
another while the others stay; its height is that of -log P along the straight line, which is exact where a single
coordinate separates the modes and an upper bound elsewhere. Merging basins in order of their passes makes the tree
(a disconnectivity graph).
"""

import dataclasses
import itertools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.classical.density import Density
from nnqft_ppl.classical.neurons import ClassicalNeurons
from nnqft_ppl.laws.joint import iid
from nnqft_ppl.runtime.arrays import Array, integer
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture

STEPS, MOST_BASINS = 201, 4000


class Merge(NamedTuple):
    """Two nodes of the tree that meet: leaves come first, then merges in order."""

    left: int
    right: int
    height: float  #: -log P at the pass


class Tree(NamedTuple):
    """Basins of the maxima theta*, up to the relabelling of neurons."""

    depths: Array  #: -log P of every maximum
    merges: tuple[Merge, ...]  #: one fewer than there are maxima


def basin_tree(net: Architecture, parts: ClassicalNeurons) -> Tree:
    """The tree of the basins of N independent neurons, from the modes of one of them.

    Raises
    ------
    InputError
        for a continuum of modes, amplitudes without a density, or too many maxima for a picture.
    """
    neurons = parts.neurons
    if neurons is None or any(mode.zero_modes for mode in neurons.found):
        raise InputError(f"{type(net).__name__}: a tree of basins needs isolated classical neurons")
    single = dataclasses.replace(net, width=1)
    # One neuron of the theory as it is: its amplitude keeps the scale that it has among N.
    amplitude = net.amplitude_law.distribution(net.amplitude_scale / net.width**0.5)
    density = Density(single, {**single.prior(), "a": iid(amplitude, 1)})
    letters = [
        density.vector({"a": jnp.array([a]), **{s: jnp.asarray(v) for s, v in mode.theta.items()}})
        for a, mode in itertools.product(parts.amplitudes, neurons.found)
    ]
    count = math.comb(net.width + len(letters) - 1, net.width)
    if count > MOST_BASINS:
        raise InputError(f"a tree of basins must have at most {MOST_BASINS} maxima, got {integer(count)}")
    z = jnp.stack(letters)
    height = jax.jit(lambda z: -density.log_prob(z))
    depth = np.asarray(jax.vmap(height)(z))
    share = jnp.linspace(0.0, 1.0, STEPS)[:, None]
    line = jax.jit(lambda a, b: jnp.max(jax.vmap(height)(a[None] + share * (b - a)[None])))
    passes = np.array([[float(line(a, b)) for b in z] for a in z])
    basins = list(itertools.combinations_with_replacement(range(len(letters)), net.width))
    index = {basin: k for k, basin in enumerate(basins)}
    depths = np.array([depth[list(basin)].sum() for basin in basins])
    edges = []
    for k, basin in enumerate(basins):
        for place in range(net.width):
            rest = basin[:place] + basin[place + 1 :]
            for letter in range(basin[place] + 1, len(letters)):
                other = index[tuple(sorted((*rest, letter)))]
                edges.append((depths[k] - depth[basin[place]] + passes[basin[place], letter], k, other))
    return Tree(depths, _merge(len(basins), edges))


def _merge(count: int, edges: list[tuple[float, int, int]]) -> tuple[Merge, ...]:
    """Kruskal: the lowest passes that join basins not joined before."""
    root, node, merges = list(range(count)), list(range(count)), []

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for height, a, b in sorted(edges):
        left, right = find(a), find(b)
        if left != right:
            merges.append(Merge(node[left], node[right], float(height)))
            root[right], node[left] = left, count + len(merges) - 1
    return tuple(merges)
