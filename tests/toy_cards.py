"""Theories that the catalogue does not have, to ask of the language what its own cards do not."""

from dataclasses import dataclass
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from nnqft_ppl import AmplitudeLaw, Architecture, CosineArchitecture, Gaussian, NonNegative, iid, isotropic_normal


@final
@dataclass(frozen=True, kw_only=True)
class Equicorrelated(CosineArchitecture):
    """Cos-net whose frequencies share a Gaussian part, b_i = sqrt(1-eps) z_i + sqrt(eps) z_0: dependent neurons."""

    independent: ClassVar[bool] = False
    epsilon: NonNegative = 0.0

    @property
    def amplitude_scale(self):
        return 1.0

    def frequencies(self):
        assert self.dim == 1
        correlation = (1 - self.epsilon) * jnp.eye(self.width) + self.epsilon * jnp.ones((self.width, self.width))
        return dist.TransformedDistribution(
            dist.MultivariateNormal(jnp.zeros(self.width), correlation),
            dist.transforms.ReshapeTransform((self.width, 1), (self.width,)),
        )

    def kernel_moment(self, k, z):
        return np.exp(-(self.norm(z) ** 2) / 2)

    def joint_neuron_moment(self, blocks):
        """2^-n sum over balanced signs in each block of exp(-[(1-eps) sum |y_B|^2 + eps |sum_B y_B|^2]/2), d = 1."""
        from itertools import product

        total = 0.0
        for signs in product(*(list(product((1.0, -1.0), repeat=b.shape[-2])) for b in blocks)):
            if any(sum(s) != 0 for s in signs):
                continue
            y = [np.einsum("k,...kd->...d", np.array(s), b) for s, b in zip(signs, blocks, strict=True)]
            own = sum(self.norm(v) ** 2 for v in y)
            shared = self.norm(sum(y)) ** 2
            total = total + np.exp(-((1 - self.epsilon) * own + self.epsilon * shared) / 2)
        return total * 2.0 ** -sum(b.shape[-2] for b in blocks)


@dataclass(frozen=True, kw_only=True)
class TwoValued(AmplitudeLaw):
    """ahat = 1 with probability 8/9, -2 with 1/9: E ahat = 2/3, E ahat^2 = 4/3, E ahat^3 = 0."""

    even: ClassVar[bool] = False

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
