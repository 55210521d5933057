"""The verbs that make a table of a theory: their options, what can be said before any work, and the call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl.axioms.osterwalder_schrader import axiom_verdicts
from nnqft_ppl.classical.breaking import breaking
from nnqft_ppl.classical.modes import modes
from nnqft_ppl.classical.vacua import vacua
from nnqft_ppl.correlation.estimators import check_estimator
from nnqft_ppl.correlation.exact import KINDS, MAX_ORDER, check_components
from nnqft_ppl.inference.posterior import posterior
from nnqft_ppl.interacting.boxes import box
from nnqft_ppl.interacting.energies import lowest_energies, places
from nnqft_ppl.reports.actions import action
from nnqft_ppl.reports.axioms import axiom_table
from nnqft_ppl.reports.classical import breaking_table, modes_table, vacua_table
from nnqft_ppl.reports.correlators import correlators
from nnqft_ppl.reports.interactions import WIDTHS, interact
from nnqft_ppl.reports.points import default_configuration
from nnqft_ppl.reports.provenance import theory_table
from nnqft_ppl.reports.schemas import Schema
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.plan import SAMPLERS
from nnqft_ppl.sweeps import options as read
from nnqft_ppl.sweeps.options import Option
from nnqft_ppl.theory.conditioned import Model, conditioned, unconditioned
from nnqft_ppl.theory.transforms import deform

Options = dict[str, Any]


@dataclass(frozen=True)
class Verb:
    """What makes a table of a theory."""

    schema: Schema
    run: Callable[[Model, Options, int], pd.DataFrame]
    options: dict[str, Option] = field(default_factory=dict)
    check: Callable[[Model, Options], object] = lambda _model, _options: None
    seeded: Callable[[Options], bool] = lambda _options: True  #: does the result depend on the seed?


def _alone(name: str) -> Callable[[Model, Options], object]:
    """For verbs that know no data, sources and actions."""
    return lambda model, _: unconditioned(model, name, "sweep another verb")


# -- correlators -------------------------------------------------------------------------------------------------------


def _correlators(model: Model, options: Options, seed: int) -> pd.DataFrame:
    return correlators(model, _configurations(model, options), seed=seed, **_without(options, "points"))


def _configurations(model: Model, options: Options) -> Any:
    if options["points"] is not None:
        return np.asarray(options["points"])
    return default_configuration(max(options["orders"]), conditioned(model).net.dim)


def _check_correlators(model: Model, options: Options) -> None:
    given = conditioned(model)
    for name in options["estimators"] or ():
        check_estimator(given, name)
    x = _check_dim("points", options["points"], model)
    most = max(options["orders"]) if x is None else x.shape[1]
    if max(options["orders"]) > most:
        raise InputError(f"orders must be at most {most}, the number of points, got {max(options['orders'])}")
    if options["components"] is not None:
        check_components(given.net, options["components"], most)


def _check_dim(label: str, points: Any, model: Model) -> Any:
    dim = conditioned(model).net.dim
    x = None if points is None else np.asarray(points)
    if x is not None and x.shape[-1] != dim:
        raise InputError(f"{label} must have {dim} coordinates, got {x.shape[-1]}")
    return x


def _without(options: Options, *names: str) -> Options:
    return {name: value for name, value in options.items() if name not in names}


# -- the other verbs ---------------------------------------------------------------------------------------------------


def _axioms(model: Model, options: Options, seed: int) -> pd.DataFrame:
    return axiom_table(model, axiom_verdicts(model, **options, seed=seed), seed)


def _modes(model: Model, options: Options, seed: int) -> pd.DataFrame:
    return modes_table(model, modes(model, **options, seed=seed), seed=seed)


def _breaking(model: Model, _: Options, seed: int) -> pd.DataFrame:
    net = unconditioned(model, "breaking", "use modes")
    return breaking_table(net, breaking(net, seed=seed))


def _vacua(model: Model, _: Options, seed: int) -> pd.DataFrame:
    net = unconditioned(model, "vacua", "use modes")
    return vacua_table(net, vacua(net, seed=seed), seed=seed)


def _energies(model: Model, options: Options, seed: int) -> pd.DataFrame:
    net = conditioned(model).net
    times = options["step"] * net.length * np.arange(float(options["count"]))
    given = {"space": places(net, options["side"], options["nodes"]), "powers": options["powers"]}
    found = lowest_energies(model, times, **given, draws=options["draws"], seed=seed)
    columns = (found.energies, found.errors, found.weights, found.weight_errors)
    names = ("energy", "error", "weight", "weight_error")
    common = {"effective": found.effective, "draws": options["draws"], "seed": seed}
    rows = [
        {"state": state, **dict(zip(names, row, strict=True)), **common}
        for state, row in enumerate(np.transpose(columns), start=1)
    ]
    return theory_table(model, rows, "energies")


def _action(model: Model, options: Options, _: int) -> pd.DataFrame:
    return action(model, options["points"], powers=options["powers"])


def _interact(model: Model, options: Options, seed: int) -> pd.DataFrame:
    given = _without(options, "potential", "points")
    return interact(model, options["potential"], configurations=options["points"], **given, seed=seed)


def _check_interact(model: Model, options: Options) -> None:
    dim = conditioned(model).net.dim
    _check_dim("points", options["points"], model)
    box(dim, options["side"], options["nodes"])
    deform(model, options["potential"], np.zeros((1, dim)))


def _posterior(model: Model, options: Options, seed: int) -> pd.DataFrame:
    given = conditioned(model)
    x = options["points"]
    if x is None:
        x = default_configuration(4, given.net.dim)[0] if given.observation is None else given.observation[0]
    result = posterior(model, x, **_without(options, "points"), seed=seed)
    common = {"converged": result.convergence.converged, "seed": seed}
    found: Any = result.summary.rename(columns={"mean": "estimate"}).to_dict("records")
    return theory_table(model, [row | common for row in found], "posterior")


POINTS = Option(read.configurations)

VERBS: dict[str, Verb] = {
    "correlators": Verb(
        "correlators",
        _correlators,
        {
            "orders": Option(read.wholes(1, MAX_ORDER), [2, 4]),
            "kinds": Option(read.words(*KINDS), ["full", "connected"]),
            "estimators": Option(read.words()),
            "components": Option(read.wholes(0)),
            "draws": Option(read.whole(2)),
            "precision": Option(read.positive, dtype="float64"),
            "dtype": Option(read.word("float32", "float64"), "float64", dtype="str"),
            "points": POINTS,
        },
        _check_correlators,
        lambda options: options["estimators"] != ["exact"],
    ),
    "axioms": Verb("axioms", _axioms, {"draws": Option(read.whole(1000), 100_000)}),
    "modes": Verb(
        "modes",
        _modes,
        {
            "sites": Option(read.words()),
            "starts": Option(read.whole(1), 2**14),
            "missed": Option(read.positive, 1e-3, dtype="float64"),
        },
    ),
    "breaking": Verb("breaking", _breaking, check=_alone("breaking")),
    "vacua": Verb("vacua", _vacua, check=_alone("vacua")),
    "energies": Verb(
        "energies",
        _energies,
        {
            "step": Option(read.positive, 0.4, dtype="float64"),
            "count": Option(read.whole(3), 17, dtype="Int64"),
            "side": Option(read.positive, dtype="float64"),
            "nodes": Option(read.whole(1), 8, dtype="Int64"),
            "powers": Option(read.wholes(1), [1], dtype="str"),
            "draws": Option(read.whole(1000), 200_000),
        },
    ),
    "action": Verb(
        "action",
        _action,
        {"points": Option(read.points), "powers": Option(read.whole(0), 2)},
        _alone("action"),
        lambda _: False,
    ),
    "interact": Verb(
        "interactions",
        _interact,
        {
            "potential": Option(read.text, "0.1*phi^4"),
            "side": Option(read.positive, 4.0, dtype="float64"),
            "nodes": Option(read.whole(1), 12, dtype="Int64"),
            "normal_order": Option(read.flag, False, dtype="boolean"),
            "widths": Option(read.wholes(1), list(WIDTHS)),
            "draws": Option(read.whole(2), 100_000),
            "points": POINTS,
        },
        _check_interact,
    ),
    "posterior": Verb(
        "posterior",
        _posterior,
        {
            "points": Option(read.points),
            "chains": Option(read.whole(1), 4, dtype="Int64"),
            "warmup": Option(read.whole(0), 500, dtype="Int64"),
            "draws": Option(read.whole(4), 500, dtype="Int64"),
            "sampler": Option(read.word(*SAMPLERS), dtype="str"),
        },
        lambda model, options: _check_dim("points", options["points"], model),
    ),
}
