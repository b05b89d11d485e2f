"""``castalia new NAME``: write the folder of a new system. The path is its whole registration.

With ``--learn`` it writes stubs of something that has a contract instead (castalia.cli.beginning).
"""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from string import Template
from typing import NamedTuple

from castalia.cli import terminal
from castalia.core.errors import Conflict, Unavailable, WrongInput

TEMPLATE = Path(__file__).parent / "template"
RESERVED = ("castalia", "conftest", "projects", "shelf", "systems", "test")

TRUSTING = """from castalia import catalog  # this shelf, trusted for the length of a test

    return f"{{catalog.trust(HERE.parent)}}/{name}\""""
"""In the test of a system on a shelf: its address. Our own projects import neither catalogue nor runtime."""

ROADMAP = (
    "utilities pipeline track",
    "neural_net optimizers distributions",
    "churn anomaly automl",
    "digits image_classifier style_transfer",
    "detection faces medical",
    "sentiment chatbot summarization",
    "gan game_agent few_shot",
    "serve workflow distributed",
    "paper study contribution",
)
"""Names that the roadmap gives, a line a skill: in our checkout, these get their own number."""


class Place(NamedTuple):
    """Where a new folder goes and how it will be called."""

    parent: Path
    shelf: str
    """The shelf's name where it is trusted; "" for ours."""
    ours: bool
    trusted: bool

    def address(self, name: str) -> str:
        """What to type behind ``castalia call``."""
        return name if self.ours else f"{self.shelf}/{name}"


def new(
    name: str, /, *, title: str = "", skill: str = "", learn: bool = False, milestone: str = "", json: bool = False
) -> int:
    """Write a system that lists, trains and answers at once, with a first claim that fails until you write it.

    Inside Castalia's own checkout it goes into src/castalia/projects, elsewhere into ./shelf. With --learn: typed
    stubs of something that has a contract, into ./yours/NAME.

    Parameters
    ----------
    name
        Folder, module, URL and command: a lower-case Python name such as recommender.
    title
        What people call it; drawn from the name where none is given.
    skill
        One of the nine skills, by name or number; Machine learning where none is given.
    learn
        Write yours/NAME/NAME.py with the stubs of the first milestone, to build NAME yourself. Typed again, it appends
        the stubs of the next one; nothing of yours is changed.
    milestone
        With --learn: add the stubs up to this milestone, M3 say, whatever the last check said.
    json
        Print one object instead: name, address, folder, files, trusted; with --learn project, file, written,
        milestone, added, why_not.
    """
    if learn:
        if title or skill:
            given = "--title" if title else "--skill"
            raise WrongInput(f"castalia new --learn with {given}", "both", "one of the two", f"Leave out {given}.")
        from castalia.cli.beginning import begin

        return begin(name, milestone, json)
    if milestone:
        cure = f"castalia new {name} --learn --milestone {milestone}"
        raise WrongInput("castalia new --milestone without --learn", milestone, "--learn with it", cure)
    place = find_place(Path.cwd())
    check_name(name, place)
    folder = write(name, title or name.replace("_", " ").capitalize(), skill, place)
    if place.ours:
        _prove(name)
    if json:
        files = sorted(path.name for path in folder.iterdir())
        found = {"name": name, "address": place.address(name), "folder": str(folder), "files": files}
        terminal.out_json({**found, "trusted": place.trusted})
        return 0
    _say_what_next(name, folder, place)
    return 0


def _say_what_next(name: str, folder: Path, place: Place) -> None:
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    address = place.address(name)
    terminal.out(f"{terminal.styled(str(shown), 'bold')} is written: {name}.py, card.toml, README.md, test_{name}.py.")
    steps = [
        (f"castalia call {address} --x 3", "ask it: it already answers, badly"),
        (_test_line(name, shown, place), "its first claim fails; its message says what to write"),
        (f"castalia show {address}", "what the shell, HTTP and the page know of it"),
    ]
    if not place.trusted:
        steps.insert(0, (f"castalia shelf trust {shown.parent}", "once: lets Castalia run what lies in there"))
    left = max(len(command) for command, _ in steps)
    for command, words in steps:
        terminal.out(f"  {terminal.styled(command, 'accent')}{' ' * (left - len(command))}   {words}")


def _test_line(name: str, shown: Path, place: Place) -> str:
    """What runs the new system's tests. pytest is there only once ``make test`` installed it."""
    return f'make test ARGS="-k {name}"' if place.ours else f"python -m pytest {shown}"


def find_place(start: Path) -> Place:
    """Our projects when ``start`` lies in a checkout of Castalia, else its folder ``shelf``."""
    from castalia import catalog

    for folder in (start, *start.parents):
        projects = folder / "src" / "castalia" / "projects"
        if (folder / "src" / "castalia" / "__init__.py").is_file() and _is_castalia(folder / "pyproject.toml"):
            if projects.resolve() != catalog.OURS.resolve():
                cure = f"Use that checkout's own command: {folder / '.venv' / 'bin' / 'castalia'}"
                raise Conflict("this castalia belongs to another checkout", str(catalog.OURS), str(projects), cure)
            return Place(projects, "", ours=True, trusted=True)
    shelf = start / "shelf"
    known = {folder.resolve(): name for name, folder in catalog.shelves().items() if name}
    name = known.get(shelf.resolve(), "shelf")
    return Place(shelf, name, ours=False, trusted=shelf.resolve() in known)


def _is_castalia(path: Path) -> bool:
    try:
        return bool(tomllib.loads(path.read_text("utf-8"))["project"]["name"] == "castalia")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check_name(name: str, place: Place) -> None:
    """WrongInput where ``name`` is no name for a system, Conflict where it is taken there."""
    from castalia.catalog import NAME

    expected = "a lower-case Python name of at most 40 letters, digits and _, such as recommender"
    if not NAME.fullmatch(name):
        slug = re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()).strip("_")[:40]
        cure = f"castalia new {slug}" if name.isascii() and NAME.fullmatch(slug) else "Choose another name."
        raise WrongInput("not a name for a system", name, expected, cure, field="name")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in RESERVED or name.startswith("test_"):
        raise WrongInput(f"{name!r} is reserved", name, expected, f"castalia new my_{name}", field="name")
    if (place.parent / name).exists():
        cure = f"castalia show {place.address(name)}, or choose another name."
        raise Conflict(f"{name!r} is taken", str(place.parent / name), "a name that is free there", cure, field="name")


def write(name: str, title: str, skill: str, place: Place) -> Path:
    """Write the files beside their place and rename the folder: a kill leaves no half a system."""
    from castalia.catalog import SKILLS

    chosen = _skill(name, skill, place)
    class_name = "".join(part.capitalize() for part in name.split("_"))
    words = {
        "name": name,
        "title": _checked_title(title),
        "class_name": class_name,
        "skill": chosen,
        "number": _number(name, SKILLS.index(chosen) + 1) if place.ours else "",
        "address": place.address(name),
        "fixture": f'return "{name}"' if place.ours else TRUSTING.format(name=name),
    }
    draft = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place.parent))
        for path in sorted(TEMPLATE.glob("*.txt")):
            target = draft / path.name.removesuffix(".txt").replace("NAME", name)
            target.write_text(Template(path.read_text("utf-8")).substitute(words), "utf-8")
        draft.chmod(0o755)
        return draft.rename(place.parent / name)
    except OSError as error:
        raise Unavailable(
            f"{place.parent / name} cannot be written", error.strerror or "", "a writable folder"
        ) from None
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _checked_title(title: str) -> str:
    if not 1 <= len(title) <= 80 or any(letter in '"\\$' or not letter.isprintable() for letter in title):
        raise WrongInput(
            "not a title", title[:90], 'one line of at most 80 characters without ", \\ and $', field="title"
        )
    return title


def _skill(name: str, skill: str, place: Place) -> str:
    from castalia.catalog import SKILLS

    if not skill:
        planned = next((i for i, line in enumerate(ROADMAP) if place.ours and name in line.split()), 2)
        return SKILLS[planned]
    for number, known in enumerate(SKILLS, 1):
        if skill.lower() == known.lower() or skill == str(number):
            return known
    raise WrongInput(
        "no such skill", skill, f"one of {', '.join(SKILLS)}", "Give its name or number with --skill.", field="skill"
    )


def _number(name: str, skill: int) -> str:
    """The roadmap's number for its own names; for others the next one behind it."""
    from castalia import catalog

    line = ROADMAP[skill - 1].split()
    if name in line:
        return f"{skill}.{line.index(name) + 1}"
    taken = [int(card.number.partition(".")[2]) for card in catalog.cards() if card.number.startswith(f"{skill}.")]
    return f"{skill}.{max([len(line), *taken]) + 1}"


def _prove(name: str) -> None:
    """What was written must be a system: found out here, not by its author."""
    from castalia import catalog

    assert catalog.system_class(name).__doc__, f"the template of {name} is no system"
