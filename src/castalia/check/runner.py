"""The learner's side of a check: ``EXE runner.py TRACE``. Runs in their Python; standard library and NumPy only.

It reads requests from its standard input and writes answers to its standard output: four bytes (length of the
header, big-endian), a JSON header {"body", "arrays": [{"dtype", "shape"}]}, then the raw bytes of the arrays
(castalia/jobs/frames.py is the same format on the other side). An answer repeats the nonce of its request. Nothing is
ever unpickled, and no verdict is made here: a lie about what came back is a wrong answer like any other.

This is the only file of castalia that executes a learner's code. It does not import castalia, and it keeps to the
Python of 3.8, since the learner's interpreter may be older than ours.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import re
import signal
import struct
import sys
import time
import traceback
from typing import Any, Callable  # noqa: UP035 (3.8)

try:
    import numpy as np
except ImportError:  # told to the checker in the first answer: it has the words for it
    np = None  # type: ignore[assignment]

DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|c(8|16|32)|U\d{1,9}|[mM]8\[(\d*)(Y|M|W|D|h|m|s|ms|us|ns)\])")


class WrongValue(Exception):
    """The learner's code returned what a contract cannot look at."""


class Missing(Exception):
    """The module has no such name; it is not attempted yet."""


class Runner:
    """Serves one pipe, one request at a time."""

    def __init__(self, reading: int, writing: int, trace: int) -> None:
        self.pipe, self.writing, self.trace = os.fdopen(reading, "rb"), writing, trace
        self.dump_at = 0.0
        self.module: Any = None
        self.root = ""
        self.objects: dict[int, Any] = {}
        self.made = 0
        self.forked = False
        self.took = 0.0
        self.changed = False
        self.layout = ""

    def serve(self) -> None:
        operations: dict[str, Callable[[dict[str, Any]], Any]] = {
            "load": self.load, "call": self.call, "new": self.new, "method": self.method, "get": self.get,
            "free": self.free, "files": self.files, "leave": lambda _: os._exit(0),
        }  # fmt: skip
        while True:
            request = self.receive()
            if request["op"] == "fork":
                self.fork(request)
            else:
                self.answer(request, operations[request["op"]])

    def load(self, request: dict[str, Any]) -> Any:
        """Import the file (its folder first on the path), with ``sources`` {path: text} in place of files' own text."""
        path = os.path.realpath(request["path"])
        folder, package = os.path.dirname(path), os.path.basename(path) == "__init__.py"
        self.root = os.path.dirname(folder) if package else folder
        sources = {os.path.realpath(name): text for name, text in request["sources"].items()}
        self.module, self.objects = None, {}
        for name, module in list(sys.modules.items()):
            if name != "__main__" and self.own(getattr(module, "__file__", None) or ""):
                del sys.modules[name]
        sys.path[:] = [self.root, *(entry for entry in sys.path if entry != self.root)]
        sys.meta_path[:] = [Finder(sources), *(each for each in sys.meta_path if not isinstance(each, Finder))]
        importlib.invalidate_caches()
        name = os.path.basename(folder) if package else os.path.splitext(os.path.basename(path))[0]
        if name in sys.modules or not name.isidentifier():
            name = "castalia-subject"  # their file may be called like a module that is in use here, say json.py
        loader, within = Source(name, path, sources), [folder] if package else None
        spec = importlib.util.spec_from_file_location(name, path, loader=loader, submodule_search_locations=within)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader.exec_module(module)
        self.module = module
        return {"python": ".".join(map(str, sys.version_info[:3])), "numpy": np.__version__, "files": self.files({})}

    def files(self, request: dict[str, Any]) -> Any:
        """The learner's own files that are imported."""
        told = {getattr(module, "__file__", None) or __file__ for module in list(sys.modules.values())}
        return sorted({os.path.realpath(name) for name in told if self.own(name) and name != __file__})

    def call(self, request: dict[str, Any]) -> Any:
        return self.invoke(self.find(request["name"]), request)

    def new(self, request: dict[str, Any]) -> Any:
        self.made += 1
        self.objects[self.made] = self.invoke(self.find(request["name"]), request)
        return self.made

    def method(self, request: dict[str, Any]) -> Any:
        return self.invoke(attribute(self.objects[request["at"]], request["name"]), request)

    def get(self, request: dict[str, Any]) -> Any:
        return attribute(self.objects[request["at"]], request["name"])

    def free(self, request: dict[str, Any]) -> Any:
        self.objects.pop(request["at"], None)

    def find(self, name: str) -> Any:
        value = self.module
        for part in name.split("."):
            if not hasattr(value, part):
                raise Missing(name)
            value = getattr(value, part)
        return value

    def invoke(self, function: Any, request: dict[str, Any]) -> Any:
        """Call it, time it, and note whether it changed one of its inputs."""
        self.layout = request.get("layout", "")
        args, kwargs = self.handles(request["args"]), self.handles(request["kwargs"])
        before = image([args, kwargs])
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            self.took = time.perf_counter() - began
            self.changed = image([args, kwargs]) != before

    def handles(self, value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"castalia handle"}:
                return self.objects[value["castalia handle"]]
            return {key: self.handles(item) for key, item in value.items()}
        if self.layout and type(value) is np.ndarray and value.shape:
            return laid(value, self.layout)
        return [self.handles(item) for item in value] if isinstance(value, list) else value

    def answer(self, request: dict[str, Any], act: Callable[[dict[str, Any]], Any]) -> None:
        """Do it and send what came of it: {"value"} or {"error"}, with the time the learner's code took."""
        self.took, self.changed = 0.0, False
        told: dict[str, Any] = {"nonce": request["nonce"]}
        arrays: list[Any] = []
        self.watch(request["seconds"])
        began = time.perf_counter()
        try:
            if np is None:
                raise ModuleNotFoundError("No module named 'numpy'", name="numpy")
            told["value"] = flat(act(request), arrays, 0)
        except BaseException as error:  # SystemExit and KeyboardInterrupt of the learner's code are theirs, not ours
            arrays.clear()
            told["error"] = self.explain(error)
        told["took"] = self.took or time.perf_counter() - began
        told["changed"] = self.changed
        self.watch(0.0)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):  # they may have closed or replaced it
                stream.flush()
        self.send(told, arrays)

    def watch(self, seconds: float) -> None:
        """After so long (0.1 s less, at most) write down where every thread is; with an alarm, end soon after."""
        late = time.monotonic() + seconds
        if seconds > 0 and not (time.monotonic() < self.dump_at <= late <= self.dump_at + 0.1):
            self.dump_at = late
            faulthandler.dump_traceback_later(seconds, file=self.trace)
        if self.forked:
            signal.setitimer(signal.ITIMER_REAL, seconds + 0.2 if seconds > 0 else 0.0)

    def explain(self, error: BaseException) -> dict[str, Any]:
        """The error's class, its words and the innermost line of the learner's own files."""
        try:
            message = str(error)
        except BaseException:
            message = ""
        places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno or 0))
        own = [os.path.relpath(name, self.root) + ":" + str(line) for name, line in places if self.own(name)]
        told = {"kind": type(error).__name__, "message": message[:2000], "file_line": own[-1] if own else ""}
        return {**told, "ours": isinstance(error, (WrongValue, Missing)), "name": str(getattr(error, "name", ""))}

    def own(self, name: str) -> bool:
        """A file of the learner's, not of a library, even of one that is installed inside their folder."""
        within = bool(self.root) and name.startswith(self.root.rstrip(os.sep) + os.sep)
        return within and "site-packages" not in name and "dist-packages" not in name

    def fork(self, request: dict[str, Any]) -> None:
        """From here a copy of this process serves the pipe; this one waits, and says when the copy is gone."""
        for place in (request["cwd"], os.environ["TMPDIR"]):  # an earlier copy may have deleted them
            os.makedirs(place, exist_ok=True)
        faulthandler.cancel_dump_traceback_later()  # its thread would be missing in the copy
        self.dump_at, pid = 0.0, os.fork()
        if pid == 0:
            os.chdir(request["cwd"])
            os.setpgid(0, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            self.forked = bool(request["alarm"])
            self.answer(request, lambda _: None)
            return
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        self.send({"nonce": request["left"], "status": status}, [])

    # --- frames ----------------------------------------------------------------------------------

    def receive(self) -> dict[str, Any]:
        header = json.loads(self.read(struct.unpack(">I", self.read(4))[0]))
        arrays = []
        for each in header["arrays"]:
            array = np.empty(each["shape"], each["dtype"])
            raw = self.read(array.nbytes)
            arrays.append(np.frombuffer(raw, np.uint8).view(array.dtype).reshape(array.shape) if raw else array)
        return dict(deep(header["body"], arrays))

    def read(self, size: int) -> bytearray:
        data = bytearray(size)
        if self.pipe.readinto(data) < size:
            os._exit(0)
        return data

    def send(self, body: dict[str, Any], arrays: list[Any]) -> None:
        listed = [{"dtype": array.dtype.str, "shape": array.shape} for array in arrays]
        header = json.dumps({"body": body, "arrays": listed}).encode()
        head, small = struct.pack(">I", len(header)) + header, sum(array.nbytes for array in arrays) < 1 << 16
        parts = (each if isinstance(each, bytes) else each.tobytes() for each in [head, *arrays])
        for part in [b"".join(parts)] if small else parts:
            view = memoryview(part)
            while len(view):
                view = view[os.write(self.writing, view[: 1 << 20]) :]


class Source(importlib.machinery.SourceFileLoader):
    """Compiles a file's text, or the text given in its place; byte code on disk is neither read nor written."""

    def __init__(self, name: str, path: str, sources: dict[str, str]) -> None:
        super().__init__(name, path)
        self.sources = sources

    def get_code(self, fullname: str) -> Any:
        text = self.sources.get(os.path.realpath(self.path))
        return compile(self.get_data(self.path) if text is None else text, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Sees to it that also a module which the learner's file imports is read from the text given for it."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = sources

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if self.sources else None
        if spec is not None and spec.origin and os.path.realpath(spec.origin) in self.sources:
            spec.loader = Source(fullname, spec.origin, self.sources)
            return spec
        return None


def attribute(value: Any, name: str) -> Any:
    """``name`` of an object that is held here; what an interface does not have yet is not attempted."""
    if not hasattr(value, name):
        raise Missing(type(value).__name__ + "." + name)
    return getattr(value, name)


def laid(array: Any, layout: str) -> Any:
    """The same numbers in other places of memory: column by column ("F"), or every other one ("strided")."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return np.asfortranarray(array) if layout == "F" else wide[..., 0]


def image(value: Any) -> list[bytes]:
    """The arguments as bytes, to see afterwards whether they were changed in place."""
    if isinstance(value, dict):
        return [part for key, item in value.items() for part in (repr(key).encode(), *image(item))]
    if isinstance(value, list):
        return [b"[%d" % len(value), *(part for item in value for part in image(item))]
    if type(value) is np.ndarray:
        return [repr((value.dtype.str, value.shape)).encode(), value.tobytes()]
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.generic)):
        return [repr(value).encode()]
    return [b"an object"]  # one of the learner's own: theirs to change


def flat(value: Any, arrays: list[Any], depth: int) -> Any:
    """The answer as JSON, its arrays aside. Raises WrongValue for what is not plain numbers, text, lists or dicts."""
    if type(value) is int and value.bit_length() > 10000:
        raise WrongValue("a whole number of more than 3000 digits")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > 32:
        raise WrongValue("something nested more than 32 deep")
    if isinstance(value, dict):
        return {"$": "dict", "of": [[str(key), flat(item, arrays, depth + 1)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [flat(item, arrays, depth + 1) for item in value]
    if type(value) is np.ndarray or isinstance(value, np.generic) or type(value) is complex:
        array = np.array(value, copy=True, order="C")
        if not DTYPE.fullmatch(array.dtype.str):
            raise WrongValue("an array of dtype " + str(array.dtype))
        arrays.append(array)
        return {"$": "array", "at": len(arrays) - 1}
    what = "a subclass of array, " if isinstance(value, np.ndarray) else "an object of type "
    raise WrongValue(what + type(value).__name__)


def deep(value: Any, arrays: list[Any]) -> Any:
    if isinstance(value, list):
        return [deep(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    what = value.get("$")
    if what == "array":
        array = arrays[value["at"]]
        return array if array.shape else array[()]
    if what == "bytes":
        return arrays[value["at"]].tobytes()
    if what == "dict":
        return {key: deep(item, arrays) for key, item in value["of"]}
    return {key: deep(item, arrays) for key, item in value.items()}


def main() -> None:
    mine = os.path.dirname(os.path.abspath(__file__))  # their `import runner` must not find ours
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != mine]
    reading, writing = os.dup(0), os.dup(1)  # dup makes them private: what the learner's code starts inherits neither
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    trace = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    faulthandler.enable(file=trace)
    sys.argv[:] = [""]
    Runner(reading, writing, trace).serve()


if __name__ == "__main__":
    main()
