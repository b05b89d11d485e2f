"""The contract of an experiment tracker: recording, searching, exchange, the code's version, a server, faults."""

from __future__ import annotations

from castalia.core.contract import Contract, Milestone
from castalia.projects.track import interface, recording_asked

CONTRACT = Contract(
    project="track",
    interface=interface.INTERFACE,
    milestones=(Milestone("M1", "Runs that are kept", recording_asked.CLAIMS),),
)
