"""One conformance test for every system: ours, the toys, and whatever ``castalia new`` made.

A project owns its exceptions in its own tests; here there are none.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from castalia import catalog, runtime
from castalia.catalog import Card
from castalia.core.errors import Stopped, WrongInput
from castalia.core.example import example_of
from castalia.core.fields import Table
from castalia.core.record import Record
from castalia.core.rows import Row
from castalia.core.settings import Settings
from castalia.core.system import Run, System
from castalia.jobs import Jobs
from castalia.runtime.work import Untracked

TOYS = Path(__file__).parent / "toy_shelf"
CASTALIA = Path(sys.executable).parent / "castalia"


def addresses() -> list[str]:
    ours = [card.address for card in catalog.cards(Settings(home=Path("nowhere"))) if card.is_system]
    toys = [catalog.read_card(path, "toys") for path in sorted(TOYS.glob("*/card.toml"))]
    return [*ours, *(card.address for card in toys if card.is_system)]


@dataclass
class Trained:
    """A project with a version made from QUICK, in a home of its own."""

    address: str
    card: Card
    settings: Settings
    system: System[Any, Any, Any]
    metrics: dict[str, float]
    seconds: float

    @property
    def cls(self) -> type[System[Any, Any, Any]]:
        return type(self.system)

    def question(self) -> Any:
        return self.system.input.parse(example_of(self.system.input.model_json_schema()), self.address)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "trained" in metafunc.fixturenames:
        marks = [pytest.param(each, id=each, marks=pytest.mark.xdist_group(each)) for each in addresses()]
        metafunc.parametrize("trained", marks, indirect=True, scope="module")


@pytest.fixture(scope="module")
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """QUICK fitted in this process and kept as a version; CASTALIA_HOME points at it meanwhile."""
    home = tmp_path_factory.mktemp("home")
    before = os.environ.get("CASTALIA_HOME")
    os.environ["CASTALIA_HOME"] = str(home)
    settings = Settings.read()
    catalog.trust(TOYS, settings, "toys")
    address = str(request.param)
    card = catalog.card(address, settings)
    if card.missing():
        pytest.skip(f"{address} needs {card.missing()}")
    cls = catalog.system_class(address, settings)
    if cls.can("fit"):
        started = time.perf_counter()
        fitted = runtime.fit(address, cls.QUICK.plain(), settings=settings)
        seconds = time.perf_counter() - started
        yield Trained(address, card, settings, runtime.load(address, settings), fitted.metrics, seconds)
    else:
        yield Trained(address, card, settings, cls(), {}, 0.0)
    os.environ.pop("CASTALIA_HOME") if before is None else os.environ.update(CASTALIA_HOME=before)


def records(cls: type[System[Any, Any, Any]]) -> Iterator[type[Record]]:
    yield from (cls.Params, cls.Input, cls.Output)
    for verb in cls.verbs.values():
        yield from (verb.input, verb.output)


def test_it_says_what_it_is(trained: Trained) -> None:
    assert trained.card.title and trained.card.summary and (trained.cls.__doc__ or "").strip()
    assert trained.card.lesson().startswith("# "), "README.md is the lesson and begins with a title"
    for record in records(trained.cls):
        for name, field in record.model_fields.items():
            assert field.description, f"{record.__name__}.{name} has no description"
    for name, schema in trained.cls.Params.model_json_schema()["properties"].items():
        if schema.get("type") in ("integer", "number"):
            bounds = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
            assert len(bounds & set(schema)) == 2, f"Params.{name} needs a lower and an upper bound"


def test_required_fields_have_examples(trained: Trained) -> None:
    schema = trained.system.input.model_json_schema()
    for name in schema.get("required", []):
        field = schema["properties"][name]
        known = field if "$ref" not in field else schema["$defs"][field["$ref"].rsplit("/", 1)[-1]]
        assert field.get("examples") or known.get("examples") or known.get("properties"), f"Input.{name} has no example"


def test_defaults_and_quick_construct(trained: Trained) -> None:
    trained.cls()
    trained.cls(trained.cls.QUICK)
    assert trained.cls.Params.parse(trained.cls.QUICK.plain()) == trained.cls.QUICK


def test_quick_fit_gives_finite_metrics(trained: Trained) -> None:
    if trained.cls.can("fit"):
        assert trained.metrics and all(math.isfinite(value) for value in trained.metrics.values())


def test_fit_stops_when_asked(trained: Trained, tmp_path: Path) -> None:
    class Stopping(Untracked):
        def log(self, step: int, **values: float) -> None:
            raise Stopped

        def progress(self, done: float, total: float) -> None:
            raise Stopped

        def child(self, name: str) -> Run:
            return self

    if trained.cls.can("fit"):
        with pytest.raises(Stopped):
            trained.cls(trained.cls.QUICK).fit(Stopping(tmp_path))


def test_fit_resumes_after_a_kill_with_the_same_metrics(trained: Trained) -> None:
    if not trained.cls.can("fit"):
        pytest.skip("it does not learn")
    seed = random.randrange(2**32)
    print(f"seed of the kill: {seed}")
    delay = random.Random(seed).uniform(0.3, 1.0 + trained.seconds)
    with runtime.shell_jobs(trained.settings) as jobs:
        params = trained.cls.QUICK.plain()
        job, _ = runtime.submit(jobs, trained.address, params, settings=trained.settings)
        time.sleep(delay)
        kill_worker(jobs, job.id)
        ended = jobs.wait(job.id, timeout=40)
        if ended.state != "done":
            jobs.resume(job.id)
            ended = jobs.wait(job.id, timeout=40)
        assert ended.state == "done", ended.error
        assert ended.result is not None
        assert ended.result["metrics"] == pytest.approx(trained.metrics, rel=1e-9)


def kill_worker(jobs: Jobs, job_id: str) -> None:
    """SIGKILL, from another process, to the process that does the work."""
    mark = f"castalia.jobs.worker {jobs.folder / job_id}"
    subprocess.run(["pkill", "-KILL", "-f", mark], check=False)


def test_the_example_is_answered_twice_the_same(trained: Trained) -> None:
    question = trained.question()
    before = copy.deepcopy(question)
    first, second = trained.system(question), trained.system(question)
    assert isinstance(first, trained.cls.Output)
    assert first.plain() == second.plain()
    assert question == before
    json.dumps(first.plain(), allow_nan=False)


def test_verbs_answer_their_examples(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained.system, "state", {})
    for verb in trained.cls.verbs.values():
        if verb.name == "crash" and trained.address == "toys/notes":
            continue
        question = verb.input.parse(example_of(verb.input.model_json_schema()))
        said = [_listed(getattr(trained.system, verb.name)(question)) for _ in range(2)]
        assert all(isinstance(each, verb.output) for each in said[0])
        assert verb.writes or said[0] == said[1]


def _listed(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, Iterator) else [answer]


def test_batch_and_stream_agree_with_one_by_one(trained: Trained) -> None:
    question = trained.question()
    one = trained.system(question).plain()
    for many in (trained.system.batch([question, question]), list(trained.system.stream([question, question]))):
        assert [_close(each.plain(), one) for each in many] == [True, True]
    assert trained.system.batch([]) == []


def _close(a: Any, b: Any) -> bool:
    """Equal, numbers to a relative 1e-5: whole batches may sum in another order."""
    if isinstance(a, float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-7)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_close, a, b))
    return bool(a == b)


def test_predict_agrees_with_one_by_one(trained: Trained) -> None:
    if not trained.cls.can("predict"):
        pytest.skip("it takes no tables")
    question = trained.question()
    values = question.values() if isinstance(question, Row) else question.plain()
    table = Table({name: [value, value] for name, value in values.items()})
    answered = trained.system.predict(table)
    assert len(answered) == 2
    one = trained.system(question).plain()
    shared = [name for name in one if name in answered.columns]
    assert shared, "predict adds at least one field of Output as a column"
    for name in shared:
        assert all(_close(value, one[name]) for value in answered.plain()["columns"][name])
    assert set(table.columns) == set(values), "the table that was handed in does not change"


def test_saving_and_loading_changes_nothing(trained: Trained, tmp_path: Path) -> None:
    trained.system.save(tmp_path)
    again = trained.cls(trained.system.params)
    again.input = trained.system.input
    again.load(tmp_path)
    question = trained.question()
    assert again(question).plain() == trained.system(question).plain()
    written = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert not written & {".pkl", ".pickle", ".joblib", ".pt", ".pth"}, "a model is never a pickle"


def test_python_shell_and_http_agree(trained: Trained) -> None:
    from starlette.testclient import TestClient

    from castalia.web.app import create_app

    question = trained.question().plain()
    expected = trained.system(trained.question()).plain()
    shell = subprocess.run(
        [CASTALIA, "call", trained.address, "--input", "-", "--json"],
        input=json.dumps(question), capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert shell.returncode == 0, shell.stderr
    assert _close(json.loads(shell.stdout), expected)
    name = trained.address.replace("/", "~")
    with TestClient(create_app(trained.settings), base_url="http://127.0.0.1") as client:
        answer = client.post(f"/systems/{name}", json=question)
        assert answer.status_code == 200, answer.text
        assert _close(answer.json(), expected)
        model, _, version = answer.headers["X-Castalia-Model"].partition("@")
        assert model == trained.address.replace("/", ".")
        assert version.isdigit() if trained.cls.can("fit") else version == "quick"
        wrong = client.post(f"/systems/{name}", json={**question, "no_such_field": 1})
        assert wrong.status_code == 422
        assert wrong.json()["field"] == "no_such_field"
        listed = {each["address"].replace("/", "~") for each in client.get("/systems").json()}
        assert name in listed
        shown = client.get(f"/systems/{name}").json()
        assert shown["input"]["properties"].keys() == trained.system.input.model_json_schema()["properties"].keys()


def test_wrong_input_names_the_field(trained: Trained) -> None:
    question = trained.question().plain()
    with pytest.raises(WrongInput) as unknown:
        trained.system.input.parse({**question, "no_such_field": 1})
    assert unknown.value.field == "no_such_field" and unknown.value.status == 422
    for name in trained.system.input.model_json_schema().get("required", []):
        with pytest.raises(WrongInput) as missing:
            trained.system.input.parse({key: value for key, value in question.items() if key != name})
        assert missing.value.field == name
