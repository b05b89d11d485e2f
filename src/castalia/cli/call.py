"""``castalia call NAME[:verb]``: ask one question; every field of the input is a flag."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from castalia.cli import layout, terminal
from castalia.cli.answering import hosts, say_who_answers
from castalia.cli.flags import address_of, in_flags, read_flags, rows, take_apart
from castalia.core.errors import NotFound, WrongInput, did_you_mean

_OWN = [
    ("--input FILE", "The whole input as JSON; - reads standard input. Flags beside it win."),
    ("--json", "Print exactly the output, as one JSON object."),
]


def call(words: Sequence[str]) -> int:
    """Run ``castalia call`` with the words behind it."""
    typed = take_apart(words, ("--json", "--help", "-h"), ("--input",), "call")
    asks_help = "--help" in typed.own or "-h" in typed.own
    if asks_help and not typed.names:
        terminal.out(_general_help())
        return 0
    address = address_of(typed, "call")
    with hosts() as pool:
        found = pool.describe(address.partition(":")[0])
        verb = address.partition(":")[2]
        schema, streams = _asked(found, verb)
        if asks_help:
            terminal.out(_help(found, address, verb, schema))
            return 0
        values = {**_whole(typed.own.get("--input")), **read_flags(typed.rest, schema, f"call {address}")}
        bare = address.partition(":")[0]
        say_who_answers(found, bare)
        try:
            if streams and "--json" not in typed.own:
                return _tell(pool.tell(bare, values, verb))
            answer = pool.call(bare, values, verb)
        except WrongInput as error:
            raise in_flags(error, schema, f"call {address}") from None
    for warning in answer.warnings:
        terminal.say(f"warning: {terminal.printable(warning)}")
    if "--json" in typed.own:
        terminal.out_json(answer.output)
    else:
        _show(answer.output)
        terminal.say(terminal.styled(answer.label, "dim", sys.stderr))
    return 0


def _asked(found: Mapping[str, Any], verb: str) -> tuple[Mapping[str, Any], bool]:
    """The schema of the question, and whether the answer comes bit by bit."""
    if "input" not in found:
        raise NotFound(
            f"{found['address']} is a project, not a system", cure="castalia systems lists those that answer."
        )
    if not verb:
        return found["input"], bool(found.get("tells"))
    for each in found["verbs"]:
        if each["name"] == verb:
            return each["input"], bool(each["stream"])
    known = [each["name"] for each in found["verbs"]]
    expected = f"one of {', '.join(known)}" if known else "no verb: it answers one kind of question"
    raise NotFound(
        f"{found['address']} has no verb {verb!r}", expected=expected, cure=did_you_mean(verb, known).strip()
    )


def _tell(bits: Iterator[Any]) -> int:
    """Print an answer as it comes: text runs on, anything else is one line of JSON a piece."""
    text = False
    for bit in bits:
        text = isinstance(bit, Mapping) and list(bit) == ["text"]
        sys.stdout.write(terminal.printable(str(bit["text"])) if text else json.dumps(bit, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    if text:
        terminal.out()
    return 0


def _whole(name: str | None) -> dict[str, Any]:
    """The JSON object of ``--input``; empty where it was not given."""
    if name is None:
        return {}
    source = "standard input" if name == "-" else name
    if name == "-":
        text = sys.stdin.buffer.read()
    else:
        path = Path(name).expanduser()
        if not path.is_file():
            raise NotFound(f"there is no file {name}", "nothing there", "a JSON file, or - for standard input")
        text = path.read_bytes()
    try:
        value = json.loads(text)
    except ValueError as error:
        raise WrongInput(
            f"{source} is not JSON", str(error), "one JSON object", "Check it with: python -m json.tool"
        ) from None
    if not isinstance(value, dict):
        raise WrongInput(f"{source} does not fit", type(value).__name__, "one JSON object with the fields of the input")
    return value


def _show(output: Any) -> None:
    """An answer for a person: name and value, a line each; media as their size."""
    if not isinstance(output, Mapping):
        terminal.out(str(output))
        return
    if list(output) == ["text"]:
        terminal.out(terminal.printable(str(output["text"])))
        return
    facts: dict[str, object] = {}
    tables = []
    for name, value in output.items():
        if isinstance(value, Mapping) and list(value) == ["items"]:
            value = value["items"]
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            tables.append((name, value))
        else:
            facts[name] = _brief(value)
    terminal.out_facts(facts)
    for name, items in tables:
        terminal.out("\n" + terminal.styled(name, "bold"))
        columns = list(dict.fromkeys(key for item in items for key in item))
        terminal.out_table(columns, [[_brief(item.get(key)) for key in columns] for item in items])


def _brief(value: Any) -> object:
    if isinstance(value, str) and value.startswith("data:"):
        kind = value[5:].partition(";")[0]
        return f"({kind}, {terminal.size(len(value) * 3 // 4)}; --json prints it)"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {terminal.shown(_brief(item))}" for key, item in value.items())
    return value


def _general_help() -> str:
    about = "Ask a system one question. Without a trained version a quick fit answers, and says so."
    closing = "castalia call NAME --help lists the fields of one system's input."
    return layout.page("castalia call NAME[:verb] [flags of its input]", about, [("Flags", _OWN)], closing)


def _help(found: Mapping[str, Any], address: str, verb: str, schema: Mapping[str, Any]) -> str:
    from castalia.cli.show import example_line, first_line

    doc = next((each["doc"] for each in found["verbs"] if each["name"] == verb), found["doc"])
    sections = [("Input", rows(schema)), ("Flags", _OWN)]
    if not verb and found["verbs"]:
        verbs = [(f"{address}:{each['name']}", first_line(each["doc"])) for each in found["verbs"]]
        sections.append(("Verbs", verbs))
    closing = f"Example:  {example_line(found, address)}" if not verb else ""
    return layout.page(f"castalia call {address} [flags]", first_line(doc), sections, closing)
