"""Questions about computer science and first Python."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("cs01")
def from_binary(rng: random.Random) -> Question:
    """Binary digits as a number."""
    n = rng.randint(70, 250)
    return number(
        f"Which decimal number is {n:#b}?", n, "Add the powers of two where a 1 stands, 1 at the right end.", within=0
    )


@asks("cs01")
def signed_byte(rng: random.Random) -> Question:
    """Two's complement."""
    n = -rng.randint(3, 120)
    return number(
        f"A byte holds {n + 256:#b}. Which number is it when the byte is read as signed (two's complement)?",
        n,
        "The first bit is 1, so 256 is taken off: the first bit counts -128.",
        within=0,
    )


@asks("cs01")
def exact_in_binary(rng: random.Random) -> Question:
    """Which decimal fraction a float can hold exactly."""
    exact = rng.choice(("0.375", "0.625", "0.875", "0.125"))
    return choice(
        rng,
        "Which of these does a 64-bit float hold exactly?",
        (exact, "It is a whole number of eighths, so its binary digits end."),
        [
            (each, f"Few decimals are not few binary digits: {each} never ends in binary, and is rounded.")
            for each in rng.sample(("0.1", "0.3", "0.35", "0.6", "0.7", "0.85"), 3)
        ],
    )


@asks("cs02")
def round_trips(rng: random.Random) -> Question:
    """Latency of a new HTTPS connection."""
    r = rng.randrange(20, 200, 5)
    return number(
        f"A browser knows a server's address and opens a new HTTPS connection over TCP with TLS 1.3; nothing is "
        f"resumed. "
        f"A round trip takes {r} ms, all else nothing. After how many ms does the answer's first byte arrive?",
        3 * r,
        "One round trip for TCP, one for TLS 1.3, one for the request and its answer.",
    )


@asks("cs02")
def size_of_block(rng: random.Random) -> Question:
    """Addresses of a CIDR block."""
    p = rng.randint(19, 29)
    return number(
        f"How many IPv4 addresses, first and last included, are in the block 10.20.0.0/{p}?",
        2 ** (32 - p),
        f"{p} of 32 bits are fixed, the other {32 - p} are free: 2 to that power.",
        within=0,
    )


@asks("cs02")
def where_it_breaks(rng: random.Random) -> Question:
    """Layers: which one is broken."""
    return choice(
        rng,
        "On a laptop `ping 1.1.1.1` answers and `curl https://1.1.1.1` prints a page. "
        "`curl https://example.org` fails at once: could not resolve host. What is broken?",
        ("The laptop's name lookup (DNS)", "Packets, TCP and TLS work; only turning a name into an address fails."),
        [
            ("The way out through the router", "Then 1.1.1.1 would not answer either."),
            ("The certificate of example.org", "It is looked at after a connection, and there never was one."),
            ("The web server of example.org", "It was never asked: without an address nobody can reach it."),
        ],
    )


@asks("cs03")
def loop_by_hand(rng: random.Random) -> Question:
    """A loop with a condition, in the head."""
    n, k, step = rng.randint(7, 11), rng.randint(2, 3), rng.randint(2, 4)
    total = 0
    for i in range(n):
        total = total + i if i % k == 0 else total - step
    code = (
        f"total = 0\nfor i in range({n}):\n    if i % {k} == 0:\n        total += i\n"
        f"    else:\n        total -= {step}\nprint(total)"
    )
    return number(
        "What is printed?", total, f"i runs from 0 to {n - 1}; {n} itself is never reached.", code=code, within=0
    )


@asks("cs03")
def kept_default(rng: random.Random) -> Question:
    """A default value is made once."""
    a, b, c = rng.sample(range(2, 10), 3)
    code = (
        "def add(x, to=[]):\n    to.append(x)\n    return sum(to)\n\n"
        f"add({a})\nadd({b}, [{c}])\nprint(add({c}))"
    )  # fmt: skip
    return number(
        "What is printed?",
        a + c,
        f"The default list is made once and keeps {a}; the second call used a list of its own.",
        code=code,
        within=0,
    )


@asks("cs04")
def binary_search(rng: random.Random) -> Question:
    """Steps of a binary search."""
    n = rng.choice((1_000, 5_000, 20_000, 100_000, 500_000, 3_000_000)) + rng.randrange(100)
    return number(
        f"A sorted list holds {n} names. Binary search looks at one name a step and is told before, found or after. "
        "How many names does it look at in the worst case?",
        n.bit_length(),
        "Each look leaves at most half of the rest, rounded down: floor(log2 n) + 1 looks.",
        within=0,
    )


@asks("cs04")
def how_it_scales(rng: random.Random) -> Question:
    """Time of an algorithm whose order is known."""
    n, k, t = rng.choice((1_000, 2_000, 5_000)), rng.randint(3, 8), rng.randint(2, 9)
    power = rng.choice((2, 3))
    return number(
        f"An algorithm takes time in proportion to n^{power}. For n = {n} it needs {t} s. "
        f"How many seconds does it need for n = {k * n}?",
        t * k**power,
        f"n grows by {k}, so the time grows by {k}^{power}.",
    )


_LOOPS = (
    ("for i in range(n):\n    j = 1\n    while j < n:\n        j *= 2", "n log n"),
    ("for i in range(n):\n    for j in range(i):\n        pass", "n²"),
    ("i = n\nwhile i > 1:\n    i //= 2", "log n"),
    ("i = n\nwhile i > 0:\n    for j in range(i):\n        pass\n    i //= 2", "n"),
)


@asks("cs04")
def order_of_loops(rng: random.Random) -> Question:
    """Order of growth, read from code."""
    code, right = rng.choice(_LOOPS)
    why = {
        "n log n": "That is n rounds of a doubling or halving loop.",
        "n²": "That is n rounds whose own length grows with n.",
        "log n": "That is one loop whose variable halves or doubles.",
        "n": "That is n + n/2 + n/4 + ..., or one plain pass.",
    }
    wrong = [(f"{order}", text + " This one is not.") for order, text in why.items() if order != right]
    return choice(
        rng,
        "In proportion to what does the time of this code grow?",
        (right, why[right]), wrong, code=code,
    )  # fmt: skip


@asks("cs05")
def from_both_ends(rng: random.Random) -> Question:
    """A queue that is used at both ends."""
    some = rng.sample(range(1, 10), 4)
    queue = list(some)
    queue.insert(0, queue.pop())
    left = queue.pop(0)
    code = (
        f"from collections import deque\n\nq = deque({some})\nq.appendleft(q.pop())\n"
        "first = q.popleft()\nprint(10 * first + q[0])"
    )
    return number(
        "What is printed?",
        10 * left + queue[0],
        "pop takes from the right end, appendleft puts it in front, and popleft takes that one away again.",
        code=code,
        within=0,
    )


@asks("cs05")
def which_structure(rng: random.Random) -> Question:
    """The structure whose cheap operation is the one that is needed."""
    case, right, why = rng.choice((
        ("Whether each of 10 million words is among 200,000 known ones", "a hash set",
         "A look-up takes the same short time however many are known."),
        ("Again and again the job with the earliest deadline, while new jobs come in", "a binary heap",
         "The least is on top, and putting in or taking out costs log n."),
        ("The newest unfinished task first, back to the oldest", "a stack", "Last in, first out, at one end."),
        ("Requests in the order in which they came", "a ring buffer",
         "First in, first out: both ends move, nothing is shifted."),
    ))  # fmt: skip
    faults = {
        "a hash set": "It has no order to take things by, only a quick answer to whether something is in it.",
        "a binary heap": "It keeps the least on top, at log n a change; that is not what is asked for here.",
        "a stack": "It hands out the newest and hides the rest.",
        "a ring buffer": "It hands out the oldest and finds nothing by value or rank.",
    }
    wrong = [(name, fault) for name, fault in faults.items() if name != right]
    return choice(rng, f"A program needs this, fast: {case[0].lower()}{case[1:]}. What fits?", (right, why), wrong)


@asks("cs06")
def slices(rng: random.Random) -> Question:
    """Slices with a negative step."""
    some = [rng.randint(1, 9) for _ in range(7)]
    low, step = rng.randint(1, 2), rng.randint(2, 3)
    return number(
        "What is printed?",
        sum(some[::-step][low:]),
        f"[::-{step}] goes backwards from the last in steps of {step}; of that the first {low} are left out.",
        code=f"x = {some}\nprint(sum(x[::-{step}][{low}:]))",
        within=0,
    )


@asks("cs06")
def keys_in_json(rng: random.Random) -> Question:
    """JSON knows text keys only."""
    n, word = rng.randint(1, 9), rng.choice(("low", "high", "new", "old"))
    code = f'import json\n\nd = {{{n}: "{word}"}}\nagain = json.loads(json.dumps(d))\nprint(again.get({n}, "none"))'
    return choice(
        rng,
        "What is printed?",
        ("none", f'JSON keys are text: again is {{"{n}": "{word}"}}, and {n} is not "{n}".'),
        [
            (word, "Keys do not come back as they were: JSON has no number keys."),
            ("TypeError", "json.dumps turns a whole number as a key into text without a word."),
            ("KeyError", "get answers with its second argument where nothing is found."),
        ],
        code=code,
    )  # fmt: skip
