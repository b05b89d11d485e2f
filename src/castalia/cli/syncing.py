"""``castalia runs sync``: what waits on this disk, sent to its workbench."""

from __future__ import annotations

from dataclasses import asdict

from castalia.cli import terminal


def sync(*, server: str | None = None, json: bool = False) -> int:
    """Send what runs left for a workbench that did not answer then. Exit code 1 while something is not there.

    Parameters
    ----------
    server
        Only what is for this workbench: http://host:8000.
    json
        Print [{"server", "points", "operations", "lost", "refused", "reason"}] instead.
    """
    from castalia.track import sync as send

    left = send(server=server)
    if json:
        terminal.out_json([asdict(each) for each in left])
    elif not left:
        terminal.say("Nothing waits to be sent.")
    else:
        for each in left:
            terminal.out(terminal.printable(f"{each.server}: everything is there." if not each else str(each)))
    return 1 if any(left) else 0
