"""Wrong versions of given.py that tests of a learner should notice: a name, the text that changes, its new form."""

from __future__ import annotations

WRONG: dict[str, tuple[str, str]] = {
    "f1: lengths not compared": ("if len(truth) != len(answers):", "if len(truth) < len(answers):"),
    "f1: no rows allowed": ("    if not truth:\n        raise ValueError(\"there are no rows\")\n", ""),
    "f1: accuracy of the class": ("return 2 * hits / (2 * hits + misses + false_alarms)", "return hits / len(truth)"),
    "f1: recall": ("(2 * hits + misses + false_alarms)", "(2 * hits + 2 * misses)"),
    "f1: precision": ("(2 * hits + misses + false_alarms)", "(2 * hits + 2 * false_alarms)"),
    "f1: Jaccard": ("return 2 * hits / (2 * hits + misses", "return hits / (hits + misses"),
    "f1: nothing is perfect": ("        return 0.0\n    return 2", "        return 1.0\n    return 2"),
    "f1: any agreement is a hit": ("if true == 1 and answer == 1:", "if true == answer and answer:"),
    "f1: misses forgotten": ("            misses += 1", "            pass"),
    "f1: false alarms forgotten": ("            false_alarms += 1", "            pass"),
    "ranks: from 0": ("(start + end) / 2 + 1", "(start + end) / 2"),
    "ranks: ties get the lowest": ("(start + end) / 2 + 1", "start + 1.0"),
    "ranks: ties get the highest": ("(start + end) / 2 + 1", "end + 1.0"),
    "ranks: ties ignored": ("values[order[end + 1]] == values[order[start]]", "False"),
    "ranks: largest first": ("key=lambda place: values[place])", "key=lambda place: -values[place])"),
    "ranks: places instead of ranks": ("            found[place] =", "            found[order.index(place)] ="),
    "quantile: no values allowed": (
        "        raise ValueError(\"there are no values\")\n", "        return 0.0\n",
    ),
    "quantile: shares above 1": ("if share < 0 or share > 1:", "if share < 0:"),
    "quantile: shares below 0": ("if share < 0 or share > 1:", "if share > 1:"),
    "quantile: not sorted": ("kept = sorted(values)", "kept = list(values)"),
    "quantile: sorts what it was given": ("kept = sorted(values)", "values.sort(); kept = values"),
    "quantile: the value below": ("kept[below] + (place - below) *", "kept[below] + 0 *"),
    "quantile: one place too few": ("share * (len(kept) - 1)", "max(0, share * len(kept) - 1)"),
    "stopper: equal counts as smaller": ("if loss < self.best:", "if loss <= self.best:"),
    "stopper: NaN counts as smaller": ("if loss < self.best:", "if not loss >= self.best:"),
    "stopper: one step too late": (">= self.patience", "> self.patience"),
    "stopper: one step too early": (">= self.patience", ">= self.patience - 1"),
    "stopper: counts from the start": ("return self._step - self.best_step >=", "return self._step >="),
    "stopper: patience 0 allowed": ("if patience < 1:", "if patience < 0:"),
    "stopper: forgets the best": ("            self.best = loss\n", "            self.best = 0.0\n"),
}  # fmt: skip


def versions(text: str) -> dict[str, str]:
    """The text of each wrong version. AssertionError where a change does not fit the given text exactly once."""
    made = {}
    for name, (old, new) in WRONG.items():
        assert text.count(old) == 1, f"{name}: {old!r} stands {text.count(old)} times"
        made[name] = text.replace(old, new)
    return made
