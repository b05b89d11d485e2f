"""Work dealt to a few processes, forks of this one, so that both cores of a machine are used.

A fork has what the parent had, which no pickle could carry (a contract is made of functions). What goes to and fro are
names and plain values. Each process ends when its pipe does: also when the parent is killed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from castalia.core.errors import CastaliaError

Task = tuple[Any, ...]
"""A method's name and its arguments."""


class Worker(Protocol):
    """Has the methods that tasks name."""

    def close(self) -> None:
        """Let go of everything."""


class Dealer:
    """``count`` workers, each made by ``make`` in a process of its own; one of this process where it is 1.

    A context manager. Tasks are dealt one at a time, so results come in the order in which they are done.
    """

    def __init__(self, make: Callable[[], Worker], count: int) -> None:
        self._make, self._count = make, count
        self._here: Worker | None = None
        self._pipes: dict[Connection[Any, Any], Any] = {}

    def __enter__(self) -> Dealer:
        if self._count <= 1:
            self._here = self._make()
            return self
        context = multiprocessing.get_context("fork")
        for _ in range(self._count):
            mine, theirs = context.Pipe()
            process = context.Process(target=self._serve, args=(theirs, [*self._pipes, mine]), daemon=True)
            with warnings.catch_warnings():  # Python 3.12 warns of threads, and ours only wait
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            self._pipes[mine] = process
        return self

    def __exit__(self, *_: object) -> None:
        if self._here is not None:
            self._here.close()
        for pipe in self._pipes:
            pipe.close()
        for process in self._pipes.values():
            process.join(0.5)
            if process.is_alive():
                process.terminate()  # it lets go of its runner and its folder
        for process in self._pipes.values():
            process.join(20)
            if process.is_alive():
                process.kill()
                process.join()

    def deal(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Any]]:
        """(place of the task, its result), as they are done. Raises what a worker raised."""
        if self._here is not None:
            for place, (name, *arguments) in enumerate(tasks):
                yield place, getattr(self._here, name)(*arguments)
            return
        waiting = iter(enumerate(tasks))
        handed = {pipe: self._hand(pipe, waiting) for pipe in self._pipes}
        busy = {pipe: place for pipe, place in handed.items() if place is not None}
        while busy:
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                place = busy.pop(pipe)
                result = self._result(pipe)
                if (more := self._hand(pipe, waiting)) is not None:
                    busy[pipe] = more
                yield place, result

    def _hand(self, pipe: Connection[Any, Any], waiting: Iterator[tuple[int, Task]]) -> int | None:
        found = next(waiting, None)
        if found is None:
            return None
        pipe.send(found[1])
        return found[0]

    def _result(self, pipe: Connection[Any, Any]) -> Any:
        try:
            kind, value = pipe.recv()
        except (EOFError, OSError):
            self._pipes[pipe].join(5)
            code = self._pipes[pipe].exitcode
            raise CastaliaError(
                "a process of the proof ended", f"exit code {code}", "a result", "Start it again."
            ) from None
        if kind == "done":
            return value
        if kind == "crashed":
            raise RuntimeError(f"in a process of the proof:\n{value}")
        raise CastaliaError.of_dict(kind, value)

    def _serve(self, pipe: Connection[Any, Any], others: Sequence[Connection[Any, Any]]) -> None:
        """A worker's life."""
        for other in others:
            other.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is the parent's, which ends us
        signal.signal(signal.SIGTERM, _leave)
        worker = self._make()
        try:
            while True:
                name, *arguments = pipe.recv()
                pipe.send(_outcome(getattr(worker, name), arguments))
        except (EOFError, OSError):
            pass
        finally:
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            worker.close()


def cores() -> int:
    """Processes that are worth starting: the cores this process may use, four at most; 1 where nothing can fork."""
    if not hasattr(os, "fork"):
        return 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, usable)


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


def _outcome(act: Callable[..., Any], arguments: Sequence[Any]) -> tuple[str, Any]:
    try:
        return "done", act(*arguments)
    except CastaliaError as error:
        parts = error.as_dict()
        return type(error).__name__, parts
    except Exception:
        return "crashed", traceback.format_exc()
