"""The tracker beside MLflow's own server: both in one run, on SQLite, one worker each, asked by one raw client.

    python benchmarks/tracker.py [--part start|log|history|search|client|native|long|postgres|peers] [--dry]

The client (servers.py) keeps one connection and sends the bytes that MLflow's own client was seen sending;
it asks for gzip, as that does. Runs that are searched are put straight into each store. Every measurement is
taken in turns and in both orders, five times, twice where it lasts over half a minute. Raw seconds of each part
go to benchmarks/results/tracker.json; a part that is measured again replaces itself there. trackio and Aim are asked
by their own Python (libraries.py).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import filling
import servers
from beside import in_turns, seconds
from servers import Server, Wire

RESULT = Path(__file__).parent / "results" / "tracker.json"
API = "/api/2.0/mlflow"
TIMES = 5
REST = 5.0
"""Seconds after the first healthy answer at which memory is read."""
Found = dict[str, list[dict[str, Any]]]
OPTIONS = argparse.Namespace(keep="", seconds=0.0, peers="")


def row(part: str, what: str, found: Mapping[str, list[float]], bar: float | None = None, peer: str = "MLflow",
        names: tuple[str, str] = ("castalia", "mlflow")) -> dict[str, Any]:  # fmt: skip
    """A line of the table: raw seconds of both, and how many times the best of theirs is the best of ours."""
    ours, theirs = (sorted(found[name]) for name in names)
    made: dict[str, Any] = {"part": part, "what": what, "peer": peer, "seconds": {"ours": ours, "peer": theirs},
                            "ratio": theirs[0] / ours[0]}  # fmt: skip
    if bar:
        made["bar"] = bar
    print(f"{what:<60} {ours[0] * 1e3:>10.3f} ms {theirs[0] * 1e3:>10.3f} ms {made['ratio']:>7.1f} x {bar or ''}")
    return made


def bound(part: str, what: str, value: float, shown: str, bar: float | None = None, at_least: bool = False,
          raw: object = None) -> dict[str, Any]:  # fmt: skip
    """A figure without a peer, and the bound it was promised to keep."""
    print(f"{what:<60} {shown} {'' if bar is None else f'({bar:g})'}")
    return {"part": part, "what": what, "value": value, "shown": shown, "bound": bar, "at_least": at_least, "raw": raw}


class Both:
    """Both servers up, with an experiment and a run in each."""

    def __init__(self, folder: Path, stores: Mapping[str, str] | None = None) -> None:
        stores = stores or {}
        self.folder = folder
        self.places: dict[str, Path | str] = {
            name: stores.get(name) or folder / name for name in ("castalia", "mlflow")
        }
        self.servers: dict[str, Server] = {}
        try:
            self.servers["castalia"] = servers.castalia(folder / "castalia", stores.get("castalia", ""))
            self.servers["mlflow"] = servers.mlflow(folder / "mlflow", stores.get("mlflow", ""))
            self.wires = {name: Wire(server.port) for name, server in self.servers.items()}
            self.experiments = {name: self.experiment(name, "bench") for name in self.wires}
            self.runs = {name: self.run(name) for name in self.wires}
        except BaseException:
            self.close()
            raise

    def experiment(self, name: str, title: str) -> str:
        """A new experiment's id."""
        self.wires[name].open()
        return str(self.wires[name].ask("POST", f"{API}/experiments/create", {"name": title})["experiment_id"])

    def run(self, name: str) -> str:
        """A new run's id."""
        sent = {"experiment_id": self.experiments[name], "user_id": "me", "start_time": filling.BEGAN, "tags": []}
        return str(self.wires[name].ask("POST", f"{API}/runs/create", sent)["run"]["info"]["run_id"])

    def close(self) -> None:
        """End both."""
        for wire in getattr(self, "wires", {}).values():
            wire.socket.close()
        for server in self.servers.values():
            server.close()

    def __enter__(self) -> Both:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def in_turns(self, make: Callable[[str], Callable[[], float]], times: int = TIMES) -> dict[str, list[float]]:
        """Seconds of ``make(name)()`` for each server, in turns; one of each before, not counted."""

        def ready(name: str) -> Callable[[], float]:
            self.wires[name].open()
            act = make(name)

            def once() -> float:
                self.wires[name].open()
                return act()

            return once

        measures = {name: ready(name) for name in self.wires}
        for measure in measures.values():
            measure()
        return in_turns(measures, times)


class Points:
    """Requests that log points nobody has logged yet."""

    def __init__(self, both: Both, name: str) -> None:
        self.wire, self.run, self.step = both.wires[name], both.runs[name], 0

    def metric(self) -> bytes:
        """One log-metric, as recorded of the client."""
        self.step += 1
        return Wire.request("POST", f"{API}/runs/log-metric", {
            "run_uuid": self.run, "key": "loss", "value": 1 / self.step, "timestamp": filling.BEGAN + self.step,
            "step": self.step, "run_id": self.run,
        })  # fmt: skip

    def batch(self, points: int = 1000) -> bytes:
        """One log-batch of ``points`` metrics."""
        metrics = []
        for _ in range(points):
            self.step += 1
            metrics.append({"key": f"batch_{self.step % 5}", "value": 1 / self.step,
                            "timestamp": filling.BEGAN + self.step, "step": self.step, "run_id": self.run})  # fmt: skip
        return Wire.request("POST", f"{API}/runs/log-batch", {"run_id": self.run, "metrics": metrics})

    def each(self, make: Callable[[], bytes], count: int) -> float:
        """Seconds a request, of ``count`` sent one after the other; they are made before the clock starts."""
        requests = [make() for _ in range(count)]
        begun = time.perf_counter()
        for request in requests:
            self.wire.send(request)
        return (time.perf_counter() - begun) / count


def logged(both: Both, part: str, bars: tuple[float | None, float | None], beside: str = "") -> list[dict[str, Any]]:
    """One point a request, and a thousand."""
    points = {name: Points(both, name) for name in both.wires}
    single = both.in_turns(lambda name: lambda: points[name].each(points[name].metric, 200))
    batch = both.in_turns(lambda name: lambda: points[name].each(points[name].batch, 10))
    return [row(part, f"log-metric{beside}", single, bars[0]),
            row(part, f"log-batch of 1,000 points{beside}", batch, bars[1])]  # fmt: skip


def log() -> Found:
    """log-metric and log-batch."""
    with tempfile.TemporaryDirectory() as folder, Both(Path(folder)) as both:
        return {"rows": logged(both, "log", (8, 5))}


def whole_series(both: Both, part: str, bar: float | None, beside: str = "") -> dict[str, Any]:
    """A series of 20,000 points, whole."""
    filling.series_into_castalia(both.places["castalia"], both.runs["castalia"], "long", 20_000)
    filling.series_into_mlflow(both.places["mlflow"], both.runs["mlflow"], "long", 20_000)
    answers = {}

    def measure(name: str) -> Callable[[], float]:
        run = both.runs[name]
        path = f"{API}/metrics/get-history?run_uuid={run}&metric_key=long&run_id={run}"
        request = Wire.request("GET", path)
        answers[name] = both.wires[name].ask("GET", path)["metrics"]
        return lambda: seconds(lambda: both.wires[name].send(request))

    found = both.in_turns(measure)
    plain = {name: [(m["step"], m["timestamp"], m["value"]) for m in answers[name]] for name in answers}
    assert plain["castalia"] == plain["mlflow"] and len(plain["castalia"]) == 20_000
    return row(part, f"get-history of 20,000 points{beside}", found, bar)


def history() -> Found:
    """A series of 20,000 points, whole."""
    with tempfile.TemporaryDirectory() as folder, Both(Path(folder)) as both:
        return {"rows": [whole_series(both, "history", 10)]}


SEARCHES: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("search of 1,000 runs, all of them", 1_000, {"max_results": 1000}),
    ("search of 1,000 runs, the first 100", 1_000, {"max_results": 100}),
    ("search of 10,000 runs, all in pages of 1,000", 10_000, {"max_results": 1000, "order_by": []}),
    ("search of 10,000 runs, a filter of two, the best 100", 10_000,
     {"max_results": 100, "filter": "metrics.metric_3 < 0.5 and params.param_2 = '0.01'",
      "order_by": ["metrics.metric_1 ASC"]}),
)  # fmt: skip


def searched(
    both: Both, part: str, searches: Sequence[tuple[str, int, dict[str, Any]]], bar: float | None, beside: str = ""
) -> list[dict[str, Any]]:
    """Runs found among those put straight into each store."""
    rows = []
    experiments = {}
    for count in sorted({count for _, count, _ in searches}):
        runs = filling.Runs(count, seed=count)
        for name, fill in (("castalia", filling.into_castalia), ("mlflow", filling.into_mlflow)):
            experiments[name, count] = both.experiment(name, f"{count} runs")
            fill(both.places[name], int(experiments[name, count]), runs)
    for what, count, asked in searches:
        ids: dict[str, list[str]] = {}

        def measure(name: str, count: int = count, asked: Any = asked, ids: Any = ids) -> Callable[[], float]:
            sent = {"experiment_ids": [experiments[name, count]], "run_view_type": "ACTIVE_ONLY", **asked}
            wire = both.wires[name]
            if asked["max_results"] == 100 or count == 1_000:
                request = Wire.request("POST", f"{API}/runs/search", sent)
                ids[name] = [run["info"]["run_id"] for run in json.loads(wire.send(request))["runs"]]
                return lambda: seconds(lambda: wire.send(request))

            def pages() -> float:
                took, token, ids[name] = 0.0, "", []
                while True:
                    page = Wire.request("POST", f"{API}/runs/search", sent | ({"page_token": token} if token else {}))
                    begun = time.perf_counter()
                    answer = wire.send(page)
                    took += time.perf_counter() - begun
                    parsed = json.loads(answer)
                    ids[name] += [run["info"]["run_id"] for run in parsed["runs"]]
                    if not (token := parsed.get("next_page_token", "")):
                        return took

            return pages

        found = both.in_turns(measure, 2 if "pages" in what else TIMES)
        assert ids["castalia"] == ids["mlflow"] and ids["castalia"], what
        rows.append(row(part, f"{what}{beside}", found, bar))
    return rows


def search() -> Found:
    """Runs found among those put straight into each store."""
    with tempfile.TemporaryDirectory() as folder, Both(Path(folder)) as both:
        return {"rows": searched(both, "search", SEARCHES, 10)}


def start() -> Found:
    """From nothing to a healthy answer, and the memory of the tree at rest."""
    memory: dict[str, list[float]] = {"castalia": [], "mlflow": []}

    def begin(name: str) -> Callable[[], float]:
        def once() -> float:
            with tempfile.TemporaryDirectory() as folder, getattr(servers, name)(Path(folder)) as server:
                time.sleep(REST)
                memory[name].append(server.held())
                return float(server.started_s)

        return once

    found = in_turns({name: begin(name) for name in memory}, TIMES)
    begun, rest = min(found["castalia"]), max(memory["castalia"])
    theirs = min(memory["mlflow"])
    return {
        "rows": [row("start", "start in an empty folder, until it is healthy", found)],
        "bounds": [
            bound("start", "start in an empty folder, until it is healthy", begun, f"{begun:.2f} s", 1.5,
                  raw=found["castalia"]),
            bound("start", "memory at rest, the whole tree (PSS)", rest, f"{rest:.0f} MiB (MLflow {theirs:.0f})", 150,
                  raw=memory),
        ],
    }  # fmt: skip


_CLIENT = """
import json, random, sys, time
import mlflow
from mlflow.entities import Metric
places, turns, order = json.loads(sys.argv[1]), int(sys.argv[2]), random.Random(6)
clients = {name: (mlflow.MlflowClient(url), run) for name, (url, run) in places.items()}
found, step = {name: [[], []] for name in clients}, 0
for turn in range(turns + 1):
    for name in order.sample(list(clients), len(clients)):
        client, run = clients[name]
        client.log_metric(run, "warm", 0.5, step=turn, timestamp=1795000000000)
        begun = time.perf_counter()
        for _ in range(100):
            step += 1
            client.log_metric(run, "loss", 0.5 + step, step=step, timestamp=1795000000000 + step)
        single = (time.perf_counter() - begun) / 100
        metrics = [Metric(f"b{i % 5}", 0.5, 1795000000000 + i, step + i) for i in range(1000)]
        begun = time.perf_counter()
        client.log_batch(run, metrics=metrics)
        many = time.perf_counter() - begun
        if turn:
            found[name][0].append(single)
            found[name][1].append(many)
print(json.dumps(found))
"""
CLIENT_TURNS = 20


def client() -> Found:
    """MLflow's own client: the share of its ceiling that each server leaves it. One client asks all, in turns."""
    with tempfile.TemporaryDirectory() as folder, Both(Path(folder)) as both:
        hollow: list[Server] = []
        try:
            places = {name: (server.url, both.runs[name]) for name, server in both.servers.items()}
            for name in ("empty", "bare", "flushes"):
                hollow.append(servers.empty(Path(folder) / name, name == "bare", name == "flushes"))
                places[name] = (hollow[-1].url, both.runs["castalia"])
            environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
            line = [sys.executable, "-c", _CLIENT, json.dumps(places), str(CLIENT_TURNS)]
            said = subprocess.run(line, env=environment, check=True, capture_output=True, text=True).stdout
            found = json.loads(said.splitlines()[-1])
        finally:
            for each in hollow:
                each.close()
    bounds = []
    for i, (what, bar) in enumerate((("log_metric", 0.8), ("log_batch of 1,000 points", None))):
        rates = {name: 1 / min(pair[i]) for name, pair in found.items()}
        for ceiling, words, held in (
            ("empty", "uvicorn that answers {} at once", bar), ("bare", "a bare loop", None),
            ("flushes", "the same uvicorn with one row of SQLite flushed to disk an answer", None),
        ):  # fmt: skip
            share = rates["castalia"] / rates[ceiling]
            beside = f"{share:.2f} (MLflow's server {rates['mlflow'] / rates[ceiling]:.2f})"
            words = f"MLflow's client, {what}: share of its rate against {words}"
            raw = found if not bounds else None
            bounds.append(bound("client", words, share, beside, held, True, raw=raw))
    return {"bounds": bounds}


_NATIVE = """
import sys, time
import castalia
points, server = int(sys.argv[1]), sys.argv[2]
with castalia.run("bench", capture="minimal", **({"server": server} if server else {})) as run:
    begun = time.perf_counter()
    for step in range(points // 5):
        run.log(step, loss=step / 7, accuracy=step / 9, rate=0.1, norm=step / 3, speed=step / 2)
    run.flush()
    print(points / (time.perf_counter() - begun))
"""


def native() -> Found:
    """Points a second through ``castalia.run``, counted until ``flush`` has them on disk."""
    points = 500_000
    with tempfile.TemporaryDirectory() as folder, servers.castalia(Path(folder) / "server") as server:

        def measure(url: str, home: str) -> Callable[[], float]:
            def once() -> float:
                environment = {**os.environ, "CASTALIA_HOME": str(Path(folder) / home), "CASTALIA_TRACKING_URI": ""}
                line = [sys.executable, "-c", _NATIVE, str(points), url]
                made = subprocess.run(line, env=environment, check=True, capture_output=True, text=True)
                return float(made.stdout.split()[-1])

            return once

        found = in_turns({"http": measure(server.url, "client"), "local": measure("", "local")}, TIMES)
    bounds = []
    for name, words in (("http", "to a server"), ("local", "into the home")):
        what, rate = f"points a second through `castalia.run`, {words}", max(found[name])
        bounds.append(bound("native", what, rate, f"{rate:,.0f}", 100_000, True, raw=found[name]))
    return {"bounds": bounds}


def long() -> Found:
    """Ten million points into one run: the time of a commit at the beginning and at the end, and the size.

    With ``--keep`` it may end after ``--seconds`` and go on when it is called again.
    """
    from castalia.track import Store

    group, points, turns = 20_000, 10_000_000, 40
    until = time.perf_counter() + (OPTIONS.seconds or 1e9)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(OPTIONS.keep or made)
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / "took.json"
        kept: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {"run": "", "took": []}
        store = Store.open(folder)
        run = kept["run"] = kept["run"] or store.create_run("long")
        took: list[float] = kept["took"]

        def commit(to: Store, run: str, first: int) -> float:
            batch = [
                (f"metric_{i % 5}", i // 5, filling.BEGAN + i, filling.value(i)) for i in range(first, first + group)
            ]
            begun = time.perf_counter()
            to.log_points({run: batch})
            return time.perf_counter() - begun

        while len(took) * group < points and time.perf_counter() < until:
            took.append(commit(store, run, len(took) * group))
        note.write_text(json.dumps(kept))
        if len(took) * group < points:
            store.close()
            print(f"{len(took) * group:,} points are in; the same command goes on")
            return {}
        store.close()
        with sqlite3.connect(folder / "castalia.db") as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        share = (folder / "castalia.db").stat().st_size / points
        with tempfile.TemporaryDirectory() as other:
            places = {"long": (Store.open(folder), run), "fresh": (Store.open(Path(other)), "")}
            places["fresh"] = (places["fresh"][0], places["fresh"][0].create_run("fresh"))
            at = {"long": points, "fresh": 0}

            def measure(name: str) -> Callable[[], float]:
                def once() -> float:
                    at[name] += group
                    return commit(*places[name], at[name] - group)

                return once

            beside = in_turns({name: measure(name) for name in places}, turns)
            for each, _ in places.values():
                each.close()
    million = 1_000_000 // group
    first, last = (sorted(times)[million // 2] for times in (took[:million], took[-million:]))
    full, fresh = (sorted(beside[name])[turns // 2] for name in ("long", "fresh"))
    rate = points / sum(took)
    return {"bounds": [
        bound("long", "ten million points: a commit of 20,000 more over one into a fresh store, in turns, medians",
              full / fresh, f"{full / fresh:.2f} ({fresh * 1e3:.0f} ms, {full * 1e3:.0f} ms)", raw=beside),
        bound("long", "ten million points: a commit of 20,000 in the last million over one in the first, medians",
              last / first, f"{last / first:.2f} ({first * 1e3:.0f} ms, {last * 1e3:.0f} ms)", raw=took),
        bound("long", "ten million points: points a second into the store", rate, f"{rate:,.0f}", 100_000, True),
        bound("long", "ten million points: bytes a point in SQLite", share, f"{share:.1f}", 32),
    ]}  # fmt: skip


def peers() -> Found:
    """10,000 points logged one by one from Python and read back, beside trackio and Aim."""
    import libraries

    python = OPTIONS.peers or str(libraries.PEERS)
    if not Path(python).exists():
        print("trackio and Aim are not here: make peers")
        return {}
    points, found = 10_000, {}
    for peer in ("trackio", "aim"):
        pythons = {"castalia": sys.executable, peer: python}
        found[peer] = in_turns({name: partial(libraries.once, name, each, points) for name, each in pythons.items()},
                               TIMES)  # fmt: skip
    rows = []
    for i, what in enumerate(("10,000 points logged from Python, until the run has ended", "10,000 points read back")):
        for peer, titled in (("trackio", "trackio"), ("aim", "Aim")):
            both = {name: [pair[i] for pair in pairs] for name, pairs in found[peer].items()}
            rows.append(row("peers", f"{what}, beside {titled}", both, peer=titled, names=("castalia", peer)))
    return {"rows": rows}


def postgres() -> Found:
    """Requests of each kind again, both servers on a throw-away PostgreSQL that syncs to disk."""
    import psycopg

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from postgres import cluster

    with cluster() as made, tempfile.TemporaryDirectory() as folder:
        if made is None:
            print("PostgreSQL is not here: apt-get install postgresql")
            return {}
        with psycopg.connect(made.url("postgres"), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "autovacuum"):  # the tests' cluster does without
                connection.execute(f"ALTER SYSTEM SET {setting} = on")
            connection.execute("SELECT pg_reload_conf()")
        urls = {"castalia": made.url(made.database()), "mlflow": made.url(made.database())}
        urls["mlflow"] = urls["mlflow"].replace("postgresql://", "postgresql+psycopg://", 1)
        with Both(Path(folder), urls) as both:
            beside = ", both on PostgreSQL"
            rows = logged(both, "postgres", (None, None), beside)
            rows.append(whole_series(both, "postgres", None, beside))
            return {"rows": rows + searched(both, "postgres", SEARCHES[:2], None, beside)}


PARTS: dict[str, Callable[[], Found]] = {
    "start": start, "log": log, "history": history, "search": search, "client": client, "native": native,
    "long": long, "postgres": postgres, "peers": peers,
}  # fmt: skip


def keep(part: str, found: Found) -> None:
    """Put a part's figures in the place of its earlier ones."""
    known: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for kind in ("rows", "bounds"):
        others = [each for each in known.get(kind, []) if each["part"] != part]
        known[kind] = sorted([*others, *found.get(kind, [])], key=lambda each: list(PARTS).index(each["part"]))
    known["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    RESULT.write_text(json.dumps(known, indent=1) + "\n")


def ended(number: int, frame: object) -> None:
    """Leave by way of every ``with`` and ``finally``, which end the servers; a second signal does not disturb that."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--dry", action="store_true", help="print only")
    parser.add_argument("--keep", default="", metavar="FOLDER", help="part long: where it goes on")
    parser.add_argument("--seconds", type=float, default=0.0, help="part long: how long at once")
    parser.add_argument("--peers", default="", metavar="PYTHON", help="part peers: the Python that has trackio and Aim")
    said = parser.parse_args(namespace=OPTIONS)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    for part in said.part or PARTS:
        found = PARTS[part]()
        if found and not said.dry:
            keep(part, found)


if __name__ == "__main__":
    main()
