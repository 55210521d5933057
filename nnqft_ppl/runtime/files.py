"""Files: asked for before long work starts, and written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from nnqft_ppl.runtime.errors import InputError


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
