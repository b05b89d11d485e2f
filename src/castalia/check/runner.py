"""The learner's side of a check: ``EXE runner.py TRACE``. Runs in their Python; standard library and NumPy only.

It reads requests from its standard input and writes answers to its standard output: four bytes (length of the
header, big-endian), a JSON header {"body", "arrays": [{"dtype", "shape"}]}, then the raw bytes of the arrays
(castalia/jobs/frames.py is the same format on the other side). An answer repeats the nonce of its request. Nothing is
ever unpickled, and no verdict is made here: a lie about what came back is a wrong answer like any other.

A claim speaks to the learner's module, or to an adapter (adapters/, one file each) that speaks for their command,
server, repository or System; both are found by ``call`` and ``new``. This file, learner.py and the adapters are all of
castalia that executes a learner's code. They do not import castalia (adapters/system.py does: a System needs it), and
keep to the Python of 3.8, since the learner's interpreter may be older than ours.
"""

from __future__ import annotations

import contextlib
import faulthandler
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


def _beside() -> Any:
    """learner.py, from beside this file, under a name that a learner's `import learner` does not find."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "learner.py")
    spec = importlib.util.spec_from_file_location("castalia-learner", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["castalia-learner"] = module
    spec.loader.exec_module(module)
    return module


ours = _beside()
KEPT = 1 << 20
DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|c(8|16|32)|U\d{1,9}|[mM]8\[(\d*)(Y|M|W|D|h|m|s|ms|us|ns)\])")


class Runner:
    """Serves one pipe, one request at a time."""

    def __init__(self, reading: int, writing: int, trace: int) -> None:
        self.pipe, self.writing, self.trace = os.fdopen(reading, "rb"), writing, trace
        self.dump_at = 0.0
        self.module: Any = None
        self.learner = ours.Learner("", "", {}, [])
        self.objects: dict[int, Any] = {}
        self.made = 0
        self.forked = False
        self.took = 0.0
        self.changed = False
        self.layout = ""
        self.held = False
        self.given: Any = None

    def serve(self) -> None:
        operations: dict[str, Callable[[dict[str, Any]], Any]] = {
            "load": self.load, "call": self.call, "new": self.new, "method": self.method, "get": self.get,
            "free": self.free, "files": self.files,
        }  # fmt: skip
        while True:
            request = self.receive()
            if request["op"] == "fork":
                self.fork(request)
            elif request["op"] == "leave":
                self.learner.end()
                os._exit(0)
            else:
                self.answer(request, operations[request["op"]])

    def load(self, request: dict[str, Any]) -> Any:
        """Import the file, or the adapter that speaks for it, with ``sources`` {path: text} in place of files' text."""
        self.learner.end()
        self.module, self.objects, self.given = None, {}, None
        made = ours.Learner(request["path"], request["root"], request["sources"], request["needs"])
        made.deadline, self.learner = self.learner.deadline, made
        adapter = request["adapter"]
        self.module = made.load() if adapter == "module" else ours.beside("adapters/" + adapter).adapt(made)
        return {"python": ".".join(map(str, sys.version_info[:3])), "numpy": np.__version__, "files": made.files()}

    def files(self, request: dict[str, Any]) -> Any:
        """The learner's own files that are imported or used."""
        return self.learner.files()

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
        if name == "castalia.Folder":  # ours, for a claim of any kind that needs files
            return ours.beside("adapters/folder").adapt(self.learner)
        if name == "castalia.Script":
            return ours.beside("adapters/script").adapt(self.learner)
        if name == "castalia.imports":
            return self.learner.imports
        value = self.module
        for part in name.split("."):
            if not hasattr(value, part):
                raise ours.Told("missing", name)
            value = getattr(value, part)
        return value

    def invoke(self, function: Any, request: dict[str, Any]) -> Any:
        """Call it, time it, and note whether it changed one of its inputs."""
        self.layout, self.held = request.get("layout", ""), False
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
                self.held = True
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
        self.learner.deadline = time.monotonic() + request["seconds"]
        began = time.perf_counter()
        try:
            if np is None:
                raise ModuleNotFoundError("No module named 'numpy'", name="numpy")
            value = act(request)
            told["value"] = flat(value, arrays, 0)
            told["reused"] = request["op"] == "call" and self.reused(request, value, arrays)
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

    def reused(self, request: dict[str, Any], value: Any, arrays: list[Any]) -> bool:
        """This call changed what the call of this function before it had answered, in the same claim.

        Not looked at: answers of more than KEPT bytes, and calls that were given an object, which may have its state
        looked at.
        """
        before, name = (None, "", []) if request.get("anew") or not self.given else self.given, request["name"]
        told = bool(before[1] == name and image(before[0]) != before[2])
        keep = isinstance(value, (list, tuple, dict, np.ndarray)) and not self.held
        self.given = (value, name, image(value)) if keep and sum(each.nbytes for each in arrays) <= KEPT else None
        return told

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
        if isinstance(error, ours.Told):
            told = {"outcome": error.outcome, "message": error.why[:2000], "kind": error.kind}
            return {**told, "file_line": error.file_line}
        message = ours.words_of(error)
        places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno or 0))
        root, own = self.learner.root, self.learner.own
        own_places = [os.path.relpath(name, root) + ":" + str(line) for name, line in places if own(name)]
        told = {"kind": type(error).__name__, "message": message[:2000], "outcome": "raised"}
        return {**told, "file_line": own_places[-1] if own_places else "", "name": str(getattr(error, "name", ""))}

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


def attribute(value: Any, name: str) -> Any:
    """``name`` of an object that is held here; what an interface does not have yet is not attempted."""
    if not hasattr(value, name):
        raise ours.Told("missing", type(value).__name__ + "." + name)
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
    if isinstance(value, (list, tuple)):
        return [b"[%d" % len(value), *(part for item in value for part in image(item))]
    if type(value) is np.ndarray:
        return [repr((value.dtype.str, value.shape)).encode(), value.tobytes()]
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.generic)):
        return [repr(value).encode()]
    return [b"an object"]  # one of the learner's own: theirs to change


def flat(value: Any, arrays: list[Any], depth: int) -> Any:
    """The answer as JSON, its arrays aside. What is not plain numbers, text, lists or dicts is told as wrong."""
    if type(value) is int and value.bit_length() > 10000:
        raise ours.Told("wrong", "a whole number of more than 3000 digits")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > 32:
        raise ours.Told("wrong", "something nested more than 32 deep")
    if isinstance(value, dict):
        return {"$": "dict", "of": [[str(key), flat(item, arrays, depth + 1)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [flat(item, arrays, depth + 1) for item in value]
    if type(value) is np.ndarray or isinstance(value, np.generic) or type(value) is complex:
        array = np.array(value, copy=True, order="C")
        if not DTYPE.fullmatch(array.dtype.str):
            raise ours.Told("wrong", "an array of dtype " + str(array.dtype))
        arrays.append(array)
        return {"$": "array", "at": len(arrays) - 1}
    if type(value) is bytes:
        arrays.append(np.frombuffer(value, np.uint8))
        return {"$": "bytes", "at": len(arrays) - 1}
    if isinstance(value, np.ndarray):
        raise ours.Told("wrong", "a subclass of array, " + type(value).__name__)
    raise ours.Told("wrong", "an object of type " + type(value).__name__)


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
