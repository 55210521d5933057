"""All benchmarks in one run, as one Markdown table: `python benchmarks/run.py`."""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import Predictive
from sklearn.kernel_approximation import RBFSampler

import nnqft_ppl as nq
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.sampling.networks import field_draws

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
POINTS, WIDTH, DIM = 200, 100, 2  # 50 configurations of 4 points
# Of the arithmetic units for a neuron at a point in d = 2: two multiply-adds make the phase in turns; round, subtract,
# absolute value and subtract fold it; a square, four multiply-adds and a product make the cosine; one adds it up.
OPERATIONS = 13
SPREAD = np.array([[[0.1], [0.5], [-0.3], [0.9]]])

Row = tuple[str, str, str]


def main() -> None:
    rows: list[Row] = []
    for section in (silicon, fields, grids, gradients, cost_of_g4c, published, growth, start_up, memory, kills):
        print(f"{section.__name__} ...", file=sys.stderr, flush=True)
        rows += section()
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {jax.default_backend()}"
    lines = ["# Results", "", f"One run on {machine}, JAX {jax.__version__}, Python {platform.python_version()}.", ""]
    lines += ["| what | measured | ratio |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    (ROOT / "benchmarks" / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def timed(call: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """Median seconds of a call and half the distance between the quartiles, after one call that compiles."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    low, median, high = statistics.quantiles(seconds, n=4)
    return median, (high - low) / 2


# -- what the silicon can do, in the same run -------------------------------------------------------------------------


def multiply_adds() -> Callable[[], object]:
    """2^25 fused multiply-adds in float32, as XLA compiles them: four chains, data in the cache."""

    @jax.jit
    def chains(x: jax.Array) -> tuple[jax.Array, ...]:
        def step(_: int, parts: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            for _ in range(16):
                parts = tuple(part * 0.999 + 0.5 for part in parts)
            return parts

        return jax.lax.fori_loop(0, 64, step, tuple(x))

    x = jnp.ones((4, 2**13), jnp.float32)
    return lambda: jax.block_until_ready(chains(x))


def product() -> Callable[[], object]:
    """2^27 multiply-adds of the product of two 512 x 512 matrices in float32."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(512, 512)), jnp.float32)
    run = jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready(run(x, x))


def fastest(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The least seconds of every call, taken in turns, so that all see the same machine."""
    least = dict.fromkeys(calls, np.inf)
    for repeat in range(repeats + 1):  # the first time compiles
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if repeat:
                least[name] = min(least[name], time.perf_counter() - start)
    return least


def silicon() -> list[Row]:
    """Rates of which those below are shares."""
    least = fastest({"sums": multiply_adds(), "product": product()}, 20)
    return [
        ("the machine: multiply-adds, float32", f"{2**25 / least['sums'] / 1e9:.1f} G/s", ""),
        ("the machine: matrix product, float32", f"{2**27 / least['product'] / 1e9:.1f} G multiply-adds/s", ""),
    ]


# -- speed ------------------------------------------------------------------------------------------------------------


def fields() -> list[Row]:
    """Neuron evaluations a second of float32 field draws: d = 2, N = 100, 50 configurations of 4 points."""
    x = np.random.default_rng(0).normal(size=(50, 4, DIM)).astype(np.float32)
    flat, rng = x.reshape(-1, DIM), np.random.default_rng(1)
    net = nq.load("cos_net", width=WIDTH, dim=DIM, sigma_b=DIM**0.5)

    def ours() -> None:
        estimate(net, x, orders=(4,), kinds=("full",), estimator="field", draws=2**16, seed=0, dtype="float32")

    def with_numpy(batch: int, *, blas: bool) -> Callable[[], object]:
        def call() -> object:
            a = rng.standard_normal((batch, WIDTH), dtype=np.float32) / np.float32(WIDTH**0.5)
            b = rng.standard_normal((batch, WIDTH, DIM), dtype=np.float32)
            phase = np.einsum("bnd,pd->bnp", b, flat, optimize=blas)
            phase += (2 * rng.random((batch, WIDTH, 1), dtype=np.float32) - 1) * np.float32(np.pi)
            np.cos(phase, out=phase)
            return np.einsum("bn,bnp->bp", a, phase, optimize=blas)

        return call

    def program() -> jax.Array:
        with numpyro.plate("neurons", WIDTH):
            a = numpyro.sample("a", dist.Normal(0.0, WIDTH**-0.5))
            b = numpyro.sample("b", dist.Normal(jnp.zeros(DIM), 1.0).to_event(1))
            c = numpyro.sample("c", dist.Uniform(-jnp.pi, jnp.pi))
        return numpyro.deterministic("phi", a @ jnp.cos(b @ jnp.asarray(flat).T + c[:, None]))

    def with_predictive(*, parallel: bool) -> Callable[[], object]:
        predictive = jax.jit(Predictive(program, num_samples=512, parallel=parallel, return_sites=["phi"]))
        return lambda: jax.block_until_ready(predictive(jax.random.key(0)))

    def with_sklearn() -> object:
        samplers = (RBFSampler(gamma=0.5, n_components=WIDTH, random_state=k).fit(flat) for k in range(64))
        return [sampler.transform(flat) @ rng.standard_normal(WIDTH) for sampler in samplers]

    best, spread = timed(ours)
    speed = 2**16 * WIDTH * POINTS / best
    rows = [("field draws, float32: nnqft_ppl", f"{speed / 1e9:.2f} G neurons/s (± {spread / best:.0%})", "1")]
    least = fastest({"ours": ours, "sums": multiply_adds()}, 5)
    share = OPERATIONS * 2**16 * WIDTH * POINTS / least["ours"] / (2**25 / least["sums"])
    rows.append((f"field draws, float32: {OPERATIONS} operations a neuron", f"{share:.0%} of multiply-adds", ""))
    peers = [(f"NumPy, einsum and cos, batch {b}", with_numpy(b, blas=False), b) for b in (16, 64, 512)]
    peers += [(f"NumPy, einsum by BLAS and cos, batch {b}", with_numpy(b, blas=True), b) for b in (16, 64, 512)]
    peers += [("NumPyro Predictive, jitted, parallel", with_predictive(parallel=True), 512)]
    peers += [("NumPyro Predictive, jitted, sequential", with_predictive(parallel=False), 512)]
    peers += [("scikit-learn RBFSampler, a sampler for each draw", with_sklearn, 64)]
    for name, call, draws in peers:
        seconds, spread = timed(call)
        theirs = draws * WIDTH * POINTS / seconds
        measured = f"{theirs / 1e9:.3f} G neurons/s (± {spread / seconds:.0%})"
        rows.append((f"field draws, float32: {name}", measured, f"{speed / theirs:.1f} x"))
    return rows


def grids() -> list[Row]:
    """Neuron evaluations a second of fields of 1000 neurons on grids, beside the same points one by one and NumPy."""
    rows, width = [], 1000
    for dim, count in ((2, 256), (3, 64)):
        net, torus = nq.load("cos_net", width=width, dim=dim), nq.load("torus", width=width, dim=dim)
        grid = nq.Grid(*[(-3.0, 3.0, count)] * dim)
        points = jnp.asarray(np.asarray(grid), jnp.float32)
        calls = {
            "Grid": field_of(net, grid),
            "Grid, with networks drawn": lambda net=net, grid=grid: field_draws(net, grid, draws=1, seed=0),
            "points one by one": field_of(net, points),
            "NumPy, complex waves along the axes": numpy_grid(width, dim, count),
            "Grid.torus, by a Fourier transform": field_of(torus, nq.Grid.torus(4.0, count, dim)),
        }
        drawn = dict.fromkeys(calls, 1) | {"Grid, with networks drawn": 2**20 // count**dim}
        least = fastest(calls | {"product": product()}, 15)
        rates = {name: drawn[name] * width * count**dim / least[name] for name in calls}
        for name, rate in rates.items():
            share = f", {rate / (2**27 / least['product']):.0%} of a matrix product" if name.startswith("Grid") else ""
            what = f"fields on {' x '.join([str(count)] * dim)}, N = {width}, float32: {name}"
            rows.append((what, f"{rate / 1e9:.3g} G neurons/s{share}", f"{rates['Grid'] / rate:.1f} x"))
    return rows


def field_of(net: Any, points: Any) -> Callable[[], object]:
    """The field of one network."""
    theta = {site: draws[0] for site, draws in net.sample(jax.random.key(0), 1).items()}
    run = jax.jit(lambda theta: net.field(theta, points))
    return lambda: jax.block_until_ready(run(theta))


def numpy_grid(width: int, dim: int, count: int) -> Callable[[], object]:
    """The plain way in NumPy: exp(i b.x) as a product of complex waves along the axes, summed by BLAS."""
    rng, axis = np.random.default_rng(0), np.linspace(-3, 3, count, dtype=np.float32)

    def call() -> object:
        a, b = rng.standard_normal(width, dtype=np.float32), rng.standard_normal((width, dim), dtype=np.float32)
        waves = [np.exp(1j * one[:, None] * axis).astype(np.complex64) for one in b.T]
        first = a[:, None] * waves[0]
        for wave in waves[1:-1]:
            first = (first[:, :, None] * wave[:, None]).reshape(width, -1)
        return (first.T @ waves[-1]).real

    return call


def gradients() -> list[Row]:
    """Gradient of sum phi^2 by every parameter, four chains: what a step of NUTS pays."""
    net = nq.load("cos_net", width=WIDTH, dim=DIM)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(POINTS, DIM)), dtype=jnp.float32)
    theta = net.sample(jax.random.key(0), 4)

    def plain(theta: dict[str, jax.Array]) -> jax.Array:
        return theta["a"] @ jnp.cos(theta["b"] @ x.T + theta["c"][:, None])

    seconds = []
    for field in (lambda theta: net.field(theta, x), plain):
        gradient = jax.jit(jax.vmap(jax.grad(lambda theta, field=field: jnp.sum(field(theta) ** 2))))
        seconds.append(timed(lambda gradient=gradient: jax.block_until_ready(gradient(theta)), 21)[0])
    what = "gradient of sum phi^2, 4 chains, N = 100, 200 points"
    return [
        (f"{what}: nnqft_ppl", f"{seconds[0] * 1e6:.0f} µs", "1"),
        (f"{what}: jnp.cos and a matrix product", f"{seconds[1] * 1e6:.0f} µs", f"{seconds[1] / seconds[0]:.1f} x"),
    ]


def cost_of_g4c() -> list[Row]:
    """Draws and seconds for the connected four-point function at N = 1000 to 5 %."""
    net = nq.load("cos_net", width=1000)
    exact = nq.exact_correlator(net, SPREAD, "connected")[0]
    seconds, _ = timed(lambda: nq.exact_correlator(net, SPREAD, "connected"))
    rows, best = [("G4c at N = 1000: exact", f"{seconds * 1e3:.2f} ms", "")], np.inf
    for name, draws in (("neuron", 2**17), ("amplitude", 2**11), ("field", 2**13)):

        def run(name: str = name, draws: int = draws) -> list:
            return estimate(net, SPREAD, orders=(4,), kinds=("connected",), estimator=name, draws=draws, seed=0)

        seconds, _ = timed(run, 5)
        needed = (float(run()[0].mcse[0] / exact) / 0.05) ** 2 * draws
        cost = seconds * needed / draws
        best = min(best, cost)
        rows.append((f"G4c at N = 1000 to 5 %: {name}", f"{needed:.3g} draws, {cost:.2g} s", f"{cost / best:.2g} x"))
    return rows


def published() -> list[Row]:
    """The 18 cells of the published study, 50 configurations each, by quasi-random neurons."""
    from analysis.published import DATA, shipped
    from analysis.published import published as read

    cells, worst, start = read(DATA) or shipped(), 0.0, time.perf_counter()
    for cell in cells:
        net = nq.load("alpha_scalar", dim=2, alpha=cell.alpha, cutoff=cell.cutoff, width=cell.width)
        x = cell.configurations
        (r,) = estimate(net, x, orders=(4,), kinds=("full",), estimator="sobol", draws=2**14, seed=0)
        if cell.errors is not None:
            worst = max(worst, float(np.max(r.mcse / cell.errors)))
    seconds = time.perf_counter() - start
    ratio = f"largest error / that of 1e8 draws: {worst:.2f}" if worst else "published data not at hand"
    return [("18 published sets, 900 four-point functions, by sobol with 2^14 radii", f"{seconds:.1f} s in all", ratio)]


def growth() -> list[Row]:
    """Microseconds of a field draw against N, points and order; exact results against order."""

    def cost(width: int, configurations: int, order: int) -> float:
        net = nq.load("cos_net", width=width, dim=DIM)
        x = np.random.default_rng(0).normal(size=(configurations, order, DIM))
        kwargs = {"orders": (order,), "kinds": ("full",), "draws": 2**13, "seed": 0, "dtype": "float32"}
        return timed(lambda: estimate(net, x, estimator="field", **kwargs), 3)[0] / 2**13

    cells = {
        "N = 10, 100, 1000": [(10, 50, 4), (100, 50, 4), (1000, 50, 4)],
        "5, 50, 500 configurations": [(100, 5, 4), (100, 50, 4), (100, 500, 4)],
        "order 2, 4, 6": [(100, 50, 2), (100, 50, 4), (100, 50, 6)],
    }
    rows = []
    for what, grid in cells.items():
        costs = ", ".join(f"{cost(*cell) * 1e6:.3g}" for cell in grid)
        rows.append((f"µs of a field draw: {what}", costs, ""))
    net, x = nq.load("cos_net", width=10), np.random.default_rng(0).normal(size=(100, 10, 1))
    times = [timed(lambda n=n: nq.exact_correlator(net, x[:, :n], "connected"), 3)[0] for n in (2, 4, 6, 8)]
    milliseconds = ", ".join(f"{t * 1e3:.3g}" for t in times)
    return [*rows, ("ms of 100 exact connected correlators: order 2, 4, 6, 8", milliseconds, "")]


# -- whole commands ---------------------------------------------------------------------------------------------------


def start_up() -> list[Row]:
    nnqft, rows = Path(sys.executable).with_name("nnqft"), []
    for name, command in {
        "nnqft --help": [nnqft, "--help"],
        "nnqft list": [nnqft, "list"],
        "import nnqft_ppl": [sys.executable, "-c", "import nnqft_ppl"],
        "nnqft correlators cos_net": [nnqft, "correlators", "cos_net"],
    }.items():
        seconds, _ = timed(lambda command=command: subprocess.run(command, check=True, capture_output=True), 3)
        rows.append((f"`{name}`", f"{seconds:.2f} s", ""))
    return rows


def memory() -> list[Row]:
    """Peak resident memory of field draws, each in a process of its own."""
    code = (
        "import re, sys, numpy as np, nnqft_ppl as nq; from nnqft_ppl.correlation.estimate import estimate;"
        "estimate(nq.load('cos_net', width=10), np.zeros((1, 4, 1)), orders=(4,), kinds=('full',), estimator='field',"
        " draws=int(float(sys.argv[1])), seed=0);"
        # Of this program alone: what `resource` says begins with the memory of the process that it was forked from.
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024)"
    )
    peaks = []
    for draws in ("1e5", "1e6", "1e7"):
        command = [sys.executable, "-c", code, draws]
        peaks.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return [("MB at 1e5, 1e6, 1e7 field draws", ", ".join(f"{peak:.0f}" for peak in peaks), "")]


def kills() -> list[Row]:
    """One run killed at 20 random moments, against one that nothing interrupted."""
    from test_resume import kill_and_compare

    with tempfile.TemporaryDirectory() as folder:
        waits = kill_and_compare(Path(folder), 20, draws=3_000_000, seed=0)
    return [("SIGKILL at 20 random moments of one run", f"after {min(waits):.1f} to {max(waits):.1f} s", "same bytes")]


if __name__ == "__main__":
    main()
