"""Theories that the catalogue does not have, to ask of the language what its own cards do not."""

from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from nnqft_ppl.laws import BottleLaw, GaussianFrequencies, iid, isotropic_moment, isotropic_normal
from nnqft_ppl.theory import AmplitudeGroup, AmplitudeLaw, Architecture, CosineArchitecture, Gaussian, Positive


@dataclass(frozen=True, kw_only=True)
class TwoValued(AmplitudeLaw):
    """ahat = 1 with probability 8/9, -2 with 1/9: E ahat = 2/3, E ahat^2 = 4/3, E ahat^3 = 0."""

    @property
    def even(self):
        return False

    def distribution(self, scale):
        raise NotImplementedError

    def even_moment(self, k):
        return self.moment(k)

    def moment(self, k):
        return 8 / 9 + (-2.0) ** k / 9


@final
@dataclass(frozen=True, kw_only=True)
class Constant(Architecture):
    """phi = sum_i a_i with skewed amplitudes and h = 1."""

    @property
    def amplitude_law(self):
        return TwoValued()

    @property
    def amplitude_scale(self):
        return 1.0

    def prior(self):
        return {"a": iid(dist.Normal(), self.width)}

    def neuron(self, x):
        return jnp.ones(())

    def neuron_moment(self, points):
        return np.ones(points.shape[:-2])


@final
@dataclass(frozen=True, kw_only=True)
class Tanh(Architecture):
    """A net without closed forms: h = tanh(b.x)."""

    @property
    def amplitude_law(self):
        return Gaussian()

    @property
    def amplitude_scale(self):
        return 1.0

    def prior(self):
        return {"a": self.amplitudes(), "b": isotropic_normal(1.0, self.dim, self.width)}

    def neuron(self, x, *, b):
        return jnp.tanh(jnp.dot(b, x))


@final
@dataclass(frozen=True, kw_only=True)
class Bottles(CosineArchitecture):
    """N wine bottles of D components: phi_k = sum_j a_kj cos(b_j.x + c_j), every a_j with the law (44)."""

    components: int = 2
    radius: Positive = 1.3
    sigma_v: Positive = 0.7

    @property
    def amplitude_law(self):
        return Gaussian()

    @property
    def component_count(self):
        return self.components

    @property
    def amplitude_scale(self):
        return 1.0

    @property
    def bottle(self):
        return BottleLaw(self.radius, self.sigma_v, self.components)

    @property
    def frequency_law(self):
        return GaussianFrequencies(1.0)

    def amplitudes(self):
        return iid(self.bottle, self.width)

    def amplitude_groups(self):
        def radial(k):
            return self.width ** (k / 2) * self.bottle.radial_moment(k)

        return (AmplitudeGroup(self.width, lambda c: isotropic_moment(c, radial, self.components)),)


@final
@dataclass(frozen=True, kw_only=True)
class Silent(CosineArchitecture):
    """Two components of which the first vanishes: phi_2 = sum_i a_i cos(b_i.x + c_i), b_i ~ N(0, 1), a_i ~ N(0, 1/N)."""

    @property
    def component_count(self):
        return 2

    @property
    def amplitude_law(self):
        return Gaussian()

    @property
    def amplitude_scale(self):
        return 0.0

    @property
    def frequency_law(self):
        return GaussianFrequencies(1.0)

    def amplitude_groups(self):
        moments = {2: 1.0, 4: 3.0, 6: 15.0}
        return (AmplitudeGroup(self.width, lambda c: moments.get(len(c), 0.0) * (0 not in c)),)
