"""What data, sources and actions make of the prior, asked of a few of its draws before any chain runs.

Their log weight L decides how a theory is best sampled. Redrawing m of N independent neurons moves L by a variance of
about 2 (m/N) Var L. Wide networks with few or noisy data take whole networks from the prior; more precise data hang on
a few neurons, which large blocks would hardly ever exchange, and where Var L > 1 a gradient is worth its price.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.coordinates import chart
from nnqft_ppl.transforms import Conditioned

ASKED = 64  # prior draws
DEVIATION = 0.25  # of the log weight when a block is redrawn


def log_weight_variance(model: Conditioned) -> float:
    """Var L over prior draws of the neurons, by quartiles, as weights have long tails.

    Hyperparameters are those of the most probable of ASKED prior draws.
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
    return float((high - low) / 1.349) ** 2


def block_count(variance: float, neurons: int) -> int:
    """The number of blocks for which a redrawn block moves the log weight by DEVIATION, from 1 to N."""
    return int(np.clip(np.ceil(2.0 * variance / DEVIATION**2), 1, neurons))
