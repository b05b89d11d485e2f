"""``castalia runs``: what was trained, and what is being trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cyclopts import App

from castalia.cli import layout, terminal
from castalia.cli.finding import open_store, or_verb, run_of
from castalia.core.errors import Conflict, WrongInput

if TYPE_CHECKING:
    from castalia.core.settings import Settings

app = App(name="runs", help="Training runs: list, show, compare, export, import, delete, restore, gc, sync, cancel.")
app.command("castalia.cli.abreast:compare", name="compare")
app.command("castalia.cli.carrying:export", name="export")
app.command("castalia.cli.carrying:import_", name="import")
app.command("castalia.cli.trash:delete", name="delete")
app.command("castalia.cli.trash:restore", name="restore")
app.command("castalia.cli.trash:gc", name="gc")
app.command("castalia.cli.syncing:sync", name="sync")

Status = Literal["running", "done", "failed", "cancelled", "queued"]


@app.default
def runs(run: str = "", /, *, json: bool = False) -> int:
    """List the newest runs, or show one.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    json
        Print JSON instead.
    """
    if not run:
        return list_(json=json)
    with or_verb(app, run):
        return show(run, json=json)


@app.command(name="list")
def list_(
    *,
    experiment: str | None = None,
    status: Status | None = None,
    text: str | None = None,
    filter: str = "",
    order: str = "-started",
    limit: int = 20,
    offset: int = 0,
    trash: bool = False,
    json: bool = False,
) -> int:
    """List runs, newest first.

    Parameters
    ----------
    experiment
        Only this experiment; a system's fits have the system's name.
    status
        Only runs in this state.
    text
        Only runs with this text in id, name, experiment or system.
    filter
        Only runs of which this holds: "metrics.loss < 0.3 AND params.rate > 0.01". docs/search.md has the language.
    order
        started, ended, name, status, experiment, system, metrics.NAME or params.NAME; a minus in front turns it around.
    limit
        How many at most.
    offset
        How many to pass over first.
    trash
        List what was deleted and can be restored.
    json
        Print {"items": [...], "total": n} instead.
    """
    with open_store() as store:
        page = store.runs(experiment, status, text, order, limit, offset, filter=filter, trash=trash)
    if json:
        terminal.out_json({"items": page.items, "total": page.total})
        return 0
    if not page.items:
        narrowed = experiment or status or text or filter
        terminal.say(
            "No such run."
            if narrowed
            else "The trash is empty."
            if trash
            else "No runs yet. Start one:  castalia fit neural_net"
        )
        return 0
    rows = [_row(each) for each in page.items]
    terminal.out_table(("run", "name", "status", "started", "took", "metrics"), rows, right=("took",))
    if page.total > offset + len(page.items):
        terminal.say(f"{len(page.items)} of {page.total}; --limit and --offset show more.")
    return 0


@app.command
def show(run: str, /, *, json: bool = False) -> int:
    """Show one run: alerts, parameters, tags, last and best metrics, artifacts.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    json
        Print one object instead.
    """
    with open_store() as store:
        found = store.run(run_of(store, run, trash=True))
        found["alerts"] = store.alerts(found["run_id"])
        found["artifacts"] = store.artifacts(found["run_id"])
    if json:
        terminal.out_json(found)
        return 0
    facts = {name: found[name] for name in ("run_id", "name", "experiment", "system", "status", "parent")}
    facts["children"] = found["children"] or None
    terminal.out_facts({**facts, "started": terminal.ago((found["started"] or 0) / 1000), "took": _took(found)})
    if found["alerts"]:
        terminal.out("\n" + layout.section("Alerts", [_alert(each) for each in found["alerts"]]))
    for title, pairs in (("Parameters", found["params"]), ("Tags", found["tags"])):
        if pairs:
            terminal.out(
                "\n" + layout.section(title, [(k, terminal.printable(str(v))) for k, v in sorted(pairs.items())])
            )
    if found["summary"]:
        terminal.out()
        rows = [
            (key, each["last"], each["last_step"], each["min"], each["max"]) for key, each in found["summary"].items()
        ]
        terminal.out_table(
            ("metric", "last", "at step", "least", "most"), rows, right=("last", "at step", "least", "most")
        )
    if found["artifacts"]:
        terminal.out("\n" + layout.section("Artifacts", [(_artifact(each), "") for each in found["artifacts"]]))
    return 0


@app.command
def cancel(run: str, /, *, json: bool = False) -> int:
    """Stop a run that is queued or running, keeping what it logged.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    json
        Print {"run_id", "state"} instead.
    """
    from castalia.cli.watching import stop_shell_fit
    from castalia.core.settings import Settings

    settings = Settings.read()
    with open_store() as store:
        found = store.run(run_of(store, run, trash=True))
    run_id = str(found["run_id"])
    if found["status"] not in ("queued", "running"):
        raise WrongInput(f"run {run_id} is over", found["status"], "a queued or running run", "castalia runs list")
    state = "stopping" if stop_shell_fit(settings, run_id) else _cancel_job(settings, run_id)
    if json:
        terminal.out_json({"run_id": run_id, "state": state})
    else:
        terminal.out(f"{run_id}: {state}.")
    return 0


def _cancel_job(settings: Settings, run_id: str) -> str:
    """Cancel a job of the workbench's folder; while a workbench lives, only it may."""
    from castalia import runtime
    from castalia.jobs import Jobs
    from castalia.runtime.settling import run_of

    with Jobs(settings.home) as jobs, open_store() as store:
        job = next((each for each in jobs.list() if run_of(each) == run_id), None)
        if job is None:
            cure = "It was started from Python or on another machine: stop it there."
            raise WrongInput(f"run {run_id} has no job here", "no job", "a fit of the shell or the workbench", cure)
        try:
            jobs.cancel(job.id)
        except Conflict:
            cure = "Open the run in the workbench and cancel it there, or POST /jobs/" + job.id + "/cancel."
            raise Conflict(f"run {run_id} belongs to the workbench that is running", cure=cure) from None
        job = jobs.wait(job.id, timeout=30)
        runtime.settle(jobs, store)
    return job.state


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    started = terminal.ago((each["started"] or 0) / 1000)
    return each["run_id"], each["name"], each["status"], started, _took(each), _numbers(each)


def _took(each: dict[str, Any]) -> str:
    return terminal.span((each["ended"] - each["started"]) / 1000) if each["ended"] and each["started"] else ""


def _numbers(each: dict[str, Any]) -> str:
    return ", ".join(f"{key} {terminal.shown(value)}" for key, value in list(each["metrics"].items())[:4])


def _alert(each: dict[str, Any]) -> tuple[str, str]:
    return each["level"], f"{terminal.shown(each['text'])} ({terminal.ago(each['time'] / 1000)})"


def _artifact(each: dict[str, Any]) -> str:
    return f"{each['name']} ({terminal.size(each['size'])})"
