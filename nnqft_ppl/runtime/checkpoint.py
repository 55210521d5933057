"""Checkpoints of long runs: what a run has added up so far, on disk, so that a killed run goes on where it was.

A file belongs to one job: its name is a hash of everything that decides the numbers. It always holds the sums of whole
batches in their order, so a run that goes on from it ends bit for bit like one that was never interrupted.
"""

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError

SECONDS = 1.0  # between two checkpoints
PROGRESS = "progress"  # beside the arrays of a state


class Checkpoint:
    """One job's file in a folder of checkpoints; nothing is written where there is no folder."""

    def __init__(self, folder: Path | None, job: dict[str, Any]) -> None:
        name = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:20]
        self.path = None if folder is None else folder / f"{name}.npz"
        self.written = time.monotonic()

    def load(self) -> dict[str, Array] | None:
        """The arrays of the last checkpoint of this job, or None if there is none."""
        if self.path is None or not self.path.is_file():
            return None
        with np.load(self.path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if name != PROGRESS}

    def save(self, state: dict[str, Any], progress: tuple[float, float, str], *, final: bool = False) -> None:
        """Write the state if the last checkpoint is old enough, or at the end: the old file or the new one, whole.

        `progress` says how far that is, for `kept`: steps done, steps in all, and what they are steps of.
        """
        if self.path is None or (not final and time.monotonic() - self.written < SECONDS):
            return
        temporary = self.path.with_suffix(".tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                far: Any = {PROGRESS: np.array([f"{progress[0]:.0f}", f"{progress[1]:.0f}", progress[2]])}
                np.savez(file, **state, **far)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            raise InputError(f"checkpoint {str(self.path)!r} cannot be written: {error.strerror}") from error
        self.written = time.monotonic()


def kept(folder: Path) -> str:
    """What is kept in a folder of checkpoints: ``340 of 500 steps of the Cauchy posterior``; empty if nothing is."""
    words = []
    for file in sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime):
        with np.load(file, allow_pickle=False) as stored:
            if PROGRESS in stored.files:
                words.append("{} of {} {}".format(*stored[PROGRESS]))
    return ", ".join(words)


def clear(folder: Path) -> None:
    """Remove a folder of checkpoints whose results are safe elsewhere."""
    if folder.is_dir():
        for file in folder.glob("*"):
            if file.suffix in (".npz", ".tmp"):
                file.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
