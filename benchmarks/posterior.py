"""Effective draws a second of posteriors, ours against what a newcomer would write, in one run.

An 8-point posterior of the Cos-net on the line with noise 0.1: plain NumPyro NUTS (uniform phases, amplitudes sampled),
BlackJAX NUTS and PyMC with nutpie on the same model, and ours, as `posterior` chooses and by NUTS. The figure is the
least bulk ESS of phi at the data, between them and beyond, per second of warm-up and draws together; compilation is
apart. Then the anharmonic oscillator of `analysis/anharmonic.py` in every way that was tried.
`python benchmarks/posterior.py` writes benchmarks/POSTERIOR.md, all but its last section, which is that of
`many_values.py`.
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from arviz_stats.base import array_stats

from nnqft_ppl import enable_x64, load, observe
from nnqft_ppl.sampling.plan import plan, sampler_of
from nnqft_ppl.theory import AMPLITUDES
from nnqft_ppl.theory.conditioned import Model, field_at

enable_x64()
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
P, NOISE, CHAINS = 8, 0.1, 4
X = np.linspace(-2.0, 2.0, P)[:, None]
_K = 0.5 * np.exp(-0.5 * (X - X.T) ** 2)
_RNG = np.random.default_rng(0)
Y = np.linalg.cholesky(_K + 1e-9 * np.eye(P)) @ _RNG.normal(size=P) + NOISE * _RNG.normal(size=P)
AT = np.concatenate([X, [[0.3], [1.0], [3.0]]])


class Steps(NamedTuple):
    """Steps of each chain, the same for every sampler of a comparison."""

    warmup: int
    draws: int  #: a multiple of `warmup`


class Speed(NamedTuple):
    """What a sampler did: least bulk ESS of its values, seconds of warm-up and draws, and of compilation.

    NumPyro's compilation is the first run less the second, so it is lost in the noise where runs are long.
    """

    ess: float
    seconds: float
    compiled: float
    note: str = ""

    @property
    def rate(self) -> float:
        return self.ess / self.seconds


def least_ess(values: np.ndarray) -> float:
    """Of values (chain, draw, ...)."""
    flat = values.reshape(*values.shape[:2], -1)
    return min(float(array_stats.ess(flat[:, :, k], chain_axis=0, draw_axis=1)) for k in range(flat.shape[2]))


def plain(width: int):
    """The newcomer's model."""
    with numpyro.plate("neuron", width):
        a = numpyro.sample("a", dist.Normal(0.0, 1.0 / width**0.5))
        b = numpyro.sample("b", dist.Normal(0.0, 1.0))
        c = numpyro.sample("c", dist.Uniform(-jnp.pi, jnp.pi))
    numpyro.deterministic("phi", jnp.cos(jnp.asarray(AT) * b + c) @ a)
    numpyro.sample("y", dist.Normal(jnp.cos(jnp.asarray(X) * b + c) @ a, NOISE), obs=jnp.asarray(Y))


def ours(
    model: Model, sampler: str | None, steps: Steps, values: Callable[[jax.Array], jax.Array], at: np.ndarray
) -> Speed:
    """Our chains, looked at through `values` of the field at some points."""
    start = time.perf_counter()
    chosen = plan(model, sampler)
    planned = time.perf_counter() - start
    sampler = sampler_of(chosen, steps.warmup)
    state = jax.jit(jax.vmap(sampler.init))(jax.random.split(jax.random.key(0), CHAINS))

    def look(one, key):
        point = sampler.point(one)
        theta = dict(point.theta)
        if chosen.model.collapsed:
            theta["a"] = chosen.model.amplitudes_given(key, point.net, theta, point.noise)
        return values(field_at(point.net, theta, at))

    def move(state, index):
        state, stats = jax.vmap(sampler.step)(state)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), index), CHAINS)
        return state, (jax.vmap(look)(state, keys), stats.get("diverging", jnp.zeros(CHAINS, bool)))

    part = jnp.arange(steps.warmup)
    start = time.perf_counter()
    run = jax.jit(lambda s, i: jax.lax.scan(move, s, i)).lower(state, part).compile()
    compiled = planned + time.perf_counter() - start
    start, parts = time.perf_counter(), []
    for first in range(0, steps.warmup + steps.draws, steps.warmup):
        state, found = run(state, first + part)
        parts.append(jax.tree.map(np.asarray, found))
    seconds = time.perf_counter() - start
    seen = np.swapaxes(np.concatenate([phi for phi, _ in parts[1:]]), 0, 1)
    divergences = sum(int(d.sum()) for _, d in parts[1:])
    return Speed(least_ess(seen), seconds, compiled, f"{divergences} divergences" if chosen.sampler == "nuts" else "")


def numpyro_plain(width: int, steps: Steps) -> Speed:
    from numpyro.infer import MCMC, NUTS

    mcmc = MCMC(
        NUTS(plain), num_warmup=steps.warmup, num_samples=steps.draws, num_chains=CHAINS, chain_method="vectorized",
        progress_bar=False,
    )  # fmt: skip
    times = []
    for seed in (0, 1):  # the second run finds everything compiled
        start = time.perf_counter()
        mcmc.run(jax.random.key(seed), width)
        phi = np.asarray(mcmc.get_samples(group_by_chain=True)["phi"])
        times.append(time.perf_counter() - start)
    return Speed(least_ess(phi), times[1], max(0.0, times[0] - times[1]))


def blackjax_plain(width: int, steps: Steps) -> Speed:
    import blackjax
    from numpyro.infer.util import initialize_model

    info = initialize_model(jax.random.key(0), plain, model_args=(width,))
    adapt = blackjax.window_adaptation(blackjax.nuts, lambda q: -info.potential_fn(q))

    def chain(key):
        key_warm, key_run = jax.random.split(key)
        (state, parameters), _ = adapt.run(key_warm, info.param_info.z, num_steps=steps.warmup)
        step = blackjax.nuts(lambda q: -info.potential_fn(q), **parameters).step

        def move(state, key):
            state, _ = step(key, state)
            return state, info.postprocess_fn(state.position)["phi"]

        return jax.lax.scan(move, state, jax.random.split(key_run, steps.draws))[1]

    keys = jax.random.split(jax.random.key(1), CHAINS)
    start = time.perf_counter()
    run = jax.jit(jax.vmap(chain)).lower(keys).compile()
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    phi = np.asarray(run(keys))
    return Speed(least_ess(phi), time.perf_counter() - start, compiled)


def pymc_nutpie(width: int, steps: Steps) -> Speed:
    import nutpie
    import pymc as pm

    with pm.Model() as model:
        a = pm.Normal("a", 0.0, 1.0 / width**0.5, shape=width)
        b = pm.Normal("b", 0.0, 1.0, shape=width)
        c = pm.Uniform("c", -np.pi, np.pi, shape=width)
        pm.Deterministic("phi", pm.math.dot(pm.math.cos(AT * b + c), a))
        pm.Normal("y", pm.math.dot(pm.math.cos(X * b + c), a), NOISE, observed=Y)
    start = time.perf_counter()
    compiled_model = nutpie.compile_pymc_model(model)
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    trace = nutpie.sample(
        compiled_model, draws=steps.draws, tune=steps.warmup, chains=CHAINS, seed=1, progress_bar=False
    )
    return Speed(least_ess(np.asarray(trace["posterior"]["phi"])), time.perf_counter() - start, compiled)


def eight_points(width: int, steps: Steps) -> list[str]:
    """Every sampler on the same eight values."""
    model = observe(load("cos_net", width=width), X, Y, noise=NOISE)
    found = {}
    for name, run in {
        "ours, as `posterior` chooses": lambda: ours(model, None, steps, lambda phi: phi, AT),
        "ours, NUTS": lambda: ours(model, "nuts", steps, lambda phi: phi, AT),
        "PyMC with nutpie": lambda: pymc_nutpie(width, steps),
        "NumPyro NUTS, plain": lambda: numpyro_plain(width, steps),
        "BlackJAX NUTS": lambda: blackjax_plain(width, steps),
    }.items():
        print(f"N = {width}: {name} ...", file=sys.stderr, flush=True)
        found[name] = run()
        print(found[name], file=sys.stderr, flush=True)
    best = found["ours, as `posterior` chooses"].rate
    return [
        f"| {width} | {name} | {s.ess:.0f} | {s.seconds:.2f} | {s.rate:,.1f} | {best / s.rate:.1f} x | {s.compiled:.1f} | {s.note} |"  # noqa: E501
        for name, s in found.items()
    ]


def anharmonic() -> list[str]:
    """ESS a second of q(1)^2 and q(.5)q(1.5) at N = 200, by every way that was tried."""
    from analysis.anharmonic import BETWEEN, LATTICE, WIDTH, interacting, on_the_lattice, reweighted_draws

    def products(phi: jax.Array) -> jax.Array:
        return jnp.stack([phi[1] ** 2, phi[0] * phi[2]])

    found = {}
    rayleigh = load("cauchy", width=WIDTH, amplitude=AMPLITUDES["rayleigh"]())
    model = interacting(load("cauchy", width=WIDTH))
    for name, one, sampler, steps in (
        ("neurons from the prior, as `posterior` chooses", model, None, Steps(300, 600)),
        ("NUTS, Gaussian amplitudes", model, "nuts", Steps(50, 100)),
        ("NUTS, Rayleigh amplitudes", interacting(rayleigh), "nuts", Steps(50, 100)),
        (f"NUTS on the lattice of {LATTICE} points", on_the_lattice(WIDTH), "nuts", Steps(100, 1000)),
    ):
        print(f"anharmonic: {name} ...", file=sys.stderr, flush=True)
        found[name] = ours(one, sampler, steps, products, BETWEEN)
        print(found[name], file=sys.stderr, flush=True)
    draw = jax.jit(lambda key: reweighted_draws(model, key, 2000))
    start = time.perf_counter()
    jax.block_until_ready(draw(jax.random.key(0)))
    first, start = time.perf_counter() - start, time.perf_counter()
    weight = np.exp(-np.asarray(draw(jax.random.key(1))[0]))
    seconds = time.perf_counter() - start
    ess = float(weight.sum() ** 2 / np.sum(weight**2))
    found["prior networks, reweighted (ESS of the weights)"] = Speed(ess, seconds, first - seconds)
    return [
        f"| {name} | {s.ess:.0f} | {s.seconds:.2f} | {s.rate:,.1f} | {s.compiled:.1f} | {s.note} |"
        for name, s in found.items()
    ]


def main() -> None:
    lines = [
        "# Posteriors",
        "",
        f"One run on {platform.machine()}, {len(os.sched_getaffinity(0))} cores, {jax.default_backend()}, "
        f"JAX {jax.__version__}, Python {platform.python_version()}; {CHAINS} chains, float64.",
        "",
        "Eight values of the Cos-net on the line, noise 0.1. ESS is the least bulk ESS of phi at 11 points; 300 + 600 "
        "steps of each chain at N = 50, 120 + 240 at N = 500.",
        "",
        "| N | sampler | ESS | seconds | ESS/s | ours / theirs | compile, s | |",
        "|---|---|---|---|---|---|---|---|",
        *eight_points(50, Steps(300, 600)),
        *eight_points(500, Steps(120, 240)),
        "",
        "The anharmonic oscillator, lambda = 0.1, T = 2, N = 200: ESS of q(1)^2 and q(.5)q(1.5), the smaller one; "
        "300 + 600 steps, NUTS 50 + 100, on the lattice 100 + 1000.",
        "",
        "| sampler | ESS | seconds | ESS/s | compile, s | |",
        "|---|---|---|---|---|---|",
        *anharmonic(),
    ]
    page = ROOT / "benchmarks" / "POSTERIOR.md"
    many = page.read_text(encoding="utf-8").partition("## Many values")  # of `many_values`, which is run alone
    page.write_text("\n".join([*lines, "", "".join(many[1:])]), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
