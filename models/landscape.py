"""A landscape of isolated classical neurons."""

import itertools
from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Categorical, Distribution, MixtureSameFamily, Normal, VonMises
from scipy.special import ive

from nnqft_ppl.laws import iid, xp
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Array, Bimodal, Count, Finite, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Landscape(Architecture):
    """phi(x) = sum_i a_i cos(b_i x + c_i), P(b) a mixture of M normals, c von Mises around 0, a bimodal: (3), (6).

    The theory to ask for its classical configurations, the maxima of P(theta). Every classical neuron is isolated: b
    at one of M peaks, c = 0, a at one of two modes, which a flat law of c would smear into a continuum. The price is
    translation invariance.
    """

    dim: Literal[1] = 1  #: dimension d of space
    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Bimodal(mu=1.0, s=0.5)  #: law of the unscaled amplitudes ahat
    peaks: Count = 3  #: number M of peaks of P(b), of equal weight
    first: Finite = 1.0  #: position of the first peak
    spacing: Positive = 1.5  #: distance between neighbouring peaks
    spread: Positive = 0.3  #: standard deviation w of a peak
    concentration: Positive = 2.0  #: concentration of the phases around 0

    claims = ("Z2", "reflection", "permutation")
    denies = ("translation",)

    @property
    def positions(self) -> Array:
        """The centres of the M peaks."""
        return self.first + self.spacing * np.arange(self.peaks, dtype=np.float64)

    def prior(self) -> dict[str, Distribution]:
        weights = Categorical(probs=jnp.full(self.peaks, 1 / self.peaks))
        frequencies = MixtureSameFamily(weights, Normal(jnp.asarray(self.positions), self.spread))
        phases = iid(VonMises(0.0, self.concentration), self.width)
        return {"a": self.amplitudes(), "b": iid(frequencies, self.width), "c": phases}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array) -> jax.Array:
        return jnp.cos(b * x[0] + c)

    @theorem("3")
    def neuron_moment(self, points: Array) -> Array:
        """H_n = 2^(-n) sum over all signs s of C_b(sum_k s_k x_k) I_|sum s|(kappa)/I_0(kappa).

        C_b(z) = mean over peaks beta of cos(beta z) exp(-w^2 z^2/2); the law of c is even, so no sine is left.
        """
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=points.shape[-2])))
        z = (signs @ points)[..., 0]
        bessel = ive(xp.abs(signs.sum(axis=-1)), self.concentration) / ive(0, self.concentration)
        waves = xp.cos(self.positions * z[..., None]).mean(axis=-1) * xp.exp(-((self.spread * z) ** 2) / 2)
        return (waves * bessel).mean(axis=-1)

    @theorem("6")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) [C_b(x - y) + C_b(x + y) I_2(kappa)/I_0(kappa)], with sigma_a^2 = E[N a^2]."""
        x, y = np.asarray(x, dtype=float)[..., 0], np.asarray(y, dtype=float)[..., 0]
        second = ive(2, self.concentration) / ive(0, self.concentration)

        def wave(z: Array) -> Array:
            return xp.cos(self.positions * z[..., None]).mean(axis=-1) * xp.exp(-((self.spread * z) ** 2) / 2)

        return self.amplitude_moment(2) / 2 * (wave(x - y) + wave(x + y) * second)
