"""Sealing: whether the files of a version that Castalia trained are those that its manifest, and its digest, name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from castalia.core.errors import Conflict

MANIFEST = "manifest.json"


def check_seal(label: str, sums: Mapping[str, str], manifest: bytes, digest: str) -> None:
    """Conflict where files ({name: sha256}, the manifest too) are not those of the version with this ``digest``.

    One without a digest was never sealed; of it only that there are files is asked.
    """
    if not sums:
        raise _broken(label, "no file of it")
    if not digest:
        return
    if MANIFEST not in sums:
        raise _broken(label, f"no {MANIFEST}")
    if hashlib.sha256(manifest).hexdigest() != digest:
        raise _broken(label, f"another {MANIFEST}")
    try:
        told = {str(name): str(one["sha256"]) for name, one in json.loads(manifest)["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _broken(label, f"a {MANIFEST} that lists no files") from None
    here = {name: one for name, one in sums.items() if name != MANIFEST}
    if here != told:
        odd = sorted(name for name in {*here, *told} if here.get(name) != told.get(name))
        raise _broken(label, f"{odd[0][:200]} is missing, too many or changed")


def _broken(label: str, got: str) -> Conflict:
    return Conflict(f"{label} in the archive is not the version that was trained", got,
                    f"the files that {MANIFEST} lists", "Export the model again.")  # fmt: skip
