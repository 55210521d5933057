"""Classical configurations (35)-(37) of simple theories: the line, Cos-net, and its modifications.

Each by a search that knows nothing of the answer. The last row is the conceptual caveat: maxima of P(theta) are not
those of P in other coordinates.
"""

from dataclasses import dataclass
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Distribution, Normal, constraints
from scipy.optimize import brentq

from nnqft_ppl import Bimodal, Gaussian, load, modes
from nnqft_ppl.laws import iid
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Positive


def run(study: Study) -> None:
    line = modes(load("line"))
    study.exact(
        "(35)", "line: number of classical configurations", 1, len(line.found), route="quadrature", of=load("line")
    )
    study.exact(
        "(35), (36)",
        "line: slope of the classical field phi = x",
        1.0,
        float(line.dominant[0].theta["a"][0]),
        route="quadrature",
        of=load("line"),
    )
    net = load("cos_net", width=3, dim=2)
    trivial = modes(net)
    study.exact("(35)", "cos_net, Gaussian a: families of maxima", 1, trivial.families, route="quadrature", of=net)
    study.exact(
        "(35)",
        "cos_net, Gaussian a: largest |phi| of all of them",
        0.0,
        trivial.found[0].size,
        route="quadrature",
        of=net,
    )
    study.exact(
        "(35)",
        "cos_net, Gaussian a: flat directions, N phases",
        3,
        trivial.found[0].zero_modes,
        route="quadrature",
        of=net,
    )
    study.exact(
        "(35)",
        "cos_net, Gaussian a: moduli, all phases redundant",
        0,
        trivial.found[0].moduli,
        route="quadrature",
        of=net,
    )
    _bimodal(study)
    _coordinates(study)


def _bimodal(study: Study) -> None:
    mu, s = 1.0, 0.5
    star: Any = brentq(lambda a: a - mu * np.tanh(mu * a / s**2), 0.5, 1.5, xtol=1e-15)
    net = load("cos_net", width=2, amplitude=Bimodal(mu=mu, s=s))
    found = modes(net)
    study.exact(
        "(37)",
        "cos_net, bimodal a: a* = mu tanh(mu a*/s^2)",
        star,
        2**0.5 * np.abs(found.found[0].theta["a"][0]),
        route="quadrature",
        of=net,
    )
    study.exact("(35)", "cos_net, bimodal a, N=2: continua, 2^N signs", 4, found.families, route="quadrature", of=net)
    study.exact(
        "(35)",
        "cos_net, bimodal a, N=2: of them up to (a, c) ~ (-a, c+pi)",
        1,
        found.orbits,
        route="quadrature",
        of=net,
    )
    study.exact("(35)", "cos_net, bimodal a, N=2: isolated maxima", 0, found.isolated, route="quadrature", of=net)
    for what, value in (("flat directions of each", 2), ("moduli: the constant that phi is", 1)):
        measured = max(m.zero_modes if value == 2 else m.moduli for m in found.found)
        study.exact("(35)", f"cos_net, bimodal a, N=2: {what}", value, measured, route="quadrature", of=net)
    if not study.quick:
        quiet_net = load("cos_net", width=2, envelope="b.b", amplitude=Bimodal(mu=mu, s=s))
        quiet = modes(quiet_net)
        study.exact(
            "(35)",
            "cos_net, F = b.b, bimodal a: largest |phi|",
            0.0,
            max(mode.size for mode in quiet.found),
            route="quadrature",
            of=quiet_net,
        )
    cases = ((Bimodal(mu=0.5, s=0.5), "degenerate"), (Bimodal(mu=0.4, s=0.5), "flat"))
    for a, kind in cases[:1] if study.quick else cases:
        net = load("cos_net", width=1, amplitude=a)
        one = modes(net)
        statement = f"cos_net, mu = {a.mu:g}, s = {a.s:g}: 1 maximum, {kind}, at a = 0"
        study.between("(35)", statement, 0.0, _worst(one, kind), 0.0, 1e-3, route="quadrature", of=net)


def _worst(found, kind: str) -> float:
    """The largest |a| if there is one maximum of the right kind; not a number otherwise."""
    alone = len(found.found) == 1 and found.found[0].kind == kind
    return float(np.abs(found.found[0].theta["a"]).max()) if alone else np.nan


class _ArcsinhNormal(Distribution):
    """The law of eta if sinh(eta) ~ N(1, 1)."""

    support = constraints.real  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        return jnp.arcsinh(1.0 + jax.random.normal(key, sample_shape))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:  # noqa: ARG002  (NumPyro's signature)
        return Normal(1.0, 1.0).log_prob(jnp.sinh(value)) + jnp.log(jnp.cosh(value))


@final
@dataclass(frozen=True, kw_only=True)
class _SinhLine(Architecture):
    """The ensemble of lines in another coordinate: phi(x) = a sinh(eta) x."""

    sigma_a: Positive = 1.0
    amplitude: AmplitudeLaw = Gaussian()

    def prior(self) -> dict[str, Distribution]:
        return {"a": self.amplitudes(), "eta": iid(_ArcsinhNormal(), self.width)}

    def neuron(self, x: jax.Array, *, eta: jax.Array) -> jax.Array:
        return jnp.sinh(eta) * x[0]


def _coordinates(study: Study) -> None:
    """theta ~ N(1, 1) in the coordinate eta = arcsinh theta: the same law of the same line, another maximum."""
    (mode,) = modes(_SinhLine(width=1), ("eta",)).found
    moved: Any = brentq(lambda t: (t - 1) * (1 + t**2) - t, 1.0, 2.0, xtol=1e-14)
    study.exact(
        "(35)",
        "line in theta = sinh eta: the maximum moves to theta*",
        moved,
        np.sinh(mode.theta["eta"][0]),
        route="quadrature",
    )
