"""
A two-point function to order
=============================

Which theory has the two-point function 1/cosh(r) in three dimensions? `design` finds the spectrum, shares it between
the law of the frequencies and the envelope of the neurons, and checks the result.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

found = nq.design(lambda r: 1 / np.cosh(r), two_point=True, dim=3, alpha=0.0)
r = np.linspace(0, 5, 101)
k = found.net.two_point(r[:, None] * np.eye(1, 3), np.zeros(3))
p = np.linspace(0, 6, 121)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(r, 1 / np.cosh(r), color="0.6", lw=4, label="asked for")
left.plot(r, k, "--", label="of the theory")
left.set(xlabel="r", ylabel="$G^{(2)}(r)$")
left.legend()
right.semilogy(p, found.net.power_spectrum(p[:, None] * np.eye(1, 3)))
right.set(xlabel="p", ylabel="$G^{(2)}(p)$")

# %%

assert np.abs(k - 1 / np.cosh(r)).max() < 1e-7
print(f"deviation {found.deviation:.1e} of K(0)")
