"""Lessons are true: the code they quote is the source, the checks they print hold, the figures are drawn anew."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


lessons, lesson_figures = load("lessons"), load("lesson_figures")
MARKED = [page for page in lessons.pages() if "<!-- check:" in page.read_text("utf-8")]


def test_there_are_lessons() -> None:
    assert len(MARKED) >= 8, "neural_net: the first page and seven chapters"


@pytest.mark.parametrize("page", lessons.pages(), ids=lambda page: f"{lessons.project(page).name}/{page.name}")
def test_a_page_says_what_is_so(page: Path) -> None:
    pytest.importorskip("torch")
    assert list(lessons.wrong(page)) == [], "tools/lessons.py --write"


@functools.cache
def figures() -> dict[Path, str]:
    return dict(lesson_figures.all_of_them())


def test_every_figure_is_drawn_by_us() -> None:
    assert set(figures()) == set(lessons.PACKAGE.glob("projects/*/lesson/*.svg"))


@pytest.mark.parametrize("path", sorted(lessons.PACKAGE.glob("projects/*/lesson/*.svg")), ids=lambda path: path.name)
def test_a_figure_is_what_is_drawn_now(path: Path) -> None:
    drawn = figures()[path]
    assert lessons.same(drawn, path.read_text("utf-8")), "tools/lessons.py --write"
    assert lessons.same(drawn, drawn.replace(".0,", ".2,", 1)), "the last digit may differ between machines"
    assert not lessons.same(drawn, drawn.replace("<title>", "<title>Another: ", 1))
    assert not lessons.same(drawn, drawn.replace('width="670"', 'width="671"', 1))
    page = path.parent / "any.md"
    shown = "".join(
        each.read_text("utf-8") for each in lessons.pages() if lessons.project(each) == lessons.project(page)
    )
    assert f"{path.name})" in shown, "a figure that no page shows"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("self._y = np.tanh(x", "self._y = np.sinh(x", "the code of activations.py"),
        ("| tanh | below 1e-9 |", "| tanh | below 1e-12 |", "the check relu"),
        ("| tanh | below 1e-9 |", "| tanh | below 1e-3 |", "the check relu"),
        ("| tanh | below 1e-9 |", "| tanh | hidden |", "the check relu"),
        ("| tanh | below", "| thanh | below", "the check relu"),
        ("<!-- code: activations.py Tanh.forward", "<!-- code:  activations.py Tanh.forward", "stands before no block"),
    ],
)
def test_what_is_not_so_is_found(tmp_path: Path, old: str, new: str, words: str) -> None:
    pytest.importorskip("torch")
    page = next(each for each in MARKED if each.name == "2-activations.md")
    text = page.read_text("utf-8")
    assert old in text
    folder = tmp_path / "neural_net" / "lesson"
    folder.mkdir(parents=True)
    for source in lessons.project(page).glob("*.py"):
        (folder.parent / source.name).write_text(source.read_text("utf-8"), "utf-8")
    copy = folder / page.name
    copy.write_text(text.replace(old, new, 1), "utf-8")
    assert [found for found in lessons.wrong(copy) if words in found]
    lessons.write(copy)
    if "no block" not in words:
        assert list(lessons.wrong(copy)) == []


def test_numbers_are_held_to_their_last_digit() -> None:
    from castalia.projects.neural_net.tables import Below, Near

    assert Near(0.3991).fits("0.399") and Near(0.3991).fits("0.401") and not Near(0.3991).fits("0.402")
    assert Near(0.0).fits("0") and not Near(1.0).fits("one") and not Near(1.0).fits("1.1")
    assert str(Below(1.1e-10)) == "below 1e-9" and str(Below(0.0)) == "below 1e-14"
    assert Below(1.1e-10).fits("below 1e-9") and not Below(1.1e-9).fits("below 1e-9")
    assert not Below(0.0).fits("below 1e-6") and not Below(0.0).fits("0")


def test_the_tables_can_be_asked_from_the_shell(capsys: Any) -> None:
    from castalia.core.errors import WrongInput
    from castalia.projects.neural_net import tables

    assert tables.main(["schedules"]) == 0
    assert "cosine" in capsys.readouterr().out
    for asked in ("dens", "", "dense softmx"):
        with pytest.raises(WrongInput, match="no such check"):
            tables.table(asked)
