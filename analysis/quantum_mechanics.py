"""Quantum mechanics out of neurons: fields of neurons on random paths, interacting and quantum at every width.

phi(t) = sum_i a_i g(x_i(t)) with stationary reversible Markov processes x_i is reflection positive for any g, any law
of the amplitudes and any N (arXiv:2504.05462), beyond the free fields of (29)-(33). One path is a harmonic oscillator:
what the cards say by sums of exponentials and by matrices in its states is held here against Schroedinger's equation on
a grid of positions, which knows nothing of either, and against draws.
"""

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.linalg import eigh

from nnqft_ppl import axiom_verdicts, energies, exact_correlator, load
from nnqft_ppl.axioms.cluster import cluster
from nnqft_ppl.axioms.gram import gram, monomials, normalised_positivity
from nnqft_ppl.axioms.osterwalder_schrader import AXIOMS
from nnqft_ppl.axioms.verdicts import together
from nnqft_ppl.checks.draws import average, covariance, cumulant
from nnqft_ppl.laws import OrnsteinUhlenbeck
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import AMPLITUDES, PathArchitecture, Positive

X = np.array([[0.0], [0.5], [1.0], [2.0]])
TIMES = np.array([[0.1], [0.6], [1.2]])
POSITIONS = np.linspace(-14.0, 14.0, 301)  # of the oscillator: its states up to energy 30 have vanished at the ends
U, V = 0.4, 0.7  # distances of the points of two pairs


def run(study: Study) -> None:
    _oscillator(study)
    _gram(study)
    _cluster(study)
    _draws(study)
    _energies(study)
    _picture(study)


# -- exactly -----------------------------------------------------------------------------------------------------------


def oscillator() -> tuple[np.ndarray, np.ndarray]:
    """Energies and states (as columns) of H = -d^2/dx^2 + x^2/4 - 1/2 on the grid, with sinc functions."""
    step, n = POSITIONS[1] - POSITIONS[0], len(POSITIONS)
    apart = np.subtract.outer(np.arange(n), np.arange(n))
    with np.errstate(divide="ignore"):
        kinetic = np.where(apart == 0, np.pi**2 / 3, 2.0 * (-1.0) ** apart / apart**2) / step**2
    values, states = eigh(kinetic + np.diag(POSITIONS**2 / 4 - 0.5))
    return values, states


def ordered(values: np.ndarray, states: np.ndarray, g: np.ndarray, times: Any) -> Any:
    """<0|g exp(-(t_2 - t_1) H) g .. g|0> on the grid; imaginary times are real time."""
    state = states[:, 0] * g
    for gone in np.diff(times):
        state = (states @ (np.exp(-gone * values) * (states.T @ state))) * g
    return state @ states[:, 0]


def _oscillator(study: Study) -> None:
    """Both cards against Schroedinger's equation: energies, weights, four points, real time."""
    values, states = oscillator()
    net: Any = load("sine_path", width=1)
    g = np.sin(1.3 * POSITIONS)
    weights = (states[:, 0] * g @ states) ** 2
    at: dict[str, Any] = {"route": "other code", "of": net}
    study.exact(
        "(2)", "sine path: G2(0) = E sin^2(g x)", float(weights.sum()), float(net.two_point([0.0], [0.0])), **at
    )
    own = net.energies(6)
    for k in (1, 3, 5):
        study.exact("(16)", f"sine path: energy {k} of the oscillator", values[k], own[0, k], 1e-8, **at)
        weight = float(np.exp(-(1.3**2)) * 1.3 ** (2 * k) / np.prod(np.arange(1.0, k + 1)))
        study.exact("(16)", f"sine path: weight of energy {k}, on the grid", weights[k], weight, 1e-9, **at)
        study.exact("(16)", f"sine path: weight of energy {k}, by matrices", weight, own[1, k], 1e-10, **at)
    pairs = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    other: Any = load("markov_net", width=1, activation="tanh")
    for one, readout in ((net, g), (other, np.tanh(POSITIONS))):
        four = ordered(values, states, readout, X[:, 0])
        two = {(i, j): ordered(values, states, readout, X[[i, j], 0]) for i in range(4) for j in range(i + 1, 4)}
        expected = float(four - sum(two[i, j] * two[k, l] for i, j, k, l in pairs))
        where: dict[str, Any] = {"route": "other code", "of": one}
        name = type(one).__name__
        study.exact(
            "(7)",
            f"{name}: G4c(0, .5, 1, 2), N=1",
            expected,
            float(exact_correlator(one, X, "connected")),
            1e-8,
            **where,
        )
        for width in (3, 100):
            value = width * float(exact_correlator(replace(one, width=width), X, "connected"))
            study.exact("(7), (8)", f"{name}: N G4c, N={width}, as at N=1", expected, value, 1e-8, **where)
        t = 2.5
        real = complex(one.real_time(t))
        seen = ordered(values, states, readout, 1j * np.array([0.0, t]))
        study.exact("(2)", f"{name}: Re <phi(t) phi(0)> in real time t=2.5", seen.real, real.real, 1e-8, **where)
        study.exact("(2)", f"{name}: Im <phi(t) phi(0)> in real time t=2.5", seen.imag, real.imag, 1e-8, **where)
    # -G2'(0+) = m E[g'(x)^2]: the Dirichlet form of the process, by Gauss's rule.
    x, w = hermegauss(100)
    slope = float(w @ (1.3 * np.cos(1.3 * x)) ** 2 / w.sum())
    statement = "sine path: -G2'(0+), half the double commutator"
    study.exact("(16)", statement, slope, float(net.commutator()), route="quadrature", of=net)
    small = 1e-5
    gap = float(net.two_point([0.0], [0.0]) - net.two_point([small], [0.0])) / small
    study.exact("(16)", f"{statement}, by a small step", slope, gap, 1e-4, route="quadrature", of=net)
    erf = load("markov_net")
    expected = 2 / np.pi * np.arcsin(2 * np.exp(-1.0) / 3)
    study.exact("(2)", "erf of a path: G2(1)", expected, float(erf.two_point([0.0], [1.0])), route="other code", of=erf)


def _gram(study: Study) -> None:
    """{1, phi, phi^2, phi^3}: no negative norm at any width and for any law; plane waves have one."""
    functionals = monomials(TIMES, 0, 1, 2, 3)
    laws = ("constant_modulus", "gaussian", "bimodal")
    nets = [load("sine_path", width=width, amplitude=AMPLITUDES[law]()) for width in (1, 3, 100) for law in laws]
    for net in nets:
        lowest = np.linalg.eigvalsh(gram(net, functionals))[0]
        name = f"{type(net).__name__} N={net.width}, {type(net.amplitude_law).__name__}"
        statement = f"{name}: lowest eigenvalue on {{1, phi, phi^2, phi^3}}"
        study.between("(13)", statement, 0.0, float(lowest), -1e-14, 1.0, route="enumeration", of=net)
    waves = load("cauchy", width=3)
    found = normalised_positivity(gram(waves, functionals))
    statement = "plane waves of the same two-point functions fail, N=3"
    study.between("(13)", statement, -1.0, found.lowest / found.norm, -1.0, -1e-3, route="enumeration", of=waves)
    outcome = together([one for one in axiom_verdicts(nets[3]) if one.axiom in AXIOMS])
    statement = "SinePath N=3: every axiom passes, cluster decomposition too"
    study.between("(13)", statement, 1.0, outcome == "pass", 1, 1, route="enumeration", of=nets[3])


@final
@dataclass(frozen=True, kw_only=True)
class _SquarePath(PathArchitecture):
    """phi = sum_i a_i x_i(t)^2, whose neurons have the mean 1."""

    sigma_a: Positive = 1.0

    @property
    def amplitude_law(self) -> Any:
        return AMPLITUDES["constant_modulus"]()

    @property
    def path_law(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(1.0)

    def readout(self, x: Any) -> Any:
        return x**2


def _cluster(study: Study) -> None:
    """Two pairs far apart keep (gamma_a^4 - sigma_a^4)/N K(u) K(v)."""
    first, second = np.array([[0.0], [U]]), np.array([[0.0], [V]])
    for law, excess in (("constant_modulus", 0.0), ("gaussian", 2.0), ("laplace", 5.0)):
        net = load("sine_path", width=4, amplitude=AMPLITUDES[law]())
        kept = np.exp(-2 * 1.3**2) * np.sinh(1.3**2 * np.exp(-U)) * np.sinh(1.3**2 * np.exp(-V))
        found = float(cluster(net, first, second, 40.0))
        statement = f"sine path N=4, {law}: two pairs at a distance of 40"
        study.exact("(2), (9)", statement, excess / 4 * kept, found, 1e-12, route="enumeration", of=net)
    square = _SquarePath(width=4)
    far = float(exact_correlator(square, [[0.0], [40.0]]))
    # Random signs of one network cancel in E phi but not in the product of two fields of it.
    study.exact("(2)", "g = x^2, random signs: <phi phi> at a distance of 40 is (E g)^2", 1.0, far, route="enumeration")


# -- by draws ----------------------------------------------------------------------------------------------------------


def _draws(study: Study) -> None:
    draws = 100_000 if study.quick else 1_000_000
    points = np.concatenate([X, X[:1] + 30.0, X[:1] + 30.0 + V, X[:1] + U])
    cards = (
        ("sine_path", {}),
        ("sine_path", {"amplitude": AMPLITUDES["gaussian"]()}),
        ("markov_net", {"activation": "cube"}),
    )
    for k, (card, settings) in enumerate(cards):
        net = load(card, width=2, **settings)
        phi = field_draws(net, points, draws=draws, seed=study.seed(k))[:, :, 0]
        name = " ".join([card, *(f"{value}".partition("(")[0] for value in settings.values())])
        two = average(phi[:, 0] * phi[:, 1])
        study.monte_carlo("(2)", f"{name}: G2(.5) of fields", float(net.two_point(X[0], X[1])), *two, of=net)
        four = cumulant(phi[:, :4])
        expected = float(exact_correlator(net, X, "connected"))
        study.monte_carlo("(7)", f"{name}: G4c(0, .5, 1, 2) of fields", expected, *four, of=net)
        far = average(covariance(phi[:, 0] * phi[:, 6], phi[:, 4] * phi[:, 5]))
        expected = float(cluster(net, [[0.0], [U]], [[0.0], [V]], 30.0))
        study.monte_carlo("(2)", f"{name}: two pairs at a distance of 30, of fields", expected, *far, of=net)


def _energies(study: Study) -> None:
    """Luscher and Wolff's energies and weights from sampled fields."""
    cube = load("markov_net", width=2, activation="cube")
    draws = 50_000 if study.quick else 400_000
    found = energies(cube, 0.4 * np.arange(17), shifts=(0, 1), lags=(0, 1), draws=draws, seed=study.seed(20))
    _levels(study, cube, "cube of a path, N=2", found)
    sine = load("sine_path", width=1)
    # At t_0 = .8 the state of energy 5 moves energy 3 by .07 and its weight by .010, less than their errors.
    draws = 400_000 if study.quick else 1_600_000
    found = energies(sine, 0.4 * np.arange(33), shifts=(0, 1), lags=(2, 3), draws=draws, seed=study.seed(21))
    _levels(study, sine, "sine path, N=1", found)


def _levels(study: Study, net: Any, name: str, found: Any) -> None:
    own = net.energies(4)[:, [1, 3]]
    for k, energy in enumerate((1, 3)):
        at = (float(own[0, k]), float(found.energies[k]), float(found.errors[k]))
        study.monte_carlo("(13), (16)", f"{name}: energy {energy} of sampled correlators", *at, of=net)
        at = (float(own[1, k]), float(found.weights[k]), float(found.weight_errors[k]))
        study.monte_carlo("(13), (16)", f"{name}: weight of energy {energy} of sampled correlators", *at, of=net)


def _picture(study: Study) -> None:
    net: Any = load("sine_path")
    t = np.linspace(0.0, 10.0, 400)
    with study.figure("quantum_mechanics", columns=2, title="phi(t) = sum_i a_i sin(1.3 x_i(t))") as (_, (left, right)):
        left.semilogy(t[:200], net.two_point(t[:200, None], np.zeros(1)), label="G2(t)")
        left.semilogy(t[:200], net.energies(2)[1, 1] * np.exp(-t[:200]), "--", label="its lowest energy, 1")
        left.set_xlabel("imaginary time")
        left.legend()
        right.plot(t, net.real_time(t).real, label="Re <phi(t) phi(0)>")
        right.plot(t, net.real_time(t).imag, label="Im")
        right.set_xlabel("real time")
        right.legend()
