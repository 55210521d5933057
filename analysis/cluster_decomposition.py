"""Cluster decomposition: what remains between two pairs of fields that are infinitely far apart.

C(R) = G4(x_1, x_2, y_1 + R, y_2 + R) - G2(x_1, x_2) G2(y_1, y_2) tends to the covariance, over draws, of the spatial
averages of phi(x) phi(x + u) and phi(x) phi(x + v): a sum of N plane waves has such averages, so the axiom fails at
every finite width, like 1/N for independent neurons. Dependent frequencies keep it broken at N = infinity, where the
theory is a mixture of Gaussian ones (de Finetti): an interaction that survives and clusters needs correlated phases.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl import load
from nnqft_ppl.axioms.cluster import cluster, cluster_limit, cluster_verdicts
from nnqft_ppl.axioms.verdicts import together
from nnqft_ppl.models import names
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.studies import Study
from nnqft_ppl.theory.cosine import CosineArchitecture

U, V, FAR = 0.5, 0.8, 200.0
FIRST, SECOND = np.array([[0.0], [-U]]), np.array([[0.0], [-V]])
GAUSS = np.exp(-(U**2 + V**2) / 2)

#: Cards with neurons whose amplitudes are not scaled by 1/sqrt(N).
BOTTLES = ("many_bottles", "wine_bottle")
#: Cards whose correlations do not decay at any width: neurons that saturate or grow, and a field that returns.
LASTING = ("erf_net", "relu_net", "torus")


def run(study: Study) -> None:
    _cos_nets(study)
    _closed_limits(study)
    _spatial_averages(study)
    _verdicts(study)
    _picture(study)


def _independent(width: int) -> float:
    return GAUSS * (3 * np.cosh(U * V) - 1) / (4 * width)


def _cos_nets(study: Study) -> None:
    """Cos-net and its coupled families at u = .5, v = .8, s = 1, against elementary formulas."""
    for width in (10, 1000):
        net = load("cos_net", width=width)
        found = _far(net)
        study.exact(
            "(10), (S15)", f"cos_net N={width}: C(infinity)", _independent(width), found, route="identity", of=net
        )
    eps, rest = 0.3, 1 - 1 / 1000

    def t(q: float) -> float:
        """The Laplace transform of the shared scale."""
        return (1 + eps * q / 2) ** (-1 / eps)

    scale = (3 / 8 * (t((U + V) ** 2) + t((U - V) ** 2)) - t(U**2) * t(V**2) / 4) / 1000
    scale += rest * (t(U**2 + V**2) - t(U**2) * t(V**2)) / 4
    # Two of three pairings join the pairs; of a shared neuron's cos(b.R)^2 one half is left, so they survive as well.
    shared = GAUSS * np.cosh(U * V) / 4
    expected = {
        "equicorrelated_cos_net": _independent(1000) + rest * GAUSS * (np.cosh(eps * U * V) - 1) / 4,
        "shared_scale_cos_net": scale,
        "shared_neuron_cos_net": _independent(1000) + rest * eps * (2 * shared - GAUSS / 4),
    }
    for name, value in expected.items():
        net = load(name, width=1000, epsilon=eps)
        found = _far(net)
        study.exact("(11), (28)", f"{name} N=1000, eps=.3: C(infinity)", value, found, route="identity", of=net)


def _far(net) -> float:
    return float(cluster(net, FIRST, SECOND, FAR))


def _closed_limits(study: Study) -> None:
    """The closed limit of a family of plane waves, from M_2, M_4 and the pair law, against the engine far away."""
    for name in names():
        net = load(name)
        if isinstance(net, CosineArchitecture) and name not in (*BOTTLES, "torus", "shared_neuron_cos_net"):
            closed = float(cluster_limit(net, [U], [V]))
            distance = {"gibbs_cos_net": 40.0, "free_boson": 100 * FAR}.get(name, FAR)
            found = float(cluster(net, FIRST, SECOND, distance))
            sharp = hasattr(net, "cutoff") or hasattr(net, "lattice_spacing")  # its kernels fall like 1/R
            study.exact(
                "(23), (27)",
                f"{name}: C({distance:g}) = closed limit",
                closed,
                found,
                1e-4 if sharp else 1e-9,
                route="identity",
                of=net,
            )


def _spatial_averages(study: Study) -> None:
    """The same limit by draws that know nothing of R: Cov over draws of sum_i a_i^2 cos(b_i u)/2, at N = 10."""
    draws = 100_000 if study.quick else 400_000
    families = ("coupled_cos_net", "equicorrelated_cos_net", "shared_scale_cos_net")
    for name, settings in (("cos_net", {}), *((name, {"epsilon": 0.8}) for name in families)):
        net: Any = load(name, width=10, **settings)
        averages = over_networks(net, _averages, np.array([U, V]), draws=draws, seed=study.seed(8)).astype(float)
        product = np.prod(averages - averages.mean(axis=0), axis=1)
        mcse = product.std(ddof=1) / draws**0.5
        statement = f"{name} N=10: C(infinity) = Cov of spatial averages, draws"
        study.monte_carlo("(23)", statement, _far(net), product.mean(), mcse, of=net)


def _averages(net: Any, theta: dict[str, jax.Array], distances: jax.Array) -> jax.Array:
    """The spatial averages of phi(x) phi(x + u) for every distance u, where no two frequencies are the same."""
    b = net.map_neurons(lambda one: net.frequency(**{site: one[site] for site in one if site != "c"}), theta)
    return jnp.sum(theta["a"][:, None] ** 2 * jnp.cos(b * distances), axis=0) / 2


def _verdicts(study: Study) -> None:
    """At its default width every theory of plane waves fails; at infinite width those of independent neurons pass.

    Neurons on random paths forget, and with amplitudes of constant modulus nothing else is kept.
    """
    for name in names():
        net = load(name)
        found = cluster_verdicts(net)
        here = together([v for v in found if v.axiom == "cluster decomposition"])
        forgets, where = float(bool(net.paths)), f"{name} N={net.width}"
        study.exact("(10)", f"{where}: clusters", forgets, float(here == "pass"), route="identity", of=net)
        limit = [v for v in found if v.axiom != "cluster decomposition"]
        if limit:  # a bottle's own neuron keeps its amplitude; the Gibbs coupling dies like 1/N^2
            expected = name == "gibbs_cos_net" or (net.independent and name not in (*BOTTLES, *LASTING))
            study.exact(
                "(10)",
                f"{name} N=infinity: clusters",
                float(expected),
                float(together(limit) == "pass"),
                route="identity",
                of=net,
            )


def _picture(study: Study) -> None:
    with study.figure("cluster_decomposition", columns=2) as (_, (left, right)):
        distances = np.linspace(0.0, 8.0, 121)
        families = ("cos_net", "cauchy", "coupled_cos_net", "shared_scale_cos_net", "shared_neuron_cos_net")
        for name in families:
            settings = {"epsilon": 0.3} if name not in ("cos_net", "cauchy") else {}
            net = load(name, width=100, **settings)
            values = cluster(net, FIRST, SECOND, distances)
            (line,) = left.plot(distances, values, label=name)
            left.axhline(_far(net), color=line.get_color(), lw=0.6, ls=":")
            widths = np.geomspace(10, 1e5, 25).astype(int)
            right.plot(widths, [_far(load(name, width=int(w), **settings)) for w in widths])
        left.set(xlabel="distance R", ylabel="C(R)", yscale="log", title="N = 100, ε = 0.3; dotted: the limits")
        left.legend(fontsize=7)
        right.set(xlabel="width N", ylabel="C(∞)", xscale="log", yscale="log", title="what stays at infinite distance")
