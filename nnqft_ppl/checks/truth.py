"""How the reference truth is made: `python -m nnqft_ppl.checks.truth`, six minutes for all cards.

Cards that have a reference keep it; those that are named are made anew: `python -m nnqft_ppl.checks.truth cos_net`.

A normal likelihood is at most what it is where the field goes through all values. So a network of the prior that is
accepted with probability exp(-sum r^2/(2 sigma^2)), r the residuals, is a network of the posterior, exactly, and
independent of every other (von Neumann 1951); the share of accepted ones is the evidence. Only where the prior has no
exact sampler do chains take over.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jax.typing import ArrayLike

from nnqft_ppl.checks.references import FILE, SCHEMA, quantities
from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.inference.posterior import posterior
from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.models import load, names
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import joined
from nnqft_ppl.runtime.jax_settings import enable_x64
from nnqft_ppl.runtime.progress import progress_bar
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.sampling.diagnostics import summarise
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.text import to_json
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned
from nnqft_ppl.theory.transforms import observe

WIDTH, WIDTHS = 2, (2, 10, 100)  # of the posterior; of the exact correlators
DATA = (-1.5, -0.9, -0.2, 0.4, 1.1)  # where the field is seen, along the first axis, in lengths of the theory
HELD_OUT = (-0.6, 0.8, 2.0)  # and where it is not: between the data, and beyond them
NOISE = 0.3  # times the number of components
PILOT = 2**18
ACCEPTED = (5e-4, 5e-3)  # share of the prior that the data are to leave: fewer cost too much, more say too little
DRAWS, KEPT = 20_000, 1000  # of which moments are taken, and which are shipped
BATCH = 2**16
CHAINS, THINNED = 4, 5  # for laws without an exact sampler


class Problem(NamedTuple):
    """A theory given data, and where its field is held out."""

    model: Conditioned
    points: Array  #: shape (Q, d)


def problem(card: str, seed: int = 1) -> Problem:
    """Two neurons given five values: of the first network of the prior whose data leave a share of it in ACCEPTED."""
    net = _of_width(load(card), WIDTH)
    x, points = (np.pad(np.array([at]).T, ((0, 0), (0, net.dim - 1))) * net.length for at in (DATA, HELD_OUT))
    noise = round(NOISE * net.component_count, 6)
    fields = _fields(net, x, seed)
    rng = np.random.default_rng(seed)
    for phi in fields[: 2**10]:
        y = np.round(phi + noise * rng.normal(size=phi.shape), 3)
        share = np.mean(np.exp(-np.sum((fields - y) ** 2, axis=(1, 2)) / (2 * noise**2)))
        if ACCEPTED[0] <= share <= ACCEPTED[1]:
            return Problem(observe(net, x, y if net.component_count > 1 else y[:, 0], noise=noise), points)
    raise InputError(f"{card}: no data of {2**10} networks leave a share of the prior in {ACCEPTED}")


def _fields(net: Architecture, x: Array, seed: int) -> Array:
    """phi_k(x_p) of networks of the prior, (draw, P, D); of chains where it has no exact sampler."""
    if net.ancestral:
        return field_draws(net, x, draws=PILOT, seed=seed)
    phi = posterior(net, x, seed=seed).tree["posterior/phi"].to_numpy()
    return phi.reshape(-1, len(x), net.component_count)


def _of_width(net: Architecture, width: int) -> Architecture:
    """The theory at another width, where it has several."""
    try:
        return dataclasses.replace(net, width=width)
    except InputError:
        return net


def accepted(given: Problem, draws: int, seed: int) -> tuple[dict[str, Array], int]:
    """Exact independent draws of the posterior by rejection, (draw, ...), and how many of the prior were proposed."""
    model, data = given.model, given.model.observation
    assert data is not None
    places = joined(model.places, given.points)
    bound = model.log_factors_of(jnp.asarray(data.values), data.noise)
    kept: list[dict[str, Array]] = []
    found = batches = 0
    with progress_bar(type(model.net).__name__, draws, True, unit="draws") as advance:
        while found < draws:
            theta, good = _proposed(model, bound, jax.random.fold_in(key_of(seed), batches), places)
            kept.append({site: np.asarray(value)[np.asarray(good)] for site, value in theta.items()})
            found, batches = found + int(good.sum()), batches + 1
            advance(int(good.sum()))
    # All of the last batch stay: to stop at a number would favour what comes early.
    return {site: np.concatenate([part[site] for part in kept]) for site in kept[0]}, batches * BATCH


@jax.jit
def _proposed(model: Conditioned, bound: ArrayLike, key: jax.Array, places: jax.Array) -> tuple[Parameters, jax.Array]:
    """A batch of networks of the prior, and which of them are accepted."""
    key_theta, key_u = jax.random.split(key)
    theta, seen, data = model.net.sample(key_theta, BATCH, places), slice(len(model.places)), model.observation
    assert data is not None

    def log_likelihood(one: Parameters) -> jax.Array:
        return model.log_factors_of(model.net.field(model.net.restricted(one, seen), model.places), data.noise)

    good = jnp.log(jax.random.uniform(key_u, (BATCH,))) < jax.vmap(log_likelihood)(theta) - bound
    return theta, good


def chained(given: Problem, draws: int, seed: int) -> tuple[dict[str, Array], str]:
    """Draws of long, thinned chains, (chain, draw, ...) as one axis in that order, and how they were made."""
    run = posterior(
        given.model,
        given.points,
        chains=CHAINS,
        warmup=1000,
        draws=draws * THINNED // CHAINS,
        seed=seed,
        parameters=True,
    )
    tree = run.tree["posterior"]
    theta = {site: tree[site].to_numpy()[:, ::THINNED] for site in given.model.net.prior()}
    found = run.convergence
    errors = f"worst R-hat {found.r_hat:.4f}, least ESS {found.ess:.0f}, {found.divergences} divergences"
    how = f"{CHAINS} chains of {draws * THINNED // CHAINS} draws, every {THINNED}th kept ({run.line}): {errors}"
    return {site: value.reshape(-1, *value.shape[2:]) for site, value in theta.items()}, how


def exact_table(net: Architecture, points: Array) -> list[dict[str, Any]]:
    """Correlators of order 1 to 4 at three widths, full and connected, of the first component."""
    rows = []
    for width in WIDTHS if net.width == WIDTH else (net.width,):
        for order in range(1, 5):
            x = points[:order]
            for kind in ("full", "connected") if order > 1 else ("full",):
                value = float(exact_correlator(_of_width(net, width), x, kind, (0,) * order))
                rows.append({"width": width, "kind": kind, "points": x.tolist(), "value": value})
    return rows


def made(card: str, draws: int = DRAWS, seed: int = 2) -> dict[str, Any]:
    """The row of a card."""
    given = problem(card)
    model, net = given.model, given.model.net
    discrete = [site for site, law in net.prior_at(model.places).items() if leaf(law).is_discrete]
    lacks = f"no density in all parameters, as {', '.join(discrete)} takes discrete values" if discrete else ""
    evidence: list[dict[str, Any]] = []
    if net.ancestral:
        theta, proposed = accepted(given, draws, seed)
        count = len(theta["a"])
        share = count / proposed
        how = f"rejection: {count} exact, independent draws of {proposed} of the prior"
        error = float(np.sqrt((1 - share) / count))
        highest = float(model.log_factors_of(jnp.asarray(model.observation.values), model.observation.noise))  # pyright: ignore
        evidence = [{"quantity": "log evidence", "index": 0, "mean": np.log(share) + highest, "mcse": error}]
    else:
        theta, how = chained(given, draws, seed)
        lacks = "; ".join(filter(None, ["no evidence, as the prior is known up to its normalisation only", lacks]))
    length = len(theta["a"]) // CHAINS
    values = quantities(model, jnp.asarray(given.points), {site: jnp.asarray(v) for site, v in theta.items()})
    table = summarise(
        {n: np.asarray(v)[: CHAINS * length].reshape(CHAINS, length, *v.shape[1:]) for n, v in values.items()}
    )
    apart = len(theta["a"]) // KEPT
    kept = {site: np.asarray(value)[: KEPT * apart : apart] for site, value in theta.items()}
    return {
        "card": card,
        "theory": to_json(model),
        "points": given.points.tolist(),
        "draws": [
            {"site": site, "shape": v.shape, "dtype": str(v.dtype), "values": v.astype(np.float32).ravel()}
            for site, v in kept.items()
        ],
        "moments": [*table.to_dict("records"), *evidence],
        "exact": exact_table(net, np.concatenate([given.points, np.asarray(model.places)])),
        "how": how,
        "lacks": lacks,
    }


def write(file: Path, cards: Sequence[str], anew: Sequence[str] = ()) -> None:
    """The references of cards as one Parquet file; what it has already is kept, except of the cards `anew`."""
    there = {row["card"]: row for row in pq.read_table(file).to_pylist()} if file.exists() else {}
    rows = [there[card] if card in there and card not in anew else made(card) for card in cards]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file, compression="zstd", compression_level=19)


if __name__ == "__main__":
    enable_x64()
    write(FILE, names(), sys.argv[1:])
