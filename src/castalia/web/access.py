"""What every route asks of who calls it: one table. A route that is not in it is refused, whoever asks.

The gate hangs on the routes themselves, so that what is decided on is what is then run. Routes of the protocol
say it in their own table (``Route.writes``, ``Route.admin``); all others are named here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from castalia.check.loopback import only_here
from castalia.core.errors import CastaliaError, Refused
from castalia.track.asking import PERSON
from castalia.track.protocol.routes import PREFIXES, Table
from castalia.track.protocol.wire import Route
from castalia.web.tokens import Person, Role


@dataclass(frozen=True)
class Need:
    """The least role; ``here``: a client on this machine too, token or not, since it is the learner's own."""

    role: Role
    here: bool = False


OPEN, READ, WRITE, ADMIN = (Need(role) for role in Role)
HERE = Need(Role.ADMIN, here=True)

OPEN_PATHS = ("/health", "/login")
"""What answers without a token: whether we are up, and the page that asks for one, which the guard answers itself."""

_FILES = "2.0/mlflow-artifacts"
_PROXY: dict[str, Need] = {
    f"GET {_FILES}/artifacts": READ,
    f"GET {_FILES}/artifacts/{{path:path}}": READ,
    f"PUT {_FILES}/artifacts/{{path:path}}": WRITE,
    f"DELETE {_FILES}/artifacts/{{path:path}}": ADMIN,  # there is no trash for files
    f"GET {_FILES}/presigned/{{path:path}}": READ,
    f"POST {_FILES}/mpu/create/{{path:path}}": WRITE,
    f"PUT {_FILES}/mpu/part/{{upload}}/{{number:int}}": WRITE,
    f"POST {_FILES}/mpu/complete/{{path:path}}": WRITE,
    f"POST {_FILES}/mpu/abort/{{path:path}}": WRITE,
    "POST 2.0/mlflow/upload-artifact": WRITE,
    "* {rest:path}": READ,  # answers that nothing is there
}

NEEDS: Mapping[str, Need] = {
    "GET /health": OPEN,
    "GET /version": READ,
    "GET /openapi.json": READ,
    "GET /docs": READ,
    "GET /": READ,
    "GET /app": READ,
    "GET /app/vendor/plotly.min.js": READ,
    "GET /app/assets/{name:path}": READ,
    "GET /app/{route:path}": READ,
    "GET /systems": READ,
    "GET /systems/{name}": READ,
    "GET /systems/{name}/source": READ,
    "GET /systems/{name}/lesson": READ,
    "GET /projects": READ,
    "GET /manual": READ,
    "GET /manual/{name}": READ,
    "GET /projects/{name}": READ,
    "GET /projects/{name}/names": READ,
    # A question changes nothing; a further verb may write (faces:enroll).
    "POST /systems/{name}": READ,
    "POST /systems/{name}:predict": READ,
    "POST /systems/{name}/view": READ,
    "POST /systems/{name}:{verb}": WRITE,
    "POST /systems/{name}/fit": WRITE,
    "GET /jobs": READ,
    "GET /jobs/{id}": READ,
    "GET /jobs/{id}/log": READ,
    "GET /jobs/{id}/output": READ,
    "GET /jobs/{id}/events": READ,
    "POST /jobs/{id}/cancel": WRITE,
    "POST /jobs/{id}/resume": WRITE,
    "GET /runs": READ,
    "GET /runs/columns": READ,
    "GET /runs/sparks": READ,
    "GET /runs/series": READ,
    "GET /runs/compare": READ,
    "GET /runs/compare/code": READ,
    "GET /runs/compare/commits": ADMIN,  # any two commits of the operator's repository: tags of runs name them
    "GET /runs/compare/environment": READ,
    "GET /runs/compare/report": READ,
    "GET /runs/curves": READ,
    "GET /runs/bands": READ,
    "GET /runs/importance": READ,
    "GET /runs/since": READ,
    "GET /runs/{run_id}": READ,
    "POST /runs/archive": WRITE,
    "PATCH /runs/{run_id}": WRITE,
    "GET /runs/{run_id}/metrics": READ,
    "GET /runs/{run_id}/events": READ,
    "GET /runs/{run_id}/artifacts": READ,
    "GET /runs/{run_id}/artifacts/{name:path}": READ,
    "PUT /runs/{run_id}/artifacts/{name:path}": WRITE,
    "GET /runs/{run_id}/archive.zip": READ,
    "GET /runs/{run_id}/rows/{name:path}": READ,
    "GET /runs/{run_id}/alerts": READ,
    "POST /runs/ingest": WRITE,
    "GET /get-artifact": READ,
    "GET /model-versions/get-artifact": READ,
    "GET //model-versions/get-artifact": READ,
    "POST /trash": WRITE,
    "POST /trash/size": READ,
    "POST /trash/restore": WRITE,
    "POST /trash/remove": ADMIN,
    "GET /views": READ,
    "PUT /views/{name:path}": WRITE,
    "DELETE /views/{name:path}": WRITE,
    "GET /experiments": READ,
    "GET /experiments/{id}": READ,
    "PATCH /experiments/{id}": WRITE,
    "POST /experiments/{id}/trash": WRITE,
    "POST /experiments/{id}/restore": WRITE,
    "GET /notices": READ,
    "GET /notices/events": READ,
    "GET /notices/rules": READ,
    # A rule with a webhook takes an admin, which the routes ask themselves.
    "POST /notices/rules": WRITE,
    "PUT /notices/rules/{id}": WRITE,
    "DELETE /notices/rules/{id}": WRITE,
    "POST /notices/rules/{id}/test": WRITE,
    "GET /models": READ,
    "GET /models/{name}": READ,
    "PATCH /models/{name}": WRITE,
    "GET /models/{name}/compare": READ,
    "GET /models/{name}/promotions": READ,
    "POST /models/{name}/promotions": WRITE,
    "GET /models/{name}/versions/{version}": READ,
    "PATCH /models/{name}/versions/{version}": WRITE,
    "GET /models/{name}/versions/{version}/card": READ,
    "GET /models/{name}/versions/{version}/files": READ,
    "GET /models/{name}/versions/{version}/artifacts/{path:path}": READ,
    "GET /models/{name}/versions/{version}/rows/{path:path}": READ,
    "PUT /models/{name}/aliases/{alias}": WRITE,
    "DELETE /models/{name}/aliases/{alias}": WRITE,
    "GET /data": READ,
    "GET /data/{name}": READ,
    "POST /data": WRITE,
    "GET /checks": HERE,
    "GET /checks/{name}": HERE,
    "PUT /checks/{name}/draft": HERE,
    "POST /checks/{name}": HERE,
    "PUT /checks/{name}/place": HERE,
    "POST /checks/{name}/stubs": HERE,
    "POST /checks/{name}/hint": HERE,
    "GET /checks/{name}/solution": HERE,
    "POST /checks/{name}/solution": HERE,
    "GET /today": HERE,
    "GET /today/begun": READ,  # no, to everybody elsewhere
    "GET /today/bug": HERE,
    "POST /today/park": HERE,
    "POST /today/known": HERE,
    "POST /today/gap": HERE,
    "POST /today/done": HERE,
    "GET /plan/goals": HERE,
    "POST /plan/preview": HERE,
    "PUT /plan": HERE,
    "POST /plan/about": HERE,
    "POST /plan/question": HERE,
    "POST /plan/resource": HERE,
    **{f"{key.partition(' ')[0]} {prefix}/{key.partition(' ')[2]}": need
       for prefix in PREFIXES for key, need in _PROXY.items()},
}  # fmt: skip
"""``METHOD template`` -> what it needs. HEAD is as GET; ``*`` is every method of a route that takes all."""

NEED, TEMPLATE = "castalia_need", "castalia_template"
"""Where the scope of a request holds what was found needed, and the route."""

Handle = Callable[[Scope, Receive, Send], Awaitable[None]]


class Denied(Exception):
    """The gate's refusal on its way to the guard, which answers as it answers everything it refuses."""

    def __init__(self, error: CastaliaError) -> None:
        self.error = error
        super().__init__(str(error))


def undeclared() -> Refused:
    """Why nobody may call a route that has no line in the table."""
    return Refused("nobody is let in here", "a route that does not say what it needs", "its line in NEEDS")


def of_protocol(route: Route) -> Need:
    """What a route of the protocol needs."""
    if route.admin:
        return ADMIN
    return READ if route.method == "GET" or not route.writes else WRITE


def gate(routes: Iterable[BaseRoute]) -> None:
    """Put a gate before every route, once all are there."""
    for context in iter_route_contexts(list(routes)):
        route = context.original_route
        made = TableGate(route) if isinstance(route, Table) else _Gate(route, context.path or "", context.methods)
        setattr(route, "handle", made)  # noqa: B010  a method of the class, replaced on this one route


class _Gate:
    """In the place of a route's ``handle``."""

    def __init__(self, route: BaseRoute, template: str, methods: Iterable[str] | None) -> None:
        self._next: Handle = route.handle
        self.template = template
        self.any_method = methods is None
        self.methods = frozenset(methods or ())

    def need(self, method: str) -> Need | None:
        """What a method of it needs; None where nobody declared it."""
        if self.any_method:
            return NEEDS.get(f"* {self.template}")
        return NEEDS.get(f"{'GET' if method == 'HEAD' else method} {self.template}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request on to its route, or raise Denied."""
        method = scope["method"]
        if self.any_method or method in self.methods:
            _admit(scope, self.need(method), self.template)
        await self._next(scope, receive, send)  # of a method it does not take the route says so itself


class TableGate:
    """The same for all routes of the protocol, which are one route."""

    def __init__(self, table: Table) -> None:
        self._next: Handle = table.handle

    def admit(self, scope: Scope) -> None:
        """Raise Denied unless who asks may do it."""
        methods: dict[str, Route] = scope["castalia_methods"]
        method = scope["method"]
        route = methods.get("GET" if method == "HEAD" else method)
        if route is not None:
            _admit(scope, of_protocol(route), route.path)
        elif method == "OPTIONS":
            _admit(scope, READ, "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request on to the table, or raise Denied."""
        self.admit(scope)
        await self._next(scope, receive, send)


def _admit(scope: Scope, need: Need | None, template: str) -> None:
    person: Person | None = scope.get(PERSON)
    scope[TEMPLATE] = template
    if need is None:
        raise Denied(undeclared())
    role = person.role if person else Role.NOBODY
    if role < need.role:
        wanted = need.role.name.lower()
        cure = f"Ask whoever runs this workbench for a token made with: castalia tokens add NAME --role {wanted}"
        raise Denied(Refused(f"this takes the role {wanted}", f"a token of a {role.name.lower()}", "", cure))
    if need.here:
        try:
            only_here(Request(scope))
        except Refused as error:
            raise Denied(error) from None
    scope[NEED] = need
    scope["castalia_admin"] = role >= Role.ADMIN
