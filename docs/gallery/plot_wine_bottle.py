"""
The vacua of the wine bottle
============================

One neuron's amplitudes have the law exp(-(a.a - v^2)^2/(2 sigma_v^2)): its maxima are a circle, and each of them breaks
SO(2). Draws keep the symmetry; a small source chooses a vacuum.
"""

import jax
import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

net = nq.load("wine_bottle", components=2, radius=1.3, sigma_v=0.7)
a = np.asarray(net.sample(jax.random.key(1), 2000)["a"][:, -1])
found = nq.vacua(net)

figure, ax = plt.subplots(figsize=(4.4, 4.2), layout="constrained")
ax.plot(*a.T, ".", ms=2, alpha=0.5, label="draws")
angle = np.linspace(0, 2 * np.pi, 200)
ax.plot(1.3 * np.cos(angle), 1.3 * np.sin(angle), "k--", label="vacua")
ax.set(xlabel="$a_{1}$", ylabel="$a_{2}$", aspect="equal")
ax.legend(loc="upper right")

# %%
# One massless direction, along the circle, and one of mass^2 4 v^2/sigma_v^2.

assert found.goldstones == 1
assert abs(max(found.masses) - 4 * 1.3**2 / 0.7**2) < 1e-3
print(found)
