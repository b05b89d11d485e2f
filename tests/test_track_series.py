"""Series of many runs, along the step or the time, thinned in two ways; and page by page."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from castalia.core.errors import NotFound, WrongInput
from castalia.track import Store, thinning
from castalia.track.thinning import lttb


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def store(request, tmp_path_factory):
    place = ""
    if request.param == "postgres":
        server = request.getfixturevalue("server")
        place = server.url(server.database("castalia_tables"))
    with Store.open(tmp_path_factory.mktemp("series"), place) as opened:
        yield opened


def zipped(series):
    return list(zip(series["step"], series["time"], series["value"], strict=True))


def test_many_runs_give_the_wanted_columns_alone(store):
    runs = [store.create_run("many") for _ in range(3)]
    for number, run_id in enumerate(runs[:2]):
        store.log_metrics(run_id, [(key, step, step, number + step) for key in ("a", "b", "c") for step in range(5)])
    found = store.series(runs, ["a", "c", "absent"])
    assert {run_id: set(series) for run_id, series in found.items()} == {
        runs[0]: {"a", "c"}, runs[1]: {"a", "c"}, runs[2]: set()
    }  # fmt: skip
    assert found[runs[1]]["a"]["value"] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert set(store.series(runs)[runs[0]]) == {"a", "b", "c"}
    assert store.series(runs, ["a"], steps=(1, 3))[runs[0]]["a"]["step"] == [1, 2, 3]
    assert store.series(runs, ["a"], steps=(9, 99))[runs[0]] == {}
    assert store.series([]) == {}
    with pytest.raises(NotFound):
        store.series([runs[0], "nope"])
    for wrong in ({"by": "value"}, {"thin": "none"}, {"max_points": 3}, {"run_ids": ["x"] * 1001}):
        with pytest.raises(WrongInput):
            store.series(**({"run_ids": runs} | wrong))


@pytest.mark.parametrize("spoiled", [False, True])
def test_along_the_time_ends_and_the_extremes_of_every_part_are_kept(store, spoiled):
    """Times that run against the steps, in more than one chunk; an independent count by numpy."""
    rng, count, most = random.Random(3), 60_000, 302
    points = [(step, 5_000_000 - 7 * step, rng.gauss(0, 1)) for step in range(count)]
    if spoiled:
        points[100:105] = [(step, 5_000_000 - 7 * step, math.nan) for step in range(100, 105)]
    points[31_234] = (31_234, points[31_234][1], 50.0)
    run_id = store.create_run("time")
    store.log_metrics(run_id, [("m", *point) for point in points])
    kept = zipped(store.series([run_id], ["m"], most, by="time")[run_id]["m"])
    assert most / 2 < len(kept) <= most
    assert [point[1] for point in kept] == sorted(point[1] for point in kept)
    assert kept[0][:2] == points[-1][:2]
    assert kept[-1][:2] == points[0][:2]
    assert {repr(point) for point in kept} <= {repr(point) for point in points}
    assert any(math.isnan(point[2]) for point in kept) == spoiled
    times, values = (np.array([point[at] for point in points], float) for at in (1, 2))
    place = np.minimum(((times - times.min()) / np.ptp(times) * 100).astype(int), 99)
    for part in range(100):
        inside = values[place == part]
        assert {np.nanmin(inside), np.nanmax(inside)} <= {point[2] for point in kept}


@pytest.mark.parametrize("by", ["step", "time"])
def test_four_points_are_the_ends_and_the_extremes_though_some_are_no_numbers(store, by):
    run = store.create_run("e")
    values = [1.0, math.nan, 5.0, math.nan, -5.0, 2.0, 3.0]
    store.log_metrics(run, [("m", step, step, value) for step, value in enumerate(values)])
    assert store.series([run], ["m"], 4, by)[run]["m"] == {
        "step": [0, 2, 4, 6], "time": [0, 2, 4, 6], "value": [1.0, 5.0, -5.0, 3.0]}  # fmt: skip


def test_points_of_one_step_are_thinned_along_the_time(store):
    run_id = store.create_run("one step")
    store.log_metrics(run_id, [("m", 0, time, float(time % 100)) for time in range(30_000)])
    for by in ("step", "time"):
        kept = zipped(store.series([run_id], ["m"], 100, by=by)[run_id]["m"])
        assert 50 < len(kept) <= 100
        assert (kept[0][1], kept[-1][1]) == (0, 29_999)


def triangles(points, most, axis):
    """LTTB as its paper says it, one point after the other, in whole and exact numbers."""
    inner = len(points) - 2
    edges = [1 + part * inner // (most - 2) for part in range(most - 1)]
    kept = [points[0]]
    for part in range(most - 2):
        beyond = points[edges[part + 1] : edges[part + 2]] if part < most - 3 else points[-1:]
        mean = [sum(point[at] for point in beyond) / len(beyond) for at in (axis, 2)]
        a = kept[-1]
        kept.append(max(points[edges[part] : edges[part + 1]], key=lambda b, a=a, mean=mean: abs(
            (a[axis] - mean[0]) * (b[2] - a[2]) - (a[axis] - b[axis]) * (mean[1] - a[2]))))  # fmt: skip
    return [*kept, points[-1]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("axis", [0, 1])
def test_largest_triangles_are_those_of_the_paper(seed, axis):
    rng = random.Random(seed)
    at, points = 0, []
    for step in range(rng.randrange(50, 400)):
        at += rng.randrange(1, 50)
        points.append((step, at, rng.gauss(0, 1)))
    most = rng.randrange(4, 40)
    assert lttb(points, most, axis) == triangles(points, most, axis)


def test_largest_triangles_bear_what_is_not_finite_or_huge():
    points = [(step, step, (-1) ** step * 1.7e308) for step in range(100)]
    points[0], points[50], points[60] = (0, 0, math.nan), (50, 50, math.inf), (60, 60, math.nan)
    kept = lttb(points, 20)
    assert len(kept) == 20
    assert all(math.isfinite(point[2]) for point in kept[1:])
    assert lttb([(step, step, math.nan) for step in range(100)], 20)[-1][0] == 99


@pytest.mark.parametrize("count", [3, 500, 6_000])
def test_series_by_triangles_keep_ends_and_spikes(store, count, monkeypatch):
    monkeypatch.setattr(thinning, "_WHOLE", 5_000)  # the longest comes by its extremes
    points = [(step, 3 * step, math.sin(step / 500)) for step in range(count)]
    if count > 100:
        points[count // 3] = (count // 3, count, 40.0)
    run_id = store.create_run("lttb")
    store.log_metrics(run_id, [("m", *point) for point in points])
    for by in ("step", "time"):
        kept = zipped(store.series([run_id], ["m"], 100, by=by, thin="lttb")[run_id]["m"])
        assert len(kept) == min(count, 100)
        assert set(kept) <= set(points)
        assert (kept[0], kept[-1]) == (points[0], points[-1])
        assert count < 100 or 40.0 in {point[2] for point in kept}


def test_a_history_comes_page_by_page_each_point_once(store):
    rng = random.Random(11)
    values = [math.nan, math.inf, -math.inf, 0.0, 1.0, -2.5]
    points = {(rng.randrange(-5, 5), rng.randrange(3), rng.choice(values)) for _ in range(300)}
    run_id = store.create_run("history")
    store.log_metrics(run_id, [("m", *point) for point in points])
    order = lambda p: (p[0], p[1], (math.isnan(p[2]), 0.0 if math.isnan(p[2]) else p[2]))  # noqa: E731
    wanted = sorted({order(point) for point in points})
    for limit in (1, 7, 1000):
        found, after = [], None
        while page := store.history(run_id, "m", after, limit):
            assert len(page) <= limit
            found += page
            after = page[-1]
        assert [order(point) for point in found] == wanted
    after = store.history(run_id, "m", None, 10)[-1]
    store.log_metrics(run_id, [("m", -(2**63), 0, 1.0)])  # behind us: the next page is as it was
    assert [order(p) for p in store.history(run_id, "m", after, 5)] == wanted[10:15]
    assert store.history(run_id, "absent") == []
    with pytest.raises(NotFound):
        store.history("nope", "m")
    for limit in (0, 100_001):
        with pytest.raises(WrongInput):
            store.history(run_id, "m", None, limit)


def test_a_page_deep_in_a_history_is_found_by_the_index(tmp_path):
    with Store.open(tmp_path) as store, store.database.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT step, time, value FROM metrics WHERE run = 1 AND key = 1"
            " AND (step, time, value) > (5, 5, 5) ORDER BY step, time, value LIMIT 10"
        ).all()
    assert "step,time,value)>" in plan[0][3]
    assert len(plan) == 1, "it sorts"
