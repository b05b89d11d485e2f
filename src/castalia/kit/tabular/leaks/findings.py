"""What the linter says: findings with their evidence, and the report that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from castalia.kit.stats import Interval

Severity = Literal["leak", "suspect", "note"]
Evidence = Mapping[str, float | int | str | Interval]


@dataclass(frozen=True)
class Finding:
    """One thing that was found. ``leak``: an experiment or a count shows it. ``suspect``: it looks like one, and only
    you can know. ``note``: no leak, but worth knowing when reading the report."""

    check: str
    severity: Severity
    subject: str
    evidence: Evidence
    cause: str
    cure: str

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {_said(value)}" for name, value in self.evidence.items())
        lines = [f"{self.severity}: {self.subject} [{self.check}]"]
        parts = (("evidence", figures), ("cause", self.cause), ("cure", self.cure))
        return "\n".join(lines + [f"  {name + ':':<10}{text}" for name, text in parts if text])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; an interval is {"estimate", "low", "high", "level"}, what is not finite is text."""
        evidence = {name: _plain(value) for name, value in self.evidence.items()}
        return {**{name: getattr(self, name) for name in ("check", "severity", "subject", "cause", "cure")},
                "evidence": evidence}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What was found, what was asked, and what it cost."""

    linter: str
    findings: tuple[Finding, ...]
    checks: tuple[str, ...]
    """The checks that ran, in order: a report without findings says no more than these."""
    runs: int
    """How often your procedure or step was run."""

    @property
    def ok(self) -> bool:
        """No leak and nothing suspect; notes may be there."""
        return not any(each.severity != "note" for each in self.findings)

    def of(self, check: str) -> tuple[Finding, ...]:
        """The findings of one check."""
        return tuple(each for each in self.findings if each.check == check)

    def __str__(self) -> str:
        order = ("leak", "suspect", "note")
        found = sorted(self.findings, key=lambda each: order.index(each.severity))
        counts = [f"{sum(each.severity == name for each in found)} {name}" for name in order]
        head = f"{self.linter}: {', '.join(counts)}; {len(self.checks)} checks, {self.runs} runs"
        ran = f"asked: {', '.join(self.checks) or 'nothing'}"
        return "\n".join([head, *(str(each) for each in found), ran])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "linter": self.linter, "ok": self.ok, "runs": self.runs, "checks": list(self.checks),
            "findings": [each.as_dict() for each in self.findings],
        }  # fmt: skip


def _said(value: object) -> str:
    if isinstance(value, Interval):
        return f"{value.estimate:.4g} ({value.low:.4g} to {value.high:.4g})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(value: object) -> Any:
    if isinstance(value, Interval):
        return {name: _plain(each) for name, each in vars(value).items()}
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    return value
