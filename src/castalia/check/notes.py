"""What a long proof has done so far, as JSON lines: killed at any point, it goes on from there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any


class Notes:
    """A file of results by key, under a heading that says of what; nothing where there is no file. A context manager.

    Under another heading the file is begun anew. A line that was being written when the process died is left out.
    """

    def __init__(self, path: Path | None, heading: str) -> None:
        self.known: dict[str, Any] = {}
        self._path, self._heading = path, heading
        self._file: IO[str] | None = None

    def __enter__(self) -> Notes:
        if self._path is None:
            return self
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._path.read_text("utf-8", "replace").split("\n") if self._path.is_file() else []
        if lines[:1] != [self._heading]:
            draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
            draft.write_text(self._heading + "\n", "utf-8")
            draft.replace(self._path)
            lines = []
        for line in lines[1:]:
            try:
                key, value = json.loads(line)
            except ValueError:
                continue
            self.known[key] = value
        self._file = self._path.open("a", encoding="utf-8")
        if lines[-1:] not in ([], [""]):
            self._file.write("\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, key: str, value: Any) -> None:
        """Keep a result; with the operating system when this returns."""
        self.known[key] = value
        if self._file is not None:
            self._file.write(json.dumps([key, value], ensure_ascii=False) + "\n")
            self._file.flush()
