"""Streams of draws: batches in constant memory, added on the host in float64 and in order.

A batch is fixed by the seed and its index alone, so the result depends neither on the number of threads, devices and
processes nor on how often a run was interrupted, and a longer run begins with the draws of a shorter one.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.progress import progress_bar
from nnqft_ppl.runtime.seeds import check_seed
from nnqft_ppl.sampling.devices import Means, Round, devices, gathered, is_first, of_first

THREADS = 2  # rounds of batches in flight: XLA leaves part of a CPU idle within one of them
REPLICATES = 32  # independent scramblings of a Sobol sequence, whose scatter is the error
FIRST_LEVEL = 5  # 2^5 points of each scrambling before the first look at the error
LEAST_DRAWS = 1000  # below which an estimated error says too little to stop a run by it
GROWTH = 1.2  # between two looks at the error of a run that stops at a precision


class Moments(NamedTuple):
    """Running mean (S, C) and centred second moments (C, S, S) of the subset statistics of `draws` draws."""

    draws: int
    mean: Array
    scatter: Array

    def plus(self, other: "Moments") -> "Moments":
        """The moments of both sets of draws together (Chan, Golub and LeVeque)."""
        draws = self.draws + other.draws
        shift = other.mean - self.mean
        outer = np.einsum("sc,tc->cst", shift, shift)
        return Moments(
            draws,
            self.mean + shift * (other.draws / draws),
            self.scatter + other.scatter + outer * (self.draws * other.draws / draws),
        )


def random_stream(
    run: Round,
    shape: tuple[int, int],
    *,
    batch: int,
    draws: int,
    error: Callable[[Moments], float],
    precision: float | None,
    checkpoint: Checkpoint,
    title: str,
    progress: bool,
    threads: int = THREADS,
) -> Moments:
    """Independent draws: ``run``, a round of batches after the other, until `draws` or until ``error <= precision``.

    The error is looked at after 1, 2, 3, ... and then ever more batches, a schedule that knows nothing of time.
    """
    total = Moments(0, np.zeros(shape), np.zeros((shape[1], shape[0], shape[0])))
    batches, done = -(-draws // batch), 0
    stored = checkpoint.load()
    if stored is not None and int(stored["batches"]) * batch <= draws:
        done = int(stored["batches"])
        total = Moments(done * batch, stored["mean"], stored["scatter"])
    done, total = of_first((done, total))
    done, total = int(done), total._replace(draws=int(total.draws))
    width = devices()

    def job(begin: int) -> tuple[list[int], Means]:
        valid = np.clip(draws - batch * np.arange(begin, begin + width), 1, batch)
        return valid.tolist(), run(begin, valid)

    def reached() -> float:
        """The error in units of the precision where it is time to look at it; infinite at other times."""
        ready = precision is not None and is_look(done) and total.draws >= LEAST_DRAWS
        return error(total) / precision if ready else np.inf  # pyright: ignore[reportOperatorIssue]

    ratio = reached()
    rounds = range(done, batches if ratio > 1.0 else done, width)
    known = batches if precision is None else np.inf  # until the error was looked at
    with progress_bar(title, known, progress and is_first(), begun=done, unit="batches") as advance:
        for valid, means in _in_order(job, rounds, threads):
            for count, mean, scatter in zip(valid, *gathered(means), strict=True):
                if ratio <= 1.0 or done == batches:  # further batches of the last round
                    break
                total = total.plus(Moments(count, mean, scatter))
                done += 1
                ratio = reached()
                if count == batch and is_first():  # a longer run goes on from whole batches only
                    state = {"batches": done, "mean": total.mean, "scatter": total.scatter}
                    far = (done, batches, f"batches of {title}")
                    checkpoint.save(state, far, final=ratio <= 1.0 or done == batches)
                advance(1, min(done * ratio**2, batches) if np.isfinite(ratio) else None)
            if ratio <= 1.0:
                break
    return total


def sobol_stream(
    run: Callable[[Array], Array],
    shape: tuple[int, int],
    *,
    batch: int,
    draws: int,
    seed: int,
    error: Callable[[Moments], float],
    precision: float | None,
    checkpoint: Checkpoint,
    title: str,
    progress: bool,
) -> tuple[Moments, int]:
    """Quasi-random draws: ``run(u)`` gives means (R, S, C) over numbers of (0, 1), shape (R, n).

    Each of REPLICATES scrambled Sobol sequences of 2^k points gives one unbiased estimate; they are independent, so
    their scatter is an honest error. k grows one by one from FIRST_LEVEL until `draws` or until
    ``error <= precision``. `batch`, a power of two, is the number of points of all sequences together that `run` is
    given. Returns the moments over replicates, and the number of points.
    """
    last = max(int(np.ceil(np.log2(draws / REPLICATES))), 0)
    base = min(last, FIRST_LEVEL)
    sums, level = np.zeros((REPLICATES, *shape)), base - 1
    stored = checkpoint.load()
    if stored is not None and base <= int(stored["level"]) <= last:
        sums, level = stored["sums"], int(stored["level"])

    def moments() -> Moments:
        replicate = sums / 2.0**level
        mean = replicate.mean(axis=0)
        centred = replicate - mean
        return Moments(REPLICATES, mean, np.einsum("rsc,rtc->cst", centred, centred))

    begun = 2**level if level >= base else 0
    with progress_bar(title, 2**last, progress, begun=begun, unit="quasi-random points") as advance:
        while level < last and not (level >= base and precision is not None and error(moments()) <= precision):
            first, count = (0, 2**base) if level < base else (2**level, 2**level)
            engines = [_scrambled(seed, r, first) for r in range(REPLICATES)]
            size = min(count, max(1, batch // REPLICATES))
            for _ in range(0, count, size):
                sums += size * run(_inside(np.stack([engine.random(size)[:, 0] for engine in engines])))
                advance(size)
            level += 1
            far = (2**level, 2**last, f"points of {title}")
            checkpoint.save({"level": level, "sums": sums}, far, final=level == last)
    return moments(), REPLICATES * 2**level


def _scrambled(seed: int, replicate: int, first: int) -> Any:
    """A scrambled Sobol sequence from its point number `first` on."""
    from scipy.stats import qmc

    engine = qmc.Sobol(1, scramble=True, rng=np.random.default_rng([check_seed(seed), replicate]))
    return engine.fast_forward(first) if first else engine


def _inside(u: Array) -> Array:
    """Numbers strictly between 0 and 1: a quantile function may be infinite at 0 and 1."""
    tiny = 2.0**-53
    return np.clip(u, tiny, 1.0 - tiny)


def is_look(batches: int) -> bool:
    """Is this one of the numbers 1, 2, .., 5, 6, 8, 10, .. of batches after which the error is looked at?"""
    look = 1
    while look < batches:
        look = max(look + 1, int(look * GROWTH))
    return look == batches


def _in_order(job: Callable[[int], Any], indices: range, threads: int) -> Iterator[Any]:
    """Results of `job` in the order of the indices, a few of them computed ahead."""
    if threads == 1:
        yield from map(job, indices)
        return
    pending: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for index in indices:
                pending.append(pool.submit(job, index))
                if len(pending) > threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
