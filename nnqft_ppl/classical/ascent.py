"""Ascents of a density from many starts at once: BFGS, Newton's method to the last digit, and what each end is.

An end is stationary where the gradient vanishes; otherwise it may be a cusp or lie on a wall of the support, which a
step uphill shows. The Hessian is that of -log P: positive eigenvalues are stable directions, negative ones unstable.

JAX compiles BFGS and the density to second order, once, for `room` points at a time; the loops around them are NumPy's,
as they end after few steps, and whatever they would add to a program is compiled for longer than it runs.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

import jax
import numpy as np
import optimistix
from numpy.typing import NDArray

from nnqft_ppl.classical.density import Density
from nnqft_ppl.runtime.arrays import Array

#: Eigenvalues below this fraction of the largest are zero, and so is a slope in units of the curvature.
TOLERANCE = 1e-6
MOST_STEPS, BISECTIONS, SWEEPS, STRIDES = 500, 60, 3, 24
FEW = 8  # goals of a walk
NEWTON, CORRECTIONS = 60, 6  # steps of Newton's method at the end of an ascent; back to a curved continuum

Flags = NDArray[np.bool_]


class Place(NamedTuple):
    """Points (count, size) and the density around them, to second order."""

    z: Array
    log_p: Array
    gradient: Array
    hessian: Array  #: of -log P

    @property
    def slope(self) -> Array:
        return np.abs(self.gradient).max(axis=1)


class End(NamedTuple):
    """Where ascents ended: all fields have a leading axis of starts, which those of one end lack."""

    z: Array
    log_p: Array
    slope: Array  #: largest component of the gradient
    eigenvalues: Array  #: of the Hessian of -log P, ascending; infinite for rough coordinates, which have none
    vectors: Array  #: its eigenvectors, in columns
    rough: Flags  #: coordinates along which the slope does not vanish
    blocked: Flags  #: along one of them, a step uphill leaves the support
    settled: Flags  #: along each of them, a step uphill leaves the support or goes down


class Flatness(NamedTuple):
    """What a step along every zero mode of an end does, (count, size); False where there is no zero mode."""

    flat: Flags  #: log P stays as it is, along a line or a curve, or up to a wall
    rising: Flags  #: log P rises: no maximum


def zero_modes(eigenvalues: Array) -> Flags:
    """Which eigenvalues count as zero."""
    size = np.where(np.isfinite(eigenvalues), np.abs(eigenvalues), 0.0)
    largest = np.maximum(size.max(axis=-1, keepdims=True, initial=0.0), 1e-3)
    return np.isfinite(eigenvalues) & (size <= TOLERANCE * largest)


class Ascents:
    """Ascents of one density, `room` of them at a time."""

    def __init__(self, density: Density, room: int) -> None:
        height = jax.jit(density.log_prob)  # traced once for all of the below

        def rise(start: jax.Array) -> jax.Array:
            solver = optimistix.BFGS(rtol=1e-3, atol=1e-3)  # Newton's method does the rest
            down = optimistix.minimise(lambda z, _: -height(z), solver, start, max_steps=MOST_STEPS, throw=False)
            return down.value

        slope = jax.value_and_grad(height)

        def look(z: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            def rising(z: jax.Array) -> Any:
                log_p, gradient = slope(z)
                return gradient, (log_p, gradient)

            hessian, (log_p, gradient) = jax.jacfwd(rising, has_aux=True)(z)
            return log_p, gradient, -hessian

        self.density, self.room = density, room
        self._rise: Any = jax.jit(jax.vmap(lambda z: (rise(z),)))
        self._slope: Any = jax.jit(jax.vmap(slope))
        self._look: Any = jax.jit(jax.vmap(look))

    def climb(self, starts: Array) -> End:
        """Ascend from every start, shape (count, size)."""
        (tops,) = self._each(self._rise, starts)
        return self._ends(self.settle(tops, NEWTON))

    def look(self, z: Array) -> Place:
        """The density around points (count, size)."""
        return Place(z.copy(), *self._each(self._look, z))

    def settle(self, z: Array, most: int) -> Place:
        """Newton's method with a pseudo-inverse of the Hessian, which does not drift along flat directions."""
        best = self.look(z)
        going = np.arange(len(z))  # as long as the slope falls
        for _ in range(most):
            going = going[np.isfinite(best.hessian[going]).all(axis=(1, 2))]
            if not len(going):
                break
            eigenvalues, vectors = np.linalg.eigh(best.hessian[going])
            zero = zero_modes(eigenvalues)
            inverse = np.where(zero, 0.0, 1.0 / np.where(zero, 1.0, eigenvalues))
            along = inverse * np.einsum("nij,ni->nj", vectors, best.gradient[going])
            there = self.look(best.z[going] + np.einsum("nij,nj->ni", vectors, along))
            better = there.slope < best.slope[going]  # false for NaN
            going = going[better]
            for kept, new in zip(best, there, strict=True):
                kept[going] = new[better]
        return best

    def sharpen(self, z: Array) -> End:
        """Points (count, size) where the slope does not vanish, moved to the cusp or the wall beside them.

        Coordinate by coordinate: along its slope, the last point inside the support before the slope changes sign, by
        bisection. Where it does not change sign nearby, the coordinate stays.
        """
        z = z.copy()
        for k in [*range(z.shape[1])] * SWEEPS:
            sign = np.sign(self._each(self._slope, z)[1][:, k])
            reach = 0.1 * (1.0 + np.abs(z[:, k]))
            low, high = np.zeros(len(z)), 3.0 * reach
            for _ in range(BISECTIONS):
                middle = np.where(high > 2.0 * reach, reach, 0.5 * (low + high))  # the first look is at the far end
                at = z.copy()
                at[:, k] += sign * middle
                log_p, slope = self._each(self._slope, at)
                up = np.isfinite(log_p) & (sign * slope[:, k] > 0)
                low, high = np.where(up, middle, low), np.where(up, high, middle)
            z[:, k] += np.where(high <= reach, sign * low, 0.0)
        return self._ends(self.look(z))

    def probe(self, ends: End, scale: Array) -> Flatness:
        """Follow every zero mode a tenth of `scale`, (size,), both ways, to see what the Hessian cannot."""
        zero = zero_modes(ends.eigenvalues) & np.isfinite(ends.log_p)[:, None]  # what left the support is no end
        flat, rising = np.zeros_like(zero), np.zeros_like(zero)
        row, mode = np.nonzero(zero)
        if not len(row):
            return Flatness(flat, rising)
        direction = ends.vectors[row, :, mode]
        step = 0.1 * np.abs(direction * scale).max(axis=1, keepdims=True) * direction
        log_p = ends.log_p[row]
        small = 1e-7 * (1.0 + np.abs(log_p))
        ways = []
        for way in (step, -step):
            start = ends.z[row] + way
            bent, straight = self.settle(start, CORRECTIONS), self.look(start).log_p
            moved = np.sum((bent.z - ends.z[row]) * way, axis=1) > 0.6 * np.sum(way**2, axis=1)
            level = moved & (np.abs(bent.log_p - log_p) <= small)
            ways.append((level, ~np.isfinite(straight), np.maximum(bent.log_p, straight) > log_p + small))
        level, outside, rises = (np.array(what) for what in zip(*ways, strict=True))
        flat[row, mode] = np.all(level | outside, axis=0) & np.any(level, axis=0)
        rising[row, mode] = np.any(rises, axis=0)
        return Flatness(flat, rising)

    def walk(self, start: Array, goals: Array) -> Flags:
        """Which goals (count, size) can be reached from `start` along flat directions, without a change of log P?"""
        side = copy(self)
        if len(goals) <= FEW:  # a program of its own, which hundreds of small steps pay for
            side.room = min(self.room, FEW)
        level = side.look(start[None]).log_p
        z = np.tile(start, (len(goals), 1))
        for _ in range(STRIDES):
            here = side.settle(z, CORRECTIONS)
            eigenvalues, vectors = np.linalg.eigh(np.nan_to_num(here.hessian))
            along = zero_modes(eigenvalues) * np.einsum("nij,ni->nj", vectors, self.density.wrap(goals - here.z))
            z = here.z + 0.7 * np.einsum("nij,nj->ni", vectors, along)
        away = np.linalg.norm(self.density.wrap(goals - z), axis=1)
        same = np.abs(side.look(z).log_p - level) <= 1e-7 * (1.0 + np.abs(level))
        return same & (away < 1e-3 * (1.0 + np.linalg.norm(goals, axis=1)))

    def _ends(self, place: Place) -> End:
        z, g, size = self.density.wrap(place.z), place.gradient, place.z.shape[1]
        known = np.isfinite(g).all(axis=1) & np.isfinite(place.hessian).all(axis=(1, 2))
        hessian = np.where(known[:, None, None], place.hessian, 0.0)
        curvature = np.maximum(np.abs(hessian).max(axis=(1, 2)), 1.0)[:, None]
        rough = np.abs(g) > TOLERANCE * curvature
        smooth = np.where(rough[:, :, None] | rough[:, None, :], 0.0, hessian)
        # A rough coordinate is an eigenvector of its own, the last.
        stiff = np.where(rough, 2.0 * size * curvature, 0.0)
        eigenvalues, vectors = np.linalg.eigh(smooth + stiff[:, :, None] * np.eye(size))
        eigenvalues = np.where(np.arange(size) < size - rough.sum(axis=1, keepdims=True), eigenvalues, np.inf)
        outside, uphill = np.zeros_like(rough), np.zeros_like(rough)
        row, k = np.nonzero(rough)
        ahead = z[row]
        ahead[np.arange(len(row)), k] += np.sign(g[row, k]) * TOLERANCE * (1.0 + np.abs(z[row, k]))
        log_p = self._each(self._slope, ahead)[0] if len(row) else np.empty(0)
        outside[row, k] = ~np.isfinite(log_p)
        uphill[row, k] = np.isfinite(log_p) & (log_p >= place.log_p[row])
        return End(z, place.log_p, place.slope, eigenvalues, vectors, rough, outside.any(1), known & ~uphill.any(1))

    def _each(self, function: Callable[[Array], tuple[jax.Array, ...]], z: Array) -> list[Array]:
        """A compiled function of `room` points, at any number of them; the arrays are the caller's own."""
        parts = []
        for k in range(0, len(z), self.room):
            part = z[k : k + self.room]
            filled = np.concatenate([part, np.repeat(part[-1:], self.room - len(part), axis=0)])
            parts.append([np.asarray(value)[: len(part)] for value in function(filled)])
        return [np.concatenate(values) for values in zip(*parts, strict=True)]
