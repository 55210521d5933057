"""Distinct modes of a landscape a second, and recall: against SciPy's basinhopping and a loop of NumPyro AutoDelta.

All three search the same P(theta) of `landscape` in the same coordinates from draws of P, and their ends are told apart
in the same way: parameters of the neurons, sorted and rounded. A search's time goes up to the last mode that it found,
at most `PATIENCE` seconds; compilation is not counted.
"""

import math
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
import optax
from numpyro.handlers import seed as seeded
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoDelta
from numpyro.infer.initialization import init_to_value
from scipy.optimize import basinhopping

from nnqft_ppl import enable_x64, load, modes
from nnqft_ppl.classical.ascent import Ascents
from nnqft_ppl.classical.density import Density

ROOT = Path(__file__).resolve().parents[1]
CELLS = ((2, 2), (2, 3), (3, 3), (4, 3))  # (N, M)
PATIENCE = 30.0
STEPS = 300  # of Adam in one AutoDelta fit, all in one compiled program
BATCH = 64

Row = tuple[str, str, str]


def compare() -> list[Row]:
    rows = []
    for width, peaks in CELLS:
        net = load("landscape", width=width, peaks=peaks)
        exact = math.comb(width + 2 * peaks - 1, width)
        start = time.perf_counter()
        found = modes(net)
        first = time.perf_counter() - start
        density = Density(net)
        draw = jax.jit(lambda key, density=density: density.starts(key, BATCH))
        ascents = Ascents(density, BATCH)
        batches = (ascents.climb(np.asarray(draw(jax.random.key(k)))).z for k in range(10**6))
        ours, recall = _rate(batches, width, exact)
        what = f"landscape N = {width}, M = {peaks}: {exact} modes up to relabelling"
        rows.append((f"{what}: nnqft_ppl, ascents", f"{ours:.0f} /s, recall {recall:.3f}", "1"))
        whole = f"{first:.1f} s with compilation, recall {found.orbits / exact:.3f}"
        rows.append((f"{what}: nnqft_ppl, `modes` in all", whole, ""))
        for name, restarts in (("SciPy basinhopping", _hopping(net)), ("NumPyro AutoDelta restarts", _deltas(net))):
            rate, recall = _rate(restarts, width, exact)
            rows.append((f"{what}: {name}", f"{rate:.2f} /s, recall {recall:.3f}", f"{ours / rate:.0f} x"))
    return rows


def _rate(ends: Iterator[np.ndarray], width: int, exact: int) -> tuple[float, float]:
    """Distinct modes a second and recall, until all are found or patience ends; compilation is not counted."""
    next(ends)
    seen, start, last = set(), time.perf_counter(), math.inf
    for z in ends:
        before = len(seen)
        seen |= _keys(np.atleast_2d(z), width)
        now = time.perf_counter() - start
        last = now if len(seen) > before else last
        if len(seen) == exact or now > PATIENCE:
            break
    return len(seen) / last, len(seen) / exact


def _keys(z: np.ndarray, width: int) -> set[bytes]:
    """Parameters (a, b, c) of all neurons, sorted, to three digits; the phase on its circle."""
    a, b, c = np.moveaxis(z.reshape(-1, 3, width), 1, 0)
    rows = np.stack([a, b, np.mod(c + np.pi, 2 * np.pi) - np.pi], axis=-1)
    rows = np.round(rows * 1e3).astype(np.int64)
    code = np.sort(rows @ np.array([10**8, 10**4, 1]), axis=1)  # one number a neuron
    return {row.tobytes() for row in np.unique(code, axis=0)}


def _hopping(net) -> Iterator[np.ndarray]:
    density = Density(net)
    both: Callable = jax.jit(jax.value_and_grad(lambda z: -density.log_prob(z)))
    seed = 0
    while True:
        ends: list[np.ndarray] = []
        start = np.asarray(density.starts(jax.random.key(seed), 1))[0]
        arguments = {"jac": True, "method": "BFGS"}
        basinhopping(
            lambda z: tuple(map(np.asarray, both(z))),
            start,
            niter=20,
            minimizer_kwargs=arguments,
            callback=lambda z, f, accept, ends=ends: ends.append(np.array(z)),  # noqa: ARG005
            rng=seed,
        )
        yield from ends
        seed += 1


def _deltas(net) -> Iterator[np.ndarray]:
    density = Density(net)
    optimiser = optax.adam(optax.cosine_decay_schedule(0.1, STEPS))

    def fit(key: jax.Array) -> jax.Array:
        theta = density.theta(density.starts(key, 1)[0])
        guide = AutoDelta(seeded(net, key), init_loc_fn=init_to_value(values=theta))
        svi = SVI(net, guide, optimiser, Trace_ELBO())
        state = svi.init(key)
        state = jax.lax.scan(lambda s, _: (svi.update(s)[0], None), state, length=STEPS)[0]
        return density.vector(guide.median(svi.get_params(state)))

    fit = jax.jit(fit)
    warnings.simplefilter("ignore", UserWarning)  # NumPyro's advice on circular sites: there is no gradient wall here
    seed = 0
    while True:
        yield np.asarray(fit(jax.random.key(seed)))
        seed += 1


def main() -> None:
    rows = compare()
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {jax.default_backend()}"
    lines = [
        "# Modes",
        "",
        f"One run on {machine}, JAX {jax.__version__}, Python {platform.python_version()}. Distinct modes a second, "
        "until the last one that was found; compilation is apart. NumPyro's fits are one compiled program.",
        "",
        "| what | measured | ratio |",
        "|---|---|---|",
        *(f"| {a} | {b} | {c} |" for a, b, c in rows),
    ]
    (ROOT / "benchmarks" / "MODES.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    enable_x64()
    main()
