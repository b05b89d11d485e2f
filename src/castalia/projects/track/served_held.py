"""M5: the tracker behind HTTP. What goes in over HTTP is also read through HTTP; the file is the server's alone."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import numpy as np

from castalia.core.contract import Handle, Subject, true
from castalia.projects.track.asking import TEXTS, same, some, value

WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
Points = list[list[Any]]


def points(rng: np.random.Generator, size: int) -> tuple[str, dict[str, Any], Points]:
    metrics = some(rng, [each for each in TEXTS if each] + ["a/b", "50 %", "a?b#c"], 1 + size // 2)
    given = [[int(rng.integers(-9, 9)), str(rng.choice(metrics)), value(rng)] for _ in range(3 * size)]
    told = {"rate": 0.5, "layers": 3, "name": "ü", "flag": True, "none": None}
    return str(rng.choice(TEXTS)), dict(some(rng, told.items(), size)), given


def served(subject: Subject) -> Handle:
    return subject.new("Server", ["runs.db", "--port", "{port}"])


def plain(number: float) -> Any:
    return number if math.isfinite(number) else WORDS[str(number)]


def asked(server: Handle, method: str, path: str, status: int, body: Any = None) -> Any:
    """The JSON that it answers, with this status."""
    answer = server.call("request", method, path, body)
    what = f"{method} {path}" + (f" with {body!r}"[:120] if body is not None else "")
    true(answer["status"] == status, f"the status of {what}", f"{answer['status']}: {answer['body']!r}"[:200], status)
    kind = answer["headers"].get("content-type", "")
    true(kind.partition(";")[0].strip() == "application/json", f"what {what} answers with", kind, "application/json")

    def refuse(word: str) -> None:
        true(False, f"{what} answers JSON; browsers refuse this number", word, "a text")

    try:
        return json.loads(answer["body"], parse_constant=refuse)
    except (ValueError, TypeError):
        true(False, f"{what} answers JSON", repr(answer["body"])[:100], "JSON")


def begun(server: Handle, name: str, **more: Any) -> int:
    told = asked(server, "POST", "/runs", 201, {"name": name, **more})
    run = told.get("run") if isinstance(told, dict) else None
    true(type(run) is int, "POST /runs answers the number of the run", told, '{"run": 7}')
    return int(run or 0)


def described(run: int, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"run": run, "name": name, "status": "running", "params": params, "tags": {}, "commit": None, "dirty": None}


def goes_in_and_comes_out(subject: Subject, name: str, params: dict[str, Any], given: Points) -> None:
    server = served(subject)
    same(asked(server, "GET", "/runs", 200), {"runs": []}, "GET /runs of a new tracker")
    run, other = begun(server, name, params=params, key="key"), begun(server, "other")
    same(begun(server, "once more", key="key"), run, "POST /runs with a key that was used before")
    sent = [[step, metric, plain(number)] for step, metric, number in given]
    same(asked(server, "POST", f"/runs/{run}/points", 201, {"points": sent}), {"points": len(sent)}, "POST points")
    same(asked(server, "GET", f"/runs/{run}", 200), described(run, name, params), "GET of a run")
    runs = [described(other, "other", {}), described(run, name, params)]
    same(asked(server, "GET", "/runs", 200), {"runs": runs}, "GET /runs, newest first")
    kept: dict[str, dict[int, float]] = {}
    for step, metric, number in given:
        kept.setdefault(metric, {})[step] = number
    for metric, values in kept.items():
        wanted = [[step, plain(values[step])] for step in sorted(values)]
        path = f"/runs/{run}/points/{quote(metric, safe='')}"
        same(asked(server, "GET", path, 200), {"points": wanted}, f"GET of the points of {metric!r}")
    same(asked(server, "GET", f"/runs/{other}/points/loss", 200), {"points": []}, "GET of a metric that is not there")
    server.call("kill")


def pages_come(subject: Subject, count: int, limit: int) -> None:
    server = served(subject)
    first = [begun(server, f"run {number}") for number in range(count)]
    seen: list[int] = []
    before = ""
    for _ in range(count + 1):
        told = asked(server, "GET", f"/runs?limit={limit}{before}", 200)
        page = [each["run"] for each in told["runs"]]
        true(len(page) <= limit, "the length of a page", len(page), f"at most {limit}")
        seen += page
        begun(server, "meanwhile")
        if len(page) < limit:
            break
        before = f"&before={page[-1]}"
    same(seen, first[::-1], f"all pages of {limit} one after another, while runs were begun")
    for query in ("limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=", "before=x", "before=0.5", "limti=3"):
        _refused(server, "GET", f"/runs?{query}", None, query.partition("=")[0])
    server.call("kill")


def _refused(server: Handle, method: str, path: str, body: Any, field: str) -> None:
    told = asked(server, method, path, 422, body)
    named = field in re.findall(r"\w+", json.dumps(told, ensure_ascii=False))
    true(named, f"the answer to {method} {path} with {body!r} names the field"[:200], told, field)


def wrong_is_refused(subject: Subject, name: str) -> None:
    server = served(subject)
    run = begun(server, name, params={"a": 1})
    asked(server, "POST", f"/runs/{run}/points", 201, {"points": [[1, "m", 0.5]]})
    for body, field in (
        ({}, "name"), ({"name": 3}, "name"), ({"name": None}, "name"), ({"name": "x", "params": [1]}, "params"),
        ({"name": "x", "params": "a"}, "params"), ({"name": "x", "params": {"a": [1]}}, "params"),
        ({"name": "x", "params": {"a": {"b": 1}}}, "params"), ({"name": "x", "params": {"a": 2**70}}, "params"),
        ({"name": "x", "key": 3}, "key"), ({"name": "x", "nmae": "y"}, "nmae"),
    ):  # fmt: skip
        _refused(server, "POST", "/runs", body, field)
    for wrong in ([[1, "m"]], [[1, "m", 1.0, 2]], [["1", "m", 1.0]], [[1.5, "m", 1.0]], [[2**63, "m", 1.0]],
                  [[1, 2, 1.0]], [[1, "m", "high"]], [[1, "m", None]], [[1, "m", True]], [[2, "m", 1.0], [1, "m"]],
                  [[2, "m", 1.0], [1, "m", "high"]],
                  {"m": 1}, "m", None, [3]):  # fmt: skip
        _refused(server, "POST", f"/runs/{run}/points", {"points": wrong}, "points")
    _refused(server, "POST", f"/runs/{run}/points", {}, "points")
    _refused(server, "POST", f"/runs/{run}/points", {"points": [], "more": 1}, "more")
    for text in ("{", "", "[1]", '"x"', "3", '{"name": "x"'):
        for path in ("/runs", f"/runs/{run}/points"):
            asked(server, "POST", path, 422, text)
    for raw in (b'{"name": "\xff"}', b"\x00"):
        asked(server, "POST", "/runs", 422, raw)
    same(asked(server, "GET", f"/runs/{run}", 200), described(run, name, {"a": 1}), "the run after what was refused")
    points = asked(server, "GET", f"/runs/{run}/points/m", 200)
    same(points, {"points": [[1, 0.5]]}, "its points after what was refused")
    same(len(asked(server, "GET", "/runs", 200)["runs"]), 1, "the number of runs after what was refused")
    server.call("kill")


def not_there_is_404(subject: Subject, far: int) -> None:
    server = served(subject)
    run = begun(server, "x")
    for other in (run + 1, run + far, 0, 2**70):
        asked(server, "GET", f"/runs/{other}", 404)
        asked(server, "GET", f"/runs/{other}/points/m", 404)
        asked(server, "POST", f"/runs/{other}/points", 404, {"points": [[1, "m", 1.0]]})
    for path in ("/nothing", "/run", f"/runs/{run}/nothing", f"/runs/{run}/points/m/n"):
        asked(server, "GET", path, 404)
    same(
        asked(server, "GET", f"/runs/{run}", 200), described(run, "x", {}), "a run after what is not there was asked of"
    )
    server.call("kill")


class _Text(HTMLParser):
    """The words of a page, and the elements that are in it."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.elements = "", set[str]()
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.words += "" if self._silent else data + " "


def page_lists_runs(subject: Subject, name: str) -> None:
    server = served(subject)
    names = [name, "<marquee>x</marquee>", "a & b", '"quoted"', "&lt;i&gt;"]
    for each in names:
        begun(server, each)
    answer = server.call("request", "GET", "/")
    true(answer["status"] == 200, "the status of GET /", answer["status"], 200)
    kind = answer["headers"].get("content-type", "")
    true(kind.partition(";")[0] == "text/html", "the content type of GET /", kind, "text/html")
    read = _Text()
    read.feed(answer["body"])
    for each in [*names, "running", "5"]:
        true(" ".join(each.split()) in " ".join(read.words.split()), "a name, number or status on the page",
             read.words[:200], each)  # fmt: skip
    true("marquee" not in read.elements, "a run's name is text on the page, and not HTML", "an element", "text")
    server.call("kill")


def it_is_described(subject: Subject, _: int) -> None:
    server = served(subject)
    told = asked(server, "GET", "/openapi.json", 200)
    version = told.get("openapi", "") if isinstance(told, dict) else ""
    true(str(version).startswith("3."), "the version of the description", version, "3.1.0, say")
    got: dict[str, set[str]] = {}
    for path, methods in told.get("paths", {}).items():
        bare = re.sub(r"\{[^}]*\}", "{}", path)
        got[bare] = {each for each in methods if each in ("get", "post", "put", "delete", "patch")}
        silent = [each for each in sorted(got[bare]) if not methods[each].get("responses")]
        true(not silent, f"the methods of {path} say what they answer", f"no responses of {silent}", "some")
    wanted = {"/runs": {"get", "post"}, "/runs/{}": {"get"}, "/runs/{}/points": {"post"}, "/runs/{}/points/{}": {"get"}}
    lacking = {path: sorted(methods) for path, methods in wanted.items() if not methods <= got.get(path, set())}
    true(not lacking, "paths and methods that the description lacks", lacking, "none")
    server.call("kill")


def answered_is_kept(subject: Subject, steps: int, _: int) -> None:
    server = served(subject)
    run = begun(server, "x", params={"a": 0.5})
    for step in range(steps):
        asked(server, "POST", f"/runs/{run}/points", 201, {"points": [[step, "m", step / 2]]})
        server.call("kill")
        server.call("restart")
        wanted = {"points": [[at, at / 2] for at in range(step + 1)]}
        same(asked(server, "GET", f"/runs/{run}/points/m", 200), wanted, "the points after kill -9 and a new start")
    same(asked(server, "GET", f"/runs/{run}", 200), described(run, "x", {"a": 0.5}), "the run after kill -9")
    server.call("kill")


def many_at_once(subject: Subject, count: int, _: int) -> None:
    server = served(subject)
    run = begun(server, "x")
    path = f"/runs/{run}/points"
    told = server.call("load", [["POST", path, {"points": [[step, "m", 0.5]]}] for step in range(count)], at_once=8)
    wrong = [each["status"] for each in told if each["status"] != 201]
    true(not wrong, f"the answers to {count} requests, eight at once", wrong, "201 each")
    wanted = {"points": [[step, 0.5] for step in range(count)]}
    same(asked(server, "GET", f"{path}/m", 200), wanted, "the points of all of them")
    server.call("kill")
