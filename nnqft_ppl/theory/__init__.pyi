__all__ = [
    "AMPLITUDES",
    "Activation",
    "AmplitudeGroup",
    "AmplitudeLaw",
    "Architecture",
    "Array",
    "Bimodal",
    "ConstantModulus",
    "CosineArchitecture",
    "Count",
    "CoupledCosineArchitecture",
    "Finite",
    "Fraction",
    "Gaussian",
    "InputError",
    "Laplace",
    "NoClosedForm",
    "NonNegative",
    "OffsetGaussian",
    "PathArchitecture",
    "Positive",
    "PositiveOrInf",
    "Rayleigh",
    "Several",
    "Static",
    "Student",
    "balanced_signs",
    "latent_sign_moment",
    "require",
    "signed_sums",
    "theorem",
]

from .amplitudes import (
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
from .architecture import Architecture, Array, InputError, NoClosedForm, theorem
from .cosine import CosineArchitecture, balanced_signs
from .coupled_cosine import CoupledCosineArchitecture, latent_sign_moment, signed_sums
from .paths import Activation, PathArchitecture
from .ranges import Count, Finite, Fraction, NonNegative, Positive, PositiveOrInf, Several, Static, require
