"""Landscapes: where neurons are independent, classical fields are assembled from classical neurons, (38)-(41).

P(theta) = P(a) prod_i P(theta_h,i) is largest where every factor is, so that S_c consists of the fields
sum_i alpha_i h_i with alpha_i a mode of P(a_i) and h_i a classical neuron. Exact counts at any N, the most probable
fields first, and uniform samples need nothing but the modes of one neuron.
"""

import heapq
import itertools
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl.classical.counting import Product, sums
from nnqft_ppl.runtime.arrays import Array, few_lines, html_table, integer
from nnqft_ppl.runtime.errors import InputError, NoClosedForm

ENUMERATED = 2_000_000  # configurations that are counted one by one at most


class Bounds(NamedTuple):
    """The exact number of classical fields between its bounds."""

    lower: int  #: K'^N C(M', N): (41) with binomials, nonzero modes K' and linearly independent neurons M'
    printed_lower: int  #: (41) as meant, |max P(a_i)|^N C(|S_c^h|, N), which fails without those two conditions
    exact: int
    multisets: int  #: C(N + K M - 1, N): neurons may be relabelled
    upper: int  #: (40), |max P(a)| |S_c^h|^N

    __repr__ = few_lines
    _repr_html_ = html_table


class ClassicalField(NamedTuple):
    """A classical field: how many neurons have which amplitude and which function."""

    counts: Array  #: (K, M) integers that add up to N
    coefficients: Array  #: (M,): the field is sum_m coefficients_m h_m
    log_p: float  #: the largest log P(theta*) of the field


class ClassicalFields:
    """Classical fields of N neurons with amplitude modes (K,) and classical functions, by their values (M, P)."""

    def __init__(
        self,
        width: int,
        amplitudes: Array,
        functions: Array,
        amplitude_log_p: Array | None = None,
        function_log_p: Array | None = None,
    ) -> None:
        self.width, self.amplitudes, self.functions = width, np.asarray(amplitudes, float), np.asarray(functions, float)
        if self.functions.shape[1] < len(self.functions):
            raise InputError(
                f"functions must be given at {len(self.functions)} points at least, got {self.functions.shape[1]}"
            )
        #: below it, two fields are one
        self.grain = 1e-6 * (float(np.abs(self.amplitudes).max()) * float(np.abs(self.functions).max()) or 1.0)
        nothing = (np.zeros(len(self.amplitudes)), np.zeros(len(self.functions)))
        self.amplitude_log_p = nothing[0] if amplitude_log_p is None else amplitude_log_p
        self.function_log_p = nothing[1] if function_log_p is None else function_log_p
        self.groups = _proportional(self.functions)
        kept = [self.functions[group[0][0]] / np.linalg.norm(self.functions[group[0][0]]) for group in self.groups]
        #: the largest number of linearly independent classical neurons
        self.rank = int(np.linalg.matrix_rank(np.array(kept), tol=1e-8)) if kept else 0

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def told(self) -> dict[str, Any]:
        """The classical neurons of which the fields are made; counting them may take long."""
        parts = {"amplitudes": self.amplitudes, "functions": self.functions, "independent functions": self.rank}
        return {"width": self.width, **parts}

    # -- how many ------------------------------------------------------------------------------------------------

    @property
    def independent(self) -> bool:
        """Are the functions, up to sign and size, linearly independent?"""
        return self.rank == len(self.groups)

    def count(self) -> int:
        """|S_c|: the number of distinct classical fields, an integer of any size.

        Raises
        ------
        NoClosedForm
            for linear relations among the functions, or amplitudes with unusual relations, at a width that is too
            large to go through all configurations.
        """
        if self.independent:
            try:
                return self.product.count()
            except NoClosedForm:
                pass  # amplitudes with relations of their own
        return len(self.fields(repeats=True))

    def count_without_repeats(self) -> int:
        """The number of distinct fields that use no classical neuron twice: what (41) counts."""
        nonzero = len(self.amplitudes) == self._nonzero
        if self.independent and len(self.groups) == len(self.functions) and nonzero:
            return self._nonzero**self.width * math.comb(len(self.functions), self.width)
        return len(self.fields(repeats=False))

    def bounds(self) -> Bounds:
        """The exact count beside (40) and (41)."""
        modes, functions, n = len(self.amplitudes), len(self.functions), self.width
        return Bounds(
            self._nonzero**n * math.comb(self.rank, n),
            modes**n * math.comb(functions, n),
            self.count(),
            math.comb(n + modes * functions - 1, n),
            modes**n * functions**n,
        )

    @property
    def _nonzero(self) -> int:
        return int(np.count_nonzero(np.abs(self.amplitudes) > 1e-6 * np.abs(self.amplitudes).max()))

    @cached_property
    def product(self) -> Product:
        """The fields as vectors of coefficients, for functions that are linearly independent up to sign and size."""
        tables = {}
        for group in self.groups:
            values = np.unique(np.round(np.concatenate([factor * self.amplitudes for _, factor in group]), 12))
            tables[group] = sums(values, self.width)
        silent = len(self.functions) - sum(map(len, self.groups))
        return Product([*tables.values(), *[sums(np.zeros(0), self.width)] * min(silent, 1)], self.width)

    def fields(self, *, repeats: bool) -> set[bytes]:
        """Distinct fields by going through all configurations."""
        letters = list(itertools.product(range(len(self.amplitudes)), range(len(self.functions))))
        total = math.comb(self.width + len(letters) - 1, self.width)
        if total > ENUMERATED:
            raise NoClosedForm(
                f"{integer(total)} configurations are too many to go through, and the functions have linear relations "
                "or the amplitudes unusual ones"
            )
        waves = np.array([self.amplitudes[k] * self.functions[m] for k, m in letters])
        found = set()
        for chosen in itertools.combinations_with_replacement(range(len(letters)), self.width):
            functions = [letters[letter][1] for letter in chosen]
            if repeats or len(set(functions)) == self.width:
                field = waves[list(chosen)].sum(axis=0)
                found.add((np.round(field / self.grain) + 0.0).tobytes())
        return found

    # -- which ---------------------------------------------------------------------------------------------------

    def best(self) -> Iterator[ClassicalField]:
        """Distinct classical fields in order of log P(theta*), the most probable first: (36), then all others.

        Lazily: from a configuration, the next ones move one neuron to the next less probable letter (amplitude and
        function), so that the best hundred of 10^200 take as long as the best hundred of 10^3.
        """
        weights = np.add.outer(self.amplitude_log_p, self.function_log_p).ravel()
        waves = np.multiply.outer(self.amplitudes, self.functions).reshape(len(weights), -1)
        order, different, functions = [], set(), len(self.functions)
        for letter in np.argsort(-weights, kind="stable"):  # of letters with one wave, the most probable is enough
            wave = (np.round(waves[letter] / self.grain) + 0.0).tobytes()
            if wave not in different:
                different.add(wave)
                order.append(int(letter))
        weights = weights[order]
        letters = [(letter // functions, letter % functions) for letter in order]
        start: tuple[int, ...] = (self.width, *[0] * (len(letters) - 1))
        heap: list[tuple[float, tuple[int, ...]]] = [(-self.width * float(weights[0]), start)]
        queued: set[tuple[int, ...]] = {start}
        seen: set[bytes] = set()
        while heap:
            minus, occupied = heapq.heappop(heap)
            counts = np.zeros((len(self.amplitudes), functions), dtype=int)
            for letter, number in zip(letters, occupied, strict=True):
                counts[letter] = number
            coefficients = self.amplitudes @ counts
            field = (np.round(coefficients @ self.functions / self.grain) + 0.0).tobytes()
            if field not in seen:
                seen.add(field)
                yield ClassicalField(counts, coefficients, -minus)
            for k in range(len(letters) - 1):
                if occupied[k]:
                    moved: tuple[int, ...] = (*occupied[:k], occupied[k] - 1, occupied[k + 1] + 1, *occupied[k + 2 :])
                    if moved not in queued:
                        queued.add(moved)
                        heapq.heappush(heap, (minus + float(weights[k] - weights[k + 1]), moved))

    def sample(self, draws: int, seed: int = 0) -> tuple[Array, Array]:
        """Uniform draws of distinct classical fields: coefficients (draws, M) and the largest log P of each (draws,).

        Raises
        ------
        NoClosedForm
            where functions have linear relations or are multiples of each other, or amplitude modes differ in
            probability.
        """
        if draws < 1:
            raise InputError(f"draws must be at least 1, got {draws}")
        if not self.independent or len(self.groups) < len(self.functions):
            raise NoClosedForm("uniform samples need linearly independent classical neurons")
        if np.ptp(self.amplitude_log_p) > 1e-6:
            raise NoClosedForm("uniform samples need amplitude modes of one probability")
        coefficients, terms = self.product.sample(draws, seed)
        left = self.width - terms.sum(axis=1)  # neurons that cancel, best on the most probable function
        log_p = terms @ self.function_log_p + left * self.function_log_p.max()
        return coefficients, log_p + self.width * self.amplitude_log_p[0]


def _proportional(functions: Array) -> tuple[tuple[tuple[int, float], ...], ...]:
    """Groups of functions that are multiples of one: (index, factor) of each; functions that vanish are left out."""
    groups: list[list[tuple[int, float]]] = []
    for index, values in enumerate(functions):
        if np.abs(values).max() < 1e-9:
            continue
        for group in groups:
            first = functions[group[0][0]]
            factor = float(values @ first / (first @ first))
            if np.abs(values - factor * first).max() < 1e-7 * np.abs(values).max():
                group.append((index, factor))
                break
        else:
            groups.append([(index, 1.0)])
    return tuple(tuple(group) for group in groups)
