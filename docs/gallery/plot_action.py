"""
The action of a network
=======================

A field of finitely many neurons is an interacting field, and its action can be read off: at one point
S = g_2 phi^2 + g_4 phi^4 + .., with couplings that die like powers of 1/N.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

widths = (10, 20, 50, 100, 200, 500)
leading, second, exact = [], [], []
for width in widths:
    net = nq.load("cos_net", width=width, amplitude="constant_modulus")
    four = nq.action(net, [[0.0]]).query("order == 4").iloc[0]
    leading.append(width * four["leading"])
    second.append(width * four["coupling"])
    exact.append(width * four["exact"])

figure, ax = plt.subplots(figsize=(6, 3.8), layout="constrained")
ax.semilogx(widths, exact, "o", label="exact, from the law of the field")
ax.semilogx(widths, second, "-", label="two orders in 1/N")
ax.semilogx(widths, leading, ":", color="0.5", label="leading order")
ax.set(xlabel="N", ylabel=r"$N g_4$")
ax.legend()

# %%
# To leading order g_4 = -G4c/(4! G2^4), the tree diagram. Cosines of constant modulus have G2 = 1/2 and
# N G4c = 3/8 - 3/4, as E cos^4 = 3/8, so that N g_4 = 1/4. The error of two orders falls like 1/N^2.

assert np.allclose(leading, -(3 / 8 - 3 / 4) / (1 / 2) ** 4 / 24)
error = np.abs(np.subtract(second, exact))
slope = np.polyfit(np.log(widths[2:]), np.log(error[2:]), 1)[0]
assert abs(slope + 2) < 0.15
print(f"the error of two orders falls like N^{slope:.2f}")
