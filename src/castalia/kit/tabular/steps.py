"""What every step of preparing a table has: fit, transform, inverse, the names of what comes out, and a JSON form.

A step is made of options, and learns one state a column. Both are closed records: ``plain()`` is their JSON, and
``of_plain`` checks every field of it. A step that treats each column by itself (all but a few) says what it does to a
column, and what it does to a single cell; the same numbers come out either way, so one row can be served without a
table around it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np
from pydantic import PrivateAttr, ValidationError

from castalia.core.errors import Conflict, WrongInput
from castalia.core.record import Record, shown, wrong_input
from castalia.kit.tabular.estimators import Estimator
from castalia.kit.tabular.frames import Array, Frame, column, missing, same_names

FORMAT = 1

Cell = Callable[[Any], Sequence[Any]]
"""From one value (None or NaN where missing) to the values of the columns it becomes."""
Cells = dict[str, tuple[tuple[str, ...], Cell]]
"""For each source the columns it becomes, and how one value becomes them."""


@dataclass(frozen=True)
class Rows:
    """What is known of the rows besides their columns: targets, groups and times, each (n,) or None."""

    y: Array | None = None
    groups: Array | None = None
    time: Array | None = None

    @classmethod
    def of(cls, rows: int, y: Any = None, groups: Any = None, time: Any = None) -> Rows:
        """Checked: as long as the table and without holes."""
        found = {}
        for name, values in (("y", y), ("groups", groups), ("time", time)):
            if values is None:
                continue
            found[name] = column(values)
            if len(found[name]) != rows:
                raise WrongInput("lengths differ", f"{len(found[name])} in {name}", f"{rows} rows", field=name)
            gone = missing(found[name])
            if gone.any():
                raise WrongInput(
                    f"{name} is missing somewhere", f"row {int(np.argmax(gone))}", f"a {name} for every row",
                    "Leave such rows out of fit.", field=name,
                )  # fmt: skip
        return cls(**found)


class Step(Estimator):
    """The interface of all steps. Options are given by name; ``fit`` learns, ``transform`` changes a table."""

    def __init__(self, *given: Any, **options: Any) -> None:
        if given:
            name, first = type(self).__name__, next(iter(type(self).model_fields), None)
            cure = f"Write {name}({first}={given[0]!r})." if first else f"Write {name}()."
            raise WrongInput(f"options of {name} are given by name", shown(given[0]), "name=value", cure)
        try:
            super().__init__(**options)
        except ValidationError as error:
            raise wrong_input(type(self), error, type(self).__name__) from None

    # --- what a user calls ---------------------------------------------------------------------

    def fit(self, table: Any, y: Any = None, *, groups: Any = None, time: Any = None) -> Self:
        """Learn from a table of at least one row; ``y``, ``groups`` and ``time`` (n,) where a step asks for them."""
        frame = self._rows_of(table)
        self._learn(frame, Rows.of(frame.rows, y, groups, time))
        return self

    def transform(self, table: Any) -> Any:
        """The changed table, of the library that came in."""
        self._need_fit()
        frame = Frame.of(table)
        return frame.back(self._change(frame))

    def fit_transform(self, table: Any, y: Any = None, *, groups: Any = None, time: Any = None) -> Any:
        """Learn and change the training table. Not the same as fit, then transform, where a step learns from y."""
        frame = self._rows_of(table)
        return frame.back(self._learn_change(frame, Rows.of(frame.rows, y, groups, time)))

    def inverse(self, table: Any) -> Any:
        """The table as it was before ``transform``; WrongInput where this step has no way back."""
        self._need_fit()
        frame = Frame.of(table)
        same_names(frame.columns, self.features, f"{type(self).__name__}.inverse")
        return frame.back(self._undo(frame))

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """Names of the columns that come out."""

    @property
    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """Names of the columns of fit."""

    def plain(self) -> dict[str, Any]:
        """JSON-ready: the kind, the options, and what was learnt (None before fit)."""
        state = None if not self.fitted else self._state()
        return {"format": FORMAT, "step": type(self).__name__, "options": self._options(), "state": state}

    @staticmethod
    def of_plain(plain: Mapping[str, Any]) -> Step:
        """The step that ``plain()`` wrote. WrongInput names what does not fit."""
        from castalia.kit.tabular.saved import restored  # it knows every kind of step

        return restored(plain)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.plain() == other.plain()

    __hash__ = None  # type: ignore[assignment]

    # --- what a step says ----------------------------------------------------------------------

    @property
    @abstractmethod
    def fitted(self) -> bool:
        """True after fit."""

    @abstractmethod
    def _learn(self, frame: Frame, rows: Rows) -> None:
        """Learn from a frame of at least one row."""

    @abstractmethod
    def _change(self, frame: Frame) -> dict[str, Array]:
        """The columns that come out."""

    def _learn_change(self, frame: Frame, rows: Rows) -> dict[str, Array]:
        self._learn(frame, rows)
        return self._change(frame)

    def _undo(self, frame: Frame) -> dict[str, Array]:
        raise WrongInput(
            f"{type(self).__name__} has no inverse", "", "a step that loses nothing", "Keep the table from before."
        )

    def _cells(self) -> Cells | None:
        """How single values pass; None where columns depend on each other."""
        return None

    def _options(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @abstractmethod
    def _state(self) -> Any:
        """What was learnt, JSON-ready."""

    @abstractmethod
    def _restore(self, state: Any) -> None:
        """Take in what ``_state`` gave, checked."""

    @classmethod
    def _loaded(cls, options: Any, state: Any) -> Step:
        made = cls.parse(options, f"a saved {cls.__name__}")
        if state is not None:
            made._restore(state)
        return made

    # --- checks --------------------------------------------------------------------------------

    def _need_fit(self) -> None:
        if not self.fitted:
            raise WrongInput(
                f"{type(self).__name__} has not learnt yet", "transform before fit", "a step that was fitted",
                "Call fit(table) or fit_transform(table) first.",
            )  # fmt: skip

    def _rows_of(self, table: Any) -> Frame:
        frame = Frame.of(table)
        if not frame.rows or not frame.columns:
            raise WrongInput(
                f"{type(self).__name__} cannot learn from nothing", f"{frame.rows} rows, {len(frame.columns)} columns",
                "at least one row and one column", field="table",
            )  # fmt: skip
        return frame


class State(Record):
    """What a step learnt of one column."""

    def merge(self, other: Self) -> Self:
        """As if learnt from the rows of both; Conflict where that cannot be exact."""
        raise Conflict(
            f"{type(self).__name__} cannot be merged", "two parts", "statistics that add up", "Fit on all rows at once."
        )


S = TypeVar("S", bound=State)


class PerColumn(Step, Generic[S]):
    """A step that treats each column by itself."""

    learns: ClassVar[type[State]] = State
    """The record of one column."""

    _states: dict[str, S] | None = PrivateAttr(None)

    @abstractmethod
    def learn(self, name: str, values: Array, rows: Rows) -> S:
        """What there is to know of a column."""

    @abstractmethod
    def apply(self, state: S, name: str, values: Array) -> list[Array]:
        """The columns that come out of one."""

    def outputs(self, state: S, name: str) -> tuple[str, ...]:
        """Their names."""
        return (name,)

    def undo(self, state: S, name: str, columns: list[Array]) -> Array:
        """The column they came out of."""
        super()._undo(Frame({}, 0))
        raise AssertionError("unreachable")

    def cell(self, state: S, name: str) -> Cell:
        """How one value becomes those of its columns; the same to the last bit as ``apply`` of a column of one."""

        def one(value: Any) -> list[Any]:
            return [out[0] for out in self.apply(state, name, column([value]))]

        return one

    def partial_fit(self, table: Any) -> Self:
        """Learn from further rows, as if all had come at once; Conflict where this step cannot do so exactly."""
        frame = self._rows_of(table)
        before = self._states
        if before is None:
            self._learn(frame, Rows())
            return self
        same_names(frame.columns, tuple(before), type(self).__name__)
        self._merge_states({name: self.learn(name, values, Rows()) for name, values in frame.columns.items()})
        return self

    def merge(self, other: Self) -> Self:
        """This step, having learnt from the rows of both."""
        self._need_fit()
        other._need_fit()
        if type(other) is not type(self) or other._options() != self._options():
            raise Conflict(
                f"{type(self).__name__} cannot be merged with another step", shown(other), "the same options"
            )
        same_names(other.sources, self.sources, type(self).__name__)
        self._merge_states(other._fitted())
        return self

    def _merge_states(self, others: Mapping[str, S]) -> None:
        self._take({name: state.merge(others[name]) for name, state in self._fitted().items()})

    def _take(self, states: dict[str, S]) -> None:
        """Keep what was learnt; WrongInput where two columns that come out would have one name."""
        outs = [(out, name) for name, state in states.items() for out in self.outputs(state, name)]
        if len({out for out, _ in outs}) < len(outs):
            first: dict[str, str] = {}
            for out, name in outs:
                if out in first:
                    both = f"{out!r} of {first[out]!r} and of {name!r}" if first[out] != name else f"twice {out!r}"
                    raise WrongInput(
                        f"{type(self).__name__} makes two columns of one name", both, "names that differ",
                        "Rename a column of the table.", field=name,
                    )  # fmt: skip
                first[out] = name
        self._states = states

    # --- Step ----------------------------------------------------------------------------------

    @property
    def fitted(self) -> bool:
        return self._states is not None

    def _fitted(self) -> dict[str, S]:
        self._need_fit()
        assert self._states is not None
        return self._states

    @property
    def states(self) -> Mapping[str, S]:
        """What was learnt, by column."""
        return dict(self._fitted())

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(self._fitted())

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(out for name, state in self._fitted().items() for out in self.outputs(state, name))

    def _learn(self, frame: Frame, rows: Rows) -> None:
        self._take({name: self.learn(name, values, rows) for name, values in frame.columns.items()})

    def _change(self, frame: Frame) -> dict[str, Array]:
        states = self._fitted()
        same_names(frame.columns, tuple(states), type(self).__name__)
        made: dict[str, Array] = {}
        for name, state in states.items():
            made.update(zip(self.outputs(state, name), self.apply(state, name, frame.columns[name]), strict=True))
        return made

    def _undo(self, frame: Frame) -> dict[str, Array]:
        return {
            name: self.undo(state, name, [frame.columns[out] for out in self.outputs(state, name)])
            for name, state in self._fitted().items()
        }

    def _cells(self) -> Cells | None:
        return {name: (self.outputs(state, name), self.cell(state, name)) for name, state in self._fitted().items()}

    def _state(self) -> Any:
        return {name: state.plain() for name, state in self._fitted().items()}

    def _restore(self, state: Any) -> None:
        kind = cast(type[S], self.learns)
        if not isinstance(state, Mapping) or not state:
            raise WrongInput(
                f"a saved {type(self).__name__} holds no columns", shown(state), "an object of one state a column"
            )
        what = f"a saved {type(self).__name__}, column"
        self._take({str(name): kind.parse(each, f"{what} {name}") for name, each in state.items()})


HOME = {
    "Standardize": "scaling", "MinMax": "scaling", "MedianIQR": "scaling", "Quantile": "shaping", "Log": "shaping",
    "Power": "shaping", "Impute": "imputing", "OneHot": "encoding", "Ordinal": "encoding",
    "Frequency": "encoding", "Hashed": "encoding", "Target": "targets", "Clean": "cleaning", "Dates": "dates",
    "Texts": "texts", "Chain": "pipeline", "Columns": "pipeline", "Keep": "pipeline", "Prepare": "preparing",
}  # fmt: skip
"""Kind of a saved step: the module that holds its class. Nothing else is ever made from a file."""
