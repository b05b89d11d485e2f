"""A proof as an author asks for it: notes in the home while it runs, ``proof.json`` at its end, an event of it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from castalia.check import desk
from castalia.check.found import Found, found
from castalia.check.proof import Proof
from castalia.check.prove import FULL, NORMAL, Say, prove, silent
from castalia.core.errors import Unavailable
from castalia.core.settings import Settings


@dataclass(frozen=True)
class Proven:
    """A proof, where it was written ("" for nowhere), and what could not be kept."""

    subject: Found
    proof: Proof
    kept: str = ""
    warnings: tuple[str, ...] = ()


def prove_and_keep(
    name: str, *, full: bool = False, seed: int = 0, python: str = "", settings: Settings | None = None,
    say: Say = silent, workers: int = 0,
) -> Proven:  # fmt: skip
    """Prove the contract called ``name``. In full it goes on from where it was stopped, and writes ``proof.json``.

    NotFound where there is no such contract or it has no named mutants; Unavailable where the interpreter does not
    start, with exit code 2 for one that was named and 3 for ours.
    """
    settings = settings or Settings.read()
    subject = found(name, settings)
    notes, warnings = _notes(settings, name) if full else (None, [])
    try:
        proof = prove(
            subject, FULL if full else NORMAL, seed=seed, python=python or sys.executable, notes=notes, say=say,
            workers=workers,
        )  # fmt: skip
    except Unavailable as error:
        if hasattr(os, "fork"):
            error.exit = 2 if python else 3
        raise
    kept = ""
    if full:
        try:
            proof.write(subject.proof)
            kept = str(subject.proof)
        except OSError as error:
            warnings.append(f"{subject.proof} cannot be written: {error.strerror}")
    if notes is not None and kept:
        notes.unlink(missing_ok=True)
    more = {"score": round(proof.score, 4), "full": proof.full}
    warnings += desk.note(
        settings, "prove", subject.name, outcome="pass" if proof.proven else "fail", seed=seed,
        contract_hash=proof.contract_hash, more=more,
    )  # fmt: skip
    return Proven(subject, proof, kept, tuple(warnings))


def _notes(settings: Settings, name: str) -> tuple[Path | None, list[str]]:
    """The file for the notes, or none and why."""
    path = settings.home / "proofs" / f"{name.replace('/', '.')}.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        return None, [f"no notes are kept, so this proof cannot be resumed: {path}: {error.strerror}"]
    return path, []
