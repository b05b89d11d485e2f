"""The process that keeps something open for calls: ``python -m castalia.jobs.host READ WRITE``.

READ and WRITE are inherited pipes. The first frame names the entry, ``open(**args)``, which returns the
handler: ``handler(op, payload) -> payload`` or an iterator of them. A thread reads the requests, so that
the end of the pipe (its owner is gone) is seen in the middle of a call; then the host dies at once, with
its group.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from castalia.core.errors import CastaliaError, Stopped
from castalia.jobs.frames import Ended, Pipe
from castalia.jobs.processes import end_all, marked
from castalia.jobs.spawn import settle
from castalia.jobs.worker import end_own_group, find, follow_parent

Handler = Callable[[str, Any], Any]
"""Takes (op, payload); returns a payload, or an iterator of payloads for ``Host.stream``."""


class Service:
    """Answers the requests of one pipe, one at a time."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped = 0  # requests up to this number are not wanted any more

    def run(self) -> None:
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        first = self._requests.get()
        handler: Handler | None = None

        def begin() -> dict[str, Any]:
            nonlocal handler
            made = find(first["entry"])(**first["args"])
            if not callable(made):
                raise CastaliaError(f"{first['entry']} returned {type(made).__name__}", expected="handler(op, payload)")
            handler = made
            return {"kind": "value", "payload": None}

        self._answer(0, begin)
        if handler is None:
            return
        while True:
            request = self._requests.get()
            self._serve(handler, request["id"], request["op"], request["payload"])

    def _serve(self, handler: Handler, id: int, op: str, payload: Any) -> None:
        def work() -> dict[str, Any]:
            value = handler(op, payload)
            if not isinstance(value, Iterator):
                return {"kind": "value", "payload": value}
            try:
                for item in value:
                    if self._stopped >= id:
                        break
                    self._pipe.send({"id": id, "kind": "item", "payload": item})
            finally:
                if hasattr(value, "close"):
                    value.close()
            return {"kind": "end", "payload": None}

        self._answer(id, work)

    def _answer(self, id: int, work: Callable[[], dict[str, Any]]) -> None:
        """Send what ``work`` gives, or its error in a form that the other side raises again."""
        try:
            answer = work()
            self._pipe.send({"id": id, **answer})
            return
        except Ended:
            end()
        except Stopped:
            error = {"kind": "Stopped"}
        except CastaliaError as known:
            error = {"kind": type(known).__name__, **known.as_dict()}
        except BaseException as unknown:
            traceback.print_exc()
            got = f"{type(unknown).__name__}: {unknown}"[:2000]
            error = {"kind": "", **CastaliaError("A call in a host failed", got, cure="see the host's log").as_dict()}
        self._pipe.send({"id": id, "kind": "error", "payload": error})

    def _read(self) -> None:
        with contextlib.suppress(Ended, CastaliaError):
            while True:
                request = self._pipe.receive()
                if "stop" in request:
                    self._stopped = request["stop"]
                else:
                    self._requests.put(request)
        end()


def end() -> None:
    """Die now, with everything this host started."""
    name = "CASTALIA_HOST"
    if name in os.environ:
        end_all(lambda: marked(f"{name}={os.environ[name]}"), seconds=1.0)
    end_own_group()


def main(args: list[str]) -> int:
    settle()
    faulthandler.enable()
    follow_parent(end)
    Service(Pipe(int(args[0]), int(args[1]))).run()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
