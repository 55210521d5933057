"""The generating functional at finite width, laws of the field, derivatives, and the free boson of the plane.

Z[J] = (E exp(i a J.h))^N of independent neurons is exact: held here against draws, quadrature and closed forms. With a
spectrum 1/p^2 on a band vertex operators of the plane have the power law of a conformal theory (arXiv:2512.24420).
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special, stats
from scipy.integrate import quad

from nnqft_ppl import exact_correlator, exact_derivative, field_law, generating_functional, load
from nnqft_ppl.sampling.networks import field_draws, over_networks
from nnqft_ppl.studies import Study

PLANE = np.array([[0.0, 0.0], [0.5, 0.3], [-0.4, 0.9]])
RADII = (0.03, 0.1, 0.3)


def run(study: Study) -> None:
    draws = 40_000 if study.quick else 400_000
    _one_point(study)
    _pair(study)
    _draws(study, draws)
    _laws(study, draws)
    _derivatives(study, draws)
    _boson(study, draws)
    _picture(study)


def _one_point(study: Study) -> None:
    """Characteristic functions of phi at one point, F = 1, against quadrature over the law of the amplitude."""
    j, width = 1.7, 4
    for law in ("gaussian", "laplace") if study.quick else ("gaussian", "laplace", "bimodal", "student"):
        net = load("cos_net", width=width, amplitude=law)
        density = net.amplitude_law.distribution(1.0)
        a = np.linspace(0.0, 40.0, 400_001)
        p = 2 * np.exp(np.asarray(density.log_prob(a), dtype=float))
        one = np.trapezoid(p * special.j0(a * j / width**0.5), a)
        found = float(generating_functional(net, [[0.0]], [j]))
        statement = f"{law}, N={width}: E exp(i J phi) at one point"
        study.exact("(1), (4)", statement, one**width, found, 1e-8, route="quadrature", of=net)


def _pair(study: Study) -> None:
    """Two vertex operators: b r has a wrapped Cauchy law, and the phase gives J_0(2 alpha sin(b r/2)/sqrt N)."""
    r, alpha, rho = 0.7, 2.0, np.exp(-0.7)

    def integrand(theta: float, width: int) -> float:
        poisson = (1 - rho**2) / (1 - 2 * rho * np.cos(theta) + rho**2) / np.pi
        return poisson * special.j0(2 * alpha * np.sin(theta / 2) / width**0.5)

    for width in (3, 10, 1000):
        net = load("cauchy", width=width, amplitude="constant_modulus")
        one = quad(integrand, 0.0, np.pi, args=(width,), epsabs=1e-14, epsrel=1e-13)[0]
        found = float(generating_functional(net, [[0.0], [r]], [alpha, -alpha]))
        statement = f"cauchy N={width}: <exp(2i (phi(0) - phi(.7)))>"
        study.exact("(4), (31)", statement, one**width, found, 1e-9, route="quadrature", of=net)
    study.exact(
        "(31)", "and as N -> infinity", 0.3653756077, float(np.exp(-(alpha**2) * (1 - rho) / 2)), 1e-9, route="identity"
    )


def _draws(study: Study, draws: int) -> None:
    """Three vertex operators of unequal charges, in which a sign of one phase shows."""
    source = np.array([1.1, -1.6, 0.9])
    for card, law, settings in (
        ("cos_net", "gaussian", {"dim": 2}),
        ("free_boson", "constant_modulus", {"dim": 2, "cutoff": 5.0}),
        ("matern", "laplace", {"dim": 2, "nu": 0.7}),
    )[: 2 if study.quick else 3]:
        net = load(card, width=3, amplitude=law, **settings)
        waves = np.cos(field_draws(net, PLANE, draws=draws, seed=study.seed(1))[:, :, 0] @ source)
        expected = float(generating_functional(net, PLANE, source))
        statement = f"{card} N=3, {law}: E exp(i J.phi) at three points, draws"
        study.monte_carlo("(1), (4), (24)", statement, expected, waves.mean(), waves.std() / draws**0.5, of=net)


def _laws(study: Study, draws: int) -> None:
    """Shares of drawn fields below a quantile of the exact law; that of N = infinity is told apart."""
    net, w, x = load("cauchy", width=20, amplitude="laplace"), np.array([1.0, -1.0]), np.array([[0.0], [0.5]])
    phi = field_draws(net, x, draws=draws, seed=study.seed(2))[:, :, 0] @ w
    law = field_law(net, x, w)
    for u in (0.1, 0.9, 0.99):
        share = phi < float(law.quantile(u))
        statement = f"cauchy N=20, Laplace: share of phi(0) - phi(.5) below its quantile {u:g}"
        study.monte_carlo("(1)", statement, u, share.mean(), (u * (1 - u) / draws) ** 0.5, of=net)
    free = stats.norm(scale=float(np.sqrt(1 - np.exp(-0.5)))).ppf(0.99)
    mcse = (0.99 * 0.01 / draws) ** 0.5
    expected, off = (abs(share - 0.99) / mcse for share in (float(law.distribution(free)), (phi < free).mean()))
    statement = "and below that of a Gaussian: distance in standard errors"
    bounds = (max(4.0, expected - 5.0), expected + 5.0)
    study.between("(1), (10)", statement, expected, float(off), *bounds, route="draws", of=net)
    one = load("cos_net", width=10, amplitude="constant_modulus")
    density, grid = field_law(one, [[0.0]]), np.linspace(-8.0, 8.0, 3201)
    for n in (4, 6):
        moment = float(np.sum(grid**n * density.density(grid)) * 0.005)
        expected = float(exact_correlator(one, np.zeros((n, 1))))
        statement = f"cos_net N=10: E[phi^{n}] of the density"
        study.exact("(2), (8)", statement, expected, moment, 1e-8, route="other code", of=one)


def _slopes(net: Any, theta: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    def phi(p: jax.Array) -> jax.Array:
        return net.field(theta, p[None])[0]

    first, second = jax.grad(phi)(x[0]), jax.grad(phi)(x[1])
    return jnp.stack([first[0] * second[0], first[0] * second[1], first[0] ** 2 * second[1] ** 2])


def _derivatives(study: Study, draws: int) -> None:
    """Currents and their products, E[d phi d phi] and E[(d phi)^2 (d phi)^2], by gradients of drawn fields."""
    net, x = load("free_boson", dim=2, width=2, cutoff=4.0), PLANE[:2]
    slopes = over_networks(net, _slopes, x, draws=draws, seed=study.seed(3)).astype(float)
    along, across = [1, 0], [0, 1]
    exact = (
        exact_derivative(net, x, [along, along]),
        exact_derivative(net, x, [along, across]),
        exact_derivative(net, x[[0, 0, 1, 1]], [along, along, across, across]),
    )
    names = ("d_0 phi(x) d_0 phi(y)", "d_0 phi(x) d_1 phi(y)", "(d_0 phi)^2(x) (d_1 phi)^2(y)")
    for name, expected, own in zip(names, exact, slopes.T, strict=True):
        statement = f"free_boson N=2: E[{name}], gradients of draws"
        study.monte_carlo("(2), (4)", statement, float(expected), own.mean(), own.std() / draws**0.5, of=net)


def _boson(study: Study, draws: int) -> None:
    """D(r) = 2 pi (G(0) - G(r)) against log(Lambda r/2) + gamma_E, and vertex operators at N = 10 and in the limit."""
    wide = load("free_boson", dim=2, width=10**8)
    free = {}
    for r in RADII:
        d = quad(lambda t, r=r: 1 - special.j0(np.exp(t) * r), 0.0, np.log(100.0), epsabs=1e-13, limit=200)[0]
        at = np.array([[0.0, 0.0], [r, 0.0]])
        found = 2 * np.pi * float(wide.two_point(at[0], at[0]) - wide.two_point(at[0], at[1]))
        study.exact("(25)", f"free_boson: D({r:g})", d, found, 1e-10, route="quadrature", of=wide)
        free[r] = np.exp(-d / (2 * np.pi))
        vertex = float(generating_functional(wide, at, [1.0, -1.0]))
        statement = f"free_boson, N -> infinity: <exp(i (phi(0) - phi({r:g})))>"
        study.exact("(10)", statement, free[r], vertex, 1e-6, route="quadrature", of=wide)
        net = load("free_boson", dim=2, width=5, amplitude="constant_modulus")
        waves = np.cos(field_draws(net, at, draws=draws, seed=study.seed(4))[:, :, 0] @ [1.0, -1.0])
        expected = float(generating_functional(net, at, [1.0, -1.0]))
        statement = f"free_boson N=5: <exp(i (phi(0) - phi({r:g})))>, draws"
        study.monte_carlo("(4), (25)", statement, expected, waves.mean(), waves.std() / draws**0.5, of=net)
    narrow, r = load("free_boson", dim=2, cutoff=1e4, width=10**8), np.array([3e-3, 3e-2])
    values = [float(generating_functional(narrow, [[0.0, 0.0], [s, 0.0]], [2.0, -2.0])) for s in r]
    power = float(np.diff(np.log(values))[0] / np.diff(np.log(r))[0])
    statement = "free_boson, Lambda = 1e4: power of r in <exp(2i (phi(0) - phi(r)))>"
    study.exact("(25)", statement, -4 / (2 * np.pi), power, 1e-2, route="quadrature", of=narrow)


def _picture(study: Study) -> None:
    with study.figure("generating_functional", columns=2) as (_, (left, right)):
        radii = np.geomspace(2e-3, 1.0, 24)
        for width in (3, 10, 10**6):
            net = load("free_boson", dim=2, width=width, amplitude="constant_modulus")
            values = [float(generating_functional(net, [[0.0, 0.0], [r, 0.0]], [3.0, -3.0])) for r in radii]
            left.plot(radii, values, label=f"N = {width:,}")
        law = np.exp(-9 * (np.log(100 * radii / 2) + np.euler_gamma) / (2 * np.pi))
        left.plot(radii[radii > 0.02], law[radii > 0.02], "k--", lw=1, label=r"$r^{-\alpha^2/2\pi}$")
        left.set(xscale="log", yscale="log", xlabel="r", title="two vertex operators of the free boson, α = 3")
        left.legend()
        phi = np.linspace(-3.0, 3.0, 301)
        for width in (10, 30):
            density = field_law(load("cos_net", width=width, amplitude="constant_modulus"), [[0.0]]).density(phi)
            right.plot(phi, density, label=f"N = {width}")
        right.plot(phi, np.exp(-(phi**2)) / np.pi**0.5, "k--", lw=1, label="N → ∞")
        right.set(xlabel="φ(x)", title="law of the field, constant modulus")
        right.legend()
