"""A sampler of the user's own against the reference truth of every card: right, wrong, or not converged."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from nnqft_ppl.checks.references import Reference, quantities, reference, referenced
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import heartbeat, progress_bar
from nnqft_ppl.sampling.diagnostics import summarise
from nnqft_ppl.theory.conditioned import Conditioned

Sampler = Callable[[Conditioned, Array, int], Mapping[str, ArrayLike]]

FALSE_ALARMS = 1e-3  # of a right sampler against all cards together
R_HAT, ESS = 1.05, 100.0  # beyond which the errors of a mean are themselves not known


def try_sampler(
    sampler: Sampler, cards: Sequence[str] | None = None, *, seed: int = 0, progress: bool = False
) -> pd.DataFrame:
    """Hold a sampler against the `reference` posterior of every card.

    Every mean that it finds is compared with the true one, in units of both Monte Carlo errors; the largest |z| of a
    right sampler is beyond the limit for one of a thousand seeds (Bonferroni over all quantities of all cards).

    Parameters
    ----------
    sampler
        Called as ``sampler(model, points, seed)``: `model` is a NumPyro program that takes the points (Q, d), so that
        ``MCMC(NUTS(model), ...).run(key, points)`` samples it, and ``numpyro.infer.util.initialize_model`` gives its
        log density. It returns the draws of every site, (chain, draw, ...); more than one chain.
    cards
        Names; by default every card of which there is a reference.
    seed
        The third argument of the sampler.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    A table with a row a card: ``verdict`` is ``agrees``, ``WRONG`` with the quantity that is worst, ``not converged``
    (R-hat above 1.05 or fewer than 100 effective draws, so that errors of means are not known), or ``refused`` with the
    sampler's error; ``z``, the largest; ``r_hat``, ``ess``, the worst; ``sees``, the least error of a mean that would
    be seen with even odds, in standard deviations of the posterior; ``seconds``.

    Raises
    ------
    InputError
        for draws that lack a site, or have other axes.

    See Also
    --------
    reference

    Notes
    -----
    The quantities are those of (1) that no relabelling of the neurons changes.

    Examples
    --------
    A sampler that is right, and one that moves every draw of it by half a standard deviation.

    >>> def right(model, points, seed):
    ...     data, net, rng = model.observation, model.net, np.random.default_rng(seed)
    ...     x, y = np.asarray(data.points)[:, 0], np.asarray(data.values)
    ...     precision = 1 / net.sigma**2 + x @ x / data.noise**2
    ...     mean = (net.mean / net.sigma**2 + x @ y / data.noise**2) / precision
    ...     return {"a": rng.normal(mean, precision**-0.5, size=(4, 1000, 1))}
    >>> nq.try_sampler(right, ["line"])["verdict"].item()
    'agrees'
    >>> wrong = lambda *given: {"a": right(*given)["a"] + 0.07}
    >>> nq.try_sampler(wrong, ["line"])["verdict"].item().split(":")[0]
    'WRONG'
    """
    chosen = referenced() if cards is None else tuple(cards)
    known = {card: reference(card) for card in chosen}
    limit = float(norm.isf(FALSE_ALARMS / 2 / sum(len(one.moments) for one in known.values())))
    rows = []
    spoken = heartbeat("try_sampler") if progress else contextlib.nullcontext()
    with spoken, progress_bar("try_sampler", len(known), progress, unit="cards") as advance:
        for card, one in known.items():
            started = time.perf_counter()
            try:
                drawn = sampler(one.model, one.points, seed)
            except Exception as error:  # of the user's: the other cards are still to be tried
                said = (str(error).strip() or type(error).__name__).splitlines()[0]
                row = {"verdict": f"refused: {one.lacks or said}"}
            else:
                row = _judged(one, _with_sites(card, one, drawn), limit)
            rows.append({"card": card, **row, "seconds": time.perf_counter() - started})
            advance(1)
    return pd.DataFrame(rows, columns=["card", "verdict", "z", "r_hat", "ess", "sees", "seconds"])


def _with_sites(card: str, known: Reference, drawn: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """The draws of the theory's own sites, (chain, draw, ...), or `InputError`."""
    found = {}
    for site, some in known.draws.items():
        value = np.asarray(drawn[site]) if site in drawn else np.empty(0)
        if value.shape[2:] != some.shape[1:] or value.ndim != some.ndim + 1 or value.shape[0] < 2:
            shape = ", ".join(["chain", "draw", *map(str, some.shape[1:])])
            got = f"shape {value.shape}" if site in drawn else "no such site"
            raise InputError(f"{card}: the sampler must return {site!r} of shape ({shape}), of chains >= 2, got {got}")
        found[site] = value
    return found


def _judged(known: Reference, drawn: dict[str, Array], limit: float) -> dict[str, Any]:
    """The verdict on one card, and the numbers behind it."""
    chains, draws = drawn["a"].shape[:2]
    flat = {site: jnp.asarray(value.reshape(-1, *value.shape[2:])) for site, value in drawn.items()}
    values = {name: np.asarray(v) for name, v in quantities(known.model, jnp.asarray(known.points), flat).items()}
    found = summarise({name: v.reshape(chains, draws, *v.shape[1:]) for name, v in values.items()})
    both: Any = found.merge(known.moments, on=["quantity", "index"], suffixes=("", "_true"))
    moving = both[both["mcse_true"].notna()]  # what the data leave no doubt of is not a number with an error
    error = np.hypot(moving["mcse"].to_numpy(), moving["mcse_true"].to_numpy())
    z = (moving["mean"] - moving["mean_true"]).to_numpy() / error
    if not np.isfinite(z).all():  # it did not move, or left the numbers
        return {"verdict": "not converged"}
    worst, numbers = int(np.abs(z).argmax()), _numbers(moving)
    numbers |= {"z": float(z[worst]), "sees": limit * float((error / moving["sd_true"]).max())}
    if numbers["r_hat"] > R_HAT or numbers["ess"] < ESS:
        return {"verdict": "not converged", **numbers}
    if abs(z[worst]) > limit:
        row = moving.iloc[worst]
        what = f"{row['quantity']}[{row['index']}] is {row['mean']:.4g}, not {row['mean_true']:.4g}"
        return {"verdict": f"WRONG: {what}", **numbers}
    return {"verdict": "agrees", **numbers}


def _numbers(moving: Any) -> dict[str, float]:
    """The worst R-hat and effective number of draws of a summary."""
    return {"r_hat": float(moving["r_hat"].max()), "ess": float(moving[["ess_bulk", "ess_tail"]].to_numpy().min())}
