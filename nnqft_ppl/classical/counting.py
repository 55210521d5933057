"""How many values sums of amplitudes take: the arithmetic behind the size of a landscape.

N neurons share M linearly independent classical functions h_1..h_M; a field sum_m s_m h_m is its coefficients s_m, each
a sum of the amplitudes of some neurons. For amplitudes +-a the sums of n neurons are -na, (2-n)a, .., na: a value needs
|s|/a neurons at least, and any even number more. The generating function of these least numbers, to the power M, counts
the fields; all in integers of any size.
"""

import bisect
import itertools
import math
import random
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import NoClosedForm

MOST_SUMS = 10**7


class Sums(NamedTuple):
    """The values that sums of amplitudes take, by the least number of terms."""

    values: tuple[Array, ...]  #: values[k] need k terms, k = 0..N
    step: int  #: a value of k terms has k + step, k + 2 step, .. as well; 0 if it has no other number

    @property
    def counts(self) -> Array:
        """How many values need k terms: integers of any size."""
        return np.array([len(v) for v in self.values], dtype=object)


def sums(amplitudes: Array, most: int) -> Sums:
    """The sums of up to `most` terms, each one of `amplitudes`; no amplitudes stand for functions that vanish.

    Raises
    ------
    NoClosedForm
        for amplitudes whose sums have other relations than those of {a}, {0}, {-a, a}, {-a, 0, a}, {0, a} or
        amplitudes without rational relations, or too many sums.
    """
    if len(amplitudes) == 0:
        return Sums((np.zeros(1), *[np.zeros(0)] * most), 1)
    units, size = _in_integers(amplitudes)
    terms = [np.zeros(1, dtype=np.int64)]
    for _ in range(most):
        terms.append(np.unique(np.add.outer(terms[-1], units)))
        if sum(map(len, terms)) > MOST_SUMS:
            raise NoClosedForm(f"the sums of {most} of {len(amplitudes)} unrelated amplitudes are too many to count")
    value, number = np.concatenate(terms), np.repeat(np.arange(most + 1), [len(t) for t in terms])
    order = np.lexsort((number, value))
    value, number = value[order], number[order]
    new = np.append(True, value[1:] != value[:-1])
    gaps = np.diff(number)[~new[1:]]
    step = int(gaps[0]) if gaps.size else 0
    last = number[np.append(np.flatnonzero(new[1:]), len(value) - 1)]
    if (gaps != step).any() or (step and (last <= most - step).any()):
        raise NoClosedForm(f"amplitudes {amplitudes.tolist()} have relations that the count does not know")
    least, first = number[new], value[new]
    return Sums(tuple((first[least == k] * size).astype(np.float64) for k in range(most + 1)), step)


def _in_integers(amplitudes: Array) -> tuple[NDArray[np.int64], float]:
    """Amplitudes as integers times a size: exact where they are commensurable, to 1e-9 of the largest otherwise."""
    largest = float(np.max(np.abs(amplitudes))) or 1.0
    ratios = [Fraction(float(a) / largest).limit_denominator(1000) for a in amplitudes]
    if all(abs(float(r) - a / largest) < 1e-9 for r, a in zip(ratios, amplitudes, strict=True)):
        common = reduce(math.lcm, (r.denominator for r in ratios))
        return np.unique([int(r * common) for r in ratios]), largest / common
    return np.unique(np.round(amplitudes / (1e-9 * largest)).astype(np.int64)), 1e-9 * largest


class Product:
    """All vectors of coefficients, one table of sums for each function, whose numbers of terms add up to N."""

    def __init__(self, tables: Sequence[Sums], most: int) -> None:
        self.tables, self.most = tuple(tables), most
        steps = {table.step for table in self.tables}
        # Terms that cancel may sit on any function: the smallest step that all others are multiples of.
        positive = min(steps - {0}, default=0)
        if any(positive and s % positive for s in steps):
            raise NoClosedForm(f"functions whose amplitudes cancel in steps of {sorted(steps)} are not counted")
        self.step = positive
        one = np.zeros(most + 1, dtype=object)
        one[0] = 1
        self.prefixes = list(itertools.accumulate((t.counts for t in self.tables), _truncated, initial=one))

    def _reachable(self) -> Array:
        left = self.most - np.arange(self.most + 1)
        return left % self.step == 0 if self.step else left == 0

    def count(self) -> int:
        """How many there are."""
        return int(np.sum(self.prefixes[-1] * self._reachable()))

    def sample(self, draws: int, seed: int) -> tuple[Array, Array]:
        """Uniform draws: coefficients (draws, M) and the least number of terms of each (draws, M).

        By exact integers: every vector of coefficients has the same probability.
        """
        generator = random.Random(seed)
        cumulative: dict[tuple[int, int], list[int]] = {}
        counts = [table.counts for table in self.tables]
        tops = list(itertools.accumulate(self.prefixes[-1] * self._reachable()))
        values, terms = np.zeros((draws, len(counts))), np.zeros((draws, len(counts)), dtype=int)
        for draw in range(draws):
            left = bisect.bisect_right(tops, generator.randrange(tops[-1]))
            for m in range(len(counts) - 1, -1, -1):
                if (m, left) not in cumulative:
                    ways = counts[m][: left + 1] * self.prefixes[m][left::-1]
                    cumulative[m, left] = list(itertools.accumulate(ways))
                ladder = cumulative[m, left]
                k = bisect.bisect_right(ladder, generator.randrange(ladder[-1]))
                options = self.tables[m].values[k]
                values[draw, m], terms[draw, m] = options[generator.randrange(len(options))], k
                left -= k
        return values, terms


def _truncated(a: Array, b: Array) -> Array:
    """The product of two polynomials with coefficients >= 0, to the degree of the first.

    As one product of two long integers, whose blocks of bytes are the coefficients (Kronecker's substitution).
    """
    size = (int(max(a)).bit_length() + int(max(b)).bit_length() + len(a).bit_length()) // 8 + 1

    def packed(polynomial: Array) -> int:
        return int.from_bytes(b"".join(int(c).to_bytes(size, "little") for c in polynomial), "little")

    product = (packed(a) * packed(b)).to_bytes((len(a) + len(b)) * size, "little")
    coefficients = [int.from_bytes(product[k * size : (k + 1) * size], "little") for k in range(len(a))]
    return np.array(coefficients, dtype=object)


def octahedral(width: int, functions: int) -> int:
    """Z(N, M) = sum over s = N, N-2, .. >= 0 of S(M, s), S(M, s) = sum_k 2^k C(M, k) C(s-1, k-1), S(M, 0) = 1.

    The fields that N neurons of amplitudes +-a make out of M functions: points of Z^M on spheres of the l1 norm.
    """

    def sphere(s: int) -> int:
        if s == 0:
            return 1
        return sum(2**k * math.comb(functions, k) * math.comb(s - 1, k - 1) for k in range(1, functions + 1))

    return sum(sphere(s) for s in range(width % 2, width + 1, 2))
