"""How a call or a process of the code under check ended, in words, and where in the code it was."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

from castalia.core.contract import Failed, NotAttempted, Raised

MOST_FILES = 10_000
"""Files of the learner's own, at most, that are listed."""
MOST_WORDS = 2000
"""Characters of an exception that are kept."""
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


def exit_code(status: Any) -> int:
    """The exit code in a wait status that the runner told, a signal's number below zero; 0 for what is none."""
    try:
        return os.waitstatus_to_exitcode(status)
    except (TypeError, ValueError, OverflowError):
        return 0


def files_in(answer: Any) -> list[str]:
    """The names of files in a runner's answer; ``ValueError`` where it is no list of them."""
    if not isinstance(answer, list) or len(answer) > MOST_FILES:
        raise ValueError("no list of files")
    for name in answer:
        if not isinstance(name, str) or "\0" in name or len(os.fsencode(name)) > 4096:
            raise ValueError("no name of a file")
    return answer


def versions_in(answer: Any) -> tuple[dict[str, str], list[str]]:
    """The versions and the files in the answer to a load; ``ValueError`` where they are not in it."""
    told = answer if isinstance(answer, dict) else {}
    versions = {name: told.get(name) for name in ("python", "numpy")}
    if not all(isinstance(version, str) and len(version) <= 100 for version in versions.values()):
        raise ValueError("no versions")
    return {name: str(version) for name, version in versions.items()}, files_in(told.get("files"))


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
    keys = ("outcome", "kind", "message", "file_line", "name")
    outcome, kind, message, file_line, missing = (str(told.get(key, ""))[:MOST_WORDS] for key in keys)
    if outcome == "missing":
        return NotAttempted(f"{file} has no {message}")
    if outcome == "not_attempted":
        return NotAttempted(message, file_line)
    if outcome == "wrong":
        return Failed(message, kind or PLAIN, f"what {name} returned")
    if outcome in ("learner_error", "timeout", "tool_error"):
        return Died(outcome, message, file_line)
    if kind == "NotImplementedError" and file_line:
        return NotAttempted(f"{name or file} is still the stub ({file_line})", file_line)
    if kind == "MemoryError":
        return Died("memory", f"it asked for more memory than there is. {message}".strip(), file_line)
    if kind == "ModuleNotFoundError" and missing == "numpy" and not file_line:
        cure = f"Install it: {python} -m pip install numpy. Or name another interpreter with --python."
        return Died("tool_error", f"{python} has no NumPy", cure=cure)
    return Raised(kind, message, file_line)
