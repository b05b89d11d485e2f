"""The child that reads contracts and proofs: ``python -m castalia.roadmap.asking NAME...`` prints one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from castalia.check import contracts, proof
from castalia.check.found import Found, found
from castalia.core.contract import Contract, Milestone
from castalia.jobs.spawn import settle
from castalia.roadmap.contracted import Asked, Contracted, Wrong


def asked(name: str) -> Contracted:
    """What the contract called ``name`` and its proof say. Runs the contract's code."""
    contract = contracts.find(name)
    proven: Mapping[str, Any] = {}
    subject = None
    if (contracts.folder(name) / "mutants.py").is_file():
        subject = found(name)
        if not proof.stale(subject):
            proven = proof.kept(subject) or {}
    return Contracted(
        name=name,
        milestones=tuple(_milestone(each, _is_module(contract, each)) for each in contract.milestones),
        rejected={topic: mutant for topic, mutant in proven.get("topics", {}).items() if mutant},
        score=float(proven.get("score", 0.0)),
        contract_hash=contract.hash(),
        wrong=_wrong(subject, proven.get("named_mutants", {})) if subject else (),
        plantable=subject is not None and _plantable(subject),
    )


def _wrong(subject: Found, rejected: Mapping[str, str]) -> tuple[Wrong, ...]:
    named = [each for each in subject.mutants if not each.lazy and rejected.get(each.id)]
    return tuple(Wrong(each.id, each.misconception, tuple(each.topics), rejected[each.id]) for each in named)


def _plantable(subject: Found) -> bool:
    """One module that imports nothing of ours, so that it runs where a learner's file does."""
    modules = list(subject.python)
    return subject.contract.adapter == "module" and len(modules) == 1 and "castalia" not in subject.python[modules[0]]


def _is_module(contract: Contract, milestone: Milestone) -> bool:
    return contract.adapter_of(milestone.id) in ("module", "system")


def _milestone(milestone: Milestone, module: bool = True) -> Asked:
    core = [claim for claim in milestone.claims if claim.tier == "core"] or list(milestone.claims)
    summed: dict[str, float] = {}
    for claim in core:
        whole = max(1.0, sum(claim.topics.values()))
        for topic, weight in claim.topics.items():
            summed[topic] = summed.get(topic, 0.0) + weight / whole / len(core)
    topics = {topic: round(weight, 4) for topic, weight in sorted(summed.items(), key=lambda row: (-row[1], row[0]))}
    claims = {each.id: dict(each.topics) for each in milestone.claims}
    words = {each.id: each.words for each in milestone.claims}
    return Asked(milestone.id, milestone.title, topics, claims, words, module)


def main() -> None:
    """Answer for every name that was given."""
    settle()
    print(json.dumps({name: asdict(asked(name)) for name in sys.argv[1:]}, ensure_ascii=True))


if __name__ == "__main__":
    main()
