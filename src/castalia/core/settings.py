"""The one place that reads the environment."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Settings:
    """Where things live and what is allowed. ``Settings.read()`` takes them from the environment."""

    home: Path = field(default_factory=lambda: Path("~/.castalia").expanduser())
    """``CASTALIA_HOME``: runs, models, jobs, data cache. Created on first write."""
    data: tuple[Path, ...] = ()
    """``CASTALIA_DATA``: folders to look for data sets in, joined by the platform's path separator."""
    offline: bool = False
    """``CASTALIA_OFFLINE=1``: every connection to another machine is refused."""
    token: str = ""
    """``CASTALIA_TOKEN``: an admin's token for the workbench, beside those that the home keeps."""
    artifacts: str = ""
    """``CASTALIA_ARTIFACTS``: a folder or an fsspec URL for files of runs; empty is ``artifacts`` of the home."""
    artifact_bytes: int = 16 * 2**30
    """``CASTALIA_ARTIFACT_BYTES``: how large one file of a run may be."""
    tracking: str = ""
    """``CASTALIA_TRACKING_URI``: the workbench that ``castalia.run`` logs to, ``http://host:8000``; empty: the home."""
    plain: bool = False
    """``NO_COLOR``: no colour and no drawing in the shell."""
    store: str = ""
    """``CASTALIA_STORE``: where runs and models are recorded, ``postgresql://user@host/database``; a file in the home
    where it is empty. May hold a password: never shown."""
    webhooks: tuple[str, ...] = ()
    """``CASTALIA_WEBHOOKS``: hosts, joined by commas, that notices may be sent to although their addresses are not
    public; ``name`` or ``name:port``."""

    @property
    def has_store(self) -> bool:
        """Whether anything may be recorded: a server is named, or the file is there. Nothing is made to look."""
        return bool(self.store) or (self.home / "castalia.db").exists()

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings of this process (or of ``environ``)."""
        env = os.environ if environ is None else environ
        home = env.get("CASTALIA_HOME", "").strip() or "~/.castalia"
        return cls(
            home=Path(home).expanduser().absolute(),
            data=tuple(Path(p).expanduser().absolute() for p in env.get("CASTALIA_DATA", "").split(os.pathsep) if p),
            offline=env.get("CASTALIA_OFFLINE", "").strip().lower() not in ("", "0", "false", "no"),
            token=env.get("CASTALIA_TOKEN", ""),
            artifacts=env.get("CASTALIA_ARTIFACTS", "").strip(),
            artifact_bytes=_bytes(env.get("CASTALIA_ARTIFACT_BYTES", ""), 16 * 2**30),
            tracking=env.get("CASTALIA_TRACKING_URI", "").strip(),
            plain=bool(env.get("NO_COLOR", "")),
            store=env.get("CASTALIA_STORE", "").strip(),
            webhooks=tuple(name.strip() for name in env.get("CASTALIA_WEBHOOKS", "").split(",") if name.strip()),
        )


class Login(NamedTuple):
    """How to say who we are; nothing of it is ever shown."""

    token: str = ""
    user: str = ""
    password: str = ""


def mlflow_login(environ: Mapping[str, str] | None = None) -> Login:
    """What MLflow's own client says to a server: ``MLFLOW_TRACKING_TOKEN``, or ``…_USERNAME`` and ``…_PASSWORD``."""
    env = os.environ if environ is None else environ
    names = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    token, user, password = (env.get(name, "") for name in names)
    return Login(token.strip(), user, password)  # a space may be part of a password


def _bytes(text: str, default: int) -> int:
    """A whole number above 0; what is none is passed over, as an unset one is."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,17}", text.strip()) else default


def scrubber(settings: Settings) -> Callable[[str], str]:
    """A function that replaces this machine's folders in a text: ``$CASTALIA_HOME/models`` for the real path.

    What a client is shown goes through it, log lines and the words of other libraries too.
    """
    known = {str(settings.home): "$CASTALIA_HOME", str(Path(__file__).parents[1]): "castalia"}
    known |= {str(folder): "$CASTALIA_DATA" for folder in settings.data}
    if settings.artifacts and "://" not in settings.artifacts:
        known[str(Path(settings.artifacts).expanduser().absolute())] = "$CASTALIA_ARTIFACTS"
    known |= {
        sys.prefix: "<python>",
        sys.base_prefix: "<python>",
        tempfile.gettempdir(): "<tmp>",
        str(Path.home()): "~",
    }
    known |= {str(Path.cwd()): "."}
    known |= {settings.store: "$CASTALIA_STORE"}
    # Longest first, so that a folder inside another is named by its own name; "/" would match everything.
    names = sorted((path for path in known if len(path) > 1), key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(path) + r"(?![\w-])" for path in names))
    return lambda text: pattern.sub(lambda found: known[found.group()], text)
