"""
Dependent neurons interact at every width
=========================================

Neurons whose frequencies share a latent sign are dependent: beside I_N, which finite width makes and which dies like
1/N, there is I_IB, which their dependence makes and which survives N = infinity, equations (8) and (9).
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

x = np.array([[0.0], [1.0], [2.0], [3.0]])
widths = (2, 5, 10, 30, 100, 1000)
parts = {kind: [] for kind in ("connected", "I_N", "I_IB")}
for width in widths:
    net = nq.load("coupled_cos_net", width=width, epsilon=0.3)
    for kind, values in parts.items():
        values.append(float(nq.exact_correlator(net, x, kind)))

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (kind, values), style in zip(parts.items(), ("o-", "s--", "^:"), strict=True):
    ax.plot(widths, np.abs(values), style, label=kind.replace("_", " "))
ax.set(xscale="log", yscale="log", xlabel="width N", ylabel="$|G_c^{(4)}|$ and its parts")
ax.legend()

# %%

whole, finite, dependent = (np.array(parts[kind]) for kind in ("connected", "I_N", "I_IB"))
assert np.allclose(whole, finite + dependent, rtol=1e-12)
assert abs(dependent[-1] / dependent[-2] - 1) < 0.02  # it stays
assert abs(finite[-1] / finite[-2] - 0.1) < 1e-10  # it goes like 1/N
print(f"I_IB at N = 1000: {dependent[-1]:.6f}; I_N: {finite[-1]:.6f}")
