"""Jobs: start, follow, cancel, resume, limits, the queue, wrong input. Kills are in test_jobs_kill.py."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from castalia.core.errors import CastaliaError, Conflict, NotFound, TooLarge, Unavailable, WrongInput
from castalia.jobs import Jobs, Limits
from castalia.jobs.context import JobContext
from castalia.jobs.folder import EventReader, Folder, Lock
from castalia.jobs.job import Job
from castalia.jobs.log import CappedLog
from castalia.jobs.processes import Process, marked


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(tmp_path, patience=2.0)
    yield made
    made.close(end_jobs=True)


def until(jobs: Jobs, id: str, kind: str) -> dict[str, object]:
    return next(event.data for event in jobs.follow(id) if event.kind == kind)


def test_a_job_says_what_it_does_and_returns(jobs: Jobs) -> None:
    job = jobs.start("jobs_toys:count", {"n": 5}, owner="me", title="five")
    assert job.state == "queued" and not job.over
    events = list(jobs.follow(job.id))
    assert [e.data["i"] for e in events if e.kind == "step"] == [0, 1, 2, 3, 4]
    assert [e.n for e in events] == list(range(1, len(events) + 1))
    job = jobs.get(job.id)
    assert (job.state, job.result, job.progress) == ("done", {"n": 5, "attempt": 1}, (5.0, 5.0))
    assert job.started and job.ended and job.created <= job.started <= job.ended
    assert jobs.log(job.id).splitlines() == [f"step {i}" for i in range(5)]
    assert jobs.log(job.id, lines=1) == "step 4"
    assert next(iter(jobs.follow(job.id, after=2))).n == 3
    assert [j.id for j in jobs.list("me")] == [job.id] and jobs.list("other") == []


def test_a_job_is_followed_from_the_event_loop(jobs: Jobs) -> None:
    job = jobs.start("jobs_toys:count", {"n": 5})

    async def steps() -> list[int]:
        return [event.data["i"] async for event in jobs.afollow(job.id) if event.kind == "step"]

    assert asyncio.run(steps()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("entry", "args", "subject", "got"),
    [
        ("jobs_toys:refuse", {}, "tenure", "-1"),
        ("jobs_toys:crash", {}, "jobs_toys:crash failed", "ZeroDivisionError"),
        ("jobs_toys:full", {}, "jobs_toys:full could not go on", "no space left on the disk"),
        ("jobs_toys:leave", {"code": 7}, "ended before it was done", "exit code 7"),
        ("jobs_toys:fed_up", {}, "returned list", "[1, 2]"),
        ("jobs_toys:coutn", {}, "The entry 'jobs_toys:coutn'", "Did you mean 'count'?"),
        ("no_such_module:f", {}, "The entry", "no module 'no_such_module'"),
        ("jobs_toys:count", {"m": 1}, "failed", "unexpected keyword argument 'm'"),
        ("jobs_toys:say_much", {}, "The event 'much'", "bytes"),
    ],
)
def test_a_failure_says_why(jobs: Jobs, entry: str, args: dict[str, object], subject: str, got: str) -> None:
    job = jobs.wait(jobs.start(entry, args).id, 20)
    assert job.state == "failed" and job.error is not None and job.result is None
    assert subject in job.error["subject"] and got in job.error["got"]
    if entry == "jobs_toys:refuse":
        assert (job.error["kind"], job.error["field"]) == ("WrongInput", "tenure")
    if entry in ("jobs_toys:crash", "jobs_toys:leave"):
        assert any(line in ("about to divide", "leaving") for line in job.error["log_tail"])


def test_what_json_cannot_hold_becomes_what_it_can(jobs: Jobs) -> None:
    job = jobs.start("jobs_toys:odd")
    data = until(jobs, job.id, "odd")
    assert (data["nan"], data["f"], data["a"]) == (None, 0.5, [0, 1, 2])
    assert jobs.wait(job.id, 20).result == {"loss": None, "n": 3}


def test_cancel_lets_it_save_and_kills_what_does_not_listen(jobs: Jobs) -> None:
    kind = jobs.start("jobs_toys:stop_late")
    until(jobs, kind.id, "up")
    asked = jobs.cancel(kind.id)
    assert asked.over or asked.stopping
    assert jobs.wait(kind.id, 10).state == "cancelled"
    assert (jobs.folder / kind.id / "files" / "saved").read_text() == "yes"
    deaf = jobs.start("jobs_toys:stubborn")
    until(jobs, deaf.id, "up")
    before = time.monotonic()
    jobs.cancel(deaf.id)
    assert jobs.wait(deaf.id, 10).state == "cancelled"
    assert time.monotonic() - before >= 1.9, "it had its two seconds"
    assert jobs.cancel(deaf.id).state == "cancelled", "cancelling again changes nothing"


def test_a_second_cancel_kills_at_once(tmp_path: Path) -> None:
    with Jobs(tmp_path, patience=50.0) as jobs:
        job = jobs.start("jobs_toys:stubborn")
        until(jobs, job.id, "up")
        jobs.cancel(job.id)
        time.sleep(0.3)
        jobs.cancel(job.id)
        assert jobs.wait(job.id, 30).state == "cancelled"


def test_cancel_at_every_moment_of_the_start(jobs: Jobs) -> None:
    for delay in (0, 0.002, 0.01, 0.03, 0.06, 0.1, 0.15):
        job = jobs.start("jobs_toys:count", {"n": 10_000})
        time.sleep(delay)
        jobs.cancel(job.id)
        assert jobs.wait(job.id, 10).state == "cancelled"
        assert marked(f"CASTALIA_JOB={job.id}") == []


def test_one_runs_the_others_wait_in_order(jobs: Jobs) -> None:
    started = [jobs.start("jobs_toys:count", {"n": 10}) for _ in range(3)]
    assert sorted(job.id for job in started) == [job.id for job in started]
    most = 0
    while not all(job.over for job in jobs.list()):
        most = max(most, sum(job.state == "running" for job in jobs.list()))
    ended = [jobs.get(job.id) for job in started]
    assert most == 1 and all(job.state == "done" for job in ended)
    assert all(a.ended <= b.started for a, b in itertools.pairwise(ended) if a.ended and b.started)


def test_a_waiting_job_is_cancelled_and_resumed(jobs: Jobs) -> None:
    first, second = (jobs.start("jobs_toys:count", {"n": 20}) for _ in range(2))
    assert jobs.cancel(second.id).state == "cancelled"
    with pytest.raises(Conflict):
        jobs.resume(first.id)
    assert jobs.resume(second.id).state == "queued"
    assert jobs.wait(second.id, 20).state == jobs.wait(first.id, 20).state == "done"


def test_jobs_that_are_over_are_read_once_and_again_when_one_was_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = Folder.read
    monkeypatch.setattr(Folder, "read", lambda self, name: (reads.append(self.id), read(self, name))[1])
    outside = Jobs(tmp_path)
    with Jobs(tmp_path, running=0) as workbench:
        over = [workbench.start("jobs_toys:count", {"n": 1}).id for _ in range(3)]
        for id in over:
            workbench.cancel(id)
        for jobs in (workbench, outside):
            first = jobs.list()
            reads.clear()
            assert jobs.list() == first and reads == []
        workbench.resume(over[1])
        for jobs in (workbench, outside):
            assert [job.state for job in jobs.list()] == ["cancelled", "queued", "cancelled"]
            assert reads and set(reads) == {over[1]}
            reads.clear()
        workbench.cancel(over[1])
        workbench.forget(over[0])
        assert [(job.id, job.state) for job in outside.list()] == [(id, "cancelled") for id in (over[2], over[1])]


def test_a_resumed_job_goes_on_where_it_was(jobs: Jobs) -> None:
    job = jobs.start("jobs_toys:count", {"n": 60})
    for event in jobs.follow(job.id):
        if event.kind == "step" and event.data["i"] == 9:
            jobs.cancel(job.id)
    assert jobs.get(job.id).state == "cancelled"
    jobs.resume(job.id)
    steps = [e.data["i"] for e in jobs.follow(job.id) if e.kind == "step"]
    assert jobs.get(job.id).result == {"n": 60, "attempt": 2}
    assert sorted(set(steps)) == list(range(60)) and len(steps) <= 61


def test_limits(jobs: Jobs) -> None:
    slow = jobs.start("jobs_toys:count", {"n": 10_000}, limits=Limits(wall=0.5))
    hungry = jobs.start("jobs_toys:eat", {"megabytes": 900}, limits=Limits(memory=600 << 20))
    assert "time limit" in (jobs.wait(slow.id, 20).error or {})["subject"]
    assert "memory" in (jobs.wait(hungry.id, 20).error or {})["subject"]
    with pytest.raises(WrongInput):
        Limits(wall=-1)


def test_a_flood_keeps_its_beginning_and_its_end(jobs: Jobs) -> None:
    job = jobs.start("jobs_toys:flood", {"megabytes": 50}, limits=Limits(output=1 << 20))
    assert jobs.wait(job.id, 50).state == "done"
    text = jobs.log(job.id)
    assert len(text) <= (1 << 20) + (1 << 16)
    assert text.startswith("the first line\n") and text.endswith("the last line\n")
    assert text.count("bytes of output left out here]") == 1


def test_the_capped_log_is_exact(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "log", 8000)
    lines = [f"line {i}\n".encode() for i in range(5000)]
    for line in lines:
        log.write(line)
    log.close()
    kept = (tmp_path / "log").read_bytes()
    head, note, tail = kept.partition(b"\n[castalia: ")
    left_out, _, tail = tail.partition(b" bytes of output left out here]\n")
    everything = b"".join(lines)
    assert note and everything.startswith(head) and everything.endswith(tail) and len(tail) >= 2000
    assert len(head) + int(left_out) + len(tail) == len(everything)


def test_a_killed_line_is_dropped_and_numbers_go_on(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    JobContext(folder, 1).emit("a", x=1)
    reader = EventReader(folder.events)
    with open(folder.events, "ab") as file:
        file.write(b'{"t":1,"kind":"half","da')
    assert [e.kind for e in reader.read()] == ["a"] and reader.read() == []
    folder.mend_events()
    JobContext(folder, 2).emit("b")
    assert [(e.n, e.kind) for e in reader.read()] == [(2, "b")]
    assert [(e.n, e.kind) for e in EventReader(folder.events).read()] == [(1, "a"), (2, "b")]


def test_a_full_disk_refuses_an_event_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    folder.events.symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="no space left"):
        JobContext(folder, 1).emit("a")
    folder.log.symlink_to("/dev/full")
    CappedLog(folder.log, 1000).write(b"lost, but the work goes on")


def test_a_disk_that_fills_up_under_a_job(tmp_path: Path) -> None:
    """A real small disk: the job fails and says why, and goes on when there is room again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        with Jobs(disk) as jobs:
            job = jobs.start("jobs_toys:fill", {"kilobytes": 1000})
            ended = jobs.wait(job.id, 20)
            assert ended.state == "failed" and ended.error is not None
            assert "space" in ended.error["got"] + ended.error["expected"]
            with pytest.raises(Unavailable, match="no space left"):
                for _ in range(500):
                    jobs.start("jobs_toys:count", {"n": 1, "pause": 5.0})
            (jobs.folder / job.id / "files" / "much").unlink()
            for waiting in jobs.list():
                jobs.cancel(waiting.id)
            jobs.resume(job.id)
            next(iter(jobs.follow(job.id)))
            jobs.close(end_jobs=True)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_large_event_is_refused(tmp_path: Path) -> None:
    context = JobContext(Folder(tmp_path), 1)
    with pytest.raises(TooLarge):
        context.emit("much", text="x" * (2 << 20))
    with pytest.raises(WrongInput):
        context.emit("object", x=object())
    assert EventReader(Folder(tmp_path).events).read() == []


def test_a_result_counts_whatever_happens_after_it(jobs: Jobs) -> None:
    job = jobs.wait(jobs.start("jobs_toys:finish_then_die").id, 20)
    assert (job.state, job.result) == ("done", {"ok": True})


def test_what_does_not_exit_is_ended(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.start("jobs_toys:never_exit")
    assert jobs.wait(job.id, 20).result == {"ok": True}
    assert marked(f"CASTALIA_JOB={job.id}") == []


def test_grandchildren_end_with_their_job(jobs: Jobs) -> None:
    job = jobs.start("jobs_toys:family")
    pids = until(jobs, job.id, "family")["pids"]
    assert isinstance(pids, list)
    family = [Process.of(pid) for pid in pids]
    assert all(family)
    jobs.cancel(job.id)
    assert jobs.wait(job.id, 10).state == "cancelled"
    assert [process for process in family if process and process.alive()] == []


def test_children_get_our_environment(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    result = jobs.wait(jobs.start("jobs_toys:environment").id, 20).result
    assert result == {"omp": "1", "path": None, "cwd": os.getcwd()}


def test_two_workbenches_on_one_home(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start("jobs_toys:count", {"n": 50})
    with Jobs(tmp_path) as other:
        with pytest.raises(Conflict, match=f"process {os.getpid()} has it"):
            other.start("jobs_toys:count", {"n": 1})
        with pytest.raises(Conflict):
            other.cancel(job.id)
        assert other.get(job.id).state in ("queued", "running"), "anyone may look"
        assert other.wait(job.id, 20).state == "done"


def test_wrong_input(jobs: Jobs, tmp_path: Path) -> None:
    for entry in ("os.system", "a b:c", "x:y:z", "../x:y", ":f", "m:"):
        with pytest.raises(WrongInput):
            jobs.start(entry)
    with pytest.raises(WrongInput):
        jobs.start("jobs_toys:count", {"n": object()})
    with pytest.raises(WrongInput):
        jobs.start("jobs_toys:count", {"n": float("nan")})
    for id in ("", ".", "..", "../jobs", "20260101-000000000-abcdef", "x" * 5000):
        with pytest.raises(NotFound):
            jobs.get(id)
    assert jobs.list() == [] and not any(tmp_path.glob("jobs/.new*"))


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Jobs(tmp_path / "file") as jobs, pytest.raises(CastaliaError):
        jobs.start("jobs_toys:count", {"n": 1})


def test_old_jobs_are_forgotten(jobs: Jobs) -> None:
    ids = [jobs.start("jobs_toys:count", {"n": 1}).id for _ in range(3)]
    with pytest.raises(Conflict):
        jobs.forget(ids[-1])
    for id in ids:
        jobs.wait(id, 20)
    jobs.sweep(keep=1)
    assert [job.id for job in jobs.list()] == [ids[-1]]


def test_a_pid_is_not_a_process() -> None:
    me = Process.me()
    assert me.alive() and Process.read(me.as_dict()) == me
    stranger = dataclasses.replace(me, birth="another boot:1")
    assert not stranger.alive() and not stranger.signal(9), "the pid was given to somebody else: to us"


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take() and not second.take(0.05)
    first.free()
    assert second.take()


def test_a_job_as_json_holds_every_field(jobs: Jobs) -> None:
    job = jobs.wait(jobs.start("jobs_toys:count", {"n": 1}).id, 20)
    assert set(job.as_dict()) == {field.name for field in dataclasses.fields(Job)}
