"""The one call that changes a global setting of JAX."""


def enable_x64() -> None:
    """Make JAX draw and compute in float64 in this process, as the command line and the tests do.

    Exact results are float64 whatever this says; the draws of the estimators follow it, and their running sums are
    float64 either way. Call it before anything is drawn: one key gives different draws in float32 and float64.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
