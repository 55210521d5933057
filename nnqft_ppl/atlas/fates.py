"""Symmetries, axioms and classical configurations of a theory, as far as they can be had."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl.axioms.osterwalder_schrader import Conclusion, axiom_verdicts, conclude
from nnqft_ppl.axioms.verdicts import Verdict
from nnqft_ppl.classical.breaking import Breaking, breaking
from nnqft_ppl.classical.neurons import ClassicalNeurons, classical_neurons, factorises, functions_at, landscape
from nnqft_ppl.classical.vacua import Vacua, vacua
from nnqft_ppl.runtime.arrays import Array, integer
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture

LISTED = 6  # classical neurons in a table


class Axioms(NamedTuple):
    """The verdicts at the theory's own width, and what follows from them for it and for N -> infinity."""

    verdicts: tuple[Verdict, ...]
    conclusion: Conclusion


class Mode(NamedTuple):
    """A classical neuron in words."""

    log_p: float
    what: str
    parameters: str


class Classical(NamedTuple):
    """The fate of every symmetry, and the classical configurations that decide it."""

    fates: tuple[Breaking, ...]
    amplitudes: Array  #: modes of P(a_i), empty where they were not asked for
    modes: tuple[Mode, ...]
    x: Array  #: places along the first axis
    functions: Array  #: classical neurons there, (M, P)
    remarks: tuple[str, ...]  #: counts, and what cannot be had


def axioms(net: Architecture, draws: int, seed: int) -> Axioms:
    """Every test of every axiom."""
    verdicts = axiom_verdicts(net, draws=draws, seed=seed)
    return Axioms(tuple(verdicts), conclude(net, verdicts))


def classical(net: Architecture, x: Array, seed: int) -> Classical:
    """Classical neurons and the fields that they make, or the vacua of several components.

    Raises
    ------
    InputError
        for a law without a density.
    """
    if net.component_count > 1:
        found = vacua(net, seed=seed)
        # Rotations of many neurons are in the amplitudes alone; for phi -> -phi a few neurons decide.
        fates = breaking(_narrow(net), seed=seed, manifold=found)
        return Classical(fates, np.empty(0), (), x[:, 0], np.empty((0, len(x))), (_manifold(found),))
    if not factorises(net):
        fates = breaking(net, seed=seed)
        remark = (
            "Its neurons are not independent and alike, so that its classical fields are no sums of classical neurons."
        )
        return Classical(fates, np.empty(0), (), x[:, 0], np.empty((0, len(x))), (remark,))
    parts = classical_neurons(net, seed=seed)
    fates = breaking(net, seed=seed, neurons=parts)
    return Classical(fates, parts.amplitudes, _modes(parts), x[:, 0], _functions(net, parts, x), _remarks(net, parts))


def _narrow(net: Architecture) -> Architecture:
    try:
        return replace(net, width=1)
    except InputError:
        return net


def _modes(parts: ClassicalNeurons) -> tuple[Mode, ...]:
    found = () if parts.neurons is None else parts.neurons.found[:LISTED]
    return tuple(Mode(mode.log_p, mode.kind, _parameters(mode.theta)) for mode in found)


def _parameters(theta: dict[str, Array]) -> str:
    def short(value: Any) -> str:
        flat = np.round(np.asarray(value).ravel(), 4) + 0.0
        words = ", ".join(f"{v:.4g}" for v in flat[:6])
        return f"{words}, … ({len(flat)} numbers)" if len(flat) > 6 else words

    return "; ".join(f"{site} = {short(value)}" for site, value in theta.items())


def _functions(net: Architecture, parts: ClassicalNeurons, x: Array) -> Array:
    if parts.silent or parts.moduli:
        return np.empty((0, len(x)))
    return functions_at(net, parts, x)[:LISTED]


def _remarks(net: Architecture, parts: ClassicalNeurons) -> tuple[str, ...]:
    if parts.silent:
        return ("The only classical field is φ = 0.",)
    try:
        fields = landscape(net, parts)
    except InputError as error:
        return (f"{error}.",)
    bounds = fields.bounds()
    return (
        f"Distinct classical fields at N = {net.width}: {integer(bounds.exact)}, between {integer(bounds.lower)} of "
        f"(41) and {integer(bounds.upper)} of (40).",
    )


def _manifold(found: Vacua) -> str:
    if found.radius == 0.0:
        return "P(a) is largest at a = 0: one vacuum, in which all rotations are left."
    return (
        f"The vacua form a manifold of dimension {found.dimension}: {found.goldstones} massless direction"
        f"{'s' * (found.goldstones != 1)} of broken rotations, {found.moduli} moduli, and the largest mass² "
        f"{found.masses[-1]:.6g}."
    )
