"""A run that a workbench elsewhere keeps: all of it arrives, once, in order, whoever is down meanwhile."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import struct
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_fixtures import Bench, wait_for

import castalia
from castalia import track
from castalia.core.errors import Conflict, Refused, WrongInput
from castalia.core.settings import Settings
from castalia.core.system import Run
from castalia.track.delivery import Left
from castalia.track.frames import operation
from castalia.track.posting import Address
from castalia.track.spool import packed

BARE = {"capture": "none"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One that stays up."""
    made = Bench(tmp_path_factory.mktemp("bench")).start()
    yield made
    made.kill()


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Bench]:
    """One that a test may kill; not started yet."""
    made = Bench(tmp_path / "bench")
    yield made
    made.kill()


def waiting(settings: Settings) -> list[Path]:
    return [path for path in settings.home.rglob("spool/remote/*/*") if path.name != "server.json"]


def test_all_that_a_run_says_arrives(bench: Bench, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "one.txt").write_text("one")
    before = time.time() * 1000
    with castalia.run("remote", {"rate": 0.1}, name="first", tags={"a": 1}, server=bench.url, seed=7, **BARE) as run:
        assert isinstance(run, Run)
        run.log(0, loss=1.0, acc=0.25)
        run.log(1, loss=0.5)
        run.params(depth=3)
        run.tags(a=2, b="x")
        run.artifact("table", [[1, 2]])
        run.artifact("folder", tmp_path / "files")
        (tmp_path / "files" / "one.txt").unlink()  # what the caller does with it afterwards changes nothing
        run.alert("loss is NaN")
        run.child("fold-1").log(3, loss=9.0)
        run.flush()
        assert bench.series(run.run_id) == [(0, 1.0), (1, 0.5)]
    seen = bench.ask(f"/runs/{run.run_id}")
    assert (seen["name"], seen["experiment"], seen["status"]) == ("first", "remote", "done")
    assert seen["params"] == {"rate": "0.1", "depth": "3"}
    assert seen["tags"] == {"a": "2", "b": "x", "castalia.seed": "7"}
    assert before <= seen["started"] <= seen["ended"] <= time.time() * 1000 + 1
    files = {each["name"]: each["sha256"] for each in bench.ask(f"/runs/{run.run_id}/artifacts")}
    assert set(files) == {"table.json", "folder/one.txt"}
    assert files["folder/one.txt"] == hashlib.sha256(b"one").hexdigest()
    assert [(each["level"], each["text"]) for each in bench.ask(f"/runs/{run.run_id}/alerts")] == [
        ("warning", "loss is NaN")
    ]
    (child,) = bench.ask(f"/runs?parent={run.run_id}")["items"]
    assert (child["name"], child["status"]) == ("fold-1", "done")
    assert bench.series(child["run_id"]) == [(3, 9.0)]
    assert not run.left() and waiting(settings) == []


def test_numbers_arrive_exactly(bench: Bench, settings: Settings) -> None:
    odd = [math.nan, math.inf, -math.inf, 2.0**63, 5e-324, 0.1 + 0.2, -1.7976931348623157e308]
    with castalia.run("exact", server=bench.url, **BARE) as run:
        for step, value in zip([-(2**63), -1, 0, 1, 2, 3, 2**63 - 1], odd, strict=True):
            run.log(step, loss=value)
    found = bench.series(run.run_id)
    assert [step for step, _ in found] == [-(2**63), -1, 0, 1, 2, 3, 2**63 - 1]
    assert [value for _, value in found] == ["NaN", "Infinity", "-Infinity", *odd[3:]]


def test_only_a_wrong_value_raises(bench: Bench, settings: Settings) -> None:
    with castalia.run("wrong", {"a": 1}, server=bench.url, **BARE) as run:
        for wrong in ({"loss": "high"}, {"loss": None}, {"a\nb": 1.0}, {"ok": 1.0, "loss": [1, 2]}):
            with pytest.raises(WrongInput):
                run.log(0, **wrong)
        for call in (
            lambda: run.log(2**63, loss=1.0),
            lambda: run.params(text="x" * 10_000_000),
            lambda: run.alert("x", level="loud"),
            lambda: run.artifact("x", object()),
            lambda: run.artifact("x", Path("no such file")),
        ):
            with pytest.raises(WrongInput):
                call()
        with pytest.raises(Refused):
            run.artifact("../x", "text")
        with pytest.raises(Conflict):
            run.params(a=2)
        run.log(5, loss=5.0)
    with pytest.raises(Conflict):
        run.log(6, loss=6.0)
    assert bench.series(run.run_id) == [(5, 5.0)] and bench.series(run.run_id, "ok") == []
    for server in ("ftp://x", "http://", "nonsense", "http://a:b@c", "http://x:99999"):
        with pytest.raises(WrongInput, match="server is no address") as refusal:
            castalia.run("x", server=server)
        assert "a:b" not in str(refusal.value)
    with pytest.raises(WrongInput, match="capture"):
        castalia.run("x", server=bench.url, capture="all")
    with pytest.raises(WrongInput):
        castalia.run("x" * 1000, server=bench.url, **BARE)


def test_addresses() -> None:
    assert str(Address("http://127.0.0.1:8000/app/")) == "http://127.0.0.1:8000"
    assert str(Address("https://box/castalia/")) == "https://box:443/castalia"
    assert str(Address("http://[::1]:80")) == "http://[::1]:80" and Address("http://[::1]").is_here
    assert not Address("http://box").is_here


def test_a_workbench_that_is_down_costs_nothing_and_gets_it_later(
    fragile: Bench, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    run = castalia.run("down", {"p": 1}, server=fragile.url, **BARE)
    for step in range(1000):
        run.log(step, loss=float(step))
    run.artifact("note", "text")
    run.alert("it is down")
    run.flush()
    ended = time.time() * 1000
    run.finish()
    assert "1,000 points and 4 other entries are not yet at" in caplog.text and "castalia runs sync" in caplog.text
    assert run.left().points == 1000 and "refused" in run.left().reason.lower()
    assert len(waiting(settings)) == 2, "one outbox and one file"
    (still,) = track.sync()
    assert still.points == 1000 and still.reason, "it is still down, and nothing is lost by asking"
    time.sleep(1.0)
    fragile.start()
    command = [sys.executable, "-c", "from castalia import track; print(*track.sync())"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True).stdout
    assert "everything is there" in said
    assert fragile.series(run.run_id) == [(step, float(step)) for step in range(1000)]
    seen = fragile.ask(f"/runs/{run.run_id}")
    assert (seen["status"], seen["params"]) == ("done", {"p": "1"})
    assert seen["started"] <= seen["ended"] <= ended + 1000, "it ended when it ended, not when we heard of it"
    assert waiting(settings) == [] and not any(track.sync())


def test_the_next_run_brings_what_an_earlier_process_left(fragile: Bench, settings: Settings) -> None:
    code = f"""
        import castalia, os, signal
        run = castalia.run("killed", server={fragile.url!r}, capture="none")
        for step in range(30_000):
            run.log(step, loss=float(step))
        run.flush()
        print(run.run_id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=50)
    assert done.returncode == -9, done.stderr
    fragile.start()
    with castalia.run("next", server=fragile.url, **BARE):
        found = wait_for(lambda: len(fragile.series(done.stdout.strip())) == 30_000)
    assert found and wait_for(lambda: waiting(settings) == [])


def test_a_restart_in_the_middle_is_not_noticed(fragile: Bench, settings: Settings) -> None:
    fragile.start()
    with castalia.run("restart", server=fragile.url, **BARE) as run:
        for step in range(3000):
            run.log(step, loss=step * 0.5)
            if step in (1000, 2000):
                run.flush()
                fragile.kill()
            if step in (1500, 2500):
                fragile.start()
    assert not run.left()
    assert fragile.series(run.run_id) == [(step, step * 0.5) for step in range(3000)]
    assert fragile.ask(f"/runs/{run.run_id}")["status"] == "done"


def test_what_is_sent_twice_is_there_once(fragile: Bench, settings: Settings, tmp_path: Path) -> None:
    """An answer that was lost on its way looks to the client as if nothing had arrived."""
    with castalia.run("twice", {"p": 1}, server=fragile.url, **BARE) as run:
        for step in range(500):
            run.log(step, loss=1.0)
        run.alert("once")
        run.artifact("note", "text")
        run.tags(last="yes")
    for path in waiting(settings):
        shutil.copy2(path, tmp_path / path.name)
    (folder,) = {path.parent for path in waiting(settings)}
    fragile.start()
    seen = []
    for _ in range(3):
        assert not any(track.sync())
        alerts, files = (fragile.ask(f"/runs/{run.run_id}/{what}") for what in ("alerts", "artifacts"))
        seen.append((fragile.ask(f"/runs/{run.run_id}"), alerts, files[0]["sha256"], len(files)))
        assert len(fragile.series(run.run_id)) == 500
        for path in [*tmp_path.glob("*.outbox"), *tmp_path.glob("*.file")]:
            shutil.copy2(path, folder / path.name)
    assert seen[0] == seen[1] == seen[2] and len(seen[0][1]) == 1


def test_a_frame_that_is_refused_takes_no_other_with_it(fragile: Bench, settings: Settings) -> None:
    """An earlier release, or another program, may have put one aside that no workbench takes."""
    with castalia.run("spoilt", server=fragile.url, **BARE) as run:
        for step in range(40):
            run.log(step, loss=0.5 * step)
            run.flush()  # each a frame of its own
        run.tags(last="yes")
    (path,) = waiting(settings)
    content = path.read_bytes()
    bounds = [0]
    while bounds[-1] < len(content):
        bounds.append(bounds[-1] + 12 + struct.unpack_from("<I", content, bounds[-1])[0])
    assert len(bounds) == 44  # begin, 40 steps, a tag, the end
    large = frame(b'{"do":"say","run":"%s","tags":{"a":"%s"}}' % (run.run_id.encode(), b"x" * 9 * 2**20))
    for at in (bounds[-2], bounds[20], bounds[1]):
        content = content[:at] + (large if at == bounds[20] else frame(b"{{{")) + content[at:]
    path.write_bytes(content)
    fragile.start()
    (left,) = track.sync()
    assert len(left.refused) == 3 and not left.points and not left.operations, left
    assert fragile.series(run.run_id) == [(step, 0.5 * step) for step in range(40)]
    seen = fragile.ask(f"/runs/{run.run_id}")
    assert (seen["status"], seen["tags"]) == ("done", {"last": "yes"})


def test_much_at_once_goes_in_parts_and_too_much_is_said_to_the_caller(bench: Bench, settings: Settings) -> None:
    params = {f"p{number}": "\u00e4" * 6000 for number in range(300)}  # 11 MB as JSON, over the 8 of a frame
    with castalia.run("much", params, tags=params, server=bench.url, **BARE) as run:
        run.params(**{f"q{key}": value for key, value in params.items()})
        run.tags(**{f"q{key}": value for key, value in params.items()})
        run.log(0, **{f"{number:06}" + "\u00e4" * 240: 1.0 for number in range(8000)})  # so are their keys
        with pytest.raises(WrongInput, match="too much") as caught:
            run._courier.tell("say", run.run_id, tags={"a": "x" * 9 * 2**20})
        assert "8,388,608" in caught.value.expected and caught.value.cure
    assert not run.left(), run.left()
    seen = bench.ask(f"/runs/{run.run_id}")
    expected = {**params, **{f"q{key}": value for key, value in params.items()}}
    assert (seen["status"], seen["params"]) == ("done", expected)
    assert {key: value for key, value in seen["tags"].items() if not key.startswith("castalia.")} == expected
    assert len(seen["metrics"]) == 8000


def test_a_torn_end_is_cut_off(fragile: Bench, settings: Settings) -> None:
    with castalia.run("torn", server=fragile.url, **BARE) as run:
        run.log(1, loss=1.0)
        run.flush()
        run.log(2, loss=2.0)
    (path,) = waiting(settings)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])  # in the middle of the last frame, the end of the run
    fragile.start()
    assert not any(track.sync())
    assert fragile.series(run.run_id) == [(1, 1.0), (2, 2.0)]
    assert fragile.ask(f"/runs/{run.run_id}")["status"] == "running"


def test_a_token_that_is_wrong_keeps_everything_here(tmp_path: Path, settings: Settings) -> None:
    bench = Bench(tmp_path / "bench", token="a-token-of-a-test").start()
    try:
        with castalia.run("token", server=bench.url, token="wrong-token-here", **BARE) as run:
            run.log(1, loss=1.0)
        assert "401" in run.left().reason
        assert all(b"wrong-token" not in path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
        (left,) = track.sync(token="a-token-of-a-test")
        assert not left and bench.series(run.run_id) == [(1, 1.0)]
        with castalia.run("token", server=bench.url, token="a-token-of-a-test", **BARE) as run:
            run.artifact("x", "y")
        assert not run.left()
    finally:
        bench.kill()


def test_offline_sends_nothing_beyond_this_machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_OFFLINE", "1")
    with castalia.run("offline", server="http://workbench.invalid:8000", **BARE) as run:
        run.log(1, loss=1.0)
    assert run.left().reason == "CASTALIA_OFFLINE is set" and run.left().points == 1
    (left,) = track.sync()
    assert left.reason == "CASTALIA_OFFLINE is set" and left.points == 1


def test_the_environment_names_the_workbench(
    bench: Bench, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASTALIA_TRACKING_URI", bench.url)
    with castalia.run("environment", **BARE) as run:
        run.log(1, loss=1.0)
    assert bench.series(run.run_id) == [(1, 1.0)]
    with castalia.run("environment", home=tmp_path / "named", **BARE) as run:
        run.log(1, loss=1.0)
    assert isinstance(run, track.TrackedRun), "a home that is named is meant"


def test_many_threads(bench: Bench, settings: Settings) -> None:
    with castalia.run("threads", server=bench.url, **BARE) as run:

        def work(number: int) -> None:
            for step in range(500):
                run.log(step, **{f"m{number}": float(step)})
                if step % 100 == 0:
                    run.tags(**{f"t{number}": step})

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(8):
        assert bench.series(run.run_id, f"m{number}") == [(step, float(step)) for step in range(500)]
    assert bench.ask(f"/runs/{run.run_id}")["tags"] == {f"t{number}": "400" for number in range(8)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_leaves_its_parents_run_alone(bench: Bench, settings: Settings) -> None:
    with castalia.run("fork", server=bench.url, **BARE) as run:
        run.log(1, loss=1.0)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run.log(2, loss=2.0)
            except Conflict:
                run.finish("failed")
                with castalia.run("own", server=bench.url, name="of the child", **BARE) as own:
                    own.log(1, loss=3.0)
                code = 0 if not own.left() else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        run.log(3, loss=3.0)
    assert bench.series(run.run_id) == [(1, 1.0), (3, 3.0)]
    assert bench.ask(f"/runs/{run.run_id}")["status"] == "done"
    (own,) = bench.ask("/runs?experiment=own")["items"]
    assert bench.series(own["run_id"]) == [(1, 3.0)]


def test_a_full_disk_stops_neither_training_nor_what_can_be_sent(bench: Bench, settings: Settings) -> None:
    code = f"""
        import resource, signal, castalia
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        with castalia.run("full", server={bench.url!r}, capture="none") as run:
            for step in range(20_000):
                run.log(step, loss=float(step))
            run.flush()
        assert not run.left(), str(run.left())
        print(run.run_id)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert bench.series(done.stdout.strip()) == [(step, float(step)) for step in range(20_000)]


def test_a_run_that_nobody_ends_ends_with_its_process(bench: Bench, settings: Settings) -> None:
    for ending, status in (("", "done"), ("1 / 0", "failed")):
        code = f"import castalia; r = castalia.run('open', server={bench.url!r}, capture='none'); print(r.run_id)\n"
        code += f"r.log(1, loss=1.0)\n{ending}"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50).stdout
        assert bench.ask(f"/runs/{said.strip()}")["status"] == status
        assert bench.series(said.strip()) == [(1, 1.0)]


def test_a_run_that_was_deleted_for_good_is_said(bench: Bench, settings: Settings) -> None:
    status, said = bench.send("/runs/ingest", packed([("nobody", "loss", 1, 1, 1.0)]))
    assert status == 200 and said["refused"] == 1 and said["points"] == 0
    assert "no run" in said["errors"][0]["subject"]


def frame(body: bytes, names: int = 0) -> bytes:
    return struct.pack("<III", len(body), zlib.crc32(body), names) + body


WRONG = {
    "empty names": frame(b"x" * 10, 3),
    "torn": operation({"do": "say", "run": "x"})[:-1],
    "checksum": b"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00x",
    "no json": frame(b"{{{"),
    "a list": frame(b"[1]"),
    "deep": frame(b"[" * 100_000),
    "no such count": frame(b'[["r"],["k"],99999999999999]', 28),
    "negative": frame(b'[["r"],["k"],-1]' + bytes(32), 16),
    "out of range": frame(b'[["r"],["k"],1]' + struct.pack("<IIqqd", 7, 7, 1, 1, 1.0), 15),
    "key": frame(b'[["r"],["a\\u0000"],1]' + struct.pack("<IIqqd", 0, 0, 1, 1, 1.0), 21),
    "upwards": frame(b'[["r"],["../x"],1]' + struct.pack("<IIqqd", 0, 0, 1, 1, 1.0), 18),
    "runs": frame(b'[[["r"]],["k"],1]' + struct.pack("<IIqqd", 0, 0, 1, 1, 1.0), 17),
    "text": b"hello there, this is no frame at all",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_frame_is_a_422(bench: Bench, name: str) -> None:
    status, said = bench.send("/runs/ingest", WRONG[name])
    assert status == 422 and said["subject"] and said["cure"] is not None, said
    assert "Traceback" not in str(said) and str(bench.home) not in str(said)


def test_operations_that_do_not_fit_are_refused_one_by_one(bench: Bench) -> None:
    run_id = castalia.track.naming.new_run_id()
    good = {"do": "begin", "run": run_id, "experiment": "ops", "time": 5}
    wrong = [
        {"do": "drop", "run": run_id},
        {"do": "begin", "run": "../x", "experiment": "e", "time": 1},
        {"do": "begin", "run": run_id + "1", "time": 1},
        {"do": "begin", "run": run_id + "2", "experiment": "e", "time": -1},
        {"do": "begin", "run": run_id + "3", "experiment": "e", "time": 2**70},
        {"do": "begin", "run": run_id + "4", "experiment": "e\0", "time": 1},
        {"do": "begin", "run": run_id + "5", "experiment": "e", "time": 1, "parent": "nobody"},
        {"do": "say", "run": run_id, "params": {"p": ["x"]}},
        {"do": "say", "run": "nobody", "params": {"p": "x"}},
        {"do": "say", "run": run_id, "other": 1},
        {"do": "end", "run": run_id, "status": "exploded", "time": 1},
        {"do": "alert", "run": run_id, "text": "", "time": 1},
        {"do": "alert", "run": run_id, "text": "x", "level": "loud", "time": 1},
        {"do": "file", "run": run_id, "name": "x", "file": "../../x", "sha256": "0"},
        {"do": "say", "run": ["x"], "tags": {"a": "b"}},
    ]
    last = {"do": "end", "run": run_id, "status": "done", "time": 9}
    status, said = bench.send("/runs/ingest", b"".join(map(operation, [good, *wrong, last])))
    assert (status, said["operations"], said["refused"]) == (200, 2, len(wrong)), said
    seen = bench.ask(f"/runs/{run_id}")
    assert (seen["status"], seen["params"], seen["started"], seen["ended"]) == ("done", {}, 5, 9)
    assert bench.ask("/runs?experiment=ops")["total"] == 1


def test_bodies_of_another_kind_are_refused(bench: Bench) -> None:
    assert bench.send("/runs/ingest", b"{}", media="application/json")[0] == 415
    assert bench.send("/runs/ingest", b"", media="application/octet-stream")[0] == 200
    assert bench.send("/runs/ingest", bytes(33 * 2**20))[0] == 413


def test_files_put_over_http(bench: Bench, settings: Settings) -> None:
    with castalia.run("files", server=bench.url, **BARE) as run:
        pass
    where = f"/runs/{run.run_id}/artifacts"
    assert bench.send(f"{where}/a/b.bin", b"\0\1", "PUT")[0] == 200
    status, said = bench.send(f"{where}/c.bin?sha256={'0' * 64}", b"\0\1", "PUT")
    assert status == 422 and "damaged" in said["subject"]
    assert bench.send(f"{where}/c.bin?sha256=xyz", b"\0\1", "PUT")[0] == 422
    assert bench.send("/runs/nobody/artifacts/x", b"x", "PUT")[0] == 404
    for name in ("..%2fx", "%2e%2e/x", "a/..%2f..%2fx", "a%5cb", "%2fetc%2fpasswd", "C:%2fx", "a%00b", "nul", "a//b"):
        status, said = bench.send(f"{where}/{name}", b"x", "PUT")
        assert 400 <= status < 500, (name, status)
        assert str(bench.home) not in str(said)
    assert [each["name"] for each in bench.ask(where)] == ["a/b.bin"]


def test_left_says_what_is_not_there() -> None:
    assert not Left() and str(Left()) == "everything is there"
    said = str(Left(1200, 3, 5, ("no run 'x'",), "http://h:1", "Connection refused"))
    for part in (
        "1,200 points",
        "3 other",
        "Connection refused",
        "castalia runs sync",
        "5 points are lost",
        "no run 'x'",
    ):
        assert part in said
