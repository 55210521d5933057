"""A user's data on the command line: from a CSV file to results, and one clear line for whatever is wrong."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import ROOT
from scipy.stats import norm
from typer.testing import CliRunner

from nnqft_ppl import InputError, first_order, limit_posterior, load, to_toml
from nnqft_ppl.cli.app import app
from nnqft_ppl.inference.data import read_data
from nnqft_ppl.inference.places import about, places
from nnqft_ppl.runtime.checkpoint import Checkpoint

pytestmark = pytest.mark.usefixtures("quick_compilation")

NILE = ROOT / "examples" / "nile.csv"


def cli(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_limit_needs_no_chains(tmp_path):
    """`--limit` writes the exact bands at N = infinity, and takes neither a picture nor what is to be inferred."""
    start = ("posterior", "cauchy", "--data", NILE, "--x", "year", "--y", "volume", "--noise", 120, "--limit")
    result = cli(*start, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["bands.csv"]
    bands: Any = pd.read_csv(tmp_path / "out" / "bands.csv")
    data = read_data(NILE, "year", "volume")
    at = data.to_points(bands[["year"]].to_numpy())
    limit = limit_posterior(load("cauchy"), data.points, data.values, 120 / data.y_scale, at)
    deviation = data.y_scale * np.sqrt(np.diag(limit.covariance))
    assert bands["mean"].to_numpy() == pytest.approx(data.to_values(limit.mean), rel=1e-12)
    assert bands["q0.975"].to_numpy() == pytest.approx(data.to_values(limit.mean) + 1.959964 * deviation, rel=1e-6)
    picture = cli(*start, "--out", tmp_path / "no", "--plot", tmp_path / "p.png")
    assert "--limit writes bands.csv and no picture; leave --plot out" in picture.output
    inferred = cli(*start, "--out", tmp_path / "no", "--infer", "mass")
    assert "the limit N -> infinity must have known hyperparameters, got laws of mass" in inferred.output


@pytest.mark.slow
def test_the_nile(tmp_path):
    """All results are written and the fall of the river is in them, although --strict calls the short chains short."""
    out, data = tmp_path / "nile", tmp_path / "nile.csv"
    pd.read_csv(NILE).iloc[::2].to_csv(data, index=False)
    result = cli("posterior", "cauchy", "--data", data, "--x", "year", "--y", "volume", "--width", 20, "--draws", 90, "--warmup", 50, "--strict", "--out", out)  # fmt: skip
    assert result.exit_code == 1, result.output  # 360 draws are fewer than an ESS of 400
    assert "NOT converged: " in result.output
    assert "worst R-hat" in result.output
    assert "% of the values in the 50 % band" in result.output
    assert {f.name for f in out.iterdir()} == {"posterior.nc", "summary.csv", "bands.csv", "posterior.png"}
    bands: Any = pd.read_csv(out / "bands.csv")
    early, late = (bands.query(q)["mean"].mean() for q in ("1875 < year < 1895", "1905 < year < 1960"))
    assert early - late > 100  # the fall of 1898, about 250 in the raw means


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n2,\n3,a\n", "data column 'y' must hold numbers, got 'a' in row 3"),
        ("x,y\n1,2\n2,nan\n", "data must have at least 2 rows, got 1, and 1 that lack one of x, y"),
        ("x,y\n1,2\n2,inf\n3,1\n", "data column 'y' must be finite, got inf in row 2"),
        ("x,y\n1,2\n1,3\n", "data column 'x' must not be constant, got 1 in every row"),
        ("x,y\n2024-02-30,2\n2024-03-01,3\n", "data column 'x' must hold numbers, got '2024-02-30' in row 1"),
        ("x,y\n1,2\n2,2\n", "data column 'y' must not be constant, got 2 in every row"),
        ("x,y\n1,2\n", "data must have at least 2 rows, got 1"),
        ("x,z\n1,2\n2,3\n", "data column must be one of x, z, got 'y'"),
        ("x,y\n1,a\n2,b\n", "data column 'y' must hold numbers, got 'a' in row 1"),
    ],
)
def test_bad_data_is_one_line(tmp_path, text, message):
    (tmp_path / "d.csv").write_text(text)
    result = cli("posterior", "cauchy", "--data", tmp_path / "d.csv", "--x", "x", "--y", "y", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--noise", "-1"], "noise must be positive and finite, got -1.0"),
        (["--noise", "0"], "noise must be positive and finite, got 0.0"),
        (["--noise", "inf"], "noise must be positive and finite, got inf"),
        (["--infer", "masss"], "a hyperparameter to infer must be one of sigma_a, mass, got 'masss'"),
        (["--sampler", "hmc"], "sampler must be one of nuts, gibbs, got 'hmc'"),
        (["--width", "0"], "Cauchy: width must be"),
        (["--draws", "3"], "draws must be at least 4, got 3"),
        (["--chains", "0"], "chains must be at least 1, got 0"),
        (["--x", ""], "data columns must be one or more for x and another for y, got '' and 'volume'"),
        (["--x", "volume"], "data columns must be one or more for x and another for y, got 'volume' and 'volume'"),
        (["--data", "none.csv"], "data file 'none.csv' must be readable CSV"),
        (["--x", "year,volume", "--y", "other"], "data column must be one of year, volume, got 'other'"),
    ],
)
def test_bad_options_are_one_line(tmp_path, options, message):
    """Whatever is wrong, one line says so and nothing is written."""
    result = cli("posterior", "cauchy", "--data", NILE, "--x", "year", "--y", "volume", "--out", tmp_path / "out", *options)  # fmt: skip
    assert result.exit_code == 2, result.output
    (line,) = result.output.splitlines()
    assert line.startswith(f"error: {message}") or f": {message}" in line
    assert not [f for f in tmp_path.rglob("*") if f.is_file()]


@pytest.mark.slow
def test_compare_ranks(tmp_path):
    """A card and the text of a theory, of a short series: what is said of each, and one row each in the table."""
    few = tmp_path / "few.csv"
    pd.read_csv(NILE).head(12).to_csv(few, index=False)
    file = tmp_path / "theory.toml"
    file.write_text(to_toml(load("cauchy", width=2, mass=3.0)))  # the same program
    start = ["compare", "cauchy", "--data", few, "--x", "year", "--y", "volume"]
    short = ["--widths", 2, "--draws", 50, "--warmup", 25, "--noise", 100]
    result = cli(*start, "--theory", file, *short, "--out", tmp_path / "ranks.csv")
    assert result.exit_code == 0, result.output
    assert "1 of 2: cauchy N=2 ..." in result.output
    assert result.output.count("worst R-hat") == 2
    table = pd.read_csv(tmp_path / "ranks.csv", index_col=0)
    assert set(table.index) == {"cauchy N=2", str(file)}
    assert set(table) >= {"elpd", "dse", "weight", "large_k", "converged"}
    assert table["elpd"].is_monotonic_decreasing
    assert "chains that have not converged cannot be ranked" in result.output  # 200 draws are fewer than 400
    for options, message in (
        (["--widths", "2,x"], "widths must be positive whole numbers, separated by commas, got '2,x'"),
        (["--widths", "0"], "widths must be positive whole numbers"),
        (["--widths", "2"], "compare needs at least two theories or widths, got cauchy N=2"),
        (["--widths", "2,5", "--out", tmp_path / "no" / "ranks.csv"], "output file must be in a folder that exists"),
    ):
        result = cli(*start, *options)
        assert result.exit_code == 2
        assert message in result.output


@pytest.mark.parametrize("verb", [limit_posterior, first_order])
@pytest.mark.parametrize(
    ("values", "noise", "message"),
    [
        ([1.0], 0.5, r"values must have shape \(2,\), got \(1,\)"),
        ([[1.0, 2.0]], 0.5, r"values must have shape \(2,\), got \(1, 2\)"),
        ([1.0, np.nan], 0.5, r"values must be finite, got nan at index \(1,\)"),
        ([1.0, 2.0], [0.5], r"noise must be one number or have shape \(2,\), got \(1,\)"),
        ([1.0, 2.0], -0.5, r"noise must be positive and finite, got -0.5"),
    ],
)
def test_data_of_the_limit_are_checked(verb, values, noise, message):
    with pytest.raises(InputError, match=message):
        verb(load("cos_net"), [[0.0], [1.0]], values, noise, [[0.5]])


def test_an_interrupted_command_says_what_is_kept(monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nnqft_ppl.inference.data.read_data", interrupted)
    monkeypatch.chdir(tmp_path)
    options = ["--data", NILE, "--x", "year", "--y", "volume"]
    Checkpoint(tmp_path / "kept" / ".partial", {}).save({"done": 7}, (7, 20, "steps of the toy"), final=True)
    result = cli("posterior", "cauchy", *options, "--out", tmp_path / "kept")
    assert result.output == "interrupted; kept 7 of 20 steps of the toy: the same command goes on from there\n"
    result = cli("posterior", "cauchy", *options)
    assert result.exit_code == 130
    assert result.output == "interrupted; nothing half-done was written\n"
    assert cli("compare", "cauchy", *options).output == "interrupted; nothing half-done was written\n"


S = ("--width", 3, "--chains", 2, "--warmup", 5, "--draws", 20)


def test_data_as_people_have_them(tmp_path):
    """Gaps are left out and rows keep their numbers, replicates stay, dates count in days, errors belong to values."""
    path = tmp_path / "d.csv"
    path.write_text("day,y,e\n1958-03-29,1,0.1\n1958-04-05T12:00,,0.1\nNA,3,0.1\n1958-04-05,2,0.2\n1958-04-05,4,0.9\n")
    found = read_data(path, ["day"], "y", "e")
    assert found.left_out == 2
    assert found.dated == (True,)
    assert np.array_equal(found.x[:, 0] - found.x[0, 0], [0.0, 7.0, 7.0])
    assert np.array_equal(found.y, [1.0, 2.0, 4.0])
    assert found.errors == pytest.approx(np.array([0.1, 0.2, 0.9]) / np.std([1.0, 2.0, 4.0]))
    assert str(found.axis(found.x[:, 0])[0]) == "1958-03-29T00:00:00"
    pd.DataFrame({"t": pd.to_datetime(["2020-01-01T00:00", "2020-01-02T12:00"]), "y": [1.0, 2.0]}).to_parquet(
        tmp_path / "d.parquet"
    )
    assert np.ptp(read_data(tmp_path / "d.parquet", ["t"], "y").x) == 1.5
    path.write_text("x,y,e\n1,1,0.1\n2,2,0\n")
    with pytest.raises(InputError, match="data column 'e' must be positive, got 0 in row 2"):
        read_data(path, ["x"], "y", "e")


def test_replicates_with_errors_are_two_observations():
    """Given y at one point twice, the limit is that of the weighted average, whose error is 1/sqrt(sum 1/e^2)."""
    net = load("cauchy")
    both = limit_posterior(net, [[0.0], [0.0], [1.0]], [1.0, 2.0, 0.5], [0.5, 1.0, 0.3], [[0.4]])
    error = (1 / 0.5**2 + 1 / 1.0**2) ** -0.5
    mean = (1.0 / 0.5**2 + 2.0 / 1.0**2) * error**2
    one = limit_posterior(net, [[0.0], [1.0]], [mean, 0.5], [error, 0.3], [[0.4]])
    assert both.mean == pytest.approx(one.mean, rel=1e-12)
    assert both.covariance == pytest.approx(one.covariance, rel=1e-12)


def table(path, text):
    path.write_text(text)
    return path


def test_standard_units_have_one_scale_for_all_axes_and_components(tmp_path):
    """Mean 0 of every column, deviation 1 of the widest, and back; switched off, nothing is moved."""
    path = table(tmp_path / "d.csv", "a,b,u,v,e\n0,10,1,5,1\n1,14,2,5,2\n5,12,6,5,3\n")
    found = read_data(path, ["a", "b"], ["u", "v"], "e")
    assert np.std(found.points, axis=0) == pytest.approx([1.0, np.std([0, 4, 2]) / np.std([0, 1, 5])])
    assert np.abs(np.mean(found.points, axis=0)).max() < 1e-15
    assert found.values == pytest.approx(np.stack([(np.array([1, 2, 6]) - 3) / np.std([1, 2, 6]), np.zeros(3)], 1))
    assert found.errors == pytest.approx(np.array([1, 2, 3]) / np.std([1, 2, 6]))
    assert found.to_values(found.values) == pytest.approx(found.y)
    assert found.spread == 1.0
    plain = read_data(path, ["a", "b"], "u", standardise=False)
    assert plain.values.tolist() == [1.0, 2.0, 6.0]
    assert np.array_equal(plain.points, [[0, 10], [1, 14], [5, 12]])
    assert plain.spread == pytest.approx(np.std([1, 2, 6]))
    assert read_data(path, "a", "v", standardise=False).y.tolist() == [5.0, 5.0, 5.0]  # constant, and nothing divides
    with pytest.raises(InputError, match="data column 'v' must not be constant, got 5 in every row"):
        read_data(path, "a", ["v"])


def test_places_are_those_that_are_asked_for(tmp_path):
    """A grid has its ends and its count, dates too; a file has the columns by their names, in any order."""
    data = read_data(table(tmp_path / "d.csv", "a;b;y\n0;1,5;2\n4;2,5;3\n"), ["a", "b"], "y")
    assert places("0:1:2,-1:1:3", data).tolist() == [[0, -1], [0, 0], [0, 1], [1, -1], [1, 0], [1, 1]]
    assert places(str(table(tmp_path / "at.csv", "b,z,a\n1,2,3\n4,5,6\n")), data).tolist() == [[3, 1], [6, 4]]
    dated = read_data(table(tmp_path / "t.csv", "t,y\n2024-01-01,2\n2024-03-01,3\n"), "t", "y")
    week = places("2024-02-26:2024-03-04:8", dated)
    assert [str(day)[:10] for day in dated.axis(week[:, 0])][2:5] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert len(about(dated)) == 161
    for at, found, message in (
        ("0:1:2", data, "a grid must have an axis for each of a, b, got '0:1:2'"),
        ("0:1:2,0:1:99999", data, "a grid must have 1 to 10000 points, got 2 x 99999"),
        ("0:1:0,0:1:2", data, "a grid must have 1 to 10000 points, got 0 x 2"),
        ("0:z:2,0:1:2", data, "points column 'a' must hold numbers, got 'z' in row 2"),
        ("0:1:2", dated, "points column 't' must hold dates, as the data do, got '0'"),
        (str(tmp_path / "t.csv"), data, "points column 'a' must be there, got t, y"),
        (str(table(tmp_path / "none.csv", "a,b\n")), data, "points must have at least 1 row"),
        ("missing.csv", data, "points file 'missing.csv' must be readable CSV or Parquet"),
    ):
        with pytest.raises(InputError) as caught:
            places(at, found)
        assert message in str(caught.value)


@pytest.mark.parametrize("name", ["quantity", "r_hat", "component", "point", "chain"])
def test_names_of_results_are_taken(tmp_path, name):
    with pytest.raises(InputError, match=f"must not be one of .*, which name .*, got '{name}'"):
        read_data(table(tmp_path / "d.csv", f"{name},y\n0,1\n1,2\n"), name, "y")


@pytest.mark.slow
def test_results_are_in_the_units_of_the_file(tmp_path):
    """A field of two components at the points of its data, from a file of semicolons and decimal commas.

    What the tree says of its own values must be what SciPy says of them: log N(y; phi, noise^2), all in the file's
    units. Bands and summary say the same of the tree, by the file's x.
    """
    t, rng = np.arange(5.0), np.random.default_rng(3)
    u, v = 300.0 + 40.0 * np.sin(t), -70.0 + 4.0 * rng.normal(size=5)
    rows = [f"{1900 + 10 * a:g};{b:.3f};{c:.2f}".replace(".", ",") for a, b, c in zip(t, u, v, strict=True)]
    path = table(tmp_path / "d.csv", "\n".join(["year;u;v", *rows]))
    out, picture = tmp_path / "out", tmp_path / "two.pdf"
    result = cli("posterior", "vector", "--data", path, "--x", "year", "--y", "u,v", *S, "--out", out, "--at", path, "--plot", picture, "--figure-width", "8.6cm")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(b"%PDF")
    tree: Any = xr.open_datatree(out / "posterior.nc", engine="h5netcdf")
    phi, y, noise = tree["posterior/phi"], tree["observed_data/y"], tree["posterior/noise"]
    assert phi.dims == ("chain", "draw", "point", "component")
    assert phi["year"].to_numpy().tolist() == [1900, 1910, 1920, 1930, 1940]
    assert phi["component"].to_numpy().tolist() == ["u", "v"]
    assert y.to_numpy() == pytest.approx(np.stack([u, v], axis=1), abs=5e-3)
    log_y = norm.logpdf(y.to_numpy(), phi.to_numpy(), noise.to_numpy()[:, :, None, None])
    assert tree["log_likelihood/y"].to_numpy() == pytest.approx(log_y, rel=1e-9)
    drawn = tree["posterior_predictive/y"].to_numpy() - phi.to_numpy()  # noise of its own size: 400 numbers of each z
    assert 0.8 < np.std(drawn / noise.to_numpy()[:, :, None, None]) < 1.2
    bands: Any = pd.read_csv(out / "bands.csv").set_index(["year", "component"])
    assert bands["mean"].to_numpy() == pytest.approx(phi.mean(("chain", "draw")).to_numpy().ravel())
    summary: Any = pd.read_csv(out / "summary.csv")
    assert list(summary)[:3] == ["quantity", "year", "component"]
    at = summary.query("quantity == 'phi' and year == 1920 and component == 'v'").iloc[0]
    assert (at["mean"], at["sd"]) == pytest.approx((bands.loc[(1920, "v"), "mean"], bands.loc[(1920, "v"), "sd"]))
    square = summary.query("quantity == 'phi^2' and year == 1940 and component == 'u'").iloc[0]
    assert square["mean"] == pytest.approx(float((phi[..., 4, 0] ** 2).mean()))
    (said,) = summary.query("quantity == 'noise'")["mean"]
    assert said == pytest.approx(float(noise.mean()))
    message = "--y must name a column for each of 2 components, got v"
    assert message in cli("posterior", "vector", "--data", path, "--x", "year", "--y", "v", "--out", out).output


@pytest.mark.slow
def test_gaps_dates_and_errors_on_the_command_line(tmp_path):
    path, out = tmp_path / "d.csv", tmp_path / "out"
    path.write_text("day,y,e\n1958-03-29,1,0.1\n1958-04-05,,0.1\n1958-04-12,2,0.2\n1958-04-12,4,0.9\n")
    start = ("posterior", "cos_net", "--data", path, "--x", "day", "--y", "y", *S, "--out", out)
    result = cli(*start, "--y-error", "e", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["bands"][0]["day"].startswith("1958-03-27")
    assert document["convergence"]["converged"] is False
    assert str(out / "bands.csv") in document["wrote"]
    assert "left out 1 of 4 rows, in which a cell is missing" in result.output
    assert "day: in days, standardised by" in result.output
    assert str(pd.read_csv(out / "bands.csv")["day"][0]).startswith("1958-03-27")
    assert (
        "noise must be given by --noise or by --y-error, got both: 0.1 and e"
        in cli(*start, "--y-error", "e", "--noise", "0.1").output
    )
