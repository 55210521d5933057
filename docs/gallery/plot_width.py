"""
An interaction that dies like 1/N
=================================

The connected four-point function of independent neurons is exactly proportional to 1/N, equation (7): networks of few
neurons interact. Five laws of the amplitudes, exact at every width; one of them is repulsive.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

laws = {
    "Gaussian": nq.Gaussian(),
    "Laplace": nq.Laplace(),
    "Student": nq.Student(),
    "bimodal": nq.Bimodal(mu=1.0, s=0.4),
    "constant modulus": nq.ConstantModulus(),
}
x = np.array([[0.0], [0.4], [1.0], [-0.3]])
widths = np.unique(np.logspace(0, 4, 25).astype(int))
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
slopes = {}
for (name, law), style in zip(laws.items(), ("-", "--", "-.", ":", (0, (5, 1))), strict=True):
    g4c = np.array(
        [float(nq.exact_correlator(nq.load("cos_net", width=n, amplitude=law), x, "connected")) for n in widths]
    )
    sign = "+" if g4c[0] > 0 else "−"
    ax.loglog(widths, np.abs(g4c), linestyle=style, label=f"{name} ({sign})")
    slopes[name] = float(np.polyfit(np.log(widths), np.log(np.abs(g4c)), 1)[0])
ax.set(xlabel="width N", ylabel="$|G_c^{(4)}|$")
ax.legend()

# %%
# The slopes are -1 to rounding.

assert all(abs(slope + 1) < 1e-10 for slope in slopes.values())
print({name: f"{slope:+.12f}" for name, slope in slopes.items()})
