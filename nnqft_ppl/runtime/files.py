"""Files: asked for before long work starts, written whole or not at all, and by one run at a time."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import say

PAUSE = 0.2  # seconds between two looks at a lock
_PACKAGE = Path(__file__).resolve().parents[1]


def content(name: str) -> Path:
    """A folder of content: inside the package where that is installed, and beside it in the repository."""
    return next(folder for folder in (_PACKAGE / name, _PACKAGE.parent / name) if folder.is_dir())


def read_text(path: Path, what: str) -> str:
    """The text of a file; `InputError` with the reason, ``plan 'a.toml' cannot be read: ...``, where it has none."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise InputError(f"{what} {str(path)!r} cannot be read: {reason}") from error


def check_folder(path: Path) -> Path:
    """`path` if its folder exists and a file can be made in it, which is tried; `InputError` otherwise."""
    try:
        if path.is_dir():
            raise IsADirectoryError
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError:
        raise InputError(f"output file must be in a folder that exists and can be written, got {str(path)!r}") from None


def check_readable(path: Path | None, what: str) -> None:
    """`InputError` for a table of numbers that is asked for but cannot be read; ``-`` is standard input."""
    if path is None or str(path) == "-":
        return
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(f"{what} file {str(path)!r} must be readable CSV or Parquet: {error.strerror}") from error


def check_writable(path: str | Path) -> Path:
    """`path` if a table can be written there; asked before long work starts.

    Raises
    ------
    InputError
        for a suffix other than .parquet and .csv, a missing folder, or one without permission to write.
    """
    path = Path(path)
    if path.suffix not in (".parquet", ".csv"):
        raise InputError(f"output file must end in .parquet or .csv, got {str(path)!r}")
    return check_folder(path)


def check_file(path: Path | None, suffix: str) -> None:
    """`InputError` for a file that is asked for but has another suffix, or no folder that can be written."""
    if path is None:
        return
    if path.suffix != suffix:
        raise InputError(f"output file must end in {suffix}, got {str(path)!r}")
    check_folder(path)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move it into place."""
    check_folder(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"output file {str(path)!r} cannot be written: {one_line(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# -- locks -------------------------------------------------------------------------------------------------------------


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
