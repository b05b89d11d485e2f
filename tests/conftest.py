"""Fixtures that every test shares: a home of its own, and the toy shelf."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

from castalia import catalog
from castalia.core.settings import Settings

TOYS = Path(__file__).parent / "toy_shelf"

# How long an example takes says something about the machine, not about the code.
property_settings.register_profile("castalia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_settings.load_profile("castalia")


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
