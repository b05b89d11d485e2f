"""``castalia tokens``: who may ask the workbench, and as what."""

from __future__ import annotations

import time

from cyclopts import App

from castalia.cli import terminal

app = App(name="tokens", help="Tokens for the workbench, with the roles reader, writer and admin: add, list, remove.")


@app.command
def add(name: str, /, *, role: str = "writer", days: int | None = None, json: bool = False) -> int:
    """Make a token and show it, this once: only its hash is kept.

    Parameters
    ----------
    name
        What to call it; the audit log says it.
    role
        reader looks and asks; writer also keeps runs, models, files, data and starts jobs; admin may do everything.
    days
        For how long it is good; for ever where none is given.
    json
        Print {"name", "role", "days", "token"} instead.
    """
    from castalia.core.settings import Settings
    from castalia.web import tokens

    home = Settings.read().home
    before = tokens.listed(home)
    made = tokens.add(home, name, role, days)
    if json:
        terminal.out_json({"name": name, "role": role, "days": days, "token": made})
        return 0
    terminal.out(made)
    terminal.say(f"That is the token of {name!r} ({role}). It is not shown again; whoever has it may use it.")
    terminal.say("Send it as MLFLOW_TRACKING_TOKEN, as CASTALIA_TOKEN, or as the header Authorization: Bearer TOKEN.")
    if not before:
        terminal.say("From now on this home's workbench asks everybody for a token, on this machine too.")
    return 0


@app.default
@app.command(name="list")
def list_(*, json: bool = False) -> int:
    """List the tokens: name, role, when each was made and until when it is good.

    Parameters
    ----------
    json
        Print a list of objects instead; times are seconds since 1970, expires 0 is never.
    """
    from castalia.core.settings import Settings
    from castalia.web import tokens

    found = tokens.listed(Settings.read().home)
    if json:
        terminal.out_json([tokens.line_of(each) for each in found])
        return 0
    if not found:
        terminal.say("No tokens: the workbench listens on this machine only and asks nobody.")
        return 0
    rows = [(each.name, each.role, _day(each.made), _until(each.expires, each.is_over)) for each in found]
    terminal.out_table(("name", "role", "made", "good until"), rows)
    return 0


@app.command
def remove(name: str, /, *, json: bool = False) -> int:
    """Take a token back. A workbench that is running stops admitting it at once.

    Parameters
    ----------
    name
        The token's name, as castalia tokens list shows it.
    json
        Print {"removed": name, "left": how many} instead.
    """
    from castalia.core.settings import Settings
    from castalia.web import tokens

    left = tokens.remove(Settings.read().home, name)
    if json:
        terminal.out_json({"removed": name, "left": left})
        return 0
    terminal.out(f"Removed {name!r}: it opens nothing any more.")
    if not left:
        terminal.say(
            "That was the last one. On this machine alone a workbench now asks nobody; beyond it, it lets in nobody."
        )
    return 0


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _until(expires: int, is_over: bool) -> str:
    return "for ever" if not expires else f"{_day(expires)}{' (over)' if is_over else ''}"
