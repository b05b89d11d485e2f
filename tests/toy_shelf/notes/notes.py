"""Notes by author. One row: Ada wrote "hello"."""

from __future__ import annotations

from collections.abc import Iterator

from castalia.core.system import Field, Record, System, verb


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
        notes = self.state.get(x.author, [])
        return Output(count=len(notes), last=notes[-1] if notes else "")

    @verb(writes=True)
    def add(self, x: Note) -> Output:
        """Keep a note."""
        notes = [*self.state.get(x.author, []), x.text][-self.params.limit :]
        self.state[x.author] = notes
        return Output(count=len(notes), last=x.text)

    @verb(writes=False)
    def read_out(self, x: Input) -> Iterator[Word]:
        """The words of the last note, one by one."""
        for word in self(x).last.split():
            yield Word(word=word)

    @verb(writes=False)
    def crash(self, x: Input) -> Output:
        """Fails with a secret in its message, as a bug would."""
        raise RuntimeError("/secret/path/of/the/server")
