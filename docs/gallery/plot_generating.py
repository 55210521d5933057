"""
The law of a field at one point
===============================

The generating functional E exp(i J phi) of independent plane waves is the N-th power of one neuron's, and its Fourier
transform is the law of the field: no draws, no expansion in cumulants.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import j0

import nnqft_ppl as nq

phi = np.linspace(-3, 3, 301)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
source = np.linspace(0, 8, 161)
for width in (10, 20, 80):
    net = nq.load("cos_net", width=width, amplitude="constant_modulus")
    wave = nq.generating_functional(net, [[0.0]], source[:, None])
    left.plot(source, wave, label=f"N = {width}")
    right.plot(phi, nq.field_law(net, [[0.0]]).density(phi))
    assert np.allclose(wave, j0(source / width**0.5) ** width)
left.plot(source, np.exp(-(source**2) / 4), color="0.6", ls=":", label="N = ∞")
right.plot(phi, np.exp(-(phi**2)) / np.pi**0.5, color="0.6", ls=":")
left.set(xlabel="J", ylabel=r"$E\,e^{iJ\phi}$")
right.set(xlabel=r"$\phi$", ylabel=r"$p(\phi)$")
left.legend()

# %%
# One neuron of modulus 1/sqrt(N) and uniform phase has E exp(i J phi) = J_0(J/sqrt(N)), Bessel's integral: asserted
# above at every width. The law of the field has the variance 1/2 whatever the width is.

law = nq.field_law(net, [[0.0]])
variance = float(np.sum(phi**2 * law.density(phi)) * (phi[1] - phi[0]))
assert abs(variance - 0.5) < 2e-3
print(f"variance at N = {net.width}: {variance:.4f}")
