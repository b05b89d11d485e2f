"""``castalia up``: the workbench."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from castalia.cli import terminal
from castalia.core.errors import WrongInput


def up(
    *,
    port: int | None = None,
    host: str = "127.0.0.1",
    browser: Annotated[bool, Parameter(negative="--no-browser")] = True,
    base_path: str = "",
    allow_host: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    allow_webhook: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
) -> int:
    """Serve the workbench until Ctrl-C or TERM: pages under /app/, JSON beside them.

    Parameters
    ----------
    port
        The port; one that is taken is an error, 0 takes any free one. Without this flag: 8000, or the next free one.
    host
        The address to listen on. Beyond loopback a token is needed: castalia tokens add NAME.
    browser
        Open the first page in a browser, where this machine has one.
    base_path
        The prefix under which a proxy shows the workbench, such as /castalia.
    allow_host
        A further Host name to answer to, behind a proxy. May be repeated.
    allow_webhook
        A host, or host:port, that notices may be sent to although its address is not public. May be repeated.
    """
    from castalia.core.settings import Settings
    from castalia.web.server import serve

    if port is not None and not 0 <= port <= 65535:
        raise WrongInput(
            "castalia up: --port does not fit", str(port), "a port from 0 to 65535", "castalia up --port 8000"
        )
    wanted = browser and _has_browser()
    serve(Settings.read(), host, port, base_path=base_path, allow_hosts=allow_host, allow_webhooks=allow_webhook,
          browser=wanted)  # fmt: skip
    return 0


def _has_browser() -> bool:
    """Whether a person sits here with a browser; without a display Python would open a text browser right here."""
    if not terminal.is_terminal() or "CI" in os.environ or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
