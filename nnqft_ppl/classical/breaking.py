"""Symmetric, explicitly broken (and seen by what), or spontaneously broken (and into which vacua): (42)-(44).

A symmetry of the ensemble shows in its correlators; explicit breaking may hide from all correlators of the field and
show only in those of field and neuron. Spontaneous breaking is that of classical configurations, for a symmetry that
all correlators have.
"""

import dataclasses
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np

from nnqft_ppl.classical.maxima import RESOLUTION
from nnqft_ppl.classical.modes import modes
from nnqft_ppl.classical.neurons import ClassicalNeurons, classical_neurons, factorises, landscape
from nnqft_ppl.classical.vacua import Vacua, vacua
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.correlation.exact import exact_correlator, exact_mixed
from nnqft_ppl.correlation.fields import fields
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned

Fate = Literal["symmetric", "explicitly broken", "spontaneously broken", "undecided"]

#: Generic points on the first axis, at which an odd correlator or a mixed one is looked at.
POSITIONS = (0.31, -0.57, 0.92)
EVEN = "G1 and G3c vanish at generic points"
ROUNDING, SIGMAS, DRAWS = 1e-10, 5.0, 200_000


class Breaking(NamedTuple):
    """What became of one symmetry."""

    symmetry: str
    fate: Fate
    seen_by: str  #: the correlator or the vacua that show it, with the number
    vacua: str  #: the vacuum manifold, where there is one


def breaking(
    net: Model, *, seed: int = 0, manifold: Vacua | None = None, neurons: ClassicalNeurons | None = None
) -> tuple[Breaking, ...]:
    """The fate of phi -> -phi, and of SO(D) where the field has D components.

    Explicit breaking of Z2, (12), or of SO(D) shows in correlators of the field or of field and neuron; spontaneous
    breaking leaves them as they are and shows in the classical configurations, (42)-(44).

    Parameters
    ----------
    net
        The theory.
    seed
        Fixes the starts of the searches, and the draws where a card has no closed form.
    manifold
        What `vacua` found, where it has been asked already.
    neurons
        What `nnqft_ppl.classical.neurons.classical_neurons` found, where that has been asked already.

    Returns
    -------
    A tuple with one named tuple for Z2 and, where D > 1, one for SO(D): the ``symmetry``; its ``fate``, symmetric,
    explicitly broken, spontaneously broken or undecided; ``seen_by``, what shows it; and ``vacua``, the classical
    configurations, or a dash.

    Raises
    ------
    InputError
        for a theory with data, a source or an action.

    Examples
    --------
    Amplitudes of mean mu = 0.3 break Z2, but only E[phi h_i] = mu H_ii = mu/2 shows it:

    >>> (found,) = nq.breaking(nq.load("shifted_cos_net", mu=0.3))
    >>> found.fate, found.seen_by
    ('explicitly broken', 'E[phi h_i] = 0.15, but by no correlator of phi')

    A landscape has even correlators, and classical fields that are not zero:

    >>> (found,) = nq.breaking(nq.load("landscape", width=2, peaks=2, amplitude=nq.ConstantModulus()))
    >>> found.fate, found.vacua
    ('spontaneously broken', '9 fields')
    """
    net = unconditioned(net, "breaking", "use modes for its classical fields and correlators for odd orders")
    found = [_reflection(net, seed, neurons)]
    if net.component_count > 1:
        found.append(_rotations(net, seed, manifold))
    return tuple(found)


def _reflection(net: Architecture, seed: int, neurons: ClassicalNeurons | None) -> Breaking:
    seen = _odd_correlator(net, seed)
    if seen is not None:
        return Breaking("Z2", "explicitly broken", seen, "—")
    try:
        x = _points(net, 1)
        mixed = float(exact_mixed(net, x, x))
        scale = float(np.sqrt(net.neuron_moment(np.concatenate([x, x], axis=-2))))
        if abs(mixed) > ROUNDING * max(scale, 1.0):
            return Breaking("Z2", "explicitly broken", f"E[phi h_i] = {mixed:.6g}, but by no correlator of phi", "—")
    except NoClosedForm:
        pass
    try:
        silent, manifold = _classical(net, seed, neurons)
    except InputError as error:
        return Breaking("Z2", "undecided", f"{EVEN}; {error}", "—")
    if silent:
        return Breaking("Z2", "symmetric", f"{EVEN}, and so does the classical field", "phi = 0")
    return Breaking("Z2", "spontaneously broken", f"{EVEN}, classical fields do not", manifold)


def _classical(net: Architecture, seed: int, neurons: ClassicalNeurons | None) -> tuple[bool, str]:
    """Do all classical fields vanish? And if not, how many there are."""
    if factorises(net):
        parts = neurons or classical_neurons(net, seed=seed)
        if parts.silent:
            return True, ""
        try:
            return False, f"{landscape(net, parts).count():,} fields"
        except NoClosedForm:
            return False, _continuum(parts.moduli)
    small = 1 if net.independent else min(net.width, 2)  # one neuron has all of the classical fields that matter
    found = modes(dataclasses.replace(net, width=small), seed=seed)
    moduli = max(mode.moduli for mode in found.found)
    typical = float(np.sqrt(net.two_point(_points(net, 1)[0], _points(net, 1)[0])))
    silent = moduli == 0 and all(mode.size < RESOLUTION * typical for mode in found.found)
    return silent, _continuum(moduli) if moduli else f"{found.fields} fields at N = {small}"


def _continuum(moduli: int) -> str:
    return f"a continuum of fields with {_moduli(moduli)}"


def _moduli(count: int) -> str:
    return f"{count} modul{'us' if count == 1 else 'i'}"


def _rotations(net: Architecture, seed: int, manifold: Vacua | None) -> Breaking:
    try:
        return _judged_rotations(net, seed, manifold)
    except (InputError, NoClosedForm) as error:
        return Breaking(f"SO({net.component_count})", "undecided", str(error), "—")


def _judged_rotations(net: Architecture, seed: int, manifold: Vacua | None) -> Breaking:
    count = net.component_count
    tensor, error = _tensor(net, seed)
    away = float(np.abs(tensor - np.eye(count) * tensor[0, 0]).max())
    if away > error:
        return Breaking(f"SO({count})", "explicitly broken", f"G2_kl differs from delta_kl by {away:.3g}", "—")
    found = manifold or vacua(net, seed=seed)
    if found.radius == 0.0:
        return Breaking(f"SO({count})", "symmetric", "G2_kl ~ delta_kl; P(a) is largest at a = 0", "a = 0")
    return Breaking(
        f"SO({count})", "spontaneously broken", f"G2_kl ~ delta_kl; mass^2 {found.masses[-1]:.6g}", manifold_text(found)
    )


def manifold_text(found: Vacua) -> str:
    """A manifold of vacua in words: spheres, or vectors whose angles are fixed."""
    sphere = f"S^{found.components - 1}"
    if found.neurons == 1:
        return f"{sphere} of radius {found.radius:.6g}, {found.goldstones} massless directions"
    free = found.dimension == found.neurons * (found.components - 1)
    spheres = f"({sphere})^{found.neurons}" if free else f"{found.neurons} vectors at fixed angles,"
    return (
        f"{spheres} of radius {found.radius:.6g}: {found.dimension} zero modes, "
        f"{found.goldstones} Goldstones and {_moduli(found.moduli)}"
    )


def _tensor(net: Architecture, seed: int) -> tuple[Array, float]:
    """G2_kl at two points, (D, D), and how far rounding or draws may take it from c delta_kl."""
    pair, count = _points(net, 2), net.component_count
    try:
        rows = [[float(exact_correlator(net, pair, components=(k, l))) for l in range(count)] for k in range(count)]
        tensor = np.array(rows)
        return tensor, ROUNDING * abs(tensor[0, 0])
    except NoClosedForm:
        sample = fields(net, pair, draws=DRAWS // 4, seed=seed)
        found = sample.mean(np.einsum("nk,nl->nkl", *np.moveaxis(sample.phi, 1, 0)))
        return found.value, 2.0 * SIGMAS * float(found.mcse.max())


def _odd_correlator(net: Architecture, seed: int) -> str | None:
    """The first odd correlator of the field that does not vanish, or None."""
    for order, components in ((n, c) for n in (1, 3) for c in product(range(net.component_count), repeat=n)):
        x = _points(net, order)
        name = f"G{order}{'c' * (order > 1)}" + (f" {''.join(map(str, components))}" if net.component_count > 1 else "")
        try:
            value = float(exact_correlator(net, x, "connected", components))
            size = float(np.mean([net.two_point(p, p) for p in x])) ** (order / 2)
            if abs(value) > ROUNDING * size:
                return f"{name} = {value:.6g}"
        except NoClosedForm:
            if not net.ancestral:
                continue
            request: Any = {"orders": (order,), "kinds": ("connected",), "components": components}
            (found,) = estimate(net, x[None], estimator="field", draws=DRAWS, seed=seed, **request)
            value, error = float(found.estimate[0]), float(found.mcse[0])
            if abs(value) > SIGMAS * error:
                return f"{name} = {value:.4g} +- {error:.1g}"
    return None


def _points(net: Architecture, count: int) -> Array:
    x = np.zeros((count, net.dim))
    x[:, 0] = POSITIONS[:count]
    return x
