"""The generating functional of independent neurons, exactly: every correlator at once, and vertex operators.

A source J_k at points x_k meets one plane wave cos(b.x + c) as |A| cos(c + arg A), A(b) = sum_k J_k exp(i b.x_k), so

    Z[J] = E exp(i sum_k J_k phi(x_k)) = (E_b w(|A(b)| sigma_a/sqrt(N)))^N,  w(q) = E J_0(ahat q).

The phase is done in closed form, and the amplitude too where its law allows: J_0 for a constant modulus, exp and I_0
for Gaussian amplitudes. What is left depends on b by the angles b.(x_k - x_0) alone, in which it is periodic: its
Fourier series turns E_b into values of E cos(b.z), which every frequency law knows, heavy tails and all dimensions
included.
"""

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.sobol import envelope_of
from nnqft_ppl.runtime.arrays import Array, check_points, finite
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, unconditioned
from nnqft_ppl.theory.cosine import CosineArchitecture

FIRST, MOST = 32, 2**21  # angles along each axis to begin with; angles in all
RESOLVED = 1e-13  # a series is long enough when its last quarter holds no more
SEEN = 1e-17  # a coefficient below it is left out
BLOCK = 2**21  # numbers at a time
QUANTILES = np.linspace(0.05, 0.95, 7)  # of |b|, where an envelope is looked at


def generating_functional(net: Architecture | Conditioned, points: ArrayLike, source: ArrayLike) -> Array:
    """Z[J] = E exp(i sum_k J_k phi(x_k)), exact at every width, of which (2) has the derivatives at J = 0.

    It is the correlator of vertex operators exp(i J_k phi(x_k)), normalised or not: <exp(i alpha phi(x))> is that of
    one point. It is real, as c -> c + pi changes the sign of every neuron.

    Parameters
    ----------
    net
        A theory of independent plane waves of envelope 1, with a frequency law.
    points
        Shape (n, d).
    source
        J of shape (..., n), in units of 1/phi.

    Returns
    -------
    float64 array of shape (...), right to about 1e-13 N.

    Raises
    ------
    NoClosedForm
        where neurons are dependent, of several components, no plane waves, or have an envelope; or the theory has data,
        a source or an action.
    InputError
        for bad shapes, or points and sources that need too many angles.

    Examples
    --------
    For amplitudes of constant modulus 1 a field at one point has E exp(i J phi) = J_0(J/sqrt(N))^N.

    >>> from scipy.special import j0
    >>> net = nq.load("cauchy", width=10, amplitude="constant_modulus")
    >>> found = nq.generating_functional(net, [[0.0]], [[0.5], [2.0]])
    >>> bool(np.allclose(found, j0(np.array([0.5, 2.0]) / 10**0.5) ** 10))
    True

    The correlator of two vertex operators of opposite charge; of a free field exp(-alpha^2 (G(0) - G(r))):

    >>> pair = nq.generating_functional(net, [[0.0], [0.7]], [2.0, -2.0])
    >>> print(f"{pair:.10f} {np.exp(-4 * (0.5 - np.exp(-0.7) / 2)):.10f}")
    0.3701965290 0.3653756077
    """
    cosines = plane_waves(unconditioned(net, "generating_functional", "use its draws", NoClosedForm))
    x = check_points(points, cosines.dim)
    j = finite(source, "source")
    if j.ndim == 0 or j.shape[-1] != len(x):
        raise InputError(f"source must have shape (..., {len(x)}), got {j.shape}")
    return one_neuron(cosines, x, j) ** cosines.width


def independent_waves(net: Architecture) -> CosineArchitecture:
    """The theory, if its neurons are independent plane waves with one frequency law, and its field is a scalar."""
    name = type(net).__name__
    if not isinstance(net, CosineArchitecture) or not net.independent or net.frequency_law is None:
        raise NoClosedForm(f"{name} has no closed form for this, as its neurons are no independent plane waves")
    if net.component_count > 1 or len(net.amplitude_groups()) > 1:
        raise NoClosedForm(f"{name} has no closed form for this, as its field has several components")
    return net


def plane_waves(net: Architecture) -> CosineArchitecture:
    """The theory, if its neurons are moreover of envelope 1."""
    name, net = type(net).__name__, independent_waves(net)
    assert net.frequency_law is not None
    if (envelope_of(net, net.frequency_law.radius_quantile(QUANTILES, net.dim)) != 1.0).any():
        raise NoClosedForm(f"{name} has no closed generating functional, as its envelope F is not 1")
    return net


def one_neuron(net: CosineArchitecture, x: Array, source: Array) -> Array:
    """E exp(i sum_k J_k a h(x_k)) of one neuron; J of shape (..., n) -> (...)."""
    j = source.reshape(-1, len(x)) * (net.amplitude_scale / net.width**0.5)
    if len(x) == 1:
        return net.amplitude_law.phase_average(np.abs(j[:, 0])).reshape(source.shape[:-1])
    angles = FIRST
    while angles ** (len(x) - 1) <= MOST:
        rows = max(1, BLOCK // angles ** (len(x) - 1))
        parts = [_by_series(net, x, j[i : i + rows], angles) for i in range(0, len(j), rows)]
        if all(part is not None for part in parts):
            return np.concatenate([part for part in parts if part is not None]).reshape(source.shape[:-1])
        angles *= 2
    raise InputError(
        f"source must be weak enough, at few enough points, for {MOST} angles, got {len(x)} points and |J| up to "
        f"{np.abs(source).max():.3g}"
    )


def _by_series(net: CosineArchitecture, x: Array, j: Array, angles: int) -> Array | None:
    """By the Fourier series of so many angles along each axis; None if they are too few. J in units of a neuron."""
    axes = len(x) - 1
    wave = np.exp(2j * np.pi * np.arange(angles) / angles)
    total = j[:, 0].reshape(-1, *[1] * axes).astype(complex)
    for k in range(axes):
        shape = [1] * axes
        shape[k] = angles
        total = total + j[:, k + 1].reshape(-1, *[1] * axes) * wave.reshape(shape)
    over = tuple(range(1, axes + 1))
    series = np.fft.fftn(net.amplitude_law.phase_average(np.abs(total)), axes=over).real / angles**axes
    number = np.fft.fftfreq(angles, 1.0 / angles)
    for axis in over:  # nothing may be left among the highest modes of any axis
        high = np.abs(number) > 3 * angles // 8
        if np.abs(np.compress(high, series, axis=axis)).max() > RESOLVED:
            return None
    size = np.abs(series).max(axis=0)
    kept = np.nonzero(size > SEEN)
    modes = np.stack([number[index] for index in kept], axis=-1)
    return series[(slice(None), *kept)] @ net.mean_wave(modes @ (x[1:] - x[0]))
