"""Large-N duality: Cos-net and Gauss-net have one two-point function, and different symmetries: (34), (S10)-(S15).

As N -> infinity both are the Gaussian process with kernel (sigma_a^2/2) exp(-sigma_b^2 |x-y|^2/2d). At finite width
their four-point functions differ, and Gauss-net's is not translation invariant. The approach to the limit is not
uniform: at a common point x, N G4c/G2^2 of Gauss-net is 3 exp(4 sigma_c^2 + 4 sigma_b^2 x^2/d) - 3, of Cos-net 3/2.
"""

import numpy as np
import pandas as pd

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.axioms.duality import duality
from nnqft_ppl.studies import Study

SPREAD = np.array([[0.1], [0.4], [0.6], [-0.3]])
SHIFT = 0.4


def run(study: Study) -> None:
    draws = 200_000 if study.quick else 1_000_000
    tables = []
    for dim in (1,) if study.quick else (1, 2, 3):
        cos, gauss = _pair(dim, width=5)
        x = np.pad(SPREAD, ((0, 0), (0, dim - 1)), constant_values=0.1) + np.arange(4)[:, None] * 0.05
        grid = np.linspace(-0.6, 0.6, 7)[:, None] * np.ones(dim)
        g2 = [net.two_point(grid[:, None], grid[None]) for net in (cos, gauss)]
        study.exact(
            "(34), (S11)", f"d={dim}: largest difference of the two G2", 0.0, float(np.abs(g2[0] - g2[1]).max())
        )
        p = np.linspace(0.0, 3.0, 7)[:, None] * np.ones(dim)
        spectra = [net.power_spectrum(p) for net in (cos, gauss)]
        gap = float(np.abs(spectra[0] / spectra[1] - 1).max())
        study.exact("(34), (S11)", f"d={dim}: largest relative difference of the two G(p)", 0.0, gap)
        for label, net in (("(S15)", cos), ("(S14)", gauss)):
            name = type(net).__name__
            closed = float(net.connected_four_point(x))  # pyright: ignore[reportAttributeAccessIssue]
            engine = float(exact_correlator(net, x, "connected"))
            study.exact(label, f"{name} d={dim}: closed G4c / partitions", 1.0, closed / engine)
            shifted = float(exact_correlator(net, x + SHIFT, "connected"))
            if net is cos:
                study.exact("(20), (S15)", f"{name} d={dim}: G4c shifted / unshifted", 1.0, shifted / engine)
            else:
                change = abs(shifted / engine - 1)
                study.between(
                    "(S14)", f"{name} d={dim}: relative change of G4c under a shift", 1.0, change, 0.05, np.inf
                )
            for estimator in ("neuron", "amplitude"):
                table = correlators(
                    net,
                    x[None],
                    orders=(4,),
                    kinds=("connected",),
                    estimators=(estimator,),
                    draws=draws,
                    seed=9,
                    progress=study.progress,
                )
                row = table.iloc[0]
                statement = f"{name} d={dim}: G4c by {estimator}"
                study.monte_carlo(label, statement, row["exact"], row["estimate"], row["mcse"])
                tables.append(table)
    _printed_s15(study)
    _draws_to_tell(study)
    ratios = _uniformity(study)
    study.table(pd.concat(tables, ignore_index=True), "large_width_duality")
    _picture(study, ratios)


def _pair(dim: int, width: int):
    settings = {"dim": dim, "width": width, "sigma_b": 0.8}
    return load("cos_net", **settings), load("gauss_net", sigma_c=0.3, **settings)


def _printed_s15(study: Study) -> None:
    """(S15) prints the pairing (13)(24) three times; the three pairings must all occur."""
    x1, x2, x3, x4 = SPREAD[:, 0]
    net = load("cos_net", width=1)
    plus = sum(np.exp(-(z**2) / 2) for z in (x1 + x2 - x3 - x4, x1 - x2 + x3 - x4, x1 - x2 - x3 + x4))
    printed = (3 * plus - 6 * np.exp(-((x1 - x3) ** 2 + (x2 - x4) ** 2) / 2)) / 8
    pairings = ((x1 - x4, x2 - x3), (x1 - x3, x2 - x4), (x1 - x2, x3 - x4))
    right = (3 * plus - 2 * sum(np.exp(-(u**2 + v**2) / 2) for u, v in pairings)) / 8
    exact = float(exact_correlator(net, SPREAD, "connected"))
    study.exact("(S15)", "with the three pairings: G4c", exact, right)
    study.between("(S15)", "as printed: relative error of G4c", 0.0, abs(printed / exact - 1), 0.01, np.inf)


def _draws_to_tell(study: Study) -> None:
    """Dual at N = infinity, different symmetries at N, and the draws that show it grow like N^2."""
    needed = []
    for width in (5, 500, 5000):
        found = duality(*_pair(1, width), SPREAD)
        needed.append(found.draws)
        study.exact("(34), (S11)", f"N={width}: largest relative difference of G2", 0.0, found.two_point_gap)
        broken = float(found.symmetries == ("translation",))
        study.exact("(S14), (S15)", f"N={width}: translations are all that one has and the other lacks", 1.0, broken)
    study.exact("(10), (S14)", "draws to tell apart at N=5000 / N=500", 100.0, needed[2] / needed[1], 5e-2)


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
        study.exact("(S15)", f"Cos-net: N G4c/G2^2 at x={x:g}", 1.5, float(row["cos_net"]))
        expected = 3 * np.exp(4 * 0.09 + 4 * x**2) - 3
        study.exact("(S14)", f"Gauss-net: N G4c/G2^2 at x={x:g}", expected, float(row["gauss_net"]))
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
