"""Densities of masses, (13)-(16), and reflection positivity by draws where a theory has no exact kernel.

A two-point function is reflection positive if and only if it is a mixture of free ones, by Kallen and Lehmann: so a
density of masses makes a positive theory at N = infinity, up to the cutoff without which no field can be drawn. At
finite width products of fields fail all the same, in d >= 2 without exception, and an action changes nothing of that.
"""

from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import j0, k0

from nnqft_ppl import Spectrum, deform, design, energies, load
from nnqft_ppl.axioms.gram import gram, positivity, products, reflect, reflection_test, two_point_gram
from nnqft_ppl.axioms.imaginary_time import kallen_lehmann, rho
from nnqft_ppl.axioms.products import pair_verdicts
from nnqft_ppl.axioms.reflection_positivity import TIMES, half_space, linear_verdicts
from nnqft_ppl.axioms.verdicts import together
from nnqft_ppl.correlation.fields import fields
from nnqft_ppl.interacting.energies import places
from nnqft_ppl.studies import Study

MASSES, WEIGHTS = (1.0, 2.0), (0.5, 0.5)
LATER = np.arange(2, 17) / 4
GRID = np.array([[0.1], [0.6], [1.2]])


def run(study: Study) -> None:
    _energies(study)
    _drawn(study)
    _pairs(study)
    _by_draws(study)
    if not study.quick:
        _without_momentum(study)


def mixture(**settings: Any) -> Any:
    return load("tuned_net", spectrum=Spectrum.of_masses(MASSES, WEIGHTS), **settings)


def _energies(study: Study) -> None:
    """Equal weights at the masses 1 and 2: [K_0(r) + K_0(2r)]/(4 pi) in the plane, and the energies that it has."""
    for dim in (2,) if study.quick else (1, 2, 3):
        net = mixture(dim=dim, cutoff=20.0)
        found = kallen_lehmann(LATER, rho(net, LATER, uncut=True))
        at: dict[str, Any] = {"route": "quadrature", "of": net}
        study.exact("(16)", f"d={dim}, masses 1 and 2: number of energies at p = 0", 2, len(found.lines), 0.0, **at)
        for mass, (energy, weight) in zip(MASSES, found.lines, strict=False):
            study.exact("(15), (16)", f"d={dim}, masses 1 and 2: energy {mass:g}", mass, energy, 1e-6, **at)
            half = 0.5 / (2 * mass)
            study.exact("(15), (16)", f"d={dim}, masses 1 and 2: its weight w/(2m)", half, weight, 1e-6, **at)
        held = float(together(linear_verdicts(net)) == "up to cutoff")
        study.exact("(13), (30)", f"d={dim}, masses 1 and 2: positive up to its cutoff", 1.0, held, 0.0, **at)
    points = half_space(mixture(dim=2, cutoff=20.0))

    def kernel(x: np.ndarray, y: np.ndarray, sign: float = 1.0) -> np.ndarray:
        r = np.linalg.norm(x - y, axis=-1)
        return (k0(r) + sign * k0(2 * r)) / (4 * np.pi)

    lowest = positivity(two_point_gram(kernel, points))
    zero = lowest.tolerance / lowest.norm
    statement = "d=2: [K_0(r) + K_0(2r)]/(4 pi), lowest / largest eigenvalue"
    study.between("(13)", statement, 0.0, lowest.lowest / lowest.norm, -zero, 1.0, route="identity")
    wrong = positivity(two_point_gram(lambda x, y: kernel(x, y, -0.5), points))
    statement = "d=2: K_0(r) - K_0(2r)/2, a weight below zero, fails"
    study.between("(13)", statement, 0.0, wrong.lowest / wrong.norm, -1.0, -10 * zero, route="identity")


def _drawn(study: Study) -> None:
    """What `design` draws has the mixture with its cutoff: int_0^Lambda p dp/(2 pi) J_0(pr) G(p)."""
    draws = 40_000 if study.quick else 400_000
    cutoff = 6.0
    found = design(
        (MASSES, WEIGHTS), kallen_lehmann=True, dim=2, width=4, cutoff=cutoff, draws=draws, seed=study.seed(1)
    )

    def spectrum(p: float) -> float:
        return 0.5 / (p**2 + 1) + 0.5 / (p**2 + 4)

    for r, estimate, mcse in list(zip(found.radii, found.estimate, found.mcse, strict=True))[:4]:
        expected = quad(lambda p, r=r: p * j0(p * r) * spectrum(p) / (2 * np.pi), 0, cutoff, epsabs=1e-12)[0]
        statement = f"d=2, masses 1 and 2 below 6: K({r:.3g}), draws"
        study.monte_carlo("(25), (26), (30)", statement, expected, estimate, mcse, of=found.net)


def _pairs(study: Study) -> None:
    """In d >= 2 pairs fail at every finite width, without a cutoff too."""
    net = load("cutoff_free_scalar", dim=2, power=1.2, width=10)
    pairs = [np.array([[1.5, 0.5], [0.5, -0.5]]), np.array([[1.5, -0.6], [0.5, 0.6]])]
    found = np.linalg.eigvalsh(gram(net, pairs))
    for expected, value, which in zip((-0.0350686, 0.0456228), found, ("lower", "upper"), strict=True):
        statement = f"cutoff-free d=2, s=1.2, N=10, two pairs: {which} eigenvalue"
        study.exact("(13), (31)", statement, expected, float(value), 2e-6, route="other code", of=net)
    net = load("cutoff_free_scalar", dim=3, power=2.0, width=10)
    (verdict,) = pair_verdicts(net)
    # M_4 is a delta function, so that a pair far away has G4 = (1 - 1/N) G2^2: the matrix of {1, A, A'} by hand.
    lowest = 1.5 - (0.25 + 2 / 0.9) ** 0.5
    statement = "cutoff-free d=3, s=2, N=10: {1, A, A'} far away, lowest / largest"
    study.exact("(13)", statement, lowest / (3 - lowest), verdict.statistic, 1e-8, route="other code", of=net)
    for name, settings in (("vector", {"components": 3}), ("wine_bottle", {}), ("many_bottles", {})):
        for dim in (2, 3):
            net = load(name, dim=dim, width=1000, **settings)
            failed = float(together(pair_verdicts(net)) == "fail")
            statement = f"{name} d={dim}, N=1000: pairs of all components fail"
            study.exact("(13), (42)", statement, 1.0, failed, 0.0, route="identity", of=net)


def _by_draws(study: Study) -> None:
    """The norm of a functional that is fixed beforehand, by draws: with an exact kernel, and with an action."""
    draws = 40_000 if study.quick else 400_000
    net = load("cauchy", width=2)
    chosen = products(GRID, 1, 1, 3)
    values, vectors = np.linalg.eigh(chosen.gram(net))
    sample = fields(net, np.concatenate([reflect(GRID), GRID]), draws=draws, seed=study.seed(2))
    found = reflection_test(sample, chosen, vectors[:, 0])
    statement = "Cauchy net N=2, {phi, phi^3}: norm of the lowest functional, draws"
    study.monte_carlo("(13)", statement, float(values[0]), found.value, found.mcse, of=net)
    # One neuron with an action is an integral over a, b and c.
    one, around = load("cos_net", width=1), np.linspace(-2.0, 2.0, 9)[:, None]
    model = deform(one, "0.3*phi^4", around, np.full(9, 0.5))
    at = TIMES[:3, None]
    sample = fields(model, np.concatenate([reflect(at), at]), draws=draws, seed=study.seed(3))
    chosen = products(at, 1, 1)
    direction = np.linalg.eigh(two_point_gram(one.two_point, at))[1][:, 0]
    found = reflection_test(sample, chosen, direction)
    expected = _integrated(around, at, direction)
    statement = "one neuron with phi^4: norm of the free theory's lowest functional, draws"
    study.monte_carlo("(13)", statement, expected, found.value, found.mcse, of=one)


def _without_momentum(study: Study) -> None:
    """Means over space of a torus have modes (k, 0) alone: how they decay between two times, d = 2 and 3."""
    for dim in (2, 3):
        net = load("torus", dim=dim, width=20, mass=1.0, period=4.0, cutoff=6.0, regulator="hard")
        times, space = 0.3 * np.arange(5), places(net, nodes=4)  # momenta up to 6 alias with 0 from 2 pi on
        options: dict[str, Any] = {"shifts": (0,), "lags": (0, 1), "seed": study.seed(5)}
        found = energies(net, times, space=space, draws=100_000, **options)
        k = np.pi / 2 * np.arange(-3, 4)
        start, later = (np.sum(np.cos(k * t) / (k**2 + 1)) for t in (0.0, 0.3))
        statement = f"torus d={dim}: decay of means over space, a sum over (k, 0), by draws"
        expected = -np.log(later / start) / 0.3
        study.monte_carlo("(15), (16)", statement, expected, found.energies[0], found.errors[0], of=net)


def _integrated(around: np.ndarray, at: np.ndarray, direction: np.ndarray) -> float:
    """E[theta(A) A] of one neuron a cos(bx + c) with 0.15 sum phi^4, by the trapezoidal rule in NumPy."""
    a, b, c = np.linspace(-6, 6, 121), np.linspace(-6, 6, 241), 2 * np.pi * np.arange(24) / 24

    def waves(x: np.ndarray) -> np.ndarray:
        return np.cos(b[:, None, None] * x[:, 0] + c[:, None])

    quartic = (waves(around) ** 4).sum(axis=-1)
    norm = (waves(-at) @ direction) * (waves(at) @ direction)
    weight = np.exp(-0.15 * a[:, None, None] ** 4 * quartic - a[:, None, None] ** 2 / 2 - b[:, None] ** 2 / 2)
    return float((weight * a[:, None, None] ** 2 * norm).sum() / weight.sum())
