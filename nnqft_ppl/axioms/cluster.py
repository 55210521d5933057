"""Cluster decomposition: do parts of a correlator that are far apart become independent?

    C(R) = E[A B_R] - E[A] E[B],    A = phi(x_1)..phi(x_m),  B_R = phi(y_1 + R)..phi(y_n + R),

must vanish as R -> infinity. With phases that only make correlators translation invariant it does not at finite width:
C of two pairs tends to the covariance over draws of the spatial average of phi(x) phi(x + u), which a field of finitely
many plane waves has. At infinite width it vanishes where neurons are independent, and only there for couplings of the
frequencies alone: the theory is otherwise a mixture of Gaussian ones.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.axioms.verdicts import Verdict
from nnqft_ppl.correlation.exact import INSTEAD, exact_correlator
from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned
from nnqft_ppl.theory.cosine import CosineArchitecture
from nnqft_ppl.theory.coupled_cosine import CoupledCosineArchitecture

NEAR, FAR = (np.linspace(start, start + 1.0, 9) for start in (10.0, 24.0))  # distances, in units of `length`
DECAY = 0.6  # from NEAR to FAR at least, of a function that vanishes no slower than R^(-0.6)
ROUNDING = 1e-10  # of a correlation coefficient: less is zero
WIDTHS = (100, 1_000_000)  # between which a violation of order 1/N keeps N C
GROWTH = 3.0  # of N C at most, where C vanishes like 1/N

FIRST, SECOND = np.array([0.1, -0.4]), np.array([0.3, -0.5])  # positions of both parts, in units of `length`

AXIOM, LIMIT = "cluster decomposition", "cluster decomposition, N -> infinity"


def cluster(net: Model, first: ArrayLike, second: ArrayLike, distances: ArrayLike) -> Array:
    """C(R) of products of fields at `first` (m, d) and `second` (n, d), moved by R along the last axis of space.

    Returns
    -------
    float64 array of the shape of `distances`.

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments, or the theory has data, a source or an action.
    """
    net = unconditioned(net, "cluster", INSTEAD, NoClosedForm)
    x, y = check_points(first, net.dim), check_points(second, net.dim)
    shift = np.asarray(distances, dtype=float)[..., None, None] * np.eye(1, net.dim, net.dim - 1)
    moved = y + shift
    both = np.concatenate([np.broadcast_to(x, (*moved.shape[:-2], *x.shape)), moved], axis=-2)
    return exact_correlator(net, both) - exact_correlator(net, x) * exact_correlator(net, moved)


def cluster_limit(net: CosineArchitecture, u: ArrayLike, v: ArrayLike) -> Array:
    """lim C(R) of two pairs at distances u = x_1 - x_2 and v = y_1 - y_2, shape (..., d), in closed form.

    (1/N) {gamma_a^4/8 [M_4(u+v) + M_4(u-v)] - sigma_a^4/4 M_2(u) M_2(v)} + sigma_a^4 (1-1/N) (H_iijj - H_ii H_jj),
    the last term for neurons coupled by a common tilt, scale or correlation. For Cos-net with Gaussian amplitudes it is
    sigma_a^4/(4N) exp(-s^2 (u^2+v^2)/2) [3 cosh(s^2 u.v) - 1].
    """
    u, v = np.asarray(u, dtype=float), np.asarray(v, dtype=float)
    four = net.kernel_moment(4, u + v) + net.kernel_moment(4, u - v)
    pairs = net.kernel_moment(2, u) * net.kernel_moment(2, v)
    finite = net.amplitude_moment(4) * four / 8 - net.amplitude_moment(2) ** 2 * pairs / 4
    coupled = net.pair_excess(u, v) if isinstance(net, CoupledCosineArchitecture) else 0.0
    return finite / net.width + net.amplitude_moment(2) ** 2 * (1 - 1 / net.width) * coupled


def cluster_verdicts(net: Architecture) -> list[Verdict]:
    """Cluster decomposition of one field from another and of two from two, at this width and at infinite width.

    The statistic is nearly the correlation coefficient C(R)/sqrt(Var A Var B), a root mean square over distances FAR.
    """
    axis = net.length * np.eye(1, net.dim, net.dim - 1)
    verdicts = []
    for count in (1, 2):
        first, second = (positions[:count, None] * axis for positions in (FIRST, SECOND))
        test = f"{count} | {count}"
        try:
            near, far = (correlation(net, first, second, distances) for distances in (NEAR, FAR))
        except NoClosedForm as error:
            verdicts.append(Verdict(AXIOM, test, "undecided", np.nan, np.nan, detail=str(error)))
            continue
        limit = max(DECAY * near, ROUNDING)
        detail = f"{near:.2g} at R = {NEAR[0]:g}, {far:.2g} at R = {FAR[0]:g}"
        decays = far <= limit and not (count == 2 and _keeps(net, first, second))
        verdicts.append(Verdict(AXIOM, test, "pass" if decays else "fail", far, limit, detail=detail))
        verdicts += _limit(net, test, first, second)
    return verdicts


def _keeps(net: Architecture, first: Array, second: Array) -> bool:
    """Is the closed limit of independent plane waves not zero? A slow decay towards it looks like one to zero."""
    if not (isinstance(net, CosineArchitecture) and net.independent and net.component_count == 1):
        return False
    u, v = first[0] - first[1], second[0] - second[1]
    pairs = net.amplitude_moment(2) ** 2 * net.kernel_moment(2, u) * net.kernel_moment(2, v)
    return bool(abs(cluster_limit(net, u, v)) > ROUNDING * abs(pairs))


def correlation(net: Architecture, first: Array, second: Array, distances: Array) -> float:
    """The root mean square over distances, in units of `length`, of C(R)/sqrt(Cov(A, A') Cov(B, B')).

    A' is A at points a little apart, which is its variance nearly, and finite where a variance is not.
    """
    near = [1.2 * part + 0.1 * net.length for part in (first, second)]
    scales = [
        exact_correlator(net, np.concatenate([part, copy])) - exact_correlator(net, part) * exact_correlator(net, copy)
        for part, copy in zip((first, second), near, strict=True)
    ]
    values = cluster(net, first, second, net.length * distances)
    return float(np.sqrt(np.mean(values**2) / np.abs(scales[0] * scales[1])))


def _limit(net: Architecture, test: str, first: Array, second: Array) -> list[Verdict]:
    """Does C vanish like 1/N, or if not, at the largest width with R?"""
    try:
        narrow, wide = (replace(net, width=width) for width in WIDTHS)
    except InputError:  # a theory of fixed width
        return []
    near, far = (correlation(wide, first, second, distances) for distances in (NEAR, FAR))
    before = correlation(narrow, first, second, FAR)
    limit = max(GROWTH * before * WIDTHS[0] / WIDTHS[1], DECAY * near, ROUNDING)
    detail = f"{before:.2g} at N = {WIDTHS[0]}, {far:.2g} at N = {WIDTHS[1]}"
    return [Verdict(LIMIT, test, "pass" if far <= limit else "fail", far, limit, detail=detail)]
