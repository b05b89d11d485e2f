"""Questions about Python."""

from __future__ import annotations

import random
from functools import reduce

from castalia.roadmap.bank import of_py_more as of_py_more
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("py01")
def twice_through_a_generator(rng: random.Random) -> Question:
    """A generator runs once."""
    n, k = rng.randint(4, 8), rng.randint(2, 5)
    total = sum(k * i for i in range(n))
    return number(
        "What is printed?",
        total,
        "A generator can be gone through once: the second sum finds nothing and is 0.",
        code=f"g = ({k} * i for i in range({n}))\nfirst = sum(g)\nprint(first + 10 * sum(g))",
        within=0,
    )


@asks("py01")
def order_of_decorators(rng: random.Random) -> Question:
    """The decorator next to the function is put on first."""
    a, b, x = rng.randint(2, 5), rng.randint(3, 9), rng.randint(1, 5)
    code = (
        f"def times(f):\n    return lambda x: {a} * f(x)\n\ndef plus(f):\n    return lambda x: f(x) + {b}\n\n"
        f"@times\n@plus\ndef same(x):\n    return x\n\nprint(same({x}))"
    )
    return number(
        "What is printed?", a * (x + b), "plus wraps the function, and times wraps plus.", code=code, within=0
    )


@asks("py01")
def error_in_a_with(rng: random.Random) -> Question:
    """A true answer of __exit__ swallows the error."""
    return choice(
        rng,
        "What is printed?",
        ("open close end", "__exit__ runs at an error too; it answers True, so the error ends there."),
        [
            ("open close ValueError", "The error would go on if __exit__ answered something false."),
            ("open ValueError", "__exit__ runs in any case: that is what it is for."),
            ("open end", "The block's end is left early, and __exit__ is not left out."),
        ],
        code=(
            "class Door:\n    def __enter__(self):\n        print('open', end=' ')\n    def __exit__(self, *error):\n"
            "        print('close', end=' ')\n        return True\n\ntry:\n    with Door():\n        raise ValueError\n"
            "    print('end')\nexcept ValueError:\n    print('ValueError')"
        ),
    )


@asks("py02")
def shared_by_all_objects(rng: random.Random) -> Question:
    """A list in the class is one list."""
    a, b = rng.sample(range(1, 10), 2)
    return number(
        "What is printed?",
        a + b,
        "seen is the class's list, one for all boxes; total is each box's own.",
        code=(
            "class Box:\n    seen = []\n    def __init__(self):\n        self.total = 0\n    def put(self, x):\n"
            f"        self.seen.append(x)\n        self.total += x\n\none, two = Box(), Box()\none.put({a})\n"
            f"two.put({b})\nprint(sum(one.seen))"
        ),
        within=0,
    )


@asks("py02")
def next_in_line(rng: random.Random) -> Question:
    """super() follows the order of the object's class."""
    x, y, z = rng.sample(("red", "blue", "green", "white"), 3)
    return choice(
        rng,
        "What is printed?",
        (f"{x} {y} {z}", "The order for D is D, B, C, A: super() in B goes on to C, since the object is a D."),
        [
            (f"{x} {z}", "super() is not the parent as written: it is the next in the object's own order."),
            (f"{y} {x} {z}", "B stands first among the parents of D."),
            (f"{x} {z} {y} {z}", "A stands once in the order, after all that inherit from it."),
        ],
        code=(
            f"class A:\n    def say(self):\n        return '{z}'\nclass B(A):\n    def say(self):\n"
            f"        return '{x} ' + super().say()\nclass C(A):\n    def say(self):\n"
            f"        return '{y} ' + super().say()\nclass D(B, C):\n    pass\nprint(D().say())"
        ),
    )


@asks("py02")
def equal_and_in_a_set(rng: random.Random) -> Question:
    """Whoever says what equal is must say what the hash is."""
    x, y = rng.sample(range(1, 9), 2)
    return choice(
        rng,
        "What does the last line do?",
        ("It raises TypeError", "A class that defines __eq__ alone loses its hash: its objects fit into no set."),
        [
            ("It prints 1", "They are equal, and a set needs a hash first; there is none any more."),
            ("It prints 2", "That was so by identity, before __eq__ was there."),
            ("It raises KeyError", "A set that is being made looks up no key."),
        ],
        code=(
            "class P:\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n    def __eq__(self, other):\n"
            f"        return (self.x, self.y) == (other.x, other.y)\n\na, b = P({x}, {y}), P({x}, {y})\n"
            "print(len({a, b}))"
        ),
    )


@asks("py03")
def late_binding(rng: random.Random) -> Question:
    """A function looks a name up when it runs."""
    n, k = rng.randint(3, 6), rng.randint(2, 9)
    return number(
        "What is printed?",
        k * (n - 1),
        f"Each function looks i up when it is called, and i is {n - 1} by then. i=i as a default would keep each "
        f"value.",
        code=f"fs = [lambda x: x * i for i in range({n})]\nprint(fs[0]({k}))",
        within=0,
    )


@asks("py03")
def fold_from_the_left(rng: random.Random) -> Question:
    """reduce goes from the left and begins with the start."""
    some, start = rng.sample(range(1, 8), 3), rng.randint(1, 4)
    return number(
        "What is printed?",
        reduce(lambda a, x: 2 * a - x, some, start),
        f"From the left, with {start} as the first a: each step is 2 a - x.",
        code=f"from functools import reduce\n\nprint(reduce(lambda a, x: 2 * a - x, {some}, {start}))",
        within=0,
    )


@asks("py03")
def calls_of_a_lazy_chain(rng: random.Random) -> Question:
    """map does nothing before somebody asks."""
    n = rng.randint(20, 90)
    k = rng.randint(3, 7)
    return number(
        "How many times was f called when the last line is reached?",
        k + 1,
        f"map is lazy: it calls f only until an answer of at least {k * k} was asked for, for 0 to {k}.",
        code=(
            f"calls = 0\n\ndef f(x):\n    global calls\n    calls += 1\n    return x * x\n\n"
            f"found = next(y for y in map(f, range({n})) if y >= {k * k})\nprint(calls)"
        ),
        within=0,
    )


@asks("py04")
def repeated_places(rng: random.Random) -> Question:
    """x[places] += 1 counts a place once."""
    named = rng.sample(range(8), rng.randint(3, 6))
    places = [*named, *rng.choices(named, k=rng.randint(2, 4))]
    rng.shuffle(places)
    return number(
        "What is printed?",
        len(named),
        "x[i] + 1 is taken once for all places and then written: one named often counts once. np.add.at counts each.",
        code=f"import numpy as np\n\nx = np.zeros(8, dtype=int)\nx[{places}] += 1\nprint(x.sum())",
        within=0,
    )


@asks("py04")
def strides_of_a_transpose(rng: random.Random) -> Question:
    """A transpose swaps strides."""
    a, b = rng.sample(range(3, 12), 2)
    type, size = rng.choice((("int32", 4), ("float64", 8), ("int16", 2)))
    return number(
        "What is printed?",
        b * size,
        f"Rows of {b} numbers of {size} bytes: one row further is {b * size} bytes. The transpose swaps strides and "
        f"moves nothing.",
        code=f"import numpy as np\n\nx = np.zeros(({a}, {b}), np.{type})\nprint(x.T.strides[1])",
        within=0,
    )


@asks("py04")
def index_that_pairs(rng: random.Random) -> Question:
    """Two lists of places are paired."""
    n = rng.randint(4, 6)
    rows, columns = rng.sample(range(n), 3), rng.sample(range(n), 3)
    return number(
        "What is printed?",
        sum(n * row + column for row, column in zip(rows, columns, strict=True)),
        "Two lists of places are paired into three elements; the block of 3 by 3 needs np.ix_.",
        code=(
            f"import numpy as np\n\nx = np.arange({n * n}).reshape({n}, {n})\nprint(x[{rows}, {columns}].sum())"
        ),
        within=0,
    )  # fmt: skip


@asks("py05")
def copies_of_a_growing_list(rng: random.Random) -> Question:
    """Doubling makes appending cheap."""
    k = rng.randint(5, 11)
    return number(
        f"A growing array begins with room for 1 element. When it is full, room is doubled and all elements are "
        f"copied. "
        f"How many elements are copied in all while {2**k} elements are appended?",
        2**k - 1,
        f"1 + 2 + 4 + ... + {2 ** (k - 1)}: less than one copy for each element, so appending is cheap on average.",
        within=0,
    )


@asks("py05")
def largest_of_a_stream(rng: random.Random) -> Question:
    """A small heap keeps the largest."""
    k = rng.choice((10, 50, 100))
    return choice(
        rng,
        f"Numbers come as a stream of a billion, far more than memory holds. You want the {k} largest. What do you "
        f"keep?",
        (f"A min-heap of {k}", "Its least is on top: a new number that is larger takes its place, in log k."),
        [
            (f"A max-heap of {k}", "Its largest is on top; the one to be thrown out is hard to find."),
            ("A set of all values", "It would hold a billion numbers, and is in no order."),
            (f"The last {k} seen", "They are the newest, not the largest."),
        ],
    )


@asks("py05")
def list_as_a_queue(rng: random.Random) -> Question:
    """pop(0) moves everything."""
    n = rng.choice((100_000, 200_000, 400_000))
    return choice(
        rng,
        f"A breadth-first search keeps up to {n:,} nodes in a list, adds with append and takes with pop(0). It is "
        f"right, "
        "and far too slow. Which change makes it fast and keeps it breadth-first?",
        ("a deque and popleft()", "It takes from the left in the same short time however much is in it."),
        [
            ("pop() in place of pop(0)", "It is fast, and takes the newest: a depth-first search."),
            ("a set and its pop()", "It is fast, and takes any: the order is lost."),
            ("insert(0, x) and pop()", "The order is kept, and now each insert moves all elements."),
        ],
    )
