__all__ = [
    "AMPLITUDES",
    "AmplitudeGroup",
    "AmplitudeLaw",
    "Architecture",
    "BallTilt",
    "Bimodal",
    "BottleAndNormals",
    "BottleLaw",
    "CauchyTilt",
    "ChosenVacuum",
    "Conditioned",
    "ConstantModulus",
    "CosineArchitecture",
    "Count",
    "CoupledCosineArchitecture",
    "EquicorrelatedNormal",
    "Finite",
    "FoldedCauchy",
    "Fraction",
    "Gaussian",
    "GaussianTilt",
    "GibbsNormal",
    "InputError",
    "Landscape",
    "Laplace",
    "LatentSignTilt",
    "NoClosedForm",
    "NonNegative",
    "OffsetGaussian",
    "Positive",
    "PositiveOrInfinite",
    "Rayleigh",
    "RegulatedPower",
    "Row",
    "Several",
    "SpectralPower",
    "Spectrum",
    "Student",
    "Study",
    "balanced_signs",
    "ball_volume",
    "band_limited",
    "breaking",
    "calibrate",
    "collapse",
    "configurations_table",
    "correlators",
    "deform",
    "design",
    "enable_x64",
    "exact_correlator",
    "exact_mixed",
    "exact_neuron",
    "first_order",
    "iid",
    "infer",
    "isotropic_moment",
    "isotropic_normal",
    "landscape",
    "limit_posterior",
    "load",
    "models",
    "modes",
    "modes_table",
    "names",
    "observe",
    "posterior",
    "prior_predictive",
    "propagator",
    "radial_characteristic",
    "read_configurations",
    "read_table",
    "reweighted",
    "signed_sums",
    "spectral_integral",
    "student_radius",
    "summarise",
    "theorem",
    "tilt",
    "tilted",
    "tilted_moment",
    "two_point_spectrum",
    "uniform_phases",
    "vacua",
    "write_table",
]

from . import models
from .amplitudes import (
    AMPLITUDES,
    AmplitudeLaw,
    Bimodal,
    ConstantModulus,
    Gaussian,
    Laplace,
    OffsetGaussian,
    Rayleigh,
    Student,
)
from .architecture import Architecture, theorem
from .bochner import two_point_spectrum
from .calibration import calibrate
from .classical import modes
from .classical_tables import modes_table
from .cosine import CosineArchitecture, balanced_signs
from .coupled import CoupledCosineArchitecture, signed_sums, tilted_moment
from .couplings import BallTilt, CauchyTilt, EquicorrelatedNormal, GaussianTilt, GibbsNormal, LatentSignTilt
from .diagnostics import summarise
from .draws import prior_predictive
from .errors import InputError, NoClosedForm
from .exact import AmplitudeGroup, exact_correlator, exact_mixed, exact_neuron
from .gaussian_process import first_order, limit_posterior, reweighted
from .hyperparameters import Count, Finite, Fraction, NonNegative, Positive, PositiveOrInfinite, Several
from .inference import posterior
from .landscapes import Landscape, landscape
from .laws import iid, isotropic_normal, uniform_phases
from .models import load, names
from .precision import enable_x64
from .radial import ball_volume, radial_characteristic, student_radius
from .regulated import RegulatedPower, propagator
from .reverse import design
from .studies import Row, Study
from .symmetry_breaking import breaking
from .tables import configurations_table, read_configurations, read_table, write_table
from .tabulate import correlators
from .target import Spectrum
from .transforms import Conditioned, collapse, deform, infer, observe, tilt
from .tuned import SpectralPower, spectral_integral
from .vacuum import ChosenVacuum, tilted, vacua
from .vectors import BottleAndNormals, BottleLaw, isotropic_moment
from .zone import FoldedCauchy, band_limited
