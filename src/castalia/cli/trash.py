"""``castalia runs delete, restore, gc``: into the trash, out of it, and away for good."""

from __future__ import annotations

from typing import Any

from castalia.cli import terminal
from castalia.cli.finding import open_store, run_of
from castalia.core.errors import WrongInput

_DAY = 86_400.0


def delete(run: str, /, *more: str, json: bool = False) -> int:
    """Put runs into the trash, where they keep everything until castalia runs gc.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    more
        More of them.
    json
        Print {"deleted": [...]} instead.
    """
    with open_store() as store:
        wanted = [run_of(store, each, trash=True) for each in (run, *more)]
        gone = store.delete_runs(wanted)
    if json:
        terminal.out_json({"deleted": gone})
        return 0
    for each in dict.fromkeys(wanted):
        terminal.out(f"{each}: {'in the trash' if each in gone else 'in the trash already'}.")
    terminal.say(f"Take it back:  castalia runs restore {wanted[0]}")
    return 0


def restore(run: str, /, *more: str, json: bool = False) -> int:
    """Take runs out of the trash.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    more
        More of them.
    json
        Print {"restored": [...]} instead.
    """
    with open_store() as store:
        wanted = [run_of(store, each, trash=True) for each in (run, *more)]
        back = store.restore_runs(wanted)
    if json:
        terminal.out_json({"restored": back})
        return 0
    for each in dict.fromkeys(wanted):
        terminal.out(f"{each}: {'restored' if each in back else 'was not in the trash'}.")
    return 0


def gc(*runs: str, older_than: float = 30.0, dry_run: bool = False, json: bool = False) -> int:
    """Delete for good what lies in the trash, and files that belong to nothing any more.

    Parameters
    ----------
    runs
        Only these runs of the trash, however new; without them, all that lie there for --older-than days.
    older_than
        Days in the trash; 0 takes all of it.
    dry_run
        Only say what would go.
    json
        Print {"runs": [...], "files": [...], "bytes": n, "dry_run": false} instead.
    """
    if not 0 <= older_than <= 36_500:
        raise WrongInput("--older-than is no number of days", f"{older_than:g}", "0 to 36,500", field="older_than")
    with open_store() as store:
        if runs:
            named = list(dict.fromkeys(run_of(store, each, trash=True) for each in runs))
            there = {each["run_id"] for each in store.trashed()}
            if wrong := [each for each in named if each not in there]:
                raise WrongInput(f"run {wrong[0]} is not in the trash", "an active run", "a deleted one",
                                 f"castalia runs delete {wrong[0]}")  # fmt: skip
        else:
            named = [each["run_id"] for each in store.trashed(older_than * _DAY)]
        size = sum(each["size"] for run in named for each in store.artifacts(run))
        gone = named if dry_run else store.remove_runs(named)
        rest = store.unused() if dry_run else store.remove_unused()
    size += sum(each.size for each in rest)
    if json:
        files: list[dict[str, Any]] = [{"kind": each.kind, "name": each.name, "size": each.size} for each in rest]
        terminal.out_json({"runs": gone, "files": files, "bytes": size, "dry_run": dry_run})
        return 0
    for run in gone:
        terminal.out(f"run    {run}")
    for each in rest:
        terminal.out(f"{each.kind:<6} {terminal.printable(each.name)} ({terminal.size(each.size)})")
    done = "would go" if dry_run else "gone"
    terminal.say(f"{len(gone)} runs and {len(rest)} other things {done}, {terminal.size(size)} of files.")
    return 0
