"""The workbench as a user runs it: started, asked, killed, started again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from castalia.core.settings import Settings

CASTALIA = Path(sys.executable).parent / "castalia"
pytestmark = pytest.mark.xdist_group("workbench")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str, body: Any = None, method: str = "") -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"}, method=method or None
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """A test that fails in the middle leaves no workbench behind."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.wait(10)


class Workbench:
    """A real ``castalia up`` in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        command = [CASTALIA, "up", "--port", str(port), "--no-browser"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        STARTED.append(self.process)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if ask(port, "/health")["status"] == "ok":
                    return
            assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
            time.sleep(0.05)
        raise AssertionError("the workbench did not answer within 30 s")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@pytest.fixture
def workbench(toys: Settings) -> Iterator[Workbench]:
    started = Workbench(free_port())
    yield started
    if started.process.poll() is None:
        started.stop()


def fit(port: int, steps: int, pause: float, name: str = "line") -> tuple[str, str]:
    body = {"params": {"steps": steps, "pause": pause}, "as": name}
    made = ask(port, "/systems/toys~slope/fit", body)
    return made["job"], made["run_id"]


def wait_for(check: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def alive(home: Path) -> list[str]:
    """Command lines of every process that works for this home."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (path.parent / "environ").read_bytes()
            ours = f"CASTALIA_HOME={home}".encode() in environment
            if "castalia" in line and ours and int(path.parent.name) != os.getpid():
                found.append(line)
    return found


def test_term_ends_it_with_a_stream_open(workbench: Workbench) -> None:
    job, _ = fit(workbench.port, 1000, 0.05)
    stream = urllib.request.urlopen(f"http://127.0.0.1:{workbench.port}/jobs/{job}/events", timeout=10)
    stream.readline()
    assert workbench.stop() == 0
    stream.close()


def test_a_fit_over_http_ends_with_a_version(workbench: Workbench) -> None:
    job, run_id = fit(workbench.port, 10, 0.0)
    ended = wait_for(lambda: _over(workbench.port, job), 30, "the end of the fit")
    assert ended["state"] == "done" and ended["result"]["version"] == 1
    assert ask(workbench.port, f"/runs/{run_id}")["status"] == "done"
    assert ask(workbench.port, "/systems/line", {"x": 1.0}).keys() == {"y"}
    assert [model["name"] for model in ask(workbench.port, "/models")] == ["line"]


def _over(port: int, job: str) -> Any:
    found = ask(port, f"/jobs/{job}")
    return found if found["state"] in ("done", "failed", "cancelled") else None


def test_cancel_ends_the_fit_and_its_run(workbench: Workbench) -> None:
    job, run_id = fit(workbench.port, 1000, 0.05)
    wait_for(lambda: ask(workbench.port, f"/runs/{run_id}")["metrics"], 20, "a first number")
    ask(workbench.port, f"/jobs/{job}/cancel", {}, "POST")
    assert wait_for(lambda: _over(workbench.port, job), 20, "the end")["state"] == "cancelled"
    wait_for(lambda: ask(workbench.port, f"/runs/{run_id}")["status"] == "cancelled", 10, "the run is cancelled")


def test_a_killed_fit_is_failed_with_its_last_log_lines(workbench: Workbench, toys: Settings) -> None:
    job, run_id = fit(workbench.port, 1000, 0.05)
    wait_for(lambda: ask(workbench.port, f"/runs/{run_id}")["metrics"], 20, "a first number")
    before = ask(workbench.port, f"/runs/{run_id}/metrics")["loss"]["step"]
    subprocess.run(["pkill", "-KILL", "-f", f"castalia.jobs.worker {toys.home}/jobs/{job}"], check=True)
    ended = wait_for(lambda: _over(workbench.port, job), 20, "the end")
    assert ended["state"] == "failed" and ended["error"]["subject"] and "log_tail" in ended["error"]
    run = wait_for(lambda: _ended_run(workbench.port, run_id), 10, "the run is failed")
    assert run["status"] == "failed"
    assert ask(workbench.port, f"/runs/{run_id}/metrics")["loss"]["step"][: len(before)] == before


def _ended_run(port: int, run_id: str) -> Any:
    run = ask(port, f"/runs/{run_id}")
    return run if run["status"] not in ("running", "queued") else None


def test_a_killed_workbench_loses_nothing_and_the_fit_goes_on(toys: Settings) -> None:
    seed = random.randrange(2**32)
    print(f"seed of the kill: {seed}")
    first = Workbench(free_port())
    job, run_id = fit(first.port, 150, 0.02)
    wait_for(lambda: ask(first.port, f"/runs/{run_id}")["metrics"], 20, "a first number")
    time.sleep(random.Random(seed).uniform(0, 1))
    before = ask(first.port, f"/runs/{run_id}/metrics")["loss"]["step"]
    first.kill()
    second = Workbench(free_port())
    try:
        ended = wait_for(lambda: _over(second.port, job), 45, "the end of the fit")
        assert ended["state"] == "done", ended
        after = ask(second.port, f"/runs/{run_id}/metrics")["loss"]["step"]
        assert after[: len(before)] == before and len(after) == 150
        assert ask(second.port, f"/runs/{run_id}")["status"] == "done"
        assert len(ask(second.port, "/models/line")["versions"]) == 1
    finally:
        assert second.stop() == 0
    wait_for(lambda: not alive(toys.home), 15, "every process has ended")


@pytest.mark.slow
def test_a_killed_workbench_leaves_no_orphan(toys: Settings) -> None:
    workbench = Workbench(free_port())
    _, run_id = fit(workbench.port, 5000, 0.05)
    ask(workbench.port, "/systems/toys~notes", {"author": "Ada"})
    wait_for(lambda: ask(workbench.port, f"/runs/{run_id}")["metrics"], 20, "a first number")
    workbench.kill()
    wait_for(lambda: not any("jobs.host" in line for line in alive(toys.home)), 5, "the hosts have ended")
    wait_for(lambda: not alive(toys.home), 30, f"no orphan: {alive(toys.home)}")


def test_a_taken_port_is_an_error(workbench: Workbench) -> None:
    command = [CASTALIA, "up", "--port", str(workbench.port), "--no-browser"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert str(workbench.port) in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_second_start_says_where_the_first_is(workbench: Workbench, toys: Settings) -> None:
    again = subprocess.run([CASTALIA, "up", "--no-browser"], capture_output=True, text=True, timeout=30, check=False)
    assert again.returncode == 0, again.stderr
    assert f"already running at http://127.0.0.1:{workbench.port}/" in again.stdout
    command = [CASTALIA, "up", "--port", str(free_port()), "--no-browser"]
    elsewhere = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert elsewhere.returncode == 1 and str(workbench.port) in elsewhere.stderr
    workbench.kill()
    third = Workbench(free_port())  # what a killed one left says nothing
    assert third.stop() == 0 and not (toys.home / "workbench.json").exists()


@pytest.mark.parametrize(("header", "value"), [("Host", "evil.example"), ("Origin", "http://evil.example")])
def test_a_foreign_host_or_origin_is_403(workbench: Workbench, header: str, value: str) -> None:
    url = f"http://127.0.0.1:{workbench.port}/systems/toys~notes"
    headers = {"Content-Type": "application/json", header: value}
    request = urllib.request.Request(url, b'{"author": "Ada"}', headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 403


SLOW = """
import time
from castalia.core.system import Field, Record, System

class Params(Record):
    n: int = Field(1, description="n")

class Input(Record):
    x: float = Field(examples=[1.0], description="x")

class Output(Record):
    y: float = Field(description="y")

class Slow(System[Params, Input, Output]):
    'Tells slowly.'
    QUICK = Params()

    def __call__(self, x: Input) -> Output:
        return Output(y=x.x)

    def tell(self, x: Input):
        yield Output(y=x.x)
        time.sleep(1)
        yield Output(y=x.x)
        time.sleep(60)
        yield Output(y=x.x)
"""


@pytest.mark.slow
def test_who_leaves_in_the_middle_of_an_answer_holds_nobody_up(workbench: Workbench, tmp_path: Path) -> None:
    from castalia import catalog

    folder = tmp_path / "own" / "slow"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text('skill = "Python"\ntitle = "Slow"\nsummary = "Slow."\n')
    (folder / "slow.py").write_text(SLOW)
    catalog.trust(folder.parent)
    body = b'{"x": 1}'
    with socket.create_connection(("127.0.0.1", workbench.port)) as client:
        client.sendall(
            b"POST /systems/own~slow HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        client.settimeout(20)
        said = b""
        while b"data:" not in said:
            said += client.recv(4096)
    slowest, began = 0.0, time.monotonic()
    while time.monotonic() - began < 1.5:  # half of it behind the second word, which has nobody to go to
        asked = time.monotonic()
        ask(workbench.port, "/health")
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.05)
    assert slowest < 10, "the event loop waits for nobody's model"
    assert ask(workbench.port, "/systems/own~slow", {"x": 2}) == {"y": 2.0}
