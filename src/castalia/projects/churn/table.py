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
Cells = Sequence[Any] | Array

MOST_CATEGORIES = 200
"""Rarer ones share the place of the unknown."""
BOOLEANS = {"true": "1", "yes": "1", "false": "0", "no": "0"}
TRUE_WORDS = ("yes", "true", "1", "y", "t", "churned", "left")


@dataclass
class Task:
    """A table and the question asked of it."""

    columns: list[Column]
    table: dict[str, Array]
    """Cleaned: float64 for a number, text or None (dtype object) for a category."""
    labels: Array
    """(n,) int64, 1 for the positive class."""
    target: str
    positive: str
    digest: str
    notes: list[str]

    def rows(self, index: Array) -> dict[str, Array]:
        """The chosen rows, column by column."""
        return {name: values[index] for name, values in self.table.items()}

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
    def of(cls, table: Mapping[str, Cells], columns: Sequence[Column], target: str, positive: str, digest: str) -> Task:
        """The task of predicting ``target``; identifiers and rows without a target are left out, and said so."""
        names = [column.name for column in columns]
        if target not in names:
            got = f"no column {target!r}" if target else "a table whose target nobody named"
            cure = f"Name one as target; in the shell: --target COLUMN.{did_you_mean(target, names)}"
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
            values = _clean(column, np.asarray(table[column.name])[known])
            if reason := _no_feature(column, values):
                notes.append(f"column {column.name} is not used: {reason}")
                continue
            kept.append(column)
            content[column.name] = values
        if not kept:
            raise WrongInput("nothing to learn from", "no usable column", "numbers or categories", field="data")
        return cls(kept, content, labels, target, positive, digest, notes)


def _positive(answers: list[str | None], target: str, asked: str) -> str:
    counts = Counter(answer for answer in answers if answer is not None)
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
    rarer: str = min(sorted(counts), key=lambda answer: counts[answer])
    return spoken[0] if len(spoken) == 1 else rarer


def _no_feature(column: Column, values: Array) -> str:
    """Why a column cannot be learnt from; empty where it can. A name that is new for most rows teaches nothing."""
    if column.kind == "date":
        return "dates are not read yet"
    if column.kind in ("text", "category"):
        given = [value for value in values if value is not None]
        if len(set(given)) > max(20, len(given) / 2):
            return "it names the row (nearly every value is another)"
    return ""


def as_text(value: Any) -> str | None:
    """One spelling for a category, wherever it came from: 0, 0.0, "0" and " 0 " are the same; blank is None."""
    if type(value) is str:
        return value.strip() or None
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
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


def texts(column: Column, values: Cells) -> Array:
    """Cleaned categories: text or None, dtype object."""
    cleaned: list[str | None] = [as_text(value) for value in values]
    if column.kind == "boolean":
        cleaned = [BOOLEANS.get(text.lower(), text) if text else text for text in cleaned]
    out = np.empty(len(cleaned), dtype=object)
    out[:] = cleaned
    return out


def numbers(values: Cells) -> Array:
    """Cleaned numbers: float64, NaN where there is none."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        found = values.astype(np.float64)
        return np.where(np.isfinite(found), found, np.nan)
    return np.array([as_number(value) for value in values], dtype=np.float64)


def _clean(column: Column, values: Array) -> Array:
    """What a column is, decided cell by cell: nothing here is learnt from other rows, but for one thing.

    A whole number that takes only two values, such as SeniorCitizen, is a category in disguise.
    """
    if column.kind in ("category", "text", "boolean", "date"):
        return texts(column, values)
    found = numbers(values)
    if column.kind == "integer" and len(np.unique(found[~np.isnan(found)])) <= 2:
        return texts(column, values)
    return found


class Encoder:
    """Rows of a table to a float64 matrix: numbers as they are, categories as codes, the unknown as NaN."""

    def __init__(self, columns: Sequence[Column], categories: Mapping[str, Sequence[str]]) -> None:
        self.columns = list(columns)
        self.names = [column.name for column in columns]
        self.categories = {name: list(known) for name, known in categories.items()}
        self._codes = {name: {text: i for i, text in enumerate(known)} for name, known in self.categories.items()}

    @classmethod
    def learn(cls, columns: Sequence[Column], rows: Mapping[str, Array]) -> Encoder:
        """What these cleaned rows teach about each column: categories, extremes, whether it is ever empty."""
        learnt, categories = [], {}
        for column in columns:
            values = rows[column.name]
            if values.dtype == object:
                counts = Counter(values.tolist())
                empty = counts.pop(None, 0)
                known = sorted(name for name, _ in counts.most_common(MOST_CATEGORIES))
                categories[column.name] = known
                named = column.kind in ("category", "text")
                update = {"required": not empty, "choices": tuple(known) if named else ()}
                if named:
                    update["kind"] = "category"
            else:
                given = values[~np.isnan(values)]
                update = {"required": len(given) == len(values), "choices": ()}
                if len(given):
                    update |= {"minimum": float(given.min()), "maximum": float(given.max())}
            learnt.append(column.model_copy(update=update))
        return cls(learnt, categories)

    @property
    def category_places(self) -> list[int]:
        """Which columns of the matrix hold codes."""
        return [i for i, name in enumerate(self.names) if name in self.categories]

    def matrix(self, table: Mapping[str, Cells]) -> Array:
        """(n, columns) float64 of a table as people hold it; a column it lacks is NaN throughout."""
        given = [column for column in self.columns if column.name in table]
        cleaned = {
            column.name: texts(column, table[column.name])
            if column.name in self.categories
            else numbers(table[column.name])
            for column in given
        }
        return self.encode(cleaned, len(next(iter(table.values()), ())))

    def encode(self, cleaned: Mapping[str, Array], n: int) -> Array:
        """(n, columns) float64 of cleaned columns."""
        out = np.full((n, len(self.names)), np.nan)
        for place, name in enumerate(self.names):
            if name not in cleaned:
                continue
            if name in self._codes:
                codes = self._codes[name]
                out[:, place] = [codes.get(text, np.nan) for text in cleaned[name]]
            else:
                out[:, place] = cleaned[name]
        return out

    def shown(self, place: int, value: Any) -> str:
        """A cell as a reason words it."""
        name = self.names[place]
        if name in self.categories:
            text = texts(self.columns[place], [value])[0]
            return "unknown" if text is None else text if text in self._codes[name] else f"{text} (never seen)"
        number = as_number(value)
        return "unknown" if np.isnan(number) else f"{number:.6g}"

    def warn_of(self, given: Mapping[str, Cells]) -> None:
        """One warning for columns that are not known, one for those that are missing, one for what is no number."""
        unknown = [f"{name}{did_you_mean(name, self.names)}" for name in given if name not in self.names]
        if unknown:
            warnings.warn(f"columns not used, because the model does not know them: {', '.join(unknown)}", stacklevel=3)
        missing = [name for name in self.names if name not in given]
        if missing:
            warnings.warn(f"missing columns, treated as unknown: {', '.join(missing)}", stacklevel=3)
        for column in self.columns:
            if column.name in given and column.name not in self.categories:
                cells = given[column.name]
                empty = np.flatnonzero(np.isnan(numbers(cells)))
                wrong = [text for row in empty.tolist() if (text := as_text(cells[row])) is not None]
                if wrong:
                    words = (
                        f"{len(wrong)} values of {column.name} are no numbers and treated as unknown, {wrong[0]!r} say"
                    )
                    warnings.warn(words, stacklevel=3)

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"columns": [column.plain() for column in self.columns], "categories": self.categories}

    @classmethod
    def of_plain(cls, saved: Mapping[str, Any]) -> Encoder:
        """The encoder that ``plain`` wrote down."""
        return cls([Column.parse(column) for column in saved["columns"]], saved["categories"])
