"""Derive `values.json`: reference numbers straight from the definitions, by mpmath at 20 digits.

Nothing of the package is used. Neuron moments are integrals over the parameters as the paper defines them (phases
included, no trigonometric identities); correlators are sums over neuron indices. Needs mpmath, which the project does
not depend on: `pip install mpmath && python tests/reference/derive.py`.
"""

import functools
import itertools
import json
from pathlib import Path

from mpmath import mp, mpf  # pyright: ignore[reportMissingImports]

mp.dps = 20


def phase_average(phases):
    """E_c[prod_k cos(t_k + c)], c uniform on a circle: the trapezoidal rule is exact for trigonometric polynomials."""
    steps = 4 * len(phases)
    nodes = [2 * mp.pi * j / steps for j in range(steps)]
    return sum(mp.fprod(mp.cos(t + c) for t in phases) for c in nodes) / steps


def cosine_moment_line(points, density, envelope, cuts):
    """E[h(x_1)..h(x_n)] of a cosine neuron in d = 1 by quadrature over b > 0 (even laws)."""
    n = len(points)
    return 2 * mp.quad(lambda b: density(b) * envelope(b) ** n * phase_average([b * x for x in points]), cuts)


def cumulant4(m, n_neurons, a2, a4):
    """E phi^4 - Wick by summing over neuron indices, i.i.d. neurons with even amplitudes; m(subset) are moments."""
    m = functools.cache(m)
    full = mpf(0)
    for idx in itertools.product(range(n_neurons), repeat=4):
        blocks = [[k for k in range(4) if idx[k] == i] for i in set(idx)]
        if any(len(b) % 2 for b in blocks):
            continue
        full += mp.fprod({2: a2, 4: a4}[len(b)] * m(tuple(b)) for b in blocks)
    full /= mpf(n_neurons) ** 2
    two = {(i, j): a2 * m((i, j)) for i, j in itertools.combinations(range(4), 2)}
    return full - two[0, 1] * two[2, 3] - two[0, 2] * two[1, 3] - two[0, 3] * two[1, 2]


def omega(d, x):
    """Average of cos(b.z) over directions: its power series, sum_k (-x^2/4)^k / (k! (d/2)_k)."""
    return mp.cos(x) if d == 1 else mp.hyp0f1(mpf(d) / 2, -(x**2) / 4)


def radial(d, weight, r, cuts):
    """int d^dp/(2 pi)^d weight(|p|) exp(ip.x) at |x| = r."""
    area = 2 * mp.pi ** (mpf(d) / 2) / mp.gamma(mpf(d) / 2)
    return area / (2 * mp.pi) ** d * mp.quad(lambda p: p ** (d - 1) * weight(p) * omega(d, p * r), cuts)


def entries():
    normal = lambda s: lambda b: mp.exp(-(b**2) / (2 * s**2)) / (s * mp.sqrt(2 * mp.pi))  # noqa: E731
    x4 = [mpf("0.2"), mpf("-0.5"), mpf("0.9"), mpf("1.3")]

    s = mpf("0.7")
    moment = lambda which: cosine_moment_line([x4[k] for k in which], normal(s), lambda b: mpf(1), [0, 2, 5, 9])  # noqa: E731
    yield (
        "cos_net",
        {"width": 4, "sigma_b": 0.7, "sigma_a": 1.1, "amplitude": ["laplace", {"beta": 0.6}]},
        "connected",
        [[float(x)] for x in x4],
        cumulant4(moment, 4, mpf("1.21") * 2 * mpf("0.36"), mpf("1.4641") * 24 * mpf("0.6") ** 4),
        "quadrature over b and c, sum over 4^4 neuron indices",
    )
    bb = lambda which: cosine_moment_line([x4[k] for k in which], normal(s), lambda b: b * b, [0, 2, 5, 10])  # noqa: E731
    yield (
        "cos_net",
        {"width": 3, "sigma_b": 0.7, "envelope": "b.b", "amplitude": ["constant_modulus", {"mu": 1.3}]},
        "connected",
        [[float(x)] for x in x4],
        cumulant4(bb, 3, mpf("1.69"), mpf("1.69") ** 2),
        "quadrature over b and c, sum over 3^4 neuron indices",
    )
    m = mpf("0.6")

    def ou(which):  # the phase average is a sum of cosines of b; the tail of each oscillates
        total = mpf(0)
        points = [x4[k] for k in which]
        for signs in itertools.product((1, -1), repeat=len(points)):
            if sum(signs) == 0:
                z = abs(sum(sg * x for sg, x in zip(signs, points, strict=True)))
                f = lambda b, z=z: m / mp.pi / (b * b + m * m) * mp.cos(b * z)  # noqa: E731
                total += 1 if z == 0 else 2 * mp.quadosc(f, [0, mp.inf], omega=z)
        return total / 2 ** len(points)

    yield (
        "cauchy",
        {"width": 6, "mass": 0.6, "sigma_a": 0.9},
        "connected",
        [[float(x)] for x in x4],
        cumulant4(ou, 6, mpf("0.81"), 3 * mpf("0.81") ** 2),
        "oscillatory quadrature over b, sum over 6^4 neuron indices",
    )
    sb, sc = mpf("0.5"), mpf("0.4")

    def exponential(which):
        points = [x4[k] for k in which]
        n = len(points)
        norm = mp.exp(-n * sc**2 - sb**2 * sum(x * x for x in points))
        over_b = mp.quad(lambda b: normal(sb)(b) * mp.exp(b * sum(points)), mp.linspace(-9, 9, 7))
        over_c = mp.quad(lambda c: normal(sc)(c) * mp.exp(n * c), mp.linspace(-8, 8, 7))
        return norm * over_b * over_c

    yield (
        "gauss_net",
        {"width": 3, "sigma_b": 0.5, "sigma_c": 0.4, "sigma_a": 1.2},
        "connected",
        [[float(x)] for x in x4],
        cumulant4(exponential, 3, mpf("0.72"), 3 * mpf("0.72") ** 2),
        "quadrature over b and c, sum over 3^4 neuron indices",
    )
    for d, cutoff, r in ((1, 7, mpf("0.8")), (2, 5, mpf("1.1")), (3, 4, mpf("0.3")), (4, 6, mpf("0.9"))):
        mass = mpf("1.2")
        cuts = mp.linspace(0, cutoff, 9)
        volume = mp.pi ** (mpf(d) / 2) * mpf(cutoff) ** d / mp.gamma(mpf(d) / 2 + 1)
        value = (2 * mp.pi) ** d / (2 * volume) * radial(d, lambda p: 1 / (p * p + mass**2), r, cuts)
        yield (
            "free_scalar",
            {"width": 5, "dim": d, "mass": 1.2, "cutoff": float(cutoff)},
            "full",
            [[0.0] * d, [float(r)] + [0.0] * (d - 1)],
            value,
            "radial quadrature, angular average by its power series",
        )
    for d, alpha, regulator in (
        (1, mpf("0.5"), "gaussian"),
        (2, mpf(-1), "gaussian"),
        (2, mpf("0.5"), "hard"),
        (3, mpf(0), "hard"),
    ):
        cutoff, width = 4, 3
        f = (lambda p: mp.exp(-(p**2) / 32)) if regulator == "gaussian" else (lambda p: mpf(1))
        cuts = mp.linspace(0, 4 if regulator == "hard" else 48, 9 if regulator == "hard" else 25)
        x = [
            [mpf("0.1")] * d,
            [mpf("0.5")] + [mpf(0)] * (d - 1),
            [mpf("-0.2")] * d,
            [mpf("0.9")] + [mpf("0.3")] * (d - 1),
        ]
        g = lambda power, z, f=f, d=d, cuts=cuts: radial(  # noqa: E731
            d, lambda p: f(p) * (p * p + 1) ** -power, mp.sqrt(sum(c * c for c in z)), cuts
        )
        diff = lambda i, j, x=x: [p - q for p, q in zip(x[i], x[j], strict=True)]  # noqa: E731
        pairs = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
        wick = sum(g(1, diff(i, j)) * g(1, diff(k, l)) for i, j, k, l in pairs)
        channel = [[p + q - u - v for p, q, u, v in zip(x[i], x[j], x[k], x[l], strict=True)] for i, j, k, l in pairs]
        big = g(1 + alpha, [mpf(0)] * d) / 2 * sum(g(1 - alpha, z) for z in channel)
        yield (
            "alpha_scalar",
            {"width": width, "dim": d, "alpha": float(alpha), "cutoff": 4.0, "regulator": regulator},
            "full",
            [[float(c) for c in point] for point in x],
            (1 - mpf(1) / width) * wick + big / width,
            "radial quadrature of the propagators, angular average by its power series",
        )


if __name__ == "__main__":
    rows = [
        {
            "card": card,
            "hyperparameters": settings,
            "kind": kind,
            "points": points,
            "value": mp.nstr(value, 20),
            "derivation": derivation,
        }
        for card, settings, kind, points, value, derivation in entries()
    ]
    Path(__file__).with_name("values.json").write_text(json.dumps(rows, indent=1) + "\n")
