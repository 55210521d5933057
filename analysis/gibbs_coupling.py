"""NUTS on neurons with a Gibbs coupling (11), a law without a sampler, against the exact radial integral."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from nnqft_ppl import load
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.sampling.chains import run as run_chains
from nnqft_ppl.sampling.diagnostics import summarise
from nnqft_ppl.sampling.plan import plan, sampler_of
from nnqft_ppl.sampling.whitened import Point
from nnqft_ppl.studies import Study

U, V = np.array([0.9, 0.2]), np.array([0.4, -0.8])


def run(study: Study) -> None:
    for epsilon in (2.0,) if study.quick else (0.5, 2.0):
        net: Any = load("gibbs_cos_net", width=4, dim=2, epsilon=epsilon)
        chosen = plan(net)
        kept, stats = run_chains(
            sampler_of(chosen, 300),
            Partial(_read),
            chains=4,
            warmup=300,
            draws=1500 if study.quick else 10_000,
            seed=study.seed(1),
            checkpoint=Checkpoint(None, {}),
            title="gibbs_coupling",
            how=chosen.line,
            progress=study.progress,
        )
        table = summarise({name: kept[name] for name in ("pair", "one")}).set_index("quantity")
        exact = {
            "pair": float(net.joint_kernel_moment((2, 2), (U, V))),
            "one": float(net.joint_kernel_moment((2,), (U,))),
        }
        for name, words in (("pair", "E cos(b1.u) cos(b2.v)"), ("one", "E cos(b.u)")):
            row = table.loc[name]
            statement = f"eps={epsilon:g}, N=4: {words} by NUTS"
            study.monte_carlo("(11)", statement, exact[name], float(row["mean"]), float(row["mcse"]), of=net)
        divergences = float(stats["diverging"].sum())
        study.between(
            "(11)", f"eps={epsilon:g}, N=4: divergences of NUTS", 0.0, divergences, 0.0, 0.0, route="draws", of=net
        )


def _read(_key: jax.Array, at: Point) -> dict[str, jax.Array]:
    b = at.theta["b"]
    u, v = jnp.cos(b @ U), jnp.cos(b @ V)
    pairs = (u.sum() * v.sum() - (u * v).sum()) / (len(b) * (len(b) - 1))
    return {"pair": pairs, "one": u.mean()}
