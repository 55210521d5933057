"""Effective masses: how fast the correlator of slices at zero momentum falls with their distance.

The nodes of a box form slices across its first axis. Their mean fields at equal distances from the middle, phi_t and
phi_-t, have C(2t) = <phi_t phi_-t>, which falls like exp(-M 2t) where one state dominates:
M(r, r') = log[C(r)/C(r')]/(r' - r). On the line M tends to the gap E_1 - E_0. In more dimensions a slice of a box ends,
so that it has zero momentum only as far as the box is wide.
"""

from typing import NamedTuple

import jax
import numpy as np

from nnqft_ppl.correlation.weighted import effective_draws
from nnqft_ppl.inference.gaussian_process import kernel_matrix
from nnqft_ppl.interacting.boxes import Box
from nnqft_ppl.interacting.ensembles import weighted_moments
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned


class Masses(NamedTuple):
    """Effective masses between neighbouring distances of slices, the nearest first."""

    distance: Array  #: (r + r')/2, (M,)
    mass: Array  #: M(r, r'), (M,)
    mcse: Array  #: its standard error, by the delta method
    ess: float  #: effective number of draws
    draws: int


def effective_masses(
    model: Model, box: Box, *, infinite: bool, draws: int, seed: int = 0, progress: bool = False
) -> Masses:
    """Effective masses of a theory in a box, at its own width or at N = infinity.

    Raises
    ------
    InputError
        for a box with fewer than 4 slices, or a theory that `weighted_moments` cannot draw.
    """
    given = conditioned(model)
    if box.nodes < 4:
        raise InputError(f"nodes must be at least 4 along an axis for an effective mass, got {box.nodes}")
    moments = weighted_moments(
        given,
        box.points,
        _Slices(box.nodes),
        _free_slices(given.net, box),
        infinite=infinite,
        draws=draws,
        seed=seed,
        progress=progress,
    )
    distances = separations(box)
    steps = np.diff(distances)
    # log[C(r)/C(r')]: the weights' own mean divides out. The products without weights are taken out by least squares.
    rows = len(distances)
    mean, covariance = moments.mean[:, 0], moments.scatter[0] / (max(moments.draws - 1, 1) * moments.draws)
    inverse = np.diag(1.0 / mean[1 : rows + 1])
    gradient = (inverse[:-1] - inverse[1:]) / steps[:, None]
    together = gradient @ covariance[1 : rows + 1, rows + 1 :]
    slopes = together @ np.linalg.pinv(covariance[rows + 1 :, rows + 1 :], 1e-10, hermitian=True)
    own = np.einsum("ks,st,kt->k", gradient, covariance[1 : rows + 1, 1 : rows + 1], gradient)
    variance = own - (slopes * together).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mass = np.log(mean[1:rows] / mean[2 : rows + 1]) / steps - slopes @ mean[rows + 1 :]
    middle = (distances[:-1] + distances[1:]) / 2
    return Masses(middle, mass, np.sqrt(np.maximum(variance, 0.0)), effective_draws(moments), moments.draws)


def _free_slices(net: Architecture, box: Box) -> Array:
    """C(r) without the action, (n/2, 1): G^(2) averaged over both slices."""
    slices = np.asarray(box.points).reshape(box.nodes, -1, box.dim)
    half = box.nodes // 2
    pairs = zip(slices[:half][::-1], slices[box.nodes - half :], strict=True)
    return np.array([[kernel_matrix(net, first, second).mean()] for first, second in pairs])


def separations(box: Box) -> Array:
    """The distances of pairs of slices about the middle, increasing."""
    first = box.nodes % 2 + 1  # in units of the spacing
    return np.asarray(box.spacing * np.arange(first, box.nodes, 2), dtype=float)


class _Slices(NamedTuple):
    """Products of the mean fields of slices at equal distances from the middle, the nearest first: (B, n/2, 1)."""

    nodes: int

    def __call__(self, phi: jax.Array) -> jax.Array:
        mean = phi.reshape(len(phi), self.nodes, -1).mean(axis=2)
        half = self.nodes // 2
        return (mean[:, :half][:, ::-1] * mean[:, self.nodes - half :])[:, :, None]
