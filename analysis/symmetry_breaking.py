"""Symmetries that break: the wine bottle (42)-(44), a source that chooses a vacuum, explicit breaking.

The vacua and their masses come from a search; correlators of the whole ensemble and of fluctuations about one vacuum
are held against exact draws and against NUTS on the theory's program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl import breaking, exact_correlator, load, posterior, vacua
from nnqft_ppl.classical.vacua import ChosenVacuum, Vacua, bottle_moments
from nnqft_ppl.laws import BottleLaw, isotropic_moment
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    alike,
    cumulant,
    gaussian_neurons,
    over_lists,
)
from nnqft_ppl.theory import AmplitudeGroup

X = np.array([[0.0], [0.4], [1.0], [1.7]])
V, SIGMA = 1.3, 0.7


def run(study: Study) -> None:
    manifolds = {}
    for count in (2,) if study.quick else (2, 3, 4):
        net = load("wine_bottle", components=count, radius=V, sigma_v=SIGMA)
        found = manifolds[count] = vacua(net)
        at: Any = {"route": "quadrature", "of": net}
        mass, others = "mass^2 of the radial mode, 4 v^2/sigma_v^2", float(np.abs(found.masses[:-1]).max())
        study.exact("(44)", f"D={count}: radius of the vacua", V, found.radius, **at)
        study.exact("(44)", f"D={count}: {mass}", 4 * V**2 / SIGMA**2, found.masses[-1], **at)
        study.exact("(44)", f"D={count}: massless directions, D - 1", count - 1, found.goldstones, 0.0, **at)
        study.exact("(44)", f"D={count}: largest mass^2 of those", 0.0, others, **at)
    net = load("vector", components=3)
    study.exact("(43)", "vector: radius of the vacuum", 0.0, vacua(net).radius, route="quadrature", of=net)
    _correlators(study)
    _tilts(study)
    _limits(study)
    _many(study)
    _fates(study, manifolds[2])


def _correlators(study: Study) -> None:
    """The ensemble keeps SO(D); fluctuations about a vacuum keep SO(D-1)."""
    net: Any = load("wine_bottle", width=2, radius=V, sigma_v=SIGMA)
    chosen = ChosenVacuum(net, ((1.0, 0.0),))
    draws = 2_000 if study.quick else 10_000
    sources = {"exact draws": _drawn(study, net, draws * 20)}
    if not study.quick:
        sources["NUTS"] = _chains(study, net, draws // 4)
    for name, (a, phi_of) in sources.items():
        for label, theory, fields in (("ensemble", net, phi_of(a)), ("about n", chosen, phi_of(_turned(a)))):
            for components in ((0, 0), (1, 1), (0, 0, 1, 1), (0, 0, 0, 0)):
                n = len(components)
                exact = float(exact_correlator(theory, X[:n], components=components))
                product = np.prod([fields[..., p, k] for p, k in enumerate(components)], axis=0)
                mean, error = _batch_mean(product)
                text = "".join(map(str, components))
                study.monte_carlo("(42), (44)", f"{label}: G{n}_{text} by {name}", exact, mean, error, of=net)


def _drawn(study: Study, net: Any, draws: int) -> Any:
    def draw(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        theta = net.sample(key, draws)
        return theta["a"], jax.vmap(lambda one: net.neurons(one, jnp.asarray(X)))(theta)

    amplitudes, h = (np.asarray(value) for value in jax.jit(draw)(jax.random.key(study.seed(4))))
    return amplitudes[None], lambda a: np.einsum("snp,csnk->cspk", h, a)


def _chains(study: Study, net: Any, draws: int) -> Any:
    result = posterior(net, X, draws=draws, warmup=500, seed=study.seed(2), parameters=True, sampler="nuts")
    tree = {site: result.tree[f"posterior/{site}"].to_numpy() for site in ("a", "b", "c")}
    h = np.cos(np.einsum("csnd,pd->csnp", tree["b"], X) + tree["c"][..., None])
    return tree["a"], lambda a: np.einsum("csnp,csnk->cspk", h, a)


def _turned(a: np.ndarray) -> np.ndarray:
    """a_0, the last row, turned into the direction e_0."""
    turned = a.copy()
    turned[..., -1, :] = 0.0
    turned[..., -1, 0] = np.linalg.norm(a[..., -1, :], axis=-1)
    return turned


def _batch_mean(values: np.ndarray) -> tuple[float, float]:
    """Mean and its error from 50 batches, which also holds for chains."""
    batches = values.reshape(-1)[: values.size // 50 * 50].reshape(50, -1).mean(axis=1)
    return float(batches.mean()), float(batches.std(ddof=1) / 50**0.5)


def _tilts(study: Study) -> None:
    for count in (2, 3, 4):
        bottle = BottleLaw(1.0, 0.5, count)
        for j in (0.1, 1.0, 10.0):
            moments = bottle_moments(bottle, j)
            study.exact(
                "(44)",
                f"D={count}, tilt j={j:g}: <a_perp^2> = <a_par>/j",
                moments.parallel / j,
                moments.perpendicular_square,
                route="quadrature",
            )
        draw = jax.jit(lambda key, bottle=bottle: bottle.sample(key, (400_000,)))
        a = np.asarray(draw(jax.random.key(study.seed(count))))
        weight = np.exp(a[:, 0])
        weight /= weight.sum()
        mean = float(weight @ a[:, 0])
        error = float(np.sqrt(np.sum((weight * (a[:, 0] - mean)) ** 2)))
        study.monte_carlo(
            "(44)", f"D={count}, tilt j=1: <a_par> by weighted draws", bottle_moments(bottle, 1.0).parallel, mean, error
        )


def _limits(study: Study) -> None:
    bottle = BottleLaw(V, SIGMA, 3)
    j = 1e-4
    small = j * bottle.radial_moment(2) / 3
    study.exact(
        "(44)",
        "j -> 0: <a_par> = j E r^2/D, no breaking remains",
        small,
        bottle_moments(bottle, j).parallel,
        1e-6,
        route="quadrature",
    )
    narrow = BottleLaw(1.0, 0.05, 3)
    loop = 1.0 + 0.05**2 * (2 * 3 - 5) / 8
    study.between(
        "(44)",
        "narrow brim, D=3: E r = v + sigma^2 (2D-5)/(8 v^3) + O(sigma^4)",
        loop,
        narrow.radial_moment(1),
        loop - 0.05**4,
        loop + 0.05**4,
        route="quadrature",
    )
    variance = narrow.radial_moment(2) - narrow.radial_moment(1) ** 2
    study.between(
        "(44)",
        "narrow brim, D=3: Var r / (sigma^2/4v^2)",
        1.0,
        variance / (0.05**2 / 4),
        0.98,
        1.02,
        route="quadrature",
    )
    if not study.quick:
        flat = vacua(load("wine_bottle", radius=1e-4, sigma_v=0.5))
        study.between(
            "(44)", "v -> 0: the radial mass^2 goes to zero", 0.0, flat.masses[-1], 0.0, 1e-6, route="quadrature"
        )


@dataclass(frozen=True)
class _Bottles:
    """k neurons in bottles of radius v/sqrt k, and no others: (44) for several a_j."""

    net: Any
    bottles: int
    independent: ClassVar[bool] = True
    dim = 1
    component_count = 2

    @property
    def width(self) -> int:
        return self.bottles

    @property
    def neuron_count(self) -> int:
        return self.bottles

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        bottle = BottleLaw(V, SIGMA, 2)  # of sqrt(k) a_j
        return (AmplitudeGroup(self.bottles, lambda c: isotropic_moment(c, bottle.radial_moment, 2)),)

    def neuron_moment(self, points: np.ndarray) -> np.ndarray:
        return self.net.neuron_moment(points)

    def joint_neuron_moment(self, blocks: Sequence[np.ndarray]) -> np.ndarray:
        return self.net.joint_neuron_moment(blocks)


def _many(study: Study) -> None:
    """Many neurons in bottles: G2 stays, interactions fall like 1/k, and the theory becomes Gaussian."""
    net = load("vector")
    pairings = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    g2 = np.array([[float(exact_correlator(_Bottles(net, 1), X[[i, j]])) for j in range(4)] for i in range(4)])
    wick = sum(g2[i, j] * g2[k, l] for i, j, k, l in pairings)
    one = float(exact_correlator(_Bottles(net, 1), X, "connected"))
    draws, rng = 400_000 if study.quick else 1_600_000, np.random.default_rng(study.seed(6))
    in_bottles = jax.jit(BottleLaw(V, SIGMA, 2).sample, static_argnums=1)
    for count in (1, 2, 4):
        key = jax.random.key(study.seed(10 + count))
        a = np.asarray(in_bottles(key, (draws, count)))[..., 0] / count**0.5
        b, c = rng.normal(size=(draws, count)), rng.uniform(-np.pi, np.pi, size=(draws, count))
        phi = np.stack([np.sum(a * np.cos(b * x + c), axis=1) for x in X[:, 0]])
        pair = phi[0] * phi[1]
        statement = f"k={count} neurons in bottles v/sqrt k: G2 is that of one, draws"
        study.monte_carlo("(44)", statement, g2[0, 1], pair.mean(), pair.std() / draws**0.5)
        # G2 being known, its fluctuations are taken out of G4c; what is left has the smaller error.
        terms = phi.prod(axis=0) + wick
        for i, j, k, l in pairings:
            terms -= phi[i] * phi[j] * g2[k, l] + phi[k] * phi[l] * g2[i, j]
        statement = f"k={count} neurons in bottles v/sqrt k: G4c is 1/k of that of one, draws"
        study.monte_carlo("(44)", statement, one / count, terms.mean(), terms.std() / draws**0.5)


def _fates(study: Study, bottle: Vacua) -> None:
    expected = {
        "cos_net": ("symmetric",),
        "shifted_cos_net": ("explicitly broken",),
        "offset_cos_net": ("explicitly broken",),
        "vector": ("symmetric", "symmetric"),
        "wine_bottle": ("spontaneously broken", "spontaneously broken"),
        "landscape": ("spontaneously broken",),
        "line": ("explicitly broken",),
    }
    for name in ("cos_net", "shifted_cos_net", "wine_bottle") if study.quick else expected:
        own = name == "wine_bottle"
        net = load(name, radius=V, sigma_v=SIGMA) if own else load(name)
        found = breaking(net, seed=study.seed(0), manifold=bottle if own else None)
        for one, word in zip(found, expected[name], strict=True):
            study.exact(
                "(42), (43), (44)",
                f"{name}: {one.symmetry} is {word}",
                1,
                int(one.fate == word),
                0.0,
                route="quadrature",
            )
    for name, settings, orders in (("offset_cos_net", {}, (1, 2, 3)), ("shifted_cos_net", {}, (1, 3))):
        net: Any = load(name, width=4, **settings)
        field = over_lists(gaussian_neurons(net, X[:3]), alike(net.amplitude_moment, 4))
        for order in orders:
            closed = float(exact_correlator(net, X[:order], "connected"))
            if name == "offset_cos_net":
                x = X[:order]
                forms = {1: net.mean_field, 3: net.connected_three_point}
                value = net.connected_two_point(*x) if order == 2 else forms[order](x)
                closed = float(np.ravel(value)[0])
            words = "" if name == "offset_cos_net" else " vanishes although E a = mu"
            statement = f"{name}: G{order}c{words}, lists of neurons"
            found = cumulant(field, range(order))
            study.exact("(42)", statement, closed, found, route="quadrature", of=net)
