"""Who is about to leave, and why?

A telephone company with 7,043 customers lost 1,869 of them in a month. This is one of those who left
(Telco, row 3, customer 3668-QPYBK):

    gender Male            tenure 2 months        Contract Month-to-month
    SeniorCitizen 0        PhoneService Yes       PaperlessBilling Yes
    Partner No             InternetService DSL    PaymentMethod Mailed check
    Dependents No          OnlineSecurity Yes     MonthlyCharges 53.85
    MultipleLines No       OnlineBackup Yes       TotalCharges 108.15      ->  Churn Yes

The answer to a customer is a risk that means what it says (of a hundred people at 0.3 about thirty
leave) and the reasons that add up to it. ``model.py`` holds the learning, ``table.py`` turns rows into
numbers, ``generated.py`` makes customers up for a first try.

What it does not know: whether a phone call would keep anyone. Risk is not the effect of an offer, and
a reason is what the model leans on, not what would happen if it were changed. Nor does it know when
anyone will leave, nor customers of another company or another year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.config import JsonDict

from castalia.core.errors import Unavailable
from castalia.core.fields import Dataset, Table
from castalia.core.rows import Row
from castalia.core.system import Field, Record, Run, System


class Params(Record):
    """How to train it."""

    data: Dataset = Field(
        Dataset("telco"), description="A table with a target of two values; 'generated' makes 1,200 customers up."
    )
    target: str = Field("", max_length=200, description="The column to predict; empty: the one the data set names.")
    positive: str = Field(
        "", max_length=200, description="The value whose risk is asked; empty: Yes, True or 1 if there, else the rarer."
    )
    learning_rate: float = Field(0.02, gt=0, le=1, description="How much of its correction each tree may make.")
    trees: int = Field(300, ge=1, le=5000, description="Trees, each correcting the ones before it.")
    leaves: int = Field(8, ge=2, le=256, description="Leaves of a tree: small trees cannot memorise customers.")
    min_rows: int = Field(20, ge=1, le=10_000, description="Fewest training rows that a leaf may stand for.")
    columns_share: float = Field(0.5, gt=0, le=1, description="Share of the columns each tree may look at.")
    rows_share: float = Field(0.8, gt=0, le=1, description="Share of the rows each tree learns from.")
    calibrate: bool = Field(True, description="Correct the risk on rows unseen in training, where that helps.")
    reasons: int = Field(5, ge=1, le=20, description="Reasons an answer names.")
    folds: int = Field(5, ge=2, le=20, description="Parts of the cross-validation that measures it.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides the folds and what each tree sees.")


def _blank(value: Any) -> Any:
    """Telco's own file has a blank TotalCharges for those who joined this month."""
    return None if isinstance(value, str) and not value.strip() else value


YES_NO = ["No", "Yes"]
INTERNET_EXTRA = ["No", "No internet service", "Yes"]


def _choice(words: str, choices: list[str], example: str) -> Any:
    """A category: the choices are what training knows; another is accepted and treated as unknown."""
    return Field(
        description=words,
        max_length=200,
        min_length=1,
        examples=[example],
        json_schema_extra={"x-choices": list(choices)},
    )


def _amount(words: str, most: float, seen: tuple[float, float], example: float, **more: Any) -> Any:
    hints: JsonDict = {"x-minimum": seen[0], "x-maximum": seen[1]}
    return Field(description=words, ge=0, le=most, examples=[example], json_schema_extra=hints, **more)


class Input(Record):
    """One customer, by the columns of the Telco table."""

    gender: str = _choice("Female or Male.", ["Female", "Male"], "Female")
    SeniorCitizen: int = _amount("1 for a customer of 65 or older.", 1, (0, 1), 0)
    Partner: str = _choice("Lives with a partner.", YES_NO, "No")
    Dependents: str = _choice("Lives with children or others to support.", YES_NO, "No")
    tenure: int = _amount("Months with the company.", 1200, (0, 72), 2)
    PhoneService: str = _choice("Has a telephone line.", YES_NO, "Yes")
    MultipleLines: str = _choice("Has several lines.", ["No", "No phone service", "Yes"], "No")
    InternetService: str = _choice("Kind of internet connection.", ["DSL", "Fiber optic", "No"], "Fiber optic")
    OnlineSecurity: str = _choice("Pays for security.", INTERNET_EXTRA, "No")
    OnlineBackup: str = _choice("Pays for backup.", INTERNET_EXTRA, "No")
    DeviceProtection: str = _choice("Pays for insurance of the devices.", INTERNET_EXTRA, "No")
    TechSupport: str = _choice("Pays for technical support.", INTERNET_EXTRA, "No")
    StreamingTV: str = _choice("Streams television.", INTERNET_EXTRA, "Yes")
    StreamingMovies: str = _choice("Streams films.", INTERNET_EXTRA, "No")
    Contract: str = _choice("How long they are bound.", ["Month-to-month", "One year", "Two year"], "Month-to-month")
    PaperlessBilling: str = _choice("Gets no paper bills.", YES_NO, "Yes")
    PaymentMethod: str = _choice(
        "How they pay.",
        ["Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check"],
        "Electronic check",
    )
    MonthlyCharges: float = _amount("Dollars a month.", 100_000, (18.25, 118.75), 79.85)
    TotalCharges: Annotated[float | None, BeforeValidator(_blank)] = _amount(
        "Dollars so far; empty for those who joined this month.", 10_000_000, (18.8, 8684.8), 159.7, default=None
    )


class Reason(Record):
    """One column's part in the answer."""

    feature: str = Field(description="The column.")
    value: str = Field(description="What it holds for this customer.")
    effect: float = Field(description="What it adds to the log-odds of the risk; below zero it lowers the risk.")
    sentence: str = Field(description="The same in words.")


class Output(Record):
    """The risk and what it is made of: base + effects of the reasons + rest = log(risk / (1 - risk))."""

    risk: float = Field(ge=0, le=1, description="Probability that the customer leaves.")
    band: str = Field(
        description="low: under half the average; high: twice the average or an even chance; else medium."
    )
    reasons: tuple[Reason, ...] = Field(description="What moved the risk most, strongest first.")
    base: float = Field(description="Log-odds before anything is known about the customer.")
    rest: float = Field(description="What the columns not among the reasons add, in log-odds.")
    positive: str = Field(description="What the risk is of: column = value.")


class Churn(System[Params, Input, Output]):
    """Says who is about to leave, and why."""

    QUICK = Params(data=Dataset("generated"), trees=60, learning_rate=0.08, folds=3)

    def fit(self, run: Run) -> Mapping[str, float]:
        """Measure on held-out folds, then learn from every row; returns means over the folds."""
        from castalia.projects.churn.model import train
        from castalia.projects.churn.table import Task

        self._take(train(self.params, Task.open(self.params), run))
        return dict(self.model.report["metrics"])

    def __call__(self, x: Input) -> Output:
        """The risk of one customer."""
        return self.batch([x])[0]

    def batch(self, xs: Sequence[Input]) -> list[Output]:
        """The risks of many customers at once."""
        model = self._learnt()
        if not xs:
            return []
        records: Sequence[Record] = xs
        rows = [x.values() if isinstance(x, Row) else x.model_dump() for x in records]
        table = {name: [row.get(name) for row in rows] for name in model.encoder.names}
        return [Output(**answer) for answer in model.answers(table, self.params.reasons)]

    def predict(self, table: Table) -> Table:
        """The table with ``risk``, ``band`` and ``reason_1`` to ``reason_3`` beside its own columns.

        Warns by name of columns it does not know (kept, not used) and of columns that are missing
        (treated as unknown). A column of yours called ``risk`` stays; ours is then ``risk_2``.
        """
        table = Table.of(table)
        model = self._learnt()
        model.encoder.warn_of(table.columns)
        answers = model.answers(table.columns, 3)
        added: dict[str, list[Any]] = {
            "risk": [answer["risk"] for answer in answers],
            "band": [answer["band"] for answer in answers],
        }
        for place in range(min(3, len(model.encoder.names))):
            added[f"reason_{place + 1}"] = [answer["reasons"][place]["sentence"] for answer in answers]
        columns = dict(table.columns)
        for name, values in added.items():
            while name in columns:
                name += "_2"
            columns[name] = values
        return Table(columns, table.like)

    def save(self, folder: Path) -> None:
        """Write ``trees.txt`` (LightGBM's text) and ``churn.json``."""
        self._learnt().save(folder)

    def load(self, folder: Path) -> None:
        """Read what ``save`` wrote."""
        from castalia.projects.churn.model import Model

        self._take(Model.load(folder))

    def _take(self, model: Any) -> None:
        """Keep the model; its Input is Telco's where the columns are, else made of what it learnt from."""
        self.model = model
        ours = set(model.encoder.names) == set(Input.model_fields)
        self.input = Input if ours else Row.of(model.encoder.columns, "Input")

    def _learnt(self) -> Any:
        model = getattr(self, "model", None)
        if model is None:
            raise Unavailable("churn has not learnt yet", cure="Fit it first: castalia fit churn")
        return model
