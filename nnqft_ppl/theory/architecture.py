"""The base of every card: a field theory built out of neurons, as a value and as a NumPyro program.

A card is a final frozen dataclass that declares an amplitude law P(a), a joint law P(theta_h) and one neuron h(x); the
base class makes the field phi(x) = sum_i a_i h_i(x) of (1) out of them, for all neurons and points by `jax.vmap`.
"""

import dataclasses
import functools
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer
from numpy.typing import ArrayLike

from nnqft_ppl.laws.joint import iid
from nnqft_ppl.laws.vectors import BottleLaw
from nnqft_ppl.runtime.arrays import Array, html_table
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.grids import Places, Sets
from nnqft_ppl.runtime.programs import check_shape, program_points, record_field, refuse_conditioned_field, sample_sites
from nnqft_ppl.theory.amplitudes import AmplitudeGroup, AmplitudeLaw
from nnqft_ppl.theory.ranges import Count, enforce, explain
from nnqft_ppl.theory.values import carry, revived

Parameters = dict[str, jax.Array]
Method = TypeVar("Method", bound=Callable[..., Any])

#: What a card may claim or deny of its correlators at every width.
SYMMETRIES = ("Z2", "translation", "rotation", "reflection", "permutation", "SO(D)")


class Theorem(NamedTuple):
    """A closed form on a card: the quantity (a method's name), its equations, and what its docstring states."""

    quantity: str
    equations: tuple[str, ...]
    statement: str


def theorem(*equations: str) -> Callable[[Method], Method]:
    """Mark a method of a card as a closed form, with the equations of the paper (or the reference) it stands for.

    `theorems` lists them with the first paragraph of the method's docstring, which states the closed form.

    Parameters
    ----------
    *equations
        Numbers of the paper without brackets, ``"25"`` or ``"S11"``, and references, ``"arXiv:2604.27050"``.

    Returns
    -------
    A decorator that gives the method an attribute ``equations`` and returns it.

    Examples
    --------
    The ensemble of lines phi(x) = theta x with theta ~ N(1, 1), below (36).

    >>> from nnqft_ppl.theory import Architecture, theorem
    >>> class Line(Architecture):
    ...     @theorem("6")
    ...     def two_point(self, x, y):
    ...         "E[phi(x) phi(y)] = 2 x y."
    ...         return 2.0 * np.multiply(x, y)[..., 0]
    >>> Line.theorems()
    (Theorem(quantity='two_point', equations=('6',), statement='E[phi(x) phi(y)] = 2 x y.'),)
    """

    def mark(method: Method) -> Method:
        @functools.wraps(method)
        def closed_form(self: "Architecture", *args: Any, **options: Any) -> Any:
            try:
                return method(self, *args, **options)
            except jax.errors.JAXTypeError as error:
                raise NoClosedForm(
                    f"{type(self).__name__}: {method.__name__} needs plain numbers for hyperparameters, so JAX can "
                    "neither trace it nor differentiate it"
                ) from error

        closed_form.equations = equations  # pyright: ignore[reportAttributeAccessIssue]
        return closed_form  # pyright: ignore[reportReturnType]

    return mark


@dataclass(frozen=True, kw_only=True)
class Architecture(ABC):
    """A field theory phi(x) = sum_i a_i h_i(x) of N random neurons, (1); instances are NumPyro programs.

    Subclasses are final frozen dataclasses whose fields are the hyperparameters. They define `prior` and `neuron`, or
    inherit them, and give closed forms where the theory has them. Amplitudes are a_i = sigma_a ahat_i / sqrt(N).

    Examples
    --------
    Neurons that saturate, h(x) = tanh(b.x) with b ~ N(0, sigma_b^2/d).

    >>> from dataclasses import dataclass
    >>> from typing import final
    >>> import jax
    >>> import jax.numpy as jnp
    >>> from nnqft_ppl.laws import isotropic_normal
    >>> from nnqft_ppl.theory import AmplitudeLaw, Architecture, Gaussian, Positive
    >>> @final
    ... @dataclass(frozen=True, kw_only=True)
    ... class TanhNet(Architecture):
    ...     sigma_a: Positive = 1.0  #: amplitude scale
    ...     sigma_b: Positive = 1.0  #: weight scale
    ...     amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    ...
    ...     claims = ("Z2", "rotation", "reflection", "permutation")
    ...     denies = ("translation",)
    ...
    ...     def prior(self):
    ...         s = self.sigma_b / self.dim**0.5
    ...         return {"a": self.amplitudes(), "b": isotropic_normal(s, self.dim, self.width)}
    ...
    ...     def neuron(self, x, *, b):
    ...         return jnp.tanh(jnp.dot(b, x))
    >>> net = TanhNet(width=50, dim=2, sigma_a=2.0)
    >>> theta = net.sample(jax.random.key(0), 3)  # three networks
    >>> theta["a"].shape, theta["b"].shape
    ((3, 50), (3, 50, 2))
    >>> first = {site: draws[0] for site, draws in theta.items()}
    >>> x = np.array([[0.0, 0.0], [1.0, 0.5]])  # two points of the plane
    >>> bool(np.allclose(net.field(first, jnp.asarray(x)), first["a"] @ np.tanh(first["b"] @ x.T)))  # (1)
    True
    """

    width: Count = 100  #: number N of neurons
    dim: Count = 1  #: dimension d of space

    independent: ClassVar[bool] = True  #: are the neurons independent?
    shared: ClassVar[tuple[str, ...]] = ()  #: sites of theta_h that all neurons share, without an axis of neurons
    paths: ClassVar[tuple[str, ...]] = ()  #: sites of theta_h that are random paths: a value (N, P) at each of P points
    vectors: ClassVar[tuple[str, ...]] = ()  #: sites of theta_h with a vector of space for each neuron
    phase: ClassVar[str | None] = None  #: the site c of a phase for which (a, c) and (-a, c + pi) are one neuron
    ancestral: ClassVar[bool] = True  #: does every law have an exact sampler?
    claims: ClassVar[tuple[str, ...]] = ()  #: symmetries that the correlators have at every width
    denies: ClassVar[tuple[str, ...]] = ()  #: symmetries that they lack
    _repr_html_ = html_table

    def __init_subclass__(cls) -> None:
        carry(cls)
        explain(cls)

    def __post_init__(self) -> None:
        enforce(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may not know the file of a card of the user's own: its path travels with the pickle."""
        cls = type(self)
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        return revived, (cls.__module__, file, cls.__qualname__, fields)

    # -- what a card declares ------------------------------------------------------------------------------------

    @abstractmethod
    def prior(self) -> dict[str, dist.Distribution]:
        """Joint laws of the named sites: ``a`` for the amplitudes, event shape (N,); the others are theta_h."""

    def prior_at(self, points: Places | None) -> dict[str, dist.Distribution]:
        """`prior`, with the values of paths at points (P, d); without points only where no site is a path."""
        return self.prior()

    @abstractmethod
    def neuron(self, x: jax.Array, *args: Any, **theta: Any) -> jax.Array:
        """h(x; theta) of one neuron at one point x of shape (d,); returns a scalar."""

    # -- amplitudes ----------------------------------------------------------------------------------------------

    @property
    def amplitude_law(self) -> AmplitudeLaw:
        """The law of the unscaled amplitude ahat: the hyperparameter ``amplitude``, unless a card says otherwise."""
        return self.amplitude  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def amplitude_scale(self) -> float:
        """The factor in a_i = amplitude_scale * ahat_i / sqrt(N): ``sigma_a``, unless a card says otherwise."""
        return self.sigma_a  # pyright: ignore[reportAttributeAccessIssue]

    def amplitudes(self) -> dist.Distribution:
        """The joint law of a_1..a_N, independent, event shape (N,)."""
        return iid(self.amplitude_law.distribution(self.amplitude_scale / math.sqrt(self.width)), self.width)

    def amplitude_moment(self, k: int) -> float:
        """A_k = E[(sqrt(N) a)^k]: A_2 is the paper's sigma_a^2, A_4 its gamma_a^4."""
        return self.amplitude_scale**k * self.amplitude_law.moment(k)

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        """The moments E[prod_k sqrt(N) a_(c_k)] of every kind of neuron; one kind, unless a card says otherwise."""
        return (AmplitudeGroup(self.neuron_count, lambda components: self.amplitude_moment(len(components))),)

    # -- what the engine asks, and a card may say ------------------------------------------------------------------

    @property
    def length(self) -> float:
        """The length in which correlators vary: the unit of all tests. 1 unless a card gives another."""
        return 1.0

    @property
    def momentum_cutoff(self) -> float:
        """Where the power spectrum ends, sharply or by a regulator of this scale; infinite unless a card gives it."""
        return math.inf

    @property
    def circumference(self) -> float | None:
        """The length after which the field repeats itself in every direction; None where it does not."""
        return None

    @property
    def bottle(self) -> BottleLaw | None:
        """The law of the amplitudes with a wine bottle, those of the last amplitude group; None where there is none."""
        return None

    def uncut_spectrum(self, p: ArrayLike) -> Array:
        """G^(2)(p) as it would be without the momentum cutoff, where a card says it; shapes as `power_spectrum`."""
        raise NoClosedForm(f"{type(self).__name__} does not say what its power spectrum would be without a cutoff")

    # -- the field -----------------------------------------------------------------------------------------------

    @property
    def component_count(self) -> int:
        """The number D of components of the field: 1, unless a card says otherwise."""
        return 1

    @property
    def neuron_count(self) -> int:
        """How many neurons the sum has: N, unless a card adds one."""
        return self.width

    def neurons(self, theta: Parameters, points: Places) -> jax.Array:
        """h_i(x_p), shape (N, P), from parameters theta_h whose leading axis is the neuron; ``a`` is ignored."""
        check_shape(points, self.dim)
        points = jnp.asarray(points)
        return self.map_neurons(lambda one: self.along(points, one), theta)

    def along(self, points: jax.Array, one: Parameters, axis: int = 0) -> jax.Array:
        """h(x_p) of one neuron, shape (P,), where every point has its own value of a path; `axis` counts the points."""
        paths = {site: one[site] for site in self.paths}
        for site, path in paths.items():
            if path.shape != (points.shape[axis],):
                asked = f"drawn at the {points.shape[axis]} points at which the neurons are asked for"
                raise InputError(f"{type(self).__name__}: {site} must be {asked}, got values of shape {path.shape}")
        rest = {site: value for site, value in one.items() if site not in paths}
        return jax.vmap(lambda x, values: self.neuron(x, **rest, **values), in_axes=(axis, 0))(points, paths)

    def restricted(self, theta: Parameters, which: slice | int) -> Parameters:
        """Parameters whose paths keep only some of the points at which they were drawn."""
        return {site: value[..., which] if site in self.paths else value for site, value in theta.items()}

    def map_neurons(self, function: Callable[[Parameters], jax.Array], theta: Parameters) -> jax.Array:
        """`function` of the theta_h of one neuron, for every neuron: shape (N, ...)."""
        theta_h = {site: value for site, value in theta.items() if site != "a"}
        axes = {site: None if site in self.shared else 0 for site in theta_h}
        if all(axis is None for axis in axes.values()):
            one = function(theta_h)
            return jnp.broadcast_to(one, (self.neuron_count, *one.shape))
        return jax.vmap(function, in_axes=(axes,))(theta_h)

    def folded(self, theta: dict[str, Array]) -> dict[str, Array]:
        """One choice, in NumPy, among the parameters that make the same neurons; what it is given, by default."""
        return theta

    def factorises(self, points: Places) -> bool:
        """Is `field` faster at these points than neuron by neuron? Where it is, it takes them all at once."""
        return False

    def field(self, theta: Parameters, points: Places) -> jax.Array:
        """phi(x_p) = sum_i a_i h_i(x_p), shape (P,), or (P, D) for a field with D components."""
        check_shape(points, self.dim)
        if isinstance(points, Sets):
            return jnp.concatenate([self.field(self.restricted(theta, own), part) for own, part in points.slices()])
        points = jnp.asarray(points)
        common = {site: theta[site] for site in self.shared if site in theta}
        own = {site: value for site, value in theta.items() if site not in self.shared}
        coordinates = points.T  # one coordinate of all points side by side: up to 2.5 times faster with AVX-512

        def term(one: Parameters) -> jax.Array:
            a = one.pop("a")
            return jnp.multiply.outer(self.along(coordinates, one | common, axis=1), a)

        if jax.default_backend() != "cpu":  # all neurons at once, which XLA fuses with their sum
            return jax.vmap(term, out_axes=-1)(own).sum(axis=-1)
        # Neuron by neuron: nothing of size neurons x points exists, and XLA fuses a neuron with its accumulation.
        start = jnp.zeros((points.shape[0], *theta["a"].shape[1:]), theta["a"].dtype)
        return jax.lax.scan(lambda phi, one: (phi + term(one), None), start, own, unroll=4)[0]

    def __call__(self, points: ArrayLike | None = None) -> Any:
        """The NumPyro program: sample every site of `prior`; at points (P, d), record the site ``phi``."""
        refuse_conditioned_field()
        x = None if points is None else program_points(points, self.dim)
        theta = sample_sites(self.prior_at(x), self.site_dims)
        return None if x is None else record_field(self.field(theta, x))

    def site_dims(self, site: str, shape: tuple[int, ...]) -> list[str]:
        """Names of a site's dimensions: ``neuron`` first unless all share it, then ``component`` or ``axis``."""
        names = [f"{site}_dim_{k}" for k in range(len(shape))]
        if site in self.shared:
            return names
        if len(shape) == 2 and site == "a" and shape[1] == self.component_count:
            return ["neuron", "component"]
        if site in self.paths:
            return ["neuron", f"{site}_point"]
        return ["neuron", *(["axis"] if site in self.vectors else names[1:])]

    def sample(self, key: jax.Array, draws: int, points: Places | None = None) -> Parameters:
        """Exact ancestral draws of every site, leading axis `draws`; those of paths at points (P, d)."""
        self.check_ancestral()
        theta: Any = {
            site: law.sample(jax.random.fold_in(key, tag), (draws,))
            for tag, (site, law) in enumerate(self.prior_at(points).items())
        }
        # Drawn once: XLA would fuse the drawing into what reads a site, and draw it anew at every point.
        return jax.lax.optimization_barrier(theta)

    def check_ancestral(self) -> None:
        """`InputError` where a law has no exact sampler, with what to do instead."""
        if not self.ancestral:
            raise InputError(
                f"{type(self).__name__}: its prior has no exact sampler, so there are no independent draws; "
                "use the exact results, or sample the program with NumPyro: MCMC(NUTS(net), ...)"
            )

    def marginal_products(
        self, points: jax.Array, subsets: tuple[tuple[int, ...], ...], **theta: jax.Array
    ) -> jax.Array:
        """prod_(k in S) h(x_k) of one neuron, averaged over whatever a card can average in closed form.

        Points of shape (n, d) and subsets S of their indices; shape (len(subsets),).
        """
        h = self.along(points, theta)
        return jnp.stack([math.prod(h[k] for k in subset) for subset in subsets])

    # -- closed forms --------------------------------------------------------------------------------------------

    def neuron_moment(self, points: Array) -> Array:
        """H_n(x_1..x_n) = E[h(x_1)..h(x_n)] of one neuron, points (..., n, d) -> (...); all exact results follow."""
        raise NoClosedForm(
            f"{type(self).__name__} has no closed form for its neuron moments; "
            "use an estimator: neuron, amplitude or field"
        )

    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array:
        """E[prod_B prod_k h_(i_B)(x_k)] at distinct neurons, one array (..., n_B, d) for each; (S9) if independent."""
        if not self.independent and len(blocks) > 1:
            raise NoClosedForm(f"{type(self).__name__} has no closed form for the joint moments of its neurons")
        return math.prod((self.neuron_moment(block) for block in blocks), start=np.ones(()))

    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """G^(2)(x, y) = E[phi(x) phi(y)]; x and y of shape (..., d), float64 of shape (...).

        The sum over the two partitions of two points: both on one neuron, or each on its own.
        """
        x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        self.norm(x)  # says so if a point has the wrong shape
        groups = self.amplitude_groups()
        same = sum(group.neurons * group.moment((0, 0)) for group in groups)
        means = [(group.neurons, group.moment((0,))) for group in groups]
        distinct = sum(n * mean for n, mean in means) ** 2 - sum(n * mean**2 for n, mean in means)
        total = same * self.neuron_moment(np.stack([x, y], axis=-2))
        if isinstance(distinct, Tracer) or distinct:
            total = total + distinct * self.joint_neuron_moment([x[..., None, :], y[..., None, :]])
        return total / self.width

    def power_spectrum(self, p: ArrayLike) -> Array:
        """G^(2)(p) in G(x) = int d^dp/(2 pi)^d exp(ipx) G(p); p of shape (..., d), float64 of shape (...)."""
        raise NoClosedForm(f"{type(self).__name__} has no closed form for its power spectrum")

    def norm(self, z: ArrayLike) -> Array:
        """|z| of points, differences or momenta of shape (..., d), float64 of shape (...); or `InputError`."""
        z = np.asarray(z, dtype=float)
        if z.ndim == 0 or z.shape[-1] != self.dim:
            name = type(self).__name__
            raise InputError(f"{name}: points and momenta must have shape (..., {self.dim}), got {z.shape}")
        return np.linalg.norm(z, axis=-1)

    @classmethod
    def theorems(cls) -> tuple[Theorem, ...]:
        """Every closed form of the card, those of its base class first."""
        found: list[Theorem] = []
        for name in (n for owner in reversed(cls.__mro__) for n in vars(owner)):
            method = getattr(cls, name)
            equations = getattr(method, "equations", None)
            if equations and name not in {t.quantity for t in found}:
                statement = (method.__doc__ or "").strip().split("\n\n")[0]
                found.append(Theorem(name, equations, " ".join(statement.split())))
        return tuple(found)


carry(Architecture)  # a field of this type, as of a composed theory, is a theory
