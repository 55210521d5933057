"""P(theta) of a theory as a function of one flat vector, in the coordinates that its card declares.

The classical configurations (35) are maxima of this density, and they depend on the coordinates: a change of variables
multiplies P by a Jacobian and moves them. So nothing is transformed here; a support is a wall, and a phase a circle.
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from nnqft_ppl.laws.charts import chart
from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Parameters
from nnqft_ppl.theory.conditioned import Model, conditioned


class Density:
    """log P of the sites of a theory, or of given laws of some of them, over vectors z of shape (size,).

    Data, sources and actions multiply P of all sites, as they are factors on the field that all of them make.

    Raises
    ------
    InputError
        for a discrete law, which has no density.
    """

    def __init__(self, model: Model, laws: Mapping[str, dist.Distribution] | None = None) -> None:
        self.model = conditioned(model)
        self.net, self.whole = self.model.net, laws is None
        net = self.net
        self.laws = dict(net.prior() if laws is None else laws)
        for site, law in self.laws.items():
            if site in net.paths:
                raise InputError(
                    f"{type(net).__name__}: P({site}) has no density to maximise, as a path has a value at every point"
                )
            if leaf(law).is_discrete:
                raise InputError(
                    f"{type(net).__name__}: P({site}) has no density to maximise, as {type(leaf(law)).__name__} is "
                    "discrete; classical configurations need a density"
                )
        self.shapes = {site: law.shape() for site, law in self.laws.items()}
        self.size = sum(math.prod(shape) for shape in self.shapes.values())
        self.circles = np.concatenate(
            [np.full(math.prod(self.shapes[site]), is_circle(law)) for site, law in self.laws.items()]
        )

    def theta(self, z: jax.Array) -> Parameters:
        """The sites that a vector stands for."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()])[:-1].tolist()
        parts = zip(self.shapes.items(), jnp.split(z, ends), strict=True)
        return {site: part.reshape(shape) for (site, shape), part in parts}

    def arrays(self, z: Any) -> dict[str, Array]:
        """The same in NumPy."""
        found, start = {}, 0
        for site, shape in self.shapes.items():
            found[site] = np.asarray(z[start : start + math.prod(shape)]).reshape(shape)
            start += math.prod(shape)
        return found

    def vector(self, theta: Mapping[str, Any]) -> Any:
        """The vector of the sites, of JAX or of NumPy as they are."""
        xp = next(iter(theta.values())).__array_namespace__()
        return xp.concat([theta[site].reshape(-1) for site in self.laws])

    def wrap(self, z: Any) -> Any:
        """The same point with every phase in [-pi, pi), of JAX or of NumPy as it is."""
        xp = z.__array_namespace__()
        return xp.where(self.circles, xp.remainder(z + math.pi, 2.0 * math.pi) - math.pi, z)

    def log_prob(self, z: jax.Array) -> jax.Array:
        """log P(theta), normalised as the card's laws are, and the log of its factors; -inf outside the supports."""
        theta, total, inside = self.theta(self.wrap(z)), jnp.zeros(()), jnp.asarray(True)
        for site, law in self.laws.items():
            total += jnp.sum(jnp.asarray(law.log_prob(theta[site])))
            support: Any = law.support
            inside &= jnp.asarray(True if is_circle(law) else jnp.all(support(theta[site])))
        if self.model.factors:
            net, noise = self.model.with_values({})
            total += self.model.log_factors(net, theta, noise)
        return jnp.where(inside, total, -jnp.inf)

    def starts(self, key: jax.Array, count: int) -> jax.Array:
        """Points (count, size) to start from: draws of P, or of something as wide where P has no sampler.

        Raises
        ------
        InputError
            for an improper law, which cannot be normalised.
        """
        columns = []
        for tag, (site, law) in enumerate(self.laws.items()):
            own = jax.random.fold_in(key, tag)
            try:
                value: Any = law.sample(own, (count,))
            except InputError:  # a law that says it has no sampler
                one = chart(law)
                value = jax.vmap(one.value)(jax.random.normal(own, (count, *one.shape)))
            except NotImplementedError as error:
                raise InputError(
                    f"{type(self.net).__name__}: P({site}) is improper ({type(leaf(law)).__name__}), so that it has "
                    "no draws to start from and none of its points is likelier than others"
                ) from error
            columns.append(jnp.reshape(value, (count, -1)))
        return jnp.concatenate(columns, axis=1)

    # -- neurons -------------------------------------------------------------------------------------------------

    def waves(self, z: jax.Array, points: jax.Array) -> jax.Array:
        """What every neuron adds to the field at points (P, d), shape (N, P) or (N, P, D): a_i h_i, or h_i without a.

        Where some parameters of the neuron are left out, there is no field, and its other parameters take its place.
        """
        theta = self.theta(z)
        if not self.whole and not set(theta) >= set(self.net.prior()) - {"a"}:
            own = [value for site, value in theta.items() if site not in self.net.shared]
            return jnp.concatenate([value.reshape(self.net.neuron_count, -1) for value in own], axis=1)
        h = self.net.neurons(theta, points)
        if "a" not in theta:
            return h
        a = theta["a"]
        return h * a[:, None] if a.ndim == 1 else h[:, :, None] * a[:, None, :]

    def rows(self, z: Array) -> Array:
        """The parameters of each neuron, (N, k), with those that all share in every row."""
        count, rows, start = self.net.neuron_count, [], 0
        for site, shape in self.shapes.items():
            part = z[start : start + math.prod(shape)]
            start += part.size
            rows.append(np.tile(part, (count, 1)) if site in self.net.shared else part.reshape(count, -1))
        return np.concatenate(rows, axis=1)


def is_circle(law: dist.Distribution) -> bool:
    """Does a law live on a circle: von Mises, or uniform on [-pi, pi]?"""
    one = leaf(law)
    if isinstance(one, dist.Uniform):
        return bool(np.allclose(one.low, -math.pi, rtol=1e-6) and np.allclose(one.high, math.pi, rtol=1e-6))
    return one.support is constraints.circular
