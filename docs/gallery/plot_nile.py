"""
The Nile, conditioned
=====================

The Cauchy net is an Ornstein-Uhlenbeck process as N grows. Given a hundred years of the Nile's volume at Aswan
(Cobb 1978, Biometrika 65), what was the river before noise? Amplitudes are integrated out; frequencies are drawn anew,
a few neurons at a time.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import nnqft_ppl as nq

nq.enable_x64()
nile = pd.read_csv(Path(nq.models.__path__[0]).parent / "examples" / "nile.csv")
years, volume = nile["year"].to_numpy(float), nile["volume"].to_numpy(float)
x, y = ((years - years.mean()) / 20)[:, None], (volume - volume.mean()) / volume.std()

model = nq.observe(nq.load("cauchy", width=50), x, y, noise=0.7)
result = nq.posterior(model, x, chains=4, warmup=200, draws=400)
phi = result.tree["posterior"]["phi"].to_numpy().reshape(-1, len(x))
low, middle, high = np.quantile(phi, [0.05, 0.5, 0.95], axis=0)

figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.plot(years, y, "o", ms=3, color="0.4", label="observed")
ax.fill_between(years, low, high, alpha=0.3, label="90 % of the field")
ax.plot(years, middle)
ax.set(xlabel="year", ylabel="volume, standardised")
ax.legend()

# %%
# The limit N = infinity is a Gaussian process, whose posterior is known in closed form; fifty neurons are close to it.

limit = nq.limit_posterior(model.net, x, y, 0.7, x)
distance = float(np.abs(phi.mean(axis=0) - limit.mean).max())
assert distance < 0.25
print(result.convergence.line)
print(f"largest distance of the mean from the limit: {distance:.3f} of the data's standard deviation")
