"""Places: from a run, a logged model or a path of the wire to the tree that keeps the file, and its name there.

Runs and models have their files in the tracker's own tree, as ``<run id>/name`` and ``.models/<model id>/name``,
unless their experiment has a location of its own. What belongs to neither lies under ``.shared/``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import NotFound, Refused
from castalia.core.settings import Settings
from castalia.track import schema
from castalia.track.database import Part
from castalia.track.files.local import INCOMING, LocalTree
from castalia.track.files.names import checked_path, checked_wire_path
from castalia.track.files.remote import RemoteTree
from castalia.track.files.tree import Tree

OWN = "mlflow-artifacts:/"
"""How a URI begins whose files are in the tracker's own tree."""
MODELS, SHARED, VERSIONS = ".models", ".shared", ".versions"
_DEEPEST = 16
"""Parts of a path among which a run's or a model's folder is looked for."""


@dataclass(frozen=True)
class Place:
    """Where a file or a folder lies: ``path`` in ``tree``, ``key`` in the table of files (None: it has none)."""

    tree: Tree
    path: str
    key: str | None
    writable: bool = True
    is_root: bool = True
    """Whether it is all that a run, a model or a version has, so that no file can be here."""

    def inner(self, name: str) -> Place:
        """What lies below, by a checked name; "" is the place itself."""
        if not name:
            return self
        key = self.key if self.key is None else f"{self.key}/{name}".lstrip("/")
        return replace(self, path=f"{self.path}/{name}".lstrip("/"), key=key, is_root=False)


def run_uri(location: str | None, experiment: int, run_id: str) -> str:
    """``artifact_uri`` of a run, from the location of its experiment."""
    return f"{(location or f'{OWN}{experiment}').rstrip('/')}/{run_id}/artifacts"


def model_uri(location: str | None, experiment: int, model_id: str) -> str:
    """``artifact_uri`` of a logged model."""
    return f"{(location or f'{OWN}{experiment}').rstrip('/')}/models/{model_id}/artifacts"


class Places(Part):
    """The part of the store that knows where files lie."""

    @property
    def tree(self) -> Tree:
        """The tracker's own: ``artifacts`` of the home, or what CASTALIA_ARTIFACTS names."""
        return self._tree("")

    @property
    def staging(self) -> Path:
        """The folder of this disk where files begin that are on their way in."""
        return self.tree.staging

    def artifact_uri(self, run_id: str) -> str:
        """What a client is told of where a run's files are. NotFound where there is no run."""
        with self.database.read() as connection:
            found = _location(connection, schema.runs.c.run_id == str(run_id))
        if found is None:
            raise NotFound(f"no run {str(run_id)[:64]!r}", cure="castalia runs")
        return run_uri(*found, run_id)

    def run_place(self, run_id: str, name: str = "") -> Place:
        """Of a run's file, or of all its files. NotFound where there is no run."""
        root = self._root(self.artifact_uri(run_id), run_id)
        return root.inner(checked_path(name)) if name else root

    def model_place(self, model_id: str, name: str = "") -> Place:
        """Of a logged model's file, or of all its files. NotFound where there is no model."""
        models = schema.logged_models.c
        with self.database.read() as connection:
            uri = connection.scalar(sa.select(models.artifact_uri).where(models.model_id == str(model_id)))
        if uri is None:
            raise NotFound(f"no logged model {str(model_id)[:64]!r}")
        root = self._root(uri, f"{MODELS}/{model_id}")
        return root.inner(checked_path(name)) if name else root

    def version_place(self, model: str, version: int, name: str = "") -> Place:
        """Of a file of a Castalia version; read only. NotFound where there is none, or it has no folder of ours."""
        models, versions = schema.models.c, schema.versions.c
        query = sa.select(versions.folder).join(schema.models, models.id == versions.model)
        query = query.where(models.name == model, versions.version == version, versions.status == "ready")
        with self.database.read() as connection:
            folder = connection.scalar(query)
        if not folder:
            raise NotFound(f"{model[:80]}@{version} has no files here", cure=f"castalia models {model[:80]}")
        root = Place(LocalTree(self.home / folder), "", None, writable=False)
        return root.inner(checked_path(name)) if name else root

    def wire_place(self, path: str) -> Place:
        """Of a path after ``mlflow-artifacts/artifacts/``; "" is the root. Refused for one that leads anywhere else.

        ``…/<run id>/artifacts/x`` and ``…/models/<model id>/artifacts/x`` are that run's and that model's file where
        this is their address; ``.versions/<model>/<number>/x`` is a version's; all else is shared.
        """
        if not path:
            return Place(self.tree, SHARED, SHARED)
        parts = checked_wire_path(path).split("/")
        if parts[0] == VERSIONS and len(parts) >= 3 and parts[2].isdecimal() and len(parts[2]) < 10:
            return self.version_place(parts[1], int(parts[2]), "/".join(parts[3:]))
        if parts[0].startswith("."):
            raise Refused("this folder is not for clients", ascii(parts[0])[:60], "a path as a run's artifact_uri says")
        return self._owned(parts) or Place(self.tree, SHARED, SHARED).inner(path)

    def uri_place(self, uri: str) -> Place:
        """Of an ``artifact_uri`` that the tracker itself gave out, or took from an admin."""
        if uri.startswith(OWN):
            return self.wire_place(uri.removeprefix(OWN).strip("/"))
        return Place(self._tree(uri), "", None)

    def _owned(self, parts: list[str]) -> Place | None:
        """The file of a run or of a logged model whose address this is; the innermost, should one lie in another."""
        runs, models = schema.runs.c, schema.logged_models.c
        with self.database.read() as connection:
            for i in [i for i in range(min(len(parts), _DEEPEST) - 1, 0, -1) if parts[i] == "artifacts"]:
                address, owner = OWN + "/".join(parts[: i + 1]), parts[i - 1]
                found = _location(connection, runs.run_id == owner)
                if found is not None and run_uri(*found, owner) == address:
                    return Place(self.tree, owner, owner).inner("/".join(parts[i + 1 :]))
                uri = connection.scalar(sa.select(models.artifact_uri).where(models.model_id == owner))
                if uri == address:
                    key = f"{MODELS}/{owner}"
                    return Place(self.tree, key, key).inner("/".join(parts[i + 1 :]))
        return None

    def _root(self, uri: str, key: str) -> Place:
        return Place(self.tree, key, key) if uri.startswith(OWN) else Place(self._tree(uri), "", key)

    def _tree(self, url: str) -> Tree:
        """The tree of a URL; "" is the tracker's own."""
        made: dict[str, Tree] = self.__dict__.setdefault("_trees", {})
        if url not in made:
            if len(made) > 1000:
                made.clear()
            staging = self.home / "artifacts" / INCOMING
            if url:
                made[url] = RemoteTree(url, staging)
            elif "://" in (wanted := Settings.read().artifacts):
                made[url] = RemoteTree(wanted, staging)
            else:
                made[url] = LocalTree(Path(wanted).expanduser().absolute() if wanted else self.home / "artifacts")
        return made[url]


def _location(connection: Connection, where: sa.ColumnElement[bool]) -> tuple[str | None, int] | None:
    """The location and the number of a run's experiment."""
    experiments = schema.experiments
    query = sa.select(experiments.c.artifact_location, experiments.c.id).join(
        schema.runs, schema.runs.c.experiment == experiments.c.id
    )
    row = connection.execute(query.where(where)).first()
    return None if row is None else (row[0], int(row[1]))
