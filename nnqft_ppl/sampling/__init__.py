"""How a theory is drawn: independent networks, streams of batches, Markov chains, and whether they are honest.

Begin with `networks.field_draws`, `plan.plan` and `chains.run`. Knows theories and laws; neither their correlators nor
their posteriors.
"""
