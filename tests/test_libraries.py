"""Projects that are libraries: described from their files, listed beside the systems, their figures measured anew."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from castalia import catalog
from castalia.catalog import Card
from castalia.cli import main
from castalia.core.errors import NotFound, WrongInput
from castalia.core.settings import Settings
from castalia.runtime import libraries

TOYS = Path(__file__).parent / "toy_shelf"
ROOT = Path(__file__).parent.parent
EVERY = [card for card in catalog.cards(Settings(home=Path("nowhere"))) if card.kind == "library"]
EVERY.append(catalog.read_card(TOYS / "bits" / "card.toml", "toys"))


@pytest.fixture
def client(toys: Settings) -> Iterator[TestClient]:
    from castalia.web.app import create_app

    with TestClient(create_app(toys), base_url="http://127.0.0.1") as made:
        yield made


@pytest.mark.parametrize("card", EVERY, ids=lambda card: card.address)
def test_what_it_promises_holds_and_is_what_the_page_shows(card: Card, toys: Settings) -> None:
    """``measure`` is run anew: every claim holds, and measured.json says the same to rounding."""
    found, kept = libraries.figures(card), libraries.measured(card)
    assert all(math.isfinite(value) for value in found.values())
    assert found == libraries.figures(card), "seeded: twice the same"
    assert set(found) == set(kept) and card.claims, f"python tools/measure.py {card.name}"
    for name, value in found.items():
        assert math.isclose(value, kept[name], rel_tol=1e-3, abs_tol=1e-9), (
            f"{name}: python tools/measure.py {card.name}"
        )
    for claim in card.claims:
        assert claim.at_least is not None or claim.at_most is not None, "a claim that cannot fail"
        assert claim.holds(found[claim.metric]), f"{claim.id}: {found[claim.metric]}"
    assert all(each["holds"] for each in libraries.claims(card))


@pytest.mark.parametrize("card", EVERY, ids=lambda card: card.address)
def test_it_says_what_it_is_and_what_is_in_it(card: Card, toys: Settings) -> None:
    assert card.title and card.summary and card.lesson().startswith("# ")
    found = libraries.modules(card)
    assert found and found[0]["name"] == card.subject
    assert all(module["line"] for module in found), "every module has a docstring"
    assert any(module["names"] for module in found)
    assert all(name["line"] for module in found for name in module["names"]), "every public name has a docstring"
    assert len(libraries.docs(card)) == len(card.docs), "its pages are there"


def test_every_example_of_its_pages_is_one_that_the_tests_run() -> None:
    (kit,) = [card for card in EVERY if card.subject == "castalia.kit"]
    text = libraries.docs(kit)[0].read_text("utf-8")
    found = libraries.examples(text)
    assert len(found) == text.count("\n```python") and all(each["title"] for each in found)
    assert "from castalia.kit import metrics" in found[0]["code"]


def test_names_are_those_that_python_finds() -> None:
    """Read from the text, and by importing: the same names, the same parameters."""
    import importlib
    import inspect

    (kit,) = [card for card in EVERY if card.subject == "castalia.kit"]
    seen = 0
    for module in libraries.modules(kit):
        loaded = importlib.import_module(module["name"])
        for name in module["names"]:
            value = getattr(loaded, name["name"])
            seen += 1
            if inspect.isfunction(value):
                parameters = list(inspect.signature(value).parameters)
                shown = name["shown"].partition("(")[2].rstrip(")")
                assert [each for each in parameters if each not in shown] == [], name
    assert seen > 60
    listed = {module["name"]: len(module["names"]) for module in libraries.modules(kit)}
    assert not [name for name, count in listed.items() if not count and name != kit.subject]
    assert listed["castalia.kit.tabular"] > 20 and "castalia.kit.tabular.leaks" in listed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def f(a, /, b=1, *more, c, d=None, **rest): ...", "f(a, b=1, *more, c, d=None, **rest)"),
        ("def f(*, only=()): ...", "f(*, only=())"),
        ("class F:\n    def __init__(self, a): ...", "F"),
        ("def _hidden(): ...", None),
        ("__all__ = ['g']\ndef f(): ...\ndef g(): ...", "g()"),
        ("__all__ = [name for name in ()]\ndef f(): ...", "f()"),
        ("def f(:", None),
        ("x = '\\0'" + "(" * 5000, None),
    ],
)
def test_sources_of_every_kind(tmp_path: Path, text: str, shown: str | None) -> None:
    card = _library(tmp_path, text)
    names = [name["shown"] for module in libraries.modules(card) for name in module["names"]]
    assert names == ([shown] if shown else [])


@pytest.mark.parametrize(
    "subject", ["../thing", "thing/../thing", "", "a b", "os.path", "castalia", "castalia.nothing"]
)
def test_a_subject_that_leads_nowhere_has_no_modules(tmp_path: Path, subject: str) -> None:
    card = _library(tmp_path, "def f(): ...", subject)
    assert libraries.modules(card) == []


@pytest.mark.parametrize("kept", ["", "[]", '{"figures": {"a": "x"}}', '{"figures": [1]}', "\0", '{"figures": null}'])
def test_figures_that_cannot_be_read_are_not_shown(tmp_path: Path, kept: str) -> None:
    card = _library(tmp_path, "def f(): ...")
    (card.folder / libraries.MEASURED).write_text(kept)
    assert libraries.measured(card) == {}
    (claim,) = libraries.claims(card)
    assert claim["measured"] is None and claim["holds"] is None


def test_a_claim_without_its_figure_is_refused(tmp_path: Path) -> None:
    card = _library(tmp_path, "def f(): ...")
    with pytest.raises(NotFound, match="measures nothing"):
        libraries.figures(card)
    (card.folder / "claims.py").write_text("def measure():\n    return {'other': 1}\n")
    with pytest.raises(WrongInput, match="no figure 'share'"):
        libraries.figures(card)
    (card.folder / "claims.py").write_text("def measure():\n    return {'share': float('nan')}\n")


@pytest.mark.parametrize(("value", "holds"), [(0.5, True), (0.4, False), (0.6, True), (0.7, False), (math.nan, False)])
def test_a_claim_holds_within_its_bounds(value: float, holds: bool) -> None:
    claim = catalog.Claim(id="a", words="b", metric="c", at_least=0.5, at_most=0.6)
    assert claim.holds(value) is holds


def test_over_http_a_library_is_no_system(client: TestClient) -> None:
    listed = {each["address"]: each for each in client.get("/projects").json()}
    assert listed["utilities"]["kind"] == listed["toys~bits"]["kind"] == "library"
    assert listed["churn"]["kind"] == "system"
    answering = {each["address"] for each in client.get("/systems").json()}
    assert answering == {address for address, each in listed.items() if each["kind"] == "system"}
    one = client.get("/projects/toys~bits").json()
    assert one["claims"][0]["measured"] == 1.0 and one["claims"][0]["holds"] is True
    assert one["modules"] == [{"name": "binary", "line": "The bits of whole numbers.", "count": 2}]
    (module,) = client.get("/projects/toys~bits/names").json()
    assert [name["shown"] for name in module["names"]] == ["bits(n)", "number(bits, *, base=2)"]
    assert client.get("/projects/utilitis/names").status_code == 404
    assert client.get("/projects/churn").json()["kind"] == "system"
    for method, path in (
        ("get", "utilities"),
        ("post", "utilities"),
        ("get", "utilities/source"),
        ("post", "utilities/fit"),
    ):
        told = client.request(method, f"/systems/{path}", json={} if method == "post" else None)
        assert told.status_code == 404, path
    told = client.get("/systems/utilities").json()
    assert told["subject"] == "utilities is a library, not a system" and "castalia show utilities" in told["cure"]
    assert client.get("/projects/utilitis").json()["cure"].startswith("Did you mean 'utilities'")
    for wrong in ("a%20b", "churn@3:x", "%00"):
        assert client.get(f"/projects/{wrong}").status_code in (404, 422)


def test_in_the_shell(toys: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    def shell(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    code, out, _ = shell("systems")
    assert code == 0 and "Libraries" in out and "toys/bits" in out.partition("Libraries")[2]
    code, out, _ = shell("systems", "--json")
    assert "toys/bits" not in {each["address"] for each in json.loads(out)}
    code, out, _ = shell("show", "toys/bits")
    assert code == 0 and "Measured: 1" in out and "The bits of whole numbers." in out
    code, out, _ = shell("show", "utilities")
    assert code == 0 and "docs/kit.md" in out and "castalia.kit.metrics" in out and "``" not in out
    code, out, _ = shell("show", "utilities", "--json")
    assert json.loads(out)["kind"] == "library"
    code, out, _ = shell("show", "toys/bits", "--lesson")
    assert out.startswith("# Bits")
    for words in (("fit", "toys/bits"), ("call", "toys/bits"), ("show", "toys/bit")):
        code, _, err = shell(*words)
        assert code == 2 and "bits" in err, words


def test_measuring_writes_what_was_measured(tmp_path: Path) -> None:
    card = _library(tmp_path, "def f(): ...")
    (card.folder / "claims.py").write_text("def measure():\n    return {'share': 0.25, 'more': 2}\n")
    command = [sys.executable, ROOT / "tools" / "measure.py", "--shelf", tmp_path, card.name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1 and "DOES NOT HOLD" in done.stdout, "the claim asks for at least 0.5"
    assert libraries.measured(card) == {"share": 0.25, "more": 2.0}


def _library(folder: Path, text: str, subject: str = "thing") -> Card:
    """A library of one module with one claim, on a shelf of its own."""
    place = folder / f"made_{abs(hash(text)) % 10**8}"
    place.mkdir()
    (place / "thing.py").write_text(text)
    values: dict[str, Any] = {"skill": "Python", "title": "Made", "summary": "For a test.", "subject": subject}
    claim = '\n[[claims]]\nid = "a"\nwords = "At least half."\nmetric = "share"\nat_least = 0.5\n'
    (place / "card.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()) + claim)
    return catalog.read_card(place / "card.toml", "made")
