"""Fixtures that every test shares: a home of its own, and the toy shelf."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

from castalia import catalog
from castalia.core.settings import Settings

if TYPE_CHECKING:
    from client_fixtures import Bench
    from postgres import Cluster

TOYS = Path(__file__).parent / "toy_shelf"

# How long an example takes says something about the machine, not about the code.
# `make test` draws the same examples each time, so that one that fails tells of a change; `make check` draws anew.
for name, same in (("same", True), ("anew", False)):
    property_settings.register_profile(
        name, deadline=None, derandomize=same, suppress_health_check=[HealthCheck.too_slow]
    )
property_settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == "slow":
        property_settings.load_profile("anew")


MIDNIGHT = 20.0
"""Seconds before a day ends in which no test begins that reads the day more than once."""


@pytest.fixture(autouse=True)
def _one_day(request: pytest.FixtureRequest) -> None:
    """Tests of the roadmap are about days: one that would begin just before midnight waits for it."""
    if "roadmap" in request.path.name or "today" in request.path.name:
        here = datetime.now().astimezone()
        for day in (here, here.astimezone(UTC)):
            left = 86_400 - (day.hour * 3600 + day.minute * 60 + day.second)
            if left <= MIDNIGHT:
                time.sleep(left + 1)
                return


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with an empty home, in the environment too, so that children see the same."""
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CASTALIA_TOKEN", raising=False)
    monkeypatch.delenv("CASTALIA_OFFLINE", raising=False)
    return Settings.read()


@pytest.fixture
def toys(settings: Settings) -> Settings:
    """The same, with the toy shelf trusted under the name ``toys``."""
    catalog.trust(TOYS, settings, "toys")
    return settings


@pytest.fixture
def real_data() -> Path:
    """The folder with the real data sets; the test is skipped where there is none."""
    for folder in os.environ.get("CASTALIA_DATA", "").split(os.pathsep):
        if folder and (Path(folder) / "telco_churn").is_dir():
            return Path(folder)
    pytest.skip("needs the real data sets: set CASTALIA_DATA to their folder")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away PostgreSQL, one for all tests of a process; skipped where there is none, which CI has."""
    import postgres

    with postgres.cluster() as made:
        if made is None:
            wanted = f"needs PostgreSQL {postgres.OLDEST} or newer: apt-get install postgresql"
            if os.environ.get("CI", "").lower() in ("1", "true"):
                pytest.fail(wanted)
            pytest.skip(wanted)
        yield made


@pytest.fixture(scope="session")
def server(cluster: Cluster) -> Cluster:
    """The same, with the tracker's tables made once in the database ``castalia_tables``, to be copied."""
    import psycopg

    from castalia.track.database import Database

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE castalia_tables")
    Database(cluster.url("castalia_tables")).close()
    return cluster


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """``castalia up`` in a process of its own, one for all tests of a process that leave alone what is not theirs."""
    import client_fixtures

    made = client_fixtures.Bench(tmp_path_factory.mktemp("shared")).start()
    yield made
    made.kill()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def place(request: pytest.FixtureRequest) -> str:
    """What ``Store.open(home, place)`` is told: the SQLite file of the home, or an empty database of a server."""
    if request.param == "sqlite":
        return ""
    server: Cluster = request.getfixturevalue("server")
    return server.url(server.database("castalia_tables"))
