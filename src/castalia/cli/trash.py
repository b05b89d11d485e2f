"""``castalia runs delete, restore, gc``: into the trash, out of it, and away for good."""

from __future__ import annotations

from typing import Any, Literal

from castalia.cli import terminal
from castalia.cli.finding import open_store, run_of
from castalia.core.errors import WrongInput

_DAY = 86_400.0
_WORDS = {"deleted": "in the trash", "restored": "restored"}


def delete(run: str, /, *more: str, alone: bool = False, json: bool = False) -> int:
    """Put runs into the trash, with the runs below them; they keep everything there until castalia runs gc.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    more
        More of them.
    alone
        Leave the runs below them where they are.
    json
        Print {"deleted": [...]} instead, those below among them.
    """
    return _move("deleted", (run, *more), alone, json)


def restore(run: str, /, *more: str, alone: bool = False, json: bool = False) -> int:
    """Take runs out of the trash, with those below them that went there along with them.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    more
        More of them.
    alone
        Leave the runs below them where they are.
    json
        Print {"restored": [...]} instead, those below among them.
    """
    return _move("restored", (run, *more), alone, json)


def _move(done: Literal["deleted", "restored"], runs: tuple[str, ...], alone: bool, json: bool) -> int:
    """Into the trash or out of it."""
    with open_store() as store:
        wanted = list(dict.fromkeys(run_of(store, each, trash=True) for each in runs))
        move = store.delete_runs if done == "deleted" else store.restore_runs
        moved = {each: move([each], children=not alone) for each in wanted}
    changed = [each for some in moved.values() for each in some]
    if json:
        terminal.out_json({done: changed})
        return 0
    for each, some in moved.items():
        below = len(set(some) - {each})
        along = f", with {terminal.many(below, 'run')} below it" if below else ""
        already = "in the trash already" if done == "deleted" else "was not in the trash"
        terminal.out(f"{each}: {_WORDS[done] if each in changed else already}{along}.")
    if done == "deleted":
        terminal.say(f"Take it back:  castalia runs restore {wanted[0]}")
    return 0


def gc(*runs: str, older_than: float = 30.0, alone: bool = False, dry_run: bool = False, json: bool = False) -> int:
    """Delete for good what lies in the trash, and files that belong to nothing any more.

    Parameters
    ----------
    runs
        Only these runs of the trash, however new, and what below them went there along with them; without them, all
        that lie there for --older-than days.
    older_than
        Days in the trash; 0 takes all of it.
    alone
        Of the named runs only these, not what is below them.
    dry_run
        Only say what would go.
    json
        Print {"runs": [...], "files": [...], "bytes": n, "dry_run": false} instead.
    """
    if not 0 <= older_than <= 36_500:
        raise WrongInput("--older-than is no number of days", f"{older_than:g}", "0 to 36,500",
                         "castalia runs gc --older-than 30", field="older_than")  # fmt: skip
    with open_store() as store:
        if runs:
            named = list(dict.fromkeys(run_of(store, each, trash=True) for each in runs))
            there = {each["run_id"] for each in store.trashed()}
            if wrong := [each for each in named if each not in there]:
                raise WrongInput(f"run {wrong[0]} is not in the trash", "an active run", "a deleted one",
                                 f"castalia runs delete {wrong[0]}")  # fmt: skip
            named = named if alone else store.gone_along(named)
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
    things = f"{terminal.many(len(gone), 'run')} and {terminal.many(len(rest), 'other thing')}"
    terminal.say(f"{things} {done}, {terminal.size(size)} of files.")
    return 0
