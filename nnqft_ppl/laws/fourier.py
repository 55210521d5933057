"""Isotropic Fourier integrals: from a radial weight in momentum space to a function of |z|.

For b in R^d with an isotropic law, E[f(|b|) cos(b.z)] = E[f(|b|) Omega_d(|b| |z|)], where Omega_d is the average of
exp(i b.z) over directions. What is left is one oscillating integral over |b|, done here to about 1e-14 of the
integral of |weight| by Gauss-Legendre panels that never span many oscillations or many decades.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from nnqft_ppl.runtime.arrays import Array

DROP = 40.0  # a radial density is cut where it has fallen by exp(-DROP)
NODES = 48  # per panel: resolves 24 radians of phase with room to spare
PANEL_PHASE = 40.0  # radians of oscillation that one panel may hold
UNRESOLVED = 1e-13  # of the largest value: coefficients of the highest polynomials on a panel that needs halving


def omega(dim: int, x: ArrayLike) -> Array:
    """Omega_d(x) = Gamma(d/2) (2/x)^(d/2-1) J_(d/2-1)(x), the average of exp(i b.z) over directions, x = |b| |z|.

    cos x, J_0(x), sin(x)/x, 2 J_1(x)/x for d = 1, 2, 3, 4; Omega_d(0) = 1.
    """
    x = np.abs(np.asarray(x, dtype=float))
    if dim == 1:
        return np.cos(x)
    if dim == 2:
        return special.j0(x)
    if dim == 3:
        return np.sinc(x / np.pi)
    if dim == 4:
        safe = np.where(x > 1e-8, x, 1.0)
        return np.where(x > 1e-8, 2.0 * special.j1(safe) / safe, 1.0)
    nu = dim / 2.0 - 1.0
    safe = np.where(x > 1e-8, x, 1.0)
    return np.where(x > 1e-8, special.gamma(dim / 2.0) * (2.0 / safe) ** nu * special.jv(nu, safe), 1.0)


_roots_legendre = lru_cache(special.roots_legendre)


def legendre_rule(count: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1].

    New arrays every time: of one that it met in double precision JAX may keep what it made, for a program in single.
    """
    x, weights = _roots_legendre(count)
    return x.copy(), weights.copy()


def sphere_area(dim: int) -> float:
    """Area of the unit sphere S^(d-1) in R^d, 2 pi^(d/2)/Gamma(d/2): 2, 2 pi, 4 pi, ..."""
    return float(2.0 * np.pi ** (dim / 2.0) / special.gamma(dim / 2.0))


def ball_volume(dim: int, radius: float) -> float:
    """Volume of the solid ball of a radius in R^d, pi^(d/2) radius^d / Gamma(d/2 + 1).

    It normalises the uniform law of frequencies below a cutoff: vol(S^d_Lambda) in (29), (30), where "sphere" must read
    "solid ball".

    Parameters
    ----------
    dim
        Dimension d.
    radius
        Radius of the ball, such as the cutoff Lambda.

    Returns
    -------
    The volume, in units of the radius to the power d.

    Examples
    --------
    >>> from nnqft_ppl.laws import ball_volume
    >>> bool(np.isclose(ball_volume(2, 3.0), 9 * np.pi))
    True
    >>> bool(np.isclose(ball_volume(3, 1.0), 4 * np.pi / 3))
    True
    """
    return sphere_area(dim) * radius**dim / dim


def radial_fourier(
    weight: Callable[[Array], Array],
    distance: ArrayLike,
    *,
    dim: int,
    scale: float,
    stop: float,
    start: float = 0.0,
    edges: Array | None = None,
) -> Array:
    """int_{start < |p| < stop} d^dp/(2 pi)^d weight(|p|) exp(i p.z) at |z| = distance.

    Parameters
    ----------
    weight
        Smooth function of |p|, with structure no finer than `scale` (for a propagator: the mass).
    distance
        Distances |z|, any shape.
    dim, scale, stop, start
        Dimension d, the finest structure of the weight, and the radii where the integral stops and starts.
    edges
        Panels from 0 to `stop` that resolve the weight, as `resolved_panels` finds them, for one whose structure is not
        at the origin; by default panels double in length from `scale`.
    """
    panels = start + doubling_panels(scale, stop - start) if edges is None else edges
    distance = np.abs(np.asarray(distance, dtype=float))
    unique, inverse = np.unique(distance, return_inverse=True)
    result = np.empty_like(unique)
    # Distances within a factor of two share their nodes; the node count then follows each group's own oscillation.
    octave = np.floor(np.log2(np.maximum(unique * stop, PANEL_PHASE)))
    for group in np.unique(octave):
        members = np.flatnonzero(octave == group)
        p, dp = radial_nodes(panels, float(unique[members[-1]]))
        measure = sphere_area(dim) / (2.0 * np.pi) ** dim * p ** (dim - 1) * weight(p) * dp
        for chunk in np.array_split(members, max(1, members.size * p.size // 2_000_000)):
            result[chunk] = omega(dim, unique[chunk, None] * p) @ measure
    return result[inverse].reshape(distance.shape)


def doubling_panels(scale: float, stop: float) -> Array:
    """Edges of panels on [0, stop] that double in length from `scale`."""
    count = max(0, math.ceil(math.log2(stop / scale)))
    return np.array([0.0, *(scale * 2.0**k for k in range(count)), stop])


def resolved_panels(weight: Callable[[Array], Array], stop: float) -> Array:
    """Edges of panels on [0, stop], halved until Legendre polynomials resolve the weight to about 1e-12 of its largest.

    A kink is halved down to a ten-thousandth of the whole.
    """
    x, w = legendre_rule(NODES)
    degrees = np.arange(NODES - 8, NODES - 2)
    highest = (2 * degrees[:, None] + 1) / 2 * special.eval_legendre(degrees[:, None], x) * w
    edges, done, largest = np.linspace(0.0, stop, 5), [], 0.0
    left, right = edges[:-1], edges[1:]
    while left.size:
        half = 0.5 * (right - left)
        values = weight(left[:, None] + half[:, None] * (x + 1.0))
        largest = max(largest, float(np.abs(values).max()))
        rough = (np.abs(values @ highest.T).max(axis=1) > UNRESOLVED * largest) & (half > 1e-4 * stop)
        done.append(left[~rough])
        left, half = left[rough], half[rough]
        left, right = np.concatenate([left, left + half]), np.concatenate([left + half, left + 2.0 * half])
    return np.append(np.sort(np.concatenate(done)), stop)


def radial_nodes(panels: Array, distance: float) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on panels, divided so that none holds more than a bounded phase."""
    length = np.diff(panels)
    parts = np.maximum(1, np.ceil(length * distance / PANEL_PHASE)).astype(int)
    half = np.repeat(0.5 * length / parts, parts)[:, None]
    number = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    left = np.repeat(panels[:-1], parts)[:, None] + 2.0 * half * number[:, None]
    x, w = legendre_rule(NODES)
    return (left + half * (x + 1.0)).ravel(), (half * w).ravel()


def radial_support(log_density: Callable[[Array], Array], stop: float) -> tuple[float, float]:
    """Where a density of r on [0, stop] is within exp(-DROP) of its largest value, on a fine grid."""
    grid = np.linspace(0.0, stop, 100_001)
    value = log_density(grid)
    kept = grid[value > value.max() - DROP]
    return float(max(kept[0] - grid[1], 0.0)), float(kept[-1] + grid[1])


def radial_characteristic(log_weight: Callable[[Array], Array], w: ArrayLike, *, dim: int) -> Array:
    """E cos(B.W) for an isotropic law of B in R^dim with density ~ exp(log_weight(|B|)), at |W| = w.

    B.W = |B| w sin(theta) with a density cos(theta)^(dim-2) of theta: two nested Gauss-Legendre rules, stable for
    dimensions in the thousands. It is the characteristic function of a joint law of all frequencies,
    (11), that is isotropic in R^(Nd): E cos(sum_i b_i.z_i) with W = (z_1..z_N).

    Parameters
    ----------
    log_weight
        log of the density of B at |B| = r up to a constant, a function of an array of r. The density must fall faster
        than any power of r.
    w
        Lengths |W|, any shape; in units of 1/|B|.
    dim
        Dimension of B and W.

    Returns
    -------
    float64 array of the shape of `w`, between -1 and 1.

    Examples
    --------
    >>> from nnqft_ppl.laws import radial_characteristic
    >>> w = np.array([0.0, 1.0, 2.0])
    >>> found = radial_characteristic(lambda r: -(r**2) / 2, w, dim=200)  # B ~ N(0, I)
    >>> bool(np.allclose(found, np.exp(-(w**2) / 2)))
    True
    """
    w = np.abs(np.asarray(w, dtype=float))

    def log_density(r: Array) -> Array:
        with np.errstate(divide="ignore"):
            return log_weight(r) + ((dim - 1) * np.log(r) if dim > 1 else 0.0)

    stop = 1.0
    while log_density(np.array([2.0 * stop]))[0] > log_density(np.array([stop]))[0] - DROP:
        stop *= 2.0
    low, high = radial_support(log_density, 2.0 * stop)
    reach = min(np.pi / 2.0, 9.0 / (dim - 1) ** 0.5) if dim > 1 else np.pi / 2.0
    # Beyond 160 nodes, one for each radian of the fastest oscillation of cos(B.W): twice what it takes.
    x, gauss = legendre_rule(160 + int(w.max(initial=0.0) * high * np.sin(reach)))
    r = low + (high - low) * (x + 1.0) / 2.0
    values = log_density(r)
    weight = gauss * np.exp(values - values.max())
    unique, inverse = np.unique(w, return_inverse=True)
    if dim == 1:
        means = np.cos(unique[:, None] * r)
    else:
        theta = reach * x
        spread = gauss * np.exp((dim - 2) * np.log(np.cos(theta)))
        means = np.stack([np.cos(u * np.outer(r, np.sin(theta))) @ spread for u in unique]) / spread.sum()
    return (means @ weight / weight.sum())[inverse].reshape(w.shape)


def student_radius(u: Array, *, degrees: float, mass: float, dim: int) -> Array:
    """The quantile function of |b| for P(b) ~ (b^2 + m^2)^(-(degrees + d)/2): m^2/(b^2 + m^2) is a beta variable."""
    return mass * np.sqrt(1.0 / special.betaincinv(degrees / 2.0, dim / 2.0, 1.0 - u) - 1.0)
