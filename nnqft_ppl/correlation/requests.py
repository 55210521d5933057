"""What is asked of an estimator: correlators as polynomials, how many draws, how precisely; and the size of a batch."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import numpy as np

from nnqft_ppl.correlation.estimators import Estimator
from nnqft_ppl.correlation.exact import Kind
from nnqft_ppl.correlation.partitions import Polynomial, in_order
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.amplitudes import Components

DType = Literal["float32", "float64"]

BATCH_ELEMENTS = 2**20  # numbers held at once by a batch: about 8 MB in float64
WIDER = 8  # times as many on other devices than CPUs, where a batch takes a millisecond to start


class Request(NamedTuple):
    """Correlators by their order and kind, and how they are to be estimated; see `estimate`."""

    terms: dict[tuple[int, Kind], Polynomial]
    components: Components
    draws: int
    seed: int
    precision: float | None
    dtype: DType
    checkpoints: Path | None
    threads: int
    progress: bool

    @property
    def subsets(self) -> tuple[int, ...]:
        """The subsets of points whose products of fields are needed."""
        return tuple(in_order({label for p in self.terms.values() for label in p.subsets}))

    def worst(self, values: Callable[[Polynomial], tuple[Array, Array]]) -> float:
        """The largest relative standard error of all correlators; `values` gives them and their errors.

        What vanishes identically has none.
        """
        worst = 0.0
        for terms in self.terms.values():
            value, mcse = values(terms)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = np.where(mcse > 0, mcse / np.abs(value), 0.0)
            worst = max(worst, float(np.nanmax(ratios)))
        return worst

    def warn_if_missed(self, name: Estimator, reached: float, draws: int) -> None:
        """A warning where the draws ran out before the precision was reached."""
        if self.precision is not None and reached > self.precision:
            warnings.warn(
                f"{name} reached a precision of {reached:.2g}, not {self.precision:.2g}, with {draws} draws",
                stacklevel=4,
            )


def batch_size(per_draw: int) -> int:
    """The largest power of two of draws that keeps a batch within its elements: by the problem and the device alone."""
    elements = BATCH_ELEMENTS * (1 if jax.default_backend() == "cpu" else WIDER)
    return 2 ** int(np.clip(np.log2(elements / per_draw), 0, 14))
