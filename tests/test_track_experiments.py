"""Experiments as pages see them: best runs, days, notes, trash; on both databases."""

from __future__ import annotations

import math
import random
import time

import pytest
from track_client import over_http

from castalia.track import Store
from castalia.track.board import best, experiments

DAY = 86_400_000


@pytest.fixture
def store(tmp_path, place):
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def client(store):
    with over_http(store) as opened:
        yield opened


def listed(client, **asked) -> dict[str, dict]:
    return {one["name"]: one for one in client.get("/experiments", params=asked).json()}


@pytest.mark.parametrize(("down", "metrics"), [
    (True, "loss val/loss trainLoss test_error RMSE val.mse meanSquaredError logloss ppl WER fold_3/mae latency_ms mse "
           "rmse perplexity error_rate mape fid wer cer brier_score negative_log_likelihood false_negative_rate"),
    (False, "accuracy val/f1 auc r2 mAP50 neg_mean_squared_error neg_log_loss neg_brier_score reward bleu score f1 "
            "glossary_score psnr log_likelihood f1_macro recall_at_10 r2_score"),
    (None, "glossary blossom lr winner epoch depth"),
])  # fmt: skip
def test_the_name_of_a_metric_says_which_way_is_better(down, metrics):
    names = metrics.split()
    assert {name: best.less_is_better(name) for name in names} == dict.fromkeys(names, down)
    assert {name: best.goes_down(name) for name in names} == dict.fromkeys(names, down is True)
    assert best.ways(names) == ({} if down is None else dict.fromkeys(names, down))


@pytest.mark.parametrize(("metrics", "wanted"), [
    ({"train/loss": 9, "val/loss": 2, "test_auc": 1}, "test_auc"),
    ({"train/loss": 9, "val/loss": 2, "val/accuracy": 9}, "val/loss"),
    ({"loss": 1, "zeta": 9}, "loss"),
    ({"alpha": 2, "beta": 3}, "beta"),
    ({"fold_1/accuracy": 9, "map": 1}, "map"),
    ({"system/cpu": 5}, None),
    ({}, None),
])  # fmt: skip
def test_an_experiment_is_judged_by_what_people_look_at_first(metrics, wanted):
    assert best.usual(metrics) == wanted


def test_the_best_run_leads_in_each_experiment(store, client):
    """Against the same in plain Python; NaN, infinities, equals, runs in the trash and runs without it among them."""
    rng = random.Random(4)
    told: dict[str, list[tuple[float, str, str]]] = {}
    for name in ("a", "b", "all nan", "none"):
        for i in range(10 if len(name) == 1 else 2):
            run = store.create_run(name, f"run {i}")
            values = (
                [math.nan] if name == "all nan" else [math.nan, math.inf, -math.inf, 0.5, rng.random(), rng.random()]
            )
            value = rng.choice(values)
            if name != "none":
                store.log_metrics(run, [("val/loss", 0, 1, 9.0), ("val/loss", 1, 2, value), ("score", 0, 1, -value)])
            if i % 5 == 4:
                store.delete_runs([run])
            elif math.isfinite(value):
                told.setdefault(name, []).append((value, run, f"run {i}"))
    found = listed(client, best=True)
    for name in ("a", "b"):
        least = min(value for value, _, _ in told[name])
        value, run, called = [one for one in told[name] if one[0] == least][-1]
        expected = {"metric": "val/loss", "down": True, "run_id": run, "name": called, "value": value,
                    "runs": len(told[name])}  # fmt: skip
        assert found[name]["best"] == expected
        assert listed(client, best=True, metric="score")[name]["best"]["value"] == -least
        assert client.get(f"/experiments/{found[name]['id']}").json()["best"] == expected
    assert found["all nan"]["best"] is found["none"]["best"] is None
    assert all(one["best"] is None for one in listed(client, best=True, metric="no such").values())
    assert "best" not in listed(client)["a"]


def test_runs_are_counted_on_the_days_of_who_looks(store, client):
    now = int(time.time() * 1000)
    zones = (0, -330, 900)
    for zone in zones:
        ahead = zone * 60_000
        midnight = (now + ahead) // DAY * DAY - ahead
        starts = [
            now,
            midnight,
            midnight - 1,
            midnight - DAY,
            midnight - 6 * DAY,
            midnight - 6 * DAY - 1,
            now + 3 * DAY,
        ]
        for start in starts:
            run = store.create_run(f"zone {zone}")
            with store.database.write() as connection:
                connection.exec_driver_sql(f"UPDATE runs SET started = {start} WHERE run_id = '{run}'")
    found = {zone: listed(client, days=7, zone=zone) for zone in zones}
    if any((time.time() * 1000 + zone * 60_000) // DAY != (now + zone * 60_000) // DAY for zone in zones):
        pytest.skip("a day has begun meanwhile")
    for zone in zones:
        assert found[zone][f"zone {zone}"]["activity"] == [1, 0, 0, 0, 0, 2, 3]
        assert found[zone]["Default"]["activity"] == [0] * 7
    assert client.get("/experiments", params={"days": 400}).status_code == 422


def test_an_experiment_is_renamed_noted_tagged_and_put_away(store, client):
    store.create_run("first")
    store.create_run("other")
    run = store.create_run("first")
    store.set_tags(run, {"castalia.archived": "true"})
    id = listed(client)["first"]["id"]
    said = client.patch(f"/experiments/{id}", json={"name": " ../ü ", "note": "# why\n" + "x" * 500,
                                                    "tags": {"team": "red", "goal": ""}, "archived": True})  # fmt: skip
    found = said.json()
    assert found["name"] == "../ü" and found["note"].startswith("# why") and len(found["note"]) == 506
    assert found["tags"] == {"team": "red", "goal": ""} and found["archived"] and found["away"] == 1
    row = listed(client, name="../ü")["../ü"]
    assert len(row["note"]) == experiments.GLANCE and client.get("/experiments", params={"name": "first"}).json() == []
    back = client.patch(f"/experiments/{id}", json={"tags": {"goal": None}, "archived": False, "note": ""}).json()
    assert (back["tags"], back["archived"], back["note"], back["runs"]) == ({"team": "red"}, False, "", 2)
    taken = client.patch(f"/experiments/{id}", json={"name": "other", "note": "not kept"})
    assert taken.status_code == 409 and client.get(f"/experiments/{id}").json()["note"] == ""
    assert client.patch(f"/experiments/{id}", json={"name": "../ü"}).status_code == 200


def test_an_undo_does_not_write_over_what_came_since(store, client):
    store.create_run("first")
    path = f"/experiments/{listed(client)['first']['id']}"
    first = {"name": "second", "note": "mine", "tags": {"team": "red"}}
    assert client.patch(
        path, json={**first, "expected": {"name": "first", "note": "", "tags": {"team": None}}}
    ).is_success
    kept = client.get(path).json()
    for expected in ({"name": "first"}, {"note": "hers"}, {"tags": {"team": None}}):
        refused = client.patch(path, json={"name": "x", "note": "x", "tags": {"team": "x"}, "expected": expected})
        assert refused.status_code == 409 and client.get(path).json() == kept, expected
    assert client.patch(path, json={"name": "first", "note": "", "expected": first}).json()["note"] == ""


def test_what_cannot_be_kept_changes_nothing(client):
    before = client.get("/experiments/0").json()
    for body in ({"nmae": "x"}, {"name": " "}, {"name": "x" * 501}, {"name": "a\0b"}, {"note": "x" * 20_001},
                 {"tags": {"": "x"}}, {"tags": {"a/../b": "x"}}):  # fmt: skip
        assert client.patch("/experiments/0", json=body).status_code == 422
    assert client.get("/experiments/0").json() == before
    for id in ("999", str(2**62)):
        path = f"/experiments/{id}"
        answers = [client.get(path), client.patch(path, json={}), client.post(f"{path}/trash"),
                   client.post(f"{path}/restore")]  # fmt: skip
        assert [answer.status_code for answer in answers] == [404] * 4
    assert [client.get(f"/experiments/{wrong}").status_code for wrong in ("x", "-1", 2**63)] == [422] * 3


def test_an_experiment_goes_into_the_trash_with_its_runs_and_comes_back_with_them(store, client):
    runs = [store.create_run("e", f"run {i}") for i in range(3)]
    store.delete_runs(runs[:1])
    id = listed(client)["e"]["id"]
    gone = client.post(f"/experiments/{id}/trash").json()
    assert (gone["lifecycle"], gone["runs"], gone["gone"]) == ("deleted", 0, 2)
    assert client.post(f"/experiments/{id}/trash").json() == gone
    assert client.get("/runs").json()["total"] == 0
    refused = client.patch(f"/experiments/{id}", json={"note": "x"})
    assert refused.status_code == 409 and "Restore" in refused.json()["cure"]
    back = client.post(f"/experiments/{id}/restore").json()
    assert (back["lifecycle"], back["runs"], back["gone"]) == ("active", 2, 0)
    assert client.post(f"/experiments/{id}/restore").json() == back
    assert sorted(row["name"] for row in client.get("/runs").json()["items"]) == ["run 1", "run 2"]
