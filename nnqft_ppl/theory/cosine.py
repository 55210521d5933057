"""The cosine family (24): h_i(x) = F(b_i) cos(b_i.x + c_i) with independent uniform phases c_i.

One function decides every correlator of such a theory, M_k(z) = E_b[F(b)^k cos(b.z)]; where F = 1 it follows from the
frequency law alone.
"""

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpy.typing import ArrayLike

from nnqft_ppl.laws.frequencies import FrequencyLaw
from nnqft_ppl.laws.joint import iid, leaf, uniform_phases
from nnqft_ppl.laws.lattice import DualLattice
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import NoClosedForm
from nnqft_ppl.runtime.grids import Grid, Places
from nnqft_ppl.runtime.programs import check_shape
from nnqft_ppl.runtime.waves import LEAST, TRANSFORMED, cos, cos_of_turns, dot, sum_on_grid, sum_on_torus, turns
from nnqft_ppl.theory.architecture import Architecture, Parameters, theorem


@dataclass(frozen=True, kw_only=True)
class CosineArchitecture(Architecture):
    """phi(x) = sum_i a_i F(b_i) cos(b_i.x + c_i), (18), (24): a card adds P(b), F and M_k.

    The phase makes every correlator translation invariant, (20), and c -> c + pi flips the sign of a neuron, so that
    odd correlators vanish for every amplitude law. With a `frequency_law` and F = 1, M_k(z) = E cos(b.z) for every k,
    and all correlators follow from this law and the moments of the amplitudes.

    Examples
    --------
    The Cauchy net (31), on the line.

    >>> from dataclasses import dataclass
    >>> from typing import final
    >>> from nnqft_ppl.laws import CauchyFrequencies
    >>> from nnqft_ppl.theory import AmplitudeLaw, CosineArchitecture, Gaussian, Positive
    >>> @final
    ... @dataclass(frozen=True, kw_only=True)
    ... class CauchyNet(CosineArchitecture):
    ...     sigma_a: Positive = 1.0  #: amplitude scale
    ...     amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    ...     mass: Positive = 1.0  #: mass m
    ...
    ...     @property
    ...     def frequency_law(self):
    ...         return CauchyFrequencies(self.mass)
    >>> net = CauchyNet(width=10, mass=2.0)
    >>> bool(np.isclose(net.two_point([0.0], [0.5]), np.exp(-1) / 2))  # (sigma_a^2/2) exp(-m |x - y|)
    True
    >>> bool(np.isclose(net.power_spectrum([1.0]), 2 / 5))  # sigma_a^2 m/(p^2 + m^2), (32)
    True
    >>> four = nq.exact_correlator(net, np.zeros((4, 1)), "connected")  # all at one point
    >>> bool(np.isclose(four, 3 * (3 - 2) / 80))  # 3 (gamma_a^4 - 2 sigma_a^4)/(8 N), (27)
    True
    """

    vectors = ("b",)
    phase = "c"
    claims = ("Z2", "translation", "rotation", "reflection", "permutation")

    @property
    def frequency_law(self) -> FrequencyLaw | None:
        """P(b) of one row; None where a card gives `frequencies`, and its moments, in another way."""
        return None

    def frequencies(self) -> dist.Distribution:
        """The joint law of the rows b_1..b_N, event shape (N, d): independent, unless a card says otherwise."""
        return iid(self._frequency_law().distribution(self.dim), self.neuron_count)

    @property
    def length(self) -> float:
        """1/s of a frequency law of scale s, unless a card gives another."""
        return 1.0 if self.frequency_law is None else 1.0 / self.frequency_law.scale

    @property
    def momentum_cutoff(self) -> float:
        """Where P(b) ends, unless a card gives another."""
        return math.inf if self.frequency_law is None else self.frequency_law.end

    def envelope_at(self, b: jax.Array) -> jax.Array:
        """F(b) for one row b of shape (d,); 1 unless a card says otherwise."""
        return jnp.ones((), b.dtype)

    @theorem("23")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = E_b[F(b)^k cos(b.z)]: E cos(b.z) for every k where F = 1; z of shape (..., d) -> (...)."""
        self._frequency_law("kernel_moment")
        return self.mean_wave(z)

    def mean_wave(self, z: ArrayLike) -> Array:
        """E cos(b.z) of one row, whatever its envelope; z of shape (..., d), float64 of shape (...)."""
        return self._frequency_law().characteristic(self.norm(z), self.dim)

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """G^(2)(p) = (sigma_a^2/2) (2 pi)^d P(p), where F = 1."""
        density = self._frequency_law("power_spectrum").density(self.norm(p), self.dim)
        return self._mean_square() / 2 * (2 * np.pi) ** self.dim * density

    def _frequency_law(self, of_envelope_1: str = "") -> FrequencyLaw:
        """The frequency law, or `NoClosedForm`; for a closed form that holds for F = 1 only, also where F differs."""
        name, law = type(self).__name__, self.frequency_law
        if law is None:
            raise NoClosedForm(f"{name} has no frequency law, from which {of_envelope_1 or 'frequencies'} would follow")
        if of_envelope_1 and type(self).envelope_at is not CosineArchitecture.envelope_at:
            raise NoClosedForm(f"{name} has no closed form for its {of_envelope_1}, as its envelope F is not 1")
        return law

    def prior(self) -> dict[str, dist.Distribution]:
        return {"a": self.amplitudes(), "b": self.frequencies(), "c": uniform_phases(self.neuron_count)}

    def frequency(self, *args: Any, **theta: Any) -> jax.Array:
        """The row b_i of one neuron, shape (d,), from its sites other than the phase: the site ``b`` itself."""
        return theta["b"]

    def neuron(self, x: jax.Array, *, c: jax.Array, **theta: jax.Array) -> jax.Array:
        b = self.frequency(**theta)
        return self.envelope_at(b) * cos_of_turns(turns(b, x, c))

    def factorises(self, points: Places) -> bool:
        """On a grid that is not small, unless a card has other neurons."""
        own = type(self).neuron is not CosineArchitecture.neuron
        return isinstance(points, Grid) and len(points) >= LEAST and not own

    def field(self, theta: Parameters, points: Places) -> jax.Array:
        """phi(x_p) as for every architecture; on a grid by a product over its axes, or by a Fourier transform."""
        if not (isinstance(points, Grid) and self.factorises(points)):
            return super().field(theta, points)
        check_shape(points, self.dim)
        rest = {site: value for site, value in theta.items() if site != "c"}
        b = self.map_neurons(lambda one: self.frequency(**one), rest)
        envelope = jax.vmap(self.envelope_at)(b)
        amplitude = theta["a"] * (envelope[:, None] if theta["a"].ndim == 2 else envelope)
        periodic = len(b) >= TRANSFORMED and points.period is not None and points.period == self.circumference
        return (sum_on_torus if periodic else sum_on_grid)(points, amplitude, b, theta["c"])

    @property
    def circumference(self) -> float | None:
        """L where the frequencies are a dual lattice (2 pi/L) Z^d, None elsewhere."""
        law = leaf(self.prior().get("b"))
        return law.period if isinstance(law, DualLattice) else None

    def folded(self, theta: dict[str, Array]) -> dict[str, Array]:
        """With a >= 0 and the first component of b not negative, as (b, c) ~ (-b, -c) and (a, c) ~ (-a, c + pi).

        As it is where one of the three is left out, or the field has several components.
        """
        if not {"a", "b", "c"} <= set(theta) or theta["a"].ndim != 1:
            return theta
        a, b, c = (np.array(theta[site]) for site in ("a", "b", "c"))
        first = np.take_along_axis(b, (np.abs(b) > SILENT).argmax(axis=1)[:, None], axis=1)[:, 0]
        turned = first < -SILENT
        b[turned], c[turned] = -b[turned], -c[turned]
        c += np.pi * (a < 0)
        return {**theta, "a": np.abs(a), "b": b, "c": c}

    @theorem("19", "23")
    def neuron_moment(self, points: Array) -> Array:
        """H_n = 2^(1-n) sum over balanced signs s, up to s -> -s, of M_n(sum_k s_k x_k); zero for odd n."""
        n = points.shape[-2]
        if n % 2:
            return np.zeros(points.shape[:-2])
        return 2.0 ** (1 - n) * self.kernel_moment(n, balanced_signs(n) @ points).sum(axis=-1)

    def marginal_products(
        self,
        points: jax.Array,
        subsets: tuple[tuple[int, ...], ...],
        *,
        c: jax.Array,
        **theta: jax.Array,
    ) -> jax.Array:
        """F(b)^n 2^(1-n) sum over balanced signs of cos(b.sum_k s_k x_k), n = |S|: the phase integrated out, (19)."""
        b = self.frequency(**theta)
        phases, envelope = [dot(b, x) for x in points], self.envelope_at(b)
        averages = []
        for subset in subsets:
            n = len(subset)
            if n % 2:
                averages.append(jnp.zeros((), points.dtype))
                continue
            signs = balanced_signs(n)
            sums = [jnp.asarray(sum(s * phases[k] for s, k in zip(row, subset, strict=True))) for row in signs]
            waves = [cos(one) for one in sums]
            averages.append(envelope**n * 2.0 ** (1 - n) * sum(waves))
        return jnp.stack(averages)

    @theorem("6", "25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """G^(2)(x, y) = (sigma_a^2/2) M_2(x - y)."""
        return 0.5 * self.amplitude_moment(2) * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    def neuron_power_spectrum(self, p: ArrayLike) -> Array:
        """L^(2)_ii(p) = G^(2)(p) / sigma_a^2, (22) with the factor (2 pi)^d of the convention in (15) and (26)."""
        return self.power_spectrum(p) / self._mean_square()

    def _mean_square(self) -> float:
        """sigma_a^2 = sum_i E[a_i^2] of one component of the field."""
        return sum(group.neurons / self.width * group.moment((0, 0)) for group in self.amplitude_groups())


@lru_cache
def balanced_signs(n: int) -> Array:
    """All s in {+1, -1}^n with s_1 = +1 and sum 0, one of each pair +-s: shape (C(n, n/2)/2, n).

    They are what a uniform phase leaves of a product of cosines, (19), (23):

        E_c[cos(u_1 + c) .. cos(u_n + c)] = 2^(1-n) sum_s cos(s.u).

    Parameters
    ----------
    n
        Number of factors, even and at least 2.

    Returns
    -------
    float64 array of signs, one choice in a row; it is kept for later calls and must not be changed.

    Examples
    --------
    >>> from nnqft_ppl.theory import balanced_signs
    >>> balanced_signs(4)
    array([[ 1.,  1., -1., -1.],
           [ 1., -1.,  1., -1.],
           [ 1., -1., -1.,  1.]])
    >>> u = np.array([0.3, 1.1, -0.4, 0.8])
    >>> c = 2 * np.pi * np.arange(8) / 8  # enough phases for an exact average of four cosines
    >>> average = np.cos(u + c[:, None]).prod(axis=1).mean()
    >>> bool(np.isclose(average, np.cos(balanced_signs(4) @ u).sum() / 8))
    True
    """
    rows = []
    for positive in itertools.combinations(range(1, n), n // 2 - 1):
        row = -np.ones(n)
        row[[0, *positive]] = 1.0
        rows.append(row)
    signs = np.array(rows)
    signs.flags.writeable = False  # every caller gets the same array
    return signs


SILENT = 1e-3  # below it a component of b is taken for zero
