"""Where a version's files may lie: the ``source`` of model-versions/create, checked before anybody follows it.

A source names a run's files, a logged model, another version, or an object store. It never names a path of the
server, another server, or files of a run that it does not say. Source of the rules: the client's own server (3.17).
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus, urlparse, urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.files.places import OWN, VERSIONS, run_uri
from castalia.track.protocol.aliases import aliased
from castalia.track.protocol.registered import is_prompt
from castalia.track.protocol.registry_fields import STAGES, checked_model, wrong
from castalia.track.protocol.registry_rows import model_number, newest, version_number
from castalia.track.protocol.wire import ProtocolError, absent

SOURCE = 2000
"""Characters of a source."""
STORES = frozenset(
    ("s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "adl", "az", "wasb", "wasbs", "dbfs", "oss", "r2", "b2", "cos")
)
PROMPTS = ("dummy-source", "prompt-template")
"""What the client sends as the source of a prompt, which has no files."""
_OURS = re.compile(r"castalia:/([^/]+)/([1-9][0-9]{0,8})")

models, versions, runs, logged = schema.models, schema.versions, schema.runs, schema.logged_models


class Source(NamedTuple):
    """A source that may be kept, what it comes from, and the artifact URI where its files lie."""

    source: str
    run_id: str
    model_id: str
    location: str


def of_ours(model: str, version: int) -> str:
    """The artifact URI of the files of a version that Castalia trained."""
    return f"{OWN}{VERSIONS}/{model}/{version}"


def run_root(connection: Connection, run_id: str) -> str | None:
    """The artifact URI of a run; None where there is no such run."""
    places = schema.experiments
    query = sa.select(places.c.id, places.c.artifact_location).join(runs, runs.c.experiment == places.c.id)
    row = connection.execute(query.where(runs.c.run_id == run_id)).first()
    return None if row is None else run_uri(row.artifact_location, row.id, run_id)


def prompt_source(source: str) -> Source:
    """The source of a prompt's version."""
    if source not in PROMPTS:
        raise wrong(f"Invalid prompt source: '{source[:100]}'. Prompt sources must use an MLflow placeholder.")
    return Source(source, "", "", source)


def checked_source(
    connection: Connection, source: str, run_id: str | None, model_id: str | None, admin: bool = False
) -> Source:
    """What a version of ``source`` is to be, with the run and the logged model that the request names (None: it does
    not say). A place in an object store takes an ``admin`` unless that run or model keeps its files there.
    INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, PERMISSION_DENIED."""
    if len(source) > SOURCE:
        raise wrong(f"'source' exceeds the maximum length of {SOURCE} characters")
    field = "model_id" if model_id else "run_id"
    try:
        scheme, host = urlparse(source).scheme.lower(), urlparse(source).netloc
    except ValueError:
        raise _foreign(source, field) from None
    if scheme in ("", "file", "local") or len(scheme) == 1 or "\\" in source:
        raise _local(source, field)
    _reach(source, scheme, host)
    if scheme == "models":
        if host:
            raise wrong(
                f"Invalid model version source: '{source}'. Registered model sources must use the active model "
                "registry."
            )
        source, run_id, model_id, location = _version(connection, source, run_id, model_id)
        if location:
            _contained(source)
            return Source(source, run_id or "", model_id or "", location)
    _contained(source)
    if scheme in STORES and not admin and not _is_kept(connection, source, run_id, model_id):
        raise ProtocolError("PERMISSION_DENIED", f"Only an admin registers '{scheme}' sources outside the run's own.")
    if model_id:
        return _of_model(connection, source, run_id or "", model_id)
    return _of_run(connection, source, scheme, host, run_id or "")


def _reach(source: str, scheme: str, host: str) -> None:
    """Refuse what would have the server, or a client that trusts it, speak to a host that the request chose."""
    known = {"runs", "models", "castalia", *STORES} | (set() if host else {"mlflow-artifacts"})
    if scheme not in known or "::" in source:
        named = scheme if scheme not in known else source.partition("::")[0]
        raise wrong(
            f"'source' cannot use the '{named[:40]}' scheme: the '{named[:40]}' scheme addresses a host other than the "
            "tracking server's configured artifact storage, so the server would connect to the host named in the URI."
        )


def _version(
    connection: Connection, source: str, run_id: str | None, model_id: str | None
) -> tuple[str, str | None, str | None, str]:
    """``models:/name/1``, ``/latest``, ``/Stage`` or ``@alias`` as the version that it means, with that one's run,
    logged model and location; what names a logged model comes back as it is, without a location."""
    name, row_of = _named(connection, source)
    if not name:
        return source, run_id, model_id, ""
    row = connection.execute(sa.select(versions).where(versions.c.id == row_of)).one()
    said = ((run_id, row.run_id), (model_id, row.logged_model))
    if any(asked is not None and asked != (known or "") for asked, known in said):
        raise wrong(
            f"Invalid model version source: '{source}'. The run_id and model_id request parameters must match the "
            "referenced model version."
        )
    location = of_ours(name, row.version) if row.folder else row.location or row.source
    return f"models:/{name}/{row.version}", row.run_id, row.logged_model, location


def _named(connection: Connection, source: str) -> tuple[str, int]:
    """The registered model and the version that ``models:/...`` means; ("", 0) for the id of a logged model."""
    path = urlparse(source, allow_fragments=False).path
    words = path.lstrip("/").split("/")
    if not path.startswith("/") or len(words) > 2 or not words[0].strip() or not words[-1].strip():
        raise _foreign(source, "model_id")
    if len(words) == 1 and "@" not in words[0]:
        return "", 0
    name, _, alias = words[0].rpartition("@") if len(words) == 1 else (words[0], "", "")
    if not alias and len(words) == 1:
        raise _foreign(source, "model_id")
    model = model_number(connection, checked_model(name))
    if is_prompt(connection, model):
        raise wrong(
            f"Invalid model version source: '{source}'. Prompt versions cannot be used as model version sources."
        )
    if alias or words[1].lower() == "latest":
        return name, aliased(connection, name, alias or "latest")
    if words[1].isdecimal():
        return name, version_number(connection, name, int(words[1]) if len(words[1]) < 20 else -1)[1]
    stage = next((stage for stage in STAGES if stage.lower() == words[1].lower()), None)
    found = newest(connection, [model], [stage]) if stage else {}
    if not found:
        raise absent(f"No versions of model with name '{name}' and stage '{words[1][:100]}' found")
    return name, next(iter(found))


def _is_kept(connection: Connection, source: str, run_id: str | None, model_id: str | None) -> bool:
    """Whether it lies among the files of the run or the logged model that the request names."""
    if model_id:
        root = connection.scalar(sa.select(logged.c.artifact_uri).where(logged.c.model_id == model_id))
    else:
        root = run_root(connection, run_id) if run_id else None
    return root is not None and _within(source, root)


def _of_model(connection: Connection, source: str, run_id: str, model_id: str) -> Source:
    query = sa.select(logged).where(logged.c.model_id == model_id, logged.c.lifecycle == "active")
    row = connection.execute(query).first()
    scheme, path = urlparse(source).scheme, urlparse(source).path
    if row is None or scheme == "runs" or (scheme == "models" and path != f"/{model_id}"):
        raise _foreign(source, "model_id")
    if scheme == "mlflow-artifacts" and not _within(source, row.artifact_uri):
        raise _foreign(source, "model_id")
    location = row.artifact_uri if scheme == "models" else _located(connection, source)
    return Source(source, run_id or row.source_run_id or "", model_id, location)


def _of_run(connection: Connection, source: str, scheme: str, host: str, run_id: str) -> Source:
    if scheme == "models":
        raise _foreign(source, "model_id")
    if scheme == "runs" and (host or not run_id or urlparse(source).path.split("/")[1:2] != [run_id]):
        raise _foreign(source, "run_id")
    if scheme in ("runs", "mlflow-artifacts"):
        root = run_root(connection, run_id) if run_id else None
        if root is None or (scheme == "mlflow-artifacts" and not _within(source, root)):
            raise _foreign(source, "run_id")
    return Source(source, run_id, "", _located(connection, source))


def _located(connection: Connection, source: str) -> str:
    """Where the files of a source lie that is no logged model: it itself, or the files of a version of ours."""
    if not source.lower().startswith("castalia:"):
        return source
    found = _OURS.fullmatch(source)
    if found is None:
        raise wrong(f"Invalid model version source: '{source}'. It is not castalia:/<model>/<version>.")
    name, version = found[1], int(found[2])
    ours = sa.select(versions.c.folder).where(versions.c.id == version_number(connection, name, version)[1])
    if not connection.scalar(ours):
        raise wrong(f"Invalid model version source: '{source}'. Castalia did not train that version.")
    return of_ours(name, version)


def _contained(source: str) -> None:
    """Refuse a source that leads upwards, however often it is encoded."""
    plain, seen = source, None
    while plain != seen:
        seen, plain = plain, unquote_plus(plain)
    path = None
    with suppress(ValueError):  # what was encoded need not be an address
        path = re.sub("/+", "/", urlparse(plain).path.rstrip("/"))
    upwards = "\0" in plain or "\\" in plain or any(part == ".." for part in re.split("[/;?#]", plain))
    upwards = upwards or (plain.startswith(("runs:", "mlflow-artifacts:")) and bool(set("?#") & set(plain)))
    if upwards or path is None or posixpath.normpath(path or "/") != path:
        raise wrong(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp, "
            "objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references "
            "present. Please provide an absolute path."
        )


def _within(source: str, root: str) -> bool:
    """Whether ``source`` lies in ``root``: the same scheme and host, and a path that begins with all of its parts."""
    asked, allowed = _parts(source), _parts(root)
    return asked[0] == allowed[0] and bool(allowed[1]) and asked[1][: len(allowed[1])] == allowed[1]


def _parts(uri: str) -> tuple[tuple[str, str], list[str]]:
    split = urlsplit(uri)
    return (split.scheme.lower(), split.netloc.lower()), [_plain(part) for part in split.path.split("/") if part]


def _plain(part: str) -> str:
    while (decoded := unquote(part)) != part:
        part = decoded
    return part


def _foreign(source: str, field: str) -> ProtocolError:
    return wrong(
        f"Invalid model version source: '{source[:SOURCE]}'. The {field} request parameter must identify the resource "
        "that contains the source."
    )


def _local(source: str, field: str) -> ProtocolError:
    return wrong(
        f"Invalid model version source: '{source[:SOURCE]}'. To use a local path as a model version source, the "
        f"{field} request parameter has to be specified and the local path has to be contained within the artifact "
        "directory of "
        f"the run specified by the {field}."
    )
