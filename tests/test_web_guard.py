"""castalia.web.guard, bodies, login: who may ask, and what may be sent, on every route there is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from castalia.core.errors import CastaliaError, TooLarge, WrongInput
from castalia.core.settings import Settings
from castalia.track.protocol.routes import PREFIXES, ROUTES, Table
from castalia.track.protocol.wire import Route
from castalia.web import bodies
from castalia.web.app import create_app
from castalia.web.guard import authority
from castalia.web.login import Login
from castalia.web.problems import PROTOCOL
from castalia.web.tokens import Keyring, session_of

TOKEN = "a-long-enough-token"
JSON = {"content-type": "application/json"}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def client(settings: Settings, **options: Any) -> TestClient:
    return TestClient(create_app(settings, **options), base_url="http://localhost:8000", follow_redirects=False)


@pytest.fixture(scope="module")
def open_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Shared by the tests of this file: none of them changes what is kept."""
    with client(Settings(home=tmp_path_factory.mktemp("open"))) as made:
        yield made


@pytest.fixture
def locked_bench(settings: Settings) -> Iterator[TestClient]:
    with client(settings, token=TOKEN) as made:
        yield made


def addresses(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path of the application, with something in the place of each parameter."""
    found = []
    for path, operations in app.openapi()["paths"].items():
        found += [(method.upper(), path) for method in operations]
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, Table):
            found += [(method, path) for method, path, _ in protocol_addresses()]
        else:
            found += [(method, context.path or "") for method in context.methods or METHODS]
    found += [(method, path) for method in METHODS for path in ("/nowhere", "/app/systems/churn", "/app/assets/x.js")]
    found += [("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/app/vendor/plotly.min.js")]
    return sorted({(method, re.sub(r"\{[^}]*\}", "x", re.sub(r"\{[^}]*int\}", "1", path))) for method, path in found})


def protocol_addresses() -> list[tuple[str, str, Route]]:
    """Those of the protocol's own table, under both prefixes."""
    return [(route.method, f"{prefix}/{version}/mlflow/{route.path}", route)
            for prefix in PREFIXES for route in ROUTES for version in route.versions]  # fmt: skip


def test_the_route_table_is_whole(open_bench: TestClient) -> None:
    paths = {path for _, path in addresses(open_bench.app)}  # type: ignore[arg-type]
    assert {"/health", "/systems", "/systems/x", "/systems/x:x", "/systems/x/fit", "/jobs", "/runs", "/models"} <= paths
    assert {"/data", "/models/x/aliases/x", "/runs/x/artifacts/x"} <= paths
    assert len(paths) > 25


def test_every_route_asks_for_the_token(locked_bench: TestClient) -> None:
    for method, path in addresses(locked_bench.app):  # type: ignore[arg-type]
        answer = locked_bench.request(method, path)
        if path == "/health":
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        if method == "HEAD":
            continue
        if path.startswith(PROTOCOL):
            assert answer.json()["error_code"] == "UNAUTHENTICATED" and "CASTALIA_TOKEN" in answer.json()["message"]
        else:
            assert "CASTALIA_TOKEN" in answer.json()["cure"]


@pytest.mark.parametrize("given", ["", TOKEN[:-1], TOKEN + "x", "password", "é" * 12, "\x00"])
def test_a_wrong_token_opens_nothing(given: str, tmp_path: Path) -> None:
    keyring = Keyring(tmp_path, TOKEN)
    cookie = Login().set_cookie(TOKEN, secure=False).partition("=")[0]
    assert keyring.person("", f"{cookie}={session_of(TOKEN)}")
    assert not keyring.person(f"Bearer {given}", "")
    assert not keyring.person("", f"{cookie}={given}")
    assert not keyring.person(f"Basic {TOKEN}", "")


def test_the_right_token_opens(locked_bench: TestClient) -> None:
    assert locked_bench.get("/systems", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked_bench.get("/systems", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_the_login_page_sets_a_cookie_that_opens(locked_bench: TestClient) -> None:
    asked = locked_bench.get("/app/runs", headers={"accept": "text/html"})
    assert asked.status_code == 401 and 'value="/app/runs"' in asked.text and "<script" not in asked.text
    origin = {"origin": "http://localhost:8000"}
    wrong = locked_bench.post("/login", data={"token": "guess", "next": "/app/runs"}, headers=origin)
    assert wrong.status_code == 401 and "not a token" in wrong.text and "set-cookie" not in wrong.headers
    right = locked_bench.post("/login", data={"token": TOKEN, "next": "/app/runs"}, headers=origin)
    assert (right.status_code, right.headers["location"]) == (303, "/app/runs")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
    assert locked_bench.get("/systems").status_code == 200


@pytest.mark.parametrize(
    "going_to", ["//evil.example/", "https://evil.example", "/\\evil.example", "/systems", "", '/app/"><b>']
)
def test_the_login_page_leads_only_to_our_pages(going_to: str) -> None:
    login = Login("/base")
    assert login.read_form(f"token=t&next={going_to}".encode()) == ("t", "/base/app/")
    assert login.local("/base/app/models") == "/base/app/models"


@pytest.mark.parametrize("path", ["/login", "/login?x=1"])
def test_a_login_form_from_elsewhere_is_refused(locked_bench: TestClient, path: str) -> None:
    answer = locked_bench.post(path, data={"token": TOKEN}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "evil.example:8000",
     "127.0.0.2", "0.0.0.0", "localhost:8000:1", "localhost/x", "[::2]", "localhost,evil.example", " ", "a\tb", "é"],
)  # fmt: skip
def test_a_foreign_host_is_403(open_bench: TestClient, host: str) -> None:
    answer = open_bench.get("/health", headers={"host": host.encode("utf-8")})  # type: ignore[dict-item]
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_foreign_host_is_403_on_every_route_and_says_how_to_allow_it(open_bench: TestClient) -> None:
    for method, path in addresses(open_bench.app):  # type: ignore[arg-type]
        answer = open_bench.request(method, path, headers={"host": "evil.example"})
        assert answer.status_code == 403, (method, path)
    assert (
        "castalia up --allow-host evil.example" in open_bench.get("/", headers={"host": "evil.example"}).json()["cure"]
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:1", "127.0.0.1:8000", "[::1]:80", "localhost.", "box.example:9"]
)
def test_our_own_hosts_and_allowed_ones_answer(settings: Settings, host: str) -> None:
    with client(settings, allow_hosts=["box.example"]) as bench:
        assert bench.get("/health", headers={"host": host}).status_code == 200


def test_an_allowed_host_may_name_its_port(settings: Settings) -> None:
    with client(settings, allow_hosts=["box.example:9"]) as bench:
        assert bench.get("/health", headers={"host": "box.example:9"}).status_code == 200
        assert bench.get("/health", headers={"host": "box.example:8"}).status_code == 403
    with pytest.raises(WrongInput, match="allow-host"):
        client(settings, allow_hosts=["http://box.example/"]).__enter__()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/systems/churn", "/models/m/aliases/a", "/jobs/x/cancel", "/data?name=a.csv", "/nowhere"]
)
@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:3000"}, {"origin": "file://"},
     {"origin": "http://localhost:8000.evil.example"}, {"origin": ""}, {"sec-fetch-site": "cross-site"},
     {"sec-fetch-site": "same-site"}, {"origin": "http://localhost:8000", "sec-fetch-site": "cross-site"}],
)  # fmt: skip
def test_a_foreign_page_changes_nothing(
    open_bench: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = open_bench.request(method, path, headers=headers | JSON, content=b"{}")
    assert answer.status_code == 403, answer.text


def test_our_own_page_and_a_client_that_is_no_browser_may(open_bench: TestClient) -> None:
    for headers in (
        {"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {},
    ):
        assert open_bench.post("/nowhere", headers=headers | JSON, content=b"{}").status_code == 404


def test_behind_a_proxy_the_named_host_is_an_origin(settings: Settings) -> None:
    with client(settings, allow_hosts=["box.example"]) as bench:
        assert bench.post("/nowhere", headers={"origin": "https://box.example"}).status_code == 404
        assert bench.post("/nowhere", headers={"origin": "https://box.example.evil"}).status_code == 403


def test_another_site_can_read_nothing(open_bench: TestClient) -> None:
    for method in METHODS:
        assert open_bench.request(method, "/systems", headers={"origin": "http://evil.example"}).status_code == 403
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert open_bench.get("/app/systems", headers=link).status_code != 403, "a link elsewhere may lead here"
    answer = open_bench.get("/systems", headers={"origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/systems", "/nowhere", "/health", "/app/"])
def test_every_answer_carries_the_security_headers(open_bench: TestClient, path: str) -> None:
    headers = open_bench.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "no-store" in headers["cache-control"] or path == "/app/"
    assert "server" not in headers


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", ("a", "")), ("A.b:1", ("a.b", "1")), ("[::1]:2", ("[::1]", "2")), ("a:b", None), ("", None), ("a b", None),
     ("a:123456", None), ("a.", ("a", "")), ("x@y", None), ("[::1", None)],
)  # fmt: skip
def test_authority(text: str, expected: tuple[str, str] | None) -> None:
    assert authority(text) == expected


# --- bodies ---


@pytest.mark.parametrize(
    "media",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/x-pickle", "",
     "application/octet-stream", "application/vnd.bentoml+pickle", "text/plain; application/json", "application/json2"],
)  # fmt: skip
def test_json_is_taken_only_as_json(open_bench: TestClient, media: str) -> None:
    answer = open_bench.post("/systems/churn", content=b'{"a": 1}', headers={"content-type": media})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["expected"]


def test_odd_encodings_are_415(open_bench: TestClient) -> None:
    assert open_bench.post("/nowhere", content=b"x", headers=JSON | {"content-encoding": "gzip"}).status_code == 415
    media = {"content-type": "application/json; charset=utf-16"}
    assert open_bench.post("/nowhere", content=b"{}", headers=media).status_code == 415
    assert open_bench.post("/data?name=a.csv", content=b"x", headers={"content-encoding": "br"}).status_code == 415


def test_a_multipart_boundary_of_a_megabyte_is_refused_at_once(open_bench: TestClient) -> None:
    media = {"content-type": "multipart/form-data; boundary=" + "-" * 2**20}
    assert open_bench.post("/systems/churn", content=b"--x", headers=media).status_code == 431


def test_too_many_headers_are_431(open_bench: TestClient) -> None:
    assert open_bench.get("/health", headers={f"x-{i}": "y" for i in range(200)}).status_code == 431


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b'{"a": 1, "a": 2}', 422, "twice"),
        (b'{"a": {"b": 1, "b": 1}}', 422, "twice"),
        (b'{"a": NaN}', 422, "NaN"),
        (b'{"a": [-Infinity]}', 422, "Infinity"),
        (b'{"a": 1e999}', 422, "finite"),
        (b'[[{"a": -1e999}]]', 422, "finite"),
        (b"1e999", 422, "finite"),
        (b'{"a": ', 422, "line 1"),
        (b"\xff\xfe{}", 422, "UTF-8"),
        (b'"\\ud800"', 422, "surrogate"),
        (b'{"\\uD800": 1}', 422, "surrogate"),
        (b"9" * 5000, 422, "digits"),
        (b"[" * 100 + b"]" * 100, 413, "nested"),
        (b"[" * 100_000 + b"]" * 100_000, 413, "nested"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, 413, "nested"),
    ],
)
def test_json_with_a_trap_is_refused_by_name(body: bytes, status: int, word: str) -> None:
    with pytest.raises(CastaliaError) as caught:
        bodies.check_json(body)
    assert caught.value.status == status
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"[" * 64 + b"]" * 64, b'{"a": "\\ud83d\\ude00"}', b'{"a": [1.5, null, true]}', b"3", b'""']
)
def test_usual_json_passes(body: bytes) -> None:
    bodies.check_json(body)


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    async def never() -> Any:
        raise AssertionError("read a byte of it")

    headers = {"content-length": str(100 * 2**20), "content-type": "application/json"}
    with pytest.raises(TooLarge, match="at most 32 MiB"):
        asyncio.run(bodies.admit(headers, "/systems/churn", never))


@pytest.mark.parametrize(
    ("path", "cap"), [("/systems/churn", bodies.MAX_JSON), ("/data", bodies.MAX_UPLOAD), ("/login", 4096)]
)
def test_a_body_that_grows_too_large_is_cut_off(path: str, cap: int) -> None:
    piece = bytes(min(2**20, cap))
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        sent += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def read() -> None:
        receive = await bodies.admit(
            {"transfer-encoding": "chunked", "content-type": "application/json"}, path, endless
        )
        while True:
            await receive()

    with pytest.raises(TooLarge):
        asyncio.run(read())
    assert sent <= cap + len(piece)


def test_a_body_that_stops_arriving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.05)

    async def silent() -> Any:
        await asyncio.sleep(60)

    with pytest.raises(bodies.TooSlow):
        asyncio.run(bodies.admit({"content-length": "5"}, "/systems/churn", silent))


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999", "１"])
def test_a_length_that_is_no_length_is_refused(length: str) -> None:
    with pytest.raises(TooLarge):
        asyncio.run(bodies.admit({"content-length": length}, "/systems/churn", None))  # type: ignore[arg-type]


def test_the_largest_json_goes_through_whole(open_bench: TestClient) -> None:
    text = json.dumps({"x": "y" * (bodies.MAX_JSON - 100)})
    assert open_bench.post("/nowhere", content=text, headers=JSON).status_code == 404


@pytest.mark.parametrize("path", ["/runs?q=%00", "/runs?experiment=a%00b", "/runs/a%00", "/models/a%00", "/app/%00",
                                  "/runs/x/artifacts/a%00b", "/data/%00x", "/nowhere%00"])  # fmt: skip
def test_an_address_with_a_nul_is_refused(open_bench: TestClient, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = open_bench.request(method, path)
        assert answer.status_code == 422 and "NUL" in answer.json()["subject"], (method, answer.text)
    assert open_bench.get("/runs?q=%2500").status_code == 200, "the text %00 is a text"
