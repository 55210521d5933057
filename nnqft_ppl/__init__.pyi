__all__ = [
    "AMPLITUDES",
    "AmplitudeLaw",
    "Architecture",
    "Bimodal",
    "ConstantModulus",
    "CosineArchitecture",
    "Count",
    "Finite",
    "Gaussian",
    "InputError",
    "Laplace",
    "NoClosedForm",
    "NonNegative",
    "OffsetGaussian",
    "Positive",
    "Rayleigh",
    "RegulatedPower",
    "Row",
    "Student",
    "Study",
    "ball_volume",
    "configurations_table",
    "correlators",
    "enable_x64",
    "exact_correlator",
    "exact_mixed",
    "exact_neuron",
    "iid",
    "isotropic_normal",
    "load",
    "models",
    "names",
    "prior_predictive",
    "propagator",
    "read_configurations",
    "read_table",
    "theorem",
    "uniform_phases",
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
from .cosine import CosineArchitecture
from .draws import prior_predictive
from .errors import InputError, NoClosedForm
from .exact import exact_correlator, exact_mixed, exact_neuron
from .hyperparameters import Count, Finite, NonNegative, Positive
from .laws import iid, isotropic_normal, uniform_phases
from .models import load, names
from .precision import enable_x64
from .radial import ball_volume
from .regulated import RegulatedPower, propagator
from .studies import Row, Study
from .tables import configurations_table, read_configurations, read_table, write_table
from .tabulate import correlators
