"""What pictures of the console need to be the same everywhere."""

import time
from collections.abc import Iterator

import pytest

from meshbot_core.types import SystemClock
from tests.tui import scene


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown in the reader's own zone: this one."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def same_time(utc: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the time of the scene, and stays that."""
    monkeypatch.setattr(time, "time", lambda: scene.NOW_MS / 1000)
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: scene.NOW_MS)
