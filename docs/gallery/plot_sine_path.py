"""
Energies of a quantum particle out of ten neurons
=================================================

Neurons that are sines of random paths make a quantum theory at every width: its energies are sums of those of
oscillators. Correlators of the field and of its cube between times give them by a generalised eigenvalue problem.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

net = nq.load("sine_path", width=10, gain=1.3)
times = 0.25 * np.arange(13)
found = nq.energies(net, times, draws=100_000)

t = np.linspace(0, 3, 61)
exact = nq.exact_correlator(net, np.stack([0 * t, t], axis=1)[..., None])
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.semilogy(t, exact)
left.set(xlabel="t [1/m]", ylabel=r"$\langle\phi(0)\,\phi(t)\rangle$")
seen = found.errors < 0.5
right.errorbar(np.flatnonzero(seen), found.energies[seen], 2 * found.errors[seen], fmt="o")
for level in (1, 3):
    right.axhline(level, color="0.7", lw=1)
right.set(xlabel="state", ylabel="energy above the vacuum [m]", xticks=np.flatnonzero(seen))

# %%
# A sine of an oscillator's position is odd, so that it reaches the states of energies m, 3 m, 5 m, ..: the lowest is m,
# whatever the gain and the width are.

assert abs(found.energies[0] - 1.0) < 5 * found.errors[0]
print(f"lowest energy: {found.energies[0]:.4f} +- {found.errors[0]:.4f}")
