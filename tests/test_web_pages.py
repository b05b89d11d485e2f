"""castalia.web.pages and problems: the face, and errors that say enough and not too much."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from castalia.core.errors import Unavailable
from castalia.core.settings import Settings
from castalia.web import pages, problems
from castalia.web.app import create_app

INDEX = '<!doctype html><html><head><base href="/app/"></head><body>the face</body></html>'
SCRIPT = "console.log('castalia');" * 100
BROTLI = b"as the build packed it"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy face, with a secret beside it and a link that leads there."""
    folder = tmp_path_factory.mktemp("face")
    (folder / "secret.txt").write_text("secret")
    made = folder / "dist"
    (made / "assets").mkdir(parents=True)
    (made / "index.html").write_text(INDEX)
    (made / "manifest.json").write_text("{}")
    (made / "runs.html").write_text(INDEX.replace("the face", "the list"))
    (made / "runs-one.html").write_text(INDEX.replace("the face", "one run"))
    (made / "assets" / "main-ABC123.js").write_text(SCRIPT)
    (made / "assets" / "built-DEF456.js").write_text(SCRIPT)
    (made / "assets" / "built-DEF456.js.br").write_bytes(BROTLI)
    os.symlink(folder / "secret.txt", made / "assets" / "link.txt")
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path, dist: Path) -> Iterator[TestClient]:
    app = create_app(Settings(home=home), dist=dist)

    @app.get("/crash", include_in_schema=False)
    def crash() -> None:
        raise RuntimeError(f"{home}/models broke")

    @app.get("/told", include_in_schema=False)
    def told() -> None:
        raise Unavailable(f"{home}/models/a cannot be read", f"{os.getcwd()}/x", cure="Look there.")

    with TestClient(app, base_url="http://localhost:8000", follow_redirects=False) as made:
        yield made


def test_the_root_leads_to_the_first_page(bench: TestClient) -> None:
    assert (bench.get("/").status_code, bench.get("/").headers["location"]) == (307, "/app/")
    assert bench.get("/app").headers["location"] == "/app/"


@pytest.mark.parametrize(
    "path", ["/app/", "/app/systems", "/app/systems/yours~churn", "/app/jobs/0a1b", "/app/models/a.b"]
)
def test_every_client_route_gets_the_one_page(bench: TestClient, path: str) -> None:
    answer = bench.get(path)
    assert answer.status_code == 200 and answer.text == INDEX
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert bench.head(path).status_code == 200


def test_an_asset_is_kept_forever_and_travels_packed(bench: TestClient) -> None:
    plain = bench.get("/app/assets/main-ABC123.js", headers={"accept-encoding": "identity"})
    assert plain.text == SCRIPT and "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    packed = bench.get("/app/assets/main-ABC123.js", headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip" and packed.text == SCRIPT
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    refused = bench.get("/app/assets/main-ABC123.js", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    assert len(gzip.compress(SCRIPT.encode())) < len(SCRIPT)


@pytest.mark.parametrize(
    ("taken", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip", "gzip"),
        ("brotli", ""),
        ("", ""),
    ],
)
def test_what_the_build_packed_is_sent_to_who_takes_it(bench: TestClient, taken: str, coding: str) -> None:
    with bench.stream("GET", "/app/assets/built-DEF456.js", headers={"accept-encoding": taken}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding", "") == coding and answer.headers["vary"] == "Accept-Encoding"
    assert raw == BROTLI if coding == "br" else (gzip.decompress(raw) if coding else raw) == SCRIPT.encode()


def test_what_is_known_is_not_sent_again(bench: TestClient) -> None:
    tag = bench.get("/app/").headers["etag"]
    again = bench.get("/app/", headers={"if-none-match": f'"x", W/{tag}'})
    assert again.status_code == 304 and not again.content
    assert bench.get("/app/", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/app/assets/../../secret.txt", "/app/assets/..%2f..%2fsecret.txt", "/app/assets/%2e%2e/%2e%2e/secret.txt",
     "/app/assets/%252e%252e/secret.txt", "/app/assets/..%5c..%5csecret.txt", "/app/assets/..%255c..%255csecret.txt",
     "/app/assets//etc/passwd", "/app/assets/%2fetc%2fpasswd", "/app/assets/C:/x", "/app/assets/a%00b", "/app/assets/",
     "/app/assets/link.txt", "/app/assets/x.js", "/app/assets/file:%2f%2f%2fetc%2fpasswd", "/app/assets",
     "/app/%2e%2e/secret.txt", "/app/..%2fsecret.txt", "/app/%252e%252e%252fsecret.txt", "/app/vendor/x.js",
     "/app/assets/.", "/app/assets/main-ABC123.js/", "/app/assets/;%2f..%2f..%2fsecret.txt", "/app/assets/a%23b"],
)  # fmt: skip
def test_no_address_leads_out_of_the_face(bench: TestClient, path: str) -> None:
    answer = bench.get(path)
    assert answer.status_code == (422 if "%00" in path else 404), path
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text.replace("secret.txt", "")


@pytest.mark.parametrize(
    ("route", "shown"),
    [("runs", "the list"), ("runs/", "the list"), ("runs/0a1b", "one run"), ("runs/0a1b/more", "the face"),
     ("runs.html", "the face"), ("runs-one", "the face"), ("Runs", "the face"), ("models", "the face")],
)  # fmt: skip
def test_a_page_of_its_own_names_its_files_in_the_head(bench: TestClient, route: str, shown: str) -> None:
    answer = bench.get(f"/app/{route}")
    assert answer.status_code == 200 and shown in answer.text and answer.headers["content-security-policy"] == pages.CSP


def test_what_only_the_build_needs_is_not_served(bench: TestClient) -> None:
    assert bench.get("/app/manifest.json").text == INDEX


def test_plotly_comes_from_its_package(bench: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("plotly", reason="needs the extra plots")
    assert "plotly" in bench.get("/app/vendor/plotly.min.js").text[:500].lower()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    absent = bench.get("/app/vendor/plotly.min.js")
    assert absent.status_code == 404 and "castalia[plots]" in absent.json()["cure"]


def test_without_a_face_the_page_says_what_to_type(settings: Settings, tmp_path: Path) -> None:
    with TestClient(create_app(settings, dist=tmp_path), base_url="http://localhost") as bench:
        answer = bench.get("/app/")
    assert answer.status_code == 503 and "make setup" in answer.text


@pytest.mark.parametrize("prefix", ["", "/tools/castalia"])
def test_a_base_path_works_whether_or_not_the_proxy_takes_it_off(settings: Settings, dist: Path, prefix: str) -> None:
    app = create_app(settings, dist=dist, base_path="/tools/castalia/")
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as bench:
        assert '<base href="/tools/castalia/app/">' in bench.get(f"{prefix}/app/systems").text
        assert bench.get(f"{prefix}/").headers["location"] == "/tools/castalia/app/"
        assert bench.get(f"{prefix}/health").json()["status"] == "ok"
        assert bench.get(f"{prefix}/app/assets/main-ABC123.js").status_code == 200
        assert bench.get("/tools/castaliax/health").status_code == 404


# --- errors ---


def test_an_unknown_address_is_a_problem_document(bench: TestClient) -> None:
    answer = bench.get("/nowhere/<b>")
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == 404 and document["title"] == "Not Found" and "openapi" in document["cure"]
    assert set(document) == set(problems.SCHEMA["properties"])


def test_a_wrong_method_says_which_are_right(bench: TestClient) -> None:
    answer = bench.delete("/health")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET" and answer.json()["expected"] == "GET"


def test_a_crash_is_an_id_here_and_a_traceback_in_the_log(
    bench: TestClient, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer = bench.get("/crash")
    assert answer.status_code == 500
    assert str(home) not in answer.text and "Traceback" not in answer.text and "RuntimeError" not in answer.text
    number = answer.json()["got"].removeprefix("fault ")
    assert number in caplog.text and "models broke" in caplog.text


def test_our_own_errors_keep_their_words_and_lose_this_machines_paths(bench: TestClient, home: Path) -> None:
    answer = bench.get("/told")
    assert answer.status_code == 503
    assert answer.json()["subject"] == "$CASTALIA_HOME/models/a cannot be read"
    assert answer.json()["type"] == "urn:castalia:Unavailable"
    assert str(home) not in answer.text and os.getcwd() not in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("limit=99999999", "limit"), ("offset=-1", "offset")],
)
def test_a_query_that_does_not_fit_names_its_field(bench: TestClient, query: str, field: str) -> None:
    answer = bench.get(f"/runs?{query}")
    assert answer.status_code == 422
    document = answer.json()
    assert document["field"] == field and document["errors"][0]["field"] == field
    assert document["got"] and document["expected"]


def test_the_reference_page_names_every_address_and_fetches_nothing(bench: TestClient) -> None:
    answer = bench.get("/docs")
    assert answer.status_code == 200 and "<script" not in answer.text and "http://" not in answer.text
    for path in bench.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in answer.text


def test_openapi_describes_every_route(bench: TestClient) -> None:
    described = bench.get("/openapi.json").json()
    names = []
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            good = [code for code in operation["responses"] if code.startswith("2")]
            assert good and operation["responses"][good[0]]["description"], (method, path)
            assert "4XX" in operation["responses"], (method, path)
            bodiless = ("/cancel", "/resume", "/data", "/test", "/{id}/trash", "/{id}/restore")
            if method in ("post", "put", "patch") and not path.endswith(bodiless):
                assert operation["requestBody"], (method, path)
            names.append(operation["operationId"])
    assert len(set(names)) == len(names)
    assert not [path for path in described["paths"] if path.startswith("/app")]
