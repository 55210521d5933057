"""Actions by expression and amplitude laws by name: what they mean, and one line for what is wrong."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnqft_ppl as nq
from nnqft_ppl import InputError, load, names
from nnqft_ppl.theory.amplitudes import NAMED_LAWS
from nnqft_ppl.theory.expressions import Expression

pytestmark = pytest.mark.usefixtures("quick_compilation")

WITH_LAW = [name for name in names() if hasattr(load(name), "amplitude")]

# -- actions by expression ---------------------------------------------------------------------------------------------

MEANINGS: list[tuple[str, Any]] = [
    ("0.1*phi^4 - 0.3*phi**2 + cos(phi)", lambda p: 0.1 * p**4 - 0.3 * p**2 + np.cos(p)),
    ("-phi^2", lambda p: -(p**2)),
    ("2^-1*phi^2^2/3", lambda p: p**4 / 6),
    ("-2-3-4*phi/2/2", lambda p: -5 - p),
    ("3", lambda p: 3 + 0 * p),
    ("2^phi*pi", lambda p: 2**p * np.pi),
    ("square*.5e0", lambda p: p**2 / 2),
    ("exp(-(phi-1)^2) + sqrt(abs(phi))", lambda p: np.exp(-((p - 1) ** 2)) + np.sqrt(abs(p))),
    ("log1p(phi*phi)*tanh(phi) + log(cosh(phi))", lambda p: np.log1p(p**2) * np.tanh(p) + np.log(np.cosh(p))),
    ("sin(phi)/tan(0.3) + (+phi)", lambda p: np.sin(p) / np.tan(0.3) + p),
    ("phi+" * 3000 + "phi", lambda p: 3001 * p),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS, ids=[text[:40] for text, _ in MEANINGS])
def test_expressions_mean_what_they_say(text, meaning):
    phi = np.array([-1.3, 0.0, 0.7, 2.0])
    for value in (Expression(text)(phi), Expression(text)(jnp.asarray(phi))):
        np.testing.assert_allclose(value, meaning(phi), rtol=1e-12)


def test_an_expression_is_a_value():
    assert Expression("phi +  1") == Expression(" phi + 1 ")
    assert hash(Expression("phi")) == hash(Expression("phi "))
    assert Expression("phi + 1") != Expression("1 + phi")
    gradient = jax.grad(lambda p: Expression("phi^4 + phi^1 + phi^0")(p).sum())(jnp.zeros(3))
    assert gradient.tolist() == [1.0, 1.0, 1.0]
    phi = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
    assert Expression("square + phi1*phi3")(phi).tolist() == [17.0, 6.25]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1), ("phi^", 5), ("phi phi", 5), ("foo(phi)", 1), ("phi.real", 4), ("__import__('os')", 12), ("1e400", 1),
        ("(phi", 5), ("phi)", 4), ("phi2", 1), ("1/0 + phi", 2), ("(-1)^.5", 5), ("10^400", 3), ("2phi", 2),
        ("cos phi", 1), ("x", 1), ("phi*-1", 5), ("lambda: 1", 7), ("phi;phi", 4), ("exec(phi)", 1), ("phi0", 1),
    ],
)  # fmt: skip
def test_a_wrong_expression_names_the_place(text, position):
    with pytest.raises(InputError, match=f"position {position}: ") as caught:
        nq.deform(load("cauchy", width=2), text, [[0.0]])
    assert "\n" not in str(caught.value)


def test_wrong_expressions_of_other_kinds():
    with pytest.raises(InputError, match="fewer brackets inside each other"):
        Expression("(" * 5000 + "phi" + ")" * 5000)
    with pytest.raises(InputError, match="name must be one of phi1, phi2, square, pi, got 'phi'"):
        nq.deform(load("vector", components=2), "phi^2", [[0.0]])


# -- amplitude laws by name --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_LAW)
def test_every_card_takes_the_name_of_a_law(name):
    for key, law in NAMED_LAWS.items():
        assert load(name, amplitude=key) == load(name, amplitude=law())
    assert load(name, amplitude="bimodal:mu=1, s=0.25") == load(name, amplitude=nq.Bimodal(mu=1.0, s=0.25))


@pytest.mark.parametrize("text", ["bimodal:mu", "bimodal:=1", "bimodal:mu=1,mu=2", "bimodal:nu=1", "bimodal:mu=x", "b"])
def test_a_wrong_law_is_one_line(text):
    with pytest.raises(InputError, match=r"amplitude|Bimodal") as caught:
        load("cos_net", amplitude=text)
    assert "\n" not in str(caught.value)
