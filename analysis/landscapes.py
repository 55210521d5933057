"""Landscapes (38)-(41): classical fields assembled from classical neurons, counted three ways.

By generating functions, by going through every configuration, and by a search of the whole P(theta) that knows nothing
of neurons. The printed (41) is held against its counterexamples.
"""

import itertools
import math

import numpy as np

from nnqft_ppl import landscape, load, modes
from nnqft_ppl.classical.counting import octahedral
from nnqft_ppl.classical.landscape import ClassicalFields
from nnqft_ppl.studies import Study

TABLE = ((2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (3, 4), (4, 2), (4, 3), (4, 4), (5, 3), (5, 4))  # (M, N)
SIGNS = np.array([-1.0, 1.0])
X = np.random.default_rng(0).normal(size=24)


def run(study: Study) -> None:
    for m, n in TABLE:
        found = ClassicalFields(n, SIGNS, waves(1.0 + 1.5 * np.arange(m)))
        closed = octahedral(n, m)
        study.exact(
            "(39)", f"M={m}, N={n}: |S_c| by generating functions", closed, found.count(), 0.0, route="other code"
        )
        study.exact(
            "(39)", f"M={m}, N={n}: |S_c| one by one", closed, len(list(found.best())), 0.0, route="enumeration"
        )
        bounds = found.bounds()
        chain = (bounds.lower <= bounds.exact) + (bounds.exact <= bounds.multisets) + (bounds.multisets <= bounds.upper)
        statement = f"M={m}, N={n}: {bounds.lower} <= {bounds.exact} <= {bounds.multisets} <= {bounds.upper}"
        study.exact("(40), (41)", statement, 3, chain, 0.0, route="enumeration")
    _searches(study)
    _counterexamples(study)
    _large(study)
    _picture(study)


def waves(frequencies: np.ndarray, phases: tuple[float, ...] = (0.0,)) -> np.ndarray:
    """cos(b x + c) at some generic points, for every frequency and phase."""
    return np.array([np.cos(b * X + c) for b in frequencies for c in phases])


def _searches(study: Study) -> None:
    """The whole of P(theta), neuron labels and all, against assembled neurons."""
    for m, n in ((3, 2),) if study.quick else ((2, 2), (3, 2), (2, 3), (3, 3)):
        net = load("landscape", width=n, peaks=m)
        found, assembled = modes(net), landscape(net)
        label = f"search, M={m}, N={n}"
        single = modes(load("landscape", width=1, peaks=m), ("b", "c"))
        study.exact(
            "(38)", f"{label}: classical neurons, one a peak", m, single.fields, 0.0, route="quadrature", of=net
        )
        study.exact(
            "(35), (40)",
            f"{label}: modes theta*, (2M)^N",
            (2 * m) ** n,
            found.isolated,
            0.0,
            route="quadrature",
            of=net,
        )
        study.exact(
            "(35)",
            f"{label}: up to relabelling, C(N+2M-1, N)",
            math.comb(n + 2 * m - 1, n),
            found.orbits,
            0.0,
            route="quadrature",
            of=net,
        )
        study.exact(
            "(35), (39)", f"{label}: distinct fields", assembled.count(), found.fields, 0.0, route="quadrature", of=net
        )
        best = next(assembled.best()).log_p
        study.exact(
            "(36), (39)", f"{label}: largest log P(theta*)", best, found.found[0].log_p, route="quadrature", of=net
        )


def _counterexamples(study: Study) -> None:
    """What (41) needs and does not say: nonzero modes, and classical neurons that are linearly independent."""
    thirds = (0.0, 2 * np.pi / 3, 4 * np.pi / 3)
    cases = (
        ("neurons h and -h", ClassicalFields(2, SIGNS, waves(np.array([1.0, 2.5]), (0.0, np.pi))), 9),
        ("h_1 + h_2 + h_3 = 0", ClassicalFields(3, SIGNS, waves(np.array([1.0]), thirds)), 37),
        ("a zero mode", ClassicalFields(2, np.zeros(1), waves(np.array([1.0, 2.0, 3.0, 4.0]))), 1),
    )
    for what, found, exact in cases:
        bounds = found.bounds()
        study.exact("(39)", f"{what}: |S_c|", exact, bounds.exact, 0.0, route="enumeration")
        study.between(
            "(41)", f"{what}: corrected bound / |S_c|", 1.0, bounds.lower / bounds.exact, 0.0, 1.0, route="enumeration"
        )
    (_, signs, _), (_, thirds_found, _), (_, zero, _) = cases
    for words, found, expected in (("neurons h and -h", signs, 24 / 9), ("a zero mode", zero, 6.0)):
        statement = f"{words}: the bound without conditions fails, it is / |S_c|"
        study.exact("(41)", statement, expected, found.bounds().printed_lower / found.count(), route="enumeration")
    study.exact(
        "(41)",
        "h_1 + h_2 + h_3 = 0, no repeats: fields, below C(3, 3) 2^3 = 8",
        7,
        thirds_found.count_without_repeats(),
        0.0,
        route="enumeration",
    )
    two = ClassicalFields(3, SIGNS, waves(np.array([1.0, 2.5]), thirds))
    study.exact("(39)", "two such triples, N=3: |S_c|", 253, two.count(), 0.0, route="enumeration")
    for n, m in ((2, 3), (3, 4), (4, 6)):
        plain = ClassicalFields(n, SIGNS, waves(1.0 + 1.5 * np.arange(m)))
        study.exact(
            "(41)",
            f"M={m}, N={n}, no repeats: 2^N C(M, N)",
            2**n * math.comb(m, n),
            len(plain.fields(repeats=False)),
            0.0,
            route="enumeration",
        )
    three = ClassicalFields(2, np.array([-1.0, 0.0, 1.0]), waves(np.array([1.0, 2.0, 3.0])))
    study.exact(
        "(39)", "modes a = -1, 0, 1, M=3, N=2: |S_c| = sum_(s<=N) S(M, s)", 25, three.count(), 0.0, route="enumeration"
    )
    generic = ClassicalFields(3, np.array([1.0, 2**0.5]), waves(np.array([1.0, 2.0, 3.0, 4.0])))
    study.exact(
        "(39)",
        "modes a = 1, sqrt 2, M=4, N=3: C(N+2M-1, N)",
        math.comb(10, 3),
        generic.count(),
        0.0,
        route="enumeration",
    )


def _large(study: Study) -> None:
    """N = 1000 and M = 12: more fields than can be listed, and still every one with the same probability."""
    n, m = (100, 6) if study.quick else (1000, 12)
    found = landscape(load("landscape", width=n, peaks=m))
    study.exact(
        "(39)",
        f"N={n}, M={m}: digits of |S_c| by generating functions",
        math.log10(octahedral(n, m)),
        math.log10(found.count()),
        route="other code",
    )
    best = [one.log_p for one in itertools.islice(found.best(), 100)]
    study.exact(
        "(36)",
        f"N={n}, M={m}: the best 100 are in order",
        0.0,
        float(np.max(np.diff(best), initial=0.0)),
        route="enumeration",
    )
    draws = 10_000
    coefficients, _ = found.sample(draws, seed=study.seed(1))
    a = abs(found.amplitudes[0])
    even = np.mean(np.round(np.abs(coefficients / a).sum(axis=1)).astype(int) % 2 == n % 2)
    study.exact("(39)", f"N={n}, M={m}: samples with |s|_1 of the parity of N", 1.0, float(even), route="draws")
    # A field is as likely as its mirror image in any s_m: the mean of s_m is zero, and all s_m have one variance.
    first = coefficients[:, 0] / a
    study.monte_carlo(
        "(39)", f"N={n}, M={m}: mean of s_1/a in uniform samples", 0.0, first.mean(), first.std() / draws**0.5
    )
    difference = (coefficients[:, 0] ** 2 - coefficients[:, -1] ** 2) / a**2
    study.monte_carlo("(39)", f"N={n}, M={m}: E s_1^2 - E s_M^2", 0.0, difference.mean(), difference.std() / draws**0.5)


def _picture(study: Study) -> None:
    with study.figure("landscapes", title="Classical fields of N neurons") as (_, axes):
        n = np.arange(1, 31)
        for m in (2, 4, 8, 16):
            axes.plot(n, [float(octahedral(int(k), m)) for k in n], label=f"M = {m}")
        axes.plot(n, 16.0**n, "k:", lw=1, label="(40), M = 8")
        axes.set(xlabel="N", ylabel="$|S_c|$", yscale="log", ylim=(1, 1e24))
        axes.legend()
