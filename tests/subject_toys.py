"""Where the toy contracts of every kind of subject lie, and what asks them about wrong versions."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from castalia.check import Limits, Runner, check_claim
from castalia.check.project import runner_for
from castalia.check.subject import Died
from castalia.core.contract import Contract, Failed, Mutant, NotAttempted, Raised

TESTS = Path(__file__).parent
PLACES = {"slope": "toy_shelf", "notes": "toy_shelf", "wordcount": "toy_subjects", "counter": "toy_subjects",
          "tally": "toy_subjects"}  # fmt: skip


CARD = 'skill = "Python"\ntitle = "Toy"\nsummary = "A toy."\n'


def shelf(folder: Path, *names: str) -> Path:
    """Copies of the toy subjects as projects with contracts, on a shelf that is to be trusted."""
    for name in names:
        shutil.copytree(TESTS / PLACES[name] / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / name / "card.toml").write_text(CARD, "utf-8")
    return folder


@dataclass(frozen=True)
class Toy:
    """A contract, the folder of its reference, and the wrong versions of it."""

    contract: Contract
    folder: Path
    mutants: tuple[Mutant, ...]

    @property
    def reference(self) -> Path:
        return self.folder if self.contract.adapter == "repository" else self.folder / f"{self.contract.project}.py"


def toy(name: str) -> Toy:
    parts = [importlib.import_module(f"{PLACES[name]}.{name}.{file}") for file in ("contract", "mutants")]
    return Toy(parts[0].CONTRACT, TESTS / PLACES[name] / name, parts[1].MUTANTS)


def runners(found: Toy, limits: Limits | None = None) -> Iterator[tuple[str, Runner]]:
    for milestone in found.contract.milestones:
        yield milestone.id, runner_for(found.contract, milestone.id, found.reference, sys.executable, limits)


def rejections(found: Toy, mutants: tuple[Mutant, ...], limits: Limits | None = None) -> dict[str, dict[str, str]]:
    """Mutant -> {claim: outcome} of the claims that rejected it, up to the first, and one for each of its topics."""
    answer: dict[str, dict[str, str]] = {mutant.id: {} for mutant in mutants}
    with ExitStack() as stack:
        warm = [(milestone, stack.enter_context(runner)) for milestone, runner in runners(found, limits)]
        for mutant in mutants:
            path = found.folder / mutant.file
            sources = {str(path): mutant.apply(path.read_text("utf-8"))}
            for milestone, runner in warm:
                if not answer[mutant.id] or not set(mutant.topics) <= _topics(found.contract, answer[mutant.id]):
                    answer[mutant.id] |= _of_milestone(found, milestone, runner, sources, mutant)
    return answer


def _topics(contract: Contract, claims: dict[str, str]) -> set[str]:
    return {topic for claim in claims for topic in contract.claim(claim).topics}


def _of_milestone(
    found: Toy, milestone: str, runner: Runner, sources: dict[str, str], mutant: Mutant
) -> dict[str, str]:
    claims = found.contract.milestone(milestone).claims
    rejected: dict[str, str] = {}
    try:
        with runner.fork(sources) as subject:
            for claim in claims:
                outcome = check_claim(claim, subject, seed=0).outcome
                if outcome != "pass":
                    rejected[claim.id] = outcome
                    if set(mutant.topics) <= _topics(found.contract, rejected) or not subject.alive:
                        break
    except (Raised, NotAttempted, Failed, Died):  # it does not load
        return {claim.id: "learner_error" for claim in claims}
    return rejected
