"""Quasi-random single neurons: the radius |b| of an isotropic law, everything else integrated out.

What is left of a neuron's moments is one integral over the radius of F(r)^n Omega_d(r|z|). Its numbers are drawn from a
density that suits all the powers of the envelope F at once, and weighted: where F is heavy-tailed, or large only on
momenta that P(b) almost never visits, plain draws would not only be slow but look precise and be wrong.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.laws.fourier import omega
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.subsets import members
from nnqft_ppl.theory.cosine import CosineArchitecture, balanced_signs

LOGIT_REACH = 36.0  # beyond it a float64 cannot tell a probability from 0 or 1
CELLS = 4096


def radius_statistic(net: CosineArchitecture, points: Array, subsets: tuple[int, ...]) -> Callable[[Array], Array]:
    """A function of V numbers in (0, 1): weighted means of E[prod_(k in S) h(x_k) | r], (..., V) -> (..., S, C).

    Phases and directions integrated out, that is F(r)^n 2^(1-n) sum over balanced signs of Omega_d(r |sum_k s_k x_k|).
    In float64.
    """
    even = sorted({mask.bit_count() for mask in subsets if mask.bit_count() % 2 == 0})
    draw = radius_proposal(net, even)
    distances = {
        mask: np.linalg.norm(balanced_signs(mask.bit_count()) @ points[:, members(mask)], axis=-1)
        for mask in subsets
        if mask.bit_count() % 2 == 0
    }

    def statistic(v: Array) -> Array:
        radii, weight = draw(v)
        envelope = envelope_of(net, radii)
        means = np.zeros((*v.shape[:-1], len(subsets), len(points)))
        for row, mask in enumerate(subsets):
            if mask in distances:
                n = mask.bit_count()
                waves = omega(net.dim, radii[..., None, None] * distances[mask]).sum(axis=-1)
                weights = 2.0 ** (1 - n) * weight * envelope**n / v.shape[-1]
                means[..., row, :] = np.einsum("...v,...vc->...c", weights, waves)
        return means

    return statistic


def radius_proposal(net: CosineArchitecture, powers: list[int]) -> Callable[[Array], tuple[Array, Array]]:
    """Numbers v in (0, 1) to radii and their weights: E[f(|b|)] = E_v[weight * f(radius)] without bias, for every f.

    The density in t = logit(u), where u is the distribution function of |b|, is an equal mixture of those of P and of
    P F^n for the given powers n; linear between knots, it is inverted exactly.
    """
    law: Any = net.frequency_law
    knots = np.linspace(-LOGIT_REACH, LOGIT_REACH, CELLS + 1)
    u, jacobian = _from_logit(knots)
    envelope = envelope_of(net, law.radius_quantile(u, net.dim))
    parts = [jacobian * envelope**n for n in (0, *powers)]
    density = np.sum([part / np.trapezoid(part, knots) for part in parts], axis=0)
    step = knots[1] - knots[0]
    mass = step * (density[1:] + density[:-1]) / 2
    total = mass.sum()
    distribution = np.append(0.0, np.cumsum(mass)) / total

    def draw(v: Array) -> tuple[Array, Array]:
        cell = np.clip(np.searchsorted(distribution, v, side="right") - 1, 0, CELLS - 1)
        left, slope = density[cell], (density[cell + 1] - density[cell]) / step
        inside = (v - distribution[cell]) * total
        ahead = 2.0 * inside / (left + np.sqrt(np.maximum(left**2 + 2.0 * slope * inside, 0.0)))
        u, jacobian = _from_logit(knots[cell] + ahead)
        return law.radius_quantile(u, net.dim), jacobian * total / (left + slope * ahead)

    return draw


def envelope_of(net: CosineArchitecture, radii: Array) -> Array:
    """F at |b| = radii, an isotropic envelope, in float64."""
    with jax.enable_x64(True):
        rays = jnp.asarray(np.eye(1, net.dim) * radii.reshape(-1, 1))
        return np.asarray(jax.vmap(net.envelope_at)(rays), dtype=float).reshape(radii.shape)


def _from_logit(t: Array) -> tuple[Array, Array]:
    """u = 1/(1 + exp(-t)) and du/dt."""
    return 1.0 / (1.0 + np.exp(-t)), 1.0 / (2.0 + 2.0 * np.cosh(t))
