"""Reflection positivity: (13)-(16), (32), (33), who has it, what a cutoff costs, and what a finite width does.

The necessary and sufficient form of (16) is rho(p, tau) = int dnu_p(E) exp(-E tau) with nu_p >= 0; the printed product
is the case of a single energy. A smooth rho is never of that form, so every theory of Gaussian frequencies fails, and
every cutoff. At finite width products of fields fail where the two-point function passes.

Lowest eigenvalues that are quoted to many digits come from `tests/reference/derive_grams.py`, which uses mpmath alone.
"""

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gamma, k0, k1, kv, roots_legendre

from nnqft_ppl import load
from nnqft_ppl.axioms.gram import (
    Positivity,
    gram,
    hausdorff_gram,
    monomials,
    normalised_positivity,
    positivity,
    sampled_reflection,
    two_point_gram,
)
from nnqft_ppl.axioms.imaginary_time import cutoff_tolerance, kallen_lehmann, kink_exponent, rho
from nnqft_ppl.axioms.products import pair_verdicts
from nnqft_ppl.axioms.reflection_positivity import TIMES, linear_verdicts, rho_gram
from nnqft_ppl.axioms.verdicts import together
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import Architecture

GRID = TIMES[:, None]


def matern(nu: float):
    return lambda r: 2 ** (1 - nu) / gamma(nu) * r**nu * kv(nu, r)


#: Kernels on the line with their lowest eigenvalues on the grid 1/4, 2/4, .. 2; zero for those that are positive.
KERNELS = {
    "exp(-t)": (lambda r: np.exp(-r), 0.0),
    "exp(-t)/2 + exp(-3t)/2": (lambda r: (np.exp(-r) + np.exp(-3 * r)) / 2, 0.0),
    "Matern 1/4": (matern(0.25), 1.65580973568678e-13),
    "constant": (np.ones_like, 0.0),
    "Gaussian": (lambda r: np.exp(-(r**2) / 2), -0.204888818315338),
    "Matern 3/2": (matern(1.5), -0.112527084511487),
    "Matern 3/4": (matern(0.75), -0.0249251863024673),
    "rational quadratic": (lambda r: (1 + r**2 / 4) ** -2, -0.0847825732522137),
    "1/(1 + t^2/2)": (lambda r: 1 / (1 + r**2 / 2), -0.0311913449315999),
    "F = b.b": (lambda r: (r**4 - 6 * r**2 + 3) / 3 * np.exp(-(r**2) / 2), -1.86735543264236),
    "sin(2t)/(2t)": (lambda r: np.sin(2 * r) / (2 * r), -0.744721386719647),
    "cos(t)": (np.cos, -4.89009145021617),
    "exp(-t) - exp(-10t)/10": (lambda r: np.exp(-r) - np.exp(-10 * r) / 10, -0.000370229990197139),
}
CUTOFFS = {5: -0.0190254711570231, 10: -0.00854001007431555, 20: -0.00192028084138618, 50: -5.48727094407538e-05,
           100: -1.21470605651834e-05}  # fmt: skip


#: The cards that have such a kernel, up to a factor.
CARDS: dict[str, tuple[str, dict[str, Any]]] = {
    "exp(-t)": ("cauchy", {}),
    "Matern 1/4": ("matern", {"nu": 0.25}),
    "Matern 3/4": ("matern", {"nu": 0.75}),
    "Matern 3/2": ("matern", {"nu": 1.5}),
    "Gaussian": ("cos_net", {}),
    "F = b.b": ("cos_net", {"envelope": "b.b"}),
}


def run(study: Study) -> None:
    for name, (kernel, lowest) in KERNELS.items():
        net, two_point = None, on_line(kernel)
        if name in CARDS:
            card, settings = CARDS[name]
            net = load(card, **settings)
            two_point = partial(_normalised, net)
        found = positivity(two_point_gram(two_point, GRID))
        label = name if net is None else f"{CARDS[name][0]}, {name}"
        reach = max(1e-9 * abs(lowest), found.tolerance)  # mpmath's value, or zero to rounding
        at: dict[str, Any] = {"route": "other code", "of": net}
        study.between("(13)", f"{label}: lowest eigenvalue", lowest, found.lowest, lowest - reach, lowest + reach, **at)
        steps = positivity(hausdorff_gram(two_point, GRID, 0.25))
        _sign(study, "(16)", f"{label}: Hausdorff's difference", steps, net, positive=lowest >= 0)
    _both_sides(study)
    _energies(study)
    _kinks(study)
    _coordinates(study)
    _cutoff(study)
    _products(study)
    _mirrored(study)
    _draws(study)
    _picture(study)


def _normalised(net: Architecture, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return net.two_point(x, y) / net.two_point(np.zeros(1), np.zeros(1))


def _sign(
    study: Study, equation: str, label: str, found: Positivity, net: Any, *, positive: bool, least: float = 0.0
) -> None:
    """The lowest eigenvalue over the largest in modulus, between -1 and 1: its sign, beyond rounding or `least`."""
    zero = found.tolerance / found.norm if found.norm else 0.0
    low, high = (-zero, 1.0) if positive else (-1.0, -max(zero, least))
    value = found.lowest / found.norm if found.norm else found.lowest
    study.between(equation, f"{label}: lowest / largest eigenvalue", 0.0, value, low, high, route="identity", of=net)


def on_line(kernel):
    return lambda x, y: kernel(np.linalg.norm(x - y, axis=-1))


def canonical_free(dim: int, power: float = 0.5):
    net: Any = load("cutoff_free_scalar", dim=dim, power=dim / 2 + power)
    return replace(net, sigma_a=net.canonical_sigma_a())


def canonical(cutoff: float, **settings):
    net: Any = load("free_scalar", cutoff=float(cutoff), **settings)
    return replace(net, sigma_a=net.canonical_sigma_a())


def _both_sides(study: Study) -> None:
    """(13) in position space against (14) over momenta: the free scalar in the plane, complex weights."""
    x, weight = np.array([[0.3, 0.0], [0.8, 0.7], [1.5, -0.4]]), np.array([1.0, 0.5j, -0.8 + 0.3j])
    net = canonical_free(2)
    left = weight.conj() @ two_point_gram(net.two_point, x) @ weight

    def integrand(p: float) -> float:
        mu = np.hypot(p, 1.0)
        transform = np.sum(weight * np.exp(1j * p * x[:, 1] - mu * x[:, 0]))
        return float(np.abs(transform) ** 2 / (2 * mu * 2 * np.pi))

    right = quad(integrand, -np.inf, np.inf, epsabs=1e-13)[0]
    statement = "free scalar d=2: f* f G over positions = over momenta"
    study.exact("(13), (14)", statement, right, float(left.real), 1e-9, route="quadrature", of=net)


def _energies(study: Study) -> None:
    """(15) and (16): rho by quadrature is the residue exp(-mu tau)/(2 mu), and the energies it contains."""
    tau = np.arange(2, 17) / 4
    for dim, momentum in ((2, (1.0,)), (3, (0.6, 0.8)), (4, (0.0, 0.0, 1.5))):
        net = canonical_free(dim)
        mu = float(np.sqrt(1 + np.sum(np.square(momentum))))
        found = rho(net, tau, momentum)
        gap = np.abs(found / (np.exp(-mu * tau) / (2 * mu)) - 1).max()
        at: dict[str, Any] = {"route": "quadrature", "of": net}
        study.exact("(15)", f"free d={dim}: rho / residue, worst of 15 times", 1.0, 1 + gap, 1e-7, **at)
        lowest = kallen_lehmann(tau, found).gap
        study.exact("(16)", f"free d={dim}: Kallen-Lehmann gap is mu", mu, lowest, 1e-3, **at)
    # Least squares over a grid of energies knows no closed measure.
    net = load("cauchy")
    ou, at = kallen_lehmann(tau, rho(net, tau)), {"route": "quadrature", "of": net}
    statement = "Cauchy net: misfit of a positive measure of energies"
    study.between("(16), (32), (33)", statement, 0.0, ou.residual, 0, 1e-6, **at)
    study.exact("(32), (33)", "Cauchy net: its one energy is m, in d=1 there is no p", 1.0, ou.gap, 1e-3, **at)
    kernel = KERNELS["exp(-t)/2 + exp(-3t)/2"][0]
    misfit = kallen_lehmann(tau, kernel(tau)).residual
    study.between("(16)", "two energies: misfit of a positive measure", 0.0, misfit, 0, 1e-6, route="quadrature")
    eigenvalues = np.linalg.eigvalsh(two_point_gram(on_line(kernel), GRID))
    # Two vectors exp(-E t)/sqrt 2: the eigenvalues of their Gram matrix, whose entries are elementary.
    squares = np.array([[np.sum(np.exp(-(e + f) * TIMES)) / 2 for e in (1, 3)] for f in (1, 3)])
    small, large = np.linalg.eigvalsh(squares)
    statement = "two energies: second eigenvalue / first is not 0, so (16) as printed is not necessary"
    study.exact("(16)", statement, small / large, eigenvalues[-2] / eigenvalues[-1], route="identity")
    net = load("cos_net")
    bad = kallen_lehmann(tau, rho(net, tau)).residual  # 1 without any measure at all
    study.between(
        "(16), (34)", "Cos-net: misfit of every positive measure", 0.0, bad, 0.1, 1.0, route="quadrature", of=net
    )
    # The density of energies of (p^2 + m^2)^(-a), 0 < a < 1, is its discontinuity sin(pi a)/pi (E^2 - m^2)^(-a).
    net, a, t = load("matern", nu=0.25), 0.75, 0.8
    strength = float(net.power_spectrum(np.zeros(1)))

    def spectral(u: float) -> float:  # E = 1 + u^4 removes the singularity of the threshold
        energy = 1 + u**4
        return np.sin(np.pi * a) / np.pi * (u**4 * (energy + 1)) ** -a * np.exp(-energy * t) * 4 * u**3

    right = strength * quad(spectral, 0, np.inf, epsabs=1e-12)[0]
    statement, value = "Matern 1/4: integral over its density of energies", float(net.two_point([t], [0.0]))
    study.exact("(16)", statement, value, right, 1e-8, route="quadrature", of=net)


def _kinks(study: Study) -> None:
    """rho(0) - rho(tau) ~ tau^alpha: convexity asks for alpha <= 1."""
    cards = [("cauchy", {}, 1.0), ("cos_net", {}, 2.0), ("matern", {"nu": 0.25}, 0.5), ("matern", {"nu": 0.75}, 1.5)]
    for name, settings, expected in [*cards, ("free_scalar", {"cutoff": 10.0}, 2.0)]:
        net = load(name, **settings)
        length = 1 / getattr(net, "cutoff", 1.0)
        found = kink_exponent(lambda tau, net=net: net.two_point(tau[:, None], np.zeros(1)), length)
        words = " ".join(f"{k}={v:g}" for k, v in settings.items())
        study.exact(
            "(16)", f"{name} {words}: exponent of the kink at tau = 0", expected, found, 2e-2, route="identity", of=net
        )


def _coordinates(study: Study) -> None:
    """The axiom in d dimensions needs points in d dimensions, or all momenta one by one."""
    plane = np.array(list(itertools.product(TIMES, (0.0, 1.0))))
    space = np.array(list(itertools.product(TIMES, (0.0, 0.5, 1.0), (0.0, 0.5, 1.0))))
    for dim, points in ((2, plane), (3, space), (4, np.pad(space, ((0, 0), (0, 1))))):
        net = canonical_free(dim)
        found = positivity(two_point_gram(net.two_point, points))
        _sign(study, "(13), (30)", f"free scalar d={dim}", found, net, positive=True)
    for name, kernel, points in (("exp(-r) in d=2", KERNELS["exp(-t)"][0], plane), ("K_0(r) in d=3", k0, space)):
        found = positivity(two_point_gram(on_line(kernel), points))
        _sign(study, "(13)", name, found, None, positive=False, least=1e-3)
    flat = positivity(two_point_gram(on_line(k0), space[space[:, 2] == 0]))
    _sign(study, "(13)", "K_0(r) in d=3, points of one plane, nothing seen", flat, None, positive=True)
    fixed = positivity(two_point_gram(on_line(lambda t: t * k1(t)), GRID))
    statement = "K_0(r) in d=3 at p=0: t K_1(t), lowest eigenvalue"
    study.exact("(14)", statement, -0.0551269343319944, fixed.lowest, 1e-9, route="other code")


def _cutoff(study: Study) -> None:
    """What a sharp cutoff costs, against the bound 2/(pi tau (Lambda^2 + m^2)) on its change of rho."""
    sums = np.add.outer(TIMES, TIMES)
    for cutoff, expected in CUTOFFS.items():
        net = canonical(cutoff)
        found = positivity(rho_gram(net, TIMES))
        statement = f"sharp Lambda={cutoff}: lowest eigenvalue"
        study.exact("(29), (30)", statement, expected, found.lowest, 1e-6, route="other code", of=net)
        bound = float(np.linalg.norm(cutoff_tolerance(net)(sums), 2))
        at: dict[str, Any] = {"route": "identity", "of": net}
        study.between("(30)", f"{statement}, within its bound", 0.0, found.lowest, -bound, 0.0, **at)
        worst = float(np.max(np.abs(rho_gram(net, TIMES) - np.exp(-sums) / 2) / cutoff_tolerance(net)(sums)))
        study.between("(30)", f"sharp Lambda={cutoff}: |rho - free| / bound, largest", 1.0, worst, 0.0, 1.0, **at)
    net = canonical(10)
    zero: Any = brentq(lambda t: float(rho(net, t)), 7.2, 7.4, xtol=1e-12)
    statement, at = "Lambda=10: rho < 0 beyond tau_x + tau_y", {"route": "quadrature", "of": net}
    found: Any = brentq(lambda t: _momenta(10.0, lambda p: np.cos(p * t)), 7.2, 7.4, xtol=1e-12)
    study.exact("(30)", statement, zero, found, 1e-8, **at)
    # A smooth function that annihilates exp(-tau), against ever larger cutoffs: faster than any power.
    tau = np.linspace(0.5, 2.5, 161)[1:-1]
    bump = np.exp(-2 / (1 - (tau - 1.5) ** 2))
    f = bump * (tau - np.sum(bump * tau * np.exp(-tau)) / np.sum(bump * np.exp(-tau)))
    f /= np.sqrt(f @ f)
    value: dict[int, float] = {}
    for cutoff in (5, 10, 40):
        net = canonical(cutoff)
        value[cutoff] = _momenta(cutoff, lambda p: np.real(np.square(np.exp(1j * np.outer(p, tau)) @ f)))
        statement = f"smooth test function, Lambda={cutoff}: norm, integral over momenta"
        # To 1e-11 of the free rho, which the function annihilates.
        low, high = value[cutoff] - 1e-11, value[cutoff] + 1e-11
        norm = float(f @ rho_gram(net, tau) @ f)
        study.between("(13)", statement, value[cutoff], norm, low, high, route="quadrature", of=net)
    power = np.log(abs(value[10] / value[40])) / np.log(4)
    # exp(-2/(1 - t^2)) has a transform like exp(-2 sqrt p), of which 20 to 80 are the squares: 4 (sqrt 40 - sqrt 10)
    # over log 4 is a power of 9.1, beside what oscillates.
    study.between(
        "(13)", "smooth test function: power of 1/Lambda from 10 to 40", 9.1, power, 8.0, 13.0, route="quadrature"
    )
    verdict = together(linear_verdicts(load("free_scalar", dim=3)))
    study.between(
        "(30)", "free scalar d=3: verdict is up to cutoff", 1.0, verdict == "up to cutoff", 1, 1, route="identity"
    )


def _momenta(cutoff: float, function: Callable[[np.ndarray], np.ndarray]) -> float:
    """int dp/2 pi function(p)/(p^2 + 1) over |p| < Lambda of an even function, by Gauss's rule."""
    nodes, weights = roots_legendre(400)
    p = cutoff * (nodes + 1) / 2
    return float(cutoff / 2 * weights @ (function(p) / (p**2 + 1)) / np.pi)


def _products(study: Study) -> None:
    """{1, phi phi} and {phi, phi phi phi}: interactions of finite width."""
    times, pairs = np.array([[0.1], [0.6], [1.2]]), np.array([[0.1], [0.4], [0.8], [1.3]])
    for width, expected in ((1, -0.993356001324), (2, -0.309952732703473), (10, -0.0265440177953976)):
        net = load("cauchy", width=width)
        found = positivity(gram(net, monomials(times, 1, 3)))
        statement = f"Cauchy net N={width}: {{phi, phi^3}}, lowest eigenvalue"
        study.exact("(13)", statement, expected, found.lowest, 1e-8, route="other code", of=net)
        found = positivity(gram(net, monomials(pairs, 0, 2)))
        _sign(study, "(13)", f"Cauchy net N={width}, {{1, phi^2}}", found, net, positive=True)
    wide = [n * positivity(gram(load("cauchy", width=n), monomials(times, 1, 3))).lowest for n in (10**4, 10**5)]
    study.exact(
        "(10), (13)", "Cauchy net: N times the lowest, N=1e5 as at N=1e4", wide[0], wide[1], 1e-3, route="identity"
    )
    # The same G2 at infinite cutoff, another G4: at fixed density N/Lambda the uniform law of (29) fails.
    net = replace(canonical(1000), width=1000)
    found = positivity(gram(net, monomials(pairs, 0, 2)))
    at: dict[str, Any] = {"of": net}
    limit = positivity(_at_density(monomials(pairs, 0, 2))).lowest  # of relative order 1/Lambda
    statement = "(29) at N = Lambda = 1000: {1, phi^2}, lowest"
    study.exact("(29), (31)", statement, limit, found.lowest, 1e-2, route="other code", **at)
    for power in (0.75, 1.0, 1.25, 1.4):
        net = load("cutoff_free_scalar", width=10, power=power)
        four = [v.outcome for v in pair_verdicts(net)]
        expected = float(power >= 1)
        holds = float(all(outcome == "pass" for outcome in four))
        at = {"route": "identity", "of": net}
        study.exact("(13), (31)", f"cutoff-free s={power:g}: M_4 is positive iff 1 <= s <= 2", expected, holds, **at)
        found = float(normalised_positivity(gram(net, monomials(pairs, 0, 2))).holds)
        study.exact("(13), (31)", f"cutoff-free s={power:g}: and so is {{1, phi^2}}", expected, found, **at)


def _at_density(functionals: list[np.ndarray]) -> np.ndarray:
    """The Gram matrix of {1, phi phi} for N = Lambda -> infinity: free pairs, and the G4c of study `free_scalar`."""

    def entry(first: np.ndarray, second: np.ndarray) -> float:
        x = np.concatenate([-first[:, 0], second[:, 0]])
        if len(x) < 4:
            return 1.0 if len(x) == 0 else float(np.exp(-abs(x[0] - x[1])) / 2)
        signs = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
        far = np.abs(signs @ x)
        pairings = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
        free = sum(np.exp(-abs(x[i] - x[j]) - abs(x[k] - x[l])) / 4 for i, j, k, l in pairings)
        return float(free + 3 / (8 * np.pi) * np.sum((1 + far) * np.exp(-far)))

    return np.array([[entry(first, second) for second in functionals] for first in functionals])


def _mirrored(study: Study) -> None:
    """In d >= 2 a pair of fields minus its mirror image has a negative norm at every finite width, -c/N."""
    for width, time, space in ((10, 1.0, 1.0), (10, 1.0, 0.8), (1000, 0.5, 0.5)):
        net: Any = load("cos_net", dim=2, sigma_b=2**0.5, width=width)
        expected = -0.75 / width * (1 - np.exp(-2 * time**2)) * (1 - np.exp(-2 * space**2))
        x, u = np.array([15.0, 0.0]), np.array([time, space])
        pairs = [np.stack([x, x + u]), np.stack([x, x + u * [1, -1]])]
        norm = float(np.array([1, -1]) @ gram(net, pairs) @ np.array([1, -1]))
        statement = f"Cos-net d=2, N={width}: norm of a pair minus its mirror image"
        study.exact("(13)", statement, expected, norm, 1e-9, route="identity", of=net)
    draws = 400_000 if study.quick else 2_000_000
    for name, settings in (("cos_net", {"sigma_b": 2**0.5}), ("matern", {"nu": 2.0}), ("free_scalar", {"cutoff": 3.0})):
        net = load(name, dim=2, width=2, **settings)
        x, u = 6.0 * net.length * np.eye(1, 2)[0], net.length * np.ones(2)
        points = np.stack([x, x + u, x + u * [1, -1]])
        phi = field_draws(net, np.concatenate([points * [-1, 1], points]), draws=draws, seed=study.seed(5))[:, :, 0]
        values = np.prod([part[:, 0] * (part[:, 1] - part[:, 2]) for part in (phi[:, :3], phi[:, 3:])], axis=0)
        pairs = [points[[0, 1]], points[[0, 2]]]
        expected = float(np.array([1, -1]) @ gram(net, pairs) @ np.array([1, -1]))
        statement = f"{name} d=2, N=2: norm of a pair minus its mirror image by draws"
        study.monte_carlo("(13)", statement, expected, values.mean(), values.std() / draws**0.5, of=net)


def _draws(study: Study) -> None:
    """A noisy Gram matrix is negative for a positive theory; a vector fixed beforehand is not."""
    draws = 20_000
    ou, cos = (load(name, width=10) for name in ("cauchy", "cos_net"))
    points = GRID[::2]
    covariance = _covariance(ou, points)
    phi = np.random.default_rng(study.seed(4)).multivariate_normal(np.zeros(8), covariance, draws)
    noisy = positivity(phi[:, :4].T @ phi[:, 4:] / draws)
    # The noise of all entries together is this large; nothing lies further below zero than twice that.
    noise = float(np.sqrt(np.sum(0.25 + covariance[:4, 4:] ** 2) / draws))
    statement = "Cauchy net: lowest eigenvalue of a noisy matrix"
    study.between("(13)", statement, 0.0, noisy.lowest, -2 * noise, -1e-4, route="draws", of=ou)
    for label, net, equation in (("Cauchy net", ou, "(13)"), ("Cos-net", cos, "(13), (34)")):
        found = sampled_reflection(net, points, draws=draws, seed=study.seed(1))
        exact = float(found.direction @ two_point_gram(net.two_point, points) @ found.direction)
        study.monte_carlo(equation, f"{label}: norm of a fixed vector, draws", exact, found.value, found.mcse, of=net)


def _covariance(net, points):
    x = np.concatenate([-points, points])
    return net.two_point(x[:, None], x[None])


def _picture(study: Study) -> None:
    with study.figure("reflection_positivity", columns=2) as (_, (left, right)):
        cutoffs = np.geomspace(5, 1000, 25)
        lowest = [positivity(rho_gram(canonical(c), TIMES)).lowest for c in cutoffs]
        bound = [np.linalg.norm(2 / (np.pi * np.add.outer(TIMES, TIMES) * (c**2 + 1)), 2) for c in cutoffs]
        left.plot(cutoffs, np.abs(lowest), ".-", label="|lowest eigenvalue|, all negative")
        left.plot(cutoffs, bound, "--", color="0.4", label="rigorous bound")
        left.set(xscale="log", yscale="log", xlabel="cutoff Λ/m", title="free scalar with a sharp cutoff")
        left.legend()
        widths = np.array([1, 2, 5, 10, 30, 100, 300, 1000])
        grid = np.array([[0.1], [0.6], [1.2]])
        for name in ("cauchy", "cutoff_free_scalar", "coupled_cauchy"):
            settings = {"power": 1.1} if name == "cutoff_free_scalar" else {}
            nets = [load(name, width=int(w), **settings) for w in widths]
            found = [-positivity(gram(net, monomials(grid, 1, 3))).lowest for net in nets]
            right.plot(widths, found, ".-", label=name)
        right.set(xscale="log", yscale="log", xlabel="width N", ylabel="−lowest eigenvalue", title="{φ, φ³}")
        right.legend()
