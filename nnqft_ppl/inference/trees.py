"""Draws as ArviZ DataTrees with named dimensions, made in one place."""

import json
from typing import Any, NamedTuple

import arviz_base
from xarray import DataTree

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned


def site_dims(net: Architecture, site: str, shape: tuple[int, ...]) -> list[str]:
    """Names of a site's dimensions: ``neuron`` first unless all share it, then ``component``, ``axis`` or ``point``."""
    if site in net.shared:
        return [f"{site}_dim_{k}" for k in range(len(shape))]
    rest = [f"{site}_dim_{k}" for k in range(1, len(shape))]
    if len(rest) == 1 and site == "a" and shape[1] == net.component_count:
        rest = ["component"]
    elif site in net.vectors:
        rest = ["axis"]
    elif site in net.paths:
        rest = ["point"]
    return ["neuron", *rest]


class Draws(NamedTuple):
    """What a posterior keeps of every draw: arrays, and dictionaries of arrays, (chain, draw, ...)."""

    phi: Any  #: the field at the points that were asked for
    action: Any  #: minus the log of everything that multiplies the prior
    hyper: dict[str, Any]  #: hyperparameters with a law, and the noise
    values: dict[str, Any]  #: ``y`` drawn, and ``log_y``, the log likelihood of what was observed; empty without data
    residual: dict[str, Any]  #: Schwinger-Dyson residual; empty where it cannot be tested
    sites: dict[str, Any]  #: parameters, where they were asked for


def posterior_tree(
    model: Conditioned,
    kept: Draws,
    stats: dict[str, Any],
    before: dict[str, dict[str, Array]],
    x: Array,
    provenance: dict[str, Any],
) -> DataTree:
    """Draws of a posterior, statistics of the sampler's moves and prior draws as one tree."""
    component = ["component"] if model.net.component_count > 1 else []
    groups: dict[str, dict[str, Any]] = {
        "posterior": {"phi": kept.phi, "action": kept.action, **kept.hyper, **kept.sites},
        "sample_stats": {**kept.residual, **stats},
        "constant_data": {"points": x},
        **before,
    }
    dims = {"phi": ["point", *component], "points": ["point", "axis"], "observed_points": ["observation", "axis"]}
    dims |= {"y": ["observation", *component]}
    dims |= {site: site_dims(model.net, site, value.shape[2:]) for site, value in kept.sites.items()}
    if model.observation is not None:
        groups["posterior_predictive"] = {"y": kept.values["y"]}
        groups["log_likelihood"] = {"y": kept.values["log_y"]}
        groups["observed_data"] = {"y": model.observation.values}
        groups["constant_data"]["observed_points"] = model.observation.points
    attrs = {"/": {"nnqft_ppl": json.dumps(provenance, sort_keys=True)}}
    return arviz_base.from_dict(groups, dims=dims, attrs=attrs)
