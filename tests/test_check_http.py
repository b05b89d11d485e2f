"""castalia.check.http, child, served, drafts: a learner's page behind a real server, its checks in real children."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from web_process import Workbench

from castalia import catalog
from castalia.check import contracts, drafts, served
from castalia.core.errors import TooLarge, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings
from castalia.jobs.processes import environment_of, marked
from castalia.web.app import create_app

pytestmark = pytest.mark.xdist_group("check_http")

RIGHT = contracts.reference("softmax").read_text("utf-8")
WRONG = contracts.starting_text("softmax")
ENDLESS = "def softmax(x):\n    while True:\n        pass\n"
ROOT = Path(__file__).parent.parent
PRIVATE = ("Traceback", 'File "', f"{ROOT}/", "/castalia-desk-")
JSON = {"Content-Type": "application/json"}

Answer = tuple[int, Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workbench's children put their folders, so that what stays is seen."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def bench(home: Path, scratch: Path) -> Iterator[Workbench]:
    with Workbench(home, env={"TMPDIR": str(scratch)}) as made:
        yield made


def ask(bench: Workbench, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Status and JSON of one request to the real server."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=50)
    try:
        content = None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, content, {**(JSON if body is not None else {}), **sent})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert not [word for word in PRIVATE if word in text], text
        return answer.status, json.loads(text)
    finally:
        connection.close()


def children(home: Path) -> list[int]:
    """The children of this home's workbench that check, and the cages that they started."""
    return [each.pid for each in marked("CASTALIA_SERVED=") if environment_of(each, "CASTALIA_HOME") == str(home)]


def runners(scratch: Path) -> list[int]:
    """The processes of learner's code whose folders lie in ``scratch``; others on this machine are not ours."""
    return [each.pid for each in marked("CASTALIA_CHECK=") if environment_of(each, "TMPDIR").startswith(str(scratch))]


def wait_for(what: Any, seconds: float = 20.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def running(home: Path, scratch: Path) -> int:
    """Wait until a check is inside the learner's code; the pid of the child that checks."""
    wait_for(lambda: runners(scratch))
    mine = [pid for pid in children(home) if b"castalia.check.served" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(mine) == 1
    return mine[0]


def nothing_stays(home: Path, scratch: Path) -> None:
    wait_for(lambda: not children(home) and not runners(scratch))
    wait_for(lambda: not list(scratch.glob("castalia-*")))


# --- from red to green ---------------------------------------------------------------------------


def test_the_list_and_one_of_it(bench: Workbench) -> None:
    status, lines = ask(bench, "GET", "/checks")
    known = {line["name"]: line for line in lines}
    assert status == 200 and {"softmax", "basics"} <= set(known)
    assert known["basics"]["kind"] == "exercise" and len(known["basics"]["milestones"]) == 4
    status, one = ask(bench, "GET", "/checks/softmax")
    claims = [claim for milestone in one["milestones"] for claim in milestone["claims"]]
    assert [claim["id"] for claim in claims][-1] == "large_numbers" and claims[0]["tier"] == "core"
    assert all(claim["hints"] == [] for claim in claims), "a hint that was not asked for is not sent"
    assert one["start"] == WRONG and one["file"] == "softmax.py" and not one["opened"]
    assert one["place"] == "$CASTALIA_HOME/drafts/softmax.py"


def test_a_learner_goes_from_red_to_green(bench: Workbench, home: Path) -> None:
    status, red = ask(bench, "POST", "/checks/softmax", {"text": WRONG, "seed": 7})
    assert (status, red["outcome"], red["seed"]) == (200, "fail", 7)
    failed = red["claims"][-1]
    assert failed["id"] == "large_numbers" and failed["got"] == "nan" and failed["file_line"] == "softmax.py:9"
    assert "$CASTALIA_HOME/drafts/softmax.py" in failed["output"], "where it ran is said without this machine's folders"
    hints = contracts.find("softmax").claim("large_numbers").hints
    for rung in (1, 2):
        status, told = ask(bench, "POST", "/checks/softmax/hint", {})
        assert (status, told["rung"], told["hint"]) == (200, rung, hints[rung - 1])
    status, pasted = ask(bench, "POST", "/checks/softmax/hint", {"for_assistant": True})
    assert "do not give me the solution" in pasted["hint"] and not [hint for hint in hints if hint in pasted["hint"]]
    _, one = ask(bench, "GET", "/checks/softmax")
    read = {claim["id"]: claim["hints"] for claim in one["milestones"][0]["claims"]}
    assert read["large_numbers"] == list(hints[:2]) and read["sums_to_one"] == []
    assert one["last"]["outcome"] == "fail" and one["last"]["of_draft"] and one["last"]["file"] == "softmax.py"
    status, green = ask(bench, "POST", "/checks/softmax", {"text": RIGHT, "all": True})
    assert (status, green["outcome"]) == (200, "pass")
    kinds = [event.kind for event in Evidence(home).events("softmax")]
    assert kinds == ["check", "hint", "hint", "hint", "check"]
    _, lines = ask(bench, "GET", "/checks")
    assert {line["name"]: line["last"] for line in lines}["softmax"]["outcome"] == "pass"


def test_the_answer_is_what_the_shell_prints(bench: Workbench, home: Path) -> None:
    _, report = ask(bench, "POST", "/checks/softmax", {"text": WRONG, "seed": 3})
    typed = ["check", "softmax", "--seed", "3", "--json", "--at", str(drafts.place(home, "softmax"))]
    command = [sys.executable, "-c", f"import sys; from castalia.cli import main; sys.exit(main({typed!r}))"]
    environ = {**os.environ, "CASTALIA_HOME": str(home)}
    printed = json.loads(subprocess.run(command, capture_output=True, text=True, env=environ, check=False).stdout)
    assert list(printed) == [key for key in report if key not in ("warnings", "draft", "stubs")]
    plain = ("id", "milestone", "outcome", "seed", "got", "expected", "why", "input", "file_line", "action")
    assert [[each[key] for key in plain] for each in printed["claims"]] == [
        [each[key] for key in plain] for each in report["claims"]
    ]


def test_one_milestone_and_a_wrong_one(bench: Workbench) -> None:
    text = contracts.reference("basics").read_text("utf-8")
    status, report = ask(bench, "POST", "/checks/basics", {"text": text, "milestone": "M3"})
    assert (status, report["outcome"]) == (200, "pass") and {each["milestone"] for each in report["claims"]} == {"M3"}
    status, refused = ask(bench, "POST", "/checks/basics", {"milestone": "M9"})
    assert status == 404 and "M9" in refused["subject"]


def test_a_check_of_nothing_says_so(tmp_path: Path) -> None:
    with _client(Settings(home=tmp_path)) as client:
        answer = client.post("/checks/softmax", json={})
        assert answer.status_code == 404 and "no draft of softmax" in answer.json()["subject"]
        answer = client.post("/checks/softmax/hint", json={})
        assert answer.status_code == 404 and answer.json()["cure"] == "castalia check softmax"


def test_the_solution_lies_under_a_cover_and_opening_it_is_noted_once(bench: Workbench, home: Path) -> None:
    status, covered = ask(bench, "GET", "/checks/basics/solution")
    assert status == 403 and "POST" in covered["cure"] and "files" not in covered
    for _ in range(2):
        status, opened = ask(bench, "POST", "/checks/basics/solution", {})
        assert status == 200 and "def standardize" in opened["files"][0]["text"]
    assert ask(bench, "GET", "/checks/basics/solution") == (200, opened)
    assert [event.kind for event in Evidence(home).events("basics")].count("spoiler") == 1
    assert ask(bench, "GET", "/checks/basics")[1]["opened"] is True
    _, report = ask(bench, "POST", "/checks/basics", {"text": "x = 1\n"})
    assert report["outcome"] == "not_attempted"
    assert Evidence(home).events("basics")[-1].spoilers == 1


def test_two_that_open_the_solution_at_once_note_it_once(settings: Settings) -> None:
    order = {"home": str(settings.home), "data": [], "offline": True}
    settings.home.mkdir(parents=True, exist_ok=True)

    def opened(_: int) -> dict[str, Any]:
        return served.work({"do": "solution", "name": "softmax", "opened": False, "settings": dict(order)})

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(opened, range(3)))
    assert all(each["answer"]["files"] and not each["answer"]["warnings"] for each in found)
    assert [event.kind for event in Evidence(settings.home).events("softmax")] == ["spoiler"]


def test_a_half_character_in_what_the_code_says_is_written_out(bench: Workbench) -> None:
    text = "def softmax(x):\n    raise ValueError(b'caf\\xe9.csv'.decode('utf-8', 'surrogateescape'))\n"
    status, report = ask(bench, "POST", "/checks/softmax", {"text": text})
    assert status == 200 and "caf\\udce9.csv" in report["claims"][0]["why"]
    assert ask(bench, "GET", "/checks/softmax")[1]["last"]["outcome"] == "learner_error"


# --- drafts --------------------------------------------------------------------------------------


def test_a_draft_is_a_file_and_the_last_one_wins_but_is_told(bench: Workbench, home: Path) -> None:
    odd = "# naïve ☃ 𝄞\tπ\n" + str(home) + "\n"
    status, first = ask(bench, "PUT", "/checks/softmax/draft", {"text": odd})
    path = drafts.place(home, "softmax")
    assert status == 200 and path.read_text("utf-8") == odd and path == home / "drafts" / "softmax.py"
    assert ask(bench, "GET", "/checks/softmax")[1]["draft"]["text"] == odd, "a source is never scrubbed"
    _, second = ask(bench, "PUT", "/checks/softmax/draft", {"text": "two\n", "base": first["tag"]})
    assert second["replaced"] is None
    _, late = ask(bench, "PUT", "/checks/softmax/draft", {"text": "three\n", "base": first["tag"]})
    assert late["replaced"] == "two\n" and path.read_text() == "three\n"
    path.write_text("by another editor\n")
    _, after = ask(bench, "PUT", "/checks/softmax/draft", {"text": "four\n", "base": late["tag"]})
    assert after["replaced"] == "by another editor\n"
    assert not list(path.parent.glob("*.part"))


def test_a_draft_has_a_largest_size(bench: Workbench, home: Path) -> None:
    place = drafts.place(home, "softmax")
    before = place.read_bytes() if place.exists() else None  # another test of this bench may want it as it was
    most = "#" * drafts.MAX_BYTES
    assert ask(bench, "PUT", "/checks/softmax/draft", {"text": most})[0] == 200
    assert ask(bench, "PUT", "/checks/softmax/draft", {"text": most + "#"})[0] == 413
    assert ask(bench, "PUT", "/checks/softmax/draft", {"text": "é" * (drafts.MAX_BYTES // 2 + 1)})[0] == 413
    assert ask(bench, "PUT", "/checks/softmax/draft", {"text": "#" * (3 << 20)})[0] == 413
    assert place.read_text() == most
    if before is None:
        place.unlink()
    else:
        place.write_bytes(before)


def test_a_draft_that_cannot_be_read_is_put_beside(tmp_path: Path) -> None:
    path = drafts.place(tmp_path, "softmax")
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")
    with _client(Settings(home=tmp_path)) as client:
        one = client.get("/checks/softmax").json()
        assert one["draft"] is None and "UTF-8" in one["draft_problem"]["got"]
    assert drafts.save(tmp_path, "softmax", "new\n").text == "new\n"
    assert path.with_suffix(".py.aside").read_bytes() == b"\xff\xfe"
    with pytest.raises(WrongInput):
        drafts.save(tmp_path, "softmax", "a\0b")
    with pytest.raises(TooLarge):
        drafts.save(tmp_path, "softmax", "x" * (drafts.MAX_BYTES + 1))


# --- one check at a time, and nothing of it stays --------------------------------------------------


def started(bench: Workbench, text: str) -> tuple[threading.Thread, list[Answer]]:
    answers: list[Answer] = []
    thread = threading.Thread(
        target=lambda: answers.append(ask(bench, "POST", "/checks/softmax", {"text": text})), daemon=True
    )
    thread.start()
    return thread, answers


def test_two_clients_at_once_and_a_child_that_is_killed(bench: Workbench, home: Path, scratch: Path) -> None:
    thread, answers = started(bench, ENDLESS)
    pid = running(home, scratch)
    status, refused = ask(bench, "POST", "/checks/basics", {"text": "x = 1\n"})
    assert (status, refused["subject"]) == (409, "a check is running")
    assert ask(bench, "GET", "/checks/softmax")[0] == 200, "reading goes on meanwhile"
    assert ask(bench, "PUT", "/checks/basics/draft", {"text": "x = 2\n"})[0] == 200
    os.kill(pid, signal.SIGKILL)
    thread.join(20)
    status, problem = answers[0]
    assert status == 503 and "signal 9" in problem["got"]
    nothing_stays(home, scratch)
    assert ask(bench, "POST", "/checks/softmax", {"text": RIGHT})[1]["outcome"] == "pass"


def test_a_client_that_leaves_takes_its_check_along(bench: Workbench, home: Path, scratch: Path) -> None:
    body = json.dumps({"text": ENDLESS}).encode()
    head = f"POST /checks/softmax HTTP/1.1\r\nHost: 127.0.0.1:{bench.port}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", bench.port)) as connection:
        connection.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        running(home, scratch)
    nothing_stays(home, scratch)
    assert ask(bench, "POST", "/checks/softmax", {"text": RIGHT})[1]["outcome"] == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_workbench_that_ends_takes_its_check_along(tmp_path: Path, how: int) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    with Workbench(tmp_path / "home", env={"TMPDIR": str(place)}) as bench:
        thread, _ = started_and_lost(bench)
        running(tmp_path / "home", place)
        bench.process.send_signal(how)
        bench.process.wait(15)
        wait_for(lambda: not children(tmp_path / "home") and not runners(place))
        thread.join(10)
    assert not list(place.glob("castalia-*"))


def started_and_lost(bench: Workbench) -> tuple[threading.Thread, list[BaseException]]:
    lost: list[BaseException] = []

    def send() -> None:
        try:
            ask(bench, "POST", "/checks/softmax", {"text": ENDLESS})
        except (OSError, http.client.HTTPException, ValueError) as error:  # an answer that breaks off is no JSON
            lost.append(error)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread, lost


# --- who may ask, and what ---------------------------------------------------------------------------


def _client(settings: Settings, peer: str = "127.0.0.1", **options: Any) -> TestClient:
    app = create_app(settings, **options)
    return TestClient(app, base_url="http://localhost:8000", client=(peer, 50000), raise_server_exceptions=False)


ROUTES = (
    ("GET", "/checks"),
    ("GET", "/checks/softmax"),
    ("PUT", "/checks/softmax/draft"),
    ("POST", "/checks/softmax"),
    ("POST", "/checks/softmax/hint"),
    ("GET", "/checks/softmax/solution"),
    ("POST", "/checks/softmax/solution"),
)
TOKEN = "a-long-enough-token"


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "fe80::1%eth0", "::ffff:192.0.2.7", "unix"])
def test_another_machine_is_refused_even_with_the_token(tmp_path: Path, peer: str) -> None:
    with _client(Settings(home=tmp_path), peer, token=TOKEN, host="0.0.0.0", allow_hosts=["lab.example"]) as client:
        for method, path in ROUTES:
            headers = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"}
            answer = client.request(method, path, headers=headers, json=None if method == "GET" else {"text": "x"})
            assert answer.status_code == 403, (method, path)
            assert "127.0.0.1" in answer.json()["cure"] and "castalia learn" in answer.json()["cure"]
        assert client.get("/systems", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert not (tmp_path / "drafts").exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "192.0.2.7"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=192.0.2.7"},
        {"via": "1.1 proxy"},
        {"x-real-ip": "192.0.2.7"},
        {"host": "lab.example"},
        {"origin": "http://lab.example"},
        {"referer": "http://lab.example/app/learn"},
    ],
    ids=str,
)
def test_what_a_proxy_on_this_machine_hands_on_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    with _client(Settings(home=tmp_path), allow_hosts=["lab.example"], base_path="/castalia") as client:
        for method, path in ROUTES:
            answer = client.request(method, path, headers=headers, json=None if method == "GET" else {"text": "x"})
            assert answer.status_code == 403, (method, path)
        assert client.get("/systems", headers=headers).status_code == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_answered_also_under_a_base_path(tmp_path: Path, peer: str) -> None:
    with _client(Settings(home=tmp_path), peer, base_path="/castalia") as client:
        origin = {"origin": "http://localhost:8000", "referer": "http://localhost:8000/castalia/app/learn"}
        for prefix in ("", "/castalia"):
            answer = client.put(f"{prefix}/checks/softmax/draft", json={"text": "x = 1\n"}, headers=origin)
            assert answer.status_code == 200, answer.text


def test_a_page_of_another_origin_changes_nothing(bench: Workbench, home: Path) -> None:
    before = drafts.place(home, "softmax").read_bytes()
    events = len(Evidence(home).events())
    for method, path in ROUTES[2:]:
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            if method == "GET":
                continue
            assert ask(bench, method, path, {"text": "evil"}, **headers)[0] == 403, (path, headers)
            # A form of another page sends no JSON and may have no body at all.
            assert ask(bench, method, path, None, **headers)[0] == 403, (path, headers)
    assert drafts.place(home, "softmax").read_bytes() == before and len(Evidence(home).events()) == events


NAMES = ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "softmax%00", "softmax@1", "softmax:x", "SOFTMAX", "softmax.py",
         "yours~softmax", "~softmax", "a" * 300, "churn", "%ff", "softmax%0a", "__init__", "*", "con"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none_is_not_found(bench: Workbench, home: Path, name: str) -> None:
    before = sorted(home.rglob("*"))
    text: dict[str, Any] = {"text": "x"}
    asked = (("GET", "", None), ("POST", "", text), ("PUT", "/draft", text), ("POST", "/hint", {}),
             ("POST", "/solution", {}), ("GET", "/solution", None))  # fmt: skip
    for method, tail, body in asked:
        status, document = ask(bench, method, f"/checks/{name}{tail}", body)
        assert status in (404, 405, 422) and document["status"] == status, (method, tail, document)
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/checks/softmax", {"text": 3}, "text"),
        ("/checks/softmax", {"text": "x", "seed": -1}, "seed"),
        ("/checks/softmax", {"text": "x", "seed": 2**32}, "seed"),
        ("/checks/softmax", {"text": "x", "seed": "7.5"}, "seed"),
        ("/checks/softmax", {"text": "x", "all": "perhaps"}, "all"),
        ("/checks/softmax", {"text": "x", "milestone": "../M1"}, "milestone"),
        ("/checks/softmax", {"text": "x", "at": "/etc/passwd"}, "at"),
        ("/checks/softmax", {"text": "x", "python": "/bin/sh"}, "python"),
        ("/checks/softmax", {"text": "x", "base": "t" * 65}, "base"),
        ("/checks/softmax", {"text": "a\0b"}, "text"),
        ("/checks/softmax", [], ""),
        ("/checks/softmax/hint", {"for_assistant": 7}, "for_assistant"),
        ("/checks/softmax/hint", {"rung": 3}, "rung"),
    ],
)
def test_a_body_that_does_not_fit_names_its_field(bench: Workbench, path: str, body: Any, field: str) -> None:
    status, document = ask(bench, "POST", path, body)
    assert status == 422 and document["field"] == field, document


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_BODIES = st.recursive(
    _PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "base", "seed", "all", "milestone", "for_assistant", "x"]), inner)
    ),
    max_leaves=6,
)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(route=st.sampled_from(ROUTES), body=_BODIES)
def test_no_body_makes_a_fault(fuzzed: TestClient, route: tuple[str, str], body: Any) -> None:
    """What fits is answered, what does not is a problem document; nothing is a 500. Checks themselves are stubbed out
    by a contract that is not there, so that no child is started for each example."""
    method, path = route
    answer = fuzzed.request(method, path.replace("softmax", "churn"), json=body)
    assert answer.status_code in (200, 403, 404, 413, 422), answer.text
    if path.endswith("/draft"):
        answer = fuzzed.put(path, json=body)
        assert answer.status_code in (200, 413, 422), answer.text


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with _client(Settings(home=tmp_path_factory.mktemp("fuzz"))) as made:
        yield made


# --- shelves of one's own ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_broken_contract_on_a_shelf_is_said_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home")
    monkeypatch.setenv("CASTALIA_HOME", str(settings.home))
    shelf = tmp_path / "mine"
    texts = {
        "good": _CONTRACT,
        "broken": "print('noise')\nraise RuntimeError('no')\n",
        "deadly": "import os\nos._exit(3)",
    }
    for name, contract in texts.items():
        folder = shelf / name
        folder.mkdir(parents=True)
        (folder / "card.toml").write_text(f'skill = "Python"\ntitle = "The {name} one"\nsummary = "A toy."\n')
        (folder / "contract.py").write_text(contract)
    catalog.trust(shelf, settings, "mine")
    with _client(settings) as client:
        lines = {line["name"]: line for line in client.get("/checks").json()}
        assert lines["mine/good"]["title"] == "The good one" and lines["mine/good"]["address"] == "mine~good"
        assert "RuntimeError: no" in lines["mine/broken"]["problem"]["got"]
        assert "code 3" in lines["mine/deadly"]["problem"]["got"] and lines["softmax"]["milestones"]
        answer = client.get("/checks/mine~broken")
        assert answer.status_code == 500 and "cannot be read" in answer.json()["subject"]
        right = client.post("/checks/mine~good", json={"text": "def double(x):\n    return 2 * x\n"})
        assert right.json()["outcome"] == "pass", right.text
        assert (settings.home / "drafts" / "mine" / "good.py").is_file()
        changed = _CONTRACT.replace("double(x) is twice x.", "double(x) is two x.")
        (shelf / "good" / "contract.py").write_text(changed)
        words = client.get("/checks/mine~good").json()["milestones"][0]["claims"][0]["words"]
        assert words == "double(x) is two x.", "a contract that was edited is read anew"


_CONTRACT = '''"""Twice a number."""
from castalia.core.contract import Claim, Contract, Milestone

CLAIM = Claim(
    id="doubles", words="double(x) is twice x.", topics={"py01": 1.0}, function="double",
    make=lambda random, size: (random.normal(size=size),), oracle=lambda x: 2 * x, rtol=1e-12,
    hints=("What is twice a number?", "Multiply.", "Every element is multiplied by two."),
)
CONTRACT = Contract(
    project="good", interface="def double(x):\\n    raise NotImplementedError\\n",
    milestones=(Milestone("M1", "Double", (CLAIM,)),), source=open(__file__).read(),
)
'''


def test_the_workbench_itself_imports_no_contract(bench: Workbench, tmp_path: Path) -> None:
    code = """
import sys
from castalia.core.settings import Settings
from castalia.web.app import create_app
from starlette.testclient import TestClient
with TestClient(create_app(Settings.read()), base_url="http://localhost:8000", client=("127.0.0.1", 1)) as client:
    text = open(sys.argv[1]).read()
    assert client.get("/checks/softmax").status_code == 200
    assert client.post("/checks/softmax", json={"text": text}).json()["outcome"] == "pass"
print([name for name in sys.modules if name.startswith(("castalia.check.exercises", "castalia.projects"))])
"""
    environ = {**os.environ, "CASTALIA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code, str(contracts.reference("softmax"))]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=50, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"


def test_nothing_is_left_at_the_end(bench: Workbench, home: Path, scratch: Path) -> None:
    nothing_stays(home, scratch)
