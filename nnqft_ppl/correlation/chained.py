"""Chains: correlators of a theory from Markov chains, where it has no independent draws or its weights vary too much.

The chains are those of a posterior, by NUTS or Gibbs moves as suits the theory. An error is that of the mean of the
influence of each draw on the correlator, with its autocorrelation: ArviZ's Monte Carlo error and effective sample size.
"""

import math
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from nnqft_ppl.correlation.estimators import Estimate
from nnqft_ppl.correlation.partitions import Polynomial
from nnqft_ppl.correlation.requests import Request
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Places
from nnqft_ppl.runtime.subsets import members
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.sampling.chains import run
from nnqft_ppl.sampling.diagnostics import judge, summarise
from nnqft_ppl.sampling.plan import Plan, plan, sampler_of
from nnqft_ppl.sampling.whitened import Point
from nnqft_ppl.theory.conditioned import Conditioned, field_at, fingerprint
from nnqft_ppl.theory.generic import as_points

CHAINS, WARMUP = 4, 500
FIRST = 1000  # draws of each chain before the first look at the error


class FieldReader(NamedTuple):
    """Keeps the field at points (P, d) of every draw."""

    model: Conditioned
    points: Places

    def __call__(self, key: jax.Array, at: Point) -> jax.Array:
        theta = dict(at.theta)
        if self.model.collapsed:
            theta["a"] = self.model.amplitudes_given(key, at.net, theta, at.noise)
        return field_at(at.net, theta, self.points)


def chained(model: Conditioned, points: Array, request: Request) -> list[Estimate]:
    """Correlators at configurations (C, n, d) from chains side by side, `draws` in all.

    With a precision the chains go on, twice as long each time, until it is reached.

    Raises
    ------
    InputError
        in single precision, in which chains go wrong.
    """
    chosen = _planned(model)
    model = chosen.model
    unique: Any = np.unique(points.reshape(-1, points.shape[-1]), axis=0, return_inverse=True)
    places, where = unique[0], unique[1].reshape(points.shape[:2])
    most = max(-(-request.draws // CHAINS), 4)
    identity = {
        "theory": [f"{type(model.net).__module__} {model.net!r}", fingerprint(model), chosen.line],
        "points": points.tolist(),
        "run": ["chain", request.components, request.seed, VERSION],
    }

    def draw(count: int, folder: Path | None) -> Array:
        kept: Any = run(
            sampler_of(chosen, WARMUP),
            FieldReader(model, as_points(model.net, places)),
            chains=CHAINS,
            warmup=WARMUP,
            draws=count,
            seed=request.seed,
            checkpoint=Checkpoint(folder, identity),
            title=f"{type(model.net).__name__} chain",
            how=chosen.line,
            progress=request.progress,
        ).kept
        return _legs(np.asarray(kept, dtype=float), where, request.components, model.net.component_count)

    with tempfile.TemporaryDirectory() as scratch:
        folder = request.checkpoints or (Path(scratch) if request.precision is not None else None)
        count = most if request.precision is None else min(FIRST, most)
        while True:
            moments = _Products(draw(count, folder), request.subsets)
            if request.precision is None or count == most or request.worst(moments.value) <= request.precision:
                break
            count = min(2 * count, most)
    request.warn_if_missed("chain", request.worst(moments.value), CHAINS * count)
    moments.warn(request)
    found = []
    for (order, kind), terms in request.terms.items():
        value, mcse = moments.value(terms)
        ess = moments.diagnosed(terms)["ess_bulk"].to_numpy()
        found.append(Estimate(order, kind, value, mcse, ess, CHAINS * count, 1))
    return found


def chained_fields(model: Conditioned, points: Array, *, draws: int, seed: int) -> Array:
    """phi at points (P, d) of chains side by side, one after the other: shape (draws, P, D).

    Raises
    ------
    InputError
        in single precision, in which chains go wrong.
    """
    chosen = _planned(model)
    model = chosen.model
    kept: Any = run(
        sampler_of(chosen, WARMUP),
        FieldReader(model, as_points(model.net, points)),
        chains=CHAINS,
        warmup=WARMUP,
        draws=-(-draws // CHAINS),
        seed=seed,
        checkpoint=Checkpoint(None, {}),
        title=f"{type(model.net).__name__} chain",
        how=chosen.line,
        progress=False,
    ).kept
    return np.asarray(kept, dtype=float).reshape(-1, len(points), model.net.component_count)


def _planned(model: Conditioned) -> Plan:
    if not jax.config.read("jax_enable_x64"):
        raise InputError("chain needs double precision, without which chains go wrong; call enable_x64() first")
    return plan(model)


def _legs(phi: Array, where: Any, components: tuple[int, ...], count: int) -> Array:
    """phi_(c_k)(x_k), shape (n, chain, draw, C), from fields (chain, draw, P) or (chain, draw, P, D)."""
    every = phi.reshape(*phi.shape[:2], -1, count)
    return np.stack([every[:, :, where[:, k], label] for k, label in enumerate(components)])


class _Products:
    """Means over chains of products of fields, and what each draw adds to a polynomial in them."""

    def __init__(self, legs: Array, subsets: tuple[int, ...]) -> None:
        self.products: dict[int, Any] = {mask: math.prod(legs[k] for k in members(mask)) for mask in subsets}
        self.shape = legs.shape[1:]

    def influence(self, terms: Polynomial) -> Array:
        """(chain, draw, C): the derivative of the polynomial along each draw's products."""
        means = self.means(terms)
        gradient = terms.gradient(means)
        total = np.zeros(self.shape)
        for mask, slope, mean in zip(terms.subsets, gradient, means, strict=True):
            total += slope * (self.products[mask] - mean)
        return total

    def means(self, terms: Polynomial) -> Array:
        return np.array([self.products[mask].mean(axis=(0, 1)) for mask in terms.subsets])

    def value(self, terms: Polynomial) -> tuple[Array, Array]:
        """The polynomial at the means, and its Monte Carlo error."""
        if not terms.subsets:
            return np.zeros(self.shape[2]), np.zeros(self.shape[2])
        return terms.value(self.means(terms)), self.diagnosed(terms)["mcse"].fillna(0.0).to_numpy()

    def diagnosed(self, terms: Polynomial) -> Any:
        """Error, effective draws and R-hat of the influence, a row a configuration; nan where it does not vary."""
        return summarise({"influence": self.influence(terms)})

    def warn(self, request: Request) -> None:
        """A warning where the chains disagree or hold too few effective draws."""
        for terms in request.terms.values():
            if not (terms.subsets and np.ptp(self.influence(terms))):
                continue
            found = judge(self.diagnosed(terms), None, None)
            if not found.converged:
                warnings.warn(f"chain {found.line}; give more draws", stacklevel=4)
                return
