"""A run that is killed at any moment goes on, and ends with the same table, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import ROOT

pytestmark = pytest.mark.slow

NNQFT = Path(sys.executable).with_name("nnqft")
#: Some seconds of work with a checkpoint every 0.05 seconds.
RUN = "correlators cos_net --set width=20 --set dim=2 --order 2,4 --estimator field,sobol --seed 3 --float32"

POSTERIOR = "posterior cos_net --x year --y volume --width 3 --warmup 50 --draws 700 --chains 2 --data"


def command(out: Path, draws: int) -> list[str]:
    code = "import nnqft_ppl.runtime.checkpoint as c; c.SECONDS = 0.05; from nnqft_ppl.cli.app import main; main()"
    return [sys.executable, "-c", code, *RUN.split(), "--draws", str(draws), "--out", str(out)]


def test_a_killed_run_ends_with_the_same_table(tmp_path):
    """SIGKILL at a random moment of one run, whichever way it goes; `benchmarks/` does the same at twenty moments."""
    kill_and_compare(tmp_path, moments=1, draws=400_000, seed=5)  # after 0.70 of its time


def kill_and_compare(folder: Path, moments: int, draws: int, seed: int) -> list[float]:
    """Kill one run at `moments` random moments, let it finish, and hold it against a run that nothing interrupted."""
    generator, whole, killed = random.Random(seed), folder / "whole.parquet", folder / "killed.parquet"
    start = time.monotonic()
    subprocess.run(command(whole, draws), check=True, capture_output=True)
    seconds = time.monotonic() - start
    waits = [generator.uniform(0.2, 1.0) * seconds for _ in range(moments)]
    for wait in waits:
        run = subprocess.Popen(command(killed, draws), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
        assert run.returncode in (0, -signal.SIGKILL)
    subprocess.run(command(killed, draws), check=True, capture_output=True)
    assert whole.read_bytes() == killed.read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(whole), pd.read_parquet(killed), check_exact=True)
    leftovers = {path.name for path in folder.iterdir()}
    assert leftovers == {"whole.parquet", "whole.points.parquet", "killed.parquet", "killed.points.parquet"}
    return waits


def test_a_killed_posterior_ends_with_the_same_results(tmp_path):
    """SIGKILL before anything is kept, and once draws are on disk: the same command ends with the same files.

    Nothing but a whole file or a checkpoint is ever in the folder; the tree is compared number by number. Every process
    hashes in its own way, and still the last one goes on from the checkpoint that it finds: it never makes another.
    """
    code = "import nnqft_ppl.runtime.checkpoint as c; c.SECONDS = 0.0; from nnqft_ppl.cli.app import main; main()"
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "xla")}  # every run is the same program
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    data = tmp_path / "d.csv"
    pd.read_csv(ROOT / "examples" / "nile.csv").head(6).to_csv(data, index=False)

    seeds = count(3)  # the last of four, 6, orders a set of "loc" and "scale" unlike the others

    def start(name: str) -> subprocess.Popen:
        command = [sys.executable, "-c", code, *POSTERIOR.split(), str(data), "--out", str(tmp_path / name)]
        own = environment | {"PYTHONHASHSEED": str(next(seeds))}
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own)

    def checkpoints() -> set[Path]:
        return set((tmp_path / "killed" / ".partial").glob("*.npz"))

    def kept() -> bool:
        """Are draws on disk? In the warm-up a checkpoint has none, and what they do to sums would go unseen."""
        return any(name.startswith("kept_") for file in checkpoints() for name in np.load(file).files)

    assert start("whole").wait() == 0
    early = start("killed")
    time.sleep(2.0)
    early.kill()
    early.wait()
    late = start("killed")
    while not kept() and late.poll() is None:
        time.sleep(0.01)
    late.kill()
    assert late.wait() == -signal.SIGKILL
    assert kept()
    first, last, seen = checkpoints(), start("killed"), set()
    while last.poll() is None:
        seen |= checkpoints()
        time.sleep(0.01)
    assert last.returncode == 0
    assert seen == first
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    names = {"posterior.nc", "summary.csv", "bands.csv", "posterior.png"}
    assert {f.name for f in whole.iterdir()} == {f.name for f in killed.iterdir()} == names
    for name in names - {"posterior.nc"}:
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    trees = [xr.open_datatree(folder / "posterior.nc", engine="h5netcdf") for folder in (whole, killed)]
    assert trees[0].equals(trees[1])  # attributes have the time of writing
