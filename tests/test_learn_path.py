"""A learner's path: what the screen says of wrong attempts, the call to paste, the file that the page works on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from castalia import catalog
from castalia.check import check_project, contracts, desk, finishing, starting, wording, workplace
from castalia.check.calls import Calls
from castalia.cli import main
from castalia.core.errors import Conflict, NotFound
from castalia.core.settings import Settings

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    def typed(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


SOFTMAX = "import numpy as np\n\n\ndef softmax(x):\n    {}\n"


# --- the call to paste ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("e = np.exp(x - x.max())\n    return e / e.sum()", "got.sum(axis=-1)"),  # over all rows at once
        ("e = np.exp(2 * (x - x.max(axis=-1, keepdims=True)))\n    return e / e.sum(axis=-1, keepdims=True)", "got"),
    ],
    ids=["a property", "an oracle"],
)
def test_the_call_that_is_shown_fails_as_it_was_said(here: Path, body: str, said: str, seed: int) -> None:
    (here / "softmax.py").write_text(SOFTMAX.format(body))
    failed = desk.check("softmax", seed=seed).failed
    assert failed and failed.outcome == "fail" and failed.call.startswith("softmax(np.array([")
    place = failed.why.rpartition("[")[2].rstrip("]")
    pasted = f"from softmax import *\ngot = {failed.call}\nprint(float(({said})[{place}]))"
    told = subprocess.run([sys.executable, "-c", pasted], cwd=here, capture_output=True, text=True, check=True)
    assert float(told.stdout) == pytest.approx(failed.got, rel=1e-12), failed.call


def test_a_property_is_shown_with_the_objects_it_made() -> None:
    class Held:
        def __init__(self, at: int) -> None:
            self.at = at

        def as_argument(self) -> dict[str, int]:
            return {"castalia handle": self.at}

    calls = Calls()
    rows, large = np.array([[1.0, np.nan]]), np.zeros((50, 2))
    calls.note("new", "Net", ([2, 1],), {"seed": 3})
    calls.made(7)
    calls.note("new", "Adam", (0.1,), {})
    calls.made(8)
    calls.note("new", "Other", (), {})
    calls.made(9)
    calls.note("method", "forward", (rows,), {}, 9)
    calls.note("method", "load", ([np.array([1.5], np.float32)],), {}, 7)
    rows[:] = 0.0  # a claim may change its own afterwards
    calls.note("call", "fit", (Held(7), Held(8), large), {"epochs": 2})
    assert calls.typed("fit").splitlines() == [
        "net = Net([2, 1], seed=3)",
        "adam = Adam(0.1)",
        "net.load([np.array([1.5], np.float32)])",
        "fit(net, adam, <float64 (50, 2)>, epochs=2)",
    ]
    assert calls.typed("Other.forward").splitlines() == [
        "other = Other()", "other.forward(np.array([[1.0, np.nan]]))",
    ]  # fmt: skip
    assert calls.typed("nothing") == ""
    for _ in range(20):
        calls.note("method", "load", ([],), {}, 7)
    assert len(calls.typed("Net.load").splitlines()) <= 9 and "calls before this one" in calls.typed("Net.load")
    calls.clear()
    assert calls.typed("fit") == ""


def test_what_cannot_be_typed_is_not_shown() -> None:
    calls = Calls()
    calls.note("new", "castalia.Folder", ({"a.csv": "1"},), {})
    calls.made(1)

    class Folder:
        def as_argument(self) -> dict[str, int]:
            return {"castalia handle": 1}

    calls.note("call", "load_rows", (Folder(),), {})
    assert calls.typed("load_rows") == ""


# --- wrong attempts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why", "following"),
    [
        (SOFTMAX.format("total = np.exp(x)\n    return totl"), "Did you mean 'total'?", "Read softmax.py:6"),
        (SOFTMAX.format("return np.expp(x)"), "Did you mean 'exp'?", "Read softmax.py:5"),
        (SOFTMAX.replace("(x)", "(x, axis)").format("return x"), "does not take what it is given", "Give softmax ("),
        (SOFTMAX.replace("softmax", "softmaks").format("return x"), "has no softmax", "Rename softmaks (softmax.py:4)"),
        (SOFTMAX.format("import no_such_thing"), "No module named", "has no such module"),
        ("import no_such_thing\n", "No module named", "Mend softmax.py:1: the Python that runs your code"),
    ],
    ids=["name", "attribute", "arguments", "renamed", "module inside", "module"],
)  # fmt: skip
def test_a_wrong_attempt_says_what_to_do(here: Path, shell: Shell, text: str, why: str, following: str) -> None:
    (here / "softmax.py").write_text(text)
    code, out, _ = shell("check", "softmax")
    flat = " ".join(out.split())
    assert (code == 1 and why in flat and f"Next: {following}" in flat) or following in flat.rpartition("Next:")[2], out


def test_what_is_printed_in_a_loop_is_cut_and_said_to_be(here: Path, shell: Shell) -> None:
    (here / "softmax.py").write_text(SOFTMAX.format("for i in range(1000):\n        print('here', i)\n    return x"))
    _, out, _ = shell("check", "softmax")
    assert "here 7" in out and "here 8" not in out and "only the beginning is shown" in out


def test_a_method_without_its_constructor_asks_for_the_constructor(here: Path) -> None:
    starting.begin("neural_net", here, "M1")
    path = here / "yours" / "neural_net" / "neural_net.py"
    reference = contracts.reference("neural_net").read_text()
    body = reference.replace(
        reference[reference.index("        if len(sizes) < 2") : reference.index("    def parameters")],
        "        raise NotImplementedError\n\n",
    )
    path.write_text(body)
    contract = contracts.find("neural_net")
    failed = check_project(contract, path, seed=1, milestone="M1").first_failure
    assert failed and failed.outcome == "not_attempted" and failed.why.startswith("Network.__init__ is still the stub")
    assert failed.action.startswith("Write Network.__init__ (neural_net.py:")


def test_a_milestone_alone_whose_stubs_are_not_there_says_how_to_get_them(here: Path, shell: Shell) -> None:
    shell("new", "basics", "--learn")
    _, out, _ = shell("check", "basics", "--milestone", "M2")
    assert "Next: castalia new basics --learn --milestone M2" in out
    shell("new", "basics", "--learn", "--milestone", "M2")
    _, out, _ = shell("check", "basics", "--milestone", "M2")
    assert "Next: Write accuracy (basics.py:" in out


def test_only_the_claims_of_the_milestone_at_hand_are_listed(here: Path) -> None:
    (here / "basics.py").write_text(contracts.reference("basics").read_text().replace("def accuracy", "def accurate"))
    found = desk.check("basics", here)
    assert found.failed and found.failed.milestone == "M2"
    names = wording.passed(found, False)
    first = {claim.id for claim in found.contract.milestones[0].claims}
    assert set(names) <= first and set(wording.passed(found, True)) >= first
    assert "M1 passed" in wording.report(found)


# --- what is finished ----------------------------------------------------------------------------


def test_a_finished_system_is_led_to_the_reference_s_place(here: Path, shell: Shell, settings: Settings) -> None:
    contract = contracts.find("neural_net")
    folder = here / "yours" / "neural_net"
    folder.mkdir(parents=True)
    file = folder / "neural_net.py"
    file.write_text(contracts.reference("neural_net").read_text())
    assert finishing.as_system(contract, file, settings) == [], "without a card it is on no shelf"
    (folder / "card.toml").write_text('skill = "Mathematics"\ntitle = "Mine"\nsummary = "Mine."\n')
    ((command, _),) = finishing.as_system(contract, file, settings)
    assert command == "castalia shelf trust yours"
    code, _, err = shell("show", "yours/neural_net")
    assert code == 2 and "castalia shelf trust yours" in err and "FOLDER" not in err
    code, out, _ = shell(*command.split()[1:])
    assert code == 0 and "castalia fit yours/neural_net" in out
    assert "castalia compare yours/neural_net neural_net" in out
    assert next(each for each, _ in finishing.as_system(contract, file, settings)) == "castalia fit yours/neural_net"
    assert shell("show", "yours/neural_net")[0] == 0


def test_a_shelf_that_is_nowhere_is_asked_for_by_folder(here: Path, settings: Settings) -> None:
    with pytest.raises(NotFound, match="no trusted shelf 'mine'") as caught:
        catalog.card("mine/thing", settings)
    assert "FOLDER --name mine" in caught.value.cure


# --- the file that the page works on -------------------------------------------------------------


def test_a_file_is_known_once_it_was_begun_and_chosen_by_its_id(here: Path, settings: Settings) -> None:
    home = settings.home
    assert workplace.known(home, "basics") == [] and workplace.chosen(home, "basics") is None
    path = starting.begin("basics", here).file.resolve()
    (known,) = workplace.known(home, "basics")
    assert known.path == path and known.label.endswith("here/yours/basics/basics.py") and "/tmp" not in known.label
    for wrong in ("nothing", str(path), "../basics.py"):
        with pytest.raises(NotFound):
            workplace.choose(home, "basics", wrong)
    workplace.choose(home, "basics", known.id)
    assert workplace.chosen(home, "basics") == known and workplace.chosen(home, "softmax") is None
    other = here / "basics.py"
    other.write_text(path.read_text())
    desk.check("basics", here)
    assert [each.path for each in workplace.known(home, "basics")] == [other.resolve(), path]
    assert workplace.chosen(home, "basics") == known, "a check elsewhere changes no choice"
    path.unlink()
    assert workplace.chosen(home, "basics") is None, "what is gone is not written again"
    (home / "places.json").write_text("[broken")
    assert workplace.known(home, "basics") == []


def test_only_a_module_of_its_name_outside_the_home_is_offered(here: Path, settings: Settings) -> None:
    inside = settings.home / "drafts" / "basics.py"
    inside.parent.mkdir(parents=True)
    for path in (inside, here / "other.py", here / "basics.txt"):
        path.write_text("x = 1\n")
        workplace.remember(settings.home, "basics", path)
    assert workplace.known(settings.home, "basics") == []
    for number in range(9):
        folder = here / str(number)
        folder.mkdir()
        (folder / "basics.py").write_text("")
        workplace.remember(settings.home, "basics", folder / "basics.py")
    assert len(workplace.known(settings.home, "basics")) == workplace.MOST


def test_the_routes_write_only_into_the_file_that_a_text_is_of(here: Path, settings: Settings) -> None:
    from castalia.check import drafts
    from castalia.check.http import CheckRequest, DraftText, _saved

    path = starting.begin("basics", here).file
    (known,) = workplace.known(settings.home, "basics")
    before = path.read_text()
    workplace.choose(settings.home, "basics", known.id)
    for sent in (DraftText(text="x = 1\n"), CheckRequest(text="x = 1\n"), DraftText(text="x = 1\n", place="0" * 12)):
        with pytest.raises(Conflict, match="another file"):
            _saved(settings, "basics", "x = 1\n", sent)
    assert path.read_text() == before
    path.chmod(0o640)
    kept = _saved(settings, "basics", "x = 2\n", DraftText(text="x = 2\n", place=known.id))
    assert path.read_text() == "x = 2\n" and kept.replaced == before and path.stat().st_mode & 0o777 == 0o640
    assert not (settings.home / "drafts").exists()
    workplace.choose(settings.home, "basics", "")
    assert drafts.place(settings.home, "basics") == settings.home / "drafts" / "basics.py"
    assert json.loads((settings.home / "places.json").read_text())["basics"]["files"] == [str(path.resolve())]
