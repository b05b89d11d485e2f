"""kit.tabular: scalers and imputers equal scikit-learn's, and every library of tables gives the same."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.stats
import sklearn.impute
import sklearn.preprocessing as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from castalia.core.errors import CastaliaError, Conflict, NotFound, WrongInput
from castalia.core.table import Table
from castalia.kit import tabular
from castalia.kit.tabular import (
    Chain,
    Impute,
    Log,
    MedianIQR,
    MinMax,
    Power,
    Quantile,
    Standardize,
    Step,
)
from castalia.kit.tabular.frames import Frame

FEW = settings(max_examples=40, deadline=None)

cells = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, 1.0, 2.0, 1e-9]), st.just(float("nan")))


@st.composite
def arrays(draw: st.DrawFn, least: int = 2) -> np.ndarray:
    """(n, k) numbers with holes; every column has a value."""
    shape = (draw(st.integers(least, 30)), draw(st.integers(1, 4)))
    x = draw(hnp.arrays(np.float64, shape, elements=cells))
    x[0] = np.where(np.isnan(x[0]), 1.5, x[0])
    return x


def scaled_close(ours: np.ndarray, theirs: np.ndarray, close: float = 1e-9) -> None:
    assert ours.shape == theirs.shape and (np.isnan(ours) == np.isnan(theirs)).all()
    assert np.nanmax(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)), initial=0.0) <= close


def spread(x: np.ndarray) -> np.ndarray:
    """Columns whose spread is no rounding error: there scikit-learn and we decide alike what is constant."""
    return np.nan_to_num(np.nanmax(x, axis=0) - np.nanmin(x, axis=0)) > 1e-4 * (1 + np.nanmax(np.abs(x), axis=0))


# --- scalers -----------------------------------------------------------------------------------


@FEW
@given(arrays())
def test_scalers_equal_scikit_learn(x: np.ndarray) -> None:
    x = x[:, spread(x)]
    if not x.shape[1]:
        return
    for ours, peer in (
        (Standardize(), sk.StandardScaler()),
        (Standardize(center=False), sk.StandardScaler(with_mean=False)),
        (Standardize(scale=False), sk.StandardScaler(with_std=False)),
        (MinMax(), sk.MinMaxScaler()),
        (MinMax(low=-3, high=5), sk.MinMaxScaler((-3, 5))),
    ):
        scaled_close(ours.fit_transform(x), peer.fit_transform(x))
    low, high = np.nanpercentile(x, [25, 75], axis=0)
    wide = high - low > 1e-3 * (1 + np.nanmax(np.abs(x), axis=0))
    scaled_close(MedianIQR().fit_transform(x)[:, wide], sk.RobustScaler().fit_transform(x)[:, wide])


@FEW
@given(arrays())
def test_inverse_undoes_transform(x: np.ndarray) -> None:
    for step in (Standardize(), MinMax(low=-1, high=2), MedianIQR(), Log(), Chain(Standardize(), MinMax())):
        back = step.inverse(step.fit_transform(x))
        assert (np.isnan(back) == np.isnan(x)).all()
        size = np.nanmax(np.abs(x), axis=0)
        assert (np.nan_to_num(np.abs(back - x)) <= 1e-9 * (1 + size)).all(), step


@FEW
@given(st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=40, unique=True), st.integers(0, 3))
def test_quantiles_equal_scikit_learn(listed: list[int], holes: int) -> None:
    x = np.array([*(each / 8 for each in listed), *[np.nan] * holes])[:, None]
    for shape in ("uniform", "normal"):
        peer = sk.QuantileTransformer(n_quantiles=min(1000, len(x)), output_distribution=shape, subsample=None)
        ours = Quantile(shape=shape).fit_transform(x)
        assert np.nanmax(np.abs(ours - peer.fit_transform(x))) <= 1e-7


def test_equal_values_get_the_middle_of_their_quantiles() -> None:
    """scikit-learn means to do the same, and gives 0.583 where its quantiles differ in the last bit."""
    made = Quantile().fit_transform(np.array([1, 1, 5.5, 5.5, 0, 0, 1])[:, None])
    assert made.ravel().tolist() == [0.5, 0.5, 1, 1, 0, 0, 0.5]


def test_quantiles_come_back() -> None:
    x = np.random.default_rng(0).gamma(2, 5, (500, 2))
    for shape in ("uniform", "normal"):
        step = Quantile(shape=shape)
        inner = (x > x.min(0)) & (x < x.max(0))
        assert np.abs(step.inverse(step.fit_transform(x)) - x)[inner].max() < 1e-6 * x.max()


@pytest.mark.parametrize("seed", range(6))
def test_power_is_the_most_likely_as_scikit_learn_finds_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    skewed = [rng.lognormal(0, 1, 300), rng.normal(3, 1, 300), -rng.gamma(2, 3, 300), rng.normal(size=300) ** 3]
    x = np.column_stack(skewed)
    x[5, 0] = np.nan
    ours, peer = Power().fit(x), sk.PowerTransformer().fit(x)
    powers = np.array([state.power for state in ours.states.values()])
    assert np.abs(powers - peer.lambdas_).max() < 1e-3
    scaled_close(ours.transform(x), peer.transform(x), 5e-3)
    back = ours.inverse(ours.transform(x))
    assert np.nanmax(np.abs(back - x)) < 1e-9 * np.nanmax(np.abs(x))


NARROW = {
    "years": lambda rng: rng.integers(1990, 2025, 200).astype(float),
    "prices": lambda rng: rng.lognormal(7, 0.05, 200),
    "below zero": lambda rng: -rng.integers(1990, 2025, 200).astype(float),
    "kelvin": lambda rng: 273.15 + rng.gamma(2, 4, 200),
}


def exact_power(x: np.ndarray, power: float, digits: int = 100) -> tuple[list[Decimal], float]:
    """Yeo and Johnson's transform in many digits, standardized, and the log-likelihood of the power; x of one sign."""
    with localcontext() as context:
        context.prec = digits
        side, rows = Decimal(1 if x[0] > 0 else -1), len(x)
        exponent = Decimal(power) if side > 0 else 2 - Decimal(power)
        moved = [side * ((1 + side * Decimal(value)) ** exponent - 1) / exponent for value in x.tolist()]
        mean = sum(moved) / rows
        spread = sum((each - mean) ** 2 for each in moved) / rows
        logs = side * sum((1 + side * Decimal(value)).ln() for value in x.tolist())
        likelihood = -rows * spread.ln() / 2 + (Decimal(power) - 1) * logs
        return [(each - mean) / spread.sqrt() for each in moved], float(likelihood)


@pytest.mark.parametrize("what", NARROW)
def test_the_power_of_a_column_far_from_zero_is_no_rounding(what: str) -> None:
    """For years and a negative power the transform is -1/p but for its last digits, where scipy 1.17 errs as well."""
    for seed in range(3):
        x = NARROW[what](np.random.default_rng(seed))
        ours = Power().fit(x[:, None]).states["x0"].power
        others = [1.0, ours - 0.01, ours + 0.01]
        if abs(peer := float(scipy.stats.yeojohnson_normmax(x))) < 20:
            others.append(peer)
        best = exact_power(x, ours)[1]
        assert all(best >= exact_power(x, other)[1] - 1e-6 for other in others if abs(other) <= 20), (seed, ours)


@pytest.mark.parametrize("what", [*NARROW, "seconds since 1970"])
def test_a_power_is_exact_and_comes_back_also_far_from_zero(what: str) -> None:
    """Against 300 decimal digits, at the power that was learnt."""
    rng = np.random.default_rng(1)
    x = NARROW[what](rng) if what in NARROW else 1.7e9 + rng.random(200) * 1e5
    step = Power().fit(x[:, None])
    z = step.transform(x[:, None])[:, 0]
    truth = np.array([float(each) for each in exact_power(x, step.states["x0"].power, 300)[0]])
    side = np.sign(x[0])
    assert np.abs(z - truth).max() < 1e-8
    assert np.abs(step.inverse(z[:, None])[:, 0] - x).max() < 1e-12 * np.abs(x).max()
    across = np.array([[-3.0], [0.0], [4.0], [1990.0]]) * side
    assert (np.diff(step.transform(across)[:, 0]) * side >= 0).all()


def test_rounding_is_no_spread() -> None:
    """0.3 and 0.1 + 0.2 differ by one bit: what is divided by that makes a row of 4e8 (scikit-learn does not)."""
    x = np.array([[0.3], [0.1 + 0.2], [0.3], [0.3]] * 5)
    new = np.array([[0.3], [0.30000001]])
    wide = MedianIQR(low=0, high=100)
    for step in (Standardize(), MinMax(), wide, Power()):
        assert np.abs(step.fit(x).transform(new)).max() < 1e-7, step
    assert np.allclose(Standardize().fit(x).transform(new), sk.StandardScaler().fit(x).transform(new), atol=1e-15)
    narrow = 1e6 + np.arange(5.0)[:, None] * 1e-6  # a spread that is one
    assert Standardize().fit_transform(narrow).std() == pytest.approx(1)


def test_an_offset_of_1e8_in_float32_costs_nothing() -> None:
    """np.var of such a column gives 256 or 0; the truth is near 1 (docs of the trap: classical.md 1 e)."""
    x = (1e8 + np.random.default_rng(0).integers(-32, 33, (50_000, 1)) * 8).astype(np.float32)
    exact = x.astype(np.float64)
    state = Standardize().fit(x).states["x0"]
    assert state.deviation == pytest.approx(float(np.std(exact - 1e8)), rel=1e-12)
    assert state.mean == pytest.approx(float(np.mean(exact - 1e8)) + 1e8, rel=1e-15)


def test_a_constant_column_is_moved_and_not_divided() -> None:
    x = np.full((7, 1), 0.1)
    for step in (Standardize(), MinMax(), MedianIQR(), Power(), Quantile()):
        assert (step.fit_transform(x) == 0).all(), step


@FEW
@given(arrays(least=4), st.integers(1, 3))
def test_parts_merge_to_the_whole(x: np.ndarray, cut: int) -> None:
    for make in (Standardize, MinMax, lambda: Impute(strategy="mean")):
        whole = make().fit(x).transform(x)
        one, two = make().fit(x[:cut]), make()
        try:
            two.fit(x[cut:])
        except WrongInput:
            continue  # a part without any value has no mean
        scaled_close(one.merge(two).transform(x), whole, 1e-6)
        scaled_close(make().fit(x[:cut]).partial_fit(x[cut:]).transform(x), whole, 1e-6)


def test_what_cannot_be_merged_says_so() -> None:
    one, two = MedianIQR().fit(np.ones((3, 1))), MedianIQR().fit(np.ones((2, 1)))
    with pytest.raises(Conflict, match="cannot be merged"):
        one.merge(two)
    with pytest.raises(Conflict, match="another step"):
        Standardize().fit(np.ones((2, 1))).merge(Standardize(center=False).fit(np.ones((2, 1))))


# --- imputers ----------------------------------------------------------------------------------


@FEW
@given(arrays())
def test_imputing_equals_scikit_learn(x: np.ndarray) -> None:
    for strategy in ("mean", "median", "most_frequent"):
        peer = sklearn.impute.SimpleImputer(strategy=strategy, add_indicator=True).fit_transform(x)
        ours = Impute(strategy=strategy, indicator="seen")
        found = ours.fit_transform(x)
        told = [i for i, name in enumerate(ours.features) if name.endswith("?")]
        plain = [i for i in range(found.shape[1]) if i not in told]
        scaled_close(found[:, plain + told], peer)
        assert not np.isnan(found).any()


def test_imputing_categories_and_constants() -> None:
    table = {"a": ["x", None, "x", "y"], "b": [True, None, True, False]}
    assert Impute(strategy="most_frequent").fit_transform(table)["a"].tolist() == ["x", "x", "x", "y"]
    assert Impute(strategy="most_frequent").fit_transform(table)["b"].tolist() == [True, True, True, False]
    assert Impute(strategy="missing").fit_transform({"a": table["a"]})["a"].tolist() == ["x", "(missing)", "x", "y"]
    assert Impute(strategy="constant", constant=7).fit_transform({"n": [1.0, None]})["n"].tolist() == [1.0, 7.0]
    step = Impute(strategy="most_frequent", indicator="all")
    assert step.inverse(step.fit_transform({"a": table["a"]}))["a"].tolist() == table["a"]


# --- tables of every library -------------------------------------------------------------------


MIXED: dict[str, list[Any]] = {
    "number": [1.5, None, 3.0, -2.0],
    "whole": [1, 2, None, 4],
    "full": [4, 3, 2, 1],
    "text": ["a", "b", None, "ä"],
    "truth": [True, None, False, True],
    "day": [dt.datetime(2024, 1, 31, 12), None, dt.datetime(1969, 12, 31), dt.datetime(2000, 2, 29)],
}


def libraries(columns: dict[str, list[Any]]) -> dict[str, Any]:
    stacked = np.empty((4, len(columns)), object)
    for i, values in enumerate(columns.values()):
        stacked[:, i] = values
    return {
        "pandas": pd.DataFrame(columns),
        "pandas nullable": pd.DataFrame(columns).convert_dtypes(),
        "pandas object": pd.DataFrame(columns, dtype=object),
        "polars": pl.DataFrame(columns),
        "pyarrow": pa.table(columns),
        "dict": columns,
        "table": Table(columns),
        "numpy": stacked,
    }


def test_all_libraries_hold_the_same_columns() -> None:
    wanted = [values.tolist() for values in Frame.of(MIXED).columns.values()]
    assert [values.dtype.kind for values in Frame.of(MIXED).columns.values()] == list("ffiOOM")
    for name, table in libraries(MIXED).items():
        frame = Frame.of(table)
        for column, want in zip(frame.columns.values(), wanted, strict=True):
            got = column.astype("datetime64[us]").tolist() if column.dtype.kind == "M" else column.tolist()
            np.testing.assert_equal(got, want, err_msg=name)


def test_the_same_library_comes_out_with_the_same_numbers() -> None:
    numbers = {name: MIXED[name] for name in ("number", "whole", "full")}
    want = np.column_stack(list(Standardize().fit_transform(numbers).values()))
    read: dict[str, Any] = {
        "polars": lambda made: made.fill_null(float("nan")).to_numpy(),
        "pyarrow": lambda made: np.column_stack([made[name].to_numpy() for name in made.column_names]),
        "dict": lambda made: np.column_stack(list(made.values())),
        "table": lambda made: np.column_stack(list(made.columns.values())),
    }
    for name, table in libraries(numbers).items():
        made = Standardize().fit_transform(table)
        assert type(made) is type(table), name
        np.testing.assert_array_equal(read.get(name, np.asarray)(made), want, err_msg=name)
    assert Standardize().fit_transform(pl.DataFrame(numbers))["number"].null_count() == 1, "a hole is a null, not NaN"
    assert Standardize().fit_transform(pa.table(numbers))["number"].null_count == 1


def test_an_array_is_a_table_and_comes_back() -> None:
    x = np.arange(6.0).reshape(3, 2)
    table = Table.of(x)
    assert list(table.columns) == ["x0", "x1"] and len(table) == 3
    assert type(table.native()) is np.ndarray and (table.native() == x).all()
    with pytest.raises(ValueError, match="two axes"):
        Table.of(np.ones(3))


def test_pandas_keeps_its_index_and_nothing_changes_the_input() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, np.nan]}, index=["x", "y", "z"])
    before = table.copy()
    made = Chain(Standardize(), Impute()).fit_transform(table)
    assert list(made.index) == ["x", "y", "z"]
    pd.testing.assert_frame_equal(table, before)


def test_numbers_are_not_copied_on_the_way_in() -> None:
    x = np.arange(6.0)
    assert np.shares_memory(Frame.of({"a": x}).columns["a"], x)
    assert np.shares_memory(Frame.of(pd.DataFrame({"a": x}, copy=False)).columns["a"], x)
    assert np.shares_memory(Frame.of(x[:, None]).columns["x0"], x)
    for table in (pl.DataFrame({"a": x}), pa.table({"a": x})):
        assert not Frame.of(table).columns["a"].flags.owndata, type(table)


def test_a_column_with_a_zone_is_taken_by_its_clock() -> None:
    """Midnights in Berlin, on both sides of a change of the clock; pandas' own parts are the oracle."""
    times = pd.date_range("2024-01-01", periods=400, tz="Europe/Berlin")
    zoned = pl.Series("t", times.tz_convert(None).to_numpy()).dt.replace_time_zone("UTC")
    tables = [
        pd.DataFrame({"t": times}),
        pd.DataFrame({"t": pd.Series(times).astype("timestamp[ns, tz=Europe/Berlin][pyarrow]")}),
        pl.DataFrame({"t": zoned.dt.convert_time_zone("Europe/Berlin")}),
        pa.table({"t": pa.array(times)}),
        {"t": times.to_pydatetime().tolist()},
    ]
    for table in tables:
        step = tabular.Chain(tabular.Dates(parts=("year", "month", "day", "weekday", "hour")))
        made = Frame.of(step.fit_transform(table)).columns
        assert made["t.year"].tolist() == times.year.tolist() and made["t.day"].tolist() == times.day.tolist()
        assert made["t.weekday"].tolist() == times.day_of_week.tolist() and "t.hour" not in made
        assert step.row({"t": times[0].to_pydatetime()}).tolist() == [2024, 1, 1, 0]


def test_several_zones_in_a_list_become_utc() -> None:
    east, west = (dt.timezone(dt.timedelta(hours=hours)) for hours in (2, -5))
    days = [
        dt.datetime(2024, 1, 1, 2, tzinfo=east),
        None,
        dt.datetime(2024, 1, 1, tzinfo=west),
        dt.datetime(2024, 1, 1),
    ]
    found = Frame.of({"d": days}).columns["d"].astype("datetime64[h]").astype(str).tolist()
    assert found == ["2024-01-01T00", "NaT", "2024-01-01T05", "2024-01-01T00"]


def test_times_of_pandas_kept_by_arrow() -> None:
    plain = pd.array(["2024-02-03", None], dtype="timestamp[ns][pyarrow]")
    made = tabular.Dates().fit_transform(pd.DataFrame({"a": plain}))
    assert made["a.month"].iloc[0] == 2 and np.isnan(made["a.month"].iloc[1])


def test_identifiers_beyond_2_to_53_stay_apart_beside_a_hole() -> None:
    wide = [2**60, 2**60 + 1, None]
    tables = [
        {"a": wide}, pa.table({"a": pa.array(wide)}), pl.DataFrame({"a": wide}),
        pd.DataFrame({"a": pd.array(wide, dtype="Int64")}), pd.DataFrame({"a": pd.array(wide, dtype="int64[pyarrow]")}),
    ]  # fmt: skip
    for table in tables:
        assert len(tabular.OneHot().fit(table).features) == 3, type(table)
        assert tabular.Standardize().fit(table).states["a"].n == 2
    top = np.array([2**64 - 1, 2**64 - 2, 2**64 - 1], np.uint64)
    assert tabular.OneHot().fit({"a": top}).features == (f"a={2**64 - 2}", f"a={2**64 - 1}")


def test_only_numpy_and_what_core_needs_is_imported() -> None:
    code = "from castalia.kit import tabular; tabular.Prepare, tabular.Target; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "polars", "pyarrow", "sklearn", "scipy", "torch"} & set(loaded)
    code = "from castalia.kit import tabular; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pydantic"} & set(loaded)


def test_every_name_of_the_package_is_there() -> None:
    for name in tabular.__all__:
        assert getattr(tabular, name).__name__.rpartition(".")[2] == name


# --- wrong input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "table", "subject"),
    [
        (Standardize(), np.ones(3), "rows and columns"),
        (Standardize(), np.ones((0, 2)), "cannot learn from nothing"),
        (Standardize(), {}, "cannot learn from nothing"),
        (Standardize(), {"a": [1.0], "b": [1.0, 2.0]}, "differ in length"),
        (Standardize(), {"a": ["x", "y"]}, "not made of numbers"),
        (Standardize(), {"a": 3}, "no column"),
        (Standardize(), {"a": [1.0, float("inf")]}, "infinite"),
        (MinMax(), {"a": [1.0, float("-inf")]}, "infinite"),
        (MedianIQR(), {"a": [1.0, float("inf")]}, "infinite"),
        (Quantile(), {"a": [float("nan")]}, "no value at all"),
        (Impute(), {"a": [None, None]}, "not made of numbers|no value at all"),
        (Impute(strategy="missing"), {"a": [1.0]}, "not made of categories"),
        (Standardize(), "a,b", "no table"),
        (Standardize(), pl.DataFrame({"a": [1.0]}).lazy(), "lazy"),
        (Standardize(), pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called"),
        (Standardize(), {"a": np.ones((2, 2))}, "one axis"),
        (Standardize(), {"a": np.ones(2, complex)}, "complex"),
    ],
)  # fmt: skip
def test_wrong_tables(step: Step, table: Any, subject: str) -> None:
    with pytest.raises(WrongInput, match=subject) as caught:
        step.fit(table)
    assert caught.value.expected or caught.value.got


def test_a_step_that_learnt_nothing_says_so() -> None:
    for call in (lambda s: s.transform(np.ones((1, 1))), lambda s: s.inverse(np.ones((1, 1))), lambda s: s.features):
        with pytest.raises(WrongInput, match="has not learnt yet"):
            call(Standardize())


def test_other_columns_than_in_fit() -> None:
    step = Standardize().fit({"age": [1.0, 2.0], "pay": [1.0, 2.0]})
    with pytest.raises(WrongInput, match="no column 'pay'") as caught:
        step.transform({"age": [1.0], "pya": [1.0]})
    assert "Did you mean 'pya'" in caught.value.cure
    with pytest.raises(WrongInput, match="'more' was not there"):
        step.transform({"age": [1.0], "pay": [1.0], "more": [1.0]})
    with pytest.raises(WrongInput, match="x2"):
        Standardize().fit(np.ones((3, 2))).transform(np.ones((3, 3)))


def test_wrong_options_name_the_field() -> None:
    for make, field in (
        (lambda: Standardize(centre=True), "centre"),
        (lambda: MinMax(low=2, high=1), ""),
        (lambda: Impute(strategy="modus"), "strategy"),
        (lambda: Impute(strategy="constant"), ""),
        (lambda: Quantile(marks=1), "marks"),
    ):
        with pytest.raises(WrongInput) as caught:
            make()
        assert caught.value.field == field


def test_y_that_does_not_fit() -> None:
    with pytest.raises(WrongInput, match="lengths differ"):
        Standardize().fit(np.ones((3, 1)), [1, 2])
    with pytest.raises(WrongInput, match="y is missing"):
        Standardize().fit(np.ones((2, 1)), [1.0, None])


# --- saving ------------------------------------------------------------------------------------


STEPS: list[Step] = [Standardize(), MinMax(low=-1), MedianIQR(), Quantile(shape="normal"), Log(), Power(),
                     Impute(strategy="mean", indicator="seen"), Chain(Standardize(), Impute())]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_saved_step_does_the_same(step: Step) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[3, 1] = np.nan
    blank = Step.of_plain(json.loads(json.dumps(step.plain())))
    assert blank == step and not blank.fitted
    step = step.model_copy(deep=True).fit(x)
    again = Step.of_plain(json.loads(json.dumps(step.plain(), allow_nan=False)))
    assert again == step and again.transform(x).tobytes() == step.transform(x).tobytes()


def test_what_was_altered_is_refused() -> None:
    plain = Standardize().fit(np.ones((2, 1))).plain()
    for change in (
        {"step": "os.system"}, {"step": "Step"}, {"format": 2}, {"options": {"center": "perhaps"}},
        {"state": {}}, {"state": {"x0": {"n": -1, "mean": 0, "m2": 0}}}, {"state": {"x0": {"n": 1}}},
        {"state": {"x0": {"n": 1, "mean": float("nan"), "m2": 0}}}, {"state": []},
    ):  # fmt: skip
        with pytest.raises(CastaliaError):
            Step.of_plain({**plain, **change})
    for broken in ({}, [], "x", None):
        with pytest.raises(CastaliaError):
            Step.of_plain(broken)  # type: ignore[arg-type]


def test_a_step_comes_back_from_its_file_and_a_broken_file_is_refused(tmp_path: Path) -> None:
    table = {"Größe": [1.0, None, 3.0], "plan": ["a", "b", None]}
    step = tabular.Prepare().fit(table)
    tabular.save(step, tmp_path / "prepare.json")
    again = tabular.load(tmp_path / "prepare.json")
    assert again == step and again.transform(table).tobytes() == step.transform(table).tobytes()
    nested: dict[str, object] = Standardize().plain()
    for _ in range(5_000):
        nested = {"format": 1, "step": "Chain", "options": {"steps": [nested]}, "state": None}
    with pytest.raises(WrongInput, match="nests too deep"):
        Step.of_plain(nested)
    for text in (b"", b"{", b"[]", b"\xff", b'{"a":' * 100_000, b'{"format":1}'):
        (tmp_path / "broken.json").write_bytes(text)
        with pytest.raises(WrongInput):
            tabular.load(tmp_path / "broken.json")
    with pytest.raises(NotFound, match="no saved step"):
        tabular.load(tmp_path / "nowhere.json")
    with pytest.raises(WrongInput, match="only steps"):
        tabular.save("no step", tmp_path / "x.json")  # type: ignore[arg-type]
