"""Transforms of theories and the coordinates of their chains, against draws, conjugate formulas and NumPyro."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from arviz_base.io_numpyro import infer_dims
from conftest import Z_LIMIT, part_of
from numpyro.infer import SVI, Predictive, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal
from numpyro.infer.util import log_density, log_likelihood
from numpyro.optim import Adam
from scipy import stats
from scipy.special import gammainc, logsumexp

from nnqft_ppl import InputError, add_source, collapse, deform, give_laws, load, names, observe, posterior
from nnqft_ppl.laws.ball import normal_inside
from nnqft_ppl.laws.charts import chart
from nnqft_ppl.laws.lattice import FoldedCauchy
from nnqft_ppl.sampling.plan import plan
from nnqft_ppl.sampling.whitened import Whitened
from nnqft_ppl.theory import AMPLITUDES
from nnqft_ppl.theory.conditioned import conditioned
from nnqft_ppl.theory.gaussian_amplitudes import log_evidence, updated_root

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.array([[-1.0], [-0.2], [0.4], [1.3], [2.0]])
Y = np.array([0.3, -0.5, 0.8, 0.2, -0.6])
AT = np.array([[0.5], [3.0]])

OTHER: Any = "hmc"  # no sampler of this package
CONDITIONABLE = [name for name in names() if name != "shared_neuron_cos_net" and not load(name).paths]


def small(name, **settings):
    return load(name, **settings) if name == "line" else load(name, width=4, **settings)


# -- coordinates --------------------------------------------------------------------------------------------------------

LAWS = [
    dist.Normal(0.3, 2.0),
    dist.Cauchy(1.0, 0.5),
    FoldedCauchy(0.7, 0.9),
    dist.Laplace(0.2, 1.5),
    dist.LogNormal(0.1, 0.7),
    dist.Uniform(-1.0, 3.0),
    dist.Uniform(-jnp.pi, jnp.pi),
    AMPLITUDES["rayleigh"]().distribution(1.3),
]


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_a_chart_carries_the_normal_law_to_the_law(law):
    """Kolmogorov-Smirnov at 4e4 draws, false alarms 1e-7: it catches a scale that is 4 % off."""
    one = chart(law.expand((40_000,)).to_event(1))
    value = np.asarray(jax.jit(one.value)(np.random.default_rng(1).normal(size=one.shape)))
    sample = np.asarray(jax.jit(lambda key: law.sample(key, (40_000,)))(jax.random.key(2)))
    compared: Any = stats.ks_2samp(value, sample)
    assert compared.pvalue > 1e-7


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    part_of(
        ["matern", "free_scalar", "cutoff_free_scalar", "alpha_scalar", "tuned_net", "coupled_scalar"],
        lambda name: name in ("matern", "free_scalar", "tuned_net"),
    ),
)
def test_isotropic_charts_keep_the_radius(name):
    """|b| of the chart against exact draws, and no weight is left: Kolmogorov-Smirnov at 4e4, false alarms 1e-7."""
    settings = {"epsilon": 0.0} if name == "coupled_scalar" else {"power": 1.3} if name == "cutoff_free_scalar" else {}
    net = load(name, width=40_000, dim=2, **settings)
    law = net.prior()["b"]
    one = chart(law)
    b = np.asarray(jax.jit(one.value)(np.random.default_rng(1).normal(size=one.shape)))
    exact = np.asarray(jax.jit(law.sample)(jax.random.key(2)))
    compared: Any = stats.ks_2samp(np.linalg.norm(b, axis=1), np.linalg.norm(exact, axis=1))
    assert compared.pvalue > 1e-7
    assert float(one.log_weight(jnp.ones(one.shape))) == pytest.approx(0.0, abs=1e-9)


def test_the_probability_inside_a_sphere():
    """By series and recurrence against SciPy's incomplete gamma function, and its slope against the density of |z|."""
    length = np.geomspace(1e-6, 9.0, 400)
    for dim in range(1, 8):
        value, slope = jax.vmap(jax.value_and_grad(lambda one, dim=dim: normal_inside(one, dim)))(jnp.asarray(length))
        np.testing.assert_allclose(value, gammainc(dim / 2, length**2 / 2), rtol=1e-13)
        np.testing.assert_allclose(slope, stats.chi.pdf(length, dim), rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",  # the frequencies of the torus are discrete
    part_of([name for name in CONDITIONABLE if name != "torus"], lambda name: name in CONDITIONABLE[::2]),
)
def test_coordinates_keep_the_density(name):
    """N(z) exp(weight) is the density of the parameters times the Jacobian of the map, up to one constant."""
    model = conditioned(small(name, **({"amplitude": AMPLITUDES["laplace"]()} if name == "alpha_scalar" else {})))
    target = Whitened(model)

    def parts(z):
        theta = target.point(z).theta
        lengths = sum(
            jnp.sum(0.5 * jnp.log(s) + 2 * jnp.log(0.25 + s) - 0.5 * s)
            for s in (jnp.sum(p**2, axis=0) for p in _pairs(target, z))
        )
        density, _ = log_density(model, (), {}, theta)
        return -target.potential(z) - lengths - density, jnp.concatenate([jnp.ravel(v) for v in theta.values()])

    both = jax.jit(lambda z: (parts(z)[0], jax.jacobian(lambda z: parts(z)[1])(z)))
    offsets = []
    for seed in range(4):
        offset, jacobian = map(np.asarray, both(np.random.default_rng(seed).normal(size=target.size)))
        # A pair has one coordinate more than its angle: integrate its length out, 1/|z| each, the angle per length.
        offsets.append(offset - 0.5 * np.linalg.slogdet(jacobian @ jacobian.T)[1])
    assert np.ptp(offsets) < 2e-5  # an interpolated radius has a Jacobian that is right to 1e-6


def _pairs(target, z):
    """The Gaussian pairs in z that an angle forgets the length of."""
    found, taken = [], 0
    for law in target.model.laws(target.model.net).values():
        shape = chart(law).shape
        size = int(np.prod(shape))
        if shape[:1] == (2,) and law.shape() == shape[1:]:
            found.append(z[taken : taken + size].reshape(shape))
        taken += size
    return found


# -- transforms ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(6, 3, 1), (3, 7, 2)])
def test_the_evidence_and_its_derivative_on_both_sides_of_woodbury(shape):
    n, p, d = shape
    rng = np.random.default_rng(0)
    w, r = jnp.asarray(rng.normal(size=(n, p))), jnp.asarray(rng.normal(size=(p, d)))

    def plain(w, r):
        law = dist.MultivariateNormal(jnp.zeros(p), w.T @ w + jnp.eye(p))
        return law.log_prob(r.T).sum()

    found, expected = (jax.jit(jax.value_and_grad(f, (0, 1)))(w, r) for f in (log_evidence, plain))
    assert float(found[0]) == pytest.approx(float(expected[0]), rel=1e-12)
    for ours, theirs in zip(found[1], expected[1], strict=True):
        assert np.asarray(ours) == pytest.approx(np.asarray(theirs), rel=1e-10, abs=1e-12)


@pytest.mark.slow
def test_collapsing_is_exact():
    """E_a of the plain likelihood (2e6 amplitudes, 3 % at 6.2 errors) is the collapsed one, source and mean included."""
    net = load("offset_cos_net", width=3)
    model = add_source(observe(net, X[:2], Y[:2], noise=0.6), X[2:3], [0.4])
    theta = {k: v[0] for k, v in net.sample(jax.random.key(0), 1).items()}
    exact = float(
        jnp.exp(jax.jit(lambda theta: collapse(model).log_factors(net, theta, 0.6))({k: theta[k] for k in "bc"}))
    )
    a = net.amplitudes().sample(jax.random.key(1), (2_000_000,))
    values = np.exp(np.asarray(jax.jit(jax.vmap(lambda a: model.log_factors(net, {**theta, "a": a}, 0.6)))(a)))
    mean, mcse = values.mean(), values.std() / len(values) ** 0.5
    assert abs(mean - exact) < Z_LIMIT * mcse
    assert Z_LIMIT * mcse < 0.03 * exact


@pytest.mark.slow
def test_amplitudes_after_collapsing_have_the_posterior_law():
    """Mean and covariance of 2e5 draws against the conjugate formula, within 6.2 errors each."""
    net = load("cos_net", width=3)
    model = collapse(observe(net, X, Y, noise=0.5))
    theta = {k: v[0] for k, v in net.sample(jax.random.key(0), 1).items() if k != "a"}
    keys = jax.random.split(jax.random.key(1), 200_000)
    a = np.asarray(jax.jit(jax.vmap(lambda key: model.amplitudes_given(key, net, theta, 0.5)))(keys))
    h = np.asarray(net.neurons(theta, jnp.asarray(X)))
    covariance = np.linalg.inv(h @ h.T / 0.25 + 3 * np.eye(3))
    mean = covariance @ h @ Y / 0.25
    assert (np.abs(a.mean(axis=0) - mean) < Z_LIMIT * np.sqrt(np.diag(covariance) / len(a))).all()
    assert np.cov(a.T) == pytest.approx(covariance, abs=Z_LIMIT * covariance.max() * np.sqrt(2 / len(a)))


def test_a_conditioned_theory_is_a_numpyro_program():
    """log_density of the program is prior plus factors, with a deformation, a source, data, and an unknown noise."""
    net = load("cos_net", width=3)
    model = observe(net, X, Y, noise=dist.HalfNormal(1.0))
    model = give_laws(
        deform(add_source(model, AT[:1], [0.7]), lambda phi: 0.1 * phi**4, X, np.full(5, 0.5)),
        sigma_b=dist.LogNormal(0.0, 1.0),
    )
    theta = {k: v[0] for k, v in net.sample(jax.random.key(0), 1).items()}
    sites = {**theta, "noise": jnp.asarray(0.4), "sigma_b": jnp.asarray(1.7)}
    found = jax.jit(lambda sites: log_density(model, (), {}, sites)[0])(sites)
    wide = load("cos_net", width=3, sigma_b=1.7)
    phi, phi_at = np.asarray(wide.field(theta, jnp.asarray(X))), float(wide.field(theta, jnp.asarray(AT[:1]))[0])
    expected = sum(float(jnp.sum(law.log_prob(theta[s]))) for s, law in wide.prior().items())
    expected += float(dist.HalfNormal(1.0).log_prob(0.4)) + float(dist.LogNormal(0.0, 1.0).log_prob(1.7))
    expected += stats.norm.logpdf(Y, phi, 0.4).sum() + 0.7 * phi_at - 0.05 * np.sum(phi**4)
    assert float(found) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda n: observe(n, X, [np.nan] * 5, noise=1.0), "values must be finite, got nan at index"),
        (lambda n: observe(n, X, Y[:3], noise=1.0), r"values must have shape \(5,\), got \(3,\)"),
        (lambda n: observe(n, X, Y, noise=0.0), "noise must be positive and finite, got 0.0"),
        (lambda n: observe(n, X, Y, noise=-1.0), "noise must be positive"),
        (lambda n: observe(n, X, Y, noise=np.inf), "noise must be finite, got inf"),
        (lambda n: observe(observe(n, X, Y, noise=1.0), X, Y, noise=1.0), "has its data already"),
        (lambda n: deform(n, lambda phi: jnp.log(-(phi**2)), X), "action must be finite on fields of size 1, got nan"),
        (lambda n: deform(n, lambda phi: -(phi**4), X), "action must be bounded below by the prior"),
        (lambda n: deform(n, lambda phi: phi**4, X, [1.0]), r"weights must have shape \(5,\), got \(1,\)"),
        (lambda n: collapse(deform(n, lambda phi: phi**4, X)), "collapse: the amplitudes of a theory with an action"),
        (lambda n: give_laws(n, width=dist.LogNormal(0, 1)), "hyperparameter to infer must be one of sigma_a, sigma_b, got 'width'"),
        (lambda n: give_laws(n, sigma_b=dist.Normal(0, 1)), "sigma_b must be positive and finite, but its law Normal gives -"),
        (lambda n: plan(n, OTHER), "sampler must be one of nuts, gibbs, got 'hmc'"),
        (lambda n: posterior(observe(n, X, Y, noise=1.0), AT, draws=1), "draws must be at least 4, got 1"),
    ],
)  # fmt: skip
def test_bad_input_is_named(build, message):
    with pytest.raises(InputError, match=message):
        build(load("cos_net", width=3))


def test_what_cannot_be_conditioned_says_so():
    with pytest.raises(InputError, match="collapse: CosNet must have Gaussian amplitudes, got Laplace"):
        collapse(observe(load("cos_net", amplitude=AMPLITUDES["laplace"]()), X, Y, noise=1.0))
    with pytest.raises(InputError, match="law BernoulliProbs is discrete"):
        posterior(observe(load("shared_neuron_cos_net"), X, Y, noise=1.0), AT)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2, 20])
def test_evidence_of_a_block_beside_the_others(rows):
    """A block taken out of a root and put back, against all rows at once, for blocks below and above P values."""
    rng, evidence = np.random.default_rng(0), jax.jit(log_evidence)

    def exchanged(root, block, sign):
        return np.asarray(jax.jit(updated_root)(root, block, sign))

    others, r, w = (rng.normal(size=shape) for shape in [(30, 6), (6, 2), (3, rows, 6)])
    gram = others.T @ others + np.eye(6)
    fewer = np.linalg.qr(w, mode="r") if rows > 6 else w
    root = exchanged(np.linalg.inv(np.linalg.cholesky(gram + w[0].T @ w[0])).T, fewer[0], -1.0)
    np.testing.assert_allclose(root @ root.T, np.linalg.inv(gram), atol=1e-14)
    beside = np.array([evidence(one @ root, root.T @ r) for one in fewer])
    whole = np.array([evidence(np.concatenate([others, one]), r) for one in w])
    np.testing.assert_allclose(beside - beside[0], whole - whole[0], atol=1e-12)
    root = exchanged(root, fewer[1], 1.0)
    np.testing.assert_allclose(root @ root.T, np.linalg.inv(gram + w[1].T @ w[1]), atol=1e-14)


@pytest.mark.parametrize("noise", [1e-2, 1e-3])
def test_evidence_of_a_block_that_precise_data_hang_on(noise):
    """Two neurons, eight values: with one taken out the rest explains nothing, and the update cancels 1 against 1.

    The weights differ by up to 2 / noise^2, and rounding grows like noise^-4: 1e-3 of a log weight changes no choice.
    The inverse in place of its root would be wrong by .23 at noise 1e-3, and not a number at 1e-4.
    """
    x = np.linspace(-2.0, 2.0, 8)
    w = np.cos(np.array([[0.3], [1.1], [0.7]]) * x + np.array([[0.5], [-1.0], [2.0]])) / noise
    kept, first, second = w[:1], w[1:2], w[2:]
    r, evidence = np.sin(x)[:, None] / noise, jax.jit(log_evidence)
    lower = np.linalg.cholesky(kept.T @ kept + first.T @ first + np.eye(8))
    root = np.asarray(jax.jit(updated_root)(np.linalg.inv(lower).T, first, -1.0))
    beside = [evidence(one @ root, root.T @ r) for one in (first, second)]
    whole = [evidence(np.concatenate([kept, one]), r) for one in (first, second)]
    assert float(beside[0] - beside[1]) == pytest.approx(float(whole[0] - whole[1]), abs=1e-3)


@pytest.mark.parametrize("name", ["cos_net", "vector"])
def test_values_are_an_observed_site(name):
    """`y` in a plate: NumPyro's log likelihood is that of each value, and its sum is the factor of the data."""
    net = load(name, width=3)
    x, shape = np.array([[0.0], [0.5], [2.0]]), (3, net.component_count)[: 1 + (net.component_count > 1)]
    y, noise = np.linspace(-0.5, 0.5, int(np.prod(shape))).reshape(shape), np.array([0.1, 0.2, 0.4])
    model = observe(net, x, y, noise=noise)
    theta = net.sample(jax.random.key(0), 4)
    found = jax.jit(lambda theta: log_likelihood(model, theta, jnp.asarray(x)))(theta)["y"]
    assert found.shape == (4, 3)
    read = jax.jit(lambda one: (net.field(one, jnp.asarray(x)), model.log_factors(net, one, noise)))
    for k in range(4):
        phi, factors = map(np.asarray, read({site: value[k] for site, value in theta.items()}))
        spread = noise[:, None] if phi.ndim == 2 else noise
        terms = -(((y - phi) / spread) ** 2) / 2 - np.log(spread) - np.log(2 * np.pi) / 2
        by_value = terms.sum(axis=1) if phi.ndim == 2 else terms
        assert found[k] == pytest.approx(by_value, rel=1e-9)
        assert float(factors) == pytest.approx(by_value.sum(), rel=1e-9)
    drawn = jax.jit(Predictive(model, num_samples=2))(jax.random.key(1), jnp.asarray(x))
    assert np.array_equal(drawn["y"][0], y)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
def test_a_guide_finds_the_posterior_of_a_line():
    """AutoNormal holds the posterior of a line: its loc to 0.1 and its scale to 10 %, and the ELBO is the evidence.

    Noise 20 % too large makes the scale 20 % larger.
    """
    model = observe(load("line"), [[2.0]], [1.0], noise=0.5)
    guide = AutoNormal(model)
    svi = SVI(model, guide, Adam(0.01), Trace_ELBO(num_particles=32))
    found = svi.run(jax.random.key(0), 1000, progress_bar=False, init_state=jax.jit(svi.init)(jax.random.key(0)))
    deviation = (1 + 4 / 0.25) ** -0.5
    assert abs(found.params["a_auto_loc"][0] - (1 + 2 / 0.25) * deviation**2) < 0.1 * deviation
    assert found.params["a_auto_scale"][0] == pytest.approx(deviation, rel=0.1)
    evidence = stats.norm.logpdf(1.0, 2.0, (4 + 0.25) ** 0.5)
    assert -np.mean(found.losses[-200:]) == pytest.approx(evidence, abs=0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
def test_a_guide_of_a_network_nears_the_data():
    """SVI on Cos-net: the ELBO rises by 100 at least, to below the evidence of 1e5 prior networks; the mean field is
    within 1.5 standard deviations of the noise of every value, where that of the prior misses one by 4.
    """
    net, x, noise = load("cos_net", width=5), np.linspace(-1.0, 1.0, 6)[:, None], 0.2
    y = np.sin(2.0 * x[:, 0])
    model = observe(net, x, y, noise=noise)
    guide = AutoNormal(model)
    svi = SVI(model, guide, Adam(0.02), Trace_ELBO(num_particles=4))
    found = svi.run(jax.random.key(0), 1000, progress_bar=False, init_state=jax.jit(svi.init)(jax.random.key(0)))
    first, last = (-np.mean(part) for part in (found.losses[:5], found.losses[-200:]))
    logs = np.asarray(
        jax.jit(lambda key: jax.vmap(lambda theta: model.log_factors(net, theta, noise))(net.sample(key, 100_000)))(
            jax.random.key(1)
        )
    )
    assert first + 100 < last < logsumexp(logs) - np.log(len(logs))
    drawn = jax.jit(lambda key: guide.sample_posterior(key, found.params, sample_shape=(400,)))(jax.random.key(2))
    phi = np.asarray(jax.jit(jax.vmap(lambda one: net.field(one, jnp.asarray(x))))(drawn))
    assert np.abs(phi.mean(axis=0) - y).max() < 1.5 * noise
    assert np.abs(y).max() > 4 * noise


@pytest.mark.parametrize(("name", "y"), [("cos_net", np.zeros(3)), ("vector", np.zeros((3, 2)))])
def test_arviz_names_the_dimensions_of_a_program(name, y):
    """What `from_numpyro` makes of a program."""
    net, x = load(name, width=4), jnp.zeros((3, 1))
    component = ["component"] if net.component_count > 1 else []
    sites = {"a": ["neuron", *component], "b": ["neuron", "axis"], "c": ["neuron"], "phi": ["point", *component]}
    assert infer_dims(net, (x,)) == sites
    assert infer_dims(observe(net, x, y, noise=0.5), (x,)) == sites | {"y": ["observation"]}
