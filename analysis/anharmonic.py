"""An interaction in field space: the Cauchy net with exp(-lambda int phi^4) is the anharmonic oscillator as N grows.

H = p^2/2 + q^2/2 + lambda q^4 at three couplings. Networks of the prior with weights exp(-S) on the nodes of a box are
held against the oscillator: connected functions and the gap against what the nodes alone make of it, by its transfer
matrix and without an error, and these against infinite time. At finite width all of them are off by a term of order
1/N, which widths of 20 and 200 take out of each other; 6, 20 and 200 neurons are told apart.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh_tridiagonal

from nnqft_ppl import Oscillator, deform, exact_correlator, load
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.interacting.boxes import Box, box
from nnqft_ppl.interacting.masses import effective_masses, separations
from nnqft_ppl.studies import Study
from nnqft_ppl.theory.conditioned import Conditioned

#: By coupling; with as many nodes in each, one program serves all three, as the coupling is in the weights.
BOXES = {0.1: box(1, 8.0, 32), 0.5: box(1, 5.0, 32), 1.0: box(1, 4.0, 32)}
FEW, SOME, MANY = 6, 20, 200  # neurons
DRAWS = {FEW: 2**18, SOME: 2**19, MANY: 2**18}  # of a full run
QUICK = 2**15  # networks of each width in a quick run
POINTS = np.stack([np.zeros((4, 1)), np.array([[-0.75], [-0.25], [0.25], [0.75]])])
PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
NAMES = ("<q^2>", "<q(-3/4) q(-1/4)>", "kappa_4", "G4c(-3/4, -1/4, 1/4, 3/4)")


class Measured(NamedTuple):
    """Values with their standard errors, in the order of NAMES and then the gap."""

    values: np.ndarray
    errors: np.ndarray


def run(study: Study) -> None:
    for index, (coupling, place) in enumerate(BOXES.items()):
        oscillator = Oscillator(f"{coupling}*phi^4")
        _check_oracle(study, coupling, oscillator, place)
        found = {width: measured(study, coupling, place, width, 10 * index) for width in (FEW, SOME, MANY)}
        _hold(study, coupling, oscillator, place, found)
        _tell_apart(study, coupling, found)


def theory(coupling: float, place: Box, width: int) -> Conditioned:
    """P(theta) exp(-lambda int phi^4) on the nodes of a box."""
    return deform(load("cauchy", width=width), "phi^4", place.points, coupling * place.weights)


def measured(study: Study, coupling: float, place: Box, width: int, seed: int) -> Measured:
    """Connected functions and, in a full run of some and many neurons, the effective mass around 1/2: by weights."""
    model, draws = theory(coupling, place, width), QUICK if study.quick else DRAWS[width]
    two, four = estimate(
        model,
        POINTS,
        orders=(2, 4),
        kinds=("connected",),
        estimator="reweight",
        draws=draws,
        seed=study.seed(seed),
        dtype="float32",
        progress=study.progress,
    )
    values, errors = np.append(two.estimate, four.estimate), np.append(two.mcse, four.mcse)
    if study.quick or width == FEW:
        return Measured(values, errors)
    seed = study.seed(seed + 1)
    gap = effective_masses(model, place, infinite=False, draws=draws, seed=seed, progress=study.progress)
    k = near_half(gap.distance)
    return Measured(np.append(values, gap.mass[k]), np.append(errors, gap.mcse[k]))


def near_half(distances: np.ndarray) -> int:
    return int(np.argmin(np.abs(distances - 0.5)))


def on_nodes(oscillator: Oscillator, place: Box) -> np.ndarray:
    """The connected functions of NAMES and the effective mass with the action on the nodes, at N = infinity."""

    def value(t: np.ndarray) -> float:
        return oscillator.on_nodes(t, place.axis, place.weights)

    times = POINTS[:, :, 0]
    two = [value(t[:2]) for t in times]
    four = [value(t) - sum(value(t[list(one)]) * value(t[list(other)]) for one, other in PAIRINGS) for t in times]
    r = separations(place)
    k = near_half((r[1:] + r[:-1]) / 2)
    near, far = (value(np.array([-0.5, 0.5]) * distance) for distance in r[k : k + 2])
    return np.array([*two, *four, np.log(near / far) / (r[k + 1] - r[k])])


def on_a_grid(coupling: float, points: int = 4001, end: float = 8.0) -> np.ndarray:
    """E_1 - E_0 and <q^2> of H on a grid of q, by second differences whose error of order h^2 is taken out."""
    found = []
    for count in (points, 2 * points - 1):
        q, h = np.linspace(-end, end, count, retstep=True)
        energy, states = eigh_tridiagonal(
            1 / h**2 + q**2 / 2 + coupling * q**4, np.full(count - 1, -0.5 / h**2), select="i", select_range=(0, 1)
        )
        found.append([energy[1] - energy[0], float(states[:, 0] ** 2 @ q**2)])
    return (4 * np.array(found[1]) - np.array(found[0])) / 3


def _check_oracle(study: Study, coupling: float, oscillator: Oscillator, place: Box) -> None:
    """The oscillator in free states against a grid of q, and the nodes of the box against infinite time."""
    gap, square = on_a_grid(coupling)
    label = f"oscillator, lambda={coupling}"
    study.exact("(3)", f"{label}: gap on a grid of q", oscillator.gap, gap, 1e-8, route="other code")
    study.exact("(3)", f"{label}: <q^2> on a grid of q", oscillator.moment(2), square, 1e-8, route="other code")
    nodes = on_nodes(oscillator, place)
    for name, ratio in (("<q^2>", nodes[0] / oscillator.moment(2)), ("the gap", nodes[-1] / oscillator.gap)):
        statement = f"{label}: {name} with the action on {place.nodes} nodes / infinite time"
        study.between("(3)", statement, 1.0, ratio, 0.985, 1.015, route="quadrature")


def _hold(study: Study, coupling: float, oscillator: Oscillator, place: Box, found: dict[int, Measured]) -> None:
    """N = 200, without its term of order 1/N, against the oscillator; and how precisely."""
    net = load("cauchy", width=MANY)
    label = f"phi^4, lambda={coupling}"
    expected = on_nodes(oscillator, place)
    share = MANY - SOME
    values = (MANY * found[MANY].values - SOME * found[SOME].values) / share
    errors = np.hypot(MANY * found[MANY].errors, SOME * found[SOME].errors) / share
    for name, exact, value, error in zip((*NAMES, "gap"), expected, values, errors, strict=False):
        study.monte_carlo("(3)", f"{label}, N={MANY} and {SOME}: {name} without its 1/N", exact, value, error, of=net)
    for name, k, high in () if study.quick else (("<q^2>", 0, 0.004), ("gap", 4, 0.02)):
        precision = float(errors[k] / expected[k])
        statement = f"{label}: relative standard error of {name}"
        study.between("(3)", statement, 0.0, precision, 0.0, high, route="draws", of=net)


def _tell_apart(study: Study, coupling: float, found: dict[int, Measured]) -> None:
    """6, 20 and 200 neurons in standard errors of their difference, by <q^2> and the four-point function of NAMES."""
    for name, k, four in ((NAMES[0], 0, None), (NAMES[3], 3, POINTS[1])):
        for one, other in ((FEW, SOME), (SOME, MANY), (FEW, MANY)):
            if study.quick and SOME in (one, other):
                continue  # too few draws to be sure of 5 errors
            errors = float(np.hypot(found[one].errors[k], found[other].errors[k]))
            apart, net = abs(found[one].values[k] - found[other].values[k]), load("cauchy", width=one)
            # <q^2> >= 0 cannot lose more than itself, nor G4c differ by more than without S, which cuts its tails.
            most = found[other].values[0] if four is None else float(exact_correlator(net, four, "connected"))
            statement = f"phi^4, lambda={coupling}: {name} of {one} and {other} neurons apart, of the most it can be"
            study.between("(3)", statement, 0.5, apart / most, 5 * errors / most, 1.0, route="draws", of=net)
