"""The printed forms of the paper's equations, each against what is right: (5)-(44), (S1)-(S15).

For every equation the printed form, the form that we use, and a value that comes from neither: the exact engine, a
quadrature over parameters, a sum over all values of the amplitudes, or a list of all classical fields. `docs/ERRATA.md`
is written from the same numbers.
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
from nnqft_ppl.studies import Study

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
    mended: float = math.nan  #: of the printed form with the one symbol changed that `used` names, evaluated alike
    others: tuple[tuple[float, float], ...] = ()  #: printed and true values at other generic inputs

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
        study.exact(form.equation, f"{form.used}", form.value, form.used_value, SAME)
        if not form.holds:
            error = abs(form.printed_value - form.value) / abs(form.value)
            study.between(form.equation, f"printed {form.printed}: relative error", 0.0, error, 1e-3, np.inf)


def forms() -> Iterator[Form]:
    """All forms, in the order of the paper."""
    yield from _moments()
    yield from _cosines()
    yield from _spectra()
    yield from _classical()
    yield from _supplement()


def same(equation: str, words: str, printed: SupportsFloat, value: float) -> Form:
    """A printed form that is used as it stands."""
    return Form(equation, words, words, float(printed), float(printed), float(value))


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
    yield same("(5), (S6)", "H_ii is an integral over one neuron alone", exact_neuron(net, X[:2], (0, 0)), own)
    yield same("(6), (25)", "G2 = sigma_a^2 H_ii", net.two_point(X[0], X[1]), own)
    # ahat in {1, -2} with probabilities 8/9, 1/9 and h = 1: E a^3 = 0, and all odd moments but the first vanish not.
    values, chance = (1.0, -2.0), (8 / 9, 1 / 9)
    brute = sum(
        np.prod([chance[k] for k in draw]) * (sum(values[k] for k in draw) / 3**0.5) ** 3
        for draw in itertools.product((0, 1), repeat=3)
    )
    a1, a2, a3 = (sum(p * v**k for v, p in zip(values, chance, strict=True)) for k in (1, 2, 3))
    used = (3 * a3 + 18 * a1 * a2 + 6 * a1**3) / 3**1.5
    yield Form("(12)", "G3 = 0 if E a^3 = 0", "G3 needs E a = 0 too: n >= 0, not n > 0", 0.0, used, brute)
    g2 = [float(net.two_point(X[i], X[j])) for i, j in itertools.combinations(range(4), 2)]
    wick = g2[0] * g2[5] + g2[1] * g2[4] + g2[2] * g2[3]
    gc = float(exact_correlator(net, X)) - wick
    yield same("(7), (8), (10)", "G4c = I_N for independent neurons, at every N", exact_correlator(net, X, "I_N"), gc)
    coupled: Any = load("coupled_cos_net", width=4, epsilon=0.6)
    rest = float(exact_correlator(coupled, X)) - wick - float(exact_correlator(coupled, X, "I_N"))
    yield same("(9), (11), (28)", "I_IB with one fixed pair i != j", coupled.independence_breaking(X), rest)


def _cosines() -> Iterator[Form]:
    laplace = 1 / 1.5
    diagonal = quad(lambda b: np.exp(-(2**0.5) * b) * 2**0.5 * np.cos(b / 2**0.5), 0, np.inf)[0] ** 2
    words = "independent components are isotropic (K along an axis = diagonal)"
    yield Form(
        "(18)", words, "K of Laplace components on the diagonal; use a law of the row", laplace, 1 / 1.25**2, diagonal
    )
    net, free = load("cos_net", width=3), load("free_scalar", cutoff=6.0)
    x = X[:, 0]
    average = _wave_average(x)
    yield same("(19), (24)", "phases first, then frequencies", exact_neuron(net, X, (0, 0, 0, 0)), average)
    moved = float(exact_correlator(net, X + 0.7, "connected"))
    yield same("(17), (20)", "translation invariance of G4c", exact_correlator(net, X, "connected"), moved)
    yield same("(21)", "L_ij = 0 for i != j", exact_neuron(net, X[:2], (0, 1)), 0.0)
    z = np.array([x[0] + x[1] - x[2] - x[3], x[0] - x[1] + x[2] - x[3], x[0] - x[1] - x[2] + x[3]])

    def four(envelope) -> float:
        integrals = [quad(lambda b, s=s: envelope(b) * np.cos(b * s), 0, 6, epsabs=1e-13)[0] / 6 for s in z]
        return sum(integrals) / 8

    printed, used = four(lambda b: (b**8 + 1) ** -0.5), four(lambda b: (b**2 + 1) ** -2.0)
    value = float(exact_neuron(free, X, (0, 0, 0, 0)))
    yield Form("(23)", "F(b_i^4)", "F(b_i)^4 in L_iiii", printed, used, value, mended=used)


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
        yield same(
            "(15), (26)", f"d={dim}: G(p) = sigma_a^2 (2 pi)^d P F^2/2", 0.5 * (2 * np.pi) ** dim * density, value
        )
        others = tuple((_gaussian(k, b / dim**0.5, dim) / 2, c) for (k, b), c in zip(inputs, closed, strict=True))
        words = (f"d={dim}: G(p) without (2 pi)^d", f"d={dim}: G(p) with (2 pi)^d")
        yield Form("(22), (34)", *words, density / 2, used, value, others=others)

        def s11(k: float, b: float, d: int = dim) -> float:
            return (np.pi * d / 2) ** 0.5 / b * np.exp(-d * k**2 / (2 * b**2))

        others = tuple((s11(*at), c) for at, c in zip(inputs, closed, strict=True))
        used = 0.5 * (2 * np.pi * dim / 1.3**2) ** (dim / 2) * np.exp(-dim * p**2 / (2 * 1.3**2))
        words = (f"d={dim}: prefactor of d=1", f"d={dim}: (2 pi d/sigma_b^2)^(d/2)/2")
        yield Form("(S11)", *words, s11(p, 1.3), used, value, others=others)
    net, r = load("free_scalar", dim=3, cutoff=4.0), 0.6
    value = float(net.two_point([r, 0.0, 0.0], [0.0, 0.0, 0.0]))
    density = (2 * np.pi) ** 3 / 2
    printed = density / (sphere_area(3) * 16) * np.exp(-r) / (4 * np.pi * r)
    axis = np.eye(1, 3)[0]
    inside = radial_fourier(lambda k: net.power_spectrum(k[..., None] * axis), r, dim=3, scale=1.0, stop=4.0)
    yield Form("(29), (30)", "vol of the sphere, all p", "vol of the ball, |p| < Lambda", printed, float(inside), value)
    shell = density / ball_volume(3, 4.0) * np.exp(-r) / (4 * np.pi * r)
    yield Form("(30)", "1/(p^2 + m^2) at all p", "theta(Lambda - |p|)/(p^2 + m^2)", shell, float(inside), value)
    found = []
    for m, tau in ((0.8, 0.7), (0.8, 1.9), (1.7, 0.4)):
        ou: Any = load("cauchy", mass=m)
        at = {"weight": "cos", "wvar": tau, "epsabs": 1e-11}
        value = quad(lambda p, net=ou: float(net.power_spectrum([p])), 0, np.inf, **at)[0] / np.pi
        found.append((np.pi * m / 2 * np.exp(-m * tau) / m, value))
    ou, (printed, value) = load("cauchy", mass=0.8), found[0]
    words = ("pi m sigma_a^2/2 exp(-mu tau)/mu", "sigma_a^2/2 exp(-m tau)")
    yield Form("(33)", *words, printed, float(ou.rho(0.7)), value, others=tuple(found[1:]))
    yield same("(31), (32)", "G(p) = sigma_a^2 m/(p^2 + m^2)", float(ou.power_spectrum([0.5])), 0.8 / (0.25 + 0.64))
    kernel = float(ou.kernel_moment(2, np.array([0.7])))
    yield same("(31)", "E cos(bz) of P(b) ~ 1/(b^2 + m^2)", kernel, np.exp(-0.56))
    wave, found = _wave_average(X[:2, 0]), []
    for width in (5, 2, 9):  # N Var(a) H_ii, with the variance of exp(-a^2/2) or exp(-N a^2/2) by quadrature
        printed, mended = (width * _variance(weight) * wave for weight in (1, width))
        found.append((printed, mended))
    words = ("P(a_j) without N in the exponent", "P(a_j) ~ exp(-N a.a/2 sigma_a^2)")
    used = float(load("vector", width=5, dim=1).two_point(X[0], X[1]))
    yield Form(
        "(42), (43)", *words, found[0][0], used, wave, mended=found[0][1], others=tuple((v, wave) for v, _ in found[1:])
    )


def _classical() -> Iterator[Form]:
    functions = np.cos(np.outer([1.0, 2.5, 4.0, 5.5], np.linspace(0.1, 3.0, 24)))
    found = ClassicalFields(3, np.array([-1.0, 1.0]), functions)
    yield same("(38), (39)", "|S_c| from classical neurons, M=4, N=3", found.count(), len(found.fields(repeats=True)))
    apart = len(found.fields(repeats=False))
    words = "2^N M!/(N! (N-M)!), M=4, N=3: one over the factorial of -1"
    mended = 2**3 * math.factorial(4) / (math.factorial(3) * math.factorial(4 - 3))  # (M - N)! for (N - M)!
    used = found.count_without_repeats()
    yield Form("(41)", words, "2^N C(M, N) fields without repeats", 0.0, used, apart, mended=mended)
    v, sigma_a, sigma_v = 1.3, 1.0, 0.7
    bottle = BottleLaw(v, sigma_v, 2)
    curvature = -float(jax.hessian(bottle.log_prob)(np.array([v, 0.0]))[0, 0])
    words = "a width of its own, of the dimension of a^2: mass^2 = 4 v^2/sigma_v^2"
    masses = (4 * v**2 / sigma_a**2, 4 * v**2 / sigma_v**2, curvature)
    yield Form("(44)", "the sigma_a of (43)", words, *masses, mended=4 * v**2 / sigma_v**2)


def _supplement() -> Iterator[Form]:
    # Two neurons of the latent-sign tilt: the joint density integrates to one, and to P(b_1) over b_2.
    coupled: Any = load("coupled_cos_net", width=2, epsilon=0.7)
    law = coupled.frequencies()
    b = np.linspace(-9.0, 9.0, 181)
    pairs = np.stack(np.meshgrid(b, b, indexing="ij"), axis=-1)[..., None]
    density = np.exp(np.asarray(law.log_prob(pairs), dtype=float))
    step = b[1] - b[0]
    yield same("(S1), (S2)", "Z of two coupled neurons", float(density.sum() * step**2), 1.0)
    at = int(np.argmin(np.abs(b - 0.6)))
    yield same(
        "(S3), (S4)",
        "marginal of one of them",
        float(density[at].sum() * step),
        float(np.exp(-(b[at] ** 2) / 2) / np.sqrt(2 * np.pi)),
    )
    yield same(
        "(S5), (S9)",
        "independent: H_iikk = H_ii H_kk",
        exact_neuron(load("cos_net", width=3), X, (0, 0, 2, 2)),
        _wave_average(X[:2, 0]) * _wave_average(X[2:, 0]),
    )
    u, v = (float(X[0, 0] - X[1, 0]), float(X[2, 0] - X[3, 0]))
    joined, apart = (
        _normal_average(lambda f: np.cos(f * u) * np.cos(f * v)) / 4,
        _wave_average(X[:2, 0]) * _wave_average(X[2:, 0]),
    )
    used = (np.exp(-((u + v) ** 2) / 2) + np.exp(-((u - v) ** 2) / 2)) / 8
    yield Form(
        "(S7), (S8)",
        "H_1122 = H_1133 for identical neurons",
        "H_1122 of b_1 = b_2 != b_3: only exchangeable ones agree",
        apart,
        used,
        joined,
    )
    net: Any = load("cos_net", dim=2, width=3)
    x, y = np.array([0.3, -0.4]), np.array([0.9, 0.2])
    phases = 2 * np.pi * np.arange(8) / 8
    outside, inside = (
        np.mean([_plane_average(lambda b, z, c=c, f=f: f(b, z, c), x, y, net.s) for c in phases])
        for f in (lambda b, z, c: np.cos(b * z + c).sum(-1), lambda b, z, c: np.cos((b * z).sum(-1) + c))
    )
    value = _normal_average(lambda f: np.cos(f * float(np.linalg.norm(x - y))), scale=net.s) / 2
    yield Form(
        "(S10)",
        "sum_j cos(b_ij x_j + c_i)",
        "cos(sum_j b_ij x_j + c_i)",
        float(outside),
        float(net.two_point(x, y)),
        value,
        mended=float(inside),
    )
    gauss: Any = load("gauss_net", dim=2, width=3, sigma_b=0.9, sigma_c=0.4)
    s2 = gauss.s**2
    norm = np.exp(-(x @ x + y @ y) * s2 + 2 * 0.16 - 2 * 0.16)
    outside, inside = (
        _plane_average(f, x, y, s2**0.5)
        for f in (lambda b, z: np.exp(b * z).sum(-1), lambda b, z: np.exp((b * z).sum(-1)))
    )
    inner = _normal_average(np.exp, scale=float(np.linalg.norm(x + y)) * s2**0.5) * norm / 2
    yield Form(
        "(S12), (S13)",
        "sum_j exp(b_ij x_j + c)",
        "exp(sum_j b_ij x_j + c_i)",
        norm * outside / 2,
        float(gauss.two_point(x, y)),
        inner,
        mended=norm * inside / 2,
    )
    points = np.stack([x, y, 0.3 * x - y, 0.2 * y])
    for name, equation in (("gauss_net", "(S14)"), ("cos_net", "(S15)")):
        theory = gauss if name == "gauss_net" else net
        g2 = [float(exact_correlator(theory, points[[i, j]])) for i, j in itertools.combinations(range(4), 2)]
        value = float(exact_correlator(theory, points)) - g2[0] * g2[5] - g2[1] * g2[4] - g2[2] * g2[3]
        used = float(theory.connected_four_point(points))
        if name == "gauss_net":
            yield same(equation, "Gauss-net: G4c, exact at every N", used, value)
            continue
        # (3 L_iiii - sum of three pairings)/N for Gaussian amplitudes: the pairing (13)(24) three times, or each once.
        four = 3 * float(exact_neuron(theory, points, (0, 0, 0, 0)))
        printed, mended = (
            (four - sum(g2[i] * g2[j] for i, j in pairings)) / theory.width
            for pairings in (((1, 4),) * 3, ((0, 5), (1, 4), (2, 3)))
        )
        words = ("the pairing (13)(24) three times", "Cos-net: all three pairings")
        yield Form(equation, *words, printed, used, value, mended=mended)


def errata() -> str:
    """The forms as a Markdown document."""
    lines = [
        "# The paper's equations, as printed and as used here",
        "",
        "Made by `make errata` from the study `printed_forms`; the last column is the printed value over the true one.",
        "What a printed form is follows from numbers: it *holds*; it is off by one and the same constant at several",
        "inputs, so that a *convention* of normalisation mends it; it is right with one symbol changed, evaluated by",
        "the same code, a *typo*; or it is *corrected*.",
        "",
        "| equation | printed | used here | printed form | printed / true |",
        "|---|---|---|---|---|",
    ]
    for form in forms():
        words = ("—", form.used, "holds", "1") if form.holds else (form.printed, form.used, form.verdict, _ratio(form))
        lines.append(f"| {form.equation} | {' | '.join(word.replace('|', chr(92) + '|') for word in words)} |")
    lines += ["", "Notation and conditions:", "", *(f"- {equation} {words}" for equation, words in NOTATION)]
    return "\n".join(lines) + "\n"


def _ratio(form: Form) -> str:
    return f"{form.printed_value / form.value:.6g}"


if __name__ == "__main__":
    enable_x64()
    Path(sys.argv[1]).write_text(errata(), encoding="utf-8")
