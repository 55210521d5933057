"""Effective draws a second of one posterior, ours against what a newcomer would write, in one run.

An 8-point posterior of the Cos-net on the line with noise 0.1: plain NumPyro NUTS (uniform phases, amplitudes sampled),
BlackJAX NUTS and PyMC with nutpie on the same model, and ours. The figure is the least bulk ESS of phi at the data, per
second of warm-up and draws together; compilation is apart. `python benchmarks/posterior.py` prints a Markdown table.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from arviz_stats.base import array_stats

from nnqft_ppl import enable_x64, load, observe
from nnqft_ppl.chains import kernel_of, plan
from nnqft_ppl.transforms import field_at

enable_x64()
P, NOISE, CHAINS, WARMUP, DRAWS = 8, 0.1, 4, 500, 1000
X = np.linspace(-2.0, 2.0, P)[:, None]
_K = 0.5 * np.exp(-0.5 * (X - X.T) ** 2)
_RNG = np.random.default_rng(0)
Y = np.linalg.cholesky(_K + 1e-9 * np.eye(P)) @ _RNG.normal(size=P) + NOISE * _RNG.normal(size=P)


def least_ess(phi: np.ndarray) -> float:
    """Of phi (chain, draw, P)."""
    return min(float(array_stats.ess(phi[:, :, p], chain_axis=0, draw_axis=1, method="bulk")) for p in range(P))


def plain(width: int):
    """The newcomer's model."""
    with numpyro.plate("neuron", width):
        a = numpyro.sample("a", dist.Normal(0.0, 1.0 / width**0.5))
        b = numpyro.sample("b", dist.Normal(0.0, 1.0))
        c = numpyro.sample("c", dist.Uniform(-jnp.pi, jnp.pi))
    phi = numpyro.deterministic("phi", jnp.cos(jnp.asarray(X) * b + c) @ a)
    numpyro.sample("y", dist.Normal(phi, NOISE), obs=jnp.asarray(Y))


def ours(width: int, sampler: str) -> tuple[float, float, float]:
    chosen = plan(observe(load("cos_net", width=width), X, Y, noise=NOISE), sampler)
    kernel = kernel_of(chosen, WARMUP)
    state = jax.jit(jax.vmap(kernel.init))(jax.random.split(jax.random.key(0), CHAINS))

    def move(state, index):
        state, _ = jax.vmap(kernel.step)(state)

        def phi(one, key):
            at = kernel.point(one)
            a = chosen.model.amplitudes_given(key, at.net, at.theta, NOISE)
            return field_at(at.net, {**at.theta, "a": a}, X)

        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), index), CHAINS)
        return state, jax.vmap(phi)(state, keys)

    start = time.perf_counter()
    run = jax.jit(lambda s, i: jax.lax.scan(move, s, i)).lower(state, jnp.arange(WARMUP)).compile()
    compiled = time.perf_counter() - start
    start, parts = time.perf_counter(), []
    for first in range(0, WARMUP + DRAWS, WARMUP):
        state, phi = run(state, first + jnp.arange(WARMUP))
        parts.append(np.asarray(phi))
    seconds = time.perf_counter() - start
    return least_ess(np.swapaxes(np.concatenate(parts[1:]), 0, 1)), seconds, compiled


def numpyro_plain(width: int) -> tuple[float, float, float]:
    from numpyro.infer import MCMC, NUTS

    mcmc = MCMC(
        NUTS(plain), num_warmup=WARMUP, num_samples=DRAWS, num_chains=CHAINS, chain_method="vectorized",
        progress_bar=False,
    )  # fmt: skip
    times = []
    for seed in (0, 1):  # the second run finds everything compiled
        start = time.perf_counter()
        mcmc.run(jax.random.key(seed), width)
        phi = np.asarray(mcmc.get_samples(group_by_chain=True)["phi"])
        times.append(time.perf_counter() - start)
    return least_ess(phi), times[1], times[0] - times[1]


def blackjax_plain(width: int) -> tuple[float, float, float]:
    import blackjax
    from numpyro.infer.util import initialize_model

    info = initialize_model(jax.random.key(0), plain, model_args=(width,))
    adapt = blackjax.window_adaptation(blackjax.nuts, lambda q: -info.potential_fn(q))

    def chain(key):
        key_warm, key_run = jax.random.split(key)
        (state, parameters), _ = adapt.run(key_warm, info.param_info.z, num_steps=WARMUP)
        step = blackjax.nuts(lambda q: -info.potential_fn(q), **parameters).step

        def move(state, key):
            state, _ = step(key, state)
            return state, info.postprocess_fn(state.position)["phi"]

        return jax.lax.scan(move, state, jax.random.split(key_run, DRAWS))[1]

    keys = jax.random.split(jax.random.key(1), CHAINS)
    start = time.perf_counter()
    run = jax.jit(jax.vmap(chain)).lower(keys).compile()
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    phi = np.asarray(run(keys))
    return least_ess(phi), time.perf_counter() - start, compiled


def pymc_nutpie(width: int) -> tuple[float, float, float]:
    import nutpie
    import pymc as pm

    with pm.Model() as model:
        a = pm.Normal("a", 0.0, 1.0 / width**0.5, shape=width)
        b = pm.Normal("b", 0.0, 1.0, shape=width)
        c = pm.Uniform("c", -np.pi, np.pi, shape=width)
        phi = pm.Deterministic("phi", pm.math.dot(pm.math.cos(X * b + c), a))
        pm.Normal("y", phi, NOISE, observed=Y)
    start = time.perf_counter()
    compiled_model = nutpie.compile_pymc_model(model)
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    trace = nutpie.sample(compiled_model, draws=DRAWS, tune=WARMUP, chains=CHAINS, seed=1, progress_bar=False)
    return least_ess(np.asarray(trace["posterior"]["phi"])), time.perf_counter() - start, compiled


def main() -> None:
    print("| N | sampler | least bulk ESS | seconds, warm-up and draws | ESS/s | compile, s |")
    print("|---|---|---|---|---|---|")
    for width in (50, 500):
        for name, run in (
            ("ours, NUTS", lambda n: ours(n, "nuts")),
            ("ours, Gibbs", lambda n: ours(n, "gibbs")),
            ("PyMC with nutpie", pymc_nutpie),
            ("plain NumPyro NUTS", numpyro_plain),
            ("BlackJAX NUTS", blackjax_plain),
        ):
            ess, seconds, compiled = run(width)
            cells = f"{ess:.0f} | {seconds:.2f} | {ess / seconds:.0f} | {compiled:.1f}"
            print(f"| {width} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
