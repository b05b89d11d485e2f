"""castalia.roadmap.http, desk, settling: a learner's day and plan behind the application, tried and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from castalia.cli import main
from castalia.core.evidence import Event, Evidence
from castalia.core.settings import Settings
from castalia.roadmap import asked
from castalia.roadmap.content import content
from castalia.roadmap.forgetting import forget
from castalia.roadmap.learner import Notes
from castalia.roadmap.telling import TESTED
from castalia.web.app import create_app

ROOT = Path(__file__).parent.parent
FAR = (date.today() + timedelta(weeks=26)).isoformat()
HOSTILE = "<img src=x onerror=alert(1)>‮ $HOME"
Client = TestClient


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def opened(settings: Settings) -> Iterator[Client]:
    with made(settings) as client:
        yield client


@pytest.fixture
def bench(opened: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The application, and nobody has learned anything yet."""
    monkeypatch.setenv("CASTALIA_HOME", str(settings.home))
    forget(settings.home)
    return opened


def made(settings: Settings) -> Client:
    return TestClient(create_app(settings), "http://localhost:8000", client=("127.0.0.1", 50000))


def get(bench: Client, path: str) -> Any:
    answer = bench.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(bench: Client, method: str, path: str, **body: Any) -> Any:
    answer = bench.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(bench: Client, method: str, path: str, field: str, **body: Any) -> dict[str, Any]:
    """The problem of something that does not fit, which names the field."""
    answer = bench.request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    told: dict[str, Any] = answer.json()
    assert told["field"] == field or field in [each["field"] for each in told["errors"]], told
    assert told["subject"] and told["cure"] and "Traceback" not in answer.text
    return told


def journal(home: Path) -> bytes:
    return (home / "journal.jsonl").read_bytes() if (home / "journal.jsonl").exists() else b""


def test_today_is_what_the_shell_prints(
    bench: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert get(bench, "/today/begun") == {"begun": False}
    first = get(bench, "/today")
    assert not first["chosen"] and first["plan"] is None and journal(settings.home) == b""
    kept = send(bench, "PUT", "/plan", goal="nl05", hours=8, known=["cs"])
    assert get(bench, "/today/begun") == {"begun": True}
    told = get(bench, "/today")
    assert main(("today", "--json")) == 0
    shell = json.loads(capfd.readouterr().out)
    assert {name: told[name] for name in shell} == shell
    plan = told["plan"]
    assert (plan["finish_p50"], plan["finish_p90"]) == (kept["finish_p50"], kept["finish_p90"])
    assert main(("roadmap", "plan", "--json")) == 0
    printed = json.loads(capfd.readouterr().out)
    assert {name: plan[name] for name in ("topics", "finish_p50", "finish_p90", "feasible", "basis")} == {
        name: printed[name] for name in ("topics", "finish_p50", "finish_p90", "feasible", "basis")
    }
    assert plan["week"] == printed["weeks"][0] and "simulated" in plan["tested"]


def test_what_is_said_of_the_dates_was_measured() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "roadmap_learners.json").read_text("utf-8"))
    own, other = found["own_prior"], found["other_process"]
    assert found["learners"] == own["learners"] == 200 and "200 simulated learners" in TESTED
    assert f"{int(100 * own['p90_covers'] + 0.5)} % of them" in TESTED
    assert f"and {int(100 * other['p90_covers'])} % where" in TESTED


def test_goals_have_their_sizes(bench: Client) -> None:
    told = get(bench, "/plan/goals")
    found = {each["id"]: each for each in told["goals"]}
    assert set(found) == set(content().goals) and found["research_scientist"]["topics"] == 40
    assert 813 <= found["research_scientist"]["hours"] <= 814
    assert sum(len(each["topics"]) for each in told["skills"]) == found["everything"]["topics"] == 115


def test_a_trial_keeps_nothing_and_says_the_three_exits(bench: Client, settings: Settings) -> None:
    told = send(bench, "POST", "/plan/preview", goal="gpt", hours=8, target=FAR, known=["cs"])
    assert not told["feasible"] and [each["kind"] for each in told["exits"]] == ["hours", "later", "cut"]
    assert journal(settings.home) == b"" and not (settings.home / "evidence.jsonl").exists()
    for way in told["exits"]:
        change = {"hours": {"hours": way["hours"]}, "later": {"target": way["target"]}, "cut": {"cut": way["cut"]}}
        said = {"goal": "gpt", "hours": 8, "target": FAR, "known": ["cs"], **change[way["kind"]]}
        tried = send(bench, "POST", "/plan/preview", **said)
        assert tried["feasible"] and tried["exits"] == [], way["kind"]
        assert tried["finish_p90"] == way["finish_p90"]
        if way["kind"] == "cut":
            assert not set(tried["topics"]) & set(way["cut"])


def test_a_kept_change_says_what_moved_and_can_be_taken_back(bench: Client) -> None:
    first = send(bench, "PUT", "/plan", goal="gpt", hours=8, target=FAR)
    assert first["before"] is None and first["moved"] == ""
    cut = next(each["cut"] for each in first["exits"] if each["kind"] == "cut")
    less = send(bench, "PUT", "/plan", cut=cut)
    assert "dropped" in less["moved"] and less["feasible"] and less["before"] == first["settled"]
    back = send(bench, "PUT", "/plan", **less["before"])
    assert back["settled"] == first["settled"] and back["topics"] == first["topics"]
    more = send(bench, "PUT", "/plan", hours=20)
    assert "finish -" in more["moved"] and more["settled"]["goal"] == "gpt" and more["settled"]["target"] == FAR
    assert send(bench, "PUT", "/plan", target=None)["settled"]["target"] is None
    assert send(bench, "PUT", "/plan")["moved"] == "finish unchanged"
    known = send(bench, "PUT", "/plan", known=["py"])
    assert not [id for id in known["topics"] if id.startswith("py")] and "py01" in get(bench, "/today")["known"]
    assert [id for id in send(bench, "PUT", "/plan", unknown=["py01"])["topics"] if id == "py01"]


def test_days_that_are_over_are_no_mistake_of_another_change(bench: Client, settings: Settings) -> None:
    begun, over = date.today() - timedelta(weeks=3), date.today() - timedelta(1)
    Notes(settings.home).add("plan", {"goal": "nl05", "hours": 8.0, "start": begun, "target": over})
    told = send(bench, "PUT", "/plan", hours=20, target=over.isoformat())
    monday = date.today() - timedelta(days=date.today().weekday())
    assert told["target"] is None and told["start"] == monday.isoformat() and told["settled"]["hours"] == 20
    again = send(bench, "PUT", "/plan", **told["before"])
    assert again["settled"] == told["before"] and again["start"] == monday.isoformat()
    refused(bench, "PUT", "/plan", "target", target=(over - timedelta(1)).isoformat())
    later = send(bench, "PUT", "/plan", target=FAR)
    assert later["settled"]["target"] == FAR and later["before"]["target"] == over.isoformat()
    back = send(bench, "PUT", "/plan", **later["before"], back=True)
    assert back["settled"] == later["before"], "what stood before is taken, though it is over"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("goal", {"goal": "gtp", "hours": 8}),
    ("goal", {"hours": 8}),
    ("goal", {"goal": "nl05,zz99", "hours": 8}),
    ("goal", {"goal": "x" * 3000, "hours": 8}),
    ("hours", {"goal": "nl05"}),
    ("hours", {"goal": "nl05", "hours": 0}),
    ("hours", {"goal": "nl05", "hours": 1e9}),
    ("hours", {"goal": "nl05", "hours": "many"}),
    ("target", {"goal": "nl05", "hours": 8, "target": "2001-01-01"}),
    ("target", {"goal": "nl05", "hours": 8, "target": "9999-12-31"}),
    ("start", {"goal": "nl05", "hours": 8, "start": "soon"}),
    ("start", {"goal": "nl05", "hours": 8, "start": 1790000000}),
    ("target", {"goal": "nl05", "hours": 8, "target": "1795219200"}),
    ("hours", {"goal": "nl05", "hours": True}),
    ("hours", {"goal": "nl05", "hours": "8"}),
    ("known", {"goal": "nl05", "hours": 8, "known": [HOSTILE]}),
    ("cut", {"goal": "nl05", "hours": 8, "cut": ["ma01"]}),
    ("answers", {"goal": "nl05", "hours": 8, "answers": [{"question": "../../etc", "seed": 1}]}),
    ("gaol", {"gaol": "gpt", "hours": 8}),
]


def test_a_plan_that_does_not_fit_names_the_field_and_keeps_nothing(bench: Client, settings: Settings) -> None:
    for field, body in WRONG:
        for method, path in (("POST", "/plan/preview"), ("PUT", "/plan")):
            refused(bench, method, path, field, **body)
    assert journal(settings.home) == b"" and not (settings.home / "evidence.jsonl").exists()


@pytest.mark.slow
def test_questions_never_carry_their_answer_and_are_kept_with_the_plan(bench: Client, settings: Settings) -> None:
    answers: list[dict[str, Any]] = []
    for turn in range(16):
        told = send(bench, "POST", "/plan/question", goal="everything", known=["cs"], answers=answers, seed=3)
        assert (told["marked"] is None) == (turn == 0)
        question = told["question"]
        if question is None:
            break
        made = asked.made(asked.Answered(question["id"], question["seed"]))
        assert set(question) == {"id", "seed", "topic", "form", "text", "code", "options"}
        assert made.why not in json.dumps(question, ensure_ascii=False)
        right = "abcd"[made.right] if made.options else repr(made.answer)
        answers.append({"question": question["id"], "seed": question["seed"], "text": right if turn % 2 else ""})
    assert 0 < len(answers) <= 15
    last = send(bench, "POST", "/plan/question", goal="everything", known=["cs"], answers=answers[:2], seed=3)
    assert last["marked"]["right"] == (len(answers) > 1) and last["number"] == 1 + len(answers[:2])
    assert not (settings.home / "evidence.jsonl").exists()
    tried = send(bench, "POST", "/plan/preview", goal="everything", hours=8, known=["cs"], answers=answers)
    kept = send(bench, "PUT", "/plan", goal="everything", hours=8, known=["cs"], answers=answers)
    assert kept["topics"] == tried["topics"]
    events = Evidence(settings.home).events()
    assert [each.kind for each in events] == ["question"] * len(answers)
    assert "text" not in events[0].plain()


def test_an_answer_that_cannot_be_read_is_refused(bench: Client) -> None:
    first = send(bench, "POST", "/plan/question", goal="gpt", seed=3)["question"]
    wrong = {"question": first["id"], "seed": first["seed"], "text": "as many as you like"}
    answer = bench.post("/plan/question", json={"goal": "gpt", "answers": [wrong], "seed": 3})
    assert answer.status_code == 422 and answer.json()["cure"]
    refused(bench, "POST", "/plan/question", "goal", goal="gtp", seed=3)
    refused(bench, "POST", "/plan/question", "seed", goal="gpt", seed=-1)


def test_not_today_is_for_today_and_can_be_taken_back(bench: Client, settings: Settings) -> None:
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    gap = get(bench, "/today")["gap"]
    refused(bench, "POST", "/today/park", "topic", topic="ge02")
    refused(bench, "POST", "/today/park", "topic", topic="zz99", since="2020-11-20")
    told = send(bench, "POST", "/today/park", topic=gap["topic"])
    assert told["gap"]["topic"] != gap["topic"] and told["since"] == gap["since"]
    for _ in range(2):  # and does not come back with the next look
        assert get(bench, "/today")["gap"]["topic"] == told["gap"]["topic"]
    passed = [gap["topic"], told["gap"]["topic"]]
    for _ in range(2):  # a second and a third one wait beside it
        told = send(bench, "POST", "/today/park", topic=passed[-1])
        assert told["gap"]["topic"] not in passed
        passed.append(told["gap"]["topic"])
    for topic in reversed(passed[:-1]):
        refused(bench, "POST", "/today/park", "since", topic=topic, since="2200-11-20")
        assert send(bench, "POST", "/today/park", topic=topic, since=gap["since"])["gap"]["topic"] == topic
    refused(bench, "POST", "/today/park", "topic", topic=gap["topic"], since=gap["since"])
    assert get(bench, "/today")["gap"] == gap and get(bench, "/today")["warnings"] == []
    send(bench, "POST", "/today/park", topic=gap["topic"])
    yesterday = [line.replace(f'"day":"{date.today()}"', f'"day":"{date.today() - timedelta(1)}"')
                 for line in journal(settings.home).decode().splitlines()]  # fmt: skip
    (settings.home / "journal.jsonl").write_text("\n".join(yesterday) + "\n", "utf-8")
    assert get(bench, "/today")["gap"]["topic"] == gap["topic"], "tomorrow it is there again"


def test_a_gap_without_another_stays(bench: Client) -> None:
    send(bench, "PUT", "/plan", goal="cs01", hours=8)
    gap = get(bench, "/today")["gap"]
    answer = bench.post("/today/park", json={"topic": gap["topic"]})
    assert answer.status_code == 403 and "nothing else" in answer.json()["subject"]
    assert get(bench, "/today")["gap"] == gap


def test_a_gap_that_no_check_closes_is_closed_by_a_word(bench: Client, settings: Settings) -> None:
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    gap = get(bench, "/today")["gap"]
    assert gap["done_command"] == "castalia roadmap gap --done"
    refused(bench, "POST", "/today/known", "topic", topic="ge02")
    told = send(bench, "POST", "/today/known", topic=gap["topic"])
    day = get(bench, "/today")
    assert day["gap"]["topic"] == told["gap"]["topic"] != gap["topic"] and gap["topic"] in day["known"]
    refused(bench, "POST", "/today/known", "since", topic=gap["topic"], known=False, since="2200-01-01")
    send(bench, "POST", "/today/known", topic=gap["topic"], known=False, since=told["since"], gaps=told["gaps"])
    assert get(bench, "/today")["gap"] == gap and get(bench, "/today")["known"] == []
    refused(bench, "POST", "/today/known", "topic", topic=gap["topic"], known=False)

    send(bench, "POST", "/today/gap", title=HOSTILE, hours=2)
    own = get(bench, "/today")["gap"]
    told = send(bench, "POST", "/today/known", topic=own["topic"])
    assert get(bench, "/today")["own"]["gaps"] == [] and told["gap"]["topic"] == gap["topic"]
    send(bench, "POST", "/today/known", topic=own["topic"], known=False, since=told["since"], gaps=told["gaps"])
    assert get(bench, "/today")["gap"] == own


def test_a_gap_with_a_check_is_not_closed_by_a_word(bench: Client, settings: Settings) -> None:
    known = content()
    goal = next(id for id in known.graph.topics if id in known.checked)
    rest = sorted(known.graph.closure([goal]) - {goal})
    send(bench, "PUT", "/plan", goal=goal, hours=8, known=rest)
    gap = get(bench, "/today")["gap"]
    assert gap["topic"] == goal and gap["done_command"] == ""
    before = journal(settings.home)
    refused(bench, "POST", "/today/known", "done", topic=goal)
    assert journal(settings.home) == before


def test_what_is_taken_back_is_as_it_was(bench: Client, settings: Settings) -> None:
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    for title, hours in (("B", 30), ("B", 2)):
        told = send(bench, "POST", "/plan/resource", title=title, hours=hours, topic="nl05")
    send(bench, "POST", "/plan/resource", **told["before"])
    kept = get(bench, "/today")["own"]["resources"]
    assert [(each["hours"], each["topic"]) for each in kept] == [(30, "nl05")]

    gap = get(bench, "/today")["gap"]
    Notes(settings.home).add("held", {"id": gap["topic"], "since": date.today() - timedelta(2)})
    gap = get(bench, "/today")["gap"]
    Notes(settings.home).add("gap", {"title": "A", "hours": 3.0})
    told = send(bench, "POST", "/today/gap", title="A", hours=5)
    assert get(bench, "/today")["gap"]["title"] == "A" and told["held"] == {"topic": gap["topic"],
                                                                             "since": gap["since"]}  # fmt: skip
    send(bench, "POST", "/today/gap", **told["before"], held=told["held"])
    day = get(bench, "/today")
    assert day["gap"] == gap and [(each["hours"], each["chosen"]) for each in day["own"]["gaps"]] == [(3, False)]
    refused(bench, "POST", "/today/gap", "held", title="A", held={"topic": "zz99", "since": "2020-01-01"})
    refused(bench, "POST", "/today/gap", "since", title="A", held={"topic": "nl05", "since": "2200-01-01"})
    refused(bench, "POST", "/today/gap", "title", title="   ")
    refused(bench, "POST", "/plan/resource", "title", title=" ")


def test_a_plan_that_is_sent_again_counts_its_answers_once(bench: Client, settings: Settings) -> None:
    first = send(bench, "POST", "/plan/question", goal="nl05", seed=3)["question"]
    answers = [{"question": first["id"], "seed": first["seed"], "text": ""}]
    said = {"goal": "nl05", "hours": 8, "answers": answers, "about": {"worries": HOSTILE}}
    for _ in range(2):
        send(bench, "PUT", "/plan", **said)
        assert len(Evidence(settings.home).events()) == 1
    assert get(bench, "/today")["about"] == {"worries": HOSTILE}
    send(bench, "POST", "/plan/preview", **{**said, "about": {"worries": "tried only"}})
    assert get(bench, "/today")["about"] == {"worries": HOSTILE}
    refused(bench, "PUT", "/plan", "about.worries", about={"worries": "x" * 2001})


def test_own_gaps_resources_and_words_are_texts(bench: Client, settings: Settings) -> None:
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    send(bench, "POST", "/today/gap", title=HOSTILE)
    day = get(bench, "/today")
    assert day["gap"]["title"] == HOSTILE and day["own"]["gaps"][0]["title"] == HOSTILE
    parked = send(bench, "POST", "/today/park", topic=day["gap"]["topic"])
    assert parked["gap"]["title"] != HOSTILE
    send(bench, "POST", "/today/gap", title=HOSTILE, removed=True)
    assert get(bench, "/today")["own"]["gaps"] == []
    send(bench, "POST", "/plan/resource", title=HOSTILE, hours=3, url="https://example.org/a")
    day = get(bench, "/today")
    assert day["own"]["resources"][0]["title"] == HOSTILE
    assert [each["hours"] for each in day["plan"]["week"]["shares"] if each["kind"] == "own"] == [3]
    send(bench, "POST", "/plan/resource", title=HOSTILE, removed=True)
    assert get(bench, "/today")["own"]["resources"] == []
    send(bench, "POST", "/plan/about", worries=HOSTILE)
    send(bench, "POST", "/plan/about", strengths="patience")
    assert get(bench, "/today")["about"] == {"worries": HOSTILE, "strengths": "patience"}
    refused(bench, "POST", "/plan/resource", "url", title="a", url="javascript:alert(1)")
    refused(bench, "POST", "/plan/resource", "title", title="")
    refused(bench, "POST", "/plan/resource", "title", title="two\nlines")
    refused(bench, "POST", "/plan/resource", "topic", title="a", topic="zz99")
    refused(bench, "POST", "/today/gap", "topic", title="a", topic="zz99")
    refused(bench, "POST", "/plan/about", "worries", worries="x" * 2001)
    assert bench.post("/plan/about", json={"worries": "x" * 70_000}).status_code == 413


def test_a_milestone_without_a_check_is_linked_or_said(bench: Client, settings: Settings) -> None:
    every = [each for one in content().projects.values() for each in one.milestones]
    free, checked = next(e for e in every if not e.check), next(e for e in every if e.check)

    def linked() -> list[str]:
        return [each.about for each in Notes(settings.home).profile(content()).links]

    send(bench, "POST", "/today/done", milestone=free.id, url="https://example.org/repository")
    assert linked() == [free.id]
    send(bench, "POST", "/today/done", milestone=free.id, removed=True)
    assert linked() == []
    refused(bench, "POST", "/today/done", "milestone", milestone=checked.id)
    refused(bench, "POST", "/today/done", "milestone", milestone="churn/M99")
    refused(bench, "POST", "/today/done", "url", milestone=free.id, url="ftp://example.org")


def test_the_bugs_answer_comes_when_it_is_asked_for(bench: Client) -> None:
    bug = get(bench, "/today")["bug"]
    assert bug["claim"] is None and bug["words"] is None
    told = get(bench, "/today/bug")
    assert (told["contract"], told["id"]) == (bug["contract"], bug["id"]) and told["claim"] and told["words"]


def test_a_torn_line_is_said_to_everybody_who_asks_and_names_no_folder(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    bench = made(settings)
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    Evidence(settings.home).add([Event("check", "softmax", milestone="M1", outcome="pass")])
    with (settings.home / "evidence.jsonl").open("ab") as log:
        log.write(b'{"half a li')
    for _ in range(3):
        warnings = get(bench, "/today")["warnings"]
        assert len(warnings) == 1 and "1 line of the evidence could not be read" in warnings[0]
        assert str(settings.home) not in warnings[0]
    forget(settings.home)
    assert get(bench, "/today")["warnings"] == [], "what is not there any more is not said"


def test_after_a_week_away_it_asks_for_fifteen_minutes(bench: Client, settings: Settings) -> None:
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    then = Event("check", "softmax", milestone="M1", outcome="pass").time - 20 * 86_400_000
    Evidence(settings.home).add([Event("check", "softmax", milestone="M1", outcome="pass", time=then)])
    told = get(bench, "/today")
    assert told["back"]["minutes"] == 15 and told["reviews"] == [] and "15 minutes" in told["stop"]


def test_nobody_elsewhere_sees_or_changes_anything(bench: Client, settings: Settings) -> None:
    send(bench, "PUT", "/plan", goal="nl05", hours=8)
    before = journal(settings.home)
    calls = [("GET", "/today"), ("GET", "/today/bug"), ("GET", "/plan/goals"), ("PUT", "/plan"),
             *(("POST", f"/today/{name}") for name in ("park", "known", "gap", "done")),
             *(("POST", f"/plan/{name}") for name in ("preview", "question", "about", "resource"))]  # fmt: skip
    far = TestClient(bench.app, "http://localhost:8000", client=("192.0.2.7", 50000))
    for method, path in calls:
        answer = far.request(method, path, **({} if method == "GET" else {"json": {"goal": "gpt", "hours": 9}}))
        assert answer.status_code == 403 and "machine" in answer.text, path
    assert far.get("/today/begun").json() == {"begun": False}
    headers = {"x-forwarded-for": "192.0.2.7"}
    for method, path in calls:
        answer = bench.request(method, path, headers=headers, **({} if method == "GET" else {"json": {}}))
        assert answer.status_code == 403, path
    assert bench.get("/today/begun", headers=headers).json() == {"begun": False}
    picture = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert bench.get("/today", headers=picture).status_code == 403
    assert journal(settings.home) == before
    assert bench.get("/today", headers={"sec-fetch-site": "none"}).status_code == 200


def test_a_home_that_cannot_be_written_says_so(bench: Client, settings: Settings) -> None:
    (settings.home / "journal.jsonl").mkdir()
    answer = bench.put("/plan", json={"goal": "gpt", "hours": 8})
    (settings.home / "journal.jsonl").rmdir()
    assert answer.status_code == 503 and str(settings.home) not in answer.text and answer.json()["subject"]


def test_writes_are_in_the_audit_without_their_words(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with made(settings) as bench:
        send(bench, "POST", "/plan/about", worries="nobody reads this")
    text = (settings.home / "audit.jsonl").read_text("utf-8")
    assert "/plan/about" in text and "nobody reads" not in text
