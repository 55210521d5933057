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
from jax.tree_util import register_dataclass
from numpyro.infer import NUTS
from numpyro.infer.util import ParamInfo

from nnqft_ppl.laws.charts import Chart, chart
from nnqft_ppl.sampling.gibbs import choice, sweep
from nnqft_ppl.sampling.whitened import Point, Whitened
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned

Stats = dict[str, jax.Array]

CANDIDATES = 4  # fresh ones for every block
WHOLE = 16  # blocks, up to which the log weight of networks from the prior varies by less than about 1
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
    Hyperparameters follow by an elliptical slice move, which many neurons hold fast; so where blocks are at most WHOLE,
    networks of other hyperparameters compete as a whole too.
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
        pool = {site: jnp.concatenate([state.theta[site][None], fresh[site]]) for site in fresh}
        chosen = sweep(self.model, net, noise, pool, self.size, key_choice)
        neurons = jnp.arange(net.neuron_count)
        theta = {site: values[chosen[neurons // self.size], neurons] for site, values in pool.items()}
        hyper = state.hyper
        if self.model.unknown and WHOLE * self.size >= net.neuron_count:
            hyper, theta = self._other_network(jax.random.fold_in(key_hyper, 1), hyper, theta)
        if self.charts:
            hyper = self._move_hyper(key_hyper, hyper, theta)
        return GibbsState(key, hyper, theta), {"acceptance_rate": jnp.mean(chosen > 0)}

    def point(self, state: GibbsState) -> Point:
        net, noise = self._net(state.hyper)
        return Point(self._values(state.hyper), net, noise, state.theta, jnp.zeros(()))

    # -- hyperparameters -----------------------------------------------------------------------------------------

    def _values(self, hyper: jax.Array) -> Parameters:
        return {name: one.value(hyper[k]) for k, (name, one) in enumerate(self.charts.items())}

    def _net(self, hyper: jax.Array) -> tuple[Architecture, Any]:
        return self.model.with_values(self._values(hyper))

    def _prior(self, net: Architecture, key: jax.Array, draws: int, *, squeeze: bool = False) -> Parameters:
        laws = self.model.laws(net).items()
        sites: Any = {s: law.sample(jax.random.fold_in(key, k), (draws,)) for k, (s, law) in enumerate(laws)}
        return {site: value[0] for site, value in sites.items()} if squeeze else sites

    def _other_network(self, key: jax.Array, hyper: jax.Array, theta: Parameters) -> tuple[jax.Array, Parameters]:
        """This network or one of CANDIDATES from the prior, each with hyperparameters of its own, by what data say."""
        key_hyper, key_theta, key_choice = jax.random.split(key, 3)
        others = jax.random.normal(key_hyper, (CANDIDATES, hyper.size))

        def drawn(hyper: jax.Array, key: jax.Array) -> Parameters:
            return self._prior(self._net(hyper)[0], key, 1, squeeze=True)

        def log_weight(hyper: jax.Array, theta: Parameters) -> jax.Array:
            net, noise = self._net(hyper)
            return self.model.log_factors(net, theta, noise) + self._log_weight(hyper)

        fresh = jax.vmap(drawn)(others, jax.random.split(key_theta, CANDIDATES))
        hypers = jnp.concatenate([hyper[None], others])
        pool = {site: jnp.concatenate([theta[site][None], fresh[site]]) for site in fresh}
        chosen = choice(key_choice, jax.vmap(log_weight)(hypers, pool))
        return hypers[chosen], {site: values[chosen] for site, values in pool.items()}

    def _log_weight(self, hyper: jax.Array) -> jax.Array:
        """Of the laws of the hyperparameters against N(hyper; 0, I)."""
        return sum((jnp.sum(one.log_weight(hyper[k])) for k, one in enumerate(self.charts.values())), jnp.zeros(()))

    def _move_hyper(self, key: jax.Array, hyper: jax.Array, theta: Parameters) -> jax.Array:
        def log_likelihood(hyper: jax.Array) -> jax.Array:
            net, noise = self._net(hyper)
            total = self.model.log_factors(net, theta, noise)
            if self.model.unknown:
                total += sum(jnp.sum(jnp.asarray(law.log_prob(theta[s]))) for s, law in self.model.laws(net).items())
            return total + self._log_weight(hyper)

        import blackjax  # whose import makes arrays

        size = hyper.size
        move: Any = blackjax.elliptical_slice(log_likelihood, mean=jnp.zeros(size), cov=jnp.ones(size))
        return move.step(key, move.init(hyper))[0].position
