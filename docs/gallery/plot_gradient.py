"""
Differentiate a theory
======================

A theory is a value that JAX carries: its real hyperparameters are leaves. Here the frequency scale of a Cos-net is
fitted to a two-point function by Newton's method, with the derivative from `jax.grad`.
"""

import dataclasses

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt

import nnqft_ppl as nq

nq.enable_x64()
r = jnp.linspace(0.0, 3.0, 31)[:, None]
target = jnp.asarray(nq.load("cos_net", sigma_b=1.7).two_point(r, jnp.zeros(1)))


def loss(net):
    """Mean squared distance to the target."""
    return jnp.mean((net.two_point(r, jnp.zeros(1)) - target) ** 2)


net, path = nq.load("cos_net", sigma_b=1.0), []
for _ in range(12):
    path.append((float(net.sigma_b), float(loss(net))))
    slope = jax.grad(loss)(net).sigma_b
    curvature = jax.grad(lambda n: jax.grad(loss)(n).sigma_b)(net).sigma_b
    net = dataclasses.replace(net, sigma_b=float(net.sigma_b - slope / abs(curvature)))

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.semilogy([max(value, 1e-34) for _, value in path], "o-")
ax.set(xlabel="step", ylabel="mean squared distance")

# %%

assert abs(net.sigma_b - 1.7) < 1e-9
print(f"sigma_b = {net.sigma_b:.12f}")
