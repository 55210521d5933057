"""Simulation-based calibration of every card that can be conditioned: do posteriors cover what they should?

Fields from the prior, data from the fields, chains from the posteriors; ranks must be uniform. The last row plants an
error, an interaction that the sampler forgets, which must be seen.
"""

from typing import Any

import numpy as np

from nnqft_ppl import deform, load, names, observe
from nnqft_ppl.inference.calibration import calibrate
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.studies import Study

X = np.array([-1.0, -0.2, 0.4, 1.3])
LEVEL = 1e-4  # false alarms a row


def run(study: Study) -> None:
    shown = []
    for seed, name in enumerate(() if study.quick else names(), start=1):
        net = load(name) if name == "line" else load(name, width=4)
        if not net.ancestral or "joined" in net.prior():
            continue  # no exact prior draws; a law that is not smooth
        points = X[:, None] * np.ones(net.dim) / net.dim**0.5
        values = np.zeros((4, net.component_count)) if net.component_count > 1 else np.zeros(4)
        model = observe(net, points, values, noise=0.5)
        sampler = "gibbs" if net.independent and not net.shared else None
        short: dict[str, Any] = {"replicates": 128, "draws": 31, "thin": 2, "warmup": 60, "seed": seed}
        try:
            result = calibrate(model, 2 * points[-1:], sampler=sampler, **short)
        except InputError:  # a mean that the neuron-wise moves do not know
            result = calibrate(model, 2 * points[-1:], **short)
        study.between("(3)", f"{name}: ranks are uniform, p", 0.5, result.p_value, LEVEL, 1.0)
        shown.append(result)
    net = load("cauchy", width=4)
    truth = observe(net, X[:, None], np.zeros(4), noise=0.5)
    arguments: dict[str, Any] = {"replicates": 500, "draws": 31, "thin": 3, "warmup": 50}
    quartic = deform(truth, lambda phi: 2.0 * phi**4, X[:, None])
    interacting = calibrate(quartic, np.array([[2.0]]), **arguments)
    study.between("(3)", "cauchy with phi^4: ranks are uniform, p", 0.5, interacting.p_value, LEVEL, 1.0)
    forgetful = calibrate(truth, np.array([[2.0]]), truth=quartic, **arguments)
    study.between("(3)", "cauchy, phi^4 forgotten: ranks are not uniform, p", 0.0, forgetful.p_value, 0.0, LEVEL)

    shown = shown or [interacting]
    with study.figure("calibration", title="ECDF of ranks, with the 99 % band") as (_, axes):
        for one in shown:
            u = (np.sort(one.ranks[:, -1]) + 0.5) / (one.draws + 1)
            axes.plot(u, np.arange(1, len(u) + 1) / len(u) - u, lw=0.8, color="C0", alpha=0.5)
        band = shown[-1].band()
        axes.axhspan(-band, band, color="0.9", zorder=0)
        axes.set(xlabel="rank of the action / draws", ylabel="ECDF − rank", ylim=(-0.25, 0.25))
