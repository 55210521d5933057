"""Dependent neurons: I_IB (9), (28) and its perturbative limit (11), for every coupled family, exact and estimated.

Interactions from dependence survive N -> infinity where those from finite width die like 1/N, (10); only the Gibbs
coupling, of strength eps/N^2 for a pair, lets them die as well, like 1/N^2.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.studies import Study

X = np.array([[[0.0], [1.2], [0.5], [2.0]]])
EPSILONS = (0.05, 0.2, 0.5, 0.8)
QUICK = ("coupled_cos_net", "shared_scale_cos_net")  # families that --quick draws, at the largest epsilon
WIDTHS = (4, 20, 100, 1000)

#: The families: the leading power of eps in I_IB, and the independent card with the same marginal, if it has one.
FAMILIES = {
    "coupled_cos_net": (1, "cos_net"),
    "coupled_cauchy": (1, "cauchy"),
    "coupled_scalar": (1, "free_scalar"),
    "equicorrelated_cos_net": (2, "cos_net"),
    "shared_neuron_cos_net": (1, "cos_net"),
    "shared_scale_cos_net": (1, None),
    "gibbs_cos_net": (1, None),
}


def run(study: Study) -> None:
    tables = [family(study, name) for name in FAMILIES]
    result = pd.concat(tables, ignore_index=True)
    study.table(result, "independence_breaking")
    _picture(study)


def family(study: Study, name: str) -> pd.DataFrame:
    """Everything that (9), (11) and (28) say of one family, as rows, and its table."""
    power, plain = FAMILIES[name]
    smallest = 1e-9 if name == "shared_scale_cos_net" else 0.0
    theory: Any = load(name, width=6, epsilon=0.5)
    closed = float(theory.independence_breaking(X)[0])
    study.exact("(9), (28)", f"{name}: I_IB of the card = of the engine", closed, _i_ib(theory))
    single = float(exact_correlator(theory, X, "I_N")[0])
    study.exact("(7)", f"{name}: G4c = I_N + I_IB of the card", _connected(theory), single + closed)
    off = load(name, width=6, epsilon=smallest)
    study.exact("(11)", f"{name}: I_IB at eps = 0", 0.0, _i_ib(off), 1e-9)
    small = [_i_ib(load(name, width=6, epsilon=e)) for e in (1e-4, 2e-4)]
    study.exact("(11)", f"{name}: leading power of eps in I_IB", power, float(np.log2(small[1] / small[0])), 1e-2)
    if plain is not None:
        pair = X[:, :2]
        free = float(exact_correlator(load(plain, width=6), pair)[0])
        study.exact(
            "(6)", f"{name}: G2 is that of {plain} at eps = .8", free, _two(load(name, width=6, epsilon=0.8), pair)
        )
    if name == "gibbs_cos_net":  # eps S^2/N^2: the coupling of a pair falls with N
        wide = [_i_ib(load(name, width=n, epsilon=0.5)) for n in (500, 1000)]
        study.exact("(11)", f"{name}: I_IB falls like 1/N^2", 0.25, wide[1] / wide[0], 0.05)
        return _exact(theory)
    limit = _i_ib(load(name, width=10**6, epsilon=0.5))
    study.between(
        "(10)",
        f"{name}: I_IB / G4c at N = 1e6",
        1.0,
        limit / _connected(load(name, width=10**6, epsilon=0.5)),
        0.99,
        1.01,
    )
    if study.quick and name not in QUICK:
        return _exact(theory)
    epsilons = EPSILONS[-1:] if study.quick else EPSILONS
    return pd.concat([_estimated(study, name, epsilon) for epsilon in epsilons], ignore_index=True)


def _estimated(study: Study, name: str, epsilon: float) -> pd.DataFrame:
    table = correlators(
        load(name, width=10, epsilon=epsilon),
        X,
        orders=(4,),
        kinds=("I_N", "I_IB"),
        estimators=("exact", "amplitude"),
        draws=50_000 if study.quick else 200_000,
        seed=11,
        progress=study.progress,
    )
    rows: Any = table[table["estimator"] == "amplitude"].itertuples()
    for row in rows:
        statement = f"{name} eps={epsilon}: {row.kind} by whole networks"
        study.monte_carlo("(8)" if row.kind == "I_N" else "(28)", statement, row.exact, row.estimate, row.mcse)
    return table


def _exact(net) -> pd.DataFrame:
    return correlators(net, X, orders=(4,), kinds=("I_N", "I_IB"), estimators=("exact",))


def _i_ib(net) -> float:
    return float(exact_correlator(net, X, "I_IB")[0])


def _connected(net) -> float:
    return float(exact_correlator(net, X, "connected")[0])


def _two(net, pair) -> float:
    return float(exact_correlator(net, pair)[0])


def _picture(study: Study) -> None:
    with study.figure("independence_breaking", columns=2) as (_, (left, right)):
        epsilon = np.geomspace(1e-3, 0.95, 40)
        for name in FAMILIES:
            values = np.array([abs(_i_ib(load(name, width=10, epsilon=float(e)))) for e in epsilon])
            left.plot(epsilon, values, label=name)
            wide = np.array([abs(_connected(load(name, width=n, epsilon=0.5))) for n in WIDTHS])
            right.plot(WIDTHS, wide, marker="o", ms=3, label=name)
        left.set(xscale="log", yscale="log", xlabel="ε", ylabel="$|I_{IB}|$", title="perturbative limit, N = 10")
        left.legend(fontsize=7)
        independent = np.array([_connected(load("cos_net", width=n)) for n in WIDTHS])
        right.plot(WIDTHS, np.abs(independent), color="0.3", ls="--", label="independent cos_net")
        right.set(xscale="log", yscale="log", xlabel="width N", ylabel="$|G^{(4)}_c|$", title="what survives, ε = 0.5")
        right.legend(fontsize=7)
