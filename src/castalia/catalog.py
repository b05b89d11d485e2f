"""What is on the shelves: found by path, read without importing.

A project is a folder ``<shelf>/<name>/`` with a ``card.toml``; that is its whole registration. Our
shelf is ``castalia/projects``. A shelf of one's own is read once it was trusted, because asking one
of its systems runs its code. Addresses: ``[shelf/]name[@version|@alias][:verb]``.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import math
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from castalia.core.atomic import replacing
from castalia.core.errors import NotFound, Refused, Unavailable, WrongInput, did_you_mean
from castalia.core.record import Record, shown
from castalia.core.settings import Settings
from castalia.core.system import System

OURS = Path(__file__).parent / "projects"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
SKILLS = (
    "Python",
    "Mathematics",
    "Machine learning",
    "Deep learning",
    "Computer vision",
    "Language",
    "Advanced deep learning",
    "MLOps",
    "Research",
)
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "classical": ("sklearn", "lightgbm"),
    "data": ("polars", "pyarrow"),
    "deep": ("torch",),
    "vision": ("cv2",),
    "language": ("transformers",),
    "games": ("gymnasium",),
    "plots": ("plotly",),
}
"""The modules by which an installed extra is recognised."""


class Claim(Record):
    """A figure that a project promises, in words and as a test over what ``fit`` or ``measure`` returns."""

    id: str = Field(description="Stable name.")
    words: str = Field(description="The claim in one sentence.")
    metric: str = Field(description="A name that fit returns; of a library, that measure in claims.py returns.")
    at_least: float | None = Field(None, description="Smallest value that keeps the claim.")
    at_most: float | None = Field(None, description="Largest value that keeps the claim.")
    data: str = Field("", description="The data set it is stated on; empty for the default.")
    params: dict[str, Any] = Field({}, description="Params that differ from the defaults.")

    def holds(self, value: float) -> bool:
        """Whether a figure keeps the claim; NaN never does."""
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= value <= high


MAX_PAGE = 400_000
"""Bytes of a chapter or figure; a longer file is none."""


class Card(Record):
    """What a project says of itself in ``card.toml``, and where it was found."""

    name: str = Field(description="Folder, module, URL and command.")
    number: str = Field("", pattern=r"^([1-9]\.[0-9]+)?$", description='Its number, "2.1"; empty on your own shelf.')
    skill: str = Field(description="One of the nine skills.")
    title: str = Field(min_length=1, max_length=80, description="A noun phrase.")
    summary: str = Field(min_length=1, max_length=160, description="What it answers, in one line.")
    after: tuple[str, ...] = Field((), description="Projects to build before it.")
    minutes: int = Field(0, ge=0, description="A first estimate of the time to build it.")
    extra: str = Field("", description="The extra of the package that it needs.")
    data: tuple[str, ...] = Field((), description="Data sets it uses.")
    subject: str = Field("", description="The package that a project is about, where it is no system.")
    docs: tuple[str, ...] = Field((), description="Its pages of docs/, kit.md say; the first is where to begin.")
    claims: tuple[Claim, ...] = Field((), description="Figures it promises.")
    shelf: str = Field("", description="Empty for ours.")
    folder: Path = Field(description="Where it lives.")

    @property
    def address(self) -> str:
        """``churn``, or ``yours/churn`` on another shelf."""
        return f"{self.shelf}/{self.name}" if self.shelf else self.name

    @property
    def is_system(self) -> bool:
        """True where the folder answers: it holds ``<name>.py``."""
        return (self.folder / f"{self.name}.py").is_file()

    @property
    def kind(self) -> Literal["system", "library", "project"]:
        """A system answers, a library is imported; a project of another kind only has a lesson and a contract."""
        return "system" if self.is_system else "library" if self.subject else "project"

    def missing(self) -> str:
        """The line to type where its extra is not installed, else an empty string."""
        absent = any(importlib.util.find_spec(module) is None for module in EXTRAS.get(self.extra, ()))
        return f"pip install 'castalia[{self.extra}]'" if absent else ""

    def lesson(self) -> str:
        """The text of its README, or an empty string."""
        path = self.folder / "README.md"
        return path.read_text("utf-8", "replace") if path.is_file() else ""

    def chapters(self, ending: str = ".md") -> dict[str, str]:
        """What lies beside it in ``lesson/``, by name in order: further pages, or figures (".svg")."""
        folder = self.folder.resolve() / "lesson"
        found = {f"lesson/{path.name}": path for path in sorted(folder.glob(f"*{ending}"))}
        return {
            name: path.read_text("utf-8", "replace")
            for name, path in found.items()
            if path.is_file() and path.resolve().parent == folder and path.stat().st_size <= MAX_PAGE
        }


class Address(NamedTuple):
    """``[shelf/]name[@version|@alias][:verb]``, taken apart."""

    shelf: str
    name: str
    ref: str = ""
    verb: str = ""

    @property
    def bare(self) -> str:
        return f"{self.shelf}/{self.name}" if self.shelf else self.name


_ADDRESS = re.compile(
    r"(?:(?P<shelf>[a-z][a-z0-9_-]{0,39})[/~])?(?P<name>[a-z][a-z0-9_-]{0,63})"
    r"(?:@(?P<ref>[A-Za-z0-9][A-Za-z0-9_.-]{0,63}))?(?::(?P<verb>[a-z][a-z0-9_]{0,63}))?"
)


def parse(text: str) -> Address:
    """Take an address apart; WrongInput where it is none."""
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise WrongInput(
            "not an address of a system or model",
            shown(text),
            "[shelf/]name[@version|@alias][:verb], such as churn, churn@3 or yours/churn",
            "castalia systems lists the names.",
        )
    return Address(found["shelf"] or "", found["name"], found["ref"] or "", found["verb"] or "")


def shelves(settings: Settings | None = None) -> dict[str, Path]:
    """The trusted shelves by name; ours is the empty name."""
    path = (settings or Settings.read()).home / "shelves.json"
    try:
        kept = json.loads(path.read_text("utf-8"))
        own = {str(name): Path(folder) for name, folder in kept.items()}
    except (FileNotFoundError, NotADirectoryError):
        own = {}
    except (ValueError, AttributeError, OSError) as error:
        cure = "Delete the file and trust your shelves again."
        raise Unavailable(f"{path} cannot be read", str(error), "a JSON object", cure) from None
    return {"": OURS, **own}


def trust(folder: str | Path, settings: Settings | None = None, name: str = "") -> str:
    """Read projects from ``folder`` from now on; asking one of them runs its code. Returns the shelf's name."""
    settings = settings or Settings.read()
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise NotFound(f"no folder {folder}", "nothing there", "a folder of project folders", "castalia new NAME")
    name = name or re.sub(r"[^a-z0-9_-]", "-", folder.name.lower()).strip("-")
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name):
        raise WrongInput("not a name for a shelf", shown(name), "a lower-case word", "Give one with --name.")
    known = shelves(settings)
    if known.get(name, folder) != folder:
        raise WrongInput(f"the shelf {name!r} is another folder", str(known[name]), "a free name", "Use --name.")
    _write_shelves({**known, name: folder}, settings)
    return name


def distrust(name: str, settings: Settings | None = None) -> None:
    """Forget a shelf; its files stay."""
    settings = settings or Settings.read()
    known = shelves(settings)
    if not name or name not in known:
        others = [other for other in known if other]
        raise NotFound(f"no shelf {name!r}", "", f"one of {others}", "castalia shelf list")
    _write_shelves({other: folder for other, folder in known.items() if other != name}, settings)


def _write_shelves(known: Mapping[str, Path], settings: Settings) -> None:
    path = settings.home / "shelves.json"
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with replacing(path) as waiting:
            plain = {name: str(folder) for name, folder in known.items() if name}
            waiting.write_text(json.dumps(plain, indent=1), "utf-8")
    except OSError as error:
        raise Unavailable(f"{path} cannot be written", error.strerror or "", "a writable folder") from None


def cards(settings: Settings | None = None) -> list[Card]:
    """Every project on every trusted shelf, ours first, by number."""
    found = []
    for shelf, folder in shelves(settings).items():
        for path in sorted(folder.glob("*/card.toml")):
            try:
                found.append(read_card(path, shelf))
            except WrongInput:
                if not shelf:
                    raise
                # One broken card of yours must not hide the others; castalia doctor shows it.
    return sorted(found, key=lambda card: (card.shelf, _order(card.number), card.name))


def broken(settings: Settings | None = None) -> list[WrongInput]:
    """What is wrong with the cards that :func:`cards` left out."""
    found = []
    for shelf, folder in shelves(settings).items():
        for path in sorted(folder.glob("*/card.toml")):
            try:
                read_card(path, shelf)
            except WrongInput as error:
                found.append(error)
    return found


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".")) if number else (99,)


def read_card(path: Path, shelf: str = "") -> Card:
    """One card; WrongInput names the file and the field."""
    folder = path.parent
    name = f"{shelf or 'projects'}/{folder.name}/card.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        card = Card.model_validate({**values, "name": folder.name, "shelf": shelf, "folder": folder})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise WrongInput(f"{name}: {field} does not fit", shown(first["input"]), first["msg"], field=field) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongInput(f"{name} is not TOML", str(error), "a card (docs/add-a-project.md)") from None
    except RecursionError:
        raise WrongInput(f"{name} is not TOML", "nested too deeply", "a card (docs/add-a-project.md)") from None
    except OSError as error:
        raise WrongInput(f"{name} cannot be read", error.strerror or "", "a card (docs/add-a-project.md)") from None
    if card.skill not in SKILLS:
        raise WrongInput(f"{name}: skill does not fit", card.skill, f"one of {', '.join(SKILLS)}", field="skill")
    if not NAME.fullmatch(card.name):
        raise WrongInput(f"{name}: not a name", card.name, "a lower-case Python name", "Rename the folder.")
    return card


def card(address: str, settings: Settings | None = None) -> Card:
    """The card of one project; NotFound with a near miss."""
    where = parse(address)
    known = shelves(settings)
    path = known.get(where.shelf, Path()) / where.name / "card.toml"
    if where.shelf in known and path.is_file():
        return read_card(path, where.shelf)
    if where.shelf not in known:
        raise no_shelf(where)
    names = [each.address for each in cards(settings)]
    hint = did_you_mean(where.bare, names).strip()
    cure = hint or "castalia systems lists what is there; castalia new starts one."
    raise NotFound(f"no system {where.bare!r}", expected=f"one of {', '.join(names)}", cure=cure)


def system_class(address: str, settings: Settings | None = None) -> type[System[Any, Any, Any]]:
    """Import the project and return its one System. Runs the project's code."""
    found = card(address, settings)
    if not found.is_system:
        raise no_system(found)
    module = _module(found, found.name)
    classes = [
        each
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, System) and each.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(each.__name__ for each in classes) or "none"
        cure = f"Define one class System[Params, Input, Output] in {found.name}.py; castalia new writes an example."
        raise WrongInput(f"{found.address}: {found.name}.py holds {len(classes)} systems", names, "exactly one", cure)
    return classes[0]


def no_shelf(where: Address) -> NotFound:
    """What to raise where an address names a shelf that is not trusted."""
    here = any(Path.cwd().glob(f"{where.shelf}/{where.name}/card.toml"))
    told = where.shelf if here else f"FOLDER --name {where.shelf}"
    cure = f"castalia shelf trust {told}{'' if here else ', or castalia shelf list.'}"
    return NotFound(f"no trusted shelf {where.shelf!r}", where.bare, "a shelf you trust", cure)


def no_system(found: Card) -> NotFound:
    """What to raise where a system was asked for and ``found`` is none."""
    cure = f"castalia show {found.address} says what it is."
    return NotFound(f"{found.address} is a {found.kind}, not a system", f"a {found.kind}", "what answers", cure)


def part(found: Card, name: str) -> ModuleType:
    """Import one file of a project, its ``contract`` say. Runs the project's code."""
    return _module(found, name)


def view_module(found: Card) -> ModuleType | None:
    """The project's ``view.py``, or None."""
    return _module(found, "view") if (found.folder / "view.py").is_file() else None


def _module(found: Card, name: str) -> ModuleType:
    if not found.shelf:
        return importlib.import_module(f"castalia.projects.{found.name}.{name}")
    package = f"castalia_shelf_{found.shelf.replace('-', '_')}"
    if not found.folder.resolve().is_relative_to(found.folder.parent.resolve()):
        raise Refused(f"{found.folder} leads out of its shelf", cure="Copy the project into the shelf.")
    _namespace(package, [str(found.folder.parent)])
    _namespace(f"{package}.{found.name}", [str(found.folder)])
    return importlib.import_module(f"{package}.{found.name}.{name}")


def _namespace(name: str, path: Sequence[str]) -> None:
    """A package without ``__init__`` under a name of its own: two shelves never share modules."""
    if name in sys.modules and list(sys.modules[name].__path__) == list(path):
        return
    module = ModuleType(name)
    module.__path__ = list(path)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    sys.modules[name] = module
