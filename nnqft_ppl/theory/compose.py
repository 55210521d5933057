"""(17): a theory with neurons h_i = g(l_1(x)..l_k(x); theta_i) on an input layer, the neurons l_j of a theory."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer

from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.namespace import xp
from nnqft_ppl.runtime.subsets import members, set_partitions
from nnqft_ppl.theory.amplitudes import AmplitudeLaw, Gaussian, gaussian_moment
from nnqft_ppl.theory.architecture import Architecture, theorem
from nnqft_ppl.theory.outer_functions import Laws, OuterFunction, SiteLaws, outer_function
from nnqft_ppl.theory.ranges import Positive

#: Symmetries of space, which neurons take over from an input layer that has them.
INHERITED = ("translation", "rotation", "reflection")


def compose(
    g: Callable[..., Any],
    inputs: Architecture,
    laws: Laws,
    *,
    width: int = 100,
    sums: bool = False,
    sigma_a: float = 1.0,
    amplitude: AmplitudeLaw | str = "gaussian",
) -> "Composed":
    """phi(x) = sum_i a_i h_i(x) with h_i = g(l_1(x)..l_k(x); theta_i): (17), on neurons l_j of any theory, as in (18).

    The N neurons share the input layer, which makes them dependent. As theta_g and theta_l are disjoint, they inherit
    translations, rotations and reflections from it, (19), (20), whatever g is.

    Parameters
    ----------
    g
        A function of the input layer, shape (k,), and by name of the parameters of one neuron; it returns one number
        and is traced by JAX. Or a module: a pytree that can be called, as of Equinox or Flax NNX, whose real arrays are
        parameters; their values give way to draws. Or `Powers`.
    inputs
        The theory whose neurons are l_1..l_k: its width is k, its amplitudes are left out. It may be composed itself.
    laws
        P(theta_g) of one neuron: a NumPyro law for each parameter of g, whose shape is the parameter's. The parameters
        of a module are named by their paths, ``layers.0.weight``; their laws may be those of one number, or a function
        of name and shape that returns a law.
    width
        Number N of neurons, not k in general.
    sums
        h_i = sum_j g(l_j(x); theta_ij), (17) to the letter: g is a function of one number, and has parameters of its
        own for each pair i, j.
    sigma_a, amplitude
        a_i = sigma_a ahat_i / sqrt(N), and the law of ahat or its name.

    Returns
    -------
    A theory: a NumPyro program with the sites of theta_l and theta_g, for estimators, transforms and all else. Its
    correlators are exact if g is `Powers`. It has no text, as g is Python's.

    Raises
    ------
    InputError
        for a site that g and the input layer both have, a g that does not return one number, a parameter without a law,
        or `inputs` with data.

    Examples
    --------
    Neurons tanh(w.l) on 20 plane waves.

    >>> import jax.numpy as jnp
    >>> from numpyro.distributions import Normal
    >>> waves = nq.load("cos_net", width=20, dim=2)
    >>> net = nq.compose(lambda l, w: jnp.tanh(w @ l), waves, {"w": Normal(0.0, 0.3).expand([20])}, width=50)
    >>> net.claims
    ('Z2', 'translation', 'rotation', 'reflection', 'permutation')
    >>> {site: law.event_shape for site, law in net.prior().items()}
    {'a': (50,), 'b': (20, 2), 'c': (20,), 'w': (50, 20)}
    """
    if not isinstance(inputs, Architecture):
        kind = type(inputs).__name__
        raise InputError(f"compose: inputs must be the theory of a card, for its neurons, got {kind}; compose first")
    function, kept = outer_function(g, laws, () if sums else (inputs.neuron_count,))
    settings: dict[str, Any] = {"width": width, "sums": sums, "sigma_a": sigma_a, "amplitude": amplitude}
    return Composed(dim=inputs.dim, inputs=inputs, g=function, laws=kept, **settings)


@dataclass(frozen=True)
class Powers:
    """g(l; w) = sum_m w_m l^(p_m), whose sums (17) have exact correlators for every input layer that has them.

    Parameters
    ----------
    exponents
        The p_m, integers >= 0; the site ``w`` has one number for each of them, of shape (1,) or () if there is one.

    Raises
    ------
    InputError
        ``Powers: exponents must be integers >= 0, got (0.5,)``.

    Examples
    --------
    h_i = sum_j w_ij l_j^3 on k = 8 plane waves, Var w = 1/k: H_ii(u) = 9 M(u)/32 + M(3u)/32, M(u) = exp(-u^2/2).

    >>> from numpyro.distributions import Normal
    >>> net = nq.compose(nq.Powers(3), nq.load("cos_net", width=8), {"w": Normal(0.0, 8**-0.5)}, sums=True)
    >>> bool(np.isclose(nq.exact_neuron(net, [[0.0], [0.5]], (0, 0)), (9 * np.exp(-1 / 8) + np.exp(-9 / 8)) / 32))
    True
    """

    exponents: tuple[int, ...]

    def __init__(self, *exponents: int) -> None:
        if not exponents or any(not isinstance(p, int) or p < 0 for p in exponents):
            raise InputError(f"Powers: exponents must be integers >= 0, got {exponents}")
        object.__setattr__(self, "exponents", exponents)

    def __call__(self, l: jax.Array, w: jax.Array) -> jax.Array:
        weights = jnp.reshape(w, (len(self.exponents),))
        return sum(weights[m] * l**p for m, p in enumerate(self.exponents))  # pyright: ignore[reportReturnType]


@final
@dataclass(frozen=True, kw_only=True)
class Composed(Architecture):
    """What `compose` returns: phi(x) = sum_i a_i g(l_1(x)..l_k(x); theta_i), (17)."""

    inputs: Architecture
    g: OuterFunction
    laws: SiteLaws
    sums: bool = False
    sigma_a: Positive = 1.0
    amplitude: AmplitudeLaw = Gaussian()

    independent: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim != self.inputs.dim:
            raise InputError(f"Composed: dim must be that of its input layer, {self.inputs.dim}, got {self.dim}")
        for site in self.laws.laws:
            if site in ("a", *self.shared):
                owner = "the amplitudes have" if site == "a" else "the input layer has"
                raise InputError(
                    f"compose: theta_g and theta_l must be disjoint, (17), but {owner} a site {site!r} too; "
                    "give that of g another name"
                )
        self.g.check(() if self.sums else (self.inputs.neuron_count,), self.laws)

    @property
    def shared(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """All neurons stand on one input layer."""
        return tuple(site for site in self.inputs.prior() if site != "a")

    @property
    def ancestral(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.inputs.ancestral

    @property
    def claims(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of space that the input layer has, and Z2 by even amplitudes."""
        own = tuple(symmetry for symmetry in INHERITED if symmetry in self.inputs.claims)
        return (*(("Z2",) if self.amplitude.even else ()), *own, "permutation")

    @property
    def length(self) -> float:
        return self.inputs.length

    def prior(self) -> dict[str, dist.Distribution]:
        below = {site: law for site, law in self.inputs.prior().items() if site != "a"}
        counts = (self.width, self.inputs.neuron_count) if self.sums else (self.width,)
        return {"a": self.amplitudes(), **below, **self.laws.joint(*counts)}

    def neuron(self, x: jax.Array, **theta: jax.Array) -> jax.Array:
        own = {site: theta.pop(site) for site in self.laws.laws}
        layer = self.inputs.neurons(theta, x[None])[:, 0]
        return jax.vmap(self.g)(layer, own).sum() if self.sums else self.g(layer, own)

    # -- exactly, for sums of powers -----------------------------------------------------------------------------------

    def neuron_moment(self, points: Array) -> Array:
        """H_n, the joint moment of one block."""
        return self.joint_neuron_moment([points])

    @theorem("17", "19")
    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array:
        """Sum over partitions of the points into those that meet at one l_j, and over a power p for each of them.

        A term is k(k-1).. times moments of the weights w_ij times E[prod_j prod_k l_j(x_k)^(p_k)] of the input layer.
        """
        exponents, moment = self._powers()
        points = np.concatenate(blocks, axis=-2)
        owner = np.repeat(range(len(blocks)), [block.shape[-2] for block in blocks])
        n, k, total = len(owner), self.inputs.neuron_count, np.zeros(points.shape[:-2])
        for partition in set_partitions(n):
            meeting = [members(mask) for mask in partition]
            for chosen in itertools.product(range(len(exponents)), repeat=n):
                pairs = [Counter((owner[p], chosen[p]) for p in block) for block in meeting]
                weight = math.perm(k, len(meeting)) * math.prod(
                    moment(m, count) for pair in pairs for (_, m), count in pair.items()
                )
                if isinstance(weight, Tracer) or weight:
                    repeated = [[p for p in block for _ in range(exponents[chosen[p]])] for block in meeting]
                    total = total + weight * self.inputs.joint_neuron_moment(
                        [points[..., own, :] for own in repeated if own]
                    )
        return total

    def _powers(self) -> tuple[tuple[int, ...], Callable[[int, int], Any]]:
        """The exponents of g, and E[w_m^n] of its weights as a function of m and n."""
        g = self.g.function
        if not (self.sums and isinstance(g, Powers)):
            raise NoClosedForm("Composed has closed forms for sums of Powers; use an estimator: amplitude or field")
        law: Any = leaf(self.laws.laws["w"])
        if not isinstance(law, dist.Normal):
            raise NoClosedForm(f"Composed has closed forms for normal weights, got {type(law).__name__}; use amplitude")
        loc, scale = (xp.broadcast_to(part, (len(g.exponents),)) for part in (law.loc, law.scale))
        return g.exponents, lambda m, n: gaussian_moment(n, loc[m], scale[m])
