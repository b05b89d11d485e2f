"""kit.plots: the numbers behind each picture are the inputs', or what scikit-learn computes from them."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.kit import metrics, plots, stats
from castalia.kit.plots import marks, themes

QUICK = settings(max_examples=15, deadline=None)


def two_classes(seed: int, n: int = 300, digits: int = 2) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    y = generator.random(n) < 0.3
    y[:2] = True, False
    return y, np.round(1 / (1 + np.exp(-(1.5 * y + generator.normal(size=n) - 1))), digits)


def columns(plot: plots.Plot, key: str, value: Any) -> dict[str, Any]:
    """The rows where a column has that value, as arrays."""
    at = [place for place, found in enumerate(plot.data[key]) if found == value]
    return {name: np.array([column[place] for place in at]) for name, column in plot.data.items() if name != key}


# --- the numbers -------------------------------------------------------------------------------


def test_learning_curves_are_the_history() -> None:
    history = {"training": [3.0, 2.0, 1.0], "validation": [3.5, math.nan]}
    plot = plots.learning_curves(history, x=[10, 20, 30], x_title="step", y_title="nats", best="validation")
    for name, values in history.items():
        found = columns(plot, "curve", name)
        np.testing.assert_array_equal(found["nats"], values)
        np.testing.assert_array_equal(found["step"], [10, 20, 30][: len(values)])
    rows = [{"loss": 1.0}, {"loss": 0.5, "validation_loss": 0.7}]
    found = columns(plots.learning_curves(rows), "curve", "validation_loss")
    np.testing.assert_array_equal(found["loss"], [math.nan, 0.7])
    diverged = plots.learning_curves({"loss": [1.0, math.inf, None]})
    assert diverged.data["loss"][1] == math.inf and math.isnan(diverged.data["loss"][2])
    [line] = diverged.panels[0].marks
    assert isinstance(line, marks.Line) and np.isnan(line.y[1:]).all()


def test_words_say_that_a_curve_diverged() -> None:
    plot = plots.learning_curves({"train": [1, 0.5, 0.2], "val": [1, 0.7, math.inf], "other": [1, math.nan, math.nan]})
    assert "train 1 to 0.2, val 1 to 0.7, then infinite from epoch 3, other 1 to 1, then no number" in plot.alt
    assert plot.caption == "3 epochs. val is infinite from epoch 3, other has no number from epoch 2."
    assert plots.learning_curves({"a": [1.0, math.nan, 2.0]}).caption == "3 epochs."


def test_frames_and_series_are_taken() -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    history = {"loss": [1.0, 0.5], "val": [1.5, None]}
    whole = plots.learning_curves(history).json()
    assert plots.learning_curves(pd.DataFrame(history)).json() == whole
    assert plots.learning_curves(pl.DataFrame(history)).json() == whole
    values = {"tenure": 0.8, "age": -0.1}
    assert plots.importance(pd.Series(values)).json() == plots.importance(values).json()


def test_many_points_are_thinned_and_none_of_the_data() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=100_000)
    y[[5, 70_001]], y[50_000:51_000] = (90, -90), math.nan
    plot = plots.learning_curves({"loss": y})
    [line] = plot.panels[0].marks
    assert isinstance(line, marks.Line) and len(line.y) <= 3002 and len(plot.data["loss"]) == len(y)
    assert np.nanmax(line.y) == 90 and np.nanmin(line.y) == -90 and np.isnan(line.y).any()
    np.testing.assert_array_equal(line.y, y[line.x.astype(int) - 1])
    assert len(plot.figure().model_dump_json()) < 300_000
    labels = np.array(["a"] * 49_999 + ["rare"] + ["b"] * 50_000)
    plot = plots.embeddings(rng.normal(size=(100_000, 2)), labels)
    drawn = [len(mark.x) for mark in plot.panels[0].marks if isinstance(mark, marks.Points)]
    assert drawn == [10_000, 10_000, 1] and "20,001 of them are drawn" in plot.caption
    assert len(plot.data["x"]) == 100_000 and len(plot.figure().model_dump_json()) < 1_500_000
    assert len(plots.embeddings(rng.normal(size=(3, 2))).panels[0].marks[0].x) == 3  # type: ignore[union-attr]


def test_a_plot_is_shown_by_its_title() -> None:
    assert repr(plots.learning_curves({"loss": np.ones(10**5)})) == "<Plot 'Learning curves': 100000 epochs.>"


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 12]))
@QUICK
def test_curves_are_scikit_learns(seed: int, digits: int) -> None:
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    y, p = two_classes(seed, 120, digits)
    found = plots.roc(y, p, draws=0)
    fall, recall, thresholds = roc_curve(y, p, drop_intermediate=False)
    points = list(zip(fall.tolist(), recall.tolist(), thresholds.tolist(), strict=True))
    ours = list(zip(*(found.data[name] for name in list(found.data)[1:]), strict=True))
    assert set(ours) <= set(points), "some of its points"
    assert np.trapezoid(*zip(*(corner[1::-1] for corner in ours), strict=True)) == pytest.approx(
        np.trapezoid(recall, fall), abs=1e-12
    ), "and no corner is missing"
    assert f"AUC {roc_auc_score(y, p):.3f}" in found.alt
    found = plots.precision_recall(y, p, draws=0)
    precision, recall, _ = precision_recall_curve(y, p)
    np.testing.assert_allclose(found.data["recall"], recall[::-1], atol=1e-12)
    np.testing.assert_allclose(found.data["precision"], precision[::-1], atol=1e-12)
    assert f"AP {average_precision_score(y, p):.3f}" in found.alt


def band_of(plot: plots.Plot, style: int = 0) -> marks.Band:
    [band] = [mark for mark in plot.panels[0].marks if isinstance(mark, marks.Band) and mark.style == style]
    return band


@pytest.mark.parametrize("kind", [plots.roc, plots.precision_recall])
def test_a_band_is_the_quantiles_of_resampled_curves(kind: Any) -> None:
    """Against a loop that draws rows, with another generator: the same band within its sampling error."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    y, p = two_classes(3, 400)
    band = band_of(kind(y, p, draws=500))
    generator, grids = np.random.default_rng(99), []
    for _ in range(500):
        rows = generator.integers(0, len(y), len(y))
        if kind is plots.roc:
            fall, rise, _ = roc_curve(y[rows], p[rows], drop_intermediate=False)
            grids.append(np.interp(band.x, fall, rise))
        else:
            precision, recall, _ = precision_recall_curve(y[rows], p[rows])
            precision, recall = precision[-2::-1], recall[-2::-1]
            grids.append(precision[np.searchsorted(recall, band.x - 1e-12)])
    low, high = np.quantile(grids, [0.025, 0.975], axis=0)
    assert np.abs(band.low - low).mean() < 0.015 and np.abs(band.high - high).mean() < 0.015
    assert np.abs(band.low - low)[5:].max() < 0.08 and np.abs(band.high - high)[5:].max() < 0.08


def test_bands_are_seeded_and_wider_for_fewer_rows() -> None:
    few, many = two_classes(1, 100), two_classes(1, 3000)
    first, again, other = (plots.roc(*few, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(band_of(first).low, band_of(again).low)
    assert (band_of(first).low != band_of(other).low).any()
    wide, narrow = (
        float(np.mean(band_of(plots.roc(*rows)).high - band_of(plots.roc(*rows)).low)) for rows in (few, many)
    )
    assert 3 < wide / narrow < 9  # the square root of 30 is 5.5


def test_a_long_curve_is_drawn_through_its_own_corners() -> None:
    generator = np.random.default_rng(0)
    y = generator.random(60_000) < 0.5
    p = y + generator.normal(size=60_000)
    plot = plots.roc(y, p, draws=100)
    assert len(plot.data["threshold"]) == 2000 and "2,000 of the corners" in plot.caption
    whole = metrics.roc_curve(y, p)
    every = set(zip(whole.x.tolist(), whole.y.tolist(), strict=True))
    assert set(zip(plot.data["false positive rate"], plot.data["true positive rate"], strict=True)) <= every


def test_several_models_share_their_rows() -> None:
    y, p = two_classes(0)
    plot = plots.roc(y, {"good": p, "constant": np.full(len(y), 0.5)}, draws=100)
    assert columns(plot, "model", "constant")["true positive rate"].tolist() == [0, 1]
    assert "constant AUC 0.500" in plot.alt and "good AUC" in plot.alt


@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from(["mass", "width"]))
@QUICK
def test_calibration_is_the_metrics(seed: int, bins: int, strategy: Any) -> None:
    y, p = two_classes(seed)
    found = plots.calibration(y, p, bins=bins, strategy=strategy).data
    expected = metrics.reliability(y, p, bins, strategy=strategy)
    np.testing.assert_array_equal(found["predicted"], expected.predicted)
    np.testing.assert_array_equal(found["observed"], expected.observed)
    assert sum(found["rows"]) == len(y)
    for share, rows, low, high in zip(*(found[name] for name in ("observed", "rows", "low", "high")), strict=True):
        end = stats.wilson(share * rows, rows)
        assert (low, high) == (end.low, end.high)


def test_confusion_is_the_metrics() -> None:
    y, said = ["cat", "dog", "dog", "cow"], ["cat", "cat", "dog", "cat"]
    plot = plots.confusion(y, said)
    expected = metrics.confusion(y, said)
    assert plot.data["rows"] == expected.table.ravel().tolist()
    assert plot.data["actual"][:3] == ["cat"] * 3 and plot.data["called"][:3] == ["cat", "cow", "dog"]
    assert columns(plot, "actual", "dog")["share of actual"].tolist() == [0.5, 0, 0.5]
    assert plots.confusion(expected).data == plot.data
    assert plots.confusion(expected, classes=["a", "b", "c"]).data["called"][:3] == ["a", "b", "c"]
    assert "Nothing is mistaken" in plots.confusion(y, y).alt
    native = plot.figure()
    assert native.kind == "matrix" and native.data["values"] == expected.table.tolist()


def test_importance_takes_numbers_repeats_and_intervals() -> None:
    scipy = pytest.importorskip("scipy.stats")
    repeats = [1.0, 2.0, 4.0, 3.0]
    plot = plots.importance({"a": repeats, "b": stats.Interval(-5.0, -6.0, -4.0), "c": 0.5})
    assert plot.data["name"] == ["b", "a", "c"] and plot.data["value"] == [-5.0, 2.5, 0.5]
    low, high = scipy.t.interval(0.95, 3, 2.5, scipy.sem(repeats))
    assert plot.data["low"][:2] == pytest.approx([-6, low]) and plot.data["high"][:2] == pytest.approx([-4, high])
    plain = plots.importance({"a": 1, "b": 2}, top=1)
    assert plain.data == {"name": ["b", "a"], "value": [2.0, 1.0]}
    assert plain.figure().kind == "bars" and plain.figure().data["labels"] == ["b"]
    given_ends = plots.importance({"a": 1.0}, low={"a": 0.5}, high={"a": 1.5})
    assert given_ends.data["low"] == [0.5] and given_ends.figure().kind == "plotly"


@given(st.integers(0, 10**6), st.integers(3, 8))
@QUICK
def test_embeddings_are_the_main_components(seed: int, wide: int) -> None:
    from sklearn.decomposition import PCA

    generator = np.random.default_rng(seed)
    points = generator.normal(size=(40, wide)) * np.arange(wide, 0, -1) + 3
    plot = plots.embeddings(points, generator.integers(0, 3, 40))
    expected = PCA(2).fit(points)
    placed = expected.transform(points)
    for name, axis in (("x", 0), ("y", 1)):
        found = np.array(plot.data[name])
        np.testing.assert_allclose(np.abs(found), np.abs(placed[:, axis]), atol=1e-8)
    assert f"({expected.explained_variance_ratio_[0]:.0%} of variance)" in plot.panels[0].x.title
    turned = plots.embeddings(points[::-1])
    np.testing.assert_allclose(turned.data["x"], plot.data["x"][::-1], atol=1e-8)


def test_two_dimensions_are_drawn_as_they_are() -> None:
    plot = plots.embeddings([[1.0, 2.0], [3.0, 5.0]], ["a", "b"])
    assert plot.data == {"x": [1.0, 3.0], "y": [2.0, 5.0], "label": ["a", "b"]}
    assert plot.figure().kind == "scatter"


def test_an_image_grid_keeps_its_pictures() -> None:
    from castalia.core.fields import Image

    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    plot = plots.image_grid(images, [1, 2, 3], [1, 8, 3], limit=2)
    assert plot.data == {"place": [0, 1], "label": [1, 2], "predicted": [1, 8]}
    [grid] = plot.panels[0].marks
    assert isinstance(grid, marks.Pictures)
    assert [item.right for item in grid.items] == [True, False] and grid.items[1].label == "2, read as 8"
    np.testing.assert_array_equal(Image.of(plot.figure().data["items"][1]["image"]).array("L"), images[1])
    colours = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    for mine, theirs in zip(plots.image_grid(colours).panels[0].marks[0].items, colours, strict=True):  # type: ignore[union-attr]
        np.testing.assert_array_equal(mine.pixels, theirs.transpose(1, 2, 0))
    floats = plots.image_grid([images[0] / 255, np.zeros((2, 2, 3), np.uint8)]).panels[0].marks[0]
    np.testing.assert_array_equal(floats.items[0].pixels, images[0])  # type: ignore[union-attr]


def test_residuals_and_distribution_are_the_numbers() -> None:
    generator = np.random.default_rng(0)
    y, said = generator.normal(size=(2, 7000))
    plot = plots.residuals(y, said, unit="m")
    np.testing.assert_array_equal(plot.data["residual"], y - said)
    points = plot.panels[0].marks[0]
    assert isinstance(points, marks.Points) and len(points.x) == 5000 and "5,000 of them drawn" in plot.caption
    spread = plots.distribution({"a": y, "b": said[:70]}, bins=12)
    for name, values in (("a", y), ("b", said[:70])):
        found = columns(spread, "name", name)
        edges = [*found["from"], found["to"][-1]]
        np.testing.assert_array_equal(found["rows"], np.histogram(values, edges)[0])
        assert found["rows"].sum() == len(values)
    assert sum(plots.distribution([3.0, 3.0, 3.0]).data["rows"]) == 3


# --- what every plot has -----------------------------------------------------------------------


def every() -> dict[str, Callable[[], plots.Plot]]:
    y, p = two_classes(0)
    generator = np.random.default_rng(0)
    many = generator.integers(0, 30, 300)
    odd = 'a <b>long</b> name, with $\\frac{1}{2}$, a comma and "quotes" that goes on and on'
    return {
        "curves": lambda: plots.learning_curves({"training": [3, 2, 1.0], odd: [3, math.nan, 1.5]}, log=True),
        "one point": lambda: plots.learning_curves({"loss": [0.5]}),
        "best": lambda: plots.learning_curves({"loss": [0.5, 0.1, math.nan, 0.3]}, best="loss"),
        "roc": lambda: plots.roc(y, {"a": p, odd: 1 - p}, draws=100),
        "roc of two rows": lambda: plots.roc([0, 1], [0.1, 0.9], draws=100),
        "precision": lambda: plots.precision_recall(y, p, draws=100),
        "calibration": lambda: plots.calibration(y, {"a": p, "b": p**2}),
        "calibration of one bin": lambda: plots.calibration([0, 1], [0.5, 0.5]),
        "confusion": lambda: plots.confusion(["a", odd], [odd, odd]),
        "many classes": lambda: plots.confusion(many, many[::-1]),
        "importance": lambda: plots.importance({odd: [1, 2, 3.0], "b": -1.0}),
        "embeddings": lambda: plots.embeddings(generator.normal(size=(300, 5)), many),
        "one embedding": lambda: plots.embeddings([[1.0, 2.0, 3.0]]),
        "images": lambda: plots.image_grid(np.zeros((3, 4, 9, 3)), ["x", odd, "z"], ["x", "y", "z"], notes=[odd] * 3),
        "residuals": lambda: plots.residuals(p, 1 - p, unit="EUR"),
        "distribution": lambda: plots.distribution({"a": p, "b": p[:9]}),
    }


@pytest.mark.parametrize("name", every())
def test_every_plot_is_whole(name: str) -> None:
    graph = pytest.importorskip("plotly.graph_objects")
    plot = every()[name]()
    assert plot.title and plot.alt and plot.caption, "words for who cannot see it"
    assert plot.caption in plot.alt or plot.title in plot.alt
    lengths = {len(column) for column in plot.data.values()}
    assert len(lengths) == 1 and all(type(column) is list for column in plot.data.values())
    assert len(plot.table()) == lengths.pop()
    read = list(csv.reader(io.StringIO(plot.csv())))
    assert read[0] == list(plot.data) and len(read) == len(plot.table()) + 1
    assert json.loads(plot.json())["columns"].keys() == plot.data.keys()
    for theme in ("light", "dark", "page"):
        made = plot.plotly(theme)
        graph.Figure(json.loads(json.dumps(made, allow_nan=False)))  # Plotly checks every name and value
    figure = plot.figure()
    assert type(figure).parse(figure.plain()) == figure
    json.dumps(figure.plain(), allow_nan=False)
    for panel in plot.panels:
        drawn = [mark for mark in panel.marks if not isinstance(mark, marks.Heat | marks.Pictures)]
        assert not drawn or panel.x.title, "axes have titles"


def test_the_page_gets_what_was_drawn() -> None:
    y, p = two_classes(0)
    plot = plots.roc(y, p, draws=100)
    [curve] = [trace for trace in plot.plotly()["data"] if str(trace.get("name", "")).startswith("AUC")]
    assert curve["x"] == plot.data["false positive rate"] and curve["y"] == plot.data["true positive rate"]
    bars = plots.importance({"a": [1.0, 2.0], "b": [5.0, 5.5]}).plotly()
    assert bars["data"][0]["x"] == [5.25, 1.5] and bars["layout"]["yaxis"]["ticktext"] == ["b", "a"]
    log = plots.learning_curves({"loss": [1.0, None, 0.1]}, log=True).plotly()
    assert log["layout"]["yaxis"]["type"] == "log" and log["data"][0]["y"] == [1.0, None, 0.1]


# --- colours -----------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colour: str) -> Any:
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Any) -> Any:
    cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
             [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
    opponents = [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099],
                 [0.0259040371, 0.7827717662, -0.808675766]]  # fmt: skip
    return np.cbrt(np.array(cones) @ np.clip(rgb, 0, 1)) @ np.array(opponents).T


def contrast(a: str, b: str) -> float:
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", ["light", "dark", "page"])
def test_colours_are_told_apart_by_every_sight(name: str, sight: str) -> None:
    theme = themes.themed(name)
    seen = [oklab(np.array(SIGHT[sight]) @ linear(colour)) for colour in theme.colours]
    apart = [float(np.linalg.norm(a - b)) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) >= 0.1


def test_colours_and_texts_are_seen_on_their_paper() -> None:
    for name in ("light", "dark"):
        theme = themes.themed(name)
        assert contrast(theme.ink, theme.paper) >= 7 and contrast(theme.quiet, theme.paper) >= 4.5
        assert min(contrast(colour, theme.paper) for colour in theme.colours) >= 3
    for paper in ("#ffffff", "#171b1c"):
        assert min(contrast(colour, paper) for colour in themes.themed("page").colours) >= 3


def test_colour_is_never_alone() -> None:
    shared = [(style % len(themes.DASHES), style % len(themes.MARKERS)) for style in range(30)]
    assert len(set(shared)) == 30


# --- what is refused ---------------------------------------------------------------------------

Y = [0, 1]
WRONG: list[Callable[[], object]] = [
    lambda: plots.learning_curves({}),
    lambda: plots.learning_curves([]),
    lambda: plots.learning_curves([1, 2]),  # type: ignore[list-item]
    lambda: plots.learning_curves({"loss": []}),
    lambda: plots.learning_curves({"loss": [math.nan]}),
    lambda: plots.learning_curves({"loss": ["a"]}),
    lambda: plots.learning_curves({"loss": [1.0, 0.0]}, log=True),
    lambda: plots.learning_curves({"loss": [1.0, 2.0]}, x=[1]),
    lambda: plots.learning_curves({"loss": [1.0]}, best="los"),
    lambda: plots.learning_curves({str(n): [1.0] for n in range(13)}),
    lambda: plots.roc([1, 1], [0.1, 0.2]),
    lambda: plots.roc(Y, [0.1, math.nan]),
    lambda: plots.roc(Y, [0.1]),
    lambda: plots.roc(Y, [0.1, 0.2], draws=5),
    lambda: plots.roc(Y, [0.1, 0.2], level=1.0),
    lambda: plots.precision_recall([0, 0], [0.1, 0.2]),
    lambda: plots.calibration(Y, [0.1, 1.2]),
    lambda: plots.calibration(Y, [0.1, 0.2], bins=0),
    lambda: plots.confusion(Y),
    lambda: plots.confusion(Y, [0]),
    lambda: plots.confusion(Y, Y, classes=["a"]),
    lambda: plots.importance({}),
    lambda: plots.importance({"a": math.nan}),
    lambda: plots.importance({"a": "high"}),
    lambda: plots.importance({"a": 1.0}, top=0),
    lambda: plots.importance({"a": 1.0}, low={"a": 0.0}),
    lambda: plots.embeddings([1.0, 2.0]),
    lambda: plots.embeddings([[1.0, math.inf]]),
    lambda: plots.embeddings([["a", "b"]]),
    lambda: plots.embeddings([[1.0, 2.0]], ["a", "b"]),
    lambda: plots.image_grid([]),
    lambda: plots.image_grid(np.zeros((2, 4, 8, 8))),
    lambda: plots.image_grid(np.full((2, 8, 8), 7.0)),
    lambda: plots.image_grid(np.zeros((2, 8, 8)), [1]),
    lambda: plots.image_grid(np.zeros((2, 8, 8)), predicted=[1, 2]),
    lambda: plots.image_grid(np.zeros((2, 8, 8)), columns=0),
    lambda: plots.residuals([1.0], [1.0, 2.0]),
    lambda: plots.distribution([]),
    lambda: plots.distribution([1.0], bins=-1),
    lambda: plots.learning_curves({"loss": [1.0]}).plotly("blue"),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_drawn_is_said(wrong: Callable[[], object]) -> None:
    with pytest.raises(WrongInput) as caught:
        wrong()
    assert caught.value.subject and caught.value.got and caught.value.expected
