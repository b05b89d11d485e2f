"""What a proof of a contract says, and the file it is kept in: ``proof.json`` beside the contract."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from castalia.check.equivalence import INPUTS, SEARCHED
from castalia.check.found import Found
from castalia.check.tolerances import too_tight
from castalia.core.atomic import replacing
from castalia.core.errors import WrongInput
from castalia.kit.stats import Interval, wilson

FORMAT = 2
ENOUGH = 0.95
"""The smallest score of a contract that counts as proven."""
NAMED = 10
"""Misconceptions that a contract must name and reject, at least."""
MOST_EQUIVALENT = 0.05
"""Of the automatic mutants, at most so many may be said to change nothing."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One wrong version, and what came of it."""

    id: str
    words: str
    """The misconception, or the change: before → after."""
    killed_by: str = ""
    """The first claim that rejected it; empty where it passed the contract."""
    outcome: str = ""
    """How: fail, not_attempted, learner_error, timeout, memory."""
    topics: tuple[str, ...] = ()
    """Those of the claims that rejected it; of a named mutant, claims about its own topics were asked too."""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "topics": list(self.topics), "seconds": round(self.seconds, 3)}

    @classmethod
    def of_dict(cls, value: dict[str, Any]) -> Tried:
        return cls(**{**value, "topics": tuple(value["topics"])})


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether a contract accepts what is right and rejects what is wrong, counted."""

    project: str
    contract_hash: str
    reference_hash: str
    mutants_hash: str = ""
    files: tuple[str, ...] = ()
    """The reference's files, whose mutants were tried."""
    seed: int = 0
    """Of the mutants' check, of the sample and of the seeds."""
    seeds: tuple[int, ...]
    threads: tuple[int, ...]
    """The settings of the BLAS library under which the reference was checked."""
    versions: dict[str, str]
    stub: str
    """What the untouched interface is found to be; must be ``not_attempted``."""
    alarms: tuple[dict[str, Any], ...]
    """Every claim that the reference failed: claim, seed, threads, why."""
    loose: tuple[str, ...] = ()
    """Tolerances under which a wrong answer passes, in words."""
    shares: dict[str, float] = field(default_factory=dict)
    """Claim -> the largest share of its tolerance that the reference used, over seeds and settings."""
    costs: dict[str, float] = field(default_factory=dict)
    """Claim -> seconds on the reference, the median: the order in which mutants are asked."""
    named: tuple[Tried, ...]
    lazy: tuple[Tried, ...]
    topics: dict[str, str]
    """Topic that some claim is said to prove -> a topic mutant that such a claim rejected, or ""."""
    automatic: tuple[Tried, ...]
    generated: int
    """Automatic mutants there are; ``automatic`` holds those that were tried."""
    listed: dict[str, str]
    """EQUIVALENT as the author wrote it: id -> reason."""
    unknown: tuple[str, ...]
    """Ids in it that are no mutant of this reference."""
    searched: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Survivor that is listed as searched -> inputs, seed, and the difference that was found, if any."""
    full: bool
    seconds: float

    @property
    def killed(self) -> int:
        return sum(bool(tried.killed_by) for tried in self.automatic)

    @property
    def equivalents(self) -> dict[str, str]:
        """Survivors that nobody can tell from the reference, with the reason."""
        return {
            each.id: self.listed[each.id] for each in self.automatic if not each.killed_by and each.id in self.listed
        }

    @property
    def survivors(self) -> tuple[Tried, ...]:
        """Automatic mutants that passed and are not listed as equivalent."""
        return tuple(each for each in self.automatic if not each.killed_by and each.id not in self.listed)

    @property
    def kills(self) -> dict[str, int]:
        """Claim -> how many automatic mutants it was the first to reject; 0 for one that rejected none."""
        counted = Counter(each.killed_by for each in self.automatic if each.killed_by)
        return {claim: counted[claim] for claim in self.costs} or dict(counted)

    @property
    def score_raw(self) -> float:
        """Share of the automatic mutants that were rejected, equivalents counted as misses."""
        return self.killed / len(self.automatic) if self.automatic else 0.0

    @property
    def score(self) -> float:
        """The same with the equivalents left out."""
        counted = self.killed + len(self.survivors)
        return self.killed / counted if counted else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's interval of the score (95 %)."""
        return wilson(self.killed, self.killed + len(self.survivors))

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the contract from being proven, in words; empty where it is."""
        found = []
        if self.stub != "not_attempted":
            found.append(f"the untouched interface is {self.stub}, not not_attempted")
        for alarm in self.alarms:
            found.append(f"the reference fails {alarm['claim']} at seed {alarm['seed']}: {alarm['why']}")
        if len(self.named) < NAMED:
            found.append(f"{len(self.named)} named mutants, at least {NAMED} are wanted")
        found += [f"the named mutant {each.id} passes" for each in self.named if not each.killed_by]
        found += [f"the lazy answer {each.id} passes" for each in self.lazy if not each.killed_by]
        for topic, mutant in self.topics.items():
            if not mutant:
                found.append(f"no topic mutant of {topic} is rejected by a claim about {topic}")
        if not self.automatic:
            found.append("there are no automatic mutants: FILES of mutants.py names no Python that could be changed")
        elif self.score < ENOUGH:
            found.append(f"the score {self.score:.3f} is below {ENOUGH}")
        found += [f"{id} is listed as equivalent and is no mutant of the reference" for id in self.unknown]
        killed = {each.id: each.killed_by for each in self.automatic if each.killed_by}
        found += [f"{id} is listed as equivalent, but {killed[id]} rejects it" for id in self.listed if id in killed]
        if len(self.listed) > MOST_EQUIVALENT * self.generated:
            found.append(f"{len(self.listed)} of {self.generated} mutants are listed as equivalent, at most 5 % may be")
        for id, one in self.searched.items():
            if apart := one["difference"]:
                found.append(f"{id} is listed as {SEARCHED}, but {apart['asked']} tells it apart: {apart['input']}")
            elif one["inputs"] < INPUTS:
                words = f"was compared on {one['inputs']} inputs in the time there is, {INPUTS} are wanted"
                found.append(f"{id} is listed as {SEARCHED} and {words}: give the reason in a line")
        found += [*self.loose, *too_tight(self.shares)]
        return tuple(found)

    @property
    def proven(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """For ``prove --json`` and ``proof.json``: the counts first, then the lists."""
        interval = self.interval
        counts: dict[str, Any] = {
            "format": FORMAT, "project": self.project, "proven": self.proven, "problems": list(self.problems),
            "score": round(self.score, 4), "score_raw": round(self.score_raw, 4),
            "interval": [round(interval.low, 4), round(interval.high, 4)],
            "killed": self.killed, "survived": len(self.survivors), "equivalent": len(self.equivalents),
            "false_alarms": len(self.alarms), "tried": len(self.automatic), "generated": self.generated,
            "named_rejected": sum(bool(each.killed_by) for each in self.named), "named": len(self.named),
            "lazy_rejected": sum(bool(each.killed_by) for each in self.lazy), "lazy": len(self.lazy),
            "full": self.full, "seed": self.seed, "seconds": round(self.seconds, 1), "stub": self.stub,
        }  # fmt: skip
        lists = {
            "contract_hash": self.contract_hash, "reference_hash": self.reference_hash,
            "mutants_hash": self.mutants_hash, "files": list(self.files), "versions": self.versions,
            "seeds": list(self.seeds), "threads": list(self.threads), "topics": self.topics,
            "survivors": [each.as_dict() for each in self.survivors], "equivalents": self.equivalents,
            "searched": self.searched, "alarms": list(self.alarms), "loose": list(self.loose),
            "tolerance_used": {id: float(f"{share:.2g}") for id, share in self.shares.items()},
            "costs": self.costs, "kills": self.kills, "named_mutants": {each.id: each.killed_by for each in self.named},
            "lazy_answers": {each.id: each.killed_by for each in self.lazy},
        }  # fmt: skip
        return {**counts, **lists}

    def write(self, path: Path) -> None:
        """Keep it as JSON: all of it, or nothing."""
        with replacing(path) as waiting:
            waiting.write_text(json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n", "utf-8")


def kept(subject: Found) -> dict[str, Any] | None:
    """The proof beside the contract, or None. Raises WrongInput where it is no proof."""
    if not subject.proof.is_file():
        return None
    cure = f"Type:  castalia prove {subject.address} --full"
    try:
        value = json.loads(subject.proof.read_text("utf-8"))
    except ValueError as error:
        raise WrongInput(f"{subject.proof} cannot be read", str(error), "JSON", cure) from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise WrongInput(f"{subject.proof} is of another format", "", f"format {FORMAT}", cure)
    return value


def stale(subject: Found) -> str:
    """Why the proof that is kept does not speak of this contract, reference and mutants, and what to type; or ""."""
    value, cure = kept(subject), f"castalia prove {subject.address} --full"
    if value is None:
        return f"{subject.address} has no proof.json: {cure}"
    for key, mine, words in (
        ("contract_hash", subject.contract.hash(), "the contract of {} has changed"),
        ("reference_hash", subject.reference_hash, "the reference of {} has changed"),
        ("mutants_hash", subject.mutants_hash, "the mutants of {} have changed"),
    ):
        if value.get(key) != mine:
            return f"{words.format(subject.address)} since it was proven: {cure}"
    return ""
