"""Models, their numbered versions, and the aliases that point at them.

A number is reserved first and published once the files are in place; what was killed in between is
never seen and its number never given again. A version does not change; an alias may move.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, NotFound, WrongInput, did_you_mean
from castalia.track import schema
from castalia.track.database import Part, inserting
from castalia.track.naming import now
from castalia.track.promotions import checked_reason, history, point
from castalia.track.runs import run_number

CHAMPION = "champion"
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<![.])")
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_ALIAS = re.compile(r"(?!latest$|v?[0-9]+$)[\w-]{1,255}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """One version of a model: where its files lie, what made it, what it measured.

    Castalia trained it (``castalia.load`` opens it), or a client of the MLflow protocol registered it.
    """

    model: str
    version: int
    system: str | None
    run_id: str | None
    folder: Path | None
    """Where the files of a version lie that Castalia trained; None of any other."""
    metrics: dict[str, float]
    digest: str
    created: int
    """Milliseconds since 1970."""
    aliases: tuple[str, ...]
    source: str = ""
    """``castalia:/churn/3``, or what the client said: ``models:/m-1f…``, ``runs:/…``, ``s3://…``."""

    @property
    def label(self) -> str:
        """``churn@3``."""
        return f"{self.model}@{self.version}"


class Registry(Part):
    """The part of the store that knows models."""

    def add_version(
        self,
        model: str,
        system: str | None,
        run_id: str | None,
        folder: str | Path | Callable[[int], str | Path],
        metrics: Mapping[str, float] | None = None,
        digest: str | Callable[[], str] = "",
    ) -> int:
        """Give ``model`` its next version and return the number.

        ``folder`` is where the files lie, or a function that is handed the reserved number, puts them in
        place and returns where; only then is the version seen. ``digest`` may be a function too, called after it.
        """
        number = self.reserve_version(model, system, run_id)
        try:
            place = folder(number) if callable(folder) else folder
            self.publish_version(model, number, place, metrics or {}, digest() if callable(digest) else digest)
        except Exception:
            self.abandon_version(model, number)
            raise
        return number

    def reserve_version(self, model: str, system: str | None = None, run_id: str | None = None) -> int:
        """The next number of ``model``, seen by nobody until it is published.

        A run that died between the two and was resumed is handed its own number again.
        """
        checked_model_name(model)
        models, versions = schema.models, schema.versions
        with self.database.write() as connection:
            row = {"name": model, "created": now(), "updated": now()}
            connection.execute(inserting(connection, models).values(row).on_conflict_do_nothing())
            owner = _model(connection, model)
            run = None if run_id is None else run_number(connection, run_id)
            mine = sa.and_(versions.c.model == owner, versions.c.run == run, versions.c.status == "reserved")
            if run is not None and (held := connection.scalar(sa.select(versions.c.version).where(mine))) is not None:
                return int(held)
            more = models.update().where(models.c.id == owner).values(numbered=models.c.numbered + 1)
            number = connection.scalar(more.returning(models.c.numbered))
            assert number is not None
            fresh = {"model": owner, "version": number, "status": "reserved", "system": system, "run": run}
            connection.execute(versions.insert().values(fresh | {"created": now()}))
        return int(number)

    def publish_version(
        self, model: str, version: int, folder: str | Path, metrics: Mapping[str, float], digest: str
    ) -> None:
        """Let a reserved version be seen. Conflict where it is not reserved (any more)."""
        moment = now()
        values = {"status": "ready", "folder": self._kept(folder), "digest": digest, "created": moment,
                  "updated": moment, "source": f"castalia:/{model}/{version}",
                  "metrics": json.dumps({key: _number(value) for key, value in metrics.items()})}  # fmt: skip
        with self.database.write() as connection:
            done = connection.execute(_reserved(connection, model, version).values(values))
            if not done.rowcount:
                raise Conflict(f"{model}@{version} cannot be published", "not reserved", cure="Reserve a number first.")
            connection.execute(schema.models.update().where(schema.models.c.name == model).values(updated=moment))

    def abandon_version(self, model: str, version: int) -> None:
        """Give a reserved number up; it is not given again."""
        with self.database.write() as connection:
            connection.execute(_reserved(connection, model, version).values(status="failed"))

    def unpublished(self) -> list[tuple[str, int]]:
        """(model, number) of what was reserved or given up: folders by these names hold no version."""
        models, versions = schema.models, schema.versions
        query = sa.select(models.c.name, versions.c.version).join(models).where(versions.c.status != "ready")
        with self.database.read() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def versions(self, model: str) -> list[Version]:
        """Every version, newest first. NotFound where there is no such model."""
        with self.database.read() as connection:
            return self._versions(connection, model)

    def models(self) -> list[dict[str, Any]]:
        """Every model that has a version: name, versions (how many), newest, champion (what the bare name means),
        its system, source and metrics, aliases, created, updated."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(schema.models).order_by(schema.models.c.name)).all()
            items = []
            for row in rows:
                if found := self._versions(connection, row.name):
                    pointers = {alias: line.version for line in found for alias in line.aliases}
                    best = _champion(found)
                    items.append({"name": row.name, "versions": len(found), "newest": found[0].version,
                                  "champion": best.version, "aliases": pointers, "system": best.system,
                                  "source": best.source,
                                  "metrics": best.metrics, "description": row.description,
                                  "created": row.created, "updated": found[0].created})  # fmt: skip
            return items

    def set_alias(
        self, model: str, alias: str, version: int, reason: str = "", who: str = "", expected: int | None = None
    ) -> int | None:
        """Point ``alias`` at a version, moving it where it was; who did it, and why, is kept with the time.

        The version it meant before, None of a new one. NotFound, WrongInput for a word that is no alias or a reason
        that is too long. With ``expected`` it is a Conflict where the alias does not mean that version now; 0 expects
        that it means none.
        """
        checked_alias(alias)
        reason = checked_reason(reason)
        with self.database.write() as connection:
            found = self._versions(connection, model)
            if version not in {line.version for line in found}:
                raise _no_version(model, str(version), found)
            before = point(connection, _model(connection, model), alias, version, who, reason)
            _as_expected(model, alias, before, expected)
            return before

    def delete_alias(self, model: str, alias: str, who: str = "", expected: int | None = None) -> int:
        """Take an alias away; the version it meant. NotFound where there is none, and with ``expected`` a Conflict
        where it does not mean that version now."""
        with self.database.write() as connection:
            before = point(connection, _model(connection, model), alias, None, who)
            if before is None:
                raise NotFound(f"{model} has no alias {alias[:80]!r}", cure=f"castalia models {model}")
            _as_expected(model, alias, before, expected)
            return before

    def promotions(self, model: str, alias: str | None = None) -> list[dict[str, Any]]:
        """Where aliases pointed, the newest first: id, alias, version, before, time (ms), who, reason."""
        with self.database.read() as connection:
            return history(connection, _model(connection, model), alias)

    def resolve(self, model: str, which: str | int | None = None) -> Version:
        """The version a number, an alias or ``latest`` means. None is ``champion``; where that is not set, the newest
        that Castalia trained, else the newest."""
        with self.database.read() as connection:
            found = self._versions(connection, model)
        if not found:
            raise NotFound(f"{model} has no version yet", cure=f"castalia fit {model}")
        word = CHAMPION if which is None else str(which)
        if word == "latest":
            return found[0]
        numbered = [line for line in found if word == str(line.version)]
        if meant := numbered or [line for line in found if word in line.aliases]:
            return meant[0]
        if word == CHAMPION:
            return _champion(found)
        raise _no_version(model, word, found)

    def _versions(self, connection: Connection, model: str) -> list[Version]:
        owner, versions = _model(connection, model), schema.versions
        pointers: dict[int, list[str]] = {}
        for row in connection.execute(sa.select(schema.aliases).where(schema.aliases.c.model == owner)):
            pointers.setdefault(row.version, []).append(row.alias)
        query = (
            sa.select(versions, schema.runs.c.run_id.label("of_run"))
            .outerjoin(schema.runs, versions.c.run == schema.runs.c.id)
            .where(versions.c.model == owner, versions.c.status == "ready")
            .order_by(versions.c.version.desc())
        )
        return [
            Version(
                model,
                row.version,
                row.system,
                row.of_run or row.run_id,
                self.home / row.folder if row.folder else None,
                _numbers(row.metrics),
                row.digest,
                row.created,
                tuple(sorted(pointers.get(row.version, ()))),
                row.source,
            )
            for row in connection.execute(query)
        ]

    def _kept(self, folder: str | Path) -> str:
        """A folder inside the home is kept relative to it, so that the home can move."""
        place = self.home / folder
        return place.relative_to(self.home).as_posix() if place.is_relative_to(self.home) else str(place)


def checked_model_name(model: str) -> str:
    """A name of which a folder may be made. WrongInput."""
    if not _MODEL.fullmatch(model) or _DEVICE.fullmatch(model):
        expected = "letters, digits, '.', '_', '-'; at most 100"
        raise WrongInput(
            "a model cannot be named so", repr(model[:80]), expected, "Choose another name.", field="model"
        )
    return model


def checked_alias(alias: str) -> str:
    """A word that may point at a version. WrongInput."""
    if not _ALIAS.fullmatch(alias):
        raise WrongInput(f"{alias[:80]!r} cannot be an alias", alias[:80],
                         "letters, digits, _ and -, not 'latest' nor a number", "Choose another word.",
                         field="alias")  # fmt: skip
    return alias


def _as_expected(model: str, alias: str, before: int | None, expected: int | None) -> None:
    """Conflict, which undoes what was written with it, where somebody else moved the alias."""
    if expected is not None and (before or 0) != expected:
        now_at = f"it is version {before}" if before else "it was taken away"
        wanted = f"version {expected}" if expected else "no version"
        raise Conflict(f"{model}@{alias} was moved meanwhile", now_at, wanted, "Look again.")


def _champion(found: Sequence[Version]) -> Version:
    """What the bare name means, of versions that come newest first."""
    named = (line for line in found if CHAMPION in line.aliases)
    ours = (line for line in found if line.folder is not None)
    return next(itertools.chain(named, ours, found))


def _model(connection: Connection, model: str) -> int:
    found = connection.scalar(sa.select(schema.models.c.id).where(schema.models.c.name == model))
    if found is None:
        names = connection.scalars(sa.select(schema.models.c.name).order_by(schema.models.c.name)).all()
        cure = did_you_mean(model, names).strip() or "castalia models"
        raise NotFound(f"no model {model[:80]!r}", model[:80], ", ".join(names[:12]) or "none yet", cure)
    return int(found)


def _reserved(connection: Connection, model: str, version: int) -> sa.Update:
    versions = schema.versions
    owner = _model(connection, model)
    return versions.update().where(
        versions.c.model == owner, versions.c.version == version, versions.c.status == "reserved"
    )


def _no_version(model: str, word: str, found: list[Version]) -> NotFound:
    known = [str(line.version) for line in found] + [alias for line in found for alias in line.aliases]
    listed = ", ".join(known[:20]) or "none yet"
    cure = did_you_mean(word, known).strip() or f"castalia models {model}"
    return NotFound(f"{model} has no version {word[:80]!r}", word[:80], listed, cure)


def _number(value: float) -> float | str:
    number = float(value)
    return number if abs(number) <= 1.7976931348623157e308 else str(number)  # JSON knows no NaN nor Infinity


def _numbers(text: str) -> dict[str, float]:
    return {key: float(value) for key, value in json.loads(text).items()}
