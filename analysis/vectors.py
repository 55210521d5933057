"""Fields with several components: SO(D) (42), (43), and the wine bottle (44).

Correlators are invariant tensors; the bottle's neuron has an amplitude of order one, so its interactions survive
N -> infinity, and its ensemble keeps the symmetry that each of its vacua breaks. Exact values are held against sums
over all lists of neurons, averaged by quadrature, and against draws.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.integrate import quad

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    Moment,
    cumulant,
    gaussian_neurons,
    over_lists,
)

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
    tables, neurons = [], gaussian_neurons(net, X[0])
    at: dict[str, Any] = {"route": "quadrature", "of": net}

    def field(components: tuple[int, ...]) -> Moment:
        return over_lists(neurons, [partial(moment, components) for moment in _amplitudes(net)])

    off = float(exact_correlator(net, X[0, :2], components=(0, 1)))
    study.exact("(42)", f"{name}: G2 of different components, lists of neurons", off, field((0, 1))((0, 1)), **at)
    for components in COMPONENTS[1:2] if study.quick else COMPONENTS:
        found = cumulant(field(components), range(4))
        closed = float(net.connected_four_point(X, components)[0])
        statement = f"{name}: G4c of components {_text(components)}, lists of neurons"
        study.exact(_equations(name), statement, closed, found, **at)
        table = correlators(
            net,
            X,
            orders=(4,),
            kinds=("connected",),
            estimators=("exact", "neuron", "field"),
            components=components,
            draws=draws,
            seed=study.seed(9),
            progress=study.progress,
        )
        rows: Any = table[(table["estimator"] != "exact") & (table["mcse"] > 0)].itertuples()
        for row in rows:
            statement = f"{name}: G4c of components {_text(components)} by {row.estimator}"
            study.monte_carlo(_equations(name), statement, row.exact, row.estimate, row.mcse, of=net)
        tables.append(table)
    # An invariant tensor: turning every leg by one rotation changes nothing.
    tensor = np.array([field(c)((0, 1, 2, 3)) for c in np.ndindex(2, 2, 2, 2)]).reshape(2, 2, 2, 2)
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", turn, turn, turn, turn, tensor)
    change = float(np.abs(turned - tensor).max())
    study.exact("(42), (43)", f"{name}: largest change of G4 under SO(2), lists of neurons", 0.0, change, **at)
    return pd.concat(tables, ignore_index=True)


def _amplitudes(net: Any) -> list[Callable[..., float]]:
    """E[prod_k a_(c_k)] at points of components c, of every neuron: by quadrature over the plane for the bottle's."""

    def normal(components: tuple[int, ...], points: tuple[int, ...]) -> float:  # of a ~ N(0, 1/N)
        counts = [sum(components[k] == c for k in points) for c in (0, 1)]
        odd = any(count % 2 for count in counts)
        return (
            0.0
            if odd
            else math.prod(math.prod(range(1, count, 2)) for count in counts) / net.width ** (len(points) / 2)
        )

    if net.bottle is None:
        return [normal] * net.width
    a = np.linspace(-4.0, 4.0, 321)
    plane = np.stack(np.meshgrid(a, a, indexing="ij"))
    weight = np.exp(-(((plane**2).sum(axis=0) - net.radius**2) ** 2) / (2 * net.sigma_v**2))
    weight /= weight.sum()

    def bottle(components: tuple[int, ...], points: tuple[int, ...]) -> float:
        return float(np.sum(weight * math.prod(plane[components[k]] for k in points)))

    return [normal] * net.width + [bottle]


def _bottle(study: Study) -> None:
    for count in (2, 3, 4):
        net: Any = load("wine_bottle", components=count, radius=1.3, sigma_v=0.7)
        powers = [count - 1 + k for k in (0, 2)]
        zero, two = (
            quad(lambda r, n=n: r**n * np.exp(-((r**2 - 1.69) ** 2) / 0.98), 0, 4, epsabs=1e-13)[0] for n in powers
        )
        value = 1.3**2 * two / zero + count * 0.7**2 / 2
        statement = f"D={count}: E r^4 = v^2 E r^2 + D sigma_v^2/2"
        study.exact("(44)", statement, value, net.radial_moment(4), route="quadrature", of=net)
    net = load("wine_bottle", width=10**6)
    wide = float(exact_correlator(net, X, "connected")[0])
    (*_, bottle) = _amplitudes(net)
    alone = cumulant(over_lists(gaussian_neurons(net, X[0]), [partial(bottle, (0, 0, 0, 0))]), range(4))
    # The other neurons add of order 1/N.
    study.exact("(44)", "G4c at N = 1e6 / of the bottle's neuron", 1.0, wide / alone, 1e-4, route="quadrature", of=net)


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
