"""`xp`: NumPy's functions for numbers, JAX's where an argument is traced.

Closed forms are written once with it: they are float64 of NumPy for the values of a theory, and JAX can differentiate
them with respect to a theory.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import tree
from jax.core import Tracer


class _Namespace:
    """NumPy's functions by name, ``xp.exp``; JAX's for an argument that is traced.

    Closed forms of cards are written with it, such as (25).

    Examples
    --------
    >>> import jax
    >>> from nnqft_ppl.laws import xp
    >>> type(xp.exp(np.zeros(2))).__name__
    'ndarray'
    >>> float(jax.grad(lambda m: xp.exp(-2.0 * m))(0.0))
    -2.0
    """

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):  # what inspection asks of any object
            raise AttributeError(name)

        def call(*args: Any, **options: Any) -> Any:
            traced = any(isinstance(leaf, Tracer) for leaf in tree.leaves(args))
            return getattr(jnp if traced else np, name)(*args, **options)

        return call


xp = _Namespace()
