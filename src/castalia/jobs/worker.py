"""The process that does a job's work: ``python -m castalia.jobs.worker FOLDER ATTEMPT``.

It is the child of a keeper and the leader of its own group. It writes result.json and syncs it
before it exits, so that a kill between the two changes nothing. It ends with its group when the
keeper is gone.
"""

from __future__ import annotations

import errno
import faulthandler
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, Stopped, WrongInput, did_you_mean
from castalia.jobs.context import JobContext
from castalia.jobs.folder import Folder, as_json, explain
from castalia.jobs.processes import KILL, end_all, marked, signal_group
from castalia.jobs.spawn import settle


def main(args: list[str]) -> int:
    folder, attempt = Folder(Path(args[0])), int(args[1])
    context = JobContext(folder, attempt)
    signal.signal(signal.SIGTERM, lambda *_: context.ask_to_stop())
    follow_parent(lambda: end_all(lambda: marked(folder.mark), seconds=1.0))
    settle()
    faulthandler.enable()
    folder.mend_events()
    folder.files.mkdir(exist_ok=True)
    spec = folder.read("spec.json")
    assert spec is not None, "a job's folder gets its name only after spec.json is in it"
    outcome = {"attempt": attempt, **run(spec, context)}
    try:
        folder.write_at_last("result.json", outcome)
    except CastaliaError as error:
        print(f"The outcome of the job could not be written.\n{error}", file=sys.stderr)
        return 74
    return 0 if "result" in outcome else 1


def run(spec: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Do the work: {"result": …}, {"error": …} or {"stopped": true}."""
    try:
        limit_memory(spec["limits"].get("memory"))
        value = find(spec["entry"])(context, **spec["args"])
        return {"result": checked(spec["entry"], value)}
    except Stopped:
        return {"stopped": True}
    except CastaliaError as error:
        if error.status >= 500 or not str(error):
            traceback.print_exc()
        return {"error": {"kind": type(error).__name__, **error.as_dict()}}
    except MemoryError:
        traceback.print_exc()
        limit = spec["limits"].get("memory")
        expected = f"at most {limit} bytes of address space" if limit else "to fit in this machine's memory"
        cure = "use less data or a smaller model"
        return {"error": as_error(f"{spec['title']} ran out of memory", "MemoryError", expected, cure)}
    except OSError as error:
        traceback.print_exc()
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            got = f"{type(error).__name__}: {error}"[:2000]
            return {"error": as_error(f"{spec['title']} failed", got, "", "read the last lines of its log")}
        known = explain(error, f"{spec['title']} could not go on")
        return {"error": {"kind": type(known).__name__, **known.as_dict()}}
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the work are its failure, not ours
        traceback.print_exc()
        got = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return {"error": as_error(f"{spec['title']} failed", got[:2000], "", "read the last lines of its log")}


def as_error(subject: str, got: str, expected: str, cure: str, kind: str = "CastaliaError") -> dict[str, Any]:
    """An error as result.json and ``Job.error`` hold it."""
    return {"kind": kind, **CastaliaError(subject, got, expected, cure).as_dict()}


def find(entry: str) -> Callable[..., object]:
    """The function that "package.module:function" names; ``WrongInput`` where there is none."""
    module_name, _, name = entry.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise WrongInput(f"The entry {entry!r}", f"no module {error.name!r}", "package.module:function") from None
        raise
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        got = f"no function {name!r} there.{did_you_mean(name, known)}"
        raise WrongInput(f"The entry {entry!r}", got, "package.module:function")
    found: Callable[..., object] = function
    return found


def checked(entry: str, value: object) -> dict[str, Any]:
    """The result, known to be a JSON object; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CastaliaError(f"{entry} returned {type(value).__name__}", repr(value)[:200], "a dict of JSON values")
    try:
        as_json(value)
    except (TypeError, ValueError) as error:
        raise CastaliaError(f"{entry} returned what JSON cannot hold", str(error), "a dict of JSON values") from None
    return value


def limit_memory(bytes_: int | None) -> None:
    if bytes_:
        try:
            import resource
        except ImportError:  # Windows has no such limit; the system's memory is the limit there
            return
        resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))


def follow_parent(before: Callable[[], object] = lambda: None) -> None:
    """From now on this process dies within moments of its parent, and its group with it.

    The parent's pid changes exactly when the parent dies, so it is compared, not looked up.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        before()
        end_own_group()

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


def end_own_group() -> None:
    """Kill this process and its group; in a group that is not its own, itself alone."""
    if os.getpgrp() == os.getpid():
        signal_group(os.getpid(), KILL)
    os.kill(os.getpid(), KILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
