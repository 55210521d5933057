"""Classical neurons (38), the modes of one neuron's parameters, and the landscape that a theory assembles from them."""

import contextlib
import dataclasses
import math
from typing import NamedTuple

import numpy as np

from nnqft_ppl.classical.density import Density
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.classical.maxima import RESOLUTION, Mode, Modes
from nnqft_ppl.classical.modes import MISSED, MOST, search
from nnqft_ppl.laws.joint import iid, leaf
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.seeds import check_seed
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned


class ClassicalNeurons(NamedTuple):
    """The modes of one amplitude and of one neuron that a landscape is assembled from."""

    amplitudes: Array  #: (K,) modes of P(a_i)
    amplitude_log_p: Array
    neurons: Modes | None  #: S_c^h (38); None where the neuron has no parameters
    unit: float  #: root mean square of a_i; a mode below RESOLUTION of it vanishes: degenerate ones are known no better
    plateau: bool  #: is a mode of P(a_i) no isolated point?

    @property
    def silent(self) -> bool:
        """Do all classical fields vanish?"""
        neurons = self.neurons.found if self.neurons is not None else ()
        still = bool(neurons) and all(mode.moduli == 0 and mode.size < RESOLUTION for mode in neurons)
        return still or bool(np.all(np.abs(self.amplitudes) < RESOLUTION * self.unit))

    @property
    def moduli(self) -> int:
        """Dimension of the continuum that the classical neurons form; 0 where they are isolated."""
        return 0 if self.neurons is None else max(mode.moduli for mode in self.neurons.found)


def factorises(net: Architecture) -> bool:
    """Are neurons independent and alike, and the field of one component, so that (39) holds?"""
    return net.independent and net.component_count == 1 and len(net.amplitude_groups()) == 1 and not net.shared


def classical_neurons(
    net: Architecture, *, missed: float = MISSED, starts: int = MOST, seed: int = 0, progress: bool = False
) -> ClassicalNeurons:
    """S_c^h (38) and max P(a_i) of a theory of independent, identical neurons.

    Raises
    ------
    InputError
        for dependent neurons, several components, amplitudes of several laws, or a law without a density.
    """
    name = type(net).__name__
    if not factorises(net):
        raise InputError(
            f"{name}: a landscape is assembled from classical neurons only if neurons are independent and alike and "
            "the field has one component; (38), (39) need P(theta) = prod_i P(a_i) P(theta_h,i)"
        )
    single = dataclasses.replace(net, width=1)
    law, unit = net.amplitude_law.distribution(net.amplitude_scale / math.sqrt(net.width)), net.amplitude_scale
    with contextlib.suppress(InputError):  # without a variance, the scale must do
        unit = math.sqrt(net.amplitude_moment(2))
    plateau, unit = False, unit / math.sqrt(net.width)
    if leaf(law).is_discrete:
        values = np.sort(np.asarray(leaf(law).enumerate_support()).ravel())
        amplitudes, log_p = values, np.asarray(law.log_prob(values)).ravel()
    else:
        found = search(Density(single, {"a": iid(law, 1)}), missed=missed, starts=starts, seed=seed).found
        pairs = sorted((float(mode.theta["a"][0]), mode.log_p) for mode in found)
        amplitudes, log_p = np.array(pairs).T
        plateau = any(mode.zero_modes for mode in found)
    sites = {site: law for site, law in single.prior().items() if site != "a"}
    if not sites:
        return ClassicalNeurons(amplitudes, log_p, None, unit, plateau)
    neurons = search(Density(single, sites), missed=missed, starts=starts, seed=seed, progress=progress)
    return ClassicalNeurons(amplitudes, log_p, neurons, unit, plateau)


def functions_at(net: Architecture, parts: ClassicalNeurons, points: Array) -> Array:
    """The distinct classical neurons h_1..h_M at points (P, d), shape (M, P), most probable first."""
    single = dataclasses.replace(net, width=1)
    if parts.silent:  # whatever the neurons are, the field vanishes
        return np.zeros((1, len(points)))
    if parts.neurons is None:
        chosen: list[dict[str, Array]] = [{}]
    else:
        chosen = [mode.theta for mode in _distinct(parts.neurons)]
    return np.array([np.asarray(single.neurons({"a": np.ones(1), **theta}, points))[0] for theta in chosen])  # pyright: ignore


def landscape(net: Model, parts: ClassicalNeurons | None = None, *, seed: int = 0) -> ClassicalFields:
    """The classical fields of a theory, assembled from its classical neurons, (39), which are searched if not given.

    sum_i alpha_i h_i, with every alpha_i a mode of P(a_i) and every h_i a classical neuron (38).

    Parameters
    ----------
    net
        A theory of independent neurons that are alike, and of one component.
    parts
        The classical neurons, where `nnqft_ppl.classical.neurons.classical_neurons` has found them already.
    seed
        Fixes the search, and the points at which functions are compared.

    Returns
    -------
    The fields as one object: ``count()`` is their exact number |S_c|, ``bounds()`` has it between (41) and (40),
    ``best()`` goes through them with the most probable first, and ``sample(draws)`` draws them uniformly.

    Raises
    ------
    InputError
        where neurons are dependent or unlike, a law has no density, or data, a source or an action couple the neurons.
    NoClosedForm
        where the classical neurons form a continuum, so that there is nothing to count.

    Examples
    --------
    Amplitudes of two signs and two peaks of P(b): (N + 1)^2 fields.

    >>> fields = nq.landscape(nq.load("landscape", width=2, peaks=2, amplitude=nq.ConstantModulus()))
    >>> fields.count()
    9
    >>> bounds = fields.bounds()
    >>> bounds.lower, bounds.exact, bounds.upper  # 2^N C(2, N) of (41); (2 * 2)^N of (40)
    (4, 9, 16)
    """
    net = unconditioned(net, "landscape", "use modes, as P(theta) with its factors is no product over neurons")
    parts = classical_neurons(net, seed=seed) if parts is None else parts
    if parts.moduli and not parts.silent:
        raise NoClosedForm(
            f"{type(net).__name__}: its classical neurons form a continuum with {parts.moduli} "
            f"modul{'us' if parts.moduli == 1 else 'i'}, so its classical fields cannot be counted"
        )
    if parts.plateau:
        raise NoClosedForm(f"{type(net).__name__}: P(a_i) is flat at a maximum: its classical fields cannot be counted")
    count = 1 if parts.neurons is None else len(parts.neurons.found)
    points = np.random.default_rng(check_seed(seed)).normal(size=(max(64, 4 * count), net.dim), scale=3.0)
    log_p = np.zeros(1) if parts.neurons is None else np.array([mode.log_p for mode in _distinct(parts.neurons)])
    log_p = log_p[:1] if parts.silent else log_p
    return ClassicalFields(net.width, parts.amplitudes, functions_at(net, parts, points), parts.amplitude_log_p, log_p)


def _distinct(neurons: Modes) -> list[Mode]:
    """One mode for each distinct neuron; of a continuum, one for each family."""
    found: dict[tuple[int, int], Mode] = {}
    for number, mode in enumerate(neurons.found):  # most probable first
        found.setdefault((mode.field, number if mode.field < 0 else 0), mode)
    return list(found.values())
