"""Large-N duality: Cos-net and Gauss-net have one two-point function, and different symmetries: (34), (S10)-(S15).

As N -> infinity both are the Gaussian process with kernel (sigma_a^2/2) exp(-sigma_b^2 |x-y|^2/2d). At finite width
their four-point functions differ, and Gauss-net's is not translation invariant. The approach to the limit is not
uniform: at a common point x, N G4c/G2^2 of Gauss-net is 3 exp(4 sigma_c^2 + 4 sigma_b^2 x^2/d) - 3, of Cos-net 3/2.
"""

import itertools
from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.axioms.duality import duality
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    alike,
    cumulant,
    gaussian_neurons,
    over_lists,
)

SPREAD = np.array([[0.1], [0.4], [0.6], [-0.3]])
SHIFT = 0.4


def run(study: Study) -> None:
    draws = 200_000 if study.quick else 1_000_000
    tables = []
    for dim in (1,) if study.quick else (1, 2, 3):
        cos, gauss = _pair(dim, width=5)
        x = np.pad(SPREAD, ((0, 0), (0, dim - 1)), constant_values=0.1) + np.arange(4)[:, None] * 0.05
        neurons = {"cos_net": gaussian_neurons(cos, x), "gauss_net": gaussian_neurons(gauss, x, 0.3)}
        for name, net in (("cos_net", cos), ("gauss_net", gauss)):
            pairs = list(itertools.combinations_with_replacement(range(4), 2))
            found = net.amplitude_moment(2) * np.array([neurons[name](pair) for pair in pairs])
            ratio = np.array([float(cos.two_point(x[i], x[j])) for i, j in pairs]) / found  # for both that of Cos-net
            statement = f"{name} d={dim}: the one G2 / average over parameters"
            worst = float(ratio[np.abs(ratio - 1).argmax()])
            study.exact("(34), (S11)", statement, 1.0, worst, 1e-9, route="quadrature", of=net)
        p = np.linspace(0.0, 3.0, 7)[:, None] * np.ones(dim)
        spectra = [net.power_spectrum(p) for net in (cos, gauss)]
        gap = float(np.abs(spectra[0] / spectra[1] - 1).max())
        statement = f"d={dim}: largest relative difference of the two G(p)"
        study.exact("(34), (S11)", statement, 0.0, gap, route="identity")
        for label, net in (("(S15)", cos), ("(S14)", gauss)):
            name = type(net).__name__
            closed = float(net.connected_four_point(x))  # pyright: ignore[reportAttributeAccessIssue]
            engine = float(exact_correlator(net, x, "connected"))
            here, there = (_by_lists(net, points) for points in (x, x + SHIFT))
            at: dict[str, Any] = {"route": "quadrature", "of": net}
            study.exact(label, f"{name} d={dim}: closed G4c / lists of neurons", 1.0, closed / here, 1e-9, **at)
            study.exact(label, f"{name} d={dim}: G4c of the engine / lists of neurons", 1.0, engine / here, 1e-9, **at)
            # Of Gauss-net the neurons have exp(4 s^2 x^2) in the fourth moment, and the pairings nothing of x.
            change = 1.0 if net is cos else float(net.connected_four_point(x + SHIFT)) / closed  # pyright: ignore
            statement = f"{name} d={dim}: G4c shifted / unshifted, lists of neurons"
            study.exact("(20), (S14), (S15)", statement, change, there / here, 1e-9, **at)
            if net is not cos:
                statement = f"{name} d={dim}: relative change of G4c under a shift, lists of neurons"
                study.between("(S14)", statement, 1.0, there / here - 1, 0.05, 20.0, **at)
            for estimator in ("neuron", "amplitude"):
                table = correlators(
                    net,
                    x[None],
                    orders=(4,),
                    kinds=("connected",),
                    estimators=(estimator,),
                    draws=draws,
                    seed=study.seed(9),
                    progress=study.progress,
                )
                row = table.iloc[0]
                statement = f"{name} d={dim}: G4c by {estimator}"
                study.monte_carlo(label, statement, row["exact"], row["estimate"], row["mcse"], of=net)
                tables.append(table)
    _printed_s15(study)
    _draws_to_tell(study)
    ratios = _uniformity(study)
    study.table(pd.concat(tables, ignore_index=True), "large_width_duality")
    _picture(study, ratios)


def _pair(dim: int, width: int):
    settings = {"dim": dim, "width": width, "sigma_b": 0.8}
    return load("cos_net", **settings), load("gauss_net", sigma_c=0.3, **settings)


def _by_lists(net: Any, x: np.ndarray) -> float:
    neurons = gaussian_neurons(net, x, getattr(net, "sigma_c", None))
    return cumulant(over_lists(neurons, alike(net.amplitude_moment, net.width)), range(4))


def _printed_s15(study: Study) -> None:
    """(S15) prints the pairing (13)(24) three times; the three pairings must all occur."""
    x1, x2, x3, x4 = SPREAD[:, 0]
    net = load("cos_net", width=1)
    found = _by_lists(net, SPREAD)
    plus = sum(np.exp(-(z**2) / 2) for z in (x1 + x2 - x3 - x4, x1 - x2 + x3 - x4, x1 - x2 - x3 + x4))
    pairings = ((x1 - x4, x2 - x3), (x1 - x3, x2 - x4), (x1 - x2, x3 - x4))
    one, right = (
        (3 * plus - 2 * sum(np.exp(-(u**2 + v**2) / 2) for u, v in p)) / 8 for p in (pairings[1:2] * 3, pairings)
    )
    at: dict[str, Any] = {"route": "quadrature", "of": net}
    study.exact("(S15)", "with the three pairings: G4c, lists of neurons", right, found, **at)
    # What the printed form has too much: twice (13)(24), less the other two, over 4.
    u, v, w = (np.exp(-(a**2 + b**2) / 2) for a, b in pairings)
    wrong = (u + w - 2 * v) / 4
    study.exact("(S15)", "as printed: its error of G4c, lists of neurons", float(wrong), float(one - found), 1e-9, **at)


def _draws_to_tell(study: Study) -> None:
    """Dual at N = infinity, different symmetries at N, and the draws that show it grow like N^2."""
    found = {width: duality(*_pair(1, width), SPREAD) for width in (5, 500, 5000)}
    for width, one in found.items():
        broken = float(one.dual and one.symmetries == ("translation",))
        statement = f"N={width}: dual, and translations are all that one has and the other lacks"
        study.exact("(S14), (S15)", statement, 1.0, broken, route="identity")
    # Of relative order 1/N is what the draws at N = 500 have beyond the square.
    growth = found[5000].draws / found[500].draws
    study.exact("(10), (S14)", "draws to tell apart at N=5000 / N=500", 100.0, growth, 5e-2, route="identity")


def _uniformity(study: Study) -> pd.DataFrame:
    """N G4c/G2^2 at a common point x."""
    grid = np.linspace(0.0, 3.0, 61)
    points = np.repeat(grid[:, None, None], 4, axis=1)
    columns: dict[str, np.ndarray] = {"x": grid}
    for name, settings in (("cos_net", {}), ("gauss_net", {"sigma_c": 0.3})):
        net = load(name, width=1, **settings)
        columns[name] = exact_correlator(net, points, "connected") / net.two_point(points[:, 0], points[:, 0]) ** 2
    table = pd.DataFrame(columns).set_index("x", drop=False)
    for x in (0.0, 1.0, 2.0, 3.0):
        row = table.iloc[int(np.abs(grid - x).argmin())]
        at, four = np.full((4, 1), x), 3 * np.exp(4 * 0.09 + 4 * x**2) - 3
        for equation, name, expected in (("(S15)", "cos_net", 1.5), ("(S14)", "gauss_net", four)):
            net: Any = load(name, width=1, **({"sigma_c": 0.3} if name == "gauss_net" else {}))
            neurons = gaussian_neurons(net, at, getattr(net, "sigma_c", None))
            ratio = _by_lists(net, at) / (net.amplitude_moment(2) * neurons((0, 0))) ** 2
            for words, value in (("printed", expected), ("engine", float(row[name]))):
                statement = f"{name}: N G4c/G2^2 at x={x:g}, {words}, average over parameters"
                study.exact(equation, statement, value, ratio, 1e-9, route="quadrature", of=net)
    return table


def _picture(study: Study, ratios: pd.DataFrame) -> None:
    with study.figure("large_width_duality", columns=2) as (_, (left, right)):
        r = np.linspace(0.0, 4.0, 101)[:, None]
        for net, style in zip(_pair(1, 5), ("-", "--"), strict=True):
            left.plot(r[:, 0], net.two_point(r, np.zeros(1)), style, label=type(net).__name__)
        left.set(xlabel="|x − y|", ylabel="$G^{(2)}$", title="one two-point function")
        left.legend()
        right.plot(ratios["x"], ratios["cos_net"], label="CosNet")
        right.plot(ratios["x"], ratios["gauss_net"], "--", label="GaussNet, $\\sigma_c = 0.3$")
        right.set(
            yscale="log", xlabel="x", ylabel="$N\\,G_c^{(4)}/(G^{(2)})^2$", title="four points at x: two theories"
        )
        right.legend()
