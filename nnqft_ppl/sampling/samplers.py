"""Samplers for conditioned theories: NUTS in whitened coordinates, and Gibbs moves of blocks of neurons.

A sampler is three functions: `init(key)` draws a state from the prior, `step(state)` moves it and returns what to know
of the move, and `point(state)` says which parameters it stands for. One state is one chain; `jax.vmap` makes many.
A sampler is a pytree: the numbers of its theory are leaves, so that a compiled move serves all their values.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp
from jax.tree_util import register_dataclass
from numpyro.infer import NUTS
from numpyro.infer.util import ParamInfo

from nnqft_ppl.laws.charts import Chart, chart
from nnqft_ppl.sampling.whitened import Point, Whitened
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned
from nnqft_ppl.theory.gaussian_amplitudes import log_evidence, updated_root

Stats = dict[str, jax.Array]

CANDIDATES = 4  # fresh ones for every block
TARGET_ACCEPTANCE = 0.9  # of NUTS: at 0.8 the precise data of `examples/hills.csv` made one step in 1200 diverge
MOST_DOUBLINGS = 8  # of a trajectory


class Sampler(Protocol):
    """What a sampler must offer."""

    def init(self, key: jax.Array) -> Any: ...
    def step(self, state: Any) -> tuple[Any, Stats]: ...
    def point(self, state: Any) -> Point: ...


@partial(register_dataclass, data_fields=("model",), meta_fields=("warmup",))
@dataclass(frozen=True, eq=False)
class NutsSampler:
    """NumPyro's NUTS on the flat vector z, whose prior is N(0, I): the unit mass matrix, and only a step to adapt."""

    model: Conditioned
    warmup: int

    def init(self, key: jax.Array) -> Any:
        key_z, key_chain = jax.random.split(key)
        target = Whitened(self.model)
        z = jax.random.normal(key_z, (target.size,))
        return _nuts(target).init(key_chain, self.warmup, z, (), {})

    def step(self, state: Any) -> tuple[Any, Stats]:
        nuts = _nuts(Whitened(self.model))
        # NumPyro's kernel is made by its `init`; told the potential and its slope, that computes nothing.
        nuts.init(state.rng_key, self.warmup, ParamInfo(state.z, state.potential_energy, state.z_grad), (), {})
        state = nuts.sample(state, (), {})
        return state, {
            "diverging": state.diverging,
            "n_steps": state.num_steps,
            "acceptance_rate": state.accept_prob,
            "energy": state.energy,
        }

    def point(self, state: Any) -> Point:
        return Whitened(self.model).point(state.z)


def _nuts(target: Whitened) -> NUTS:
    return NUTS(
        potential_fn=target.potential,
        adapt_mass_matrix=False,
        target_accept_prob=TARGET_ACCEPTANCE,
        max_tree_depth=MOST_DOUBLINGS,
    )


class GibbsState(NamedTuple):
    """Unknowns of the neuron-by-neuron sampler: z of the hyperparameters, and the parameters of all neurons."""

    key: jax.Array
    hyper: jax.Array
    theta: Parameters


@partial(register_dataclass, data_fields=("model",), meta_fields=("size",))
@dataclass(frozen=True, eq=False)
class GibbsSampler:
    """Neurons are drawn anew from their conditional law, block after block, by resampling among candidates.

    The block as it is and CANDIDATES fresh ones from the prior compete with the weights that data, sources and
    actions give the whole field, which keeps the conditional law exactly (multiple-try Metropolis with independent
    proposals; Liu 2008, section 5.5). It needs no gradient, so heavy tails and discrete laws are welcome.
    Hyperparameters follow by an elliptical slice move.
    """

    model: Conditioned
    size: int  #: neurons of a block, the last of which may have fewer

    @property
    def charts(self) -> dict[str, Chart]:
        """Coordinates of the hyperparameters."""
        return {name: chart(law) for name, law in self.model.hyperlaws.items()}

    def init(self, key: jax.Array) -> GibbsState:
        key_hyper, key_theta, key_chain = jax.random.split(key, 3)
        hyper = jax.random.normal(key_hyper, (len(self.charts),))
        net, _ = self._net(hyper)
        return GibbsState(key_chain, hyper, self._prior(net, key_theta, 1, squeeze=True))

    def step(self, state: GibbsState) -> tuple[GibbsState, Stats]:
        key, key_candidates, key_choice, key_hyper = jax.random.split(state.key, 4)
        net, noise = self._net(state.hyper)
        fresh = self._prior(net, key_candidates, CANDIDATES)
        # Candidate 0 of every block is the block as it is.
        pool = {site: jnp.concatenate([state.theta[site][None], fresh[site]]) for site in fresh}
        sweep = self._collapsed_sweep if self.model.collapsed else self._sweep
        chosen = sweep(net, noise, pool, key_choice)
        neurons = jnp.arange(net.neuron_count)
        theta = {site: values[chosen[neurons // self.size], neurons] for site, values in pool.items()}
        hyper = self._move_hyper(key_hyper, state.hyper, theta) if self.charts else state.hyper
        return GibbsState(key, hyper, theta), {"acceptance_rate": jnp.mean(chosen > 0)}

    def point(self, state: GibbsState) -> Point:
        net, noise = self._net(state.hyper)
        return Point(self._values(state.hyper), net, noise, state.theta, jnp.zeros(()))

    # -- neurons -------------------------------------------------------------------------------------------------

    def _sweep(self, net: Architecture, noise: Any, pool: Parameters, key: jax.Array) -> jax.Array:
        """The chosen candidate of every neuron, where the field is all that the factors see."""
        points = self.model.places

        def waves(theta: Parameters) -> jax.Array:  # a_i h_i(x) summed over every block, (blocks, P) or (blocks, P, D)
            h, a = net.neurons(theta, points), theta["a"]
            return self._blocks(h * a[:, None] if a.ndim == 1 else h[:, :, None] * a[:, None, :]).sum(axis=1)

        each = jnp.swapaxes(jax.vmap(waves)(pool), 0, 1)  # (blocks, K + 1, P, ..)

        def one(phi: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            options, key = step
            rest = phi - options[0]
            weights = jax.vmap(self.model.log_factors_of, (0, None))(rest[None] + options, noise)
            choice = _choice(key, weights)
            return rest + options[choice], choice

        keys = jax.random.split(key, each.shape[0])
        return jax.lax.scan(one, each[:, 0].sum(axis=0), (each, keys))[1]

    def _collapsed_sweep(self, net: Architecture, noise: Any, pool: Parameters, key: jax.Array) -> jax.Array:
        """The chosen candidate of every block, with the amplitudes integrated out.

        Given the other blocks, with (W^T W + 1)^-1 = T T^T of theirs, the evidence of a block is that of W T and T^T r.
        T is carried from block to block, and changed by the few rows that a block has.
        """
        systems = jax.vmap(lambda theta: self.model.linear_system(net, theta, noise))(pool)
        each, r = jnp.swapaxes(jax.vmap(self._blocks)(systems.w), 0, 1), systems.r[0]  # (blocks, K + 1, size, P)
        if len(each) == 1:
            return _choice(key, jax.vmap(log_evidence, (0, None))(each[0], r))[None]

        if self.size > len(r):  # only W^T W matters, and P rows are enough for it
            each = jnp.linalg.qr(each, mode="r")

        def one(root: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            options, key = step
            root = updated_root(root, options[0], -1.0)
            choice = _choice(key, jax.vmap(log_evidence, (0, None))(options @ root, root.T @ r))
            return updated_root(root, options[choice], 1.0), choice

        # Begun anew in every sweep, so that the rounding of the updates does not add up.
        lower = jnp.linalg.cholesky(systems.w[0].T @ systems.w[0] + jnp.eye(len(r)))
        start = solve_triangular(lower, jnp.eye(len(r)), lower=True).T
        return jax.lax.scan(one, start, (each, jax.random.split(key, len(each))))[1]

    def _blocks(self, values: jax.Array) -> jax.Array:
        """(N, ...) in blocks (blocks, size, ...), the last one filled up with zeros."""
        missing = -len(values) % self.size
        padded = jnp.pad(values, [(0, missing), *[(0, 0)] * (values.ndim - 1)])
        return padded.reshape(-1, self.size, *values.shape[1:])

    # -- hyperparameters -----------------------------------------------------------------------------------------

    def _values(self, hyper: jax.Array) -> Parameters:
        return {name: one.value(hyper[k]) for k, (name, one) in enumerate(self.charts.items())}

    def _net(self, hyper: jax.Array) -> tuple[Architecture, Any]:
        return self.model.with_values(self._values(hyper))

    def _prior(self, net: Architecture, key: jax.Array, draws: int, *, squeeze: bool = False) -> Parameters:
        laws = self.model.laws(net).items()
        sites: Any = {s: law.sample(jax.random.fold_in(key, k), (draws,)) for k, (s, law) in enumerate(laws)}
        return {site: value[0] for site, value in sites.items()} if squeeze else sites

    def _move_hyper(self, key: jax.Array, hyper: jax.Array, theta: Parameters) -> jax.Array:
        def log_likelihood(hyper: jax.Array) -> jax.Array:
            net, noise = self._net(hyper)
            total = self.model.log_factors(net, theta, noise)
            if self.model.unknown:
                total += sum(jnp.sum(jnp.asarray(law.log_prob(theta[s]))) for s, law in self.model.laws(net).items())
            return total + sum(jnp.sum(one.log_weight(hyper[k])) for k, one in enumerate(self.charts.values()))

        import blackjax  # whose import makes arrays

        size = hyper.size
        move: Any = blackjax.elliptical_slice(log_likelihood, mean=jnp.zeros(size), cov=jnp.ones(size))
        return move.step(key, move.init(hyper))[0].position


def _choice(key: jax.Array, log_weights: jax.Array) -> jax.Array:
    """A move from candidate 0 that keeps the law with these weights: a fresh one in proportion, then Metropolis' test.

    j among the fresh ones with probability w_j / (W - w_0), taken with probability min(1, (W - w_0)/(W - w_j)), W the
    sum of all: the discrete Gibbs step that stays least often (Liu 1996).
    """
    key_fresh, key_test = jax.random.split(key)
    fresh = 1 + jax.random.categorical(key_fresh, log_weights[1:])
    others = logsumexp(jnp.where(jnp.arange(log_weights.size) == fresh, -jnp.inf, log_weights))
    return jnp.where(jnp.log(jax.random.uniform(key_test)) < logsumexp(log_weights[1:]) - others, fresh, 0)
