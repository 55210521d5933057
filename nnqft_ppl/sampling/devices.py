"""One batch on every device: those of this host by `shard_map`, those of other hosts by JAX's own runtime.

A batch is fixed by the seed and its index, and every device runs the same program on whole batches of its own, without
a word to the others. Means come back to the host, and in a run over several processes to all hosts, in the order of
their indices, so the sums have the same bytes for any number of devices and processes of one kind.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, PartitionSpec
from numpy.typing import NDArray

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import whole_blocks

#: Of one batch: the mean (S, C) and the centred second moments (C, S, S).
Means = tuple[Array, Array]
#: ``batch(*carried, index, valid, task)``, a function of a module: the moments of the first `valid` draws of a batch.
Batch = Callable[..., tuple[jax.Array, jax.Array]]
#: From the index of the first batch of a round, and the valid draws of each: the moments of this process's share.
Round = Callable[[int, NDArray[np.int64]], Means]

AXIS = PartitionSpec("device")


def on_devices(batch: Batch, task: Hashable, *carried: Any, double: bool) -> Round:
    """A round of batches, one on each device of this process; `carried` are pytrees that every batch is handed."""
    own = jax.local_devices()
    mesh, first = Mesh(own, ("device",)), jax.process_index() * len(own)
    mine = slice(first, first + len(own))

    def run(begin: int, valid: NDArray[np.int64]) -> Means:
        indices = np.arange(begin, begin + len(valid), dtype=np.uint32)[mine]
        with jax.enable_x64(double), whole_blocks():
            mean, scatter = _round(batch, task, mesh, indices, valid[mine].astype(np.int32), carried)
            return np.asarray(mean, dtype=float), np.asarray(scatter, dtype=float)

    return run


@partial(jax.jit, static_argnames=("batch", "task", "mesh"))
def _round(
    batch: Batch, task: Hashable, mesh: Mesh, indices: jax.Array, valid: jax.Array, carried: tuple[Any, ...]
) -> tuple[jax.Array, jax.Array]:
    """Moments with a leading axis over devices, by one program for all values of a theory."""

    def one(index: jax.Array, valid: jax.Array, carried: tuple[Any, ...]) -> tuple[jax.Array, jax.Array]:
        mean, scatter = batch(*carried, index[0], valid[0], task)
        return mean[None], scatter[None]

    whole = PartitionSpec()
    spread = jax.shard_map(one, mesh=mesh, in_specs=(AXIS, AXIS, whole), out_specs=AXIS, check_vma=False)
    return spread(indices, valid, carried)


def devices() -> int:
    """Devices of all processes together: the batches of one round."""
    return jax.device_count()


def is_first() -> bool:
    """Is this the process that speaks and writes? The only one, unless `join` was called."""
    return jax.process_index() == 0


def gathered(means: Means) -> Means:
    """The moments of all processes, in the order of their batches."""
    if jax.process_count() == 1:
        return means
    with jax.enable_x64(True):
        return multihost_utils.process_allgather(means, tiled=True)


def of_first(state: Any) -> Any:
    """What the first process has, a pytree of arrays: others may see another file system."""
    if jax.process_count() == 1:
        return state
    with jax.enable_x64(True):
        return multihost_utils.broadcast_one_to_all(state)


@contextmanager
def _output_to_errors() -> Iterator[None]:
    """What libraries write to standard output below Python goes to standard error, as ours may be read by programs."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # theirs is buffered apart from Python's
        os.dup2(kept, 1)
        os.close(kept)


def join() -> None:
    """Be one of the processes of a cluster's job, as its environment says (SLURM, Open MPI, Cloud TPU and others).

    Raises
    ------
    InputError
        where there is no such environment, or the others are not there.
    """
    try:
        with _output_to_errors():
            jax.distributed.initialize()
            multihost_utils.sync_global_devices("nnqft_ppl")  # connects them, which one library tells the world
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"--distributed needs processes that a cluster has started (srun, mpirun, ...), got: {reason}"
        ) from error
