"""A workbench in a process of its own, which may be killed and started again at the same address."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CASTALIA = [sys.executable, "-c", "import sys; from castalia.cli import main; sys.exit(main())"]


class Bench:
    """``castalia up`` on a port that stays the same, in a home of its own."""

    def __init__(self, home: Path, token: str = "", store: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.home, self.token, self.url = home, token, f"http://127.0.0.1:{self.port}"
        self.store = store
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Bench:
        """Start it and wait until it answers."""
        environment = {**os.environ, "CASTALIA_HOME": str(self.home), "CASTALIA_TOKEN": self.token,
                       "CASTALIA_STORE": self.store}  # fmt: skip
        command = [*CASTALIA, "up", "--port", str(self.port), "--no-browser"]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        until = time.monotonic() + 40
        while time.monotonic() < until:
            with suppress(OSError):
                if self.ask("/health")["status"] == "ok":
                    return self
            assert self.process.poll() is None, "the workbench ended by itself"
            time.sleep(0.03)
        raise AssertionError("the workbench did not answer")

    def kill(self) -> None:
        """End it without a warning."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)

    def ask(self, path: str) -> Any:
        """The JSON at an address."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=30) as answer:
            return json.load(answer)

    def send(
        self, path: str, body: bytes, method: str = "POST", media: str = "application/octet-stream"
    ) -> tuple[int, Any]:
        """(status, JSON) of a request with this body."""
        request = urllib.request.Request(self.url + path, body, {"Content-Type": media}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def series(self, run_id: str, key: str = "loss") -> list[tuple[int, Any]]:
        """(step, value) of every point of a metric."""
        found = self.ask(f"/runs/{run_id}/metrics?points=100000&key={key}").get(key, {"step": [], "value": []})
        return list(zip(found["step"], found["value"], strict=True))


def wait_for(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What ``check`` answers once that is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(urllib.error.HTTPError):
            if found := check():
                return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s")
