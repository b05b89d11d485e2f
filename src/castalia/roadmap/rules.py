"""When a completion item is complete: a small closed language, as data.

A rule is one count or several that must all hold. A count names what is counted, among which, and how many are wanted::

    rule = [{ count = "topics", of = ["py"], at_least = 8 }, { count = "projects", of = ["utilities"], at_least = 1 }]

It says *what* must be so, never that it is: who evaluates a rule looks at the evidence, and the item's tick is as weak
as the weakest evidence that was needed for it (checked, linked or self-reported).

| count | one of it is |
|---|---|
| ``topics`` | a topic that is known |
| ``milestones`` | a passed milestone |
| ``projects`` | a project of which every core milestone is passed |
| ``tracks`` | a track of which at least ``items`` of its five items have all their topics known |
| ``links`` | a link that the learner recorded, of one of the kinds in ``of`` |

``of`` may name skills (all their topics, milestones or projects), topics, projects, milestones (``churn/M1``), tracks,
or kinds of link; empty, it is every one there is. There is nothing else: no names, no operators, no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Counted = Literal["topics", "milestones", "projects", "tracks", "links"]
COUNTED: tuple[Counted, ...] = ("topics", "milestones", "projects", "tracks", "links")
LINKS = ("publication", "contribution", "deployment", "implementation")
"""Kinds of link that a learner may record: a post or paper, a merged change, something that runs, a rebuilt paper."""


@dataclass(frozen=True)
class Count:
    """At least ``at_least`` of ``of`` are there."""

    count: Counted
    at_least: int
    of: tuple[str, ...] = ()
    items: int = 0
    """Of a track, so many of its items; for no other count."""

    def fault(self) -> str:
        """What is wrong with it by itself, in words, or an empty string."""
        if self.count not in COUNTED:
            return f"count = {self.count!r} is none of {', '.join(COUNTED)}"
        if self.at_least < 1:
            return f"at_least = {self.at_least} would always hold"
        if (self.count == "tracks") != (1 <= self.items <= 5):
            return f"items = {self.items}: a track has one to five, and nothing else has any"
        if self.count == "links" and not (self.of and set(self.of) <= set(LINKS)):
            return f"of = {list(self.of)} are no kinds of link: {', '.join(LINKS)}"
        return ""


Rule = tuple[Count, ...]
"""Counts that must all hold; at least one."""
