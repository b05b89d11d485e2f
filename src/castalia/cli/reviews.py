"""``castalia roadmap review``: what is due today, at most three; begin one, and check it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.learning import read_state, show_question, warn
from castalia.cli.stopping import stoppable
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.roadmap.review import Prompt
    from castalia.roadmap.state import State


def review(id: str = "", /, *, at: str = "", answer: str = "", ai: bool = False, json: bool = False) -> int:
    """What to look at again today, at most three. With one of them: begin it, and typed again, check it.

    Parameters
    ----------
    id
        A review, such as softmax/M1: writes its file below review/, or checks that file where it is there. Of a topic,
        such as ma02, it shows today's question.
    at
        Another file to check.
    answer
        To the question of a topic: a number, or the letter of an option; "?" is: I do not know.
    ai
        An assistant took part; it counts as help.
    json
        Print a list of reviews instead, each with id, form, title, minutes and command; with ID one object with id,
        file, written, outcome and kept; of a question its form, text, code and options, or with --answer outcome, says
        and kept.
    """
    state = read_state()
    if id:
        from castalia.roadmap.practice import prompt

        chosen = prompt(state, id)
        if chosen.form in ("number", "choice"):
            return _question(state, chosen, at, answer, json)
        if answer:
            cure = f"Type:  castalia roadmap review {id}"
            raise WrongInput("--answer", repr(answer), "nothing: this review is a file", cure, field="answer")
        return _one(state, chosen, at, ai, json)
    from castalia.roadmap.today import offered

    found = offered(state)
    if json:
        terminal.out_json([
            {"id": each.id, "form": each.form, "title": each.title, "minutes": each.minutes, "command": each.command}
            for each in found
        ])  # fmt: skip
    elif not found:
        terminal.out("Nothing to look at again today.")
    for each in [] if json else found:
        terminal.out(f"{each.title}   about {each.minutes} minutes")
        terminal.out(f"  {terminal.styled(each.command, 'accent')}")
    warn(state.warnings)
    return 0


def _one(state: State, prompt: Prompt, at: str, ai: bool, json: bool) -> int:
    from castalia.roadmap.reviewing import begin, done, place

    path = Path(at) if at else None
    written = None if path else begin(state, prompt, Path.cwd())
    if written:
        if json:
            terminal.out_json({"id": prompt.id, "file": written, "written": True, "outcome": None, "kept": False})
        else:
            _begun(prompt, written)
        warn(state.warnings)
        return 0
    with stoppable():
        found = done(state, prompt, path or place(state, prompt, Path.cwd()), ai=ai)
    report = found.report
    if json:
        terminal.out_json(
            {"id": prompt.id, "file": found.file, "written": False, "outcome": report.outcome, "kept": found.kept}
        )
    elif report.passed:
        terminal.out(f"{terminal.styled('It holds.', 'green')} {prompt.id} is still yours.")
    else:
        wrong = next((each for each in report.claims if not each.passed), None)
        terminal.out(f"{terminal.styled('Not yet:', 'red')} {wrong.words if wrong else report.outcome}")
        if wrong and wrong.why:
            terminal.out(f"  {terminal.printable(wrong.why)}")
        terminal.out(f"Mend {_shown(found.file)} and type the same again.")
    warn((*state.warnings, *found.warnings))
    return report.exit_code


def _question(state: State, prompt: Prompt, at: str, answer: str, json: bool) -> int:
    from castalia.roadmap import practice, reviewing

    if at:
        cure = f"Type:  castalia roadmap review {prompt.id} --answer ANSWER"
        raise WrongInput("--at", repr(at), "nothing: this review is a question and has no file", cure, field="at")
    if answer:
        marked, warnings = reviewing.answer(state, prompt, answer)
        outcome = "pass" if marked.right else "fail"
        if json:
            terminal.out_json({"id": prompt.id, "outcome": outcome, "says": marked.says, "kept": not warnings})
        else:
            verdict = terminal.styled("Right.", "green") if marked.right else terminal.styled("Not right.", "red")
            terminal.out(f"{verdict} {marked.says}")
        warn((*state.warnings, *warnings))
        return 0 if marked.right else 1
    question = practice.question(state, prompt.id)
    assert question is not None, prompt
    if json:
        terminal.out_json({
            "id": prompt.id, "form": question.form, "text": question.text, "code": question.code,
            "options": [each.text for each in question.options],
        })  # fmt: skip
    else:
        terminal.out(terminal.styled(state.content.graph.topics[prompt.id].title, "bold"))
        show_question(question, terminal.out)
        terminal.out(f"Then type:  {terminal.styled(f'castalia roadmap review {prompt.id} --answer ANSWER', 'accent')}")
    warn(state.warnings)
    return 0


def _begun(prompt: Prompt, path: Path) -> None:
    project, _, what = prompt.id.partition("/")
    if prompt.form == "bug":
        words = f"has one mistake in it. Find it and mend it: {project} says what must hold."
    else:
        words = (
            f"has the stubs up to {what}. Write {what} again, without looking; copy what came before from your file."
        )
    terminal.out(f"{terminal.styled(_shown(path), 'bold')} {words}")
    terminal.out(f"Then type:  {terminal.styled(f'castalia roadmap review {prompt.id}', 'accent')}")


def _shown(path: Path) -> str:
    path, here = path.resolve(), Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
