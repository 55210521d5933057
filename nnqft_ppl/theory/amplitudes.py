"""Amplitude laws P(ahat): values with their own hyperparameters, which know their moments.

The amplitudes of a field are ``a_i = scale * ahat_i / sqrt(N)`` with independent ``ahat_i``. In the paper's letters
``sigma_a^2 = scale^2 E[ahat^2]`` and ``gamma_a^4 = scale^4 E[ahat^4]``. The defaults make ``E[ahat^2] = 1``.
"""

import dataclasses
import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self, final

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer
from jax.scipy.special import gammaln
from scipy import special

from nnqft_ppl.laws.signs import RandomSign, SignedRayleigh
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.ranges import Finite, Positive, enforce, field_types, parsed
from nnqft_ppl.theory.values import carry


@dataclass(frozen=True, kw_only=True)
class AmplitudeLaw(ABC):
    """The law of one unscaled amplitude ahat.

    Subclasses are frozen dataclasses whose fields are hyperparameters with a range; they give `distribution` and
    `even_moment`, and where the law is not even, `even` and `moment` too. Exact correlators need no more of a
    law than its moments: E[ahat^2] in (6), E[ahat^4] in (8).

    Examples
    --------
    Uniform amplitudes, |ahat| < w: E[ahat^k] = w^k/(k+1).

    >>> from dataclasses import dataclass
    >>> import numpyro.distributions as dist
    >>> from nnqft_ppl.theory import AmplitudeLaw, Positive
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Uniform(AmplitudeLaw):
    ...     w: Positive = 3**0.5  #: largest modulus
    ...
    ...     def distribution(self, scale):
    ...         return dist.Uniform(-scale * self.w, scale * self.w)
    ...
    ...     def even_moment(self, k):
    ...         return self.w**k / (k + 1)
    >>> law = Uniform(w=2.0)
    >>> law.moment(3), law.moment(4)  # zero by symmetry, 2^4/5
    (0.0, 3.2)
    >>> float(law.distribution(0.5).log_prob(0.9))  # 0.5 ahat is uniform on [-1, 1]: -log 2
    -0.6931471805599453
    """

    @property
    def even(self) -> bool:
        """Is ahat distributed as -ahat? It is, unless a law says otherwise."""
        return True

    def __init_subclass__(cls) -> None:
        carry(cls)

    def __post_init__(self) -> None:
        enforce(self)

    @classmethod
    def of_text(cls, label: str, text: str) -> "AmplitudeLaw":
        """The law that a text names, at its defaults or not: ``bimodal`` or ``bimodal:mu=0.8,s=0.6``.

        Raises
        ------
        InputError
            for a name or a hyperparameter that does not exist, or a value outside its range.
        """
        name, _, values = (part.strip() for part in text.partition(":"))
        settings = [tuple(word.strip() for word in part.partition("=")) for part in values.split(",") if part.strip()]
        for key, equals, value in settings:
            if not (key and equals and value):
                raise InputError(f"{label} must be of the form name:key=value,key=value, got {text!r}")
        keys = [key for key, _, _ in settings]
        if len(set(keys)) < len(keys):
            raise InputError(f"{label} must set each hyperparameter once, got {text!r}")
        if name not in NAMED_LAWS:
            close = difflib.get_close_matches(name, NAMED_LAWS, n=1, cutoff=0.4)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(f"{label} must be one of {', '.join(NAMED_LAWS)}, got {name!r}{meant}")
        return NAMED_LAWS[name]().with_settings(label, {key: value for key, _, value in settings})

    def with_settings(self, label: str, settings: dict[str, str]) -> Self:
        """This law with some hyperparameters given as texts; errors as for `of_text`."""
        law, known = type(self).__name__, field_types(type(self))
        for key in settings:
            if key not in known:
                outer = label.rpartition(": ")[2]
                names = ", ".join(f"{outer}.{k}" for k in known)
                raise InputError(f"{label}.{key} must be one of {names} for {law}, got {key!r}")
        values = {key: parsed(f"{law}: {key}", known[key], text) for key, text in settings.items()}
        return dataclasses.replace(self, **values)

    def phase_average(self, q: Array) -> Array:
        """E exp(i ahat q cos c) = E J_0(ahat q) of a uniform phase c, float64 of the shape of `q` (host numbers)."""
        raise NoClosedForm(f"{type(self).__name__} does not say its phase_average, E J_0(ahat q)")

    @abstractmethod
    def distribution(self, scale: float) -> dist.Distribution:
        """The law of ``scale * ahat`` as a NumPyro distribution, batch and event shape ()."""

    @abstractmethod
    def even_moment(self, k: int) -> float:
        """E[ahat^k] for even k >= 2."""

    def moment(self, k: int) -> float:
        """E[ahat^k]; zero for odd k where the law is even.

        Raises
        ------
        InputError
            where the moment does not exist.
        """
        if k == 0:
            return 1.0
        return 0.0 if k % 2 else self.even_moment(k)


@final
@dataclass(frozen=True, kw_only=True)
class Gaussian(AmplitudeLaw):
    """N(0, sigma^2): E[ahat^k] = (k-1)!! sigma^k; gamma^4 = 3 sigma^4.

    Examples
    --------
    >>> nq.Gaussian().moment(4)
    3.0
    >>> nq.Gaussian(sigma=2.0).moment(4)  # 3 sigma^4
    48.0
    """

    sigma: Positive = 1.0  #: standard deviation

    def distribution(self, scale: float) -> dist.Distribution:
        return dist.Normal(0.0, scale * self.sigma)

    def phase_average(self, q: Array) -> Array:
        return special.ive(0, (self.sigma * q) ** 2 / 4)

    def even_moment(self, k: int) -> float:
        return gaussian_moment(k, 0.0, self.sigma)


@final
@dataclass(frozen=True, kw_only=True)
class Bimodal(AmplitudeLaw):
    """The even mixture N(mu, s^2)/2 + N(-mu, s^2)/2; two modes if and only if mu > s.

    E[ahat^2] = mu^2 + s^2 and E[ahat^4] = mu^4 + 6 mu^2 s^2 + 3 s^4. With two modes a theory can have classical fields
    other than phi = 0, (41).

    Examples
    --------
    >>> law = nq.Bimodal(mu=2.0, s=1.0)
    >>> law.moment(2), law.moment(4)  # 4 + 1, 16 + 24 + 3
    (5.0, 43.0)
    """

    mu: Positive = 0.8  #: centre of the two components
    s: Positive = 0.6  #: their standard deviation

    def distribution(self, scale: float) -> dist.Distribution:
        centres = scale * self.mu * jnp.array([-1.0, 1.0])
        return dist.MixtureSameFamily(dist.Categorical(probs=jnp.full(2, 0.5)), dist.Normal(centres, scale * self.s))

    def phase_average(self, q: Array) -> Array:
        return over_phases(lambda t: np.cos(self.mu * t) * np.exp(-((self.s * t) ** 2) / 2), q)

    def even_moment(self, k: int) -> float:
        return gaussian_moment(k, self.mu, self.s)


@final
@dataclass(frozen=True, kw_only=True)
class Laplace(AmplitudeLaw):
    """exp(-|ahat|/beta)/(2 beta): E[ahat^k] = k! beta^k; gamma^4 = 6 sigma^4.

    Examples
    --------
    >>> law = nq.Laplace(beta=1.0)
    >>> law.moment(2), law.moment(4)  # 2!, 4!
    (2.0, 24.0)
    """

    beta: Positive = math.sqrt(0.5)  #: scale

    def distribution(self, scale: float) -> dist.Distribution:
        return dist.Laplace(0.0, scale * self.beta)

    def phase_average(self, q: Array) -> Array:
        return 1 / np.sqrt(1 + (self.beta * q) ** 2)

    def even_moment(self, k: int) -> float:
        return math.factorial(k) * self.beta**k


@final
@dataclass(frozen=True, kw_only=True)
class Student(AmplitudeLaw):
    """scale * t_nu; the moment of order k exists for nu > k; gamma^4/sigma^4 = 3 (nu-2)/(nu-4).

    Examples
    --------
    >>> law = nq.Student(nu=10.0)
    >>> round(law.moment(4) / law.moment(2) ** 2, 12)  # 3 * 8/6
    4.0
    >>> nq.Student(nu=4.0).moment(4)
    Traceback (most recent call last):
    ...
    nnqft_ppl.runtime.errors.InputError: Student: nu must be > 4 for the amplitude moment of order 4 to exist, got 4.0
    """

    nu: Positive = 10.0  #: degrees of freedom
    scale: Positive = math.sqrt(0.8)  #: scale

    def distribution(self, scale: float) -> dist.Distribution:
        return dist.StudentT(self.nu, 0.0, scale * self.scale)

    def phase_average(self, q: Array) -> Array:
        half, t_over_q = self.nu / 2, math.sqrt(self.nu) * self.scale
        norm = 2 ** (1 - half) / math.gamma(half)

        def characteristic(t: Array) -> Array:
            r = np.maximum(np.abs(t_over_q * t), 1e-30)
            return norm * r**half * special.kv(half, r)

        return over_phases(characteristic, q)

    def even_moment(self, k: int) -> float:
        nu, traced = self.nu, isinstance(self.nu, Tracer)
        if not traced and nu <= k:
            raise InputError(f"Student: nu must be > {k} for the amplitude moment of order {k} to exist, got {self.nu}")
        log_gamma, exp = (gammaln, jnp.exp) if traced else (math.lgamma, math.exp)
        log_gammas = math.lgamma((k + 1) / 2) + log_gamma((nu - k) / 2) - log_gamma(nu / 2)
        return self.scale**k * nu ** (k / 2) * exp(log_gammas) / math.sqrt(math.pi)


@final
@dataclass(frozen=True, kw_only=True)
class ConstantModulus(AmplitudeLaw):
    """+mu or -mu with probability 1/2 each: E[ahat^k] = mu^k for even k; gamma^4 = sigma^4, the smallest possible.

    Examples
    --------
    >>> law = nq.ConstantModulus(mu=2.0)
    >>> law.moment(2), law.moment(4)
    (4.0, 16.0)
    """

    mu: Positive = 1.0  #: modulus

    def distribution(self, scale: float) -> dist.Distribution:
        return RandomSign(scale * self.mu)

    def phase_average(self, q: Array) -> Array:
        return special.j0(self.mu * q)

    def even_moment(self, k: int) -> float:
        return self.mu**k


@final
@dataclass(frozen=True, kw_only=True)
class Rayleigh(AmplitudeLaw):
    """Density |ahat|/sigma^2 exp(-ahat^2/sigma^2): E[ahat^k] = (k/2)! sigma^k; gamma^4 = 2 sigma^4.

    With a uniform phase c, (ahat cos c, ahat sin c) is a Gaussian pair: every one-point law of a cosine field with
    envelope 1 is exactly Gaussian, at every width.

    Examples
    --------
    >>> nq.Rayleigh().moment(4)
    2.0
    >>> net = nq.load("cos_net", width=2, amplitude=nq.Rayleigh())
    >>> bool(np.isclose(nq.exact_correlator(net, np.zeros((4, 1)), "connected"), 0.0))  # four fields at one point
    True
    >>> two = nq.exact_correlator(net, [[0.0], [0.0], [9.0], [9.0]], "connected")  # at two points, far apart
    >>> bool(np.isclose(two, (2 * 2 / 8 - 1 / 4) / 2))  # (gamma^4 H_iiii - sigma^4 H_ii^2)/N, (8): not Gaussian
    True
    """

    sigma: Positive = 1.0  #: root mean square

    def distribution(self, scale: float) -> dist.Distribution:
        return SignedRayleigh(scale * self.sigma)

    def phase_average(self, q: Array) -> Array:
        return np.exp(-((self.sigma * q) ** 2) / 4)

    def even_moment(self, k: int) -> float:
        return math.factorial(k // 2) * self.sigma**k


@final
@dataclass(frozen=True, kw_only=True)
class OffsetGaussian(AmplitudeLaw):
    """N(mean, sigma^2), which is not even: the law of the ensemble of lines, and of explicit breaking.

    E[ahat] = mean, and E[ahat^3] = mean^3 + 3 mean sigma^2. The ensemble of lines stands below (36), the breaking of
    phi -> -phi above (42).

    Examples
    --------
    >>> law = nq.OffsetGaussian(mean=2.0, sigma=1.0)
    >>> law.moment(1), law.moment(2), law.moment(3)  # 2, 4 + 1, 8 + 6
    (2.0, 5.0, 14.0)
    """

    mean: Finite = 1.0  #: mean
    sigma: Positive = 1.0  #: standard deviation

    @property
    def even(self) -> bool:
        return self.mean == 0

    def distribution(self, scale: float) -> dist.Distribution:
        return dist.Normal(scale * self.mean, scale * self.sigma)

    def phase_average(self, q: Array) -> Array:
        return over_phases(lambda t: np.cos(self.mean * t) * np.exp(-((self.sigma * t) ** 2) / 2), q)

    def even_moment(self, k: int) -> float:
        return gaussian_moment(k, self.mean, self.sigma)

    def moment(self, k: int) -> float:
        return gaussian_moment(k, self.mean, self.sigma)


carry(AmplitudeLaw)  # a field of this type is one of its laws

#: The even laws, by the names that texts, the command line and the tables use.
AMPLITUDES: dict[str, type[AmplitudeLaw]] = {
    "gaussian": Gaussian,
    "bimodal": Bimodal,
    "laplace": Laplace,
    "student": Student,
    "constant_modulus": ConstantModulus,
    "rayleigh": Rayleigh,
}
#: All laws that have a name.
NAMED_LAWS: dict[str, type[AmplitudeLaw]] = {**AMPLITUDES, "offset_gaussian": OffsetGaussian}


def gaussian_moment(k: int, mean: float, sigma: float) -> float:
    """E[(mean + sigma z)^k] = sum_j C(k, 2j) mean^(k-2j) sigma^(2j) (2j-1)!! for a standard normal z."""
    return sum(
        math.comb(k, 2 * j) * mean ** (k - 2 * j) * sigma ** (2 * j) * math.prod(range(1, 2 * j, 2))
        for j in range(k // 2 + 1)
    )


def over_phases(characteristic: Callable[[Array], Array], q: Array) -> Array:
    """The mean over a uniform phase c of the even part of a characteristic function at q cos c."""
    phases = 64 + math.ceil(np.abs(q).max(initial=0.0))
    waves = np.cos(np.pi / 2 * (np.arange(phases) + 0.5) / phases)
    return sum(characteristic(q * wave) for wave in waves) / phases


Components = tuple[int, ...]


class AmplitudeGroup(NamedTuple):
    """Neurons whose amplitudes have one law: how many, and E[prod_k sqrt(N) a_(c_k)] of one of them.

    Here c_k is the component, from 0, of the k-th factor: (0, 0, 0, 0) stands for A_4 of the first component. A card
    gives its groups as `amplitude_groups` where the field has several components, (42), or a neuron has a law of its
    own, (44).

    Examples
    --------
    The wine bottle has N neurons of Gaussian amplitudes in R^D, and one more that the bottle holds.

    >>> normal, bottle = nq.load("wine_bottle", width=10, components=2, sigma_a=1.0).amplitude_groups()
    >>> normal.neurons, bottle.neurons
    (10, 1)
    >>> normal.moment((0, 0)), normal.moment((0, 1)), normal.moment((0, 0, 0, 0))  # sigma_a^2, 0, 3 sigma_a^4
    (1.0, 0.0, 3.0)
    """

    neurons: int  #: how many
    moment: Callable[[Components], float]  #: E[prod_k sqrt(N) a_(c_k)] of the components (c_1, c_2, ...)
