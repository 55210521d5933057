"""Joint laws of the N neurons' parameters: NumPyro distributions that the catalogue needs and NumPyro lacks.

Every law has a `log_prob` and an exact `sample`, so that ancestral draws and NUTS see the same theory. Laws are joint:
`iid` makes N independent copies of a single-neuron law into one event, which is where a coupling would enter instead.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist


def iid(law: dist.Distribution, width: int) -> dist.Distribution:
    """N independent copies of a law as one joint law, event shape (N, ...).

    Where neurons are independent, (S5), `prior` gives such a law for every site.

    Parameters
    ----------
    law
        The law of one neuron's parameter: a NumPyro distribution of any batch and event shape.
    width
        Number N of neurons.

    Returns
    -------
    NumPyro distribution whose batch shape is () and whose event shape is (N, *batch shape, *event shape) of `law`.

    Examples
    --------
    >>> import numpyro.distributions as dist
    >>> from nnqft_ppl.laws import iid
    >>> law = iid(dist.Normal(0.0, 1.0), 4)
    >>> law.event_shape
    (4,)
    >>> bool(np.isclose(law.log_prob(np.zeros(4)), -2 * np.log(2 * np.pi)))
    True
    """
    return law.expand((width, *law.batch_shape)).to_event(1 + len(law.batch_shape))


def uniform_phases(width: int) -> dist.Distribution:
    """c_i uniform on [-pi, pi], independent: the law that makes a cosine field translation invariant, (18), (20).

    Parameters
    ----------
    width
        Number N of neurons.

    Returns
    -------
    NumPyro distribution of event shape (N,), in radians.

    Examples
    --------
    >>> from nnqft_ppl.laws import uniform_phases
    >>> bool(np.isclose(uniform_phases(4).log_prob(np.zeros(4)), -4 * np.log(2 * np.pi)))
    True
    """
    return iid(dist.Uniform(-jnp.pi, jnp.pi), width)


def isotropic_normal(scale: float, dim: int, width: int) -> dist.Distribution:
    """Rows b_i ~ N(0, scale^2 I_d), independent; event shape (N, d).

    The frequencies of Cos-net, (S10), with scale = sigma_b/sqrt(d).

    Parameters
    ----------
    scale
        Standard deviation of one component of b_i, in units of 1/length for frequencies.
    dim, width
        Dimension d of space and number N of neurons.

    Returns
    -------
    NumPyro distribution of event shape (N, d).

    Examples
    --------
    >>> from nnqft_ppl.laws import isotropic_normal
    >>> law = isotropic_normal(0.5, 2, 4)
    >>> law.event_shape
    (4, 2)
    >>> bool(np.isclose(law.log_prob(np.zeros((4, 2))), -4 * np.log(2 * np.pi * 0.5**2)))
    True
    """
    return iid(dist.Normal(jnp.zeros(dim), scale), width)


def isotropic_direction(key: jax.Array, shape: tuple[int, ...], dim: int) -> jax.Array:
    """Independent unit vectors, uniform on S^(d-1), shape (*shape, d)."""
    z = jax.random.normal(key, (*shape, dim))
    return z / jnp.linalg.norm(z, axis=-1, keepdims=True)


def leaf(law: Any) -> Any:
    """The law of one number or row, without the wrappers that make many of it."""
    return leaf(law.base_dist) if isinstance(law, dist.Independent | dist.ExpandedDistribution) else law
