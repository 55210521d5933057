"""Vacua of fields with D components: their manifold, the fluctuations about one of them, and a tilt that chooses one.

The ensemble averages over all vacua and keeps SO(D); a chosen vacuum keeps SO(D-1). With finitely many neurons the
breaking is classical only: as a tilt exp(j n.a_0) is taken away, <a_0> goes to zero like j E|a_0|^2 / D.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ive, roots_jacobi

from nnqft_ppl.architecture import Architecture, Parameters
from nnqft_ppl.classical import search
from nnqft_ppl.density import Density
from nnqft_ppl.errors import InputError
from nnqft_ppl.exact import AmplitudeGroup, Components
from nnqft_ppl.points import Array
from nnqft_ppl.vectors import BottleLaw, radial_rule

ANGLES = 64  # nodes of the polar angle


class Vacua(NamedTuple):
    """The maxima of P(a) as a manifold, in the coordinates a, with respect to d^D a."""

    radius: float  #: |a| of the neuron that has an expectation value; 0 in a symmetric vacuum
    dimension: int  #: of the vacuum manifold: zero modes of the Hessian of -log P(a)
    masses: Array  #: eigenvalues of that Hessian in the D directions of this neuron's amplitude, ascending
    log_p: float

    @property
    def goldstones(self) -> int:
        """Massless directions of the broken symmetry: D - 1."""
        return self.dimension


def vacua(net: Architecture, *, seed: int = 0) -> Vacua:
    """The dominant vacua of a theory by a search for the maxima of P(a); one neuron beside the bottle's is enough.

    Raises
    ------
    InputError
        for amplitudes without a density.
    """
    small = net if net.width == 1 else dataclasses.replace(net, width=1)
    density = Density(small, {"a": small.prior()["a"]})
    best = search(density, seed=seed).dominant[0]
    a = best.theta["a"].reshape(small.neuron_count, -1)
    neuron, count = int(np.argmax(np.linalg.norm(a, axis=1))), a.shape[1]
    hessian = -np.asarray(jax.jit(jax.hessian(density.log_prob))(best.theta["a"].ravel()))
    block = hessian.reshape(len(a), count, len(a), count)[neuron, :, neuron, :]
    radius = float(np.linalg.norm(a[neuron]))
    return Vacua(
        radius if radius > 1e-6 else 0.0, best.zero_modes, np.linalg.eigvalsh(block).astype(np.float64), best.log_p
    )


def bottle_of(net: Any) -> BottleLaw:
    """The law of a_0 of a card with a wine bottle; `InputError` for another card."""
    bottle = getattr(net, "bottle", None)
    if not isinstance(bottle, BottleLaw):
        raise InputError(f"{type(net).__name__}: a card with a wine bottle is needed, which has a property `bottle`")
    return bottle


@dataclass(frozen=True)
class ChosenVacuum:
    """Fluctuations about the vacuum in one direction n: the wine bottle given a_0/|a_0| = n.

    A theory for `exact_correlator`: for example G2_kl = delta_kl sigma_a^2 H_ii + E[r^2] n_k n_l H_00.
    """

    net: Any  #: a card with a wine bottle
    direction: tuple[float, ...]  #: n, of length D and norm 1
    independent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        (count,) = bottle_of(self.net).event_shape
        if len(self.direction) != count or abs(np.linalg.norm(self.direction) - 1.0) > 1e-9:
            raise InputError(f"direction must be a unit vector with {count} components, got {self.direction}")

    @property
    def width(self) -> int:
        return self.net.width

    @property
    def dim(self) -> int:
        return self.net.dim

    @property
    def component_count(self) -> int:
        return self.net.component_count

    @property
    def neuron_count(self) -> int:
        return self.net.neuron_count

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        """As the card's, but a_0 = r n with a random length only."""
        bottle, n = bottle_of(self.net), np.asarray(self.direction)

        def moment(components: Components) -> float:
            k = len(components)
            return self.width ** (k / 2) * bottle.radial_moment(k) * float(np.prod(n[list(components)]))

        return (*self.net.amplitude_groups()[:-1], AmplitudeGroup(1, moment))

    def neuron_moment(self, points: Array) -> Array:
        return self.net.neuron_moment(points)

    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array:
        return self.net.joint_neuron_moment(blocks)

    def choose(self, theta: Parameters) -> Parameters:
        """Draws of the whole ensemble, ``a`` of shape (..., N + 1, D), with a_0 turned into the chosen direction.

        The length and the direction of a_0 are independent, so these are draws of the theory given the direction.
        """
        a = theta["a"]
        length = jnp.linalg.norm(a[..., -1, :], axis=-1, keepdims=True)
        return {**theta, "a": a.at[..., -1, :].set(length * jnp.asarray(self.direction))}


class Tilted(NamedTuple):
    """Moments of a_0 under P(a_0) exp(j n.a_0)."""

    parallel: float  #: <n.a_0>
    perpendicular_square: float  #: <a_perp^2> of one perpendicular component


def tilted(bottle: BottleLaw, j: float) -> Tilted:
    """<a_par> and <a_perp^2> of the tilted bottle; the Ward identity of the broken rotations is a_perp^2 = a_par / j.

    <a_par> from the radial integral with Bessel functions, <r cos> = r I_(D/2)(jr)/I_(D/2-1)(jr); <a_perp^2> from
    Gauss-Jacobi quadrature of the polar angle: the identity is not used.

    Raises
    ------
    InputError
        for a j that is not positive.
    """
    if not j > 0:
        raise InputError(f"tilt must be positive, got {j}")
    (count,) = bottle.event_shape
    r, weight = radial_rule(bottle)
    order = count / 2 - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        angular = np.where(r > 0, ive(order, j * r) * (j * r) ** -order, 0.0)
        cosine = np.where(r > 0, ive(order + 1, j * r) / ive(order, j * r), 0.0)
    tilted_weight = weight * angular * np.exp(j * (r - r.max()))
    parallel = float(np.sum(tilted_weight * r * cosine) / np.sum(tilted_weight))
    x, angle_weight = roots_jacobi(ANGLES, (count - 3) / 2, (count - 3) / 2)
    pull = angle_weight * np.exp(j * r[:, None] * (x - 1.0) + j * (r[:, None] - r.max()))
    sine_square = (pull * (1.0 - x**2)).sum(axis=1) / (count - 1)
    perpendicular = float(np.sum(weight * r**2 * sine_square) / np.sum(weight * pull.sum(axis=1)))
    return Tilted(parallel, perpendicular)
