"""Every verb of the package asked of every kind of theory: what works, and what is refused in one line.

`make protocol` writes docs/PROTOCOL.md. Whatever is made from a theory is a theory: each cell returns what the verb
documents, or raises `InputError`; nothing else. Widths and budgets are tiny, as the question is not what comes out.
"""

import itertools
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpyro.distributions as dist
import numpyro.handlers
import pandas as pd
from numpyro.distributions import LogNormal
from xarray import DataTree

import nnqft_ppl as nq
from nnqft_ppl import InputError
from nnqft_ppl.axioms.cluster import cluster
from nnqft_ppl.axioms.duality import Duality
from nnqft_ppl.axioms.gram import ReflectionTest, sampled_reflection
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.classical.maxima import Modes
from nnqft_ppl.classical.vacua import Vacua
from nnqft_ppl.correlation.field_laws import FieldLaw
from nnqft_ppl.correlation.periodogram import Periodogram, periodogram
from nnqft_ppl.inference.gaussian_process import FiniteWidth, Normal
from nnqft_ppl.inference.posterior import Posterior
from nnqft_ppl.interacting.energies import Energies
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, conditioned

X, Y = np.array([[0.1], [0.6], [-0.4], [0.9]]), np.array([0.3, -0.2, 0.1, 0.4])


def _net() -> Any:
    return nq.load("cos_net", width=2)


def _several() -> Any:
    model = nq.deform(nq.add_source(nq.observe(_net(), X, Y, noise=0.5), X, Y), "0.1*phi^4", X)
    return nq.give_laws(model, sigma_b=LogNormal(0.0, 0.5))


#: Kinds of theories: those of a card, and what transforms make of one.
THEORIES: dict[str, Callable[[], Any]] = {
    "independent": _net,
    "dependent": lambda: nq.load("coupled_cos_net", width=2, epsilon=0.3),
    "no sampler": lambda: nq.load("gibbs_cos_net", width=2),
    "vector": lambda: nq.load("vector", width=2),
    "paths": lambda: nq.load("sine_path", width=2),
    "collapsed": lambda: nq.collapse(_net()),
    "data": lambda: nq.observe(_net(), X, Y, noise=0.5),
    "source": lambda: nq.add_source(_net(), X, Y),
    "action": lambda: nq.deform(_net(), "0.5*phi^2 + 0.1*phi^4", X),
    "collapsed data": lambda: nq.collapse(nq.observe(_net(), X, Y, noise=0.5)),
    "unknown": lambda: nq.give_laws(_net(), sigma_b=LogNormal(0.0, 0.5)),
    "several": _several,
}
#: Those that are more than P(theta) of a card.
BESIDE = ("data", "source", "action", "collapsed data", "unknown", "several")


class Verb(NamedTuple):
    """A verb with a tiny budget, what it returns, and whether it takes seconds."""

    call: Callable[[Any], Any]
    returns: Any
    slow: bool = False


def _program(model: Any) -> Any:
    return numpyro.handlers.trace(numpyro.handlers.seed(model, 0)).get_trace(X)


def _picture(model: Any) -> Any:
    components = conditioned(model).net.component_count
    return nq.plot_fields(model, X, np.zeros((3, len(X), components)[: 2 + (components > 1)]))


def _values(model: Any) -> Any:
    return Y if conditioned(model).net.component_count == 1 else np.stack([Y, Y], axis=1)


def _potential(model: Any) -> str:
    return "0.1*phi^4" if conditioned(model).net.component_count == 1 else "0.1*square^2"


def _correlators(model: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few draws are too few, and are said to be
        return nq.correlators(model, X[None], orders=[2], draws=400)


def _limit(model: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nq.gaussian_limit(model, X[None, :2], orders=(2,), draws=400)


TINY: Any = {"chains": 2, "warmup": 25, "draws": 25}

#: Those of the package's face, and of its parts what takes a theory: by the field, the neurons, the classical fields.
VERBS: dict[str, Verb] = {
    "program": Verb(_program, dict),
    "observe": Verb(lambda m: nq.observe(m, X, _values(m), noise=0.5), Conditioned),
    "deform": Verb(lambda m: nq.deform(m, _potential(m), X), Conditioned),
    "add_source": Verb(lambda m: nq.add_source(m, X, _values(m)), Conditioned),
    "give_laws": Verb(lambda m: nq.give_laws(m, sigma_a=LogNormal(0.0, 0.5)), Conditioned),
    "collapse": Verb(nq.collapse, Conditioned),
    "to_toml": Verb(lambda m: nq.from_toml(nq.to_toml(m)), (Architecture, Conditioned)),
    "to_json": Verb(lambda m: nq.from_json(nq.to_json(m)), (Architecture, Conditioned)),
    "exact_correlator": Verb(lambda m: nq.exact_correlator(m, X), np.ndarray | np.float64),
    "exact_neuron": Verb(lambda m: nq.exact_neuron(m, X, (0, 0, 1, 1)), np.ndarray | np.float64),
    "exact_mixed": Verb(lambda m: nq.exact_mixed(m, X[:2], X[2:]), np.ndarray | np.float64),
    "correlators": Verb(_correlators, pd.DataFrame, slow=True),
    "exact_derivative": Verb(lambda m: nq.exact_derivative(m, X[:2], [[1], [0]]), np.ndarray | np.float64),
    "generating_functional": Verb(lambda m: nq.generating_functional(m, X[:2], [1.0, -1.0]), np.ndarray | np.float64),
    "field_law": Verb(lambda m: nq.field_law(m, X[:1]), FieldLaw),
    "joint_density": Verb(lambda m: nq.joint_density(m, X[:2], [[0.1, 0.2]]), np.ndarray, slow=True),
    "compose": Verb(
        lambda m: nq.compose(nq.Powers(3), m, {"w": dist.Normal(0.0, 1.0)}, width=2, sums=True), Architecture
    ),
    "action": Verb(lambda m: nq.action(m, X[:2], powers=1), pd.DataFrame, slow=True),
    "gaussian_limit": Verb(_limit, list, slow=True),
    "perturbation": Verb(lambda m: nq.perturbation(m, X[:2], order=2), np.ndarray, slow=True),
    "interact": Verb(
        lambda m: nq.interact(m, "0.1*phi^4", side=1.0, nodes=2, widths=[2], configurations=X[None, :2], draws=1000),
        pd.DataFrame,
        True,
    ),
    "energies": Verb(lambda m: nq.energies(m, np.arange(4.0), shifts=(0,), lags=(0, 1), draws=200), Energies),
    "predictions": Verb(lambda m: nq.predictions(m, X), list),
    "duality": Verb(lambda m: nq.duality(_net(), m, X), Duality),
    "axiom_verdicts": Verb(lambda m: nq.axiom_verdicts(m, draws=1000), list, slow=True),
    "cluster": Verb(lambda m: cluster(m, X[:1], X[:1], [5.0]), np.ndarray),
    "sampled_reflection": Verb(lambda m: sampled_reflection(m, X[:2], draws=100), ReflectionTest),
    "field_draws": Verb(lambda m: field_draws(m, X, draws=4, seed=0), np.ndarray),
    "periodogram": Verb(lambda m: periodogram(m, [0.5, 1.0], length=2.0, spacing=0.2, draws=4, seed=0), Periodogram),
    "plot_fields": Verb(_picture, list),
    "prior_predictive": Verb(lambda m: nq.prior_predictive(m, X, draws=4), DataTree, slow=True),
    "posterior": Verb(lambda m: nq.posterior(m, X, **TINY), Posterior, slow=True),
    "limit_posterior": Verb(lambda m: nq.limit_posterior(m, X, Y, 0.5, X), Normal),
    "first_order": Verb(lambda m: nq.first_order(m, X[:1], Y[:1], 0.5, X[:1]), FiniteWidth),
    "modes": Verb(lambda m: nq.modes(m, starts=64), Modes, slow=True),
    "modes of a": Verb(lambda m: nq.modes(m, ("a",), starts=64), Modes, slow=True),
    "landscape": Verb(nq.landscape, ClassicalFields, slow=True),
    "vacua": Verb(nq.vacua, Vacua, slow=True),
    "breaking": Verb(nq.breaking, tuple, slow=True),
}

#: Public functions that are asked of no theory.
OTHERS = frozenset(
    {"check", "design", "enable_x64", "from_json", "from_toml", "load", "names"}
    | {"plot_design", "read_configurations", "read_data", "read_table", "theory_of", "wick", "write_table"}
    | {"read_sweep", "reference", "sweep", "try_sampler", "write_atlas"}  # of many theories
)


def outcome(verb: str, theory: str) -> InputError | None:
    """None where the verb returns what it says; the error where it refuses. Anything else is raised."""
    call, returns, _ = VERBS[verb]
    try:
        found = call(THEORIES[theory]())
    except InputError as error:
        return error
    if not isinstance(found, returns):
        raise TypeError(f"{verb} of {theory}: {type(found).__name__}")
    return None


# -- the table -----------------------------------------------------------------------------------------------------------


def short(error: InputError) -> str:
    """What to do, of a sentence that names the theory and what it has; other sentences whole."""
    return str(error).rpartition(" beside P(theta); ")[2]


def cells() -> Iterator[tuple[str, str, str]]:
    """Every verb and theory, and ``works`` or a refusal's short form."""
    for verb, theory in itertools.product(VERBS, THEORIES):
        error = outcome(verb, theory)
        yield verb, theory, "works" if error is None else short(error)


def report() -> str:
    """The matrix and, under it, every sentence once."""
    found = {(verb, theory): words for verb, theory, words in cells()}
    sentences = dict.fromkeys(words for words in found.values() if words != "works")
    number = {words: f"[{k + 1}]" for k, words in enumerate(sentences)}
    rows = [
        f"| {verb} | {' | '.join(number.get(found[verb, theory], found[verb, theory]) for theory in THEORIES)} |"
        for verb in VERBS
    ]
    works = sum(words == "works" for words in found.values())
    return "\n".join(
        [
            "# Every verb, of every kind of theory",
            "",
            "Made by `make protocol`. Whatever a transform returns is a theory again: a cell works, or raises `InputError`",
            "or `NoClosedForm` with one sentence that says what the theory has, what is missing, and what to do; a number",
            "is that of its short form below. The theories are those of `tests/protocol.py`: cards, and `cos_net` with",
            "what is named.",
            "",
            f"**{len(found)} cells: {works} work, {len(found) - works} say what to do.**",
            "",
            f"| verb | {' | '.join(THEORIES)} |",
            f"|{'---|' * (len(THEORIES) + 1)}",
            *rows,
            "",
            *(f"{k + 1}. {words}" for k, words in enumerate(sentences)),
            "",
        ]
    )


if __name__ == "__main__":
    nq.enable_x64()
    Path(sys.argv[1]).write_text(report(), encoding="utf-8")
