"""Mixed field-neuron correlators: the width, the interaction and explicit breaking seen through one neuron.

Integration by parts over Gaussian amplitudes gives G4c = sigma_a^2 [M_c(12|34) + M_c(13|24) + M_c(14|23)] for every law
of the neurons: if a near-Gaussian field of nature were built this way, its interaction would follow from how it
correlates with its constituents. In Cos-net a mean of the amplitudes is invisible to the field and visible to a neuron.
"""

from typing import Any

import numpy as np

from nnqft_ppl import exact_correlator, exact_mixed, exact_neuron, load
from nnqft_ppl.correlation.mixed import mixed_connected, sampled_mixed, sum_rule
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import AMPLITUDES

X = np.array([[0.0], [0.4], [1.0], [-0.3]])


def run(study: Study) -> None:
    draws = 200_000 if study.quick else 1_000_000
    _width(study, draws)
    _sum_rule(study)
    _amplitudes(study, draws)
    _breaking(study, draws)
    _picture(study)


def _width(study: Study, draws: int) -> None:
    for width in (4, 100):
        net = load("cos_net", width=width)
        four = float(exact_neuron(net, X, (0, 0, 0, 0)))
        pairs = float(exact_neuron(net, X[:2], (0, 0)) * exact_neuron(net, X[2:], (0, 0)))
        found = float(mixed_connected(net, X[:2], X[2:]))
        study.exact("(3), (6)", f"cos_net N={width}: M_c = (sigma_a^2/N)(L4 - L2 L2)", (four - pairs) / width, found)
        at = np.zeros((4, 1))
        ratio = float(mixed_connected(net, at[:2], at[2:]) / (net.two_point([0.0], [0.0]) / 2))
        study.exact("(3)", f"cos_net N={width}: M_c / (G2 L) at one point = 1/(2N)", 1 / (2 * width), ratio)
    for name, settings in (
        ("cos_net", {}),
        ("coupled_cos_net", {"epsilon": 0.8}),
        ("gauss_net", {"sigma_b": 0.4, "sigma_c": 0.3}),
    ):
        net = load(name, width=4, **settings)
        found = sampled_mixed(net, X[:2], X[2:], (0, 0), draws=draws, seed=2)
        exact = float(exact_mixed(net, X[:2], X[2:]))
        study.monte_carlo("(3), (4)", f"{name} N=4: E[phi phi h_i h_i], draws", exact, found.estimate, found.mcse)
    net = load("cos_net", width=4)
    for label, fields, neurons in (
        ("phi h_i", X[:1], (0,)),
        ("phi phi h_1 h_2", X[:2], (0, 1)),
        ("phi phi phi h_i", X[:3], (0,)),
    ):
        found = sampled_mixed(net, fields, X[: len(neurons)] + 0.1, neurons, draws=draws // 2, seed=3)
        study.monte_carlo("(12), (21)", f"cos_net: E[{label}] = 0", 0.0, found.estimate, found.mcse)


def _sum_rule(study: Study) -> None:
    """The interaction of the field from mixed correlators, for every amplitude law and every coupling."""
    for name, law in AMPLITUDES.items():
        net = load("cos_net", width=4, amplitude=law())
        exact, predicted = float(exact_correlator(net, X, "connected")), float(sum_rule(net, X))
        study.exact("(7), (8)", f"cos_net N=4, {name}: G4c from the sum rule", exact, predicted)
    for name in (
        "coupled_cos_net",
        "equicorrelated_cos_net",
        "shared_scale_cos_net",
        "shared_neuron_cos_net",
        "gibbs_cos_net",
    ):
        net = load(name, width=6, epsilon=0.6)
        exact, predicted = float(exact_correlator(net, X, "connected")), float(sum_rule(net, X))
        study.exact("(7), (9)", f"{name} N=6: G4c from the sum rule", exact, predicted)
    for name, settings in (
        ("gauss_net", {"sigma_b": 0.6}),
        ("free_scalar", {"cutoff": 4.0}),
        ("deep_net", {"inputs": 3}),
    ):
        net = load(name, width=6, **settings)
        exact, predicted = float(exact_correlator(net, X, "connected")), float(sum_rule(net, X))
        study.exact("(7)", f"{name} N=6: G4c from the sum rule", exact, predicted)


def _amplitudes(study: Study, draws: int) -> None:
    """A neuron with its amplitude is the N-th part of the field."""
    net = load("cos_net", width=4)
    two, four = float(exact_correlator(net, X[:2])), float(exact_correlator(net, X))
    found = sampled_mixed(net, X[:1], X[1:2], (0,), amplitudes=True, draws=draws, seed=4)
    study.monte_carlo("(1), (6)", "cos_net N=4: E[phi a_i h_i] = G2/N", two / 4, found.estimate, found.mcse)
    found = sampled_mixed(net, X[:3], X[3:], (0,), amplitudes=True, draws=draws, seed=4)
    study.monte_carlo("(1), (4)", "cos_net N=4: E[phi phi phi a_i h_i] = G4/N", four / 4, found.estimate, found.mcse)
    cross = sum(
        float(exact_neuron(net, X[[0, k]], (0, 0)) * exact_neuron(net, X[[1, l]], (0, 0))) for k, l in ((2, 3), (3, 2))
    )
    found = sampled_mixed(net, X[2:], X[:2], (0, 1), amplitudes=True, draws=draws, seed=4)
    statement = "cos_net N=4: E[a_1 h_1 a_2 h_2 phi phi] = (sigma_a^4/N^2)(H13 H24 + H14 H23)"
    study.monte_carlo("(3), (21)", statement, cross / 16, found.estimate, found.mcse)


def _breaking(study: Study, draws: int) -> None:
    """a ~ N(mu, sigma_a^2/N): the field of Cos-net stays even, E[phi h_i] = mu H_ii does not."""
    net = load("shifted_cos_net", width=10, mu=0.3)
    for n in (1, 3):
        study.exact("(12)", f"shifted_cos_net: G{n}", 0.0, float(exact_correlator(net, X[:n])))
    expected = 0.3 * float(exact_neuron(net, X[:2], (0, 0)))
    study.exact("(12)", "shifted_cos_net: E[phi h_i] = mu H_ii", expected, float(exact_mixed(net, X[:1], X[1:2])))
    found = sampled_mixed(net, X[:1], X[1:2], (0,), draws=draws, seed=5)
    study.monte_carlo("(12)", "shifted_cos_net: E[phi h_i], draws", expected, found.estimate, found.mcse)
    offset: Any = load("offset_cos_net", width=10, mu=0.03)
    mean = float(exact_correlator(offset, X[:1]))
    study.exact("(12)", "offset_cos_net: G1 = N mu kappa", 10 * 0.03 * offset.kappa, mean)


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
