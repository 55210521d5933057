"""Generating functional, laws of the field and derivatives: against draws, quadrature and closed special cases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import Z_LIMIT, assert_agrees
from scipy import special, stats

import nnqft_ppl as nq
from nnqft_ppl import InputError, NoClosedForm, load
from nnqft_ppl.sampling.networks import field_draws, over_networks
from nnqft_ppl.theory import AMPLITUDES, AmplitudeLaw, OffsetGaussian, Student

PLANE = np.array([[0.0, 0.0], [0.5, 0.3], [-0.4, 0.9]])


@pytest.mark.parametrize("law", [*(law() for law in AMPLITUDES.values()), OffsetGaussian(mean=0.7)], ids=repr)
def test_phase_average_by_quadrature(law):
    """E J_0(ahat q) over the law's own draws; a law without draws of its density, by its two values."""
    q = np.array([0.0, 0.3, 2.0, 7.0])
    a = np.asarray(law.distribution(1.0).sample(jax.random.key(5), (100_000,)))
    waves = special.j0(np.abs(a)[:, None] * q)
    error = np.maximum(waves.std(axis=0), 1e-12) / len(a) ** 0.5
    assert (np.abs(waves.mean(axis=0) - law.phase_average(q)) <= Z_LIMIT * error + 1e-9).all()
    assert Z_LIMIT * error.max() < 0.014  # so an error of 0.014 is seen: another variance, a dropped factor


def test_the_pair_of_vertex_operators():
    """cauchy, |ahat| = 1, m = 1, N = 10, alpha = 2, r = .7: by the wrapped Cauchy law of theta = b r, a Poisson kernel."""
    theta = 2 * np.pi * (np.arange(512) + 0.5) / 512
    rho = np.exp(-0.7)
    poisson = (1 - rho**2) / (1 - 2 * rho * np.cos(theta) + rho**2) / 512
    for width in (1, 10, 1000):
        expected = (poisson @ special.j0(2 * 2.0 * np.sin(theta / 2) / width**0.5)) ** width
        net = load("cauchy", width=width, amplitude="constant_modulus")
        found = float(nq.generating_functional(net, [[0.0], [0.7]], [2.0, -2.0]))
        assert found == pytest.approx(expected, rel=1e-11)
        if width == 10:
            assert found == pytest.approx(0.3701965290, abs=5e-11)


CASES = [
    ("cos_net", {"dim": 2, "width": 3}, PLANE, "gaussian"),
    ("free_boson", {"dim": 2, "width": 2, "cutoff": 5.0}, PLANE, "constant_modulus"),
    ("matern", {"dim": 2, "width": 4, "nu": 0.7}, PLANE[:2], "laplace"),
    ("cauchy", {"width": 2}, np.array([[0.0], [0.5], [1.3]]), "bimodal"),
    ("lattice_cauchy", {"width": 2}, np.array([[0.0], [0.5], [1.3]]), "rayleigh"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("card", "settings", "x", "law"), CASES, ids=[case[0] for case in CASES])
def test_generating_functional_of_draws(card, settings, x, law):
    """E cos(J.phi) of field draws, for sources of both signs; sensitive to 2 %."""
    net = load(card, amplitude=law, **settings)
    source = np.array([[0.9, -1.2, 0.6], [0.5, 0.8, -1.0]])[:, : len(x)]
    waves = np.cos(field_draws(net, x, draws=150_000, seed=3)[:, :, 0] @ source.T)
    exact = nq.generating_functional(net, x, source)
    assert_agrees(waves.mean(0), waves.std(0) / len(waves) ** 0.5, exact, sensitivity=0.02, label=card)


def test_its_derivatives_are_correlators():
    """d^4 Z at J = 0 by a rule of finite differences, exact to order h^2, against the exact engine's G4."""
    net, x, h = load("cauchy", width=3), np.array([[0.0], [0.5], [1.3], [-0.2]]), 0.02
    signs = np.array(np.meshgrid(*[[-1, 1]] * 4, indexing="ij")).reshape(4, -1).T
    for scale, tolerance in ((1.0, 2e-3), (0.5, 6e-4)):
        z = nq.generating_functional(net, x, scale * h * signs)
        found = np.sum(np.prod(signs, axis=1) * z) / (2 * scale * h) ** 4
        assert found == pytest.approx(float(nq.exact_correlator(net, x)), rel=tolerance)


def test_points_that_coincide_add_their_sources():
    net = load("cos_net", width=5, dim=2)
    one = nq.generating_functional(net, PLANE[:2], [0.7, -0.4])
    two = nq.generating_functional(net, PLANE[[0, 1, 0]], [0.5, -0.4, 0.2])
    assert float(two) == pytest.approx(float(one), rel=1e-12)


@pytest.mark.parametrize("name", ["gauss_net", "coupled_cos_net", "vector", "free_scalar"])
def test_theories_without_a_closed_functional_say_so(name):
    net = load(name)
    with pytest.raises(NoClosedForm, match="no closed"):
        nq.generating_functional(net, np.zeros((1, net.dim)), [1.0])
    with pytest.raises(NoClosedForm, match="phase_average"):
        AmplitudeLaw.phase_average(Student(), np.zeros(1))


# -- laws of the field -------------------------------------------------------------------------------------------------


def test_law_of_an_increment():
    """phi(0) - phi(.8)/2 of 200 000 draws against its distribution function: a Kolmogorov-Smirnov test at 1e-9.

    Shares below a quantile are seen to 0.007; that of N = infinity differs by more than their own error.
    """
    net, w = load("cauchy", width=20, amplitude="laplace"), np.array([1.0, -0.5])
    law = nq.field_law(net, [[0.0], [0.8]], w)
    phi = field_draws(net, [[0.0], [0.8]], draws=200_000, seed=4)[:, :, 0] @ w
    found = stats.kstest(phi[:20_000], law.distribution)
    assert found.pvalue > 1e-9
    deviation = float(np.sqrt((1.25 - np.exp(-0.8)) / 2))
    shares = (phi < law.quantile(np.array([0.05, 0.5, 0.99]))[:, None]).mean(axis=1)
    assert (np.abs(shares - [0.05, 0.5, 0.99]) < Z_LIMIT * 0.5 / 200_000**0.5).all()
    free = stats.norm(scale=deviation).ppf(0.99)
    assert np.abs((phi < free).mean() - 0.99) > Z_LIMIT * (0.01 * 0.99 / 200_000) ** 0.5


def test_law_at_one_point_has_the_moments_of_the_engine():
    net = load("cos_net", width=10, amplitude="constant_modulus")
    law, phi = nq.field_law(net, [[0.0]]), np.linspace(-8.0, 8.0, 3201)
    for n in (2, 4, 6):
        moment = float(np.sum(phi**n * law.density(phi)) * 0.005)
        assert moment == pytest.approx(float(nq.exact_correlator(net, np.zeros((n, 1)))), rel=1e-8)
    with pytest.raises(InputError, match="width must be large enough"):
        nq.field_law(load("cos_net", width=2, amplitude="constant_modulus"), [[0.0]])
    with pytest.raises(InputError, match="between 0 and 1"):
        law.quantile([0.5, 1.5])


def test_joint_density_has_the_moments_of_the_engine():
    net, x = load("cauchy", width=20, amplitude="rayleigh"), np.array([[0.0], [0.8]])
    axis = np.linspace(-4.5, 4.5, 91)
    phi = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    density = nq.joint_density(net, x, phi)
    for own in ([0, 1], [0, 0, 1, 1], [0, 0, 0, 1]):
        moment = float(np.sum(density * np.prod(phi[..., own], axis=-1)) * 0.01)
        assert moment == pytest.approx(float(nq.exact_correlator(net, x[own])), rel=1e-6)


# -- derivatives -------------------------------------------------------------------------------------------------------


def _derivatives(net, theta, x):
    def phi(p):
        return net.field(theta, p[None])[0]

    slope, curvature = jax.grad(phi), jax.hessian(phi)
    mixed = phi(x[0]) * slope(x[1])[0]
    four = phi(x[0]) * slope(x[1])[0] * slope(x[2])[1] * curvature(x[3])[0, 1]
    return jnp.stack([mixed, four, slope(x[1])[0] ** 2 * slope(x[2])[1] ** 2])


@pytest.mark.slow
@pytest.mark.parametrize(("card", "settings"), [("free_scalar", {"cutoff": 3.0}), ("free_boson", {"cutoff": 4.0})])
def test_derivatives_of_draws(card, settings):
    """Correlators of jax.grad and jax.hessian of drawn fields; sensitive to 7 %, 50 % and 15 %."""
    net, x = load(card, dim=2, width=2, **settings), np.array([[0.0, 0.0], [0.5, 0.3], [-0.4, 0.6], [0.2, -0.5]])
    draws = over_networks(net, _derivatives, x, draws=150_000, seed=2).astype(float)
    exact = [
        nq.exact_derivative(net, x[:2], [[0, 0], [1, 0]]),
        nq.exact_derivative(net, x, [[0, 0], [1, 0], [0, 1], [1, 1]]),
        nq.exact_derivative(net, x[[1, 1, 2, 2]], [[1, 0], [1, 0], [0, 1], [0, 1]]),
    ]
    for k, sensitivity in enumerate((0.07, 0.5, 0.15)):
        error = draws[:, k].std() / len(draws) ** 0.5
        assert_agrees(draws[:, k].mean(), error, exact[k], sensitivity=sensitivity, label=f"{card} {k}")


def test_derivatives_of_closed_forms():
    """Finite differences of the exact engine, at a configuration whose sums of points vanish too."""
    net, h = load("cos_net", dim=2, width=3, envelope="b.b"), 1e-3
    x, step = np.array([[0.0, 0.0], [0.5, 0.3], [0.0, 0.0], [0.5, 0.3]]), np.array([h, 0.0])

    def at(shift):
        moved = x.copy()
        moved[0] += shift
        return float(nq.exact_correlator(net, moved, "connected"))

    none = [[0, 0]] * 3
    first, second = (nq.exact_derivative(net, x, [[k, 0], *none], "connected") for k in (1, 2))
    assert float(first) == pytest.approx((at(step) - at(-step)) / (2 * h), rel=1e-4)
    assert float(second) == pytest.approx((at(step) - 2 * at(0 * step) + at(-step)) / h**2, rel=1e-4)
    plain = nq.exact_derivative(net, x, [[0, 0], *none], "connected")
    assert float(plain) == pytest.approx(at(0 * step), rel=1e-8)


def test_rough_fields_have_no_derivatives():
    with pytest.raises(NoClosedForm, match="infinite"):
        nq.exact_derivative(load("cauchy"), [[0.0], [1.0]], [[1], [1]])
    with pytest.raises(InputError, match="orders must be 2 rows of 1 counts"):
        nq.exact_derivative(load("cos_net"), [[0.0], [1.0]], [[1, 0], [1, 0]])
