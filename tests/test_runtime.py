"""runtime: fits, versions, hosts, state; and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from castalia import catalog, runtime
from castalia.core.errors import CastaliaError, Conflict, NotFound, Refused, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.runtime import manifest as manifests
from castalia.runtime.opening import ready
from castalia.runtime.state import State
from castalia.track import Store

SLOPE = {"steps": 20}


def test_a_fit_leaves_a_run_a_version_and_no_drafts(toys: Settings) -> None:
    fitted = runtime.fit("toys/slope", SLOPE, settings=toys)
    assert fitted.version == 1 and fitted.label == "toys.slope@1"
    with Store.open(toys.home) as store:
        run = store.run(fitted.run_id)
        assert run["status"] == "done" and run["params"]["steps"] == "20"
        assert run["metrics"]["test_error"] == pytest.approx(fitted.metrics["test_error"])
        assert len(store.metrics(fitted.run_id, ["loss"])["loss"]["step"]) == 20
    assert sorted(path.name for path in (toys.home / "models" / "toys.slope").iterdir()) == ["1"]
    assert not list((toys.home / "work").iterdir())
    manifest = json.loads((toys.home / "models/toys.slope/1/manifest.json").read_text())
    assert manifest["params"]["steps"] == 20 and manifest["files"].keys() == {"slope.json"}
    assert manifest["libraries"]["numpy"] and manifest["code"] and manifest["example"] == {"x": 0.5}


def test_versions_count_up_and_addresses_find_them(toys: Settings) -> None:
    for slope in (1.0, 2.0, 3.0):
        runtime.fit("toys/slope", {**SLOPE, "slope": slope, "steps": 60}, as_="line", settings=toys)

    def height(address: str) -> float:
        model = runtime.load(address, toys)
        return float(round(model(model.input(x=1.0)).y))

    assert [height("line"), height("line@1"), height("line@2"), height("line@champion")] == [3, 1, 2, 3]
    with Store.open(toys.home) as store:
        store.set_alias("line", "champion", 1)
    assert [height("line"), height("line@3")] == [1, 3]
    with pytest.raises(NotFound, match="9"):
        height("line@9")


def test_a_quick_fit_makes_no_version(toys: Settings) -> None:
    fitted = runtime.fit("toys/slope", quick=True, settings=toys)
    assert fitted.version is None and fitted.metrics
    with pytest.raises(NotFound, match="no version yet"):
        runtime.load("toys/slope", toys)


def test_flags_of_a_quick_fit_win_over_quick(toys: Settings) -> None:
    fitted = runtime.fit("toys/slope", {"steps": 7}, quick=True, settings=toys)
    with Store.open(toys.home) as store:
        assert store.run(fitted.run_id)["params"]["steps"] == "7"


def test_wrong_parameters_are_refused_before_a_run_exists(toys: Settings) -> None:
    with pytest.raises(WrongInput) as caught:
        runtime.fit("toys/slope", {"stepz": 7}, settings=toys)
    assert caught.value.field == "stepz" and "steps" in str(caught.value)
    assert not (toys.home / "castalia.db").exists()


def test_a_model_may_not_take_the_name_of_a_system_or_of_another_ones_model(toys: Settings) -> None:
    with pytest.raises(Conflict, match="churn"):
        runtime.fit("toys/slope", SLOPE, as_="churn", settings=toys)
    for name in ("a/b", "../x", "a@1", "A"):
        with pytest.raises(WrongInput):
            runtime.fit("toys/slope", SLOPE, as_=name, settings=toys)


@pytest.mark.parametrize("change", ["bytes", "more", "less", "link", "manifest"])
def test_an_altered_version_is_refused(toys: Settings, change: str) -> None:
    runtime.fit("toys/slope", SLOPE, settings=toys)
    folder = toys.home / "models/toys.slope/1"
    if change == "bytes":
        (folder / "slope.json").write_text("9.0")
    elif change == "more":
        (folder / "extra.pkl").write_bytes(b"x")
    elif change == "less":
        (folder / "slope.json").unlink()
    elif change == "link":
        (folder / "slope.json").rename(toys.home / "slope.json")
        (folder / "slope.json").symlink_to(toys.home / "slope.json")
    else:
        text = (folder / "manifest.json").read_text()
        (folder / "manifest.json").write_text(text.replace('"steps": 20', '"steps": 21'))
    with pytest.raises(Refused, match=r"toys\.slope@1"):
        runtime.load("toys/slope", toys)


def test_loading_unpickles_nothing(toys: Settings) -> None:
    runtime.fit("toys/slope", SLOPE, settings=toys)
    code = (
        "import sys; found = []\n"
        "sys.addaudithook(lambda name, args: found.append(args) if name == 'pickle.find_class' else None)\n"
        "import castalia; castalia.load('toys/slope'); print(found)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.strip() == "[]"


def test_metrics_must_be_finite() -> None:
    with pytest.raises(CastaliaError, match="auc is not finite"):
        manifests.finite({"auc": float("nan")}, "toy")
    with pytest.raises(CastaliaError, match="no metrics"):
        manifests.finite({}, "toy")
    with pytest.raises(CastaliaError, match="fit returned no metrics"):
        manifests.finite(None, "toy")
    with pytest.raises(CastaliaError, match="metric loss is no number"):
        manifests.finite({"loss": "low"}, "toy")


def test_a_shelf_that_is_not_trusted_is_named(toys: Settings) -> None:
    with pytest.raises(NotFound, match="no trusted shelf 'mine'") as caught:
        runtime.resolve("mine/slope", toys)
    assert "castalia shelf trust" in caught.value.cure


def test_hosts_answer_as_python_does(toys: Settings) -> None:
    runtime.fit("toys/slope", SLOPE, as_="line", settings=toys)
    model = runtime.load("line", toys)
    hosts = runtime.Hosts(toys)
    try:
        for x in (-1.0, 0.0, 2.5):
            answer = hosts.call("line", {"x": x})
            assert answer.output == model(model.input(x=x)).plain() and answer.label == "line@1"
        assert hosts.predict("line", {"columns": {"x": [1.0]}}).output["columns"]["y"] == [model(model.input(x=1.0)).y]
    finally:
        hosts.close()


def test_a_host_that_was_killed_is_started_again(toys: Settings) -> None:
    hosts = runtime.Hosts(toys)
    try:
        hosts.call("toys/stamp", {"image": example_image()})
        for pid in children("castalia.jobs.host"):
            os.kill(pid, signal.SIGKILL)
        assert hosts.call("toys/stamp", {"image": example_image()}).output["brightness"] == 0
    finally:
        hosts.close()
    assert not children("castalia.jobs.host")


def test_a_writing_verb_is_not_asked_twice_when_its_host_dies(toys: Settings) -> None:
    hosts = runtime.Hosts(toys)
    try:
        hosts.describe("toys/notes")
        target = runtime.resolve("toys/notes", toys)
        assert [hosts._writes(target, verb) for verb in ("", "add", "read_out", "never_seen")] == [
            False,
            True,
            False,
            True,
        ]
    finally:
        hosts.close()


SYSTEM = """
import os, pathlib, time
from castalia.core.system import Field, Record, System

class Params(Record):
    n: int = Field(1, ge=0, description="n")

class Input(Record):
    x: float = Field(examples=[1.0], description="x")

class Output(Record):
    y: float = Field(description="y")

class Toy(System[Params, Input, Output]):
    'A toy.'
    QUICK = Params()

    def __call__(self, x: Input) -> Output:
        with open(pathlib.Path(__file__).parent / "asked", "a") as log:
            log.write("x")
        if x.x == 9:
            time.sleep(60)
        if x.x == 8:
            os.abort()
        return Output(y=x.x)
"""


def shelf_with(settings: Settings, folder: Path, **files: str) -> None:
    """A trusted shelf ``own`` with one project a keyword, its file as given."""
    for name, text in files.items():
        (folder / "own" / name).mkdir(parents=True)
        card = 'skill = "Python"\ntitle = "Toy"\nsummary = "A toy."\n'
        (folder / "own" / name / "card.toml").write_text(card)
        (folder / "own" / name / f"{name}.py").write_text(text)
    catalog.trust(folder / "own", settings)


def test_a_model_of_a_shelf_that_is_gone_hides_no_system(settings: Settings, tmp_path: Path) -> None:
    catalog.trust(Path(__file__).parent / "toy_shelf", settings, "toys")
    runtime.fit("toys/slope", SLOPE, as_="line", settings=settings)
    catalog.distrust("toys", settings)
    with pytest.raises(NotFound, match=r"line@1 was made by toys/slope, which is not here(.|\n)*shelf trust"):
        runtime.resolve("line", settings)
    shelf_with(settings, tmp_path, toy=SYSTEM)
    with Store.open(settings.home) as store:  # a model of this name, made by what is gone
        run_id = store.create_run("x")
        store.add_version("own.toy", "toys/slope", run_id, "models/own.toy/1")
        assert ready(catalog.card("own/toy", settings), settings, store) is None


def test_a_call_that_hangs_is_asked_once_and_the_next_one_works(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf_with(settings, tmp_path, toy=SYSTEM)
    monkeypatch.setattr("castalia.runtime.hosts.CALL_SECONDS", 3.0)
    hosts = runtime.Hosts(settings)
    try:
        with pytest.raises(Unavailable, match=r"own\.toy@quick took too long"):
            hosts.call("own/toy", {"x": 9})
        assert (tmp_path / "own" / "toy" / "asked").read_text() == "x", "what was too late is not done twice"
        assert hosts.call("own/toy", {"x": 1}).output == {"y": 1.0}
    finally:
        hosts.close()


def test_a_model_that_crashes_its_process_is_named_and_its_traceback_stays_here(
    settings: Settings, tmp_path: Path
) -> None:
    shelf_with(settings, tmp_path, toy=SYSTEM)
    hosts = runtime.Hosts(settings)
    try:
        with pytest.raises(Unavailable) as caught:
            hosts.call("own/toy", {"x": 8})
        said = json.dumps(caught.value.as_dict())
        assert "own.toy@quick" in said and "SIGABRT" in said and "File" not in said
        assert any("toy.py" in line for line in caught.value.log)
        assert hosts.call("own/toy", {"x": 1}).output == {"y": 1.0}
    finally:
        hosts.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def (", "SyntaxError"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("from .toy import nothing", "ImportError"),
        ("import no_such_module", "no_such_module"),
        ("x = 1", "holds 0 systems"),
        (SYSTEM.replace("n: int", "json: int"), "'json'"),
    ],
)
def test_broken_code_is_named_without_its_place(settings: Settings, tmp_path: Path, text: str, said: str) -> None:
    shelf_with(settings, tmp_path, toy=text)
    hosts = runtime.Hosts(settings)
    try:
        for ask in (lambda: hosts.describe("own/toy"), lambda: hosts.call("own/toy", {"x": 1})):
            with pytest.raises(CastaliaError) as caught:
                ask()
            words = str(caught.value)
            assert "toy" in caught.value.subject and said in words and str(tmp_path) not in words
        assert [card.address for card in catalog.cards(settings)][-1] == "own/toy"
    finally:
        hosts.close()


@pytest.mark.slow
def test_code_that_hangs_at_import_holds_few_threads(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf_with(settings, tmp_path, toy="while True: pass")
    monkeypatch.setattr("castalia.runtime.hosts.DRAW_SECONDS", 4.0)
    monkeypatch.setattr("castalia.runtime.hosts.DRAW_WAITS", 0.2)
    monkeypatch.setattr("castalia.runtime.hosts.DRAWN_AT_ONCE", 1)
    hosts = runtime.Hosts(settings)
    said: list[str] = []

    def ask() -> None:
        try:
            hosts.describe("own/toy")
        except Unavailable as error:
            said.append(str(error))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert sum("still being imported" in words for words in said) == 2
    assert sum("took too long" in words for words in said) == 1


def example_image() -> str:
    import numpy as np

    from castalia.core.fields import Image

    return Image.of(np.zeros((8, 8), np.uint8)).uri


def children(mark: str) -> list[int]:
    """The processes of this test that run ``mark``, found by what /proc says of them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
            parent = int((path.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if mark in words and parent == os.getpid():
            found.append(int(path.parent.name))
    return found


def test_the_pool_closes_what_is_asked_least(toys: Settings) -> None:
    for name in ("one", "two", "three"):
        runtime.fit("toys/slope", SLOPE, as_=name, settings=toys)
    hosts = runtime.Hosts(toys, limit=2)
    try:
        for name in ("one", "two", "three", "one"):
            assert hosts.call(name, {"x": 1.0}).label == f"{name}@1"
        assert len(hosts._open) == 2
    finally:
        hosts.close()


def test_a_failure_inside_a_system_shows_no_secret(toys: Settings) -> None:
    hosts = runtime.Hosts(toys)
    try:
        with pytest.raises(CastaliaError) as caught:
            hosts.call("toys/notes", {"author": "Ada"}, "crash")
        assert "secret" not in str(caught.value) and caught.value.status == 500
        assert hosts.call("toys/notes", {"author": "Ada"}).output["count"] == 0
    finally:
        hosts.close()


def test_streams_come_bit_by_bit(toys: Settings) -> None:
    hosts = runtime.Hosts(toys)
    try:
        hosts.call("toys/notes", {"author": "Ada", "text": "a b c"}, "add")
        assert [bit["word"] for bit in hosts.tell("toys/notes", {"author": "Ada"}, "read_out")] == ["a", "b", "c"]
    finally:
        hosts.close()


def test_describe_is_the_same_in_a_child_and_here(toys: Settings) -> None:
    runtime.fit("toys/slope", SLOPE, settings=toys)
    hosts = runtime.Hosts(toys)
    try:
        for address in ("toys/slope", "toys/notes", "toys/stamp"):
            assert hosts.describe(address) == runtime.describe(address, toys)
    finally:
        hosts.close()


def test_state_is_durable_and_knows_who_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "m.db"
    State(path, "m@1")["a"] = {"n": [1, None]}
    again = State(path, "m@2")
    assert again["a"] == {"n": [1, None]} and again.written_by("a") == "m@1"
    again["b"] = 2
    assert list(again) == ["a", "b"] and len(again) == 2 and again.written_by("b") == "m@2"
    with pytest.raises(ZeroDivisionError), again.transaction():
        again["c"] = 3
        raise ZeroDivisionError
    assert "c" not in again
    again.erase()
    assert len(again) == 0
    again.close()
    assert b"None" not in path.read_bytes() and b'"n"' not in path.read_bytes()


def test_state_of_another_model_is_another_file(toys: Settings) -> None:
    runtime.fit("toys/slope", SLOPE, as_="one", settings=toys)
    runtime.fit("toys/slope", SLOPE, as_="two", settings=toys)
    one, two = runtime.load("one", toys), runtime.load("two", toys)
    one.state["k"] = 1
    assert "k" not in two.state and runtime.load("one", toys).state["k"] == 1


def kill_fit(settings: Settings, delay: float) -> tuple[str, str]:
    """Start a fit in a shell of its own, kill that shell's worker after ``delay``; (state, run id)."""
    with runtime.shell_jobs(settings) as jobs:
        params = {"steps": 40, "pause": 0.02}
        job, run_id = runtime.submit(jobs, "toys/slope", params, as_="line", settings=settings)
        time.sleep(delay)
        subprocess.run(["pkill", "-KILL", "-f", f"castalia.jobs.worker {jobs.folder / job.id}"], check=False)
        state = jobs.wait(job.id, timeout=30).state
        with Store.open(settings.home) as store:
            runtime.settle(jobs, store)
        return state, run_id


def test_a_killed_fit_is_marked_failed_and_keeps_its_numbers(toys: Settings) -> None:
    seed = random.randrange(2**32)
    print(f"seed of the kill: {seed}")
    for delay in (random.Random(seed).uniform(0.2, 1.6) for _ in range(3)):
        check_kill(toys, delay)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills(toys: Settings) -> None:
    seed = random.randrange(2**32)
    print(f"seed of the kills: {seed}")
    generator = random.Random(seed)
    for _ in range(100):
        check_kill(toys, generator.uniform(0.0, 2.0))


def check_kill(settings: Settings, delay: float) -> None:
    """A kill may come after the version was whole and before the job could say so: then the run is done."""
    state, run_id = kill_fit(settings, delay)
    with Store.open(settings.home) as store:
        run = store.run(run_id)
        kept = store.metrics(run_id).get("loss", {"step": []})["step"]
        assert kept == list(range(len(kept))), "what was kept has no holes"
        versions = store.versions("line") if any(m["name"] == "line" for m in store.models()) else []
        made = [version.run_id for version in versions].count(run_id)
    assert (run["status"], made) in (("done", 1), ("failed", 0)), (state, run)
    assert state == "failed" or made == 1
    if made:
        runtime.load("line", settings)


def test_a_fit_whose_shell_was_killed_ends_and_is_settled(toys: Settings) -> None:
    code = (
        "import castalia.runtime as r, time\n"
        "from castalia.core.settings import Settings\n"
        "s = Settings.read()\n"
        "with r.shell_jobs(s) as jobs:\n"
        "    job, run = r.submit(jobs, 'toys/slope', {'steps': 1000, 'pause': 0.05}, settings=s)\n"
        "    print(run, flush=True); time.sleep(60)"
    )
    shell = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    run_id = shell.stdout.readline().strip()
    with Store.open(toys.home) as store:
        deadline = time.monotonic() + 30
        while not store.metrics(run_id) and time.monotonic() < deadline:
            time.sleep(0.05)
    shell.kill()
    shell.wait()
    with Store.open(toys.home) as store:
        runtime.settle_shells(toys, store)
        assert store.run(run_id)["status"] in ("failed", "cancelled")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and workers(toys.home):
        time.sleep(0.2)
    assert not workers(toys.home), "an orphan stayed"


def workers(home: Path) -> list[str]:
    done = subprocess.run(["pgrep", "-f", f"castalia.jobs.*{home}"], capture_output=True, text=True, check=False)
    return done.stdout.split()
