"""``castalia doctor``: looks at this machine and says what to mend."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.core.errors import CastaliaError

if TYPE_CHECKING:
    from castalia.core.settings import Settings

LOW_DISK = 2 * 10**9
CORE = (
    "numpy",
    "pydantic",
    "SQLAlchemy",
    "alembic",
    "fastapi",
    "uvicorn",
    "orjson",
    "cyclopts",
    "rich",
    "pillow",
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``state``: ok, note (nothing to do), warning, broken."""

    name: str
    state: str
    found: str
    cure: str = ""


def doctor(*, json: bool = False) -> int:
    """Look at Python, packages, home, data, shelves, ports, jobs and limits. Exit code 1 where something is broken.

    Parameters
    ----------
    json
        Print {"ok": bool, "checks": [{"name", "state", "found", "cure"}]} instead.
    """
    from castalia.core.settings import Settings

    settings = Settings.read()
    checks = [check for part in PARTS for check in _guarded(part, settings)]
    broken = any(check.state == "broken" for check in checks)
    if json:
        terminal.out_json({"ok": not broken, "checks": [asdict(check) for check in checks]})
        return int(broken)
    marks = {"ok": ("ok", "green"), "note": ("-", "dim"), "warning": ("warning", "yellow"), "broken": ("broken", "red")}
    left = max(len(check.name) for check in checks)
    for check in checks:
        word, style = marks[check.state]
        gap = " " * (7 - len(word))
        terminal.out(f"{terminal.styled(word, style)}{gap}  {check.name:<{left}}  {terminal.printable(check.found)}")
        if check.cure:
            terminal.out(f"{' ' * (left + 11)}{terminal.styled(terminal.printable(check.cure), 'accent')}")
    return int(broken)


def _guarded(part: Callable[[Settings], Iterator[Check]], settings: Settings) -> Iterator[Check]:
    """A part that breaks is a finding, not the end of the visit."""
    try:
        yield from part(settings)
    except CastaliaError as error:
        yield Check(
            part.__name__.strip("_"), "broken", error.subject + (f": {error.got}" if error.got else ""), error.cure
        )
    except Exception as error:
        yield Check(part.__name__.strip("_"), "broken", f"{type(error).__name__}: {error}")


def _python(settings: Settings) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Check(
        "Python",
        "ok" if good else "broken",
        f"{version} at {sys.executable}",
        "" if good else "Use Python 3.11 or newer.",
    )


def _packages(settings: Settings) -> Iterator[Check]:
    from castalia import __version__
    from castalia.catalog import EXTRAS

    absent = []
    for name in CORE:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
    cure = "pip install castalia, into this Python" if absent else ""
    found = f"castalia {__version__}" + (
        f"; missing: {', '.join(absent)}" if absent else f" and the {len(CORE)} it stands on"
    )
    yield Check("packages", "broken" if absent else "ok", found, cure)
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        found = f"missing: {', '.join(missing)}" if missing else "installed"
        yield Check(
            f"extra {extra}", "note" if missing else "ok", found, f"pip install 'castalia[{extra}]'" if missing else ""
        )


def _home(settings: Settings) -> Iterator[Check]:
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"castalia")
    except OSError as error:
        yield Check(
            "home",
            "broken",
            f"{home}: {(error.strerror or '').lower()}",
            "Set CASTALIA_HOME to a folder you may write to.",
        )
        return
    yield Check("home", "ok", f"{home} can be written")
    free = shutil.disk_usage(home).free
    low = free < LOW_DISK
    cure = "Free some space, or move CASTALIA_HOME to another disk." if low else ""
    yield Check("disk", "warning" if low else "ok", f"{terminal.size(free)} free", cure)
    if settings.has_store:
        from castalia.track import Store

        with Store.of(settings) as store:
            count = store.runs(limit=1).total
            yield Check(
                "tracker", "ok", f"{terminal.many(count, 'run')}, {terminal.many(len(store.models()), 'model')}"
            )


def _data(settings: Settings) -> Iterator[Check]:
    from castalia.data import known

    for folder in settings.data:
        there = folder.is_dir()
        cure = "" if there else "Mend CASTALIA_DATA: folders joined by " + repr(os.pathsep)
        yield Check(
            "data folder", "ok" if there else "warning", str(folder) if there else f"{folder} is no folder", cure
        )
    entries = known()
    here = [each.name for each in entries if each.where != "remote"]
    remote = [each.name for each in entries if each.where == "remote"]
    yield Check("data sets", "ok", f"here: {', '.join(here) or 'none'}")
    if remote:
        how = "refused by CASTALIA_OFFLINE" if settings.offline else "downloaded when asked for"
        yield Check("data to fetch", "note", f"{', '.join(remote)} ({how})")


def _shelves(settings: Settings) -> Iterator[Check]:
    from castalia import catalog

    systems = [card for card in catalog.cards(settings) if card.is_system]
    yield Check("systems", "ok", ", ".join(card.address for card in systems) or "none")
    for name, folder in catalog.shelves(settings).items():
        if not folder.is_dir():
            yield Check(f"shelf {name}", "warning", f"{folder} is gone", f"castalia shelf forget {name}")
    for error in catalog.broken(settings):
        yield Check("card", "broken", f"{error.subject}: {error.got}, expected {error.expected}", error.cure)


def _pages(settings: Settings) -> Iterator[Check]:
    from castalia import web

    built = (Path(web.__path__[0]) / "dist" / "index.html").is_file()
    yield Check(
        "pages",
        "ok" if built else "warning",
        "built" if built else "not built: no pages, HTTP works",
        "" if built else "make setup",
    )
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    yield Check(
        "browser for tests",
        "ok" if browser else "note",
        browser or "none",
        "" if browser else "apt-get install chromium",
    )
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", 8000)) == 0
    yield Check(
        "port 8000", "note" if taken else "ok", "taken: castalia up uses the next free one" if taken else "free"
    )


def _limits(settings: Settings) -> Iterator[Check]:
    from castalia.check import limits_enforced

    rows = limits_enforced()
    held = [row for row in rows if row.enforced]
    yield Check("limits of checks", "ok", f"{len(held)} of {len(rows)} hold: {', '.join(row.name for row in held)}")
    for row in rows:
        if not row.enforced:
            yield Check(f"limit {row.name}", "note", f"does not hold: {row.why}", row.cure)


def _jobs(settings: Settings) -> Iterator[Check]:
    from castalia.jobs import Jobs
    from castalia.jobs.folder import read_json
    from castalia.jobs.processes import Process

    workbench = Process.read(read_json(settings.home / "jobs" / "workbench.json"))
    running = workbench is not None and workbench.alive()
    yield Check(
        "workbench", "ok" if running else "note", f"process {workbench.pid}" if running and workbench else "not running"
    )
    jobs = [job for job in Jobs(settings.home).list() if not job.over]
    waiting = bool(jobs) and not running
    names = ", ".join(f"{job.title} ({job.state})" for job in jobs) or "none at work"
    yield Check("jobs", "warning" if waiting else "ok", names, "castalia up takes them up again." if waiting else "")
    left = _abandoned(settings.home / "shells")
    if left:
        yield Check(
            "shells", "warning", f"{left} fits whose shell was killed", "The next castalia fit clears them away."
        )


def _abandoned(folder: Path) -> int:
    """Folders of shells that live no more; what ran in them has ended or ends within seconds."""
    from castalia.jobs.folder import read_json
    from castalia.jobs.processes import Process

    count = 0
    for home in folder.glob("*/jobs"):
        owner = Process.read(read_json(home / "workbench.json"))
        count += owner is None or not owner.alive()
    return count


PARTS = (_python, _packages, _home, _data, _shelves, _pages, _jobs, _limits)
