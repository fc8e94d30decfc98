"""An interactive session: full Claude Code on a kept screen, woken by messages."""

import pytest

from meshbot_core.demo.script import Plan, Rule, say
from meshbot_core.host.screen_client import Output, Repainted, ScreenClient

pytestmark = [pytest.mark.claude, pytest.mark.slow]

PLAN = Plan((Rule("good news", (say("I am glad"),)),))


async def test_a_message_wakes_a_session_that_idles_at_its_prompt(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    await dev.is_in("idle")

    await ops.send(to="dev", message="good news for you")

    await dev.heard("good news for you")
    view = await dev.sees(lambda view: view.state == "idle" and view.turns == 1)
    assert view.hop in ("native", "waiter")
    await dev.has_read_all()


async def test_a_person_types_and_sees_the_answer_and_the_exit_status(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    await dev.is_in("idle")
    seen = bytearray()

    async with ScreenClient.connected(dev.paths, columns=100, rows=30) as screen:
        frames = screen.frames()
        await screen.type(b"any good news?")
        await screen.type(b"\r")
        async for frame in frames:
            if isinstance(frame, Output | Repainted):
                seen += frame.data
            if b"I am glad" in seen:
                break
        await screen.type(b"\x03")
        await screen.type(b"\x03")
        async for frame in frames:
            if isinstance(frame, Output | Repainted):
                seen += frame.data
            else:
                assert frame.status == 0
                break
    assert (await dev.view()).state == "stopped"
