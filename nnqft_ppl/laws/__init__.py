"""How likely a parameter is: joint laws of neurons' parameters, spectra, and their Fourier transforms.

For authors of cards. Begin with `iid`, `isotropic_normal` and `Spectrum`. Knows no theory.
"""

import lazy_loader

# The public names stand in __init__.pyi; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
