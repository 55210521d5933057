"""Mixed field-neuron correlators: what a theory built out of neurons predicts beyond the correlators of its field.

The connected part of two fields and one neuron,

    M_c(12|34) = E[phi(x_1) phi(x_2) h_i(x_3) h_i(x_4)] - G2(12) H_ii(34),

measures the width: (sigma_a^2/N) (L_iiii - L_ii L_ii) for independent neurons, and 1/(2N) of its disconnected part for
plane waves of envelope 1 at one point. For Gaussian amplitudes integration by parts in a gives the interaction of the
field from it, whatever the law of the neurons: a prediction that can fail.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.exact import INSTEAD, Kind, exact_correlator, exact_mixed, exact_neuron
from nnqft_ppl.runtime.arrays import Array, check_configurations, check_points
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned

BATCH = 2**13

PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


def mixed_connected(net: Architecture, field_points: ArrayLike, neuron_points: ArrayLike) -> Array:
    """M_c = E[phi phi h_i h_i] - G2 H_ii at two points (..., 2, d) each; float64 of the leading shape."""
    x = check_configurations(field_points, net.dim, "field_points")
    y = check_configurations(neuron_points, net.dim, "neuron_points")
    return exact_mixed(net, x, y) - exact_correlator(net, x) * exact_neuron(net, y, (0, 0))


def sum_rule(net: Architecture, points: ArrayLike) -> Array:
    """G4c predicted from mixed correlators: sigma_a^2 sum over pairings of M_c + (gamma_a^4 - 3 sigma_a^4) H_iiii/N.

    Exact at every width for even amplitudes that are independent of one another; with Gaussian ones the second term
    vanishes and neurons may depend on each other in any way. Points (..., 4, d).

    Raises
    ------
    InputError
        for amplitudes that are neither even nor of one kind, or non-Gaussian with dependent neurons.
    """
    x = check_configurations(points, net.dim, "points")
    if x.shape[-2] != 4:
        raise InputError(f"points must be four, got {x.shape[-2]}")
    if not net.amplitude_law.even or len(net.amplitude_groups()) > 1 or net.component_count > 1:
        raise InputError(f"{type(net).__name__}: the sum rule is for one component and even amplitudes of one kind")
    excess = net.amplitude_moment(4) - 3.0 * net.amplitude_moment(2) ** 2
    if not net.independent and abs(excess) > 1e-12 * net.amplitude_moment(4):
        raise InputError(f"{type(net).__name__}: amplitudes must be Gaussian for the sum rule of dependent neurons")
    mixed = sum(mixed_connected(net, x[..., list(fields), :], x[..., list(own), :]) for fields, own in PAIRINGS)
    return net.amplitude_moment(2) * mixed + excess / net.width * exact_neuron(net, x, (0, 0, 0, 0))


class MixedEstimate(NamedTuple):
    """A mixed correlator by draws."""

    estimate: float
    mcse: float
    draws: int


def sampled_mixed(
    net: Architecture,
    field_points: ArrayLike,
    neuron_points: ArrayLike,
    neurons: tuple[int, ...],
    *,
    amplitudes: bool = False,
    draws: int,
    seed: int,
) -> MixedEstimate:
    """E[prod phi(x_k) prod h_(i_k)(y_k)] by brute force; with `amplitudes`, a_i h_i in place of every h_i.

    Parameters
    ----------
    field_points, neuron_points
        Shapes (m, d), m = 0 allowed, and (k, d).
    neurons
        The neuron i_k of each of the k points.
    """
    y = check_points(neuron_points, net.dim, "neuron_points")
    x = np.asarray(field_points, dtype=float).reshape(-1, net.dim)
    if len(neurons) != len(y) or not all(0 <= i < net.neuron_count for i in neurons):
        raise InputError(f"neurons must be {len(y)} numbers below {net.neuron_count}, got {neurons}")
    settings: Any = {"draws": draws, "seed": seed, "points": np.concatenate([x, y]), "batch": BATCH}
    values = over_networks(net, _Product(neurons, amplitudes), x, y, **settings).astype(float)
    return MixedEstimate(float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5), len(values))


class _Product(NamedTuple):
    """prod phi(x_k) prod h_(i_k)(y_k) of one network; with `amplitudes`, a_i h_i in place of h_i."""

    neurons: tuple[int, ...]
    amplitudes: bool

    def __call__(self, net: Architecture, theta: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        phi = net.field(theta, jnp.concatenate([x, y]))[: len(x)]
        own = jnp.asarray(self.neurons)
        h = net.neurons(net.restricted(theta, slice(len(x), None)), y)[own, jnp.arange(len(own))]
        weights = theta["a"][own] if self.amplitudes else jnp.ones(len(own))
        return jnp.prod(phi) * jnp.prod(weights * h)


class Prediction(NamedTuple):
    """One number that the theory predicts; NaN where it has none, with the reason in `remark`."""

    quantity: str
    equation: str
    value: float
    remark: str = ""


def predictions(net: Model, points: ArrayLike) -> list[Prediction]:
    """What an observer of the field, and of one neuron with it, should see at four points (4, d).

    Correlators of the field (2), (6)-(9), mixed correlators of field and neuron, and G4c predicted from mixed
    correlators alone: with M_c = E[phi phi h_i h_i] - G2 H_ii it is sigma_a^2 sum over pairings of M_c, and for
    independent neurons with other amplitudes than Gaussian ones (gamma_a^4 - 3 sigma_a^4) H_iiii/N more. Amplitudes
    must be even for that.

    Parameters
    ----------
    net
        The theory.
    points
        Shape (4, d).

    Returns
    -------
    A list of predictions, each with the fields ``quantity``, ``equation``, ``value`` and ``remark``. Where the theory
    has no such number, or no closed form for it, the value is NaN and the remark says why.

    Raises
    ------
    InputError
        for points that are not four.
    NoClosedForm
        for a theory with data, a source or an action.

    Examples
    --------
    One mixed correlator measures the width, and together they know the interaction G4c = 3/(8N) of Cos-net at one
    point:

    >>> for one in nq.predictions(nq.load("cos_net", width=10), np.zeros((4, 1)))[-2:]:
    ...     print(f"{one.quantity}: {one.value:.6g}")
    the same over G2 H at one point: 1/(2N) for cos_net: 0.05
    G4c from mixed correlators alone, the sum rule: 0.0375
    """
    net = unconditioned(net, "predictions", INSTEAD, NoClosedForm)
    x = check_points(points, net.dim)
    if len(x) != 4:
        raise InputError(f"points must be four, got {len(x)}")
    at = np.repeat(x[:1], 4, axis=0)

    def part(kind: Kind) -> Array:
        return exact_correlator(net, x, kind)

    def ratio(fields: Array, own: Array) -> Array:
        pair = exact_correlator(net, fields) * exact_neuron(net, own, (0, 0))
        return mixed_connected(net, fields, own) / pair

    def kurtosis() -> Array:
        return exact_correlator(net, at, "connected") / exact_correlator(net, at[:2], "connected") ** 2

    asked: list[tuple[str, str, Callable[[], Array]]] = [
        ("E[phi(x1)]: explicit breaking, in the field", "(2), (12)", lambda: exact_correlator(net, x[:1])),
        ("E[phi(x1) h(x2)]: explicit breaking, in a neuron", "(2), (12)", lambda: exact_mixed(net, x[:1], x[1:2])),
        ("G2c(x1, x2)", "(6)", lambda: exact_correlator(net, x[:2], "connected")),
        ("G4c(x1, x2, x3, x4)", "(7)", lambda: part("connected")),
        ("its part of finite width, I_N", "(8)", lambda: part("I_N")),
        ("its part of dependent neurons, I_IB", "(9)", lambda: part("I_IB")),
        ("excess kurtosis of phi(x1)", "(7), (10)", kurtosis),
        ("E[phi(x1) phi(x2) h(x3) h(x4)], connected", "(3)", lambda: mixed_connected(net, x[:2], x[2:])),
        ("the same over G2 H at one point: 1/(2N) for cos_net", "(3)", lambda: ratio(at[:2], at[2:])),
        ("G4c from mixed correlators alone, the sum rule", "(7)", lambda: sum_rule(net, x)),
    ]
    found = []
    for quantity, equation, function in asked:
        try:
            found.append(Prediction(quantity, equation, float(function())))
        except InputError as error:
            found.append(Prediction(quantity, equation, np.nan, str(error)))
    return found
