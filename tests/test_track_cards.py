"""Runs, comparisons and models in a notebook: what a real IPython shell is given to show, and when."""

from __future__ import annotations

import itertools
import json
import math
import re
import subprocess
import sys
import types
import xml.etree.ElementTree as ET

import pytest

from castalia.core.errors import NotFound
from castalia.track import Store, card, models_card
from castalia.track.cards import MOST_CURVES, MOST_ROWS, run_card
from castalia.track.cell import KEPT, Cell

HOSTILE = "<script>alert(1)</script>\u202e\"'&"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


def drawn(html: str) -> ET.Element:
    """The HTML as XML: every tag is closed, every text escaped."""
    return ET.fromstring(html)


def test_a_run_shows_its_params_and_a_curve_a_metric(store):
    run = store.create_run("mnist", "first", {"rate": 0.1})
    store.log_metrics(run, [("loss", step, step, 1 / (step + 1)) for step in range(1000)])
    store.log_metrics(run, [("acc", 0, 0, 0.5)])
    shown = card(store, run)
    tree = drawn(shown._repr_html_())
    assert len(tree.findall(".//svg")) == 2 and "rate=0.1" in shown.html and run in shown.html
    labels = [svg.get("aria-label") for svg in tree.iter("svg")]
    assert labels == ["acc: 0.5 to 0.5, steps 0 to 0", "loss: 0.001 to 1, steps 0 to 999"]
    assert repr(shown) == "first running: acc 0.5, loss 0.001"
    assert len(shown.html) < 20_000


def test_a_curve_is_drawn_where_its_points_are():
    html = run_card("r", "done", {}, {"x": ([0, 5, 10], [0.0, 10.0, math.nan])}).html
    (path,) = [path.get("d") for path in drawn(html).iter("path") if path.get("fill") == "none"]
    assert path == "M4.0 80.0h.1L120.0 4.0"  # from the lower left corner to the top of the middle
    gap = run_card("r", "done", {}, {"x": ([0, 1, 2, 3], [1.0, math.nan, math.inf, 2.0])}).html
    assert len(re.findall(r"M\d", gap)) >= 3
    nothing = run_card("r", "done", {}, {"x": ([0], [math.nan]), "y": ([], [])})
    assert "nan" in nothing.html and nothing.text == "r done: x nan"


def test_several_runs_stand_beside_each_other_by_what_differs(store):
    runs = [store.create_run("e", f"r{i}", {"rate": i, "same": 1}) for i in range(3)]
    for i, run in enumerate(runs):
        store.log_metrics(run, [("loss", step, step, float(i + step)) for step in range(5)])
    store.log_metrics(runs[0], [("only", 0, 0, 1.0)])
    shown = card(store, *runs)
    tree = drawn(shown.html)
    assert [cell.text for cell in tree.iter("th")] == ["run", "status", "rate", "loss", "only"]
    assert len(tree.findall(".//tbody/tr")) == 3
    assert [len([p for p in svg if p.get("fill") == "none"]) for svg in tree.iter("svg")] == [3, 1]
    assert shown.text.splitlines()[2] == "r2 running loss=6 only=–"
    with pytest.raises(NotFound):
        card(store, "absent")


def test_of_many_runs_and_metrics_what_is_shown_alone_is_read(store, monkeypatch):
    runs = [store.create_run("e", f"r{i}") for i in range(MOST_ROWS + 2)]
    for run in runs:
        store.log_metrics(run, [(f"m{i:02}", 0, 0, 1.0) for i in range(MOST_CURVES + 3)])
    plain, read = Store.metrics, []
    monkeypatch.setattr(Store, "metrics", lambda *asked: read.append(asked[1:3]) or plain(*asked))
    assert "12 of 15 metrics are drawn" in card(store, runs[0]).html
    card(store, *runs)
    keys = [f"m{i:02}" for i in range(MOST_CURVES)]
    assert read == [(run, keys) for run in (runs[0], *runs[:MOST_ROWS])]


def test_models_and_their_versions(store):
    assert drawn(models_card(store).html).findall(".//tbody/tr") == []
    run = store.create_run("e", "r")
    store.add_version("net", "neural_net", run, store.home / "models" / "net", {"acc": 0.5})
    assert models_card(store).text.splitlines()[1].startswith("net  1")
    assert "acc=0.5" in models_card(store, "net").html and run in models_card(store, "net").html
    with pytest.raises(NotFound):
        models_card(store, "absent")


def test_hostile_texts_stay_texts(store):
    run = store.create_run(HOSTILE, HOSTILE, {HOSTILE: HOSTILE})
    other = store.create_run(HOSTILE, HOSTILE, {HOSTILE: "x"})
    for each in (run, other):
        store.log_metrics(each, [("<script>x", 0, 0, 1.0)])
    for shown in (card(store, run), card(store, run, other)):
        assert (
            "<script" not in shown.html and "\u202e" not in shown.html and list(drawn(shown.html).iter("script")) == []
        )


@pytest.mark.parametrize("count", [1, 2, KEPT, KEPT + 1, 2 * KEPT + 7, 100_003])
def test_a_cell_keeps_few_points_evenly_and_always_the_newest(count):
    cell = Cell("r", {}, clock=lambda: -math.inf)  # it is never time to draw
    for step in range(count):
        cell.add(step, {"x": step})
    steps, values = cell._curves["x"]
    assert steps == values and len(steps) <= KEPT and steps[0] == 0 and steps[-1] == count - 1
    gaps = {late - early for early, late in itertools.pairwise(steps[:-1])}
    assert len(gaps) <= 1


_NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.displaypub import CapturingDisplayPublisher
shell = InteractiveShell.instance()
shell.display_pub = CapturingDisplayPublisher()
shell.run_cell('''
import castalia
with castalia.run("e", {"rate": 0.1}, name="first", home=%r, capture="none") as r:
    for step in range(5):
        r.log(step, loss=1 / (step + 1))
''').raise_error()
shell.run_cell("r")
told = [[out["data"]["text/html"], out["transient"].get("display_id"), out.get("update", False)]
        for out in shell.display_pub.outputs if "text/html" in out["data"]]
print("TOLD" + json.dumps(told))
"""


def test_a_run_is_drawn_at_most_twice_a_second_and_a_slow_page_seldom(monkeypatch):
    """Ten seconds of a clock of our own: a picture takes no time, then 0.1 s, and the front end breaks."""
    moment, drawn_at, takes = [0.0], [], [0.0]

    def draw(*_, **__):
        drawn_at.append(moment[0])
        moment[0] += takes[0]
        if takes[0] < 0:
            raise OSError("the page is gone")
        return types.SimpleNamespace(update=draw)

    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=draw))
    cell = Cell("r", {}, clock=lambda: moment[0])

    def ten_seconds() -> list[float]:
        drawn_at.clear()
        end = moment[0] + 10
        while moment[0] < end:
            cell.add(0, {"x": 1.0})
            moment[0] += 1 / 128
        return list(drawn_at)

    assert ten_seconds() == [i / 2 for i in range(20)]
    takes[0] = 0.125
    assert [round(at - 10, 3) for at in ten_seconds()] == [0.0, 2.5, 5.0, 7.5]
    takes[0] = -1.0
    moment[0] += 10
    assert len(ten_seconds()) == 1 and ten_seconds() == []


def test_in_a_notebook_a_run_is_shown_and_changed(tmp_path):
    pytest.importorskip("IPython")
    code = _NOTEBOOK % str(tmp_path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.split("TOLD")[1].splitlines()[0])
    assert len(told) >= 2  # the first and the last, and what more the machine was slow for
    assert len({ident for _, ident, _ in told}) == 1 and told[0][1]
    assert [update for _, _, update in told] == [False] + [True] * (len(told) - 1)
    assert "first" in told[0][0] and "running" in told[0][0] and "done" in told[-1][0] and "<svg" in told[-1][0]
    assert "<script" not in told[-1][0]


def test_outside_of_a_notebook_nothing_is_drawn(tmp_path):
    import castalia

    with castalia.run("e", home=tmp_path, capture="none") as run:
        run.log(0, loss=1.0)
        assert run.cell is None and run._repr_html_() is None
