"""What a learner's tracker exports, milestone by milestone."""

RECORDING = '''
# --- M1 ---
# A tracker is one SQLite file, and what lies beside it under a name that begins with the file's own. A call that has
# returned has committed: whoever opens the file afterwards, in another process too, finds what it wrote. A run is a
# whole number: 1, 2, 3 and so on. What is not there raises KeyError, what does not fit
# ValueError; then nothing is changed.


class Tracker:
    def __init__(self, path: str) -> None:
        """Open the file, and make it where there is none. Several processes may do so at once: who has to wait for
        another's writing waits up to ten seconds. Who reads keeps nobody from writing."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file. When all have, the file alone holds everything but the artifacts."""
        raise NotImplementedError

    def start(self, name: str, params: dict | None = None, key: str | None = None, code: str | None = None) -> int:
        """Begin a run and answer its number. With a key that a run was begun with before: that run's number, and
        nothing is begun or changed, so that whoever got no answer can ask again. What code is for comes in M4."""
        raise NotImplementedError

    def finish(self, run: int, status: str = "done") -> None:
        """status: "done" or "failed"."""
        raise NotImplementedError

    def info(self, run: int) -> dict:
        """{"run", "name", "status", "params", "tags", "commit", "dirty"}. The status is "running" at first; commit and
        dirty are None until M4."""
        raise NotImplementedError

    def set_params(self, run: int, params: dict) -> None:
        """A param is a text, a float, a truth value, None, or a whole number of 64 bits, and comes back as what it
        was: 1, 1.0, True and "1" are four. Said again the same is fine; said otherwise raises ValueError."""
        raise NotImplementedError

    def set_tags(self, run: int, tags: dict[str, str]) -> None:
        """Tags are texts, and may change."""
        raise NotImplementedError

    def log(self, run: int, step: int, values: dict[str, float]) -> None:
        """The values of some metrics at a step. A step is a whole number of 64 bits, a value an int or a float, kept as
        a float: NaN and infinities too. The same metric at the same step again takes the place of the value before."""
        raise NotImplementedError

    def log_many(self, run: int, points: list[tuple[int, str, float]]) -> None:
        """(step, metric, value), many at once: all of them or, where one does not fit, none."""
        raise NotImplementedError

    def history(self, run: int, metric: str) -> list[tuple[int, float]]:
        """(step, value) by step; empty for a metric that was never logged."""
        raise NotImplementedError

    def last(self, run: int) -> dict[str, float]:
        """Each metric's value at its highest step."""
        raise NotImplementedError

    def save(self, run: int, name: str, content: bytes) -> None:
        """An artifact, in the place of the one of that name before. A name is like plots/loss.png: parts with / between
        them. Raises ValueError for one that begins or ends with /, for a part that is empty, . or .., for a backslash
        and a NUL."""
        raise NotImplementedError

    def load(self, run: int, name: str) -> bytes:
        raise NotImplementedError

    def artifacts(self, run: int) -> list[str]:
        """Their names, sorted."""
        raise NotImplementedError
'''

SEARCH = '''

# --- M2 ---


def best(tracker: Tracker, metric: str, direction: str) -> int | None:
    """The run whose last value of the metric is lowest ("min") or highest ("max"). NaN is never best, infinities may
    be; of equal ones the run that was begun first. None where no run has such a value. Another direction raises
    ValueError."""
    raise NotImplementedError


def search(
    tracker: Tracker, where: list[tuple[str, str, object]], limit: int = 100, before: int | None = None
) -> list[int]:
    """The runs that keep every condition, newest first, at most limit of them; with before only runs below it: the
    last run of one page is the before of the next.

    A condition is (field, operator, value). Fields: "name", "status", "params.rate", "tags.team", "metrics.loss" (its
    last value); behind the first dot stands the name, whatever is in it. Operators: = != < <= > >= and contains. A
    value is a text or a number, but no truth value. Numbers are compared with numbers and texts with texts, by code
    points; where the run has another kind or nothing there, and of NaN, no condition holds, != neither. contains is
    for texts, and every character in it means itself. Another field, operator or value raises ValueError, as does
    contains with a number, and a limit below 1."""
    raise NotImplementedError
'''

EXCHANGE = '''

# --- M3 ---


def compare(tracker: Tracker, a: int, b: int) -> dict[str, dict]:
    """The params that are not the same in both runs: {"rate": {"a": 0.1, "b": 0.2}}. Who has none of that name has no
    "a", or no "b". 1, 1.0, True and "1" are not the same; NaN is the same as NaN."""
    raise NotImplementedError


def export_run(tracker: Tracker, run: int, path: str) -> None:
    """All that is known of a run but its number, key and artifacts, as one JSON object in UTF-8 that any program reads
    (RFC 8259: it has no NaN). The same run gives the same bytes. The file is written whole or not at all."""
    raise NotImplementedError


def import_run(tracker: Tracker, path: str) -> int:
    """A new run with all that export_run wrote. ValueError, and no run, for a file that export_run did not write."""
    raise NotImplementedError


def export_csv(tracker: Tracker, run: int, path: str) -> None:
    """Every point: a first line metric,step,value, then a line a point, by metric and step; RFC 4180, UTF-8. A value
    is written so that float() reads the same one."""
    raise NotImplementedError


def import_csv(tracker: Tracker, path: str, name: str) -> int:
    """A new, finished run ("done") of that name with these points. ValueError, and no run, for a file that is not of
    that form; for a row that does not fit the message names the line where it ends, counted from 1."""
    raise NotImplementedError
'''

CODE = '''

# --- M4 ---
# Tracker.start with code, a folder: info(run) has the "commit" and the "dirty" of git_state(code) at that moment, and
# None where that is None.


def git_state(folder: str) -> dict | None:
    """{"commit": the full hash of HEAD, "dirty": a truth value} of the Git repository that the folder lies in; None
    where there is none, no commit yet, or no git. dirty: a file that git tracks is not as in that commit, staged or
    not. Files that git does not track do not make it dirty. Nothing of the repository is changed."""
    raise NotImplementedError
'''

SERVED = '''

# --- M5 ---


def main(arguments: list[str]) -> None:
    """python track.py FILE --port N serves the tracker FILE on 127.0.0.1:N until it is ended. Bodies are JSON.

    GET  /                     an HTML page that lists the newest runs, by number, name and status
    GET  /runs?limit=&before=  {"runs": [what info answers, ...]}, newest first; limit 100 where it is left out
    POST /runs                 {"name", "params" (may be left out), "key" (too)} answers 201 {"run": 7}
    GET  /runs/7               what info answers
    POST /runs/7/points        {"points": [[step, metric, value], ...]} answers 201 {"points": how many}
    GET  /runs/7/points/loss   {"points": [[step, value], ...]} of a metric
    GET  /openapi.json         its description in OpenAPI 3: paths and methods, {} for what varies in a path

    JSON has no NaN: where a float is none JSON has, the text "NaN", "Infinity" or "-Infinity" stands, in both
    directions. A name in a path is percent-encoded. What is not there is 404. A body or a query that does not fit is
    422, and its JSON body names the field (name, points, limit, ...); a field that is not known does not fit either.
    Then nothing is changed."""
    raise NotImplementedError


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
'''

FAULTS = """

# --- M6 ---
# kill -9 at any moment: the file opens afterwards, and all that a call had returned for is there. What one call writes
# is there as a whole or not at all.
"""

INTERFACE = f"{RECORDING}{SEARCH}{EXCHANGE}{CODE}{SERVED}{FAULTS}"
