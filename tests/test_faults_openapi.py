"""Schemathesis on the whole OpenAPI of a real workbench: what it declares is what it answers, whatever is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks
from web_process import Workbench

import castalia
from castalia import catalog
from castalia.core.settings import Settings
from castalia.track import Store

TOYS = Path(__file__).parent / "toy_shelf"
OURS = Path(castalia.__file__).parent
CHECKS = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance,
          checks.negative_data_rejection, schemathesis.checks.not_a_server_error]  # fmt: skip
ENDLESS = {"GET /notices/events"}
"""Streams that go on for as long as somebody listens, with nothing to read to the end."""
SHARES = 4
RIGHT = schemathesis.GenerationMode.POSITIVE
pytestmark = pytest.mark.xdist_group("openapi")


class Known:
    """A workbench, its schema, and what is there, by the name of a parameter."""

    def __init__(self, bench: Workbench, home: Path, run_id: str) -> None:
        self.bench, self.home = bench, home
        self.schema = schemathesis.openapi.from_url(f"{bench.root}/openapi.json")
        self.operations = {found.ok().label: found.ok() for found in self.schema.get_all_operations()}
        self.places = [str(home), str(OURS), "Traceback", 'File "', "site-packages"]
        self.there = {
            "run_id": [run_id, run_id.upper()], "key": ["loss"], "experiment": ["fuzzed"], "order": ["-metrics.loss"],
            "filter": ["metrics.loss > 0", "params.rate = 1 OR tags.a LIKE '%'"], "alias": ["champion"],
        }  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    home, here = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("cwd")
    catalog.trust(TOYS, Settings(home=home), "toys")
    with Store.open(home) as store:
        run_id = store.create_run("fuzzed", params={"rate": 1}, tags={"a": "b"})
        store.log_metrics(run_id, [("loss", step, step, 0.5) for step in range(10)])
        store.add_artifact(run_id, "notes/a.txt", b"text")
        store.finish(run_id, "done")
    before = Path.cwd()
    os.chdir(here)  # whatever a relative path of a request may lead to
    try:
        with Workbench(home) as bench:
            yield Known(bench, home, run_id)
            said = bench.end()
            assert "Traceback" not in said, said[-3000:]
    finally:
        os.chdir(before)


def ask(known: Known, label: str, data: st.DataObject) -> None:
    """One request, wrong or right, and what is true of every answer."""
    operation = known.operations[label]
    mode = data.draw(st.sampled_from([RIGHT, schemathesis.GenerationMode.NEGATIVE]))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    for part in (case.path_parameters, case.query) if mode is RIGHT else ():
        for name in [name for name in part or {} if name in known.there]:
            if data.draw(st.integers(0, 3)):  # as far as what is there
                part[name] = data.draw(st.sampled_from(known.there[name]))
    response = case.call(base_url=known.bench.root, timeout=30)
    case.validate_response(response, checks=CHECKS)
    text = response.content.decode("utf-8", "replace")  # a zip is no text
    for place in known.places:
        assert place not in text and place not in str(response.headers), (label, text[:500])
    if response.status_code >= 400:
        said: dict[str, Any] = response.json()
        assert said["status"] == response.status_code and said["detail"], said
        assert len(text) < 20_000, "an error repeats what was sent"


def every_operation(known: Known, examples: int, share: int) -> None:
    """So many requests of each of a share of them; all operations that answer wrongly are told."""
    wrong = []
    for label in sorted(known.operations.keys() - ENDLESS)[share::SHARES]:

        @property_settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
        @given(label=st.just(label), data=st.data())
        def some(label: str, data: st.DataObject) -> None:
            ask(known, label, data)

        try:
            some()
        except (Exception, FailureGroup) as error:
            wrong.append(f"{label}: {type(error).__name__}: {re.sub(chr(10) + '+', chr(10), str(error))[:3000]}")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("share", range(SHARES))
def test_every_operation_answers_as_it_declares(known: Known, share: int) -> None:
    assert len(known.operations) > 40
    every_operation(known, 3, share)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(SHARES))
def test_every_operation_answers_many_requests_as_it_declares(known: Known, share: int) -> None:
    every_operation(known, 60, share)
