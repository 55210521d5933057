"""Prior predictive draws of a field, as an ArviZ DataTree with named dimensions."""

import json
from collections import defaultdict
from functools import partial

import arviz_base
import jax
import numpy as np
from numpy.typing import ArrayLike
from numpyro.infer import Predictive
from xarray import DataTree

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid
from nnqft_ppl.runtime.progress import progress_bar
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import told
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, before_data, unconditioned
from nnqft_ppl.theory.generic import as_points

BATCH_ELEMENTS = 2**20  # numbers held at once


def prior_predictive(
    net: Model,
    points: ArrayLike | Grid,
    *,
    draws: int = 1000,
    seed: int = 0,
    parameters: bool = False,
    progress: bool = False,
) -> DataTree:
    """Independent draws of phi at points, by NumPyro's `Predictive` in batches of bounded memory.

    Every draw is a network theta ~ P(theta) of (4) and its field (1).

    Parameters
    ----------
    net
        A theory whose laws have exact samplers; of one with data, what it was before them.
    points
        Shape (P, d); on a `Grid` fields of plane waves are drawn ten times as fast.
    draws, seed
        Number of networks, and the seed that fixes them.
    parameters
        Keep the parameters of every draw as well, in the group ``prior``.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    A DataTree with ``prior_predictive/phi`` (chain, draw, point), ``constant_data/points`` (point, axis) and, if asked
    for, ``prior`` with dimensions (chain, draw, neuron, ...). There is one chain, and a field with D components has a
    fourth dimension ``component``. Longer runs with the same seed begin with the same draws.

    Raises
    ------
    InputError
        for points of the wrong shape or not finite, fewer than one draw, or a theory without an exact sampler, or
        with a source or an action.

    Examples
    --------
    >>> net = nq.load("cos_net", width=10)
    >>> tree = nq.prior_predictive(net, [[0.0], [0.5], [1.0]], draws=5, parameters=True)
    >>> tree["prior_predictive"].phi.shape  # chain, draw, point
    (1, 5, 3)
    >>> tree["prior"].a.dims
    ('chain', 'draw', 'neuron')
    """
    net = unconditioned(before_data(net), "prior_predictive", "use posterior")
    x = as_points(net, points)
    net.check_ancestral()
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}")
    sites = (*net.prior(), "phi") if parameters else ("phi",)
    batch = 2 ** int(np.clip(np.log2(BATCH_ELEMENTS / (8 * net.neuron_count + len(x))), 0, 14))
    root = key_of(seed)
    kept: dict[str, list[np.ndarray]] = defaultdict(list)
    batches = -(-draws // batch)
    with progress_bar(f"{type(net).__name__} prior predictive", batches, progress, unit="batches") as advance:
        for index in range(batches):
            sample = _batch(net, jax.random.fold_in(root, index), x, batch, sites)
            for site in sites:
                kept[site].append(np.asarray(sample[site])[: draws - index * batch])
            advance(1)
    values = {site: np.concatenate(parts)[None] for site, parts in kept.items()}  # one chain

    groups = {"prior_predictive": {"phi": values.pop("phi")}, "constant_data": {"points": np.asarray(x)}}
    if parameters:
        groups["prior"] = values
    dims = {"phi": ["point", "component"][: groups["prior_predictive"]["phi"].ndim - 2], "points": ["point", "axis"]}
    for site, value in values.items():
        dims[site] = net.site_dims(site, value.shape[2:])
    # Attributes as JSON text: NetCDF holds neither dictionaries nor None.
    provenance = {"theory": repr(net), **told(net), "seed": seed, "batch": batch, "version": VERSION}
    attrs = {"/": {"nnqft_ppl": json.dumps(provenance, sort_keys=True)}}
    return arviz_base.from_dict(groups, dims=dims, attrs=attrs)


@partial(jax.jit, static_argnames=("batch", "sites"))
def _batch(
    net: Architecture, key: jax.Array, x: jax.Array | Grid, batch: int, sites: tuple[str, ...]
) -> dict[str, jax.Array]:
    """One batch of draws, by one program for all values of a theory."""
    return Predictive(net, num_samples=batch, parallel=True, return_sites=list(sites))(key, x)
