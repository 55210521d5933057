"""Subsets of {0..n-1} as bit masks, and partitions into them."""

from functools import lru_cache

Partition = tuple[int, ...]  # disjoint bit masks


@lru_cache
def set_partitions(n: int) -> tuple[Partition, ...]:
    """All partitions of {0..n-1} into blocks (Bell(n) of them): 1, 2, 5, 15, 52, 203, 877, 4140, ..."""
    if n == 0:
        return ((),)
    grown: list[Partition] = []
    for partition in set_partitions(n - 1):
        for i, block in enumerate(partition):
            grown.append((*partition[:i], block | 1 << (n - 1), *partition[i + 1 :]))
        grown.append((*partition, 1 << (n - 1)))
    return tuple(grown)


def members(mask: int) -> list[int]:
    """The elements of a bit mask, in order."""
    return [k for k in range(mask.bit_length()) if mask >> k & 1]
