"""Steps one after another, steps side by side, and one row through them.

``Chain(a, Chain(b, c))`` is ``Chain(a, b, c)``. The steps are copied when a chain is made: fitting a chain changes no
step of yours, and a step can stand in two chains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import PrivateAttr

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.core.system import Field
from castalia.kit.tabular.frames import Array, Frame, same_names
from castalia.kit.tabular.serving import Served, read_gaps
from castalia.kit.tabular.steps import Cell, Cells, PerColumn, Rows, State, Step


class Keep(PerColumn[State]):
    """Columns as they are."""

    learns: ClassVar[type[State]] = State

    def learn(self, name: str, values: Array, rows: Rows) -> State:
        return State()

    def apply(self, state: State, name: str, values: Array) -> list[Array]:
        return [values]

    def undo(self, state: State, name: str, columns: list[Array]) -> Array:
        return columns[0]

    def cell(self, state: State, name: str) -> Cell:
        return lambda value: (value,)


class Chain(Served):
    """Steps in order, each on what the one before gives."""

    steps: tuple[Step, ...] = Field(min_length=1, description="The steps, chains among them taken apart.")

    def __init__(self, *steps: Step) -> None:
        for step in steps:
            if not isinstance(step, Step):
                raise WrongInput("a chain is made of steps", shown(step), "steps such as Standardize()", field="steps")
        flat = [each for step in steps for each in (step.steps if isinstance(step, Chain) else (step,))]
        Step.__init__(self, steps=tuple(each.model_copy(deep=True) for each in flat))

    @property
    def fitted(self) -> bool:
        return all(step.fitted for step in self.steps)

    @property
    def sources(self) -> tuple[str, ...]:
        return self.steps[0].sources

    @property
    def features(self) -> tuple[str, ...]:
        return self.steps[-1].features

    def _learn(self, frame: Frame, rows: Rows) -> None:
        self._seen(frame)
        for step in self.steps[:-1]:
            frame = Frame(step._learn_change(frame, rows), frame.rows)
        self.steps[-1]._learn(frame, rows)

    def _learn_change(self, frame: Frame, rows: Rows) -> dict[str, Array]:
        self._seen(frame)
        for step in self.steps:
            frame = Frame(step._learn_change(frame, rows), frame.rows)
        return frame.columns

    def _change(self, frame: Frame) -> dict[str, Array]:
        for step in self.steps:
            frame = Frame(step._change(frame), frame.rows)
        return frame.columns

    def _undo(self, frame: Frame) -> dict[str, Array]:
        for step in reversed(self.steps):
            frame = Frame(step._undo(frame), frame.rows)
        return frame.columns

    def _cells(self) -> Cells | None:
        found = self.steps[0]._cells()
        for step in self.steps[1:]:
            following = step._cells()
            if found is None or following is None:
                return None
            found = {name: joined(outs, cell, following) for name, (outs, cell) in found.items()}
        return found

    def _options(self) -> dict[str, Any]:
        return {"steps": [step.plain() for step in self.steps]}

    def _state(self) -> Any:
        return {"gaps": sorted(self._gaps or ())}

    def _restore(self, state: Any) -> None:
        self._gaps = read_gaps(state, self.sources)

    @classmethod
    def _loaded(cls, options: Any, state: Any) -> Step:
        if not isinstance(options, Mapping) or set(options) != {"steps"} or not isinstance(options["steps"], list):
            raise WrongInput("a saved Chain has other options", shown(options), "steps")
        made = cls(*(Step.of_plain(each) for each in options["steps"]))
        if state is not None:
            made._need_fit()
            made._restore(state)
        return made


def joined(outs: tuple[str, ...], cell: Cell, following: Cells) -> tuple[tuple[str, ...], Cell]:
    """A cell, then the cells of the next step for each of its values."""
    nexts = [following.get(out, ((), _nothing)) for out in outs]
    names = tuple(name for more, _ in nexts for name in more)
    cells = [each for _, each in nexts]
    if len(cells) == 1:
        (last,) = cells
        return names, lambda value: last(cell(value)[0])

    def one(value: Any) -> list[Any]:
        flat: list[Any] = []
        for each, part in zip(cells, cell(value), strict=True):
            flat += each(part)
        return flat

    return names, one


def _nothing(value: Any) -> tuple[Any, ...]:
    return ()


class Columns(Served):
    """Columns sent to steps by name: ``Columns({"age": Standardize(), ("city", "plan"): OneHot()})``.

    A list of pairs of names and step sends a column to several steps. What is not named is left out, kept as it is, or
    an error. What comes out is in this order.
    """

    parts: tuple[tuple[tuple[str, ...], Step], ...] = Field(min_length=1, description="Names, and their step.")
    rest: Literal["drop", "keep", "error"] = Field("drop", description="What happens to columns that are not named.")

    _sources: tuple[str, ...] | None = PrivateAttr(None)
    _kept: Keep | None = PrivateAttr(None)

    def __init__(
        self,
        parts: Mapping[str | tuple[str, ...], Step] | Sequence[tuple[str | tuple[str, ...], Step]],
        *,
        rest: Literal["drop", "keep", "error"] = "drop",
    ) -> None:
        pairs = []
        for names, step in parts.items() if isinstance(parts, Mapping) else parts:
            if not isinstance(step, Step):
                raise WrongInput("columns go to steps", shown(step), "a step such as Standardize()", field="parts")
            pairs.append(((names,) if isinstance(names, str) else tuple(names), step.model_copy(deep=True)))
        Step.__init__(self, parts=tuple(pairs), rest=rest)

    @property
    def fitted(self) -> bool:
        return self._sources is not None and all(step.fitted for step in self._all())

    @property
    def sources(self) -> tuple[str, ...]:
        return self._sources or ()

    def _all(self) -> list[Step]:
        return [step for _, step in self.parts] + ([self._kept] if self._kept else [])

    @property
    def features(self) -> tuple[str, ...]:
        self._need_fit()
        return tuple(name for step in self._all() for name in step.features)

    def _route(self, frame: Frame) -> list[Frame]:
        lacking = [name for names, _ in self.parts for name in names if name not in frame.columns]
        if lacking:
            hint = did_you_mean(lacking[0], frame.columns)
            raise WrongInput(
                f"Columns: the table has no column {lacking[0]!r}", shown(list(frame.columns)), "the named columns",
                f"Correct the name.{hint}", field=lacking[0],
            )  # fmt: skip
        return [Frame({name: frame.columns[name] for name in names}, frame.rows) for names, _ in self.parts]

    def _begin(self, frame: Frame) -> list[Frame]:
        frames = self._route(frame)
        named = {name for names, _ in self.parts for name in names}
        rest = {name: values for name, values in frame.columns.items() if name not in named}
        if rest and self.rest == "error":
            raise WrongInput(
                f"column {next(iter(rest))!r} goes nowhere", shown(list(rest)), "a step for every column",
                "Name it, or set rest='drop' or 'keep'.", field=next(iter(rest)),
            )  # fmt: skip
        self._kept = Keep() if rest and self.rest == "keep" else None
        asked = [name for name in frame.columns if self.rest == "keep" or name in named]
        self._sources = tuple(asked)
        self._seen(Frame({name: frame.columns[name] for name in asked}, frame.rows))
        return [*frames, Frame(rest, frame.rows)] if self._kept else frames

    def _learn(self, frame: Frame, rows: Rows) -> None:
        frames = self._begin(frame)
        for step, part in zip(self._all(), frames, strict=True):
            step._learn(part, rows)
        self._differ()

    def _learn_change(self, frame: Frame, rows: Rows) -> dict[str, Array]:
        frames = self._begin(frame)
        made: dict[str, Array] = {}
        for step, part in zip(self._all(), frames, strict=True):
            made.update(step._learn_change(part, rows))
        self._differ()
        return made

    def _differ(self) -> None:
        names = self.features
        if len(set(names)) < len(names):
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise WrongInput(
                f"two steps make a column {twice!r}", twice, "names that differ", "Name it once.", field=twice
            )

    def _change(self, frame: Frame) -> dict[str, Array]:
        frames = self._route(frame)
        if self._kept:
            same_names([n for n in frame.columns if n in self.sources], self.sources, "Columns")
            frames.append(Frame({name: frame.columns[name] for name in self._kept.sources}, frame.rows))
        made: dict[str, Array] = {}
        for step, part in zip(self._all(), frames, strict=True):
            made.update(step._change(part))
        return made

    def _cells(self) -> Cells | None:
        found: dict[str, list[tuple[tuple[str, ...], Cell]]] = {}
        for step in self._all():
            cells = step._cells()
            if cells is None:
                return None
            for name, each in cells.items():
                found.setdefault(name, []).append(each)
        return {name: parts[0] if len(parts) == 1 else _beside(parts) for name, parts in found.items()}

    def _options(self) -> dict[str, Any]:
        return {"parts": [[list(names), step.plain()] for names, step in self.parts], "rest": self.rest}

    def _state(self) -> Any:
        return {"sources": list(self.sources), "gaps": sorted(self._gaps or ())}

    def _restore(self, state: Any) -> None:
        names = state.get("sources") if isinstance(state, Mapping) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise WrongInput("a saved Columns holds no sources", shown(state), "a list of names")
        self._sources = tuple(names)
        named = {name for part, _ in self.parts for name in part}
        rest = [name for name in names if name not in named]
        if rest:
            self._kept = Keep()
            self._kept._states = {name: State() for name in rest}
        self._gaps = read_gaps(state, names)

    @classmethod
    def _loaded(cls, options: Any, state: Any) -> Step:
        try:
            parts: list[tuple[str | tuple[str, ...], Step]] = [
                (tuple(names), Step.of_plain(each)) for names, each in options["parts"]
            ]
            made = cls(parts, rest=options["rest"])
        except (KeyError, TypeError, ValueError):
            raise WrongInput("a saved Columns has other options", shown(options), "parts and rest") from None
        if state is not None:
            made._restore(state)
        return made


def _beside(parts: list[tuple[tuple[str, ...], Cell]]) -> tuple[tuple[str, ...], Cell]:
    """One value into several steps."""
    names, cells = tuple(name for outs, _ in parts for name in outs), [cell for _, cell in parts]
    return names, lambda value: [each for cell in cells for each in cell(value)]
