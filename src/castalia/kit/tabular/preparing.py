"""From a dirty table to a matrix of numbers: every column cleaned, and treated as what it is.

====================  =============================================================================================
a column that         becomes
====================  =============================================================================================
is constant or empty  nothing; ``plan`` says so
identifies the row    nothing; ``plan`` says so
holds numbers         the number, a missing one the median, standardized; and where training missed any, a 0/1 column
holds yes and no      0 and 1, the missing the more frequent; and where training missed any, a 0/1 column
holds dates           ``Dates``: its parts, the missing their medians, standardized
has few categories    ``OneHot``: a 0/1 column each; levels of under ``rare`` rows share one
has many categories   ``Target`` where there is a y, else ``Frequency``; standardized
holds prose           ``Texts``
====================  =============================================================================================

Few categories are at most ``few``. Numbers stay numbers, also where there are few of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import PrivateAttr

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.core.system import Field
from castalia.kit.tabular.cleaning import Clean, Cleaned
from castalia.kit.tabular.dates import Dates
from castalia.kit.tabular.encoding import Counted, Frequency, OneHot
from castalia.kit.tabular.frames import Array, Floats, Frame, matrix, missing
from castalia.kit.tabular.imputing import Impute
from castalia.kit.tabular.notices import notice
from castalia.kit.tabular.pipeline import Chain, Columns, joined
from castalia.kit.tabular.reports import Report
from castalia.kit.tabular.scaling import Standardize
from castalia.kit.tabular.serving import Served, complete, read_gaps
from castalia.kit.tabular.steps import Cells, Rows, Step
from castalia.kit.tabular.targets import Target
from castalia.kit.tabular.texts import Texts
from castalia.kit.tabular.training import Trained, refuse_training


class UnknownColumns(UserWarning):
    """A table has columns that fit has not seen."""


class Prepare(Served):
    """The whole way from a dirty table to a (n, k) float64 matrix without holes; ``features`` names its columns.

    For the rows that a model learns from take ``fit_transform``, for all others ``transform`` or ``row``: where
    categories are encoded by y, the two differ, and ``transform`` refuses the table of fit (see ``Target``).
    """

    few: int = Field(30, ge=2, description="Up to so many categories get a column each.")
    rare: int = Field(1, ge=1, description="Categories of fewer rows share a column.")
    scale: Literal["standard", "none"] = Field("standard", description="Standardize amounts.")
    clean: Clean = Field(default_factory=Clean, description="How cells are read.")
    target: Target = Field(default_factory=Target, description="How many categories are encoded where there is a y.")
    texts: Texts = Field(default_factory=Texts, description="How prose is encoded.")
    dates: Dates = Field(
        default_factory=lambda: Dates(indicator="seen", unreadable="missing"), description="How dates are taken apart."
    )
    drop: tuple[str, ...] = Field((), description="Columns to leave out.")

    _cleaned: Clean | None = PrivateAttr(None)
    _steps: Columns | None = PrivateAttr(None)
    _plan: dict[str, str] = PrivateAttr(default_factory=dict)
    _trained: Trained = PrivateAttr(Trained(rows=0, digest=""))

    @property
    def fitted(self) -> bool:
        return self._steps is not None

    @property
    def sources(self) -> tuple[str, ...]:
        return self._parts()[0].sources

    @property
    def features(self) -> tuple[str, ...]:
        return self._parts()[1].features

    @property
    def plan(self) -> Mapping[str, str]:
        """What became of each column, by the names of the table."""
        self._need_fit()
        return dict(self._plan)

    @property
    def report(self) -> Report:
        """What cleaning changed in the table of fit."""
        return self._parts()[0].report

    def transform(self, table: Any) -> Floats:
        """(n, k) float64. A column that fit has not seen is left out, and named in a warning."""
        self._need_fit()
        frame = Frame.of(table)
        return matrix(self._change(frame), frame.rows)

    def fit_transform(self, table: Any, y: Any = None, *, groups: Any = None, time: Any = None) -> Floats:
        """(n, k) float64: what a model learns from."""
        frame = self._rows_of(table)
        return matrix(self._learn_change(frame, Rows.of(frame.rows, y, groups, time)), frame.rows)

    # --- learning ------------------------------------------------------------------------------

    def _learn(self, frame: Frame, rows: Rows) -> None:
        steps, cleaned = self._planned(frame, rows)
        steps._learn(cleaned, rows)
        self._steps = steps

    def _learn_change(self, frame: Frame, rows: Rows) -> dict[str, Array]:
        steps, cleaned = self._planned(frame, rows)
        made = steps._learn_change(cleaned, rows)
        self._steps = steps
        return made

    def _planned(self, frame: Frame, rows: Rows) -> tuple[Columns, Frame]:
        for name in self.drop:
            if name not in frame.columns:
                hint = did_you_mean(name, frame.columns).strip()
                raise WrongInput(
                    "a column to drop is not there", repr(name), shown(list(frame.columns)), hint, field="drop"
                )
        clean = self.clean.model_copy(deep=True)
        cleaned = Frame(clean._learn_change(frame, rows), frame.rows)
        self._steps, self._cleaned, self._plan = None, clean, {}
        parts: dict[str | tuple[str, ...], Step] = {}
        for name, state in clean.states.items():
            what, step = self._step(name, state, cleaned, rows)
            self._plan[name] = what
            if step is not None:
                parts[state.name] = step
        if not parts:
            raise WrongInput(
                "no column is left", shown(self._plan), "a column that tells rows apart", "See the plan.", field="table"
            )
        self._seen(frame)
        self._gaps = (self._gaps or frozenset()) | {n for n, what in self._plan.items() if what.startswith("left out")}
        by_y = any("Target" in what for what in self._plan.values())
        self._trained = Trained.of(frame) if by_y else Trained(rows=0, digest="")
        return Columns(parts), cleaned

    def _step(self, name: str, state: Cleaned, cleaned: Frame, rows: Rows) -> tuple[str, Step | None]:
        """What is done with a clean column, in words and as a step."""
        values = cleaned.columns[state.name]
        if name in self.drop:
            return "left out: asked for", None
        if state.remark or missing(values).all():
            return f"left out: {state.remark or 'empty'}", None
        scale = [Standardize()] if self.scale == "standard" else []
        gaps = Impute(indicator="seen")
        if state.holds in ("number", "boolean") and len(Counted.of(values, name).levels) == 1:
            return "one value: only where it is missing", OneHot(drop="first")
        if state.holds == "number":
            return "a number", Chain(*scale, gaps)
        if state.holds == "boolean":
            return "yes or no", Impute(strategy="most_frequent", indicator="seen")
        if state.holds == "date":
            dates = self.dates.model_copy(deep=True).fit({state.name: values})
            amounts = tuple(each for each in dates.features if not each.endswith("?"))
            return "a date: its parts", Chain(dates, Columns({amounts: Chain(*scale, Impute())}, rest="keep"))
        if state.holds == "text":
            return "prose: hashed runs of letters", self.texts
        if len(Counted.of(values, name).levels) <= self.few:
            return "categories: one column each", OneHot(rare=self.rare)
        if rows.y is not None:
            target = self.target.model_copy(update={"on_training": "allow"})  # this step looks at the whole table
            return "categories: by y (Target)", Chain(target, *scale)
        return "categories: how frequent", Chain(Frequency(), *scale)

    # --- using ---------------------------------------------------------------------------------

    def _parts(self) -> tuple[Clean, Columns]:
        self._need_fit()
        assert self._cleaned is not None and self._steps is not None
        return self._cleaned, self._steps

    def _change(self, frame: Frame) -> dict[str, Array]:
        clean, steps = self._parts()
        more = [name for name in frame.columns if name not in clean.sources]
        if more:
            notice(f"columns that fit has not seen are left out: {shown(more)}", UnknownColumns)
        asked = {name: frame.columns[name] for name in clean.sources if name in frame.columns}
        if len(asked) < len(clean.sources):
            whole = complete(dict.fromkeys(asked), clean.sources, self._gaps or frozenset())
            empty = np.full(frame.rows, None, object)
            asked = {name: asked.get(name, empty) for name in whole}
        frame = Frame(asked, frame.rows)
        if self.target.on_training != "allow" and self._trained.knows(frame):
            refuse_training("Prepare", self._trained.rows, self.target.on_training)
        return steps._change(Frame(clean._change(frame), frame.rows))

    def _cells(self) -> Cells | None:
        clean, steps = self._parts()
        first, following = clean._cells(), steps._cells()
        if first is None or following is None:
            return None
        found = {}
        for name, (outs, cell) in first.items():
            if outs[0] in following:
                found[name] = joined(outs, cell, following)
        return found

    # --- saving --------------------------------------------------------------------------------

    def _state(self) -> Any:
        clean, steps = self._parts()
        return {
            "clean": clean.plain(), "steps": steps.plain(), "plan": self._plan, "gaps": sorted(self._gaps or ()),
            "trained": self._trained.plain(),
        }  # fmt: skip

    def _restore(self, state: Any) -> None:
        if not isinstance(state, Mapping) or set(state) != {"clean", "steps", "plan", "gaps", "trained"}:
            raise WrongInput("a saved Prepare holds other things", shown(state), "clean, steps, plan, gaps and trained")
        clean, steps = Step.of_plain(state["clean"]), Step.of_plain(state["steps"])
        plan = state["plan"]
        if not isinstance(clean, Clean) or not isinstance(steps, Columns) or not (clean.fitted and steps.fitted):
            raise WrongInput("a saved Prepare holds other steps", "", "a fitted Clean and fitted Columns")
        if not isinstance(plan, dict) or list(plan) != list(clean.sources):
            raise WrongInput("a saved Prepare has a plan of other columns", shown(plan), shown(list(clean.sources)))
        if not set(steps.sources) <= set(clean.features):
            raise WrongInput("a saved Prepare does not fit together", shown(steps.sources), shown(clean.features))
        self._trained = Trained.parse(state["trained"], "a saved Prepare")
        self._plan = {str(name): str(what) for name, what in plan.items()}
        self._gaps = read_gaps(state, clean.sources)
        self._cleaned, self._steps = clean, steps
