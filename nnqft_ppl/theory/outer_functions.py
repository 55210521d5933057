"""What stands on an input layer, as values: the function g of (17), a Python function or a module, and P(theta_g)."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import keystr, tree_flatten_with_path

from nnqft_ppl.laws.joint import iid, leaf
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line
from nnqft_ppl.theory.conditioned import law_text
from nnqft_ppl.theory.values import carry_as

Laws = Mapping[str, dist.Distribution] | Callable[[str, tuple[int, ...]], dist.Distribution]


class SiteLaws:
    """Laws by site: equal where they say the same, and a pytree whose leaves are their parameters."""

    def __init__(self, laws: Mapping[str, dist.Distribution]) -> None:
        self.laws = dict(laws)

    def joint(self, *counts: int) -> dict[str, dist.Distribution]:
        """Independent copies, event shape (*counts, ...)."""
        found = dict(self.laws)
        for count in reversed(counts):
            found = {site: iid(law, count) for site, law in found.items()}
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SiteLaws):
            return False
        (own, structure), (others, other_structure) = jax.tree.flatten(self), jax.tree.flatten(other)
        return structure == other_structure and all(map(np.array_equal, own, others))

    def __hash__(self) -> int:
        return hash(jax.tree.structure(self))

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{site}: {law.shape()} {law_text(leaf(law))}' for site, law in self.laws.items())}}}"


carry_as(
    SiteLaws,
    lambda one: (tuple(one.laws.values()), tuple(one.laws)),
    lambda sites, laws: SiteLaws(dict(zip(sites, laws, strict=True))),
)


class OuterFunction:
    """g(l; theta_g) as a value: equal and hashed by what it computes, the program and the constants in it."""

    def __init__(self, function: Callable[..., Any], layer: tuple[int, ...], laws: SiteLaws) -> None:
        self.function, self.name = function, getattr(function, "__name__", type(function).__name__)
        program = _program(self, layer, laws)
        constants = b"".join(np.asarray(constant).tobytes() for constant in program.consts)
        text = re.sub("0x[0-9a-f]+", "", str(program))  # where in memory a rule of differentiation is
        self.digest = hashlib.sha256(text.encode() + constants).hexdigest()[:12]

    def __call__(self, layer: jax.Array, theta: Mapping[str, jax.Array]) -> jax.Array:
        return jnp.reshape(self.function(layer, **theta), ())

    def check(self, layer: tuple[int, ...], laws: SiteLaws) -> None:
        """`InputError` where it does not return one number of an input layer of this shape."""
        _program(self, layer, laws)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OuterFunction) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"{self.name} {self.digest}"


def outer_function(g: Any, laws: Laws, layer: tuple[int, ...]) -> tuple[OuterFunction, SiteLaws]:
    """A Python function, or a module whose real arrays give way to parameters that its paths name, and P(theta_g)."""
    paths, structure = tree_flatten_with_path(g)
    leaves: list[Any] = [leaf for _, leaf in paths]
    places = {keystr(path, simple=True, separator="."): k for k, (path, leaf) in enumerate(paths) if _is_array(leaf)}
    kept = _site_laws(laws, {name: leaves[k].shape for name, k in places.items()})
    return OuterFunction(_called(g, leaves, structure, places) if places else g, layer, kept), kept


# -- helpers -----------------------------------------------------------------------------------------------------------


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)


def _called(module: Any, leaves: Sequence[Any], structure: Any, places: Mapping[str, int]) -> Callable[..., Any]:
    """The module as a function of its input and of its parameters by name."""
    fixed = [None if k in places.values() else leaf for k, leaf in enumerate(leaves)]

    def called(layer: jax.Array, **theta: jax.Array) -> Any:
        filled = list(fixed)
        for name, k in places.items():
            filled[k] = theta[name]
        return jax.tree.unflatten(structure, filled)(layer)

    called.__name__ = type(module).__name__
    return called


def _site_laws(laws: Laws, shapes: Mapping[str, tuple[int, ...]]) -> SiteLaws:
    """Checked laws; those of a module have the shapes of its arrays, or are those of one number for all."""
    if not isinstance(laws, Mapping):
        if not shapes:
            raise InputError("compose: laws must be a dictionary where g is no module with arrays, got a function")
        laws = {name: laws(name, shape) for name, shape in shapes.items()}
    if shapes and set(laws) != set(shapes):
        raise InputError(f"compose: laws must be those of {', '.join(shapes)}, got {', '.join(laws) or 'none'}")
    found: dict[str, dist.Distribution] = {}
    for site, law in laws.items():
        if not isinstance(law, dist.Distribution):
            raise InputError(f"compose: the law of {site} must be a NumPyro distribution, got {law!r:.80}")
        found[site] = law.expand(shapes[site]) if site in shapes and law.shape() == () else law
        if found[site].shape() != shapes.get(site, law.shape()):
            raise InputError(f"compose: the law of {site} must have shape {shapes[site]} or (), got {law.shape()}")
    return SiteLaws(jax.tree.map(lambda parameter: 1.0 * parameter, found))  # reals, so that leaves have derivatives


def _program(g: OuterFunction, layer: tuple[int, ...], laws: SiteLaws) -> Any:
    """What JAX traces of g, or `InputError` where it cannot, or where g returns more than one number."""
    theta = {site: jax.ShapeDtypeStruct(law.shape(), jnp.float32) for site, law in laws.laws.items()}
    try:
        return jax.make_jaxpr(g.__call__)(jax.ShapeDtypeStruct(layer, jnp.float32), theta)
    except (TypeError, ValueError, IndexError, AttributeError, jax.errors.JAXTypeError) as error:
        form = ", ".join((f"l {layer}", *(f"{site} {law.shape()}" for site, law in laws.laws.items())))
        raise InputError(f"compose: g must return one number of {form}, traced by JAX: {one_line(error)}") from error
