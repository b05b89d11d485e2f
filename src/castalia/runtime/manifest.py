"""manifest.json: what an immutable version of a model is, and the proof that its files are the ones written.

A version's folder holds what ``save`` wrote and this file. Every file is hashed when the version is
made and checked before a byte of the model is parsed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from castalia.core.errors import CastaliaError, Refused
from castalia.core.record import Record, shown
from castalia.core.rows import Column

NAME = "manifest.json"
_LIBRARIES = {
    "numpy": "numpy",
    "sklearn": "scikit-learn",
    "lightgbm": "lightgbm",
    "torch": "torch",
    "transformers": "transformers",
    "cv2": "opencv-python-headless",
    "onnxruntime": "onnxruntime",
    "pydantic": "pydantic",
}


class StoredFile(Record):
    """One file of a version."""

    sha256: str = Field(description="Digest of its content.")
    bytes: int = Field(ge=0, description="Its length.")


class Manifest(Record):
    """Everything that is known about one version of a model."""

    format: int = Field(1, description="Format of this file.")
    model_format: int = Field(1, description="Format of what save wrote: the system's FORMAT.")
    project: str = Field(description="The system's address.")
    model: str = Field(description="The model's name.")
    run_id: str = Field(description="The run that made it.")
    created: str = Field(description="ISO time, UTC.")
    code: str = Field(description="sha256 over the project's Python files.")
    libraries: dict[str, str] = Field({}, description="Versions of what was imported while it learnt.")
    params: dict[str, Any] = Field(description="The parameters it was fitted with.")
    placement: dict[str, Any] = Field({}, description="Where it was fitted.")
    columns: tuple[Column, ...] | None = Field(None, description="The columns of its input, where fit learnt them.")
    fields: dict[str, Any] = Field({}, description="JSON schemas of params, input and output.")
    example: dict[str, Any] = Field({}, description="One valid input.")
    data: tuple[dict[str, Any], ...] = Field((), description="Data sets: name, version, digest, licence flags.")
    metrics: dict[str, float] = Field({}, description="The held-out metrics that fit returned.")
    files: dict[str, StoredFile] = Field({}, description="What save wrote, by relative path.")


def code_hash(folder: Path) -> str:
    """sha256 over the project's Python files, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("**/*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def libraries() -> dict[str, str]:
    """Versions of the libraries this process has imported, Python and castalia first."""
    from castalia import __version__

    found = {"python": ".".join(map(str, sys.version_info[:3])), "castalia": __version__}
    for module, distribution in _LIBRARIES.items():
        if module in sys.modules:
            try:
                found[distribution] = metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
    return found


def hash_files(folder: Path) -> dict[str, StoredFile]:
    """Digest and length of every file below ``folder`` but the manifest itself."""
    return {
        path.relative_to(folder).as_posix(): StoredFile(sha256=_sha256(path), bytes=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / NAME
    }


def write(manifest: Manifest, folder: Path) -> str:
    """Write the manifest and force everything to disk; returns the manifest's own digest."""
    text = json.dumps(manifest.plain(), indent=1)
    (folder / NAME).write_text(text, "utf-8")
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    return hashlib.sha256(text.encode()).hexdigest()


def read(folder: Path, label: str, digest: str = "") -> Manifest:
    """Read a version's manifest; Refused where it is missing, not the one written, or not of our format."""
    cure = f"The version was altered or half deleted. Fit again, or take another version than {label}."
    try:
        content = (folder / NAME).read_bytes()
        manifest = Manifest.model_validate_json(content)
    except FileNotFoundError:
        raise Refused(f"{label} has no manifest", "nothing", NAME, cure) from None
    except ValidationError as error:
        raise Refused(f"the manifest of {label} does not fit", str(error.errors()[0]["msg"]), NAME, cure) from None
    if digest and hashlib.sha256(content).hexdigest() != digest:
        raise Refused(f"the manifest of {label} is not the one that was written", cure=cure)
    return manifest


def verify(manifest: Manifest, folder: Path, label: str) -> None:
    """Refuse a version whose files are not exactly the ones that were written."""
    cure = f"The version was altered. Fit again, or take another version than {label}."
    if any(path.is_symlink() for path in folder.rglob("*")):
        raise Refused(f"{label} holds a symbolic link", cure=cure)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {NAME}
    if found != set(manifest.files):
        odd = sorted(found ^ set(manifest.files))[0]
        raise Refused(f"{label}: {odd} {'is too many' if odd in found else 'is missing'}", cure=cure)
    for name, stored in manifest.files.items():
        path = folder / name
        if path.stat().st_size != stored.bytes or _sha256(path) != stored.sha256:
            raise Refused(f"{label}: {name} is not the file that was written", cure=cure)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def finite(metrics: object, label: str) -> dict[str, float]:
    """What ``fit`` returned as name -> float; an error names the metric that is none."""
    if not isinstance(metrics, Mapping) or not metrics:
        got = "an empty one" if isinstance(metrics, Mapping) else type(metrics).__name__
        cure = "Return the held-out metrics at the end of fit."
        raise CastaliaError(f"{label}: fit returned no metrics", got, "a mapping of name to number", cure)
    numbers: dict[str, float] = {}
    for name, value in metrics.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            cure = "Return numbers; keep anything else with run.artifact."
            raise CastaliaError(f"{label}: metric {name} is no number", shown(value), "a number", cure) from None
        if number != number or abs(number) == float("inf"):
            cure = "Look at the curve: a lower learning rate, or data without infinities."
            raise CastaliaError(f"{label}: metric {name} is not finite", str(number), "a finite number", cure)
        numbers[str(name)] = number
    return numbers
