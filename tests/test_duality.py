"""Two theories at finite and infinite width: what differs, and how many draws it takes to see."""

import numpy as np
import pytest

from nnqft_ppl import ConstantModulus, InputError, load
from nnqft_ppl.duality import draw_variance, duality
from nnqft_ppl.fields import field_draws

X = np.array([[0.1], [0.4], [0.6], [-0.3]])


def test_cos_net_and_gauss_net():
    found = duality(load("cos_net", width=5, sigma_b=0.8), load("gauss_net", width=5, sigma_b=0.8, sigma_c=0.3), X)
    assert found.dual
    assert found.symmetries == ("translation",)
    assert 0.01 < abs(found.four_point_gap) < 0.1
    wider = [
        duality(load("cos_net", width=n, sigma_b=0.8), load("gauss_net", width=n, sigma_b=0.8, sigma_c=0.3), X)
        for n in (1000, 10_000)
    ]
    assert wider[0].four_point_gap / wider[1].four_point_gap == pytest.approx(10)
    assert wider[1].draws / wider[0].draws == pytest.approx(100, rel=0.02)  # (G4c)^-2 ~ N^2


def test_duals_of_other_kinds_and_strangers():
    assert duality(load("cauchy"), load("matern", nu=0.5), X).draws > 1e15  # one theory: nothing tells them apart
    alpha = duality(load("alpha_scalar", alpha=0.0, cutoff=10.0), load("alpha_scalar", alpha=-1.0, cutoff=10.0), X)
    assert alpha.dual
    assert alpha.symmetries == ()
    signs = duality(load("cos_net"), load("cos_net", amplitude=ConstantModulus()), X)
    assert signs.dual
    assert not duality(load("cos_net"), load("cauchy"), X).dual
    for other in (load("coupled_cos_net"), load("offset_cos_net"), load("cos_net", dim=2)):
        with pytest.raises(InputError):
            duality(load("cos_net"), other, X)


def test_the_variance_of_a_draw_is_that_of_draws():
    """200 thousand draws: a variance of heavy tails to about 3 %, held to 15 %."""
    net = load("cos_net", width=4)
    phi = field_draws(net, X, draws=200_000, seed=3)[:, :, 0]
    g = phi.T @ phi / len(phi)
    pairings = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    pairs = sum(phi[:, i] * phi[:, j] * g[k, l] + phi[:, k] * phi[:, l] * g[i, j] for i, j, k, l in pairings)
    assert np.var(phi.prod(axis=1) - pairs) == pytest.approx(draw_variance(net, X), rel=0.15)
