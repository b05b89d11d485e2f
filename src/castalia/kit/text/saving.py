"""What was learnt from texts, as JSON: written whole or not at all, and checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.errors import NotFound, TooLarge, WrongInput

VERSION = 1
MAX_BYTES = 512 * 2**20


def saved(path: str | Path, kind: str, content: Mapping[str, Any]) -> None:
    """Write a file of this kind beside its place, then move it there."""
    path = Path(path)
    made = json.dumps({"kind": f"castalia.kit.text.{kind}", "version": VERSION, **content}, separators=(",", ":"))
    with replacing(path) as waiting:
        waiting.write_text(made, "ascii")


def opened(path: str | Path, kind: str, fields: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """Read a file of this kind; each field is there and of its type."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TooLarge(
                f"{path} is too large", f"{path.stat().st_size:,} bytes", f"at most {MAX_BYTES:,}", "See what it is."
            )
        content: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(
            f"no {kind} at {path}", "nothing", f"a file that {kind}.save wrote", "Look at the path."
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WrongInput(f"{path} cannot be read", reason, "a file", "Name the file itself.") from None
    except (ValueError, RecursionError) as error:
        raise WrongInput(
            f"{path} is no {kind}", f"no JSON: {error}"[:120], "a file that save wrote", "Save it again."
        ) from None
    wanted = {"kind": f"castalia.kit.text.{kind}", "version": VERSION}
    found = (
        {name: content.get(name) for name in wanted} if isinstance(content, dict) else {"kind": type(content).__name__}
    )
    if found != wanted:
        raise WrongInput(f"{path} is no {kind}", str(found)[:80], str(wanted), "It may be the file of something else.")
    for name, type_ in fields.items():
        if not isinstance(content.get(name), type_) or (isinstance(content[name], bool) and type_ is not bool):
            raise WrongInput(
                f"{path} is damaged", f"{name} is {content.get(name)!r}"[:80], str(type_), "Save it again.", field=name
            )
    return content
