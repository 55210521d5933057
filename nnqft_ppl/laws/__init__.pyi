__all__ = [
    "BallTilt",
    "BandFrequencies",
    "BottleAndNormals",
    "BottleLaw",
    "CauchyFrequencies",
    "CauchyTilt",
    "CoupledBottles",
    "DualLattice",
    "EquicorrelatedNormal",
    "FoldedCauchyFrequencies",
    "FrequencyLaw",
    "GaussianFrequencies",
    "GaussianTilt",
    "GibbsNormal",
    "LatentSignTilt",
    "OrnsteinUhlenbeck",
    "PathLaw",
    "RegulatedFrequencies",
    "SpectralFrequencies",
    "Spectrum",
    "StudentFrequencies",
    "ball_volume",
    "iid",
    "isotropic_moment",
    "isotropic_normal",
    "propagator",
    "radial_characteristic",
    "spectral_integral",
    "uniform_phases",
    "xp",
]

from .couplings import BallTilt, CauchyTilt, EquicorrelatedNormal, GaussianTilt, GibbsNormal, LatentSignTilt
from .fourier import ball_volume, radial_characteristic
from .frequencies import (
    BandFrequencies,
    CauchyFrequencies,
    FoldedCauchyFrequencies,
    FrequencyLaw,
    GaussianFrequencies,
    RegulatedFrequencies,
    SpectralFrequencies,
    StudentFrequencies,
    xp,
)
from .isotropic import spectral_integral
from .joint import iid, isotropic_normal, uniform_phases
from .lattice import DualLattice
from .paths import OrnsteinUhlenbeck, PathLaw
from .propagators import propagator
from .spectrum import Spectrum
from .vectors import BottleAndNormals, BottleLaw, CoupledBottles, isotropic_moment
