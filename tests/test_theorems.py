"""Every theorem of every card against that card's own draws.

Each comparison fails beyond 6.2 standard errors: with at most 2000 comparisons in the suite, a family-wise false-alarm
rate below 1e-6. Each also has to be able to catch a relative error of 1 % (two-point functions, spectra and moments of
order two), 5 % (order four), 15 % (dependence) or 50 % (the weak Gibbs coupling), or it fails for lack of power: it
takes as many draws as that needs, by the errors of the first million. Heavy tails keep Gauss-net near the origin.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import Z_LIMIT, assert_agrees
from monte_carlo import connected_four_point, draw_statistic, field, field_products, mean_and_error

from nnqft_ppl import load, names
from nnqft_ppl.laws.fourier import radial_fourier
from nnqft_ppl.theory import AMPLITUDES

pytestmark = pytest.mark.slow

FIRST = 1_000_000
MOST = 6_000_000

INSTANCES = [
    ("cos_net", {"dim": 1, "amplitude": AMPLITUDES["laplace"]()}),
    ("cos_net", {"dim": 3, "sigma_a": 1.2, "sigma_b": 1.4}),
    ("cos_net", {"dim": 3, "sigma_b": 1.5, "envelope": "b.b", "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("gauss_net", {"dim": 2, "sigma_b": 0.6, "sigma_c": 0.3, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("gauss_net", {"dim": 1, "sigma_b": 0.5, "sigma_c": 0.2, "amplitude": AMPLITUDES["laplace"]()}),
    ("free_scalar", {"dim": 1, "cutoff": 3.0}),
    ("free_scalar", {"dim": 2, "cutoff": 3.0, "amplitude": AMPLITUDES["rayleigh"]()}),
    ("free_scalar", {"dim": 4, "cutoff": 2.0}),
    ("alpha_scalar", {"dim": 2, "alpha": 0.0, "cutoff": 4.0, "amplitude": AMPLITUDES["bimodal"]()}),
    ("alpha_scalar", {"dim": 1, "alpha": -1.0, "cutoff": 3.0, "regulator": "hard"}),
    ("alpha_scalar", {"dim": 3, "alpha": 0.5, "cutoff": 2.0, "mass": 1.3}),
    ("cauchy", {"mass": 0.7, "sigma_a": 1.1}),
    ("lattice_cauchy", {"mass": 0.7, "lattice_spacing": 0.9}),
    ("line", {"mean": 0.8, "sigma": 0.6}),
    ("matern", {"dim": 2, "nu": 1.2, "mass": 1.3}),
    ("cutoff_free_scalar", {"power": 0.75}),
    ("shifted_cos_net", {"mu": 0.3, "sigma_a": 0.9}),
    ("offset_cos_net", {"mu": 0.8, "kappa": 0.6, "dim": 2}),
    ("landscape", {"peaks": 2}),
    ("tuned_net", {"dim": 2, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("tuned_net", {"alpha": 0.7, "cutoff": 3.0}),
    ("vector", {"components": 3, "sigma_b": 1.2}),
    ("wine_bottle", {"components": 2, "dim": 2, "sigma_a": 0.5, "radius": 1.5}),
    ("wine_bottle", {"components": 3, "sigma_a": 0.4, "radius": 0.3, "sigma_v": 1.5}),
    ("deep_net", {"inputs": 2, "dim": 2}),
    ("coupled_cos_net", {"epsilon": 0.9, "dim": 2}),
    ("coupled_cos_net", {"epsilon": 1.0, "dim": 3, "sigma_b": 2.2}),
    ("coupled_cauchy", {"epsilon": 1.0, "mass": 0.8}),
    ("coupled_scalar", {"epsilon": 0.9, "cutoff": 3.0, "dim": 2}),
    ("equicorrelated_cos_net", {"epsilon": 0.9}),
    ("equicorrelated_cos_net", {"epsilon": -0.9, "dim": 2}),
    ("shared_scale_cos_net", {"epsilon": 0.8}),
    ("shared_neuron_cos_net", {"epsilon": 0.7}),
    ("gibbs_cos_net", {"epsilon": 3.0}),
]


def theory(name, settings):
    return load(name, **settings) if name == "line" else load(name, width=2, **settings)


def four_points(dim):
    return np.pad([[0.1], [0.4], [0.25], [-0.2]], ((0, 0), (0, dim - 1)), constant_values=0.05)


def rotated(dim):
    """A pair of points off the axes."""
    return np.array([[0.1] * dim, [-0.3] + [0.25] * (dim - 1)])


# -- one check for each quantity that a theorem may state: (exact, estimate, mcse, sensitivity) ------------------------


def check_two_point(net, seed, draws):
    x = rotated(net.dim)
    values = draw_statistic(net, field_products(x)(net), draws, seed)
    yield net.two_point(x[0], x[1]), *mean_and_error(values), 0.01


def check_mean_field(net, seed, draws):
    x = np.full((1, net.dim), 0.7)
    yield net.mean_field(x[0]), *mean_and_error(draw_statistic(net, field_products(x)(net), draws, seed)), 0.01


def check_connected_four_point(net, seed, draws):
    x = four_points(net.dim)
    if type(net).__name__ == "Line":
        # A Gaussian cumulant: zero, on the scale of the full four-point function of the centred field.
        theta = draw_statistic(net, lambda t, key: t["a"], draws, seed)[:, 0] - net.mean
        kurtosis = theta**4 - 6 * theta**2 * np.mean(theta**2)
        value = kurtosis.mean() + 3 * np.mean(theta**2) ** 2
        scale = 3 * net.sigma**4
        yield 1.0 + net.connected_four_point(x), 1.0 + value / scale, kurtosis.std() / draws**0.5 / scale, 0.05
        return
    yield net.connected_four_point(x), *connected_four_point(net, x, draws, seed), 0.05


def check_four_point(net, seed, draws):
    x = four_points(net.dim)
    yield net.four_point(x), *mean_and_error(draw_statistic(net, field_products(x)(net), draws, seed)), 0.05


def check_neuron_moment(net, seed, draws):
    for n, sensitivity in ((2, 0.01), (4, 0.05)):
        x = four_points(net.dim)[:n]

        def product(theta, key, x=x):
            return jnp.prod(net.neurons(theta, jnp.asarray(x))[0], keepdims=True)

        mean, mcse = mean_and_error(draw_statistic(net, product, draws, seed))
        if type(net).__name__ == "Line":  # the neuron is not random: equal up to rounding
            assert mean == pytest.approx(net.neuron_moment(x), rel=1e-6)
        else:
            yield net.neuron_moment(x), mean, mcse, sensitivity


def check_kernel_moment(net, seed, draws):
    z = np.full(net.dim, 0.3)
    for k, sensitivity in ((2, 0.01), (4, 0.05)):

        def moment(theta, key, k=k):
            b = theta["b"][0]
            return jnp.atleast_1d(net.envelope_at(b) ** k * jnp.cos(jnp.dot(b, z)))

        yield net.kernel_moment(k, z), *mean_and_error(draw_statistic(net, moment, draws, seed)), sensitivity


def check_power_spectrum(net, seed, draws):
    """Smeared: int d^dp/(2 pi)^d G(p) exp(-l^2 p^2/2) = E[phi(x) phi(x + u)] with u ~ N(0, l^2 I)."""
    length, x = 0.5, np.full(net.dim, 0.1)
    axis = np.eye(1, net.dim)[0]
    cutoff = getattr(net, "cutoff", np.inf) if getattr(net, "regulator", "hard") == "hard" else np.inf
    stop = min(cutoff, 9.0 / length)
    smeared = radial_fourier(
        lambda p: net.power_spectrum(p[..., None] * axis) * np.exp(-((length * p) ** 2) / 2),
        0.0,
        dim=net.dim,
        scale=0.3,
        stop=stop,
    )

    def product(theta, key):
        u = length * jax.random.normal(key, (net.dim,))
        return jnp.prod(field(net, theta, jnp.stack([x, x + u])), keepdims=True)

    yield smeared, *mean_and_error(draw_statistic(net, product, draws, seed)), 0.01


def neuron_products(net, points):
    """h_1(x_1)h_1(x_2), h_2(x_3)h_2(x_4) of two neurons, and so for the other two pairings: shape (3, 2)."""
    pairings = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))

    def statistic(theta, key):
        h = net.neurons(theta, jnp.asarray(points))
        return jnp.stack([h[0, i] * h[0, j] for (i, j), _ in pairings] + [h[1, k] * h[1, l] for _, (k, l) in pairings])

    return statistic


def far_points(dim):
    """Where the dependence of neurons is large: collinear pairs of about a correlation length."""
    return np.pad([[0.0], [1.3], [0.15], [1.6]], ((0, 0), (0, dim - 1)), constant_values=0.05)


def check_joint_neuron_moment(net, seed, draws):
    x = far_points(net.dim)
    value = draw_statistic(net, neuron_products(net, x), draws, seed)
    for pair, (i, j, k, l) in enumerate(((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))):
        exact = net.joint_neuron_moment([x[[i, j]], x[[k, l]]])
        yield exact, *mean_and_error(value[:, pair] * value[:, 3 + pair]), 0.1


def covariances(net, x, seed, draws):
    """Cov[h_1(x_i)h_1(x_j), h_2(x_k)h_2(x_l)] for each pairing as an influence function with its mean: (draws, 3)."""
    value = draw_statistic(net, neuron_products(net, x), draws, seed)
    return (value[:, :3] - value[:, :3].mean(axis=0)) * (value[:, 3:] - value[:, 3:].mean(axis=0))


def check_pair_excess(net, seed, draws):
    x = far_points(net.dim)
    mean, mcse = mean_and_error(covariances(net, x, seed, draws)[:, 0])
    yield net.pair_excess(x[0] - x[1], x[2] - x[3]), mean, mcse, COUPLING_SENSITIVITY.get(type(net).__name__, 0.15)


def check_independence_breaking(net, seed, draws):
    x = far_points(net.dim)
    mean, mcse = mean_and_error(covariances(net, x, seed, draws).sum(axis=1))
    scale = net.amplitude_moment(2) ** 2 * (1 - 1 / net.width)
    sensitivity = COUPLING_SENSITIVITY.get(type(net).__name__, 0.15)
    yield net.independence_breaking(x), scale * mean, scale * mcse, sensitivity


#: The Gibbs coupling is weak by nature, and its draws see a part of it only.
COUPLING_SENSITIVITY = {"GibbsCosNet": 0.5}


def check_joint_kernel_moment(net, seed, draws):
    z = (np.full(net.dim, 0.4), np.full(net.dim, 0.7))

    def waves(one):
        b = net.frequency(**{site: value for site, value in one.items() if site != "c"})
        return jnp.stack([net.envelope_at(b) ** k * jnp.cos(jnp.dot(b, y)) for k, y in zip((2, 4), z, strict=True)])

    def statistic(theta, key):
        w = net.map_neurons(waves, theta)
        return jnp.atleast_1d(w[0, 0] * w[1, 1])

    yield net.joint_kernel_moment((2, 4), z), *mean_and_error(draw_statistic(net, statistic, draws, seed)), 0.02


def check_three_point(net, seed, draws):
    """Zero, on the scale of the two-point function."""
    x = four_points(net.dim)[:3]
    mean, mcse = mean_and_error(draw_statistic(net, field_products(x)(net), draws, seed))
    scale = float(net.two_point(x[0], x[0])) ** 1.5
    assert net.three_point(x) == 0
    yield 1.0, 1.0 + mean / scale, mcse / scale, 0.05


def check_connected_two_point(net, seed, draws):
    x = rotated(net.dim)
    phi = draw_statistic(net, lambda theta, key: field(net, theta, x), draws, seed)
    yield net.connected_two_point(x[0], x[1]), *mean_and_error(np.prod(phi - phi.mean(axis=0), axis=1)), 0.01


def check_connected_three_point(net, seed, draws):
    """The third cumulant is the third central moment."""
    x = four_points(net.dim)[:3]
    phi = draw_statistic(net, lambda theta, key: field(net, theta, x), draws, seed)
    centred = phi - phi.mean(axis=0)
    influence = np.prod(centred, axis=1) - sum(
        centred[:, i] * np.mean(centred[:, j] * centred[:, k]) for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    )
    yield net.connected_three_point(x), *mean_and_error(influence), 0.05


def check_radial_moment(net, seed, draws):
    a = draw_statistic(net, lambda theta, key: jnp.sum(theta["a"][-1] ** 2, keepdims=True), draws, seed)
    for k, sensitivity in ((2, 0.01), (4, 0.02)):
        yield net.radial_moment(k), *mean_and_error(a[:, 0] ** (k / 2)), sensitivity


def check_rho(net, seed, draws):
    x = np.array([[0.2], [0.9]])
    yield net.rho(0.7), *mean_and_error(draw_statistic(net, field_products(x)(net), draws, seed)), 0.01


CHECKS = {name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")}


def compare(quantity, net):
    """Every comparison of a closed form with draws, FIRST of them, or as many as its sensitivity needs."""
    draws = FIRST
    while True:
        found = list(CHECKS[quantity](net, seed=11, draws=draws))
        blindness = max((float(np.max(Z_LIMIT * mcse / np.abs(s * exact))) for exact, _, mcse, s in found), default=0.0)
        if blindness <= 1 or draws == MOST:
            break
        draws = int(min(1.2 * blindness**2 * draws, MOST))
    for exact, estimate, mcse, sensitivity in found:
        assert_agrees(estimate, mcse, exact, sensitivity=sensitivity, label=f"{type(net).__name__}: {quantity}")


@pytest.mark.parametrize(("name", "settings"), INSTANCES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(INSTANCES)])
def test_every_theorem_against_draws(name, settings):
    net = theory(name, settings)
    for theorem in net.theorems():
        assert theorem.quantity in CHECKS, f"{name}: no check against draws for theorem {theorem.quantity}"
        compare(theorem.quantity, net)


def test_every_card_is_tested_and_has_theorems():
    assert {name for name, _ in INSTANCES} == set(names())
    for name in names():
        assert load(name).theorems()


@pytest.mark.parametrize(
    ("quantity", "factor"),
    [("two_point", 1.01), ("power_spectrum", 0.99), ("connected_four_point", 1.05), ("kernel_moment", 1.01)],
)
def test_a_wrong_factor_is_caught(monkeypatch, quantity, factor):
    """The planted error is twice what the test has even odds to catch."""
    net = theory("cos_net", {"dim": 1})
    right = getattr(type(net), quantity)
    monkeypatch.setattr(type(net), quantity, lambda self, *args: (1 + 2 * (factor - 1)) * right(self, *args))
    with pytest.raises(AssertionError, match="exceeds"):
        compare(quantity, net)
