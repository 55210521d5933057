"""Sweeps by Dask on two workers of this machine, beside a plain loop: `python benchmarks/sweeps.py`.

A thousand small cells, during which one worker is killed twice by SIGKILL, have to be the bytes of a run in one
process. Cells of one second tell what a sweep costs over a loop: forty that sleep, which other programs of the machine
do not touch, and a few of real work, beside a loop over `correlators`. And what the order of the cells does.
Writes benchmarks/SWEEPS.md.
"""

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import nnqft_ppl as nq
from nnqft_ppl.reports.points import default_configuration
from nnqft_ppl.runtime.jax_settings import enable_x64, tune_xla
from nnqft_ppl.sweeps.cells import Cell, computed
from nnqft_ppl.sweeps.engine import done
from nnqft_ppl.sweeps.plan import planned
from nnqft_ppl.sweeps.sweep import run
from nnqft_ppl.sweeps.where import Where

MANY = {"width": list(range(2, 22)), "sigma_b": np.linspace(0.5, 2.0, 50).tolist()}
ASLEEP = 40  # cells of a second
LONG, DRAWS = 8, 24_000_000  # cells of about a second, by neurons of order 4
SHAPES = {"dim": [1, 2, 3], "amplitude": ["gaussian", "laplace", "bimodal"]}


def plan(grid: dict[str, Any], seeds: Any = (0,), **options: Any) -> tuple[Cell, ...]:
    theory = {"card": "cos_net"}
    return planned({"verb": "correlators", "theory": theory, "grid": grid, "seeds": seeds, "options": options}).cells


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.parquet")}


def timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def killer(folder: Path, counts: tuple[int, ...], killed: list[int]) -> None:
    """Kill one worker whenever so many cells are there."""
    for count in counts:
        while len(list(folder.rglob("*.parquet"))) < count:
            time.sleep(0.05)
        workers = [one for one in psutil.Process().children() if "spawn_main" in " ".join(one.cmdline())]
        killed.append(workers[0].pid)
        workers[0].kill()


def thousand(where: Path) -> list[str]:
    cells = plan(MANY, estimators=["exact"], orders=[2, 4])
    serial = timed(lambda: run(cells, where / "serial", Where(1)))
    killed: list[int] = []
    thread = threading.Thread(target=killer, args=(where / "killed", (200, 500), killed), daemon=True)
    thread.start()
    with_kills = timed(lambda: run(cells, where / "killed", Where(2)))
    thread.join()
    again = timed(lambda: run(cells, where / "killed", Where(2)))
    same = content(where / "serial") == content(where / "killed")
    return [
        f"| {len(cells)} cells | seconds |",
        "|---|---|",
        f"| in one process | {serial:.1f} |",
        f"| by 2 workers, {len(killed)} times one killed by SIGKILL | {with_kills:.1f} |",
        f"| again, all there | {again:.2f} |",
        "",
        f"Both folders have the same {len(cells)} files, byte for byte: {'yes' if same else 'NO'}.",
    ]


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def overhead(where: Path) -> list[str]:
    """Wall time of the cells alone, from the first worker on; that of starting the workers is apart."""
    ready: list[float] = []
    start = time.perf_counter()
    list(done(nap, [1.0] * ASLEEP, Where(2), lambda: ready.append(time.perf_counter())))
    asleep, up = time.perf_counter() - ready[0], ready[0] - start
    cells = plan({}, range(LONG), orders=[4], estimators=["neuron"], draws=DRAWS)
    x, net = default_configuration(4, 1), nq.load("cos_net")

    def loop() -> None:
        for seed in range(LONG):
            nq.correlators(net, x, orders=[4], estimators=["neuron"], draws=DRAWS, seed=seed)

    nq.correlators(net, x, orders=[4], estimators=["neuron"], draws=DRAWS)  # compiled
    computed(cells[0])
    plain = process_seconds(loop)
    swept = process_seconds(lambda: run(cells, where / "long", Where(1)))
    return [
        "| cells of about a second | seconds | over the peer |",
        "|---|---|---|",
        f"| {ASLEEP} of 1 s of sleep by 2 workers, wall | {asleep:.2f} | {asleep / (ASLEEP / 2) - 1:+.1%} |",
        f"| until a worker is there, wall | {up:.1f} | |",
        f"| {LONG} in a plain loop over `correlators`, CPU | {plain:.2f} | |",
        f"| the same {LONG} as a sweep in one process, CPU | {swept:.2f} | {swept / plain - 1:+.1%} |",
    ]


def process_seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def order(where: Path) -> list[str]:
    """Nine shapes, five cells each: side by side, or scattered."""
    cells = plan(SHAPES, range(5), orders=[2], estimators=["neuron"], draws=2000)
    scattered = [cells[k] for k in np.random.default_rng(0).permutation(len(cells))]
    first = timed(lambda: run(cells, where / "ordered", Where(2)))
    second = timed(lambda: run(scattered, where / "scattered", Where(2)))
    return [
        f"| {len(cells)} cells of 9 shapes by 2 workers | seconds |",
        "|---|---|",
        f"| shapes together | {first:.1f} |",
        f"| scattered | {second:.1f} |",
    ]


def main() -> None:
    tune_xla()
    enable_x64()
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        parts = []
        for part in (thousand, overhead, order):
            parts.append(part(where))
            print("\n".join([*parts[-1], ""]), flush=True)
    load = os.getloadavg()[0]
    head = [
        "# Sweeps",
        "",
        f"{os.cpu_count()} CPUs, which other programs may use too (load {load:.1f} at the end): wall times are bounds.",
    ]
    text = "\n".join("\n".join(["", *part]) for part in parts)
    Path(__file__).with_name("SWEEPS.md").write_text("\n".join(head) + "\n" + text + "\n")


if __name__ == "__main__":
    main()
