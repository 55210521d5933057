"""Moments without the exact engine and without a card's closed forms: what the studies hold those against.

One neuron is averaged by quadrature over its parameters, from h(x) as the program has it and P(theta_h) written out
here; a field is the sum over all lists of neurons, which is all that (1) says.
"""

import itertools
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_gegenbauer, roots_hermitenorm, roots_legendre

Array = NDArray[np.float64]
Moment = Callable[[tuple[int, ...]], float]  # of the points with these numbers

PHASES = 16  # exact for products of up to 15 cosines


class Neurons(NamedTuple):
    """Neurons h (nodes, P) at P points, with weights of sum one: an average over P(theta_h)."""

    h: Array
    weights: Array

    def __call__(self, points: tuple[int, ...]) -> float:
        """H_n = E[h(x_1)..h(x_n)] of one neuron."""
        return float(self.weights @ self.h[:, list(points)].prod(axis=1))


def gaussian_neurons(net: Any, points: Array, sigma_c: float | None = None) -> Neurons:
    """b ~ N(0, s^2 I_d), and a uniform phase, or c ~ N(0, sigma_c^2): Gauss-Hermite quadrature.

    On the line by the trapezoidal rule, which reaches further: moments of exponential neurons come from b = n s^2 x.
    """
    if net.dim == 1:
        nodes = np.linspace(-20.0, 20.0, 2001)
        rule = nodes, np.exp(-(nodes**2) / 2)
    else:
        rule = roots_hermitenorm(24)
    b, weights = _product(*[rule] * net.dim)
    return _on_grid(net, points, net.s * b, weights, sigma_c)


def isotropic_neurons(
    net: Any, points: Array, density: Callable[[Array], Array], end: float, radii: int, angles: int
) -> Neurons:
    """P(b) ~ density(|b|) for |b| < end and a uniform phase, at points on the first axis: Gauss's rules in |b| and u.

    u = b_0/|b| has the density (1 - u^2)^((d-3)/2); what a Gauss rule of n nodes resolves are phases |b||x| below n.
    """
    nodes, gauss = roots_legendre(radii)
    r = end * (nodes + 1) / 2
    polar = roots_gegenbauer(angles, net.dim / 2 - 1) if net.dim > 1 else (np.ones(1), np.ones(1))
    grid, weights = _product((r, gauss * density(r) * r ** (net.dim - 1)), polar)
    b = np.zeros((len(grid), net.dim))
    b[:, 0] = grid[:, 0] * grid[:, 1]
    if net.dim > 1:
        b[:, 1] = grid[:, 0] * np.sqrt(1 - grid[:, 1] ** 2)
    return _on_grid(net, points, b, weights, None)


def _on_grid(net: Any, points: Array, b: Array, weights: Array, sigma_c: float | None) -> Neurons:
    if sigma_c is None:
        c, share = 2 * np.pi * np.arange(PHASES) / PHASES, np.ones(PHASES)
    else:
        c, share = roots_hermitenorm(24)
        c = c * sigma_c
    with jax.enable_x64(True):
        one = jax.jit(jax.vmap(jax.vmap(lambda x, b, c: net.neuron(x, b=b, c=c), (0, None, None)), (None, 0, 0)))
        h = one(points, np.repeat(b, len(c), axis=0), np.tile(c, len(b)))
    weights = np.outer(weights, share).ravel()
    return Neurons(np.asarray(h), weights / weights.sum())


def _product(*rules: tuple[Array, Array]) -> tuple[Array, Array]:
    """Nodes (K, number of rules) and weights (K,) of the product of one-dimensional rules."""
    nodes, weights = (np.meshgrid(*parts, indexing="ij") for parts in zip(*rules, strict=True))
    return np.stack([n.ravel() for n in nodes], axis=-1), np.prod([w.ravel() for w in weights], axis=0)


def alike(moment: Callable[[int], float], width: int) -> list[Moment]:
    """The moments of N amplitudes of one law, from A_k = E[(sqrt(N) a)^k]."""
    return [lambda points: moment(len(points)) / width ** (len(points) / 2)] * width


def over_lists(neuron: Moment, amplitudes: Sequence[Moment]) -> Moment:
    """E[phi(x_1)..phi(x_n)] of independent neurons: the sum over all N^n lists of the neurons at the points.

    `amplitudes` has E[prod_k a_i] of every neuron i at the points k, of which each may have a component of its own.
    """
    known = cache(neuron)

    @cache
    def field(points: tuple[int, ...]) -> float:
        total = 0.0
        for neurons in itertools.product(range(len(amplitudes)), repeat=len(points)):
            term = 1.0
            for i in set(neurons):
                block = tuple(k for k, j in zip(points, neurons, strict=True) if j == i)
                term *= amplitudes[i](block) * known(block)
            total += term
        return total

    return field


def cumulant(moment: Moment, points: Sequence[int]) -> float:
    """The joint cumulant, by the recursion over the block of the first point."""
    first, *rest = points
    value = moment(tuple(points))
    for size in range(len(rest)):
        for others in itertools.combinations(rest, size):
            apart = tuple(k for k in rest if k not in others)
            value -= cumulant(moment, (first, *others)) * moment(apart)
    return value
