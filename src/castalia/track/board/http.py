"""What the pages ask, over HTTP: columns, sparklines, marks, trash, views, experiments, curves of many runs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from castalia.core.errors import WrongInput
from castalia.core.record import Record
from castalia.track.board import columns, comparing_http, experiments, marks, sparks, summary, views
from castalia.track.board.answering import answer
from castalia.track.listing import MOST_RUNS
from castalia.track.naming import MAX_KEY, MAX_NAME
from castalia.track.protocol.grammar import MAX_LENGTH
from castalia.track.reading import in_lane
from castalia.track.store import Store

Run = Annotated[list[str], Query(max_length=MOST_RUNS, description="Ids of runs.")]
Keys = Annotated[list[str] | None, Query(max_length=1000, description="Metrics; all if none.")]
Points = Annotated[int, Query(ge=4, le=100_000, description="At most so many points a metric.")]
Number = Annotated[int, Path(ge=0, lt=2**63, description="The id of an experiment.")]
Metric = Annotated[str | None, Query(max_length=MAX_KEY, description="The metric to judge by.")]
Days = Annotated[int, Query(ge=0, le=366, description="Days of which runs are counted; today is the last.")]
Zone = Annotated[int, Query(ge=-900, le=900, description="Minutes by which days begin earlier than in UTC.")]
POINTS_AT_ONCE = 4_000_000
"""Points that one answer may hold at most."""


class Chosen(Record):
    """Runs that something is done to."""

    run_ids: list[str] = Field(min_length=1, max_length=MOST_RUNS, description="Their ids.")


class Archive(Chosen):
    """Runs that are put out of sight, or brought back."""

    archived: bool = Field(True, description="Out of sight, or back into it.")


def router(store: Store) -> APIRouter:
    """The routes; to be included before ``/runs/{run_id}``, which would take their names for ids."""
    routes = APIRouter()
    _of_runs(routes, store)
    _trash(routes, store)
    _views(routes, store)
    comparing_http.add_routes(routes, store)

    _experiments(routes, store)
    return routes


def _experiments(routes: APIRouter, store: Store) -> None:
    @routes.get("/experiments", tags=["experiments"])
    @in_lane
    def listed(
        best: bool = False,
        metric: Metric = None,
        days: Days = 0,
        zone: Zone = 0,
        name: Annotated[str | None, Query(max_length=MAX_NAME, description="Only the one of this name.")] = None,
    ) -> Response:
        """Every experiment with its note, tags, runs by status and last activity; the one used last comes first.
        ``best`` adds the run that leads by ``metric``, or by the metric each is usually judged by."""
        return answer(experiments.experiments(store, metric, best, days, zone, name))

    @routes.get("/experiments/{id}", tags=["experiments"])
    @in_lane
    def one(id: Number, metric: Metric = None, days: Days = 30, zone: Zone = 0) -> Response:
        """One experiment, with its best run and its whole note."""
        return answer(experiments.experiment(store, id, metric, days, zone))

    @routes.patch("/experiments/{id}", tags=["experiments"])
    def change(id: Number, body: marks.Marks) -> Response:
        """Change its name, note or tags, or put it away; answers the experiment."""
        return answer(experiments.mark(store, id, body))

    @routes.post("/experiments/{id}/trash", tags=["experiments"])
    def delete_experiment(id: Number) -> Response:
        """Put it into the trash with its runs; answers the experiment."""
        return answer(experiments.trash(store, id))

    @routes.post("/experiments/{id}/restore", tags=["experiments"])
    def restore_experiment(id: Number) -> Response:
        """Take it out of the trash with the runs that went along; answers the experiment."""
        return answer(experiments.restore(store, id))


def _of_runs(routes: APIRouter, store: Store) -> None:
    @routes.get("/runs/columns", tags=["runs"])
    @in_lane
    def names(
        experiment: str | None = None,
        filter: Annotated[str, Query(max_length=MAX_LENGTH, description="Only of runs that fit it.")] = "",
        newest: Annotated[int | None, Query(ge=1, le=MOST_RUNS, description="Only of so many runs.")] = None,
    ) -> Response:
        """{"metrics", "params", "tags": [{"name", "runs"}]}: what runs have, most frequent first."""
        return answer(columns.columns(store, experiment, filter, newest))

    @routes.get("/runs/sparks", tags=["runs"])
    @in_lane
    def glances(
        run: Run, key: Annotated[list[str], Query(max_length=100)], points: Annotated[int, Query(ge=2, le=100)] = 32
    ) -> Response:
        """{run id: {metric: [values]}} at evenly spaced steps: a curve in a cell."""
        return answer(sparks.sparks(store, run, key, points))

    @routes.get("/runs/series", tags=["runs"])
    @in_lane
    def series(
        run: Run,
        key: Keys = None,
        points: Points = 500,
        by: Literal["step", "time"] = "step",
        thin: Literal["extremes", "lttb"] = "extremes",
        first: Annotated[int | None, Query(ge=-(2**63), lt=2**63, description="First step wanted.")] = None,
        last: Annotated[int | None, Query(ge=-(2**63), lt=2**63, description="Last step wanted.")] = None,
    ) -> Response:
        """{run id: {metric: {"step": [], "time": [], "value": []}}} of many runs, thinned; one snapshot."""
        asked = points * (store.count_series(run) if key is None else len(run) * len(key))
        if asked > POINTS_AT_ONCE:
            expected, cure = f"at most {POINTS_AT_ONCE:,}", "Ask for fewer points a metric."
            raise WrongInput("too much for one answer", f"{asked:,} points", expected, cure, field="points")
        low, high = (-(2**63) if first is None else first), (2**63 - 1 if last is None else last)
        steps = None if first is None and last is None else (low, high)
        return answer(store.series(run, key, points, by, thin, steps))

    @routes.get("/runs/since", tags=["runs"])
    @in_lane
    def since(time: Annotated[int, Query(ge=0, lt=2**62, description="Milliseconds since 1970.")]) -> Response:
        """What has ended, failed or raised an alert since then, and what runs now."""
        return answer(summary.since(store, time))

    @routes.post("/runs/archive", tags=["runs"])
    def archive(body: Archive) -> Response:
        """Put runs away, or bring them back; {"run_ids": those that were not there yet}."""
        return answer({"run_ids": marks.archive(store, body.run_ids, body.archived)})

    @routes.patch("/runs/{run_id}", tags=["runs"])
    def mark(run_id: str, body: marks.Marks) -> Response:
        """Change a run's name, note or tags, or put it away; answers the run."""
        return answer(marks.mark(store, run_id, body))


def _trash(routes: APIRouter, store: Store) -> None:
    @routes.post("/trash", tags=["runs"])
    def delete(body: Chosen) -> Response:
        """Put runs into the trash, where they keep everything; {"run_ids": those that were not there yet}."""
        return answer({"run_ids": store.delete_runs(body.run_ids)})

    @routes.post("/trash/size", tags=["runs"])
    def size(body: Chosen) -> Response:
        """{"runs", "files", "bytes"}: what would go with these runs if they were deleted for good."""
        return answer(store.size_of(body.run_ids))

    @routes.post("/trash/restore", tags=["runs"])
    def restore(body: Chosen) -> Response:
        """Take runs out of the trash; {"run_ids": those that were in it}."""
        return answer({"run_ids": store.restore_runs(body.run_ids)})

    @routes.post("/trash/remove", tags=["runs"])
    def remove(body: Chosen) -> Response:
        """Delete runs of the trash for good, with their numbers and files; {"run_ids": those that are gone}."""
        return answer({"run_ids": store.remove_runs(body.run_ids)})


def _views(routes: APIRouter, store: Store) -> None:
    @routes.get("/views", tags=["views"])
    def saved() -> Response:
        """[{"name", "page", "query", "home", "updated"}], by name."""
        return answer(views.views(store))

    @routes.put("/views/{name:path}", tags=["views"])
    def keep(name: str, body: views.View) -> Response:
        """Keep a view under a name; answers all views."""
        return answer(views.keep(store, name, body))

    @routes.delete("/views/{name:path}", tags=["views"])
    def forget(name: str) -> Response:
        """Forget a view; answers the others."""
        return answer(views.forget(store, name))
