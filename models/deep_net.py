"""Deep neurons on a Euclidean-invariant input layer."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution, Normal
from scipy.special import ive

from nnqft_ppl.laws import iid, isotropic_normal, uniform_phases, xp
from nnqft_ppl.theory import (
    AmplitudeLaw,
    Architecture,
    Array,
    Count,
    Gaussian,
    NoClosedForm,
    Positive,
    balanced_signs,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class DeepNet(Architecture):
    """phi(x) = sum_i a_i g_i(l_1(x)..l_k(x)), l_j(x) = cos(b_j.x + c_j), b_j ~ N(0, sigma_b^2/d I_d): (17), (18).

    g is a multilayer perceptron: depth - 1 hidden layers of k units that all neurons share, then f(w_i.l + beta_i),
    with f = cos or tanh, weights N(0, sigma_w^2/k), and biases uniform (cos) or N(0, sigma_w^2) (tanh). The neurons
    inherit translations and rotations from the input layer; sharing it, they are dependent, the less the larger k.
    Exact for f = cos at depth 1. Below s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale of the input layer
    sigma_w: Positive = 2.0  #: weight scale of g
    inputs: Count = 10  #: number k of units of the input layer and of every hidden layer
    depth: Count = 1  #: number of layers of g
    activation: Literal["cos", "tanh"] = "cos"  #: activation f

    independent = False
    exact_if = ("activation cos", "depth 1", "dim 1 or 2")
    shared = ("b", "c", "hidden_w", "hidden_bias")
    claims = ("Z2", "translation", "rotation", "reflection", "permutation")

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def length(self) -> float:
        return 1 / self.s

    def prior(self) -> dict[str, Distribution]:
        k, hidden = self.inputs, self.depth - 1
        weights = Normal(0.0, self.sigma_w / k**0.5)

        def biases(count: int) -> Distribution:
            return uniform_phases(count) if self.activation == "cos" else iid(Normal(0.0, self.sigma_w), count)

        sites = {"a": self.amplitudes(), "b": isotropic_normal(self.s, self.dim, k), "c": uniform_phases(k)}
        if hidden:
            sites["hidden_w"] = weights.expand((hidden, k, k)).to_event(3)
            sites["hidden_bias"] = biases(hidden * k)
        return sites | {"w": weights.expand((self.width, k)).to_event(2), "bias": biases(self.width)}

    def neuron(
        self, x: jax.Array, *, b: jax.Array, c: jax.Array, w: jax.Array, bias: jax.Array, **hidden: jax.Array
    ) -> jax.Array:
        f = jnp.cos if self.activation == "cos" else jnp.tanh
        layer = jnp.cos(b @ x + c)
        if hidden:
            shifts = hidden["hidden_bias"].reshape(-1, self.inputs)
            for weights, shift in zip(hidden["hidden_w"], shifts, strict=True):
                layer = f(weights @ layer + shift)
        return f(jnp.dot(w, layer) + bias)

    def neuron_moment(self, points: Array) -> Array:
        """H_n, the joint moment of one block."""
        return self.joint_neuron_moment([points])

    @theorem("17", "19")
    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array:
        """prod_B 2^(1-n_B) sum over balanced signs of {E_b[exp(-t sum_B |Z_B|^2) I_0(t |sum_B Z_B^2|)]}^k.

        Z_B(b) = sum_(k in B) s_k exp(i b.x_k) and t = sigma_w^2/(4k): weights, phases and biases integrated in closed
        form, one b by quadrature in d = 1 or 2. Zero for a block of odd size.
        """
        if self.activation != "cos" or self.depth > 1 or self.dim > 2:
            raise NoClosedForm(
                "DeepNet has closed forms for activation = cos, depth = 1 and dim <= 2; "
                f"use an estimator for activation = {self.activation}, depth = {self.depth}, dim = {self.dim}"
            )
        batch = blocks[0].shape[:-2]
        if any(block.shape[-2] % 2 for block in blocks):
            return np.zeros(batch)
        b, weight = self.frequency_nodes(np.concatenate(blocks, axis=-2))
        waves = [xp.exp(1j * (block @ b.T)) for block in blocks]  # (..., n_B, nodes)
        t, total = self.sigma_w**2 / (4 * self.inputs), np.zeros(batch)
        for signs in itertools.product(*(balanced_signs(block.shape[-2]) for block in blocks)):
            z = [np.einsum("k,...kq->...q", s, wave) for s, wave in zip(signs, waves, strict=True)]
            modulus, square = sum(xp.abs(y) ** 2 for y in z), t * xp.abs(sum(y**2 for y in z))
            total = total + (xp.exp(square - t * modulus) * ive(0, square) @ weight) ** self.inputs
        return total * 2.0 ** sum(1 - block.shape[-2] for block in blocks)

    def frequency_nodes(self, points: Array) -> tuple[Array, Array]:
        """Nodes (Q, d) and weights of the trapezoidal rule for b ~ N(0, s^2 I_d), as fine as the points need."""
        extents = self.s * xp.abs(points - points.mean(axis=-2, keepdims=True)).reshape(-1, self.dim).max(axis=0)
        axes = [np.linspace(-8.6, 8.6, 2 * int(1.4 * (9 + 32 * extent)) + 1) for extent in extents]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, self.dim)
        weight = xp.exp(-(grid**2).sum(axis=-1) / 2)
        return self.s * grid, weight / weight.sum()

    @theorem("17")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) {E[exp(-q) I_0(q)]}^k, q = (sigma_w^2/k) sin^2(z/2), z ~ N(0, s^2 |x-y|^2), if exact."""
        line = np.stack(np.broadcast_arrays(x, y), axis=-2)
        if self.activation != "cos" or self.depth > 1:
            return self.amplitude_moment(2) * self.neuron_moment(line)
        distance = np.linalg.norm(line[..., 0, :] - line[..., 1, :], axis=-1)
        nodes = np.linspace(-8.6, 8.6, 2 * int(1.4 * (9 + 32 * self.s * np.max(distance))) + 1)
        weight = xp.exp(-(nodes**2) / 2)
        q = self.sigma_w**2 / self.inputs * xp.sin(self.s * distance[..., None] * nodes / 2) ** 2
        return self.amplitude_moment(2) / 2 * (ive(0, q) @ weight / weight.sum()) ** self.inputs
