"""server-info: what this server can do, so that a client need not try. It tells nothing of the machine."""

from __future__ import annotations

from typing import Any

from castalia.track.protocol.wire import Fields, Route
from castalia.track.store import Store

INFO: dict[str, Any] = {
    "store_type": "SqlStore",
    "workspaces_enabled": False,
    "trace_archival_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
    "presigned_upload_run_id_supported": False,
    "presigned_upload_model_id_supported": False,
    "features_enabled": {"gateway": False},
}
"""What the client asks for; a key that is missing counts as off."""


def server_info(store: Store, fields: Fields) -> dict[str, Any]:
    """GET server-info."""
    return INFO


ROUTES = (Route("GET", "server-info", server_info, writes=False, versions=("3.0",)),)
