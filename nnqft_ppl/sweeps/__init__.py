"""Sweeps: plan -> cells -> engine -> files -> one table.

A plan is a verb, a theory and a grid; a cell is one theory as text with a verb, its options and a seed, under an
identity that is a hash of exactly that. The engine computes cells here or on a cluster, and a file holds each of them.
"""
