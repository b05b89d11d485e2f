"""The first rows of a kept Parquet file, for a page.

A file that somebody sent is read by a child that may do little: it has the bytes on its stdin, a bound on its memory
and on its time, and what ends it ends nothing else. This very file is what the child runs, with none of our packages.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import threading
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.track.artifacts import Artifacts
    from castalia.track.files.places import Place

MOST_BYTES = 64 << 20
"""Of a file that is looked into."""
ROWS, COLUMNS, TEXT = 100, 60, 200
"""Rows, columns and characters of a cell that are shown."""
MEMORY, SECONDS = 1 << 30, 10
"""Of the child: its address space, and its time."""
ANSWER = 8 << 20
"""Bytes: every shown cell full of signs of four bytes."""
AT_ONCE = 2
"""Files that are looked into at once: each holds its bytes here, and a child with its own memory and core."""
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS", "TZDIR")
"""What the child sees of our environment, which may hold keys of object stores."""
_places = threading.BoundedSemaphore(AT_ONCE)


def first_rows(store: Artifacts, place: Place) -> dict[str, Any]:
    """{"columns": [{"name", "type"}], "rows": [[...]], "total_rows", "total_columns"} of the Parquet file at ``place``.

    Texts are cut to 200 characters. TooLarge beyond 64 MiB, WrongInput for what is no Parquet file or takes the child
    over its bounds, Unavailable where pyarrow is not installed or two are being read already, and what opening raises.
    """
    from castalia.core.errors import Unavailable

    if importlib.util.find_spec("pyarrow") is None:
        cure = "pip install 'castalia[data]', or download the file."
        raise Unavailable("Parquet is read with pyarrow", "it is not installed", "", cure)
    if not _places.acquire(blocking=False):
        crowded = Unavailable("too many looks into files at once", "", f"at most {AT_ONCE}", "Try again in a second.")
        crowded.retry_after = 1
        raise crowded
    try:
        return _looked_into(store, place)
    finally:
        _places.release()


def _looked_into(store: Artifacts, place: Place) -> dict[str, Any]:
    from castalia.core.errors import TooLarge, WrongInput

    with store.opened(place) as file:
        if file.found.size > MOST_BYTES:
            expected, cure = f"at most {MOST_BYTES >> 20} MiB", "Download it instead."
            raise TooLarge("the file is too large to look into", f"{file.found.size:,} bytes", expected, cure)
        content = b"".join(file.pieces())
    name, cure = place.path.rpartition("/")[2][:80], "Download it and open it where it was written."
    line, seen = [sys.executable, "-I", __file__], {key: os.environ[key] for key in KEPT if key in os.environ}
    try:
        done = subprocess.run(line, input=content, capture_output=True, timeout=3 * SECONDS, check=False, env=seen)
    except subprocess.TimeoutExpired:
        raise WrongInput(f"{name} takes too long to open", "", f"{SECONDS} seconds", cure) from None
    try:
        found: dict[str, Any] = json.loads(done.stdout) if len(done.stdout) <= ANSWER else {}
    except ValueError:
        found = {}
    if done.returncode or "rows" not in found:
        got = str(found.get("wrong") or "reading it took more than it may")
        raise WrongInput(f"{name} cannot be read as Parquet", got[:TEXT], "a whole Parquet file", cure)
    return found


def _bounded() -> None:
    """The child's bounds, where the system has such."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _cell(value: Any) -> Any:
    """A value as JSON holds it: numbers as they are but for those beyond it, all else as text that is cut."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    text = value if isinstance(value, str) else value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= TEXT else f"{text[:TEXT]}…"


def _read(content: bytes) -> dict[str, Any]:
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    file = pyarrow.parquet.ParquetFile(io.BytesIO(content), pre_buffer=False)
    schema = file.schema_arrow
    names = schema.names[:COLUMNS]
    some = None if len(names) == len(schema.names) else names
    batch = next(chain(file.iter_batches(batch_size=ROWS, columns=some, use_threads=False), [None]))
    # Only what is shown becomes text: a cell may hold much.
    columns = (
        [] if batch is None else [[_cell(cell.as_py()) for cell in batch.column(i)[:ROWS]] for i in range(len(names))]
    )
    return {
        "columns": [{"name": schema.names[i][:TEXT], "type": str(schema.types[i])[:TEXT]} for i in range(len(names))],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "total_rows": file.metadata.num_rows,
        "total_columns": len(schema.names),
    }


def main() -> None:
    """What the child does: Parquet on stdin, JSON on stdout."""
    _bounded()
    try:
        found = _read(sys.stdin.buffer.read())
    except MemoryError:
        found = {"wrong": "it takes more memory to open than a look may"}
    except Exception as error:
        found = {"wrong": f"{type(error).__name__}: {str(error)[:TEXT]}"}
    sys.stdout.buffer.write(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
