"""castalia.track.first_rows: what a page shows of a Parquet file, and what a hostile one can do."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from castalia.core.settings import Settings
from castalia.track import first_rows, reading
from castalia.web.app import create_app

pa = pytest.importorskip("pyarrow", reason="needs the extra data")
pq = pytest.importorskip("pyarrow.parquet")


def packed(table: Any, **options: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made, **options)
    return made.getvalue()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(Settings(home=tmp_path_factory.mktemp("home")))
    with TestClient(app, base_url="http://localhost:8000") as made:
        yield made


def shown(bench: TestClient, content: bytes, name: str = "a/b c.parquet") -> Any:
    store = bench.app.state.parts.store  # type: ignore[attr-defined]
    run = store.create_run("rows")
    store.add_artifact(run, name, content)
    return bench.get(f"/runs/{run}/rows/{name}")


def test_the_first_rows_are_those_that_pyarrow_reads(bench: TestClient) -> None:
    table = pa.table(
        {
            "id": list(range(250)),
            "x": [None if i % 3 else i / 7 for i in range(250)],
            "odd": [float("nan"), float("inf")] + [0.5] * 248,
            "wide": [2**60 + i for i in range(250)],
            "text": ["=1+1", "<script>"] + ["y" * 500] * 248,
            "tags": [["a"], None] * 125,
            "when": pa.array([0] * 250, pa.timestamp("ms")),
        }
    )
    answer = shown(bench, packed(table, row_group_size=40)).json()
    assert (answer["total_rows"], answer["total_columns"]) == (250, 7)
    assert [each["name"] for each in answer["columns"]] == table.column_names
    assert answer["columns"][0]["type"] == "int64" and answer["columns"][6]["type"] == "timestamp[ms]"
    rows = answer["rows"]
    assert 1 <= len(rows) <= first_rows.ROWS
    assert [row[:2] for row in rows] == [[i, None if i % 3 else i / 7] for i in range(len(rows))]
    assert rows[0][2:] == ["nan", str(2**60), "=1+1", "['a']", "1970-01-01 00:00:00"]
    assert rows[1][2] == "inf" and rows[2][4] == "y" * first_rows.TEXT + "…"


def test_many_columns_are_cut_and_none_are_none(bench: TestClient) -> None:
    wide = shown(bench, packed(pa.table({f"c{i}": [i] for i in range(300)}))).json()
    assert len(wide["columns"]) == len(wide["rows"][0]) == first_rows.COLUMNS and wide["total_columns"] == 300
    empty = shown(bench, packed(pa.table({"a": pa.array([], pa.int64())}))).json()
    assert empty["rows"] == [] and empty["total_rows"] == 0 and empty["columns"] == [{"name": "a", "type": "int64"}]


def test_a_table_full_of_signs_of_four_bytes_is_shown(bench: TestClient) -> None:
    full = shown(
        bench, packed(pa.table({f"c{i}": ["\U0001f600" * 300] * 100 for i in range(first_rows.COLUMNS)}))
    ).json()
    assert len(full["rows"]) == first_rows.ROWS and full["rows"][99][59] == "\U0001f600" * first_rows.TEXT + "…"


def test_what_is_no_parquet_is_said(bench: TestClient) -> None:
    whole = packed(pa.table({"a": list(range(1000))}))
    for content in (b"", whole[:-9], b"PAR1" + b"\xff" * 400 + b"PAR1"):
        answer = shown(bench, content)
        assert answer.status_code == 422 and "cannot be read as Parquet" in answer.json()["subject"], content[:20]
        assert str(Path(first_rows.__file__).parent) not in answer.text


def test_two_files_are_looked_into_at_once_and_not_in_the_lane(
    bench: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WAITING", 0)  # nobody comes into the lane
    content = packed(pa.table({"a": [1]}))
    for _ in range(first_rows.AT_ONCE + 1):  # each gives its place back, whatever came of it
        assert shown(bench, b"none").status_code == 422
    for _ in range(first_rows.AT_ONCE):
        assert first_rows._places.acquire(blocking=False)
    try:
        told = shown(bench, content)
    finally:
        first_rows._places.release(first_rows.AT_ONCE)
    assert (told.status_code, told.headers["retry-after"]) == (503, "1"), told.text
    assert shown(bench, content).json()["rows"] == [[1]]


def test_the_child_sees_no_key_of_ours(bench: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text('import json, os; print(json.dumps({"rows": sorted(os.environ)}))')
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "no business of a file")
    monkeypatch.setattr(first_rows, "__file__", str(spy))
    assert set(shown(bench, b"any").json()["rows"]) <= {*first_rows.KEPT, "LC_CTYPE"}


@pytest.mark.slow
def test_what_unpacks_to_gigabytes_ends_its_child_only(bench: TestClient) -> None:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int8()), pa.array(["x" * (16 << 20)]))
    bomb = packed(pa.table({"a": long}), compression="zstd", store_schema=False)
    assert len(bomb) < 1 << 20
    answer = shown(bench, bomb)
    assert answer.status_code == 422 and "memory" in answer.json()["got"].lower(), answer.text
    assert bench.get("/health").status_code == 200


def test_too_large_absent_and_without_pyarrow(bench: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(pa.table({"a": [1]}))
    monkeypatch.setattr(first_rows, "MOST_BYTES", len(content) - 1)
    assert shown(bench, content).status_code == 413
    store = bench.app.state.parts.store  # type: ignore[attr-defined]
    run = store.create_run("rows")
    assert bench.get(f"/runs/{run}/rows/none.parquet").status_code == 404
    assert bench.get(f"/runs/{run}/rows/..%2f..%2fcastalia.db").status_code in (404, 422)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = shown(bench, content)
    assert told.status_code == 503 and "castalia[data]" in json.loads(told.text)["cure"]
