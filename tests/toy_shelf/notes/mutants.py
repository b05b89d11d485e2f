"""Wrong versions of the toy, by the misconception that writes them."""

from __future__ import annotations

from castalia.core.contract import Mutant

FILES = ("notes.py",)
_CUT = "notes = [*self.state.get(x.author, []), x.text][-self.params.limit :]"
_KEEP = "self.state[x.author] = notes"
_ANSWER = 'return Output(count=len(notes), last=notes[-1] if notes else "")'
_GET = "notes = self.state.get(x.author, [])\n"


def _wrong(id: str, words: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, words, old, new, topics, lazy, file="notes.py")


MUTANTS = (
    _wrong("no_limit", "That memory is free.", _CUT, _CUT.replace("[-self.params.limit :]", ""), "da03"),
    _wrong("first_kept", "That the oldest notes are the ones to keep.", _CUT,
           _CUT.replace("[-self.params.limit :]", "[: self.params.limit]")),
    _wrong("one_more", "That a limit counts from zero.", _CUT,
           _CUT.replace("[-self.params.limit :]", "[-self.params.limit - 1 :]")),
    _wrong("one_list", "That all authors share a list.", _KEEP, 'self.state["all"] = self.state[x.author] = notes\n'
           "        for each in list(self.state):\n            self.state[each] = notes"),
    _wrong("not_kept", "That a local list is kept.", _KEEP, "pass"),
    _wrong("class_state", "That what the class holds belongs to each object.", "    QUICK = Params()\n",
           "    QUICK = Params()\n    held = {}\n\n    def __init__(self, params=None):\n"
           "        super().__init__(params)\n        self.state = Notes.held\n", "py02"),
    _wrong("first_told", "That the last one is the first.", _ANSWER, _ANSWER.replace("notes[-1]", "notes[0]")),
    _wrong("none_told", "That nothing is None.", _ANSWER, _ANSWER.replace('else ""', "else None")),
    _wrong("letters", "That a text is a list of words.", "self(x).last.split()", "self(x).last", "py01"),
    _wrong("reading_clears", "That reading a note takes it away.", "for word in self(x).last.split():",
           "for word in (self.state.pop(x.author, None) or [''])[-1].split():", "py01"),
    _wrong("asking_counts", "That a question may leave a trace.", _GET,
           _GET + "        self.state[x.author] = [*notes, '?']\n",
           "py02"),
    _wrong("empty_author", "That an author may be nobody.",
           'min_length=1, max_length=40, examples=["Ada"], description="Who writes."',
           'max_length=40, examples=["Ada"], description="Who writes."'),
    _wrong("default_text", "That a missing text is an empty one.", 'text: str = Field(max_length=1000',
           'text: str = Field("", max_length=1000', "da03"),
    _wrong("lazy_zero", "No work.", _ANSWER, 'return Output(count=0, last="")', lazy=True),
    _wrong("lazy_echo", "No work.", _ANSWER, "return Output(count=1, last=x.author)", lazy=True),
    _wrong("lazy_add", "No work.", "return Output(count=len(notes), last=x.text)",
           "return Output(count=1, last=x.text)",
           lazy=True),
    _wrong("lazy_words", "No work.", "yield Word(word=word)", "return", lazy=True),
)  # fmt: skip
