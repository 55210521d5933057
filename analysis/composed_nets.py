"""(17) in full: neurons g_i(l_1(x)..l_k(x)) for any g on the neurons l_j of any theory, and two nets that are not flat.

Where theta_g and theta_l are disjoint, neurons inherit the symmetries of the input layer; a g that sees the phases of
the layer loses translations. Sums of powers of l_j have exact correlators at every order. Erf-net and ReLU-net, of
arXiv:2008.08601, are invariant under rotations, not under translations.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Distribution, Normal, Uniform
from scipy.integrate import quad
from scipy.special import erf
from scipy.stats import norm

from nnqft_ppl import Powers, compose, correlators, exact_correlator, exact_neuron, load
from nnqft_ppl.axioms.symmetries import asked, exact_verdict, generic_points, image, sampled_symmetries
from nnqft_ppl.axioms.verdicts import Z_LIMIT
from nnqft_ppl.checks.draws import average
from nnqft_ppl.laws import iid, isotropic_normal, uniform_phases
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Gaussian, Positive


@final
@dataclass(frozen=True, kw_only=True)
class SeenPhases(Architecture):
    """h_i = sum_j w_ij (l_j(x) + cos c_j) on l_j(x) = cos(b_j.x + c_j), k = 4: g and l share the phases c_j."""

    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat

    independent: ClassVar[bool] = False
    shared = ("b", "c")

    def prior(self) -> dict[str, Distribution]:
        weights = iid(Normal(jnp.zeros(4), 0.5), self.width)
        return {"a": self.amplitudes(), "b": isotropic_normal(1.0, self.dim, 4), "c": uniform_phases(4), "w": weights}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.dot(w, jnp.cos(b @ x + c) + jnp.cos(c))


class Perceptron(NamedTuple):
    """A module: u.tanh(W l + v)."""

    inner: Any
    bias: Any
    outer: Any

    def __call__(self, l: jax.Array) -> jax.Array:
        return self.outer @ jnp.tanh(self.inner @ l + self.bias)


def run(study: Study) -> None:
    draws = 20_000 if study.quick else 60_000
    dims = (2,) if study.quick else (1, 2)
    for dim in dims:
        _cubes(study, dim, draws)
    if not study.quick:
        _other_layers(study, draws)
    _inherited(study, 4 * draws)
    _lost(study, 4 * draws)
    for name in ("erf_net", "relu_net"):
        for dim in dims:
            _earlier_nets(study, name, dim, 4 * draws)


def _cubes(study: Study, dim: int, draws: int) -> None:
    """h_i = sum_j w_ij l_j^3, Var w = 1/k: H_ii(u) = 9 M(u)/32 + M(3u)/32, at s = 1 and u = 0.5."""
    waves, step = load("cos_net", width=8, dim=dim, sigma_b=dim**0.5), 0.5 * np.eye(1, dim)
    net = compose(Powers(3), waves, {"w": Normal(0.0, 8**-0.5)}, width=5, sums=True)
    found = float(exact_neuron(net, np.concatenate([0.2 + 0 * step, 0.2 + step]), (0, 0)))
    form = (9 * np.exp(-1 / 8) + np.exp(-9 / 8)) / 32
    study.exact("(17)", f"d={dim}: H_ii of cubes, sums over partitions", form, found, route="enumeration", of=net)
    study.exact("(17)", f"d={dim}: H_ii of cubes over b and c", _over_waves(0.5), found, route="quadrature", of=net)
    _drawn(study, net, f"d={dim}: cubes,", draws, study.seed(dim))


def _over_waves(u: float) -> float:
    """E[cos^3(c) cos^3(b u + c)] for b ~ N(0, 1), whatever k: a rule of Gauss and Hermite for b, equal steps for c."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    c = 2 * np.pi * np.arange(16)[:, None] / 16
    return float((np.cos(c) ** 3 * np.cos(nodes * u + c) ** 3).mean(axis=0) @ weights / weights.sum())


def _drawn(study: Study, net: Any, title: str, draws: int, seed: int) -> None:
    """G2 and G4, whole and in parts, of drawn networks against the exact ones."""
    x = net.length * np.pad([[0.1], [0.6], [-0.3], [0.4]], ((0, 0), (0, net.dim - 1)), constant_values=0.1)[None]
    kinds = ("full", "I_N", "I_IB")
    options: dict[str, Any] = {"draws": draws, "seed": seed, "progress": study.progress}
    table = correlators(net, x, orders=(2, 4), kinds=kinds, estimators=("amplitude",), **options)
    rows: Any = table[table["mcse"] > 1e-12].itertuples()
    for row in rows:
        statement = f"{title} {row.kind} of order {row.order}, drawn"
        exact = float(exact_correlator(net, x[0, : row.order], row.kind))
        study.monte_carlo("(17), (19)", statement, exact, row.estimate, row.mcse, of=net)


def _other_layers(study: Study, draws: int) -> None:
    """Other F, P(b) and d, a layer whose neurons are dependent, one that is not invariant; weights with a mean."""
    law = {"w": Normal(jnp.array([0.2, 0.0]), jnp.array([0.5, 0.3]))}
    layers = (
        load("free_scalar", width=3, dim=2, cutoff=3.0),
        load("coupled_cos_net", width=3, epsilon=0.9),
        load("erf_net", width=4, dim=2),
    )
    for seed, layer in enumerate(layers, start=11):
        net = compose(Powers(1, 2), layer, law, width=3, sums=True)
        _drawn(study, net, f"l + l^2 on {type(layer).__name__},", draws, study.seed(seed))


def _inherited(study: Study, draws: int) -> None:
    """Common random numbers, in place and moved: a function, a module, and a layer on a layer."""
    waves = load("free_scalar", width=5, dim=2, cutoff=3.0)
    law: Any = Normal(0.0, 0.5)
    same: Any = {"amplitude": "constant_modulus"}
    bent = compose(
        lambda l, w, bias: jnp.tanh(w @ l + bias) + l[0] ** 2, waves, {"w": law.expand([5]), "bias": law}, **same
    )
    laws: Any = dict.fromkeys(Perceptron._fields, law)
    module = Perceptron(np.zeros((6, 5)), np.zeros(6), np.zeros(6))
    nets = {
        "tanh(w.l + v) + l_1^2": dataclasses.replace(bent, width=4),
        "u.tanh(W l + v), a module": compose(module, waves, laws, width=4, **same),
        "exp(v.h/4) on tanh": compose(
            lambda h, v: jnp.exp(v @ h / 4), dataclasses.replace(bent, width=3), {"v": law.expand([3])}, width=3, **same
        ),
    }
    for seed, (what, net) in enumerate(list(nets.items())[: 1 if study.quick else 3], start=21):
        tests = sampled_symmetries(net, ("translation", "rotation"), draws=draws, seed=study.seed(seed))
        for symmetry, test in tests.items():
            for order, mean, error in zip((1, 2, 4), test.mean, test.mcse, strict=True):
                statement = f"g = {what}: {symmetry}, G{order} in place - moved"
                study.monte_carlo("(17), (20)", statement, 0.0, mean, error, of=net)
            statement = f"g = {what}: {symmetry}, the least relative change that would be seen"
            study.between("(17), (20)", statement, 0.0, test.effect, 0.0, 0.25, route="draws", of=net)


def _lost(study: Study, draws: int) -> None:
    """A g that sees the phases: G2 = [M(x - y) + M(x) + M(y) + 1]/2; with phases of its own [M(x - y) + 1]/2."""
    seen = SeenPhases(width=3)
    laws = {"w": Normal(0.0, 0.5), "e": Uniform(-jnp.pi, jnp.pi)}
    own = compose(lambda l, w, e: w * (l + jnp.cos(e)), load("cos_net", width=4), laws, width=3, sums=True)
    x = generic_points(seen)[:2, 0]
    m, moved = (np.exp(-(y**2) / 2).sum() for y in (x, image(seen, "translation", x)))
    for net, seed, change in ((seen, 31, (m - moved) / 2), (own, 32, 0.0)):
        test = sampled_symmetries(net, ("translation",), draws=draws, seed=study.seed(seed))["translation"]
        what = "the phases of l" if net is seen else "phases of its own"
        statement = f"g with {what}: G2 in place - moved"
        study.monte_carlo("(17), (20)", statement, change, test.mean[1], test.mcse[1], of=net)
        if net is seen:
            expected, found = (float(abs(value) / test.mcse[1]) for value in (change, test.mean[1]))
            statement = f"g with {what}: translations are lost, change of G2 in standard errors"
            bounds = (max(Z_LIMIT, expected - 5.0), expected + 5.0)
            study.between("(17), (20)", statement, expected, found, *bounds, route="draws", of=net)
        else:
            statement = f"g with {what}: translations are kept, largest change in standard errors"
            study.between("(17), (20)", statement, Z_LIMIT, test.z, 0.0, Z_LIMIT, route="draws", of=net)


def _earlier_nets(study: Study, name: str, dim: int, draws: int) -> None:
    net: Any = load(name, width=2, dim=dim, sigma_b=1.2, sigma_c=0.4)
    x = np.pad([[0.5], [-0.3], [0.9], [0.2]], ((0, 0), (0, dim - 1)), constant_values=0.1)
    x[1::2, 1:] = -0.2
    overlap = 0.4**2 + 1.2**2 * x @ x.T / dim
    found = float(net.neuron_moment(x[:2]))
    study.exact("(5)", f"{name} d={dim}: H_ii", _given_first(name, overlap), found, 1e-9, route="quadrature", of=net)
    if dim == 1:
        known = {"erf_net": -0.039750879041, "relu_net": 0.048406165143}[name]  # by quadrature and draws elsewhere
        study.exact("(5)", f"{name}: H_ii at 0.5, -0.3", known, found, 1e-10, route="other code", of=net)
    phi = field_draws(net, x, draws=draws, seed=study.seed(40 + 2 * dim + (name == "erf_net")))[..., 0]
    for order in (2, 4):
        exact = float(exact_correlator(net, x[:order]))
        statement = f"{name} d={dim}: G{order}, drawn"
        study.monte_carlo("(2), (6)", statement, exact, *average(phi[:, :order].prod(axis=1)), of=net)
    for symmetry in asked(net):
        right = (exact_verdict(net, symmetry).outcome == "pass") == (symmetry != "translation")
        statement = f"{name} d={dim}: 1 if {symmetry} {'fails' if symmetry == 'translation' else 'holds'}"
        study.exact("(12)", statement, 1.0, float(right), route="quadrature", of=net)


def _given_first(name: str, overlap: np.ndarray) -> float:
    """E[g(z_1) g(z_2)] of a Gaussian pair: z_2 given z_1 in closed form, then an integral over z_1."""
    own, slope = overlap[0, 0] ** 0.5, overlap[0, 1] / overlap[0, 0]
    rest = (overlap[1, 1] - slope * overlap[0, 1]) ** 0.5

    def integrand(t: float) -> float:
        z, mean = own * t, slope * own * t
        if name == "erf_net":
            return erf(z) * erf(mean / (1 + 2 * rest**2) ** 0.5) * norm.pdf(t)
        return max(0.0, z) * (mean * norm.cdf(mean / rest) + rest * norm.pdf(mean / rest)) * norm.pdf(t)

    return quad(integrand, -12, 0, epsabs=1e-13)[0] + quad(integrand, 0, 12, epsabs=1e-13)[0]
