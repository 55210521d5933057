"""The printed forms of the paper's equations, each against what is right: (5)-(44), (S1)-(S15).

For every equation the printed form, the form that we use, and a value that comes from neither: a quadrature over
parameters, a sum over all lists of neurons or values of the amplitudes, or a list of all classical fields. From the
same numbers `docs/ERRATA.md` is written.
"""

import itertools
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, SupportsFloat

import jax
import numpy as np
from scipy.integrate import quad

from nnqft_ppl import enable_x64, exact_correlator, exact_neuron, load
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.laws import BottleLaw
from nnqft_ppl.laws.fourier import ball_volume, radial_fourier, sphere_area
from nnqft_ppl.studies import Route, Study
from nnqft_ppl.studies._errata import document  # pyright: ignore[reportMissingImports]
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    alike,
    cumulant,
    gaussian_neurons,
    isotropic_neurons,
    over_lists,
)
from nnqft_ppl.theory import Architecture

SAME = 1e-7  # relative: the quadratures are better
X = np.array([[0.1], [0.5], [-0.3], [0.9]])


#: What is only a matter of notation, or of a condition left out, and has no number of its own.
NOTATION = (
    ("(2)", "the superscript counts the points: G^(n)(x_1..x_n)"),
    ("(5)", "superscript n for m; the normalisation below is that of theta_h alone"),
    ("(14)", "rho depends on the tau that the brackets integrate over, so they do not factorise"),
    ("(16)", "sufficient, not necessary: rho must be completely monotone, an integral of exp(-E tau) over energies"),
    ("(25)", "x_1, x_2 on the left are x, y on the right"),
    ("(28)", "the last factor is L_jj^23; b_ik = p_i in (29)'s rho is b_ik = p_k"),
    ("(35)", "maxima of P depend on the coordinates, which have to be stated: study `classical_lines`"),
    ("(36)", "global maxima, not minima"),
    ("(39)", "needs P(theta) = P(a) prod_i P(theta_h,i); S_c^h is that of one neuron"),
    ("(40)", "P(a) is the joint law; in (41) it is that of one amplitude"),
    ("(41)", "needs nonzero modes of a and linearly independent classical neurons: study `landscapes`"),
    ("(44)", "a_0 is not scaled by 1/sqrt N: non-Gaussian at N = infinity"),
    ("(S5)", "the index of the product is i"),
)


class Form(NamedTuple):
    """An equation as printed and as used here, with their values and one from elsewhere: what it is, they tell."""

    equation: str
    printed: str
    used: str
    printed_value: float
    used_value: float
    value: float
    route: Route  #: by which `value` came
    mended: float = math.nan  #: of the printed form with the one symbol changed that `used` names, evaluated alike
    others: tuple[tuple[float, float], ...] = ()  #: printed and true values at other generic inputs
    of: Architecture | None = None  #: the theory, where it is about one

    @property
    def holds(self) -> bool:
        """Is the printed form right, at every input?"""
        return all(_same(printed, value) for printed, value in ((self.printed_value, self.value), *self.others))

    @property
    def verdict(self) -> str:
        """holds; convention: off by one constant at three inputs or more; typo: one symbol mends it; or corrected."""
        if self.holds:
            return "holds"
        ratios = np.array([printed / value for printed, value in ((self.printed_value, self.value), *self.others)])
        if len(ratios) > 2 and np.ptp(ratios) <= SAME * abs(ratios[0]):
            return "convention"
        return "typo" if _same(self.mended, self.value) else "corrected"


def _same(found: float, value: float) -> bool:
    return abs(found - value) <= SAME * max(abs(value), 1.0)


def run(study: Study) -> None:
    for form in forms():
        study.exact(form.equation, f"{form.used}", form.used_value, form.value, SAME, route=form.route, of=form.of)
        if not form.holds:
            error = abs(form.printed_value - form.value) / abs(form.value)
            words = f"printed {form.printed}: relative error"
            # More than 1e-3 is no rounding; more than 10 would be a mistake of this file rather than of a formula.
            study.between(form.equation, words, 1.0, error, 1e-3, 10.0, route=form.route, of=form.of)


def forms() -> Iterator[Form]:
    """All forms, in the order of the paper."""
    yield from _moments()
    yield from _cosines()
    yield from _spectra()
    yield from _scalars()
    yield from _classical()
    yield from _supplement()


def same(
    equation: str, words: str, printed: SupportsFloat, value: float, route: Route, of: Architecture | None = None
) -> Form:
    """A printed form that is used as it stands."""
    return Form(equation, words, words, float(printed), float(printed), float(value), route, of=of)


def _normal_average(function, scale: float = 1.0) -> float:
    """E function(b), b ~ N(0, scale^2), by the trapezoidal rule, which converges exponentially."""
    b = np.linspace(-9.0, 9.0, 2001) * scale
    weight = np.exp(-((b / scale) ** 2) / 2)
    return float(np.sum(function(b) * weight) / weight.sum())


def _gaussian(p: float, s: float, dim: int) -> float:
    """The density of b ~ N(0, s^2 I) at |b| = p."""
    return float(np.exp(-(p**2) / (2 * s**2)) / (2 * np.pi * s**2) ** (dim / 2))


def _variance(weight: float) -> float:
    """Of the density ~ exp(-weight a^2/2), by quadrature."""
    moments = [quad(lambda a, k=k: a**k * np.exp(-weight * a * a / 2), -np.inf, np.inf)[0] for k in (0, 2)]
    return moments[1] / moments[0]


def _plane_average(function, x: np.ndarray, y: np.ndarray, scale: float) -> float:
    """E function(b, x) function(b, y) over b ~ N(0, scale^2 I) in the plane, by the trapezoidal rule."""
    axis = np.linspace(-9.0, 9.0, 121)
    b = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    weight = np.exp(-(b**2).sum(-1) / 2)
    return float(np.sum(function(scale * b, x) * function(scale * b, y) * weight) / weight.sum())


def _wave_average(x: np.ndarray) -> float:
    """E[prod_k cos(b x_k + c)] over b ~ N(0, 1) and a uniform phase, by quadrature over both."""
    phases = 2 * np.pi * np.arange(64) / 64  # exact for trigonometric polynomials of degree below 64
    return _normal_average(lambda b: np.mean([np.prod([np.cos(b * t + c) for t in x], 0) for c in phases], 0))


def _moments() -> Iterator[Form]:
    net = load("cos_net", width=3)
    own = _wave_average(X[:2, 0])
    words = "H_ii is an integral over one neuron alone"
    yield same("(5), (S6)", words, exact_neuron(net, X[:2], (0, 0)), own, "quadrature", of=net)
    yield same("(6), (25)", "G2 = sigma_a^2 H_ii", net.two_point(X[0], X[1]), own, "quadrature", of=net)
    # ahat in {1, -2} with probabilities 8/9, 1/9 and h = 1: E a^3 = 0, and all odd moments but the first vanish not.
    values, chance = (1.0, -2.0), (8 / 9, 1 / 9)
    brute = sum(
        np.prod([chance[k] for k in draw]) * (sum(values[k] for k in draw) / 3**0.5) ** 3
        for draw in itertools.product((0, 1), repeat=3)
    )
    a1, a2, a3 = (sum(p * v**k for v, p in zip(values, chance, strict=True)) for k in (1, 2, 3))
    used = (3 * a3 + 18 * a1 * a2 + 6 * a1**3) / 3**1.5
    words = ("G3 = 0 if E a^3 = 0", "G3 needs E a = 0 too: n >= 0, not n > 0")
    yield Form("(12)", *words, 0.0, used, brute, "enumeration")
    words, found = "G4c = I_N for independent neurons, at every N", exact_correlator(net, X, "I_N")
    yield same("(7), (8), (10)", words, found, _by_lists(X), "quadrature", of=net)
    coupled: Any = load("coupled_cos_net", width=4, epsilon=0.6)
    x, excess = X[:, 0], 0.0
    for i, j, k, l in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        b, density = _pair_density(0.6)
        one, other = (np.cos(b * z) for z in (x[i] - x[j], x[k] - x[l]))
        excess += (one @ density @ other - (one @ density.sum(axis=1)) * (density.sum(axis=0) @ other)) / 4
    words = "I_IB with one fixed pair i != j"
    yield same(
        "(9), (11), (28)", words, coupled.independence_breaking(X), 0.75 * float(excess), "quadrature", of=coupled
    )


def _by_lists(points: np.ndarray) -> float:
    """G4c of Cos-net at N = 3 by the sum over all lists of neurons, each averaged over b and c."""
    field = over_lists(
        lambda chosen: _wave_average(points[list(chosen), 0]), alike(lambda k: {2: 1.0, 4: 3.0}.get(k, 0.0), 3)
    )
    return cumulant(field, range(4))


def _pair_density(epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """A grid of b and the joint density of two neurons of the latent-sign tilt on it, times the area of a cell."""
    b = np.linspace(-9.0, 9.0, 181)
    pairs = np.stack(np.meshgrid(b, b, indexing="ij"), axis=-1)[..., None]
    law: Any = load("coupled_cos_net", width=2, epsilon=epsilon)
    return b, np.exp(np.asarray(law.frequencies().log_prob(pairs), dtype=float)) * (b[1] - b[0]) ** 2


def _cosines() -> Iterator[Form]:
    laplace = 1 / 1.5
    diagonal = quad(lambda b: np.exp(-(2**0.5) * b) * 2**0.5 * np.cos(b / 2**0.5), 0, np.inf)[0] ** 2
    words = "independent components are isotropic (K along an axis = diagonal)"
    used = "K of Laplace components on the diagonal; use a law of the row"
    yield Form("(18)", words, used, laplace, 1 / 1.25**2, diagonal, "quadrature")
    net, free = load("cos_net", width=3), load("free_scalar", cutoff=6.0)
    x = X[:, 0]
    four_fields = exact_neuron(net, X, (0, 0, 0, 0))
    yield same("(19), (24)", "phases first, then frequencies", four_fields, _wave_average(x), "quadrature", of=net)
    closed = exact_correlator(net, X, "connected")
    yield same("(17), (20)", "translation invariance of G4c", closed, _by_lists(X + 0.7), "quadrature", of=net)
    apart = _wave_average(x[:1]) * _wave_average(x[1:2])
    yield same("(21)", "L_ij = 0 for i != j", exact_neuron(net, X[:2], (0, 1)), apart, "quadrature", of=net)
    z = np.array([x[0] + x[1] - x[2] - x[3], x[0] - x[1] + x[2] - x[3], x[0] - x[1] - x[2] + x[3]])

    def four(envelope) -> float:
        integrals = [quad(lambda b, s=s: envelope(b) * np.cos(b * s), 0, 6, epsabs=1e-13)[0] / 6 for s in z]
        return sum(integrals) / 8

    printed, mended = four(lambda b: (b**8 + 1) ** -0.5), four(lambda b: (b**2 + 1) ** -2.0)
    used = float(exact_neuron(free, X, (0, 0, 0, 0)))
    value = isotropic_neurons(free, X, np.ones_like, 6.0, radii=80, angles=1)((0, 1, 2, 3))
    yield Form("(23)", "F(b_i^4)", "F(b_i)^4 in L_iiii", printed, used, value, "quadrature", mended=mended, of=free)


def _spectra() -> Iterator[Form]:
    for dim in (1, 2, 3):
        net: Any = load("cos_net", dim=dim, sigma_b=1.3)
        axis, s, p = np.eye(1, dim)[0], net.s, 0.7
        # G(p) of the position-space kernel, by quadrature: knows nothing of momenta.
        g = radial_fourier(
            lambda r, n=net, a=axis: n.two_point(r[..., None] * a, 0 * a), p, dim=dim, scale=0.3, stop=9 / s
        )
        value = float(g) * (2 * np.pi) ** dim
        density = _gaussian(p, s, dim)
        used = float(net.power_spectrum(p * axis))
        inputs = ((0.2, 0.7), (1.6, 2.1))  # other momenta and sigma_b, where the closed spectrum has been checked
        closed = [float(load("cos_net", dim=dim, sigma_b=b).power_spectrum(k * axis)) for k, b in inputs]
        words, spectrum = f"d={dim}: G(p) = sigma_a^2 (2 pi)^d P F^2/2", 0.5 * (2 * np.pi) ** dim * density
        yield same("(15), (26)", words, spectrum, value, "quadrature", of=net)
        others = tuple((_gaussian(k, b / dim**0.5, dim) / 2, c) for (k, b), c in zip(inputs, closed, strict=True))
        words = (f"d={dim}: G(p) without (2 pi)^d", f"d={dim}: G(p) with (2 pi)^d")
        yield Form("(22), (34)", *words, density / 2, used, value, "quadrature", others=others, of=net)

        def s11(k: float, b: float, d: int = dim) -> float:
            return (np.pi * d / 2) ** 0.5 / b * np.exp(-d * k**2 / (2 * b**2))

        others = tuple((s11(*at), c) for at, c in zip(inputs, closed, strict=True))
        used = 0.5 * (2 * np.pi * dim / 1.3**2) ** (dim / 2) * np.exp(-dim * p**2 / (2 * 1.3**2))
        words = (f"d={dim}: prefactor of d=1", f"d={dim}: (2 pi d/sigma_b^2)^(d/2)/2")
        yield Form("(S11)", *words, s11(p, 1.3), used, value, "quadrature", others=others, of=net)


def _scalars() -> Iterator[Form]:
    net, r = load("free_scalar", dim=3, cutoff=4.0), 0.6
    points = np.array([[0.0, 0.0, 0.0], [r, 0.0, 0.0]])
    value = isotropic_neurons(net, points, np.ones_like, 4.0, radii=60, angles=40)((0, 1))
    density = (2 * np.pi) ** 3 / 2
    printed = density / (sphere_area(3) * 16) * np.exp(-r) / (4 * np.pi * r)
    axis = np.eye(1, 3)[0]
    inside = radial_fourier(lambda k: net.power_spectrum(k[..., None] * axis), r, dim=3, scale=1.0, stop=4.0)
    words = ("vol of the sphere, all p", "vol of the ball, |p| < Lambda")
    yield Form("(29), (30)", *words, printed, float(inside), value, "quadrature", of=net)
    shell = density / ball_volume(3, 4.0) * np.exp(-r) / (4 * np.pi * r)
    words = ("1/(p^2 + m^2) at all p", "theta(Lambda - |p|)/(p^2 + m^2)")
    yield Form("(30)", *words, shell, float(inside), value, "quadrature", of=net)
    found = []
    for m, tau in ((0.8, 0.7), (0.8, 1.9), (1.7, 0.4)):
        at = {"weight": "cos", "wvar": tau, "epsabs": 1e-11}
        value = quad(lambda b, m=m: m / np.pi / (b**2 + m**2), 0, np.inf, **at)[0]  # E cos(b tau)/2
        found.append((np.pi * m / 2 * np.exp(-m * tau) / m, value))
    ou: Any = load("cauchy", mass=0.8)
    printed, value = found[0]
    words = ("pi m sigma_a^2/2 exp(-mu tau)/mu", "sigma_a^2/2 exp(-m tau)")
    yield Form("(33)", *words, printed, float(ou.rho(0.7)), value, "quadrature", others=tuple(found[1:]), of=ou)
    # G(p) is the Fourier transform of E cos(b x)/2.
    at = {"weight": "cos", "wvar": 0.5, "epsabs": 1e-11}
    transform = 2 * quad(lambda x: float(ou.two_point([x], [0.0])), 0, np.inf, **at)[0]
    yield same(
        "(31), (32)", "G(p) = sigma_a^2 m/(p^2 + m^2)", float(ou.power_spectrum([0.5])), transform, "quadrature", of=ou
    )
    kernel = float(ou.kernel_moment(2, np.array([0.7])))
    yield same("(31)", "E cos(bz) of P(b) ~ 1/(b^2 + m^2)", kernel, 2 * value, "quadrature", of=ou)
    wave, found = _wave_average(X[:2, 0]), []
    for width in (5, 2, 9):  # N Var(a) H_ii, with the variance of exp(-a^2/2) or exp(-N a^2/2) by quadrature
        printed, mended = (width * _variance(weight) * wave for weight in (1, width))
        found.append((printed, mended))
    words = ("P(a_j) without N in the exponent", "P(a_j) ~ exp(-N a.a/2 sigma_a^2)")
    vector: Any = load("vector", width=5, dim=1)
    used = float(vector.two_point(X[0], X[1]))
    others = tuple((v, wave) for v, _ in found[1:])
    yield Form(
        "(42), (43)", *words, found[0][0], used, wave, "quadrature", mended=found[0][1], others=others, of=vector
    )


def _classical() -> Iterator[Form]:
    functions = np.cos(np.outer([1.0, 2.5, 4.0, 5.5], np.linspace(0.1, 3.0, 24)))
    found = ClassicalFields(3, np.array([-1.0, 1.0]), functions)
    yield same(
        "(38), (39)",
        "|S_c| from classical neurons, M=4, N=3",
        found.count(),
        len(found.fields(repeats=True)),
        "enumeration",
    )
    apart = len(found.fields(repeats=False))
    words = "2^N M!/(N! (N-M)!), M=4, N=3: one over the factorial of -1"
    mended = 2**3 * math.factorial(4) / (math.factorial(3) * math.factorial(4 - 3))  # (M - N)! for (N - M)!
    used = found.count_without_repeats()
    yield Form("(41)", words, "2^N C(M, N) fields without repeats", 0.0, used, apart, "enumeration", mended=mended)
    v, sigma_a, sigma_v = 1.3, 1.0, 0.7
    bottle = BottleLaw(v, sigma_v, 2)
    curvature = -float(jax.hessian(bottle.log_prob)(np.array([v, 0.0]))[0, 0])
    words = "a width of its own, of the dimension of a^2: mass^2 = 4 v^2/sigma_v^2"
    masses = (4 * v**2 / sigma_a**2, 4 * v**2 / sigma_v**2, curvature)
    yield Form("(44)", "the sigma_a of (43)", words, *masses, "other code", mended=4 * v**2 / sigma_v**2)


def _supplement() -> Iterator[Form]:
    # Two neurons of the latent-sign tilt: the joint density integrates to one, and to P(b_1) over b_2.
    b, density = _pair_density(0.7)
    yield same("(S1), (S2)", "Z of two coupled neurons", 1.0, float(density.sum()), "quadrature")
    near = int(np.argmin(np.abs(b - 0.6)))
    marginal = float(np.exp(-(b[near] ** 2) / 2) / np.sqrt(2 * np.pi))
    found = float(density[near].sum() / (b[1] - b[0]))
    yield same("(S3), (S4)", "marginal of one of them", marginal, found, "quadrature")
    words, value = "independent: H_iikk = H_ii H_kk", _wave_average(X[:2, 0]) * _wave_average(X[2:, 0])
    yield same("(S5), (S9)", words, exact_neuron(load("cos_net", width=3), X, (0, 0, 2, 2)), value, "quadrature")
    u, v = (float(X[0, 0] - X[1, 0]), float(X[2, 0] - X[3, 0]))
    joined, apart = (
        _normal_average(lambda f: np.cos(f * u) * np.cos(f * v)) / 4,
        _wave_average(X[:2, 0]) * _wave_average(X[2:, 0]),
    )
    used = (np.exp(-((u + v) ** 2) / 2) + np.exp(-((u - v) ** 2) / 2)) / 8
    words = ("H_1122 = H_1133 for identical neurons", "H_1122 of b_1 = b_2 != b_3: only exchangeable ones agree")
    yield Form("(S7), (S8)", *words, apart, used, joined, "quadrature")
    net: Any = load("cos_net", dim=2, width=3)
    x, y = np.array([0.3, -0.4]), np.array([0.9, 0.2])
    phases = 2 * np.pi * np.arange(8) / 8
    outside, inside = (
        np.mean([_plane_average(lambda b, z, c=c, f=f: f(b, z, c), x, y, net.s) for c in phases])
        for f in (lambda b, z, c: np.cos(b * z + c).sum(-1), lambda b, z, c: np.cos((b * z).sum(-1) + c))
    )
    value = _normal_average(lambda f: np.cos(f * float(np.linalg.norm(x - y))), scale=net.s) / 2
    words, used = ("sum_j cos(b_ij x_j + c_i)", "cos(sum_j b_ij x_j + c_i)"), float(net.two_point(x, y))
    yield Form("(S10)", *words, float(outside), used, value, "quadrature", mended=float(inside), of=net)
    gauss: Any = load("gauss_net", dim=2, width=3, sigma_b=0.9, sigma_c=0.4)
    s2 = gauss.s**2
    norm = np.exp(-(x @ x + y @ y) * s2 + 2 * 0.16 - 2 * 0.16)
    outside, inside = (
        _plane_average(f, x, y, s2**0.5)
        for f in (lambda b, z: np.exp(b * z).sum(-1), lambda b, z: np.exp((b * z).sum(-1)))
    )
    inner = _normal_average(np.exp, scale=float(np.linalg.norm(x + y)) * s2**0.5) * norm / 2
    words, used = ("sum_j exp(b_ij x_j + c)", "exp(sum_j b_ij x_j + c_i)"), float(gauss.two_point(x, y))
    at: dict[str, Any] = {"mended": norm * inside / 2, "of": gauss}
    yield Form("(S12), (S13)", *words, norm * outside / 2, used, inner, "quadrature", **at)
    points = np.stack([x, y, 0.3 * x - y, 0.2 * y])
    for theory, equation, sigma_c in ((gauss, "(S14)", 0.4), (net, "(S15)", None)):
        neurons, moved = (gaussian_neurons(theory, at, sigma_c) for at in (points, points + 0.1))
        amplitudes = alike(theory.amplitude_moment, 3)
        value, there = (cumulant(over_lists(one, amplitudes), range(4)) for one in (neurons, moved))
        used = float(theory.connected_four_point(points))
        if theory is gauss:
            engine = float(exact_correlator(theory, points + 0.1, "connected"))
            yield same(equation, "Gauss-net: G4c, exact at every N", used, value, "quadrature", of=theory)
            yield same(equation, "Gauss-net: G4c from its neuron moments", engine, there, "quadrature", of=theory)
            continue
        # (3 L_iiii - sum of three pairings)/N for Gaussian amplitudes: the pairing (13)(24) three times, or each once.
        pairings = [neurons((i, j)) * neurons((k, l)) for i, j, k, l in ((0, 2, 1, 3), (0, 1, 2, 3), (0, 3, 1, 2))]
        four = 3 * neurons((0, 1, 2, 3))
        printed, mended = ((four - total) / theory.width for total in (3 * pairings[0], sum(pairings)))
        words = ("the pairing (13)(24) three times", "Cos-net: all three pairings")
        yield Form(equation, *words, printed, used, value, "quadrature", mended=mended, of=theory)


def errata() -> str:
    """The forms as a Markdown document."""
    return document(forms(), NOTATION)


if __name__ == "__main__":
    enable_x64()
    Path(sys.argv[1]).write_text(errata(), encoding="utf-8")
