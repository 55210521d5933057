"""n-point functions of theories without data: exact at every width, and by Monte Carlo with honest errors.

Begin with `exact.exact_correlator`, `estimate.estimate` and `design.design`. Imports neither `inference`, which stands
beside it, nor pandas, ArviZ or matplotlib.
"""
