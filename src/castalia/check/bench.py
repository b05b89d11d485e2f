"""Where wrong versions are tried: warm runners that hold the reference, and claims in an order fixed beforehand.

One wrong version is asked the claims in an order that depends on it and on what the claims cost on the reference, never
on what was tried before: whichever bench tries it, and when, the verdict and the claim that gave it are the same.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from castalia.check.checker import check_claim
from castalia.check.equivalence import reached_by, search
from castalia.check.found import Found
from castalia.check.mutation import Mutation
from castalia.check.project import check_project, runner_for
from castalia.check.proof import Tried
from castalia.check.reach import EVERYTHING, Map
from castalia.check.result import Result
from castalia.check.stubs import untouched_copy
from castalia.check.subject import Died, Runner
from castalia.check.tolerances import too_loose
from castalia.core.contract import Claim, Failed, NotAttempted, Raised
from castalia.core.errors import CastaliaError
from castalia.core.expect import shares

COSTLY = 10.0
"""A claim that costs so many times what the median claim costs is asked last, of what passed all others."""


class Bench:
    """One at a time, a process's. Every public method takes and returns plain values, as JSON has them."""

    def __init__(self, found: Found, seed: int, python: str) -> None:
        self.found, self.seed, self.python = found, seed, python
        self.claims = {claim.id: claim for claim in found.claims}
        self._map = Map(found.python)
        self._reach = {id: self._map.reach(claim.at) for id, claim in self.claims.items()}
        self._mutations: dict[str, Mutation] | None = None
        self._runners: dict[tuple[str, frozenset[str], int], Runner] = {}

    def close(self) -> None:
        """End what was started."""
        for runner in self._runners.values():
            runner.close()
        self._runners.clear()

    # --- what is right ------------------------------------------------------------------------------

    def stub(self) -> str:
        """The outcomes of the interface as it is handed to a learner."""
        with tempfile.TemporaryDirectory(prefix="castalia-prove-") as folder:
            path = untouched_copy(self.found.contract, Path(folder))
            report = check_project(self.found.contract, path, python=self.python, seed=self.seed, all=True)
        return ", ".join(sorted({result.outcome for result in report.claims}))

    def reference(self, seed: int, threads: int) -> dict[str, Any]:
        """The reference, once: alarms, and for every claim its seconds and the share of its tolerance it used."""
        alarms, seconds, used = [], {}, {}
        for claim in self.claims.values():
            runner = self._runner(claim, threads)
            with shares() as noted:
                result = check_claim(claim, runner, seed, shrink=False)
            seconds[claim.id], used[claim.id] = round(result.seconds, 5), max(noted, default=0.0)
            if not result.passed:
                alarms.append({"claim": claim.id, "seed": seed, "threads": threads, "why": result.why})
        return {"alarms": alarms, "seconds": seconds, "shares": used}

    def control(self, costs: Mapping[str, float]) -> dict[str, Any]:
        """The unchanged reference, served as a mutant: a broken door would "kill" every mutant."""
        return self._tried("control", "the reference itself", self.found.texts, costs).as_dict()

    def loose(self, claim: str) -> list[str]:
        """What a claim's tolerance would let pass."""
        return too_loose(self.claims[claim], self.seed)

    # --- what is wrong ------------------------------------------------------------------------------

    def named(self, id: str, costs: Mapping[str, float]) -> dict[str, Any]:
        """A wrong version by name; claims are asked until one about each of its topics has rejected it."""
        mutant = next(each for each in self.found.mutants if each.id == id)
        file = self.found.file_of(mutant)
        text = {file: mutant.apply(self.found.texts[file])}
        return self._tried(id, mutant.misconception, text, costs, wanted=set(mutant.topics)).as_dict()

    def lazy(self, id: str, file: str, text: str, costs: Mapping[str, float]) -> dict[str, Any]:
        """A lazy answer made from the reference."""
        return self._tried(
            id, "No work.", {file: text}, costs, touched={id.partition(":")[0].partition(".")[0]}
        ).as_dict()

    def automatic(self, id: str, costs: Mapping[str, float]) -> dict[str, Any]:
        """An automatic mutant."""
        mutation = self.mutation(id)
        text = {mutation.file: mutation.apply(self.found.texts[mutation.file])}
        return self._tried(id, f"{mutation.before} → {mutation.after}", text, costs).as_dict()

    def searched(self, id: str, inputs: int) -> dict[str, Any]:
        """A survivor beside the reference, on so many inputs of the claims that can reach the change."""
        mutation, main = self.mutation(id), self.found.reference
        text = mutation.apply(self.found.texts[mutation.file])
        touched = self._map.touched({mutation.file: text})
        near = [claim for claim in self.claims.values() if touched & self._reach[claim.id]]
        claims = near if near and EVERYTHING not in touched else list(self.claims.values())
        changed = (main, self.found.sources(mutation.file, text))
        contract = self.found.contract
        return search(
            contract, claims, (main, {}), changed, python=self.python, seed=self.seed, inputs=inputs
        ).as_dict()  # fmt: skip

    def mutation(self, id: str) -> Mutation:
        if self._mutations is None:
            self._mutations = {each.id: each for each in self.found.mutations()}
        return self._mutations[id]

    # --- one wrong version --------------------------------------------------------------------------

    def _tried(
        self, id: str, words: str, texts: Mapping[str, str], costs: Mapping[str, float], *,
        wanted: Set[str] = frozenset(), touched: Set[str] | None = None,
    ) -> Tried:  # fmt: skip
        """Ask the claims about one wrong version, up to the first that rejects it, and further for wanted topics."""
        began = time.monotonic()
        killed_by, outcome, topics = "", "", set[str]()
        order = self._order(self._map.touched(texts) if touched is None else touched, costs, texts)
        for claim, result in self._verdicts(texts, order, costs):
            if result.outcome == "tool_error":
                cure = f"Look at the claim {claim.id}, its generator and its oracle; or at castalia doctor."
                raise CastaliaError(f"the check of {id} broke", result.why, "a verdict", cure)
            if not result.passed:
                killed_by, outcome = killed_by or claim.id, outcome or result.outcome
                topics |= set(claim.topics)
            if killed_by and wanted <= topics:
                break
        return Tried(
            id=id, words=words, killed_by=killed_by, outcome=outcome, topics=tuple(sorted(topics)),
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _order(self, touched: Set[str], costs: Mapping[str, float], files: Collection[str] = ()) -> list[Claim]:
        """Claims about a changed file itself first and costly ones last; in between those about what was changed in it,
        those that reach it, the cheapest first. What nobody reaches by name is looked for in the whole folder first."""
        unreached = bool(touched) and EVERYTHING not in touched and not any(
            claim.at.partition(".")[0] in touched or touched & self._reach[id] for id, claim in self.claims.items()
        )  # fmt: skip
        limit = COSTLY * max(statistics.median(costs.values()), 0.01)

        def place(claim: Claim) -> tuple[bool, bool, int, float]:
            folder = self.found.contract.adapter_of(self.found.milestone_of(claim.id)) == "repository"
            whole = claim.at in files or (unreached and folder)
            about = claim.at.partition(".")[0] in touched
            reaches = bool(touched & self._reach[claim.id]) or EVERYTHING in touched
            return not whole, costs[claim.id] > limit, 0 if about else 1 if reaches else 2, costs[claim.id]

        return sorted(self.claims.values(), key=place)

    def _verdicts(
        self, texts: Mapping[str, str], order: Sequence[Claim], costs: Mapping[str, float]
    ) -> Iterator[tuple[Claim, Result]]:
        """A verdict for each claim, from a fork of a warm runner; a new fork after anything but pass and fail."""
        sources = {path: text for file, each in texts.items() for path, text in self.found.sources(file, each).items()}
        with ExitStack() as stack:
            open_forks: dict[int, ExitStack] = {}
            tries = deque((claim, _hurried(claim, costs[claim.id])) for claim in order)
            while tries:
                claim, asked = tries.popleft()
                runner = self._runner(claim)
                fork = open_forks.get(id(runner))
                try:
                    if fork is None:
                        fork = open_forks[id(runner)] = stack.enter_context(ExitStack())
                        fork.enter_context(runner.fork(sources))
                except (Raised, NotAttempted, Failed, Died) as error:  # it does not even load: every claim rejects it
                    outcome = error.outcome if isinstance(error, Died) else "learner_error"
                    del open_forks[id(runner)]
                    yield claim, Result(claim=claim.id, outcome=outcome, seed=self.seed, why=str(error))
                    continue
                result = check_claim(asked, runner, self.seed, shrink=False)
                if result.outcome not in ("pass", "fail"):  # the copy may be gone
                    open_forks.pop(id(runner)).close()
                if result.outcome == "timeout" and asked.budget < claim.budget:
                    tries.appendleft((claim, claim))  # the machine may have been busy: a check gives it more time
                    continue
                yield claim, result

    def _runner(self, claim: Claim, threads: int = 1) -> Runner:
        """The runner that reaches a claim, started and loaded with the reference; those of other BLAS settings end."""
        milestone = self.found.milestone_of(claim.id)
        key = (*reached_by(self.found.contract, milestone), threads)
        for other in [each for each in self._runners if each[-1] != threads]:
            self._runners.pop(other).close()
        if key not in self._runners:
            self._runners[key] = runner_for(
                self.found.contract, milestone, self.found.reference, self.python, threads=threads
            )
        runner = self._runners[key]
        if not runner.alive:
            try:
                runner.start()
                runner.load()
            except (Raised, NotAttempted, Failed, Died) as error:
                name, cure = self.found.reference.name, "Correct it; or look at castalia doctor."
                raise CastaliaError(f"the reference {name} does not load", str(error), "a module", cure) from None
        return runner


def _hurried(claim: Claim, cost: float) -> Claim:
    """Ten times what the reference took, and a second at least; where that is too little, the budget itself counts."""
    return replace(claim, budget=min(claim.budget, max(1.0, 10 * cost)))
