"""Every theorem of every card against that card's own draws.

Each comparison fails beyond 6.36 standard errors: with at most 2000 comparisons in the suite, a family-wise false-alarm
rate below 1e-6. Each also has to be able to catch a relative error of 1 % (two-point functions, spectra and moments of
order two) or 5 % (order four), or it fails for lack of power. Heavy tails keep Gauss-net near the origin.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import assert_agrees
from monte_carlo import connected_four_point, draw_statistic, field_products, mean_and_error

from nnqft_ppl import AMPLITUDES, load, names
from nnqft_ppl.radial import radial_fourier

DRAWS = 4_000_000

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
    ("line", {"mean": 0.8, "sigma": 0.6}),
]


def theory(name, settings):
    return load(name, **settings) if name == "line" else load(name, width=2, **settings)


def four_points(dim):
    return np.pad([[0.1], [0.4], [0.25], [-0.2]], ((0, 0), (0, dim - 1)), constant_values=0.05)


def rotated(dim):
    """A pair of points off the axes."""
    return np.array([[0.1] * dim, [-0.3] + [0.25] * (dim - 1)])


# -- one check for each quantity that a theorem may state: (exact, estimate, mcse, sensitivity) ------------------------


def check_two_point(net, seed):
    x = rotated(net.dim)
    values = draw_statistic(net, field_products(x)(net), DRAWS, seed)
    yield net.two_point(x[0], x[1]), *mean_and_error(values), 0.01


def check_mean_field(net, seed):
    x = np.array([[0.7]])
    yield net.mean_field(x[0]), *mean_and_error(draw_statistic(net, field_products(x)(net), DRAWS, seed)), 0.01


def check_connected_four_point(net, seed):
    x = four_points(net.dim)
    if type(net).__name__ == "Line":
        # A Gaussian cumulant: zero, on the scale of the full four-point function of the centred field.
        theta = draw_statistic(net, lambda t, key: t["a"], DRAWS, seed)[:, 0] - net.mean
        kurtosis = theta**4 - 6 * theta**2 * np.mean(theta**2)
        value = kurtosis.mean() + 3 * np.mean(theta**2) ** 2
        scale = 3 * net.sigma**4
        yield 1.0 + net.connected_four_point(x), 1.0 + value / scale, kurtosis.std() / DRAWS**0.5 / scale, 0.05
        return
    yield net.connected_four_point(x), *connected_four_point(net, x, DRAWS, seed), 0.05


def check_four_point(net, seed):
    x = four_points(net.dim)
    yield net.four_point(x), *mean_and_error(draw_statistic(net, field_products(x)(net), DRAWS, seed)), 0.05


def check_neuron_moment(net, seed):
    single = dataclasses.replace(net, width=1)
    for n, sensitivity in ((2, 0.01), (4, 0.05)):
        x = four_points(net.dim)[:n]

        def product(theta, key, x=x):
            return jnp.prod(single.neurons(theta, jnp.asarray(x)), keepdims=True)[0]

        mean, mcse = mean_and_error(draw_statistic(single, product, DRAWS, seed + n))
        if type(net).__name__ == "Line":  # the neuron is not random: equal up to rounding
            assert mean == pytest.approx(net.neuron_moment(x), rel=1e-12)
        else:
            yield net.neuron_moment(x), mean, mcse, sensitivity


def check_kernel_moment(net, seed):
    single = dataclasses.replace(net, width=1)
    z = np.full(net.dim, 0.3)
    for k, sensitivity in ((2, 0.01), (4, 0.05)):

        def moment(theta, key, k=k):
            b = theta["b"][0]
            return jnp.atleast_1d(single.envelope_at(b) ** k * jnp.cos(jnp.dot(b, z)))

        yield net.kernel_moment(k, z), *mean_and_error(draw_statistic(single, moment, DRAWS, seed + k)), sensitivity


def check_power_spectrum(net, seed):
    """Smeared: int d^dp/(2 pi)^d G(p) exp(-l^2 p^2/2) = E[phi(x) phi(x + u)] with u ~ N(0, l^2 I)."""
    length, x = 0.5, np.full(net.dim, 0.1)
    axis = np.eye(1, net.dim)[0]
    stop = net.cutoff if getattr(net, "regulator", "hard") == "hard" and hasattr(net, "cutoff") else 9.0 / length
    smeared = radial_fourier(
        lambda p: net.power_spectrum(p[..., None] * axis) * np.exp(-((length * p) ** 2) / 2),
        0.0,
        dim=net.dim,
        scale=0.3,
        stop=stop,
    )

    def product(theta, key):
        u = length * jax.random.normal(key, (net.dim,))
        return jnp.prod(net.field(theta, jnp.stack([x, x + u])), keepdims=True)

    yield smeared, *mean_and_error(draw_statistic(net, product, DRAWS, seed)), 0.01


def check_rho(net, seed):
    x = np.array([[0.2], [0.9]])
    yield net.rho(0.7), *mean_and_error(draw_statistic(net, field_products(x)(net), DRAWS, seed)), 0.01


CHECKS = {name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")}


@pytest.mark.parametrize(("name", "settings"), INSTANCES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(INSTANCES)])
def test_every_theorem_against_draws(name, settings):
    net = theory(name, settings)
    for theorem in net.theorems():
        assert theorem.quantity in CHECKS, f"{name}: no check against draws for theorem {theorem.quantity}"
        for exact, estimate, mcse, sensitivity in CHECKS[theorem.quantity](net, seed=11):
            assert_agrees(estimate, mcse, exact, sensitivity=sensitivity, label=f"{name}: {theorem.quantity}")


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
        for exact, estimate, mcse, sensitivity in CHECKS[quantity](net, seed=11):
            assert_agrees(estimate, mcse, exact, sensitivity=sensitivity)
