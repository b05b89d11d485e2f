"""A disk that is really full, a file system of a few megabytes: what is said, what is kept, and that it goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client_fixtures import Bench, wait_for
from fastapi.testclient import TestClient

from castalia.core.settings import Settings
from castalia.web import app

API, FILES = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
SIZE, BALLAST = 6, 3
"""Megabytes of the disk, and of the file on it that somebody deletes in the end."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system, which root has")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def post(bench: Bench, path: str, **fields: Any) -> tuple[int, Any]:
    return bench.send(f"{API}/{path}", json.dumps(fields).encode(), media="application/json")


def points(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"key": "loss", "value": step * 0.5, "timestamp": step, "step": step} for step in range(first, first + count)
    ]


def steps(bench: Bench, run: str) -> list[int]:
    found = bench.ask(f"{API}/metrics/get-history?run_id={run}&metric_key=loss")["metrics"]
    return [point["step"] for point in found]


def plain(said: Any, disk: Path) -> None:
    """What a client is told: that it cannot be kept now, and nothing of the machine."""
    assert "Traceback" not in str(said) and str(disk) not in str(said) and "sqlite" not in str(said).lower(), said
    if "error_code" in said:
        assert said["error_code"] == "TEMPORARILY_UNAVAILABLE" and said["message"]
    else:
        assert said["subject"] and said["cure"], said


def status_of(bench: Bench, path: str) -> int:
    try:
        with urllib.request.urlopen(bench.url + path, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_full_disk_refuses_plainly_keeps_what_it_has_and_goes_on(disk: Path, settings: Settings) -> None:
    bench = Bench(disk / "home").start()
    try:
        run = post(bench, "runs/create", experiment_id="0")[1]["run"]["info"]["run_id"]
        assert bench.send(f"/runs/{run}/artifacts/model.bin", b"old", "PUT")[0] == 200
        (disk / "ballast").write_bytes(bytes(BALLAST * 2**20))
        kept = list[int]()
        for first in range(0, 10**6, 1000):
            status, said = post(bench, "runs/log-batch", run_id=run, metrics=points(first, 1000))
            if status != 200:
                break
            kept += range(first, first + 1000)
        assert status == 503 and kept, (status, said)
        plain(said, disk)
        with (disk / "last").open("wb", buffering=0) as last:  # to the last byte
            try:
                while True:
                    last.write(bytes(4096))
            except OSError:
                pass
        # Who writes much is told so; a little may still find a place in the log of the database, and is then kept.
        large, tag = 10**6, "x" * 3000
        status, said = post(bench, "runs/log-batch", run_id=run, metrics=points(large, 1000))
        assert status == 503, said
        plain(said, disk)
        tagged, said = post(bench, "runs/set-tag", run_id=run, key="t", value=tag)
        assert tagged in (200, 503), said
        for path in (f"/runs/{run}/artifacts/model.bin", f"{FILES}/0/{run}/artifacts/new.bin"):
            status, said = bench.send(path, bytes(2**20), "PUT")
            assert status == 503, (path, status, said)
            plain(said, disk)
        assert steps(bench, run) == kept, "nothing acknowledged is gone, no half batch is there"
        assert bench.ask("/runs?limit=5")["total"] == 1 and status_of(bench, "/health") == 200
        assert [(each["name"], each["size"]) for each in bench.ask(f"/runs/{run}/artifacts")] == [("model.bin", 3)]
        # The end and a start meet the same disk.
        bench.kill()
        code = "import sys; from castalia.cli import main; sys.exit(main())"
        environment = {"CASTALIA_HOME": str(bench.home), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
        said = subprocess.run(
            [sys.executable, "-c", code, "runs", "list"], env=environment, capture_output=True, text=True
        )
        assert "Traceback" not in said.stderr, said.stderr
        # Somebody makes room.
        (disk / "ballast").unlink()
        (disk / "last").unlink()
        bench.start()
        assert steps(bench, run) == kept, "as before"
        assert (bench.ask(f"/runs/{run}")["tags"].get("t") == tag) == (tagged == 200)
        assert post(bench, "runs/log-batch", run_id=run, metrics=points(large, 1000))[0] == 200
        assert bench.send(f"/runs/{run}/artifacts/model.bin", bytes(2**20), "PUT")[0] == 200
        assert steps(bench, run) == kept + list(range(large, large + 1000))
        assert [(each["name"], each["size"]) for each in bench.ask(f"/runs/{run}/artifacts")] == [("model.bin", 2**20)]
        assert not list((bench.home / "artifacts" / ".incoming").glob("*"))
    finally:
        bench.kill()


def test_room_that_is_made_is_used_without_a_restart(disk: Path, settings: Settings) -> None:
    bench = Bench(disk / "home").start()
    try:
        run = post(bench, "runs/create", experiment_id="0")[1]["run"]["info"]["run_id"]
        (disk / "ballast").write_bytes(bytes(BALLAST * 2**20))
        kept, first, status = list[int](), 0, 200
        while status == 200:
            status, said = post(bench, "runs/log-batch", run_id=run, metrics=points(first, 1000))
            kept += range(first, first + 1000) if status == 200 else ()
            first += 1000
        assert status == 503 and kept, said
        (disk / "ballast").unlink()
        status, said = post(bench, "runs/log-batch", run_id=run, metrics=points(first, 1000))
        assert status == 200, said
        assert steps(bench, run) == [*kept, *range(first, first + 1000)]
    finally:
        bench.kill()


def test_the_workbench_throws_away_uploads_that_died(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "UPLOADS_SECONDS", 0.05)
    bench = app.create_app(settings)
    store = bench.state.parts.store
    with store.incoming() as live:
        live.write(b"live")
        dead = store.incoming()
        dead.write(b"dead")
        long_ago = time.time() - 25 * 3600
        os.utime(dead.path, (long_ago, long_ago))
        with TestClient(bench, base_url="http://localhost:8000"):
            wait_for(lambda: not dead.path.exists())
            assert live.path.exists()
