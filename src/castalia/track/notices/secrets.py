"""Secrets that sign webhooks: in one file of the home that its owner alone may read, never shown again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from castalia.core.atomic import replacing
from castalia.core.errors import Unavailable, WrongInput
from castalia.core.lock import FileLock

FILE = "webhooks.json"
SHORTEST, LONGEST = 16, 200


def known(home: Path) -> dict[int, str]:
    """{number of a rule: its secret}. Unavailable where the file cannot be read."""
    try:
        found = json.loads((home / FILE).read_text("utf-8"))
        return {int(number): str(secret) for number, secret in found["secrets"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        cure = f"Mend it, or delete it and give the secrets anew: {FILE} of CASTALIA_HOME."
        raise Unavailable("the secrets of webhooks cannot be read", type(error).__name__, "", cure) from None


def checked(secret: str) -> str:
    """WrongInput for a secret that is too short, or that a header or file could not hold."""
    if not SHORTEST <= len(secret) <= LONGEST or not secret.isascii() or not secret.isprintable():
        expected = f"{SHORTEST} to {LONGEST} printable ASCII characters"
        raise WrongInput("the secret does not fit", f"{len(secret)} characters", expected, field="secret")
    return secret


def keep(home: Path, number: int, secret: str) -> None:
    """Keep the secret of a rule; an empty one is forgotten."""
    with FileLock(home / f"{FILE}.lock", timeout=10):
        found = known(home)
        if found.get(number, "") == secret:
            return
        found.pop(number, None)
        if secret:
            found[number] = checked(secret)
        content = json.dumps({"format": 1, "secrets": found}, indent=1).encode()
        with replacing(home / FILE) as path:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as stream:
                stream.write(content)
