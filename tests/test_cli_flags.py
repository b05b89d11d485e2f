"""Flags drawn from schemas: names, values, files, and the words of what does not fit."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from castalia.cli.flags import read_flags, rows, take_apart
from castalia.cli.schema import fields, kebab, squeezed
from castalia.core.errors import WrongInput
from castalia.core.fields import Dataset, Image, Series, Table
from castalia.core.rows import Column, Row
from castalia.core.system import Field, Record


class Point(Record):
    x: float = Field(description="Across.")
    y: float = Field(0.0, description="Up.")


class Everything(Record):
    steps: int = Field(10, ge=1, le=100, description="How many.")
    rate: float = Field(0.1, gt=0, description="How fast.")
    shuffle: bool = Field(True, description="In a new order.")
    mode: Literal["fast", "Exact"] = Field("fast", description="How.")
    layers: tuple[int, ...] = Field((64,), description="Sizes.")
    words: tuple[str, ...] = Field((), description="Words.")
    where: Point = Field(Point(x=1.0), description="A point.")
    seed: int | None = Field(None, description="A seed.")
    either: int | str = Field(0, description="One or the other.")
    data: Dataset = Field(Dataset("telco"), description="A data set.")
    picture: Image | None = Field(None, description="A picture.")
    series: Series | None = Field(None, description="A series.")
    table: Table | None = Field(None, description="A table.")


SCHEMA = Everything.model_json_schema()


def typed(*words: str) -> dict[str, Any]:
    return read_flags(words, SCHEMA, "fit it")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--steps", "5"), {"steps": 5}),
        (("--steps=5", "--rate", "1e-3"), {"steps": 5, "rate": 0.001}),
        (("--rate", "-2"), {"rate": -2.0}),
        (("--shuffle",), {"shuffle": True}),
        (("--no-shuffle", "--steps", "1"), {"shuffle": False, "steps": 1}),
        (("--shuffle", "no"), {"shuffle": False}),
        (("--shuffle=False",), {"shuffle": False}),
        (("--mode", "exact"), {"mode": "Exact"}),
        (("--layers", "64", "--layers", "32"), {"layers": [64, 32]}),
        (("--layers", "[64, 32]"), {"layers": [64, 32]}),
        (("--layers", "64,32"), {"layers": [64, 32]}),
        (("--words", "a,b"), {"words": ["a,b"]}),
        (("--where", '{"x": 2}'), {"where": {"x": 2}}),
        (("--seed", "null"), {"seed": None}),
        (("--seed", "7"), {"seed": 7}),
        (("--either", "7", "--data", "iris"), {"either": 7, "data": "iris"}),
        (("--either", "seven"), {"either": "seven"}),
        (("--series", '{"values": [1, null]}'), {"series": {"values": [1, None]}}),
    ],
)
def test_words_become_values_that_the_record_takes(words: tuple[str, ...], expected: dict[str, Any]) -> None:
    assert typed(*words) == expected
    if expected.get("rate", 1) > 0:
        Everything.parse(expected)


@pytest.mark.parametrize("flag", ["--TotalCharges", "--total-charges", "--total_charges", "--totalcharges"])
def test_a_column_answers_to_its_own_name_and_to_words(flag: str) -> None:
    row = Row.of([Column(name="TotalCharges", kind="number"), Column(name="petal length (cm)", kind="number")])
    schema = row.model_json_schema(by_alias=True)
    assert read_flags([flag, "20"], schema, "call it") == {"TotalCharges": 20.0}
    assert read_flags(["--petal-length-cm", "1"], schema, "call it") == {"petal length (cm)": 1.0}


def test_two_columns_that_read_alike_are_told_apart_by_their_exact_names() -> None:
    row = Row.of([Column(name="a_b", kind="number"), Column(name="a-b", kind="number")])
    schema = row.model_json_schema(by_alias=True)
    assert read_flags(["--a_b", "1", "--a-b", "2"], schema, "call it") == {"a_b": 1.0, "a-b": 2.0}
    with pytest.raises(WrongInput, match="several fields"):
        read_flags(["--A-B", "1"], schema, "call it")


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_a_flag_made_from_any_name_is_found_again(name: str) -> None:
    schema = {"properties": {name: {"type": "string"}}}
    if kebab(name):
        assert read_flags([f"--{kebab(name)}=v"], schema, "call it") == {name: "v"}
    assert squeezed(kebab(name)) == squeezed(name) or not name.isascii()


def test_a_picture_is_read_here_and_travels_as_content(tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    out = io.BytesIO()
    Pillow.new("L", (3, 2)).save(out, "PNG")
    path.write_bytes(out.getvalue())
    uri = typed("--picture", str(path))["picture"]
    assert uri.startswith("data:image/png;base64,")
    assert Everything.parse({"picture": uri}).picture is not None
    assert typed("--picture", uri)["picture"] == uri


def test_a_table_is_read_from_a_file_or_from_json(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n,y\n")
    assert typed("--table", str(path)) == {"table": {"columns": {"a": [1, None], "b": ["x", "y"]}}}
    assert typed("--table", '{"columns": {"a": [1]}}') == {"table": {"columns": {"a": [1]}}}


@pytest.mark.parametrize(
    ("words", "subject", "told"),
    [
        (("--stops", "5"), "castalia fit it has no flag --stops", "Did you mean '--steps'?"),
        (("--steps",), "castalia fit it: --steps needs a value", "--steps INT"),
        (("--rate", "--steps", "5"), "castalia fit it: --rate needs a value", "--rate NUMBER"),
        (("--steps", "1", "--steps", "2"), "--steps was given 2 times", "1, 2"),
        (("--where", "{x"), "--where is not JSON", "Quote it"),
        (("--picture", "nowhere.png"), "nowhere.png is no image", "no such file"),
    ],
)
def test_what_does_not_fit_is_named(words: tuple[str, ...], subject: str, told: str) -> None:
    with pytest.raises(WrongInput) as error:
        typed(*words)
    assert error.value.subject == subject
    assert told in str(error.value)
    assert error.value.exit == 2


def test_a_text_file_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    with pytest.raises(WrongInput, match=r"notes\.png is no image"):
        typed("--picture", str(path))


@pytest.mark.parametrize("words", [("--steps", "many"), ("--rate", "nan"), ("--mode", "slow"), ("--seed", "1.5")])
def test_what_cannot_be_read_is_left_to_the_record(words: tuple[str, str]) -> None:
    values = typed(*words)
    with pytest.raises(WrongInput) as error:
        Everything.parse(values)
    assert error.value.field == words[0][2:]


def test_help_tells_bounds_choices_defaults_and_examples() -> None:
    told = dict(rows(SCHEMA))
    assert told["--steps INT"] == "How many. 1 to 100. Default: 10."
    assert told["--rate NUMBER"] == "How fast. More than 0. Default: 0.1."
    assert told["--mode fast|Exact"] == "How. Default: fast."
    assert "--shuffle, --no-shuffle" in told and "--data NAME|FILE" in told and "--picture FILE" in told
    row = Row.of([Column(name="Plan", kind="category", required=True, choices=("A", "B"), example="A")])
    assert dict(rows(row.model_json_schema()))["--plan TEXT"].endswith("Seen in training: A, B. Required. Example: A.")


def test_every_field_is_listed_with_its_default() -> None:
    assert [field.name for field in fields(SCHEMA)] == list(Everything.model_fields)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_own_flags_are_told_from_drawn_ones() -> None:
    taken = take_apart(
        ["churn", "--quick", "--trees", "5", "--as=sales", "--json"], ("--quick", "--json"), ("--as",), "fit"
    )
    assert (taken.names, taken.rest) == (["churn"], ["--trees", "5"])
    assert taken.own == {"--quick": "", "--json": "", "--as": "sales"}
    with pytest.raises(WrongInput, match="--as needs a value"):
        take_apart(["churn", "--as"], (), ("--as",), "fit")


def test_a_column_called_like_a_flag_of_the_command_has_a_flag_of_its_own() -> None:
    row = Row.of([Column(name=name, kind="integer") for name in ("json", "Input", "help", "tenure")])
    schema = row.model_json_schema()
    assert [flag.partition(" ")[0] for flag, _ in rows(schema)] == [
        "--field-json",
        "--field-input",
        "--field-help",
        "--tenure",
    ]
    typed = take_apart(["x", "--json", "--field-json", "3", "--tenure", "1"], ("--json",), ("--input",), "call")
    assert typed.own == {"--json": ""} and read_flags(typed.rest, schema, "call x") == {"json": 3, "tenure": 1}
