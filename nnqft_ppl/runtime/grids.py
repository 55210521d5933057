"""Regular grids of points as values: what plane waves, which factorise on them, are summed over quickly."""

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import register_pytree_node_class
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.runtime.errors import InputError


@register_pytree_node_class
class Grid:
    """Points (P, d) on a regular grid: x_k = lower + j (upper - lower)/(count - 1) along each axis, the first slowest.

    On a grid exp(i b.x) is a product over the axes, so that a field of N plane waves, (24), at P points is a matrix
    product of N P multiplications and about N sqrt(P) cosines instead of N P. A grid goes wherever points (P, d) go;
    fields of the cosine family are drawn and differentiated by that product, others at its points.

    Parameters
    ----------
    *axes
        ``(lower, upper, count)`` of every axis of space: `count` points, both ends among them, in units of length.

    Attributes
    ----------
    lower, upper
        The first and the last coordinate along every axis.
    counts
        The number of points along every axis; ``phi.reshape(grid.counts)`` is the field as an image.
    period
        Of a grid that `Grid.torus` made: the length after which it repeats itself; None of others.

    Raises
    ------
    InputError
        for an axis that is no such triple, whose ends are not finite, or that has no point.

    Examples
    --------
    >>> grid = nq.Grid((-1, 1, 3), (0, 1, 2))
    >>> grid.shape, grid.counts
    ((6, 2), (3, 2))
    >>> np.asarray(grid)[:3]
    array([[-1.,  0.],
           [-1.,  1.],
           [ 0.,  0.]])
    >>> net = nq.load("cos_net", width=1000, dim=2)
    >>> tree = nq.prior_predictive(net, nq.Grid((-6, 6, 64), (-6, 6, 64)), draws=2)
    >>> tree["prior_predictive"].phi.shape
    (1, 2, 4096)
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    counts: tuple[int, ...]
    period: float | None

    def __init__(self, *axes: tuple[float, float, int]) -> None:
        if not axes:
            raise InputError("Grid must have an axis (lower, upper, count), got none")
        for axis in axes:
            if not (isinstance(axis, tuple | list) and len(axis) == 3):
                raise InputError(f"Grid: an axis must be (lower, upper, count), got {axis!r}")
            lower, upper, count = axis
            if not all(isinstance(end, Real) and math.isfinite(end) for end in (lower, upper)):
                raise InputError(f"Grid: the ends of an axis must be finite, got {lower!r} and {upper!r}")
            _check_count("count", count)
        self.lower = tuple(float(axis[0]) for axis in axes)
        self.upper = tuple(float(axis[1]) for axis in axes)
        self.counts = tuple(int(axis[2]) for axis in axes)
        self.period = None

    @classmethod
    def midpoints(cls, *axes: tuple[float, float, int]) -> "Grid":
        """The middles of `count` cells between lower and upper, along each axis: nodes of the midpoint rule.

        Examples
        --------
        >>> np.asarray(nq.Grid.midpoints((0, 1, 2)))
        array([[0.25],
               [0.75]])
        """
        ends = cls(*axes)
        half = [(upper - lower) / (2 * n) for lower, upper, n in zip(ends.lower, ends.upper, ends.counts, strict=True)]
        return cls(*((axis[0] + h, axis[1] - h, axis[2]) for axis, h in zip(axes, half, strict=True)))

    @classmethod
    def torus(cls, period: float, count: int, dim: int = 1) -> "Grid":
        """`count` points in a period along each of `dim` axes, 0 and not the period among them.

        There fields whose frequencies are a dual lattice are a Fourier transform.

        Examples
        --------
        >>> np.asarray(nq.Grid.torus(2.0, 4))[:, 0]
        array([0. , 0.5, 1. , 1.5])
        """
        if not (isinstance(period, Real) and 0 < period < math.inf):
            raise InputError(f"Grid: period must be positive and finite, got {period!r}")
        _check_count("count", count)
        _check_count("dim", dim)
        grid = cls(*[(0.0, period * (1 - 1 / count), count)] * dim)
        grid.period = float(period)
        return grid

    # -- points, as NumPy and JAX know them ----------------------------------------------------------------------------

    @property
    def dim(self) -> int:
        """d."""
        return len(self.counts)

    @property
    def shape(self) -> tuple[int, int]:
        """(P, d), as that of an array of its points."""
        return math.prod(self.counts), self.dim

    ndim = 2

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(_mesh(np, self._coordinates(np)), dtype)

    def __jax_array__(self) -> jax.Array:
        return _mesh(jnp, self._coordinates(jnp))

    def _coordinates(self, xp: Any) -> list[Any]:
        """x along each axis."""
        return [first + step * xp.arange(n) for first, step, n in zip(self.lower, self.steps, self.counts, strict=True)]

    @property
    def steps(self) -> tuple[float, ...]:
        """The distance of neighbours along each axis; 0 where there is one point."""
        ends = zip(self.lower, self.upper, self.counts, strict=True)
        return tuple((upper - lower) / (n - 1) if n > 1 else 0.0 for lower, upper, n in ends)

    def __repr__(self) -> str:
        if self.period is not None:
            return f"Grid.torus({self.period!r}, {self.counts[0]}, dim={self.dim})"
        return f"Grid({', '.join(map(repr, zip(self.lower, self.upper, self.counts, strict=True)))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def _value(self) -> tuple[Any, ...]:
        return self.lower, self.upper, self.counts, self.period

    # -- a value that JAX carries: one program serves all ends ---------------------------------------------------------

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return (self.lower, self.upper), (self.counts, self.period)

    @classmethod
    def tree_unflatten(cls, structure: tuple[Any, ...], ends: Any) -> "Grid":
        grid = cls.__new__(cls)
        grid.lower, grid.upper = ends
        grid.counts, grid.period = structure
        return grid

    # -- as a sum of two smaller sets ----------------------------------------------------------------------------------

    @property
    def halves(self) -> "Halves":
        """Two sets of about sqrt(P) points, every sum of which is a point of the grid; the second is symmetric.

        The axes are shared between them, and one is cut into runs of neighbours: the places of the runs belong to the
        first set, and those inside a run to the second. A run may end beyond the grid.
        """
        cut, coarse, fine = _cut(self.counts)
        steps, middle = self.steps, [count - 1 for count in self.counts]
        middle[cut] = fine - 1
        x = self._coordinates(jnp)
        runs = self.lower[cut] + steps[cut] * (fine * jnp.arange(coarse) + middle[cut] / 2)
        centres = [self.lower[k] + steps[k] * jnp.full(1, middle[k] / 2) for k in range(cut + 1, self.dim)]
        inside = [
            steps[k] * (jnp.arange(middle[k] + 1) - middle[k] / 2) if k >= cut else jnp.zeros(1)
            for k in range(self.dim)
        ]
        whole = (*self.counts[:cut], coarse * fine, *self.counts[cut + 1 :])
        return Halves(_mesh(jnp, [*x[:cut], runs, *centres]), _mesh(jnp, inside), whole)


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(f"Grid: {name} must be a whole number of at least 1, got {value!r}")


class Halves(NamedTuple):
    """Points left_l + right_r in the order of `counts`, of which a grid keeps the first along each axis."""

    left: jax.Array  #: (L, d)
    right: jax.Array  #: (R, d): right[::-1] = -right
    counts: tuple[int, ...]


def _cut(counts: tuple[int, ...]) -> tuple[int, int, int]:
    """The axis to cut so that what stands before is nearest to sqrt(P), into how many runs, and their length."""
    root, before = math.isqrt(math.prod(counts) - 1) + 1, 1
    for axis, count in enumerate(counts):
        if before * count >= root:
            coarse = -(-root // before)
            fine = -(-count // coarse)
            return axis, -(-count // fine), fine
        before *= count
    raise AssertionError  # the product of all counts is at least its root


def _mesh(xp: Any, axes: list[Any]) -> Any:
    """All points with these coordinates, the first slowest: (P, d)."""
    return xp.stack(xp.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


@register_pytree_node_class
class Sets:
    """Several sets of points (P, d), one after the other, some of which are grids; `joined` makes it."""

    parts: tuple["jax.Array | Grid", ...]

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """(P, d) of all of them together."""
        return sum(len(part) for part in self.parts), self.parts[0].shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.concatenate([np.asarray(part, dtype) for part in self.parts])

    def __jax_array__(self) -> jax.Array:
        return jnp.concatenate([jnp.asarray(part) for part in self.parts])

    def slices(self) -> list[tuple[slice, "jax.Array | Grid"]]:
        """Every set with where it stands among all points."""
        ends = np.cumsum([len(part) for part in self.parts]).tolist()
        return [(slice(end - len(part), end), part) for part, end in zip(self.parts, ends, strict=True)]

    def tree_flatten(self) -> tuple[tuple[Any, ...], None]:
        return self.parts, None

    @classmethod
    def tree_unflatten(cls, _: None, parts: Any) -> "Sets":
        sets = cls.__new__(cls)
        sets.parts = tuple(parts)
        return sets


#: Points at which a JAX program asks for a field, (P, d) all of them.
Places = jax.Array | Array | Grid | Sets


def joined(*parts: ArrayLike | Grid | Sets) -> Places:
    """Sets of points one after the other: an array, but for grids, which stay what they are."""
    single = [one for part in parts for one in (part.parts if isinstance(part, Sets) else (part,))]
    kept: list[Any] = [one if isinstance(one, Grid) else jnp.asarray(one) for one in single if len(one)]  # pyright: ignore
    if not any(isinstance(one, Grid) for one in kept):
        return jnp.concatenate([jnp.asarray(one) for one in single])
    return kept[0] if len(kept) == 1 else Sets.tree_unflatten(None, kept)


def check_places(points: ArrayLike | Grid, dim: int) -> Array | Grid:
    """Points of a field: a grid of the right dimension as it is, and others by `check_points`."""
    return points if isinstance(points, Grid) and points.dim == dim else check_points(points, dim)
