"""Symmetries: what each card claims and denies, (12), (17)-(20), (S4)-(S9), and how well the tests by draws work.

Rotations need an isotropic law of the row b_i, not components that are independent: together these are Gaussian for
d >= 2 (Maxwell), so the printed b_ij ~ P(b_ij) of (18) is too strong. Translations need phases that are uniform and
independent of one another: a phase that all neurons share keeps G2 and breaks G4.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Cauchy, Laplace, Uniform, VonMises
from scipy.integrate import quad

from nnqft_ppl import Gaussian, InputError, exact_correlator, exact_neuron, load
from nnqft_ppl.axioms.exchangeability import neuron_test
from nnqft_ppl.axioms.symmetries import (
    ORDERS,
    SymmetryTest,
    asked,
    exact_verdict,
    generic_points,
    image,
    sampled_symmetries,
)
from nnqft_ppl.axioms.verdicts import Z_LIMIT, Z_POWER
from nnqft_ppl.laws import iid, isotropic_normal
from nnqft_ppl.models import names
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    alike,
    gaussian_neurons,
    over_lists,
)
from nnqft_ppl.theory import AmplitudeLaw, Architecture, CosineArchitecture, Positive

SEEDS = 200
ComponentLaw = Literal["uniform", "laplace", "cauchy"]


@final
@dataclass(frozen=True, kw_only=True)
class ProductNet(CosineArchitecture):
    """phi = sum_i a_i cos(b_i.x + c_i) with independent components b_ij of unit variance, or scale: (18) as printed."""

    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    law: ComponentLaw = "cauchy"  #: law of one component

    def frequencies(self):
        zero = jnp.zeros(self.dim)
        laws = {
            "uniform": Uniform(zero - 3**0.5, 3**0.5),
            "laplace": Laplace(zero, 0.5**0.5),
            "cauchy": Cauchy(zero, 1.0),
        }
        return iid(laws[self.law], self.width)

    def kernel_moment(self, k, z):
        factors = {
            "uniform": lambda t: np.sinc(3**0.5 * t / np.pi),
            "laplace": lambda t: 1 / (1 + t**2 / 2),
            "cauchy": lambda t: np.exp(-np.abs(t)),
        }
        return factors[self.law](z).prod(axis=-1)


@final
@dataclass(frozen=True, kw_only=True)
class SharedPhase(Architecture):
    """phi(x) = sum_i a_i cos(b_i.x + c), one phase for all neurons."""

    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat

    independent: ClassVar[bool] = False
    shared = ("c",)

    def prior(self):
        frequencies = isotropic_normal(self.dim**-0.5, self.dim, self.width)
        return {"a": self.amplitudes(), "b": frequencies, "c": Uniform(-jnp.pi, jnp.pi)}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array) -> jax.Array:
        return jnp.cos(jnp.dot(b, x) + c)

    def neuron_moment(self, points):
        return self.joint_neuron_moment([points])

    def joint_neuron_moment(self, blocks):
        """2^(-n) sum over signs of zero sum, over all blocks together, of prod_B M(sum_B s_k x_k)."""
        sizes = [block.shape[-2] for block in blocks]
        total = np.zeros(blocks[0].shape[:-2])
        for signs in itertools.product((1.0, -1.0), repeat=sum(sizes)):
            if sum(signs) == 0:
                parts = np.split(np.array(signs), np.cumsum(sizes)[:-1])
                z = [np.einsum("k,...kd->...d", s, block) for s, block in zip(parts, blocks, strict=True)]
                total = total + np.exp(-sum((y**2).sum(axis=-1) for y in z) / (2 * self.dim))
        return total / 2 ** sum(sizes)


@final
@dataclass(frozen=True, kw_only=True)
class PinnedPhase(Architecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), c_i von Mises around 0: translations are broken a little."""

    sigma_a: Positive = 1.0  #: amplitude scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    concentration: Positive = 0.1  #: of the phases

    def prior(self):
        phases = iid(VonMises(0.0, self.concentration), self.width)
        return {"a": self.amplitudes(), "b": isotropic_normal(self.dim**-0.5, self.dim, self.width), "c": phases}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array) -> jax.Array:
        return jnp.cos(jnp.dot(b, x) + c)


def run(study: Study) -> None:
    _catalogue(study)
    _violations(study)
    _neurons(study)
    _rates(study)


def in_plane(name: str):
    """The card in d = 2, or on the line if it lives nowhere else."""
    try:
        return load(name, width=10, dim=2)
    except InputError:
        return load(name) if name == "line" else load(name, width=10)


def _catalogue(study: Study) -> None:
    """Every card: what it claims by exact correlators, at N = 10 and for any width; what it denies by draws."""
    draws = 20_000 if study.quick else 100_000
    for name in names():
        net = in_plane(name)
        claimed = [exact_verdict(net, symmetry).statistic for symmetry in asked(net) if symmetry in net.claims]
        statement = f"{name} d={net.dim}: largest change under what it claims"
        study.between("(12), (17), (20)", statement, 0.0, max(claimed), 0.0, 1e-9, route="identity", of=net)
        denied = [symmetry for symmetry in asked(net) if symmetry in net.denies]
        if name == "gauss_net":  # its tails are too heavy for draws of G4
            _gauss_net(study, net)
        elif denied:
            for symmetry, test in sampled_symmetries(net, denied, draws=draws, seed=study.seed(2)).items():
                _change(study, "(12), (20), (S14)", f"{name} d={net.dim}", net, symmetry, test)
    gauss: Any = load("gauss_net", width=10)
    x = np.array([[0.1], [0.5], [0.7], [1.1]])
    neurons = gaussian_neurons(gauss, x, gauss.sigma_c)
    moved = neurons((2, 3)) / neurons((0, 1))
    statement = "gauss_net N=10: its G2 is translation invariant, average over parameters"
    study.exact("(S11), (S14)", statement, 1.0, moved, route="quadrature", of=gauss)


def _gauss_net(study: Study, net: Any) -> None:
    x = generic_points(net)
    here, there = (
        over_lists(gaussian_neurons(net, points, net.sigma_c), alike(net.amplitude_moment, 4))((0, 1, 2, 3))
        for points in (x, image(net, "translation", x))
    )
    exact = [float(exact_correlator(replace(net, width=4), points)) for points in (image(net, "translation", x), x)]
    statement = "gauss_net d=2: G4 moved / in place, lists of neurons"
    study.exact("(20), (S14)", statement, exact[0] / exact[1], there / here, 1e-9, route="quadrature", of=net)


def _change(
    study: Study, equation: str, label: str, net: Architecture, symmetry: str, test: SymmetryTest, *, known: bool = True
) -> None:
    """The change of the correlator that changes most under a broken symmetry: exact, and by draws."""
    x, orders = generic_points(net), ORDERS.get(symmetry, (1, 2, 4))
    there = np.zeros(len(orders)) if symmetry == "Z2" else _correlators(net, image(net, symmetry, x), orders)
    change = _correlators(net, x, orders) - there
    k = int(np.abs(change / test.scale).argmax())
    statement = f"{label}: change of G{orders[k]} under {symmetry}, draws"
    of = net if known else None  # a card of the catalogue, or a theory of this study
    study.monte_carlo(equation, statement, float(change[k]), float(test.mean[k]), float(test.mcse[k]), of=of)


def _correlators(net: Architecture, x: np.ndarray, orders: Sequence[int]) -> np.ndarray:
    return np.array([float(exact_correlator(net, x[:n])) for n in orders])


def _violations(study: Study) -> None:
    """Theories that are not in the catalogue because they break what (18) and (20) promise."""
    densities: dict[ComponentLaw, tuple[Callable[[float], float], float]] = {
        "uniform": (lambda _: 0.5 / 3**0.5, 3**0.5),
        "laplace": (lambda b: 0.5 * 2**0.5 * np.exp(-(2**0.5) * b), np.inf),
        "cauchy": (lambda b: 1 / np.pi / (1 + b**2), np.inf),
    }
    draws = 60_000 if study.quick else 100_000
    for law, (density, end) in densities.items():
        net = ProductNet(dim=2, width=3, law=law)
        for direction, z in (("along an axis", np.array([1.0, 0.0])), ("diagonal", np.array([0.5**0.5, 0.5**0.5]))):
            waves = [2 * quad(density, 0, end, weight="cos", wvar=t, epsabs=1e-12)[0] if t else 1.0 for t in z]
            statement = f"{law} components: kernel at |z|=1, {direction}, integral over components"
            study.exact("(18)", statement, float(net.kernel_moment(2, z)), math.prod(waves), 1e-8, route="quadrature")
    net = ProductNet(dim=2, width=3)
    found = sampled_symmetries(net, ("rotation", "translation"), draws=draws, seed=study.seed(3))
    _change(study, "(18)", "Cauchy components", net, "rotation", found["rotation"], known=False)
    kept = found["translation"].z
    study.between("(20)", "Cauchy components: z under translation, draws", 0.0, kept, 0.0, Z_LIMIT, route="draws")
    net = SharedPhase(width=3)
    found = sampled_symmetries(net, ("translation",), draws=2 * draws, seed=study.seed(3))
    _change(study, "(20)", "shared phase", net, "translation", found["translation"], known=False)
    c, b = 2 * np.pi * np.arange(16) / 16, np.linspace(-9.0, 9.0, 601)
    weight = np.exp(-(b**2) / 2)
    weight /= weight.sum()
    pair = np.array([[0.2], [0.7]])
    for shift in (0.0, 1.0):
        x = pair + shift
        one, other = (np.cos(b * float(at) + c[:, None]) @ weight for at in x[:, 0])  # given the phase
        for equation, label, theory, value in (
            ("(20)", "shared phase", net, np.mean(one * other)),
            ("(21)", "own phases", load("cos_net", width=3), np.mean(one) * np.mean(other)),
        ):
            statement = f"{label}: L_12 shifted by {shift:g}, average over parameters"
            study.exact(equation, statement, float(exact_neuron(theory, x, (0, 1))), float(value), route="quadrature")


def _neurons(study: Study) -> None:
    """Identical, exchangeable, independent: draws of three neurons against what the cards say."""
    draws = 100_000 if study.quick else 400_000
    cases = [("cos_net", {}), ("coupled_cos_net", {"epsilon": 0.9}), ("deep_net", {"inputs": 2})]
    for name, settings in cases:
        net = load(name, width=3, **settings)
        # So many that the dependence of the latent sign is 12 errors, beyond the 5 that a row allows.
        test = neuron_test(net, draws=700_000 if name == "coupled_cos_net" else draws, seed=study.seed(6))
        study.monte_carlo("(S4), (S7)", f"{name}: H_00 - H_11, in errors", 0.0, test.identical, 1.0, of=net)
        study.monte_carlo("(S8)", f"{name}: H_0011 - H_1122, in errors", 0.0, test.exchangeable, 1.0, of=net)
        x = generic_points(net)
        joined, own, others = (
            float(exact_neuron(net, x[list(p)], i))
            for p, i in (((0, 1, 2, 3), (0, 0, 1, 1)), ((0, 1), (0, 0)), ((2, 3), (0, 0)))
        )
        squares = [float(exact_neuron(net, x[list(p)], (0, 0, 0, 0))) for p in ((0, 0, 1, 1), (2, 2, 3, 3))]
        error = test.effect * math.prod(squares) ** 0.5 / (Z_LIMIT + Z_POWER)
        expected = (joined - own * others) / error
        statement = f"{name}: H_0011 - H_00 H_11, in errors"
        study.monte_carlo("(S5), (S9)", statement, expected, test.independent, 1.0, of=net)
    # b_1 = b_2 and b_3 on its own: identically distributed, yet (S8) as printed fails.
    x1, x2, x3, x4 = 0.0, 0.4, 1.0, -0.3
    u, v = x1 - x2, x3 - x4

    def kernel(z: float) -> float:
        return float(np.exp(-(z**2) / 2))

    together, apart = (kernel(u + v) + kernel(u - v)) / 8, kernel(u) * kernel(v) / 4
    b = np.random.default_rng(study.seed(5)).normal(size=(draws, 2))
    values = [np.cos(row[:, 0] * u) * np.cos(row[:, 1] * v) / 4 for row in (b[:, [0, 0]], b)]
    for label, expected, one in zip(("H_1122", "H_1133"), (together, apart), values, strict=True):
        mcse = one.std(ddof=1) / draws**0.5
        study.monte_carlo("(S8)", f"b_1 = b_2 != b_3: {label}, phases integrated", expected, one.mean(), mcse)
    difference = values[0] - values[1]
    statement = "b_1 = b_2 != b_3: H_1122 - H_1133, printed as 0"
    mcse = difference.std(ddof=1) / draws**0.5
    study.monte_carlo("(S8)", statement, together - apart, difference.mean(), mcse)


def _rates(study: Study) -> None:
    """False alarms and power of the tests by draws, over many seeds at 4096 draws each."""
    draws = 4096
    fair = load("cos_net", width=3, dim=2)
    symmetries = asked(fair)
    z = np.array(
        [
            [t.z for t in sampled_symmetries(fair, symmetries, draws=draws, seed=study.seed(s)).values()]
            for s in range(SEEDS)
        ]
    )
    # No alarm at all: 3000 comparisons of 6e-7 each make one in 1 of 500 runs.
    study.between(
        "(20)",
        f"false alarms, |z| > 5, of {SEEDS} seeds",
        0.0,
        float((z > Z_LIMIT).any(axis=1).mean()),
        0,
        0.001,
        route="draws",
        of=fair,
    )
    ordinary = float((z[:, symmetries.index("Z2")] > 2.24).mean())  # the larger of two: 5 % beyond 2.24
    # 2 to 22 of 200 where 10 are expected: all but 6e-4 of the binomial law.
    study.between(
        "(12)",
        f"Z2 of {SEEDS} seeds: fraction beyond 2.24, two orders",
        0.05,
        ordinary,
        0.01,
        0.11,
        route="draws",
        of=fair,
    )
    # A mean field of exactly the effect that is promised to be seen: G1/sqrt(G2) = (5 + 2.33)/sqrt(draws), Z2.
    effect = (Z_LIMIT + Z_POWER) / draws**0.5
    offset = load("offset_cos_net", width=3, kappa=1.0, mu=effect / 3 * (1.5 / (1 - effect**2)) ** 0.5)
    caught = [
        sampled_symmetries(offset, ("Z2",), draws=draws, seed=study.seed(s))["Z2"].z > Z_LIMIT for s in range(SEEDS)
    ]
    study.between(
        "(12)",
        f"power at an effect of {effect:.3f}, Z2, {SEEDS} seeds",
        0.99,
        float(np.mean(caught)),
        0.97,
        1,
        route="draws",
        of=offset,
    )
    pinned = PinnedPhase(width=3, concentration=2.0)  # z is 10.4 +- 1: all are caught
    tests = [
        sampled_symmetries(pinned, ("translation",), draws=draws, seed=study.seed(s))["translation"]
        for s in range(SEEDS)
    ]
    power = float(np.mean([t.z > Z_LIMIT for t in tests]))
    study.between(
        "(20)", f"power for von Mises phases, translation, {SEEDS} seeds", 1.0, power, 0.99, 1.0, route="draws"
    )
