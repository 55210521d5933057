"""
A theory of one's own
=====================

A card declares the laws of the parameters and one neuron at one point; everything else follows. Here neurons are bumps,
``h(x) = exp(-|x - b|^2/2)`` with centres b ~ N(0, 1): a field that is large near the origin and knows where it is.
"""

from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq
from nnqft_ppl.laws import isotropic_normal
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Gaussian, Positive


@final
@dataclass(frozen=True, kw_only=True)
class BumpNet(Architecture):
    """phi(x) = sum_i a_i exp(-|x - b_i|^2/2), b_i ~ N(0, I_d): (1)."""

    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes

    claims = ("Z2", "rotation", "reflection", "permutation")
    denies = ("translation",)

    def prior(self):
        return {"a": self.amplitudes(), "b": isotropic_normal(1.0, self.dim, self.width)}

    def neuron(self, x, *, b):
        return jnp.exp(-jnp.sum((x - b) ** 2) / 2)


net = BumpNet(width=20)
x = np.linspace(-4, 4, 33)
pairs = np.stack([x, x], axis=1)[..., None]
table = nq.correlators(net, pairs, orders=(2,), kinds=("full",), estimators=("neuron",), draws=50_000)
expected = np.exp(-(x**2) / 3) / 3**0.5  # a Gaussian integral

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(x, expected, color="0.5", label="by hand")
ax.errorbar(x, table["estimate"], 5 * table["mcse"], fmt="o", ms=3, label="single neurons, five errors")
ax.set(xlabel="x", ylabel=r"$\langle\phi(x)^2\rangle$")
ax.legend()

# %%

z = np.abs((table["estimate"] - expected) / table["mcse"]).max()
assert z < 4.5
print(f"largest |z| of 33: {z:.2f}")
