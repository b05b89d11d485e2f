"""M4: what is asked of training: the best weights at the end, callbacks in order, the same again, and going on."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Handle, Subject, equal, true

Array = np.ndarray[Any, Any]
Data = tuple[Array, Array, Array, Array]
SIZES = (1, 2, 3, 4, 6, 8)
RATE = 0.01
LONG = 400
"""Epochs that no run of these claims gets to: patience ends before."""

# --- what the claims make ------------------------------------------------------------------------


def data(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array, Array, int]:
    """Rows, targets, validation rows and targets, a seed. The validation targets are those of weights on the way
    there, so that their loss falls first and rises later."""
    columns, rows = 1 + size % 3, 11 + 2 * size
    x, x_val = rng.normal(size=(rows, columns)), rng.normal(size=(9, columns))
    weights = rng.choice([-1.0, 1.0], columns) * rng.uniform(1.0, 3.0, columns)
    y = x @ weights + 2.0 + rng.normal(scale=0.1, size=rows)
    y_val = 0.5 * (x_val @ weights + 2.0) + rng.normal(scale=0.01, size=9)
    return x, y, x_val, y_val, int(rng.integers(1000))


def losses(rng: np.random.Generator, size: int) -> tuple[list[float], int]:
    """Losses with ties, rises and NaN, and a patience."""
    made = np.round(rng.normal(size=3 * size), 1)
    made[rng.random(3 * size) < 0.1] = np.nan
    return [float(each) for each in made], int(rng.integers(1, 5))


# --- what must hold ------------------------------------------------------------------------------


def descent(x: Array, y: Array, rate: float, steps: int) -> list[tuple[Array, float]]:
    """Weights and loss before and after each of so many steps over all rows."""
    wide = np.hstack([x, np.ones((len(x), 1))]).astype(np.longdouble)
    weights, made = np.zeros(wide.shape[1], dtype=np.longdouble), []
    for _ in range(steps + 1):
        error = wide @ weights - y
        made.append((weights.astype(float), float(np.mean(error**2))))
        weights = weights - rate * 2 * (wide.T @ error) / len(y)
    return made


def learns(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    model, scale = subject.new("LinearModel", x.shape[1]), float(np.abs(y).max())
    for number, (weights, loss) in enumerate(descent(x, y, 0.05, 4)):
        after = f"after {number} steps"
        equal(model.get("weights"), weights, 1e-9, f"weights {after}", scale=1.0)
        equal(model.call("loss", x, y), loss, 1e-9, f"loss {after}", scale=scale)
        predicted = x_val @ weights[:-1] + weights[-1]
        equal(model.call("predict", x_val), predicted, 1e-9, f"predict {after}", scale=scale)
        model.call("step", x, y, 0.05)


def stops(subject: Subject, values: list[float], patience: int) -> None:
    made, best, waited = subject.new("EarlyStopping", patience), math.inf, 0
    equal(made.get("best_loss"), math.inf, 0.0, "best_loss before the first loss")
    kept = np.zeros(2)
    for number, loss in enumerate(values):
        weights = np.array([float(number), loss])
        got = made.call("update", loss, weights)
        waited += 1
        if loss < best:
            best, waited, kept = loss, 0, weights
        told = f"after {[round(each, 2) for each in values[: number + 1]]} with a patience of {patience}"
        true(got is (waited >= patience), f"update {told}", got, waited >= patience)
        if number % 3 == 2:
            equal(made.get("best_loss"), best, 0.0, f"best_loss {told}")
            if best < math.inf:
                equal(made.get("best_weights"), kept, 0.0, f"best_weights {told}")


def trainer(
    subject: Subject, columns: int, seed: int, *, batch: int = 4, patience: int = LONG, rate: float = RATE
) -> tuple[Handle, Handle]:
    model = subject.new("LinearModel", columns)
    return model, subject.new("Trainer", model, rate, batch, seed, patience)


def keeps_the_best(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    model, made = trainer(subject, x.shape[1], seed, patience=3)
    history = made.call("fit", x, y, x_val, y_val, LONG)
    validation = [row["val_loss"] for row in history]
    best, lowest = int(np.argmin(validation)) + 1, min(validation)
    true(len(history) == best + 3, "epochs with a patience of 3, the best of them the first", len(history), best + 3)
    got = model.call("loss", x_val, y_val)
    equal(got, lowest, 1e-12, f"the validation loss of the model after fit (the best epoch was {best})")
    again = made.call("fit", x, y, x_val, y_val, LONG + 5)
    true(again == history, "fit, once patience is over, goes no further", len(again), len(history))
    equal(model.call("loss", x_val, y_val), lowest, 1e-12, "the validation loss after one more fit")
    model, made = trainer(subject, x.shape[1], seed)
    cut = made.call("fit", x, y, x_val, y_val, best + 2)
    true(cut == history[: best + 2], "the history of a fit that ends before patience does", len(cut), best + 2)
    words = "the validation loss of the model where the epochs ended before patience did"
    equal(model.call("loss", x_val, y_val), lowest, 1e-12, words)


def history_is_true(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    """With one batch of all rows the order is of no account, and every number is known. In batches, the weights after
    one epoch tell its losses."""
    model, made = trainer(subject, x.shape[1], seed)
    first = made.call("fit", x, y, x_val, y_val, 1)[0]
    weights = np.asarray(model.get("weights"))
    for name, rows, targets in (("loss", x, y), ("val_loss", x_val, y_val)):
        own = float(np.mean((rows @ weights[:-1] + weights[-1] - targets) ** 2))
        equal(first[name], own, 1e-9, f"the {name} of the weights after one epoch of batches, over all its rows")
    _, made = trainer(subject, x.shape[1], seed, batch=len(y) + seed % 2)
    history = made.call("fit", x, y, x_val, y_val, 5)
    scale = float(np.abs(y).max()) ** 2
    true(len(history) == 5, "epochs in the history", len(history), 5)
    for number, (weights, loss) in enumerate(descent(x, y, RATE, 5)[1:], start=1):
        row = history[number - 1]
        true(set(row) == {"epoch", "loss", "val_loss"}, "names in the history", sorted(row), "epoch, loss, val_loss")
        true(row["epoch"] == number, f"the epoch of row {number}", row["epoch"], number)
        equal(row["loss"], loss, 1e-9, f"the loss after epoch {number}", scale=scale)
        left = float(np.mean((x_val @ weights[:-1] + weights[-1] - y_val) ** 2))
        equal(row["val_loss"], left, 1e-9, f"the validation loss after epoch {number}", scale=scale)


def sees_every_row(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    """At a tiny rate an epoch adds up the gradients of its batches, at the weights it began with."""
    tiny, batch = 1e-9, 3
    for rows in (len(y) - len(y) % batch, len(y) - len(y) % batch - 2):
        model, made = trainer(subject, x.shape[1], seed, batch=batch, rate=tiny)
        made.call("fit", x[:rows], y[:rows], x_val, y_val, 1)
        moved = -np.asarray(model.get("weights")) / (2 * tiny)
        wide = np.hstack([x[:rows], np.ones((rows, 1))]) * -y[:rows, None]
        if rows % batch == 0:
            equal(moved, wide.sum(axis=0) / batch, 1e-5, f"one epoch of {rows} rows in batches of {batch}", scale=1.0)
            continue
        # the row that is left over is a batch of its own and weighs as much as the others together: which one it is,
        # the seed decides
        tried = [wide.sum(axis=0) / batch + row * (1 - 1 / batch) for row in wide]
        gap = min(float(np.abs(moved - each).max()) for each in tried)
        words = f"one epoch of {rows} rows in batches of {batch}: every row once, the last batch of one row"
        true(gap <= 1e-5 * np.abs(wide).max() * rows, words, f"off by {gap:.3g}", "the sum of the batches' gradients")


def told_in_order(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    _, made = trainer(subject, x.shape[1], seed, batch=4, patience=2)
    journal = subject.new("Journal")
    true(journal.get("entries") == [], "the entries of a new Journal", journal.get("entries"), [])
    for name in ("first", "second"):
        made.call("add", subject.new("Recorder", name, journal))
    _, another = trainer(subject, x.shape[1], seed)
    another.call("fit", x, y, x_val, y_val, 1)
    true(journal.get("entries") == [], "a trainer tells its own callbacks only", journal.get("entries")[:2], [])
    epochs, batches = ["epoch_start", "epoch_end"], math.ceil(len(y) / 4)
    once = [epochs[0], *["batch_end"] * batches, epochs[1]]
    expected = ["fit_start", *once, "fit_end", "fit_start", *once, *once, "fit_end"]
    made.call("fit", x, y, x_val, y_val, 1)
    made.call("fit", x, y, x_val, y_val, 3)
    _same_events(journal.get("entries"), expected, f"{len(y)} rows in batches of 4, one epoch, then two more")
    before = len(expected)
    history = made.call("fit", x, y, x_val, y_val, LONG)
    expected += ["fit_start", *once * (len(history) - 3), "fit_end"]
    _same_events(journal.get("entries")[2 * before :], expected[before:], "until patience was over")


def _same_events(got: list[str], events: list[str], what: str) -> None:
    expected = [f"{name} {event}" for event in events for name in ("first", "second")]
    for number, (mine, theirs) in enumerate(zip(got, expected, strict=False), start=1):
        true(mine == theirs, f"event {number} ({what})", mine, theirs)
    true(len(got) == len(expected), f"events ({what})", len(got), len(expected))


def same_again(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    """Two trainers of one seed, epoch by epoch in turn, and one of another seed between them."""
    made = [trainer(subject, x.shape[1], each) for each in (seed, seed, seed + 1)]
    told = [[one.call("fit", x, y, x_val, y_val, epochs) for _, one in made] for epochs in (1, 2, 3, 6)]
    first, second, other = told[-1]
    true(first == second, "two trainers of one seed have the same history", second[-1], first[-1])
    for histories, epochs in zip(told, (1, 2, 3, 6), strict=True):
        same = histories[0] == first[:epochs] and len(histories[0]) == epochs
        true(same, f"the history up to epoch {epochs} is the beginning of the later one", histories[0], first[:epochs])
    true(first != other, "another seed has another history", "the same", "another order of the rows")
    orders = [{row["loss"] for row in history} for history in (first, other)]
    true(not orders[0] & orders[1], "the losses of two seeds differ from the first epoch on", first[0], other[0])


def goes_on(subject: Subject, x: Array, y: Array, x_val: Array, y_val: Array, seed: int) -> None:
    """Interrupted before the first epoch, in between, after the best one: each time as if it had not been."""
    model, whole = trainer(subject, x.shape[1], seed, patience=3)
    history = whole.call("fit", x, y, x_val, y_val, LONG)
    weights, best = model.get("weights"), len(history) - 3
    for stop in sorted({0, 1, max(1, best // 2), best, best + 1, best + 2}):
        place = subject.new("castalia.Folder", {})
        path = place.call("place", "state")
        early, first = trainer(subject, x.shape[1], seed, patience=3)
        if stop:
            first.call("fit", x, y, x_val, y_val, stop)
        first.call("save", path)
        _no_pickle(place)
        late, second = trainer(subject, x.shape[1], seed, patience=3)
        if stop == best:  # one that was at something else
            second.call("fit", x, y * 0.0, x_val, y_val * 0.0, 2)
        second.call("restore", path)
        words = f"interrupted after {stop} of {len(history)} epochs, {best} the best"
        equal(late.get("weights"), early.get("weights"), 0.0, f"the weights right after restore ({words})")
        after = second.call("fit", x, y, x_val, y_val, LONG)
        true(len(after) == len(history), f"epochs, {words}", len(after), len(history))
        for mine, theirs in zip(after, history, strict=True):
            true(mine == theirs, f"the history, {words}", mine, theirs)
        equal(late.get("weights"), weights, 0.0, f"the weights, {words}")
        place.free()


def _no_pickle(place: Handle) -> None:
    names = place.call("names")
    true(names == ["state"], "save writes one file, under exactly its path", names, ["state"])
    content = place.call("read", "state")
    plain, inside = isinstance(content, str), ""
    if not plain and content[:2] == b"PK":
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            try:
                plain = all(isinstance(file[name], np.ndarray) for name in file.files)
            except ValueError as error:
                inside = str(error)
    true(plain, "what save has written holds no pickle", inside or content[:20], "NPZ without objects, or text")


CLAIMS = (
    Claim(
        id="linear_model",
        words="LinearModel predicts by a weighted sum, and a step moves its weights down the gradient of its loss.",
        topics={"dl10": 0.5, "py02": 0.5},
        at="LinearModel",
        make=data,
        holds=learns,
        sizes=SIZES,
        cases=6,
        hints=(
            "What is the derivative of the mean of (w x - y) squared, by w?",
            "Compare one step with a step of your own by hand, on two rows.",
            "The gradient is twice the mean of error times input; the constant's input is 1.",
        ),
    ),
    Claim(
        id="early_stopping",
        words="EarlyStopping says stop after `patience` losses in a row that are not below the best; NaN never is.",
        topics={"dl10": 0.7, "py02": 0.3},
        at="EarlyStopping",
        make=losses,
        holds=stops,
        sizes=(1, 2, 3, 5),
        cases=8,
        edges=(
            lambda: ([1.0, 1.0, 1.0], 2),
            lambda: ([math.nan, 1.0, math.nan, 0.5], 2),
            lambda: ([math.nan, math.nan, 1.0], 2),
            lambda: ([3.0, 2.0, 2.5, 1.9, 1.95, 1.99], 2),
        ),
        hints=(
            "With a patience of 2, after which of 3, 2, 2.5, 2.4 is it time?",
            "Is an equal loss an improvement? What does every comparison with NaN say?",
            "Count up at every loss; a loss strictly below the best sets the count to zero and keeps the weights.",
        ),
    ),
    Claim(
        id="history_is_true",
        words="The history has a row for each epoch: its number from 1, and both losses after it, over all rows.",
        topics={"dl10": 1.0},
        at="Trainer.fit",
        make=data,
        holds=history_is_true,
        sizes=SIZES,
        cases=6,
        hints=(
            "The mean of the batches' losses is a loss of which weights?",
            "Train with one batch of all rows, and compute the first two epochs by hand.",
            "Compute both losses after the last batch of the epoch, over x, y and over x_val, y_val.",
        ),
    ),
    Claim(
        id="every_row_once",
        words="Every epoch takes each row once, in batches; what is left over makes a smaller one.",
        topics={"dl10": 1.0},
        at="Trainer.fit",
        make=data,
        holds=sees_every_row,
        sizes=SIZES,
        cases=6,
        hints=(
            "Seven rows in batches of three: how many steps?",
            "Collect the rows that your epoch takes: is each of them there, and once?",
            "One permutation an epoch, cut into slices; a slice beyond the end is shorter by itself.",
        ),
    ),
    Claim(
        id="keeps_the_best",
        words="After fit the model has the weights of the epoch with the lowest validation loss.",
        topics={"dl10": 0.6, "py02": 0.4},
        at="Trainer.fit",
        make=data,
        holds=keeps_the_best,
        sizes=SIZES,
        cases=4,
        hints=(
            "When patience is over, how old are the best weights?",
            "Is what you remember a copy, or the very array that the next step changes?",
            "Copy the weights when the loss is the best, and copy them back when fit ends, however it ends.",
        ),
    ),
    Claim(
        id="callbacks_in_order",
        words="Callbacks are told every event, in the order in which they were added, and fit_end however fit ends.",
        topics={"py02": 1.0},
        at="Trainer.add",
        make=data,
        holds=told_in_order,
        sizes=SIZES,
        cases=4,
        hints=(
            "Which events has an epoch of three batches?",
            "Print the journal of two recorders, one epoch. Who was told first?",
            "One private method that tells an event to each callback; call it at six places of fit.",
        ),
    ),
    Claim(
        id="same_seed_same_history",
        words="Two trainers of one seed have the same history, whatever runs between; another seed has another.",
        topics={"dl10": 0.6, "py02": 0.4},
        at="Trainer.fit",
        make=data,
        holds=same_again,
        sizes=SIZES,
        cases=4,
        hints=(
            "Who else draws from np.random while your trainer runs?",
            "Run two trainers in turn, an epoch each. Are their histories the same?",
            "A generator of its own for each trainer, or for each epoch, made from the seed.",
        ),
    ),
    Claim(
        id="resumed_is_uninterrupted",
        words="A trainer that was saved, restored in another and trained on is one that was never interrupted.",
        topics={"dl10": 0.5, "py02": 0.5},
        at="Trainer.restore",
        make=data,
        holds=goes_on,
        needs=frozenset({"files"}),
        sizes=SIZES,
        cases=3,
        budget=10.0,
        hints=(
            "What does a trainer know besides the weights of its model?",
            "After fit the model has the best weights. With which must the next epoch begin?",
            "Last weights, best weights, history, what patience has counted; the order of rows follows from the seed.",
        ),
    ),
)
