"""The exact engine against brute-force sums over neuron indices, identities, and quadrature by another route."""

import itertools
from typing import Any

import numpy as np
import pytest
from brute_force import brute_force, cumulant
from conftest import part_of
from scipy.integrate import quad
from scipy.special import gamma, j0, k0, pbdv
from toy_cards import Constant, Tanh

from nnqft_ppl import (
    ConstantModulus,
    NoClosedForm,
    OffsetGaussian,
    Student,
    exact_correlator,
    exact_mixed,
    exact_neuron,
    load,
)
from nnqft_ppl.laws import propagator
from nnqft_ppl.laws.fourier import omega, radial_fourier
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.subsets import set_partitions
from nnqft_ppl.theory import AMPLITUDES
from nnqft_ppl.theory.amplitudes import gaussian_moment

RNG = np.random.default_rng(5)


NETS = [
    load("cos_net", width=3, amplitude=OffsetGaussian(mean=0.7, sigma=0.8)),
    load("gauss_net", width=2, sigma_c=0.4, amplitude=OffsetGaussian(mean=-0.6)),
    load("line", mean=0.5),
    load("cauchy", width=3, amplitude=AMPLITUDES["laplace"]()),
    Constant(width=3),
    load("equicorrelated_cos_net", width=3, epsilon=0.4),
    load("equicorrelated_cos_net", width=3, epsilon=-0.3),
    load("coupled_cos_net", width=3, epsilon=0.7, amplitude=OffsetGaussian(mean=0.7, sigma=0.8)),
    load("coupled_scalar", width=3, epsilon=0.7, cutoff=3.0),
    load("shared_neuron_cos_net", width=3, epsilon=0.4),
    load("shared_scale_cos_net", width=3, epsilon=0.4),
    load("gibbs_cos_net", width=3, epsilon=1.0),
    load("deep_net", width=3, inputs=2),
    load("offset_cos_net", width=3),
    load("landscape", width=3),
    load("wine_bottle", width=2),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "n"),
    part_of(itertools.product(NETS, [1, 2, 3, 4, 5, 6]), lambda net, n: n < 6 or net.independent),
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_any_order_against_a_sum_over_neurons(net, n):
    x = RNG.normal(size=(n, 1)) * 0.5
    assert exact_correlator(net, x) == pytest.approx(brute_force(net, x), rel=1e-11, abs=1e-13)
    assert exact_correlator(net, x, "connected") == pytest.approx(cumulant(net, x), rel=1e-9, abs=1e-12)


def test_order_eight():
    net = load("cos_net", width=2, sigma_b=0.7, amplitude=AMPLITUDES["bimodal"]())
    x = RNG.normal(size=(8, 1))
    assert exact_correlator(net, x) == pytest.approx(brute_force(net, x), rel=1e-11)
    assert len(set_partitions(8)) == 4140


def test_connected_orders_six_and_eight_by_inversion():
    """kappa_n = G_n - sum over proper partitions of products of connected functions."""
    net = load("cauchy", width=3)
    x = RNG.normal(size=(8, 1))
    for n in (6, 8):
        rest = 0.0
        for partition in set_partitions(n):
            if len(partition) > 1 and all(block.bit_count() % 2 == 0 for block in partition):
                blocks = [[k for k in range(n) if block >> k & 1] for block in partition]
                rest += np.prod([exact_correlator(net, x[b], "connected") for b in blocks])
        assert exact_correlator(net, x[:n], "connected") == pytest.approx(exact_correlator(net, x[:n]) - rest, rel=1e-9)


def test_a_skewed_law_with_vanishing_third_moment():
    """E a^3 = 0 does not make G3 vanish while E a does not: 160/9 at N = 3 without the 1/sqrt(N)."""
    net = Constant(width=3)
    g3 = exact_correlator(net, np.zeros((3, 1))) * 3**1.5
    e1, e2, e3 = (net.amplitude_moment(k) for k in (1, 2, 3))
    assert e3 == pytest.approx(0.0, abs=1e-15)
    assert g3 == pytest.approx(3 * e3 + 18 * e1 * e2 + 6 * e1**3, rel=1e-14)
    assert g3 == pytest.approx(160 / 9, rel=1e-14)


@pytest.mark.parametrize("name", ["cos_net", "gauss_net", "free_scalar", "alpha_scalar", "cauchy"])
def test_odd_orders_of_even_cards_are_exactly_zero(name):
    net = load(name, width=4)
    for n in (1, 3, 5, 7):
        for kind in ("full", "connected", "I_N", "I_IB"):
            assert exact_correlator(net, RNG.normal(size=(2, n, net.dim)), kind).tolist() == [0.0, 0.0]


def test_the_cosine_family_hides_an_asymmetric_amplitude_law():
    """c -> c + pi flips a neuron: odd functions vanish for every P(a), and Gauss-net's do not."""
    x = RNG.normal(size=(3, 1)) * 0.3
    law = OffsetGaussian(mean=1.0)
    assert exact_correlator(load("cos_net", width=4, amplitude=law), x) == 0.0
    assert abs(exact_correlator(load("gauss_net", width=4, amplitude=law), x)) > 0.1


@pytest.mark.parametrize("name", ["vector", "wine_bottle"])
@pytest.mark.parametrize(
    "components", [(0, 0), (0, 1), (0, 0, 1, 1), (0, 1, 0, 1), (2, 2, 2, 2), (0, 1, 1, 2), (0, 0, 1, 1, 2, 2)]
)
def test_components_against_a_sum_over_neurons(name, components):
    net: Any = load(name, width=2, components=3)
    x = RNG.normal(size=(len(components), 1)) * 0.5
    expected = brute_force(net, x, components=components)
    assert exact_correlator(net, x, components=components) == pytest.approx(expected, rel=1e-11, abs=1e-14)
    if len(components) == 4:
        connected = exact_correlator(net, x, "connected", components)
        assert connected == pytest.approx(net.connected_four_point(x, components), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("components", [2, 3, 4])
def test_the_radial_law_of_the_wine_bottle(components):
    """E r^k = I((D+k)/2)/I(D/2) with parabolic cylinder functions, and E r^4 = v^2 E r^2 + D sigma^2/2."""
    net: Any = load("wine_bottle", components=components, radius=1.3, sigma_v=0.7)

    def integral(nu):
        return 0.7**nu * gamma(nu) * np.exp(-(1.3**4) / (4 * 0.49)) * pbdv(-nu, -(1.3**2) / 0.7)[0]

    for k in (1, 2, 4, 6):
        expected = integral((components + k) / 2) / integral(components / 2)
        assert net.radial_moment(k) == pytest.approx(expected, rel=1e-11)
    identity = 1.69 * net.radial_moment(2) + components * 0.49 / 2
    assert net.radial_moment(4) == pytest.approx(identity, rel=1e-12)


def test_components_are_named_in_errors():
    with pytest.raises(InputError, match=r"components must be 2 numbers between 0 and 1 \(Vector\), got \(0, 2\)"):
        exact_correlator(load("vector"), np.zeros((2, 1)), components=(0, 2))


@pytest.mark.slow
@pytest.mark.parametrize(("dim", "orders"), [(1, (2, 4, 6)), (2, (2, 4))])
def test_deep_neurons_against_a_direct_integral(dim, orders):
    """One input unit: E over b and c of the cosine activation by a plain grid, without the Bessel function."""
    net: Any = load("deep_net", inputs=1, dim=dim, sigma_w=1.5)
    b, c = np.linspace(-8.6, 8.6, 241), 2 * np.pi * np.arange(64) / 64
    grid = np.stack(np.meshgrid(*[b] * dim, indexing="ij"), -1).reshape(-1, dim)
    weight = np.exp(-(grid**2).sum(-1) / 2)
    for n in orders:
        x = RNG.normal(size=(n, dim)) * 0.4
        layer = np.cos(net.s * (grid @ x.T)[:, None, :] + c[:, None])
        total = 0.0
        for signs in itertools.product((1, -1), repeat=n):
            if sum(signs) == 0:
                total += np.exp(-(1.5**2) / 2 * (layer @ np.array(signs, float)) ** 2).mean(axis=1) @ weight
        assert net.neuron_moment(x) == pytest.approx(total / weight.sum() / 2**n, rel=1e-11)


@pytest.mark.parametrize(("m", "k"), [(1, 1), (2, 1), (2, 2), (3, 1), (4, 2), (3, 3)])
@pytest.mark.parametrize(
    "net",
    [
        load("gauss_net", width=3, sigma_c=0.3, amplitude=OffsetGaussian()),
        load("equicorrelated_cos_net", width=3, epsilon=0.4),
        load("deep_net", width=3, inputs=2),
    ],
    ids=lambda net: type(net).__name__,
)
def test_mixed_correlators_against_a_sum_over_neurons(net, m, k):
    x, y = RNG.normal(size=(m, 1)) * 0.4, RNG.normal(size=(k, 1)) * 0.4
    assert exact_mixed(net, x, y) == pytest.approx(brute_force(net, x, y), rel=1e-11, abs=1e-14)


def test_the_sum_rule_of_mixed_correlators():
    """Gaussian amplitudes: G4c = sigma_a^2 sum over pairings of E[phi phi h h] - G2 H, at every width."""
    net = load("cos_net", width=4, sigma_a=1.3)
    x = np.array([[0.0], [0.4], [1.0], [1.7]])
    total = 0.0
    for i, j, k, l in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        connected = exact_mixed(net, x[[i, j]], x[[k, l]])
        total += connected - net.two_point(x[i], x[j]) * exact_neuron(net, x[[k, l]], (0, 0))
    assert exact_correlator(net, x, "connected") == pytest.approx(1.3**2 * total, rel=1e-12)
    # At one point the connected mixed function is G2 L/(2N): it measures the width.
    at = np.zeros((2, 1))
    connected = exact_mixed(net, at, at) - net.two_point([0.0], [0.0]) * exact_neuron(net, at, (0, 0))
    ratio = connected / (net.two_point([0.0], [0.0]) * exact_neuron(net, at, (0, 0)))
    assert ratio == pytest.approx(1 / (2 * net.width), rel=1e-12)


def test_neuron_correlators_of_distinct_neurons():
    """L_iikk = L_ii L_kk when independent (S9), whatever the order of the indices; L_ij = 0 for i != j (21)."""
    net = load("cos_net", width=3)
    x = RNG.normal(size=(4, 1))
    pair = exact_neuron(net, x[[0, 2]], (0, 0)) * exact_neuron(net, x[[1, 3]], (0, 0))
    assert exact_neuron(net, x, (2, 0, 2, 0)) == pytest.approx(pair, rel=1e-13)
    assert exact_neuron(net, x[:2], (0, 1)) == 0.0
    with pytest.raises(InputError, match="indices must be between 0 and 2"):
        exact_neuron(net, x[:2], (0, 3))


def test_leading_shapes_are_kept():
    net = load("free_scalar", dim=2)
    x = RNG.normal(size=(2, 3, 4, 2))
    values = exact_correlator(net, x, "connected")
    assert values.shape == (2, 3)
    assert values.dtype == np.float64
    assert values[1, 2] == pytest.approx(float(exact_correlator(net, x[1, 2], "connected")), rel=1e-12)


def test_a_card_without_closed_forms_says_so():
    with pytest.raises(NoClosedForm, match="Tanh has no closed form for its neuron moments; use an estimator"):
        exact_correlator(Tanh(width=3), np.zeros((2, 1)))


# -- amplitude moments by quadrature over the laws themselves -----------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in AMPLITUDES if n != "constant_modulus"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
def test_amplitude_moments_by_quadrature(name, k):
    law = AMPLITUDES[name]()
    density: Any = law.distribution(1.7)
    half = quad(lambda a: a**k * np.exp(float(density.log_prob(a))), 0, np.inf, epsabs=0, epsrel=1e-9, limit=200)[0]
    expected = 0.0 if k % 2 else 2 * half
    assert law.moment(k) * 1.7**k == pytest.approx(expected, rel=1e-7)


def test_constant_modulus_and_offset_moments():
    assert [ConstantModulus(mu=1.5).moment(k) for k in (1, 2, 3, 4)] == [0.0, 1.5**2, 0.0, 1.5**4]
    for k in range(1, 7):
        expected = quad(lambda z, k=k: (0.4 + 1.2 * z) ** k * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), -12, 12)[0]
        assert gaussian_moment(k, 0.4, 1.2) == pytest.approx(expected, rel=1e-9)


def test_a_moment_that_does_not_exist():
    net = load("cos_net", amplitude=Student(nu=3.5))
    with pytest.raises(InputError, match=r"Student: nu must be > 4 .* got 3.5"):
        exact_correlator(net, np.zeros((4, 1)))
    assert exact_correlator(net, np.zeros((2, 1))) > 0


# -- radial quadrature --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_radial_quadrature_of_a_gaussian(dim):
    """A transform that is known for every distance: absolute accuracy 1e-13 of the value at the origin."""
    r = np.r_[0.0, 1e-9, np.geomspace(1e-3, 60.0, 40)]
    value = radial_fourier(lambda p: np.exp(-(p**2) / 2), r, dim=dim, scale=1.0, stop=12.0)
    expected = (2 * np.pi) ** (-dim / 2) * np.exp(-(r**2) / 2)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-13 * expected[0])


def test_hard_cutoff_in_the_plane_against_adaptive_quadrature():
    for cutoff, r in ((100.0, 0.37), (100.0, 8.1), (7.0, 3.0)):
        edges = np.arange(0, cutoff * r / np.pi + 1) * np.pi / r
        edges = np.r_[edges[edges < cutoff], cutoff]
        pieces = [
            quad(lambda p, r=r: p * j0(p * r) / (p * p + 1), a, b, epsrel=1e-13)[0]
            for a, b in itertools.pairwise(edges)
        ]
        value = propagator(1.0, r, mass=1.0, cutoff=cutoff, regulator="hard", dim=2)
        assert value == pytest.approx(sum(pieces) / (2 * np.pi), rel=1e-11)


@pytest.mark.parametrize("power", [0.3, 1.0, 2.0, 2.5])
@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_schwinger_integral_against_radial_quadrature(power, dim):
    r = np.array([0.0, 0.02, 0.3, 1.7, 5.0])
    settings = {"mass": 0.8, "cutoff": 20.0, "dim": dim}
    direct = radial_fourier(
        lambda p: np.exp(-(p**2) / 800) * (p * p + 0.64) ** -power, r, dim=dim, scale=0.8, stop=8.6 * 20.0
    )
    value = propagator(power, r, regulator="gaussian", **settings)
    np.testing.assert_allclose(value, direct, rtol=1e-11, atol=1e-14 * direct[0])


def test_propagators_approach_their_continuum_limits():
    settings = {"mass": 1.0, "cutoff": 1e4, "regulator": "gaussian"}
    assert propagator(1.0, 1.3, dim=1, **settings) == pytest.approx(np.exp(-1.3) / 2, rel=1e-6)
    assert propagator(1.0, 1.3, dim=2, **settings) == pytest.approx(k0(1.3) / (2 * np.pi), rel=1e-6)
    assert propagator(1.0, 1.3, dim=3, **settings) == pytest.approx(np.exp(-1.3) / (4 * np.pi * 1.3), rel=1e-6)


def test_angular_average_between_dimensions():
    """Omega_d' relates to Omega_(d+2): d/dx Omega_d = -(x/d) Omega_(d+2), a chain through every special case."""
    x, h = np.array([0.0, 0.5, 3.0, 20.0]), 1e-5
    for dim in (1, 2, 3, 4):
        slope = (omega(dim, x + h) - omega(dim, x - h + 2 * h * (x == 0))) / (2 * h)
        np.testing.assert_allclose(slope[1:], (-x / dim * omega(dim + 2, x))[1:], atol=1e-9)
        assert omega(dim, 0.0) == 1.0
