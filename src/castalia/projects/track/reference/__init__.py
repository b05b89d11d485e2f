"""A tracker in a few hundred lines: SQLite, the standard library, nothing else. Read store.py first."""

from .exchange import compare, export_csv, export_run, import_csv, import_run
from .search import best, search
from .server import main
from .store import Tracker
from .versions import git_state

__all__ = [
    "Tracker", "best", "compare", "export_csv", "export_run", "git_state", "import_csv", "import_run", "main", "search",
]  # fmt: skip
