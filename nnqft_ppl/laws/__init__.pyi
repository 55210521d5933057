__all__ = [
    "BallTilt",
    "BottleAndNormals",
    "BottleLaw",
    "CauchyFrequencies",
    "CauchyTilt",
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
from .paths import OrnsteinUhlenbeck, PathLaw
from .propagators import propagator
from .spectrum import Spectrum
from .vectors import BottleAndNormals, BottleLaw, isotropic_moment
