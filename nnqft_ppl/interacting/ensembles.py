"""Averages with weights exp(-S), streamed in constant memory: of networks, or of the Gaussian process at N = infinity.

A theory P(theta) exp(L) has the averages E[w f]/E[w], w = exp(L), over fields f of the theory without its factors. At
N = infinity these fields are Gaussian with the covariance G^(2), so that a root of its matrix at the places where
anybody looks makes exact draws, and no neuron is needed: the oracle that finite widths are held against.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.correlation.requests import batch_size
from nnqft_ppl.correlation.weighted import networks
from nnqft_ppl.inference.gaussian_process import check_limit, kernel_matrix
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid, Places, joined
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.sampling.devices import on_devices
from nnqft_ppl.sampling.streams import Moments, random_stream
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, in_precision

NEGATIVE = 1e-9  # eigenvalues of a covariance, relative to the largest, that are not rounding
ROUNDING = 1e-14  # of such an eigenvalue
DTYPE = "float32"  # of fields, whose rounding is far below any error here; sums of batches are float64
PILOT = 1024  # fields, whose largest weight is divided out

#: From fields (B, P) at the points to the numbers whose averages are wanted, (B, R, C): a value that can be hashed.
Readout = Callable[[jax.Array], jax.Array]


def covariance_root(net: Architecture, points: Array) -> Array:
    """R, (P, r), with R R^T = G^(2)(x_p, x_q): R z with standard normal z is the field at N = infinity.

    Raises
    ------
    InputError
        where the limit is no centred Gaussian process, or the two-point function is not positive.
    NoClosedForm
        where the card has no closed two-point function.
    """
    check_limit(net)
    values, vectors = np.linalg.eigh(kernel_matrix(net, points, points))
    if values[0] < -NEGATIVE * values[-1]:
        raise InputError(
            f"{type(net).__name__}: its two-point function must be a covariance, got an eigenvalue of {values[0]:.3g}"
        )
    kept = values > ROUNDING * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept])


def weighted_moments(
    model: Conditioned,
    points: Array | Grid,
    readout: Readout,
    known: Array,
    *,
    infinite: bool,
    draws: int,
    seed: int,
    error: Callable[[Moments], float] = lambda _: np.inf,
    precision: float | None = None,
    progress: bool = False,
) -> Moments:
    """Moments of w, and of w f and f - E[f] for what `readout` makes of the fields at points (P, d): (1 + 2 R, C).

    Parameters
    ----------
    infinite
        Fields of the Gaussian process at N = infinity, or of networks of the theory's own width.
    known
        E[f] without weights, (R, C): `ratio` takes its fluctuations out.
    """
    if model.hyperlaws:
        raise InputError(
            f"hyperparameters must have values here, got laws of {', '.join(model.hyperlaws)}; give them with load"
        )
    if model.net.component_count > 1:
        raise InputError(f"field must have one component here, got {model.net.component_count}")
    rows, columns = known.shape
    places = np.concatenate([np.asarray(points), np.asarray(model.places)])
    model = in_precision(model, DTYPE)
    with jax.enable_x64(False):
        root = jnp.asarray(covariance_root(model.net, places).astype(DTYPE)) if infinite else None
        if root is None:
            model.net.check_ancestral()
        sites, means = joined(points, model.places), jnp.asarray(known.astype(DTYPE))
        key = jax.random.fold_in(key_of(seed), int(infinite))
        per_draw = len(places) * 2 + (1 + 2 * rows) * columns + (0 if infinite else 8 * model.net.neuron_count)
        size = batch_size(per_draw)
        logs = np.asarray(_log_weights(model, root, sites, jax.random.fold_in(key, 1)))
        offset = float(logs[np.isfinite(logs)].max(initial=-np.inf))
        if not np.isfinite(offset):
            raise InputError(f"{type(model.net).__name__}: the log weight must be finite, got none among {PILOT}")
        stream = jax.random.fold_in(key, 0)

    width = "N = infinity" if infinite else f"N = {model.net.width}"
    return random_stream(
        on_devices(_batch, (readout, size), model, root, sites, means, offset, stream, double=False),
        (1 + 2 * rows, columns),
        batch=size,
        draws=draws,
        error=error,
        precision=precision,
        checkpoint=Checkpoint(None, {}),
        title=f"{type(model.net).__name__}, {width}",
        progress=progress,
    )


def _fields(model: Conditioned, root: jax.Array | None, places: Places, key: jax.Array, count: int) -> jax.Array:
    """Fields without the factors, (count, P)."""
    if root is not None:
        return jax.random.normal(key, (count, root.shape[1]), root.dtype) @ root.T
    _, theta = networks(model, key, count, places)
    return jax.vmap(lambda one: model.net.field(one, places))(theta)


def _log_weight(model: Conditioned, phi: jax.Array) -> jax.Array:
    """L of fields (B, P), whose last places are those of the factors."""
    noise = None if model.observation is None else model.observation.noise
    own = phi[:, phi.shape[1] - len(model.places) :]
    return jax.vmap(lambda one: model.log_factors_of(one, noise))(own)


@jax.jit
def _log_weights(model: Conditioned, root: Any, places: Places, key: jax.Array) -> jax.Array:
    keys = jax.random.split(key, 16)
    logs = jax.lax.map(lambda one: _log_weight(model, _fields(model, root, places, one, PILOT // 16)), keys)
    return logs.ravel()


def _batch(
    model: Conditioned,
    root: Any,
    places: Places,
    known: jax.Array,
    offset: jax.Array,
    key: jax.Array,
    index: jax.Array,
    valid: jax.Array,
    task: tuple[Readout, int],
) -> tuple[jax.Array, jax.Array]:
    """Mean (1 + 2 R, C) and centred second moments (C, 1 + 2 R, 1 + 2 R) of one batch."""
    readout, size = task
    phi = _fields(model, root, places, jax.random.fold_in(key, index), size)
    weight = jnp.exp(_log_weight(model, phi) - offset)
    values = readout(phi[:, : phi.shape[1] - len(model.places)])
    ones = jnp.ones((size, 1, values.shape[2]), values.dtype)
    t = jnp.concatenate([weight[:, None, None] * jnp.concatenate([ones, values], axis=1), values - known[None]], axis=1)
    use = (jnp.arange(size) < valid)[:, None, None]
    mean = jnp.sum(jnp.where(use, t, 0.0), axis=0) / valid
    centred = jnp.where(use, t - mean[None], 0.0)
    return mean, jnp.einsum("bsc,btc->cst", centred, centred)
