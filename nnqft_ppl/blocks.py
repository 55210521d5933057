"""How many neurons of a conditioned theory can be drawn anew at once? Asked of a few prior draws before any chain runs.

Redrawing m of N independent neurons moves the log weight L of data, sources and actions by a variance of about
2 (m/N) Var L. Wide networks with few or noisy data take whole networks from the prior; precise data take one neuron.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.coordinates import chart
from nnqft_ppl.transforms import Conditioned

ASKED = 64  # prior draws


def block_count(model: Conditioned) -> int:
    """The number of blocks for which a redrawn block moves the log weight by a deviation of 1, from 1 to N.

    Hyperparameters are at the medians of their laws, and Var L is by quartiles, as weights have long tails.
    """
    charts = [(name, chart(law)) for name, law in model.hyperlaws.items()]
    middle = {name: jnp.asarray(one.value(jnp.zeros(one.shape))) for name, one in charts}
    net, noise = model.with_values(middle)

    def log_weights(key: jax.Array) -> jax.Array:
        return jax.lax.map(lambda theta: model.log_factors(net, theta, noise), net.sample(key, ASKED))

    low, high = np.quantile(np.asarray(jax.jit(log_weights)(jax.random.key(0))), [0.25, 0.75])
    variance = ((high - low) / 1.349) ** 2
    return int(np.clip(np.ceil(2.0 * variance), 1, net.neuron_count))
