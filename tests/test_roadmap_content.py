"""The shipped content holds everything that the five roadmaps name; broken content is refused by file and id."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from castalia.catalog import SKILLS
from castalia.check import contracts
from castalia.check.topics import titles
from castalia.core.contract import Claim
from castalia.core.errors import NotFound, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.roadmap import contracted
from castalia.roadmap.content import DATA, Content, content
from castalia.roadmap.contracted import Asked, Contracted
from castalia.roadmap.counting import among
from castalia.roadmap.lint import faults, lint
from castalia.roadmap.loading import read
from castalia.roadmap.records import PLACES, Block, Finding, Roadmap
from castalia.roadmap.rules import Count

IDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("roadmap_ids.toml").read_text("utf-8"))
CLOSURES = {  # (topics, hours) as the reference measured them
    "gpt": (30, 560),
    "sentiment_api": (36, 644),
    "phone_detector": (24, 447),
    "rl_agent": (19, 344),
    "churn_system": (28, 472),
    "distributed_training": (26, 476),
    "research_scientist": (40, 814),
}


@pytest.fixture(scope="module")
def shipped() -> Content:
    return content()


# --- nothing is lost -----------------------------------------------------------------------------


def test_skills_and_topics(shipped: Content) -> None:
    assert list(shipped.skills) == IDS["skills"]
    assert {id: skill.weeks for id, skill in shipped.skills.items() if skill.weeks} == IDS["weeks"]
    assert tuple(skill.title for skill in shipped.nine) == SKILLS, "cards name skills by the same titles"
    edges = [f"{each.id} < {' '.join(each.requires)}" if each.requires else each.id for each in shipped.topics]
    assert edges == IDS["graph"] and len(edges) == 115
    assert sum(len(each.requires) for each in shipped.topics) == 152
    shares = [
        f"{each.id} > {other} {weight:g}" for each in shipped.topics for other, weight in each.encompasses.items()
    ]
    assert sorted(shares) == sorted(IDS["encompasses"])
    assert all(each.title == titles()[each.id] for each in shipped.topics)


def test_hours(shipped: Content) -> None:
    """An own computation of the rule: weeks x 24.5 / 10 a topic, 30 in research, 10 elsewhere; P90 is half more."""
    for each in shipped.topics:
        weeks = IDS["weeks"].get(each.skill)
        wanted = weeks * 2.45 if weeks else 30 if each.skill == "rs" else 10
        assert each.hours.p50 == pytest.approx(wanted) and each.hours.p90 == pytest.approx(1.5 * wanted)
        assert each.hours.basis == "seed" and each.hours.date


@pytest.mark.parametrize("goal", CLOSURES)
def test_closures_have_the_sizes_that_were_measured(shipped: Content, goal: str) -> None:
    closure = shipped.graph.closure(shipped.goal(goal).topics)
    hours = sum(shipped.graph.topics[id].hours.p50 for id in closure)
    assert (len(closure), round(hours)) == pytest.approx(CLOSURES[goal], abs=1)


def test_every_project_track_and_skill_is_a_goal(shipped: Content) -> None:
    kinds = {"project": shipped.projects, "track": shipped.tracks, "skill": shipped.skills, "endgame": shipped.endgames}
    for kind, ids in kinds.items():
        for id in ids:
            goal = shipped.goal(id)
            assert (goal.id, goal.kind) == (id, kind) and goal.topics and goal.title
    assert len(set(shipped.goals)) == len(shipped.goals) == 1 + sum(map(len, kinds.values()))
    assert len(shipped.goal("everything").topics) == 115
    churn = ["ml04", "ml05", "ml03", "ml06", "ml08", "ml01", "ml09", "ml10", "mo01", "mo04"]
    assert shipped.goal("churn").topics == tuple(churn), "in the order of its milestones"
    assert set(shipped.goal("few_shot").topics) < set(shipped.goal("research").topics), (
        "a track has its projects' topics"
    )
    assert shipped.goal(["nl10", "rs08", "nl10"]).topics == ("nl10", "rs08")
    assert shipped.goal("dl03").topics == ("dl03",)
    with pytest.raises(NotFound, match="no goal 'chrun'"):
        shipped.goal("chrun")
    with pytest.raises(WrongInput, match="a goal without a topic"):
        shipped.goal([])


def test_a_renamed_goal_is_found_by_its_former_id(shipped: Content) -> None:
    research = dataclasses.replace(shipped.tracks["research"], renamed_from=("frontier",))
    renamed = dataclasses.replace(shipped, tracks={**shipped.tracks, "research": research})
    assert renamed.goal("frontier") == shipped.goal("research") and faults(renamed) == []
    taken = dataclasses.replace(research, renamed_from=("churn",))
    found = faults(dataclasses.replace(shipped, tracks={**shipped.tracks, "research": taken}))
    assert [str(one) for one in found] == ["endgames.toml: churn: is the id of two goals"]


def test_an_endgame_asks_no_contract(shipped: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracted, "every", lambda: pytest.fail("a contract was asked"))
    fresh = read(DATA)
    for goal in ("research_scientist", "everything", "py", "dl03", "churn"):
        assert fresh.graph.closure(fresh.goal(goal).topics)


def test_a_roadmap_says_in_which_week_a_topic_comes(shipped: Content) -> None:
    weeks = shipped.roadmaps["weeks24"].by_week
    assert (weeks["cs03"], weeks["sq01"], weeks["mo09"]) == (4, 6, 24) and "to04" not in weeks
    blocks = (Block("a", "A", weeks=(1, 2), topics=("t", "u")), Block("b", "B", weeks=(3, 4), topics=("t",)))
    assert Roadmap("x", "X", "x", "x", blocks=blocks).by_week == {"t": 2, "u": 2}, "the first block that has it"
    assert shipped.roadmaps["loop"].by_week == {} and shipped.roadmaps["nine"].by_week["mo01"] == 62


def said(shipped: Content, roadmap: str) -> set[str]:
    view = shipped.roadmaps[roadmap]
    steps = {step.id for block in view.blocks for step in block.steps}
    return {block.id for block in view.blocks} | {note.id for note in view.notes} | steps


@pytest.mark.parametrize("roadmap", IDS["roadmaps"])
def test_every_block_step_and_note_of_a_roadmap(shipped: Content, roadmap: str) -> None:
    assert list(shipped.roadmaps) == IDS["roadmaps"]
    assert set(IDS[roadmap]) <= said(shipped, roadmap)


def test_blocks_have_the_links_weeks_and_projects_of_the_inventory(shipped: Content) -> None:
    blocks = {block.id: block for view in shipped.roadmaps.values() for block in view.blocks}
    for view in ("nine", "buffet"):
        for name, number in IDS[f"{view}_links"].items():
            assert len(blocks[f"{view}.{name}"].resources) == number, name
    for name, weeks in IDS["weeks24_weeks"].items():
        assert list(blocks[f"weeks24.{name}"].weeks) == weeks
    at = 0
    for skill in shipped.nine:
        block = blocks[f"nine.{skill.id}"]
        assert block.topics == shipped.of_skill(skill.id) and len(block.topics) == 10
        assert [shipped.projects[name].skill for name in block.projects] == [skill.id] * 3
        assert block.open, "the slot for a video"
        if skill.weeks:
            assert block.weeks == (at + 1, at + skill.weeks)
            at += skill.weeks
    assert blocks["journal26.weeks"].weeks == (1, 26) and len(blocks["journal26.resources"].resources) == 10


def test_every_link(shipped: Content) -> None:
    printed = {one.printed or one.url for one in shipped.resources.values()}
    assert len(IDS["links"]["printed"]) == 98 and set(IDS["links"]["printed"]) <= printed
    assert set(IDS["links"]["unlinked"]) <= {one.title for one in shipped.resources.values()}
    for one in shipped.resources.values():
        assert "si=" not in one.url, f"{one.id} carries a tracker"
        assert one.cost_as_of


def test_completion_tips_tracks_careers_sources(shipped: Content) -> None:
    assert list(shipped.completion) == IDS["completion"] and len(IDS["completion"]) == 16
    assert set(IDS["tips"]) <= set(shipped.tips)
    items = [item.id for track in shipped.tracks.values() for item in track.items]
    assert items == IDS["tracks"] and len(items) == 25
    assert {id: [one.low, one.high] for id, one in shipped.careers.items()} == IDS["careers"]
    assert not any(one.shown for one in shipped.careers.values()), "no date and no source: not shown"
    assert [source.id for source in shipped.sources.values()] == IDS["roadmaps"]
    assert all(source.changed and source.file for source in shipped.sources.values())
    assert set(IDS["corrections"]) <= set(shipped.corrections)


def test_a_career_is_shown_with_a_date_and_a_source_alone(shipped: Content) -> None:
    one = shipped.careers["architect"]
    assert dataclasses.replace(one, as_of="2026-01", source="a survey").shown
    assert not dataclasses.replace(one, as_of="2026-01").shown and not dataclasses.replace(one, source="x").shown


def test_27_projects_and_their_milestones(shipped: Content) -> None:
    assert {id: project.number for id, project in shipped.projects.items()} == IDS["projects"]
    assert sum(IDS["milestones"].values()) == 178
    for id, project in shipped.projects.items():
        assert project.includes and project.features and project.practises and project.title and project.minutes
        assert [each.number for each in project.milestones] == [f"M{i + 1}" for i in range(len(project.milestones))]
        for each in project.milestones:
            assert 0 < sum(each.topics.values()) <= 1 + 1e-3 and each.minutes > 0 and each.id == f"{id}/{each.number}"
            assert each.says == ("" if project.contract else "no check yet")
        if not project.contract:
            assert len(project.milestones) == IDS["milestones"][id]
            assert all(each.words for each in project.milestones)
    assert shipped.projects["churn"].card


# --- what stands elsewhere is taken from there ---------------------------------------------------


def test_a_project_with_a_contract_has_its_milestones_from_it(shipped: Content) -> None:
    with_contract = [id for id, project in shipped.projects.items() if project.contract]
    assert {"utilities", "track", "neural_net"} <= set(with_contract)
    for id in with_contract:
        asked = contracts.find(id)
        assert [(each.number, each.title) for each in shipped.projects[id].milestones] == [
            (each.id, each.title) for each in asked.milestones
        ]
        assert shipped.projects[id].title == contracts.catalog.card(id).title
        assert not shipped.projects[id].row.title and not shipped.projects[id].row.milestones


def test_a_topic_is_checked_where_a_topic_mutant_is_rejected(shipped: Content) -> None:
    """Read from the proofs and the contracts themselves, without what is under test."""
    wanted: dict[str, set[str]] = {}
    for name in contracts.names(Settings(home=Path("nowhere"))):
        claims: list[Claim] = [claim for each in contracts.find(name).milestones for claim in each.claims]
        path = contracts.folder(name) / "proof.json"
        proof = json.loads(path.read_text("utf-8")) if path.is_file() else {"topics": {}}
        for topic, mutant in proof["topics"].items():
            if mutant and any(topic in claim.topics for claim in claims):
                wanted.setdefault(topic, set()).add(name)
    assert {topic: set(names) for topic, names in shipped.checked.items()} == wanted
    assert len(wanted) > 25
    assert shipped.says("dl03") == "" and shipped.says("ge02") == "links only"


def toy(monkeypatch: pytest.MonkeyPatch, topics: dict[str, float], rejected: dict[str, str]) -> Contracted:
    """One contract with one claim in the place of all of ours."""
    made = Contracted("toy", (Asked("M1", "One", topics, {"adds_up": topics}),), rejected, 1.0, "")
    monkeypatch.setattr(contracted, "every", lambda: {"toy": made})
    return made


def test_a_topic_whose_mutant_passed_or_that_no_claim_names_is_links_only(
    shipped: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = toy(monkeypatch, {"dl03": 0.5, "nl05": 0.5}, {"dl03": "m", "cv01": "n"})
    assert dataclasses.replace(shipped).checked == {"dl03": ("toy",)}, "nl05 has no rejected mutant, cv01 no claim"
    assert made.weights("M1") == {"dl03": 0.5, "nl05": 0.5} == made.weights(claim="adds_up")
    assert made.weights("M9") == {} == made.weights("M1", "no_such_claim")


def test_a_stale_proof_checks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from castalia.check import proof
    from castalia.roadmap.asking import asked

    assert asked("softmax").rejected and asked("softmax").score > 0.9
    monkeypatch.setattr(proof, "stale", lambda found: "the contract has changed")
    assert asked("softmax").rejected == {} and asked("softmax").score == 0


def test_a_topic_whose_mutant_passed_is_not_among_the_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    from castalia.check import proof
    from castalia.roadmap.asking import asked

    monkeypatch.setattr(proof, "stale", lambda found: "")
    monkeypatch.setattr(proof, "kept", lambda found: {"topics": {"ma10": "", "dl02": "powers_of_two"}, "score": 0.97})
    assert asked("softmax").rejected == {"dl02": "powers_of_two"} and asked("softmax").score == 0.97


def test_the_topics_of_a_milestone_are_the_mean_of_its_core_claims() -> None:
    from castalia.core.contract import Milestone
    from castalia.roadmap.asking import _milestone

    def claim(id: str, topics: dict[str, float], **more: Any) -> Claim:
        return Claim(id=id, words="It is so.", topics=topics, hints=("a", "b", "c"), holds=print, at="f",
                     make=lambda random, size: (), **more)  # fmt: skip

    core = (
        claim("one", {"dl01": 1.0}),
        claim("two", {"dl01": 0.5, "ma01": 0.25}),
        claim("more", {"ma01": 1.0, "dl02": 1.0}),
    )
    found = _milestone(Milestone("M1", "One", (*core, claim("fast", {"py08": 1.0}, tier="perf"))))
    assert found.topics == {"dl01": 0.5, "ma01": 0.25, "dl02": 0.1667}, "a claim counts once, however much it names"
    assert list(found.topics) == ["dl01", "ma01", "dl02"] and found.claims["fast"] == {"py08": 1.0}
    alone = _milestone(Milestone("M1", "One", (claim("fast", {"py08": 1.0}, tier="perf"),)))
    assert alone.topics == {"py08": 1.0}


@pytest.fixture
def unread() -> Iterator[None]:
    contracted.every.cache_clear()
    yield
    contracted.every.cache_clear()


def test_what_contracts_say_is_kept_until_a_file_changes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, unread: None
) -> None:
    cache = settings.home / "cache" / "roadmap"
    first = contracted.every()
    assert sorted(path.stem for path in cache.iterdir()) == sorted(first) == sorted(contracted.names())
    assert first["softmax"].milestones[0].title == contracts.find("softmax").milestones[0].title
    asked: list[str] = []
    answers = {name: json.loads((cache / f"{name}.json").read_text())["value"] for name in first}
    monkeypatch.setattr(contracted, "_asked", lambda names: asked.extend(names) or {n: answers[n] for n in names})

    def again() -> list[str]:
        contracted.every.cache_clear()
        asked.clear()
        assert contracted.every() == first
        return asked

    assert again() == []
    for torn in ("", "[]", '{"key": 3}', "{", '{"key": 1, "value": []}'):
        (cache / "softmax.json").write_text(torn)
        assert again() == ["softmax"] and again() == []
    key = contracted._key
    monkeypatch.setattr(contracted, "_key", lambda path: key(path) + ("changed" if path.name == "basics" else ""))
    assert again() == ["basics"]


def test_the_key_is_of_every_file_of_a_contract(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    keys = [contracted._key(tmp_path)]
    for name in ("contract.py", "deep/asked.py", "proof.json"):
        (tmp_path / name).write_text("1")
        keys.append(contracted._key(tmp_path))
    (tmp_path / "contract.py").write_text("2")
    assert len({*keys, contracted._key(tmp_path)}) == 5


def test_contracts_that_cannot_be_read_are_an_error_with_a_cure() -> None:
    with pytest.raises(Unavailable, match="contracts cannot be read") as caught:
        contracted._asked(["no_such_contract"])
    assert "no_such_contract" in caught.value.got and caught.value.cure
    with pytest.raises(NotFound, match="'sofmax' has no contract"):
        contracted.contracted("sofmax")


# --- what is asked of content --------------------------------------------------------------------


def test_dead_and_renamed_links_are_replaced_and_said_so(shipped: Content) -> None:
    gone = {id: one for id, one in shipped.resources.items() if not one.takes_place}
    assert {id: one.replacement for id, one in gone.items()} == {"r025": "s03", "r020": "s02", "r091": "s02"}
    about = {id for one in shipped.corrections.values() for id in one.about}
    assert set(gone) <= about and {"r048", "mo01", "game_agent"} <= about
    assert shipped.resources["s01"].url != shipped.resources["r048"].url
    assert "Gymnasium environments" in shipped.projects["game_agent"].includes
    said_free = [one for one in shipped.resources.values() if one.cost == "paid" and one.cost_said == "free"]
    assert {one.id for one in said_free} == {"r012", "r014", "r024"} and all(one.alternatives for one in said_free)
    for topic in shipped.graph.topics:
        links = shipped.links(topic)
        assert links and not set(gone) & {one.id for one in links}
        own = [topic in one.topics for one in links]
        assert own == sorted(own, reverse=True), "its own first"


def test_tips_are_found_where_they_apply(shipped: Content) -> None:
    assert "maths_first" in {tip.id for tip in shipped.tips_for("ma")}
    assert all(shipped.tips_for(place) for place in PLACES)
    assert shipped.tips_for("nowhere") == ()


def test_rules_count_among_what_they_name(shipped: Content) -> None:
    assert among(Count("topics", 8, ("py",)), shipped) == shipped.of_skill("py")
    assert among(Count("projects", 10), shipped) == tuple(shipped.projects)
    assert among(Count("projects", 1, ("mo", "paper")), shipped) == ("serve", "workflow", "distributed", "paper")
    assert among(Count("milestones", 1, ("churn",)), shipped) == tuple(f"churn/M{i}" for i in range(1, 8))
    assert len(among(Count("tracks", 1, items=3), shipped)) == 5
    assert among(Count("links", 1, ("publication",)), shipped) == ("publication",)


def test_milestones_are_found_by_id(shipped: Content) -> None:
    assert shipped.milestone("churn/M4").topics == {"ml10": 1.0}
    for wrong in ("churn/M99", "chrun/M1", "churn", ""):
        with pytest.raises(NotFound, match="no milestone"):
            shipped.milestone(wrong)


def test_lint_finds_nothing(shipped: Content) -> None:
    assert [str(one) for one in lint(shipped)] == []


# --- broken content ------------------------------------------------------------------------------


BROKEN = [
    ("topics.toml", 'requires = ["ma02", "dl02"]', 'requires = ["ma02", "dl99"]', "dl03", "no topic 'dl99'"),
    ("topics.toml", '[cs01]\n', '[cs01]\nrequires = ["cs03"]\n', "cs01", "a cycle of requires: cs01 -> cs03 -> cs01"),
    ("topics.toml", "dl02 = 0.5", "dl02 = 1.5", "dl03", "encompasses dl02 with weight 1.5"),
    ("topics.toml", "[cs02]\n", '[cs02]\nrenamed_from = ["cs01"]\n', "cs02", "renamed_from cs01 collides"),
    ("topics.toml", "[cs02]\n", "[cs02]\np50 = 5.0\np90 = 4.0\n", "cs02", "hours p50 5 and p90 4 are not in order"),
    ("topics.toml", "[cs02]\n", "[cs02]\nrequire = []\n", "cs02", "no field 'require'"),
    ("topics.toml", "[cs02]\n", "[cs02]\n[cs01]\n", "", "is not TOML"),
    ("topics.toml", "[cs02]\n", "[xx77]\n", "xx77", "no skill 'xx'"),
    ("skills.toml", "weeks = 6", 'weeks = "6"', "py", "weeks = '6' is no whole number"),
    ("resources.toml", '[r005]\ntitle = "Python documentation"', "[r005]", "r005", "title is missing"),
    ("resources.toml", 'kind = "community"', 'kind = "comunity"', "r033", "no kind 'comunity'"),
    ("resources.toml", 'docs.python.org/3/"\nkind = "docs"', 'docs.python.org/3/"', "r005", "kind is missing"),
    ("resources.toml", 'replacement = "s03"', 'replacement = "r020"', "r025", "its replacement r020 cannot"),
    ("resources.toml", 'replacement = "s03"\n', "", "r025", "is dead without a replacement"),
    ("resources.toml", 'url = "https://arxiv.org/"', 'url = "arxiv"', "r029", "'arxiv' is no link"),
    ("resources.toml", 'noted = "2026-11-21"', "", "about", "noted is missing"),
    ("roadmaps.toml", 'topics = ["sq01"]', 'topics = ["sq03"]', "weeks24.w05", "no topic 'sq03'"),
    ("roadmaps.toml", "weeks = [5, 6]", "weeks = [4, 6]", "weeks24.w05", "begins in week 4"),
    ("roadmaps.toml", "weeks = [5, 6]", "weeks = [6, 5]", "weeks24.w05", "are no first and last"),
    ("roadmaps.toml", 'resources = ["r083", "u01"]', 'resources = ["r083"]', "u01", "is an orphan"),
    ("roadmaps.toml", 'id = "weeks24.w05"\n', "", "weeks24", "a block without an id"),
    ("projects.toml", "{ py06 = 1.0 }", "{ py06 = 1.0, py07 = 0.1 }", "pipeline/M1", "do not sum to one"),
    ("projects.toml", "topics = { py06 = 1.0 }", "topics = {}", "pipeline/M1", "is about no topic"),
    ("projects.toml", 'number = "1.2"\n', "", "pipeline", "number is missing, and there is no card"),
    ("projects.toml", 'number = "1.2"\n', 'number = "4.1"\n', "pipeline", "number '4.1'"),
    ("tracks.toml", 'topics = ["cv03", "cv07"]', 'topics = ["cv99"]', "vision.detection", "no topic 'cv99'"),
    ("tracks.toml", 'id = "vision.space"', 'id = "vision.driving"', "vision.driving", "the id is there twice"),
    ("completion.toml", 'count = "topics", of', 'count = "stars", of', "python", "'stars' is none of topics"),
    ("completion.toml", 'of = ["py"], at_least = 8', 'of = ["pi"], at_least = 8', "python", "no topic to count 'pi'"),
    ("completion.toml", 'of = ["py"], at_least = 8', 'of = ["py"], at_least = 11', "python", "wants 11 of 10 topics"),
    ("completion.toml", 'of = ["py"], at_least = 8', 'of = ["py"], at_least = 0', "python", "would always hold"),
    ("completion.toml", 'of = ["deployment"]', 'of = ["stars"]', "production", "are no kinds of link"),
    ("tips.toml", 'applies = ["ma", "gap"]', 'applies = ["ma", "gaps"]', "maths_first", "no place 'gaps'"),
    ("careers.toml", "low = 120\nhigh = 180", "low = 180\nhigh = 120", "ml_engineer", "180 to 120"),
    ("careers.toml", "high = 180", 'high = 180\nas_of = "2026-01"', "ml_engineer", "needs a date and a source"),
    ("corrections.toml", 'about = ["mo01"]', 'about = ["mo77"]', "torchserve", "no record 'mo77'"),
    ("endgames.toml", "[gpt]", "[churn]", "churn", "is the id of two goals"),
    ("endgames.toml", 'topics = ["nl10"]', "topics = []", "gpt", "has no topics"),
    ("topics.toml", "[cs02]\n", "[xx77]\n", "cs02", "has a title in check/topics.toml and is no topic"),
    ("topics.toml", '02]\nsources = ["weeks24"]', '02]\nsources = ["loop"]', "cs02", "names loop, which has it in no"),
    ("resources.toml", 'topics = ["ad09"]', 'topics = ["ad08"]', "ad09", "has nothing to learn it from"),
    ("resources.toml", 'topics = ["ad09"]', "topics = []", "s06", "is an orphan: about no topic"),
    ("resources.toml", 'url = "https://arxiv.org/"', 'url = "https://distill.pub/"', "r030", "its link is there twice"),
    ("resources.toml", 'alternatives = ["s03", "r029"]', 'alternatives = ["r025"]', "r025", "stands in for itself"),
    ("resources.toml", 'alternatives = ["s03", "r029"]', 'alternatives = ["q1"]', "r025", "no resource 'q1'"),
    ("resources.toml", "hours = 300", "hours = -3", "r001", "takes -3 hours"),
    ("roadmaps.toml", 'goal = "research_scientist"', 'goal = "scientist"', "journal26", "no goal 'scientist'"),
    ("roadmaps.toml", '"nine.practice"', '"nine.Practice"', "nine.Practice", "is no id"),
    ("projects.toml", 'tier = "stretch"', 'tier = "hard"', "pipeline/M3", "no tier 'hard'"),
    ("projects.toml", "minutes = 180", "minutes = 0", "pipeline/M1", "takes 0 minutes"),
    ("projects.toml", "minutes = 180", "minutes = true", "pipeline", "minutes = 'True' is no whole number"),
    ("projects.toml", "[pipeline]", "[pipeline]\n[pipelined]", "pipeline", "number is missing, and"),
    ("tips.toml", 'applies = ["ma", "gap"]', "applies = []", "maths_first", "applies nowhere"),
    ("completion.toml", 'items = 3', 'items = 6', "specialized", "a track has one to five"),
    ("tracks.toml", 'vision.items]]\nid = "vision.d', 'language.items]]\nid = "vision.d', "vision", "has 4 items"),
    ("sources.toml", "[loop]", "loop = 3\n[loops]", "loop", "is not a table"),
]  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


@pytest.mark.parametrize(
    ("file", "old", "new", "id", "words"), BROKEN, ids=[f"{row[3]}-{row[4][:24]}" for row in BROKEN]
)
def test_broken_content_is_refused_with_file_and_id(
    copied: Path, file: str, old: str, new: str, id: str, words: str
) -> None:
    text = (copied / file).read_text("utf-8")
    assert old in text
    (copied / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(WrongInput) as caught:
        content(copied)
    errors = caught.value.errors
    assert any(one["field"] == id and words in one["message"] for one in errors), errors
    assert all(".toml: " in one["message"] for one in errors) and caught.value.cure
    assert caught.value.subject.startswith(f"the roadmap's {errors[0]['message']}")


def test_a_missing_file_is_named(copied: Path) -> None:
    (copied / "tips.toml").unlink()
    with pytest.raises(WrongInput, match=r"the roadmap's tips\.toml: cannot be read"):
        content(copied)


@property_settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.sampled_from(["requires", "encompasses"]))
def test_a_cycle_planted_anywhere_is_found(chance: random.Random, kind: str) -> None:
    whole = content()
    late = chance.choice([each for each in whole.topics if getattr(each, kind)])
    early = chance.choice(sorted(_before(whole, late.id, kind)))
    edges: Any = {**whole.graph.topics[early].encompasses, late.id: 0.5}
    edges = edges if kind == "encompasses" else (*whole.graph.topics[early].requires, late.id)
    planted = tuple(dataclasses.replace(each, **{kind: edges}) if each.id == early else each for each in whole.topics)
    found = [one for one in faults(dataclasses.replace(whole, topics=planted)) if one.file == "topics.toml"]
    assert [one.words.split(":")[0] for one in found] == [f"a cycle of {kind}"]
    assert late.id in found[0].words and early in found[0].words


def _before(whole: Content, id: str, kind: str) -> set[str]:
    found, waiting = {id}, [id]
    while waiting:
        for other in getattr(whole.graph.topics[waiting.pop()], kind):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found - {id}


def test_what_stands_in_a_card_or_a_contract_is_not_said_again(copied: Path) -> None:
    path = copied / "projects.toml"
    text = path.read_text("utf-8")
    stage = 'milestones = [{ title = "x", words = "y", minutes = 5, topics = { py01 = 1.0 } }]'
    text = text.replace("[utilities]\n", f'[utilities]\ntitle = "A library"\n{stage}\n', 1)
    text = text.replace("minutes = 80, topics = { mo01 = 1.0 }", "minutes = 90, topics = { mo01 = 1.0 }", 1)
    path.write_text(text, "utf-8")
    assert sorted((one.id, one.words) for one in lint(read(copied))) == [
        ("churn", "its milestones take 610 minutes, its card says 600"),
        ("utilities", "its contract has milestones as well"),
        ("utilities", "title stands in its card as well"),
    ]


def test_a_project_that_only_its_card_knows_is_in_the_roadmap_and_lint_says_what_it_lacks(
    shipped: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new folder is the registration: it must not make the content unreadable, whatever its card says."""
    from castalia.roadmap import projects

    new = shipped.projects["churn"]
    card = contracts.catalog.card("churn").model_copy(update={"name": "recommender", "number": "1.2"})
    cards = [*projects.shelf(), card]
    monkeypatch.setattr(projects, "shelf", lambda: cards)
    whole = read(DATA)
    assert faults(whole) == [] and whole.projects["recommender"].title == new.title
    assert [(one.id, one.words) for one in lint(whole) if "recommender" in one.id or "1.2" in one.words] == [
        ("pipeline", "number 1.2 is another's too"),
        ("recommender", "number 1.2 is another's too"),
        ("recommender", "has neither a contract nor milestones"),
    ]


def test_a_claim_about_an_unknown_topic_is_found(shipped: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    toy(monkeypatch, {"zz01": 1.2}, {})
    found = lint(shipped)
    assert [(one.file, one.id) for one in found] == [("toy/contract.py", "toy"), ("toy/contract.py", "toy/M1")]
    assert "no topic 'zz01'" in str(found[0])


def test_a_finding_is_a_sentence_and_a_record() -> None:
    one = Finding("tracks.toml", "vision", "has 4 items", "A track has five.")
    assert str(one) == "tracks.toml: vision: has 4 items"
    assert one.plain() == {"file": "tracks.toml", "id": "vision", "words": "has 4 items", "cure": "A track has five."}


# --- the words and the weight --------------------------------------------------------------------


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.toml")), ids=lambda path: path.name)
def test_no_machine_and_no_empty_promise_in_the_words(path: Path) -> None:
    promises = ("amazing", "cutting-edge", "powerful", "robust", "seamless", "state-of-the-art", "leverag")
    for text in texts(tomllib.loads(path.read_text("utf-8"))):
        assert "/work/" not in text and "/home/" not in text and not text.isspace()
        assert len(text) < 300, text
        assert not [word for word in promises if word in text.lower()], text


def test_reading_it_imports_no_array_and_no_contract() -> None:
    code = (
        "import sys; from castalia.roadmap.content import content; content();"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'torch', 'sqlalchemy', 'fastapi'}));"
        "print(*[name for name in sys.modules if name.endswith('.contract') and 'projects' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.split() == []
