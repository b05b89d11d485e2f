"""One question: a number to find or one of four options to choose, and the marking of an answer."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from castalia.core.errors import WrongInput

LETTERS = "abcd"
LONGEST = 80
"""Characters of an answer."""
TOLERANCE = 0.01
"""Of a number, relative, where a question says nothing else."""


@dataclass(frozen=True)
class Option:
    """One of four answers."""

    text: str
    why: str
    """Why it is right, or which mistake leads to it."""


@dataclass(frozen=True)
class Question:
    """What is asked, and what is right."""

    id: str
    """``ma02/chain_rule``: topic and name of the maker, which are never changed."""
    topic: str
    seed: int
    text: str
    """One to four short sentences. A number question says how exact the answer must be where 1 % is not meant."""
    why: str
    """How one gets there, shown after the answer."""
    code: str = ""
    """Python to read or an array to look at, shown as it is; nothing runs it."""
    answer: float = math.nan
    """Of a number question."""
    within: float = TOLERANCE
    """Relative; absolute where the answer is 0. 0: exactly (whole numbers)."""
    options: tuple[Option, ...] = ()
    """Four, in the order in which they are shown; none for a number question."""
    right: int = -1
    """Which of the options."""

    @property
    def form(self) -> str:
        """``number`` or ``choice``: the kinds of observation (``roadmap.observation.PRIORS``)."""
        return "choice" if self.options else "number"


@dataclass(frozen=True)
class Marked:
    """An answer that was read."""

    right: bool
    says: str
    """What was right, or which mistake leads to this answer."""


Maker = Callable[[random.Random], Question]


def number(text: str, answer: float, why: str, *, code: str = "", within: float = TOLERANCE) -> Question:
    """A question whose answer is a number; the bank fills in id, topic and seed."""
    return Question("", "", 0, text, why, code, float(answer), within)


def choice(
    rng: random.Random, text: str, right: tuple[str, str], wrong: Sequence[tuple[str, str]], *, code: str = ""
) -> Question:
    """Four options, each (text, why): the right one and three wrong ones, in an order drawn by ``rng``."""
    options = [Option(*right), *(Option(*each) for each in wrong)]
    order = rng.sample(range(len(options)), len(options))
    return Question(
        "", "", 0, text, right[1], code, options=tuple(options[each] for each in order), right=order.index(0)
    )


def mark(question: Question, text: str) -> Marked:
    """Read and judge an answer: a, b, c or d; a number, also 3/8 or 12 %. WrongInput for what is neither."""
    said = text.strip()
    if len(said) > LONGEST:
        raise WrongInput("answer", f"{len(said)} characters", f"at most {LONGEST}", "Answer with a number or a letter.")
    if question.options:
        letters = LETTERS[: len(question.options)]
        if len(said) != 1 or said.lower() not in letters:
            raise WrongInput("answer", repr(said), "a, b, c or d", "Answer with the letter of one option.")
        chosen = letters.index(said.lower())
        return Marked(chosen == question.right, question.options[chosen].why)
    value = _number(said)
    if question.within == 0:
        near = value == question.answer
    elif question.answer == 0:
        near = abs(value) <= question.within
    else:
        near = abs(value - question.answer) <= question.within * abs(question.answer)
    return Marked(near, question.why)


def _number(said: str) -> float:
    """A number as people type it; a comma is a decimal mark only where no point is."""
    found = re.fullmatch(r"([+-]?[\d.,]+(?:[eE][+-]?\d{1,3})?)(?:\s*/\s*(\d+))?\s*(%?)", said.replace("−", "-"))
    wrong = WrongInput("answer", repr(said), "a number", "Type it like 0.25, 1/4, 25 % or 2.5e-1.")
    if not found:
        raise wrong
    top, below, percent = found.groups()
    if "," in top and "." not in top and top.count(",") == 1:
        top = top.replace(",", ".")
    try:
        value = float(top.replace(",", "")) if not below else float(Fraction(top) / Fraction(below))
    except (ValueError, ZeroDivisionError):
        raise wrong from None
    if not math.isfinite(value):
        raise wrong
    return value / 100 if percent else value
