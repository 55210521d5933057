"""Maxima of a density, told apart by what they are and by the field they make.

Three numbers answer "how many": points theta* (modes), points up to the relabelling of neurons and the redundancies
(b, c) ~ (-b, -c) and (a, c) ~ (-a, c + pi) (orbits), and distinct fields, since a neuron and its negative cancel. Where
maxima form a continuum, a family counts once, with the dimension of its zero modes and how many of them move the field
(moduli); the others are redundant.
"""

import math
from collections import Counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.classical.ascent import Ascents, End, zero_modes
from nnqft_ppl.classical.density import Density
from nnqft_ppl.classical.families import Families, ModeKind, Top
from nnqft_ppl.runtime.arrays import Array, few_lines, html_table

RESOLUTION = 1e-3  # of two points, in units of the spread of the starts
CELLS = 2 * round(math.pi / RESOLUTION)  # of a circle: even, so that pi and -pi are the middle of one
FAR = 1e6  # in the same units: an ascent that got there has no maximum before it


class Mode(NamedTuple):
    """A local maximum of P(theta), or a connected family of them, up to the relabelling of neurons."""

    theta: dict[str, Array]  #: a representative
    log_p: float
    kind: ModeKind
    slope: float  #: largest component of the gradient
    spectrum: Array  #: eigenvalues of the Hessian of -log P, ascending
    zero_modes: int  #: dimension of the family
    moduli: int  #: how many of its dimensions move the field
    copies: int  #: modes that relabelling the neurons makes of it
    orbit: int  #: number of its orbit
    field: int  #: number of its field; -1 for a continuum of fields
    size: float  #: the largest |phi| at some generic points: 0 for the field that vanishes
    share: float  #: of the starts that ended here

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def signature(self) -> tuple[int, int, int]:
        """How many eigenvalues of the Hessian of -log P are negative, zero and positive."""
        zero = zero_modes(self.spectrum)
        return int(np.sum(~zero & (self.spectrum < 0))), int(zero.sum()), int(np.sum(~zero & (self.spectrum > 0)))


class Modes(NamedTuple):
    """What a search found, most probable first."""

    found: tuple[Mode, ...]
    starts: int
    saddles: int  #: starts that ended where log P still rises along a zero mode or an unstable direction
    unfinished: int  #: starts that ended nowhere
    unseen: float  #: probability that one more start ends at a new mode, at most (95 %)
    missing: float  #: Chao's lower estimate of the number of modes not found

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def isolated(self) -> int:
        """Isolated modes, all relabellings counted."""
        return sum(mode.copies for mode in self.found if not mode.zero_modes)

    @property
    def families(self) -> int:
        """Continua of modes, all relabellings counted."""
        return sum(mode.copies for mode in self.found if mode.zero_modes)

    @property
    def orbits(self) -> int:
        """Modes and families up to relabelling and redundancy."""
        return len({mode.orbit for mode in self.found})

    @property
    def fields(self) -> int:
        """Distinct isolated fields; a family that does not move the field has one."""
        return len({mode.field for mode in self.found} - {-1})

    @property
    def dominant(self) -> tuple[Mode, ...]:
        """The most probable configurations (36): global maxima, where the paper prints minima."""
        return tuple(mode for mode in self.found if mode.log_p > self.found[0].log_p - 1e-9)


class Maxima:
    """Ends of ascents, told apart."""

    def __init__(self, density: Density, starts: Array, spread: Array, seed: int) -> None:
        self.density, self.spread = density, spread
        self.ascents = Ascents(density, len(starts))
        points = jnp.asarray(np.random.default_rng(seed).normal(size=(max(8, 2 * density.size), density.net.dim)))

        def shown(z: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            """log P, the neurons' waves at the points, and how the parameters move the field there.

            One program for all three: nobody asks often, and each would be compiled for longer than it runs.
            """

            def field(z: jax.Array) -> tuple[jax.Array, jax.Array]:
                waves = density.waves(z, points)
                return waves.sum(axis=0).ravel(), waves

            moves, waves = jax.jacfwd(field, has_aux=True)(z)
            return density.log_prob(z), waves.reshape(density.net.neuron_count, -1), moves

        self._shown: Any = jax.jit(shown)
        waves = [np.abs(self._shown(start)[1]).mean() for start in starts[:16]]
        self.scale = float(np.mean(waves)) or 1.0  # of a neuron's wave
        self.families = Families(self.ascents.walk)
        self.saddles = self.unfinished = 0

    def unseen(self, used: int) -> float:
        """Good and Turing's share of modes seen once, and what may hide at 95 % confidence."""
        once = sum(hits == 1 for hits in self.families.hits.values())
        return min(1.0, (once + math.log(20.0)) / used) if self.families.hits else 1.0

    def missing(self) -> float:
        """Chao: f1 (f1 - 1) / (2 (f2 + 1)), where f1 modes were seen once and f2 twice."""
        once, twice = (sum(hits == k for hits in self.families.hits.values()) for k in (1, 2))
        return once * (once - 1) / (2 * (twice + 1))

    def add(self, starts: Array) -> None:
        """Climb from a batch of starts and sort the ends."""
        ends = self.ascents.climb(starts)
        if ends.rough.any():  # cusps and walls; the others stay where they are
            ends = self.ascents.sharpen(ends.z)
        zero = zero_modes(ends.eigenvalues)
        flat, rising = self.ascents.probe(ends, self.spread)
        found = []
        for k in range(len(starts)):
            end = End(*(field[k] for field in ends))
            kind = self._kind(end, zero[k], flat[k], rising[k])
            if kind is not None:
                top = Top(end, kind, end.vectors[:, flat[k]])
                found.append((self._rows(end.z, top.null).tobytes(), top))
        self.families.add(found)

    def _kind(self, end: End, zero: Any, flat: Any, rising: Any) -> ModeKind | None:
        """What an end is, or None for a saddle or an unfinished ascent, which are only counted."""
        far = np.max(np.abs(end.z) / self.spread) > FAR
        if not np.isfinite(end.log_p) or far or not end.settled:
            self.unfinished += 1
            return None
        if rising.any() or (end.eigenvalues[~zero] < 0).any():
            self.saddles += 1
            return None
        if end.rough.any():
            return "boundary" if end.blocked else "cusp"
        if (zero & ~flat).any():
            return "degenerate"
        return "flat" if flat.any() else "strict"

    def _rows(self, z: Any, null: Array) -> Any:
        """Rounded parameters of every neuron, sorted within its kind; flat directions are projected out."""
        z = z - null @ (null.T @ z)
        units = np.round(z / (RESOLUTION * self.spread))
        around = np.mod(np.round(z * (CELLS / (2 * np.pi))), CELLS)  # a phase of pi is one of -pi
        units = np.where(self.density.circles, around, units)
        rows, start, ordered = self.density.rows(units).astype(np.int64), 0, []
        for group in self.density.net.amplitude_groups():
            part = rows[start : start + group.neurons]
            ordered.append(part[np.lexsort(part.T[::-1])])
            start += group.neurons
        return np.concatenate(ordered)

    def summary(self, used: int) -> Modes:
        """Everything that was found, most probable first."""
        order = sorted(self.families.tops, key=lambda key: -float(self.families.tops[key].end.log_p))
        orbits: dict[bytes, int] = {}
        fields: dict[bytes, int] = {}
        found = []
        for key in order:
            top = self.families.tops[key]
            end = top.end
            _, waves, moves = (np.asarray(value) for value in self._shown(end.z))
            moduli = 0
            if top.dimension:
                singular = np.linalg.svd(moves @ top.null, compute_uv=False)
                moduli = int(np.sum(singular > RESOLUTION * self.scale))
            orbit = self._folded(top) if top.dimension else _sorted(waves / self.scale)
            total = np.round(waves.sum(axis=0) / (1e-6 * self.scale)).astype(np.int64).tobytes()
            found.append(
                Mode(
                    self.density.arrays(end.z),
                    float(end.log_p),
                    top.kind,
                    float(end.slope),
                    end.eigenvalues[np.isfinite(end.eigenvalues)],
                    top.dimension,
                    moduli,
                    self._copies(self._rows(end.z, top.null), end),
                    orbits.setdefault(orbit, len(orbits)),
                    -1 if moduli else fields.setdefault(total, len(fields)),
                    float(np.abs(waves.sum(axis=0)).max()),
                    self.families.hits[key] / used,
                )
            )
        return Modes(tuple(found), used, self.saddles, self.unfinished, self.unseen(used), self.missing())

    def _copies(self, rows: Any, end: End) -> int:
        """How many points relabelling makes of one, where it keeps P."""
        moved = self.density.vector(self._relabelled(end.z))
        if abs(float(self._shown(moved)[0]) - end.log_p) > 1e-9 * (1.0 + abs(end.log_p)):
            return 1
        copies, start = 1, 0
        for group in self.density.net.amplitude_groups():
            repeats = Counter(row.tobytes() for row in rows[start : start + group.neurons])
            copies *= math.factorial(group.neurons) // math.prod(math.factorial(k) for k in repeats.values())
            start += group.neurons
        return copies

    def _relabelled(self, z: Any) -> dict[str, Array]:
        """The parameters with neurons moved on by one, each within its kind."""
        order, start = [], 0
        for group in self.density.net.amplitude_groups():
            order += np.roll(np.arange(start, start + group.neurons), 1).tolist()
            start += group.neurons
        theta = self.density.arrays(z)
        return {site: v if site in self.density.net.shared else v[order] for site, v in theta.items()}

    def _folded(self, top: Top) -> bytes:
        """The key of a family's image among the parameters of the same field, if that is as probable."""
        theta = self.density.net.folded(self.density.arrays(top.end.z))
        z = self.density.wrap(self.density.vector(theta))
        level = float(self._shown(z)[0])
        same = abs(level - top.end.log_p) <= 1e-9 * (1.0 + abs(level))
        return self._rows(z if same else top.end.z, top.null).tobytes()


def _sorted(waves: Array) -> bytes:
    units = np.round(waves / 1e-6).astype(np.int64)
    return units[np.lexsort(units.T[::-1])].tobytes()
