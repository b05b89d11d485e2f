"""Requests about logged models, the registry and data sets, good and bad, and what ``mlflow server`` answers to them.

``python tests/mlflow_registry_requests.py http://127.0.0.1:5000`` asks a fresh server of mlflow 3.17.2 (SQLite, one
worker) and writes golden/mlflow_registry.json; the tests ask ours the same and compare. ``ours`` marks where we
answer otherwise on purpose, with what and why.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mlflow_requests
from mlflow_requests import Ask, asking

GOLDEN = Path(__file__).parent / "golden" / "mlflow_registry.json"
LM, RM, MV = "logged-models", "registered-models/", "model-versions/"
BAD, ABSENT, OK = "400 INVALID_PARAMETER_VALUE", "404 RESOURCE_DOES_NOT_EXIST", "200"


class Step(NamedTuple):
    """One request; ``keep`` names a value of the answer: ("run", "run.info.run_id")."""

    method: str
    path: str
    data: dict[str, Any]
    keep: tuple[str, str] | None = None
    answer: str = ""
    """What we answer otherwise than mlflow: "400 INVALID_PARAMETER_VALUE"; "" where we answer the same."""
    why: str = ""


def get(path: str, **data: Any) -> Step:
    return Step("GET", path, data)


def post(path: str, **data: Any) -> Step:
    return Step("POST", path, data)


def patch(path: str, **data: Any) -> Step:
    return Step("PATCH", path, data)


def delete(path: str, **data: Any) -> Step:
    return Step("DELETE", path, data)


def keep(name: str, place: str, step: Step) -> Step:
    return step._replace(keep=(name, place))


def ours(answer: str, why: str, *steps: Step) -> Iterator[Step]:
    return (step._replace(answer=answer, why=why) for step in steps)


def pair(key: str, value: str | None = None) -> list[dict[str, str]]:
    return [{"key": key} if value is None else {"key": key, "value": value}]


def model(**data: Any) -> Step:
    return post(LM, **({"experiment_id": "@exp", "name": "n"} | data))


SETTING = [
    keep("exp", "experiment_id", post("experiments/create", name="@nonce a")),
    keep("gone", "experiment_id", post("experiments/create", name="@nonce b")),
    *(
        keep(name, "run.info.run_id", post("runs/create", experiment_id="@exp", run_name=name, start_time=1))
        for name in ("run", "run2", "dead")
    ),
    post("runs/delete", run_id="@dead"),
    post("experiments/delete", experiment_id="@gone"),
]
LOGGED = [
    keep("m1", "model.info.model_id", model(name="mod", model_type="agent", source_run_id="@run", tags=pair("t", "u"),
         params=[{"key": "a", "value": "1"}, {"key": "b", "value": "x"}])),
    keep("m2", "model.info.model_id", post(LM, experiment_id="@exp")),
    get(f"{LM}/@m1"),
    get(f"{LM}/@m2"),
    get(f"{LM}/m-nope"),
    post(LM),
    post(LM, experiment_id=""),
    post(LM, experiment_id="987654"),
    post(LM, experiment_id="abc"),
    post(LM, experiment_id="@gone"),
    post(LM, experiment_id=7),
    *(model(name=name) for name in ("a/b", "a.b", "a:b", "a%b", 'a"b', "", 5)),
    model(params="x"),
    model(params=pair("k")),
    model(tags=pair("k")),
    model(source_run_id="nope"),
    *ours(BAD, "mlflow shows its SQL",
          model(params=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}])),
    *ours(BAD, "a key that nobody can ask for", model(params=[{"value": "2"}]), model(tags=[{"value": "2"}])),
    *ours(BAD, "a limit that holds in every database", model(params=pair("k" * 251, "1")), model(model_type="t" * 501)),
    *ours(BAD, "no status that there is",
          *(patch(f"{LM}/@m1", model_id="@m1", status=status) for status in (0, 99, "BAD"))),
    *(patch(f"{LM}/@m1", model_id="@m1", status=status) for status in ("LOGGED_MODEL_READY", 2, 3, 1)),
    patch(f"{LM}/@m1", model_id="@m1"),
    patch(f"{LM}/m-nope", model_id="m-nope", status=2),
    patch(f"{LM}/@m1/tags", tags=[*pair("t", "2"), *pair("v", "3"), *pair("v", "4")]),
    patch(f"{LM}/@m1/tags"),
    patch(f"{LM}/@m1/tags", tags="x"),
    patch(f"{LM}/m-nope/tags", tags=pair("a", "b")),
    patch(f"{LM}/@m1/tags", tags=pair("no")),
    delete(f"{LM}/@m1/tags/v"),
    delete(f"{LM}/@m1/tags/v"),
    delete(f"{LM}/m-nope/tags/v"),
    post(f"{LM}/@m1/params", model_id="@m1", params=pair("c", "3")),
    *ours(OK, "the client asks again after a lost answer",
          post(f"{LM}/@m1/params", model_id="@m1", params=pair("c", "3"))),
    *ours(BAD, "mlflow shows its SQL", post(f"{LM}/@m1/params", model_id="@m1", params=pair("c", "4"))),
    post(f"{LM}/@m1/params", model_id="@m1"),
    post(f"{LM}/m-nope/params", model_id="m-nope", params=pair("d", "4")),
    get(f"{LM}/@m1"),
    get(f"{LM}/@m1/artifacts/directories"),
    *(get(f"{LM}/@m1/artifacts/directories", artifact_directory_path=path)
      for path in ("../x", "a/../../x", "%2e%2e/x")),
    get(f"{LM}/m-nope/artifacts/directories"),
]  # fmt: skip
DATA = {"name": "d", "digest": "dd", "source_type": "code", "source": "s", "schema": "{}", "profile": "p"}


def dataset(tags: Any = None, run: str = "@run", **fields: Any) -> Step:
    entry = {"dataset": DATA | fields, "tags": tags or []}
    return post("runs/log-inputs", run_id=run, datasets=[entry])


INPUTS = [
    post("runs/log-inputs", run_id="@run", models=[{"model_id": "@m1"}],
         datasets=[{"tags": pair("mlflow.data.context", "train"), "dataset": DATA},
                   {"tags": [], "dataset": DATA | {"source": "other"}}]),
    dataset(pair("mlflow.data.context", "eval")),
    post("runs/log-inputs", run_id="@run", models=[{"model_id": "@m1"}, {"model_id": "m-nope"}]),
    post("runs/log-inputs", run_id="@run2",
         datasets=[{"dataset": {"name": "e", "digest": "1", "source_type": "t", "source": "s"}}]),
    post("runs/log-inputs"),
    post("runs/log-inputs", run_id=""),
    post("runs/log-inputs", run_id="nope"),
    post("runs/log-inputs", run_id="a b"),
    post("runs/log-inputs", run_id=7, datasets=[]),
    post("runs/log-inputs", run_id="@dead", datasets=[]),
    dataset(run="@dead"),
    post("runs/log-inputs", run_id="@run"),
    post("runs/log-inputs", run_id="@run", datasets="x"),
    post("runs/log-inputs", run_id="@run", models="x"),
    dataset(name="n" * 501),
    dataset(digest="n" * 37),
    dataset(source="n" * 65_536),
    dataset(schema="n" * 1_048_576),
    dataset(pair("k" * 256, "v")),
    dataset(pair("k", "v" * 501)),
    dataset(pair("k")),
    *ours(BAD, "a data set that nobody can name", post("runs/log-inputs", run_id="@run2", datasets=[{}]),
          post("runs/log-inputs", run_id="@run2", datasets=[{"dataset": {"name": "x"}}]),
          post("runs/log-inputs", run_id="@run2", datasets=[{"dataset": "x"}]),
          post("runs/log-inputs", run_id="@run2", models=[{}])),
    post("runs/outputs", run_id="@run", models=[{"model_id": "@m1", "step": 0}]),
    *ours(OK, "the client asks again after a lost answer",
          post("runs/outputs", run_id="@run", models=[{"model_id": "@m1", "step": 0}])),
    post("runs/outputs"),
    post("runs/outputs", run_id="@run"),
    post("runs/outputs", run_id="@run", models=[]),
    post("runs/outputs", run_id="@run", models="x"),
    post("runs/outputs", run_id="nope", models=[{"model_id": "@m1", "step": 0}]),
    post("runs/outputs", run_id="@dead", models=[{"model_id": "@m1", "step": 0}]),
    get("runs/get", run_id="@run"),
    *ours(BAD, "no step", post("runs/outputs", run_id="@run2", models=[{"model_id": "@m2", "step": "x"}])),
]  # fmt: skip
REGISTERED = [
    post(f"{RM}create", name="reg", tags=[*pair("a", "1"), *pair("a", "2")], description="hello"),
    post(f"{RM}create", name="reg"),
    post(f"{RM}create", name="bare"),
    *(post(f"{RM}create", name=name)
      for name in (" sp ace", "", " ", "a/b", "a:b", "..", ".", 5, None, "é", "x.", "%2e")),
    *ours(BAD, "a limit that holds in every database", post(f"{RM}create", name="a" * 257)),
    *ours(BAD, "what no database holds", post(f"{RM}create", name="a\0b")),
    post(f"{RM}create"),
    post(f"{RM}create", name="z1", tags="x"),
    post(f"{RM}create", name="z2", tags=[{"value": "x"}]),
    post(f"{RM}create", name="z3", tags=pair("k")),
    *(post(f"{RM}create", name="z4", tags=pair(key, "")) for key in ("k" * 251, "a/../b", "a!b", "/a", ".")),
    post(f"{RM}create", name="z5", tags=pair("k", "v" * 100_001)),
    post(f"{RM}create", name="z6", description=5),
    post(f"{RM}create", name="p1", tags=pair("mlflow.prompt.is_prompt", "true")),
    post(f"{RM}create", name="p1"),
    post(f"{RM}create", name="p1", tags=pair("mlflow.prompt.is_prompt", "true")),
    post(f"{RM}create", name="reg", tags=pair("mlflow.prompt.is_prompt", "true")),
    *(get(f"{RM}get", name=name) for name in ("reg", "nope", "", "a/b")),
    get(f"{RM}get"),
    patch(f"{RM}update", name="reg", description="two"),
    patch(f"{RM}update", name="reg"),
    get(f"{RM}get", name="reg"),
    patch(f"{RM}update", name="nope", description="x"),
    patch(f"{RM}update", description="x"),
    patch(f"{RM}update", name="reg", description="x"),
    *(post(f"{RM}set-tag", name="reg", key="k", value=value) for value in ("v", "w", None, "w" * 100_001)),
    *(post(f"{RM}set-tag", name="reg", key=key, value="w") for key in ("", None, "k" * 251, "a*b", "../a")),
    post(f"{RM}set-tag", name="nope", key="k", value="w"),
    post(f"{RM}set-tag", key="k", value="w"),
    delete(f"{RM}delete-tag", name="reg", key="k"),
    delete(f"{RM}delete-tag", name="reg", key="k"),
    delete(f"{RM}delete-tag", name="nope", key="k"),
    delete(f"{RM}delete-tag", name="reg"),
]  # fmt: skip


def version(source: Any, run_id: Any = "@run", **data: Any) -> Step:
    fields = {"name": "reg", "source": source, "run_id": run_id} | data
    return post(f"{MV}create", **{key: value for key, value in fields.items() if value is not None})


FILES = "mlflow-artifacts:/@exp/@run/artifacts"
SOURCES = [
    version("models:/@m1", None, model_id="@m1", tags=[*pair("x", "1"), *pair("x", "2")], description="first",
            run_link="http://l"),
    version("runs:/@run/model"),
    version(f"{FILES}/model"),
    version("models:/reg/1", None),
    version("models:/reg/latest", None),
    version("s3://bucket/path", None),
    version("mlflow-artifacts:/@exp/models/@m1/artifacts", None, model_id="@m1"),
    version("models:/reg/3"),
    version("/etc"),
    version("/etc", None),
    *ours(BAD, "the source as it was sent, not a path of the server",
          *map(version, ("file:///etc", "file:/etc", "etc", "./x", "\\\\..\\..\\", "..\\..\\x", "x" * 501)),
          version("file:///etc", None, model_id="@m1")),
    *ours(BAD, "a path of Windows", version("C:\\x"), version("C:/x", name="z3")),
    *map(version, (
        "mlflow-artifacts:/../../x", f"{FILES}/../../x", "mlflow-artifacts:/..%2f..%2fx", f"{FILES}/%252e%252e/x",
        "mlflow-artifacts://h:1/@exp/@run/artifacts", "mlflow-artifacts:/@exp/@run2/artifacts/model",
        f"{FILES}%00/x", "models:/..%2f", "models:/../x", "models:/m-nope", "models://h/@m1", "models:/@m1",
        "models:/reg/99", "models:/nope/1", "models:/reg@nope", "models:/a/b/c", "models:/", "models:/p1/1",
        "runs:/@run2/model", "runs:/@run/..", "runs:/@run/../../x", "runs:/@run2/..", "runs://h/@run/x", "runs:/",
        "runs:/@run", "runs:/nope/model", "http://169.254.169.254/x", "https://h/api/2.0/mlflow-artifacts/artifacts/x",
        "s3://b/../x", "s3://b/%2e%2e/x", "hdfs://h/x", "ftp://h/x", "sftp://h/x", "dbfs:/x", "gs://b/x", "",
    )),
    *ours(ABSENT, "mlflow says 500", version("models:/reg/Production")),
    *ours(BAD, "two readers of one address may disagree about what follows #", version(f"{FILES}/a#b", name="z3")),
    *ours(BAD, "what no database holds", version("a\0b")),
    *ours(ABSENT, "a version of ours that there is not", version("castalia:/x/1", name="z3")),
    *(version(source, None, model_id="@m1") for source in (
        "models:/@m1", "models:/@m2", "mlflow-artifacts:/@exp/models/@m2/artifacts", f"{FILES}/x", "runs:/@run/x",
        "/etc")),
    *ours(BAD, "mlflow says 500", version("models:/m-nope", None, model_id="m-nope")),
    version("models:/@m1", "@run2", model_id="@m1"),
    version("runs:/@run/model", None),
    version("s3://b/x", "nope"),
    *(version("s3://b/x", None, name=name) for name in ("nope", "a/b", None)),
    version(None),
    version(5),
    version("s3://b/x", None, tags=pair("k")),
    version("s3://b/x", None, tags=pair("!", "x")),
    version("dummy-source", None, name="p1", tags=pair("mlflow.prompt.is_prompt", "true")),
    version("s3://b/x", None, name="p1", tags=pair("mlflow.prompt.is_prompt", "true")),
]  # fmt: skip
VERSIONS = [
    *(get(f"{MV}get", name="reg", version=number) for number in ("1", "2", "4", "99", "x", "1.0", "-1", " 1")),
    *ours(ABSENT, "mlflow says 500", get(f"{MV}get", name="reg", version="9" * 20)),
    get(f"{MV}get", name="nope", version="1"),
    get(f"{MV}get", name="reg"),
    get(f"{MV}get", version="1"),
    *(patch(f"{MV}update", name="reg", version=number, description="new") for number in ("1", 1, "99", None)),
    patch(f"{MV}update", name="reg", version="1"),
    get(f"{MV}get", name="reg", version="1"),
    patch(f"{MV}update", name="reg", version="1", description=""),
    post(f"{MV}transition-stage", name="reg", version="1", stage="Production"),
    post(f"{MV}transition-stage", name="reg", version="2", stage="production", archive_existing_versions=True),
    post(f"{MV}transition-stage", name="reg", version="3", stage="STAGING", archive_existing_versions=False),
    *(post(f"{MV}transition-stage", name="reg", version="3", stage=stage)
      for stage in ("bad", "Deleted_Internal", None)),
    *ours(BAD, "mlflow says 500", *(
        post(f"{MV}transition-stage", name="reg", version="3", stage=stage, archive_existing_versions=True)
        for stage in ("Archived", "None"))),
    *(post(f"{MV}transition-stage", name="reg", version=number, stage="Staging") for number in ("99", "x")),
    post(f"{MV}transition-stage", name="nope", version="1", stage="Staging"),
    post(f"{MV}transition-stage", name="reg", version="3", stage="Staging", archive_existing_versions="x"),
    get(f"{RM}get-latest-versions", name="reg"),
    post(f"{RM}get-latest-versions", name="reg"),
    post(f"{RM}get-latest-versions", name="reg", stages=["Production"]),
    get(f"{RM}get-latest-versions", name="reg", stages=["none", "staging"]),
    post(f"{RM}get-latest-versions", name="reg", stages=["bad"]),
    *(post(f"{RM}get-latest-versions", name=name) for name in ("nope", None, "bare")),
    *(get(f"{MV}get-download-uri", name="reg", version=number) for number in ("1", "2", "4", "6", "7", "99")),
    get(f"{MV}get-download-uri"),
    *(post(f"{MV}set-tag", name="reg", version=number, key="k", value="v") for number in ("1", "99", None, "x")),
    *(post(f"{MV}set-tag", name="reg", version="1", key="k", value=value) for value in (None, "v" * 100_001)),
    post(f"{MV}set-tag", name="reg", version="1", value="v"),
    post(f"{MV}set-tag", name="nope", version="1", key="k", value="v"),
    *(delete(f"{MV}delete-tag", name="reg", version=number, key="k") for number in ("1", "1", "99")),
    delete(f"{MV}delete-tag", name="reg", version="1"),
    delete(f"{MV}delete-tag", name="reg", version="1", key="a!b"),
]  # fmt: skip
ENDS = [
    *(post(f"{RM}alias", name="reg", alias="champion", version=number) for number in ("1", "2")),
    post(f"{RM}alias", name="reg", alias="other", version="2"),
    post(f"{RM}alias", name="reg", alias="Champion", version="3"),
    *(post(f"{RM}alias", name="reg", alias=alias, version="1") for alias in (
        "latest", "LATEST", "v1", "V22", "1", "v", "a.b", "a b", "é", "x" * 256, "", None, "x" * 255, "vx")),
    *(post(f"{RM}alias", name="reg", alias="q", version=number) for number in ("99", "x", None)),
    post(f"{RM}alias", name="nope", alias="q", version="1"),
    *(get(f"{RM}alias", name="reg", alias=alias) for alias in ("champion", "nope", "latest", "a.b", "v1", "")),
    get(f"{RM}alias", name="nope", alias="champion"),
    get(f"{RM}alias", name="bare", alias="latest"),
    *(delete(f"{RM}alias", name="reg", alias=alias) for alias in ("other", "other", None)),
    delete(f"{RM}alias", name="nope", alias="x"),
    get(f"{RM}get", name="reg"),
    post(f"{RM}rename", name="reg", new_name="reg2"),
    *(post(f"{RM}rename", name="reg2", new_name=name) for name in ("bare", "a/b", None, "reg2", " ")),
    post(f"{RM}rename", new_name="x"),
    post(f"{RM}rename", name="nope", new_name="x"),
    get(f"{RM}get", name="reg2"),
    get(f"{RM}get", name="reg"),
    *(delete(f"{MV}delete", name="reg2", version=number) for number in ("2", "2", "x", None)),
    delete(f"{MV}delete", name="nope", version="1"),
    get(f"{MV}get", name="reg2", version="2"),
    get(f"{RM}alias", name="reg2", alias="champion"),
    version("s3://b/last", None, name="reg2"),
    *(delete(f"{RM}delete", name=name) for name in ("reg2", "reg2", None)),
    post(f"{RM}create", name="reg2"),
    version("s3://b/x", None, name="reg2"),
    delete(f"{LM}/@m2"),
    get(f"{LM}/@m2"),
    delete(f"{LM}/@m2"),
    delete(f"{LM}/m-nope"),
    patch(f"{LM}/@m2", model_id="@m2", status=2),
    get(f"{LM}/@m1"),
    get(f"{LM}/@m2", allow_deleted="true"),
]  # fmt: skip
STEPS = [*SETTING, *LOGGED, *INPUTS, *REGISTERED, *SOURCES, *VERSIONS, *ENDS]


def replay(ask: Ask, nonce: str) -> list[dict[str, Any]]:
    """What a server answers to all steps in order: {"status", "body"}."""
    kept, answers = {"nonce": nonce}, []
    for step in STEPS:
        status, body = ask(step.method, filled(step.path, kept), json.loads(filled(json.dumps(step.data), kept)))
        if step.keep is not None:
            name, place = step.keep
            value = body
            for part in place.split("."):
                value = value[part]
            kept[name] = str(value)
        answers.append({"status": status, "body": settled(body, kept)})
    return answers


def filled(text: str, kept: dict[str, str]) -> str:
    return re.sub(r"@(\w+)", lambda found: kept.get(found[1], found[0]), text)


def settled(body: Any, kept: dict[str, str]) -> Any:
    """An answer without what differs from one recording to the next, and without what only one of us says."""
    return _plain(mlflow_requests.settled(body, kept))


def _plain(body: Any) -> Any:
    if isinstance(body, list):
        return [_plain(item) for item in body]
    if isinstance(body, dict):
        made = {key: _plain(value) for key, value in body.items() if not re.search(r"timestamp(_ms)?$", key)}
        if "current_stage" in made:
            made.pop("model_id", None)  # mlflow keeps it to itself
            made = {key: value for key, value in made.items() if (key, value) != ("description", "")}
        for newest in made.get("latest_versions", ()):
            newest.pop("aliases", None)
        return made
    if isinstance(body, str):
        body = re.sub(r"\.? Set the MLFLOW_ALLOWED\w+ environment variable on the server to allow it\.$", ".", body)
        body = body.removesuffix(" See the API docs for more information about request parameters.")
        body = re.sub(r"^[a-z]+-[a-z]+-\d+$", "a name of its own", body)
        body = re.sub(r"\bm-[0-9a-f]{32}", "m-id", body)
        return re.sub(r" Error: \(.*", "", body, flags=re.DOTALL)
    return body


if __name__ == "__main__":
    import secrets

    found = replay(asking(sys.argv[1].rstrip("/")), f"n{secrets.token_hex(6)}")
    lines = [json.dumps(each, ensure_ascii=False, sort_keys=True) for each in found]
    GOLDEN.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")
    print(f"{len(found)} answers in {GOLDEN}")
