"""core: records, rows, systems, fields, errors, settings."""

from __future__ import annotations

import base64
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tiers import quick_first

from castalia.core.errors import KINDS, CastaliaError, NotFound, Unavailable, WrongInput, WrongSystem, did_you_mean
from castalia.core.fields import Dataset, File, Image, Table
from castalia.core.settings import Settings
from castalia.core.system import Column, Field, Record, Row, Run, System, verb


class Params(Record):
    size: int = Field(3, ge=1, le=9, description="Size.")


class Question(Record):
    text: str = Field(examples=["a"], description="Text.")


class Reply(Record):
    text: str = Field(description="Text.")


def test_a_typo_is_an_error_with_the_near_miss() -> None:
    with pytest.raises(WrongInput) as caught:
        Params.parse({"siez": 3}, "toy")
    assert caught.value.field == "siez"
    assert "Did you mean 'size'?" in str(caught.value)


def test_every_wrong_field_is_listed() -> None:
    with pytest.raises(WrongInput) as caught:
        Params.parse({"size": 99, "colour": "red"}, "toy")
    assert {error["field"] for error in caught.value.errors} == {"size", "colour"}
    assert "less than or equal to 9" in str(caught.value.errors)


def test_a_long_value_is_not_repeated_in_an_error() -> None:
    with pytest.raises(WrongInput) as caught:
        Params.parse({"size": "x" * 10_000_000})
    assert len(str(caught.value)) < 500


def test_records_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Params().size = 4  # type: ignore[misc]


NAMES = st.text(min_size=1, max_size=20)


@pytest.mark.parametrize("examples", quick_first([25, 200], 1))
def test_rows_take_any_column_name(examples: int) -> None:
    @property_settings(max_examples=examples)
    @given(st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
    def taken(names: list[str], data: st.DataObject) -> None:
        kinds = {name: data.draw(st.sampled_from(["number", "integer", "category", "boolean"])) for name in names}
        row = Row.of([Column(name=name, kind=kinds[name], required=True) for name in names])  # type: ignore[arg-type]
        values: dict[str, Any] = {"number": 1.5, "integer": 2, "category": "x", "boolean": True}
        given_values = {name: values[kinds[name]] for name in names}
        made = row.parse(given_values)
        assert made.values() == given_values == made.plain()
        assert list(row.model_json_schema()["properties"]) == names

    taken()


def test_an_optional_column_may_be_left_out_and_a_complete_one_may_not() -> None:
    row = Row.of([Column(name="a b", kind="number", required=True), Column(name="class", kind="category")])
    assert row.parse({"a b": 1}).values() == {"a b": 1.0, "class": None}
    with pytest.raises(WrongInput) as caught:
        row.parse({"class": "x"})
    assert caught.value.field == "a b"


def test_an_unseen_category_is_accepted() -> None:
    row = Row.of([Column(name="plan", kind="category", choices=("old", "new"), example="old")])
    assert row.parse({"plan": "never seen"}).values() == {"plan": "never seen"}
    schema = row.model_json_schema()["properties"]["plan"]
    assert schema["x-choices"] == ["old", "new"] and schema["description"] and schema["examples"] == ["old"]


def make(**body: Any) -> type:
    """Define a System with this class body, the way a class statement does."""
    whole = {"__doc__": "A toy.", "QUICK": Params(), "__call__": lambda self, x: Reply(text=x.text), **body}
    whole = {name: value for name, value in whole.items() if value is not None}
    base = System[Params, Question, Reply]
    return type("Toy", (System,), {"__orig_bases__": (base,), **whole})


def test_a_right_system_is_accepted() -> None:
    toy: Any = make()
    assert toy.Input is Question and toy()(Question(text="hi")) == Reply(text="hi")
    assert toy().batch([Question(text="a")]) == [Reply(text="a")]
    assert not toy.can("fit") and not toy.can("predict")


def silent(self: Any, x: Question) -> Reply:
    return Reply(text=x.text)


def untyped(self, x):  # type: ignore[no-untyped-def]
    """Takes anything."""
    return x


async def later(self: Any, x: Question) -> Reply:
    return Reply(text=x.text)


def keeps(self: Any, folder: Path) -> None:
    """Keep nothing."""


class Bare(Record):
    naked: int = 0


class Reserved(Record):
    quick: int = Field(0, description="A flag of the shell.")


class Demanding(Record):
    size: int = Field(description="No default.")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"__doc__": None}, "docstring"),
        ({"QUICK": None}, "QUICK"),
        ({"QUICK": 3}, "QUICK"),
        ({"__call__": None}, "__call__"),
        ({"__call__": later}, "async"),
        ({"fit": lambda self, run: {}}, "save"),
        ({"fit": lambda self, run: {}, "save": keeps}, "load"),
        ({"say": verb(writes=False)(silent)}, "docstring"),
        ({"say": verb(writes=False)(untyped)}, "Annotate it with Record"),
        ({"predict": verb(writes=False)(untyped)}, "predict"),
        ({"__orig_bases__": (System[Params, int, Reply],)}, "Input is int"),  # type: ignore[type-var]
        ({"__orig_bases__": (System[Params, Bare, Reply],)}, "Input.naked has no description"),
        ({"__orig_bases__": (System[Reserved, Question, Reply],), "QUICK": Reserved()}, "'quick'"),
        ({"__orig_bases__": (System[Demanding, Question, Reply],), "QUICK": Demanding(size=1)}, "no default"),
    ],
)
def test_a_wrong_system_is_refused_by_name_with_the_cure(body: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongSystem) as caught:
        make(**body)
    assert "Toy is not a System" in caught.value.subject
    assert said in str(caught.value) and caught.value.cure


def test_a_system_without_its_types_is_refused() -> None:
    with pytest.raises(WrongSystem, match="three types"):
        type("Toy", (System,), {"__doc__": "A toy.", "QUICK": Params()})


def test_run_is_a_protocol_anybody_can_satisfy(tmp_path: Path) -> None:
    from castalia.runtime.work import Untracked

    assert isinstance(Untracked(tmp_path), Run)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_images_survive_the_round_trip(height: int, width: int, colour: bool) -> None:
    shape = (height, width, 3) if colour else (height, width)
    pixels = np.random.default_rng(height * 41 + width).integers(0, 256, shape, dtype=np.uint8)
    again = Image.of(Image.of_array(pixels).uri)
    assert np.array_equal(again.array("RGB" if colour else "L"), pixels)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "data:image/png;base64,",
        "data:image/png;base64,aGVsbG8=",
        "/etc/passwd",
        "file:///etc/passwd",
        "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode(),
        5,
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_image_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        Image.of(wrong)


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded() -> None:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(ValueError, match=r"pixels|picture"):
        Image.of(bomb)


def test_a_picture_cut_in_the_middle_is_refused_when_decoded() -> None:
    whole = Image.of_array(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).content
    with pytest.raises(WrongInput):
        Image.of(whole[: len(whole) // 2]).array("L")


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    from PIL import Image as Pillow

    path = tmp_path / "clear.png"
    Pillow.new("RGBA", (4, 4), (0, 0, 0, 0)).save(path)
    assert Image.open(path).array("L").min() == 255


def test_open_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "no.png"
    with pytest.raises(WrongInput, match=r"no\.png"):
        Image.open(path)
    path.write_bytes(b"text")
    with pytest.raises(WrongInput, match="is no image"):
        Image.open(path)


def test_a_table_is_asked_by_the_names_of_its_columns_and_shown_in_a_notebook() -> None:
    table = Table({"age": np.array([31.0, np.nan]), "<b>": ["x & y", None]})
    assert table["age"] is table.columns["age"] and list(table) == ["age", "<b>"] and "age" in table
    for wrong, words in (("agee", "Did you mean 'age'"), (0, "by its name"), (["age"], "by its name")):
        with pytest.raises(WrongInput, match=words):
            table[wrong]
    html = table._repr_html_()
    assert "<th>&lt;b&gt;</th>" in html and "<td>x &amp; y</td>" in html and "nan" not in html
    assert "2 rows, 2 columns<" in html and html.count("<tr>") == 3
    wide = Table({f"c{i}": ["<" * 500] * 5000 for i in range(40)})._repr_html_()
    assert len(wide) < 150_000 and "the first 10 and 30 are shown" in wide and "&l<" not in wide
    assert "0 rows, 0 columns" in Table({})._repr_html_()


def test_a_table_of_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(Unavailable, match="pip install pandas"):
        Table({"a": [1]}).native("pandas")
    with pytest.raises(WrongInput, match="Did you mean 'pandas'"):
        Table({"a": [1]}).native("panda")
    with pytest.raises(WrongInput, match="no such kind"):
        Table({"a": [1]}).native("antigravity")


def test_tables_come_and_go_as_they_are() -> None:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    columns = {"a": [1, 2], "b": ["x", "y"]}
    for made in (pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)):
        table = Table.of(made)
        assert type(table.native()) is type(made)
        assert table.plain() == {"columns": columns}
    assert list(Table.of(columns).rows()) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    with pytest.raises(ValueError, match="equal length"):
        Table({"a": [1], "b": [1, 2]})


@pytest.mark.parametrize("wrong", ["../x", "/etc/passwd", "A", "", "a@0", "a@x", "a b", "x" * 80])
def test_a_dataset_is_a_name_and_never_a_path(wrong: str) -> None:
    with pytest.raises(ValueError):
        Dataset(wrong)


def test_media_do_not_change_and_compare_by_content() -> None:
    first = File(b"abc")
    assert first == File(b"abc") and hash(first) == hash(File(b"abc")) and first != File(b"abd")
    with pytest.raises(AttributeError):
        first.content = b"x"  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS.values())
def test_errors_cross_a_process(kind: type[CastaliaError]) -> None:
    error = kind("subject", "got", "expected", "cure", field="f", errors=[{"field": "f", "got": "g"}])
    again = CastaliaError.of_dict(kind.__name__, error.as_dict())
    assert type(again) is kind and again.as_dict() == error.as_dict() and str(again) == str(error)
    assert error.status >= 400 and error.exit in (1, 2, 3)


def test_errors_can_be_copied_between_threads_and_pools() -> None:
    error = NotFound("subject", cure="cure")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_did_you_mean() -> None:
    assert did_you_mean("chrun", ["churn", "digits"]) == " Did you mean 'churn'?"
    assert did_you_mean("zzz", ["churn"]) == ""


def test_settings_read_the_environment() -> None:
    read = Settings.read({"CASTALIA_HOME": "/h", "CASTALIA_DATA": f"/a{os.pathsep}/b", "CASTALIA_OFFLINE": "1"})
    assert read.home == Path("/h") and read.data == (Path("/a"), Path("/b")) and read.offline
    assert Settings.read({"CASTALIA_DATA": ""}).data == ()
    assert not Settings.read({"CASTALIA_OFFLINE": "0"}).offline
