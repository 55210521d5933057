"""Neurons on random paths: their law, what they let every verb do, and errors planted in their dynamics."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import assert_agrees
from mutations import rows
from numpyro import handlers
from numpyro.infer.util import log_density
from scipy.stats import multivariate_normal

import nnqft_ppl as nq
from nnqft_ppl.axioms.gram import gram, monomials
from nnqft_ppl.axioms.products import pair_verdicts, triple_verdicts
from nnqft_ppl.axioms.symmetries import sampled_symmetries
from nnqft_ppl.axioms.verdicts import together
from nnqft_ppl.checks.draws import recorded
from nnqft_ppl.laws import OrnsteinUhlenbeck, PathLaw
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies.theorems import with_methods  # pyright: ignore[reportMissingImports]
from nnqft_ppl.theory import ConstantModulus, Gaussian, PathArchitecture

X = np.array([[0.0], [0.5], [1.0], [2.0]])
TIMES = np.array([0.7, -0.3, 1.0, 0.1])
SINE: Any = nq.load("sine_path", width=2)


# -- the law -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_density_of_a_path_is_that_of_its_covariance():
    """In any order of the times, N paths at once: SciPy's normal law of covariance exp(-m|s - t|), to 1e-12."""
    law = OrnsteinUhlenbeck(1.3).distribution(jnp.asarray(TIMES), 2)
    x = np.random.default_rng(0).normal(size=(3, 2, 4))
    covariance = np.exp(-1.3 * np.abs(np.subtract.outer(TIMES, TIMES)))
    normal: Any = multivariate_normal
    expected = normal(np.zeros(4), covariance).logpdf(x).sum(axis=1)
    np.testing.assert_allclose(law.log_prob(jnp.asarray(x)), expected, rtol=1e-12)


@pytest.mark.slow
def test_a_repeated_time_has_one_value():
    once = OrnsteinUhlenbeck(1.3).distribution(jnp.asarray(TIMES), 2)
    twice = OrnsteinUhlenbeck(1.3).distribution(jnp.asarray([*TIMES, TIMES[1]]), 2)
    x = twice.sample(jax.random.key(0), (5,))
    assert (x[..., 1] == x[..., 4]).all()
    np.testing.assert_allclose(twice.log_prob(x), once.log_prob(x[..., :4]), rtol=1e-12)
    assert (twice.log_prob(x.at[..., 4].add(0.1)) == -np.inf).all()
    assert np.isfinite(
        jax.grad(lambda m: jnp.sum(OrnsteinUhlenbeck(m).distribution(jnp.zeros(3), 1).sample(jax.random.key(0))))(1.0)
    )


@pytest.mark.slow
def test_drawn_paths_have_the_covariance():
    """exp(-m|s - t|) of 2e5 draws, false alarms 6e-7 a number; it catches a rate that is 5 % off."""
    paths = OrnsteinUhlenbeck(1.3).distribution(jnp.asarray(TIMES), 1).sample(jax.random.key(1), (200_000,))[:, 0]
    products = np.asarray(paths)[:, :, None] * np.asarray(paths)[:, None, :]
    expected = np.exp(-1.3 * np.abs(np.subtract.outer(TIMES, TIMES)))
    assert_agrees(products.mean(0), products.std(0) / 200_000**0.5, expected, sensitivity=0.09)


# -- what every verb makes of it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (handlers.seed(SINE, 0), "its paths are drawn at points, so points"),
        (lambda: SINE.sample(jax.random.key(0), 2), "its paths are drawn at points, so points"),
        (lambda: SINE.field({"a": jnp.ones(2), "path": jnp.ones((2, 3))}, jnp.asarray(X)), "path must be drawn at the 4 points"),
        (lambda: nq.posterior(nq.observe(SINE, X, np.zeros(4), noise=0.5), X), "chains keep no path beyond the points"),
        (lambda: nq.modes(SINE, ("path",)), "has no density to maximise, as a path has a value at every point"),
        (lambda: nq.vacua(SINE), "vacua are those of a field with several components"),
        (lambda: nq.load("sine_path", dim=2), "dim must be 1"),
    ],
    ids=["program", "sample", "other points", "posterior", "modes", "vacua", "plane"],
)  # fmt: skip
def test_what_paths_cannot_do_is_one_line(call, words):
    with pytest.raises(nq.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_every_estimator_draws_the_paths_that_it_needs():
    """Configurations share and repeat points; false alarms 6e-7 a number, errors below 7 % of G2."""
    net = nq.load("markov_net", width=3, amplitude="gaussian")
    x = np.array([[[0.0], [0.4], [1.0], [0.4]], [[1.0], [0.0], [0.0], [2.0]]])
    table: Any = nq.correlators(net, x, estimators=("field", "neuron", "amplitude"), draws=100_000, seed=3)
    assert (table["z"].abs() < 5).all()
    two = table[(table["order"] == 2) & (table["kind"] == "full")]
    assert (5 * two["mcse"] < 0.07 * two["exact"].abs()).all()


@pytest.mark.slow
def test_weights_know_the_path_at_the_points_of_an_action():
    """exp(-phi(1)^2) by reweight, and by hand from fields of other draws; 5 standard errors are 4 %."""
    model = nq.deform(SINE, "2*phi^2", [[1.0]], [0.5])
    table: Any = nq.correlators(
        model, X[None, :2], orders=(2,), kinds=("full",), estimators=("reweight",), draws=100_000
    )
    phi = field_draws(SINE, X[:3], draws=400_000, seed=9)[:, :, 0]
    weight = np.exp(-(phi[:, 2] ** 2))
    value = (weight * phi[:, 0] * phi[:, 1]).mean() / weight.mean()
    error = (weight * (phi[:, 0] * phi[:, 1] - value)).std() / weight.mean() / len(phi) ** 0.5
    mcse = float(np.hypot(table["mcse"].iloc[0], error))
    assert_agrees(table["estimate"].iloc[0], mcse, value, sensitivity=0.06)


@pytest.mark.slow
def test_the_program_of_data_has_the_path_at_all_points():
    """Paths at the points of the data, then at those of the program: density by hand, and phi of both."""
    model = nq.observe(SINE, X[:2], [0.3, -0.1], noise=0.4)
    trace = handlers.trace(handlers.seed(model, 0)).get_trace(X[2:])
    sites = {site: trace[site]["value"] for site in ("a", "path")}
    assert sites["path"].shape == (2, 4)
    phi = sites["a"] @ np.sin(1.3 * sites["path"])
    np.testing.assert_allclose(trace["phi"]["value"], phi[2:], rtol=1e-12)
    laws = SINE.prior_at(jnp.asarray(X))
    expected = sum(float(law.log_prob(sites[site])) for site, law in laws.items())
    expected += float(jnp.sum(dist.Normal(phi[:2], 0.4).log_prob(jnp.asarray([0.3, -0.1]))))
    assert float(log_density(model, (X[2:],), {}, sites)[0]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_claims_hold_in_draws():
    """Common random numbers, 5 standard errors; changes of 8 % of the scale would be seen."""
    for symmetry, test in sampled_symmetries(SINE, SINE.claims, draws=100_000, seed=4).items():
        assert test.z < 5, symmetry
        assert test.effect < 0.08, symmetry


# -- exact -------------------------------------------------------------------------------------------------------------


def test_matrices_agree_with_sums_of_exponentials():
    """Order 8 with repeats, N = 1: two implementations that share no code, to 1e-12."""
    matrices: Any = nq.load("markov_net", width=1, activation="sin", gain=1.3, mass=0.7)
    sums = nq.load("sine_path", width=1, mass=0.7)
    x = np.random.default_rng(1).normal(size=(5, 8, 1))
    x[0, 3] = x[0, 5]
    np.testing.assert_allclose(matrices.neuron_moment(x), sums.neuron_moment(x), rtol=1e-11)
    assert (matrices.neuron_moment(x[:, :7]) == 0).all()


def test_a_neuron_too_steep_for_its_states_has_no_closed_form():
    with pytest.raises(nq.NoClosedForm, match="too steep for 192 states of a path; use an estimator"):
        nq.load("markov_net", gain=5.0).neuron_moment(X)


class TelegraphPaths(dist.Distribution):
    """+1 or -1 at times (P,), with the sign of each path turned with probability (1 - exp(-2 r dt))/2."""

    def __init__(self, times, r, width):
        self.times, self.r, self.width = jnp.asarray(times), r, width
        super().__init__(event_shape=(width, len(times)))

    def sample(self, key: Any, sample_shape=()):
        order = jnp.argsort(self.times)
        turned = (1 - jnp.exp(-2 * self.r * jnp.diff(self.times[order]))) / 2
        chance = jnp.concatenate([jnp.full(1, 0.5), turned])
        shape = (*sample_shape, self.width, len(chance))
        flips = jax.random.bernoulli(key, jnp.broadcast_to(chance, shape))
        return jnp.cumprod(1.0 - 2.0 * flips, axis=-1)[..., jnp.argsort(order)]


@dataclass(frozen=True)
class Telegraph(PathLaw):
    """Two values, with jumps at the rate r: energies 0 and 2r."""

    r: float
    reversible: ClassVar[bool] = True

    @property
    def rate(self):
        return 2 * self.r

    def distribution(self, times, width):
        return TelegraphPaths(times, self.r, width)

    def energies(self, levels):
        return np.array([0.0, 2 * self.r])

    def position(self, levels):
        return np.array([[0.0, 1.0], [1.0, 0.0]])


@dataclass(frozen=True)
class Clock(Telegraph):
    """A law that says of itself that it is not reversible."""

    reversible: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Read(PathArchitecture):
    """phi = sum_i a_i (x_i + x_i^2/3)."""

    law: Any = None
    amplitude: Any = None
    amplitude_scale = 1.0  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __post_init__(self):
        pass

    @property
    def path_law(self):
        return self.law

    def readout(self, x):
        return x + x**2 / 3


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 3, 100])
@pytest.mark.parametrize("law", [Telegraph(0.5), OrnsteinUhlenbeck(0.8)], ids=["telegraph", "oscillator"])
def test_reversible_paths_are_reflection_positive_at_every_width(law, width):
    """{1, phi, phi^2, phi^3} at two times, normalised: no eigenvalue below the rounding of its largest entry."""
    for amplitude in (ConstantModulus(), Gaussian()):
        net = Read(width=width, law=law, amplitude=amplitude)
        matrix = gram(net, monomials(net.length * np.array([[0.1], [0.6]]), 0, 1, 2, 3))
        assert np.linalg.eigvalsh(matrix / np.abs(matrix).max())[0] > -1e-14
        if isinstance(law, Telegraph):
            assert together([*pair_verdicts(net), *triple_verdicts(net)]) == "pass"


def test_a_law_that_is_not_reversible_is_not_cleared():
    """By the law alone: the same card with a law that does not look the same backwards is undecided."""
    net = Read(width=3, law=Clock(0.5), amplitude=ConstantModulus())
    assert together([*pair_verdicts(net), *triple_verdicts(net)]) == "undecided"


# -- planted errors ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planted(PathLaw):
    """The energies of the oscillator, whose draws are those of other dynamics."""

    rate_drawn: float = 1.0
    noise: float = 1.0  # variance of a step, in units of the right one
    turn: float = 0.0  # frequency with which (x, y) turns, of which x is read

    rate = property(lambda self: 1.0)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def energies(self, levels):
        return np.arange(float(levels))

    def position(self, levels):
        return OrnsteinUhlenbeck(1.0).position(levels)

    def distribution(self, times, width):
        return Steps(jnp.asarray(times), width, self)


class Steps(dist.Distribution):
    support = dist.constraints.real_matrix  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, times, width, planted):
        self.times, self.width, self.planted = times, width, planted
        super().__init__(event_shape=(width, len(times)))

    def sample(self, key: Any, sample_shape=()):
        order, one = jnp.argsort(self.times), self.planted
        z = jax.random.normal(key, (len(self.times), 2, *sample_shape, self.width))

        def step(at, now):
            gone, z = now
            r, angle = jnp.exp(-one.rate_drawn * gone), one.turn * gone
            turned = jnp.stack(
                [jnp.cos(angle) * at[0] - jnp.sin(angle) * at[1], jnp.sin(angle) * at[0] + jnp.cos(angle) * at[1]]
            )
            at = r * turned + jnp.sqrt(one.noise * (1 - r**2)) * z
            return at, at[0]

        path = jnp.concatenate([z[:1, 0], jax.lax.scan(step, z[0], (jnp.diff(self.times[order]), z[1:]))[1]])
        return jnp.moveaxis(path[jnp.argsort(order)], 0, -1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planted", "row"),
    [
        (Planted(), ""),
        (Planted(rate_drawn=2.0), "E[h_1^2], further apart"),
        (Planted(noise=0.8), "E[h_1^2], further apart"),
        (Planted(turn=1.0), "E[h_1^2], further apart"),
    ],
    ids=["none", "rate", "variance", "turning"],
)
def test_errors_in_the_dynamics_turn_rows_red(planted, row):
    """A doubled rate, a wrong variance of the steps, a process that is not reversible; false alarms 1e-5."""
    networks = recorded(with_methods(SINE, path_law=property(lambda self: planted)), draws=100_000, seed=1)
    red = {one.statement.partition(": ")[2] for one in rows(SINE, networks) if one.verdict != "holds"}
    assert row in red if row else not red


def test_a_turning_process_has_a_negative_norm():
    """exp(-t) cos t, what its x alone would say, is no sum of decaying exponentials."""
    t = 0.25 * np.arange(1, 9)
    sums = np.add.outer(t, t)
    assert np.linalg.eigvalsh(np.exp(-sums) * np.cos(sums))[0] < -0.01
    assert replace(SINE, mass=2.0).energies(3)[0].tolist() == [0.0, 2.0, 4.0]


# -- activations by Hermite coefficients -------------------------------------------------------------------------------


def test_hermite_coefficients_are_the_amplitudes_of_the_states():
    """With unit gain <0|g|k> = c_k by Mehler's formula; higher orders against draws that know no state."""
    net: Any = nq.load("markov_net", width=3, activation="hermite:0.3,1,-0.2,0.1", mass=0.7)
    energies, weights = net.energies(5)
    np.testing.assert_allclose(energies, 0.7 * np.arange(5))
    np.testing.assert_allclose(weights, [0.09, 1.0, 0.04, 0.01, 0.0], atol=1e-12)
    assert nq.from_toml(nq.to_toml(net)) == net
    x = np.array([[[0.0], [0.4], [1.0], [-0.3]]])
    found: Any = nq.correlators(net, x, orders=[2, 4], kinds=["full"], estimators=["neuron"], draws=400_000, seed=5)
    assert (found["z"].abs() < 4).all()  # false alarm 1e-4; sees 10 % of order 4
    assert (found["mcse"] < 0.025 * found["exact"].abs()).loc[found["order"] == 4].all()


def test_a_cube_is_a_sum_of_hermite_polynomials():
    """x^3 = 3 He_1 + sqrt(6) He_3/sqrt(3!): the same matrix between states, and the same in JAX."""
    cube: Any = nq.load("markov_net", activation="cube")
    sum_: Any = nq.load("markov_net", activation=f"hermite:0,3,0,{np.sqrt(6.0)}")
    np.testing.assert_allclose(sum_.states()[1], cube.states()[1], atol=1e-9)
    x = np.linspace(-2, 2, 7)
    np.testing.assert_allclose(np.asarray(sum_.readout(jnp.asarray(x))), x**3, atol=1e-12)


@pytest.mark.parametrize("text", ["exp", "sin:1", "hermite:", "hermite:a", "hermite:nan", "hermite"])
def test_an_activation_that_is_none_is_one_line(text):
    with pytest.raises(nq.InputError, match=r"MarkovNet: activation must be sin, erf, tanh, cube or hermite:c0,c1,.."):
        nq.load("markov_net", activation=text)
