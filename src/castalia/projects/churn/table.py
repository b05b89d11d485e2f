"""From a table of anything to numbers for trees, learnt from training rows alone.

Every rule a column needs (which categories there are, what counts as a number) is learnt by
``Encoder.learn`` from the rows it is given. Inside the cross-validation these are a fold's training
rows, so nothing about the held-out customers can leak into their own test.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.rows import Column

if TYPE_CHECKING:
    from castalia.projects.churn.churn import Params

Array = NDArray[Any]

MOST_CATEGORIES = 200
"""Rarer ones share the place of the unknown."""
TRUE_WORDS = ("yes", "true", "1", "y", "t", "churned", "left")


@dataclass
class Task:
    """A table and the question asked of it."""

    columns: list[Column]
    table: Mapping[str, Sequence[Any]]
    labels: Array
    """(n,) int64, 1 for the positive class."""
    target: str
    positive: str
    digest: str
    notes: list[str]

    def rows(self, index: Array) -> dict[str, Any]:
        """The chosen rows, column by column."""
        return {column.name: np.asarray(self.table[column.name], dtype=object)[index] for column in self.columns}

    @classmethod
    def open(cls, params: Params) -> Task:
        """Load ``params.data``; WrongInput where it is no table or its target has not two values."""
        if params.data == "generated":
            from castalia.projects.churn.generated import COLUMNS, customers

            content = hashlib.sha256(json.dumps(customers(1200, params.seed)).encode()).hexdigest()
            return cls.of(customers(1200, params.seed), COLUMNS, params.target or "Churn", params.positive, content)
        from castalia import data

        found = data.open(params.data)
        if found.kind != "table":
            raise WrongInput(f"{params.data} is no table", f"{found.kind}", "a table with a target", field="data")
        target = params.target or found.target or ""
        return cls.of(found.table(), found.columns, target, params.positive, found.digest)

    @classmethod
    def of(
        cls, table: Mapping[str, Sequence[Any]], columns: Sequence[Column], target: str, positive: str, digest: str
    ) -> Task:
        """The task of predicting ``target``; identifiers and rows without a target are left out, and said so."""
        names = [column.name for column in columns]
        if target not in names:
            got = f"no column {target!r}" if target else "a table whose target nobody named"
            cure = f"Name it: --target COLUMN.{did_you_mean(target, names)}"
            raise WrongInput("churn needs a column to predict", got, ", ".join(names[:12]), cure, field="target")
        answers = [as_text(value) for value in table[target]]
        known = np.array([i for i, answer in enumerate(answers) if answer is not None], dtype=np.int64)
        positive = _positive([answers[i] for i in known], target, positive)
        labels = np.array([answers[i] == positive for i in known], dtype=np.int64)
        notes = []
        if len(known) < len(answers):
            notes.append(f"{len(answers) - len(known)} rows have no {target} and are left out")
        kept, content = [], {}
        for column in columns:
            if column.name == target:
                continue
            values = np.asarray(table[column.name], dtype=object)[known]
            if reason := _no_feature(column, values):
                notes.append(f"column {column.name} is not used: {reason}")
                continue
            kept.append(column)
            content[column.name] = values
        if not kept:
            raise WrongInput("nothing to learn from", "no usable column", "numbers or categories", field="data")
        return cls(kept, content, labels, target, positive, digest, notes)


def _positive(answers: list[Any], target: str, asked: str) -> str:
    counts = Counter(answers)
    if len(counts) != 2:
        shown = ", ".join(sorted(counts)[:6])
        raise WrongInput(
            f"{target} has {len(counts)} values", shown, "two values, such as Yes and No",
            "Name another column with --target.", field="target",
        )  # fmt: skip
    if asked:
        if asked not in counts:
            raise WrongInput(f"{target} is never {asked!r}", asked, " or ".join(counts), field="positive")
        return asked
    spoken = [answer for answer in counts if answer.lower() in TRUE_WORDS]
    return spoken[0] if len(spoken) == 1 else min(sorted(counts), key=lambda answer: counts[answer])


def _no_feature(column: Column, values: Array) -> str:
    """Why a column cannot be learnt from; empty where it can. A name that is new for most rows teaches nothing."""
    if column.kind == "date":
        return "dates are not read yet"
    if column.kind in ("text", "category"):
        given = [text for value in values if (text := as_text(value)) is not None]
        if len(set(given)) > max(20, len(given) / 2):
            return "it names the row (nearly every value is another)"
    return ""


def as_text(value: Any) -> str | None:
    """One spelling for a category, wherever it came from: 0, 0.0, "0" and " 0 " are the same; blank is None."""
    if value is None or value != value:
        return None
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip() or None


def as_number(value: Any) -> float:
    """The number, or NaN where there is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return np.nan
    return number if np.isfinite(number) else np.nan


class Encoder:
    """Rows of a table to a float64 matrix: numbers as they are, categories as codes, the unknown as NaN."""

    def __init__(self, columns: Sequence[Column], categories: Mapping[str, Sequence[str]]) -> None:
        self.columns = list(columns)
        self.names = [column.name for column in columns]
        self.categories = {name: list(known) for name, known in categories.items()}
        self._codes = {name: {text: i for i, text in enumerate(known)} for name, known in self.categories.items()}

    @classmethod
    def learn(cls, columns: Sequence[Column], rows: Mapping[str, Sequence[Any]]) -> Encoder:
        """What these rows teach about each column: categories, extremes, whether it is ever empty."""
        learnt, categories = [], {}
        for column in columns:
            values = rows[column.name]
            if column.kind in ("category", "text", "boolean") or _is_flag(column, values):
                counts = Counter(text for value in values if (text := _text_of(column, value)) is not None)
                categories[column.name] = sorted(name for name, _ in counts.most_common(MOST_CATEGORIES))
                complete = sum(counts.values()) == len(values)
                shown = tuple(categories[column.name]) if column.kind in ("category", "text") else ()
                kind = "category" if column.kind == "text" else column.kind
                learnt.append(column.model_copy(update={"choices": shown, "required": complete, "kind": kind}))
                continue
            numbers = np.array([as_number(value) for value in values])
            given = numbers[~np.isnan(numbers)]
            update = {"required": len(given) == len(numbers), "choices": ()}
            if len(given):
                update |= {"minimum": float(given.min()), "maximum": float(given.max())}
            learnt.append(column.model_copy(update=update))
        return cls(learnt, categories)

    @property
    def category_places(self) -> list[int]:
        """Which columns of the matrix hold codes."""
        return [i for i, name in enumerate(self.names) if name in self.categories]

    def matrix(self, table: Mapping[str, Sequence[Any]]) -> Array:
        """(n, columns) float64; a column the table lacks is NaN throughout."""
        n = len(next(iter(table.values()), ()))
        out = np.full((n, len(self.names)), np.nan)
        for place, column in enumerate(self.columns):
            values = table.get(column.name)
            if values is None:
                continue
            if codes := self._codes.get(column.name):
                out[:, place] = [codes.get(_text_of(column, value), np.nan) for value in values]  # type: ignore[arg-type]
            else:
                out[:, place] = [as_number(value) for value in values]
        return out

    def shown(self, place: int, value: Any) -> str:
        """A cell as a reason words it."""
        name = self.names[place]
        if name in self.categories:
            text = _text_of(self.columns[place], value)
            return "unknown" if text is None else text if text in self._codes[name] else f"{text} (never seen)"
        number = as_number(value)
        return "unknown" if np.isnan(number) else f"{number:.6g}"

    def warn_of(self, given: Mapping[str, Any]) -> None:
        """One warning for columns that are not known, one for those that are missing, one for what is no number."""
        unknown = [f"{name}{did_you_mean(name, self.names)}" for name in given if name not in self.names]
        if unknown:
            warnings.warn(f"columns not used, because the model does not know them: {', '.join(unknown)}", stacklevel=3)
        missing = [name for name in self.names if name not in given]
        if missing:
            warnings.warn(f"missing columns, treated as unknown: {', '.join(missing)}", stacklevel=3)
        for column in self.columns:
            if column.name in given and column.name not in self.categories:
                cells = [as_text(value) for value in given[column.name]]
                wrong = [text for text in cells if text is not None and np.isnan(as_number(text))]
                if wrong:
                    words = f"{len(wrong)} values of {column.name} are no numbers and treated as unknown, {wrong[0]!r} say"
                    warnings.warn(words, stacklevel=3)

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"columns": [column.plain() for column in self.columns], "categories": self.categories}

    @classmethod
    def of_plain(cls, saved: Mapping[str, Any]) -> Encoder:
        """The encoder that ``plain`` wrote down."""
        return cls([Column.parse(column) for column in saved["columns"]], saved["categories"])


def _is_flag(column: Column, values: Sequence[Any]) -> bool:
    """A whole number that only takes two values, such as SeniorCitizen, is a category in disguise."""
    if column.kind != "integer":
        return False
    return len({number for value in values if not np.isnan(number := as_number(value))}) <= 2


def _text_of(column: Column, value: Any) -> str | None:
    text = as_text(value)
    if column.kind == "boolean" and text is not None:
        return {"true": "1", "yes": "1", "false": "0", "no": "0"}.get(text.lower(), text)
    return text
