"""Fields with several components: SO(D) (42), (43), and the wine bottle (44).

Correlators are invariant tensors; the bottle's neuron has an amplitude of order one, so its interactions survive
N -> infinity, and its ensemble keeps the symmetry that each of its vacua breaks.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.studies import Study

X = np.array([[[0.0], [0.1], [0.3], [-0.2]]])
COMPONENTS = ((0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 1), (0, 0, 0, 1))


def run(study: Study) -> None:
    draws = 100_000 if study.quick else 200_000
    tables = [_tensor(study, name, draws) for name in ("vector", "wine_bottle")]
    _bottle(study)
    study.table(pd.concat(tables, ignore_index=True), "vectors")
    _picture(study)


def _tensor(study: Study, name: str, draws: int) -> pd.DataFrame:
    net: Any = load(name, width=4)
    tables, pair = [], X[0, :2]
    off = float(exact_correlator(net, pair, components=(0, 1)))
    study.exact("(42)", f"{name}: G2 of different components", 0.0, off)
    for components in COMPONENTS[1:2] if study.quick else COMPONENTS:
        value = float(exact_correlator(net, X, "connected", components)[0])
        closed = float(net.connected_four_point(X, components)[0])
        study.exact(_equations(name), f"{name}: G4c of components {_text(components)}", closed, value)
        table = correlators(
            net,
            X,
            orders=(4,),
            kinds=("connected",),
            estimators=("exact", "neuron", "field"),
            components=components,
            draws=draws,
            seed=9,
            progress=study.progress,
        )
        rows: Any = table[(table["estimator"] != "exact") & (table["mcse"] > 0)].itertuples()
        for row in rows:
            statement = f"{name}: G4c of components {_text(components)} by {row.estimator}"
            study.monte_carlo(_equations(name), statement, row.exact, row.estimate, row.mcse)
        tables.append(table)
    # An invariant tensor: turning every leg by one rotation changes nothing.
    tensor = np.array([float(exact_correlator(net, X, "full", c)[0]) for c in np.ndindex(2, 2, 2, 2)]).reshape(
        2, 2, 2, 2
    )
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", turn, turn, turn, turn, tensor)
    study.exact("(42), (43)", f"{name}: largest change of G4 under SO(2)", 0.0, float(np.abs(turned - tensor).max()))
    return pd.concat(tables, ignore_index=True)


def _bottle(study: Study) -> None:
    for count in (2, 3, 4):
        net: Any = load("wine_bottle", components=count, radius=1.3, sigma_v=0.7)
        identity = 1.3**2 * net.radial_moment(2) + count * 0.7**2 / 2
        study.exact("(44)", f"D={count}: E r^4 = v^2 E r^2 + D sigma_v^2/2", identity, net.radial_moment(4))
    wide, alone = (
        float(exact_correlator(load(name, width=10**6), X, "connected")[0]) for name in ("wine_bottle", "vector")
    )
    study.between("(44)", "|G4c| of the bottle / of the vector at N = 1e6", np.inf, abs(wide / alone), 1e3, np.inf)


def _equations(name: str) -> str:
    return "(42), (43)" if name == "vector" else "(42), (44)"


def _text(components: tuple[int, ...]) -> str:
    return "".join(map(str, components))


def _picture(study: Study) -> None:
    with study.figure("vectors") as (_, axes):
        widths = np.array([1, 3, 10, 30, 100, 300, 1000])
        for name, marker in (("vector", "o"), ("wine_bottle", "s")):
            for components, style in (((0, 0, 0, 0), "-"), ((0, 1, 0, 1), "--")):
                values = [
                    abs(float(exact_correlator(load(name, width=int(n)), X, "connected", components)[0]))
                    for n in widths
                ]
                axes.plot(widths, values, style, marker=marker, ms=3, label=f"{name} {_text(components)}")
        title = "components of D = 2; the bottle's change sign"
        axes.set(xscale="log", yscale="log", xlabel="width N", ylabel="$|G^{(4)}_c|$", title=title)
        axes.legend()
