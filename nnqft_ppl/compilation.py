"""How hard XLA tries, and on which CPUs: set before JAX looks for devices, as later it has no effect."""

import os
from importlib.metadata import entry_points

FLAG = "--xla_backend_optimization_level"


def compile_quickly() -> None:
    """Have XLA compile for CPUs at LLVM's first level of optimisation in this process and its children.

    Compilation, which is most of the time of most commands, takes half to two thirds of its time, and no program that
    was timed ran slower than by the noise of the timing. The command line and the tests call this. It does nothing
    where JAX has a plugin for other devices than CPUs, or where XLA_FLAGS names a level already.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if FLAG not in flags and not entry_points(group="jax_plugins"):
        os.environ["XLA_FLAGS"] = f"{flags} {FLAG}=1".strip()


def own_cpus(index: int, count: int) -> None:
    """Leave this process, one of `count` that work side by side, its share of the CPUs, where the system can do that.

    XLA splits small operations among all CPUs that it sees, and waits for the last part: processes that see the same
    ones wait for each other. Chains took 1.7 times the CPU time.
    """
    if hasattr(os, "sched_setaffinity"):
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cpus[index % count :: count] or cpus)
