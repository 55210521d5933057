"""A theory has a text: it reads back equal, says in one line what is wrong, and comes back out of what it made."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl import InputError, load, models, names
from nnqft_ppl.cli.app import app
from nnqft_ppl.text import told
from nnqft_ppl.theory import AMPLITUDES
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned
from nnqft_ppl.theory.description import LAWS
from nnqft_ppl.theory.expressions import Expression

pytestmark = pytest.mark.usefixtures("quick_compilation")

DEFAULTS = {name: load(name) for name in names()}
WITH_LAW = [name for name, net in DEFAULTS.items() if hasattr(net, "amplitude")]
CASES = [(name, law) for name in names() for law in (AMPLITUDES if name in WITH_LAW else [None])]
AWKWARD = (0.1 + 0.2, 1e-17, -1.0 / 3.0, 123456789.123456789, 5e-324)  # floats that a rounding would show


def theory(name: str, law: str | None) -> Any:
    return load(name, width=DEFAULTS[name].width if name == "line" else 3, **({"amplitude": law} if law else {}))


def law_of(law: dist.Distribution) -> tuple[Any, ...]:
    return type(law), [float(getattr(law, key)) for key in LAWS[type(law).__name__]]


def parts(model: Model) -> list[Any]:
    """Everything that a theory is, arrays to the last bit."""
    model = conditioned(model)
    found: list[Any] = [model.net, model.collapsed, [(name, law_of(law)) for name, law in model.unknown]]
    arrays: list[Any] = [part for source in model.sources for part in source]
    if model.observation is not None:
        points, values, noise = model.observation
        found.append(law_of(noise) if isinstance(noise, dist.Distribution) else np.asarray(noise).tobytes())
        arrays += [points, values]
    for action in model.actions:
        found.append(action.potential)
        arrays += [action.points, action.weights]
    return [*found, [(a.shape, a.dtype, np.asarray(a).tobytes()) for a in arrays]]


def check_round_trip(model: Model) -> None:
    for write, read in ((nq.to_toml, nq.from_toml), (nq.to_json, nq.from_json)):
        again = read(write(model))
        assert type(again) is type(model)
        assert parts(again) == parts(model)
        assert write(again) == write(model)


@pytest.mark.parametrize(("name", "law"), CASES)
def test_cards_with_every_amplitude_law(name, law):
    check_round_trip(theory(name, law))


def points_of(net: Any, count: int) -> np.ndarray:
    return np.resize(AWKWARD[:3], (count, net.dim)) + np.arange(count)[:, None]


@pytest.mark.parametrize("kind", ["observe", "deform", "add_source", "laws"])
@pytest.mark.parametrize("name", names())
def test_transforms_of_every_card(name, kind):
    net = theory(name, None)
    x = points_of(net, 3)
    shape = (3,) if net.component_count == 1 else (3, net.component_count)
    values = np.resize(AWKWARD, shape)
    if kind == "observe":
        check_round_trip(nq.observe(net, x, values, noise=np.array([0.1 + 0.2, 1.0 / 3.0, 2.0])))
    elif kind == "deform":
        potential = "0.1*phi^4 - phi^2/3" if net.component_count == 1 else "0.1*square^2 + cos(phi1)"
        check_round_trip(nq.deform(net, potential, x, [1.0 / 3.0, 0.1, 1e-17]))
    elif kind == "add_source":
        check_round_trip(nq.add_source(nq.add_source(net, x, values), x[:1], values[:1]))
    else:
        model = nq.observe(net, x, values, noise=dist.HalfNormal(1.0 / 3.0))
        for change in (lambda m: nq.give_laws(m, sigma_a=dist.LogNormal(0.1 + 0.2, 0.7)), nq.collapse):
            try:
                model = change(model)
            except InputError:  # not allowed to this card
                continue
        check_round_trip(model)


def test_everything_at_once_has_the_same_density():
    net = load("cauchy", width=4, amplitude="bimodal:mu=1.1,s=0.3")
    model = nq.observe(net, [[0.0], [0.3]], [0.1, -0.2], noise=dist.InverseGamma(2.0, 0.3))
    model = nq.give_laws(nq.add_source(model, [[1.0]], [0.4]), mass=dist.Gamma(2.0, 1.5))
    model = nq.deform(model, "0.1*phi^4 - 0.3*phi**2 + cos(phi)", [[0.0], [0.7]], [0.5, 0.25])
    check_round_trip(model)
    again: Any = nq.from_toml(nq.to_toml(model))
    theta = {site: value[0] for site, value in net.sample(jax.random.key(1), 1).items()}
    one, other = (m.log_factors(m.net, theta, 0.3) for m in (model, again))
    assert float(one) == float(other)


@pytest.mark.parametrize("name", LAWS)
def test_every_law_reads_back(name):
    numbers = dict(zip(LAWS[name], (0.1 + 0.2, 4.0 / 3.0), strict=False))
    check_round_trip(nq.observe(load("cauchy"), [[0.0]], [1.0], noise=getattr(dist, name)(**numbers)))


def test_a_spectrum_of_ones_own():
    check_round_trip(load("tuned_net", spectrum=nq.Spectrum.of(lambda p: np.exp(-(p**2)), label='a "name"\n\x7f')))
    assert "spectrum" not in nq.to_toml(load("tuned_net"))  # the card knows its own


def test_a_card_in_a_file_of_its_own(tmp_path, monkeypatch):
    """The text names the path, relative to the folder of the text if it likes; its own law is found in it."""
    monkeypatch.setattr(models, "_single_files", {})  # the catalogue is as it was afterwards
    file = tmp_path / "my_own_line.py"
    source = (Path(models.source("cauchy")).read_text()).replace("class Cauchy(", "class MyOwnLine(")
    file.write_text(source)
    (tmp_path / "theory.toml").write_text('file = "my_own_line.py"\nhyperparameters = { width = 7 }\n')
    net: Any = nq.theory_of(tmp_path / "theory.toml")
    assert type(net).__name__ == "MyOwnLine"
    assert net.width == 7
    assert f'file = "{file}"' in nq.to_toml(net)
    check_round_trip(net)


def test_data_and_spectra_from_files(tmp_path):
    (tmp_path / "data.csv").write_text("east,north,height,sd\n0,1,0.5,0.1\n2,3,0.25,0.2\n")
    (tmp_path / "spectrum.csv").write_text("p,G\n0,1\n1,0.5\n2,0.2\n3,0.1\n")
    text = 'card = "tuned_net"\nhyperparameters = {dim = 2, spectrum = "spectrum.csv"}\n[observe]\nfile = "data.csv"\n'
    (tmp_path / "theory.toml").write_text(text + 'x = ["east", "north"]\ny = "height"\ny_error = "sd"\n')
    found: Any = nq.theory_of(tmp_path / "theory.toml")
    assert found.net.spectrum == nq.Spectrum.read(tmp_path / "spectrum.csv")
    assert found.observation.points.tolist() == [[0, 1], [2, 3]]
    assert found.observation.values.tolist() == [0.5, 0.25]
    assert found.observation.noise.tolist() == [0.1, 0.2]
    check_round_trip(found)


# -- what is wrong is said in one line ---------------------------------------------------------------------------------

OBSERVED = 'card = "cauchy"\n[observe]\n'
DEFORMED = 'card = "cauchy"\n[[deform]]\npoints = [[0.0]]\n'
WRONG = [
    ("card = ", "theory text must be TOML: Invalid value"),
    ('card = "line"\ncard = "line"', "Cannot overwrite a value"),
    ("", "theory: it must have one of card and file, got nothing"),
    ('card = "line"\nfile = "a.py"', "it must have one of card and file, got card, file"),
    ("card = 3", "card must be a text, got 3"),
    ('card = "cauchi"', "card must be one of .* did you mean 'cauchy'"),
    ('file = "nothing.py"', "cards: there is no file or folder"),
    ('card = "line"\nhyperparameter = {}', "key must be one of .* did you mean 'hyperparameters'"),
    ('card = "line"\nhyperparameters = 3', "hyperparameters must be a table, got 3"),
    ('card = "cos_net"\n[hyperparameters]\nsigmab = 1.0', "CosNet: hyperparameter .* did you mean 'sigma_b'"),
    ('card = "cos_net"\n[hyperparameters]\nsigma_b = -1.0', "CosNet: sigma_b must be positive and finite, got -1.0"),
    ('card = "cos_net"\n[hyperparameters]\nwidth = "ten"', "CosNet: width must be an integer >= 1, got 'ten'"),
    ('card = "cos_net"\n[hyperparameters]\namplitude = "bimdal"', "did you mean 'bimodal'"),
    ('card = "cos_net"\n[hyperparameters]\namplitude = {law = "cauchy"}', r"amplitude.law must be one of .* 'cauchy'"),
    ('card = "cos_net"\n[hyperparameters]\namplitude = {mu = 1.0}', r"amplitude.law must be one of .* got None"),
    ('card = "cos_net"\n[hyperparameters]\namplitude = {law = "bimodal", nu = 1.0}', "key must be one of law, mu, s"),
    ('card = "cos_net"\n[hyperparameters]\namplitude = {law = "bimodal", mu = -1}', "Bimodal: mu must be positive"),
    ('card = "cos_net"\n[hyperparameters]\nsigma_b = {law = "bimodal"}', "CosNet: sigma_b must be positive"),
    (
        'card = "tuned_net"\n[hyperparameters]\nspectrum = {p = [0.0, 1.0], G = [1.0]}',
        "spectrum must be at least 4 rows",
    ),
    ('card = "tuned_net"\n[hyperparameters]\nspectrum = "no.csv"', "target file 'no.csv' must be readable"),
    (f'card = "cauchy"\n[hyperparameters]\nmass = {10**400}', "numbers must fit in double precision"),
    (OBSERVED + "values = [1.0]\nnoise = 0.1", "observe: points must be there, got values, noise"),
    (
        OBSERVED + "points = [[0.0]]\nvalues = [1.0, 2.0]\nnoise = 0.1",
        r"observe: values must have shape \(1,\), got \(2,\)",
    ),
    (OBSERVED + "points = [0.0]\nvalues = [1.0]\nnoise = 0.1", r"observe: points must have shape \(P, 1\)"),
    (OBSERVED + "points = [[0.0], [1.0, 2.0]]\nvalues = [1.0]\nnoise = 0.1", "points must be an array of numbers"),
    (OBSERVED + 'points = [["x"]]\nvalues = [1.0]\nnoise = 0.1', "points must be an array of numbers"),
    (OBSERVED + "points = [[nan]]\nvalues = [1.0]\nnoise = 0.1", "points must be finite, got nan"),
    (OBSERVED + "points = [[0.0]]\nvalues = [1.0]\nnoise = -0.1", "noise must be positive and finite, got -0.1"),
    (
        OBSERVED + "points = [[0.0]]\nvalues = [1.0]\nnoise = {law = 'HalfNorml', scale = 1}",
        "did you mean 'HalfNormal'",
    ),
    (OBSERVED + "points = [[0.0]]\nvalues = [1.0]\nnoise = {law = 'Gamma', rate = 1}", "concentration must be there"),
    (
        OBSERVED + "points = [[0.0]]\nvalues = [1.0]\nnoise = {law = 'Uniform', low = 1, high = 0}",
        "high must be larger",
    ),
    (OBSERVED + "file = 'no.csv'\nx = 'x'\ny = 'y'\nnoise = 0.1", "observe: data file 'no.csv' must be readable"),
    (OBSERVED + "file = 'no.csv'\nx = 'x'\ny = 'y'", "noise must be given by noise or by y_error"),
    ('card = "cauchy"\nobserve = [1]', r"observe must be a table, got \[1\]"),
    (
        'card = "cauchy"\n[give_laws]\nwidth = {law = "Normal", loc = 0, scale = 1}',
        "must be one of sigma_a, mass, got 'width'",
    ),
    (
        'card = "cauchy"\n[give_laws]\nmass = {law = "Normal", loc = 0, scale = 1}',
        "mass must be positive and finite, but its law",
    ),
    (
        'card = "cauchy"\n[give_laws]\nmass = {law = "LogNormal", loc = 0, scale = 0}',
        "give_laws: mass: scale must be positive",
    ),
    ('card = "cauchy"\n[give_laws]\nmass = 3', "give_laws: mass must be a table, got 3"),
    (DEFORMED, "deform 1: action must be there, got points"),
    (DEFORMED + "action = 3", "deform 1: action must be an expression, got 3"),
    (DEFORMED + 'action = "phi^"', r"deform 1: action 'phi\^': position 5: expected a number"),
    (DEFORMED + 'action = "-phi^4"', "deform 1: action must be bounded below"),
    (DEFORMED + "action = 'phi'\nweights = [1.0, 2.0]", r"weights must have shape \(1,\), got \(2,\)"),
    ('card = "cauchy"\ndeform = 3', r"deform must be a list of tables, \[\[deform\]\], got 3"),
    ('card = "cauchy"\nadd_source = [3]', "add_source 1 must be a table, got 3"),
    ('card = "cauchy"\n[[add_source]]\npoints = [[0.0]]\nsource = [inf]', "source must be finite, got inf"),
    ('card = "cauchy"\ncollapse = 1', "collapse must be true or false, got 1"),
    ('card = "cauchy"\ncollapse = true\nhyperparameters = {amplitude = "laplace"}', "Gaussian"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_text_is_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        nq.from_toml(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "theory text must be JSON"),
        ("[1]", "must be a JSON object"),
        ('{"card": "line", "card": "line"}', "every key once, got 'card' twice"),
        ('{"card": "cauchy", "hyperparameters": {"mass": NaN}}', "mass must be positive and finite, got nan"),
        ("[" * 100_000, "theory text must be JSON"),
    ],
)
def test_a_wrong_json_is_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        nq.from_json(text)
    assert "\n" not in str(caught.value)


def test_what_has_no_text():
    net = load("cauchy", width=2)
    with pytest.raises(InputError, match="Python function has no text; give it as an expression"):
        nq.to_toml(nq.deform(net, lambda phi: phi**4, [[0.0]]))
    with pytest.raises(InputError, match=r"noise: its law must be one number's Normal, .* got LogUniform"):
        nq.to_toml(nq.observe(net, [[0.0]], [1.0], noise=dist.LogUniform(0.1, 1.0)))


# -- what carries its theory -------------------------------------------------------------------------------------------


def test_a_table_rebuilds_its_theory(tmp_path):
    net = load("cos_net", width=5, amplitude="student")
    table = nq.correlators(net, np.zeros((1, 2, 1)), orders=[2], estimators=["exact"])
    nq.write_table(table, tmp_path / "table.parquet")
    nq.write_table(table, tmp_path / "table.csv")
    assert nq.theory_of(table) == nq.theory_of(str(tmp_path / "table.parquet")) == net
    (tmp_path / "broken.nc").write_text("nothing")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "other.parquet")
    for name, message in [
        ("table.csv", "which CSV cannot"),
        ("none.parquet", "must be there"),
        ("table.txt", r"must end in \.parquet"),
        ("other.parquet", "must carry the text of its theory, got none"),
        ("broken.nc", "must be a readable table or tree"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            nq.theory_of(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="must carry the text"):
        nq.theory_of(pd.DataFrame())


def test_tables_of_axioms_and_symmetries():
    from nnqft_ppl.axioms.verdicts import Verdict
    from nnqft_ppl.reports.axioms import axiom_tables
    from nnqft_ppl.reports.classical import breaking_table

    net, other = load("cos_net", width=5), load("cauchy", width=2)
    verdict = Verdict("Z2", "a test", "pass", 0.0, 1.0)
    assert nq.theory_of(axiom_tables([(net, [verdict]), (other, [verdict])])) == {"cos_net": net, "cauchy": other}
    assert nq.theory_of(breaking_table(net, nq.breaking(net))) == net


@pytest.mark.slow
def test_trees_rebuild_their_theories(tmp_path):
    net = load("cauchy", width=2)
    tree = nq.prior_predictive(net, [[0.0]], draws=2)
    assert nq.theory_of(tree) == net
    model = nq.give_laws(nq.observe(net, [[0.0]], [0.3], noise=0.5), mass=dist.LogNormal(0.0, 1.0))
    model = nq.deform(model, "0.1*phi^4", [[1.0]])
    tree = nq.posterior(model, [[0.5]], chains=2, warmup=25, draws=25).tree
    tree.to_netcdf(tmp_path / "tree.nc", engine="h5netcdf")
    tree.to_zarr(tmp_path / "tree.zarr", consolidated=False)
    for source in (tree, tmp_path / "tree.nc", tmp_path / "tree.zarr"):
        assert parts(nq.theory_of(source)) == parts(model)  # pyright: ignore[reportArgumentType]
    untold = told(nq.deform(net, lambda phi: phi**4, [[0.0]]))  # stamped on a tree as above
    stamp = json.loads(tree.attrs["nnqft_ppl"])
    assert stamp.pop("text")
    tree.attrs["nnqft_ppl"] = json.dumps(stamp | untold)
    with pytest.raises(InputError, match="its theory has no text: deform: an action that is a Python function"):
        nq.theory_of(tree)


# -- the command line --------------------------------------------------------------------------------------------------


def run(*args: object) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_a_theory_from_command_to_command(tmp_path):
    shown = run("show", "cos_net", "--set", "amplitude=bimodal:mu=1", "--set", "width=5", "--toml")
    net = load("cos_net", width=5, amplitude="bimodal:mu=1")
    assert nq.from_toml(shown.stdout) == net
    file = tmp_path / "theory.toml"
    file.write_text(shown.stdout)
    table = tmp_path / "table.parquet"
    assert run("correlators", "--theory", file, "--order", 2, "--estimator", "exact", "--out", table).exit_code == 0
    assert nq.theory_of(table) == nq.theory_of(table.with_suffix(".points.parquet")) == net
    assert run("show", "--theory", table, "--toml").stdout == shown.stdout
    (tmp_path / "theory.json").write_text(json.dumps({"card": "cos_net", "hyperparameters": {"width": 5}}))
    assert run("predict", "--theory", tmp_path / "theory.json").exit_code == 0


def test_commands_say_what_they_cannot_take(tmp_path):
    file = tmp_path / "deformed.toml"
    file.write_text(nq.to_toml(nq.deform(load("cauchy", width=2), "phi^4", [[0.0]])))
    result = run("correlators", "--theory", file, "--order", 2, "--draws", 1000)
    assert result.exit_code == 0
    assert "reweight" in result.stdout
    for command in ("predict", "vacua"):
        result = run(command, "--theory", file)
        assert result.exit_code == 2
        assert "without what transforms add, got deform" in result.stderr
    for arguments, message in [
        (("correlators",), "a CARD or --theory FILE, one of the two"),
        (("modes", "cos_net", "--theory", file), "a CARD or --theory FILE, one of the two"),
        (("draw", "--theory", file, "--set", "width=3"), "--set goes with a CARD"),
        (("posterior", "--theory", file, "--width", 3), "--width goes with a CARD"),
        (("posterior", "--theory", file), "posterior takes --data with --x and --y, or a --theory that has its data"),
        (("draw", "--theory", tmp_path / "none.toml"), "cannot be read: No such file"),
        (("show",), "show takes a CARD alone"),
    ]:
        result = run(*arguments)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_theory_with_its_data_and_an_action_has_a_posterior(tmp_path):
    model = nq.observe(load("cauchy", width=3), [[0.0], [1.0]], [0.3, -0.1], noise=0.4)
    model = nq.deform(model, "0.1*phi^4", [[0.0], [0.5]])
    (tmp_path / "theory.toml").write_text(nq.to_toml(model))
    result = run("posterior", "--theory", tmp_path / "theory.toml", "--chains", 2, "--warmup", 25, "--draws", 25,
                 "--out", tmp_path / "out")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = nq.theory_of(tmp_path / "out" / "posterior.nc")
    assert isinstance(found, Conditioned)
    assert parts(found) == parts(model)
    result = run("draw", "--theory", tmp_path / "theory.toml", "--draws", 16, "--out", tmp_path / "draws.nc")
    assert result.exit_code == 0, result.output
    assert parts(nq.theory_of(tmp_path / "draws.nc")) == parts(model)  # pyright: ignore[reportArgumentType]


def test_no_evaluator_is_called():
    for file in ("text.py", "theory/expressions.py", "theory/description.py", "runtime/toml.py"):
        text = (Path(nq.__file__).parent / file).read_text()
        assert "eval(" not in text
        assert "exec(" not in text
    assert {field.name for field in dataclasses.fields(Expression)} == {"text"}
