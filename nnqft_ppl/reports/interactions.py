"""What an interaction does: a deformed theory in a box over several widths, beside N = infinity, as one tidy table."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import numpyro
import pandas as pd
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.correlation.exact import Kind
from nnqft_ppl.correlation.weighted import chooses_weights
from nnqft_ppl.inference.gaussian_process import kernel_matrix
from nnqft_ppl.interacting.boxes import Box, box
from nnqft_ppl.interacting.gaussian_limit import gaussian_limit
from nnqft_ppl.interacting.masses import effective_masses, separations
from nnqft_ppl.interacting.oscillator import Oscillator
from nnqft_ppl.interacting.perturbation import perturbation
from nnqft_ppl.interacting.wick import coefficients, wick
from nnqft_ppl.reports.provenance import card_name
from nnqft_ppl.reports.schemas import validate_table
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import check_seed
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import told
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned
from nnqft_ppl.theory.transforms import deform

WIDTHS = (6, 20, 200)
KINDS: tuple[Kind, ...] = ("full", "connected")
SERIES = {"first order": 1, "second order": 2}
SAME = 1e-9  # relative deviation of a two-point function from another that is rounding


def interact(
    model: Model,
    potential: str,
    *,
    side: float = 4.0,
    nodes: int = 12,
    normal_order: bool = False,
    widths: Sequence[int] = WIDTHS,
    configurations: ArrayLike | None = None,
    draws: int = 100_000,
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """The theory P(theta) exp(-int V(phi)) in a box over several widths, beside its limit N = infinity.

    Two- and four-point functions (2), (4), (7) at a few points, and effective masses from the correlators of slices at
    zero momentum: by networks; of the Gaussian process at N = infinity, (10), reweighted by exp(-S); as a series in S
    about it, where V is a polynomial; and where the free theory on the line is the particle in a harmonic well of (31),
    by its oscillator H = p^2/2 + m^2 q^2/2 + V(q).

    Parameters
    ----------
    model
        A theory of one component; what transforms have made of it stays.
    potential
        V, as `deform` reads it.
    side, nodes
        The box [-side/2, side/2]^d, with the midpoint rule on `nodes` nodes along each axis; lengths in units of 1/m.
    normal_order
        V in normal order, as `wick` writes it, with the two-point function at one point.
    widths
        Numbers N of neurons.
    configurations
        Shape (C, n, d) with 2 <= n; by default four fields at the middle, and at the corners of a square with an eighth
        of the side (on the line four points an eighth of the side apart).
    draws, seed
        Draws at each width and at N = infinity, and the seed that fixes them.
    progress
        Show bars on standard error, if that is a terminal.

    Returns
    -------
    A tidy DataFrame in the schema ``interactions``: a row for each width (null at N = infinity), ``kind``, full,
    connected or mass, order and configuration or distance, with ``estimator``, ``estimate``, its standard error
    ``mcse``, ``ess``, and ``z``, its distance from the limit in standard errors. The provenance is in ``attrs``.

    Raises
    ------
    InputError
        for a box, a potential, points or widths that do not fit, a field with several components, dependent neurons, or
        a variance that changes from node to node where V is to be in normal order.
    NoClosedForm
        where the card has no closed two-point function.

    Examples
    --------
    phi^4 on the line: at N = infinity the anharmonic oscillator, whose <phi^2> networks of 200 neurons share.

    >>> table = nq.interact(nq.load("cauchy"), "0.5*phi^4", nodes=24, widths=[200], draws=20_000)
    >>> rows = table[(table["kind"] == "connected") & (table["order"] == 2) & (table["configuration"] == 0)]
    >>> found = rows.set_index("estimator")
    >>> round(float(found.loc["oscillator", "estimate"]), 3)
    0.308
    >>> bool(abs(found.loc["reweight", "z"]) < 5)
    True
    """
    given = conditioned(model)
    net = given.net
    if net.component_count > 1:
        raise InputError(f"interact: field must have one component, got {net.component_count} ({card_name(net)})")
    if not widths:
        raise InputError("widths must be at least one number of neurons, got none")
    nets = [replace(net, width=width) for width in widths]
    check_seed(seed)
    place = box(net.dim, side, nodes)
    text = _normal_ordered(net, potential, place) if normal_order else potential
    theory = deform(given, text, place.points, place.weights)
    x = default_configurations(place) if configurations is None else check_configurations(configurations, net.dim)
    x = x.reshape(-1, *x.shape[-2:])
    orders = [order for order in (2, 4) if order <= x.shape[1]]
    if not orders:
        raise InputError(f"configurations must have at least 2 points each, got {x.shape[1]}")
    blocks = list(_limit(theory, text, place, x, orders, draws, seed, progress))
    for wide in nets:
        blocks += _of_networks(replace(theory, net=wide), place, x, orders, draws, seed, progress)
    table = pd.concat([pd.DataFrame(block) for block in blocks], ignore_index=True)
    table["card"], table["dim"], table["potential"], table["version"] = card_name(net), net.dim, text, VERSION
    table["z"] = _distances(table)
    table = validate_table(table, "interactions")
    table.attrs["provenance"] = {
        "theory": repr(theory),
        **told(theory),
        "box": {"side": side, "nodes": nodes},
        "device": jax.default_backend(),
        "versions": {"nnqft_ppl": VERSION, "jax": jax.__version__, "numpyro": numpyro.__version__},
    }
    return table


def default_configurations(place: Box) -> Array:
    """Four fields at the middle, and at the corners of a small square, or on the line side by side: (2, 4, d)."""
    around = np.zeros((4, place.dim))
    around[:, 0] = [-1.5, -0.5, 0.5, 1.5]
    if place.dim > 1:
        around[:, :2] = [[0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [-0.5, -0.5]]
    return np.stack([np.zeros_like(around), place.side / 8 * around])


def _normal_ordered(net: Any, potential: str, place: Box) -> str:
    variances = net.two_point(place.points, place.points)
    if np.ptp(variances) > SAME * np.max(variances):
        raise InputError(
            f"interact: normal order needs one variance of the field at all nodes, got {variances.min():.4g} to "
            f"{variances.max():.4g} ({card_name(net)})"
        )
    return wick(potential, float(variances[0]))


# -- rows, as columns of a table ---------------------------------------------------------------------------------------


def _correlators(width: int | None, estimator: str, order: int, kind: str, values: Array, **columns: Any) -> dict:
    count = len(values)
    return {
        "width": pd.array([width] * count, dtype="Int64"),
        "estimator": estimator,
        "order": order,
        "kind": kind,
        "configuration": pd.array(range(count), dtype="Int64"),
        "distance": np.nan,
        "estimate": values,
        **_filled(count, columns),
    }


def _masses(width: int | None, estimator: str, distance: Array, mass: Array, **columns: Any) -> dict:
    count = len(mass)
    return {
        "width": pd.array([width] * count, dtype="Int64"),
        "estimator": estimator,
        "order": 2,
        "kind": "mass",
        "configuration": pd.array([None] * count, dtype="Int64"),
        "distance": distance,
        "estimate": mass,
        **_filled(count, columns),
    }


def _filled(count: int, columns: dict[str, Any]) -> dict[str, Any]:
    whole = {name: pd.array([columns.get(name)] * count, dtype="Int64") for name in ("draws", "seed")}
    return {"mcse": columns.get("mcse", 0.0), "ess": columns.get("ess", np.nan), **whole}


def _of_networks(
    theory: Conditioned, place: Box, x: Array, orders: list[int], draws: int, seed: int, progress: bool
) -> Iterator[dict]:
    """Correlators by weights or, where hardly a network would count, by chains; masses by weights."""
    width, weights = theory.net.width, chooses_weights(theory)
    name: Any = "reweight" if weights else "chain"
    found = estimate(
        theory,
        x,
        orders=orders,
        kinds=KINDS,
        estimator=name,
        draws=draws,
        seed=seed,
        dtype="float32" if weights else "float64",
        progress=progress,
    )
    for one in found:
        yield _correlators(
            width,
            name,
            one.order,
            one.kind,
            one.estimate,
            mcse=one.mcse,
            ess=one.ess,
            draws=one.draws,
            seed=seed,
        )
    if weights:
        yield from _measured_masses(theory, place, width, draws, seed, progress)


def _limit(
    theory: Conditioned, text: str, place: Box, x: Array, orders: list[int], draws: int, seed: int, progress: bool
) -> Iterator[dict]:
    """N = infinity: the reweighted Gaussian process, the series about it, and the oscillator on the line."""
    for one in gaussian_limit(theory, x, orders=orders, kinds=KINDS, draws=draws, seed=seed, progress=progress):
        yield _correlators(
            None, "limit", one.order, one.kind, one.estimate, mcse=one.mcse, ess=one.ess, draws=one.draws, seed=seed
        )
    yield from _measured_masses(theory, place, None, draws, seed, progress)
    alone = not theory.sources and theory.observation is None and len(theory.actions) == 1
    if alone and _is_polynomial(text):
        for order in orders:
            for kind in KINDS:
                series = perturbation(theory, x, order=order, kind=kind)
                for name, powers in SERIES.items():
                    yield _correlators(None, name, order, kind, series[: powers + 1].sum(axis=0))
    mass = oscillator_mass(theory.net, place) if alone else None
    if mass is not None:
        yield from _of_oscillator(Oscillator(text, mass), place, x, orders)


def _is_polynomial(text: str) -> bool:
    try:
        coefficients(text)
    except InputError:
        return False
    return True


def _measured_masses(
    theory: Conditioned, place: Box, width: int | None, draws: int, seed: int, progress: bool
) -> Iterator[dict]:
    """Effective masses up to half of the side, beyond which the ends of the box are near."""
    if place.nodes < 4:
        return
    found = effective_masses(theory, place, infinite=width is None, draws=draws, seed=seed, progress=progress)
    near = found.distance <= place.side / 2
    name = "limit" if width is None else "reweight"
    options = {"ess": found.ess, "draws": found.draws, "seed": seed}
    yield _masses(width, name, found.distance[near], found.mass[near], mcse=found.mcse[near], **options)


def oscillator_mass(net: Any, place: Box) -> float | None:
    """m where the two-point function on the line is that of a particle in a harmonic well, exp(-m r)/(2 m)."""
    if net.dim != 1:
        return None
    variance = float(net.two_point(np.zeros(1), np.zeros(1)))
    mass, r = 0.5 / variance, place.side * np.array([[0.1], [0.37], [1.0]])
    apart = kernel_matrix(net, np.zeros((1, 1)), r)[0] - variance * np.exp(-mass * r[:, 0])
    return mass if np.all(np.abs(apart) < SAME * variance) else None


def _of_oscillator(oscillator: Oscillator, place: Box, x: Array, orders: list[int]) -> Iterator[dict]:
    """What the nodes of the box make of the oscillator, without error; and its gap in infinite time."""

    def value(times: ArrayLike) -> float:
        return oscillator.on_nodes(times, place.axis, place.weights)

    def correlator(times: Array, order: int, kind: str) -> float:
        found = value(times)
        if kind == "connected" and order == 4:
            pairs = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
            found -= sum(value(times[list(one)]) * value(times[list(two)]) for one, two in pairs)
        return found

    even = np.allclose([value([0.0]), value([place.side / 3])], 0.0, atol=1e-12)
    for order in orders:
        for kind in KINDS if even else KINDS[:1]:
            values = np.array([correlator(one[:order, 0], order, kind) for one in x])
            yield _correlators(None, "oscillator", order, kind, values)
    distances = separations(place)
    slices = np.array([value([-r / 2, r / 2]) for r in distances])
    middle = (distances[1:] + distances[:-1]) / 2
    near = middle <= place.side / 2
    masses = np.log(slices[:-1] / slices[1:]) / np.diff(distances)
    yield _masses(None, "oscillator", np.append(middle[near], np.nan), np.append(masses[near], oscillator.gap))


def _distances(table: pd.DataFrame) -> Array:
    """(estimate - limit) in standard errors of both, where there is a limit."""
    key = ["kind", "order", "configuration", "distance"]
    limit: Any = table.loc[table["estimator"] == "limit", [*key, "estimate", "mcse"]]
    beside = table[key].merge(limit, on=key, how="left")
    error = np.hypot(table["mcse"].to_numpy(dtype=float), beside["mcse"].to_numpy(dtype=float))
    gap = table["estimate"].to_numpy(dtype=float) - beside["estimate"].to_numpy(dtype=float)
    own = (table["estimator"] == "limit").to_numpy()
    return np.where(own, np.nan, np.divide(gap, error, out=np.full(len(gap), np.nan), where=error > 0))
