"""The contract of the toy: a System that does not learn and remembers by verbs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from castalia.core.conformance import same, system_milestone
from castalia.core.contract import Claim, Contract, Handle, Subject, refuses

INTERFACE = '''
from collections.abc import Iterator

from castalia.core.system import Field, Record, System, verb


# --- M1 ---
class Params(Record):
    limit: int = Field(100, ge=1, le=10_000, description="Most notes that are kept.")


class Input(Record):
    author: str = Field(min_length=1, max_length=40, examples=["Ada"], description="Whose notes to count.")


class Output(Record):
    count: int = Field(description="How many notes there are.")
    last: str = Field(description="The last one, or nothing.")


class Note(Record):
    author: str = Field(min_length=1, max_length=40, examples=["Ada"], description="Who writes.")
    text: str = Field(max_length=1000, examples=["hello"], description="What is written.")


class Word(Record):
    word: str = Field(description="One word of the last note.")


class Notes(System[Params, Input, Output]):
    """Counts the notes of an author."""

    QUICK = Params()

    def __call__(self, x: Input) -> Output:
        raise NotImplementedError

    @verb(writes=True)
    def add(self, x: Note) -> Output:
        """Keep a note; tell how many there are now."""
        raise NotImplementedError

    @verb(writes=False)
    def read_out(self, x: Input) -> Iterator[Word]:
        """The words of the last note, one by one."""
        raise NotImplementedError
'''
AUTHORS = ("Ada", "Bo", "Céleste", "D")


def talk(rng: np.random.Generator, size: int) -> tuple[Any, ...]:
    """Who writes what, one after another, and how many notes are kept of each."""
    words = [[str(rng.choice(AUTHORS)), f"note {number} {'x' * int(rng.integers(3))}"] for number in range(size)]
    return words, int(rng.integers(1, 5))


def written(subject: Subject, words: list[list[str]], limit: int) -> Handle:
    notes = subject.new("System", {"limit": limit})
    for author, text in words:
        notes.call("verb", "add", {"author": author, "text": text})
    return notes


def expected(words: list[list[str]], limit: int, author: str) -> dict[str, Any]:
    own = [text for who, text in words if who == author]
    return {"count": min(len(own), limit), "last": own[-1] if own else ""}


def counts(subject: Subject, words: list[list[str]], limit: int) -> None:
    notes = subject.new("System", {"limit": limit})
    for number, (author, text) in enumerate(words, start=1):
        answer = notes.call("verb", "add", {"author": author, "text": text})
        same(answer, expected(words[:number], limit, author), f"add, the note {number}")
        for each in AUTHORS:
            same(notes.call("call", {"author": each}), expected(words[:number], limit, each), f"the notes of {each}")


def reads_out(subject: Subject, words: list[list[str]], limit: int) -> None:
    notes = written(subject, words, limit)
    for author in AUTHORS:
        said = [each["word"] for each in notes.call("verb", "read_out", {"author": author})]
        same(said, expected(words, limit, author)["last"].split(), f"the words of {author}'s last note")
        same(notes.call("call", {"author": author}), expected(words, limit, author), f"{author}, after reading out")


def are_apart(subject: Subject, words: list[list[str]], limit: int) -> None:
    notes, others = written(subject, words, limit), subject.new("System")
    for author in AUTHORS:
        same(others.call("call", {"author": author}), {"count": 0, "last": ""}, "the notes of another System")
    again = subject.new("Reloaded", notes)
    for author in AUTHORS:
        same(again.call("call", {"author": author}), expected(words, limit, author), f"{author}, loaded again")


def refuses_notes(subject: Subject, words: list[list[str]], limit: int) -> None:
    notes = written(subject, words, limit)
    for wrong in ({"author": "Ada"}, {"author": "", "text": "x"}, {"author": "Ada", "text": "x", "to": "Bo"}):
        refuses("WrongInput", partial(notes.call, "verb", "add", wrong), f"add {wrong}")
    same(notes.call("call", {"author": "Ada"}), expected(words, limit, "Ada"), "Ada's notes after what was refused")


def claim(id: str, words: str, holds: Any, topic: str, *hints: str) -> Claim:
    one, two, three = hints
    return Claim(id=id, words=words, topics={topic: 1.0}, make=talk, holds=holds, at="Notes", hints=(one, two, three),
                 cases=8, sizes=(1, 2, 4, 8, 12), budget=15.0)  # fmt: skip


OWN = (
    claim("counts", "Each author's notes are counted and the last one is told, up to the limit.", counts, "da03",
          "Whose notes does add change?", "self.state holds a list for each author.", "The slice that cuts."),
    claim("reads_out", "read_out gives the words of the last note, and changes nothing.", reads_out, "py01",
          "What is a word?", "A generator yields one Word after another.", "split() of the last note."),
    claim("apart", "Two Systems share no notes, and a loaded one goes on with its state.", are_apart, "py02",
          "Where do the notes live?", "In self.state, never in the class or the module.", "self.state[x.author] = ..."),
    claim("refuses_notes", "A note that does not fit is refused, and nothing of it stays.", refuses_notes, "da03",
          "What fits?", "The fields of Note have bounds.", "min_length of author; text has no default."),
)  # fmt: skip
MILESTONE = system_milestone(
    "M1", system="Notes", topics={"py02": 0.5}, fits=False, without=("verbs",), more=OWN,
    interface=INTERFACE,
    question=lambda rng, size: {"author": str(rng.choice(AUTHORS))},
)  # fmt: skip
CONTRACT = Contract("notes", INTERFACE, (MILESTONE,), source=Path(__file__).read_text("utf-8"), adapter="system")
