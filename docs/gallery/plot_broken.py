"""
A broken symmetry that the field hides
======================================

Amplitudes of nonzero mean break phi -> -phi. Yet every odd correlator of Cos-net's field vanishes, as a phase of pi
turns the sign of a neuron: the breaking is there in the mixed correlator E[phi h_i], which the paper's discussion asks
for.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

means = np.linspace(-1, 1, 21)
x = np.array([[[0.0], [0.5]]])
mixed, odd = [], []
for mu in means:
    net = nq.load("shifted_cos_net", width=10, mu=mu)
    mixed.append(float(nq.exact_mixed(net, x[0, :1], x[0, 1:])))
    odd.append(float(nq.exact_correlator(net, np.array([[0.0], [0.5], [0.2]]))))

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(means, mixed, "o-", label=r"$\langle\phi h_i\rangle$")
ax.plot(means, odd, "s--", label=r"$\langle\phi\phi\phi\rangle$")
ax.set(xlabel=r"mean $\mu$ of the amplitudes", ylabel="correlator, N = 10")
ax.legend()

# %%

assert np.allclose(odd, 0, atol=1e-15)
assert np.allclose(mixed, means * mixed[-1], atol=1e-12)
assert abs(mixed[-1]) > 0.1
print(f"E[phi h_i] at mu = 1: {mixed[-1]:.6f}")
