"""Two-point functions and power spectra: (2), (4), (6), (15), (22), (25), (26), (30)-(34), (S6), (S11).

Each card's closed form is held against the exact engine (a sum over partitions of neuron moments), against brute-force
draws of the field, and against the Fourier transform of its own power spectrum; then the printed forms that are wrong
are held against the right ones.
"""

import numpy as np
from scipy.integrate import quad

from nnqft_ppl import correlators, exact_correlator, exact_neuron, load
from nnqft_ppl.laws.fourier import radial_fourier, sphere_area
from nnqft_ppl.studies import Study

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
            net, x, orders=(2,), kinds=("full",), estimators=("field",), draws=draws, seed=3, progress=study.progress
        )
        tables[name] = table
        study.table(table, f"two_point_{name}")
        closed = net.two_point(x[:, 0], x[:, 1])
        worst = int(table["z"].abs().argmax())
        row = table.iloc[worst]
        study.monte_carlo(
            "(2), (4)", f"{name}: G2 of field draws, worst of 6", row["exact"], row["estimate"], row["mcse"]
        )
        study.exact("(6), (25)", f"{name}: G2 closed form / partitions", 1.0, _ratio(closed, exact_correlator(net, x)))
        single = net.amplitude_moment(2) * exact_neuron(net, x, (0, 0))
        study.exact("(6), (S6)", f"{name}: G2 / (sigma_a^2 H_ii)", 1.0, _ratio(single, closed))
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
            study.exact(label, f"{name} d={dim}: Fourier transform of G(p) / G(x)", 1.0, _ratio(back, closed))
    ou = load("cauchy", mass=0.8)
    for tau in (0.3, 1.5):
        integral = quad(lambda p: float(ou.power_spectrum([p])), 0, np.inf, weight="cos", wvar=tau)[0] / np.pi
        study.exact(
            "(15), (32)", f"cauchy: rho({tau}) from G(p) / G(x)", 1.0, integral / ou.two_point([tau], [0.0]), 1e-7
        )


def _printed(study: Study) -> None:
    """What the paper prints, divided by what is right."""
    for dim in (1, 2, 3, 4):
        net = load("cos_net", dim=dim, sigma_b=1.3)
        point = np.full(dim, 0.7 / dim**0.5)
        true = float(net.power_spectrum(point))
        printed = np.sqrt(np.pi * dim / 2) / 1.3 * np.exp(-dim * 0.49 / (2 * 1.3**2))
        wrong_by = (2 * np.pi * dim / 1.3**2) ** ((1 - dim) / 2)
        study.exact("(S11)", f"printed prefactor / true, d={dim} (right in d=1 only)", wrong_by, printed / true)
        z_b = (2 * np.pi * 1.3**2 / dim) ** (dim / 2)
        printed34 = np.exp(-dim * 0.49 / (2 * 1.3**2)) / (2 * z_b)
        study.exact("(34)", f"printed / true, d={dim}: (2 pi)^d is missing", (2 * np.pi) ** -dim, printed34 / true)
        density = float(np.exp(-0.49 * dim / (2 * 1.3**2)) / z_b)
        printed22 = 0.5 * density
        neuron = float(net.neuron_power_spectrum(point))  # pyright: ignore[reportAttributeAccessIssue]
        study.exact("(22)", f"printed / true, d={dim}: (2 pi)^d is missing", (2 * np.pi) ** -dim, printed22 / neuron)
    free = load("free_scalar", dim=3, cutoff=20.0)
    beyond = float(free.power_spectrum([20.5, 0.0, 0.0]))
    study.exact("(30)", "G(p) beyond the cutoff is zero, not 1/(p^2+m^2)", 0.0, beyond)
    solid = 4 / 3 * np.pi * 20.0**3
    inside = float(free.power_spectrum([2.5, 0.0, 0.0]))
    study.exact("(29), (30)", "volume of the solid ball in G(p)", (2 * np.pi) ** 3 / (2 * solid * 7.25), inside)
    shell = sphere_area(3) * 20.0**2
    study.exact("(29)", "printed volume of the sphere / the ball's", 3 / 20.0, shell / solid)
    ou = load("cauchy", mass=0.8)
    tau = np.array(0.7)
    printed33 = np.pi * 0.8 / 2 * np.exp(-0.8 * tau) / 0.8
    rho = ou.rho(tau)  # pyright: ignore[reportAttributeAccessIssue]
    study.exact("(33)", "printed rho / true: a factor pi too many", np.pi, float(printed33 / rho))


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
