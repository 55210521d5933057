"""The tidy tables: schemas declared once, and a table held against its schema.

Null means "does not apply": the seed of an exact result, the exact value of a theory without a closed form.
"""

from collections.abc import Hashable
from typing import Any, Literal, NamedTuple

import pandas as pd

from nnqft_ppl.runtime.errors import InputError

Schema = Literal[
    "action",
    "axioms",
    "breaking",
    "configurations",
    "correlators",
    "energies",
    "interactions",
    "modes",
    "parameters",
    "posterior",
    "scoreboard",
    "vacua",
]


#: Hyperparameters that are text even where they look like numbers: F = 1 is the name of an envelope.
TEXT: dict[Hashable, Any] = {"envelope": "str"}


class Column(NamedTuple):
    """A column's pandas dtype and what it means."""

    dtype: str
    meaning: str


SCHEMAS: dict[Schema, dict[str, Column]] = {
    "correlators": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "kind": Column("str", "full, connected, I_N (8) or I_IB (9)"),
        "order": Column("Int64", "number n of points of the correlator"),
        "configuration": Column("Int64", "key into the table of configurations; order n takes its first n points"),
        "component": Column("str", "component of the field at each point, for a field with several; null otherwise"),
        "estimator": Column("str", "exact, neuron, sobol, amplitude or field"),
        "estimate": Column("float64", "value of the correlator"),
        "mcse": Column("float64", "Monte Carlo standard error of the estimate; 0 for exact"),
        "ess": Column("float64", "effective sample size; null for sobol, whose error is that of its replicates"),
        "draws": Column("Int64", "draws: networks, or single neurons for neuron and sobol"),
        "exact": Column("float64", "exact value where the card has one"),
        "z": Column("float64", "(estimate - exact) / mcse"),
        "seed": Column("Int64", "seed of the draws"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "configurations": {
        "configuration": Column("Int64", "key"),
        "point": Column("Int64", "position of the point in its configuration, from 0"),
        "x0": Column("float64", "first coordinate, in units of 1/m; x1, x2, ... follow"),
    },
    "axioms": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "axiom": Column("str", "axiom or symmetry"),
        "test": Column("str", "how it was tested"),
        "verdict": Column("str", "pass, up to cutoff, undecided or fail"),
        "statistic": Column("float64", "what was measured, relative to the scale of the correlators; z of draws"),
        "tolerance": Column("float64", "beyond which the statistic is a violation"),
        "effect": Column("float64", "smallest relative violation that draws see with 99 % probability; null if exact"),
        "draws": Column("Int64", "networks; null for an exact test"),
        "detail": Column("str", "remarks"),
        "seed": Column("Int64", "seed of the draws"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "energies": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "state": Column("Int64", "number of the state above the vacuum, from 1"),
        "energy": Column("float64", "E_n - E_0, in units of m"),
        "error": Column("float64", "standard error of the energy, by the jackknife"),
        "weight": Column("float64", "|<0|O|n>|^2 of the operator"),
        "weight_error": Column("float64", "standard error of the weight"),
        "effective": Column("float64", "number of draws, less where they have weights"),
        "draws": Column("Int64", "networks"),
        "seed": Column("Int64", "seed of the draws"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "posterior": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "quantity": Column("str", "phi, phi^2, action, noise or an unknown hyperparameter"),
        "index": Column("Int64", "which of its numbers: the point of a field"),
        "estimate": Column("float64", "posterior mean"),
        "sd": Column("float64", "posterior standard deviation"),
        "mcse": Column("float64", "Monte Carlo standard error of the mean"),
        "ess_bulk": Column("float64", "effective sample size of the bulk"),
        "ess_tail": Column("float64", "effective sample size of the tails"),
        "r_hat": Column("float64", "rank-normalised R-hat"),
        "converged": Column("boolean", "are the diagnostics of the whole run good enough?"),
        "seed": Column("Int64", "seed of the chains"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "vacua": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "expectation": Column("float64", "|a| of the neurons that have an expectation value; 0 in a symmetric vacuum"),
        "manifold": Column("Int64", "dimension of the vacuum manifold"),
        "goldstones": Column("Int64", "massless directions of the broken symmetry"),
        "moduli": Column("Int64", "other zero modes: relative angles of the neurons"),
        "mass_squared": Column("float64", "largest eigenvalue of the Hessian of -log P(a)"),
        "log_p": Column("float64", "log P(a) at a vacuum"),
        "neurons": Column("Int64", "number of neurons with an expectation value"),
        "seed": Column("Int64", "seed of the starts"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "scoreboard": {
        "study": Column("str", "name of the study"),
        "equation": Column("str", "equation of the paper"),
        "route": Column("str", "how the measured value came: draws, enumeration, quadrature, other code or identity"),
        "card": Column("str", "name of the architecture, where the row is about one"),
        "dim": Column("Int64", "dimension d of its space"),
        "statement": Column("str", "what is checked"),
        "expected": Column("float64", "value that the statement asks for"),
        "measured": Column("float64", "value that was found"),
        "error": Column("float64", "standard error of a Monte Carlo value, tolerance of an exact one"),
        "low": Column("float64", "smallest measured value for which the statement holds"),
        "high": Column("float64", "largest measured value for which the statement holds"),
        "verdict": Column("str", "holds or falls short"),
    },
    "modes": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "sites": Column("str", "the parameters that were searched, in whose coordinates these are maxima"),
        "mode": Column("Int64", "key; modes up to the relabelling of neurons, most probable first"),
        "log_p": Column("float64", "log P(theta*)"),
        "what": Column("str", "strict, flat, cusp, boundary or degenerate"),
        "slope": Column("float64", "largest component of the gradient of log P"),
        "n_neg": Column("Int64", "negative eigenvalues of the Hessian of -log P"),
        "n_zero": Column("Int64", "zero eigenvalues: dimension of the family, if it is flat"),
        "n_pos": Column("Int64", "positive eigenvalues"),
        "moduli": Column("Int64", "zero modes that move the field; the others are redundant"),
        "copies": Column("float64", "modes that relabelling the neurons makes of it"),
        "orbit": Column("Int64", "key of the orbit under relabelling and the redundancies of plane waves"),
        "field": Column("Int64", "key of the field; null for a continuum of fields"),
        "share": Column("float64", "share of the starts that ended here"),
        "starts": Column("Int64", "starts of the search"),
        "unseen": Column("float64", "probability that one more start finds a new mode, at most (95 %)"),
        "seed": Column("Int64", "seed of the starts"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "parameters": {
        "mode": Column("Int64", "key into the table of modes"),
        "site": Column("str", "name of the parameter"),
        "entry": Column("Int64", "position in its flattened array, neurons first"),
        "value": Column("float64", "value at the maximum"),
    },
    "interactions": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons; null at N = infinity"),
        "dim": Column("Int64", "dimension d of space"),
        "potential": Column("str", "V, in normal order if that was asked for"),
        "kind": Column("str", "full or connected correlator, or effective mass"),
        "order": Column("Int64", "number n of points of the correlator"),
        "configuration": Column("Int64", "key into the table of configurations; null for a mass"),
        "distance": Column("float64", "of the slices that an effective mass compares, on average; null for the gap"),
        "estimator": Column("str", "reweight, chain, limit, first order, second order or oscillator"),
        "estimate": Column("float64", "value of the correlator or the mass"),
        "mcse": Column("float64", "Monte Carlo standard error of the estimate; 0 for series and the oscillator"),
        "ess": Column("float64", "effective sample size"),
        "draws": Column("Int64", "draws: networks, or fields of the Gaussian process of the limit"),
        "z": Column("float64", "distance from the limit N = infinity, in standard errors of both"),
        "seed": Column("Int64", "seed of the draws"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "action": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "order": Column("Int64", "number n of fields that the coupling multiplies"),
        "points": Column("str", "the points of its fields, from 0: 0,0,1,1 is g_0011"),
        "ways": Column("Int64", "in how many orders these points can stand, each with this coupling"),
        "extent": Column("float64", "largest distance between two of the points"),
        "coupling": Column("float64", "g_n in S = -log P[phi]"),
        "leading": Column("float64", "the same to the first power of 1/N at which there is any"),
        "exact": Column("float64", "by quadrature of the generating functional, on one or two points; null otherwise"),
        "powers": Column("Int64", "powers of 1/N that the coupling has"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "breaking": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "symmetry": Column("str", "the symmetry"),
        "fate": Column("str", "symmetric, explicitly broken, spontaneously broken or undecided"),
        "seen_by": Column("str", "what shows it, with the number"),
        "vacua": Column("str", "the classical configurations that break it"),
        "version": Column("str", "version of nnqft_ppl"),
    },
}


def validate_table(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The table with its schema's columns first converted to their types; further columns hold hyperparameters.

    Raises
    ------
    InputError
        naming the column that is missing, of the wrong type, or not a column of scalars.
    """
    columns = SCHEMAS[schema]
    result = table.copy()
    for name, column in columns.items():
        if name not in result:
            raise InputError(f"table {schema}: column {name!r} must be present, got {', '.join(map(str, result))}")
        try:
            result[name] = result[name].astype(column.dtype)  # pyright: ignore[reportArgumentType, reportCallIssue]
        except (TypeError, ValueError) as error:
            raise InputError(f"table {schema}: column {name!r} must be of type {column.dtype}: {error}") from error
    for name in result.columns.difference(list(columns)):
        if not all(pd.api.types.is_scalar(value) for value in result[name]):
            raise InputError(f"table {schema}: column {name!r} must hold numbers or strings")
    result.attrs = dict(table.attrs)
    return result
