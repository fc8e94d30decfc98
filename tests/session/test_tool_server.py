"""When a killed MCP server is asked for again."""

import pytest

from meshbot_core.session.log import SessionLog
from meshbot_core.session.tool_server import ToolServer
from meshbot_core.session.tracker import Tracker
from tests.support.clock import FakeClock


class Prompt:
    """Notes what is typed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.takes = True
        self.on_typing = lambda: None

    async def type_line(self, text: str) -> bool:
        self.on_typing()
        if self.takes:
            self.lines.append(text)
        return self.takes


@pytest.fixture
def prompt() -> Prompt:
    return Prompt()


@pytest.fixture
def tools(clock: FakeClock, prompt: Prompt, tmp_path) -> ToolServer:
    tracker = Tracker("interactive", clock)
    tracker.to("idle")
    log = SessionLog(tmp_path / "session.log", clock, lambda what, text: None)
    return ToolServer(tracker, clock, log, prompt.type_line)


async def test_a_server_that_stays_away_is_connected_again(tools, prompt, clock):
    tools.came("serve-1")
    tools.vanished("serve-1")
    await tools.look()
    assert prompt.lines == []

    clock.advance(1500)
    assert tools.wants_calm
    await tools.look()

    assert prompt.lines == ["/mcp reconnect mesh"]
    assert tools.wants_calm
    tools.came("serve-2")
    assert not tools.wants_calm


async def test_a_server_that_is_ended_on_purpose_is_not_asked_for(tools, prompt, clock):
    tools.came("serve-1")
    tools.said_goodbye("serve-1")
    clock.advance(1500)
    await tools.look()
    assert (prompt.lines, tools.wants_calm) == ([], False)


async def test_a_server_that_is_ended_as_soon_as_it_replaced_a_lost_one_is_asked_for(
    tools, prompt, clock
):
    tools.came("serve-1")
    tools.vanished("serve-1")
    tools.came("serve-2")
    clock.advance(900)
    tools.said_goodbye("serve-2")
    clock.advance(1500)
    await tools.look()
    assert prompt.lines == ["/mcp reconnect mesh"]

    tools.came("serve-3")
    clock.advance(20_000)
    tools.said_goodbye("serve-3")
    assert not tools.wants_calm


async def test_a_server_that_comes_back_by_itself_is_left_alone(tools, prompt, clock):
    tools.came("serve-1")
    tools.vanished("serve-1")
    tools.came("serve-1")
    clock.advance(1500)
    await tools.look()
    assert (prompt.lines, tools.wants_calm) == ([], False)


async def test_other_clients_and_the_end_of_claude_mean_nothing(tools, prompt, clock):
    tools.vanished("serve-9")
    tools.came("serve-1")
    tools.vanished("serve-1")
    tools.process_gone()
    clock.advance(1500)
    await tools.look()
    assert (prompt.lines, tools.wants_calm) == ([], False)


async def test_nothing_is_typed_into_a_turn_or_beside_half_a_thought(tools, prompt, clock):
    tools.came("serve-1")
    tools.vanished("serve-1")
    clock.advance(1500)
    tools.tracker.turn_began(is_by_human=True)
    await tools.look()
    tools.tracker._is_in_turn = False
    tools.tracker.to("idle")
    prompt.takes = False
    await tools.look()

    assert prompt.lines == []
    assert not tools.wants_calm  # messages go on until the prompt is free
    prompt.takes = True
    clock.advance(2000)
    await tools.look()
    assert prompt.lines == ["/mcp reconnect mesh"]


async def test_nothing_wakes_the_session_while_its_server_is_asked_for(tools, prompt, clock):
    tools.came("serve-1")
    tools.vanished("serve-1")
    clock.advance(1500)
    was_calm = []
    prompt.on_typing = lambda: was_calm.append(tools.wants_calm)
    await tools.look()
    assert was_calm == [True]


async def test_a_server_that_never_comes_is_asked_for_some_times_only(tools, prompt, clock):
    tools.came("serve-1")
    tools.vanished("serve-1")
    for _ in range(20):
        clock.advance(10_000)
        await tools.look()
    assert len(prompt.lines) == 4
    assert not tools.wants_calm


async def test_a_server_that_never_came_is_asked_for_when_it_should_be_there(tools, prompt, clock):
    tools.started()
    clock.advance(20_000)
    await tools.look()
    assert (prompt.lines, tools.wants_calm) == ([], False)
    clock.advance(20_000)
    await tools.look()
    assert prompt.lines == ["/mcp reconnect mesh"]
