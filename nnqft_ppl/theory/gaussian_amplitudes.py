"""Gaussian amplitudes integrated out: the law of noisy data given the neurons, and the amplitudes given both.

With a ~ N(mu, diag(s^2)) and data y = sum_i a_i h_i(x) + noise, y is Gaussian with mean H^T mu and covariance
H^T diag(s^2) H + diag(noise^2). In units of the noise, W = diag(s) H diag(1/noise) of shape (N, P) and
r = (y - H^T mu)/noise, that is N(r; 0, W^T W + 1), whose matrix is P x P or, by Woodbury's identity, N x N: the smaller
one is used. The derivative is written out, since that of a Cholesky factor costs several times more.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular

from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture


def gaussian_amplitudes(net: Architecture) -> dist.Normal:
    """The normal law of the amplitudes, or `InputError`."""
    law = leaf(net.amplitudes())
    if not isinstance(law, dist.Normal):
        raise InputError(f"collapse: {type(net).__name__} must have Gaussian amplitudes, got {type(law).__name__}")
    return law


@jax.custom_vjp
def log_evidence(w: jax.Array, r: jax.Array) -> jax.Array:
    """log N(r; 0, W^T W + 1), summed over the D columns of r: w of shape (N, P), r of shape (P, D)."""
    return _forward(w, r)[0]


class _Factors(NamedTuple):
    w: jax.Array
    weights: jax.Array  # (W^T W + 1)^-1 r
    resolved: jax.Array  # W (W^T W + 1)^-1, the same as (W W^T + 1)^-1 W


def _forward(w: jax.Array, r: jax.Array) -> tuple[jax.Array, _Factors]:
    neurons, points = w.shape
    small = points <= neurons
    gram = (w.T @ w if small else w @ w.T) + jnp.eye(min(neurons, points), dtype=w.dtype)
    lower = jnp.linalg.cholesky(gram)
    inverse_lower = solve_triangular(lower, jnp.eye(len(gram), dtype=w.dtype), lower=True)
    inverse = inverse_lower.T @ inverse_lower
    resolved = w @ inverse if small else inverse @ w
    weights = inverse @ r if small else r - w.T @ (resolved @ r)
    columns = r.shape[1]
    log_det = 2.0 * jnp.sum(jnp.log(jnp.diag(lower)))
    value = -0.5 * (jnp.sum(r * weights) + columns * (log_det + points * math.log(2.0 * math.pi)))
    return value, _Factors(w, weights, resolved)


def _backward(factors: _Factors, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    w, weights, resolved = factors
    return g * (w @ weights @ weights.T - weights.shape[1] * resolved), -g * weights


log_evidence.defvjp(_forward, _backward)


def inverse_root(gram: jax.Array) -> jax.Array:
    """T with T T^T = (gram + 1)^-1: the inverse of a Cholesky factor, transposed."""
    one = jnp.eye(len(gram), dtype=gram.dtype)
    return solve_triangular(jnp.linalg.cholesky(gram + one), one, lower=True).T


def updated_root(root: jax.Array, w: jax.Array, sign: float) -> jax.Array:
    """T' with T' T'^T = (A +- W^T W)^-1, from T (P, P) with T T^T = A^-1, for rows w (n, P).

    T' = T (1 -+ B^T L^-T (L + 1)^-1 B) with B = W T and L L^T = 1 +- B B^T, an n x n matrix. The root and not the
    inverse is what is updated: where a neuron alone explains precise data, 1 - W A^-1 W^T would lose all its digits.
    """
    b, one = w @ root, jnp.eye(len(w), dtype=w.dtype)
    lower = jnp.linalg.cholesky(one + sign * b @ b.T)
    half = solve_triangular(lower, b @ root.T, lower=True)
    return root - sign * solve_triangular(lower.T + one, half).T @ b


class Exchange(NamedTuple):
    """A block of n rows of W taken out, and K candidates for its place, beside what is left: see `exchanged_root`."""

    log_weights: jax.Array  #: (K + 1,): log evidence of the block as it is, and of the candidates, up to a constant
    place: jax.Array  #: the first row of the block
    own: jax.Array  #: orthonormal columns (N, n) along the block's rows of T
    rest: jax.Array  #: T^T W r (N, D) without the block
    across: jax.Array  #: (K, n, N): C B^T T of every candidate C, B the rows that are left
    lower: jax.Array  #: (K, n, n): Cholesky factors of S
    along: jax.Array  #: (K, n, D): T^T W r of the candidates along `own`

    def take(self, root: jax.Array, along: jax.Array, chosen: jax.Array) -> tuple[jax.Array, jax.Array]:
        """T and T^T W r with the chosen candidate in its place; 0 leaves them as they are, to the last digit."""
        k, n = jnp.maximum(chosen - 1, 0), self.lower.shape[-1]
        both = root @ jnp.concatenate([self.across[k].T, self.own], axis=1)
        unit = jnp.eye(n, dtype=root.dtype)
        placed = jax.lax.dynamic_update_slice_in_dim(jnp.zeros_like(self.own), unit, self.place, 0) - both[:, :n]
        change = solve_triangular(self.lower[k], placed.T, lower=True).T - both[:, n:]
        fresh = chosen > 0
        root = root + jnp.where(fresh, change, 0.0) @ self.own.T
        return root, jnp.where(fresh, self.rest + self.own @ self.along[k], along)


def exchanged_root(
    root: jax.Array, along: jax.Array, place: jax.Array, across: jax.Array, within: jax.Array, pull: jax.Array
) -> Exchange:
    """What the evidence becomes when n rows of W are exchanged, from T (N, N) with T T^T = (1 + W W^T)^-1 = A.

    Let Q be orthonormal along the block's rows of T, T_b = R^T Q^T. Without the block, the others have the inverse
    A - A_b A_bb^-1 A_b^T, whose root is T (1 - Q Q^T): a projection, which loses no digits. A candidate C beside the
    rows B that are left has X = C B^T T (1 - Q Q^T) and S = 1 + C C^T - X X^T = L L^T. Then

        T' = T + ((1_b - T X^T) L^-T - T Q) Q^T,    T'^T W' r = (1 - Q Q^T) T^T W r + Q L^-1 (C r - X T^T W r),

    as blocks of an inverse go. The log evidence grows by |L^-1 (C r - X T^T W r)|^2/2 - D log|L|, and is larger with
    the block as it was by |Q^T T^T W r|^2/2 + D log|R|.

    Parameters
    ----------
    root, along
        T (N, N), and T^T W r (N, D).
    place
        The first of the n rows that are exchanged.
    across, within, pull
        Of every candidate C: C W^T (K, n, N), of which columns of the block do not matter; C C^T (K, n, n); and C r
        (K, n, D).
    """
    (count, size, _), columns = across.shape, along.shape[1]
    own, upper = jnp.linalg.qr(jax.lax.dynamic_slice_in_dim(root, place, size).T)
    taken = own.T @ along
    rest = along - own @ taken
    flat = across.reshape(count * size, -1) @ root
    flat = flat - (flat @ own) @ own.T
    across = flat.reshape(count, size, -1)
    schur = jnp.eye(size, dtype=root.dtype)[None] + within - across @ jnp.swapaxes(across, 1, 2)
    lower = jnp.linalg.cholesky(schur)
    new = solve_triangular(lower, pull - (flat @ rest).reshape(count, size, columns), lower=True)
    before = 0.5 * jnp.sum(taken**2) + columns * jnp.sum(jnp.log(jnp.abs(jnp.diag(upper))))
    diagonals = jnp.diagonal(lower, axis1=1, axis2=2)
    after = 0.5 * jnp.sum(new**2, axis=(1, 2)) - columns * jnp.sum(jnp.log(diagonals), axis=1)
    return Exchange(jnp.concatenate([before[None], after]), place, own, rest, across, lower, new)


def amplitude_draw(key: jax.Array, w: jax.Array, r: jax.Array) -> jax.Array:
    """An exact draw of (a - mu)/s given the data, shape (N, D), by Matheron's rule: a prior draw, corrected.

    With u ~ N(0, 1_N) and e ~ N(0, 1_P), u + W (W^T W + 1)^-1 (r - W^T u - e) has the posterior law.
    """
    key_u, key_e = jax.random.split(key)
    u = jax.random.normal(key_u, (w.shape[0], r.shape[1]), w.dtype)
    e = jax.random.normal(key_e, r.shape, w.dtype)
    return u + _forward(w, r)[1].resolved @ (r - w.T @ u - e)
