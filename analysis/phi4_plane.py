"""Normal-ordered phi^4 in the plane: networks of a regulated free scalar with exp(-lambda int :phi^4:) on a square.

alpha_scalar with alpha = 0, m = 1 and a Gaussian regulator at Lambda = 5, on [-2, 2]^2 with 12 x 12 nodes. At
N = infinity the theory is a Gaussian process reweighted by exp(-S), drawn without any neuron; networks of 20 and 100
neurons agree with it once their term of order 1/N is taken out, and differ from it before. At a tenth of the coupling
two orders of perturbation theory suffice.
"""

import numpy as np
from scipy.integrate import quad
from scipy.special import eval_hermitenorm, j0

from nnqft_ppl import deform, exact_correlator, gaussian_limit, load, perturbation, wick
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.correlation.estimators import Estimate
from nnqft_ppl.interacting.boxes import box
from nnqft_ppl.studies import Study
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned
from nnqft_ppl.theory.expressions import Expression

CUTOFF, SIDE = 5.0, 0.5  # of the regulator, and of the square of the four-point function
PLACE = box(2, 4.0, 12)
SQUARE = SIDE / 2 * np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
POINTS = np.stack([np.zeros((4, 2)), SQUARE])
STRONG, WEAK = 1.0, 0.1
FEW, SOME, MANY = 6, 20, 100  # neurons
NAMES = ("<phi(0)^2>", "G4c on the square")


def run(study: Study) -> None:
    net = scalar(MANY)
    variance = _free(study, net)
    _first_order(study, net, variance)
    _weak(study, net, variance)
    _strong(study, net, variance)


def scalar(width: int) -> Architecture:
    return load("alpha_scalar", dim=2, width=width, cutoff=CUTOFF, amplitude="gaussian")


def interacting(net: Architecture, coupling: float, variance: float) -> Conditioned:
    """P(theta) exp(-lambda int :phi^4:)."""
    return deform(net, wick("phi^4", variance), PLACE.points, coupling * PLACE.weights)


def propagator(r: float) -> float:
    """int k dk/(2 pi) J_0(kr) f(k)/(k^2 + 1)."""
    return quad(lambda k: k * j0(k * r) * np.exp(-((k / CUTOFF) ** 2) / 2) / (k**2 + 1), 0, 60, limit=500)[0] / (
        2 * np.pi
    )


def of(found: list[Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """The two numbers of NAMES with their errors."""
    two, four = (next(one for one in found if one.order == order) for order in (2, 4))
    return np.array([two.estimate[0], four.estimate[1]]), np.array([two.mcse[0], four.mcse[1]])


def _free(study: Study, net: Architecture) -> float:
    """<phi^2> without the interaction, and normal order by it."""
    variance = float(net.two_point(np.zeros(2), np.zeros(2)))
    study.exact("(25)", "C = <phi^2> of the free scalar", propagator(0.0), variance, 1e-8, route="quadrature", of=net)
    ordered = Expression(wick("phi^4", variance))
    z, weights = np.polynomial.hermite_e.hermegauss(20)
    phi = variance**0.5 * z
    study.exact(
        "(10)",
        ":phi^4: is C^2 He_4(phi/sqrt C)",
        0.0,
        float(np.abs(ordered(phi) - variance**2 * eval_hermitenorm(4, z)).max()),
        1e-8,
        route="other code",
    )
    mean = weights / weights.sum()
    for n in (0, 2, 4):
        expected = 24 * variance**4 if n == 4 else 0.0
        value = float(mean @ (ordered(phi) * variance ** (n / 2) * eval_hermitenorm(n, z)))
        study.exact("(10)", f"<:phi^4: :phi^{n}:> of one Gaussian", expected, value, 1e-10, route="quadrature")
    return variance


def _first_order(study: Study, net: Architecture, variance: float) -> None:
    """- 4! int d^2y prod_i G(x_i - y) over the square, by another propagator and another rule."""
    node, weight = np.polynomial.legendre.leggauss(24)
    y = np.stack(np.meshgrid(2 * node, 2 * node, indexing="ij"), axis=-1)
    far = np.linspace(0.0, 4.5, 500)
    table = np.array([propagator(r) for r in far])
    legs = [np.interp(np.linalg.norm(y - x, axis=-1), far, table) for x in SQUARE]
    expected = -24 * float(4 * weight @ np.prod(legs, axis=0) @ weight)
    series = perturbation(interacting(net, 1.0, variance), SQUARE, order=4, powers=1)
    statement = "first order in lambda of G4c on the square: 144 nodes / integral"
    study.between("(7)", statement, 1.0, float(series[1]) / expected, 0.999, 1.001, route="quadrature", of=net)


def _weak(study: Study, net: Architecture, variance: float) -> None:
    """lambda = .1: two orders of perturbation theory against the reweighted process, and each order is needed."""
    model = interacting(net, WEAK, variance)
    draws = 2**15 if study.quick else 2**19
    found, errors = of(
        gaussian_limit(model, POINTS, kinds=["connected"], draws=draws, seed=study.seed(1), progress=study.progress)
    )
    series = np.stack(
        [perturbation(model, POINTS[0], order=2), perturbation(model, POINTS[1], order=4)], axis=1
    )  # (orders, NAMES)
    # What two orders leave is of the size of the square of the second, relative to the first that is not zero.
    rest = np.array([series[2, 0] ** 2 / series[0, 0], series[2, 1] ** 2 / abs(series[1, 1])])
    for k, name in enumerate(NAMES):
        error = float(np.hypot(errors[k], rest[k]))
        statement = f":phi^4:, lambda={WEAK}, N=inf: {name}, and its series to second order"
        study.monte_carlo("(7), (10)", statement, series[:, k].sum(), found[k], error, of=net)
    if not study.quick:  # whose errors are half of what the second order takes back from the first
        statement = f":phi^4:, lambda={WEAK}, N=inf: G4c on the square / its first order"
        expected, ratio, error = (float(value / series[1, 1]) for value in (series[:, 1].sum(), found[1], -errors[1]))
        study.between("(7), (10)", statement, expected, ratio, 5 * error, 1.0, route="draws", of=net)


def _strong(study: Study, net: Architecture, variance: float) -> None:
    """lambda = 1: networks against the process."""
    model = interacting(net, STRONG, variance)
    many = 2**16 if study.quick else 2**20
    limit, limit_errors = of(
        gaussian_limit(model, POINTS, kinds=["connected"], draws=many, seed=study.seed(2), progress=study.progress)
    )
    found = {}
    draws = {SOME: 2**16, MANY: 2**13} if study.quick else {FEW: 2**19, SOME: 2**19, MANY: 600_000}
    for width, count in draws.items():
        results = estimate(
            interacting(scalar(width), STRONG, variance),
            POINTS,
            orders=(2, 4),
            kinds=("connected",),
            estimator="reweight",
            draws=count,
            seed=study.seed(width),
            dtype="float32",
            progress=study.progress,
        )
        found[width] = of(results)
    share = MANY - SOME
    values = (MANY * found[MANY][0] - SOME * found[SOME][0]) / share
    errors = np.hypot(MANY * found[MANY][1], SOME * found[SOME][1]) / share
    for k, name in enumerate(NAMES):
        both = float(np.hypot(errors[k], limit_errors[k]))
        statement = f":phi^4:, lambda={STRONG:g}, N={MANY} and {SOME}: {name} without its 1/N"
        study.monte_carlo("(7), (10)", statement, limit[k], values[k], both, of=net)
        for width in () if study.quick and k else (FEW,) if k else (SOME,):
            # <phi^2> >= 0 cannot lose more than itself, nor G4c differ by more than without S, which cuts its tails.
            most = float(exact_correlator(scalar(width), SQUARE, "connected")) if k else limit[0]
            apart, error = abs(found[width][0][k] - limit[k]), float(np.hypot(found[width][1][k], limit_errors[k]))
            statement = f":phi^4:, lambda={STRONG:g}: {name} of {width} neurons from N=inf, of the most it can be"
            study.between("(8)", statement, 0.5, apart / most, 5 * error / most, 1.0, route="draws", of=scalar(width))
    if not study.quick:
        for name, value, error, high in zip(NAMES, values, errors, (0.002, 0.02), strict=True):
            statement = f":phi^4:, lambda={STRONG:g}: relative standard error of {name} by networks"
            study.between("(7)", statement, 0.0, float(error / abs(value)), 0.0, high, route="draws", of=net)
