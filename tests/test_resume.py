"""A run that is killed at any moment goes on, and ends with the same table, bit for bit."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

NNQFT = Path(sys.executable).with_name("nnqft")
#: About six seconds of work with a checkpoint every 0.05 seconds.
RUN = "correlators cos_net --set width=20 --set dim=2 --order 2,4 --estimator field,sobol --seed 3 --float32"


def command(out: Path, draws: int) -> list[str]:
    code = "import nnqft_ppl.checkpoint as c; c.SECONDS = 0.05; from nnqft_ppl.cli import main; main()"
    return [sys.executable, "-c", code, *RUN.split(), "--draws", str(draws), "--out", str(out)]


def test_a_killed_run_ends_with_the_same_table(tmp_path):
    """SIGKILL at random moments of one run, whichever way it goes; `benchmarks/` does the same at twenty moments."""
    kill_and_compare(tmp_path, moments=2, draws=1_000_000, seed=1)


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
