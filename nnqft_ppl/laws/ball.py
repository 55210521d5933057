"""The solid ball as the support of a law, with its transform from R^d."""

import math

import jax.numpy as jnp
from numpyro.distributions import constraints
from numpyro.distributions.transforms import Transform, biject_to


class Ball(constraints.Constraint):
    """The solid ball |b| < radius in R^d."""

    event_dim = 1

    def __init__(self, radius: float) -> None:
        self.radius = radius

    def __call__(self, x):
        return jnp.sum(jnp.square(x), axis=-1) < self.radius**2

    def feasible_like(self, prototype):
        return jnp.zeros_like(prototype)

    def tree_flatten(self):
        return (self.radius,), (("radius",), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, Ball) and other.radius == self.radius


class BallTransform(Transform):
    """R^d -> |b| < radius: b = radius y / sqrt(1 + |y|^2), with Jacobian radius^d (1 + |y|^2)^(-d/2 - 1)."""

    domain = constraints.real_vector  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, radius: float) -> None:
        self.radius = radius

    @property
    def codomain(self) -> Ball:
        return Ball(self.radius)

    def __call__(self, x):
        return self.radius * x / jnp.sqrt(1.0 + jnp.sum(x * x, axis=-1, keepdims=True))

    def _inverse(self, y):
        unit = y / self.radius
        return unit / jnp.sqrt(1.0 - jnp.sum(unit * unit, axis=-1, keepdims=True))

    def log_abs_det_jacobian(self, x, y, intermediates=None):
        d = x.shape[-1]
        return d * math.log(self.radius) - (0.5 * d + 1.0) * jnp.log1p(jnp.sum(x * x, axis=-1))

    def tree_flatten(self):
        return (self.radius,), (("radius",), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, BallTransform) and other.radius == self.radius


@biject_to.register(Ball)
def _ball_transform(constraint: Ball) -> Transform:
    return BallTransform(constraint.radius)
