"""Checks over HTTP: what can be built, a draft to work on, its check, hints by rung, the solution under its cover.

The workbench runs no contract and no learner's code: a child does (castalia.check.served), one check at a time. Drafts,
reports and evidence are the learner's own: these routes answer only to a client on this machine, token or not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from castalia import catalog
from castalia.check import child, contracts, desk, drafts, workplace
from castalia.check.loopback import only_here
from castalia.check.result import whole
from castalia.core.errors import CastaliaError, Conflict, NotFound, Refused, Unavailable, WrongInput
from castalia.core.evidence import Evidence, hints_read
from castalia.core.record import Record, shown
from castalia.core.settings import Settings
from castalia.jobs.http import clean

CHECK_SECONDS = 900.0
SHORT_SECONDS = 60.0
DESCRIBE_SECONDS = 20.0
CHILDREN = 2
"""So many short orders run at once; further ones wait."""
TURN_SECONDS = 2.0
"""How long a check waits for the one before it, which may have been cancelled a moment ago."""

_NAME = re.compile(r"([a-z][a-z0-9_-]{0,39}/)?[a-z][a-z0-9_]{0,39}")

Name = Annotated[str, Path(description="An exercise or a project: softmax, churn, yours~recommender.", max_length=100)]


class DraftText(Record):
    """The learner's text, and which one it grew from."""

    text: str = Field(description="Python source, at most 256 kB.")
    base: str | None = Field(None, max_length=64, description='The "tag" of the draft that was read last.')
    place: str = Field("", max_length=20, description='The "chosen" that the text was read with.')


class CheckRequest(Record):
    """What to check. Without a text: the draft as it was saved."""

    text: str | None = Field(None, description="Saved as the draft first.")
    base: str | None = Field(None, max_length=64, description="As with PUT .../draft.")
    place: str = Field("", max_length=20, description="As with PUT .../draft.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Make the same inputs again; new ones without it.")
    all: bool = Field(False, description="Go on after the first failure, and check the claims beyond the core too.")
    milestone: str | None = Field(None, pattern=r"^M[1-9][0-9]?$", description="Only this one.")


class PlaceRequest(Record):
    """Which file the page works on."""

    place: str = Field("", max_length=20, description='The id of one of "places"; empty for the page\'s own text.')


class HintRequest(Record):
    """Which kind of help."""

    for_assistant: bool = Field(False, description="A text to paste, which holds no hint and asks for no solution.")


class OpenRequest(Record):
    """Nothing to choose: {}."""


def router(settings: Settings, scrub: Callable[[str], str] = str) -> APIRouter:
    """The routes under /checks. ``scrub`` takes this machine's folders out of everything a client is shown."""
    routes = APIRouter(prefix="/checks", tags=["checks"], dependencies=[Depends(only_here)])
    counter = Counter(settings)

    def told(content: Any, **texts: Any) -> Response:
        """JSON; ``texts`` are sources, which stay as they are: a scrubbed one would be saved back changed."""
        cleaned = clean(content, scrub)
        return Response(orjson.dumps({**cleaned, **texts} if texts else cleaned), media_type="application/json")

    async def opening(name: str, opened: bool, request: Request) -> Response:
        order = {"do": "solution", "name": name, "opened": opened}
        found = await counter.short(order, request)
        return told({"warnings": found["warnings"]}, files=found["files"])

    @routes.get("", summary="What can be built here and checked", response_model=None)
    async def checks(request: Request) -> Response:
        names = await run_in_threadpool(contracts.names, settings)
        described = await counter.described(names, request)
        return told([await run_in_threadpool(_line, settings, name, described[name]) for name in names])

    @routes.get("/{name}", summary="One of them: claims, draft, last report, hints read", response_model=None)
    async def one(name: Name, request: Request) -> Response:
        known, about = await counter.known(name, request)
        view = await run_in_threadpool(_view, settings, known, about)
        return told(view, **{key: view[key] for key in ("interface", "start", "draft")})

    @routes.put("/{name}/draft", summary="Save the draft", response_model=None)
    async def draft(name: Name, sent: DraftText) -> Response:
        known = await run_in_threadpool(_known, settings, name)
        kept = await run_in_threadpool(_saved, settings, known, sent.text, sent)
        return told({}, **kept.as_dict())

    @routes.post("/{name}", summary="Check the draft: the report", response_model=None)
    async def check(name: Name, asked: CheckRequest, request: Request) -> Response:
        known = await run_in_threadpool(_known, settings, name)
        kept = await run_in_threadpool(_draft, settings, known, asked)
        own = workplace.chosen(settings.home, known)
        order = {"do": "check", "name": known, "at": str(drafts.place(settings.home, known)), "seed": asked.seed,
                 "all": asked.all, "milestone": asked.milestone, "draft": own is None}  # fmt: skip
        async with counter.one_check():
            found = await counter.ask(order, CHECK_SECONDS, request)
        more = {"warnings": found["warnings"], "stubs": found["stubs"]}
        return told({**found["report"], **more}, draft=kept.as_dict())

    @routes.put("/{name}/place", summary="Work on a file of yours, or on the page's own text", response_model=None)
    async def place(name: Name, asked: PlaceRequest) -> Response:
        known = await run_in_threadpool(_known, settings, name)
        await run_in_threadpool(workplace.choose, settings.home, known, asked.place)
        return told({"place": asked.place})

    @routes.post("/{name}/stubs", summary="Add the next milestone's stubs to your file", response_model=None)
    async def stubs(name: Name, request: Request, asked: OpenRequest | None = None) -> Response:
        known = await run_in_threadpool(_known, settings, name)
        own = await run_in_threadpool(workplace.chosen, settings.home, known)
        if own is None:
            cure = "The page's own text holds the stubs of every milestone from the beginning."
            raise Unavailable("stubs are added to a file of yours", "the page's own text", "a chosen file", cure)
        return told(await counter.short({"do": "stubs", "name": known, "at": str(own.path)}, request))

    @routes.post("/{name}/hint", summary="The next hint for the claim that failed last", response_model=None)
    async def hint(name: Name, request: Request, asked: HintRequest | None = None) -> Response:
        known = await run_in_threadpool(_known, settings, name)
        order = {"do": "hint", "name": known, "for_assistant": bool(asked and asked.for_assistant)}
        found = await counter.short(order, request)
        return told({**found["hint"], "warnings": found["warnings"]})

    @routes.get("/{name}/solution", summary="The solution, where it was opened before", response_model=None)
    async def solution(name: Name, request: Request) -> Response:
        known, about = await counter.known(name, request)
        if not await run_in_threadpool(_opened, settings, about):
            cure = f"POST /checks/{name}/solution opens it; that is noted and lowers the evidence."
            raise Refused(f"the solution of {known} is covered", "not opened yet", "", cure)
        return await opening(known, True, request)

    @routes.post("/{name}/solution", summary="Open the solution; it is noted in the evidence", response_model=None)
    async def open_solution(name: Name, request: Request, asked: OpenRequest | None = None) -> Response:
        known, _ = await counter.known(name, request)
        return await opening(known, False, request)

    return routes


class Counter:
    """Where orders wait for a child: one check at a time, a few short ones beside it, descriptions remembered."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._checking = asyncio.Lock()
        self._few = asyncio.Semaphore(CHILDREN)
        self._described: dict[str, tuple[Any, dict[str, Any]]] = {}

    async def ask(self, order: dict[str, Any], seconds: float, request: Request) -> Any:
        """A child's answer; the child ends with the request."""
        known = self.settings
        told = {"home": str(known.home), "data": list(map(str, known.data)), "offline": known.offline}
        try:
            return await child.ask({**order, "settings": told}, seconds, request.is_disconnected)
        except child.Left:
            raise Conflict("the client left before the answer") from None

    async def short(self, order: dict[str, Any], request: Request) -> Any:
        """The answer to an order that takes a moment; a few at once, the others wait."""
        async with self._few:
            return await self.ask(order, SHORT_SECONDS, request)

    @asynccontextmanager
    async def one_check(self) -> AsyncIterator[None]:
        """The turn to check. Conflict while another check is running."""
        try:
            await asyncio.wait_for(self._checking.acquire(), TURN_SECONDS)
        except TimeoutError:
            cure = "Wait until it is done, or cancel it where it was started."
            raise Conflict("a check is running", "a second one", "one check at a time", cure) from None
        try:
            yield
        finally:
            self._checking.release()

    async def described(self, names: list[str], request: Request) -> dict[str, dict[str, Any]]:
        """What the contracts ask for; asked of a child where a file of theirs changed since."""
        stamps = {name: await run_in_threadpool(_stamp, name, self.settings) for name in names}
        stale = [name for name in names if self._described.get(name, (None,))[0] != stamps[name]]
        if stale:
            found = await self._describe(stale, request)
            self._described |= {name: (stamps[name], found[name]) for name in stale}
        return {name: self._described[name][1] for name in names}

    async def _describe(self, names: list[str], request: Request) -> dict[str, dict[str, Any]]:
        """All in one child; where one contract ends it or never ends, each by itself, so that the others are told."""
        try:
            async with self._few:
                found: dict[str, dict[str, Any]] = await self.ask(
                    {"do": "describe", "names": names}, DESCRIBE_SECONDS, request
                )
            return found
        except Unavailable as error:
            if len(names) == 1:
                return {names[0]: {"problem": error.as_dict()}}
        return {name: (await self._describe([name], request))[name] for name in names}

    async def known(self, name: str, request: Request) -> tuple[str, dict[str, Any]]:
        """The contract's name and description. NotFound, or the error of a contract that cannot be read."""
        known = await run_in_threadpool(_known, self.settings, name)
        about = (await self.described([known], request))[known]
        if "problem" in about:
            raise CastaliaError(**about["problem"])
        return known, about


def _known(settings: Settings, name: str) -> str:
    """The contract's name for the one in an address; NotFound for any other text."""
    plain = name.replace("~", "/", 1)
    try:
        if _NAME.fullmatch(plain):
            contracts.folder(plain, settings)
            return plain
    except WrongInput:
        pass
    raise NotFound(f"nothing to check is called {shown(plain, 60)}", cure="GET /checks lists what there is.")


def _stamp(name: str, settings: Settings) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of the files that a description is read from."""
    found = []
    for path in sorted(contracts.folder(name, settings).iterdir()):
        if path.suffix in (".py", ".toml"):
            stat = path.stat()
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _draft(settings: Settings, name: str, asked: CheckRequest) -> drafts.Draft:
    if asked.text is not None:
        return _saved(settings, name, asked.text, asked)
    kept = drafts.read(settings.home, name)
    if kept is None:
        raise NotFound(f"there is no draft of {name} yet", "no text", "a draft", 'Send it: {"text": "..."}')
    return kept


def _saved(settings: Settings, name: str, text: str, sent: DraftText | CheckRequest) -> drafts.Draft:
    """Keep a text, but never in another file than the one that it was read from."""
    own = workplace.chosen(settings.home, name)
    if sent.place != (own.id if own else ""):
        cure = "Reload the page; what you wrote is still in it."
        words = own.label if own else "the page's own text"
        raise Conflict("the page works on another file by now", words, "the file this text is of", cure)
    return drafts.save(settings.home, name, text, sent.base)


def _line(settings: Settings, name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """One of the list; a contract that cannot be read says why."""
    if "problem" in about:
        return {**_card(settings, name), "summary": "", "milestones": [], "last": None, "problem": about["problem"]}
    milestones = [{**each, "claims": len(each["claims"])} for each in about["milestones"]]
    last = _last(settings, name, about)
    brief = last and {key: last[key] for key in ("outcome", "checked", "passed", "current")}
    return {**_card(settings, name), "summary": about["summary"], "milestones": milestones, "last": brief}


def _card(settings: Settings, name: str) -> dict[str, Any]:
    told = {"name": name, "address": name.replace("/", "~")}
    if contracts.folder(name, settings).parent == contracts.EXERCISES:
        return {**told, "title": name.replace("_", " ").capitalize(), "kind": "exercise", "system": False}
    card = catalog.card(name, settings)
    return {**told, "title": card.title, "kind": "project", "system": card.is_system}


def _view(settings: Settings, name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the page of one contract shows. Of the hints only those that were read."""
    events, warnings = _events(settings, about["project"])
    read = {
        claim["id"]: hints_read(events, claim["id"], about["contract_hash"])
        for each in about["milestones"]
        for claim in each["claims"]
    }
    milestones = [
        {**each, "claims": [{**claim, "hints": claim["hints"][: read[claim["id"]]]} for claim in each["claims"]]}
        for each in about["milestones"]
    ]
    try:
        draft, problem = drafts.read(settings.home, name), None
    except CastaliaError as error:
        draft, problem = None, error.as_dict()
    own = workplace.chosen(settings.home, name)
    drafted = f"$CASTALIA_HOME/drafts/{name}.py"
    return {
        **_card(settings, name),
        **{key: about[key] for key in ("project", "contract_hash", "summary", "interface", "start")},
        "file": f"{about['project']}.py",
        "place": own.label if own else drafted,
        "chosen": own.id if own else "",
        "places": [{"id": each.id, "label": each.label} for each in workplace.known(settings.home, name)],
        "rungs": desk.RUNGS,
        "milestones": milestones,
        "draft": draft.as_dict() if draft else None,
        "draft_problem": problem,
        "last": _last(settings, name, about),
        "opened": any(event.kind == "spoiler" for event in events),
        "warnings": warnings,
    }


def _last(settings: Settings, name: str, about: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last report without the place of the file: its name, and whether it was this draft."""
    try:
        report = desk.last_report(settings.home, name)
    except NotFound:
        return None
    at = FilePath(str(report.pop("at", "")))
    passed = sum(each.get("outcome") == "pass" for each in report["claims"] if isinstance(each, dict))
    own = str(at) == whole(str(drafts.place(settings.home, name).resolve()))
    file = at.name if at.suffix == ".py" else f"{about['project']}.py"
    current = report.get("contract_hash") == about["contract_hash"]
    return {**report, "file": file, "of_draft": own, "passed": passed, "current": current}


def _events(settings: Settings, project: str) -> tuple[list[Any], list[str]]:
    evidence = Evidence(settings.home)
    try:
        found = evidence.counted(project)
        aside = evidence.set_aside
        return found, [f"{aside} lines of the evidence could not be read and were set aside"] if aside else []
    except (CastaliaError, OSError) as error:
        return [], [f"the evidence cannot be read: {' '.join(str(error).split())}"]


def _opened(settings: Settings, about: Mapping[str, Any]) -> bool:
    return any(event.kind == "spoiler" for event in _events(settings, about["project"])[0])
