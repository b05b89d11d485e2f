"""Reading whole and in pieces, writing and reading back, for all formats."""

from __future__ import annotations

import datetime
import gzip
import io
import math
import string
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from castalia.core.errors import CastaliaError, NotFound, TooLarge, Unavailable, WrongInput
from castalia.core.table import MAX_CELLS, Table
from castalia.kit import tabular
from castalia.kit.tabular.columns import plain

FORMATS = ["csv", "tsv", "jsonl", "npz", "parquet"]
LIMIT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _parquet(request: pytest.FixtureRequest) -> None:
    if "parquet" in request.node.name:
        pytest.importorskip("pyarrow")


def same(a: Table, b: Table) -> None:
    """Equal names, types and values; nan equals nan."""
    assert list(a.columns) == list(b.columns)
    for name in a.columns:
        x, y = np.asarray(a.columns[name]), np.asarray(b.columns[name])
        assert x.dtype == y.dtype, name
        if x.dtype == object:
            assert x.tolist() == y.tolist(), name
            assert list(map(type, x)) == list(map(type, y)), name
        else:
            np.testing.assert_array_equal(x, y)
            np.testing.assert_array_equal(np.signbit(x), np.signbit(y))


def concat(pieces: list[Table]) -> Table:
    return Table({name: np.concatenate([piece.columns[name] for piece in pieces]) for name in pieces[0].columns})


# --- any table ----------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
CELLS = {
    "number": st.floats(allow_nan=False),
    "whole": st.integers(-(2**53) + 1, 2**53 - 1),
    "wide": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "text": words
    | st.sampled_from(["NA", "", " a ", "007", "12", "true", "null", '"', "a,b", "a\nb", "\r", "2026-01-01"]),
    "date": st.dates(datetime.date(1900, 1, 1)),
    "time": st.datetimes(datetime.datetime(1900, 1, 1)),
}


@st.composite
def tables(draw: st.DrawFn, *, rows: int = 8) -> dict[str, list[object]]:
    count = draw(st.integers(1, rows))
    names = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=len(names), max_size=len(names)))
    gaps = st.integers(0, 3)
    return {
        name: [None if draw(gaps) == 0 else draw(CELLS[kind]) for _ in range(count)]
        for name, kind in zip(names, kinds, strict=True)
    }


@pytest.mark.parametrize("fmt", FORMATS)
@LIMIT
@given(table=tables(), packed=st.booleans())
def test_what_is_written_comes_back_or_is_refused(fmt, table, packed, tmp_path):
    path = tmp_path / f"t.{fmt}{'.gz' if packed else ''}"
    try:
        tabular.write(table, path)
    except WrongInput as error:
        assert fmt in ("csv", "tsv") or (fmt == "jsonl" and error.cure), error
        assert not path.exists() and error.got and error.expected and error.cure
        return
    back = tabular.read(path)
    assert list(back.columns) == list(table)
    for name, values in table.items():
        expected = plain(name, values).as_read()
        found = np.asarray(back.columns[name])
        if any(value is not None for value in values):
            assert found.dtype == expected.dtype
        for given_, value in zip(values, found.tolist(), strict=True):
            if given_ is None:
                assert value is None or math.isnan(value)
            elif isinstance(given_, datetime.date):
                assert value == given_.isoformat()
            elif isinstance(given_, int) and isinstance(value, str):
                assert value == str(given_)
            else:
                assert value == given_
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    path.unlink()


@pytest.mark.parametrize("fmt", FORMATS)
@LIMIT
@given(table=tables(), data=st.data())
def test_streaming_equals_whole_for_any_size_of_pieces(fmt, table, data, tmp_path):
    path = tmp_path / f"t.{fmt}"
    try:
        tabular.write(table, path, check=False)
        whole = tabular.read(path, delimiter="," if fmt == "csv" else "")
    except WrongInput:
        assert fmt in ("csv", "tsv")  # a name or a text that a delimited file cannot hold
        return
    count = len(whole)
    for rows in range(1, count + 4):
        pieces = list(tabular.stream(path, rows, delimiter="," if fmt == "csv" else ""))
        assert [len(piece) for piece in pieces[:-1]] == [rows] * (len(pieces) - 1)
        same(concat(pieces), whole)
    limit = data.draw(st.integers(0, count + 1))
    columns = data.draw(st.permutations(list(whole.columns)))[: data.draw(st.integers(1, len(whole.columns)))]
    options = {"limit": limit, "columns": columns, "delimiter": "," if fmt == "csv" else ""}
    first = tabular.read(path, **options)
    assert list(first.columns) == columns and len(first) == min(limit, count)
    same(concat(list(tabular.stream(path, 2, **options))), first)


@LIMIT
@given(
    text=st.text(st.sampled_from(string.digits + 'a.-+eE,"\n tru'), max_size=60),
    rows=st.integers(1, 8),
)
def test_streaming_equals_whole_for_any_text(text, rows):
    data = ("a,b\n" + text).encode()
    try:
        whole = tabular.read(data, format="csv", delimiter=",")
    except CastaliaError:
        with pytest.raises(CastaliaError):
            list(tabular.stream(data, rows, format="csv", delimiter=","))
        return
    same(concat(list(tabular.stream(data, rows, format="csv", delimiter=","))), whole)


def test_a_kind_that_the_last_row_decides_holds_for_the_first_piece():
    data = b"a,b,c\n" + b"1,1,\n" * 50 + b"x,2.5,7\n"
    first = next(tabular.stream(data, 3, format="csv"))
    assert first.columns["a"].tolist() == ["1"] * 3
    assert first.columns["b"].dtype == float and np.isnan(first.columns["c"]).all()


# --- kinds, columns, missing ---------------------------------------------------------------------


def test_given_kinds_need_one_pass_and_are_checked():
    data = b"zip,n,ok,day\n01234,1,true,2026-01-31\n5,NA,FALSE,\n"
    kinds = {"zip": "text", "n": "integer", "ok": "boolean", "day": "date"}
    table = tabular.read(data, format="csv", kinds=kinds)
    assert table.columns["zip"].tolist() == ["01234", "5"]
    assert table.columns["ok"].tolist() == [True, False]
    assert table.columns["day"].tolist() == ["2026-01-31", None]
    same(table, concat(list(tabular.stream(data, 1, format="csv", kinds=kinds))))
    assert tabular.read(data, format="csv", kinds={"zip": "number"}).columns["zip"].tolist() == [1234.0, 5.0]
    assert {c.name: c.kind for c in tabular.describe(data, format="csv", columns=["ok", "n"])} == {
        "ok": "boolean", "n": "integer",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("x", "number"), ("1_0", "number"), ("\u0661", "number"), ("1.5", "integer"), ("1e300", "integer"),
     ("inf", "integer"), ("yes", "boolean"), ("1/2/2026", "date"), ("2026-02-30", "date")],
)  # fmt: skip
@pytest.mark.parametrize("fmt", ["csv", "jsonl", "npz", "parquet"])
def test_a_cell_of_another_kind_is_named(cell, kind, fmt, tmp_path):
    path = tmp_path / f"t.{fmt}"
    tabular.write({"k": ["a", "b"], "v": [None, cell]}, path, check=False)
    with pytest.raises(WrongInput) as caught:
        list(tabular.stream(path, 1, kinds={"v": kind}))
    where = {"csv": "t.csv:3: ", "jsonl": "t.jsonl:2: "}.get(fmt, f"t.{fmt}, row 2: ")
    assert caught.value.subject.startswith(where), caught.value
    assert caught.value.got == repr(cell) and caught.value.expected and caught.value.cure
    assert caught.value.field == "kinds"


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_column_of_any_format_can_be_read_as_text(fmt, tmp_path):
    path = tmp_path / f"t.{fmt}"
    tabular.write({"v": [1, 20, None], "w": [1.5, -0.0, None], "b": [True, False, None]}, path)
    table = tabular.read(path, kinds={"v": "text", "w": "text", "b": "text"})
    assert table.columns["v"].tolist() == ["1", "20", None]
    assert table.columns["w"].tolist() == ["1.5", "-0.0", None]
    assert table.columns["b"].tolist() == ["true", "false", None]


def test_words_for_missing_can_be_chosen():
    data = b"country,n\nNA,1\n,2\nDE,-1\n"
    assert tabular.read(data, format="csv").columns["country"].tolist() == [None, None, "DE"]
    assert tabular.read(data, format="csv", missing=()).columns["country"].tolist() == ["NA", None, "DE"]
    gone = tabular.read(data, format="csv", missing=["-1", "DE"])
    assert gone.columns["country"].tolist() == ["NA", None, None]
    assert gone.columns["n"].tolist()[:2] == [1, 2] and math.isnan(gone.columns["n"][2])
    lines = b'{"a": "NA"}\n{"a": ""}\n{"a": null}\n'
    assert tabular.read(lines, format="jsonl").columns["a"].tolist() == ["NA", "", None]
    assert tabular.read(lines, format="jsonl", missing=["NA", ""]).columns["a"].tolist() == [None] * 3


@pytest.mark.parametrize("fmt", ["npz", "parquet"])
def test_words_for_missing_in_typed_files(fmt, tmp_path):
    path = tmp_path / f"t.{fmt}"
    tabular.write({"a": ["NA", "", "x", None]}, path)
    assert tabular.read(path).columns["a"].tolist() == ["NA", "", "x", None]
    assert tabular.read(path, missing=["NA"]).columns["a"].tolist() == [None, "", "x", None]


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_table_without_rows(fmt, tmp_path):
    path = tmp_path / f"t.{fmt}"
    empty = {"a": np.array([]), "b": np.array([], object)}
    if fmt == "jsonl":
        with pytest.raises(WrongInput, match="would not give back the table"):
            tabular.write(empty, path)
        return
    tabular.write(empty, path)
    table = tabular.read(path)
    assert list(table.columns) == ["a", "b"] and len(table) == 0
    (piece,) = tabular.stream(path, 5)
    same(piece, table)


# --- what is read from ----------------------------------------------------------------------------


def test_paths_bytes_and_files_are_the_same(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,x\n2,y\n")
    whole = tabular.read(path)
    with path.open("rb") as file:
        same(tabular.read(file), whole)
        assert not file.closed
    for source, fmt in [(str(path), ""), (path.read_bytes(), "csv"), (io.BytesIO(path.read_bytes()), "csv"),
                        (bytearray(path.read_bytes()), "csv"), (gzip.compress(path.read_bytes()), "csv"),
                        (io.BytesIO(gzip.compress(path.read_bytes())), "csv")]:  # fmt: skip
        same(tabular.read(source, format=fmt), whole)
        same(concat(list(tabular.stream(source if not isinstance(source, io.BytesIO) else path, 1, format=fmt))), whole)


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_long_stream_is_kept_on_disk_and_packed_files_are_read(fmt, tmp_path, monkeypatch):
    monkeypatch.setattr("castalia.kit.tabular.content.IN_MEMORY", 100)
    path = tmp_path / f"t.{fmt}"
    tabular.write({"n": np.arange(500) / 7, "t": [f"word {i}" for i in range(500)]}, path)
    whole = tabular.read(path)
    with path.open("rb") as file:
        same(concat(list(tabular.stream(file, 64))), whole)
    packed = tmp_path / f"t.{fmt}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    same(concat(list(tabular.stream(packed, 64))), whole)


def test_what_cannot_be_read_from(tmp_path):
    for source, kind in [(tmp_path / "no.csv", NotFound), (tmp_path, NotFound), (5, WrongInput), (None, WrongInput)]:
        with pytest.raises(kind) as caught:
            tabular.read(source)
        assert caught.value.got and caught.value.expected and caught.value.cure
    with pytest.raises(WrongInput, match="opened as text"):
        tabular.read(io.StringIO("a,b\n"), format="csv")
    with pytest.raises(WrongInput, match="no format"):
        tabular.read(b"a,b\n1,2\n")


OPTIONS = [
    ({"format": "csvv"}, "Did you mean 'csv'"),
    ({"format": "csv", "columns": ["agee"]}, "Did you mean 'age'"),
    ({"format": "csv", "columns": "age"}, "a list of names"),
    ({"format": "csv", "columns": []}, "at least one"),
    ({"format": "csv", "columns": ["age", "age"]}, "each once"),
    ({"format": "csv", "limit": -1}, "whole number"),
    ({"format": "csv", "limit": True}, "whole number"),
    ({"format": "csv", "delimiter": ",,"}, "one character"),
    ({"format": "csv", "kinds": {"agee": "text"}}, "Did you mean 'age'"),
    ({"format": "csv", "kinds": {"age": "integr"}}, "Did you mean 'integer'"),
    ({"format": "csv", "rows": 0}, "from 1"),
    ({"format": "csv", "rows": 2.5}, "from 1"),
]


@pytest.mark.parametrize(("options", "said"), OPTIONS)
def test_a_wrong_option_is_named(options, said):
    with pytest.raises(WrongInput) as caught:
        tabular.stream(b"age,plan\n1,x\n", **options)
    error = caught.value
    assert said in str(error) and error.got and error.expected and error.cure and error.field


# --- files that are no tables, and bombs ----------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8", "UTF-16"),
        (b"\xff\xfea\x00,\x00b\x00\n\x00x", "UTF-16"),
        (b"\xef\xbb\xbf", "empty"),
        (b",".join(b"c%d" % i for i in range(20_001)) + b"\n", "too wide"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "cannot be read as a row"),
    ],
)
def test_a_text_that_is_no_table(data, said):
    with pytest.raises(CastaliaError, match=said) as caught:
        tabular.read(data, format="csv")
    assert caught.value.got and caught.value.expected


def npz(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})
    return out.getvalue()


def zipped(packing: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (npz(a=np.array([{}, None], object)), "Python objects"),
        (npz(a=np.zeros((2, 2))), "shape"),
        (npz(a=np.float64(1)), "shape"),
        (npz(a=np.zeros(2), b=np.zeros(3)), "different lengths"),
        (npz(a=np.zeros(2, complex)), "complex128"),
        (npz(a=np.array([b"x"])), "S1"),
        (npz(a=np.zeros(2, [("x", "f8")])), "numbers, text"),
        (npz(), "no arrays"),
        (b"", "zip"),
        (b"PK\x03\x04 nothing", "zip"),
        (npz(a=np.arange(9))[:-30], "zip"),
        (zipped(a=b"not an array"), "magic"),
        (zipped(a=header((10**12,))), "bytes for 1,000,000,000,000 values"),
        (zipped(a=header((10**15,), "<U0")), "bytes for"),
        (zipped(a=header((-1,))), "bytes for"),
        (zipped(zipfile.ZIP_LZMA, a=header((0,))), "another way"),
        (npz(**{"a": np.zeros(3), ".missing/a": np.zeros(3)}), "marks of type"),
        (npz(a=np.array(["2026-01-01T00:00:00.000000001"], "M8[ns]")), "microsecond"),
    ],
)  # fmt: skip
def test_npz_that_is_no_table(data, said):
    with pytest.raises(WrongInput, match="(?s)" + said) as caught:
        tabular.read(data, format="npz")
    error = caught.value
    assert error.got and error.expected and error.cure


def test_a_flipped_byte_in_npz_is_damage():
    data = bytearray(npz(a=np.arange(1000.0)))
    data[4000] ^= 255
    with pytest.raises(WrongInput, match="damaged at 'a'"):
        tabular.read(bytes(data), format="npz")


def test_npz_of_numpy_is_read():
    dates = np.array(["2026-01-31", "NaT"], "M8[D]")
    times = np.array(["2026-01-31T10:00:00.5", "2026-01-31T10:00"], "M8[ns]")
    data = npz(f=np.float32([0.1, np.nan]), i=np.array([1, 2], ">i2"), b=[True, False], u=["é", ""], d=dates, t=times)
    table = tabular.read(data, format="npz")
    assert table.columns["f"].dtype == float and table.columns["f"][0] == np.float32(0.1)
    assert table.columns["i"].tolist() == [1, 2] and table.columns["b"].tolist() == [True, False]
    assert table.columns["u"].tolist() == ["é", ""] and table.columns["d"].tolist() == ["2026-01-31", None]
    assert table.columns["t"].tolist() == ["2026-01-31T10:00:00.500000", "2026-01-31T10:00:00"]


def test_bombs_are_too_large(tmp_path):
    zeros = np.zeros(12_000_000)  # 96 MB in about 93 kB
    out = io.BytesIO()
    np.savez_compressed(out, a=zeros)
    packed = gzip.compress(b"a,b\n" + b"0,0\n" * 25_000_000, 9)
    for data, fmt, options in [
        (out.getvalue(), "npz", {}),
        (packed, "csv", {}),
        (gzip.compress((b'{"a": "' + b"x" * 10_000 + b'"}\n') * 8_000, 9), "jsonl", {}),
        (npz(a=np.zeros(1000)), "npz", {"max_bytes": 1000}),
        (gzip.compress(npz(a=np.zeros(1000))), "npz", {"max_bytes": 1000}),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 1000), "csv", {"max_bytes": 1000}),
        (io.BytesIO(b"a,b\n" + b"1,2\n" * 1000), "csv", {"max_bytes": 1000}),
    ]:
        with pytest.raises(TooLarge) as caught:
            tabular.read(data, format=fmt, **options)
        assert caught.value.got and caught.value.expected and caught.value.cure


def test_a_parquet_of_repetitions_is_too_large(tmp_path):
    pa = pytest.importorskip("pyarrow")

    path = tmp_path / "t.parquet"
    index = pa.array(np.zeros(MAX_CELLS + 1, np.int8))
    pa.parquet.write_table(pa.table({"a": pa.DictionaryArray.from_arrays(index, ["x" * 1000])}), path)
    assert path.stat().st_size < 1 << 22
    with pytest.raises(TooLarge, match=r"at most 20,000,000 cells"):
        tabular.read(path)
    assert len(next(tabular.stream(path, 1000))) == 1000
    with pytest.raises(TooLarge, match="holds too much"):
        tabular.read(path, max_bytes=1000)


def test_a_table_past_the_cells_is_refused_though_its_kinds_are_given(monkeypatch):
    monkeypatch.setattr("castalia.kit.tabular.reading.MAX_CELLS", 100)
    data = b"a,b\n" + b"1,2\n" * 60
    for kinds in ({}, {"a": "number", "b": "number"}):
        with pytest.raises(TooLarge, match=r"60 rows of 2 columns"):
            tabular.read(data, format="csv", kinds=kinds)
        with pytest.raises(TooLarge, match="fewer rows"):
            tabular.stream(data, 10_000, format="csv", kinds=kinds)
        assert len(tabular.read(data, format="csv", kinds=kinds, limit=50)) == 50
        assert len(tabular.read(data, format="csv", kinds=kinds, columns=["a"])) == 60
        assert len(list(tabular.stream(data, 50, format="csv", kinds=kinds))) == 2


# --- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"a": ["NA", "b"]}, "'a', row 1"),
        ({"a": ["b", ""]}, "'a', row 2"),
        ({"a": ["1", "2"]}, "'a', row 1"),
        ({"a": ["b", " b"]}, "'a', row 2"),
        ({"a": ["true"]}, "'a', row 1"),
        ({" a": ["x"]}, "names"),
        ({"": ["x"]}, "names"),
        ({"1": [1], "2": [2]}, "the table"),
        ({"a": ["x\0"]}, "the table"),
        ({"a;b": ["1;2"]}, "names"),
        ({"a": ["x" * 200_000]}, "the table"),
    ],
)
def test_what_csv_cannot_hold_is_refused_and_can_be_forced(table, what, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"old")
    with pytest.raises(WrongInput) as caught:
        tabular.write(table, path)
    error = caught.value
    assert "would not give back" in error.subject and what in error.subject and "jsonl" in error.cure
    assert error.got and error.expected and path.read_bytes() == b"old"
    tabular.write(table, path, check=False)
    assert path.read_bytes() != b"old"
    for other in ("jsonl", "npz", "parquet"):
        if "\0" in str(table["a"][0]) if "a" in table else False:
            continue
        tabular.write(table, tmp_path / f"t.{other}")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"a": [1, "x"]}, "int, str"),
        ({"a": [True, 1]}, "bool, int"),
        ({"a": [[1], [2]]}, "list"),
        ({"a": [b"x"]}, "bytes"),
        ({"a": [2**70]}, "64 bits"),
        ({"a": [2**60 + 1, 0.5]}, "float64"),
        ({"a": np.zeros((2, 2))}, "shape"),
        ({"a": [1 + 2j]}, "complex"),
        ({"a": [1], "b": [1, 2]}, "equal length"),
        ({"a": ["\udce4"]}, "halves of characters"),
        ({}, "no columns"),
        (5, "no table"),
    ],
)
def test_what_cannot_be_written(table, said, tmp_path):
    with pytest.raises(WrongInput, match="(?s)" + said) as caught:
        tabular.write(table, tmp_path / "t.jsonl")
    assert caught.value.got and caught.value.expected and caught.value.cure
    assert list(tmp_path.iterdir()) == []


def test_writing_where_it_cannot_be(tmp_path):
    with pytest.raises(NotFound, match="no folder"):
        tabular.write({"a": [1]}, tmp_path / "no" / "t.csv")
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(Unavailable, match=r"t\.csv cannot be written"):
        tabular.write({"a": [1]}, tmp_path / "t.csv")
    with pytest.raises(WrongInput, match="format"):
        tabular.write({"a": [1]}, tmp_path / "t.xlsx")


def test_an_uneven_text_column_is_too_large_for_npz(tmp_path):
    with pytest.raises(TooLarge, match="uneven"):
        tabular.write({"a": ["x" * 10_000] + ["y"] * 9_999}, tmp_path / "t.npz")


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_same_table_makes_the_same_bytes(fmt, tmp_path):
    for name in ("a", "b"):
        tabular.write({"n": [1.5, None], "t": ["x", None]}, tmp_path / f"{name}.{fmt}.gz")
    assert (tmp_path / f"a.{fmt}.gz").read_bytes() == (tmp_path / f"b.{fmt}.gz").read_bytes()


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_frames_are_written(library, fmt, tmp_path):
    module = pytest.importorskip(library)
    columns = {
        "n": [1.5, None, -2.0], "i": [1, 2, 3], "t": ["a", None, "c d"], "b": [True, False, True],
        "d": [datetime.datetime(2026, 1, 31, 10, 0), None, datetime.datetime(2026, 2, 1, 0, 0, 0, 5)],
    }  # fmt: skip
    frame = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    path = tmp_path / f"t.{fmt}"
    tabular.write(frame, path)
    same(tabular.read(path), Table({name: plain(name, values).as_read() for name, values in columns.items()}))


@pytest.mark.parametrize("reader", ["pandas", "polars", "pyarrow", "numpy"])
def test_others_read_what_is_written(reader, tmp_path):
    module = pytest.importorskip(reader)
    columns = {"n": [1.5, None, 1e300], "t": ['a,"b"\n', "é", "x;y"], "i": [1, -2, 2**40]}
    for fmt in FORMATS:
        tabular.write(columns, tmp_path / f"t.{fmt}", check=False)
    if reader == "pandas":
        frames = [module.read_csv(tmp_path / "t.csv"),
                  module.read_csv(tmp_path / "t.tsv", sep="\t"),
                  module.read_json(tmp_path / "t.jsonl", lines=True, precise_float=True),
                  module.read_parquet(tmp_path / "t.parquet")]  # fmt: skip
        found = [{name: frame[name].tolist() for name in frame} for frame in frames]
    elif reader == "polars":
        frames = [module.read_csv(tmp_path / "t.csv"), module.read_ndjson(tmp_path / "t.jsonl"),
                  module.read_parquet(tmp_path / "t.parquet")]  # fmt: skip
        found = [frame.to_dict(as_series=False) for frame in frames]
    elif reader == "pyarrow":
        found = [module.parquet.read_table(tmp_path / "t.parquet").to_pydict()]
    else:
        with np.load(tmp_path / "t.npz", allow_pickle=False) as arrays:
            found = [{name: arrays[name].tolist() for name in columns}]
    for each in found:
        assert each["t"] == columns["t"] and each["i"] == columns["i"]
        assert each["n"][::2] == columns["n"][::2] and (each["n"][1] is None or math.isnan(each["n"][1]))


def test_infinity_is_valid_json(tmp_path):
    import json

    path = tmp_path / "t.jsonl"
    tabular.write({"a": [math.inf, -math.inf, None]}, path)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    lines = [json.loads(line, parse_constant=refuse)["a"] for line in path.read_text().splitlines()]
    assert lines == [math.inf, -math.inf, None]


# --- bad rows --------------------------------------------------------------------------------------


def test_bad_rows_are_set_aside_with_line_reason_and_text():
    data = b'a,b\n1,2\n1,2,3\n4,5\n"x"y,1\nshort\n6,7\n'
    for rows in (1, 2, 100):
        bad: list[tabular.BadRow] = []
        table = concat(list(tabular.stream(data, rows, format="csv", quarantine=bad)))
        assert table.columns["a"].tolist() == [1, 4, 6]
        assert [(row.line, row.text) for row in bad] == [(3, "1,2,3"), (5, ""), (6, "short")]
        assert all(row.reason for row in bad)
    lines = b'{"a": 1}\n{"a": [1]}\nnothing\n{"a": 2, "b": "x"}\n'
    bad = []
    table = tabular.read(lines, format="jsonl", quarantine=bad)
    assert table.columns["a"].tolist() == [1, 2] and table.columns["b"].tolist() == [None, "x"]
    assert [(row.line, row.text) for row in bad] == [(2, '{"a": [1]}'), (3, "nothing")]


def test_too_many_bad_rows_end_the_reading():
    bad: list[tabular.BadRow] = []
    with pytest.raises(TooLarge, match="Too many rows"):
        tabular.read(b"a,b\n1,2\n" + b"1\n" * 10_001, format="csv", quarantine=bad)
    assert len(bad) == 10_000


# --- memory, imports --------------------------------------------------------------------------------

PEAK = """
import sys, tracemalloc
from castalia.kit import tabular
path, rows = sys.argv[1], int(sys.argv[2])
for piece in tabular.stream(path, rows, limit=rows): pass  # what is imported on use
tracemalloc.start()
count = sum(len(piece) for piece in tabular.stream(path, rows))
peak = tracemalloc.get_traced_memory()[1]
if path.endswith("parquet"):
    import pyarrow
    peak += pyarrow.default_memory_pool().max_memory()
print(count, peak)
"""


def peak(path: Path, rows: int) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path), str(rows)], capture_output=True, text=True, check=True, timeout=50
    )
    count, bytes_ = done.stdout.split()
    return int(count), int(bytes_)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", ["csv", "csv.gz", "jsonl", "npz", "parquet"])
def test_memory_grows_with_the_pieces_and_not_with_the_file(fmt, tmp_path):
    count, rows = 12_000 if fmt in ("npz", "parquet") else 1_500, 150  # the short file is longer than any buffer
    rng = np.random.default_rng(0)
    for name, times in (("short", 1), ("long", 10)):
        n = count * times
        texts = [f"{i:08} " + "word " * 200 for i in range(n)]
        table = {"n": rng.normal(size=n), "i": rng.integers(0, 9, n), "t": texts}
        tabular.write(table, tmp_path / f"{name}.{fmt}", check=False)
    short, long = peak(tmp_path / f"short.{fmt}", rows), peak(tmp_path / f"long.{fmt}", rows)
    wide = peak(tmp_path / f"long.{fmt}", rows * 20)
    assert (short[0], long[0], wide[0]) == (count, count * 10, count * 10)
    assert long[1] <= 1.2 * short[1], (short, long)
    assert wide[1] >= 2 * long[1], "a larger piece needs more: the measure sees what it should"


def test_importing_tabular_is_light():
    code = "import sys; from castalia.kit import tabular; print(*sorted(m.split('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "polars", "pyarrow", "pydantic", "scipy", "sklearn"} & set(loaded)
    code = code.replace("print", "tabular.read(b'a,b\\n1,x\\n', format='csv'); print")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "polars", "pyarrow", "scipy", "sklearn"} & set(loaded)
