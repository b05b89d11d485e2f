"""A folder of TensorBoard logs as runs: each folder with event files is one run, its scalars are its metrics.

The id comes from the folder's name and its first event, so logs that grew are imported again and completed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from castalia.core.errors import NotFound, WrongInput
from castalia.track import Store
from castalia.track.exchange.events import Damage, scalars, span
from castalia.track.exchange.sheet import Sheet, put_run
from castalia.track.exchange.taken import Taken, each_run


def import_tensorboard(store: Store, folder: Path, experiment: str | None = None) -> list[Taken]:
    """Take in every run below ``folder``; one outcome each. NotFound where there is no event file."""
    folder = folder.resolve()
    runs: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*tfevents*")):
        if path.is_file() and not path.is_symlink():
            runs.setdefault(path.parent.relative_to(folder).as_posix(), []).append(path)
    if not runs:
        raise NotFound(f"no TensorBoard logs in {folder.name}", "no file with tfevents in its name",
                       "a folder that TensorBoard shows", "Name the folder of --logdir.")  # fmt: skip
    works: dict[str, Callable[[], Taken]] = {
        name: partial(_take, store, folder, name, paths, experiment or folder.name) for name, paths in runs.items()
    }
    return each_run(works)


def _take(store: Store, folder: Path, name: str, paths: list[Path], experiment: str) -> Taken:
    spans = [found for path in paths if (found := span(path)) is not None]
    if not spans:
        return Taken(name, note="Folders without a whole record were passed over.")
    began, ended = min(first for first, _ in spans), max(last for _, last in spans)
    if not abs(began) < 1e12 or not abs(ended) < 1e12:
        raise WrongInput(f"{name} has no time", f"{began!r} to {ended!r}", "seconds since 1970", "Copy the logs again.")
    called = folder.name if name == "." else name
    run_id = hashlib.sha256(f"tensorboard:{called}:{began!r}".encode()).hexdigest()[:32]
    sheet = Sheet.of_plain({"run_id": run_id, "experiment": experiment, "name": called, "status": "done",
                            "started": int(began * 1000), "ended": max(int(ended * 1000), int(began * 1000)),
                            "tags": {"castalia.source": "tensorboard"}})  # fmt: skip
    passed: Counter[str] = Counter()
    notes: list[str] = []
    points = put_run(store, sheet, _points(paths, passed, notes), lambda: None)
    if passed:
        notes.append(
            "Only scalars are taken: " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(passed.items())) + " left."
        )
    return Taken(run_id, points, note=" ".join(notes))


def _points(paths: list[Path], passed: Counter[str], notes: list[str]) -> Iterator[tuple[object, ...]]:
    for path in paths:
        try:
            for each in scalars(path, passed):
                yield each.tag, each.step, int(each.time * 1000), each.value
        except Damage as error:  # what was before it stands
            notes.append(f"The rest of a file was left out: {error}.")
