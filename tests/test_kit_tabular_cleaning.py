"""kit.tabular's cleaning, dates and texts: every notation read as meant, and everything that changed is said."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.kit import tabular
from castalia.kit.tabular import Clean, Dates, Step, Texts, Unreadable, cells, daytimes, inference
from castalia.kit.tabular.cells import boolean, decimal_mark, number, spelling
from castalia.kit.tabular.daytimes import EPOCH, MICROSECOND, moment

FEW = settings(max_examples=60, deadline=None)


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "mark", "value"),
    [
        ("12", ".", 12.0), ("-12.5", ".", -12.5), ("+3", ".", 3.0), (".5", ".", 0.5), ("1e3", ".", 1000.0),
        ("1,234", ".", 1234.0), ("1,234,567.89", ".", 1234567.89), ("1 234 567", ".", 1234567.0),
        ("1'234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("0,5", ",", 0.5), ("1.234.567", ",", 1234567.0),
        ("$5", ".", 5.0), ("5 €", ".", 5.0), ("-$5.50", ".", -5.5), ("$-5.50", ".", -5.5), ("(5)", ".", -5.0),
        ("USD 1,000", ".", 1000.0), ("12 %", ".", 0.12), ("12%", ".", 0.12), ("\u22127", ".", -7.0),
        ("1\u00a0234", ".", 1234.0), ("0", ".", 0.0), ("0.50", ".", 0.5),
        ("007", ".", None), ("1,23", ".", None), ("1.2.3", ".", None), ("12 34", ".", None), ("x", ".", None),
        ("", ".", None), ("-", ".", None), ("(5", ".", None), ("shop 3", ".", None),
        ("١٢", ".", None), ("5-6", ".", None),
        ("12:30", ".", None), ("1.234.56", ",", None), ("+", ".", None), (".", ".", None),
    ],
)  # fmt: skip
def test_numbers_in_any_notation(cell: str, mark: Any, value: float | None) -> None:
    found = number(cell, mark)
    assert (found and found[0]) == (pytest.approx(value, rel=1e-15) if value is not None else None)


@FEW
@given(st.floats(-1e12, 1e12), st.sampled_from([".", ","]))
def test_a_number_that_is_written_is_read(value: float, mark: Any) -> None:
    text = f"{value:,.2f}"
    if mark == ",":
        text = text.replace(",", "x").replace(".", ",").replace("x", ".")
    found = number(text, mark)
    assert found is not None and found[0] == float(f"{value:.2f}")


def test_units_are_named_and_must_agree() -> None:
    assert number("12 kg") == (12.0, "kg") and number("12kg") == (12.0, "kg")
    cells = ["12 kg", "13 kg", "14kg", "1.5 kg"]
    assert Clean().fit({"w": cells}).transform({"w": ["2 kg", "3kg"]})["w"].tolist() == [2.0, 3.0]
    with pytest.warns(Unreadable, match="2 lb"):
        assert np.isnan(Clean().fit({"w": cells}).transform({"w": ["2 lb"]})["w"][0])
    assert Clean().fit({"w": ["1 kg", "2 lb", "3 g"]}).states["w"].holds == "category"


def test_the_decimal_mark_is_decided_over_the_column() -> None:
    assert decimal_mark(["1,5", "1.234,5"]) == "," and decimal_mark(["1,234", "2"]) == "."
    assert decimal_mark(["1.234.567"]) == "," and decimal_mark(["1,5", "1.5"]) is None
    eu = Clean().fit({"x": ["1,5", "2.000", "3,25"]})
    assert eu.transform({"x": ["2.000", "1,5"]})["x"].tolist() == [2000.0, 1.5]
    assert Clean().fit({"x": ["1,5", "1.5", "2"]}).states["x"].holds == "category"


# --- columns -----------------------------------------------------------------------------------


def test_what_columns_hold() -> None:
    n = 40
    table = {
        "id": [f"C{i:04}" for i in range(n)],
        "row": list(range(100, 100 + n)),
        "amount": [str(i) for i in range(n - 2)] + ["n/a", " ? "],
        "mixed": [1, "2", 3.5, None] * 10,
        "member": ["yes", "No", "Y", None] * 10,
        "city": ["NY", "ny ", " Ny", "LA"] * 10,
        "note": [f"the customer said number {i} was fine" for i in range(n)],
        "since": ["2024-01-31", "2023-12-01 10:00"] * 20,
        "same": ["x"] * n,
        "none": [None] * n,
        "zip": ["01234", "99999"] * 20,
        "real": np.linspace(0, 1, n),
    }
    step = Clean().fit(table)
    held = {name: (state.holds, state.remark) for name, state in step.states.items()}
    assert held == {
        "id": ("category", "identifier"), "row": ("number", "identifier"), "amount": ("number", ""),
        "mixed": ("number", ""), "member": ("boolean", ""), "city": ("category", ""), "note": ("text", ""),
        "since": ("date", ""), "same": ("category", "constant"), "none": ("category", "empty"),
        "zip": ("category", ""), "real": ("number", ""),
    }  # fmt: skip
    made = step.transform(table)
    assert made["city"].tolist()[:4] == ["LA" if i == 3 else made["city"][0] for i in range(4)]
    assert made["member"].tolist()[:4] == [True, False, True, None]
    assert made["since"][1] == np.datetime64("2023-12-01T10:00")
    assert made["real"] is table["real"], "what is clean is not copied"
    said = str(step.report)
    for words in ("id: identifier", "row: identifier", "same: constant", "none: empty", "city: another spelling",
                  "member: text read as a boolean", "amount: a word for missing (2 rows)"):  # fmt: skip
        assert words in said, words


def test_a_hint_settles_what_a_column_holds() -> None:
    step = Clean(holds={"zip": "category", "flag": "boolean"}).fit({"zip": [10115, 80331], "flag": ["yes", "no idea"]})
    with pytest.warns(Unreadable):
        made = step.transform({"zip": [10115, None], "flag": ["yes", "what"]})
    assert made["zip"].tolist() == ["10115", None] and made["flag"].tolist() == [True, None]


def test_spellings_follow_training_and_the_most_frequent() -> None:
    assert spelling(" New\u00a0York. ") == spelling("new  york") != spelling("newyork")
    step = Clean().fit({"c": ["Rome", "rome", "Rome", "Oslo", "C", "C++", "C#", "C"]})
    made = step.transform({"c": ["ROME", "oslo ", "Bern", "c++"]})["c"].tolist()
    assert made == ["Rome", "Oslo", "Bern", "C++"]
    assert Clean(spellings=False).fit({"c": ["Rome", "rome"]}).transform({"c": ["ROME"]})["c"].tolist() == ["ROME"]


def test_what_cannot_be_read_is_named() -> None:
    step = Clean().fit({"x": [str(i) for i in range(30)]})
    with pytest.warns(Unreadable, match="column x: 'many' cannot be read as a number"):
        assert np.isnan(step.transform({"x": ["many"]})["x"][0])
    report = step.changes({"x": ["1", "many", "many", "-"]})
    assert [(each.what, each.rows) for each in report.of("x")] == [
        ("text read as a number", 1),
        ("cannot be read as a number, now missing", 2),
        ("a word for missing", 1),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step.transform({"x": ["1", "n/a", None, "?"]})


def test_infinities_copies_and_names() -> None:
    table = pd.DataFrame({" a  b ": [1.0, np.inf, 1.0], "": ["x", "y", "x"], "a b": [2, 3, 2]})
    step = Clean().fit(table)
    assert step.features == ("a b", "column_2", "a b_2")
    assert np.isnan(step.transform(table)["a b"][1])
    said = str(step.report)
    assert "the table: a copy of an earlier row (kept) (1 rows)" in said and "infinite, now missing" in said
    assert Clean(rename="snake").fit({"Total Charges (USD)": [1.0]}).features == ("total_charges_usd",)
    assert Clean(rename="keep").fit({" a": [1.0]}).features == (" a",)


def test_cleaning_is_the_same_in_every_library_and_once_saved() -> None:
    table = {"a": ["1,5", "2", None, "?"], "b": ["yes", "no", "yes", None], "c": ["x ", "X", "y", "y"]}
    wanted = Clean().fit_transform(table)
    for frame in (pd.DataFrame(table), pl.DataFrame(table)):
        made = Clean().fit_transform(frame)
        assert type(made) is type(frame)
        for name, values in wanted.items():
            got = made[name].to_list() if isinstance(frame, pl.DataFrame) else made[name].tolist()
            plain = [None if each is None or each != each else each for each in got]
            assert plain == [None if each is None or each != each else each for each in values.tolist()]
    step = Clean().fit(table)
    again = Step.of_plain(json.loads(json.dumps(step.plain())))
    assert again == step and again.transform({"a": ["7,5"], "b": ["y"], "c": ["X"]})["a"].tolist() == [7.5]


@FEW
@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans()), min_size=1))
def test_cleaning_never_breaks_and_is_done_once(cells: list[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Unreadable)
        try:
            step = Clean().fit({"c": cells})
        except WrongInput as error:
            assert "two" in error.subject  # dates that can be read two ways
            return
        made = step.transform({"c": cells})["c"]
        one_by_one = [step.transform({"c": [each]})["c"][0] for each in cells]
    np.testing.assert_array_equal([str(each) for each in made], [str(each) for each in one_by_one])
    if step.states["c"].holds in ("category", "text"):
        assert all(each is None or each == each.strip() for each in made.tolist())


def test_booleans() -> None:
    words = {"YES": True, " n": False, "t": True, "off": False, "perhaps": None, "1": None}
    assert {word: boolean(word) for word in words} == words


# --- dates -------------------------------------------------------------------------------------


@FEW
@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9998, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_written_dates_are_read(value: dt.datetime, offset: int) -> None:
    micro = (value - EPOCH) // MICROSECOND
    assert moment(value.isoformat()) == moment(value.isoformat(sep=" ")) == micro
    assert moment(value.isoformat() + "Z") == micro
    zoned = value.replace(tzinfo=dt.timezone(dt.timedelta(minutes=offset)))
    assert moment(zoned.isoformat()) == micro - offset * 60_000_000
    day = (dt.datetime.combine(value.date(), dt.time()) - EPOCH) // MICROSECOND
    year = f"{value.year:04}"
    assert (
        moment(f"{value.day}/{value.month}/{year}", "day")
        == moment(f"{value.month}-{value.day}-{year}", "month")
        == day
    )
    assert moment(f"{value.day}. {value:%B} {year}") == moment(f"{value:%b} {value.day}, {year}") == day
    clock = f"{(value.hour - 1) % 12 + 1}:{value.minute:02} {'pm' if value.hour >= 12 else 'am'}"
    assert moment(f"{year}/{value.month}/{value.day} {clock}") == day + (value.hour * 60 + value.minute) * 60_000_000


@pytest.mark.parametrize(
    "cell", ["31/02/2020", "2020-13-01", "2020-02-30", "1/2", "12:30", "2020-01-01T25:00", "x", ""]
)
def test_no_dates(cell: str) -> None:
    assert moment(cell, "day") is None


def test_day_or_month_first_is_decided_over_the_column() -> None:
    assert Dates(parts=("month",)).fit_transform({"d": ["1/2/2024", "31/12/2024"]})["d.month"].tolist() == [2, 12]
    assert Dates(parts=("month",)).fit_transform({"d": ["1/2/2024", "12/31/2024"]})["d.month"].tolist() == [1, 12]
    assert Dates(parts=("day",)).fit_transform({"d": ["2/2/2024", "3/3/2024"]})["d.day"].tolist() == [2, 3]
    with pytest.raises(WrongInput, match="read two ways") as caught:
        Dates().fit({"d": ["1/2/2024", "3/4/2024"]})
    assert "order='day'" in caught.value.cure
    with pytest.raises(WrongInput, match="two kinds"):
        Dates().fit({"d": ["31/12/2024", "12/31/2024"]})
    forced = Dates(order="month", parts=("day",), unreadable="missing").fit_transform({"d": ["1/2/2024", "31/12/2024"]})
    assert forced["d.day"][0] == 2 and np.isnan(forced["d.day"][1])


@FEW
@given(st.lists(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9998, 12, 30)), min_size=1, max_size=8))
def test_parts_are_those_of_the_calendar(days: list[dt.datetime]) -> None:
    step = Dates().fit({"d": days})
    made = step.transform({"d": days})
    for i, day in enumerate(days):
        parts = [made[f"d.{part}"][i] for part in ("year", "month", "day", "weekday")]
        assert parts == [day.year, day.month, day.day, day.weekday()]
        angle = 2 * np.pi * (day.month - 1) / 12
        assert made["d.month.sin"][i] == pytest.approx(np.sin(angle), abs=1e-15)
        first = dt.datetime.combine(min(days).date(), dt.time())
        assert made["d.days"][i] == pytest.approx((day - first) / dt.timedelta(days=1), abs=1e-6)
        assert ("d.hour" not in made) or made["d.hour"][i] == day.hour
    text = Dates(order="day").fit({"d": [day.isoformat() for day in days]})
    assert text.transform({"d": [day.isoformat() for day in days]}).keys() == made.keys()
    cell = step._cells()["d"][1]
    for i, day in enumerate(days):
        assert list(cell(np.datetime64(day, "us"))) == [values[i] for values in made.values()]


def test_seconds_since_1970_and_the_missing() -> None:
    step = Dates(parts=("year", "hour"), indicator="seen").fit({"t": [0.0, 86400.0 * 366 + 3600, None]})
    made = step.transform({"t": [3600.0, None]})
    assert made["t.year"][0] == 1970 and made["t.hour"][0] == 1 and np.isnan(made["t.year"][1])
    assert made["t?"].tolist() == [0, 1]
    with pytest.raises(WrongInput, match="no date"):
        step.transform({"t": [1e30]})
    assert Dates(parts=("year",)).fit_transform({"t": [1.7e12, 1.6e12]})["t.year"].tolist() == [2023, 2020]
    with pytest.raises(WrongInput, match="has no date"):
        Dates().fit({"t": [None, None]})
    with pytest.raises(WrongInput, match="no date"):
        Dates().fit({"t": ["2024-01-01", "soon"]})
    assert "d.hour" not in Dates().fit({"d": ["2024-01-01"]}).features


# --- texts -------------------------------------------------------------------------------------


def test_texts_have_a_fixed_width_and_a_stable_hash() -> None:
    step = Texts(buckets=8).fit({"t": ["x"]})
    made = step.transform({"t": ["Hello World 42", None, "hello  world 42", "", "ab"]})
    assert list(made) == list(step.features) and len(made) == 12
    runs = np.column_stack([made[f"t#{i}"] for i in range(8)])
    assert (runs[0] == runs[2]).all(), "case and wide spaces make no difference"
    assert np.allclose(runs.sum(axis=1), [1, 0, 1, 0, 1])
    assert made["t.digits"][0] == 2 / 14 and made["t.capitals"][0] == 2 / 14
    assert made["t.words"][0] == np.log1p(3) and made["t.characters"][1] == 0
    code = (
        "from castalia.kit.tabular import Texts; s = Texts(buckets=8).fit({'t': ['x']});"
        "print([float(v[0]) for v in s.transform({'t': ['Hello World 42']}).values()])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str([float(values[0]) for values in made.values()])


@FEW
@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), min_size=1, max_size=12))
def test_a_text_does_not_depend_on_its_neighbours(texts: list[str | None]) -> None:
    step = Texts(buckets=16, letters=2).fit({"t": ["x"]})
    together = step.transform({"t": texts})
    for i, text in enumerate(texts):
        alone = step.transform({"t": [text]})
        assert [values[0] for values in alone.values()] == [values[i] for values in together.values()]


def test_runs_are_counted_by_hand() -> None:
    """'aaaa' with a space on either side has runs ' aa', 'aaa' twice and 'aa '."""
    step = Texts(buckets=4096).fit({"t": ["x"]})
    shares = sorted(values[0] for name, values in step.transform({"t": ["aaaa"]}).items() if "#" in name and values[0])
    assert shares == [0.25, 0.25, 0.5]


@pytest.mark.parametrize("listed", [["1.2M", "500000", "3M"], ["12k", "900"], ["12kg", "900"], ["12%", "13", "14%"]])
def test_a_unit_in_some_cells_makes_no_number(listed: list[str]) -> None:
    made = Clean().fit_transform({"x": listed * 5})["x"]
    assert made.tolist() == listed * 5


def test_a_unit_in_all_cells_is_named_and_asked_of_later_ones() -> None:
    step = Clean().fit({"x": ["12 kg", "900 kg", "3 kg"]})
    assert step.transform({"x": ["5 kg"]})["x"].tolist() == [5.0] and "its unit 'kg' left out" in str(step.report)
    with pytest.warns(Unreadable):
        assert np.isnan(step.transform({"x": ["5"]})["x"][0])
    assert Clean().fit_transform({"x": ["12%", "14 %"]})["x"].tolist() == [0.12, 0.14]


def test_a_sign_behind_is_a_sign() -> None:
    assert Clean().fit_transform({"x": ["5-", "3", "4", "2-"]})["x"].tolist() == [-5, 3, 4, -2]
    assert number("-5-") is None and number("(5-)") is None


@pytest.mark.parametrize(
    "listed", [["Marble 5 2020", "Augusta 12 2024", "Mayor 3, 2021"], ["+49 170 123", "+1 555 010"]]
)
def test_names_and_telephones_are_text(listed: list[str]) -> None:
    assert Clean().fit_transform({"x": listed})["x"].tolist() == listed
    for month in ("Mar", "march", "Sept.", "September", "May", "JUNE", "jul"):
        assert moment(f"{month} 5 2020") == moment(f"2020-{daytimes._MONTHS[month[:3].lower()]:02}-05"), month


def test_reading_and_cleaning_agree_on_what_is_missing() -> None:
    assert {word.casefold() for word in inference.MISSING} == cells.MISSING
    assert {word.casefold() for word in inference.MISSING_NUMBER} <= cells.MISSING_NUMBER
    for word in ("-", "?"):
        column = [word, "+"] * 5
        assert Clean().fit_transform({"k": column})["k"].tolist() == column
        read = tabular.read(("k\n" + "\n".join(column) + "\n").encode(), format="csv")
        assert list(read.columns["k"]) == column
        assert np.isnan(Clean().fit_transform({"n": ["1", "2", word]})["n"][2])
