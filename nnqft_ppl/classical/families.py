"""Which maxima are one: points by their key, points of a continuum by walks along its flat directions."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from nnqft_ppl.classical.ascent import End, Flags
from nnqft_ppl.runtime.arrays import Array

ModeKind = Literal["strict", "flat", "cusp", "boundary", "degenerate"]

MEMBERS = 4  # of a family, that walks start from

Walk = Callable[[Array, Array], Flags]  # from a point to goals (count, size): which of them were reached


class Top(NamedTuple):
    """An end of an ascent that is a maximum."""

    end: End
    kind: ModeKind
    null: Array  #: (size, k): an orthonormal basis of the k directions in which it is flat

    @property
    def dimension(self) -> int:
        return self.null.shape[1]


class Families:
    """Isolated maxima and connected continua of them, each with its first top and how many ascents ended there."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.tops: dict[bytes, Top] = {}
        self.hits: Counter[bytes] = Counter()
        self._home: dict[bytes, bytes] = {}  # keys of one connected family share their first one
        self._members: dict[bytes, list[Array]] = {}  # of a family, some points to walk from

    def add(self, found: list[tuple[bytes, Top]]) -> None:
        """Count tops with their keys; those on continua that are not known yet are walked to."""
        strangers: dict[bytes, list[Top]] = {}
        for key, top in found:
            if top.dimension and key not in self._home:
                strangers.setdefault(key, []).append(top)
                continue
            if key not in self._home:
                self._home[key], self.tops[key] = key, top
            self.hits[self._home[key]] += 1
        visited: set[bytes] = set()
        while strangers:
            home = next((key for key, top in self.tops.items() if top.dimension and key not in visited), None)
            if home is None:  # none of the known families: the first stranger founds one
                home = next(iter(strangers))
                self.tops[home] = strangers[home][0]
            visited.add(home)
            self._gather(home, strangers)

    def _gather(self, home: bytes, strangers: dict[bytes, list[Top]]) -> None:
        """Bring strangers to a family: where a walk from one member is lost, one from another arrives."""
        members = self._members.setdefault(home, [self.tops[home].end.z])
        waiting = deque(members)
        while waiting and strangers:
            for key in self._reached(home, waiting.popleft(), strangers):
                tops = strangers.pop(key)
                if len(members) < MEMBERS:
                    members.append(tops[0].end.z)
                    waiting.append(tops[0].end.z)
                self._home[key] = home
                self.hits[home] += len(tops)

    def _reached(self, home: bytes, start: Array, strangers: dict[bytes, list[Top]]) -> list[bytes]:
        """The strangers that a walk from a point of a family leads to, on a continuum of the same dimension."""
        goals = np.stack([tops[0].end.z for tops in strangers.values()])
        found = zip(strangers.items(), self.walk(start, goals), strict=True)
        dimension = self.tops[home].dimension
        return [key for (key, tops), there in found if key == home or (there and tops[0].dimension == dimension)]
