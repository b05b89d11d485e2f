"""Reading tables: what people's files look like, and what is said when they cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from castalia.core.errors import CastaliaError, TooLarge, WrongInput
from castalia.kit import tabular
from castalia.kit.tabular import delimited
from castalia.kit.tabular import rows as table
from castalia.kit.tabular.content import Content, chunks
from castalia.kit.tabular.formats import format_of, rows_of, stem


def read(text, fmt="csv", name="mine.csv"):
    content = Content.of(name, text.encode() if isinstance(text, str) else text)
    rows = rows_of(content, fmt)
    shape = rows.shape()
    return rows.arrays(shape), {c.name: c for c in shape.columns()}, shape


def kinds(text, fmt="csv"):
    return {name: column.kind for name, column in read(text, fmt)[1].items()}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_line_ends_and_encodings_are_found(mark, end, encoding):
    lines = ["näme,count,when", "\u00e9a,1,2026-01-31", "b,2,2026-02-01", '"c, d; e|f\tg",3,2026-02-02']
    text = end.join([line.replace(",", mark) for line in lines[:3]] + [lines[3].replace('g",3,', f'g"{mark}3{mark}')])
    arrays, columns, _ = read((text + end).encode(encoding))
    assert list(columns) == ["näme", "count", "when"]
    assert arrays["näme"].tolist() == ["éa", "b", "c, d; e|f\tg"]
    assert arrays["count"].tolist() == [1, 2, 3] and columns["count"].kind == "integer"
    assert arrays["when"].tolist()[0] == "2026-01-31" and columns["when"].kind == "date"


def test_latin_1_is_read_and_said_aloud():
    arrays, _, shape = read("stadt,n\nMünchen,1\n".encode("latin-1"))
    assert arrays["stadt"][0] == "München"
    assert shape.notes == ("not UTF-8: read as Latin-1",)
    late = b"a,b\n" + (b"x" * 1000 + b",1\n") * 1100 + b"\xfc,2\n"  # past the first piece that is looked at
    assert read(late)[2].notes and read(late)[0]["a"][-1] == "ü"


def test_windows_1252_is_read_where_its_marks_occur():
    arrays, _, shape = read("a,b\n1,“x” – €\n".encode("cp1252"))
    assert arrays["b"][0] == "“x” – €" and shape.notes == ("not UTF-8: read as Windows-1252",)
    late = b"a,b\n\xfc,1\n" + (b"x" * 1000 + b",1\n") * 1100 + b"\x80,2\n"  # past the first piece that is looked at
    assert read(late)[0]["a"][[0, -1]].tolist() == ["ü", "€"]
    assert read(b"a,b\n\x80\x81,1\n")[2].notes == ("not UTF-8: read as Latin-1",), "a byte that it does not have"
    assert read("a,b\n€,1\n".encode())[2].notes == ()


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_without_a_header_is_read_with_names(ending):
    from castalia.kit import tabular

    text = b"39,State-gov,77516\n50,Private,83311\n38,Private,215646\n"
    data = gzip.compress(text) if ending else text
    kept = tabular.read(data, format="csv", names=["age", "work", "weight"])
    assert kept.columns["age"].tolist() == [39, 50, 38] and kept.columns["work"][0] == "State-gov"
    pieces = list(tabular.stream(data, 2, format="csv", names=["age", "work", "weight"], columns=["weight"]))
    assert [piece.columns["weight"].tolist() for piece in pieces] == [[77516, 83311], [215646]]
    assert [each.name for each in tabular.describe(data, format="csv", names=["a", "b", "c"])] == ["a", "b", "c"]
    with pytest.warns(tabular.Headless, match="holds numbers") as told:
        tabular.read(b"39,State-gov,13\n50,Private,13\n", format="csv")
    assert told[0].filename == __file__
    for names in (["a"], ["a", "b", "b"], ["a", "b", ""], "abc", ["a", "b", 3]):
        with pytest.raises(WrongInput) as error:
            tabular.read(text, format="csv", names=names)
        assert error.value.field == "names"
    with pytest.raises(WrongInput, match="names are for CSV"):
        tabular.read(b'{"a": 1}\n', format="jsonl", names=["a"])
    with pytest.raises(WrongInput, match="names="):
        tabular.read(b"1,2\n3,4\n", format="csv")


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_a_short_file_is_walked_through_once_and_reads_as_a_long_one(fmt, monkeypatch):
    from castalia.kit import tabular

    rows = [(i, f"n {i % 7}", i % 3 == 0, None if i % 11 == 0 else i / 7) for i in range(3000)]
    if fmt == "csv":
        text = "i,name,b,x\n" + "".join(f"{i},{n},{str(b).lower()},{'' if x is None else x}\n" for i, n, b, x in rows)
    else:
        text = "".join(json.dumps(dict(zip("inbx", row, strict=True))) + "\n" for row in rows)
    walks, chunks_of = [], table.Rows._chunks
    monkeypatch.setattr(table.Rows, "_chunks", lambda self, size: (walks.append(size), chunks_of(self, size))[1])
    monkeypatch.setattr(table, "CHUNK_ROWS", 700)

    def once():
        walks.clear()
        bad = []
        return tabular.read(text.encode() + b'"', format=fmt, quarantine=bad).columns, len(bad), len(walks)

    short = once()
    monkeypatch.setattr(table, "KEPT_LETTERS", 20_000)
    long = once()
    monkeypatch.setattr(table, "KEPT_CELLS", 6_000)
    third = once()
    assert (short[1:], long[1:], third[1:]) == ((1, 1), (1, 2), (1, 2))
    for name, column in short[0].items():
        np.testing.assert_array_equal(column, long[0][name])
        assert column.dtype == long[0][name].dtype and len(column) == 3000
    assert len(list(tabular.stream(text.encode(), 50, format=fmt))) == 60


@pytest.mark.parametrize("header", ["id,2022,2023", "0,1,x", "name,5", "a,b"])
def test_whole_numbers_that_rise_are_names(header):
    import warnings

    from castalia.kit import tabular

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tabular.read(f"{header}\n1,2,3\n"[: None if header.count(",") == 2 else -3].encode() + b"\n", format="csv")


def test_semicolons_win_over_decimal_commas():
    arrays, columns, _ = read("a;b\n1,5;x\n2,5;y\n")
    assert arrays["a"].tolist() == ["1,5", "2,5"] and columns["a"].kind == "category"


def test_a_column_alone_and_blank_lines():
    arrays, _, shape = read("value\n1\n\n2\n\n")
    assert arrays["value"].tolist() == [1, 2] and shape.rows == 2


def test_a_quoted_field_may_hold_line_ends_and_doubled_quotes():
    arrays, _, _ = read('a,b\n"two\nlines","say ""hi"""\nplain,x\n')
    assert arrays["a"].tolist() == ["two\nlines", "plain"] and arrays["b"][0] == 'say "hi"'


@pytest.mark.parametrize(
    ("text", "place", "got"),
    [
        ("a,b\n1,2\n1,2,3\n", "mine.csv:3", "3 fields"),
        ("a,b\n1,2\n1\n", "mine.csv:3", "1 fields"),
        ('a,b\n"x\ny",2\n1,2,3\n', "mine.csv:4", "3 fields"),
        ("a,b\n\n\n1,2\n1\n", "mine.csv:5", "1 fields"),
        ('a,b\n1,2\n1,"open\n3,4\n', "mine.csv:3", "end of data"),
        ('a,b\n1,"x"y\n', "mine.csv:2", "expected after"),
        ("1,2\n3,4\n", "mine.csv:1", "only numbers"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(text, place, got):
    with pytest.raises(WrongInput) as caught:
        read(text)
    assert caught.value.subject.startswith(place + " ")
    assert got in caught.value.got and caught.value.expected and caught.value.cure


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"a,b\n1,\x00\n", "zero byte"),
        (b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00", "zero byte"),
    ],
)
def test_what_is_no_table_is_called_so(data, what):
    with pytest.raises(WrongInput, match=what):
        read(data)


def test_names_that_are_missing_or_twice_are_made_and_said():
    arrays, _, shape = read("id,,id,id_2,\n1,2,3,4,5\n")
    assert list(arrays) == ["id", "column_2", "id_3", "id_2", "column_5"]
    assert len(shape.notes) == 3 and all("called" in note for note in shape.notes)


def test_missing_markers_depend_on_what_the_column_holds():
    arrays, columns, _ = read("n,c,d,b\n1,x,2026-01-01,true\n?,?,NA,False\n ,N/A,,\nNone,None,-,none\n")
    assert np.isnan(arrays["n"]).tolist() == [False, True, True, True]
    assert arrays["c"].tolist() == ["x", "?", None, "None"]
    assert arrays["d"].tolist() == ["2026-01-01", None, None, None]
    assert arrays["b"].tolist() == [True, False, None, None]
    assert [c.kind for c in columns.values()] == ["integer", "category", "date", "boolean"]
    assert not any(c.required for c in columns.values())


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "+3"], "integer"),
        (["1", "2.0"], "number"),
        (["1e3", "2"], "number"),
        (["1", "inf"], "number"),
        (["0.5", "-0.5"], "number"),
        (["0", "10"], "integer"),
        (["007", "123"], "category"),
        (["1_000", "2_000"], "category"),
        (["\u0661", "\u0662"], "category"),
        (["9007199254740993", "1"], "category"),
        (["true", "FALSE"], "boolean"),
        (["yes", "no"], "category"),
        (["2026-01-31", "2026-02-01T10:00:00Z"], "date"),
        (["2026-02-30", "2026-01-01"], "category"),
        (["1/2/2026", "3/4/2026"], "category"),
        (["", ""], "text"),
        ([f"id{i}" for i in range(30)], "text"),
        ([f"g{i % 30}" for i in range(300)], "category"),
        ([f"g{i % 31}" for i in range(300)], "text"),
        (["x" * 300, "y"], "text"),
    ],
)
def test_kinds(cells, kind):
    assert kinds("a,b\n" + "".join(f"{cell},x\n" for cell in cells))["a"] == kind


def test_a_kind_is_decided_by_the_whole_column():
    n = table.CHUNK_ROWS + 5
    arrays, columns, shape = read("a,b\n" + "1,2\n" * n + "x,3.5\n")
    assert shape.rows == n + 1
    assert columns["a"].kind == "category" and arrays["a"].tolist() == ["1"] * n + ["x"]
    assert columns["b"].kind == "number" and arrays["b"][-1] == 3.5
    assert (columns["b"].minimum, columns["b"].maximum) == (2.0, 3.5)


def test_a_column_is_described_as_a_form_needs_it():
    _, columns, _ = read("age,plan,note\n30,basic,\n41,gold,x\n25,basic,y\n")
    age, plan = columns["age"], columns["plan"]
    assert (age.minimum, age.maximum, age.required, age.example) == (25, 41, True, 30)
    assert isinstance(age.example, int)
    assert (plan.choices, plan.example) == (("basic", "gold"), "basic")
    assert columns["note"].required is False


def test_json_lines():
    lines = [{"a": 1, "zip": "01234", "ok": True}, {"a": 2.5, "b": None, "ok": False}, {"zip": "12"}]
    arrays, columns, _ = read("\n".join(map(json.dumps, lines)) + "\n\n", "jsonl")
    assert list(arrays) == ["a", "zip", "ok", "b"]
    assert arrays["a"].tolist()[:2] == [1, 2.5] and math.isnan(arrays["a"][2])
    assert arrays["zip"].tolist() == ["01234", None, "12"] and columns["zip"].kind == "category"
    assert arrays["ok"].tolist() == [True, False, None]


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        "{",
        '{"a": [1]}',
        '{"a": {"b": 1}}',
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        '{"a": ' + "9" * 5000 + "}",
        "\udce4",
    ],
)
def test_a_bad_json_line_is_named(line):
    with pytest.raises(WrongInput, match=r"mine\.csv:2 "):
        read(b'{"a": 1}\n' + line.encode("utf-8", "surrogateescape") + b"\n", "jsonl")


def test_parquet_means_the_same_as_csv(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    import datetime

    made = pa.table(
        {
            "n": [1.5, None, float("nan")],
            "i": pa.array([1, 2, None], pa.int32()),
            "c": pa.array(["x", "y", "x"]).dictionary_encode(),
            "zip": ["01", "02", None],
            "day": [datetime.date(2026, 1, 31), None, datetime.date(2026, 2, 1)],
            "ok": [True, None, False],
        }
    )
    sink = io.BytesIO()
    parquet.write_table(made, sink)
    arrays, columns, _ = read(sink.getvalue(), "parquet", "mine.parquet")
    assert {n: c.kind for n, c in columns.items()} == {
        "n": "number", "i": "integer", "c": "category", "zip": "category", "day": "date", "ok": "boolean",
    }  # fmt: skip
    assert np.isnan(arrays["n"]).tolist() == [False, True, True]
    assert arrays["day"].tolist() == ["2026-01-31", None, "2026-02-01"]
    for damaged in (sink.getvalue()[:-10], b"PAR1" + b"x" * 50, b"nothing"):
        with pytest.raises(WrongInput, match=r"mine\.parquet"):
            read(damaged, "parquet", "mine.parquet")
    nested = io.BytesIO()
    parquet.write_table(pa.table({"l": [[1], [2]]}), nested)
    with pytest.raises(WrongInput, match="no plain value in 'l'"):
        read(nested.getvalue(), "parquet")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_what_csv_writes_is_read_back(rows, end):
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("first col", "second col"), *rows])
    content = Content.of("t.csv", out.getvalue().encode())
    back = [tuple(cells) for _, cells in delimited.read(content, delimiter=",").lines()]
    assert back == [(a.strip(), b.strip()) for a, b in rows]


@given(st.lists(st.one_of(st.floats(allow_nan=False), st.integers(-(2**50), 2**50)), min_size=1, max_size=50))
def test_numbers_survive_to_the_last_bit(values):
    arrays, _, _ = read("v,w\n" + "".join(f"{v!r},x\n" for v in values))
    assert arrays["v"].tolist() == [float(v) for v in values]


@given(st.binary(max_size=400), st.sampled_from(["csv", "tsv", "jsonl"]))
def test_arbitrary_bytes_make_a_table_or_one_of_our_errors(data, fmt):
    try:
        arrays, _, shape = read(data, fmt)
    except CastaliaError as error:
        assert error.subject
    else:
        assert all(len(column) == shape.rows for column in arrays.values())


def test_numbers_agree_with_pandas():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {"x": rng.normal(size=500), "n": rng.integers(0, 9, 500), "c": rng.choice(["u", "v"], 500)}
    )
    frame.loc[::7, "x"] = np.nan
    arrays, _, _ = read(frame.to_csv(index=False))
    theirs = pandas.read_csv(io.StringIO(frame.to_csv(index=False)))
    np.testing.assert_allclose(arrays["x"], theirs["x"].to_numpy(float), rtol=1e-15)
    np.testing.assert_array_equal(arrays["n"], theirs["n"].to_numpy(float))
    assert arrays["c"].tolist() == theirs["c"].tolist()


def test_formats_by_name():
    assert [format_of(n) for n in ("a.CSV", "b.tsv.gz", "c.ndjson", "d.parquet", "e.data")] == [
        "csv", "tsv", "jsonl", "parquet", "csv",
    ]  # fmt: skip
    assert stem("My.Data.csv.GZ") == "My.Data"
    for name in ("a.xlsx", "a.pkl", "a", "csv", "a.csv.zip"):
        with pytest.raises(WrongInput, match="format"):
            format_of(name)


def test_packed_content_is_unpacked_whole(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"one ") + gzip.compress(b"two ") + b"\0" * 700)
    assert b"".join(chunks(path)) == b"one two "
    big = np.random.default_rng(0).bytes(3 << 20)
    path.write_bytes(gzip.compress(big, 1))
    assert b"".join(chunks(path)) == big
    path.write_bytes(big)
    assert b"".join(chunks(path)) == big


def test_damaged_or_boundless_gzip_is_refused(tmp_path):
    path = tmp_path / "x.csv.gz"
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    flipped = bytearray(whole)
    flipped[-6] ^= 1
    for data in (whole[:-9], whole[:15], bytes(flipped), whole + b"tail"):
        path.write_bytes(data)
        with pytest.raises(WrongInput, match=r"x\.csv\.gz is damaged"):
            b"".join(chunks(path))
    path.write_bytes(gzip.compress(b"\0" * (80 << 20)))
    with pytest.raises(TooLarge, match="unpacks to far more"):
        for _ in chunks(path):
            pass
    path.write_bytes(whole)
    with pytest.raises(TooLarge, match="holds too much"):
        b"".join(chunks(path, max_bytes=1000))


def test_space_around_cells_is_kept_on_request():
    text = b"name,n\n ann ,1\n,  \n"
    assert tabular.read(text, format="csv").columns["name"].tolist() == ["ann", None]
    kept = tabular.read(text, format="csv", strip=False, kinds={"n": "text"})
    assert kept.columns["name"].tolist() == [" ann ", None] and kept.columns["n"].tolist() == ["1", "  "]
    assert tabular.describe(text, format="csv", strip=False)[0].choices == (" ann ",)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), NESTED, max_size=4), max_size=5))
def test_records_come_back_however_nested(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("records") / "a.jsonl"
    tabular.write_records(records, path)
    assert list(tabular.read_records(path)) == records
    assert list(map(json.loads, path.read_text("utf-8").split("\n")[:-1])) == records


def test_records_are_read_when_they_are_asked_for(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": [1]}\n\n[2]\n', "utf-8")
    found = tabular.read_records(path)
    assert next(found) == {"a": [1]}
    with pytest.raises(WrongInput, match=r"a\.jsonl:3 is no row") as error:
        next(found)
    assert error.value.got == "[2]" and error.value.cure
    with pytest.raises(WrongInput, match="no plain value in 'a'") as error:
        tabular.read(path)
    assert "read_records" in error.value.cure


@pytest.mark.parametrize("wrong", [{"a": math.nan}, {"a": [math.inf]}, {"a": {1, 2}}, ["a"], {"a": np.zeros(2)}])
def test_what_json_cannot_say_leaves_the_file_alone(tmp_path, wrong):
    path = tmp_path / "a.jsonl"
    path.write_text("before", "utf-8")
    with pytest.raises(WrongInput, match="record 1") as error:
        tabular.write_records([{"a": 1}, wrong], path)
    assert error.value.got and error.value.expected and error.value.cure
    assert path.read_text("utf-8") == "before" and list(tmp_path.iterdir()) == [path]


def test_arrays_of_any_shape_come_back_under_exactly_their_path(tmp_path):
    arrays = {"w": np.arange(6.0).reshape(1, 2, 3, 1), "file": np.float32(3), "none": np.zeros((0, 4)),
              "t": np.array([["ü", "long"]]), "f": np.asfortranarray(np.eye(3)), "d": np.array(["2026-01-31"], "M8[D]"),
              "a/b": np.array([True])}  # fmt: skip
    tabular.save_arrays(tmp_path / "state", arrays)
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
    found = tabular.load_arrays(tmp_path / "state")
    with np.load(tmp_path / "state", allow_pickle=False) as file:
        for name, array in arrays.items():
            for each in (found[name], file[name]):
                assert each.dtype == array.dtype and each.shape == array.shape and np.array_equal(each, array)
    assert list(found) == list(arrays)


def test_arrays_that_would_be_unpickled_or_are_damaged_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(WrongInput, match="'x' holds Python objects") as error:
        tabular.save_arrays(path, {"x": np.array([{}], object)})
    assert error.value.cure and not path.exists()
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(WrongInput) as error:
        tabular.load_arrays(path)
    assert "unpickled" in error.value.got
    tabular.save_arrays(path, {"x": np.arange(1000.0)})
    whole = path.read_bytes()
    for cut in (b"", whole[:-30], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]):
        with pytest.raises(WrongInput):
            tabular.load_arrays(cut)
    with pytest.raises(TooLarge):
        tabular.load_arrays(path, max_bytes=7999)
