"""Where a registered file lies: the folders of CASTALIA_DATA, the cache, an installed package, a public address.

Whatever the place, the bytes are checked against the registry before anything parses them.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from castalia.core.errors import TooLarge, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.data.download import Tell, fetch
from castalia.data.sources import Registry, Source, SourceFile
from castalia.kit.tabular.content import chunks


def cache(settings: Settings, source: Source) -> Path:
    """The folder of the cache that holds this set's downloaded files."""
    return settings.home / "data" / "cache" / source.name


def find(source: Source, file: SourceFile, settings: Settings, registry: Registry) -> tuple[str, Path] | None:
    """``(where, path)`` of a local copy, where ``where`` is folder, cache or shipped; None if there is none."""
    for folder in settings.data:
        for path in _candidates(folder / (source.folder or source.name), file) + _candidates(folder, file):
            if path.parent == folder and _is_another_sets(path, file, registry):
                continue
            return "folder", path
    for path in _candidates(cache(settings, source), file):
        return "cache", path
    if source.package and (package := package_folder(source.package)):
        for path in _candidates(package, file):
            return "shipped", path
    return None


def _candidates(folder: Path, file: SourceFile) -> list[Path]:
    return [path for name in (file.name, file.name + ".gz") if (path := folder / name).is_file()]


def _is_another_sets(path: Path, file: SourceFile, registry: Registry) -> bool:
    """MNIST and Fashion-MNIST name their files alike: in a flat folder the content tells whose it is."""
    namesakes = [f for s in registry.values() for f in s.files if f.name == file.name and f.sha256 != file.sha256]
    if not namesakes:
        return False
    try:
        found = hashlib.sha256(b"".join(chunks(path, max_bytes=max(f.bytes for f in namesakes)))).hexdigest()
    except (WrongInput, TooLarge, Unavailable):
        return False
    return any(found == f.sha256 for f in namesakes)


def package_folder(place: str) -> Path | None:
    """The folder ``package/sub/folder`` of an installed package, found without importing it."""
    package, _, inside = place.partition("/")
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        if (folder := Path(root, inside)).is_dir():
            return folder
    return None


def read(source: Source, file: SourceFile, settings: Settings, registry: Registry, tell: Tell) -> bytes:
    """The verified content of one file, from the first place that has it; downloaded if none does.

    Raises :class:`WrongInput` where the file differs from the registered one, :class:`Unavailable` where it
    is nowhere to be had.
    """
    found = find(source, file, settings, registry)
    if found is None:
        found = "cache", obtain(source, file, settings, tell)
    return verified(source, file, found[1])


def obtain(source: Source, file: SourceFile, settings: Settings, tell: Tell) -> Path:
    """Download one file into the cache. Returns where it lies."""
    if not file.urls:
        raise _nowhere(source, file)
    problem: Exception | None = None
    for url in file.urls:
        suffix = ".gz" if url.endswith(".gz") else ""
        target = cache(settings, source) / (file.name + suffix)
        try:
            return fetch(url, target, source, file, offline=settings.offline, tell=tell)
        except (Unavailable, WrongInput, TooLarge) as error:
            problem = problem or error
            if settings.offline:
                break
    assert problem is not None
    raise problem


def verified(source: Source, file: SourceFile, path: Path) -> bytes:
    """The uncompressed bytes at ``path``; :class:`WrongInput` naming the file if they are not the registered ones."""
    label = f"{source.name}: {file.name}"
    try:
        content = b"".join(chunks(path, name=label, max_bytes=file.bytes))
    except TooLarge:
        raise altered(source, file, f"more than {file.bytes:,} bytes") from None
    got = hashlib.sha256(content).hexdigest()
    if got != file.sha256:
        raise altered(source, file, f"sha256 {got} ({len(content):,} bytes)")
    return content


def altered(source: Source, file: SourceFile, got: str) -> WrongInput:
    """The refusal of a truncated or changed file."""
    return WrongInput(
        f"{source.name}: {file.name} is not the registered file",
        got,
        f"sha256 {file.sha256} ({file.bytes:,} bytes)",
        f"Remove or replace the file, then run: castalia data fetch {source.name}. "
        "To use data of your own, add it under a name of its own: castalia data add FILE",
        field="data",
    )


def _nowhere(source: Source, file: SourceFile) -> Unavailable:
    if source.extra:
        cure = f"It comes with scikit-learn: pip install 'castalia[{source.extra}]'"
    else:
        cure = f"Put it into a folder named in CASTALIA_DATA, as {source.folder or source.name}/{file.name}"
    return Unavailable(f"{source.name}: {file.name} is not here", "no copy", "the file", cure, field="data")
