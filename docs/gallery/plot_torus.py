"""
Interacting fields on a periodic square
=======================================

The torus has finitely many modes, so that its correlators are finite sums; a quartic interaction is added by weights,
without a Markov chain. Maps of the free field, and how the interaction pushes its square down.
"""

import matplotlib.pyplot as plt
import numpy as np

import nnqft_ppl as nq

side, count = 4.0, 48
net = nq.load("torus", dim=2, width=100, period=side, cutoff=5.0)
axis = (np.arange(count) + 0.5) * side / count
plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
phi = nq.prior_predictive(net, plane, draws=3)["prior_predictive"]["phi"].to_numpy()[0]

nodes = np.stack(np.meshgrid(*[(np.arange(10) + 0.5) * side / 10] * 2), axis=-1).reshape(-1, 2)
square = float(net.two_point([0.0, 0.0], [0.0, 0.0]))
couplings = (0.0, 0.25, 0.5, 1.0)
rows = []
for strength in couplings:
    model = nq.deform(net, f"{strength}*phi^4", nodes, np.full(100, (side / 10) ** 2))
    table = nq.correlators(
        model, np.zeros((1, 2, 2)), orders=(2,), kinds=("full",), estimators=("reweight",), draws=20_000
    )
    rows.append((float(table["estimate"].iloc[0]), float(table["mcse"].iloc[0])))
value, error = np.array(rows).T

figure, axes = plt.subplots(1, 4, figsize=(12, 3), layout="constrained", width_ratios=(1, 1, 1, 1.3))
limit = np.abs(phi).max()
for ax, draw in zip(axes, phi, strict=False):
    ax.imshow(
        draw.reshape(count, count).T, origin="lower", cmap="RdBu_r", vmin=-limit, vmax=limit, extent=(0, side) * 2
    )
    ax.set(xlabel="x", ylabel="y")
axes[3].errorbar(couplings, value, 2 * error, fmt="o-", ms=4)
axes[3].axhline(square, color="0.7", lw=1)
axes[3].set(xlabel="λ", ylabel=r"$\langle\phi^2\rangle$")

# %%
# Without the interaction the square is a finite sum over momenta, L^-2 sum f(p)/(p^2 + m^2), and the draws agree.

p = 2 * np.pi / side * np.stack(np.meshgrid(*[np.arange(-40, 41)] * 2), axis=-1).reshape(-1, 2)
p2 = (p**2).sum(axis=1)
sum_of_modes = float(np.sum(np.exp(-p2 / (2 * 5.0**2)) / (p2 + 1)) / side**2)
asked = {"orders": (2,), "kinds": ("full",), "estimators": ("field",), "draws": 20_000}
free = nq.correlators(net, np.zeros((1, 2, 2)), **asked).iloc[0]
assert np.isclose(square, sum_of_modes, rtol=1e-6)
assert abs(free["estimate"] - sum_of_modes) < 5 * free["mcse"]
assert (np.diff(value) < 0).all()
print(f"free <phi^2> = {sum_of_modes:.6f}, by draws {free['estimate']:.4f} +- {free['mcse']:.4f}")
