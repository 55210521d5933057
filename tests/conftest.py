"""Shared by all tests: float64, the way to the optional reference data, and the statistics of a fair test."""

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import jax
import numpy as np
import pytest
from numpyro.distributions import Distribution
from numpyro.distributions.constraints import Constraint
from numpyro.distributions.transforms import Transform
from scipy.stats import norm

from nnqft_ppl import enable_x64
from nnqft_ppl.runtime.jax_settings import own_cpus, tune_xla

ROOT = Path(__file__).resolve().parents[1]
#: A program is compiled once for all tests, the programs that they start, and all later runs: most of their time.
KEPT = {
    "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".pytest_cache" / "xla"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
}
os.environ.update(KEPT)
for name, value in KEPT.items():  # JAX is imported already
    jax.config.update(name.lower(), float(value) if name.endswith("SECS") else value)
tune_xla()
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    own_cpus(int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
enable_x64()


def _promoting(method):
    """A method of NumPyro's, whose own arrays of different numbers of axes meet silently."""

    @functools.wraps(method)
    def wrapped(*args, **kwargs):
        with jax.numpy_rank_promotion("allow"):
            return method(*args, **kwargs)

    return wrapped


def _strict_ranks() -> None:
    """Arrays of different numbers of axes meet only where our code says how: a silent broadcast hides a wrong shape."""
    jax.config.update("jax_numpy_rank_promotion", "raise")
    classes = [Distribution, Transform, Constraint]
    for cls in classes:  # grows
        classes += cls.__subclasses__()
        for name in ("sample", "log_prob", "__call__", "_inverse", "log_abs_det_jacobian", "mean", "variance"):
            method = vars(cls).get(name)
            if cls.__module__.startswith("numpyro.") and inspect.isfunction(method):
                setattr(cls, name, _promoting(method))


_strict_ranks()

SHARED = Path(os.environ.get("NNQFT_SHARED", ROOT.parent / "shared"))

#: False-alarm rate of all Monte Carlo tests of the suite together, and how many comparisons share it at most.
FAMILY_RATE, COMPARISONS = 1e-6, 2000

#: |z| beyond which a comparison fails: 6.2, two-sided Bonferroni.
Z_LIMIT = float(norm.isf(FAMILY_RATE / COMPARISONS / 2))


@contextlib.contextmanager
def quickly():
    """XLA's least optimisation, for tests whose time is compilation: the same programs, equal up to rounding."""
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def quick_compilation():
    """`quickly` for one test; fixtures of a module are made before it, and take it themselves."""
    with quickly():
        yield


def part_of(cases: Iterable, everyday: Callable[..., bool]) -> list:
    """The cases of a matrix, of cards or verbs: the suite asks those that `everyday` says, `make exhaustive` the rest."""
    rows = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*row, marks=() if everyday(*row) else pytest.mark.exhaustive) for row in rows]


@pytest.fixture
def shared() -> Path:
    """The folder of reference data, or a skip where it is not beside the project."""
    if not (SHARED / "reference.json").is_file():
        pytest.skip(f"no reference data at {SHARED}")
    return SHARED


def assert_agrees(estimate, mcse, exact, *, sensitivity: float, label: str = "") -> None:
    """Fail if an estimate is further than Z_LIMIT standard errors from `exact`.

    `sensitivity` is the relative error of `exact` that this test is meant to catch: the test also fails if it could
    not have caught it with even odds, that is if Z_LIMIT standard errors exceed sensitivity * |exact|.
    """
    estimate, mcse, exact = (np.atleast_1d(np.asarray(value, dtype=float)) for value in (estimate, mcse, exact))
    z = np.abs(estimate - exact) / mcse
    assert (z <= Z_LIMIT).all(), f"{label}: |z| = {z.max():.1f} exceeds {Z_LIMIT:.2f}: {estimate} against {exact}"
    power = Z_LIMIT * mcse / np.abs(exact)
    assert (power <= sensitivity).all(), f"{label}: blind to a relative error of {power.max():.2g} > {sensitivity}"
