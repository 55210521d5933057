"""Fields on grids: the same numbers as at the points, whatever takes them there; and grids as values."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import part_of
from numpyro.infer.util import log_density

import nnqft_ppl as nq
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.runtime.grids import Sets, joined
from nnqft_ppl.runtime.waves import BLOCK, LEAST, TRANSFORMED, cos_of_turns, sum_on_grid, sum_on_torus
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory import CosineArchitecture

pytestmark = pytest.mark.usefixtures("quick_compilation")

DOUBLE, SINGLE = 1e-12, 2e-5  # for fields of size 1: the rounding of phases up to some tens
COUNTS = [
    (1,),
    (2,),
    (7,),
    (64,),
    (241,),
    (1, 1),
    (5, 4),
    (3, 40),
    (40, 3),
    (9, 16),
    (2, 1, 30),
    (5, 4, 6),
    (3, 2, 4, 2),
]


SUM = jax.jit(sum_on_grid)


def grid_of(counts: tuple[int, ...]) -> nq.Grid:
    """Axes of different ends, so that none can be taken for another."""
    return nq.Grid(*[(-1.3 + k, 2.1 + 2 * k, n) for k, n in enumerate(counts)])


def waves(dim: int, width: int, components: int | None = None, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(width,) if components is None else (width, components))
    return a, rng.normal(size=(width, dim)), rng.uniform(-np.pi, np.pi, size=width)


def at_points(points: Any, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """By NumPy, point by point."""
    return np.cos(np.asarray(points) @ b.T + c[None]) @ a


def one_network(net: Any) -> dict[str, Any]:
    return {site: draws[0] for site, draws in net.sample(jax.random.key(1), 1).items()}


# -- sums of waves -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", part_of([(c,) for c in COUNTS], lambda counts: counts in COUNTS[::2]), ids=str)
def test_a_product_over_axes_is_the_sum_at_every_point(counts):
    """In one to four dimensions, axes of one point and of a prime number of them, with one component and with three."""
    grid = grid_of(counts)
    for components in (None, 3):
        given = waves(len(counts), 11, components)
        expected = at_points(grid, *given)
        assert np.asarray(SUM(grid, *given)) == pytest.approx(expected, abs=DOUBLE)
    single = SUM(grid, *(np.asarray(one, np.float32) for one in given))
    assert single.dtype == jnp.float32
    assert np.asarray(single) == pytest.approx(expected, abs=SINGLE)


@pytest.mark.parametrize("width", [1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_waves_come_in_blocks(width):
    grid, given = grid_of((6, 5)), waves(2, width)
    found = np.asarray(SUM(grid, *map(jnp.asarray, given)))
    assert found == pytest.approx(at_points(grid, *given), abs=DOUBLE * width**0.5)


@pytest.mark.parametrize("counts", [(9,), (5, 6), (6, 5), (4, 3, 6)], ids=str)
def test_a_fourier_transform_is_the_sum_at_every_point(counts):
    """Modes within the grid and far beyond, and those that are their own conjugates; even and odd counts."""
    grid = nq.Grid(*[(0.3 * k, 0.3 * k + 2.5 * (1 - 1 / n), n) for k, n in enumerate(counts)])
    grid.period = 2.5
    dim = len(counts)
    n = np.array([*itertools.product(range(-4, 5), repeat=dim), [17 - 3 * k for k in range(dim)]])
    a, _, c = waves(dim, len(n), 2)
    b = 2 * np.pi / 2.5 * n
    found = np.asarray(jax.jit(sum_on_torus)(grid, *map(jnp.asarray, (a, b, c))))
    assert found == pytest.approx(at_points(grid, a, b, c), abs=1e-11)


def test_the_cosine_keeps_what_it_says():
    """Over 1e5 phases up to 1000 turns, against NumPy in long double."""
    t = np.random.default_rng(0).uniform(-1000, 1000, size=10**5)
    for dtype, bound in ((np.float64, 6e-16 * (1 + np.abs(t))), (np.float32, 3e-7 + 4e-7 * np.abs(t))):
        given = t.astype(dtype)
        turns = given.astype(np.longdouble)
        expected = np.cos(2 * np.arccos(np.longdouble(-1)) * (turns - np.round(turns)))
        assert (np.abs(np.asarray(cos_of_turns(jnp.asarray(given))) - expected) <= bound).all()


def test_memory_does_not_grow_with_the_number_of_waves():
    """Two grids of numbers and one block of factors, at 16 blocks and at 64."""

    def held(width: int) -> int:
        given = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((width,), (width, 2), (width,))]
        compiled = jax.jit(lambda *given: sum_on_grid(grid_of((64, 64)), *given)).lower(*given).compile()
        found: Any = compiled.memory_analysis()
        return found.temp_size_in_bytes - 4 * 4 * width  # but for the waves themselves

    assert held(64 * BLOCK) <= 1.1 * held(16 * BLOCK)


# -- fields of theories ------------------------------------------------------------------------------------------------


def check_card(name: str) -> None:
    """The field on a grid is sum_i a_i h_i at its points; at two dimensions, if the card has them."""
    try:
        net: Any = nq.load(name, width=5, dim=2)
    except nq.InputError:
        net = nq.load(name, width=5)
    if not net.ancestral:
        return
    grid, theta = grid_of((32, 17) if net.dim == 2 else (LEAST + 7,)), one_network(net)
    points = jnp.asarray(np.asarray(grid))
    assert net.factorises(grid)
    assert not net.factorises(points)
    phi, h = jax.jit(lambda theta: (net.field(theta, grid), net.neurons(theta, points)))(theta)
    expected = np.asarray(h).T @ np.asarray(theta["a"])
    assert np.asarray(phi) == pytest.approx(expected, abs=DOUBLE * (1 + np.abs(expected).max())), name


@pytest.mark.parametrize("card", ["vector", "shared_scale_cos_net", "free_scalar"])
def test_fields_are_those_at_the_points(card):
    """With components, frequencies that are made of shared sites, and an envelope."""
    check_card(card)


@pytest.mark.exhaustive
def test_fields_of_the_whole_family_are_those_at_the_points():
    for name in nq.names():
        if issubclass(nq.models.card(name), CosineArchitecture):
            check_card(name)


def slopes_at(net: Any, theta: Any, *places: Any) -> Any:
    """The gradient of sum phi^2 by every parameter, for each set of points."""
    return jax.jit(
        lambda theta: [jax.grad(lambda theta, x=x: jnp.sum(net.field(theta, x) ** 2))(theta) for x in places]
    )(theta)


def test_gradients_are_those_at_the_points():
    """With an envelope and components, by all sites and by a hyperparameter."""
    for net in (nq.load("vector", width=5, dim=2), nq.load("free_scalar", width=5, dim=2)):
        grid, theta = grid_of((32, 17)), one_network(net)
        found, expected = slopes_at(net, theta, grid, jnp.asarray(np.asarray(grid)))
        for site in theta:
            bound = 1e-11 * np.abs(expected[site]).max()
            assert np.asarray(found[site]) == pytest.approx(np.asarray(expected[site]), abs=bound)


def test_a_torus_card_on_its_own_torus_is_transformed(monkeypatch):
    """And differentiated; on another torus, or with few neurons, it is a product as for every card."""
    import nnqft_ppl.theory.cosine as module

    taken = []
    right = module.sum_on_torus
    monkeypatch.setattr(module, "sum_on_torus", lambda *given: (taken.append(1), right(*given))[1])
    for width, period, transformed in ((TRANSFORMED, 4.0, True), (TRANSFORMED, 3.0, False), (5, 4.0, False)):
        net = nq.load("torus", width=width, dim=2, alpha=-0.5)
        grid, theta = nq.Grid.torus(period, 24, dim=2), one_network(net)
        points = jnp.asarray(np.asarray(grid))
        phi, h = jax.jit(lambda theta, net=net, x=points, g=grid: (net.field(theta, g), net.neurons(theta, x)))(theta)
        assert np.asarray(phi) == pytest.approx(np.asarray(h).T @ np.asarray(theta["a"]), abs=DOUBLE)
        assert bool(taken) == transformed
        if transformed:
            found, expected = slopes_at(net, theta, grid, points)
            for site in theta:
                bound = 1e-11 * np.abs(expected[site]).max()
                assert np.asarray(found[site]) == pytest.approx(np.asarray(expected[site]), abs=bound)
        taken.clear()


def test_cards_of_other_neurons_take_the_points():
    net, grid = nq.load("gauss_net", width=3, dim=2), grid_of((32, 17))
    theta = one_network(net)
    assert not net.factorises(grid)
    points = jnp.asarray(np.asarray(grid))
    read = jax.jit(lambda theta: [(net.field(theta, x), net.neurons(theta, x)) for x in (grid, points)])
    for found, expected in zip(*read(theta), strict=True):
        assert np.asarray(found) == pytest.approx(np.asarray(expected), rel=1e-12)

    card: Any = nq.models.card("cos_net")

    class Squared(card):
        def neuron(self, x, **theta):
            return super().neuron(x, **theta) ** 2

    assert not Squared(width=3, dim=2).factorises(grid)


@pytest.mark.parametrize("card", ["cos_net", pytest.param("vector", marks=pytest.mark.exhaustive)])
def test_one_seed_draws_the_same_networks_on_a_grid_and_at_its_points(card):
    """By both ways of drawing, in float32 to SINGLE and in float64 to DOUBLE; the first network is not the second."""
    net = nq.load(card, width=20)
    grid = nq.Grid((-1.0, 2.0, LEAST + 8))
    found, expected = (field_draws(net, x, draws=3, seed=5) for x in (grid, np.asarray(grid)))
    assert found == pytest.approx(expected, abs=SINGLE * np.abs(expected).max())
    assert np.abs(found[0] - found[1]).max() > 0.1
    trees = [nq.prior_predictive(net, x, draws=3, seed=5)["prior_predictive"].phi for x in (grid, np.asarray(grid))]
    assert trees[0].to_numpy() == pytest.approx(trees[1].to_numpy(), abs=DOUBLE * float(np.abs(trees[1]).max()))


# -- theories with factors ---------------------------------------------------------------------------------------------


def test_actions_and_sources_on_grids_are_those_at_their_points():
    """log density, also by NumPy from the waves, its gradient, and the points of all factors together."""
    net, grid = nq.load("cos_net", width=8, dim=2), grid_of((32, 17))
    points, weights, theta = np.asarray(grid), np.full(len(grid), 0.02), one_network(net)

    def model(at: Any) -> Any:
        return nq.add_source(nq.deform(net, "0.3*phi^4", at, weights), [[0.1, 0.2]], [0.5])

    given, there = model(grid), model(points)
    assert isinstance(given.places, Sets)
    assert np.array_equal(np.asarray(given.places), np.asarray(there.places))
    read = jax.jit(
        lambda theta: [jax.value_and_grad(lambda t, m=m: log_density(m, (), {}, t)[0])(theta) for m in (given, there)]
    )
    found = read(theta)
    for one, other in zip(*map(jax.tree.leaves, found), strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-10, abs=1e-12)
    wave = [np.asarray(theta[site]) for site in "abc"]
    factors = 0.5 * at_points([[0.1, 0.2]], *wave)[0] - 0.3 * weights @ at_points(points, *wave) ** 4
    assert float(found[0][0] - log_density(net, (), {}, theta)[0]) == pytest.approx(factors, rel=1e-9)


@pytest.mark.exhaustive
def test_weights_chains_and_posteriors_are_those_at_the_points():
    net, grid = nq.load("cos_net", width=8, dim=2), grid_of((32, 17))
    x = np.zeros((1, 2, 2))
    x[0, 1, 0] = 0.4

    def read(at: Any) -> tuple[Any, Any]:
        model = nq.deform(net, "0.3*phi^4", at, np.full(len(grid), 0.02))
        (r,) = estimate(model, x, orders=[2], kinds=["full"], estimator="reweight", draws=500, seed=2)
        tree = nq.posterior(model, at, chains=2, warmup=25, draws=8, sampler="gibbs").tree
        return r.estimate, tree["posterior"].phi.to_numpy()[:, :2]

    for found, expected in zip(read(grid), read(np.asarray(grid)), strict=True):
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_theory_on_a_grid_has_a_text():
    grid, torus = grid_of((3, 2)), nq.Grid.torus(2.0, 3, dim=2)
    model = nq.add_source(nq.deform(nq.load("cos_net", dim=2), "phi^4", grid), torus, np.full(9, 0.5))
    again: Any
    for again in (nq.from_toml(nq.to_toml(model)), nq.from_json(nq.to_json(model))):
        assert again.actions[0].points == grid
        assert again.sources[0].points == torus
    with pytest.raises(nq.InputError, match="deform 1: points: "):
        nq.from_toml(nq.to_toml(model).replace("axes", "axis"))


# -- grids as values ---------------------------------------------------------------------------------------------------


def test_a_grid_is_its_points_and_a_value():
    grid = grid_of((3, 4))
    axes = [np.linspace(-1.3, 2.1, 3), np.linspace(-0.3, 4.1, 4)]
    expected = np.array([[x, y] for x in axes[0] for y in axes[1]])
    assert np.asarray(grid) == pytest.approx(expected, abs=1e-15)
    assert np.asarray(jnp.asarray(grid)) == pytest.approx(expected, abs=1e-15)
    assert (len(grid), grid.shape, grid.dim) == (12, (12, 2), 2)
    assert eval(repr(grid), {"Grid": nq.Grid}) == grid
    assert {grid, grid_of((3, 4))} == {grid}
    assert grid != grid_of((4, 3))
    torus = nq.Grid.torus(3.0, 4, dim=2)
    assert eval(repr(torus), {"Grid": nq.Grid}) == torus
    assert np.asarray(torus)[-1] == pytest.approx([2.25, 2.25])
    middles = np.asarray(nq.Grid.midpoints((-1, 1, 4)))[:, 0]
    assert middles == pytest.approx([-0.75, -0.25, 0.25, 0.75])
    assert jax.tree.unflatten(*reversed(jax.tree.flatten(grid))) == grid
    together = joined(expected[:2], grid, expected[:1])
    assert np.array_equal(np.asarray(together), np.concatenate([expected[:2], np.asarray(grid), expected[:1]]))


def test_one_program_serves_all_ends():
    compiled = 0

    @jax.jit
    def last(grid):
        nonlocal compiled
        compiled += 1
        return jnp.asarray(grid)[-1]

    assert np.asarray(last(nq.Grid((0, 1, 4)))) == pytest.approx([1.0])
    assert np.asarray(last(nq.Grid((0, 3, 4)))) == pytest.approx([3.0])
    assert compiled == 1


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ((), "Grid must have an axis"),
        (((0, 1),), r"Grid: an axis must be \(lower, upper, count\), got \(0, 1\)"),
        (((0, np.inf, 3),), "Grid: the ends of an axis must be finite, got 0 and inf"),
        (((0, 1, 0),), "Grid: count must be a whole number of at least 1, got 0"),
        (((0, 1, 2.5),), "Grid: count must be a whole number of at least 1, got 2.5"),
    ],
)
def test_what_is_no_grid_is_said_in_one_line(axes, message):
    with pytest.raises(nq.InputError, match=message):
        nq.Grid(*axes)


def test_a_grid_of_another_dimension_is_refused():
    net = nq.load("cos_net", width=2)
    with pytest.raises(nq.InputError, match=r"points must have shape \(P, 1\)"):
        nq.prior_predictive(net, grid_of((3, 3)))
    with pytest.raises(nq.InputError, match=r"points must have shape \(P, 1\)"):
        net.field(one_network(net), nq.Grid((0, 1, 40), (0, 1, 40)))
    with pytest.raises(nq.InputError, match="the ends of an axis must be finite, got 'a' and 1"):
        nq.from_json('{"card": "cos_net", "deform": [{"action": "phi^2", "points": {"axes": [["a", 1, 2]]}}]}')
    with pytest.raises(nq.InputError, match="dim must be a whole number of at least 1, got 0"):
        nq.Grid.torus(1.0, 3, dim=0)
    with pytest.raises(nq.InputError, match="period must be positive and finite, got 0"):
        nq.Grid.torus(0.0, 3)
