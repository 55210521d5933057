"""Regulated power laws in momentum space: densities of frequencies, and the propagators they make.

The integrand common to every scalar of mass m with a cutoff Lambda is f(p) (p^2 + m^2)^(-s), where the regulator f is 1
on the solid ball |p| < Lambda (hard) or exp(-p^2/(2 Lambda^2)) (gaussian). Normalised it is a law of frequencies;
Fourier transformed it is a propagator.
"""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import constraints
from scipy import special

from nnqft_ppl.laws.ball import Ball
from nnqft_ppl.laws.fourier import legendre_rule, radial_fourier, sphere_area
from nnqft_ppl.laws.isotropic import Isotropic
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.namespace import xp

Regulator = Literal["hard", "gaussian"]

GAUSSIAN_REACH = 8.6  # exp(-reach^2/2) is below the rounding of a float64
RADII = 128  # nodes of an integral over |b|: twice what a cutoff of a million masses takes
LOG_STEP = 0.2  # of the trapezoidal rule in log t, whose error is exp(-pi^2/step)


def propagator(
    power: float, distance: ArrayLike, *, mass: float, cutoff: float, regulator: Regulator, dim: int
) -> Array:
    """G_s(r) = int d^dp/(2 pi)^d f(p) exp(ipx) (p^2 + m^2)^(-s) at |x| = r = distance, s = power.

    With the gaussian regulator and s > 0.1 by Schwinger's parameter, which does not oscillate,

        G_s(r) = 1/Gamma(s) int_0^inf dt t^(s-1) exp(-m^2 t) K(r, t + 1/(2 Lambda^2)),

    with the heat kernel K(r, T) = (4 pi T)^(-d/2) exp(-r^2/(4T)); otherwise by radial quadrature. G_1 is the two-point
    function of the free scalar with a cutoff, (30), canonically normalised; the other powers are those of
    arXiv:2604.27050.

    Parameters
    ----------
    power
        The power s of 1/(p^2 + m^2), any real number.
    distance
        Distances r, any shape, in units of 1/m.
    mass, cutoff
        The mass m > 0 and the momentum cutoff Lambda, finite.
    regulator
        ``"hard"``: f = 1 on the ball |p| < Lambda, zero beyond. ``"gaussian"``: f = exp(-p^2/(2 Lambda^2)).
    dim
        Dimension d.

    Returns
    -------
    float64 array of the shape of `distance`, in units of m^(d - 2s).

    Examples
    --------
    Far below the cutoff, the free propagator of three dimensions; at r = 0 on the line, the integral as it stands.

    >>> from nnqft_ppl.laws import propagator
    >>> found = propagator(1.0, 0.7, mass=1.0, cutoff=1000.0, regulator="gaussian", dim=3)
    >>> bool(np.isclose(found, np.exp(-0.7) / (4 * np.pi * 0.7)))
    True
    >>> found = propagator(1.0, 0.0, mass=1.0, cutoff=5.0, regulator="hard", dim=1)
    >>> bool(np.isclose(found, np.arctan(5.0) / np.pi))
    True
    """
    r = np.abs(np.asarray(distance, dtype=float))
    if regulator == "gaussian":
        shift = 0.5 / cutoff**2
        if power == 0.0:
            return _heat_kernel(r, shift, dim)
        if power > 0.1:
            start = math.log(shift) - 37.0 / power
            t = np.exp(np.arange(start, math.log(750.0 / mass**2), LOG_STEP))
            weight = LOG_STEP * t**power * np.exp(-(mass**2) * t) / special.gamma(power)
            rows = max(1, 4_000_000 // t.size)
            flat = r.ravel()
            parts = [_heat_kernel(flat[i : i + rows, None], t + shift, dim) @ weight for i in range(0, flat.size, rows)]
            return np.concatenate(parts).reshape(r.shape)

    def weight_at(p: Array) -> Array:
        return regulated_weight(p, power=power, mass=mass, cutoff=cutoff, regulator=regulator)

    return radial_fourier(weight_at, r, dim=dim, scale=mass, stop=reach(cutoff, regulator))


def regulated_weight(p: Array, *, power: float, mass: float, cutoff: float, regulator: Regulator) -> Array:
    """f(p) (p^2 + m^2)^(-power) inside the regulator's reach."""
    weight = (p * p + mass * mass) ** -power
    return weight if regulator == "hard" else weight * xp.exp(-0.5 * (p / cutoff) ** 2)


def reach(cutoff: float, regulator: Regulator) -> float:
    """The radius in momentum space beyond which a regulator leaves nothing that a float64 could see."""
    return cutoff if regulator == "hard" else GAUSSIAN_REACH * cutoff


def _heat_kernel(r: Array, time: Array | float, dim: int) -> Array:
    return (4.0 * np.pi * time) ** (-dim / 2.0) * np.exp(-(r**2) / (4.0 * time))


class RegulatedPower(Isotropic):
    """The isotropic density P(b) = f(b) (b^2 + m^2)^(-power) / Z on R^d, with a momentum cutoff Lambda.

    ``f`` is 1 on the solid ball |b| < Lambda (hard) or exp(-b^2/(2 Lambda^2)) (gaussian); power = 0 with the hard
    regulator is the uniform law on the ball.
    """

    pytree_data_fields = ("power", "mass", "cutoff")
    pytree_aux_fields = ("regulator",)

    def __init__(
        self,
        *,
        power: float,
        mass: float,
        cutoff: float,
        regulator: Regulator,
        dim: int,
        validate_args: bool | None = None,
    ) -> None:
        self.power, self.mass, self.cutoff = power, mass, cutoff
        self.regulator: Regulator = regulator
        super().__init__(batch_shape=(), event_shape=(dim,), validate_args=validate_args)

    @property
    def support(self):
        return Ball(self.cutoff) if self.regulator == "hard" else constraints.real_vector

    @property
    def scale(self) -> float:
        return self.mass

    @property
    def reach(self) -> float:
        return reach(self.cutoff, self.regulator)

    def weight(self, r: Array) -> Array:
        return regulated_weight(r, power=self.power, mass=self.mass, cutoff=self.cutoff, regulator=self.regulator)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        square = jnp.sum(jnp.square(value), axis=-1)
        log_weight = -self.power * jnp.log(square + self.mass**2)
        if self.regulator == "hard":
            log_weight = jnp.where(square < self.cutoff**2, log_weight, -jnp.inf)
        else:
            log_weight = log_weight - square / (2.0 * self.cutoff**2)
        return log_weight - self._log_normalisation_as(value)

    def log_normalisation(self) -> Any:
        """log Z = log int d^db f(b) (b^2 + m^2)^(-power), by Gauss-Legendre in arcsinh(|b|/m)."""
        dim = self.event_shape[0]
        x, gauss = legendre_rule(RADII)
        half = 0.5 * xp.arcsinh(self.reach / self.mass)
        y = half * (x + 1.0)
        r = self.mass * xp.sinh(y)
        radial = self.weight(r) * r ** (dim - 1) * self.mass * xp.cosh(y)
        return xp.log(sphere_area(dim) * half * xp.sum(gauss * radial))
