"""How long and of which letters names and texts may be, in the words that clients know.

A name is taken as part of a path by clients that keep files under it, so it may not lead elsewhere.
"""

from __future__ import annotations

import posixpath
import re

from castalia.track.protocol.wire import Fields, ProtocolError, invalid, missing

KEY, PARAM, TAG, EXPERIMENT_NAME, EXPERIMENT_TAG = 250, 6000, 8000, 500, 20_000
"""Characters of a key; of a param's and a tag's value; of an experiment's name and its tags' values."""
MODEL = 2**20
"""Characters of the description of a model, which is kept in a tag."""
MODELS = 4 * MODEL
"""Characters of the descriptions of all models of a run together."""
METRICS, PARAMS, TAGS, TOGETHER = 1000, 100, 100, 1000
"""How many of each one batch may hold."""
_NAME = re.compile(r"[/\w.\- :]+")
_LETTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:)"
    " and slashes (/)."
)
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")


def checked_name(name: str, where: str) -> str:
    """A key of a metric, param or tag; ``where`` is what the error calls it."""
    if name and not _NAME.fullmatch(name):
        raise invalid(where, name, _LETTERS)
    plain = posixpath.normpath(name)
    if plain != name or name == "." or name.startswith(("..", "/")):
        hint = "Names may be treated as files in certain cases, and must not resolve to other names when treated as"
        raise invalid(where, name, f"{hint} such. This name would resolve to '{plain[:KEY]}'")
    return name


def within(text: str, limit: int, what: str) -> str:
    """``text`` where it is short enough."""
    if len(text) > limit:
        message = f"'{what}' exceeds the maximum length of {limit} characters"
        raise _refused(message)
    return text


def metric_key(name: str, path: str = "") -> str:
    """The key of a metric at ``path`` of the message."""
    return within(checked_name(name, f"{path}name"), KEY, "Metric name")


def param(fields: Fields) -> tuple[str, str]:
    """{key, value}; a value that is too long is cut, as the client's own server cuts it."""
    key = checked_name(fields.text("key", required=True), f"{fields.path}key")
    return within(key, KEY, "Param key"), fields.text("value")[:PARAM]


def tag(fields: Fields) -> tuple[str, str]:
    """{key, value} of a run; a value that is too long is cut."""
    key = checked_name(fields.text("key", required=True), f"{fields.path}key")
    return within(key, KEY, f"{fields.path}key"), fields.text("value")[:TAG]


def experiment_tag(fields: Fields) -> tuple[str, str]:
    """{key, value} of an experiment."""
    key = within(checked_name(fields.text("key"), "key"), KEY, "key")
    return key, within(fields.text("value"), EXPERIMENT_TAG, "value")


def experiment_name(fields: Fields, field: str) -> str:
    """The name of an experiment."""
    return within(fields.text(field, required=True), EXPERIMENT_NAME, "name")


def _refused(message: str) -> ProtocolError:
    return ProtocolError("INVALID_PARAMETER_VALUE", message)


def run_id(fields: Fields) -> str:
    """run_id, or run_uuid as older clients say."""
    found = fields.text("run_id") or fields.text("run_uuid")
    if not found:
        raise missing("run_id")
    return found


def checked_run_id(fields: Fields) -> str:
    """The same, of the form that every id has."""
    found = run_id(fields)
    if not _RUN_ID.fullmatch(found):
        raise invalid("run_id", found)
    return found


def batch_sizes(metrics: int, params: int, tags: int) -> None:
    """Refuse a batch that is too large."""
    sizes = (("metrics", METRICS, metrics), ("params", PARAMS, params), ("tags", TAGS, tags),
             ("metrics, params, and tags", TOGETHER, metrics + params + tags))  # fmt: skip
    for what, limit, found in sizes:
        if found > limit:
            message = f"A batch logging request can contain at most {limit} {what}. Got {found} {what}."
            message += f" Please split up {what} across multiple requests and try again."
            raise _refused(message)
