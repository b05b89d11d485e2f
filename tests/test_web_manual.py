"""castalia.web.manual: what there is to read is listed, and only that is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from castalia import catalog
from castalia.core.settings import Settings
from castalia.web import manual
from castalia.web.app import create_app

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(Settings(home=tmp_path_factory.mktemp("home")))
    with TestClient(app, base_url="http://localhost:8000") as made:
        yield made


def test_every_page_and_every_lesson_is_listed(bench: TestClient) -> None:
    listed = bench.get("/manual").json()
    assert {one["name"] for one in listed if one["kind"] == "docs"} == {path.stem for path in DOCS.glob("*.md")}
    lessons = {(one["kind"], one["name"]) for one in listed if one["kind"] != "docs"}
    cards = {("lesson" if card.is_system else "library", card.name) for card in catalog.cards() if card.lesson()}
    assert lessons == cards
    (runs,) = [one for one in listed if one["name"] == "runs"]
    text = (DOCS / "runs.md").read_text("utf-8")
    assert runs["title"] == text.splitlines()[0].removeprefix("# ")
    assert runs["sections"] == re.findall(r"^## (.*)", text, re.MULTILINE)


def test_a_page_is_read_without_its_head(bench: TestClient) -> None:
    page = bench.get("/manual/runs").json()
    assert page["text"] == (DOCS / "runs.md").read_text("utf-8").split("\n", 1)[1].lstrip()


def test_a_page_that_begins_with_code_keeps_it(
    bench: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "```sh\n# a comment\n```\n"
    (tmp_path / "odd.md").write_text(f"{code}\n# The head\n\nText\n\n{code}")
    (tmp_path / "bare.md").write_text(f"{code}\n## One\n")
    monkeypatch.setattr(manual, "DOCS", (tmp_path,))
    assert bench.get("/manual/odd").json() == {"name": "odd", "title": "The head", "text": f"Text\n\n{code}"}
    assert bench.get("/manual/bare").json() == {"name": "bare", "title": "bare", "text": f"{code}\n## One\n"}


@pytest.mark.parametrize("name", ["absent", "%2e%2e%2fREADME", "..%2f..%2fREADME", "runs.md", "decisions"])
def test_nothing_else_is_opened(bench: TestClient, name: str) -> None:
    assert bench.get(f"/manual/{name}").status_code == 404


def test_a_comment_in_code_is_no_heading_and_marks_are_no_words() -> None:
    text = "# The `kit` and [more](kit.md)\n\n```sh\n# not this\n## nor this\n```\n\n## One *part*\n### deeper\n"
    assert manual._told(text, "?") == ("The kit and more", ("One part",))
    assert manual._told("no head", "?") == ("?", ())


def test_where_no_page_came_with_the_package_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(manual, "DOCS", (tmp_path / "absent", tmp_path))
    assert manual.paths() == {}
