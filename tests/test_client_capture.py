"""What a run is noted with: code, command, packages, machine; never a secret, never in the way."""

from __future__ import annotations

import json
import os
import random
import string
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from client_fixtures import wait_for

import castalia
from castalia.core.errors import WrongInput
from castalia.core.settings import Settings
from castalia.track import Store
from castalia.track.alerts import Muting
from castalia.track.machine import Machine, Sampler, parsed
from castalia.track.masking import LONGEST, is_random, masked, masked_command
from castalia.track.repository import MAX_DIFF, Repository


def seen(settings: Settings, run_id: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The run, and its files."""
    with Store.open(settings.home) as store:
        names = [each["name"] for each in store.artifacts(run_id)]
        return store.run(run_id), {name: store.artifact_path(run_id, name).read_bytes() for name in names}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, the working folder of this test."""
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "train.py").write_text("rate = 0.1\n")
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.email", "test@example.org"],
        ["config", "user.name", "Test"],
        ["remote", "add", "origin", "https://me:hunter2@example.org/code.git"],
        ["add", "."],
        ["commit", "-qm", "first"],
    ):
        subprocess.run(["git", *words], check=True)
    return folder


def test_a_run_knows_its_code_and_machine(
    settings: Settings, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PASSWORD", "correct horse battery")
    monkeypatch.setattr(sys, "argv", ["train.py", "--rate", "0.1", "--api-key=s3cr3t", "--token", "hunter2"])
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    with castalia.run("clean", seed=3) as clean:
        pass
    (repository / "train.py").write_text("rate = 0.2\npassword = 'hunter2'\n")
    with castalia.run("dirty", tags={"mlflow.user": "somebody"}) as dirty:
        pass
    run, files = seen(settings, clean.run_id)
    tags = run["tags"]
    assert tags["mlflow.source.git.commit"] == tags["castalia.git.commit"] == commit
    assert (tags["mlflow.source.git.branch"], tags["castalia.git.dirty"]) == ("main", "false")
    assert (tags["mlflow.source.name"], tags["mlflow.source.type"]) == ("train.py", "LOCAL")
    assert tags["castalia.seed"] == "3" and tags["castalia.host"] and tags["mlflow.user"]
    assert tags["castalia.command"].endswith("train.py --rate 0.1 --api-key=<masked> --token <masked>")
    assert tags["mlflow.source.git.repoURL"] == "https://me:<masked>@example.org/code.git"
    noted = json.loads(files["castalia/environment.json"])
    assert "MY_PASSWORD" in noted["variables"] and noted["packages"]["numpy"] == __import__("numpy").__version__
    assert "castalia/diff.patch" not in files
    run, more = seen(settings, dirty.run_id)
    assert run["tags"]["castalia.git.dirty"] == "true" and run["tags"]["mlflow.user"] == "somebody"
    diff = more["castalia/diff.patch"].decode()
    assert "-rate = 0.1" in diff and "+rate = 0.2" in diff and "+password = '<masked>'" in diff
    kept = b"".join([*files.values(), *more.values(), (settings.home / "castalia.db").read_bytes()])
    for secret in (b"hunter2", b"s3cr3t", b"correct horse"):
        assert secret not in kept


def test_less_is_noted_where_less_is_asked_for(settings: Settings, repository: Path) -> None:
    (repository / "train.py").write_text("rate = 0.3\n")
    with castalia.run("minimal", capture="minimal") as minimal, castalia.run("none", capture="none") as none:
        pass
    run, files = seen(settings, minimal.run_id)
    assert run["tags"]["castalia.git.commit"] and files == {}
    run, files = seen(settings, none.run_id)
    assert run["tags"] == {} and files == {}
    with pytest.raises(WrongInput):
        castalia.run("other", capture="some")


@pytest.mark.parametrize("place", ["no repository", "no commit", "no git", "folder that is gone"])
def test_without_a_repository(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [str(folder / "train.py")])
    if place == "no commit":
        subprocess.run(["git", "init", "-q"], check=True)
    if place == "no git":
        monkeypatch.setenv("PATH", str(folder))
    if place == "folder that is gone":
        folder.rmdir()
    with castalia.run("plain") as run:
        run.log(1, loss=1.0)
    found, _ = seen(settings, run.run_id)
    assert found["status"] == "done" and found["metrics"]["loss"] == 1.0
    assert not [key for key in found["tags"] if "git" in key]


def test_a_large_diff_is_cut_and_masked_up_to_the_cut(repository: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    lines = [f"line {number} of a file that has grown, token: {token}\n" for number in range(40_000)]
    (repository / "train.py").write_text("".join(lines))
    found = Repository.around(repository)
    assert found is not None
    diff = found.diff()
    assert len(diff.encode()) <= MAX_DIFF and diff.endswith("larger than 1 MB\n") and len(diff) > MAX_DIFF // 2
    assert "ghp_" not in diff and "a1B2a1B2" not in diff


def test_programs_named_by_a_repository_are_not_run(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in ("diff.external", "core.fsmonitor", "core.pager", "diff.x.textconv"):
        subprocess.run(["git", "config", name, str(trap)], check=True)
    (repository / ".gitattributes").write_text("*.py diff=x\n")
    (repository / "train.py").write_text("rate = 0.9\n")
    found = Repository.around(repository)
    assert found is not None and "+rate = 0.9" in found.diff() and found.tags()
    assert not (tmp_path / "sprung").exists()


SECRETS = [
    "password = 'tr0ub4dor'",
    "PASSWORD=tr0ub4dor",
    'db_password: "tr0ub4dor"',
    "+  api_key='tr0ub4dor',",
    "AWS_SECRET_ACCESS_KEY = tr0ub4dor/abc+def",
    '{"auth_token": "tr0ub4dor"}',
    "Authorization: Bearer tr0ub4dor.abc",
    "curl -H 'authorization: basic dHIwdWI0ZG9y='",
    "postgresql://me:tr0ub4dor@host/db",
    "x = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz'",
    "key AKIAIOSFODNN7EXAMPLE here",
    "sk-proj-tr0ub4dortr0ub4dor",
    "hf_abcdefghijklmnopqrstuvwxyz",
    "t = eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_DEF-123",
    "wJalrXUtnFEMI7K7MDENGbPxRfiCYzEXAMPLEKEY",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "+DB_PASSWORD=correcthorse",
    "+export DB_PASSWORD=correct.horse",
    "+password: correcthorsebattery",
    "-  smtp_pass: correcthorse  # of the mail",
    "secret: correcthorse",
    "{user: me, dbPassword: correcthorse}",
    "db.password=correcthorse",
    "postgres://u:pa@correcthorse@h/db",
    "postgres://u:pa/correcthorse@h/db",
]
PLAIN = [
    "def test_that_the_loss_goes_down_in_ten_steps(settings: Settings) -> None:",
    "token = tokenizer.next_token(text)",
    "from castalia.core.contract import Milestone, Claim, Mutant, Subject",
    "    passwords: list[str] = []",
    "secret = None",
    "loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x), y)",
    "learning_rate=0.0001 batch_size=128 hidden_dimensions=512",
    "index 83db48f..bf2a1c4 100644",
    "--- a/src/castalia/kit/training/very_long_module_name_here.py",
    "tokens = 128",
    "def login(user: str, password: str, token: bytes | None = None) -> None:",
    "    password: Optional[str] = given",
    "    login(user, password=given, token=settings.token)",
    "        api_key=given,",
    "    return text[token.start : token.end], {'token': found}",
    "# Second pass: the arrays of every row; mail to http://localhost:8000/x?to=me@example.org",
    "pass_fds=(theirs_in, theirs_out), pass_through=True",
]


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_masked(line: str) -> None:
    found = masked(line)
    assert "<masked>" in found, found
    for secret in ("tr0ub4dor", "dHIwdWI0", "0123456789abc", "AKIAIOS", "eyJhbG", "wJalr", "9f86d0", "horse"):
        assert secret not in found


@pytest.mark.parametrize("line", PLAIN)
def test_code_stays(line: str) -> None:
    assert masked(line) == line


def test_a_key_in_a_file_is_masked_line_by_line() -> None:
    text = "+a\n+-----BEGIN RSA PRIVATE KEY-----\n+MIIEow\n+abc\n+-----END RSA PRIVATE KEY-----\n+b\n"
    assert masked(text) == "+a\n+<masked>\n+<masked>\n+<masked>\n+<masked>\n+b\n"
    assert "MIIEow" not in masked("-----BEGIN PRIVATE KEY-----\nMIIEow\n")


def test_words_drawn_by_chance_are_found() -> None:
    """Nearly every random token of 32 letters and digits is taken for one."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    letters = string.ascii_letters + string.digits
    words = ["".join(draw.choices(letters, k=32)) for _ in range(500)]
    assert sum(is_random(word) for word in words) >= 490
    assert masked_command(["python", "x.py", "-k", "a b", "--db-password", "p w"]) == (
        "python x.py -k 'a b' --db-password <masked>"
    )
    given = ["mysql", "-p", "hunter2", "-p=hunter2", "--no-op", "db.password=hunter"]
    assert masked_command(given) == "mysql -p <masked> -p=<masked> --no-op db.password=<masked>"


def test_masking_our_own_code_hides_little_of_it() -> None:
    """Of what a word of code stands for, nearly nothing is taken for a secret; hashes and examples of tokens may be."""
    lines = [
        line for path in Path(castalia.__file__).parent.glob("track/**/*.py") for line in path.read_text().split("\n")
    ]
    hidden = [line for line in lines if masked(line) != line]
    assert len(lines) > 5_000 and len(hidden) <= 5, hidden


HOSTILE = ["a-", "x://", "ab://:", "_key-", "pwd =", "pwd='", "eyJ-", "basic "]


@pytest.mark.parametrize(("piece", "lines"), [("pwd_", 300), *((piece, 30) for piece in HOSTILE)])
def test_masking_is_linear(piece: str, lines: int) -> None:
    """A diff made to mislead the patterns: its 3 MB take a second, and half a minute if a line costs its square."""
    line = piece * ((LONGEST - 1) // len(piece)) + "\n"
    done = threading.Event()
    work = threading.Thread(target=lambda: (masked(line * lines), done.set()), daemon=True)
    work.start()
    assert done.wait(20), f"{piece!r} takes for ever"


def test_the_machine_is_sampled(settings: Settings) -> None:
    machine = Machine()
    sum(number**2 for number in range(300_000))
    values = machine.sample()
    assert values["process_memory_megabytes"] > 1 and values["process_cpu_percentage"] > 0
    if Path("/proc/stat").exists():
        assert 0 < values["system_memory_usage_percentage"] <= 100
        assert 0 <= values.get("cpu_utilization_percentage", 0) <= 100
    with castalia.run("sampled", capture="none") as run:
        sampler = Sampler(run, every=0.02)
        run.ending.append(sampler.stop)
        sampler.start()
        wait_for(lambda: run.flush() or len(steps(settings, run.run_id)) >= 3)
    assert steps(settings, run.run_id) == list(range(len(steps(settings, run.run_id))))


def steps(settings: Settings, run_id: str) -> list[int]:
    with Store.open(settings.home) as store:
        return store.metrics(run_id, ["system/process_memory_megabytes"]).get(
            "system/process_memory_megabytes", {"step": []}
        )["step"]


def test_what_nvidia_smi_says() -> None:
    (first, second) = parsed("12, 300, 1000\n [N/A] , 0, 1000\nno device\n")
    assert first == (12.0, 300.0, 1000.0) and second[0] != second[0] and second[1:] == (0.0, 1000.0)


def test_alerts_are_few(settings: Settings) -> None:
    with castalia.run("alerts", capture="none") as run:
        for _ in range(5):
            run.alert("the same")
        run.alert("the same", level="error")
        for number in range(200):
            run.alert(f"number {number}")
        run.watch()
        for step in range(3):
            run.log(step, loss=float("nan"), acc=float("inf"), fine=1.0)
    with Store.open(settings.home) as store:
        texts = [(each["level"], each["text"]) for each in store.alerts(run.run_id)]
    assert len(texts) == 10 and texts.count(("warning", "the same")) == 1 and ("error", "the same") in texts


def test_a_watched_run_says_what_is_not_finite_once(settings: Settings) -> None:
    with castalia.run("watch", capture="none") as run:
        run.log(0, loss=float("nan"))
        run.watch()
        for step in range(3):
            run.log(step, loss=float("nan"), acc=float("-inf"), fine=1.0)
    with Store.open(settings.home) as store:
        assert sorted(each["text"] for each in store.alerts(run.run_id)) == ["acc is not finite", "loss is not finite"]


def test_what_a_run_may_say() -> None:
    muting = Muting(a_run=4, a_minute=3)
    assert [muting.admits(key) for key in "aabbccdd"] == [True, False, True, False, True, False, False, False]
    assert muting.muted == 2, "said before is not left out"


def test_in_threads_and_in_a_script_read_from_a_pipe(settings: Settings, tmp_path: Path) -> None:
    found: list[str] = []

    def work() -> None:
        with castalia.run("thread") as run:
            run.log(1, loss=1.0)
        found.append(run.run_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({seen(settings, run_id)[0]["run_id"] for run_id in found}) == 4
    code = "import castalia\nwith castalia.run('pipe') as run: run.log(1, loss=1.0)\nprint(run.run_id)"
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=50, check=True)
    run, _ = seen(settings, done.stdout.strip())
    assert run["tags"]["mlflow.source.name"] == "python"


def test_in_a_notebook(settings: Settings, tmp_path: Path) -> None:
    """A shell of the kind a kernel has says so; the run ends where the notebook says, not with a block."""
    code = """
        import sys, types, castalia
        class ZMQInteractiveShell: ...
        sys.modules["IPython"] = types.ModuleType("IPython")
        sys.modules["IPython"].get_ipython = ZMQInteractiveShell
        run = castalia.run("notebook")
        run.log(1, loss=0.5)
        run.finish()
        print(run.run_id)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=50, check=True
    )
    run, _ = seen(settings, done.stdout.strip())
    assert (run["tags"]["mlflow.source.type"], run["status"]) == ("NOTEBOOK", "done")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_that_ends_in_good_order_does_not_end_its_parents_run(settings: Settings) -> None:
    code = """
        import os, sys, castalia
        run = castalia.run("parent", capture="none")
        if os.fork() == 0:
            run.finish("failed")
            sys.exit(0)  # and what is called at exit is called in the child, too
        os.wait()
        run.log(1, loss=2.0)
        print(run.run_id)
        run.finish("cancelled")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    run, _ = seen(settings, done.stdout.strip())
    assert run["status"] == "cancelled" and run["metrics"] == {"loss": 2.0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_may_begin_a_run_of_its_own(settings: Settings) -> None:
    with castalia.run("parent") as run:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with castalia.run("child") as own:
                    own.log(1, loss=1.0)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        run.log(1, loss=2.0)
    with Store.open(settings.home) as store:
        assert {(each["experiment"], each["status"]) for each in store.runs().items} == {
            ("parent", "done"),
            ("child", "done"),
        }
