"""Curves of many runs from a server: in a few statements the same answer as series by series."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from castalia.core.errors import NotFound
from castalia.track import Store, schema
from castalia.track.board import sampling
from castalia.track.runs import run_number


@pytest.fixture
def store(tmp_path: Path, place: str) -> Iterator[Store]:
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))], indirect=True)
def test_samples_that_come_together_are_those_that_come_one_by_one(store: Store) -> None:
    rng = random.Random(11)
    far = [-(2**63), -(2**63) + 1, *range(-40, 40), 2**62, 2**63 - 2, 2**63 - 1]
    odd = (math.nan, math.inf, -math.inf, 0.0)
    series = {
        "dense": [(step, step, rng.random()) for step in range(-50, 150)],
        "gaps": [(step, rng.randrange(99), rng.random()) for step in sorted(rng.sample(range(10**6), 120))],
        "clumps": [(step, time, rng.choice(odd)) for step in (1, 2, 3, 500, 501, 1000) for time in range(9)],
        "far": [(step, 1, rng.random()) for step in far],
        "far and sparse": [(step, 1, 1.0) for step in (-(2**63), 0, 2**63 - 1)] + [(5, time, 2.0) for time in range(9)],
        "by time": [(7, time, rng.choice(odd)) for time in range(60)],
        "one": [(3, 1, math.nan)],
    }  # fmt: skip
    ids = [store.create_run("e") for _ in range(4)]
    for run, some in zip(ids, (list(series), ["dense"], ["by time", "one"], []), strict=True):
        store.log_metrics(run, [(name, *point) for name in some for point in series[name]])
    with store.database.read() as connection:
        names = connection.execute(sa.select(schema.metric_keys.c.name, schema.metric_keys.c.id)).all()
        for points in (4, 5, 9, 50, 119, 2000):
            for steps in (None, (0, 100), (-(2**63), 5), (400, 2**63 - 1), (10**7, 10**8)):
                low, high = steps or (-(2**63), 2**63 - 1)
                alone: dict[str, Any] = {}
                for run in ids:
                    number = run_number(connection, run)
                    lines = {name: sampling._sample(connection, number, key, points, low, high) for name, key in names}
                    alone[run] = {name: line for name, line in lines.items() if line["step"]}
                found = sampling.sampled(store, [*ids, ids[0]], [*series, "absent"], points, steps)
                assert orjson.dumps(found) == orjson.dumps(alone) and repr(found) == repr(alone), (points, steps)
    with pytest.raises(NotFound, match="no run 'absent'"):
        sampling.sampled(store, [ids[0], "absent"], ["dense"])
