"""Tables: what is written is read back equal, whole or not at all; files that break a rule say which."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from nnqft_ppl import InputError, correlators, load, read_configurations, read_table, write_table
from nnqft_ppl.reports.points import configurations_table
from nnqft_ppl.reports.schemas import SCHEMAS
from nnqft_ppl.runtime.files import write_atomically

X = np.random.default_rng(1).normal(size=(5, 4, 2))


@pytest.fixture(scope="module")
def table():
    return correlators(load("alpha_scalar", dim=2, width=3), X, orders=(2, 4), draws=200, seed=3)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_round_trip(table, tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    write_table(table, path)
    pd.testing.assert_frame_equal(read_table(path), table, check_exact=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_envelope_named_1_stays_text(tmp_path):
    table = correlators(load("cos_net", width=3), X[..., :1], orders=(2,), draws=200)
    write_table(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table, check_exact=True)


def test_parquet_carries_meanings_and_provenance(table, tmp_path):
    path = tmp_path / "table.parquet"
    write_table(table, path)
    schema = pq.read_schema(path)
    assert schema.field("mcse").metadata[b"meaning"].startswith(b"Monte Carlo standard error")
    stored = json.loads(schema.metadata[b"nnqft_ppl"])
    assert stored["schema"] == "correlators"
    assert stored["theory"] == repr(load("alpha_scalar", dim=2, width=3))
    assert set(stored["batch"]) == {"neuron"}
    assert read_table(path).attrs["provenance"] == table.attrs["provenance"]


def test_points_stand_in_a_table_of_their_own(tmp_path):
    points = configurations_table(X)
    write_table(points, tmp_path / "points.csv", "configurations")
    back = read_configurations(tmp_path / "points.csv", 4)
    assert (back == X).all()
    assert list(read_table(tmp_path / "points.csv", "configurations").columns) == ["configuration", "point", "x0", "x1"]


def test_reading_points(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "x.npz", configs=X)
    assert (read_configurations(tmp_path / "x.npy", 4) == X).all()
    assert (read_configurations(tmp_path / "x.npz", 4) == X).all()
    pd.DataFrame({"x0": np.arange(6.0)}).to_csv(tmp_path / "line.csv", index=False)
    assert read_configurations(tmp_path / "line.csv", 3).shape == (2, 3, 1)
    shuffled = configurations_table(X).sample(frac=1, random_state=0, ignore_index=True)
    shuffled = shuffled.sort_values("point", kind="stable", ignore_index=True)  # configurations interleaved
    shuffled.to_csv(tmp_path / "mixed.csv", index=False)
    first = shuffled["configuration"].drop_duplicates()
    assert (read_configurations(tmp_path / "mixed.csv", 4) == X[first]).all()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "must be readable CSV or Parquet: No such file"),
        ("empty.csv", "", "must begin with a line of names"),
        ("names.csv", "a,b\n1,2\n", r"columns must include x0, x1, ..., got a, b"),
        ("text.csv", "x0\nhello\n", "column .x0. must hold numbers, got .hello. in row 1"),
        ("ragged.csv", "configuration,x0\n0,1\n0,2\n1,3\n", r"same number of points, got \[1, 2\]"),
        ("odd.csv", "x0\n1\n2\n3\n", "must be a positive multiple of 2, got 3"),
        ("broken.npz", "PK not a zip", "must be a readable CSV, npy or npz"),
        ("broken.npy", "no array", "must be a readable CSV, npy or npz"),
    ],
)
def test_points_files_that_cannot_be_read(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        read_configurations(path, 2)
    assert "\n" not in str(error.value)


def test_truncated_parquet(table, tmp_path):
    path = tmp_path / "table.parquet"
    write_table(table, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="must be readable Parquet or CSV"):
        read_table(path)


def test_a_table_that_breaks_its_schema(table, tmp_path):
    path = tmp_path / "table.parquet"
    with pytest.raises(InputError, match="column 'mcse' must be present"):
        write_table(table.drop(columns="mcse"), path)
    with pytest.raises(InputError, match="column 'order' must be of type Int64"):
        write_table(table.assign(order="four"), path)
    with pytest.raises(InputError, match="column 'extra' must hold numbers or strings"):
        write_table(table.assign(extra=[[1]] * len(table)), path)
    with pytest.raises(InputError, match=r"must end in .parquet or .csv"):
        write_table(table, tmp_path / "table.xlsx")
    with pytest.raises(InputError, match="folder that exists"):
        write_table(table, tmp_path / "nowhere" / "table.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("old")

    def fail(target):
        target.write_text("half")
        raise OSError("disk full")

    with pytest.raises(InputError, match="cannot be written: disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.csv"]


def test_every_column_says_what_it_means():
    assert all(column.meaning for schema in SCHEMAS.values() for column in schema.values())
