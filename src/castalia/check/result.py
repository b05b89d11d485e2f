"""What a check found: one Result a claim, one Report a project. Plain values; JSON by ``as_dict``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from castalia.check.topics import title

OUTCOMES = ("pass", "fail", "not_attempted", "learner_error", "timeout", "memory", "tool_error")
"""``fail`` is a wrong answer; ``learner_error`` is code that raised or ended its process; ``tool_error`` is ours."""


SHOWN = 500
"""Characters of an input, or of what the code printed, that are kept."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One claim, checked. ``got`` and ``expected`` are numbers where there are numbers, else short texts."""

    claim: str
    milestone: str = ""
    outcome: str
    seed: int
    words: str = ""
    """The claim, as the contract says it."""
    why: str = ""
    """What was wrong, in words; empty after a pass."""
    got: Any = None
    expected: Any = None
    topic: str = ""
    """The roadmap's topic with the largest weight in the claim."""
    input: str = ""
    """The smallest input found that fails, as a learner would type it, shortened."""
    call: str = ""
    """The call that fails, with the objects it needs, as Python to paste; "" where it cannot be typed."""
    size: int = 0
    """The size that input was made with; 0 for an edge input."""
    case: int = -1
    """Which case failed first: edges count first, from 0; -1 after a pass."""
    file_line: str = ""
    """``softmax.py:12``: where it raised or stood still, else where the function under check begins."""
    action: str = ""
    """The one next thing to do."""
    seconds: float = 0.0
    """Wall time of the check of this claim."""
    learner_seconds: float = 0.0
    """Of these, spent in the learner's code (as the runner measures it)."""
    output: str = ""
    """The beginning of what the code printed, at most 500 characters."""
    loaded: bool = True
    """False where the file could not even be imported: then nothing is said about the claim."""

    @property
    def passed(self) -> bool:
        return self.outcome == "pass"

    @property
    def topic_title(self) -> str:
        """What the topic is called: "numerical methods"."""
        return title(self.topic)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``: id, milestone, outcome, seed, got, expected, topic, and the rest."""
        rest = {name: getattr(self, name) for name in (
            "words", "why", "input", "call", "size", "case", "file_line", "action", "seconds", "learner_seconds",
            "output", "loaded",
        )}  # fmt: skip
        first = {"id": self.claim, "milestone": self.milestone, "outcome": self.outcome, "seed": self.seed,
                 "got": self.got, "expected": self.expected, "topic": self.topic,
                 "topic_title": self.topic_title}  # fmt: skip
        return {name: _json(value) for name, value in {**first, **rest}.items()}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A project, checked: the claims in order up to the first that did not pass, or all of them."""

    project: str
    outcome: str
    """``pass`` when every core claim that was asked for passed, else the outcome of the first that did not."""
    claims: tuple[Result, ...]
    seed: int
    contract_hash: str
    code_hash: str
    """sha256 over the learner's Python files (names and content)."""
    python: str = ""
    """The interpreter that ran the code, and its NumPy: "3.12.1, NumPy 2.2.0"."""
    milestone: str | None = None
    """The one milestone that was asked for, if one was."""
    left_out: tuple[str, ...] = ()
    """Milestones that are asked of a folder and were reached with a single text."""
    enforced: tuple[dict[str, Any], ...] = field(default=())
    """Every limit by name, whether it held during this check, and why not."""
    memory: int = 0
    """The most bytes that all its processes held together, looked at 50 times a second; 0 where nobody can tell."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome == "pass"

    @property
    def first_failure(self) -> Result | None:
        """The claim to show: the first that did not pass."""
        return next((claim for claim in self.claims if not claim.passed), None)

    @property
    def exit_code(self) -> int:
        """0 pass; 1 fail, not attempted, learner error, timeout, memory; 3 tool error."""
        return {"pass": 0, "tool_error": 3}.get(self.outcome, 1)

    def as_dict(self) -> dict[str, Any]:
        names = ("project", "outcome", "seed", "contract_hash", "code_hash", "python", "milestone", "memory",
                 "seconds")  # fmt: skip
        told = {name: _json(getattr(self, name)) for name in names}
        return {**told, "claims": [claim.as_dict() for claim in self.claims], "left_out": list(self.left_out),
                "enforced": _json(self.enforced)}  # fmt: skip


def whole(text: str) -> str:
    """The text with half characters (of file names that are not UTF-8) written out, since JSON and UTF-8 have none."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _json(value: Any) -> Any:
    """JSON has no NaN, no infinities and no half characters: these stand as text."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return repr(value)
    if isinstance(value, complex):
        return repr(value)
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {whole(str(key)): _json(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    return whole(str(value)[:200])
