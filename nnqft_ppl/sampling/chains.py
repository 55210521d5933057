"""Markov chains, run side by side in chunks that a kill cannot undo."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.progress import progress_bar
from nnqft_ppl.sampling.samplers import Sampler
from nnqft_ppl.sampling.whitened import Point

CHUNK = 25  # steps of a chain between two looks at the clock


def run(
    sampler: Sampler,
    read: Callable[[jax.Array, Point], dict[str, jax.Array]],
    *,
    chains: int,
    warmup: int,
    draws: int,
    seed: int,
    checkpoint: Checkpoint,
    title: str,
    progress: bool,
) -> dict[str, Array]:
    """Run all chains side by side; ``read(key, point)`` says what to keep of every draw: arrays (chain, draw, ...).

    Statistics of the moves come back under names that begin with ``stat_``. A run that is killed goes on from its last
    checkpoint to the same numbers.
    """
    root = jax.random.key(seed)
    state = jax.jit(jax.vmap(sampler.init))(jax.random.split(jax.random.fold_in(root, 0), chains))
    key_read = jax.random.fold_in(root, 1)

    def move(state: Any, index: jax.Array) -> tuple[Any, dict[str, jax.Array]]:
        state, stats = jax.vmap(sampler.step)(state)
        keys = jax.random.split(jax.random.fold_in(key_read, index), chains)
        kept = jax.vmap(lambda key, one: read(key, sampler.point(one)))(keys, state)
        return state, kept | {f"stat_{name}": value for name, value in stats.items()}

    @jax.jit
    def chunk(state: Any, start: jax.Array) -> tuple[Any, dict[str, jax.Array]]:
        return jax.lax.scan(move, state, start + jnp.arange(CHUNK))

    warm, total = -(-warmup // CHUNK), -(-warmup // CHUNK) + -(-draws // CHUNK)
    done, kept = 0, {}
    stored = checkpoint.load()
    if stored is not None:
        done, state = int(stored["done"]), _restore(state, stored)
        kept = {name.removeprefix("kept_"): value for name, value in stored.items() if name.startswith("kept_")}
    with progress_bar(title, total, progress) as advance:
        advance(done, None)
        for index in range(done, total):
            state, new = chunk(state, jnp.asarray(index * CHUNK))
            if index >= warm:
                # In one memory order whatever a checkpoint gave back: the order decides how sums over draws round.
                fresh = {name: np.swapaxes(np.asarray(value), 0, 1).copy() for name, value in new.items()}
                kept = {n: np.concatenate([kept[n], v], axis=1) if kept else v for n, v in fresh.items()}
            checkpoint.save(_flat(state) | {f"kept_{n}": v for n, v in kept.items()} | {"done": index + 1})
            advance(1, None)
    return {name: value[:, :draws] for name, value in kept.items()}


def _flat(state: Any) -> dict[str, Any]:
    leaves = jax.tree.leaves(state)
    return {f"state_{k}": np.asarray(jax.random.key_data(x) if _is_key(x) else x) for k, x in enumerate(leaves)}


def _restore(like: Any, stored: dict[str, Any]) -> Any:
    leaves, structure = jax.tree.flatten(like)
    values = [jnp.asarray(stored[f"state_{k}"], None if _is_key(x) else x.dtype) for k, x in enumerate(leaves)]
    pairs = zip(leaves, values, strict=True)
    return structure.unflatten([jax.random.wrap_key_data(v) if _is_key(x) else v for x, v in pairs])


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
