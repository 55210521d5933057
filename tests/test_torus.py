"""Periodic fields: the law on the dual lattice, the card, and its images in infinite volume."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.infer import MCMC, NUTS
from scipy import stats

import nnqft_ppl as nq
from nnqft_ppl.laws import DualLattice, GaussianFrequencies, RegulatedFrequencies, StudentFrequencies
from nnqft_ppl.sampling.plan import plan

pytestmark = pytest.mark.usefixtures("quick_compilation")

HARD: Any = {"power": 1.3, "mass": 1.2, "cutoff": 9.0, "regulator": "hard", "period": 2.5}


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_law_is_a_sum_over_the_dual_lattice(dim):
    """Probabilities, E cos(b.z) and log_prob by a plain sum over 13^d modes."""
    law = DualLattice(GaussianFrequencies(0.9), 3.0, dim)
    n = np.array(list(itertools.product(range(-6, 7), repeat=dim))) * 2 * np.pi / 3
    w = np.exp(-(n**2).sum(axis=1) / (2 * 0.9**2))
    z = np.array([0.3, -0.7, 1.1])[:dim]
    assert law.modes.probability.sum() == pytest.approx(1.0, abs=1e-14)
    assert law.mean_wave(z) == pytest.approx(w @ np.cos(n @ z) / w.sum(), abs=1e-13)
    assert law.log_prob(jnp.asarray(n[len(n) // 2 + 1])) == pytest.approx(
        np.log(w[len(n) // 2 + 1] / w.sum()), rel=1e-6
    )
    assert law.log_prob(jnp.full(dim, 0.4)) == -np.inf
    assert law.log_prob(jnp.full(dim, 400 * np.pi)) == -np.inf


def test_draws_follow_the_law():
    """Chi-squared of the counts of 200,000 rows over 7 modes and the rest at the level 1e-6; a mode that is 5 % off is caught."""
    law = DualLattice(RegulatedFrequencies(1.0, 1.0, 2.0, "gaussian"), 4.0, 1)
    b = np.asarray(law.sample(jax.random.key(5), (200_000,)))[:, 0]
    n = np.round(b / law.spacing).astype(int)
    assert np.abs(b - n * law.spacing).max() < 1e-5
    modes = law.modes
    kept = np.abs(np.arange(-modes.most, modes.most + 1)) <= 3

    def level(probability):
        counts = np.bincount(n + modes.most, minlength=2 * modes.most + 1)
        seen, expected = counts[kept], 200_000 * probability[kept]
        seen, expected = np.append(seen, counts[~kept].sum()), np.append(expected, 200_000 - expected.sum())
        return stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue

    assert level(modes.probability) > 1e-6
    planted = modes.probability.copy()
    planted[modes.most] *= 1.05
    assert level(planted / planted.sum()) < 1e-6


@pytest.mark.parametrize("dim", [1, 2])
def test_two_point_functions_are_sums_over_images(dim):
    """Poisson's sum: the torus beside the infinite volume of alpha_scalar, which knows no lattice; exactly periodic."""
    net = nq.load("torus", dim=dim, period=3.0, cutoff=4.0)
    whole = nq.load("alpha_scalar", dim=dim, cutoff=4.0)
    images = 3.0 * np.array(list(itertools.product(range(-13, 14), repeat=dim)))
    for r in (0.0, 0.4, 1.5):
        x = np.r_[r, np.zeros(dim - 1)]
        assert net.two_point(x, 0 * x) == pytest.approx(whole.two_point(x + images, 0 * x).sum(), rel=1e-11)
        assert net.two_point(x + 3.0, 0 * x) == pytest.approx(net.two_point(x, 0 * x), rel=1e-12)


def test_fields_are_periodic_and_correlators_exact_at_every_width():
    net = nq.load("torus", dim=2, width=3, alpha=-0.5, period=2.0)
    theta = {site: draws[0] for site, draws in net.sample(jax.random.key(0), 1).items()}
    x = jnp.array([[0.3, -0.2], [2.3, -0.2], [0.3, 3.8]])
    phi = net.field(theta, x)
    assert phi == pytest.approx(np.full(3, phi[0]), abs=1e-4)
    points = np.array([[0.1, 0.0], [0.4, 0.2], [-0.3, 0.1], [0.2, -0.4]])
    moved = points + np.array([[2.0, 0.0], [0.0, -4.0], [2.0, 2.0], [0.0, 0.0]])  # each by its own periods
    for order in (2, 4):
        here, there = (float(nq.exact_correlator(net, p[:order], "connected")) for p in (points, moved))
        assert there == pytest.approx(here, rel=1e-10)


def test_alpha_moves_the_interaction_and_not_the_propagator():
    first, second = (nq.load("torus", width=4, alpha=alpha) for alpha in (0.0, -1.0))
    x = np.array([[0.0], [0.3], [0.5], [1.0]])
    two, four = ([float(nq.exact_correlator(net, x[:n], "connected")) for net in (first, second)] for n in (2, 4))
    assert two[0] == pytest.approx(two[1], rel=1e-12)
    assert abs(four[0] - four[1]) > 0.01 * abs(four[0])


def test_what_a_torus_does_not_have_is_said_in_one_line():
    with pytest.raises(nq.NoClosedForm, match="it is a sum of delta functions at"):
        nq.load("torus").power_spectrum([[0.0]])
    with pytest.raises(nq.InputError, match="a torus must have at most 2097152 modes, got"):
        nq.load("torus", dim=3, period=100.0).two_point(np.zeros(3), np.zeros(3))
    with pytest.raises(nq.InputError, match="must end, or fall faster than a power, on a torus"):
        DualLattice(StudentFrequencies(1.0, 0.5), 2.0, 1).modes  # noqa: B018
    with pytest.raises(nq.InputError, match="classical configurations need a density"):
        nq.modes(nq.load("torus", width=2))


@pytest.mark.slow
def test_chains_redraw_what_gradients_cannot_move():
    model = nq.deform(nq.load("torus", width=6), "0.5*phi^4", np.linspace(-1.9, 1.9, 8)[:, None], np.full(8, 0.5))
    assert plan(model).sampler == "gibbs"
    with pytest.raises(nq.InputError, match="law DualLattice is discrete, which no Markov chain of ours can move"):
        nq.posterior(model, [[0.0]], sampler="nuts", draws=4, warmup=2)
    mcmc = MCMC(NUTS(nq.load("torus", width=2)), num_warmup=1, num_samples=1, progress_bar=False)
    with pytest.raises(Exception, match=r"(?i)discrete|enumerat"):
        mcmc.run(jax.random.key(0), np.zeros((1, 1)))


@pytest.mark.parametrize("settings", [{}, HARD], ids=["gaussian", "hard"])
def test_a_large_period_is_infinite_volume(settings):
    """sum_b P(b) (2 pi/L)^d of the law on the line tends to 1: by 1e-6 at ten lengths for a smooth regulator."""
    cell = nq.load("torus", **{**settings, "period": 40.0}).row.modes.cell  # pyright: ignore[reportAttributeAccessIssue]
    assert cell == pytest.approx(1.0, abs=1e-6 if not settings else 0.02)
