"""One run at a time writes to one place: the next one says who is there, and waits."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import say

PAUSE = 0.2  # seconds between two looks


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Hold the lock of an output file or folder; wait while another process holds it, and say which.

    The lock is a file with the process's number, ``.NAME.lock`` beside a file and ``.lock`` in a folder. The system
    frees it when its owner ends, however that ends: a file that was left behind is stale, and is taken over.

    Raises
    ------
    InputError
        where no file can be made.
    """
    path = place / ".lock" if place.is_dir() else place.with_name(f".{place.name}.lock")
    handle = _acquired(path, place)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _acquired(path: Path, place: Path) -> int:
    said = False
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise InputError(f"lock {str(path)!r} cannot be made: {error.strerror}") from error
        owner = os.read(handle, 100).decode(errors="replace").strip()
        if _locked(handle) and _still_there(handle, path):
            if owner and not said:
                say(f"note: {path} was left behind by process {owner}, which is gone; its lock is taken over")
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            return handle
        os.close(handle)
        if not said:
            said = True
            say(f"note: process {owner or '?'} is writing to {place}; this run waits for its end")
        time.sleep(PAUSE)


def _locked(handle: int) -> bool:
    """Is the lock of an open file ours now? Where the system has no such locks, it is."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _still_there(handle: int, path: Path) -> bool:
    """Is the open file the one of that name? Its last owner may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False
