"""
Is it quantum?
==============

Reflection positivity asks that the matrix G2(tau_i + tau_j) has no negative eigenvalue. The Cauchy net has the kernel
of a quantum particle, exp(-tau); Cos-net has a Gaussian, and is no quantum theory at any width.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

tau = 0.25 * np.arange(1, 9)
figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
lowest = {}
for shift, name in enumerate(("cauchy", "cos_net", "matern")):
    net = nq.load(name)
    kernel = net.two_point((tau[:, None] + tau)[..., None], np.zeros(1)) / net.two_point(np.zeros(1), np.zeros(1))
    values = np.linalg.eigvalsh(kernel)
    lowest[name] = values[0]
    ax.plot(np.arange(8) + 0.1 * shift, np.sign(values) * np.sqrt(np.abs(values)), "osD"[shift], label=name)
ax.axhline(0, color="0.7", lw=0.8)
ax.set(xlabel="eigenvalue, from the lowest", ylabel="its square root, with its sign")
ax.legend()

# %%
# `axiom_verdicts` asks all of the axioms, at finite width and for the limit.

assert lowest["cauchy"] > -1e-14
assert abs(lowest["cos_net"] + 0.2049) < 1e-4
for verdict in nq.axiom_verdicts(nq.load("cauchy")):
    print(f"{verdict.axiom}, {verdict.test}: {verdict.outcome}")
