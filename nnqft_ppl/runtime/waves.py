"""Plane waves: a cosine that XLA vectorises, and their sums on a grid.

XLA's own cosine keeps a loop over points from being vectorised once it is differentiated or accumulated over neurons,
and `jnp.dot` of d components becomes a batched matrix product that cannot be fused with what follows. A polynomial of
the phase in turns and a dot product written out can; `benchmarks/` has the ratios.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from nnqft_ppl.runtime.grids import Grid

TURN = 0.5 / math.pi
BLOCK = 1024  # waves that a matrix product takes at a time, 2.5 times the rate of 256; and a bound of memory
LEAST = 512  # points, below which a product over axes is not ahead of points one by one
TRANSFORMED = 128  # waves, from which on a Fourier transform is ahead of a product over axes

# sin(2 pi q) = q P(q^2) on |q| <= 1/4 by interpolation at Chebyshev nodes of q^2, in 40 digits; the largest errors are
# 6.6e-9 and 3.3e-19, below the rounding of float32 and of float64.
SINGLE = (6.283185280154407, -41.34168061334652, 81.60247636892518, -76.58117264427872, 39.7598270853191)
DOUBLE = (
    6.283185307179586,
    -41.341702240399755,
    81.60524927607362,
    -76.70585975282492,
    42.058693925428685,
    -15.0946416761179,
    3.8199280942271643,
    -0.7177337921413454,
    0.10089695501646812,
)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def cos_of_turns(t: jax.Array, scale: float = 1.0) -> jax.Array:
    """scale cos(2 pi t): for scale 1, |error| <= 3e-7 + 4e-7 |t| in float32 and 6e-16 (1 + |t|) in float64.

    Turns are folded by their symmetries to a quarter on either side of zero, then an odd polynomial. The derivative is
    the same function a quarter turn on, whose factor 2 pi is in the coefficients.
    """
    q = 0.25 - jnp.abs(t - jnp.round(t))
    square = q * q
    first, *rest = (scale * one for one in reversed(DOUBLE if t.dtype == jnp.float64 else SINGLE))
    value = jnp.full_like(square, first)
    for coefficient in rest:
        value = value * square + coefficient
    return q * value


@cos_of_turns.defjvp
def _cos_of_turns_jvp(
    scale: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (t,), (dt,) = primals, tangents
    return cos_of_turns(t, scale), cos_of_turns(t + 0.25, 2.0 * math.pi * scale) * dt


def cos(x: jax.Array) -> jax.Array:
    """cos(x), to the rounding of the phase: |error| <= 3e-7 (1 + |x|) in float32 and 6e-16 (1 + |x|) in float64."""
    return cos_of_turns(x * TURN)


def dot(a: jax.Array, b: jax.Array) -> jax.Array:
    """a.b of two vectors of the few dimensions of space, written out."""
    return sum((a[k] * b[k] for k in range(1, a.shape[0])), start=a[0] * b[0])


def turns(b: jax.Array, x: jax.Array, c: jax.Array) -> jax.Array:
    """(b.x + c)/(2 pi) of vectors (d, ...), one multiplication and addition for each dimension.

    The factor is in b and c already, of which there are fewer than of their products with x.
    """
    total = TURN * c
    for one, coordinate in zip(TURN * b, x, strict=True):
        total = one * coordinate + total
    return total


def sum_on_grid(grid: Grid, a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
    """sum_i a_i cos(b_i.x + c_i) at all points of a grid by a matrix product; a (N,) or (N, D), b (N, d), c (N,).

    With x = p + q, p and q from the two halves of the grid, a cos(b.x + c) is a cos(b.p + c) cos(b.q) less
    a sin(b.p + c) sin(b.q). The halves of q are mirror images, with one cosine and opposite sines: one multiplication
    for a wave at a point. Waves come in blocks, so that memory does not grow with their number.
    """
    left, right, counts = grid.halves
    left, right = left.astype(b.dtype), right.astype(b.dtype)
    several, rows, columns = a.ndim == 2, len(left), len(right)
    near = right[: -(-columns // 2)]  # with its middle, if it has one

    def block(waves: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        a, b, c = waves
        p = turns(b.T[:, None], left.T[:, :, None], c[None])  # (rows, waves)
        q = turns(b.T[:, :, None], near.T[:, None], jnp.zeros((1, 1), b.dtype))  # (waves, half of the columns)
        even, odd = ((a.T[:, None] * cos_of_turns(p - shift)[None]).reshape(-1, len(c)) for shift in (0.0, 0.25))
        return _product(even, cos_of_turns(q)), _product(odd, cos_of_turns(q - 0.25))

    waves = a.reshape(len(a), -1), b, c
    number = -(-len(a) // BLOCK)
    size = -(-len(a) // number)
    if number == 1:
        even, odd = block(waves)
    else:  # the last block is filled up with silent waves
        filled = [jnp.pad(one, [(0, number * size - len(a)), *[(0, 0)] * (one.ndim - 1)]) for one in waves]
        blocks: Any = tuple(one.reshape(number, size, *one.shape[1:]) for one in filled)
        start = jnp.zeros((rows * waves[0].shape[1], len(near)), a.dtype)

        def add(total: tuple[jax.Array, jax.Array], waves: tuple[jax.Array, jax.Array, jax.Array]) -> tuple:
            return tuple(one + more for one, more in zip(total, block(waves), strict=True)), None

        even, odd = jax.lax.scan(add, (start, start), blocks)[0]
    mirrored = (even + odd)[:, : columns // 2][:, ::-1]
    phi = jnp.concatenate([even - odd, mirrored], axis=1).reshape(-1, *counts)
    phi = phi[(slice(None), *map(slice, grid.counts))].reshape(-1, len(grid))
    return phi.T if several else phi[0]


def _product(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)  # which GPUs would round to ten bits


@jax.custom_jvp
def sum_on_torus(grid: Grid, a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
    """The same where the grid has a period and b_i are in (2 pi/period) Z^d: by a Fourier transform.

    Waves beyond the grid are folded back, which changes nothing at its points. The derivative is that of `sum_on_grid`,
    as a whole number has none.
    """
    assert grid.period is not None
    last = grid.counts[-1]
    phase = turns(b.T, jnp.asarray(grid.lower, b.dtype), c)
    n = jnp.round(b * (TURN * grid.period)).astype(int)
    turned = n[:, -1] % last > last // 2  # cos(n.x + c) is cos(-n.x - c), and half of the modes are enough
    n = jnp.where(turned[:, None], -n, n) % jnp.asarray(grid.counts)[None]
    phase = jnp.where(turned, -phase, phase)
    alone = (n[:, -1] == 0) | (2 * n[:, -1] == last)  # modes that the transform does not add the conjugate of
    weight = jnp.where(alone, 1.0, 0.5)[None] * a.reshape(len(a), -1).T
    wave = jax.lax.complex(weight * cos_of_turns(phase)[None], weight * cos_of_turns(phase - 0.25)[None])  # (D, N)
    modes = jnp.zeros((len(wave), *grid.counts[:-1], last // 2 + 1), wave.dtype)
    modes = modes.at[(slice(None), *n.T)].add(wave)
    axes = tuple(range(1, grid.dim + 1))
    phi = len(grid) * jnp.fft.irfftn(modes, grid.counts, axes).reshape(len(wave), -1)
    return phi.T if a.ndim == 2 else phi[0]


@sum_on_torus.defjvp
def _sum_on_torus_jvp(primals: tuple, tangents: tuple) -> tuple[jax.Array, jax.Array]:
    return sum_on_torus(*primals), jax.jvp(sum_on_grid, primals, tangents)[1]
