"""Many bottles: (44) for several a_j, whose vacua have moduli beside Goldstones, and a coupling that lifts them.

The vacua of k bottles are (S^(D-1))^k. Generic ones break SO(D) to SO(D-k); the other zero modes are relative angles,
which exp(-g sum_(i<j) (a_i.a_j)^2) gives the mass^2 4 g v^2 each: with d_ij the component of a_i along a_j/v, the
energy g v^2 (d_ij + d_ji)^2 leaves the rotation d_ij = -d_ji alone.
"""

from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl import exact_correlator, load, vacua
from nnqft_ppl.classical.vacua import ChosenVacuum
from nnqft_ppl.laws import BottleLaw, CoupledBottles
from nnqft_ppl.studies import Study

X = np.array([[0.0], [0.4], [1.0], [1.7]])
V, SIGMA, STRENGTH = 1.3, 0.7, 0.4
COUNTS = ((3, 2, 3, 1), (4, 2, 5, 1), (4, 3, 6, 3))  #: D, k, Goldstones and moduli


def run(study: Study) -> None:
    _spectra(study)
    if not study.quick:
        _search(study)
    _ensemble(study)
    _about_a_vacuum(study)


def bottles(count: int, number: int, **settings: Any) -> Any:
    return load("many_bottles", width=2, components=count, bottles=number, radius=V, sigma_v=SIGMA, **settings)


def hessian(count: int, directions: np.ndarray, strength: float) -> np.ndarray:
    """Eigenvalues of the Hessian of -log P at a_j = v n_j, ascending, by second differences in NumPy."""
    number = len(directions)
    top = (V * directions).ravel()

    def energy(a: np.ndarray) -> float:
        rows = a.reshape(number, count)
        own = np.sum((np.sum(rows**2, axis=1) - V**2) ** 2) / (2 * SIGMA**2)
        return float(own + strength * sum((rows[i] @ rows[j]) ** 2 for i, j in combinations(range(number), 2)))

    size, step = len(top), 1e-4
    shifts = step * np.eye(size)
    matrix = [
        [
            (
                energy(top + shifts[i] + shifts[j])
                - energy(top + shifts[i] - shifts[j])
                - energy(top - shifts[i] + shifts[j])
                + energy(top - shifts[i] - shifts[j])
            )
            / (4 * step**2)
            for j in range(size)
        ]
        for i in range(size)
    ]
    return np.linalg.eigvalsh(np.array(matrix))


def orbit(count: int, directions: np.ndarray) -> int:
    """How many of the D(D-1)/2 rotations move the vectors: the rank of their images, which knows no formula."""
    moved = []
    for i, j in combinations(range(count), 2):
        turn = np.zeros((count, count))
        turn[i, j], turn[j, i] = 1.0, -1.0
        moved.append((directions @ turn.T).ravel())
    return int(np.linalg.matrix_rank(np.array(moved), 1e-9))


def _spectra(study: Study) -> None:
    """Zero modes and masses, at generic directions without the coupling and at right angles with it."""
    rng = np.random.default_rng(study.seed(0))
    for count, number, goldstones, moduli in COUNTS:
        label = f"D={count}, k={number}"
        generic = rng.normal(size=(number, count))
        generic /= np.linalg.norm(generic, axis=1, keepdims=True)
        right = np.eye(number, count)
        free, bound = hessian(count, generic, 0.0), hessian(count, right, STRENGTH)
        zero, still = (int(np.sum(np.abs(one) < 1e-4)) for one in (free, bound))
        turning, square = orbit(count, generic), 4 * V**2 / SIGMA**2
        for statement, expected, found in (
            ("zero modes at generic angles, k (D-1)", number * (count - 1), zero),
            ("Goldstones, rotations that move the vectors", goldstones, turning),
            ("moduli, the other zero modes", moduli, zero - turning),
            ("with the coupling only Goldstones are massless", goldstones, still),
        ):
            study.exact("(44)", f"{label}: {statement}", expected, found, 0.0, route="other code")
        for statement, expected, found in (
            ("mass^2 of the lifted moduli, 4 g v^2", 4 * STRENGTH * V**2, bound[still : still + moduli].mean()),
            ("generic angles: k masses^2 4 v^2/sigma_v^2", square, free[-number:].mean()),
            ("right angles: k masses^2 4 v^2/sigma_v^2", square, bound[-number:].mean()),
        ):
            study.exact("(44)", f"{label}, {statement}", expected, float(found), 1e-5, route="other code")


def _search(study: Study) -> None:
    """The library's search of P(a), which is told none of this."""
    for count, number, strength, goldstones, moduli in ((3, 2, 0.0, 3, 1), (4, 3, 0.0, 6, 3), (3, 2, STRENGTH, 3, 0)):
        net = bottles(count, number, strength=strength)
        found, label = vacua(net, seed=study.seed(1)), f"D={count}, k={number}, g={strength:g}"
        at: dict[str, Any] = {"route": "quadrature", "of": net}
        study.exact("(44)", f"{label}: Goldstones found", goldstones, found.goldstones, 0.0, **at)
        study.exact("(44)", f"{label}: moduli found", moduli, found.moduli, 0.0, **at)
        study.exact("(44)", f"{label}: radius found", V, found.radius, 1e-8, **at)
        study.exact("(44)", f"{label}: smallest of k masses^2", 4 * V**2 / SIGMA**2, found.masses[-number], 1e-6, **at)


def _ensemble(study: Study) -> None:
    """Correlators of all components by networks in NumPy, with and without the coupling; and of the joint law."""
    draws = 100_000 if study.quick else 300_000
    for strength in (0.0, 1.0):
        net = bottles(3, 2, strength=strength)
        phi = _fields(net, _amplitudes(net, draws, study.seed(2)), draws, study.seed(3))
        for components in ((0, 0), (0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 1)):
            product = np.prod([phi[:, p, k] for p, k in enumerate(components)], axis=0)
            if len(components) == 2:
                expected = float(net.two_point(X[0], X[1]))
            else:
                expected = float(net.connected_four_point(X, components)) + _wick(net, components)
            name = "".join(map(str, components))
            statement = f"D=3, k=2, g={strength:g}: G{len(components)}_{name}, draws"
            study.monte_carlo("(42), (44)", statement, expected, product.mean(), product.std() / draws**0.5, of=net)
    law = CoupledBottles(BottleLaw(V, SIGMA, 3), 2, 1.0)
    a = np.asarray(jax.jit(lambda key: law.sample(key, (draws,)))(jax.random.key(study.seed(4))), dtype=float)
    squares, cross = np.sum(a**2, axis=-1), np.sum(a[:, 0] * a[:, 1], axis=-1) ** 2
    for name, values, moments in (
        ("E|a_1|^2", squares[:, 0], (2, 0)),
        ("E[|a_1|^2 |a_2|^2]", squares.prod(axis=1), (2, 2)),
        ("E(a_1.a_2)^2", cross, (2, 2, 2)),
    ):
        mcse = values.std() / draws**0.5
        statement = f"two coupled bottles, g=1: {name}, draws"
        study.monte_carlo("(44)", statement, law.pair_moment(*moments), values.mean(), mcse)


def _wick(net: Any, components: tuple[int, ...]) -> float:
    """sum over pairings of delta G2 delta G2."""
    total = 0.0
    for i, j, k, l in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        pairs = ((i, j), (k, l))
        total += float(np.prod([net.two_point(X[p], X[q], components[p], components[q]) for p, q in pairs]))
    return total


def _amplitudes(net: Any, draws: int, seed: int) -> np.ndarray:
    sample = jax.jit(lambda key: net.amplitudes().sample(key, (draws,)))
    return np.asarray(sample(jax.random.key(seed)), dtype=float)


def _fields(net: Any, a: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """phi at X, (draws, 4, D), of neurons that NumPy draws."""
    rng = np.random.default_rng(seed)
    shape = (draws, net.neuron_count)
    b, c = rng.normal(size=shape), rng.uniform(-np.pi, np.pi, size=shape)
    return np.stack([np.einsum("nj,njk->nk", np.cos(b * x + c), a) for x in X[:, 0]], axis=1)


def _about_a_vacuum(study: Study) -> None:
    """D = 3, two bottles at an angle: correlators about that vacuum by draws turned into it."""
    net, angle = bottles(3, 2), 0.7
    directions = ((1.0, 0.0, 0.0), (np.cos(angle), np.sin(angle), 0.0))
    chosen, draws = ChosenVacuum(net, directions), 100_000 if study.quick else 300_000
    a = _amplitudes(net, draws, study.seed(5))
    a = np.asarray(chosen.choose({"a": jnp.asarray(a)})["a"], dtype=float)
    phi = _fields(net, a, draws, study.seed(6))
    for components in ((0, 0), (0, 1), (2, 2), (0, 0, 1, 1), (0, 1, 0, 1), (0, 0, 2, 2)):
        product = np.prod([phi[:, p, k] for p, k in enumerate(components)], axis=0)
        expected = float(exact_correlator(chosen, X[: len(components)], components=components))
        statement = f"D=3, two bottles at 0.7: G{len(components)}_{''.join(map(str, components))} about it, draws"
        study.monte_carlo("(42), (44)", statement, expected, product.mean(), product.std() / draws**0.5, of=net)
