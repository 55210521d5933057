"""How XLA compiles, on which CPUs, and what is kept: set before JAX is imported, as later it has no effect."""

import contextlib
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

FLAGS = {"--xla_backend_optimization_level": 1, "--xla_cpu_prefer_vector_width": 512}

#: Bytes of compiled programs that are kept: some ten thousand of them.
MOST_KEPT = 2**28


def tune_xla() -> None:
    """Have XLA compile quickly for CPUs, and for their widest vectors, in this process and its children.

    Compilation, which is most of the time of most commands, takes half to two thirds of its time at LLVM's first level
    of optimisation; fields are drawn as fast, but gradients of wide fields take up to twice as long. XLA asks for
    vectors of 256 bits even where there are 512, with which fields are drawn up to 1.5 times as fast; other CPUs are
    not affected. The command line and the tests call this. It does nothing where JAX has a plugin for other devices
    than CPUs, and leaves what XLA_FLAGS names already.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if not entry_points(group="jax_plugins"):
        own = [f"{name}={value}" for name, value in FLAGS.items() if name not in flags]
        os.environ["XLA_FLAGS"] = " ".join([flags, *own]).strip()


def keep_programs() -> None:
    """Have JAX keep what it compiles in the user's cache folder, for later runs and for processes side by side.

    A program is found again by its text, JAX's version, the kind of CPU and XLA's flags, so it is never the wrong one.
    The least recently used go when there are more than MOST_KEPT bytes. JAX's own JAX_COMPILATION_CACHE_DIR overrides
    the folder, JAX_ENABLE_COMPILATION_CACHE=false keeps nothing; nor does a folder that cannot be written.
    """
    # A process that was killed while it wrote leaves half a program: it is compiled again, which is no news to a user.
    warnings.filterwarnings("ignore", message="Error reading persistent compilation cache entry")
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = user_cache_path("nnqft_ppl") / "programs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        _forget_oldest(folder, MOST_KEPT)
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def _forget_oldest(folder: Path, most: int) -> None:
    """Delete empty programs, and those that were read least recently until the rest have at most `most` bytes."""
    found = []
    for file in folder.glob("*-cache"):
        with contextlib.suppress(OSError):  # another process was faster
            found.append((file.stat(), file))
    excess = sum(stat.st_size for stat, _ in found) - most
    for stat, file in sorted(found, key=lambda one: one[0].st_atime):
        if excess > 0 or not stat.st_size:
            with contextlib.suppress(OSError):
                file.unlink()
            excess -= stat.st_size


def own_cpus(index: int, count: int) -> None:
    """Leave this process, one of `count` that work side by side, its share of the CPUs, where the system can do that.

    XLA splits small operations among all CPUs that it sees, and waits for the last part: processes that see the same
    ones wait for each other. Chains took 1.7 times the CPU time.
    """
    if hasattr(os, "sched_setaffinity"):
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cpus[index % count :: count] or cpus)


def stopwatch() -> Callable[[], str]:
    """From now on: how long it took, where, and how much of it was the making of programs, in one line."""
    import jax

    started, seconds, kept = time.monotonic(), defaultdict[str, list[float]](list), []

    def took(event: str, duration_secs: float, **_: Any) -> None:
        seconds[event.rsplit("/", 1)[-1]].append(duration_secs)

    def happened(event: str, **_: Any) -> None:
        if event.endswith("cache_hits"):
            kept.append(event)

    jax.monitoring.register_event_duration_secs_listener(took)
    jax.monitoring.register_event_listener(happened)

    def words() -> str:
        programs = seconds["backend_compile_duration"]
        traced = sum(sum(seconds[event]) for event in ("jaxpr_trace_duration", "jaxpr_to_mlir_module_duration"))
        return (
            f"{time.monotonic() - started:.1f} s on {jax.devices()[0].device_kind}: {sum(programs):.1f} s to compile "
            f"{len(programs)} programs, {len(kept)} of them kept from before, {traced:.1f} s to trace them; the rest "
            "drew and computed"
        )

    return words


def enable_x64() -> None:
    """Make JAX draw and compute in float64 in this process, as the command line and the tests do.

    Exact results are float64 whatever this says; the draws of the estimators follow it, and their running sums are
    float64 either way. Call it before anything is drawn: one key gives different draws in float32 and float64.

    Returns
    -------
    None.

    Examples
    --------
    >>> import jax
    >>> nq.enable_x64()
    >>> jax.numpy.ones(1).dtype
    dtype('float64')
    """
    import jax

    jax.config.update("jax_enable_x64", True)
