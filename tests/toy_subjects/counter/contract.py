"""The contract of a server: what it answers, what it refuses, and that nothing acknowledged is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from castalia.core.contract import Claim, Contract, Handle, Milestone, Subject, true

INTERFACE = '''
import sys


def main(args: list[str]) -> int:
    """counter --port N answers on 127.0.0.1:N in JSON. POST /add {"by": 3} adds a whole number and answers the sum as
    {"total": 3}; GET /total answers {"total": 3}. A body that does not fit is a 422 that names the field, another path
    a 404. The total lives in the folder that it is started in, and what was answered survives kill -9."""
    raise NotImplementedError


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
'''
NEEDS = frozenset({"children", "loopback"})


def served(subject: Subject) -> Handle:
    return subject.new("Server", ["--port", "{port}"])


def asked(server: Handle, method: str, path: str, status: int, body: Any = None) -> dict[str, Any]:
    answer = server.call("request", method, path, body)
    true(answer["status"] == status, f"the status of {method} {path} {body}", answer["status"], status)
    kind = answer["headers"].get("content-type", "")
    true(isinstance(answer["json"], dict), f"{method} {path} answers JSON", kind, "application/json and an object")
    told: dict[str, Any] = answer["json"]
    return told


def is_total(server: Handle, wanted: int, when: str) -> None:
    got = asked(server, "GET", "/total", 200).get("total")
    true(got == wanted and type(got) is int, f"the total {when}", got, wanted)


def counts(subject: Subject, numbers: list[int]) -> None:
    server = served(subject)
    total = 0
    is_total(server, 0, "before the first")
    for number in numbers:
        total += number
        got = asked(server, "POST", "/add", 200, {"by": number})
        true(got == {"total": total}, f"POST /add {number}", got, {"total": total})
        is_total(server, total, f"after {number}")
        is_total(server, total, "asked again")
    server.call("kill")


def refuses(subject: Subject, numbers: list[int]) -> None:
    server = served(subject)
    asked(server, "POST", "/add", 200, {"by": 2})
    for wrong in ({"by": "3"}, {"by": 1.5}, {}, [1], "{", ""):
        answer = asked(server, "POST", "/add", 422, wrong)
        true(answer.get("field") == "by", f"the field named for {wrong!r}", answer.get("field"), "by")
    asked(server, "GET", "/nothing", 404)
    asked(server, "POST", "/total", 404, {"by": 2})
    is_total(server, 2, "after what was refused")
    server.call("kill")


def survives(subject: Subject, numbers: list[int]) -> None:
    server = served(subject)
    total = 0
    for number in numbers:
        total += number
        asked(server, "POST", "/add", 200, {"by": number})
        server.call("kill")
        server.call("restart")
        is_total(server, total, "after kill -9")
    server.call("kill")


def all_count(subject: Subject, numbers: list[int]) -> None:
    server = served(subject)
    told = server.call("load", [["POST", "/add", {"by": number}] for number in numbers], at_once=8)
    wrong = [each["status"] for each in told if each["status"] != 200]
    true(not wrong, "every request of many at once is answered", wrong, "200 each")
    is_total(server, sum(numbers), f"after {len(numbers)} requests, 8 at once")
    server.call("kill")


def claim(id: str, words: str, holds: Any, topic: str, *hints: str, cases: int, sizes: tuple[int, ...]) -> Claim:
    one, two, three = hints
    return Claim(
        id=id, words=words, topics={topic: 1.0}, holds=holds, at="main", hints=(one, two, three), needs=NEEDS,
        make=lambda rng, size: ([int(each) for each in rng.integers(-9, 10, size)],), budget=4.0, cases=cases,
        sizes=sizes,
    )  # fmt: skip


CONTRACT = Contract(
    project="counter", interface=INTERFACE, source=Path(__file__).read_text("utf-8"), adapter="port",
    milestones=(
        Milestone("M1", "Answering", (
            claim("counts", "It adds what is posted, and answers the total.", counts, "to07", "Which one reads?",
                  "A total, read by GET and changed by POST.", "The two methods of the handler.",
                  cases=2, sizes=(1, 4)),
            claim("refuses", "A body that does not fit is a 422 that names the field; nothing is added.", refuses,
                  "to03", "What fits?", "A whole number, and nothing that only looks like one.", "type(by) is int",
                  cases=1, sizes=(1,)),
        )),
        Milestone("M2", "Under fault", (
            claim("survives", "What it has answered survives kill -9.", survives, "sq01", "When is it safe to answer?",
                  "First on the disk, then in the answer.", "The order of write and answer.", cases=1, sizes=(3,)),
            claim("all_count", "Of many requests at once, each one counts.", all_count, "py06",
                  "What may happen between reading and writing?", "One at a time.", "A lock around both.",
                  cases=2, sizes=(40,)),
        )),
    ),
)  # fmt: skip
