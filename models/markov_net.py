"""Neurons that see random paths through an activation: quantum mechanics by transfer matrices."""

from dataclasses import dataclass
from typing import Any, Literal, final

import jax
from jax.scipy.special import erf as jax_erf
from scipy.special import erf

from nnqft_ppl.laws import OrnsteinUhlenbeck, xp
from nnqft_ppl.theory import AmplitudeLaw, ConstantModulus, PathArchitecture, Positive


@final
@dataclass(frozen=True, kw_only=True)
class MarkovNet(PathArchitecture):
    """phi(t) = sum_i a_i f(g x_i(t)), x_i Ornstein-Uhlenbeck processes of unit variance: arXiv:2504.05462.

    f is odd: sin, erf, tanh or the cube. Correlators of every order are products of matrices between the states of a
    harmonic oscillator. For f = erf and g = 1, G2(t) = sigma_a^2 (2/pi) arcsin(2 exp(-mt)/3).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = ConstantModulus()  #: law of the unscaled amplitudes ahat
    activation: Literal["sin", "erf", "tanh", "cube"] = "erf"  #: activation f
    gain: Positive = 1.0  #: gain g of the activation
    mass: Positive = 1.0  #: rate m of the paths

    claims = ("Z2", "translation", "reflection", "permutation")

    @property
    def path_law(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(self.mass)

    def readout(self, x: Any) -> Any:
        x = self.gain * x
        if self.activation == "erf":
            return jax_erf(x) if isinstance(x, jax.Array) else erf(x)
        return x**3 if self.activation == "cube" else getattr(xp, self.activation)(x)
