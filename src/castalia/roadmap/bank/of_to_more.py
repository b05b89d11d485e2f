"""More questions about tools and engineering: services and clusters."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("to07")
def requests_a_second(rng: random.Random) -> Question:
    """Little's law."""
    workers, ms = rng.choice((2, 4, 8, 16)), rng.choice((20, 40, 50, 80, 125))
    return number(
        f"A service has {workers} workers; each answers one request at a time, in {ms} ms. "
        "How many requests a second can it answer at most?",
        workers * 1000 / ms,
        f"A worker does 1000 / {ms} a second, and there are {workers} of them.",
    )


@asks("to07")
def status_of_a_bad_request(rng: random.Random) -> Question:
    """Whose fault it is."""
    name = rng.choice(("age", "price", "text"))
    return choice(
        rng,
        f"POST /predict gets well-formed JSON without the required field {name}. With which status should it answer?",
        ("422", "The request is at fault and can be mended: a 4xx that says which field is missing."),
        [
            ("500", "That says that the service failed; callers would try the same again, and somebody is woken up."),
            ("404", "That says that there is no /predict."),
            ("200", "Callers look at the status: an error inside of a success is taken for an answer."),
        ],
    )


@asks("to07")
def asked_twice(rng: random.Random) -> Question:
    """What a timeout does not say."""
    thing = rng.choice(("an order", "a payment", "a booking"))
    return choice(
        rng,
        f"A program sends POST to make {thing} and gets no answer within 5 s. It does not know whether it was made. "
        "How can it try again without making two?",
        (
            "It sends the same unique key with both tries",
            "The server keeps the key with the result and answers the second try with the first one's result.",
        ),
        [
            ("It waits a minute before the second try", "The first one may have worked; waiting does not undo it."),
            ("It sends PUT to the same address instead", "A word alone promises nothing: the server must do so."),
            ("It sets a longer timeout for both tries", "Answers get lost however long somebody waits."),
        ],
    )


@asks("to08")
def limit_of_machines(rng: random.Random) -> Question:
    """Amdahl's law, from two runs."""
    n, alone, part = rng.choice((4, 5, 8, 10)), rng.randint(3, 20), rng.randint(5, 20)
    return number(
        f"A job takes {alone + n * part} minutes on one machine and {alone + part} on {n}. One part of it is shared "
        "out evenly, the rest cannot be, and sharing costs nothing. How many minutes does it take with as many "
        "machines as you like?",
        alone,
        f"{n} machines save {n - 1}/{n} of what is shared: {(n - 1) * part} minutes, so {n * part} are shared.",
    )


@asks("to08")
def one_slow_task(rng: random.Random) -> Question:
    """Skewed keys."""
    n, minutes = rng.choice((200, 400, 1000)), rng.randint(25, 60)
    return choice(
        rng,
        f"A Spark job groups purchases by customer. Of {n} tasks of the last stage all but one end within 10 s; one "
        f"runs "
        f"{minutes} min, on whichever machine it is put. What is the likeliest reason?",
        ("One customer has most of the rows", "All rows of a key go to one task: the keys are skewed."),
        [
            ("One machine of the cluster is broken", "It is slow on whichever machine it runs."),
            ("There are too few tasks for the data", "Then all of them would be slow, about alike."),
            ("The data do not fit into the memory", "Others of the same size would spill to disk as well."),
        ],
    )


@asks("to08")
def rows_that_travel(rng: random.Random) -> Question:
    """Sums made before the shuffle."""
    machines, keys = rng.choice((10, 20, 50)), rng.choice((100, 500, 1000))
    rows = rng.choice((2, 5, 8)) * 1_000_000
    return number(
        f"{rows:,} rows lie on {machines} machines, evenly and in random order; each has one of {keys} keys. Every "
        f"machine "
        "first sums up its own rows by key, then sends one row for each key to be summed up. How many rows are sent?",
        machines * keys,
        "One row for each machine and key, instead of every row: why sums go before the shuffle.",
        within=0,
    )
