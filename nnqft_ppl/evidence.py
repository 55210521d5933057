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
from jax.scipy.linalg import solve_triangular


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


def log_evidence_beside(inverse: jax.Array, w: jax.Array, r: jax.Array) -> jax.Array:
    """log N(r; 0, A + W^T W) up to a constant, from A^-1, for the rows w (n, P) of n neurons beside others.

    -2 log = log det(1 + W A^-1 W^T) - (W A^-1 r)^T (1 + W A^-1 W^T)^-1 W A^-1 r + ...: n x n matrices only.
    """
    lower, resolved = _bordered(inverse, w, 1.0)
    pull = solve_triangular(lower, resolved @ r, lower=True)
    return 0.5 * jnp.sum(pull**2) - r.shape[1] * jnp.sum(jnp.log(jnp.diag(lower)))


def beside(inverse: jax.Array, w: jax.Array) -> jax.Array:
    """(A + W^T W)^-1 from A^-1 (P, P) and w (n, P), by Woodbury's identity."""
    half = _half(inverse, w, 1.0)
    return inverse - half.T @ half


def without(inverse: jax.Array, w: jax.Array) -> jax.Array:
    """(A - W^T W)^-1 from A^-1 (P, P) and w (n, P), where A - W^T W is positive."""
    half = _half(inverse, w, -1.0)
    return inverse + half.T @ half


def _bordered(inverse: jax.Array, w: jax.Array, sign: float) -> tuple[jax.Array, jax.Array]:
    """The Cholesky factor of 1 +- W A^-1 W^T, and W A^-1."""
    resolved = w @ inverse
    return jnp.linalg.cholesky(jnp.eye(len(w), dtype=w.dtype) + sign * resolved @ w.T), resolved


def _half(inverse: jax.Array, w: jax.Array, sign: float) -> jax.Array:
    lower, resolved = _bordered(inverse, w, sign)
    return solve_triangular(lower, resolved, lower=True)


def amplitude_draw(key: jax.Array, w: jax.Array, r: jax.Array) -> jax.Array:
    """An exact draw of (a - mu)/s given the data, shape (N, D), by Matheron's rule: a prior draw, corrected.

    With u ~ N(0, 1_N) and e ~ N(0, 1_P), u + W (W^T W + 1)^-1 (r - W^T u - e) has the posterior law.
    """
    key_u, key_e = jax.random.split(key)
    u = jax.random.normal(key_u, (w.shape[0], r.shape[1]), w.dtype)
    e = jax.random.normal(key_e, r.shape, w.dtype)
    return u + _forward(w, r)[1].resolved @ (r - w.T @ u - e)
