"""The pytest plugin: the claims of a contract as tests of the learner's own file.

    pytest --castalia basics               # or, in pyproject.toml:  [tool.pytest.ini_options]  castalia = ["basics"]

Each claim is an item below the learner's file, ``basics.py::M1.standardized``, so that an editor's test explorer shows
it there. It is checked in a process of its own like every check (castalia.check); a failure shows the report of the
shell and no traceback. Where neither the option nor the setting is there this plugin does nothing: importing it costs
no more than pytest itself, and Castalia is imported when the first file is collected.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from castalia.check.desk import Checked
    from castalia.check.project import Visit
    from castalia.check.result import Result
    from castalia.core.contract import Claim, Milestone

SEEDS = 2**32


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("castalia", "checks of Castalia")
    group.addoption("--castalia", action="append", default=[], metavar="NAME",
                    help="Show the claims of this contract as tests; may be given again.")  # fmt: skip
    group.addoption("--castalia-all", action="store_true", help="The claims beyond the core too.")
    group.addoption("--castalia-seed", type=int, default=None, metavar="N", help="Make the inputs of a report again.")
    group.addoption("--castalia-python", default="", metavar="EXE", help="The interpreter that runs your code.")
    parser.addini("castalia", "Contracts whose claims are tests here.", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    asked = list(config.getoption("castalia") or [])
    names = list(dict.fromkeys([*asked, *config.getini("castalia")]))
    if names:
        config.pluginmanager.register(Claims(config, names, asked=bool(asked)), "castalia-claims")


class Claims:
    """What this plugin does where a contract was named."""

    def __init__(self, config: pytest.Config, names: list[str], asked: bool) -> None:
        self.config, self.all = config, bool(config.getoption("castalia_all"))
        self.visits: dict[Path, Visited] = {}
        self.kept: list[Checked] = []
        given = config.getoption("castalia_seed")
        if given is not None and not 0 <= given < SEEDS:
            raise pytest.UsageError(f"--castalia-seed {given} does not fit; expected 0 to {SEEDS - 1}")
        handed_down = getattr(config, "workerinput", {}).get("castalia_seed")
        self.seed = secrets.randbits(32) if given is None and handed_down is None else int(handed_down or given or 0)
        for name in names:
            visited = self._find(name)
            self.visits[visited.file] = visited
        self._add_paths(asked)

    def _find(self, name: str) -> Visited:
        """The contract and the learner's file, from where pytest was started or from its root."""
        from castalia.check import contracts
        from castalia.check.project import Visit, subject_file
        from castalia.core.errors import CastaliaError

        folders = [self.config.invocation_params.dir, self.config.rootpath]
        try:
            contract = contracts.find(name)
            for folder in folders[:-1]:
                with contextlib.suppress(CastaliaError):
                    folders[-1] = subject_file(contract, folder, name)
            path = subject_file(contract, folders[-1], name)
        except CastaliaError as error:
            raise pytest.UsageError(str(error)) from None
        python = self.config.getoption("castalia_python") or sys.executable
        return Visited(name, Visit(contract, path, python, self.seed))

    def _add_paths(self, asked: bool) -> None:
        """Where no path was typed: the option runs only the learner's files, the setting runs them beside the rest."""
        if self.config.args_source is pytest.Config.ArgsSource.ARGS:
            return
        folders = [] if asked else [Path(each).resolve() for each in self.config.args]
        missing = [str(path) for path in self.visits if not any(path.is_relative_to(each) for each in folders)]
        self.config.args[:] = missing if asked else [*self.config.args, *missing]

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """The learner's file holds claims, and is not imported here as a module of tests."""
        found = yield
        visited = self.visits.get(file_path.resolve())
        if visited is None:
            return found
        made: Subject = Subject.from_parent(parent, path=file_path)
        made.visited, made.all = visited, self.all
        return [*(each for each in found if type(each) is not pytest.Module), made]

    def pytest_report_header(self) -> str:
        return f"castalia: {', '.join(each.name for each in self.visits.values())} (seed {self.seed})"

    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """The last claim of a file ends its process."""
        if isinstance(item, ClaimItem) and (nextitem is None or nextitem.parent is not item.parent):
            item.visited.visit.leave()

    def pytest_sessionfinish(self) -> None:
        """One event a project and run; an xdist worker hands what it found to the session that started it."""
        for visited in self.visits.values():  # -x and Ctrl-C come here without a last claim
            visited.visit.leave()
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["castalia"] = {str(path): visited.packed() for path, visited in self.visits.items()}
            return
        from castalia.check import desk

        self.kept = [desk.keep(visited.checked()) for visited in self.visits.values() if visited.results]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from castalia.check import wording

        for found in self.kept:
            done, total = wording.counted(found.report, found.contract, self.all)
            terminalreporter.write_line(f"castalia: {done} of {total} claims about {found.report.project} hold")
            for words in found.warnings:
                terminalreporter.write_line(f"castalia: warning: {words}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist: the same seed in every worker."""
        node.workerinput["castalia_seed"] = self.seed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """xdist: what a worker found."""
        for path, packed in (getattr(node, "workeroutput", None) or {}).get("castalia", {}).items():
            self.visits[Path(path)].unpack(packed)


class Visited:
    """A contract at one file, and what was found there in this session."""

    def __init__(self, name: str, visit: Visit) -> None:
        self.name, self.visit, self.file = name, visit, _shown(visit)
        """``file`` is the one below which the claims are shown."""
        self.results: dict[str, Result] = {}
        self._unwritten: dict[str, bool] = {}

    def check(self, claim: Claim, milestone: Milestone) -> Result:
        self.results[claim.id] = result = self.visit.claim(claim, milestone)
        return result

    def is_unwritten(self, claim: Claim, milestone: Milestone) -> bool:
        """What the claim is about is missing in the file, or still the stub; read, not run."""
        from castalia.check.starting import lacking
        from castalia.check.stubs import untouched

        if claim.id not in self._unwritten:
            path, contract = self.visit.path, self.visit.contract
            missing = claim.at.partition(".")[0] in lacking(path, contract, milestone.id)  # of a repository none
            self._unwritten[claim.id] = missing or untouched(path, contract.stubs(milestone.id), claim.at)
        return self._unwritten[claim.id]

    def checked(self) -> Checked:
        """What was found so far as one check, its claims in the contract's order."""
        from castalia.check.desk import Checked

        contract = self.visit.contract
        order = [claim.id for milestone in contract.milestones for claim in milestone.claims]
        results = tuple(self.results[each] for each in order if each in self.results)
        seconds = sum(each.seconds for each in results)
        return Checked(self.visit.report(results, seconds=seconds), contract, self.name, self.visit.path)

    def packed(self) -> dict[str, Any]:
        """Plain values, for xdist."""
        return {"results": [asdict(each) for each in self.results.values()], "versions": self.visit.versions,
                "enforced": [list(each) for each in self.visit.enforced], "files": self.visit.files}  # fmt: skip

    def unpack(self, packed: dict[str, Any]) -> None:
        """Add what a worker packed."""
        from castalia.check.limits import Enforced
        from castalia.check.result import Result

        for values in packed["results"]:
            self.results[values["claim"]] = Result(**values)
        self.visit.versions = packed["versions"] or self.visit.versions
        self.visit.enforced = [Enforced(*each) for each in packed["enforced"]] or self.visit.enforced
        self.visit.files = sorted({*self.visit.files, *packed["files"]})


def _shown(visit: Visit) -> Path:
    """What is checked; of a repository the first file that it has of those it must have."""
    if visit.path.is_file():
        return visit.path
    asked = [visit.path / line.strip() for line in visit.contract.interface.splitlines() if line.strip()]
    for each in asked:
        if each.is_file():
            return each
    raise pytest.UsageError(f"{visit.path} has none of the files that its contract asks for: write {asked[0].name}")


class Subject(pytest.File):
    """The learner's file; its items are claims."""

    visited: Visited
    all: bool

    def collect(self) -> Iterator[ClaimItem]:
        for milestone in self.visited.visit.contract.milestones:
            for claim in milestone.claims:
                if self.all or claim.tier == "core":
                    item: ClaimItem = ClaimItem.from_parent(self, name=f"{milestone.id}.{claim.id}")
                    item.claim, item.milestone, item.visited = claim, milestone, self.visited
                    yield item


class ClaimItem(pytest.Item):
    """One claim."""

    claim: Claim
    milestone: Milestone
    visited: Visited

    def runtest(self) -> None:
        result = self.visited.check(self.claim, self.milestone)
        if result.output:
            self.add_report_section("call", "printed", result.output)
        if result.outcome == "not_attempted" and self.is_later():
            pytest.skip(f"not attempted: {result.why}")
        if not result.passed:
            raise DoesNotHold(result)

    def is_later(self) -> bool:
        """An earlier claim that was chosen is not attempted either; that one fails, and says what to write."""
        beside = [each for each in self.session.items if isinstance(each, ClaimItem) and each.parent is self.parent]
        earlier = beside[: beside.index(self)] if self in beside else []
        return any(self.visited.is_unwritten(each.claim, each.milestone) for each in earlier)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of the shell."""
        from castalia.check import wording
        from castalia.core.errors import CastaliaError

        if isinstance(excinfo.value, CastaliaError):
            return str(excinfo.value)
        if not isinstance(excinfo.value, DoesNotHold):
            return super().repr_failure(excinfo, style)
        result, found = excinfo.value.result, self.visited.checked()
        action = found.next_step if found.failed == result else result.action
        return f"{wording.failure(result).strip()}\n\nNext: {action}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the function under check begins."""
        from castalia.check.stubs import line_of

        line = line_of(self.visited.visit.path, self.claim.at).rpartition(":")[2]
        return self.path, int(line) - 1 if line.isdigit() else 0, f"{self.milestone.id} {self.claim.words}"


class DoesNotHold(Exception):
    """A claim that was checked and does not hold."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.why)
        self.result = result
