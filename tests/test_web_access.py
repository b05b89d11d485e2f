"""castalia.web.access: each route says what it needs, and each role may do that and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route as HttpRoute

from castalia.core.settings import Settings
from castalia.track.protocol.routes import PREFIXES, ROUTES, Table
from castalia.web import access, tokens
from castalia.web.access import ADMIN, HERE, NEEDS, OPEN, READ, WRITE, Need
from castalia.web.app import create_app
from castalia.web.problems import PROTOCOL
from castalia.web.tokens import Role

ROLES = ("reader", "writer", "admin")
JSON = {"content-type": "application/json"}
API = "/api/2.0/mlflow"
MAY = {"reader": {OPEN, READ}, "writer": {OPEN, READ, WRITE}, "admin": {OPEN, READ, WRITE, ADMIN, HERE}}

Bench = tuple[TestClient, dict[str, dict[str, str]]]


def client(app: FastAPI, address: str = "127.0.0.1") -> TestClient:
    return TestClient(app, "http://localhost:8000", client=(address, 50000), follow_redirects=False)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A workbench, and the header of a token of each role."""
    home = tmp_path_factory.mktemp("roles")
    headers = {role: {"authorization": f"Bearer {tokens.add(home, f'my-{role}', role)}"} for role in ROLES}
    with client(create_app(Settings(home=home))) as made:
        yield made, headers


def table(app: FastAPI) -> list[tuple[str, str, Need | None]]:
    """Every method and path of the application with what it needs, None where nothing says it."""
    found: list[tuple[str, str, Need | None]] = []
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, Table):
            found += [(route.method, f"{prefix}/{version}/mlflow/{route.path}", access.of_protocol(route))
                      for prefix in PREFIXES for route in ROUTES for version in route.versions]  # fmt: skip
        elif context.methods is None:
            found += [(method, context.path or "", NEEDS.get(f"* {context.path}")) for method in ("GET", "POST", "PUT")]
        else:
            found += [(method, context.path or "", NEEDS.get(f"{method.replace('HEAD', 'GET')} {context.path}"))
                      for method in context.methods]  # fmt: skip
    return found


def filled(path: str) -> str:
    """An address of a template at which nothing is."""
    return re.sub(r"\{[^}]*\}", "x", re.sub(r"\{[^}]*:int\}", "1", path))


def test_every_route_says_what_it_needs_and_no_line_is_stale(bench: Bench) -> None:
    app: Any = bench[0].app
    found = table(app)
    assert not [(method, path) for method, path, need in found if need is None]
    assert len(found) > 200
    there = {f"{method} {path}" for method, path, _ in found} | {f"* {path}" for _, path, _ in found}
    assert not set(NEEDS) - there
    assert {path for _, path, need in found if need is OPEN} == set(access.OPEN_PATHS) - {"/login"}


def test_what_changes_something_takes_a_writer(bench: Bench) -> None:
    """The table is held against the words of the protocol and of HTTP, which were there before it."""
    app: Any = bench[0].app
    reads = ("search", "get-latest-versions")
    asks = ("/systems/{name}", "/systems/{name}:predict", "/systems/{name}/view", "/trash/size")
    for method, path, need in table(app):
        assert need is not None
        if path.startswith(("/checks", "/plan", "/today")) and path != "/today/begun":
            assert need is HERE
        elif "{rest:path}" in path:
            assert need is READ
        elif path == "/runs/compare/commits":
            assert need is ADMIN  # the operator's own repository
        elif method in ("GET", "HEAD"):
            assert need in (READ, OPEN), path
        elif path.startswith(PROTOCOL) and path.rpartition("/")[2].startswith(reads):
            assert need is READ, path
        elif path in asks:
            assert need is READ
        else:
            assert need in (WRITE, ADMIN), (method, path)
    for_good = [path for method, path, need in table(app) if need is ADMIN and method != "GET"]
    words = ("delete", "mlflow-artifacts", "/trash/remove")
    assert len(for_good) == 2 * 3 + 1 and all(any(word in path for word in words) for path in for_good)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_table_says(bench: Bench, role: str) -> None:
    asked, headers = bench
    app: Any = asked.app
    for method, path, need in table(app):
        if path == "/checks" and role == "admin":
            continue  # describes every contract there is, in a child; the next test asks one that is not there
        if path == "/notices/events":
            continue  # anybody who may read may follow it, and it never ends
        sent = headers[role] | ({} if method in ("GET", "HEAD") else JSON)
        answer = asked.request(method, filled(path), headers=sent)
        refused = answer.status_code == 403 and "this takes the role" in (answer.text or "this takes the role")
        assert refused == (need not in MAY[role]), (role, method, path, answer.status_code, answer.text[:200])
        if refused and method != "HEAD" and path.startswith(PROTOCOL):
            assert answer.json()["error_code"] == "PERMISSION_DENIED" and "message" in answer.json()


def test_the_protocol_by_role(bench: Bench) -> None:
    """What people of each role do all day, asked for by hand."""
    asked, headers = bench

    def post(role: str, path: str, **fields: Any) -> Any:
        return asked.post(f"{API}/{path}", json=fields, headers=headers[role])

    assert post("reader", "experiments/search", max_results=5).status_code == 200
    assert post("reader", "runs/create").status_code == 403
    run = post("writer", "runs/create").json()["run"]["info"]["run_id"]
    assert post("writer", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1).status_code == 200
    assert post("reader", "runs/log-metric", run_id=run, key="m", value=2, timestamp=2).status_code == 403
    assert asked.get(f"{API}/runs/get?run_id={run}", headers=headers["reader"]).json()["run"]["data"]["metrics"]
    assert post("writer", "runs/delete", run_id=run).status_code == 200, "the trash gives it back"
    assert post("writer", "runs/restore", run_id=run).status_code == 200
    file = f"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/a.txt"
    assert asked.put(file, content=b"x", headers=headers["reader"]).status_code == 403
    assert asked.get(file, headers=headers["reader"]).status_code == 404, "a refused file was kept"
    assert asked.put(file, content=b"x", headers=headers["writer"]).status_code == 200
    assert asked.get(file, headers=headers["reader"]).content == b"x"
    assert asked.delete(file, headers=headers["writer"]).status_code == 403
    assert asked.delete(file, headers=headers["admin"]).status_code == 200
    post("writer", "registered-models/create", name="m")
    gone = {"content": b'{"name": "m"}', "headers": headers["writer"] | JSON}
    assert asked.request("DELETE", f"{API}/registered-models/delete", **gone).status_code == 403  # type: ignore[arg-type]
    gone["headers"] = headers["admin"] | JSON
    assert asked.request("DELETE", f"{API}/registered-models/delete", **gone).status_code == 200  # type: ignore[arg-type]


def test_a_place_outside_takes_an_admin(bench: Bench) -> None:
    asked, headers = bench

    def make(role: str, name: str, location: str) -> Any:
        fields = {"name": name, "artifact_location": location}
        return asked.post(f"{API}/experiments/create", json=fields, headers=headers[role])

    refused = make("writer", "outside", "memory://bucket/x")
    assert refused.status_code == 403 and refused.json()["error_code"] == "PERMISSION_DENIED"
    assert make("admin", "outside", "memory://bucket/x").status_code == 200
    assert make("writer", "inside", "mlflow-artifacts:/own").status_code == 200


def test_a_source_in_an_object_store_takes_an_admin_unless_the_run_keeps_it(bench: Bench) -> None:
    asked, headers = bench

    def post(role: str, path: str, **fields: Any) -> Any:
        return asked.post(f"{API}/{path}", json=fields, headers=headers[role])

    assert post("writer", "registered-models/create", name="stored").status_code == 200
    run = post("writer", "runs/create").json()["run"]["info"]["run_id"]
    for role, status in (("writer", 403), ("admin", 200)):
        answer = post(role, "model-versions/create", name="stored", source="s3://bucket/model", run_id=run)
        assert answer.status_code == status, answer.text


def test_an_undeclared_route_lets_nobody_in(tmp_path: Path) -> None:
    """Neither one that was there when the gates were put up, nor one that came later."""

    async def secret(request: Request) -> Response:
        return PlainTextResponse("secret")

    app = create_app(Settings(home=tmp_path))
    early, late = HttpRoute("/early", secret, methods=["GET", "POST"]), HttpRoute("/late", secret)
    access.gate([early])
    app.router.routes[:0] = [early, late]
    with client(app) as asked:
        for path in ("/early", "/late"):
            answer = asked.get(path)
            assert answer.status_code == 403 and "secret" not in answer.text, path
        assert asked.put("/early").status_code == 405
        assert asked.get("/runs").status_code == 200


@pytest.mark.parametrize("path", ["/checks/x", "/checks/x/draft", "/checks/x/hint", "/checks/x/solution"])
def test_what_is_the_learners_own_stays_on_the_machine(bench: Bench, path: str) -> None:
    asked, headers = bench
    method = "PUT" if path.endswith("draft") else "POST"
    body = {"content": b'{"text": "x"}' if path.endswith("draft") else b"{}", "headers": headers["admin"] | JSON}
    assert asked.request(method, path, **body).status_code != 403  # type: ignore[arg-type]
    for role in ("reader", "writer"):
        assert asked.request(method, path, content=b"{}", headers=headers[role] | JSON).status_code == 403
    elsewhere = client(asked.app, "192.0.2.9")  # type: ignore[arg-type]
    answer = elsewhere.request(method, path, **body)  # type: ignore[arg-type]
    assert answer.status_code == 403 and "learner" in answer.text
    proxied = {**body["headers"], "x-forwarded-for": "127.0.0.1"}  # type: ignore[dict-item]
    assert asked.request(method, path, content=body["content"], headers=proxied).status_code == 403  # type: ignore[arg-type]


def test_loopback_without_tokens_is_admin_until_there_is_one(tmp_path: Path) -> None:
    with client(create_app(Settings(home=tmp_path))) as asked:
        made = asked.post(f"{API}/experiments/create", json={"name": "o", "artifact_location": "memory://b/x"})
        assert made.status_code == 200
        token = tokens.add(tmp_path, "first", "reader")
        assert asked.get("/runs").status_code == 401
        assert asked.get("/runs", headers={"authorization": f"Bearer {token}"}).status_code == 200
        tokens.remove(tmp_path, "first")
        assert asked.get("/runs", headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert asked.get("/runs").status_code == 200


def test_beyond_loopback_taking_the_last_token_back_opens_nothing(tmp_path: Path) -> None:
    token = tokens.add(tmp_path, "last", "admin")
    with client(create_app(Settings(home=tmp_path), needs_token=True)) as asked:
        assert asked.get("/runs", headers={"authorization": f"Bearer {token}"}).status_code == 200
        tokens.remove(tmp_path, "last")
        assert asked.get("/runs", headers={"authorization": f"Bearer {token}"}).status_code == 401
        assert asked.get("/runs").status_code == 401
        assert asked.get("/health").status_code == 200


def test_a_browsers_form_changes_nothing_in_the_protocol(bench: Bench) -> None:
    """A page elsewhere can send these types without asking first; no Origin, as an old browser would."""
    asked, headers = bench
    app: Any = asked.app
    for method, path, need in table(app):
        if need is READ or not path.startswith(tuple(f"{prefix}/2.0/mlflow/" for prefix in PREFIXES)):
            continue
        for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            sent = headers["admin"] | {"content-type": media}
            answer = asked.request(method, filled(path), content=b'{"name": "forged"}', headers=sent)
            assert answer.status_code == 415 and answer.json()["error_code"] == "BAD_REQUEST", (method, path, media)


def test_a_foreign_page_is_refused_on_every_route(bench: Bench) -> None:
    asked, headers = bench
    app: Any = asked.app
    for method, path, _ in table(app):
        for own in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
            answer = asked.request(method, filled(path), headers=headers["admin"] | own)
            assert answer.status_code == 403, (method, path, own)
            if path.startswith(PROTOCOL) and method != "HEAD":
                assert answer.json()["error_code"] == "PERMISSION_DENIED"


def test_roles_are_ordered() -> None:
    assert Role.NOBODY < Role.READER < Role.WRITER < Role.ADMIN
    assert [need.role for need in (OPEN, READ, WRITE, ADMIN)] == list(Role)
