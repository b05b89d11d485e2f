"""catalog: what is on the shelves, addresses, trust."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castalia import catalog
from castalia.core.errors import CastaliaError, NotFound, Unavailable, WrongInput
from castalia.core.settings import Settings

TOYS = Path(__file__).parent / "toy_shelf"


def test_listing_imports_nothing(toys: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "castalia_shelf_toys.stamp.stamp", raising=False)  # another test's
    names = [card.address for card in catalog.cards(toys)]
    assert names[-4:] == ["toys/bits", "toys/notes", "toys/slope", "toys/stamp"]
    assert "castalia_shelf_toys.stamp.stamp" not in sys.modules


def test_ours_come_first_and_by_number(toys: Settings) -> None:
    cards = catalog.cards(toys)
    numbers = [[int(part) for part in card.number.split(".")] for card in cards if not card.shelf]
    assert numbers == sorted(numbers)
    assert {"churn", "neural_net"} <= {card.address for card in cards}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("churn", ("", "churn", "", "")),
        ("churn@3", ("", "churn", "3", "")),
        ("sales@champion", ("", "sales", "champion", "")),
        ("yours/churn@3:enroll", ("yours", "churn", "3", "enroll")),
        ("yours~churn", ("yours", "churn", "", "")),
        ("faces:enroll", ("", "faces", "", "enroll")),
    ],
)
def test_addresses(text: str, parts: tuple[str, str, str, str]) -> None:
    assert tuple(catalog.parse(text)) == parts


@pytest.mark.parametrize("text", ["", "..", "../x", "a/../b", "/etc", "a@", "a:", "A", "a b", "a//b", "a@3@4", "a\n"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(WrongInput):
        catalog.parse(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        address = catalog.parse(text)
    except WrongInput:
        return
    assert "/" not in address.name and "." not in address.name


def test_an_unknown_name_gets_the_near_miss(toys: Settings) -> None:
    with pytest.raises(NotFound, match="churn"):
        catalog.card("chrun", toys)


def test_a_shelf_is_read_only_once_it_is_trusted(settings: Settings) -> None:
    with pytest.raises(NotFound):
        catalog.card("toys/slope", settings)
    assert catalog.trust(TOYS, settings, "toys") == "toys"
    assert catalog.card("toys/slope", settings).title
    catalog.distrust("toys", settings)
    with pytest.raises(NotFound):
        catalog.card("toys/slope", settings)


def test_two_shelves_never_share_modules(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(TOYS, other)
    source = other / "slope" / "slope.py"
    source.write_text(source.read_text().replace("Reads a height", "Another slope"))
    catalog.trust(TOYS, settings, "toys")
    catalog.trust(other, settings)
    ours, theirs = catalog.system_class("toys/slope", settings), catalog.system_class("other/slope", settings)
    assert ours is not theirs
    assert (theirs.__doc__ or "").startswith("Another slope")


def test_a_project_that_leads_out_of_its_shelf_is_refused(settings: Settings, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "slope").symlink_to(TOYS / "slope")
    catalog.trust(shelf, settings)
    with pytest.raises(CastaliaError, match="out of its shelf"):
        catalog.system_class("shelf/slope", settings)


def test_one_broken_card_hides_no_other(settings: Settings, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shutil.copytree(TOYS, shelf)
    (shelf / "notes" / "card.toml").write_text('skill = "Cooking"\ntitle = "x"\nsummary = "y"\n')
    (shelf / "stamp" / "card.toml").write_text("not = [toml")
    catalog.trust(shelf, settings)
    assert [card.name for card in catalog.cards(settings) if card.shelf] == ["bits", "slope"]
    said = [str(error) for error in catalog.broken(settings)]
    assert len(said) == 2 and any("Cooking" in text for text in said)


@pytest.mark.parametrize("card", ["[" * 100_000, "a = " + "[" * 100_000, b"\xff\xfe", None])
def test_no_card_breaks_the_list(settings: Settings, tmp_path: Path, card: str | bytes | None) -> None:
    shelf = tmp_path / "shelf"
    shutil.copytree(TOYS, shelf)
    path = shelf / "notes" / "card.toml"
    path.unlink()
    if card is None:
        path.mkdir()  # unreadable even for root
    else:
        path.write_bytes(card if isinstance(card, bytes) else card.encode())
    catalog.trust(shelf, settings)
    assert [found.name for found in catalog.cards(settings) if found.shelf] == ["bits", "slope", "stamp"]
    (wrong,) = catalog.broken(settings)
    assert "shelf/notes/card.toml" in wrong.subject and str(tmp_path) not in str(wrong)


def test_chapters_are_files_of_the_lesson_folder_alone(settings: Settings, tmp_path: Path) -> None:
    assert catalog.card("neural_net", settings).chapters()["lesson/1-layers.md"].startswith("# Layers")
    card = catalog.card("neural_net", settings).model_copy(update={"folder": tmp_path / "made"})
    assert card.chapters() == {}
    folder = tmp_path / "made" / "lesson"
    folder.mkdir(parents=True)
    (tmp_path / "secret.md").write_text("secret")
    (folder / "2-b.md").write_text("# B")
    (folder / "1-a.md").write_text("# A")
    (folder / "3-c.md").symlink_to(tmp_path / "secret.md")
    (folder / "4-d.md").write_text("x" * (catalog.MAX_PAGE + 1))
    (folder / "a.svg").write_text("<svg/>")
    assert card.chapters() == {"lesson/1-a.md": "# A", "lesson/2-b.md": "# B"}
    assert card.chapters(".svg") == {"lesson/a.svg": "<svg/>"}


def test_a_lesson_in_another_encoding_is_still_shown(settings: Settings, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shutil.copytree(TOYS, shelf)
    (shelf / "slope" / "README.md").write_bytes(b"caf\xe9")
    catalog.trust(shelf, settings)
    assert catalog.card("shelf/slope", settings).lesson().startswith("caf")


def test_a_home_below_a_file_holds_no_shelves(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert catalog.shelves(Settings(home=tmp_path / "file" / "home")) == {"": catalog.OURS}


def test_a_name_is_not_given_twice(settings: Settings, tmp_path: Path) -> None:
    catalog.trust(TOYS, settings, "toys")
    with pytest.raises(WrongInput, match="another folder"):
        catalog.trust(tmp_path, settings, "toys")


def test_broken_shelves_file_says_so(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "shelves.json").write_text("{broken")
    with pytest.raises(Unavailable, match=r"shelves\.json"):
        catalog.cards(settings)
    (settings.home / "shelves.json").write_text(json.dumps({}))
    assert catalog.cards(settings)
