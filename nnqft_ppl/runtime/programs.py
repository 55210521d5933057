"""What a NumPyro program is handed: points that may be traced, and handlers that it has to refuse."""

import jax
import jax.numpy as jnp
import numpyro.handlers
from jax.core import Tracer
from numpy.typing import ArrayLike
from numpyro import primitives

from nnqft_ppl.runtime.arrays import check_points
from nnqft_ppl.runtime.errors import InputError


def program_points(points: ArrayLike, dim: int) -> jax.Array:
    """Points (P, d) of a program as a JAX array: checked, but for the values of those that are traced.

    Raises
    ------
    InputError
        ``points must have shape (P, 2) with P >= 1, got (3, 1)``.
    """
    if not isinstance(points, Tracer):
        return jnp.asarray(check_points(points, dim))
    check_shape(points, dim)
    return points


def check_shape(points: jax.Array, dim: int) -> None:
    """`InputError` for points of a JAX program that have not the shape (P, d)."""
    if points.ndim != 2 or points.shape[1] != dim:
        raise InputError(f"points must have shape (P, {dim}) with P >= 1, got {points.shape}")


def refuse_conditioned_field() -> None:
    """`InputError` under ``handlers.condition(net, {"phi": y})``, which NumPyro ignores: phi is no sample site."""
    for handler in primitives._PYRO_STACK:  # NumPyro has no public way to ask
        if isinstance(handler, numpyro.handlers.condition) and "phi" in (handler.data or {}):
            raise InputError("phi cannot be conditioned on by a handler, which NumPyro ignores; use nnqft_ppl.observe")
