"""Seeds: whole numbers that one run of draws begins with, checked wherever one enters."""

import operator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from nnqft_ppl.runtime.errors import InputError

if TYPE_CHECKING:
    import jax

#: Beyond it a key of JAX would forget the upper half of the number in single precision.
LARGEST_SEED = 2**32 - 1


def check_seed(seed: int) -> int:
    """The seed as an int.

    Raises
    ------
    InputError
        ``seed must be a whole number from 0 to 4294967295, got -1``.
    """
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= LARGEST_SEED:
        raise InputError(f"seed must be a whole number from 0 to {LARGEST_SEED}, got {seed!r}")
    return number


def key_of(seed: int) -> "jax.Array":
    """JAX's key of a seed that has been checked."""
    import jax

    return jax.random.key(check_seed(seed))


def whole_blocks() -> AbstractContextManager[Any]:
    """Within it random numbers of a batch take half the time: both words of each block of Threefry are used.

    JAX's own way, one word of each, is for arrays that are split over devices. A key gives other numbers within than
    without, as random as those, and the same ones on every device.
    """
    import jax

    return jax.threefry_partitionable(False)
