"""The contract of a utilities library: tables, columns, scores, training, packaging, tests of its own, figures."""

from __future__ import annotations

from castalia.core.contract import Contract, Milestone
from castalia.projects.utilities import (
    columns_asked,
    figures_asked,
    interface,
    scores_asked,
    tables_asked,
    training_asked,
)

PACKAGING: tuple[Milestone, ...] = ()
"""M5 and M6: the wheel, and the learner's own tests."""

LAST = f"M{5 + len(PACKAGING)}"

CONTRACT = Contract(
    project="utilities",
    interface=interface.until(LAST),
    milestones=(
        Milestone("M1", "Tables that come back as they were", tables_asked.CLAIMS),
        Milestone("M2", "Columns made ready without a leak", columns_asked.CLAIMS),
        Milestone("M3", "Scores", scores_asked.CLAIMS),
        Milestone("M4", "Training that can be stopped", training_asked.CLAIMS),
        *PACKAGING,
        Milestone(LAST, "Figures without a display", figures_asked.CLAIMS),
    ),
)
