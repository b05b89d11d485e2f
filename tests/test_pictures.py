"""The pictures of the docs: each is small, shown with words for who does not see it, and can be taken again."""

from __future__ import annotations

import importlib.util
import re
import struct
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHOWN = re.compile(r"!\[([^\]]*)\]\(pictures/([\w-]+)\.png\)")


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "tools" / "pictures.py")
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return int(width), int(height)


def test_each_is_small_and_shown_with_words(tool: Any) -> None:
    there = {path.stem: path for path in tool.PICTURES.iterdir()}
    assert set(there) == set(tool.TAKEN) and len(there) <= 6
    told = {
        name: words for page in (ROOT / "docs").glob("*.md") for words, name in SHOWN.findall(page.read_text("utf-8"))
    }
    assert set(told) == set(there), "each is shown, and nothing else"
    for name, path in there.items():
        assert path.stat().st_size <= tool.MOST and len(told[name]) > 40, name
        assert size_of(path) == (tool.VIEW["width"], tool.VIEW["height"])


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_they_can_be_taken_again(tool: Any, tmp_path: Path) -> None:
    tool.take("models", tmp_path)
    assert size_of(tmp_path / "models-light.png") == (tool.VIEW["width"], tool.VIEW["height"])
