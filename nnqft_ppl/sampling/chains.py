"""Markov chains, run side by side in chunks that a kill cannot undo."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.progress import progress_bar, say
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.sampling.samplers import Sampler
from nnqft_ppl.sampling.whitened import Point

CHUNK = 25  # steps of a chain between two looks at the clock at most; warm-up is a multiple of it
SECONDS = 2.0  # that a chunk should take: a run is that far from its last word and its last checkpoint


class Chains(NamedTuple):
    """Draws of chains: what was read of them, and statistics of the moves."""

    kept: Any  #: what `read` gave, with arrays (chain, draw, ...) for leaves
    stats: dict[str, Any]  #: (chain, draw)


def run(
    sampler: Sampler,
    read: Callable[[jax.Array, Point], Any],
    *,
    chains: int,
    warmup: int,
    draws: int,
    seed: int,
    checkpoint: Checkpoint,
    title: str,
    how: str,
    progress: bool,
) -> Chains:
    """Run all chains side by side; ``read(key, point)`` says what to keep of every draw, as a pytree of arrays.

    `read` is a pytree itself, such as a dataclass or a `jax.tree_util.Partial`: with it and the sampler as arguments,
    one program serves all values of a theory and its data. A run that is killed goes on from its last checkpoint to the
    same numbers.
    """
    root = key_of(seed)
    state = _init(sampler, jax.random.split(jax.random.fold_in(root, 0), chains))
    key_read = jax.random.fold_in(root, 1)
    warm = -(-warmup // CHUNK) * CHUNK
    total = warm + draws
    structure = jax.tree.structure(_chunk.eval_shape(sampler, read, state, key_read, 0, 0)[1])
    done, kept = 0, []  # leaves of what was kept
    stored = checkpoint.load()
    if stored is not None:
        done, state = int(stored["done"]), _restore(state, stored)
        kept = [stored[f"kept_{k}"] for k in range(structure.num_leaves)] if done > warm else []
    if progress:
        say(f"plan: {title} by {how}; {warm} steps of warm-up and {draws} draws of each of {chains} chains")
    with progress_bar(title, total, progress, begun=min(done, total)) as advance:
        if done < total:
            jax.block_until_ready(
                _chunk(sampler, read, state, key_read, done, 0)
            )  # no step, but the program is compiled
        advance(0)
        steps = 1
        while done < total:
            steps = min(steps, (warm if done < warm else total) - done)
            begin = time.monotonic()
            state, new = jax.block_until_ready(_chunk(sampler, read, state, key_read, done, steps))
            seconds = time.monotonic() - begin
            if done >= warm:
                # In one memory order whatever a checkpoint gave back: the order decides how sums over draws round.
                fresh = [np.swapaxes(np.asarray(leaf)[:steps], 0, 1).copy() for leaf in jax.tree.leaves(new)]
                pairs = zip(kept, fresh, strict=True) if kept else ()
                kept = [np.concatenate(pair, axis=1) for pair in pairs] or fresh
            done += steps
            whole = _flat("state", jax.tree.leaves(state)) | _flat("kept", kept) | {"done": done}
            checkpoint.save(whole, (done, total, f"steps of the {title}"))
            advance(steps)
            steps = int(np.clip(steps * SECONDS / max(seconds, 1e-9), 1, CHUNK))
    return structure.unflatten([leaf[:, :draws] for leaf in kept])


@jax.jit
def _init(sampler: Sampler, keys: jax.Array) -> Any:
    """The first states of all chains."""
    return jax.vmap(sampler.init)(keys)


@jax.jit
def _chunk(
    sampler: Sampler,
    read: Callable[[jax.Array, Point], Any],
    state: Any,
    key: jax.Array,
    start: int | jax.Array,
    steps: int | jax.Array,
) -> tuple[Any, Chains]:
    """Up to CHUNK moves of all chains, and what was read after each, (CHUNK, chain, ...): `steps` of them are filled.

    Their number is no part of the program, so that chunks of every length move chains alike, to the last bit.
    """
    chains = len(jax.tree.leaves(state)[0])

    def move(state: Any, index: jax.Array) -> tuple[Any, Chains]:
        state, stats = jax.vmap(sampler.step)(state)
        keys = jax.random.split(jax.random.fold_in(key, index), chains)
        return state, Chains(jax.vmap(lambda key, one: read(key, sampler.point(one)))(keys, state), stats)

    def fill(k: jax.Array, carried: tuple[Any, Chains]) -> tuple[Any, Chains]:
        state, new = move(carried[0], start + k)
        return state, jax.tree.map(lambda rows, row: rows.at[k].set(row), carried[1], new)

    shapes = jax.eval_shape(move, state, jnp.asarray(start))[1]
    rows = jax.tree.map(lambda leaf: jnp.zeros((CHUNK, *leaf.shape), leaf.dtype), shapes)
    return jax.lax.fori_loop(0, steps, fill, (state, rows))


def _flat(name: str, leaves: list[Any]) -> dict[str, Any]:
    return {f"{name}_{k}": np.asarray(jax.random.key_data(x) if _is_key(x) else x) for k, x in enumerate(leaves)}


def _restore(like: Any, stored: dict[str, Any]) -> Any:
    leaves, structure = jax.tree.flatten(like)
    values = [jnp.asarray(stored[f"state_{k}"], None if _is_key(x) else x.dtype) for k, x in enumerate(leaves)]
    pairs = zip(leaves, values, strict=True)
    return structure.unflatten([jax.random.wrap_key_data(v) if _is_key(x) else v for x, v in pairs])


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
