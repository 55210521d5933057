"""Verdicts on reflection positivity of products of fields: four-point and six-point blocks, (13).

A negative norm is a proof of failure. Products pass where a theorem says so, and are undecided where they are merely
positive for the functionals below.

**On the line** {1, phi phi} of independent plane waves is positive at every N where M_2 and M_4 are positive kernels:
there cos(b theta u) = cos(b u).

**Of neurons on reversible Markov paths** all functionals are positive at every N (`theory/paths`); the matrices below
are evidence only.

**In d >= 2** every isotropic net of plane waves with independent uniform phases fails at finite N already on phi phi.
Take A = phi(x) phi(x + u) - phi(x) phi(x + u') at imaginary time T, u = (u_0, v) and its mirror image u' = (u_0, -v).
As T -> infinity only what one draw keeps at both ends is left,

    E[theta(A) A]  ->  -(gamma_a^4/N) E[F^4 sin^2(b_0 u_0) sin^2(b.v)]  <  0    for independent neurons,

since theta changes the sign of F^2 sin(b_0 u_0) sin(b.v). Dependent neurons add terms of pairs, which the exact engine
has at finite T.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from nnqft_ppl.axioms.gram import (
    Kernel,
    gram,
    normalised_positivity,
    positivity,
    products,
    two_point_gram,
    two_point_kernels,
)
from nnqft_ppl.axioms.reflection_positivity import half_space, positivity_verdict
from nnqft_ppl.axioms.sampled import sampled_verdict
from nnqft_ppl.axioms.verdicts import Outcome, Verdict
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.cosine import CosineArchitecture
from nnqft_ppl.theory.generic import independent_pairs
from nnqft_ppl.theory.paths import PathArchitecture

PAIRS, TRIPLES = (f"reflection positivity, {n}-point" for n in (4, 6))

PAIR_TIMES = np.array([0.1, 0.4, 0.8, 1.3])  # on the line, in units of `length`
TRIPLE_TIMES = np.array([0.1, 0.6, 1.2])
#: In more dimensions: two pairs that are nearly mirror images, and a third coordinate; further ones are zero.
PAIR_POINTS = np.array([[1.5, 0.5, 0.2], [0.5, -0.5, -0.1], [1.5, -0.6, -0.3], [0.5, 0.6, 0.25]])
TRIPLE_POINTS = np.array([[0.1, 0.3, 0.2], [0.6, -0.4, -0.1], [1.2, 0.1, 0.3]])
FAR = 15.0  # in units of `length`,
NEARLY = 0.1  # and how far a pair is from the mirror image of another, where M_4 is infinite at zero
NEGLIGIBLE = 1e-12  # of a norm, in units of G2(0)^2


def mirrored_norm(net: CosineArchitecture, time: float, space: float, components: Sequence[int] = (0, 0)) -> float:
    """lim E[theta(A) A] for u = (time, space, 0, ..) and its mirror image, in d >= 2, for independent neurons.

    A = phi_k(x) phi_l(x + u) - phi_k(x) phi_l(x + u') for `components` (k, l). For Cos-net with Gaussian amplitudes
    -(3/4N) (1 - exp(-2 s^2 u_0^2)) (1 - exp(-2 s^2 u_1^2)).

    Raises
    ------
    InputError
        where E[F^4] is infinite.
    """
    u = np.zeros((2, net.dim))
    u[:, 0], u[:, 1] = time, (space, -space)
    zero, both, apart = np.zeros(net.dim), u[0] + u[1], u[0] - u[1]
    squares = net.kernel_moment(4, zero) + (net.kernel_moment(4, 2.0 * u)).sum() / 2.0
    own = (squares - net.kernel_moment(4, both) - net.kernel_moment(4, apart)) / 4.0
    k, l = components
    norm = -sum(group.neurons * group.moment((k, l, k, l)) for group in net.amplitude_groups()) * float(own)
    return norm / net.width**2


def pair_verdicts(net: Architecture, *, draws: int = 20_000, seed: int = 0) -> list[Verdict]:
    """Reflection positivity on {1, phi phi}: by theorems where they hold, by Gram matrices or by draws elsewhere."""
    if isinstance(net, CosineArchitecture) and net.dim > 1:
        try:
            return [_mirrored(net)]
        except NoClosedForm:
            pass
    elif isinstance(net, CosineArchitecture) and net.component_count == 1 and independent_pairs(net):
        kernels = {k: positivity(two_point_gram(_moment(net, k), half_space(net))) for k in (2, 4)}
        found = [positivity_verdict(PAIRS, f"kernel M_{k}, every N", one) for k, one in kernels.items()]
        if all(verdict.outcome == "pass" for verdict in found):
            # On the grid: a cutoff still makes M_k smooth, and so not positive, below 1/Lambda.
            cut = np.isfinite(net.momentum_cutoff)
            return [v._replace(outcome="up to cutoff") for v in found] if cut else found
    return _blocks(net, PAIRS, 2, draws, seed)


def triple_verdicts(net: Architecture, *, draws: int = 20_000, seed: int = 0) -> list[Verdict]:
    """Reflection positivity on {phi, phi phi phi}, where theories of finitely many neurons fail.

    A field of analytic neurons at tau > 0 determines itself at tau < 0, so some functional A has the negative norm
    E[theta(A) A] = -E|A|^2 at every finite width; products of three fields are often enough to see it.
    """
    return _blocks(net, TRIPLES, 3, draws, seed)


def _mirrored(net: CosineArchitecture) -> Verdict:
    """The norm of a pair minus its mirror image, the most negative one of all pairs of components.

    In the limit of large T for independent neurons. Otherwise, and where E[F^4] is infinite, it is the lowest of
    {1, A, A'} at T = FAR by the exact engine, with pairs of which one is nearly the mirror image of the other.
    """
    try:
        if independent_pairs(net):
            zero = np.zeros(net.dim)
            scale = max(float(kernel(zero, zero)) for (k, l), kernel in two_point_kernels(net).items() if k == l) ** 2
            pairs = itertools.combinations_with_replacement(range(net.component_count), 2)
            statistic = min(mirrored_norm(net, net.length, net.length, pair) for pair in pairs) / scale
            return _mirrored_verdict(statistic, NEGLIGIBLE)
    except NoClosedForm:
        raise
    except InputError:  # infinite at a point
        pass
    x, u = FAR * net.length * np.eye(1, net.dim), net.length * np.eye(2, net.dim).sum(axis=0)
    image = u * np.r_[1.0, -np.ones(net.dim - 1)] + NEARLY * net.length * np.eye(2, net.dim).sum(axis=0)
    functionals, labels = [np.empty((0, net.dim))], [()]
    for pair in itertools.product(range(net.component_count), repeat=2):
        functionals += [np.concatenate([x, x + v]) for v in (u, image)]
        labels += [pair, pair]
    found = normalised_positivity(gram(net, functionals, labels))
    return _mirrored_verdict(found.lowest / found.norm, found.tolerance / found.norm)


def _mirrored_verdict(statistic: float, tolerance: float) -> Verdict:
    outcome: Outcome = "fail" if statistic < -tolerance else "undecided"
    detail = (
        "a pair minus its mirror image, at a large imaginary time, has a negative norm" if outcome == "fail" else ""
    )
    return Verdict(PAIRS, "{phi^2}, mirrored", outcome, statistic, -tolerance, detail=detail)


def _moment(net: CosineArchitecture, k: int) -> Kernel:
    return lambda x, y: net.kernel_moment(k, x - y)


def _blocks(net: Architecture, axiom: str, degree: int, draws: int, seed: int) -> list[Verdict]:
    """Gram matrices of {1, phi phi} or {phi, phi phi phi}: along imaginary time, and in all coordinates.

    Along imaginary time products may have several fields at one point. In space, where a field may have no variance at
    a point, their fields have times of their own, so that no balanced sum of a pair and its reflection vanishes. By
    draws where there is no closed form.
    """
    try:
        found = [_block(net, axiom, one, degree, separate=k > 0) for k, one in enumerate(block_points(net, degree))]
    except NoClosedForm:
        axis = block_points(net, degree)[0]
        return [sampled_verdict(net, axiom, axis, (degree - 2, degree), draws=draws, seed=seed)]
    known = [verdict for verdict in found if np.isfinite(verdict.statistic)]
    return known or found[-1:]


def block_points(net: Architecture, degree: int) -> list[Array]:
    """Where products of `degree` fields are looked at: along imaginary time and, where there is space, in it too."""
    times = (PAIR_TIMES if degree == 2 else TRIPLE_TIMES)[:, None] * np.eye(1, net.dim)
    space = PAIR_POINTS if degree == 2 else TRIPLE_POINTS
    wide = np.pad(space, ((0, 0), (0, max(net.dim - 3, 0))))[:, : net.dim]
    return [net.length * times, net.length * wide][: min(net.dim, 2)]


def _block(net: Architecture, axiom: str, points: Array, degree: int, *, separate: bool) -> Verdict:
    """The Gram matrix of products of fields at points, with every component of the field."""
    test = ("{1, phi^2}" if degree == 2 else "{phi, phi^3}") + (", in space" if separate else "")
    chosen = products(points, net.component_count, degree - 2, degree, separate=separate)
    try:
        verdict = positivity_verdict(axiom, test, normalised_positivity(chosen.gram(net)))
    except NoClosedForm:
        raise
    except InputError as error:  # infinite at a point
        return Verdict(axiom, test, "undecided", np.nan, np.nan, detail=str(error))
    if verdict.outcome == "fail":
        return verdict
    if isinstance(net, PathArchitecture) and net.reversible:
        return verdict._replace(detail="reversible Markov paths, given the amplitudes: every functional, every N")
    return verdict._replace(outcome="undecided", detail="positive for these functionals")
