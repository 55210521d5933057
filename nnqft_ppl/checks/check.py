"""A card against itself: its contract, its claims and its theorems against its own draws, one line each."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl import models
from nnqft_ppl.axioms.symmetries import BLIND, asked, exact_verdict, sampled_symmetries
from nnqft_ppl.axioms.verdicts import Z_LIMIT, Finding, compared
from nnqft_ppl.checks.contract import contract, drawable
from nnqft_ppl.checks.declaration import declared, own_files
from nnqft_ppl.checks.draws import FAR, Networks, average, covariance, recorded
from nnqft_ppl.checks.quantities import QUANTITIES, Check
from nnqft_ppl.checks.theorems import makers, unchecked
from nnqft_ppl.runtime.arrays import few_lines, html_table
from nnqft_ppl.runtime.errors import ANY, InputError, NoClosedForm, definition, told
from nnqft_ppl.theory.architecture import SYMMETRIES, Architecture
from nnqft_ppl.theory.ranges import field_types

FALSE_ALARM = 5.7e-7  #: of one comparison beyond Z_LIMIT = 5 standard errors, two-sided


class Checked(NamedTuple):
    """What `check` says."""

    theory: str  #: the instance in words, or the card's name where none can be made
    findings: tuple[Finding, ...]

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def told(self) -> dict[str, Any]:
        """How many lines have which verdict, and those that say WRONG."""
        counts = {verdict: self.count(verdict) for verdict in ("ok", "not checked", "WRONG")}
        wrong = {one.what: one.line for one in self.findings if one.verdict == "WRONG"}
        return {"theory": self.theory, **counts, **wrong}

    @property
    def comparisons(self) -> int:
        """How many numbers were held against draws: each is off by chance with probability FALSE_ALARM."""
        return sum(finding.comparisons for finding in self.findings)

    def count(self, verdict: str) -> int:
        """How many lines say so."""
        return sum(finding.verdict == verdict for finding in self.findings)


def check(card: str, *, draws: int = 200_000, seed: int = 0, **hyperparameters: Any) -> Checked:
    """Hold a card against its contract, and what it claims and states against its own draws.

    A number is wrong where |measured - expected| > 5 standard errors, which n true numbers are with probability
    5.7e-7 n at most; a line says the smallest error that would have been seen.

    Parameters
    ----------
    card
        Name of the card, one of `names`. A file of your own joins them by ``nq.models.add("my_card.py")``.
    draws
        Number of networks.
    seed
        Seed of the draws.
    **hyperparameters
        As for `load`; `width` is 2 unless it is given or fixed, as finite width shows most there.

    Returns
    -------
    The theory in words, and `findings`: part (contract, claims or theorems), what, verdict (ok, WRONG or not checked),
    detail, measured, error, expected.

    Raises
    ------
    InputError
        for an unknown card or hyperparameter, or a value outside its range. What goes wrong in the card's own code is a
        finding.

    Examples
    --------
    Every equation that stands on the card of lines, (2)-(7).

    >>> found = nq.check("line", draws=10_000)
    >>> found.count("WRONG"), found.findings[0].line
    (0, 'class: a final frozen dataclass')
    """
    models.source(card)
    try:
        cls = models.card(card)
    except InputError as error:
        return Checked(card, (Finding("contract", "import", "WRONG", str(error)),))
    found = declared(cls)
    if cls.__abstractmethods__:
        return Checked(card, tuple(found))
    try:
        net = _instance(card, cls, hyperparameters)
    except ANY as error:
        if isinstance(error, InputError) and hyperparameters:
            raise
        line = told(error, own_files(cls), definition(cls, "__post_init__"))
        return Checked(card, (*found, Finding("contract", "instance", "WRONG", line)))
    found += contract(net, draws=draws, seed=seed)
    return Checked(repr(net), (*found, *_against_draws(net, found, draws, seed)))


def _instance(card: str, cls: type[Architecture], hyperparameters: dict[str, Any]) -> Architecture:
    if "width" not in hyperparameters and getattr(field_types(cls)["width"], "__args__", ()) == (int,):
        try:
            return models.load(card, width=2, **hyperparameters)
        except InputError:  # it may need more neurons
            pass
    return models.load(card, **hyperparameters)


def _against_draws(net: Architecture, rules: list[Finding], draws: int, seed: int) -> Iterator[Finding]:
    networks = None
    if not drawable(rules):
        yield Finding("claims", "all", "not checked", "wait for the contract")
        yield Finding("theorems", "all", "not checked", "wait for the contract")
        return
    try:
        if net.ancestral:
            networks = recorded(net, draws=draws, seed=seed)
    except ANY as error:
        line = told(error, own_files(type(net)), definition(type(net), "neuron"))
        yield Finding("theorems", "draws", "WRONG", f"no networks can be drawn: {line}")
        return
    yield from _claims(net, networks, draws, seed)
    yield from _theorems(net, networks)


# -- claims ------------------------------------------------------------------------------------------------------------


def _claims(net: Architecture, networks: Networks | None, draws: int, seed: int) -> Iterator[Finding]:
    open_to = asked(net)
    tests = sampled_symmetries(net, open_to, draws=draws, seed=seed) if networks else {}
    for name in SYMMETRIES:
        if name not in (*net.claims, *net.denies):
            continue
        what = f"{name} {'holds' if name in net.claims else 'fails'}"
        if name not in open_to:
            yield Finding("claims", what, "not checked", f"cannot be asked at dim = {net.dim}")
        elif name not in tests:
            yield _by_closed_forms(net, name, what)
        else:
            test = tests[name]
            seen, sharp = test.z > Z_LIMIT, test.effect <= BLIND
            words = f"correlators change by {test.z:.1f} standard errors"
            if not seen:
                words += f"; sees changes of {test.effect:.1%} of their size"
            right = "ok" if seen == (name in net.denies) else "WRONG"
            verdict = right if seen or sharp else "not checked"
            yield Finding("claims", what, verdict, words, comparisons=len(test.mean))
    if networks and net.independent and net.neuron_count > 1:
        one, two = networks.neurons[:, 0], networks.neurons[:, 1]
        for words, u, v in (
            ("of h_1 and h_2", one[:, FAR[0]], two[:, FAR[0]]),
            ("of h_1 h_1 and h_2 h_2", one[:, FAR[0]] * one[:, FAR[1]], two[:, FAR[2]] * two[:, FAR[3]]),
        ):
            found = compared(
                "theorems", f"neurons are independent: covariance {words}", *average(covariance(u, v)), 0.0
            )
            yield found._replace(part="claims")


def _by_closed_forms(net: Architecture, name: str, what: str) -> Finding:
    """Without draws, the closed forms have to agree with the claim at least."""
    try:
        found = exact_verdict(net, name)
    except NoClosedForm as error:
        return Finding("claims", what, "not checked", f"no exact sampler, and no closed form: {error}")
    except ANY as error:
        return Finding("claims", what, "WRONG", told(error, own_files(type(net)), type(net).__name__))
    right = (found.outcome == "pass") == (name in net.claims)
    words = f"closed forms change by {found.statistic:.1e} of their size; no exact sampler, so no draws"
    return Finding("claims", what, "ok" if right else "WRONG", words)


# -- theorems ----------------------------------------------------------------------------------------------------------


def _theorems(net: Architecture, networks: Networks | None) -> Iterator[Finding]:
    said: set[str] = set()
    for quantity, make in makers(net) if networks else ():
        for finding in _of_maker(net, networks, quantity, make):
            if finding.detail not in said or finding.comparisons:  # one mistake is said once
                yield finding
            said.add(finding.detail)
    if networks is None:
        for theorem in net.theorems():
            yield Finding("theorems", theorem.quantity, "not checked", "its prior has no exact sampler, so no draws")
    for quantity in unchecked(net) if networks else ():
        yield Finding("theorems", quantity, "not checked", "no check against draws knows this quantity")
    for quantity in _unmarked(net):
        yield Finding("theorems", quantity, "not checked", f'mark it @theorem("equation") to have {quantity} checked')


def _of_maker(net: Architecture, networks: Any, quantity: str, make: Any) -> Iterator[Finding]:
    cls, checks = type(net), iter(())
    try:
        checks = make()
        while (one := next(checks, None)) is not None:
            if one.quantity not in SYMMETRIES:  # those by common random numbers, above
                yield _compared(net, networks, one)
    except NoClosedForm as error:
        yield Finding("theorems", quantity, "not checked", str(error))
    except ANY as error:
        yield Finding("theorems", quantity, "WRONG", told(error, own_files(cls), definition(cls, quantity)))


def _compared(net: Architecture, networks: Networks, one: Check) -> Finding:
    label = " ".join(f"({equation})" for equation in one.equations)
    what = " ".join(word for word in (f"{one.quantity}:", one.statement, label) if word)
    cls = type(net)
    try:
        expected = one.expected()
    except NoClosedForm as error:
        return Finding("theorems", what, "not checked", str(error))
    except ANY as error:
        return Finding("theorems", what, "WRONG", told(error, own_files(cls), definition(cls, one.quantity)))
    place = definition(cls, one.quantity)
    if np.shape(expected) != () or not np.isrealobj(expected):
        words = f"must return a real number at one configuration, got shape {np.shape(expected)}"
        return Finding("theorems", what, "WRONG", f"{place}: {words}")
    try:
        measured = one.measured(networks)
    except IndexError:
        return Finding("theorems", what, "not checked", "needs two neurons: --set width=2")
    found = compared("theorems", what, *measured, float(expected))
    return found._replace(detail=place) if found.verdict == "WRONG" else found


def _unmarked(net: Architecture) -> tuple[str, ...]:
    """Closed forms of the card's own that no check finds for lack of a mark; neuron moments need none."""
    marked = {"neuron_moment", *(theorem.quantity for theorem in net.theorems())}
    own = [name for cls in type(net).__mro__ if not cls.__module__.startswith("nnqft_ppl.theory") for name in vars(cls)]
    return tuple(name for name in QUANTITIES if name in own and name not in marked)
