"""Counts words: of its input or of files, or line by line into a file that survives being killed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter


def ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, equals by the alphabet."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def keep(path: str, counts: Counter[str]) -> None:
    """All of it or nothing, whenever it is killed."""
    draft = path + ".part"
    with open(draft, "w", encoding="utf-8") as file:
        json.dump(counts, file)
    os.replace(draft, path)


def main(args: list[str]) -> int:
    """``[--top N] [FILE...]`` prints "count word" lines; ``--into FILE`` adds each line of input and says its total."""
    parser = argparse.ArgumentParser(prog="wordcount")
    parser.add_argument("--top", type=int, default=0)
    parser.add_argument("--into", default="")
    parser.add_argument("files", nargs="*")
    given = parser.parse_args(args)
    counts: Counter[str] = Counter()
    if given.into:
        if os.path.exists(given.into):
            with open(given.into, encoding="utf-8") as file:
                counts.update(json.load(file))
        for line in sys.stdin:
            counts.update(line.lower().split())
            keep(given.into, counts)
            print(sum(counts.values()), flush=True)
        return 0
    for name in given.files:
        try:
            with open(name, encoding="utf-8") as file:
                counts.update(file.read().lower().split())
        except OSError as error:
            print(f"{name}: {error.strerror}", file=sys.stderr)
            return 1
    if not given.files:
        counts.update(sys.stdin.read().lower().split())
    for word, count in ranked(counts)[: given.top or None]:
        print(count, word)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
