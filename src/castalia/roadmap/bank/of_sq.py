"""Questions about databases."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


def _values(rows: list[tuple[object, ...]]) -> str:
    """Rows as SQL writes them."""
    texts = [", ".join("NULL" if each is None else str(each) for each in row) for row in rows]
    return ", ".join(f"({text})" for text in texts)


@asks("sq01")
def rows_of_a_join(rng: random.Random) -> Question:
    """How many rows a left join has."""
    people = rng.sample(range(1, 8), 4)
    orders = [(rng.choice((*people[:3], 9)), 10 * rng.randint(1, 9)) for _ in range(6)]
    many = sum(max(1, sum(person == each for each, _ in orders)) for person in people)
    code = (
        f"CREATE TABLE person (id INT);\nINSERT INTO person VALUES {_values([(each,) for each in people])};\n"
        f"CREATE TABLE buys (person INT, price INT);\nINSERT INTO buys VALUES {_values([*orders])};\n"
        "SELECT count(*) FROM person LEFT JOIN buys ON buys.person = person.id;"
    )
    return number(
        "Which number does the query give?",
        many,
        "Each person comes once for every purchase, and once where there is none; purchases of nobody are left out.",
        code=code,
        within=0,
    )


@asks("sq01")
def null_is_no_value(rng: random.Random) -> Question:
    """Comparisons with NULL are not true."""
    some: list[int | None] = [rng.randint(1, 4) for _ in range(7)]
    for place in rng.sample(range(7), 2):
        some[place] = None
    k = rng.choice([each for each in some if each is not None])
    code = (
        f"CREATE TABLE t (x INT);\nINSERT INTO t VALUES {_values([(each,) for each in some])};\n"
        f"SELECT count(*) FROM t WHERE x <> {k};"
    )
    return number(
        "Which number does the query give?",
        sum(each is not None and each != k for each in some),
        f"NULL <> {k} is unknown, not true, so rows without a value are not counted.",
        code=code,
        within=0,
    )


@asks("sq01")
def average_of_what(rng: random.Random) -> Question:
    """Aggregates leave NULL out."""
    some: list[int | None] = [10 * rng.randint(1, 9) for _ in range(4)]
    known = [each for each in some if each is not None]
    some.insert(rng.randint(0, 4), None)
    code = (
        f"CREATE TABLE t (x INT);\nINSERT INTO t VALUES {_values([(each,) for each in some])};\n"
        "SELECT avg(x) + count(*) FROM t;"
    )
    return number(
        "Which number does the query give?",
        sum(known) / 4 + 5,
        "avg passes NULL over and divides by 4; count(*) counts rows, so 5.",
        code=code,
        within=0.001,
    )


@asks("sq02")
def fields_of_a_list(rng: random.Random) -> Question:
    """Two conditions on a list of parts may be met by two parts."""
    limit = rng.randint(3, 6)
    many = same = 0
    while many == same:  # else one who takes it for $elemMatch is right too
        rows = [[(rng.choice("ab"), rng.randint(1, 9)) for _ in range(2)] for _ in range(5)]
        many = sum(any(kind == "a" for kind, _ in row) and any(n > limit for _, n in row) for row in rows)
        same = sum(any(kind == "a" and n > limit for kind, n in row) for row in rows)
    code = "\n".join(
        "{items: [" + ", ".join(f"{{kind: '{kind}', n: {n}}}" for kind, n in row) + "]}" for row in rows
    )  # fmt: skip
    return number(
        "These are all documents of a MongoDB collection. "
        f"How many does find({{'items.kind': 'a', 'items.n': {{$gt: {limit}}}}}) give?",
        many,
        "Each condition may be met by another item of the list; only $elemMatch asks for one item that meets both.",
        code=code,
        within=0,
    )


@asks("sq02")
def list_without_end(rng: random.Random) -> Question:
    """A list that grows for ever does not belong into a document."""
    thing, parts = rng.choice((("chat room", "messages"), ("sensor", "readings"), ("user", "page views")))
    return choice(
        rng,
        f"In a document database each {thing} is one document that holds the list of all its {parts}. "
        "It works well in the first week. What goes wrong in the first year?",
        (
            "Documents grow until writes are slow and the size limit is hit",
            "A list without a bound is rewritten and sent whole; MongoDB ends at 16 MB. Each part gets its own "
            "document.",
        ),
        [
            (f"The {parts} come back in another order than they were written", "Lists keep their order."),
            (f"One {thing} locks the documents of all the others", "Writes to other documents go on."),
            (
                f"No index can be made on a field of the {parts} any more",
                "Fields of lists can be indexed; the index grows with them.",
            ),
        ],
    )


@asks("sq02")
def two_documents(rng: random.Random) -> Question:
    """What is written together belongs together, or into a transaction."""
    return choice(
        rng,
        "A shop takes one piece off the stock document and then writes an order document. The process dies in between, "
        "and a piece is missing that nobody bought. Which change cures it?",
        (
            "Do both writes in one transaction",
            "Single documents change atomically, two of them only inside a transaction: both writes or none.",
        ),
        [
            ("Write the order before the stock", "Then an order can stand there whose piece was never taken off."),
            ("Ask for a majority write concern", "It makes each write last; it does not tie two writes together."),
            ("Put an index on the order number", "It makes look-ups fast, and half of a change stays half."),
        ],
    )
