"""castalia.track.protocol.artifacts: files over the wire through a real server, and every way out that was tried."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from web_process import Workbench

from castalia.core.settings import Settings
from castalia.track import Store, schema
from castalia.track.protocol.locations import checked_location
from castalia.track.protocol.wire import ProtocolError

PROXY = "/api/2.0/mlflow-artifacts/"
ROOT = PROXY + "artifacts/"
TOKEN = "a-long-enough-token"
SECRET = "the secret outside"
OUT = ("../x", "..%2fx", "%2e%2e/x", "%252e%252e%252fx", "%25252e%25252e%25252fx", "..\\x", "..%5cx", "/etc/passwd",
       "//etc/passwd", "%2fetc%2fpasswd", "C:/x", "c:x", "file:///etc/passwd", "a/%00/b", "a%00b", "a#b", "a%23b",
       "x;../../etc/passwd", "x;/../y", "a/./b", "a//b", "a/..", "..", ".", "a%0ab", "%ff%fe/..", ".models/x",
       ".shared/x", ".incoming/x", ".versions", "." * 3 + "/../x", "a/" * 600 + "a", "x" * 300, "~/../x",
       "%252f%252e%252e%252fx")  # fmt: skip


class Wire:
    """One server, one run, and requests whose paths nobody tidies up."""

    def __init__(self, bench: Workbench, home: Path, run_id: str, uri: str) -> None:
        self.bench, self.home, self.run_id = bench, home, run_id
        self.path = uri.removeprefix("mlflow-artifacts:/")
        self.at = ROOT + self.path

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=50)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body, sent = json.dumps(body), {"Content-Type": "application/json", **sent}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, {name.lower(): value for name, value in answer.getheaders()}

    def raw(self, method: str, path: str) -> tuple[int, bytes]:
        body = b"x" if method == "PUT" else b""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{length}\r\n"
        got = self.bench.raw(head.encode("latin-1") + body)
        return int(got.split(b" ")[1]), got

    def files(self) -> set[str]:
        """Everything under the home but the database and what the server says of itself."""
        found = {path.relative_to(self.home).as_posix() for path in self.home.rglob("*") if not path.is_dir()}
        return {name for name in found if not name.startswith(("castalia.db", "jobs/", "workbench.json", "audit"))}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp("wire")
    home = folder / "home"
    (folder / "x").write_text(SECRET)
    (folder / "outside").mkdir()
    (folder / "outside" / "x").write_text(SECRET)
    with Store.open(home) as store:
        run_id = store.create_run("wire")
        uri = store.artifact_uri(run_id)
    with Workbench(home, env={"CASTALIA_ARTIFACT_BYTES": str(400 * 2**20)}) as bench:
        yield Wire(bench, home, run_id, uri)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def error_of(answer: tuple[int, bytes, dict[str, str]]) -> tuple[int, str]:
    return answer[0], json.loads(answer[1])["error_code"]


# --- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_a_file_goes_in_is_listed_read_and_deleted(wire: Wire, prefix: str) -> None:
    root = f"{prefix}/2.0/mlflow-artifacts/artifacts"
    at, content = f"{root}/{wire.path}", random.Random(1).randbytes(3_000_000)
    for name in ("model/weights.bin", "model/at 10:30.txt", "note ü+100%.txt"):
        quoted = name.replace(" ", "%20").replace("ü", "%C3%BC").replace("100%", "100%25")
        status, body, headers = wire.ask("PUT", f"{at}/{quoted}", content, Content_Type="text/html; charset=latin-1")
        assert (status, body, headers["etag"]) == (200, b"{}", f'"{sha(content)}"')
        status, body, headers = wire.ask("GET", f"{at}/{quoted}")
        assert (status, body) == (200, content)
        assert headers["content-disposition"].startswith("attachment")
    listed = json.loads(wire.ask("GET", f"{root}?path={wire.path}/model")[1])
    assert listed == {"files": [{"path": "at 10:30.txt", "is_dir": False, "file_size": 3_000_000},
                                {"path": "weights.bin", "is_dir": False, "file_size": 3_000_000}]}  # fmt: skip
    assert json.loads(wire.ask("GET", f"{root}?path={wire.path}")[1])["files"] == [
        {"path": "model", "is_dir": True},
        {"path": "note ü+100%.txt", "is_dir": False, "file_size": 3_000_000}]  # fmt: skip
    assert json.loads(wire.ask("GET", f"{root}?path={wire.path}/model/weights.bin")[1]) == {"files": []}
    listed = json.loads(wire.ask("GET", f"{prefix}/2.0/mlflow/artifacts/list?run_id={wire.run_id}&path=model")[1])
    assert listed["root_uri"] == f"mlflow-artifacts:/{wire.path}"
    assert [each["path"] for each in listed["files"]] == ["model/at 10:30.txt", "model/weights.bin"]
    assert json.loads(wire.ask("GET", f"{prefix}/2.0/mlflow/artifacts/list?run_uuid={wire.run_id}")[1])["files"][0] == {
        "path": "model", "is_dir": True}  # fmt: skip
    native = {item["name"]: item["sha256"] for item in json.loads(wire.ask("GET", f"/runs/{wire.run_id}/artifacts")[1])}
    assert native["model/weights.bin"] == sha(content)
    assert wire.ask("DELETE", f"{at}/model/weights.bin")[:2] == (200, b"{}")
    assert error_of(wire.ask("GET", f"{at}/model/weights.bin")) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert wire.ask("DELETE", f"{at}/")[0] == 200
    assert json.loads(wire.ask("GET", f"{root}?path={wire.path}")[1]) == {"files": []}
    assert wire.ask("DELETE", f"{at}/absent")[0] == 200, "as MLflow does"


def test_ranges_tags_and_head(wire: Wire) -> None:
    content = random.Random(2).randbytes(2_500_000)
    for at in (f"{wire.at}/r.bin", f"/runs/{wire.run_id}/artifacts/r.bin"):
        wire.ask("PUT", f"{wire.at}/r.bin", content)
        tag = f'"{sha(content)}"'
        for given, part in (("0-0", content[:1]), ("1000000-2000000", content[1000000:2000001]),
                            ("2499999-", content[-1:]), ("-10", content[-10:]), ("-9999999", content),
                            ("5-99999999", content[5:])):  # fmt: skip
            status, body, headers = wire.ask("GET", at, Range=f"bytes={given}")
            assert (status, body, headers["content-length"]) == (206, part, str(len(part)))
            start = len(content) - len(part) if given.startswith("-") else int(given.partition("-")[0])
            assert headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/2500000"
        for given in ("2500000-", "9999999-10000000", "-0"):
            status, body, headers = wire.ask("GET", at, Range=f"bytes={given}")
            assert (status, body, headers["content-range"]) == (416, b"", "bytes */2500000")
        for given in ("bytes=0-1,5-6", "bytes=9-3", "lines=1-2", "bytes=x-y", "bytes=-", "bytes=" + "9" * 40 + "-"):
            assert wire.ask("GET", at, Range=given)[:2] == (200, content)
        assert wire.ask("GET", at, Range="bytes=0-0", If_Range=tag)[0] == 206
        assert wire.ask("GET", at, Range="bytes=0-0", If_Range='"other"')[:2] == (200, content)
        for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            status, body, headers = wire.ask("GET", at, If_None_Match=given)
            assert (status, body, headers["etag"]) == (304, b"", tag)
        assert wire.ask("GET", at, If_None_Match='"other"')[0] == 200
        status, body, headers = wire.ask("HEAD", at)
        assert (status, body, headers["content-length"], headers["etag"]) == (200, b"", "2500000", tag)
        assert (headers["accept-ranges"], headers["cache-control"]) == ("bytes", "private, no-cache")
    wire.ask("PUT", f"{wire.at}/empty", b"")
    assert wire.ask("GET", f"{wire.at}/empty")[:2] == (200, b"")
    assert wire.ask("GET", f"{wire.at}/empty", Range="bytes=0-")[0] == 416
    assert wire.ask("HEAD", f"{wire.at}/absent")[0] == 404


def test_what_is_no_file(wire: Wire) -> None:
    wire.ask("PUT", f"{wire.at}/folder/x", b"x")
    assert error_of(wire.ask("GET", f"{wire.at}/folder")) == (400, "INVALID_PARAMETER_VALUE")
    assert error_of(wire.ask("PUT", f"{wire.at}/folder", b"x")) == (400, "INVALID_PARAMETER_VALUE")
    assert error_of(wire.ask("PUT", f"{wire.at}/folder/x/y", b"x")) == (400, "INVALID_PARAMETER_VALUE")
    assert error_of(wire.ask("PUT", wire.at, b"x")) == (400, "INVALID_PARAMETER_VALUE"), "a run's folder is no file"
    assert error_of(wire.ask("GET", wire.at)) == (400, "INVALID_PARAMETER_VALUE")
    lists = "/api/2.0/mlflow/artifacts/list"
    assert error_of(wire.ask("GET", lists)) == (400, "INVALID_PARAMETER_VALUE")
    assert error_of(wire.ask("GET", f"{lists}?run_id=nope")) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert json.loads(wire.ask("GET", f"{lists}?run_id={wire.run_id}&path=folder/x")[1])["files"] == []
    assert wire.ask("POST", f"{wire.at}/x", b"x")[0] in (404, 405)
    wire.ask("DELETE", f"{wire.at}/folder")


def test_what_belongs_to_no_run_is_shared(wire: Wire) -> None:
    assert wire.ask("PUT", f"{ROOT}team/notes/a.txt", b"shared")[0] == 200
    assert wire.ask("GET", f"{ROOT}team/notes/a.txt")[1] == b"shared"
    assert json.loads(wire.ask("GET", f"{PROXY}artifacts?path=team")[1])["files"] == [{"path": "notes", "is_dir": True}]
    assert {"path": "team", "is_dir": True} in json.loads(wire.ask("GET", f"{PROXY}artifacts")[1])["files"]
    assert "artifacts/.shared/team/notes/a.txt" in wire.files()
    assert wire.ask("DELETE", f"{ROOT}team")[0] == 200
    assert error_of(wire.ask("DELETE", ROOT)) == (400, "INVALID_PARAMETER_VALUE"), "not everything at once"


def test_a_logged_model_and_a_version_have_their_own_places(wire: Wire) -> None:
    with Store.open(wire.home) as store:
        with store.database.write() as connection:
            row = {"model_id": "m-1f", "experiment": 1, "name": "net", "status": "PENDING", "created": 1, "updated": 1,
                   "artifact_uri": "mlflow-artifacts:/1/models/m-1f/artifacts"}  # fmt: skip
            connection.execute(schema.logged_models.insert().values(row))
        store.add_version("churn", None, None, _files_of_a_version(wire.home / "models" / "churn" / "1"))
    assert wire.ask("PUT", f"{ROOT}1/models/m-1f/artifacts/MLmodel", b"flavors: {}")[0] == 200
    assert (wire.home / "artifacts" / ".models" / "m-1f" / "MLmodel").read_bytes() == b"flavors: {}"
    assert wire.ask("PUT", f"{ROOT}2/models/m-1f/artifacts/MLmodel", b"not its address")[0] == 200
    assert wire.ask("GET", f"{ROOT}1/models/m-1f/artifacts/MLmodel")[1] == b"flavors: {}"
    at = f"{ROOT}.versions/churn/1"
    status, body, headers = wire.ask("GET", f"{at}/deep/weights.json")
    assert (status, body, headers["etag"]) == (200, b"[1]", f'"{sha(b"[1]")}"')
    assert json.loads(wire.ask("GET", f"{PROXY}artifacts?path=.versions/churn/1")[1])["files"] == [
        {"path": "deep", "is_dir": True}, {"path": "manifest.json", "is_dir": False, "file_size": 2}]  # fmt: skip
    for path in (at, f"{at}/new", f"{at}/manifest.json"):
        assert wire.ask("PUT", path, b"x")[0] == wire.ask("DELETE", path)[0] == 403
        made = wire.ask("POST", f"{PROXY}mpu/create/{path.removeprefix(ROOT)}", {"path": "x", "num_parts": 1})
        assert made[0] == 403
    for path in ("churn/2/x", "churn/0/x", "nope/1/x", "churn/1e0/x", "../1/x", "churn/../1/x"):
        assert wire.ask("GET", f"{ROOT}.versions/{path}")[0] in (400, 404)


def _files_of_a_version(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "deep" / "weights.json").write_text("[1]")
    return folder


# --- attacks -------------------------------------------------------------------------------------


def refused(wire: Wire, method: str, path: str) -> None:
    before = wire.files()
    status, said = wire.raw(method, path)
    assert 400 <= status < 500, (method, path, status)
    for word in (SECRET.encode(), str(wire.home).encode(), b"root:", b"Traceback", b"castalia.db"):
        assert word not in said, (method, path)
    assert wire.files() == before, (method, path)


@pytest.mark.parametrize("out", OUT)
def test_no_name_leads_out_by_any_verb(wire: Wire, out: str) -> None:
    """Attacks 1, 2, 3 and 4: sent byte for byte, at the root and inside a run."""
    hidden = out.startswith((".models", ".shared", ".incoming", ".versions"))  # a run may have a folder of that name
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        refused(wire, method, f"{ROOT}{out}")
        if not hidden:
            refused(wire, method, f"{wire.at}/{out}")
    refused(wire, "GET", f"{PROXY}presigned/{out}")
    query = out.replace("#", "%23").replace(";", "%3B")
    status, said = wire.raw("GET", f"{PROXY}artifacts?path={query}")
    assert status == 400 or json.loads(said.partition(b"\r\n\r\n")[2]) == {"files": []}, out
    assert wire.raw("GET", f"/api/2.0/mlflow/artifacts/list?run_id={wire.run_id}&path={query}")[0] in (200, 400)
    refused(wire, "GET", f"/runs/{wire.run_id}/artifacts/{out}")
    folder = out if hidden else f"{wire.path}/{out}"
    for verb in ("create", "complete", "abort"):
        body = json.dumps({"path": "x", "num_parts": 1, "upload_id": "0" * 32, "parts": []}).encode()
        head = (f"POST {PROXY}mpu/{verb}/{folder} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")  # fmt: skip
        got = wire.bench.raw(head.encode("latin-1") + body)
        status = int(got.split(b" ")[1])
        assert status == 200 if verb == "abort" and b"{}" in got else 400 <= status < 500, (verb, out)


@pytest.mark.parametrize("name", ["../x", "..\\..\\x", "/etc/passwd", "C:\\x\\..", "", "..", "a/..", "x\0y", "a#b"])
def test_the_name_at_the_client_leads_nowhere_either(wire: Wire, name: str) -> None:
    """The client sends its own path of the file: only the last part of it counts."""
    before = wire.files()
    status, said, _ = wire.ask("POST", f"{PROXY}mpu/create/{wire.path}/deep", {"path": name, "num_parts": 1})
    if status == 200:
        upload = json.loads(said)["upload_id"]
        about = json.loads((wire.home / "artifacts" / ".incoming" / "parts" / upload / "about.json").read_text())
        assert about["path"] in (f"{wire.path}/deep/x", f"{wire.path}/deep/passwd")
        body = {"path": name, "upload_id": upload}
        assert wire.ask("POST", f"{PROXY}mpu/abort/{wire.path}/deep", body)[0] == 200
    else:
        assert status == 400
    assert wire.files() == before


def test_a_link_on_the_disk_is_not_there(wire: Wire) -> None:
    """Attack 18."""
    wire.ask("PUT", f"{wire.at}/links/real", b"x")
    folder = wire.home / "artifacts" / wire.run_id / "links"
    (folder / "link").symlink_to(wire.home.parent / "x")
    (folder / "out").symlink_to(wire.home.parent / "outside")
    os.mkfifo(folder / "pipe")
    for name in ("link", "out/x", "out", "pipe"):
        status, body, _ = wire.ask("GET", f"{wire.at}/links/{name}")
        assert status == 404 and SECRET.encode() not in body
        assert wire.ask("PUT", f"{wire.at}/links/{name}", b"over")[0] == 400
        assert wire.ask("DELETE", f"{wire.at}/links/{name}")[0] == 400
        assert wire.ask("GET", f"/runs/{wire.run_id}/artifacts/links/{name}")[0] == 404
    listed = json.loads(wire.ask("GET", f"{PROXY}artifacts?path={wire.path}/links")[1])
    assert [each["path"] for each in listed["files"]] == ["real"], "attack 14: no name that leads anywhere"
    assert json.loads(wire.ask("GET", f"{PROXY}artifacts?path={wire.path}/links/out")[1]) == {"files": []}
    assert wire.ask("DELETE", f"{wire.at}/links")[0] == 200, "a folder goes with its links, not what they lead to"
    assert (wire.home.parent / "x").read_text() == (wire.home.parent / "outside" / "x").read_text() == SECRET


def test_a_list_tells_no_name_that_the_client_would_refuse(wire: Wire) -> None:
    """Attack 14: what lies on the disk for another reason is left out, and the rest is still told."""
    wire.ask("PUT", f"{wire.at}/odd/fine", b"x")
    for name in ("a#b", "a\\b", "%2e%2e%2fx", "line\nbreak", "%2e%2e"):
        (wire.home / "artifacts" / wire.run_id / "odd" / name).write_text("x")
    (wire.home / "artifacts" / wire.run_id / "odd").joinpath(os.fsdecode(b"\xff")).write_text("x")
    files = json.loads(wire.ask("GET", f"{PROXY}artifacts?path={wire.path}/odd")[1])["files"]
    assert [each["path"] for each in files] == ["fine"]
    wire.ask("DELETE", f"{wire.at}/odd")


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "doc.xhtml", "feed.xml", "script.js", "x"])
def test_what_a_browser_would_run_is_a_download(wire: Wire, name: str) -> None:
    """Attack 12."""
    wire.ask("PUT", f"{wire.at}/{name}", b"<script>alert(1)</script>", Content_Type="text/html")
    for at in (f"{wire.at}/{name}", f"/runs/{wire.run_id}/artifacts/{name}"):
        _, body, headers = wire.ask("GET", at)
        assert body == b"<script>alert(1)</script>"
        assert headers["content-disposition"].startswith("attachment")
        assert headers["content-type"] == "application/octet-stream"
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]


def test_a_name_cannot_break_the_headers(wire: Wire) -> None:
    for name in ("a%22;%20filename=evil.exe", "%E2%80%AEgpj.exe", "a;b", "a'b"):
        assert wire.ask("PUT", f"{wire.at}/{name}", b"x")[0] == 200
        disposition = wire.ask("GET", f"{wire.at}/{name}")[2]["content-disposition"]
        assert disposition.isascii() and '"' not in disposition and disposition.count(";") == 1


def test_another_sites_page_and_a_foreign_host_get_nothing(wire: Wire) -> None:
    """Attack 11 on the routes of files; the guard's own tests walk all others."""
    for method in ("PUT", "DELETE", "GET"):
        assert wire.ask(method, f"{wire.at}/x", b"x", Origin="http://evil.example")[0] == 403
        assert wire.ask(method, f"{wire.at}/x", b"x", Host="evil.example")[0] == 403


def test_a_compressed_body_is_refused(wire: Wire) -> None:
    assert wire.ask("PUT", f"{wire.at}/x.gz", b"\x1f\x8b", Content_Encoding="gzip")[0] == 415


# --- bounds and breaks ---------------------------------------------------------------------------


def peak(bench: Workbench) -> float:
    """The most memory the server ever had, in MB."""
    text = Path(f"/proc/{bench.process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("megabytes", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_a_large_file_goes_through_a_little_memory(wire: Wire, megabytes: int) -> None:
    wire.ask("PUT", f"{wire.at}/warm", b"x" * 2_000_000)
    before, piece, digest = peak(wire.bench), random.Random(3).randbytes(2**20), hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for i in range(megabytes):
            part = i.to_bytes(4, "big") + piece[4:]
            digest.update(part)
            yield part

    status, _, headers = wire.ask("PUT", f"{wire.at}/large.bin", pieces())
    assert (status, headers["etag"]) == (200, f'"{digest.hexdigest()}"')
    connection, back, size = http.client.HTTPConnection("127.0.0.1", wire.bench.port), hashlib.sha256(), 0
    connection.request("GET", f"{wire.at}/large.bin")
    answer = connection.getresponse()
    while part := answer.read(2**20):
        back.update(part)
        size += len(part)
    connection.close()
    assert (size, back.hexdigest()) == (megabytes * 2**20, digest.hexdigest())
    grown = peak(wire.bench) - before
    print(f"the server grew by {grown:.0f} MB")
    assert grown < 60
    wire.ask("DELETE", f"{wire.at}/large.bin")


def test_a_file_over_the_bound_is_refused_as_it_is_announced_and_as_it_comes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home") as store:
        run_id = store.create_run("small")
        at = ROOT + store.artifact_uri(run_id).removeprefix("mlflow-artifacts:/")
    with Workbench(tmp_path / "home", env={"CASTALIA_ARTIFACT_BYTES": "100000"}) as bench:
        small = Wire(bench, tmp_path / "home", "", "")
        assert small.ask("PUT", f"{at}/x", b"x" * 100_000)[0] == 200
        before = small.files()
        head = f"PUT {at}/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100001\r\n\r\n"
        assert b"INVALID_PARAMETER_VALUE" in bench.raw(head.encode()), "before a byte of it came"
        assert error_of(small.ask("PUT", f"{at}/x", iter([b"y" * 60_000] * 4)))[0] == 400
        assert small.files() == before
        assert small.ask("GET", f"{at}/x")[1] == b"x" * 100_000

        at = f"/runs/{run_id}/artifacts"  # the same, as Castalia's own client sends it
        head = f"PUT {at}/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100001\r\n\r\n"
        assert b"CASTALIA_ARTIFACT_BYTES" in small.bench.raw(head.encode()), "before a byte of it came"
        status, said, _ = small.ask("PUT", f"{at}/x", iter([b"y" * 60_000] * 4))
        assert status == 413 and b"CASTALIA_ARTIFACT_BYTES" in said and str(tmp_path).encode() not in said
        status, said, _ = small.ask("PUT", f"{at}/x?sha256={'0' * 64}", b"y" * 100_000)
        assert status == 422 and b"damaged" in said
        assert small.files() == before
        assert small.ask("GET", f"{at}/x")[1] == b"x" * 100_000
        assert small.ask("PUT", f"{at}/x?sha256={sha(b'z' * 100_000)}", b"z" * 100_000)[0] == 200
        assert small.ask("GET", f"{at}/x")[1] == b"z" * 100_000


def settled(wire: Wire) -> set[str]:
    """The files, once the server has noticed that a client is gone."""
    until = time.monotonic() + 10
    while time.monotonic() < until and any(path.is_file() for path in (wire.home / "artifacts/.incoming").glob("*")):
        time.sleep(0.05)
    return wire.files()


def half_sent(wire: Wire, path: str) -> socket.socket:
    """A connection on which half of a body was sent, and its file begun."""
    before = wire.files()
    connection = socket.create_connection(("127.0.0.1", wire.bench.port))
    connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n".encode())
    connection.sendall(b"h" * 2_000_000)
    until = time.monotonic() + 10
    while wire.files() == before and time.monotonic() < until:
        time.sleep(0.02)
    return connection


def test_a_client_that_breaks_off_leaves_nothing(wire: Wire) -> None:
    wire.ask("PUT", f"{wire.at}/whole", b"old")
    before = settled(wire)
    for name in ("whole", "never"):
        half_sent(wire, f"{wire.at}/{name}").close()
    assert settled(wire) == before
    assert wire.ask("GET", f"{wire.at}/whole")[1] == b"old"
    assert wire.ask("GET", f"{wire.at}/never")[0] == 404


@pytest.mark.slow
def test_a_client_that_stops_sending_is_not_waited_for(wire: Wire) -> None:
    before = settled(wire)
    with half_sent(wire, f"{wire.at}/slow") as connection:
        connection.settimeout(50)
        assert b"408" in connection.recv(4096)
    assert settled(wire) == before


def test_a_server_that_is_killed_in_mid_upload_keeps_the_old_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Store.open(home) as store:
        run_id = store.create_run("killed")
        store.add_artifact(run_id, "x", b"old")
        uri = store.artifact_uri(run_id)
    with Workbench(home) as bench:
        wire = Wire(bench, home, run_id, uri)
        connection = half_sent(wire, f"{wire.at}/x")
        bench.end(signal.SIGKILL)
        connection.close()
    with Store.open(home) as store:
        assert store.artifact_path(run_id, "x").read_bytes() == b"old"
        assert [item["name"] for item in store.artifacts(run_id)] == ["x"]
        assert [each.kind for each in store.remove_unused(0)] == ["upload"]
        assert list(store.staging.iterdir()) == []


# --- in parts ------------------------------------------------------------------------------------


def test_an_upload_in_parts(wire: Wire) -> None:
    folder, name = f"{wire.path}/big", "/home/me/my model.bin"
    content = [random.Random(i).randbytes(200_000) for i in range(4)]
    made = json.loads(wire.ask("POST", f"{PROXY}mpu/create/{folder}", {"path": name, "num_parts": 4})[1])
    sent = []
    for credential in reversed(made["credentials"]):
        number = credential["part_number"]
        assert credential["headers"] == {}
        host, _, path = credential["url"].removeprefix("http://").partition("/")
        assert host == f"127.0.0.1:{wire.bench.port}"
        status, _, headers = wire.ask("PUT", f"/{path}", content[number - 1])
        assert status == 200
        sent.append({"part_number": number, "etag": headers["etag"], "url": credential["url"]})
    body = {"path": name, "upload_id": made["upload_id"], "parts": sent}
    assert error_of(wire.ask("POST", f"{PROXY}mpu/complete/{wire.path}/other", body))[0] == 404
    short = {**body, "parts": sent[1:]}
    assert error_of(wire.ask("POST", f"{PROXY}mpu/complete/{folder}", short)) == (400, "INVALID_PARAMETER_VALUE")
    assert wire.ask("GET", f"{ROOT}{folder}/my%20model.bin")[0] == 404, "nothing before it is complete"
    for _ in range(2):  # the answer may be lost: asked again, it is done
        assert wire.ask("POST", f"{PROXY}mpu/complete/{folder}", body)[:2] == (200, b"{}")
    assert wire.ask("GET", f"{ROOT}{folder}/my%20model.bin")[1] == b"".join(content)
    assert wire.ask("POST", f"{PROXY}mpu/abort/{folder}", body)[0] == 200
    assert wire.ask("GET", f"{ROOT}{folder}/my%20model.bin")[0] == 200
    for number in (0, 5):
        assert wire.ask("PUT", f"{PROXY}mpu/part/{made['upload_id']}/{number}", b"x")[0] in (400, 404)
    for wrong in (
        {},
        {"path": "x", "num_parts": 0},
        {"path": "x", "num_parts": 10_001},
        {"path": "x", "num_parts": "y"},
    ):
        assert wire.ask("POST", f"{PROXY}mpu/create/{folder}", wrong)[0] == 400
    assert wire.ask("POST", f"{PROXY}mpu/complete/{folder}", {"path": "x"})[0] == 400


def test_parts_go_where_a_proxy_shows_us_with_the_token_that_was_given(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Store.open(home) as store:
        uri = store.artifact_uri(store.create_run("x"))
    with Workbench(home, token=TOKEN, base_path="/castalia") as bench:
        wire = Wire(bench, home, "", uri)
        path, bearer = f"{PROXY}mpu/create/{wire.path}", f"Bearer {TOKEN}"
        assert wire.ask("PUT", f"{wire.at}/x", b"x")[0] == wire.ask("GET", f"{wire.at}/x")[0] == 401
        assert wire.ask("POST", path, {"path": "x", "num_parts": 1})[0] == 401
        made = wire.ask("POST", path, {"path": "x", "num_parts": 1}, Authorization=bearer, X_Forwarded_Proto="https")
        (credential,) = json.loads(made[1])["credentials"]
        assert credential["url"].startswith(f"https://127.0.0.1:{bench.port}/castalia{PROXY}mpu/part/")
        assert credential["headers"] == {"Authorization": bearer}
        part = credential["url"].partition(str(bench.port))[2]
        assert wire.ask("PUT", part, b"x")[0] == 401
        assert wire.ask("PUT", part, b"x", **credential["headers"])[0] == 200


# --- the real client -----------------------------------------------------------------------------

CLIENT = """
import hashlib, os, sys, tempfile
from pathlib import Path
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
repository = MlflowArtifactsRepository(sys.argv[2], sys.argv[1])
folder = Path(tempfile.mkdtemp(dir=sys.argv[3]))
(folder / "model" / "data").mkdir(parents=True)
(folder / "model" / "MLmodel").write_text("flavors: {}")
(folder / "model" / "data" / "model ü.skops").write_bytes(os.urandom(1_500_000))
(folder / "empty").write_bytes(b"")
repository.log_artifact(str(folder / "empty"))
repository.log_artifacts(str(folder / "model"), "model")
assert [(each.path, each.is_dir, each.file_size) for each in repository.list_artifacts()] == [
    ("empty", False, 0), ("model", True, None)], repository.list_artifacts()
assert repository.list_artifacts("empty") == [] == repository.list_artifacts("absent")
back = Path(repository.download_artifacts("model"))
for name in ("MLmodel", "data/model ü.skops"):
    assert (back / name).read_bytes() == (folder / "model" / name).read_bytes()
repository.delete_artifacts("model/data")
assert [each.path for each in repository.list_artifacts("model")] == ["model/MLmodel"]
try:
    repository.download_artifacts("absent")
except Exception as error:
    assert "absent" in str(error), error
else:
    raise AssertionError("it was not there")
repository.delete_artifacts()
assert repository.list_artifacts() == []
large = folder / "large.bin"
large.write_bytes(os.urandom(3_300_000))
repository._try_multipart_upload(str(large), "in/parts")
assert Path(repository.download_artifacts("in/parts/large.bin")).read_bytes() == large.read_bytes()
assert repository._should_multipart_upload(str(large))
repository.log_artifact(str(large), "again")
assert repository.list_artifacts("again")[0].file_size == 3_300_000
print("all of it")
"""


def test_the_mlflow_client_keeps_reads_lists_and_deletes_unchanged(wire: Wire, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    with Store.open(wire.home) as store:
        uri = store.artifact_uri(store.create_run("client"))
    env = os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
                        "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "1000000",
                        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
                        "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "3000000"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", CLIENT, wire.bench.root, uri, str(tmp_path)], env=env, text=True,
                          capture_output=True, timeout=55, check=False)  # fmt: skip
    assert done.stdout.endswith("all of it\n"), done.stderr[-3000:]
    assert not [name for name in wire.files() if "/.incoming/" in name and not name.endswith(("about.json", "done"))]


def test_presigning_is_not_there_and_the_client_is_told_so(wire: Wire) -> None:
    assert error_of(wire.ask("GET", f"{PROXY}presigned/{wire.path}/x")) == (501, "NOT_IMPLEMENTED")


# --- locations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("", ""),
        ("mlflow-artifacts:/team/a", "mlflow-artifacts:/team/a"),
        ("mlflow-artifacts:///team/a/", "mlflow-artifacts:/team/a"),
        ("mlflow-artifacts:/", "mlflow-artifacts:/"),
        ("memory://team/a", "memory://team/a"),
    ],
)
def test_locations_that_may_be_named(uri: str, kept: str) -> None:
    assert checked_location(uri, admin=True) == kept
    if not uri.startswith("memory"):
        assert checked_location(uri, admin=False) == kept


@pytest.mark.parametrize(
    "uri",
    ["/", "/etc", "etc", "./x", "../../", "file:///etc", "file:/etc", "FILE:///etc", "file:x", "~/x", "C:/x", "C:\\x",
     "http://169.254.169.254/", "http://h/#/../../", "http://h/?../../", "s3://b/x#/../", "s3://b/x?y", "s3://b/../x",
     "s3://b/%2e%2e/x", "s3://b/..%252fx", "s3://b\\x", "s3://b/a;b", "mlflow-artifacts:/../x",
     "mlflow-artifacts:/a/../b", "mlflow-artifacts:/%2e%2e/x", "mlflow-artifacts:/a#b",
     "mlflow-artifacts://evil.example/x", "mlflow-artifacts:/.models", "mlflow-artifacts:/.versions/churn/1",
     "mlflow-artifacts:/a//b", "runs:/abc/x", "models:/x", "dbfs:/x", "zip://x", "simplecache::s3://b/x",
     "s3://169.254.169.254/x", "ftp://localhost/x", "ftp://127.0.0.1:21/x", "ftp://2130706433/x", "ftp://0x7f.1/x",
     "ftp://[::1]/x", "ftp://[::ffff:127.0.0.1]/x", "ftp://0/x", "sftp://[fe80::1]/x", "ftp://[x/y",
     "ftp://me:hunter2@host/x", "s3://key:hunter2@bucket/x", "s3://", "memory://a\nb", "s3://" + "b" * 2050,
     "%66ile:///etc", "local://x", "data://x", "reference://x", "git://x", "github://a:b@/x"],
)  # fmt: skip
def test_locations_that_nobody_may_name(uri: str) -> None:
    """Attack 7, and 4 in a location."""
    with pytest.raises(ProtocolError) as caught:
        checked_location(uri, admin=True)
    assert caught.value.code == "INVALID_PARAMETER_VALUE"
    assert "hunter2" not in caught.value.message or "for parameter" in caught.value.message


def test_only_an_admin_names_a_place_elsewhere() -> None:
    with pytest.raises(ProtocolError) as caught:
        checked_location("memory://team", admin=False)
    assert caught.value.code == "PERMISSION_DENIED"


def test_an_experiment_may_have_a_folder_of_its_own_with_us(wire: Wire) -> None:
    with Store.open(wire.home) as store:
        run_id = store.create_run("own")
        table = schema.experiments
        with store.database.write() as connection:
            where = table.update().where(table.c.name == "own")
            connection.execute(where.values(artifact_location=checked_location("mlflow-artifacts:/team/own/", False)))
        assert store.artifact_uri(run_id) == f"mlflow-artifacts:/team/own/{run_id}/artifacts"
    assert wire.ask("PUT", f"{ROOT}team/own/{run_id}/artifacts/a/x", b"own")[0] == 200
    assert wire.ask("GET", f"/runs/{run_id}/artifacts/a/x")[1] == b"own"
    listed = json.loads(wire.ask("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run_id}&path=a")[1])
    assert [each["path"] for each in listed["files"]] == ["a/x"]


def test_a_server_whose_files_lie_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Store.open(home) as store:
        uri = store.artifact_uri(store.create_run("far"))
    with Workbench(home, env={"CASTALIA_ARTIFACTS": f"memory://{secrets.token_hex(4)}"}) as bench:
        wire, content = Wire(bench, home, "", uri), random.Random(5).randbytes(9_000_000)
        assert wire.ask("PUT", f"{wire.at}/a/x", content)[0] == 200
        status, body, headers = wire.ask("GET", f"{wire.at}/a/x")
        assert (status, body, headers["etag"]) == (200, content, f'"{sha(content)}"')
        assert wire.ask("GET", f"{wire.at}/a/x", Range="bytes=4194300-4194310")[1] == content[4194300:4194311]
        assert wire.ask("GET", f"{wire.at}/a", Range="bytes=0-1")[0] == 400
        assert wire.ask("DELETE", f"{wire.at}/a")[0] == 200
        assert wire.ask("GET", f"{wire.at}/a/x")[0] == 404
        assert wire.files() == set()


def test_the_settings_that_files_have() -> None:
    read = Settings.read({"CASTALIA_ARTIFACTS": " s3://b/x ", "CASTALIA_ARTIFACT_BYTES": "1000"})
    assert (read.artifacts, read.artifact_bytes) == ("s3://b/x", 1000)
    for wrong in ("", "0", "-1", "many", "1e9"):
        assert Settings.read({"CASTALIA_ARTIFACT_BYTES": wrong}).artifact_bytes == Settings().artifact_bytes


def test_rows_say_what_the_files_are(wire: Wire) -> None:
    """After everything above: each row's file is there with that hash, and each file of a run has its row."""
    with Store.open(wire.home) as store, store.database.read() as connection:
        rows = {row.path: row for row in connection.execute(sa.select(schema.files))}
        for path, found in store.tree.walk():
            assert rows[path].size == found.size
            assert rows[path].sha256 == sha((store.home / "artifacts" / path).read_bytes())
        assert set(rows) == {path for path, _ in store.tree.walk()}
