"""``castalia models``: trained versions and the aliases that point at them."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cyclopts import App

from castalia.cli import terminal
from castalia.cli.finding import open_store, or_verb
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.track import Version

app = App(name="models", help="Trained versions and their aliases: list, show, promote, history, alias, export.")
app.command("castalia.cli.carrying:export_models", name="export")


@app.default
def models(model: str = "", /, *, json: bool = False) -> int:
    """List the models, or show the versions of one.

    Parameters
    ----------
    model
        The name of a model.
    json
        Print JSON instead.
    """
    if not model:
        return list_(json=json)
    with or_verb(app, model):
        return show(model, json=json)


@app.command(name="list")
def list_(*, json: bool = False) -> int:
    """List every model that has a version.

    Parameters
    ----------
    json
        Print a list of objects instead.
    """
    with open_store() as store:
        found = store.models()
    if json:
        terminal.out_json(found)
        return 0
    if not found:
        terminal.say("No models yet. Train one:  castalia fit neural_net")
        return 0
    rows = [
        (
            each["name"],
            each["system"],
            each["versions"],
            f"{each['name']}@{each['champion']}",
            _numbers(each["metrics"]) or _foreign(each["system"], each["source"]),
        )
        for each in found
    ]
    terminal.out_table(("model", "system", "versions", "answers", "metrics"), rows, right=("versions",))
    return 0


@app.command
def show(model: str, /, *, json: bool = False) -> int:
    """Show the versions of one model, newest first.

    Parameters
    ----------
    model
        The name of a model.
    json
        Print {"name", "champion", "versions": [...]} instead.
    """
    with open_store() as store:
        found = store.versions(model)
        champion = store.resolve(model)
    if json:
        terminal.out_json({"name": model, "champion": champion.version, "versions": [plain(each) for each in found]})
        return 0
    rows = [
        (
            each.label,
            each.aliases,
            terminal.ago(each.created / 1000),
            _numbers(each.metrics) or _foreign(each.folder, each.source),
            each.run_id,
        )
        for each in found
    ]
    terminal.out_table(("version", "aliases", "made", "metrics", "run"), rows)
    terminal.say(f"{champion.label} answers to {model!r}.")
    return 0


@app.command
def alias(version: str, alias: str, /, *, remove: bool = False, json: bool = False) -> int:
    """Point an alias at a version: castalia models alias churn@3 champion.

    Parameters
    ----------
    version
        A version such as churn@3; with --remove the model's name is enough.
    alias
        A word; champion is the version that answers to the bare name.
    remove
        Take the alias away instead.
    json
        Print the model's aliases as an object.
    """
    model, _, number = version.partition("@")
    if not remove and not number.isdecimal():
        raise WrongInput("not a version", version, "model@number, such as churn@3", f"castalia models show {model}")
    from castalia.track.capture import user

    with open_store() as store:
        if remove:
            store.delete_alias(model, alias, user())
        else:
            store.set_alias(model, alias, int(number), who=user())
        pointers = {word: each.version for each in store.versions(model) for word in each.aliases}
    if json:
        terminal.out_json({"name": model, "aliases": pointers})
    else:
        terminal.out(f"{model} has no alias {alias} any more." if remove else f"{model}@{alias} is {model}@{number}.")
    return 0


@app.command
def promote(model: str, version: str, /, *, alias: str = "champion", reason: str = "", json: bool = False) -> int:
    """Let a version go by an alias, and keep why: castalia models promote churn 3 --reason "better on last week".

    Parameters
    ----------
    model
        The name of a model.
    version
        The number of a version, an alias of it, or latest.
    alias
        A word; champion is the version that answers to the bare name.
    reason
        Why; the history shows it with your name and the time.
    json
        Print {"name", "alias", "version", "before", "reason"} instead.
    """
    from castalia.track.capture import user

    with open_store() as store:
        number = store.resolve(model, version).version
        before = store.set_alias(model, alias, number, reason, user())
    if json:
        terminal.out_json({"name": model, "alias": alias, "version": number, "before": before, "reason": reason})
        return 0
    terminal.out(f"{model}@{alias} is {model}@{number}{f', and was {model}@{before}' if before else ''}.")
    if before and before != number:
        terminal.say(f"Back again:  castalia models promote {shlex.quote(model)} {before} --alias {alias}")
    return 0


@app.command
def history(model: str, /, *, alias: str = "", json: bool = False) -> int:
    """Show which version each alias came to mean, when, by whom and why; the newest first.

    Parameters
    ----------
    model
        The name of a model.
    alias
        Of this alias alone.
    json
        Print a list of objects instead.
    """
    with open_store() as store:
        found = store.promotions(model, alias or None)
    if json:
        terminal.out_json(found)
        return 0
    if not found:
        terminal.say(f"No alias of {model} was ever set: the newest version answers.")
        return 0
    rows = [(terminal.ago(each["time"] / 1000), each["alias"], f"{each['before'] or '-'} -> {each['version'] or '-'}",
             each["reason"], each["who"]) for each in found]  # fmt: skip
    terminal.out_table(("when", "alias", "version", "reason", "who"), rows)
    return 0


def plain(version: Version) -> dict[str, Any]:
    """A version as JSON: model, version, system, run_id, folder, metrics, digest, created, aliases, source."""
    folder = None if version.folder is None else str(version.folder)
    return {**asdict(version), "folder": folder, "aliases": list(version.aliases)}


def _foreign(ours: object, source: str) -> str:
    """Where the files of a version are that another library logged."""
    return "" if ours else source


def _numbers(metrics: dict[str, float]) -> str:
    return ", ".join(f"{key} {terminal.shown(value)}" for key, value in list(metrics.items())[:4])
