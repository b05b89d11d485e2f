"""A learner's repository: what is in it, what git says of it, and commands run in a copy of it.

``subject.call("files")``, ``call("read", "README.md")``, ``call("git", "log", "--format=%s")`` (what only reads), and
``call("run", ["python", "-m", "pytest", "-q"])``, which answers {"code", "out", "err", "files"}. With ``at`` the copy
is that of a commit, so that a test can be shown to fail before a change and to pass after it; with ``empty`` there is
no copy, only ``files``. ``call("wheel", backend, paths)`` builds one with the backend that pyproject.toml names.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.check.learner import Learner

READING = {
    "blame", "cat-file", "describe", "diff", "diff-tree", "for-each-ref", "log", "ls-files", "ls-tree", "merge-base",
    "name-rev", "rev-list", "rev-parse", "shortlog", "show", "show-ref", "status",
}  # fmt: skip
"""What may be asked of git: these neither write nor connect."""
_WRITING = ("--output", "--ext-diff", "--textconv", "--upload-pack", "--exec")


def adapt(learner: Learner) -> Repository:
    return Repository(learner)


class Repository:
    """What a claim may ask of a repository."""

    def __init__(self, learner: Learner) -> None:
        self.learner, self.folder = learner, learner.path
        self.programs, self.folders = learner.tool("programs"), learner.tool("folder")
        self.paths: list[str] = self.programs.below(learner, self.folder, True)
        learner.listed = self.paths
        self.built: dict[str, Any] | None = None

    def files(self) -> list[str]:
        """Every file by name; not what git, Python and their tools keep for themselves (.git, .venv, __pycache__)."""
        return [os.path.relpath(path, self.folder).replace(os.sep, "/") for path in self.paths]

    def read(self, name: str) -> Any:
        """The text of a file, or its bytes where it is no text. No such file, or an empty one: not attempted."""
        path = os.path.realpath(os.path.join(self.folder, name))
        if not path.startswith(self.folder + os.sep):
            raise self.learner.told("wrong", f"{name} leads out of the repository")
        if not os.path.isfile(path):
            raise self.learner.told("missing", name)
        if os.path.getsize(path) > self.folders.LARGEST:
            raise self.learner.told("wrong", f"a file of {os.path.getsize(path)} bytes, {name}")
        text = self.learner.sources.get(path)
        answer = text if text is not None else self.folders.text_or_bytes(self.programs.read(path))
        if not answer.strip():
            raise self.learner.told("not_attempted", f"{name} is empty")
        return answer

    def git(self, command: str, *args: str) -> dict[str, Any]:
        """A git command that only reads, in the learner's own repository: {"code", "out", "err"}."""
        if command not in READING or any(str(arg).startswith(_WRITING) for arg in args):
            raise self.learner.told("tool_error", f"git {command} may do more than read")
        code, child = self._git(command, *args)
        texts = [self.folders.text_or_bytes(self.programs.read(path)) for path in (child.out, child.err)]
        child.drop()
        return {"code": code, "out": texts[0], "err": texts[1]}

    def run(
        self, command: list[str], at: str = "", files: dict[str, Any] | None = None, env: dict[str, str] | None = None,
        seconds: float | None = None, empty: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Run a command in a fresh copy: of the files as they are, or of the commit ``at``; ``files`` are put on top.

        ``python`` as the first word is the learner's interpreter. With ``empty`` the folder holds ``files`` alone.
        """
        folder = self.folders.Folder(self.learner)
        if not empty:
            folder.where = self._commit(at) if at else self.programs.copy(self.learner, self.paths)
        for name, content in (files or {}).items():
            folder.write(name, content)
        words = [str(word) for word in command]
        if words[0] == "python":
            words[0] = sys.executable
        before = folder.states()
        child = self.programs.Child(self.learner, words, folder.where, folder.where, env or {})
        code = child.finish(seconds)
        texts = [self.folders.text_or_bytes(self.programs.read(path)) for path in (child.out, child.err)]
        answer = {"code": code, "out": texts[0], "err": texts[1], "files": folder.changed(before)}
        child.drop()
        return answer

    def wheel(self, backend: str, paths: list[str], seconds: float | None = None) -> dict[str, Any]:
        """A wheel of the files as they are: {"name", "content"}. Built once; asked again it is the same one."""
        if self.built is None:
            self.built = self.learner.tool("wheels").build(self.learner, self.paths, backend, paths, seconds)
        return self.built

    def _commit(self, at: str) -> str:
        """A copy of the files of a commit."""
        code, child = self._git("archive", "--format=tar", str(at).lstrip("-"))
        if code:
            why = self.programs.read(child.err, 200).decode("utf-8", "replace").strip()
            raise self.learner.told("learner_error", f"there is no commit {at}: {why}")
        target = self.learner.scratch()
        with tarfile.open(child.out) as archive:
            for each in archive:
                place = os.path.normpath(os.path.join(target, each.name))
                data = archive.extractfile(each) if each.isfile() and place.startswith(target + os.sep) else None
                if data is not None:
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    with open(place, "wb") as file:
                        shutil.copyfileobj(data, file)
                    os.chmod(place, each.mode & 0o777)
        child.drop()
        return target

    def _git(self, *words: str) -> tuple[int, Any]:
        """git, told to start nothing that the repository's own configuration names."""
        settings = ("safe.directory=*", "core.fsmonitor=false", "core.hooksPath=" + os.devnull, "core.pager=cat",
                    "protocol.allow=never", "diff.external=", "log.showSignature=false")  # fmt: skip
        given = [part for each in settings for part in ("-c", each)]
        env = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", *given, *map(str, words)]
        child = self.programs.Child(self.learner, command, self.folder, self.folder, env, program="git")
        child.most = self.programs.MOST_BYTES
        return child.finish(), child
