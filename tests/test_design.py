"""Design in reverse: a theory has the spectrum or the two-point function that it was made for."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import ROOT, assert_agrees
from scipy.special import k0
from typer.testing import CliRunner

from nnqft_ppl import ConstantModulus, InputError, Spectrum, design, exact_correlator, load
from nnqft_ppl.axioms.imaginary_time import kallen_lehmann, rho
from nnqft_ppl.axioms.reflection_positivity import linear_verdicts
from nnqft_ppl.axioms.verdicts import together
from nnqft_ppl.cli.app import app
from nnqft_ppl.correlation.design import program_spectrum
from nnqft_ppl.laws.isotropic import SpectralPower

X = np.array([[0.1], [0.5], [-0.3], [0.9]])
R = np.arange(0.0, 4.0, 0.1)
EXAMPLE = ROOT / "examples" / "target.csv"


def gaussian(p):
    return (np.pi / 2) ** 0.5 * np.exp(-(p**2) / 2)


def free(p):
    return 1.0 / (p**2 + 1.0)


def sech(r):
    return 1.0 / np.cosh(r)


def tuned(**hyperparameters) -> Any:
    return load("tuned_net", **hyperparameters)


# -- targets whose theories are in the catalogue ------------------------------------------------------------------------


def test_the_spectrum_of_cos_net_gives_cos_net():
    net = tuned(spectrum=Spectrum.of(gaussian), alpha=0.0)
    cos_net: Any = load("cos_net")
    z = np.array([[0.0], [0.3], [1.0], [3.0]])
    for k in (2, 4, 6):
        assert net.kernel_moment(k, z) == pytest.approx(cos_net.kernel_moment(k, z), rel=1e-10, abs=1e-13)
    assert exact_correlator(net, X) == pytest.approx(exact_correlator(cos_net, X), rel=1e-10)
    assert net.sigma_a == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("alpha", [-1.0, 0.0, 1.0])
def test_the_free_spectrum_gives_the_alpha_family(dim, alpha):
    settings = {"dim": dim, "alpha": alpha, "cutoff": 20.0, "amplitude": ConstantModulus()}
    net = tuned(spectrum=Spectrum.of(free), **settings)
    family: Any = load("alpha_scalar", regulator="hard", **settings)
    z = np.array([0.0, 0.3, 1.0, 5.0])[:, None] * np.ones(dim)
    for k in (2, 4):
        assert net.kernel_moment(k, z) == pytest.approx(family.kernel_moment(k, z), rel=1e-9)
    x = np.random.default_rng(1).normal(size=(5, 4, dim))
    for kind in ("full", "connected"):
        assert exact_correlator(net, x, kind) == pytest.approx(exact_correlator(family, x, kind), rel=1e-9)


@pytest.mark.parametrize("alpha", [-1.0, -0.4, 0.0, 0.8])
def test_every_alpha_has_the_target_and_another_interaction(alpha):
    net = tuned(spectrum=Spectrum.of(sech), alpha=alpha, cutoff=30.0, width=7)
    p = np.linspace(0.0, 10.0, 41)
    assert program_spectrum(net, p) == pytest.approx(sech(p), rel=1e-10)  # (26) by the program's own P(b) and F(b)
    assert net.two_point(X[0], X[1]) == pytest.approx(0.5 / np.cosh(np.pi * 0.2), rel=1e-10)  # a closed transform
    default = load("tuned_net", width=7)
    assert abs(exact_correlator(net, X, "connected") / exact_correlator(default, X, "connected") - 1) > 0.01


# -- two-point functions ------------------------------------------------------------------------------------------------


def test_two_point_functions_of_closed_transform():
    p = np.linspace(0.0, 8.0, 33)
    line, space = (Spectrum.of_two_point(sech, dim) for dim in (1, 3))
    closed = np.pi / np.cosh(np.pi * p / 2)
    assert line(p) == pytest.approx(closed, rel=1e-6, abs=1e-12)
    p[0] = 1e-9
    assert space(p) == pytest.approx(np.pi**2 * closed * np.tanh(np.pi * p / 2) / p, rel=1e-6, abs=1e-10)


@pytest.mark.slow
def test_rings_and_rows_come_back():
    """A narrow ring in the plane; rows of K, and rows of G, to what their spacing resolves."""
    ring = design(lambda p: np.exp(-((p - 5.0) ** 2) / 0.1), dim=2, alpha=0.0, draws=4096)
    assert ring.deviation < 1e-9
    assert ring.z < 5
    r = np.arange(0.0, 15.0, 0.1)
    for every, low, high in ((1, 0.0, 1e-5), (3, 1e-5, 1e-3)):
        rows = Spectrum.of_two_point((r[::every], sech(r[::every])), 1)
        wrong = np.abs(load("tuned_net", spectrum=rows).two_point(r[:, None], [0.0]) - sech(r)).max()
        assert low < wrong < high
    p = np.linspace(0.0, 6.0, 25)
    assert Spectrum.of_rows(p, sech(p))(p) == pytest.approx(sech(p), rel=1e-7)


def test_a_table_that_ends_abruptly_ends_there():
    """G = 1 on |p| < 1: K(t) = rho(t) = sin(t)/(pi t), in energies as in positions; a wall that no cutoff names."""
    net = tuned(spectrum=Spectrum.of_rows(np.linspace(0.0, 1.0, 9), np.ones(9)), alpha=-1.0)
    t = np.array([0.5, 2.0, 30.0])
    closed = np.sin(t) / (np.pi * t)
    assert net.two_point(t[:, None], [0.0]) == pytest.approx(closed, rel=1e-11)
    assert rho(net, t) == pytest.approx(closed, rel=1e-11)
    assert net.frequency_law.radius_quantile(np.array([0.5]), net.dim) == pytest.approx(0.5, rel=1e-9)


# -- draws --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("planted", [1.0, 1.02])
def test_draws_have_the_spectrum(planted):
    """E[F^2 cos(b.z)] of rows b and the scale: false alarms 1e-9, and it sees 1 %, so that 2 % cannot hide."""
    net = tuned(spectrum=Spectrum.of(sech), dim=2)
    wrong = load("tuned_net", spectrum=Spectrum.of(lambda p: planted * sech(p)), dim=2)
    b = jax.jit(lambda key: net.frequency_law.distribution(net.dim).sample(key, (1_000_000,)))(jax.random.key(3))
    envelope = np.asarray(jax.jit(jax.vmap(net.envelope_at))(b))
    for z in ([0.0, 0.0], [0.3, 0.4]):
        value = net.amplitude_moment(2) / 2 * envelope**2 * np.cos(np.asarray(b) @ z)
        check = {"estimate": value.mean(), "mcse": value.std() / len(value) ** 0.5, "sensitivity": 0.01}
        if planted == 1.0:
            assert_agrees(exact=wrong.two_point(z, [0.0, 0.0]), **check)
        else:
            with pytest.raises(AssertionError, match="exceeds"):
                assert_agrees(exact=wrong.two_point(z, [0.0, 0.0]), **check)


def test_the_program_is_differentiable():
    """d log P/d|b| = (1 + alpha) G'/G and d log F = -alpha/2 G'/G, by hand for 1/cosh; zero at the origin."""
    net = tuned(alpha=-0.4, dim=2)
    b = jnp.array([0.6, -0.8])
    slope = -np.tanh(1.0) * np.asarray(b)
    assert jax.jit(jax.grad(net.frequency_law.distribution(net.dim).log_prob))(b) == pytest.approx(
        0.6 * slope, rel=1e-8
    )
    assert jax.jit(jax.grad(lambda b: jnp.log(net.envelope_at(b))))(b) == pytest.approx(0.2 * slope, rel=1e-8)
    assert jax.jit(jax.grad(net.envelope_at))(jnp.zeros(2)) == pytest.approx([0.0, 0.0])
    law = SpectralPower(spectrum=Spectrum.of(free), power=1.0, cutoff=3.0, dim=1)
    assert law.log_prob(jnp.array([2.9])) == pytest.approx(-np.log(1 + 2.9**2) - np.log(2 * np.arctan(3.0)), rel=1e-10)
    assert law.log_prob(jnp.array([3.1])) == -np.inf


# -- densities of masses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_density_of_masses_is_positive_up_to_its_cutoff(dim):
    """Masses 1 and 2 of equal weights: rho(0, tau) = sum_i w_i exp(-m_i tau)/(2 m_i), its two energies, the verdict.

    In the plane its two-point function without a cutoff is [K_0(r) + K_0(2r)]/(4 pi).
    """
    net = tuned(spectrum=Spectrum.of_masses([1.0, 2.0], [0.5, 0.5]), dim=dim, cutoff=60.0)
    tau = np.arange(2, 17) / 4
    closed = np.exp(-tau) / 4 + np.exp(-2 * tau) / 8
    found = rho(net, tau, uncut=True)
    assert found == pytest.approx(closed, rel=1e-9)
    lines = kallen_lehmann(tau, found).lines
    assert np.array(lines) == pytest.approx(np.array([[1.0, 0.25], [2.0, 0.125]]), rel=1e-6)
    assert together(linear_verdicts(net)) == "up to cutoff"
    r = np.array([0.6, 1.3])
    free = (k0(r) + k0(2 * r)) / (4 * np.pi) if dim == 2 else np.exp(-r) / 4 + np.exp(-2 * r) / 8
    assert net.two_point(r[:, None] * np.eye(1, dim), np.zeros(dim)) == pytest.approx(free, rel=2e-2)


def test_densities_of_masses_by_name_and_by_file(tmp_path):
    """One theory from numbers, from a file of a design, and from a file of a hyperparameter; a spectrum to 1e-12."""
    path = tmp_path / "masses.csv"
    path.write_text("mass,weight\n1,0.5\n2,0.5\n")
    settings: Any = {"dim": 2, "cutoff": 8.0, "width": 2, "draws": 4096}
    made = [design(path, **settings), design(([1.0, 2.0], [0.5, 0.5]), kallen_lehmann=True, **settings)]
    assert [one.kallen_lehmann for one in made] == [True, True]
    assert max(one.deviation for one in made) < 1e-12
    assert max(one.z for one in made) < 5
    spectra = [one.net.spectrum.logs for one in made] + [Spectrum.read(path).logs]  # pyright: ignore[reportAttributeAccessIssue]
    assert spectra[0] == spectra[1] == spectra[2]
    result = run("design", "--kallen-lehmann", "1:0.5,2:0.5", "--set", "cutoff=8", "--draws", 512)
    assert result.exit_code == 0, result.stderr
    assert "energies at p = 0 without the cutoff: 1 (weight 0.25), 2 (weight 0.125)" in result.stdout
    assert "reflection positivity, 2-point: up to cutoff" in result.stdout


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: design(([1.0], [1.0]), kallen_lehmann=True, dim=2), "cutoff must be finite .* no variance at a point"),
        (lambda: design(free, kallen_lehmann=True), r"kallen_lehmann must go with columns \(mass, weight\) alone"),
        (
            lambda: Spectrum.of_masses([1.0, 2.0], [1.0, -0.5]),
            r"weights must be positive and finite, got -0.5 in row 2",
        ),
        (lambda: Spectrum.of_masses([0.0], [1.0]), "masses must be positive and finite, got 0 in row 1"),
        (lambda: Spectrum.of_masses([1.0, 2.0], [1.0]), "as many numbers of each"),
    ],
)
def test_densities_that_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
    result = run("design", "--kallen-lehmann", "1:0.5,2")
    assert "must be mass:weight pairs such as 1:0.5,2:0.5, got '1:0.5,2'" in result.stderr
    assert "one of the two" in run("design").stderr


# -- what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "dim", "message"),
    [
        (lambda r: 1.0 * (r < 1.0), 1, r"positive definite, got G\(p = 4.\d+\) = -0.4\d+ \(Bochner\)"),
        (lambda r: np.maximum(1.0 - r, 0.0), 2, "Bochner"),  # the tent is positive definite on the line only
        (lambda r: r * np.exp(-r), 1, "Bochner"),
        (lambda r: np.exp(-(r**4)), 3, "Bochner"),
        (lambda r: 1.0 / (1.0 + r**2), 1, "must fall faster than a power"),
        (lambda r: np.exp(-r) / r, 3, r"must be finite, got K\(r = 0\) = inf"),
        ((R, np.exp(-(R**4))), 1, "Bochner"),
        ((np.arange(1.0, 6.0), np.ones(5)), 1, "must begin with K > 0 at r = 0"),
    ],
)
def test_two_point_functions_that_no_theory_has(kernel, dim, message):
    with pytest.raises(InputError, match=message):
        Spectrum.of_two_point(kernel, dim)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: load("tuned_net", spectrum=Spectrum.of(free)), "cutoff must be at most 4096 .*power tail"),
        (lambda: design(lambda r: np.exp(-r), two_point=True), "cutoff must be at most .*power tail"),
        (lambda: load("tuned_net", alpha=-1.0), r"cutoff must be at most .*G\(p\)\^0 does not fall off"),
        (lambda: tuned(alpha=1.0).kernel_moment(4, X), r"cutoff must be at most .*G\(p\)\^0"),
        (lambda: load("tuned_net", spectrum=sech), "TunedNet: spectrum must be a Spectrum"),
        (lambda: load("tuned_net", cutoff=-1.0), "TunedNet: cutoff must be positive, or inf, got -1.0"),
        (lambda: Spectrum.of(lambda p: p**2 * np.exp(-p)), r"positive and finite, got G\(p = 0\) = 0"),
        (lambda: Spectrum.of(lambda p: 1 / p**2), r"got G\(p = 0\) = inf"),
        (lambda: Spectrum.of(lambda p: np.exp(-p) * np.cos(p)), "positive and finite, got G"),
        (lambda: Spectrum.of(lambda p: np.exp(-p) * (1.0 + (p > 1.0))), "log of the spectrum must be smooth"),
        (lambda: Spectrum.of(lambda p: 1.0), "one number for each of an array"),
        (lambda: Spectrum.of(lambda p: 1.0 + 0.0 * p), "target must fall"),
        (lambda: Spectrum.of_rows([0, 1, 2], [1, 1, 1]), "at least 4 rows"),
        (lambda: Spectrum.of_rows([0, 1, 1, 2], [1, 1, 1, 1]), "must increase from p >= 0, got p = 1 in row 3"),
        (lambda: Spectrum.of_rows([0, 1, 2, 3], [1, 1, 0, 1]), r"got G\(p = 2\) = 0"),
        (lambda: Spectrum.of_rows([0, 1, 2, 3, 4], [1, 1, np.nan, 1, 1]), "must be finite"),
        (lambda: Spectrum.of_rows([0, 1, 1.1, 3, 4], [1, 1, 1e-6, 1e-6, 1e-6]), "overshoots by a factor"),
        (lambda: design(Spectrum.of(sech), two_point=True), "two_point must go with a function or rows"),
        (lambda: design(sech, draws=1), "draws must be at least 2, got 1"),
    ],
)
def test_targets_that_are_refused(make, message):
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


# -- the command line ---------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.slow
def test_the_command_and_what_it_leaves(tmp_path):
    out, plot = tmp_path / "spectrum.csv", tmp_path / "design.png"
    result = run("design", EXAMPLE, "--set", "dim=2", "--draws", 4096, "--out", out, "--plot", plot)
    assert result.exit_code == 0, result.stderr
    assert "exact G(p) is the target to" in result.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")
    again = load("tuned_net", dim=2, spectrum=Spectrum.read(out))
    first = load("tuned_net", dim=2, spectrum=Spectrum.read(EXAMPLE))
    x = np.array([[0.3, 0.1], [0.9, -0.4]])
    assert exact_correlator(again, x) == pytest.approx(exact_correlator(first, x), rel=1e-4)
    table = run("correlators", "tuned_net", "--set", f"spectrum={out}", "--estimator", "exact")
    assert table.exit_code == 0, table.stderr


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("p,G\n0,1\n1,-1\n2,1\n3,1\n", (), "got G(p = 1) = -1"),
        ("x,y\n0,1\n", (), "must have columns p, G or r, K or mass, weight, got x, y"),
        ("p,G\n0,one\n", (), "target column 'G' must hold numbers, got 'one' in row 1"),
        ("r,K\n" + "\n".join(f"{r},{np.exp(-(r**4))}" for r in R), (), "(Bochner)"),
        ("p,G\n0,1\n1,.5\n2,.1\n3,.01\n", ("--set", "widht=3"), "did you mean 'width'?"),
        ("p,G\n0,1\n1,.5\n2,.1\n3,.01\n", ("--plot", "a.txt"), "must end in .png"),
        ("p,G\n0,1\n1,.5\n2,.1\n3,.01\n", ("--set", f"spectrum={EXAMPLE}"), "must be the TARGET of a design"),
    ],
)
def test_bad_input_gets_one_clear_line(tmp_path, content, arguments, message):
    path = tmp_path / "target.csv"
    path.write_text(content)
    result = run("design", path, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert run("design", tmp_path / "missing.csv").exit_code == 2
