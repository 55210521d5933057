"""What is kept of drawn networks, and averages over them with their errors.

`recorded` draws networks and keeps of each the field and two neurons at twenty points. Averages are those of products
of fields or of neurons, in NumPy: nothing of the estimators or of the exact engine enters them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.cosine import CosineArchitecture

PAIRINGS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
BATCH = 2**14
OWN = 8  # places where neurons are looked at one by one
SMEARING = 0.5  # of a power spectrum: the length of the window, in lengths of the theory
NEAR, FAR, MIRRORED, MOVED, TURNED = (list(range(4 * k, 4 * k + 4)) for k in range(5))


def places(dim: int, length: float) -> Array:
    """Where networks are looked at, shape (20, d): four points close together, where heavy tails do least.

    Then four at a length and a half of each other, where dependence shows most; these at the mirror of imaginary time,
    tau -> -tau; and the first four moved, and turned (on the line: reflected).
    """
    near = np.pad([[0.1], [0.4], [0.25], [-0.2]], ((0, 0), (0, dim - 1)), constant_values=0.05)
    near[1::2, 1:] += 0.3  # off the axes: what is not isotropic shows
    far = np.pad([[0.05], [1.5], [0.2], [1.8]], ((0, 0), (0, dim - 1)), constant_values=0.05)
    turn = -np.eye(dim)
    if dim > 1:
        turn = np.eye(dim)
        turn[:2, :2] = [[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]]
    mirrored = far * np.r_[-1.0, np.ones(dim - 1)]
    return length * np.concatenate([near, far, mirrored, near + 2.0, near @ turn.T])


class Networks(NamedTuple):
    """What is kept of every drawn network, float64; C is 2 for a field with components, H is 2 but for N = 1."""

    field: Array  #: phi at the places, shape (draws, 20, C)
    neurons: Array  #: h_1 and h_2 at the first eight of them, shape (draws, H, 8)
    smeared: Array  #: phi(x) phi(x + u) and h_1(x) h_1(x + u), u ~ N(0, l^2 1), shape (draws, 2); not of paths
    waves: Array  #: F(b)^k cos(b.z) of both neurons for k = 2 and 4, shape (draws, H, 2); empty without plane waves
    square: Array  #: a.a of the last neuron, shape (draws,)
    first: Array  #: the first component of a_1, shape (draws,)


def wave_vectors(dim: int, length: float) -> Array:
    """The z of F(b)^k cos(b.z), for k = 2 and for k = 4: shape (2, d)."""
    return length * np.stack([np.full(dim, 0.4), np.full(dim, 0.3)])


def recorded(net: Architecture, *, draws: int, seed: int, length: float | None = None) -> Networks:
    """Draw networks of a theory and keep of them what `checks` asks for.

    Parameters
    ----------
    draws
        Number of networks: the error of a two-point function is about 1/sqrt(draws) of its value, that of a connected
        four-point function about ten times as much.
    length
        The unit of the places; the theory's own by default.

    Raises
    ------
    InputError
        for a theory without an exact sampler.
    """
    length = net.length if length is None else length
    at = (places(net.dim, length), wave_vectors(net.dim, length), SMEARING * length)
    found = over_networks(net, _record, *at, draws=draws, seed=seed, points=at[0], batch=BATCH, keyed=True)
    # Averages go over columns of draws, each of which lies together.
    return Networks(*(np.asarray(part, dtype=float, order="F") for part in found))


def _record(
    net: Architecture,
    theta: dict[str, jax.Array],
    key: jax.Array,
    points: jax.Array,
    z: jax.Array,
    smearing: jax.Array,
) -> tuple[jax.Array, ...]:
    # A path is known at the places alone.
    moved = points[:0] if net.paths else points[:1] + smearing * jax.random.normal(key, (1, net.dim), points.dtype)
    phi = net.field(theta, jnp.concatenate([points, moved])).reshape(len(points) + len(moved), -1)[:, :2]
    h = net.neurons(net.restricted(theta, slice(OWN)), jnp.concatenate([points[:OWN], moved]))[:2]
    waves = jnp.zeros((len(h), 0))
    if isinstance(net, CosineArchitecture):

        def of_one(one: dict[str, jax.Array]) -> jax.Array:
            b = net.frequency(**{site: value for site, value in one.items() if site != "c"})
            return jnp.stack([net.envelope_at(b) ** k * jnp.cos(z[i] @ b) for i, k in enumerate((2, 4))])

        waves = net.map_neurons(of_one, theta)[:2]
    smeared = jnp.zeros(0) if net.paths else jnp.stack([phi[0, 0] * phi[-1, 0], h[0, 0] * h[0, -1]])
    a = theta["a"].reshape(len(theta["a"]), -1)
    return phi[: len(points)], h[:, :OWN], smeared, waves, jnp.sum(a[-1] ** 2), a[0, 0]


Average = tuple[float, float]  # with its standard error


def average(values: Array) -> Average:
    """The mean and its standard error, at least the rounding of draws in single precision."""
    rounding = 2.0**-20 * float(np.abs(values).mean())
    return float(values.mean()), float(np.hypot(values.std(ddof=1) / len(values) ** 0.5, rounding))


def product(*factors: Array) -> Average:
    """The average of a product of columns."""
    return average(np.prod(factors, axis=0))


def covariance(u: Array, v: Array) -> Array:
    """What averages to the covariance of two columns."""
    return (u - u.mean()) * (v - v.mean())


def cumulant(legs: Array) -> Average:
    """The joint cumulant of two to four columns, (draws, n), by central moments; error by its influence function."""
    c = legs - legs.mean(axis=0)
    n = c.shape[1]
    influence = np.prod(c, axis=1)
    for k in range(n if n > 2 else 0):  # the means are estimated too
        others = [j for j in range(n) if j != k]
        influence = influence - c[:, k] * np.prod(c[:, others], axis=1).mean()
    wick = 0.0
    for i, j, k, l in PAIRINGS if n == 4 else ():
        first, second = c[:, i] * c[:, j], c[:, k] * c[:, l]
        influence = influence - first * second.mean() - second * first.mean()
        wick += float(first.mean() * second.mean())
    return float(np.prod(c, axis=1).mean()) - wick, average(influence)[1]
