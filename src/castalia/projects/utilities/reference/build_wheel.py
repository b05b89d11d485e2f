"""A build backend of forty lines: a wheel is a zip with three files that say what is in it.

It stands here so that the reference builds where no backend is installed and no network is; a project of yours names
hatchling or setuptools instead. The package is this very folder, packed under the name by which it is imported.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any

ASIDE = ("build_wheel.py", "own_tests.py")
PACKED = ("*.py", "py.typed")


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:
    """Write the wheel into the folder and return its name (PEP 517)."""
    about = Path("pyproject.toml").read_text("utf-8")
    version, python = _text(about, "version"), _text(about, "requires-python")
    (listed,) = re.findall(r"^dependencies = \[(.*)\]$", about, re.MULTILINE)
    requires = re.findall(r'"([^"]+)"', listed)
    lines = [
        f"Name: utilities\nVersion: {version}\nRequires-Python: {python}",
        *map("Requires-Dist: {}".format, requires),
    ]
    info = f"utilities-{version}.dist-info"
    found = [path for pattern in PACKED for path in sorted(Path().glob(pattern)) if path.name not in ASIDE]
    files = {f"utilities/{path.name}": path.read_bytes() for path in found}
    files[f"{info}/METADATA"] = "\n".join(["Metadata-Version: 2.1", *lines, ""]).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: build_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    name = f"utilities-{version}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
    return name


def _text(about: str, name: str) -> str:
    (found,) = re.findall(rf'^{name} = "(.*)"$', about, re.MULTILINE)
    return str(found)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
