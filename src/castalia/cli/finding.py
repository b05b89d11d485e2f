"""Finding runs by what a person typed: an id, its first letters, a name; and verbs that were misspelt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from castalia.core.errors import NotFound, WrongInput, did_you_mean

if TYPE_CHECKING:
    from cyclopts import App

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
        near = [each for place in ((False, True) if trash else (False,))
                for each in store.runs(text=run, limit=50, trash=place).items]  # fmt: skip
        found = [str(each["run_id"]) for each in near if run and each["run_id"].startswith(run)]
        if len(found) == 1:
            return found[0]
        if found:
            raise WrongInput(
                f"several runs begin with {run!r}", ", ".join(found[:5]), "one", "Write more of it."
            ) from None
        named = [str(each["run_id"]) for each in near if each["name"] == run]
        cure = f"A run of this name has the id {named[0]}." if named else "castalia runs list"
        raise NotFound(
            f"no run {run[:64]!r}", run[:64] or "nothing", "the id of a run, or its first letters", cure
        ) from None


@contextmanager
def or_verb(app: App, word: str) -> Iterator[None]:
    """Where there is no ``word``, say which verb of the command it may have been: ``runs shwo``."""
    try:
        yield
    except NotFound as error:
        from castalia.cli.failure import verbs

        if near := did_you_mean(word, verbs(app)).strip():
            error.cure = f"{near} castalia {app.name[0]} --help lists the verbs."
            error.args = (str(error),)
        raise
