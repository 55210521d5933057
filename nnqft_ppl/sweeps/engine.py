"""The engine: pieces of work one after another in this process, or by Dask in several, here or on a cluster.

What a piece returns does not depend on where it is done. A worker that is lost takes nothing with it but the piece that
it had begun, which another worker begins anew.
"""

from collections.abc import Callable, Iterator, Sequence

from nnqft_ppl.sweeps.where import Where


def done[T, R](
    work: Callable[[T], R], pieces: Sequence[T], where: Where, ready: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, R | Exception]]:
    """The number of each piece and what `work` made of it, or the error that it raised, as they end.

    Pieces are begun in their order. `work` and what it takes and returns travel by pickle. Whoever stops listening
    stops the work. `ready` is called when there is someone to do it.
    """
    jobs = min(where.count, len(pieces))
    if jobs > 1 or (where.away and pieces):
        from nnqft_ppl.sweeps.workers import done_by_workers

        yield from done_by_workers(work, pieces, where, jobs, ready)
        return
    for number, piece in enumerate(pieces):
        try:
            found: R | Exception = work(piece)
        except Exception as error:
            found = error
        yield number, found
