"""Counts over HTTP, and writes down before it answers, so that nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCK = threading.Lock()
KEPT = "total.json"


def total() -> int:
    """What is written down; 0 before the first."""
    try:
        with open(KEPT, encoding="utf-8") as file:
            return int(json.load(file))
    except FileNotFoundError:
        return 0


def add(by: int) -> int:
    """The new total, once it is on the disk."""
    with LOCK:
        now = total() + by
        with open(KEPT + ".part", "w", encoding="utf-8") as file:
            json.dump(now, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(KEPT + ".part", KEPT)
        return now


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # connections that wait: with 5, one of many at once has to try again after a second


class Handler(BaseHTTPRequestHandler):
    """GET /total, POST /add {"by": 3}."""

    def do_GET(self) -> None:
        if self.path != "/total":
            return self.answer(404, {"error": "not found"})
        return self.answer(200, {"total": total()})

    def do_POST(self) -> None:
        if self.path != "/add":
            return self.answer(404, {"error": "not found"})
        try:
            by = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))["by"]
            if type(by) is not int:
                raise ValueError("by is no whole number")
        except (ValueError, KeyError, TypeError) as error:
            return self.answer(422, {"error": str(error), "field": "by"})
        return self.answer(200, {"total": add(by)})

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(args: list[str]) -> int:
    """``--port N``"""
    server = Server(("127.0.0.1", int(args[args.index("--port") + 1])), Handler)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
