"""A file that comes in numbered parts, several at once: each is kept by its hash until all are there.

``staging/parts/<upload>/`` holds ``about.json`` and the parts as ``<number>-<sha256>``; ``done`` says that they were
put together, so that a client that lost the answer may ask again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from castalia.core.errors import Conflict, NotFound, WrongInput
from castalia.track.database import readable
from castalia.track.files.incoming import Incoming, pieces_of
from castalia.track.files.turns import turn

MAX_PARTS = 10_000
FOLDER = "parts"
_ID = re.compile("[0-9a-f]{32}")


class Parts:
    """The uploads in parts of one folder of this disk."""

    def __init__(self, staging: Path) -> None:
        self.root = staging / FOLDER

    def begin(self, path: str, number: int) -> str:
        """An upload of ``number`` parts for ``path``; its id, which nobody can guess."""
        if not 1 <= number <= MAX_PARTS:
            raise WrongInput("num_parts does not fit", str(number), f"1 to {MAX_PARTS:,}", field="num_parts")
        upload = secrets.token_hex(16)
        folder = self.root / upload
        try:
            folder.mkdir(parents=True)
            (folder / "about.json").write_text(json.dumps({"path": path, "parts": number}), "utf-8")
        except OSError as error:
            raise readable(error, folder) from error
        return upload

    def expected(self, upload: str, number: int) -> Path:
        """The folder of an upload that has such a part. NotFound, or WrongInput, where there is none."""
        folder, about = self._about(upload)
        if not 1 <= number <= int(str(about["parts"])):
            raise WrongInput("no such part", str(number)[:20], f"1 to {about['parts']}", field="part_number")
        return folder

    def add(self, upload: str, number: int, incoming: Incoming) -> str:
        """Keep a part; its sha256. The same number again replaces it once the new one is there.

        Of several that come at once the last is kept, and its hash is the one that ``together`` takes.
        """
        folder = self.expected(upload, number)
        target = folder / f"{number}-{incoming.sha256}"
        try:
            written = incoming.finish()
            with turn(f"{folder}/{number}"):  # two that come at once would each take the other's for the older one
                os.replace(written, target)
                for other in folder.glob(f"{number}-*"):
                    if other != target:
                        other.unlink(missing_ok=True)
        except FileNotFoundError:
            raise _gone(upload) from None
        except OSError as error:
            raise readable(error, target) from error
        return incoming.sha256

    def together(self, upload: str, path: str, parts: Mapping[int, str], into: Incoming) -> bool:
        """Write all parts into ``into``, in their order; False where that was done before.

        ``parts`` says the hash of each as its sender knows it, "" where it does not. Conflict where one is missing
        or another than was sent.
        """
        folder, about = self._about(upload)
        if about["path"] != path:
            raise _gone(upload)
        if (folder / "done").exists():
            return False
        wanted = range(1, int(str(about["parts"])) + 1)
        if sorted(parts) != list(wanted):
            got = f"{len(parts):,} parts"
            raise WrongInput("not every part is named", got, f"1 to {about['parts']}, each once", field="parts")
        there = {each.name.partition("-")[0]: each for each in folder.glob("*-*")}
        for number in wanted:
            part = there.get(str(number))
            if part is None or parts[number] not in ("", part.name.partition("-")[2]):
                raise Conflict(f"part {number} is not as it was sent", cure="Send it again.", field="parts")
            try:
                with part.open("rb") as file:
                    into.write_all(pieces_of(file))
            except FileNotFoundError:
                if (folder / "done").exists():
                    return False
                raise _gone(upload) from None
        return True

    def done(self, upload: str) -> None:
        """The file is in its place: forget the parts, keep the word."""
        folder, _ = self._about(upload)
        (folder / "done").touch()
        for part in folder.glob("*-*"):
            part.unlink(missing_ok=True)

    def abort(self, upload: str, path: str) -> None:
        """Forget all of it; fine where there is nothing."""
        with contextlib.suppress(NotFound):
            folder, about = self._about(upload)
            if about["path"] == path:
                shutil.rmtree(folder, ignore_errors=True)

    def _about(self, upload: str) -> tuple[Path, dict[str, object]]:
        if not _ID.fullmatch(upload):
            raise _gone(upload)
        try:
            return self.root / upload, json.loads((self.root / upload / "about.json").read_text("utf-8"))
        except (OSError, ValueError):
            raise _gone(upload) from None


def newest(folder: Path) -> float:
    """When anything in an upload's folder was last written, in seconds since 1970."""

    def times() -> Iterator[float]:
        yield folder.stat().st_mtime
        for each in folder.iterdir():
            with contextlib.suppress(OSError):
                yield each.stat().st_mtime

    return max(times())


def _gone(upload: str) -> NotFound:
    return NotFound(f"no upload {upload[:40]!r}", cure="Begin it again.")
