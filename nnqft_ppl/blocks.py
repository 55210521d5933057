"""How many neurons of a conditioned theory can be drawn anew at once? Asked of a few prior draws before any chain runs.

Redrawing m of N independent neurons moves the log weight L of data, sources and actions by a variance of about
2 (m/N) Var L. Wide networks with few or noisy data take whole networks from the prior; precise data hang on a few
neurons, which large blocks would hardly ever exchange.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.coordinates import chart
from nnqft_ppl.transforms import Conditioned

ASKED = 64  # prior draws
DEVIATION = 0.25  # of the log weight when a block is redrawn


def block_count(model: Conditioned) -> int:
    """The number of blocks for which a redrawn block moves the log weight by DEVIATION, from 1 to N.

    Hyperparameters are those of the most probable of ASKED prior draws, and Var L is by quartiles, as weights have long
    tails.
    """
    charts = [(name, chart(law)) for name, law in model.hyperlaws.items()]

    @jax.jit
    def log_weights(z: jax.Array, key: jax.Array) -> jax.Array:
        def one(at: tuple[jax.Array, jax.Array]) -> jax.Array:
            z, key = at
            net, noise = model.with_values({name: one.value(z[k]) for k, (name, one) in enumerate(charts)})
            return model.log_factors(net, {site: value[0] for site, value in net.sample(key, 1).items()}, noise)

        return jax.lax.map(one, (z, jax.random.split(key, ASKED)))

    key_z, key_first, key_second = jax.random.split(jax.random.key(0), 3)
    z = jax.random.normal(key_z, (ASKED, len(charts)))
    if charts:
        z = jnp.broadcast_to(z[jnp.argmax(log_weights(z, key_first))], z.shape)
    low, high = np.quantile(np.asarray(log_weights(z, key_second)), [0.25, 0.75])
    variance = ((high - low) / 1.349) ** 2
    return int(np.clip(np.ceil(2.0 * variance / DEVIATION**2), 1, model.net.neuron_count))
