"""The claims of churn's card, and the leaks, gaps and surprises that a table brings."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightgbm")

from castalia.core.errors import WrongInput
from castalia.core.fields import Dataset, Table
from castalia.core.rows import Column
from castalia.core.system import Stopped
from castalia.projects.churn import model as learning
from castalia.projects.churn.calibration import Sigmoid, calibrated, expected_error, sigmoid
from castalia.projects.churn.churn import Churn, Input, Params
from castalia.projects.churn.generated import COLUMNS, customers
from castalia.projects.churn.model import auc, train
from castalia.projects.churn.table import Encoder, Task, as_text
from castalia.projects.churn.view import Controls, figures

SMALL = Params(data=Dataset("generated"), trees=15, folds=3)
EXAMPLE = {name: field.examples[0] for name, field in Input.model_fields.items()}


class Pad:
    """The smallest Run: remembers what it is told, and stops once asked to."""

    device = "cpu"

    def __init__(self, folder: Path, stop_at_fold: int = 0) -> None:
        self.folder, self.stop_at_fold = folder, stop_at_fold
        self.points: list[tuple[int, dict[str, float]]] = []

    def log(self, step: int, **values: float) -> None:
        self.points.append((step, values))
        if self.stop_at_fold and "fold_auc" in values and step == self.stop_at_fold:
            raise Stopped

    def progress(self, done: float, total: float) -> None:
        assert 0 <= done <= total

    def artifact(self, name: str, content: object) -> None: ...

    def child(self, name: str) -> Pad:
        return self


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Churn:
    system = Churn(Churn.QUICK)
    metrics = system.fit(Pad(tmp_path_factory.mktemp("quick")))
    assert metrics["test_auc"] > 0.75 and all(math.isfinite(value) for value in metrics.values())
    return system


def _customer(**changes: object) -> Input:
    return Input.parse({**EXAMPLE, **changes})


def test_telco_claims(tmp_path):
    if not os.environ.get("CASTALIA_DATA"):
        pytest.skip("Telco is looked for in CASTALIA_DATA, which is not set")
    system = Churn()
    metrics = system.fit(Pad(tmp_path))
    assert metrics["test_auc"] >= 0.845
    assert metrics["test_log_loss"] <= 0.414
    assert metrics["test_ece"] <= 0.03
    assert system.input is Input, "Telco's own columns keep their described form"
    assert "customerID" not in system.model.encoder.names
    assert "SeniorCitizen" in system.model.encoder.categories
    assert len(system.model.encoder.names) == 19
    assert system(_customer(Contract="Two year", tenure=60)).risk < system(_customer()).risk


def test_base_reasons_and_rest_add_up(quick):
    answer = quick(_customer())
    total = answer.base + answer.rest + sum(reason.effect for reason in answer.reasons)
    assert total == pytest.approx(math.log(answer.risk / (1 - answer.risk)), abs=1e-9)
    effects = [abs(reason.effect) for reason in answer.reasons]
    assert len(effects) == 5 and effects == sorted(effects, reverse=True)
    assert answer.reasons[0].feature in answer.reasons[0].sentence
    raw = quick.model.trees.predict(quick.model.encoder.matrix({k: [v] for k, v in EXAMPLE.items()}), raw_score=True)
    assert quick.model.calibration(raw)[0] == pytest.approx(total, abs=1e-9), "the reasons explain what is shipped"


def test_batch_equals_one_by_one(quick):
    xs = [_customer(), _customer(tenure=40), _customer(Contract="Two year", TotalCharges=None)]
    assert quick.batch(xs) == [quick(x) for x in xs]
    assert quick.batch([]) == []


def test_blank_and_unseen_and_out_of_bounds(quick):
    assert quick(_customer(TotalCharges="  ")) == quick(_customer(TotalCharges=None))
    unseen = quick(_customer(Contract="Ten years"))
    assert 0 < unseen.risk < 1
    place = quick.model.encoder.names.index("Contract")
    assert quick.model.encoder.shown(place, "Ten years") == "Ten years (never seen)"
    with pytest.raises(WrongInput) as caught:
        _customer(tenure=-1)
    assert caught.value.field == "tenure"
    with pytest.raises(WrongInput, match="tenure"):
        Input.parse({**{k: v for k, v in EXAMPLE.items() if k != "tenure"}, "tenur": 3})


@pytest.mark.parametrize("library", ["dict", "pandas"])
def test_predict_takes_a_whole_table(quick, library):
    content = {**{name: values[:50] for name, values in customers(50, seed=9).items()}, "note": list(range(50))}
    del content["StreamingTV"]
    content["tenure"] = ["" if row == 3 else "six" if row == 4 else str(v) for row, v in enumerate(content["tenure"])]
    before = {name: list(values) for name, values in content.items()}
    given = content if library == "dict" else pytest.importorskip("pandas").DataFrame(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = quick.predict(given)
    said = " | ".join(str(w.message) for w in caught)
    assert "note" in said and "StreamingTV" in said and "1 values of tenure" in said and "'six'" in said
    assert {name: list(values) for name, values in content.items()} == before, "the input is not changed"
    assert answer.like == library
    assert list(answer.columns)[: len(content)] == list(content)
    assert list(answer.columns)[len(content) :] == ["risk", "band", "reason_1", "reason_2", "reason_3"]
    row = {name: content[name][0] for name in EXAMPLE if name in content}
    alone = quick.model.risks({name: [value] for name, value in row.items()})[0]
    assert answer.columns["risk"][0] == pytest.approx(alone, abs=1e-12)


def test_predict_keeps_a_column_called_risk(quick):
    content = {**customers(3), "risk": ["mine"] * 3}
    with pytest.warns(UserWarning, match="risk"):
        answer = quick.predict(Table.of(content))
    assert answer.columns["risk"] == ["mine"] * 3 and answer.columns["risk_2"][0] < 1


def test_saved_and_loaded_it_is_the_same(quick, tmp_path):
    quick.save(tmp_path)
    loaded = Churn()
    loaded.load(tmp_path)
    assert loaded(_customer()) == quick(_customer())
    assert [f.plain() for f in figures(loaded, Controls())] == [f.plain() for f in figures(quick, Controls())]
    assert {f.kind for f in figures(loaded, Controls(columns=3))} == {"bars", "lines", "table"}


def test_a_stopped_fit_goes_on_with_the_next_fold(tmp_path):
    expected = Churn(SMALL).fit(Pad(tmp_path / "whole"))
    with pytest.raises(Stopped):
        Churn(SMALL).fit(Pad(tmp_path / "cut", stop_at_fold=2))
    pad = Pad(tmp_path / "cut")
    assert Churn(SMALL).fit(pad) == expected
    curves = {name for _, values in pad.points for name in values if name.startswith("log_loss_fold")}
    assert curves == {"log_loss_fold_3"}, "only the third fold was learnt again"


def test_no_fold_learns_from_its_test_rows(tmp_path, monkeypatch):
    """A canary in every row: what an encoder learnt inside a fold never holds a test row's canary."""
    table = customers(300)
    table["canary"] = [f"c{row % 30}" for row in range(300)]
    columns = [*COLUMNS, Column(name="canary", kind="category")]
    task = Task.of(table, columns, "Churn", "", "digest")
    seen: list[set[int]] = []
    grow = learning._grow

    def watched(params, task, rows, watch=None):
        if watch is not None:
            seen.append(set(rows.tolist()) & set(watch[0].tolist()))
            encoder, trees = grow(params, task, rows, watch)
            assert set(encoder.categories["canary"]) == {table["canary"][row] for row in rows}
            return encoder, trees
        return grow(params, task, rows, watch)

    monkeypatch.setattr(learning, "_grow", watched)
    train(SMALL.model_copy(update={"trees": 3}), task, Pad(tmp_path))
    assert seen == [set()] * 3


def test_shuffled_labels_teach_nothing(tmp_path):
    table = customers(800)
    table["Churn"] = np.random.default_rng(0).permutation(table["Churn"]).tolist()
    report = train(SMALL, Task.of(table, COLUMNS, "Churn", "", "d"), Pad(tmp_path)).report
    assert abs(report["metrics"]["test_auc"] - 0.5) < 0.07
    assert report["metrics"]["test_ece"] < 0.1


def test_another_table_of_two_classes(tmp_path):
    rng = np.random.default_rng(4)
    n = 240
    size = rng.normal(size=n)
    table = {
        "order id": [f"o-{i}" for i in range(n)],
        "size in m": size.tolist(),
        "paid": (rng.random(n) < 0.5).tolist(),
        "answer": np.where(size + rng.normal(size=n) > 1, "gone", "here").tolist(),
    }
    kinds = {"order id": "text", "size in m": "number", "paid": "boolean", "answer": "category"}
    columns = [Column(name=name, kind=kind, example=table[name][0]) for name, kind in kinds.items()]
    task = Task.of(table, columns, "answer", "", "d")
    assert task.positive == "gone", "the rarer value"
    assert task.notes == ["column order id is not used: it names the row (nearly every value is another)"]
    system = Churn(SMALL)
    system._take(train(SMALL, task, Pad(tmp_path / "run")))
    system.save(tmp_path / "saved")
    loaded = Churn()
    loaded.load(tmp_path / "saved")
    for one in (system, loaded):
        assert one.input.names() == ["size in m", "paid"]
        x = one.input.parse({"size in m": 3.0, "paid": True})
        assert one(x).risk > 0.3 and one(x).positive == "answer = gone"
        with pytest.raises(WrongInput, match="size in m"):
            one.input.parse({"paid": True})
        with pytest.raises(WrongInput, match="payed"):
            one.input.parse({"size in m": 3.0, "payed": True})


def test_targets_that_do_not_fit():
    table = customers(40)
    with pytest.raises(WrongInput, match=r"Did you mean 'Churn'\?"):
        Task.of(table, COLUMNS, "Chrn", "", "d")
    with pytest.raises(WrongInput, match="3 values"):
        Task.of(table, COLUMNS, "Contract", "", "d")
    with pytest.raises(WrongInput, match="never 'Maybe'"):
        Task.of(table, COLUMNS, "Churn", "Maybe", "d")
    assert Task.of(table, COLUMNS, "Churn", "No", "d").positive == "No"


def test_one_spelling_for_a_category():
    assert [as_text(v) for v in (0, 0.0, "0", " 0 ", False, np.float64(0))] == ["0"] * 6
    assert [as_text(v) for v in (None, float("nan"), "", "  ")] == [None] * 4


def test_what_was_never_seen_is_nan_and_order_does_not_matter():
    column = Column(name="colour", kind="category")
    encoder = Encoder.learn([column], {"colour": np.array(["red", "blue", None], dtype=object)})
    assert not encoder.columns[0].required
    found = encoder.matrix({"colour": ["blue", "red", "green", None]})[:, 0]
    np.testing.assert_array_equal(found, [0, 1, np.nan, np.nan])
    again = Encoder.of_plain(encoder.plain())
    np.testing.assert_array_equal(again.matrix({"colour": ["red"]}), [[1.0]])


def test_auc_counts_pairs_with_ties():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 60), rng.integers(0, 6, 60).astype(float)
    above = [np.sign(a - b) / 2 + 0.5 for a in scores[labels == 1] for b in scores[labels == 0]]
    assert auc(labels, scores) == pytest.approx(np.mean(above), abs=1e-12)


def test_calibration_finds_the_bend_and_leaves_the_straight_alone():
    rng = np.random.default_rng(5)
    true = rng.normal(-1, 1.5, 20_000)
    labels = (rng.random(20_000) < sigmoid(true)).astype(int)
    bent = calibrated(2 * true + 1, labels, 5, 0)
    assert bent.slope == pytest.approx(0.5, abs=0.03) and bent.offset == pytest.approx(-0.5, abs=0.06)
    assert expected_error(labels, sigmoid(bent(2 * true + 1))) < 0.015 < expected_error(labels, sigmoid(2 * true + 1))
    assert Sigmoid.fit(-true, labels) == Sigmoid(), "a slope below zero would turn the ranking: refused"
