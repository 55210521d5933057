"""What a test of an axiom says: a statistic, the threshold it is held against, the smallest violation it can see."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Outcome = Literal["pass", "up to cutoff", "undecided", "fail"]

#: Standard errors beyond which a Monte Carlo test fails: 6e-7 false alarms a comparison, two-sided.
Z_LIMIT = 5.0

#: Standard errors above the threshold of a violation that is seen with 99 % probability.
Z_POWER = 2.33


class Verdict(NamedTuple):
    """One test of one axiom for one theory."""

    axiom: str
    test: str
    outcome: Outcome
    statistic: float  #: what was measured
    tolerance: float  #: beyond which it is a violation
    effect: float = math.nan  #: smallest relative violation that a Monte Carlo test sees with 99 % probability
    draws: int | None = None
    detail: str = ""


SEVERITY: tuple[Outcome, ...] = ("pass", "up to cutoff", "undecided", "fail")


def together(verdicts: Sequence[Verdict]) -> Outcome:
    """The outcome of several tests of one axiom: the worst of them."""
    return worst(verdict.outcome for verdict in verdicts)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several outcomes: a failure outweighs a question, a question a pass."""
    return SEVERITY[max(map(SEVERITY.index, outcomes))]
