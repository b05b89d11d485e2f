"""The way out: runs made anew on an MLflow server, over its own protocol, with numbers, files and data sets.

The server gives each run a new id; the tag ``castalia.run_id`` says which it was, and by it a run that is there
already is found and completed, not doubled. Logged models and the registry stay here: an archive has them.
A server that asks who we are is told what MLflow's own client would tell it, from the same environment variables.
"""

from __future__ import annotations

import base64
import http.client
import json
import math
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from castalia.core.errors import Conflict, Refused, Unavailable, WrongInput
from castalia.core.settings import Login, mlflow_login
from castalia.track import Store
from castalia.track.delivery import barred
from castalia.track.exchange.sheet import Sheet, points_of, sheet_of
from castalia.track.exchange.taken import Taken, each_run
from castalia.track.posting import Address
from castalia.track.protocol.vocabulary import STATUS
from castalia.track.runs import PARENT_TAG

ID_TAG = "castalia.run_id"
_METRICS, _PAIRS = 1000, 100
_API = "/api/2.0/mlflow/"
_FILES = "/api/2.0/mlflow-artifacts/artifacts/"
_OWN = "mlflow-artifacts:/"
_SECONDS = 60.0


def export_to_mlflow(store: Store, run_ids: Sequence[str], url: str) -> list[Taken]:
    """Send runs to the server at ``url``; one outcome each.

    Unavailable where it does not answer: sent again, what is there is not there twice. Refused while offline, and by
    a server that does not know us.
    """
    address = Address(url)
    if why := barred(address):
        raise Refused(f"{address} is another machine", why, "a server on this one", "Unset CASTALIA_OFFLINE.")
    server = Server(address)
    made: dict[str, str] = {}
    try:
        server.post("experiments/search", max_results=1)  # whoever is not let in is told once, and not run by run
        works: dict[str, Callable[[], Taken]] = {run: partial(_send, store, server, run, made) for run in run_ids}
        taken = each_run(works)
        for run_id in made:
            parent = sheet_of(store, run_id).parent
            if parent in made:
                server.post("runs/set-tag", run_id=made[run_id], key=PARENT_TAG, value=made[parent])
    finally:
        server.close()
    return taken


class Server:
    """One connection to an MLflow server."""

    def __init__(self, address: Address) -> None:
        login = mlflow_login()
        self.address, self._headers, self._unsaid = address, _header(login), _hider(login)
        if address.secure:
            context = ssl.create_default_context()
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                address.host, address.port, timeout=_SECONDS, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(address.host, address.port, timeout=_SECONDS)

    def close(self) -> None:
        """Let it go."""
        self._connection.close()

    def get(self, path: str, **asked: str) -> dict[str, Any] | None:
        """What the server answers; None where it has no such thing."""
        return self._call("GET", f"{_API}{path}?{urlencode(asked)}", None)

    def post(self, path: str, **body: object) -> dict[str, Any]:
        """What the server answers to a JSON body. Conflict, in its words, where it takes it not."""
        found = self._call("POST", _API + path, json.dumps(body, allow_nan=False).encode(), "application/json")
        return self._had(path, found)

    def put(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """A file, streamed. Conflict where the server takes it not."""
        found = self._call("PUT", _FILES + quote(path), pieces, "application/octet-stream", size)
        self._had("place for files", found)

    def _had(self, what: str, found: dict[str, Any] | None) -> dict[str, Any]:
        if found is None:
            raise Conflict(f"{self.address} has no {what}", "404", "a server that speaks MLflow's protocol",
                           "Check the address.")  # fmt: skip
        return found

    def _call(self, method: str, path: str, body: Any, kind: str = "", size: int = -1) -> dict[str, Any] | None:
        headers = {**self._headers, "Content-Type": kind} if kind else dict(self._headers)
        if size >= 0:
            headers["Content-Length"] = str(size)
        try:
            self._connection.request(method, self.address.path + path, body, headers)
            answer = self._connection.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException, socket.gaierror) as error:
            self._connection.close()
            raise Unavailable(f"{self.address} does not answer", self._unsaid(str(error)) or type(error).__name__,
                              "an MLflow server",
                              "Start it, and send again: what is there is not sent twice.") from None  # fmt: skip
        told: dict[str, Any] = {}
        try:
            told = json.loads(content or b"{}")
        except ValueError:
            if status == 200:
                said = self._unsaid(content.decode(errors="replace"))[:60]
                raise Conflict(f"{self.address} is no MLflow server", said, "JSON",
                               "Check the address.") from None  # fmt: skip
        if status == 200 and isinstance(told, dict):
            return told
        if status == 404:
            return None
        if status in (401, 403):
            raise _barred(self.address, status, bool(self._headers))
        if status in (429, 502, 503, 504):
            raise Unavailable(f"{self.address} is busy", str(status), "200", "Send again later.")
        words = self._unsaid(str(told.get("message", "") if isinstance(told, dict) else ""))[:300]
        raise Conflict(
            f"{self.address} did not take it", f"{status} {words}".strip(), "200", "Correct it and send again."
        )


def _header(found: Login) -> dict[str, str]:
    """Authorization, where the environment names a token or a user."""
    if found.user and found.password:
        return {"Authorization": f"Basic {_pair(found)}"}
    if not (found.token.isascii() and found.token.isprintable()):
        raise WrongInput("MLFLOW_TRACKING_TOKEN is no token", "a letter that no header can hold", "letters and digits",
                         "Copy it again, without the end of the line.")  # fmt: skip
    return {"Authorization": f"Bearer {found.token}"} if found.token else {}


def _pair(found: Login) -> str:
    return base64.b64encode(f"{found.user}:{found.password}".encode()).decode()


def _hider(found: Login) -> Callable[[str], str]:
    """A function that takes what is secret out of a server's words: some servers say a header again."""
    secrets = [each for each in (found.token, found.password, _pair(found) if found.password else "") if each]
    known = re.compile("|".join(re.escape(each) for each in sorted(secrets, key=len, reverse=True)) or "(?!)")
    return lambda words: known.sub("***", words)


def _barred(address: Address, status: int, said: bool) -> Refused:
    cure = "Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, in the environment."
    if status == 403:
        return Refused(f"{address} does not let us write", "403 Forbidden", "a user or a token that may write", cure)
    got = "401: what the environment says is not known there" if said else "401: it asks who we are"
    return Refused(f"{address} does not let us in", got, "a user or a token that it knows", cure)


def _send(store: Store, server: Server, run_id: str, made: dict[str, str]) -> Taken:
    sheet = sheet_of(store, run_id)
    there, uri = _run(server, sheet)
    made[run_id] = there
    points = count = 0
    for pairs in _portions(sheet.params.items(), _PAIRS):
        server.post("runs/log-batch", run_id=there, params=[{"key": key, "value": value} for key, value in pairs])
    for portion in _portions(points_of(store, run_id), _METRICS):
        metrics = [
            {"key": key, "value": _worded(value), "timestamp": time, "step": step} for key, step, time, value in portion
        ]
        server.post("runs/log-batch", run_id=there, metrics=metrics)
        points += len(portion)
    if sheet.datasets:
        server.post("runs/log-inputs", run_id=there, datasets=[_dataset(each) for each in sheet.datasets])
    note = ""
    if uri.startswith(_OWN):
        root = uri.removeprefix(_OWN).strip("/")
        for each in store.artifacts(run_id):
            with store.read_artifact(run_id, each["name"]) as file:
                server.put(f"{root}/{each['name']}", file.pieces(), file.found.size)
            count += 1
        if sheet.alerts:
            alerts = json.dumps(list(sheet.alerts)).encode()
            server.put(f"{root}/castalia/alerts.json", [alerts], len(alerts))
            count += 1
    elif store.artifacts(run_id):
        note = f"Files were left out: {server.address} takes none itself (start it with --serve-artifacts)."
    ended = {} if sheet.ended is None else {"end_time": sheet.ended}
    server.post("runs/update", run_id=there, status=STATUS[sheet.status], **ended)
    if sheet.deleted is not None:
        server.post("runs/delete", run_id=there)
    return Taken(run_id, points, count, note=note)


def _run(server: Server, sheet: Sheet) -> tuple[str, str]:
    """(id, artifact_uri) of the run there: found by its tag, or made."""
    experiment = _experiment(server, sheet)
    found = server.post("runs/search", experiment_ids=[experiment], filter=f"tags.`{ID_TAG}` = '{sheet.run_id}'",
                        run_view_type="ALL", max_results=1).get("runs", [])  # fmt: skip
    if found:
        info = found[0]["info"]
        if info["lifecycle_stage"] == "deleted":
            server.post("runs/restore", run_id=info["run_id"])
        return info["run_id"], info["artifact_uri"]
    tags = {key: value for key, value in sheet.tags.items() if key != PARENT_TAG} | {ID_TAG: sheet.run_id}
    said = [{"key": key, "value": value} for key, value in tags.items()]
    info = server.post("runs/create", experiment_id=experiment, start_time=sheet.started, run_name=sheet.name,
                       user_id=sheet.user_id, tags=said)["run"]["info"]  # fmt: skip
    return info["run_id"], info["artifact_uri"]


def _experiment(server: Server, sheet: Sheet) -> str:
    found = server.get("experiments/get-by-name", experiment_name=sheet.experiment)
    if found is not None:
        if found["experiment"].get("lifecycle_stage") == "deleted":
            raise WrongInput(f"experiment {sheet.experiment!r} is deleted there", "deleted", "an active one",
                             "Restore it on the MLflow server.")  # fmt: skip
        return str(found["experiment"]["experiment_id"])
    number = str(server.post("experiments/create", name=sheet.experiment)["experiment_id"])
    for key, value in sheet.experiment_tags.items():
        server.post("experiments/set-experiment-tag", experiment_id=number, key=key, value=value)
    return number


def _dataset(said: Any) -> dict[str, Any]:
    parts = {key: value for key, value in said.items() if key != "tags" and value is not None}
    return {"dataset": parts, "tags": [{"key": key, "value": value} for key, value in said["tags"].items()]}


def _worded(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _portions(items: Iterable[Any], most: int) -> Iterator[list[Any]]:
    left = iter(items)
    while portion := list(islice(left, most)):
        yield portion
