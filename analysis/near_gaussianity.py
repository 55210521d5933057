"""Near-Gaussianity: cumulants to order 8 against the width, one-point laws, and what is universal: (7), (8), (10).

Independent neurons: kappa_n ~ N^(1-n/2) for every card, every amplitude law and every n, so that a theory of many
neurons is near a Gaussian one whatever it is made of. One-point laws of cosine fields are known in closed form: their
characteristic functions are [exp(-q) I_0(q)]^N for Gaussian amplitudes, q = sigma^2 t^2/4N, J_0(t/sqrt N)^N for random
signs and (1 + beta^2 t^2/N)^(-N/2) for Laplace's law; for Rayleigh's they are Gaussian at every width, and yet G4c is
not zero at separate points.
"""

from functools import partial
from math import factorial

import numpy as np
from scipy.special import i0e, j0, ndtr

from nnqft_ppl import exact_correlator, load
from nnqft_ppl.models import names
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    Moment,
    alike,
    cumulant,
    gaussian_neurons,
    over_lists,
)
from nnqft_ppl.theory import AMPLITUDES

X = np.array([[0.1], [0.5], [-0.3], [0.9], [-0.7], [1.2], [-1.1], [0.3]])
ORDERS = (4, 6, 8)

#: kappa_4, kappa_6, kappa_8 of phi at one point for N = 1, from the series of the logarithms of the closed laws.
ONE_POINT = {
    "gaussian": (3 / 8, 0.0, -factorial(8) / (64 * 4**4)),
    "constant_modulus": (-3 / 8, 5 / 4, -factorial(8) * 11 / 49152),
    "laplace": tuple(factorial(n) / n * 0.5 ** (n // 2) for n in ORDERS),
    "rayleigh": (0.0, 0.0, 0.0),
}
CHARACTERISTIC = {
    "gaussian": lambda t, n: i0e(t**2 / (4 * n)) ** n,
    "constant_modulus": lambda t, n: j0(t / n**0.5) ** n,
    "laplace": lambda t, n: (1 + 0.5 * t**2 / n) ** (-n / 2),
}
DEPENDENT = ("coupled_cauchy", "coupled_cos_net", "coupled_scalar", "shared_scale_cos_net", "shared_neuron_cos_net")


def run(study: Study) -> None:
    _one_point(study)
    _universal(study)
    _distances(study)
    _picture(study)


def _one_point(study: Study) -> None:
    for law, cumulants in ONE_POINT.items():
        net = load("cos_net", width=7, amplitude=AMPLITUDES[law]())
        for n, kappa in zip(ORDERS, cumulants, strict=True):
            found = float(exact_correlator(net, np.zeros((n, 1)), "connected"))
            study.exact(
                "(8), (27)",
                f"{law} N=7: kappa_{n} at one point",
                kappa * 7 ** (1 - n / 2),
                found,
                1e-9,
                route="other code",
                of=net,
            )
    rayleigh = load("cos_net", width=3, amplitude=AMPLITUDES["rayleigh"]())
    field = over_lists(gaussian_neurons(rayleigh, X[:4]), alike(rayleigh.amplitude_moment, 3))
    apart = float(exact_correlator(rayleigh, X[:4], "connected"))
    statement = "rayleigh N=3: G4c at separate points is not zero, lists of neurons"
    study.exact("(8)", statement, apart, cumulant(field, range(4)), route="quadrature", of=rayleigh)
    study.between(
        "(8)", "rayleigh N=3: G4c there / Wick", 0.1, apart / _wick(field), 0.01, 1.0, route="quadrature", of=rayleigh
    )


def _wick(field: Moment) -> float:
    return sum(field(p) * field(q) for p, q in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))))


def _universal(study: Study) -> None:
    """kappa_n ~ N^(1-n/2) where neurons are independent, by the sum over all lists; a constant where they are not."""
    for name in names():
        net = load(name)
        if not net.independent or name in ("line", "many_bottles", "wine_bottle", "offset_cos_net", "shifted_cos_net"):
            continue
        for n in (4, 6):
            points = 0.5 * X[:n] * np.eye(1, net.dim)
            neuron = partial(_neuron, net, points)
            (group,) = net.amplitude_groups()
            fields = [over_lists(neuron, alike(lambda k, g=group: g.moment((0,) * k), width)) for width in (1, 3)]
            one, three = (cumulant(field, range(n)) for field in fields)
            statement = f"{name}: kappa_{n} at N=3 / N=1, lists of neurons"
            study.exact("(7), (10)", statement, 3.0 ** (1 - n / 2), three / one, 1e-7, route="enumeration", of=net)
    for name in DEPENDENT:
        low, high = (load(name, width=width) for width in (10**6, 10**8))
        ratio = float(exact_correlator(high, X[:4], "connected") / exact_correlator(low, X[:4], "connected"))
        # I_IB (1 - 1/N) + I_N with I_N ~ 1/N: at N = 1e6 the share of I_N is below 1e-3 for each of these theories.
        statement = f"{name}: G4c at N=1e8 / N=1e6, dependence survives"
        study.exact("(10)", statement, 1.0, ratio, 1e-3, route="identity", of=high)


def _neuron(net, points: np.ndarray, chosen: tuple[int, ...]) -> float:
    return float(net.neuron_moment(points[list(chosen)]))


def distance(law: str, width: int) -> float:
    """sup_x |P(phi < x) - Phi(x/sigma)| at one point, the laws of variance 1/2, by inversion of the transform."""
    x = np.linspace(0.02, 3.0, 150)
    # Where the transforms differ: both have died out beyond, the slowest like exp(-N log(t)/2).
    t = (np.arange(3000) + 0.5) * 0.02
    gap = CHARACTERISTIC[law](t, width) - np.exp(-(t**2) / 4)
    return float(np.abs(np.sin(np.outer(x, t)) @ (gap / t) * 0.02 / np.pi).max())


def _distances(study: Study) -> None:
    """Kolmogorov's distance from the Gaussian law falls like 1/N: the first correction is kappa_4."""
    for law in CHARACTERISTIC:
        ratio = distance(law, 400) / distance(law, 40)
        study.exact(
            "(10)",
            f"{law}: distance of the one-point law from Gauss, N=400 / N=40",
            0.1,
            ratio,
            0.05,
            route="quadrature",
        )
        # Edgeworth: (kappa_4/sigma^4)/24 |He_3(x) phi(x)| at its largest, x^2 = 3 - sqrt(6).
        z = np.sqrt(3 - np.sqrt(6))
        first = abs(ONE_POINT[law][0]) * 4 / 400 / 24 * (3 * z - z**3) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        study.exact(
            "(10)", f"{law}: the same at N=400, first order in 1/N", first, distance(law, 400), 0.03, route="quadrature"
        )
    draws = 200_000 if study.quick else 1_000_000
    net = load("cos_net", width=4)
    phi = field_draws(net, np.zeros((1, 1)), draws=draws, seed=study.seed(1)).ravel()
    below = (phi < 0.5).astype(float)
    t = (np.arange(200_000) + 0.5) * 0.002
    gap = CHARACTERISTIC["gaussian"](t, 4) - np.exp(-(t**2) / 4)
    exact = float(ndtr(0.5 * 2**0.5) + np.sum(np.sin(0.5 * t) * gap / t) * 0.002 / np.pi)
    study.monte_carlo("(4)", "gaussian N=4: P(phi < 1/2), draws", exact, below.mean(), below.std() / draws**0.5, of=net)


def _picture(study: Study) -> None:
    with study.figure("near_gaussianity", columns=2) as (_, (left, right)):
        widths = np.array([1, 3, 10, 30, 100, 300, 1000])
        for n, style in zip(ORDERS, ("-", "--", ":"), strict=True):
            for color, name in enumerate(("cos_net", "cauchy", "landscape")):
                nets = [load(name, width=int(w)) for w in widths]
                scale = abs(float(exact_correlator(nets[0], np.full((2, 1), 0.1)))) ** (n / 2)
                values = [abs(float(exact_correlator(net, 0.5 * X[:n], "connected"))) / scale for net in nets]
                label = name if n == 4 else None
                left.plot(widths, values, style, color=f"C{color}", label=label)
        left.set(
            xscale="log", yscale="log", xlabel="width N", ylabel="|κₙ| / G2(0)^(n/2)", title="n = 4, 6, 8: N^(1−n/2)"
        )
        left.legend(fontsize=8)
        for law in CHARACTERISTIC:
            right.plot(widths[2:], [distance(law, int(w)) for w in widths[2:]], label=law)
        right.set(
            xscale="log", yscale="log", xlabel="width N", ylabel="sup |F − Φ|", title="one-point law against Gauss"
        )
        right.legend(fontsize=8)
