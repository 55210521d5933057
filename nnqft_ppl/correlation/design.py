"""Design in reverse: from a two-point function that is wanted to a theory that has it, with the check, (26).

With P(b) ~ G(b)^(1+alpha) and F = G^(-alpha/2) every theory of plane waves (24) has P F^2 ~ G, so its spectrum is the
target G for every alpha; the card `tuned_net` is that theory.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws.bochner import Function
from nnqft_ppl.laws.spectrum import MASSES, TWO_POINT, Spectrum, mass_spectrum, read_target
from nnqft_ppl.models import load
from nnqft_ppl.runtime.arrays import Array, few_lines, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.cosine import CosineArchitecture

RADII = np.linspace(0.0, 8.0, 9)  # of the check by draws, in units of the inverse width of the spectrum
POINTS = 65  # where a function is compared

Target = Spectrum | Function | tuple[ArrayLike, ArrayLike] | str | Path


class Design(NamedTuple):
    """A theory made for a target, and how well it has it."""

    net: CosineArchitecture
    two_point: bool  #: was K(r) the target, or G(p)?
    at: Array  #: momenta or distances where the target is given, shape (M,)
    target: Array  #: its values there
    exact: Array  #: those of the theory: G by its own P(b) and F(b), (26), or K by M_2, (25)
    radii: Array  #: distances of the check by draws, shape (R,)
    expected: Array  #: the exact K there
    estimate: Array  #: E[phi(0) phi(r)] of draws
    mcse: Array  #: its standard error
    kallen_lehmann: bool = False  #: was the target a density of masses?

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def deviation(self) -> float:
        """The largest deviation of the exact values from the target, in units of its largest."""
        return float(np.abs(self.exact - self.target).max() / np.abs(self.target).max())

    @property
    def z(self) -> float:
        """The largest deviation of the draws from the exact values, in standard errors."""
        return float(np.abs((self.estimate - self.expected) / self.mcse).max())


def design(
    target: Target,
    *,
    two_point: bool = False,
    kallen_lehmann: bool = False,
    dim: int = 1,
    draws: int = 100_000,
    seed: int = 0,
    **hyperparameters: Any,
) -> Design:
    """A theory whose two-point function is the target, at every width.

    P(b) ~ G(b)^(1+alpha) and F = G^(-alpha/2) have the spectrum G by (26), for every alpha.

    Parameters
    ----------
    target
        G(p): a `Spectrum`, a function of an array of momenta |p|, or a pair of columns (p, G); with `two_point`, K(r)
        as a function of an array of distances or as columns (r, K); with `kallen_lehmann`, columns (mass, weight) of a
        density of masses. Or a CSV file with columns ``p, G``, ``r, K`` or ``mass, weight``.
    two_point
        Is the target K(r) instead of G(p)? A file says so itself.
    kallen_lehmann
        Is it G(p) = sum_i w_i/(p^2 + m_i^2), of masses m_i with weights w_i > 0? The two-point function is then
        reflection positive up to the cutoff, which must be given: without one the field has no variance in d >= 2. A
        file says so itself.
    dim
        Dimension d of space.
    draws, seed
        Networks of the check by draws (1e5), and the seed that fixes them.
    **hyperparameters
        Of the card `tuned_net`: width, alpha, amplitude, cutoff.

    Returns
    -------
    A named tuple: the theory ``net``; the momenta or distances ``at`` where the target is given, its values there,
    ``target``, and those of the theory, ``exact``; distances ``radii`` of the check by draws, the exact K there,
    ``expected``, and the ``estimate`` with its standard error ``mcse``. ``deviation`` is the largest of exact from
    target, in units of the largest target, and ``z`` the largest of the draws from the exact values, in standard
    errors.

    Raises
    ------
    InputError
        for a target that is not positive, or K that is not positive definite; for one whose spectrum has a power tail,
        such as a density of masses, and no ``cutoff``; or a hyperparameter out of its range.

    Examples
    --------
    >>> found = nq.design(lambda p: np.exp(-(p**2) / 2), width=2, draws=100)
    >>> found.deviation < 1e-9
    True
    >>> round(float(found.net.two_point([0.0], [0.0])), 6)  # int dp/(2 pi) exp(-p^2/2) = 1/sqrt(2 pi)
    0.398942
    """
    if draws < 2:
        raise InputError(f"draws must be at least 2, got {draws}")
    label = Path(target).name if isinstance(target, str | Path) else "rows"
    if isinstance(target, str | Path):
        *columns, names = read_target(target)
        target, two_point, kallen_lehmann = (columns[0], columns[1]), names == TWO_POINT, names == MASSES
    if kallen_lehmann:
        if not isinstance(target, tuple) or two_point:
            raise InputError("kallen_lehmann must go with columns (mass, weight) alone")
        if not np.isfinite(hyperparameters.get("cutoff", np.inf)):
            raise InputError(
                "cutoff must be finite for a density of masses, whose spectrum falls like 1/p^2: without one the field "
                f"cannot be drawn, and in d >= 2 it has no variance at a point; got none in d = {dim}"
            )
        masses, weights = target
        spectrum, target = Spectrum.of_masses(masses, weights, label), mass_spectrum(masses, weights)
    elif two_point:
        if isinstance(target, Spectrum):
            raise InputError("two_point must go with a function or rows (r, K), got a Spectrum")
        spectrum = Spectrum.of_two_point(target, dim, label if isinstance(target, tuple) else "")
    elif isinstance(target, tuple):
        spectrum = Spectrum.of_rows(target[0], target[1], label)
    else:
        spectrum = target if isinstance(target, Spectrum) else Spectrum.of(target)
    net: Any = load("tuned_net", spectrum=spectrum, dim=dim, **hyperparameters)

    axis = np.eye(1, dim)[0]
    far = 8.0 / spectrum.width if two_point else min(spectrum.reach(1.0, dim), net.cutoff)
    at, wanted = _values(target, far)
    exact = net.two_point(at[:, None] * axis, 0.0 * axis) if two_point else program_spectrum(net, at)
    radii = RADII / spectrum.width
    phi = field_draws(net, radii[:, None] * axis, draws=draws, seed=seed)[:, :, 0]
    products = phi[:, :1] * phi
    expected = net.two_point(radii[:, None] * axis, 0.0 * axis)
    mcse = products.std(axis=0, ddof=1) / draws**0.5
    return Design(net, two_point, at, wanted, exact, radii, expected, products.mean(axis=0), mcse, kallen_lehmann)


def program_spectrum(net: CosineArchitecture, p: Array) -> Array:
    """sigma_a^2 (2 pi)^d P(p) F(p)^2/2 of (26), by the density and the neuron that the program itself has; shape of p.

    For independent plane waves with an isotropic law, at momenta p of shape (M,).
    """
    row = replace(net, width=1).frequencies()
    with jax.enable_x64(True):
        rays = jnp.asarray(p[:, None] * np.eye(1, net.dim))
        weigh = jax.jit(jax.vmap(lambda b: jnp.exp(row.log_prob(b[None, :])) * net.envelope_at(b) ** 2))
        weight = np.asarray(weigh(rays), dtype=float)
    return net.amplitude_moment(2) * (2.0 * np.pi) ** net.dim / 2.0 * weight


def _values(target: Any, far: float) -> tuple[Array, Array]:
    """Where a target is given up to `far`, and its values: its own rows, or those of a function."""
    if isinstance(target, tuple):
        at, values = (np.asarray(column, dtype=float) for column in target)
        return at[at < far], values[at < far]
    at = np.linspace(0.0, far, POINTS, endpoint=False)
    return at, np.asarray(target(at), dtype=float)
