"""Finding runs by what a person typed: an id or its first letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castalia.core.errors import NotFound, WrongInput

if TYPE_CHECKING:
    from castalia.track import Store


def open_store() -> Store:
    """The store that the settings name."""
    from castalia.core.settings import Settings
    from castalia.track import Store

    return Store.of(Settings.read())


def run_of(store: Store, run: str, *, trash: bool = False) -> str:
    """The id that begins with ``run``, looked for in the trash too if asked. WrongInput where several do."""
    try:
        store.run(run)
        return run
    except NotFound:
        found = [
            str(each["run_id"])
            for place in ((False, True) if trash else (False,))
            for each in store.runs(text=run, limit=50, trash=place).items
            if each["run_id"].startswith(run)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise WrongInput(
                f"several runs begin with {run!r}", ", ".join(found[:5]), "one", "Write more of it."
            ) from None
        raise
