"""Requests about experiments, runs and metrics, good and bad, and what ``mlflow server`` answers to them.

``python tests/mlflow_requests.py http://127.0.0.1:5000`` asks a fresh server of mlflow 3.17.2 (SQLite, one worker)
and writes golden/mlflow_runs.json; the tests ask ours the same and compare. ``@name`` stands for what an earlier
answer gave; what differs from one recording to the next is put into its place.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

GOLDEN = Path(__file__).parent / "golden" / "mlflow_runs.json"
LONG = "x" * 251
Ask = Callable[[str, str, dict[str, Any] | str], tuple[int, Any]]
"""(method, path below /api/2.0/mlflow/, fields or a raw body) -> (status, JSON)."""


class Step(NamedTuple):
    """One request; ``keep`` takes values out of the answer: {"run": "run.info.run_id"}."""

    name: str
    method: str
    path: str
    data: dict[str, Any] | str
    keep: dict[str, str] = {}  # noqa: RUF012  never changed


def get(about: str, path: str, keep: dict[str, str] | None = None, /, **fields: Any) -> Step:
    return Step(about, "GET", path, fields, keep or {})


def post(about: str, path: str, keep: dict[str, str] | None = None, /, **fields: Any) -> Step:
    return Step(about, "POST", path, fields, keep or {})


def raw(name: str, path: str, body: str) -> Step:
    return Step(name, "POST", path, body)


def point(about: str, /, **fields: Any) -> Step:
    """log-metric with every field in order but for ``fields``; None leaves one out."""
    whole = {"run_id": "@run", "key": "m", "value": 1.5, "timestamp": 100, "step": 1} | fields
    return post(about, "runs/log-metric", **{key: value for key, value in whole.items() if value is not None})


def batch(about: str, /, **fields: Any) -> Step:
    return post(about, "runs/log-batch", **({"run_id": "@run"} | fields))


def metric(**fields: Any) -> dict[str, Any]:
    whole = {"key": "b", "value": 2.0, "timestamp": 200, "step": 0} | fields
    return {key: value for key, value in whole.items() if value is not None}


def pairs(count: int, start: str = "k") -> list[dict[str, str]]:
    return [{"key": f"{start}{i}", "value": str(i)} for i in range(count)]


EXPERIMENTS = [
    post("experiment", "experiments/create", {"exp": "experiment_id"}, name="@nonce a", tags=pairs(2)),
    post("experiment again", "experiments/create", name="@nonce a"),
    post("another experiment", "experiments/create", {"other": "experiment_id"}, name="@nonce b/ü"),
    post("experiment without a name", "experiments/create"),
    post("experiment with an empty name", "experiments/create", name=""),
    post("experiment with a number as name", "experiments/create", name=12),
    post("experiment with a long name", "experiments/create", name="x" * 501),
    post("experiment with tags that are none", "experiments/create", name="@nonce c", tags={"key": "a"}),
    post("experiment with a tag without key", "experiments/create", name="@nonce c", tags=[{"value": "v"}]),
    post("experiment with a tag upwards", "experiments/create", name="@nonce c", tags=[{"key": "../a", "value": "v"}]),
    post("experiment with a long tag", "experiments/create", name="@nonce c",
         tags=[{"key": "a", "value": "x" * 20_001}]),
    post("experiment with a long key", "experiments/create", name="@nonce c", tags=[{"key": LONG, "value": "v"}]),
    post("location with a fragment", "experiments/create", name="@nonce c", artifact_location="s3://b/x#y"),
    post("location with a query upwards", "experiments/create", name="@nonce c", artifact_location="s3://b/x?../../y"),
    post("location that is a run", "experiments/create", name="@nonce c", artifact_location="runs:/x"),
    raw("unknown fields are passed over", "experiments/create", '{"name": "@nonce d", "more": {"a": [1]}}'),
    raw("a body in a body", "experiments/create", '"{\\"name\\": \\"@nonce e\\"}"'),
    raw("an empty body", "experiments/create", ""),
    get("get", "experiments/get", experiment_id="@exp"),
    get("get the default", "experiments/get", experiment_id="0"),
    get("get an unknown one", "experiments/get", experiment_id="987654"),
    get("get a word", "experiments/get", experiment_id="abc"),
    get("get nothing", "experiments/get"),
    get("get by name", "experiments/get-by-name", experiment_name="@nonce a"),
    get("get by another name", "experiments/get-by-name", experiment_name="@nonce b/ü"),
    get("get by an unknown name", "experiments/get-by-name", experiment_name="@nonce z"),
    get("get by no name", "experiments/get-by-name"),
    post("rename", "experiments/update", experiment_id="@other", new_name="@nonce r"),
    post("rename to nothing", "experiments/update", experiment_id="@other", new_name=""),
    post("rename an unknown one", "experiments/update", experiment_id="987654", new_name="x"),
    post("rename by a number", "experiments/update", experiment_id=2, new_name="x"),
    post("rename to a long name", "experiments/update", experiment_id="@other", new_name="x" * 501),
    get("get the renamed", "experiments/get", experiment_id="@other"),
    post("tag", "experiments/set-experiment-tag", experiment_id="@exp", key="t/a.b c", value="one"),
    post("tag again", "experiments/set-experiment-tag", experiment_id="@exp", key="t/a.b c", value="two"),
    post("tag without value", "experiments/set-experiment-tag", experiment_id="@exp", key="empty"),
    post("tag without key", "experiments/set-experiment-tag", experiment_id="@exp", value="v"),
    post("tag with a number", "experiments/set-experiment-tag", experiment_id="@exp", key="n", value=3),
    post("tag too long", "experiments/set-experiment-tag", experiment_id="@exp", key="n", value="x" * 20_001),
    post("tag with a letter that is none", "experiments/set-experiment-tag", experiment_id="@exp", key="a$", value="v"),
    post("tag of an unknown one", "experiments/set-experiment-tag", experiment_id="987654", key="a", value="v"),
    post("untag", "experiments/delete-experiment-tag", experiment_id="@exp", key="empty"),
    post("untag again", "experiments/delete-experiment-tag", experiment_id="@exp", key="empty"),
    post("untag nothing", "experiments/delete-experiment-tag", experiment_id="@exp"),
    get("get the tagged", "experiments/get", experiment_id="@exp"),
]  # fmt: skip
RUNS = [
    post("run", "runs/create", {"run": "run.info.run_id"}, experiment_id="@exp", user_id="ann", run_name="first",
         start_time=1_700_000_000_000, tags=[{"key": "a", "value": "b"}, {"key": "mlflow.user", "value": "ann"}]),
    post("run without a name", "runs/create", {"unnamed": "run.info.run_id", "name": "run.info.run_name"},
         experiment_id="@exp", start_time="5"),
    post("run named by its tag", "runs/create", {"tagged": "run.info.run_id"}, experiment_id="@exp", start_time=6,
         tags=[{"key": "mlflow.runName", "value": "by tag"}]),
    post("run with two names", "runs/create", experiment_id="@exp", run_name="n",
         tags=[{"key": "mlflow.runName", "value": "m"}]),
    post("run below another", "runs/create", {"child": "run.info.run_id"}, experiment_id="@exp", start_time=7,
         run_name="below", tags=[{"key": "mlflow.parentRunId", "value": "@run"}]),
    post("run in an unknown experiment", "runs/create", experiment_id="987654"),
    post("run in a word", "runs/create", experiment_id="abc"),
    post("run in a number", "runs/create", experiment_id=1),
    post("run with a bad time", "runs/create", experiment_id="@exp", start_time="x"),
    post("run with a negative time", "runs/create", {"early": "run.info.run_id"}, experiment_id="@exp",
         start_time=-5, run_name="early"),
    post("run with a number as name", "runs/create", experiment_id="@exp", run_name=5),
    get("read", "runs/get", run_id="@run"),
    get("read by uuid", "runs/get", run_uuid="@run"),
    get("read the unnamed", "runs/get", run_id="@unnamed"),
    get("read an unknown run", "runs/get", run_id="0" * 32),
    get("read nothing", "runs/get"),
    post("set a tag", "runs/set-tag", run_id="@run", key="k", value="v"),
    post("set a tag by uuid", "runs/set-tag", run_uuid="@run", key="u", value="v"),
    post("set a tag again", "runs/set-tag", run_id="@run", key="k", value="w"),
    post("set a tag without value", "runs/set-tag", run_id="@run", key="none"),
    post("set a tag without key", "runs/set-tag", run_id="@run", value="v"),
    post("set a tag to a number", "runs/set-tag", run_id="@run", key="k", value=1),
    post("set a tag with a long key", "runs/set-tag", run_id="@run", key=LONG, value="v"),
    post("set a tag with a bad key", "runs/set-tag", run_id="@run", key="a/./b", value="v"),
    post("set a tag with a bad letter", "runs/set-tag", run_id="@run", key="a;b", value="v"),
    post("set a long tag", "runs/set-tag", run_id="@run", key="long", value="x" * 8001),
    post("set a tag of an unknown run", "runs/set-tag", run_id="0" * 32, key="k", value="v"),
    post("set a tag of no run", "runs/set-tag", key="k", value="v"),
    post("rename by tag", "runs/set-tag", run_id="@run", key="mlflow.runName", value="second"),
    post("rename to nothing by tag", "runs/set-tag", run_id="@run", key="mlflow.runName", value=""),
    post("delete a tag", "runs/delete-tag", run_id="@run", key="none"),
    post("delete it again", "runs/delete-tag", run_id="@run", key="none"),
    post("delete no tag", "runs/delete-tag", run_id="@run"),
    post("delete a tag of an unknown run", "runs/delete-tag", run_id="0" * 32, key="k"),
    get("read the tagged run", "runs/get", run_id="@run"),
    post("update", "runs/update", run_id="@run", status="FINISHED", end_time=1_700_000_001_000),
    post("update by number", "runs/update", run_id="@run", status=4),
    post("update to an unknown number", "runs/update", run_id="@run", status=99),
    post("update the name", "runs/update", run_id="@run", run_name="third"),
    post("update the name to nothing", "runs/update", run_id="@run", run_name=""),
    post("update nothing", "runs/update", run_id="@run"),
    post("update no run", "runs/update", status="FINISHED"),
    post("update with a bad time", "runs/update", run_id="@run", end_time="x"),
    post("update an unknown run", "runs/update", run_id="0" * 32, status="FINISHED"),
    post("begin again", "runs/update", run_id="@run", status="RUNNING"),
    get("read the updated", "runs/get", run_id="@run"),
    post("log a model", "runs/log-model", run_id="@run", model_json=json.dumps(
        {"artifact_path": "m", "flavors": {"sklearn": {}}, "utc_time_created": "2026-01-01 00:00:00", "run_id": "r"})),
    post("log no JSON", "runs/log-model", run_id="@run", model_json="x"),
    post("log no model", "runs/log-model", run_id="@run"),
]  # fmt: skip
METRICS = [
    point("point"),
    point("the same point"),
    point("NaN", value="NaN", timestamp=101, step=2),
    point("infinity", value="Infinity", timestamp=102, step=3),
    point("minus infinity", value="-Infinity", timestamp=103, step=4),
    point("numbers as text", value="2.5", timestamp="104", step="5"),
    point("a whole number", value=7, timestamp=105, step=6),
    point("no step", key="stepless", step=None, timestamp=1),
    point("a negative step", key="negative", step=-(2**63), timestamp=2**63 - 1),
    point("slashes, dots and spaces", key="a/b.c d-e:f_ü"),
    point("by uuid", run_id=None, run_uuid="@run", key="uuid"),
    point("a late point of an early step", key="order", value=1.0, timestamp=300, step=1),
    point("an early point of a late step", key="order", value=2.0, timestamp=200, step=2),
    point("a higher value of the same moment", key="order", value=3.0, timestamp=200, step=2),
    point("no key", key=None),
    point("an empty key", key=""),
    point("a key upwards", key="../m"),
    point("a key from the root", key="/m"),
    point("a key with two slashes", key="a//m"),
    point("a key with a bad letter", key="a|m"),
    point("a long key", key=LONG),
    point("no value", value=None),
    point("an empty value", value=""),
    point("a word as value", value="high"),
    point("a list as value", value=[1]),
    point("no time", timestamp=None),
    point("a word as time", timestamp="now"),
    point("a negative time", timestamp=-1),
    point("a word as step", step="first"),
    point("no run", run_id=None),
    point("an unknown run", run_id="0" * 32),
    point("a number as run", run_id=31),
    post("param", "runs/log-parameter", run_id="@run", key="p", value="1"),
    post("param again", "runs/log-parameter", run_id="@run", key="p", value="1"),
    post("param otherwise", "runs/log-parameter", run_id="@run", key="p", value="2"),
    post("param without value", "runs/log-parameter", run_id="@run", key="empty"),
    post("param of a number", "runs/log-parameter", run_id="@run", key="n", value=3),
    post("long param", "runs/log-parameter", run_id="@run", key="long", value="x" * 6001),
    post("param with a long key", "runs/log-parameter", run_id="@run", key=LONG, value="v"),
    post("param with a bad key", "runs/log-parameter", run_id="@run", key="a/../b", value="v"),
    post("param without key", "runs/log-parameter", run_id="@run", value="v"),
    batch("batch", metrics=[metric(), metric(step=1), metric(step=1)], params=pairs(2, "q"), tags=pairs(2, "t")),
    batch("batch again", metrics=[metric(), metric(step=1)], params=pairs(2, "q"), tags=pairs(2, "t")),
    batch("empty batch"),
    batch("batch with a param otherwise", metrics=[metric(key="lost")], params=[{"key": "q0", "value": "9"}]),
    batch("batch with a param twice", params=[{"key": "d", "value": "1"}, {"key": "d", "value": "1"}]),
    batch("batch with a tag twice", tags=[{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]),
    batch("batch with a name", tags=[{"key": "mlflow.runName", "value": "fourth"}]),
    batch("batch with a bad metric", metrics=[metric(key="lost"), metric(key="a|b")]),
    batch("batch without a key", metrics=[metric(key="lost"), metric(key=None)]),
    batch("batch without a value", metrics=[metric(value=None)]),
    batch("batch without a time", metrics=[metric(timestamp=None)]),
    batch("batch with a negative time", metrics=[metric(key="lost"), metric(timestamp=-1)]),
    batch("batch without a param's key", params=[{"value": "1"}]),
    batch("batch without a tag's key", tags=[{"value": "1"}]),
    batch("batch with a bad param", params=[{"key": "a|b", "value": "1"}]),
    batch("batch with a bad tag", metrics=[metric(key="lost")], tags=[{"key": "..", "value": "1"}]),
    batch("batch with a long tag key", tags=[{"key": LONG, "value": "1"}]),
    batch("batch of no list", metrics={"key": "m"}),
    batch("1000 metrics", metrics=[metric(key="many", step=i) for i in range(1000)]),
    batch("1001 metrics", metrics=[metric(key="lost", step=i) for i in range(1001)]),
    batch("101 params", params=pairs(101, "lost")),
    batch("101 tags", tags=pairs(101, "lost")),
    batch("1001 together", metrics=[metric(key="lost", step=i) for i in range(951)], params=pairs(50, "lost")),
    batch("batch of a bad run", run_id="bad id!"),
    batch("batch of an unknown run", run_id="0" * 32),
    raw("batch of no run", "runs/log-batch", "{}"),
    batch("a large batch", params=[{"key": f"large{i}", "value": "x" * 6000} for i in range(90)],
          tags=[{"key": f"large{i}", "value": "x" * 8000} for i in range(90)], metrics=[metric(key="large")]),
    get("read what was logged", "runs/get", run_id="@run"),
    get("history", "metrics/get-history", run_id="@run", metric_key="m"),
    get("history by uuid", "metrics/get-history", run_uuid="@run", metric_key="a/b.c d-e:f_ü"),
    get("history of extremes", "metrics/get-history", run_id="@run", metric_key="negative"),
    get("first page", "metrics/get-history", run_id="@run", metric_key="m", max_results=2),
    get("history of an unknown metric", "metrics/get-history", run_id="@run", metric_key="none"),
    get("history of an unknown run", "metrics/get-history", run_id="0" * 32, metric_key="m"),
    get("history of no run", "metrics/get-history", metric_key="m"),
    get("history of no metric", "metrics/get-history", run_id="@run"),
    get("a page of nothing", "metrics/get-history", run_id="@run", metric_key="m", max_results=0),
    get("a page of less", "metrics/get-history", run_id="@run", metric_key="m", max_results=-1),
    get("a bad page", "metrics/get-history", run_id="@run", metric_key="m", max_results=2, page_token="%%"),
    get("bulk", "metrics/get-history-bulk-interval", run_ids=["@run", "@child"], metric_key="b"),
    get("bulk within steps", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="many", start_step=5,
        end_step=7),
    get("bulk, one point", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="many", max_results=1),
    get("bulk, two points", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="many", max_results=2),
    get("bulk of an unknown run", "metrics/get-history-bulk-interval", run_ids=["0" * 32], metric_key="m"),
    get("bulk of no run", "metrics/get-history-bulk-interval", metric_key="m"),
    get("bulk of 101 runs", "metrics/get-history-bulk-interval", run_ids=["x"] * 101, metric_key="m"),
    get("bulk of no metric", "metrics/get-history-bulk-interval", run_ids=["@run"]),
    get("bulk of no points", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="m", max_results=0),
    get("bulk of too many points", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="m",
        max_results=2501),
    get("bulk from one side", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="m", start_step=1),
    get("bulk backwards", "metrics/get-history-bulk-interval", run_ids=["@run"], metric_key="m", start_step=3,
        end_step=1),
]  # fmt: skip
LIFE = [
    post("delete", "runs/delete", run_id="@child"),
    post("delete again", "runs/delete", run_id="@child"),
    post("delete an unknown run", "runs/delete", run_id="0" * 32),
    post("delete no run", "runs/delete"),
    get("read the deleted", "runs/get", run_id="@child"),
    post("log to the deleted", "runs/log-metric", run_id="@child", key="m", value=1, timestamp=1),
    post("param to the deleted", "runs/log-parameter", run_id="@child", key="m", value="1"),
    post("batch to the deleted", "runs/log-batch", run_id="@child"),
    post("tag the deleted", "runs/set-tag", run_id="@child", key="m", value="1"),
    post("untag the deleted", "runs/delete-tag", run_id="@child", key="m"),
    post("update the deleted", "runs/update", run_id="@child", status="FAILED"),
    post("restore", "runs/restore", run_id="@child"),
    post("restore again", "runs/restore", run_id="@child"),
    post("restore an unknown run", "runs/restore", run_id="0" * 32),
    get("read the restored", "runs/get", run_id="@child"),
    post("delete the experiment", "experiments/delete", experiment_id="@exp"),
    post("delete the experiment again", "experiments/delete", experiment_id="@exp"),
    post("delete an unknown experiment", "experiments/delete", experiment_id="987654"),
    post("delete no experiment", "experiments/delete"),
    get("get the deleted experiment", "experiments/get", experiment_id="@exp"),
    get("get the deleted experiment by name", "experiments/get-by-name", experiment_name="@nonce a"),
    get("read a run of it", "runs/get", run_id="@child"),
    post("run in the deleted experiment", "runs/create", experiment_id="@exp"),
    post("log to a run of it", "runs/log-metric", run_id="@child", key="m", value=1, timestamp=1),
    post("tag the deleted experiment", "experiments/set-experiment-tag", experiment_id="@exp", key="a", value="b"),
    post("untag the deleted experiment", "experiments/delete-experiment-tag", experiment_id="@exp", key="k0"),
    post("rename the deleted experiment", "experiments/update", experiment_id="@exp", new_name="@nonce q"),
    post("its name is taken", "experiments/create", name="@nonce a"),
    post("restore the experiment", "experiments/restore", experiment_id="@exp"),
    post("restore the experiment again", "experiments/restore", experiment_id="@exp"),
    post("restore an unknown experiment", "experiments/restore", experiment_id="987654"),
    get("read a run of the restored", "runs/get", run_id="@child"),
    post("log to a run of the restored", "runs/log-metric", run_id="@child", key="m", value=1, timestamp=1),
]  # fmt: skip
STEPS = [*EXPERIMENTS, *RUNS, *METRICS, *LIFE]


def replay(ask: Ask, nonce: str) -> dict[str, dict[str, Any]]:
    """What a server answers to all steps in order, by their names: {"status", "body"}."""
    kept, answers = {"nonce": nonce}, {}
    for step in STEPS:
        status, body = ask(step.method, step.path, json.loads(_filled(json.dumps(step.data), kept)))
        for name, place in step.keep.items():
            value = body
            for part in place.split("."):
                value = value[part]
            kept[name] = str(value)
        answers[step.name] = {"status": status, "body": settled(body, kept)}
    assert len(answers) == len(STEPS), "two steps of one name"
    return answers


def _filled(text: str, kept: dict[str, str]) -> str:
    return re.sub(r"@(\w+)", lambda found: kept[found[1]], text)


def settled(body: Any, kept: dict[str, str]) -> Any:
    """An answer without what differs from one recording to the next, and without what is empty."""
    if isinstance(body, dict):
        made = {}
        for key, value in body.items():
            value = settled(value, kept)
            if key in ("creation_time", "last_update_time") or (key == "experiment_id" and len(body) == 1):
                value = "a time"
            elif key == "experiment_id" and value in (kept.get("exp"), kept.get("other")):
                value = "@exp" if value == kept.get("exp") else "@other"
            if value not in ({}, [], None) and key not in ("sqlstate", "error_class", "next_page_token", "workspace"):
                made[key] = value
        return made
    if isinstance(body, list):
        made_list = [settled(value, kept) for value in body]
        keyed = all(isinstance(item, dict) and "key" in item for item in made_list)
        return sorted(made_list, key=lambda item: item["key"]) if keyed else made_list
    if isinstance(body, str):
        for name, value in kept.items():
            if len(value) > 8 or name == "name":
                body = body.replace(value, f"@{name}")
        body = re.sub(r" Error: \(sqlite3.*", "", body, flags=re.DOTALL)
        for name in ("exp", "other"):
            if name in kept:
                body = re.sub(rf"(mlflow-artifacts:/|experiment |id[ =]){kept[name]}\b", rf"\1@{name}", body)
        if body.startswith("[{") and "flavors" in body:  # a client's own class adds fields that it was not sent
            return "models"
        return body if len(body) < 400 else f"{body[:100]}… of {len(body)}"
    if isinstance(body, float) and abs(body) > 1.7e308:  # the infinities, as a database without them keeps them
        return "Infinity" if body > 0 else "-Infinity"
    return body


def asking(address: str) -> Ask:
    """Over HTTP, with nothing but the standard library."""

    def ask(method: str, path: str, data: dict[str, Any] | str) -> tuple[int, Any]:
        url, body = f"{address}/api/2.0/mlflow/{path}", None
        if method == "GET":
            assert isinstance(data, dict)
            url += "?" + urllib.parse.urlencode(data, doseq=True)
        else:
            body = (data if isinstance(data, str) else json.dumps(data)).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else {"text": "no JSON"}

    return ask


if __name__ == "__main__":
    import secrets

    found = replay(asking(sys.argv[1].rstrip("/")), f"n{secrets.token_hex(6)}")
    GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    print(f"{len(found)} answers in {GOLDEN}")
