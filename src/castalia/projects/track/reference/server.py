"""The tracker behind HTTP: one table of routes, one place where what does not fit becomes 422, and a page."""

from __future__ import annotations

import argparse
import html
import json
import re
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .exchange import number, plain
from .search import search
from .store import Tracker


class Refused(Exception):
    """What does not fit: the field, and why."""

    def __init__(self, field: str, words: str) -> None:
        self.told = {"field": field, "error": words}


def page(tracker: Tracker, query: dict[str, Any]) -> str:
    rows = []
    for run in search(tracker, []):
        info = tracker.info(run)
        cells = "".join(f"<td>{html.escape(str(info[name]))}</td>" for name in ("run", "name", "status"))
        rows.append(f"<tr>{cells}</tr>")
    return f'<!doctype html><meta charset="utf-8"><title>Runs</title><h1>Runs</h1><table>{"".join(rows)}</table>'


def runs(tracker: Tracker, query: dict[str, str]) -> dict[str, Any]:
    known(query, "limit", "before")
    found = search(tracker, [], **{name: whole(name, text) for name, text in query.items()})
    return {"runs": [shown(tracker, run) for run in found]}


def begin(tracker: Tracker, body: dict[str, Any]) -> dict[str, Any]:
    known(body, *FIELDS)
    for field, kinds in FIELDS.items():
        if not isinstance(body.get(field), kinds):
            raise Refused(field, f"{field} is {body.get(field)!r}")
    return {"run": fits("params", tracker.start, body["name"], body.get("params"), body.get("key"))}


def show(tracker: Tracker, query: dict[str, str], run: str) -> dict[str, Any]:
    return shown(tracker, int(run))


def log(tracker: Tracker, body: dict[str, Any], run: str) -> dict[str, Any]:
    known(body, "points")
    points = body.get("points")
    if not isinstance(points, list) or not all(isinstance(each, list) and len(each) == 3 for each in points):
        raise Refused("points", "points is no list of [step, metric, value]")
    fits("points", tracker.log_many, int(run), [(step, metric, number(value)) for step, metric, value in points])
    return {"points": len(points)}


def history(tracker: Tracker, query: dict[str, str], run: str, metric: str) -> dict[str, Any]:
    return {"points": [[step, plain(value)] for step, value in tracker.history(int(run), unquote(metric))]}


def described(tracker: Tracker, query: dict[str, str]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for method, path, act in ROUTES:
        told = {"operationId": act.__name__, "responses": {str(STATUS[method]): {"description": "as asked"}}}
        paths.setdefault(path, {})[method.lower()] = told
    return {"openapi": "3.1.0", "info": {"title": "A tracker", "version": "1"}, "paths": paths}


ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/", page), ("GET", "/runs", runs), ("POST", "/runs", begin), ("GET", "/runs/{run}", show),
    ("POST", "/runs/{run}/points", log), ("GET", "/runs/{run}/points/{metric}", history),
    ("GET", "/openapi.json", described),
)  # fmt: skip
FIELDS: dict[str, Any] = {"name": str, "params": dict | None, "key": str | None}
"""What the body that begins a run may hold, and of which kinds."""
STATUS = {"GET": 200, "POST": 201}
PARTS = {"{run}": r"([0-9]+)", "{metric}": r"([^/]+)"}


def known(given: dict[str, Any], *names: str) -> None:
    for name in given:
        if name not in names:
            raise Refused(name, f"there is no field {name}")


def whole(name: str, text: str) -> Any:
    if not re.fullmatch("[1-9][0-9]{0,9}", text):
        raise Refused(name, f"{name} is {text!r}, no whole number from 1")
    return int(text)


def fits(field: str, act: Any, *arguments: Any) -> Any:
    """What the tracker finds wrong with it is wrong with this field."""
    try:
        return act(*arguments)
    except ValueError as error:
        raise Refused(field, str(error)) from None


def shown(tracker: Tracker, run: int) -> dict[str, Any]:
    info = tracker.info(run)
    return {**info, "params": {name: plain(value) for name, value in info["params"].items()}}


class Handler(BaseHTTPRequestHandler):
    """One request; a tracker of its own, since each has a thread of its own."""

    file = ""

    def do_GET(self) -> None:
        self.respond("GET")

    def do_POST(self) -> None:
        self.respond("POST")

    def respond(self, method: str) -> None:
        try:
            status, answer = STATUS[method], self.asked(method)
        except Refused as refused:
            status, answer = 422, refused.told
        except KeyError as error:
            status, answer = 404, {"error": str(error)}
        kind = "text/html" if isinstance(answer, str) else "application/json"
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(data)

    def asked(self, method: str) -> Any:
        target = urlsplit(self.path)
        for way, path, act in ROUTES:
            pattern = re.sub(r"\{\w+\}", lambda found: PARTS[found[0]], path)
            found = re.fullmatch(pattern, target.path)
            if found and way == method:
                given = self.body() if method == "POST" else dict(parse_qsl(target.query, keep_blank_values=True))
                with closing(Tracker(self.file)) as tracker:
                    return act(tracker, given, *found.groups())
        raise KeyError(f"there is no {method} {target.path}")

    def body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length", "0"))
        try:
            told = json.loads(self.rfile.read(length))
        except ValueError as error:
            raise Refused("body", f"no JSON: {error}") from None
        if not isinstance(told, dict):
            raise Refused("body", "no JSON object")
        return told

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: what is worth keeping is in the tracker."""


def main(arguments: list[str]) -> None:
    asked = argparse.ArgumentParser(prog="track")
    asked.add_argument("file")
    asked.add_argument("--port", type=int)
    given = asked.parse_args(arguments)
    Handler.file = given.file
    ThreadingHTTPServer(("127.0.0.1", given.port), Handler).serve_forever()
