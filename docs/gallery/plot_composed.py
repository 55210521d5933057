"""
Neurons on neurons
==================

Any function of the neurons of a card makes neurons of a new theory, equation (17), which keeps the symmetries of its
input layer. Sums of cubes of plane waves have exact correlators; tanh takes draws.
"""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from numpyro.distributions import Normal

import nnqft_ppl as nq

waves = nq.load("cos_net", width=8)
cubes = nq.compose(nq.Powers(3), waves, {"w": Normal(0.0, 8**-0.5)}, sums=True, width=10)
deep = nq.compose(lambda l, w: jnp.tanh(w @ l), waves, {"w": Normal(0.0, 1.5).expand([8])}, width=10)

u = np.linspace(0, 4, 81)
exact = nq.exact_correlator(cubes, np.stack([0 * u, u], axis=1)[..., None])
places = np.linspace(0, 4, 9)
pairs = np.stack([0 * places, places], axis=1)[..., None]
asked = {"orders": (2,), "kinds": ("full",), "draws": 20_000}
drawn = nq.correlators(cubes, pairs, estimators=("field",), **asked)
other = nq.correlators(deep, pairs, estimators=("field",), **asked)

figure, ax = plt.subplots(figsize=(6, 3.8), layout="constrained")
ax.plot(u, exact, label="cubes, exact")
ax.errorbar(places, drawn["estimate"], 2 * drawn["mcse"], fmt="o", ms=4, label="cubes, draws")
ax.errorbar(places, other["estimate"], 2 * other["mcse"], fmt="s--", ms=4, label="tanh, draws")
ax.set(xlabel="r [1/m]", ylabel="G2(r)")
ax.legend()

# %%
# cos^3 = (3 cos + cos 3.)/4, so that G2 of the cubes is 9 M(r)/32 + M(3 r)/32 with M(r) = exp(-r^2/2).

assert np.allclose(exact, (9 * np.exp(-(u**2) / 2) + np.exp(-9 * u**2 / 2)) / 32)
assert (np.abs(drawn["z"]) < 5).all()
print(f"largest |z| of the draws: {np.abs(drawn['z']).max():.1f}; kept: {', '.join(deep.claims)}")
