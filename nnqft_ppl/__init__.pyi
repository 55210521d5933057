__version__: str

__all__ = [
    "Bimodal",
    "ConstantModulus",
    "Gaussian",
    "InputError",
    "Laplace",
    "NoClosedForm",
    "OffsetGaussian",
    "Rayleigh",
    "Spectrum",
    "Student",
    "add_source",
    "axiom_verdicts",
    "breaking",
    "check",
    "collapse",
    "correlators",
    "deform",
    "design",
    "duality",
    "enable_x64",
    "exact_correlator",
    "exact_mixed",
    "exact_neuron",
    "first_order",
    "from_json",
    "from_toml",
    "give_laws",
    "landscape",
    "limit_posterior",
    "load",
    "models",
    "modes",
    "names",
    "observe",
    "plot_design",
    "plot_fields",
    "posterior",
    "predictions",
    "prior_predictive",
    "read_configurations",
    "read_data",
    "read_table",
    "theory_of",
    "to_json",
    "to_toml",
    "vacua",
    "write_table",
]

from . import models
from .axioms.duality import duality
from .axioms.osterwalder_schrader import axiom_verdicts
from .checks.check import check
from .classical.breaking import breaking
from .classical.modes import modes
from .classical.neurons import landscape
from .classical.vacua import vacua
from .correlation.design import design
from .correlation.exact import exact_correlator, exact_mixed, exact_neuron
from .correlation.mixed import predictions
from .inference.data import read_data
from .inference.gaussian_process import first_order, limit_posterior
from .inference.posterior import posterior
from .inference.prior import prior_predictive
from .laws.spectrum import Spectrum
from .models import load, names
from .reports.correlators import correlators
from .reports.pictures import plot_design, plot_fields
from .reports.points import read_configurations
from .reports.provenance import theory_of
from .reports.tables import read_table, write_table
from .runtime.errors import InputError, NoClosedForm
from .runtime.jax_settings import enable_x64
from .text import from_json, from_toml, to_json, to_toml
from .theory.amplitudes import Bimodal, ConstantModulus, Gaussian, Laplace, OffsetGaussian, Rayleigh, Student
from .theory.transforms import add_source, collapse, deform, give_laws, observe
