"""Theories given data: priors, posteriors, their calibration, and their limit at infinite width.

Begin with `posterior.posterior`, `prior.prior_predictive` and `gaussian_process.limit_posterior`. Does not know
`correlation`, which stands beside it.
"""
