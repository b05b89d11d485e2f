"""Every route of the protocol, with every field it reads set to what no client should send, on both databases.

Which fields a route reads is found by calling it, so that a field that is added is tried without a word here.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from test_protocol_wire import readable

from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings
from castalia.track.protocol.routes import ROUTES, Table
from castalia.track.protocol.wire import Fields, ProtocolError, Route
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
LABELS = [f"{route.method} {route.path}" for route in ROUTES]


class Asked(dict[str, Any]):
    """Fields that note which of them a handler looks for."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.names: dict[str, None] = {}

    def get(self, name: str, default: Any = None) -> Any:
        self.names[name] = None
        return super().get(name, default)


class Known:
    """A workbench, and for each field a value that leads a handler far."""

    def __init__(self, bench: TestClient) -> None:
        self.bench, self.store = bench, bench.app.state.parts.store  # type: ignore[attr-defined]
        self.run = self.post("runs/create")["run"]["info"]["run_id"]
        self.model = self.post("logged-models", experiment_id="0")["model"]["info"]["model_id"]
        self.post("registered-models/create", name="m")
        self.post("model-versions/create", name="m", source=f"runs:/{self.run}/a", run_id=self.run)
        self.post("registered-models/alias", name="m", alias="a", version="1")
        point = {"key": "k", "value": 1.5, "timestamp": 1, "step": 1}
        self.post("runs/log-metric", run_id=self.run, **point)
        pairs = [{"key": "k", "value": "v"}]
        some_set = {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}
        text = json.dumps({"artifact_path": "a", "flavors": {}, "run_id": self.run, "utc_time_created": ""})
        self.good: dict[str, Any] = {
            "run_id": self.run, "run_uuid": self.run, "run_ids": [self.run], "experiment_id": "0", "alias": "a",
            "experiment_ids": ["0"], "name": "m", "version": "1", "key": "k", "value": "1", "timestamp": 1,
            "step": 1, "model_id": self.model, "metric_key": "k", "metrics": [point], "params": pairs, "tags": pairs,
            "max_results": 5,
            "model_json": text, "datasets": [{"dataset": some_set, "tags": pairs}], "tag_key": "k", "stage": "Staging",
            "models": [{"model_id": self.model, "step": 1}], "new_name": "n", "status": "FINISHED", "start_step": 0,
            "end_step": 9, "source": f"runs:/{self.run}/a", "experiment_name": "Default", "artifact_path": "a",
        }  # fmt: skip

    def post(self, path: str, **fields: Any) -> Any:
        answer = self.bench.post(f"{API}/{path}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self, route: Route) -> list[str]:
        """The fields of a route: asked for again and again, each time with a good value for those known by then."""
        found: dict[str, None] = dict.fromkeys(re.findall(r"\{(\w+)\}", route.path))
        for _ in range(30):
            asked = Asked({name: self.good.get(name, "x") for name in found})
            with contextlib.suppress(ProtocolError, CastaliaError):
                route.handler(self.store, Fields(asked, admin=True))
            if asked.names.keys() <= found.keys():
                break
            found |= asked.names
        self.restore()
        return list(found)

    def restore(self) -> None:
        """What a route may have taken away."""
        for path, fields in (
            ("experiments/restore", {"experiment_id": "0"}),
            ("runs/restore", {"run_id": self.run}),
            ("registered-models/create", {"name": "m"}),
            ("experiments/update", {"experiment_id": "0", "new_name": "Default"}),
        ):
            readable(self.bench.post(f"{API}/{path}", json=fields))

    def well(self) -> None:
        """A point can be logged, and is there."""
        self.restore()
        self.post("runs/log-metric", run_id=self.run, key="well", value=1, timestamp=1, step=1)


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("routes"))),
                    base_url="http://localhost:8000", follow_redirects=False) as made:  # fmt: skip
        yield Known(made)


words = st.sampled_from(["", "0", "-1", "NaN", "-Infinity", "a/b", "..", "../../etc/passwd", "mlflow.parentRunId", "\0",
                         "\ud800", "é", "é" * 300, "x" * 20_000, str(2**63), "9" * 5000, "1e400", "0x1", " 1", "1_0",
                         "%", "a%' OR 1=1 --", "`", "metrics.`", "{}", "[]", "null", "\u202e", "٣"])  # fmt: skip
inner_names = st.sampled_from(["key", "value", "dataset", "name", "tags", "model_id", "step", "timestamp", "digest"])
wild = st.recursive(
    st.none() | st.booleans() | st.floats() | words | st.text(max_size=8) | st.integers()
    | st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, -0.0, 5e-324]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(inner_names, inner, max_size=4), max_leaves=8,
)  # fmt: skip


LONGEST_QUERY = 60_000
"""Characters; httpx sends no longer address than 65,536."""


def send(known: Known, route: Route, values: Mapping[str, Any]) -> Any:
    """A request of a route, its fields where they belong."""
    path, rest = route.path, dict(values)
    for name in re.findall(r"\{(\w+)\}", path):
        text = str(rest.pop(name, "x")).encode("utf-8", "replace").decode().replace("/", "") or "x"
        path = path.replace(f"{{{name}}}", quote(text[:2000], safe=""))
    path = f"/api/{route.versions[0]}/mlflow/{path}"
    if route.method != "GET":
        body = json.dumps(rest).encode()
        return known.bench.request(route.method, path, content=body, headers={"content-type": "application/json"})
    pairs = [(name, str(each).encode("utf-8", "replace").decode()[:20_000]) for name, value in rest.items()
             for each in (value if isinstance(value, list) else [value])]  # fmt: skip
    while len(urlencode(pairs)) > LONGEST_QUERY:
        pairs.pop()
    return known.bench.get(path, params=pairs)


def fuzz(known: Known, route: Route, examples: int) -> None:
    names = known.names(route)
    if not names:
        readable(send(known, route, {}))
        return
    assert len(names) < 30

    @property_settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def some(data: st.DataObject) -> None:
        changed = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        values = {name: known.good.get(name, "x") for name in names} | {name: data.draw(wild) for name in changed}
        readable(send(known, route, values))

    some()
    known.well()


def test_the_fields_of_a_route_are_found(on_sqlite: Known) -> None:
    by_label = dict(zip(LABELS, ROUTES, strict=True))
    assert {"run_id", "run_uuid", "key", "value", "timestamp", "step"} <= {
        *on_sqlite.names(by_label["POST runs/log-metric"])
    }
    assert {"page_token", "order_by", "filter", "max_results"} <= {*on_sqlite.names(by_label["POST runs/search"])}
    assert {"name", "version", "stage", "archive_existing_versions"} <= {
        *on_sqlite.names(by_label["POST model-versions/transition-stage"])
    }
    assert {"model_id", "tag_key"} <= {*on_sqlite.names(by_label["DELETE logged-models/{model_id}/tags/{tag_key}"])}


@pytest.mark.parametrize("number", range(len(ROUTES)), ids=LABELS)
def test_every_route_answers_whatever_its_fields(on_sqlite: Known, number: int) -> None:
    fuzz(on_sqlite, ROUTES[number], 10)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_route_answers_many_fields(on_sqlite: Known) -> None:
    for route in ROUTES:
        fuzz(on_sqlite, route, 200)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("postgres")
def test_every_route_answers_many_fields_on_postgres(tmp_path: Path, server: Any) -> None:
    settings = Settings(home=tmp_path / "home", store=server.url(server.database("castalia_tables")))
    with TestClient(create_app(settings), base_url="http://localhost:8000", follow_redirects=False) as made:
        known = Known(made)
        for route in ROUTES:
            fuzz(known, route, 60)


names = st.lists(st.sampled_from(["%2e%2e", "%252e%252e", "a", "é", "%00", "a%5cb", ";x", "%23", "%3F", "x" * 300,
                                  "", "%ff", "%ed%a0%80", "0", "artifacts", "C:", "nul", "models", "%2fetc%2fpasswd"]),
                 min_size=1, max_size=5).map("/".join)  # fmt: skip


def test_the_routes_beside_the_table_answer_too(on_sqlite: Known) -> None:
    """Files in and out, uploads in parts, and what is no address: by every method, with any path and body."""
    templates = sorted({
        route.path for route in on_sqlite.bench.app.routes  # type: ignore[attr-defined]
        if not isinstance(route, Table) and getattr(route, "path", "").startswith(("/api/", "/ajax-api/"))
    })  # fmt: skip
    assert len(templates) > 12

    @property_settings(max_examples=250, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def some(data: st.DataObject) -> None:
        template = data.draw(st.sampled_from(templates))
        path = re.sub(r"\{[^}]*int\}", lambda _: str(data.draw(st.sampled_from([0, 1, 10_001, 2**70]))), template)
        path = re.sub(r"\{[^}]*\}", lambda _: data.draw(names), path)
        method = data.draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]))
        body = data.draw(
            st.sampled_from([b"", b"x", b"{}", b'{"path": "../x", "num_parts": 1}', b'{"upload_id": [1]}'])
        )
        media = data.draw(st.sampled_from(["application/json", "application/octet-stream", "text/plain"]))
        answer = on_sqlite.bench.request(method, path, content=body, headers={"content-type": media})
        if answer.status_code >= 400 and method != "HEAD" and "presigned" not in template:  # which is a 501
            readable(answer)

    some()
    on_sqlite.well()
