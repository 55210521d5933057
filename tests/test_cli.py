"""The command line: what it prints and writes, and one clear line with exit status 2 for what the user can mend."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nnqft_ppl import exact_correlator, load, models, read_table, studies
from nnqft_ppl.cli.app import app
from nnqft_ppl.runtime import progress
from nnqft_ppl.runtime.jax_settings import _forget_oldest, tune_xla

RUNNER = CliRunner()

CARD = '''"""A toy."""
from dataclasses import dataclass
from typing import final
import jax.numpy as jnp
from nnqft_ppl.laws import isotropic_normal
from nnqft_ppl.theory import Architecture, Gaussian

@final
@dataclass(frozen=True, kw_only=True)
class TanhNet(Architecture):
    """phi(x) = sum_i a_i tanh(b_i.x): (1)."""
    claims = ("Z2",)
    denies = ("translation",)
    @property
    def amplitude_law(self):
        return Gaussian()
    @property
    def amplitude_scale(self):
        return 1.0
    def prior(self):
        return {"a": self.amplitudes(), "b": isotropic_normal(1.0, self.dim, self.width)}
    def neuron(self, x, *, b):
        return jnp.tanh(jnp.dot(b, x))
'''


def run(*arguments):
    return RUNNER.invoke(app, [str(a) for a in arguments])


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "configs.csv"
    rows = np.random.default_rng(0).normal(size=(8, 2))
    lines = [f"{k // 4},{x[0]},{x[1]}" for k, x in enumerate(rows)]
    path.write_text("configuration,x0,x1\n" + "\n".join(lines) + "\n")
    return path


def test_correlators_of_the_readme(tmp_path, points):
    out = tmp_path / "table.parquet"
    settings = ("--set", "dim=2", "--set", "alpha=0", "--set", "cutoff=100", "--set", "width=30")
    result = run("correlators", "alpha_scalar", *settings, "--points", points, "--order", 4,
                 "--estimator", "exact,neuron", "--draws", 1000, "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    table = read_table(out)
    net = load("alpha_scalar", dim=2, alpha=0, cutoff=100, width=30)
    x = np.loadtxt(points, delimiter=",", skiprows=1)[:, 1:].reshape(2, 4, 2)
    exact = table.query("estimator == 'exact' and kind == 'full'")["estimate"]
    assert exact.to_numpy() == pytest.approx(exact_correlator(net, x), rel=1e-14)
    assert set(table["estimator"]) == {"exact", "neuron"}
    beside = read_table(tmp_path / "table.points.parquet", "configurations")
    assert beside[["x0", "x1"]].to_numpy() == pytest.approx(x.reshape(-1, 2))


def test_amplitude_laws_from_the_command_line(tmp_path):
    out = tmp_path / "t.csv"
    result = run("correlators", "cos_net", "--set", "amplitude=bimodal", "--set", "amplitude.mu=1", "--set",
                 "amplitude.s=0.4", "--set", "width=7", "--estimator", "exact", "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    table: Any = read_table(out)
    assert (table["amplitude"] == "bimodal").all()
    assert (table["amplitude.s"] == 0.4).all()
    at_default = run("correlators", "cos_net", "--set", "amplitude.sigma=2", "--estimator", "exact")
    assert at_default.exit_code == 0
    assert "exact" in at_default.stdout


@pytest.mark.slow
def test_list_and_show():
    listing = run("list")
    assert listing.exit_code == 0
    for name in ("cos_net", "gauss_net", "free_scalar", "alpha_scalar", "cauchy", "line"):
        assert name in listing.stdout
        shown = run("show", name)
        assert shown.exit_code == 0, shown.stderr
        assert "two_point" in shown.stdout
    assert "[ahat]" not in run("show", "cos_net").stdout


@pytest.mark.slow
def test_draw(tmp_path):
    out, plot = tmp_path / "f.nc", tmp_path / "f.png"
    result = run("draw", "cos_net", "--draws", 20, "--set", "width=5", "--out", out, "--plot", plot, "--parameters")
    assert result.exit_code == 0, result.stderr
    assert out.stat().st_size > 1000
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert run("draw", "cos_net", "--draws", 4, "--set", "dim=2", "--plot", plot).exit_code == 0


@pytest.mark.slow
def test_a_users_own_card(tmp_path, monkeypatch):
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "tanh_net.py").write_text(CARD)
    script = Path(sys.executable).with_name("nnqft")
    asked = ["correlators", "tanh_net", "--set", "width=3", "--draws", "100", "--estimator", "neuron,field"]
    for arguments in (["list"], ["show", "tanh_net"], asked):
        command = [script, "--cards", folder, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        assert "tanh_net" in result.stdout or "neuron" in result.stdout
    monkeypatch.setattr(models, "_single_files", {})
    result = run("correlators", folder / "tanh_net.py", "--set", "width=3", "--draws", 100)
    assert result.exit_code == 0, result.stderr
    assert "no closed form here; neuron takes over" in result.stderr
    pickling = (
        f"from nnqft_ppl import models, load; import pickle, sys; models.add({str(folder)!r});"
        "sys.stdout.buffer.write(pickle.dumps(load('tanh_net', width=3)))"
    )
    data = subprocess.run([sys.executable, "-c", pickling], capture_output=True, check=True).stdout
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer))"
    back = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True).stdout
    assert back.decode().startswith("TanhNet(width=3")


BAD = [
    (("show", "cosnet"), "got 'cosnet'; did you mean 'cos_net'?"),
    (("correlators", "nothing"), "card must be one of"),
    (("correlators", "cos_net", "--set", "sigma=1"), "CosNet: hyperparameter must be one of"),
    (("correlators", "cos_net", "--set", "sigma_b"), "--set must be of the form name=value, got 'sigma_b'"),
    (("correlators", "cos_net", "--set", "width=0"), "CosNet: width must be an integer >= 1, got 0"),
    (("correlators", "cos_net", "--set", "width=ten"), "CosNet: width must be an integer, got 'ten'"),
    (("correlators", "cos_net", "--set", "sigma_b=nan"), "CosNet: sigma_b must be positive and finite, got nan"),
    (("correlators", "cos_net", "--set", "sigma_b=inf"), "CosNet: sigma_b must be positive and finite, got inf"),
    (("correlators", "cos_net", "--set", "amplitude=gausian"), "got 'gausian'; did you mean 'gaussian'?"),
    (("correlators", "cos_net", "--set", "amplitude.nu=3"), "amplitude.nu must be one of amplitude.sigma"),
    (("correlators", "cauchy", "--set", "dim=2"), "Cauchy: dim must be 1, got '2'"),
    (("correlators", "cos_net", "--order", "0"), "order must be between 1 and 10, got 0"),
    (("correlators", "cos_net", "--order", "12"), "order must be between 1 and 10, got 12"),
    (("correlators", "cos_net", "--order", "two"), "order must be integers separated by commas, got 'two'"),
    (("correlators", "cos_net", "--kind", "whole"), "kind must be one of full, connected, I_N, I_IB, got 'whole'"),
    (("correlators", "cos_net", "--estimator", "guess"), "estimator must be one of"),
    (("correlators", "cos_net", "--draws", "0"), "draws must be at least 2, got 0"),
    (("correlators", "cos_net", "--points", "missing.csv"), "points file 'missing.csv' must be readable"),
    (("correlators", "cos_net", "--out", "t.xlsx"), "output file must end in .parquet or .csv, got 't.xlsx'"),
    (("correlators", "cos_net", "--out", "nowhere/t.csv"), "output file must be in a folder that exists"),
    (
        ("correlators", "cos_net", "--set", "amplitude=student", "--set", "amplitude.nu=3.5", "--order", "4"),
        "Student: nu must be > 4",
    ),
    (("correlators", "cos_net", "--out", "/proc/t.csv"), "output file must be in a folder that exists"),
    (("reproduce", "two_point", "--out", "/proc/nothing"), "output folder '/proc/nothing' cannot be made"),
    (("draw", "cos_net", "--out", "f.txt"), "output file must end in .nc, got 'f.txt'"),
    (("draw", "cos_net", "--draws", "0"), "draws must be at least 1, got 0"),
    (("draw", "cos_net", "--set", "dim=3", "--plot", "f.png"), "a picture of fields must be of dim 1 or 2, got 3"),
    (("reproduce", "nothing"), "study must be one of"),
    (("--cards", "nowhere", "list"), "cards: there is no file or folder"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_gets_one_clear_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x0,x1\n0,0\n1,1\n", r"configurations must have shape (..., n, 1)"),
        ("x0\n0\nnan\n", "column 'x0' must be finite, got nan in row 2"),
        ("x0\n0\ninf\n", "column 'x0' must be finite, got inf in row 2"),
    ],
)
def test_bad_points(tmp_path, content, message):
    path = tmp_path / "points.csv"
    path.write_text(content)
    out = tmp_path / "t.csv"
    result = run("correlators", "cos_net", "--points", path, "--order", 2, "--out", out)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\n", "must declare exactly one Architecture, got 0"),
        ("import nothing_here\n", "cannot be imported: ModuleNotFoundError"),
        ("class Broken(\n", "cannot be imported: SyntaxError"),
    ],
)
def test_card_files_that_declare_no_theory(tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(models, "_single_files", {})
    name = f"broken_{abs(hash(content))}"
    path = tmp_path / f"{name}.py"
    path.write_text(content)
    result = run("correlators", path)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.slow
def test_help_and_list_are_quick():
    """Under 2 s of CPU, whatever else the machine does, and without importing JAX, NumPyro, pandas or ArviZ."""
    script = Path(sys.executable).with_name("nnqft")
    for arguments in (["--help"], ["list"], ["correlators", "--help"]):
        start = os.times()
        subprocess.run([script, *arguments], capture_output=True, check=True)
        end = os.times()
        assert end.children_user + end.children_system - start.children_user - start.children_system < 2.0
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom nnqft_ppl.cli.app import app\n"
        "assert CliRunner().invoke(app, ['list']).exit_code == 0\n"
        "print([m for m in ('jax', 'numpyro', 'pandas', 'arviz', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("nnqft draw cos", ["cos_net"]),
        ("nnqft draw cos_net --set sigma", ["sigma_a=", "sigma_b="]),
        ("nnqft draw nothing --set sigma", []),
        ("nnqft dual cos_net gauss_net --set sigma_b", ["sigma_b="]),
        ("nnqft axioms gauss", ["gauss_net"]),
        ("nnqft correlators cos_net --kind full,I", ["full,I_N", "full,I_IB"]),
        ("nnqft correlators cos_net --estimator exact,n", ["exact,neuron"]),
        ("nnqft reproduce two_point vec", ["vectors"]),
        ("nnqft posterior cauchy --sampler g", ["gibbs"]),
    ],
)
def test_the_shell_completes(words, found):
    own = {"_NNQFT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    result = CliRunner().invoke(app, [], env=own, prog_name="nnqft")
    assert result.output.split() == found


def test_what_the_shell_completes_is_what_the_engine_has():
    from nnqft_ppl.cli import options
    from nnqft_ppl.correlation.estimators import ESTIMATORS
    from nnqft_ppl.correlation.exact import KINDS
    from nnqft_ppl.sampling.plan import SAMPLERS

    assert options.KINDS == KINDS
    assert set(options.ESTIMATORS) == {"exact", *ESTIMATORS, "reweight", "chain"}
    assert set(options.SAMPLERS) == set(SAMPLERS)
    assert set(options.complete_study("")) == set(studies.names())


def test_verbose_says_why_and_what_took_the_time():
    """Reasons and times on standard error; the result on standard output is the same, and quiet says nothing else."""
    command = ["correlators", "cos_net", "--order", "2", "--kind", "full", "--draws", "100"]
    loud = CliRunner().invoke(app, [*command, "-v"])
    still = CliRunner().invoke(app, [*command, "-q"])
    progress._voice.quiet = progress._voice.verbose = False
    assert loud.exit_code == still.exit_code == 0
    assert loud.stdout == still.stdout
    assert "neuron: of independent neurons, single ones have the least variance" in loud.stderr
    assert re.search(r"[\d.]+ s to compile \d+ programs, \d+ of them kept", loud.stderr)
    assert still.stderr == ""


def test_completion_imports_no_jax():
    code = (
        "import os, sys\nfrom typer.testing import CliRunner\nfrom nnqft_ppl.cli.app import app\n"
        "for words in ('draw cos_net --set s', 'correlators cos_net --kind f', 'reproduce t', 'posterior --sampler n'):\n"
        "    cword = str(len(words.split()))\n"
        "    own = {'_NNQFT_COMPLETE': 'complete_bash', 'COMP_WORDS': 'nnqft ' + words, 'COMP_CWORD': cword}\n"
        "    assert CliRunner().invoke(app, [], env=own, prog_name='nnqft').output.strip()\n"
        "print([m for m in ('jax', 'numpyro', 'pandas', 'arviz', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_a_sign_shows_a_question_mark(encoding):
    script = Path(sys.executable).with_name("nnqft")
    own = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": encoding}
    found = subprocess.run([script, "list"], env=own, capture_output=True, check=True).stdout.decode(encoding)
    assert "cos_net" in found
    assert ("?" in found) == (encoding != "cp1252")  # which has the dash


@pytest.mark.slow
def test_programs_are_kept(tmp_path):
    """The second run of a command compiles nothing but what was left half, and a cache folder that cannot be made is no
    error.
    """
    script = Path(sys.executable).with_name("nnqft")
    command = [script, "correlators", "cos_net", "--draws", "100", "--order", "2"]
    environment = {name: value for name, value in os.environ.items() if "CACHE" not in name}

    def kept(home: Path) -> dict[str, float]:
        own = {**environment, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
        result = subprocess.run(command, env=own, capture_output=True, check=True, text=True)
        assert "Warning" not in result.stderr
        return {file.name: file.stat().st_mtime for file in home.rglob("*-cache")}

    first = kept(tmp_path)
    assert len(first) > 3
    half = next(file for file in tmp_path.rglob("*-cache") if file.name.startswith("jit__round"))
    half.write_bytes(half.read_bytes()[:100])  # as a process leaves it that was killed
    second = kept(tmp_path)
    assert set(second) == set(first)
    assert all(second[name] == first[name] for name in first if name != half.name)
    file = tmp_path / "file"
    file.touch()
    assert kept(file) == {}


def test_the_programs_read_last_are_kept(tmp_path):
    (tmp_path / "folder-cache").mkdir()
    (tmp_path / "empty-cache").touch()
    for age, name in enumerate("abcd"):
        file = tmp_path / f"{name}-cache"
        file.write_bytes(bytes(100))
        os.utime(file, (1e9 - age, 1e9))

    def left(most: int) -> str:
        _forget_oldest(tmp_path, most)
        return "".join(sorted(file.name[0] for file in tmp_path.iterdir() if file.is_file()))

    assert left(10_000) == "abcd"
    assert left(250 + (tmp_path / "folder-cache").stat().st_size) == "ab"
    assert (tmp_path / "folder-cache").is_dir()


def test_flags_of_the_user_stay(monkeypatch):
    monkeypatch.setattr("nnqft_ppl.runtime.jax_settings.entry_points", lambda **_: ())
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_prefer_vector_width=256")
    tune_xla()
    assert os.environ["XLA_FLAGS"].split() == [
        "--xla_cpu_prefer_vector_width=256",
        "--xla_backend_optimization_level=1",
    ]
