"""Derive `grams.json`: lowest eigenvalues of reflection-positivity matrices, by mpmath at 30 digits.

Nothing of the package is used: kernels are written out, a cutoff's rho is an oscillating quadrature, and the products of
fields of a Cauchy net of two neurons are summed over all neuron indices. `grid` is i/4, i = 1..8, for kernels. Needs
mpmath, which the project does not depend on: `pip install mpmath && python tests/reference/derive_grams.py`.
"""

import itertools
import json
from pathlib import Path

from mpmath import mp, mpf  # pyright: ignore[reportMissingImports]

mp.dps = 30
GRID = [mpf(k) / 4 for k in range(1, 9)]


def lowest(matrix):
    return mp.eigsy(mp.matrix(matrix), eigvals_only=True)[0]


def matern(nu):
    return lambda t: 2 ** (1 - nu) / mp.gamma(nu) * t**nu * mp.besselk(nu, t)


KERNELS = {
    "exp(-t)": lambda t: mp.exp(-t),
    "exp(-t)/2 + exp(-3t)/2": lambda t: (mp.exp(-t) + mp.exp(-3 * t)) / 2,
    "Matern 1/4": matern(mpf(1) / 4),
    "constant": lambda t: mpf(1),
    "Gaussian": lambda t: mp.exp(-t * t / 2),
    "Matern 3/2": matern(mpf(3) / 2),
    "Matern 3/4": matern(mpf(3) / 4),
    "rational quadratic": lambda t: (1 + t * t / 4) ** -2,
    "1/(1 + t^2/2)": lambda t: 1 / (1 + t * t / 2),
    "F = b.b": lambda t: (t**4 - 6 * t * t + 3) / 3 * mp.exp(-t * t / 2),
    "sin(2t)/(2t)": lambda t: mp.sin(2 * t) / (2 * t),
    "cos(t)": mp.cos,
    "exp(-t) - exp(-10t)/10": lambda t: mp.exp(-t) - mp.exp(-10 * t) / 10,
    "t K_1(t)": lambda t: t * mp.besselk(1, t),
}


def sharp_rho(t, cutoff):
    """int_(|p| < cutoff) dp/(2 pi) cos(p t)/(p^2 + 1), panel by panel of the oscillation."""
    edges = [*mp.linspace(0, cutoff, int(cutoff * t / mp.pi) + cutoff + 2)]
    return mp.quad(lambda p: mp.cos(p * t) / (p * p + 1), edges) / mp.pi


def cauchy_moment(indices, times):
    """E[h_(i_1)(t_1)..] of independent Cauchy neurons of mass 1: signs of every cosine, uniform phases, E cos(bz)."""
    total = mpf(1)
    for i in set(indices):
        own = [t for j, t in zip(indices, times, strict=True) if j == i]
        signs = [s for s in itertools.product((1, -1), repeat=len(own)) if sum(s) == 0]
        total *= mpf(2) ** -len(own) * mp.fsum(
            mp.exp(-abs(mp.fsum(s * t for s, t in zip(ss, own, strict=True)))) for ss in signs
        )
    return total


def cauchy_correlator(times, width):
    """E[phi(t_1)..phi(t_n)] by summing over all neuron indices; Gaussian amplitudes of variance 1/width."""
    total = mpf(0)
    for indices in itertools.product(range(width), repeat=len(times)):
        counts = [indices.count(i) for i in set(indices)]
        if any(c % 2 for c in counts):
            continue
        total += mp.fprod(mp.fac2(c - 1) for c in counts) * cauchy_moment(indices, times)
    return total / mpf(width) ** (len(times) // 2)


def entries():
    for name, kernel in KERNELS.items():
        yield "kernel", {"kernel": name}, lowest([[kernel(a + b) for b in GRID] for a in GRID])
    for cutoff in (5, 10, 20, 50, 100):
        value = lowest([[sharp_rho(a + b, cutoff) for b in GRID] for a in GRID])
        yield "sharp cutoff", {"cutoff": cutoff}, value
    grid = [mpf(1) / 10, mpf(6) / 10, mpf(12) / 10]
    functionals = [c for k in (1, 3) for c in itertools.combinations_with_replacement(grid, k)]
    matrix = [[cauchy_correlator([-t for t in a] + list(b), 2) for b in functionals] for a in functionals]
    yield "{phi, phi^3}", {"card": "cauchy", "width": 2, "grid": [0.1, 0.6, 1.2]}, lowest(matrix)


if __name__ == "__main__":
    table = [{"matrix": m, **what, "lowest": mp.nstr(value, 18)} for m, what, value in entries()]
    (Path(__file__).parent / "grams.json").write_text(json.dumps(table, indent=1) + "\n")
