"""M1: what tables, records and arrays are asked, made and compared."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, Raised, Subject, refuses, true

Table = dict[str, list[Any]]
Array = np.ndarray[Any, Any]
FILES = frozenset({"files"})
SIZES = (1, 2, 3, 4, 6, 8, 12, 16)
WORDS = ("a", "ü", "two words", " led by a space", "comma, inside", 'a "quote"', "two\nlines", "return\r\nand line",
         "a lone\rreturn", "007", "1_000", "nan", "-", "+1", "1e", "１２", "\u2028", "None")  # fmt: skip
"""Fields that have been read wrongly somewhere; all of them are text."""

# --- what the claims make ------------------------------------------------------------------------


def table(rng: np.random.Generator, size: int) -> tuple[Table]:
    """Columns of each type, with gaps; never a column of gaps alone, whose type the file does not say."""
    made: Table = {
        "id": [int(each) for each in rng.integers(-(10**12), 10**12, size)],
        "a, b": [float(each) for each in rng.normal(size=size) * 10.0 ** rng.integers(-200, 200, size)],
        'said "so"': [str(each) for each in rng.choice(WORDS, size)],
        "whole": [float(each) for each in rng.integers(-5, 5, size)],
    }
    for column in made.values():
        for row in np.flatnonzero(rng.random(size) < 0.2):
            column[row] = None
        if all(each is None for each in column):
            column[0] = {"id": 3, "a, b": 0.5, 'said "so"': "x", "whole": 2.0}[_name_of(made, column)]
    return (made,)


def _name_of(made: Table, column: list[Any]) -> str:
    return next(name for name, each in made.items() if each is column)


def types_of(columns: Table) -> dict[str, str]:
    return {name: next(type(each).__name__ for each in column if each is not None) for name, column in columns.items()}


def late_types(rng: np.random.Generator, size: int) -> tuple[list[str], str]:
    """Fields of one column whose type only the last of them shows, and that type."""
    kinds = [("int", "7"), ("float", "0.5"), ("float", "1e5"), ("str", "x"), ("str", "007"), ("str", "nan"),
                  ("str", "１"), ("str", "1_0"), ("str", " 1"), ("str", "+1"), ("float", "-2.50")]  # fmt: skip
    kind, last = kinds[int(rng.integers(len(kinds)))]
    first = {"int": ["", "0", "-12"], "float": ["", "3"], "str": ["", "3", "0.25"]}[kind]
    return [*(str(each) for each in rng.choice(first, size)), last], kind


def rows_of(rng: np.random.Generator, size: int) -> tuple[int, int]:
    """How many rows a table has, and the place of one of them."""
    return size + 1, int(rng.integers(size + 1))


def records(rng: np.random.Generator, size: int) -> tuple[list[dict[str, Any]]]:
    return (
        [{"text": str(rng.choice(WORDS)), "n": int(rng.integers(100)), "x": float(rng.normal()), "none": None,
          "inner": {"list": [1, 2.5, "ß\u2028"]}, "yes": bool(rng.integers(2))} for _ in range(size)],
    )  # fmt: skip


def arrays(rng: np.random.Generator, size: int) -> tuple[dict[str, Array]]:
    return (
        {
            "x": rng.normal(size=(size, 3)),
            "file": rng.integers(9, size=size),
            "small": rng.normal(size=size).astype(np.float32),
            "yes": rng.random(size) < 0.5,
            "text": np.array(["ü", "longer"]),
            "empty": np.zeros((0, 4)),
        },
    )


# --- what must hold ------------------------------------------------------------------------------


def folder(subject: Subject, **files: Any) -> tuple[Handle, Callable[[str], str]]:
    """A folder of files, whose names have _ for the dot; and the path of a name in it."""
    made = subject.new("castalia.Folder", {name.replace("_", "."): content for name, content in files.items()})
    return made, lambda name: str(made.call("place", name))


def same(got: Any, expected: Any, what: str, at: str = "") -> None:
    """Equal, and of the same types within: 1 is not 1.0."""
    where = f"{what}, at {at}," if at else what
    if isinstance(expected, dict):
        true(isinstance(got, dict), f"{where} is a dict", repr(got)[:100], "a dict")
        true(list(got) == list(expected), f"{where} has other names", list(got), list(expected))
        for name in expected:
            same(got[name], expected[name], what, f"{at}[{name!r}]")
    elif isinstance(expected, list):
        true(isinstance(got, list), f"{where} is a list", repr(got)[:100], "a list")
        true(len(got) == len(expected), f"{where} has another length", len(got), len(expected))
        for number, (mine, theirs) in enumerate(zip(got, expected, strict=True)):
            same(mine, theirs, what, f"{at}[{number}]")
    else:
        true(type(got) is type(expected) and got == expected, f"{where} differs", repr(got)[:100], repr(expected))


def comes_back(subject: Subject, columns: Table) -> None:
    made, path = folder(subject)
    subject.call("write_csv", path("a.csv"), columns)
    same(subject.call("read_csv", path("a.csv"), types_of(columns)), columns, "read_csv of what write_csv wrote")
    same(subject.call("read_csv", path("a.csv")), columns, "read_csv, with types it infers,")
    made.free()


def quoted(subject: Subject, name: str, text: str, expected: Table) -> None:
    _, path = folder(subject, a_csv=text)
    same(subject.call("read_csv", path("a.csv")), expected, f"read_csv of {name}")


def write_refuses(subject: Subject, columns: Table) -> None:
    made, path = folder(subject, a_csv="before")
    name = next(iter(columns))
    wrong: dict[str, Table] = {
        "a longer column": {**columns, name: [*columns[name], 1]},
        "no columns": {},
        "NaN": {**columns, "a, b": [math.nan] * len(columns[name])},
        "an infinity": {**columns, "a, b": [-math.inf] * len(columns[name])},
    }
    for words, each in wrong.items():
        refuses("ValueError", partial(subject.call, "write_csv", path("a.csv"), each), f"write_csv with {words}")
        got = made.call("read", "a.csv")
        true(got == "before", f"write_csv with {words} leaves the file alone", repr(got)[:100], "the file as it was")


def types_of_all_rows(subject: Subject, fields: list[str], kind: str) -> None:
    text = "name,x\n" + "".join(f"{number}_,{field}\n" for number, field in enumerate(fields))
    _, path = folder(subject, a_csv=text)
    got = subject.call("infer_types", path("a.csv"))
    same(got, {"name": "str", "x": kind}, f"infer_types of the fields {fields[-3:]}")
    read = {"int": int, "float": float, "str": str}[kind]
    expected = [read(field) if field else None for field in fields]
    same(subject.call("read_csv", path("a.csv"))["x"], expected, "read_csv's column x")


def pieces(subject: Subject, path: str, types: dict[str, str], rows: int, limit: int = 1000) -> list[Table]:
    stream, found = subject.new("stream_csv", path, types, rows), []
    try:
        for _ in range(limit):
            found.append(stream.call("__next__"))
    except Raised as error:
        if error.kind != "StopIteration":
            raise
    stream.free()
    return found


def streams_the_whole(subject: Subject, columns: Table) -> None:
    made, path = folder(subject)
    subject.call("write_csv", path("a.csv"), columns)
    types, length = types_of(columns), len(columns["id"])
    for rows in sorted({1, 2, 3, max(1, length - 1), length, length + 1}):
        found = pieces(subject, path("a.csv"), types, rows)
        expected = [{name: column[at : at + rows] for name, column in columns.items()} for at in range(0, length, rows)]
        same(found, expected, f"the pieces of {rows} rows of stream_csv")
    made.free()


def streams_lazily(subject: Subject, rows: int, _: int) -> None:
    """The end of the file is changed after the first piece was given: who reads on only when asked sees the change."""
    length = 40_000
    head = "x,y\n"
    text = head + "".join(f"{number:06d}a,0\n" for number in range(length))
    later = text[: len(text) // 2] + text[len(text) // 2 :].replace(",0\n", ",1\n")
    made, path = folder(subject, a_csv=text)
    stream = subject.new("stream_csv", path("a.csv"), {"x": "str", "y": "int"}, length // (rows + 1))
    first = stream.call("__next__")
    true(first["y"][:1] == [0], "the first piece", first["y"][:1], [0])
    made.call("write", "a.csv", later)
    last = first
    for _ in range(rows):
        last = stream.call("__next__")
    words = "stream_csv reads a piece when it is asked for it (the end of the file was changed after the first piece)"
    true(last["y"][-1] == 1, words, "the last row as it was before", "the last row as it stands in the file")
    made.free()


def stream_refuses(subject: Subject, length: int, at: int) -> None:
    rows = [f"{number},x" for number in range(length)]
    cases: list[tuple[str, str, dict[str, str], int, int]] = [("pieces of 0 rows", "a,b\n1,x\n", {}, 0, 0)]
    for words, row in (("a field too many", "1,x,2"), ("a field too few", "1")):
        wrong = [*rows[:at], row, *rows[at + 1 :]]
        cases.append((f"{words} in line {at + 2}", "\n".join(["a,b", *wrong]), {}, 2, at + 2))
    cases += [
        ("a row after one of two lines", 'a,b\n1,"x\ny"\n1\n', {}, 2, 4),
        ("two columns of one name", "a,a\n1,2\n", {"a": "int"}, 2, 0),
        ("types of other columns", "a,b\n1,x\n", {"a": "int", "c": "str"}, 2, 0),
        ("types of fewer columns", "a,b\n1,x\n", {"a": "int"}, 2, 0),
        ("an empty file", "", {}, 2, 0),
    ]
    for words, text, types, size, line in cases:
        _, path = folder(subject, a_csv=text)
        ask = partial(pieces, subject, path("a.csv"), types or {"a": "int", "b": "str"}, size, length + 3)
        refuses("ValueError", ask, f"stream_csv of {words}")
        if line:
            names_the_line(ask, line, words)


def names_the_line(ask: Callable[[], object], line: int, what: str) -> None:
    try:
        ask()
    except Raised as error:
        named = str(line) in "".join(each if each.isdigit() else " " for each in error.message).split()
        true(named, f"the message names the line ({what})", error.message[:200], f"line {line}")


def records_come_back(subject: Subject, made: list[dict[str, Any]]) -> None:
    place, path = folder(subject)
    subject.call("write_jsonl", path("a.jsonl"), made)
    text = place.call("read", "a.jsonl")
    true(text.count("\n") == len(made), "write_jsonl writes one line a record", text.count("\n"), len(made))
    true(
        [json.loads(line) for line in text.split("\n") if line] == made, "the lines as JSON", text[:200], "the records"
    )
    same(subject.call("read_jsonl", path("a.jsonl")), made, "read_jsonl of what write_jsonl wrote")
    place.call("write", "b.jsonl", text.replace("\n", "\n\n  \n"))
    same(subject.call("read_jsonl", path("b.jsonl")), made, "read_jsonl of a file with blank lines")
    place.call("write", "c.jsonl", "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in made))
    same(subject.call("read_jsonl", path("c.jsonl")), made, "read_jsonl of a file in UTF-8 from elsewhere")


def jsonl_refuses(subject: Subject, length: int, at: int) -> None:
    good = [json.dumps({"a": number}) for number in range(length)]
    for wrong in ('{"a": 1', "[1]", "3", '{"a": 1} {"a": 2}', "{'a': 1}"):
        text = "\n".join([*good[:at], wrong, *good[at + 1 :]]) + "\n"
        place, path = folder(subject, a_jsonl=text)
        ask = partial(subject.call, "read_jsonl", path("a.jsonl"))
        refuses("ValueError", ask, f"read_jsonl of the line {wrong}")
        names_the_line(ask, at + 1, wrong)
    for number in (math.nan, math.inf):
        ask = partial(subject.call, "write_jsonl", path("a.jsonl"), [{"a": 1.0}, {"a": number}])
        refuses("ValueError", ask, f"write_jsonl of {number}")
        got = place.call("read", "a.jsonl")
        true(got == text, f"write_jsonl of {number} leaves the file alone", repr(got)[:100], "the file as it was")


def arrays_come_back(subject: Subject, made: dict[str, Array]) -> None:
    place, path = folder(subject)
    for name in ("a.npz", "state"):
        subject.call("save_arrays", path(name), made)
        written = place.call("names")
        true(name in written, f"save_arrays writes {name!r}", written, name)
        identical(subject.call("load_arrays", path(name)), made, "load_arrays of what save_arrays wrote")
    with np.load(io.BytesIO(place.call("read", "state")), allow_pickle=False) as file:
        identical({each: file[each] for each in file.files}, made, "np.load of what save_arrays wrote")
    stream = io.BytesIO()
    np.savez_compressed(stream, **{name: array for name, array in made.items() if name != "file"})  # type: ignore[arg-type]
    place.call("write", "b.npz", stream.getvalue())
    rest = {name: array for name, array in made.items() if name != "file"}
    identical(subject.call("load_arrays", path("b.npz")), rest, "load_arrays of what NumPy wrote")


def identical(got: Any, expected: dict[str, Array], what: str) -> None:
    true(isinstance(got, dict), f"{what} is a dict", repr(got)[:100], "a dict")
    true(set(got) == set(expected), f"{what} has other names", sorted(got), sorted(expected))
    for name, array in expected.items():
        mine = got[name]
        true(isinstance(mine, np.ndarray), f"{what}[{name!r}] is an array", repr(mine)[:100], "an array")
        kind, wanted = (mine.dtype.str, mine.shape), (array.dtype.str, array.shape)
        true(kind == wanted, f"{what}[{name!r}] has another type or shape", kind, wanted)
        true(np.array_equal(mine, array), f"{what}[{name!r}] differs", repr(mine)[:100], repr(array)[:100])


def never_a_pickle(subject: Subject, length: int, _at: int) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.array([{"a": 1}] * length, dtype=object), y=np.zeros(2))
    made, path = folder(subject, a_npz=stream.getvalue())
    refuses("ValueError", partial(subject.call, "load_arrays", path("a.npz")), "load_arrays of a file with a pickle")
    made.free()


QUOTED: tuple[Callable[[], tuple[str, str, Table]], ...] = (
    lambda: ("a quoted comma", 'a,b\n"1,5",2\n', {"a": ["1,5"], "b": [2]}),
    lambda: ("a doubled quote", 'a\n"say ""so"""\n', {"a": ['say "so"']}),
    lambda: ("a field of two lines", 'a,b\n"x\ny",1\n', {"a": ["x\ny"], "b": [1]}),
    lambda: ("a file that begins with a byte order mark", "\ufeffid,b\n1,2\n", {"id": [1], "b": [2]}),
    lambda: ("lines that end in CR LF", "a,b\r\n1,2\r\n", {"a": [1], "b": [2]}),
    lambda: ("a last line without an end", "a,b\n1,2", {"a": [1], "b": [2]}),
    lambda: ("empty lines", "a,b\n\n1,2\n\n", {"a": [1], "b": [2]}),
    lambda: ("no rows", "a,b\n", {"a": [], "b": []}),
    lambda: ("one column with a gap", 'a\n1\n""\n3\n', {"a": [1, None, 3]}),
)


def a_quoted_one(rng: np.random.Generator, size: int) -> tuple[str, str, Table]:
    """Fields that are all quoted, with the separators in them."""
    fields = [[str(rng.choice(WORDS)) for _ in range(2)] for _ in range(size)]
    lines = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in fields]
    return (
        "quoted fields",
        "\n".join(["a,b", *lines]),
        {"a": [row[0] for row in fields], "b": [row[1] for row in fields]},
    )
