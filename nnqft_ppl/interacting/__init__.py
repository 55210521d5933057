"""Theories with an interaction: what an action does to a theory, and which action a theory has.

Does not know `classical` and `axioms`, which stand beside it.
"""
