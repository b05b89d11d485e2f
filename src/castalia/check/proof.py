"""What a proof of a contract says, and the file it is kept in: ``proof.json`` beside the contract."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from castalia.check import contracts
from castalia.core.contract import Contract, Mutant, WrongContract
from castalia.core.errors import WrongInput
from castalia.core.settings import Settings
from castalia.kit.stats import Interval, wilson

FORMAT = 1
ENOUGH = 0.95
"""The smallest score of a contract that counts as proven."""
NAMED = 10
"""Misconceptions that a contract must name and reject, at least."""
MOST_EQUIVALENT = 0.05
"""Of the automatic mutants, at most so many may be said to change nothing."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A contract and what it is proven by."""

    contract: Contract
    reference: Path
    """The file that the contract is proven on, and that goes through the same door as a learner's."""
    mutants: tuple[Mutant, ...]
    equivalent: Mapping[str, str]
    """Id of an automatic mutant -> why no caller can tell it from the reference, in one line."""

    @property
    def name(self) -> str:
        return self.contract.project

    @property
    def proof(self) -> Path:
        """Where its proof is kept, in the repository and in the wheel."""
        return self.reference.with_name("proof.json")


def found(name: str, settings: Settings | None = None) -> Found:
    """The contract called ``name`` with what it is proven by; NotFound where it has no named mutants yet."""
    made = Found(
        contract=contracts.find(name, settings), mutants=contracts.mutants(name, settings),
        reference=contracts.reference(name, settings), equivalent=contracts.equivalent(name, settings),
    )  # fmt: skip
    ids = [mutant.id for mutant in made.mutants]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise WrongContract(f"the mutants of {name}", f"twice: {', '.join(twice)}", "each id once", "Rename one.")
    return made


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


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether a contract accepts what is right and rejects what is wrong, counted."""

    project: str
    contract_hash: str
    reference_hash: str
    seeds: tuple[int, ...]
    threads: tuple[int, ...]
    """The settings of the BLAS library under which the reference was checked."""
    versions: dict[str, str]
    stub: str
    """What the untouched interface is found to be; must be ``not_attempted``."""
    alarms: tuple[dict[str, Any], ...]
    """Every claim that the reference failed: claim, seed, threads, why."""
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
    def score_raw(self) -> float:
        """Share of the automatic mutants that were rejected, equivalents counted as misses."""
        return self.killed / len(self.automatic) if self.automatic else 1.0

    @property
    def score(self) -> float:
        """The same with the equivalents left out."""
        counted = self.killed + len(self.survivors)
        return self.killed / counted if counted else 1.0

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
        if self.score < ENOUGH:
            found.append(f"the score {self.score:.3f} is below {ENOUGH}")
        found += [f"{id} is listed as equivalent and is no mutant of the reference" for id in self.unknown]
        killed = {each.id: each.killed_by for each in self.automatic if each.killed_by}
        found += [f"{id} is listed as equivalent, but {killed[id]} rejects it" for id in self.listed if id in killed]
        if len(self.listed) > MOST_EQUIVALENT * self.generated:
            found.append(f"{len(self.listed)} of {self.generated} mutants are listed as equivalent, at most 5 % may be")
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
            "full": self.full, "seconds": round(self.seconds, 1), "stub": self.stub,
        }  # fmt: skip
        lists = {
            "contract_hash": self.contract_hash, "reference_hash": self.reference_hash, "versions": self.versions,
            "seeds": list(self.seeds), "threads": list(self.threads), "topics": self.topics,
            "survivors": [each.as_dict() for each in self.survivors], "equivalents": self.equivalents,
            "alarms": list(self.alarms), "named_mutants": {each.id: each.killed_by for each in self.named},
            "lazy_answers": {each.id: each.killed_by for each in self.lazy},
        }  # fmt: skip
        return {**counts, **lists}

    def write(self, path: Path) -> None:
        """Keep it as JSON: all of it, or nothing."""
        draft = path.with_name(f"{path.name}.part")
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def text_hash(path: Path) -> str:
    """sha256 of a source file's text with line ends as ``\\n``, in hexadecimal."""
    return hashlib.sha256(path.read_text("utf-8").encode()).hexdigest()


def kept(subject: Found) -> dict[str, Any] | None:
    """The proof beside the contract, or None. Raises WrongInput where it is no proof."""
    if not subject.proof.is_file():
        return None
    cure = f"Type: castalia prove {subject.name} --full"
    try:
        value = json.loads(subject.proof.read_text("utf-8"))
    except ValueError as error:
        raise WrongInput(f"{subject.proof} cannot be read", str(error), "JSON", cure) from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise WrongInput(f"{subject.proof} is of another format", "", f"format {FORMAT}", cure)
    return value


def stale(subject: Found) -> str:
    """Why the proof that is kept does not speak of this contract and this reference; "" where it does."""
    value = kept(subject)
    if value is None:
        return f"{subject.name} has no proof.json"
    if value["contract_hash"] != subject.contract.hash():
        return f"the contract of {subject.name} has changed since it was proven"
    if value["reference_hash"] != text_hash(subject.reference):
        return f"the reference of {subject.name} has changed since its contract was proven"
    return ""
