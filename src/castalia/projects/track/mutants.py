"""Wrong versions of a tracker that people write, by the file that they change."""

from __future__ import annotations

from castalia.core.contract import Mutant

FILES = ("__init__.py", "store.py", "versions.py", "search.py", "exchange.py", "server.py")


def _wrong(file: str, id: str, misconception: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, misconception, file=f"{file}.py", old=old, new=new, topics=topics, lazy=lazy)


STORE = (
    _wrong("store", "never_committed", "That what is executed is kept.", 'self.db.execute("COMMIT")\n\n    # ---',
           "pass\n\n    # ---", "sq01"),
)  # fmt: skip
MUTANTS = STORE
