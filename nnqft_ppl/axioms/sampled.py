"""Verdicts on reflection positivity by draws, for theories with an action and for those without exact kernels, (13).

A noisy Gram matrix has negative eigenvalues for a positive theory too. So E[theta(A) A] is measured for a functional A
that is fixed beforehand: the lowest one of a first half of the draws, and where P(theta) has closed forms the lowest
one of the theory without its factors. Below -5 standard errors the theory fails; above, nothing is decided.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnqft_ppl.axioms.gram import Products, ReflectionTest, lowest_direction, products, reflect, reflection_test
from nnqft_ppl.axioms.verdicts import Z_LIMIT, Z_POWER, Outcome, Verdict
from nnqft_ppl.correlation.fields import Fields, fields
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.conditioned import Model, conditioned

HALF, FREE = "a first half of the draws", "P(theta) without its factors"


class Question(NamedTuple):
    """Products of fields whose norms are asked for by draws."""

    axiom: str
    name: str  #: of the products, such as {1, phi^2}
    chosen: Products

    @property
    def places(self) -> Array:
        """Where the field is looked at: the points and their mirror images."""
        return np.concatenate([reflect(self.chosen.points), self.chosen.points])


def question(net: Model, axiom: str, points: Array, degrees: Sequence[int]) -> Question:
    """All products of the given degrees of fields at `points`, in all components."""
    names = ("1" if k == 0 else "phi" if k == 1 else f"phi^{k}" for k in degrees)
    return Question(axiom, f"{{{', '.join(names)}}}", products(points, conditioned(net).net.component_count, *degrees))


def sampled_verdict(net: Model, axiom: str, points: Array, degrees: Sequence[int], *, draws: int, seed: int) -> Verdict:
    """The norm of one functional that a first half of the draws has chosen, or one line that says why there is none."""
    asked = question(net, axiom, points, degrees)
    try:
        sample = fields(net, asked.places, draws=draws, seed=seed)
    except InputError as error:
        return Verdict(axiom, f"{asked.name}, draws", "undecided", np.nan, -Z_LIMIT, detail=str(error))
    return norm_verdict(asked, sample, None)


def norm_verdicts(net: Model, asked: Question, sample: Fields) -> list[Verdict]:
    """The norms of the functional that a first half of the draws has chosen, and of that which P(theta) has."""
    found = [norm_verdict(asked, sample, None)]
    try:
        matrix = asked.chosen.gram(conditioned(net).net)
    except InputError:  # no closed form, or infinite at a point
        return found
    norms = np.abs(np.diag(matrix))
    return [*found, norm_verdict(asked, sample, lowest_direction(matrix, norms))]


def norm_verdict(asked: Question, sample: Fields, direction: Array | None) -> Verdict:
    """v^T M v in standard errors; `effect` is the smallest negative norm that is seen, in units of E[A^2]."""
    found: ReflectionTest = reflection_test(sample, asked.chosen, direction)
    outcome: Outcome = "fail" if found.z < -Z_LIMIT and found.sound else "undecided"
    by = HALF if direction is None else FREE
    trust = "" if found.sound else "; too few effective draws for an honest error"
    return Verdict(
        asked.axiom,
        f"{asked.name}, draws",
        outcome,
        found.z,
        -Z_LIMIT,
        (Z_LIMIT + Z_POWER) * found.mcse / found.size,
        found.draws,
        f"norm {found.value:.3g} +- {found.mcse:.1g} of the lowest functional by {by}{trust}",
    )
