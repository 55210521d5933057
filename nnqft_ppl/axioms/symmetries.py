"""Symmetries of correlators: (12), (17)-(20), SO(D), permutations; and of neurons: (S4)-(S9).

A symmetry g says E[phi(g x_1)..phi(g x_n)] = E[phi(x_1)..phi(x_n)]. Where the card has closed neuron moments both sides
are exact. Otherwise they are compared within one draw (common random numbers, weighted where a theory has an action),
whose noise mostly cancels, and the verdict states the smallest violation that it would have seen.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnqft_ppl.axioms.verdicts import Z_LIMIT, Z_POWER, Outcome, Verdict
from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.correlation.fields import Fields, fields
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import SYMMETRIES, Architecture
from nnqft_ppl.theory.generic import generic_points

ORDERS = {"Z2": (1, 3), "SO(D)": (1, 2, 4)}  # of the correlators compared; the others take (1, 2, 4)
TOLERANCE = 1e-9  # of exact correlators relative to their scale
BLIND = 0.25  # a test by draws that would not see a violation of a quarter of the scale decides nothing
ROUNDING = 1e-6  # of a draw in single precision
SHIFT = 0.6  # in units of `length`: about the spread of the points


def rotation(dim: int) -> Array:
    """A fixed generic element of SO(dim): turns by one radian in the planes of neighbouring axes."""
    result = np.eye(dim)
    for axis in range(dim - 1):
        turn = np.eye(dim)
        turn[axis : axis + 2, axis : axis + 2] = [[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]]
        result = turn @ result
    return result


def image(net: Architecture, symmetry: str, x: Array) -> Array:
    """The configuration (n, d) after a generic transformation of space, or of the order of its points."""
    if symmetry == "translation":
        return x + SHIFT * net.length
    if symmetry == "rotation":
        return x @ rotation(net.dim).T
    if symmetry == "reflection":
        return x * np.r_[-1.0, np.ones(net.dim - 1)]
    if symmetry == "permutation":
        return x[::-1].copy()
    raise InputError(f"symmetry of points must be a space symmetry or permutation, got {symmetry!r}")


def asked(net: Architecture) -> tuple[str, ...]:
    """The symmetries that can be asked of a theory: no rotations of a line, SO(D) only of several components."""
    silent = {"rotation"} if net.dim == 1 else set()
    silent |= {"SO(D)"} if net.component_count == 1 else set()
    return tuple(name for name in SYMMETRIES if name not in silent)


def symmetry_verdict(net: Architecture, symmetry: str, *, draws: int = 100_000, seed: int = 0) -> Verdict:
    """Does the theory have the symmetry? Exactly where it has closed forms, otherwise by draws."""
    try:
        return exact_verdict(net, symmetry)
    except NoClosedForm:
        if net.ancestral:
            return sampled_verdict(net, symmetry, draws=draws, seed=seed)
        return Verdict(symmetry, "no closed form and no independent draws", "undecided", np.nan, np.nan)


# -- exactly ----------------------------------------------------------------------------------------------------------


def exact_verdict(net: Architecture, symmetry: str, orders: Sequence[int] | None = None) -> Verdict:
    """The largest change of an exact correlator, relative to its scale max |G2(x_i, x_j)|^(n/2).

    Of orders 1 and 3 for Z2 and 1, 2 and 4 otherwise, unless `orders` says which.

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments.
    """
    x = generic_points(net)
    pairs = np.stack([x[[i, j]] for i, j in itertools.combinations(range(4), 2)])
    scale = float(np.abs(exact_correlator(net, pairs)).max())
    orders = orders or ORDERS.get(symmetry, (1, 2, 4))
    changes = {n: abs(_change(net, symmetry, x[:n])) / scale ** (n / 2) for n in orders}
    worst = max(changes.values())
    detail = ", ".join(f"G{n} by {value:.1e}" for n, value in changes.items() if value > TOLERANCE)
    return Verdict(symmetry, "exact", "fail" if worst > TOLERANCE else "pass", worst, TOLERANCE, detail=detail)


def _change(net: Architecture, symmetry: str, x: Array) -> float:
    here = float(exact_correlator(net, x))
    if symmetry == "Z2":
        return here
    if symmetry == "SO(D)":
        first = rotation(net.component_count)[0]
        labels = itertools.product(range(net.component_count), repeat=len(x))
        turned = sum(np.prod(first[list(c)]) * float(exact_correlator(net, x, components=c)) for c in labels)
        return float(turned - here)
    return float(exact_correlator(net, image(net, symmetry, x))) - here


# -- by draws ---------------------------------------------------------------------------------------------------------


class SymmetryTest(NamedTuple):
    """Common-random-number differences of correlators, one entry an order: mean, standard error, scale."""

    mean: Array
    mcse: Array
    scale: Array  #: prod_k sqrt(E phi(x_k)^2)
    draws: int
    sound: bool = True  #: can the errors be trusted?

    @property
    def z(self) -> float:
        """The largest |mean| in standard errors; differences that vanish in every draw count as zero."""
        return float((np.abs(self.mean) / np.maximum(self.mcse, ROUNDING * self.scale)).max())

    @property
    def effect(self) -> float:
        """The relative violation that is seen with 99 % probability, of the order that is hardest to see."""
        return float(((Z_LIMIT + Z_POWER) * self.mcse / self.scale).max())


def sampled_verdict(net: Architecture, symmetry: str, *, draws: int = 100_000, seed: int = 0) -> Verdict:
    """The verdict of common random numbers: |z| beyond Z_LIMIT fails, and a blind test is undecided."""
    return judged(symmetry, sampled_symmetries(net, (symmetry,), draws=draws, seed=seed)[symmetry])


def judged(symmetry: str, test: SymmetryTest) -> Verdict:
    """The verdict of a test by draws."""
    outcome: Outcome = "fail" if test.z > Z_LIMIT else "pass" if test.effect <= BLIND else "undecided"
    if not test.sound:
        outcome = "undecided"
    return Verdict(symmetry, "common random numbers", outcome, test.z, Z_LIMIT, test.effect, test.draws)


def sampled_symmetries(
    net: Architecture, symmetries: Sequence[str], *, draws: int, seed: int
) -> dict[str, SymmetryTest]:
    """Differences between a configuration and its images within each of `draws` independent networks.

    Raises
    ------
    InputError
        for a theory without an exact sampler.
    """
    net.check_ancestral()
    sample = fields(net, symmetry_places(net, symmetries), draws=draws, seed=seed)
    return {symmetry: symmetry_test(net, sample, symmetry) for symmetry in symmetries}


def symmetry_places(net: Architecture, symmetries: Sequence[str]) -> Array:
    """The generic points, and their images under every symmetry of points."""
    x = generic_points(net)
    return np.concatenate([x, *(image(net, name, x) for name in symmetries if name not in ("Z2", "SO(D)"))])


def symmetry_test(net: Architecture, sample: Fields, symmetry: str) -> SymmetryTest:
    """Differences between the generic points and their images within each draw of the field there."""
    x = generic_points(net)
    here = sample.at(x)
    there = None if symmetry in ("Z2", "SO(D)") else sample.at(image(net, symmetry, x))
    orders = ORDERS.get(symmetry, (1, 2, 4))
    found = sample.mean(np.stack([differences(symmetry, here, there, n) for n in orders], axis=1))
    spread = np.sqrt(sample.average(here[:, :, 0] ** 2))
    scale = np.array([np.prod(spread[:n]) for n in orders])
    return SymmetryTest(found.value, found.mcse, scale, sample.draws, found.sound)


def differences(symmetry: str, here: Array, there: Array | None, order: int) -> Array:
    """Per draw, prod phi over the first `order` points minus the same of their images; its mean vanishes if symmetric.

    `here` and `there` have shape (draws, 4, D); the first component is meant, for SO(D) against a rotated one. Z2 has
    no image: minus its image, an odd product is twice itself.
    """
    product = here[:, :order, 0].prod(axis=1)
    if symmetry == "Z2":
        return product
    if symmetry == "SO(D)":
        return product - (here[:, :order] @ rotation(here.shape[2])[0]).prod(axis=1)
    assert there is not None
    # The images of a permutation stand in reversed order, so that those of the first points come last.
    return product - (there[:, -order:, 0] if symmetry == "permutation" else there[:, :order, 0]).prod(axis=1)
