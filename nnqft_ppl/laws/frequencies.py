"""Frequency laws P(b): isotropic laws of one row b in R^d as values, which a card of plane waves names once.

Everything that a card and the engine ask of P(b) follows from its law: draws, the quantile of |b|, the transform
E cos(b.z) and the density. The dimension d is an argument, as it belongs to the theory. Parameters may be traced.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from scipy import special

from nnqft_ppl.laws.ball import InverseSquare, UniformBall
from nnqft_ppl.laws.fourier import radial_fourier, student_radius
from nnqft_ppl.laws.isotropic import SpectralPower, spectral_integral
from nnqft_ppl.laws.lattice import FoldedCauchy, band_limited
from nnqft_ppl.laws.propagators import RegulatedPower, Regulator, propagator
from nnqft_ppl.laws.spectrum import Spectrum
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.namespace import xp


class FrequencyLaw(ABC):
    """The isotropic law P(b) of one row b in R^d.

    P(b) of (18); where F = 1, E cos(b.z) and P(p) are the two-point function (25) and the power spectrum (26), up to
    constants. A law is a frozen dataclass that gives `scale`, the four methods, each for a dimension d, and `end` where
    P(b) ends; a card names it as its `frequency_law`.

    Examples
    --------
    Laplace's law on the line, P(b) = exp(-|b|/s)/(2s), for which E cos(bz) = 1/(1 + s^2 z^2).

    >>> from dataclasses import dataclass
    >>> import jax.numpy as jnp
    >>> import numpyro.distributions as dist
    >>> from nnqft_ppl.laws import FrequencyLaw
    >>> @dataclass(frozen=True)
    ... class LaplaceFrequencies(FrequencyLaw):
    ...     s: float  #: mean of |b|
    ...
    ...     @property
    ...     def scale(self):
    ...         return self.s
    ...
    ...     def distribution(self, dim):
    ...         return dist.Laplace(jnp.zeros(1), self.s)
    ...
    ...     def radius_quantile(self, u, dim):
    ...         return -self.s * np.log1p(-u)
    ...
    ...     def characteristic(self, r, dim):
    ...         return 1 / (1 + (self.s * r) ** 2)
    ...
    ...     def density(self, p, dim):
    ...         return np.exp(-p / self.s) / (2 * self.s)
    >>> law = LaplaceFrequencies(2.0)
    >>> b = law.radius_quantile((np.arange(100_000) + 0.5) / 100_000, 1)  # 100,000 radii, equally probable
    >>> bool(np.isclose(np.cos(0.7 * b).mean(), law.characteristic(0.7, 1), atol=1e-4))
    True
    """

    @property
    @abstractmethod
    def scale(self) -> float:
        """The inverse of the length in which E cos(b.z) varies."""

    @property
    def end(self) -> float:
        """Where P(b) ends, sharply or by a regulator of this scale; infinite where it only falls."""
        return math.inf

    @abstractmethod
    def distribution(self, dim: int) -> dist.Distribution:
        """P(b) as a NumPyro distribution whose draws have shape (d,)."""

    @abstractmethod
    def radius_quantile(self, u: Array, dim: int) -> Array:
        """The radius |b| that is exceeded with probability 1 - u, float64 of the shape of `u`."""

    @abstractmethod
    def characteristic(self, r: Array, dim: int) -> Array:
        """E cos(b.z) at |z| = r, float64 of the shape of `r`."""

    @abstractmethod
    def density(self, p: Array, dim: int) -> Array:
        """P(b) at |b| = p with respect to d^d b, float64 of the shape of `p`."""


def _only_on_the_line(law: FrequencyLaw, dim: int) -> None:
    if dim != 1:
        raise InputError(f"{type(law).__name__}: dim must be 1, got {dim}")


@final
@dataclass(frozen=True)
class GaussianFrequencies(FrequencyLaw):
    """b ~ N(0, s^2 I_d): E cos(b.z) = exp(-s^2 z^2/2).

    The frequencies of Cos-net, (S10), s = sigma_b/sqrt(d).

    Examples
    --------
    >>> from nnqft_ppl.laws import GaussianFrequencies
    >>> law = GaussianFrequencies(2.0)
    >>> bool(np.isclose(law.characteristic(0.5, dim=3), np.exp(-1 / 2)))
    True
    >>> bool(np.isclose(law.density(0.0, dim=2), 1 / (2 * np.pi * 2.0**2)))
    True
    """

    s: float  #: standard deviation of one component

    @property
    def scale(self) -> float:
        return self.s

    def distribution(self, dim: int) -> dist.Distribution:
        return dist.Normal(jnp.zeros(dim), self.s)

    def radius_quantile(self, u: Array, dim: int) -> Array:
        return self.s * np.sqrt(2 * special.gammaincinv(dim / 2, u))

    def characteristic(self, r: Array, dim: int) -> Array:
        return xp.exp(-((self.s * r) ** 2) / 2)

    def density(self, p: Array, dim: int) -> Array:
        return (2 * np.pi * self.s**2) ** (-dim / 2) * xp.exp(-(p**2) / (2 * self.s**2))


@final
@dataclass(frozen=True)
class CauchyFrequencies(FrequencyLaw):
    """P(b) = (m/pi)/(b^2 + m^2) on the line: E cos(b z) = exp(-m|z|).

    The frequencies of (31), with the power spectrum (32).

    Examples
    --------
    >>> from nnqft_ppl.laws import CauchyFrequencies
    >>> law = CauchyFrequencies(2.0)
    >>> bool(np.isclose(law.characteristic(0.5, dim=1), np.exp(-1)))
    True
    >>> bool(np.isclose(law.radius_quantile(0.5, dim=1), 2.0))  # half of all |b| are below m
    True
    """

    mass: float  #: mass m

    @property
    def scale(self) -> float:
        return self.mass

    def distribution(self, dim: int) -> dist.Distribution:
        _only_on_the_line(self, dim)
        return dist.Cauchy(jnp.zeros(1), self.mass)

    def radius_quantile(self, u: Array, dim: int) -> Array:
        _only_on_the_line(self, dim)
        return self.mass * np.tan(np.pi * u / 2)

    def characteristic(self, r: Array, dim: int) -> Array:
        _only_on_the_line(self, dim)
        return xp.exp(-self.mass * r)

    def density(self, p: Array, dim: int) -> Array:
        _only_on_the_line(self, dim)
        return self.mass / np.pi / (p**2 + self.mass**2)


@final
@dataclass(frozen=True)
class StudentFrequencies(FrequencyLaw):
    """P(b) ~ (b^2 + m^2)^(-nu - d/2), a multivariate t: E cos(b.z) = 2^(1-nu)/Gamma(nu) (m|z|)^nu K_nu(m|z|).

    The correlations of Matern, with smoothness nu; (31) is d = 1, nu = 1/2.

    Examples
    --------
    >>> from nnqft_ppl.laws import StudentFrequencies
    >>> bool(np.isclose(StudentFrequencies(2.0, 0.5).characteristic(0.5, dim=3), np.exp(-1)))  # exp(-mr)
    True
    >>> bool(np.isclose(StudentFrequencies(2.0, 1.5).characteristic(0.5, dim=3), 2 * np.exp(-1)))  # (1 + mr) exp(-mr)
    True
    """

    mass: float  #: mass m
    nu: float  #: half the degrees of freedom

    @property
    def scale(self) -> float:
        return self.mass

    def distribution(self, dim: int) -> dist.Distribution:
        degrees = 2 * self.nu
        return dist.MultivariateStudentT(degrees, np.zeros(dim), self.mass / degrees**0.5 * np.eye(dim))

    def radius_quantile(self, u: Array, dim: int) -> Array:
        return student_radius(u, degrees=2 * self.nu, mass=self.mass, dim=dim)

    def characteristic(self, r: Array, dim: int) -> Array:
        r = self.mass * r
        safe = np.where(r > 0, r, 1.0)
        value = 2 ** (1 - self.nu) / special.gamma(self.nu) * safe**self.nu * special.kv(self.nu, safe)
        return np.where(r > 0, value, 1.0)

    def density(self, p: Array, dim: int) -> Array:
        nu = self.nu
        norm = special.gamma(nu + dim / 2) / (np.pi ** (dim / 2) * special.gamma(nu)) * self.mass ** (2 * nu)
        return norm / (p**2 + self.mass**2) ** (nu + dim / 2)


@final
@dataclass(frozen=True)
class FoldedCauchyFrequencies(FrequencyLaw):
    """The Cauchy law folded into the Brillouin zone |b| <= pi/Delta of a lattice on the line.

    P(b) = (Delta/2 pi) sinh(m Delta)/(cosh(m Delta) - cos(b Delta)); E cos(b z) = exp(-m|z|) at the points of the
    lattice, as for (31).

    Examples
    --------
    >>> from nnqft_ppl.laws import FoldedCauchyFrequencies
    >>> law = FoldedCauchyFrequencies(1.0, 0.25)
    >>> bool(np.isclose(law.characteristic(0.5, dim=1), np.exp(-0.5)))
    True
    """

    mass: float  #: mass m
    spacing: float  #: distance Delta of neighbouring points of the lattice

    @property
    def scale(self) -> float:
        return self.mass

    @property
    def end(self) -> float:
        return math.pi / self.spacing

    @property
    def squeeze(self) -> float:
        """tanh(m Delta/2), which turns a uniform angle into b: tan(b Delta/2) = tanh(m Delta/2) tan(angle/2)."""
        return np.tanh(self.mass * self.spacing / 2)

    def distribution(self, dim: int) -> dist.Distribution:
        _only_on_the_line(self, dim)
        return FoldedCauchy(jnp.full(1, self.mass), self.spacing)

    def radius_quantile(self, u: Array, dim: int) -> Array:
        _only_on_the_line(self, dim)
        return 2 / self.spacing * np.arctan(self.squeeze * np.tan(np.pi * u / 2))

    def characteristic(self, r: Array, dim: int) -> Array:
        _only_on_the_line(self, dim)
        return band_limited(self.mass * self.spacing, r / self.spacing)

    def density(self, p: Array, dim: int) -> Array:
        _only_on_the_line(self, dim)
        half = p * self.spacing / 2
        lattice = self.squeeze / ((self.squeeze * np.cos(half)) ** 2 + np.sin(half) ** 2)
        return np.where(p <= self.end, self.spacing / (2 * np.pi) * lattice, 0.0)


@final
@dataclass(frozen=True)
class RegulatedFrequencies(FrequencyLaw):
    """P(b) ~ f(b) (b^2 + m^2)^(-power) with a cutoff Lambda; the ball |b| < Lambda for power 0 and a hard regulator.

    f is 1 on the ball (hard) or exp(-b^2/(2 Lambda^2)) (gaussian); E cos(b.z) = G_power(|z|)/G_power(0), the
    propagators of `propagator`. (29) is power 0 and hard; power 1 + alpha is the alpha family of arXiv:2604.27050.

    Examples
    --------
    >>> from nnqft_ppl.laws import RegulatedFrequencies, ball_volume
    >>> law = RegulatedFrequencies(power=0.0, mass=1.0, cutoff=2.0, regulator="hard")
    >>> bool(np.isclose(law.density(1.0, dim=3), 1 / ball_volume(3, 2.0)))  # uniform in the ball
    True
    >>> bool(np.isclose(law.characteristic(0.5, dim=1), np.sin(1.0) / 1.0))  # on the line, |b| < Lambda
    True
    """

    power: float  #: exponent of 1/(b^2 + m^2)
    mass: float  #: mass m
    cutoff: float  #: momentum cutoff Lambda
    regulator: Regulator  #: f: hard or gaussian

    @property
    def scale(self) -> float:
        return self.mass

    @property
    def end(self) -> float:
        return self.cutoff

    def distribution(self, dim: int) -> RegulatedPower | UniformBall:
        if isinstance(self.power, float) and self.power == 0.0 and self.regulator == "hard":  # a traced one may be any
            return UniformBall(self.cutoff, dim)
        return RegulatedPower(power=self.power, mass=self.mass, cutoff=self.cutoff, regulator=self.regulator, dim=dim)

    def radius_quantile(self, u: Array, dim: int) -> Array:
        return self.distribution(dim).radius_quantile(u)

    def characteristic(self, r: Array, dim: int) -> Array:
        return self._propagator(r, dim) / self._propagator(0.0, dim)

    def density(self, p: Array, dim: int) -> Array:
        law = self.distribution(dim)
        return xp.where(p < law.reach, law.weight(p) * xp.exp(-law.log_normalisation()), 0.0)

    def _propagator(self, r: Array | float, dim: int) -> Array:
        return propagator(self.power, r, mass=self.mass, cutoff=self.cutoff, regulator=self.regulator, dim=dim)


@final
@dataclass(frozen=True)
class SpectralFrequencies(FrequencyLaw):
    """P(b) ~ G(|b|)^power on |b| < Lambda, for any spectrum G.

    With power 1 and F = 1 the power spectrum of the field is proportional to G, (26).

    Examples
    --------
    >>> from nnqft_ppl.laws import SpectralFrequencies
    >>> gaussian = nq.Spectrum.of(lambda p: np.exp(-(p**2) / 2))
    >>> law = SpectralFrequencies(gaussian, 2.0, np.inf)  # P ~ exp(-b^2), variance 1/2
    >>> bool(np.isclose(law.characteristic(2.0, dim=2), np.exp(-1)))
    True
    """

    spectrum: Spectrum  #: the spectrum G
    power: float  #: exponent of G
    cutoff: float  #: momentum cutoff Lambda; may be infinite

    @property
    def scale(self) -> float:
        return self.spectrum.width

    @property
    def end(self) -> float:
        return min(self.cutoff, self.spectrum.end if self.spectrum.sharp else math.inf)

    def distribution(self, dim: int) -> SpectralPower:
        return SpectralPower(spectrum=self.spectrum, power=self.power, cutoff=self.cutoff, dim=dim)

    def radius_quantile(self, u: Array, dim: int) -> Array:
        return self.distribution(dim).radius_quantile(u)

    def characteristic(self, r: Array, dim: int) -> Array:
        return self._integral(r, dim) / self._integral(0.0, dim)

    def density(self, p: Array, dim: int) -> Array:
        law = self.distribution(dim)
        log_density = self.power * self.spectrum.log_at(p) - law.log_normalisation()
        return np.where(p < law.reach, np.exp(log_density), 0.0)

    def _integral(self, r: Array | float, dim: int) -> Array:
        return spectral_integral(self.spectrum, self.power, r, dim=dim, cutoff=self.cutoff)


@final
@dataclass(frozen=True)
class BandFrequencies(FrequencyLaw):
    """P(b) ~ 1/b^2 on the band m < |b| < Lambda, zero elsewhere; in the plane |b| is log-uniform: arXiv:2512.24420.

    Examples
    --------
    >>> from nnqft_ppl.laws import BandFrequencies
    >>> bool(np.isclose(BandFrequencies(1.0, 100.0).radius_quantile(0.5, dim=2), 10.0))
    True
    """

    infrared: float  #: smallest momentum m
    cutoff: float  #: momentum cutoff Lambda

    @property
    def scale(self) -> float:
        return 2 * self.infrared  # a wave of the smallest momentum turns negative at 1.6/m

    @property
    def end(self) -> float:
        return self.cutoff

    def distribution(self, dim: int) -> InverseSquare:
        return InverseSquare(self.infrared, self.cutoff, dim)

    def radius_quantile(self, u: Array, dim: int) -> Array:
        return self.distribution(dim).radius_quantile(u)

    def characteristic(self, r: Array, dim: int) -> Array:
        m, weight = self.infrared, lambda p: (2 * np.pi) ** dim * self.density(p, dim)
        return radial_fourier(weight, r, dim=dim, scale=m, start=m, stop=self.cutoff)

    def density(self, p: Array, dim: int) -> Array:
        inside = (p > self.infrared) & (p < self.cutoff)
        return inside * xp.exp(-self.distribution(dim).log_normalisation()) / np.maximum(p, self.infrared) ** 2
