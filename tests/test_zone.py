"""The Cauchy net on a lattice: one Brillouin zone holds every frequency that the lattice can tell apart."""

from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from nnqft_ppl import exact_correlator, load
from nnqft_ppl.laws.lattice import FoldedCauchy, band_limited

SPACING, MASS = 0.4, 1.3


def test_the_law_is_the_cauchy_law_folded():
    """Kolmogorov-Smirnov at 1e5 draws, false alarms 1e-7; and the density integrates to the share of such draws."""
    law = FoldedCauchy(MASS, SPACING)
    zone = 2 * np.pi / SPACING
    folded = MASS * np.random.default_rng(0).standard_cauchy(100_000)
    folded -= zone * np.round(folded / zone)
    drawn = np.asarray(law.sample(jax.random.key(0), (100_000,)))
    alike: Any = stats.ks_2samp(drawn, folded)
    stretched: Any = stats.ks_2samp(1.1 * drawn, folded)
    assert alike.pvalue > 1e-7
    assert stretched.pvalue < 1e-7
    density = lambda b: float(np.exp(law.log_prob(b)))  # noqa: E731
    assert quad(density, -zone / 2, zone / 2, epsabs=1e-12)[0] == pytest.approx(1.0, abs=1e-10)
    images = np.sum(MASS / np.pi / ((0.7 + zone * np.arange(-(10**6), 10**6 + 1)) ** 2 + MASS**2))
    assert density(0.7) == pytest.approx(images, rel=1e-6)


def test_on_the_lattice_it_is_the_cauchy_net():
    """Every correlator at multiples of the spacing, at finite width; between them it differs."""
    ours = load("lattice_cauchy", width=3, mass=MASS, lattice_spacing=SPACING)
    theirs = load("cauchy", width=3, mass=MASS)
    on = 0.17 + SPACING * np.array([[0.0], [1.0], [-3.0], [7.0], [2.0], [4.0]])
    for order in (2, 4, 6):
        for kind in ("full", "connected"):
            exact = exact_correlator(theirs, on[:order], kind)
            assert exact_correlator(ours, on[:order], kind) == pytest.approx(exact, rel=1e-11)
    between = np.array([[0.0], [0.5 * SPACING]])
    assert abs(exact_correlator(ours, between) / exact_correlator(theirs, between) - 1) > 0.01


def test_the_interpolation_is_the_transform_of_the_spectrum():
    net = load("lattice_cauchy", mass=MASS, lattice_spacing=SPACING, sigma_a=1.1)
    for z in (0.0, 0.13, 0.4, 1.0, 3.3):
        integral = quad(
            lambda p, z=z: float(net.power_spectrum([p])) * np.cos(p * z) / np.pi, 0.0, net.momentum_cutoff
        )[0]
        assert float(net.two_point([z], [0.0])) == pytest.approx(integral, rel=1e-9)
    assert float(net.power_spectrum([1.001 * net.momentum_cutoff])) == 0.0
    fine = load("lattice_cauchy", mass=MASS, lattice_spacing=1e-3)
    assert float(fine.power_spectrum([2.0])) == pytest.approx(
        float(load("cauchy", mass=MASS).power_spectrum([2.0])), rel=1e-6
    )
    assert float(fine.two_point([0.3337], [0.0])) == pytest.approx(0.5 * np.exp(-MASS * 0.3337), rel=1e-6)
    assert band_limited(0.5, np.arange(-3.0, 4.0)) == pytest.approx(
        np.exp(-0.5 * np.abs(np.arange(-3.0, 4.0))), rel=1e-14
    )


def test_the_quantile_is_that_of_the_law():
    net: Any = load("lattice_cauchy", width=100_000, mass=MASS, lattice_spacing=SPACING)
    u = np.linspace(0.0, 1.0, 20_001)[:-1]
    radius = np.abs(np.asarray(net.sample(jax.random.key(1), 1)["b"][0, :, 0]))
    assert stats.kstest(radius, lambda r: np.interp(r, net.frequency_law.radius_quantile(u, 1), u)).pvalue > 1e-7


@pytest.mark.parametrize("decay", [1e-3, 1.0, 50.0, 5000.0])
def test_spacings_from_fine_to_coarse(decay):
    """The law and the kernel stay finite, in single precision too, and agree with Shannon's series term by term."""
    t = np.array([0.0, 0.25, -1.0, 1.0 + 1e-9, 7.5, 123.4])
    n = np.arange(-60_000, 60_001)
    series = np.sinc(t[:, None] - n) @ np.exp(-decay * np.abs(n))
    assert band_limited(decay, t.reshape(2, 3)) == pytest.approx(series.reshape(2, 3), rel=1e-12, abs=1e-15)
    for precise in (True, False):
        with jax.enable_x64(precise):
            law = FoldedCauchy(decay, 1.0)
            edges = law.of_angle(np.array([-np.pi, 0.0, np.pi]).astype(float if precise else np.float32))
            assert np.isfinite(law.log_prob(edges)).all()
            assert (np.abs(edges) <= np.pi * (1 + 1e-7)).all()
    assert np.isfinite(load("lattice_cauchy", mass=decay, lattice_spacing=1.0).power_spectrum([[0.0], [3.0]])).all()
