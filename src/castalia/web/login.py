"""The small page that asks for the token, and the cookie that remembers it was right."""

from __future__ import annotations

import hashlib
import hmac
import html
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Castalia: token</title><style>{style}</style></head>
<body><main><h1>Castalia</h1><form method="post" action="{action}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus
 aria-describedby="help{described}">
<p id="help">The one this workbench was started with (<code>CASTALIA_TOKEN</code>).</p>
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


class Token:
    """The secret a client presents, as a bearer header or through the cookie of the login page."""

    def __init__(self, secret: str, base_path: str = "") -> None:
        """``secret`` empty means that nobody is asked."""
        self.secret = secret.encode()
        self.base_path = base_path
        # Two workbenches on one host share its cookies: each keeps its own under a name of its own.
        self.cookie = f"castalia-{hashlib.sha256(self.secret).hexdigest()[:8]}"
        self._session = hmac.new(self.secret, b"castalia session", hashlib.sha256).hexdigest()

    def __bool__(self) -> bool:
        return bool(self.secret)

    def is_right(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.secret)

    def admits(self, authorization: str, cookies: str) -> bool:
        """Whether one of the two headers proves that the client knows the token."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer" and self.is_right(given.strip()):
            return True
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode("utf-8", "replace"), self._session.encode())

    def set_cookie(self, secure: bool) -> str:
        """The value of Set-Cookie after the right token was given."""
        path = f"{self.base_path}/"
        return f"{self.cookie}={self._session}; Path={path}; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")

    def page(self, going_to: str, wrong: bool = False) -> bytes:
        """The page that asks; ``going_to`` is where a right answer leads."""
        note = '<p class="wrong" id="wrong" role="alert">That is not the token.</p>' if wrong else ""
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
