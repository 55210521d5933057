"""
Attractive or repulsive?
========================

For one-dimensional Cos-net at one point G4c = (3/8N) (gamma_a^4 - 2 sigma_a^4): the kurtosis of the amplitudes decides
the sign of the interaction. In the bimodal family, two normals at +-mu of width s, it changes at
(s/mu)^2 = sqrt(2) - 1.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

import nnqft_ppl as nq


def g4c(ratio):
    """G4c at one point for (s/mu)^2 = ratio."""
    net = nq.load("cos_net", width=4, amplitude=nq.Bimodal(mu=1.0, s=ratio**0.5))
    return float(nq.exact_correlator(net, np.zeros((4, 1)), "connected"))


ratios = np.linspace(0.02, 1.0, 50)
root = brentq(g4c, 0.1, 0.9, xtol=1e-14)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(ratios, [g4c(ratio) for ratio in ratios])
ax.axhline(0, color="0.7", lw=0.8)
ax.plot(root, 0, "o", color="k")
ax.annotate(r"$\sqrt{2}-1$", (root, 0), (8, -14), textcoords="offset points")
ax.set(xlabel=r"$(s/\mu)^2$", ylabel="$G_c^{(4)}$ at one point, N = 4")

# %%

assert abs(root - (2**0.5 - 1)) < 1e-12
print(f"sign changes at {root:.14f}")
