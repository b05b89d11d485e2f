"""A whole contract against a learner's code: milestones in order, up to the first claim that does not pass."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from castalia.check.checker import check_claim, distrusted, not_reached
from castalia.check.fresh import Fresh
from castalia.check.limits import Enforced, Limits
from castalia.check.result import Report, Result
from castalia.check.seal import digest
from castalia.check.stubs import code_hash, untouched
from castalia.check.subject import Died, Runner
from castalia.core.contract import Claim, Contract, Failed, Milestone, NotAttempted, Raised
from castalia.core.errors import NotFound

CHILDREN = 256
"""Processes at once for claims that need children (Limits.processes is for those that do not)."""
SOCKETS = 1024
"""Open files of one process for claims that need loopback."""

LONG = 1.0
"""Seconds in the code under check after which a claim is not asked a second time, backwards."""


def check_project(
    contract: Contract, at: str | os.PathLike[str] = ".", python: str = sys.executable, seed: int | None = None, *,
    all: bool = False, milestone: str | None = None, limits: Limits | None = None,
) -> Report:  # fmt: skip
    """Check the code at ``at``: a .py file, a package, the folder that holds ``<project>.py``; a program; a repository.

    Milestones in order, each in a fresh process; core claims only, up to the first that does not pass. With ``all``
    every claim of every tier. A milestone that passed is asked once more, last input first, in another fresh process.
    Without ``seed`` a new one is drawn; the report names it. Without ``limits`` the contract's own hold. ``NotFound``
    when there is no such file, ``Unavailable`` when the interpreter does not start: everything else is an outcome.
    """
    began = time.perf_counter()
    path = subject_file(contract, at)
    visit = Visit(contract, path, python, seed, limits)
    results = tuple(visit.results(milestone, all))
    return visit.report(results, milestone, time.perf_counter() - began)


def subject_file(contract: Contract, at: str | os.PathLike[str], name: str = "") -> Path:
    """What to check for ``--at``: it, or in that folder the module, the package, what ``new --learn`` wrote.

    A program may be a folder with a ``__main__.py`` or any executable file; a repository is the folder itself, or the
    one below it that ``new --learn`` made. ``name`` is what the contract is called where that is not its project.
    Raises ``NotFound``.
    """
    project, place = contract.project, Path(at).resolve()
    begun = place / "yours" / project
    if contract.adapter == "repository" and place.is_dir():
        return begun if begun.is_dir() else place
    program = contract.adapter in ("command", "port")
    file, inside = f"{project}.py", "__main__.py" if program else "__init__.py"
    tried = [place, place / file, place / project / inside, place / inside, place / "src" / project / inside,
             place / project / file, begun / file]  # fmt: skip
    if program:
        tried.append(place / project)
    for path in tried:
        if path.is_file():
            return path
    starts = "castalia learn" if project == "softmax" else f"castalia new {name or project} --learn"
    cure = f"{starts} writes the file to begin with; --at names another place."
    raise NotFound(f"There is no {project} at {at}", f"neither {tried[1]} nor a package", f"{project}.py", cure)


def runner_for(
    contract: Contract, milestone: str, path: Path, python: str, limits: Limits | None = None, *, threads: int = 1
) -> Runner:
    """The runner that the claims of a milestone speak to: its adapter, and the limits for what they need."""
    needs = frozenset[str]().union(*(claim.needs for claim in contract.milestone(milestone).claims))
    allowed = limits or Limits.of(contract)
    if "children" in needs and limits is None:
        allowed = replace(allowed, processes=CHILDREN)
    if "loopback" in needs:
        allowed = replace(allowed, loopback=True, files=max(allowed.files, SOCKETS))
    adapter = contract.adapter_of(milestone)
    return Runner(path, python, allowed, threads=threads, adapter=adapter, needs=needs, arrays=contract.arrays)


class Visit:
    """Claims of one contract against one subject, in the order in which they are asked for.

    A runner is started when it is needed, and another where adapter or limits change; ``leave`` ends it. Without
    ``seed`` a new one is drawn.
    """

    def __init__(
        self, contract: Contract, path: Path, python: str = sys.executable, seed: int | None = None,
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        self.contract, self.path, self.python, self.limits = contract, path, python, limits
        self.seed = secrets.randbits(32) if seed is None else seed
        self.fresh: Fresh | None = None
        self.root = path.parent
        self.files: list[str] = []
        self.versions = ""
        self.peak = 0
        self.enforced: list[Enforced] = []
        self._sealed = digest(contract.files)

    def results(self, only: str | None = None, every: bool = False) -> Iterator[Result]:
        """Core claims up to the first that does not pass, or ``every`` one; of one milestone, or of each."""
        names = [only] if only else [each.id for each in self.contract.milestones]
        try:
            for milestone in (self.contract.milestone(name) for name in names):
                results = self.of_milestone(milestone, every)
                yield from results
                if not all(result.passed for result in results) and not every:
                    return
        finally:
            self.leave()

    def of_milestone(self, milestone: Milestone, every: bool) -> list[Result]:
        """Its claims up to the first that does not pass, or all; where all passed, asked once more backwards."""
        results: list[Result] = []
        fresh = self.served(milestone.id)
        for claim in milestone.claims:
            if every or (claim.tier == "core" and all(result.passed for result in results)):
                results.append(self._asked(fresh, claim, milestone))
        self.files = sorted({*self.files, *fresh.drop()})
        if results and all(result.passed for result in results):
            results = self.backwards(fresh, results, milestone.id)
        return results

    def claim(self, claim: Claim, milestone: Milestone) -> Result:
        """One claim alone; where it passes it is asked once more backwards, in a process of its own."""
        fresh = self.served(milestone.id)
        results = [self._asked(fresh, claim, milestone)]
        self.files = sorted({*self.files, *fresh.drop()})
        return (self.backwards(fresh, results, milestone.id) if results[0].passed else results)[0]

    def backwards(self, fresh: Fresh, results: list[Result], milestone: str) -> list[Result]:
        """The same inputs from the last to the first, in a fresh process: state that is kept shows itself.

        Claims that took their code long are left out.
        """
        for number, result in reversed(list(enumerate(results))):
            claim = self.contract.claim(result.claim)
            if result.learner_seconds < min(LONG, claim.budget / 2):
                again = self.one(fresh, claim, milestone, backwards=True)
                if not again.passed:
                    results = [*results[:number], again, *results[number + 1 :]]
                    break
        fresh.drop()
        return results

    def served(self, milestone: str) -> Fresh:
        """What serves the claims of a milestone: the one of the milestone before, where nothing about it differs."""
        made = runner_for(self.contract, milestone, self.path, self.python, self.limits)
        before = self.fresh.runner if self.fresh else None
        if before is None or (made.adapter, made.needs, made.limits) != (before.adapter, before.needs, before.limits):
            self.leave()
            self.fresh = Fresh(made)
        self.root = made.root
        assert self.fresh is not None
        return self.fresh

    def leave(self) -> None:
        """End what was started; it can be asked again."""
        fresh, self.fresh = self.fresh, None
        if fresh is not None:
            fresh.runner.close()
            self.peak = max(self.peak, fresh.runner.peak)

    def report(self, results: tuple[Result, ...], milestone: str | None = None, seconds: float = 0.0) -> Report:
        """These results as one report; the outcome is that of the first core claim that did not pass."""
        contract = self.contract
        changed = [file.name for file, found in digest(contract.files).items() if found != self._sealed[file]]
        if changed and results:
            results = (distrusted(results[-1], changed),)
        core = [each for each in results if contract.claim(each.claim).tier == "core"]
        failed = next((each for each in core or results if not each.passed), None)
        return Report(
            project=contract.project, outcome=failed.outcome if failed else "pass", claims=results, seed=self.seed,
            contract_hash=contract.hash(), code_hash=code_hash(self.root, self.files or [str(self.path)]),
            milestone=milestone, python=self.versions, memory=self.peak,
            enforced=tuple(each.as_dict() for each in self.enforced), seconds=seconds,
        )  # fmt: skip

    def _asked(self, fresh: Fresh, claim: Claim, milestone: Milestone) -> Result:
        path = fresh.runner.path
        if untouched(path, self.contract.stubs(milestone.id), claim.at):
            file = self.contract.adapter_of(milestone.id) == "repository"
            error = NotAttempted(f"there is no {claim.at} yet" if file else f"{claim.at} is still the stub")
            return not_reached(claim, self.seed, error, path, milestone=milestone.id)
        return self.one(fresh, claim, milestone.id)

    def one(self, fresh: Fresh, claim: Claim, milestone: str, *, backwards: bool = False) -> Result:
        began = time.perf_counter()
        runner = fresh.runner
        try:
            fresh.get()
            self.versions = f"{runner.versions['python']}, NumPy {runner.versions['numpy']}"
        except (Raised, NotAttempted, Failed, Died) as error:
            output = runner.output()[:500]
            fresh.drop()
            result = not_reached(claim, self.seed, error, runner.path, milestone=milestone)
            return replace(result, output=output, seconds=time.perf_counter() - began)
        finally:
            self.enforced = runner.enforced()
        return check_claim(claim, runner, self.seed, milestone=milestone, backwards=backwards)
