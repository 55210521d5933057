"""A theory with factors on its field: data, sources, actions, unknown hyperparameters; a NumPyro program as it is."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid, Places, Sets, joined
from nnqft_ppl.runtime.programs import program_points, record_field, refuse_conditioned_field, sample_sites
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.gaussian_amplitudes import amplitude_draw, gaussian_amplitudes, log_evidence
from nnqft_ppl.theory.values import rebuilt

Noise = float | Array | dist.Distribution
Potential = Callable[[jax.Array], jax.Array]


class Observation(NamedTuple):
    """Values of the field at points, with independent normal noise: a number, one for each value, or a law."""

    points: Array | Grid
    values: Array
    noise: Noise


class Source(NamedTuple):
    """A factor exp(sum_p J_p phi(x_p)); J of shape (P,), or (P, D) for a field with components."""

    points: Array | Grid
    strength: Array


class Action(NamedTuple):
    """A factor exp(-S), S = sum_p w_p V(phi(x_p))."""

    points: Array | Grid
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

    @property
    def told(self) -> dict[str, Any]:
        """What a reader is told of the theory: its net, and what stands beside P(theta)."""
        parts: dict[str, Any] = {"net": self.net}
        if self.observation is not None:
            noise = self.observation.noise
            size = "one for each" if np.ndim(noise) else type(noise).__name__  # pyright: ignore[reportArgumentType]
            told = f"{noise:g}" if isinstance(noise, float | int) else size
            parts["data"] = f"{len(self.observation.points)} values, noise {told}"
        for name, factors in (("source", self.sources), ("action", self.actions)):
            if factors:
                parts[name] = f"at {sum(len(one.points) for one in factors)} points"
        parts |= {name: f"unknown, {type(law).__name__}" for name, law in self.unknown}
        return parts | ({"amplitudes": "integrated out"} if self.collapsed else {})

    def __repr__(self) -> str:
        beside = "; ".join(f"{name}: {words}" for name, words in self.told.items() if name != "net")
        return f"{self.net!r} with {beside}" if beside else repr(self.net)

    _repr_html_ = html_table

    @property
    def factors(self) -> tuple[str, ...]:
        """What stands beside P(theta) of the net, in words; nothing if it is the net's theory in other coordinates."""
        there = {"data": self.observation, "a source": self.sources, "an action": self.actions}
        return tuple(words for words, found in there.items() if found)

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

    def laws(self, net: Architecture, points: Places | None = None) -> dict[str, dist.Distribution]:
        """The laws of the sites that are sampled: all of the net's, without the amplitudes if collapsed.

        Those of paths at `points`, by default at the places of the factors.
        """
        at = self.places if points is None else points
        return {site: law for site, law in net.prior_at(at).items() if not (self.collapsed and site == "a")}

    # -- its factors ---------------------------------------------------------------------------------------------

    def log_factors(self, net: Architecture, theta: Parameters, noise: Any) -> jax.Array:
        """log of everything that multiplies the prior, given the parameters (amplitudes aside if collapsed)."""
        if self.collapsed:
            system = self.linear_system(net, theta, noise)
            evidence = log_evidence(system.w, system.r) if system.w.shape[1] else 0.0
            return jnp.asarray(evidence + system.log_weight)
        return self.log_factors_of(field_at(net, theta, self.places), noise)

    def log_weight(self, net: Architecture, theta: Parameters) -> jax.Array:
        """log of the factors of sources and actions."""
        rest = dataclasses.replace(self, observation=None)
        own = slice(len(self.places) - len(rest.places), None)
        return rest.log_factors_of(field_at(net, net.restricted(theta, own), rest.places), None)

    @property
    def factored(self) -> bool:
        """Does anything multiply the prior, or is a hyperparameter unknown?"""
        return bool(self.factors or self.unknown)

    @property
    def places(self) -> Places:
        """All points at which the factors look at the field, shape (P, d)."""
        sets = [] if self.observation is None else [self.observation.points]
        return joined(jnp.zeros((0, self.net.dim)), *sets, *(one.points for one in (*self.sources, *self.actions)))

    def log_factors_of(self, phi: jax.Array, noise: Any) -> jax.Array:
        """log of everything that multiplies the prior, from the field (P, ...) at `places`."""
        total, start = jnp.zeros((), phi.dtype), 0

        def part(points: Any) -> jax.Array:
            nonlocal start
            start += len(points)
            return phi[start - len(points) : start]

        if self.observation is not None:
            seen = part(self.observation.points)
            values = jnp.asarray(self.observation.values, phi.dtype)
            total += jnp.sum(jnp.asarray(dist.Normal(seen, noise_like(noise, seen)).log_prob(values)))
        for source in self.sources:
            total += jnp.sum(source.strength * part(source.points))
        for action in self.actions:
            total -= action_at(action, part(action.points))
        return total

    def linear_system(self, net: Architecture, theta: Parameters, noise: Any) -> "LinearSystem":
        """Data and sources as a Gaussian problem for the amplitudes, in units of their prior and of the noise."""
        law = gaussian_amplitudes(net)
        shape = net.amplitudes().event_shape
        parts: Any = (law.loc, law.scale)
        mean, scale = (jnp.broadcast_to(part, shape).reshape(shape[0], -1) for part in parts)
        spread, log_weight = scale[:, :1], jnp.zeros(())
        seen = [] if self.observation is None else [self.observation]
        ends = np.cumsum([len(one.points) for one in (*seen, *self.sources)])
        *parts, _ = jnp.split(net.neurons(theta, self.places), ends, axis=1)  # as `places` puts them together
        for source, h in zip(self.sources, parts[len(seen) :], strict=True):
            pull = spread * (h @ source.strength.reshape(len(source.points), -1))
            log_weight += jnp.sum(pull * mean / spread) + 0.5 * jnp.sum(pull**2)
            mean = mean + spread * pull
        if self.observation is None:
            empty = jnp.zeros((0, mean.shape[1]))
            return LinearSystem(jnp.zeros((shape[0], 0)), empty, mean, spread, log_weight)
        h = parts[0]
        sigma = self._noises(noise)
        r = (jnp.asarray(self.observation.values).reshape(len(sigma), -1) - h.T @ mean) / sigma[:, None]
        log_weight -= mean.shape[1] * jnp.sum(jnp.log(sigma))
        return LinearSystem(spread * h / sigma[None], r, mean, spread, log_weight)

    def rows(self, net: Architecture, theta: Parameters, spread: jax.Array, noise: Any) -> jax.Array:
        """Rows of the W of `linear_system` for n neurons of the net, (n, P), from their parameters and spreads (n,)."""
        data: Any = self.observation
        return spread[:, None] * net.neurons(theta, jnp.asarray(data.points)) / self._noises(noise)[None]

    def _noises(self, noise: Any) -> jax.Array:
        """The noise of every value, (P,)."""
        data: Any = self.observation
        return jnp.broadcast_to(jnp.asarray(noise), (len(data.points),))

    def amplitudes_given(self, key: jax.Array, net: Architecture, theta: Parameters, noise: Any) -> jax.Array:
        """An exact draw of the amplitudes of a collapsed theory given everything else."""
        system = self.linear_system(net, theta, noise)
        a = system.mean + system.spread * amplitude_draw(key, system.w, system.r)
        return a.reshape(net.amplitudes().event_shape)

    def __call__(self, points: ArrayLike | None = None) -> Any:
        """The NumPyro program; at points (P, d) it also records the site ``phi``, unless the amplitudes are gone.

        The values are the observed site ``y`` in a plate ``observation``, unless the amplitudes are gone: then they,
        like sources and actions, are one factor.
        """
        refuse_conditioned_field()
        hyper: Any = {name: numpyro.sample(name, law) for name, law in self.hyperlaws.items()}
        net, noise = self.with_values(hyper)
        places = self.places
        x = jnp.zeros((0, self.net.dim)) if points is None else program_points(points, self.net.dim)
        every = sample_sites(self.laws(net, joined(places, x)), net.site_dims)
        theta = net.restricted(every, slice(len(places)))
        data = None if self.collapsed else self.observation
        if data is not None:
            phi = field_at(net, net.restricted(theta, slice(len(data.points))), data.points)
            law = dist.Normal(phi, noise_like(noise, phi)).to_event(phi.ndim - 1)
            with numpyro.plate("observation", len(data.points)):
                numpyro.sample("y", law, obs=jnp.asarray(data.values))
        if self.collapsed:
            numpyro.factor("factors", self.log_factors(net, theta, noise))
        elif self.sources or self.actions:
            numpyro.factor("factors", self.log_weight(net, theta))
        if points is None or self.collapsed:
            return None
        return record_field(field_at(net, net.restricted(every, slice(len(places), None)), x))


class LinearSystem(NamedTuple):
    """The amplitudes as mean + spread * u with standard normal u, given that W^T u + e = r: see `evidence`."""

    w: jax.Array
    r: jax.Array
    mean: jax.Array
    spread: jax.Array
    log_weight: jax.Array


Model = Architecture | Conditioned


def conditioned(model: Model) -> Conditioned:
    """An architecture as a theory without factors; a conditioned theory as it is."""
    return model if isinstance(model, Conditioned) else Conditioned(net=model)


def unconditioned[Net](
    model: Net | Conditioned, verb: str, instead: str, error: type[InputError] = InputError
) -> Net | Architecture:
    """The net of a theory that is nothing but P(theta), for a verb that knows no other.

    Raises
    ------
    InputError
        for a theory with data, a source, an action or an unknown hyperparameter: what it has, and what to do `instead`.
    """
    if not isinstance(model, Conditioned):
        return model
    beside = list(model.factors)
    if model.unknown:
        beside.append(f"unknown hyperparameters ({', '.join(name for name, _ in model.unknown)})")
        instead = "give these a value with load, or use posterior"
    if beside:
        raise error(f"{verb}: {type(model.net).__name__} has {', '.join(beside)} beside P(theta); {instead}")
    return model.net


def in_precision(model: Conditioned, dtype: str) -> Conditioned:
    """The theory with copies of its arrays in a precision, for programs in another one than the process has.

    JAX remembers an array of NumPy in the precision in which it met it first, and later takes that for the array.
    """
    return jax.tree.map(lambda leaf: np.array(leaf, dtype) if isinstance(leaf, np.ndarray) else leaf, model)


def before_data(model: Model) -> Model:
    """The theory without what was observed of it."""
    return dataclasses.replace(model, observation=None) if isinstance(model, Conditioned) else model


def field_at(net: Architecture, theta: Parameters, points: Places) -> jax.Array:
    """phi at points, (P,) or (P, D), all neurons at once: best for gradients; `Architecture.field` saves memory."""
    if isinstance(points, Sets):
        return jnp.concatenate([field_at(net, net.restricted(theta, own), part) for own, part in points.slices()])
    if net.factorises(points):
        return net.field(theta, points)
    return jnp.tensordot(net.neurons(theta, jnp.asarray(points)).T, theta["a"], axes=1)


def action_at(action: Action, phi: jax.Array) -> jax.Array:
    """S = sum_p w_p V(phi(x_p))."""
    return jnp.sum(action.weights * action.potential(phi))


def with_traced(net: Architecture, values: dict[str, Any]) -> Architecture:
    """The net with some hyperparameters replaced; those that are traced keep their place without a check."""
    return dataclasses.replace(net, **values) if values else net


def noise_like(noise: Any, phi: jax.Array) -> Any:
    """The noise, one number or (P,), with the axes of a field (P,) or (P, D)."""
    return jnp.asarray(noise)[:, None] if phi.ndim == 2 and jnp.ndim(noise) == 1 else noise


def law_text(law: dist.Distribution) -> str:
    """Its name and parameters, in the order of their names: that of its leaves changes from process to process."""
    parameters = {name: vars(law).get(name) for name in sorted(law.gather_pytree_data_fields())}
    values = {
        name: law_text(value) if isinstance(value, dist.Distribution) else np.asarray(value).tolist()
        for name, value in parameters.items()
    }
    return f"{type(law).__name__}{values}"


def fingerprint(model: Conditioned) -> list[Any]:
    """What the factors are, as JSON: their numbers, and the potential of an action by its code."""
    data = model.observation
    found: list[Any] = [model.collapsed, [(name, law_text(law)) for name, law in model.hyperlaws.items()]]
    if data is not None:
        noise = law_text(data.noise) if isinstance(data.noise, dist.Distribution) else np.asarray(data.noise).tolist()
        found.append([np.asarray(data.points).tolist(), data.values.tolist(), noise])
    found += [[np.asarray(source.points).tolist(), source.strength.tolist()] for source in model.sources]
    for action in model.actions:
        shape = (len(action.points), *([model.net.component_count] if model.net.component_count > 1 else []))
        code = str(jax.make_jaxpr(action.potential)(jnp.zeros(shape)))
        found.append([np.asarray(action.points).tolist(), action.weights.tolist(), code])
    return found


# -- a conditioned theory as a value that JAX carries ------------------------------------------------------------------


class _Fixed:
    """A law that is structure: charts and tables need its plain numbers. Equal laws are equal."""

    def __init__(self, law: dist.Distribution) -> None:
        self.law, self.text = law, law_text(law)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Fixed) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def _flatten(model: Conditioned) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Leaves are those of the net, the data, sources and weights; potentials and laws are structure."""
    data = model.observation
    law = data.noise if data is not None and isinstance(data.noise, dist.Distribution) else None
    seen = data if law is None or data is None else data._replace(noise=None)
    actions = tuple((action.points, action.weights) for action in model.actions)
    potentials = tuple(action.potential for action in model.actions)
    unknown = tuple((name, _Fixed(law)) for name, law in model.unknown)
    structure = (potentials, unknown, None if law is None else _Fixed(law), model.collapsed)
    return (model.net, seen, model.sources, actions), structure


def _unflatten(structure: tuple[Any, ...], leaves: Iterable[Any]) -> Conditioned:
    (net, seen, sources, places), (potentials, unknown, noise, collapsed) = tuple(leaves), structure
    actions = tuple(Action(at, weights, potential) for (at, weights), potential in zip(places, potentials, strict=True))
    data = seen if noise is None else seen._replace(noise=noise.law)
    laws = tuple((name, fixed.law) for name, fixed in unknown)
    # By the types of its fields the net alone is a leaf; the others follow in their order.
    return rebuilt(Conditioned, (data, sources, actions, laws, collapsed), (net,))


jax.tree_util.register_pytree_node(Conditioned, _flatten, _unflatten)
