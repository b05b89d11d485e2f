"""Which file the page works on: a text of its own, or one that this learner has begun or checked in a folder.

Files come from ``castalia new --learn`` and from checks, never from a client: a client chooses one of them by its id.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.errors import NotFound, Unavailable

MOST = 5
"""Files of one contract that are remembered, the last used first."""
SHOWN_PARTS = 4
"""The last parts of a path, which is what a page is shown."""


@dataclass(frozen=True)
class Workplace:
    """One file of the learner's."""

    path: Path

    @property
    def id(self) -> str:
        """Names this file to a client."""
        return hashlib.sha256(str(self.path).encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @property
    def label(self) -> str:
        """``learn/yours/neural_net/neural_net.py``: the end of its path."""
        return "/".join(self.path.parts[-SHOWN_PARTS:]).lstrip("/")


def remember(home: Path, name: str, path: Path) -> None:
    """Keep that ``name`` is worked on in this file. What cannot be kept is only not offered: nothing is raised."""
    path = path.resolve()
    if path.suffix != ".py" or path.stem != name.rpartition("/")[2] or path.is_relative_to(home.resolve()):
        return
    kept = _read(home)
    files = [str(path), *(each for each in _files(kept, name) if each != str(path))][:MOST]
    if files != _files(kept, name):
        try:
            _write(home, {**kept, name: {**kept.get(name, {}), "files": files}})
        except Unavailable:
            return


def known(home: Path, name: str) -> list[Workplace]:
    """The files of ``name`` that are still there, the last used first."""
    return [Workplace(Path(each)) for each in _files(_read(home), name) if Path(each).is_file()]


def choose(home: Path, name: str, id: str) -> None:
    """Let the page work on the file of that id; "" for a text of its own. NotFound for an id that is none of them."""
    if id and id not in {each.id for each in known(home, name)}:
        cure = f"castalia check {name} in its folder makes it known here."
        raise NotFound("no such file of yours is known", id[:20], "the id of a known one", cure)
    kept = _read(home)
    _write(home, {**kept, name: {"files": _files(kept, name), "chosen": id}})


def chosen(home: Path, name: str) -> Workplace | None:
    """The file that the page works on; None for its own text, also when the file is gone."""
    id = _read(home).get(name, {}).get("chosen", "")
    return next((each for each in known(home, name) if each.id == id), None)


def _read(home: Path) -> dict[str, dict[str, Any]]:
    try:
        kept = json.loads((home / "places.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: each for name, each in kept.items() if isinstance(each, dict)} if isinstance(kept, dict) else {}


def _files(kept: dict[str, dict[str, Any]], name: str) -> list[str]:
    files = kept.get(name, {}).get("files", [])
    return [each for each in files if isinstance(each, str)] if isinstance(files, list) else []


def _write(home: Path, kept: dict[str, dict[str, Any]]) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with replacing(home / "places.json") as waiting:
            waiting.write_text(json.dumps(kept, indent=1), "utf-8")
    except (OSError, UnicodeEncodeError) as error:
        words = (error.strerror if isinstance(error, OSError) else "") or "a path that is not UTF-8"
        raise Unavailable("what the page works on cannot be kept", words, "a writable home") from None
