"""More questions about Python: speed, memory, tests, experiments in Git."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("py06")
def threads_that_wait(rng: random.Random) -> Question:
    """The lock of the interpreter."""
    n, t = rng.choice((4, 8)), rng.randint(3, 12)
    return number(
        f"A loop in pure Python keeps one core busy for {t} s. {n} threads each run such a loop at once, on {n} idle "
        "cores, in a standard CPython with its global lock. After about how many seconds are all of them done?",
        n * t,
        "Only one thread runs Python code at a time, so the work is done one after another. Processes would help.",
        within=0.1,
    )


@asks("py06")
def waiting_side_by_side(rng: random.Random) -> Question:
    """Waiting needs no core."""
    n, workers, t = rng.choice((40, 60, 120)), rng.choice((10, 20)), rng.randint(2, 5)
    return number(
        f"{n} downloads each wait {t} s for their server and cost no computing. A "
        f"ThreadPoolExecutor(max_workers={workers}) "
        "does them, in CPython. After how many seconds are all of them done?",
        -(-n // workers) * t,
        f"Waiting gives the global lock away, so {workers} wait at once: {-(-n // workers)} rounds of {t} s.",
    )


@asks("py06")
def counted_elsewhere(rng: random.Random) -> Question:
    """Processes share no variables."""
    n = rng.randint(3, 8)
    return choice(
        rng,
        "What is printed?",
        ("0", "Each process counts a copy of its own; the parent's variable was never touched."),
        [
            (str(n), "Threads would share the variable; processes do not."),
            ("1", "Each copy became 1, and none of them is the parent's."),
            ("an error", "A global that is changed in a child is legal, and of no use."),
        ],
        code=(
            "from multiprocessing import Process\n\ncount = 0\n\ndef work():\n    global count\n    count += 1\n\n"
            f"if __name__ == '__main__':\n    some = [Process(target=work) for _ in range({n})]\n"
            "    for each in some:\n        each.start()\n    for each in some:\n        each.join()\n    print(count)"
        ),
    )


@asks("py07")
def bytes_of_an_array(rng: random.Random) -> Question:
    """Memory of an array."""
    n, d = rng.choice((20_000, 50_000, 250_000)), rng.choice((128, 300, 768))
    type, size = rng.choice((("float32", 4), ("float64", 8), ("float16", 2)))
    return number(
        f"How many MB (10^6 bytes) does a NumPy array of shape ({n}, {d}) and type {type} need?",
        n * d * size / 1e6,
        f"{n} · {d} numbers of {size} bytes each.",
    )


@asks("py07")
def both_at_once(rng: random.Random) -> Question:
    """A conversion needs both arrays."""
    size = rng.randint(3, 40)
    return number(
        f"x is a float64 array of {size} GB. How many GB do arrays take at the highest point of the line "
        "x = x.astype(np.float32)?",
        1.5 * size,
        "The old array goes only after the new one, half as large, is there.",
    )


@asks("py07")
def what_keeps_it_alive(rng: random.Random) -> Question:
    """A small view keeps a large array."""
    gb, rows = rng.choice((2, 5, 9)), rng.randint(3, 9)
    return choice(
        rng,
        f"A loop reads files, each a matrix of {gb} GB, and keeps only `big[:{rows}]` of each in a list. After a few "
        f"files "
        "memory is full. What cures it?",
        (f"keep big[:{rows}].copy()", "A slice is a view that holds the whole array; a copy holds its rows only."),
        [
            ("call del big in each round", "The name goes; the view in the list still holds the array."),
            ("call gc.collect() in each round", "It finds what nobody holds, and the views do."),
            (f"keep list(big[:{rows}]) instead", "The list has views of single rows, and each holds the array."),
        ],
    )


@asks("py08")
def speed_of_the_whole(rng: random.Random) -> Question:
    """What one function can give."""
    p, k = rng.choice((20, 40, 60, 80)), rng.choice((2, 4, 5, 10))
    return number(
        f"A profile says that one function takes {p} % of a program's time. You make it {k} times as fast. "
        "How many times as fast is the whole program?",
        1 / (1 - p / 100 + p / 100 / k),
        f"The time becomes {100 - p} % + {p} % / {k}.",
        within=0.02,
    )


@asks("py08")
def where_the_time_goes(rng: random.Random) -> Question:
    """Own time and time of all that is called."""
    names = ["load", "clean", "distance", "report"]
    rng.shuffle(names)
    top, calls, hot, rest = names
    own = rng.randint(60, 90) / 10
    code = (
        "ncalls  tottime  cumtime  function\n"
        f"{1:>6}  {0.1:>7.1f}  {own + 2.0:>7.1f}  {top}\n"
        f"{12:>6}  {0.4:>7.1f}  {own + 0.7:>7.1f}  {calls}\n"
        f"{48_000:>6}  {own:>7.1f}  {own:>7.1f}  {hot}\n"
        f"{90_000:>6}  {0.2:>7.1f}  {0.2:>7.1f}  {rest}"
    )
    return choice(
        rng,
        f"A profile of a slow program, in seconds. {top} calls {calls}, and {calls} calls {hot}. "
        "Whose own code do you look at first?",
        (hot, "tottime is a function's own time, without what it calls; here nearly all of it."),
        [
            (top, "Its cumtime is the largest because it calls the others; by itself it takes 0.1 s."),
            (calls, "Most of its cumtime is spent in what it calls."),
            (rest, "It is called most often and takes next to no time."),
        ],
        code=code,
    )


@asks("py08")
def first_call_is_slow(rng: random.Random) -> Question:
    """What is measured at the first call."""
    slow, fast = rng.randint(900, 1500), rng.randint(10, 30)
    return choice(
        rng,
        f"time.time() around one call of predict() says {slow} ms. In the service, which stays up, every call after "
        f"the "
        f"first takes {fast} ms. How do you measure what users of the service get?",
        (
            "call it a few times, then take the median of many",
            "The first call loads and compiles; the median of later ones is not moved by a single slow one.",
        ),
        [
            ("take the mean of the first call and of a later one", "It mixes two things, and describes neither."),
            ("take the least of a hundred calls and report that", "It hides what a usual call takes."),
            ("measure one call again in a newly started process", "That is the slow first call once more."),
        ],
    )


@asks("py09")
def test_that_notices(rng: random.Random) -> Question:
    """Only the border tells > from >=."""
    k = rng.choice((18, 50, 65, 100))
    return choice(
        rng,
        f"From {k} on, `free(x)` must be True. Somebody writes `return x > {k}`. Which test notices?",
        (f"assert free({k})", "Right and wrong code differ at the border alone."),
        [
            (f"assert free({k + 1})", f"{k + 1} is above the border: both versions say True."),
            (f"assert not free({k - 1})", f"{k - 1} is below the border: both versions say False."),
            ("assert not free(0)", "0 is far below the border: both versions say False."),
        ],
    )


@asks("py09")
def tests_that_fail(rng: random.Random) -> Question:
    """Which tests a planted bug breaks."""
    low, high = rng.randint(1, 3), rng.randint(7, 9)
    some = rng.sample(range(-2, 13), 6)
    tests = [(x, min(high, max(low, x))) for x in some]
    return number(
        "clip should keep x within low and high; this version has a bug. How many of the tests fail?",
        sum(max(high, min(low, x)) != y for x, y in tests),
        "Work out what this version gives for each x: high for all of them unless x and low are above it.",
        code=(
            f"def clip(x, low={low}, high={high}):\n    return max(high, min(low, x))\n\n"
            f"tests = {tests}\nprint(sum(clip(x) != y for x, y in tests))"
        ),
        within=0,
    )


@asks("py09")
def covered_and_untested(rng: random.Random) -> Question:
    """Coverage counts lines that ran."""
    before, after = rng.choice((("+", "-"), ("<", "<="), ("*", "+"), ("max", "min")))
    return choice(
        rng,
        f"Tests run every line of a module. In one line you change a {before} into a {after}, and all tests still "
        f"pass. "
        "What does that show?",
        ("No test looks closely at what that line gives", "Coverage counts lines that ran, not results compared."),
        [
            ("That line is not reached by any of the tests", "All lines run; that is what coverage says."),
            (f"The {before} and the {after} always give the same result", "For a few inputs perhaps, hardly for all."),
            ("The tests were not run with the changed file", "That would be seen at any change at all."),
        ],
    )


@asks("py10")
def weights_that_were_deleted(rng: random.Random) -> Question:
    """Git keeps what was deleted."""
    a, b = rng.randint(10, 60), rng.randint(200, 900)
    return number(
        f"A repository is {a} MB to clone. You commit a checkpoint of {b} MB that cannot be compressed; the next "
        f"commit "
        "deletes it; both are pushed. How many MB is a full clone now, about?",
        a + b,
        "The history keeps every version of every file. Large files go elsewhere, with their hash in the repository.",
        within=0.03,
    )


@asks("py10")
def result_without_its_code(rng: random.Random) -> Question:
    """A commit says nothing about changes beside it."""
    score = rng.choice((0.87, 0.91, 0.94))
    return choice(
        rng,
        f"A run wrote down its commit, seed, data hash and package versions. Repeated from all of them it gives "
        f"another "
        f"result than {score}, on the same machine, every time the same. What was most likely not written down?",
        (
            "changes that were not committed",
            "The run used the files as they lay there. Keep the diff, or refuse to run while there is one.",
        ),
        [
            ("the name of the branch it was on", "The commit says which files; the branch adds nothing."),
            ("the time of day at which it began", "It changes no result unless the code reads it."),
            ("the message of the commit it used", "Words about a commit change no file."),
        ],
    )


@asks("py10")
def branch_of_each_try(rng: random.Random) -> Question:
    """Parameters are data, code is code."""
    n = rng.choice((30, 60, 100))
    return choice(
        rng,
        f"You will try {n} learning rates with the same code. How do you keep it so that each result can be made "
        f"again?",
        (
            "one commit, and a record of the parameters of each run",
            "The code is the same; what differs is data of the runs, and is kept with their results.",
        ),
        [
            (f"{n} branches, each with its own learning rate in the code", "Mend one bug, and you mend it everywhere."),
            ("one commit, changed by amend before each of the runs", "Each amend throws away what the last run used."),
            (f"{n} copies of the file, named by their learning rates", "Copies drift apart, and nobody sees how."),
        ],
    )
