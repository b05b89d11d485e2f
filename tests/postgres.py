"""A throw-away PostgreSQL for the tests: its own cluster in a temporary folder, on a Unix socket, ended by its pid.

initdb refuses root, so root runs it as the user postgres. fsync is off: nobody pulls the plug of a test.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OLDEST = 15
KEPT = 8
"""Databases that may be in use though nobody is connected; hundreds of them take half a minute to delete."""
CONFIG = """
listen_addresses = ''
max_connections = 150
fsync = off
full_page_writes = off
shared_buffers = 32MB
deadlock_timeout = 100ms
autovacuum = off
logging_collector = off
"""


def programs() -> Path | None:
    """The folder of initdb and postgres, of the newest release from ``OLDEST`` on."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if name := shutil.which("postgres"):
        found.append(Path(name).resolve().parent)
    able = []
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
            numbers = [int(word.split(".")[0]) for word in said.stdout.split() if word[0].isdigit()]
            if numbers and numbers[0] >= OLDEST:
                able.append((numbers[0], folder))
    return max(able)[1] if able else None


class Cluster:
    """A running server. ``stop`` and ``start`` may be called again."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self.binaries, self.made = folder, binaries, 0
        self.kept: list[str] = []
        self.as_user = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        )
        self.process: subprocess.Popen[bytes] | None = None
        data = [f"--pgdata={folder / 'data'}", "--username=castalia", "--auth=trust", "--encoding=UTF8"]
        self._run("initdb", *data, "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        with (folder / "data" / "postgresql.conf").open("a") as config:
            config.write(f"{CONFIG}unix_socket_directories = '{folder}'\n")
        self.start()

    def _run(self, name: str, *flags: str) -> None:
        line = [*self.as_user, self.binaries / name, *flags]
        done = subprocess.run(line, capture_output=True, text=True, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it and wait until it answers."""
        import psycopg

        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [*self.as_user, self.binaries / "postgres", "-D", self.folder / "data"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True,
        )  # fmt: skip
        log.close()
        for _ in range(600):
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text("utf-8")
                time.sleep(0.05)
            else:
                return
        raise AssertionError("PostgreSQL did not start in 30 s")

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """End it: SIGQUIT at once, SIGINT after it closed every connection."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://castalia@/{name}?host={self.folder}"

    def database(self, template: str = "template1") -> str:
        """A fresh database; its name. Beyond the newest ``KEPT``, those to which nobody is connected are dropped."""
        import psycopg

        self.made += 1
        name = f"t{self.made}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            used = {row[0] for row in connection.execute("SELECT datname FROM pg_stat_activity")}
            for old in [old for old in self.kept[:-KEPT] if old not in used]:  # DROP waits 5 s for one in use
                with suppress(psycopg.errors.ObjectInUse):
                    connection.execute(f"DROP DATABASE IF EXISTS {old}")
                    self.kept.remove(old)
        self.kept.append(name)
        return name


@contextmanager
def cluster() -> Iterator[Cluster | None]:
    """A cluster while the block lasts; None where PostgreSQL is not installed."""
    binaries = programs()
    if binaries is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="castalia-pg-") as temporary:
        folder = Path(temporary)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        made = Cluster(folder, binaries)
        try:
            yield made
        finally:
            made.stop()
