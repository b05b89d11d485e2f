"""Proves a contract: what is right passes, what is wrong does not.

Everything goes through the door a learner's code goes through: the untouched interface, the reference on many seeds,
wrong versions by name, lazy answers, and automatic mutants. Mutants are served by forks of warm runners, dealt to a
bench on each core (castalia.check.bench); the first claim that rejects one ends it. A survivor is either a gap in the
contract or a change that changes nothing.

It needs a system that can fork: an author's Linux or macOS, not a learner's Windows.
"""

from __future__ import annotations

import hashlib
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from castalia.check.bench import Bench
from castalia.check.dealing import Dealer, Task, cores
from castalia.check.equivalence import INPUTS, SEARCHED
from castalia.check.found import Found, found
from castalia.check.lazy import defined, lazy_answers, numbers
from castalia.check.mutation import sample
from castalia.check.notes import Notes
from castalia.check.proof import Proof, Tried
from castalia.core.errors import Unavailable

Say = Callable[[str, int, int], None]
"""Called with what is being done, how many of it are done, and how many there are."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much of a proof is done."""

    seeds: int = 5
    threads: tuple[int, ...] = (1, 2)
    sample: int | None = 400
    """Automatic mutants that are tried, drawn by operator; None for all."""
    lazy: bool = True
    """Also the lazy answers that are made from the reference, function by function."""
    search: int = 0
    """Inputs on which a survivor that is listed as searched is compared with the reference; 0 believes the list."""


NORMAL = Effort()
QUICK = Effort(seeds=2, threads=(1,), sample=40, lazy=False)
"""For the tests."""
FULL = Effort(seeds=30, sample=None, search=INPUTS)


def silent(what: str, done: int, total: int) -> None:
    """The Say of who does not listen."""


def prove(
    name: str | Found, effort: Effort = NORMAL, *, seed: int = 0, python: str = sys.executable,
    notes: Path | None = None, say: Say = silent, workers: int = 0,
) -> Proof:  # fmt: skip
    """Prove the contract of a project.

    ``notes`` is a file of JSON lines in which every result is kept: a proof that was interrupted goes on from there as
    long as contract, reference, versions and seed are the same. ``workers`` is the number of processes that try
    mutants, 0 for as many as there are cores; the result does not depend on it. Raises CastaliaError where the check
    itself breaks.
    """
    if not hasattr(os, "fork"):
        raise Unavailable("a contract cannot be proven here", sys.platform, "a system that can fork", "Use Linux.")
    subject = found(name) if isinstance(name, str) else name
    began = time.monotonic()
    seeds = tuple(int(each) for each in np.random.default_rng(seed).integers(2**48, size=effort.seeds))
    texts = {mutant.id: mutant.apply(subject.texts[subject.file_of(mutant)]) for mutant in subject.mutants}
    keys = {
        mutant.id: _key("named", mutant.id, repr((sorted(vars(mutant).items()), texts[mutant.id])))
        for mutant in subject.mutants
    }
    named = [mutant.id for mutant in subject.mutants if not mutant.lazy]
    lazy = [mutant.id for mutant in subject.mutants if mutant.lazy]
    pool = subject.mutations()
    chosen = [each.id for each in (pool if effort.sample is None else sample(pool, effort.sample, seed))]
    versions = _versions(python)
    heading = f"{subject.contract.hash()} {subject.reference_hash} {seed} {sorted(versions.items())}"
    dealer = Dealer(lambda: Bench(subject, seed, python), workers or cores())
    with dealer, Notes(notes, heading) as book:
        work = _Work(dealer, book, say)
        (stub,) = work.do("stub", [("stub", ("stub",))])
        passes = work.do("reference", [
            (f"reference {each} {threads}", ("reference", each, threads))
            for threads in effort.threads for each in seeds
        ])  # fmt: skip
        costs = {claim.id: _median(one["seconds"][claim.id] for one in passes) for claim in subject.claims}
        loose = work.do("tolerances", [(f"loose {claim.id}", ("loose", claim.id)) for claim in subject.claims])
        (control,) = work.tried("control", [("control", ("control", costs))])
        tried = work.tried("named", [(keys[id], ("named", id, costs)) for id in named])
        written = [(keys[id], ("named", id, costs)) for id in lazy]
        idle = work.tried("lazy", [*written, *(_lazy(subject, costs) if effort.lazy else [])])
        automatic = work.tried("mutants", [(f"automatic {id}", ("automatic", id, costs)) for id in chosen])
        wanted = [each.id for each in automatic if not each.killed_by and subject.equivalent.get(each.id) == SEARCHED]
        inputs = effort.search
        found_apart = work.do("searched", [
            (f"searched {inputs} {id}", ("searched", id, inputs)) for id in (wanted if inputs else [])
        ])  # fmt: skip
    alarms = [alarm for one in passes for alarm in one["alarms"]]
    if control.killed_by:
        why = f"served as a mutant, the unchanged reference is rejected ({control.outcome})"
        alarms.append({"claim": control.killed_by, "seed": seed, "threads": 1, "why": why})
    ids = {mutation.id for mutation in pool}
    return Proof(
        project=subject.name, contract_hash=subject.contract.hash(), reference_hash=subject.reference_hash,
        mutants_hash=subject.mutants_hash, files=tuple(subject.texts), seed=seed, seeds=seeds, threads=effort.threads,
        versions=versions, stub=stub, alarms=tuple(alarms), loose=tuple(words for each in loose for words in each),
        shares={claim.id: max(one["shares"][claim.id] for one in passes) for claim in subject.claims}, costs=costs,
        named=tuple(tried), lazy=tuple(idle), topics=_topics(subject, tried), automatic=tuple(automatic),
        generated=len(pool), listed=dict(subject.equivalent), full=effort.sample is None,
        unknown=tuple(id for id in subject.equivalent if id not in ids),
        searched=dict(zip(wanted, found_apart, strict=False)), seconds=time.monotonic() - began,
    )  # fmt: skip


class _Work:
    """Tasks that are done once: what the notes know is not done again."""

    def __init__(self, dealer: Dealer, book: Notes, say: Say) -> None:
        self.dealer, self.book, self.say = dealer, book, say

    def do(self, what: str, tasks: Sequence[tuple[str, Task]]) -> list[Any]:
        """The results of (key, task), in their order."""
        open_ = [each for each in tasks if each[0] not in self.book.known]
        done = len(tasks) - len(open_)
        if tasks:
            self.say(what, done, len(tasks))
        for place, result in self.dealer.deal([task for _, task in open_]):
            self.book.add(open_[place][0], result)
            done += 1
            self.say(what, done, len(tasks))
        return [self.book.known[key] for key, _ in tasks]

    def tried(self, what: str, tasks: Sequence[tuple[str, Task]]) -> list[Tried]:
        return [Tried.of_dict(each) for each in self.do(what, tasks)]


def _lazy(subject: Found, costs: dict[str, float]) -> list[tuple[str, Task]]:
    """Zeros, echo, constant and NaN in the place of each function's answer, in the file that defines it."""
    interface, made = subject.contract.interface, []
    if subject.contract.adapter in ("command", "port", "repository"):  # nobody calls its functions by name
        return []
    for file, text in subject.python.items():
        for id, changed in lazy_answers(text, defined(interface), numbers(interface)):
            made.append((_key("lazy", id, changed), ("lazy", id, file, changed, costs)))
    return made


def _key(what: str, id: str, text: str) -> str:
    """Names the result of a wrong version by all that it is: mutants.py is not in the notes' heading."""
    return f"{what} {id} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _median(seconds: Iterable[float]) -> float:
    """To two digits: it is kept in proof.json, and no more of it comes out again."""
    return float(f"{max(statistics.median(seconds), 1e-4):.2g}")


def _versions(python: str) -> dict[str, str]:
    import castalia

    own = {"castalia": castalia.__version__, "python": platform.python_version(), "numpy": np.__version__}
    return own if python == sys.executable else {**own, "interpreter": python}


def _topics(subject: Found, named: Iterable[Tried]) -> dict[str, str]:
    """Topic -> a named mutant of it that a claim about the topic rejected, or ""."""
    rejected = {tried.id: tried.topics for tried in named}
    answer = {topic: "" for claim in subject.claims for topic in claim.topics}
    for mutant in subject.mutants:
        for topic in mutant.topics:
            if topic in rejected.get(mutant.id, ()) and not answer.get(topic, "-"):
                answer[topic] = mutant.id
    return answer
