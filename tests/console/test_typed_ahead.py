"""Keys that come in one go to a console in a terminal: each does what it was typed for."""

import pytest

from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from tests.console.terminal import console
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def ops(mesh_paths):
    async with HostClient.connected(
        mesh_paths.agent("ops"), kind="test", spawn=SpawnOptions(), present=True
    ) as client:
        yield client


async def test_a_message_is_written_and_sent_in_one_go(ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("mchow is it going, ops?\r\rh")
        await terminal.shows("Came and went")

        async def has_come() -> bool:
            return [m.text for m in (await ops.check()).messages] == ["how is it going, ops?"]

        await until(has_come)


async def test_an_agent_is_described_in_one_go(ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("nshop\t\x15/no/such/place\t\topus")
        await terminal.shows("Start an agent", "shop", "/no/such/place", "opus")


async def test_an_agent_is_not_stopped_by_what_was_typed_too_fast(ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("sy")
        await terminal.shows('Stop "ops"?')
        terminal.press("n")
        await terminal.hides('Stop "ops"?')


async def test_what_was_typed_before_the_console_stood_is_done_when_it_does(ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        terminal.press("m@nobody hello")
        await terminal.shows("nobody hello", "Nobody has said anything yet")


async def test_a_command_is_found_by_name_in_one_go(ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("\x10health of\x15Health\r")
        await terminal.shows("Came and went")
