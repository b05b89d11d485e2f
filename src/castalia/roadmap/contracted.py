"""What contracts say about topics: their milestones, what each claim is about, and which topics they really check.

A topic is *checked* when some claim of some contract names it, a mutant of that topic (what somebody writes who does
not know it) was rejected by a claim about it, and the proof that says so is of today's contract, reference and mutants.
Every other topic is "links only". Asking runs the contracts' own code, which takes moments; what came out is kept
under ``CASTALIA_HOME/cache`` until one of their files changes.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castalia import catalog, core
from castalia.core.atomic import replacing
from castalia.core.settings import Settings

if TYPE_CHECKING:
    from castalia.core.contract import Milestone

CACHED = 1
"""Raise it when what is kept changes its meaning."""


@dataclass(frozen=True)
class Asked:
    """A milestone of a contract."""

    number: str
    title: str
    topics: Mapping[str, float]
    """What its core claims are about on average; sums to one at most."""
    claims: Mapping[str, Mapping[str, float]]
    """Claim -> its topics with weights, as the contract says them."""


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
    from castalia.check import contracts

    return [*contracts.exercises(), *sorted(path.parent.name for path in catalog.OURS.glob("*/contract.py"))]


def contracted(name: str) -> Contracted:
    """What the contract called ``name`` says; NotFound where there is none."""
    from castalia.check import contracts

    folder = contracts.EXERCISES / name if name in contracts.exercises() else contracts.folder(name)
    return _remembered(name, _key(folder))


@functools.lru_cache(maxsize=64)
def _remembered(name: str, key: str) -> Contracted:
    path = Settings.read().home / "cache" / "roadmap" / f"{name}.json"
    try:
        kept = json.loads(path.read_text("utf-8"))
        if kept["key"] == key:
            return _made(kept["value"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none yet, or of another version
    found = _asked(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as waiting:
            waiting.write_text(json.dumps({"key": key, "value": asdict(found)}, ensure_ascii=False), "utf-8")
    except OSError:
        pass  # a home that cannot be written: it is asked again next time
    return found


def _made(value: dict[str, Any]) -> Contracted:
    return Contracted(**{**value, "milestones": tuple(Asked(**each) for each in value["milestones"])})


def _key(folder: Path) -> str:
    """Of all that the answer depends on."""
    digest = hashlib.sha256(str(CACHED).encode())
    about = [Path(str(core.__file__)).with_name(name) for name in ("contract.py", "conformance.py")]
    for path in [*sorted(folder.rglob("*.py")), folder / "proof.json", *about]:
        data = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _asked(name: str) -> Contracted:
    """Import the contract and its proof."""
    from castalia.check import contracts, proof
    from castalia.check.found import found

    asked = contracts.find(name)
    proven: Mapping[str, Any] = {}
    if (contracts.folder(name) / "mutants.py").is_file():
        subject = found(name)
        if not proof.stale(subject):
            proven = proof.kept(subject) or {}
    rejected = {topic: mutant for topic, mutant in proven.get("topics", {}).items() if mutant}
    return Contracted(
        name=name,
        milestones=tuple(_milestone(each) for each in asked.milestones),
        rejected=rejected,
        score=float(proven.get("score", 0.0)),
        contract_hash=asked.hash(),
    )


def _milestone(milestone: Milestone) -> Asked:
    core = [claim for claim in milestone.claims if claim.tier == "core"] or list(milestone.claims)
    summed: dict[str, float] = {}
    for claim in core:
        whole = max(1.0, sum(claim.topics.values()))
        for topic, weight in claim.topics.items():
            summed[topic] = summed.get(topic, 0.0) + weight / whole / len(core)
    topics = {topic: round(weight, 4) for topic, weight in sorted(summed.items(), key=lambda row: (-row[1], row[0]))}
    return Asked(milestone.id, milestone.title, topics, {claim.id: dict(claim.topics) for claim in milestone.claims})
