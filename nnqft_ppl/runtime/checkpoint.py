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
            return dict(stored)

    def save(self, state: dict[str, Any], *, final: bool = False) -> None:
        """Write the state if the last checkpoint is old enough, or at the end: the old file or the new one, whole."""
        if self.path is None or (not final and time.monotonic() - self.written < SECONDS):
            return
        temporary = self.path.with_suffix(".tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, **state)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            raise InputError(f"checkpoint {str(self.path)!r} cannot be written: {error.strerror}") from error
        self.written = time.monotonic()


def clear(folder: Path) -> None:
    """Remove a folder of checkpoints whose results are safe elsewhere."""
    if folder.is_dir():
        for file in folder.glob("*"):
            if file.suffix in (".npz", ".tmp"):
                file.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
