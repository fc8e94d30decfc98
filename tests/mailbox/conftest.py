"""Fixtures of the mailbox's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshbot_core.mailbox.mailbox import Mailbox
from tests.mailbox.support import Place
from tests.support.clock import FakeClock


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Place:
    return Place(tmp_path / "queues" / "ops" / "mailbox.db", clock)


@pytest.fixture
async def mailbox(place: Place) -> AsyncIterator[Mailbox]:
    async with place.opened() as opened:
        yield opened
