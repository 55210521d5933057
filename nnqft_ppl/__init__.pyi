__version__: str

__all__ = [
    "Bimodal",
    "ConstantModulus",
    "Gaussian",
    "Grid",
    "InputError",
    "Laplace",
    "NoClosedForm",
    "OffsetGaussian",
    "Oscillator",
    "Powers",
    "Rayleigh",
    "Spectrum",
    "Student",
    "action",
    "add_source",
    "axiom_verdicts",
    "breaking",
    "check",
    "collapse",
    "compose",
    "correlators",
    "deform",
    "design",
    "duality",
    "enable_x64",
    "energies",
    "exact_correlator",
    "exact_derivative",
    "exact_mixed",
    "exact_neuron",
    "field_law",
    "first_order",
    "from_json",
    "from_toml",
    "gaussian_limit",
    "generating_functional",
    "give_laws",
    "interact",
    "joint_density",
    "landscape",
    "limit_posterior",
    "load",
    "models",
    "modes",
    "names",
    "observe",
    "perturbation",
    "plot_design",
    "plot_fields",
    "posterior",
    "predictions",
    "prior_predictive",
    "read_configurations",
    "read_data",
    "read_sweep",
    "read_table",
    "reference",
    "sweep",
    "theory_of",
    "to_json",
    "to_toml",
    "try_sampler",
    "vacua",
    "wick",
    "write_atlas",
    "write_table",
]

from . import models
from .atlas.book import write_atlas
from .axioms.duality import duality
from .axioms.osterwalder_schrader import axiom_verdicts
from .checks.check import check
from .checks.references import reference
from .checks.trials import try_sampler
from .classical.breaking import breaking
from .classical.modes import modes
from .classical.neurons import landscape
from .classical.vacua import vacua
from .correlation.derivatives import exact_derivative
from .correlation.design import design
from .correlation.exact import exact_correlator, exact_mixed, exact_neuron
from .correlation.field_laws import field_law, joint_density
from .correlation.generating import generating_functional
from .correlation.mixed import predictions
from .inference.data import read_data
from .inference.gaussian_process import first_order, limit_posterior
from .inference.posterior import posterior
from .inference.prior import prior_predictive
from .interacting.energies import energies
from .interacting.gaussian_limit import gaussian_limit
from .interacting.oscillator import Oscillator
from .interacting.perturbation import perturbation
from .interacting.wick import wick
from .laws.spectrum import Spectrum
from .models import load, names
from .reports.actions import action
from .reports.correlators import correlators
from .reports.interactions import interact
from .reports.pictures import plot_design, plot_fields
from .reports.points import read_configurations
from .reports.provenance import theory_of
from .reports.tables import read_table, write_table
from .runtime.errors import InputError, NoClosedForm
from .runtime.grids import Grid
from .runtime.jax_settings import enable_x64
from .sweeps.dataset import read_sweep
from .sweeps.sweep import sweep
from .text import from_json, from_toml, to_json, to_toml
from .theory.amplitudes import Bimodal, ConstantModulus, Gaussian, Laplace, OffsetGaussian, Rayleigh, Student
from .theory.compose import Powers, compose
from .theory.transforms import add_source, collapse, deform, give_laws, observe
