"""One estimate over several devices and processes: the same bytes as by one."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np, jax, nnqft_ppl as nq
nq.enable_x64()
own = jax.local_devices()
x = np.array([[[0.0], [0.4], [1.0], [-0.3]]])
action = nq.deform(nq.load("cauchy", width=50), "0.1*phi^4", [[0.0], [0.5]], [0.5, 0.5])
net = nq.load("cos_net", width=300)
for count in map(int, sys.argv[1:]):
    jax.local_devices, jax.device_count = lambda: own[:count], lambda: count
    table = nq.correlators(net, x, estimators=["field"], draws=9000, seed=3, dtype="float32")
    weighted = nq.correlators(action, x, estimators=["reweight"], draws=20000, orders=[2], precision=0.01)
    numbers = np.concatenate([t[["estimate", "mcse"]].to_numpy().ravel() for t in (table, weighted)])
    print(len(own), numbers.tobytes().hex(), weighted["draws"].iloc[0], flush=True)
"""


def environment(devices=1, **more):
    flag = f"--xla_force_host_platform_device_count={devices}"
    return {**os.environ, "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flag}", **more}


@pytest.mark.slow
def test_any_number_of_devices_gives_the_same_bytes():
    """9000 draws are 3 batches at this width: a last round is never full for 2 and 8 devices, a precision ends others.

    One process has one device, the other eight, of which it takes eight, three and two.
    """
    found = {}
    for devices, counts in ((1, (1,)), (8, (8, 3, 2))):
        words = [sys.executable, "-c", PROGRAM, *map(str, counts)]
        ran = subprocess.run(words, env=environment(devices), capture_output=True, text=True, check=True)
        lines = [line.split() for line in ran.stdout.splitlines()]
        assert [int(there) for there, *_ in lines] == [devices] * len(counts)
        found |= {count: numbers for count, (_, *numbers) in zip(counts, lines, strict=True)}
    assert found[2] == found[1] and found[3] == found[1] and found[8] == found[1]


@pytest.mark.slow
def test_two_processes_write_the_table_of_one(tmp_path):
    """As SLURM starts them: the first process prints and writes, the other is silent."""

    def start(out, **more):
        words = ["cos_net", "--estimator", "neuron", "--draws", "100000", "--json", "--out", str(out)]
        return subprocess.Popen(
            [sys.executable, "-m", "nnqft_ppl.cli.app", "correlators", *words, *(["--distributed"] if more else [])],
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    # A port of its own, as SLURM makes it of the job's number.
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2"}
    processes = [start(tmp_path / "two.parquet", **job, SLURM_PROCID=str(k), SLURM_LOCALID=str(k)) for k in (0, 1)]
    answers = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    assert len(json.loads(answers[0][0])["correlators"]) == 4
    assert answers[1][0] == "" and "plan" not in answers[1][1]
    alone = start(tmp_path / "one.parquet")
    alone.communicate(timeout=240)
    digests = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("one.parquet", "two.parquet")}
    assert len(digests) == 1


def test_distributed_without_a_cluster_is_one_line():
    words = ["correlators", "cos_net", "--distributed"]
    ran = subprocess.run(
        [sys.executable, "-m", "nnqft_ppl.cli.app", *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: --distributed needs processes that a cluster has started")
    assert ran.stderr.count("\n") == 1
