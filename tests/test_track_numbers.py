"""Metrics: nothing rounded, nothing lost in thinning, the extremes exact."""

from __future__ import annotations

import math
import random
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from castalia.core.errors import NotFound, WrongInput
from castalia.track import Store


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def store(request, tmp_path_factory):
    place = ""
    if request.param == "postgres":
        server = request.getfixturevalue("server")
        place = server.url(server.database("castalia_tables"))
    with Store.open(tmp_path_factory.mktemp("numbers"), place) as opened:
        yield opened


def bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def test_every_number_comes_back_as_it_was(store):
    run_id = store.create_run("exact")
    odd = [math.nan, math.inf, -math.inf, 2.0**63, 5e-324, 1.7976931348623157e308, 0.1, -1 / 3, 1e16 + 2]
    store.log_metrics(run_id, [("odd", step, step, value) for step, value in enumerate(odd)])
    assert [bits(v) for v in store.metrics(run_id)["odd"]["value"]] == [bits(v) for v in odd]
    last = store.run(run_id)["summary"]["odd"]
    assert (last["min"], last["min_step"], last["max"], last["max_step"]) == (-math.inf, 2, math.inf, 1)
    store.log_metrics(run_id, [("edge", step, 2**62, 1.0) for step in (-(2**63), 0, 2**63 - 1)])
    assert store.metrics(run_id)["edge"]["step"] == [-(2**63), 0, 2**63 - 1]


def test_numpy_counts_and_what_is_no_number_is_refused_before_the_write(store):
    run_id = store.create_run("types")
    store.log_metrics(run_id, [("a", np.int64(3), 7, np.float32(0.5)), ("a", 4, 7, np.array(2)), ("a", 5, 7, True)])
    assert store.metrics(run_id)["a"]["value"] == [0.5, 2.0, 1.0]
    wrong = [("b", 2**63, 0, 1.0), ("b", 1.5, 0, 1.0), ("b", 0, 2**63, 1.0), ("b", 0, 0, "0.5"), ("b", 0, 0, None),
             ("b", 0, 0, np.zeros(2)), ("b", 0, 0, 10**400), ("", 0, 0, 1.0), ("b\n", 0, 0, 1.0), ("../b", 0, 0, 1.0),
             ("x" * 251, 0, 0, 1.0), (7, 0, 0, 1.0), ("b", math.nan, 0, 1.0)]  # fmt: skip
    for point in wrong:
        with pytest.raises(WrongInput):
            store.log_metrics(run_id, [("ok", 0, 0, 1.0), point])
    assert set(store.run(run_id)["metrics"]) == {"a"}
    with pytest.raises(NotFound):
        store.log_metrics("nope", [("a", 0, 0, 1.0)])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(-3, 3), st.integers(0, 3), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, -2.5])
        ),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 4),
)
def test_latest_is_the_greatest_by_step_time_value_whatever_the_order(store, points, groups):
    run_id = store.create_run("latest")
    for group in range(groups):
        store.log_metrics(run_id, [("m", *point) for point in points[group::groups]])
    store.log_metrics(run_id, [("m", *point) for point in points])  # all again: nothing doubles
    rank = lambda p: (p[0], p[1], (math.isnan(p[2]), 0.0 if math.isnan(p[2]) else p[2]))  # noqa: E731
    series = store.metrics(run_id, max_points=1000)["m"]
    kept = list(zip(series["step"], series["time"], series["value"], strict=True))
    assert [rank(p) for p in kept] == sorted({rank(p) for p in points})
    top, found = max(points, key=rank), store.run(run_id)["summary"]["m"]
    assert (found["last_step"], found["last_time"], bits(found["last"])) == (top[0], top[1], bits(top[2]))
    finite = [p[2] for p in points if not math.isnan(p[2])]
    assert (found["min"], found["max"]) == ((min(finite), max(finite)) if finite else (None, None))


@pytest.mark.parametrize("shape", ["noise", "nan", "one step", "uneven", "constant"])
def test_a_thinned_series_keeps_ends_and_the_extremes_of_every_part(store, shape):
    rng = random.Random(7)
    count, most = 30_000, 200
    steps = list(range(count))
    values = [rng.gauss(0, 1) for _ in steps]
    if shape == "nan":
        values[1000:1010] = [math.nan] * 10
    if shape == "uneven":
        steps = [step**3 for step in steps]
    if shape == "constant":
        values = [1.0] * count
    values[12_345] = 99.0
    values[20_000] = -99.0
    points = [
        (0 if shape == "one step" else step, at, value)
        for at, (step, value) in enumerate(zip(steps, values, strict=True))
    ]
    run_id = store.create_run("thin")
    store.log_metrics(run_id, [("m", *point) for point in points])
    series = store.metrics(run_id, ["m", "absent"], max_points=most)
    assert set(series) == {"m"}
    kept = list(zip(series["m"]["step"], series["m"]["time"], series["m"]["value"], strict=True))
    assert most // 8 < len(kept) <= most or shape in ("uneven", "constant")
    assert len(kept) <= most
    assert {(a, b, bits(c)) for a, b, c in kept} <= {(a, b, bits(c)) for a, b, c in points}
    assert [k[:2] for k in kept] == sorted(k[:2] for k in kept)
    assert kept[0][:2] == points[0][:2]
    assert kept[-1][:2] == points[-1][:2]
    assert {99.0, -99.0} <= {p[2] for p in kept}
    assert any(math.isnan(p[2]) for p in kept) == (shape == "nan")
    if shape == "noise":  # an independent count of the parts: numpy's extremes are all there
        edges = np.array([count * part // 99 for part in range(100)])
        lows = np.minimum.reduceat(np.array(values), edges[:-1])
        highs = np.maximum.reduceat(np.array(values), edges[:-1])
        assert set(lows.tolist()) | set(highs.tolist()) <= {p[2] for p in kept}


def test_what_landed_behind_a_point_is_told(store):
    run_id = store.create_run("after")
    store.log_metrics(run_id, [("a", step, step, step) for step in range(10)] + [("b", 1, 1, 1.0)])
    after = {"a": (9, 9), "b": (1, 1)}
    assert set(store.metrics_after(run_id, {})) == {"a", "b"}
    assert store.metrics_after(run_id, after) == {}
    store.log_metrics(run_id, [("a", step, step, step) for step in range(10, 5000)] + [("c", 0, 0, 0.0)])
    news = store.metrics_after(run_id, after, 100)
    assert set(news) == {"a", "c"}
    assert (news["a"]["step"][0], news["a"]["step"][-1]) == (10, 4999)
    assert len(news["a"]["step"]) <= 100


def test_a_point_takes_at_most_32_bytes(tmp_path):
    with Store.open(tmp_path) as store:
        run_id = store.create_run("size")
        empty = (tmp_path / "castalia.db").stat().st_size
        for start in range(0, 20_000, 2_000):
            points = [(f"k{key}", step, 1_760_000_000_000 + 7 * step, random.random())
                      for step in range(start, start + 2_000) for key in range(5)]  # fmt: skip
            store.log_metrics(run_id, points)
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        assert ((tmp_path / "castalia.db").stat().st_size - empty) / 100_000 <= 32
