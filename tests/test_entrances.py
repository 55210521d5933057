"""Shapes, masks and precision at every entrance: what cannot be meant is refused with one line."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import handlers
from numpyro.infer import Predictive
from toy_cards import Tanh

from nnqft_ppl import (
    InputError,
    collapse,
    correlators,
    deform,
    load,
    modes,
    observe,
    posterior,
    prior_predictive,
    vacua,
)
from nnqft_ppl.classical.neurons import classical_neurons
from nnqft_ppl.sampling.diagnostics import Convergence
from nnqft_ppl.sampling.plan import plan

X, Y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 0.5, -0.2])
LINE, PLANE = load("cos_net", width=3), load("cos_net", dim=2, width=3)
KEY = jax.random.key(0)


def theta(net):
    return {site: value[0] for site, value in net.sample(KEY, 1).items()}


@pytest.mark.parametrize(
    "call",
    [
        lambda net, x: handlers.seed(net, KEY)(x),
        lambda net, x: Predictive(net, num_samples=2)(KEY, x),
        lambda net, x: jax.jit(handlers.seed(net, KEY))(jnp.asarray(x)),
        lambda net, x: net.field(theta(net), jnp.asarray(x)),
        lambda net, x: net.neurons(theta(net), jnp.asarray(x)),
        lambda net, x: handlers.seed(observe(net, np.zeros((1, net.dim)), [0.1], noise=0.5), KEY)(x),
        lambda net, x: observe(net, x, np.zeros(len(x)), noise=0.5),
        lambda net, x: deform(net, lambda phi: phi**2, x),
    ],
    ids=["program", "Predictive", "traced", "field", "neurons", "conditioned", "observe", "deform"],
)
@pytest.mark.parametrize(
    ("net", "shape"), [(PLANE, (3, 1)), (LINE, (3, 2)), (LINE, (3,)), (PLANE, (2,)), (LINE, (1, 3, 1))], ids=str
)
def test_points_of_a_wrong_shape_are_refused(call, net, shape):
    with pytest.raises(InputError, match=rf"points must have shape \(P, {net.dim}\) with P >= 1, got \("):
        call(net, np.zeros(shape))


@pytest.mark.parametrize(
    "net", [LINE, Tanh(width=2), observe(LINE, X, Y, noise=0.5)], ids=["card", "toy", "conditioned"]
)
def test_points_that_are_no_numbers_are_refused(net):
    with pytest.raises(InputError, match=r"points must be finite, got nan at index \(1, 0\)"):
        handlers.seed(net, KEY)(np.array([[0.0], [np.nan]]))


@pytest.mark.parametrize(
    "call",
    [
        lambda masked: observe(LINE, X, masked, noise=0.1),
        lambda masked: observe(LINE, masked[:, None], Y, noise=0.1),
        lambda masked: observe(LINE, X, Y, noise=masked),
        lambda masked: deform(LINE, lambda phi: phi**2, X, masked),
    ],
    ids=["values", "points", "noise", "weights"],
)
def test_masked_entries_are_no_numbers(call):
    with pytest.raises(InputError, match="must have no masked entries, got 1"):
        call(np.ma.masked_equal([1.0, -999.0, 2.0], -999.0))


@pytest.mark.parametrize(
    "net", [LINE, observe(LINE, X, Y, noise=0.5), load("wine_bottle")], ids=["card", "data", "bottle"]
)
def test_conditioning_the_field_by_a_handler_is_refused(net):
    with pytest.raises(InputError, match=r"use nnqft_ppl.observe"):
        handlers.seed(handlers.condition(net, {"phi": Y}), KEY)(X)
    handlers.seed(handlers.condition(net, {"c": np.zeros(LINE.width)}), KEY)(X) if net is LINE else None


@pytest.mark.parametrize("value", [1.3, np.float32(1.3), np.array(1.3), jnp.float64(1.3), np.int64(2)], ids=repr)
def test_numbers_without_axes_are_hyperparameters(value):
    assert load("cos_net", sigma_b=value) == load("cos_net", sigma_b=float(value))
    for wrong in (np.array([1.3]), np.array(-1.3), np.array(True), "1.3"):
        with pytest.raises(InputError, match="sigma_b must be positive and finite"):
            load("cos_net", sigma_b=wrong)


def test_a_residual_beyond_4_is_never_converged():
    good = Convergence(1.0, 1000.0, 0, 1.0)
    assert [good._replace(schwinger_dyson=z).converged for z in (np.nan, 0.0, 3.9, -3.9, 4.1, -6.3)] == [True] * 4 + [
        False
    ] * 2


def test_single_precision_is_refused():
    code = "import nnqft_ppl as nq; nq.posterior(nq.observe(nq.load('cos_net', width=2), [[0.0]], [1.0], noise=0.1), [[0.0]])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "posterior needs double precision" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("model", [collapse, lambda model: model], ids=["collapsed", "amplitudes too"])
def test_noise_too_small_for_float64_is_one_line(model):
    """1e-200: the square of a value in units of the noise is infinite."""
    with pytest.raises(InputError, match="the noise is too small"):
        plan(model(observe(load("cauchy", width=3), X, Y, noise=1e-200)), collapsed=False)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, float("nan"), None])
def test_a_seed_is_a_whole_number_of_32_bits(seed):
    """Beyond it a key forgets half of the number: 2^32 had given the draws of 0."""
    calls = (
        lambda: correlators(LINE, X[None], orders=(2,), kinds=("full",), estimators=("field",), draws=10, seed=seed),
        lambda: prior_predictive(LINE, X, draws=2, seed=seed),
        lambda: posterior(observe(LINE, X, Y, noise=0.5), X, draws=4, warmup=0, chains=1, seed=seed),
        lambda: modes(load("landscape", width=1), starts=1, seed=seed),
        lambda: vacua(load("wine_bottle", width=2), seed=seed),
        lambda: classical_neurons(load("landscape", width=1), seed=seed),
    )
    for call in calls:
        with pytest.raises(InputError, match="seed must be a whole number from 0 to 4294967295, got"):
            call()
