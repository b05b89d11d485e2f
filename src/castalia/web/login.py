"""The small page that asks for a token, and the cookie that remembers it was right."""

from __future__ import annotations

import hashlib
import html
from urllib.parse import parse_qs

from castalia.web.tokens import COOKIE, session_of

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Castalia: token</title><style>{style}</style></head>
<body><main><h1>Castalia</h1><form method="post" action="{action}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus
 aria-describedby="help{described}">
<p id="help">One of this workbench: <code>castalia tokens add NAME</code> makes it.</p>
{wrong}<input type="hidden" name="next" value="{next}"><button>Open the workbench</button>
</form></main></body></html>
"""
STYLE = """:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;min-height:100vh;
background:Canvas;color:CanvasText}
main{width:min(22rem,calc(100vw - 3rem))}h1{font-size:1.5rem;margin:0 0 1.5rem}
form{display:grid;gap:.5rem}label{font-weight:600}
input,button{font:inherit;padding:.6rem .75rem;border-radius:.5rem;border:1px solid GrayText}
button{background:#0b6b66;color:#fff;border-color:#0b6b66;cursor:pointer;margin-top:.5rem}p{margin:0}
.wrong{color:#b3261e;font-weight:600}@media (prefers-color-scheme:dark){.wrong{color:#ff9d94}}"""


class Login:
    """What the page says, and where it leads."""

    def __init__(self, base_path: str = "") -> None:
        self.base_path = base_path

    def set_cookie(self, token: str, secure: bool) -> str:
        """The value of Set-Cookie after a right token was given: a session, which does not give the token away."""
        session = session_of(token)
        # Two workbenches on one host share its cookies: each keeps its own under a name of its own.
        name = COOKIE + hashlib.sha256(session.encode()).hexdigest()[:8]
        attributes = f"Path={self.base_path}/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
        return f"{name}={session}; {attributes}"

    def page(self, going_to: str, wrong: bool = False) -> bytes:
        """The page that asks; ``going_to`` is where a right answer leads."""
        note = '<p class="wrong" id="wrong" role="alert">That is not a token of this workbench.</p>' if wrong else ""
        return PAGE.format(
            style=STYLE,
            action=html.escape(f"{self.base_path}/login"),
            next=html.escape(self.local(going_to)),
            wrong=note,
            described=" wrong" if wrong else "",
        ).encode()

    def local(self, going_to: str) -> str:
        """``going_to`` if it is one of our pages, else the first page: the form must not lead elsewhere."""
        start = f"{self.base_path}/app/"
        plain = going_to.isascii() and going_to.isprintable() and not set(going_to) & set("\\ \"'<>")
        return going_to if plain and going_to.startswith(start) and len(going_to) < 2000 else start

    def read_form(self, body: bytes) -> tuple[str, str]:
        """The token and the next page from a submitted form."""
        try:
            fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
        except ValueError:  # more fields than the form has
            fields = {}
        return fields.get("token", [""])[0], self.local(fields.get("next", [""])[0])
