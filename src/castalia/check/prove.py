"""Proves a contract: what is right passes, what is wrong does not.

Everything goes through the door a learner's code goes through (:class:`castalia.check.Runner`): the untouched
interface, the reference on many seeds, wrong versions by name, lazy answers, and automatic mutants. Mutants are served
by forks of one warm runner; of each, claims are asked in the order in which they kill most for their time, and the
first that rejects it ends it. A survivor is either a gap in the contract or a change that changes nothing.

It needs a system that can fork: an author's Linux or macOS, not a learner's Windows.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from castalia.check.checker import check_claim
from castalia.check.lazy import defined, lazy_answers, numbers
from castalia.check.mutation import Mutation, mutations, sample
from castalia.check.project import check_project
from castalia.check.proof import Found, Proof, Tried, found, text_hash
from castalia.check.result import Result
from castalia.check.stubs import untouched_copy
from castalia.check.subject import Died, Runner
from castalia.core.contract import Claim, Contract, Failed, Mutant, NotAttempted, Raised
from castalia.core.errors import CastaliaError

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


NORMAL = Effort()
QUICK = Effort(seeds=2, threads=(1,), sample=40, lazy=False)
"""For the tests."""
FULL = Effort(seeds=30, sample=None)


def _silent(what: str, done: int, total: int) -> None:
    """The Say of who does not listen."""


def prove(
    name: str | Found, effort: Effort = NORMAL, *, seed: int = 0, python: str = sys.executable,
    notes: Path | None = None, say: Say = _silent,
) -> Proof:  # fmt: skip
    """Prove the contract of a project.

    ``notes`` is a file of JSON lines in which every automatic mutant that was tried is kept: a proof that was
    interrupted goes on from there as long as contract, reference and seed are the same. Raises CastaliaError where
    the check itself breaks.
    """
    subject = found(name) if isinstance(name, str) else name
    began = time.monotonic()
    bench = _Bench(subject, seed, python, say)
    seeds = tuple(int(each) for each in np.random.default_rng(seed).integers(2**48, size=effort.seeds))
    stub = bench.stub()
    alarms = tuple(bench.alarms(seeds, effort.threads))
    named = tuple(bench.named([mutant for mutant in subject.mutants if not mutant.lazy], "named"))
    lazy = tuple(bench.named([mutant for mutant in subject.mutants if mutant.lazy], "lazy"))
    if effort.lazy:
        lazy += tuple(bench.lazy())
    pool = mutations(bench.text, subject.reference.name)
    chosen = pool if effort.sample is None else sample(pool, effort.sample, seed)
    with _Notes(notes, f"{subject.contract.hash()} {text_hash(subject.reference)} {seed}") as book:
        automatic = tuple(bench.automatic(chosen, book))
    ids = {mutation.id for mutation in pool}
    return Proof(
        project=subject.name, contract_hash=subject.contract.hash(), reference_hash=text_hash(subject.reference),
        seeds=seeds, threads=effort.threads, versions=_versions(), stub=stub, alarms=alarms, named=named, lazy=lazy,
        topics=_topics(subject, named), automatic=automatic, generated=len(pool), listed=dict(subject.equivalent),
        unknown=tuple(id for id in subject.equivalent if id not in ids), full=effort.sample is None,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def _versions() -> dict[str, str]:
    import castalia

    return {"castalia": castalia.__version__, "python": platform.python_version(), "numpy": np.__version__}


def _topics(subject: Found, named: Iterable[Tried]) -> dict[str, str]:
    """Topic -> a named mutant of it that a claim about the topic rejected, or ""."""
    rejected = {tried.id: tried.topics for tried in named}
    answer = {topic: "" for claim in claims(subject.contract) for topic in claim.topics}
    for mutant in subject.mutants:
        for topic in mutant.topics:
            if topic in rejected.get(mutant.id, ()) and not answer[topic]:
                answer[topic] = mutant.id
    return answer


def claims(contract: Contract) -> list[Claim]:
    """Every claim, in order."""
    return [claim for milestone in contract.milestones for claim in milestone.claims]


class _Bench:
    """The reference, and what claims have cost and caught so far."""

    def __init__(self, subject: Found, seed: int, python: str, say: Say) -> None:
        self.found, self.seed, self.python, self.say = subject, seed, python, say
        self.text = subject.reference.read_text("utf-8")
        self.claims = [claim for claim in claims(subject.contract) if claim.tier != "perf"]
        self.seconds = dict.fromkeys((claim.id for claim in self.claims), 0.1)
        self.asked = dict.fromkeys(self.seconds, 2)
        self.caught = dict.fromkeys(self.seconds, 1)

    def stub(self) -> str:
        """The outcomes of the interface as it is handed to a learner."""
        with tempfile.TemporaryDirectory(prefix="castalia-prove-") as folder:
            path = untouched_copy(self.found.contract, Path(folder))
            report = check_project(self.found.contract, path, python=self.python, seed=self.seed, all=True)
        return ", ".join(sorted({result.outcome for result in report.claims}))

    def alarms(self, seeds: Sequence[int], settings: Sequence[int]) -> Iterator[dict[str, object]]:
        """What the reference fails, of all claims, seeds and settings of the BLAS library; notes what claims cost."""
        done = 0
        for threads in settings:
            with Runner(self.found.reference, self.python, threads=threads) as subject:
                for seed in seeds:
                    for claim in self.claims:
                        result = check_claim(claim, subject, seed)
                        self.seconds[claim.id] = max(result.seconds, 1e-3)
                        if not result.passed:
                            yield {"claim": claim.id, "seed": seed, "threads": threads, "why": result.why}
                        if not subject.alive:
                            subject.start()
                            subject.load()
                    done += 1
                    self.say("reference", done, len(seeds) * len(settings))
        with Runner(self.found.reference, self.python) as subject:  # else a broken door would kill every mutant
            control = self._tried(subject, "control", "the reference itself", self.text)
        if control.killed_by:
            why = f"served as a mutant, the unchanged reference is rejected ({control.outcome})"
            yield {"claim": control.killed_by, "seed": self.seed, "threads": 1, "why": why}

    def named(self, mutants: Sequence[Mutant], what: str) -> Iterator[Tried]:
        """Wrong versions by name; claims are asked until one about each of the mutant's topics has rejected it."""
        with Runner(self.found.reference, self.python) as subject:
            for done, mutant in enumerate(mutants, start=1):
                text = mutant.apply(self.text)
                yield self._tried(subject, mutant.id, mutant.misconception, text, set(mutant.topics))
                self.say(what, done, len(mutants))

    def lazy(self) -> Iterator[Tried]:
        """Zeros, echo, constant and NaN in the place of each function's answer."""
        contract = self.found.contract
        answers = list(lazy_answers(self.text, defined(contract.interface), numbers(contract.interface)))
        with Runner(self.found.reference, self.python) as subject:
            for done, (id, text) in enumerate(answers, start=1):
                yield self._tried(subject, id, "No work.", text)
                self.say("lazy", done, len(answers))

    def automatic(self, chosen: Sequence[Mutation], book: _Notes) -> Iterator[Tried]:
        """Automatic mutants; what the notes know already is not tried again."""
        with Runner(self.found.reference, self.python) as subject:
            for done, mutation in enumerate(chosen, start=1):
                tried = book.known.get(mutation.id)
                if tried is None:
                    words = f"{mutation.before} → {mutation.after}"
                    tried = self._tried(subject, mutation.id, words, mutation.apply(self.text))
                    book.add(tried)
                yield tried
                self.say("mutants", done, len(chosen))

    def _tried(self, subject: Runner, id: str, words: str, text: str, wanted: Set[str] = frozenset()) -> Tried:
        """Ask the claims about one wrong version, up to the first that rejects it, and further for wanted topics."""
        began = time.monotonic()
        killed_by, outcome, topics = "", "", set[str]()
        for claim, result in self._verdicts(subject, text):
            if result.outcome == "tool_error":
                raise CastaliaError(f"the check of {id} broke", result.why, "a verdict", "This is a fault of Castalia.")
            if not result.passed:
                killed_by, outcome = killed_by or claim.id, outcome or result.outcome
                topics |= set(claim.topics)
            if killed_by and wanted <= topics:
                break
        return Tried(
            id=id, words=words, killed_by=killed_by, outcome=outcome, topics=tuple(sorted(topics)),
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _verdicts(self, subject: Runner, text: str) -> Iterator[tuple[Claim, Result]]:
        """A verdict for each claim, from a fork of the warm runner.

        After anything but pass and fail the copy may be gone, and a new one is made for the claims that are left.
        """
        waiting = sorted(self.claims, key=self._worth, reverse=True)
        while waiting:
            try:
                with subject.fork({str(self.found.reference): text}):
                    while waiting:
                        claim = waiting.pop(0)
                        result = check_claim(self._hurried(claim), subject, self.seed)
                        self.asked[claim.id] += 1
                        self.caught[claim.id] += not result.passed
                        yield claim, result
                        if result.outcome not in ("pass", "fail"):
                            break
            except (Raised, NotAttempted, Failed, Died) as error:  # it does not even load: every claim rejects it
                outcome = error.outcome if isinstance(error, Died) else "learner_error"
                for claim in waiting:
                    yield claim, Result(claim=claim.id, outcome=outcome, seed=self.seed, why=str(error))
                return

    def _worth(self, claim: Claim) -> float:
        """Mutants it will reject for a second of its time, by what it did so far."""
        return self.caught[claim.id] / self.asked[claim.id] / self.seconds[claim.id]

    def _hurried(self, claim: Claim) -> Claim:
        """Ten times what the reference took, and a second at least: a mutant that loops is soon found out."""
        return replace(claim, budget=min(claim.budget, max(1.0, 10 * self.seconds[claim.id])))


class _Notes:
    """The automatic mutants that were tried before, as JSON lines under a heading that says of what."""

    def __init__(self, path: Path | None, heading: str) -> None:
        self.known: dict[str, Tried] = {}
        self._path, self._heading = path, heading
        self._file: IO[str] | None = None
        self._open = ExitStack()

    def __enter__(self) -> _Notes:
        if self._path is None:
            return self
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._path.read_text("utf-8").splitlines() if self._path.is_file() else []
        for line in lines[1:] if lines[:1] == [self._heading] else []:
            try:
                value = json.loads(line)
            except ValueError:
                continue  # the line at which it was interrupted
            self.known[value["id"]] = Tried(**{**value, "topics": tuple(value["topics"])})
        self._file = self._open.enter_context(self._path.open("w", encoding="utf-8"))
        self._file.write(self._heading + "\n")
        for tried in self.known.values():
            self.add(tried)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, tried: Tried) -> None:
        if self._file is not None:
            self._file.write(json.dumps(tried.as_dict(), ensure_ascii=False) + "\n")
            self._file.flush()
