"""Neurons that see random paths through an activation: quantum mechanics by transfer matrices."""

from dataclasses import dataclass
from typing import Any, final

from nnqft_ppl.laws import OrnsteinUhlenbeck
from nnqft_ppl.theory import Activation, AmplitudeLaw, ConstantModulus, PathArchitecture, Positive


@final
@dataclass(frozen=True, kw_only=True)
class MarkovNet(PathArchitecture):
    """phi(t) = sum_i a_i f(g x_i(t)), x_i Ornstein-Uhlenbeck processes of unit variance: arXiv:2504.05462.

    f is sin, erf, tanh, the cube, or a sum of Hermite polynomials. Correlators of every order are products of matrices
    between the states of a harmonic oscillator. For f = erf and g = 1, G2(t) = sigma_a^2 (2/pi) arcsin(2 exp(-mt)/3).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = ConstantModulus()  #: law of the unscaled amplitudes ahat
    activation: Activation = Activation("erf")  #: activation f: sin, erf, tanh, cube or hermite:c0,c1,..
    gain: Positive = 1.0  #: gain g of the activation
    mass: Positive = 1.0  #: rate m of the paths

    claims = ("Z2", "translation", "reflection", "permutation")

    @property
    def path_law(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(self.mass)

    def readout(self, x: Any) -> Any:
        return self.activation(self.gain * x)
