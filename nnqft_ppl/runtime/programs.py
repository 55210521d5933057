"""What a NumPyro program is handed and records: points that may be traced, named sites, handlers that it has to refuse.

`arviz.from_numpyro` takes the names of dimensions from the program: those of a site from what `sample_sites` says of
it, those of the field from plates. Neurons stand in no plate, as their law is a joint one.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
import numpyro.handlers
from jax.core import Tracer
from numpy.typing import ArrayLike
from numpyro import primitives

from nnqft_ppl.runtime.arrays import check_points
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid, Places


def program_points(points: ArrayLike | Grid, dim: int) -> jax.Array | Grid:
    """Points (P, d) of a program as a JAX array or grid: checked, but for the values of those that are traced.

    Raises
    ------
    InputError
        ``points must have shape (P, 2) with P >= 1, got (3, 1)``.
    """
    if not isinstance(points, Tracer | Grid):
        return jnp.asarray(check_points(points, dim))
    check_shape(points, dim)
    return points


def check_shape(points: Places, dim: int) -> None:
    """`InputError` for points of a JAX program that have not the shape (P, d)."""
    if points.ndim != 2 or points.shape[1] != dim:
        raise InputError(f"points must have shape (P, {dim}) with P >= 1, got {points.shape}")


def sample_sites(
    laws: dict[str, dist.Distribution], dims: Callable[[str, tuple[int, ...]], list[str]]
) -> dict[str, Any]:
    """The sampled sites of a program, with the names of their dimensions."""
    return {
        site: numpyro.sample(site, law, infer={"event_dims": dims(site, law.event_shape)}) for site, law in laws.items()
    }


def record_field(phi: jax.Array) -> Any:
    """The site ``phi``, shape (P,) or (P, D)."""
    with ExitStack() as plates:
        for axis, name in enumerate(("point", "component")[: phi.ndim]):
            plates.enter_context(numpyro.plate(name, phi.shape[axis], dim=axis - phi.ndim))
        return numpyro.deterministic("phi", phi)


def refuse_conditioned_field() -> None:
    """`InputError` under ``handlers.condition(net, {"phi": y})``, which NumPyro ignores: phi is no sample site."""
    for handler in primitives._PYRO_STACK:  # NumPyro has no public way to ask
        if isinstance(handler, numpyro.handlers.condition) and "phi" in (handler.data or {}):
            raise InputError("phi cannot be conditioned on by a handler, which NumPyro ignores; use nnqft_ppl.observe")
