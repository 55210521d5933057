"""The contract of a card: what the engine reads is what the contract names, and nothing else."""

import itertools
import subprocess
import sys
from dataclasses import make_dataclass
from typing import Any

import numpy as np
import pytest
from toy_cards import Tanh

from nnqft_ppl import InputError, axiom_verdicts, exact_correlator, load, models, vacua
from nnqft_ppl.axioms.imaginary_time import rho
from nnqft_ppl.catalogue import entries
from nnqft_ppl.laws import CauchyFrequencies, FrequencyLaw, GaussianFrequencies, RegulatedFrequencies
from nnqft_ppl.laws.frequencies import FoldedCauchyFrequencies, SpectralFrequencies, StudentFrequencies
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory import CosineArchitecture, Gaussian

pytestmark = pytest.mark.usefixtures("quick_compilation")


def plane_waves(name: str, value: float) -> CosineArchitecture:
    """Cos-net of scale 1 on a line, beside a hyperparameter that its law does not depend on."""
    body = {
        "frequency_law": property(lambda self: GaussianFrequencies(1.0)),
        "amplitude_law": property(lambda self: Gaussian()),
        "amplitude_scale": property(lambda self: 1.0),
    }
    toy = make_dataclass(
        "Toy", [(name, float, 1.0)], bases=(CosineArchitecture,), namespace=body, frozen=True, kw_only=True
    )
    return toy(width=10, **{name: value})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["s", "mass", "cutoff", "band", "radius", "sigma_v", "scale"])
def test_verdicts_follow_the_law_and_no_name(name):
    """A hyperparameter that the law ignores changes no verdict and no statistic, whatever its name and value."""
    expected = axiom_verdicts(plane_waves("nothing", 1.0))
    for value in (0.02, 1.0, 30.0):
        assert axiom_verdicts(plane_waves(name, value)) == expected
    assert rho(plane_waves(name, 30.0), [0.3]) == rho(plane_waves("nothing", 1.0), [0.3])


def test_what_the_base_says_where_a_card_is_silent():
    net = Tanh(width=3)
    assert (net.length, net.momentum_cutoff, net.bottle) == (1.0, np.inf, None)
    cut = load("free_scalar", mass=2.0, cutoff=7.0)
    assert (cut.length, cut.momentum_cutoff) == (0.5, 7.0)
    assert load("tuned_net", cutoff=3.0).momentum_cutoff == 3.0
    assert load("lattice_cauchy", lattice_spacing=0.5).momentum_cutoff == 2 * np.pi


def test_every_length_is_that_of_the_correlators():
    """In units of its length every translation invariant two-point function that is connected has fallen by 5 to 99 %."""
    for name in models.names():
        net = load(name)
        if "translation" in net.claims and net.dim == 1:
            apart, together = (float(exact_correlator(net, [[0.0], [x]], "connected")) for x in (net.length, 0.0))
            assert 0.01 < apart / together < 0.95, name


# -- frequency laws ----------------------------------------------------------------------------------------------------

TUNED: Any = load("tuned_net")

LAWS = [
    (GaussianFrequencies(0.7), 1),
    (GaussianFrequencies(0.7), 3),
    (CauchyFrequencies(1.3), 1),
    (StudentFrequencies(1.3, 0.8), 1),
    (StudentFrequencies(1.3, 1.2), 2),
    (FoldedCauchyFrequencies(0.7, 0.9), 1),
    (RegulatedFrequencies(0.0, 1.0, 3.0, "hard"), 2),
    (RegulatedFrequencies(1.0, 1.3, 3.0, "hard"), 1),
    (RegulatedFrequencies(1.5, 0.8, 2.0, "gaussian"), 3),
    (SpectralFrequencies(TUNED.spectrum, 0.5, np.inf), 2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("law", "dim"), LAWS, ids=lambda value: str(value)[:40])
def test_frequency_laws_agree_with_themselves(law: FrequencyLaw, dim: int):
    """Density, quantile, transform and program of a law are one law: each against the density, by quadrature.

    The quantile by the probability of eight balls, the transform at four distances, the program's log density at five
    rows: to 1e-6, where the cubic interpolation of regulated laws is right to 1e-9.
    """
    import jax.numpy as jnp

    from nnqft_ppl.laws.fourier import omega, sphere_area

    u = np.array([1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
    radii = law.radius_quantile(u, dim)
    x, w = np.polynomial.legendre.leggauss(200)

    def mass(start: float, stop: float, r: float = 0.0) -> float:
        """The integral of the density and of exp(ib.z), |z| = r, between two radii, on panels that double."""
        edges = [start, *np.geomspace(max(start, 1e-3 * stop), stop, 40)] if stop > start else [start, stop]
        total = 0.0
        for a, b in itertools.pairwise(edges):
            p = a + (b - a) * (x + 1) / 2
            total += float(
                np.sum((b - a) / 2 * w * sphere_area(dim) * p ** (dim - 1) * law.density(p, dim) * omega(dim, r * p))
            )
        return total

    for probability, radius in zip(u, radii, strict=True):
        assert mass(0.0, float(radius)) == pytest.approx(probability, abs=2e-6)
    far = float(law.radius_quantile(np.array([1 - 1e-7]), dim)[0])
    if far < 1e3:  # lighter tails than a power, whose transform quadrature on panels resolves
        for r in (0.1, 0.5, 1.0, 2.0):
            z = np.array(r / law.scale)
            assert law.characteristic(z, dim) == pytest.approx(mass(0.0, far, float(z)), abs=2e-6)
    rows = np.zeros((5, dim))
    rows[:, 0] = radii[2:7]
    program = law.distribution(dim).to_event(1 - law.distribution(dim).event_dim)
    assert np.exp(np.asarray(program.log_prob(jnp.asarray(rows)))) == pytest.approx(
        law.density(radii[2:7], dim), rel=1e-6
    )


def test_laws_of_the_line_stay_on_it():
    with pytest.raises(InputError, match="CauchyFrequencies: dim must be 1, got 2"):
        CauchyFrequencies(1.0).characteristic(np.ones(1), 2)


@pytest.mark.slow
def test_a_table_of_a_law_serves_both_precisions():
    """JAX keeps what it made of one array: draws in single precision had met the table of a search in double."""
    net = load("wine_bottle", width=3)
    vacua(net)
    assert field_draws(net, [[0.0]], draws=8, seed=0).shape == (8, 1, 2)


# -- cards of a user's own ---------------------------------------------------------------------------------------------

BASE = """
from dataclasses import dataclass
from nnqft_ppl.laws import GaussianFrequencies
from nnqft_ppl.theory import AmplitudeLaw, CosineArchitecture, Gaussian, Positive

@dataclass(frozen=True, kw_only=True)
class Waves(CosineArchitecture):
    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the amplitudes
    scale: Positive = 1.0  #: scale of the frequencies

    @property
    def frequency_law(self):
        return GaussianFrequencies(self.scale)
"""

CARD = '''"""Waves of a user's own."""
from dataclasses import dataclass
from typing import final
from their_waves import Waves

@final
@dataclass(frozen=True, kw_only=True)
class Mine(Waves):
    """phi(x) = sum_i a_i cos(b_i.x + c_i): (24)."""
    scale: float = 2.0  #: another default
'''


@pytest.mark.slow
def test_a_card_on_a_base_class_of_the_user_is_listed(tmp_path):
    (tmp_path / "their_waves.py").write_text(BASE)
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "my_waves.py").write_text(CARD)
    code = (
        "import sys; from nnqft_ppl import models; from nnqft_ppl.catalogue import entry;"
        f"sys.path.insert(0, {str(tmp_path)!r}); models.add({str(tmp_path / 'cards')!r}); e = entry('my_waves');"
        "print([h.name for h in e.hyperparameters], e.exact, e.claims[1])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "['width', 'dim', 'sigma_a', 'amplitude', 'scale'] every order translation\n"


def test_listing_the_catalogue_imports_no_card():
    code = "import sys; from nnqft_ppl.catalogue import entries; entries(); print('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
    assert len(entries()) >= 23


@pytest.mark.slow
def test_a_card_with_imports_of_the_old_face_says_where_they_are(tmp_path):
    (tmp_path / "old.py").write_text(CARD.replace("their_waves import Waves", "nnqft_ppl import Architecture"))
    code = f"from nnqft_ppl import models; models.add({str(tmp_path / 'old.py')!r}); models.card('old')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "what cards import is in nnqft_ppl.theory and nnqft_ppl.laws" in result.stderr.splitlines()[-1]
