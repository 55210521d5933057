"""What a card says, held against what it draws: its contract, its claims and its closed forms.

Begin with `check.check`, what a user runs on a card of their own, and `theorems.checks`, what the tests and a study run
on every card of the catalogue.
"""
