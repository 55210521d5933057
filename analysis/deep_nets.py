"""Deep neurons (17): Euclidean invariance is inherited, neurons are dependent through shared inputs, less so for many.

For cosine activations at depth 1 everything is exact; deeper and with tanh, whole networks are drawn.
"""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.studies import Study

X = np.array([[[0.1, 0.0], [0.9, 0.3], [0.3, -0.4], [1.2, 0.2]]])


def run(study: Study) -> None:
    draws = 20_000 if study.quick else 100_000
    exact_part = _one_layer(study, draws)
    deep = _deeper(study, draws)
    study.table(pd.concat([exact_part, deep], ignore_index=True), "deep_nets")
    _picture(study)


def _moved(x: np.ndarray) -> np.ndarray:
    """Rotated by 0.7 and shifted."""
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    return x @ turn.T + np.array([0.8, -0.5])


def _one_layer(study: Study, draws: int) -> pd.DataFrame:
    net = load("deep_net", width=10, dim=2, inputs=5)
    for order in (2, 4):
        values = [float(exact_correlator(net, x[:, :order])[0]) for x in (X, _moved(X))]
        study.exact(
            "(17), (18)",
            f"k=5: G{order} is the same at moved points",
            values[0],
            values[1],
            1e-9,
            route="quadrature",
            of=net,
        )
    pair = X[0, :2]
    study.exact(
        "(17)",
        "k=5: G2 by two integrals",
        float(net.two_point(*pair)),
        float(exact_correlator(net, pair)),
        route="quadrature",
        of=net,
    )
    breaking = [float(exact_correlator(load("deep_net", width=10, dim=2, inputs=k), X, "I_IB")[0]) for k in (100, 200)]
    study.exact(
        "(9)", "I_IB falls like 1/k with the number of inputs", 0.5, breaking[1] / breaking[0], 0.02, route="quadrature"
    )
    table = correlators(
        net,
        X,
        orders=(2, 4),
        kinds=("full", "I_N", "I_IB"),
        estimators=("exact", "amplitude"),
        draws=draws,
        seed=study.seed(5),
        progress=study.progress,
    )
    rows: Any = table[(table["estimator"] == "amplitude") & (table["mcse"] > 1e-12)].itertuples()
    for row in rows:
        study.monte_carlo(
            "(17)", f"k=5: {row.kind} of order {row.order}, drawn", row.exact, row.estimate, row.mcse, of=net
        )
    return table


def _deeper(study: Study, draws: int) -> pd.DataFrame:
    """Invariance at depth: G2 and G4 at a configuration and at its image, with independent draws of both."""
    tables = []
    cases = (("tanh", 3, 5), ("cos", 2, 20), ("tanh", 1, 5))
    for activation, depth, inputs in cases[:1] if study.quick else cases:
        net = load("deep_net", width=10, dim=2, inputs=inputs, depth=depth, activation=activation)
        runs = [
            correlators(
                net,
                x,
                orders=(2, 4),
                kinds=("full",),
                estimators=("amplitude",),
                draws=draws,
                seed=study.seed(seed),
                progress=study.progress,
            )
            for x, seed in ((X, 6), (_moved(X), 7))
        ]
        pairs: Any = zip(runs[0].itertuples(), runs[1].itertuples(), strict=True)
        for here, there in pairs:
            error = float(np.hypot(here.mcse, there.mcse))
            statement = f"{activation}, depth {depth}, k={inputs}: G{here.order} moved - in place"
            study.monte_carlo("(17), (18)", statement, 0.0, there.estimate - here.estimate, error, of=net)
        tables += runs
    return pd.concat(tables, ignore_index=True)


def _picture(study: Study) -> None:
    with study.figure("deep_nets") as (_, axes):
        inputs = np.array([1, 2, 4, 8, 16, 32, 64])
        base = load("deep_net", width=10, dim=2)
        for kind in ("I_N", "I_IB"):
            values = [float(exact_correlator(dataclasses.replace(base, inputs=int(k)), X, kind)[0]) for k in inputs]
            axes.plot(inputs, np.abs(values), marker="o", ms=3, label=f"$|{kind[0]}_{{{kind[2:]}}}|$")
        axes.set(xscale="log", yscale="log", xlabel="inputs k", title="neurons on shared inputs, N = 10")
        axes.legend()
