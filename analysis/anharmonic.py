"""An interaction in field space: the Cauchy net with exp(-lambda int phi^4) is the anharmonic oscillator as N grows.

On [0, T] with free-vacuum ends, H = p^2/2 + m^2 q^2/2 + lambda q^4 and

    <q(s) q(t)> = <0| e^(-sH) q e^(-(t-s)H) q e^(-(T-t)H) |0> / <0| e^(-TH) |0>

with the free vacuum |0>. Two ways on the side of the neurons, neither of which needs a gradient of the heavy-tailed
frequencies: prior networks reweighted with exp(-S), and chains that draw neurons anew from the prior and test them by
the action. `benchmarks/POSTERIOR.md` has their speeds, and those of NUTS.
"""

from typing import Any

import jax
import numpy as np
from scipy.linalg import eigh

from nnqft_ppl import deform, load, summarise
from nnqft_ppl.architecture import Architecture
from nnqft_ppl.chains import kernel_of, plan
from nnqft_ppl.chains import run as run_chains
from nnqft_ppl.checkpoint import Checkpoint
from nnqft_ppl.studies import Study
from nnqft_ppl.transforms import Conditioned, field_at
from nnqft_ppl.whitened import Point

LAMBDA, T, STATES, NODES, WIDTH = 0.1, 2.0, 76, 65, 200
BETWEEN = np.array([[0.5], [1.0], [1.5]])  # where the field is looked at


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


def interacting(net: Architecture) -> Conditioned:
    """P(theta) exp(-lambda int_0^T phi^4), by the trapezoidal rule."""
    nodes = np.linspace(0.0, T, NODES)[:, None]
    weights = np.full(NODES, T / (NODES - 1))
    weights[[0, -1]] /= 2
    return deform(net, lambda phi: LAMBDA * phi**4, nodes, weights)


def reweighted_draws(model: Conditioned, key: jax.Array, draws: int) -> tuple[jax.Array, jax.Array]:
    """The action of prior networks, (draws,), and their fields at BETWEEN, (draws, 3)."""
    net, theta = model.net, model.net.sample(key, draws)

    def one(theta: Any) -> tuple[jax.Array, jax.Array]:
        return -model.log_factors(net, theta, None), field_at(net, theta, BETWEEN)

    return jax.lax.map(one, theta, batch_size=64)


def products(phi: Any) -> dict[str, Any]:
    """From phi (..., 3) at BETWEEN."""
    return {"<q(1)^2>": phi[..., 1] ** 2, "<q(.5)q(1.5)>": phi[..., 0] * phi[..., 2]}


def run(study: Study) -> None:
    exact = {"<q(1)^2>": oscillator(1.0, 1.0), "<q(.5)q(1.5)>": oscillator(0.5, 1.5)}
    model = interacting(load("cauchy", width=WIDTH))

    def read(key: jax.Array, point: Point) -> dict[str, jax.Array]:  # noqa: ARG001
        return products(field_at(point.net, point.theta, BETWEEN))

    kept = run_chains(
        kernel_of(plan(model), 25),
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
    precision = float(table.loc["<q(1)^2>", "mcse"]) / exact["<q(1)^2>"]
    limit = 0.03 if study.quick else 0.01
    study.between("(3)", "relative standard error of <q(1)^2> by chains", 0.0, precision, 0.0, limit)

    batches = 6 if study.quick else 60
    draw = jax.jit(lambda keys: jax.lax.map(lambda key: reweighted_draws(model, key, 2000), keys))
    action, phi = (np.asarray(part) for part in draw(jax.random.split(jax.random.key(7), batches)))
    weight = np.exp(-action.ravel())
    weight /= weight.sum()
    for name, values in products(phi.reshape(-1, len(BETWEEN))).items():
        mean = float(weight @ values)
        error = float(np.sqrt(np.sum((weight * (values - mean)) ** 2)))
        study.monte_carlo("(3)", f"phi^4, N={WIDTH}: {name} by reweighting", exact[name], mean, error)
