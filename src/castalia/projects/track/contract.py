"""The contract of an experiment tracker: recording, searching, exchange, the code's version, a server, faults."""

from __future__ import annotations

from castalia.core.contract import Contract, Milestone
from castalia.projects.track import (
    exchange_asked,
    faults_asked,
    interface,
    recording_asked,
    search_asked,
    served_asked,
    versions_asked,
)

CONTRACT = Contract(
    project="track",
    interface=interface.INTERFACE,
    milestones=(
        Milestone("M1", "Runs that are kept", recording_asked.CLAIMS),
        Milestone("M2", "Which run was best", search_asked.CLAIMS),
        Milestone("M3", "Runs that leave and come back", exchange_asked.CLAIMS),
        Milestone("M4", "Which code it was", versions_asked.CLAIMS),
        Milestone("M5", "Over HTTP", served_asked.CLAIMS, adapter="port"),
        Milestone("M6", "Killed in the middle", faults_asked.CLAIMS),
    ),
)
