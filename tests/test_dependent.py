"""The exact engine on dependent neurons: I_IB, components, and what a coupling leaves alone."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from brute_force import brute_force, cumulant

from nnqft_ppl import Student, exact_correlator, load
from nnqft_ppl.runtime.errors import InputError

RNG = np.random.default_rng(5)


@dataclass(frozen=True)
class CoupledVector:
    """The amplitudes of `vector` on the neurons of `coupled_cos_net`, for the exact engine."""

    width: int = 3
    independent: ClassVar[bool] = False
    dim, component_count = 1, 2

    @property
    def neuron_count(self):
        return self.width

    def amplitude_groups(self):
        return load("vector", width=self.width).amplitude_groups()

    def neuron_moment(self, points):
        return self.joint_neuron_moment([points])

    def joint_neuron_moment(self, blocks):
        return load("coupled_cos_net", width=self.width, epsilon=0.8).joint_neuron_moment(blocks)


@pytest.mark.slow
@pytest.mark.parametrize("components", [(0, 0, 1, 1), (0, 1, 0, 1), (1, 0, 0, 0), (0, 0, 1, 1, 0, 0)])
def test_components_of_dependent_neurons(components):
    net, x = CoupledVector(), RNG.normal(size=(len(components), 1)) * 0.5
    full, connected = (exact_correlator(net, x, kind, components) for kind in ("full", "connected"))
    assert full == pytest.approx(brute_force(net, x, components=components), rel=1e-11, abs=1e-15)
    assert connected == pytest.approx(cumulant(net, x, components), rel=1e-9, abs=1e-14)
    parts = [exact_correlator(net, x, kind, components) for kind in ("I_N", "I_IB")]
    assert sum(parts) == pytest.approx(connected, rel=1e-11, abs=1e-15)


def test_independence_breaking_needs_no_moment_of_its_own_order():
    """A_n cancels: I_IB of four points exists for amplitudes without a fourth moment, where G4 does not."""
    net: Any = load("coupled_cos_net", width=6, amplitude=Student(nu=3.5))
    x = RNG.normal(size=(4, 1))
    assert exact_correlator(net, x, "I_IB") == pytest.approx(net.independence_breaking(x), rel=1e-10)
    with pytest.raises(InputError, match="nu must be > 4"):
        exact_correlator(net, x, "connected")


def test_dependent_neurons_split_into_both_interactions():
    """I_IB (9) in closed form for Gaussian equicorrelation; I_N is the independent net's; they add up."""
    net = load("equicorrelated_cos_net", width=6, epsilon=0.3)
    x = np.array([[0.0], [1.2], [0.5], [2.0]])
    pairs = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    expected = 0.0
    for (i, j), (k, l) in pairs:
        u, v = float(x[i, 0] - x[j, 0]), float(x[k, 0] - x[l, 0])
        expected += (1 - 1 / 6) / 4 * np.exp(-(u**2 + v**2) / 2) * (np.cosh(0.3 * u * v) - 1)
    assert exact_correlator(net, x, "I_IB") == pytest.approx(expected, rel=1e-12)
    independent = exact_correlator(load("cos_net", width=6), x, "connected")
    assert exact_correlator(net, x, "I_N") == pytest.approx(independent, rel=1e-13)
    assert exact_correlator(net, x, "connected") == pytest.approx(independent + expected, rel=1e-12)


COUPLED = {
    "coupled_cos_net": "cos_net",
    "coupled_cauchy": "cauchy",
    "coupled_scalar": "free_scalar",
    "equicorrelated_cos_net": "cos_net",
    "shared_scale_cos_net": "cos_net",
    "shared_neuron_cos_net": "cos_net",
    "gibbs_cos_net": "cos_net",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLED)
def test_without_coupling_a_coupled_card_is_the_independent_one(name):
    """Every order and kind at eps = 0 (at 1e-12 where eps must be positive)."""
    smallest = 1e-12 if name == "shared_scale_cos_net" else 0.0
    net, plain = load(name, width=5, epsilon=smallest), load(COUPLED[name], width=5)
    x = RNG.normal(size=(6, 1)) * 0.6
    for n in (2, 4, 6):
        for kind in ("full", "connected", "I_N"):
            coupled, independent = (exact_correlator(theory, x[:n], kind) for theory in (net, plain))
            assert coupled == pytest.approx(independent, rel=1e-9), (n, kind)
    scale = float(abs(exact_correlator(plain, x[:4], "connected")))
    assert exact_correlator(net, x[:4], "I_IB") == pytest.approx(0.0, abs=1e-9 * scale)


@pytest.mark.parametrize("name", COUPLED)
def test_the_closed_form_of_independence_breaking(name):
    """The card's I_IB (28) against the general engine's, in two dimensions where the card has them."""
    dim = 1 if name == "coupled_cauchy" else 2
    net: Any = load(name, width=7, epsilon=0.6, dim=dim)
    x = RNG.normal(size=(3, 4, dim)) * 0.8
    assert exact_correlator(net, x, "I_IB") == pytest.approx(net.independence_breaking(x), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("name", ["coupled_cos_net", "coupled_cauchy", "coupled_scalar", "shared_neuron_cos_net"])
def test_independence_breaking_is_linear_in_epsilon(name):
    x = np.array([[0.0], [1.2], [0.5], [2.0]])
    values = [exact_correlator(load(name, width=6, epsilon=e), x, "I_IB") / e for e in (0.01, 0.3, 1.0)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-9)


@pytest.mark.parametrize("name", [name for name in COUPLED if name not in ("shared_scale_cos_net", "gibbs_cos_net")])
def test_the_marginal_does_not_change_with_epsilon(name):
    x = np.array([[0.0], [0.8]])
    plain = exact_correlator(load(COUPLED[name], width=6), x)
    for epsilon in (0.2, 0.9):
        assert exact_correlator(load(name, width=6, epsilon=epsilon), x) == pytest.approx(plain, rel=1e-12)


def test_the_marginal_of_a_shared_scale_is_rational_quadratic():
    net, x = load("shared_scale_cos_net", width=6, epsilon=0.5), np.array([[0.0], [0.8]])
    assert exact_correlator(net, x) == pytest.approx(0.5 * (1 + 0.5 * 0.64 / 2) ** -2, rel=1e-13)
