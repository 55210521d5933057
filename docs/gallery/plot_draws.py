"""
Fields in the plane
===================

Three draws of Cos-net, phi(x) = sum_i a_i cos(b_i.x + c_i), with a thousand neurons. Every draw is one network; at this
width the field is nearly a Gaussian process of variance 1/2.
"""

import jax
import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

net = nq.load("cos_net", width=1000, dim=2, sigma_b=4.0)
axis = np.linspace(-2, 2, 80)
points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
theta = net.sample(jax.random.key(0), 3)
fields = [net.field(jax.tree.map(lambda draws, k=k: draws[k], theta), points) for k in range(3)]

figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for ax, phi in zip(axes, fields, strict=True):
    ax.imshow(phi.reshape(80, 80), extent=(-2, 2, -2, 2), origin="lower", cmap="RdBu_r", vmin=-2.2, vmax=2.2)
    ax.set(xlabel="$x_0$", ylabel="$x_1$")

# %%
# The variance over the plane is near 1/2; a correlation length of 1/3 leaves some fifty independent patches in each.

variance = float(np.mean(np.square(fields)))
assert abs(variance - 0.5) < 0.15
print(f"variance {variance:.3f}, expected 0.5")
