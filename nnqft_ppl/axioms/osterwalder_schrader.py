"""Is it a quantum field theory? The Osterwalder-Schrader axioms of one theory, and of the whole catalogue.

Permutations, Euclidean invariance, reflection positivity and cluster decomposition at the theory's own width; then the
same question for its limit N -> infinity. Where neurons are independent the limit is Gaussian, so that its two-point
function decides; a theory that keeps an interaction there is asked for its products of fields as well.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnqft_ppl.axioms.cluster import AXIOM, GROWTH, LIMIT, ROUNDING, WIDTHS, cluster_verdicts
from nnqft_ppl.axioms.products import PAIRS, TRIPLES, block_points, pair_verdicts, triple_verdicts
from nnqft_ppl.axioms.reflection_positivity import LINEAR, linear_points, linear_verdicts
from nnqft_ppl.axioms.sampled import norm_verdicts, question
from nnqft_ppl.axioms.symmetries import (
    asked,
    exact_verdict,
    judged,
    symmetry_places,
    symmetry_test,
    symmetry_verdict,
)
from nnqft_ppl.axioms.verdicts import Outcome, Verdict, together, worst
from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.correlation.fields import fields
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import SYMMETRIES, Architecture
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned
from nnqft_ppl.theory.generic import generic_points

SPACE = ("translation", "rotation", "reflection")
#: Axioms of correlators at the theory's own width, in the order of the paper.
AXIOMS = ("permutation", *SPACE, LINEAR, PAIRS, TRIPLES, AXIOM)

#: What stands at the head of a narrow column.
SHORT = {name: name for name in SYMMETRIES} | {LINEAR: "RP 2", PAIRS: "RP 4", TRIPLES: "RP 6", AXIOM: "cluster"}

DRAWS = 100_000


def axiom_verdicts(net: Model, *, draws: int = DRAWS, seed: int = 0) -> list[Verdict]:
    """Every test of every axiom at the theory's own width, symmetries of the field first, and the cluster limit.

    The Osterwalder-Schrader axioms: permutations, Euclidean invariance (17)-(20), reflection positivity (13)-(16) and
    cluster decomposition; and Z2 (12), SO(D) (42) beside them.

    Parameters
    ----------
    net
        The theory. One with an action, a source or data, or unknown hyperparameters, is asked by draws alone: weighted
        networks, or chains where these do not do.
    draws, seed
        Of the tests that have no closed form to go by: symmetries by common random numbers, reflection positivity by a
        vector fixed beforehand on a fifth of the draws; all on a fifth of them for a theory with an action.

    Returns
    -------
    A list of verdicts, each with the ``axiom``; the ``test``; its ``outcome``, pass, up to cutoff, undecided or fail;
    the ``statistic`` that was measured and the ``tolerance`` beyond which it is a violation; of tests by draws their
    number ``draws``, and the smallest relative violation ``effect`` that they see with 99 % probability; and a remark,
    ``detail``.

    Raises
    ------
    InputError
        for a theory with an action that only chains can sample, in single precision.

    Examples
    --------
    At finite width the Cauchy net is no quantum theory, although its two-point function, (32), is that of a free field:

    >>> verdicts = nq.axiom_verdicts(nq.load("cauchy", width=10))
    >>> [(one.axiom, one.test) for one in verdicts if one.outcome == "fail"]
    [('reflection positivity, 6-point', '{phi, phi^3}'), ('cluster decomposition', '2 | 2')]
    """
    if conditioned(net).factored:
        return _by_draws(conditioned(net), draws // 5, seed)
    net = conditioned(net).net
    verdicts = [symmetry_verdict(net, symmetry, draws=draws, seed=seed) for symmetry in asked(net)]
    verdicts += linear_verdicts(net, draws=draws // 5, seed=seed)
    for products in (pair_verdicts, triple_verdicts):
        verdicts += products(net, draws=draws // 5, seed=seed)
    return [*verdicts, *cluster_verdicts(net)]


def _by_draws(model: Conditioned, draws: int, seed: int) -> list[Verdict]:
    """Every axiom of a theory with factors beside P(theta), from one sample of its field."""
    net, symmetries = model.net, asked(model.net)
    degrees = {PAIRS: 2, TRIPLES: 3}
    questions = [question(net, LINEAR, linear_points(net), (1,))] + [
        question(net, axiom, points, (degree - 2, degree))
        for axiom, degree in degrees.items()
        for points in block_points(net, degree)
    ]
    places = np.concatenate([symmetry_places(net, symmetries), *(one.places for one in questions)])
    sample = fields(model, places, draws=draws, seed=seed)
    verdicts = [judged(symmetry, symmetry_test(net, sample, symmetry)) for symmetry in symmetries]
    for one in questions:
        verdicts += norm_verdicts(model, one, sample)
    beside = ", ".join([*model.factors, *(name for name, _ in model.unknown)])
    detail = f"{type(net).__name__} has {beside} beside P(theta), so that its correlators far away are not exact"
    return [*verdicts, Verdict(AXIOM, "1 | 1", "undecided", np.nan, np.nan, detail=detail)]


class Conclusion(NamedTuple):
    """Whether a theory satisfies the axioms at its width and at infinite width, and what is in the way."""

    here: Outcome
    limit: Outcome | None  #: None for a theory of fixed width
    reasons: tuple[str, ...]  #: axioms that fail at this width
    limit_reasons: tuple[str, ...]  #: axioms that fail at infinite width

    @property
    def infinite(self) -> str:
        """What to say of N = infinity, in a few words."""
        if self.limit is None:
            return "N is fixed"
        if self.limit == "fail":
            return f"not quantum: {', '.join(SHORT[axiom] for axiom in self.limit_reasons)}"
        return {"pass": "quantum", "up to cutoff": "quantum up to its cutoff", "undecided": "undecided"}[self.limit]

    @property
    def words(self) -> str:
        """One line for a reader."""
        reasons = ", ".join(SHORT[axiom] for axiom in self.reasons)
        here = f"at this width not quantum: {reasons}" if self.here == "fail" else f"at this width {self.here}"
        return f"{here}; N is fixed" if self.limit is None else f"{here}; at N = infinity {self.infinite}"


def conclude(net: Model, verdicts: Sequence[Verdict]) -> Conclusion:
    """Put the verdicts of `axiom_verdicts` together, and ask the limit N -> infinity what they leave open."""
    by_axiom = {axiom: [v for v in verdicts if v.axiom == axiom] for axiom in (*AXIOMS, LIMIT)}
    here: dict[str, Outcome] = {axiom: together(found) for axiom, found in by_axiom.items() if found and axiom != LIMIT}
    reasons = _failures(here)
    if isinstance(net, Conditioned) and net.factored:
        return Conclusion(worst(here.values()), "undecided", reasons, ())
    net = conditioned(net).net
    if not by_axiom[LIMIT]:
        return Conclusion(worst(here.values()), None if _fixed(net) else "undecided", reasons, ())
    limit: dict[str, Outcome] = {AXIOM: together(by_axiom[LIMIT])}
    wide = replace(net, width=WIDTHS[1])
    gaussian = limit[AXIOM] == "pass" and _interaction_vanishes(net, wide)
    for symmetry in (axiom for axiom in here if axiom in ("permutation", *SPACE)):
        # The two-point function decides a Gaussian theory; it does not depend on the width.
        limit[symmetry] = exact_verdict(wide, symmetry, orders=(1, 2) if gaussian else (1, 2, 4)).outcome
    limit[LINEAR] = here[LINEAR]
    if not gaussian:
        limit[PAIRS], limit[TRIPLES] = together(pair_verdicts(wide)), together(triple_verdicts(wide))
    return Conclusion(worst(here.values()), worst(limit.values()), reasons, _failures(limit))


def _interaction_vanishes(net: Architecture, wide: Architecture) -> bool:
    """Does G4c/G4 fall like 1/N to the width of `wide`, by the law and not by what the card calls itself?"""
    narrow, x = replace(net, width=WIDTHS[0]), generic_points(net)
    near, far = (
        float(np.abs(exact_correlator(one, x, "connected") / exact_correlator(one, x))) for one in (narrow, wide)
    )
    return far <= max(GROWTH * near * WIDTHS[0] / WIDTHS[1], ROUNDING)


def _failures(outcomes: dict[str, Outcome]) -> tuple[str, ...]:
    return tuple(axiom for axiom in AXIOMS if outcomes.get(axiom) == "fail")


def _fixed(net: Architecture) -> bool:
    try:
        replace(net, width=net.width + 1)
    except InputError:
        return True
    return False
