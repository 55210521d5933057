"""Two samplers against the reference truth of every card: NumPyro's NUTS, and a random walk with a common mistake.

    python examples/try_my_sampler.py            # every card: about ten minutes on two cores
    python examples/try_my_sampler.py cos_net line

Put your own sampler in the place of one of them: it is given a NumPyro program, held-out points that the program takes,
and a seed, and returns the draws of every site, (chain, draw, ...).
"""

import sys

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import initialize_model

import nnqft_ppl as nq

CHAINS, DRAWS = 4, 2000
STEP, THIN, MOVES = 0.5, 20, 400_000  # of the walk


def nuts(model, points, seed):
    """NumPyro's NUTS, as it is."""
    how = {"num_chains": CHAINS, "chain_method": "vectorized", "progress_bar": False}
    mcmc = MCMC(NUTS(model), num_warmup=1000, num_samples=DRAWS, **how)
    mcmc.run(jax.random.key(seed), points)
    return mcmc.get_samples(group_by_chain=True)


def walk(model, points, seed):
    """Metropolis' random walk with a mistake: where a move is refused, the old state has to count once more."""
    keys = jax.random.split(jax.random.key(seed), CHAINS)
    start, potential, constrain, _ = initialize_model(keys, model, model_args=(points,))

    def move(carry, key):
        z, old, found, count = carry
        step, u = jax.random.split(key)
        flat, back = ravel_pytree(z)
        new = back(flat + STEP * jax.random.normal(step, flat.shape))
        energy = potential(new)
        good = jnp.log(jax.random.uniform(u)) < old - energy
        z = jax.tree.map(lambda a, b: jnp.where(good, a, b), new, z)
        found = jax.tree.map(lambda kept, value: kept.at[count // THIN].set(value), found, z)
        return (z, jnp.where(good, energy, old), found, count + good), None

    def chain(z, key):
        empty = jax.tree.map(lambda value: jnp.zeros((DRAWS, *value.shape)), z)
        first = (z, potential(z), empty, 0)
        return jax.lax.scan(move, first, jax.random.split(key, MOVES))[0][2]

    drawn = jax.vmap(chain)(start.z, keys)
    return jax.vmap(jax.vmap(constrain))(drawn)


if __name__ == "__main__":
    nq.enable_x64()
    for sampler in (nuts, walk):
        print(sampler.__name__)
        table = nq.try_sampler(sampler, sys.argv[1:] or None, progress=True)
        print(table.to_string(index=False, float_format="{:.3g}".format), "\n")
