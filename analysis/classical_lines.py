"""Classical configurations (35)-(37) of simple theories: the line, Cos-net, and its modifications.

Each by a search that knows nothing of the answer. The last rows are the conceptual caveat: maxima of P(theta) are not
those of P in other coordinates.
"""

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from nnqft_ppl import Bimodal, load, modes
from nnqft_ppl.studies import Study


def run(study: Study) -> None:
    line = modes(load("line"))
    study.exact("(35)", "line: number of classical configurations", 1, len(line.found))
    study.exact("(35), (36)", "line: slope of the classical field phi = x", 1.0, float(line.dominant[0].theta["a"][0]))
    trivial = modes(load("cos_net", width=3, dim=2))
    study.exact("(35)", "cos_net, Gaussian a: families of maxima", 1, trivial.families)
    study.exact("(35)", "cos_net, Gaussian a: largest |phi| of all of them", 0.0, trivial.found[0].size)
    study.exact("(35)", "cos_net, Gaussian a: flat directions, N phases", 3, trivial.found[0].zero_modes)
    study.exact("(35)", "cos_net, Gaussian a: moduli, all phases redundant", 0, trivial.found[0].moduli)
    _bimodal(study)
    _coordinates(study)


def _bimodal(study: Study) -> None:
    mu, s = 1.0, 0.5
    star = brentq(lambda a: a - mu * np.tanh(mu * a / s**2), 0.5, 1.5, xtol=1e-15)
    net = load("cos_net", width=2, amplitude=Bimodal(mu=mu, s=s))
    found = modes(net)
    study.exact(
        "(37)", "cos_net, bimodal a: a* = mu tanh(mu a*/s^2)", star, 2**0.5 * np.abs(found.found[0].theta["a"][0])
    )
    study.exact("(35)", "cos_net, bimodal a, N=2: continua, 2^N signs", 4, found.families)
    study.exact("(35)", "cos_net, bimodal a, N=2: of them up to (a, c) ~ (-a, c+pi)", 1, found.orbits)
    study.exact("(35)", "cos_net, bimodal a, N=2: isolated maxima", 0, found.isolated)
    for what, value in (("flat directions of each", 2), ("moduli: the constant that phi is", 1)):
        measured = max(m.zero_modes if value == 2 else m.moduli for m in found.found)
        study.exact("(35)", f"cos_net, bimodal a, N=2: {what}", value, measured)
    quiet = modes(load("cos_net", width=2, envelope="b.b", amplitude=Bimodal(mu=mu, s=s)))
    study.exact("(35)", "cos_net, F = b.b, bimodal a: largest |phi|", 0.0, max(mode.size for mode in quiet.found))
    for a, kind in ((Bimodal(mu=0.4, s=0.5), "flat"), (Bimodal(mu=0.5, s=0.5), "degenerate")):
        one = modes(load("cos_net", width=1, amplitude=a))
        statement = f"cos_net, mu = {a.mu:g}, s = {a.s:g}: 1 maximum, {kind}, at a = 0"
        study.between("(35)", statement, 0.0, _worst(one, kind), 0.0, 1e-3)


def _worst(found, kind: str) -> float:
    """The largest |a| if there is one maximum of the right kind; not a number otherwise."""
    alone = len(found.found) == 1 and found.found[0].kind == kind
    return float(np.abs(found.found[0].theta["a"]).max()) if alone else np.nan


def _coordinates(study: Study) -> None:
    """theta ~ N(1, 1) in the coordinates theta, eta = log theta and eta = arcsinh theta: three different maxima."""

    def top(log_density, start: float, stop: float) -> float:
        return float(minimize_scalar(lambda eta: -log_density(eta), bounds=(start, stop), options={"xatol": 1e-12}).x)

    log = np.exp(top(lambda eta: -((np.exp(eta) - 1) ** 2) / 2 + eta, -2.0, 2.0))
    sinh = np.sinh(top(lambda eta: -((np.sinh(eta) - 1) ** 2) / 2 + np.log(np.cosh(eta)), -1.0, 3.0))
    golden = (1 + 5**0.5) / 2  # root of theta (theta - 1) = 1
    study.exact("(35)", "line in eta = log theta: the maximum moves to theta*", golden, log, 1e-6)
    cubic = brentq(lambda t: (t - 1) * (1 + t**2) - t, 1.0, 2.0, xtol=1e-14)
    study.exact("(35)", "line in theta = sinh eta: the maximum moves to theta*", cubic, sinh, 1e-6)
