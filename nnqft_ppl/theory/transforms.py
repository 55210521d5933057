"""Transforms, model to model: a theory given data, with an interaction, with a source, with its amplitudes integrated.

    net = load("cauchy", width=200)
    observe(net, x, y, noise=0.3)                    the theory given noisy values of its field
    deform(net, "0.1*phi^4", x, w)                   P(theta) exp(-sum_p w_p V(phi(x_p)))
    add_source(net, x, source)                       P(theta) exp(sum_p J_p phi(x_p)): explicit breaking
    collapse(observe(net, x, y, noise=0.3))          the same theory with Gaussian amplitudes integrated out
    give_laws(observe(net, x, y, noise=0.3), mass=...)   a hyperparameter as one more unknown

They compose, in any order, and the result is a NumPyro program again: `NUTS(model)` works on it unchanged. What
multiplies the prior is a `numpyro.factor`, which `Predictive` ignores: for draws use `posterior`.
"""

import dataclasses
from typing import Any, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpy.typing import ArrayLike
from numpyro.distributions import biject_to

from nnqft_ppl.runtime.arrays import Array, check_noise, check_values, finite
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid, check_places
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import (
    Action,
    Conditioned,
    Model,
    Noise,
    Observation,
    Potential,
    Source,
    action_at,
    conditioned,
    with_traced,
)
from nnqft_ppl.theory.expressions import Expression
from nnqft_ppl.theory.ranges import field_types

# -- the transforms ----------------------------------------------------------------------------------------------------


def observe(model: Model, points: ArrayLike | Grid, values: ArrayLike, *, noise: Noise) -> Conditioned:
    """The theory given values y_p = phi(x_p) + noise_p: P(theta) prod_p N(y_p; phi(x_p), noise_p^2).

    Bayes' theorem for the parameters, with P(theta) of (4) for the prior.

    Parameters
    ----------
    model
        A theory, or one that is transformed already.
    points, values
        Shapes (P, d) and (P,), or (P, D) for a field with D components.
    noise
        Standard deviation: a number, an array (P,), or a NumPyro law, with which it is inferred.

    Returns
    -------
    The theory given its data: a NumPyro program for NUTS, for `posterior` and for the other transforms. `Predictive`
    ignores what multiplies the prior.

    Raises
    ------
    InputError
        for shapes that do not fit, values that are not finite, noise that is not positive, or a second observation.

    Examples
    --------
    >>> from numpyro.infer.util import log_density
    >>> net = nq.load("line")  # phi(x) = a x
    >>> model = nq.observe(net, [[2.0]], [1.0], noise=0.5)
    >>> a = {"a": np.array([1.0])}
    >>> prior, joint = (log_density(program, (), {}, a)[0] for program in (net, model))
    >>> round(float(joint - prior), 6)  # log N(1; 2, 0.5^2) = -2 - log(0.5 sqrt(2 pi))
    -2.225791

    Any inference of NumPyro's takes it, here the most probable a by SVI: (1 + 2/0.25)/(1 + 4/0.25), as a ~ N(1, 1).

    >>> import jax, numpyro
    >>> from numpyro.infer import SVI, Trace_ELBO, autoguide
    >>> svi = SVI(model, autoguide.AutoDelta(model), numpyro.optim.Adam(0.05), Trace_ELBO())
    >>> found = svi.run(jax.random.key(0), 500, progress_bar=False)
    >>> found.params["a_auto_loc"].round(3)
    Array([0.529], dtype=float64)
    """
    model = conditioned(model)
    if model.observation is not None:
        raise InputError("observe: the theory has its data already; observe all points at once")
    points = check_places(points, model.net.dim)
    values = check_values(values, _shape(points, model.net))
    if not isinstance(noise, dist.Distribution):
        noise = check_noise(noise, len(points))
        noise = float(noise) if noise.ndim == 0 else noise
    return dataclasses.replace(model, observation=Observation(points, values, noise))


def deform(
    model: Model, potential: Potential | str, points: ArrayLike | Grid, weights: ArrayLike | None = None
) -> Conditioned:
    """P(theta) -> P(theta) exp(-S), S = sum_p w_p V(phi(x_p)): an interaction, added in field space.

    It makes the neurons dependent, so that it survives N -> infinity (arXiv:2307.03223).

    Parameters
    ----------
    model
        A theory, or one that is transformed already.
    potential
        V, an expression in ``phi``, or in the components ``phi1, phi2, ...`` and ``square`` = phi . phi of a field with
        several: numbers, ``pi``, ``+ - * / ^``, and abs, cos, cosh, exp, log, log1p, sin, sinh, sqrt, tan, tanh. Or any
        function of the field at the points, phi of shape (P,) or (P, D) -> (P,); such a theory has no text.
    points, weights
        Shapes (P, d) and (P,): a quadrature rule for int d^dx V(phi(x)); weights 1 by default.

    Returns
    -------
    The theory with this factor beside those that it had: a NumPyro program for NUTS, for `posterior` and for the other
    transforms. `Predictive` ignores what multiplies the prior.

    Raises
    ------
    InputError
        for shapes that do not fit, an expression that cannot be read, or a potential that is not finite or falls faster
        than the prior.

    Examples
    --------
    >>> from numpyro.infer.util import log_density
    >>> net = nq.load("line")  # phi(x) = a x
    >>> model = nq.deform(net, "0.1*phi^4", [[2.0]], [0.5])
    >>> a = {"a": np.array([1.0])}
    >>> prior, deformed = (log_density(program, (), {}, a)[0] for program in (net, model))
    >>> round(float(deformed - prior), 6)  # -S = -0.5 * 0.1 * 2^4
    -0.8
    """
    model = conditioned(model)
    points = check_places(points, model.net.dim)
    weights = np.ones(len(points)) if weights is None else finite(weights, "weights")
    if weights.shape != (len(points),):
        raise InputError(f"weights must have shape ({len(points)},), got {weights.shape}")
    if isinstance(potential, str):
        potential = Expression(potential)
        potential.check(model.net.component_count)
    action = Action(points, weights, potential)
    _check_action(model.net, action)
    return dataclasses.replace(model, actions=(*model.actions, action))


def add_source(model: Model, points: ArrayLike | Grid, source: ArrayLike) -> Conditioned:
    """P(theta) -> P(theta) exp(sum_p J_p phi(x_p)): a source that breaks phi -> -phi explicitly.

    To first order in J a field that is even without it, (12), has the mean sum_p G^(2)(x, x_p) J_p.

    Parameters
    ----------
    model
        A theory, or one that is transformed already.
    points, source
        Shapes (P, d) and (P,), or (P, D) for a field with D components.

    Returns
    -------
    The theory with this factor beside those that it had: a NumPyro program for NUTS, for `posterior` and for the other
    transforms. `Predictive` ignores what multiplies the prior.

    Raises
    ------
    InputError
        for shapes that do not fit or a source that is not finite.

    Examples
    --------
    >>> from numpyro.infer.util import log_density
    >>> net = nq.load("line")  # phi(x) = a x
    >>> model = nq.add_source(net, [[2.0]], [0.25])
    >>> a = {"a": np.array([1.0])}
    >>> prior, tilted = (log_density(program, (), {}, a)[0] for program in (net, model))
    >>> round(float(tilted - prior), 6)  # J phi(2) = 0.25 * 2
    0.5
    """
    model = conditioned(model)
    points = check_places(points, model.net.dim)
    source = check_values(source, _shape(points, model.net), "source")
    return dataclasses.replace(model, sources=(*model.sources, Source(points, source)))


def collapse(model: Model) -> Conditioned:
    """The same theory with its Gaussian amplitudes integrated out exactly; they are drawn exactly afterwards.

    Given the neurons, data y are Gaussian with mean H^T E[a] and covariance H^T Cov(a) H + noise^2, H_ip = h_i(x_p).

    Parameters
    ----------
    model
        A theory with Gaussian amplitudes, or one that is transformed already.

    Returns
    -------
    The theory without the site ``a``: a NumPyro program for NUTS, for `posterior` and for the other transforms but
    `deform`.

    Raises
    ------
    InputError
        for amplitudes that are not Gaussian, or an action, in which the amplitudes are not Gaussian.

    Examples
    --------
    >>> from numpyro.infer.util import log_density
    >>> net = nq.load("line", mean=1.0, sigma=1.0)  # phi(x) = a x, a ~ N(1, 1)
    >>> model = nq.collapse(nq.observe(net, [[2.0]], [1.0], noise=0.5))
    >>> round(float(log_density(model, (), {}, {})[0]), 6)  # log N(1; 2, 2^2 + 0.5^2)
    -1.760045
    """
    return dataclasses.replace(conditioned(model), collapsed=True)


def give_laws(model: Model, **laws: dist.Distribution) -> Conditioned:
    """Give hyperparameters a law, so that they are inferred: ``give_laws(model, mass=LogNormal(0, 1))``.

    P(theta) of (4) becomes P(theta | mass) P(mass).

    Parameters
    ----------
    model
        A theory, or one that is transformed already.
    **laws
        A NumPyro law for each hyperparameter that is to be unknown, by its name.

    Returns
    -------
    The theory with these unknowns, which its ``hyperlaws`` name: a NumPyro program for NUTS, for `posterior` and for
    the other transforms.

    Raises
    ------
    InputError
        for a name that is no real hyperparameter, a law that leaves its range, or a card whose laws are no
        differentiable function of it.

    Examples
    --------
    >>> from numpyro.distributions import HalfNormal, LogNormal
    >>> model = nq.observe(nq.load("cauchy"), [[0.0]], [1.0], noise=HalfNormal(1.0))
    >>> model = nq.give_laws(model, mass=LogNormal(0.0, 1.0))
    >>> list(model.hyperlaws)
    ['mass', 'noise']
    """
    model = conditioned(model)
    owner, hints = type(model.net).__name__, field_types(type(model.net))
    for name, law in laws.items():
        hint = hints.get(name)
        if get_origin(hint) is None or get_args(hint)[0] is not float:
            real = [key for key, h in hints.items() if get_args(h) and get_args(h)[0] is float]
            raise InputError(f"{owner}: a hyperparameter to infer must be one of {', '.join(real)}, got {name!r}")
        rule = get_args(hint)[1]
        for value in _support(law):
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


def _support(law: dist.Distribution) -> list[float]:
    """Three points of the support of a law, two of them near its ends."""
    transform: Any = biject_to(law.support)
    return [float(transform(x)) for x in (-20.0, 0.0, 20.0)]


def _density_at(net: Architecture, name: str, value: Any) -> jax.Array:
    points = jnp.multiply.outer(jnp.arange(2.0), jnp.ones(net.dim))  # of paths
    laws = with_traced(net, {name: value}).prior_at(points).items()
    draws = net.sample(jax.random.key(0), 1, points) if net.ancestral else {}
    return sum((jnp.sum(jnp.asarray(law.log_prob(draws[site][0]))) for site, law in laws if draws), jnp.zeros(()))


def _shape(points: Array | Grid, net: Architecture) -> tuple[int, ...]:
    """That of values at points: (P,), or (P, D) for a field with D components."""
    return (len(points),) if net.component_count == 1 else (len(points), net.component_count)


def _check_action(net: Architecture, action: Action) -> None:
    """`InputError` where V is not finite on some fields, or -S outgrows the log prior along a ray of amplitudes."""
    count = len(action.points)
    profiles = np.stack([np.ones(count), (-1.0) ** np.arange(count), np.linspace(-1.0, 1.0, count)])
    if net.component_count > 1:
        profiles = np.repeat(profiles[:, :, None], net.component_count, axis=2)
    try:
        values = np.array([[action_at(action, jnp.asarray(t * f)) for t in (1.0, 1e2, 1e3)] for f in profiles])
    except InputError:  # an expression that divides by zero says so itself
        raise
    except (TypeError, ValueError, jax.errors.JAXTypeError) as error:
        shape = profiles.shape[1:]
        raise InputError(f"action must be a function of phi of shape {shape} that JAX can trace: {error}") from error
    if not np.isfinite(values[:, 0]).all():
        worst = values[:, 0][~np.isfinite(values[:, 0])][0]
        raise InputError(f"action must be finite on fields of size 1, got {worst}")
    # Along t a the log prior of Gaussian amplitudes falls like t^2 N/2; no admissible law falls faster than that.
    room = 0.5 * net.neuron_count * np.array([1e2, 1e3]) ** 2
    steepest = -values[:, 1:] / room
    if not np.isfinite(values).all() or (steepest[:, 1] > np.maximum(1.0, 2.0 * steepest[:, 0])).any():
        raise InputError(
            "action must be bounded below by the prior, but exp(-S) grows faster than any prior falls: "
            f"S = {np.nanmin(values):.3g} on a field of size 1000"
        )
