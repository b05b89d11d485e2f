"""A contract and what it is proven by: the reference with its files, wrong versions by name, equivalents."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from castalia.check import contracts
from castalia.check.equivalence import SEARCHED
from castalia.check.mutation import Mutation, mutations
from castalia.core.contract import Claim, Contract, Mutant, WrongContract
from castalia.core.settings import Settings

REFERENCE = "reference.py"
"""``Mutant.file`` of this name is the reference, whatever its file is called."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A contract and what it is proven by."""

    contract: Contract
    reference: Path
    """The file that the contract is proven on, and that goes through the same door as a learner's."""
    mutants: tuple[Mutant, ...]
    equivalent: Mapping[str, str]
    """Id of an automatic mutant -> why no caller can tell it from the reference, in one line, or ``searched``."""
    files: tuple[Path, ...] = ()
    """The files that mutants change, the reference first; the reference alone where left out."""
    address: str = ""
    """What is typed to prove it; the project where left out."""

    def __post_init__(self) -> None:
        if not self.files:
            object.__setattr__(self, "files", (self.reference,))
        if not self.address:
            object.__setattr__(self, "address", self.contract.project)

    @property
    def name(self) -> str:
        return self.contract.project

    @property
    def proof(self) -> Path:
        """Where its proof is kept, in the repository and in the wheel: beside the contract."""
        package = self.reference.name == "__init__.py"
        return (self.reference.parent if package else self.reference).with_name("proof.json")

    @functools.cached_property
    def texts(self) -> dict[str, str]:
        """The files by name (below the reference's folder), with their texts."""
        return {path.relative_to(self.reference.parent).as_posix(): path.read_text("utf-8") for path in self.files}

    @property
    def claims(self) -> list[Claim]:
        """What mutants are asked: every claim of the core and beyond it, in order; no speeds."""
        every = (claim for milestone in self.contract.milestones for claim in milestone.claims)
        return [claim for claim in every if claim.tier != "perf"]

    def milestone_of(self, claim: str) -> str:
        """The milestone that a claim belongs to."""
        return next(each.id for each in self.contract.milestones if any(one.id == claim for one in each.claims))

    def mutations(self) -> list[Mutation]:
        """Every automatic mutant of all Python files."""
        return [mutation for file, text in self.python.items() for mutation in mutations(text, file)]

    @property
    def python(self) -> dict[str, str]:
        """The texts of the files that are Python; of a repository there may be others."""
        return {file: text for file, text in self.texts.items() if file.endswith(".py")}

    def file_of(self, mutant: Mutant) -> str:
        """The file that a named mutant changes; WrongContract where it is none of the reference's."""
        file = self.reference.name if mutant.file == REFERENCE and REFERENCE not in self.texts else mutant.file
        if file not in self.texts:
            cure = "Correct file=, or add the file to FILES of mutants.py."
            raise WrongContract(f"the mutant {mutant.id}", f"file {mutant.file}", f"one of {list(self.texts)}", cure)
        return file

    def sources(self, file: str, text: str) -> dict[str, str]:
        """One changed file, as a runner is told it."""
        return {str(self.reference.parent / file): text}

    @property
    def reference_hash(self) -> str:
        """sha256 over names and texts (line ends as ``\\n``) of all files, in hexadecimal."""
        return _hash(part for pair in self.texts.items() for part in pair)

    @property
    def mutants_hash(self) -> str:
        """sha256 over the named mutants and the equivalents."""
        rows = [repr(tuple(sorted(vars(mutant).items()))) for mutant in self.mutants]
        return _hash([*rows, *(f"{id}={why}" for id, why in self.equivalent.items())])


def found(name: str, settings: Settings | None = None) -> Found:
    """The contract called ``name`` with what it is proven by; NotFound where it has no named mutants yet."""
    made = Found(
        contract=contracts.find(name, settings), mutants=contracts.mutants(name, settings),
        reference=contracts.reference(name, settings), equivalent=contracts.equivalent(name, settings),
        files=tuple(contracts.reference_files(name, settings)), address=name,
    )  # fmt: skip
    ids = [mutant.id for mutant in made.mutants]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise WrongContract(f"the mutants of {name}", f"twice: {', '.join(twice)}", "each id once", "Rename one.")
    if missing := [str(path) for path in made.files if not path.is_file()]:
        raise WrongContract(f"FILES of {name}", f"no file {missing[0]}", "files beside it", "Correct FILES.")
    if made.reference not in made.files:
        raise WrongContract(f"FILES of {name}", str(list(made.texts)), f"{made.reference.name} among them", "Add it.")
    for id, why in made.equivalent.items():
        if not why.strip() or "\n" in why:
            cure = f'Say why in one line, or write "{SEARCHED}".'
            raise WrongContract(f"the equivalent {id} of {name}", repr(why)[:80], "one line", cure)
    return made


def _hash(parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:  # type: ignore[attr-defined]
        data = str(part).encode()
        digest.update(f"{len(data)}\0".encode() + data)
    return digest.hexdigest()
