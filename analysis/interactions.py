"""Interactions: I_N (8), (27), the 1/N law (7), (10), every amplitude law, and where the interaction changes sign.

For one-dimensional Cos-net at coincident points G4c = (3/8N)(gamma_a^4 - 2 sigma_a^4): attractive or repulsive is
decided by the kurtosis of the amplitudes alone, and the sign changes at gamma_a^4 = 2 sigma_a^4.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from nnqft_ppl import Bimodal, correlators, exact_correlator, load
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import AMPLITUDES

SPREAD = np.array([[[0.0], [0.4], [1.0], [-0.3]]])
COINCIDENT = np.zeros((1, 4, 1))
WIDTHS = (2, 5, 20, 100, 1000)


def run(study: Study) -> None:
    draws = 50_000 if study.quick else 200_000
    by_width = _width_law(study, draws)
    by_law = _amplitude_laws(study, draws)
    _sign_change(study)
    _cost(study, draws)
    study.table(pd.concat([by_width, by_law], ignore_index=True), "interactions")
    _picture(study, by_width, by_law)


def _width_law(study: Study, draws: int) -> pd.DataFrame:
    """Connected functions of order n fall like N^(1-n/2), exactly; the estimators see it at every width."""
    parts = []
    for width in WIDTHS[1::3] if study.quick else WIDTHS:
        net = load("cos_net", width=width)
        names = ("exact", "neuron", "amplitude") if width <= 100 else ("exact", "neuron")
        few = draws if width <= 20 else draws // 4
        parts.append(
            correlators(
                net,
                SPREAD,
                orders=(4,),
                kinds=("connected",),
                estimators=names,
                draws=few,
                seed=5,
                progress=study.progress,
            )
        )
    table = pd.concat(parts, ignore_index=True)
    rows: Any = table[table["estimator"] != "exact"].itertuples()
    for row in rows:
        study.monte_carlo(
            "(8), (27)", f"cos_net N={row.width}: I_N by {row.estimator}", row.exact, row.estimate, row.mcse
        )
    x6 = np.array([[[0.0], [0.3], [0.5], [-0.2], [0.9], [0.1]]])
    for x, n in ((SPREAD, 4), (x6, 6)):
        one, hundred = (float(exact_correlator(load("cos_net", width=w), x, "connected")[0]) for w in (1, 100))
        study.exact("(7), (10)", f"G{n}c at N=100 / N=1 is 100^(1-n/2)", 100 ** (1 - n / 2), hundred / one)
    net = load("cos_net", width=7)
    g4, g4c = (float(exact_correlator(net, SPREAD, kind)[0]) for kind in ("full", "connected"))
    pairs = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    wick = sum(_g2(net, i, j) * _g2(net, k, l) for i, j, k, l in pairs)
    study.exact("(7)", "G4 - Wick's three terms = G4c", g4c, g4 - wick, 1e-12)
    breaking = float(exact_correlator(net, SPREAD, "I_IB")[0])
    study.exact("(10)", "I_IB of independent neurons", 0.0, breaking)
    return table


def _g2(net, i: int, j: int) -> float:
    return float(net.two_point(SPREAD[0, i], SPREAD[0, j]))


def _amplitude_laws(study: Study, draws: int) -> pd.DataFrame:
    parts = []
    for name, law in list(AMPLITUDES.items())[1::3] if study.quick else AMPLITUDES.items():
        net = load("cos_net", width=4, amplitude=law())
        expected = 3 / (8 * net.width) * (net.amplitude_moment(4) - 2 * net.amplitude_moment(2) ** 2)
        value = float(exact_correlator(net, COINCIDENT, "I_N")[0])
        study.exact("(8)", f"{name}: G4c at one point = (3/8N)(gamma^4 - 2 sigma^4)", expected, value, 1e-12)
        table = correlators(
            net,
            np.concatenate([SPREAD, COINCIDENT]),
            orders=(4,),
            kinds=("connected",),
            estimators=("field",),
            draws=2 * draws,
            seed=6,
            progress=study.progress,
        )
        row = table.iloc[0]
        study.monte_carlo("(8)", f"{name}: G4c of field draws, N=4", row["exact"], row["estimate"], row["mcse"])
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _sign_change(study: Study) -> None:
    """In the bimodal family gamma^4 = 2 sigma^4 at (s/mu)^2 = sqrt(2) - 1: a root of the exact G4c."""

    def g4c(ratio: float) -> float:
        net = load("cos_net", width=4, amplitude=Bimodal(mu=1.0, s=ratio**0.5))
        return float(exact_correlator(net, COINCIDENT, "connected")[0])

    root: Any = brentq(g4c, 0.1, 0.9, xtol=1e-14)
    study.exact("(8)", "bimodal: G4c changes sign at (s/mu)^2", np.sqrt(2) - 1, float(root))


def _cost(study: Study, draws: int) -> None:
    """Draws to know G4c at N = 1000 to 5 %: brute force against single neurons."""
    net = load("cos_net", width=1000)
    errors = {}
    for name, count in (("neuron", draws), ("field", 4096)):
        table = correlators(
            net,
            SPREAD,
            orders=(4,),
            kinds=("connected",),
            estimators=(name,),
            draws=count,
            seed=7,
            progress=study.progress,
        )
        errors[name] = float(table["mcse"].iloc[0] / table["exact"].iloc[0]) * count**0.5
    needed = {name: (error / 0.05) ** 2 for name, error in errors.items()}
    study.between("(27)", "single-neuron draws for G4c to 5 % at N=1000", 100.0, needed["neuron"], 30.0, 300.0)
    ratio = needed["field"] / needed["neuron"]
    study.between("(27)", "field draws / single-neuron draws for the same error", 1e7, ratio, 1e6, np.inf)


def _picture(study: Study, by_width: pd.DataFrame, by_law: pd.DataFrame) -> None:
    with study.figure("interactions", columns=2) as (_, (left, right)):
        exact = by_width[by_width["estimator"] == "exact"]
        left.plot(exact["width"], exact["estimate"], color="0.3", label="exact")
        for shift, (name, marker) in enumerate((("neuron", "o"), ("amplitude", "s"))):
            t = by_width[by_width["estimator"] == name]
            left.errorbar(
                t["width"] * 1.06**shift, t["estimate"], 5 * t["mcse"], fmt=marker, ms=4, label=f"{name} (5 errors)"
            )
        left.set(xscale="log", yscale="log", xlabel="width N", ylabel="$G_c^{(4)}$", title="the 1/N law")
        left.legend()
        t = by_law[by_law["configuration"] == 1]
        kurtosis = [_kurtosis(name) for name in t["amplitude"]]
        grid = np.linspace(0.8, 6.5, 2)
        right.plot(grid, 3 / 32 * (grid - 2), color="0.3", lw=1)
        right.axhline(0, color="0.7", lw=0.8)
        for k, (_, row) in zip(kurtosis, t.iterrows(), strict=True):
            right.errorbar(k, row["estimate"], 5 * row["mcse"], fmt="o", ms=4, label=row["amplitude"])
        right.set(xlabel=r"$\gamma_a^4/\sigma_a^4$", ylabel="$G_c^{(4)}$ at one point", title="amplitude laws, N = 4")
        right.legend(fontsize=8)


def _kurtosis(name: str) -> float:
    law = AMPLITUDES[name]()
    return law.moment(4) / law.moment(2) ** 2
