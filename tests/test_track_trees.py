"""castalia.track.files: trees of files on this disk and in fsspec stores, and what may be thrown away."""

from __future__ import annotations

import hashlib
import io
import os
import random
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import quick_first

from castalia.core.errors import CastaliaError, NotFound, Refused, TooLarge, Unavailable, WrongInput
from castalia.track import Store, schema
from castalia.track.files.incoming import Incoming
from castalia.track.files.local import LocalTree
from castalia.track.files.names import checked_path, checked_wire_path
from castalia.track.files.parts import Parts
from castalia.track.files.remote import DRIVERS, OBJECT_STORES, RemoteTree, without_credentials
from castalia.track.files.sweeping import keys_of
from castalia.track.files.tree import IsFolder, Tree

Make = Callable[[], Tree]


def memory(tmp_path: Path) -> RemoteTree:
    """A folder of its own in the store that all share."""
    return RemoteTree(f"memory://{secrets.token_hex(8)}/inner", tmp_path / "staging")


def on_disk(tmp_path: Path) -> RemoteTree:
    """A second driver, with real folders and renames; it reads this disk, so it is let in by a test alone."""
    DRIVERS["file"] = "fsspec"
    try:
        return RemoteTree(f"file://{tmp_path}/{secrets.token_hex(8)}", tmp_path / "staging")
    finally:
        del DRIVERS["file"]


def as_object_store(tmp_path: Path) -> RemoteTree:
    """Handed over without a move, as object stores are."""
    made = memory(tmp_path)
    made.atomic = True
    return made


def local(tmp_path: Path) -> LocalTree:
    return LocalTree(tmp_path / secrets.token_hex(8))


KINDS = (local, memory, on_disk, as_object_store)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    return request.param(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "home") as opened:
        yield opened


def put(tree: Tree, path: str, content: bytes) -> None:
    with Incoming(tree.staging, 2**30) as incoming:
        incoming.write(content)
        tree.keep(incoming, path)


def read(tree: Tree, path: str, start: int = 0, end: int | None = None) -> bytes:
    with tree.open(path) as file:
        return b"".join(file.pieces(start, end))


def all_of(tree: Tree) -> dict[str, bytes]:
    return {path: read(tree, path) for path, _ in tree.walk()}


# --- one file ------------------------------------------------------------------------------------


def test_what_was_kept_is_read_whole_and_by_range(tree: Tree) -> None:
    content = random.Random(0).randbytes(9_000_001)
    put(tree, "a/b/model.bin", content)
    put(tree, "a/empty", b"")
    with tree.open("a/b/model.bin") as file:
        assert file.found.size == len(content)
        assert b"".join(file.pieces()) == content
    for start, end in ((0, 1), (5, 5), (4_194_303, 4_194_305), (9_000_000, None), (0, 9_000_001)):
        assert read(tree, "a/b/model.bin", start, end) == content[start:end]
    assert read(tree, "a/empty") == b""
    assert [(each.name, each.is_folder, each.size) for each in tree.listing("a")] == [
        ("b", True, 0), ("empty", False, 0)]  # fmt: skip
    assert list(tree.staging.iterdir()) == []


def test_a_file_is_replaced_and_its_mark_with_it(tree: Tree) -> None:
    put(tree, "x", b"one")
    with tree.open("x") as file:
        before = file.found
    time.sleep(0.02)  # a clock of the file system may tick slowly
    put(tree, "x", b"two")
    with tree.open("x") as file:
        assert file.found.size == before.size
        assert file.found.mark != before.mark
    assert read(tree, "x") == b"two"
    assert dict(tree.walk())["x"] == tree.open("x").found, "a list and a look give one mark"


def test_what_is_not_there(tree: Tree) -> None:
    put(tree, "folder/x", b"x")
    for path in ("absent", "folder/absent", "folder/x/inner", "folde"):
        with pytest.raises(NotFound):
            tree.open(path)
        assert tree.delete(path) is False
        assert tree.listing(path) == []
        assert list(tree.walk(path)) == []
    with pytest.raises(IsFolder):
        tree.open("folder")
    assert tree.listing("folder/x") == []


def test_a_file_and_a_folder_cannot_have_one_name(tree: Tree) -> None:
    put(tree, "a/b", b"kept")
    for path in ("a", "a/b/c", "a/b/c/d"):
        with pytest.raises(WrongInput, match="in the way"):
            put(tree, path, b"no")
    assert all_of(tree) == {"a/b": b"kept"}
    assert list(tree.staging.iterdir()) == []


def test_reading_a_replaced_file_gives_the_old_or_fails(tree: Tree) -> None:
    old, new = b"o" * 9_000_000, b"n" * 9_000_000
    put(tree, "x", old)
    with tree.open("x") as file:
        pieces = file.pieces()
        first = next(pieces)
        time.sleep(0.02)
        put(tree, "x", new)
        try:
            rest = b"".join(pieces)
        except Unavailable:
            return
    assert first + rest == old


names = st.lists(st.sampled_from(["a", "b", "a.txt", "a-b", "ü", " c", "%2e"]), min_size=1, max_size=3).map("/".join)
steps = st.lists(st.tuples(st.sampled_from(["put", "delete"]), names, st.binary(max_size=9)), max_size=12)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(steps=steps)
def test_a_tree_is_a_table_of_names(
    kind: Callable[[Path], Tree], steps: list[tuple[str, str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Against a dictionary: what is there, what is refused, what each folder lists."""
    tree, there = kind(tmp_path_factory.mktemp("tree")), dict[str, bytes]()
    for step, path, content in steps:
        below = [each for each in there if each.startswith(f"{path}/")]
        above = ["/".join(path.split("/")[:i]) for i in range(1, path.count("/") + 1)]
        if step == "delete":
            gone = [each for each in there if each == path or each in below]
            assert tree.delete(path) is bool(gone)
            for each in gone:
                del there[each]
        elif below or any(each in there for each in above):
            with pytest.raises(WrongInput):
                put(tree, path, content)
        else:
            put(tree, path, content)
            there[path] = content
    assert all_of(tree) == there
    for folder in {"", *("/".join(path.split("/")[:i]) for path in there for i in range(1, path.count("/") + 1))}:
        inner = {path.removeprefix(f"{folder}/" if folder else "") for path in there if not folder
                 or path.startswith(f"{folder}/")}  # fmt: skip
        expected = sorted((name.partition("/")[0], "/" in name) for name in inner)
        listed = [(each.name, each.is_folder) for each in tree.listing(folder)]
        if kind is as_object_store:  # there a folder is in names alone; the store in memory keeps empty ones
            listed = [each for each in listed if each in expected or not each[1]]
        assert listed == sorted(set(expected))


# --- names ---------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("./\\aCx:\0%2eEfF5c#; ~\n"), max_size=14))
def test_a_name_of_the_wire_leads_nowhere_however_often_it_is_decoded(name: str) -> None:
    from urllib.parse import unquote

    try:
        checked_wire_path(name)
    except Refused:
        return
    for _ in range(10):
        assert os.path.normpath(os.path.join("/base/run", name)) == f"/base/run/{name}"
        assert not set(name) & set("\\\0#\n")
        assert not name.startswith(("C:", "x:"))
        name = unquote(name)


def test_a_name_of_another_program_may_be_less_than_portable() -> None:
    for name in ("at 10:30.txt", "what?.html", "a.", "images/key+step+0+timestamp+17+ab.png", "epoch=1-step=2.ckpt"):
        assert checked_path(name) == checked_wire_path(name) == name
    for name in (
        "C:/x",
        "c:x",
        "file:///etc/passwd",
        "http://x",
        "a#b",
        "%2e%2e/x",
        "a/%2e%2e%2fb",
        "a\\b",
        "a" * 2000,
    ):
        with pytest.raises(Refused):
            checked_wire_path(name)


# --- the disk ------------------------------------------------------------------------------------


def test_a_folder_that_becomes_a_link_is_never_gone_through(tmp_path: Path) -> None:
    """Somebody swaps a folder for a link again and again while files are written and read."""
    tree, outside = LocalTree(tmp_path / "tree"), tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"secret")
    put(tree, "run/x", b"inside")
    real, link, over = tmp_path / "tree" / "run", tmp_path / "link", threading.Event()
    link.symlink_to(outside)

    def swap() -> None:
        while not over.is_set():
            real.rename(tmp_path / "tree" / "aside")
            os.replace(link, real)
            real.rename(link)
            (tmp_path / "tree" / "aside").rename(real)

    thread = threading.Thread(target=swap)
    thread.start()
    seen, until = set(), time.monotonic() + 2
    try:
        while time.monotonic() < until:
            try:
                seen.add(read(tree, "run/x"))
            except CastaliaError as error:
                seen.add(type(error).__name__)
    finally:
        over.set()
        thread.join()
    assert b"secret" not in seen
    assert b"inside" in seen


def test_eight_threads_writing_one_name_leave_one_whole_file_with_its_row(store: Store) -> None:
    run_id, errors, rounds = store.create_run("files"), list[Exception](), 30
    together = threading.Barrier(9)

    def write(i: int) -> None:
        for j in range(rounds):
            together.wait()
            try:
                store.add_artifact(run_id, "same/name.bin", bytes([i, j]) * (2000 + i))
            except Exception as error:
                errors.append(error)
            together.wait()

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    seen = []
    for _ in range(rounds):
        together.wait()
        together.wait()
        with store.read_artifact(run_id, "same/name.bin") as file, store.database.read() as connection:
            seen.append((b"".join(file.pieces()), file.found, connection.execute(sa.select(schema.files)).one()))
    for thread in threads:
        thread.join()
    assert errors == []
    for content, found, row in seen:
        assert content == content[:2] * (2000 + content[0])
        assert (row.size, row.modified, row.sha256) == (found.size, found.mark, hashlib.sha256(content).hexdigest())


def stamped(rng: random.Random, size: int) -> bytes:
    """Bytes that say themselves whether they are whole."""
    body = rng.randbytes(64) * (size // 64)
    return hashlib.sha256(body).digest() + body


def kill_rounds(home: Path, rounds: int, seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    with Store.open(home) as store:
        run_id = store.create_run("killed")
        store.add_artifact(run_id, "model.bin", stamped(rng, 640))
        seen = set()
        for _ in range(rounds):
            ready, begun = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    inner = random.Random(rng.random())
                    with Store.open(home) as mine:
                        os.write(begun, b"!")
                        while True:
                            mine.add_artifact(
                                run_id, "model.bin", io.BytesIO(stamped(inner, inner.randrange(4_000_000)))
                            )
                finally:
                    os._exit(1)
            rng.random()
            os.close(begun)
            os.read(ready, 1)
            os.close(ready)
            time.sleep(rng.uniform(0, 0.25))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            with store.read_artifact(run_id, "model.bin") as file:
                content = b"".join(file.pieces())
            assert content[:32] == hashlib.sha256(content[32:]).digest(), "a half file under its name"
            (item,) = store.artifacts(run_id)
            assert (item["size"], item["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
            seen.add(item["sha256"])
        assert len(seen) > 1, "no upload ever ended: the test tried nothing"
        assert {each.kind for each in store.remove_unused(0)} <= {"upload"}
        assert list(store.staging.iterdir()) == []


STEPS = (
    "open",
    "write",
    "flush",
    "fsync",
    "replace",
    "rename",
    "mkdir",
    "close",
    "stat",
    "execute",
    "sendfile",
    "unlink",
)


@pytest.mark.parametrize("stride", quick_first([4, 1], 1))
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_at_every_step_the_name_holds_a_whole_file_that_its_row_tells(tmp_path: Path, stride: int) -> None:
    """Before the first call to the system, before the second (or the fourth), and so on, until the upload ends."""
    home, contents = tmp_path / "home", (b"old" * 1000, b"newer" * 400_000)
    with Store.open(home) as store:
        run_id = store.create_run("killed")
        seen = set()
        for n in range(0, 1000, stride):
            store.add_artifact(run_id, "deep/model.bin", contents[0])
            child = os.fork()
            if child == 0:
                left = n

                def kill(frame: object, event: str, called: object) -> None:
                    nonlocal left
                    if event == "c_call" and getattr(called, "__name__", "") in STEPS:
                        left -= 1
                        if left < 0:
                            os.kill(os.getpid(), signal.SIGKILL)

                try:
                    with Store.open(home) as mine:
                        sys.setprofile(kill)
                        mine.add_artifact(run_id, "deep/model.bin", io.BytesIO(contents[1]))
                        sys.setprofile(None)
                    os._exit(0)
                finally:
                    os._exit(1)
            ended = os.waitpid(child, 0)[1]
            with store.read_artifact(run_id, "deep/model.bin") as file:
                content = b"".join(file.pieces())
            assert content in contents, f"a half file, killed at step {n}"
            seen.add(content)
            (item,) = store.artifacts(run_id)
            assert (item["size"], item["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
            if os.WIFEXITED(ended):
                assert os.WEXITSTATUS(ended) == 0 and content == contents[1]
                break
        assert n > 10 and len(seen) == 2, f"killed at {n} steps"
        store.remove_unused(0)
        assert list(store.staging.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_in_mid_upload_the_name_holds_a_whole_file(tmp_path: Path) -> None:
    kill_rounds(tmp_path / "home", rounds=6, seed=6)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_in_mid_upload_a_hundred_times(tmp_path: Path) -> None:
    kill_rounds(tmp_path / "home", rounds=100, seed=secrets.randbits(32))


# --- bounds --------------------------------------------------------------------------------------


def test_a_file_over_the_bound_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_ARTIFACT_BYTES", "1000")
    run_id = store.create_run("files")
    store.add_artifact(run_id, "x", b"y" * 1000)
    with pytest.raises(TooLarge, match="CASTALIA_ARTIFACT_BYTES"):
        store.add_artifact(run_id, "x", b"x" * 1001)
    assert store.artifact_path(run_id, "x").read_bytes() == b"y" * 1000
    assert list(store.staging.iterdir()) == []


def test_a_stream_that_breaks_leaves_the_old_file(store: Store) -> None:
    class Breaks(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            self.count = getattr(self, "count", 0) + 1
            if self.count > 3:
                raise RuntimeError("the cable")
            return b"n" * size

    run_id = store.create_run("files")
    store.add_artifact(run_id, "x", b"old")
    with pytest.raises(RuntimeError, match="cable"):
        store.add_artifact(run_id, "x", Breaks())  # type: ignore[arg-type]
    assert store.artifact_path(run_id, "x").read_bytes() == b"old"
    assert list(store.staging.iterdir()) == []


# --- other places --------------------------------------------------------------------------------


def test_all_files_may_lie_in_a_store_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_ARTIFACTS", f"memory://{secrets.token_hex(6)}")
    with Store.open(tmp_path / "home") as store:
        run_id = store.create_run("far")
        sha256 = store.add_artifact(run_id, "plots/x.bin", b"far away")
        (item,) = store.artifacts(run_id)
        assert (item["name"], item["size"], item["sha256"]) == ("plots/x.bin", 8, sha256)
        with store.read_artifact(run_id, "plots/x.bin") as file:
            assert b"".join(file.pieces()) == b"far away"
        assert store.listing(store.run_place(run_id))[0].name == "plots"
        with pytest.raises(Refused, match="not on this disk"):
            store.artifact_path(run_id, "plots/x.bin")
        assert [path for path in (tmp_path / "home" / "artifacts").rglob("*") if path.is_file()] == []
        assert store.remove_run_files(run_id) == 1
        assert store.artifacts(run_id) == []


def test_all_files_may_lie_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_ARTIFACTS", str(tmp_path / "large disk"))
    with Store.open(tmp_path / "home") as store:
        run_id = store.create_run("far")
        store.add_artifact(run_id, "x", b"x")
        assert store.artifact_path(run_id, "x") == tmp_path / "large disk" / run_id / "x"


def test_an_experiment_with_a_location_keeps_its_files_there(store: Store) -> None:
    url = f"memory://{secrets.token_hex(6)}/team"
    run_id = store.create_run("elsewhere")
    table = schema.experiments
    with store.database.write() as connection:
        connection.execute(table.update().where(table.c.name == "elsewhere").values(artifact_location=url))
    assert store.artifact_uri(run_id) == f"{url}/{run_id}/artifacts"
    sha256 = store.add_artifact(run_id, "a/x", b"there")
    put(RemoteTree(store.artifact_uri(run_id), store.staging), "by-the-client.txt", b"straight there")
    assert [(item["name"], item["sha256"]) for item in store.artifacts(run_id)] == [
        ("a/x", sha256), ("by-the-client.txt", "")]  # fmt: skip
    assert list(store.tree.walk()) == []
    assert store.remove_run_files(run_id) == 2
    assert store.artifacts(run_id) == []


@pytest.mark.parametrize("url", ["file:///etc", "/etc", "etc", "zip://x::file:///etc", "http://x/y", "s3://", "local://x",
                                 "memory::file:///etc", "s3://a::file://b", "data://x", "nope://x", ""])  # fmt: skip
def test_what_keeps_no_files_elsewhere_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(WrongInput):
        RemoteTree(url, tmp_path)


def test_a_missing_driver_is_said_with_its_pip_line_and_no_password(tmp_path: Path) -> None:
    missing = [protocol for protocol in OBJECT_STORES if not _installed(DRIVERS[protocol])]
    for protocol in missing:
        with pytest.raises(Unavailable, match=f"pip install {DRIVERS[protocol]}") as caught:
            RemoteTree(f"{protocol}://key:hunter2@bucket/x?token=hunter2", tmp_path)
        assert "hunter2" not in str(caught.value)
    assert without_credentials("ftp://me:hunter2@host:21/a/b?x=hunter2#y") == "ftp://host:21/a/b"


def test_a_store_that_does_not_answer_is_unavailable_and_says_no_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable) as caught:
        RemoteTree("ftp://me:hunter2@127.0.0.1:1/x", tmp_path)  # nothing listens there
    assert "hunter2" not in f"{caught.value}{caught.value.__context__!r}{caplog.text}"


def test_offline_nothing_elsewhere_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_OFFLINE", "1")
    with pytest.raises(Unavailable, match="OFFLINE"):
        RemoteTree("ftp://me:hunter2@127.0.0.1:1/x", tmp_path)


def _installed(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


# --- in parts ------------------------------------------------------------------------------------


def test_parts_in_any_order_make_the_file(tmp_path: Path) -> None:
    parts, upload = Parts(tmp_path), Parts(tmp_path).begin("a/x", 3)
    tags = {}
    for number, content in ((3, b"ccc"), (1, b"old"), (1, b"a" * 2_000_000), (2, b"bb")):
        with Incoming(tmp_path, 2**30) as incoming:
            incoming.write(content)
            tags[number] = parts.add(upload, number, incoming)
    with Incoming(tmp_path, 2**30) as whole:
        for wrong in ({}, {1: tags[1], 2: tags[2]}, {**tags, 4: ""}, {0: "", 1: "", 2: "", 3: ""}):
            with pytest.raises(WrongInput, match="every part"):
                parts.together(upload, "a/x", wrong, whole)
        for path in ("a/y", "", "x"):
            with pytest.raises(NotFound):
                parts.together(upload, path, tags, whole)
        assert parts.together(upload, "a/x", {**tags, 2: ""}, whole)
        assert whole.finish().read_bytes() == b"a" * 2_000_000 + b"bbccc"
    with Incoming(tmp_path, 2**30) as whole, pytest.raises(CastaliaError, match="not as it was sent"):
        parts.together(upload, "a/x", {**tags, 2: "0" * 64}, whole)
    parts.done(upload)
    with Incoming(tmp_path, 2**30) as again:
        assert not parts.together(upload, "a/x", tags, again)
    parts.abort(upload, "elsewhere")
    assert (parts.root / upload).exists()
    parts.abort(upload, "a/x")
    parts.abort(upload, "a/x")
    assert list(parts.root.iterdir()) == []
    for wrong_id in ("../x", "..", "", "0" * 31, "0" * 32, "G" * 32):
        with Incoming(tmp_path, 9) as incoming, pytest.raises(NotFound):
            parts.add(wrong_id, 1, incoming)


def test_one_part_sent_by_several_at_once_is_kept_once(tmp_path: Path) -> None:
    """Whoever is last: what was acknowledged is never deleted by another that was acknowledged too."""
    parts = Parts(tmp_path)
    senders = 4
    for _ in range(40):
        upload, ready = parts.begin("a", 1), threading.Barrier(senders)

        def send(sender: int, upload: str = upload, ready: threading.Barrier = ready) -> str:
            with Incoming(tmp_path, 99) as incoming:
                incoming.write(f"from {sender}".encode())
                incoming.finish()
                ready.wait(20)
                return parts.add(upload, 1, incoming)

        with ThreadPoolExecutor(senders) as pool:
            acknowledged = set(pool.map(send, range(senders)))
        kept = [path.name.removeprefix("1-") for path in (tmp_path / "parts" / upload).glob("1-*")]
        assert len(acknowledged) == senders and len(kept) == 1 and kept[0] in acknowledged
        with Incoming(tmp_path, 99) as whole:
            assert parts.together(upload, "a", {1: kept[0]}, whole)


# --- what may go ---------------------------------------------------------------------------------


def register(store: Store, model: str, **columns: object) -> None:
    store.add_version(model, None, None, "nowhere")
    table = schema.versions
    with store.database.write() as connection:
        newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        connection.execute(table.update().where(table.c.id == newest).values(**columns))


def forget(store: Store, *run_ids: str) -> None:
    with store.database.write() as connection:
        connection.execute(schema.runs.delete().where(schema.runs.c.run_id.in_(run_ids)))


def test_files_of_a_run_that_is_gone_may_go_but_never_what_a_version_names(store: Store) -> None:
    gone, named, alive = (store.create_run("gc") for _ in range(3))
    for run_id in (gone, named, alive):
        store.add_artifact(run_id, "model/weights.bin", b"w" * 10)
        store.add_artifact(run_id, "model2/x", b"x")
        store.add_artifact(run_id, "plot.png", b"p")
    shared = store.wire_place("team/notes.txt")
    store.keep_all(shared, [b"n"])
    register(store, "kept", source=f"mlflow-artifacts:/1/{named}/artifacts/model")
    assert store.unused(0) == []
    forget(store, gone, named)
    (tree := store.tree.root).joinpath("mine").mkdir()  # type: ignore[attr-defined]
    (tree / "mine" / "thesis.txt").write_text("not of the tracker")
    assert {(each.kind, each.name, each.size) for each in store.unused(0)} == {("files", gone, 12), ("files", named, 2)}
    store.remove_unused(0)
    left = {path for path, _ in store.tree.walk()}
    assert left == {f"{alive}/model/weights.bin", f"{alive}/model2/x", f"{alive}/plot.png",
                    f"{named}/model/weights.bin", ".shared/team/notes.txt", "mine/thesis.txt"}  # fmt: skip
    assert store.unused(0) == []
    with store.database.read() as connection:
        rows = set(connection.scalars(sa.select(schema.files.c.path)))
    assert rows == left - {"mine/thesis.txt"}


def test_files_of_a_deleted_run_go_with_it_but_for_a_registered_model(store: Store) -> None:
    run_id = store.create_run("gc")
    for name in ("model/a", "model/deep/b", "other", "modelling/c"):
        store.add_artifact(run_id, name, b"x")
    register(store, "kept", source=f"runs:/{run_id}/model")
    assert store.remove_run_files(run_id) == 2
    assert [item["name"] for item in store.artifacts(run_id)] == ["model/a", "model/deep/b"]


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("runs:/abc/model/x", ["abc/model/x"]),
        ("models:/m-1", [".models/m-1"]),
        ("mlflow-artifacts:/0/abc/artifacts", ["abc"]),
        ("mlflow-artifacts:/0/models/m-1/artifacts/x", [".models/m-1/x"]),
        ("http://host:5000/api/2.0/mlflow-artifacts/artifacts/0/abc/artifacts/m", ["abc/m"]),
        ("s3://bucket/team/abc/artifacts/m", ["abc/m"]),
        ("", []),
        ("/etc/passwd", []),
    ],
)  # fmt: skip
def test_the_source_of_a_version_says_which_files_it_needs(source: str, keys: list[str]) -> None:
    assert [key for key in keys_of(source) if not key.startswith("mlflow-artifacts/")] == keys


def test_uploads_that_died_go_and_live_ones_stay(store: Store) -> None:
    with store.incoming() as live:
        live.write(b"live")
        dead = store.incoming()
        dead.write(b"dead")
        parts = Parts(store.staging)
        upload, fresh = parts.begin("a", 2), parts.begin("b", 2)
        long_ago = time.time() - 25 * 3600
        for path in (dead.path, parts.root / upload, parts.root / upload / "about.json"):
            os.utime(path, (long_ago, long_ago))
        os.utime(parts.root, (long_ago, long_ago))
        assert {each.name for each in store.unused()} == {dead.path.name, upload}
        store.remove_dead_uploads()
        assert store.unused() == []
        assert live.path.exists() and not dead.path.exists()
        assert [each.name for each in parts.root.iterdir()] == [fresh]
        dead.drop()
