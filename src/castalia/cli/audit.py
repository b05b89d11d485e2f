"""``castalia audit``: who wrote what on the workbench."""

from __future__ import annotations

from collections import deque

from castalia.cli import terminal
from castalia.core.errors import WrongInput


def audit(*, last: int = 50, who: str = "", json: bool = False) -> int:
    """Show who wrote what on the workbench, the newest last.

    Parameters
    ----------
    last
        So many lines.
    who
        Only what this token did; loopback is whoever asked a workbench without tokens.
    json
        Print a list of objects instead: time, who, address, method, route, path, status, count.
    """
    from castalia.core.settings import Settings
    from castalia.web.audit import read

    if last < 1:
        raise WrongInput("castalia audit: --last does not fit", str(last), "1 or more", "castalia audit --last 50")
    lines = (line for line in read(Settings.read().home) if not who or line.get("who") == who)
    found = list(deque(lines, maxlen=last))
    if json:
        terminal.out_json(found)
        return 0
    if not found:
        terminal.say("Nothing was written through the workbench yet.")
        return 0
    terminal.out_table(("time", "who", "from", "what", "status", "times"), list(map(_row, found)), right=("times",))
    return 0


def _row(line: dict[str, object]) -> tuple[object, ...]:
    if "lost" in line:
        return (line.get("time", ""), "", "", "lines that the disk did not take", "", line["lost"])
    what = f"{line.get('method', '')} {line.get('path', '')}".strip() or "not let in"
    return (line.get("time", ""), line.get("who") or "a stranger", line.get("address", ""), what,
            line.get("status", ""), line.get("count", 1))  # fmt: skip
