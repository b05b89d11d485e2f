"""kit.tabular's chains, columns and Prepare: in any order the same, and one row as the whole table."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.kit.tabular import (
    Chain,
    Clean,
    Columns,
    Dates,
    Frequency,
    Hashed,
    Impute,
    Keep,
    Log,
    MedianIQR,
    MinMax,
    OneHot,
    Ordinal,
    Power,
    Prepare,
    Quantile,
    Standardize,
    Step,
    Target,
    Texts,
    UnknownColumns,
    Unreadable,
)  # fmt: skip

FEW = settings(max_examples=30, deadline=None)


def dirty(rows: int, seed: int = 0) -> dict[str, list[Any]]:
    """A table with something of everything."""
    rng = np.random.default_rng(seed)
    start = dt.datetime(2023, 1, 1)

    def holed(values: list[Any], share: float = 0.1) -> list[Any]:
        return [None if rng.random() < share else each for each in values]

    amounts = rng.lognormal(3, 1, rows)
    cities = np.array(["Oslo", "oslo ", "Bern", "ROME", "Rome", "Lima"])[rng.integers(0, 6, rows)]
    words = np.array(
        ["the", "a", "customer", "wants", "needs", "refund", "order", "late", "broken", "thanks", "again", "please"]
    )
    return {
        "id": [f"k{i:05}" for i in range(rows)],
        "age": holed(rng.integers(18, 90, rows).tolist()),
        "amount": [f"${each:,.2f}" for each in amounts],
        "share": holed([f"{each:.1f} %" for each in rng.uniform(0, 100, rows)]),
        "member": holed(np.array(["yes", "no"])[rng.integers(0, 2, rows)].tolist()),
        "city": holed(cities.tolist()),
        "shop": [f"shop {each}" for each in rng.integers(0, 60, rows)],
        "since": holed([f"{(start + dt.timedelta(days=int(d))):%d/%m/%Y}" for d in rng.integers(0, 700, rows)]),
        "seen": [(start + dt.timedelta(hours=int(h))).isoformat() for h in rng.integers(0, 9000, rows)],
        "note": holed([" ".join(words[rng.integers(0, 12, 7)]) + f" {i}" for i in range(rows)]),
        "unit": ["kg"] * rows,
    }


def y_of(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + 1000).integers(0, 2, rows)


def row_of(table: dict[str, list[Any]], i: int) -> dict[str, Any]:
    return {name: values[i] for name, values in table.items()}


# --- chains ------------------------------------------------------------------------------------


NUMERIC: list[Any] = [Standardize, MinMax, MedianIQR, lambda: Impute(indicator="seen"), Log, lambda: Quantile(marks=20)]


@FEW
@given(st.lists(st.integers(0, len(NUMERIC) - 1), min_size=3, max_size=3), st.integers(0, 10**6))
def test_chains_are_associative(kinds: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 2))
    x[rng.random((30, 2)) < 0.2] = np.nan
    a, b, c = (NUMERIC[kind]() for kind in kinds)
    left, right = Chain(Chain(a, b), c), Chain(a, Chain(b, c))
    assert left == right
    assert left.fit_transform(x).tobytes() == right.fit_transform(x).tobytes()
    assert left == right and left.features == right.features
    assert not a.fitted, "the steps that were handed in are not changed"


def test_a_chain_is_its_steps_by_hand() -> None:
    table, y = {"c": list("abcabcabca"), "n": [1.0, None, 3, 4, 5, 6, 7, 8, 9, 10]}, [0, 1] * 5
    chain = Columns({"c": Chain(Target(smooth=1.0), Standardize()), "n": Chain(Impute(), MinMax())})
    made = chain.fit_transform(table, y)
    encoded = Target(smooth=1.0).fit_transform({"c": table["c"]}, y)
    assert (made["c.target"] == Standardize().fit_transform(encoded)["c.target"]).all(), "the folds, not the whole"
    assert made["n"].min() == 0 and made["n"].max() == 1
    back = Chain(Standardize(), MinMax()).fit({"n": [1.0, 2.0, 4.0]})
    assert np.allclose(back.inverse(back.transform({"n": [1.0, 4.0]}))["n"], [1, 4])


def test_columns_are_sent_by_name() -> None:
    table = {"a": [1.0, 2.0], "b": [3.0, 4.0], "c": ["x", "y"], "d": [0.0, 1.0]}
    step = Columns({"c": OneHot(), ("a", "b"): MinMax()})
    assert list(step.fit_transform(table)) == ["c=x", "c=y", "a", "b"]
    step.transform({name: table[name] for name in "abc"})
    holed = Columns({"a": MinMax()}).fit({**table, "z": [None, "hole"]})
    assert Step.of_plain(json.loads(json.dumps(holed.plain()))) == holed
    kept = Columns({"c": OneHot()}, rest="keep").fit(table)
    assert Step.of_plain(json.loads(json.dumps(kept.plain()))) == kept
    assert kept.features == ("c=x", "c=y", "a", "b", "d")
    assert Columns([("a", MinMax()), ("c", OneHot()), ("c", Frequency())]).fit(table).features[1:] == (
        "c=x", "c=y", "c.frequency")  # fmt: skip
    for make, subject in (
        (lambda: Columns({"z": MinMax()}).fit(table), "no column 'z'"),
        (lambda: Columns({"a": MinMax()}, rest="error").fit(table), "goes nowhere"),
        (lambda: Columns([("a", MinMax()), ("a", Standardize())]).fit(table), "two steps make"),
        (lambda: Columns({"a": "scale"}), "go to steps"),
        (lambda: Chain("scale"), "made of steps"),
        (lambda: Chain(), "steps"),
    ):
        with pytest.raises(WrongInput, match=subject):
            make()


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_pipelines_give_back_the_library(frame: Any) -> None:
    table = frame({"a": [1.0, 2.0, None], "c": ["x", None, "y"]})
    made = Columns({"a": Chain(Impute(), Standardize()), "c": OneHot()}).fit_transform(table)
    assert type(made) is type(table)


# --- Prepare -----------------------------------------------------------------------------------


def test_a_dirty_table_becomes_a_matrix_without_holes() -> None:
    table, y = dirty(300), y_of(300)
    step = Prepare()
    x = step.fit_transform(table, y)
    assert x.dtype == np.float64 and x.shape == (300, len(step.features)) and np.isfinite(x).all()
    plan = step.plan
    assert plan["id"] == "left out: identifier" and plan["unit"] == "left out: constant"
    assert plan["amount"] == "a number" and plan["member"] == "yes or no" and plan["since"].startswith("a date")
    assert plan["shop"] == "categories: by y (Target)" and plan["note"].startswith("prose")
    assert "city=Bern" in step.features and "city=(missing)" in step.features and "age?" in step.features
    assert "since?" in step.features and "shop.target" in step.features
    assert Prepare().fit(table).plan["shop"] == "categories: how frequent"
    assert "city: another spelling of the same" in str(step.report)


def test_test_rows_change_nothing() -> None:
    table, other, y = dirty(200), dirty(150, seed=5), y_of(200)
    step = Prepare().fit(table, y)
    alone = step.transform(other)
    for more in (dirty(40, seed=9), {name: values * 3 for name, values in dirty(10, seed=3).items()}):
        longer = {name: [*other[name], *more[name]] for name in other}
        assert step.transform(longer)[:150].tobytes() == np.ascontiguousarray(alone).tobytes()
    order = np.random.default_rng(0).permutation(150)
    shuffled = {name: [values[i] for i in order] for name, values in other.items()}
    assert (step.transform(shuffled) == alone[order]).all(), "rows come out in the order they came in"


def test_the_training_table_is_refused_where_y_was_used() -> None:
    table, y = dirty(120), y_of(120)
    step = Prepare().fit(table, y)
    with pytest.raises(WrongInput, match="the table of fit"):
        step.transform(table)
    again = Step.of_plain(json.loads(json.dumps(step.plain())))
    with pytest.raises(WrongInput, match="the table of fit"):
        again.transform(pd.DataFrame(table))
    Prepare().fit(table).transform(table)
    assert step.transform({**table, "age": [50] * 120}).shape == (120, len(step.features))
    Prepare(target=Target(on_training="allow")).fit(table, y).transform(table)


def test_every_library_gives_the_same_matrix() -> None:
    table, y = dirty(100), y_of(100)
    wanted = Prepare().fit_transform(table, y)
    for frame in (pd.DataFrame, pl.DataFrame, pa.table):
        assert Prepare().fit_transform(frame(table), y).tobytes() == wanted.tobytes(), frame


# --- one row -----------------------------------------------------------------------------------


def test_one_row_is_the_table_of_one_row_to_the_last_bit() -> None:
    table, y, other = dirty(300), y_of(300), dirty(60, seed=7)
    step = Prepare().fit(table, y)
    saved = Step.of_plain(json.loads(json.dumps(step.plain(), allow_nan=False)))
    assert saved == step and isinstance(saved, Prepare)
    for i in range(60):
        row = row_of(other, i)
        one = step.transform({name: [value] for name, value in row.items()})[0]
        assert step.row(row).tobytes() == saved.row(row).tobytes() == np.ascontiguousarray(one).tobytes()
    whole = step.transform(other)
    assert np.array_equal(whole, np.stack([step.row(row_of(other, i)) for i in range(60)]))


ODD: list[Any] = [None, float("nan"), 0, -0.0, 1.5, -3, 2**70, True, "x", "", " NA ", "1,234", "12 %", "2024-02-29",
                  "31/12/2023", dt.datetime(2024, 2, 29, 12), dt.date(1900, 1, 1), np.float32(0.1), np.int8(3),
                  np.datetime64("NaT"), np.datetime64("2300-01-01"), pd.NA, float("inf"), "ü", "\x00"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_odd_values_are_treated_alike_in_a_row_and_in_a_table(data: st.DataObject) -> None:
    row = {name: data.draw(st.one_of(st.just(values[0]), st.sampled_from(ODD))) for name, values in dirty(1).items()}
    step = _fitted()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Unreadable)
        one = step.transform({name: [value] for name, value in row.items()})[0]
        assert step.row(row).tobytes() == np.ascontiguousarray(one).tobytes()


_KEPT: list[Prepare] = []


def _fitted() -> Prepare:
    if not _KEPT:
        _KEPT.append(Prepare().fit(dirty(200), y_of(200)))
    return _KEPT[0]


@pytest.mark.parametrize("step", [
    Chain(Standardize(), Impute(indicator="seen")), Chain(Quantile(), MinMax()), Chain(Power(), Keep()),
    Chain(Log(), MedianIQR()), Columns({"b": Standardize(), "a": Chain(Impute(strategy="mean"), Log())}),
    Columns({"a": Standardize()}, rest="keep"), Columns([("a", Standardize()), ("b", Log())]),
])  # fmt: skip
def test_rows_of_numeric_pipelines(step: Any) -> None:
    rng = np.random.default_rng(0)
    table = {"a": rng.normal(size=50), "b": rng.lognormal(size=50)}
    table["a"][4] = np.nan
    step.fit(table)
    for a, b in ((0.3, 2), (None, 1.0), (7, -2.5), (float("nan"), 0.0), (True, 3)):
        made = step.transform({"a": [a], "b": [b]})
        assert step.row({"a": a, "b": b}).tobytes() == np.array([v[0] for v in made.values()], float).tobytes()
    with pytest.raises(WrongInput, match="not made of numbers"):
        step.row({"a": "x", "b": 1.0})


@pytest.mark.parametrize("step", [
    Chain(OneHot(), Keep()), Chain(Ordinal(unknown="minus one"), Impute()), Chain(Frequency(), Log()),
    Chain(Hashed(), Keep()), Chain(Target(), Standardize()), Chain(Impute(strategy="missing"), OneHot()),
    Chain(Clean(), OneHot(rare=2, unknown="rare")), Chain(Texts(), Keep()), Chain(OneHot(drop="first"), Keep()),
    Columns([("b", OneHot()), ("a", Frequency()), ("b", Frequency())]),
])  # fmt: skip
def test_rows_of_categories(step: Any) -> None:
    table = {"a": ["x", "y", "x", "z", None, "y "], "b": ["u", "v", "u", "u", "v", "w"]}
    step.fit(table, [0, 1, 0, 1, 1, 0])
    for a in ("x", "y ", None, "never", "", 1, 2.0, True, float("nan")):
        made = step.transform({"a": [a], "b": ["u"]})
        assert step.row({"a": a, "b": "u"}).tobytes() == np.array([v[0] for v in made.values()], float).tobytes()


def test_what_a_row_lacks_or_has_too_much() -> None:
    step = _fitted()
    row = row_of(dirty(1), 0)
    with pytest.raises(WrongInput, match="no column is called 'ages'") as caught:
        step.row({**row, "ages": 3})
    assert "'age'" in caught.value.cure and caught.value.field == "ages"
    with pytest.raises(WrongInput, match="amount is left out") as caught:
        step.row({name: value for name, value in row.items() if name != "amount"})
    assert "no training row was without" in caught.value.expected
    lacking = {name: value for name, value in row.items() if name not in ("age", "id", "unit")}
    assert step.row(lacking).tobytes() == step.row({**lacking, "age": None}).tobytes()
    table = {name: [value] for name, value in lacking.items()}
    assert step.transform(table)[0].tobytes() == step.row(lacking).tobytes()
    with pytest.warns(UnknownColumns, match="extra"):
        step.transform({**table, "extra": [1]})
    with pytest.raises(WrongInput, match="amount is left out"):
        step.transform({name: values for name, values in table.items() if name != "amount"})
    with pytest.raises(WrongInput, match="has not learnt"):
        Prepare().row(row)
    with pytest.raises(WrongInput, match="given as numbers"):
        Chain(Clean(), Keep()).fit({"c": ["x", "y"]}).row({"c": "x"})


def test_wrong_tables_and_saved_states() -> None:
    with pytest.raises(WrongInput, match="no column is left"):
        Prepare().fit({"a": ["x"] * 30})
    with pytest.raises(WrongInput, match="to drop"):
        Prepare(drop=("agee",)).fit(dirty(30))
    half = Columns({"n": Standardize(), "c": MinMax()})
    with pytest.raises(WrongInput, match="not made of numbers"):
        half.fit({"n": [1.0], "c": ["x"]})
    assert not half.fitted and half.plain()["state"] is None
    assert "age" not in " ".join(Prepare(drop=("age",)).fit(dirty(60)).features)
    plain = Prepare().fit(dirty(60)).plain()
    for change in ({}, {**plain["state"], "plan": {}}, {**plain["state"], "clean": plain["state"]["steps"]},
                   {**plain["state"], "gaps": ["nobody"]}):  # fmt: skip
        with pytest.raises(WrongInput):
            Step.of_plain({**plain, "state": change})
    for chain in ({"steps": 3}, {}, {"steps": [{"step": "Standardize"}]}):
        with pytest.raises(WrongInput):
            Step.of_plain({"format": 1, "step": "Chain", "options": chain, "state": None})


# --- real data ---------------------------------------------------------------------------------


def test_telco_is_prepared_and_predicts() -> None:
    from sklearn.linear_model import LogisticRegression

    from castalia.kit.metrics import roc_auc

    path = Path(os.environ.get("CASTALIA_DATA", "")) / "telco_churn" / "Telco-Customer-Churn.csv.gz"
    if not path.is_file():
        pytest.skip("telco is not in CASTALIA_DATA")
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    table = {name: [row[name] for row in rows] for name in rows[0]}
    y = np.array([each == "Yes" for each in table.pop("Churn")])
    step = Prepare()
    x = step.fit_transform({name: values[:5000] for name, values in table.items()}, y[:5000])
    other = {name: values[5000:] for name, values in table.items()}
    model = LogisticRegression(max_iter=500).fit(x, y[:5000])
    assert step.plan["customerID"] == "left out: identifier" and "TotalCharges?" in step.features
    assert roc_auc(y[5000:], model.predict_proba(step.transform(other))[:, 1]) > 0.83
    assert step.row(row_of(other, 3)).tobytes() == np.ascontiguousarray(step.transform(other)[3]).tobytes()


def test_dates_come_from_columns_of_times() -> None:
    days = pd.DataFrame({"d": pd.to_datetime(["2024-01-01", None, "2024-03-01"]), "n": [1.0, 2.0, 3.5]})
    step = Prepare(dates=Dates(parts=("month", "days"), indicator="seen"))
    assert step.fit_transform(days).shape == (3, 4) and step.features == ("d.month", "d.days", "d?", "n")


def test_a_row_comes_as_people_have_it() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, None] * 10, "c": list("xyz") * 10, "d": pd.date_range("2024", periods=30)})
    prepare = Prepare().fit(table)
    for i in (0, 2):
        expected = prepare.transform(table.iloc[[i]])[0].tobytes()
        for row in (table.iloc[i], table.iloc[[i]], pl.from_pandas(table.iloc[[i]]), table.iloc[i].to_dict()):
            assert prepare.row(row).tobytes() == expected, type(row)
    for wrong in ([1.0, "x"], (1.0, "x"), None, table, "x"):
        with pytest.raises(WrongInput, match="a name for every value"):
            prepare.row(wrong)


def test_the_cure_of_an_ambiguous_date_can_be_followed() -> None:
    table = {"d": ["1/2/2024", "3/4/2024"] * 20, "x": [1.0, 2.0] * 20}
    with pytest.raises(WrongInput) as found:
        Prepare().fit(table)
    assert "clean=Clean(order='day')" in found.value.cure
    assert Prepare(clean=Clean(order="day")).fit(table).fitted


def test_options_without_a_name_are_refused() -> None:
    with pytest.raises(WrongInput) as found:
        Impute("median")
    assert "Impute(strategy='median')" in found.value.cure


def test_warnings_point_at_the_line_that_called() -> None:
    prepare = Prepare().fit({"x": ["1", "2", "3"] * 10, "y": [1.0, 2.0, 4.0] * 10})
    calls = [
        lambda: prepare.row({"x": "so", "y": 1.0}),
        lambda: prepare.transform({"x": ["so"], "y": [1.0]}),
        lambda: prepare.transform({"x": ["1"], "y": [1.0], "z": [1]}),
    ]
    for call in calls:
        with pytest.warns(UserWarning) as seen:
            call()
        assert seen[0].filename == __file__


def test_encodings_by_time_are_put_on_the_mean_of_earlier_rows() -> None:
    """On the mean of all rows, the later ones too, a level that is always 1 would be more than 1 in training."""
    rng = np.random.default_rng(0)
    when, level = np.arange(600), rng.integers(0, 2, 600)
    y = level.copy()
    y[when < 200] = 0  # the rate rises with time
    made = Target(smooth=0.0).fit_transform({"c": level.astype(str)}, y, time=when)["c.target"]
    for i in (250, 400, 599):
        block = int(i * 6 // 600) * 100
        assert made[i] == pytest.approx(y[:block][level[:block] == level[i]].mean(), abs=1e-12)
    assert (made >= -1e-12).all() and (made <= 1 + 1e-12).all()


def test_one_value_beside_holes_becomes_the_holes_alone() -> None:
    table = {"k": [7.0, None] * 10, "b": [True, None] * 10, "x": list(range(0, 40, 2))}
    prepare = Prepare()
    made = prepare.fit_transform(table)
    assert prepare.features == ("k=(missing)", "b=(missing)", "x") and made[:2, 0].tolist() == [0.0, 1.0]
    assert prepare.row({"k": None, "b": None, "x": 3})[:2].tolist() == [1.0, 1.0]
    assert prepare.row({"k": 8, "b": False, "x": 3})[:2].tolist() == [0.0, 0.0]
