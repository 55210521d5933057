"""The free scalar: what a cutoff changes, (29)-(32), and why N and Lambda do not commute.

Canonically normalised amplitudes grow like Lambda^(d/2), so interactions are of order Lambda^d/N: at fixed width the
cutoff cannot go to infinity, at fixed N/Lambda^d it can and leaves an interacting theory, Poisson in momentum space.
The cutoff-free net has the free spectrum at every width instead.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import k0, k1

from nnqft_ppl import exact_correlator, load
from nnqft_ppl.correlation.periodogram import periodogram
from nnqft_ppl.studies import Study

FOUR = np.array([[0.0], [0.3], [0.5], [-0.2]])


def run(study: Study) -> None:
    _coincident(study)
    _truncation(study)
    _density(study)
    _spectra(study)
    _picture(study)


def canonical(name: str, **settings):
    net: Any = load(name, **settings)
    return replace(net, sigma_a=net.canonical_sigma_a())


def _coincident(study: Study) -> None:
    """M_2(0) and M_4(0) in elementary functions, d = 1..4."""
    m, l = 1.3, 6.0
    angle, log = np.arctan(l / m), np.log(1 + (l / m) ** 2)
    two = (angle / (m * l), log / l**2, 3 * (l - m * angle) / l**3, 2 * (l**2 - m**2 * log) / l**4)
    four = (
        (angle / m**3 + l / (m**2 * (l**2 + m**2))) / (2 * l),
        1 / (m**2 * (l**2 + m**2)),
        3 / (2 * l**3) * (angle / m - l / (l**2 + m**2)),
        2 / l**4 * (log - l**2 / (l**2 + m**2)),
    )
    for dim in (1, 2, 3, 4):
        net: Any = load("free_scalar", dim=dim, mass=m, cutoff=l)
        for k, closed in ((2, two), (4, four)):
            found = float(net.kernel_moment(k, np.zeros(dim)))
            study.exact(
                "(23), (29)",
                f"d={dim}: E[F^{k}] in elementary functions",
                float(closed[dim - 1]),
                found,
                route="quadrature",
                of=net,
            )


def _truncation(study: Study) -> None:
    """|G_Lambda(r) - G_infinity(r)| ~ Lambda^((d-5)/2), a root mean square over one oscillation in Lambda."""
    r = 0.7
    free = {1: np.exp(-r) / 2, 2: k0(r) / (2 * np.pi), 3: np.exp(-r) / (4 * np.pi * r)}
    for dim, limit in free.items():
        errors = []
        for start in (50.0, 400.0):
            cutoffs = start + 2 * np.pi / r * np.arange(16) / 16
            at = r * np.eye(1, dim)[0]
            values = [float(canonical("free_scalar", dim=dim, cutoff=c).two_point(at, np.zeros(dim))) for c in cutoffs]
            errors.append(np.sqrt(np.mean((np.array(values) - limit) ** 2)))
        slope = np.log(errors[1] / errors[0]) / np.log(8)
        study.exact(
            "(30)",
            f"d={dim}: power of Lambda in the error of G(r)",
            (dim - 5) / 2,
            float(slope),
            5e-2,
            route="quadrature",
        )
        free_net = canonical("cutoff_free_scalar", dim=dim, power=dim / 2 + 0.5)
        found = float(free_net.two_point(r * np.eye(1, dim)[0], np.zeros(dim)))
        statement = f"d={dim}: the cutoff-free net has G(r) itself"
        study.exact("(30), (31)", statement, float(limit), found, route="identity", of=free_net)


def _interaction(cutoff: float, width: int) -> float:
    return float(exact_correlator(canonical("free_scalar", cutoff=cutoff, width=width), FOUR, "connected"))


def _density(study: Study) -> None:
    """d = 1: at N = n Lambda, G4c -> (3/(8 pi m^3 n)) sum over channels of (1 + m|z|) exp(-m|z|), for Gaussian a."""
    x = FOUR[:, 0]
    channels = np.abs([x[0] + x[1] - x[2] - x[3], x[0] - x[1] + x[2] - x[3], x[0] - x[1] - x[2] + x[3]])
    limit = 3 / (8 * np.pi) * np.sum((1 + channels) * np.exp(-channels))
    found = [_interaction(cutoff, int(cutoff)) for cutoff in (100.0, 1000.0, 10_000.0)]
    study.exact(
        "(8), (30)", "N = Lambda = 1e4: G4c near its limit at fixed density", limit, found[-1], 1e-3, route="quadrature"
    )
    ratio = (limit - found[1]) / (limit - found[0])
    study.exact(
        "(8), (30)", "and its distance from the limit falls like 1/N", 0.1, float(ratio), 5e-2, route="quadrature"
    )
    study.exact(
        "(10), (30)",
        "N -> 100 N at fixed Lambda: G4c",
        0.01,
        _interaction(50.0, 10_000) / _interaction(50.0, 100),
        route="identity",
    )
    grown = _interaction(1000.0, 100) / _interaction(100.0, 100)
    study.exact("(30)", "Lambda -> 10 Lambda at fixed N: G4c", 10.0, grown, 2e-2, route="quadrature")
    # d = 2: 3/(32 pi^2 n) sum over channels of m|z| K_1(m|z|), by the same integral, less the pairs sum of G G/N.
    plane = np.pad(FOUR, ((0, 0), (0, 1)))
    r = np.abs(np.subtract.outer(x, x))
    pairs = sum(k0(r[i, j]) * k0(r[k, l]) for i, j, k, l in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)))
    far = np.maximum(channels, 1e-9)  # z K_1(z) -> 1
    limit = 3 / (32 * np.pi**2) * np.sum(far * k1(far))
    for width in (100, 400):
        net = canonical("free_scalar", dim=2, cutoff=width**0.5, width=width)
        found = float(exact_correlator(net, plane, "connected"))
        value = float(limit - pairs / (4 * np.pi**2 * width))
        statement = f"d=2, N = Lambda^2 = {width}: G4c near its limit at fixed density"
        # What the cutoff takes from both integrals is of relative order 1/Lambda^2.
        study.exact("(30)", statement, value, found, 1.2 / width, route="quadrature", of=net)


def _spectra(study: Study) -> None:
    """(26), (30), (34): the power of draws through a window against the smoothed closed spectrum."""
    draws = 8192 if study.quick else 40_000
    momenta = np.array([0.0, 0.7, 1.5, 3.0])
    for name, equation, settings in (("free_scalar", "(26), (30)", {"cutoff": 5.0}), ("cos_net", "(26), (34)", {})):
        net = load(name, width=10, **settings)
        found = periodogram(net, momenta, length=2.5, spacing=0.25, draws=draws, seed=study.seed(2))
        for p, estimate, mcse, expected in zip(momenta, *found, strict=True):
            study.monte_carlo(
                equation, f"{name} N=10: windowed power at p={p:g}, draws", expected, estimate, mcse, of=net
            )


def _picture(study: Study) -> None:
    with study.figure("free_scalar", columns=2) as (_, (left, right)):
        widths = np.geomspace(10, 1e5, 25)
        for cutoff in (10.0, 100.0, 1000.0):
            left.plot(widths, [_interaction(cutoff, int(n)) for n in widths], label=f"Λ = {cutoff:g}")
        left.plot(widths, [_interaction(float(n), int(n)) for n in widths], "k--", label="Λ = N")
        left.set(
            xscale="log", yscale="log", xlabel="width N", ylabel="$G_c^{(4)}$", title="N and Λ do not commute, d = 1"
        )
        left.legend()
        momenta = np.linspace(0.0, 7.0, 29)
        net = load("free_scalar", width=10, cutoff=5.0)
        found = periodogram(net, momenta, length=2.5, spacing=0.25, draws=4096, seed=study.seed(3))
        right.plot(momenta, net.power_spectrum(momenta[:, None]), color="0.5", label="G(p)")
        right.plot(momenta, found.expected, label="through the window")
        right.errorbar(momenta, found.estimate, 5 * found.mcse, fmt=".", label="draws (5 errors)")
        right.set(xlabel="p", title="power spectrum, Λ = 5, N = 10")
        right.legend()
