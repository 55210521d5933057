"""The classical world: maxima of P(theta), how many there are, and which symmetries they break, (35)-(44).

Begin with `modes.modes`, `neurons.landscape` and `breaking.breaking`. Does not know `axioms`, which stands beside it.
"""
