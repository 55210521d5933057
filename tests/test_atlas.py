"""The atlas: formulas that browsers show, facts that agree with draws, tables behind the sliders, cards of one's own."""

import re
import xml.dom.minidom

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

import nnqft_ppl as nq
from nnqft_ppl.atlas.curves import Curve
from nnqft_ppl.atlas.facts import Missing, finite_theory, had
from nnqft_ppl.atlas.figures import sign_words, width_picture
from nnqft_ppl.atlas.formulas import mathml, split_formula
from nnqft_ppl.atlas.sliders import slider_tables
from nnqft_ppl.atlas.svg import Axis, number
from nnqft_ppl.atlas.tables import readable
from nnqft_ppl.catalogue import entries
from nnqft_ppl.theory.generic import generic_points

pytestmark = pytest.mark.usefixtures("quick_compilation")
NOTHING = np.empty(0)


# -- formulas ----------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """The formula without its markup."""
    return re.sub(r"<[^>]*>", "", mathml(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b_i ~ N(0, sigma_b^2/d)", "<msubsup><mi>σ</mi><mrow><mi>b</mi></mrow><mrow><mn>2</mn></mrow></msubsup>"),
        ("sum_(j=1..N) a_kj", "<munder><mo>∑</mo><mrow><mi>j</mi><mo>=</mo><mn>1</mn><mo>…</mo><mi>N</mi></mrow></munder>"),
        ("sqrt(b^2 + m^2)", "<msqrt><msup><mi>b</mi><mrow><mn>2</mn></mrow></msup>"),
        ("x^-1", "<msup><mi>x</mi><mrow><mo>−</mo><mn>1</mn></mrow></msup>"),
        ("G^(2)_kl", "<msubsup><mi>G</mi><mrow><mi>k</mi><mi>l</mi></mrow><mrow><mn>2</mn></mrow></msubsup>"),
    ],
)  # fmt: skip
def test_formulas(text, expected):
    assert expected in mathml(text)


def test_words_stay_words():
    assert mathml("a mixture of normals") == "a mixture of normals"
    assert plain("F = 1 or b.b, for Cos-net.") == "F =1 or b⋅b, for Cos-net."


@pytest.mark.parametrize("text", ["(a", "a)", "[a)"])
def test_what_cannot_be_read_is_shown_as_it_is(text):
    assert mathml(text) == f"<span>{text}</span>"


def test_signs_of_html_are_escaped():
    assert xml.dom.minidom.parseString(f"<a>{mathml('x < y & z')}</a>")
    assert mathml("(<b>") == "<span>(&lt;b&gt;</span>"


def test_every_formula_of_the_catalogue_is_read():
    """Well-formed, with mathematics in it, and none given up as plain text."""
    for entry in entries():
        texts = [split_formula(entry.formula)[0], *(t.statement for t in nq.models.card(entry.name).theorems())]
        for text in texts:
            shown = mathml(text)
            xml.dom.minidom.parseString(f"<a>{shown}</a>")
            assert "<math>" in shown or "=" not in text, (entry.name, text)


# -- figures -----------------------------------------------------------------------------------------------------------


def test_axes_have_round_ticks():
    assert Axis(0.0, 6.0, False).ticks() == [0.0, 2.0, 4.0, 6.0]
    assert Axis(0.0, 3.0, True).ticks() == [1.0, 10.0, 100.0, 1000.0]
    assert [number(v) for v in (0.0, 0.25, -1.0, 2e-5, 1e6)] == ["0", "0.25", "−1", "2·10⁻⁵", "10⁶"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.3, 0.03, 0.003], "G4c is positive at every width."),
        ([-0.3, -0.03, -0.003], "G4c is negative at every width."),
        ([0.3, 0.01, -0.02], "G4c is positive up to N = 10 and negative from N = 100."),
        ([0.0, 1e-18, 0.0], "G4c vanishes at every width."),
    ],
)
def test_the_sign_of_the_interaction(values, words):
    curve = Curve(np.array([1.0, 10.0, 100.0]), np.array(values), NOTHING, NOTHING, NOTHING, NOTHING)
    assert sign_words(curve) == words
    assert (width_picture(curve) is None) == ("vanishes" in words)


def test_ranges_are_readable():
    assert readable("Static[Positive]") == "Positive"
    assert readable("Literal['hard', 'gaussian']") == "hard or gaussian"


def test_what_cannot_be_had_is_a_sentence():
    found = had(lambda: nq.exact_correlator(nq.load("deep_net", activation="tanh"), [[0.0], [1.0]]))
    assert isinstance(found, Missing)
    assert found.why.startswith("DeepNet has closed forms for activation = cos")


# -- sliders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["coupled_cos_net", "wine_bottle", "line"])
def test_slider_tables_are_the_theory(name):
    """Some combinations, looked up as the page does it, against the exact engine."""
    net = finite_theory(name)
    found = slider_tables(net)
    widths = found.widths if found.sliders[0].name == "width" else None
    others = found.sliders[1:] if widths else found.sliders
    rng = np.random.default_rng(0)
    for _ in range(4):
        picked = [int(rng.integers(len(one.values))) for one in found.sliders]
        values = {one.name: one.values[k] for one, k in zip(found.sliders, picked, strict=True)}
        if widths:
            values["width"] = int(values["width"])
        theory = nq.load(name, **values)
        inner = picked[1:] if widths else picked
        place = int(np.ravel_multi_index(inner, [len(one.values) for one in others])) if inner else 0
        combinations = int(np.prod([len(one.values) for one in others]))
        two = np.array(found.curves[found.two_point[place + (picked[0] * combinations if widths else 0)]], float)
        x = np.zeros((len(found.r), 2, theory.dim))
        x[:, 1, 0] = found.r
        assert np.allclose(two, nq.exact_correlator(theory, x), rtol=1e-4, atol=1e-12)
        four = np.array(found.curves[found.four_point[place]], float)[picked[0] if widths else 0]
        points = generic_points(net)
        assert np.isclose(four, float(nq.exact_correlator(theory, points, "connected")), rtol=1e-4, atol=1e-12)
    assert [one.values[one.start] for one in found.sliders] == [getattr(net, one.name) for one in found.sliders]


def test_a_slider_keeps_to_the_range_of_its_hyperparameter():
    sliders = {one.name: one for one in slider_tables(finite_theory("coupled_cos_net")).sliders}
    assert min(sliders["epsilon"].values) == 0.0
    assert max(sliders["epsilon"].values) == 1.0
    assert min(sliders["sigma_b"].values) > 0.0


# -- pages -------------------------------------------------------------------------------------------------------------

OWN = '''"""Cubes of plane waves."""

from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
from nnqft_ppl.laws import isotropic_normal, uniform_phases
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Gaussian, Positive


@final
@dataclass(frozen=True, kw_only=True)
class AtlasCubes(Architecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i)^3 & <b>: (1)."""

    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat

    claims = ("Z2", "translation", "reflection", "permutation")

    def prior(self):
        n = self.neuron_count
        return {"a": self.amplitudes(), "b": isotropic_normal(1.0, self.dim, n), "c": uniform_phases(n)}

    def neuron(self, x, *, b, c):
        return jnp.cos(jnp.dot(b, x) + c) ** 3
'''


@pytest.mark.slow
def test_a_card_of_ones_own_without_closed_forms(tmp_path, monkeypatch):
    """Estimates and draws are there, and a sentence for everything exact; what looks like markup is text."""
    monkeypatch.setattr(nq.models, "_single_files", {})
    card = tmp_path / "atlas_cubes.py"
    card.write_text(OWN)
    nq.models.add(card)
    front = nq.write_atlas(tmp_path / "atlas", ["atlas_cubes"], draws=20_000)
    page = front.with_name("atlas_cubes.html").read_text()
    assert "AtlasCubes has no closed form for its neuron moments; use an estimator" in page
    assert "AtlasCubes has no closed form for its power spectrum." in page
    assert "<b>" not in page
    assert page.count('<circle class="dot c1') >= 7
    table = pd.read_csv(front.parent / "tables" / "atlas_cubes.correlators.csv")
    two = table[(table["order"] == 2) & (table["kind"] == "full") & (table["configuration"] < 7)]
    r = np.array([0.75, 1.5, 2.25, 3.0, 3.75, 4.5, 5.25])
    expected = (9 * np.exp(-(r**2) / 2) + np.exp(-9 * r**2 / 2)) / 32  # cos^3 = (3 cos + cos 3.)/4
    assert (np.abs(two["estimate"] - expected) < 5 * two["mcse"]).all()


def test_a_card_that_cannot_be_loaded_is_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(nq.models, "_single_files", {"atlas_broken": tmp_path / "atlas_broken.py"})
    (tmp_path / "atlas_broken.py").write_text("1/0\n")
    page = nq.write_atlas(tmp_path / "atlas", ["atlas_broken"], draws=1000).read_text()
    assert "Cards that could not be read" in page
    assert "ZeroDivisionError" in page


@pytest.mark.parametrize(
    ("wish", "words"),
    [({"draws": 10}, "draws must be at least 1000"), ({"cards": []}, "at least one"), ({"jobs": 0}, "jobs must be")],
)
def test_bad_wishes_are_one_line(tmp_path, wish, words):
    with pytest.raises(nq.InputError, match=words):
        nq.write_atlas(tmp_path, **{"cards": ["line"], **wish})


def test_the_script_and_the_frame_agree():
    """Signs and superscripts of ticks are those of `svg.py`."""
    script = (ROOT / "nnqft_ppl" / "atlas" / "templates" / "atlas.js").read_text()
    assert "⁻⁰¹²³⁴⁵⁶⁷⁸⁹" in script
