"""From an address to a system that answers.

``churn`` may name a system or a model; a model's own name (``sales``) leads to the system that made
it. Without ``@`` the champion answers: the version the alias points at, else the newest. A system
without a version answers from a quick fit, and says so.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from castalia import catalog
from castalia.catalog import Address, Card
from castalia.core.errors import CastaliaError, NotFound, Unavailable, WrongInput, did_you_mean
from castalia.core.rows import Row
from castalia.core.settings import Settings
from castalia.core.system import System
from castalia.runtime import manifest as manifests
from castalia.runtime.manifest import Manifest
from castalia.runtime.state import State

if TYPE_CHECKING:
    from castalia.track import Store, Version


class Target(NamedTuple):
    """What an address means: the system's card, the model's name, and the version that answers, if any."""

    card: Card
    model: str
    version: Version | None

    @property
    def label(self) -> str:
        """``churn@3``, or ``churn@quick`` where no version exists."""
        return f"{self.model}@{self.version.version if self.version else 'quick'}"


def model_name(address: Address) -> str:
    """The name under which a system's own versions are kept: ``churn``, ``yours.recommender``."""
    return f"{address.shelf}.{address.name}" if address.shelf else address.name


def resolve(text: str, settings: Settings | None = None, store: Store | None = None) -> Target:
    """Find card and version; NotFound with a near miss over systems and models."""
    settings = settings or Settings.read()
    with _opened(settings, store) as known:
        return _resolve(catalog.parse(text), settings, known)


def _resolve(address: Address, settings: Settings, store: Store | None) -> Target:
    model = model_name(address)
    versions = _versions(model, store)
    ours = [version for version in versions if version.folder is not None]
    if not ours and versions and (address.ref or not _is_system(address, settings)):
        raise foreign(_pick(model, address.ref, store))
    if not ours:
        if address.ref and address.ref != "quick":
            card = catalog.card(address.bare, settings)
            cure = f"castalia fit {card.address} makes one."
            raise NotFound(f"{card.address} has no version {address.ref!r}", "no version at all", cure=cure)
        return Target(_card(address, settings, store), model, None)
    if address.ref == "quick":
        return Target(catalog.card(ours[0].system or address.bare, settings), model, None)
    version = _pick(model, address.ref, store)
    if version.folder is None:
        raise foreign(version)
    try:
        return Target(catalog.card(version.system or address.bare, settings), model, version)
    except NotFound as error:
        cure = "Trust its shelf again: castalia shelf trust FOLDER" if "/" in (version.system or "") else error.cure
        raise NotFound(f"{version.label} was made by {version.system}, which is not here", cure=cure) from None


def foreign(version: Version) -> WrongInput:
    """What to say of a version that a client of the MLflow protocol registered: Castalia has no class for it."""
    return WrongInput(f"{version.label} was logged by another library", f"its files are {version.source[:200]}",
                      "a version that castalia.fit made",
                      f"mlflow.pyfunc.load_model({f'models:/{version.model}/{version.version}'!r})")  # fmt: skip


def _is_system(address: Address, settings: Settings) -> bool:
    try:
        return catalog.card(address.bare, settings).is_system
    except NotFound:
        return False


def ready(card: Card, settings: Settings, store: Store | None = None) -> str | None:
    """The label of the version that answers for a system, as lists show it; None where a quick fit would.

    A model that another system made under this name, perhaps one that is gone, does not count.
    """
    try:
        target = resolve(card.address, settings, store)
    except (NotFound, WrongInput):  # another library's version may be the champion
        return None
    return target.label if target.version and target.card.address == card.address else None


def known_versions(model: str, settings: Settings, store: Store | None = None) -> list[Version]:
    """The versions of a model, newest first, other libraries' too; empty where there is no such model, or no store."""
    with _opened(settings, store) as known:
        return _versions(model, known)


def own_versions(model: str, settings: Settings, store: Store | None = None) -> list[Version]:
    """Those of them that Castalia trained."""
    return [version for version in known_versions(model, settings, store) if version.folder is not None]


def _card(address: Address, settings: Settings, store: Store | None) -> Card:
    try:
        card = catalog.card(address.bare, settings)
    except NotFound as error:
        if address.shelf and address.shelf not in catalog.shelves(settings):
            raise catalog.no_shelf(address) from None
        names = [card.address for card in catalog.cards(settings)]
        if store is not None:
            names += [str(model["name"]) for model in store.models()]
        hint = did_you_mean(address.bare, names).strip()
        raise NotFound(f"no system or model {address.bare!r}", cure=hint or error.cure) from None
    if not card.is_system:
        raise catalog.no_system(card)
    return card


def _versions(model: str, store: Store | None) -> list[Version]:
    try:
        return [] if store is None else list(store.versions(model))
    except NotFound:
        return []


def _pick(model: str, ref: str, store: Store | None) -> Version:
    assert store is not None, "a version came out of it"
    return store.resolve(model, ref or None)


@contextmanager
def _opened(settings: Settings, store: Store | None) -> Iterator[Store | None]:
    """``store``, else the one that the settings name, closed in the end; None where nothing was ever recorded."""
    if store is not None or not settings.has_store:
        yield store
        return
    from castalia.track import Store as Named

    with Named.of(settings) as opened:
        yield opened


def load(address: str, settings: Settings | None = None) -> System[Any, Any, Any]:
    """The model at ``address``, open in this process: ``load("churn")``, ``load("sales@champion")``.

    NotFound where there is no version yet; Refused where a file of it was altered.
    """
    settings = settings or Settings.read()
    target = resolve(address, settings)
    if target.version is None:
        cure = f"castalia fit {target.card.address}, or castalia.fit({target.card.address!r})"
        raise NotFound(f"{target.model} has no version yet", cure=cure)
    return open_version(target, settings)


def open_version(target: Target, settings: Settings) -> System[Any, Any, Any]:
    """Check the files, then load them into the system's class."""
    version = target.version
    assert version is not None and version.folder is not None
    manifest = manifests.read(version.folder, target.label, version.digest)
    manifests.verify(manifest, version.folder, target.label)
    cls = catalog.system_class(target.card.address, settings)
    system = cls(cls.Params.parse(manifest.params, f"the params of {target.label}"))
    if manifest.columns is not None:
        system.input = Row.of(manifest.columns)
    _load_files(system, manifest, version.folder, target)
    system.state = State(settings.home / "state" / f"{target.model}.db", target.label)
    return system


def _load_files(system: System[Any, Any, Any], manifest: Manifest, folder: Path, target: Target) -> None:
    try:
        if manifest.model_format == type(system).FORMAT:
            system.load(folder)
            return
        with tempfile.TemporaryDirectory(prefix="castalia-upgrade-") as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            type(system).upgrade(manifest.plain(), Path(copy))
            system.load(Path(copy))
    except ImportError as error:
        raise missing_extra(target.card, error) from None
    except CastaliaError:
        raise
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        raise CastaliaError(f"{target.label} cannot be opened", got, cure="Fit it again.") from error


def missing_extra(card: Card, error: ImportError) -> CastaliaError:
    """The pip line where a project's extra is absent; the import error as it is elsewhere."""
    if line := card.missing():
        return Unavailable(f"{card.address} needs the extra {card.extra!r}", f"no module {error.name}", cure=line)
    return CastaliaError(f"{card.address} cannot be imported", str(error), cure="Install what it imports.")
