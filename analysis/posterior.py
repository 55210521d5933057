"""The Cauchy net given a hundred years of the Nile: a field theory conditioned on data, beside its infinite width.

There the field is a Gaussian process, whose noise is integrated out by quadrature over the evidence: from the years and
the flows themselves, the kernel (1/2) exp(-|x - y|) and the law of the noise, without any code of the posterior.
"""

from typing import Any, NamedTuple

import numpy as np
from numpyro.distributions import HalfNormal

from nnqft_ppl import load, observe, posterior
from nnqft_ppl.inference.data import read_data
from nnqft_ppl.sampling.diagnostics import summarise
from nnqft_ppl.studies import EXAMPLES, Study

YEARS = np.arange(1871.0, 1971.0, 3.0)
BEFORE, AFTER = YEARS < 1896, YEARS > 1902


class Limit(NamedTuple):
    """At N = infinity: the mean of the noise, and mean and deviation of the flow in YEARS, in 1e8 m^3."""

    noise: float
    mean: np.ndarray
    deviation: np.ndarray
    fall: float  #: deviation of the fall of the flow


def run(study: Study) -> None:
    data = read_data(EXAMPLES / "nile.csv", ["year"], "volume")
    limit = _limit(data.x[:, 0], data.y)
    width = 50 if study.quick else 100
    net = load("cauchy", width=width)
    at = data.to_points(YEARS[:, None])
    result = posterior(
        observe(net, data.points, data.values, noise=HalfNormal(1.0)),
        at,
        draws=400,
        warmup=100,
        seed=study.seed(0),
        progress=study.progress,
    )
    tree: Any = result.tree
    phi, noise = (tree[f"posterior/{site}"].to_numpy() for site in ("phi", "noise"))  # (chain, draw, year), (.., draw)
    flow = data.to_values(phi)
    r_hat, ess = result.convergence.r_hat, result.convergence.ess
    fields: dict[str, Any] = {"route": "draws", "of": net}
    study.between("(3)", "Nile: worst R-hat of phi, phi^2, action, noise", 1.0, r_hat, 0.99, 1.02, **fields)
    kept = phi.shape[0] * phi.shape[1]  # what independent draws would count, and a moderate factor for luck
    study.between("(3)", "Nile: least effective sample size", 400, ess, 200, 2 * kept, **fields)
    # Beyond 5 errors a difference of order 1/N is left: with 100 data of one deviation each, less than 1/N of the noise
    # and a tenth of a deviation of the field at N = 100. A mistake of 5 % in the noise or in the units is seen.
    fall = flow[..., BEFORE].mean(axis=-1) - flow[..., AFTER].mean(axis=-1)
    table = summarise({"noise": noise, "fall": fall}).set_index("quantity")
    expected = float(limit.mean[BEFORE].mean() - limit.mean[AFTER].mean())
    for name, words, value, near in (
        ("noise", "deviation of the noise", limit.noise, limit.noise / width),
        ("fall", "fall of the flow about 1899, 1e8 m^3", expected, 10 * limit.fall / width),
    ):
        reach = 5 * float(table.loc[name, "mcse"]) + near
        found = float(table.loc[name, "mean"])
        statement = f"Nile: {words}, N={width}, about N = infinity"
        study.between("(3)", statement, value, found, value - reach, value + reach, **fields)
    flow = flow.reshape(-1, len(at))
    distance = float(np.sqrt(np.mean(((flow.mean(axis=0) - limit.mean) / limit.deviation) ** 2)))
    statement = f"Nile: |mean at N={width} - limit| / deviation, root mean square over years"
    study.between("(3)", statement, 0.0, distance, 0.0, 15 / width, **fields)

    with study.figure("posterior", title=f"Nile, Cauchy net, N = {width}") as (_, axes):
        low, high = np.quantile(flow, [0.025, 0.975], axis=0)
        axes.fill_between(YEARS, low, high, alpha=0.2, lw=0, label="95 %")
        axes.plot(YEARS, flow.mean(axis=0), label="mean")
        axes.plot(YEARS, limit.mean, "k--", lw=1, label="N → ∞")
        axes.plot(data.x[:, 0], data.y, "o", ms=3, label="data")
        axes.set(xlabel="year", ylabel="annual flow, $10^8\\,$m$^3$")
        axes.legend()


def _limit(years: np.ndarray, flows: np.ndarray) -> Limit:
    """Points and values are in units of their deviations; the noise has the density exp(-noise^2/2) on its half."""
    x, z = ((part - years.mean()) / years.std() for part in (years, YEARS))
    y = (flows - flows.mean()) / flows.std()
    between, cross, own = (np.exp(-np.abs(np.subtract.outer(a, b))) / 2 for a, b in ((x, x), (z, x), (z, z)))
    values, vectors = np.linalg.eigh(between)
    rotated, cross = vectors.T @ y, cross @ vectors
    noises = np.linspace(0.2, 2.0, 361)
    scales = values + noises[:, None] ** 2
    log_weight = -0.5 * (rotated**2 / scales + np.log(scales)).sum(axis=1) - noises**2 / 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    means = (rotated / scales) @ cross.T
    mean = weight @ means
    covariance = own - np.einsum("n,pk,nk,qk->pq", weight, cross, 1 / scales, cross, optimize=True)
    covariance += np.einsum("n,np,nq->pq", weight, means - mean, means - mean, optimize=True)
    side = BEFORE / BEFORE.sum() - AFTER / AFTER.sum()
    deviations = np.sqrt(np.diag(covariance)) * flows.std()
    fall = float(np.sqrt(side @ covariance @ side)) * flows.std()
    return Limit(float(weight @ noises), flows.mean() + mean * flows.std(), deviations, fall)
