"""Clients in processes of their own that say what they send before they send it, and what was acknowledged.

``python fault_clients.py raw|mlflow|native URL SEED`` runs until it is killed. A line is JSON: ["run", id],
["sent", run, number, steps], ["kept", run, number, steps], or ["wrong", text] for an answer that must not come.
``number`` counts the requests of a run, ``steps`` are those of its points; a negative number is a param.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

API = "/api/2.0/mlflow/"
KEY = "loss"
POINTS = 400
"""Steps of a run; then comes the next."""


def say(*words: object) -> None:
    """One line, written whole: what stands before it was said even if the process is killed right after."""
    os.write(1, (json.dumps(words) + "\n").encode())


def value(step: int) -> float:
    """The value of every point, so that a wrong one is seen."""
    return step * 0.5 - 7


def point(step: int) -> dict[str, Any]:
    return {"key": KEY, "value": value(step), "timestamp": step + 1, "step": step}


class Line:
    """A kept connection; None where a request was not answered."""

    def __init__(self, url: str) -> None:
        self.place = url.partition("://")[2]
        self.connection: http.client.HTTPConnection | None = None

    def open(self) -> bool:
        """Whether somebody listens; nothing of a request is sent yet."""
        if self.connection is None:
            made = http.client.HTTPConnection(self.place, timeout=20)
            try:
                made.connect()
            except OSError:
                time.sleep(0.02)
                return False
            self.connection = made
        return True

    def post(self, path: str, **fields: Any) -> Any:
        assert self.connection is not None
        try:
            self.connection.request("POST", API + path, json.dumps(fields), {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return None
        if answer.status == 503:  # a database that is away: the answer is plain, and nothing is promised
            time.sleep(0.02)
            return None
        if answer.status != 200:
            say("wrong", f"{answer.status} {path} {fields} {body.decode()[:300]}")
            return None
        return json.loads(body)


def raw(url: str, chance: random.Random) -> None:
    """Points alone, batches, params and tags over one connection; what was not answered is sent again or left."""
    line = Line(url)
    while True:
        made = None
        while made is None:
            made = line.post("runs/create", experiment_id="0") if line.open() else None
        run = made["run"]["info"]["run_id"]
        say("run", run)
        step = number = 0
        while step < POINTS:
            number += 1
            many = chance.choice((1, 1, 1, 1, 7))
            steps = list(range(step, step + many))
            fields: dict[str, Any] = {"run_id": run, **point(step)}
            path = "runs/log-metric"
            if many > 1:
                path, fields = "runs/log-batch", {
                    "run_id": run, "metrics": [point(each) for each in steps],
                    "params": [{"key": f"p{number}", "value": str(number)}],
                    "tags": [{"key": "at", "value": str(step)}],
                }  # fmt: skip
            elif chance.random() < 0.05:
                steps, path = [-number], "runs/log-parameter"
                fields = {"run_id": run, "key": f"q{number}", "value": str(number)}
            while not line.open():
                pass
            say("sent", run, number, steps)
            for _ in range(chance.randint(1, 3)):
                if line.open() and line.post(path, **fields) is not None:
                    say("kept", run, number, steps)
                    break
            step += many


def mlflow(url: str, chance: random.Random) -> None:
    """The published client, unpatched, which tries again by itself."""
    os.environ |= {"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.1"}
    from mlflow import MlflowClient
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException

    client = MlflowClient(url)
    while True:
        try:
            run = client.create_run("0").info.run_id
        except MlflowException:
            continue
        say("run", run)
        step = number = 0
        while step < POINTS:
            number += 1
            steps = list(range(step, step + chance.choice((1, 1, 7))))
            say("sent", run, number, steps)
            try:
                if len(steps) == 1:
                    client.log_metric(run, KEY, value(step), timestamp=step + 1, step=step)
                else:
                    client.log_batch(run, [Metric(KEY, value(each), each + 1, each) for each in steps])
                say("kept", run, number, steps)
            except MlflowException as error:
                # The last is a server that was killed between the head of an answer and its body: not acknowledged.
                if not any(words in str(error) for words in ("Max retries", "too many", "Connection broken")):
                    say("wrong", str(error)[:300])
            step += len(steps)


def native(url: str, chance: random.Random) -> None:
    """Castalia's own client: what it could not send it leaves on the disk for the next."""
    import castalia

    while True:
        with castalia.run("faults", server=url, capture="none") as run:
            say("run", run.run_id)
            for step in range(POINTS):
                say("sent", run.run_id, step, [step])
                run.log(step, **{KEY: value(step)})
                if chance.random() < 0.02:
                    run.flush()
                    if not run.left():
                        say("kept", run.run_id, -1, list(range(step + 1)))
                time.sleep(0.001)


KINDS: dict[str, Callable[[str, random.Random], None]] = {"raw": raw, "mlflow": mlflow, "native": native}


if __name__ == "__main__":
    kind, address, seed = sys.argv[1:4]
    some = [
        threading.Thread(target=KINDS[kind], args=(address, random.Random(f"{seed}-{thread}")))
        for thread in range(2 if kind == "raw" else 1)
    ]
    [each.start() for each in some]
    [each.join() for each in some]
