"""How likely a parameter is: joint laws of neurons' parameters, spectra, and their Fourier transforms.

For authors of cards. Begin with `iid`, `isotropic_normal` and `Spectrum`. Knows no theory.
"""
