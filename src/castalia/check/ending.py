"""How a call or a process of the code under check ended, in words, and where in the code it was."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from castalia.core.contract import Failed, NotAttempted, Raised

PLAIN = "numbers, text, lists, dicts or plain NumPy arrays"


class Died(Exception):
    """The subject's process is gone or had to go. ``outcome`` is one of learner_error, timeout, memory, tool_error."""

    def __init__(self, outcome: str, why: str, file_line: str = "", cure: str = "") -> None:
        self.outcome, self.why, self.file_line, self.cure = outcome, why, file_line, cure
        super().__init__(f"{outcome}: {why}" + (f" at {file_line}" if file_line else ""))


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


def raised(error: Any, name: str, file: str, python: str) -> Exception:
    """The exception of the subject as ours."""
    told = error if isinstance(error, dict) else {}
    outcome, kind, message, file_line = (str(told.get(key, "")) for key in ("outcome", "kind", "message", "file_line"))
    if outcome == "missing":
        return NotAttempted(f"{file} has no {message}")
    if outcome == "not_attempted":
        return NotAttempted(message)
    if outcome == "wrong":
        return Failed(message, kind or PLAIN, f"what {name} returned")
    if outcome in ("learner_error", "timeout", "tool_error"):
        return Died(outcome, message, file_line)
    if kind == "NotImplementedError" and file_line:
        return NotAttempted(f"{name or file} is still the stub ({file_line})")
    if kind == "MemoryError":
        return Died("memory", f"it asked for more memory than there is. {message}".strip(), file_line)
    if kind == "ModuleNotFoundError" and told.get("name") == "numpy" and not file_line:
        cure = f"Install it: {python} -m pip install numpy. Or name another interpreter with --python."
        return Died("tool_error", f"{python} has no NumPy", cure=cure)
    return Raised(kind, message, file_line)
