"""A target: the power spectrum G(|p|) that a theory is to have, as a value, (26).

It comes from a function, from the rows of a table, or from a two-point function (`bochner`). Whatever it came from,
log G is sampled on a fine grid and interpolated by cubics from there on: NumPy and JAX see one spectrum, which is
quick, differentiable and hashable.
"""

import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws.bochner import WIDEST, Extent, Function, extent, transform_of, transform_of_rows, values_at
from nnqft_ppl.laws.interpolation import hermite
from nnqft_ppl.runtime.arrays import Array, check_rows
from nnqft_ppl.runtime.columns import numbers, read_columns
from nnqft_ppl.runtime.errors import InputError

CELLS = 4096
FALL = 660.0  # a spectrum is followed until it has fallen by exp(-FALL)
SMOOTH = 1e-6  # of its largest value, to which the interpolation of a function has to be right
DROP = 37.0  # in the logarithm: what a float64 sum does not see
POSITIVE = "spectrum must be positive and finite, got G(p = {:.4g}) = {:.4g}"
OVERSHOOT = np.log(2.0)  # of the curve through two rows beyond both of them


@dataclass(frozen=True)
class Spectrum:
    """An isotropic power spectrum G(|p|) > 0 of momenta up to `end`.

    Made by `of`, `of_rows`, `of_masses`, `of_two_point` or `read`. Momenta are in units of m, and G(x) =
    int d^dp/(2 pi)^d exp(ipx) G(p).

    Examples
    --------
    >>> spectrum = nq.Spectrum.of(lambda p: 1 / np.cosh(p), label="sech")
    >>> spectrum.label
    'sech'
    >>> bool(np.isclose(spectrum(1.0), 1 / np.cosh(1.0)))
    True
    >>> found = nq.Spectrum.of_two_point(lambda r: np.exp(-(r**2) / 2), dim=1)  # of K(r)
    >>> bool(np.isclose(found(1.0), np.sqrt(2 * np.pi) * np.exp(-1 / 2)))
    True
    """

    label: str  #: what it is called in tables
    width: float  #: where G has fallen to half of its maximum for good
    end: float  #: the last momentum
    sharp: bool  #: does G end there, or has it only not been followed further?
    logs: tuple[float, ...] = field(repr=False)  #: log G at p = width sinh(y), y even from 0

    @classmethod
    def of(cls, function: Function, label: str | None = None) -> "Spectrum":
        """The spectrum that a function of an array of momenta |p| gives.

        Parameters
        ----------
        function
            G(|p|) > 0, a function of an array.
        label
            What it is called in tables; the name of the function by default.

        Returns
        -------
        The spectrum, followed outwards until it has fallen to nothing, or to 4096 times its width.

        Raises
        ------
        InputError
            ``spectrum must be positive and finite, got G(p = 0) = 0``; or for a function that does not take arrays, is
            no smoother than the grid, or does not fall at all.
        """
        name = label or str(getattr(function, "__name__", type(function).__name__))
        found = cls.sampled(function, name, extent(function, POSITIVE, FALL, WIDEST))
        step = 0.5 * np.arcsinh(found.end / found.width) / CELLS
        between = found.width * np.sinh(step * np.arange(1, 2 * CELLS, 2))
        wrong = np.abs(values_at(function, between) - found(between)) / np.exp(max(found.logs))
        if wrong.max() > SMOOTH:
            p = between[wrong.argmax()]
            raise InputError(
                f"log of the spectrum must be smooth on a scale of {2 * step:.1g} of |p|, got more at p = {p:.4g}"
            )
        return found

    @classmethod
    def of_rows(cls, momenta: ArrayLike, values: ArrayLike, label: str = "rows") -> "Spectrum":
        """The spectrum of a table: a cubic spline of log G, constant below the first row, zero beyond the last.

        Parameters
        ----------
        momenta, values
            |p| >= 0, increasing, and G(|p|) > 0: at least four rows.
        label
            What it is called in tables.

        Returns
        -------
        The spectrum, which ends sharply at the last row.

        Raises
        ------
        InputError
            for fewer than four rows, momenta that do not increase from p >= 0, values that are not positive, or rows
            too far apart for a curve through them.
        """
        p, g = check_rows(momenta, values, "spectrum", "p")
        if not (g > 0).all():
            row = int(np.argmin(g > 0))
            raise InputError(POSITIVE.format(p[row], g[row]))
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(p, np.log(g))
        fine = p[:-1, None] + np.diff(p)[:, None] * np.linspace(0.0, 1.0, 17)
        ends = np.stack([spline(p[:-1]), spline(p[1:])])
        beyond = np.maximum(spline(fine).max(axis=1) - ends.max(axis=0), ends.min(axis=0) - spline(fine).min(axis=1))
        if beyond.max() > OVERSHOOT:
            row = int(beyond.argmax())
            raise InputError(
                f"spectrum rows must be close enough for a curve, got one that overshoots by a factor of "
                f"{np.exp(beyond[row]):.3g} between p = {p[row]:.4g} and {p[row + 1]:.4g}"
            )
        width = float(p[np.flatnonzero(g >= g.max() / 2)[-1]] or p[1])
        return cls.sampled(lambda k: np.exp(spline(np.maximum(k, p[0]))), label, Extent(width, p[-1], True))

    @classmethod
    def of_two_point(cls, kernel: Function | tuple[ArrayLike, ArrayLike], dim: int, label: str = "") -> "Spectrum":
        """The spectrum of a two-point function K(r) in d = `dim`: a function of an array of distances, or rows (r, K).

        It ends where K does not determine it any more: at 1e-12 of its maximum for a function, at what every other row
        leaves undecided for rows.

        Parameters
        ----------
        kernel
            K(r), a function of an array of distances, or the pair of columns (r, K) from r = 0.
        dim
            Dimension d.
        label
            What it is called in tables; the name of the function, or ``two_point``, by default.

        Returns
        -------
        G(p) = int d^dx exp(-ipx) K(|x|).

        Raises
        ------
        InputError
            ``two_point must be positive definite, got G(p = 2.1) = -0.03 (Bochner)``; or for a K that is infinite at
            r = 0 or falls too slowly for its transform, or rows that do not increase from r = 0.
        """
        if isinstance(kernel, tuple):
            return cls.sampled(*transform_of_rows(kernel[0], kernel[1], dim, label or "two_point"))
        return cls.sampled(*transform_of(kernel, dim, label or getattr(kernel, "__name__", "two_point")))

    @classmethod
    def of_masses(cls, masses: ArrayLike, weights: ArrayLike, label: str = "masses") -> "Spectrum":
        """The spectrum G(p) = sum_i w_i/(p^2 + m_i^2) of a density of masses, by Kallen and Lehmann.

        Weights w_i > 0 make it reflection positive, (13)-(16), without a cutoff: rho(p, tau) = sum_i w_i
        exp(-mu_i tau)/(2 mu_i) with mu_i^2 = p^2 + m_i^2. It falls like 1/p^2, so that a field needs a cutoff to be
        drawn, and in d >= 2 has no variance at a point without one. A continuous density rho(m^2) is the masses and
        weights of a quadrature rule.

        Parameters
        ----------
        masses, weights
            m_i > 0 and w_i > 0, shapes (M,).
        label
            What it is called in tables.

        Returns
        -------
        The spectrum, followed to 4096 times its width.

        Raises
        ------
        InputError
            for shapes that do not fit, or masses or weights that are not positive and finite.

        Examples
        --------
        >>> mixture = nq.Spectrum.of_masses([1.0, 2.0], [0.5, 0.5])
        >>> bool(np.isclose(mixture(1.0), 0.5 / 2 + 0.5 / 5))
        True
        """
        return cls.of(mass_spectrum(masses, weights), label)

    @classmethod
    def read(cls, path: str | Path) -> "Spectrum":
        """The spectrum of a CSV file with columns ``p, G``, or ``mass, weight``.

        Parameters
        ----------
        path
            The file; its name is the label.

        Returns
        -------
        The spectrum, as of `of_rows` or `of_masses`.

        Raises
        ------
        InputError
            for a file that cannot be read, other columns, or rows that `of_rows` or `of_masses` refuses.
        """
        first, second, names = read_target(path)
        if names == TWO_POINT:
            raise InputError(
                f"spectrum file {str(path)!r} must have columns p, G, got r, K: `nnqft design` takes those"
            )
        make = cls.of_masses if names == MASSES else cls.of_rows
        return make(first, second, Path(path).name)

    @classmethod
    def of_text(cls, label: str, text: str) -> "Spectrum":
        """The spectrum of the CSV file that a hyperparameter's text names, as of `read`."""
        try:
            return cls.read(text)
        except InputError as error:
            raise InputError(f"{label}: {error}") from error

    @classmethod
    def sampled(cls, function: Function, label: str, extent: Extent) -> "Spectrum":
        """A function on the grid of an extent; `InputError` where it is not positive."""
        y = np.linspace(0.0, np.arcsinh(extent.end / extent.width), CELLS + 1)
        p = np.minimum(extent.width * np.sinh(y), extent.end)
        g = values_at(function, p)
        if not (g > 0).all():
            k = int(np.argmin(g > 0))
            raise InputError(POSITIVE.format(p[k], g[k]))
        return cls(label, float(extent.width), float(extent.end), extent.sharp, tuple(np.log(g).tolist()))

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        digest = zlib.crc32(np.array(self.logs).tobytes())
        return f"Spectrum({self.label!r}, |p| < {self.end:.4g}, {digest:08x})"

    def __call__(self, p: ArrayLike) -> Array:
        """G at |p|, float64 of the shape of `p`; zero beyond `end`."""
        p = np.abs(np.asarray(p, dtype=float))
        return np.where(p <= self.end, np.exp(self.log_at(p)), 0.0)

    def log_at(self, p: Any) -> Any:
        """log G at |p| <= end, of JAX or of NumPy as `p` is."""
        np_ = p.__array_namespace__()
        y, slope = (np_.asarray(part, dtype=p.dtype) for part in _table(self))
        at = np_.arcsinh(p / self.width) * (CELLS / np.arcsinh(self.end / self.width))
        cell = np_.clip(np_.floor(at).astype(int), 0, CELLS - 1)
        return hermite(y, slope, cell, np_.minimum(at - cell, 1.0))

    def log_of_rows(self, b: jax.Array) -> jax.Array:
        """log G(|b|) of rows b of shape (..., d), with a gradient of zero at the origin; shape (...)."""
        return self.log_at(jnp.sqrt(jnp.sum(b * b, axis=-1) + jnp.finfo(b.dtype).tiny))

    def reach(self, power: float, dim: int) -> float:
        """The momentum beyond which |p|^d G^power is nothing to a float64, infinite where it does not fall so far."""
        if self.sharp:
            return self.end
        y = np.linspace(0.0, np.arcsinh(self.end / self.width), CELLS + 1)[1:]
        p = self.width * np.sinh(y)
        size = power * np.array(self.logs[1:]) + dim * np.log(p)
        seen = np.flatnonzero(size > size.max() - DROP)[-1]
        return float(p[seen + 1]) if seen + 1 < len(p) else np.inf


class _Table(NamedTuple):
    """log G and its slope a cell at the knots."""

    value: Array
    slope: Array


@lru_cache
def _table(spectrum: Spectrum) -> _Table:
    from scipy.interpolate import CubicSpline

    value = np.array(spectrum.logs)
    return _Table(value, CubicSpline(np.arange(CELLS + 1.0), value)(np.arange(CELLS + 1.0), 1))


def mass_spectrum(masses: ArrayLike, weights: ArrayLike) -> Function:
    """G(p) = sum_i w_i/(p^2 + m_i^2) as a function of an array of momenta."""
    m, w = (np.asarray(column, dtype=float) for column in (masses, weights))
    if m.ndim != 1 or m.shape != w.shape or not m.size:
        raise InputError(f"masses and weights must be as many numbers of each, got shapes {m.shape} and {w.shape}")
    for name, column in (("masses", m), ("weights", w)):
        wrong = np.flatnonzero(~(np.isfinite(column) & (column > 0)))
        if wrong.size:
            raise InputError(f"{name} must be positive and finite, got {column[wrong[0]]:g} in row {wrong[0] + 1}")
    return lambda p: (w / (np.square(p)[..., None] + m**2)).sum(axis=-1)


#: Columns of a target: a power spectrum, a two-point function, a density of masses.
POWER_SPECTRUM, TWO_POINT, MASSES = ("p", "G"), ("r", "K"), ("mass", "weight")


def read_target(path: str | Path) -> tuple[Array, Array, tuple[str, ...]]:
    """Two columns of a CSV file and their names: ``p, G``, ``r, K`` of a two-point function, or ``mass, weight``."""
    table = read_columns(path, "target")
    names = tuple(table.columns)
    if names not in (POWER_SPECTRUM, TWO_POINT, MASSES):
        raise InputError(
            f"target file {str(path)!r} must have columns p, G or r, K or mass, weight, got {', '.join(names)}"
        )
    x, y = numbers(table, names, "target").T
    return x, y, names
