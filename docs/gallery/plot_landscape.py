"""
A landscape of classical fields
===============================

If the frequencies of neurons prefer a few values, P(theta) has many maxima, and different maxima can be one field. Two
neurons with two preferred values each have sixteen maxima and nine fields.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq
from nnqft_ppl.classical.neurons import classical_neurons, functions_at

net = nq.load("landscape", width=2, peaks=2)
neurons = classical_neurons(net)
fields = nq.landscape(net, neurons)
x = np.linspace(-3, 3, 200)
waves = functions_at(net, neurons, x[:, None])

figure, axes = plt.subplots(3, 3, figsize=(7, 5), sharex=True, sharey=True, layout="constrained")
listed = list(fields.best())
for ax, field in zip(axes.flat, listed, strict=True):
    ax.plot(x, field.coefficients @ waves)
    ax.set_title(f"log P = {field.log_p:.2f}", fontsize=8)
figure.supxlabel("x")
figure.supylabel(r"$\phi(x)$")

# %%
# The count is a sum over multisets of neurons, made without a list; the list is made by enumeration.

assert len({field.counts.tobytes() for field in listed}) == fields.count() == 9
print(f"{fields.count()} fields of {4**2} maxima")
