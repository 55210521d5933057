"""Power spectra from draws of the field: what a windowed Fourier transform sees of G(p), (26).

With a Gaussian window w of length l and unit norm, int w^2 = 1, on the line,

    E |int dx w(x) exp(-ipx) phi(x)|^2 = int dk/(2 pi) G(k) |w(p - k)|^2,    |w(q)|^2 = 2 sqrt(pi) l exp(-q^2 l^2),

so an estimate of the left side is held against the right, a smoothed spectrum, without any bias of the window.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.conditioned import Model, unconditioned

REACH = 5.5  # of the window, in units of its length


class Periodogram(NamedTuple):
    """The windowed power at momenta p, shape (M,): estimated, with its standard error, and from the closed G(p)."""

    estimate: Array
    mcse: Array
    expected: Array


def periodogram(net: Model, momenta: ArrayLike, *, length: float, spacing: float, draws: int, seed: int) -> Periodogram:
    """Estimate the power spectrum of a theory on the line from draws of its field on a grid.

    Parameters
    ----------
    momenta
        p, shape (M,).
    length, spacing
        The length l of the window, which resolves momenta 1/l apart, and the distance of grid points: momenta beyond
        pi/spacing are folded back, so the spectrum must have ended there.

    Raises
    ------
    InputError, NoClosedForm
        for a theory in more than one dimension, or one without a power spectrum.
    """
    net = unconditioned(net, "periodogram", "use posterior, and transform its draws")
    if net.dim != 1:
        raise InputError(f"dim must be 1 for a periodogram, got {net.dim}")
    p = np.asarray(momenta, dtype=float)
    count = int(np.ceil(2 * REACH * length / spacing))
    grid = Grid((-REACH * length, (count - 1) * spacing - REACH * length, count))
    x = np.asarray(grid)[:, 0]
    window = np.exp(-(x**2) / (2 * length**2)) / (np.pi**0.25 * length**0.5)
    phi = field_draws(net, grid, draws=draws, seed=seed)[:, :, 0]
    waves = (window * spacing)[:, None] * np.exp(-1j * np.outer(x, p))
    power = np.abs(phi @ waves) ** 2
    k = p[:, None] + np.linspace(-REACH, REACH, 401) / length
    smoothing = 2.0 * np.sqrt(np.pi) * length * np.exp(-(((k - p[:, None]) * length) ** 2))
    values = net.power_spectrum(k[..., None]) * smoothing
    expected = values.sum(axis=1) * (k[0, 1] - k[0, 0]) / (2.0 * np.pi)
    return Periodogram(power.mean(axis=0), power.std(axis=0, ddof=1) / draws**0.5, expected)
