"""How help looks: a heading and two columns. The overview, cyclopts' pages and drawn flags share it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from castalia.cli.terminal import is_terminal, styled

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions


def width() -> int:
    """Columns to write in: those of the terminal, between 60 and 110."""
    return max(60, min(110, shutil.get_terminal_size((100, 24)).columns)) if is_terminal() else 100


def section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """A heading and its rows: name on the left, wrapped words on the right."""
    pairs = list(rows)
    left = min(max((len(name) for name, _ in pairs), default=0), 30)
    lines = [styled(title, "bold")]
    for name, words in pairs:
        wrapped = textwrap.wrap(words, width() - left - 4) or [""]
        if len(name) > left:
            lines.append("  " + styled(name, "accent"))
            name = ""
        lines.append("  " + styled(name, "accent") + " " * (left - len(name)) + "  " + wrapped[0])
        lines += [" " * (left + 4) + line for line in wrapped[1:]]
    return "\n".join(line.rstrip() for line in lines)


def page(usage: str, about: str, sections: Iterable[tuple[str, Iterable[tuple[str, str]]]], closing: str = "") -> str:
    """A whole page of help."""
    parts = [f"{styled('Usage:', 'bold')} {usage}"]
    if about:
        parts.append("\n".join(textwrap.wrap(" ".join(about.split()), width())))
    parts += [section(title, rows) for title, rows in sections]
    if closing:
        parts.append(closing)
    return "\n\n".join(parts)


class Formatter:
    """cyclopts' help in our layout."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one panel."""
        if panel.entries:
            print(section(_text(panel.title), [(_names(entry), _words(entry)) for entry in panel.entries]) + "\n")

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print the usage line."""
        if line := _text(usage).removeprefix("Usage:").strip():
            print(f"{styled('Usage:', 'bold')} {line}\n")

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Print what the command does."""
        if text := _text(description):
            print("\n\n".join("\n".join(textwrap.wrap(part, width())) for part in text.split("\n\n")) + "\n")


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if hasattr(value, "primary_renderable"):
        value = value.primary_renderable
    return str(getattr(value, "plain", getattr(value, "markup", value))).strip()


def _names(entry: HelpEntry) -> str:
    return " ".join(entry.display_labels_with_metavar).replace(" STR", " TEXT")


def _words(entry: HelpEntry) -> str:
    words = [_text(entry.description)]
    if entry.choices:
        words.append(f"One of {', '.join(entry.choices)}.")
    if entry.default not in (None, "False", "True", "()", '""', "''"):
        words.append(f"Default: {entry.default}.")
    if entry.required:
        words.append("Required.")
    return " ".join(word for word in words if word)
