"""Design in reverse: the tunable two-point function, (26).

P(b) F(b)^2 decides the spectrum and nothing else does, so any positive spectrum can be had, and in many ways: those of
one family P ~ G^(1+alpha), F = G^(-alpha/2) differ in their interactions only. A two-point function can be had if and
only if its transform is nowhere negative (Bochner).
"""

from typing import Any

import numpy as np
from scipy.integrate import quad

from nnqft_ppl import InputError, Spectrum, design, exact_correlator, load
from nnqft_ppl.correlation.design import program_spectrum
from nnqft_ppl.reports.pictures import plot_design
from nnqft_ppl.studies import EXAMPLES, Study

X = np.array([[0.1], [0.5], [-0.3], [0.9]])


def sech(r):
    return 1.0 / np.cosh(r)


def run(study: Study) -> None:
    _spectra(study)
    _two_point_functions(study)
    _family(study)
    found = design(EXAMPLES / "target.csv", dim=2, draws=20_000 if study.quick else 400_000, seed=study.seed(4))
    statement = "d=2, rows of target.csv: G(p) by P(b) and F(b), largest error"
    study.exact("(26)", statement, 0.0, found.deviation, 1e-8, route="other code", of=found.net)
    for r, k, estimate, mcse in zip(found.radii, found.expected, found.estimate, found.mcse, strict=True):
        study.monte_carlo("(25), (26)", f"d=2, rows of target.csv: K({r:g}), draws", k, estimate, mcse, of=found.net)
    with study.figure("design", columns=3) as (_, panels):
        plot_design(found, ax=panels)


def _spectra(study: Study) -> None:
    """By the density and the neuron of the program: sigma_a^2 (2 pi)^d P F^2/2 is the target at every momentum."""
    p = np.linspace(0.0, 8.0, 33)
    ring = Spectrum.of(lambda k: np.exp(-((k - 3.0) ** 2)))
    for dim in (1, 2, 3):
        for alpha in (-0.5, 0.0, 0.4):
            net: Any = load("tuned_net", dim=dim, alpha=alpha, spectrum=ring)
            found = program_spectrum(net, p)
            error = np.abs(found - ring(p)).max()
            study.exact(
                "(26)",
                f"d={dim}, alpha={alpha:g}: G(p) of a ring by P(b) and F(b), largest error",
                0.0,
                error,
                route="other code",
                of=net,
            )
    cos_net = load("cos_net", dim=2)
    axis = np.eye(1, 2)[0]
    twin = load(
        "tuned_net", dim=2, spectrum=Spectrum.of(lambda k: cos_net.power_spectrum(k[..., None] * axis)), alpha=0.0
    )
    plane = np.pad(X, ((0, 0), (0, 1)))
    expected, measured = (float(exact_correlator(net, plane, "connected")) for net in (cos_net, twin))
    study.exact(
        "(26), (34)", "designed for the spectrum of Cos-net: its G4c", expected, measured, route="quadrature", of=twin
    )


def _two_point_functions(study: Study) -> None:
    r = np.linspace(0.0, 6.0, 25)
    for dim in (1, 2, 3):
        net = load("tuned_net", dim=dim, spectrum=Spectrum.of_two_point(sech, dim))
        error = np.abs(net.two_point(r[:, None] * np.eye(1, dim)[0], np.zeros(dim)) - sech(r)).max()
        study.exact(
            "(25), (26)",
            f"d={dim}: K = 1/cosh r comes back to its resolution, largest error",
            0.0,
            error,
            1e-8,
            route="quadrature",
            of=net,
        )
    top_hat, tent = (lambda r: 1.0 * (r < 1.0)), (lambda r: np.maximum(1.0 - r, 0.0))
    for name, kernel, dim in (
        ("the top hat", top_hat, 1),
        ("exp(-r^4)", lambda r: np.exp(-(r**4)), 1),
        ("the tent", tent, 2),
    ):
        study.exact(
            "(26)", f"d={dim}: {name} is refused (Bochner)", 1.0, float(_refused(kernel, dim)), route="quadrature"
        )
    study.exact("(26)", "d=1: the tent is a two-point function", 0.0, float(_refused(tent, 1)), route="quadrature")


def _refused(kernel, dim: int) -> bool:
    try:
        Spectrum.of_two_point(kernel, dim)
    except InputError as error:
        return "Bochner" in str(error)
    return False


def _family(study: Study) -> None:
    """One G2, and G4c that tells the members apart: G = sech p, whose transform is (1/2) sech(pi r/2)."""
    spectrum, r, four = Spectrum.of(sech), 0.4, {}
    for alpha in (-1.0, 0.0, 1.0):
        net = load("tuned_net", spectrum=spectrum, alpha=alpha, cutoff=30.0, width=10)
        closed, found = 0.5 * sech(np.pi * r / 2), float(net.two_point([r], [0.0]))
        study.exact("(25)", f"alpha={alpha:g}: K(0.4) = sech(pi r/2)/2", closed, found, route="quadrature", of=net)
        four[alpha] = float(exact_correlator(net, X, "connected"))
        statement = f"alpha={alpha:g}: G4c by integrals over frequencies"
        study.exact("(27)", statement, four[alpha], _four_point(alpha, 10), 1e-7, route="quadrature", of=net)
    # One G2, and at alpha = -1 more than twice the interaction of alpha = 0.
    ratio, expected = four[-1.0] / four[0.0], _four_point(-1.0, 10) / _four_point(0.0, 10)
    study.exact("(27)", "G4c at alpha=-1 over alpha=0, one G2", expected, ratio, 1e-7, route="quadrature")
    # alpha = 1: M_4 is the transform of G^0 on |p| < Lambda, 2 sin(Lambda z)/z.
    flat: Any = load("tuned_net", spectrum=spectrum, alpha=1.0, cutoff=30.0)
    z = 0.7
    closed = np.sin(30.0 * z) / (np.pi * z) / (np.tanh(30.0) / np.pi)
    study.exact(
        "(23)",
        "alpha=1: M_4(0.7) = sin(Lambda z)/(z tanh Lambda)",
        closed,
        float(flat.kernel_moment(4, np.array([z]))),
        route="quadrature",
        of=flat,
    )


def _four_point(alpha: float, width: int) -> float:
    """G4c of (27) for P ~ sech^(1+alpha), F = sech^(-alpha/2) on |p| < 30, Gaussian amplitudes and G2(p) = sech p."""
    x = X[:, 0]

    def wave(power: float, z: float) -> float:  # the integral of sech^power cos over p > 0
        at: dict[str, Any] = {"weight": "cos", "wvar": abs(z), "epsabs": 1e-13, "limit": 400}
        return quad(lambda p: sech(p) ** power, 0, 30, **at)[0]

    total = wave(1 + alpha, 0.0)
    square = 2 * total / np.pi  # sigma_a^2, from (sigma_a^2/2) 2 pi P F^2 = sech with P = sech^(1+alpha)/(2 total)
    channels = (x[0] + x[1] - x[2] - x[3], x[0] - x[1] + x[2] - x[3], x[0] - x[1] - x[2] + x[3])
    four = sum(wave(1 - alpha, z) for z in channels) / total / 8
    pairs = sum(
        wave(1.0, x[i] - x[j]) * wave(1.0, x[k] - x[l]) for i, j, k, l in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    )
    return square**2 * (3 * four - pairs / total**2 / 4) / width
