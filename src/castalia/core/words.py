"""Words on their way to a person: what came from a file or from code must not drive a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` without control characters; line ends and tabs stay.

    >>> printable("a\\x1b[2Jb")
    'a�[2Jb'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
