"""Comparisons: what differs, sampled curves, bands beside SciPy, code between commits, the report as one file."""

from __future__ import annotations

import html.parser
import json
import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from track_client import over_http

from castalia.cli import main
from castalia.core.errors import WrongInput
from castalia.track import Store
from castalia.track.board import bands, comparing, drawing, report, sampling, sources
from castalia.web import tokens
from castalia.web.app import create_app

HOSTILE = "<script>window.hacked=1</script>\"'><img src=//evil.example/x onerror=alert(1)>\u202e\x07"


@pytest.fixture
def store(settings):
    with Store.open(settings.home) as opened:
        yield opened


@pytest.fixture
def client(store):
    with over_http(store) as opened:
        yield opened


def seeds(store, points=50):
    """Two rates, three seeds each: the loss of seed s is s above that of seed 0."""
    found = []
    for rate in (0.1, 0.01):
        for seed in range(3):
            run = store.create_run("e", f"{rate}-{seed}", {"rate": rate, "seed": seed})
            store.log_metrics(run, [("loss", step, step, step * rate + seed) for step in range(points)])
            found.append(run)
    return found


# ---- what differs


def test_tags_stand_under_git_and_environment(store):
    tags = {"castalia.git.commit": "a" * 40, "castalia.python": "3.13", "team": "x", "mlflow.runName": "n"}
    a = store.create_run("e", tags=tags)
    b = store.create_run("f", tags=tags | {"castalia.git.commit": "b" * 40})
    found = {part["name"]: part for part in comparing.compared(store, [a, b])["sections"]}
    assert found["git"]["keys"] == [{"key": "castalia.git.commit", "differs": True}]
    assert found["environment"]["keys"] == [{"key": "castalia.python", "differs": False}]
    assert [line["key"] for line in found["tags"]["keys"]] == ["team"]
    assert {"key": "experiment", "differs": True} in found["run"]["keys"]
    assert "params" not in found


def test_what_fits_a_filter_is_compared_at_most_200(store, client):
    seeds(store, 2)
    said = client.get("/runs/compare", params={"experiment": "e", "filter": "params.rate = '0.1'"}).json()
    assert said["total"] == 3 and len(said["runs"]) == 3
    for i in range(202):
        store.create_run("many", f"m{i}")
    said = client.get("/runs/compare", params={"experiment": "many"}).json()
    assert said["total"] == 202 and len(said["runs"]) == comparing.MOST
    assert said["runs"][0]["name"] == "m201"
    assert client.get("/runs/compare", params={"filter": "metrics.loss <"}).status_code == 422
    ids = [row["run_id"] for row in store.runs("many", limit=201).items]
    refused = client.get("/runs/compare", params={"run": ids})
    assert refused.status_code == 422 and "2 to 200" in refused.text


# ---- curves


@pytest.mark.parametrize("points", [4, 7, 100])
def test_a_sample_is_of_the_series_evenly(store, points):
    run, short = store.create_run("e"), store.create_run("e")
    store.log_metrics(run, [("loss", step, 2 * step, float(step**2)) for step in range(-30, 970)])
    store.log_metrics(short, [("loss", 5, 1, math.nan), ("loss", 5, 2, math.inf), ("loss", 9, 3, 1.0)])
    found = sampling.sampled(store, [run, short], ["loss", "absent"], points)
    line = found[run]["loss"]
    assert set(found[run]) == {"loss"} and not line["whole"] and len(line["step"]) == points
    assert (line["step"][0], line["step"][-1]) == (-30, 969)
    assert line["value"] == [float(step**2) for step in line["step"]] and line["time"] == [2 * s for s in line["step"]]
    gaps = np.diff(line["step"])
    assert gaps.max() - gaps.min() <= 1
    whole = found[short]["loss"]
    assert whole["whole"] and whole["step"] == [5, 5, 9] and math.isnan(whole["value"][0])
    assert sampling.sampled(store, [run], ["loss"], points, (100, 102))[run]["loss"]["step"] == [100, 101, 102]
    assert sampling.sampled(store, [run], ["loss"], points, (5000, 6000)) == {run: {}}


def test_a_series_whose_steps_are_not_counted_is_sampled_by_time(store):
    run = store.create_run("e")
    store.log_metrics(run, [("loss", 0, time, float(time)) for time in range(1000)])
    line = sampling.sampled(store, [run], ["loss"], 50)[run]["loss"]
    assert len(line["time"]) <= 50 and (line["time"][0], line["time"][-1]) == (0, 999)


@pytest.mark.parametrize(
    ("asked", "words"), [({"points": 3}, "4 to 2,000"), ({"points": 2000, "count": 200}, "400,000")]
)
def test_too_much_is_refused(store, asked, words):
    run = store.create_run("e")
    keys = [str(i) for i in range(asked.pop("count", 1) * 2)]
    with pytest.raises(WrongInput) as caught:
        sampling.sampled(store, [run], keys, **asked)
    assert words in str(caught.value.expected)


# ---- bands


def test_the_interval_is_students_as_scipy_has_it():
    stats = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(7)
    table = chance.normal(size=(6, 40))
    curves = [{"step": list(range(40)), "value": row.tolist()} for row in table]
    found = bands.band(curves)
    for i in range(40):
        low, high = stats.t.interval(0.95, 5, table[:, i].mean(), stats.sem(table[:, i]))
        assert found["middle"][i] == pytest.approx(table[:, i].mean())
        assert (found["low"][i], found["high"][i]) == (pytest.approx(low), pytest.approx(high))
    spread = bands.band(curves, "range")
    assert spread["low"] == table.min(0).tolist() and spread["high"] == table.max(0).tolist()
    assert spread["middle"] == pytest.approx(np.median(table, 0).tolist())


def test_a_run_counts_only_inside_its_range():
    a = {"step": [0, 10], "value": [0.0, 10.0]}
    b = {"step": [5, 20], "value": [7.0, 22.0]}
    found = bands.band([a, b, {"step": [3], "value": [math.nan]}])
    assert found["step"] == [0, 5, 10, 20]
    assert found["runs"] == [1, 2, 2, 1]
    assert found["middle"] == [0.0, 6.0, 11.0, 22.0]  # straight lines: a is 5 at 5, b is 12 at 10
    assert found["low"][0] is None and found["high"][3] is None and found["low"][1] < 5
    gap = bands.band([{"step": [0, 1], "value": [0, 1]}, {"step": [8, 9], "value": [5, 5]}], "range", points=20)
    assert gap["runs"] == [1, 1, 1, 1]
    assert bands.band([]) == bands.band([{"step": [1], "value": [math.inf]}])
    assert bands.band([])["step"] == []


def test_a_grid_is_common_and_bounded():
    curves = [{"step": list(range(i, 3000, 7)), "value": [1.0] * len(range(i, 3000, 7))} for i in range(3)]
    found = bands.band(curves, points=50)
    assert len(found["step"]) <= 50 and found["step"][0] == 0 and all(step == int(step) for step in found["step"])
    assert set(found["middle"]) == {1.0} and max(found["runs"]) == 3


def row(run_id, status="done", experiment="e", **params):
    return {"run_id": run_id, "params": params, "tags": {}, "experiment": experiment, "system": None, "status": status}


def test_which_params_only_repeat_a_run():
    seeds = ("seed", "model.seed", "np_seed", "global_seed", "PYTHONHASHSEED", "trainer.seed_everything", "cv/fold")
    assert [name for name in seeds if not bands.is_seed(name)] == []
    others = ("seeds", "seed_everything_else", "linseed", "unfold", "rate")
    assert [name for name in others if bands.is_seed(name)] == []


def test_alike_are_runs_that_differ_in_seeds_alone():
    rows = [row("a", rate="1", seed="0"), row("b", rate="2", seed="0"), row("c", rate="1", **{"model.seed": "9"}),
            row("d", rate="1", random_state="3"), row("e", rate="1", seeds_used="4")]  # fmt: skip
    found = bands.groups(rows, "alike")
    assert [group["run_ids"] for group in found] == [["a", "c", "d"], ["b"], ["e"]]
    assert found[1]["name"].startswith("rate = 2")
    assert bands.groups([row("a", x="1"), row("b", x="1")], "alike") == [{"name": "all alike", "run_ids": ["a", "b"]}]


def test_groups_with_the_same_beginning_stay_apart():
    rows = [row("a", text="x" * 90 + "1"), row("b", text="x" * 90 + "2"), row("c")]
    found = bands.groups(rows, "params.text")
    assert [group["run_ids"] for group in found] == [["a"], ["b"], ["c"]]
    assert len({group["name"] for group in found}) == 3 and found[2]["name"] == "without text"
    assert [group["name"] for group in bands.groups(rows, "status")] == ["done"]
    for by in ("params.", "metrics.loss", "nonsense"):
        with pytest.raises(WrongInput):
            bands.groups(rows, by)


def test_bands_over_http(store, client):
    runs = seeds(store)
    said = client.get("/runs/bands", params={"run": runs, "key": "loss", "by": "alike"}).json()
    assert [group["run_ids"] for group in said["groups"]] == [runs[:3], runs[3:]]
    slow = said["bands"]["loss"][1]
    assert slow["step"] == list(range(50)) and slow["middle"][10] == pytest.approx(1.1)
    half = 4.302652729911275 / math.sqrt(3)  # t(0.975, 2) of a standard deviation of 1
    assert slow["high"][10] == pytest.approx(1.1 + half)
    cut = client.get("/runs/bands", params={"run": runs, "key": "loss", "first": 10, "last": 12}).json()
    assert cut["bands"]["loss"][0]["step"] == [10, 11, 12]
    assert client.get("/runs/bands", params={"run": runs, "key": "loss", "by": "x"}).status_code == 422
    groups = client.get("/runs/compare", params={"run": runs, "by": "params.rate"}).json()["groups"]
    assert [group["name"] for group in groups] == ["rate = 0.1", "rate = 0.01"]


# ---- code and environments


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()

    def git(*words):
        set_up = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
        return subprocess.check_output(["git", *set_up, *words], cwd=folder, text=True).strip()

    git("init", "-q")
    commits = []
    for text in ("rate = 1\n", "rate = 2\ntoken = 'ghp_" + "a1B2" * 9 + "'\n"):
        (folder / "train.py").write_text(text)
        git("add", ".")
        git("commit", "-qm", "change")
        commits.append(git("rev-parse", "HEAD"))
    return folder, commits


def test_what_lies_between_commits_is_for_who_runs_the_workbench(settings):
    """Tags say which commits: a writer who sets them would read any two of the operator's repository."""
    with TestClient(create_app(settings, token="t0ken of 1 admin!"), base_url="http://localhost:8000") as bench:
        made = tokens.add(settings.home, "my-writer", "writer")
        asked = {"headers": {"Authorization": f"Bearer {made}"}, "params": {"first": "a", "second": "b"}}
        assert bench.get("/runs/compare/commits", **asked).status_code == 403
        asked["headers"] = {"Authorization": "Bearer t0ken of 1 admin!"}
        assert bench.get("/runs/compare/commits", **asked).status_code == 404  # let in, and there is no such run


def test_what_lies_between_two_commits(repository, tmp_path):
    folder, (old, new) = repository
    said = sources.between(old, new[:12], folder)
    assert "-rate = 1" in said["diff"] and "+rate = 2" in said["diff"] and "ghp_" not in said["diff"]
    assert "same commit" in sources.between(new, new, folder)["why"]
    assert "does not have commit" in sources.between(old, "f" * 40, folder)["why"]
    assert "not started in a git repository" in sources.between(old, new, tmp_path)["why"]
    marker = tmp_path / "written"
    for word in (f"--output={marker}", "HEAD", "", "-p", f"{old} --output={marker}"):
        said = sources.between(word, new, folder)
        assert said["diff"] is None and "does not say its commit" in said["why"]
    assert not marker.exists()


def test_a_tag_that_is_no_commit_reaches_no_git(store, client, repository, monkeypatch):
    folder, (old, new) = repository
    monkeypatch.chdir(folder)
    a = store.create_run("e", tags={"castalia.git.commit": old, "castalia.git.dirty": "true"})
    b = store.create_run("e", tags={"mlflow.source.git.commit": new})
    c = store.create_run("e", tags={"castalia.git.commit": "--output=/tmp/x"})
    store.add_artifact(a, "castalia/diff.patch", b"patch")
    said = client.get("/runs/compare/code", params={"run": [a, b, c]}).json()
    assert [one["commit"] for one in said] == [old, new, ""]
    assert (said[0]["dirty"], said[0]["diff"], said[1]["dirty"], said[1]["diff"]) == (True, 5, None, None)
    assert "+rate = 2" in client.get("/runs/compare/commits", params={"first": a, "second": b}).json()["diff"]
    assert client.get("/runs/compare/commits", params={"first": a, "second": c}).json()["diff"] is None
    assert client.get("/runs/compare/commits", params={"first": a, "second": "absent"}).status_code == 404


def test_environments_that_differ(store, client):
    told = [{"python": "3.13", "packages": {"numpy": "2.1", "rich": "1"}, "variables": ["A"]},
            {"python": "3.13", "packages": {"numpy": "2.2", "rich": "1"}, "variables": ["A", "B"]}]  # fmt: skip
    runs = [store.create_run("e") for _ in range(5)]
    for run, one in zip(runs, told, strict=False):
        store.add_artifact(run, sources.ENVIRONMENT, json.dumps(one).encode())
    store.add_artifact(runs[3], sources.ENVIRONMENT, b"[" * 100_000)
    store.add_artifact(runs[4], sources.ENVIRONMENT, b'{"packages": [1], "variables": {"a": 1}, "python": null}')
    said = client.get("/runs/compare/environment", params={"run": runs[:4]}).json()
    assert said["known"] == [True, True, False, False]
    assert said["packages"] == {"numpy": ["2.1", "2.2", None, None]} and said["python"] == {}
    assert said["variables"] == {"B": [None, "set", None, None]}
    assert client.get("/runs/compare/environment", params={"run": runs}).status_code == 200


# ---- the report


class Page(html.parser.HTMLParser):
    """What a browser would make of it: tags with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text += data


def test_a_report_holds_everything_and_reaches_out_to_nothing(store):
    runs = seeds(store)
    store.set_tags(runs[0], {"castalia.command": "python train.py --rate 0.1", "castalia.git.commit": "abc1234"})
    text = report.report(store, runs, title="Rates", note="Two\nlines", when=0)
    page = Page(text)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe", "a", "object", "base", "form"} & set(names)
    assert not [value for _, attrs in page.tags for name, value in attrs.items() if name in ("src", "href", "srcdoc")]
    assert "://" not in text and "url(" not in text and "@import" not in text
    policy = next(attrs for tag, attrs in page.tags if "http-equiv" in attrs)
    assert policy["content"] == report.CSP and "script-src" not in report.CSP and "default-src 'none'" in report.CSP
    assert "1970-01-01" in text and "Two\nlines" in page.text and "python train.py --rate 0.1" in page.text
    assert all(f"0.1-{seed}" in page.text for seed in range(3)) and "abc1234" in page.text
    assert names.count("polyline") == 6 and f"castalia runs compare {runs[0]}" in page.text
    banded = Page(report.report(store, runs, by="alike"))
    assert [tag for tag, _ in banded.tags].count("polygon") == 2 and "95 % interval" in banded.text


def test_hostile_texts_are_text_in_a_report(store):
    runs = [store.create_run("e", HOSTILE.replace("\x07", "") + str(i), {"p": HOSTILE + str(i)},
                             {"castalia.command": HOSTILE}) for i in range(2)]  # fmt: skip
    key = "</svg><script>x</script>"
    for run in runs:
        store.log_batch(run, [(key, 0, 0, 1.0), (key, 1, 1, 2.0)])
    page = Page(report.report(store, runs, title=HOSTILE, note=HOSTILE))
    assert {"script", "img"} & {tag for tag, _ in page.tags} == set()
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert page.text.count("window.hacked=1") >= 5 and "\x07" not in page.text


def test_a_report_of_runs_with_nothing_in_them(store):
    runs = [store.create_run("e", "same") for _ in range(2)]
    page = Page(report.report(store, runs))
    assert "Nothing that these runs say" in page.text and "no curve" in page.text
    store.log_metrics(runs[0], [("a", 0, 0, math.nan), ("a", 1, 1, math.nan)])
    store.log_metrics(runs[1], [("a", 0, 0, 1e308), ("a", 1, 1, -1e308), ("b", 0, 0, 5.0), ("b", 9, 9, 5.0)])
    assert "NaN" in Page(report.report(store, runs)).text
    with pytest.raises(WrongInput):
        report.report(store, runs, note="x" * 9000)
    with pytest.raises(WrongInput):
        report.report(store, runs[:1])


def test_a_report_over_http_is_a_download(store, client):
    runs = seeds(store, 3)
    said = client.get("/runs/compare/report", params={"run": runs, "title": "a/b", "by": "alike"})
    assert said.status_code == 200 and said.text.startswith("<!doctype html>")
    assert "attachment" in said.headers["content-disposition"] and "a-b.html" in said.headers["content-disposition"]
    assert said.headers["content-security-policy"].startswith("sandbox;")
    assert client.get("/runs/compare/report", params={"run": runs[:1]}).status_code == 422


def broken(path: Path, text: str, **_: object) -> None:
    path.write_bytes(b"half")
    raise OSError(28, "no space left on device")


def test_the_shell_writes_the_same_report(store, tmp_path, capfd):
    runs = seeds(store, 5)
    file = tmp_path / "out.html"
    assert main(("runs", "compare", *runs, "--html", str(file), "--title", "T", "--by", "alike")) == 0
    undated = re.compile(r"on \d{4}-\d\d-\d\d \d\d:\d\d UTC")
    ours = report.report(store, runs, title="T", by="alike")
    assert undated.sub("", file.read_text("utf-8")) == undated.sub("", ours)
    assert main(("runs", "compare", *runs[:2], "--html", str(file))) == 1
    assert "is there already" in capfd.readouterr().err
    assert main(("runs", "compare", *runs[:2], "--html", str(file), "--replace", "--json")) == 0
    assert json.loads(capfd.readouterr().out) == {"runs": runs[:2], "file": str(file)}
    assert main(("runs", "compare", *runs[:2], "--html", str(tmp_path / "no" / "x.html"))) == 2
    assert main(("runs", "compare", *runs[:2], "--html", str(tmp_path / "no" / "x.html"), "--replace")) == 2
    before = file.read_bytes()
    assert main(("runs", "compare", *runs[:2], "--html", str(file), "--replace", "--all")) == 2
    with pytest.MonkeyPatch.context() as patch:  # a disk that is full in the middle of it
        patch.setattr(Path, "write_text", broken)
        assert main(("runs", "compare", *runs[:2], "--html", str(file), "--replace")) == 2
    assert file.read_bytes() == before and [path.name for path in tmp_path.glob(".*html*")] == []


@pytest.mark.parametrize("span", [(0, 1), (-3e-9, 7e-9), (1e300, 1.7e308), (0.1, 0.1), (-1e308, 1e308)])
def test_ticks_are_few_rising_and_inside(span):
    found = drawing.ticks(*span)
    assert 1 <= len(found) <= 12 and found == sorted(found)
    assert all(span[0] - abs(span[0]) * 1e-9 <= at <= span[1] + abs(span[1]) * 1e-9 for at in found)
