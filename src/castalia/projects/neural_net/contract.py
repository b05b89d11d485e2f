"""The contract of a neural network from scratch: forward, backward, losses, rules, steps, training, notes, a System."""

from __future__ import annotations

from castalia.core.contract import Contract, Milestone
from castalia.projects.neural_net import (
    backward_asked,
    fits_asked,
    forward_asked,
    interface,
    losses_asked,
    networks_asked,
    notes_asked,
    rules_asked,
    steps_asked,
)

CONTRACT = Contract(
    project="neural_net",
    interface=interface.until("M8"),
    milestones=(
        Milestone("M1", "Forward", (*forward_asked.CLAIMS, *networks_asked.CLAIMS)),
        Milestone("M2", "Backward, layer by layer", backward_asked.CLAIMS),
        Milestone("M3", "Losses, and the gradient of the whole", losses_asked.CLAIMS),
        Milestone("M4", "Update rules", rules_asked.CLAIMS),
        Milestone("M5", "Steps", steps_asked.CLAIMS),
        Milestone("M6", "Training", fits_asked.CLAIMS),
        Milestone("M7", "Notes", notes_asked.NOTES, adapter="repository"),
        notes_asked.SYSTEM,
    ),
)
