"""Flags for a pytest in a child: without plugins of others that take two seconds to import and do nothing there."""

from __future__ import annotations

BARE = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio")
