"""What runs inside a child: the entry of a fit job, and the handler of a host.

This is the only module that ``jobs`` starts by name; everything a project does happens below it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from castalia import catalog
from castalia.catalog import Card
from castalia.core.errors import CastaliaError, NotFound, Stopped, WrongInput, did_you_mean
from castalia.core.fields import Table
from castalia.core.record import Record
from castalia.core.settings import Settings
from castalia.core.system import Run, System
from castalia.jobs import JobContext
from castalia.runtime.description import keep_shape, shape
from castalia.runtime.fitting import Plan, carry_out, plan, work_folder
from castalia.runtime.opening import missing_extra, open_version, resolve

Handler = Callable[[str, Any], Any]


def fit(context: JobContext, plan: dict[str, Any], home: str) -> dict[str, Any]:
    """The entry of a fit job. A later attempt goes on where ``run.folder`` says."""
    from castalia.track import Store, TrackedRun

    settings = with_home(home)
    planned = Plan.of(plan)
    folder = work_folder(settings, planned.run_id)
    with Store.of(settings) as store:
        store.finish(planned.run_id, "running")
        tracked = TrackedRun(store, planned.run_id, folder=folder, should_stop=context.stop_asked, emit=context.emit)
        with tracked:
            return carry_out(planned, planned.run_id, tracked, store, settings).as_dict()


def with_home(home: str) -> Settings:
    """The settings of this child: its parent's environment, and the parent's home."""
    os.environ["CASTALIA_HOME"] = home
    return Settings.read()


def draw(address: str, home: str) -> Handler:
    """A short-lived host that imports a project only to describe it (``describe``) or to check a fit (``plan``)."""
    settings = with_home(home)

    def handle(op: str, payload: Any) -> Any:
        card = catalog.card(address, settings)
        with named(card):
            if op == "plan":
                return asdict(plan(address, settings=settings, **payload)[0])
            drawn = shape(card, settings)
        keep_shape(card, drawn, settings)
        return drawn

    return handle


def serve(address: str, home: str) -> Handler:
    """A host that keeps one model open: the version at ``address``, or a quick fit where there is none."""
    settings = with_home(home)
    target = resolve(address, settings)
    with named(target.card):
        system = quick_fit(target.card, settings) if target.version is None else open_version(target, settings)
    return functools.partial(answer, system, target.card, target.label)


@contextlib.contextmanager
def named(card: Card) -> Iterator[None]:
    """Whatever a project's own code raises becomes an error that names the project, without our paths."""
    try:
        yield
    except CastaliaError:
        raise
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        safe = isinstance(error, SyntaxError | ImportError | NameError | AttributeError | TypeError | SystemExit)
        got = f"{type(error).__name__}: {error}" if safe else type(error).__name__
        got = got.replace(str(card.folder), card.address)
        cure = f"castalia show {card.address} --debug shows where."
        raise CastaliaError(f"{card.address} does not start", got, "code that imports and fits", cure) from None


class Untracked(Run):
    """A run that keeps nothing: for the quick fit behind a system that has no version yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.device = folder, "cpu"

    def log(self, step: int, **values: float) -> None:
        return

    def progress(self, done: float, total: float) -> None:
        return

    def artifact(self, name: str, content: object) -> None:
        return

    def child(self, name: str) -> Run:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Untracked(folder)


def quick_fit(card: Card, settings: Settings) -> System[Any, Any, Any]:
    """The system as ``QUICK`` makes it, in seconds, forgotten with this process."""
    cls = catalog.system_class(card.address, settings)
    system = cls(cls.QUICK)
    if cls.can("fit"):
        try:
            with tempfile.TemporaryDirectory(prefix="castalia-quick-") as folder:
                system.fit(Untracked(Path(folder)))
        except ImportError as error:
            raise missing_extra(card, error) from None
    return system


def answer(system: System[Any, Any, Any], card: Card, label: str, op: str, payload: Any) -> Any:
    """One question to an open model: op is ``call``, ``tell``, ``predict`` or ``view``."""
    operations = {"call": _call, "tell": _tell, "predict": _predict, "view": _view}
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            value = operations[op](system, card, payload)
        except (CastaliaError, Stopped):
            raise
        except Exception as error:
            # The traceback stays in the host's log; a client learns the kind of failure, not our paths.
            traceback.print_exc()
            cure = "Its log and castalia call --debug show where."
            raise CastaliaError(f"{label} failed to answer", type(error).__name__, "an answer", cure) from None
    if isinstance(value, Iterator):
        return value
    noted = [str(item.message) for item in caught if issubclass(item.category, UserWarning)]
    return {"output": value, "warnings": noted, "seconds": time.perf_counter() - started}


def _asked(system: System[Any, Any, Any], card: Card, payload: Mapping[str, Any]) -> tuple[Callable[..., Any], Record]:
    name = payload.get("verb", "")
    if not name:
        question: Record = system.input.parse(payload["input"], card.address)
        return system, question
    if name not in system.verbs:
        known = list(system.verbs)
        hint = did_you_mean(name, known).strip() or f"GET /systems/{card.address.replace('/', '~')} lists its verbs."
        expected = f"one of {', '.join(known)}" if known else "no verb: it answers one kind of question"
        raise NotFound(f"{card.address} has no verb {name!r}", name, expected, hint)
    return getattr(system, name), system.verbs[name].input.parse(payload["input"], f"{card.address}:{name}")


def _checked(system: System[Any, Any, Any], verb: str, output: Any) -> dict[str, Any]:
    expected = system.verbs[verb].output if verb else type(system).Output
    name = type(system).__name__
    assert isinstance(output, expected), f"{name} answered {type(output).__name__}, not {expected.__name__}"
    plain: dict[str, Any] = output.plain()
    return plain


def _call(system: System[Any, Any, Any], card: Card, payload: Mapping[str, Any]) -> dict[str, Any]:
    ask, question = _asked(system, card, payload)
    return _checked(system, payload.get("verb", ""), ask(question))


def _tell(system: System[Any, Any, Any], card: Card, payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    ask, question = _asked(system, card, payload)
    verb = payload.get("verb", "")
    bits = system.tell(question) if not verb else ask(question)
    return (_checked(system, verb, bit) for bit in bits)


def _predict(system: System[Any, Any, Any], card: Card, payload: Mapping[str, Any]) -> dict[str, Any]:
    if not type(system).can("predict"):
        raise WrongInput(f"{card.address} does not take tables", cure=f"castalia call {card.address}")
    try:
        table = Table.of(payload)
    except ValueError as error:
        raise WrongInput(f"{card.address}: the table does not fit", expected=str(error), field="columns") from None
    return system.predict(table).plain()


def _view(system: System[Any, Any, Any], card: Card, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    view = catalog.view_module(card)
    if view is None:
        raise NotFound(f"{card.address} has no view", cure=f"castalia show {card.address}")
    figures = view.figures(system, view.Controls.parse(payload, f"{card.address}: the controls"))
    return [figure.plain() for figure in figures]
