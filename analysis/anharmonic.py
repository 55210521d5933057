"""An interaction in field space: the Cauchy net with exp(-lambda int phi^4) is the anharmonic oscillator as N grows.

On [0, T] with free-vacuum ends, H = p^2/2 + m^2 q^2/2 + lambda q^4 and

    <q(s) q(t)> = <0| e^(-sH) q e^(-(t-s)H) q e^(-(T-t)H) |0> / <0| e^(-TH) |0>

with the free vacuum |0>. Two ways on the side of the neurons: prior networks reweighted with exp(-S), and the chains
that move neuron by neuron, which need no gradient of the heavy-tailed frequencies.
"""

import jax
import numpy as np
from scipy.linalg import eigh

from nnqft_ppl import deform, load, summarise
from nnqft_ppl.chains import kernel_of, plan
from nnqft_ppl.chains import run as run_chains
from nnqft_ppl.checkpoint import Checkpoint
from nnqft_ppl.studies import Study
from nnqft_ppl.transforms import field_at
from nnqft_ppl.whitened import Point

LAMBDA, T, STATES, NODES, WIDTH = 0.1, 2.0, 76, 65, 200


def oscillator(s: float, t: float) -> float:
    """<q(s) q(t)> for s <= t by diagonalisation in STATES states of the free oscillator, m = 1."""
    ladder = np.diag(np.sqrt(np.arange(1, STATES) / 2.0), 1)
    q = ladder + ladder.T
    energy, vectors = eigh(np.diag(np.arange(STATES) + 0.5) + LAMBDA * np.linalg.matrix_power(q, 4))
    vacuum = vectors[0]
    moves = vectors.T @ q @ vectors
    e = energy - energy[0]
    left, right = vacuum * np.exp(-s * e), vacuum * np.exp(-(T - t) * e)
    return float(left @ moves @ np.diag(np.exp(-(t - s) * e)) @ moves @ right / (vacuum**2 @ np.exp(-T * e)))


def run(study: Study) -> None:
    at = np.array([[0.5], [1.0], [1.5]])
    exact = {"<q(1)^2>": oscillator(1.0, 1.0), "<q(.5)q(1.5)>": oscillator(0.5, 1.5)}
    nodes = np.linspace(0.0, T, NODES)[:, None]
    weights = np.full(NODES, T / (NODES - 1))
    weights[[0, -1]] /= 2
    net = load("cauchy", width=WIDTH)
    model = deform(net, lambda phi: LAMBDA * phi**4, nodes, weights)

    def products(phi: jax.Array) -> dict[str, jax.Array]:
        return {"<q(1)^2>": phi[1] ** 2, "<q(.5)q(1.5)>": phi[0] * phi[2]}

    def read(key: jax.Array, point: Point) -> dict[str, jax.Array]:  # noqa: ARG001
        return products(field_at(point.net, point.theta, at))

    kept = run_chains(
        kernel_of(plan(model), 20),
        read,
        chains=64,
        warmup=25,
        draws=75 if study.quick else 600,
        seed=0,
        checkpoint=Checkpoint(None, {}),
        title="anharmonic",
        progress=study.progress,
    )
    table = summarise({name: kept[name] for name in exact}).set_index("quantity")
    for name, value in exact.items():
        row = table.loc[name]
        study.monte_carlo("(3)", f"phi^4, N={WIDTH}: {name} by chains", value, float(row["mean"]), float(row["mcse"]))

    batch = 2000

    @jax.jit
    def weighted(key: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        theta = net.sample(key, batch)
        action = -jax.vmap(lambda one: model.log_factors(net, one, None))(theta)
        return action, jax.vmap(lambda one: products(field_at(net, one, at)))(theta)

    keys = jax.random.split(jax.random.key(7), 10 if study.quick else 60)
    parts = [weighted(key) for key in keys]
    weight = np.exp(-np.concatenate([np.asarray(action) for action, _ in parts]))
    weight /= weight.sum()
    for name, value in exact.items():
        products_of = np.concatenate([np.asarray(p[name]) for _, p in parts])
        mean = float(weight @ products_of)
        error = float(np.sqrt(np.sum((weight * (products_of - mean)) ** 2)))
        study.monte_carlo("(3)", f"phi^4, N={WIDTH}: {name} by reweighting", value, mean, error)
