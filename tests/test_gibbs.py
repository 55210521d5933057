"""Sweeps of Gibbs moves: both sides of Woodbury's identity, the root that is carried, the rule of choice, and limits."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_posterior import chains

from nnqft_ppl import collapse, limit_posterior, load, observe
from nnqft_ppl.inference.gaussian_process import kernel_matrix, likeliest_noise
from nnqft_ppl.inference.markov import markov_kernel, markov_log_evidence
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.diagnostics import summarise
from nnqft_ppl.sampling.gibbs import _neuron_sweep, _value_sweep, choice
from nnqft_ppl.sampling.samplers import GibbsSampler
from nnqft_ppl.theory.conditioned import field_at
from nnqft_ppl.theory.gaussian_amplitudes import exchanged_root, inverse_root

pytestmark = pytest.mark.slow


def test_a_choice_keeps_the_law_of_its_weights():
    """From each of four candidates 1e5 times: sum_i w_i P(i -> j) = w_j within 5 errors, false alarms 2e-6, errors 1 %.

    Without Metropolis' test, which the weak data of a small network hide, it is off by up to a half.
    """
    weights = np.array([0.5, 0.3, 0.15, 0.05])
    moved = np.zeros((4, 4))
    for i in range(4):
        order = np.array([i, *(j for j in range(4) if j != i)])
        keys = jax.random.split(jax.random.key(i), 100_000)
        chosen = np.asarray(jax.jit(jax.vmap(choice, (0, None)))(keys, jnp.log(weights[order])))
        moved[i] = np.bincount(order[chosen], minlength=4) / len(keys)
    error = np.sqrt(weights**2 @ (moved * (1 - moved)) / 100_000)
    assert (np.abs(weights @ moved - weights) < 5 * error).all()
    assert (5 * error < 0.01).all()


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    ("name", "size", "noise"),
    [("cauchy", 1, np.linspace(0.02, 0.5, 40)), ("vector", 3, 0.3)],
)
def test_the_sides_of_woodbury_choose_alike(name, size, noise):
    """P x P and N x N roots, which share no step, choose the same of 4 candidates for 37 neurons in 10 sweeps."""
    net = load(name, width=37)
    x = np.random.default_rng(0).uniform(-3.0, 3.0, (40, 1))
    y = np.sin(2.0 * x) if net.component_count == 1 else np.concatenate([np.sin(2.0 * x), x**2], axis=1)
    model = collapse(observe(net, x, y[:, 0] if net.component_count == 1 else y, noise=noise))

    def choices(side, key):
        key_pool, key_choice = jax.random.split(key)
        pool = {
            s: law.sample(jax.random.fold_in(key_pool, k), (5,)) for k, (s, law) in enumerate(model.laws(net).items())
        }
        return side(model, net, noise, pool, size, key_choice)

    keys = jax.random.split(jax.random.key(3), 10)
    by_values, by_neurons = (
        np.asarray(jax.jit(jax.vmap(partial(choices, side)))(keys)) for side in (_value_sweep, _neuron_sweep)
    )
    assert by_neurons.shape == (10, -(-37 // size))
    assert (by_values == by_neurons).all()
    assert 0.2 < (by_values > 0).mean() < 1.0


@pytest.mark.parametrize(("noise", "bound"), [(0.3, 1e-10), (1e-2, 1e-6), (1e-3, 1e-3)])
def test_a_root_after_ten_sweeps_is_that_of_a_fresh_factorisation(noise, bound):
    """Log weights after 200 exchanges of neurons whose root was never begun anew, against the evidence itself.

    It is begun anew in every sweep. The weights of all candidates agree with P x P matrices of the networks; rounding
    grows like noise^-2 to noise^-4, and 1e-3 of a log weight changes no choice.
    """
    found, best, networks, r = (np.asarray(value) for value in exchanges(noise))
    assert 10 < (best > 0).sum() < 200

    def evidence(w):
        covariance = w.T @ w + np.eye(60)
        return -0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * r @ np.linalg.solve(covariance, r)

    whole = np.array([evidence(one) for one in networks])
    assert np.ptp(whole) > 1
    np.testing.assert_allclose(found - found[0], whole - whole[0], atol=bound)


@jax.jit
def exchanges(noise):
    """200 exchanges: log weights of the next candidates, what was chosen, the networks W of these, and the values."""
    n, x, keys = 20, jnp.linspace(-3.0, 3.0, 60), jax.random.split(jax.random.key(0), 200)
    r = jnp.sin(2.0 * x)[:, None] / noise

    def rows(key, shape):
        b, c = jax.random.cauchy(key, shape), jax.random.uniform(jax.random.fold_in(key, 1), shape, maxval=2 * np.pi)
        return jnp.cos(jnp.multiply.outer(b, x) + c[..., None]) / (noise * n**0.5)

    def candidates(key, w, root, along, place, size):
        fresh = rows(key, (3, size))
        cross, gram = fresh @ w.T, fresh @ jnp.swapaxes(fresh, 1, 2)
        return fresh, exchanged_root(root, along, place, cross, gram, fresh @ r)

    def exchange(carry, step):
        w, root, along = carry
        place, key = step
        fresh, found = candidates(key, w, root, along, place, 1)
        best = jnp.argmax(found.log_weights)
        changed = jax.lax.dynamic_update_slice_in_dim(w, fresh[jnp.maximum(best - 1, 0)], place, 0)
        return (jnp.where(best > 0, changed, w), *found.take(root, along, best)), best

    w = rows(jax.random.key(1), (n,))
    start = inverse_root(w @ w.T)
    (w, root, along), best = jax.lax.scan(exchange, (w, start, start.T @ (w @ r)), (jnp.arange(200) % n, keys))
    fresh, found = candidates(jax.random.key(2), w, root, along, jnp.asarray(4), 2)
    networks = jnp.stack([w, *(w.at[4:6].set(one) for one in fresh)])
    return found.log_weights, best, networks, r[:, 0]


def test_precise_data_of_a_heavy_tail_mix():
    """Cauchy net given 200 values with noise 0.05: chains from eight draws of the prior, log weights far apart, agree.

    R-hat of phi at ten points and of the log weight is below 1.05 in the second half of 400 sweeps.
    """
    x = np.linspace(-3.0, 3.0, 200)[:, None]
    y = np.sin(2.0 * x[:, 0]) + 0.05 * np.random.default_rng(0).normal(size=200)
    model = collapse(observe(load("cauchy", width=30), x, y, noise=0.05))
    moves = GibbsSampler(model, 1)

    def read(key, at):
        theta = dict(at.theta) | {"a": model.amplitudes_given(key, at.net, at.theta, 0.05)}
        return {"phi": field_at(at.net, theta, x[::20]), "weight": model.log_factors(at.net, at.theta, 0.05)}

    kept, _ = chains(moves, read, number=8, warmup=200, draws=200)
    start = [
        model.log_factors(model.net, moves.init(key).theta, 0.05) for key in jax.random.split(jax.random.key(1), 8)
    ]
    later: Any = summarise(kept)
    assert np.ptp(start) > 50 * kept["weight"].std()
    assert later["r_hat"].max() < 1.05


# -- infinite width -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "smoothness"),
    [
        (load("cauchy", mass=0.7), 0.5),
        (load("matern", dim=1, nu=1.5), 1.5),
        (load("matern", dim=1, nu=2.5, mass=3.0), 2.5),
    ],
    ids=["1/2", "3/2", "5/2"],
)
def test_markov_limits_of_many_values_are_the_dense_ones(net, smoothness):
    """1500 unsorted values, some at one point, with a noise of each: O(P) against Cholesky to 1e-8, by either solver."""
    rng = np.random.default_rng(0)
    x, z = np.round(rng.uniform(0.0, 20.0, (1500, 1)), 2), np.linspace(-1.0, 21.0, 23)[:, None]
    y, noise = np.sin(x[:, 0]), rng.uniform(0.05, 0.5, 1500)
    found: Any = markov_kernel(net, np.concatenate([x, z]))
    assert (found.smoothness, found.mass) == (smoothness, pytest.approx(net.mass, rel=1e-12))
    by_parts = limit_posterior(net, x, y, noise, z)
    covariance = kernel_matrix(net, x, x) + np.diag(noise**2)
    cross, solved = (
        kernel_matrix(net, x, z),
        np.linalg.solve(covariance, np.column_stack([y, kernel_matrix(net, x, z)])),
    )
    np.testing.assert_allclose(by_parts.mean, cross.T @ solved[:, 0], atol=1e-8)
    np.testing.assert_allclose(by_parts.covariance, kernel_matrix(net, z, z) - cross.T @ solved[:, 1:], atol=1e-8)


def test_the_noise_of_most_evidence_of_a_markov_limit():
    """log Z of 200 values at two noises, O(P) against dense matrices, and the likeliest of 1500 values, which knows it."""
    rng, net = np.random.default_rng(0), load("cauchy", mass=0.7)
    x = np.sort(rng.uniform(0.0, 20.0, 1500))
    y = np.linalg.cholesky(kernel_matrix(net, x[:, None], x[:, None])) @ rng.normal(size=1500) + 0.3 * rng.normal(
        size=1500
    )
    kernel: Any = markov_kernel(net, x[:, None])
    few, values = x[:200], y[:200]

    def dense(noise):
        covariance = kernel_matrix(net, few[:, None], few[:, None]) + noise**2 * np.eye(200)
        return -0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * values @ np.linalg.solve(covariance, values)

    ours = [markov_log_evidence(kernel, few, values[:, None], noise) for noise in (0.2, 0.4)]
    assert ours[0] - ours[1] == pytest.approx(dense(0.2) - dense(0.4), abs=1e-8)
    assert likeliest_noise(net, x[:, None], y) == pytest.approx(0.3, abs=5 * 0.3 / 3000**0.5)


def test_only_markov_limits_go_beyond_dense_ones():
    """The lattice net is exponential on its lattice and nowhere else; what is not Markov says where it ends."""
    x = np.linspace(0.0, 300.0, 6001)[:, None]
    lattice = load("lattice_cauchy", lattice_spacing=0.05)
    assert markov_kernel(lattice, x) is not None
    assert markov_kernel(lattice, np.append(x, [[0.02]], axis=0)) is None
    assert markov_kernel(load("cos_net"), x[:50]) is None
    limit = limit_posterior(load("cauchy"), x, np.sin(x[:, 0]), 0.3, [[1.0]])
    here = x[:, 0] < 30.0  # 29 correlation lengths from the rest
    dense = limit_posterior(load("cauchy"), x[here], np.sin(x[here, 0]), 0.3, [[1.0]])
    assert limit.mean == pytest.approx(dense.mean, abs=1e-10)
    with pytest.raises(InputError, match=r"CosNet: its limit takes at most 5000 values, as its kernel .* got 6001"):
        limit_posterior(load("cos_net"), x, np.sin(x[:, 0]), 0.3, [[1.0]])
