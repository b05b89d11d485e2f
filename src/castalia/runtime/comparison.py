"""Two systems side by side: fitted with the same seeds, asked the same, and what of the difference is more than chance.

Each system runs in a child of its own, as a quick fit does: no run is recorded and no version is kept. The held-out
metrics are those that each ``fit`` returns about itself; a figure is compared where both return it under one name.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from castalia import catalog
from castalia.catalog import Card
from castalia.core.errors import CastaliaError, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.example import example_of
from castalia.core.settings import Settings
from castalia.jobs import Host
from castalia.kit.stats import Interval, holm, mean_difference, paired_t
from castalia.kit.timing import Speed, alternately, speed
from castalia.runtime.curve import Curve, common

LEVEL = 0.95
FIT_SECONDS, CALL_SECONDS = 24 * 3600.0, 60.0
CLOSE = 1e-9
"""Numbers no further apart than this, relative to the larger, are equal."""
INPUTS = 32
"""So many different questions at most, where their numbers can be varied."""


@dataclass(frozen=True)
class Metric:
    """One held-out figure of both, a value for each seed; differences are a - b."""

    name: str
    a: tuple[float, ...]
    b: tuple[float, ...]
    difference: Interval | None
    """None where there are fewer than two pairs, or the seed changes nothing."""
    p: float | None
    """Paired t-test, adjusted for the number of metrics (Holm)."""
    better: str
    """a or b where the test says so, "higher a", "higher b" where no card says which way is better, else "none"."""
    words: str


@dataclass(frozen=True)
class Field:
    """One field of the answers."""

    name: str
    equal: int
    largest: float


@dataclass(frozen=True)
class Answers:
    """The same questions to both."""

    asked: int
    equal: int
    largest: float | None
    """The largest relative difference between two numbers; infinite where texts, kinds or shapes differ."""
    why: str = ""
    fields: tuple[Field, ...] = ()
    """The same, for each field that both answers have."""
    only: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """Fields that only a, or only b, answers."""


@dataclass(frozen=True)
class Comparison:
    """Two systems, side by side."""

    a: str
    b: str
    seeds: tuple[int, ...]
    quick: bool
    metrics: tuple[Metric, ...]
    fit: Speed | None
    answers: Answers
    call: Speed | None
    notes: tuple[str, ...]
    curves: tuple[Curve, ...] = ()
    """What both logged under one name in the fit with the first seed."""

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        told = asdict(self)
        for each in (told["answers"], *told["answers"]["fields"]):
            each["largest"] = "inf" if each["largest"] == math.inf else each["largest"]
        return {"kind": "systems", **told}


def compare_systems(
    a: str, b: str, *, seeds: int = 5, quick: bool = False, params: Mapping[str, Any] | None = None,
    settings: Settings | None = None, say: Callable[[str], None] = lambda words: None,
) -> Comparison:  # fmt: skip
    """Fit both with the seeds 0, 1, ... and ask both the same. ``params`` go to both, and both have to know them."""
    settings = settings or Settings.read()
    if not 1 <= seeds <= 100:
        raise WrongInput("castalia compare: --seeds does not fit", str(seeds), "1 to 100", field="seeds")
    cards = [_card(each, settings) for each in (a, b)]
    arguments = [{"address": card.address, "home": str(settings.home)} for card in cards]
    with (
        Host("castalia.runtime.contender:enter", arguments[0], title=a) as first,
        Host("castalia.runtime.contender:enter", arguments[1], title=b) as second,
    ):
        sides = (_Side(cards[0].address, first), _Side(cards[1].address, second))
        notes: list[str] = []
        chosen, fits = _fit_both(sides, seeds, quick, dict(params or {}), notes, say)
        goals = {claim.metric: claim.at_most is None for card in reversed(cards) for claim in card.claims}
        metrics = _metrics(fits, goals, notes)
        times = [[one["seconds"] for one in pair] for pair in fits]
        fitting = speed("fit", times) if times else None
        answers, call = _ask_both(sides, say)
    curves = common(fits[0][0]["curves"], fits[0][1]["curves"]) if fits else ()
    return Comparison(a, b, tuple(chosen), quick, metrics, fitting, answers, call, tuple(notes), curves)


def _card(address: str, settings: Settings) -> Card:
    where = catalog.parse(address)
    card = catalog.card(where.bare, settings)
    if where.ref or where.verb:
        raise WrongInput("a comparison fits both anew", address, "a system without version or verb", card.address)
    if not card.is_system:
        raise WrongInput(f"{card.address} is a project, not a system", address, "a system", "castalia systems")
    return card


def note(found: Comparison, settings: Settings | None = None) -> tuple[str, ...]:
    """One event in the evidence; a warning in words where it could not be kept."""
    evidence = Evidence((settings or Settings.read()).home)
    outcome = ", ".join(f"{each.name}: {each.words}" for each in found.metrics) or "no metrics"
    try:
        evidence.add([evidence.event("compare", catalog.parse(found.a).name, outcome=outcome[:300])])
    except (CastaliaError, OSError) as error:
        return (f"this is not kept as evidence: {' '.join(str(error).split())}",)
    return ()


class _Side:
    """One system, open in its child."""

    def __init__(self, address: str, host: Host) -> None:
        self.address, self.host = address, host
        self.facts: dict[str, Any] = host.call("describe", {}, timeout=CALL_SECONDS)

    def fit(self, params: Mapping[str, Any], quick: bool) -> dict[str, Any]:
        told: dict[str, Any] = self.host.call("fit", {"params": dict(params), "quick": quick}, timeout=FIT_SECONDS)
        return told

    def warm(self) -> None:
        """A quick fit that counts for nothing: libraries are imported, files are read once."""
        self.host.call("warm", {}, timeout=FIT_SECONDS)

    def ask(self, inputs: Sequence[Any]) -> dict[str, Any]:
        told: dict[str, Any] = self.host.call("ask", {"inputs": list(inputs)}, timeout=CALL_SECONDS)
        return told


# --- fits, a pair for each seed ------------------------------------------------------------------


def _fit_both(
    sides: tuple[_Side, _Side], seeds: int, quick: bool, params: dict[str, Any], notes: list[str],
    say: Callable[[str], None],
) -> tuple[list[int], list[tuple[dict[str, Any], dict[str, Any]]]]:  # fmt: skip
    """The seeds and, for each, what both fits said; the last seed first, so that seed 0 is the one that answers."""
    for side in sides:
        known = side.facts["params"]["properties"]
        for name in params:
            if name not in known:
                raise WrongInput(
                    f"{side.address} has no parameter {name}", name, f"one of {', '.join(known)}", "Leave it out."
                )
    idle = [side.address for side in sides if not side.facts["fits"]]
    if idle:
        notes.append(f"No fits and no metrics are compared: {_listed(idle, 'does', 'do')} not learn.")
        return [], []
    without = [side.address for side in sides if "seed" not in side.facts["params"]["properties"]]
    if without:
        notes.append(f"One fit each is all there is: {_listed(without, 'has', 'have')} no parameter seed.")
    say("a first quick fit of each, which is not counted")
    for side in sides:
        side.warm()
    chosen = [0] if without else list(range(seeds))
    pairs = []
    for number, seed in enumerate(reversed(chosen)):
        say(f"fit {number + 1} of {len(chosen)}")
        given = params if without else {**params, "seed": seed}
        told = {}
        for side in sides if number % 2 == 0 else reversed(sides):
            told[side] = side.fit(given, quick)
        pairs.append((told[sides[0]], told[sides[1]]))
    used = [sorted((each["name"], each["digest"]) for each in one["data"]) for one in pairs[0]]
    unnamed = [side.address for side, data in zip(sides, used, strict=True) if not data]
    if len(unnamed) == 1:
        words = "names no data set in its Params, so nobody can say whether both learned from the same."
        notes.append(f"{unnamed[0]} {words}")
    elif used[0] != used[1]:
        notes.append("The two learned from different data, so their figures are about different things.")
    return ([] if without else chosen), pairs[::-1]


def _listed(names: Sequence[str], one: str, many: str) -> str:
    return f"{names[0]} {one}" if len(set(names)) == 1 else f"{' and '.join(names)} {many}"


def _metrics(
    fits: Sequence[tuple[dict[str, Any], dict[str, Any]]], goals: Mapping[str, bool], notes: list[str]
) -> tuple[Metric, ...]:
    """Every figure that both return, with its test; Holm over all that were tested."""
    if not fits:
        return ()
    names = [name for name in fits[0][0]["metrics"] if all(name in one["metrics"] for pair in fits for one in pair)]
    if not names:
        notes.append("They return no metric of the same name.")
    columns = {name: ([x["metrics"][name] for x, _ in fits], [y["metrics"][name] for _, y in fits]) for name in names}
    tested = [name for name, (x, y) in columns.items() if np.ptp(np.subtract(x, y)) > 0]
    adjusted = dict(zip(tested, holm([paired_t(*columns[name]).p for name in tested]), strict=True))
    return tuple(_metric(name, *columns[name], adjusted.get(name), goals.get(name)) for name in names)


def _metric(name: str, x: list[float], y: list[float], p: float | None, higher_is_better: bool | None) -> Metric:
    """ "Better" only by the paired test, and only where a card says which way is better."""
    if p is None:
        same = x == y
        why = (
            "equal in every fit" if same else "one fit, no test" if len(x) == 1 else "the seed changes nothing: no test"
        )
        return Metric(name, tuple(x), tuple(y), None, None, "none", why)
    found = mean_difference(x, y, LEVEL)
    if found.low <= 0 <= found.high or p >= 1 - LEVEL:
        return Metric(name, tuple(x), tuple(y), found, p, "none", "no difference seen")
    side = "a" if found.estimate > 0 else "b"
    if higher_is_better is None:
        return Metric(name, tuple(x), tuple(y), found, p, f"higher {side}", f"{side} is higher")
    winner = side if higher_is_better else "ba"["ab".index(side)]
    return Metric(name, tuple(x), tuple(y), found, p, winner, f"{winner} is better")


# --- the same questions --------------------------------------------------------------------------


def _ask_both(sides: tuple[_Side, _Side], say: Callable[[str], None]) -> tuple[Answers, Speed | None]:
    schemas = [side.ask([])["input"] for side in sides]
    inputs, why = questions(*schemas)
    if not inputs:
        return Answers(0, 0, None, why), None
    say(f"{len(inputs)} question{'s' if len(inputs) > 1 else ''} to both")
    said = [side.ask(inputs)["answers"] for side in sides]
    both = [(number, x["output"], y["output"]) for number, (x, y) in enumerate(zip(*said, strict=True))
            if "output" in x and "output" in y]  # fmt: skip
    if not both:
        refused = next(each["error"] for each in said[0] + said[1] if "error" in each)
        return Answers(0, 0, None, f"No question is answered by both: {refused}"), None
    gaps = [apart(x, y) for _, x, y in both]
    kept = [inputs[number] for number, _, _ in both]

    def seconds(side: _Side) -> float:
        return float(np.median([each["seconds"] for each in side.ask(kept)["answers"]]))

    timed = alternately("call", lambda: seconds(sides[0]), lambda: seconds(sides[1]))
    left = len(inputs) - len(both)
    note = f"{left} questions were refused by one of them." if left else ""
    fields, only = _by_field([(x, y) for _, x, y in both])
    return Answers(len(both), sum(gap <= CLOSE for gap in gaps), max(gaps), note, fields, only), timed


def _by_field(both: Sequence[tuple[Any, Any]]) -> tuple[tuple[Field, ...], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Field by field what is equal and how far the others are apart; and the fields that only one side answers."""
    if not all(isinstance(x, dict) and isinstance(y, dict) for x, y in both):
        return (), ((), ())
    a, b = (list(dict.fromkeys(name for pair in both for name in pair[side])) for side in (0, 1))
    gaps = {name: [apart(x[name], y[name]) for x, y in both if name in x and name in y] for name in a if name in b}
    fields = tuple(Field(name, sum(gap <= CLOSE for gap in each), max(each)) for name, each in gaps.items() if each)
    return fields, (tuple(name for name in a if name not in b), tuple(name for name in b if name not in a))


def questions(a: dict[str, Any], b: dict[str, Any], count: int = INPUTS, seed: int = 0) -> tuple[list[Any], str]:
    """Inputs that fit both schemas: the example, and the same with numbers, choices and booleans drawn anew.

    (inputs, why there are none).
    """
    known = [schema.get("properties", {}) for schema in (a, b)]
    shared = [name for name in known[0] if name in known[1]]
    missing = [name for schema in (a, b) for name in schema.get("required", ()) if name not in shared]
    if missing or not shared:
        more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
        named = f"only one of them takes {', '.join(missing[:4])}{more}" if missing else "they share no field"
        return [], f"They take different questions: {named}."
    examples = {**example_of(b), **example_of(a)}
    first = {name: examples[name] for name in shared if name in examples}
    rng = random.Random(seed)
    made = [first]
    for _ in range(count - 1):
        drawn = {name: _drawn(rng, first[name], known[0][name], known[1][name]) for name in first}
        if drawn not in made:
            made.append(drawn)
    return made, ""


def _drawn(rng: random.Random, value: Any, a: Mapping[str, Any], b: Mapping[str, Any]) -> Any:
    if isinstance(value, bool):
        return rng.random() < 0.5
    if isinstance(value, int | float):
        low = max(each.get("minimum", each.get("exclusiveMinimum", -math.inf)) for each in (a, b))
        high = min(each.get("maximum", each.get("exclusiveMaximum", math.inf)) for each in (a, b))
        spread = abs(value) or 1.0
        low, high = max(low, value - spread), min(high, value + spread)
        return rng.randint(math.ceil(low), math.floor(high)) if isinstance(value, int) else rng.uniform(low, high)
    if "enum" in a and "enum" in b:
        return rng.choice([each for each in a["enum"] if each in b["enum"]] or [value])
    return value


def apart(x: Any, y: Any) -> float:
    """The largest difference between two answers, relative to the larger number; infinite where they are unlike.

    >>> apart({"y": 1.0, "label": "yes"}, {"y": 0.5, "label": "yes", "more": 3})
    0.5
    """
    if isinstance(x, dict) and isinstance(y, dict):
        shared = [name for name in x if name in y]
        return max((apart(x[name], y[name]) for name in shared), default=math.inf)
    if isinstance(x, list) and isinstance(y, list):
        return max((apart(*each) for each in zip(x, y, strict=True)), default=0.0) if len(x) == len(y) else math.inf
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (x, y))
    if not numbers or not (math.isfinite(x) and math.isfinite(y)):
        return 0.0 if x == y or (numbers and math.isnan(x) and math.isnan(y)) else math.inf
    return abs(x - y) / max(abs(x), abs(y)) if x != y else 0.0
