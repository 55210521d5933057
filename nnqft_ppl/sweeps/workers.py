"""Workers of Dask: processes of this machine, jobs of a queue, or those of a scheduler that is there already.

Each begins with what the process that asks has: float64, XLA's flags, the user's folders of cards.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from inspect import signature
from itertools import islice
from typing import Any
from uuid import uuid4

from dask.config import set as settings
from distributed import Client, LocalCluster, Worker, WorkerPlugin, wait
from distributed.scheduler import KilledWorker

from nnqft_ppl import models
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.jax_settings import enable_x64, keep_programs, own_cpus
from nnqft_ppl.runtime.progress import be_quiet
from nnqft_ppl.sweeps.where import Where

LOST = 5  # workers that one piece of work may cost
SECONDS = 30.0  # until a scheduler has to answer
AHEAD = 3  # pieces that are begun for each worker
LONGEST = 2.0  # seconds of taking a cluster down
SETTINGS = {
    "distributed.scheduler.allowed-failures": LOST - 1,
    "distributed.comm.timeouts.connect": f"{SECONDS:.0f}s",
    "distributed.admin.tick.limit": "1h",  # a worker that compiles holds its loop, which is no news
    # A lost worker is begun anew by its nanny; one that took longer, on a busy machine, would be given up for good.
    "distributed.deploy.lost-worker-timeout": "10 minutes",
}


def done_by_workers(
    work: Callable, pieces: Sequence, where: Where, jobs: int, ready: Callable[[], None]
) -> Iterator[tuple[int, Any]]:
    """As `engine.done`, by workers."""
    with settings(SETTINGS), _silence(), _client(where, jobs) as client:
        client.register_plugin(Begin(None if where.away else jobs))
        client.wait_for_workers(1)
        ready()
        run, left = uuid4().hex, iter(enumerate(pieces))  # other programs may ask the same scheduler
        numbers: dict[Any, int] = {}
        while True:
            # What has ended waits on its worker until it is fetched, and would be lost with it: few are begun ahead.
            for number, piece in islice(left, max(AHEAD * _workers(client) - len(numbers), 0)):
                numbers[client.submit(work, piece, key=f"{run}-{number}")] = number
            if not numbers:
                return
            try:
                ended: Any = wait(list(numbers), timeout=1.0, return_when="FIRST_COMPLETED")
                found = {future: _result(future) for future in ended.done}
            except TimeoutError:
                found = {}
            for future, result in found.items():
                number = numbers.pop(future)
                future.release()
                yield number, result


def _workers(client: Client) -> int:
    return max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)


def _result(future: Any) -> Any:
    """What a piece came to; `TimeoutError` where it was lost with its worker after it had ended, and begins anew."""
    found = future.exception(timeout=5.0) if future.status == "error" else future.result(timeout=5.0)
    if isinstance(found, KilledWorker):
        return InputError(f"it ended its process, {LOST} times; memory may have run out")
    return found


class Begin(WorkerPlugin):
    """What a worker does first, and a new one in the place of a lost one."""

    name = "nnqft_ppl"

    def __init__(self, side_by_side: int | None) -> None:
        self.side_by_side = side_by_side  #: on this machine
        self.flags = {name: value for name, value in os.environ.items() if name.startswith(("XLA_", "JAX_"))}
        self.folders = list(models.__path__)

    def setup(self, worker: Worker) -> None:
        if self.side_by_side is not None:
            own_cpus(int(worker.name), self.side_by_side)
        os.environ.update(self.flags)
        if self.side_by_side is None:
            os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)  # a folder of another machine
            keep_programs()
        for folder in self.folders:
            if folder not in models.__path__:
                models.add(folder)
        be_quiet(True)
        enable_x64()


@contextmanager
def _client(where: Where, jobs: int) -> Iterator[Client]:
    if where.scheduler is not None:
        try:
            client = Client(where.scheduler, timeout=SECONDS)
        except (OSError, ValueError) as error:
            raise InputError(
                f"scheduler must answer within {SECONDS:.0f} s, got {where.scheduler!r}: {error}"
            ) from error
        with client:
            yield client
        return
    cluster = _local() if where.cluster is None else _queue(where.cluster, where.options)
    try:
        cluster.scale(jobs)
        with Client(cluster) as client:
            try:
                yield client
            finally:
                if where.cluster is None:
                    _kill(cluster)
    finally:
        with suppress(TimeoutError):
            cluster.close(timeout=LONGEST)


def _local() -> LocalCluster:
    """Processes of this machine, none of them yet. Ctrl-C is for the process that asks, and not for them.

    They are made by threads that begin here, and inherit from them which signals they do not hear.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if main else None
    try:
        return LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            memory_limit=0,  # the system's own
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill(cluster: Any) -> None:
    """End the workers at once, in the middle of a call as well: what they have found is here already."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


def _queue(name: str, options: dict[str, Any]) -> Any:
    """A cluster whose workers are jobs of a queue, one core and one thread each; `options` are those of its class."""
    try:
        queues: Any = import_module("dask_jobqueue")
    except ImportError:
        raise InputError("cluster needs dask-jobqueue: pip install 'nnqft_ppl[cluster]'") from None
    kind = {"slurm": queues.SLURMCluster, "pbs": queues.PBSCluster}[name]
    given = {"cores": 1, "processes": 1, "memory": "4GB", "scheduler_options": {"dashboard_address": ":0"}, **options}
    known = signature(queues.core.JobQueueCluster).parameters
    try:
        kind.job_cls("tcp://nowhere:0", "first", **{key: value for key, value in given.items() if key not in known})
        return kind(**given, silence_logs=logging.CRITICAL)
    except (TypeError, ValueError) as error:
        why = str(error).split(". ")[0]
        raise InputError(f"cluster: options must be those of dask-jobqueue's {kind.__name__}: {why}") from error


@contextmanager
def _silence() -> Iterator[None]:
    """What Dask says of workers that come and go is for its developers."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio", "dask_jobqueue")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
