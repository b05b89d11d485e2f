"""The shell: ``castalia``. One file a noun; flags of ``fit`` and ``call`` are drawn from schemas.

``main`` answers the greeting, ``--help`` and ``--version`` before anything heavy is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from castalia.cli import terminal

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 the work failed, 2 wrong usage, 3 our fault, 130 Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    words, debug, plain = _own_flags(words)
    terminal.set_up(plain=plain or bool(os.environ.get("NO_COLOR")), debug=debug)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader left (`castalia runs list | head`): no complaint, and none from Python as it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        terminal.say("Stopped.")
        return 130
    except Exception as error:
        from castalia.cli.failure import report

        return report(error)


def _own_flags(words: list[str]) -> tuple[list[str], bool, bool]:
    """Take ``--debug`` and ``--plain`` out, wherever they stand before a ``--``."""
    end = words.index("--") if "--" in words else len(words)
    head = [word for word in words[:end] if word not in ("--debug", "--plain")]
    return head + words[end:], "--debug" in words[:end], "--plain" in words[:end]


def _dispatch(words: list[str]) -> int:
    from castalia.cli import commands

    if not words:
        from castalia.cli.greeting import greeting

        terminal.out(greeting())
        return 0
    if words[0] in ("--help", "-h", "help") and len(words) == 1:
        terminal.out(commands.overview())
        return 0
    if words == ["--version"]:
        from castalia import __version__

        terminal.out(__version__)
        return 0
    return commands.run(words)
