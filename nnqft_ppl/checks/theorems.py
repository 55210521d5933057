"""The closed forms of a theory against its own draws.

`recorded` draws networks and keeps of each the field and two neurons at a few points; `checks` says what the draws
should average to, one check for each closed form that the card marks as a theorem and one for each property that the
paper gives to all theories of its kind. Nothing of the estimators or of the exact engine's polynomials enters the
measured values: they are averages of products of fields and of neurons.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from nnqft_ppl.checks.draws import MOVED, NEAR, TURNED, Average, Networks, average, cumulant, places, product
from nnqft_ppl.checks.quantities import QUANTITIES, Check, of_field, of_neurons, plane
from nnqft_ppl.correlation.exact import exact_correlator, exact_neuron
from nnqft_ppl.runtime.errors import NoClosedForm
from nnqft_ppl.theory.architecture import Architecture, Theorem


def checks(net: Architecture) -> list[Check]:
    """Every check of a theory: one or more for each of its theorems, and those of its claims and its kind."""
    return [check for _, make in makers(net) for check in make()]


def makers(net: Architecture) -> Iterator[tuple[str, Callable[[], Iterator[Check]]]]:
    """What makes the checks of a theory, with the closed form that it asks: the card's code runs in it."""
    for theorem in net.theorems():
        if theorem.quantity in QUANTITIES:
            yield theorem.quantity, partial(_of_theorem, net, theorem)
    yield "neuron_moment", partial(_field_checks, net)
    yield "neuron_moment", partial(_neuron_checks, net)
    yield "claims", partial(_symmetry_checks, net)


def _of_theorem(net: Architecture, theorem: Theorem) -> Iterator[Check]:
    label = tuple(e for e in theorem.equations if ":" not in e)
    for check in QUANTITIES[theorem.quantity](net):
        yield check._replace(equations=tuple(dict.fromkeys((*label, *check.equations))))


def unchecked(net: Architecture) -> tuple[str, ...]:
    """The theorems of a card that draws are not asked about."""
    return tuple(theorem.quantity for theorem in net.theorems() if theorem.quantity not in QUANTITIES)


# -- what holds for every theory of a kind -----------------------------------------------------------------------------


def _closed(net: Architecture) -> bool:
    """Has the theory closed neuron moments, from which the exact engine makes the other correlators?"""
    try:
        net.neuron_moment(places(net.dim, net.length)[:2])
    except NoClosedForm:
        return False
    return True


def _field_checks(net: Architecture) -> Iterator[Check]:
    x = places(net.dim, net.length)[NEAR]
    stated = {theorem.quantity for theorem in net.theorems()}
    if "connected_four_point" not in stated and _closed(net):
        plane_waves = plane(net)
        if net.independent:
            equations = ("7", "8", "10", *(("24", "27") if plane_waves else ()))
        else:
            equations = ("7", "9", *(("24", "28") if plane_waves else ()))
        yield Check(
            "G4c",
            equations,
            "G4c of the exact engine",
            lambda: float(exact_correlator(net, x, "connected")),
            lambda n: cumulant(n.field[:, NEAR, 0]),
        )
    if "Z2" in net.claims:
        for order in (1, 3):
            yield Check("Z2", ("12",), f"G{order} = 0", lambda: 0.0, of_field(NEAR[:order]))


def _neuron_checks(net: Architecture) -> Iterator[Check]:
    if not _closed(net):
        return
    group = net.amplitude_groups()[0]
    if group.moment((0,)) == 0:
        near = places(net.dim, net.length)[NEAR[:2]]
        yield Check(
            "neurons",
            ("1", *(("24",) if plane(net) else ())),
            "E[phi a_1 h_1] = A_2 H_11/N",
            lambda: group.moment((0, 0)) / net.width * float(net.neuron_moment(near)),
            lambda n: product(n.field[:, 0, 0], n.first, n.neurons[:, 0, 1]),
        )
    if net.neuron_count < 2:
        return
    x, plane_waves = places(net.dim, net.length)[NEAR], plane(net)

    def exact(indices: tuple[int, ...]) -> Callable[[], float]:
        return lambda: float(exact_neuron(net, x[: len(indices)], indices))

    def measured(indices: tuple[int, ...]) -> Callable[[Networks], Average]:
        return of_neurons(NEAR[: len(indices)], indices)

    yield Check("neurons", ("S3", "S4", "S7"), "E[h_2 h_2] = H_11", exact((0, 0)), measured((1, 1)))
    yield Check("neurons", ("21",) if plane_waves else ("S5",), "E[h_1 h_2]", exact((0, 1)), measured((0, 1)))
    equations = ("S5", "S9") if net.independent else ("S8",)
    pair = exact((0, 0, 1, 1))
    yield Check("neurons", (*equations, *(("23",) if plane_waves else ())), "H_1122", pair, measured((0, 0, 1, 1)))
    yield Check("neurons", ("S8",), "E[h_2 h_2 h_1 h_1] = H_1122", pair, measured((1, 1, 0, 0)))


def _symmetry_checks(net: Architecture) -> Iterator[Check]:
    equations = ("18", "20") if plane(net) else ("17",)
    for symmetry, there in (("translation", MOVED), ("rotation" if net.dim > 1 else "reflection", TURNED)):
        if symmetry in net.claims:

            def difference(n: Networks, there: list[int] = there) -> Average:
                return average(np.prod(n.field[:, there, 0], axis=1) - np.prod(n.field[:, NEAR, 0], axis=1))

            yield Check(symmetry, equations, f"{symmetry} of G4", lambda: 0.0, difference)
    if "SO(D)" in net.claims:
        yield Check(
            "SO(D)",
            ("42",),
            "E[phi_1^4] = 3 E[phi_1^2 phi_2^2]",
            lambda: 0.0,
            lambda n: average(n.field[:, 0, 0] ** 4 - 3 * n.field[:, 0, 0] ** 2 * n.field[:, 0, 1] ** 2),
        )
