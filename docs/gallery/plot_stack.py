"""
A stack of theories, one program
================================

`jax.vmap` goes over a stack of theories: fifty frequency scales, one compilation. The variance of the field's slope
grows like sigma_b^2.
"""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

scales = np.linspace(0.5, 3.0, 50)
stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[nq.load("cos_net", width=20, sigma_b=s) for s in scales])


def mean_square_slope(net, key):
    """E[(d phi/dx)^2] at the origin, over 2000 networks."""

    def slope(theta):
        return jax.grad(lambda x: net.field(theta, x[None, None])[0])(0.0)

    return jnp.mean(jax.vmap(slope)(net.sample(key, 2000)) ** 2)


found = jax.jit(jax.vmap(mean_square_slope))(stack, jax.random.split(jax.random.key(0), 50))
figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(scales, found, "o", ms=3, label="2000 networks each")
ax.plot(scales, scales**2 / 2, label=r"$\sigma_a^2\sigma_b^2/2$")
ax.set(xlabel=r"$\sigma_b$", ylabel=r"$\langle\phi'(0)^2\rangle$")
ax.legend()

# %%
# Fifty ratios to the closed form average to 1 within four standard errors, which the ratios themselves show.

ratio = np.asarray(found) / (scales**2 / 2)
error = ratio.std(ddof=1) / 50**0.5
assert abs(ratio.mean() - 1) < 4 * error < 0.05
print(f"ratio {ratio.mean():.4f} +- {error:.4f}")
