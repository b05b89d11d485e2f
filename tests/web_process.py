"""A workbench in a process of its own, as ``castalia up`` starts it, for tests that need the real server."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_START = """
import json, sys
from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings
from castalia.web.server import serve
try:
    serve(Settings.read(), **json.loads(sys.argv[1]))
except CastaliaError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


class Workbench:
    """``with Workbench(home) as bench: bench.get("/health")``; its own port, its own home."""

    def __init__(self, home: Path, *, env: dict[str, str] | None = None, **options: Any) -> None:
        import json

        self.options = {"port": 0, **options}
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CASTALIA_TOKEN")}
        environ |= {"CASTALIA_HOME": str(home), "OMP_NUM_THREADS": "1", **(env or {})}
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(self.options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
        )
        self.address = ""
        assert self.process.stdout is not None
        if select.select([self.process.stdout], [], [], 40)[0]:
            self.address = self.process.stdout.readline().decode().partition(" at ")[2].split(" ")[0]
        self.start_seconds = time.monotonic() - began

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].split("/")[0])

    @property
    def root(self) -> str:
        return self.address.removesuffix("/app/")

    def __enter__(self) -> Workbench:
        assert self.address, self.end()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self, with_signal: int = signal.SIGTERM) -> str:
        """Stop it; what it wrote to standard error."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            _, said = self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
        return said.decode()

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers; a body makes it a POST."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.root + path, body, sent)
        try:
            with urllib.request.urlopen(request, timeout=50) as answer:
                return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except urllib.error.HTTPError as error:
            return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}

    def raw(self, request: bytes, timeout: float = 20.0) -> bytes:
        """Send bytes as they are; what comes back until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            with contextlib.suppress(OSError):  # it may have answered and closed before we were done
                connection.sendall(request)
            got = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except OSError:
                    return got
                if not piece:
                    return got
                got += piece

    def memory(self) -> float:
        """Resident memory in MB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024
