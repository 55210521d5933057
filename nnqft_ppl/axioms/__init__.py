"""Yes or no about a theory, each with its tolerance: symmetries and the Osterwalder-Schrader axioms.

Begin with `osterwalder_schrader.axiom_verdicts`, `symmetries.symmetry_verdict` and `duality.duality`. Does not know
`classical`, which stands beside it.
"""
