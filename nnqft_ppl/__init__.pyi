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
    "ClassicalFields",
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
    "add_source",
    "balanced_signs",
    "ball_volume",
    "band_limited",
    "bottle_moments",
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
    "give_laws",
    "iid",
    "isotropic_moment",
    "isotropic_normal",
    "landscape",
    "latent_sign_moment",
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
    "uniform_phases",
    "vacua",
    "write_table",
]

from . import models
from .classical.breaking import breaking
from .classical.landscape import ClassicalFields
from .classical.modes import modes
from .classical.neurons import landscape
from .classical.vacua import ChosenVacuum, bottle_moments, vacua
from .correlation.design import design
from .correlation.exact import exact_correlator, exact_mixed, exact_neuron
from .inference.calibration import calibrate
from .inference.gaussian_process import first_order, limit_posterior, reweighted
from .inference.posterior import posterior
from .inference.prior import prior_predictive
from .laws.couplings import BallTilt, CauchyTilt, EquicorrelatedNormal, GaussianTilt, GibbsNormal, LatentSignTilt
from .laws.fourier import ball_volume, radial_characteristic, student_radius
from .laws.isotropic import SpectralPower, spectral_integral
from .laws.joint import iid, isotropic_normal, uniform_phases
from .laws.lattice import FoldedCauchy, band_limited
from .laws.propagators import RegulatedPower, propagator
from .laws.spectrum import Spectrum
from .laws.vectors import BottleAndNormals, BottleLaw, isotropic_moment
from .models import load, names
from .reports.classical import modes_table
from .reports.correlators import correlators
from .reports.points import configurations_table, read_configurations
from .reports.tables import read_table, write_table
from .runtime.errors import InputError, NoClosedForm
from .runtime.jax_settings import enable_x64
from .sampling.diagnostics import summarise
from .studies import Row, Study
from .theory.amplitudes import (
    AMPLITUDES,
    AmplitudeGroup,
    AmplitudeLaw,
    Bimodal,
    ConstantModulus,
    Gaussian,
    Laplace,
    OffsetGaussian,
    Rayleigh,
    Student,
)
from .theory.architecture import Architecture, theorem
from .theory.conditioned import Conditioned
from .theory.cosine import CosineArchitecture, balanced_signs
from .theory.coupled_cosine import CoupledCosineArchitecture, latent_sign_moment, signed_sums
from .theory.ranges import Count, Finite, Fraction, NonNegative, Positive, PositiveOrInfinite, Several
from .theory.transforms import add_source, collapse, deform, give_laws, observe
