"""What action does a network have? Couplings from connected correlators, and back.

arXiv:2307.03223: the connected correlators of a network are the vertices of the Fourier transform of its density, so
that Feynman rules give S = -log P[phi] order by order in 1/N. What finite width makes is an action of phi^4 that is not
local: its couplings reach as far as the correlators of the neurons.
"""

import itertools
from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl import action, exact_correlator, load
from nnqft_ppl.correlation.partitions import cumulant_weight, polynomial
from nnqft_ppl.interacting.couplings import amputated, couplings, couplings_of, cumulants, cumulants_of, exact_couplings
from nnqft_ppl.reports.actions import locality, plot_action
from nnqft_ppl.runtime.subsets import members
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.studies import Study

POINT, TWO, FOUR = np.zeros((1, 1)), np.array([[0.0], [0.8]]), np.array([[0.0], [0.6], [1.5], [2.1]])
BLOCKS = 50


def run(study: Study) -> None:
    _one_point(study)
    _two_points(study)
    _there_and_back(study)
    _density_of_draws(study)
    _deformation(study)
    _non_locality(study)


def _one_point(study: Study) -> None:
    """F = 1, constant modulus: N g_4 -> 1/4; exactly by quadrature of J_0(t/sqrt N)^N, on the engine's other side."""
    for width in (100, 1000):
        net = load("cos_net", width=width, amplitude="constant_modulus")
        by_density = width * exact_couplings(net, POINT).four.item()
        first, second = (width * couplings(net, POINT, powers).four.item() for powers in (1, 2))
        expected = {100: 0.2452287776, 1000: 0.2495210342}[width]
        statement = f"cos_net N={width}: N g_4 at one point, from the characteristic function"
        study.exact("(8)", statement, expected, by_density, 1e-9, route="quadrature", of=net)
        statement = f"cos_net N={width}: N g_4 to two powers of 1/N, from cumulants"
        study.exact("(8), (10)", statement, by_density, second, 2 / width**2, route="quadrature", of=net)
        study.exact("(8)", f"cos_net N={width}: N g_4 to leading order", 0.25, first, route="identity", of=net)


def _two_points(study: Study) -> None:
    """Every coupling of two fields: what k powers of 1/N leave falls like N^-(k+1)."""
    left = []
    for width in (100, 200):
        net = load("cauchy", width=width)
        exact, own = exact_couplings(net, TWO), couplings(net, TWO)
        left.append([np.abs(a - b).max() for a, b in zip(own, exact, strict=True)])
        value, expected = own.four[0, 0, 1, 1], exact.four[0, 0, 1, 1]
        statement = f"cauchy N={width}: g_0011 at a distance of .8"
        study.exact("(8), (10)", statement, expected, value, 10 / width, route="quadrature", of=net)
    for n, fall in zip((2, 4, 6), np.log2(np.divide(*left)), strict=True):
        statement = f"cauchy: power of 1/N in the error of g_{n}"
        study.exact("(10)", statement, 3.0, float(fall), 0.1, route="quadrature")


def _there_and_back(study: Study) -> None:
    """Feynman rules give the connected correlators of four points back, up to N^-3."""
    left = []
    for width in (400, 800):
        known = cumulants(load("cauchy", width=width), FOUR)
        again = cumulants_of(couplings_of(known))
        left.append([np.abs(a - b).max() for a, b in zip(again, known, strict=True)])
    for n, fall in zip((2, 4, 6), np.log2(np.divide(*left)), strict=True):
        statement = f"cauchy, four points: power of 1/N in what the round trip leaves of G{n}c"
        study.exact("(7)", statement, 3.0, float(fall), 0.1, route="other code")


def _density_of_draws(study: Study) -> None:
    """P[phi] of drawn fields at two points in units of a Gaussian: E[h] of networks against the integral of exp(-S).

    The statistic is cos(2 phi_0) cos(phi_1), which no low order determines; S of two powers is integrated on a grid.
    """
    net = load("cauchy", width=20)
    draws = 300_000 if study.quick else 1_000_000
    phi = field_draws(net, TWO, draws=draws, seed=study.seed(1))[:, :, 0]
    waves = np.cos(2 * phi[:, 0]) * np.cos(phi[:, 1])
    axis = np.linspace(-4.0, 4.0, 161)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    # exp(-S) to the second power: the Gaussian of g_2 to order 0 times the exponential of the rest, expanded.
    free, one, two = (couplings(net, TWO, powers) for powers in range(3))
    weight = np.exp(-_quadratic(grid, free.two))
    first = _quadratic(grid, one.two - free.two) + _quartic(grid, one.four)
    second = _quadratic(grid, two.two - one.two) + _quartic(grid, two.four - one.four) + _sextic(grid, two.six)
    statistic = np.cos(2 * grid[..., 0]) * np.cos(grid[..., 1])
    alone, whole = (
        float(np.sum(statistic * density) / np.sum(density))
        for density in (weight, weight * (1 - first + first**2 / 2 - second))
    )
    mcse = waves.std() / draws**0.5
    statement = "cauchy N=20: E[cos(2 phi_0) cos(phi_1)] of exp(-S), draws"
    study.monte_carlo("(4), (8)", statement, whole, waves.mean(), mcse, of=net)
    expected, blind = (float(abs(value - alone) / mcse) for value in (whole, waves.mean()))
    statement = "and of the free action alone: distance in standard errors"
    bounds = (max(5.0, expected - 5.0), expected + 5.0)
    study.between("(4), (8)", statement, expected, blind, *bounds, route="draws", of=net)


def _quadratic(phi: Any, g: Any) -> Any:
    return np.einsum("...i,...j,ij->...", phi, phi, g, optimize=True)


def _quartic(phi: Any, g: Any) -> Any:
    return np.einsum("...i,...j,...k,...l,ijkl->...", *[phi] * 4, g, optimize=True)


def _sextic(phi: Any, g: Any) -> Any:
    return np.einsum("...i,...j,...k,...l,...m,...n,ijklmn->...", *[phi] * 6, g, optimize=True)


def _deformation(study: Study) -> None:
    """S = lambda sum_i w_i phi_i^4 on two points: the amputated G4c is -24 lambda w_i delta_ijkl to first order.

    d/dlambda at lambda = 0 is a correlator of eight fields: exactly, where it has the vertex of Feynman's rules up to
    1/N, and by draws of few neurons.
    """
    weights = np.array([0.5, 1.2])
    wide = load("cauchy", width=100_000)
    vertex = amputated(wide.two_point(TWO[:, None], TWO[None]), _exact_slope(wide, weights))
    for i, j in ((0, 0), (1, 1), (0, 1)):
        expected = -24.0 * weights[i] * (i == j)
        statement = f"cauchy N=100000: d/dlambda of the amputated G4c at points {i}{i}{j}{j}"
        study.exact("(4), (7)", statement, expected, vertex[i, i, j, j], 3e-3, route="other code", of=wide)
    net, per_block = load("cauchy", width=10), 4096 if study.quick else 16_384
    phi = field_draws(net, TWO, draws=BLOCKS * per_block, seed=study.seed(2))[:, :, 0]
    slopes = np.array([_slope(part, weights) for part in np.split(phi, BLOCKS)])
    exact = _exact_slope(net, weights)
    for i, j in ((0, 0), (0, 1)):
        own = slopes[:, i, i, j, j]
        statement = f"cauchy N=10: d/dlambda of G4c at points {i}{i}{j}{j}, draws"
        error = own.std(ddof=1) / BLOCKS**0.5
        study.monte_carlo("(4), (7)", statement, exact[i, i, j, j], own.mean(), error, of=net)


def _exact_slope(net: Any, weights: Any) -> Any:
    """d/dlambda of G4c on two points from full correlators of four and eight fields, by the moment-cumulant formula."""
    connected, slope = polynomial(4, lambda partition: cumulant_weight(len(partition))), np.zeros((2,) * 4)
    fourth = [float(exact_correlator(net, TWO[[z] * 4])) for z in (0, 1)]
    for places in itertools.combinations_with_replacement((0, 1), 4):
        moments, changes = [], []
        for own in ([places[k] for k in members(mask)] for mask in connected.subsets):
            moments.append(float(exact_correlator(net, TWO[own])))
            together = [float(exact_correlator(net, TWO[[*own, *[z] * 4]])) for z in (0, 1)]
            changes.append(-weights @ (np.array(together) - moments[-1] * np.array(fourth)))
        value = connected.gradient(np.array(moments)) @ np.array(changes)
        for order in set(itertools.permutations(places)):
            slope[order] = value
    return slope


def _slope(phi: Any, weights: Any) -> Any:
    """d/dlambda of G4c on all points: the connected part of -E[phi phi phi phi S], S as one operator of a cumulant."""
    action = phi**4 @ weights
    action = action - action.mean()
    count = len(phi)
    two, change = phi.T @ phi / count, -(phi * action[:, None]).T @ phi / count
    four = np.einsum("pi,pj,pk,pl->ijkl", phi, phi, phi, -phi * action[:, None], optimize=True) / count
    pairs = np.einsum("ij,kl->ijkl", two, change) + np.einsum("ij,kl->ijkl", change, two)
    return four - pairs - pairs.transpose(0, 2, 1, 3) - pairs.transpose(0, 3, 2, 1)


def _non_locality(study: Study) -> None:
    """How far couplings reach: g_4 of a network is not local, however local its two-point function is."""
    net = load("cauchy", width=100)
    table = action(net)
    shares: Any = locality(table)
    local = shares[shares["extent"] == 0].set_index("order")["share"]
    # The inverse of an exponential kernel on a row is tridiagonal: g_2 to order 0 has nothing beyond neighbours.
    free: Any = action(net, powers=0)
    far = free[(free["order"] == 2) & (free["extent"] > 2.5)]["coupling"].abs().max()
    study.exact("(31)", "cauchy on a row: g_2 of the free action beyond neighbours", 0.0, far, 1e-10, route="identity")
    statement = "cauchy N=100: share of |g_4| at one point"
    study.between("(8)", statement, 0.0, float(local[4]), 0.0, 0.1, route="identity", of=net)
    study.table(pd.concat([table, action(load("cos_net", width=100))], ignore_index=True), "network_actions", "action")
    with study.figure("network_actions", columns=2, title="cauchy, N = 100: the action on four points") as (_, panels):
        plot_action(table, ax=panels)
