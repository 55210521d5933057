"""What a test says: its statistic, the threshold it is held against, the smallest violation it can see."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

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


class Finding(NamedTuple):
    """One line of what `check` says of a card."""

    part: Literal["contract", "claims", "theorems"]
    what: str  #: a rule of the contract, a symmetry, or a closed form and what it is held against
    verdict: Literal["ok", "WRONG", "not checked"]
    detail: str = ""
    measured: float = math.nan  #: by draws
    error: float = math.nan  #: its standard error
    expected: float = math.nan  #: by the card
    comparisons: int = 0  #: with draws, each of which may be off by chance

    @property
    def line(self) -> str:
        """The finding as one line of text."""
        numbers = ""
        if not math.isnan(self.measured):
            z = f", z {(self.measured - self.expected) / self.error:+.1f}" if self.error > 0 else ""
            numbers = f"measured {self.measured:.5g} +- {self.error:.1g}, expected {self.expected:.5g}{z}"
        said = "; ".join(part for part in (numbers, self.detail) if part)
        return f"{self.what}: {said}" if said else self.what


def compared(
    part: Literal["contract", "theorems"], what: str, measured: float, error: float, expected: float
) -> Finding:
    """A number of a card against its average over draws: wrong beyond Z_LIMIT standard errors."""
    numbers: Any = (measured, error, expected, 1)
    if not math.isfinite(expected) or not abs(measured - expected) <= Z_LIMIT * error:
        return Finding(part, what, "WRONG", "", *numbers)
    if expected and Z_LIMIT * error > abs(expected):
        return Finding(part, what, "not checked", "too few draws: an error of 100 % would not be seen", *numbers)
    sees = f"sees errors of {Z_LIMIT * error / abs(expected):.1%}" if expected else ""
    return Finding(part, what, "ok", sees, *numbers)
