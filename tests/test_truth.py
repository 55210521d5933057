"""The reference truth: complete, small, and right where quadrature can say so; and the loop that tries samplers on it.

Rejection draws of the whole network in JAX are held against sums over pairs of neurons in NumPy, with laws and neurons
written anew and the amplitudes integrated out. 20,000 draws see an error of 5 standard errors, 3.5 % of a standard
deviation of the posterior. Noise that is 10 % too large in the sampler alone gave z = -11 for phi and +22 for the action
of cos_net, with 10,000 draws.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from conftest import part_of
from scipy.special import erf, roots_hermitenorm
from scipy.stats import norm

import nnqft_ppl as nq
from nnqft_ppl.checks import truth
from nnqft_ppl.checks.references import FILE, quantities, referenced

pytestmark = pytest.mark.usefixtures("quick_compilation")

#: Of a right table, by Bonferroni over all comparisons of this file: 1e-4.
Z = float(norm.isf(1e-4 / 2 / 120))


def test_every_card_has_a_reference():
    assert set(referenced()) == set(nq.names()), "run `make reference`"
    assert FILE.stat().st_size < 3e6


@pytest.mark.parametrize("card", referenced())
def test_references_are_complete(card):
    """Draws of every site, converged moments, and a thousand shipped draws that belong to them."""
    known: Any = nq.reference(card)
    assert set(known.draws) == set(known.model.net.prior_at(jnp.asarray(known.points)))
    assert {len(value) for value in known.draws.values()} == {truth.KEPT}
    moving = known.moments.query("ess_bulk > 0")  # what moves at all
    assert (moving["r_hat"] < 1.01).all()
    assert moving[["ess_bulk", "ess_tail"]].to_numpy().min() > 5000
    assert (moving["mcse"] < 0.02 * moving["sd"]).all()
    assert {"full", "connected"} == set(known.exact["kind"])
    assert ("log evidence" in set(known.moments["quantity"])) == known.model.net.ancestral


@pytest.mark.slow
@pytest.mark.parametrize("card", part_of(referenced(), lambda card: card in referenced()[::3]))
def test_shipped_draws_belong_to_the_moments(card):
    """The field of the shipped draws, and exact correlators anew; sees 16 % of a standard deviation."""
    known: Any = nq.reference(card)
    theta = {site: jnp.asarray(value) for site, value in known.draws.items()}
    values = {name: np.asarray(v) for name, v in quantities(known.model, jnp.asarray(known.points), theta).items()}
    for row in known.moments.query("quantity != 'log evidence'").itertuples():
        flat = values[str(row.quantity)].reshape(truth.KEPT, -1)[:, row.index]
        assert abs(flat.mean() - row.mean) <= 5.0 * row.sd / truth.KEPT**0.5 + 1e-5 * abs(row.mean)
    net = known.model.net
    for row in known.exact.query("width == @net.width").itertuples():
        points: Any = np.array(list(row.points))
        kind: Any = row.kind
        again = nq.exact_correlator(net, points, kind, (0,) * len(points))
        assert row.value == pytest.approx(float(again), rel=1e-9, abs=1e-14)


# -- truth by quadrature ------------------------------------------------------------------------------------------------


def test_the_posterior_of_a_line_is_gaussian():
    """phi(x) = theta x given y: everything in closed form, the evidence too."""
    known: Any = nq.reference("line")
    data, net = known.model.observation, known.model.net
    x, y, s2 = np.asarray(data.points)[:, 0], np.asarray(data.values), data.noise**2
    variance = 1 / (1 / net.sigma**2 + x @ x / s2)
    mean = variance * (net.mean / net.sigma**2 + x @ y / s2)
    second = mean**2 + variance
    at = known.points[:, 0]
    covariance = s2 * np.eye(len(x)) + net.sigma**2 * np.outer(x, x)
    residual = y - net.mean * x
    expected = {
        "phi": mean * at,
        "phi^2": second * at**2,
        "a.a": [second],
        "action": [(y @ y - 2 * mean * x @ y + second * x @ x) / (2 * s2) + len(x) / 2 * np.log(2 * np.pi * s2)],
        "log evidence": [
            -0.5 * (residual @ np.linalg.solve(covariance, residual) + np.linalg.slogdet(2 * np.pi * covariance)[1])
        ],
    }
    assert_moments(known, expected)


def normal_nodes(count, scale=1.0):
    x, w = roots_hermitenorm(count)
    return scale * x, w / w.sum()


def waves(x, count=100, phases=20):
    """cos(b x + c): b > 0 and half the phases are enough, as (b, c) and (-b, -c), and a and -a, are one neuron."""
    b, w = (part[count // 2 :] for part in normal_nodes(count))
    c = np.pi * (np.arange(phases) + 0.25) / phases
    h = np.cos(b[:, None, None] * x + c[:, None])
    both = np.concatenate([h, np.cos(b[:, None, None] * x - c[:, None])], axis=1)
    return both.reshape(-1, len(x)), np.repeat(w, 2 * phases) / (2 * phases * w.sum()), np.repeat(b, 2 * phases)


def biased(function, count):
    """Functions of b x + c with normal b and c."""

    def nodes(x):
        b, w = normal_nodes(count)
        h = function(b[:, None, None] * x + b[:, None], x)
        return h.reshape(-1, len(x)), np.outer(w, w).ravel(), np.repeat(b, count)

    return nodes


def coupled_by_gibbs(b, other, net):
    total = b**2 + other**2
    return np.exp(-net.epsilon / 4 * total**2)


def equally_correlated(b, other, net):
    """N(b, b') of correlation epsilon over N(b) N(b'), averaged over the sign of b', which its phase undoes."""
    e = net.epsilon

    def ratio(v):
        return np.exp(-(e**2 * (b**2 + v**2) - 2 * e * b * v) / (2 * (1 - e**2))) / np.sqrt(1 - e**2)

    return (ratio(other) + ratio(-other)) / 2


#: Neurons with their weights, the density of a pair over that of two, and the scale of sqrt(N) a.
BY_QUADRATURE = {
    "cos_net": (waves, None, 1.0),
    "gibbs_cos_net": (waves, coupled_by_gibbs, 1.0),
    "equicorrelated_cos_net": (waves, equally_correlated, 1.0),
    "erf_net": (biased(lambda z, _: erf(z), 60), None, 1.0),
    "gauss_net": (biased(lambda z, x: np.exp(z - 1 - x**2), 30), None, 0.5**0.5),
}


def by_quadrature(known, nodes, coupling, scale):
    """Posterior moments of two neurons with Gaussian amplitudes: a sum over pairs, 2 x 2 systems in closed form."""
    data, net, points = known.model.observation, known.model.net, known.points[:, 0]
    y, sigma, s = np.asarray(data.values), data.noise, scale / 2**0.5
    h, weight, b = nodes(np.r_[np.asarray(data.points)[:, 0], points])
    w, seen, rest = s * h[:, : len(y)] / sigma, weight, h[:, len(y) :]
    r, bounded = y / sigma, rest**2 / (1 + rest**2)
    v, own, cross = w @ r, 1 + (w**2).sum(1), w @ w.T
    total = 0.0
    sums: dict[str, Any] = dict.fromkeys(("phi", "phi^2", "phi phi'", "h^2/(1+h^2)", "a.a", "action"), 0.0)
    first, second = np.triu_indices(len(points), 1)
    for i in range(len(h)):
        det = own[i] + own - 1 + np.maximum((own[i] - 1) * (own - 1) - cross[i] ** 2, 0.0)
        u1, u2 = (own * v[i] - cross[i] * v) / det, (own[i] * v - cross[i] * v[i]) / det
        p = seen[i] * seen * np.exp(0.5 * (v[i] * u1 + v * u2)) / np.sqrt(det)
        if coupling is not None:
            p = p * coupling(b[i], b, net)
        c11, c22, c12 = own / det, own[i] / det, -cross[i] / det
        s11, s22, s12 = s**2 * (u1**2 + c11), s**2 * (u2**2 + c22), s**2 * (u1 * u2 + c12)

        def product(f, g, i=i, s11=s11, s22=s22, s12=s12):  # E[phi(f) phi(g)] for columns of neurons
            return s11 * f[i] * g[i] + s22 * f * g + s12 * (f[i] * g + f * g[i])

        total += p.sum()
        sums["phi"] += np.array([p @ (s * (u1 * f[i] + u2 * f)) for f in rest.T])
        sums["phi^2"] += np.array([p @ product(f, f) for f in rest.T])
        sums["phi phi'"] += np.array([p @ product(rest[:, k], rest[:, l]) for k, l in zip(first, second, strict=True)])
        sums["h^2/(1+h^2)"] += np.array([p @ (f[i] + f) / 2 for f in bounded.T])
        sums["a.a"] += p @ (s11 + s22)
        fit, norms = u1 * v[i] + u2 * v, (s11 * (own[i] - 1) + s22 * (own - 1) + 2 * s12 * cross[i]) / s**2
        sums["action"] += p @ (0.5 * (r @ r - 2 * fit + norms))
    found = {name: np.atleast_1d(value / total) for name, value in sums.items()}
    constant = len(y) * np.log(sigma * (2 * np.pi) ** 0.5)
    found["action"] = found["action"] + constant
    if net.ancestral:
        found["log evidence"] = np.array([np.log(total) - 0.5 * r @ r - constant])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("card", BY_QUADRATURE)
def test_truth_agrees_with_quadrature(card):
    known = nq.reference(card)
    assert_moments(known, by_quadrature(known, *BY_QUADRATURE[card]))


def assert_moments(known, expected):
    """Every expected mean within Z Monte Carlo errors, which are small."""
    rows = known.moments.set_index(["quantity", "index"])
    for name, values in expected.items():
        for index, value in enumerate(np.atleast_1d(values)):
            row = rows.loc[(name, index)]
            z = (row["mean"] - value) / row["mcse"]
            assert abs(z) < Z, f"{name}[{index}]: {row['mean']} against {value}, z = {z:.1f}"


@pytest.mark.slow
def test_truth_can_be_made_anew(tmp_path):
    """The command of today makes the file of yesterday: a row of fewer draws has the same theory and agrees."""
    row, known = truth.made("line", draws=2000, seed=7), nq.reference("line")
    again: Any = nq.from_json(row["theory"])
    assert again.net == known.model.net
    found = {(one["quantity"], one["index"]): one for one in row["moments"]}
    for old in known.moments.query("mcse > 0").to_dict("records"):
        new = found[old["quantity"], old["index"]]
        assert abs(new["mean"] - old["mean"]) < Z * np.hypot(new["mcse"], old["mcse"])
