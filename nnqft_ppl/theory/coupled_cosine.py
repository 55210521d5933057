"""Cosine theories whose neurons are not independent: their frequencies share a law P(b_1..b_N; epsilon).

The phases stay independent and uniform, so translations and Z2 hold; the joint law of the frequencies is exchangeable
and isotropic. One function decides every correlator: E[prod_B F(b_B)^(k_B) cos(b_B.z_B)] at distinct neurons.
"""

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.architecture import Architecture, theorem
from nnqft_ppl.theory.cosine import CosineArchitecture, balanced_signs


@dataclass(frozen=True, kw_only=True)
class CoupledCosineArchitecture(CosineArchitecture):
    """phi(x) = sum_i a_i F(b_i) cos(b_i.x + c_i) with dependent b_i: (9), (11), (28).

    A card adds the joint law `frequencies`, from which fields are drawn, and `joint_kernel_moment`, from which exact
    correlators follow; `pair_excess` gives I_IB of (28) by itself.

    Examples
    --------
    Frequencies b_i ~ N(0, I_d) with correlation eps between any two neurons. For them
    E exp(i sum_B b_B.y_B) = exp(-[(1-eps) sum_B y_B^2 + eps |sum_B y_B|^2]/2).

    >>> from dataclasses import dataclass
    >>> from typing import final
    >>> from nnqft_ppl.laws import EquicorrelatedNormal
    >>> from nnqft_ppl.theory import AmplitudeLaw, CoupledCosineArchitecture, Fraction, Gaussian, Positive, signed_sums
    >>> @final
    ... @dataclass(frozen=True, kw_only=True)
    ... class Coupled(CoupledCosineArchitecture):
    ...     sigma_a: Positive = 1.0  #: amplitude scale
    ...     amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    ...     epsilon: Fraction = 0.5  #: correlation of any two frequencies, less than 1
    ...
    ...     def frequencies(self):
    ...         return EquicorrelatedNormal(1.0, self.epsilon, self.dim, self.width)
    ...
    ...     def joint_kernel_moment(self, powers, z):
    ...         own, together = sum(self.norm(y) ** 2 for y in z), self.norm(signed_sums(z)) ** 2
    ...         return np.exp(-((1 - self.epsilon) * own + self.epsilon * together) / 2).mean(axis=0)
    ...
    ...     def pair_excess(self, u, v):
    ...         product = np.exp(-(self.norm(u) ** 2 + self.norm(v) ** 2) / 2)
    ...         return product * (np.cosh(self.epsilon * (u * v).sum(axis=-1)) - 1) / 4
    >>> net, x = Coupled(width=10), np.array([[0.0], [1.0], [0.2], [1.4]])
    >>> bool(np.isclose(net.two_point(x[0], x[1]), np.exp(-0.5) / 2))  # each neuron alone is Cos-net's, (S11)
    True
    >>> bool(np.isclose(nq.exact_correlator(net, x, "I_IB"), net.independence_breaking(x)))  # (9) is (28)
    True
    """

    independent = False

    @abstractmethod
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """E[prod_B F(b_B)^(k_B) cos(b_B.z_B)] at distinct neurons; each z_B broadcasts as (..., d) -> (...)."""

    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = E[F(b)^k cos(b.z)] of one neuron."""
        return self.joint_kernel_moment((k,), (z,))

    def power_spectrum(self, p: ArrayLike) -> Array:
        """None that follows from a law: coupling may change that of one row."""
        return Architecture.power_spectrum(self, p)

    @theorem("23")
    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array:
        """H_pi = prod_B 2^(1-n_B) sum over balanced signs s of E[prod_B F(b_B)^(n_B) cos(b_B.sum_k s_k x_k)]."""
        powers = [block.shape[-2] for block in blocks]
        if any(n % 2 for n in powers):
            return np.zeros(np.broadcast_shapes(*(block.shape[:-2] for block in blocks)))
        weight = 2.0 ** (len(blocks) - sum(powers))
        z = []
        for axis, (n, block) in enumerate(zip(powers, blocks, strict=True)):
            y = balanced_signs(n) @ block  # (..., signs, d); each block gets an axis of signs of its own
            ones = [1] * len(blocks)
            ones[axis] = y.shape[-2]
            z.append(y.reshape(*y.shape[:-2], *ones, y.shape[-1]))
        moments = self.joint_kernel_moment(powers, z)
        return weight * moments.sum(axis=tuple(range(-len(blocks), 0)))

    @theorem("28")
    def independence_breaking(self, x: Array) -> Array:
        """I_IB = sigma_a^4 (1 - 1/N) sum over pairings of [H_iijj - H_ii H_jj], one pair i != j; points (..., 4, d)."""
        x1, x2, x3, x4 = (x[..., k, :] for k in range(4))
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        excess = np.sum([self.pair_excess(u, v) for u, v in pairings], axis=0)
        return self.amplitude_moment(2) ** 2 * (1 - 1 / self.width) * excess

    @abstractmethod
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj in closed form, at distances u = x1 - x2 and v = x3 - x4 of shape (..., d)."""


def signed_sums(z: Sequence[Array]) -> Array:
    """All sum_B t_B z_B with t_1 = 1 and the other signs free, for prod_B cos(z_B) = the mean of cos(sum_B t_B z_B).

    With them a joint characteristic function gives `joint_kernel_moment`: prod_B cos(b_B.z_B) is the mean of
    cos(sum_B t_B b_B.z_B).

    Parameters
    ----------
    z
        The m arrays z_B, which broadcast as (..., d).

    Returns
    -------
    float64 array of shape (2^(m-1), ..., d), one choice of signs after the other.

    Examples
    --------
    >>> from nnqft_ppl.theory import signed_sums
    >>> sums = signed_sums([np.array([1.0]), np.array([2.0])])
    >>> sums[:, 0]
    array([ 3., -1.])
    >>> bool(np.isclose(np.cos(1.0) * np.cos(2.0), np.cos(sums).mean()))
    True
    """
    signs = itertools.product((1.0, -1.0), repeat=len(z) - 1)
    return np.stack([sum((t * y for t, y in zip(ts, z[1:], strict=True)), start=z[0]) for ts in signs])


def latent_sign_moment(moments: Sequence[tuple[Array, Array]], epsilon: float) -> Array:
    """1/2 sum_sg prod_B (M_B + sg sqrt(eps) M^g_B) of the latent-sign tilt, from pairs (M_B, M^g_B).

    It is E[prod_B F(b_B)^(k_B) cos(b_B.z_B)] where frequencies have the law `LatentSignTilt`, a family of (11).

    Parameters
    ----------
    moments
        For each neuron B the pair M_B = E[F(b)^k cos(b.z)] and M^g_B = E[F(b)^k cos(b.z) g(b)] of one row with the
        untilted law P, k = k_B and z = z_B; arrays that broadcast.
    epsilon
        Coupling eps, from 0 to 1.

    Returns
    -------
    float64 array of the broadcast shape.

    Examples
    --------
    One neuron does not see the coupling; two have M_1 M_2 + eps M^g_1 M^g_2.

    >>> from nnqft_ppl.theory import latent_sign_moment
    >>> one, two = (np.array(0.5), np.array(0.2)), (np.array(0.4), np.array(0.1))
    >>> float(latent_sign_moment([one], 0.25))
    0.5
    >>> bool(np.isclose(latent_sign_moment([one, two], 0.25), 0.5 * 0.4 + 0.25 * 0.2 * 0.1))
    True
    """
    root = epsilon**0.5
    up, down = np.ones(()), np.ones(())
    for plain, tilted in moments:
        up, down = up * (plain + root * tilted), down * (plain - root * tilted)
    return (up + down) / 2
