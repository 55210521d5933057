"""Two theories at finite and infinite width: what differs, and how many draws it takes to see."""

import numpy as np
import pytest
from typer.testing import CliRunner

from nnqft_ppl import ConstantModulus, InputError, deform, load, to_toml
from nnqft_ppl.axioms.duality import draw_variance, duality, interaction_width
from nnqft_ppl.cli.app import app
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.generic import generic_points

X = np.array([[0.1], [0.4], [0.6], [-0.3]])


def test_cos_net_and_gauss_net():
    found = duality(load("cos_net", width=5, sigma_b=0.8), load("gauss_net", width=5, sigma_b=0.8, sigma_c=0.3), X)
    assert found.dual
    assert found.symmetries == ("translation",)
    assert 0.01 < abs(found.four_point_gap) < 0.1
    wider = [
        duality(load("cos_net", width=n, sigma_b=0.8), load("gauss_net", width=n, sigma_b=0.8, sigma_c=0.3), X)
        for n in (1000, 10_000)
    ]
    assert wider[0].four_point_gap / wider[1].four_point_gap == pytest.approx(10)
    assert wider[1].draws / wider[0].draws == pytest.approx(100, rel=0.02)  # (G4c)^-2 ~ N^2


def test_duals_of_other_kinds_and_strangers():
    assert duality(load("cauchy"), load("matern", nu=0.5), X).draws > 1e15  # one theory: nothing tells them apart
    alpha = duality(load("alpha_scalar", alpha=0.0, cutoff=10.0), load("alpha_scalar", alpha=-1.0, cutoff=10.0), X)
    assert alpha.dual
    assert alpha.symmetries == ()
    signs = duality(load("cos_net"), load("cos_net", amplitude=ConstantModulus()), X)
    assert signs.dual
    assert not duality(load("cos_net"), load("cauchy"), X).dual
    for other in (load("coupled_cos_net"), load("offset_cos_net"), load("cos_net", dim=2)):
        with pytest.raises(InputError):
            duality(load("cos_net"), other, X)


def test_gauss_net_converges_the_slower_the_farther():
    """3 exp(4 sigma_c^2 + 4 sigma_b^2 x^2/d) - 3 over 3 for Gaussian amplitudes; Cos-net has 1/2 everywhere."""
    gauss, cos = load("gauss_net", width=5, dim=2, sigma_c=0.25), load("cos_net", width=5, dim=2)
    for x in ([0.0, 0.0], [0.6, -0.8]):
        closed = np.exp(4 * 0.25**2 + 2 * np.dot(x, x)) - 1
        assert interaction_width(gauss, x) == pytest.approx(closed, rel=1e-10)
        assert interaction_width(cos, x) == pytest.approx(0.5, rel=1e-10)


def test_the_variance_of_a_draw_is_that_of_draws():
    """200 thousand draws: a variance of heavy tails to about 3 %, held to 15 %."""
    net = load("cos_net", width=4)
    phi = field_draws(net, X, draws=200_000, seed=3)[:, :, 0]
    g = phi.T @ phi / len(phi)
    pairings = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    pairs = sum(phi[:, i] * phi[:, j] * g[k, l] + phi[:, k] * phi[:, l] * g[i, j] for i, j, k, l in pairings)
    assert np.var(phi.prod(axis=1) - pairs) == pytest.approx(draw_variance(net, X), rel=0.15)


# -- the command line ---------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, ["dual", *map(str, arguments)])


@pytest.mark.slow
def test_the_command(tmp_path):
    result = run("cos_net", "gauss_net", "--set", "width=5", "--set", "sigma_c=0.3")
    assert result.exit_code == 0, result.stderr
    rows = result.stdout.splitlines()
    assert rows[0].split()[-1] == "yes"
    assert rows[3].split()[-1] == "translation"
    expected = duality(
        load("cos_net", width=5), load("gauss_net", width=5, sigma_c=0.3), generic_points(load("cos_net"))
    )
    assert float(rows[2].split()[-1]) == pytest.approx(expected.four_point_gap, rel=1e-5)
    assert "GaussNet does not converge uniformly" in result.stdout
    points = tmp_path / "points.csv"
    points.write_text("x0\n0.1\n0.2\n0.4\n0.8\n")
    one = ("alpha_scalar", "alpha_scalar", "--set", "cutoff=10", "--points", points)
    apart = run(*one, "--set", "alpha=0", "--set-other", "alpha=-1")
    assert apart.exit_code == 0, apart.stderr
    assert "alpha=0.0" in apart.stdout
    assert "alpha=-1.0" in apart.stdout
    assert "not converge" not in apart.stdout
    assert "none can" in run(*one).stdout
    assert run("cos_net", "cauchy").stdout.splitlines()[0].split()[-1] == "no"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cos_net", "gausnet"), "did you mean 'gauss_net'?"),
        (("cos_net", "cauchy", "--set", "sigma=2"), "CosNet: hyperparameter must be one of"),
        (("cos_net", "gauss_net", "--set-other", "alpha=2"), "GaussNet: hyperparameter must be one of"),
        (("cos_net", "coupled_cos_net"), "CoupledCosNet: duality is asked of independent neurons and even fields"),
        (("cos_net", "gauss_net", "--set-other", "dim=2"), "dim must be the same for both theories, got 1 and 2"),
        (("cos_net", "gauss_net", "--points", "missing.csv"), "points file 'missing.csv' must be readable"),
        (("cos_net", "gauss_net", "--set", "width"), "--set must be of the form name=value, got 'width'"),
    ],
)
def test_bad_input_gets_one_clear_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_theories_of_files_are_compared(tmp_path):
    """A text says what a card with its settings says, in either place; what cannot be meant is one line."""
    file, deformed = tmp_path / "theory.toml", tmp_path / "deformed.toml"
    file.write_text(to_toml(load("gauss_net", width=7, sigma_b=0.8)))
    deformed.write_text(to_toml(deform(load("cos_net", width=2), "phi^4", [[0.0]])))
    both = run("cos_net", "gauss_net", "--set", "width=7", "--set", "sigma_b=0.8")
    mixed = run("cos_net", "--theory", file, "--set", "width=7", "--set", "sigma_b=0.8")
    assert both.exit_code == mixed.exit_code == 0, mixed.output
    assert mixed.stdout == both.stdout
    assert run("--theory", file, "--theory", file).exit_code == 0
    for arguments, message in (
        (("cos_net",), "dual takes two theories, by a CARD or --theory FILE each, got 1"),
        (("cos_net", "gauss_net", "--theory", file), "dual takes two theories, by a CARD or --theory FILE each, got 3"),
        (("--theory", file, "--theory", file, "--set", "width=3"), "--set goes with a CARD"),
        (("cos_net", "--theory", file, "--set-other", "width=3"), "--set-other goes with two CARDs"),
        (("cos_net", "--theory", deformed), "without what transforms add, got deform"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert message in line
