"""
Two architectures, one theory, until one counts
===============================================

Gauss-net and Cos-net have the same two-point function (34), so they are one Gaussian process at N = infinity. At finite
width the four-point functions differ: Gauss-net knows where the origin is.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

square = np.array([[0.0], [0.4], [-0.4], [0.2]])
shifts = np.linspace(-2, 2, 41)
figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
curves = {}
for name, style in (("cos_net", "-"), ("gauss_net", "--")):
    net = nq.load(name, width=10)
    curves[name] = nq.exact_correlator(net, square + shifts[:, None, None], "connected")
    ax.semilogy(shifts, np.abs(curves[name]), style, label=name)
    pair = nq.exact_correlator(net, square[:2] + shifts[:, None, None])
    curves[name, 2] = pair
ax.set(xlabel="shift of the four points", ylabel="$|G_c^{(4)}|$, N = 10")
ax.legend()

# %%

assert np.allclose(curves["cos_net", 2], curves["gauss_net", 2], rtol=1e-12)
assert np.ptp(curves["cos_net"]) < 1e-12 < np.ptp(curves["gauss_net"])
print(f"Gauss-net's G4c varies by a factor {np.abs(curves['gauss_net']).max() / np.abs(curves['gauss_net']).min():.0f}")
