"""Quantum field theories built out of neurons, as probabilistic programs: declare, run, read."""

import lazy_loader

from nnqft_ppl.runtime import version

# The public names stand in __init__.pyi; each is imported on first use, so that `nnqft --help` does not wait for JAX.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version.VERSION
