"""Questions about MLOps: delivery, versions, feature stores, pipelines, fast inference."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("mo06")
def canary_requests(rng: random.Random) -> Question:
    """How long a canary must live."""
    p = rng.choice([0.002, 0.003, 0.004, 0.005, 0.008, 0.01, 0.015, 0.02])
    return number(
        f"A new version fails at a share of {p} of the requests. How many requests must the canary get so that "
        "at least one fails with a probability of 95 %? (Python is fine.)",
        math.log(0.05) / math.log(1 - p),
        f"(1 - {p})^n = 0.05.",
    )


@asks("mo06")
def gate_on_noise(rng: random.Random) -> Question:
    """The standard error of an accuracy."""
    n, acc = rng.choice([400, 500, 900, 1000]), rng.choice([0.8, 0.9, 0.85])
    return number(
        f"A gate lets a model through if its accuracy on {n} test examples is higher than the old one's. The "
        f"true accuracy is {acc}. What is the standard error of the measured one, as a share?",
        math.sqrt(acc * (1 - acc) / n),
        f"√({acc} · {1 - acc:.2g} / {n}): a gate on smaller differences lets noise through.",
    )


@asks("mo06")
def failing_at_random(rng: random.Random) -> Question:
    """A test of training that knows too much."""
    acc = rng.choice(["0.9134", "0.8871"])
    return choice(
        rng,
        f"The CI trains a small model and asserts accuracy == {acc}. It fails after each update of a library, "
        "without a fault in the code. Which test finds faults and holds still?",
        ("a batch of 16 is learnt to a loss below 0.01", "A bound with room, for a property that faults break."),
        [
            ("the accuracy agrees to three digits, not four", "Libraries change the third digit as well."),
            ("the accuracy is above 0, and nothing crashes", "Nearly every fault in training passes that."),
            ("the test is run up to five times until it passes", "It fails each time, and runs anew hide faults."),
        ],
    )


@asks("mo07")
def cannot_rebuild(rng: random.Random) -> Question:
    """What a run's record lacks."""
    table = rng.choice(["customers", "orders"])
    return choice(
        rng,
        "A registry keeps for each model its weights, the commit, the configuration, the seed and the image "
        f"of its container. Training reads the table “{table}”, which is updated every night. Last month's "
        "model cannot be rebuilt. What was missing?",
        ("a fixed version of the table, or a copy", "Only the data could change; all else is pinned."),
        [
            ("the metrics that the training had logged", "They tell whether a rebuilt model is the same, not how."),
            ("the versions of the installed packages", "They are in the container's image."),
            ("the name of the branch of the commit", "A commit is the same on every branch."),
        ],
    )


@asks("mo07")
def stored_versions(rng: random.Random) -> Question:
    """Files kept by their content."""
    size, files, changed, versions = rng.choice([10, 20, 50]), 1000, rng.choice([5, 10, 20]), rng.choice([10, 20, 30])
    return number(
        f"A data set of {size} GB in {files} files of the same size is versioned; each distinct content of a "
        f"file is stored once. {versions} further versions each change {changed} files. How many GB are stored "
        "in all?",
        size + versions * changed * size / files,
        f"{size} GB and {versions} · {changed} files of {size / files:g} GB. As one large file it would be "
        f"{size * (versions + 1)} GB.",
    )


@asks("mo07")
def old_pointer(rng: random.Random) -> Question:
    """Git moves the pointer, not the data."""
    when = rng.choice(["of last month", "of the first release", "before the new labels"])
    return choice(
        rng,
        "train.csv is versioned with DVC: Git holds train.csv.dvc and ignores train.csv. DVC's Git hooks are not "
        f"installed. You `git checkout` the commit {when} and start the training. Which rows does it read?",
        ("those that lay there before the checkout", "Git changed the pointer only; `dvc checkout` brings the file."),
        [
            ("those of that commit, from the cache of DVC", "`dvc checkout` brings them, and nothing has called it."),
            ("those of that commit, which Git has restored", "Git holds the pointer; it has never seen the rows."),
            ("none, as train.csv is gone after the checkout", "`git checkout` leaves ignored files where they are."),
        ],
    )


@asks("mo08")
def value_at_time(rng: random.Random) -> Question:
    """What was known at the moment of the prediction."""
    days = sorted(rng.sample(range(1, 30, 3), 5))
    late = rng.randint(2, 4)
    values = rng.sample(range(10, 99), 5)
    asked = days[rng.randint(2, 4)] + rng.randint(0, late - 1)  # the newest value was not there yet
    known = [value for day, value in zip(days, values, strict=True) if day + late <= asked]
    rows = "\n".join(f"day {day:2}: {value}" for day, value in zip(days, values, strict=True))
    return number(
        f"A feature's values by the day they belong to; each can be read from {late} days later on. A training "
        f"example is a prediction made on day {asked}. Which value belongs to it?",
        known[-1],
        f"The last one that could be read by then: of a day up to {asked - late}.",
        code=rows,
        within=0,
    )


@asks("mo08")
def newest_value_joined(rng: random.Random) -> Question:
    """A join that knows the future."""
    off, on = rng.choice([(0.95, 0.71), (0.93, 0.68)])
    return choice(
        rng,
        "Training examples of the last two years are joined with the newest row of a table of features for "
        f"each customer. The AUC is {off} offline, on customers and months that were held out, and {on} in "
        "service. What is the likely cause?",
        ("Features hold what came after the example.", "In service nobody knows the future; join as of the time."),
        [
            ("The service computes features more slowly.", "Slow values would still be right ones."),
            ("Held-out months are too few for an AUC.", "That would scatter, not lie in one direction so far."),
            ("The classes are less balanced in service.", "AUC does not depend on the balance of the classes."),
        ],
    )


TASKS = (
    {"load": (), "clean": ("load",), "features": ("clean",), "images": ("load",), "train": ("features", "images")},
    {"extract": (), "users": ("extract",), "items": ("extract",), "join": ("users", "items"), "train": ("join",)},
    {"a": (), "b": (), "c": ("a",), "d": ("a", "b"), "train": ("c", "d")},
)


@asks("mo09")
def minutes_after_failure(rng: random.Random) -> Question:
    """The longest path from a task that failed."""
    tasks = rng.choice(TASKS)
    whole = left = 0
    while whole == left:  # what was done before must save something
        takes = {task: rng.randint(2, 30) for task in tasks}
        failed = rng.choice(list(tasks)[1:-1])
        whole, left = (_last_end(tasks, takes, begin) for begin in (None, failed))
    rows = "\n".join(f"{each}: {takes[each]} min, after {' and '.join(tasks[each]) or 'nothing'}" for each in tasks)
    return number(
        "Tasks run as soon as those they wait for are done, with enough workers. In the last run "
        f"{failed} failed, and all that does not come after it succeeded and is kept. {failed} is mended and started "
        "again. After how many minutes is all done?",
        left,
        f"The longest way from {failed} to the end; from the very beginning it would take {whole}.",
        code=rows,
        within=0,
    )


def _last_end(tasks: Mapping[str, Sequence[str]], takes: Mapping[str, int], begin: str | None) -> int:
    """When the last task ends, if ``begin`` and what comes after it runs (None: everything)."""
    ends: dict[str, int] = {}
    for task, after in tasks.items():
        runs = begin is None or task == begin or any(each in ends for each in after)
        if runs:
            ends[task] = takes[task] + max((ends.get(each, 0) for each in after), default=0)
    return max(ends.values())


@asks("mo09")
def all_tasks_pass(rng: random.Random) -> Question:
    """Retries of independent tasks."""
    n, (p, r) = rng.choice([20, 30, 50]), rng.choice([(0.05, 1), (0.1, 1), (0.15, 1), (0.2, 2)])
    return number(
        f"A pipeline has {n} tasks; each try of a task fails with probability {p}, independently. A failed "
        f"task is tried up to {r} more time(s). How probable is it that all tasks succeed? (Python is fine.)",
        (1 - p ** (r + 1)) ** n,
        f"(1 - {p}^{r + 1})^{n}.",
    )


@asks("mo09")
def rows_twice(rng: random.Random) -> Question:
    """A task that cannot be repeated."""
    hour = rng.choice([2, 3])
    return choice(
        rng,
        f"A nightly task adds the day's rows to a table. At {hour} o'clock it failed half-way and was retried "
        "with success; now some rows are there twice. What prevents that for good?",
        ("each run replaces the day's part as a whole", "Then a repeated run has the same result as one."),
        [
            (
                "no retries, but a message to the team at night",
                "Starting it again by hand doubles the same rows.",
            ),
            ("a longer pause between the two tries of the task", "The first half of the rows stays there."),
            (
                "a second task that counts the rows every morning",
                "It finds doubles and does not prevent them.",
            ),
        ],
    )


@asks("mo10")
def model_fast_enough(rng: random.Random) -> Question:
    """Amdahl's law, from the goal."""
    share, goal = rng.choice([60, 65, 70, 75, 80, 90]), rng.choice([1.5, 1.8, 2])
    return number(
        f"Of a request's time, {share} % are the model; the rest stays as it is. How many times as fast must the "
        f"model become for the request to be {goal} times as fast?",
        share / (100 / goal - (100 - share)),
        f"Of 100 ms, {100 / goal:.3g} may stay, and {100 - share} of them are the rest; no model at all would make it "
        f"{100 / (100 - share):.3g} times as fast.",
    )


@asks("mo10")
def bound_by_memory(rng: random.Random) -> Question:
    """Each token reads all the weights."""
    n, size, band = rng.choice([7, 13, 34]), *rng.choice([(2, 900), (1, 600), (2, 2000), (0.5, 300)])
    kind = {2: "16-bit", 1: "8-bit", 0.5: "4-bit"}[size]
    return number(
        f"A model of {n} billion {kind} weights writes one text (batch 1) on a GPU that reads {band} GB a "
        "second from its memory. Each token needs all the weights once; other traffic is small. How many "
        "tokens a second at most?",
        band / (n * size),
        f"{band} / {n * size:g} GB: reading the weights takes longer than computing with them.",
    )


@asks("mo10")
def restored_value(rng: random.Random) -> Question:
    """Symmetric 8-bit quantization of one value."""
    top, x = rng.choice([2.54, 1.27, 6.35]), rng.choice([0.318, 0.733, -0.462, 0.908])
    scale = top / 127
    return number(
        "Weights are stored as int8 with one scale, the largest absolute value over 127. The largest is "
        f"{top}. Which value comes back for {x}? Answer to four digits. (Python is fine.)",
        round(x / scale) * scale,
        f"The scale is {scale:g}; {x} / {scale:g} rounds to {round(x / scale)}.",
        within=0.0005,
    )


@asks("mo10")
def many_small_kernels(rng: random.Random) -> Question:
    """Launches take longer than work."""
    n = rng.choice([600, 900])
    return choice(
        rng,
        f"A model at batch 1 starts {n} GPU kernels, each of 3 µs of work, about 10 µs apart. The CPU thread "
        "that starts them is at 100 %. What shortens the answer most?",
        ("recording them once as a CUDA graph", "The GPU waits for launches; a graph starts all at once."),
        [
            ("quantizing the weights to eight bits", "It shortens the 3 µs, and the gaps stay."),
            ("a GPU with twice as many processors", "It would wait for the same thread."),
            ("a larger batch for the same request", "One request is one example; others would wait for it."),
        ],
    )
