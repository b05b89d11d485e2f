"""How a job ended, told from its files alone, whoever was killed and when."""

from __future__ import annotations

import signal
from typing import Any

from castalia.core.errors import CastaliaError, NotFound
from castalia.jobs.folder import Folder
from castalia.jobs.job import Job, Limits

FRUITLESS = 5
"""So often an interrupted job is resumed by itself without having said anything new; then it is failed:
perhaps it is the work that takes the machine down."""


def outcome(folder: Folder, spec: dict[str, Any], state: dict[str, Any], attended: bool) -> dict[str, Any]:
    """The state after an attempt whose keeper and worker are gone.

    ``attended``: a workbench was there all the time, so a keeper that vanished did not vanish with it.
    A result on disk counts whatever happened after it was written.
    """
    attempt = state["attempt"]
    result = folder.read_of("result.json", attempt) or {}
    exit_ = folder.read_of("exit.json", attempt) or {}
    reason = exit_.get("reason")
    over = {**state, "ended": exit_.get("ended"), "error": None}
    if "result" in result:
        return {**over, "state": "done"}
    if state.get("cancel"):
        return {**over, "state": "cancelled"}
    if reason == "wall":
        limit = f"at most {spec['limits'].get('wall')} s"
        cure = "resume it, or raise the limit"
        error = CastaliaError(f"{spec['title']} ran into its time limit", "still at work", limit, cure)
        return failed(folder, over, error)
    if "error" in result:
        return {**over, "state": "failed", "error": {**result["error"], "log_tail": folder.log_tail()}}
    if reason == "interrupted" or (reason == "stopped" and not attended) or (not exit_ and not attended):
        return interrupted(folder, spec, over)
    return failed(folder, over, how_it_died(spec, exit_, result))


def interrupted(folder: Folder, spec: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """The workbench went away under it: the workbench's own jobs wait to be resumed, others are failed."""
    size = events_size(folder)
    fruitless = over.get("fruitless", 0) + 1 if size <= over.get("events_at_start", 0) else 0
    if spec["owner"] == "workbench" and fruitless <= FRUITLESS:
        return {**over, "state": "queued", "ended": None, "fruitless": fruitless}
    got = "the workbench ended"
    if fruitless > FRUITLESS:
        got = f"interrupted {fruitless} times without a sign of progress"
    return failed(folder, over, CastaliaError(f"{spec['title']} was interrupted", got, "", "resume it"))


def how_it_died(spec: dict[str, Any], exit_: dict[str, Any], result: dict[str, Any]) -> CastaliaError:
    """An end without a result, an error or a reason of ours."""
    subject = f"{spec['title']} ended before it was done"
    if not exit_:
        return CastaliaError(subject, "its keeper was killed from outside", "", "resume it")
    if exit_.get("reason") == "stopped" or "stopped" in result:
        return CastaliaError(subject, "it was told to stop from outside", "", "resume it")
    if str(exit_.get("reason") or "").startswith("not started"):
        return CastaliaError(subject, str(exit_["reason"]), "", "resume it")
    if number := exit_.get("signal"):
        peak = f", {exit_['peak_memory'] / 2**20:.0f} MiB at its largest" if exit_.get("peak_memory") else ""
        hint = "resume it; if memory ran out, use less data or a smaller model" if number == 9 else "resume it"
        return CastaliaError(subject, f"killed by {name_of(number)}{peak}", "", hint)
    if exit_.get("code") == 74:
        cure = "free some space, then resume it"
        return CastaliaError(subject, "its outcome could not be written", "space on the disk", cure)
    return CastaliaError(subject, f"exit code {exit_.get('code')}", "", "read the last lines of its log")


def failed(folder: Folder, over: dict[str, Any], error: CastaliaError) -> dict[str, Any]:
    detail = {"kind": type(error).__name__, **error.as_dict(), "log_tail": folder.log_tail()}
    return {**over, "state": "failed", "error": detail}


def events_size(folder: Folder) -> int:
    try:
        return folder.events.stat().st_size
    except FileNotFoundError:
        return 0


def name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def job_of(folder: Folder, spec: dict[str, Any], state: dict[str, Any]) -> Job:
    """The job as others see it."""
    result = folder.read_of("result.json", state["attempt"]) if state["state"] == "done" else None
    return Job(
        id=folder.id,
        title=spec["title"],
        entry=spec["entry"],
        args=spec["args"],
        owner=spec["owner"],
        state=state["state"],
        created=spec["created"],
        started=state.get("started"),
        ended=state.get("ended"),
        attempt=state["attempt"],
        stopping=bool(state.get("cancel")) and state["state"] == "running",
        progress=folder.progress(),
        result=(result or {}).get("result"),
        error=state.get("error"),
        limits=Limits(**spec["limits"]),
    )


def spec_of(folder: Folder) -> dict[str, Any]:
    """What to do; ``NotFound`` where no such job is."""
    spec = folder.read("spec.json")
    if spec is None:
        raise NotFound(f"No job {folder.id!r}", expected="the id of a job", cure="see GET /jobs")
    return spec
