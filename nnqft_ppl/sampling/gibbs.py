"""Sweeps of Gibbs moves: for every block of neurons the candidate that is chosen, given all the other blocks.

Candidate 0 of a block is the block as it is, and the others are fresh from the prior. Where the amplitudes are
integrated out, the evidence of a candidate beside the other blocks needs a root of an inverse matrix, which is carried
from block to block. The matrix is N x N or P x P, and the sweep takes the side on which there is less to do:

- of P values, a block meets W (W^T W + 1)^-1/2: 2 P^2 (K + 3) operations for each of N neurons;
- of N neurons, the values are met once for many neurons, in the products W W^T of candidates, and are gone from the
  loop: 2 N^2 (K + 3) operations for each neuron after about 2 K (N + GROUP K) P for it in the products.

Nothing larger than (N + GROUP K) P + N^2 numbers is held on the second way.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned
from nnqft_ppl.theory.gaussian_amplitudes import exchanged_root, inverse_root, log_evidence, updated_root

GROUP = 16  # neurons whose candidates meet the data in one matrix product


def sweep(model: Conditioned, net: Architecture, noise: Any, pool: Parameters, size: int, key: jax.Array) -> jax.Array:
    """The chosen candidate of every block of `size` neurons, (blocks,), from all of their sites (K + 1, N, ...)."""
    if not model.collapsed:
        return _field_sweep(model, net, noise, pool, size, key)
    if size >= net.neuron_count:
        systems = jax.vmap(lambda one: model.linear_system(net, one, noise))(pool)
        return choice(key, jax.vmap(log_evidence, (0, None))(systems.w, systems.r[0]))[None]
    by_values = len(model.places) <= net.neuron_count
    return (_value_sweep if by_values else _neuron_sweep)(model, net, noise, pool, size, key)


def _field_sweep(
    model: Conditioned, net: Architecture, noise: Any, pool: Parameters, size: int, key: jax.Array
) -> jax.Array:
    """Where the field is all that the factors see: O(K P) operations for a block."""
    points = model.places

    def waves(theta: Parameters) -> jax.Array:  # a_i h_i(x) summed over every block, (blocks, P) or (blocks, P, D)
        h, a = net.neurons(theta, points), theta["a"]
        return _blocks(h * a[:, None] if a.ndim == 1 else h[:, :, None] * a[:, None, :], size).sum(axis=1)

    each = jnp.swapaxes(jax.vmap(waves)(pool), 0, 1)  # (blocks, K + 1, P, ..)

    def one(phi: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        options, key = step
        rest = phi - options[0]
        weights = jax.vmap(model.log_factors_of, (0, None))(rest[None] + options, noise)
        chosen = choice(key, weights)
        return rest + options[chosen], chosen

    return jax.lax.scan(one, each[:, 0].sum(axis=0), (each, jax.random.split(key, len(each))))[1]


def _value_sweep(
    model: Conditioned, net: Architecture, noise: Any, pool: Parameters, size: int, key: jax.Array
) -> jax.Array:
    """With (W^T W + 1)^-1 = T T^T of the other blocks, the evidence of a block is that of W T and T^T r: T is P x P."""
    systems = jax.vmap(lambda theta: model.linear_system(net, theta, noise))(pool)
    each, r = jnp.swapaxes(jax.vmap(lambda w: _blocks(w, size))(systems.w), 0, 1), systems.r[0]
    if size > len(r):  # only W^T W matters, and P rows are enough for it
        each = jnp.linalg.qr(each, mode="r")

    def one(root: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        options, key = step  # (K + 1, size, P)
        root = updated_root(root, options[0], -1.0)
        chosen = choice(key, jax.vmap(log_evidence, (0, None))(options @ root, root.T @ r))
        return updated_root(root, options[chosen], 1.0), chosen

    # Begun anew in every sweep, so that the rounding of the updates does not add up.
    start = inverse_root(systems.w[0].T @ systems.w[0])
    return jax.lax.scan(one, start, (each, jax.random.split(key, len(each))))[1]


def _neuron_sweep(
    model: Conditioned, net: Architecture, noise: Any, pool: Parameters, size: int, key: jax.Array
) -> jax.Array:
    """With (1 + W W^T)^-1 = T T^T of all blocks, T is N x N, and the values are met in products of rows of W only.

    The evidence is |T^T W r|^2/2 + D log|T|. A block is taken out by a projection of T, and a candidate c put in its
    place beside the rows B of the others has S = 1 + c c^T - (c B^T) T T^T (B c^T): see `exchanged_root`.
    """
    blocks = -(-net.neuron_count // size)
    groups = max(1, blocks * size // GROUP)
    together = -(-blocks // groups)  # blocks of a group
    group, total = together * size, together * size * groups
    candidates = len(next(iter(pool.values()))) - 1
    # The last neuron stands in for those that are missing in the last group, with rows of zeros.
    neuron = jnp.minimum(jnp.arange(total), net.neuron_count - 1)
    system = model.linear_system(net, {site: value[0] for site, value in pool.items()}, noise)
    w, r = jnp.pad(system.w, [(0, total - len(system.w)), (0, 0)]), system.r
    spread = jnp.where(jnp.arange(total) < net.neuron_count, system.spread[neuron, 0], 0.0)

    def grouped(value: jax.Array) -> jax.Array:  # (K, N, ...) in (groups, K * group, ...)
        parts = value[1:, neuron].reshape(candidates, groups, group, *value.shape[2:])
        return jnp.swapaxes(parts, 0, 1).reshape(groups, candidates * group, *value.shape[2:])

    def one_group(carry: Any, step: Any) -> tuple[Any, jax.Array]:
        w, root, along = carry
        theta, spread, start, keys = step
        rows = model.rows(net, theta, jnp.tile(spread, candidates), noise)
        every = jnp.concatenate([w, rows])
        gram = rows @ every.T

        def by_block(value: jax.Array) -> jax.Array:  # (K * group, M) in (blocks of the group, K, size, M)
            return jnp.swapaxes(value.reshape(candidates, together, size, -1), 0, 1)

        def one_block(carry: Any, step: Any) -> tuple[Any, jax.Array]:
            root, along, index = carry
            gram, pull, block, key = step
            place = start + block * size
            own = total + block * size + group * jnp.arange(candidates)[:, None] + jnp.arange(size)[None]  # of `every`
            within = jnp.take_along_axis(gram, jnp.broadcast_to(own[:, None, :], (candidates, size, size)), axis=2)
            exchange = exchanged_root(root, along, place, gram[:, :, index], within, pull)
            chosen = choice(key, exchange.log_weights)
            root, along = exchange.take(root, along, chosen)
            kept = jax.lax.dynamic_slice_in_dim(index, place, size)
            taken = jnp.where(chosen > 0, own[jnp.maximum(chosen - 1, 0)], kept)
            return (root, along, jax.lax.dynamic_update_slice_in_dim(index, taken, place, 0)), chosen

        parts = (by_block(gram), by_block(rows @ r), jnp.arange(together), keys)
        (root, along, index), chosen = jax.lax.scan(one_block, (root, along, jnp.arange(total)), parts)
        changed = every[jax.lax.dynamic_slice_in_dim(index, start, group)]
        return (jax.lax.dynamic_update_slice_in_dim(w, changed, start, 0), root, along), chosen

    # Begun anew in every sweep, so that the rounding of the updates does not add up.
    root = inverse_root(w @ w.T)
    keys = jax.random.split(key, (groups, together))
    steps = (
        {site: grouped(value) for site, value in pool.items()},
        spread.reshape(groups, group),
        jnp.arange(groups) * group,
        keys,
    )
    chosen = jax.lax.scan(one_group, (w, root, root.T @ (w @ r)), steps)[1]
    return chosen.reshape(-1)[:blocks]


def _blocks(values: jax.Array, size: int) -> jax.Array:
    """(N, ...) in blocks (blocks, size, ...), the last one filled up with zeros."""
    missing = -len(values) % size
    padded = jnp.pad(values, [(0, missing), *[(0, 0)] * (values.ndim - 1)])
    return padded.reshape(-1, size, *values.shape[1:])


def choice(key: jax.Array, log_weights: jax.Array) -> jax.Array:
    """A move from candidate 0 that keeps the law with these weights: a fresh one in proportion, then Metropolis' test.

    j among the fresh ones with probability w_j / (W - w_0), taken with probability min(1, (W - w_0)/(W - w_j)), W the
    sum of all: the discrete Gibbs step that stays least often (Liu 1996).
    """
    key_fresh, key_test = jax.random.split(key)
    fresh = 1 + jax.random.categorical(key_fresh, log_weights[1:])
    others = logsumexp(jnp.where(jnp.arange(log_weights.size) == fresh, -jnp.inf, log_weights))
    return jnp.where(jnp.log(jax.random.uniform(key_test)) < logsumexp(log_weights[1:]) - others, fresh, 0)
