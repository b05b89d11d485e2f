"""The page of one run in a real Chromium: live curves, what is set above them, files, and what is hostile in them."""

from __future__ import annotations

import json
import math
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import Watch, address_of, ask_json, axe, bench, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"viewport": {"width": 390, "height": 844}}
DARK = {"color_scheme": "dark"}
TABS = ("", "?tab=curves", "?tab=curves&chart=loss&smooth=0.6", "?tab=system", "?tab=files", "?tab=code", "?tab=log")
SCRIPT = "top.hacked=1;parent.hacked=1;window.hacked=1"
HTML = f"""<h1>Report</h1><script>{SCRIPT}</script><img src=x onerror="{SCRIPT}"><svg onload="{SCRIPT}"></svg>
<iframe src="javascript:{SCRIPT}"></iframe><form action=/trash method=post><button id=go>go</button></form>
<meta http-equiv=refresh content="0;url=/app/systems"><link rel=stylesheet href="LURE/x.css">
<a href="LURE/z" ping="LURE/p">away</a>
<iframe src="LURE/i"></iframe><video src="LURE/v"></video>"""
SVG = (
    f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40' onload='{SCRIPT}'><script>{SCRIPT}</script></svg>"
)


def diff(name: str) -> str:
    return f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1,2 +1,2 @@\n same\n-old = 1\n+new = 2\n"


def picture(shade: int) -> bytes:
    import io

    from PIL import Image

    kept = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 90, 200 - shade)).save(kept, "PNG")
    return kept.getvalue()


def parquet() -> bytes:
    import io

    import pyarrow
    import pyarrow.parquet

    kept = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"<i>n</i>": list(range(250)), "text": ["=1+1"] * 250}), kept)
    return kept.getvalue()


@pytest.fixture(scope="module")
def lure() -> Iterator[socket.socket]:
    """What a hostile file wants to connect to; nobody answers, and a connection waits to be found."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="module")
def runs(bench: Workbench, lure: socket.socket) -> dict[str, str]:  # noqa: F811
    """{name: id} of the runs that the tests look at."""
    home = Path(ask_home(bench))
    with Store.open(home) as store:
        tags = {
            "stage": "dev", "castalia.git.commit": "0123456789abcdef", "castalia.git.branch": "main",
            "castalia.git.dirty": "true", "castalia.command": "python train.py --rate 0.1",
            "mlflow.note.content": f"# Why\n\nIt is **new**. <img src=x onerror='{SCRIPT}'>",
        }  # fmt: skip
        params = {f"p{i}": i for i in range(12)} | {"rate": 0.1}
        full = store.create_run("shown", "a full run", params, tags)
        noise = [math.sin(i * 12.9898) * 0.1 for i in range(20_000)]
        begun = store.run(full)["started"]
        for key in ("train/loss", "val/loss"):
            store.log_metrics(full, [(key, i, begun + i, 2 / (1 + i / 500) + noise[i]) for i in range(20_000)])
        store.log_metrics(full, [("odd/norm", i, begun + i, _odd(i)) for i in range(40)])
        store.log_metrics(full, [("short", i, begun + i * 1000, float((i * 7) % 5)) for i in range(10)])
        store.log_metrics(full, [("test/accuracy", 20_000, begun, 0.9)])
        store.log_metrics(
            full, [("system/cpu_utilization_percentage", i, begun + i * 5000, 50.0 + i) for i in range(9)]
        )
        store.add_alert(full, f"<b onclick='{SCRIPT}'>loss</b> is NaN")
        for i in range(3):
            child = store.create_run("shown", f"fold {i}", parent=full)
            store.log_metrics(child, [("loss", i, 1, 1.0 * i)])
            store.finish(child)
        files: dict[str, bytes] = {
            "README.md": b"# Card\n\nLicence: **MIT**.\n",
            "page.html": HTML.replace("LURE", f"http://127.0.0.1:{lure.getsockname()[1]}").encode(),
            "picture.svg": SVG.encode(),
            "wrong.png": b"no picture", "long.txt": b"0123456789abcde\n" * 655_360,
            "table.csv": b"a,b\n" + b'=1+1,"=HYPERLINK(""http://127.0.0.1:9"")"\n' * 1500,
            "tree.json": json.dumps({"deep": {"er": [1, 2]}, "text": "<b>"}).encode(), "bad.json": b"{",
            "broken.figure.json": b'{"kind": "lines", "title": 3, "data": {"series": [{"x": 5, "y": {"a": 1}}]}}',
            "castalia/diff.patch": (diff("train.py") + diff("data.py")).encode(),
            "castalia/environment.json": json.dumps(
                {"python": "3.12", "packages": {"torch": "2.13.0", "numpy": "2.4"}, "variables": ["HOME"]}
            ).encode(),
            "model/MLmodel": b"flavors:\n  sklearn:\n    sklearn_version: 1.7.2\nsignature:\n  inputs: '[{\"type\":"
            b" \"double\",\n    \"name\": \"age\", \"required\": true}]'\n  outputs: null\n",
        }  # fmt: skip
        files |= {"rows.parquet": parquet(), "torn.parquet": parquet()[:-9]}
        for step in (0, 10, 100):
            files[f"samples/step_{step}.png"] = picture(step)
        for name, content in files.items():
            store.add_artifact(full, name, content)
        store.finish(full)
        still = store.create_run("shown", "stalled")
        with store.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE runs SET started = {begun - 3_600_000} WHERE run_id = '{still}'")
        store.log_metrics(still, [("loss", i, begun - 1_800_000 + i, 1.0 / (i + 1)) for i in range(5)])
        dead = store.create_run("shown", "dead")
        store.mark_dead([dead])
        queued = store.create_run("shown", "queued", status="queued")
        trash = store.create_run("shown", "to throw away")
    return {"full": full, "stalled": still, "dead": dead, "queued": queued, "trash": trash}


def _odd(i: int) -> float:
    return {5: math.nan, 9: math.inf, 12: -math.inf, 20: 1000.0}.get(i, 1.0 + (i % 3) / 10)


def ask_home(bench: Workbench) -> str:  # noqa: F811
    environ = Path(f"/proc/{bench.process.pid}/environ").read_bytes().split(b"\0")
    return next(each for each in environ if each.startswith(b"CASTALIA_HOME=")).decode().partition("=")[2]


def open_run(page: Any, run: str, rest: str = "") -> None:  # noqa: F811
    page.goto(f"/app/runs/{run}{rest}")
    settle(page)


def table_of(page: Any, name: str) -> list[list[str]]:  # noqa: F811
    """The rows of the data table of the open chart, as shown."""
    region = page.locator(f'[role=region][aria-label^="{name}"][aria-label$="table"]')
    region.locator("tbody tr").first.wait_for()
    return region.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )


def eventually(what: Any, seconds: float = 15.0) -> Any:
    """What ``what`` gives once it is true."""
    ends = time.monotonic() + seconds
    while not (got := what()) and time.monotonic() < ends:
        time.sleep(0.05)
    assert got
    return got


def test_a_curve_moves_while_a_client_of_mlflow_logs(page: Any, bench: Workbench, tmp_path: Path) -> None:  # noqa: F811
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=bench.root)
    experiment = client.create_experiment(f"live {tmp_path.name}")
    run = client.create_run(experiment, run_name="going on").info.run_id
    for step in range(3):
        client.log_metric(run, "loss", 1.0 - step / 10, step=step)
    open_run(page, run, "?tab=curves")
    tile = page.get_by_role("article", name="loss")
    tile.get_by_text("0.8", exact=True).wait_for()
    tile.locator(".uplot canvas").wait_for()
    before = tile.locator("canvas").screenshot()
    for step in range(3, 8):
        client.log_metric(run, "loss", 0.9 - step / 20, step=step)
    tile.get_by_text("0.55", exact=True).wait_for()
    eventually(lambda: tile.locator("canvas").screenshot() != before)
    client.log_metric(run, "second", 1.0, step=0)
    client.log_metric(run, "second", 2.0, step=1)
    page.get_by_role("article", name="second").wait_for()
    tile.get_by_role("button", name="Data of loss").click()
    assert [row[0] for row in table_of(page, "loss")] == [str(step) for step in range(8)]
    client.log_metric(run, "loss", 0.125, step=8)
    eventually(lambda: table_of(page, "loss")[-1] == ["8", "0.125"])
    client.set_terminated(run)
    page.get_by_text("Done", exact=True).wait_for()


@pytest.mark.slow
def test_a_server_that_restarts_loses_nothing_on_the_page(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    env = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}
    with Store.open(tmp_path) as store:
        run = store.create_run("e", "kept")
        store.log_metrics(run, [("loss", i, 1000 + i, 1.0 - i / 10) for i in range(3)])
    first = Workbench(tmp_path, env=env)
    port = first.port
    context = chromium.new_context(base_url=first.root)
    made = context.new_page()
    open_run(made, run, "?tab=curves&smooth=0.5")
    tile = made.get_by_role("article", name="loss")
    tile.get_by_text("0.8", exact=True).wait_for()
    first.end(signal.SIGKILL)
    made.get_by_text("Connection lost").wait_for()
    with Store.open(tmp_path) as store:  # it goes on logging while the page hears nothing
        store.log_metrics(run, [("loss", i, 1000 + i, 1.0 - i / 10) for i in range(3, 7)])
    with Workbench(tmp_path, env=env, port=port):
        tile.get_by_text("0.4", exact=True).wait_for(timeout=30_000)
        assert made.get_by_text("Connection lost").count() == 0
        tile.get_by_role("button", name="Data of loss").click()
        eventually(lambda: [row[0] for row in table_of(made, "loss")] == [str(i) for i in range(7)])
        with Store.open(tmp_path) as store:
            store.log_metrics(run, [("loss", 7, 2000, 0.25)])
        eventually(lambda: table_of(made, "loss")[-1][:2] == ["7", "0.25"])
        assert "smooth=0.5" in address_of(made)
        context.close()


def test_what_is_set_by_keyboard_is_in_the_address_and_outlives_a_reload(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    open_run(page, runs["full"], "?tab=curves")
    page.get_by_role("article", name="odd/norm").wait_for()

    def query() -> dict[str, str]:
        return page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")

    slider = page.get_by_role("slider", name=re.compile("Smoothing"))
    slider.focus()
    slider.press("ArrowRight")
    eventually(lambda: query().get("smooth") == "0.01")
    for name, wanted in (("Log y", {"log": "y"}), ("Log x", {"log": "xy"}), ("Hide outliers", {"outliers": "hide"}),
                         ("Min and max", {"extremes": "show"})):  # fmt: skip
        page.get_by_role("checkbox", name=name).press("Space")
        eventually(lambda wanted=wanted: query() | wanted == query())
    step = page.get_by_role("radio", name="Step")
    step.focus()
    step.press("ArrowRight")
    eventually(lambda: query().get("x") == "time")
    page.get_by_role("radio", name="Time").press("ArrowRight")
    eventually(lambda: query().get("x") == "relative")
    page.get_by_label("From time since the start").fill("1")
    page.get_by_label("To time since the start").fill("5")
    page.get_by_label("To time since the start").press("Enter")
    eventually(lambda: query().get("range") == "1~5")
    page.reload()
    settle(page)
    assert query() == {"tab": "curves", "smooth": "0.01", "log": "xy", "outliers": "hide", "extremes": "show",
                       "x": "relative", "range": "1~5"}  # fmt: skip
    assert page.get_by_role("checkbox", name="Hide outliers").is_checked()
    assert page.get_by_label("To time since the start").input_value() == "5"
    page.get_by_role("button", name="All", exact=True).click()
    eventually(lambda: "range" not in query())


@pytest.mark.slow
def test_a_range_fetches_every_point_of_it(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    """20,000 points are thinned; of a range all are there, as many as were logged."""
    open_run(page, runs["full"], "?tab=curves&chart=loss&together=no")
    page.goto(f"/app/runs/{runs['full']}?tab=curves&chart=train/loss&together=no")
    plot = page.locator(".curve .u-over")
    plot.wait_for()
    page.get_by_role("button", name="Data", exact=True).click()
    eventually(lambda: len(table_of(page, "train/loss")) > 400)
    page.get_by_role("button", name="Show chart").click()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.505, box["y"] + 60, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.52, box["y"] + 60, steps=4)
    page.mouse.up()
    low, high = (
        int(part) for part in eventually(lambda: re.search(r"range=(\d+)(?:~|%7E)(\d+)", address_of(page))).groups()
    )
    assert 9_800 < low < 10_100 and 10_200 < high < 10_600
    page.get_by_role("button", name="Data", exact=True).click()
    page.get_by_label("From step").fill("10000")
    page.get_by_label("To step").fill("10050")
    page.get_by_label("To step").press("Enter")
    eventually(lambda: [row[0] for row in table_of(page, "train/loss")] == [f"{i:,}" for i in range(10_000, 10_051)])


def test_smoothing_is_the_debiased_average_of_tensorboard(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    open_run(page, runs["full"], "?tab=curves&chart=short&smooth=0.6")
    page.get_by_role("button", name="Data", exact=True).click()
    rows = eventually(lambda: table_of(page, "short"))
    last, wanted = 0.0, []
    for count, value in enumerate([float((i * 7) % 5) for i in range(10)], 1):
        last = 0.6 * last + 0.4 * value
        wanted.append(last / (1 - 0.6**count))
    assert [float(row[1]) for row in rows] == [float((i * 7) % 5) for i in range(10)]
    assert [float(row[2]) for row in rows] == pytest.approx(wanted, abs=5e-5)


def test_what_is_not_finite_is_said_and_shown(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    open_run(page, runs["full"], "?tab=curves&chart=odd/norm&outliers=hide")
    said = page.locator(".notes")
    said.wait_for()
    assert "NaN at 1 point" in said.inner_text() and "+∞ at 1 point" in said.inner_text()
    assert "−∞ at 1 point" in said.inner_text() and "outside the scale" in said.inner_text()
    page.get_by_role("button", name="Data", exact=True).click()
    rows = dict(row[:2] for row in table_of(page, "odd/norm"))
    assert (rows["5"], rows["9"], rows["12"], rows["20"]) == ("NaN", "∞", "−∞", "1,000") and len(rows) == 40


@pytest.mark.slow
def test_a_chart_opens_large_and_closes_with_the_keyboard(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    open_run(page, runs["full"], "?tab=curves")
    page.locator("[data-chart=short]").press("Enter")
    page.get_by_role("heading", name="short", exact=True).wait_for()
    chart = page.locator(".curve .plot")
    page.locator(".curve .u-over").wait_for()
    chart.focus()
    for _ in range(3):
        chart.press("ArrowRight")
    assert "step 2: short 4" in page.locator(".curve [role=status]").inner_text()
    with page.expect_download() as told:
        page.get_by_role("button", name="CSV").click()
    text = Path(told.value.path()).read_text()
    assert text.splitlines()[0] == "metric,step,time_ms,value" and len(text.splitlines()) == 11
    with page.expect_download() as told:
        page.get_by_role("button", name="PNG").click()
    assert Path(told.value.path()).read_bytes()[:4] == b"\x89PNG"
    page.keyboard.press("Escape")
    page.get_by_role("article", name="short").wait_for()
    eventually(lambda: page.evaluate("document.activeElement.dataset.chart") == "short")


def test_nothing_hostile_in_a_file_runs(
    page: Any,  # noqa: F811
    runs: dict[str, str],
    watch_of: dict[Any, Watch],  # noqa: F811
    lure: socket.socket,
) -> None:
    # What the browser says of each attempt it stopped.
    watch_of[page].expected = ("Blocked script", "Content Security Policy", "Refused to", "sandboxed", "left the mach")
    for name in ("page.html", "picture.svg"):
        open_run(page, runs["full"], f"?tab=files&file={name}")
        frame = page.locator("iframe")
        frame.wait_for()
        assert frame.get_attribute("sandbox") == "" and not frame.get_attribute("src")
        page.wait_for_timeout(300)
        assert page.evaluate("window.hacked === undefined"), name
        assert address_of(page).endswith(name), "the page was led away"
    inner = page.frame_locator("iframe")
    eventually(lambda: inner.locator("img").evaluate("each => each.naturalWidth") == 40)  # a drawing is shown
    open_run(page, runs["full"], "?tab=files&file=page.html")
    inner.get_by_text("away").click()
    page.wait_for_timeout(300)
    with pytest.raises(BlockingIOError):
        lure.accept()
    open_run(page, runs["full"], "?tab=files&file=wrong.png")
    page.get_by_text("no picture that a browser can read").wait_for()
    open_run(page, runs["full"], "?tab=files&file=table.csv")
    cell = page.get_by_role("cell", name="=1+1", exact=True).first
    cell.wait_for()
    page.get_by_text("The first 1,000 rows, 2 columns").wait_for()
    assert page.locator("td a").count() == 0
    open_run(page, runs["full"], "?tab=files&file=broken.figure.json")
    page.get_by_role("heading", name="broken.figure.json").wait_for()
    open_run(page, runs["full"])
    page.get_by_text("loss</b> is NaN").wait_for()
    assert page.evaluate("window.hacked === undefined")


@pytest.mark.slow
def test_a_table_that_the_server_has_no_time_for_is_asked_for_again(
    page: Any,  # noqa: F811
    runs: dict[str, str],
    watch_of: dict[Any, Watch],  # noqa: F811
) -> None:
    watch_of[page].expected = ("503",)
    refused = []

    def once(route: Any) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            body = '{"status": 503, "subject": "too many tables are read at once"}'
            route.fulfill(status=503, body=body, headers={"retry-after": "1", "content-type": "application/json"})

    page.route("**/rows/**", once)
    open_run(page, runs["full"], "?tab=files")
    page.get_by_role("navigation", name="Files").get_by_role("link", name=re.compile("rows.parquet")).click()
    page.get_by_text("The first 100 of 250 rows, 2 columns.").wait_for()
    assert len(refused) == 1 and not page.get_by_role("alert").count()


@pytest.mark.slow
def test_a_long_text_is_shown_in_part(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    sizes: list[int] = []
    page.on("response", lambda got: "long.txt" in got.url and sizes.append(int(got.headers.get("content-length", 0))))
    open_run(page, runs["full"], "?tab=files&file=long.txt")
    page.get_by_text("The first 256 KiB of 10 MB").wait_for()
    assert len(page.locator("pre code").inner_text()) == 262_144
    assert max(sizes) == 262_144


def test_a_page_of_a_run_comes_in_one_round(page: Any, bench: Workbench, runs: dict[str, str]) -> None:  # noqa: F811
    """Every script is named in the head of the page, so none waits for another; and it says whose child the run is."""
    child = ask_json(bench, f"/runs?parent={runs['full']}")["items"][0]["run_id"]
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url.rpartition("/")[2]))
    open_run(page, child)
    head = bench.ask(f"/app/runs/{child}")[1].decode()
    scripts = [name for name in asked if name.endswith(".js")]
    assert scripts and not [name for name in scripts if f"assets/{name}" not in head]
    assert len(scripts) <= 14, scripts
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="a full run").wait_for()


def test_files_are_shown_as_what_they_are(
    page: Any,  # noqa: F811
    runs: dict[str, str],
    watch_of: dict[Any, Watch],  # noqa: F811
) -> None:
    open_run(page, runs["full"], "?tab=files")
    page.get_by_text("Licence: MIT.").wait_for()
    tree = page.get_by_role("navigation", name="Files")
    tree.get_by_role("link", name=re.compile("step_10.png")).click()
    slider = page.get_by_role("slider", name=re.compile("Step"))
    slider.wait_for()
    assert slider.get_attribute("aria-valuetext") == "step 10"
    slider.press("End")
    page.locator(".stage img[alt='samples/step_100.png']").wait_for()
    page.get_by_role("button", name="Compare with another step").click()
    page.locator(".stage .over img[alt='samples/step_0.png']").wait_for()
    page.get_by_role("slider", name="Divider").press("Home")
    tree.get_by_role("link", name=re.compile("tree.json")).click()
    page.get_by_text('"<b>"').wait_for()
    tree.get_by_role("link", name=re.compile("MLmodel")).click()
    page.get_by_role("cell", name="age").wait_for()
    page.get_by_text("sklearn", exact=True).wait_for()
    watch_of[page].expected = ("422",)
    tree.get_by_role("link", name=re.compile("rows.parquet")).click()
    page.get_by_text("The first 100 of 250 rows, 2 columns.").wait_for()
    assert page.locator(".file-shown thead").first.locator("th").all_inner_texts() == ["<i>n</i>", "text"]
    tree.get_by_role("link", name=re.compile("torn.parquet")).click()
    page.get_by_text("torn.parquet cannot be read as Parquet").wait_for()
    with page.expect_download() as told:
        page.get_by_role("link", name="Download files").click()
    assert Path(told.value.path()).read_bytes()[:2] == b"PK"


@pytest.mark.slow
def test_code_says_what_was_run(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    open_run(page, runs["full"], "?tab=code")
    page.get_by_text("with changes that were not committed").wait_for()
    eventually(lambda: page.locator(".diff pre .plus", has_text="new = 2").count() == 2)
    page.get_by_text("python train.py --rate 0.1").first.wait_for()
    page.get_by_label("Search packages").fill("tor")
    assert page.locator(".packages li").all_inner_texts() == ["torch\n2.13.0"]


@pytest.mark.slow
def test_a_run_is_renamed_noted_tagged_put_away_and_thrown_away(
    page: Any,  # noqa: F811
    runs: dict[str, str],
    bench: Workbench,  # noqa: F811
) -> None:
    run = runs["trash"]
    open_run(page, run)
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("kept\u202ename <b>")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="kept\u202ename <b>").wait_for()
    page.get_by_role("button", name="Write one").click()
    page.get_by_label("Note, Markdown").fill("It was **good**")
    page.keyboard.press("Control+Enter")
    page.locator(".run-note strong", has_text="good").wait_for()
    page.get_by_label("New tag").fill("stage: prod=1")
    page.keyboard.press("Enter")
    page.get_by_text("stage: prod=1").wait_for()
    assert ask_json(bench, f"/runs/{run}")["tags"]["stage"] == "prod=1"
    page.get_by_role("button", name="Take the tag stage away").click()
    page.get_by_text("stage: prod=1").wait_for(state="hidden")
    page.get_by_role("button", name="Archive", exact=True).click()
    page.get_by_role("button", name="Unarchive").wait_for()
    page.get_by_role("button", name="Trash").click()
    page.get_by_text("This run is in the trash").wait_for()
    assert [row["run_id"] for row in ask_json(bench, "/runs?trash=true")["items"]] == [run]
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("This run is in the trash").wait_for(state="hidden")
    assert ask_json(bench, "/runs?trash=true")["total"] == 0


@pytest.mark.slow
def test_how_a_run_stands_is_said_plainly(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    for name, words in (("stalled", "No point since"), ("dead", "its process ended without a word"),
                        ("queued", "has not begun")):  # fmt: skip
        open_run(page, runs[name])
        page.locator(".notice", has_text=words).wait_for()
    open_run(page, runs["full"])
    children = page.get_by_role("region", name="Runs inside this one, table")
    children.locator("tbody tr").nth(2).wait_for()
    assert children.locator("tbody tr").count() == 3
    href = page.get_by_role("link", name="Compare them").get_attribute("href")
    assert href.count("run=") == 3
    page.get_by_label("Search parameters").fill("rate")
    assert page.get_by_role("region", name="Parameters, table").locator("tr").all_inner_texts() == ["rate\t0.1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        pytest.param({}, marks=pytest.mark.slow),
        DARK,
        pytest.param(PHONE, marks=pytest.mark.slow),
        pytest.param(DARK | PHONE, marks=pytest.mark.slow),
    ],
    ids=["light", "dark", "phone", "dark-phone"],
    indirect=True,
)
def test_every_part_is_clean_to_axe_and_fits(page: Any, runs: dict[str, str]) -> None:  # noqa: F811
    wrong = []
    for tab in TABS:
        open_run(page, runs["full"], tab)
        page.wait_for_timeout(250)
        wrong += [f"{tab}: {finding}" for finding in axe(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{tab}: {wide} px wider than the window")
    assert wrong == []


@pytest.mark.slow
def test_400_percent_reflows(chromium: Any, bench: Workbench, runs: dict[str, str]) -> None:  # noqa: F811
    context = chromium.new_context(base_url=bench.root, viewport={"width": 320, "height": 256})
    made = context.new_page()
    for tab in TABS:
        open_run(made, runs["full"], tab)
        assert made.evaluate("document.documentElement.scrollWidth") <= 320, tab
    context.close()
