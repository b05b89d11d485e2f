"""The wheel's build hook: puts the built face inside the wheel, so that who installs one needs no node."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FaceHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds src/castalia/web/dist unless it is fresh. An editable install leaves that to `make setup`."""

    def dependencies(self) -> list[str]:
        """Node from pip, only where the face must be built and no node is on PATH."""
        face = _face(self.root)
        if os.environ.get("CASTALIA_SKIP_FACE") or self.target_name != "wheel" or face.is_fresh() or face.find_node():
            return []
        return [str(face.NODE_WHEEL)]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build; `version` is "standard" or "editable"."""
        if self.target_name == "wheel" and version != "editable" and not os.environ.get("CASTALIA_SKIP_FACE"):
            _face(self.root).build(say=self.app.display_info)


def _face(root: str) -> Any:
    """tools/build_face.py as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("castalia_build_face", Path(root) / "tools" / "build_face.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
