"""Isotropic laws of frequencies: a weight of |b| in closed form, and a radius by interpolation.

The law that is a power of a spectrum is one of them.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws.ball import Ball, Radial
from nnqft_ppl.laws.fourier import legendre_rule, radial_fourier, resolved_panels, sphere_area
from nnqft_ppl.laws.interpolation import hermite
from nnqft_ppl.laws.spectrum import Spectrum
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.namespace import xp

TABLE_CELLS = 2048
TABLE_NODES = 12
STEEPEST = 1e30  # slope of a quantile function across a gap in the density; a float32 can still multiply it


class Isotropic(Radial):
    """A row b in R^d with a density proportional to weight(|b|) inside |b| < reach, zero outside.

    A law gives `scale`, `reach`, `weight`, `log_normalisation` and an exact `log_prob`. Radii come from the
    distribution function, inverted by cubic interpolation: right to about 1e-9 in probability. Its table is made where
    it is needed, by JAX where parameters are traced, so that one program serves all values and gradients go through.
    """

    @property
    def scale(self) -> float:
        """The finest structure of the weight near the origin."""
        raise NotImplementedError

    def weight(self, r: Array) -> Array:
        """The density at |b| = r up to a constant, shape of `r`."""
        raise NotImplementedError

    def radius_quantile(self, u: Any) -> Any:
        y = _interpolated(u ** (1.0 / self.event_shape[0]), _quantile_table(self))
        return self.scale * y.__array_namespace__().sinh(y)


class QuantileTable(NamedTuple):
    """Knots of the quantile function: y = arcsinh(|b|/scale) against w = P(|b| < r)^(1/d), with slopes dy/dw."""

    w: Array
    y: Array
    slope: Array


def _quantile_table(law: Isotropic) -> QuantileTable:
    # w = u^(1/d) makes the quantile function smooth at the origin, where the radial density vanishes like r^(d-1).
    dim = law.event_shape[0]
    last = xp.arcsinh(law.reach / law.scale)
    y = last * np.linspace(0.0, 1.0, TABLE_CELLS + 1)

    def density(at: Any) -> Any:  # of y, without the factor sinh^(d-1) that vanishes at the origin
        return law.weight(law.scale * xp.sinh(at)) * law.scale**dim * xp.cosh(at) * sphere_area(dim)

    x, gauss = legendre_rule(TABLE_NODES)
    half = 0.5 * last / TABLE_CELLS
    nodes = y[:-1, None] + half * (x[None, :] + 1.0)
    below = xp.cumsum((density(nodes) * xp.sinh(nodes) ** (dim - 1)) @ (half * gauss))
    total = below[-1]
    w = xp.concatenate([np.zeros(1), (below / total) ** (1.0 / dim)])
    # sinh(y)/w tends to a constant at the origin; its value there follows from w^d = density(0) y^d / (d total).
    ratio = xp.concatenate([(density(y[:1]) / (dim * total)) ** (-1.0 / dim), xp.sinh(y[1:]) / w[1:]])
    slope = dim * total / xp.maximum(density(y) * ratio ** (dim - 1), dim * total / STEEPEST)
    return QuantileTable(w, y, slope)


def _interpolated(at: Any, table: QuantileTable) -> Any:
    """y at w, clipped to the cell so that the far tail can never overshoot, of JAX or of NumPy as `at` is."""
    np_ = at.__array_namespace__()
    w, y, slope = (np_.asarray(part, dtype=at.dtype) for part in table)
    cell = np_.clip(np_.searchsorted(w, at, side="right") - 1, 0, TABLE_CELLS - 1)
    step = np_.maximum(w[cell + 1] - w[cell], np_.finfo(at.dtype).tiny)
    t = (at - w[cell]) / step
    return np_.clip(hermite(y, slope, cell, t, step), y[cell], y[cell + 1])


def spectral_integral(spectrum: Spectrum, power: float, distance: ArrayLike, *, dim: int, cutoff: float) -> Array:
    """int_(|p| < cutoff) d^dp/(2 pi)^d G(p)^power exp(ipx) at |x| = distance, float64 of its shape.

    For power 1 it is the two-point function whose power spectrum is G, (26). Other powers share G between P(b) and F:
    for P(b) ~ G^(1 + alpha) and F = G^(-alpha/2), M_k is the integral of G^(1 + alpha - k alpha/2), divided by that of
    G^(1 + alpha) at distance 0.

    Parameters
    ----------
    spectrum
        The spectrum G.
    power
        The exponent of G.
    distance
        Distances |x|, any shape, in units of 1/p.
    dim
        Dimension d.
    cutoff
        Where the integral ends in |p|; infinity where |p|^d G^power falls off by itself.

    Returns
    -------
    float64 array of the shape of `distance`.

    Raises
    ------
    InputError
        where |p|^d G^power does not fall off and the cutoff is beyond the last momentum of the spectrum.

    Examples
    --------
    >>> from nnqft_ppl.laws import spectral_integral
    >>> spectrum = nq.Spectrum.of(lambda p: np.exp(-(p**2) / 2))
    >>> r = np.array([0.0, 1.0, 2.0])
    >>> found = spectral_integral(spectrum, 1.0, r, dim=2, cutoff=np.inf)
    >>> bool(np.allclose(found, np.exp(-(r**2) / 2) / (2 * np.pi)))
    True
    """
    stop = integration_end(spectrum, power, dim=dim, cutoff=cutoff)
    panels = _panels(spectrum, power, stop)
    return radial_fourier(
        lambda p: np.exp(power * spectrum.log_at(p)), distance, dim=dim, scale=stop, stop=stop, edges=panels
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
    return resolved_panels(lambda p: np.exp(power * spectrum.log_at(p)), stop)


class SpectralPower(Isotropic):
    """The isotropic density P(b) = G(|b|)^power / Z on |b| < cutoff in R^d."""

    pytree_aux_fields = ("spectrum", "power", "cutoff")

    def __init__(
        self, *, spectrum: Spectrum, power: float, cutoff: float, dim: int, validate_args: bool | None = None
    ) -> None:
        self.spectrum, self.power, self.cutoff = spectrum, power, cutoff
        super().__init__(batch_shape=(), event_shape=(dim,), validate_args=validate_args)

    @property
    def support(self) -> Ball:
        return Ball(self.reach)

    @property
    def scale(self) -> float:
        return self.spectrum.width

    @property
    def reach(self) -> float:
        return integration_end(self.spectrum, self.power, dim=self.event_shape[0], cutoff=self.cutoff)

    def weight(self, r: Array) -> Array:
        return np.exp(self.power * self.spectrum.log_at(r) - max(self.power * v for v in self.spectrum.logs))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        inside = jnp.sum(jnp.square(value), axis=-1) < self.reach**2
        return jnp.where(inside, self.power * self.spectrum.log_of_rows(value), -jnp.inf) - self.log_normalisation()

    def log_normalisation(self) -> float:
        """log Z = log int_(|b| < cutoff) d^db G^power."""
        dim = self.event_shape[0]
        at_origin = spectral_integral(self.spectrum, self.power, 0.0, dim=dim, cutoff=self.cutoff)
        return dim * math.log(2.0 * math.pi) + math.log(at_origin)
