"""A whole contract against a learner's code: milestones in order, up to the first claim that does not pass."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from castalia.check.checker import check_claim, not_reached
from castalia.check.limits import Enforced, Limits
from castalia.check.result import Report, Result
from castalia.check.stubs import code_hash, untouched
from castalia.check.subject import Died, Runner
from castalia.core.contract import Claim, Contract, Failed, Milestone, NotAttempted, Raised
from castalia.core.errors import NotFound, Unavailable


def check_project(
    contract: Contract, at: str | os.PathLike[str] = ".", python: str = sys.executable, seed: int | None = None, *,
    all: bool = False, milestone: str | None = None, limits: Limits | None = None,
) -> Report:  # fmt: skip
    """Check the code at ``at`` (a .py file, a package, or the folder that holds ``<project>.py``).

    Milestones in order, each in a fresh process; core claims only, up to the first that does not pass. With ``all``
    every claim of every tier. Without ``seed`` a new one is drawn; the report names it. ``NotFound`` when there is no
    such file, ``Unavailable`` when the interpreter does not start: everything else is an outcome.
    """
    began = time.perf_counter()
    if contract.adapter != "module":
        words = f"{contract.project} is checked through a {contract.adapter}"
        raise Unavailable(words, contract.adapter, "a module", "this version checks Python modules only")
    path = subject_file(contract.project, at)
    visit = Visit(contract, path, python, seed, limits)
    results = tuple(visit.results(milestone, all))
    return visit.report(results, milestone, time.perf_counter() - began)


def subject_file(project: str, at: str | os.PathLike[str]) -> Path:
    """The file to load for ``--at``: it, or in that folder the module, the package, what ``new --learn`` wrote.

    Raises ``NotFound``.
    """
    place = Path(at).resolve()
    file = f"{project}.py"
    tried = [place, place / file, place / project / "__init__.py", place / "__init__.py",
             place / project / file, place / "yours" / project / file]  # fmt: skip
    for path in tried:
        if path.is_file():
            return path
    starts = "castalia learn" if project == "softmax" else f"castalia new {project} --learn"
    cure = f"{starts} writes the file to begin with; --at names another place."
    raise NotFound(f"There is no {project} at {at}", f"neither {tried[1]} nor a package", f"{project}.py", cure)


class Visit:
    """Claims of one contract against one file, in the order in which they are asked for.

    A milestone's process is started with its first claim and stays until another milestone is asked for; ``leave``
    ends it. Without ``seed`` a new one is drawn.
    """

    def __init__(
        self, contract: Contract, path: Path, python: str = sys.executable, seed: int | None = None,
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        self.contract, self.path, self.python = contract, path, python
        self.seed = secrets.randbits(32) if seed is None else seed
        self.limits = limits or Limits()
        self.files: list[str] = [str(path)]
        self.versions = ""
        self.enforced: list[Enforced] = []
        self._runner: Runner | None = None
        self._milestone = ""

    def results(self, only: str | None = None, all: bool = False) -> Iterator[Result]:
        """Core claims up to the first that does not pass, or ``all`` of them; of one milestone, or of each."""
        names = [only] if only else [each.id for each in self.contract.milestones]
        try:
            for milestone in (self.contract.milestone(name) for name in names):
                for claim in (claim for claim in milestone.claims if all or claim.tier == "core"):
                    result = self.claim(claim, milestone)
                    yield result
                    if not result.passed and not all:
                        return
        finally:
            self.leave()

    def claim(self, claim: Claim, milestone: Milestone) -> Result:
        """One claim of ``milestone``; raises nothing but what an interpreter that does not start raises."""
        if untouched(self.path, self.contract.stubs(milestone.id), claim.at):
            error = NotAttempted(f"{claim.at} is still the stub")
            return not_reached(claim, self.seed, error, self.path, milestone=milestone.id)
        if self._runner is None or self._milestone != milestone.id:
            self.leave()
            self._runner, self._milestone = Runner(self.path, self.python, self.limits), milestone.id
        return self.one(self._runner, claim, milestone.id)

    def leave(self) -> None:
        """End the process of the milestone that was visited last."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self.files = sorted({*self.files, *runner.loaded_files()})
            runner.close()

    def report(self, results: tuple[Result, ...], milestone: str | None = None, seconds: float = 0.0) -> Report:
        """These results as one report; the outcome is that of the first core claim that did not pass."""
        contract, path = self.contract, self.path
        core = [each for each in results if contract.claim(each.claim).tier == "core"]
        failed = next((each for each in core or results if not each.passed), None)
        root = path.parents[1] if path.name == "__init__.py" else path.parent
        return Report(
            project=contract.project, outcome=failed.outcome if failed else "pass", claims=results, seed=self.seed,
            contract_hash=contract.hash(), code_hash=code_hash(root, self.files), milestone=milestone,
            python=self.versions, enforced=tuple(each.as_dict() for each in self.enforced), seconds=seconds,
        )  # fmt: skip

    def one(self, runner: Runner, claim: Claim, milestone: str) -> Result:
        began = time.perf_counter()
        try:
            if not runner.alive:
                runner.start()
                runner.load()
                self.versions = f"{runner.versions['python']}, NumPy {runner.versions['numpy']}"
        except (Raised, NotAttempted, Failed, Died) as error:
            runner.close()
            result = not_reached(claim, self.seed, error, self.path, milestone=milestone)
            return replace(result, output=runner.output()[:500], seconds=time.perf_counter() - began)
        finally:
            self.enforced = runner.enforced()
        return check_claim(claim, runner, self.seed, milestone=milestone)
