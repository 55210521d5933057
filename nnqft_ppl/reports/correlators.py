"""The main job: correlators of a theory, exactly and by Monte Carlo side by side, as one tidy table."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import jax
import numpy as np
import numpyro
import pandas as pd
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.correlation.estimators import check_estimator
from nnqft_ppl.correlation.exact import Kind, check_components, check_kind, check_order, exact_correlator
from nnqft_ppl.correlation.requests import DType
from nnqft_ppl.correlation.weighted import chooses_weights, log_weights
from nnqft_ppl.reports.provenance import card_name, flat_hyperparameters
from nnqft_ppl.reports.schemas import validate_table
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.progress import say
from nnqft_ppl.runtime.seeds import check_seed
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import told
from nnqft_ppl.theory.amplitudes import Components
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned

DRAWS = 100_000  # of a run without a precision
MOST_DRAWS = 10**9  # of a run that stops at a precision
CHAIN_DRAWS, MOST_CHAIN_DRAWS = 4000, 10**6  # the same of chains


def correlators(
    model: Model,
    configurations: ArrayLike,
    *,
    orders: Sequence[int] = (2, 4),
    kinds: Sequence[Kind] = ("full", "connected"),
    estimators: Sequence[str] | None = None,
    components: Sequence[int] | None = None,
    draws: int | None = None,
    precision: float | None = None,
    seed: int = 0,
    dtype: DType | None = None,
    checkpoints: Path | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Correlators of every order, kind and estimator at every configuration.

    The correlators (2), (4) of the field and their connected parts (7), exactly and by Monte Carlo side by side.

    Parameters
    ----------
    model
        The theory; one that `observe`, `deform`, `add_source` or `give_laws` made goes by ``reweight`` or ``chain``.
    configurations
        Shape (C, n, d); a correlator of order k takes the first k points of each configuration.
    orders, kinds
        Orders up to 10; kinds among ``full``, ``connected``, ``I_N`` (8) and ``I_IB`` (9).
    estimators
        Among ``exact``, ``neuron``, ``sobol``, ``amplitude`` and ``field``. By default ``exact`` where the card has
        closed forms, and the best Monte Carlo estimator beside it: ``neuron`` where neurons are independent, else, and
        for ``I_IB``, ``amplitude``. Of a theory with data, sources or actions ``reweight``, prior networks with their
        weights, and ``chain``, Markov chains; by default the one that suits it, as a pilot of prior networks decides.
    components
        For a field with D components, the component (from 0) at each of the points; all 0 by default.
    draws, precision, seed
        Draws of each Monte Carlo estimator (1e5; 4000 of chains), and the seed that fixes them. With a `precision` a
        run stops as soon as the standard error of every value is at most that fraction of it, or at `draws` (1e9; 1e6).
    dtype, checkpoints
        The type of the draws, ``float32`` or ``float64``, by default that of the process; sums are float64 either way.
        And a folder that lets an interrupted call go on where it was.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    A tidy DataFrame in the schema ``correlators``, a row for each estimator, order, kind and configuration:
    ``estimate``, its standard error ``mcse`` (0 if exact), the effective number of draws ``ess``, ``exact`` where the
    card has it, and ``z``, the difference of both in units of ``mcse``. There is a column for each hyperparameter, and
    the provenance is in ``attrs["provenance"]``.

    Raises
    ------
    InputError
        with one line that names the field, the rule and the value: for an order above the number of points, or a kind
        that an estimator cannot separate (only ``exact`` and ``amplitude`` know ``I_IB``).
    NoClosedForm
        where ``exact`` is asked of a card without closed neuron moments.

    Examples
    --------
    Four fields of Cos-net at one point: G2 = 1/2, and G4c = 3/(8N) beside 3 G2^2 = 3/4.

    >>> net = nq.load("cos_net", width=10)
    >>> table = nq.correlators(net, np.zeros((1, 4, 1)), estimators=["exact"])
    >>> table[["order", "kind", "estimate"]]
       order       kind  estimate
    0      2       full    0.5000
    1      2  connected    0.5000
    2      4       full    0.7875
    3      4  connected    0.0375

    Draws agree with the exact values within their errors:

    >>> x = [[[0.0], [0.4], [1.0], [-0.3]]]
    >>> table = nq.correlators(net, x, estimators=["neuron"], draws=1000)
    >>> bool((table["z"].abs() < 5).all())
    True

    An interaction: <phi^2> of a line phi(x) = a x, a ~ N(0, 1), at x = 1 with V = phi^2/2 is 1/2.

    >>> line = nq.deform(nq.load("line", mean=0.0), "phi^2/2", [[1.0]])
    >>> table = nq.correlators(line, [[[1.0], [1.0]]], orders=[2], kinds=["full"], draws=10_000)
    >>> table["estimator"].item(), bool(abs(table["estimate"].item() - 0.5) < 5 * table["mcse"].item())
    ('reweight', True)
    """
    given = conditioned(model)
    net = given.net
    x = check_configurations(configurations, net.dim)
    x = x.reshape(-1, *x.shape[-2:])
    _check_request(orders, kinds, draws, seed, x.shape[1])
    labels = check_components(net, components, x.shape[1])
    names = list(estimators) if estimators is not None else default_estimators(given, orders, kinds)
    if not names:
        raise InputError("estimators must name at least one, got none")
    for name in names:
        check_estimator(given, name)
    exact = {}
    if not given.factored:
        exact = _exact_values(net, x, labels, orders, kinds, required="exact" in names)
    elif "exact" in names:
        raise NoClosedForm(
            f"{type(net).__name__} with data, sources, actions or unknown hyperparameters has no closed form; use the "
            "estimator reweight or chain"
        )
    if progress:
        say(_plan_words(names, orders, kinds, len(x), draws, precision))
    found: list[_Result] = []
    batches: dict[str, int] = {}
    for name in names:
        if name == "exact":
            found += [_Result(name, order, kind, values, 0.0, None, None) for (order, kind), values in exact.items()]
            continue
        chosen: Any = name
        results = estimate(
            given,
            x,
            orders=orders,
            kinds=kinds,
            estimator=chosen,
            draws=draws or _draws(name, precision),
            seed=seed,
            components=labels,
            precision=precision,
            dtype=dtype,
            checkpoints=checkpoints,
            progress=progress,
        )
        batches[name] = results[0].batch
        found += [_Result(name, r.order, r.kind, r.estimate, r.mcse, r.ess, r.draws) for r in results]
    blocks = [_rows(net, result, exact.get((result.order, result.kind)), labels, seed) for result in found]
    table = validate_table(pd.concat(blocks, ignore_index=True), "correlators")
    table.attrs["provenance"] = {
        "theory": repr(model),
        **told(model),
        "dtype": dtype or ("float64" if jax.config.read("jax_enable_x64") else "float32"),
        "batch": batches,
        **({"log_weight_variance": log_weights(given, seed).variance} if "reweight" in names else {}),
        "device": jax.default_backend() if batches else None,
        "versions": {"nnqft_ppl": VERSION, "jax": jax.__version__, "numpyro": numpyro.__version__},
    }
    return table


def _plan_words(
    names: Sequence[str],
    orders: Sequence[int],
    kinds: Sequence[str],
    configurations: int,
    draws: int | None,
    precision: float | None,
) -> str:
    """What will be computed, before it is."""
    most = "at most " if precision is not None else ""
    goal = f", until every error is {precision:g} of its value" if precision is not None else ""
    parts = [name if name == "exact" else f"{name} ({most}{draws or _draws(name, precision)} draws)" for name in names]
    where = f"{configurations} configuration{'s' * (configurations != 1)}"
    return f"plan: {', '.join(parts)}{goal}; orders {', '.join(map(str, orders))}, {', '.join(kinds)}, at {where}"


class _Result(NamedTuple):
    """One correlator by one estimator at every configuration, (C,)."""

    estimator: str
    order: int
    kind: Kind
    values: Array
    mcse: Array | float
    ess: Array | None
    draws: int | None


def _rows(net: Architecture, result: _Result, exact: Array | None, labels: Components, seed: int) -> pd.DataFrame:
    """The rows of a result, one for each configuration, beside the exact values where there are any."""
    count = len(result.values)
    known = np.full(count, np.nan) if exact is None else exact
    rows = pd.DataFrame({"card": card_name(net), **flat_hyperparameters(net)}, index=range(count))
    rows["kind"], rows["order"], rows["configuration"] = result.kind, result.order, np.arange(count)
    rows["component"] = ",".join(map(str, labels[: result.order])) if net.component_count > 1 else None
    rows["estimator"], rows["estimate"], rows["mcse"] = result.estimator, result.values, result.mcse
    rows["ess"] = np.nan if result.ess is None else result.ess
    rows["draws"] = pd.array([result.draws] * count, dtype="Int64")
    rows["exact"] = known
    rows["z"] = _z_scores(result.values, known, result.mcse)
    rows["seed"] = pd.array([None if result.draws is None else seed] * count, dtype="Int64")
    rows["version"] = VERSION
    return rows


#: Why an estimator is chosen.
WHY = {
    "exact": "the moments of a neuron have closed forms",
    "neuron": "of independent neurons, single ones have the least variance",
    "amplitude": "networks, as neurons depend on each other or I_IB is asked for; their amplitudes are integrated out",
    "field": "networks, as the moments of the amplitudes that it takes are not known",
    "reweight": "at least a twentieth of a pilot of prior networks is effective",
    "chain": "the prior cannot be drawn, or its weights vary too much",
}


def default_estimators(model: Model, orders: Sequence[int], kinds: Sequence[Kind]) -> list[str]:
    """``exact`` where there are closed forms, and the Monte Carlo estimator that suits the theory and the kinds.

    That of least variance where networks are independent; with data, sources or actions ``reweight`` where at least a
    twentieth of a pilot of prior networks is effective, else ``chain``.
    """
    given = conditioned(model)
    net = given.net
    if given.factored:
        return ["reweight"] if chooses_weights(given) else ["chain"]
    best = "neuron" if net.independent and "I_IB" not in kinds else "amplitude"
    sampled = [best if _amplitudes_are_known(net) else "field"] if net.ancestral else []
    try:
        exact_correlator(net, np.linspace(0.0, 1.7, max(orders))[:, None] * np.ones(net.dim), "full")
    except NoClosedForm:
        return sampled or ["chain"]
    return ["exact", *sampled]


def largest_z(count: int) -> tuple[float, float]:
    """The median of the largest of `count` independent |z|, and what it exceeds once in a hundred.

    P(max |z| <= t) = (2 Phi(t) - 1)^count. Rows of a table share draws and so are not independent, which makes their
    largest |z| smaller, if anything.
    """
    median, rare = (NormalDist().inv_cdf((1.0 + level ** (1.0 / count)) / 2.0) for level in (0.5, 0.99))
    return median, rare


def _amplitudes_are_known(net: Architecture) -> bool:
    """Do amplitudes have moments of their own? Where they depend on each other only whole fields can be drawn."""
    try:
        return all(np.isfinite(group.moment((0, 0))) for group in net.amplitude_groups())
    except NoClosedForm:
        return False
    except InputError:  # infinite
        return True


def _draws(estimator: str, precision: float | None) -> int:
    if estimator == "chain":
        return CHAIN_DRAWS if precision is None else MOST_CHAIN_DRAWS
    return DRAWS if precision is None else MOST_DRAWS


def _check_request(orders: Sequence[int], kinds: Sequence[str], draws: int | None, seed: int, points: int) -> None:
    for order in orders:
        check_order(order)
        if order > points:
            raise InputError(f"order must be at most {points}, the number of points in a configuration, got {order}")
    for kind in kinds:
        check_kind(kind)
    if not orders or not kinds:
        raise InputError("orders and kinds must name at least one each, got none")
    if draws is not None and draws < 2:
        raise InputError(f"draws must be at least 2, got {draws}")
    check_seed(seed)


def _exact_values(
    net: Architecture, x: Array, labels: Components, orders: Sequence[int], kinds: Sequence[Kind], required: bool
) -> dict[tuple[int, Kind], Array]:
    values: dict[tuple[int, Kind], Array] = {}
    for order, kind in product(orders, kinds):
        try:
            values[order, kind] = exact_correlator(net, x[:, :order], kind, labels[:order])
        except NoClosedForm:
            if required:
                raise
    return values


def _z_scores(values: Array, exact: Array, mcse: Array | float) -> Array:
    mcse = np.broadcast_to(np.asarray(mcse, dtype=float), values.shape)
    return np.divide(values - exact, mcse, out=np.full(values.shape, np.nan), where=mcse > 0)
