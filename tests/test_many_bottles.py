"""Many bottles: joint laws and their moments, vacua with Goldstones, moduli and masses, and what a coupling leaves."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import assert_agrees, part_of
from monte_carlo import chosen_fields
from scipy.integrate import quad

from nnqft_ppl import NoClosedForm, exact_correlator, load, vacua
from nnqft_ppl.classical.breaking import manifold_text
from nnqft_ppl.classical.vacua import ChosenVacuum, Vacua
from nnqft_ppl.laws import BottleAndNormals, BottleLaw, CoupledBottles
from nnqft_ppl.laws.charts import chart

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.array([[0.0], [0.4], [1.0], [1.7]])
V, SIGMA, G = 1.3, 0.7, 0.9
MASS = 4 * V**2 / SIGMA**2  # 13.79592


def many(count, bottles, **settings) -> Any:
    return load("many_bottles", components=count, bottles=bottles, radius=V, sigma_v=SIGMA, width=2, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("strength", part_of([0.0, G], lambda strength: strength > 0))
def test_vacua(strength):
    """D = 3, k = 2: three Goldstones of SO(3), and the angle, a modulus or of mass^2 4 g v^2; 13.79592 twice."""
    found = vacua(many(3, 2, strength=strength))
    moduli = int(strength == 0.0)
    assert (found.neurons, found.dimension, found.goldstones, found.moduli) == (2, 3 + moduli, 3, moduli)
    assert found.masses == pytest.approx([0, 0, 0, 4 * strength * V**2, MASS, MASS], abs=1e-6)
    assert found.radius == pytest.approx(V, rel=1e-9)


def test_manifolds_in_words():
    """What `breaking` says of spheres, of frames, and of one bottle; Goldstones by the span of the vectors."""
    masses = np.zeros(6)
    spheres, frames = (Vacua(V, dimension, masses, 0.0, 2, 3, 2) for dimension in (4, 3))
    assert manifold_text(spheres) == "(S^2)^2 of radius 1.3: 4 zero modes, 3 Goldstones and 1 modulus"
    assert manifold_text(frames) == "2 vectors at fixed angles, of radius 1.3: 3 zero modes, 3 Goldstones and 0 moduli"
    assert manifold_text(Vacua(1.0, 2, masses, 0.0, 1, 3, 1)) == "S^2 of radius 1, 2 massless directions"
    assert [Vacua(V, 9, masses, 0.0, 3, 4, span).goldstones for span in (0, 1, 2, 3, 4)] == [0, 3, 5, 6, 6]


@pytest.mark.parametrize(("count", "bottles"), [(3, 2), (4, 3)])
def test_the_hessian_of_the_coupled_law(count, bottles):
    """At right angles, by JAX: dim SO(D)/SO(D-k) zeros, k(k-1)/2 of 4 g v^2, k of 4 v^2/sigma_v^2."""
    law = CoupledBottles(BottleLaw(V, SIGMA, count), bottles, G)
    top = V * np.eye(bottles, count)
    found = np.linalg.eigvalsh(-jax.jit(jax.hessian(lambda a: law.log_prob(a.reshape(top.shape))))(top.ravel()))
    lifted = bottles * (bottles - 1) // 2
    zero = [0.0] * (bottles * (count - 1) - lifted)
    assert found == pytest.approx([*zero, *[4 * G * V**2] * lifted, *[MASS] * bottles], abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
@pytest.mark.parametrize("sigma", [1e-3, 0.5, 30.0])
def test_lengths_of_a_bottle_that_is_sharp_or_flat(sigma, count):
    """One rule between ends in closed form against SciPy's adaptive one over twenty pieces of all that may count."""
    law = BottleLaw(V, sigma, count)

    def density(r, k):
        top = law.ends[1]
        return (r / top) ** (count - 1 + k) * np.exp(-((r**2 - V**2) ** 2) / (2 * sigma**2))

    around = np.sqrt(np.maximum(V**2 + np.linspace(-12, 30 + count, 21) * sigma, 0.0))
    pieces = list(itertools.pairwise(np.unique(around)))
    none, second = (sum(quad(density, *ends, args=(k,), epsrel=1e-12)[0] for ends in pieces) for k in (0, 2))
    assert law.radial_moment(2) == pytest.approx(law.ends[1] ** 2 * second / none, rel=1e-9)


def test_draws_of_coupled_bottles():
    """Four moments of 4e4 draws against quadrature over both lengths and the angle: the lengths see 3 %, the angle 10 %.

    A sampler without the coupling has E(a_1.a_2)^2 = (E r^2)^2/D, three times as large.
    """
    law = CoupledBottles(BottleLaw(V, SIGMA, 3), 2, G)
    a = np.asarray(jax.jit(lambda key: law.sample(key, (40_000,)))(jax.random.key(1)), dtype=float)
    assert not np.isnan(a).any()
    squares, cross = np.sum(a**2, axis=-1), np.sum(a[:, 0] * a[:, 1], axis=-1) ** 2
    for values, moments, sensitivity in (
        (squares[:, 0], (2, 0), 0.03),
        (squares[:, 1] ** 2, (0, 4), 0.03),
        (squares.prod(axis=1), (2, 2), 0.03),
        (cross, (2, 2, 2), 0.1),
    ):
        exact = law.pair_moment(*moments)
        assert_agrees(values.mean(), values.std() / len(values) ** 0.5, exact, sensitivity=sensitivity)
    free = law.bottle.radial_moment(2) ** 2 / 3
    assert law.pair_moment(2, 2, 2) < 0.5 * free
    none = CoupledBottles(law.bottle, 2, 1e-12)
    assert none.pair_moment(2, 2, 2) == pytest.approx(free, rel=1e-9)
    assert none.pair_moment(4, 0) == pytest.approx(law.bottle.radial_moment(4), rel=1e-9)
    with pytest.raises(NoClosedForm, match="known for 2 of them, got 3"):
        CoupledBottles(law.bottle, 3, G).pair_moment(2, 0)


def test_the_joint_law_of_normals_and_bottles():
    """Density, chart and shape: normals first, then the coupled rows, whose order does not matter."""
    together = CoupledBottles(BottleLaw(V, SIGMA, 3), 2, G)
    law = BottleAndNormals(0.5, together, 4)
    a = np.random.default_rng(0).normal(size=(6, 3))
    expected = -0.5 * np.sum((a[:4] / 0.5) ** 2) - 12 * np.log(0.5 * np.sqrt(2 * np.pi)) + together.log_prob(a[4:])
    assert float(law.log_prob(a)) == pytest.approx(float(expected), rel=1e-6)
    assert float(law.log_prob(a[[0, 1, 2, 3, 5, 4]])) == pytest.approx(float(expected), rel=1e-6)
    one = chart(law)
    z = np.random.default_rng(1).normal(size=one.shape)
    weight = [
        float(law.log_prob(one.value(y)) + np.sum(y**2) / 2 - one.log_weight(y))
        for y in (jnp.asarray(z), jnp.asarray(-2 * z))
    ]
    assert weight[0] == pytest.approx(weight[1], rel=1e-5)


def test_correlators_of_all_components():
    """Independent bottles: the closed form (8) of the card is the engine's; coupled ones say what is missing."""
    net = many(3, 3)
    for components in ((0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 1), (0, 0, 0, 1)):
        exact = float(exact_correlator(net, X, "connected", components))
        assert float(net.connected_four_point(X, components)) == pytest.approx(exact, rel=1e-12, abs=1e-15)
    with pytest.raises(NoClosedForm, match="amplitudes of coupled bottles are dependent; use the estimator field"):
        exact_correlator(many(3, 2, strength=G), X)
    assert many(3, 1, strength=G).bottle is not None  # one alone is free


def test_a_chosen_vacuum_in_space():
    """D = 3, two bottles at 0.7: G2_kl = delta_kl sigma_a^2 H + E r^2 H sum_j n_jk n_jl; the third keeps delta_kl alone."""
    net = many(3, 2)
    directions = ((1.0, 0.0, 0.0), (np.cos(0.7), np.sin(0.7), 0.0))
    chosen = ChosenVacuum(net, directions)
    h, square = float(net.neuron_moment(X[:2])), net.radial_moment(2)
    tensor = np.eye(3) + square * np.einsum("jk,jl->kl", directions, directions)
    for k, l in np.ndindex(3, 3):
        value = float(exact_correlator(chosen, X[:2], components=(k, l)))
        assert value == pytest.approx(h * tensor[k, l], rel=1e-12, abs=1e-15)
    phi = np.asarray(chosen_fields(net, chosen, X[:2], 100_000), dtype=float)
    product = phi[:, 0, 0] * phi[:, 1, 1]
    assert_agrees(product.mean(), product.std() / len(product) ** 0.5, h * tensor[0, 1], sensitivity=0.1)
