"""What code under check leaves in its folder: counted while it runs, gone afterwards, and never waited for."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from castalia.check import Limits, Runner
from castalia.check.folders import Usage, held, last_bytes, remove
from castalia.check.limits import enforced_by
from castalia.check.sandbox import probe
from castalia.check.subject import Died

POSIX = pytest.mark.skipif(os.name != "posix", reason="pipes and rights of files are POSIX")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are the Linux kernel's")


def write(folder: Path, source: str) -> Path:
    path = folder / "softmax.py"
    path.write_text(source)
    return path


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sandboxes of this test get their folders."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def nest(folder: Path, depth: int, name: str = "ten_letters") -> None:
    """Folders within folders, deeper than any path can say."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)


@POSIX
def test_a_folder_goes_away_however_deep_and_whatever_its_rights(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "box"
    (outside / "kept").mkdir(parents=True)
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    (folder / "closed" / "link").symlink_to(outside / "kept")
    os.mkfifo(folder / "closed" / "inner" / "pipe")
    nest(folder, 1200)
    for place in (folder / "closed" / "inner", folder / "closed", folder):
        place.chmod(0)
    remove(folder)
    assert not folder.exists() and (outside / "kept").is_dir()
    remove(folder)  # nothing there: no error


def test_usage_counts_blocks_and_entries_and_a_second_name_only_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x" * 300_000)
    os.link(tmp_path / "a" / "file", tmp_path / "again")
    *_, (size, entries) = held(tmp_path)
    assert 300_000 <= size < 500_000 and entries == 3
    assert not Usage(tmp_path, 500_000, 3).passed()
    assert Usage(tmp_path, 200_000, 3).passed() and Usage(tmp_path, 500_000, 2).passed()
    for number in range(3000):
        (tmp_path / str(number)).touch()
    many = Usage(tmp_path, 1 << 30, 2500)
    assert [many.passed() for _ in range(3)] == [False, False, True]  # a piece at a time


@POSIX
def test_only_the_end_of_a_regular_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"begin" + b"x" * (1 << 17) + b"end")
    assert len(last_bytes(file)) == 1 << 16 and last_bytes(file).endswith(b"xend")
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    assert not any(last_bytes(tmp_path / name) for name in ("link", "pipe", "missing", "."))


# --- a runner's folder ---------------------------------------------------------------------------


@POSIX
def test_a_pipe_in_place_of_the_trace_is_not_waited_for(tmp_path: Path, scratch: Path) -> None:
    path = write(tmp_path, "import os\nos.remove('../trace')\nos.mkfifo('../trace')\ndef f():\n    while True: pass\n")
    with Runner(path) as subject, pytest.raises(Died) as died:
        subject.allow(0.3)
        subject.call("f")
    assert died.value.outcome == "timeout" and not list(scratch.iterdir())


@POSIX
def test_deep_folders_neither_decide_the_outcome_nor_stay(tmp_path: Path, scratch: Path) -> None:
    source = (
        "import os\ndef f():\n    for _ in range(1500):\n        os.mkdir('d')\n        os.chdir('d')\n    return 1\n"
    )
    with Runner(write(tmp_path, source)) as subject:
        assert subject.call("f") == 1
    assert not list(scratch.iterdir())


@POSIX
@pytest.mark.parametrize("limits", [Limits(disk=3 << 20), Limits(entries=10)], ids=["bytes", "entries"])
def test_all_files_together_have_a_limit(limits: Limits, tmp_path: Path, scratch: Path) -> None:
    source = (
        "def f():\n    for n in range(20):\n        open(str(n), 'wb').write(bytes(1 << 18))\n    while True: pass\n"
    )
    with Runner(write(tmp_path, source), limits=limits) as subject, pytest.raises(Died) as died:
        subject.allow(20)
        subject.call("f")
    assert died.value.outcome == "learner_error" and died.value.why == f"it wrote more than {limits.room}"
    assert not list(scratch.iterdir())


@LINUX
@pytest.mark.parametrize("namespaces", [True, False])
def test_unix_sockets_that_were_open_before_are_covered(namespaces: bool, tmp_path: Path) -> None:
    limits = Limits(namespaces=namespaces)
    rows = {each.name: each for each in enforced_by(probe(limits))}
    if namespaces and not (rows["no network"].enforced and rows["files outside"].enforced):
        pytest.skip("this machine lends no namespaces")
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        os.chmod(folder, 0o755)
        place = f"{folder}/socket"  # short: the address has room for 107 bytes
        server.bind(place)
        os.chmod(place, 0o777)
        server.listen()
        source = (
            "import errno, socket\ndef f(place):\n"
            "    return errno.errorcode.get(socket.socket(socket.AF_UNIX).connect_ex(place), 'connected')\n"
        )
        with Runner(write(tmp_path, source), limits=limits) as subject:
            assert subject.call("f", place) == ("ECONNREFUSED" if namespaces else "connected")
        assert Path(place).is_socket()
    assert namespaces == ("are covered" in rows["no network"].why)


@LINUX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=["TERM", "HUP", "KILL"])
def test_a_check_that_is_ended_leaves_nothing(number: signal.Signals, tmp_path: Path, scratch: Path) -> None:
    path = write(tmp_path, "def softmax(x):\n    open('here', 'w').close()\n    while True: pass\n")
    command = [
        sys.executable,
        "-c",
        "import sys; from castalia.cli import main; sys.exit(main())",
        "check",
        "softmax",
        "--at",
        str(path),
    ]
    environment = {**os.environ, "TMPDIR": str(scratch), "CASTALIA_HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as child:
        try:
            until = time.monotonic() + 30
            while not list(scratch.glob("castalia-check-*/box/home/**/here")):
                assert child.poll() is None and time.monotonic() < until
                time.sleep(0.02)
            child.send_signal(number)
            code = child.wait(20)
        finally:
            child.kill()
    assert code == (-9 if number == signal.SIGKILL else 130)
    until = time.monotonic() + 10
    while list(scratch.iterdir()) and time.monotonic() < until:  # after KILL the cage removes it
        time.sleep(0.05)
    assert not list(scratch.iterdir())


@LINUX
def test_a_check_under_nohup_goes_on(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom castalia.cli.stopping import stoppable\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with stoppable():\n    os.kill(os.getpid(), signal.SIGHUP)\nprint('on')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "on\n", done.stderr
