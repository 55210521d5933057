"""Theories are pytrees: one program for all values, stacks of theories, gradients in hyperparameters."""

import dataclasses
import warnings
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import part_of

import nnqft_ppl as nq
from nnqft_ppl import models
from nnqft_ppl.inference import posterior as inference
from nnqft_ppl.laws.charts import chart
from nnqft_ppl.laws.joint import iid
from nnqft_ppl.sampling import chains, devices, networks
from nnqft_ppl.sampling.plan import block_count
from nnqft_ppl.theory.amplitudes import AMPLITUDES
from nnqft_ppl.theory.ranges import STATIC, field_types

NETS = [nq.load(name, width=4) if name != "line" else nq.load(name) for name in models.names()]
#: One of each kind, for `part_of`: waves, Gaussians, tables, neurons that share and inherit, components, bottles, paths.
EVERYDAY = {
    "CosNet",
    "GaussNet",
    "AlphaScalar",
    "Torus",
    "TunedNet",
    "CoupledCosNet",
    "GibbsCosNet",
    "DeepNet",
    "Vector",
    "WineBottle",
    "MarkovNet",
}
LEAVES = [
    pytest.param(net, name, id=f"{type(net).__name__}.{name}")
    for net in NETS
    for name, hint in field_types(type(net)).items()
    if get_args(hint) and get_args(hint)[0] is float and STATIC not in get_args(hint)
]
STRUCTURE = [
    pytest.param(net, name, id=f"{type(net).__name__}.{name}")
    for net in NETS
    for name, hint in field_types(type(net)).items()
    if STATIC in get_args(hint)
]


@pytest.mark.parametrize("net", NETS, ids=lambda net: type(net).__name__)
def test_a_theory_goes_through_jax_and_back(net):
    leaves, structure = jax.tree.flatten(net)
    assert all(isinstance(leaf, float) for leaf in leaves)
    assert jax.tree.unflatten(structure, leaves) == net
    assert hash(structure) == hash(jax.tree.structure(dataclasses.replace(net)))


@pytest.mark.parametrize("law", [*AMPLITUDES.values(), nq.OffsetGaussian], ids=lambda law: law.__name__)
def test_every_theory_is_drawn_by_a_compiled_program(law):
    for net in NETS:
        if net.ancestral and "amplitude" in field_types(type(net)):
            x = jnp.zeros((1, net.dim))
            jax.eval_shape(
                lambda one, x=x: one.sample(jax.random.key(0), 2, x), dataclasses.replace(net, amplitude=law())
            )


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    "net", part_of(NETS, lambda net: type(net).__name__ in EVERYDAY), ids=lambda net: type(net).__name__
)
def test_laws_and_fields_are_functions_of_their_leaves(net):
    """A log density, and where there is one a drawn field, have the derivatives that finite differences give."""
    names = [str(leaf.values[1]) for leaf in LEAVES if leaf.values[0] is net]
    points = jnp.linspace(0.1, 0.7, 2 * net.dim).reshape(2, net.dim)
    sites = net.sample(jax.random.key(0), 1, points) if net.ancestral else {s: law(net) for s, law in FIXED.items()}
    theta = {site: jnp.asarray(draws)[0] for site, draws in sites.items()}

    def log_density(one):
        return sum(jnp.sum(jnp.asarray(law.log_prob(theta[site]))) for site, law in one.prior_at(points).items())

    def drawn(one):
        return jnp.sum(one.field({s: x[0] for s, x in one.sample(jax.random.key(0), 1, points).items()}, points) ** 2)

    pathwise = [name for name in names if net.ancestral and f"{type(net).__name__}.{name}" not in REJECTED]
    for functions, of in (((log_density, drawn), pathwise), ((log_density,), [n for n in names if n not in pathwise])):
        if of:
            check_slopes(
                lambda values, functions=functions: jnp.stack(
                    [f(dataclasses.replace(net, **values)) for f in functions]
                ),
                {name: getattr(net, name) for name in of},
            )


def check_slopes(function, values):
    """The derivatives by each of the values, against Richardson's of central differences; one program for all."""
    both = jax.jit(jax.jacrev(lambda values: (function(values),) * 2, has_aux=True))
    slopes, centre = both(values)
    for name, value in values.items():
        step = 1e-6 * max(abs(value), 1e-3)

        def moved(by, name=name, value=value):
            return np.asarray(both(values | {name: value + by})[1])

        outer, inner = ((moved(h) - moved(-h)) / (2 * h) for h in (2 * step, step))
        expected = (4 * inner - outer) / 3
        bound = 1e-6 * np.maximum(np.abs(expected), np.maximum(1.0, np.abs(centre)))
        assert (np.abs(np.asarray(slopes[name]) - expected) <= bound).all(), name


#: Drawn by rejection: no smooth function of the parameter (JAX refuses the first, is right on average in the others).
REJECTED = {"Landscape.concentration", "SharedScaleCosNet.epsilon", "Matern.nu", "CutoffFreeScalar.power"}

FIXED = {
    "a": lambda net: np.full((1, net.width), 0.3),
    "b": lambda net: np.linspace(-1.0, 1.0, net.width * net.dim).reshape(1, net.width, net.dim),
    "c": lambda net: np.full((1, net.width), 0.2),
}


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(("net", "name"), LEAVES)
def test_gradients_of_two_point_functions_or_one_line(net, name):
    value, x, y = getattr(net, name), np.full(net.dim, 0.1), np.full(net.dim, 0.6)

    def two_point(v):
        return dataclasses.replace(net, **{name: v}).two_point(x, y)

    if f"{type(net).__name__}.{name}" in NOT_ELEMENTARY:
        with pytest.raises(nq.NoClosedForm, match="needs plain numbers"):
            jax.grad(two_point)(value)
        return
    slope = float(jax.grad(two_point)(value))
    step = 1e-4 * max(abs(value), 1e-2)
    outer, inner = (float(two_point(value + h) - two_point(value - h)) / (2 * h) for h in (2 * step, step))
    assert slope == pytest.approx((4 * inner - outer) / 3, rel=1e-6, abs=1e-9)


#: Where the two-point function is a special function of it, or a quadrature.
NOT_ELEMENTARY = {
    "AlphaScalar.cutoff",
    "AlphaScalar.mass",
    "CoupledScalar.cutoff",
    "CoupledScalar.mass",
    "CutoffFreeScalar.mass",
    "CutoffFreeScalar.power",
    "DeepNet.sigma_b",
    "DeepNet.sigma_w",
    "FreeBoson.cutoff",
    "FreeBoson.infrared",
    "FreeScalar.cutoff",
    "FreeScalar.mass",
    "GibbsCosNet.sigma_b",
    "GibbsCosNet.epsilon",
    "Landscape.concentration",
    "LatticeCauchy.lattice_spacing",
    "LatticeCauchy.mass",
    "Matern.mass",
    "Matern.nu",
    "SharedScaleCosNet.sigma_b",
    "SharedScaleCosNet.epsilon",
}


@pytest.mark.parametrize(("net", "name"), STRUCTURE)
def test_a_static_hyperparameter_is_named_in_one_line(net, name):
    with pytest.raises(nq.InputError, match=f"{type(net).__name__}: {name} must be a plain number"):
        jax.grad(lambda v: jnp.sum(dataclasses.replace(net, **{name: v}).width * 1.0))(getattr(net, name))


def test_a_stack_of_theories():
    values = [0.5, 1.0, 2.0]
    nets = [nq.load("cos_net", width=5, sigma_b=v, amplitude=nq.Laplace(beta=v)) for v in values]
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *nets)
    found = jax.vmap(lambda net: net.two_point(np.zeros(1), np.ones(1)))(stack)
    assert np.allclose(found, [net.two_point([0.0], [1.0]) for net in nets])


def compiled(function: Any) -> int:
    """The number of programs that a compiled function has."""
    return function._cache_size()


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    ("card", "name", "estimators"),
    part_of(
        [
            ("cos_net", "sigma_b", ("field", "neuron", "amplitude")),
            ("coupled_cos_net", "sigma_b", ("amplitude",)),
            ("cauchy", "mass", ("neuron",)),
            ("free_scalar", "cutoff", ("neuron", "amplitude")),
            ("lattice_cauchy", "lattice_spacing", ("neuron",)),
        ],
        lambda card, *_: card != "lattice_cauchy",
    ),
)
def test_one_program_for_all_values(card, name, estimators):
    """A sweep compiles once, and each of its theories gets the numbers that it gets alone."""
    rates = np.linspace(0.5, 2.0, 4)
    x = np.array([[[0.0], [0.4], [1.0], [-0.3]]])
    for estimator in estimators:
        before = compiled(devices._round)
        for rate in rates:
            net = nq.load(card, width=7, **{name: float(rate)})
            found: Any = nq.correlators(net, x, estimators=[estimator], draws=3000, dtype="float64")
            assert (found["z"].abs() < 5).all()  # false alarm 6e-7 a value, 80 values
        assert compiled(devices._round) == before + 1
    before = compiled(networks._batch)
    for rate in rates:
        networks.field_draws(nq.load(card, width=7, **{name: float(rate)}), x[0], draws=10, seed=0)
    assert compiled(networks._batch) == before + 1


def test_a_conditioned_theory_goes_through_jax():
    """Two theories that differ in numbers only share a program; a law of the noise is structure."""
    x, count = np.array([[0.0], [1.0]]), []

    @jax.jit
    def log_factors(model, theta, noise):
        count.append(model)
        return model.log_factors(model.net, theta, noise)

    for sigma, strength in ((1.0, 0.2), (2.0, 0.4)):
        net = nq.load("cos_net", width=3, sigma_b=sigma)
        read: Any = nq.from_toml(nq.to_toml(nq.deform(net, "0.1*phi^4", x)))
        potential = read.actions[0].potential
        model = nq.observe(nq.deform(nq.add_source(net, x, [strength, 0.0]), potential, x), x, [0.1, 0.2], noise=0.3)
        theta = {site: value[0] for site, value in net.sample(jax.random.key(1), 1).items()}
        assert float(log_factors(model, theta, 0.3)) == pytest.approx(float(model.log_factors(net, theta, 0.3)))
    assert len(count) == 1
    laws = nq.give_laws(nq.observe(net, x, [0.1, 0.2], noise=dist.HalfNormal(1.0)), sigma_b=dist.LogNormal(0.0, 1.0))
    back = jax.tree.unflatten(*reversed(jax.tree.flatten(laws)))
    assert list(back.hyperlaws) == ["sigma_b", "noise"]


PROGRAMS: Any = (chains._init, chains._chunk, inference._prior_batches)


def swept(card, name, value, sampler):
    """Draws of a posterior whose hyperparameter, data and noise follow one value."""
    x, net = np.array([[-1.0], [0.2], [1.0]]), nq.load(card, width=4, **{name: float(value)})
    # Noise so small that Gibbs moves have one neuron to a block: each size of the blocks is a program.
    model = nq.observe(net, x, value * np.array([0.3, -0.5, 0.8]), noise=0.05 + 0.01 * value)
    tree = nq.posterior(model, x, chains=2, warmup=25, draws=25, sampler=sampler).tree
    return [tree[group].to_numpy() for group in ("posterior/phi", "posterior/action", "log_likelihood/y")]


def forget():
    for program in PROGRAMS:
        program.clear_cache()


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    ("card", "name", "sampler"),
    part_of([("cauchy", "mass", "gibbs"), ("coupled_cos_net", "epsilon", "nuts")], lambda *case: "gibbs" in case),
)
def test_one_program_for_all_posteriors(card, name, sampler):
    """A sweep of a hyperparameter, data and noise compiles once, and each of its theories gets its draws alone."""
    forget()
    found = [swept(card, name, value, sampler) for value in (0.4, 0.6, 0.9)]
    assert [compiled(program) for program in PROGRAMS] == [1, 1, 1]
    assert all((first != last).any() for first, last in zip(found[0], found[-1], strict=True))
    if sampler == "gibbs":
        forget()
        for together, alone in zip(found[-1], swept(card, name, 0.9, sampler), strict=True):
            assert np.array_equal(together, alone)


def test_few_sizes_of_blocks():
    """Whatever the precision of the data, 200 neurons are moved in one of five block counts: five programs at most."""
    counts = {block_count(variance, 200) for variance in np.geomspace(1e-4, 1e4, 400)}
    assert counts == {1, 4, 16, 64, 200}
    assert {block_count(variance, 3) for variance in np.geomspace(1e-4, 1e4, 50)} == {1, 3}


def test_charts_of_laws_with_traced_parameters():
    """Bounds that are hyperparameters are no phase's, and degrees of freedom may be one too."""

    def image(law, z):
        return jax.jit(lambda v: chart(iid(law(v), 2)).value(z))(0.7)

    assert np.allclose(image(lambda v: dist.Uniform(-v, v), jnp.array([0.0, 9.0])), [0.0, 0.7])
    rows = image(lambda v: dist.MultivariateStudentT(v, jnp.zeros(1), jnp.eye(1)), jnp.array([[0.0], [-1.0]]))
    assert np.allclose(rows, [[0.0], [-np.sqrt(0.7 * np.expm1(1 / 0.7))]])


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
def test_single_precision_leaves_the_arrays_of_a_theory_as_they_are():
    """JAX remembers arrays of NumPy in the precision it met them in: a program in double precision failed afterwards."""
    x = np.array([[0.1], [0.6]])
    model = nq.add_source(nq.observe(nq.load("cos_net", width=2), x, [0.3, -0.2], noise=0.5), x, [0.1, 0.2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few draws are too few, and are said to be
        nq.gaussian_limit(model, x[None], orders=(2,), draws=400)
        nq.energies(model, np.arange(4.0), shifts=(0,), lags=(0, 1), draws=200)
        nq.correlators(
            model, x[None], orders=[2], kinds=("full",), estimators=("reweight",), draws=400, dtype="float32"
        )
    total = jax.jit(lambda one: one.observation.values.sum() + one.sources[0].strength.sum())
    assert [float(total(model)) for _ in range(2)] == pytest.approx([0.4, 0.4], rel=1e-12)
