"""Two-point functions and power spectra: (2), (4), (6), (15), (22), (25), (26), (30)-(34), (S6), (S11).

Each card's closed form is held against brute-force draws of the field, against the average of h(x) h(y) over the
parameters of one neuron, and against the Fourier transform of its own power spectrum. The printed forms that are wrong
are held against values found from h(x) and P(theta_h), without any closed spectrum.
"""

from functools import partial
from typing import Any

import numpy as np
from scipy.integrate import quad, simpson
from scipy.special import j0

from nnqft_ppl import correlators, load
from nnqft_ppl.laws.fourier import radial_fourier
from nnqft_ppl.studies import Study
from nnqft_ppl.studies._moments import (  # pyright: ignore[reportMissingImports]
    Neurons,
    gaussian_neurons,
    isotropic_neurons,
)

THEORIES = {
    "cos_net": {"dim": 2, "sigma_b": 1.3},
    "gauss_net": {"dim": 2, "sigma_b": 0.7, "sigma_c": 0.3},
    "free_scalar": {"dim": 3, "cutoff": 5.0},
    "alpha_scalar": {"dim": 2, "alpha": 0.0, "cutoff": 20.0},
    "cauchy": {"mass": 0.8},
}


def run(study: Study) -> None:
    draws = 100_000 if study.quick else 500_000
    tables = {}
    for name in list(THEORIES)[:: 2 if study.quick else 1]:
        net = load(name, width=5, **THEORIES[name])
        x = np.zeros((6, 2, net.dim))
        x[:, 0, 0], x[:, 1, 0] = -0.3, -0.3 + np.linspace(0.2, 1.7, 6)
        table = correlators(
            net,
            x,
            orders=(2,),
            kinds=("full",),
            estimators=("field",),
            draws=draws,
            seed=study.seed(3),
            progress=study.progress,
        )
        tables[name] = table
        study.table(table, f"two_point_{name}")
        worst = int(table["z"].abs().argmax())
        row = table.iloc[worst]
        study.monte_carlo(
            "(2), (4)", f"{name}: G2 of field draws, worst of 6", row["exact"], row["estimate"], row["mcse"], of=net
        )
        if name != "cauchy":  # whose frequencies have no range: its row follows from (15) below
            points = np.concatenate([x[:1, 0], x[:, 1]])
            neurons = _averaged(name, net, points)
            found = net.amplitude_moment(2) * np.array([neurons((0, k)) for k in range(1, 7)])
            ratio = _ratio(found, net.two_point(points[0], points[1:]))
            statement = f"{name}: sigma_a^2 E[h(x) h(y)] over the parameters / G2"
            study.exact("(6), (25), (S6)", statement, 1.0, ratio, 1e-9, route="quadrature", of=net)
    _spectra(study)
    _printed(study)
    _picture(study, tables)


def _spectra(study: Study) -> None:
    """G(x) = int d^dp/(2 pi)^d exp(ipx) G(p) for isotropic spectra, by radial quadrature of the closed G(p)."""
    for dim in (1, 2, 3, 4):
        for name, stop, scale in (("cos_net", 12.0, 0.3), ("free_scalar", 10.0, 1.0), ("gauss_net", 12.0, 0.3)):
            net = load(name, dim=dim)
            p_max = stop if name == "free_scalar" else stop / dim**0.5
            axis = np.eye(1, dim)[0]
            r = np.array([0.1, 0.6, 1.4])
            back = radial_fourier(
                lambda p, net=net, axis=axis: net.power_spectrum(p[..., None] * axis),
                r,
                dim=dim,
                scale=scale,
                stop=p_max,
            )
            closed = net.two_point(r[:, None] * axis, np.zeros(dim))
            label = {"cos_net": "(26), (34)", "free_scalar": "(26), (30)", "gauss_net": "(S11)"}[name]
            study.exact(
                label,
                f"{name} d={dim}: Fourier transform of G(p) / G(x)",
                1.0,
                _ratio(back, closed),
                route="quadrature",
                of=net,
            )
    ou = load("cauchy", mass=0.8)
    for tau in (0.3, 1.5):
        integral = quad(lambda p: float(ou.power_spectrum([p])), 0, np.inf, weight="cos", wvar=tau)[0] / np.pi
        study.exact(
            "(15), (32)",
            f"cauchy: rho({tau}) from G(p) / G(x)",
            1.0,
            integral / ou.two_point([tau], [0.0]),
            1e-7,
            route="quadrature",
            of=ou,
        )


def _averaged(name: str, net: Any, points: np.ndarray) -> Neurons:
    """The neurons of a theory at points on the first axis, averaged over P(theta_h) of (29), (34) and (S12)."""
    if name == "free_scalar":  # uniform in the ball
        return isotropic_neurons(net, points, np.ones_like, net.cutoff, radii=60, angles=40)
    if name == "alpha_scalar":  # at alpha = 0, with a Gaussian regulator that ends it long before 9 Lambda
        return isotropic_neurons(net, points, lambda b: _regulated(b, net.cutoff), 9 * net.cutoff, 400, 256)
    return gaussian_neurons(net, points, net.sigma_c if name == "gauss_net" else None)


def _regulated(b: np.ndarray, cutoff: float) -> np.ndarray:
    return np.exp(-((b / cutoff) ** 2) / 2) / (b**2 + 1)


def _printed(study: Study) -> None:
    """What the paper prints, divided by G(p) that comes by Fourier transform from E[h(x) h(y)] over the parameters."""
    r = np.linspace(0.0, 10.0, 201)
    for dim in (1, 2, 3):
        net: Any = load("cos_net", dim=dim, sigma_b=1.3)
        points = np.zeros((len(r), dim))
        points[:, 0] = r
        neurons = isotropic_neurons(net, points, partial(_normal, s=net.s), 9 * net.s, radii=60, angles=60)
        # A radial transform by Simpson's rule: both ends contribute nothing that it does not integrate.
        wave = {1: np.cos(0.7 * r), 2: j0(0.7 * r), 3: np.sinc(0.7 * r / np.pi)}[dim]
        area = {1: 2.0, 2: 2 * np.pi, 3: 4 * np.pi}[dim]
        moments = np.array([neurons((0, k)) for k in range(len(r))])
        neuron = area * float(simpson(moments * wave * r ** (dim - 1), x=r))  # L_ii(p) at p = 0.7, and G(p)
        z_b = (2 * np.pi * 1.3**2 / dim) ** (dim / 2)
        weight = np.exp(-dim * 0.49 / (2 * 1.3**2))
        forms = (
            ("(S11)", "prefactor of d=1", (np.pi * dim / 2) ** 0.5 / 1.3 * weight, (2 * np.pi * net.s**-2) ** 0.5),
            ("(22), (34)", "without (2 pi)^d", weight / (2 * z_b), 2 * np.pi),
        )
        for equation, words, printed, per_dimension in forms:
            wrong_by = per_dimension ** (1 - dim) if equation == "(S11)" else per_dimension**-dim
            statement = f"d={dim}: printed, {words}, / L_ii(p) of the neurons"
            study.exact(equation, statement, wrong_by, printed / neuron, 1e-6, route="quadrature", of=net)
    free: Any = load("free_scalar", dim=3, cutoff=4.0)
    points = np.zeros((2, 3))
    points[1, 0] = 0.6
    g2 = isotropic_neurons(free, points, np.ones_like, 4.0, radii=60, angles=40)((0, 1))
    inside = quad(lambda p: p**2 / (p**2 + 1) * np.sinc(0.6 * p / np.pi), 0, 4.0, epsabs=1e-13)[0] / (2 * np.pi**2)
    whole = np.exp(-0.6) / (4 * np.pi * 0.6)
    ball, sphere = 4 / 3 * np.pi * 4.0**3, 4 * np.pi * 4.0**2
    for words, expected, volume, integral in (
        ("volume of the ball, |p| < Lambda", 1.0, ball, inside),
        ("volume of the sphere", 4.0 / 3, sphere, inside),
        ("all p, without the cutoff", whole / inside, ball, whole),
    ):
        found = (2 * np.pi) ** 3 / (2 * volume) * integral / g2
        study.exact("(29), (30)", f"G2 by {words} / of the neurons", expected, found, 1e-9, route="quadrature", of=free)
    tau, m = 0.7, 0.8
    at = {"weight": "cos", "wvar": tau, "epsabs": 1e-11}
    value = quad(lambda b: m / np.pi / (b**2 + m**2), 0, np.inf, **at)[0]  # E cos(b tau)/2 of (31)
    printed = np.pi * m / 2 * np.exp(-m * tau) / m
    ou = load("cauchy", mass=m)
    study.exact(
        "(33)", "printed rho / of the neurons: a factor pi", np.pi, printed / value, 1e-7, route="quadrature", of=ou
    )


def _normal(b: np.ndarray, s: float) -> np.ndarray:
    return np.exp(-((b / s) ** 2) / 2)


def _ratio(a: np.ndarray, b: np.ndarray) -> float:
    """The ratio a/b that is furthest from 1."""
    ratio = np.asarray(a) / np.asarray(b)
    return float(ratio[np.abs(ratio - 1.0).argmax()])


def _picture(study: Study, tables: dict) -> None:
    with study.figure("two_point") as (_, axes):
        for name, table in tables.items():
            net = load(name, width=5, **THEORIES[name])
            r = np.linspace(0.0, 2.0, 101)
            x, y = np.zeros((101, net.dim)), np.zeros((101, net.dim))
            x[:, 0], y[:, 0] = -0.3, -0.3 + r
            (line,) = axes.plot(r, net.two_point(x, y) / net.two_point(x[:1], x[:1]), label=name)
            scale = net.two_point(x[:1], x[:1])[0]
            axes.errorbar(
                np.linspace(0.2, 1.7, 6),
                table["estimate"] / scale,
                5 * table["mcse"] / scale,
                fmt=".",
                color=line.get_color(),
            )
        axes.set(
            xlabel="|x − y|", ylabel="$G^{(2)}(x, y) / G^{(2)}(x, x)$", title="exact lines, field draws (5 errors)"
        )
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
