"""What objects say of themselves: on the screen in a few lines, in a notebook as a table, and to `help`."""

import pydoc
from typing import Any

import numpy as np
import numpyro.distributions as dist
import pytest

import nnqft_ppl as nq
from nnqft_ppl.axioms.verdicts import Finding
from nnqft_ppl.catalogue import entry
from nnqft_ppl.checks.check import Checked
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.classical.vacua import Vacua
from nnqft_ppl.runtime.arrays import few_lines

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.array([[0.0], [1.0], [2.0], [2.5]])


def transformed() -> Any:
    seen = nq.observe(nq.load("cos_net", width=3), X[:2], [0.1, 0.2], noise=0.3)
    return nq.give_laws(nq.deform(seen, "0.1*phi^4", X), sigma_b=dist.LogNormal(0.0, 1.0))


#: Results of public verbs, made cheaply, and a word that each has to say.
RESULTS = {
    "theory": (lambda: nq.load("cos_net", width=3), "width"),
    "transformed": (transformed, "2 values, noise 0.3"),
    "duality": (lambda: nq.duality(nq.load("cos_net"), nq.load("gauss_net"), X), "four_point_gap"),
    "oscillator": (lambda: nq.Oscillator("phi^4"), "phi^4"),
    "vacua": (lambda: Vacua(1.0, 1, np.array([0.0, 16.0]), 275.4, 1, 2, 1), "radius"),
    "reference": (lambda: nq.reference("line"), "rejection"),
    "limit": (lambda: nq.limit_posterior(nq.load("cos_net"), X[:2], [0.1, 0.2], 0.3, X), "mean"),
    "field law": (lambda: nq.field_law(nq.load("cos_net", width=3, amplitude="rayleigh"), X[:1]), "half"),
    "landscape": (lambda: ClassicalFields(3, np.array([-1.0, 1.0]), np.eye(2)), "amplitudes"),
    "check": (lambda: Checked("Line()", (Finding("contract", "fields", "WRONG", "no range"),)), "WRONG: 1"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_speak_in_few_lines(name):
    make, word = RESULTS[name]
    value: Any = make()
    said, html = repr(value), value._repr_html_()
    assert len(said.splitlines()) <= 12
    assert "<table>" in html
    assert len(said) < 2000
    assert word in (said if name != "theory" else said + html)
    assert "array([" not in said
    assert " at 0x" not in said


def test_every_named_result_of_a_public_verb_has_a_table():
    """A result whose repr is ours is shown in a notebook too."""
    from nnqft_ppl.classical import maxima
    from nnqft_ppl.inference.data import Data
    from nnqft_ppl.inference.posterior import Posterior
    from nnqft_ppl.interacting.energies import Energies

    for cls in (maxima.Modes, maxima.Mode, Posterior, Data, Energies):
        assert cls.__repr__ is few_lines
        assert hasattr(cls, "_repr_html_")


@pytest.mark.parametrize("name", ["cos_net", "tuned_net", "line", "wine_bottle", "sine_path"])
def test_help_tells_hyperparameters(name):
    """The name, the range in words, and the meaning of each, as the catalogue reads them by another way."""
    page = pydoc.plain(pydoc.render_doc(nq.models.card(name)))
    for one in entry(name).hyperparameters:
        assert f"{one.name} : " in page
        assert one.meaning in page
    assert "lambda" not in page.split("Method resolution order")[0]
    if name == "cos_net":
        assert "sigma_b : positive and finite, 1.0 by default" in page
