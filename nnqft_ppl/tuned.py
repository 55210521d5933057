"""Powers of a spectrum: the laws of frequencies that they make when normalised, and their Fourier transforms."""

import math
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.errors import InputError
from nnqft_ppl.isotropic import Isotropic
from nnqft_ppl.radial import Array, radial_fourier, resolved_panels
from nnqft_ppl.regulated import Ball
from nnqft_ppl.target import Spectrum


def spectral_integral(spectrum: Spectrum, power: float, distance: ArrayLike, *, dim: int, cutoff: float) -> Array:
    """int_(|p| < cutoff) d^dp/(2 pi)^d G(p)^power exp(ipx) at |x| = distance, float64 of its shape.

    Raises
    ------
    InputError
        as `integration_end`.
    """
    stop = integration_end(spectrum, power, dim=dim, cutoff=cutoff)
    panels = _panels(spectrum, power, stop)
    return radial_fourier(
        lambda p: np.exp(power * spectrum.log_at(p, np)), distance, dim=dim, scale=stop, stop=stop, edges=panels
    )


def integration_end(spectrum: Spectrum, power: float, *, dim: int, cutoff: float) -> float:
    """The momentum where an integral of G^power over d dimensions ends: the cutoff, or where nothing is left of it.

    Raises
    ------
    InputError
        where |p|^d G^power does not fall and no cutoff ends it: a power tail, or a power too small.
    """
    reach = spectrum.reach(power, dim)
    if cutoff <= spectrum.end or math.isfinite(reach):
        return min(cutoff, reach)
    raise InputError(
        f"cutoff must be at most {spectrum.end:.4g} where |p|^{dim} G(p)^{power:g} does not fall off "
        f"(the spectrum has a power tail, or its power is too small), got {cutoff:g}"
    )


@lru_cache
def _panels(spectrum: Spectrum, power: float, stop: float) -> Array:
    return resolved_panels(lambda p: np.exp(power * spectrum.log_at(p, np)), stop)


class SpectralPower(Isotropic):
    """The isotropic density P(b) = G(|b|)^power / Z on |b| < cutoff in R^d."""

    pytree_aux_fields = ("spectrum", "power", "cutoff", "dim")

    def __init__(
        self, *, spectrum: Spectrum, power: float, cutoff: float, dim: int, validate_args: bool | None = None
    ) -> None:
        self.spectrum, self.power, self.cutoff, self.dim = spectrum, power, cutoff, dim
        super().__init__(batch_shape=(), event_shape=(dim,), validate_args=validate_args)

    @property
    def support(self) -> Ball:
        return Ball(self.reach)

    @property
    def scale(self) -> float:
        return self.spectrum.width

    @property
    def reach(self) -> float:
        return integration_end(self.spectrum, self.power, dim=self.dim, cutoff=self.cutoff)

    def weight(self, r: Array) -> Array:
        return np.exp(self.power * self.spectrum.log_at(r, np) - max(self.power * v for v in self.spectrum.logs))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        inside = jnp.sum(jnp.square(value), axis=-1) < self.reach**2
        return jnp.where(inside, self.power * self.spectrum.log_of_rows(value), -jnp.inf) - self.log_normalisation()

    def log_normalisation(self) -> float:
        """log Z = log int_(|b| < cutoff) d^db G^power."""
        at_origin = spectral_integral(self.spectrum, self.power, 0.0, dim=self.dim, cutoff=self.cutoff)
        return self.dim * math.log(2.0 * math.pi) + math.log(at_origin)
