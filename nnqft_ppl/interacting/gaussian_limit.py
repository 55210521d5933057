"""Correlators of an interacting theory at N = infinity: its Gaussian process, reweighted by exp(-S)."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.estimators import Estimate
from nnqft_ppl.correlation.exact import Kind, check_kind, check_order
from nnqft_ppl.correlation.partitions import Polynomial, cumulant_weight, polynomial
from nnqft_ppl.correlation.requests import Request
from nnqft_ppl.correlation.weighted import LEAST_EFFECTIVE, effective_draws, ratio
from nnqft_ppl.interacting.ensembles import DTYPE, weighted_moments
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.subsets import members
from nnqft_ppl.sampling.streams import Moments
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned


def gaussian_limit(
    model: Model,
    configurations: ArrayLike,
    *,
    orders: Sequence[int] = (2, 4),
    kinds: Sequence[Kind] = ("full", "connected"),
    draws: int = 100_000,
    seed: int = 0,
    precision: float | None = None,
    progress: bool = False,
) -> list[Estimate]:
    """Correlators of a deformed theory at N = infinity, by weights of the Gaussian process that it was.

    Independent neurons make a Gaussian field as N -> infinity, (10), and exp(-S) makes an interacting one of it:
    E[w phi..phi]/E[w] over draws of this process at the points of the action and of the correlators.

    Parameters
    ----------
    model
        A theory of independent neurons with what `deform`, `add_source` or `observe` added; its width does not matter.
    configurations
        Shape (C, n, d); a correlator of order k takes the first k points of each.
    orders, kinds
        Orders up to 10; kinds ``full`` and ``connected``.
    draws, precision, seed
        Draws of the process, at most so many with a `precision`, and the seed that fixes them.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    A list of estimates, one for each order and kind: ``order``, ``kind``, and the arrays (C,) ``estimate``, its
    standard error ``mcse`` by the delta method, and the effective number of draws ``ess``.

    Raises
    ------
    InputError
        for dependent neurons, amplitudes with a mean, a field with several components, or hyperparameters with laws.
    NoClosedForm
        where the card has no closed two-point function.

    Examples
    --------
    Given exp(-phi(0)^2) the field of variance 1/2 at a point has the variance 1/(2 + 2) there.

    >>> model = nq.deform(nq.load("cauchy"), "phi^2", [[0.0]])
    >>> found = nq.gaussian_limit(model, np.zeros((1, 2, 1)), orders=[2], kinds=["full"], draws=20_000)
    >>> bool(abs(found[0].estimate[0] - 0.25) < 5 * found[0].mcse[0])
    True
    """
    given = conditioned(model)
    x = check_configurations(configurations, given.net.dim)
    x = x.reshape(-1, *x.shape[-2:])
    for order in orders:
        if check_order(order) > x.shape[1]:
            raise InputError(f"order must be at most {x.shape[1]}, the points of a configuration, got {order}")
    for kind in kinds:
        check_kind(kind)
        if kind not in ("full", "connected"):
            raise InputError(f"kind must be full or connected at N = infinity, got {kind!r}")
    terms: dict[tuple[int, Kind], Polynomial] = {
        (order, kind): _correlator(order, kind) for order in orders for kind in kinds
    }
    request = Request(terms, (0,) * x.shape[1], draws, seed, precision, DTYPE, None, 1, progress)
    subsets = request.subsets

    def error(moments: Moments) -> float:
        return request.worst(lambda p: ratio(p, subsets, moments, DTYPE))

    moments = weighted_moments(
        given,
        x.reshape(-1, given.net.dim),
        _Products(len(x), x.shape[1], subsets),
        np.stack([_free_moment(given.net, x[:, members(mask)]) for mask in subsets]),
        infinite=True,
        draws=draws,
        seed=seed,
        error=error,
        precision=precision,
        progress=progress,
    )
    effective = effective_draws(moments)
    if effective < LEAST_EFFECTIVE:
        warnings.warn(
            f"gaussian_limit has {effective:.0f} effective draws of {moments.draws}, too few for honest errors",
            stacklevel=2,
        )
    ess = np.full(len(x), effective)
    return [
        Estimate(order, kind, *ratio(p, subsets, moments, DTYPE), ess, moments.draws, moments.draws)
        for (order, kind), p in terms.items()
    ]


def _correlator(order: int, kind: Kind) -> Polynomial:
    """A full or connected correlator as a polynomial in the means of products of fields."""
    if kind == "full":
        return polynomial(order, lambda partition: float(len(partition) == 1))
    return polynomial(order, lambda partition: cumulant_weight(len(partition)))


def _free_moment(net: Architecture, x: Array) -> Array:
    """The mean of a product of Gaussian fields at points (C, n, d): the sum over all ways to pair them."""
    n = x.shape[1]
    if n % 2 or n == 0:
        return np.full(len(x), float(n == 0))
    others = [[k for k in range(1, n) if k != partner] for partner in range(1, n)]
    pairs = [net.two_point(x[:, 0], x[:, partner]) for partner in range(1, n)]
    return sum(
        (pair * _free_moment(net, x[:, rest]) for pair, rest in zip(pairs, others, strict=True)), np.zeros(len(x))
    )


class _Products(NamedTuple):
    """prod_(k in S) phi(x_k), (B, S, C), of fields at configurations (C, n, d)."""

    configurations: int
    order: int
    subsets: tuple[int, ...]

    def __call__(self, phi: jax.Array) -> jax.Array:
        legs = phi.reshape(-1, self.configurations, self.order)
        return jnp.stack([math.prod(legs[:, :, k] for k in members(mask)) for mask in self.subsets], axis=1)
