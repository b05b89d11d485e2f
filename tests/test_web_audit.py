"""castalia.web.audit: who wrote what, in whole lines, without secrets, whatever the disk does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from castalia.cli import main
from castalia.core.settings import Settings
from castalia.web import audit, tokens
from castalia.web.app import create_app
from castalia.web.audit import FILE, KEPT, Audit, Deed, read

API = "/api/2.0/mlflow"
DEED = Deed("ci", "127.0.0.1", "POST", "runs/create", "/api/2.0/mlflow/runs/create", 200)


def deeds(home: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "time"} for line in read(home)]


def test_a_write_leaves_a_line_and_a_read_none(tmp_path: Path) -> None:
    writer, reader = tokens.add(tmp_path, "ci", "writer"), tokens.add(tmp_path, "me", "reader")
    app = create_app(Settings(home=tmp_path))
    with TestClient(app, "http://localhost:8000", client=("192.0.2.7", 1)) as asked:
        own = {"authorization": f"Bearer {writer}"}
        run = asked.post(f"{API}/runs/create", json={"run_name": "hidden-value"}, headers=own).json()
        run_id = run["run"]["info"]["run_id"]
        for i in range(5):
            point = {"run_id": run_id, "key": "hidden-key", "value": i, "timestamp": i}
            assert asked.post(f"{API}/runs/log-metric", json=point, headers=own).status_code == 200
        asked.put("/models/m/aliases/a?hidden=query", json={"version": 1}, headers=own)
        asked.get("/runs", headers=own)
        asked.post(f"{API}/runs/search", json={}, headers=own)
        asked.post(f"{API}/runs/create", json={}, headers={"authorization": f"Bearer {reader}"})
        asked.post("/nowhere", json={}, headers=own)
        for path in ("/runs", "/jobs", "/models"):
            asked.get(path, headers={"authorization": "Bearer guess"})
    found = deeds(tmp_path)
    common = {"address": "192.0.2.7"}
    assert {**common, "who": "ci", "method": "POST", "route": "runs/create", "path": f"{API}/runs/create",
            "status": 200} in found  # fmt: skip
    points = [line for line in found if line.get("route") == "runs/log-metric"]
    assert sum(line.get("count", 1) for line in points) == 5
    assert {**common, "who": "ci", "method": "PUT", "route": "/models/{name}/aliases/{alias}",
            "path": "/models/m/aliases/a", "status": 404} in found  # fmt: skip
    refused = [line for line in found if line["who"] == "me"]
    assert [(line["status"], line["route"]) for line in refused] == [(403, "runs/create")]
    assert [line["status"] for line in found if line["path"] == "/nowhere"] == [404]
    strangers = [line for line in found if line["who"] == ""]
    assert sum(line.get("count", 1) for line in strangers) == 3
    assert {(line["status"], line["path"]) for line in strangers} == {(401, "")}
    assert not [line for line in found if line["route"] in ("/runs", "runs/search")]
    text = (tmp_path / FILE).read_text()
    for secret in (writer, reader, "guess", "hidden"):
        assert secret not in text
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_without_tokens_it_is_loopback_who_wrote(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path)), "http://localhost:8000") as asked:
        asked.post(f"{API}/runs/create", json={})
        asked.post(f"{API}/runs/create", json={}, headers={"origin": "http://evil.example"})
    assert [(line["who"], line["status"]) for line in deeds(tmp_path)] == [("loopback", 200), ("", 403)]


def test_a_path_stays_one_line(tmp_path: Path) -> None:
    log = Audit(tmp_path)
    odd = '/a\n{"who": "forged"}\r\u2028\x00\x1b[31m' + "x" * 5000
    log.note(DEED._replace(path=odd))
    log.close()
    lines = (tmp_path / FILE).read_bytes().splitlines()
    assert len(lines) == 1 and len(lines[0]) < 1000
    assert deeds(tmp_path)[0]["path"] == odd[: audit.LONGEST]


def test_a_disk_that_takes_nothing_costs_no_line_and_stops_nothing(tmp_path: Path) -> None:
    """A folder in the place of the file refuses every write, as a full disk does."""
    (tmp_path / FILE).mkdir()
    with TestClient(create_app(Settings(home=tmp_path)), "http://localhost:8000") as asked:
        log: Audit = asked.app.state.guard.audit  # type: ignore[attr-defined]
        for _ in range(3):
            assert asked.post(f"{API}/runs/create", json={}).status_code == 200
            log.flush()
        (tmp_path / FILE).rmdir()
        asked.post(f"{API}/runs/create", json={})
    assert sum(line.get("count", 1) for line in deeds(tmp_path)) == 4


def test_a_part_of_a_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fits is less than what there is: the file keeps whole lines, and the rest comes later."""
    import os

    log, whole = Audit(tmp_path), os.write
    log.note(DEED)
    log.flush()
    before = (tmp_path / FILE).read_bytes()
    monkeypatch.setattr(audit.os, "write", lambda fd, content: whole(fd, content[:7]))
    log.note(DEED._replace(who="other"))
    log.flush()
    assert (tmp_path / FILE).read_bytes() == before
    monkeypatch.undo()
    log.close()
    assert [line["who"] for line in deeds(tmp_path)] == ["ci", "other"]


def test_a_line_that_broke_off_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"who": "whole"}\n{"who": "ha')
    log = Audit(tmp_path)
    log.note(DEED)
    log.close()
    assert [line["who"] for line in read(tmp_path)] == ["whole", "ci"]


def test_what_waits_is_bounded_and_the_rest_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_WAITING", 10)
    monkeypatch.setattr(audit, "FLUSH_SECONDS", 3600)
    log = Audit(tmp_path)
    for i in range(25):
        log.note(DEED._replace(path=f"/{i}"))
    log.close()
    found = list(read(tmp_path))
    assert len(found) == 11 and found[-1]["lost"] == 15


def test_old_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 300)
    log = Audit(tmp_path)
    for i in range(40):
        log.note(DEED._replace(path=f"/{i}"))
        log.flush()
    log.close()
    files = sorted(tmp_path.glob("audit*.jsonl"))
    assert len(files) == KEPT + 1 and all(each.stat().st_size < 600 for each in files)
    paths = [line["path"] for line in read(tmp_path)]
    assert paths == [f"/{i}" for i in range(40 - len(paths), 40)] and len(paths) < 40


def test_the_shell_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path))
    assert main(["audit"]) == 0
    assert "Nothing" in capsys.readouterr().err
    log = Audit(tmp_path)
    for who in ("ci", "me", ""):
        log.note(DEED._replace(who=who))
    log.close()
    assert main(["audit"]) == 0
    shown = capsys.readouterr().out
    assert "runs/create" in shown and "a stranger" in shown
    assert main(["audit", "--who", "me", "--json"]) == 0
    assert [line["who"] for line in json.loads(capsys.readouterr().out)] == ["me"]
    assert main(["audit", "--last", "1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert main(["audit", "--last", "0"]) == 2
    assert "--last" in capsys.readouterr().err
