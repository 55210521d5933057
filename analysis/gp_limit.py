"""A posterior at width N against the Gaussian process that it becomes: the departure falls like 1/N, as predicted.

Data at five points, Gaussian amplitudes. The limit is exact; its 1/N correction follows from H_2 and H_4 of one neuron;
the posterior at width N comes from prior networks weighted with their evidence, and at N = 2000 from chains.
"""

import numpy as np

from nnqft_ppl import first_order, limit_posterior, load, observe, posterior
from nnqft_ppl.inference.gaussian_process import FiniteWidth, Normal, reweighted
from nnqft_ppl.studies import Study

X = np.array([[-1.0], [-0.2], [0.4], [1.3], [2.0]])
Y = np.array([0.3, -0.5, 0.8, 0.2, -0.6])
AT = np.array([[0.5], [3.0]])
NOISE = 0.5
WIDTHS = (10, 30, 100, 300)


def run(study: Study) -> None:
    draws = 50_000 if study.quick else 400_000
    for name in ("cauchy",) if study.quick else ("cos_net", "cauchy"):
        given = (load(name), X, Y, NOISE, AT)
        limit, slope = limit_posterior(*given), first_order(*given)
        found = [reweighted(load(name, width=n), X, Y, NOISE, AT, draws=draws, seed=n) for n in WIDTHS]
        departures = np.array([f.mean[1] - limit.mean[1] for f in found])
        errors = np.array([f.mean_error[1] for f in found])
        for n, departure, error in zip(WIDTHS, departures, errors, strict=True):
            # The next term is of relative order 1/N with a coefficient of a few units.
            reach = 5 * n * error + 10 / n * abs(slope.mean[1])
            bounds = (slope.mean[1] - reach, slope.mean[1] + reach)
            study.between("(8)", f"{name}: N x departure of the mean, N={n}", slope.mean[1], n * departure, *bounds)
        last = slice(1, None)  # N >= 30
        relative = errors[last] / np.abs(departures[last])
        log_n, log_d = np.log(WIDTHS[last]), np.log(np.abs(departures[last]))
        weights = 1 / relative**2
        centred = log_n - np.average(log_n, weights=weights)
        exponent = np.sum(weights * centred * log_d) / np.sum(weights * centred**2)
        spread = 1 / np.sqrt(np.sum(weights * centred**2))
        reach = 4 * spread + 0.1  # the next term bends the line by less than 0.1 at N = 30
        study.between("(8)", f"{name}: exponent of the departure", -1.0, exponent, -1 - reach, -1 + reach)
        if not study.quick:
            _by_chains(study, name, limit, slope)


def _by_chains(study: Study, name: str, limit: Normal, slope: FiniteWidth) -> None:
    """The limit and its 1/N correction against chains at N = 2000."""
    width = 2000
    chains = posterior(
        observe(load(name, width=width), X, Y, noise=NOISE),
        AT,
        draws=400,
        warmup=50,
        sampler="gibbs",
        progress=study.progress,
    )
    phi = chains.summary.query("quantity == 'phi'")
    square = chains.summary.query("quantity == 'phi^2'")
    for p in range(2):
        row = phi.iloc[p]
        expected = limit.mean[p] + slope.mean[p] / width
        study.monte_carlo("(8)", f"{name}: mean at point {p}, N={width}", expected, row["mean"], row["mcse"])
        variance = limit.covariance[p, p] + slope.variance[p] / width
        second = square.iloc[p]
        statement = f"{name}: E phi^2 at point {p}, N={width}"
        study.monte_carlo("(8)", statement, variance + expected**2, second["mean"], second["mcse"])
