"""Vacua: manifold and masses, correlators about one of them, sources, and the fate of symmetries."""

from typing import Any

import numpy as np
import pytest
from conftest import assert_agrees, part_of
from monte_carlo import chosen_fields
from scipy.integrate import quad
from toy_cards import Bottles
from typer.testing import CliRunner

from nnqft_ppl import Bimodal, InputError, breaking, exact_correlator, load, modes, vacua
from nnqft_ppl.classical.vacua import ChosenVacuum, bottle_moments
from nnqft_ppl.cli.app import app
from nnqft_ppl.laws import BottleLaw

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.array([[0.0], [0.4], [1.0], [1.7]])


@pytest.mark.slow
def test_manifold_and_masses():
    """D = 4: a sphere of radius v with 3 massless directions, mass^2 4 v^2/sigma^2 = 13.79592 at v = 1.3, sigma = .7."""
    found = vacua(load("wine_bottle", components=4, width=2, radius=1.3, sigma_v=0.7))
    assert found.radius == pytest.approx(1.3, rel=1e-12)
    assert found.goldstones == 3
    assert found.masses[-1] == pytest.approx(13.79592, abs=5e-6)
    assert np.abs(found.masses[:-1]).max() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "bottles", "goldstones", "moduli"),
    part_of([(2, 1, 1, 0), (3, 2, 3, 1), (4, 3, 6, 3), (2, 4, 1, 3)], lambda count, *_: count > 2),
)
def test_several_bottles(count, bottles, goldstones, moduli):
    """(S^(D-1))^k: k (D - 1) zero modes, D(D-1)/2 - (D-k)(D-k-1)/2 Goldstones, and a mass^2 4 v^2/sigma^2 each."""
    found = vacua(Bottles(components=count, width=bottles))
    assert (found.neurons, found.dimension) == (bottles, bottles * (count - 1))
    assert (found.goldstones, found.moduli) == (goldstones, moduli)
    assert found.radius == pytest.approx(1.3, rel=1e-10)
    assert found.masses[-bottles:] == pytest.approx(4 * 1.3**2 / 0.7**2, rel=1e-9)
    assert found.masses[:-bottles] == pytest.approx(0.0, abs=1e-9)
    bottle = BottleLaw(1.3, 0.7, count)
    assert found.log_p == pytest.approx(bottles * float(bottle.log_prob(1.3 * np.eye(1, count)[0])), rel=1e-9)


@pytest.mark.exhaustive
def test_several_bottles_by_a_search_of_all_amplitudes():
    """The whole P(a), which knows nothing of groups: one family with as many zero modes, and the fate says so."""
    net = Bottles(components=3, width=2)
    found = vacua(net)
    assert [mode.zero_modes for mode in modes(net, ("a",)).found] == [found.dimension] == [4]
    spheres = breaking(net, manifold=found)[1].vacua
    assert spheres == "(S^2)^2 of radius 1.3: 4 zero modes, 3 Goldstones and 1 modulus"


@pytest.mark.slow
def test_correlators_about_a_vacuum():
    """Exact engine against 4e5 draws turned into n, all components of G2 and G4: sensitive to 2 % and 5 %."""
    net = load("wine_bottle", width=2, radius=1.3, sigma_v=0.7)
    direction = (0.6, 0.8)
    chosen = ChosenVacuum(net, (direction,))
    phi = np.asarray(chosen_fields(net, chosen, X, 400_000))
    for components, sensitivity in (
        ((0, 0), 0.03),
        ((0, 1), 0.05),
        ((1, 1), 0.03),
        ((0, 0, 1, 1), 0.08),
        ((1, 1, 1, 1), 0.08),
    ):
        product = np.prod([phi[:, p, k] for p, k in enumerate(components)], axis=0)
        exact = exact_correlator(chosen, X[: len(components)], components=components)
        error = product.std() / len(product) ** 0.5
        assert_agrees(product.mean(), error, exact, sensitivity=sensitivity, label=str(components))


@pytest.mark.slow
def test_correlators_about_a_vacuum_of_two_bottles():
    """D = 3, two bottles at an angle, exact against 4e5 draws; G4 of components sees the angle, which is a modulus."""
    net = Bottles(components=3, width=2)
    angle = 0.7
    directions = ((1.0, 0.0, 0.0), (np.cos(angle), np.sin(angle), 0.0))
    chosen = ChosenVacuum(net, directions)
    phi = np.asarray(chosen_fields(net, chosen, X, 400_000))
    for components, sensitivity in (((0, 0), 0.03), ((0, 1), 0.05), ((0, 0, 1, 1), 0.08), ((0, 1, 0, 1), 0.08)):
        product = np.prod([phi[:, p, k] for p, k in enumerate(components)], axis=0)
        exact = exact_correlator(chosen, X[: len(components)], components=components)
        error = product.std() / len(product) ** 0.5
        assert_agrees(product.mean(), error, exact, sensitivity=sensitivity, label=str(components))
    assert abs(phi[:, 0, 2]).max() == 0  # the third component has no part in this vacuum
    # By hand: G2_kl = E[r^2] H_ii sum_j n_jk n_jl, and over independent directions the ensemble's.
    h, square = float(net.neuron_moment(X[:2])), net.bottle.radial_moment(2)
    value = float(exact_correlator(chosen, X[:2], components=(0, 1)))
    assert value == pytest.approx(square * h * np.cos(angle) * np.sin(angle), rel=1e-12)
    axes = [ChosenVacuum(net, (tuple(np.eye(3)[i]), tuple(np.eye(3)[j]))) for i, j in np.ndindex(3, 3)]
    mean = np.mean([float(exact_correlator(one, X[:2])) for one in axes])
    assert mean == pytest.approx(float(exact_correlator(net, X[:2])), rel=1e-12)


def test_the_closed_form_about_a_vacuum():
    """G2_kl = delta_kl sigma_a^2 H_ii + E[r^2] n_k n_l H_00, and the average over directions is the ensemble."""
    net: Any = load("wine_bottle", components=3, width=5)
    h, square = float(net.neuron_moment(X[:2])), net.bottle.radial_moment(2)
    n = np.array([2.0, -1.0, 2.0]) / 3.0
    for k, l in np.ndindex(3, 3):
        value = float(exact_correlator(ChosenVacuum(net, (tuple(n),)), X[:2], components=(k, l)))
        assert value == pytest.approx((k == l) * h + square * n[k] * n[l] * h, abs=1e-12)
    axes = [exact_correlator(ChosenVacuum(net, (tuple(np.eye(3)[k]),)), X[:2]) for k in range(3)]
    assert np.mean(axes) == pytest.approx(float(exact_correlator(net, X[:2])), rel=1e-12)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("j", [0.01, 1.0, 30.0, 1000.0])
def test_the_ward_identity(count, j):
    """<a_perp^2> = <a_par>/j to 1e-11 by two quadratures that do not know of it."""
    moments = bottle_moments(BottleLaw(1.0, 0.5, count), j)
    assert moments.perpendicular_square == pytest.approx(moments.parallel / j, rel=1e-11)


def test_tilted_moments_by_adaptive_quadrature():
    """<a_par> at D = 3, v = 1, sigma = .5, j = 1, from int dr r^2 P(r) sinh(jr)/(jr), and as j -> 0."""

    def z(r):
        return r**2 * np.exp(-((r**2 - 1) ** 2) / 0.5)

    top = quad(lambda r: z(r) * (np.cosh(r) - np.sinh(r) / r), 1e-9, 4, epsabs=1e-13)[0]
    bottom = quad(lambda r: z(r) * np.sinh(r) / r, 1e-9, 4, epsabs=1e-13)[0]
    bottle = BottleLaw(1.0, 0.5, 3)
    assert bottle_moments(bottle, 1.0).parallel == pytest.approx(top / bottom, rel=1e-9)
    assert bottle_moments(bottle, 1e-5).parallel == pytest.approx(1e-5 * bottle.radial_moment(2) / 3, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings", "fates", "seen"),
    [
        ("shifted_cos_net", {}, ["explicitly broken"], "E[phi h_i] = 0.15, but by no correlator of phi"),
        ("offset_cos_net", {"width": 4, "mu": 0.3, "kappa": 0.5}, ["explicitly broken"], "G1 = 0.6"),
        ("gauss_net", {}, ["symmetric"], "G1 and G3c vanish"),
        ("cos_net", {"width": 1, "amplitude": Bimodal(mu=0.5, s=0.5)}, ["symmetric"], "so does the classical field"),
        ("alpha_scalar", {}, ["spontaneously broken"], "classical fields do not"),
    ],
)
def test_fates(name, settings, fates, seen):
    found = breaking(load(name, **settings))
    assert [one.fate for one in found] == fates
    assert seen in found[0].seen_by


def test_bad_questions_are_one_line():
    with pytest.raises(InputError, match="a card with a wine bottle is needed"):
        ChosenVacuum(load("vector"), ((1.0, 0.0),))
    with pytest.raises(InputError, match="direction must be a unit vector with 2 components"):
        ChosenVacuum(load("wine_bottle"), ((1.0, 1.0),))
    for j in (0.0, np.inf):
        with pytest.raises(InputError, match=f"source must be positive and finite, got {j}"):
            bottle_moments(BottleLaw(1.0, 0.5, 2), j)
    with pytest.raises(InputError, match="vacua are those of a field with several components"):
        vacua(load("cos_net"))


@pytest.mark.slow
def test_the_command_line(tmp_path):
    out, plot = tmp_path / "b.csv", tmp_path / "bottle.png"
    result = CliRunner().invoke(app, ["vacua", "wine_bottle", "--out", str(out), "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    assert "S^1 of radius 1, 1 massless direction" in result.output
    assert {file.name for file in tmp_path.iterdir()} == {"b.csv", "bottle.png"}
