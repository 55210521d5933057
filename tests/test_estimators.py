"""Estimators against exact results and against each other; memory, grouping of batches, and honest errors."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from conftest import Z_LIMIT, assert_agrees, part_of
from toy_cards import Tanh

from nnqft_ppl import (
    Bimodal,
    InputError,
    NoClosedForm,
    OffsetGaussian,
    Student,
    correlators,
    exact_correlator,
    load,
)
from nnqft_ppl.correlation.estimate import estimate
from nnqft_ppl.correlation.estimators import ABLE, ESTIMATORS, Estimator
from nnqft_ppl.theory import AMPLITUDES, CosineArchitecture

pytestmark = pytest.mark.slow

SPREAD = np.array([[[0.1], [0.5], [-0.3], [0.9]], [[0.0], [0.0], [0.4], [0.4]]])


#: One of each kind: of waves, Gaussians, lines, peaks, several components, and neurons that share or inherit their
#: randomness. What is a card's own, `test_theorems` sees in its fields.
KINDS = [
    load("cos_net", width=3, amplitude=OffsetGaussian(mean=0.5)),
    load("gauss_net", width=3, sigma_b=0.5, sigma_c=0.3, amplitude=OffsetGaussian(mean=0.5)),
    load("line", mean=0.5),
    load("landscape", width=3),
    load("vector", width=3),
    load("wine_bottle", width=2),
    load("coupled_cos_net", width=3, epsilon=0.8),
    load("shared_scale_cos_net", width=3, epsilon=0.8),
    load("deep_net", width=3, inputs=2),
]
#: Other laws of the amplitudes, of the phases and of |b|, for the estimators that integrate these out.
LAWS: list[tuple[Any, str]] = [
    (load("cauchy", width=3, amplitude=AMPLITUDES["constant_modulus"]()), "neuron"),
    (load("cutoff_free_scalar", width=3, power=0.75), "sobol"),
    (load("free_scalar", width=3, cutoff=3.0, amplitude=AMPLITUDES["rayleigh"]()), "sobol"),
    (load("offset_cos_net", width=3), "neuron"),
    (load("shifted_cos_net", width=3), "neuron"),
    (load("tuned_net", width=3), "sobol"),
    (load("equicorrelated_cos_net", width=3, epsilon=0.8), "amplitude"),
    (load("shared_neuron_cos_net", width=3, epsilon=0.8), "amplitude"),
]


def able(net, estimator):
    if estimator == "sobol":
        return isinstance(net, CosineArchitecture) and net.independent and net.frequency_law is not None
    return estimator != "neuron" or net.independent


PAIRS = [(net, estimator) for net in KINDS for estimator in ESTIMATORS if able(net, estimator)]


@pytest.mark.parametrize(
    ("net", "estimator"),
    part_of([*PAIRS, *LAWS], lambda net, estimator: (net, estimator) in [*PAIRS[::2], *LAWS[::2]]),
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_estimator_against_exact(net, estimator):
    """Orders 1 to 4 and every kind; sensitive to 5 % of G2 and to 30 % of G4 at 2e5 draws.

    The error of `sobol` comes from 32 replicates: for Student's law with 31 degrees the limit is 4e-7 a value.
    """
    orders = (1, 2, 3, 4)
    kwargs = {"orders": orders, "kinds": ABLE[estimator], "estimator": estimator, "seed": 2, "dtype": "float32"}
    for r in estimate(net, SPREAD, draws=200_000, **kwargs):
        exact = exact_correlator(net, SPREAD[:, : r.order], r.kind)
        vanishes = r.mcse == 0
        assert exact[vanishes] == pytest.approx(0.0, abs=1e-15)
        assert (r.estimate[vanishes] == 0).all()
        z = np.abs(r.estimate - exact)[~vanishes] / r.mcse[~vanishes]
        assert (z < Z_LIMIT).all(), (r.order, r.kind, z)
        nonzero = exact != 0  # a line through the origin vanishes there
        if r.kind == "full" and r.order in (2, 4):
            sensitivity = {2: 0.05, 4: 0.3}[r.order]
            assert_agrees(r.estimate[nonzero], r.mcse[nonzero], exact[nonzero], sensitivity=sensitivity)


@pytest.mark.parametrize(
    ("estimator", "components"),
    part_of(
        [
            *((estimator, (0, 1, 0, 1)) for estimator in ESTIMATORS),
            ("amplitude", (0, 0, 1, 1)),
            ("neuron", (1, 1, 1, 1)),
        ],
        lambda estimator, components: estimator != "field" and components != (0, 0, 1, 1),
    ),
)
def test_components_by_every_estimator(estimator, components):
    """Sensitive to 40 % of the connected four-point function of the wine bottle and of a vector."""
    draws = 100_000 if estimator == "sobol" else 1_000_000
    for net in (load("vector", width=2), load("wine_bottle", width=2)):
        kwargs = {"orders": (4,), "kinds": ("connected",), "draws": draws, "seed": 3, "dtype": "float32"}
        x = SPREAD[:1] / 4
        (r,) = estimate(net, x, estimator=estimator, components=components, **kwargs)
        exact = exact_correlator(net, x, "connected", components)
        assert_agrees(r.estimate, r.mcse, exact, sensitivity=0.4)


@pytest.mark.parametrize("name", ["coupled_cos_net", "deep_net"])
def test_dependent_neurons_by_whole_networks(name):
    """The amplitude estimator separates I_N and I_IB, sensitive to 10 % of either; the neuron estimator declines."""
    net = load(name, width=4, **({"inputs": 2} if name == "deep_net" else {"epsilon": 0.9}))
    x = np.array([[[0.0], [1.5], [0.2], [1.8]]])
    kinds = ("connected", "I_N", "I_IB")
    results = estimate(net, x, orders=(4,), kinds=kinds, estimator="amplitude", draws=400_000, seed=4)
    for r in results:
        assert_agrees(r.estimate, r.mcse, exact_correlator(net, x, r.kind), sensitivity=0.1, label=r.kind)
    with pytest.raises(InputError, match="estimator must be amplitude or field where neurons are not independent"):
        estimate(net, x, orders=(4,), kinds=("full",), estimator="neuron", draws=10, seed=0)


def test_quasi_random_neurons_converge_faster():
    """The error of `sobol` falls faster than draws^-0.6, and at 2^15 draws is 20 times below that of `neuron`."""
    net = load("cos_net", width=10, dim=2)
    x = np.array([[[0.1, 0.0], [0.5, 0.3], [-0.3, 0.2], [0.9, -0.4]]])
    errors = {}
    runs: tuple[tuple[Estimator, int], ...] = (("neuron", 2**15), ("sobol", 2**10), ("sobol", 2**15))
    for estimator, draws in runs:
        (r,) = estimate(net, x, orders=(4,), kinds=("connected",), estimator=estimator, draws=draws, seed=1)
        assert abs(r.estimate - exact_correlator(net, x, "connected")) < Z_LIMIT * r.mcse
        errors[estimator, draws] = float(r.mcse[0])
    assert errors["sobol", 2**15] < errors["sobol", 2**10] * 32**-0.6
    assert errors["sobol", 2**15] < errors["neuron", 2**15] / 20


def test_theories_without_quantiles_or_samplers_say_so():
    with pytest.raises(InputError, match=r"sobol needs a theory of plane waves .*, got GaussNet; use neuron"):
        estimate(load("gauss_net"), SPREAD, orders=(2,), kinds=("full",), estimator="sobol", draws=10, seed=0)
    with pytest.raises(InputError, match=r"GibbsCosNet: its prior has no exact sampler.*MCMC\(NUTS\(net\)"):
        estimate(load("gibbs_cos_net"), SPREAD, orders=(2,), kinds=("full",), estimator="field", draws=10, seed=0)


def test_sixth_order_by_single_neurons():
    net = load("cos_net", width=3)
    x = np.array([[[0.0], [0.3], [0.5], [-0.2], [0.9], [0.1]]])
    for r in estimate(net, x, orders=(6,), kinds=("full", "connected"), estimator="neuron", draws=400_000, seed=4):
        assert_agrees(r.estimate, r.mcse, exact_correlator(net, x, r.kind), sensitivity=0.12)


def test_coincident_points_have_no_variance_with_amplitudes_and_phases_integrated():
    net = load("cos_net", width=10)
    (r,) = estimate(net, np.zeros((1, 4, 1)), orders=(4,), kinds=("connected",), estimator="neuron", draws=100, seed=0)
    assert r.mcse < 1e-14
    assert r.estimate == pytest.approx(3 / 80, rel=1e-12)


@pytest.mark.parametrize("estimator", ["field", "amplitude", "neuron"])
def test_the_number_of_threads_changes_nothing(estimator, monkeypatch):
    """Bit for bit: any number of batches at a time."""
    monkeypatch.setattr("nnqft_ppl.correlation.requests.BATCH_ELEMENTS", 2**17)  # many batches of few draws
    net = load("cos_net", width=20, dim=2)
    x = np.random.default_rng(0).normal(size=(10, 4, 2))
    kwargs = {
        "orders": (2, 4),
        "kinds": ("connected",),
        "estimator": estimator,
        "draws": 10_001,
        "seed": 3,
        "dtype": "float32",
    }
    runs = [estimate(net, x, threads=threads, **kwargs) for threads in (1, 2, 5)]
    assert 10_001 / runs[0][0].batch > 8
    for other in runs[1:]:
        for a, b in zip(runs[0], other, strict=True):
            assert (a.estimate == b.estimate).all()
            assert (a.mcse == b.mcse).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_longer_run_goes_on_from_a_shorter_one(estimator, tmp_path, monkeypatch):
    """Bit for bit, from the checkpoint of the shorter run; and the checkpoint of another job is left alone."""
    monkeypatch.setattr("nnqft_ppl.correlation.requests.BATCH_ELEMENTS", 2**17)
    monkeypatch.setattr(
        "nnqft_ppl.runtime.checkpoint.SECONDS", 0.0
    )  # one after every batch, however slow the machine is
    net = load("cos_net", width=20, dim=2)
    x = np.random.default_rng(0).normal(size=(10, 4, 2))
    kwargs = {"orders": (2, 4), "kinds": ("connected",), "estimator": estimator, "dtype": "float32"}
    (tmp_path / "c").mkdir()
    estimate(net, x, draws=10_001, seed=3, checkpoints=tmp_path / "c", **kwargs)
    estimate(net, x, draws=5_000, seed=4, checkpoints=tmp_path / "c", **kwargs)
    before = {file.name for file in (tmp_path / "c").iterdir()}
    assert len(before) == 2
    resumed = estimate(net, x, draws=20_001, seed=3, checkpoints=tmp_path / "c", **kwargs)
    straight = estimate(net, x, draws=20_001, seed=3, **kwargs)
    assert {file.name for file in (tmp_path / "c").iterdir()} == before
    for a, b in zip(resumed, straight, strict=True):
        assert (a.estimate == b.estimate).all()
        assert (a.mcse == b.mcse).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_precision_is_reached_and_not_overdone(estimator):
    net = load("cos_net", width=3)
    kwargs = {"orders": (2, 4), "kinds": ("full",), "estimator": estimator, "seed": 1}
    results = estimate(net, SPREAD, draws=10**8, precision=0.004, **kwargs)
    worst = max(float(np.max(r.mcse / np.abs(r.estimate))) for r in results)
    assert worst <= 0.004
    if estimator == "field":  # the looks are 20 % apart
        assert worst > 0.0032
    with pytest.warns(UserWarning, match=r"reached a precision of .*, not 1e-05, with"):
        estimate(net, SPREAD, draws=2000, precision=1e-5, **kwargs)


def test_single_precision_draws_agree_with_the_exact_result():
    """float32 draws, float64 sums: within 6.2 standard errors at 4e6 draws, sensitive to 2 % of G4."""
    net = load("cos_net", width=3)
    kwargs = {"orders": (4,), "kinds": ("full",), "estimator": "field", "seed": 1}
    (r,) = estimate(net, SPREAD, draws=4_000_000, dtype="float32", **kwargs)
    assert_agrees(r.estimate, r.mcse, exact_correlator(net, SPREAD), sensitivity=0.02)
    (other,) = estimate(net, SPREAD, draws=10_000, dtype="float64", **kwargs)
    (default,) = estimate(net, SPREAD, draws=10_000, **kwargs)
    assert (other.estimate == default.estimate).all()


def test_draws_are_counted_exactly():
    """A batch that is not full contributes only the draws that were asked for: 2 draws give a two-draw variance."""
    net = load("cos_net", width=2)
    kwargs = {"orders": (2,), "kinds": ("full",), "estimator": "field", "seed": 0}
    (two,), (three,) = (estimate(net, SPREAD[:1], draws=n, **kwargs) for n in (2, 3))
    total = 3 * three.estimate - 2 * two.estimate  # the third draw alone
    assert abs(total) < 10
    assert two.draws == 2
    assert two.mcse > 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_errors_are_honest(estimator, monkeypatch):
    """Over 100 seeds z has unit variance: its mean square lies within 5 standard errors (0.7) of 1."""
    monkeypatch.setattr("nnqft_ppl.correlation.requests.BATCH_ELEMENTS", 2**17)  # no more than the draws that are used
    net = load("cos_net", width=3)
    exact = exact_correlator(net, SPREAD, "connected")
    draws, z = 1024 if estimator == "sobol" else 4096, []
    for seed in range(100):
        (r,) = estimate(net, SPREAD, orders=(4,), kinds=("connected",), estimator=estimator, draws=draws, seed=seed)
        z.append((r.estimate[0] - exact[0]) / r.mcse[0])
    assert np.mean(np.square(z)) == pytest.approx(1.0, abs=5 * np.sqrt(2 / 100))


def test_single_neurons_against_brute_force_at_a_thousand():
    """G4c to 5 % at N = 1000: hundreds of single-neuron draws, where brute force needs more than 1e6 times as many."""
    net = load("cos_net", width=1000)
    x = SPREAD[:1]
    exact = exact_correlator(net, x, "connected")
    (neuron,) = estimate(net, x, orders=(4,), kinds=("connected",), estimator="neuron", draws=20_000, seed=1)
    (field,) = estimate(net, x, orders=(4,), kinds=("connected",), estimator="field", draws=4096, seed=1)
    needed = [(float(r.mcse[0] / exact[0]) / 0.05) ** 2 * r.draws for r in (neuron, field)]
    assert needed[0] < 1000
    assert needed[1] / needed[0] > 1e6
    assert_agrees(neuron.estimate, neuron.mcse, exact, sensitivity=0.05)


def test_memory_does_not_grow_with_draws():
    """Peak resident memory after 1e5 and after 8e5 field draws of a process: it grows by less than 40 MB, and kept it would by 80."""
    code = (
        "import resource, numpy as np\n"
        "from nnqft_ppl import enable_x64, load\n"
        "from nnqft_ppl.correlation.estimate import estimate\n"
        "enable_x64()\n"
        "x = np.array([[[0.1], [0.5], [-0.3], [0.9]]])\n"
        "for draws in (100_000, 800_000):\n"
        "    estimate(load('cos_net', width=2), x, orders=(4,), kinds=('connected',), estimator='field', draws=draws,"
        " seed=0)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    first, second = map(float, found.split())
    assert second - first < 40, (first, second)


def test_the_tidy_table_of_correlators():
    net = load("cos_net", width=3, amplitude=Bimodal(mu=1.0, s=0.4))
    table: Any = correlators(net, SPREAD, orders=(2, 4), kinds=("full", "connected"), draws=1000, seed=7)
    assert len(table) == 2 * 2 * 2 * 2
    assert set(table["estimator"]) == {"exact", "neuron"}
    exact = table[table["estimator"] == "exact"]
    assert (exact["estimate"] == exact["exact"]).all()
    assert exact["seed"].isna().all()
    assert (table["amplitude"] == "bimodal").all()
    assert (table["amplitude.s"] == 0.4).all()
    g4 = exact.query("order == 4 and kind == 'connected'")["estimate"].to_numpy()
    assert g4 == pytest.approx(exact_correlator(net, SPREAD, "connected"))
    assert table.attrs["provenance"]["dtype"] == "float64"


def test_the_default_estimator_separates_what_is_asked():
    """Single neurons know no I_IB, which only `amplitude` separates; of independent neurons it is 0."""
    table: Any = correlators(load("cos_net", width=3), SPREAD[:1], orders=(4,), kinds=("I_N", "I_IB"), draws=1000)
    assert set(table["estimator"]) == {"exact", "amplitude"}
    assert (table["z"].dropna().abs() < Z_LIMIT).all()
    assert (table.query("kind == 'I_IB'")["exact"] == 0).all()


def test_without_closed_forms_the_estimators_take_over():
    net = Tanh(width=3)
    x = np.array([[[0.4], [0.8], [-0.3], [0.9]]])
    table: Any = correlators(net, x, orders=(2, 4), kinds=("full",), draws=200_000, seed=1)
    assert set(table["estimator"]) == {"neuron"}
    assert table["exact"].isna().all()
    others: Any = [
        correlators(net, x, orders=(4,), kinds=("full",), estimators=(e,), draws=200_000) for e in ESTIMATORS[:3]
    ]
    for a, b in ((0, 1), (1, 2)):
        difference = others[a]["estimate"][0] - others[b]["estimate"][0]
        assert abs(difference) < Z_LIMIT * np.hypot(others[a]["mcse"][0], others[b]["mcse"][0])
    with pytest.raises(NoClosedForm, match="Tanh has no closed form"):
        correlators(net, x, estimators=("exact",))


def test_a_field_error_of_infinite_variance_is_announced():
    net = load("cos_net", amplitude=Student(nu=6.0))
    with pytest.raises(UserWarning, match="infinite variance: Student: nu must be > 8"):  # before anything is drawn
        correlators(net, SPREAD, orders=(4,), estimators=("field",), draws=10)
    with pytest.raises(InputError, match="nu must be > 4"):
        correlators(load("cos_net", amplitude=Student(nu=3.0)), SPREAD, estimators=("field",), draws=10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"orders": (0,)}, "order must be between 1 and 10, got 0"),
        ({"orders": (5,)}, "order must be at most 4, the number of points in a configuration, got 5"),
        ({"kinds": ("half",)}, "kind must be one of full, connected, I_N, I_IB, got 'half'"),
        (
            {"estimators": ("best",)},
            "estimator must be one of exact, field, amplitude, neuron, sobol, reweight, chain, got 'best'",
        ),
        ({"estimators": ("field",), "kinds": ("I_N",)}, "kind must be one of full, connected for the field estimator"),
        ({"draws": 1}, "draws must be at least 2, got 1"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295, got -1"),
        ({"orders": ()}, "orders and kinds must name at least one each"),
        ({"estimators": ()}, "estimators must name at least one, got none"),
    ],
)
def test_requests_that_break_a_rule(changes, message):
    with pytest.raises(InputError, match=message):
        correlators(load("cos_net"), SPREAD, **changes)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 4, 3)), r"configurations must have shape \(..., n, 1\) with n >= 1, got \(2, 4, 3\)"),
        ([[[np.nan], [0.0]]], r"configurations must be finite, got nan at index \(0, 0, 0\)"),
        ([[["a"], [0.0]]], "configurations must be an array of numbers of one shape"),
        (np.zeros((0, 4, 1)), "configurations must have shape"),
    ],
)
def test_configurations_that_break_a_rule(x, message):
    with pytest.raises(InputError, match=message):
        correlators(load("cos_net"), x)
