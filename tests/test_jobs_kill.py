"""kill -9 of the worker, its keeper and the workbench at random moments: nothing said is lost, no process stays.

The killer is this process; the workbench is another one (``python -m jobs_toys``). Seeds are printed.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from castalia.jobs import Jobs
from castalia.jobs.folder import EventReader, Folder
from castalia.jobs.processes import Process, marked


class Bench:
    """A workbench in another process, started again after each kill."""

    def __init__(self, home: Path, grace: float = 2.0) -> None:
        self.home, self.grace = home, grace
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        line = [sys.executable, "-m", "jobs_toys", str(self.home), str(self.grace)]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment)

    def ready(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        assert self.process.stdout.readline() == "adopted\n"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def over(self) -> bool:
        return self.process is not None and self.process.poll() is not None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.kill()
    for folder in folders(tmp_path):
        for process in [*marked(folder.mark), *keepers(folder)]:
            process.signal(signal.SIGKILL)


def folders(home: Path) -> list[Folder]:
    return [Folder(path) for path in sorted((home / "jobs").iterdir()) if path.is_dir() and path.name[0] != "."]


def keepers(folder: Folder) -> list[Process]:
    """Living processes that serve this folder, whatever their state says."""
    found = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        process = Process.of(pid)
        if str(folder.path).encode() in line and process and process.alive():
            found.append(process)
    return found


def queue(home: Path, n: int, pause: float, jobs: int = 1, owner: str = "workbench") -> None:
    """Put jobs on disk as a workbench does that is killed before it starts one."""
    made = Jobs(home)
    made._own().close(False)  # its thread starts nothing
    for _ in range(jobs):
        made.start("jobs_toys:count", {"n": n, "pause": pause}, owner=owner)
    made.close()


def none_left(home: Path, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(keepers(folder) or marked(folder.mark) for folder in folders(home)):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def victim(chance: random.Random, bench: Bench) -> str:
    """Kill one of the three, or all at once; says whom."""
    told = [folder.read("keeper.json") or {} for folder in folders(bench.home)]
    processes = {name: Process.read(t.get(name)) for t in told for name in ("worker", "keeper") if t.get(name)}
    living = sorted(name for name, process in processes.items() if process and process.alive())
    whom = chance.choice([*living, "workbench", "all"])
    if whom in ("workbench", "all"):
        bench.kill()
    for name in living if whom == "all" else [whom]:
        if name in processes and (process := processes[name]):
            process.signal(signal.SIGKILL)
    return whom


def killed(bench: Bench, kills: int, steps: int, pause: float, seed: int) -> None:
    """Kill ``kills`` times at random moments, then let it finish and look at what is there."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    queue(bench.home, steps, pause)
    (folder,) = folders(bench.home)
    reader = EventReader(folder.events)
    said: list[tuple[int, str, str]] = []

    def listen() -> None:
        while found := reader.read():
            said.extend((event.n, event.kind, json.dumps(event.data)) for event in found)

    whom: dict[str, int] = {}
    for _ in range(kills):
        if bench.process is None:
            bench.start()
        until = time.monotonic() + chance.choice([0.05, 0.2, 0.5, 1.0]) * chance.random() + 0.02
        while time.monotonic() < until:
            listen()
            time.sleep(0.01)
        listen()
        name = victim(chance, bench)
        whom[name] = whom.get(name, 0) + 1
        assert not bench.over(), "the job is long enough for every kill"
    print(f"killed {whom}")
    if bench.process is None:
        bench.start()
    assert bench.process is not None
    bench.process.wait(50)
    assert bench.process.returncode == 0
    listen()
    with Jobs(bench.home) as jobs:
        (job,) = jobs.list()
    assert job.state == "done" and job.result is not None and job.result["n"] == steps
    final = [(e.n, e.kind, json.dumps(e.data)) for e in EventReader(folder.events).read()]
    assert said == final, "each event that was read is still there, at its number, once"
    counted = [json.loads(data)["i"] for _, kind, data in final if kind == "step"]
    assert sorted(set(counted)) == list(range(steps)), "every step was said"
    assert all(b in (a, a + 1) for a, b in itertools.pairwise(counted)), "each attempt went on where the last was"
    assert none_left(bench.home, 5)


def test_a_few_kills(bench: Bench) -> None:
    killed(bench, kills=4, steps=300, pause=0.01, seed=random.SystemRandom().randrange(1 << 32))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_kills(bench: Bench, part: int) -> None:
    killed(bench, kills=25, steps=1500, pause=0.01, seed=random.SystemRandom().randrange(1 << 32))


def test_a_restarted_workbench_adopts_what_runs(bench: Bench) -> None:
    queue(bench.home, 150, 0.01)
    (folder,) = folders(bench.home)
    bench.start()
    bench.ready()
    wait_for_step(folder)
    bench.kill()
    bench.start()
    bench.ready()
    assert bench.process is not None and bench.process.wait(30) == 0
    with Jobs(bench.home) as jobs:
        (job,) = jobs.list()
        assert (job.state, job.attempt) == ("done", 1), "the same child went on through the restart"


@pytest.mark.slow
def test_without_a_workbench_the_work_ends_and_the_next_one_resumes_it(bench: Bench) -> None:
    bench.grace = 0.5
    queue(bench.home, 150, 0.02)
    (folder,) = folders(bench.home)
    bench.start()
    bench.ready()
    wait_for_step(folder)
    bench.kill()
    assert none_left(bench.home, 6)
    with Jobs(bench.home) as jobs:
        assert jobs.list()[0].state == "queued", "seen from outside: it waits for a workbench"
    bench.start()
    assert bench.process is not None and bench.process.wait(30) == 0
    with Jobs(bench.home) as jobs:
        assert (jobs.list()[0].state, jobs.list()[0].attempt) == ("done", 2)


def test_another_owners_job_is_failed_with_its_last_lines(bench: Bench) -> None:
    queue(bench.home, 1000, 0.01, owner="python")
    (folder,) = folders(bench.home)
    bench.start()
    bench.ready()
    wait_for_step(folder)
    for process in [*keepers(folder), *marked(folder.mark)]:
        process.signal(signal.SIGSTOP)  # so that no one can react to the others' death
    bench.kill()
    for process in [*keepers(folder), *marked(folder.mark)]:
        process.signal(signal.SIGKILL)
    with Jobs(bench.home) as jobs:
        jobs.adopt()
        (job,) = jobs.list()
        assert job.state == "failed" and job.error is not None
        assert "interrupted" in job.error["subject"] and job.error["log_tail"][-1].startswith("step ")


def test_a_killed_worker_is_a_failure_with_its_last_lines(tmp_path: Path) -> None:
    with Jobs(tmp_path) as jobs:
        job = jobs.start("jobs_toys:family", owner="workbench")
        pids = next(event.data["pids"] for event in jobs.follow(job.id))
        os.kill(pids[0], signal.SIGKILL)
        ended = jobs.wait(job.id, 10)
        assert ended.state == "failed" and ended.error and "SIGKILL" in ended.error["got"]
        assert [pid for pid in pids if (process := Process.of(pid)) and process.alive()] == []


def test_a_killed_keeper_takes_its_worker_along(tmp_path: Path) -> None:
    with Jobs(tmp_path) as jobs:
        job = jobs.start("jobs_toys:stubborn")
        next(iter(jobs.follow(job.id)))
        keeper = Process.read((Folder(jobs.folder / job.id).read("keeper.json") or {})["keeper"])
        assert keeper is not None and keeper.signal(signal.SIGKILL)
        ended = jobs.wait(job.id, 10)
        assert ended.state == "failed" and ended.error and "keeper" in ended.error["got"]
        assert none_left(tmp_path, 2)


@pytest.mark.slow
def test_a_stopped_keeper_does_not_stop_a_cancel(tmp_path: Path) -> None:
    with Jobs(tmp_path, patience=0.2) as jobs:
        job = jobs.start("jobs_toys:stubborn")
        next(iter(jobs.follow(job.id)))
        keeper = Process.read((Folder(jobs.folder / job.id).read("keeper.json") or {})["keeper"])
        assert keeper is not None and keeper.signal(signal.SIGSTOP)
        jobs.cancel(job.id)
        assert jobs.wait(job.id, 15).state == "cancelled"
        assert none_left(tmp_path, 2)


def test_a_pid_given_to_another_is_not_harmed(tmp_path: Path) -> None:
    """A job that "runs" with the pid of a process that is not it: it is dead, and the stranger lives on."""
    queue(tmp_path, 1, 0.01, owner="python")
    (folder,) = folders(tmp_path)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    state = folder.read("state.json") or {}
    folder.write("state.json", {**state, "state": "running", "attempt": 1, "patience": 1.0, "grace": 1.0})
    identity = {"pid": stranger.pid, "birth": "an earlier boot:17"}
    folder.write("keeper.json", {"attempt": 1, "keeper": identity, "worker": identity})
    with Jobs(tmp_path) as jobs:
        jobs.adopt()
        assert jobs.list()[0].state == "failed"
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_killed_while_a_job_is_made(tmp_path: Path) -> None:
    """Between mkdir and rename, and between "running" on disk and the keeper's start."""
    queue(tmp_path, 3, 0.01)
    (folder,) = folders(tmp_path)
    (tmp_path / "jobs" / ".new-20260101-000000000-abcdef").mkdir()
    state = folder.read("state.json") or {}
    folder.write("state.json", {**state, "state": "running", "attempt": 1, "events_at_start": 0})
    with Jobs(tmp_path) as jobs:
        assert [job.state for job in jobs.adopt()] == ["queued"]
        job = jobs.wait(folder.id, 20)
        assert (job.state, job.attempt) == ("done", 2)
    assert not list((tmp_path / "jobs").glob(".new*"))


def test_work_that_takes_all_down_is_not_resumed_for_ever(tmp_path: Path) -> None:
    queue(tmp_path, 3, 0.01)
    (folder,) = folders(tmp_path)
    state = folder.read("state.json") or {}
    folder.write("state.json", {**state, "state": "running", "attempt": 9, "events_at_start": 0, "fruitless": 5})
    with Jobs(tmp_path) as jobs:
        assert jobs.adopt() == []
        assert "without a sign of progress" in (jobs.get(folder.id).error or {})["got"]


def wait_for_step(folder: Folder) -> None:
    reader = EventReader(folder.events)
    while not any(event.kind == "step" for event in reader.read()):
        time.sleep(0.02)
