"""Vacua of fields with D components: their manifold, the fluctuations about one of them, and a source that chooses one.

The ensemble averages over all vacua and keeps SO(D); a chosen vacuum keeps SO(D-1). With finitely many neurons the
breaking is classical only: as a source exp(j n.a_0) is taken away, <a_0> goes to zero like j E|a_0|^2 / D.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from scipy.special import ive, roots_jacobi

from nnqft_ppl.classical.density import Density
from nnqft_ppl.classical.modes import search
from nnqft_ppl.laws.fourier import legendre_rule, radial_support
from nnqft_ppl.laws.vectors import BottleLaw, RowLaw
from nnqft_ppl.runtime.arrays import Array, few_lines, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.amplitudes import AmplitudeGroup, Components
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Model, unconditioned

ANGLES, RADII = 64, 400  # nodes of the polar angle, at least, and of |a_0|


class Vacua(NamedTuple):
    """The maxima of P(a) as a manifold, in the coordinates a, with respect to d^(ND) a."""

    radius: float  #: |a| of the neurons that have an expectation value; 0 in a symmetric vacuum
    dimension: int  #: of the vacuum manifold: zero modes of the Hessian of -log P(a)
    masses: Array  #: mass^2, eigenvalues of that Hessian for all such amplitudes, (k D,) ascending; for one where a = 0
    log_p: float  #: log P(a) at a vacuum
    neurons: int  #: number k of neurons with an expectation value
    components: int  #: number D of components of the field
    span: int  #: dimension of the space that the expectation values span at a generic vacuum

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def goldstones(self) -> int:
        """Massless directions of the broken symmetry: expectation values that span r dimensions leave SO(D - r)."""
        left = self.components - self.span
        return (self.components * (self.components - 1) - left * (left - 1)) // 2

    @property
    def moduli(self) -> int:
        """The other zero modes: relative angles of the neurons, which no symmetry keeps massless."""
        return self.dimension - self.goldstones


def vacua(net: Model, *, seed: int = 0) -> Vacua:
    """The dominant vacua of a field with D components, by a search for the maxima of P(a).

    For the wine bottle (44) they are the sphere |a_0| = v; for the Gaussian amplitudes of (43) the point a = 0. Where
    the amplitudes of a kind of neurons are independent, one of them is searched: its maximum, and the directions in
    which that is flat, are those of all of its kind. With k bottles the vacua are (S^(D-1))^k. Amplitudes that are
    coupled are searched together: right angles between k bottles leave the frames of k vectors in R^D.

    Parameters
    ----------
    net
        A theory of a field with D >= 2 components, (42).
    seed
        Fixes the starts of the search.

    Returns
    -------
    A named tuple: ``radius``, |a| of the ``neurons`` that have an expectation value, 0 in a symmetric vacuum;
    ``dimension`` of the vacuum manifold; ``masses`` (k D,), squared: the eigenvalues of the Hessian of -log P(a) in the
    directions of all of these amplitudes, ascending; and ``log_p``. ``goldstones`` counts the massless directions of
    broken rotations, ``moduli`` the others, relative angles of the neurons.

    Raises
    ------
    InputError
        for a field with one component, amplitudes without a density, or a theory with data, a source or an action, the
        maxima of which are not those of P(a).

    Examples
    --------
    The vacua are a circle: one direction is massless, and the other has the mass^2 4 v^2/sigma_v^2 = 16.

    >>> found = nq.vacua(nq.load("wine_bottle", components=2, radius=1.0, sigma_v=0.5))
    >>> round(found.radius, 6), found.goldstones, round(float(found.masses[-1]), 6)
    (1.0, 1, 16.0)
    """
    net = unconditioned(net, "vacua", "use modes")
    if net.component_count < 2:
        raise InputError(f"{type(net).__name__}: vacua are those of a field with several components")
    law = net.prior()["a"]
    draws = np.asarray(jax.jit(jax.vmap(law.sample))(jax.vmap(jax.random.key)(np.arange(3))))
    log_prob = jax.jit(law.log_prob)
    a, kinds, first = np.zeros(law.shape()), [], 0
    for group in net.amplitude_groups():
        free = _independent(log_prob, draws, first)
        some = SomeAmplitudes(net=net, others=draws[0], first=first, width=1 if free else group.neurons)
        kind = _of_a_kind(some, seed)
        a[first : first + group.neurons] = kind.top
        kinds.append(kind._replace(copies=group.neurons if free else 1))
        first += group.neurons
    best = max(kinds, key=lambda kind: kind.radius)
    neurons = sum(kind.neurons * kind.copies for kind in kinds)
    # Independent directions are in general position; coupled ones are where the search has found them.
    span = min(sum(int(np.linalg.matrix_rank(kind.top, 1e-6)) * kind.copies for kind in kinds), net.component_count)
    broken = [np.tile(kind.masses, kind.copies) for kind in kinds if kind.neurons]
    log_p = float(np.sum(log_prob(a)))
    return Vacua(
        best.radius,
        sum(kind.zero_modes * kind.copies for kind in kinds),
        np.sort(np.concatenate(broken or [best.masses])),
        log_p,
        neurons,
        net.component_count,
        span,
    )


class _Kind(NamedTuple):
    """The dominant maximum of the amplitudes of one kind, or of one of them where they are independent."""

    top: Array  #: (count, D), zero where an amplitude vanishes
    masses: Array
    zero_modes: int
    copies: int = 1

    @property
    def radius(self) -> float:
        return float(np.linalg.norm(self.top, axis=1).max())

    @property
    def neurons(self) -> int:
        return int(self.top.any(axis=1).sum())


def _of_a_kind(some: "SomeAmplitudes", seed: int) -> _Kind:
    best = search(Density(some), seed=seed).dominant[0]
    top = np.asarray(best.theta["a"], dtype=np.float64)
    silent = np.linalg.norm(top, axis=1) < 1e-6
    return _Kind(np.where(silent[:, None], 0.0, top), best.spectrum.astype(np.float64), best.zero_modes)


def _independent(log_prob: Callable[[Array], Any], draws: Array, row: int) -> bool:
    """Is the amplitude of a row independent of the others? If so, exchanging it between two draws keeps P P'."""
    pair = draws[1:]
    swapped = pair.copy()
    swapped[:, row] = pair[::-1, row]
    before, after = (sum(float(np.sum(log_prob(a))) for a in both) for both in (pair, swapped))
    return abs(after - before) <= 1e-5 * max(abs(before), 1.0)


@final
@dataclass(frozen=True, kw_only=True)
class SomeAmplitudes(Architecture):
    """Amplitudes of neighbouring neurons of a theory as a theory of its own, phi = sum_j a_j, the others held fixed."""

    net: Architecture
    others: Array  #: amplitudes (N, D) of all neurons of the theory, of which its own are not used
    first: int

    @property
    def component_count(self) -> int:
        return self.net.component_count

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        return (AmplitudeGroup(self.width, lambda _: math.nan),)

    def prior(self) -> dict[str, dist.Distribution]:
        return {"a": RowLaw(self.net.prior()["a"], self.others, self.first, self.width)}

    def neuron(self, x: jax.Array) -> jax.Array:
        return jnp.ones((), x.dtype)


def bottle_of(net: Architecture) -> BottleLaw:
    """The law of a_0 of a card with a wine bottle; `InputError` for another card."""
    if net.bottle is None:
        raise InputError(f"{type(net).__name__}: a card with a wine bottle is needed, which has a property `bottle`")
    return net.bottle


@dataclass(frozen=True)
class ChosenVacuum:
    """Fluctuations about one vacuum: each bottle given its direction, a_j/|a_j| = n_j.

    A theory for `exact_correlator`: with one bottle, for example, G2_kl = delta_kl sigma_a^2 H_ii + E[r^2] n_k n_l
    H_00; with several, connected functions such as the one of components 1 1 2 2 depend on the angles between them.
    """

    net: Any  #: a card with wine bottles, the amplitudes of its last group
    directions: tuple[tuple[float, ...], ...]  #: n_j of every bottle, each of length D and norm 1
    independent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        (count,) = bottle_of(self.net).event_shape
        bottles = self.net.amplitude_groups()[-1].neurons
        if len(self.directions) != bottles:
            raise InputError(f"directions must be one for each of {bottles} bottles, got {len(self.directions)}")
        for n in self.directions:
            if len(n) != count or abs(np.linalg.norm(n) - 1.0) > 1e-9:
                raise InputError(f"direction must be a unit vector with {count} components, got {n}")

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
        """As the card's, but each bottle is a group of its own, a_j = r n_j with a random length only."""
        bottle = bottle_of(self.net)

        def of_one(n: Array) -> AmplitudeGroup:
            def moment(components: Components) -> float:
                k = len(components)
                return self.width ** (k / 2) * bottle.radial_moment(k) * float(np.prod(n[list(components)]))

            return AmplitudeGroup(1, moment)

        return (*self.net.amplitude_groups()[:-1], *map(of_one, np.asarray(self.directions)))

    def neuron_moment(self, points: Array) -> Array:
        return self.net.neuron_moment(points)

    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array:
        return self.net.joint_neuron_moment(blocks)

    def choose(self, theta: Parameters) -> Parameters:
        """Draws of the whole ensemble, ``a`` of shape (..., neurons, D), each bottle turned into its direction.

        The length and the direction of a bottle are independent, so these are draws of the theory given directions.
        """
        a, bottles = theta["a"], len(self.directions)
        length, n = jnp.linalg.norm(a[..., -bottles:, :], axis=-1), jnp.asarray(self.directions, a.dtype)
        return {**theta, "a": a.at[..., -bottles:, :].set(jnp.einsum("...j,jk->...jk", length, n))}


class BottleMoments(NamedTuple):
    """Moments of a_0 under P(a_0) exp(j n.a_0)."""

    parallel: float  #: <n.a_0>
    perpendicular_square: float  #: <a_perp^2> of one perpendicular component


def bottle_moments(bottle: BottleLaw, j: float) -> BottleMoments:
    """<a_par> and <a_perp^2> of the bottle with a source; the Ward identity of broken rotations is a_perp^2 = a_par/j.

    <a_par> from the radial integral with Bessel functions, <r cos> = r I_(D/2)(jr)/I_(D/2-1)(jr); <a_perp^2> from
    Gauss-Jacobi quadrature of the polar angle: the identity is not used.

    Raises
    ------
    InputError
        for a j that is not positive and finite, or fewer than two components.
    """
    (count,) = bottle.event_shape
    if not (np.isfinite(j) and j > 0):
        raise InputError(f"source must be positive and finite, got {j}")
    if count < 2:
        raise InputError(f"a source chooses among directions of at least 2 components, got {count}")

    def log_density(r: Array) -> Array:  # of |a_0|, but for the average over angles, which is between 1 and 1/(j r)
        with np.errstate(divide="ignore"):
            return (count - 1) * np.log(r) - (r**2 - bottle.radius**2) ** 2 / (2.0 * bottle.sigma**2) + j * r

    far = (bottle.radius**2 + 9.0 * bottle.sigma + 2.0 * (j * bottle.sigma**2) ** (2 / 3)) ** 0.5
    low, high = radial_support(log_density, 2.0 * far + 2.0)
    nodes, gauss = legendre_rule(RADII)
    r = low + 0.5 * (high - low) * (nodes + 1.0)
    height = log_density(r)
    weight, order = gauss * np.exp(height - height.max()), count / 2 - 1
    weighted = weight * ive(order, j * r) * (j * r) ** -order
    cosine = ive(order + 1, j * r) / ive(order, j * r)
    parallel = float(np.sum(weighted * r * cosine) / np.sum(weighted))
    # The angle is within 1/sqrt(j r) of the source, and nodes are as close as 1/n^2 there.
    angles = ANGLES + 6 * int((j * high) ** 0.5)
    x, angle_weight = roots_jacobi(angles, (count - 3) / 2, (count - 3) / 2)
    pull = angle_weight * np.exp(j * r[:, None] * (x - 1.0))
    sine_square = (pull * (1.0 - x**2)).sum(axis=1) / (count - 1)
    perpendicular = float(np.sum(weight * r**2 * sine_square) / np.sum(weight * pull.sum(axis=1)))
    return BottleMoments(parallel, perpendicular)
