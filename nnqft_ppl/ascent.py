"""Ascents of a density from many starts at once: BFGS, Newton's method to the last digit, and what each end is.

An end is stationary where the gradient vanishes; otherwise it may be a cusp or lie on a wall of the support, which a
step uphill shows. The Hessian is that of -log P: positive eigenvalues are stable directions, negative ones unstable.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optimistix

from nnqft_ppl.density import Density

#: Eigenvalues below this fraction of the largest are zero, and so is a slope in units of the curvature.
TOLERANCE = 1e-6
MOST_STEPS, BISECTIONS, SWEEPS, STRIDES = 500, 60, 3, 24
NEWTON, CORRECTIONS = 60, 6  # steps of Newton's method at the end of an ascent; back to a curved continuum


class Place(NamedTuple):
    """A point and the density around it, to second order."""

    z: jax.Array
    log_p: jax.Array
    gradient: jax.Array
    hessian: jax.Array  #: of -log P

    @property
    def slope(self) -> jax.Array:
        return jnp.max(jnp.abs(self.gradient))


class End(NamedTuple):
    """Where one ascent ended; of many ascents, all fields have a leading axis of starts."""

    z: jax.Array
    log_p: jax.Array
    slope: jax.Array  #: largest component of the gradient
    eigenvalues: jax.Array  #: of the Hessian of -log P, ascending; infinite for rough coordinates, which have none
    vectors: jax.Array  #: its eigenvectors, in columns
    rough: jax.Array  #: coordinates along which the slope does not vanish
    blocked: jax.Array  #: along one of them, a step uphill leaves the support
    settled: jax.Array  #: along each of them, a step uphill leaves the support or goes down


def zero_modes(eigenvalues: jax.Array) -> jax.Array:
    """Which eigenvalues count as zero."""
    size = jnp.where(jnp.isfinite(eigenvalues), jnp.abs(eigenvalues), 0.0)
    largest = jnp.maximum(jnp.max(size, axis=-1, keepdims=True), 1e-3)
    return jnp.isfinite(eigenvalues) & (size <= TOLERANCE * largest)


def look(density: Density, z: jax.Array) -> Place:
    """The density around a point."""
    log_p, gradient = jax.value_and_grad(density.log_prob)(z)
    return Place(z, log_p, gradient, -jax.hessian(density.log_prob)(z))


def settle(density: Density, z: jax.Array, most: int) -> Place:
    """Newton's method with a pseudo-inverse of the Hessian, which does not drift along flat directions."""

    def step(state: tuple[Place, jax.Array, jax.Array, jax.Array]) -> tuple[Place, jax.Array, jax.Array, jax.Array]:
        here, trial, count, _ = state
        there = look(density, trial)
        better = (count == 0) | (there.slope < here.slope)  # false for NaN
        here = jax.tree.map(lambda new, old: jnp.where(better, new, old), there, here)
        eigenvalues, vectors = jnp.linalg.eigh(here.hessian)
        inverse = jnp.where(zero_modes(eigenvalues), 0.0, 1.0 / jnp.where(eigenvalues == 0.0, 1.0, eigenvalues))
        return here, here.z + vectors @ (inverse * (vectors.T @ here.gradient)), count + 1, better

    def going(state: tuple[Place, jax.Array, jax.Array, jax.Array]) -> jax.Array:
        return state[3] & (state[2] <= most)

    nowhere = Place(z, jnp.zeros(()), jnp.zeros_like(z), jnp.zeros((z.size, z.size)))
    return jax.lax.while_loop(going, step, (nowhere, z, jnp.zeros((), int), jnp.asarray(True)))[0]


@partial(jax.jit, static_argnums=0)
def climb(density: Density, starts: jax.Array) -> End:
    """Ascend from every start, shape (count, size)."""

    def one(start: jax.Array) -> End:
        solver = optimistix.BFGS(rtol=1e-3, atol=1e-3)  # Newton's method does the rest
        top = optimistix.minimise(
            lambda z, _: -density.log_prob(z), solver, start, max_steps=MOST_STEPS, throw=False
        ).value
        return _end(density, settle(density, top, NEWTON))

    return jax.vmap(one)(starts)


@partial(jax.jit, static_argnums=0)
def sharpen(density: Density, z: jax.Array) -> End:
    """Points (count, size) where the slope does not vanish, moved to the cusp or the wall beside them.

    Coordinate by coordinate: along its slope, the last point inside the support before the slope changes sign, by
    bisection. Where it does not change sign nearby, the coordinate stays.
    """
    slope = jax.grad(density.log_prob)

    def coordinate(z: jax.Array, k: jax.Array) -> tuple[jax.Array, None]:
        axis = jnp.zeros_like(z).at[k].set(1.0)
        sign, reach = jnp.sign(slope(z)[k]), 0.1 * (1.0 + jnp.abs(z[k]))

        def halve(_: int, bracket: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            low, high = bracket
            middle = jnp.where(high > 2.0 * reach, reach, 0.5 * (low + high))  # the first look is at the far end
            at = z + sign * middle * axis
            up = jnp.isfinite(density.log_prob(at)) & (sign * slope(at)[k] > 0)
            return jnp.where(up, middle, low), jnp.where(up, high, middle)

        low, high = jax.lax.fori_loop(0, BISECTIONS, halve, (jnp.zeros(()), 3.0 * reach))
        return jnp.where(high <= reach, z + sign * low * axis, z), None

    def one(z: jax.Array) -> End:
        order = jnp.tile(jnp.arange(z.size), SWEEPS)
        return _end(density, look(density, jax.lax.scan(coordinate, z, order)[0]))

    return jax.vmap(one)(z)


def _end(density: Density, place: Place) -> End:
    z, g, curvature = density.wrap(place.z), place.gradient, jnp.max(jnp.abs(place.hessian))
    rough = jnp.abs(g) > TOLERANCE * jnp.maximum(curvature, 1.0)
    smooth = jnp.where(rough[:, None] | rough[None, :], 0.0, place.hessian)
    stiff = 2.0 * z.size * jnp.maximum(curvature, 1.0)  # a rough coordinate is an eigenvector of its own, the last
    eigenvalues, vectors = jnp.linalg.eigh(smooth + jnp.diag(jnp.where(rough, stiff, 0.0)))
    eigenvalues = jnp.where(jnp.arange(z.size) < z.size - jnp.sum(rough), eigenvalues, jnp.inf)
    step = jnp.diag(jnp.sign(g) * TOLERANCE * (1.0 + jnp.abs(z)))
    ahead = jax.vmap(density.log_prob)(z + step)
    outside = ~jnp.isfinite(ahead)
    settled = jnp.all(~rough | outside | (ahead < place.log_p))
    return End(z, place.log_p, place.slope, eigenvalues, vectors, rough, jnp.any(rough & outside), settled)


class Flatness(NamedTuple):
    """What a step along every zero mode of an end does, (count, size); False where there is no zero mode."""

    flat: jax.Array  #: log P stays as it is, along a line or a curve, or up to a wall
    rising: jax.Array  #: log P rises: no maximum


@partial(jax.jit, static_argnums=0)
def probe(density: Density, ends: End, scale: jax.Array) -> Flatness:
    """Follow every zero mode a tenth of `scale`, (size,), both ways, to see what the Hessian cannot."""

    def one(end: End) -> Flatness:
        small = 1e-7 * (1.0 + jnp.abs(end.log_p))

        def along(direction: jax.Array) -> tuple[jax.Array, jax.Array]:
            step = 0.1 * jnp.max(jnp.abs(direction) * scale) * direction

            def to(sign: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
                start = end.z + sign * step
                bent, straight = settle(density, start, CORRECTIONS), density.log_prob(start)
                moved = jnp.dot(bent.z - end.z, sign * step) > 0.6 * jnp.dot(step, step)
                level = moved & (jnp.abs(bent.log_p - end.log_p) <= small)
                return level, ~jnp.isfinite(straight), jnp.maximum(bent.log_p, straight) > end.log_p + small

            level, outside, rising = jax.vmap(to)(jnp.array([1.0, -1.0]))
            return jnp.all(level | outside) & jnp.any(level), jnp.any(rising)

        zero = zero_modes(end.eigenvalues)
        flat, rising = jax.lax.map(along, end.vectors.T)
        return Flatness(zero & flat, zero & rising)

    return jax.vmap(one)(ends)


@partial(jax.jit, static_argnums=0)
def walk(density: Density, start: jax.Array, goals: jax.Array) -> jax.Array:
    """Which goals (count, size) can be reached from `start` along flat directions, without a change of log P?"""
    level = density.log_prob(start)

    def one(goal: jax.Array) -> jax.Array:
        def distance(z: jax.Array) -> jax.Array:
            away = goal - z
            return jnp.where(density.circles, jnp.mod(away + jnp.pi, 2.0 * jnp.pi) - jnp.pi, away)

        def stride(_: int, z: jax.Array) -> jax.Array:
            here = settle(density, z, CORRECTIONS)
            eigenvalues, vectors = jnp.linalg.eigh(here.hessian)
            return here.z + 0.7 * vectors @ (zero_modes(eigenvalues) * (vectors.T @ distance(here.z)))

        end = jax.lax.fori_loop(0, STRIDES, stride, start)
        same = jnp.abs(density.log_prob(end) - level) <= 1e-7 * (1.0 + jnp.abs(level))
        return same & (jnp.linalg.norm(distance(end)) < 1e-3 * (1.0 + jnp.linalg.norm(goal)))

    return jax.vmap(one)(goals)
