"""``castalia new``: one folder, and the system is there; its claim fails until it learns."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from child_pytest import BARE

from castalia import catalog, track
from castalia.cli import main
from castalia.cli.new import ROADMAP, Place, check_name
from castalia.core.errors import Conflict, WrongInput
from castalia.core.settings import Settings

ROOT = Path(__file__).parent.parent
CASTALIA = str(Path(sys.executable).parent / "castalia")

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    """Runs a command line in an empty folder outside of any checkout."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


def pytest_on(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", *BARE, "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)


def test_on_a_shelf_it_is_there_once_it_is_trusted(shell: Shell) -> None:
    code, out, err = shell("new", "recommender", "--title", "What to read next")
    assert code == 0, err
    folder = Path("shelf/recommender")
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "card.toml", "recommender.py", "test_recommender.py",
    ]  # fmt: skip
    assert "castalia shelf trust shelf" in out
    assert [path.name for path in Path("shelf").iterdir()] == ["recommender"], "nothing half-made is left beside it"

    code, _, err = shell("show", "shelf/recommender")
    assert code == 2, "nothing of a shelf is run before it is trusted"
    assert shell("shelf", "trust", "./shelf")[0] == 0
    listed = json.loads(shell("systems", "--json")[1])
    assert [each["title"] for each in listed if each["address"] == "shelf/recommender"] == ["What to read next"]
    code, out, err = shell("fit", "shelf/recommender", "--quick", "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"]["test_r2"] < 0.5
    code, out, err = shell("call", "shelf/recommender", "--x", "3", "--json")
    assert code == 0 and list(json.loads(out)) == ["y"], err


def test_its_claim_fails_with_what_to_do_and_is_kept_once_it_learns(shell: Shell) -> None:
    assert shell("new", "recommender")[0] == 0
    folder = Path("shelf/recommender")
    done = pytest_on(folder)
    assert done.returncode == 1
    assert "test_claim[learns]" in done.stdout
    assert "Write fit and __call__ in recommender.py" in done.stdout

    code = folder / "recommender.py"
    text = code.read_text()
    mean = "        self.mean = float(train_y.mean())\n"
    text = text.replace(mean, f"{mean}        self.line = np.polyfit(x[held_out:], train_y, 1)\n")
    text = text.replace("Output(y=self.mean)", "Output(y=float(np.polyval(self.line, x.x)))")
    code.write_text(text)
    done = pytest_on(folder)
    assert "Write fit" not in done.stdout and done.returncode == 0, done.stdout[-2000:]


def test_a_fit_that_raises_is_exit_1_with_its_last_lines_and_a_failed_run(shell: Shell, settings: Settings) -> None:
    assert shell("new", "broken")[0] == 0 and shell("shelf", "trust", "shelf")[0] == 0
    code = Path("shelf/broken/broken.py")
    code.write_text(code.read_text().replace("        held_out = len(x) // 4\n", "        held_out = len(x) // 0\n"))
    exit_code, out, err = shell("fit", "shelf/broken", "--json")
    assert (exit_code, out) == (1, "")
    assert "ZeroDivisionError" in err
    with track.Store.open(settings.home) as store:
        assert store.runs(limit=1).items[0]["status"] == "failed"


def test_in_our_checkout_it_is_one_untracked_folder(tmp_path: Path) -> None:
    """In a copy of the checkout, with its own git: the files, the number, the shell, and nothing else changed."""
    checkout = tmp_path / "castalia"
    checkout.mkdir()
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, checkout)
    left_out = shutil.ignore_patterns("ui", "dist", "__pycache__", "node_modules")
    shutil.copytree(ROOT / "src", checkout / "src", ignore=left_out)
    environment = os.environ | {"PYTHONPATH": str(checkout / "src"), "CASTALIA_HOME": str(tmp_path / "home")}

    def run(*words: str) -> str:
        done = subprocess.run(
            words, cwd=checkout, env=environment, capture_output=True, text=True, timeout=50, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("git", "init", "-q")
    run("git", "add", "-A")
    run("git", "-c", "user.email=a@b.c", "-c", "user.name=a", "commit", "-qm", "all")
    made = json.loads(run(CASTALIA, "new", "recommender", "--skill", "language", "--json"))
    assert made["address"] == "recommender" and made["trusted"] is True
    assert run("git", "status", "--short") == "?? src/castalia/projects/recommender/\n"
    listed = {each["name"]: each for each in json.loads(run(CASTALIA, "systems", "--json"))}
    assert (listed["recommender"]["project"], listed["recommender"]["skill"]) == ("6.4", "Language")
    assert json.loads(run(CASTALIA, "fit", "recommender", "--quick", "--json"))["model"] == "recommender"
    assert run("git", "status", "--short") == "?? src/castalia/projects/recommender/\n"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("Recommender", "castalia new recommender"),
        ("my-system", "castalia new my_system"),
        ("bookShelf 2", "castalia new book_shelf_2"),
        ("9lives", "Choose another name."),
        ("../escape", "castalia new escape"),
        ("class", "castalia new my_class"),
        ("test_it", "castalia new my_test_it"),
        ("conftest", "castalia new my_conftest"),
        ("été", "Choose another name."),
        ("中文", "Choose another name."),
    ],
)
def test_what_is_no_name_is_refused_with_a_better_one(name: str, cure: str, tmp_path: Path) -> None:
    with pytest.raises(WrongInput) as error:
        check_name(name, Place(tmp_path, "shelf", ours=False, trusted=False))
    assert error.value.cure == cure
    assert error.value.exit == 2


def test_a_taken_name_is_refused_and_left_alone(shell: Shell) -> None:
    assert shell("new", "mine")[0] == 0
    before = Path("shelf/mine/mine.py").read_text()
    code, out, err = shell("new", "mine")
    assert (code, out) == (1, "") and "'mine' is taken" in err
    assert Path("shelf/mine/mine.py").read_text() == before
    with pytest.raises(Conflict):
        check_name("churn", Place(catalog.OURS, "", ours=True, trusted=True))


def test_the_roadmap_has_27_names_that_agree_with_our_cards() -> None:
    names = [name for line in ROADMAP for name in line.split()]
    assert len(names) == len(set(names)) == 27
    for card in catalog.cards(Settings(home=Path("nowhere"))):
        skill, _, place = card.number.partition(".")
        if card.name in names:
            assert ROADMAP[int(skill) - 1].split()[int(place) - 1] == card.name


@pytest.mark.parametrize("title", ['say "hello"', "two\nlines", "", "x" * 81])
def test_a_title_that_would_break_the_card_is_refused(title: str, shell: Shell) -> None:
    code, _, err = shell("new", "mine", "--title", title)
    assert (code, "not a title" in err) == ((0, False) if not title else (2, True))


def test_a_folder_that_cannot_be_written_is_exit_1(shell: Shell) -> None:
    Path("shelf").write_text("a file")
    code, _, err = shell("new", "mine")
    assert code == 1 and "Traceback" not in err
