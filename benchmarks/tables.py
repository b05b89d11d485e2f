"""The tables of the README and of pages, drawn from the cards and from benchmarks/results/*.json, losing rows first.

    python benchmarks/tables.py            writes them between their markers
    python benchmarks/tables.py --check    says whether they are up to date: exit code 1 where not

A result that is not there leaves its rows out. tests/test_docs.py holds the pages against this file.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from castalia import catalog
from castalia.core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results"
LEVEL = 0.05
"""Times that differ by less than this share are called level: the machine is not that quiet."""


@dataclass(frozen=True)
class Bound:
    """A figure and the bound it was promised to keep, if any."""

    what: str
    value: float
    shown: str
    bound: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return "no promise"
        kept = self.value >= self.bound if self.at_least else self.value <= self.bound
        return "kept" if kept else "**missed**"

    def cells(self) -> tuple[str, ...]:
        promised = "" if self.bound is None else f"{'at least' if self.at_least else 'at most'} {self.bound:g}"
        return (self.what, self.shown, promised, self.verdict)


@dataclass(frozen=True)
class Beside:
    """The same figure of ours and of a peer; ``gain`` > 0 means that ours is better, surely so where ``low`` > 0."""

    what: str
    ours: str
    peer: str
    theirs: str
    low: float
    high: float

    @property
    def verdict(self) -> str:
        return "ahead" if self.low > 0 else "**behind**" if self.high < 0 else "level"

    def cells(self) -> tuple[str, ...]:
        return (self.what, self.ours, f"{self.theirs} ({self.peer})", self.verdict)


ORDER = ("**missed**", "**behind**", "level", "kept", "ahead", "no promise")


def table(head: Sequence[str], rows: Sequence[Bound | Beside]) -> str:
    """A Markdown table, losing rows first, else in the order given."""
    ranked = sorted(rows, key=lambda row: ORDER.index(row.verdict))
    return markdown([head, *(row.cells() for row in ranked)])


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as a Markdown table; the first is the head."""
    rule = ["---"] * len(lines[0])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [lines[0], rule, *lines[1:]])


def result(name: str) -> dict[str, Any]:
    """What a benchmark left, or an empty mapping."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def systems() -> str:
    """The systems on our shelf."""
    lines = [("", "system", "what it answers", "needs")]
    for card in catalog.cards(Settings(home=Path("no-such-home"))):
        link = f"[`{card.name}`](src/castalia/projects/{card.name})"
        lines.append((card.number, link, card.summary, f"`castalia[{card.extra}]`" if card.extra else "nothing more"))
    return markdown(lines)


def bounds() -> str:
    """Figures held against what was promised."""
    return table(
        ("figure", "measured", "promised", ""),
        [*_first_light(), *_churn_bounds(), *_net_bounds(), *_track(), *_proofs(), *_check()],
    )


def _first_light() -> Iterator[Bound]:
    found = result("first_light")
    for key, what, unit, digits, bound in (
        ("help_s", "`castalia --help`", "s", 2, 0.3),
        ("second_start_s", "second `make start`, until it answers", "s", 2, 2.0),
        ("rest_mib", "memory of the workbench at rest", "MiB", 0, 150.0),
        ("import_ms", "`import castalia`", "ms", 1, None),
    ):
        if key in found:
            yield Bound(what, found[key], f"{found[key]:.{digits}f} {unit}", bound)


def _churn_bounds() -> Iterator[Bound]:
    if not (found := result("churn")):
        return
    figures = found["figures"]["castalia churn"]
    for name, words, bound, at_least in (("auc", "AUC", 0.845, True), ("log_loss", "log loss", 0.414, False)):
        worst = (min if at_least else max)(figures[name]["by_seed"])
        shown = f"{figures[name]['mean']:.4f} {_range(figures[name]['interval'])}"
        yield Bound(f"`churn`, {words} on Telco, held-out folds", worst, shown, bound, at_least)


def _net_bounds() -> Iterator[Bound]:
    if not (found := result("neural_net")):
        return
    digits = found["digits"]["castalia"]
    shown = f"{digits['accuracy']:.4f} {_range(digits['interval'])}"
    yield Bound("`neural_net`, accuracy on held-out UCI digits", min(digits["by_seed"]), shown, 0.97, True)
    yield Bound("`neural_net`, a fit on UCI digits, one thread", digits["seconds"], f"{digits['seconds']:.1f} s", 10.0)
    if isinstance(found["mnist"], list):
        accuracy, seconds = ([row[key] for row in found["mnist"]] for key in ("accuracy", "seconds"))
        shown = " and ".join(f"{value:.4f}" for value in accuracy)
        yield Bound("`neural_net`, accuracy on MNIST's test images, two seeds", min(accuracy), shown, 0.98, True)
        # The slower of the two: what was promised holds for every fit.
        yield Bound("`neural_net`, a fit on MNIST, one thread, the slower", max(seconds), f"{max(seconds):.0f} s", 60.0)
    for key, what, bound in (
        ("castalia", "five seeds", 0.98),
        ("castalia, convolutions", "convolutions, three seeds", 0.988),
    ):
        figures = found["digits_in_folds"][key]
        shown = f"{figures['accuracy']:.4f} {_range(figures['interval'])}"
        yield Bound(f"`neural_net`, UCI digits in five folds, {what}", figures["accuracy"], shown, bound, True)
    for key, what, bound in (
        ("mnist_convolutions", "MNIST's test images, convolutions, two seeds", 0.99),
        ("fashion_mnist", "Fashion-MNIST's test images, three seeds", 0.88),
    ):
        if isinstance(found[key], list):
            accuracy = [row["accuracy"] for row in found[key]]
            shown = " and ".join(f"{value:.4f}" for value in accuracy)
            yield Bound(f"`neural_net`, accuracy on {what}", min(accuracy), shown, bound, True)


def _track() -> Iterator[Bound]:
    if found := result("track"):
        yield Bound(
            "a call of `run.log` while the writer works", found["log_call_us"], f"{found['log_call_us']:.1f} µs"
        )
        rate = found["writer_points_per_s"]
        yield Bound("points a second into the store, sustained", rate, f"{rate:,.0f}")
        read = found["read_1e6_as_500_ms"]
        yield Bound("a million points read back as 500", read, f"{read:.0f} ms")


def tracker() -> str:
    """The tracker's figures without a peer, against what was promised."""
    keys = ("what", "value", "shown", "bound", "at_least")
    rows = [Bound(*(row[key] for key in keys)) for row in result("tracker").get("bounds", ())]
    return table(("figure", "measured", "promised", ""), rows)


def board() -> str:
    """What a person waits for on the page of runs."""
    found = result("board").get("runs", {})
    rows = [
        Bound(what, found[key]["least_ms"], f"{found[key]['least_ms']:.0f} ms", bound)
        for key, what, bound in (
            ("first rows", "first rows, opened cold", 1000.0),
            ("sort by a metric", "sorted by a metric", 200.0),
            ("filter typed", "filtered by typing", 200.0),
            ("filter clicked", "filtered by a click", 200.0),
            ("scroll to the middle", "scrolled to the middle", 200.0),
        )
        if key in found
    ]
    if "bytes" in found:
        rows.append(Bound("fetched for all of it", found["bytes"] / 1000, f"{found['bytes'] / 1000:.1f} kB", 60.0))
    return table(("figure", "measured", "promised", ""), rows)


def board_run() -> str:
    """What a person waits for on the page of one run, and what a live one costs."""
    found = result("board_run")
    opened, live = found.get("run", {}), found.get("live", {})
    rows = [
        Bound(what, least := min(row[key] for row in opened[name]), f"{least:.0f} ms", bound)
        for name, key, what, bound in (
            ("overview", "head_ms", "a run, opened cold", 600.0),
            ("curves, 20 of 100,000 points", "head_ms", "its curves, opened cold: the head", 600.0),
            ("curves, 20 of 100,000 points", "curve_ms", "the first of 20 curves of 100,000 points", None),
            ("curves, 500 metrics", "curve_ms", "the first of 500 curves", None),
        )
        if name in opened
    ]
    if live:
        what = f"main thread busy, {live['metrics']} metrics live at {live['updates_a_second']} a second"
        rows.append(Bound(what, live["busy_percent"], f"{live['busy_percent']:.1f} %", 5.0))
        rows.append(Bound("of that on a core", live["cpu_percent"], f"{live['cpu_percent']:.1f} %", None))
        first, last = live["heap_mb"]
        text = f"{first:.1f} MB, then {last:.1f} MB"
        rows.append(Bound(f"heap at the start and after {live['minutes']:g} minutes", last, text, None))
    return table(("figure", "measured", "promised", ""), rows)


def _proofs() -> Iterator[Bound]:
    if found := result("prove"):
        large = found["large"]
        what = f"`castalia prove`, {large['mutants']} mutants of a reference of {large['lines']} lines, two cores"
        yield Bound(what, large["seconds"], f"{large['seconds']:.0f} s", 600.0)


def _check() -> Iterator[Bound]:
    if not (found := result("check")):
        return
    for name, count in found["claims"].items():
        for part, words in (("first claim", "the first claim"), ("whole", f"all {count} claims")):
            value = found["overhead_s"][f"{name}, {part}, namespaces"]
            yield Bound(f"a check of {words} of `{name}`, over the code's own time", value, f"{value:.2f} s", 0.5)


def kit() -> str:
    """The library beside scikit-learn: how many times faster, the same answers given."""
    return ratios("kit", "kit", "scikit-learn")


def ratios(name: str, ours: str, peer: str = "beside") -> str:
    """Times in turns with a peer's, as one result has them; ``peer`` is the head of a column of several."""
    rows = []
    for row in result(name).get("rows", ()):
        mine, theirs = (_spoken(_least(row)[who]) for who in ("ours", "peer"))
        theirs += f" ({row['peer']})" if "peer" in row else ""
        promised, verdict = _promised(row)
        rows.append(
            (row["what"], mine, theirs, f"{row['ratio']:.{0 if row['ratio'] >= 10 else 2}f}", promised, verdict)
        )
    rows.sort(key=lambda row: ORDER.index(row[-1]))
    return markdown([("figure", ours, peer, "times faster", "promised", ""), *rows]) if rows else ""


def _least(row: dict[str, Any]) -> dict[str, float]:
    return {who: min(times) for who, times in row["seconds"].items()}


def _spoken(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _promised(row: dict[str, Any]) -> tuple[str, str]:
    """What was promised in words, and whether it was kept; without a promise, who was ahead."""
    if most := row.get("at_most_ms"):
        return f"at most {most:g} ms", "kept" if _least(row)["ours"] * 1e3 <= most else "**missed**"
    if bar := row.get("bar"):
        return f"{bar:g} times", "kept" if row["ratio"] >= bar else "**missed**"
    gain = math.log(row["ratio"])
    return "", "level" if abs(gain) <= LEVEL else "ahead" if gain > 0 else "**behind**"


def leaks() -> str:
    """How often the linter finds a leak and how often it accuses its honest twin, the worst first."""
    found = result("leaks")
    cases = sorted(found.get("cases", ()), key=lambda case: case["found"]["share"] - case["false alarms"]["share"])
    shares = [[f"{case[part]['share']:.3f} {_range((case[part]['low'], case[part]['high']))}" for case in cases]
              for part in ("found", "false alarms")]  # fmt: skip
    rows = [(case["what"], *pair) for case, *pair in zip(cases, *shares, strict=True)]
    return markdown([("leak", "found, 95 %", "its honest twin accused, 95 %"), *rows]) if rows else ""


def learners() -> str:
    """How often simulated learners are through by the planner's dates, the least often first."""
    found = result("roadmap_learners")
    if not found:
        return ""
    again, process = found["made_again"], (("own_prior", "as the planner assumes"), ("other_process", "otherwise"))
    rows = []
    for key, words in process:
        parts = [("the first plan", found[key]), *((name.replace("_", " "), each[key]) for name, each in again.items())]
        for when, part in parts:
            held = f"{part['held_out']['p90_covers']:.1%}" if "held_out" in part else ""
            interval = _range((part["p90_low"], part["p90_high"]))
            shares = (f"{part['p50_covers']:.1%}", f"{part['p90_covers']:.1%}", interval)
            rows.append((words, when, str(part["learners"]), *shares, held))
    head = ("learners live", "plan made", "learners", "through by P50", "through by P90", "95 %", "P90, held out half")
    return markdown([head, *sorted(rows, key=lambda row: float(row[4].rstrip("%")))])


def day() -> str:
    """What a learner's day costs with a long log."""
    found = result("roadmap_today")
    if not found:
        return ""
    events, promised = f"{found['events']:,}", found["promised"]
    named = (
        ("whole_log", f"{events} events, all replayed"), ("own_process", f"{events} events, `castalia today`"),
        ("one_event_more", f"{events} events and one more"),
        ("nothing_new", f"{events} events, nothing new"),
        ("page", f"{events} events, the page with an empty cache until its gap is painted"),
        ("page_again", f"{events} events, the page opened again"),
        ("served_one_event_more", f"{events} events and one more, `GET /today`"),
        ("served", f"{events} events, nothing new, `GET /today`"),
    )  # fmt: skip
    rows = [
        Bound(words, found[key]["least"], f"{found[key]['least']:.0f} ms", promised.get(key)).cells()
        for key, words in named
        if key in found
    ]
    return markdown([("a day", "ms, least of five", "promised", ""), *rows])


def proofs() -> str:
    """What the committed proofs say."""
    lines = [
        ("contract", "wrong versions by name", "answers that do not try", "automatic mutants", "score, 95 %", "raw")
    ]
    for path in sorted((ROOT / "src" / "castalia").rglob("proof.json")):
        found = json.loads(path.read_text("utf-8"))
        low, high = found["interval"]
        lines.append((
            f"`{found['project']}`", f"{found['named_rejected']} of {found['named']} rejected",
            f"{found['lazy_rejected']} of {found['lazy']}",
            f"{found['killed']} of {found['tried']}, {found['equivalent']} change nothing",
            f"{found['score']:.3f} ({low:.2f} to {high:.2f})", f"{found['score_raw']:.3f}",
        ))  # fmt: skip
    return markdown(lines)


def besides() -> str:
    """Figures beside those of a peer on the same data, splits and machine."""
    return table(("figure", "Castalia", "beside", ""), [*_churn_peers(), *_net_peers()])


def _churn_peers() -> Iterator[Beside]:
    found = result("churn")
    for peer, differences in found.get("ours_minus_peer", {}).items():
        both = [found["figures"][name] for name in ("castalia churn", peer)]
        for figure, words, sign in (("auc", "AUC", 1), ("log_loss", "log loss", -1), ("ece", "calibration error", -1)):
            ours, theirs = (f"{each[figure]['mean']:.4f}" for each in both)
            low, high = sorted(sign * edge for edge in differences[figure]["interval"])
            yield Beside(f"`churn`, {words} on Telco", ours, peer, theirs, low, high)
        seconds = (found["seconds_a_seed"]["castalia churn"], found["seconds_a_seed"][peer])
        yield _times("`churn`, seconds of one cross-validated fit", *seconds, peer)


def _net_peers() -> Iterator[Beside]:
    if not (found := result("neural_net")):
        return
    peer, (ours, theirs) = "sklearn MLPClassifier", found["digits"].values()
    pairs = zip(ours["by_seed"], theirs["by_seed"], strict=True)
    low, high = _interval([a - b for a, b in pairs])
    what = "`neural_net`, accuracy on UCI digits"
    yield Beside(what, f"{ours['accuracy']:.4f}", peer, f"{theirs['accuracy']:.4f}", low, high)
    yield _times("`neural_net`, seconds of a fit on UCI digits", ours["seconds"], theirs["seconds"], peer)
    ours, theirs = found["digits_in_folds"]["castalia"], found["digits_in_folds"][peer]
    pairs = zip(ours["by_seed"], theirs["by_seed"], strict=True)
    low, high = _interval([a - b for a, b in pairs])
    what = "`neural_net`, accuracy on UCI digits in five folds"
    yield Beside(what, f"{ours['accuracy']:.4f}", peer, f"{theirs['accuracy']:.4f}", low, high)


def _times(what: str, ours: float, theirs: float, peer: str) -> Beside:
    gain = math.log(theirs / ours)
    return Beside(what, f"{ours:.2f} s", peer, f"{theirs:.2f} s", gain - LEVEL, gain + LEVEL)


def _interval(differences: Sequence[float]) -> tuple[float, float]:
    """95 % for the mean of five paired differences, Student's t."""
    n = len(differences)
    assert n == 5, "2.776 is the quantile for five"
    mean = sum(differences) / n
    half = 2.776 * math.sqrt(sum((each - mean) ** 2 for each in differences) / (n - 1) / n)
    return mean - half, mean + half


def _range(interval: Sequence[float]) -> str:
    return f"({interval[0]:.3f} to {interval[1]:.3f})"


README = "README.md"
TABLES: dict[str, dict[str, Callable[[], str]]] = {
    README: {"systems": systems, "proofs": proofs, "bounds": bounds, "beside": besides},
    "docs/kit.md": {"kit": kit},
    "docs/reading.md": {"reading": lambda: ratios("reading", "CPU seconds here")},
    "docs/leaks.md": {"leaks": leaks},
    "docs/planner.md": {"learners": learners},
    "docs/today.md": {"day": day},
    "docs/images.md": {"images": lambda: ratios("images", "kit")},
    "docs/runs.md": {"board": board, "board_run": board_run},
    "docs/track.md": {"tracker": lambda: ratios("tracker", "Castalia"), "promised": tracker},
    "docs/trees.md": {"trees": lambda: ratios("trees", "kit", "the library it was grown with")},
    "benchmarks/README.md": {"network": lambda: ratios("network", "here")},
}
"""Page -> the tables in it, by the name in their markers."""


def filled(text: str, page: str = README) -> str:
    """``text`` with each table between its markers drawn anew; AssertionError where a marker is missing."""
    for name, draw in TABLES[page].items():
        begin, end = f"<!-- table: {name} -->\n", f"\n<!-- end: {name} -->"
        assert text.count(begin) == text.count(end) == 1, f"{page} needs the markers of the table {name!r}, once"
        before, rest = text.split(begin)
        text = before + begin + draw() + end + rest.split(end)[1]
    return text


def main() -> int:
    """0 written or up to date, 1 out of date (with --check)."""
    before = {page: (ROOT / page).read_text("utf-8") for page in TABLES}
    old = [page for page, text in before.items() if filled(text, page) != text]
    if "--check" in sys.argv[1:]:
        print(f"{', '.join(old)}: out of date: python benchmarks/tables.py" if old else "up to date")
        return int(bool(old))
    for page in old:
        (ROOT / page).write_text(filled(before[page], page), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
