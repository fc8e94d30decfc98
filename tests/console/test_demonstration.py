"""``meshbot-tui --demo``, as somebody sees it who has set up nothing."""

import tempfile
from pathlib import Path

import pytest

from tests.console.terminal import console
from tests.support.processes import commands_with
from tests.support.waiting import until

pytestmark = [pytest.mark.slow]


async def test_a_person_allows_what_an_agent_asks_and_nothing_is_left_afterwards(home, tmp_path):
    # The path of a socket has little room, so not in the test's own folder.
    with tempfile.TemporaryDirectory(prefix="mb") as place:
        found_nowhere = {"MESHBOT_CACHE": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"}
        environment = found_nowhere | {"TMPDIR": place, "MESHBOT_CLAUDE": ""}
        async with console(tmp_path, "--demo", environment=environment) as terminal:
            await terminal.shows("ci", "dev", "ops", "web", "4/4 online", limit_s=40)
            await terminal.shows("Waits for you", "touch released-", limit_s=30)
            await terminal.insists("y", against="Waits for you")
            await until(lambda: bool(list(Path(place).rglob("released-*"))), 20)
            terminal.press("m")
            await terminal.shows("May build", "Yes, it is free.")
            terminal.press("q")
            assert await terminal.ends(30) == 0
            assert terminal.is_restored
        await until(lambda: not commands_with(place), 10)
        await until(lambda: not list(Path(place).iterdir()), 5)
