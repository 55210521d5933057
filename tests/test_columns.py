"""The one reader of tables: what is wrong is named, and nothing is guessed."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from nnqft_ppl import InputError, Spectrum, read_configurations
from nnqft_ppl.inference.data import read_data
from nnqft_ppl.reports.points import configurations_table
from nnqft_ppl.runtime.columns import numbers, read_columns

GOOD = "t,y\n0,1\n1,2.5\n2,1.5\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("t,y\n0,10.0,0.5\n1,10.5,0.4\n", "every row must have 2 cells, as t, y, got 3 in row 1: 0, 10.0, 0.5"),
        ("t,y\n0,1\n1\n", "every row must have 2 cells, as t, y, got 1 in row 2: 1"),
        ("t,y\n0,1\n1,2,\n", "got 3 in row 2"),
        ("t,y\n1,10.0\n2,10.5\n3,-\n", "data column 'y' must hold numbers, got '-' in row 3"),
        ("t,y\n1,10.0\n2,\n", "data must have at least 2 rows, got 1, and 1 that lack one of t, y"),
        ("t,y\n1,True\n2,False\n", "data column 'y' must hold numbers, got 'True' in row 1"),
        ("t,y\n1,1_000\n2,2\n", "data column 'y' must hold numbers, got '1_000' in row 1"),
        ("t,y\n1,1;5\n2,2\n", "data column 'y' must hold numbers, got '1;5' in row 1"),
        ("t,y\n1,nan\n2,2\n3,x\n", "data column 'y' must hold numbers, got 'x' in row 3"),
        ("t,y\n1,2\n2,-inf\n", "data column 'y' must be finite, got -inf in row 2"),
        ("t,y\n", "data must have at least 2 rows, got 0"),
        ("t,y\n0,1\n", "data must have at least 2 rows, got 1"),
        ("", "it must begin with a line of names"),
        ("t,t,y\n0,0,1\n", "names of columns must be there and differ"),
        ("t,,y\n0,0,1\n", "names of columns must be there and differ"),
        (
            "t,y\n1521537900000000000,1\n1521537900000000100,2\n",
            "must fit in double precision, got 1521537900000000100",
        ),
        ("t,y\n9007199254740993,1\n2,2\n", "must fit in double precision, got 9007199254740993 in row 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, content, message):
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_data(path, ["t"], "y")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["mean", "sd", "q0.025", "q0.975"])
def test_names_of_bands_are_taken(tmp_path, name):
    path = tmp_path / "data.csv"
    path.write_text(GOOD.replace("t,", f"{name},"))
    with pytest.raises(InputError, match=f"must not be one of mean, sd, .*, got '{name}'"):
        read_data(path, [name], "y")


def test_every_form_of_a_table_is_one_table(tmp_path, monkeypatch):
    """Plain, upper case, with a mark of byte order, blanks, Windows ends, compressed, Parquet, standard input."""
    expected = [[0.0, 1.0, 2.0], [1.0, 2.5, 1.5]]
    forms = {
        "plain.csv": GOOD.encode(),
        "UPPER.CSV": GOOD.encode(),
        "mark.csv": b"\xef\xbb\xbf" + GOOD.encode(),
        "windows.csv": GOOD.replace("\n", "\r\n").encode(),
        "blanks.csv": b" t , y \n0, 1\n\n 1 ,2.5\n2,1.5\n\n",
        "quoted.csv": b'"t","y"\n"0","1"\n"1","2.5"\n"2","1.5"\n',
        "packed.csv.gz": gzip.compress(GOOD.encode()),
        "semicolons.csv": GOOD.replace(",", ";").encode(),
        "tabs.tsv": GOOD.replace(",", "\t").encode(),
        "german.csv": b"\xef\xbb\xbf" + GOOD.replace(",", ";").replace(".", ",").replace("\n", "\r\n").encode(),
        "commas in tabs.tsv": GOOD.replace(",", "\t").replace(".", ",").encode(),
        "commas in quotes.csv": b't,y\n"0","1"\n1,"2,5"\n"2","1,5"\n',
        "excel.csv": b"sep=;\r\n" + GOOD.replace(",", ";").replace(".", ",").encode(),
        "begins with a blank line.csv": b"\n" + GOOD.encode(),
    }
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
    pd.DataFrame({"t": [0, 1, 2], "y": [1.0, 2.5, 1.5]}).to_parquet(tmp_path / "table.parquet")
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD))
    for name in (*forms, "table.parquet", "-"):
        table = read_columns("-" if name == "-" else tmp_path / name, "data")
        assert [numbers(table, column, "data").tolist() for column in ("t", "y")] == expected, name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "t;y\n0,5;1.5\n1,5;2\n",
            "one decimal sign, and no sign of thousands, got '0,5' in row 1 of 't' and '1.5' in row 1",
        ),
        ("t;y\n1;1.234,5\n2;2\n", "and no sign of thousands, got '1.234,5' in row 1 of 'y'"),
        ("t;y\n1;1,234,567\n2;2\n", "data column 'y' must hold numbers, got '1,234,567' in row 1"),
        ("t\ty\n1\t1,234\n2\t5,678\n", "must say what a comma in a number means, got '1,234' in row 1 of 'y'"),
        ('t,y\n1,"1,234"\n2,5\n', "must say what a comma in a number means, got '1,234' in row 1 of 'y'"),
        ("t,y\n0,1,5\n1,2,5\n", "every row must have 2 cells, as t, y, got 3 in row 1: 0, 1, 5"),
        ("t;y\n0,5\n1,5\n", "every row must have 2 cells, as t, y, got 1 in row 1: 0,5"),
        ("t,y;z\n0,1;5\n1,2;5\n", "cells must be separated in one way, got commas and semicolons in the line of names"),
    ],
)
def test_a_comma_that_may_mean_two_things_is_one_line(tmp_path, content, message):
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_data(path, "t", "y")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_comma_is_told_by_the_other_numbers(tmp_path):
    """One number that is not of thousands tells for all; where none does, semicolons tell, and it is said."""
    path = tmp_path / "data.csv"
    path.write_text("t\ty\tword\n0,5\t1,234\ta, b\n1\t2,345\t1.5\n")
    assert read_data(path, "t", "y").y.tolist() == [1.234, 2.345]
    path.write_text("t;y\n1;1,234\n2;-2,345e1\n")
    assert read_data(path, "t", "y").y.tolist() == [1.234, -23.45]
    path.write_text('t;"height, m"\n1;1,234\n2;2,345\n')
    with pytest.warns(UserWarning, match="read as decimal signs, as in '1,234' in row 1 of 'height, m'"):
        assert read_data(path, "t", "height, m").y.tolist() == [1.234, 2.345]
    path.write_text("p;G\n0;1\n1;0,5\n2;0,1\n3;0,02\n")
    assert Spectrum.read(path)(np.array([1.0, 2.0])) == pytest.approx([0.5, 0.1], rel=1e-12)
    path.write_text("x0;x1\n0,5;1\n1,5;2\n")
    assert read_configurations(path, 2).tolist() == [[[0.5, 1.0], [1.5, 2.0]]]


def test_another_encoding_is_named(tmp_path):
    (tmp_path / "d.csv").write_bytes("Größe;y\n1;2\n".encode("cp1252"))
    with pytest.raises(InputError, match="byte 3 is not UTF-8; save the file with that encoding"):
        read_columns(tmp_path / "d.csv", "data")


def test_broken_files_are_one_line(tmp_path):
    (tmp_path / "broken.csv.gz").write_bytes(b"not gzip")
    (tmp_path / "broken.parquet").write_bytes(b"not parquet")
    (tmp_path / "bytes.csv").write_bytes(b"t,y\n\xff\xfe,1\n")
    for name in ("broken.csv.gz", "broken.parquet", "bytes.csv", "missing.csv"):
        with pytest.raises(InputError, match="must be readable CSV or Parquet") as caught:
            read_columns(tmp_path / name, "data")
        assert "\n" not in str(caught.value)


def test_points_stand_where_their_number_says(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("configuration,point,x0\n0,2,0.1\n0,0,0.0\n0,1,5.0\n1,1,8\n1,0,7\n1,2,9\n")
    assert read_configurations(path, 2)[..., 0].tolist() == [[0.0, 5.0, 0.1], [7.0, 8.0, 9.0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("configuration,point,x0\n0,1,0.1\n0,2,5\n", "must be numbered from 0 to 1, once each"),
        ("configuration,point,x0\n0,0,0.1\n0,0,5\n", "must be numbered from 0 to 1, once each"),
        ("point,x0\n0,0.1\n1,5\n", "a column point needs a column configuration"),
        ("x0,x2\n0,1\n1,2\n", "columns must include x0, x1, ..., got x0, x2"),
        ("x0,xerr\n0,1\n1,2\n", "columns must include x0, x1, ..., got x0, xerr"),
        ("x0,x1\n0,True\n1,False\n", "points column 'x1' must hold numbers, got 'True' in row 1"),
        ("x0\n0,1\n1,2\n", "every row must have 1 cells"),
    ],
)
def test_points_are_not_guessed(tmp_path, content, message):
    path = tmp_path / "points.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_configurations(path, 2)
    assert message in str(caught.value)


def test_the_tables_of_the_program_come_back(tmp_path):
    """What `configurations_table` makes is read equal, from CSV and from Parquet, in any order of rows."""
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    table = configurations_table(x).sample(frac=1.0, random_state=1)
    table.to_csv(tmp_path / "points.csv", index=False)
    table.to_parquet(tmp_path / "points.parquet")
    for name in ("points.csv", "points.parquet"):
        back = read_configurations(tmp_path / name, 4)
        assert sorted(map(str, back.tolist())) == sorted(map(str, x.tolist())), name


def test_targets_are_read_by_the_same_rules(tmp_path):
    path = tmp_path / "target.csv"
    path.write_text("p,G\n0,1,2\n1,.5\n")
    with pytest.raises(InputError, match="every row must have 2 cells, as p, G, got 3 in row 1"):
        Spectrum.read(path)


def test_parquet_of_other_types(tmp_path):
    """Booleans with gaps, no rows, and a configuration that is missing: each is named."""
    path = tmp_path / "data.parquet"
    pd.DataFrame({"t": [0.0, 1.0, 2.0], "y": pd.Series([True, None, False], dtype=object)}).to_parquet(path)
    with pytest.raises(InputError, match="data column 'y' must hold numbers, got True in row 1"):
        read_data(path, ["t"], "y")
    assert len(numbers(pd.DataFrame({"y": np.zeros(0, dtype=bool)}), "y", "data")) == 0
    pd.DataFrame({"configuration": [0.0, np.nan], "x0": [1.0, 2.0]}).to_parquet(path)
    with pytest.raises(InputError, match="column configuration must have no missing values, got one in row 2"):
        read_configurations(path, 2)
