"""The Cauchy net given a hundred years of the Nile: a field theory conditioned on data, beside its infinite width."""

from typing import Any

import numpy as np
from numpyro.distributions import HalfNormal

from nnqft_ppl import limit_posterior, load, observe, posterior
from nnqft_ppl.inference.data import read_data
from nnqft_ppl.studies import EXAMPLES, Study


def run(study: Study) -> None:
    data = read_data(EXAMPLES / "nile.csv", ["year"], "volume")
    width = 50 if study.quick else 100
    net = load("cauchy", width=width)
    years = np.arange(1871.0, 1971.0, 3.0)[:, None]
    at = data.to_points(years)
    result = posterior(
        observe(net, data.points, data.values, noise=HalfNormal(1.0)),
        at,
        draws=200 if study.quick else 400,
        warmup=100,
        progress=study.progress,
    )
    tree: Any = result.tree
    phi = tree["posterior/phi"].to_numpy().reshape(-1, len(at))
    noise = float(tree["posterior/noise"].mean())
    limit = limit_posterior(net, data.points, data.values, noise, at)
    study.between("(3)", "Nile: worst R-hat of phi, phi^2, action, noise", 1.0, result.convergence.r_hat, 0.99, 1.02)
    study.between("(3)", "Nile: least effective sample size", 400, result.convergence.ess, 200, np.inf)
    deviation = np.sqrt(np.diag(limit.covariance))
    distance = np.max(np.abs(phi.mean(axis=0) - limit.mean) / deviation)
    study.between("(3)", f"Nile: largest |mean at N={width} - limit| / deviation", 0.0, distance, 0.0, 0.5)
    fall = data.y_scale * (phi[:, years[:, 0] < 1896].mean(axis=1) - phi[:, years[:, 0] > 1902].mean(axis=1))
    raw = data.y[data.x[:, 0] < 1896].mean() - data.y[data.x[:, 0] > 1902].mean()
    reach = 4 * fall.std()
    study.between("(3)", "Nile: fall of the flow about 1899, 1e8 m^3", raw, fall.mean(), raw - reach, raw + reach)

    with study.figure("posterior", title=f"Nile, Cauchy net, N = {width}") as (_, axes):
        low, high = data.to_values(np.quantile(phi, [0.025, 0.975], axis=0))
        axes.fill_between(years[:, 0], low, high, alpha=0.2, lw=0, label="95 %")
        axes.plot(years[:, 0], data.to_values(phi.mean(axis=0)), label="mean")
        axes.plot(years[:, 0], data.to_values(limit.mean), "k--", lw=1, label="N → ∞")
        axes.plot(data.x[:, 0], data.y, "o", ms=3, label="data")
        axes.set(xlabel="year", ylabel="annual flow, $10^8\\,$m$^3$")
        axes.legend()
