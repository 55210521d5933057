"""From power spectra to imaginary time, and from there to energies: (15), (16), (33).

A translation-invariant two-point function is reflection positive if and only if, at every spatial momentum p,

    rho(p, tau) = int dp_0/(2 pi) exp(i p_0 tau) G(p_0, p) = int_[0,inf) dnu_p(E) exp(-E tau),  nu_p >= 0,

that is, rho is completely monotone (Bernstein and Widder): nu_p is the Kallen-Lehmann measure, its lowest energy the
mass gap. The printed (16), a factorised rho, is the special case of one energy.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.optimize import nnls

from nnqft_ppl.laws.fourier import radial_fourier
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture

STEP = 1e-3  # of the kink exponent, in units of the shortest length
ENERGIES = 200  # on which a Kallen-Lehmann measure is sought,
REFINEMENTS = 3  # first evenly, then around those that carry weight


def rho(net: Architecture, tau: ArrayLike, momentum: ArrayLike = (), *, uncut: bool = False) -> Array:
    """rho(p, tau) of (15), by quadrature over p_0 of the card's power spectrum; float64 of the shape of `tau`.

    Parameters
    ----------
    tau
        Imaginary times, in units of 1/m; rho is even in them.
    momentum
        The spatial momentum p, d - 1 numbers; zero by default.
    uncut
        Of the spectrum as it would be without the theory's momentum cutoff.

    Raises
    ------
    InputError, NoClosedForm
        for a momentum of the wrong length, or a card without a power spectrum.
    """
    space = np.zeros(net.dim - 1) if np.size(momentum) == 0 else np.asarray(momentum, dtype=float)
    if space.shape != (net.dim - 1,):
        raise InputError(f"momentum must be {net.dim - 1} numbers in d = {net.dim}, got {momentum}")
    tau = np.abs(np.asarray(tau, dtype=float))

    def spectrum(p0: ArrayLike) -> Array:
        p0 = np.asarray(p0, dtype=float)
        p = np.concatenate([p0[..., None], np.broadcast_to(space, (*p0.shape, net.dim - 1))], -1)
        return net.uncut_spectrum(p) if uncut else net.power_spectrum(p)

    stop = np.inf if uncut else sharp_cutoff(net)
    reach = np.sqrt(max(stop**2 - float(space @ space), 0.0)) if np.isfinite(stop) else _reach(spectrum)
    if np.isfinite(reach):
        scale = 0.25 / net.length if np.isfinite(net.momentum_cutoff) else reach / 64.0
        return radial_fourier(spectrum, tau, dim=1, scale=scale, stop=reach)
    return np.array([_tail_transform(spectrum, t) for t in tau.ravel()]).reshape(tau.shape)


def sharp_cutoff(net: Architecture) -> float:
    """The momentum cutoff of a theory if nothing is left of its spectrum beyond; infinity otherwise."""
    stop = net.momentum_cutoff
    if np.isfinite(stop) and float(net.power_spectrum(np.full(net.dim, 1.0001 * stop / net.dim**0.5))) > 0:
        return np.inf
    return stop


def cutoff_tolerance(net: Architecture, momentum: ArrayLike = ()) -> Callable[[Array], Array]:
    """A rigorous bound on what the momentum cutoff changes in rho(p, tau), as a function of tau.

    What is missing from the uncut spectrum is a function h(p_0) that rises and falls once, for a regulated free scalar
    Z (1 - f)/(p_0^2 + p^2 + m^2); one integration by parts gives |delta rho| <= 2 max(h)/(pi tau), for the sharp cutoff
    2 Z/(pi tau (Lambda^2 + m^2)).

    Raises
    ------
    NoClosedForm
        where the card does not say what its spectrum would be without the cutoff.
    """
    cutoff = net.momentum_cutoff
    space = float(np.sum(np.square(momentum)))
    p = np.linspace(0.0, 1.5 * cutoff, 20_001)
    p = np.append(p, np.nextafter(cutoff, np.inf))  # where the missing part of a sharp cutoff is largest
    axis = np.eye(1, net.dim)[0]
    k = np.sqrt(p**2 + space)[:, None] * axis
    missing = net.uncut_spectrum(k) - net.power_spectrum(k)
    return lambda tau: 2.0 * float(missing.max()) / (np.pi * tau)


def kink_exponent(two_point: Callable[[Array], Array], length: float = 1.0) -> float:
    """alpha in rho(0) - rho(tau) ~ tau^alpha at tau -> 0, from the kernel along imaginary time.

    A completely monotone function that is not constant is convex, so alpha <= 1. A spectrum with E[b_0^2 F^2] < inf
    gives a smooth even function, alpha = 2, and cannot be reflection positive; 2 nu in general for a Matern kernel.
    NaN where the kernel is infinite at 0 or constant, which excludes nothing.
    """
    step = STEP * length
    with np.errstate(invalid="ignore", divide="ignore"):
        near, far = (
            two_point(np.zeros(1)) - two_point(np.array([step])),
            two_point(np.zeros(1)) - two_point(np.array([2.0 * step])),
        )
        return float(np.log2(far / near)[0])


class SpectralMeasure(NamedTuple):
    """A discrete Kallen-Lehmann measure: rho(tau) = sum_k weights_k exp(-energies_k tau), up to `residual`."""

    energies: Array
    weights: Array
    residual: float  #: largest relative misfit: not small where no positive measure exists

    @property
    def gap(self) -> float:
        """The lowest energy that carries more than a thousandth of the total weight: the mass gap."""
        return float(self.energies[self.weights > 1e-3 * self.weights.sum()].min())

    @property
    def lines(self) -> list[tuple[float, float]]:
        """Energies and weights, those closer than a tenth of their size as one: least squares may split a line."""
        found: list[tuple[float, float]] = []
        heavy = self.weights > 1e-3 * self.weights.sum()
        for energy, weight in zip(self.energies[heavy], self.weights[heavy], strict=True):
            before, already = found.pop() if found and energy - found[-1][0] < 0.1 * energy else (0.0, 0.0)
            total = float(already + weight)
            found.append((float(before * already + energy * weight) / total, total))
        return found


def kallen_lehmann(tau: ArrayLike, values: ArrayLike, *, lowest: float = 0.0, highest: float = 30.0) -> SpectralMeasure:
    """The positive measure of energies that fits rho(tau) best, by non-negative least squares.

    Parameters
    ----------
    tau, values
        Times tau > 0 and rho there, both of shape (T,).
    lowest, highest
        The interval of energies, in units of m.
    """
    tau, values = np.asarray(tau, dtype=float), np.asarray(values, dtype=float)
    energies, spacing = np.linspace(lowest, highest, ENERGIES), (highest - lowest) / (ENERGIES - 1)
    found = _fit(tau, values, energies)
    for _ in range(REFINEMENTS):
        near = found.energies[found.weights > 0, None] + spacing * np.linspace(-1.0, 1.0, 21)
        spacing /= 10.0
        found = _fit(tau, values, np.unique(np.clip(near, lowest, None)))
    return found


def _fit(tau: Array, values: Array, energies: Array) -> SpectralMeasure:
    basis = np.exp(-np.outer(tau, energies)) / values[:, None]
    weights = nnls(basis, np.ones(len(tau)))[0]
    return SpectralMeasure(energies, weights, float(np.abs(basis @ weights - 1.0).max()))


def _reach(spectrum: Callable[[ArrayLike], Array]) -> float:
    """Where a spectrum that falls like a Gaussian has vanished for a float64; infinite for one with a power tail."""
    p = 2.0 ** np.arange(-10.0, 12.0)
    value = spectrum(p)
    gone = np.flatnonzero(value < 1e-18 * value.max())
    return float(p[gone[0]]) if gone.size and p[gone[0]] > p[value.argmax()] else np.inf


def _tail_transform(spectrum: Callable[[ArrayLike], Array], tau: float) -> float:
    def integrand(p0: float) -> float:
        return float(spectrum(p0)) / np.pi

    if tau == 0.0:
        return quad(integrand, 0.0, np.inf, limit=400)[0]
    return quad(integrand, 0.0, np.inf, weight="cos", wvar=tau, epsabs=1e-11, limit=400)[0]
