"""Dependent neurons: I_IB (9), (28) and its perturbative limit (11), for every coupled family, exact and estimated.

Interactions from dependence survive N -> infinity where those from finite width die like 1/N, (10); only the Gibbs
coupling, of strength eps/N^2 for a pair, lets them die as well, like 1/N^2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.integrate import quad
from scipy.special import roots_legendre

from nnqft_ppl import correlators, exact_correlator, load
from nnqft_ppl.reports.provenance import card_name
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
    width = 2 if name == "gibbs_cos_net" else 6  # of its neurons all are integrated over
    theory: Any = load(name, width=width, epsilon=0.5)
    found = _by_quadrature(theory)
    closed, at = float(theory.independence_breaking(X)[0]), {"route": "quadrature", "of": theory}
    study.exact("(9), (28)", f"{name}: I_IB of the card, average over frequencies", closed, found, 1e-8, **at)
    study.exact("(9)", f"{name}: I_IB of the engine, average over frequencies", _i_ib(theory), found, 1e-8, **at)
    small = [_by_quadrature(load(name, width=width, epsilon=e)) for e in (1e-4, 2e-4)]
    slope = float(np.log2(small[1] / small[0]))
    study.exact("(11)", f"{name}: leading power of eps in I_IB, average over frequencies", power, slope, 1e-2, **at)
    if plain is not None:
        free, coupled = load(plain, width=width), load(name, width=width, epsilon=0.8)
        weights, mean = _shared(coupled)
        statement = f"{name}: G2 at eps = .8 is that of {plain}, average over frequencies"
        value = float(weights @ mean(float(X[0, 0, 0] - X[0, 1, 0]))) / 2
        study.exact("(6)", statement, _two(free, X[:, :2]), value, 1e-8, route="quadrature", of=coupled)
    if name == "gibbs_cos_net":  # eps S^2/N^2: the coupling of a pair falls with N
        wide = [_i_ib(load(name, width=n, epsilon=0.5)) for n in (500, 1000)]
        study.exact(
            "(11)", f"{name}: I_IB falls like 1/N^2", 0.25, wide[1] / wide[0], 0.05, route="quadrature", of=theory
        )
        return _exact(load(name, width=6, epsilon=0.5))
    wide = load(name, width=10**6, epsilon=0.5)
    share = _i_ib(wide) / _connected(wide)  # 1 but for I_N, of order 1/N
    study.between("(10)", f"{name}: I_IB / G4c at N = 1e6", 1.0, share, 0.999, 1.001, route="identity", of=wide)
    if study.quick and name not in QUICK:
        return _exact(load(name, width=6, epsilon=0.5))
    epsilons = EPSILONS[-1:] if study.quick else EPSILONS
    return pd.concat([_estimated(study, name, epsilon) for epsilon in epsilons], ignore_index=True)


def _by_quadrature(net: Any) -> float:
    """I_IB of (28), for amplitudes of variance 1, without a closed form: the average over frequencies of both pairs."""
    x = X[0, :, 0]
    excess = _gibbs_excess if card_name(net) == "gibbs_cos_net" else _excess
    pairings = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    total = sum(excess(net, float(x[i] - x[j]), float(x[k] - x[l])) for i, j, k, l in pairings)
    return (1 - 1 / net.width) * total / 4


def _gibbs_excess(net: Any, u: float, v: float) -> float:
    """Of two neurons with P(b) ~ exp(-S/2 - eps S^2/4), S = b_1^2 + b_2^2, on a grid."""
    b = np.linspace(-9.0, 9.0, 181)
    square = np.add.outer(b**2, b**2)
    joint = np.exp(-square / 2 - net.epsilon * square**2 / 4)
    joint /= joint.sum()
    one, other = np.cos(b * u), np.cos(b * v)
    return float(one @ joint @ other - (joint.sum(axis=1) @ one) * (joint.sum(axis=0) @ other))


def _excess(net: Any, u: float, v: float) -> float:
    """Neurons are independent given what they share: the covariance over it of their means."""
    weights, mean = _shared(net)
    one, other = mean(u), mean(v)
    return float(weights @ ((one - weights @ one) * other))


def _shared(net: Any) -> tuple[np.ndarray, Callable[[float], np.ndarray]]:
    """The weights of what neurons share, and E[F(b)^2 cos(b u)] of one neuron given each value of it; s = m = 1."""
    name, root = card_name(net), net.epsilon**0.5
    z = np.linspace(-9.0, 9.0, 601)
    normal = np.exp(-(z**2) / 2)
    normal /= normal.sum()
    if name == "equicorrelated_cos_net":  # a common part of every frequency
        return normal, lambda u: np.cos(np.add.outer(root * z, (1 - net.epsilon) ** 0.5 * z) * u) @ normal
    if name == "shared_neuron_cos_net":
        return normal, lambda u: root * np.cos(z * u) + (1 - root) * (normal @ np.cos(z * u))
    if name == "shared_scale_cos_net":  # of which the logarithm spreads by about sqrt(eps)
        scales = np.exp(root * np.linspace(-24.0, 9.0, 801))
        weights = np.exp((np.log(scales) - scales + 1) / net.epsilon)
        return weights / weights.sum(), lambda u: np.cos(np.outer(np.sqrt(scales), z) * u) @ normal
    signs, halves = np.array([1.0, -1.0]), np.full(2, 0.5)
    if name == "coupled_cos_net":
        tilt = 2 * np.exp(-1.5 * z**2) - 1
        return halves, lambda u: np.array([normal @ ((1 + sg * root * tilt) * np.cos(z * u)) for sg in signs])
    if name == "coupled_scalar":  # uniform below Lambda = 10, in the inner or in the outer half
        nodes, gauss = roots_legendre(60)
        inner, outer = 2.5 * (nodes + 1), 2.5 * (nodes + 3)

        def scalar(u: float) -> np.ndarray:
            half, rest = (gauss @ (np.cos(b * u) / (b**2 + 1)) / 4 for b in (inner, outer))
            return (1 + signs * root) * half + (1 - signs * root) * rest

        return halves, scalar

    def cauchy(u: float) -> np.ndarray:
        at: dict[str, Any] = {"weight": "cos", "wvar": abs(u), "epsabs": 1e-13}
        plain = quad(lambda b: 2 / np.pi / (b**2 + 1), 0, np.inf, **at)[0]
        tilted = quad(lambda b: 2 / np.pi * (b**2 - 1) / (b**2 + 1) ** 2, 0, np.inf, **at)[0]
        return plain + signs * root * tilted

    return halves, cauchy


def _estimated(study: Study, name: str, epsilon: float) -> pd.DataFrame:
    net = load(name, width=10, epsilon=epsilon)
    table = correlators(
        net,
        X,
        orders=(4,),
        kinds=("I_N", "I_IB"),
        estimators=("exact", "amplitude"),
        draws=50_000 if study.quick else 200_000,
        seed=study.seed(11),
        progress=study.progress,
    )
    rows: Any = table[table["estimator"] == "amplitude"].itertuples()
    for row in rows:
        statement = f"{name} eps={epsilon}: {row.kind} by whole networks"
        study.monte_carlo("(8)" if row.kind == "I_N" else "(28)", statement, row.exact, row.estimate, row.mcse, of=net)
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
