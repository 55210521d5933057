"""Cluster decomposition: closed limits, verdicts that turn, and the accuracy that large distances ask for."""

from typing import Any

import numpy as np
import pytest

from nnqft_ppl import InputError, load, models
from nnqft_ppl.axioms.cluster import AXIOM, LIMIT, cluster, cluster_limit, cluster_verdicts
from nnqft_ppl.axioms.verdicts import together


@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize("name", ["cos_net", "matern", "coupled_cos_net", "equicorrelated_cos_net"])
def test_the_closed_limit_is_that_of_the_engine(name, dim):
    net: Any = load(name, dim=dim, width=7, sigma_a=1.3)
    u, v = np.linspace(0.3, 0.6, dim), np.linspace(-0.2, 0.9, dim)
    far = cluster(net, [np.zeros(dim), -u], [np.zeros(dim), -v], [80.0, 120.0])
    assert far == pytest.approx(float(cluster_limit(net, u, v)), rel=1e-10)


def test_cos_net_in_elementary_functions():
    """(1/4N) exp(-s^2 (u^2+v^2)/2) [3 cosh(s^2 u.v) - 1] in d = 2, s^2 = sigma_b^2/2."""
    net: Any = load("cos_net", dim=2, width=10, sigma_b=1.4)
    u, v = np.array([0.5, 0.2]), np.array([-0.3, 0.8])
    square = net.s**2
    expected = np.exp(-square * (u @ u + v @ v) / 2) * (3 * np.cosh(square * (u @ v)) - 1) / 40
    assert float(cluster_limit(net, u, v)) == pytest.approx(expected, rel=1e-13)


def outcomes(net):
    found = cluster_verdicts(net)
    return tuple(together([v for v in found if v.axiom == axiom]) for axiom in (AXIOM, LIMIT))


def test_verdicts():
    assert outcomes(load("cos_net", width=10)) == ("fail", "pass")
    assert outcomes(load("free_scalar", dim=2)) == ("fail", "pass")
    assert outcomes(load("coupled_cauchy", epsilon=0.01)) == ("fail", "fail")
    assert outcomes(load("coupled_cauchy", epsilon=0.0)) == ("fail", "pass")
    assert outcomes(load("wine_bottle")) == ("fail", "fail")
    # A theory so wide that its violation is below any rounding passes.
    assert outcomes(load("cos_net", width=10**12)) == ("pass", "pass")
    deep = cluster_verdicts(load("deep_net", activation="tanh"))
    assert {v.outcome for v in deep} == {"undecided"}


def test_infinite_variance_is_no_obstacle():
    assert outcomes(load("cutoff_free_scalar", dim=2, power=1.5)) == ("fail", "pass")


def test_a_planted_constant_is_seen(monkeypatch):
    """A kernel that keeps a ten-thousandth of its value at infinity fails for one field and for two."""
    card: Any = models.card("cos_net")
    right = card.kernel_moment
    monkeypatch.setattr(card, "kernel_moment", lambda self, k, z: (right(self, k, z) + 1e-4) / (1 + 1e-4))
    verdicts = cluster_verdicts(card())
    assert next(v for v in verdicts if v.test == "1 | 1").outcome == "fail"
    assert together([v for v in verdicts if v.axiom == LIMIT]) == "fail"


def test_shapes_and_errors():
    net = load("cos_net", dim=2)
    assert cluster(net, np.zeros((1, 2)), np.zeros((1, 2)), np.ones((3, 4))).shape == (3, 4)
    with pytest.raises(InputError, match="points must have shape"):
        cluster(net, [[0.0]], [[0.0, 0.0]], [1.0])


def test_kernels_far_away():
    """Where a kernel has vanished: an isotropic law of N d = 100 dimensions, and one of the deep net's input layer."""
    gibbs = load("gibbs_cos_net", width=100)
    far = np.array([[20.0], [40.0], [60.0]])
    assert gibbs.two_point(far, np.zeros(1)) == pytest.approx(0.0, abs=1e-10)
    assert load("gibbs_cos_net", width=40, epsilon=0.0).two_point([3.0], [0.0]) == pytest.approx(np.exp(-4.5) / 2)
    deep = load("deep_net", dim=2, inputs=3)
    one, two = deep.two_point([[0.0, 9.0], [9.0, 0.0]], np.zeros(2))
    engine = deep.neuron_moment(np.array([[[0.0, 0.0], [0.0, 9.0]], [[0.0, 0.0], [9.0, 0.0]]]))
    assert one == pytest.approx(two, rel=1e-13)
    assert engine * deep.amplitude_moment(2) == pytest.approx([one, two], rel=1e-12)
