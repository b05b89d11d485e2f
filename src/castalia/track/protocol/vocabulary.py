"""What may be searched: the keys of each noun, their kinds, what each may be compared with.

``check`` turns the tree of ``grammar`` into one of ``Comparison``s that name their entity and key as the tables do,
with values as numbers or texts; wrong ones are refused in the words that MLflow's clients know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from castalia.core.errors import did_you_mean
from castalia.track.protocol import grammar
from castalia.track.protocol.grammar import And, Clause, FilterError, Literal, Not, Or, Tree

STATUS = {"running": "RUNNING", "queued": "SCHEDULED", "done": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}
"""Statuses of the store as the protocol says them."""
MAX_PATTERN = 1_000
"""Characters of a LIKE pattern: matching one costs its length times that of the value."""
NUMERIC = frozenset({"=", "!=", "<", "<=", ">", ">="})
TEXTUAL = frozenset({"=", "!=", "LIKE", "ILIKE"})
_MANY = frozenset({"IN", "NOT IN", "BETWEEN", "NOT BETWEEN"})
_NULL = frozenset({"IS NULL", "IS NOT NULL"})
_SIGNS = {"==": "=", "<>": "!="}
Value = float | int | str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A checked comparison. ``entity`` is metric, parameter, tag, attribute or dataset; ``op`` as in ``Clause``.

    ``values`` are all numbers or all texts; a parameter or tag with numbers is compared as a number.
    """

    entity: str
    key: str
    op: str
    values: tuple[Value, ...]
    at: int = 0

    @property
    def numeric(self) -> bool:
        """Whether it compares numbers."""
        return bool(self.values) and not isinstance(self.values[0], str)


@dataclass(frozen=True)
class Vocabulary:
    """The keys of one noun. ``attributes`` maps each to text, number or time; ``aliases`` to another of them."""

    attributes: Mapping[str, str]
    entities: Mapping[str, str]
    names: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    datasets: frozenset[str] = frozenset({"name", "digest", "context"})

    def place(self, entity: str, key: str, text: str = "", at: int = 0) -> tuple[str, str]:
        """The entity and key as the tables know them. FilterError where there are none such."""
        kind = self.entities.get(entity) if entity else "attribute"
        if kind is None:
            raise FilterError(f"Invalid entity type '{entity[:60]}'. Valid values are {list(self.names)}", text, at,
                              cure=did_you_mean(entity, self.entities).strip())  # fmt: skip
        if kind == "attribute":
            key = self.aliases.get(key, key)
        known = self.attributes if kind == "attribute" else self.datasets
        if kind in ("attribute", "dataset") and key not in known:
            cure = did_you_mean(key, known).strip() or ("Write metrics.NAME, params.NAME or tags.NAME for a key of a "
                                                        "run." if "metrics" in self.entities else "")  # fmt: skip
            keys = sorted({*known, *self.aliases} if kind == "attribute" else known)
            raise FilterError(f"Invalid {kind} key '{key[:60]}' specified. Valid keys are '{keys}'", text, at,
                              cure=cure)  # fmt: skip
        if not key:
            raise FilterError(f"Invalid {kind} key '' specified.", text, at, "a name after the dot")
        return kind, key


_ATTRIBUTE = dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute")
_TAG = dict.fromkeys(("tag", "tags"), "tag")
_PARAM = dict.fromkeys(("parameter", "parameters", "param", "params"), "parameter")
_METRIC = dict.fromkeys(("metric", "metrics"), "metric")
_DATASET = dict.fromkeys(("dataset", "datasets"), "dataset")
_PLAIN = {"attribute": "attribute", "attributes": "attribute", **_TAG}
_TIMES = {"creation_timestamp": "time", "last_updated_timestamp": "time"}

RUNS = Vocabulary(
    {"artifact_uri": "text", "run_id": "text", "run_name": "text", "status": "text", "user_id": "text",
     "start_time": "time", "end_time": "time"},
    {**_METRIC, **_PARAM, **_TAG, **_ATTRIBUTE, **_DATASET},
    ("metric", "parameter", "tag", "attribute", "dataset"),
    {"created": "start_time", "Created": "start_time",
     "run name": "run_name", "Run name": "run_name", "Run Name": "run_name"},
)  # fmt: skip
"""Runs as the protocol shows them."""
NATIVE = Vocabulary(
    {"run_id": "text", "name": "text", "status": "text", "experiment": "text", "system": "text", "owner": "text",
     "user_id": "text", "parent": "text", "started": "time", "ended": "time"},
    RUNS.entities,
    RUNS.names,
    {"run_name": "name", "start_time": "started", "end_time": "ended", "experiment_name": "experiment"},
)  # fmt: skip
"""Runs as Castalia's own list shows them: their own words for attributes and statuses."""
EXPERIMENTS = Vocabulary(
    {"name": "text", "experiment_id": "text", "creation_time": "time", "last_update_time": "time"},
    _PLAIN, ("attribute", "tag", "tags"),
)  # fmt: skip
MODELS = Vocabulary({"name": "text", **_TIMES}, _PLAIN, ("attribute", "tag", "tags"))
VERSIONS = Vocabulary(
    {"name": "text", "version_number": "number", "run_id": "text", "source_path": "text", **_TIMES},
    _PLAIN, ("attribute", "tag", "tags"), {"version": "version_number"},
)  # fmt: skip
LOGGED = Vocabulary(
    {"name": "text", "model_id": "text", "model_type": "text", "status": "text", "source_run_id": "text", **_TIMES},
    {"attribute": "attribute", "attributes": "attribute", **_METRIC, **_PARAM, **_TAG},
    ("attributes", "metrics", "params", "tags"),
    {"creation_time": "creation_timestamp", "last_updated_time": "last_updated_timestamp",
     "creation_timestamp_ms": "creation_timestamp", "last_updated_timestamp_ms": "last_updated_timestamp"},
)  # fmt: skip


def read(text: str, vocabulary: Vocabulary, now: datetime | None = None) -> Tree[Comparison]:
    """The filter ``text``, parsed and checked. FilterError says what is wrong and where."""
    return check(grammar.parse(text), vocabulary, text, now or datetime.now(UTC))


def check(tree: Tree[Clause], vocabulary: Vocabulary, text: str, now: datetime) -> Tree[Comparison]:
    """``tree`` with its keys and values checked; ``now`` is what "7 days ago" counts from."""
    if isinstance(tree, And):
        return And(tuple(check(part, vocabulary, text, now) for part in tree.parts))
    if isinstance(tree, Or):
        return Or(tuple(check(part, vocabulary, text, now) for part in tree.parts))
    if isinstance(tree, Not):
        return Not(check(tree.part, vocabulary, text, now))
    return _Clause(tree, vocabulary, text, now).checked()


@dataclass(frozen=True)
class _Clause:
    clause: Clause
    vocabulary: Vocabulary
    text: str
    now: datetime

    def checked(self) -> Comparison:
        clause = self.clause
        entity, key = self.vocabulary.place(clause.entity, clause.key, self.text, clause.at)
        kind = {"metric": "number", "attribute": self.vocabulary.attributes.get(key, "")}.get(entity, "text")
        op = _SIGNS.get(clause.op, clause.op)
        if op in _NULL:
            return Comparison(entity, key, op, (), clause.at)
        # MLflow says what is wrong with the value first, then with the operator.
        values: tuple[Value, ...]
        if kind in ("number", "time"):
            values = tuple(self.number(entity, key, kind, each) for each in clause.values)
            allowed = NUMERIC
        else:
            values = tuple(self.textual(entity, key, each) for each in clause.values)
            numbers = sum(not isinstance(value, str) for value in values)
            if 0 < numbers < len(values):
                self.wrong("While parsing a list in the query, expected string value, punctuation, or whitespace, but "
                           f"got different type in list: {values[:5]}", clause.values[0].at,
                           "all numbers or all texts")  # fmt: skip
            allowed = NUMERIC if numbers else TEXTUAL
        plain = op.removeprefix("NOT ") if op not in _MANY and "LIKE" in allowed else op
        if plain not in allowed | _MANY:
            self.wrong(f"Invalid comparator '{clause.op}' not one of '{sorted(allowed | _MANY)}'", clause.op_at)
        if "LIKE" in op and len(str(values[0])) > MAX_PATTERN:
            self.wrong("the pattern is too long", clause.values[0].at, f"at most {MAX_PATTERN:,} characters")
        return Comparison(entity, key, op, values, clause.at)

    def wrong(self, subject: str, at: int, expected: str = "") -> NoReturn:
        raise FilterError(subject, self.text, at, expected)

    def number(self, entity: str, key: str, kind: str, literal: Literal) -> float | int:
        if literal.kind == "number":
            return _number(literal.text)
        moment = _moment(literal.value, self.now) if kind == "time" and literal.kind == "text" else None
        if moment is not None:
            return moment
        expected = "milliseconds since 1970, '2026-11-01', '2026-11-01 12:30' (UTC) or '7 days ago'"
        self.wrong(f"Expected numeric value type for metric. Found {literal.text[:60]}" if entity == "metric" else
                   f"Expected numeric value type for numeric attribute: {key}. Found {literal.text[:60]}", literal.at,
                   "a number" if kind == "number" else expected)  # fmt: skip

    def textual(self, entity: str, key: str, literal: Literal) -> Value:
        if literal.kind == "number" and entity in ("parameter", "tag"):
            return _number(literal.text)
        if literal.kind == "text":
            return literal.value
        if literal.kind == "name":
            self.wrong("Parameter value is either not quoted or unidentified quote types used for string value "
                       f"{literal.text[:60]}. Use either single or double quotes.", literal.at)  # fmt: skip
        if len(self.clause.values) > 1 or "IN" in self.clause.op.split():
            self.wrong("While parsing a list in the query, expected string value, punctuation, or whitespace, but got "
                       f"different type in list: {literal.text[:60]}", literal.at)  # fmt: skip
        what = "dataset attributes" if entity == "dataset" else "attributes"
        self.wrong(f"Expected a quoted string value for {what}. Got value {literal.text[:60]}", literal.at)


def _number(text: str) -> float | int:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):  # within 64 bits; no sum of digits rounds
        return int(text)
    return float(text)


_AGO = re.compile(r"(\d{1,6})\s*(second|minute|hour|day|week)s?\s+ago", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _moment(text: str, now: datetime) -> int | None:
    """Milliseconds since 1970 of a date, a date and time (UTC unless it says otherwise) or "7 days ago"; else None."""
    text = text.strip()
    if text.lower() == "now":
        return _milliseconds(now)
    try:
        if ago := _AGO.fullmatch(text):
            return _milliseconds(now - timedelta(**{ago[2].lower() + "s": int(ago[1])}))
        if not _DATE.match(text):
            return None
        moment = datetime.fromisoformat(text)
        return _milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
