"""Transforms, model to model: a theory given data, with an interaction, with a source, with its amplitudes integrated.

    net = load("cauchy", width=200)
    observe(net, x, y, noise=0.3)                    the theory given noisy values of its field
    deform(net, lambda phi: 0.1 * phi**4, x, w)      P(theta) exp(-sum_p w_p V(phi(x_p)))
    tilt(net, x, source)                             P(theta) exp(sum_p J_p phi(x_p)): explicit breaking
    collapse(observe(net, x, y, noise=0.3))          the same theory with Gaussian amplitudes integrated out
    infer(observe(net, x, y, noise=0.3), mass=...)   a hyperparameter as one more unknown

They compose, in any order, and the result is a NumPyro program again: `NUTS(model)` works on it unchanged. What
multiplies the prior is a `numpyro.factor`, which `Predictive` ignores: for draws use `posterior`.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpy.typing import ArrayLike

from nnqft_ppl.architecture import Architecture, Parameters
from nnqft_ppl.errors import InputError
from nnqft_ppl.evidence import amplitude_draw, log_evidence
from nnqft_ppl.hyperparameters import field_types
from nnqft_ppl.points import Array, check_points

Noise = float | Array | dist.Distribution
Potential = Callable[[jax.Array], jax.Array]


class Observation(NamedTuple):
    """Values of the field at points, with independent normal noise: a number, one for each value, or a law."""

    points: Array
    values: Array
    noise: Noise


class Source(NamedTuple):
    """A factor exp(sum_p J_p phi(x_p)); J of shape (P,), or (P, D) for a field with components."""

    points: Array
    strength: Array


class Action(NamedTuple):
    """A factor exp(-S), S = sum_p w_p V(phi(x_p))."""

    points: Array
    weights: Array
    potential: Potential


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioned:
    """An architecture with factors on its field; made by the transforms of this module, and a NumPyro program."""

    net: Architecture
    observation: Observation | None = None
    sources: tuple[Source, ...] = ()
    actions: tuple[Action, ...] = ()
    unknown: tuple[tuple[str, dist.Distribution], ...] = ()  #: hyperparameters with a law of their own
    collapsed: bool = False

    def __post_init__(self) -> None:
        if self.collapsed and self.actions:
            raise InputError(
                "collapse: the amplitudes of a theory with an action cannot be integrated out, as it is not Gaussian "
                "in them; leave collapse out"
            )
        if self.collapsed:
            gaussian_amplitudes(self.net)

    # -- its unknowns --------------------------------------------------------------------------------------------

    @property
    def hyperlaws(self) -> dict[str, dist.Distribution]:
        """The laws of what is unknown beside the parameters: hyperparameters, and the noise where it has one."""
        laws = dict(self.unknown)
        if self.observation is not None and isinstance(self.observation.noise, dist.Distribution):
            laws["noise"] = self.observation.noise
        return laws

    def with_values(self, hyper: Parameters) -> tuple[Architecture, Any]:
        """The net with the given hyperparameters, which may be traced, and the noise."""
        noise = None if self.observation is None else self.observation.noise
        chosen = {name: hyper[name] for name, _ in self.unknown}
        return with_traced(self.net, chosen), hyper.get("noise", noise)

    def laws(self, net: Architecture) -> dict[str, dist.Distribution]:
        """The laws of the sites that are sampled: all of the net's, without the amplitudes if collapsed."""
        return {site: law for site, law in net.prior().items() if not (self.collapsed and site == "a")}

    # -- its factors ---------------------------------------------------------------------------------------------

    def log_factors(self, net: Architecture, theta: Parameters, noise: Any) -> jax.Array:
        """log of everything that multiplies the prior, given the parameters (amplitudes aside if collapsed)."""
        if self.collapsed:
            system = self.linear_system(net, theta, noise)
            evidence = log_evidence(system.w, system.r) if system.w.shape[1] else 0.0
            return jnp.asarray(evidence + system.log_weight)
        total = jnp.zeros(())
        if self.observation is not None:
            phi = field_at(net, theta, self.observation.points)
            total += dist.Normal(phi, _like(noise, phi)).log_prob(jnp.asarray(self.observation.values)).sum()
        for source in self.sources:
            total += jnp.sum(source.strength * field_at(net, theta, source.points))
        for action in self.actions:
            total -= action_at(action, field_at(net, theta, action.points))
        return total

    def linear_system(self, net: Architecture, theta: Parameters, noise: Any) -> "LinearSystem":
        """Data and sources as a Gaussian problem for the amplitudes, in units of their prior and of the noise."""
        law = gaussian_amplitudes(net)
        shape = net.amplitudes().event_shape
        parts: Any = (law.loc, law.scale)
        mean, scale = (jnp.broadcast_to(part, shape).reshape(shape[0], -1) for part in parts)
        spread, log_weight = scale[:, :1], jnp.zeros(())
        for source in self.sources:
            h = net.neurons(theta, jnp.asarray(source.points))
            pull = spread * (h @ source.strength.reshape(len(source.points), -1))
            log_weight += jnp.sum(pull * mean / spread) + 0.5 * jnp.sum(pull**2)
            mean = mean + spread * pull
        if self.observation is None:
            empty = jnp.zeros((0, mean.shape[1]))
            return LinearSystem(jnp.zeros((shape[0], 0)), empty, mean, spread, log_weight)
        h = net.neurons(theta, jnp.asarray(self.observation.points))
        sigma = jnp.broadcast_to(jnp.asarray(noise), (len(self.observation.points),))
        r = (jnp.asarray(self.observation.values).reshape(len(sigma), -1) - h.T @ mean) / sigma[:, None]
        log_weight -= mean.shape[1] * jnp.sum(jnp.log(sigma))
        return LinearSystem(spread * h / sigma, r, mean, spread, log_weight)

    def amplitudes_given(self, key: jax.Array, net: Architecture, theta: Parameters, noise: Any) -> jax.Array:
        """An exact draw of the amplitudes of a collapsed theory given everything else."""
        system = self.linear_system(net, theta, noise)
        a = system.mean + system.spread * amplitude_draw(key, system.w, system.r)
        return a.reshape(net.amplitudes().event_shape)

    def __call__(self, points: ArrayLike | None = None) -> Any:
        """The NumPyro program; at points (P, d) it also records the site ``phi``, unless the amplitudes are gone."""
        hyper: Any = {name: numpyro.sample(name, law) for name, law in self.hyperlaws.items()}
        net, noise = self.with_values(hyper)
        theta: Any = {site: numpyro.sample(site, law) for site, law in self.laws(net).items()}
        numpyro.factor("factors", self.log_factors(net, theta, noise))
        if points is None or self.collapsed:
            return None
        return numpyro.deterministic("phi", field_at(net, theta, points))


class LinearSystem(NamedTuple):
    """The amplitudes as mean + spread * u with standard normal u, given that W^T u + e = r: see `evidence`."""

    w: jax.Array
    r: jax.Array
    mean: jax.Array
    spread: jax.Array
    log_weight: jax.Array


Model = Architecture | Conditioned


# -- the transforms ----------------------------------------------------------------------------------------------------


def observe(model: Model, points: ArrayLike, values: ArrayLike, *, noise: Noise) -> Conditioned:
    """The theory given values y_p = phi(x_p) + noise_p: P(theta) prod_p N(y_p; phi(x_p), noise_p^2).

    Parameters
    ----------
    points, values
        Shapes (P, d) and (P,), or (P, D) for a field with D components.
    noise
        Standard deviation: a number, an array (P,), or a NumPyro law, with which it is inferred.

    Raises
    ------
    InputError
        for shapes that do not fit, values that are not finite, noise that is not positive, or a second observation.
    """
    model = conditioned(model)
    if model.observation is not None:
        raise InputError("observe: the theory has its data already; observe all points at once")
    points = check_points(points, model.net.dim)
    values = _checked_values("values", values, points, model.net)
    if not isinstance(noise, dist.Distribution):
        noise = np.asarray(noise, dtype=float)
        if noise.shape not in ((), (len(points),)):
            raise InputError(f"noise must be one number or have shape ({len(points)},), got {noise.shape}")
        if not (np.isfinite(noise).all() and (noise > 0).all()):
            raise InputError(f"noise must be positive and finite, got {float(np.min(noise))}")
        noise = float(noise) if noise.ndim == 0 else noise
    return dataclasses.replace(model, observation=Observation(points, values, noise))


def deform(
    model: Model, potential: Potential, points: ArrayLike, weights: ArrayLike | None = None, *, seed: int = 0
) -> Conditioned:
    """P(theta) -> P(theta) exp(-S), S = sum_p w_p V(phi(x_p)): an interaction, added in field space.

    Parameters
    ----------
    potential
        V, any function of the field at the points, phi of shape (P,) or (P, D) -> (P,).
    points, weights
        Shapes (P, d) and (P,): a quadrature rule for int d^dx V(phi(x)); weights 1 by default.

    Raises
    ------
    InputError
        for shapes that do not fit, or a potential that is not finite on prior draws or falls faster than the prior.
    """
    model = conditioned(model)
    points = check_points(points, model.net.dim)
    weights = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (len(points),) or not np.isfinite(weights).all():
        raise InputError(f"weights must be finite and have shape ({len(points)},), got {weights.shape}")
    action = Action(points, weights, potential)
    _check_action(model.net, action, seed)
    return dataclasses.replace(model, actions=(*model.actions, action))


def tilt(model: Model, points: ArrayLike, source: ArrayLike) -> Conditioned:
    """P(theta) -> P(theta) exp(sum_p J_p phi(x_p)): a source that breaks phi -> -phi explicitly.

    Raises
    ------
    InputError
        for shapes that do not fit or a source that is not finite.
    """
    model = conditioned(model)
    points = check_points(points, model.net.dim)
    source = _checked_values("source", source, points, model.net)
    return dataclasses.replace(model, sources=(*model.sources, Source(points, source)))


def collapse(model: Model) -> Conditioned:
    """The same theory with its Gaussian amplitudes integrated out exactly; they are drawn exactly afterwards.

    Raises
    ------
    InputError
        for amplitudes that are not Gaussian, or an action, in which the amplitudes are not Gaussian.
    """
    return dataclasses.replace(conditioned(model), collapsed=True)


def infer(model: Model, **laws: dist.Distribution) -> Conditioned:
    """Give hyperparameters a law, so that they are inferred: ``infer(model, mass=LogNormal(0, 1))``.

    Raises
    ------
    InputError
        for a name that is no real hyperparameter, a law that leaves its range, or a card whose laws are no
        differentiable function of it.
    """
    model = conditioned(model)
    owner, hints = type(model.net).__name__, field_types(type(model.net))
    for name, law in laws.items():
        hint = hints.get(name)
        if get_origin(hint) is None or get_args(hint)[0] is not float:
            real = [key for key, h in hints.items() if get_args(h) and get_args(h)[0] is float]
            raise InputError(f"{owner}: a hyperparameter to infer must be one of {', '.join(real)}, got {name!r}")
        rule = get_args(hint)[1]
        sample: Any = law.sample(jax.random.key(0), (256,))
        for value in np.asarray(sample, dtype=float):
            if not rule.holds(value):
                raise InputError(
                    f"{owner}: {name} must be {rule.text}, but its law {type(law).__name__} gives {value:.4g}"
                )
        try:
            jax.eval_shape(lambda v, name=name: _density_at(model.net, name, v), 1.0)
        except (TypeError, jax.errors.JAXTypeError) as error:
            raise InputError(
                f"{owner}: {name} cannot be inferred: the card's laws need it as a plain number"
            ) from error
    return dataclasses.replace(model, unknown=(*model.unknown, *laws.items()))


# -- helpers -----------------------------------------------------------------------------------------------------------


def conditioned(model: Model) -> Conditioned:
    """An architecture as a theory without factors; a conditioned theory as it is."""
    return model if isinstance(model, Conditioned) else Conditioned(net=model)


def gaussian_amplitudes(net: Architecture) -> dist.Normal:
    """The normal law of the amplitudes, or `InputError`."""
    law: Any = net.amplitudes()
    while isinstance(law, dist.Independent | dist.ExpandedDistribution):
        law = law.base_dist
    if not isinstance(law, dist.Normal):
        raise InputError(f"collapse: {type(net).__name__} must have Gaussian amplitudes, got {type(law).__name__}")
    return law


def field_at(net: Architecture, theta: Parameters, points: ArrayLike) -> jax.Array:
    """phi at points, (P,) or (P, D), all neurons at once: best for gradients; `Architecture.field` saves memory."""
    return jnp.tensordot(net.neurons(theta, jnp.asarray(points)).T, theta["a"], axes=1)


def action_at(action: Action, phi: jax.Array) -> jax.Array:
    """S = sum_p w_p V(phi(x_p))."""
    return jnp.sum(action.weights * action.potential(phi))


def with_traced(net: Architecture, values: dict[str, Any]) -> Architecture:
    """The net with some hyperparameters replaced without a check, so that they may be traced."""
    if not values:
        return net
    clone = object.__new__(type(net))
    for field in dataclasses.fields(net):
        object.__setattr__(clone, field.name, values.get(field.name, getattr(net, field.name)))
    return clone


def _density_at(net: Architecture, name: str, value: Any) -> jax.Array:
    laws = with_traced(net, {name: value}).prior().items()
    draws = net.sample(jax.random.key(0), 1) if net.ancestral else {}
    return sum((jnp.sum(jnp.asarray(law.log_prob(draws[site][0]))) for site, law in laws if draws), jnp.zeros(()))


def _like(noise: Any, phi: jax.Array) -> Any:
    return jnp.asarray(noise)[:, None] if phi.ndim == 2 and jnp.ndim(noise) == 1 else noise


def _checked_values(name: str, values: ArrayLike, points: Array, net: Architecture) -> Array:
    shape = (len(points),) if net.component_count == 1 else (len(points), net.component_count)
    array = np.asarray(values, dtype=float)
    if array.shape != shape:
        raise InputError(f"{name} must have shape {shape}, got {array.shape}")
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        where = tuple(int(i) for i in bad[0])
        raise InputError(f"{name} must be finite, got {array[where]} at index {where}")
    return array


def _check_action(net: Architecture, action: Action, seed: int) -> None:
    """`InputError` where V is not finite on prior draws, or -S outgrows the log prior along a ray of amplitudes."""
    if not net.ancestral:
        return
    draws, points = 16, jnp.asarray(action.points)
    phi = np.asarray(jax.vmap(lambda theta: net.field(theta, points))(net.sample(jax.random.key(seed), draws)))
    try:
        values = np.array([[action_at(action, jnp.asarray(t * f)) for t in (1.0, 1e2, 1e3)] for f in phi])
    except (TypeError, ValueError, jax.errors.JAXTypeError) as error:
        shape = phi.shape[1:]
        raise InputError(f"action must be a function of phi of shape {shape} that JAX can trace: {error}") from error
    if not np.isfinite(values[:, 0]).all():
        worst = values[:, 0][~np.isfinite(values[:, 0])][0]
        raise InputError(f"action must be finite on draws of the field, got {worst}")
    # Along t a the log prior of Gaussian amplitudes falls like t^2 N/2; no admissible law falls faster than that.
    room = 0.5 * net.neuron_count * np.array([1e2, 1e3]) ** 2
    steepest = -values[:, 1:] / room
    if not np.isfinite(values).all() or (steepest[:, 1] > np.maximum(1.0, 2.0 * steepest[:, 0])).any():
        raise InputError(
            "action must be bounded below by the prior, but exp(-S) grows faster than any prior falls: "
            f"S = {np.nanmin(values):.3g} at a thousand times a draw of the field"
        )
