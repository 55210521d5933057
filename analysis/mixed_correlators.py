"""Mixed field-neuron correlators: the width, the interaction and explicit breaking seen through one neuron.

Integration by parts over Gaussian amplitudes gives G4c = sigma_a^2 [M_c(12|34) + M_c(13|24) + M_c(14|23)] for every law
of the neurons: if a near-Gaussian field of nature were built this way, its interaction would follow from how it
correlates with its constituents. In Cos-net a mean of the amplitudes is invisible to the field and visible to a neuron.
"""

from typing import Any

import jax
import numpy as np

from nnqft_ppl import exact_correlator, exact_mixed, exact_neuron, load
from nnqft_ppl.correlation.mixed import PAIRINGS, mixed_connected, sampled_mixed, sum_rule
from nnqft_ppl.sampling.networks import field_draws, over_networks
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    alike,
    cumulant,
    gaussian_neurons,
    over_lists,
)
from nnqft_ppl.theory import AMPLITUDES, Architecture

X = np.array([[0.0], [0.4], [1.0], [-0.3]])


def run(study: Study) -> None:
    draws = 200_000 if study.quick else 1_000_000
    _width(study, draws)
    _sum_rule(study, draws)
    _amplitudes(study, draws)
    _breaking(study, draws)
    _picture(study)


def _width(study: Study, draws: int) -> None:
    for width in (4, 100):
        net = load("cos_net", width=width)
        neurons, at = gaussian_neurons(net, X), {"route": "quadrature", "of": net}
        # Both fields on neuron i, or on one of the others, which are as likely.
        both = [neurons((0, 1, 2, 3)) if k == 0 else neurons((0, 1)) * neurons((2, 3)) for k in range(width)]
        value = sum(both) / width - neurons((0, 1)) * neurons((2, 3))
        found = float(mixed_connected(net, X[:2], X[2:]))
        study.exact("(3), (6)", f"cos_net N={width}: M_c, list of neurons averaged over parameters", found, value, **at)
        waves = np.cos(2 * np.pi * np.arange(16) / 16)  # h at one point, whatever b
        ratio = (np.mean(waves**4) / np.mean(waves**2) ** 2 - 1) / width
        zero = np.zeros((4, 1))
        exact = float(mixed_connected(net, zero[:2], zero[2:]) / (net.two_point([0.0], [0.0]) / 2))
        statement = f"cos_net N={width}: M_c / (G2 L) at one point is 1/(2N), list of neurons and phases"
        study.exact("(3)", statement, exact, float(ratio), route="enumeration", of=net)
    for name, settings in (
        ("cos_net", {}),
        ("coupled_cos_net", {"epsilon": 0.8}),
        ("gauss_net", {"sigma_b": 0.4, "sigma_c": 0.3}),
    ):
        net = load(name, width=4, **settings)
        found = sampled_mixed(net, X[:2], X[2:], (0, 0), draws=draws, seed=study.seed(2))
        exact = float(exact_mixed(net, X[:2], X[2:]))
        study.monte_carlo(
            "(3), (4)", f"{name} N=4: E[phi phi h_i h_i], draws", exact, found.estimate, found.mcse, of=net
        )
    net = load("cos_net", width=4)
    for label, fields, neurons in (
        ("phi h_i", X[:1], (0,)),
        ("phi phi h_1 h_2", X[:2], (0, 1)),
        ("phi phi phi h_i", X[:3], (0,)),
    ):
        found = sampled_mixed(net, fields, X[: len(neurons)] + 0.1, neurons, draws=draws // 2, seed=study.seed(3))
        study.monte_carlo("(12), (21)", f"cos_net: E[{label}] = 0", 0.0, found.estimate, found.mcse, of=net)


def _sum_rule(study: Study, draws: int) -> None:
    """The interaction of the field from mixed correlators, for every amplitude law and every coupling."""
    for name, law in AMPLITUDES.items():
        net = load("cos_net", width=4, amplitude=law())
        field = over_lists(gaussian_neurons(net, X), alike(net.amplitude_moment, 4))
        statement = f"cos_net N=4, {name}: G4c from the sum rule, lists of neurons"
        value = cumulant(field, range(4))
        study.exact("(7), (8)", statement, float(sum_rule(net, X)), value, 1e-9, route="quadrature", of=net)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("coupled_cos_net", {"epsilon": 0.6}),
        ("gauss_net", {"sigma_b": 0.4, "sigma_c": 0.2}),
        ("free_scalar", {"cutoff": 4.0}),
        ("equicorrelated_cos_net", {"epsilon": 0.6}),
        ("shared_scale_cos_net", {"epsilon": 0.6}),
        ("shared_neuron_cos_net", {"epsilon": 0.6}),
        ("deep_net", {"inputs": 3}),
    ]
    for name, settings in cases[:3] if study.quick else cases:
        net = load(name, width=6, **settings)
        predicted, mcse = _predicted(net, draws // 2, study.seed(6))
        exact = float(exact_correlator(net, X, "connected"))
        study.monte_carlo("(7), (9)", f"{name} N=6: G4c from mixed correlators, draws", exact, predicted, mcse, of=net)
    net = load("gibbs_cos_net", width=6, epsilon=0.6)  # without independent draws
    exact, rule = float(exact_correlator(net, X, "connected")), float(sum_rule(net, X))
    study.exact("(7), (9)", "gibbs_cos_net N=6: G4c from the sum rule", exact, rule, route="identity", of=net)


def _predicted(net: Architecture, draws: int, seed: int) -> tuple[float, float]:
    """sigma_a^2 sum over pairings of M_c by draws, with its standard error: E[phi phi (h h - H)], mean over neurons."""
    phi, pairs = over_networks(net, _field_and_pairs, X, draws=draws, seed=seed)
    terms = np.zeros(draws)
    for (i, j), (k, l) in PAIRINGS:
        own = float(exact_neuron(net, X[[k, l]], (0, 0)))
        terms += net.amplitude_moment(2) * phi[:, i] * phi[:, j] * (pairs[:, k, l] - own)
    return float(terms.mean()), float(terms.std() / draws**0.5)


def _field_and_pairs(net: Architecture, theta: dict[str, jax.Array], x: jax.Array) -> tuple[jax.Array, jax.Array]:
    h = net.neurons(theta, x)
    return net.field(theta, x), h.T @ h / len(h)


def _amplitudes(study: Study, draws: int) -> None:
    """A neuron with its amplitude is the N-th part of the field."""
    net = load("cos_net", width=4)
    two, four = float(exact_correlator(net, X[:2])), float(exact_correlator(net, X))
    found = sampled_mixed(net, X[:1], X[1:2], (0,), amplitudes=True, draws=draws, seed=study.seed(4))
    study.monte_carlo("(1), (6)", "cos_net N=4: E[phi a_i h_i] = G2/N", two / 4, found.estimate, found.mcse, of=net)
    found = sampled_mixed(net, X[:3], X[3:], (0,), amplitudes=True, draws=draws, seed=study.seed(4))
    study.monte_carlo(
        "(1), (4)", "cos_net N=4: E[phi phi phi a_i h_i] = G4/N", four / 4, found.estimate, found.mcse, of=net
    )
    cross = sum(
        float(exact_neuron(net, X[[0, k]], (0, 0)) * exact_neuron(net, X[[1, l]], (0, 0))) for k, l in ((2, 3), (3, 2))
    )
    found = sampled_mixed(net, X[2:], X[:2], (0, 1), amplitudes=True, draws=draws, seed=study.seed(4))
    statement = "cos_net N=4: E[a_1 h_1 a_2 h_2 phi phi] = (sigma_a^4/N^2)(H13 H24 + H14 H23)"
    study.monte_carlo("(3), (21)", statement, cross / 16, found.estimate, found.mcse, of=net)


def _breaking(study: Study, draws: int) -> None:
    """a ~ N(mu, sigma_a^2/N): the field of Cos-net stays even, E[phi h_i] = mu H_ii does not."""
    net = load("shifted_cos_net", width=10, mu=0.3)
    expected = float(exact_mixed(net, X[:1], X[1:2]))
    found = sampled_mixed(net, X[:1], X[1:2], (0,), draws=draws, seed=study.seed(5))
    study.monte_carlo(
        "(12)", "shifted_cos_net: E[phi h_i] = mu H_ii, draws", expected, found.estimate, found.mcse, of=net
    )
    offset: Any = load("offset_cos_net", width=10, mu=0.03)
    phi = field_draws(offset, X[:1], draws=draws, seed=study.seed(7)).ravel()
    statement, error = "offset_cos_net: G1 = N mu kappa, draws", phi.std() / draws**0.5
    study.monte_carlo("(12)", statement, 10 * 0.03 * offset.kappa, phi.mean(), error, of=offset)


def _picture(study: Study) -> None:
    with study.figure("mixed_correlators", columns=2) as (_, (left, right)):
        widths = np.geomspace(2, 1000, 30).astype(int)
        for name in ("cos_net", "coupled_cos_net", "shared_scale_cos_net", "gauss_net"):
            settings = {"epsilon": 0.3} if name in ("coupled_cos_net", "shared_scale_cos_net") else {}
            settings |= {"sigma_b": 0.5, "sigma_c": 0.3} if name == "gauss_net" else {}
            nets = [load(name, width=int(w), **settings) for w in widths]
            left.plot(widths, [float(exact_correlator(net, X, "connected")) for net in nets], label=name)
            left.plot(widths[::4], [float(sum_rule(net, X)) for net in nets[::4]], "k.", ms=4)
        left.set(
            xscale="log",
            yscale="log",
            xlabel="width N",
            ylabel="$G^{(4)}_c$",
            title="lines: the field; dots: predicted",
        )
        left.legend()
        mu = np.linspace(-1.0, 1.0, 41)
        nets = [load("shifted_cos_net", width=10, mu=float(m)) for m in mu]
        right.plot(mu, [float(exact_mixed(net, X[:1], X[1:2])) for net in nets], label="E[φ h]")
        right.plot(mu, [float(exact_correlator(net, X[:3])) for net in nets], "--", label="$G^{(3)}$")
        right.set(xlabel="mean μ of the amplitudes", title="Cos-net: only a neuron sees the breaking")
        right.legend()
