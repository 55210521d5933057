"""Long runs: when they will end, that they speak and answer, that they resume, and that two of them do not meet."""

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnqft_ppl import InputError, load, observe, posterior
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.runtime import progress
from nnqft_ppl.runtime.checkpoint import kept
from nnqft_ppl.runtime.files import writing
from nnqft_ppl.runtime.progress import Forecast, duration, heartbeat, progress_bar
from nnqft_ppl.sampling import chains

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, until it is moved by hand."""
    now = SimpleNamespace(time=100.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now.time))
    return now


def test_the_end_is_estimated_without_the_first_step(clock):
    """The first step takes 50 s, in which programs are compiled; the others take 2 s each."""
    forecast = Forecast(11)
    clock.time += 50.0
    forecast.advance(1)
    assert (forecast.words, forecast.count("parts")) == ("", "1 of 11 parts")  # as nothing else is known
    clock.time += 4.0
    forecast.advance(2)
    assert forecast.words == "about 16 s left"
    clock.time += 6.0
    assert forecast.words == "about 10 s left"
    resumed = Forecast(20, begun=10)
    clock.time += 30.0
    resumed.advance(0)  # compiled
    clock.time += 3.0
    resumed.advance(1)
    assert resumed.words == "about 27 s left"
    precise = Forecast(math.inf)  # until the error was looked at
    for _ in range(2):
        clock.time += 1.0
        precise.advance(1)
    assert (precise.words, precise.count("batches")) == ("", "2 batches")
    clock.time += 1.0
    precise.advance(1, 7.0)
    assert (precise.words, precise.count("batches")) == ("about 4 s left", "3 of 7 batches")
    assert [duration(seconds) for seconds in (0.4, 59, 61, 3723)] == ["0 s", "59 s", "1:01", "1:02:03"]


def test_a_line_every_half_minute_where_no_terminal_is(clock, capsys):
    with progress_bar("toy", 100, True, begun=3, unit="parts") as advance:
        for _ in range(97):
            clock.time += 5.0
            advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["toy: resuming at 3 of 100 parts", "toy: 5 of 100 parts, about 7:55 left"]
    assert len(lines) == 2 + 95 * 5 // 30  # the last word is the result's
    with progress_bar("toy", 100, False, begun=3) as advance:
        advance(1)
    assert capsys.readouterr() == ("", "")


def test_nothing_is_silent(monkeypatch, capsys):
    """The heartbeat speaks where a single step takes long, and says how far the run is."""
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    before = threading.active_count()  # other tests may have left some

    def next_word() -> str:
        deadline, words = time.monotonic() + 60.0, ""
        while not words.endswith("\n"):
            assert time.monotonic() < deadline, "silent"
            time.sleep(0.01)
            words += capsys.readouterr().err
        return words.splitlines()[-1]

    with heartbeat("nnqft toy"):
        assert re.fullmatch(r"nnqft toy: still at work, \d+ s so far", next_word())
        with progress_bar("steps of the toy", 4, True) as advance:
            advance(1)
            capsys.readouterr()  # the bar's own first words
            assert re.fullmatch(r"steps of the toy: 1 of 4 steps, \d+ s so far", next_word())
    assert threading.active_count() == before


def test_ctrl_c_is_answered_where_python_cannot():
    """One operation that holds the main thread for minutes, as XLA does: the process ends with its last words."""
    code = (
        "import hashlib\nfrom nnqft_ppl.runtime.progress import answered\n"
        "with answered(lambda: 'interrupted; kept 3 of 20 steps', grace=0.3):\n"
        "    print('ready', flush=True)\n    hashlib.pbkdf2_hmac('sha1', b'', b'', 10**9)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)  # until the operation has begun
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert time.monotonic() - begin < 5.0
    assert (process.returncode, errors) == (130, "interrupted; kept 3 of 20 steps\n")


def test_a_run_resumes_and_says_so(tmp_path, capsys):
    """Half of a run is on disk: the other half is computed, and the result is that of one whole run."""
    net, x = load("cos_net", width=3), np.zeros((1, 2, 1))
    how: Any = {"orders": [2], "kinds": ["full"], "estimator": "field", "seed": 1}
    batch = estimate(net, x, draws=2, **how)[0].batch
    estimate(net, x, draws=2 * batch, checkpoints=tmp_path, **how)
    assert kept(tmp_path) == "2 of 2 batches of CosNet field"
    whole = estimate(net, x, draws=4 * batch, **how)
    capsys.readouterr()
    resumed = estimate(net, x, draws=4 * batch, checkpoints=tmp_path, progress=True, **how)
    assert resumed[0].estimate == whole[0].estimate
    assert capsys.readouterr().err.splitlines()[0] == "CosNet field: resuming at 2 of 4 batches"
    assert kept(tmp_path) == "4 of 4 batches of CosNet field"


@pytest.mark.slow
def test_the_length_of_a_chunk_changes_no_number(monkeypatch):
    """Chunks of one step, and of as many as there can be: the same draws, to the last bit."""
    x = np.array([[0.0], [1.0], [2.5]])
    model = observe(load("cos_net", width=2), x, [0.3, -0.2, 0.1], noise=0.3)
    found = []
    for seconds in (0.0, np.inf):
        monkeypatch.setattr(chains, "SECONDS", seconds)
        found.append(posterior(model, x, chains=2, warmup=30, draws=40, sampler="nuts", seed=2))
    first, second = (result.tree["posterior"].phi.to_numpy() for result in found)
    assert first.shape == (2, 40, 3)
    assert np.array_equal(first, second)


def test_the_second_run_waits_for_the_first(tmp_path, capsys):
    """It says which process has the place, waits, and both end; a lock that was left behind is taken over."""
    place, order = tmp_path / "table.csv", []

    def second() -> None:
        with writing(place):
            order.append("second")

    thread = threading.Thread(target=second)
    with writing(place):
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]
    assert f"process {os.getpid()} is writing to {place}; this run waits" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".table.csv.lock").write_text("12345\n")
    with writing(place):
        assert "was left behind by process 12345" in capsys.readouterr().err
    with writing(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    with pytest.raises(InputError, match="cannot be made"), writing(tmp_path / "no" / "table.csv"):
        pass
