"""Sums over set partitions as polynomials in subset moments.

A moment of points x_1..x_n is labelled by a subset of {0..n-1}, written as a bit mask. Full correlators of a sum of N
neurons, joint cumulants, and the connected correlators of a field are all polynomials in such moments, with one term
for each set partition: the same polynomial turns exact moments into exact correlators and sample means into estimates.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.subsets import Partition, set_partitions

CHUNK = 4096  # partitions evaluated at once


class Single(NamedTuple):
    """The label of a moment of a single neuron, where those of the whole field have bit masks for labels."""

    mask: int


class Polynomial(NamedTuple):
    """sum over terms of coefficient * product of moments[factor]; the index len(subsets) stands for a factor 1."""

    subsets: tuple[Any, ...]  #: labels of the moments that occur: bit masks, or `Single`
    coefficients: Array  #: (terms,)
    factors: NDArray[np.intp]  #: (terms, blocks) indices into `subsets`

    def value(self, moments: Array) -> Array:
        """Evaluate at moments of shape (len(subsets), ...); returns shape (...)."""
        padded = _with_one(moments)
        result = np.zeros(moments.shape[1:])
        for terms in self._chunks():
            product = np.ones((terms.stop - terms.start, *moments.shape[1:]))
            for column in self.factors[terms].T:
                product *= padded[column]
            result += np.tensordot(self.coefficients[terms], product, axes=1)
        return result

    def gradient(self, moments: Array) -> Array:
        """The derivative by each moment, shape (len(subsets), ...)."""
        padded = _with_one(moments)
        result = np.zeros_like(padded)
        for terms in self._chunks():
            factors = self.factors[terms]
            for j in range(factors.shape[1]):
                product = np.ones((len(factors), *moments.shape[1:]))
                for i in range(factors.shape[1]):
                    if i != j:
                        product *= padded[factors[:, i]]
                weighted = product * self.coefficients[terms].reshape((-1,) + (1,) * (moments.ndim - 1))
                np.add.at(result, factors[:, j], weighted)
        return result[:-1]

    def _chunks(self) -> Iterator[slice]:
        total = len(self.coefficients)
        for start in range(0, total, CHUNK):
            yield slice(start, min(start + CHUNK, total))


def polynomial(n: int, weight: Callable[[Partition], float]) -> Polynomial:
    """The sum over partitions of {0..n-1} of weight(partition) * product of block moments, without zero weights."""
    terms = [(partition, weight(partition)) for partition in set_partitions(n)]
    terms = [(partition, w) for partition, w in terms if w != 0.0]
    subsets = tuple(sorted({block for partition, _ in terms for block in partition}))
    position = {mask: i for i, mask in enumerate(subsets)}
    longest = max((len(partition) for partition, _ in terms), default=0)
    factors = np.full((len(terms), longest), len(subsets), dtype=np.intp)
    for row, (partition, _) in enumerate(terms):
        factors[row, : len(partition)] = [position[block] for block in partition]
    return Polynomial(subsets, np.array([w for _, w in terms]), factors)


def of_single(terms: Polynomial) -> Polynomial:
    """The same polynomial in the moments of a single neuron."""
    return terms._replace(subsets=tuple(map(Single, terms.subsets)))


def difference(a: Polynomial, b: Polynomial) -> Polynomial:
    """a - b as one polynomial in the moments of both."""
    subsets = in_order({*a.subsets, *b.subsets})
    longest = max(a.factors.shape[1], b.factors.shape[1])
    rows = []
    for part in (a, b):
        index = np.array([*(subsets.index(mask) for mask in part.subsets), len(subsets)], dtype=np.intp)
        padding = ((0, 0), (0, longest - part.factors.shape[1]))
        rows.append(np.pad(index[part.factors], padding, constant_values=len(subsets)))
    return Polynomial(subsets, np.concatenate([a.coefficients, -b.coefficients]), np.concatenate(rows))


def in_order(labels: Iterable[Any]) -> tuple[Any, ...]:
    """Labels of moments in one order: those of single neurons first."""
    return tuple(sorted(labels, key=lambda label: -label.mask if isinstance(label, Single) else label))


def cumulant_weight(blocks: int) -> float:
    """(-1)^(k-1) (k-1)!: the weight of a partition into k blocks in a joint cumulant."""
    return float((-1) ** (blocks - 1) * math.factorial(blocks - 1))


def _with_one(moments: Array) -> Array:
    return np.concatenate([moments, np.ones((1, *moments.shape[1:]))])
