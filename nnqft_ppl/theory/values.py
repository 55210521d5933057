"""A theory is a value that JAX carries: its real hyperparameters are leaves of a pytree, all the rest is structure.

One compiled program then serves all values of the leaves, `jax.vmap` goes over a stack of theories, and `jax.grad`
differentiates with respect to a theory. Which fields are leaves is read from their types (`ranges`): real numbers and
laws, unless a card says that one is `Static`.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin

import jax
from jax.tree_util import GetAttrKey

from nnqft_ppl.theory.ranges import STATIC, field_types

_CARRIED: set[Any] = set()


def carry(cls: Any) -> None:
    """Make a frozen dataclass a pytree; called for every subclass of a base, before its fields are known."""
    _CARRIED.add(cls)

    def flatten(value: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        leaves, structure = _fields(cls)
        return tuple(getattr(value, name) for name in leaves), tuple(getattr(value, name) for name in structure)

    def flatten_with_keys(value: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        children, structure = flatten(value)
        return tuple(zip(map(GetAttrKey, _fields(cls)[0]), children, strict=True)), structure

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, partial(rebuilt, cls), flatten)


def carry_as(cls: Any, flatten: Callable[[Any], Any], unflatten: Callable[[Any, Any], Any]) -> None:
    """Make a class that is no dataclass a pytree; a field of that type is a leaf."""
    _CARRIED.add(cls)
    jax.tree_util.register_pytree_node(cls, flatten, unflatten)


def rebuilt(cls: Any, structure: tuple[Any, ...], leaves: Iterable[Any]) -> Any:
    """The value with these leaves, unchecked: JAX puts tracers, stacks and placeholders where numbers were."""
    names = _fields(cls)
    value = cls.__new__(cls)
    for name, part in (*zip(names[0], leaves, strict=True), *zip(names[1], structure, strict=True)):
        object.__setattr__(value, name, part)
    return value


@cache
def _fields(cls: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the fields that are leaves, and of those that are structure."""
    hints = field_types(cls)
    leaves = tuple(name for name, hint in hints.items() if _is_leaf(hint))
    return leaves, tuple(name for name in hints if name not in leaves)


def _is_leaf(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return get_args(hint)[0] is float and STATIC not in get_args(hint)
    return hint in _CARRIED


def revived(module: str, file: str | None, name: str, fields: dict[str, Any]) -> Any:
    """A theory from its pickle, whose class may stand in a file of the user's own."""
    return getattr(import_from(module, file), name)(**fields)


def import_from(module: str, file: str | Path | None) -> ModuleType:
    """A module by its name, or, where no path of Python's leads to it, from its file: one module either way."""
    if module in sys.modules:
        return sys.modules[module]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module or file is None:
            raise
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[module] = found = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(found)
    except BaseException:
        del sys.modules[module]
        raise
    return found
