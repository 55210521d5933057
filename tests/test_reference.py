"""Exact results against reference numbers: the project's own, and the shared ones where they are at hand."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import i0, j0

from nnqft_ppl import ConstantModulus, exact_correlator, exact_mixed, exact_neuron, load
from nnqft_ppl.axioms.gram import gram, monomials, positivity
from nnqft_ppl.axioms.imaginary_time import rho
from nnqft_ppl.axioms.reflection_positivity import TIMES, rho_gram
from nnqft_ppl.theory import AMPLITUDES

OWN = json.loads((Path(__file__).parent / "reference" / "values.json").read_text())


@pytest.mark.parametrize("entry", OWN, ids=lambda e: f"{e['card']}-{e['kind']}-{e['hyperparameters'].get('dim', 1)}")
def test_own_reference_values(entry):
    settings = dict(entry["hyperparameters"])
    if "amplitude" in settings:
        name, parameters = settings["amplitude"]
        settings["amplitude"] = AMPLITUDES[name](**parameters)
    value = exact_correlator(load(entry["card"], **settings), entry["points"], entry["kind"])
    assert value == pytest.approx(float(entry["value"]), rel=1e-11)


# -- the shared file: each entry that the cards cover, by the quantity it names -----------------------------------------


def amplitude(params):
    kinds = {
        "bimodal": ("bimodal", ("mu", "s")),
        "laplace": ("laplace", ("beta",)),
        "student": ("student", ("nu", "scale")),
        "rademacher": ("constant_modulus", ("mu",)),
        "rayleigh": ("rayleigh", ()),
        "gauss": ("gaussian", ()),
    }
    name, keys = kinds[params.get("amplitude", "gauss")]
    return AMPLITUDES[name](**{key: float(params[key]) for key in keys if key in params})


def cos_net(params) -> Any:
    return load(
        "cos_net",
        width=int(params.get("N", 10)),
        dim=int(params.get("d", 1)),
        sigma_b=float(params.get("sigma_b", 1)),
        sigma_a=float(params.get("sigma_a", 1)),
        envelope=params.get("F", "1"),
        amplitude=amplitude(params),
    )


def free(params) -> Any:
    return load("free_scalar", width=int(params.get("N", 10)), dim=int(params["d"]), cutoff=float(params["Lambda"]))


def on_axis(dim, r):
    return np.array([np.zeros(dim), np.r_[float(r), np.zeros(dim - 1)]])


def points(entry):
    x = np.asarray(entry["points"], dtype=float)
    return x if x.ndim == 2 else x.reshape(-1, 1)


def correlator(make, kind):
    return lambda e: exact_correlator(make(e["params"]), points(e), kind)


def momentum(make):
    return lambda e: make(e["params"]).power_spectrum(on_axis(make(e["params"]).dim, e["points"])[1])


def one_point_cf(e):
    """E exp(i t phi) = (E exp(i t a h))^N by quadrature over the phase of the amplitude's characteristic function."""
    net, t = cos_net(e["params"]), float(e["points"])
    c = np.arange(4096) * 2 * np.pi / 4096
    u = t * np.cos(c) / net.width**0.5
    law = net.amplitude
    cf = {
        "gauss": lambda: np.exp(-((law.sigma * u) ** 2) / 2),
        "rademacher": lambda: np.cos(law.mu * u),
        "laplace": lambda: 1 / (1 + (law.beta * u) ** 2),
    }[e["params"]["amplitude"]]()
    return np.mean(cf) ** net.width


def cluster(e):
    """The limit of infinite separation, at a separation where every kernel has underflowed."""
    u, v = (float(x) for x in e["points"])
    net, far = cos_net(e["params"]), 200.0
    x = np.array([[0.0], [-u], [far], [far - v]])
    return exact_correlator(net, x) - net.two_point(x[0], x[1]) * net.two_point(x[2], x[3])


def gauss_net(params):
    return load("gauss_net", width=5, **{key: float(params[key]) for key in ("sigma_a", "sigma_b", "sigma_c")})


def cauchy(params):
    return load("cauchy", mass=float(params["m"]), width=int(params.get("N", 10)))


def mixed(e):
    x = points(e)
    return exact_mixed(cos_net(e["params"]), x[:2], x[2:])


def mixed_connected(e):
    net, x = cos_net(e["params"]), points(e)
    return mixed(e) - net.two_point(x[0], x[1]) * exact_neuron(net, x[2:], (0, 0))


def cutoff_free(params) -> Any:
    return load("cutoff_free_scalar", dim=int(params["d"]), power=float(params["s"]), mass=float(params["m"]))


def matern(params) -> Any:
    return load("matern", nu=float(params["s"]) - 0.5)


def coupled(name):
    def make(params):
        return load(name, width=int(params["N"]), epsilon=float(params["eps"]))

    return make


def gibbs_pair(e):
    """u and v at right angles and of the lengths that the entry names."""
    net: Any = load("gibbs_cos_net", width=4, dim=2, epsilon=float(e["params"]["eps"]), sigma_b=2**0.5)
    u2, v2 = (float(x) for x in e["points"])
    return 4 * net.pair_excess(np.array([u2**0.5, 0.0]), np.array([0.0, v2**0.5]))


def wine_bottle(params, **settings) -> Any:
    sigma_v = float(params.get("sigma_wine", params["sigma_a"]))
    return load("wine_bottle", components=int(params["D"]), radius=float(params["v"]), sigma_v=sigma_v, **settings)


def wine_mass(e):
    """The nonzero eigenvalue of the Hessian of -log P at a vacuum."""
    bottle = wine_bottle(e["params"]).bottle
    vacuum = jnp.array([bottle.radius, 0.0])
    return np.linalg.eigvalsh(jax.hessian(lambda a: -bottle.log_prob(a))(vacuum))[-1]


def vector_four(e):
    bottle = "v" in e["params"]
    net = wine_bottle(e["params"], width=2) if bottle else load("vector", width=2, components=2)
    return exact_correlator(net, points(e), "connected", e["params"]["components"])


def offset(params):
    return load("offset_cos_net", width=int(params["N"]), mu=float(params["mu"]), kappa=float(params["kappa"]))


def far_apart(make):
    """The limit of infinite separation of a coupled theory, where cosines of sums over both pairs have died out."""

    def value(e):
        u, v = (float(x) for x in e["points"])
        net, far = make(e["params"]), 200.0
        x = np.array([[0.0], [-u], [far], [far - v]])
        return exact_correlator(net, x) - net.two_point(x[0], x[1]) * net.two_point(x[2], x[3])

    return value


def six_point_block(e):
    times = np.array([[float(t)] for t in e["params"]["grid"]])
    return positivity(gram(cauchy(e["params"]), monomials(times, 1, 3))).lowest


CHECKS = {
    "cos-G2-P": correlator(cos_net, "full"),
    "cos-G2p-P": momentum(cos_net),
    "cos-Hiiii-P": lambda e: exact_neuron(cos_net(e["params"]), points(e), (0, 0, 0, 0)),
    "cos-Hiijj-P": lambda e: exact_neuron(cos_net(e["params"]), points(e), (0, 0, 1, 1)),
    "cos-G4c-gauss-P": correlator(cos_net, "connected"),
    "cos-G4c-bimodal-P": correlator(cos_net, "connected"),
    "cos-G4c-laplace-P": correlator(cos_net, "connected"),
    "cos-G4c-student-P": correlator(cos_net, "connected"),
    "cos-G4c-rayleigh-P": correlator(cos_net, "I_N"),
    "cos-G6-gauss-P": correlator(cos_net, "full"),
    "cos-G6c-gauss-P": correlator(cos_net, "connected"),
    "cos-G6-rademacher-P": correlator(cos_net, "full"),
    "cos-G6c-rademacher-P": correlator(cos_net, "connected"),
    "cos-G8c-coincident-P": correlator(cos_net, "connected"),
    "bb-G2-P": correlator(cos_net, "full"),
    "bb-G4c-P": correlator(cos_net, "connected"),
    "bb-G2p-P": momentum(cos_net),
    "free-G2-d1-P": lambda e: exact_correlator(free(e["params"]), on_axis(1, e["points"])),
    "free-G2-d2-P": lambda e: exact_correlator(free(e["params"]), on_axis(2, e["points"])),
    "free-G2-d3-P": lambda e: exact_correlator(free(e["params"]), on_axis(3, e["points"])),
    "free-G2-d4-P": lambda e: exact_correlator(free(e["params"]), on_axis(4, e["points"])),
    "free-G4c-P": correlator(free, "connected"),
    "free-G2p-P": momentum(free),
    "free-canonical-sigma2-P": lambda e: free(e["params"]).canonical_sigma_a() ** 2,
    "rp-rho-P": lambda e: canonical_free_line(e).two_point([float(e["points"])], [0.0]),
    "ou-G2-P": correlator(cauchy, "full"),
    "ou-G4c-P": correlator(cauchy, "connected"),
    "ou-G2p-P": momentum(cauchy),
    "tfree-G2-P": lambda e: cutoff_free(e["params"]).two_point([0.0, 0.0], [float(e["points"]), 0.0]),
    "tfree-EF4-P": lambda e: cutoff_free(e["params"]).kernel_moment(4, np.array([float(e["points"]), 0.0])),
    "matern-K-P": lambda e: matern(e["params"]).kernel_moment(2, np.array([0.6])),
    "eps-i-IIB-P": correlator(coupled("equicorrelated_cos_net"), "I_IB"),
    "eps-i-G4c-P": correlator(coupled("equicorrelated_cos_net"), "connected"),
    "eps-ii-IIB-P": correlator(coupled("shared_scale_cos_net"), "I_IB"),
    "eps-L-IIB-P": correlator(coupled("coupled_cos_net"), "I_IB"),
    "eps-B-IIB-P": correlator(coupled("shared_neuron_cos_net"), "I_IB"),
    "eps-L-cauchy-IIB-P": correlator(coupled("coupled_cauchy"), "I_IB"),
    "cluster-eps-i-P": far_apart(coupled("equicorrelated_cos_net")),
    "gibbs-radial-P": gibbs_pair,
    "wine-Er1-P": lambda e: wine_bottle(e["params"]).radial_moment(1),
    "wine-Er2-P": lambda e: wine_bottle(e["params"]).radial_moment(2),
    "wine-Er4-P": lambda e: wine_bottle(e["params"]).radial_moment(4),
    "wine-mass-P": wine_mass,
    "SOD-gauss-G4c-P": vector_four,
    "SOD-wine-G4c-P": vector_four,
    "explicit-G1-P": correlator(offset, "full"),
    "explicit-G2-P": correlator(offset, "full"),
    "explicit-G3c-P": correlator(offset, "connected"),
    "gaussnet-G4c-P": correlator(gauss_net, "connected"),
    "mixed-pphh-P": mixed,
    "mixed-pphh-conn-P": mixed_connected,
    "cluster-iid-P": cluster,
    "rp-gram-fail-P": lambda e: positivity(np.exp(-(np.add.outer(TIMES, TIMES) ** 2) / 2)).lowest,
    "rp-gram-sharp-P": lambda e: positivity(rho_gram(canonical_free_line(e), TIMES)).lowest,
    "rp-first-zero-P": lambda e: brentq(lambda t: float(rho(canonical_free_line(e), t)), 7.2, 7.4, xtol=1e-12),
    "ou-rp-6pt-P": six_point_block,
    "onepoint-cf-gauss-P": one_point_cf,
    "onepoint-cf-rademacher-P": one_point_cf,
    "onepoint-cf-laplace-P": one_point_cf,
}


def canonical_free_line(e):
    """In d = 1 rho(p, t) is the two-point function of the canonically normalised field."""
    net: Any = load("free_scalar", cutoff=float(e["params"]["Lambda"]))
    return dataclasses.replace(net, sigma_a=net.canonical_sigma_a())


def test_shared_reference_values(shared):
    entries = {e["id"]: e for e in json.loads((shared / "reference.json").read_text())}
    missing = set(CHECKS) - set(entries)
    assert not missing, f"entries that are no longer in the file: {missing}"
    for name, check in CHECKS.items():
        e = entries[name]
        value = float(np.squeeze(check(e)))
        assert value == pytest.approx(float(e["value_str"]), rel=1e-10, abs=0.0), name


def test_one_point_laws_of_other_parameters():
    """Closed one-point characteristic functions against moments of the exact engine, on parameters of our own."""
    net = load("cos_net", width=4, sigma_a=1.3)
    t = 0.05
    q = (1.3 * t) ** 2 / 16
    series = sum(
        (-1) ** (n // 2) * t**n / np.prod(np.arange(1, n + 1)) * exact_correlator(net, np.zeros((n, 1)))
        for n in (2, 4, 6)
    )
    assert 1 + series == pytest.approx((np.exp(-q) * i0(q)) ** 4, rel=1e-13)
    net = load("cos_net", width=4, amplitude=ConstantModulus(mu=1.1))
    series = sum(
        (-1) ** (n // 2) * t**n / np.prod(np.arange(1, n + 1)) * exact_correlator(net, np.zeros((n, 1)))
        for n in (2, 4, 6)
    )
    assert 1 + series == pytest.approx(j0(1.1 * t / 2) ** 4, rel=1e-13)
