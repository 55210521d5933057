"""Conditioned theories: coordinates, transforms, chains, the infinite-width oracle and calibration."""

from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from arviz_base import from_dict
from conftest import part_of
from jax.tree_util import Partial
from scipy.stats import norm

from nnqft_ppl import add_source, collapse, deform, first_order, give_laws, limit_posterior, load, observe, posterior
from nnqft_ppl.inference.calibration import calibrate
from nnqft_ppl.inference.gaussian_process import reweighted
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.sampling.chains import run
from nnqft_ppl.sampling.diagnostics import predictive_check, rank, summarise
from nnqft_ppl.sampling.plan import log_weight_variance, plan, sampler_of
from nnqft_ppl.sampling.samplers import GibbsSampler, NutsSampler
from nnqft_ppl.sampling.schwinger_dyson import schwinger_dyson
from nnqft_ppl.theory.conditioned import field_at

pytestmark = pytest.mark.slow

X = np.array([[-1.0], [-0.2], [0.4], [1.3], [2.0]])
Y = np.array([0.3, -0.5, 0.8, 0.2, -0.6])
AT = np.array([[0.5], [3.0]])


def chains(kernel, read, *arguments, number=4, warmup=300, draws, seed=0, checkpoint=None):
    """Chains of which `read(*arguments, key, point)` is kept: a function of the module, for one program of each kind."""
    return run(
        kernel, Partial(read, *arguments), chains=number, warmup=warmup, draws=draws, seed=seed,
        checkpoint=checkpoint or Checkpoint(None, {}), title="", how="", progress=False,
    )  # fmt: skip


# -- chains -------------------------------------------------------------------------------------------------------------


@lru_cache
def exact_posterior(width):
    return reweighted(load("cos_net", width=width), X, Y, 0.5, AT, draws=200_000, seed=0)


def read_field(model, key, at):
    """phi and phi^2, with amplitudes drawn where they are integrated out."""
    theta = dict(at.theta)
    if "a" not in theta:
        theta["a"] = model.amplitudes_given(key, at.net, theta, 0.5)
    phi = field_at(at.net, theta, AT)
    return {"phi": phi, "phi^2": phi**2}


@pytest.mark.parametrize(
    ("width", "kernel", "draws"),
    [
        (5, lambda model: NutsSampler(collapse(model), 300), 2000),
        pytest.param(5, lambda model: GibbsSampler(collapse(model), 5), 2000, marks=pytest.mark.exhaustive),
        pytest.param(5, lambda model: GibbsSampler(collapse(model), 2), 2000, marks=pytest.mark.exhaustive),
        (3, lambda model: GibbsSampler(collapse(model), 2), 2000),
        (5, lambda model: GibbsSampler(model, 2), 20_000),
    ],
    ids=["nuts", "whole networks", "blocks of 2, 2 and 1", "fewer neurons than values",
         "amplitudes too"],
)  # fmt: skip
def test_chains_find_the_exact_posterior(width, kernel, draws):
    """Mean and variance given 5 values against 2e5 reweighted networks: within 5 joint errors, sensitive to 15 %."""
    moves = kernel(observe(load("cos_net", width=width), X, Y, noise=0.5))
    kept, stats = chains(moves, read_field, moves.model, draws=draws, seed=1)
    table: Any = summarise({name: kept[name] for name in ("phi", "phi^2")}).set_index(["quantity", "index"])
    exact = exact_posterior(width)
    for p in range(2):
        row, second = table.loc["phi", p], table.loc["phi^2", p]
        assert abs(row["mean"] - exact.mean[p]) < 5 * np.hypot(row["mcse"], exact.mean_error[p])
        square = exact.variance[p] + exact.mean[p] ** 2
        assert abs(second["mean"] - square) < 5 * np.hypot(second["mcse"], exact.variance_error[p])
        assert 5 * second["mcse"] < 0.15 * square
    assert stats.get("diverging", np.zeros(1)).sum() == 0
    assert table["r_hat"].max() < 1.01


def test_nuts_draws_the_gibbs_coupling():
    """E cos(b_1.u) cos(b_2.v) of `gibbs_cos_net` at N = 4, d = 2, eps = 2 within 5 errors of the radial integral."""
    net: Any = load("gibbs_cos_net", width=4, dim=2, epsilon=2.0)
    u, v = jnp.array([0.9, 0.2]), jnp.array([0.4, -0.8])

    def read(key, at):
        return {"wave": jnp.cos(at.theta["b"][0] @ u) * jnp.cos(at.theta["b"][1] @ v)}

    kept, stats = chains(sampler_of(plan(net), 300), read, draws=3000)
    row = summarise({"wave": kept["wave"]}).iloc[0]
    exact = float(net.joint_kernel_moment((2, 2), (np.asarray(u), np.asarray(v))))
    assert abs(row["mean"] - exact) < 5 * row["mcse"]
    assert row["mcse"] < 0.02 * exact
    assert stats["diverging"].sum() == 0


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    ("name", "width", "noise", "sampler"),
    [("cos_net", 10, 0.5, "gibbs"), ("cos_net", 10, 0.02, "nuts"), ("cauchy", 10, 0.02, "gibbs"),
     ("cos_net", 3, 0.02, "nuts")],
)  # fmt: skip
def test_precise_data_of_smooth_laws_are_worth_a_gradient(name, width, noise, sampler):
    """Var L of prior draws is far below 1 or far above it; heavy tails take Gibbs moves."""
    model = collapse(observe(load(name, width=width), X, Y, noise=noise))
    assert plan(model).sampler == sampler
    assert (log_weight_variance(model) > 1) == (noise < 0.1)


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(("width", "sampler"), [(30, "gibbs"), (5, "nuts")])
def test_sweeps_of_few_neurons_until_each_is_stubborn(width, sampler):
    """60 values of a sine with noise 0.3: Var L is above 1 for 30 neurons, and for 5 so large that none of them moves."""
    x = np.linspace(0.0, 10.0, 60)[:, None]
    model = collapse(observe(load("cos_net", width=width), x, np.sin(x[:, 0]), noise=0.3))
    assert log_weight_variance(model) > 1
    assert plan(model).sampler == sampler


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    "name", part_of(["wine_bottle", "deep_net", "coupled_scalar"], lambda name: name == "wine_bottle")
)
def test_other_kinds_of_laws_and_neurons_sample(name):
    """Short chains of what no other test conditions are finite; the study `calibration` goes through the catalogue."""
    net = load(name, width=4)
    y = np.stack([Y] * net.component_count, axis=1) if net.component_count > 1 else Y
    chosen = plan(observe(net, X, y, noise=0.5), collapsed=False)
    kernel = sampler_of(chosen, 25)
    kept, _ = chains(kernel, lambda _, at: {"phi": field_at(at.net, at.theta, AT)}, number=2, warmup=25, draws=25)
    phi = kept["phi"]
    assert phi.shape == (2, 25, 2, *y.shape[1:])
    assert np.isfinite(phi).all()
    assert (np.ptp(phi, axis=1) > 0).all()


def test_gibbs_moves_an_unknown_mass_with_the_whole_network():
    """The mean of log m against 40,000 weighted networks of the prior, in NumPy: false alarms 6e-7.

    Without these moves 200 neurons hold the mass fast, at 26 effective draws of 2000; with them there are 430. Planted:
    half of the log weight is 16 errors off, other hyperparameters without their networks 8.
    """
    x, y = 0.3 * np.arange(6), np.array([0.9, -0.7, 0.8, -0.9, 0.7, -0.8])  # of a large mass
    width = 200
    model = give_laws(observe(load("cauchy", width=width), x[:, None], y, noise=0.3), mass=dist.LogNormal(0.0, 1.0))
    result = posterior(model, np.zeros((1, 1)), sampler="gibbs", warmup=100, draws=500, seed=3)
    tree: Any = result.tree
    found = summarise({"log m": np.log(tree["posterior/mass"].to_numpy())}).iloc[0]
    assert found["ess_bulk"] > 200
    rng, logs, weights = np.random.default_rng(4), [], []
    for _ in range(25):
        m = np.exp(rng.normal(size=1600))
        b = m[:, None, None] * rng.standard_cauchy((1600, width, 1))
        h = np.cos(b * x + rng.uniform(-np.pi, np.pi, (1600, width, 1)))
        covariance = np.swapaxes(h, 1, 2) @ h / width + 0.09 * np.eye(6)
        fit = np.einsum("p,npq,q->n", y, np.linalg.inv(covariance), y)
        logs.append(np.log(m))
        weights.append(np.exp(-fit / 2 - np.linalg.slogdet(covariance)[1] / 2))
    log_m, w = np.concatenate(logs), np.concatenate(weights)
    expected = np.average(log_m, weights=w)
    error = np.sqrt(np.sum((w * (log_m - expected)) ** 2)) / w.sum()
    assert abs(found["mean"] - expected) < 5 * np.hypot(found["mcse"], error) < 0.4


def test_a_chain_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    """NUTS, stopped once draws are kept, ends bit for bit like a chain that was not; `test_resume` kills Gibbs moves."""
    monkeypatch.setattr("nnqft_ppl.runtime.checkpoint.SECONDS", 0.0)
    moves = NutsSampler(collapse(observe(load("cos_net", width=5), X, Y, noise=0.5)), 300)

    def ran(checkpoint):
        return chains(moves, read_field, moves.model, warmup=50, draws=100, checkpoint=checkpoint)

    class Stopping(Checkpoint):
        def save(self, state, progress, **_):
            super().save(state, progress)
            if "kept_0" in state:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ran(Stopping(tmp_path, {}))
    assert list(tmp_path.iterdir())
    resumed, whole = ran(Checkpoint(tmp_path, {})), ran(Checkpoint(None, {}))
    for values, again in zip(jax.tree.leaves(whole), jax.tree.leaves(resumed), strict=True):
        assert np.array_equal(values, again)
        assert values.strides == again.strides  # the order in memory decides how sums round


@pytest.fixture(scope="module")
def result():
    """A posterior with everything in it: two components, unknown noise, every site, 1000 draws."""
    model = observe(load("vector", width=3), X, np.stack([Y, Y[::-1]], axis=1), noise=dist.HalfNormal(1.0))
    return posterior(model, AT, draws=250, warmup=100, parameters=True)


def test_a_tree_names_every_site_and_dimension(result):
    tree = result.tree
    assert tree["posterior/phi"].dims == ("chain", "draw", "point", "component")
    assert tree["log_likelihood/y"].dims == ("chain", "draw", "observation", "component")
    assert {"a", "noise", *load("vector").prior()} <= set(tree["posterior"].data_vars)


def test_a_tree_survives_a_file(tmp_path, result):
    import xarray as xr

    tree = result.tree
    tree.to_netcdf(tmp_path / "t.nc", engine="h5netcdf")
    tree.to_zarr(tmp_path / "t.zarr", consolidated=False)
    for back in (
        xr.open_datatree(tmp_path / "t.nc", engine="h5netcdf"),
        xr.open_datatree(tmp_path / "t.zarr", engine="zarr", consolidated=False),
    ):
        assert set(back.groups) == set(tree.groups)
        assert (back["posterior/phi"] == tree["posterior/phi"]).all()
        assert back.attrs == tree.attrs


def test_prior_groups_follow_the_theory(result):
    """Variance of phi in the group `prior` is G2 within 5 errors; y adds the noise, and its law is drawn anew."""
    tree = result.tree
    assert tree["prior/phi"].shape == (1, 1000, 2, 2)
    phi, y = tree["prior/phi"].to_numpy()[0], tree["prior_predictive/y"].to_numpy()[0]
    for found, expected in ((phi**2, 0.5), (y**2, 1.5)):
        square = found.mean(axis=(1, 2))
        assert abs(square.mean() - expected) < 5 * square.std() / 1000**0.5 < 0.5 * expected
    assert tree["prior/noise"].mean() == pytest.approx((2 / np.pi) ** 0.5, abs=5 * 0.61 / 1000**0.5)


def test_the_predictive_check_leaves_values_out():
    """elpd of 300 independent values under the law they come from is -300 times its entropy, within 5 errors.

    A law of half the deviation is caught: its 50 % band holds fewer, its elpd is lower, and so it ranks second. A value
    that one draw alone explains has a large Pareto k, and the line says so.
    """
    rng = np.random.default_rng(0)

    def check(sigma, values):
        mu = sigma * rng.normal(size=(4, 500, 1)) / 300**0.5
        y = mu + sigma * rng.normal(size=(4, 500, len(values)))
        groups = {
            "posterior": {"mu": mu[..., 0]}, "posterior_predictive": {"y": y}, "observed_data": {"y": values},
            "log_likelihood": {"y": norm.logpdf(values, mu, sigma)},
        }  # fmt: skip
        return predictive_check(from_dict(groups))

    values = rng.normal(size=300)
    right, wrong = check(1.0, values), check(0.5, values)
    entropy = 0.5 * np.log(2 * np.pi * np.e)
    assert abs(right.elpd + 300 * entropy) < 5 * right.error
    reach = 5 * 0.5 / 300**0.5
    assert abs(right.half - 0.5) < reach < 0.5 - wrong.half
    assert right.most > 0.9 > wrong.most
    assert right.unreliable == 0
    table = rank({"wrong": wrong, "right": right})
    assert list(table.index) == ["right", "wrong"]
    assert -table["elpd_diff"].iloc[1] > 5 * table["dse"].iloc[1]
    far = check(1.0, np.append(values[:9], 150.0))
    assert "NOT reliable: 1 values with a large Pareto k" in far.line


def read_theta(_, at):
    return at.theta


def test_schwinger_dyson_catches_a_wrong_chain():
    """The equations hold within 5 errors, for O = 1 and O = cos b, and fail beyond 5 for draws with 20 % more noise."""
    net = load("cos_net", width=5)
    right, wrong = (collapse(observe(net, X, Y, noise=noise)) for noise in (0.3, 0.36))

    def draws(model):
        return chains(GibbsSampler(model, 3), read_theta, draws=4000).kept

    theta = draws(right)
    assert abs(schwinger_dyson(right, theta).z) < 5
    assert abs(schwinger_dyson(right, theta, observable=lambda t: jnp.cos(t["b"][0, 0])).z) < 5
    assert abs(schwinger_dyson(right, draws(wrong)).z) > 5


def test_convergence_has_the_schwinger_dyson_residual(result):
    values = result.tree["sample_stats/schwinger_dyson"].to_numpy()
    row = summarise({"z": values}).iloc[0]
    assert result.convergence.schwinger_dyson == pytest.approx(row["mean"] / row["mcse"], rel=1e-12)
    assert abs(result.convergence.schwinger_dyson) < 5


# -- infinite width -----------------------------------------------------------------------------------------------------


def test_the_limit_against_tinygp():
    """Dense for any card, and for the Cauchy net against the quasiseparable Ornstein-Uhlenbeck solver of tinygp."""
    from tinygp import GaussianProcess, kernels

    net = load("cauchy", mass=0.7, sigma_a=1.2)
    ours = limit_posterior(net, X, Y, 0.3, AT)
    kernel = kernels.quasisep.Exp(scale=1 / 0.7, sigma=1.2 / 2**0.5)
    x, y, at = jnp.asarray(X[:, 0]), jnp.asarray(Y), jnp.asarray(AT[:, 0])

    @jax.jit
    def theirs():
        found = GaussianProcess(kernel, x, diag=jnp.asarray(0.09)).condition(y, at).gp
        return found.loc, found.variance

    mean, variance = theirs()
    assert ours.mean == pytest.approx(np.asarray(mean), rel=1e-9)
    assert np.diag(ours.covariance) == pytest.approx(np.asarray(variance), rel=1e-6)  # it adds 1.5e-8


@pytest.mark.parametrize("name", ["cos_net", "cauchy"])
def test_the_departure_from_the_limit_is_predicted(name):
    """N (f_N - f) at N = 50 and 3e5 networks against the coefficient of 1/N, within 5 errors and 2.5/N of it.

    An eighth of the larger coefficients is caught.
    """
    limit = limit_posterior(load(name), X, Y, 0.5, AT)
    predicted = first_order(load(name), X, Y, 0.5, AT)
    found = reweighted(load(name, width=50), X, Y, 0.5, AT, draws=300_000, seed=2)
    for value, centre, error, slope in (
        (found.mean, limit.mean, found.mean_error, predicted.mean),
        (found.variance, np.diag(limit.covariance), found.variance_error, predicted.variance),
    ):
        assert (np.abs(50 * (value - centre) - slope) < 5 * 50 * error + 2.5 / 50 * np.abs(slope)).all()
        assert (0.125 * np.abs(slope) > 5 * 50 * error).any()


# -- calibration --------------------------------------------------------------------------------------------------------


MANY = np.linspace(-1.0, 1.3, 12)[:, None]
#: Of more values than neurons: one program for right and for wrong data.
LONG: dict[str, Any] = {"replicates": 1000, "warmup": 100, "draws": 31}


@pytest.mark.parametrize("source", part_of([None, 1.5], lambda source: source is None))
def test_calibration(source):
    """Ranks of 1000 replicates of the Cauchy net are uniform: false alarms 1e-5; the study has the whole catalogue.

    More values than neurons, and fewer. With a source too, whose pull on the amplitudes moves with the neurons: held
    fixed, it was seen to fail at 5e-6 with 200 replicates.
    """
    net = load("cauchy", width=5)
    if source is None:
        result = calibrate(observe(net, MANY, np.zeros(12), noise=0.4), AT[:1], **LONG)
    else:
        model = add_source(observe(net, X[:4], np.zeros(4), noise=0.4), X[4:], [source])
        result = calibrate(model, AT[:1], replicates=200, warmup=50, draws=31, thin=2)
    assert result.p_value > 1e-5


def test_calibration_catches_wrong_noise():
    """Noise that is 20 % too large is caught at the same level with 1000 replicates."""
    net = load("cauchy", width=5)
    truth, model = (observe(net, MANY, np.zeros(12), noise=noise) for noise in (0.4, 0.48))
    result = calibrate(model, AT[:1], truth=truth, **LONG)
    assert result.p_value < 1e-5


@pytest.mark.exhaustive  # the study `calibration` asks both in every run
def test_calibration_of_a_deformation_and_a_dropped_weight():
    """A quartic interaction with data passes; a sampler that forgets the action is caught."""
    data = observe(load("cauchy", width=5), X[:3], np.zeros(3), noise=0.5)
    model, forgetful = (deform(data, quartic, X, np.full(5, weight)) for weight in (1.0, 0.0))
    arguments: dict[str, Any] = {"replicates": 1000, "warmup": 50, "draws": 31, "thin": 2}
    assert calibrate(model, AT[:1], **arguments).p_value > 1e-5
    assert calibrate(forgetful, AT[:1], truth=model, sampler="gibbs", **arguments).p_value < 1e-5


def quartic(phi):
    return 2.0 * phi**4


@pytest.mark.exhaustive
def test_calibration_of_the_gibbs_coupling():
    """NUTS on `gibbs_cos_net` given data, with exact prior draws by the radial law."""
    from monte_carlo import radial_gibbs_draws

    net = load("gibbs_cos_net", width=4, epsilon=3.0)
    model = observe(net, X[:3], np.zeros(3), noise=0.4)

    def draw_prior(key):
        return {site: value[0] for site, value in radial_gibbs_draws(net, key, 1).items()}

    result = calibrate(model, AT[:1], draw_prior=draw_prior, replicates=200, warmup=100, draws=31)
    assert result.p_value > 1e-5
