"""Schwinger-Dyson equations as a test of any chain: E[v.grad O + O (div v + v.grad log P)] = 0.

In the whitened coordinates z, with the dilation v = z of the coordinates of one site (or of all), and any function O.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from arviz_stats.base import array_stats  # pyright: ignore

from nnqft_ppl.points import Array
from nnqft_ppl.whitened import Whitened


class Residual(NamedTuple):
    """The mean of a Schwinger-Dyson residual over chains, its Monte Carlo error, and their ratio."""

    mean: float
    mcse: float

    @property
    def z(self) -> float:
        """Standard errors from zero."""
        return self.mean / self.mcse


def schwinger_dyson(target: Whitened, z: Array, observable: Callable[[jax.Array], jax.Array] | None = None) -> Residual:
    """The residual of the dilation v = z for draws z (chain, draw, size) and O(z), 1 by default: the virial theorem."""

    def residual(point: jax.Array) -> jax.Array:
        pull = jnp.sum(point * -jax.grad(target.potential)(point)) + point.size
        if observable is None:
            return pull
        value, slope = jax.value_and_grad(observable)(point)
        return point @ slope + value * pull

    values = np.asarray(jax.jit(lambda all_z: jax.lax.map(residual, all_z))(jnp.asarray(z.reshape(-1, z.shape[-1]))))
    values = values.reshape(z.shape[:2])
    mcse: Any = array_stats.mcse(values, chain_axis=0, draw_axis=1, method="mean")
    return Residual(float(values.mean()), float(mcse))
