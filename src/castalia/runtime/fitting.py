"""fit: from parameters to a tracked run, held-out metrics and an immutable version.

The order makes a kill at any moment harmless: the run exists before the work starts; what the
system keeps in ``run.folder`` is found again by the next attempt; the version's files are complete
and hashed in a draft folder before a number is given; a version is seen only when it is whole.
"""

from __future__ import annotations

import datetime
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castalia import catalog
from castalia.catalog import Card
from castalia.core.errors import Conflict, NotFound, WrongInput
from castalia.core.example import example_of
from castalia.core.fields import GENERATED, Dataset
from castalia.core.record import Record, shown
from castalia.core.rows import Row
from castalia.core.settings import Settings
from castalia.core.system import Placement, System
from castalia.runtime import manifest as manifests
from castalia.runtime.manifest import Manifest
from castalia.runtime.opening import known_versions, missing_extra, model_name, own_versions

if TYPE_CHECKING:
    from castalia.jobs import Job, Jobs
    from castalia.track import Store, TrackedRun


MODEL = r"[a-z][a-z0-9_-]{0,63}"
"""The name of a model, as an address can hold it."""


@dataclass(frozen=True)
class Fitted:
    """What a fit left behind."""

    run_id: str
    model: str
    version: int | None
    """None for a quick fit: it makes no version."""
    metrics: dict[str, float]

    @property
    def label(self) -> str:
        """``churn@3``, the address to load it by."""
        return f"{self.model}@{self.version or 'quick'}"

    def as_dict(self) -> dict[str, Any]:
        """The object that ``castalia fit --json`` prints."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """A fit that was checked and can start: everything a child needs to know, as JSON."""

    address: str
    model: str
    params: dict[str, Any]
    quick: bool
    data: tuple[dict[str, Any], ...]
    run_id: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Plan:
        """The plan again, after it was JSON."""
        return cls(**{**values, "data": tuple(values["data"])})


def plan(
    address: str, params: Mapping[str, Any], *, quick: bool, as_: str | None, settings: Settings
) -> tuple[Plan, Card]:
    """Check everything that can be checked before the work starts: names, parameters, data."""
    where = catalog.parse(address)
    card = catalog.card(where.bare, settings)
    cls = catalog.system_class(card.address, settings)
    if not cls.can("fit"):
        raise WrongInput(f"{card.address} does not learn", cure=f"castalia call {card.address}")
    if card.missing():
        raise missing_extra(card, ImportError(name=card.extra))
    given = {**cls.QUICK.plain(), **params} if quick else dict(params)
    values = cls.Params.parse(given, f"{card.address}: the parameters")
    pinned, used = pin_data(values)
    model = _model(as_, model_name(where), card, settings)
    return Plan(card.address, model, pinned, quick, used), card


def _model(as_: str | None, own: str, card: Card, settings: Settings) -> str:
    if not as_ or as_ == own:
        return own
    if not re.fullmatch(MODEL, as_):
        cure = "Choose another with --as."
        raise WrongInput("not a name for a model", shown(as_), "a lower-case word such as sales", cure, field="as")
    try:
        taken = catalog.card(as_, settings)
        raise Conflict(f"{as_!r} is the name of a system", taken.title, "a free name", "Choose another with --as.")
    except NotFound:
        pass
    before = known_versions(as_, settings)
    if before and before[0].system != card.address:
        made = f"made by {before[0].system or 'another library'}"
        raise Conflict(f"the model {as_!r} exists", made, f"a name free or made by {card.address}", "Choose another.")
    return as_


def pin_data(values: Record) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """The parameters with every data set fixed to a version, and what is known of those data sets."""
    from castalia import data

    pinned = values.plain()
    used = []
    for name in type(values).model_fields:
        ref = getattr(values, name)
        if isinstance(ref, Dataset) and ref != GENERATED:
            found = data.pin(ref)
            if found.added:
                pinned[name] = f"{found.name}@{found.version}"
            facts = found._asdict()
            facts.pop("added")
            used.append({"field": name, **facts})
    return pinned, tuple(used)


def fit(
    address: str,
    params: Mapping[str, Any] | None = None,
    *,
    quick: bool = False,
    as_: str | None = None,
    settings: Settings | None = None,
) -> Fitted:
    """Fit in this process: a tracked run, and a version unless ``quick``."""
    from castalia.track import Store, TrackedRun

    settings = settings or Settings.read()
    planned, card = plan(address, params or {}, quick=quick, as_=as_, settings=settings)
    with Store.of(settings) as store:
        run_id = register(store, planned, card)
        with TrackedRun(store, run_id, folder=work_folder(settings, run_id)) as tracked:
            return carry_out(planned, run_id, tracked, store, settings)


def fit_here(
    address: str, *, quick: bool = False, as_: str | None = None, settings: Settings | None = None, **params: Any
) -> Fitted:
    """``castalia.fit("churn", data="telco", trees=200, as_="mine")``: learn in this process.

    Every other keyword is a field of the system's Params. Raises WrongInput for one that does not fit,
    NotFound for an unknown system or data set, Unavailable for a missing extra.
    """
    return fit(address, params, quick=quick, as_=as_, settings=settings)


def submit(
    jobs: Jobs,
    address: str,
    params: Mapping[str, Any] | None = None,
    *,
    quick: bool = False,
    as_: str | None = None,
    owner: str = "shell",
    settings: Settings | None = None,
    store: Store | None = None,
    planned: Plan | None = None,
) -> tuple[Job, str]:
    """Queue a fit as a job: (job, run id). The job's result is ``Fitted.as_dict()``.

    ``planned`` is a plan that was made elsewhere (``Hosts.plan``): the workbench does not import projects.
    """
    from castalia.track import Store as Opened

    settings = settings or Settings.read()
    if planned is None:
        planned, _ = plan(address, params or {}, quick=quick, as_=as_, settings=settings)
    card = catalog.card(planned.address, settings)
    run_id = register(store or Opened.open(settings.home), planned, card, status="queued")
    values = {**asdict(planned), "run_id": run_id, "data": list(planned.data)}
    title = f"{card.address}{' (quick)' if quick else ''}"
    arguments = {"plan": values, "home": str(settings.home)}
    job = jobs.start("castalia.runtime.work:fit", arguments, owner=owner, title=title)
    return job, run_id


def register(store: Store, planned: Plan, card: Card, status: str = "running") -> str:
    """Make the run before the work starts, with its parameters and the digests of its data."""
    tags = {"castalia.model": planned.model, "castalia.quick": str(planned.quick).lower()}
    for used in planned.data:
        tags[f"castalia.data.{used['field']}"] = f"{used['name']}@{used['version']} sha256:{used['digest']}"
    run_id: str = store.create_run(
        card.address, name=planned.model, params=planned.params, tags=tags, system=card.address, status=status
    )
    return run_id


def work_folder(settings: Settings, run_id: str) -> Path:
    """``Run.folder``: what fit finds here it continues from."""
    folder = settings.home / "work" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def carry_out(planned: Plan, run_id: str, run: TrackedRun, store: Store, settings: Settings) -> Fitted:
    """Learn and, unless quick, keep the version. Called again after a kill, it continues."""
    card = catalog.card(planned.address, settings)
    made = [version for version in own_versions(planned.model, settings, store) if version.run_id == run_id]
    if made:
        return Fitted(run_id, planned.model, made[0].version, made[0].metrics)
    cls = catalog.system_class(card.address, settings)
    system = cls(cls.Params.parse(planned.params, card.address))
    try:
        metrics = manifests.finite(system.fit(run), card.address)
    except ImportError as error:
        raise missing_extra(card, error) from None
    note_metrics(run, store, metrics)
    version = None if planned.quick else keep(system, planned, run_id, metrics, store, settings)
    shutil.rmtree(work_folder(settings, run_id), ignore_errors=True)
    return Fitted(run_id, planned.model, version, metrics)


def note_metrics(run: TrackedRun, store: Store, metrics: Mapping[str, float]) -> None:
    """Log the held-out metrics, after whatever the system logged under the same names."""
    run.flush()
    said = store.run(run.run_id)["summary"]
    now = time.time_ns() // 1_000_000
    steps = {name: said[name]["last_step"] + 1 if name in said else 0 for name in metrics}
    store.log_metrics(run.run_id, [(name, steps[name], now, value) for name, value in metrics.items()])


def keep(
    system: System[Any, Any, Any],
    planned: Plan,
    run_id: str,
    metrics: dict[str, float],
    store: Store,
    settings: Settings,
) -> int:
    """Write the version's files, hash them, give them a number, and let them be seen, in that order."""
    place = settings.home / "models" / planned.model
    draft = place / f".draft-{run_id}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    system.save(draft)
    digest = manifests.write(manifest_of(system, planned, run_id, metrics, draft, settings), draft)

    def put_in_place(number: int) -> Path:
        final = place / str(number)
        # A folder by this number can only be what a killed attempt of this same run left.
        shutil.rmtree(final, ignore_errors=True)
        return draft.rename(final)

    return store.add_version(planned.model, planned.address, run_id, put_in_place, metrics, digest)


def manifest_of(
    system: System[Any, Any, Any],
    planned: Plan,
    run_id: str,
    metrics: dict[str, float],
    folder: Path,
    settings: Settings,
) -> Manifest:
    """What is known about a version that ``save`` just wrote into ``folder``."""
    cls = type(system)
    own = system.input if isinstance(system.input, type) and issubclass(system.input, Row) else None
    return Manifest(
        model_format=cls.FORMAT,
        project=planned.address,
        model=planned.model,
        run_id=run_id,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        code=manifests.code_hash(catalog.card(planned.address, settings).folder),
        libraries=manifests.libraries(),
        params=planned.params,
        placement=Placement().plain(),
        columns=own.columns if own is not None and own.columns else None,
        fields={
            "params": cls.Params.model_json_schema(),
            "input": system.input.model_json_schema(),
            "output": cls.Output.model_json_schema(mode="serialization"),
        },
        example=example_of(system.input.model_json_schema()),
        data=planned.data,
        metrics=metrics,
        files=manifests.hash_files(folder),
    )
