"""(17) in full: theories composed of any g and any input layer, and the cards whose neurons are not waves."""

import dataclasses
import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import HalfNormal, Normal, Uniform
from numpyro.infer.util import log_density
from scipy.special import erf

import nnqft_ppl as nq
from nnqft_ppl.axioms.symmetries import sampled_verdict
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies.composed_nets import SeenPhases  # pyright: ignore[reportMissingImports]

pytestmark = pytest.mark.usefixtures("quick_compilation")

WAVES = nq.load("cos_net", width=3)
UNIT = Normal(0.0, 1.0)


def tanh_net(scale: float = 1.0, **settings: Any):
    return nq.compose(lambda l, w: jnp.tanh(scale * w @ l), WAVES, {"w": UNIT.expand([3])}, width=4, **settings)


# -- the theory as a program and a value -----------------------------------------------------------------------------------


def test_the_field_is_the_sum():
    net = tanh_net()
    theta = {site: draws[0] for site, draws in net.sample(jax.random.key(1), 1).items()}
    x = np.array([[0.2], [-0.7]])
    layer = np.cos(theta["b"] @ x.T + theta["c"][:, None])
    assert net.field(theta, jnp.asarray(x)) == pytest.approx(np.asarray(theta["a"] @ np.tanh(theta["w"] @ layer)))
    sums = nq.compose(lambda l, w, v: w * l + v, WAVES, {"w": UNIT, "v": UNIT}, width=2, sums=True)
    theta = {site: draws[0] for site, draws in sums.sample(jax.random.key(1), 1).items()}
    assert theta["w"].shape == theta["v"].shape == (2, 3)
    layer = np.cos(theta["b"] @ x.T + theta["c"][:, None])
    h = theta["w"] @ layer + theta["v"].sum(axis=1, keepdims=True)
    assert sums.field(theta, jnp.asarray(x)) == pytest.approx(np.asarray(theta["a"] @ h))


def test_a_module_is_called_with_its_drawn_arrays():
    module = eqx.nn.MLP(3, "scalar", 4, 1, key=jax.random.key(0))
    net = nq.compose(
        module, WAVES, lambda site, shape: Normal(0.0, 1.0 if "bias" in site else shape[-1] ** -0.5), width=2
    )
    shapes = {site: law.event_shape for site, law in net.prior().items()}
    assert shapes["layers.0.weight"] == (2, 4, 3)
    assert shapes["layers.1.bias"] == (2, 1)
    theta = {site: draws[0] for site, draws in net.sample(jax.random.key(1), 1).items()}
    layer = jnp.cos(theta["b"] @ jnp.array([0.4]) + theta["c"])
    h = [
        eqx.tree_at(
            lambda m: [m.layers[0].weight, m.layers[0].bias, m.layers[1].weight, m.layers[1].bias],
            module,
            [theta[f"layers.{k}.{part}"][i] for k in (0, 1) for part in ("weight", "bias")],
        )(layer)
        for i in (0, 1)
    ]
    assert float(net.field(theta, jnp.array([[0.4]]))[0]) == pytest.approx(float(theta["a"] @ jnp.stack(h)), rel=1e-5)
    assert net.laws.laws["layers.0.weight"].variance == pytest.approx(np.full((4, 3), 1 / 3))


def test_it_is_a_value_that_jax_carries():
    net = tanh_net()
    assert net == tanh_net()
    assert hash(net) == hash(tanh_net())
    assert net != tanh_net(2.0)  # another g, by a number inside it
    arrays = jnp.arange(3.0), jnp.arange(1.0, 4.0)
    tables = [nq.compose(lambda l, t=array: t @ l, WAVES, {}) for array in arrays]
    assert tables[0] != tables[1]  # by an array inside it
    leaves, structure = jax.tree.flatten(net)
    assert jax.tree.unflatten(structure, leaves) == net
    wider = nq.compose(net.g.function, WAVES, {"w": Normal(0.0, 2.0).expand([3])}, width=4)
    assert wider != net
    assert jax.tree.structure(wider) == structure  # one program serves both
    again = dataclasses.replace(net, inputs=dataclasses.replace(WAVES, sigma_b=2.0))
    assert again.prior()["b"].sample(jax.random.key(0)) == pytest.approx(2 * net.prior()["b"].sample(jax.random.key(0)))


def test_derivatives_in_every_hyperparameter_of_both_layers():
    """d G2 / d ln of the scale of w is 2 G2, that of sigma_b the one of H_ii = 9 M/32 + M(3u)/32."""
    net = nq.compose(nq.Powers(3), WAVES, {"w": Normal(0.0, 3**-0.5)}, sums=True, width=4)
    x, y = np.array([0.1]), np.array([0.6])
    slope = jax.grad(lambda one: one.two_point(x, y))(net)
    assert float(slope.laws.laws["w"].scale) == pytest.approx(2 * net.two_point(x, y) * 3**0.5, rel=1e-6)
    m = np.exp(-1 / 8) * -0.25 * 9 / 32 + np.exp(-9 / 8) * -2.25 / 32
    assert float(slope.inputs.sigma_b) == pytest.approx(m, rel=1e-5)


def test_it_is_conditioned_and_told_like_any_other():
    net = tanh_net()
    model = nq.observe(net, [[0.0], [1.0]], [0.3, -0.1], noise=HalfNormal(1.0))
    values = {site: draws[0] for site, draws in net.sample(jax.random.key(0), 1).items()} | {"noise": jnp.array(0.5)}
    assert np.isfinite(log_density(model, (), {}, values)[0])
    with pytest.raises(nq.InputError, match="a theory on a Python function g has no text"):
        nq.to_toml(model)
    with pytest.raises(nq.NoClosedForm, match="closed forms for sums of Powers; use an estimator"):
        nq.exact_correlator(net, [[0.0], [1.0]])


# -- what is refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("g", "laws", "options", "message"),
    [
        (lambda l, c: c * l[0], {"c": UNIT}, {}, r"disjoint, \(17\), but the input layer has a site 'c' too"),
        (lambda l, a: a * l[0], {"a": UNIT}, {}, r"disjoint, \(17\), but the amplitudes have a site 'a' too"),
        (lambda l, w: w * l, {"w": UNIT}, {}, r"g must return one number of l \(3,\), w \(\), traced by JAX: cannot"),
        (lambda l, v: v * l[0], {"w": UNIT}, {}, "unexpected keyword argument 'w'"),
        (lambda l, w: w @ l, {"w": 1.0}, {}, "the law of w must be a NumPyro distribution, got 1.0"),
        (lambda l: l[0], lambda site, shape: UNIT, {}, "laws must be a dictionary where g is no module"),
        (eqx.nn.Linear(3, 1, key=jax.random.key(0)), {"weight": UNIT}, {}, "laws must be those of weight, bias"),
        (
            eqx.nn.Linear(3, 1, key=jax.random.key(0)),
            lambda site, shape: UNIT.expand([3]),
            {},
            r"the law of weight must have shape \(1, 3\) or \(\), got \(3,\)",
        ),
        (nq.Powers(1, 2), {"w": UNIT}, {"sums": True}, "cannot reshape"),
        (lambda l: l[0], {}, {"amplitude": "normal"}, "Composed: amplitude must be one of gaussian"),
        (lambda l: l[0], {}, {"width": 0}, "Composed: width must be an integer >= 1, got 0"),
    ],
)
def test_refusals_are_one_line(g, laws, options, message):
    with pytest.raises(nq.InputError, match=message) as caught:
        nq.compose(g, WAVES, laws, **options)
    assert "\n" not in str(caught.value)


def test_other_refusals():
    with pytest.raises(nq.InputError, match="inputs must be the theory of a card"):
        nq.compose(lambda l: l[0], nq.observe(WAVES, [[0.0]], [1.0], noise=1.0), {})  # pyright: ignore[reportArgumentType]
    with pytest.raises(nq.InputError, match="dim must be that of its input layer, 1, got 2"):
        dataclasses.replace(tanh_net(), dim=2)
    with pytest.raises(nq.InputError, match=r"exponents must be integers >= 0, got \(0.5,\)"):
        nq.Powers(0.5)  # pyright: ignore[reportArgumentType]


# -- symmetries ------------------------------------------------------------------------------------------------------------


def test_claims_are_those_of_the_input_layer_and_of_the_amplitudes():
    square: Any = lambda l: l[0] ** 2  # noqa: E731
    assert nq.compose(square, nq.load("free_scalar", dim=2), {}).claims == (
        "Z2",
        "translation",
        "rotation",
        "reflection",
        "permutation",
    )
    assert nq.compose(square, nq.load("gauss_net"), {}).claims == ("Z2", "rotation", "reflection", "permutation")
    assert nq.compose(square, nq.load("line"), {}, amplitude="offset_gaussian").claims == ("permutation",)


@pytest.mark.slow
def test_a_shared_parameter_is_seen():
    """Among 60000 networks translations are lost by 40 standard errors and more, kept within 5: one alarm in 10^6."""
    laws = {"w": Normal(0.0, 0.5), "e": Uniform(-jnp.pi, jnp.pi)}
    own = nq.compose(
        lambda l, w, e: w * (l + jnp.cos(e)), WAVES, laws, width=3, sums=True, amplitude="constant_modulus"
    )
    seen, kept = (sampled_verdict(net, "translation", draws=60_000) for net in (SeenPhases(width=3), own))
    assert (seen.outcome, kept.outcome) == ("fail", "pass")
    assert seen.statistic > 40


# -- exactly ---------------------------------------------------------------------------------------------------------------


def test_known_number():
    """PHYSICS 15: cubes on plane waves, s = 1, u = 1/2, at every k."""
    for k in (1, 2, 50):
        net = nq.compose(nq.Powers(3), nq.load("cos_net", width=k), {"w": Normal(0.0, k**-0.5)}, sums=True)
        assert float(nq.exact_neuron(net, [[0.3], [0.8]], (0, 0))) == pytest.approx(0.2583476435, abs=5e-11)


@pytest.mark.parametrize("owners", [(0, 0), (0, 1), (0, 0, 0), (0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 1)])
def test_sums_over_partitions_are_sums_over_lists(owners):
    """Over all lists j_1..j_n, with averages over w, b and c by rules for integrals."""
    loc, scale = np.array([0.2, -0.1]), np.array([0.5, 0.3])
    net = nq.compose(nq.Powers(1, 2), WAVES, {"w": Normal(loc, scale)}, sums=True)
    x = np.array([0.1, 0.5, -0.4, 0.9])[: len(owners)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    c = 2 * np.pi * np.arange(12) / 12
    l = np.cos(np.multiply.outer(x, nodes)[..., None] + c)  # (n, b, c)
    w1, w2 = loc[0] + scale[0] * nodes, loc[1] + scale[1] * nodes
    g = w1[:, None, None, None] * l[:, None, None] + w2[:, None, None] * l[:, None, None] ** 2  # (n, w1, w2, b, c)

    def together(places: tuple[int, ...]) -> float:
        """E[prod g_(i_p j)(l_j(x_p))] of the points that meet at one j."""
        value: Any = 1.0
        for i in set(owners):
            own = [p for p in places if owners[p] == i]
            if own:
                value = value * np.einsum("uvbc,u,v->bc", g[own].prod(axis=0), weights, weights)
        return float(weights @ value.mean(axis=1))

    moments = {
        places: together(places) for r in range(1, len(x) + 1) for places in itertools.combinations(range(len(x)), r)
    }
    expected = sum(
        np.prod([moments[tuple(p for p in range(len(x)) if chosen[p] == j)] for j in set(chosen)])
        for chosen in itertools.product(range(3), repeat=len(x))
    )
    assert float(nq.exact_neuron(net, x[:, None], owners)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.slow
def test_deep_net_is_composed():
    """cos(w.l + bias) on plane waves has the exact correlators of the card, within 5 standard errors of 0.5 and 2 %."""
    card = nq.load("deep_net", width=3, inputs=3)
    laws = {"w": Normal(0.0, 2 / 3**0.5).expand([3]), "bias": Uniform(-jnp.pi, jnp.pi)}
    net = nq.compose(lambda l, w, bias: jnp.cos(w @ l + bias), WAVES, laws, width=3)
    x = np.array([[[0.1], [0.9], [0.3], [1.2]]])
    table = nq.correlators(net, x, orders=(2, 4), kinds=("full",), estimators=("amplitude",), draws=60_000, seed=3)
    rows: Any = table.itertuples()
    for row in rows:
        exact = float(nq.exact_correlator(card, x[0, : row.order]))
        assert row.estimate == pytest.approx(exact, abs=5 * row.mcse)
        assert row.mcse < {2: 0.005, 4: 0.02}[row.order] * exact


# -- Erf-net and ReLU-net --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("erf_net", -0.039750879041), ("relu_net", 0.048406165143)])
def test_numbers_of_the_earlier_nets(name, value):
    """PHYSICS 16, by quadrature and draws elsewhere."""
    net = nq.load(name, sigma_b=1.2, sigma_c=0.4)
    assert float(nq.exact_neuron(net, [[0.5], [-0.3]], (0, 0))) == pytest.approx(value, abs=5e-13)
    plane = nq.load(name, sigma_b=1.2 * 2**0.5, sigma_c=0.4, dim=2)
    assert float(nq.exact_neuron(plane, [[0.3, 0.4], [-0.18, -0.24]], (0, 0))) == pytest.approx(value, abs=5e-13)


@pytest.mark.parametrize("name", ["erf_net", "relu_net"])
def test_a_line_in_the_plane_is_the_line(name):
    """Moments of order 4 and 6 by quadrature over two and over three Gaussian numbers."""
    x = np.array([0.5, -0.3, 0.9, 0.2, -1.1, 0.5])
    line, plane = nq.load(name, sigma_b=1.2, sigma_c=0.4), nq.load(name, sigma_b=1.2 * 2**0.5, sigma_c=0.4, dim=2)
    for n in (4, 6):
        moments = [
            float(net.neuron_moment(points))
            for net, points in ((line, x[:n, None]), (plane, x[:n, None] * [[0.6, 0.8]]))
        ]
        assert moments[0] == pytest.approx(moments[1], rel=1e-10)


@pytest.mark.parametrize("name", ["erf_net", "relu_net"])
def test_closed_forms_are_their_quadratures(name):
    for dim in (1, 2):
        net: Any = nq.load(name, sigma_b=1.2, sigma_c=0.4, dim=dim)
        x = np.array([[0.5, 0.2], [-0.3, 0.4]])[:, :dim]
        assert float(net._average(x)) == pytest.approx(float(net.neuron_moment(x)), abs=1e-13)


def test_higher_moments_by_other_rules():
    """Erf: a rule of Gauss and Hermite. ReLU: E max(0, z)^4 = 3 s^4/2 at one point, and in any dimension E max(0, z)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(150)
    weights = weights / weights.sum()
    x = np.array([0.5, -0.3, 0.9, 0.2])
    z = 0.8 * x[:, None, None] * nodes[:, None] + 0.4 * nodes
    erf_net = nq.load("erf_net", sigma_b=0.8, sigma_c=0.4)
    assert float(erf_net.neuron_moment(x[:, None])) == pytest.approx(weights @ erf(z).prod(axis=0) @ weights, rel=1e-9)
    relu: Any = nq.load("relu_net", sigma_b=1.2, sigma_c=0.4, dim=2)
    s = 0.4**2 + 1.2**2 * (0.5**2 + 0.3**2) / 2
    assert float(relu.neuron_moment(np.tile([0.5, 0.3], (4, 1)))) == pytest.approx(1.5 * s**2, rel=1e-12)
    assert float(relu.neuron_moment(np.array([[0.5, 0.3]]))) == pytest.approx((s / (2 * np.pi)) ** 0.5, rel=1e-12)


def test_a_mean_neuron_does_not_make_a_mean_field():
    net = nq.load("relu_net", width=3)
    assert abs(float(nq.exact_correlator(net, [[0.3]]))) < 1e-15
    assert abs(float(nq.exact_correlator(net, [[0.3], [0.1], [-0.2]]))) < 1e-15
    assert float(nq.exact_neuron(net, [[0.3], [0.1]], (0, 1))) > 0.1  # E[h_1 h_2] = E[h_1] E[h_2]
    assert field_draws(net, [[0.3]], draws=4000, seed=1).mean() == pytest.approx(0.0, abs=5 * 0.74 / 4000**0.5)


def test_where_there_is_no_closed_form():
    for name, words in (("erf_net", "of order 2"), ("relu_net", "to order 2")):
        net = nq.load(name, dim=3)
        with pytest.raises(nq.NoClosedForm, match=f"{words}, and beyond for dim <= 2; use an estimator for dim = 3"):
            nq.exact_correlator(net, np.zeros((4, 3)))
    with pytest.raises(nq.NoClosedForm, match="points must be nearer to the origin for a quadrature of order 4"):
        nq.exact_correlator(nq.load("erf_net", dim=2), 1000 * np.ones((4, 2)))
