"""The text that a learner writes on the page: one file a contract, ``CASTALIA_HOME/drafts/NAME.py``, or one of theirs.

It is an ordinary file: ``castalia check NAME --at ~/.castalia/drafts`` checks it, and any editor may change it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from castalia.check import workplace
from castalia.core.errors import CastaliaError, TooLarge, Unavailable, WrongInput

MAX_BYTES = 256 * 1024


@dataclass(frozen=True)
class Draft:
    """One text as it was read or saved."""

    text: str
    tag: str
    """Names this very text; who saves says which one they had read."""
    saved: int
    """Milliseconds since 1970."""
    replaced: str | None = None
    """What lay there, where it was not what the saver had read: the last one wins, and is told."""

    def as_dict(self) -> dict[str, str | int | None]:
        return {"text": self.text, "tag": self.tag, "saved": self.saved, "replaced": self.replaced}


def place(home: Path, name: str) -> Path:
    """The file of ``name``, which is a contract's name and never a client's text: the chosen one, else the page's."""
    shelf, _, project = name.rpartition("/")
    own = workplace.chosen(home, name)
    return own.path if own else home / "drafts" / shelf / f"{project}.py"


def read(home: Path, name: str) -> Draft | None:
    """The draft, None where there is none yet."""
    path = place(home, name)
    try:
        content = path.read_bytes()
        saved = path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(name, error.strerror or "") from None
    if len(content) > MAX_BYTES:
        raise _too_large(len(content))
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _unreadable(name, "not in UTF-8") from None
    return Draft(text, _tag(text), saved)


def save(home: Path, name: str, text: str, base: str | None = None) -> Draft:
    """Keep ``text``, on disk when this returns. ``base`` is the tag of the text it grew from, if there was one."""
    if "\0" in text:
        raise WrongInput("the draft holds a zero character", expected="Python source", field="text")
    text = text.replace("\r\n", "\n")
    content = text.encode("utf-8")
    if len(content) > MAX_BYTES:
        raise _too_large(len(content))
    path = place(home, name)
    before = None
    scrap = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        try:
            before = read(home, name)
        except CastaliaError:  # what cannot be read cannot be shown either: it is put beside, not lost
            os.replace(path, path.with_suffix(".py.aside"))
        if before and before.text == text:
            return before
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with scrap.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(OSError):
                shutil.copymode(path, scrap)  # of a file in a folder of theirs
            os.replace(scrap, path)
        finally:
            scrap.unlink(missing_ok=True)
        saved = path.stat().st_mtime_ns // 1_000_000
    except OSError as error:
        cure = "Free some space, or make the home folder writable; the text is still on the page."
        raise Unavailable(
            "the draft cannot be saved", (error.strerror or "").lower(), "a writable home", cure
        ) from None
    replaced = before.text if before and before.tag != base else None
    return Draft(text, _tag(text), saved, replaced)


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _too_large(size: int) -> TooLarge:
    cure = "Work on it in an editor of your own, and check it there: castalia check NAME --at FILE"
    return TooLarge("the draft is too large", f"{size:,} bytes", f"at most {MAX_BYTES:,} bytes", cure)


def _unreadable(name: str, why: str) -> Unavailable:
    return Unavailable(f"the draft of {name} cannot be read", why, "Python source in UTF-8", "Save it anew.")
