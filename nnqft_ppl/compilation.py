"""How hard XLA tries: less than by default, where compilation is what a process waits for."""

import os
from importlib.metadata import entry_points

FLAG = "--xla_backend_optimization_level"


def compile_quickly() -> None:
    """Have XLA compile for CPUs at LLVM's first level of optimisation in this process and its children.

    Compilation, which is most of the time of most commands, takes half to two thirds of its time, and no program that
    was timed ran slower than by the noise of the timing. The command line and the tests call this before JAX looks for
    devices, as later it has no effect. It does nothing where JAX has a plugin for other devices than CPUs, or where
    XLA_FLAGS names a level already.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if FLAG not in flags and not entry_points(group="jax_plugins"):
        os.environ["XLA_FLAGS"] = f"{flags} {FLAG}=1".strip()
