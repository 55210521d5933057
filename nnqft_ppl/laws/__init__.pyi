__all__ = [
    "BallTilt",
    "BottleAndNormals",
    "BottleLaw",
    "CauchyTilt",
    "EquicorrelatedNormal",
    "FoldedCauchy",
    "GaussianTilt",
    "GibbsNormal",
    "LatentSignTilt",
    "RegulatedPower",
    "SpectralPower",
    "Spectrum",
    "ball_volume",
    "band_limited",
    "iid",
    "isotropic_moment",
    "isotropic_normal",
    "propagator",
    "radial_characteristic",
    "spectral_integral",
    "student_radius",
    "uniform_phases",
]

from .couplings import BallTilt, CauchyTilt, EquicorrelatedNormal, GaussianTilt, GibbsNormal, LatentSignTilt
from .fourier import ball_volume, radial_characteristic, student_radius
from .isotropic import SpectralPower, spectral_integral
from .joint import iid, isotropic_normal, uniform_phases
from .lattice import FoldedCauchy, band_limited
from .propagators import RegulatedPower, propagator
from .spectrum import Spectrum
from .vectors import BottleAndNormals, BottleLaw, isotropic_moment
