"""What a large study costs, from rates measured here: `python benchmarks/scale.py` writes docs/SCALE.md.

The rates of this machine are measured in one run of half a minute; the model and its assumptions stand in the page.
"""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

import nnqft_ppl as nq
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.sampling.streams import Moments

ROOT = Path(__file__).resolve().parents[1]
CELLS, DRAWS = 10**6, 10**12
POINTS, WIDTH, DIM = 200, 100, 2
STATISTICS = (1, 50)  # of a batch: one product of four fields at 50 configurations
DEVICES = (1, 64, 4096)
WIDER = 8  # draws of a batch on a GPU, times those on a CPU: correlation/requests.py
#: Neurons a second of field draws, N = 100, float32, measured on one H200 (README, "Speed").
GPU_NEURONS = 68e9
GPU_HOUR, CORE_HOUR = 2.5, 0.05  # dollars, a price of the kind that clouds ask for


class Rates(NamedTuple):
    """Measured on one machine, in one run."""

    neurons: float  #: neurons a second of field draws
    batch: int  #: draws of a batch
    add: float  #: seconds for the sums of one batch on the host
    exact_cell: float  #: seconds of a cell of exact correlators
    drawn_cell: float  #: seconds of a cell with 10^5 single neurons
    cell_bytes: float
    tasks: float  #: empty tasks a second through Dask's scheduler
    read: float  #: seconds to read one cell back


def main() -> None:
    rates = measured()
    page = written(rates)
    (ROOT / "docs" / "SCALE.md").write_text(page, encoding="utf-8")
    print(page)


# -- rates -------------------------------------------------------------------------------------------------------------


def measured() -> Rates:
    neurons, batch = field_rate()
    exact, size, read = cell_rate({"estimators": ["exact"]}, 60)
    drawn, _, _ = cell_rate({"estimators": ["neuron"], "draws": 100_000}, 24)
    return Rates(neurons, batch, add_seconds(), exact, drawn, size, task_rate(), read)


def field_rate() -> tuple[float, int]:
    """Neurons a second at 200 scattered points in d = 2, N = 100, float32; and the draws of a batch."""
    x = np.random.default_rng(0).normal(size=(50, 4, DIM)).astype(np.float32)
    net = nq.load("cos_net", width=WIDTH, dim=DIM)

    def run(draws: int) -> int:
        found = estimate(net, x, orders=(4,), kinds=("full",), estimator="field", draws=draws, seed=0, dtype="float32")
        return found[0].batch

    batch = run(2**12)
    best = min(_seconds(lambda: run(2**16)) for _ in range(5))
    return 2**16 * WIDTH * POINTS / best, batch


def add_seconds() -> float:
    """One batch added to the sums of all before it."""
    rows, columns = STATISTICS
    one = Moments(1000, np.ones((rows, columns)), np.ones((columns, rows, rows)))
    total, start = one, time.perf_counter()
    for _ in range(2000):
        total = total.plus(one)
    return (time.perf_counter() - start) / 2000


def cell_rate(options: dict[str, object], count: int) -> tuple[float, float, float]:
    """Seconds and bytes of a cell of a sweep in one process, after the first, which compiles; seconds to read one."""
    widths = [10 + k for k in range(count + 1)]
    with tempfile.TemporaryDirectory() as folder:
        first = {"width": widths[:1], "sigma_b": [1.0]}
        nq.sweep("cos_net", first, out=folder, jobs=1, **options)
        grid = {"width": widths[:1], "sigma_b": [1.0 + 0.01 * k for k in range(1, count + 1)]}
        seconds = _seconds(lambda: nq.sweep("cos_net", grid, out=folder, jobs=1, **options))
        sizes = [file.stat().st_size for file in Path(folder).rglob("*.parquet")]
        reading = _seconds(lambda: nq.read_sweep(folder))
    return seconds / count, float(np.mean(sizes)), reading / len(sizes)


def task_rate(tasks: int = 2000) -> float:
    """Empty tasks a second through one scheduler and one worker."""
    from distributed import Client, LocalCluster

    workers = LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None)
    with workers as cluster, Client(cluster) as client:
        client.gather(client.map(abs, range(10)))
        return tasks / _seconds(lambda: client.gather(client.map(abs, range(100, 100 + tasks))))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


# -- the model ---------------------------------------------------------------------------------------------------------


def written(rates: Rates) -> str:
    cores = len(os.sched_getaffinity(0))
    gpu = GPU_NEURONS
    batch = rates.batch * WIDER
    adding = DRAWS / batch * rates.add
    lines = [
        "# Scale",
        "",
        "What two large studies cost: 10^6 cells of a sweep, and one estimate of 10^12 fields. Seconds are a model of",
        "measured rates: those of the table, and for GPUs the one that was measured on an H200 at an earlier time.",
        "",
        f"## Rates, {platform.machine()} with {cores} cores, JAX {jax.__version__}",
        "",
        "| what | measured |",
        "|---|---|",
        f"| field draws, N = {WIDTH}, {POINTS} points, d = {DIM}, float32 | {rates.neurons / 1e9:.2f} G neurons/s |",
        f"| draws of a batch | {rates.batch} |",
        f"| adding one batch on the host | {rates.add * 1e6:.0f} µs |",
        f"| a cell of exact correlators, file included | {rates.exact_cell * 1e3:.1f} ms |",
        f"| a cell of 10^5 single neurons, file included | {rates.drawn_cell * 1e3:.0f} ms |",
        f"| file of a cell | {rates.cell_bytes / 1e3:.1f} kB |",
        f"| reading a cell back | {rates.read * 1e3:.1f} ms |",
        f"| empty tasks through Dask's scheduler | {rates.tasks:.0f} 1/s |",
        "",
        "Assumed: "
        f"a GPU draws {gpu / 1e9:.0f} G neurons/s, {gpu / rates.neurons:.0f} times this machine's rate; an "
        f"hour of it costs {GPU_HOUR:.2f} dollars, and of a core {CORE_HOUR:.2f}.",  # a dollar sign begins a formula
        "",
        "## 10^12 fields",
        "",
        f"{DRAWS:.0e} fields of N = {WIDTH} at {POINTS} points are {DRAWS * WIDTH * POINTS:.0e} neurons. Batches of "
        f"{batch} draws, in the order of their indices, are added on the host: {DRAWS / batch:.1e} of them, "
        f"{_time(adding)} in all, whatever the number of GPUs is.",
        "",
        "| GPUs | fields | sums on the host | together | dollars |",
        "|---|---|---|---|---|",
    ]
    for count in DEVICES:
        drawing = DRAWS * WIDTH * POINTS / gpu / count
        whole = max(drawing, adding)
        lines.append(
            f"| {count} | {_time(drawing)} | {_time(adding)} | {_time(whole)} | "
            f"{GPU_HOUR * count * whole / 3600:,.0f} |"
        )
    balance = DRAWS * WIDTH * POINTS / gpu / adding
    limit = 2**32 * batch
    lines += [
        "",
        f"**What breaks first**: the host's sums, from {balance:.1f} GPUs on. Batches as many times larger as there "
        "are GPUs beyond that take them away, and memory of a device allows a factor of a thousand. Next the index of "
        f"a batch, 32 bits: {limit:.0e} fields. Float32 rounds a field by 10^-7 of itself; after 10^12 draws the error "
        "of a mean is 10^-6 of its spread, so single precision holds, and would not at 10^14. Memory is constant: "
        f"{8 * STATISTICS[1] * (STATISTICS[0] + STATISTICS[0] ** 2) / 1e3:.1f} kB of sums.",
        "",
        "Estimators that integrate amplitudes out need far fewer draws: of N = 1000, 10^12 fields know G4c as well as "
        "20,000 single neurons do ([benchmarks](../benchmarks/RESULTS.md)). The first question to such a plan is "
        "whether it is needed.",
        "",
        "## 10^6 cells",
        "",
        "| workers of one core | exact | 10^5 neurons each | dollars (exact, neurons) |",
        "|---|---|---|---|",
    ]
    for count in DEVICES:
        times = [max(CELLS * one / count, CELLS / rates.tasks) for one in (rates.exact_cell, rates.drawn_cell)]
        dollars = [CORE_HOUR * count * one / 3600 for one in times]
        lines.append(f"| {count} | {_time(times[0])} | {_time(times[1])} | {dollars[0]:,.2f}, {dollars[1]:,.2f} |")
    lines += [
        "",
        f"Files: {CELLS * rates.cell_bytes / 1e9:.1f} GB in {CELLS:.0e} files; reading them one by one takes "
        f"{_time(CELLS * rates.read)}.",
        "",
        f"**What breaks first**: one scheduler, {rates.tasks:.0f} cells a second, so "
        f"{rates.tasks * rates.exact_cell:.0f} workers of exact cells keep it busy and "
        f"{rates.tasks * rates.drawn_cell:.0f} of cells with draws; beyond that, shards (`--shard K/N`), which need no "
        "scheduler. Then the file system: a million small files are hard on any; `read_sweep` and one Parquet file of "
        "its result are the way out. Each worker compiles once for each shape of theory, some seconds, which a cell of "
        "milliseconds feels: theories of one shape stand together in a plan.",
        "",
        "Made by `python benchmarks/scale.py`.",
    ]
    return "\n".join(lines) + "\n"


def _time(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


if __name__ == "__main__":
    nq.enable_x64()
    sys.exit(main())
