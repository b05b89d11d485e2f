"""Model cards: what a version is, what it may be used for, what it learnt from. A written one counts; where there is
none it is made of what is known, and what nobody said is said to be unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from castalia.track import schema
from castalia.track.board.lineage import lineage
from castalia.track.board.version_files import MANIFEST, manifest, place_of, text
from castalia.track.naming import calm
from castalia.track.store import Store

NAMES = ("README.md", "model_card.md", "MODEL_CARD.md", "modelcard.md", "card.md")
"""What a written card is called, in the version's folder or among the files of its run."""
INTENDED, LIMITS, LICENCE = "intended_use", "limits", "licence"
"""Tags of a version, of its model or of its logged model that say what no program can know."""
UNKNOWN = "Unknown: nobody said."
_FRONT = re.compile(r"---\n(.*?)\n---\s*(?:\n|$)", re.DOTALL)
_SAID = re.compile(r"^licen[cs]e(?:_name)?:[ \t]*(\S.*)$", re.MULTILINE)
_PLAIN, _HEX = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .,:;@%()'+-]|_(?=[A-Za-z0-9])){0,200}"), re.compile("[0-9a-f]{12}")
Rows = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Flag:
    """What a licence says of a version. ``kind``: research_only, licence or unknown."""

    kind: str
    of: str
    """The data set, or "the model"."""
    licence: str

    @property
    def text(self) -> str:
        """In words."""
        said = {"research_only": "for research only", "unknown": "its licence is unknown"}.get(self.kind, "")
        return f"{self.of}: {', '.join(part for part in (said, self.licence) if part)}"


@dataclass(frozen=True)
class ModelCard:
    """The card of one version."""

    label: str
    written: str
    """The file that somebody wrote; "" where the text was made here."""
    text: str
    """Markdown."""
    flags: tuple[Flag, ...]
    intended: str
    limits: str
    sections: tuple[tuple[str, Rows], ...]
    """What is known, as (heading, rows of name and value)."""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        flags = [{**asdict(flag), "text": flag.text} for flag in self.flags]
        sections = [{"name": head, "rows": rows} for head, rows in self.sections]
        return {**asdict(self), "flags": flags, "sections": sections}


def model_card(store: Store, name: str, version: int) -> ModelCard:
    """The card of a version. NotFound where there is none."""
    came = lineage(store, name, version)
    known = manifest(store, name, version)
    said = _said(store, name, came)
    written, body = _written(store, name, version, came)
    front = _FRONT.match(body)
    licence = _SAID.search(front[1]) if front else None
    said_licence = licence[1].strip().strip("\"'")[:200] if licence else said.get(LICENCE, "")
    flags = tuple(_flags(came["data"], said_licence))
    sections = tuple((head, rows) for head, rows in _sections(came, known) if rows)
    intended = said.get(INTENDED, "") or _under(body, "intended use")
    limits = said.get(LIMITS, "") or _under(body, "limit")
    label = came["version"]["label"]
    body = body[front.end() :] if front else body
    if not written:
        body = _generated(label, came["version"]["note"], flags, intended, limits, sections)
    return ModelCard(label, written, body, flags, intended, limits, sections)


def _said(store: Store, name: str, came: dict[str, Any]) -> dict[str, str]:
    """Tags: of the logged model, of the registered model, of the version; the last counts."""
    models, tags = schema.models, schema.model_tags
    query = sa.select(tags.c.key, tags.c.value).join(models, models.c.id == tags.c.model).where(models.c.name == name)
    with store.database.read() as connection:
        of_model = {row.key: row.value for row in connection.execute(query)}
    logged = came["logged"]["tags"] if came["logged"] else {}
    said = {**logged, **of_model, **came["version"]["tags"]}
    return {**({LICENCE: said["license"]} if said.get("license") else {}), **said}


def _written(store: Store, name: str, version: int, came: dict[str, Any]) -> tuple[str, str]:
    place = place_of(store, name, version)
    run = came["run"]["run_id"] if came["run"] else None
    for where in (place, None if run is None else store.run_place(run)):
        for file in NAMES if where is not None else ():
            if (found := text(store, where, file)) is not None and found.strip():  # type: ignore[arg-type]
                return file, found.replace("\r\n", "\n")
    return "", ""


def _under(body: str, heading: str) -> str:
    """The text of a written card below the first heading that begins so; "" where there is none."""
    found = re.search(rf"^(#+)[ \t]*{heading}[^\n]*\n+(.*?)(?=^#|\Z)", body, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return found[2].strip()[:2000] if found else ""


def _flags(sets: Sequence[Mapping[str, Any]], licence: str) -> list[Flag]:
    flags = [Flag("licence", "the model", licence)] if licence else []
    for one in sets:
        kind = "research_only" if one["research_only"] else "licence" if one["licence"] else "unknown"
        flags.append(Flag(kind, one["name"], one["licence"]))
    return flags if sets else [*flags, Flag("unknown", "the data it learnt from", "")]


def _sections(came: dict[str, Any], known: dict[str, Any]) -> list[tuple[str, Rows]]:
    row, run, code = came["version"], came["run"], came["code"]
    made = datetime.fromtimestamp(row["created"] / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    about = [("System", row["system"] or ""), ("Made", made), ("Stage", row["stage"] if row["stage"] != "None" else ""),
             ("Aliases", ", ".join(row["aliases"])), ("Run", row["run_id"] or ""), ("Source", row["source"]),
             (f"sha256 of {MANIFEST}", row["digest"])]  # fmt: skip
    data = [(one["name"], ", ".join(part for part in (one["digest"], one["use"], one["source"]) if part))
            for one in came["data"]]  # fmt: skip
    params = known.get("params") if isinstance(known.get("params"), dict) else None
    params = params or (run["params"] if run else {}) or (came["logged"]["params"] if came["logged"] else {})
    state = {True: "with changes that were not committed", False: "nothing uncommitted", None: ""}[code["dirty"]]
    git = " ".join(part for part in (code["commit"], code["branch"] and f"on {code['branch']}") if part)
    ways = [("Commit", ", ".join(part for part in (git, state) if part)), ("Command", code["command"]),
            ("sha256 of the project's code", code["hash"])]  # fmt: skip
    libraries = known.get("libraries") if isinstance(known.get("libraries"), dict) else {}
    return [
        ("About", [pair for pair in about if pair[1]]),
        ("Metrics", [(key, f"{value:.6g}") for key, value in row["metrics"].items()]),
        ("Data", data),
        ("Params", [(str(key), str(value)) for key, value in (params or {}).items()]),
        ("Code", [pair for pair in ways if pair[1]]),
        ("Libraries", [(str(key), str(value)) for key, value in (libraries or {}).items()]),
    ]


def _generated(
    label: str, note: str, flags: Sequence[Flag], intended: str, limits: str, sections: Sequence[tuple[str, Rows]]
) -> str:
    found = dict(sections)
    parts = [f"# {_cell(label)}", "Made by Castalia of what is known; nobody wrote a card."]
    parts += [note.strip()] if note.strip() else []
    parts += ["## Intended use", intended or f"{UNKNOWN} The tag `{INTENDED}` says it."]
    parts += ["## Licence", "\n".join(f"- {_cell(flag.text)}" for flag in flags)]
    for head in ("About", "Data", "Params", "Metrics"):
        parts += [f"## {head}", _table(found[head]) if head in found else UNKNOWN]
    parts += ["## Limits", limits or f"{UNKNOWN} The tag `{LIMITS}` says them."]
    for head in ("Code", "Libraries"):
        parts += [f"## {head}", _table(found[head])] if head in found else []
    return "\n\n".join(parts) + "\n"


def _table(rows: Rows) -> str:
    return "\n".join(["| Name | Value |", "|---|---|", *(f"| {_cell(key)} | {_cell(value)} |" for key, value in rows)])


def _cell(value: str) -> str:
    """A text that Markdown takes for nothing else: as it is where it is plain words and numbers."""
    return value if _PLAIN.fullmatch(value) and not _HEX.search(value) else _code(value)


def _code(value: str) -> str:
    plain = _one_line(value).replace("|", "\\|")
    if not plain:
        return ""
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {plain} {fence}" if longest else f"{fence}{plain}{fence}"


def _one_line(value: str) -> str:
    return calm(value)[:500]
