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


DIGITS = 6
"""Of an answer as it is shown."""


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

    @property
    def solution(self) -> str:
        """The right answer in a sentence."""
        if self.options:
            return f"Right is {LETTERS[self.right]}: {self.options[self.right].text.rstrip('.')}."
        whole = self.answer.is_integer() and abs(self.answer) < 1e15
        return f"It is {int(self.answer) if whole else format(self.answer, f'.{DIGITS}g')}."

    def takes(self, value: float) -> bool:
        """Whether a number is near enough."""
        if self.within == 0:
            return value == self.answer
        return abs(value - self.answer) <= self.within * (abs(self.answer) or 1.0)


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


def times(k: int, what: str) -> str:
    """``3 x``, ``x``, ``-x``: a term as one writes it."""
    return what if k == 1 else f"-{what}" if k == -1 else f"{k} {what}"


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
        right, why = chosen == question.right, question.options[chosen].why
        return Marked(right, why if right else f"{why} {question.solution}")
    right = any(question.takes(value) for value in _readings(said))
    return Marked(right, question.why if right else f"{question.solution} {question.why}")


def unanswered(question: Question) -> Marked:
    """Who does not know is told the answer."""
    return Marked(False, f"{question.solution} {question.why}")


def _readings(said: str) -> list[float]:
    """A number as people type it. 12 % is 0.12, and 12 where per cents were asked for; 1,234 may be either."""
    wrong = WrongInput("answer", repr(said), "a number", "Type it like 0.25, 1/4, 25 % or 2.5e-1.")
    plain = re.sub(r"(?<=\d)[\s_](?=\d{3}(?!\d))", "", said.replace("−", "-").replace("–", "-"))
    found = re.fullmatch(r"([+-]?)([\d.,]+)((?:[eE][+-]?\d{1,2})?)(?:\s*/\s*(\d+))?\s*(%?)", plain)
    if not found:
        raise wrong
    sign, digits, power, below, percent = found.groups()
    tops = [digits]
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", digits):
        tops = [digits.replace(",", "")]
    if digits.count(",") == 1 and "." not in digits:
        tops = [*(each for each in tops if "," not in each), digits.replace(",", ".")]
    try:
        values = [float(Fraction(f"{sign}{each}{power}") / Fraction(below or 1)) for each in tops]
    except (ValueError, ZeroDivisionError, OverflowError):
        raise wrong from None
    return [each / part for each in values for part in ((100, 1) if percent else (1,))]
