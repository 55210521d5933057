"""A posterior at width N against the Gaussian process that it becomes: the departure falls like 1/N, as predicted.

Data at five points, Gaussian amplitudes. The limit is exact; its 1/N correction follows from H_2 and H_4 of one neuron;
the posterior at width N comes from prior networks weighted with their evidence, and at N = 2000 from chains.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl import first_order, limit_posterior, load, observe, posterior
from nnqft_ppl.inference.gaussian_process import FiniteWidth, Normal, kernel_matrix
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import Architecture

X = np.array([[-1.0], [-0.2], [0.4], [1.3], [2.0]])
Y = np.array([0.3, -0.5, 0.8, 0.2, -0.6])
AT = np.array([[0.5], [3.0]])
NOISE = 0.5
WIDTHS = (10, 30, 100, 300)
NEXT = 1.5  # of the term after the first, relative to it and times N: twice what N = 10 shows for both cards


def run(study: Study) -> None:
    draws = 50_000 if study.quick else 200_000
    for name in ("cauchy",) if study.quick else ("cos_net", "cauchy"):
        net: Any = load(name)
        limit, slope = limit_posterior(net, X, Y, NOISE, AT), first_order(net, X, Y, NOISE, AT)
        found = {n: departure(load(name, width=n), limit, draws, study.seed(n)) for n in WIDTHS}
        first = float(slope.mean[1])
        for n, one in found.items():
            reach = 5 * n * one.mcse + NEXT / n * abs(first)
            statement = f"{name}: N x departure of the mean, N={n}"
            value = n * one.value
            study.between("(8)", statement, first, value, first - reach, first + reach, route="draws", of=net)
        # Of N = 30 and N = 300 together without the next term; the one after it is of relative order 1/9000.
        value = (300**2 * found[300].value - 30**2 * found[30].value) / 270
        error = float(np.hypot(300**2 * found[300].mcse, 30**2 * found[30].mcse) / 270)
        study.monte_carlo("(8)", f"{name}: N x departure of the mean, from N=30 and 300", first, value, error, of=net)
        last = [n for n in WIDTHS if n >= 30]
        relative = np.array([found[n].mcse / abs(found[n].value) for n in last])
        log_n, log_d = np.log(last), np.log([abs(found[n].value) for n in last])
        weights = 1 / relative**2
        centred = log_n - np.average(log_n, weights=weights)
        exponent = float(np.sum(weights * centred * log_d) / np.sum(weights * centred**2))
        spread = float(1 / np.sqrt(np.sum(weights * centred**2)))
        reach = 5 * spread + NEXT / 30 / np.log(10)  # the next term bends the line from N = 30 to 300
        bounds = (-1 - reach, -1 + reach)
        study.between("(8)", f"{name}: exponent of the departure", -1.0, exponent, *bounds, route="draws", of=net)
        if not study.quick:
            _by_chains(study, name, limit, slope)


class Departure(NamedTuple):
    """Of the posterior mean at the second point of AT from its limit."""

    value: float
    mcse: float


def departure(net: Architecture, limit: Normal, draws: int, seed: int) -> Departure:
    """E[Z(K) (m(K) - m)]/E[Z(K)] over kernels K of prior networks, Z(K) being the evidence of the data.

    The mean of K is known. Taking out what is linear in it, by least squares, leaves an error of order 1/N in place of
    1/sqrt N: as large a share of the departure at N = 300 as at N = 10.
    """
    every = np.concatenate([X, AT])
    above = np.triu_indices(len(every))
    log_z, mean, kernel = over_networks(net, _evidence, every, Y, NOISE, draws=draws, seed=seed, double=True)
    weight = np.exp(log_z - log_z.max())
    weight /= weight.mean()
    linear = kernel[:, above[0], above[1]] - kernel_matrix(net, every, every)[above]
    centred = linear - linear.mean(axis=0)
    squares = centred.T @ centred  # whose inverse is good to half of all digits, and any coefficients near would do
    value, rest = 0.0, np.zeros(draws)
    for _ in range(3):  # a ratio of means, whose denominator enters with the value itself
        terms = weight * (mean - limit.mean[1] - value)
        rest = terms - linear @ np.linalg.lstsq(squares, centred.T @ terms, rcond=None)[0]
        value += float(rest.mean())
    return Departure(value, float(rest.std() / draws**0.5))


def _evidence(
    net: Architecture, theta: dict[str, jax.Array], every: jax.Array, y: jax.Array, noise: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """log Z of the data, the mean at the last point, and the kernel, of one network."""
    p, h = len(y), net.neurons(theta, every)
    kernel = net.amplitude_moment(2) / net.width * h.T @ h
    lower = jnp.linalg.cholesky(kernel[:p, :p] + noise**2 * jnp.eye(p))
    half_y = jax.scipy.linalg.solve_triangular(lower, y, lower=True)
    half_k = jax.scipy.linalg.solve_triangular(lower, kernel[:p, -1], lower=True)
    return -0.5 * half_y @ half_y - jnp.sum(jnp.log(jnp.diag(lower))), half_k @ half_y, kernel


def _by_chains(study: Study, name: str, limit: Normal, slope: FiniteWidth) -> None:
    """The limit and its 1/N correction against chains at N = 2000."""
    width = 2000
    chains = posterior(
        observe(load(name, width=width), X, Y, noise=NOISE),
        AT,
        draws=400,
        warmup=50,
        seed=study.seed(0),
        sampler="gibbs",
        progress=study.progress,
    )
    phi = chains.summary.query("quantity == 'phi'")
    square = chains.summary.query("quantity == 'phi^2'")
    for p in range(2):
        row = phi.iloc[p]
        expected = limit.mean[p] + slope.mean[p] / width
        study.monte_carlo(
            "(8)",
            f"{name}: mean at point {p}, N={width}",
            expected,
            row["mean"],
            row["mcse"],
            of=load(name, width=width),
        )
        variance = limit.covariance[p, p] + slope.variance[p] / width
        second = square.iloc[p]
        statement = f"{name}: E phi^2 at point {p}, N={width}"
        study.monte_carlo(
            "(8)", statement, variance + expected**2, second["mean"], second["mcse"], of=load(name, width=width)
        )
