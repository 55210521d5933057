"""`nnqft check`: the cards that are shipped keep their contract, and every mistake gets its own line.

A number is wrong beyond 5 standard errors; the seeds are fixed, so that what passes here passes always. The planted wrong
closed forms are off by 10 % and more, tens of standard errors of the 20 000 draws; what shows less has 100 000.
"""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from nnqft_ppl import InputError, check, load, models, names
from nnqft_ppl.checks.check import _against_draws
from nnqft_ppl.checks.contract import contract
from nnqft_ppl.checks.declaration import declared
from nnqft_ppl.cli.app import app

pytestmark = pytest.mark.usefixtures("quick_compilation")

GOOD = '''"""Waves with a random phase."""
from dataclasses import dataclass
from typing import final
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from nnqft_ppl.laws import iid, isotropic_normal, uniform_phases
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Waves(Architecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), b_i ~ N(0, s^2): (24)."""

    sigma_a: Positive = 1.0  #: amplitude scale
    s: Positive = 1.0  #: frequency scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat

    claims = ("Z2", "translation", "rotation", "reflection", "permutation")

    def prior(self):
        b = isotropic_normal(self.s, self.dim, self.width)
        return {"a": self.amplitudes(), "b": b, "c": uniform_phases(self.width)}

    def neuron(self, x, *, b, c):
        return jnp.cos(jnp.dot(b, x) + c)

    @theorem("6")
    def two_point(self, x, y):
        """(sigma_a^2/2) exp(-s^2 |x - y|^2/2)."""
        r = self.norm(np.subtract(x, y))
        return self.amplitude_moment(2) / 2 * np.exp(-(self.s**2) * r**2 / 2)

    @theorem("my notes")
    def entropy(self):
        """Nothing that draws are asked about."""
        return 0.0


class Odd(dist.Uniform):
    def sample(self, key, sample_shape=()):
        raise NotImplementedError
'''

#: What is written instead of what, and the one line that it gives; {file} is the card's path.
BROKEN = {
    "import": (
        "import numpy as np\n",
        "import numpy as np\nscale = 1 / 0\n",
        ["contract import: card {file}:6 cannot be imported: ZeroDivisionError: division by zero"],
    ),
    "class": ("@final\n", "", ["contract class: Waves ({file}:11): must be decorated with @final"]),
    "range": (
        "s: Positive = 1.0",
        "s: float = 1.0",
        [
            "contract fields: Waves ({file}:11): field s: its type must be a range such as Positive, Finite or Count, "
            "or a Literal, got float"
        ],
    ),
    "comment": (
        "  #: frequency scale",
        "",
        ["contract fields: Waves ({file}:11): field s: must have a comment `#: meaning` in its line"],
    ),
    "symmetry": (
        '"translation"',
        '"translations"',
        [
            "contract symmetries: Waves ({file}:11): symmetry must be one of Z2, translation, rotation, reflection, "
            "permutation, SO(D), got 'translations'"
        ],
    ),
    "post init": (
        "    def prior(self):\n",
        "    def __post_init__(self):\n        raise KeyError(self.s)\n\n    def prior(self):\n",
        ["contract instance: Waves.__post_init__ ({file}:23): KeyError: 1.0"],
    ),
    "ranges not enforced": (
        "    def prior(self):\n",
        "    def __post_init__(self):\n        pass\n\n    def prior(self):\n",
        [
            "contract hyperparameters: Waves ({file}:11): width = 0 must be refused: __post_init__ must begin with "
            "super().__post_init__()"
        ],
    ),
    "prior": (
        "b = isotropic_normal",
        "b = isotropic_norm",
        ["contract prior: Waves.prior ({file}:23): NameError: name 'isotropic_norm' is not defined"],
    ),
    "no amplitudes": (
        '{"a":',
        '{"amplitudes":',
        ["contract prior: Waves.prior ({file}:22): must have the site 'a' of the amplitudes, got amplitudes, b, c"],
    ),
    "misnamed argument": (
        "*, b, c):\n        return jnp.cos(jnp.dot(b, x)",
        "*, w, c):\n        return jnp.cos(jnp.dot(w, x)",
        [
            "contract arguments: Waves.neuron ({file}:26): argument 'w' must bear the name of its site, 'b'; "
            "rename one of the two"
        ],
    ),
    "missing argument": (
        "*, b, c):\n        return jnp.cos(jnp.dot(b, x) + c)",
        "*, b):\n        return jnp.cos(jnp.dot(b, x))",
        [
            "contract arguments: Waves.neuron ({file}:26): prior has the site 'c', which must be an argument of neuron; "
            "its arguments are b"
        ],
    ),
    "fixed width": (
        "uniform_phases(self.width)",
        "uniform_phases(3)",
        [
            "contract shapes: Waves.prior ({file}:22): site 'c': event shape must be (2, ...), a row for each neuron, "
            "got (3,) at width = 2, dim = 1; a site that all neurons share stands in `shared`"
        ],
    ),
    "no iid": (
        "uniform_phases(self.width)",
        "dist.Normal(np.zeros(self.width))",
        [
            "contract shapes: Waves.prior ({file}:22): site 'c': batch shape must be (), got (2,) at width = 2, dim = 1; "
            "iid(law, N) makes N neurons one event"
        ],
    ),
    "no site": (
        "    def prior(self):\n",
        '    vectors = ("w",)\n\n    def prior(self):\n',
        ["contract sites: Waves ({file}:11): vectors names 'w', which must be a site of theta_h, one of b, c"],
    ),
    "vector": (
        "jnp.cos(jnp.dot(b, x) + c)",
        "jnp.cos(b * x + c)",
        [
            "contract neuron: Waves.neuron ({file}:26): must return a real scalar at one point x of shape (1,), "
            "got shape (1,), float64"
        ],
    ),
    "no neuron": (
        "def neuron(",
        "def neurone(",
        ["contract class: Waves ({file}:11): must define neuron"],
    ),
    "no sampler": (
        "uniform_phases(self.width)",
        "iid(Odd(-3.0, 3.0), self.width)",
        [
            "contract log density: Waves.prior ({file}:22): site 'c': Odd has no exact sampler; say so by ancestral = "
            "False"
        ],
    ),
    "not traced": (
        "        return jnp.cos(",
        "        if c > 0:\n            return c\n        return jnp.cos(",
        [
            "contract neuron: Waves.neuron ({file}:26): must be traced by JAX: jax.numpy for NumPy, jnp.where for `if`; "
            "TracerBoolConversionError: Attempted boolean conversion of traced array with shape bool[]."
        ],
    ),
    "not finite": (
        "jnp.cos(jnp.dot(b, x) + c)",
        "jnp.log(jnp.dot(b, x) * 0 - 1)",
        ["contract neuron: Waves.neuron ({file}:26): must be finite, got nan in 1 of its values"],
    ),
    "wrong closed form": (
        "self.amplitude_moment(2) / 2 *",
        "self.amplitude_moment(2) *",
        ["theorems two_point: G2 (6) (2) (4): measured"],
    ),
    "closed form that raises": (
        "r = self.norm(np.subtract(x, y))",
        "r = self.nrm(np.subtract(x, y))",
        ["theorems two_point: G2 (6) (2) (4): Waves.two_point ({file}:32): AttributeError: 'Waves' object has no"],
    ),
    "closed form of a wrong shape": (
        "r = self.norm(np.subtract(x, y))",
        "r = np.abs(np.subtract(x, y))",
        [
            "theorems two_point: G2 (6) (2) (4): Waves.two_point ({file}:29): must return a real number at one "
            "configuration, got shape (1,)"
        ],
    ),
    "wrong claim": (
        "jnp.cos(jnp.dot(b, x) + c)",
        "jnp.cos(jnp.dot(b, x) + c) * (1 + 0.5 * jnp.sin(x[0]))",
        [
            "claims   translation holds: correlators change by",
            "claims   reflection holds: correlators change by",
            "theorems two_point: G2 (6) (2) (4): measured",
        ],
    ),
    "wrong denial": (
        '"translation", "rotation", "reflection", "permutation")\n',
        '"rotation", "reflection", "permutation")\n    denies = ("translation",)\n',
        ["claims   translation fails: correlators change by"],
    ),
    "dependent neurons": (
        '"c": uniform_phases(self.width)}\n',
        '"c": dist.Uniform(-np.pi, np.pi)}\n\n    shared = ("c",)\n',
        [
            "claims   translation holds: correlators change by",
            "claims   neurons are independent: covariance of h_1 and h_2: measured",
            "claims   neurons are independent: covariance of h_1 h_1 and h_2 h_2: measured",
        ],
    ),
    "wrong moments": (
        "    def prior(self):\n",
        "    def amplitude_moment(self, k):\n        return 1.2 * super().amplitude_moment(k)\n\n    def prior(self):\n",
        [
            "contract E[(sqrt(N) a)^2]: measured",
            "contract E[(sqrt(N) a)^4]: measured",
            "theorems two_point: G2 (6) (2) (4): measured",
        ],
    ),
}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What the command says of a card's text."""
    monkeypatch.setattr(models, "_single_files", {})
    monkeypatch.chdir(tmp_path)

    def ask(text, *arguments):
        name = f"card_{abs(hash(text))}"
        (tmp_path / f"{name}.py").write_text(text)
        return f"{name}.py", CliRunner().invoke(app, ["check", f"{name}.py", "--draws", "20000", *arguments])

    return ask


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_shipped_cards_keep_the_contract(name):
    net = load(name) if name == "line" else load(name, width=2)
    found = [*declared(type(net)), *contract(net, draws=2000, seed=0)]
    assert not [finding.line for finding in found if finding.verdict == "WRONG"]


def test_a_good_card_passes(asked):
    _, result = asked(GOOD, "--set", "dim=2")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert "ok          claims   rotation holds: correlators change by" in result.stdout
    assert any(line.startswith("ok          theorems two_point: G2 (6) (2) (4): measured") for line in lines)
    assert "not checked theorems entropy: no check against draws knows this quantity" in lines
    assert lines[-2].startswith("Waves(width=2, dim=2, ")
    assert "a false alarm in any of them has a chance of at most" in lines[-1]


@pytest.mark.parametrize("what", BROKEN)
def test_a_mistake_gets_its_line(asked, what):
    old, new, expected = BROKEN[what]
    assert old in GOOD
    more = ("--draws", "100000") if what in ("wrong denial", "dependent neurons") else ()
    file, result = asked(GOOD.replace(old, new), *more)
    wrong = [line.removeprefix("WRONG       ") for line in result.stdout.splitlines() if line.startswith("WRONG")]
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    found = [line.replace(str(models.source(file[:-3])), "{file}").replace(file, "{file}") for line in wrong]
    assert len(found) == len(expected), found
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning), line


def test_what_the_user_can_mend_is_an_input_error(asked):
    for arguments in (("--set", "s=-1"), ("--set", "sigma=1"), ("--draws", "10")):
        _, result = asked(GOOD, *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("error: ")
    with pytest.raises(InputError, match="card must be one of"):
        check("no_such_card")


def test_a_law_without_a_sampler_is_not_checked_by_draws():
    net = load("gibbs_cos_net", width=2)
    found = [f for f in _against_draws(net, [], 1000, 0) if f.part == "theorems"]
    assert {finding.verdict for finding in found} == {"not checked"}


def test_installed_packages_offer_cards(tmp_path):
    """A distribution on the path with two entry points: a folder that joins, and one that is not there."""
    (tmp_path / "their_cards").mkdir()
    (tmp_path / "their_cards" / "__init__.py").write_text("raise AssertionError('listing imports no card')\n")
    (tmp_path / "their_cards" / "their_waves.py").write_text(GOOD)
    info = tmp_path / "x.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[nnqft_ppl.cards]\nwaves = their_cards\nlost = their_lost_cards\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['nnqft', 'list']\n"
        "from nnqft_ppl.cli.app import app\n"
        "try: app()\nfinally: print('jax' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "their_waves" in result.stdout
    assert result.stdout.endswith("False\n")
    assert result.stderr == "note: the cards 'lost' of x are left out: module 'their_lost_cards' is not found\n"
