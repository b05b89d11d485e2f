"""What pages ask of the tracker: columns, sparklines, marks, trash, views, comparisons; on both databases."""

from __future__ import annotations

import itertools
import math

import pytest
import sqlalchemy as sa
from track_client import over_http

from castalia.track import Store, schema
from castalia.track.board import sparks


@pytest.fixture
def store(tmp_path, place):
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def client(store):
    with over_http(store) as opened:
        yield opened


def names(client, **asked) -> list[str]:
    return sorted(row["name"] for row in client.get("/runs", params=asked).json()["items"])


def test_columns_are_counted_over_the_runs_that_are_not_in_the_trash(store, client):
    runs = [
        store.create_run("a", f"r{i}", {"rate": i, **({"depth": 3} if i else {})}, {"stage": "x"}) for i in range(3)
    ]
    other = store.create_run("b", "other", {"rate": 9})
    for run in (*runs[:2], other):
        store.log_metrics(run, [("loss", 0, 1, 1.0)])
    store.log_metrics(runs[0], [("accuracy", 0, 1, math.nan)])
    store.delete_runs([runs[2]])
    found = client.get("/runs/columns").json()
    assert found["metrics"] == [{"name": "loss", "runs": 3}, {"name": "accuracy", "runs": 1}]
    assert found["params"] == [{"name": "rate", "runs": 3}, {"name": "depth", "runs": 1}]
    assert found["tags"] == [{"name": "stage", "runs": 2}]
    here = client.get("/runs/columns", params={"experiment": "b"}).json()
    assert here == {"metrics": [{"name": "loss", "runs": 1}], "params": [{"name": "rate", "runs": 1}], "tags": []}
    assert client.get("/runs/columns", params={"experiment": "none"}).json()["metrics"] == []


@pytest.mark.parametrize("points", [2, 3, 32])
def test_a_sparkline_begins_and_ends_where_the_series_does(store, points):
    long, short, one, none = (store.create_run("e") for _ in range(4))
    store.log_metrics(long, [("loss", step, step, 1000.0 - step) for step in range(-7, 1000)])
    store.log_metrics(short, [("loss", step * step, 1, float(step)) for step in range(3)])
    store.log_metrics(one, [("loss", 5, 1, 1.0)])
    found = sparks.sparks(store, [long, short, one, none, "absent"], ["loss", "absent"], points)
    assert found[one] == found[none] == {} and "absent" not in found
    values = found[long]["loss"]
    assert values[0] == 1007.0 and values[-1] == 1.0 and len(values) == points
    assert values == sorted(values, reverse=True)
    steps = [1000 - value for value in values]
    gaps = [late - early for early, late in itertools.pairwise(steps)]
    assert max(gaps) - min(gaps) <= 1
    assert found[short]["loss"] == ([0.0, 1.0, 2.0] if points == 32 else [0.0, 2.0])  # at 0, 1 and 4


def test_a_sparkline_is_capped(client):
    assert client.get("/runs/sparks", params={"run": ["r"], "key": [str(i) for i in range(9)]}).status_code == 422
    assert client.get("/runs/sparks", params={"run": [str(i) for i in range(201)], "key": ["a"]}).status_code == 422


def test_a_run_is_renamed_noted_tagged_and_put_away(store, client):
    run = store.create_run("e", "first", tags={"stage": "dev", "old": "1"})
    store.create_run("e", "other")
    said = client.patch(
        f"/runs/{run}", json={"name": " better ", "note": "# why", "tags": {"stage": "prod", "old": None}}
    )
    assert said.json()["name"] == "better"
    assert said.json()["tags"] == {"stage": "prod", "mlflow.runName": "better", "mlflow.note.content": "# why"}
    assert client.patch(f"/runs/{run}", json={"archived": True}).status_code == 200
    assert names(client, archived="no") == ["other"] and names(client, archived="only") == ["better"]
    assert names(client) == ["better", "other"]
    back = client.patch(f"/runs/{run}", json={"archived": False, "note": ""}).json()
    assert back["tags"] == {"stage": "prod", "mlflow.runName": "better"} and names(client, archived="only") == []


def test_what_was_expected_and_is_otherwise_is_not_written_over(store, client):
    """An undo says what it takes back: whoever wrote since is not undone with it."""
    run = store.create_run("e", "first", tags={"stage": "dev"})
    path = f"/runs/{run}"
    first = {"name": "second", "note": "mine", "tags": {"stage": "prod", "new": "1"}}
    assert client.patch(
        path, json={**first, "expected": {"name": "first", "note": "", "tags": {"stage": "dev", "new": None}}}
    ).is_success
    kept = store.run(run)
    for expected in ({"name": "first"}, {"note": ""}, {"note": "hers"}, {"tags": {"stage": "dev"}},
                     {"tags": {"new": None}}, {"tags": {"absent": "1"}}, {**first, "note": "hers"}):  # fmt: skip
        refused = client.patch(path, json={"name": "x", "note": "x", "tags": {"stage": "x"}, "expected": expected})
        assert refused.status_code == 409 and "was changed since" in refused.json()["subject"], expected
        assert store.run(run) == kept
    assert client.patch(path, json={"expected": {"nmae": "x"}}).status_code == 422
    back = client.patch(
        path, json={"name": "first", "note": "", "tags": {"stage": "dev", "new": None}, "expected": first}
    )
    assert back.json()["tags"] == {"stage": "dev", "mlflow.runName": "first"}


_WRONG_MARKS = [
    {"nmae": "x"},
    {"name": ""},
    {"name": "  "},
    {"name": "a\0b"},
    {"note": "x" * 8001},
    {"tags": {"": "x"}},
    {"tags": {"a/../b": "x"}},
    {"tags": {str(i): "x" for i in range(101)}},
]


@pytest.mark.parametrize("body", _WRONG_MARKS)
def test_marks_that_cannot_be_kept_change_nothing(store, client, body):
    run = store.create_run("e", "first")
    before = store.run(run)
    assert client.patch(f"/runs/{run}", json=body).status_code == 422
    assert client.patch("/runs/absent", json={"name": "x"}).status_code == 404
    assert client.patch(f"/runs/{run}", json={"tags": {"mlflow.parentRunId": run}}).status_code == 422
    assert store.run(run) == before
    store.delete_runs([run])
    assert client.patch(f"/runs/{run}", json={"name": "x"}).status_code == 409 and store.run(run)["name"] == "first"


def test_a_views_name_stands_in_an_address_and_on_a_line(store, client):
    client.put("/views/loss%2Fval", json={})
    kept = client.put("/views/%20two%20%20words%20", json={}).json()
    assert [view["name"] for view in kept] == ["loss/val", "two  words"]
    for name in ("%2e", "%2e%2e", "x%0Ay", "x%E2%80%AEy", "x%C2%85y", "%20", "x%00y"):
        assert client.put(f"/views/{name}", json={}).status_code in (404, 405, 422)
    assert [view["name"] for view in client.delete("/views/loss%2Fval").json()] == ["two  words"]


def test_runs_go_into_the_trash_and_come_back_or_go_for_good(store, client):
    first, second = store.create_run("e", "first"), store.create_run("e", "second")
    assert client.post("/trash", json={"run_ids": [first, second]}).json()["run_ids"] == sorted([first, second])
    assert client.post("/trash", json={"run_ids": [first]}).json()["run_ids"] == []
    assert names(client) == [] and names(client, trash=True) == ["first", "second"]
    assert client.post("/trash/restore", json={"run_ids": [first]}).json()["run_ids"] == [first]
    assert client.post("/trash/remove", json={"run_ids": [first]}).status_code == 409
    assert client.post("/trash/remove", json={"run_ids": [second]}).json()["run_ids"] == [second]
    assert names(client) == ["first"] and names(client, trash=True) == []
    assert client.post("/trash", json={"run_ids": ["absent"]}).status_code == 404
    assert client.post("/trash", json={"run_ids": []}).status_code == 422


def test_a_row_says_how_many_runs_are_inside_it_and_how_many_alerts(store, client):
    parent = store.create_run("e", "search")
    children = [store.create_run("e", f"trial {i}", parent=parent) for i in range(3)]
    store.delete_runs(children[:1])
    store.add_alert(parent, "loss is NaN")
    top = client.get("/runs", params={"top": True}).json()
    assert [(row["name"], row["children"], row["alerts"]) for row in top["items"]] == [("search", 2, 1)]
    assert names(client, parent=parent) == ["trial 1", "trial 2"]


def test_views_are_kept_one_of_them_as_home(store, client):
    assert client.get("/views").json() == []
    assert client.put("/views/best of week", json={"query": "order=-metrics.acc", "home": True}).status_code == 200
    kept = client.put("/views/другой", json={"page": "compare", "query": "run=a", "home": True}).json()
    assert [(view["name"], view["page"], view["home"]) for view in kept] == [
        ("best of week", "runs", False), ("другой", "compare", True)]  # fmt: skip
    assert [view["name"] for view in client.delete("/views/best of week").json()] == ["другой"]
    assert client.delete("/views/best of week").status_code == 404
    client.put("/views/loss%2Fval", json={})
    assert [view["name"] for view in client.put("/views/%20two%20%20words%20", json={}).json()] == [
        "loss/val", "two  words", "другой"]  # fmt: skip
    for name in ("%2e", "%2e%2e", "x%0Ay", "x%E2%80%AEy", "x%C2%85y", "%20", "x%00y"):
        assert client.put(f"/views/{name}", json={}).status_code in (404, 405, 422)
    client.delete("/views/two%20%20words")
    assert [view["name"] for view in client.delete("/views/loss%2Fval").json()] == ["другой"]
    for name, body in (
        ("x" * 101, {}),
        ("x", {"page": "elsewhere"}),
        ("x", {"query": "q" * 16_001}),
        ("x", {"more": 1}),
    ):
        assert client.put(f"/views/{name}", json=body).status_code == 422
    assert len(client.get("/views").json()) == 1
    assert client.put("/views/a%2Fb %3F", json={}).status_code == 200
    assert client.delete("/views/a%2Fb %3F").json()[0]["name"] == "другой", "a name may have any sign"


def test_experiments_are_summed_up(store, client):
    for status in ("done", "failed", "running"):
        run = store.create_run("busy", status=status)
    store.delete_runs([store.create_run("busy")])
    found = client.get("/experiments").json()
    assert [one["name"] for one in found] == ["busy", "Default"]
    assert found[0]["runs"] == 3 and found[0]["statuses"] == {"done": 1, "failed": 1, "running": 1}
    assert found[0]["last"] == store.run(run)["started"] and found[1]["last"] is None


def test_what_happened_since(store, client):
    old = store.create_run("e", "old")
    store.finish(old)
    moment = store.run(old)["ended"]
    for i in range(7):
        store.create_run("e", f"going {i}")
    bad = store.create_run("e", "bad")
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET ended = {moment + 5}, status = 'failed' WHERE run_id = '{bad}'")
    store.add_alert(bad, "loss is NaN", when=moment + 3)
    store.add_alert(old, "earlier", when=moment)
    said = client.get("/runs/since", params={"time": moment}).json()
    assert said["done"] == {"count": 0, "runs": []}
    assert said["failed"]["count"] == 1 and said["failed"]["runs"][0]["name"] == "bad"
    assert said["running"]["count"] == 7 and len(said["running"]["runs"]) == 5
    assert said["alerts"]["count"] == 1 and said["alerts"]["runs"][0]["text"] == "loss is NaN"


def test_runs_side_by_side_say_what_differs(store, client):
    a = store.create_run("e", "a", {"rate": 0.1, "depth": 3, "only": "a"}, {"stage": "x"})
    b = store.create_run("e", "b", {"rate": 0.2, "depth": 3}, {"stage": "x"})
    for run in (a, b):
        store.log_metrics(
            run, [("broken", 0, 1, math.nan), ("loss", 0, 1, 1.0), ("loss", 1, 2, 2.0 if run == b else 3.0)]
        )
    said = client.get("/runs/compare", params={"run": [b, a, b]}).json()
    assert [row["name"] for row in said["runs"]] == ["b", "a"]
    assert said["differing"] == {"params": ["only", "rate"], "metrics": ["loss"], "tags": []}
    assert said["runs"][1]["summary"]["loss"] == {
        "last": 3.0, "last_step": 1, "last_time": 2, "min": 1.0, "min_step": 0, "max": 3.0, "max_step": 1}  # fmt: skip
    assert client.get("/runs/compare", params={"run": [a]}).status_code == 422
    assert client.get("/runs/compare", params={"run": [a, "absent"]}).status_code == 404


def test_curves_of_many_runs_at_once(store, client):
    runs = [store.create_run("e") for _ in range(2)]
    for run in runs:
        store.log_metrics(run, [("loss", step, step, float(step)) for step in range(100)])
    said = client.get("/runs/series", params={"run": runs, "key": "loss", "points": 10, "first": 50}).json()
    assert set(said) == set(runs)
    assert said[runs[0]]["loss"]["step"][0] == 50 and said[runs[0]]["loss"]["step"][-1] == 99
    assert len(said[runs[0]]["loss"]["step"]) <= 10
    asked = {"run": runs, "key": [str(i) for i in range(30)], "points": 100_000}
    assert client.get("/runs/series", params=asked).status_code == 422
    asked = {"run": runs, "points": 100_000}  # all they have
    assert client.get("/runs/series", params=asked).status_code == 200
    store.log_metrics(runs[1], [(f"m{i}", 0, 0, 1.0) for i in range(39)])
    said = client.get("/runs/series", params=asked)
    assert said.status_code == 422 and "4,100,000 points" in said.json()["got"]


def test_what_goes_with_a_metric(store, client):
    runs = [store.create_run("e", params={"rate": i, "noise": i * 7 % 5}) for i in range(12)]
    for i, run in enumerate(runs):
        store.log_metrics(run, [("acc", 0, 1, float(i))])
    for asked in ({"run": runs}, {"experiment": "e"}, {"filter": "params.rate >= 0"}):
        said = client.get("/runs/importance", params={"metric": "acc", **asked}).json()
        assert said["runs"] == 12 and said["params"][0]["name"] == "rate", asked
    assert client.get("/runs/importance", params={"metric": "acc", "run": runs[:3]}).status_code == 422
    assert client.get("/runs/importance", params={"metric": "loss"}).status_code == 422


def timed(store, run, started, ended):
    with store.database.write() as connection:
        times = sa.update(schema.runs).where(schema.runs.c.run_id == run).values(started=started, ended=ended)
        connection.execute(times)


def test_columns_of_the_newest_runs_and_of_those_that_fit(store, client):
    for i in range(4):
        run = store.create_run("a", f"r{i}", {"rate": i})
        timed(store, run, 1000 + i, None)
        store.log_metrics(run, [(f"loss {i}", 0, 1, 1.0)])
    newest = client.get("/runs/columns", params={"newest": 2}).json()
    assert [each["name"] for each in newest["metrics"]] == ["loss 2", "loss 3"]
    fitting = client.get("/runs/columns", params={"filter": "params.rate < 1"}).json()
    assert [each["name"] for each in fitting["metrics"]] == ["loss 0"]
    both = client.get("/runs/columns", params={"filter": "params.rate < 3", "newest": 1}).json()
    assert both["params"] == [{"name": "rate", "runs": 1}] and both["metrics"][0]["name"] == "loss 2"
    assert "^" in client.get("/runs/columns", params={"filter": "metrics.loss <"}).json()["got"]


def test_rows_are_cut_and_hold_the_tags_that_a_person_set(store, client):
    tags = {"stage": "x" * 900, "mlflow.user": "me", "castalia.archived": "true", "*": "star"}
    store.create_run("a", "one", {"long": "p" * 900}, tags)

    def row(**asked):
        return client.get("/runs", params=asked).json()["items"][0]

    brief = row(columns=["tags.*", "params.long"], brief=True)
    assert brief["tags"] == {"stage": "x" * 200, "*": "star"} and brief["params"] == {"long": "p" * 200}
    assert row(columns=["tags.*"])["tags"]["stage"] == "x" * 900 and row(columns=["tags.*"])["params"] == {}
    assert row(columns=["tags.`*`"])["tags"] == {"*": "star"}
    assert row(columns=["tags.*", "tags.mlflow.user"])["tags"].keys() == {"stage", "*", "mlflow.user"}


def test_lists_are_ordered_by_how_long_runs_took_and_by_tags(store, client):
    for name, took, tag in (("a", 30, "x"), ("b", 10, "z"), ("c", 20, "y")):
        timed(store, store.create_run("e", name, tags={"team": tag}), 1000, 1000 + took)
    timed(store, store.create_run("e", "running"), 1000, None)

    def order(by):
        return [row["name"] for row in client.get("/runs", params={"order": by}).json()["items"]]

    assert order("took") == ["b", "c", "a", "running"] and order("-took") == ["a", "c", "b", "running"]
    for name, depth in (("a", "10"), ("b", "9"), ("c", "deep")):
        store.set_params(store.runs(filter=f"name = '{name}'").items[0]["run_id"], {"depth": depth})
    assert order("params.depth") == ["b", "a", "c", "running"] and order("-params.depth") == ["a", "b", "c", "running"]
    assert order("tags.team") == ["a", "c", "b", "running"] and order("-tags.team") == ["b", "c", "a", "running"]


def test_runs_are_put_away_together(store, client):
    runs = [store.create_run("e", f"r{i}") for i in range(3)]
    assert client.post("/runs/archive", json={"run_ids": runs[:2]}).json()["run_ids"] == sorted(runs[:2])
    assert client.post("/runs/archive", json={"run_ids": runs}).json()["run_ids"] == [runs[2]]
    assert names(client, archived="no") == []
    assert client.post("/runs/archive", json={"run_ids": [runs[0], "absent"], "archived": False}).status_code == 404
    assert names(client, archived="no") == [], "all or none"
    client.post("/runs/archive", json={"run_ids": runs[:1], "archived": False})
    assert names(client, archived="no") == ["r0"]


def test_what_would_go_is_weighed(store, client):
    first, second = store.create_run("e", run_id="a"), store.create_run("e", run_id="a0")
    store.add_artifact(first, "x/one.txt", b"12345")
    store.add_artifact(second, "two.txt", b"123")
    assert client.post("/trash/size", json={"run_ids": [first]}).json() == {"runs": 1, "files": 1, "bytes": 5}
    both = client.post("/trash/size", json={"run_ids": [first, second, second, "absent"]}).json()
    assert both == {"runs": 2, "files": 2, "bytes": 8}
