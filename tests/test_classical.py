"""Classical configurations: what a search finds, what it tells apart, and what it refuses."""

from dataclasses import dataclass
from typing import Any, final

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import quickly
from scipy.optimize import brentq

from nnqft_ppl import Bimodal, Gaussian, InputError, Laplace, landscape, load, modes
from nnqft_ppl.classical.density import Density
from nnqft_ppl.classical.maxima import Maxima
from nnqft_ppl.laws import iid
from nnqft_ppl.reports.classical import modes_table
from nnqft_ppl.theory import AmplitudeLaw, Architecture

pytestmark = pytest.mark.usefixtures("quick_compilation")

BIMODAL = Bimodal(mu=1.0, s=0.5)


@pytest.fixture(scope="module")
def two_peaks():
    with quickly():
        return modes(load("landscape", width=2, peaks=2))


@pytest.fixture(scope="module")
def continuum():
    with quickly():
        return modes(load("cos_net", width=2, amplitude=BIMODAL), starts=256)


def test_the_line_has_one():
    (mode,) = modes(load("line")).found
    assert (mode.kind, float(mode.theta["a"][0])) == ("strict", 1.0)


@pytest.mark.slow
def test_modes_orbits_and_fields_are_three_numbers(two_peaks):
    """(2M)^N = 16 points, C(N+2M-1, N) = 10 up to relabelling, 9 fields as h - h = 0 twice over."""
    assert (two_peaks.isolated, two_peaks.orbits, two_peaks.fields) == (16, 10, 9)
    assert two_peaks.saddles == two_peaks.unfinished == two_peaks.families == 0
    assert two_peaks.unseen <= 1e-3
    assert all(mode.kind == "strict" and mode.signature == (0, 0, 6) for mode in two_peaks.found)


def test_modes_are_found_to_the_last_digits(two_peaks):
    """a* = mu tanh(mu a*/s^2)/sqrt N, and the peaks of P(b), by bracketed roots of the derivatives, to 1e-12."""
    star: Any = brentq(lambda a: a - np.tanh(a / 0.25), 0.5, 1.5, xtol=1e-15)
    assert np.abs(two_peaks.found[0].theta["a"]) == pytest.approx(star / 2**0.5, rel=1e-12)

    def slope(b):
        w = np.exp(-((b - np.array([1.0, 2.5])) ** 2) / 0.18)
        return float(w @ (b - np.array([1.0, 2.5])))

    peaks = [brentq(slope, low, high, xtol=1e-15) for low, high in ((0.9, 1.1), (2.4, 2.6))]
    found = np.unique(np.round(np.concatenate([mode.theta["b"] for mode in two_peaks.found]), 9))
    assert found == pytest.approx(peaks, abs=1e-9)


def test_three_peaks_against_the_reference(shared):
    import json

    table = {entry["id"]: entry for entry in json.loads((shared / "reference.json").read_text())}
    star = table["bimodal-mode-P"]["value"]
    found = modes(load("landscape", width=1, peaks=3))
    assert np.abs(found.found[0].theta["a"][0]) == pytest.approx(star, rel=1e-12)
    peaks = sorted({round(float(mode.theta["b"][0]), 12) for mode in found.found})
    assert peaks == pytest.approx([1.00000559047979, 2.5, 3.99999440952021], abs=2e-12)


@pytest.mark.slow
def test_gaussian_amplitudes_leave_the_trivial_field():
    """One family: a = 0, b = 0, any phases, which are all redundant."""
    (mode,) = modes(load("cos_net", width=2, dim=2), starts=256).found
    assert (mode.kind, mode.zero_modes, mode.moduli, mode.size, mode.field) == ("flat", 2, 0, 0.0, 0)


def test_a_continuum_is_one_family_with_its_moduli_counted(continuum):
    """a = +-a*, b = 0, any phases: 2^N families, one up to (a, c) ~ (-a, c + pi); one modulus, the constant field."""
    assert (continuum.isolated, continuum.families, continuum.orbits, continuum.fields) == (0, 4, 1, 0)
    assert {(m.kind, m.zero_modes, m.moduli, m.field) for m in continuum.found} == {("flat", 2, 1, -1)}


@pytest.mark.slow
def test_a_curved_continuum_is_one_family():
    """The circle of the wine bottle, with the phases of both neurons; its radius and the mass 4 v^2/sigma^2."""
    (mode,) = modes(load("wine_bottle", width=1, radius=1.3, sigma_v=0.7), ("a",), starts=1024).found
    assert (mode.kind, mode.zero_modes, mode.moduli) == ("flat", 1, 1)
    assert np.linalg.norm(mode.theta["a"][-1]) == pytest.approx(1.3, rel=1e-12)
    assert mode.spectrum[-1] == pytest.approx(4 * 1.69 / 0.49, rel=1e-9)


@pytest.mark.slow
def test_cusps_and_degenerate_maxima_have_their_own_words():
    cusp = modes(load("cos_net", width=1, amplitude=Laplace()), ("a",), starts=256).found
    assert [(m.kind, abs(float(m.theta["a"][0])) < 1e-12) for m in cusp] == [("cusp", True)]
    quartic = modes(load("cos_net", width=1, amplitude=Bimodal(mu=0.5, s=0.5)), ("a",), starts=256).found
    assert [(m.kind, abs(float(m.theta["a"][0])) < 1e-3) for m in quartic] == [("degenerate", True)]


def test_a_saddle_is_no_mode():
    """An ascent that starts exactly on the ridge a = 0 between two modes stays there, and is counted as a saddle."""
    density = Density(load("landscape", width=1, peaks=1), {"a": iid(BIMODAL.distribution(1.0), 1)})
    starts = np.array([[0.0], [0.3]])
    maxima = Maxima(density, starts, np.ones(1), 0)
    maxima.add(starts)
    assert (maxima.saddles, maxima.unfinished, sum(maxima.families.hits.values())) == (1, 0, 1)


def toy(law):
    @final
    @dataclass(frozen=True, kw_only=True)
    class Toy(Architecture):
        """phi(x) = sum_i a_i cos(b_i x) with some law of b."""

        sigma_a: float = 1.0
        amplitude: AmplitudeLaw = Gaussian()

        def prior(self):
            return {"a": self.amplitudes(), "b": iid(law, self.width)}

        def neuron(self, x, *, b):
            return jnp.cos(b * x[0])

    return Toy(width=1)


def test_a_wall_is_a_boundary():
    """An exponential law is largest at the edge of its support."""
    (mode,) = modes(toy(dist.Exponential(2.0)), ("b",)).found
    assert (mode.kind, abs(float(mode.theta["b"][0])) < 1e-9) == ("boundary", True)
    assert mode.slope == pytest.approx(2.0)


@pytest.mark.slow
def test_a_phase_of_pi_is_one_mode():
    """Peaks of c at 0 and at pi, where the circle closes: two modes."""
    law = dist.MixtureSameFamily(dist.Categorical(probs=jnp.ones(2) / 2), dist.VonMises(jnp.array([0.0, jnp.pi]), 2.0))

    @final
    @dataclass(frozen=True, kw_only=True)
    class Phases(Architecture):
        """phi(x) = sum_i a_i cos(x + c_i)."""

        sigma_a: float = 1.0
        amplitude: AmplitudeLaw = Gaussian()

        def prior(self):
            return {"a": self.amplitudes(), "c": iid(law, self.width)}

        def neuron(self, x, *, c):
            return jnp.cos(x[0] + c)

    net = Phases(width=2, amplitude=BIMODAL)
    assert modes(net, ("c",)).isolated == 4
    bounds = landscape(net).bounds()  # h and -h: one function of two signs, which (41) counts twice
    assert (bounds.lower, bounds.exact, bounds.printed_lower) == (0, 3, 4)


def test_a_plateau_is_flat():
    (mode,) = modes(load("free_scalar", width=1, dim=2), ("b",), starts=256).found
    assert (mode.kind, mode.zero_modes) == ("flat", 2)


@pytest.mark.parametrize(
    ("net", "options", "message"),
    [
        (
            lambda: toy(dist.ImproperUniform(dist.constraints.real, (), ())),
            {},
            r"P\(b\) is improper \(ImproperUniform\)",
        ),
        (lambda: toy(dist.Gamma(0.5, 1.0)), {"sites": ("b",)}, "may be unbounded"),
        (lambda: load("alpha_scalar", width=2), {}, r"P\(a\) has no density to maximise, as RandomSign is discrete"),
        (lambda: load("shared_neuron_cos_net", width=2), {}, "is discrete"),
        (lambda: load("line"), {"starts": 0}, "starts must be at least 1, got 0"),
        (lambda: load("line"), {"missed": 0.0}, "missed must be between 0 and 1, got 0"),
        (lambda: load("line"), {"sites": ("w",)}, "site must be one of a, got 'w'"),
    ],
)
def test_what_cannot_be_searched_is_one_clear_line(net, options, message):
    with pytest.raises(InputError, match=message) as caught:
        modes(net(), **({"starts": 256} | options))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_small_budget_says_what_it_may_have_missed():
    found = modes(load("landscape", width=2, peaks=2), starts=12)
    assert found.starts == 12
    assert found.unseen > 0.05
    assert found.missing > 0


def test_the_table_is_tidy(two_peaks, tmp_path):
    from nnqft_ppl import read_table, write_table

    net = load("landscape", width=2, peaks=2)
    table = modes_table(net, two_peaks, seed=0)
    write_table(table, tmp_path / "modes.parquet", "modes")
    copies: Any = read_table(tmp_path / "modes.parquet", "modes")["copies"]
    assert copies.sum() == 16
