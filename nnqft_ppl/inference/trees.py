"""Draws as ArviZ DataTrees with named dimensions, made in one place."""

import json
from typing import Any

import arviz_base
from xarray import DataTree

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned


def site_dims(net: Architecture, site: str, shape: tuple[int, ...]) -> list[str]:
    """Names of a site's dimensions: ``neuron`` first unless all neurons share it, then ``component`` or ``axis``."""
    if site in net.shared:
        return [f"{site}_dim_{k}" for k in range(len(shape))]
    rest = [f"{site}_dim_{k}" for k in range(1, len(shape))]
    if len(rest) == 1 and site == "a" and shape[1] == net.component_count:
        rest = ["component"]
    elif len(rest) == 1 and shape[1] == net.dim and site in ("b", "z"):
        rest = ["axis"]
    return ["neuron", *rest]


def posterior_tree(
    model: Conditioned,
    kept: dict[str, Array],
    hyper: dict[str, Array],
    before: dict[str, dict[str, Array]],
    x: Array,
    provenance: dict[str, Any],
) -> DataTree:
    component = ["component"] if model.net.component_count > 1 else []
    sites = {name.removeprefix("site_"): v for name, v in kept.items() if name.startswith("site_")}
    groups: dict[str, dict[str, Any]] = {
        "posterior": {"phi": kept["phi"], "action": kept["action"], **hyper, **sites},
        "sample_stats": {n.removeprefix("stat_"): v for n, v in kept.items() if n.startswith("stat_")},
        "constant_data": {"points": x},
        **before,
    }
    dims = {"phi": ["point", *component], "points": ["point", "axis"], "observed_points": ["observation", "axis"]}
    dims |= {"y": ["observation", *component]}
    dims |= {site: site_dims(model.net, site, value.shape[2:]) for site, value in sites.items()}
    if model.observation is not None:
        groups["posterior_predictive"] = {"y": kept["y"]}
        groups["log_likelihood"] = {"y": kept["log_y"]}
        groups["observed_data"] = {"y": model.observation.values}
        groups["constant_data"]["observed_points"] = model.observation.points
    attrs = {"/": {"nnqft_ppl": json.dumps(provenance, sort_keys=True)}}
    return arviz_base.from_dict(groups, dims=dims, attrs=attrs)
