"""``castalia up``: bind, say where, serve until TERM or Ctrl-C, and end within three seconds."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import Literal

import uvicorn

from castalia.core.errors import Conflict, Refused, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.web.running import announced, running
from castalia.web.tokens import listed

DEFAULT_PORT = 8000
PORTS_TRIED = 100
STOP_SECONDS = 3.0
SHORTEST_TOKEN = 12
FEWEST_CHARACTERS = 8


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int | None = None,
    base_path: str = "",
    allow_hosts: Sequence[str] = (),
    allow_webhooks: Sequence[str] = (),
    token: str = "",
    browser: bool = False,
) -> None:
    """Serve the workbench until it is told to stop; returns then.

    ``port`` None means 8000 or, if that is taken, the next free one, said aloud; 0 means any free one.
    Where a workbench already has this home, its address is said instead; with an explicit port that is a Conflict.
    ``token`` is an admin's, beside those that the home keeps; ``allow_webhooks`` are hosts that notices may be sent to
    wherever they are. Raises Unavailable for an explicit port that is taken
    or an address that is not this machine's, and Refused for an address beyond loopback without any token.
    """
    token = token or settings.token
    settings = replace(settings, webhooks=(*settings.webhooks, *allow_webhooks))
    tokens = [each for each in listed(settings.home) if not each.is_over]
    _check(host, port, base_path, token, is_guarded=bool(token or tokens))
    if there := running(settings):
        if port is not None:
            cure = f"Use that one, end it first, or name another home: CASTALIA_HOME=... castalia up --port {port}"
            raise Conflict("a workbench already has this home", there, "one workbench a home", cure)
        print(f"Castalia is already running at {there}", flush=True)
        return
    bound = bind(host, port)
    beyond = not is_loopback(str(bound.getsockname()[0]))  # a name may lead anywhere
    if beyond and not (token or tokens):
        bound.close()
        raise _unguarded(host)
    if allow_hosts and not (token or tokens):
        told = "--allow-host without a token: whoever the proxy lets in is an admin here."
        print(f"{told} Make one with: castalia tokens add NAME --role admin", file=sys.stderr, flush=True)
    # After the port is ours: what can fail early should fail before anything is opened or created.
    from castalia.web.app import create_app

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app = create_app(settings, host=host, base_path=base_path, allow_hosts=allow_hosts, token=token,
                     needs_token=beyond)  # fmt: skip
    config = uvicorn.Config(
        app,
        http=_protocol(),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here trusts who a client says it is
        timeout_keep_alive=15,
        timeout_graceful_shutdown=1,
    )
    try:
        app.state.parts.jobs.adopt()
    except BaseException:  # another workbench has this home
        app.state.parts.close()
        bound.close()
        raise
    number = bound.getsockname()[1]
    address = f"http://{_shown(host)}:{number}{base_path.rstrip('/')}/app/"
    with bound, announced(settings, address, f"http://{_shown(host)}:{number}/health"):
        Workbench(config, address, browser, app.state).run(sockets=[bound])


class Workbench(uvicorn.Server):
    """uvicorn's server that says when it is ready, ends open event streams, and ends in time."""

    def __init__(self, config: uvicorn.Config, address: str, browser: bool, state: object) -> None:
        super().__init__(config)
        self.address, self.browser, self.app_state = address, browser, state

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where it is, once it answers."""
        await super().startup(sockets)
        print(f"Castalia is at {self.address}  (Ctrl-C ends it)", flush=True)
        if self.browser:
            import webbrowser

            threading.Thread(target=webbrowser.open, args=(self.address,), daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """An event stream never ends by itself: end them, then everything else."""
        guard = getattr(self.app_state, "guard", None)
        if guard is not None:
            guard.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that we obeyed is not raised a second time: the exit code is 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; whatever hangs, the process is gone after STOP_SECONDS."""
        if not self.should_exit:
            # What was acknowledged is on disk, and jobs are processes of their own: nothing is lost by leaving.
            last = threading.Timer(STOP_SECONDS - 0.3, os._exit, args=(0,))
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)


def _protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    """Ours where httptools is installed; elsewhere (Windows) h11, which has limits of its own."""
    try:
        from castalia.web.protocol import BoundedProtocol
    except ImportError:
        return "h11"
    return BoundedProtocol


def _check(host: str, port: int | None, base_path: str, token: str, is_guarded: bool) -> None:
    if port is not None and not 0 <= port < 2**16:
        raise WrongInput("--port does not fit", str(port), "0 to 65535", "castalia up --port 8000")
    if base_path and (not base_path.startswith("/") or not set(base_path) <= _PATH_CHARACTERS or "//" in base_path):
        raise WrongInput("--base-path does not fit", base_path, "a path such as /castalia")
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        expected = f"at least {SHORTEST_TOKEN} printable characters without spaces"
        raise WrongInput("the token does not fit", f"{len(token)} characters", expected, _MAKE_ONE)
    if token and len(set(token)) < FEWEST_CHARACTERS:
        expected = f"at least {FEWEST_CHARACTERS} different characters"
        raise WrongInput("the token is easily guessed", f"{len(set(token))} different ones", expected, _MAKE_ONE)
    if not is_guarded and not is_loopback(host):
        raise _unguarded(host)


def _unguarded(host: str) -> Refused:
    cure = f"castalia tokens add NAME --role admin, or: {_MAKE_ONE}"
    return Refused("beyond loopback a token is needed", f"--host {host} and no token", "a token", cure)


_MAKE_ONE = "export CASTALIA_TOKEN=$(python3 -c 'import secrets; print(secrets.token_urlsafe(24))')"
_PATH_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./~")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int | None) -> socket.socket:
    """A listening socket. Unavailable where an explicit port is taken or the address is not ours."""
    wanted = range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED) if port is None else (port,)
    for number in wanted:
        try:
            found = _listen(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port is not None:
                raise _cannot(host, number, error) from None
            continue
        if port is None and number != DEFAULT_PORT:
            print(f"Port {DEFAULT_PORT} is taken: using {number}.", file=sys.stderr, flush=True)
        return found
    taken = f"{DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1} are all taken"
    raise Unavailable("no free port", taken, "a free one", "castalia up --port 0 takes any")


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows this would take a port that another process listens on
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(128)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _cannot(host: str, port: int, error: OSError) -> Unavailable | WrongInput:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return WrongInput(
            f"{host} is not an address of this machine", str(error.strerror), "127.0.0.1, 0.0.0.0 or one of its own"
        )
    if error.errno == errno.EADDRINUSE:
        cure = "End what listens there, or take another: castalia up --port 0 takes any free one."
        return Unavailable(f"port {port} is taken", "another process listens on it", "a free port", cure)
    return Unavailable(
        f"port {port} cannot be used", str(error.strerror), "a port we may listen on", "castalia up --port 8000"
    )


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::", "[::]"):  # noqa: S104
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host.strip('[]')}]" if ":" in host else host
