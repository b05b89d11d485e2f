"""Added data sets: kept by content, numbered, safe against crashes, races and meddling."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from castalia.core.errors import Conflict, NotFound, TooLarge, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.data import versions
from castalia.data.library import Library
from castalia.data.versions import slug

TOY = b"x,y\n1,a\n2,b\n"


@pytest.fixture
def lib(tmp_path):
    return Library(Settings(home=tmp_path / "home", offline=True))


def put(tmp_path, content=TOY, name="mine.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def kept(tmp_path):
    return sorted(p.name for p in (tmp_path / "home/data/objects").rglob("*") if p.is_file())


def test_a_file_is_added_and_grows_versions(tmp_path, lib):
    one = lib.add(put(tmp_path))
    assert (one.name, one.version, one.rows, one.columns, one.format, one.bytes) == ("mine", 1, 2, 2, "csv", len(TOY))
    assert one.digest == hashlib.sha256(TOY).hexdigest()
    two = lib.add(put(tmp_path, TOY + b"3,c\n"))
    assert (two.version, two.rows) == (2, 3)
    assert lib.add(put(tmp_path)) == one
    assert [len(lib.open(ref)) for ref in ("mine", "mine@1", "mine@2")] == [3, 2, 3]
    opened = lib.open("mine@1")
    assert (opened.version, opened.digest, opened.where) == (1, one.digest, "added")
    assert lib.entry("mine").versions == (1, 2) and lib.entry("mine").rows == 3
    assert kept(tmp_path) == sorted([one.digest, two.digest])


def test_packed_and_plain_are_one_content_and_two_names_share_it(tmp_path, lib):
    one = lib.add(put(tmp_path))
    assert lib.add(put(tmp_path, gzip.compress(TOY, mtime=1), "mine.csv.gz")) == one
    other = lib.add(put(tmp_path), "other")
    assert (other.version, other.digest) == (1, one.digest)
    assert kept(tmp_path) == [one.digest]


def test_the_source_file_is_neither_moved_nor_followed_later(tmp_path, lib):
    path = put(tmp_path)
    lib.add(path)
    path.write_bytes(b"x,y\n9,z\n")
    assert lib.open("mine").table()["x"].tolist() == [1, 2]
    path.unlink()
    assert len(lib.open("mine")) == 2


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "a/b", "a@1", ".x", "-x", "x" * 65, "é", "a\n"])
def test_a_given_name_must_be_a_name(tmp_path, lib, name):
    with pytest.raises(WrongInput) as caught:
        lib.add(put(tmp_path), name)
    assert caught.value.field == "name"
    assert not (tmp_path / "home").exists()


def test_a_file_name_is_made_into_a_name(tmp_path, lib):
    assert lib.add(put(tmp_path, name="My Sales (2026).csv")).name == "my-sales-2026"
    assert slug("Größe.v2") == "gr-e.v2"
    with pytest.raises(WrongInput, match="cannot be called so"):
        lib.add(put(tmp_path, name="数据.csv"))
    assert lib.add(put(tmp_path, name="数据.csv"), "mine").name == "mine"


def test_registered_names_are_taken(tmp_path, lib):
    with pytest.raises(Conflict, match="telco is a registered"):
        lib.add(put(tmp_path), "telco")
    with pytest.raises(Conflict):
        lib.add(put(tmp_path, name="iris.csv"))


@pytest.mark.parametrize(
    ("content", "file_name", "says"),
    [
        (b"a,b\n1,2\n3\n", "bad.csv", "bad.csv:3"),
        (b"a,b\n", "bad.csv", "no rows"),
        (b"", "bad.csv", "empty"),
        (b'{"a": [1]}\n', "bad.jsonl", "bad.jsonl:1"),
        (gzip.compress(TOY)[:-4], "bad.csv.gz", "damaged"),
        (b"PAR1nothing", "bad.parquet", "Parquet|pyarrow"),
        (b"x", "bad.pkl", "format"),
    ],
    ids=["ragged", "no rows", "empty", "nested", "cut", "no Parquet", "pickle"],
)
def test_what_is_no_table_leaves_nothing_behind(tmp_path, lib, content, file_name, says):
    with pytest.raises((WrongInput, Unavailable), match=says) as caught:
        lib.add(put(tmp_path, content, file_name))
    assert str(tmp_path) not in str(caught.value)
    assert lib.versions.all() == {}
    assert not (tmp_path / "home/data/objects").exists() or kept(tmp_path) == []


def test_missing_files_and_folders_are_not_added(tmp_path, lib):
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path / "none.csv", tmp_path / "folder.csv"):
        with pytest.raises(NotFound, match="There is no file"):
            lib.add(path)


def test_caps(tmp_path, lib):
    with pytest.raises(TooLarge, match="at most 8 bytes"):
        lib.add(put(tmp_path), max_bytes=8)
    bomb = put(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * (24 << 20)), "bomb.csv.gz")
    with pytest.raises(TooLarge, match="unpacks to far more"):
        lib.add(bomb)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1], lambda raw: raw.replace(b"1", b"7"), lambda raw: None])
def test_poisoned_content_is_noticed_and_mended_by_adding_again(tmp_path, lib, spoil):
    """Wrong bytes under a hash: opening must refuse them."""
    version = lib.add(put(tmp_path))
    path = tmp_path / "home/data/objects" / version.digest[:2] / version.digest
    wrong = spoil(path.read_bytes())
    path.unlink()
    if wrong is not None:
        path.write_bytes(wrong)
    with pytest.raises(WrongInput, match="mine@1 is not what was added") as caught:
        lib.open("mine")
    assert version.digest in caught.value.expected and str(tmp_path) not in str(caught.value)
    assert lib.add(put(tmp_path)) == version
    assert len(lib.open("mine")) == 2


def test_a_damaged_index_is_said_and_not_overwritten(tmp_path, lib):
    lib.add(put(tmp_path))
    index = tmp_path / "home/data/index.json"
    for text in ("{", "[]", '{"sets": {"mine": [{"version": 1}]}}'):
        index.write_text(text)
        for call in (lambda: lib.open("mine"), lambda: lib.add(put(tmp_path)), lib.known):
            with pytest.raises(WrongInput, match="list of added data sets is damaged"):
                call()
        assert index.read_text() == text


def test_a_digest_in_the_index_cannot_name_another_file(tmp_path, lib):
    lib.add(put(tmp_path))
    index = tmp_path / "home/data/index.json"
    written = json.loads(index.read_text())
    written["sets"]["mine"][0]["digest"] = "../../../../etc/passwd"
    index.write_text(json.dumps(written))
    with pytest.raises(WrongInput):
        lib.open("mine")


def test_an_unknown_version_says_which_there_are(tmp_path, lib):
    lib.add(put(tmp_path))
    with pytest.raises(NotFound, match="mine@1"):
        lib.open("mine@7")


def test_processes_that_add_at_once_lose_nothing(tmp_path):
    """Twelve contents from four processes: numbers 1 to 12, none twice, none lost."""
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from castalia.core.settings import Settings
        from castalia.data.library import Library
        home, mine = Path(sys.argv[1]), sys.argv[2]
        lib = Library(Settings(home=home, offline=True))
        for i in range(3):
            path = home.parent / f"{mine}-{i}.csv"
            path.write_text(f"x,y\\n{mine},{i}\\n")
            lib.add(path, "shared")
            lib.add(path, "own" + mine)
    """)
    home = tmp_path / "home"
    children = [subprocess.Popen([sys.executable, "-c", program, home, str(i)]) for i in range(4)]
    assert [child.wait(50) for child in children] == [0] * 4
    found = Library(Settings(home=home)).versions.all()
    assert [v.version for v in found["shared"]] == list(range(1, 13))
    assert len({v.digest for v in found["shared"]}) == 12
    assert sorted(found) == ["own0", "own1", "own2", "own3", "shared"]


def test_a_kill_in_the_middle_leaves_a_store_that_opens(tmp_path, lib):
    """Killed after the copy and before the index: the store is as before, the leftover goes after a day."""
    lib.add(put(tmp_path))
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from castalia.core.settings import Settings
        from castalia.data import versions
        from castalia.data.library import Library
        versions.write_json = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
        rows = versions.rows_of
        if sys.argv[2] == "early":
            versions.rows_of = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
        Library(Settings(home=Path(sys.argv[1]))).add(Path(sys.argv[3]), "mine")
    """)
    path = put(tmp_path, TOY + b"5,e\n", "next.csv")
    for moment in ("early", "late"):
        child = subprocess.run([sys.executable, "-c", program, tmp_path / "home", moment, path], check=False)
        assert child.returncode == -9
        assert lib.entry("mine").versions == (1,) and len(lib.open("mine")) == 2
    left = [name for name in kept(tmp_path) if name.startswith(".adding-")]
    assert len(left) == 1
    os.utime(tmp_path / "home/data/objects" / left[0], (0, 0))
    assert lib.add(path, "mine").version == 2
    assert not any(name.startswith(".") for name in kept(tmp_path))


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "CASTALIA_HOME"), (errno.EROFS, "writable")]
)
def test_a_home_that_cannot_be_written_is_said(tmp_path, lib, monkeypatch, number, says):
    def refuse(*args, **named):
        raise OSError(number, os.strerror(number), "/secret/place")

    monkeypatch.setattr(versions, "write_json", refuse)
    with pytest.raises(Unavailable, match=says) as caught:
        lib.add(put(tmp_path))
    assert "/secret" not in str(caught.value)
    assert lib.versions.all() == {}


def test_a_home_that_is_a_file_is_said(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(Unavailable):
        Library(Settings(home=tmp_path / "home")).add(put(tmp_path))
    assert Path(tmp_path / "home").is_file()
