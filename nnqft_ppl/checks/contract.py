"""Does an instance of a card keep the contract? Its hyperparameters, its laws, its neuron and its amplitudes."""

import dataclasses
import inspect
import pickle
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from nnqft_ppl.axioms.verdicts import Finding, compared
from nnqft_ppl.checks.declaration import Rule, findings, own_files
from nnqft_ppl.checks.draws import average
from nnqft_ppl.runtime.errors import ANY, InputError, definition, said, told
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.theory.amplitudes import AMPLITUDES, AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.generic import generic_points
from nnqft_ppl.theory.ranges import field_types

NETWORKS = 1000  #: whose shapes and finiteness are looked at


def contract(net: Architecture, *, draws: int, seed: int) -> list[Finding]:
    """The rules of an instance: its laws, its neuron, and the moments of its amplitudes by draws."""
    found = findings(RULES, net, type(net))
    if not drawable(found) or not net.ancestral:
        why = "its prior has no exact sampler" if drawable(found) else "waits for the rules above"
        return [*found, Finding("contract", "amplitude moments", "not checked", why)]
    try:
        return found + list(_amplitude_moments(net, draws, seed))
    except ANY as error:
        cls = type(net)
        line = told(error, own_files(cls), definition(cls, "amplitude_groups"))
        return [*found, Finding("contract", "amplitude moments", "WRONG", line)]


def drawable(found: list[Finding]) -> bool:
    """Do draws mean something: are the laws and the neuron of a theory what they have to be?"""
    rules = [rule.what for rule in RULES if rule.what != "hyperparameters"]
    return not any(finding.verdict == "WRONG" and finding.what in rules for finding in found)


def _values(net: Any) -> Iterator[str]:
    same = dataclasses.replace(net)
    if same != net or hash(same) != hash(net):
        yield "instances with the same hyperparameters must be equal and have one hash"
    if pickle.loads(pickle.dumps(net)) != net:
        yield "an instance must come back from pickle as it was"
    for name, hint in field_types(type(net)).items():
        for value in _others(hint, getattr(net, name)):
            try:
                dataclasses.replace(net, **{name: value})
            except InputError:  # it need not go with the other values
                continue
            break
    try:
        dataclasses.replace(net, width=0)
    except InputError:
        return
    yield "width = 0 must be refused: __post_init__ must begin with super().__post_init__()"


def _others(hint: Any, value: Any) -> list[Any]:
    """Values that a hyperparameter might have instead."""
    if get_origin(hint) is Literal:
        return [choice for choice in get_args(hint) if choice != value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [1.1 * value + 0.05, 0.9 * value]
    return [law() for law in AMPLITUDES.values()] if isinstance(value, AmplitudeLaw) else []


def _amplitude_law(net: Any) -> Iterator[str]:
    for name, field in (("amplitude_law", "amplitude"), ("amplitude_scale", "sigma_a")):
        if getattr(type(net), name) is getattr(Architecture, name) and not hasattr(net, field):
            yield f"must have a field {field}, or a property {name}"
            return
    if not isinstance(net.amplitude_law, AmplitudeLaw):
        yield f"amplitude_law must be an AmplitudeLaw, got {net.amplitude_law!r}"
    neurons = sum(group.neurons for group in net.amplitude_groups())
    if neurons != net.neuron_count:
        yield f"amplitude_groups must hold all {net.neuron_count} neurons, got {neurons}"


def _prior(net: Any) -> Iterator[str]:
    laws = net.prior()
    if not isinstance(laws, dict):
        yield f"must return a dict of laws, got {type(laws).__name__}"
        return
    if "a" not in laws:
        yield f"must have the site 'a' of the amplitudes, got {_listed(laws)}"
    for site, law in laws.items():
        if not isinstance(law, dist.Distribution):
            yield f"site {site!r} must be a NumPyro distribution, got {type(law).__name__}"


def _sites(net: Any) -> Iterator[str]:
    sites = [site for site in net.prior() if site != "a"]
    named = {"vectors": net.vectors, "paths": net.paths, "phase": (net.phase,) if net.phase else ()}
    for where, site in ((where, site) for where, found in named.items() for site in found):
        if site not in sites:
            yield f"{where} names {site!r}, which must be a site of theta_h, one of {_listed(sites)}"


def _shapes(net: Any) -> Iterator[str]:
    for size in ({}, {"width": net.width + 1}, {"dim": net.dim + 1}):
        try:
            one = dataclasses.replace(net, **size)
        except InputError:  # the card fixes it
            continue
        n, count = one.neuron_count, one.component_count
        at = f"at width = {one.width}, dim = {one.dim}"
        problems = []
        for site, law in one.prior().items():
            shape = tuple(law.event_shape)
            if law.batch_shape:
                problems.append(
                    f"site {site!r}: batch shape must be (), got {law.batch_shape} {at}; "
                    "iid(law, N) makes N neurons one event"
                )
            elif site == "a" and shape != ((n,) if count == 1 else (n, count)):
                form = f"({n},)" if count == 1 else f"({n}, {count})"
                problems.append(f"site 'a': event shape must be {form}, got {shape} {at}")
            elif site in net.vectors and shape != (n, one.dim):
                problems.append(f"site {site!r}: event shape must be ({n}, {one.dim}), got {shape} {at}")
            elif site not in net.shared and shape[:1] != (n,):
                problems.append(
                    f"site {site!r}: event shape must be ({n}, ...), a row for each neuron, got {shape} {at}; "
                    "a site that all neurons share stands in `shared`"
                )
        yield from problems
        if problems:
            return


def _arguments(net: Any) -> Iterator[str]:
    own = list(inspect.signature(net.neuron).parameters.values())[1:]
    named = [p for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    rest = any(p.kind is p.VAR_KEYWORD for p in own)
    sites = [site for site in net.prior() if site != "a"]
    lacking = [] if rest else [site for site in sites if site not in {p.name for p in named}]
    strange = [p.name for p in named if p.name not in sites and p.default is p.empty]
    for site in lacking[len(strange) :]:
        yield f"prior has the site {site!r}, which must be an argument of neuron; its arguments are {_listed(named)}"
    for name in strange[len(lacking) :]:
        yield f"argument {name!r} must be a site of prior, one of {_listed(sites)}; rename it, or add the site"
    for site, name in zip(lacking, strange, strict=False):
        yield f"argument {name!r} must bear the name of its site, {site!r}; rename one of the two"


def _draws(net: Any) -> Iterator[str]:
    for site, law in net.prior_at(jnp.asarray(generic_points(net))).items():
        try:
            values = law.sample(jax.random.key(0), (NETWORKS,))
        except (NotImplementedError, InputError):
            if net.ancestral:
                yield f"site {site!r}: {_kind(law)} has no exact sampler; say so by ancestral = False"
            continue
        density = law.log_prob(values)
        if values.shape != (NETWORKS, *law.event_shape):
            yield f"site {site!r}: {NETWORKS} draws must have shape {(NETWORKS, *law.event_shape)}, got {values.shape}"
        elif density.shape != (NETWORKS,):
            yield f"site {site!r}: their log_prob must have shape {(NETWORKS,)}, got {density.shape}"
        elif not (fine := np.isfinite(density)).all():
            yield f"site {site!r}: log_prob of its own draws must be finite, got {np.asarray(density)[~fine][0]}"


def _neuron(net: Any) -> Iterator[str]:
    x = jnp.asarray(generic_points(net))
    theta = {site: _typical(law) for site, law in net.prior_at(x).items()}
    alone = net.restricted(theta, 0)
    one = {site: value[0] if site in net.shared else value[0, 0] for site, value in alone.items() if site != "a"}
    try:
        value = jax.eval_shape(lambda x, one: net.neuron(x, **one), x[0], one)
    except jax.errors.JAXTypeError as error:
        yield f"must be traced by JAX: jax.numpy for NumPy, jnp.where for `if`; {said(error)}"
        return
    shape, dtype = getattr(value, "shape", "no array"), getattr(value, "dtype", type(value))
    if shape != () or not jnp.issubdtype(dtype, jnp.floating):
        yield f"must return a real scalar at one point x of shape ({net.dim},), got shape {shape}, {dtype}"
        return
    h = np.asarray(jax.vmap(lambda one: net.neurons(one, x))(theta))
    if not (fine := np.isfinite(h)).all():
        yield f"must be finite, got {h[~fine][0]} in {(~fine).mean():.2g} of its values"


def _typical(law: Any) -> jax.Array:
    """Draws, or zeros where there is no sampler."""
    try:
        return law.sample(jax.random.key(1), (NETWORKS,))
    except (NotImplementedError, InputError):
        return jnp.zeros((NETWORKS, *law.event_shape))


def _kind(law: Any) -> str:
    """The name of a law's class, of the one inside where it stands for many."""
    return _kind(law.base_dist) if isinstance(law, dist.Independent | dist.ExpandedDistribution) else type(law).__name__


def _listed(names: Any) -> str:
    return ", ".join(getattr(one, "name", one) for one in names) or "none"


RULES = (
    Rule("hyperparameters", "", "take other values; equality, hash and pickle", _values),
    Rule("amplitude law", "amplitude_groups", "known, for every neuron", _amplitude_law),
    Rule("prior", "prior", "NumPyro laws, one of them of the amplitudes", _prior),
    Rule("sites", "", "vectors, paths and phase are sites of theta_h", _sites, ("prior",)),
    Rule("shapes", "prior", "a row for each neuron, at other width and dim too", _shapes, ("prior",)),
    Rule("arguments", "neuron", "neuron takes the sites of theta_h", _arguments, ("prior",)),
    Rule("log density", "prior", "finite at draws, and of their shape", _draws, ("prior", "shapes")),
    Rule(
        "neuron", "neuron", "a finite scalar, traced by JAX", _neuron, ("sites", "shapes", "arguments", "log density")
    ),
)


def _amplitudes(net: Architecture, theta: dict[str, jax.Array]) -> jax.Array:
    return theta["a"].reshape(net.neuron_count, -1)


def _amplitude_moments(net: Architecture, draws: int, seed: int) -> Iterator[Finding]:
    """E[(sqrt(N) a)^k] of every amplitude group, against the average over its neurons in every draw."""
    found = over_networks(net, _amplitudes, draws=draws, seed=seed, points=np.zeros((0, net.dim)))
    a = net.width**0.5 * found.astype(float)
    start, groups = 0, net.amplitude_groups()
    for number, group in enumerate(groups):
        own, start = a[:, start : start + group.neurons], start + group.neurons
        of = f" of group {number}" if len(groups) > 1 else ""
        for components in ((0,), (0, 0), (0, 0, 0), (0, 0, 0, 0), *(((0, 0, 1, 1),) if a.shape[2] > 1 else ())):
            what = f"E[(sqrt(N) a)^{len(components)}]{of}{' of components 0 0 1 1' if 1 in components else ''}"
            try:
                expected = float(group.moment(components))
            except InputError as error:  # it need not exist
                yield Finding("contract", what, "not checked", str(error))
                continue
            measured = average(np.prod(own[:, :, list(components)], axis=2).mean(axis=1))
            yield compared("contract", what, *measured, expected)
