"""``castalia compare``: systems paired by seed, functions beside ours, and no difference where there is none."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learner_fixtures import solve
from subject_toys import CARD

from castalia import catalog
from castalia.check import contracts, starting
from castalia.check.comparison import Refusal, compare_functions, difference
from castalia.cli import main
from castalia.core.errors import NotFound, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings
from castalia.kit.timing import alternately, speed
from castalia.runtime.comparison import Metric, _metric, apart, compare_systems, questions

SHELL_PAGE = (Path(__file__).parent.parent / "docs" / "shell.md").read_text("utf-8")
SLOPE = Path(__file__).parent / "toy_shelf" / "slope"


@pytest.fixture
def here(toys: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def mine(toys: Settings, tmp_path: Path) -> Callable[..., str]:
    """A changed slope on a shelf of one's own; its address."""

    def make(*changes: tuple[str, str]) -> str:
        folder = tmp_path / "yours" / "slope"
        shutil.copytree(SLOPE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        text = (folder / "slope.py").read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "slope.py").write_text(text)
        return f"{catalog.trust(folder.parent, toys)}/slope"

    return make


# --- two systems ---------------------------------------------------------------------------------


def test_a_worse_system_is_told_from_a_better_one(mine: Callable[..., str], toys: Settings) -> None:
    worse = mine(("return slope - rate *", "return slope - 0.5 * rate *"))
    found = compare_systems(worse, "toys/slope", quick=True, settings=toys)
    (metric,) = found.metrics
    assert metric.name == "test_error" and metric.better == "b" and metric.words == "b is better"
    assert metric.difference and metric.difference.low > 0 and metric.p is not None and metric.p < 0.05
    assert found.seeds == (0, 1, 2, 3, 4) and len(set(metric.a)) == 5
    again = compare_systems("toys/slope", worse, quick=True, settings=toys).metrics[0]
    assert (again.better, again.a, again.b) == ("a", metric.b, metric.a)
    assert found.answers.asked == 32 and found.answers.equal == 0 and found.answers.largest
    assert found.fit and found.fit.rounds == 5 and found.call and found.call.a_min > 0


def test_the_same_system_twice_shows_no_difference(toys: Settings) -> None:
    found = compare_systems("toys/slope", "toys/slope", seeds=2, quick=True, settings=toys)
    (metric,) = found.metrics
    assert metric.words == "equal in every fit" and metric.better == "none" and metric.p is None
    assert found.answers.equal == found.answers.asked == 32 and found.answers.largest == 0.0
    assert found.notes == ()


def test_fields_and_curves_of_both_are_told(mine: Callable[..., str], toys: Settings) -> None:
    worse = mine(("return slope - rate *", "return slope - 0.5 * rate *"))
    found = compare_systems(worse, "toys/slope", seeds=1, quick=True, settings=toys)
    assert found.answers.fields and found.answers.only == ((), ())
    assert min(each.equal for each in found.answers.fields) == 0
    assert found.curves and all(len(each.a) > 1 and each.a[0][0] < each.a[-1][0] for each in found.curves)
    assert any(each.a != each.b for each in found.curves), "each side's own"
    assert json.loads(json.dumps(found.as_dict()))["curves"][0]["name"] == found.curves[0].name


def test_noise_alone_is_no_difference(mine: Callable[..., str], toys: Settings) -> None:
    other = mine(("default_rng(p.seed)", "default_rng(p.seed + 1000)"))
    (metric,) = compare_systems(other, "toys/slope", quick=True, settings=toys).metrics
    assert metric.words == "no difference seen" and metric.better == "none"
    assert metric.difference and metric.difference.low < 0 < metric.difference.high


def test_without_a_seed_one_fit_is_all_there_is(mine: Callable[..., str], toys: Settings) -> None:
    other = mine(
        ('    seed: int = Field(0, ge=0, le=2**31, description="Seed of the points.")\n', ""),
        ("default_rng(p.seed)", "default_rng(7)"),
    )
    found = compare_systems(other, "toys/slope", quick=True, settings=toys)
    assert found.seeds == () and len(found.metrics[0].a) == 1
    assert found.metrics[0].words == "one fit, no test" and found.metrics[0].better == "none"
    assert any("no parameter seed" in words for words in found.notes)


def test_a_seed_that_changes_nothing_makes_no_test() -> None:
    found = _metric("x", [0.9] * 5, [0.8] * 5, None, True)
    assert found == Metric("x", (0.9,) * 5, (0.8,) * 5, None, None, "none", "the seed changes nothing: no test")


@pytest.mark.parametrize(
    ("higher_is_better", "words"), [(True, "a is better"), (False, "b is better"), (None, "a is higher")]
)
def test_better_needs_a_card_that_says_which_way(higher_is_better: bool | None, words: str) -> None:
    x, y = [0.91, 0.92, 0.93, 0.94], [0.81, 0.825, 0.83, 0.84]
    assert _metric("x", x, y, 0.001, higher_is_better).words == words
    assert _metric("x", x, y, 0.2, higher_is_better).words == "no difference seen"  # Holm took it back


def test_systems_that_have_little_in_common(toys: Settings) -> None:
    found = compare_systems("toys/slope", "toys/notes", settings=toys)
    assert found.metrics == () and found.fit is None and found.call is None
    assert found.notes == ("No fits and no metrics are compared: toys/notes does not learn.",)
    assert "x" in found.answers.why and found.answers.asked == 0


def test_questions_stay_inside_both_schemas() -> None:
    a = {"properties": {"x": {"type": "number", "minimum": -1, "maximum": 2, "examples": [1.0]},
                        "n": {"type": "integer", "examples": [3]}, "k": {"enum": ["u", "v"], "examples": ["u"]},
                        "own": {"default": 5}}, "required": ["x"], "type": "object"}  # fmt: skip
    b = {"properties": {"x": {"type": "number", "minimum": 0.5, "examples": [1.0]},
                        "n": {"type": "integer", "maximum": 4, "examples": [3]},
                        "k": {"enum": ["v", "w"], "examples": ["v"]}}, "required": [], "type": "object"}  # fmt: skip
    made, why = questions(a, b)
    assert len(made) == 32 and not why and all(set(each) == {"x", "n", "k"} for each in made)
    assert all(0.5 <= each["x"] <= 2 and each["n"] <= 4 for each in made)
    assert {each["k"] for each in made[1:]} == {"v"} and len({each["x"] for each in made}) > 20
    assert questions(a, b)[0] == made
    assert questions(a, {"properties": {"z": {}}, "required": ["z"]}) == (
        [], "They take different questions: only one of them takes x, z.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("x", "y", "gap"),
    [
        ({"y": 2.0}, {"y": 1.0}, 0.5), ({"y": [1.0, 4.0]}, {"y": [1.0, 3.0]}, 0.25), ({"l": "a"}, {"l": "b"}, math.inf),
        ({"l": "a"}, {"l": "a"}, 0.0), ({"y": [1.0]}, {"y": [1.0, 2.0]}, math.inf), ({"y": None}, {"y": 1.0}, math.inf),
        ({"y": math.nan}, {"y": math.nan}, 0.0), ({"y": True}, {"y": 1.5}, math.inf), ({"a": 1}, {"b": 1}, math.inf),
    ],
)  # fmt: skip
def test_how_far_answers_are_apart(x: Any, y: Any, gap: float) -> None:
    assert apart(x, y) == gap


# --- functions beside the reference --------------------------------------------------------------


def test_functions_are_asked_the_same_as_the_reference(here: Path, settings: Settings) -> None:
    path = starting.begin("basics", milestone="M4").file
    solve(path, "standardize", "one_hot", "accuracy", "RunningMean")
    text = path.read_text().replace("return self._mean\n", "return self._mean * (1 + 1e-6)\n")
    path.write_text(text.replace("return (numbers[:, None]", "return 2.0 * (numbers[:, None]"))
    found = compare_functions("basics", seed=3)
    claims = {each.claim: each for each in found.claims}
    assert len(claims) == 15 and found.seed == 3
    assert claims["standardized"].asked == claims["standardized"].equal >= 10 and claims["standardized"].largest == 0.0
    assert claims["one_hot_rows"].equal < claims["one_hot_rows"].asked and claims["one_hot_rows"].largest == 1.0
    assert claims["running_mean"].largest == pytest.approx(1e-6, rel=1e-3)
    assert claims["running_refuses"].equal == claims["running_refuses"].asked > 0  # both refuse
    assert claims["log_loss_mean"].why.startswith("not attempted") and claims["log_loss_mean"].asked == 0
    assert {each.what for each in found.speed} == {"standardize", "one_hot", "accuracy", "RunningMean"}
    event = Evidence(settings.home).events("basics")[-1]
    assert (event.kind, event.outcome, event.seed) == ("compare", "different", 3) and len(event.code_hash) == 64


def test_code_that_breaks_is_said_and_the_rest_goes_on(here: Path) -> None:
    (here / "softmax.py").write_text(
        "import os\n\ndef softmax(x):\n    os._exit(3) if x.ndim > 1 else None\n    return x\n"
    )
    found = compare_functions("softmax")
    assert all("ended its own process" in each.why for each in found.claims) and found.speed == ()


FILES = """
from castalia.core.contract import Claim, Contract, Milestone, equal


def counts(subject, text):
    folder = subject.new("castalia.Folder", {"in.txt": text})
    equal(subject.call("lines", folder, "in.txt"), text.count("\\n"), 0.0, "lines")


CONTRACT = Contract("lines", "def lines(folder, name): ...", (Milestone("M1", "Files", (Claim(
    id="lines_of_a_file", words="It counts lines.", topics={"py02": 1.0}, at="lines", holds=counts, cases=8,
    hints=("a", "b", "c"), make=lambda random, size: ("x\\n" * size,), needs=frozenset({"files"}),
),)),))
"""
LINES = """def lines(folder, name):
    with open(f"{folder}/{name}") as file:
        return len(file.readlines())
"""


def test_claims_that_need_files_are_compared_too(here: Path, tmp_path: Path, settings: Settings) -> None:
    for name, text in (("card.toml", CARD), ("contract.py", FILES), ("lines.py", LINES)):
        path = tmp_path / "own" / "lines" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    name = f"{catalog.trust(tmp_path / 'own', settings)}/lines"
    (here / "lines.py").write_text(LINES)
    (apart,) = compare_functions(name, seed=1, settings=settings).claims
    assert apart.asked == apart.equal == 8 and apart.why == "" and apart.largest == 0.0
    (here / "lines.py").write_text(LINES.replace("readlines())", "readlines()) * 2"))
    (apart,) = compare_functions(name, seed=1, settings=settings).claims
    assert apart.asked == 8 and apart.equal == 0 and apart.largest == 1.0 and apart.why == ""


KEPT = """
from castalia.core.contract import Claim, Contract, Milestone, true


def kept(subject, text):
    folder = subject.new("castalia.Folder", {"before.txt": text})
    subject.call("write", folder.call("place", "a.txt"), text)
    true(subject.call("read", folder.call("place", "a.txt")) == text, "read", "", text)
    true(subject.call("read", folder.call("place", "before.txt")) == text, "read", "", text)
    true(folder.call("names") == ["a.txt", "before.txt"], "names", "", "")
    folder.free()


def listed(subject):
    subject.call("files")


def claim(id, at, holds, make, needs=()):
    return Claim(id=id, words="What is written is kept.", topics={"py02": 1.0}, at=at, holds=holds, cases=4,
                 hints=("a", "b", "c"), make=make, needs=frozenset(needs))


CONTRACT = Contract("keeps", "def write(path, text): ...\\n\\n\\ndef read(path): ...", (
    Milestone("M1", "Files", (claim("kept", "write", kept, lambda random, size: ("x" * size,), {"files"}),)),
    Milestone("M2", "A folder", (claim("listed", "a.txt", listed, lambda random, size: (), {"children"}),),
              adapter="repository"),
))
"""
KEEPS = """def write(path, text):
    with open(path, "x") as file:
        file.write(text)


def read(path):
    with open(path) as file:
        return file.read()
"""


def test_paths_are_no_answers_and_every_side_writes_in_its_own_folder(
    here: Path, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Identical code was said to differ, and to be faster: it was asked for the other side's files."""
    for name, text in (("card.toml", CARD), ("contract.py", KEPT), ("keeps.py", KEEPS)):
        path = tmp_path / "own" / "keeps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    name = f"{catalog.trust(tmp_path / 'own', settings)}/keeps"
    (here / "keeps.py").write_text(KEEPS)
    found = compare_functions(name, seed=1, settings=settings)
    assert [(each.asked, each.equal, each.largest, each.why) for each in found.claims] == [(12, 12, 0.0, "")]
    assert [each.what for each in found.speed] == ["write"] and found.left_out == ("M2",)
    # another way to lay it down is no difference, another answer is one
    bytes_turned = KEEPS.replace("file.write(text)", "file.write(text + '\\n')").replace(
        "file.read()", "file.read()[:-1]"
    )
    (here / "keeps.py").write_text(bytes_turned)
    (apart,) = compare_functions(name, seed=1, settings=settings).claims
    assert apart.asked == 12 and apart.equal == 8 and apart.why == "", "what was there before is read wrongly"
    assert main(["compare", name]) == 0
    assert "Note: M2 left out" in capsys.readouterr().out


def test_the_reference_is_equal_to_itself(here: Path) -> None:
    found = compare_functions("softmax", contracts.reference("softmax"))
    assert all(each.equal == each.asked > 0 and each.largest == 0.0 for each in found.claims)


@pytest.mark.parametrize(
    ("got", "wanted", "gap", "same"),
    [
        (np.ones(3), np.ones(3), 0.0, True), (np.ones(3), np.ones(4), math.inf, False), ("a", "a", 0.0, True),
        ("a", 1.0, math.inf, False), (math.nan, math.nan, 0.0, True), (math.nan, 1.0, math.inf, False),
        (np.zeros(0), np.zeros(0), 0.0, True), (np.zeros(2), np.zeros(2), 0.0, True), ([1, [2]], 1.0, math.inf, False),
        (1e-9, 0.0, math.inf, False), (Refusal("ValueError"), Refusal("ValueError"), 0.0, True),
        (Refusal("TypeError"), Refusal("ValueError"), math.inf, False), (1.0, Refusal("ValueError"), math.inf, False),
    ],
)  # fmt: skip
def test_differences_know_the_scale(got: Any, wanted: Any, gap: float, same: bool) -> None:
    assert difference(got, wanted, 1e-9) == (gap, same)


# --- time ----------------------------------------------------------------------------------------


def test_orders_alternate_and_the_first_round_is_not_counted() -> None:
    order: list[str] = []

    def timed(name: str, seconds: float) -> Callable[[], float]:
        def call() -> float:
            order.append(name)
            return seconds

        return call

    found = alternately("x", timed("a", 3.0), timed("b", 2.0), rounds=4)
    assert "".join(order) == "ab" + "abbaabba" and found.rounds == 4
    assert found.ratio.estimate == pytest.approx(1.5) and found.differs
    assert (found.a_min, found.b_median) == (3.0, 2.0)


def test_a_ratio_of_noise_has_one_inside_nearly_always() -> None:
    rng = np.random.default_rng(0)
    few = [speed("x", np.exp(rng.normal(0, 0.3, (3, 2)))).ratio for _ in range(400)]
    many = [speed("x", np.exp(rng.normal(0, 0.3, (25, 2)))).ratio for _ in range(24)]
    for ratios, least in ((few, 0.92), (many, 0.8)):
        assert sum(each.low <= 1 <= each.high for each in ratios) >= least * len(ratios)
    assert not speed("x", [[1.0, 1.0]] * 20).differs and not speed("x", [[1.03, 1.0]] * 20).differs
    assert speed("x", [[1.2, 1.0]] * 20).differs


# --- the command ---------------------------------------------------------------------------------


def documented(heading: str) -> Any:
    found = re.search(rf"^### {re.escape(heading)}\n.*?```json\n(.*?)```", SHELL_PAGE, re.S | re.M)
    assert found, heading
    return json.loads(found[1])


def test_the_shapes_are_the_documented_ones(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "toys/slope", "toys/slope", "--seeds", "2", "--quick", "--json"]) == 0
    got, sample = json.loads(capsys.readouterr().out), documented("castalia compare A B")
    assert list(got) == list(sample) and list(got["metrics"][0]) == list(sample["metrics"][0])
    assert list(got["fit"]) == list(sample["fit"]) and list(got["answers"]) == list(sample["answers"])
    (here / "softmax.py").write_text(contracts.reference("softmax").read_text())
    assert main(["compare", "softmax", "--json"]) == 0
    got, sample = json.loads(capsys.readouterr().out), documented("castalia compare NAME")
    assert list(got) == list(sample) and list(got["claims"][0]) == list(sample["claims"][0])
    assert list(got["speed"][0]) == list(sample["speed"][0])


def test_the_screen_says_it_plainly(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "toys/slope", "toys/slope", "--seeds", "2", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "equal in every fit" in out and "32 of 32 are equal" in out and re.search(r"^call  a .+ b ", out, re.M)
    (here / "softmax.py").write_text(contracts.starting_text("softmax"))
    assert main(["compare", "softmax"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"large_numbers +softmax +13 +\d+ differ in kind, shape or finiteness", out)
    assert re.search(r"^softmax +[\d.]+ .s +[\d.]+ .s +[\d.]+ +[\d.]+ … [\d.]+", out, re.M)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("toys/slop", "toys/slope"), "Did you mean 'toys/slope'?"),
        (("toys/slope", "toys/nothing"), "no system 'toys/nothing'"),
        (("toys/slope@3", "toys/slope"), "fits both anew"),
        (("toys/slope", "toys/slope", "--seeds", "0"), "--seeds does not fit"),
        (("toys/slope", "toys/slope", "--data", "telco"), "toys/slope has no parameter data"),
        (("toys/slope", "toys/slope", "--at", "x"), "--at goes with castalia compare NAME"),
        (("softmax", "--quick"), "--quick goes with castalia compare A B"),
        (("softmax",), "castalia learn"),
        (("sofmax",), "Did you mean 'softmax'?"),
        (("toys/stamp",), "no check yet"),
        ((), "castalia compare needs"),
    ],
)
def test_wrong_usage_is_two(here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    assert main(["compare", *words]) == 2
    told = capsys.readouterr()
    assert told.out == "" and said in told.err


def test_errors_are_ours(toys: Settings) -> None:
    with pytest.raises(WrongInput):
        compare_systems("toys/slope", "toys/slope", seeds=0, settings=toys)
    with pytest.raises(NotFound):
        compare_functions("nothing_of_the_kind", settings=toys)
