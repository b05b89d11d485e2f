"""Comparisons over HTTP: what differs, curves and bands, importance, code, environments, the report."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from castalia.track.board import bands, comparing, importance, report, sampling, sources
from castalia.track.board.answering import answer
from castalia.track.protocol.grammar import MAX_LENGTH
from castalia.track.reading import in_lane
from castalia.track.store import Store

Runs = Annotated[list[str] | None, Query(max_length=1000, description="Ids of runs, 2 to 200.")]
Experiment = Annotated[str | None, Query(description="Or those of this experiment.")]
Filter = Annotated[str, Query(max_length=MAX_LENGTH, description="Or the newest that fit this, at most 200.")]
Group = Annotated[str, Query(max_length=300, description="alike, params.<key>, tags.<key>, experiment, system")]
Keys = Annotated[list[str], Query(max_length=100, description="Metrics.")]
Points = Annotated[int, Query(ge=4, le=2000, description="At most so many points a curve.")]
Step = Annotated[int | None, Query(ge=-(2**63), lt=2**63)]
SAFE = {"Content-Security-Policy": f"sandbox; {report.CSP}", "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store"}  # fmt: skip


def add_routes(routes: APIRouter, store: Store) -> None:
    """The routes; to be included before ``/runs/{run_id}``."""

    def chosen(run: list[str] | None, experiment: str | None, filter: str) -> tuple[list[str], int]:
        found = list(dict.fromkeys(run or ()))
        return (found, len(found)) if run else comparing.fitting(store, experiment, filter)

    @routes.get("/runs/compare", tags=["runs"])
    @in_lane
    def compare(run: Runs = None, experiment: Experiment = None, filter: Filter = "", by: Group = "") -> Response:
        """{"runs", "total", "differing", "sections", "groups"} of 2 to 200 runs; ``total`` counts all that fit."""
        ids, total = chosen(run, experiment, filter)
        found = comparing.compared(store, ids)
        return answer({**found, "total": total, "groups": bands.groups(found["runs"], by) if by else []})

    @routes.get("/runs/curves", tags=["runs"])
    @in_lane
    def curves(
        run: Runs, key: Keys, points: Points = sampling.POINTS, first: Step = None, last: Step = None
    ) -> Response:
        """{run id: {metric: {"step", "time", "value", "whole"}}} at evenly spaced steps: fast however long they are."""
        return answer(sampling.sampled(store, run or [], key, points, _steps(first, last)))

    @routes.get("/runs/bands", tags=["runs"])
    @in_lane
    def runs_as_bands(
        run: Runs, key: Keys, by: Group = bands.ALIKE, way: Literal["mean", "range"] = "mean", first: Step = None,
        last: Step = None,
    ) -> Response:  # fmt: skip
        """{"groups": [{"name", "run_ids"}], "bands": {metric: [{"step", "runs", "middle", "low", "high"}]}}."""
        found = bands.groups(store.runs_by_id(run or []), by)
        lines = sampling.sampled(store, run or [], key, bands.POINTS, _steps(first, last))
        told = {name: [_band(lines, group["run_ids"], name, way) for group in found] for name in key}
        return answer({"groups": found, "bands": told})

    @routes.get("/runs/importance", tags=["runs"])
    @in_lane
    def importance_of_params(
        metric: Annotated[str, Query(max_length=250, description="What is to be explained.")],
        run: Runs = None,
        experiment: Experiment = None,
        filter: Filter = "",
    ) -> Response:
        """{"metric", "runs", "explained", "params": [{"name", "importance", "error", "correlation", ...}]}."""
        if run:
            rows = store.runs_by_id(run)
        else:
            rows = store.runs(experiment, filter=filter, limit=importance.MOST_RUNS).items
        return answer(importance.importance(rows, metric))

    _of_code(routes, store)

    @routes.get("/runs/compare/report", tags=["runs"], response_class=Response)
    @in_lane
    def page(
        run: Runs = None, experiment: Experiment = None, filter: Filter = "",
        title: Annotated[str, Query(max_length=200)] = "", note: Annotated[str, Query(max_length=8000)] = "",
        by: Group = "",
    ) -> Response:  # fmt: skip
        """The comparison as one HTML file without scripts or addresses, as a download."""
        text = report.report(store, chosen(run, experiment, filter)[0], title=title, note=note, by=by)
        name = quote(f"{title.strip() or 'comparison'}.html".replace("/", "-"), safe="")
        headers = SAFE | {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(text, headers=headers, media_type="text/html; charset=utf-8")


def _of_code(routes: APIRouter, store: Store) -> None:
    @routes.get("/runs/compare/code", tags=["runs"])
    @in_lane
    def code(run: Runs) -> Response:
        """[{"run_id", "commit", "branch", "dirty", "command", "diff": bytes of what was not committed}]."""
        return answer(sources.sources(store, run or []))

    @routes.get("/runs/compare/commits", tags=["runs"])
    @in_lane
    def commits(first: str, second: str) -> Response:
        """{"first", "second", "diff", "why"}: what lies between the commits of two runs, given by the runs' ids.
        Takes an admin: the commits are those that runs name, the repository is that of whoever runs the workbench."""
        a, b = (sources.commit_of(row) for row in (store.run(first), store.run(second)))
        return answer(sources.between(a, b))

    @routes.get("/runs/compare/environment", tags=["runs"])
    @in_lane
    def environment(run: Runs) -> Response:
        """{"known", "python", "packages", "variables"}: what differs in the environments that runs kept."""
        return answer(sources.environments(store, run or []))


def _steps(first: int | None, last: int | None) -> tuple[int, int] | None:
    if first is None and last is None:
        return None
    return (-(2**63) if first is None else first), (2**63 - 1 if last is None else last)


def _band(lines: dict[str, Any], run_ids: list[str], key: str, way: Literal["mean", "range"]) -> dict[str, Any]:
    return bands.band([lines[run][key] for run in run_ids if key in lines[run]], way)
