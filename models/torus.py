"""Scalars on a torus: periodic fields."""

from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpy.typing import ArrayLike

from nnqft_ppl.laws import DualLattice, RegulatedFrequencies, iid
from nnqft_ppl.theory import (
    AmplitudeLaw,
    Array,
    CosineArchitecture,
    Finite,
    Gaussian,
    NoClosedForm,
    Positive,
    Static,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class Torus(CosineArchitecture):
    """phi = sum_i a_i (b_i^2 + m^2)^(alpha/2) cos(b_i.x + c_i), b_i in (2 pi/L) Z^d, P ~ f(b) (b^2 + m^2)^(-s-alpha).

    Fields of period L in every direction, (18), (24) with a discrete law. As N -> infinity they are Gaussian with the
    spectrum f(p)/(p^2 + m^2)^s at p of the dual lattice, for every alpha: s = 1 is the free scalar in a finite volume,
    s = nu + d/2 the Matern field, and s = 0 with a Gaussian f that of Cos-net. The momentum cutoff leaves finitely many
    modes, so that all correlators are finite sums.
    """

    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    period: Static[Positive] = 4.0  #: length L after which the field repeats itself
    power: Finite = 1.0  #: exponent s of the propagator: 1 for the free scalar
    alpha: Finite = 0.0  #: how the propagator is shared between law and envelope
    mass: Positive = 1.0  #: mass m
    cutoff: Static[Positive] = 5.0  #: momentum cutoff Lambda
    regulator: Literal["hard", "gaussian"] = "gaussian"  #: f: the ball |b| < Lambda, or exp(-b^2/(2 Lambda^2))

    claims = ("Z2", "translation", "reflection", "permutation")
    denies = ("rotation",)

    @property
    def row(self) -> DualLattice:
        """P(b) of one row."""
        return DualLattice(self.continuum, self.period, self.dim)

    @property
    def continuum(self) -> RegulatedFrequencies:
        """The law of infinite volume."""
        return RegulatedFrequencies(self.power + self.alpha, self.mass, self.cutoff, self.regulator)

    @property
    def sigma_a(self) -> float:
        """The canonical amplitude scale, sigma_a^2 = 2 Omega, Omega = L^-d sum_b f(b) (b^2 + m^2)^(-s-alpha)."""
        return (2 * self.continuum.distribution(self.dim).at_origin() * self.row.modes.cell) ** 0.5

    @property
    def length(self) -> float:
        return 1.0 / self.mass

    @property
    def momentum_cutoff(self) -> float:
        return self.cutoff

    def frequencies(self) -> dist.Distribution:
        return iid(self.row, self.neuron_count)

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return (jnp.dot(b, b) + self.mass**2) ** (self.alpha / 2)

    def mean_wave(self, z: ArrayLike) -> Array:
        return self.row.mean_wave(z)

    @theorem("23")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = sum_b P(b) (b^2 + m^2)^(k alpha/2) cos(b.z)."""
        self.norm(z)  # says so if a point has the wrong shape
        return self.row.mean_wave(z, (self.row.modes.radius**2 + self.mass**2) ** (k * self.alpha / 2))

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """E[ahat^2] L^-d sum_b f(b) (b^2 + m^2)^(-s) cos(b.(x - y)): that of infinite volume, summed over images."""
        return self.amplitude_moment(2) / 2 * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    def power_spectrum(self, p: ArrayLike) -> Array:
        """A sum of delta functions, (2 pi/L)^d E[ahat^2] sum_b f(b) (b^2 + m^2)^(-s) delta(p - b): no function of p."""
        raise NoClosedForm(
            f"Torus has no power spectrum that is a function: it is a sum of delta functions at (2 pi/L) Z^{self.dim}"
        )
