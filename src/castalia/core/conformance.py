"""The last milestone of a project: being a System. Claims that any contract can append.

They ask of a learner's class what the conformance test of this house asks of ours: that it constructs, learns, answers,
gives the same answer again, in a batch too and after it was saved and loaded, refuses what does not fit, and stops and
goes on when asked. Each speaks to check/adapters/system.py and needs castalia in the learner's Python.

>>> milestone = system_milestone("M3", system="Slope", topics={"py02": 1.0})
>>> milestone.adapter, milestone.claims[0].at
('system', 'Slope')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Failed, Handle, Milestone, Subject, equal, refuses, true

Params = dict[str, Any]
Question = dict[str, Any]
NEVER = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
"""Ends of files that a model is never saved in: opening one runs what it says."""
CLOSE = 1e-5
"""Answers of one by one and of many at once may differ by so much, relatively: sums in another order."""


def system_milestone(
    id: str, *, system: str, topics: Mapping[str, float], title: str = "A System", interface: str = "",
    question: Callable[[np.random.Generator, int], Question] | None = None,
    params: Callable[[np.random.Generator], Params] | None = None,
    fits: bool = True, continues: bool = False, without: Collection[str] = (), more: tuple[Claim, ...] = (),
    budget: float = 30.0, cases: int = 3,
) -> Milestone:  # fmt: skip
    """The milestone whose claims ask for the class called ``system``; ``more`` are a project's own, asked last.

    ``question`` draws one question, without it the class's example is asked; ``params`` draws what differs from QUICK.
    With ``interface``, the contract's, fields, bounds and defaults must be those of its class (Params may have more of
    them). ``continues`` asks that a stopped fit does not begin again; a quick one may.
    ``fits=False`` is for what does not learn, and ``without`` leaves out claims by id: a project owns its exceptions.
    ``budget`` is in seconds a claim, for ``cases`` fits or three times as many.
    """

    def make(rng: np.random.Generator, size: int) -> tuple[Params, list[Question]]:
        drawn = params(rng) if params else {}
        return drawn, [question(rng, size) for _ in range(3)] if question else []

    def claim(id: str, words: str, holds: Callable[..., None], *hints: str) -> Claim:
        one, two, three = hints
        return Claim(
            id=f"system_{id}", words=words, topics=topics, holds=holds, make=make, at=system, cases=cases,
            hints=(one, two, three), budget=budget, sizes=(1, 2, 4),
        )  # fmt: skip

    claims = [
        claim("constructs", f"{system} constructs from its defaults and from QUICK, and refuses unknown parameters.",
              constructs, "Which parameter has no default?", "Params is a Record: every field has a default.",
              "Field(value, ge=..., le=..., description=...) in Params, and QUICK = Params(...) in the class."),
        claim("answers", "A question is answered by an Output whose numbers are finite.", answers,
              "What does __call__ return?", "It returns Output(...), for every question that fits Input.",
              "Look at the last line of __call__, and at what it reads before fit or load has set it."),
        claim("repeats", "The same question has the same answer, and is not changed by it.", repeats,
              "What is different the second time?", "An answer draws nothing at random and keeps nothing.",
              "Work on a copy of what the question holds; a seed belongs into Params."),
        claim("batches", "Many questions at once have the answers of one by one.", batches,
              "Does one answer depend on the others?", "batch and stream return one answer a question, in order.",
              "Without a batch or stream of your own the base class asks one by one."),
        claim("refuses", "An unknown field and a missing one are refused as WrongInput.", refuses_fields,
              "Who looks at the question before __call__?", "Input is a Record: it refuses what it does not know.",
              "Derive Input from castalia.core.system.Record; do not loosen its configuration."),
        claim("verbs", "Every further verb answers its example; one that does not write answers it twice the same.",
              verbs, "Which verb raises?", "A verb takes one Record and returns one; writes=False keeps nothing.",
              "Look at the methods under @verb, and at what they do with self.state."),
    ]  # fmt: skip
    if interface:
        claims.append(
            claim("fields", "Its fields, their bounds and defaults are those of the interface.",
                  partial(has_fields, interface), "Which field differs?", "Bounds and defaults are promises.",
                  "Compare Params, Input and Output with the interface, line by line.")
        )  # fmt: skip
    if fits:
        claims[1:1] = [
            claim("fits", "A quick fit returns finite metrics, and the same ones again for the same parameters.",
                  learns, "What does fit return?", "fit returns held-out metrics by name; its seed is a parameter.",
                  "Look for a random generator without a seed, and for a division by nothing."),
        ]  # fmt: skip
        claims += [
            claim("reloads", "Saved and loaded again it answers the same, from files that are no pickle.", reloads,
                  "What does __call__ read that save does not write?", "load sets everything that fit has set.",
                  "Write it as JSON, .npz or safetensors in save, and read every part of it in load."),
            claim("stops", "A fit stops when asked, and the next one in the same folder ends with the same metrics.",
                  partial(stops_and_resumes, continues), "Who catches Stopped?",
                  "run.log raises Stopped; fit continues from run.folder.",
                  "Let Stopped pass. What is written into run.folder must be whole, and of the step it says."),
        ]  # fmt: skip
    kept = [each for each in claims if each.id.partition("_")[2] not in without]
    return Milestone(id, title, (*kept, *more), adapter="system")


# --- the properties: (subject, params that differ from QUICK, questions) -----------------------------


def fitted(subject: Subject, params: Params) -> Handle:
    """A System of QUICK with ``params``, fitted where it learns."""
    told = subject.call("describe")
    system = subject.new("System", {**told["quick"], **params})
    if told["fits"]:
        system.call("fit")
    return system


def constructs(subject: Subject, params: Params, questions: list[Question]) -> None:
    told = subject.call("describe")
    true(told["doc"], "it has no docstring", "none", "one line that says what it answers")
    subject.new("System").free()
    same(subject.new("System", told["quick"]).call("params"), told["quick"], "the params of QUICK")
    wrong = {**told["quick"], "no_such_parameter": 1}
    refuses("WrongInput", partial(subject.new, "System", wrong), "System(no_such_parameter=1)")


def learns(subject: Subject, params: Params, questions: list[Question]) -> None:
    told = subject.call("describe")
    true(told["fits"], "it has no fit", "none", "def fit(self, run) -> Mapping[str, float]")
    found = []
    for _ in range(2):
        system = subject.new("System", {**told["quick"], **params})
        found.append(system.call("fit"))
        true(found[-1], "fit returned no metrics", found[-1], "held-out metrics by name")
        for name, value in found[-1].items():
            true(math.isfinite(value), f"the metric {name} is not finite", value, "a finite number")
        true(system.call("logged"), "fit logged nothing", "no run.log", "run.log(step, loss=...) while it learns")
        system.free()
    same(found[1], found[0], "the metrics of a second fit with the same parameters", 1e-9)


def answers(subject: Subject, params: Params, questions: list[Question]) -> None:
    system = fitted(subject, params)
    for question in questions or [system.call("example")]:
        finite(system.call("call", question), f"the answer to {question}")


def repeats(subject: Subject, params: Params, questions: list[Question]) -> None:
    system = fitted(subject, params)
    asked = questions or [system.call("example")]
    first = [system.call("call", question) for question in asked]
    for question, answer in reversed([*zip(asked, first, strict=True)]):
        same(system.call("call", question), answer, f"a second answer to {question}", 0.0)
    true(not system.get("changed"), "an answer changed its question", "another question", "the question as it was")


def batches(subject: Subject, params: Params, questions: list[Question]) -> None:
    system = fitted(subject, params)
    asked = [*questions, system.call("example")]
    one_by_one = [system.call("call", question) for question in asked]
    for many in ("batch", "stream"):
        same(system.call(many, asked), one_by_one, f"{many} of {len(asked)} questions", CLOSE)
        same(system.call(many, asked[:1]), one_by_one[:1], f"{many} of one question", CLOSE)
    same(system.call("batch", []), [], "batch of no question")
    if subject.call("describe")["predicts"]:
        columns = {name: [question[name] for question in asked] for name in asked[-1]}
        table = system.call("predict", columns)
        shared = [name for name in one_by_one[0] if name in table]
        true(shared, "predict adds no field of Output", sorted(table), f"one of {sorted(one_by_one[0])} as a column")
        for name in shared:
            same(table[name], [answer[name] for answer in one_by_one], f"predict's column {name}", CLOSE)


def refuses_fields(subject: Subject, params: Params, questions: list[Question]) -> None:
    system = fitted(subject, params)
    question = system.call("example")
    wrong = {**question, "no_such_field": 1}
    refuses("WrongInput", partial(system.call, "call", wrong), "a question with an unknown field")
    for name in system.call("input").get("required", []):
        less = {key: value for key, value in question.items() if key != name}
        refuses("WrongInput", partial(system.call, "call", less), f"a question without {name}")


def verbs(subject: Subject, params: Params, questions: list[Question]) -> None:
    system = fitted(subject, params)
    for name, told in subject.call("describe")["verbs"].items():
        first = system.call("verb", name, told["example"])
        if not told["writes"]:
            same(system.call("verb", name, told["example"]), first, f"a second answer of {name}", 0.0)


def reloads(subject: Subject, params: Params, questions: list[Question]) -> None:
    system = fitted(subject, params)
    again = subject.new("Reloaded", system)
    for question in [*questions, system.call("example")]:
        expected = system.call("call", question)
        same(again.call("call", question), expected, f"the answer to {question} after saving and loading")
    same(again.call("input"), system.call("input"), "its Input after saving and loading")
    wrong = [name for name in again.get("saved") if name.endswith(NEVER)]
    true(not wrong, "a model is never a pickle", wrong, "JSON, .npz, safetensors")


def stops_and_resumes(continues: bool, subject: Subject, params: Params, questions: list[Question]) -> None:
    quick = {**subject.call("describe")["quick"], **params}
    whole = subject.new("System", quick)
    expected, logs = whole.call("fit"), len(whole.call("logged"))
    stopped = subject.new("System", quick)
    half = max(1, logs // 2)
    refuses("Stopped", partial(stopped.call, "fit", stop_after=half), f"fit, cancelled at its log {half} of {logs}")
    again = subject.new("System", quick)
    same(again.call("fit", after=stopped), expected, "the metrics of a fit that was stopped and resumed", 1e-9)
    if continues:
        more = len(again.call("logged"))
        true(more <= logs - half + 1, "a resumed fit begins again", f"{more} logs", f"{logs - half} more logs")
    for question in [*questions, whole.call("example")]:
        same(again.call("call", question), whole.call("call", question), f"the answer to {question}, resumed", 1e-9)


def has_fields(interface: str, subject: Subject, params: Params, questions: list[Question]) -> None:
    wanted, told = subject.call("interface", interface), subject.call("describe")
    for role in ("params", "input", "output"):
        same_fields(told[role], wanted[role], role.capitalize(), more=role == "params")
    same({name: told["quick"].get(name) for name in wanted["quick"]}, wanted["quick"], "QUICK")
    same(told["fits"], wanted["fits"], "whether it has a fit")
    for name, verb in wanted["verbs"].items():
        true(name in told["verbs"], f"it has no verb {name}", sorted(told["verbs"]), name)
        same(told["verbs"][name]["writes"], verb["writes"], f"whether {name} writes")
        for role in ("input", "output"):
            same_fields(told["verbs"][name][role], verb[role], f"the {role} of {name}")


def same_fields(got: dict[str, Any], wanted: dict[str, Any], what: str, more: bool = False) -> None:
    """Two JSON schemas ask for the same fields; with ``more`` the first may have others besides."""
    mine, theirs = bare(got, got), bare(wanted, wanted)
    names = set(theirs.get("properties", {}))
    if more:
        mine["properties"] = {name: field for name, field in mine.get("properties", {}).items() if name in names}
        mine["required"] = [name for name in mine.get("required", []) if name in names]
        theirs.setdefault("required", [])
    same(mine, theirs, what)


def bare(schema: Any, whole: dict[str, Any]) -> Any:
    """A schema without titles, descriptions and examples, its references in their place."""
    if isinstance(schema, list):
        return [bare(item, whole) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return bare(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    told = {name: item for name, item in schema.items() if name not in ("title", "description", "examples", "$defs")}
    fields = told.pop("properties", None)
    plain = {name: bare(item, whole) for name, item in told.items()}
    return (
        plain if fields is None else {**plain, "properties": {name: bare(each, whole) for name, each in fields.items()}}
    )


# --- comparing plain values --------------------------------------------------------------------------


def same(got: Any, expected: Any, what: str, rtol: float = 0.0) -> None:
    """Raise Failed unless two plain values are equal, numbers to ``rtol``; names the place where they are not."""
    if isinstance(expected, dict) and isinstance(got, dict):
        true(set(got) == set(expected), f"{what} has other names", sorted(got), sorted(expected))
        for name in expected:
            same(got[name], expected[name], f"{what}, {name}", rtol)
    elif isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        true(len(got) == len(expected), f"{what} has another length", len(got), len(expected))
        for number, pair in enumerate(zip(got, expected, strict=True)):
            same(*pair, f"{what}, {number}", rtol)
    elif isinstance(expected, float) and isinstance(got, int | float) and rtol:
        equal(got, expected, rtol, what, scale=1e-6)
    else:
        alike = got == expected or (got != got and expected != expected)
        true(type(got) is type(expected) and alike, f"{what} is another", got, expected)


def finite(value: Any, what: str) -> None:
    """Raise Failed where a number inside is not finite."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            finite(item, what)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Failed(value, "finite numbers", f"{what} is not finite")
