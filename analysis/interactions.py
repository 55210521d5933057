"""Interactions: I_N (8), (27), the 1/N law (7), (10), every amplitude law, and where the interaction changes sign.

For one-dimensional Cos-net at coincident points G4c = (3/8N)(gamma_a^4 - 2 sigma_a^4): attractive or repulsive is
decided by the kurtosis of the amplitudes alone, and the sign changes at gamma_a^4 = 2 sigma_a^4.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from nnqft_ppl import Bimodal, correlators, exact_correlator, load
from nnqft_ppl.axioms.duality import draw_variance
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    alike,
    cumulant,
    gaussian_neurons,
    over_lists,
)
from nnqft_ppl.theory import AMPLITUDES, AmplitudeLaw, ConstantModulus

SPREAD = np.array([[[0.0], [0.4], [1.0], [-0.3]]])
COINCIDENT = np.zeros((1, 4, 1))
PHASES = np.cos(2 * np.pi * np.arange(16) / 16)
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
                seed=study.seed(5),
                progress=study.progress,
            )
        )
    table = pd.concat(parts, ignore_index=True)
    rows: Any = table[table["estimator"] != "exact"].itertuples()
    for row in rows:
        study.monte_carlo(
            "(8), (27)",
            f"cos_net N={row.width}: I_N by {row.estimator}",
            row.exact,
            row.estimate,
            row.mcse,
            of=load("cos_net", width=row.width),
        )
    _by_lists(study)
    return table


def _by_lists(study: Study) -> None:
    """(4), (7), (10) by the sum over all lists of neurons, each neuron averaged over its parameters."""
    x6 = np.array([[0.0], [0.3], [0.5], [-0.2], [0.9], [0.1]])
    for x, n, widths in ((SPREAD[0], 4, (1, 2, 6)), (x6, 6, (1, 2, 3))):
        neurons = gaussian_neurons(load("cos_net", width=1), x)
        found = {}
        for width in widths:
            net = load("cos_net", width=width)
            found[width] = cumulant(over_lists(neurons, alike(net.amplitude_moment, width)), range(n))
            exact = float(exact_correlator(net, x, "connected"))
            statement = f"cos_net N={width}: G{n}c, the sum over all lists of neurons"
            study.exact("(4), (7)", statement, exact, found[width], route="enumeration", of=net)
        one, *_, most = widths
        law = (most / one) ** (1 - n / 2)
        statement = f"cos_net: G{n}c at N={most} / N={one} is {most}^(1-n/2), lists of neurons"
        study.exact("(7), (10)", statement, law, found[most] / found[one], route="enumeration")


def _amplitude_laws(study: Study, draws: int) -> pd.DataFrame:
    parts = []
    for name, law in list(AMPLITUDES.items())[1::3] if study.quick else AMPLITUDES.items():
        net = load("cos_net", width=4, amplitude=law())
        # At one point the neuron is a cosine of the phase: its moments by a list of phases, those of a by quadrature.
        field = over_lists(
            lambda points: float(np.mean(PHASES ** len(points))), alike(_amplitude_moments(law()), net.width)
        )
        value = float(exact_correlator(net, COINCIDENT, "I_N")[0])
        statement = f"{name}: G4c at one point, lists of neurons and phases"
        study.exact("(8)", statement, value, cumulant(field, range(4)), 1e-8, route="enumeration", of=net)
        table = correlators(
            net,
            np.concatenate([SPREAD, COINCIDENT]),
            orders=(4,),
            kinds=("connected",),
            estimators=("field",),
            draws=2 * draws,
            seed=study.seed(6),
            progress=study.progress,
        )
        row = table.iloc[0]
        study.monte_carlo("(8)", f"{name}: G4c of field draws, N=4", row["exact"], row["estimate"], row["mcse"], of=net)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _amplitude_moments(law: AmplitudeLaw) -> Callable[[int], float]:
    """E[ahat^k] by quadrature over the density of the program; of two values where there is none."""
    density = law.distribution(1.0)
    if isinstance(law, ConstantModulus):
        return lambda k: law.mu**k if k % 2 == 0 else 0.0
    values = np.linspace(0.0, 1.0, 200_001)[1:-1]
    a = values / (1 - values)  # all of the positive half
    weights = 2 * np.exp(np.asarray(density.log_prob(a), dtype=float)) / (1 - values) ** 2
    return lambda k: float(np.sum(weights * a**k) / 200_000) if k % 2 == 0 else 0.0


def _sign_change(study: Study) -> None:
    """In the bimodal family gamma^4 = 2 sigma^4 at (s/mu)^2 = sqrt(2) - 1: a root of the exact G4c."""

    def g4c(ratio: float) -> float:
        net = load("cos_net", width=4, amplitude=Bimodal(mu=1.0, s=ratio**0.5))
        return float(exact_correlator(net, COINCIDENT, "connected")[0])

    root: Any = brentq(g4c, 0.1, 0.9, xtol=1e-14)
    study.exact("(8)", "bimodal: G4c changes sign at (s/mu)^2", np.sqrt(2) - 1, float(root), route="quadrature")


def _cost(study: Study, draws: int) -> None:
    """Draws to know G4c at N = 1000 to 5 %: brute force against single neurons, both as theory has it."""
    net = load("cos_net", width=1000)
    g4c = float(exact_correlator(net, SPREAD, "connected")[0])
    at = {"orders": (4,), "kinds": ("connected",), "estimators": ("neuron",), "progress": study.progress}
    table = correlators(net, SPREAD, draws=draws, seed=study.seed(7), **at)
    needed = draws * (float(table["mcse"].iloc[0]) / g4c / 0.05) ** 2
    expected = _neuron_variance() / (0.05 * net.width * g4c) ** 2
    # The error comes from the variance of 50 000 draws or more, which is known to 1 %: 3 % is three times that.
    statement = "single-neuron draws for G4c to 5 % at N=1000"
    bounds = (0.97 * expected, 1.03 * expected)
    study.between("(27)", statement, expected, needed, *bounds, route="draws", of=net)
    # Squares of products of four have heavy tails, so their error is known badly: with 16,384 draws one seed of twelve
    # was 6.7 of its own errors off, with eight times as many none of fourteen was more than 2.
    phi = field_draws(net, SPREAD[0], draws=131_072 if study.quick else 524_288, seed=study.seed(7))[:, :, 0]
    terms, g2 = phi.prod(axis=1), net.two_point(SPREAD[0][:, None], SPREAD[0][None])
    for i, j in itertools.combinations(range(4), 2):
        k, l = (m for m in range(4) if m not in (i, j))
        terms -= phi[:, i] * phi[:, j] * g2[k, l]
    squares = (terms - terms.mean()) ** 2 / (0.05 * g4c) ** 2 / needed
    expected = draw_variance(net, SPREAD[0]) / (0.05 * g4c) ** 2 / expected
    statement = "field draws / single-neuron draws for the same error"
    error = squares.std() / len(squares) ** 0.5
    study.monte_carlo("(27)", statement, expected, squares.mean(), error, of=net)


def _neuron_variance() -> float:
    """Of what one frequency contributes to N G4c, its phase averaged: to first order in the errors of its moments."""
    x, b = SPREAD[0, :, 0], np.linspace(-9.0, 9.0, 2001)
    weight = np.exp(-(b**2) / 2)
    weight /= weight.sum()
    terms = 3 * sum(np.cos(b * (x @ signs)) for signs in ((1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1))) / 8
    for i, j in itertools.combinations(range(4), 2):
        k, l = (m for m in range(4) if m not in (i, j))
        terms = terms - np.cos(b * (x[i] - x[j])) / 2 * (weight @ np.cos(b * (x[k] - x[l]))) / 2
    return float(weight @ terms**2 - (weight @ terms) ** 2)


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
