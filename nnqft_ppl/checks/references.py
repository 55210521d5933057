"""Reference truth: a small posterior of every card, drawn without a Markov chain, and exact correlators beside it.

It is shipped with the package, so that samplers of other people can be held against it; `truth` makes it.
"""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nnqft_ppl import models
from nnqft_ppl.runtime.arrays import Array, few_lines, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import joined
from nnqft_ppl.text import from_json
from nnqft_ppl.theory.architecture import Parameters
from nnqft_ppl.theory.conditioned import Conditioned, field_at

FILE = Path(__file__).with_suffix(".parquet")

_MOMENTS = {"quantity": pa.string(), "index": pa.int32(), **dict.fromkeys(["mean", "sd", "mcse"], pa.float64())}
_MOMENTS |= dict.fromkeys(["ess_bulk", "ess_tail", "r_hat"], pa.float64())
_EXACT = {"width": pa.int32(), "kind": pa.string(), "points": pa.list_(pa.list_(pa.float64())), "value": pa.float64()}
_DRAWS = {"site": pa.string(), "shape": pa.list_(pa.int32()), "dtype": pa.string(), "values": pa.list_(pa.float32())}

#: One row a card; tables of its own are lists of records.
SCHEMA = pa.schema(
    {
        "card": pa.string(),
        "theory": pa.string(),
        "points": pa.list_(pa.list_(pa.float64())),
        "draws": pa.list_(pa.struct(_DRAWS)),
        "moments": pa.list_(pa.struct(_MOMENTS)),
        "exact": pa.list_(pa.struct(_EXACT)),
        "how": pa.string(),
        "lacks": pa.string(),
    }
)


class Reference(NamedTuple):
    """A theory given data, what is true of its posterior, and how that is known."""

    model: Conditioned  #: the theory with its data: a NumPyro program
    points: Array  #: shape (Q, d), where the field is held out
    draws: dict[
        str, Array
    ]  #: some independent draws of the posterior, by site, (draw, ...); paths at data and `points`
    moments: pd.DataFrame  #: mean, sd, mcse, ESS and R-hat of every quantity, from all draws
    exact: pd.DataFrame  #: correlators of the theory without data at three widths, to rounding
    how: str  #: how the draws were made, in one line
    lacks: str  #: what cannot be offered, in one line; nothing if nothing

    __repr__ = few_lines
    _repr_html_ = html_table


def reference(card: str) -> Reference:
    """What is true of a card, to test a sampler against: exact correlators, and a posterior drawn without a chain.

    A theory of two neurons, P(theta) of (4), is given five noisy values of its field. Draws of its prior were accepted
    with probability exp(-sum r^2/(2 sigma^2)), r the residuals, so that they are exact and independent.

    Parameters
    ----------
    card
        A name of the catalogue.

    Returns
    -------
    A named tuple: ``model``, the theory with its data, a NumPyro program; ``points`` (Q, d), at which its field is held
    out; a thousand ``draws`` of every site; ``moments``, a table of the posterior's mean, sd and Monte Carlo error for
    quantities that no relabelling of the neurons changes: ``phi``, ``phi^2`` and ``phi phi'`` at the points,
    ``h^2/(1+h^2)`` (the mean over neurons), ``a.a`` (the sum over neurons), ``action`` (minus the log likelihood) and,
    once, ``log evidence``; ``exact``, a table of correlators without data; ``how``; and ``lacks``.

    Raises
    ------
    InputError
        for a card of which there is no reference.

    See Also
    --------
    try_sampler

    Notes
    -----
    In the manner of posteriordb (Magnusson et al., arXiv:2407.04967).

    Examples
    --------
    >>> known = nq.reference("line")  # phi(x) = theta x: its posterior is Gaussian
    >>> known.draws["a"].shape
    (1000, 1)
    >>> data, net = known.model.observation, known.model.net
    >>> x, y = np.asarray(data.points)[:, 0], np.asarray(data.values)
    >>> precision = 1 / net.sigma**2 + x @ x / data.noise**2
    >>> mean = (net.mean / net.sigma**2 + x @ y / data.noise**2) / precision
    >>> row = known.moments.query("quantity == 'phi'").iloc[0]
    >>> bool(abs(row["mean"] - mean * known.points[0, 0]) < 5 * row["mcse"])
    True
    """
    row = _rows().get(card)
    if row is None:
        models.source(card)  # says what is not a card
        raise InputError(f"{card}: there is no reference; those of the catalogue have one")
    model: Any = from_json(row["theory"])
    draws = {
        one["site"]: np.asarray(one["values"], np.float32).astype(one["dtype"]).reshape(one["shape"])
        for one in row["draws"]
    }
    moments, exact = (pd.DataFrame(row[name]) for name in ("moments", "exact"))
    return Reference(model, np.asarray(row["points"]), draws, moments, exact, row["how"], row["lacks"])


@functools.cache
def _rows() -> dict[str, dict[str, Any]]:
    return {row["card"]: row for row in pq.read_table(FILE).to_pylist()}


def referenced() -> tuple[str, ...]:
    """The cards of which there is a reference."""
    return tuple(_rows())


@jax.jit
def quantities(model: Conditioned, points: jax.Array, theta: Parameters) -> dict[str, jax.Array]:
    """What of networks (draw, ...) does not change when neurons are relabelled: see `reference`; leading axis draw.

    Paths are drawn at the places of the factors, and then at the points (Q, d).
    """
    net, places = model.net, joined(model.places, points)
    first, second = np.triu_indices(len(points), 1)

    def one(theta: Parameters) -> dict[str, jax.Array]:
        every = field_at(net, theta, places)
        phi = every[len(model.places) :]
        rows = phi.reshape(len(points), -1)
        h = net.neurons(net.restricted(theta, slice(len(model.places), None)), points)
        noise = None if model.observation is None else model.observation.noise
        return {
            "phi": phi,
            "phi^2": phi**2,
            "phi phi'": jnp.sum(rows[first] * rows[second], axis=1),
            "h^2/(1+h^2)": jnp.mean(h**2 / (1 + h**2), axis=0),  # bounded: some neurons are log-normal
            "a.a": jnp.sum(theta["a"] ** 2),
            "action": -model.log_factors_of(every[: len(model.places)], noise),
        }

    return jax.lax.map(one, theta, batch_size=256)
