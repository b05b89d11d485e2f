"""How a process of the code under check ended, in words, and where in the code it was."""

from __future__ import annotations

import re
import signal
from pathlib import Path


def ended_by(code: int, cpu: float) -> tuple[str, str]:
    """(outcome, why) for an exit code, or for a signal's number below zero; ``cpu`` is the limit of CPU seconds."""
    if code >= 0:
        return "learner_error", f"it ended its own process with exit code {code}"
    if -code == getattr(signal, "SIGXCPU", 24):
        return "timeout", f"it used more than {cpu:g} s of CPU time"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return "learner_error", f"its process was ended by {name}"


def innermost(trace: str, root: Path) -> str:
    """``softmax.py:3``: the innermost line below ``root`` of the main thread in what faulthandler wrote, or ""."""
    start = max(trace.rfind("Timeout ("), trace.rfind("Fatal Python error"), 0)
    threads = re.split(r"^(?:Current thread|Thread) ", trace[start:], flags=re.MULTILINE)
    for lines in reversed(threads):
        for found in re.finditer(r'File "([^"]+)", line (\d+)', lines):
            path = Path(found[1])
            if path.is_relative_to(root) and "site-packages" not in found[1]:
                return f"{path.relative_to(root)}:{found[2]}"
    return ""
