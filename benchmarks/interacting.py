"""Numbers of interacting theories beside values that another program computed: `python benchmarks/interacting.py`.

The expected values were computed without this library: the oscillator in 150 oscillator states, the plane by 10^6
effective draws of the Gaussian process, twice, its first order by Gauss and Legendre over Bessel's propagator, the rest
from the closed forms that the table names or by quadrature. Each is found here by the public functions, once, with what
it took. Writes benchmarks/INTERACTING.md.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpyro.distributions import Normal
from scipy.integrate import quad
from scipy.special import i0

import nnqft_ppl as nq
from nnqft_ppl.axioms.gram import gram, monomials
from nnqft_ppl.interacting.boxes import box
from nnqft_ppl.interacting.couplings import exact_couplings
from nnqft_ppl.laws import propagator

TIMES = np.array([[0.0], [0.5], [1.0], [2.0]])
SQUARE = 0.25 * np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
LIMIT = 4.0  # standard errors


class Number(NamedTuple):
    """What is expected, how far it may be off, and how it is found: a value and its standard error, 0 where exact."""

    what: str
    expected: float
    error: float  #: of the expected value: its last digit, or its standard error
    find: Callable[[], tuple[float, float]]


def exact(what: str, expected: float, find: Callable[[], Any], error: float = 1e-10) -> Number:
    return Number(what, expected, error, lambda: (float(find()), 0.0))


def oscillators() -> Iterator[Number]:
    known = {
        0.1: (1.2103563168, 0.4125253684, -0.0217950093),
        0.5: (1.6282305313, 0.3058136507, -0.0203245202),
        1.0: (1.9341216168, 0.2571498214, -0.0161711487),
    }
    for coupling, (gap, square, kappa) in known.items():
        one = nq.Oscillator(f"{coupling}*phi^4")
        yield exact(f"p^2/2 + q^2/2 + {coupling:g} q^4: gap", gap, lambda one=one: one.gap)
        yield exact(f"p^2/2 + q^2/2 + {coupling:g} q^4: <q^2>", square, lambda one=one: one.moment(2))
        yield exact(f"p^2/2 + q^2/2 + {coupling:g} q^4: kappa_4", kappa, lambda one=one: one.kappa_4)
    thermal = nq.Oscillator("0.5*phi^4")
    yield exact("0.5 q^4, periodic time 2: <q^2>", 0.3247616001, lambda: thermal.correlator([0.0, 0.0], period=2.0))


def plane() -> Iterator[Number]:
    place, points = box(2, 4.0, 12), np.stack([np.zeros((4, 2)), SQUARE])
    net = nq.load("alpha_scalar", dim=2, width=100, cutoff=5.0, amplitude="gaussian")
    square = float(net.two_point(np.zeros(2), np.zeros(2)))
    strong, weak = (
        nq.deform(net, nq.wick("phi^4", square), place.points, coupling * place.weights) for coupling in (1.0, 0.1)
    )
    yield exact("plane: <phi^2> without an interaction", 0.2723520960, lambda: square)
    fine = box(2, 4.0, 48)
    series = nq.deform(net, nq.wick("phi^4", square), fine.points, fine.weights)
    yield exact(
        "plane, :phi^4:, lambda = 1: first order of G4c on the square, by 48 x 48 nodes",
        -0.0191711647,
        lambda: nq.perturbation(series, SQUARE, order=4, powers=1)[1],
        1e-7,
    )
    known = (
        ("1, N infinite", strong, 2**20, (0.29331, 5e-5), (-0.01291, 8e-5)),
        ("0.1, N infinite", weak, 2**19, (0.2726, 1e-4), (-0.0017, 2e-4)),
    )
    for words, model, draws, *expected in known:
        found: dict[int, Any] = {}

        def limit(order: int, model: Any = model, draws: int = draws, found: Any = found) -> tuple[float, float]:
            if not found:
                found.update(
                    (one.order, one) for one in nq.gaussian_limit(model, points, kinds=["connected"], draws=draws)
                )
            return float(found[order].estimate[order // 4]), float(found[order].mcse[order // 4])

        for order, name, (value, error) in zip((2, 4), ("<phi(0)^2>", "G4c on the square"), expected, strict=True):
            yield Number(
                f"plane, :phi^4:, lambda = {words}: {name}", value, error, lambda order=order, limit=limit: limit(order)
            )
    for k, (name, value, error) in enumerate((("<phi(0)^2>", 0.29331, 5e-5), ("G4c on the square", -0.01291, 8e-5))):
        words = f"plane, :phi^4:, lambda = 1, networks of 100 and 20 without 1/N: {name}"
        yield Number(words, value, error, lambda k=k: tuple(float(part[k]) for part in without_width()))
    far: Any = {"mass": 1.0, "cutoff": 1e4, "regulator": "gaussian", "dim": 2}

    def radial(power: int, weight: Callable[[float], float]) -> float:
        def integrand(u: float) -> float:
            return float(propagator(1.0, np.exp(u), **far)) ** power * weight(np.exp(u)) * np.exp(2 * u)

        return 2 * np.pi * quad(integrand, -16.0, 4.0, epsrel=1e-8, limit=300)[0]

    yield exact(
        "plane, infinite volume: M^2/m^2 = 1 - c g^2, c", 1.5, lambda: 96 * radial(3, lambda r: float(i0(r))), 1e-4
    )
    energy = -21 * 1.2020569031595942 / (16 * np.pi**3)  # -21 zeta(3)/(16 pi^3)
    yield exact("plane, infinite volume: vacuum energy/g^2", energy, lambda: -12 * radial(4, lambda _: 1.0), 1e-5)


@cache
def without_width() -> tuple[np.ndarray, np.ndarray]:
    """<phi(0)^2> and G4c of 20 and 100 neurons at lambda = 1, their term 1/N taken out, and their errors."""
    place, points = box(2, 4.0, 12), np.stack([np.zeros((4, 2)), SQUARE])
    values, errors = {}, {}
    for width, draws in ((20, 2**19), (100, 600_000)):
        net = nq.load("alpha_scalar", dim=2, width=width, cutoff=5.0, amplitude="gaussian")
        potential = nq.wick("phi^4", float(net.two_point(np.zeros(2), np.zeros(2))))
        model = nq.deform(net, potential, place.points, place.weights)
        options: dict[str, Any] = {"kinds": ["connected"], "estimators": ["reweight"], "draws": draws}
        table = nq.correlators(model, points, orders=[2, 4], dtype="float32", **options)
        asked = table.iloc[[0, 3]]  # order 2 at the origin, order 4 on the square
        values[width], errors[width] = asked["estimate"].to_numpy(), asked["mcse"].to_numpy()
    return (100 * values[100] - 20 * values[20]) / 80, np.hypot(100 * errors[100], 20 * errors[20]) / 80


def lowest(net: Any) -> float:
    """The lowest eigenvalue of the Gram matrix of {1, phi, phi phi, phi^3} at three times."""
    return float(np.linalg.eigvalsh(gram(net, monomials(TIMES[1:], 0, 1, 2, 3)))[0])


def mechanics() -> Iterator[Number]:
    one: Any = nq.load("sine_path", width=1)
    yield exact("sin(1.3 x_t): G2(0)", 0.4829762726, lambda: one.two_point([0.0], [0.0]))
    for k, weight in ((1, 0.3118379955), (3, 0.1484400832)):
        yield exact(f"sin(1.3 x_t): energy {k}", float(k), lambda k=k: one.energies(6)[0, k])
        yield exact(f"sin(1.3 x_t): its weight, e^(-g^2) g^{2 * k}/{k}!", weight, lambda k=k: one.energies(6)[1, k])
    yield exact("sin(1.3 x_t): -G2'(0+) = g^2 (1 + e^(-2 g^2))/2", 0.8737700993, one.commutator)
    for width in (1, 3, 100):
        net = nq.load("sine_path", width=width)
        what = f"sine_path, N = {width}, constant modulus: N G4c(0, .5, 1, 2)"
        yield exact(what, -0.0159157619, lambda net=net: net.width * nq.exact_correlator(net, TIMES, "connected"))
        what = f"sine_path, N = {width}: lowest eigenvalue on {{1, phi, phi phi, phi^3}}, 0 if positive"
        yield exact(what, 0.0, lambda net=net: min(0.0, lowest(net)), 1e-14)
    erf = nq.load("markov_net")
    yield exact("erf(x_t): G2(1) = (2/pi) asin(2/(3 e))", 0.1577420379, lambda: erf.two_point([0.0], [1.0]))
    sampled: list[Any] = []

    def level(which: str, k: int) -> tuple[float, float]:
        if not sampled:
            options: dict[str, Any] = {"shifts": (0, 1), "lags": (2, 3), "draws": 1_600_000, "seed": 21}
            sampled.append(nq.energies(one, 0.4 * np.arange(33), **options))
        values, errors = {"energy": ("energies", "errors"), "weight": ("weights", "weight_errors")}[which]
        return float(getattr(sampled[0], values)[k]), float(getattr(sampled[0], errors)[k])

    for which, numbers in (("energy", (1.0, 3.0)), ("weight", (0.3118379955, 0.1484400832))):
        for k, value in enumerate(numbers):
            what = f"sin(1.3 x_t), sampled: {which} of state {2 * k + 1}"
            yield Number(what, value, 1e-10, lambda which=which, k=k: level(which, k))
    pairs = np.array([[0.0], [0.4], [40.0], [40.7]])
    for law, excess in (("constant_modulus", 0.0), ("gaussian", 2.0)):
        net = nq.load("sine_path", width=4, amplitude=law)
        kept = np.exp(-2 * 1.69) * np.sinh(1.69 * np.exp(-0.4)) * np.sinh(1.69 * np.exp(-0.7))

        def far(net: Any = net) -> float:
            two = [nq.exact_correlator(net, pairs[at]) for at in ([0, 1], [2, 3])]
            return float(nq.exact_correlator(net, pairs)) - float(two[0] * two[1])

        yield exact(f"sine_path, N = 4, {law}: what two distant pairs keep", excess / 4 * kept, far, 1e-12)


def actions() -> Iterator[Number]:
    for width, value in ((100, 0.2452287776), (1000, 0.2495210342)):
        net = nq.load("cos_net", width=width, amplitude="constant_modulus")
        what = f"cos_net, N = {width}, constant modulus: N g_4 at one point"
        yield exact(what, value, lambda net=net: net.width * exact_couplings(net, np.zeros((1, 1))).four.item())


def bottles() -> Iterator[Number]:
    for count, number, zero, goldstones, moduli in ((3, 2, 4, 3, 1), (4, 2, 6, 5, 1), (4, 3, 9, 6, 3)):
        settings = {"width": 2, "components": count, "bottles": number, "radius": 1.3, "sigma_v": 0.7}
        found: list[Any] = []

        def vacua(read: Callable[[Any], float], settings: Any = settings, found: Any = found) -> float:
            if not found:
                found.append(nq.vacua(nq.load("many_bottles", **settings), seed=1))
            return read(found[0])

        label = f"{number} bottles in R^{count}"
        for what, value, read in (
            ("zero modes", zero, lambda one: one.dimension),
            ("Goldstones", goldstones, lambda one: one.goldstones),
            ("moduli", moduli, lambda one: one.moduli),
        ):
            yield exact(f"{label}: {what}", value, lambda read=read, vacua=vacua: vacua(read), 0.0)

        def smallest(vacua: Any = vacua, number: int = number) -> float:
            return vacua(lambda one: one.masses[-number])

        yield exact(
            f"{label}: smallest of {number} masses^2, 4 v^2/sigma_v^2",
            4 * 1.3**2 / 0.7**2,
            smallest,
            1e-5,
        )


def functionals() -> Iterator[Number]:
    for width, value in ((10, 0.3701965290), (10**7, 0.3653756077)):
        net = nq.load("cauchy", width=width, amplitude="constant_modulus")
        words = "N = 10" if width == 10 else "N -> infinity"

        def find(net: Any = net) -> Any:
            return nq.generating_functional(net, [[0.0], [0.7]], [2.0, -2.0])

        yield exact(f"cauchy, {words}: <exp(2i (phi(0) - phi(.7)))>", value, find, 1e-7 if width > 10 else 1e-10)
    waves = nq.load("cos_net", width=8)
    net = nq.compose(nq.Powers(3), waves, {"w": Normal(0.0, 8**-0.5)}, width=5, sums=True)
    yield exact(
        "sums of 8 cubes of waves: H_ii(.5)", 0.2583476435, lambda: nq.exact_neuron(net, [[0.2], [0.7]], (0, 0))
    )
    for name, value in (("erf_net", -0.039750879041), ("relu_net", 0.048406165143)):
        one: Any = nq.load(name, sigma_b=1.2, sigma_c=0.4)
        yield exact(
            f"{name}: H_ii(.5, -.3)", value, lambda one=one: one.neuron_moment(np.array([[0.5], [-0.3]])), 1e-12
        )


def boson() -> Iterator[Number]:
    net = nq.load("free_boson", dim=2, width=10**7)
    known = ((0.03, 0.85603419, 0.87263137), (0.1, 2.17661681, 0.70721587), (0.3, 3.27779826, 0.59352390))
    for r, distance, vertex in known:
        at = np.array([[0.0, 0.0], [r, 0.0]])

        def apart(at: Any = at) -> Any:
            return 2 * np.pi * (net.two_point(at[0], at[0]) - net.two_point(at[0], at[1]))

        def wave(at: Any = at) -> Any:
            return nq.generating_functional(net, at, [1.0, -1.0])

        yield exact(f"free boson: D({r:g})", distance, apart, 5e-9)
        yield exact(f"free boson, N -> infinity: <exp(i (phi(0) - phi({r:g})))>", vertex, wave, 1e-7)


def table() -> list[str]:
    rows = ["| number | expected | found | error | off by | seconds |", "|---|---|---|---|---|---|"]
    outside = 0
    for part in (oscillators, plane, mechanics, actions, bottles, functionals, boson):
        for one in part():
            begin = time.perf_counter()
            value, mcse = one.find()
            seconds = time.perf_counter() - begin
            far = abs(value - one.expected)
            if mcse:
                inside, off = far <= LIMIT * np.hypot(mcse, one.error), f"{far / np.hypot(mcse, one.error):.1f} errors"
            else:
                inside, off = far <= one.error * max(1.0, abs(one.expected)), f"{far:.0e}"
            outside += not inside
            error = f"{mcse:.1e}" if mcse else f"exact, to {one.error:.0e}"
            mark = "" if inside else " **outside**"
            rows.append(f"| {one.what} | {one.expected:.10g} | {value:.10g} | {error} | {off}{mark} | {seconds:.2f} |")
            print(rows[-1], flush=True)
    count = len(rows) - 2
    return [
        f"{count - outside} of {count} are within their last digit, or within {LIMIT:g} standard errors.",
        "",
        *rows,
    ]


if __name__ == "__main__":
    nq.enable_x64()
    text = ["# Numbers of interacting theories", "", *table(), ""]
    Path(__file__).with_name("INTERACTING.md").write_text("\n".join(text))
