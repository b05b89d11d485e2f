#!/usr/bin/env python3
"""Measure the figures that a library's card promises, and keep them beside it for its page.

    python tools/measure.py utilities
    python tools/measure.py --shelf tests/toy_shelf bits

Runs ``measure()`` of the project's claims.py and writes measured.json. Exit code 1 where a claim does not hold; the
figures are written all the same, since what was measured is what is shown.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np

from castalia import catalog
from castalia.core.errors import CastaliaError
from castalia.runtime.libraries import MEASURED, figures


def main() -> int:
    """0 every claim holds, 1 one does not, 2 there is nothing of that name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="a project with a claims.py")
    parser.add_argument("--shelf", type=Path, default=catalog.OURS, help="the folder of the project's folder")
    args = parser.parse_args()
    try:
        found = catalog.read_card(
            args.shelf / args.name / "card.toml", "" if args.shelf == catalog.OURS else "measured"
        )
        began = time.perf_counter()
        measured = figures(found)
    except CastaliaError as error:
        print(error, file=sys.stderr)
        return 2
    seconds = round(time.perf_counter() - began, 2)
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    kept = {"figures": measured, "seconds": seconds, "versions": versions}
    (found.folder / MEASURED).write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    held = [claim.holds(measured[claim.metric]) for claim in found.claims]
    for claim, holds in zip(found.claims, held, strict=True):
        print(f"{'holds  ' if holds else 'DOES NOT HOLD'} {claim.id}: {measured[claim.metric]:.6g}   {claim.words}")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
