"""One message to one webhook: a POST of JSON over a connection to the address that was checked.

Written on a socket, as every client in between would follow redirects, ask proxies or resolve the name once more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

import castalia
from castalia.track.notices.address import Address

SECONDS = 5.0
"""For everything together: connecting, sending, and the first line of the answer."""
LONGEST_LINE = 4096


def message(notice: Mapping[str, Any]) -> bytes:
    """What is sent: {"id", "time", "kind", "level", "text", "run_id", "rule"}. Chat programs show the ``text``."""
    return json.dumps({name: notice[name] for name in ("id", "time", "kind", "level", "text", "run_id", "rule")},
                      ensure_ascii=False).encode()  # fmt: skip


def signature(secret: str, moment: str, body: bytes) -> str:
    """``sha256=`` and the HMAC of ``"<moment>.<body>"`` in hexadecimal digits.

    >>> signature("k" * 16, "1700000000", b"{}")[:15]
    'sha256=6d58fb78'
    """
    return "sha256=" + hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def send(address: Address, ips: Sequence[str], body: bytes, number: int, secret: str = "", seconds: float = SECONDS,
         context: ssl.SSLContext | None = None) -> tuple[bool, str]:  # fmt: skip
    """Send to the first of ``ips`` that takes a connection. (whether it was taken, the status or what went wrong).

    A redirect is not followed; of the answer only the status is read.
    """
    deadline = time.monotonic() + seconds
    try:
        with _connected(address, ips, deadline, context) as connection:
            _left(connection, deadline)
            connection.sendall(_request(address, body, number, secret))
            status = _status(connection, deadline)
    except ssl.SSLError:
        return False, "no trusted certificate"
    except TimeoutError:
        return False, f"no answer within {seconds:g} s"
    except OSError as error:
        return False, "the connection was refused" if isinstance(error, ConnectionRefusedError) else "no connection"
    if status is None:
        return False, "no answer of a web server"
    return 200 <= status < 300, f"redirect {status}, not followed" if 300 <= status < 400 else str(status)


def _connected(address: Address, ips: Sequence[str], deadline: float, context: ssl.SSLContext | None) -> socket.socket:
    fault: OSError = TimeoutError()
    for number, ip in enumerate(ips):
        # One that never answers leaves the next ones time: a third of what is left at least.
        share = (deadline - time.monotonic()) / min(len(ips) - number, 3)
        try:
            plain = socket.create_connection((ip, address.port), timeout=max(0.01, share))
        except OSError as error:
            fault = error
            continue
        if address.scheme == "http":
            return plain
        try:
            _left(plain, deadline)
            return (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=address.host)
        except BaseException:
            plain.close()
            raise
    raise fault


def _request(address: Address, body: bytes, number: int, secret: str) -> bytes:
    moment = str(int(time.time()))
    lines = [f"POST {address.target} HTTP/1.1", f"Host: {address.authority}", "Connection: close",
             f"User-Agent: castalia/{castalia.__version__}", "Content-Type: application/json",
             f"Content-Length: {len(body)}", f"X-Castalia-Delivery: {number}",
             f"X-Castalia-Time: {moment}"]  # fmt: skip
    if secret:
        lines.append(f"X-Castalia-Signature: {signature(secret, moment, body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _status(connection: socket.socket, deadline: float) -> int | None:
    line = b""
    while b"\n" not in line and len(line) < LONGEST_LINE:
        _left(connection, deadline)
        more = connection.recv(LONGEST_LINE)
        if not more:
            return None
        line += more
    words = line.split(b"\n", 1)[0].split()
    is_answer = len(words) >= 2 and words[0].startswith(b"HTTP/1.") and len(words[1]) == 3 and words[1].isdigit()
    return int(words[1]) if is_answer else None


def _left(connection: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
