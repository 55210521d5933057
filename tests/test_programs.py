"""An instance of a card is a NumPyro program: Predictive, NUTS, log_density and handlers see one theory."""

import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import Z_LIMIT, assert_agrees, part_of
from numpyro import handlers
from numpyro.infer import MCMC, NUTS, Predictive
from numpyro.infer.util import log_density
from scipy import stats

from nnqft_ppl import InputError, load, names, prior_predictive
from nnqft_ppl.laws.ball import Ball, BallTransform, UniformBall
from nnqft_ppl.laws.propagators import RegulatedPower, Regulator, propagator
from nnqft_ppl.theory import AMPLITUDES

X = np.array([[0.1], [0.5], [-0.3]])


def instance(name, **settings):
    return load(name, **settings) if name == "line" else load(name, width=3, **settings)


SAMPLED = [name for name in names() if load(name).ancestral]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("name", SAMPLED)
def test_trace_and_log_density(name, monkeypatch):
    """The trace has the sites of `prior`, phi = sum_i a_i h_i at every point, and log_density is the sum of the laws.

    On a CPU the sum runs neuron by neuron, on other devices over all at once: both are compared.
    """
    net = instance(name)
    trace = handlers.trace(handlers.seed(net, 0)).get_trace(X)
    sites = {k: v["value"] for k, v in trace.items() if v["type"] == "sample"}
    found = np.asarray(trace["phi"]["value"])
    assert set(sites) == set(net.prior())
    count, neuron = net.neuron_count, jax.jit(net.neuron)
    assert sites["a"].shape == ((count, net.component_count) if net.component_count > 1 else (count,))
    theta = {k: np.asarray(v) for k, v in sites.items()}
    for p, x in enumerate(X):
        phi = 0.0
        for i in range(count):
            at = {k: v[..., p] if k in net.paths else v for k, v in theta.items()}
            one = {k: v if k in net.shared else v[i] for k, v in at.items() if k != "a"}
            phi = phi + theta["a"][i] * float(neuron(x, **one))
        assert found[p] == pytest.approx(phi, rel=1e-12, abs=1e-13)
    laws: Any = net.prior_at(jnp.asarray(X))

    def read(sites):
        total = sum(law.log_prob(sites[k]) for k, law in laws.items())
        return net.field(sites, jnp.asarray(X)), log_density(net, (X,), {}, sites)[0], total

    with monkeypatch.context() as patched:
        patched.setattr(jax, "default_backend", lambda: "cpu" if jax.devices()[0].platform != "cpu" else "gpu")
        other, log_prob, total = jax.jit(read)(sites)
    np.testing.assert_allclose(other, found, rtol=1e-12, atol=1e-13)
    assert float(log_prob) == pytest.approx(float(total), rel=1e-12)
    # The program's log density is no other than the joint law's, event by event.
    for site, law in laws.items():
        assert law.batch_shape == ()
        assert site in net.shared or law.event_shape[0] == count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    part_of(
        [("cos_net", {}), ("gauss_net", {"sigma_c": 0.3}), ("wine_bottle", {}), ("coupled_scalar", {"cutoff": 3.0}),
         ("deep_net", {})],
        lambda name, _: name in ("cos_net", "wine_bottle"),
    ),
)  # fmt: skip
def test_predictive_draws_the_theory(name, settings):
    """E phi^2 by Predictive, one card of each kind; `test_theorems` has draws of all. Sensitive to 6 %."""
    net = instance(name, **settings)
    predictive = jax.jit(Predictive(net, num_samples=200_000, parallel=True, return_sites=["phi"]))
    phi = np.asarray(predictive(jax.random.key(1), X)["phi"])
    phi = phi[..., 0] if net.component_count > 1 else phi
    assert phi.shape == (200_000, 3)
    square = phi**2
    assert_agrees(square.mean(0), square.std(0) / 200_000**0.5, net.two_point(X, X), sensitivity=0.06)


def test_a_law_without_a_sampler_says_what_to_do():
    net = load("gibbs_cos_net", width=3)
    for ask in (
        lambda: Predictive(net, num_samples=2)(jax.random.key(0), X),
        lambda: net.sample(jax.random.key(0), 2),
        lambda: prior_predictive(net, X),
    ):
        with pytest.raises(InputError, match=r"no exact sampler.*MCMC\(NUTS\(net\)"):
            ask()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    part_of([
        ("free_scalar", {"dim": 2, "cutoff": 2.0}),
        ("coupled_cos_net", {"epsilon": 0.8, "dim": 2}),
        ("equicorrelated_cos_net", {"epsilon": 0.3, "dim": 2}),
        ("shared_scale_cos_net", {"epsilon": 0.5}),
        ("gibbs_cos_net", {"epsilon": 2.0, "dim": 2}),
        ("wine_bottle", {"components": 3}),
        ("deep_net", {"inputs": 2}),
    ], lambda name, _: name in ("free_scalar", "gibbs_cos_net", "wine_bottle")),
)  # fmt: skip
@pytest.mark.usefixtures("quick_compilation")
def test_nuts_draws_the_same_theory(name, settings):
    """E phi^2 by NUTS on the prior, one card of each kind of law, errors by effective sample size; sensitive to 30 %."""
    from arviz_stats.base import array_stats  # pyright: ignore[reportPrivateImportUsage]

    net = instance(name, **settings)
    x = np.full((1, net.dim), 0.3)
    mcmc = MCMC(NUTS(net), num_warmup=300, num_samples=4000, progress_bar=False)  # chains side by side compile longer
    mcmc.run(jax.random.key(3), x)
    phi = np.asarray(mcmc.get_samples(group_by_chain=True)["phi"])[:, :, 0]
    square = phi.reshape(*phi.shape[:2], -1)[..., 0] ** 2  # the first component
    mcse: Any = array_stats.mcse(square, chain_axis=0, draw_axis=1)
    assert_agrees(square.mean(), float(mcse), net.two_point(x[0], x[0]), sensitivity=0.3, label=name)


def test_nuts_declines_amplitudes_that_are_discrete():
    mcmc = MCMC(NUTS(load("alpha_scalar", width=2)), num_warmup=1, num_samples=1, progress_bar=False)
    with pytest.raises(Exception, match=r"(?i)discrete|enumerat"):
        mcmc.run(jax.random.key(0), X)


def test_conditioning_handlers_work_unchanged():
    net = load("cos_net", width=3)
    fixed = handlers.condition(net, data={"a": jnp.array([1.0, 0.0, 0.0])})
    trace = handlers.trace(handlers.seed(fixed, 0)).get_trace(X)
    assert trace["a"]["is_observed"]
    b, c = trace["b"]["value"][0], trace["c"]["value"][0]
    np.testing.assert_allclose(trace["phi"]["value"], np.cos(X[:, 0] * b[0] + c), rtol=1e-12)


# -- laws ---------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("regulator", ["hard", "gaussian"])
@pytest.mark.parametrize(("dim", "power"), [(2, 0.0), (3, 0.5), (1, 1.0), (4, 2.0)])
def test_regulated_power_samples_its_density(regulator, dim, power):
    """Kolmogorov-Smirnov of |b| against the integral of its log_prob: p > 1e-9 at 2e5 draws sees 0.8 % in probability."""
    law = RegulatedPower(power=power, mass=0.7, cutoff=5.0, regulator=regulator, dim=dim)
    b = law.sample(jax.random.key(2), (200_000,))
    r = np.linalg.norm(np.asarray(b), axis=-1)
    grid = np.linspace(0, 5.0 if regulator == "hard" else 43.0, 200_001)
    middle = (grid[1:] + grid[:-1]) / 2
    direction = np.eye(1, dim)[0]
    density = np.exp(np.asarray(law.log_prob(jnp.asarray(middle[:, None] * direction))))
    shell = density * 2 * np.pi ** (dim / 2) / float(jax.scipy.special.gamma(dim / 2)) * middle ** (dim - 1)
    cdf = np.r_[0.0, np.cumsum(shell * np.diff(grid))]
    assert cdf[-1] == pytest.approx(1.0, abs=1e-6)
    result = stats.kstest(r, lambda x: np.interp(x, grid, cdf))
    assert result.pvalue > 1e-9
    assert r.max() <= grid[-1]


@pytest.mark.parametrize("cutoff", [0.3, 5.0, 1e4])
@pytest.mark.parametrize("power", [-1.0, 0.0, 0.05, 1.0, 2.0])
def test_a_regulated_power_is_normalised_by_the_propagator_at_zero(power, cutoff):
    """One rule in arcsinh(|b|/m), which JAX can trace, against doubling panels or Schwinger's integral."""
    for regulator in get_args(Regulator):
        for dim in (1, 2, 3):
            settings = {"power": power, "mass": 1.3, "cutoff": cutoff, "regulator": regulator, "dim": dim}
            found = RegulatedPower(**settings).log_normalisation()
            expected = np.log((2 * np.pi) ** dim * propagator(distance=0.0, **settings))
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_uniform_ball_is_uniform():
    """|b|^d is uniform, directions are isotropic."""
    law = UniformBall(3.0, 3)
    b = np.asarray(law.sample(jax.random.key(0), (200_000,)))
    assert stats.kstest((np.linalg.norm(b, axis=1) / 3) ** 3, "uniform").pvalue > 1e-9
    assert np.abs(b.mean(0)).max() < Z_LIMIT * 3 / np.sqrt(5 * 200_000)
    assert law.log_prob(jnp.array([0.0, 0.0, 2.99])) == pytest.approx(-np.log(4 / 3 * np.pi * 27), rel=1e-12)
    assert law.log_prob(jnp.array([0.0, 0.0, 3.01])) == -np.inf


def test_ball_transform_jacobian():
    transform, y = BallTransform(2.0), jnp.array([0.3, -1.2, 0.7])
    b = transform(y)
    assert Ball(2.0)(b)
    np.testing.assert_allclose(transform._inverse(b), y, rtol=1e-12)
    jacobian = jnp.linalg.slogdet(jax.jacobian(transform)(y))[1]
    assert transform.log_abs_det_jacobian(y, b) == pytest.approx(float(jacobian), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(AMPLITUDES))
def test_amplitude_laws_sample_their_moments(name):
    """E ahat^2 and E ahat^4 of draws; sensitive to 2 % and 10 %."""
    law = AMPLITUDES[name]()
    a = np.asarray(jax.jit(lambda key: law.distribution(1.0).sample(key, (1_000_000,)))(jax.random.key(4)))
    for k, sensitivity in ((2, 0.02), (4, 0.1)):
        mcse = max((a**k).std() / len(a) ** 0.5, 1e-15)
        assert_agrees((a**k).mean(), mcse, law.moment(k), sensitivity=sensitivity, label=f"{name} {k}")
    assert abs(a.mean()) < Z_LIMIT * a.std() / len(a) ** 0.5


# -- draws --------------------------------------------------------------------------------------------------------------


def test_prior_predictive_tree(tmp_path):
    import xarray as xr

    net = load("cos_net", width=4, dim=2)
    x = np.zeros((3, 2))
    tree: Any = prior_predictive(net, x, draws=50, seed=1, parameters=True)
    assert tree["prior_predictive/phi"].dims == ("chain", "draw", "point")
    assert tree["prior_predictive/phi"].shape == (1, 50, 3)
    assert tree["prior/b"].dims == ("chain", "draw", "neuron", "axis")
    assert tree["constant_data/points"].dims == ("point", "axis")
    theta = {k: jnp.asarray(tree[f"prior/{k}"].values[0, 7]) for k in "abc"}
    np.testing.assert_allclose(tree["prior_predictive/phi"].values[0, 7], net.field(theta, jnp.asarray(x)), rtol=1e-12)
    path = tmp_path / "draws.nc"
    tree.to_netcdf(path, engine="h5netcdf")
    back: Any = xr.open_datatree(path, engine="h5netcdf")
    assert (back["prior_predictive/phi"].values == tree["prior_predictive/phi"].values).all()


def test_longer_runs_begin_with_the_same_draws():
    net = load("cos_net", width=500)
    x = np.linspace(-1, 1, 9)[:, None]

    def phi(draws, seed):
        tree: Any = prior_predictive(net, x, draws=draws, seed=seed)
        return tree["prior_predictive/phi"].values[0]

    short, long = phi(300, 1), phi(1000, 1)
    assert (long[:300] == short).all()
    other = phi(300, 2)
    assert not (other == short).any()


def test_prior_predictive_rejects_bad_points():
    net = load("cos_net", dim=2)
    with pytest.raises(InputError, match=r"points must have shape \(P, 2\) with P >= 1, got \(3,\)"):
        prior_predictive(net, [0.0, 1.0, 2.0])
    with pytest.raises(InputError, match=r"points must be finite, got inf at index \(0, 1\)"):
        prior_predictive(net, [[0.0, np.inf]])
    with pytest.raises(InputError, match="draws must be at least 1, got 0"):
        prior_predictive(net, [[0.0, 0.0]], draws=0)


# -- values -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_value_semantics(name):
    net = load(name)
    assert net == load(name)
    assert hash(net) == hash(load(name))
    assert pickle.loads(pickle.dumps(net)) == net
    assert repr(net).startswith(type(net).__name__)
    if name != "line":
        assert replace(net, width=7) != net
        assert replace(net, width=7).width == 7


def test_points_of_the_wrong_dimension():
    net = load("cos_net", dim=2)
    with pytest.raises(InputError, match=r"CosNet: points and momenta must have shape \(..., 2\), got \(3,\)"):
        net.two_point([0.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    with pytest.raises(InputError, match=r"must have shape \(..., 2\), got \(\)"):
        net.power_spectrum(0.7)


@pytest.mark.slow
def test_one_class_identity_and_pickles_across_processes(tmp_path):
    from nnqft_ppl.models import cos_net  # pyright: ignore[reportAttributeAccessIssue]

    net = load("cos_net", width=7)
    assert type(net) is cos_net.CosNet
    path = tmp_path / "net.pickle"
    path.write_bytes(pickle.dumps(net))
    code = f"import pickle; print(pickle.load(open({str(path)!r}, 'rb')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert out == repr(net)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("cos_net", {"sigma_b": -1.0}, "CosNet: sigma_b must be positive and finite, got -1.0"),
        ("cos_net", {"sigma_a": float("nan")}, "CosNet: sigma_a must be positive and finite, got nan"),
        ("cos_net", {"sigma_a": float("inf")}, "CosNet: sigma_a must be positive and finite, got inf"),
        ("cos_net", {"width": 0}, "CosNet: width must be an integer >= 1, got 0"),
        ("cos_net", {"width": 2.5}, "CosNet: width must be an integer >= 1, got 2.5"),
        ("cos_net", {"width": True}, "CosNet: width must be an integer >= 1, got True"),
        ("cos_net", {"dim": 0}, "CosNet: dim must be an integer >= 1, got 0"),
        ("cos_net", {"envelope": "b"}, "CosNet: envelope must be '1' or 'b.b', got 'b'"),
        ("cos_net", {"amplitude": 1.0}, "CosNet: amplitude must be a AmplitudeLaw, got 1.0"),
        ("cos_net", {"sigmab": 1.0}, "did you mean 'sigma_b'?"),
        ("cosnet", {}, "got 'cosnet'; did you mean 'cos_net'?"),
        ("cauchy", {"dim": 2}, "Cauchy: dim must be 1, got 2"),
        ("line", {"width": 2}, "Line: width must be 1, got 2"),
        ("alpha_scalar", {"regulator": "soft"}, "AlphaScalar: regulator must be 'hard' or 'gaussian', got 'soft'"),
    ],
)
def test_hyperparameters_out_of_range(name, settings, message):
    with pytest.raises(InputError) as error:
        load(name, **settings)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_importing_changes_no_setting_of_jax():
    code = (
        "import jax, nnqft_ppl; nnqft_ppl.load('cos_net'); print(jax.config.jax_enable_x64);"
        "x = nnqft_ppl.correlators(nnqft_ppl.load('cos_net', width=2), [[[0.0], [0.4]]], orders=(2,), draws=100);"
        "print(x.attrs['provenance']['dtype'], (x['z'].abs().max() < 6))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert out == ["False", "float32", "True"]
