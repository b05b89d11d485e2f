"""The way in: ``open`` a data set by name, see what is ``known``, ``add`` your own, ``fetch`` ahead of need.

A name is looked for among the registered sets and then among the added ones. The files of a registered set
are taken from the folders of CASTALIA_DATA, the cache, an installed package or, last, its public address.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from castalia.core.errors import Conflict, NotFound, Refused, WrongInput
from castalia.core.lock import FileLock
from castalia.core.record import Record, shown
from castalia.core.settings import Settings
from castalia.data import finding, loaders
from castalia.data.dataset import DataSet
from castalia.data.download import Progress, Tell
from castalia.data.loaders import Parsed
from castalia.data.sources import Registry, Source, registry
from castalia.data.versions import NAME, Version, Versions, check_name, slug, unknown
from castalia.data.writing import cannot_write, write_json
from castalia.kit.tabular.content import MAX_BYTES, Content, chunks
from castalia.kit.tabular.formats import format_of, rows_of, stem


class Entry(Record):
    """One line of the list of data sets."""

    name: str = Field(description="What to open it by.")
    title: str = Field(description="What it is called.")
    about: str = Field("", description="One row of it, and the question asked of it.")
    kind: str = Field(description="table or images.")
    rows: int = Field(description="Rows, or images of all parts.")
    target: str | None = Field(None, description="The column usually predicted.")
    licence: str = Field(description="The licence of the data, as far as known.")
    credit: str = Field("", description="Whom to name.")
    research_only: bool = Field(False, description="True where it may only be used for research.")
    source: str = Field("", description="Where it is published.")
    where: str = Field(description="folder, cache, shipped, remote or added.")
    versions: tuple[int, ...] = Field(description="Its versions, oldest first.")


class Pinned(NamedTuple):
    """One version of a data set, as a run and a manifest record it."""

    name: str
    version: int
    digest: str
    licence: str
    research_only: bool
    added: bool
    """True where it is one of your own, so that ``mine`` has to be written as ``mine@2``."""


class Library:
    """The data sets that one set of settings can reach. ``sources`` replaces the registry (tests do)."""

    def __init__(self, settings: Settings | None = None, sources: Registry | None = None) -> None:
        self.settings = settings or Settings.read()
        self.sources = registry() if sources is None else sources
        self.versions = Versions(self.settings.home)

    def open(self, ref: str | Path, *, accept: bool = False, progress: Tell | None = None) -> DataSet:
        """The data set called ``ref`` (``telco``, ``mine``, ``mine@2``), its bytes verified.

        A ``str`` is always a name and a ``Path`` always a file, so that a name that came over HTTP can never
        open a file of the server. What is nowhere here is downloaded; ``progress`` hears of it (default: a
        line on standard error). Raises NotFound, WrongInput (altered files), Refused (a research-only set
        that was not accepted), Unavailable (offline, a missing extra).
        """
        if isinstance(ref, Path):
            return self._open_path(ref)
        found = self._named(ref)
        if isinstance(found, Source):
            return self._open_source(found, accept, progress or announce)
        return self._open_added(found)

    def pin(self, ref: str) -> Pinned:
        """What a fit records before it starts: the exact version, neither read nor downloaded.

        Raises what :meth:`open` would for an unknown name, a set that was not accepted, or one that cannot be
        had here (offline, a missing extra); altered files are found when it is opened.
        """
        found = self._named(ref)
        if isinstance(found, Version):
            return Pinned(found.name, found.version, found.digest, "yours", False, True)
        self._permit(found, accept=False)
        for file in found.files:
            if not finding.find(found, file, self.settings, self.sources) and (self.settings.offline or not file.urls):
                finding.read(found, file, self.settings, self.sources, announce)  # says what is missing; never connects
        return Pinned(found.name, 1, digest_of(found), found.licence, found.research_only, False)

    def known(self) -> list[Entry]:
        """All data sets that have a name, registered ones first. Looks, but neither reads nor connects."""
        return [self._entry(source) for source in self.sources.values()] + [
            self._added(name, versions) for name, versions in sorted(self.versions.all().items())
        ]

    def entry(self, name: str) -> Entry:
        """The line of one data set; :class:`NotFound` with a near miss."""
        found = self._named(name)
        if isinstance(found, Source):
            return self._entry(found)
        return self._added(found.name, self.versions.all()[found.name])

    def fetch(self, name: str, accept: bool = False, progress: Tell | None = None) -> Entry:
        """Make sure that a registered set is here and whole; a damaged copy in the cache is downloaded again."""
        source = self.sources.get(name)
        if source is None:
            return self.entry(name)  # an added set is here already; another name is an error
        self._permit(source, accept)
        for file in source.files:
            found = finding.find(source, file, self.settings, self.sources)
            try:
                finding.read(source, file, self.settings, self.sources, progress or announce)
            except WrongInput:
                if not (found and found[0] == "cache" and file.urls):
                    raise
                found[1].unlink()
                finding.read(source, file, self.settings, self.sources, progress or announce)
        return self._entry(source)

    def add(
        self, path: Path | str, name: str | None = None, *, file_name: str = "", max_bytes: int = MAX_BYTES
    ) -> Version:
        """Keep the table in a file (CSV, TSV, JSON lines, Parquet; also .gz) as the next version of ``name``.

        The name is the file's own where none is given. The same content again returns the same version.
        """
        path = Path(path)
        file_name = file_name or path.name
        format_of(file_name)
        name = check_name(name) if name is not None else check_name(slug(stem(file_name)) or file_name)
        if name in self.sources:
            cure = f"Give it another name: castalia data add FILE --name my-{name}"
            raise Conflict(f"{name} is a registered data set", name, "a name that is free", cure, field="name")
        return self.versions.add(path, name, file_name, max_bytes)

    def _named(self, ref: str) -> Source | Version:
        """What a reference names: a registered set or a version of an added one."""
        name, version = _parse(ref)
        if source := self.sources.get(name):
            if version not in (None, 1):
                raise NotFound(f"There is no data set {ref}", ref, f"{name}: it has one version", field="data")
            return source
        added = self.versions.all()
        if name not in added:
            raise unknown(name, sorted({*self.sources, *added}))
        return self.versions.get(name, version)

    # --- opening -----------------------------------------------------------------------------

    def _open_source(self, source: Source, accept: bool, tell: Tell) -> DataSet:
        self._permit(source, accept)
        files = {f.name: finding.read(source, f, self.settings, self.sources, tell) for f in source.files}
        found = finding.find(source, source.files[0], self.settings, self.sources)
        where = found[0] if found else "cache"
        return DataSet(source, 1, digest_of(source), where, lambda: loaders.load(source, files))

    def _open_added(self, version: Version) -> DataSet:
        content = self.versions.content(version)
        source = _own(version.name, version.rows)
        parse = _parser(content, version.format)
        return DataSet(source, version.version, version.digest, "added", parse)

    def _open_path(self, path: Path) -> DataSet:
        fmt = format_of(path.name)
        if not path.is_file():
            raise NotFound(f"There is no file {path}", "nothing there", "a file with a table", field="data")
        data = b"".join(chunks(path))
        parse = _parser(Content.of(path.name, data), fmt)
        name = slug(stem(path.name)) or "file"
        return DataSet(_own(name, 0), None, hashlib.sha256(data).hexdigest(), "path", parse)

    # --- licences ----------------------------------------------------------------------------

    def _permit(self, source: Source, accept: bool) -> None:
        """Let a research-only set through once its terms were accepted; the acceptance is remembered."""
        if not source.research_only:
            return
        path = self.settings.home / "data" / "accepted.json"
        try:
            accepted = json.loads(path.read_text("utf-8")) if path.exists() else {}
            if source.name in accepted:
                return
            if accept:
                with FileLock(path.with_suffix(".lock")):
                    accepted = json.loads(path.read_text("utf-8")) if path.exists() else {}
                    now = datetime.now(UTC).isoformat(timespec="seconds")
                    write_json(path, {**accepted, source.name: {"licence": source.licence, "accepted": now}})
                return
        except OSError as error:
            raise cannot_write("The acceptance cannot be remembered", error) from None
        except (ValueError, TypeError):
            raise WrongInput("data/accepted.json is damaged", "no JSON object", "the file as written") from None
        raise Refused(
            f"{source.name} may only be used for research",
            f"licence: {source.licence}",
            "that you accept it once",
            f"Read {source.page or 'its terms'}, then run: castalia data fetch {source.name} --accept",
            field="data",
        )

    # --- the list ----------------------------------------------------------------------------

    def _entry(self, source: Source) -> Entry:
        found = [finding.find(source, file, self.settings, self.sources) for file in source.files]
        places = {place[0] if place else "remote" for place in found}
        where = next(p for p in ("remote", "cache", "folder", "shipped") if p in places)
        return Entry(
            name=source.name,
            title=source.title,
            about=source.about,
            kind=source.kind,
            rows=source.rows,
            target=source.target,
            licence=source.licence,
            credit=source.credit,
            research_only=source.research_only,
            source=source.page,
            where=where,
            versions=(1,),
        )

    def _added(self, name: str, versions: list[Version]) -> Entry:
        numbers = tuple(version.version for version in versions)
        own = _own(name, versions[-1].rows)
        return Entry(
            name=name, title=name, kind="table", rows=own.rows, licence=own.licence, where="added", versions=numbers
        )


def _own(name: str, rows: int) -> Source:
    return Source(name=name, title=name, kind="table", rows=rows, loader="", licence="yours", files=())


def _parser(content: Content, fmt: str) -> loaders.Parse:
    def parse() -> Parsed:
        rows = rows_of(content, fmt)
        shape = rows.shape()
        return Parsed(rows.arrays(shape), tuple(shape.columns()), shape.notes)

    return parse


def _parse(ref: str) -> tuple[str, int | None]:
    name, at, version = ref.partition("@")
    if not NAME.fullmatch(name) or (at and not re.fullmatch(r"[1-9][0-9]{0,8}", version)):
        raise WrongInput(
            "That is not the name of a data set",
            shown(ref, 80),
            "a name such as telco, mine or mine@2",
            "To open a file from Python: data.open(Path(...)). In the shell, add it first: castalia data add FILE",
            field="data",
        )
    return name, int(version) if at else None


def digest_of(source: Source) -> str:
    """The digest of a registered set: its file's sha256, or for several files that of their list."""
    if len(source.files) == 1:
        return source.files[0].sha256
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in source.files)
    return hashlib.sha256(lines.encode()).hexdigest()


def announce(progress: Progress) -> None:
    """Say on standard error, once a file, what is downloaded, from where and under which licence."""
    if progress.begins:
        line = f"downloading {progress.name}/{progress.file} from {progress.host} (licence: {progress.licence})"
        print(line, file=sys.stderr, flush=True)


def open(ref: str | Path, *, accept: bool = False, progress: Tell | None = None) -> DataSet:
    """:meth:`Library.open` with the settings of this process."""
    return Library().open(ref, accept=accept, progress=progress)


def pin(ref: str) -> Pinned:
    """:meth:`Library.pin` with the settings of this process."""
    return Library().pin(ref)


def known() -> list[Entry]:
    """:meth:`Library.known` with the settings of this process."""
    return Library().known()


def add(path: Path | str, name: str | None = None) -> Version:
    """:meth:`Library.add` with the settings of this process."""
    return Library().add(path, name)


def fetch(name: str, accept: bool = False, progress: Tell | None = None) -> Entry:
    """:meth:`Library.fetch` with the settings of this process."""
    return Library().fetch(name, accept, progress)
