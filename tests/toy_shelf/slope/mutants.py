"""Wrong versions of the toy, by the misconception that writes them."""

from __future__ import annotations

from castalia.core.contract import Mutant

FILES = ("slope.py",)
_STEP = "return slope - rate * float(np.mean((slope * x - y) * x))"
_LOSS = "return float(np.mean((slope * x - y) ** 2))"
_CALL = "return Output(y=self.slope * x.x)"
_KEEP = "draft.write_text(json.dumps([number + 1, self.slope]))"
_SAVE = '(folder / "slope.json").write_text(json.dumps(self.slope))'
_LOAD = 'self.slope = json.loads((folder / "slope.json").read_text())'
_PREDICT = 'return Table({**table.columns, "y": list(self.slope * xs)}, table.like)'


def _wrong(id: str, words: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, words, old, new, topics, lazy, file="slope.py")


MUTANTS = (
    _wrong("absolute", "That distance is not squared.", _LOSS, "return float(np.mean(abs(slope * x - y)))", "ml01"),
    _wrong("sum", "That a sum is as good as a mean.", _LOSS, "return float(np.sum((slope * x - y) ** 2))"),
    _wrong("uphill", "That one adds the gradient.", _STEP, _STEP.replace("slope - rate", "slope + rate"), "ma04"),
    _wrong("twice", "That the 2 of the square stays.", _STEP,
           _STEP.replace("rate * float", "2 * rate * float"), "ma02"),
    _wrong("chain", "That the inner derivative is one.", _STEP, _STEP.replace(" * x))", "))"), "ma02"),
    _wrong("no_seed", "That chance needs no seed.", "np.random.default_rng(p.seed)", "np.random.default_rng()", "py02"),
    _wrong("swallowed", "That a cancelled fit should go on.",
           "            run.log(number, loss=loss(self.slope, x, y))",
           "            try:\n                run.log(number, loss=loss(self.slope, x, y))\n"
           "            except Exception:\n                pass", "py02"),
    _wrong("silent", "That nobody follows a fit.", "            run.log(number, loss=loss(self.slope, x, y))\n", "",
           "mo07"),
    _wrong("no_pause", "That a parameter may be forgotten.", "time.sleep(p.pause)", "pass", "py01"),
    _wrong("begins_again", "That a fit may begin again.", "if kept.exists():", "if False:"),
    _wrong("other_bounds", "That a bound is only a hint.", "rate: float = Field(0.5, gt=0, le=1",
           "rate: float = Field(0.5, gt=0, le=10", "py02"),
    _wrong("wrong_resume", "That what was kept is of the step before.", _KEEP, _KEEP.replace("number + 1", "number")),
    _wrong("half_kept", "That the step alone says where it was.", "done, self.slope = json.loads(kept.read_text())",
           "done, _ = json.loads(kept.read_text())"),
    _wrong("not_saved", "That save may leave the slope to fit.", _SAVE, _SAVE.replace("self.slope", "0.0")),
    _wrong("rounded", "That a model may be rounded.", _SAVE, _SAVE.replace("self.slope", "round(self.slope, 2)")),
    _wrong("pickle", "That a model may be a pickle.", _SAVE,
           _SAVE + '\n        (folder / "slope.pkl").write_bytes(b"")'),
    _wrong("remembers", "That an answer may leave a trace.", _CALL, "self.slope += 0.01\n        " + _CALL),
    _wrong("column_late", "That a column may be shifted.", _PREDICT, _PREDICT.replace("* xs)", "* np.roll(xs, 1))")),
    _wrong("plain_answer", "That a dict is an Output.", _CALL, 'return {"y": self.slope * x.x}'),
    _wrong("no_metrics", "That metrics may be forgotten.",
           'return {"test_error": abs(self.slope - p.slope)}', "return {}"),
    _wrong("infinite", "That a metric may be infinite.", "abs(self.slope - p.slope)}", 'float("inf")}'),
    _wrong("loose", "That unknown fields do no harm.", "class Input(Record):\n",
           'class Input(Record):\n    model_config = {"extra": "ignore"}\n', "py02"),
    _wrong("lazy_zero", "No work.", _LOSS, "return 0.0", lazy=True),
    _wrong("lazy_echo", "No work.", _STEP, "return slope", lazy=True),
    _wrong("lazy_nan", "No work.", _STEP, 'return float("nan")', lazy=True),
    _wrong("lazy_constant", "No work.", _CALL, "return Output(y=1.0)", lazy=True),
    _wrong("lazy_input", "No work.", _CALL, "return Output(y=x.x)", lazy=True),
)  # fmt: skip

_EXAMPLE = "an example is one of many: any number that fits may stand there."
EQUIVALENT = {"slope.py:32:48:constant:double": _EXAMPLE, "slope.py:32:48:constant:zero": _EXAMPLE}
