"""Every closed form of every card against that card's own draws: the strongest route, for most equations of the paper.

Each card is drawn at hyperparameters away from its defaults, in one dimension and in more where it has them, with few
neurons, where what distinguishes theories of the same limit is largest. A row holds within 5 standard errors, so a
false alarm has a chance of 6e-7; rows of one card share its networks.
"""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp

from nnqft_ppl import load
from nnqft_ppl.checks.draws import Networks, recorded
from nnqft_ppl.checks.theorems import checks
from nnqft_ppl.reports.provenance import card_name
from nnqft_ppl.studies import Study
from nnqft_ppl.theory import AMPLITUDES, Architecture

#: The first of each card are those of a quick run.
INSTANCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cos_net", {"dim": 3, "sigma_a": 1.2, "sigma_b": 1.4}),
    ("cos_net", {"dim": 1, "amplitude": AMPLITUDES["laplace"]()}),
    ("cos_net", {"dim": 3, "sigma_b": 1.5, "envelope": "b.b", "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("gauss_net", {"dim": 2, "sigma_b": 0.6, "sigma_c": 0.3, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("gauss_net", {"dim": 1, "sigma_b": 0.5, "sigma_c": 0.2, "amplitude": AMPLITUDES["laplace"]()}),
    ("erf_net", {"dim": 2, "sigma_b": 1.5, "sigma_c": 0.4}),
    ("erf_net", {"dim": 1, "sigma_b": 1.2, "sigma_c": 0.6, "amplitude": AMPLITUDES["laplace"]()}),
    ("relu_net", {"dim": 2, "sigma_b": 1.2, "sigma_c": 0.2, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("relu_net", {"dim": 1, "sigma_b": 1.5, "sigma_c": 0.4}),
    ("free_boson", {"dim": 2, "infrared": 0.8, "cutoff": 5.0, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("free_boson", {"dim": 1, "cutoff": 6.0}),
    ("free_scalar", {"dim": 2, "cutoff": 3.0, "amplitude": AMPLITUDES["rayleigh"]()}),
    ("free_scalar", {"dim": 1, "cutoff": 3.0}),
    ("free_scalar", {"dim": 4, "cutoff": 2.0}),
    ("alpha_scalar", {"dim": 2, "alpha": 0.0, "cutoff": 4.0, "amplitude": AMPLITUDES["bimodal"]()}),
    ("alpha_scalar", {"dim": 1, "alpha": -1.0, "cutoff": 3.0, "regulator": "hard"}),
    ("alpha_scalar", {"dim": 3, "alpha": 0.5, "cutoff": 2.0, "mass": 1.3}),
    ("cauchy", {"mass": 0.7, "sigma_a": 1.1}),
    ("lattice_cauchy", {"mass": 0.7, "lattice_spacing": 0.9}),
    ("line", {"mean": 0.8, "sigma": 0.6}),
    ("matern", {"dim": 2, "nu": 1.2, "mass": 1.3}),
    ("cutoff_free_scalar", {"power": 0.75}),
    ("shifted_cos_net", {"dim": 2, "mu": 0.3, "sigma_a": 0.9}),
    ("offset_cos_net", {"mu": 0.8, "kappa": 0.6, "dim": 2}),
    ("landscape", {"peaks": 2}),
    ("torus", {"dim": 2, "period": 3.0, "alpha": 0.5, "cutoff": 2.0, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("torus", {"period": 2.5, "power": 1.3, "mass": 1.2, "cutoff": 9.0, "regulator": "hard"}),
    ("tuned_net", {"dim": 2, "amplitude": AMPLITUDES["constant_modulus"]()}),
    ("tuned_net", {"alpha": 0.7, "cutoff": 3.0}),
    ("vector", {"components": 3, "dim": 2, "sigma_b": 1.2}),
    ("wine_bottle", {"components": 2, "dim": 2, "sigma_a": 0.5, "radius": 1.5}),
    ("wine_bottle", {"components": 3, "sigma_a": 0.4, "radius": 0.3, "sigma_v": 1.5}),
    ("many_bottles", {"components": 2, "dim": 2, "sigma_a": 0.5, "sigma_b": 1.2, "radius": 1.3, "strength": 0.4}),
    ("many_bottles", {"bottles": 3, "sigma_a": 0.4, "radius": 0.8, "sigma_v": 1.2}),
    ("deep_net", {"inputs": 2, "dim": 2}),
    ("sine_path", {"gain": 1.1, "mass": 0.8, "amplitude": AMPLITUDES["gaussian"]()}),
    ("markov_net", {"activation": "tanh", "gain": 1.4, "mass": 1.2}),
    ("markov_net", {"activation": "erf", "sigma_a": 1.3, "amplitude": AMPLITUDES["bimodal"]()}),
    ("coupled_cos_net", {"epsilon": 0.9, "dim": 2}),
    ("coupled_cos_net", {"epsilon": 1.0, "dim": 3, "sigma_b": 2.2}),
    ("coupled_cauchy", {"epsilon": 1.0, "mass": 0.8}),
    ("coupled_scalar", {"epsilon": 0.9, "cutoff": 3.0, "dim": 2}),
    ("equicorrelated_cos_net", {"epsilon": -0.9, "dim": 2}),
    ("equicorrelated_cos_net", {"epsilon": 0.9}),
    ("shared_scale_cos_net", {"epsilon": 0.8, "dim": 2}),
    ("shared_neuron_cos_net", {"epsilon": 0.7, "dim": 2}),
    ("gibbs_cos_net", {"epsilon": 1.5, "dim": 2}),
)


def run(study: Study) -> None:
    seen = set()
    for name, settings in INSTANCES:
        if not (study.quick and name in seen):
            net = theory(name, settings)
            draws = 200_000 if study.quick else 750_000
            theorem_rows(study, net, recorded(drawn(net), draws=draws, seed=study.seed(1)))
        seen.add(name)


def theorem_rows(study: Study, net: Architecture, networks: Networks) -> None:
    """The checks of a theory, each held against what was kept of drawn networks."""
    for check in checks(net):
        label = ", ".join(f"({equation})" for equation in check.equations)
        title = f"{card_name(net)} d={net.dim}: {check.statement}"
        study.monte_carlo(label, title, check.expected(), *check.measured(networks), of=net)


def theory(name: str, settings: dict[str, Any]) -> Architecture:
    """Two neurons, or the one of the ensemble of lines."""
    return load(name, **settings) if name == "line" else load(name, width=2, **settings)


def drawn(net: Architecture) -> Architecture:
    """The theory itself, or for a law without an exact sampler the theory with one."""
    if net.ancestral:
        return net
    return with_methods(net, ancestral=True, sample=_by_rejection)


def with_methods(net: Architecture, **members: Any) -> Architecture:
    """The same theory with members of its class replaced."""
    own = type(net)
    kind: Any = type(own.__name__, (own,), {"__module__": own.__module__, **members})
    return kind(**{field.name: getattr(net, field.name) for field in dataclasses.fields(net)})


def _by_rejection(net: Any, key: jax.Array, draws: int, _points: Any = None) -> dict[str, jax.Array]:
    """Exact draws of frequencies whose density is that of independent normal ones times a factor up to 1.

    Normal draws are accepted with that factor, and the accepted ones taken in their order until there are enough: this
    knows of the coupled law its density alone.
    """
    laws = net.prior()
    keys = jax.random.split(key, 3)

    def more(state: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
        b, found, rounds = state
        key_normal, key_accept = jax.random.split(jax.random.fold_in(keys[0], rounds))
        candidates = net.s * jax.random.normal(key_normal, b.shape)
        log_normal = -jnp.sum((candidates / net.s) ** 2, axis=(-2, -1)) / 2
        log_u = -jax.random.exponential(key_accept, (draws,))
        accepted = log_u <= laws["b"].log_prob(candidates) - log_normal
        place = jnp.where(accepted, found + jnp.cumsum(accepted) - 1, draws)  # beyond the end nothing is written
        return b.at[place].set(candidates, mode="drop"), found + jnp.sum(accepted), rounds + 1

    start = (jnp.zeros((draws, *laws["b"].event_shape)), jnp.asarray(0), jnp.asarray(0))
    return {
        "a": laws["a"].sample(keys[1], (draws,)),
        "b": jax.lax.while_loop(lambda state: state[1] < draws, more, start)[0],
        "c": math.pi * jax.random.uniform(keys[2], (draws, net.width), minval=-1.0),
    }
