"""The format of a contract: what a project's code has to do, as claims that can be executed.

Data only; ``castalia.check`` executes it. A contract opens with its interface, the names and
signatures that a learner's module exports, growing by milestone. A claim makes inputs from a seed and
a size, and either holds an oracle (the right answer to compare with) or a property that must hold. A
contract that is put together wrongly is refused where it is written, by name, with the cure.

>>> double = Claim(
...     id="doubles", words="double(x) is twice x.", topics={"py01": 1.0}, function="double",
...     make=lambda random, size: (random.normal(size=size),), oracle=lambda x: 2 * x, rtol=1e-12,
...     hints=("What is twice a number?", "Multiply.", "Every element is multiplied by two."),
... )
>>> contract = Contract(
...     project="doubling", interface="def double(x): ...", milestones=(Milestone("M1", "Double", (double,)),)
... )
>>> contract.claim("doubles").at
'double'
"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol

import numpy as np

from castalia.core.errors import NotFound, WrongSystem, did_you_mean
from castalia.core.expect import Failed, NotAttempted, Raised, equal, refuses, true

__all__ = [
    "Claim",
    "Contract",
    "Failed",
    "Handle",
    "Milestone",
    "Mutant",
    "NotAttempted",
    "Raised",
    "Subject",
    "WrongContract",
    "equal",
    "refuses",
    "true",
]

FORMAT = 3
"""Counts into every contract's hash: raise it when what a claim means changes."""
NEEDS = frozenset({"children", "loopback", "files"})
FORMS = ("float32", "int", "list")
ADAPTERS: Mapping[str, frozenset[str]] = {
    "module": frozenset(),
    "command": frozenset({"children"}),
    "port": frozenset({"children", "loopback"}),
    "repository": frozenset(),
    "system": frozenset(),
}
"""What a milestone may speak to (check/adapters), and what each of its claims then needs at least."""
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_ID = re.compile(r"[a-z][a-z0-9_]{1,59}")
_MARK = re.compile(r"^# --- (M[1-9][0-9]?) ---[^\n]*$", re.MULTILINE)


class WrongContract(WrongSystem):
    """A contract that cannot be checked as it is written."""


class Handle(Protocol):
    """An object that lives with the learner's code; only numbers, arrays and texts travel."""

    def call(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method."""

    def get(self, name: str) -> Any:
        """Read an attribute."""

    def free(self) -> None:
        """Let go of it."""


class Subject(Protocol):
    """The code under check, as a property sees it."""

    @property
    def learner_seconds(self) -> float:
        """Seconds spent in that code so far, without the way there and back: for a claim about speed."""

    def call(self, function: str, *arguments: Any, **named: Any) -> Any:
        """Call a function of the module. Raises Raised, NotAttempted or Failed."""

    def new(self, name: str, *arguments: Any, **named: Any) -> Handle:
        """Make an object of a class of the module."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing that must be so."""

    id: str
    words: str
    """The claim as a sentence, shown when it fails."""
    topics: Mapping[str, float]
    """Topics of the roadmap that it proves, with weights."""
    make: Callable[[np.random.Generator, int], tuple[Any, ...]]
    """Inputs from a generator and a size; a smaller size is a smaller input."""
    hints: tuple[str, str, str]
    """Three rungs: a question, a direction, the place. Never the solution."""
    oracle: Callable[..., Any] | None = None
    function: str = ""
    """What the oracle answers for."""
    holds: Callable[..., None] | None = None
    """A property: ``holds(subject, *inputs)`` raises through ``true`` and ``equal``."""
    rtol: float = 1e-9
    edges: tuple[Callable[[], tuple[Any, ...]], ...] = ()
    """Inputs that are always tried first."""
    at: str = ""
    """The name whose file and line are shown; the function where left out."""
    tier: Literal["core", "stretch", "perf"] = "core"
    budget: float = 5.0
    """Seconds for all its cases."""
    cases: int = 20
    sizes: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
    needs: frozenset[str] = frozenset()
    forms: tuple[str, ...] = ()
    """Forms in which the interface takes arrays besides float64, of "float32", "int" and "list"; of an oracle."""
    rows: tuple[int, ...] = ()
    """Positions of inputs that are rows of one batch: rows in another order have their answers in that order."""
    unordered: tuple[int, ...] = ()
    """Positions of inputs whose rows may come in any order, the same for all: the answer stays."""

    in_place: bool = False
    """Its functions may change what they are given, or what they answered before: an optimizer's step, a function that
    answers with its state. Without it either is a failure."""

    def __post_init__(self) -> None:
        if not self.at:
            object.__setattr__(self, "at", self.function)
        name = f"claim {self.id!r}"
        if not _ID.fullmatch(self.id):
            _refuse(name, self.id, "small letters, digits and _", "Rename it; the id never changes afterwards.")
        if len(self.words.split()) < 3:
            _refuse(name, f"words: {self.words!r}", "a sentence", "Say what must be so.")
        if (self.oracle is None) == (self.holds is None):
            both = "both" if self.oracle else "neither"
            _refuse(name, f"{both} oracle and property", "an oracle or a property", "Give oracle= or holds=.")
        if self.oracle is not None and not self.function:
            _refuse(name, "an oracle without a function", 'function="softmax"', "Name what it answers for.")
        if not self.at:
            _refuse(name, "no place", 'at="softmax"', "Name the function whose line is shown when it fails.")
        if not self.topics or any(not 0 < weight <= 1 for weight in self.topics.values()):
            _refuse(name, f"topics {dict(self.topics)}", "topics with weights from 0 to 1", "See the roadmap's ids.")
        if len(self.hints) != 3 or not all(hint.strip() for hint in self.hints):
            _refuse(name, f"{len(self.hints)} hints", "three rungs", "Write a question, a direction, the place.")
        if not 0 < self.rtol < 1 or self.budget <= 0 or self.cases < 1:
            _refuse(name, "rtol, budget or cases out of bounds", "0 < rtol < 1, budget > 0, cases > 0", "Correct it.")
        if not self.sizes or list(self.sizes) != sorted(set(self.sizes)) or self.sizes[0] < 1:
            _refuse(name, f"sizes {self.sizes}", "growing sizes from 1", "Write them in order.")
        if self.needs - NEEDS:
            _refuse(name, f"needs {sorted(self.needs - NEEDS)}", f"of {sorted(NEEDS)}", "Leave out the others.")
        if set(self.forms) - set(FORMS):
            _refuse(name, f"forms {self.forms}", f"of {FORMS}", "Leave out the others.")
        if (self.forms or self.rows or self.unordered) and self.oracle is None:
            _refuse(name, "forms or rows without an oracle", "an oracle", "A property says itself what it asks.")


@dataclass(frozen=True)
class Milestone:
    """Claims that are built together, in the order to build them."""

    id: str
    title: str
    claims: tuple[Claim, ...]
    adapter: str = ""
    """What its claims speak to, where that is not the contract's: "system" for the last milestone, say."""
    handed: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Files that a learner is handed for it besides stubs, by name; ``castalia new NAME --learn`` writes them."""


@dataclass(frozen=True)
class Mutant:
    """A named wrong version that the contract must reject: the misconception, and where the text changes."""

    id: str
    misconception: str
    old: str
    """Text that stands exactly once in the file."""
    new: str
    topics: tuple[str, ...] = ()
    """The topics whose topic mutant it is: who does not know the topic writes this."""
    lazy: bool = False
    """True for an answer that does not try: zeros, the input, a constant, NaN."""
    file: str = "reference.py"
    """The file that it changes, by its name in FILES of mutants.py; ``reference.py`` is the reference whatever its
    file is called."""

    def apply(self, source: str) -> str:
        """The wrong version of ``source``. WrongContract where ``old`` does not stand in it exactly once."""
        if source.count(self.old) != 1:
            found = f"{source.count(self.old)} times"
            _refuse(f"mutant {self.id!r}", found, f"{self.old!r} exactly once", f"Look at {self.file}.")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Contract:
    """A project's claims, milestone by milestone."""

    project: str
    interface: str
    """Python source of typed stubs, growing by milestone at lines such as ``# --- M2 ---``; of a repository the names
    of the files that it must have, one a line."""
    milestones: tuple[Milestone, ...]
    source: str = field(default="", repr=False)
    """The contract's own text, and that of the files it imports beside it; its hash goes with every result.
    ``castalia.check.contracts.find`` fills it in."""
    adapter: Literal["module", "command", "port", "repository", "system"] = "module"
    """What a claim speaks to, unless its milestone says otherwise; docs/check.md has what each can be asked."""
    memory: int = 2048
    """MiB that the code may hold, all its processes together: at least four times what the reference holds."""
    files: tuple[Path, ...] = field(default=(), repr=False, compare=False)
    """The contract's files and the reference's, which must not change while a check runs; filled in like source."""

    def __post_init__(self) -> None:
        name = f"the contract of {self.project}"
        claims = [claim for milestone in self.milestones for claim in milestone.claims]
        ids = [claim.id for claim in claims]
        if not ids or len(set(ids)) != len(ids):
            _refuse(name, f"claims {ids}", "at least one claim, each id once", "Rename one of the two.")
        if [milestone.id for milestone in self.milestones] != [f"M{i + 1}" for i in range(len(self.milestones))]:
            _refuse(name, "milestones out of order", "M1, M2, ...", "Number them in the order to build them.")
        try:
            known = _listed(self.interface) if self.adapter == "repository" else _defined(self.interface)
        except SyntaxError as error:
            _refuse(name, f"an interface that is not Python: {error.msg}", "typed stubs", "Correct the stubs.")
        if self.memory < 256:
            _refuse(name, f"memory {self.memory}", "at least 256 MiB", "NumPy alone needs some 30.")
        for milestone in self.milestones:
            adapter = self.adapter_of(milestone.id)
            _check_adapter(name, milestone, adapter)
            if adapter == "repository" and self.adapter != adapter:
                continue  # its claims are about files, and the interface lists functions
            for claim in milestone.claims:
                about = claim.at if adapter == "repository" else claim.at.split(".")[0]
                if about not in known:
                    cure = "Add its stub, or correct the name." + did_you_mean(claim.at, known)
                    _refuse(name, f"claim {claim.id} is about {claim.at!r}", f"one of {sorted(known)}", cure)

    def claim(self, id: str) -> Claim:
        """The claim called ``id``; NotFound with a near miss."""
        claims = {claim.id: claim for milestone in self.milestones for claim in milestone.claims}
        if id not in claims:
            raise NotFound(f"{self.project} has no claim {id!r}", cure=did_you_mean(id, claims).strip())
        return claims[id]

    def milestone(self, id: str) -> Milestone:
        """The milestone called ``id``; NotFound names those there are."""
        for milestone in self.milestones:
            if milestone.id == id:
                return milestone
        known = ", ".join(milestone.id for milestone in self.milestones)
        raise NotFound(f"{self.project} has no milestone {id!r}", expected=f"one of {known}")

    def adapter_of(self, milestone: str) -> str:
        """What the claims of a milestone speak to."""
        return self.milestone(milestone).adapter or self.adapter

    @functools.cached_property
    def arrays(self) -> frozenset[str]:
        """Functions, and methods as "Class.method", whose answer is one NumPy array by the interface's annotation."""
        if self.adapter == "repository":
            return frozenset()
        found: set[str] = set()
        for node in ast.parse(self.interface).body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            found |= {prefix + each.name for each in inner if isinstance(each, _FUNCTION) and _is_array(each.returns)}
        return frozenset(found)

    def stubs(self, milestone: str | None = None) -> str:
        """The interface up to and with a milestone; all of it where None."""
        if milestone is None:
            return self.interface
        wanted = [each.id for each in self.milestones].index(self.milestone(milestone).id)
        parts = _MARK.split(self.interface)
        kept = [parts[0]]
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if int(name[1:]) - 1 <= wanted:
                kept.append(text)
        return "".join(kept)

    def hash(self) -> str:
        """sha256 over the contract's text and the format, in hexadecimal."""
        return hashlib.sha256(f"{FORMAT}\0{self.source or self.interface}".encode()).hexdigest()


def _check_adapter(name: str, milestone: Milestone, adapter: str) -> None:
    """An adapter that there is, and claims that say what it cannot do without."""
    if adapter not in ADAPTERS:
        cure = "Correct the name." + did_you_mean(adapter, ADAPTERS)
        _refuse(name, f"{milestone.id} with the adapter {adapter!r}", f"one of {sorted(ADAPTERS)}", cure)
    for claim in milestone.claims:
        if missing := sorted(ADAPTERS[adapter] - claim.needs):
            got = f"claim {claim.id} speaks to a {adapter} and does not need {', '.join(missing)}"
            _refuse(name, got, f"needs=frozenset({sorted(ADAPTERS[adapter])})", "Write what it needs.")


def _listed(interface: str) -> set[str]:
    return {line.strip() for line in interface.splitlines() if line.strip() and not line.startswith("#")}


def _is_array(annotation: ast.expr | None) -> bool:
    """np.ndarray, NDArray, and either with what is in it."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    name = annotation.attr if isinstance(annotation, ast.Attribute) else getattr(annotation, "id", "")
    return name in ("ndarray", "NDArray")


def _defined(source: str) -> set[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(source).body if isinstance(node, kinds)}


def _refuse(what: str, got: str, expected: str, cure: str) -> NoReturn:
    raise WrongContract(f"{what} cannot be checked", got, expected, cure)
