"""Sampling that chooses itself: which kernel suits a theory, and its chains, run in chunks that a kill cannot undo."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from nnqft_ppl.architecture import Architecture
from nnqft_ppl.blocks import block_count, log_weight_variance
from nnqft_ppl.checkpoint import Checkpoint
from nnqft_ppl.errors import InputError
from nnqft_ppl.kernels import GibbsKernel, Kernel, NutsKernel
from nnqft_ppl.points import Array
from nnqft_ppl.progress import progress_bar
from nnqft_ppl.transforms import Conditioned, Model, collapse, conditioned, gaussian_amplitudes
from nnqft_ppl.whitened import Point
from nnqft_ppl.zone import FoldedCauchy

Sampler = Literal["nuts", "gibbs"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)

#: Variance of the log weight of prior draws. At 1.4 Gibbs moves gave 8 times fewer effective draws a second than NUTS,
#: at 0.7 four times more (years of the Nile, Cos-net).
PRECISE = 1.0
CHUNK = 25  # steps of a chain between two looks at the clock


class Plan(NamedTuple):
    """How a theory will be sampled, and why in one line."""

    model: Conditioned
    sampler: Sampler
    line: str
    blocks: int = 1  #: of neurons, that Gibbs moves draw anew one after another


def plan(model: Model, sampler: Sampler | None = None, collapsed: bool | None = None) -> Plan:
    """Choose: amplitudes integrated out where they are Gaussian; Gibbs moves where neurons are independent, else NUTS.

    A gradient earns its price where neurons depend on each other; and of smooth laws, where hyperparameters are unknown
    too, or data so precise that the log weight of prior draws varies by more than PRECISE. `sampler` and `collapsed`
    override the choice.

    Raises
    ------
    InputError
        for an unknown sampler, or one that the theory's laws rule out.
    """
    model = conditioned(model)
    net, reasons = model.net, []
    separate = net.independent and net.ancestral and not net.shared
    # A source moves the means of the amplitudes with the neurons, which Gibbs moves follow with the amplitudes only.
    integrable = is_linear(model) and not (model.sources and separate)
    if collapsed or (collapsed is None and not model.collapsed and integrable):
        model = collapse(model)
    if model.collapsed:
        reasons.append("Gaussian amplitudes integrated out")
    neuronwise = separate and not (model.collapsed and (model.sources or not _centred(net)))
    if sampler not in (None, *SAMPLERS):
        raise InputError(f"sampler must be one of {', '.join(SAMPLERS)}, got {sampler!r}")
    if sampler == "gibbs" and not neuronwise:
        if separate:
            raise InputError("sampler gibbs needs amplitudes of mean zero and no source where they are integrated out")
        raise InputError(f"sampler gibbs needs independent neurons that can be drawn, which {type(net).__name__} lacks")
    smooth, variance = not rough_laws(net, model), 0.0
    if sampler is None and (not neuronwise or (smooth and model.unknown)):
        sampler = "nuts"
    if sampler != "nuts":
        variance = log_weight_variance(model)
    if sampler is None:
        sampler = "nuts" if smooth and variance > PRECISE else "gibbs"
        if sampler == "nuts":
            reasons.append("the prior hardly proposes what is likely")
    blocks = 1
    if sampler == "gibbs":
        blocks = block_count(variance, net.neuron_count)
        size = -(-net.neuron_count // blocks)
        reasons.append(f"neurons drawn anew {size} at a time" if blocks > 1 else "all neurons drawn anew at a time")
    else:
        reasons.append("phases as angles of Gaussian pairs, all laws as images of standard normals")
    name = {"nuts": "NUTS", "gibbs": "Gibbs"}[sampler]
    return Plan(model, sampler, f"{name}: {'; '.join(reasons)}", blocks)


def is_linear(model: Conditioned) -> bool:
    """Are the amplitudes Gaussian, and all factors linear or quadratic in them?"""
    if model.actions or (model.observation is None and not model.sources):
        return False
    try:
        gaussian_amplitudes(model.net)
    except InputError:
        return False
    return True


def rough_laws(net: Architecture, model: Conditioned) -> bool:
    """Has a law no variance, folded tails or discrete values? Then a gradient does not help, or hardly."""
    for law in model.laws(net).values():
        leaf: Any = law
        while isinstance(leaf, dist.Independent | dist.ExpandedDistribution):
            leaf = leaf.base_dist
        if leaf.is_discrete or isinstance(leaf, dist.Cauchy | dist.MultivariateStudentT | FoldedCauchy):
            return True
    return False


def kernel_of(chosen: Plan, warmup: int) -> Kernel:
    """The kernel of a plan."""
    return GibbsKernel(chosen.model, chosen.blocks) if chosen.sampler == "gibbs" else NutsKernel(chosen.model, warmup)


def run(
    kernel: Kernel,
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
    state = jax.jit(jax.vmap(kernel.init))(jax.random.split(jax.random.fold_in(root, 0), chains))
    key_read = jax.random.fold_in(root, 1)

    def move(state: Any, index: jax.Array) -> tuple[Any, dict[str, jax.Array]]:
        state, stats = jax.vmap(kernel.step)(state)
        keys = jax.random.split(jax.random.fold_in(key_read, index), chains)
        kept = jax.vmap(lambda key, one: read(key, kernel.point(one)))(keys, state)
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


def _centred(net: Architecture) -> bool:
    return bool(np.all(np.asarray(gaussian_amplitudes(net).loc) == 0))
