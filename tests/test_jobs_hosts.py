"""Hosts: calls, streams, errors across the pipe, deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from castalia.core.errors import CastaliaError, Stopped, Unavailable, WrongInput
from castalia.jobs import Host
from castalia.jobs.processes import Process, marked


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host("jobs_toys:open_toy", {"scale": 2.0})
    yield made
    made.close()


def gone(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        process = Process.of(pid)
        if process is None or not process.alive():
            return True
        time.sleep(0.02)
    return False


def test_it_answers(host: Host) -> None:
    assert host.call("scale", 21) == 42
    assert np.array_equal(host.call("scale", np.arange(3)), [0.0, 2.0, 4.0])
    assert host.call("pid") == host.pid and host.alive


def test_errors_keep_their_class_and_the_host_lives(host: Host) -> None:
    with pytest.raises(WrongInput) as caught:
        host.call("refuse")
    assert caught.value.as_dict()["field"] == "tenure" and caught.value.got == "-1"
    with pytest.raises(Stopped):
        host.call("stop")
    with pytest.raises(CastaliaError, match="ValueError: inside"):
        host.call("crash")
    with pytest.raises(WrongInput, match="a value of type object"):
        host.call("object")
    with pytest.raises(WrongInput):
        host.call("echo", object())
    assert host.call("echo", "still here") == "still here"
    until = time.monotonic() + 5
    while "a line before the error" not in host.log_tail(50):
        assert time.monotonic() < until, "what it prints comes by its own pipe, a little later"
        time.sleep(0.01)


def test_streams(host: Host) -> None:
    assert list(host.stream("count", 3)) == [0, 1, 2]
    assert list(host.stream("count", 0)) == []
    assert list(host.stream("echo", 5)) == [5], "an answer in one piece is a stream of one"
    endless = host.stream("count", 1 << 40)
    assert [next(endless), next(endless)] == [0, 1]
    endless.close()  # type: ignore[attr-defined]
    for n in (0, 3):
        with pytest.raises(CastaliaError, match="in parts"):
            host.call("count", n)
    with pytest.raises(CastaliaError, match="ZeroDivisionError"):
        list(host.stream("break", 3))
    assert host.call("echo", 1) == 1


def test_many_threads_take_turns(host: Host) -> None:
    wrong: list[int] = []

    def ask(i: int) -> None:
        for k in range(30):
            if host.call("echo", [i, k]) != [i, k]:
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_entry_that_refuses() -> None:
    with Host("jobs_toys:open_toy", {"refuse": True}) as host, pytest.raises(WrongInput, match="refused"):
        host.ready()
    with Host("jobs_toys:nothing") as host, pytest.raises(WrongInput, match="no function 'nothing'"):
        host.call("echo")


def test_a_host_that_dies_says_its_last_words(host: Host) -> None:
    with pytest.raises(Unavailable, match="exit code 3") as caught:
        host.call("die", 3)
    assert "dying words" in caught.value.log and "dying words" not in str(caught.value)
    assert not host.alive
    with pytest.raises(Unavailable):
        host.call("echo", 1)


def test_a_killed_host(host: Host) -> None:
    host.ready()
    threading.Timer(0.2, os.kill, (host.pid, signal.SIGKILL)).start()
    with pytest.raises(Unavailable, match="killed by SIGKILL"):
        host.call("sleep", 30)


def test_a_fork_that_holds_the_pipe_open_does_not_hide_the_death(host: Host) -> None:
    child = host.call("fork")
    os.kill(host.pid, signal.SIGKILL)
    with pytest.raises(Unavailable):
        host.call("echo", 1, timeout=10)
    host.close()
    assert gone(child)


def test_late_answers(host: Host) -> None:
    host.ready()
    with pytest.raises(Unavailable, match="too long"):
        host.call("sleep", 30, timeout=0.2)
    assert not host.alive


def test_waiting_for_a_turn_ends_no_one(host: Host) -> None:
    first = host.stream("count", 1 << 40)
    assert next(first) == 0
    with pytest.raises(Unavailable, match="busy"):
        host.call("echo", 1, timeout=0.1)
    assert next(first) == 1, "it goes on"
    first.close()  # type: ignore[attr-defined]
    assert host.call("echo", 1) == 1


def test_closing_ends_a_running_call_and_all_children(host: Host) -> None:
    child = host.call("child")
    failed: list[Exception] = []

    def ask() -> None:
        try:
            host.call("sleep", 30)
        except Unavailable as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.2)
    host.close()
    thread.join(5)
    assert len(failed) == 1 and gone(child) and gone(host.pid)
    host.close()


OWNER = """
import os, sys, time
from castalia.jobs import Host
host = Host("jobs_toys:open_toy")
print(host.pid, host.call("child"), flush=True)
if sys.argv[1] == "busy":
    host.call("sleep", 60)
time.sleep(60)
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_host_dies_with_its_owner(state: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    owner = subprocess.Popen([sys.executable, "-c", OWNER, state], stdout=subprocess.PIPE, text=True, env=environment)
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    me = Process.of(owner.pid)
    time.sleep(0.3)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert me is not None and all(gone(pid) for pid in pids)
    assert marked(f"CASTALIA_HOST={me.pid}/{me.birth}/") == []
