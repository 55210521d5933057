"""Posteriors of many values: seconds to R-hat < 1.01 and 400 effective draws, and the limit N -> infinity.

`python benchmarks/many_values.py [P ...]` puts its section at the end of benchmarks/POSTERIOR.md. The Cauchy net of 100
neurons is given P values of a sine with noise 0.3 on 10 units of its line; then the same values are given to its limit,
solved by ours (dense, and by the Markov property), by tinygp as a user would write it, by scikit-learn, by PyMC, and by
NumPyro's Cholesky factor of the same covariance. The real series is the weekly CO2 at Mauna Loa, 1958 to 2001, as
statsmodels ships it: what a parabola leaves of it, in its standard deviations, against years. Wall and CPU seconds, as
the machine may be shared; peak memory is that of the process so far.

The floor of a sweep of one chain, K = 4 candidates, groups of G = 16 neurons: (K + 1) N P cosines of the candidates,
2 K N (N + K G) P operations of products, and 2 (K + 3) N^3 of exchanges; for P = 10,000 and N = 100 that is 5e6 cosines
(0.06 G/s in float64: 0.08 s) and 1.3e9 operations (20 G/s of a core: 0.07 s), 0.6 s for four chains on one core.
"""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from nnqft_ppl import enable_x64, limit_posterior, load, observe, posterior

enable_x64()
PAGE, HEADING = Path(__file__).resolve().parent / "POSTERIOR.md", "## Many values"
WIDTH, NOISE, LENGTH = 100, 0.3, 10.0
SIZES = (100, 300, 1000, 2225, 10_000)
STEPS = {100: (200, 600), 300: (200, 1800), 1000: (200, 600), 2225: (200, 5400), 10_000: (100, 400)}
MAUNA_LOA = 2225  #: values of the real series


class Spent(NamedTuple):
    """Seconds on the wall and of all threads, of one call."""

    wall: float
    cpu: float


def timed[Result](call: Callable[[], Result]) -> tuple[Result, Spent]:
    """What a call gives, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, Spent(time.perf_counter() - wall, time.process_time() - cpu)


def values(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (P, 1) and values (P,); the real series where its number of values is asked for."""
    if count == MAUNA_LOA:
        from statsmodels.datasets import co2

        series = co2.load_pandas().data["co2"].dropna()
        years = np.asarray((series.index - series.index[0]).days, dtype=float) / 365.25
        left = series - np.polyval(np.polyfit(years, series, 2), years)
        return years[:, None], np.asarray(left / left.std())
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0.0, LENGTH, count))
    return x[:, None], np.sin(x) + NOISE * rng.normal(size=count)


def asked(x: np.ndarray) -> np.ndarray:
    """25 points (25, 1), from one unit before the values to one after them."""
    return np.linspace(x[0] - 1.0, x[-1] + 1.0, 25)


def peak() -> float:
    """GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def mass_of(count: int) -> float:
    """The inverse of a length of correlation: 1, and for the year of the real series a sixth of that."""
    return 6.0 if count == MAUNA_LOA else 1.0


def chains(count: int) -> str:
    """One posterior, compilation and reading included."""
    x, y = values(count)
    model = observe(load("cauchy", width=WIDTH, mass=mass_of(count)), x, y, noise=NOISE)
    warmup, draws = STEPS[count]
    result, spent = timed(lambda: posterior(model, asked(x), warmup=warmup, draws=draws))
    found = result.convergence
    done = "yes" if found.converged else "no"
    return (
        f"| {label(count)} | {warmup} + {draws} | {spent.wall:.0f} | {spent.cpu:.0f} | {found.r_hat:.4f} "
        f"| {found.ess:.0f} | {done} | {peak():.2f} |"
    )


def label(count: int) -> str:
    return f"{count:,}, Mauna Loa" if count == MAUNA_LOA else f"{count:,}"


def limits(count: int) -> list[str]:
    """The limit by every solver that takes so many values, and how far their means are from ours."""
    net: Any = load("cauchy", mass=mass_of(count))
    x, y = values(count)
    at = asked(x)
    ours, spent = timed(lambda: limit_posterior(net, x, y, NOISE, at))
    rows = [("ours", spent, 0.0)]

    def tinygp() -> Any:
        from tinygp import GaussianProcess, kernels

        kernel = kernels.quasisep.Exp(scale=jnp.asarray(1.0 / net.mass), sigma=jnp.asarray(0.5**0.5))
        process = GaussianProcess(kernel, jnp.asarray(x[:, 0]), diag=jnp.full(count, NOISE**2))
        return np.asarray(process.condition(jnp.asarray(y), jnp.asarray(at[:, 0])).gp.loc)

    def numpyro() -> Any:
        points = np.concatenate([x, at])
        kernel = 0.5 * jnp.exp(-net.mass * jnp.abs(points - points.T))
        law = dist.MultivariateNormal(jnp.zeros(count), kernel[:count, :count] + NOISE**2 * jnp.eye(count))
        return np.asarray(kernel[count:, :count] @ jax.scipy.linalg.cho_solve((law.scale_tril, True), jnp.asarray(y)))

    def scikit_learn() -> Any:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern

        kernel = ConstantKernel(0.5) * Matern(length_scale=1.0 / net.mass, nu=0.5)
        return GaussianProcessRegressor(kernel, alpha=NOISE**2, optimizer=None).fit(x, y).predict(at)

    def pymc() -> Any:
        import pymc as pm

        with pm.Model():
            process = pm.gp.Marginal(cov_func=0.5 * pm.gp.cov.Matern12(1, ls=1.0 / net.mass))
            process.marginal_likelihood("y", X=x, y=y, sigma=NOISE)
            mean, _ = process.predict(at, point={}, diag=True)
        return np.asarray(mean)

    dense = {"NumPyro, dense": numpyro, "PyMC, dense": pymc, "scikit-learn, dense": scikit_learn}
    others = {"tinygp, quasiseparable": tinygp} | (dense if count <= 3000 else {})
    for name, solve in others.items():
        mean, spent = timed(solve)
        rows.append((name, spent, float(np.max(np.abs(mean - ours.mean)))))
    return [f"| {label(count)} | {name} | {s.wall:.1f} | {s.cpu:.1f} | {far:.0e} |" for name, s, far in rows]


def section(sizes: list[int]) -> str:
    """The section, from a run."""
    cores = f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} cores"
    lines = [HEADING, ""]
    lines += [
        f"One run on {platform.machine()}, {cores}, which others shared (load {os.getloadavg()[0]:.0f}); "
        f"JAX {jax.__version__}. The Cauchy net at N = {WIDTH} given P values of a sine with noise 0.3, and the real "
        "series with the same; 4 chains, worst R-hat and least ESS of phi and phi^2 at 25 points and of the action; "
        "seconds with compilation.",
        "",
        "| P | steps | wall, s | CPU, s | R-hat | ESS | converged | peak, GiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for count in sizes:
        lines.append(chains(count))
        print(lines[-1], file=sys.stderr, flush=True)
    limit_rows = []  # last, as the dense solvers of others would show in the memory of the chains
    for count in (1000, MAUNA_LOA, 3000, 10_000, 100_000):
        found = limits(count)
        limit_rows += found
        print(*found, sep="\n", file=sys.stderr, flush=True)
    lines += [
        "",
        "The limit N -> infinity at 25 points, first call, so with compilation; the last column is the largest "
        "difference of a mean from ours.",
        "",
        "| P | solver | wall, s | CPU, s | difference |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *limit_rows]) + "\n"


def main() -> None:
    found = section([int(word) for word in sys.argv[1:]] or list(SIZES))
    before = PAGE.read_text(encoding="utf-8").partition(HEADING)[0].rstrip()
    PAGE.write_text(f"{before}\n\n{found}", encoding="utf-8")


if __name__ == "__main__":
    main()
