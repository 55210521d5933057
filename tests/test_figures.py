"""Pictures for papers: colours for every eye, the width of a column, the format by suffix, axes of one's own."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from matplotlib.figure import Figure
from matplotlib.image import imread
from typer.testing import CliRunner

import nnqft_ppl as nq
from nnqft_ppl import InputError
from nnqft_ppl.cli.app import app
from nnqft_ppl.inference.data import BANDS, read_data
from nnqft_ppl.reports.figures import LINES, check_picture, look, save
from nnqft_ppl.reports.pictures import grid
from nnqft_ppl.reports.posterior_pictures import plot_posterior, plot_posterior_map

#: Machado, Oliveira and Fernandes (2009), severity 1: what is left of linear RGB.
BLIND = {
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
#: Linear sRGB to CIE XYZ, and its white point D65 (IEC 61966-2-1).
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def seen(colour: str, matrix: Any) -> np.ndarray:
    """CIE L*a*b* of a colour as it looks through a matrix on linear RGB."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(np.array(matrix) @ linear, 0.0, 1.0) / XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def alike(lines: Any, matrix: Any) -> list[tuple[int, int, float]]:
    """Pairs of lines of one style whose colours are closer than Delta E = 15 (CIE 1976)."""
    pairs = itertools.combinations(range(len(lines)), 2)
    found = [(i, j, float(np.linalg.norm(seen(lines[i][0], matrix) - seen(lines[j][0], matrix)))) for i, j in pairs]
    return [(i, j, e) for i, j, e in found if e < 15 and lines[i][1] == lines[j][1]]


@pytest.mark.parametrize("eye", ["all cones", *BLIND])
def test_lines_are_told_apart(eye):
    """Every two lines, by colour or by style; one style for all would not do, nor this red and green in one style."""
    matrix = BLIND.get(eye, np.eye(3))
    assert not alike(LINES, matrix)
    assert alike([(colour, "-") for colour, _ in LINES], matrix)
    assert bool(alike([("#b03030", "-"), ("#30802f", "-")], matrix)) == (eye == "deuteranopia")
    assert seen("#ffffff", np.eye(3)) == pytest.approx([100, 0, 0], abs=0.02)
    assert {look(k)["color"] for k in range(6)} == {colour for colour, _ in LINES[:6]}


@pytest.mark.parametrize(
    ("width", "inches"),
    [("8.6cm", 8.6 / 2.54), ("86mm", 8.6 / 2.54), ("3.4in", 3.4), (" 7 in ", 7.0), (None, None)],
)
def test_widths(tmp_path, width, inches):
    assert check_picture(tmp_path / "a.PDF", width) == (None if inches is None else pytest.approx(inches))


@pytest.mark.parametrize(
    ("name", "width", "message"),
    [
        ("a.jpg", None, "picture must end in .png, .pdf, .svg, got "),
        ("no/a.png", None, "must be in a folder that exists"),
        ("a.png", "8.6", "figure width must be a number with cm, mm or in, from 1in to 40in, as 8.6cm, got '8.6'"),
        ("a.png", "0.2cm", "got '0.2cm'"),
        ("a.png", "-3cm", "got '-3cm'"),
        (None, "8.6cm", "--figure-width goes with a picture, got '8.6cm' without --plot"),
    ],
)
def test_what_no_picture_can_be(tmp_path, name, width, message):
    with pytest.raises(InputError) as caught:
        check_picture(None if name is None else tmp_path / name, width)
    assert message in str(caught.value)


def fields(name: str, dim: int) -> tuple[Any, np.ndarray, np.ndarray]:
    net = nq.load(name, dim=dim, width=3)
    x = np.asarray(grid(1)) if dim == 1 else np.asarray(grid(2)).reshape(64, 64, 2)[::9, ::9].reshape(-1, 2)
    phi = np.sin(x @ np.ones(dim) + np.arange(4.0)[:, None])
    return net, x, phi if net.component_count == 1 else np.stack([phi, -phi], axis=2)


@pytest.mark.parametrize(
    ("name", "dim", "count"), [("cos_net", 1, 1), ("vector", 1, 2), ("cos_net", 2, 3), ("vector", 2, 6)]
)
def test_fields_have_a_panel_for_each_component(tmp_path, name, dim, count):
    """Labels with units on all outer axes, no titles, the width that was asked for, and letters that stay letters."""
    net, x, phi = fields(name, dim)
    axes = nq.plot_fields(net, x, phi, width=8.6 / 2.54)
    figure: Any = axes[0].figure
    assert len(axes) == count
    assert figure.get_figwidth() == pytest.approx(8.6 / 2.54)
    assert {one.get_title() for one in figure.axes} == {""}
    assert figure._suptitle is None
    assert axes[-1].get_xlabel().endswith("[1/m]")
    shown = {one.get_ylabel() for one in figure.axes} - {""}
    assert all(label.endswith(("[1/m]", "[natural units]")) for label in shown)
    assert len(shown) == net.component_count + dim - 1
    save(axes, tmp_path / "one.pdf")
    assert b"/Type3" not in (tmp_path / "one.pdf").read_bytes()


def test_the_suffix_says_the_format_and_the_same_picture_is_the_same_file(tmp_path):
    net, x, phi = fields("cos_net", 1)
    for suffix, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")):
        paths = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
        for path in paths:
            save(nq.plot_fields(net, x, phi), path)
        one, two = (path.read_bytes() for path in paths)
        assert one == two
        assert one.startswith(start)


def test_labels_keep_their_room(tmp_path):
    """Long numbers at the ticks of a narrow figure push no label over its edge."""
    net, x, phi = fields("cos_net", 1)
    for low, high in ((-0.671, 0.69), (-1.3, 1.4), (-6.7, 6.9), (-130.0, 150.0)):  # ticks do not settle by themselves
        wide = low + (high - low) * (phi - phi.min()) / np.ptp(phi)
        save(nq.plot_fields(net, x, wide, width=8.6 / 2.54), tmp_path / "f.png")
        assert imread(tmp_path / "f.png")[:, 0].min() == 1.0, (low, high)  # white


def test_axes_of_ones_own():
    """The user's axes are drawn on and returned; their number, and the shape of the fields, are checked."""
    net, x, phi = fields("vector", 1)
    mine = Figure().subplots(2, 1)
    assert nq.plot_fields(net, x, phi, ax=mine) == list(mine)
    (first, *_), (second, *_) = (one.lines for one in mine)
    assert np.array_equal(first.get_ydata(), phi[0, :, 0])
    assert np.array_equal(second.get_ydata(), phi[0, :, 1])
    with pytest.raises(InputError, match="ax must hold 2 axes, one for each panel, got 1"):
        nq.plot_fields(net, x, phi, ax=mine[0])
    for wrong in (phi[:, :, 0], phi[0], phi[:, :5], phi[:0]):
        with pytest.raises(InputError, match=r"phi must have shape \(draws, 241, 2\), got"):
            nq.plot_fields(net, x, wrong)
    with pytest.raises(InputError, match="a map must have points that span the plane, got 3 on a line"):
        nq.plot_fields(nq.load("cos_net", dim=2), [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], np.zeros((1, 3)))


def band_table(keys: dict[str, Any], components: tuple[str, ...]) -> pd.DataFrame:
    """Bands that rise with the number of the row."""
    table = pd.DataFrame({name: np.repeat(column, len(components)) for name, column in keys.items()})
    levels = np.linspace(0.0, 1.0, len(table))
    table["component"] = np.tile(components, len(table) // len(components))
    return table.assign(**{name: levels + 0.1 * k for k, name in enumerate(BANDS[:-1])})


@pytest.mark.parametrize("dated", [False, True])
def test_pictures_of_posteriors_show_each_component_at_its_points(tmp_path, dated):
    """Points in any order, dates, few points as bars; what belongs to one component stays with it."""
    days = ["2024-03-01", "2024-01-01", "2024-02-01"] if dated else ["3", "1", "2"]
    (tmp_path / "d.csv").write_text("t;n;u;v\n" + "".join(f"{day};{k};0,{k + 1};{k},5\n" for k, day in enumerate(days)))
    data = read_data(tmp_path / "d.csv", "t", ["u", "v"])
    x = np.linspace(data.x.max(), data.x.min(), 40)[:, None]
    table, net = band_table(data.keys(x), ("u", "v")), nq.load("vector", width=3)
    limit = np.repeat(x, 2, axis=1) * [1.0, 2.0], np.ones((40, 2))
    axes = plot_posterior(net, data, table, limit, np.stack([data.y, data.y + 1]), width=3.4)
    for k, (one, name) in enumerate(zip(axes, ("u", "v"), strict=True)):
        mean, infinite, *_, dots = one.lines
        assert one.get_ylabel() == name
        assert np.array_equal(mean.get_ydata(), table[table["component"] == name]["mean"][::-1])
        assert infinite.get_ydata() == pytest.approx((1 + k) * x[::-1, 0])
        assert np.array_equal(dots.get_ydata(), data.y[:, k])
    few = plot_posterior(net, data, band_table(data.keys(x[:3]), ("u", "v")), None, data.y[None])
    assert {line.get_linestyle() for line in few[0].lines} == {"None"}
    plane = read_data(tmp_path / "d.csv", ["t", "n"], ["u", "v"])
    for places in (plane.x, np.stack(np.meshgrid(*plane.x.T), axis=-1).reshape(-1, 2)):
        maps = plot_posterior_map(plane, band_table(plane.keys(places), ("u", "v")))
        assert [one.get_xlabel() for one in maps] == ["t"] * 4


def test_what_has_no_picture_is_refused_before_the_work(tmp_path, monkeypatch):
    """Drawing, searching and chains are not begun; each command says why in one line."""

    def begun(*_: Any, **__: Any) -> None:
        raise AssertionError("work was begun")

    for module in (
        "inference.prior.prior_predictive",
        "inference.posterior.posterior",
        "classical.neurons.classical_neurons",
    ):
        monkeypatch.setattr(f"nnqft_ppl.{module}", begun)
    (tmp_path / "d.csv").write_text("a,b,c,y\n1,2,3,4\n2,3,5,6\n")
    picture, line = tmp_path / "f.pdf", tmp_path / "line.csv"
    line.write_text("x0,x1\n0,0\n1,1\n2,2\n")
    data = ("--data", tmp_path / "d.csv", "--x", "a,b,c", "--y", "y", "--out", tmp_path / "out")
    for arguments, message in (
        (("draw", "cos_net", "--set", "dim=3", "--plot", picture), "a picture of fields must be of dim 1 or 2, got 3"),
        (("draw", "cos_net", "--set", "dim=2", "--points", line, "--plot", picture), "points that span the plane"),
        (("draw", "cos_net", "--plot", tmp_path / "f.jpg"), "picture must end in .png, .pdf, .svg"),
        (("modes", "landscape", "--plot", picture, "--figure-width", "8"), "figure width must be a number with cm"),
        (("posterior", "cos_net", *data, "--plot", picture), "a picture of a posterior must be of dim 1 or 2, got 3"),
        (("vacua", "cos_net", "--plot", picture), "plot needs a card with a wine bottle"),
        (("design", ROOT / "examples" / "target.csv", "--figure-width", "8.6cm"), "without --plot"),
    ):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
        assert message in result.output
    assert {path.name for path in Path(tmp_path).iterdir()} == {"d.csv", "line.csv"}
