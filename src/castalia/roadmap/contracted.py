"""What contracts say about topics: their milestones, what each claim is about, and which topics they really check.

A topic is *checked* when some claim of some contract names it, a mutant of that topic (what somebody writes who does
not know it) was rejected by a claim about it, and the proof that says so is of today's contract, reference and mutants.
Every other topic is "links only". Contracts are code, so a child reads them (:mod:`castalia.roadmap.asking`), which
takes moments; what came out is kept under ``CASTALIA_HOME/cache`` until one of their files changes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from castalia import catalog, check, core
from castalia.core.atomic import replacing
from castalia.core.errors import NotFound, Unavailable, did_you_mean
from castalia.core.settings import Settings
from castalia.jobs.spawn import spawn

EXERCISES = Path(str(check.__file__)).with_name("exercises")
CACHED = 2
"""Raise it when what is kept changes its meaning."""
PATIENCE = 300.0
"""Seconds that a child may take for all contracts."""


@dataclass(frozen=True)
class Asked:
    """A milestone of a contract."""

    number: str
    title: str
    topics: Mapping[str, float]
    """What its core claims are about on average; sums to one at most."""
    claims: Mapping[str, Mapping[str, float]]
    """Claim -> its topics with weights, as the contract says them."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Claim -> what it says."""
    module: bool = True
    """It is asked of a module, which can be written again from an empty file."""


@dataclass(frozen=True)
class Wrong:
    """A wrong version that a contract rejects, without its code."""

    id: str
    belief: str
    """What somebody thinks who writes it."""
    topics: tuple[str, ...]
    claim: str
    """The claim that rejects it."""


@dataclass(frozen=True)
class Contracted:
    """What a contract says about topics."""

    name: str
    milestones: tuple[Asked, ...]
    rejected: Mapping[str, str]
    """Topic -> a mutant of it that a claim about it rejected; empty where the proof is missing or of another day."""
    score: float
    """Share of the automatic mutants that it rejects, equivalents left out; 0 without such a proof."""
    contract_hash: str
    wrong: tuple[Wrong, ...] = ()
    """The named mutants that today's proof says are rejected, answers that do not try left out."""
    plantable: bool = False
    """A mutant can be handed out as one file to mend: the reference is a module without relatives."""

    @functools.cached_property
    def topics(self) -> frozenset[str]:
        """Every topic that a claim names."""
        return frozenset(
            topic for milestone in self.milestones for asked in milestone.claims.values() for topic in asked
        )

    def weights(self, milestone: str = "", claim: str = "") -> Mapping[str, float]:
        """The topics of a claim or a milestone, with weights; empty where there is no such one."""
        for each in self.milestones:
            if claim in each.claims:
                return each.claims[claim]
            if not claim and each.number == milestone:
                return each.topics
        return {}


def names() -> list[str]:
    """Every contract of ours: the exercises, and the projects that have one."""
    return list(_folders())


def contracted(name: str) -> Contracted:
    """What the contract called ``name`` says; NotFound where it is none of ours."""
    found = every()
    if name not in found:
        cure = did_you_mean(name, found).strip()
        raise NotFound(f"{name!r} has no contract that says what it is about", "", f"one of {', '.join(found)}", cure)
    return found[name]


@functools.lru_cache(maxsize=1)
def every() -> Mapping[str, Contracted]:
    """What every contract of ours says, by name; asked once in a process. Unavailable where they cannot be read."""
    folder = Settings.read().home / "cache" / "roadmap"
    keys = {name: _key(path) for name, path in _folders().items()}
    kept = {name: one for name, key in keys.items() if (one := _kept(folder / f"{name}.json", key))}
    missing = [name for name in keys if name not in kept]
    for name, value in (_asked(missing) if missing else {}).items():
        kept[name] = _made(value)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / f"{name}.json") as waiting:
                waiting.write_text(json.dumps({"key": keys[name], "value": value}, ensure_ascii=False), "utf-8")
        except OSError:
            pass  # a home that cannot be written: it is asked again next time
    return {name: kept[name] for name in keys}


def _folders() -> dict[str, Path]:
    found = [*sorted(EXERCISES.glob("*/contract.py")), *sorted(catalog.OURS.glob("*/contract.py"))]
    return {path.parent.name: path.parent for path in found}


def _kept(path: Path, key: str) -> Contracted | None:
    try:
        value = json.loads(path.read_text("utf-8"))
        return _made(value["value"]) if value["key"] == key else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # none yet, or of another version


def _made(value: dict[str, Any]) -> Contracted:
    milestones = tuple(Asked(**each) for each in value["milestones"])
    wrong = tuple(Wrong(**{**each, "topics": tuple(each["topics"])}) for each in value["wrong"])
    return Contracted(**{**value, "milestones": milestones, "wrong": wrong})


def _key(folder: Path) -> str:
    """Of all that the answer depends on."""
    digest = hashlib.sha256(str(CACHED).encode())
    about = [Path(str(core.__file__)).with_name(name) for name in ("contract.py", "conformance.py")]
    for path in [*sorted(folder.rglob("*.py")), folder / "proof.json", *about]:
        data = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _asked(wanted: list[str]) -> dict[str, Any]:
    """The answers of a child, by name: this process runs no contract."""
    child = spawn("castalia.roadmap.asking", *wanted, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = child.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        out, err = b"", b"it took too long"
    finally:
        child.kill()
        child.wait()
    try:
        return {name: dict(value) for name, value in json.loads(out.splitlines()[-1]).items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        lines = [line for line in err.decode("utf-8", "replace").splitlines() if line and not line[0].isspace()]
        said = lines[-1] if lines else "no answer"
        cure = f"Type:  castalia prove {wanted[0]}"
        raise Unavailable("contracts cannot be read", said[:300], "what they say about topics", cure) from None
