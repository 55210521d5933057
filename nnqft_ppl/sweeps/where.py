"""Where work is done: in this process, in several of this machine, or on a cluster."""

import os
from dataclasses import dataclass, field
from typing import Any

from nnqft_ppl.runtime.errors import InputError

QUEUES = ("slurm", "pbs")


@dataclass(frozen=True)
class Where:
    """Where work is done: in this process for one job, else by Dask's workers.

    Raises
    ------
    InputError
        ``jobs must be at least 1, got 0``.
    """

    jobs: int | None = None  #: pieces at a time, by default one for each CPU
    scheduler: str | None = None  #: the address of a Dask scheduler, whose workers are all asked
    cluster: str | None = None  #: the system of queues that is asked for `jobs` workers
    options: dict[str, Any] = field(default_factory=dict)  #: of that cluster, as dask-jobqueue names them

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise InputError(f"jobs must be at least 1, got {self.jobs}")
        if self.cluster is not None and self.cluster not in QUEUES:
            raise InputError(f"cluster must be one of {', '.join(QUEUES)}, got {self.cluster!r}")
        if self.scheduler is not None and (self.cluster is not None or self.jobs is not None):
            raise InputError("scheduler has its own workers; leave out cluster and jobs")

    @property
    def away(self) -> bool:
        """Is it done on other machines?"""
        return self.scheduler is not None or self.cluster is not None

    @property
    def count(self) -> int:
        """Pieces at a time."""
        return self.jobs or os.cpu_count() or 1
