"""One maker of checks for each quantity that a theorem of a card may state.

A check is a closed form and the average over draws that it should be: products of fields and of neurons, nothing of
the estimators or of the exact engine's polynomials.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl.checks.draws import (
    FAR,
    MIRRORED,
    NEAR,
    PAIRINGS,
    SMEARING,
    Average,
    Networks,
    average,
    covariance,
    cumulant,
    places,
    product,
    wave_vectors,
)
from nnqft_ppl.laws.fourier import radial_fourier
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.theory.cosine import CosineArchitecture


class Check(NamedTuple):
    """One number that draws can contradict."""

    quantity: str  #: the closed form (a method's name), or the property
    equations: tuple[str, ...]  #: of the paper
    statement: str  #: in words
    expected: Callable[[], float]  #: the closed form
    measured: Callable[[Networks], Average]  #: the average over draws, and its standard error


def of_field(own: list[int], component: int = 0) -> Callable[[Networks], Average]:
    """E[phi(x_k)..] over the chosen places."""
    return lambda n: product(*(n.field[:, k, component] for k in own))


def of_neurons(own: list[int], indices: tuple[int, ...]) -> Callable[[Networks], Average]:
    return lambda n: product(*(n.neurons[:, i, k] for i, k in zip(indices, own, strict=True)))


def plane(net: Any) -> bool:
    """Is it a theory of plane waves, (24)?"""
    return isinstance(net, CosineArchitecture)


def _two_point(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)
    yield Check("two_point", ("2", "4", "6"), "G2", lambda: net.two_point(x[0], x[1]), of_field(NEAR[:2]))
    if net.component_count > 1:
        for k, l in ((1, 1), (0, 1)):
            yield Check(
                "two_point",
                (),
                f"G2 of components {k} {l}",
                lambda k=k, l=l: net.two_point(x[0], x[1], k, l),
                lambda n, k=k, l=l: product(n.field[:, 0, k], n.field[:, 1, l]),
            )


def _connected_four_point(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)[NEAR]
    yield Check(
        "connected_four_point",
        ("7", "8", "10", *(("24",) if plane(net) else ())),
        "G4c",
        lambda: net.connected_four_point(x),
        lambda n: cumulant(n.field[:, NEAR, 0]),
    )
    if net.component_count > 1:
        yield Check(
            "connected_four_point",
            (),
            "G4c of components 0 0 1 1",
            lambda: net.connected_four_point(x, (0, 0, 1, 1)),
            lambda n: cumulant(n.field[:, NEAR, [0, 0, 1, 1]]),
        )


def _four_point(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)[NEAR]
    yield Check("four_point", ("2", "4"), "G4", lambda: net.four_point(x), of_field(NEAR))


def _mean_field(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)
    yield Check("mean_field", (), "G1", lambda: net.mean_field(x[1]), of_field([1]))


def _three_point(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)[:3]
    yield Check("three_point", ("12",), "G3", lambda: net.three_point(x), of_field(NEAR[:3]))


def _connected(quantity: str, n: int) -> Callable[[Any], Iterator[Check]]:
    def make(net: Any) -> Iterator[Check]:
        x = places(net.dim, net.length)[:n]
        points = (x[0], x[1]) if n == 2 else (x,)
        yield Check(
            quantity,
            (),
            f"G{n}c",
            lambda: getattr(net, quantity)(*points),
            lambda r: cumulant(r.field[:, NEAR[:n], 0]),
        )

    return make


def _neuron_moment(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)
    for own, where in ((NEAR[:2], ""), (FAR[:2], ", further apart"), (NEAR, "")):
        yield Check(
            "neuron_moment",
            ("3", "5", "S6"),
            f"E[h_1^{len(own)}]{where}",
            lambda own=own: net.neuron_moment(x[own]),
            of_neurons(own, (0,) * len(own)),
        )


def _joint_neuron_moment(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)
    for i, j, k, l in PAIRINGS:
        own = [FAR[m] for m in (i, j, k, l)]
        yield Check(
            "joint_neuron_moment",
            ("3", "5"),
            f"E[h_1({i}) h_1({j}) h_2({k}) h_2({l})]",
            lambda own=own: net.joint_neuron_moment([x[own[:2]], x[own[2:]]]),
            of_neurons(own, (0, 0, 1, 1)),
        )


def _pair_excess(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)[FAR]
    h = FAR
    yield Check(
        "pair_excess",
        ("S9",),
        "H_1122 - H_11 H_22",
        lambda: net.pair_excess(x[0] - x[1], x[2] - x[3]),
        lambda n: average(
            covariance(n.neurons[:, 0, h[0]] * n.neurons[:, 0, h[1]], n.neurons[:, 1, h[2]] * n.neurons[:, 1, h[3]])
        ),
    )


def _independence_breaking(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)[FAR]

    def measured(n: Networks) -> Average:
        one, two = n.neurons[:, 0, FAR], n.neurons[:, 1, FAR]
        pairs = [covariance(one[:, i] * one[:, j], two[:, k] * two[:, l]) for i, j, k, l in PAIRINGS]
        scale = net.amplitude_moment(2) ** 2 * (1 - 1 / net.width)
        mean, error = average(np.sum(pairs, axis=0))
        return scale * mean, scale * error

    yield Check("independence_breaking", ("9",), "I_IB", lambda: net.independence_breaking(x), measured)


def _kernel_moment(net: Any) -> Iterator[Check]:
    z = wave_vectors(net.dim, net.length)
    for i, k in enumerate((2, 4)):
        yield Check(
            "kernel_moment",
            (),
            f"E[F^{k} cos(b.z)]",
            lambda i=i, k=k: net.kernel_moment(k, z[i]),
            lambda n, i=i: average(n.waves[:, 0, i]),
        )


def _joint_kernel_moment(net: Any) -> Iterator[Check]:
    z = wave_vectors(net.dim, net.length)
    yield Check(
        "joint_kernel_moment",
        (),
        "E[F_1^2 F_2^4 cos(b_1.z) cos(b_2.z')]",
        lambda: net.joint_kernel_moment((2, 4), tuple(z)),
        lambda n: product(n.waves[:, 0, 0], n.waves[:, 1, 1]),
    )


def _power_spectrum(net: Any) -> Iterator[Check]:
    """Smeared, int d^dp/(2 pi)^d G(p) exp(-l^2 p^2/2) = E[phi(x) phi(x + u)] with u ~ N(0, l^2 1); and (13) from it."""
    length, axis = SMEARING * net.length, np.eye(1, net.dim)[0]
    end = net.momentum_cutoff
    sharp = np.isfinite(end) and float(net.power_spectrum(1.0001 * end * axis)) == 0.0

    def transformed(spectrum: Callable[[Array], Array], r: Any, width: float, stop: float) -> Array:
        return radial_fourier(
            lambda p: spectrum(p[..., None] * axis) * np.exp(-((width * p) ** 2) / 2),
            r,
            dim=net.dim,
            scale=0.25 / net.length,  # so that a panel begins where a band does, at 1/(2 length)
            stop=min(end, stop) if sharp else stop,
        )

    def smeared(spectrum: Callable[[Array], Array]) -> float:
        return float(transformed(spectrum, 0.0, length, 9.0 / length))

    yield Check(
        "power_spectrum",
        ("15",),
        "G(p), smeared",
        lambda: smeared(net.power_spectrum),
        lambda n: average(n.smeared[:, 0]),
    )
    if plane(net):
        yield Check(
            "power_spectrum",
            ("22",),
            "L(p), smeared",
            lambda: smeared(net.neuron_power_spectrum),
            lambda n: average(n.smeared[:, 1]),
        )
    stop = 9.0 / net.length
    if sharp or net.power_spectrum(stop * axis) < 1e-9 * net.power_spectrum(stop / 100 * axis):
        # A = phi(x_1) - phi(x_2)/2 at tau_1, tau_2 > 0, above one another: distances are tau_i + tau_j.
        tau, weights = places(net.dim, net.length)[FAR[::2], 0], np.array([1.0, -0.5])

        def reflected() -> float:
            gram = transformed(net.power_spectrum, (tau[:, None] + tau).ravel(), 0.0, end if sharp else stop)
            return float(weights @ gram.reshape(2, 2) @ weights)

        yield Check(
            "power_spectrum",
            ("13", "14"),
            "E[theta(A) A] from G(p)",
            reflected,
            lambda n: product(n.field[:, FAR[::2], 0] @ weights, n.field[:, MIRRORED[::2], 0] @ weights),
        )


def _rho(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)
    tau = float(np.linalg.norm(x[1] - x[0]))
    yield Check("rho", ("16",), "rho(tau)", lambda: net.rho(tau), of_field(NEAR[:2]))


def _energies(net: Any) -> Iterator[Check]:
    x = places(net.dim, net.length)
    for own, where in ((NEAR, ""), (FAR, ", further apart")):
        t = float(np.linalg.norm(x[own[1]] - x[own[0]]))

        def expected(t: float = t) -> float:
            energies, weights = net.energies()
            return float(weights @ np.exp(-t * energies))

        yield Check("energies", (), f"sum_k w_k exp(-E_k t){where}", expected, of_field(own[:2]))


def _radial_moment(net: Any) -> Iterator[Check]:
    for k in (2, 4):
        yield Check(
            "radial_moment",
            (),
            f"E|a_0|^{k}",
            lambda k=k: net.radial_moment(k),
            lambda n, k=k: average(n.square ** (k / 2)),
        )


QUANTITIES: dict[str, Callable[[Any], Iterator[Check]]] = {
    "two_point": _two_point,
    "connected_four_point": _connected_four_point,
    "four_point": _four_point,
    "mean_field": _mean_field,
    "three_point": _three_point,
    "connected_two_point": _connected("connected_two_point", 2),
    "connected_three_point": _connected("connected_three_point", 3),
    "neuron_moment": _neuron_moment,
    "joint_neuron_moment": _joint_neuron_moment,
    "pair_excess": _pair_excess,
    "independence_breaking": _independence_breaking,
    "kernel_moment": _kernel_moment,
    "joint_kernel_moment": _joint_kernel_moment,
    "power_spectrum": _power_spectrum,
    "rho": _rho,
    "energies": _energies,
    "radial_moment": _radial_moment,
}
