"""Derivatives of the field as operators in correlators, exactly: what currents and energies are made of.

For a plane wave d/dx_k acts on M_n(sum_k s_k x_k) and brings down a sign s_k, so that with m = sum_k m_k

    E[prod_k D^(m_k) h(x_k)] = 2^(1-n) sum over balanced signs of prod_k s_k^|m_k| (D^m M_n)(sum_k s_k x_k).

M_n(z) = E[F^n Omega_d(|b||z|)] is isotropic, and (1/r) d/dr lowers Omega_d to -p^2/d Omega_(d+2): its derivatives are
radial averages of F^n |b|^(2k) Omega_(d+2k), sums over pairings of the derivatives, without cancellation at z = 0.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.exact import check_order, full_correlator, single_cumulant
from nnqft_ppl.correlation.generating import independent_waves
from nnqft_ppl.correlation.sobol import envelope_of
from nnqft_ppl.laws.fourier import omega
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.subsets import members
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, unconditioned
from nnqft_ppl.theory.cosine import CosineArchitecture, balanced_signs

REACH, NODES = 36.0, 6001  # of the logit of P(|b| < r), in which radial averages are even sums
SPENT = 1e-9  # of a radial average: what may lie beyond
BLOCK = 2**22  # numbers at a time


def exact_derivative(
    net: Architecture | Conditioned,
    configurations: ArrayLike,
    orders: Sequence[Sequence[int]],
    kind: str = "full",
) -> Array:
    """The exact correlator of derivatives of the field, E[D^(m_1) phi(x_1)..D^(m_n) phi(x_n)], at every width.

    Products of fields at one point are composite operators: (d phi)^2(x) is two first derivatives at x. No derivative
    anywhere is (2).

    Parameters
    ----------
    net
        A theory of independent plane waves with a frequency law whose moments E[F^n |b|^m] exist.
    configurations
        Shape (..., n, d): n points in R^d each, n <= 10.
    orders
        For each of the n points how often each of the d coordinates is differentiated: shape (n, d).
    kind
        ``"full"`` or ``"connected"``.

    Returns
    -------
    float64 array of shape (...), right to about 1e-9 of its scale.

    Raises
    ------
    NoClosedForm
        where neurons are dependent or no plane waves, a moment of |b| is infinite, or the theory has data, a source or
        an action.
    InputError
        for an unknown kind, or shapes that do not fit.

    Examples
    --------
    E[(phi')^2] = sigma_a^2 s^2/2 of Cos-net on the line, and E[phi'(x) phi(y)] is the derivative of G2(x - y).

    >>> net = nq.load("cos_net", sigma_b=1.5)
    >>> bool(np.isclose(nq.exact_derivative(net, [[0.0], [0.0]], [[1], [1]]), 1.5**2 / 2))
    True
    >>> found = nq.exact_derivative(net, [[0.4], [0.0]], [[1], [0]])
    >>> bool(np.isclose(found, -0.4 * 1.5**2 / 2 * np.exp(-((0.4 * 1.5) ** 2) / 2)))
    True
    """
    waves = independent_waves(unconditioned(net, "exact_derivative", "use its draws", NoClosedForm))
    points = check_configurations(configurations, waves.dim)
    n = check_order(points.shape[-2])
    counts = np.asarray(orders)
    if counts.shape != (n, waves.dim) or counts.dtype.kind != "i" or (counts < 0).any():
        raise InputError(f"orders must be {n} rows of {waves.dim} counts, got {orders!r:.80}")
    if kind not in ("full", "connected"):
        raise InputError(f"kind must be full or connected, got {kind!r}")
    terms = (full_correlator if kind == "full" else single_cumulant)(waves, (0,) * n)
    if not terms.subsets:
        return np.zeros(points.shape[:-2])
    chosen = [members(mask) for mask in terms.subsets]
    return terms.value(np.stack([neuron_derivative(waves, points[..., own, :], counts[own]) for own in chosen]))


def neuron_derivative(net: CosineArchitecture, points: Array, counts: Array) -> Array:
    """E[prod_k D^(m_k) h(x_k)] of one neuron; points (..., n, d) and counts (n, d) -> (...)."""
    n = points.shape[-2]
    if n % 2:
        return np.zeros(points.shape[:-2])
    signs = balanced_signs(n)
    own = np.prod(signs ** counts.sum(axis=1), axis=1)
    return 2.0 ** (1 - n) * (_kernel_derivative(net, n, signs @ points, counts.sum(axis=0)) @ own)


def _kernel_derivative(net: CosineArchitecture, n: int, z: Array, m: Array) -> Array:
    """D^m M_n at z of shape (..., d) -> (...), a sum over pairings of the derivatives of each coordinate.

    prod_i m_i!/(j_i! (m_i - 2 j_i)! 2^j_i) z^(m - 2j) times M_n lowered |m| - |j| times, for j_i pairs.
    """
    total, distance = np.zeros(z.shape[:-1]), np.linalg.norm(z, axis=-1)
    lowered: dict[int, Array] = {}
    for pairs in itertools.product(*(range(count // 2 + 1) for count in m.tolist())):
        single = m - 2 * np.array(pairs)
        k = int(m.sum() - sum(pairs))
        ways = math.prod(
            math.factorial(count) // (math.factorial(j) * math.factorial(count - 2 * j) * 2**j)
            for count, j in zip(m.tolist(), pairs, strict=True)
        )
        if k not in lowered:
            lowered[k] = _lowered(net, n, k, distance)
        total = total + ways * np.prod(z**single, axis=-1) * lowered[k]
    return total


def _lowered(net: CosineArchitecture, n: int, k: int, r: Array) -> Array:
    """((1/r) d/dr)^k of E[F^n Omega_d(|b| r)]: (-1)^k E[F^n |b|^(2k) Omega_(d+2k)(|b| r)]/(d (d+2) .. (d+2k-2))."""
    law = net.frequency_law
    assert law is not None
    t = np.linspace(-REACH, REACH, NODES)
    radii = law.radius_quantile(1.0 / (1.0 + np.exp(-t)), net.dim)
    density = envelope_of(net, radii) ** n * radii ** (2 * k) / (2.0 + 2.0 * np.cosh(t))
    weight = (t[1] - t[0]) * density
    if not density[-1] < SPENT * weight.sum():
        moment = f"E[F^{n} |b|^{2 * k}]"
        raise NoClosedForm(f"{type(net).__name__} has no closed derivatives here, as {moment} is infinite, or almost")
    scale = (-1.0) ** k / math.prod(range(net.dim, net.dim + 2 * k, 2))
    flat = r.ravel()
    rows = max(1, BLOCK // NODES)
    parts = [omega(net.dim + 2 * k, flat[i : i + rows, None] * radii) @ weight for i in range(0, len(flat), rows)]
    return scale * np.concatenate(parts).reshape(r.shape)
