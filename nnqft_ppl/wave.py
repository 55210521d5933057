"""The two operations that every plane-wave neuron is made of, in the form that XLA fuses and vectorises on a CPU.

XLA's own cosine keeps a loop over points from being vectorised once it is differentiated or accumulated over neurons,
and `jnp.dot` of d components becomes a batched matrix product that cannot be fused with what follows. A polynomial of
the phase in turns and a dot product written out can; `benchmarks/` has the ratios.
"""

import math

import jax
import jax.numpy as jnp

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


@jax.custom_jvp
def cos(x: jax.Array) -> jax.Array:
    """cos(x), to the rounding of the phase: |error| <= 3e-7 (1 + |x|) in float32 and 6e-16 (1 + |x|) in float64.

    The phase in turns, folded by its symmetries to a quarter turn on either side of zero, then an odd polynomial. The
    derivative is the same function a quarter turn on.
    """
    turns = x * (0.5 / math.pi)
    q = 0.25 - jnp.abs(turns - jnp.round(turns))
    square = q * q
    first, *rest = reversed(DOUBLE if x.dtype == jnp.float64 else SINGLE)
    value = jnp.full_like(square, first)
    for coefficient in rest:
        value = value * square + coefficient
    return q * value


@cos.defjvp
def _cos_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (dx,) = primals, tangents
    return cos(x), cos(x + 0.5 * math.pi) * dx


def dot(a: jax.Array, b: jax.Array) -> jax.Array:
    """a.b of two vectors of the few dimensions of space, written out."""
    return sum((a[k] * b[k] for k in range(1, a.shape[0])), start=a[0] * b[0])
