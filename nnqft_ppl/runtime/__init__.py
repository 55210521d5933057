"""The ground under all: errors, arrays, files, checkpoints, progress and JAX's settings; no physics.

Begin with `errors.InputError`, `arrays.check_points` and `jax_settings.enable_x64`. Imports no other package.
"""
