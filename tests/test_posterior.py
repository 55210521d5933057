"""Conditioned theories: coordinates, transforms, chains, the infinite-width oracle, calibration, and a user's data."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from nnqft_ppl import (
    calibrate,
    collapse,
    deform,
    first_order,
    limit_posterior,
    load,
    observe,
    posterior,
    reweighted,
)
from nnqft_ppl.chains import Checkpoint, kernel_of, plan, run
from nnqft_ppl.cli import app
from nnqft_ppl.schwinger_dyson import schwinger_dyson

X = np.array([[-1.0], [-0.2], [0.4], [1.3], [2.0]])
Y = np.array([0.3, -0.5, 0.8, 0.2, -0.6])
AT = np.array([[0.5], [3.0]])

#: One card of every kind of law and of neuron; the study `calibration` goes through all of them.
KINDS = ["cos_net", "vector", "wine_bottle", "deep_net", "coupled_scalar", "matern", "gibbs_cos_net", "offset_cos_net"]


def small(name, **settings):
    return load(name, **settings) if name == "line" else load(name, width=4, **settings)


# -- chains -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["nuts", "gibbs"])
def test_chains_find_the_exact_posterior(sampler):
    """Mean and variance at N = 5 against 2e5 reweighted prior networks: within 5 joint errors, sensitive to 15 %."""
    net = load("cos_net", width=5)
    exact = reweighted(net, X, Y, 0.5, AT, draws=200_000, seed=0)
    result = posterior(observe(net, X, Y, noise=0.5), AT, draws=2000, sampler=sampler, seed=1)
    for p in range(2):
        row = result.summary.query("quantity == 'phi' and index == @p").iloc[0]
        error = np.hypot(row["mcse"], exact.mean_error[p])
        assert abs(row["mean"] - exact.mean[p]) < 5 * error
        second = result.summary.query("quantity == 'phi^2' and index == @p").iloc[0]
        square = exact.variance[p] + exact.mean[p] ** 2
        assert abs(second["mean"] - square) < 5 * np.hypot(second["mcse"], exact.variance_error[p])
        assert 5 * second["mcse"] < 0.15 * square
    assert result.verdict.divergences == 0
    assert result.verdict.r_hat < 1.01


def test_nuts_draws_the_gibbs_coupling():
    """E cos(b_1.u) cos(b_2.v) of `gibbs_cos_net` at N = 4, d = 2, eps = 2 within 5 errors of the radial integral."""
    net = load("gibbs_cos_net", width=4, dim=2, epsilon=2.0)
    chosen = plan(net)
    u, v = jnp.array([0.9, 0.2]), jnp.array([0.4, -0.8])

    def read(key, at):
        return {"wave": jnp.cos(at.theta["b"][0] @ u) * jnp.cos(at.theta["b"][1] @ v)}

    kept = run(
        kernel_of(chosen, 300), read, chains=4, warmup=300, draws=3000, seed=0,
        checkpoint=Checkpoint(None, {}), title="", progress=False,
    )  # fmt: skip
    from nnqft_ppl.diagnostics import summarise

    row = summarise({"wave": kept["wave"]}).iloc[0]
    exact = float(net.joint_kernel_moment((2, 2), (np.asarray(u), np.asarray(v))))
    assert abs(row["mean"] - exact) < 5 * row["mcse"]
    assert row["mcse"] < 0.02 * exact
    assert kept["stat_diverging"].sum() == 0


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_card_samples(name):
    """A short chain of each: finite, in the right shapes, with every site named."""
    net = small(name)
    y = np.stack([Y] * net.component_count, axis=1) if net.component_count > 1 else Y
    tree = posterior(observe(net, X, y, noise=0.5), AT, chains=2, warmup=25, draws=25, parameters=True).tree
    assert np.isfinite(tree["posterior/phi"]).all()
    assert tree["posterior/phi"].dims[:3] == ("chain", "draw", "point")
    assert tree["log_likelihood/y"].dims[2] == "observation"
    assert {"a", *net.prior()} <= set(tree["posterior"].data_vars)


@pytest.mark.parametrize("sampler", ["nuts", "gibbs"])
def test_a_chain_goes_on_from_its_checkpoint(tmp_path, monkeypatch, sampler):
    """Stopped between two chunks, it ends bit for bit like a chain that was not."""
    monkeypatch.setattr("nnqft_ppl.checkpoint.SECONDS", 0.0)
    kernel = kernel_of(plan(observe(load("cos_net", width=4), X, Y, noise=0.5), sampler), 50)

    def chains(checkpoint):
        return run(
            kernel, lambda _, at: {"b": at.theta["b"]}, chains=2, warmup=50, draws=100, seed=3,
            checkpoint=checkpoint, title="", progress=False,
        )  # fmt: skip

    class Stopping(Checkpoint):
        saved = 0

        def save(self, state, **_):
            super().save(state)
            self.saved += 1
            if self.saved == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        chains(Stopping(tmp_path, {}))
    assert list(tmp_path.iterdir())
    resumed = chains(Checkpoint(tmp_path, {}))
    whole = chains(Checkpoint(None, {}))
    for name, values in whole.items():
        assert np.array_equal(values, resumed[name]), name


def test_a_tree_survives_a_file(tmp_path):
    import xarray as xr

    tree = posterior(observe(load("cos_net", width=3), X, Y, noise=0.5), AT, chains=2, warmup=25, draws=25).tree
    tree.to_netcdf(tmp_path / "t.nc", engine="h5netcdf")
    tree.to_zarr(tmp_path / "t.zarr", consolidated=False)
    for back in (
        xr.open_datatree(tmp_path / "t.nc", engine="h5netcdf"),
        xr.open_datatree(tmp_path / "t.zarr", engine="zarr", consolidated=False),
    ):
        assert set(back.groups) == set(tree.groups)
        assert (back["posterior/phi"] == tree["posterior/phi"]).all()
        assert back.attrs == tree.attrs


def test_prior_groups_follow_the_theory():
    """Variance of phi in the group `prior` is G2 within 5 errors; y adds the noise, and its law is drawn anew."""
    import numpyro.distributions as dist

    net = load("cos_net", width=3)
    tree = posterior(observe(net, X, Y, noise=dist.HalfNormal(1.0)), AT, chains=4, warmup=0, draws=250).tree
    assert tree["prior/phi"].shape == (1, 1000, 2)
    phi, y = tree["prior/phi"].to_numpy()[0], tree["prior_predictive/y"].to_numpy()[0]
    for found, expected in ((phi**2, 0.5), (y**2, 1.5)):
        square = found.mean(axis=1)
        assert abs(square.mean() - expected) < 5 * square.std() / 1000**0.5 < 0.5 * expected
    assert tree["prior/noise"].mean() == pytest.approx((2 / np.pi) ** 0.5, abs=5 * 0.61 / 1000**0.5)


@pytest.mark.parametrize("sampler", ["nuts", "gibbs"])
def test_schwinger_dyson_catches_a_wrong_chain(sampler):
    """The equations hold within 5 errors, for O = 1 and O = cos b, and fail beyond 5 for draws with 20 % more noise."""
    net = load("cos_net", width=5)
    right, wrong = (collapse(observe(net, X, Y, noise=noise)) for noise in (0.3, 0.36))

    def draws(model):
        result = posterior(model, AT, draws=4000, warmup=300, sampler=sampler, parameters=True)
        return result, {site: result.tree[f"posterior/{site}"].to_numpy() for site in ("b", "c")}

    result, theta = draws(right)
    found = schwinger_dyson(right, theta)
    assert abs(found.z) < 5
    assert found.z == pytest.approx(result.verdict.schwinger_dyson, rel=1e-6)
    assert abs(schwinger_dyson(right, theta, observable=lambda t: jnp.cos(t["b"][0, 0])).z) < 5
    assert abs(schwinger_dyson(right, draws(wrong)[1]).z) > 5


# -- infinite width -----------------------------------------------------------------------------------------------------


def test_the_limit_against_tinygp():
    """Dense for any card, and for the Cauchy net against the quasiseparable Ornstein-Uhlenbeck solver of tinygp."""
    from tinygp import GaussianProcess, kernels

    net = load("cauchy", mass=0.7, sigma_a=1.2)
    ours = limit_posterior(net, X, Y, 0.3, AT)
    kernel = kernels.quasisep.Exp(scale=1 / 0.7, sigma=1.2 / 2**0.5)
    theirs = GaussianProcess(kernel, X[:, 0], diag=0.09).condition(Y, AT[:, 0]).gp
    assert ours.mean == pytest.approx(np.asarray(theirs.loc), rel=1e-9)
    assert np.diag(ours.covariance) == pytest.approx(np.asarray(theirs.variance), rel=1e-6)  # it adds 1.5e-8


@pytest.mark.parametrize("name", ["cos_net", "cauchy"])
def test_the_departure_from_the_limit_is_predicted(name):
    """N (f_N - f) at N = 200 and 6e5 networks against the coefficient of 1/N, within 5 errors and 10/N of it."""
    limit = limit_posterior(load(name), X, Y, 0.5, AT)
    predicted = first_order(load(name), X, Y, 0.5, AT)
    found = reweighted(load(name, width=200), X, Y, 0.5, AT, draws=600_000, seed=2)
    for value, centre, error, slope in (
        (found.mean, limit.mean, found.mean_error, predicted.mean),
        (found.variance, np.diag(limit.covariance), found.variance_error, predicted.variance),
    ):
        assert (np.abs(200 * (value - centre) - slope) < 5 * 200 * error + 10 / 200 * np.abs(slope)).all()
        assert (np.abs(slope) > 5 * 200 * error).any()


# -- calibration --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cos_net", "cauchy"])
def test_calibration(name):
    """Ranks of 200 replicates are uniform: false alarms 1e-5."""
    net = load(name, width=5)
    y = np.zeros((4, 2)) if net.component_count > 1 else np.zeros(4)
    result = calibrate(observe(net, X[:4], y, noise=0.4), AT[:1], replicates=200, warmup=50, draws=31, thin=2)
    assert result.p_value > 1e-5


def test_calibration_catches_wrong_noise():
    """Noise that is 20 % too large is caught at the same level with 1000 replicates."""
    net = load("cauchy", width=5)
    truth, model = (observe(net, np.linspace(-1, 1, 12)[:, None], np.zeros(12), noise=noise) for noise in (0.4, 0.48))
    result = calibrate(model, AT[:1], truth=truth, replicates=1000, warmup=100, draws=31)
    assert result.p_value < 1e-5


def test_calibration_of_a_deformation_and_a_dropped_weight(monkeypatch):
    """A quartic interaction with data passes; a sampler that forgets the action is caught."""
    net = load("cauchy", width=5)
    model = deform(observe(net, X[:3], np.zeros(3), noise=0.5), lambda phi: 2.0 * phi**4, X)
    arguments = {"replicates": 1000, "warmup": 50, "draws": 31, "thin": 2}
    assert calibrate(model, AT[:1], **arguments).p_value > 1e-5
    forgetful = observe(net, X[:3], np.zeros(3), noise=0.5)
    assert calibrate(forgetful, AT[:1], truth=model, **arguments).p_value < 1e-5


def test_calibration_of_the_gibbs_coupling():
    """NUTS on `gibbs_cos_net` given data, with exact prior draws by the radial law."""
    from monte_carlo import radial_gibbs_draws

    net = load("gibbs_cos_net", width=4, epsilon=3.0)
    model = observe(net, X[:3], np.zeros(3), noise=0.4)

    def draw_prior(key):
        return {site: value[0] for site, value in radial_gibbs_draws(net, key, 1).items()}

    result = calibrate(model, AT[:1], draw_prior=draw_prior, replicates=200, warmup=100, draws=31)
    assert result.p_value > 1e-5


# -- a user's data ------------------------------------------------------------------------------------------------------


def cli(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_nile(tmp_path):
    out = tmp_path / "nile"
    nile = ROOT / "examples" / "nile.csv"
    result = cli("posterior", "cauchy", "--data", nile, "--x", "year", "--y", "volume", "--width", 20, "--draws", 100, "--warmup", 50, "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "worst R-hat" in result.output
    assert {f.name for f in out.iterdir()} == {"posterior.nc", "summary.csv", "bands.csv", "posterior.png"}
    bands = pd.read_csv(out / "bands.csv")
    early, late = (bands.query(q)["mean"].mean() for q in ("1875 < year < 1895", "1905 < year < 1960"))
    assert early - late > 100  # the fall of 1898, about 250 in the raw means
    strict = cli("posterior", "cauchy", "--data", nile, "--x", "year", "--y", "volume", "--width", 5, "--draws", 10, "--warmup", 0, "--out", out, "--strict")  # fmt: skip
    assert strict.exit_code == 1
    assert "NOT converged" in strict.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n2,nan\n3,1\n", "data column 'y' must be finite, got nan in row 2"),
        ("x,y\n1,2\n2,inf\n3,1\n", "data column 'y' must be finite, got inf in row 2"),
        ("x,y\n1,2\n1,3\n", "data points must differ, got 1 twice"),
        ("x,y\n1,2\n2,2\n", "data column 'y' must not be constant, got 2 in every row"),
        ("x,y\n1,2\n", "data must have at least 2 rows, got 1"),
        ("x,z\n1,2\n2,3\n", "data column must be one of x, z, got 'y'"),
        ("x,y\n1,a\n2,b\n", "data column 'y' must hold numbers, got 'a' in row 1"),
    ],
)
def test_bad_data_is_one_line(tmp_path, text, message):
    (tmp_path / "d.csv").write_text(text)
    result = cli("posterior", "cauchy", "--data", tmp_path / "d.csv", "--x", "x", "--y", "y", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "out").exists()
    noisy = cli("posterior", "cauchy", "--data", ROOT / "examples" / "nile.csv", "--x", "year", "--y", "volume", "--noise", -1, "--out", tmp_path / "out")  # fmt: skip
    assert "noise must be positive, got -1.0" in noisy.output
